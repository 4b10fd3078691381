//! The figures: costs in basis points, each with the worth or quantity that it rests on.
//!
//! A cost is positive where it hurt; a markout is positive where the price went our way.

use std::collections::BTreeMap;

use dcx_model::{Algo, InstrumentId, Qty, Side, VenueId};

use super::HORIZONS_MS;
use super::gather::{Child, Fill, Gathered, MidTwice, Parent, Prints};

/// A mean with the weights that it rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Mean {
    sum: f64,
    weight: f64,
    /// How many were taken.
    pub(super) count: u64,
}

impl Mean {
    fn take(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
        self.count += 1;
    }

    /// The mean; none of nothing.
    pub(super) fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// Means of the price's way after a fill, by horizon.
pub(super) type Markouts = [Mean; HORIZONS_MS.len()];

/// What one order cost, in basis points of its worth at arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cost {
    /// Filled quantity against the arrival mid.
    pub(super) execution_bps: f64,
    /// What was not filled, against the mid when the order ended.
    pub(super) opportunity_bps: f64,
    /// What the venues charged.
    pub(super) fee_bps: f64,
}

impl Cost {
    /// Implementation shortfall (Perold 1988).
    pub(super) fn shortfall_bps(&self) -> f64 {
        self.execution_bps + self.opportunity_bps + self.fee_bps
    }
}

/// Orders of one instrument and algorithm.
#[derive(Clone, Debug, Default)]
pub(super) struct AlgoRow {
    pub(super) orders: u64,
    pub(super) order_qty: u128,
    pub(super) filled_qty: u128,
    pub(super) execution: Mean,
    pub(super) opportunity: Mean,
    pub(super) fee: Mean,
    pub(super) shortfall: Mean,
    pub(super) vwap: Mean,
    pub(super) markouts: Markouts,
}

/// Child orders of one instrument at one venue.
#[derive(Clone, Debug, Default)]
pub(super) struct VenueRow {
    pub(super) children: u64,
    pub(super) rejects: u64,
    pub(super) sent_qty: u128,
    pub(super) filled_qty: u128,
    pub(super) fills: u64,
    pub(super) answer_ms: Mean,
    pub(super) slippage: Mean,
    pub(super) fee: Mean,
    pub(super) markouts: Markouts,
}

/// Everything that is reported.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) orders: u64,
    pub(super) filled: u64,
    pub(super) algos: BTreeMap<(String, String), AlgoRow>,
    pub(super) venues: BTreeMap<(String, String), VenueRow>,
    /// Orders that came while there was no mid: they have no arrival price and no shortfall.
    pub(super) without_arrival: u64,
    pub(super) fills_without_order: u64,
    /// Whether the replay gave what the run gave.
    pub(super) equal: bool,
}

impl Report {
    pub(super) fn of(gathered: &Gathered, equal: bool) -> Self {
        let mut report = Self {
            orders: gathered.orders.len() as u64,
            filled: 0,
            algos: BTreeMap::new(),
            venues: BTreeMap::new(),
            without_arrival: 0,
            fills_without_order: gathered.fills_without_order,
            equal,
        };
        for child in gathered.children.values() {
            report.take_child(gathered, child);
        }
        for order in gathered.orders.values() {
            report.take_order(gathered, order);
        }
        report
    }

    fn take_child(&mut self, gathered: &Gathered, child: &Child) {
        let row = self.venue_row(gathered, child.instrument, child.venue);
        row.children += 1;
        row.rejects += u64::from(child.rejected);
        row.sent_qty += u128::from(child.qty.units());
        if let Some(answered) = child.answered {
            row.answer_ms.take(answered.get() as f64 / 1e6, 1.0);
        }
    }

    fn take_order(&mut self, gathered: &Gathered, order: &Parent) {
        let filled = filled(order);
        self.filled += u64::from(filled >= order.order_qty && !filled.is_zero());
        self.without_arrival += u64::from(order.arrival.is_none());
        for fill in order.fills.iter().filter(|fill| !fill.qty.is_zero()) {
            self.take_fill(gathered, order, fill);
        }
        let key = (
            gathered.names.symbol(order.instrument),
            algo_name(order.algo),
        );
        let row = self.algos.entry(key).or_default();
        row.orders += 1;
        row.order_qty += u128::from(order.order_qty.units());
        row.filled_qty += u128::from(filled.units());
        if let (Some(cost), Some(arrival)) = (cost(gathered, order), order.arrival) {
            let worth = mid(arrival) * order.order_qty.units() as f64;
            row.execution.take(cost.execution_bps, worth);
            row.opportunity.take(cost.opportunity_bps, worth);
            row.fee.take(cost.fee_bps, worth);
            row.shortfall.take(cost.shortfall_bps(), worth);
        }
        if let Some(bps) = vwap_bps(order) {
            row.vwap.take(bps, filled.units() as f64);
        }
        for fill in &order.fills {
            take_markouts(&mut row.markouts, order.side, fill);
        }
    }

