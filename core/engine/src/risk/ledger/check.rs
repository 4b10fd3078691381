//! Whether an order fits the limits on positions, exposure, credit and value at risk.

use dcx_model::{
    AccountId, InstrumentId, Level, Limit, Notional, Qty, Refusal, STRATEGIES_MAX, Scope, Side,
    StrategyId,
};

use super::entity::Entity;
use super::row::FirmRow;
use super::value::step;
use super::{FIRM, Ledger, NONE, of_account, of_strategy};
use crate::risk::Gate;
use crate::trace::{Check, Trace};

/// What an order would add to what is reserved already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) account: AccountId,
    pub(crate) strategy: StrategyId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    /// Its quantity; of a replace what it asks for above what the order had.
    pub(crate) qty: Qty,
    /// [`Ledger::would_be`] with it.
    pub(crate) would_be: i128,
    /// Its worth; of a replace what it asks for above what is reserved, nothing if it is less.
    pub(crate) worth: Notional,
}

/// Whether an order fits the limits of its account, its strategy, its instrument and the firm, if
/// it and all that works is filled. Orders that only reduce are the caller's matter.
///
/// # Errors
/// The first limit that it would cross, or [`Refusal::NoMark`] where a position that a limit
/// counts has no price.
///
/// # Cost
/// O(1), four cache lines or so for each of three entities. Value at risk: O(1), and near its cap
/// O(scenarios).
///
/// # Source
/// `reference/risk-checks.md` 6, 7, 8, 21; SEC Rule 15c3-5(c)(1)(i).
pub(crate) fn check<T: Trace>(
    gate: &mut Gate<'_, T>,
    ledger: &Ledger,
    ask: &Ask,
) -> Result<(), Refusal> {
    let number = usize::from(ask.strategy.get());
    let known = number < STRATEGIES_MAX;
    let numbers = (i128::from(ask.strategy.get()), STRATEGIES_MAX as i128 - 1);
    gate.require(Check::Strategy, numbers, known, || Refusal::UnknownStrategy)?;
    let firm = ledger.firm.get(ask.instrument.get() as usize);
    let firm = firm.ok_or(Refusal::UnknownInstrument)?;
    check_position(gate, firm, ask)?;
    check_entity(
        gate,
        ledger,
        firm,
        (Level::Account, of_account(ask.account)),
        ask,
    )?;
    check_entity(
        gate,
        ledger,
        firm,
        (Level::Strategy, of_strategy(ask.strategy)),
        ask,
    )?;
    check_entity(gate, ledger, firm, (Level::Firm, FIRM), ask)?;
    check_concentration(gate, firm, ask)?;
    check_var(gate, ledger, firm, ask)
}

/// Whether the position stays within its limit if this and every working order of its side fills.
///
/// Long and short are measured apart, so an order that brings a position back towards zero passes
/// even where the position is beyond its limit.
fn check_position<T: Trace>(
    gate: &mut Gate<'_, T>,
    firm: &FirmRow,
    ask: &Ask,
) -> Result<(), Refusal> {
    if ask.qty.is_zero() {
        return Ok(());
    }
    let max = firm.position_max(ask.side);
    let set = max != NONE;
    let facts = (i128::from(set), 1);
    gate.require(Check::InstrumentLimits, facts, set, || {
        Refusal::NoInstrumentLimits
    })?;
    let would_be = ask.would_be;
    gate.require(Check::Position, (would_be, max), would_be <= max, || {
        Refusal::PositionAboveMax {
            would_be: qty(would_be),
            max: qty(max),
        }
    })?;
    let limit = match ask.side {
        Side::Buy => Limit::PositionLongMax,
        Side::Sell => Limit::PositionShortMax,
    };
    let before = would_be - i128::from(ask.qty.units());
    let instrument = Scope::Instrument(ask.instrument);
    gate.note_near((instrument, limit), (before, would_be), max);
    Ok(())
}

/// Whether one holder's exposure, and an account's credit, stay within their limits.
fn check_entity<T: Trace>(
    gate: &mut Gate<'_, T>,
    ledger: &Ledger,
    firm: &FirmRow,
    (level, entity): (Level, usize),
    ask: &Ask,
) -> Result<(), Refusal> {
    let entity = ledger.entities.get(entity);
    let entity = entity.ok_or(Refusal::UnknownScope { at: level })?;
    let worth = ask.worth.units();
    // An order's worth has 96 bits, and a margin 32.
    let margin = worth.wrapping_mul(i128::from(firm.margin_bps));
    if !T::ON && entity.is_far(worth, margin) {
        return Ok(());
    }
    check_marks(gate, entity)?;
    check_gross(gate, level, entity, ask)?;
    check_net(gate, level, entity, ask)?;
    if level == Level::Account {
        check_credit(gate, entity, firm, ask)?;
    }
    Ok(())
}

/// Whether every position that a limit counts has a price.
fn check_marks<T: Trace>(gate: &mut Gate<'_, T>, entity: &Entity) -> Result<(), Refusal> {
    let missing = entity.unmarked;
    let passed = missing == 0 || !entity.needs_marks();
    if passed && missing == 0 {
        return Ok(());
    }
    gate.require(Check::Marked, (i128::from(missing), 0), passed, || {
        Refusal::NoMark {
            instrument: InstrumentId::new(entity.unmarked_at),
        }
    })
}

