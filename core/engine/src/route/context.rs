//! What an order and its market are like, in a few classes: what may tell venues apart.

use dcx_model::{NANOS_PER_S, Qty, Side, UnixNanos};

use super::digest_float;
use crate::digest::Words;

/// Numbers in a context as a linear model sees it.
pub const CONTEXT_SIZE: usize = 8;

/// Side, size, spread, volatility and time of an order, packed as a record keeps them.
///
/// # Layout
/// From the lowest bit: side 1 (1 is sell), size 2, spread 2, volatility 2 (each 0 low, 1 usual,
/// 2 high), time 3 (the four hours of the UTC day).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Context(u16);

impl Context {
    /// To buy what is usual, when all is as usual, after midnight.
    pub const PLAIN: Self = Self::new(Side::Buy, 1, 1, 1, 0);

    /// The context of these classes; each beyond its highest is taken as that.
    #[must_use]
    pub const fn new(side: Side, size: u16, spread: u16, volatility: u16, time: u16) -> Self {
        let side = match side {
            Side::Buy => 0,
            Side::Sell => 1,
        };
        let (size, spread) = (least(size, 2), least(spread, 2));
        let (volatility, time) = (least(volatility, 2), least(time, 5));
        Self(side | size << 1 | spread << 3 | volatility << 5 | time << 7)
    }

    /// The context that a record's bits stand for.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// As a record keeps it.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Which side.
    #[must_use]
    pub const fn side(self) -> Side {
        if self.0 & 1 == 0 {
            Side::Buy
        } else {
            Side::Sell
        }
    }

    /// Its quantity against what is usual: 0 small, 1 usual, 2 large.
    #[must_use]
    pub const fn size(self) -> u16 {
        least(self.0 >> 1 & 3, 2)
    }

    /// The spread against what is usual: 0 tight, 1 usual, 2 wide.
    #[must_use]
    pub const fn spread(self) -> u16 {
        least(self.0 >> 3 & 3, 2)
    }

    /// The volatility against what is usual: 0 calm, 1 usual, 2 wild.
    #[must_use]
    pub const fn volatility(self) -> u16 {
        least(self.0 >> 5 & 3, 2)
    }

    /// The four hours of the UTC day, 0 to 5.
    #[must_use]
    pub const fn time(self) -> u16 {
        least(self.0 >> 7 & 7, 5)
    }

    /// The context as numbers: one, then side, size, spread and volatility as half of −1, 0 or 1,
    /// then where the day stands on its circle, and large orders in wide markets apart.
    #[must_use]
    pub fn features(self) -> [f32; CONTEXT_SIZE] {
        /// Half of the cosine and sine of the middle of each four hours.
        const CIRCLE: [(f32, f32); 6] = [
            (0.433_012_7, 0.25),
            (0.0, 0.5),
            (-0.433_012_7, 0.25),
            (-0.433_012_7, -0.25),
            (0.0, -0.5),
            (0.433_012_7, -0.25),
        ];
        let half = |class: u16| f32::from(class) * 0.5 - 0.5;
        let (size, spread) = (half(self.size()), half(self.spread()));
        let circle = CIRCLE.get(usize::from(self.time()));
        let (cos, sin) = circle.copied().unwrap_or_default();
        [
            1.0,
            f32::from(self.0 & 1) - 0.5,
            size,
            spread,
            half(self.volatility()),
            cos,
            sin,
            size * spread * 2.0,
        ]
    }
}

const fn least(one: u16, other: u16) -> u16 {
    if one < other { one } else { other }
}

/// What is usual in an instrument, from its quotes and orders: what a context is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Surroundings {
    qty_mean: f64,
    /// Twice the mid of the last quote.
    mid_twice: f64,
    spread_bps: f64,
    spread_mean: f64,
    /// Squared moves of the mid, forgotten fast and slowly.
    moves_fast: f64,
    moves_slow: f64,
    /// How many moves these are the means of, no more than are remembered slowly.
    moves: u16,
}

