//! Where an order stands in its algorithm: which slices came due, and how much should be out.

use dcx_model::{Algo, AlgoTerms, NewOrder, OrderId, PlanWhy, Price, Qty, SliceWhy, UnixNanos};
use dcx_stats::Draws;

use super::planner::{PARTS_MAX, STEPS_MAX};
use super::volume::Volumes;
use super::{curve, lots};
use crate::digest::Words;

/// How often an order looks that does not say it.
const INTERVAL_MS: u32 = 1_000;

/// An order's algorithm with all that it remembers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) order: OrderId,
    pub(crate) algo: Algo,
    pub(crate) terms: AlgoTerms,
    /// Whether its slices are told of: not of a TWAP that came as a plain order.
    pub(crate) told: bool,
    /// Whether what is left is being taken now.
    pub(crate) closing: bool,
    /// Whether it has begun to count what the market trades.
    began: bool,
    start: UnixNanos,
    end: UnixNanos,
    slices: u16,
    /// Slices that came due.
    due: u16,
    /// Clips that were drawn.
    clips: u32,
    /// Looks again at this time, besides its slices and its end; zero for never.
    pub(crate) look_at: UnixNanos,
    /// Names its draws.
    seed: u64,
    /// The market's volume when it began, and what came since, at the last look.
    seen_from: u64,
    seen: u64,
    /// Of an adaptive schedule: what should be out.
    sent: Qty,
    /// The last step of its target, and the most that may be out until it looks again: what is
    /// behind is not sent all at once.
    step: Qty,
    reach: Qty,
    /// Whether its target is beyond that.
    behind: bool,
    /// The mid when it began; none without one.
    arrival: Option<Price>,
    /// Why, and since when, it stands still.
    pub(crate) paused: Option<(SliceWhy, UnixNanos)>,
    /// What the planner chose, of a planned order.
    pub(crate) choice: Option<Planned>,
    /// Of a plan: the parts that should be out with each slice, of how many.
    plan: [u16; STEPS_MAX],
    parts: u16,
}

/// What the planner chose, why, and what it costs in millionths of the order's worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) algo: Algo,
    pub(crate) why: PlanWhy,
    pub(crate) cost_ppm: u32,
    /// What it would be all at once, and in even slices; `u32::MAX` where that is not allowed.
    pub(crate) at_once_ppm: u32,
    pub(crate) even_ppm: u32,
}

/// What a schedule sees when it looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    pub(crate) now: UnixNanos,
    pub(crate) order_qty: Qty,
    pub(crate) lot: Qty,
    /// The market's volume so far.
    pub(crate) seen: u64,
    pub(crate) mid: Option<Price>,
    /// How the price moves: standard deviation over the schedule's whole time, in millionths of
    /// the price; zero where that is not known.
    pub(crate) move_ppm: u64,
    /// Whether the order buys.
    pub(crate) buys: bool,
    /// What is filled and what works.
    pub(crate) out: Qty,
}

/// What a schedule goes by besides the order.
pub(crate) type Volume<'a> = (dcx_model::InstrumentId, &'a Volumes);

impl Schedule {
    /// What a free place holds.
    pub(crate) const EMPTY: Self = Self {
        order: OrderId::new(0),
        algo: Algo::AtOnce,
        terms: AlgoTerms::NONE,
        told: false,
        closing: false,
        began: false,
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        due: 0,
        clips: 0,
        look_at: UnixNanos::ZERO,
        seed: 0,
        seen_from: 0,
        seen: 0,
        sent: Qty::ZERO,
        step: Qty::ZERO,
        reach: Qty::from_units(u64::MAX),
        behind: false,
        arrival: None,
        paused: None,
        choice: None,
        plan: [0; STEPS_MAX],
        parts: 0,
    };

    /// The schedule of an order that comes in at `at`, in so many slices.
    pub(crate) fn of(order: &NewOrder, terms: AlgoTerms, at: UnixNanos, slices: u16) -> Self {
        Self {
            algo: order.algo,
            terms,
            start: order.start.max(at),
            end: order.end,
            slices,
            ..Self::EMPTY
        }
    }

    /// The same for the order of this number, with the draws of `seed`.
    pub(crate) fn named(&mut self, order: OrderId, seed: u64) {
        self.order = order;
        self.seed = seed.rotate_left(32) ^ order.get();
    }

