//! A price-time order book, with the recorded market as one more taker and maker.
//!
//! Client orders rest here. External liquidity stands at the recorded bid and ask with a size
//! that trading uses up until the next quote. The better price trades first; at the same price
//! client orders trade before external liquidity, in the order they came.

use std::collections::{BTreeMap, HashMap};

use dcx_model::{Price, Qty, Side};

/// What the recorded or seeded market shows: a side without quantity is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct External {
    /// Best bid.
    pub bid: Price,
    /// Best ask.
    pub ask: Price,
    /// Quantity at the bid.
    pub bid_qty: Qty,
    /// Quantity at the ask.
    pub ask_qty: Qty,
}

/// One match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The client order that rested; none where the liquidity was external.
    pub resting: Option<u64>,
    /// At this price.
    pub px: Price,
    /// This much.
    pub qty: Qty,
}

/// How far back an order stands: price first, then arrival.
type Rank = (i64, u64);

#[derive(Clone, Copy, Debug)]
struct Resting {
    order: u64,
    px: Price,
    /// What is shown, which is what trades in one match.
    qty: Qty,
    /// What stands behind it.
    hidden: Qty,
    /// The most that is shown at once; zero where all is.
    clip: Qty,
}

impl Resting {
    fn whole(&self) -> Qty {
        self.qty.plus(self.hidden).unwrap_or(self.qty)
    }
}

/// The book of one instrument.
#[derive(Clone, Debug, Default)]
pub struct Book {
    bids: BTreeMap<Rank, Resting>,
    asks: BTreeMap<Rank, Resting>,
    /// Where each resting order stands. Looked up only, never iterated.
    places: HashMap<u64, (Side, Rank)>,
    external: External,
    arrivals: u64,
}

impl Book {
    /// An empty book without external liquidity.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what is there for an order of `side` and `qty`, at `limit` or better (at any price
    /// without one). Appends the matches to `fills`; returns what is left.
    pub fn take(
        &mut self,
        side: Side,
        limit: Option<Price>,
        qty: Qty,
        fills: &mut Vec<Fill>,
    ) -> Qty {
        let mut left = qty;
        while !left.is_zero() {
            let Some(best) = self.best_against(side, limit) else {
                break;
            };
            let fill = Fill {
                qty: best.qty.min(left),
                ..best
            };
            left = left.saturating_minus(fill.qty);
            match fill.resting {
                Some(order) => self.trade(order, fill.qty),
                None => self.use_up(side, fill.qty),
            }
            fills.push(fill);
        }
        left
    }

    /// How much of `qty` could be taken now.
    #[must_use]
    pub fn available(&self, side: Side, limit: Option<Price>, qty: Qty) -> Qty {
        let mut found = Qty::ZERO;
        let (px, external) = self.external_against(side);
        if reaches(side, limit, px) {
            found = external.min(qty);
        }
        for resting in self.against(side).values() {
            if found >= qty || !reaches(side, limit, resting.px) {
                break;
            }
            found = found.plus(resting.whole()).unwrap_or(qty);
        }
        found.min(qty)
    }

    /// Rests an order behind all others of its price.
    ///
    /// # Panics
    /// If the order rests already.
    pub fn rest(&mut self, order: u64, side: Side, px: Price, qty: Qty) {
        self.rest_iceberg(order, side, px, (qty, Qty::ZERO));
    }

    /// Rests an order that shows at most `clip` at once, all if that is zero. Whenever what it
    /// shows is used up, it shows the next clip, behind all others of its price.
    ///
    /// # Panics
    /// If the order rests already.
    pub fn rest_iceberg(&mut self, order: u64, side: Side, px: Price, (qty, clip): (Qty, Qty)) {
        let shown = if clip.is_zero() { qty } else { qty.min(clip) };
        let resting = Resting {
            order,
            px,
            qty: shown,
            hidden: qty.saturating_minus(shown),
            clip,
        };
        self.put_last(side, resting);
    }

    fn put_last(&mut self, side: Side, resting: Resting) {
        self.arrivals += 1;
        let rank = (rank_px(side, resting.px), self.arrivals);
        let before = self.places.insert(resting.order, (side, rank));
        assert!(before.is_none(), "an order rests once");
        self.own(side).insert(rank, resting);
    }

    /// What of a resting order is shown and what it hides.
    #[must_use]
    pub fn shown(&self, order: u64) -> Option<(Qty, Qty)> {
        let (side, rank) = self.places.get(&order)?;
        let resting = self.against(opposite(*side)).get(rank)?;
        Some((resting.qty, resting.hidden))
    }

    /// Takes an order out; false if it does not rest here.
    pub fn remove(&mut self, order: u64) -> bool {
        let Some((side, rank)) = self.places.remove(&order) else {
            return false;
        };
        self.own(side).remove(&rank);
        true
    }

