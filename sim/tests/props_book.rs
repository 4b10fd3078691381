//! The book against a twin that is a plain list searched from end to end.

use dcx_model::{Price, Qty, Side};
use dcx_sim::venue::{Book, External, Fill};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
struct Resting {
    order: u64,
    side: Side,
    px: i64,
    /// What is shown.
    qty: u64,
    hidden: u64,
    /// The most that is shown; zero where all is.
    clip: u64,
}

/// The naive book: orders in the order they came; the best is found by looking at all.
#[derive(Debug, Default)]
struct Twin {
    resting: Vec<Resting>,
    external: External,
}

impl Twin {
    /// The place of the order that `side` would trade with first; the first of equals.
    fn best(&self, side: Side) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (at, resting) in self.resting.iter().enumerate() {
            if resting.side == side {
                continue;
            }
            let wins = best.is_none_or(|best| match side {
                Side::Buy => resting.px < self.resting[best].px,
                Side::Sell => resting.px > self.resting[best].px,
            });
            if wins {
                best = Some(at);
            }
        }
        best
    }

    fn external(&mut self, side: Side) -> (i64, &mut Qty) {
        match side {
            Side::Buy => (self.external.ask.units(), &mut self.external.ask_qty),
            Side::Sell => (self.external.bid.units(), &mut self.external.bid_qty),
        }
    }

    fn fill_resting(&mut self, at: usize, qty: u64) -> Fill {
        let resting = &mut self.resting[at];
        resting.qty -= qty;
        let fill = Fill {
            resting: Some(resting.order),
            px: Price::from_units(resting.px),
            qty: Qty::from_units(qty),
        };
        if resting.qty == 0 {
            let used_up = self.resting.remove(at);
            if used_up.hidden > 0 {
                // The next clip stands behind all others.
                let shown = used_up.hidden.min(used_up.clip);
                self.resting.push(Resting {
                    qty: shown,
                    hidden: used_up.hidden - shown,
                    ..used_up
                });
            }
        }
        fill
    }

    fn rest(&mut self, order: u64, (side, px): (Side, i64), (qty, clip): (u64, u64)) {
        let shown = if clip == 0 { qty } else { qty.min(clip) };
        self.resting.push(Resting {
            order,
            side,
            px,
            qty: shown,
            hidden: qty - shown,
            clip,
        });
    }

    fn take(&mut self, side: Side, limit: Option<i64>, mut qty: u64) -> (Vec<Fill>, u64) {
        let mut fills = Vec::new();
        while qty > 0 {
            let best = self.best(side);
            let resting_px = best.map(|at| self.resting[at].px);
            let (external_px, external_qty) = self.external(side);
            let external = !external_qty.is_zero();
            let external_wins = external
                && resting_px.is_none_or(|px| match side {
                    Side::Buy => external_px < px,
                    Side::Sell => external_px > px,
                });
            let Some(px) = (if external_wins {
                Some(external_px)
            } else {
                resting_px
            }) else {
                break;
            };
            let within = limit.is_none_or(|limit| match side {
                Side::Buy => px <= limit,
                Side::Sell => px >= limit,
            });
            if !within {
                break;
            }
            if external_wins {
                let filled = qty.min(external_qty.units());
                *external_qty = Qty::from_units(external_qty.units() - filled);
                qty -= filled;
                fills.push(Fill {
                    resting: None,
                    px: Price::from_units(px),
                    qty: Qty::from_units(filled),
                });
            } else if let Some(at) = best {
                let filled = qty.min(self.resting[at].qty);
                qty -= filled;
                fills.push(self.fill_resting(at, filled));
            }
        }
        (fills, qty)
    }

    fn quote(&mut self, external: External) -> Vec<Fill> {
        self.external = external;
        let mut fills = Vec::new();
        for taker in [Side::Sell, Side::Buy] {
            let maker = if taker == Side::Sell {
                Side::Buy
            } else {
                Side::Sell
            };
            while let Some(at) = self.best(taker) {
                let resting = self.resting[at];
                let (px, qty) = self.external(maker);
                let crossed = match taker {
                    Side::Sell => resting.px >= px,
                    Side::Buy => resting.px <= px,
                };
                let qty = qty.units();
                if qty == 0 || !crossed {
                    break;
                }
                let filled = qty.min(resting.qty);
                *self.external(maker).1 = Qty::from_units(qty - filled);
                fills.push(self.fill_resting(at, filled));
            }
        }
        fills
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A limit order that takes what it reaches and rests with the remainder, of which it shows
    /// so much at once, all if that is zero.
    Limit(Side, i64, u64, u64),
    Market(Side, u64),
    Quote(i64, i64, u64, u64),
    Remove(u64),
    Reduce(u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let side = || prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        5 => (side(), 90..110_i64, 1..20_u64, prop_oneof![Just(0), 1..6_u64])
            .prop_map(|(side, px, qty, clip)| Step::Limit(side, px, qty, clip)),
        1 => (side(), 1..30_u64).prop_map(|(side, qty)| Step::Market(side, qty)),
        2 => (90..110_i64, 0..6_i64, 0..30_u64, 0..30_u64)
            .prop_map(|(bid, spread, b, a)| Step::Quote(bid, bid + spread, b, a)),
        1 => (0..60_u64).prop_map(Step::Remove),
        1 => (0..60_u64, 1..20_u64).prop_map(|(order, by)| Step::Reduce(order, by)),
    ]
}