fn check_gross<T: Trace>(
    gate: &mut Gate<'_, T>,
    level: Level,
    entity: &Entity,
    ask: &Ask,
) -> Result<(), Refusal> {
    let max = entity.gross_max;
    if max == NONE || ask.worth == Notional::ZERO {
        return Ok(());
    }
    let before = entity.gross();
    let would_be = before + ask.worth.units();
    gate.require(gross_of(level), (would_be, max), would_be <= max, || {
        Refusal::GrossAboveMax {
            at: level,
            would_be: whole(would_be),
            max: whole(max),
        }
    })?;
    let scope = match level {
        Level::Account => Scope::Account(ask.account),
        Level::Strategy => Scope::Strategy(ask.strategy),
        Level::Firm | Level::Session | Level::Instrument => Scope::Firm,
    };
    gate.note_near((scope, Limit::GrossMax), (before, would_be), max);
    Ok(())
}

/// Long less short with the working orders of this order's side: an order to sell makes no long
/// side worse.
fn check_net<T: Trace>(
    gate: &mut Gate<'_, T>,
    level: Level,
    entity: &Entity,
    ask: &Ask,
) -> Result<(), Refusal> {
    let max = entity.net_max;
    if max == NONE || ask.worth == Notional::ZERO {
        return Ok(());
    }
    let would_be = ask.worth.units()
        + match ask.side {
            Side::Buy => entity.net + entity.buys,
            Side::Sell => entity.sells - entity.net,
        };
    gate.require(net_of(level), (would_be, max), would_be <= max, || {
        Refusal::NetAboveMax {
            at: level,
            would_be: whole(would_be),
            max: whole(max),
        }
    })
}

/// Whether the account's credit covers the margin of its positions, its working orders and this.
fn check_credit<T: Trace>(
    gate: &mut Gate<'_, T>,
    account: &Entity,
    firm: &FirmRow,
    ask: &Ask,
) -> Result<(), Refusal> {
    let max = account.credit_max;
    if max == NONE || ask.worth == Notional::ZERO {
        return Ok(());
    }
    let more = ask
        .worth
        .units()
        .saturating_mul(i128::from(firm.margin_bps));
    let would_be = account.margin.saturating_add(more);
    let limit = max.saturating_mul(10_000);
    gate.require(Check::Credit, (would_be, limit), would_be <= limit, || {
        Refusal::CreditAboveMax {
            would_be: whole(would_be / 10_000),
            max: whole(max),
        }
    })
}

/// Whether the firm has too much of one instrument.
fn check_concentration<T: Trace>(
    gate: &mut Gate<'_, T>,
    firm: &FirmRow,
    ask: &Ask,
) -> Result<(), Refusal> {
    let max = firm.gross_max;
    if max == NONE || ask.worth == Notional::ZERO {
        return Ok(());
    }
    let marked = firm.mark().is_some() || firm.row.position == 0;
    let facts = (i128::from(!marked), 0);
    gate.require(Check::Marked, facts, marked, || Refusal::NoMark {
        instrument: ask.instrument,
    })?;
    let before = firm.row.gross();
    let would_be = before + ask.worth.units();
    let numbers = (would_be, max);
    gate.require(Check::GrossInstrument, numbers, would_be <= max, || {
        Refusal::GrossAboveMax {
            at: Level::Instrument,
            would_be: whole(would_be),
            max: whole(max),
        }
    })?;
    let instrument = Scope::Instrument(ask.instrument);
    gate.note_near((instrument, Limit::GrossMax), (before, would_be), max);
    Ok(())
}

/// Whether the firm's value at risk stays within its caps if this order is filled.
fn check_var<T: Trace>(
    gate: &mut Gate<'_, T>,
    ledger: &Ledger,
    firm: &FirmRow,
    ask: &Ask,
) -> Result<(), Refusal> {
    let worth = match ask.side {
        Side::Buy => ask.worth.units(),
        Side::Sell => -ask.worth.units(),
    };
    if !ledger.measure.is_capped() {
        return Ok(());
    }
    let step = step(firm, worth);
    for (method, limit, max) in ledger.measure.caps() {
        let Some(passed) = ledger.measure.passes(step, method) else {
            let missing = Refusal::NoRiskFactor;
            return gate.require(Check::RiskFactor, (0, 1), false, || missing);
        };
        let would_be = |on: bool| {
            // Dearer than the comparison, and of use to who reads it only.
            let value = on.then(|| ledger.measure.value_with(firm, worth, method));
            value.flatten().unwrap_or_default()
        };
        let check = if limit == Limit::VarEwmaMax {
            Check::VarEwma
        } else {
            Check::VarHistorical
        };
        let numbers = (would_be(T::ON), max);
        gate.require(check, numbers, passed, || Refusal::VarAboveMax {
            limit,
            would_be: whole(would_be(true)),
            max: whole(max),
        })?;
    }
    Ok(())
}

const fn gross_of(level: Level) -> Check {
    match level {
        Level::Firm => Check::GrossFirm,
        Level::Account => Check::GrossAccount,
        Level::Strategy => Check::GrossStrategy,
        Level::Session | Level::Instrument => Check::GrossInstrument,
    }
}

const fn net_of(level: Level) -> Check {
    match level {
        Level::Account => Check::NetAccount,
        Level::Strategy => Check::NetStrategy,
        Level::Firm | Level::Session | Level::Instrument => Check::NetFirm,
    }
}

fn qty(units: i128) -> Qty {
    Qty::from_units(u64::try_from(units.max(0)).unwrap_or(u64::MAX))
}

fn whole(units: i128) -> i64 {
    Notional::from_units(units).rounded_up()
}
