//! The gates for what was accepted before: by what is true when it goes to market.

use dcx_model::{Limit, Qty, Refusal, Side};

use super::instructions::check_passive;
use super::{
    Approved, Facts, Gate, Replaced, Terms, check_ledger, check_price, check_qty, check_worth,
    instrument_of, price_in,
};
use crate::trace::Trace;

/// Decides whether an order that was accepted before may go to market now. What it reserved is
/// its own already: exposure is measured with what it is worth above that, and nothing besides.
///
/// # Errors
/// The first limit that it would cross.
pub(crate) fn check_again<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    terms: &Terms,
    held: &Replaced,
) -> Result<Approved<Terms>, Refusal> {
    let mut terms = *terms;
    let (instrument, limits) = instrument_of(gate, facts)?;
    check_qty(gate, &terms, &instrument, &limits)?;
    check_price(gate, &terms, &instrument)?;
    let px = check_worth(gate, facts, &terms, &instrument, &limits)?;
    check_passive(gate, facts, &terms, &limits)?;
    price_in(gate, facts, &mut terms, px)?;
    let more = held.increase(Qty::ZERO, terms.unit);
    check_ledger(gate, facts, held.account, &terms, (Qty::ZERO, more))?;
    Ok(Approved(terms))
}

/// Whether an order is worth so much that a person must say yes (check 25).
pub(crate) fn needs_approval(facts: &Facts<'_>, terms: &Terms) -> bool {
    let of = |set: Option<&super::limits::LimitSet>| set?.get(Limit::ApprovalNotional);
    let session = of(facts.session.map(|row| &row.set));
    let instrument = of(facts.instrument.map(|row| &row.set));
    let Some(least) = session.into_iter().chain(instrument).min() else {
        return false;
    };
    let Some((defined, limits)) = facts
        .instrument
        .and_then(|row| Some((row.defined?, row.limits(terms.instrument)?)))
    else {
        return true;
    };
    let age_max = limits.quote_age_max;
    let best = facts
        .book
        .best(defined.id, defined.venues, facts.at, age_max);
    let touch = match terms.side {
        Side::Buy => best.ask,
        Side::Sell => best.bid,
    };
    let own = terms.own_px();
    let px = own.or(touch).or_else(|| defined.prev_close.price());
    // What cannot be valued is for a person to judge.
    px.is_none_or(|px| px.times(terms.order_qty).abs().units() >= least)
}