proptest! {
    /// Whatever is done to both, they trade the same orders at the same prices in the same order.
    #[test]
    fn the_book_trades_as_a_plain_list_would(steps in prop::collection::vec(step(), 1..80)) {
        let (mut book, mut twin) = (Book::new(), Twin::default());
        for (order, step) in (0_u64..).zip(steps) {
            let mut fills = Vec::new();
            match step {
                Step::Limit(side, px, qty, clip) => {
                    let (limit, wanted) = (Price::from_units(px), Qty::from_units(qty));
                    let available = book.available(side, Some(limit), wanted);
                    let left = book.take(side, Some(limit), wanted, &mut fills);
                    let (expected, twin_left) = twin.take(side, Some(px), qty);
                    prop_assert_eq!(&fills, &expected);
                    prop_assert_eq!(left.units(), twin_left);
                    prop_assert_eq!(available.units(), qty - twin_left);
                    if !left.is_zero() {
                        let clipped = (left, Qty::from_units(clip));
                        book.rest_iceberg(order, side, limit, clipped);
                        twin.rest(order, (side, px), (twin_left, clip));
                    }
                }
                Step::Market(side, qty) => {
                    let left = book.take(side, None, Qty::from_units(qty), &mut fills);
                    let (expected, twin_left) = twin.take(side, None, qty);
                    prop_assert_eq!(&fills, &expected);
                    prop_assert_eq!(left.units(), twin_left);
                }
                Step::Quote(bid, ask, bid_qty, ask_qty) => {
                    let external = External {
                        bid: Price::from_units(bid),
                        ask: Price::from_units(ask),
                        bid_qty: Qty::from_units(bid_qty),
                        ask_qty: Qty::from_units(ask_qty),
                    };
                    book.quote(external, &mut fills);
                    prop_assert_eq!(&fills, &twin.quote(external));
                }
                Step::Remove(order) => {
                    let known = twin.resting.iter().position(|resting| resting.order == order);
                    prop_assert_eq!(book.remove(order), known.is_some());
                    if let Some(at) = known {
                        twin.resting.remove(at);
                    }
                }
                Step::Reduce(order, by) => {
                    book.reduce(order, Qty::from_units(by));
                    if let Some(at) = twin.resting.iter().position(|r| r.order == order) {
                        let resting = &mut twin.resting[at];
                        let shown = by.saturating_sub(resting.hidden);
                        resting.hidden = resting.hidden.saturating_sub(by);
                        resting.qty = resting.qty.saturating_sub(shown);
                        if resting.qty == 0 {
                            twin.resting.remove(at);
                        }
                    }
                }
            }
            prop_assert_eq!(book.external(), twin.external);
            prop_assert_eq!(book.len(), twin.resting.len());
        }
    }
}
