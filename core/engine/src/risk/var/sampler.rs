//! Returns of factors, from their mids at sampling moments.

use super::{FACTORS_MAX, Factor, PPM, RETURN_PPM_MAX};
use crate::digest::Words;

/// Remembers each factor's mid at the last sampling moment.
///
/// A factor without a mid at a moment is passed over: its next return spans the gap, so that no
/// move is lost. Returns are simple, not logarithmic: profit and loss is linear in them.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    /// Zero where there was none.
    last: [i128; FACTORS_MAX],
    clamped: u64,
}

impl Sampler {
    /// One that has seen no mid.
    pub(crate) const fn new() -> Self {
        Self {
            last: [0; FACTORS_MAX],
            clamped: 0,
        }
    }

    /// Takes the mid of a factor's instrument and gives the return since the one before; none for
    /// the first, and none, with nothing remembered, for a mid that is not above zero.
    ///
    /// A move of more than ± 50 % counts as 50 %, and is counted: it is a wrong mid or a split
    /// sooner than a return, and an estimate should not be ruled by it.
    ///
    /// # Units
    /// `mid` in any unit that stays the same, as twice the mid; the return in parts per million,
    /// rounded towards zero.
    pub(crate) fn sample(&mut self, factor: Factor, mid: i128) -> Option<i32> {
        if mid <= 0 {
            return None;
        }
        let last = std::mem::replace(self.last.get_mut(factor.ix())?, mid);
        if last == 0 {
            return None;
        }
        // Both are above zero, so the difference fits.
        let step = mid - last;
        let limit = i128::from(RETURN_PPM_MAX);
        let ret = step.checked_mul(PPM).map_or_else(
            // Too wide for millionths: in steps of the last mid instead, which is as exact as
            // numbers this large need.
            || step / (last / PPM).max(1),
            |scaled| scaled / last,
        );
        if ret.abs() > limit {
            self.clamped = self.clamped.saturating_add(1);
        }
        i32::try_from(ret.clamp(-limit, limit)).ok()
    }

    /// How many returns were beyond ± 50 %.
    #[cfg(test)]
    pub(crate) const fn clamped(&self) -> u64 {
        self.clamped
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        self.last.iter().for_each(|last| words.i128(*last));
        words.u64(self.clamped);
        words.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(ix: u8) -> Factor {
        Factor::new(ix).unwrap()
    }

    #[test]
    fn the_first_mid_gives_nothing_and_the_next_its_return() {
        let mut sampler = Sampler::new();
        assert_eq!(sampler.sample(factor(0), 220_000), None);
        assert_eq!(sampler.sample(factor(1), 7), None);
        assert_eq!(sampler.sample(factor(0), 220_022), Some(100));
        assert_eq!(sampler.sample(factor(0), 220_022), Some(0));
        assert_eq!(sampler.sample(factor(0), 110_011), Some(-500_000));
        assert_eq!(sampler.clamped(), 0);
    }

    #[test]
    fn a_missing_mid_is_spanned_by_the_next_return() {
        let mut sampler = Sampler::new();
        assert_eq!(sampler.sample(factor(3), 1_000), None);
        assert_eq!(sampler.sample(factor(3), 0), None);
        assert_eq!(sampler.sample(factor(3), -5), None);
        assert_eq!(sampler.sample(factor(3), 1_001), Some(1_000));
    }

    #[test]
    fn an_absurd_move_is_clamped_and_counted() {
        let mut sampler = Sampler::new();
        sampler.sample(factor(0), 1_000_000);
        assert_eq!(sampler.sample(factor(0), 1_500_000), Some(500_000));
        assert_eq!(sampler.clamped(), 0, "the limit itself is no breach");
        assert_eq!(sampler.sample(factor(0), 2_250_003), Some(500_000));
        assert_eq!(sampler.clamped(), 1);
        assert_eq!(sampler.sample(factor(0), 1), Some(-500_000));
        assert_eq!(sampler.clamped(), 2);
        assert_eq!(sampler.sample(factor(0), i128::MAX), Some(500_000));
        assert_eq!(sampler.sample(factor(0), i128::MAX / 4), Some(-500_000));
        assert_eq!(sampler.clamped(), 4);
        assert_eq!(sampler.sample(factor(0), i128::MAX / 5), Some(-200_000));
    }

    #[test]
    fn the_digest_sees_every_mid_and_the_count() {
        let mut sampler = Sampler::new();
        let empty = sampler.digest(1);
        sampler.sample(factor(63), 5);
        let one = sampler.digest(1);
        assert_ne!(empty, one);
        assert_ne!(one, sampler.digest(2));
        let mut other = sampler.clone();
        other.sample(factor(63), 50);
        other.sample(factor(63), 5);
        assert_ne!(other.digest(1), one, "it clamped");
    }
}
