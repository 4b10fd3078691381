//! News (B): what operators and clients should hear of besides their orders.
//!
//! Trading states, venues that come and go, limits that are nearly used, and people's own words.

use std::sync::mpsc::Receiver;

use dcx_model::{
    Event, Fitness, Level, Limit, MonoNanos, Nanos, Now, Scope, SessionId, StateCause,
    TradingState, UnixNanos, VenueFitness, VenueId,
};

use super::desk::Desk;
use super::directory::{Directory, Peer};
use crate::{Outgoing, SessionIx};

/// Which news a session gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewsFor {
    /// What concerns everybody, and itself: its session, accounts and strategy.
    Own,
    /// All.
    All,
}

/// `Urgency` (61).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Like most things.
    #[default]
    Normal,
    /// Now.
    Flash,
    /// For whoever has time.
    Background,
}

impl Urgency {
    /// The value on the wire.
    #[must_use]
    pub const fn wire(self) -> u8 {
        match self {
            Self::Normal => b'0',
            Self::Flash => b'1',
            Self::Background => b'2',
        }
    }
}

/// What a person has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// `Headline` (148).
    pub headline: String,
    /// `LinesOfText` (33), each a `Text` (58); the headline again if there are none.
    pub lines: Vec<String>,
    /// `Urgency` (61).
    pub urgency: Urgency,
    /// The one session that is told; none for all that get news.
    pub to: Option<SessionId>,
}

/// Words that are told in one go; the others a moment later.
const WORDS_AT_ONCE: usize = 16;

/// A limit that stays nearly used is told again after so long.
const NEAR_AGAIN: Nanos = Nanos::from_seconds(60);

/// Limits of which it is remembered when they were told.
const NEAR_MAX: usize = 256;

/// Where news comes from, and what was told.
#[derive(Debug, Default)]
pub(super) struct Newsroom {
    pub(super) words: Option<Receiver<Words>>,
    /// Limits that were told to be near, oldest first.
    near: Vec<(Scope, Limit, MonoNanos)>,
}

impl Newsroom {
    /// Whether it is time to tell of this limit. One at its bound comes with every order.
    fn is_due(&mut self, scope: Scope, limit: Limit, now: MonoNanos) -> bool {
        self.near.retain(|(_, _, at)| now.since(*at) < NEAR_AGAIN);
        let mut told = self.near.iter();
        if told.any(|(of, which, _)| (*of, *which) == (scope, limit)) {
            return false;
        }
        if self.near.len() == NEAR_MAX {
            self.near.remove(0);
        }
        self.near.push((scope, limit, now));
        true
    }
}

/// Whom a piece of news concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Scope(Scope),
    /// One session, whatever news it gets otherwise.
    Session(SessionId),
}

/// A piece of news.
struct Piece<'a> {
    about: About,
    at: UnixNanos,
    urgency: Urgency,
    headline: &'a str,
    lines: &'a [String],
}

impl Desk {
    /// Tells of an event, if anybody gets news.
    #[cold]
    pub(super) fn tell_news(
        &mut self,
        directory: &Directory,
        now: Now,
        event: &Event,
        out: &mut Outgoing<'_>,
    ) {
        if !directory.has_news() {
            return;
        }
        let everybody = About::Scope(Scope::Firm);
        let (about, urgency, headline) = match event {
            Event::StateSet {
                scope,
                state,
                cause,
                request: _,
            } => {
                let headline = state_headline(directory, *scope, *state, *cause);
                let calm = *state == TradingState::Active;
                let urgency = if calm {
                    Urgency::Normal
                } else {
                    Urgency::Flash
                };
                (About::Scope(*scope), urgency, headline)
            }
            Event::LimitNear {
                scope,
                limit,
                value,
                max,
            } if self.newsroom.is_due(*scope, *limit, now.mono) => {
                let used = value.saturating_mul(100).checked_div(*max).unwrap_or(100);
                let whose = scope_name(directory, *scope);
                let headline = format!("{used} % of {limit} of {whose} are used");
                (About::Scope(*scope), Urgency::Normal, headline)
            }
            Event::VenueFitness(fitness) => {
                let headline = fitness_headline(directory, fitness);
                (everybody, Urgency::Normal, headline)
            }
            _ => return,
        };
        let piece = Piece {
            about,
            at: now.unix,
            urgency,
            headline: &headline,
            lines: &[],
        };
        self.publish(directory, &piece, out);
    }

    /// Tells that a venue's session came up or went down.
    pub(super) fn tell_venue_state(
        &mut self,
        directory: &Directory,
        (session, up): (SessionIx, bool),
        now: Now,
        out: &mut Outgoing<'_>,
    ) {
        let Some(Peer::Venue(venue)) = directory.peer(session) else {
            return;
        };
        let (state, urgency) = match up {
            true => ("up", Urgency::Normal),
            false => ("down", Urgency::Flash),
        };
        let headline = format!("venue {} is {state}", venue.name);
        let piece = Piece {
            about: About::Scope(Scope::Firm),
            at: now.unix,
            urgency,
            headline: &headline,
            lines: &[],
        };
        self.publish(directory, &piece, out);
    }