    fn take_fill(&mut self, gathered: &Gathered, order: &Parent, fill: &Fill) {
        let decision = gathered.children.get(&fill.child).and_then(|c| c.decision);
        let fee_bps = fee_bps(gathered, fill.venue);
        let row = self.venue_row(gathered, order.instrument, fill.venue);
        row.fills += 1;
        row.filled_qty += u128::from(fill.qty.units());
        let weight = worth(fill);
        row.fee.take(fee_bps, weight);
        if let Some(decision) = decision {
            let mid = mid(decision);
            let bps = sign(order.side) * (fill.px.units() as f64 - mid) / mid * 1e4;
            row.slippage.take(bps, weight);
        }
        take_markouts(&mut row.markouts, order.side, fill);
    }

    fn venue_row(
        &mut self,
        gathered: &Gathered,
        instrument: InstrumentId,
        venue: VenueId,
    ) -> &mut VenueRow {
        let names = &gathered.names;
        let key = (names.symbol(instrument), names.venue(venue));
        self.venues.entry(key).or_default()
    }
}

fn take_markouts(markouts: &mut Markouts, side: Side, fill: &Fill) {
    for (mean, after) in markouts.iter_mut().zip(fill.after) {
        if let Some(bps) = markout_bps(side, fill, after) {
            mean.take(bps, worth(fill));
        }
    }
}

/// How far the price went our way after a fill, in basis points of the fill's price.
fn markout_bps(side: Side, fill: &Fill, after: MidTwice) -> Option<f64> {
    let px = fill.px.units() as f64;
    let moved = mid(after?) - px;
    (px > 0.0 && !fill.qty.is_zero()).then(|| sign(side) * moved / px * 1e4)
}

/// What an order cost; none without an arrival price, or where its end has none and something was
/// left.
pub(super) fn cost(gathered: &Gathered, order: &Parent) -> Option<Cost> {
    let arrival = mid(order.arrival?);
    let ordered = order.order_qty.units() as f64;
    if ordered <= 0.0 {
        return None;
    }
    let (mut execution, mut fees) = (0.0, 0.0);
    for fill in &order.fills {
        let qty = fill.qty.units() as f64;
        execution += qty * (fill.px.units() as f64 - arrival);
        fees += worth(fill) * fee_bps(gathered, fill.venue) / 1e4;
    }
    let left = order.order_qty.saturating_minus(filled(order));
    let moved = match order.closing {
        Some(closing) => mid(closing) - arrival,
        None if left.is_zero() => 0.0,
        None => return None,
    };
    let side = sign(order.side);
    let whole = arrival * ordered / 1e4;
    Some(Cost {
        execution_bps: side * execution / whole,
        opportunity_bps: side * moved * left.units() as f64 / whole,
        fee_bps: fees / whole,
    })
}

/// The order's average price against that of the market's trades while it worked; none where it
/// was not filled or no trade was seen.
pub(super) fn vwap_bps(order: &Parent) -> Option<f64> {
    let Prints {
        qty,
        worth: printed,
    } = order.market;
    let filled = filled(order).units() as f64;
    if qty <= 0 || filled <= 0.0 {
        return None;
    }
    let vwap = printed as f64 / qty as f64;
    let paid = order.fills.iter().map(worth).sum::<f64>() / filled;
    Some(sign(order.side) * (paid - vwap) / vwap * 1e4)
}

/// What is filled of an order, with what was taken back left out.
pub(super) fn filled(order: &Parent) -> Qty {
    let sum = order.fills.iter().map(|fill| fill.qty);
    Qty::sum(sum).unwrap_or(Qty::ZERO)
}

/// The algorithm's name, as the journal's export has it.
pub(super) fn algo_name(algo: Algo) -> String {
    format!("{algo:?}")
}

fn fee_bps(gathered: &Gathered, venue: VenueId) -> f64 {
    let fee = gathered.fees_centi_bps.get(&venue);
    f64::from(fee.copied().unwrap_or(0)) / 100.0
}

fn worth(fill: &Fill) -> f64 {
    fill.px.units() as f64 * fill.qty.units() as f64
}

/// The mid that a [`MidTwice`] is twice of, in price units.
pub(super) fn mid(twice: i128) -> f64 {
    twice as f64 / 2.0
}

/// A buyer is hurt by a higher price, a seller by a lower one.
fn sign(side: Side) -> f64 {
    match side {
        Side::Buy => 1.0,
        Side::Sell => -1.0,
    }
}
