//! One entity's stand in one instrument, and what the firm knows of the instrument.

use dcx_model::{Price, Qty, Side};

use super::NONE;
use crate::digest::Words;
use crate::pool::NIL;
use crate::risk::var::Mapping;

/// No position is valued above this, of either sign, in units of 10⁻¹⁶: 2·10¹⁵ of the firm's
/// currency. The widths of the sums rest on it: 2¹⁴ instruments of it stay far below 2¹²⁷.
const VALUE_MAX: i128 = 1 << 104;

/// No margin of a row is above this, in units of 10⁻²⁰.
const MARGIN_MAX: i128 = 1 << 112;

/// While the parts of a row's gross, and what is added to it, have no more bits than this, its
/// margin is its worth times the basis points, exactly: the product is below 2¹¹², which is
/// [`MARGIN_MAX`].
const EXACT_BITS: u32 = 78;

/// The bit of [`Row::margin`] of a position that has no mark.
const UNMARKED: u32 = 1 << 31;

/// What a row adds to the sums of its entity. A function of the row alone: what is added when it
/// changes is the difference of both, so that the sums are always those of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) value: i128,
    pub(super) buys: i128,
    pub(super) sells: i128,
    /// Notional times basis points.
    pub(super) margin: i128,
    pub(super) unmarked: bool,
}

/// A change of what the orders of one side may still do: what goes and what comes in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Working {
    pub(super) side: Side,
    out_qty: i128,
    out_worth: i128,
    in_qty: i128,
    in_worth: i128,
    /// What margin the worth that comes has more than the one that goes, where it is exact.
    margin: i128,
}

impl Working {
    /// From one quantity at so much each to another, of an instrument with this margin.
    pub(super) fn between(
        side: Side,
        before: (Qty, Price),
        after: (Qty, Price),
        margin_bps: u32,
    ) -> Self {
        let (out_worth, in_worth) = (before.1.times(before.0), after.1.times(after.0));
        let worth = in_worth.units() - out_worth.units();
        Self {
            side,
            out_qty: i128::from(before.0.units()),
            out_worth: out_worth.units(),
            in_qty: i128::from(after.0.units()),
            in_worth: in_worth.units(),
            // Below 2¹¹⁰ where it is used.
            margin: worth.wrapping_mul(i128::from(margin_bps)),
        }
    }

    /// How much more worth there is after it.
    pub(super) const fn worth(&self) -> i128 {
        self.in_worth - self.out_worth
    }

    /// How much more margin there is after it, where the row [takes](Row::takes) it.
    pub(super) const fn margin(&self) -> i128 {
        self.margin
    }
}

/// One entity's stand in one instrument. Two cache lines: what is compared with quantities, and
/// what is compared with worth.
///
/// # Units
/// Quantities in 10⁻⁸; value, reserves and cash in 10⁻¹⁶ of the firm's currency.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Row {
    /// Entity and instrument.
    pub(super) key: u64,
    /// The next row of the instrument.
    pub(super) next: u32,
    /// Margin of worth, in basis points, and [`UNMARKED`].
    margin: u32,
    /// Negative is short.
    pub(super) position: i128,
    /// What open orders to buy may still add.
    pub(super) working_buy: i128,
    /// What open orders to sell may still take away.
    pub(super) working_sell: i128,
    /// Position times mark.
    pub(super) value: i128,
    /// Worth of the open orders to buy.
    pub(super) buys: i128,
    /// Worth of the open orders to sell.
    pub(super) sells: i128,
    /// Sold less bought.
    pub(super) cash: i128,
}

impl Row {
    pub(super) fn entity(&self) -> usize {
        (self.key >> 32) as usize
    }

    /// A row of which nothing is known.
    pub(super) fn new(key: u64, next: u32, margin_bps: u32) -> Self {
        Self {
            key,
            next,
            margin: margin_bps.min(UNMARKED - 1),
            ..Self::default()
        }
    }

    pub(super) fn share(&self) -> Share {
        Share {
            value: self.value,
            buys: self.buys,
            sells: self.sells,
            margin: margin_of(self.gross(), self.margin & (UNMARKED - 1)),
            unmarked: self.margin & UNMARKED != 0,
        }
    }

    /// Worth of the position and of all working orders.
    pub(super) const fn gross(&self) -> i128 {
        self.value.abs() + self.buys + self.sells
    }

    /// Values the position anew.
    pub(super) fn mark(&mut self, mark: Option<i64>, margin_bps: u32) {
        self.value = value_of(self.position, mark.unwrap_or_default());
        let unmarked = mark.is_none() && self.position != 0;
        let flag = if unmarked { UNMARKED } else { 0 };
        self.margin = margin_bps.min(UNMARKED - 1) | flag;
    }

    /// Takes in what orders may do from now on instead of what they might do before.
    pub(super) fn work(&mut self, change: &Working) {
        let (working, worth) = self.side(change.side);
        *working -= change.out_qty;
        *worth -= change.out_worth;
        assert!(
            *working >= 0 && *worth >= 0,
            "never more is released than was reserved"
        );
        assert!(
            *working != 0 || *worth == 0,
            "no worth stays reserved without a quantity"
        );
        *working += change.in_qty;
        *worth += change.in_worth;
    }