    /// Takes the planner's schedule in the place of its own.
    pub(super) fn planned(&mut self, choice: Planned, parts: &[u16; STEPS_MAX], of: u16) {
        self.choice = Some(choice);
        let mut sum = 0;
        for (until, slice) in self.plan.iter_mut().zip(parts) {
            sum += slice;
            *until = sum;
        }
        self.parts = of;
    }

    /// Goes by the market's volume as it is seen, for want of a forecast.
    pub(super) fn by_what_is_seen(&mut self) {
        (self.algo, self.slices) = (Algo::Pov, 0);
        (self.terms.urgency, self.terms.jitter_bps) = (0, 0);
        self.choice = Some(Planned {
            algo: Algo::Pov,
            why: PlanWhy::NoForecast,
            cost_ppm: 0,
            at_once_ppm: u32::MAX,
            even_ppm: u32::MAX,
        });
    }

    /// Whether it sends its order in pieces that come due: what a venue gives back goes with the
    /// next.
    pub(crate) const fn goes_on(&self) -> bool {
        self.algo.is_scheduled() || matches!(self.algo, Algo::Sniper)
    }

    /// How many slices there are; zero where that is not known before.
    pub(crate) const fn slices(&self) -> u16 {
        self.slices
    }

    /// How many came due, or how many clips were shown.
    pub(crate) fn slices_due(&self) -> u16 {
        if self.slices == 0 {
            u16::try_from(self.clips).unwrap_or(u16::MAX)
        } else {
            self.due
        }
    }

    /// What the market traded since it began, as it saw last.
    pub(crate) const fn seen(&self) -> Qty {
        Qty::from_units(self.seen)
    }

    pub(crate) const fn span(&self) -> (UnixNanos, UnixNanos) {
        (self.start, self.end)
    }

    /// Whether the end has come.
    pub(crate) fn is_over(&self, now: UnixNanos) -> bool {
        self.end != UnixNanos::ZERO && now >= self.end
    }

    /// How long until it looks again where nothing else says so.
    pub(crate) fn interval(&self) -> dcx_model::Nanos {
        let ms = match self.terms.interval_ms {
            0 => INTERVAL_MS,
            ms => ms,
        };
        dcx_model::Nanos::from_millis(u64::from(ms))
    }

    /// Takes in what is due by now.
    ///
    /// # Cost
    /// O(slices that came due).
    pub(crate) fn look(&mut self, sight: &Sight, world: Volume<'_>) {
        let now = sight.now;
        if now < self.start {
            return;
        }
        if !std::mem::replace(&mut self.began, true) {
            self.seen_from = sight.seen;
            self.arrival = sight.mid;
        }
        let before = self.planned_target(sight.order_qty, sight.lot, world);
        self.seen = sight.seen.wrapping_sub(self.seen_from);
        let mut from = before;
        while self.due < self.slices && self.due_at(self.due) <= now {
            from = self.planned_target(sight.order_qty, sight.lot, world);
            if self.algo == Algo::Adaptive {
                self.sent = curve::adaptive(self, sight);
            }
            self.due += 1;
        }
        let target = self.planned_target(sight.order_qty, sight.lot, world);
        self.bound(sight, target.saturating_minus(from), target);
        if let Some(at) = self.closes_at() {
            self.closing = now >= at;
        }
        self.look_at = if self.looks_often(sight) {
            now.plus(self.interval())
        } else {
            UnixNanos::ZERO
        };
    }

    /// Notes how far it may go until it looks again: from what is out, as many of its last step,
    /// or of an even one, as it may catch up by.
    fn bound(&mut self, sight: &Sight, step: Qty, target: Qty) {
        if !step.is_zero() {
            self.step = step;
        }
        let lot = sight.lot.units().max(1);
        let even = match self.slices {
            0 => 1,
            slices => (sight.order_qty.units() / lot).div_ceil(u64::from(slices)),
        };
        let slices = match self.terms.catch_up {
            0 => AlgoTerms::CATCH_UP,
            slices => slices,
        };
        let step = self.step.units().max(even.saturating_mul(lot));
        let most = step.saturating_mul(u64::from(slices));
        let most = Qty::from_units(most).max(self.terms.min_clip);
        self.reach = sight.out.plus(most).unwrap_or(Qty::from_units(u64::MAX));
        self.behind = self.algo.is_scheduled() && target > self.reach;
    }

