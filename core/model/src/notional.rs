//! Price × quantity, exact by width.

use std::fmt;

use crate::{Price, Qty, SCALE};

/// What a quantity is worth at a price, in units of 10⁻¹⁶ of the quote currency.
///
/// ```
/// use dcx_model::{Notional, Price, Qty};
/// let paid = Price::from_units(150).times(Qty::from_units(3));
/// assert_eq!(paid, Notional::from_units(450));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Notional(i128);

impl Notional {
    /// Worth nothing.
    pub const ZERO: Self = Self(0);

    /// The worth of `units` times 10⁻¹⁶.
    #[must_use]
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The worth of `count` whole units of the quote currency.
    #[must_use]
    pub const fn whole(count: i64) -> Self {
        // Lossless: 2⁶³ × 10¹⁶ is below 2¹²⁷.
        Self(count as i128 * (SCALE as i128 * SCALE as i128))
    }

    /// The worth in units of 10⁻¹⁶.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// The worth without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The sum, or `None` beyond 128 bits.
    #[must_use]
    pub fn plus(self, more: Self) -> Option<Self> {
        self.0.checked_add(more.0).map(Self)
    }

    /// Whole units of the quote currency, rounded away from zero, for reports.
    #[must_use]
    pub fn rounded_up(self) -> i64 {
        let one = i128::from(SCALE) * i128::from(SCALE);
        let away = if self.0 < 0 { 1 - one } else { one - 1 };
        let whole = self.0.saturating_add(away) / one;
        i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
    }

    /// The average price at which `qty` is worth this, to the nearest 10⁻⁸, halves away from zero
    /// (FIX `AvgPx`, tag 6). Zero for no quantity.
    #[must_use]
    pub fn average(self, qty: Qty) -> Price {
        if qty.is_zero() {
            return Price::ZERO;
        }
        let qty = i128::from(qty.units());
        let half = if self.0 < 0 { -qty / 2 } else { qty / 2 };
        let units = self.0.saturating_add(half) / qty;
        Price::from_units(i64::try_from(units).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Notional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = u128::from(SCALE) * u128::from(SCALE);
        let (whole, fraction) = (self.0.unsigned_abs() / one, self.0.unsigned_abs() % one);
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:016}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_factors_do_not_overflow() {
        let largest = Price::from_units(i64::MAX).times(Qty::from_units(u64::MAX));
        assert_eq!(largest.units(), i128::from(i64::MAX) * i128::from(u64::MAX));
    }

    #[test]
    fn an_average_is_rounded_to_the_nearest_unit() {
        let paid = Price::from_units(100)
            .times(Qty::from_units(1))
            .plus(Price::from_units(101).times(Qty::from_units(1)));
        assert_eq!(
            paid.map(|paid| paid.average(Qty::from_units(2))),
            Some(Price::from_units(101))
        );
        assert_eq!(Notional::ZERO.average(Qty::ZERO), Price::ZERO);
    }

    #[test]
    fn a_report_rounds_away_from_zero() {
        assert_eq!(Notional::from_units(1).rounded_up(), 1);
        assert_eq!(Notional::from_units(-1).rounded_up(), -1);
        assert_eq!(Notional::whole(7).rounded_up(), 7);
    }
}
