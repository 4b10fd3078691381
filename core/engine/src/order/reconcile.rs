//! What venues owe us answers about, and what they say that they work, against what we believe.
//!
//! An order or a cancel that is not answered in time is asked about, and after that unknown: it
//! stays where it is, with all that it reserves, until the venue says what became of it.
//!
//! A venue is reconciled when it logs on and at an interval: in a *round* it is asked for all that
//! works there, where it can do that, and then about each child order that it did not mention. From
//! its logon until the round is over it gets no new orders, if there are any open there: what it
//! lost or filled meanwhile is not known, and more of it would come on top. A venue that cannot be
//! asked at all does not become better known by waiting, and is not waited for.

use dcx_model::{
    ChildId, ChildQuery, Configure, Event, Nanos, UnixNanos, VENUES_MAX, VenueFeatures, VenueId,
    VenueSet,
};

use super::child_state::{ChildInput, ChildState};
use super::orphan::Foreigners;
use crate::digest::Words;
use crate::pool::{List, NIL};
use crate::{Cx, Engine, Trace};

/// Child orders looked at for each command.
const PIECE: usize = 16;

/// Room that one child order or venue may need: a question or a report, and what its end causes.
const ROOM: usize = 12;

/// What is owed by all venues.
#[derive(Debug)]
pub(crate) struct Reconcile {
    rows: [Row; VENUES_MAX],
    /// Child orders that a venue owes an answer about, by the time since which it does. One wait
    /// is as long as another, so the first of them is due first.
    waiting: List,
    /// Venues that get no new orders because their round is not over.
    settling: VenueSet,
    /// Venues whose child orders are being asked about.
    asking: VenueSet,
    /// Of those, where not all were looked at.
    unfinished: VenueSet,
    /// When the first venue's next step is due.
    next_due: Option<UnixNanos>,
    /// When all that a halt cancels should be confirmed.
    confirm_at: Option<UnixNanos>,
    /// Orders that venues know by names which are not ours.
    pub(super) foreigners: Foreigners,
}

/// One venue.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// What works there, oldest first.
    children: List,
    /// How many of those are unknown.
    unknown: u32,
    round: u32,
    phase: Phase,
    /// The next child to look at in this round.
    cursor: u32,
    /// Children asked about in this round that are not answered.
    asked: u32,
    orphans: u32,
    /// When the next round is due.
    due: Option<UnixNanos>,
    /// After a halt, whether it left something unconfirmed.
    unconfirmed: bool,
}

/// How far a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// Asked for all that works there.
    Mass {
        request: ChildId,
        until: UnixNanos,
    },
    /// Asked about one child after the other.
    Asking,
}

impl Row {
    const NEW: Self = Self {
        children: List::EMPTY,
        unknown: 0,
        round: 1,
        phase: Phase::Idle,
        cursor: NIL,
        asked: 0,
        orphans: 0,
        due: None,
        unconfirmed: false,
    };

    fn next_at(&self) -> Option<UnixNanos> {
        match self.phase {
            Phase::Mass { until, .. } => Some(self.due.map_or(until, |due| due.min(until))),
            Phase::Idle | Phase::Asking => self.due,
        }
    }
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            rows: [Row::NEW; VENUES_MAX],
            waiting: List::EMPTY,
            settling: VenueSet::NONE,
            asking: VenueSet::NONE,
            unfinished: VenueSet::NONE,
            next_due: None,
            confirm_at: None,
            foreigners: Foreigners::default(),
        }
    }
}

impl Reconcile {
    /// Venues that are not waited for.
    pub(crate) const fn settled(&self) -> VenueSet {
        VenueSet::from_bits(!self.settling.bits())
    }

    fn row(&mut self, venue: VenueId) -> &mut Row {
        let row = self.rows.get_mut(usize::from(venue.get()));
        row.expect("a venue is looked up before anything is sent there")
    }

    fn schedule(&mut self) {
        self.next_due = self.rows.iter().filter_map(Row::next_at).min();
    }
}

/// How a venue stands with its child orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueView {
    /// Which.
    pub venue: VenueId,
    /// Whether its session is up.
    pub up: bool,
    /// Whether it gets no new orders until it is reconciled.
    pub settling: bool,
    /// Child orders there that are not known to have ended.
    pub working: u32,
    /// Of those, how many have an unknown outcome.
    pub unknown: u32,
    /// After a halt, child orders whose end was not confirmed in time and still is not.
    pub unconfirmed: u32,
}

