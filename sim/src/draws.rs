//! Chance from a seed and a number, so that a run can be had again and runs can be compared.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A source of chance of its own for each pair of seed and stream.
///
/// What an order meets depends on its number alone, not on how many draws went before it:
/// change one rate and everything else stays as it was.
#[derive(Clone, Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// The source for this seed and stream.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A number from 0 to `count` − 1; 0 for no count. The bias is below `count` / 2⁶⁴.
    pub fn below(&mut self, count: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(count);
        (wide >> 64) as u64
    }

    /// A number from `-limit` to `limit`.
    pub fn within(&mut self, limit: u32) -> i64 {
        let drawn = self.below(2 * u64::from(limit) + 1);
        drawn.cast_signed() - i64::from(limit)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// An exponentially distributed number with this mean: the wait between independent events.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        let factor = -(1.0 - self.unit()).ln();
        // At most 37 means, since a unit draw has 53 bits.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a conversion from float saturates, and the factor is not negative"
        )]
        let drawn = (factor * mean as f64) as u64;
        drawn
    }

    /// From 0 up to but not including 1.
    fn unit(&mut self) -> f64 {
        let bits = self.0.next_u64() >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let unit = bits as f64 / (1_u64 << 53) as f64;
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_and_number_alone() {
        let draw = |seed, stream| Draws::new(seed, stream).below(1 << 40);
        assert_eq!(draw(1, 7), draw(1, 7));
        assert_ne!(draw(1, 7), draw(1, 8));
        assert_ne!(draw(1, 7), draw(2, 7));
    }

    #[test]
    fn draws_stay_within_their_bounds_and_near_their_means() {
        let mut draws = Draws::new(3, 0);
        let mut sum = 0;
        for _ in 0..20_000 {
            assert!(draws.below(3) < 3);
            assert!((-2..=2).contains(&draws.within(2)));
            sum += draws.exponential(1_000);
        }
        assert!((18_000_000..22_000_000).contains(&sum), "{sum}");
        assert_eq!(draws.below(0), 0);
        assert!(!draws.chance(0.0) && draws.chance(1.0));
    }
}