    /// Whether such a change is all that the sums of the row's entity have to follow: the row is
    /// marked as it should be, and its margin grows and shrinks with its worth.
    pub(super) fn takes(&self, change: &Working, mark: Option<i64>, margin_bps: u32) -> bool {
        let marked = match (i64::try_from(self.position), mark) {
            (Ok(0), _) => self.value == 0,
            (Ok(position), Some(mark)) => {
                self.value == i128::from(position).wrapping_mul(i128::from(mark))
            }
            (Ok(_), None) | (Err(_), _) => false,
        };
        // None of the four has a bit above: their sum is below 2⁸⁰.
        let sizes = self.value.unsigned_abs() | (self.buys | self.sells).cast_unsigned();
        let exact = (sizes | change.in_worth.cast_unsigned()) >> EXACT_BITS == 0;
        // An unmarked row has the flag besides.
        marked && exact && self.margin == margin_bps
    }

    /// Changes position and cash by a trade of a signed quantity.
    pub(super) const fn trade(&mut self, units: i128, paid: i128) {
        self.position += units;
        self.cash = self.cash.saturating_sub(paid);
    }

    /// The position with every working order of a side filled, and `more` besides; positive when
    /// it is on that side.
    pub(super) fn would_be(&self, side: Side, more: Qty) -> i128 {
        let more = i128::from(more.units());
        match side {
            Side::Buy => self.position + self.working_buy + more,
            Side::Sell => self.working_sell + more - self.position,
        }
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.key);
        words.u64(u64::from(self.margin));
        words.i128(self.position);
        words.i128(self.working_buy);
        words.i128(self.working_sell);
        words.i128(self.value);
        words.i128(self.buys);
        words.i128(self.sells);
        words.i128(self.cash);
    }

    const fn side(&mut self, side: Side) -> (&mut i128, &mut i128) {
        match side {
            Side::Buy => (&mut self.working_buy, &mut self.buys),
            Side::Sell => (&mut self.working_sell, &mut self.sells),
        }
    }
}

/// A position's value, within its bounds. Almost every position fits 64 bits, and a product of two
/// such never overflows: that of 128 bits is checked by a call.
fn value_of(position: i128, mark: i64) -> i128 {
    let mark = i128::from(mark);
    let value = match i64::try_from(position) {
        Ok(position) => i128::from(position).wrapping_mul(mark),
        Err(_) => position.saturating_mul(mark),
    };
    value.clamp(-VALUE_MAX, VALUE_MAX)
}

/// Margin of a worth, within its bound; what is below 2⁹⁵ times 32 bits does not overflow.
fn margin_of(worth: i128, bps: u32) -> i128 {
    let bps = i128::from(bps);
    let margin = if worth < 1 << 95 {
        worth.wrapping_mul(bps)
    } else {
        worth.saturating_mul(bps)
    };
    margin.min(MARGIN_MAX)
}

/// An instrument: the firm's stand in it, its mark and its limits.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct FirmRow {
    pub(super) row: Row,
    /// Worth of one unit in the firm's currency, in units of 10⁻⁸; [`i64::MIN`] before the first.
    pub(super) mark: i64,
    pub(super) multiplier: i64,
    pub(super) gross_max: i128,
    /// Largest position of an account; [`NONE`] where it was not set.
    pub(super) long_max: i128,
    pub(super) short_max: i128,
    /// Its rows by account and strategy, the youngest first.
    pub(super) head: u32,
    pub(super) rows: u32,
    /// The next of them to be marked, and how many were not since the mark changed.
    pub(super) cursor: u32,
    pub(super) behind: u32,
    pub(super) margin_bps: u32,
    /// Whether its mark is the previous close, until there is a mid.
    pub(super) closed: bool,
    pub(super) mapping: Option<Mapping>,
    /// The exposure to its factor that the value at risk was told of.
    pub(super) exposure: i128,
}

/// All of its worth is margin unless something else is set.
pub(super) const MARGIN_BPS: u32 = 10_000;

impl Default for FirmRow {
    fn default() -> Self {
        Self {
            row: Row::default(),
            mark: i64::MIN,
            multiplier: dcx_model::Instrument::ONE.units(),
            gross_max: NONE,
            long_max: NONE,
            short_max: NONE,
            head: NIL,
            rows: 0,
            cursor: NIL,
            behind: 0,
            margin_bps: MARGIN_BPS,
            closed: false,
            mapping: None,
            exposure: 0,
        }
    }
}

impl FirmRow {
    pub(super) const fn mark(&self) -> Option<i64> {
        match self.mark {
            i64::MIN => None,
            mark => Some(mark),
        }
    }

    pub(super) const fn position_max(&self, side: Side) -> i128 {
        match side {
            Side::Buy => self.long_max,
            Side::Sell => self.short_max,
        }
    }

    /// Whether anything was ever said of it.
    pub(super) fn is_unknown(&self) -> bool {
        self.mark == i64::MIN
            && self.row.position == 0
            && self.row.working_buy == 0
            && self.row.working_sell == 0
            && self.mapping.is_none()
            && self.long_max == NONE
            && self.short_max == NONE
            && self.gross_max == NONE
            && self.margin_bps == MARGIN_BPS
            && self.multiplier == dcx_model::Instrument::ONE.units()
    }

    pub(super) fn digest(&self, words: &mut Words) {
        self.row.digest(words);
        words.u64(self.mark.cast_unsigned());
        words.u64(self.multiplier.cast_unsigned());
        words.i128(self.gross_max);
        words.i128(self.long_max);
        words.i128(self.short_max);
        words.u64(u64::from(self.head) << 32 | u64::from(self.rows));
        words.u64(u64::from(self.cursor) << 32 | u64::from(self.behind));
        words.u64(u64::from(self.closed) << 32 | u64::from(self.margin_bps));
        if let Some(mapping) = self.mapping {
            words.u64(mapping.factor.ix() as u64 + 1);
            words.u64(i64::from(mapping.beta_ppm).cast_unsigned());
        }
        words.i128(self.exposure);
    }
}