    /// Tells people's own words.
    pub(super) fn tell_words(&mut self, directory: &Directory, now: Now, out: &mut Outgoing<'_>) {
        for _ in 0..WORDS_AT_ONCE {
            let words = self.newsroom.words.as_ref();
            let Some(words) = words.and_then(|words| words.try_recv().ok()) else {
                return;
            };
            let piece = Piece {
                about: words.to.map_or(About::Scope(Scope::Firm), About::Session),
                at: now.unix,
                urgency: words.urgency,
                headline: &words.headline,
                lines: &words.lines,
            };
            self.publish(directory, &piece, out);
        }
    }

    fn publish(&mut self, directory: &Directory, piece: &Piece<'_>, out: &mut Outgoing<'_>) {
        for (to, kind) in directory.news() {
            if !concerns(directory, to, kind, piece.about) {
                continue;
            }
            self.counts.news += 1;
            out.send(to, b"B", |body| {
                body.time(42, piece.at);
                body.char(61, piece.urgency.wire());
                body.str(148, piece.headline);
                let lines = piece.lines.iter().map(String::as_str);
                let lines = lines.filter(|line| !line.is_empty());
                match lines.clone().count() {
                    // At least one line is required.
                    0 => {
                        body.uint(33, 1);
                        body.str(58, piece.headline);
                    }
                    count => {
                        body.uint(33, count as u64);
                        lines.for_each(|line| body.str(58, line));
                    }
                }
            });
        }
    }
}

/// Whether a session is told.
fn concerns(directory: &Directory, to: SessionIx, kind: NewsFor, about: About) -> bool {
    let Some(peer) = directory.peer(to) else {
        return false;
    };
    match about {
        About::Session(session) => match peer {
            Peer::Client(client) => client.session == session,
            Peer::DropCopy(copy) => copy.session == session,
            Peer::Venue(_) => false,
        },
        About::Scope(scope) => kind == NewsFor::All || is_own(peer, scope),
    }
}

/// Whether a scope is everybody's, or this one's own.
fn is_own(peer: &Peer, scope: Scope) -> bool {
    match (scope, peer) {
        (Scope::Firm | Scope::Instrument(_), _) => true,
        (Scope::Session(session), Peer::Client(client)) => client.session == session,
        (Scope::Session(session), Peer::DropCopy(copy)) => copy.watches.has(session),
        (Scope::Account(account), Peer::Client(client)) => client.accounts.contains(&account),
        (Scope::Strategy(strategy), Peer::Client(client)) => client.default_strategy == strategy,
        (Scope::Account(_) | Scope::Strategy(_), Peer::DropCopy(_)) | (_, Peer::Venue(_)) => false,
    }
}

fn state_headline(
    directory: &Directory,
    scope: Scope,
    state: TradingState,
    cause: StateCause,
) -> String {
    let whose = match scope {
        Scope::Firm => "trading".to_owned(),
        scope => format!("trading of {}", scope_name(directory, scope)),
    };
    let cause = match cause {
        StateCause::Operator => "by an operator",
        StateCause::Loss => "for the loss of the day",
        StateCause::Drawdown => "for the fall from the day's best result",
        StateCause::RepeatedExecutions => "for too many executions in too short a time",
        StateCause::OrdersOut => "because more went out than came in",
    };
    format!("{whose} is {}, {cause}", state.name())
}

fn fitness_headline(directory: &Directory, fitness: &VenueFitness) -> String {
    let venue: VenueId = fitness.venue;
    let name = directory.venue_name(venue);
    match fitness.fitness {
        Fitness::Ejected => {
            format!("venue {name} is ejected, {} rejects", fitness.rejects)
        }
        Fitness::Probation => format!("venue {name} is on probation"),
        Fitness::Fit => format!("venue {name} is fit again"),
    }
}

/// The name of a scope, as the configuration writes it.
fn scope_name(directory: &Directory, scope: Scope) -> String {
    let name = match scope {
        Scope::Firm => return "the firm".to_owned(),
        Scope::Account(account) => directory.account_name(account).to_string(),
        Scope::Strategy(strategy) => directory.strategy_name(strategy).to_string(),
        Scope::Session(session) => directory.client_name(session).to_owned(),
        Scope::Instrument(instrument) => directory.symbol(instrument).to_string(),
    };
    let level: Level = scope.level();
    match name.is_empty() {
        true => format!("{level} {}", scope.number()),
        false => format!("{level} {name}"),
    }
}
