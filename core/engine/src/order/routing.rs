//! The choice of a venue for a child order, from the question to the reward.

use dcx_model::{
    CHILDREN_WORKING_MAX, ChildId, Event, InstrumentId, OrderFlags, Price, Qty, RewardCause,
    RouteDecision, RouteFlags, Routing, RoutingRules, Side, TimeInForce, UnixNanos, VENUES_MAX,
    VenueId, VenueSet,
};

use super::Child;
use super::child_state::ChildEnd;
use crate::book::{Best, Level};
use crate::risk::Terms;
use crate::route::{
    Ask, Beliefs, Choice, Context, Displayed, NO_REWARD, NOTHING_DISPLAYED, Open, Outcome, Piece,
    Settling, WHOLE_PPM, displayed, low_bits, recorded, worth,
};
use crate::{Cx, Engine, Trace};

/// A place for a level of the book.
const NO_LEVEL: Level = Level {
    venue: VenueId::new(0),
    px: Price::ZERO,
    qty: Qty::ZERO,
};

/// Rewards settled for each command.
const SETTLED_MAX: usize = 16;

/// A choice with what it was made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    pub(super) choice: Choice,
    pub(super) candidates: VenueSet,
    pub(super) beliefs: Beliefs,
    pub(super) mid_twice: i64,
    pub(super) may_explore: bool,
}

impl Engine {
    pub(crate) fn set_routing<T: Trace>(&mut self, cx: &mut Cx<'_, T>, routing: &Routing) {
        if self.config.is_none() || !self.router.set_routing(routing) {
            self.refuse_configuration(cx);
        }
    }

    pub(crate) fn set_routing_rules<T: Trace>(&mut self, cx: &mut Cx<'_, T>, rules: &RoutingRules) {
        if self.config.is_none() || !self.router.set_rules(rules) {
            self.refuse_configuration(cx);
        }
    }

    /// Chooses the venue of a child order of this quantity.
    pub(super) fn choose_venue(
        &mut self,
        now: UnixNanos,
        terms: &Terms,
        qty: Qty,
        candidates: VenueSet,
    ) -> Option<Chosen> {
        let instrument = terms.instrument;
        let best = self.best(now, instrument);
        let mid_twice = mid_twice_of(&best);
        let may_explore = self.may_explore(now, terms, qty, mid_twice);
        let context = self.context(now, terms, qty);
        let prices = self.displayed(now, terms, mid_twice);
        let ask = Ask {
            context,
            candidates,
            displayed: prices.as_ref().unwrap_or(&NOTHING_DISPLAYED),
            touch_bps: self.touch_bps(&best),
        };
        let mut beliefs = Beliefs::default();
        let choice = self
            .router
            .choose(instrument, &ask, may_explore, &mut beliefs)?;
        if self.router.rules.budget_ppm < WHOLE_PPM {
            let worth = self.worth_of(terms, qty, mid_twice).unwrap_or_default();
            self.router.budget.count(worth, choice.explored);
        }
        Some(Chosen {
            choice,
            candidates,
            beliefs,
            mid_twice,
            may_explore,
        })
    }

    /// Whether the budget lets an order go where it is not believed best.
    fn may_explore(&mut self, now: UnixNanos, terms: &Terms, qty: Qty, mid_twice: i64) -> bool {
        let share_ppm = self.router.rules.budget_ppm;
        if share_ppm >= WHOLE_PPM {
            return true;
        }
        let day_start_s = self.config.as_ref().map_or(0, |config| config.day_start_s);
        self.router.budget.roll(now, day_start_s);
        let worth = self.worth_of(terms, qty, mid_twice);
        self.router.budget.allows(worth, share_ppm)
    }

    /// Worth at the mid, else at the order's own limit; unknown without either.
    fn worth_of(&self, terms: &Terms, qty: Qty, mid_twice: i64) -> Option<i128> {
        let row = self.instruments.get(terms.instrument.get() as usize)?;
        let mid = (mid_twice > 0).then(|| Price::from_units(mid_twice / 2));
        let px = mid.or_else(|| terms.limit_px.price())?;
        Some(worth(px.times(qty), row.defined?.multiplier))
    }

    fn context(&mut self, now: UnixNanos, terms: &Terms, qty: Qty) -> Context {
        if !self.router.keeps_context(terms.instrument) {
            return Context::PLAIN;
        }
        let around = self.router.surroundings(terms.instrument);
        around.map_or(Context::PLAIN, |around| {
            around.context(terms.side, qty, now)
        })
    }

    /// What the venues display, where the policy reads it.
    fn displayed(&self, now: UnixNanos, terms: &Terms, mid_twice: i64) -> Option<Displayed> {
        let chooser = self.router.chooser(terms.instrument)?;
        if !chooser.reads_prices() {
            return None;
        }
        let row = self.instruments.get(terms.instrument.get() as usize)?;
        let age_max = row.limits.quote_age_max;
        let met = match terms.side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        let mut levels = [NO_LEVEL; VENUES_MAX];
        let count = self.book.levels(
            (terms.instrument, met),
            row.open_venues(),
            (now, age_max),
            &mut levels,
        );
        let levels = levels.get(..count).unwrap_or_default();
        Some(displayed(levels, terms.side, mid_twice))
    }