    /// Whether it has more to send than it may at once.
    pub(crate) const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Whether something besides a slice may give it more to send.
    fn looks_often(&self, sight: &Sight) -> bool {
        match self.algo {
            Algo::Pov | Algo::Sniper => true,
            Algo::Twap | Algo::Vwap | Algo::Shortfall | Algo::Adaptive | Algo::Planned => {
                self.paused.is_some()
                    || self.behind && self.due >= self.slices
                    || self
                        .capped(sight.lot)
                        .is_some_and(|cap| cap < sight.order_qty)
            }
            Algo::AtOnce | Algo::Iceberg | Algo::Pegged => self.paused.is_some(),
        }
    }

    /// When a pegged order begins to take what is left.
    fn closes_at(&self) -> Option<UnixNanos> {
        let lead = self.terms.interval_ms;
        let closes = self.algo == Algo::Pegged && lead > 0 && self.end != UnixNanos::ZERO;
        let lead = u64::from(lead) * 1_000_000;
        closes.then(|| UnixNanos::new(self.end.get().saturating_sub(lead)).max(self.start))
    }

    /// The most that the participation cap allows to be out, if there is one.
    pub(crate) fn capped(&self, lot: Qty) -> Option<Qty> {
        let capped = self.terms.participation_ppm > 0 && self.algo.is_scheduled();
        capped.then(|| share(self.seen, self.terms.participation_ppm, lot))
    }

    /// What should be filled or at venues now, its cap apart.
    fn planned_target(&self, order_qty: Qty, lot: Qty, (instrument, volumes): Volume<'_>) -> Qty {
        let done = self.due >= self.slices;
        let lots = order_qty.units() / lot.units().max(1);
        let of_lots = |lots: u64| Qty::from_units(lots * lot.units().max(1));
        match self.algo {
            Algo::AtOnce | Algo::Iceberg | Algo::Sniper | Algo::Pegged => order_qty,
            Algo::Twap => lots::first(order_qty, lot, self.due, self.slices.max(1)),
            Algo::Pov => share(self.seen, self.terms.participation_ppm, lot).min(order_qty),
            Algo::Vwap | Algo::Shortfall | Algo::Adaptive | Algo::Planned if done => order_qty,
            Algo::Vwap if self.due == 0 => Qty::ZERO,
            Algo::Vwap => {
                let moment = self.nominal(self.due);
                let part = volumes.weight(instrument, (self.start, moment));
                let whole = volumes.weight(instrument, (self.start, self.end));
                match (part, whole) {
                    (Some(part), Some(whole)) if whole > 0 => {
                        let first = u128::from(lots).saturating_mul(part) / whole;
                        of_lots(u64::try_from(first).unwrap_or(lots).min(lots))
                    }
                    // The profile was taken away: evenly, then.
                    _ => lots::first(order_qty, lot, self.due, self.slices.max(1)),
                }
            }
            Algo::Shortfall => of_lots(curve::gone(
                lots,
                self.terms.urgency,
                (self.due, self.slices),
            )),
            Algo::Adaptive => self.sent.min(order_qty),
            Algo::Planned => {
                let until = usize::from(self.due).checked_sub(1);
                let until = until.and_then(|ix| self.plan.get(ix)).copied().unwrap_or(0);
                let first = u128::from(lots) * u128::from(until) / u128::from(self.parts.max(1));
                of_lots(u64::try_from(first).unwrap_or(lots).min(lots))
            }
        }
    }

    /// What should be filled or at venues once what came due is sent.
    pub(crate) fn target(&self, order_qty: Qty, lot: Qty, world: Volume<'_>) -> Qty {
        let mut target = self.planned_target(order_qty, lot, world);
        if self.algo.is_scheduled() {
            target = target.min(self.reach);
        }
        self.capped(lot).map_or(target, |cap| target.min(cap))
    }

    /// When it is to be looked at again: its next slice, its next look, its end.
    pub(crate) fn next_at(&self) -> Option<UnixNanos> {
        let some = |at: UnixNanos| Some(at).filter(|at| *at != UnixNanos::ZERO);
        let slice = (self.slices > 0).then(|| {
            if self.began {
                self.due_at(self.due)
            } else {
                self.start
            }
        });
        let begins = some(self.start).filter(|_| !self.began);
        let closes = self.closes_at().filter(|_| !self.closing);
        [slice, begins, some(self.look_at), closes, some(self.end)]
            .into_iter()
            .flatten()
            .min()
    }