impl Engine {
    /// Every venue that is defined, lowest number first, and what works there.
    pub fn venues_view(&self) -> impl Iterator<Item = VenueView> {
        self.venues_defined.iter().map(|venue| {
            let row = self.recon.rows.get(usize::from(venue.get()));
            let row = row.unwrap_or(&Row::NEW);
            VenueView {
                venue,
                up: self.venues_up.contains(venue),
                settling: self.recon.settling.contains(venue),
                working: row.children.len(),
                unknown: row.unknown,
                unconfirmed: if row.unconfirmed {
                    row.children.len()
                } else {
                    0
                },
            }
        })
    }

    /// When the first answer or round is due.
    pub(crate) fn recon_at(&self) -> Option<UnixNanos> {
        if !self.recon.unfinished.is_empty() {
            return Some(self.now);
        }
        let head = self.recon.waiting.head();
        let owed =
            (head != NIL).then(|| self.children.at(head).asked_at.plus(self.answer_timeout()));
        let confirm = self
            .recon
            .confirm_at
            .filter(|_| self.children_working() > 0);
        [owed, self.recon.next_due, confirm]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes a child that was just sent, or found, among those at its venue.
    pub(super) fn seat_child(&mut self, now: UnixNanos, at: u32) {
        let child = self.children.at_mut(at);
        let row = self.recon.row(child.venue);
        child.round_seen = row.round;
        row.children
            .push_back(&mut self.children, at, |child| &mut child.venue_seat);
        self.seat_waiting(now, at, true);
    }

    /// Takes a child that ended out of those at its venue.
    pub(super) fn unseat_child(&mut self, now: UnixNanos, at: u32) {
        self.answered(at);
        self.seat_waiting(now, at, false);
        let child = self.children.at(at);
        let (venue, next) = (child.venue, child.venue_seat.next);
        let row = self.recon.row(venue);
        if row.cursor == at {
            row.cursor = next;
        }
        row.children
            .remove(&mut self.children, at, |child| &mut child.venue_seat);
        row.unconfirmed &= row.children.len() > 0;
    }

    /// Takes a child's next step, and notes what its venue owes now.
    pub(super) fn step_child(&mut self, now: UnixNanos, at: u32, input: ChildInput) {
        let child = self.children.at_mut(at);
        let before = child.state;
        let next = before.on(input, child.request != ChildId::new(0));
        child.state = next;
        let unknown = [before, next].map(|state| u32::from(state == ChildState::Unknown));
        let row = self.recon.row(child.venue);
        row.unknown = row.unknown + unknown[1] - unknown[0];
        let afresh = match input {
            ChildInput::CancelSent | ChildInput::Received | ChildInput::Canceling => true,
            ChildInput::Acked
            | ChildInput::Suspended
            | ChildInput::Stopped
            | ChildInput::Traded
            | ChildInput::Ended(_)
            | ChildInput::CancelRefused
            | ChildInput::Unanswered
            | ChildInput::NeverArrived
            | ChildInput::NotFound
            | ChildInput::Reopened => false,
        };
        self.seat_waiting(now, at, afresh);
    }

    /// Puts a child among those that wait for an answer or takes it from there; `afresh` lets the
    /// wait begin again.
    fn seat_waiting(&mut self, now: UnixNanos, at: u32, afresh: bool) {
        let child = self.children.at_mut(at);
        let wants = child.state.waits() || (child.doubt && !child.done());
        if child.waiting && (!wants || afresh) {
            child.waiting = false;
            self.recon
                .waiting
                .remove(&mut self.children, at, |child| &mut child.wait);
        }
        let child = self.children.at_mut(at);
        if wants && !child.waiting {
            child.waiting = true;
            child.asked_at = now;
            child.queries = if child.doubt { child.queries } else { 0 };
            self.recon
                .waiting
                .push_back(&mut self.children, at, |child| &mut child.wait);
        }
    }

    /// Lets a child be asked about if nothing is heard of it meanwhile.
    pub(super) fn doubt(&mut self, now: UnixNanos, at: u32) {
        let child = self.children.at_mut(at);
        child.doubt = true;
        child.queries = 0;
        self.seat_waiting(now, at, true);
    }

    /// Notes that the venue spoke of a child.
    pub(super) fn mentioned(&mut self, at: u32) {
        let child = self.children.at_mut(at);
        child.round_seen = self.recon.row(child.venue).round;
    }

    /// Notes that a question about a child is answered, or that no answer is waited for any more.
    pub(super) fn answered(&mut self, at: u32) {
        let child = self.children.at_mut(at);
        child.doubt = false;
        let row = self.recon.row(child.venue);
        let asked = std::mem::take(&mut child.round_asked);
        if asked == row.round {
            row.asked -= 1;
        }
    }

    /// Notes an order that was found at a venue and not known here.
    pub(super) fn count_orphan(&mut self, venue: VenueId) {
        self.recon.row(venue).orphans += 1;
    }

    pub(super) fn round(&self, venue: VenueId) -> u32 {
        let row = self.recon.rows.get(usize::from(venue.get()));
        row.map_or(0, |row| row.round)
    }

    /// Goes on with all that venues owe: a bounded piece of it.
    pub(crate) fn chase<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        for _ in 0..PIECE {
            let at = self.recon.waiting.head();
            if at == NIL || cx.out.room() < ROOM {
                break;
            }
            if self.children.at(at).asked_at.plus(self.answer_timeout()) > cx.at {
                break;
            }
            self.overdue(cx, at);
        }
        if self.recon.next_due.is_some_and(|due| due <= cx.at) {
            self.rounds(cx);
        }
        for venue in self.recon.unfinished.iter() {
            self.ask_on(cx, venue);
        }
        if self.recon.confirm_at.is_some_and(|at| at <= cx.at) {
            self.confirm(cx);
        }
    }

