//! A seeded generator whose whole state is a seed and how many draws were taken.

use crate::normal::open_unit;
use crate::quick::normal_of;

/// The odd constant nearest to 2⁶⁴ divided by the golden ratio: the step of the counter.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A trial is rejected once in twenty or less: that this many are is not seen.
const GAMMA_TRIALS_MAX: u32 = 64;

/// Draws from a seed, numbered from 0. The same seed and number give the same bits everywhere.
///
/// Each draw is a hash of its number, so any draw can be had without those before it, and two
/// runs that took equally many draws are in the same state. Statistical, not cryptographic.
///
/// # Source
/// Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators": SplitMix64.
///
/// ```
/// use dcx_stats::Draws;
/// let mut first = Draws::new(7);
/// let bits = (first.bits(), first.bits());
/// assert_eq!(bits.1, Draws::at(7, 1).bits());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draws {
    seed: u64,
    taken: u64,
}

impl Draws {
    /// The draws of `seed`, from the first.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self::at(seed, 0)
    }

    /// The draws of `seed` after `taken` were taken.
    #[must_use]
    pub const fn at(seed: u64, taken: u64) -> Self {
        Self { seed, taken }
    }

    /// 64 uniform bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.taken = self.taken.wrapping_add(1);
        mix(self.seed.wrapping_add(self.taken.wrapping_mul(STEP)))
    }

    /// A uniform number above 0 and below 1.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        open_unit(self.bits())
    }

    /// A standard normal number, from one draw: [`crate::normal_quantile`] to 10⁻⁸.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        normal_of(self.bits())
    }

    /// A number of the gamma distribution with this shape, at least 1, and scale 1.
    ///
    /// Takes two draws, and two more for each trial that is rejected, which is rare.
    ///
    /// # Source
    /// Marsaglia & Tsang (2000), "A simple method for generating gamma variables".
    pub fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape.max(1.0) - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        for _ in 0..GAMMA_TRIALS_MAX {
            let x = self.normal();
            let u = self.uniform();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let (v, squared) = (root * root * root, x * x);
            let at_once = u < 1.0 - 0.0331 * squared * squared;
            if at_once || libm::log(u) < 0.5 * squared + d * (1.0 - v + libm::log(v)) {
                return d * v;
            }
        }
        d
    }

    /// A number of the beta distribution, both shapes at least 1.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How many draws were taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }
}

/// Spreads every bit of `z` over all of the result.
#[inline]
const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_splitmix64() {
        // The sequence that the reference implementation gives for this seed.
        let mut draws = Draws::new(1_234_567);
        let bits: Vec<u64> = (0..5).map(|_| draws.bits()).collect();
        assert_eq!(
            bits,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn a_draw_depends_on_its_number_only() {
        let mut all = Draws::new(99);
        let first: Vec<u64> = (0..100).map(|_| all.bits()).collect();
        for (taken, bits) in (0..).zip(&first) {
            assert_eq!(Draws::at(99, taken).bits(), *bits);
        }
    }

    #[test]
    fn normal_draws_have_golden_bits() {
        let mut draws = Draws::new(42);
        let bits: Vec<u64> = (0..4).map(|_| draws.normal().to_bits()).collect();
        assert_eq!(bits, GOLDEN);
    }

    const GOLDEN: [u64; 4] = [
        0x3fe4_bdde_72df_05f2,
        0xbfef_d59d_d248_2915,
        0xbfe2_c8b8_bba1_9db3,
        0xbfd9_aad8_52c6_faf6,
    ];

    #[test]
    fn beta_draws_are_spread_as_the_distribution_says() {
        let mut draws = Draws::new(11);
        for (a, b) in [(1.0, 1.0), (1.0, 7.5), (40.0, 3.0), (2.5, 2.5)] {
            let count = 40_000;
            let mut below = [0_u32; 9];
            for _ in 0..count {
                let p = crate::beta_cdf(a, b, draws.beta(a, b));
                for (tenth, below) in (1..).zip(&mut below) {
                    *below += u32::from(p < f64::from(tenth) / 10.0);
                }
            }
            for (tenth, below) in (1..).zip(below) {
                let share = f64::from(below) / f64::from(count);
                let miss = share - f64::from(tenth) / 10.0;
                assert!(miss.abs() < 0.01, "beta({a}, {b}) at {tenth}: {miss}");
            }
        }
    }

    #[test]
    fn normal_draws_have_the_moments_of_the_normal_distribution() {
        let mut draws = Draws::new(3);
        let count = 200_000;
        let (mut sum, mut squares, mut fourths) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            let x = draws.normal();
            sum += x;
            squares += x * x;
            fourths += x * x * x * x;
        }
        let n = f64::from(count);
        assert!((sum / n).abs() < 0.01);
        assert!((squares / n - 1.0).abs() < 0.02);
        assert!((fourths / n - 3.0).abs() < 0.1);
    }
}