    /// When slice `ix` is due: evenly from the start and a little late by chance, the end being
    /// the one after the last.
    pub(crate) fn due_at(&self, ix: u16) -> UnixNanos {
        let at = self.nominal(ix);
        if ix >= self.slices || self.terms.jitter_bps == 0 {
            return at;
        }
        let gap = self.nominal(ix + 1).since(at).get();
        let late = u128::from(gap) * u128::from(self.terms.jitter_bps.min(10_000)) / 10_000;
        let draw = u128::from(Draws::at(self.seed, u64::from(ix)).bits() >> 32);
        let late = u64::try_from((late * draw) >> 32).unwrap_or(0);
        at.plus(dcx_model::Nanos::new(late))
    }

    /// When slice `ix` would be due without chance.
    pub(super) fn nominal(&self, ix: u16) -> UnixNanos {
        let span = u128::from(self.end.since(self.start).get());
        let share = span * u128::from(ix.min(self.slices)) / u128::from(self.slices.max(1));
        let share = u64::try_from(share).expect("a share of a span is within it");
        self.start.plus(dcx_model::Nanos::new(share))
    }

    /// The size of the next clip: around `base` by chance, in whole lots, one at least. Taking it
    /// is counted by [`clip_sent`](Self::clip_sent).
    pub(crate) fn clip(&self, base: Qty, lot: Qty) -> Qty {
        let (lot, vary) = (lot.units().max(1), self.terms.vary_bps.min(10_000));
        let range = u128::from(base.units()) * u128::from(vary) / 10_000;
        let draw = u128::from(Draws::at(self.seed, u64::from(self.clips)).bits() >> 32);
        // Between base - range and base + range.
        let units = u128::from(base.units()) - range + ((2 * range * draw) >> 32);
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        Qty::from_units((units / lot).max(1).saturating_mul(lot))
    }

    pub(crate) const fn clip_sent(&mut self) {
        self.clips = self.clips.saturating_add(1);
    }

    /// The words that a plain TWAP had always.
    pub(crate) fn words(&self) -> [u64; 3] {
        let counts = u64::from(self.slices) << 16 | u64::from(self.due);
        [self.start.get(), self.end.get(), counts]
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.order.get());
        for word in self.words() {
            words.u64(word);
        }
        let terms = &self.terms;
        words.u64(u64::from(terms.participation_ppm) << 32 | u64::from(terms.interval_ms));
        words.u64(u64::from(terms.jitter_bps) << 16 | u64::from(terms.vary_bps));
        words.u64(terms.catch_up.into());
        words.u64(u64::from(terms.urgency) << 16 | u64::from(terms.spread_max_ticks));
        words.u64(terms.min_clip.units());
        words.u64(terms.take_px.to_bits().cast_unsigned());
        words.bytes(&[
            self.algo as u8,
            terms.pause.bits(),
            u8::from(self.told),
            u8::from(self.closing),
            u8::from(self.began),
            u8::from(self.behind),
            self.paused.map_or(0, |(why, _)| why as u8),
        ]);
        words.u64(u64::from(self.clips));
        words.u64(self.look_at.get());
        words.u64(self.seed);
        words.u64(self.seen_from);
        words.u64(self.seen);
        words.u64(self.sent.units());
        words.u64(self.step.units());
        words.u64(self.reach.units());
        words.u64(self.arrival.map_or(0, |mid| mid.units().cast_unsigned()));
        words.u64(self.paused.map_or(0, |(_, since)| since.get()));
        for until in self.plan {
            words.bytes(&until.to_le_bytes());
        }
        words.u64(u64::from(self.parts));
        if let Some(choice) = &self.choice {
            words.bytes(&[choice.algo as u8, choice.why as u8]);
            for ppm in [choice.cost_ppm, choice.at_once_ppm, choice.even_ppm] {
                words.bytes(&ppm.to_le_bytes());
            }
        }
        words.finish()
    }

    /// How far an adaptive schedule has come: slice due, slices, what should be out, mid at the
    /// beginning.
    pub(super) const fn progress(&self) -> (u16, u16, Qty, Option<Price>) {
        (self.due, self.slices, self.sent, self.arrival)
    }
}

/// The whole lots in a share of what the market traded.
fn share(seen: u64, ppm: u32, lot: Qty) -> Qty {
    let units = u128::from(seen) * u128::from(ppm) / 1_000_000;
    let units = u64::try_from(units).unwrap_or(u64::MAX);
    Qty::from_units(units - units % lot.units().max(1))
}

const _: () = assert!(PARTS_MAX <= u16::MAX as u64, "parts are counted by a u16");

#[cfg(test)]
mod tests;