    /// Best bid plus best offer now, zero if there is no fresh pair.
    fn mid_twice(&self, now: UnixNanos, instrument: InstrumentId) -> i64 {
        mid_twice_of(&self.best(now, instrument))
    }

    /// What the best displayed price costs against the mid, as a reward weighs it: half the
    /// spread, whichever the side. Zero without a pair.
    fn touch_bps(&self, best: &Best) -> f32 {
        let (Some(bid), Some(ask)) = (best.bid, best.ask) else {
            return 0.0;
        };
        self.router.weights().touch_bps(bid.units(), ask.units())
    }

    /// Takes a quote in for the contexts of an instrument.
    pub(crate) fn note_surroundings(&mut self, now: UnixNanos, instrument: InstrumentId) {
        if !self.router.keeps_context(instrument) {
            return;
        }
        let best = self.best(now, instrument);
        if let (Some(bid), Some(ask)) = (best.bid, best.ask)
            && let Some(around) = self.router.surroundings(instrument)
        {
            around.quote(bid.units(), ask.units());
        }
    }

    /// How an order is split across venues; none where it goes to one.
    pub(super) fn split(
        &mut self,
        terms: &Terms,
        candidates: VenueSet,
        room: usize,
        pieces: &mut [Piece; CHILDREN_WORKING_MAX],
    ) -> Option<usize> {
        let row = self.instruments.get(terms.instrument.get() as usize)?;
        let lot = row.defined?.lot;
        let split = self.router.chooser_mut(terms.instrument)?.as_split()?;
        let whole = terms.time_in_force == TimeInForce::Fok
            || !terms.min_qty.is_zero()
            || !terms.display_qty.is_zero()
            || terms.flags.has(OrderFlags::ALL_OR_NONE);
        let pieces = pieces.get_mut(..room).unwrap_or_default();
        if whole || pieces.len() < 2 || candidates.count() < 2 {
            return None;
        }
        let len = split.allocate(candidates, terms.order_qty, lot, pieces);
        (len > 0).then_some(len)
    }

    /// Keeps a choice until its reward comes, and tells of it.
    pub(super) fn open_choice(
        &mut self,
        now: UnixNanos,
        at: u32,
        child: ChildId,
        instrument: InstrumentId,
        chosen: &Chosen,
    ) {
        let Choice {
            venue,
            number,
            context,
            share,
            explored,
            touch_bps,
        } = chosen.choice;
        self.router.working.open(
            at,
            Open {
                child,
                number,
                sent_at: now,
                share,
                context,
                explored,
                touch_bps,
            },
        );
        let rules = &self.router.rules;
        if rules.reward_timeout.get() > 0 {
            self.router.refresh();
        }
        if !self.router.rules.events {
            return;
        }
        let routing = self.router.routing(instrument);
        let (scores, spreads) = recorded(&chosen.beliefs);
        let flag = |on, flag| if on { flag } else { RouteFlags::NONE };
        let candidates = chosen.candidates.bits() & u64::from(u16::MAX);
        self.router.tell(Event::Routed(RouteDecision {
            child,
            number: low_bits(number),
            candidates: u16::try_from(candidates).unwrap_or(u16::MAX),
            context: context.bits(),
            policy: routing.policy,
            venue,
            flags: flag(explored, RouteFlags::EXPLORED)
                .with(flag(!chosen.may_explore, RouteFlags::HELD_TO_BEST)),
            explore_ppm: self.explore_ppm(instrument),
            scores,
            spreads,
        }));
    }

    /// The uniform share of an instrument's choices, in millionths.
    pub(super) fn explore_ppm(&self, instrument: InstrumentId) -> u32 {
        use crate::route::Policy;
        let chooser = self.router.chooser(instrument);
        chooser.map_or(0, Policy::explore_ppm)
    }

    /// A child order has ended: its reward is learnt from now, or once its markout is known.
    pub(super) fn close_choice(&mut self, now: UnixNanos, at: u32, ended: &Child, end: ChildEnd) {
        let rejected = end == ChildEnd::Rejected;
        self.note_fitness(now, ended.venue, rejected);
        let Some(open) = self.router.working.take(at) else {
            return;
        };
        let outcome = Outcome {
            side: ended.side,
            order_qty: ended.order_qty,
            cum_qty: ended.cum_qty,
            cum_notional: ended.cum_notional,
            mid_twice: ended.mid_twice,
            fee_centi_bps: self.fee_of(ended.venue),
            rejected,
            cancelled_by_us: ended.cancel_asked,
            ack: (ended.acked_at > UnixNanos::ZERO).then(|| ended.acked_at.since(ended.sent_at)),
        };
        let rules = self.router.rules;
        let reward = outcome.reward(self.router.weights());
        let due = now.plus(rules.markout);
        let mut settling = Settling {
            child: ended.id,
            instrument: ended.instrument,
            side: ended.side,
            choice: open.choice(ended.venue),
            reward,
            mid_twice: 0,
            due,
            limit: due.max(open.sent_at.plus(rules.reward_timeout)),
        };
        if !reward.says_something() {
            self.router.settle(&settling, RewardCause::OurCancel);
        } else if rules.markout.get() == 0 || ended.cum_qty.is_zero() {
            // What was not filled has no fill that the market could move against.
            self.router.settle(&settling, RewardCause::Settled);
        } else {
            settling.mid_twice = self.mid_twice(now, ended.instrument);
            if let Some(displaced) = self.router.markouts.wait(settling) {
                self.router.settle(&displaced, RewardCause::Displaced);
            }
        }
        self.router.refresh();
    }