/// Weights of a new value in the averages.
const QTY: f64 = 1.0 / 64.0;
const SPREAD: f64 = 1.0 / 256.0;
const FAST: f64 = 1.0 / 32.0;
const SLOW: f64 = 1.0 / SLOW_MOVES as f64;
const SLOW_MOVES: u16 = 1_024;

/// Fewer moves say nothing about what is usual.
const MOVES_MIN: u16 = 64;

/// A market is not wild before a usual move of its mid is this part of its usual spread: below it
/// is venues taking turns at the touch.
const WILD_SPREADS: f64 = 0.25;

impl Surroundings {
    /// Takes in the best bid and offer over all venues, in any unit of price.
    pub fn quote(&mut self, bid: i64, ask: i64) {
        let (bid, ask) = (price(bid), price(ask));
        let mid_twice = bid + ask;
        if mid_twice <= 0.0 {
            return;
        }
        self.spread_bps = (2e4 * (ask - bid) / mid_twice).max(0.0);
        if self.mid_twice > 0.0 {
            let moved = 1e4 * (mid_twice - self.mid_twice) / self.mid_twice;
            let squared = moved * moved;
            self.moves = (self.moves + 1).min(SLOW_MOVES);
            // Plain means until there are as many as are remembered: began both at nothing, the
            // slow one would stay behind for a thousand quotes and all of them would seem wild.
            let first = 1.0 / f64::from(self.moves);
            self.moves_fast += FAST.max(first) * (squared - self.moves_fast);
            self.moves_slow += SLOW.max(first) * (squared - self.moves_slow);
            self.spread_mean += SPREAD * (self.spread_bps - self.spread_mean);
        } else {
            self.spread_mean = self.spread_bps;
        }
        self.mid_twice = mid_twice;
    }

    /// The context of an order of this quantity now, which becomes part of what is usual.
    pub fn context(&mut self, side: Side, qty: Qty, at: UnixNanos) -> Context {
        let qty = quantity(qty);
        let size = class(qty, self.qty_mean, 0.5, 2.0);
        self.qty_mean = if self.qty_mean > 0.0 {
            self.qty_mean + QTY * (qty - self.qty_mean)
        } else {
            qty
        };
        let spread = class(self.spread_bps, self.spread_mean, 0.75, 1.5);
        let volatility = self.volatility();
        let hours = at.get() / (4 * 3_600 * NANOS_PER_S) % 6;
        let time = u16::try_from(hours).unwrap_or(0);
        Context::new(side, size, spread, volatility, time)
    }

    /// How the mid moves now against how it usually does in this instrument.
    fn volatility(&self) -> u16 {
        const USUAL: u16 = 1;
        if self.moves < MOVES_MIN {
            return USUAL;
        }
        let least = WILD_SPREADS * self.spread_mean;
        let class = class(self.moves_fast, self.moves_slow, 0.5, 2.0);
        if class > USUAL && self.moves_fast < least * least {
            USUAL
        } else {
            class
        }
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(u64::from(self.moves));
        digest_float(words, self.qty_mean);
        digest_float(words, self.mid_twice);
        digest_float(words, self.spread_bps);
        digest_float(words, self.spread_mean);
        digest_float(words, self.moves_fast);
        digest_float(words, self.moves_slow);
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// 0 below `low` times what is usual, 2 above `high` times that, else 1.
fn class(value: f64, usual: f64, low: f64, high: f64) -> u16 {
    if usual <= 0.0 {
        1
    } else if value < low * usual {
        0
    } else {
        1 + u16::from(value > high * usual)
    }
}

#[expect(clippy::cast_precision_loss, reason = "classes need no 63 bits")]
const fn price(units: i64) -> f64 {
    units as f64
}

#[expect(clippy::cast_precision_loss, reason = "classes need no 64 bits")]
const fn quantity(qty: Qty) -> f64 {
    qty.units() as f64
}
