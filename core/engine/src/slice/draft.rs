//! Whether an algorithm can do what an order asks of it, and the schedule that it does it by.

use dcx_model::{
    Algo, AlgoTerm, AlgoTerms, LimitPx, MarketFacts, NewOrder, OrdType, Price, Qty, Refusal,
    SLICES_MAX, TimeInForce, UnixNanos,
};

use super::planner::{Model, PARTS_MAX, SCALE, STEPS_MAX};
use super::schedule::{Planned, Schedule};
use crate::Engine;
use crate::pool::NIL;

/// Slices that an order gets which does not say how many: one in so many seconds, at most.
const SECONDS_PER_SLICE: u64 = 30;
const SLICES_USUAL_MAX: u64 = 100;

/// How often an order may look, in milliseconds: what wakes an order more often is the market.
const INTERVAL_MS_MIN: u32 = 10;
const INTERVAL_MS_MAX: u32 = 86_400_000;

const MILLION: u32 = 1_000_000;
const ALL_BPS: u16 = 10_000;

impl Engine {
    /// Gives an order with an algorithm its place among the schedules.
    ///
    /// # Errors
    /// The first constraint that makes it infeasible.
    pub(crate) fn draft(
        &mut self,
        at: UnixNanos,
        order: &NewOrder,
        terms: Option<&AlgoTerms>,
    ) -> Result<u32, Refusal> {
        let row = self.instruments.get(order.instrument.get() as usize);
        let defined = row.and_then(|row| row.defined);
        let (lot, tick) = defined.map_or((Qty::from_units(1), Price::from_units(1)), |defined| {
            (defined.lot, defined.tick)
        });
        let plain = order.algo == Algo::Twap && terms.is_none();
        let terms = match terms {
            Some(terms) => *terms,
            None if plain => AlgoTerms::NONE,
            None => AlgoTerms::PLAIN,
        };
        check_terms(order, &terms, tick)?;
        check_window(order, at)?;
        let lots = order.order_qty.units() / lot.units().max(1);
        let slices = slices(order, at, lots)?;
        check_min_clip(order, &terms, slices)?;
        let window = (order.start.max(at), order.end);
        let mut schedule = Schedule::of(order, terms, at, slices);
        schedule.told = !plain;
        if order.algo == Algo::Vwap {
            self.check_profile(order, window)?;
        }
        if order.algo == Algo::Planned {
            self.plan(order, &mut schedule, lots)?;
        }
        self.check_cap(order, &terms, window)?;
        let (kept, max) = (self.schedules.len(), self.schedules.capacity());
        let key = self.schedules.insert(schedule);
        key.map(|key| key.ix)
            .ok_or(Refusal::SchedulesFull { kept, max })
    }

    /// Whether a schedule can still do what a replace makes of its order.
    ///
    /// # Errors
    /// The first constraint that makes it infeasible.
    pub(crate) fn check_schedule_again(&self, ix: u32, order_qty: Qty) -> Result<(), Refusal> {
        let Some(schedule) = self.schedule(ix).filter(|schedule| schedule.told) else {
            return Ok(());
        };
        let (min, slices) = (schedule.terms.min_clip, schedule.slices().max(1));
        if too_large(min, slices, order_qty) {
            return Err(Refusal::MinClipTooLarge {
                min,
                slices: u32::from(slices),
                qty: order_qty,
            });
        }
        Ok(())
    }

    fn check_profile(
        &self,
        order: &NewOrder,
        window: (UnixNanos, UnixNanos),
    ) -> Result<(), Refusal> {
        match self.volumes.weight(order.instrument, window) {
            None => Err(Refusal::NoProfile),
            Some(0) => Err(Refusal::ProfileEmpty {
                start: window.0.get().cast_signed(),
                end: window.1.get().cast_signed(),
            }),
            Some(_) => Ok(()),
        }
    }