    /// Counts how a child order ended towards its venue's fitness.
    fn note_fitness(&mut self, now: UnixNanos, venue: VenueId, rejected: bool) {
        let masked = self.router.health.masked();
        let changed = if rejected {
            let rules = self.router.rules;
            self.router.health.refused(venue, now, &rules)
        } else {
            self.router.health.well(venue)
        };
        if let Some(changed) = changed.filter(|_| self.router.rules.events) {
            self.router.tell(Event::VenueFitness(changed));
        }
        if masked.bits() & !self.router.health.masked().bits() != 0 {
            // Held orders may go there again.
            self.release_at = self.held.head();
        }
    }

    /// Does what is due: markouts, rewards that are given up, venues that come back. What is left
    /// over is due still.
    pub(crate) fn routing_due(&mut self, now: UnixNanos) {
        for _ in 0..SETTLED_MAX {
            let Some(settling) = self.router.markouts.pop(now) else {
                break;
            };
            self.mark_out(now, settling);
        }
        let timeout = self.router.rules.reward_timeout;
        for _ in 0..SETTLED_MAX {
            let oldest = self.router.working.oldest();
            let over =
                |(_, sent_at): &(u32, UnixNanos)| timeout.get() > 0 && sent_at.plus(timeout) <= now;
            let Some((at, _)) = oldest.filter(over) else {
                break;
            };
            self.give_reward_up(at);
        }
        let rules = self.router.rules;
        while let Some(changed) = self.router.health.readmit(now, &rules) {
            if rules.events {
                self.router.tell(Event::VenueFitness(changed));
            }
            self.release_at = self.held.head();
        }
        self.router.refresh();
    }

    /// Looks at the mid after the end of a child order. Where there is none it is looked at again
    /// after the same time, until the reward is given up.
    fn mark_out(&mut self, now: UnixNanos, mut settling: Settling) {
        let after = self.mid_twice(now, settling.instrument);
        let known = settling.mid_twice > 0 && after > 0;
        if known {
            let (before, side) = (settling.mid_twice, settling.side);
            let weights = *self.router.weights();
            settling.reward = settling.reward.with_markout(side, before, after, &weights);
            self.router.settle(&settling, RewardCause::Settled);
        } else if settling.mid_twice > 0 && now < settling.limit {
            settling.due = now.plus(self.router.rules.markout);
            if let Some(displaced) = self.router.markouts.wait(settling) {
                self.router.settle(&displaced, RewardCause::Displaced);
            }
        } else {
            self.router.settle(&settling, RewardCause::NoMarkout);
        }
    }

    /// Gives up the reward of a child order that works too long.
    fn give_reward_up(&mut self, at: u32) {
        let Some(open) = self.router.working.take(at) else {
            return;
        };
        let child = self.children.at(at);
        let settling = Settling {
            child: open.child,
            instrument: child.instrument,
            side: child.side,
            choice: open.choice(child.venue),
            reward: NO_REWARD,
            mid_twice: child.mid_twice,
            due: UnixNanos::ZERO,
            limit: UnixNanos::ZERO,
        };
        self.router.settle(&settling, RewardCause::TimedOut);
    }

    /// Tells what there is room for.
    pub(crate) fn tell_routing<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        while cx.out.room() > 0 {
            let Some(event) = self.router.next_told() else {
                return;
            };
            cx.out.push(event);
        }
    }

    fn fee_of(&self, venue: VenueId) -> i32 {
        let row = self.venues.get(usize::from(venue.get()));
        row.and_then(|row| row.as_ref())
            .map_or(0, |venue| venue.fee_centi_bps)
    }

    /// What was sent to venues today and how much of it to venues that were not believed best, in
    /// units of 10⁻¹⁶ of the firm's currency. Counted only where there is a budget.
    #[must_use]
    pub const fn exploration(&self) -> (i128, i128) {
        self.router.budget.spent()
    }
}

/// Best bid plus best offer, zero if there is no pair.
fn mid_twice_of(best: &Best) -> i64 {
    let mid = best.mid_twice();
    mid.and_then(|mid| i64::try_from(mid).ok()).unwrap_or(0)
}
