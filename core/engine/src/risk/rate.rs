//! A token bucket in whole numbers, on the time that commands carry.

use dcx_model::{NANOS_PER_S, SessionLimits, UnixNanos};

/// One session's bucket, kept as what is missing in it.
///
/// # Units
/// A token is 10⁹ parts, and `orders_per_s_max` parts flow in each nanosecond, so that nothing is
/// ever rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    missing: u64,
    as_of: UnixNanos,
}

impl Bucket {
    /// Takes a token if there is one, and says how many orders the bucket holds with it.
    ///
    /// `burst_max` tokens fit, at least one; a sustained rate of zero admits nothing.
    pub(crate) fn take(&mut self, at: UnixNanos, limits: &SessionLimits) -> (bool, u64) {
        let per_s = u64::from(limits.orders_per_s_max);
        let flown = at.since(self.as_of).get().saturating_mul(per_s);
        let missing = self.missing.saturating_sub(flown);
        // Below 2⁶²: a u32 times 10⁹.
        let with_this = missing + NANOS_PER_S;
        let passed = per_s > 0 && with_this <= Self::size(limits) * NANOS_PER_S;
        self.as_of = self.as_of.max(at);
        self.missing = if passed { with_this } else { missing };
        (passed, with_this.div_ceil(NANOS_PER_S))
    }

    /// Tokens that fit.
    pub(crate) fn size(limits: &SessionLimits) -> u64 {
        u64::from(limits.burst_max.max(1))
    }

    pub(crate) const fn parts(self) -> (u64, u64) {
        (self.missing, self.as_of.get())
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::SessionId;

    use super::*;

    fn limits(orders_per_s_max: u32, burst_max: u32) -> SessionLimits {
        SessionLimits {
            session: SessionId::new(0),
            orders_per_s_max,
            burst_max,
            orders_open_max: 0,
        }
    }

    fn at(nanos: u64) -> UnixNanos {
        UnixNanos::from_seconds(1_700_000_000).plus(dcx_model::Nanos::new(nanos))
    }

    #[test]
    fn a_burst_passes_and_the_next_waits_for_its_token_to_the_nanosecond() {
        let mut bucket = Bucket::default();
        let limits = limits(1_000, 3);
        for _ in 0..3 {
            assert!(bucket.take(at(0), &limits).0);
        }
        assert_eq!(bucket.take(at(0), &limits), (false, 4));
        assert!(!bucket.take(at(999_999), &limits).0);
        assert!(bucket.take(at(1_000_000), &limits).0);
        assert!(!bucket.take(at(1_000_000), &limits).0);
    }

    #[test]
    fn the_sustained_rate_is_exact_over_a_long_time() {
        let mut bucket = Bucket::default();
        let limits = limits(7, 1);
        let passed = (0..100_000_u64)
            .filter(|ms| bucket.take(at(ms * 1_000_000), &limits).0)
            .count();
        // One now and then seven a second for 100 s; the grid of milliseconds costs some.
        assert!((690..=701).contains(&passed), "{passed}");
    }

    #[test]
    fn a_rate_of_zero_admits_nothing_and_a_burst_of_zero_one_at_a_time() {
        assert!(!Bucket::default().take(at(0), &limits(0, 5)).0);
        let mut bucket = Bucket::default();
        assert!(bucket.take(at(0), &limits(1, 0)).0);
        assert!(!bucket.take(at(0), &limits(1, 0)).0);
    }
}
