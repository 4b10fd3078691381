//! The policies of all instruments, with what guards them and what is waited for.

use std::collections::VecDeque;

use dcx_model::{
    Command, Configure, Event, InstrumentId, Record, RewardCause, RouteReward, Routing,
    RoutingRules, Score, UnixNanos, VENUES_MAX, VenueId,
};
use dcx_stats::Draws;

use super::budget::Budget;
use super::health::Health;
use super::open::{Markouts, Settling, Working};
use super::{Ask, Beliefs, Choice, Chooser, Policy, Reward, Surroundings, Weights, rounded};
use crate::digest::Words;

/// The policy of one instrument.
#[derive(Debug)]
struct Row {
    /// Its parameters, where it has its own.
    own: Option<Routing>,
    /// Whether the instrument is defined.
    defined: bool,
    chooser: Chooser,
    choices: u64,
}

/// A venue's record over all instruments, for reports only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) children: u64,
    pub(crate) rewards: u64,
    pub(crate) reward_bps: f64,
    pub(crate) fills: u64,
    pub(crate) slippage_bps: f64,
    /// Choices whose rewards never came.
    pub(crate) unrewarded: u64,
}

/// Events that may wait to be told.
const TOLD_MAX: usize = 1 << 12;

/// When nothing is due.
const NEVER: UnixNanos = UnixNanos::new(u64::MAX);

/// The policies of all instruments.
#[derive(Debug)]
pub(crate) struct Router {
    /// When the engine has to look here again.
    pub(crate) due: UnixNanos,
    pub(crate) rules: RoutingRules,
    pub(crate) health: Health,
    pub(crate) budget: Budget,
    pub(crate) working: Working,
    pub(crate) markouts: Markouts,
    weights: Weights,
    /// In force for instruments without their own; none where `Configure` says it.
    routing: Option<Routing>,
    configured: Routing,
    rows: Vec<Row>,
    surroundings: Vec<Surroundings>,
    tallies: [Tally; VENUES_MAX],
    draws: Draws,
    told: VecDeque<Event>,
    /// Events that there was no room for.
    untold: u64,
}

impl Default for Router {
    fn default() -> Self {
        Self {
            due: NEVER,
            rules: RoutingRules::DEFAULT,
            health: Health::default(),
            budget: Budget::default(),
            working: Working::default(),
            markouts: Markouts::default(),
            weights: Weights::default(),
            routing: None,
            configured: Routing::DEFAULT,
            rows: Vec::new(),
            surroundings: Vec::new(),
            tallies: [Tally::default(); VENUES_MAX],
            draws: Draws::new(0),
            told: VecDeque::new(),
            untold: 0,
        }
    }
}

impl Router {
    /// Takes its parameters and makes room. Allocates. What is believed and how many draws were
    /// taken stay; another seed starts the draws afresh.
    pub(crate) fn configure(&mut self, configure: &Configure, instruments: usize, children: u32) {
        if configure.seed != self.draws.seed() {
            self.draws = Draws::new(configure.seed);
        }
        let routing = Routing {
            discount_ppm: configure.discount_ppm,
            prior_sd_centi_bps: configure.prior_sd_centi_bps,
            ..Routing::DEFAULT
        };
        let missing = instruments.saturating_sub(self.rows.len());
        self.rows.extend((0..missing).map(|_| Row {
            own: None,
            defined: false,
            chooser: Chooser::new(&routing),
            choices: 0,
        }));
        if self.surroundings.len() < instruments {
            self.surroundings
                .resize(instruments, Surroundings::default());
        }
        self.working.grow(children);
        self.told.reserve_exact(TOLD_MAX - self.told.len());
        let changed = std::mem::replace(&mut self.configured, routing) != routing;
        if changed && self.routing.is_none() {
            self.apply_default();
        }
    }

    /// The parameters of instruments that have none of their own.
    fn default_routing(&self) -> Routing {
        self.routing.unwrap_or(self.configured)
    }

