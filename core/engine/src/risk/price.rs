//! What an order is worth, and whether its price is one that the market could mean: reference,
//! notional, collar, band, crossed market (checks 2, 3, 4 and 18).

use dcx_model::{Limit, Nanos, Notional, Price, Qty, Refusal, Side};

use super::facts::{Facts, Gate, Scopes};
use super::ledger::worth_of;
use super::limits::Bounds;
use super::{Terms, units};
use crate::book::Best;
use crate::trace::{Check, Trace};

/// What the market says of an instrument now, from what is fresh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Market {
    best: Best,
    age_max: Nanos,
    /// The last trade, or the previous close: where there is no mid.
    last: Option<Price>,
    close: Option<Price>,
}

/// The price that an order is measured by, and twice what that is measured by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Priced {
    pub(super) px: Price,
    /// What one unit of it is reserved at.
    pub(super) unit: Price,
    pub(super) worth: Notional,
}

impl Market {
    pub(super) fn of(facts: &Facts<'_>, rows: &Scopes<'_>) -> Self {
        let limits = &rows.instrument.limits;
        let age_max = limits.quote_age_max;
        let venues = rows.instrument.open_venues();
        let close = rows.defined.prev_close.price();
        let close = close.filter(|_| limits.prev_close_allowed);
        Self {
            best: facts.book.best(rows.defined.id, venues, facts.at, age_max),
            age_max,
            last: rows.instrument.last.fresh(facts.at, age_max).or(close),
            close,
        }
    }

    /// Twice the reference price: the mid, else the last trade, else the previous close.
    fn reference_twice(&self) -> Option<i128> {
        let last = self.last.map(|px| 2 * i128::from(px.units()));
        self.best.mid_twice().or(last).filter(|twice| *twice > 0)
    }

    /// What an order without a limit pays: the far touch, else the reference.
    fn touch(&self, side: Side) -> Option<Price> {
        match (self.best.mid_twice(), side) {
            (Some(_), Side::Buy) => self.best.ask,
            (Some(_), Side::Sell) => self.best.bid,
            (None, _) => self.last,
        }
    }

    /// The price that an order is measured by.
    fn price(&self, terms: &Terms) -> Option<Price> {
        terms.own_px().or_else(|| self.touch(terms.side))
    }

    fn missing(&self) -> Refusal {
        let age_max = self.age_max;
        match self.best.youngest {
            Some(age) if age > age_max => Refusal::QuoteStale { age, age_max },
            Some(_) | None => Refusal::NoReference { age_max },
        }
    }
}

/// The price and the worth of an order. One that reduces is taken as worth nothing where nobody
/// knows its price.
pub(super) fn price<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    market: &Market,
    terms: &Terms,
    reduces: bool,
) -> Result<Priced, Refusal> {
    let px = market.price(terms);
    // What is judged again when it goes to market needs a price to be valued by, no more.
    let valued = terms.is_dormant() && px.is_some();
    let known = market.reference_twice().is_some() || valued;
    let age = market.best.youngest;
    let age = age.map_or(-1, |age| i128::from(age.get()));
    let ages = (age, i128::from(market.age_max.get()));
    gate.require(Check::Reference, ages, known || reduces, || {
        market.missing()
    })?;
    let px = px.unwrap_or_default();
    let unit = facts.ledger.unit(terms.instrument, px);
    let unit = gate.present(Check::Priced, unit, Refusal::Overflow)?;
    let worth = worth_of(unit, terms.order_qty);
    let worth = gate.present(Check::Priced, worth, Refusal::Overflow)?;
    Ok(Priced { px, unit, worth })
}

/// Whether an order's price is near the market (checks 3, 4, 18).
pub(super) fn check_near<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    market: &Market,
    (terms, px): (&Terms, Price),
) -> Result<(), Refusal> {
    let limits = &rows.instrument.limits;
    if terms.is_dormant() {
        // How far a stop is from the market is the client's business. How far the limit is from
        // the stop is not.
        return match (terms.limit_px.price(), terms.stop_px.price()) {
            (Some(limit), Some(stop)) => {
                let twice = 2 * i128::from(stop.units());
                check_collar(gate, limit, twice, limits.collar_bps)
            }
            (Some(_) | None, None) | (None, Some(_)) => Ok(()),
        };
    }
    let twice = market.reference_twice().unwrap_or_default();
    check_collar(gate, px, twice, limits.collar_bps)?;
    check_crossed(gate, rows, market, terms)?;
    if !limits.is_set(Limit::BandBps) {
        return Ok(());
    }
    let median = facts
        .recent
        .bands
        .median(rows.defined.id, facts.at, limits.band_window);
    let close = market.close.map(|close| 2 * i128::from(close.units()));
    let twice = median.or(close).ok_or(Refusal::NoReference {
        age_max: limits.band_window,
    })?;
    check_band(gate, px, twice, limits.band_bps)
}

fn check_collar<T: Trace>(
    gate: &mut Gate<'_, T>,
    px: Price,
    twice: i128,
    bps: u32,
) -> Result<(), Refusal> {
    let (distance, allowed) = distance(px, twice, bps);
    let numbers = (distance, allowed);
    gate.require(Check::Collar, numbers, distance <= allowed, || {
        let bound = bound(px, twice, bps);
        Refusal::OutsideCollar { px, bound }
    })
}

