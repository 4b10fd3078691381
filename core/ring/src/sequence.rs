//! The position of an item in the endless stream that passes through a ring.

use std::fmt;

/// The position of an item among all items ever published to one ring, from zero.
///
/// A cursor holds the sequence that comes *next*: everything before it is published, or
/// read. At 10⁹ items a second 64 bits last 584 years, so sequences never wrap.
///
/// # Examples
/// ```
/// use dcx_ring::Sequence;
///
/// let third = Sequence::FIRST.plus(2);
/// assert_eq!(third.value(), 2);
/// assert_eq!(third.since(Sequence::FIRST), 2);
/// assert_eq!(Sequence::FIRST.since(third), 0, "never negative");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Sequence(u64);

impl Sequence {
    /// The position of the first item.
    pub const FIRST: Self = Self(0);

    /// Returns the sequence with this number.
    #[inline]
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns how many items come before this one.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Returns the position `count` items later.
    #[inline]
    #[must_use]
    pub const fn plus(self, count: usize) -> Self {
        // Cannot wrap in the life of a process (see the type), so the check is not paid for.
        Self(self.0.wrapping_add(count as u64))
    }

    /// Returns how many items lie from `earlier` up to here, zero if it is not earlier.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
