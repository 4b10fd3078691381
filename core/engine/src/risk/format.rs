//! Whether an order says something that can be done: its scopes are known, its numbers are on the
//! grid, its parts fit together, and it is not too old (checks 24 and 26). Nothing passes by.

use dcx_model::{
    Algo, Instrument, NewOrder, OrdType, Price, Qty, Refusal, SLICES_MAX, TimeInForce, UnixNanos,
};

use super::facts::{Facts, Gate, Scopes, complete};
use super::{Terms, units};
use crate::trace::{Check, Trace};

/// The rows of an order whose account and strategy there are.
pub(super) fn check_scopes<'a, T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'a>,
) -> Result<Scopes<'a>, Refusal> {
    let instrument = facts.instrument;
    let defined = instrument.and_then(|row| row.defined.as_ref());
    let defined = gate.present(Check::Instrument, defined, Refusal::UnknownInstrument)?;
    let limited = instrument.filter(|row| complete(&row.limits).is_some());
    let missing = Refusal::NoInstrumentLimits;
    let instrument = gate.present(Check::InstrumentLimits, limited, missing)?;
    let session = facts.session.ok_or(Refusal::NoSessionLimits)?;
    Ok(Scopes {
        firm: facts.firm,
        account: facts.account.ok_or(Refusal::UnknownAccount)?,
        strategy: facts.strategy.ok_or(Refusal::UnknownStrategy)?,
        session,
        instrument,
        defined,
    })
}

/// Whether the account and the strategy are in their tables.
pub(super) fn check_names<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    let account = i128::from(facts.holder.account.get());
    let largest = (account, dcx_model::ACCOUNTS_MAX as i128 - 1);
    gate.require(Check::Account, largest, facts.account.is_some(), || {
        Refusal::UnknownAccount
    })?;
    let strategy = i128::from(facts.holder.strategy.get());
    let largest = (strategy, dcx_model::STRATEGIES_MAX as i128 - 1);
    gate.require(Check::Strategy, largest, facts.strategy.is_some(), || {
        Refusal::UnknownStrategy
    })
}

/// Whether the client's own time of a request is recent enough, where that is asked for
/// (check 24). One that names no time is as old as time.
pub(super) fn check_age<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    transact_time: UnixNanos,
) -> Result<(), Refusal> {
    let (firm, session) = (&rows.firm.limits, &rows.session.limits);
    let max = firm.order_age_max.min(session.order_age_max);
    let age = facts.at.since(transact_time);
    let ages = (i128::from(age.get()), i128::from(max.get()));
    gate.require(Check::Age, ages, age <= max, || Refusal::OrderTooOld {
        age,
        max,
    })
}

/// Whether the quantity is whole lots, and not nothing.
pub(super) fn check_lot<T: Trace>(
    gate: &mut Gate<'_, T>,
    qty: Qty,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let lot = instrument.lot;
    gate.require(Check::QtyPositive, (units(qty), 0), !qty.is_zero(), || {
        Refusal::QtyZero
    })?;
    let over = qty.units() % lot.units().max(1);
    gate.require(Check::Lot, (i128::from(over), 0), over == 0, || {
        Refusal::OffLot { qty, lot }
    })
}