    /// A venue logged on: what works there is asked about before more is sent.
    pub(crate) fn venue_logged_on<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: VenueId) {
        let features = self.features(venue);
        let asks = VenueFeatures::MASS_STATUS.bits() | VenueFeatures::STATUS.bits();
        let open = self.recon.row(venue).children.len() > 0;
        if open && features & asks != 0 {
            self.recon.settling = self.recon.settling.with(venue);
        }
        self.begin_round(cx, venue);
        let row = self.recon.row(venue);
        if open && row.phase == Phase::Idle {
            // It cannot be asked.
            cx.out.push(Event::VenueReconciled {
                venue,
                working: 0,
                unknown: row.children.len(),
                orphans: 0,
            });
        }
    }

    /// A venue is gone: no answer is to be had.
    pub(crate) fn venue_logged_off(&mut self, venue: VenueId) {
        self.end_round(venue);
        let row = self.recon.row(venue);
        row.due = None;
        row.round = row.round.wrapping_add(1).max(1);
        self.recon.schedule();
    }

    /// A venue has sent all that it was asked for: what it did not mention is asked about.
    pub(crate) fn venue_mass_status_done<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        venue: VenueId,
        request: ChildId,
    ) {
        if usize::from(venue.get()) >= VENUES_MAX {
            return self.refuse_configuration(cx);
        }
        match self.recon.row(venue).phase {
            Phase::Mass { request: asked, .. } if asked == request => self.ask_each(cx, venue),
            // The answer to a question that is not waited for any more.
            Phase::Mass { .. } | Phase::Idle | Phase::Asking => {}
        }
    }

    /// From now on every venue is to confirm the end of what works there.
    pub(crate) fn expect_ends(&mut self, now: UnixNanos) {
        self.recon.confirm_at = Some(now.plus(self.patience()));
    }

    /// Ends a round if nothing is left to ask or to wait for.
    pub(super) fn conclude<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: VenueId) {
        let asking = self.recon.asking.contains(venue);
        if !asking || self.recon.unfinished.contains(venue) {
            return;
        }
        let row = *self.recon.row(venue);
        if row.asked > 0 {
            return;
        }
        cx.out.push(Event::VenueReconciled {
            venue,
            working: row.children.len() - row.unknown,
            unknown: row.unknown,
            orphans: row.orphans,
        });
        let settling = self.recon.settling.contains(venue);
        self.end_round(venue);
        self.recon.schedule();
        if settling {
            self.begin_release(cx);
        }
    }

    fn end_round(&mut self, venue: VenueId) {
        let recon = &mut self.recon;
        recon.settling = recon.settling.without(venue);
        recon.asking = recon.asking.without(venue);
        recon.unfinished = recon.unfinished.without(venue);
        let row = recon.row(venue);
        (row.phase, row.asked, row.cursor) = (Phase::Idle, 0, NIL);
    }

    /// Begins the rounds that are due, and goes on where a venue did not answer.
    fn rounds<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        for venue in self.venues_up.iter() {
            let row = *self.recon.row(venue);
            if row.next_at().is_none_or(|at| at > cx.at) || cx.out.room() < ROOM {
                continue;
            }
            match row.phase {
                Phase::Idle => self.begin_round(cx, venue),
                Phase::Mass { until, .. } if until <= cx.at => self.ask_each(cx, venue),
                // The next round waits for this one.
                Phase::Mass { .. } | Phase::Asking => {
                    self.recon.row(venue).due = self.next_round(cx.at);
                }
            }
        }
        self.recon.schedule();
    }

    fn begin_round<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: VenueId) {
        let features = self.features(venue);
        let (due, patience) = (self.next_round(cx.at), self.patience());
        let (next_child, recon) = (&mut self.next_child, &mut self.recon);
        recon.asking = recon.asking.without(venue);
        recon.unfinished = recon.unfinished.without(venue);
        let row = recon.row(venue);
        row.round = row.round.wrapping_add(1).max(1);
        (row.phase, row.asked, row.orphans, row.cursor) = (Phase::Idle, 0, 0, NIL);
        row.due = due;
        if features & VenueFeatures::MASS_STATUS.bits() != 0 {
            let request = ChildId::new(*next_child);
            *next_child += 1;
            row.phase = Phase::Mass {
                request,
                until: cx.at.plus(patience),
            };
            cx.out.push(Event::VenueMassStatus { venue, request });
        } else if features & VenueFeatures::STATUS.bits() == 0 {
            row.due = None;
        } else if row.children.len() > 0 {
            return self.ask_each(cx, venue);
        }
        self.recon.schedule();
    }

    /// Begins to ask about each child that was not mentioned in this round.
    fn ask_each<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: VenueId) {
        let row = self.recon.row(venue);
        row.phase = Phase::Asking;
        row.cursor = row.children.head();
        self.recon.asking = self.recon.asking.with(venue);
        self.recon.unfinished = self.recon.unfinished.with(venue);
        self.recon.schedule();
        self.ask_on(cx, venue);
    }

    fn ask_on<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: VenueId) {
        for _ in 0..PIECE {
            if cx.out.room() < ROOM {
                return;
            }
            let row = self.recon.row(venue);
            let (at, round) = (row.cursor, row.round);
            if at == NIL {
                self.recon.unfinished = self.recon.unfinished.without(venue);
                return self.conclude(cx, venue);
            }
            let child = self.children.at_mut(at);
            row.cursor = child.venue_seat.next;
            if child.round_seen == round {
                continue;
            }
            if !self.can_ask(at) {
                self.unanswered(cx, at);
                continue;
            }
            // What is unknown already is asked once more, anything else as often as is configured.
            let queries_max = self.config.as_ref().map_or(0, |config| config.queries_max);
            let child = self.children.at_mut(at);
            child.doubt = true;
            child.queries = if child.state == ChildState::Unknown {
                queries_max
            } else {
                1
            };
            if std::mem::replace(&mut child.round_asked, round) != round {
                self.recon.row(venue).asked += 1;
            }
            self.seat_waiting(cx.at, at, true);
            self.query(cx, at);
        }
    }

    /// A venue let the time for an answer pass.
    fn overdue<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let queries_max = self.config.as_ref().map_or(0, |config| config.queries_max);
        let child = self.children.at_mut(at);
        let venue = child.venue;
        if child.queries >= queries_max {
            self.unanswered(cx, at);
            return self.conclude(cx, venue);
        }
        let queries = child.queries + 1;
        if self.can_ask(at) {
            self.children.at_mut(at).doubt = true;
            self.query(cx, at);
        }
        self.seat_waiting(cx.at, at, true);
        self.children.at_mut(at).queries = queries;
    }

    /// Gives up waiting: the outcome is unknown, which is said once.
    pub(super) fn unanswered<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        self.answered(at);
        self.lost(cx, at, ChildInput::Unanswered);
    }

    /// The outcome is unknown, which is said once.
    pub(super) fn lost<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, input: ChildInput) {
        let before = self.children.at(at).state;
        self.step_child(cx.at, at, input);
        let child = self.children.at(at);
        if child.state != ChildState::Unknown || before == ChildState::Unknown {
            return;
        }
        let order = self.parents.find(child.parent);
        cx.out.push(Event::ChildUnknown {
            child: child.id,
            order: order.map_or(dcx_model::OrderId::new(0), |ix| self.parents.at(ix).id),
            venue: child.venue,
        });
    }

    fn query<T: Trace>(&self, cx: &mut Cx<'_, T>, at: u32) {
        let child = self.children.at(at);
        cx.out.push(Event::ChildQuery(ChildQuery {
            child: child.id,
            venue: child.venue,
            instrument: child.instrument,
            side: child.side,
        }));
    }

    fn can_ask(&self, at: u32) -> bool {
        let child = self.children.at(at);
        let features = self.features(child.venue);
        let answers = features & VenueFeatures::STATUS.bits() != 0;
        answers && self.venues_up.contains(child.venue) && !child.foreign
    }

    fn features(&self, venue: VenueId) -> u16 {
        let row = self.venues.get(usize::from(venue.get()));
        row.and_then(|row| row.as_ref())
            .map_or(0, |venue| venue.features.bits())
    }

    /// Reports venues that did not confirm in time that what a halt cancelled has ended.
    fn confirm<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        self.recon.confirm_at = None;
        if !self.halted() {
            return;
        }
        for (venue, row) in (0..).map(VenueId::new).zip(&mut self.recon.rows) {
            let children = row.children.len();
            if children > 0 {
                row.unconfirmed = true;
                cx.out.push(Event::VenueUnconfirmed { venue, children });
            }
        }
    }

    fn answer_timeout(&self) -> Nanos {
        let config = self.config.as_ref();
        config.map_or(Nanos::new(0), |config| config.answer_timeout)
    }

    /// How long a venue has for everything: the first answer, and one to each question.
    fn patience(&self) -> Nanos {
        let config = self.config.as_ref().unwrap_or(&Configure::DEFAULT);
        let waits = u64::from(config.queries_max) + 1;
        Nanos::new(config.answer_timeout.get().saturating_mul(waits))
    }

    fn next_round(&self, now: UnixNanos) -> Option<UnixNanos> {
        let interval = self.config.as_ref()?.reconcile_interval;
        (interval > Nanos::new(0)).then(|| now.plus(interval))
    }

    /// All of this as a part of the digest.
    pub(crate) fn recon_digest(&self) -> u64 {
        let recon = &self.recon;
        let mut words = Words::new(12);
        let time = |at: Option<UnixNanos>| at.map_or(u64::MAX, UnixNanos::get);
        let child = |at: u32| {
            if at == NIL {
                0
            } else {
                self.children.at(at).id.get()
            }
        };
        words.u64(recon.settling.bits());
        words.u64(recon.asking.bits() << 32 | recon.unfinished.bits());
        words.u64(time(recon.next_due));
        words.u64(time(recon.confirm_at));
        for row in &recon.rows {
            words.u64(u64::from(row.unknown) << 32 | u64::from(row.round));
            words.u64(u64::from(row.asked) << 32 | u64::from(row.orphans));
            words.u64(child(row.cursor));
            words.u64(time(row.due));
            words.u64(u64::from(row.unconfirmed));
            match row.phase {
                Phase::Idle => words.u64(0),
                Phase::Asking => words.u64(1),
                Phase::Mass { request, until } => {
                    words.u64(request.get());
                    words.u64(until.get());
                }
            }
            self.sequence_of(&mut words, row.children, |at| {
                self.children.at(at).venue_seat.next
            });
        }
        self.sequence_of(&mut words, recon.waiting, |at| {
            self.children.at(at).wait.next
        });
        recon.foreigners.digest(&mut words);
        words.finish()
    }

    fn sequence_of(&self, words: &mut Words, list: List, next: impl Fn(u32) -> u32) {
        let mut at = list.head();
        while at != NIL {
            words.u64(self.children.at(at).id.get());
            at = next(at);
        }
    }
}
