//! A token bucket in whole numbers, on the time that commands carry.

use dcx_model::{NANOS_PER_S, UnixNanos};

/// A rate, and how much may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) per_s: u32,
    pub(crate) burst: u32,
}

impl Rate {
    /// Whether it limits nothing.
    pub(crate) const fn is_none(self) -> bool {
        self.per_s == u32::MAX
    }

    /// Tokens that fit into a bucket, at least one.
    pub(crate) fn size(self) -> u64 {
        u64::from(self.burst.max(1))
    }
}

/// A scope's bucket, kept as what is missing in it.
///
/// # Units
/// A token is 10⁹ parts, and `per_s` parts flow in each nanosecond, so that nothing is ever
/// rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bucket {
    missing: u64,
    as_of: UnixNanos,
}

impl Bucket {
    /// Whether there is a token. A sustained rate of zero admits nothing.
    pub(crate) fn has_one(&self, at: UnixNanos, rate: Rate) -> bool {
        let with_one = self.missing_at(at, rate).saturating_add(NANOS_PER_S);
        rate.per_s > 0 && with_one <= rate.size() * NANOS_PER_S
    }

    /// How many orders the bucket holds with one more.
    pub(crate) fn with_one(&self, at: UnixNanos, rate: Rate) -> u64 {
        let with_one = self.missing_at(at, rate).saturating_add(NANOS_PER_S);
        with_one.div_ceil(NANOS_PER_S)
    }

    /// Takes a token; from an empty bucket, nothing: what may not be refused is counted as far as
    /// the bucket reaches.
    pub(crate) fn take(&mut self, at: UnixNanos, rate: Rate) {
        let missing = self.missing_at(at, rate);
        let full = (rate.size() * NANOS_PER_S).max(missing);
        self.missing = missing.saturating_add(NANOS_PER_S).min(full);
        self.as_of = self.as_of.max(at);
    }

    pub(crate) const fn parts(self) -> (u64, u64) {
        (self.missing, self.as_of.get())
    }

    /// Below 2⁶²: a u32 times 10⁹.
    fn missing_at(&self, at: UnixNanos, rate: Rate) -> u64 {
        let flown = at.since(self.as_of).get();
        let flown = flown.saturating_mul(u64::from(rate.per_s));
        self.missing.saturating_sub(flown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rate(per_s: u32, burst: u32) -> Rate {
        Rate { per_s, burst }
    }

    fn at(nanos: u64) -> UnixNanos {
        UnixNanos::from_seconds(1_700_000_000).plus(dcx_model::Nanos::new(nanos))
    }

    /// Takes a token if there is one.
    fn ask(bucket: &mut Bucket, at: UnixNanos, rate: Rate) -> (bool, u64) {
        let answer = (bucket.has_one(at, rate), bucket.with_one(at, rate));
        if answer.0 {
            bucket.take(at, rate);
        }
        answer
    }

    #[test]
    fn a_burst_passes_and_the_next_waits_for_its_token_to_the_nanosecond() {
        let mut bucket = Bucket::default();
        let rate = rate(1_000, 3);
        for _ in 0..3 {
            assert!(ask(&mut bucket, at(0), rate).0);
        }
        assert_eq!(ask(&mut bucket, at(0), rate), (false, 4));
        assert!(!ask(&mut bucket, at(999_999), rate).0);
        assert!(ask(&mut bucket, at(1_000_000), rate).0);
        assert!(!ask(&mut bucket, at(1_000_000), rate).0);
    }

    #[test]
    fn the_sustained_rate_is_exact_over_a_long_time() {
        let mut bucket = Bucket::default();
        let passed = (0..100_000_u64)
            .filter(|ms| ask(&mut bucket, at(ms * 1_000_000), rate(7, 1)).0)
            .count();
        // One now and then seven a second for 100 s; the grid of milliseconds costs some.
        assert!((690..=701).contains(&passed), "{passed}");
    }

    #[test]
    fn a_rate_of_zero_admits_nothing_and_a_burst_of_zero_one_at_a_time() {
        assert!(!Bucket::default().has_one(at(0), rate(0, 5)));
        let mut bucket = Bucket::default();
        assert!(ask(&mut bucket, at(0), rate(1, 0)).0);
        assert!(!ask(&mut bucket, at(0), rate(1, 0)).0);
    }

    #[test]
    fn what_is_taken_from_an_empty_bucket_is_not_owed() {
        let mut bucket = Bucket::default();
        for _ in 0..10 {
            bucket.take(at(0), rate(1_000, 2));
        }
        assert!(!bucket.has_one(at(999_999), rate(1_000, 2)));
        assert!(bucket.has_one(at(1_000_000), rate(1_000, 2)));
    }
}