/// Whether the algorithm can do what the order asks of it.
pub(super) fn check_algo<T: Trace>(
    gate: &mut Gate<'_, T>,
    at: UnixNanos,
    order: &NewOrder,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    // EffectiveTime (168), ExpireTime (126), TimeInForce (59). A request that would be ignored
    // is refused: a client who asks for a later start must not get one now.
    let dated = order.time_in_force == TimeInForce::Gtd;
    let unsupported = match order.algo {
        Algo::AtOnce if order.start > at => 168,
        Algo::AtOnce if order.end != UnixNanos::ZERO && !dated => 126,
        Algo::Twap if order.time_in_force == TimeInForce::Fok => TimeInForce::TAG,
        Algo::AtOnce
        | Algo::Twap
        | Algo::Vwap
        | Algo::Pov
        | Algo::Iceberg
        | Algo::Shortfall
        | Algo::Adaptive
        | Algo::Sniper
        | Algo::Pegged
        | Algo::Planned => 0,
    };
    let tag = (i128::from(unsupported), 0);
    gate.require(Check::Supported, tag, unsupported == 0, || {
        Refusal::Unsupported { tag: unsupported }
    })?;
    match order.algo {
        Algo::Twap => check_schedule(gate, at, order, instrument),
        // What the others need is looked at when their schedule is drafted (`slice/draft.rs`).
        Algo::AtOnce
        | Algo::Vwap
        | Algo::Pov
        | Algo::Iceberg
        | Algo::Shortfall
        | Algo::Adaptive
        | Algo::Sniper
        | Algo::Pegged
        | Algo::Planned => Ok(()),
    }
}

fn check_schedule<T: Trace>(
    gate: &mut Gate<'_, T>,
    at: UnixNanos,
    order: &NewOrder,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let start = order.start.max(at);
    let ends = (i128::from(order.end.get()), i128::from(start.get()));
    gate.require(Check::Schedule, ends, order.end > start, || {
        Refusal::ScheduleInvalid {
            start: order.start.get().cast_signed(),
            end: order.end.get().cast_signed(),
        }
    })?;
    let slices = (i128::from(order.slices), i128::from(SLICES_MAX));
    let allowed = (1..=SLICES_MAX).contains(&order.slices);
    gate.require(Check::Slices, slices, allowed, || {
        Refusal::SlicesOutOfRange {
            slices: u32::from(order.slices),
            max: u32::from(SLICES_MAX),
        }
    })?;
    check_lots(gate, order.order_qty, instrument, order.slices)
}

/// Whether there is a lot for each slice.
pub(super) fn check_lots<T: Trace>(
    gate: &mut Gate<'_, T>,
    order_qty: Qty,
    instrument: &Instrument,
    slices: u16,
) -> Result<(), Refusal> {
    let lots = order_qty
        .units()
        .checked_div(instrument.lot.units())
        .unwrap_or(0);
    let pair = (i128::from(lots), i128::from(slices));
    gate.require(Check::LotsPerSlice, pair, lots >= u64::from(slices), || {
        Refusal::LotTooLarge {
            lots: i64::try_from(lots).unwrap_or(i64::MAX),
            slices: u32::from(slices),
        }
    })
}

/// Whether limit and stop are there where the order type needs them and nowhere else, above zero
/// and on the grid.
pub(super) fn check_prices<T: Trace>(
    gate: &mut Gate<'_, T>,
    terms: &Terms,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let limit = terms.limit_px.price();
    let fits = match terms.ord_type {
        OrdType::Limit | OrdType::StopLimit => limit.is_some(),
        OrdType::Market | OrdType::Stop | OrdType::MarketWithLeftOverAsLimit => limit.is_none(),
        OrdType::MarketIfTouched | OrdType::Pegged => true,
    };
    gate.require(Check::LimitGiven, (i128::from(fits), 1), fits, || {
        Refusal::PriceMissing
    })?;
    if let Some(px) = limit {
        check_grid(gate, px, instrument.tick)?;
    }
    super::shape::check_stop(gate, terms, instrument.tick)
}

/// Whether a price is above zero and on the grid.
pub(super) fn check_grid<T: Trace>(
    gate: &mut Gate<'_, T>,
    px: Price,
    tick: Price,
) -> Result<(), Refusal> {
    let positive = px > Price::ZERO;
    let above_zero = (i128::from(px.units()), 0);
    gate.require(Check::LimitPositive, above_zero, positive, || {
        Refusal::PriceNotPositive { px }
    })?;
    let over = px.units() % tick.units().max(1);
    gate.require(Check::Tick, (i128::from(over), 0), over == 0, || {
        Refusal::OffTick { px, tick }
    })
}