    /// Takes a policy. Says whether it could be taken. The one in force, given again, changes
    /// nothing: every start of a daemon says it.
    pub(crate) fn set_routing(&mut self, routing: &Routing) -> bool {
        if !legal(routing) {
            return false;
        }
        let Some(instrument) = routing.instrument else {
            if self.routing.replace(*routing) != Some(*routing) {
                self.apply_default();
            }
            return true;
        };
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return false;
        };
        if row.own.replace(*routing) != Some(*routing) {
            row.chooser.reconfigure(routing);
        }
        true
    }

    /// Gives every instrument without its own policy the one in force. One that takes much room
    /// is made when the instrument is defined.
    fn apply_default(&mut self) {
        let routing = self.default_routing();
        let new = Chooser::new(&routing);
        let light = new.is_light();
        for row in self.rows.iter_mut().filter(|row| row.own.is_none()) {
            if light || row.defined {
                row.chooser.reconfigure(&routing);
            }
        }
    }

    /// Makes the policy of an instrument that is defined now.
    pub(crate) fn define(&mut self, instrument: InstrumentId) {
        let routing = self.default_routing();
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return;
        };
        if !std::mem::replace(&mut row.defined, true) && row.own.is_none() {
            row.chooser.reconfigure(&routing);
        }
    }

    /// Takes rules. Allocates where markouts are new. Says whether they could be taken.
    pub(crate) fn set_rules(&mut self, rules: &RoutingRules) -> bool {
        let legal =
            rules.budget_ppm <= 1_000_000 && rules.eject_rejects <= RoutingRules::EJECT_REJECTS_MAX;
        if !legal || self.rows.is_empty() {
            return false;
        }
        self.rules = *rules;
        self.weights = Weights::new(rules);
        if rules.markout.get() > 0 {
            self.markouts.grow();
        }
        self.refresh();
        true
    }

    pub(crate) const fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The parameters that an instrument's choices are made by.
    pub(crate) fn routing(&self, instrument: InstrumentId) -> Routing {
        let row = self.rows.get(instrument.get() as usize);
        let own = row.and_then(|row| row.own);
        own.unwrap_or_else(|| self.default_routing())
    }

    pub(crate) fn chooser(&self, instrument: InstrumentId) -> Option<&Chooser> {
        let row = self.rows.get(instrument.get() as usize)?;
        Some(&row.chooser)
    }

    pub(crate) fn chooser_mut(&mut self, instrument: InstrumentId) -> Option<&mut Chooser> {
        let row = self.rows.get_mut(instrument.get() as usize)?;
        Some(&mut row.chooser)
    }

    /// What is usual in an instrument.
    pub(crate) fn surroundings(&mut self, instrument: InstrumentId) -> Option<&mut Surroundings> {
        self.surroundings.get_mut(instrument.get() as usize)
    }

    /// Whether the contexts of an instrument are kept: where its policy reads them, and where
    /// they are told.
    pub(crate) fn keeps_context(&self, instrument: InstrumentId) -> bool {
        let chooser = self.chooser(instrument);
        self.rules.events || chooser.is_some_and(Chooser::reads_context)
    }

    /// Chooses a venue for an order of this worth.
    pub(crate) fn choose(
        &mut self,
        instrument: InstrumentId,
        ask: &Ask<'_>,
        may_explore: bool,
        beliefs: &mut Beliefs,
    ) -> Option<Choice> {
        let row = self.rows.get_mut(instrument.get() as usize)?;
        let choice = row
            .chooser
            .choose(ask, may_explore, &mut self.draws, beliefs)?;
        row.choices += 1;
        if let Some(tally) = self.tallies.get_mut(usize::from(choice.venue.get())) {
            tally.children += 1;
        }
        self.health.sent(choice.venue);
        Some(choice)
    }

    /// Learns how a choice went, and tells of it.
    pub(crate) fn settle(&mut self, settling: &Settling, cause: RewardCause) {
        let learns = cause == RewardCause::Settled;
        let Settling { choice, reward, .. } = settling;
        if learns && let Some(row) = self.rows.get_mut(settling.instrument.get() as usize) {
            row.chooser.learn(choice, reward);
        }
        if let Some(tally) = self.tallies.get_mut(usize::from(choice.venue.get())) {
            if learns {
                tally.rewards += 1;
                tally.reward_bps += reward.bps;
            } else if cause != RewardCause::OurCancel {
                tally.unrewarded += 1;
            }
            if let Some(slippage_bps) = reward.slippage_bps.filter(|_| learns) {
                tally.fills += 1;
                tally.slippage_bps += slippage_bps;
            }
        }
        if self.rules.events {
            self.tell(Event::Rewarded(told(settling, cause)));
        }
    }

    /// A venue's record over all instruments.
    pub(crate) fn tally(&self, venue: VenueId) -> Tally {
        let tally = self.tallies.get(usize::from(venue.get()));
        tally.copied().unwrap_or_default()
    }

    /// Keeps an event until there is room to tell it.
    pub(crate) fn tell(&mut self, event: Event) {
        if self.told.len() < self.told.capacity() {
            self.told.push_back(event);
        } else {
            self.untold += 1;
        }
    }

    /// The next event to tell.
    pub(crate) fn next_told(&mut self) -> Option<Event> {
        self.told.pop_front()
    }

    pub(crate) fn has_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// Finds when something is due next.
    pub(crate) fn refresh(&mut self) {
        let timeout = self.rules.reward_timeout;
        let oldest = self.working.oldest().filter(|_| timeout.get() > 0);
        let oldest = oldest.map(|(_, sent_at)| sent_at.plus(timeout));
        let due = [oldest, self.markouts.due(), self.health.due()];
        self.due = due.into_iter().flatten().min().unwrap_or(NEVER);
    }

    /// When something is due, if ever.
    pub(crate) fn wake_at(&self) -> Option<UnixNanos> {
        (self.due < NEVER).then_some(self.due)
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.draws.seed());
        words.u64(self.draws.taken());
        words.u64(self.due.get());
        let rules = Record::of_command(&Command::SetRoutingRules(self.rules));
        words.bytes(rules.body());
        words.bytes(Record::of_command(&Command::SetRouting(self.default_routing())).body());
        for tally in &self.tallies {
            words.u64(tally.children);
            words.u64(tally.rewards);
            words.u64(tally.reward_bps.to_bits());
            words.u64(tally.fills);
            words.u64(tally.slippage_bps.to_bits());
            words.u64(tally.unrewarded);
        }
        self.health.digest(&mut words);
        self.budget.digest(&mut words);
        words.u64(self.untold);
        for event in &self.told {
            words.bytes(Record::of_event(event).body());
        }
        let mut sum = words.finish();
        sum = sum.wrapping_add(self.working.digest(salt ^ 0x100));
        sum = sum.wrapping_add(self.markouts.digest(salt ^ 0x200));
        let rows = (0_u64..).zip(self.rows.iter().zip(&self.surroundings));
        for (instrument, (row, around)) in rows {
            if row.choices == 0 && row.own.is_none() && around.is_empty() {
                continue;
            }
            let mut words = Words::new(salt);
            words.u64(instrument);
            if let Some(own) = row.own {
                words.bytes(Record::of_command(&Command::SetRouting(own)).body());
            }
            row.chooser.digest(&mut words);
            around.digest(&mut words);
            sum = sum.wrapping_add(words.finish());
        }
        sum
    }
}