    /// Whether the participation allows all of the order, where a volume is expected.
    fn check_cap(
        &self,
        order: &NewOrder,
        terms: &AlgoTerms,
        window: (UnixNanos, UnixNanos),
    ) -> Result<(), Refusal> {
        let cap_ppm = terms.participation_ppm;
        let expected = self.volumes.expected(order.instrument, window);
        let Some(expected) = expected.filter(|_| cap_ppm > 0) else {
            return Ok(());
        };
        let possible = Qty::from_units(part(expected, cap_ppm));
        if possible < order.order_qty {
            return Err(Refusal::CapTooSmall {
                qty: order.order_qty,
                possible,
                cap_ppm,
            });
        }
        Ok(())
    }

    /// Has the planner choose.
    fn plan(&self, order: &NewOrder, schedule: &mut Schedule, lots: u64) -> Result<(), Refusal> {
        let cap_ppm = schedule.terms.participation_ppm;
        let facts = self.volumes.facts(order.instrument);
        let facts = facts.filter(|facts| !facts.day_qty.is_zero() && facts.volatility_ppm > 0);
        let Some(facts) = facts else {
            if cap_ppm == 0 {
                return Err(Refusal::NoMarketFacts);
            }
            schedule.by_what_is_seen();
            return Ok(());
        };
        let model = self.model(order, schedule, (lots, facts));
        let Some(choice) = model.choose() else {
            let parts = model
                .cap
                .iter()
                .take(model.steps)
                .map(|cap| u64::from(*cap));
            let possible = u128::from(parts.sum::<u64>()) * u128::from(order.order_qty.units());
            let possible = possible / u128::from(model.parts.max(1));
            return Err(Refusal::CapTooSmall {
                qty: order.order_qty,
                possible: Qty::from_units(u64::try_from(possible).unwrap_or(u64::MAX)),
                cap_ppm,
            });
        };
        let ppm = |cost: u128| u32::try_from(cost / SCALE).unwrap_or(u32::MAX);
        let other = |cost: Option<u128>| cost.map_or(u32::MAX, ppm);
        let planned = Planned {
            algo: choice.algo,
            why: choice.why,
            cost_ppm: ppm(choice.cost),
            at_once_ppm: other(choice.at_once),
            even_ppm: other(choice.even),
        };
        schedule.planned(planned, &choice.parts, model.parts);
        Ok(())
    }

    /// What schedules of an order cost, by the facts about its market.
    fn model(
        &self,
        order: &NewOrder,
        schedule: &Schedule,
        (lots, facts): (u64, &MarketFacts),
    ) -> Model {
        let (start, end) = schedule.span();
        let steps = usize::from(schedule.slices()).clamp(1, STEPS_MAX);
        let parts = lots.clamp(1, PARTS_MAX);
        let (qty, whole) = (u128::from(order.order_qty.units()), u128::from(parts));
        let (mut impact, mut cap, mut volume) = ([0; STEPS_MAX], [0; STEPS_MAX], [0; STEPS_MAX]);
        let cap_ppm = schedule.terms.participation_ppm;
        for ix in 0..steps {
            let slice = u16::try_from(ix).unwrap_or(0);
            let window = (schedule.nominal(slice), schedule.nominal(slice + 1));
            let expected = self.volumes.expected(order.instrument, window).unwrap_or(0);
            // One part of the order against what trades meanwhile, as a share of the order.
            let cost = u128::from(facts.impact_ppm)
                .saturating_mul(qty)
                .saturating_mul(SCALE)
                / (u128::from(expected.max(1)) * whole * whole);
            let allowed = match cap_ppm {
                0 => whole,
                ppm => u128::from(part(expected, ppm)) * whole / qty.max(1),
            };
            if let (Some(impact), Some(cap), Some(volume)) =
                (impact.get_mut(ix), cap.get_mut(ix), volume.get_mut(ix))
            {
                *impact = clamped(cost);
                *cap = u16::try_from(allowed.min(whole)).unwrap_or(u16::MAX);
                *volume = expected;
            }
        }
        let day = 86_400_000_000_000_u128;
        let gap = u128::from(end.since(start).get()) / steps as u128;
        let risk = u128::from(schedule.terms.urgency) * u128::from(facts.volatility_ppm);
        let risk = risk * SCALE / (100 * whole * whole) * gap / day;
        Model {
            steps,
            parts: u16::try_from(parts).unwrap_or(1),
            impact,
            risk: clamped(risk),
            cap,
            volume,
        }
    }