    /// Makes a resting order smaller without losing its place; nothing left takes it out. What
    /// an iceberg hides goes first.
    pub fn reduce(&mut self, order: u64, by: Qty) {
        let Some(&(side, rank)) = self.places.get(&order) else {
            return;
        };
        let Some(resting) = self.own(side).get_mut(&rank) else {
            return;
        };
        let shown = by.saturating_minus(resting.hidden);
        resting.hidden = resting.hidden.saturating_minus(by);
        resting.qty = resting.qty.saturating_minus(shown);
        if resting.qty.is_zero() {
            self.remove(order);
        }
    }

    /// Trades what a resting order shows; an iceberg then shows its next clip.
    fn trade(&mut self, order: u64, qty: Qty) {
        let Some(&(side, rank)) = self.places.get(&order) else {
            return;
        };
        let Some(resting) = self.own(side).get_mut(&rank) else {
            return;
        };
        resting.qty = resting.qty.saturating_minus(qty);
        if !resting.qty.is_zero() {
            return;
        }
        let used_up = *resting;
        self.remove(order);
        if !used_up.hidden.is_zero() {
            let shown = used_up.hidden.min(used_up.clip);
            let next = Resting {
                qty: shown,
                hidden: used_up.hidden.saturating_minus(shown),
                ..used_up
            };
            self.put_last(side, next);
        }
    }

    /// Takes a new external quote; resting orders that it crosses trade at their own price, as
    /// far as its size reaches. Appends those matches to `fills`.
    pub fn quote(&mut self, external: External, fills: &mut Vec<Fill>) {
        self.external = external;
        for taker in [Side::Sell, Side::Buy] {
            self.cross(taker, fills);
        }
    }

    /// The external liquidity that is left.
    #[must_use]
    pub const fn external(&self) -> External {
        self.external
    }

    /// How many orders rest.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none rests.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The external side `taker` trades with the resting orders that it reaches.
    fn cross(&mut self, taker: Side, fills: &mut Vec<Fill>) {
        // External sellers stand at the ask, which is what a buying client would trade against.
        let maker = opposite(taker);
        loop {
            let (px, qty) = self.external_against(maker);
            let Some((_, best)) = self.against(taker).first_key_value() else {
                return;
            };
            if qty.is_zero() || !reaches(taker, Some(px), best.px) {
                return;
            }
            let fill = Fill {
                resting: Some(best.order),
                px: best.px,
                qty: best.qty.min(qty),
            };
            self.trade(best.order, fill.qty);
            self.use_up(maker, fill.qty);
            fills.push(fill);
        }
    }

    /// The best that an order of `side` finds within its limit.
    fn best_against(&self, side: Side, limit: Option<Price>) -> Option<Fill> {
        let resting = self.against(side).values().next().map(|best| Fill {
            resting: Some(best.order),
            px: best.px,
            qty: best.qty,
        });
        let (px, qty) = self.external_against(side);
        let external = (!qty.is_zero()).then_some(Fill {
            resting: None,
            px,
            qty,
        });
        let best = match (resting, external) {
            (Some(resting), Some(external)) if better(side, external.px, resting.px) => external,
            (Some(resting), _) => resting,
            (None, external) => external?,
        };
        reaches(side, limit, best.px).then_some(best)
    }

    /// Price and quantity of the external liquidity that an order of `side` meets.
    const fn external_against(&self, side: Side) -> (Price, Qty) {
        match side {
            Side::Buy => (self.external.ask, self.external.ask_qty),
            Side::Sell => (self.external.bid, self.external.bid_qty),
        }
    }

    fn use_up(&mut self, side: Side, qty: Qty) {
        let left = match side {
            Side::Buy => &mut self.external.ask_qty,
            Side::Sell => &mut self.external.bid_qty,
        };
        *left = left.saturating_minus(qty);
    }

    const fn own(&mut self, side: Side) -> &mut BTreeMap<Rank, Resting> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    const fn against(&self, side: Side) -> &BTreeMap<Rank, Resting> {
        match side {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
        }
    }
}

pub(crate) const fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

/// Lower is better placed: bids from the highest, asks from the lowest.
const fn rank_px(side: Side, px: Price) -> i64 {
    match side {
        Side::Buy => -px.units(),
        Side::Sell => px.units(),
    }
}

/// Whether an order of `side` would rather trade at `one` than at `other`.
fn better(side: Side, one: Price, other: Price) -> bool {
    match side {
        Side::Buy => one < other,
        Side::Sell => one > other,
    }
}

/// Whether an order of `side` with this limit may trade at `px`.
pub(crate) fn reaches(side: Side, limit: Option<Price>, px: Price) -> bool {
    limit.is_none_or(|limit| !better(side, limit, px))
}
