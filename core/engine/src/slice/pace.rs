//! An order's algorithm at work: when it looks, what it may send now, and what it says about it.

use dcx_model::{
    Algo, Event, InstrumentId, LimitPx, PauseFlags, PlanView, Price, Qty, Side, SliceView,
    SliceWhy, UnixNanos, VenueSet,
};

use super::{Schedule, Sight, curve};
use crate::book::Best;
use crate::pool::NIL;
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Where an order stands in its algorithm; none for one that has none.
    pub(crate) fn schedule(&self, ix: u32) -> Option<&Schedule> {
        match self.parents.at(ix).plan {
            NIL => None,
            at => Some(self.schedules.at(at)),
        }
    }

    pub(crate) fn schedule_mut(&mut self, ix: u32) -> Option<&mut Schedule> {
        match self.parents.at(ix).plan {
            NIL => None,
            at => Some(self.schedules.at_mut(at)),
        }
    }

    /// Whether what a venue gives back of an order goes with its next slice.
    pub(crate) fn goes_on(&self, ix: u32) -> bool {
        self.schedule(ix).is_some_and(Schedule::goes_on)
    }

    fn is_sniper(&self, ix: u32) -> bool {
        self.schedule(ix)
            .is_some_and(|schedule| schedule.algo == Algo::Sniper)
    }

    /// Has an order's algorithm take in what is due by now.
    pub(crate) fn look(&mut self, now: UnixNanos, ix: u32) {
        let parent = self.parents.at(ix);
        if parent.plan == NIL {
            return;
        }
        let terms = *parent.terms.get();
        let schedule = self.schedules.at(parent.plan);
        let (mut mid, mut move_ppm) = (None, 0);
        if schedule.algo == Algo::Adaptive {
            mid = self.best(now, terms.instrument).mid_twice();
            let volatility = self.volumes.facts(terms.instrument);
            let volatility = volatility.map_or(0, |facts| facts.volatility_ppm);
            move_ppm = curve::move_ppm(volatility, schedule.span());
        }
        let mid = mid.and_then(|twice| i64::try_from(twice / 2).ok());
        let sight = Sight {
            now,
            order_qty: terms.order_qty,
            lot: self.lot(terms.instrument),
            seen: self.volumes.seen(terms.instrument),
            mid: mid.map(Price::from_units),
            move_ppm,
            buys: terms.side == Side::Buy,
            out: parent
                .cum_qty
                .plus(parent.out_qty)
                .unwrap_or(terms.order_qty),
        };
        let plan = parent.plan;
        let world = (terms.instrument, &self.volumes);
        self.schedules.at_mut(plan).look(&sight, world);
    }

    /// What should be filled or at venues now.
    pub(crate) fn target(&self, ix: u32) -> Qty {
        let terms = self.parents.at(ix).terms.get();
        self.schedule(ix).map_or(terms.order_qty, |schedule| {
            let lot = self.lot(terms.instrument);
            schedule.target(terms.order_qty, lot, (terms.instrument, &self.volumes))
        })
    }

    pub(crate) fn lot(&self, instrument: InstrumentId) -> Qty {
        let row = self.instruments.get(instrument.get() as usize);
        let lot = row.and_then(|row| row.defined.map(|defined| defined.lot));
        lot.unwrap_or(Qty::from_units(1))
    }

    /// Whether the algorithm lets what is missing be sent now, or why not. A schedule that stands
    /// still looks again after a while.
    pub(crate) fn fit_slice<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        missing: Qty,
        why: SliceWhy,
    ) -> SliceWhy {
        let (Some(schedule), terms) = (self.schedule(ix), *self.parents.at(ix).terms.get()) else {
            return why;
        };
        let schedule = *schedule;
        if why == SliceWhy::NothingMissing {
            let cap = schedule.capped(self.lot(terms.instrument));
            let held = self.parents.at(ix).unsent_qty();
            let at_cap = cap.is_some_and(|cap| cap <= self.target(ix)) && !held.is_zero();
            return match (at_cap, schedule.is_behind()) {
                (true, _) => SliceWhy::AtCap,
                (false, true) => SliceWhy::CatchUp,
                (false, false) => why,
            };
        }
        if why != SliceWhy::Due {
            return why;
        }
        if schedule.algo == Algo::Sniper {
            self.seat_peg(ix);
        }
        let best = self.best(cx.at, terms.instrument);
        if let Some(unfit) = unfit(&schedule, &best) {
            self.pause(cx, ix, unfit);
            return unfit;
        }
        self.resume(cx, ix);
        let rest = self.parents.at(ix).unsent_qty();
        match schedule.algo {
            Algo::Sniper if self.take_px(&schedule, ix, &best).is_none() => SliceWhy::NotCheap,
            Algo::Sniper => SliceWhy::Cheap,
            Algo::Iceberg => SliceWhy::NextClip,
            Algo::Pegged if schedule.closing => SliceWhy::Closing,
            Algo::AtOnce
            | Algo::Twap
            | Algo::Vwap
            | Algo::Pov
            | Algo::Shortfall
            | Algo::Adaptive
            | Algo::Pegged
            | Algo::Planned => {
                if missing < schedule.terms.min_clip && missing < rest {
                    SliceWhy::BelowMinClip
                } else {
                    SliceWhy::Due
                }
            }
        }
    }

    fn pause<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, why: SliceWhy) {
        let now = cx.at;
        let Some(schedule) = self.schedule_mut(ix) else {
            return;
        };
        schedule.look_at = now.plus(schedule.interval());
        let order = schedule.order;
        let before = schedule.paused.map(|(why, _)| why);
        let since = schedule.paused.map_or(now, |(_, since)| since);
        schedule.paused = Some((why, since));
        if before != Some(why) {
            cx.out.push(Event::SchedulePaused { order, why });
        }
        self.set_timer(ix);
    }

    fn resume<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let now = cx.at;
        let Some(schedule) = self.schedule_mut(ix) else {
            return;
        };
        if let Some((_, since)) = schedule.paused.take() {
            let (order, after) = (schedule.order, now.since(since));
            cx.out.push(Event::ScheduleResumed { order, after });
        }
    }

    /// The price at which a sniper takes now, if it does.
    fn take_px(&self, schedule: &Schedule, ix: u32, best: &Best) -> Option<Price> {
        let terms = self.parents.at(ix).terms.get();
        let touch = match terms.side {
            Side::Buy => best.ask,
            Side::Sell => best.bid,
        }?;
        let within = |limit: LimitPx| {
            limit.price().is_some_and(|limit| match terms.side {
                Side::Buy => touch <= limit,
                Side::Sell => touch >= limit,
            })
        };
        let row = self.instruments.get(terms.instrument.get() as usize);
        let tick = row?.defined?.tick.units();
        let spread = best.ask?.units().checked_sub(best.bid?.units());
        let ticks = i64::from(schedule.terms.spread_max_ticks);
        let narrow = ticks > 0 && spread.is_some_and(|spread| spread <= ticks.saturating_mul(tick));
        let good = within(schedule.terms.take_px) || narrow;
        (within(terms.limit_px) && good).then_some(touch)
    }

    /// The price at which an order that takes goes out; none for any other.
    pub(crate) fn taking_px(&self, now: UnixNanos, ix: u32) -> Option<LimitPx> {
        let schedule = self.schedule(ix)?;
        if schedule.algo != Algo::Sniper {
            return None;
        }
        let instrument = self.parents.at(ix).terms.get().instrument;
        let px = self.take_px(schedule, ix, &self.best(now, instrument));
        px.map(LimitPx::from)
    }

    /// Of the venues that can take an order, those that show the price at which it takes.
    pub(crate) fn showing(
        &self,
        now: UnixNanos,
        ix: u32,
        (candidates, px): (VenueSet, LimitPx),
    ) -> VenueSet {
        let (Some(px), true) = (px.price(), self.is_sniper(ix)) else {
            return candidates;
        };
        let terms = self.parents.at(ix).terms.get();
        let age_max = self.quote_age_max(terms.instrument);
        let showing = self
            .book
            .showing(terms.instrument, (terms.side, px), now, age_max);
        let showing = showing.and(candidates);
        if showing.is_empty() {
            candidates
        } else {
            showing
        }
    }

    /// Looks at a sniper again: the market moved. Says whether the order is one.
    pub(crate) fn aim<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) -> bool {
        if !self.is_sniper(ix) {
            return false;
        }
        let parent = self.parents.at_mut(ix);
        if parent.children.len() == 0 {
            parent.tried = VenueSet::NONE;
            parent.attempts = 0;
            self.work(cx, ix);
        }
        true
    }

    /// How much of `terms` goes out now, and what of that is shown: an iceberg's next clip.
    pub(crate) fn clip(&mut self, ix: u32, whole: Qty) -> Option<Qty> {
        let base = self.parents.at(ix).terms.get().display_qty;
        let lot = self.lot(self.parents.at(ix).terms.get().instrument);
        let schedule = self.schedule_mut(ix)?;
        schedule.clip_sent();
        (schedule.algo == Algo::Iceberg).then(|| schedule.clip(base, lot).min(whole))
    }

    /// Says what is sent of an order with an algorithm, and why.
    pub(crate) fn tell_slice<T: Trace>(&self, cx: &mut Cx<'_, T>, ix: u32, qty: Qty) {
        let Some(schedule) = self.schedule(ix).filter(|schedule| schedule.told) else {
            return;
        };
        let why = match schedule.algo {
            Algo::Sniper => SliceWhy::Cheap,
            Algo::Iceberg => SliceWhy::NextClip,
            Algo::Pegged if schedule.closing => SliceWhy::Closing,
            Algo::AtOnce
            | Algo::Twap
            | Algo::Vwap
            | Algo::Pov
            | Algo::Shortfall
            | Algo::Adaptive
            | Algo::Pegged
            | Algo::Planned => SliceWhy::Due,
        };
        cx.out.push(Event::Sliced(SliceView {
            order: schedule.order,
            algo: schedule.algo,
            why,
            ix: schedule.slices_due().saturating_sub(1),
            of: schedule.slices(),
            qty,
            target: self.target(ix),
            seen: schedule.seen(),
        }));
    }

    /// Says what the planner chose, of an order that it chose for.
    pub(crate) fn tell_plan<T: Trace>(&self, cx: &mut Cx<'_, T>, ix: u32) {
        let Some(schedule) = self.schedule(ix) else {
            return;
        };
        let Some(choice) = schedule.choice else {
            return;
        };
        let (start, end) = schedule.span();
        cx.out.push(Event::Planned(PlanView {
            order: schedule.order,
            algo: choice.algo,
            why: choice.why,
            slices: schedule.slices(),
            start,
            end,
            cost_ppm: choice.cost_ppm,
            at_once_ppm: choice.at_once_ppm,
            even_ppm: choice.even_ppm,
        }));
    }
}

/// Why the market is not fit to trade in, for an order that minds.
fn unfit(schedule: &Schedule, best: &Best) -> Option<SliceWhy> {
    let pause = schedule.terms.pause;
    let (bid, ask) = (best.bid, best.ask);
    if pause.has(PauseFlags::STALE) && bid.is_none() && ask.is_none() {
        return Some(if best.gapped {
            SliceWhy::FeedGap
        } else {
            SliceWhy::Stale
        });
    }
    let crossed = bid.is_some() && ask.is_some() && bid > ask;
    (pause.has(PauseFlags::CROSSED) && crossed).then_some(SliceWhy::Crossed)
}