fn check_band<T: Trace>(
    gate: &mut Gate<'_, T>,
    px: Price,
    twice: i128,
    bps: u32,
) -> Result<(), Refusal> {
    let (distance, allowed) = distance(px, twice, bps);
    let numbers = (distance, allowed);
    gate.require(Check::Band, numbers, distance <= allowed, || {
        let bound = bound(px, twice, bps);
        Refusal::OutsideBand { px, bound }
    })
}

/// |px − ref| ≤ bps × ref / 10 000, both sides times 20 000.
fn distance(px: Price, twice: i128, bps: u32) -> (i128, i128) {
    let away = (2 * i128::from(px.units()) - twice).abs();
    (away * 10_000, i128::from(bps) * twice)
}

/// The side of the collar that `px` is beyond: the last price inside.
fn bound(px: Price, twice: i128, bps: u32) -> Price {
    let bps = i128::from(bps);
    let bound = if 2 * i128::from(px.units()) > twice {
        (twice * (10_000 + bps)).div_euclid(20_000)
    } else {
        -(-twice * (10_000 - bps)).div_euclid(20_000)
    };
    Price::from_units(i64::try_from(bound).unwrap_or(i64::MAX))
}

/// Whether the best bid of all venues is above the best offer by no more than is allowed, for an
/// order that would take.
fn check_crossed<T: Trace>(
    gate: &mut Gate<'_, T>,
    rows: &Scopes<'_>,
    market: &Market,
    terms: &Terms,
) -> Result<(), Refusal> {
    let (Some(bid), Some(ask)) = (market.best.bid, market.best.ask) else {
        return Ok(());
    };
    if bid <= ask || !takes(terms, bid, ask) {
        return Ok(());
    }
    let across = i128::from(bid.units()) - i128::from(ask.units());
    let sum = i128::from(bid.units()) + i128::from(ask.units());
    let allowed = i128::from(rows.instrument.limits.crossed_bps_max) * sum;
    let numbers = (across * 20_000, allowed);
    gate.require(Check::Crossed, numbers, across * 20_000 <= allowed, || {
        Refusal::MarketCrossed { bid, ask }
    })
}

/// Whether an order would trade with what is quoted.
fn takes(terms: &Terms, bid: Price, ask: Price) -> bool {
    match (terms.limit_px.price(), terms.side) {
        (Some(px), Side::Buy) => px >= ask,
        (Some(px), Side::Sell) => px <= bid,
        (None, _) => true,
    }
}

/// Whether the worth of an order is within its limits (check 2).
pub(super) fn check_worth<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    notional: Notional,
) -> Result<(), Refusal> {
    let tightest = rows.instrument.limits.order_notional_max;
    let tightest = tightest.min(rows.session.limits.order_notional_max);
    let tightest = tightest.min(rows.strategy.limits.order_notional_max);
    let tightest = tightest.min(rows.account.limits.order_notional_max);
    let tightest = tightest.min(rows.firm.limits.order_notional_max);
    if Gate::<T>::is_far(notional.units(), tightest.units()) {
        return Ok(());
    }
    let [firm, account, strategy, session, instrument] = facts.holder.scopes();
    let levels = [
        (instrument, rows.instrument.limits.order_notional_max),
        (session, rows.session.limits.order_notional_max),
        (strategy, rows.strategy.limits.order_notional_max),
        (account, rows.account.limits.order_notional_max),
        (firm, rows.firm.limits.order_notional_max),
    ];
    for (scope, max) in levels {
        let numbers = (notional.units(), max.units());
        gate.require(Check::Notional, numbers, notional <= max, || {
            Refusal::NotionalAboveMax {
                at: scope.level(),
                notional: notional.rounded_up(),
                max: max.rounded_up(),
            }
        })?;
        let limit = (scope, Limit::OrderNotionalMax);
        gate.note_near(limit, (0, notional.units()), max.units());
    }
    Ok(())
}

/// Whether the quantity is within a multiple of what is usual (check 5).
pub(super) fn check_typical<T: Trace>(
    gate: &mut Gate<'_, T>,
    rows: &Scopes<'_>,
    qty: Qty,
) -> Result<(), Refusal> {
    let limits = &rows.instrument.limits;
    if !limits.is_set(Limit::TypicalMultiple) {
        return Ok(());
    }
    let typical = &rows.instrument.typical;
    let (trades, needed) = (typical.trades(), super::typical::TYPICAL_TRADES_MIN);
    let seen = (i128::from(trades), i128::from(needed));
    let max = typical.limit(limits.typical_multiple);
    gate.require(Check::TypicalKnown, seen, max.is_some(), || {
        Refusal::NoTypicalQty {
            trades: u32::from(trades),
            needed: u32::from(needed),
        }
    })?;
    let max = max.unwrap_or_default();
    gate.require(Check::Typical, (units(qty), units(max)), qty <= max, || {
        Refusal::QtyAboveTypical { qty, max }
    })
}

/// Whether an order's worth makes it wait for a person (check 25).
pub(super) fn needs_approval(rows: &Scopes<'_>, notional: Notional) -> bool {
    let from = [
        rows.firm.limits.approval_notional,
        rows.account.limits.approval_notional,
        rows.strategy.limits.approval_notional,
        rows.session.limits.approval_notional,
        rows.instrument.limits.approval_notional,
    ];
    from.into_iter().any(|from| notional >= from)
}