/// Whether these parameters mean something.
const fn legal(routing: &Routing) -> bool {
    routing.discount_ppm >= 1
        && routing.discount_ppm <= 1_000_000
        && routing.explore_ppm <= 1_000_000
        && routing.share_ppm <= 1_000_000
        && routing.window >= 1
        && routing.window <= Routing::WINDOW_MAX
        && (routing.venue.get() as usize) < VENUES_MAX
}

/// A reward as a record keeps it.
fn told(settling: &Settling, cause: RewardCause) -> RouteReward {
    let Settling { choice, reward, .. } = settling;
    let score = |value: f64| Score::of(rounded(value));
    let learnt = cause == RewardCause::Settled;
    RouteReward {
        child: settling.child,
        instrument: settling.instrument,
        venue: choice.venue,
        number: low_bits(choice.number),
        cause,
        reward: score(if learnt { reward.bps } else { 0.0 }),
        filled: score(reward.filled),
        slippage: reward.slippage_bps.map(score),
        markout: reward.markout_bps.map(score),
        fee: score(reward.fee_bps),
        ack: reward.ack,
        rejected: reward.rejected,
    }
}

/// The part of a number that a record keeps.
#[expect(clippy::cast_possible_truncation, reason = "it is what is asked for")]
pub(crate) const fn low_bits(number: u64) -> u32 {
    number as u32
}

/// The reward of a child order that did not end.
pub(crate) const NO_REWARD: Reward = Reward {
    filled: 0.0,
    ..Reward::of_bps(0.0)
};
