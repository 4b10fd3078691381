//! Quantities, as exact integers.

use std::fmt;

use crate::SCALE;
use crate::decimal::{self, DecimalFault};

/// A quantity, in units of 10⁻⁸ of the instrument's trading unit. Never negative.
///
/// ```
/// use dcx_model::Qty;
/// let order_qty: Qty = "100.5".parse().unwrap();
/// assert_eq!(order_qty.minus(Qty::whole(100)).unwrap().to_string(), "0.5");
/// assert_eq!(Qty::ZERO.minus(Qty::whole(1)), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Qty(u64);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The quantity of `units` times 10⁻⁸.
    #[must_use]
    pub const fn from_units(units: u64) -> Self {
        Self(units)
    }

    /// A quantity of `count` whole trading units.
    ///
    /// # Panics
    /// Above 184 467 440 737 units: only for constants and tests.
    #[must_use]
    pub const fn whole(count: u64) -> Self {
        Self(count * SCALE)
    }

    /// The quantity in units of 10⁻⁸.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads a FIX `Qty` field.
    ///
    /// # Errors
    /// [`DecimalFault`] when the text is not a decimal, is negative or cannot be held exactly.
    pub fn parse(text: &[u8]) -> Result<Self, DecimalFault> {
        match decimal::parse(text)? {
            (true, 1..) => Err(DecimalFault::Negative),
            (_, units) => Ok(Self(units)),
        }
    }

    /// The sum, or `None` beyond 64 bits.
    #[must_use]
    pub fn plus(self, more: Self) -> Option<Self> {
        self.0.checked_add(more.0).map(Self)
    }

    /// What remains after `taken`, or `None` if more was taken than there was.
    #[must_use]
    pub fn minus(self, taken: Self) -> Option<Self> {
        self.0.checked_sub(taken.0).map(Self)
    }

    /// What remains after `taken`, at least nothing.
    #[must_use]
    pub const fn saturating_minus(self, taken: Self) -> Self {
        Self(self.0.saturating_sub(taken.0))
    }

    /// The sum of several, or `None` beyond 64 bits.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Whether this is a whole number of lots. A lot of zero admits nothing.
    #[must_use]
    pub const fn is_multiple_of(self, lot: Self) -> bool {
        lot.0 > 0 && self.0.is_multiple_of(lot.0)
    }
}

impl fmt::Display for Qty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::fmt_units(false, self.0, f)
    }
}

impl std::str::FromStr for Qty {
    type Err = DecimalFault;

    fn from_str(text: &str) -> Result<Self, DecimalFault> {
        Self::parse(text.as_bytes())
    }
}
