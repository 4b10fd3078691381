//! Seeded quotes for when no recorded ones are given.
//!
//! The middle of an instrument is a random walk that depends on seed and symbol alone, so that
//! all venues of one seed quote around the same price; each venue adds a spread and noise of its
//! own.

use dcx_model::{Nanos, Price, Qty, Symbol, UnixNanos};

use crate::data::TapeQuote;
use crate::draws::Draws;

/// An instrument as simulators trade it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimInstrument {
    /// Its name on the wire.
    pub symbol: Symbol,
    /// Prices are whole multiples of this.
    pub tick: Price,
    /// Quantities are whole multiples of this.
    pub lot: Qty,
    /// Where the walk begins.
    pub mid: Price,
    /// The least spread, in ticks.
    pub spread_ticks: u32,
    /// The largest step of the walk from one quote to the next, in ticks.
    pub step_ticks: u32,
    /// Quantity at bid and ask where none was recorded.
    pub touch_qty: Qty,
    /// What a client of the simulator orders at most.
    pub order_qty_max: Qty,
}

impl SimInstrument {
    /// The instrument of this name: EURUSD near 1.1, XAUUSD near 1300, BTCUSDT near 60 000, and
    /// anything else near 100 with a tick of 0.01.
    #[must_use]
    pub fn preset(symbol: Symbol) -> Self {
        let (tick, lot, mid, spread_ticks, step_ticks, touch, order_max) = match symbol.as_str() {
            "EURUSD" => (1_000, Qty::whole(1), 110_000, 10, 2, 1_000_000, 20_000),
            "XAUUSD" => (
                100_000,
                Qty::from_units(1_000_000),
                1_300_000,
                300,
                20,
                500,
                10,
            ),
            "BTCUSDT" => (1_000_000, Qty::from_units(1_000), 6_000_000, 20, 100, 5, 1),
            _ => (1_000_000, Qty::whole(1), 10_000, 2, 1, 1_000, 100),
        };
        Self {
            symbol,
            tick: Price::from_units(tick),
            lot,
            mid: Price::from_units(mid * tick),
            spread_ticks,
            step_ticks,
            touch_qty: Qty::whole(touch),
            order_qty_max: Qty::whole(order_max),
        }
    }

    /// The nearest whole tick at or below a price.
    #[must_use]
    pub const fn floor(&self, px: Price) -> Price {
        let tick = self.tick.units();
        Price::from_units(px.units().div_euclid(tick) * tick)
    }

    /// The price so many ticks away, at least one tick above zero.
    #[must_use]
    pub fn away(&self, px: Price, ticks: i64) -> Price {
        let tick = self.tick.units();
        let moved = px.units().saturating_add(ticks.saturating_mul(tick));
        Price::from_units(moved.max(tick))
    }
}

/// Endless quotes of one instrument on one venue.
#[derive(Clone, Debug)]
pub struct Generator {
    instrument: SimInstrument,
    walk: Draws,
    noise: Draws,
    /// The middle of the walk, in ticks.
    mid: i64,
    mid_first: i64,
    at: UnixNanos,
    interval: Nanos,
}

impl Generator {
    /// Quotes of `instrument` on the venue with this number, the first at `start`, one every
    /// `interval`.
    #[must_use]
    pub fn new(
        instrument: SimInstrument,
        seed: u64,
        venue: u64,
        (start, interval): (UnixNanos, Nanos),
    ) -> Self {
        let name = dcx_model::hash(0, instrument.symbol.as_bytes());
        let mid = instrument.mid.units() / instrument.tick.units();
        Self {
            instrument,
            walk: Draws::new(seed ^ name, 0),
            noise: Draws::new(seed ^ name, venue.saturating_add(1)),
            mid,
            mid_first: mid,
            at: start,
            interval,
        }
    }

    /// One step of the walk. It turns back at half and at twice where it began: a price that
    /// wanders to nothing is of no use to anyone.
    fn step(&mut self) {
        let moved = self.mid + self.walk.within(self.instrument.step_ticks);
        if (self.mid_first / 2 + 1..self.mid_first.saturating_mul(2)).contains(&moved) {
            self.mid = moved;
        }
    }
}

impl Iterator for Generator {
    type Item = TapeQuote;

    fn next(&mut self) -> Option<TapeQuote> {
        let spread = i64::from(self.instrument.spread_ticks.max(1));
        let extra = self.noise.below(spread.unsigned_abs() + 1).cast_signed();
        let lean = self.noise.within(self.instrument.spread_ticks / 4);
        let bid = self.mid - spread / 2 - extra / 2 + lean;
        let ask = bid + spread + extra;
        let tick = self.instrument.tick.units();
        let quarter = self.instrument.touch_qty.units() / 4;
        let lot = self.instrument.lot.units();
        let mut qty = || {
            let drawn = quarter + self.noise.below(3 * quarter + 1);
            Qty::from_units((drawn / lot).max(1) * lot)
        };
        let quote = TapeQuote {
            at: self.at,
            bid: Price::from_units(bid.max(1) * tick),
            ask: Price::from_units(ask.max(2) * tick),
            bid_qty: qty(),
            ask_qty: qty(),
            locked: false,
            crossed: false,
            reversed: false,
        };
        self.at = self.at.plus(self.interval);
        self.step();
        Some(quote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotes(symbol: &str, seed: u64, venue: u64) -> Vec<TapeQuote> {
        let instrument = SimInstrument::preset(symbol.parse().unwrap());
        let times = (UnixNanos::from_seconds(1), Nanos::from_millis(10));
        let quotes = Generator::new(instrument, seed, venue, times);
        quotes.take(5_000).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_quotes_and_another_seed_others() {
        assert_eq!(quotes("EURUSD", 7, 0), quotes("EURUSD", 7, 0));
        assert_ne!(quotes("EURUSD", 7, 0), quotes("EURUSD", 8, 0));
    }

    #[test]
    fn venues_of_one_seed_quote_around_one_price() {
        for symbol in ["EURUSD", "XAUUSD", "BTCUSDT", "OTHER"] {
            let instrument = SimInstrument::preset(symbol.parse().unwrap());
            let (first, second) = (quotes(symbol, 7, 0), quotes(symbol, 7, 1));
            assert_ne!(first, second);
            let most =
                u64::from(instrument.spread_ticks) * 3 * instrument.tick.units().unsigned_abs();
            for (one, other) in first.iter().zip(&second) {
                assert!(
                    one.bid.distance(other.bid) <= most,
                    "{symbol} {one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn every_quote_has_a_spread_and_stands_on_the_grid() {
        for symbol in ["EURUSD", "XAUUSD", "BTCUSDT", "OTHER"] {
            let instrument = SimInstrument::preset(symbol.parse().unwrap());
            for quote in quotes(symbol, 1, 0) {
                assert!(quote.bid < quote.ask && quote.bid > Price::ZERO);
                assert!(quote.bid.is_multiple_of(instrument.tick));
                assert!(quote.ask.is_multiple_of(instrument.tick));
                assert!(quote.bid_qty.is_multiple_of(instrument.lot));
                assert!(!quote.bid_qty.is_zero());
            }
        }
    }
}
