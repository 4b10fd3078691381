//! Three kinds of time that cannot be mistaken for each other.
//!
//! [`MonoNanos`] measures how long something took; [`UnixNanos`] says when it happened;
//! [`Nanos`] is a span. Only the shells read clocks: the engine is told both.

use std::fmt;

/// Nanoseconds in one second.
pub const NANOS_PER_S: u64 = 1_000_000_000;

/// A span of time, in nanoseconds.
///
/// ```
/// use dcx_model::Nanos;
/// assert_eq!(Nanos::from_millis(2).to_string(), "2ms");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `nanos` nanoseconds.
    #[must_use]
    pub const fn new(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of `millis` milliseconds; saturates after 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A span of `seconds` seconds; saturates after 584 years.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_S))
    }

    /// The span in nanoseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Nanos {
    /// Writes the span in the largest unit that keeps it whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            n if n != 0 && n % NANOS_PER_S == 0 => (n / NANOS_PER_S, "s"),
            n if n != 0 && n % 1_000_000 == 0 => (n / 1_000_000, "ms"),
            n if n != 0 && n % 1_000 == 0 => (n / 1_000, "us"),
            n => (n, "ns"),
        };
        write!(f, "{value}{unit}")
    }
}

/// A reading of the monotonic clock, in nanoseconds from an arbitrary start.
///
/// For latencies and timers of a shell. It means nothing to another process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoNanos(u64);

impl MonoNanos {
    /// A reading of `nanos` nanoseconds.
    #[must_use]
    pub const fn new(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The reading in nanoseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this reading was taken; zero if it was not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }

    /// The reading `span` later.
    #[must_use]
    pub const fn plus(self, span: Nanos) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// A moment in UTC, in nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// ```
/// use dcx_model::{Nanos, UnixNanos};
/// let open = UnixNanos::from_seconds(1_399_033_800);
/// assert_eq!(open.plus(Nanos::from_millis(5)).since(open), Nanos::from_millis(5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixNanos(u64);

impl UnixNanos {
    /// The epoch; where a time is optional on the wire it also means "not given".
    pub const ZERO: Self = Self(0);

    /// A moment `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn new(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A moment `seconds` seconds after the epoch.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_S))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / NANOS_PER_S
    }

    /// How long after `earlier` this moment is; zero if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `span` later.
    #[must_use]
    pub const fn plus(self, span: Nanos) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// One reading of both clocks, taken once a duty cycle and handed to every worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For latencies and timers.
    pub mono: MonoNanos,
    /// For timestamps that others read.
    pub unix: UnixNanos,
}
