//! Whether anything may be sent now: configuration, trading states, message rates, the ClOrdID.

use dcx_model::{Level, Refusal, TradingState};

use super::facts::{Facts, Gate, complete};
use super::rate::{Bucket, Rate};
use crate::trace::{Check, Trace};

/// Whether the scopes of an order may send anything now. `reduces`: it only makes a position
/// smaller, or an order.
///
/// # Errors
/// [`Refusal::NotConfigured`], [`Refusal::Halted`], [`Refusal::Reducing`],
/// [`Refusal::NoFirmLimits`], [`Refusal::NoSessionLimits`], [`Refusal::RateAboveMax`]. The ClOrdID
/// of a request refused here is not used up: the same request may be sent again once the cause is
/// gone.
pub(crate) fn admit<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    reduces: bool,
) -> Result<(), Refusal> {
    let known = (i128::from(facts.configured), 1);
    gate.require(Check::Configured, known, facts.configured, || {
        Refusal::NotConfigured
    })?;
    check_state(gate, facts, reduces)?;
    let firm = complete(&facts.firm.limits);
    gate.present(Check::FirmLimits, firm, Refusal::NoFirmLimits)?;
    let session = facts.session.and_then(|row| complete(&row.limits));
    gate.present(Check::SessionLimits, session, Refusal::NoSessionLimits)?;
    if reduces {
        Ok(())
    } else {
        check_rates(gate, facts)
    }
}

/// Whether every scope of an order trades, or reduces and the order does (check 27).
pub(super) fn check_state<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    reduces: bool,
) -> Result<(), Refusal> {
    let (state, at) = facts.state();
    let value = i128::from(state as u8);
    let halted = state == TradingState::Halted;
    gate.require(Check::NotHalted, (value, 1), !halted, || Refusal::Halted {
        at,
    })?;
    let limit = i128::from(reduces);
    let passed = state == TradingState::Active || reduces;
    gate.require(Check::NotReducing, (value, limit), passed, || {
        Refusal::Reducing { at }
    })
}

/// The rates that an order counts against, with their buckets (check 11).
fn rates<'a>(facts: &Facts<'a>) -> [Option<(Level, Rate, &'a Bucket)>; 3] {
    let session = facts.session.map(|row| {
        let (per_s, burst) = (row.limits.orders_per_s_max, row.limits.burst_max);
        (Level::Session, Rate { per_s, burst }, &row.standing.bucket)
    });
    let strategy = facts.strategy.map(|row| {
        let (per_s, burst) = (row.limits.orders_per_s_max, row.limits.burst_max);
        (Level::Strategy, Rate { per_s, burst }, &row.standing.bucket)
    });
    let instrument = facts.instrument.map(|row| {
        let (per_s, burst) = (row.limits.orders_per_s_max, row.limits.burst_max);
        (
            Level::Instrument,
            Rate { per_s, burst },
            &row.standing.bucket,
        )
    });
    [session, strategy, instrument]
}

fn check_rates<T: Trace>(gate: &mut Gate<'_, T>, facts: &Facts<'_>) -> Result<(), Refusal> {
    for (at, rate, bucket) in rates(facts).into_iter().flatten() {
        if rate.is_none() {
            continue;
        }
        let passed = bucket.has_one(facts.at, rate);
        // A division, for who reads it only.
        let orders = if T::ON {
            bucket.with_one(facts.at, rate)
        } else {
            0
        };
        let numbers = (i128::from(orders), i128::from(rate.size()));
        gate.require(Check::Rate, numbers, passed, || Refusal::RateAboveMax {
            at,
            per_s: rate.per_s,
            burst: rate.burst,
        })?;
    }
    Ok(())
}

/// Whether a ClOrdID is new.
///
/// # Errors
/// [`Refusal::DuplicateClOrdId`].
pub(crate) fn check_name<T: Trace>(gate: &mut Gate<'_, T>, used: bool) -> Result<(), Refusal> {
    gate.require(Check::ClOrdId, (i128::from(used), 0), !used, || {
        Refusal::DuplicateClOrdId
    })
}