    /// Takes back the place of an order that was refused after all, or is done.
    pub(crate) fn free_schedule(&mut self, at: u32) {
        if at != NIL {
            self.schedules.remove(at);
        }
    }
}

/// A cost that no sum of a plan overflows with.
fn clamped(cost: u128) -> u64 {
    u64::try_from(cost).unwrap_or(u64::MAX).min(1 << 60)
}

fn part(of: u64, ppm: u32) -> u64 {
    let part = u128::from(of) * u128::from(ppm) / u128::from(MILLION);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// Whether an order's parameters are those of its algorithm, and within their bounds.
fn check_terms(order: &NewOrder, terms: &AlgoTerms, tick: Price) -> Result<(), Refusal> {
    let algo = order.algo;
    let spread = matches!(
        algo,
        Algo::Twap | Algo::Vwap | Algo::Shortfall | Algo::Adaptive | Algo::Planned
    );
    let urgent = matches!(algo, Algo::Shortfall | Algo::Adaptive | Algo::Planned);
    let sniper = algo == Algo::Sniper;
    let takes = terms.take_px.price();
    let interval = terms.interval_ms;
    let too_often = interval != 0 && interval < INTERVAL_MS_MIN;
    // What, its value, its bound, and whether it is beyond that.
    let wrong = [
        above(
            AlgoTerm::Participation,
            terms.participation_ppm,
            MILLION,
            algo.is_scheduled(),
        ),
        above(
            AlgoTerm::Jitter,
            terms.jitter_bps.into(),
            ALL_BPS.into(),
            spread,
        ),
        above(
            AlgoTerm::Vary,
            terms.vary_bps.into(),
            ALL_BPS.into(),
            algo == Algo::Iceberg,
        ),
        above(
            AlgoTerm::Urgency,
            terms.urgency.into(),
            u16::MAX.into(),
            urgent,
        ),
        above(
            AlgoTerm::CatchUp,
            terms.catch_up.into(),
            u16::MAX.into(),
            algo.is_scheduled(),
        ),
        above(AlgoTerm::Interval, interval, INTERVAL_MS_MAX, true),
        (
            AlgoTerm::Interval,
            interval.into(),
            INTERVAL_MS_MIN.into(),
            too_often,
        ),
        (
            AlgoTerm::Participation,
            0,
            MILLION.into(),
            algo == Algo::Pov && terms.participation_ppm == 0,
        ),
        (
            AlgoTerm::Display,
            0,
            0,
            algo == Algo::Iceberg && order.display_qty.is_zero(),
        ),
        (
            AlgoTerm::TakePx,
            takes.map_or(0, |px| px.units()),
            tick.units(),
            sniper && takes.is_none() && terms.spread_max_ticks == 0
                || !sniper && (takes.is_some() || terms.spread_max_ticks > 0)
                || takes.is_some_and(|px| px <= Price::ZERO || px.units() % tick.units() != 0),
        ),
        (
            AlgoTerm::MinClip,
            i64::try_from(terms.min_clip.units()).unwrap_or(i64::MAX),
            0,
            !terms.min_clip.is_zero() && !algo.is_scheduled(),
        ),
        (
            AlgoTerm::End,
            0,
            1,
            algo.is_scheduled() && order.end == UnixNanos::ZERO,
        ),
    ];
    for (term, value, bound, is_wrong) in wrong {
        if is_wrong {
            return Err(Refusal::AlgoTermInvalid { term, value, bound });
        }
    }
    check_type(order)
}

/// A number that may be from zero to `bound`, or nothing where the algorithm does not use it.
fn above(term: AlgoTerm, value: u32, bound: u32, used: bool) -> (AlgoTerm, i64, i64, bool) {
    let bound = if used { bound } else { 0 };
    (term, value.into(), bound.into(), value > bound)
}

/// Whether the order's type is one that its algorithm can work.
fn check_type(order: &NewOrder) -> Result<(), Refusal> {
    let fits = match order.algo {
        Algo::Pegged => order.ord_type == OrdType::Pegged,
        Algo::Sniper | Algo::Iceberg => order.ord_type == OrdType::Limit,
        Algo::AtOnce
        | Algo::Twap
        | Algo::Vwap
        | Algo::Pov
        | Algo::Shortfall
        | Algo::Adaptive
        | Algo::Planned => matches!(order.ord_type, OrdType::Limit | OrdType::Market),
    };
    if !fits {
        return Err(Refusal::Contradiction { tag: OrdType::TAG });
    }
    let timed = matches!(
        order.time_in_force,
        TimeInForce::Fok | TimeInForce::AtTheOpening | TimeInForce::AtTheClose
    );
    if timed || order.time_in_force == TimeInForce::Ioc && !order.algo.is_scheduled() {
        let tag = TimeInForce::TAG;
        return Err(Refusal::Contradiction { tag });
    }
    let alone = order.stop_px == LimitPx::NONE && order.leg == dcx_model::Leg::None;
    if !alone {
        let (term, value, bound) = (AlgoTerm::Other, 0, 0);
        return Err(Refusal::AlgoTermInvalid { term, value, bound });
    }
    Ok(())
}

/// Whether there is time between now, start and end.
fn check_window(order: &NewOrder, at: UnixNanos) -> Result<(), Refusal> {
    let (start, end) = (order.start, order.end);
    if end == UnixNanos::ZERO {
        return Ok(());
    }
    let signed = |at: UnixNanos| i64::try_from(at.get()).unwrap_or(i64::MAX);
    if end <= at {
        return Err(Refusal::DeadlinePast {
            end: signed(end),
            now: signed(at),
        });
    }
    if end <= start {
        return Err(Refusal::ScheduleInvalid {
            start: signed(start),
            end: signed(end),
        });
    }
    Ok(())
}

/// How many slices an order's algorithm makes.
fn slices(order: &NewOrder, at: UnixNanos, lots: u64) -> Result<u16, Refusal> {
    let sliced = order.algo.is_scheduled() && order.algo != Algo::Pov;
    let max = match order.algo {
        Algo::Planned => u16::try_from(STEPS_MAX).unwrap_or(SLICES_MAX),
        Algo::AtOnce | Algo::Pov | Algo::Iceberg | Algo::Sniper | Algo::Pegged => 0,
        Algo::Twap | Algo::Vwap | Algo::Shortfall | Algo::Adaptive => SLICES_MAX,
    };
    if order.slices > max {
        return Err(Refusal::SlicesOutOfRange {
            slices: u32::from(order.slices),
            max: u32::from(max),
        });
    }
    if !sliced {
        return Ok(0);
    }
    if u64::from(order.slices) > lots {
        return Err(Refusal::LotTooLarge {
            lots: i64::try_from(lots).unwrap_or(i64::MAX),
            slices: u32::from(order.slices),
        });
    }
    if order.slices > 0 {
        return Ok(order.slices);
    }
    let seconds = order.end.since(order.start.max(at)).get() / 1_000_000_000;
    let usual = match order.algo {
        Algo::Planned => u64::from(max).min(seconds),
        Algo::AtOnce
        | Algo::Twap
        | Algo::Vwap
        | Algo::Pov
        | Algo::Iceberg
        | Algo::Shortfall
        | Algo::Adaptive
        | Algo::Sniper
        | Algo::Pegged => (seconds / SECONDS_PER_SLICE + 1).min(SLICES_USUAL_MAX),
    };
    Ok(u16::try_from(usual.min(lots).max(1)).unwrap_or(max))
}

/// Whether the least that is sent, times the slices, is within the order.
fn check_min_clip(order: &NewOrder, terms: &AlgoTerms, slices: u16) -> Result<(), Refusal> {
    let (min, qty, slices) = (terms.min_clip, order.order_qty, slices.max(1));
    if too_large(min, slices, qty) {
        return Err(Refusal::MinClipTooLarge {
            min,
            slices: u32::from(slices),
            qty,
        });
    }
    Ok(())
}

fn too_large(min: Qty, slices: u16, qty: Qty) -> bool {
    u128::from(min.units()) * u128::from(slices) > u128::from(qty.units())
}
