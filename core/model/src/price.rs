//! Prices, as exact integers.

use std::fmt;

use crate::decimal::{self, DecimalFault};
use crate::{Notional, Qty};

/// Units in one whole: 10⁸.
pub const SCALE: u64 = 100_000_000;

/// A price, in units of 10⁻⁸ of the quote currency.
///
/// Signed: a spread may trade below zero.
///
/// ```
/// use dcx_model::{Price, Qty};
/// let px: Price = "1.1005".parse().unwrap();
/// assert_eq!(px.units(), 110_050_000);
/// assert_eq!(px.to_string(), "1.1005");
/// assert_eq!(px.times(Qty::whole(2)).to_string(), "2.201");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price(i64);

impl Price {
    /// A price of nothing.
    pub const ZERO: Self = Self(0);

    /// The price of `units` times 10⁻⁸.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// The price in units of 10⁻⁸.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Reads a FIX `Price` field.
    ///
    /// # Errors
    /// [`DecimalFault`] when the text is not a decimal or cannot be held exactly.
    pub fn parse(text: &[u8]) -> Result<Self, DecimalFault> {
        let (negative, units) = decimal::parse(text)?;
        let units = i64::try_from(units).map_err(|_| DecimalFault::OutOfRange)?;
        Ok(Self(if negative { -units } else { units }))
    }

    /// What `qty` is worth at this price. Never rounds, never overflows: 64 × 64 bits in 128.
    #[must_use]
    pub fn times(self, qty: Qty) -> Notional {
        Notional::from_units(i128::from(self.0) * i128::from(qty.units()))
    }

    /// The distance to `other`, in units of 10⁻⁸.
    #[must_use]
    pub const fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The price `units` × 10⁻⁸ higher (lower, if negative), or `None` beyond 64 bits.
    #[must_use]
    pub fn plus_units(self, units: i64) -> Option<Self> {
        self.0.checked_add(units).map(Self)
    }

    /// Whether this price is a whole number of ticks. A tick of zero admits nothing.
    #[must_use]
    pub const fn is_multiple_of(self, tick: Self) -> bool {
        tick.0 > 0 && self.0 % tick.0 == 0
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::fmt_units(self.0 < 0, self.0.unsigned_abs(), f)
    }
}

impl std::str::FromStr for Price {
    type Err = DecimalFault;

    fn from_str(text: &str) -> Result<Self, DecimalFault> {
        Self::parse(text.as_bytes())
    }
}

/// The limit of an order: a price, or none for a market order. Eight bytes, unlike `Option<Price>`.
///
/// ```
/// use dcx_model::{LimitPx, Price};
/// assert_eq!(LimitPx::NONE.price(), None);
/// assert_eq!(LimitPx::from(Price::from_units(7)).price(), Some(Price::from_units(7)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct LimitPx(i64);

impl LimitPx {
    /// No limit. The one price it displaces, −2⁶³ units, cannot be parsed from any text.
    pub const NONE: Self = Self(i64::MIN);

    /// The limit, if there is one.
    #[must_use]
    pub const fn price(self) -> Option<Price> {
        match self.0 {
            i64::MIN => None,
            units => Some(Price(units)),
        }
    }

    /// The eight bytes that a record keeps.
    #[must_use]
    pub const fn to_bits(self) -> i64 {
        self.0
    }

    /// The limit that [`to_bits`](Self::to_bits) gave.
    #[must_use]
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits)
    }
}

impl From<Price> for LimitPx {
    fn from(price: Price) -> Self {
        Self(price.0)
    }
}

impl fmt::Display for LimitPx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.price() {
            Some(price) => price.fmt(f),
            None => f.pad("market"),
        }
    }
}
