//! The gates for what was accepted before: by what is true when it goes to market.

use dcx_model::{Notional, Qty, Refusal};

use super::instructions::check_passive;
use super::price::{self, Market};
use super::{Approved, Facts, Gate, Replaced, Terms, admit, ask, format, ledger, scope};
use crate::trace::Trace;

/// Decides whether an order that was accepted before may go to market now: when its stop came,
/// its list is complete, a person approved it, or a later slice or child of it is due.
///
/// States, permissions, hours, the limits of one order and the price of now are measured. What it
/// reserved is its own already: exposure is measured with what it is worth above that, and
/// nothing besides.
///
/// # Errors
/// The first limit that it would cross.
pub(crate) fn check_again<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    terms: &Terms,
    held: &Replaced<'_>,
) -> Result<Approved<Terms>, Refusal> {
    let mut terms = *terms;
    let reduces = facts.reduces(terms.side, Qty::ZERO);
    admit::check_state(gate, facts, reduces)?;
    let rows = format::check_scopes(gate, facts)?;
    format::check_lot(gate, terms.order_qty, rows.defined)?;
    format::check_prices(gate, &terms, rows.defined)?;
    let market = Market::of(facts, &rows);
    let priced = price::price(gate, facts, &market, &terms, reduces)?;
    terms.unit = priced.unit;
    check_passive(gate, facts, &terms, &rows)?;
    if reduces {
        return Ok(Approved(terms));
    }
    scope::check_permission(gate, facts, &rows)?;
    scope::check_qty(gate, facts, &rows, terms.order_qty)?;
    if !scope::waits_for_hours(terms.time_in_force) {
        scope::check_hours(gate, facts, &rows)?;
    }
    price::check_worth(gate, facts, &rows, priced.worth)?;
    price::check_near(gate, facts, &rows, &market, (&terms, priced.px))?;
    let on_top = held.on_top(Qty::ZERO, terms.unit);
    if on_top <= Notional::ZERO {
        return Ok(Approved(terms));
    }
    ledger::check(
        gate,
        facts.ledger,
        &ask(facts, terms.side, (Qty::ZERO, on_top)),
    )?;
    Ok(Approved(terms))
}
