//! Parametric value at risk on exponentially weighted covariances.

use super::pending::Pending;
use super::wide::Wide;
use super::{FACTORS_MAX, Factor, RETURN_PPM_MAX, Returns};
use crate::digest::Words;

/// Sampling periods in a day, at most: one in each second.
pub(crate) const PERIODS_MAX: u32 = 86_400;

/// RiskMetrics' decay of daily returns, in parts per million.
pub(crate) const LAMBDA_DAILY_PPM: u32 = 940_000;

/// Bits below one squared part per million that a covariance keeps.
const FRACTION_BITS: u32 = 24;

/// One, where weights are kept.
const WEIGHT_ONE: u64 = 1 << WEIGHT_BITS;
const WEIGHT_BITS: u32 = 32;

/// No variance is above this: the square of the largest return is 2.5 · 10¹¹, below 2³⁸.
const VARIANCE_MAX: i64 = 1 << 62;

/// What an update adds to each variance to make up for its rounding; see [`Ewma::observe`].
const ROUNDING: i64 = 32;

const _: () = assert!(FACTORS_MAX <= 64, "ROUNDING is half the factors");

/// The 99 % quantile of the standard normal distribution, 2.326348, in parts per million.
const Z99_PPM: u64 = 2_326_348;

/// What the root of [`Ewma::scaled`] is divided by to give an amount: a million of [`Z99_PPM`], a
/// million of returns, and the root of 2²⁴.
const ROOT_SCALE: u128 = (1_000_000 * 1_000_000) << (FRACTION_BITS / 2);

/// What one is in the units of [`Ewma::most`] and [`Ewma::unit`].
pub(super) const ONE: i128 = 1 << 32;

/// Above every value at risk that there is: the largest is the root of 2²⁵⁰ by [`ROOT_SCALE`].
const CAP_MAX: i128 = 1 << 74;

/// Covariances of the factors' returns, and the portfolio's variance under them.
///
/// # Units
/// Covariances in squared parts per million times 2²⁴, at most 2⁶². Exposures are at most 2⁵⁸ of
/// 10⁻⁴ of the base currency, so that `g = Σw` over 64 factors is at most 2¹²⁶ and fits 128 bits;
/// the variance `v = wᵀΣw` is at most 2¹⁹⁰ and does not: it is [`Wide`], and stays below 2²⁵⁰ when
/// it is multiplied by z² (2⁴³) and the periods of a day (2¹⁷). Nothing is rounded but Σ itself.
#[derive(Debug, Default)]
pub(super) struct Ewma {
    /// 1 − λ, the weight of the newest return, in 2⁻³².
    weight: u64,
    periods: u32,
    observations_min: u32,
    /// Row by row, symmetric.
    sigma: Vec<i64>,
    /// Returns met of each factor.
    counts: Vec<u32>,
    /// Factors, as bits, with as many returns as are asked for.
    complete: u64,
    /// Σw.
    gradient: Vec<i128>,
    /// wᵀΣw.
    variance: Wide,
}

impl Ewma {
    /// Sets the parameters and forgets all returns. Allocates.
    pub(super) fn grow(&mut self, lambda_ppm: u32, periods: u32, observations_min: u32) {
        let gone = u64::from(1_000_000_u32.saturating_sub(lambda_ppm).max(1));
        *self = Self {
            weight: (gone * WEIGHT_ONE + 500_000) / 1_000_000,
            periods: periods.clamp(1, PERIODS_MAX),
            observations_min: observations_min.max(1),
            sigma: vec![0; FACTORS_MAX * FACTORS_MAX],
            counts: vec![0; FACTORS_MAX],
            complete: 0,
            gradient: vec![0; FACTORS_MAX],
            variance: Wide::ZERO,
        };
    }

    /// Factors, as bits, with as many returns as are asked for.
    pub(super) const fn complete(&self) -> u64 {
        self.complete
    }

    /// Takes the returns of one sampling period: Σ ← λΣ + (1 − λ)rrᵀ.
    ///
    /// A factor's first return stands for its whole past: Σ gets λrrᵀ of those new factors on
    /// top, so that the first period of all gives rrᵀ. A factor without a return keeps its
    /// variance while its covariances fade; its next return spans the gap.
    ///
    /// **Never understated by rounding.** Each entry is rounded to the nearest, by at most ½, and
    /// then each variance is raised by 32. The difference to the exact update is a symmetric
    /// matrix with at least 31½ on its diagonal and at most 63 entries of ½ beside it in a row:
    /// it is positive semidefinite (Gershgorin), and its largest eigenvalue is at most 64. So Σ stays
    /// positive semidefinite, and `wᵀΣw` is at least that of exact arithmetic for every portfolio.
    /// It is above it by at most `64/(1 − λ)·|w|²` where each period has its returns: with λ = 0.94
    /// a volatility of 0.008 parts per million.
    ///
    /// # Cost
    /// O(k²), with the gradient and the variance.
    pub(super) fn observe(&mut self, returns: &Returns, exposures: &[i64; FACTORS_MAX]) {
        if self.sigma.is_empty() {
            return;
        }
        let limit = RETURN_PPM_MAX;
        let returns = returns.map(|ret| ret.map(|ret| i64::from(ret.clamp(-limit, limit))));
        for (i, ret) in returns.iter().enumerate() {
            self.observe_row(i, *ret, &returns);
        }
        for (ix, ret) in (0..).zip(&returns) {
            if ret.is_some() {
                self.count(ix);
            }
        }
        self.recompute(exposures);
    }

    /// Renews the covariances of factor `i` with itself and those before it.
    fn observe_row(&mut self, i: usize, ret: Option<i64>, returns: &[Option<i64>; FACTORS_MAX]) {
        let fresh = self.is_new(i);
        if fresh && ret.is_none() {
            return;
        }
        for (j, other) in returns.iter().enumerate().take(i) {
            let both_new = fresh && self.is_new(j) && other.is_some();
            let square = square(ret.unwrap_or(0), other.unwrap_or(0));
            let old = self.covariance(i, j);
            let new = if both_new {
                square
            } else {
                self.blend(old, square)
            };
            self.set(i, j, new);
        }
        let old = self.covariance(i, i);
        let new = match ret {
            None => old,
            Some(ret) if fresh => square(ret, ret),
            Some(ret) => self.blend(old, square(ret, ret)),
        };
        self.set(i, i, new.saturating_add(ROUNDING).min(VARIANCE_MAX));
    }

    /// λ of the old and 1 − λ of the new, rounded to the nearest.
    fn blend(&self, old: i64, new: i64) -> i64 {
        let step = (i128::from(new) - i128::from(old)) * i128::from(self.weight);
        let step = (step + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
        // Between the two, both of 64 bits.
        i64::try_from(i128::from(old) + step).unwrap_or(VARIANCE_MAX)
    }

    fn is_new(&self, ix: usize) -> bool {
        self.counts.get(ix).is_none_or(|count| *count == 0)
    }

    fn count(&mut self, ix: u8) {
        let Some(factor) = Factor::new(ix) else {
            return;
        };
        if let Some(count) = self.counts.get_mut(factor.ix()) {
            *count = count.saturating_add(1);
            if *count >= self.observations_min {
                self.complete |= factor.bit();
            }
        }
    }

    fn set(&mut self, i: usize, j: usize, value: i64) {
        for at in [i * FACTORS_MAX + j, j * FACTORS_MAX + i] {
            if let Some(entry) = self.sigma.get_mut(at) {
                *entry = value;
            }
        }
    }

    fn covariance(&self, i: usize, j: usize) -> i64 {
        self.row(i).get(j).copied().unwrap_or(0)
    }

    fn row(&self, i: usize) -> &[i64] {
        let row = self.sigma.get(i * FACTORS_MAX..(i + 1) * FACTORS_MAX);
        row.unwrap_or_default()
    }

    /// Gradient and variance from nothing but Σ and the exposures.
    pub(super) fn recompute(&mut self, exposures: &[i64; FACTORS_MAX]) {
        self.variance = Wide::ZERO;
        for (i, exposure) in exposures.iter().enumerate() {
            let products = self.row(i).iter().zip(exposures);
            let sum = products
                .map(|(sigma, w)| i128::from(*sigma) * i128::from(*w))
                .sum();
            self.variance = self
                .variance
                .plus(Wide::product(sum, i128::from(*exposure)));
            if let Some(gradient) = self.gradient.get_mut(i) {
                *gradient = sum;
            }
        }
    }

    /// Follows a change of an exposure.
    ///
    /// # Cost
    /// O(k).
    pub(super) fn take_in(&mut self, factor: Factor, step: i64) {
        self.variance = self.variance_with(Pending::NONE.with(factor, step));
        let at = factor.ix() * FACTORS_MAX;
        let row = self.sigma.get(at..at + FACTORS_MAX).unwrap_or_default();
        for (gradient, sigma) in self.gradient.iter_mut().zip(row) {
            *gradient += i128::from(*sigma) * i128::from(step);
        }
    }

    /// The variance once exposures change by `d`: v + dᵀ(2g + Σd), taken as v + dᵀg + dᵀ(g + Σd).
    ///
    /// # Cost
    /// O(n²) for changes of n factors.
    pub(super) fn variance_with(&self, changes: Pending<'_>) -> Wide {
        // Σw before and after: both at most 2¹²⁶, and so is each sum on the way from one to the
        // other, which is that of a portfolio of which some factors have changed.
        let parts = changes.steps().map(|(factor, step)| {
            let before = self.gradient.get(factor.ix()).copied().unwrap_or(0);
            let after = self.gradient_with(factor.ix(), changes);
            let step = i128::from(step);
            Wide::product(before, step).plus(Wide::product(after, step))
        });
        parts.fold(self.variance, Wide::plus)
    }

    /// A component of the gradient once exposures change.
    fn gradient_with(&self, ix: usize, changes: Pending<'_>) -> i128 {
        let row = self.row(ix);
        let before = self.gradient.get(ix).copied().unwrap_or(0);
        changes.steps().fold(before, |sum, (factor, step)| {
            let sigma = row.get(factor.ix()).copied().unwrap_or(0);
            sum + i128::from(sigma) * i128::from(step)
        })
    }

    /// z²·v·h, of which [`ROOT_SCALE`] times the value at risk is the root.
    fn scaled(&self, changes: Pending<'_>) -> Wide {
        self.variance_with(changes).times(self.quantile())
    }

    /// z²·h.
    fn quantile(&self) -> u64 {
        Z99_PPM * Z99_PPM * u64::from(self.periods)
    }

    /// Whether the value at risk is at most `cap` once exposures change, compared in squares.
    ///
    /// # Cost
    /// As [`variance_with`](Self::variance_with).
    pub(super) fn is_within(&self, changes: Pending<'_>, cap: i128) -> bool {
        let cap = cap.clamp(0, CAP_MAX).unsigned_abs();
        self.scaled(changes) <= Wide::square(cap * ROOT_SCALE)
    }

    /// The value at risk once exposures change, rounded up: at most a whole cap exactly where
    /// [`is_within`](Self::is_within) says so.
    ///
    /// # Cost
    /// A root of 256 bits, for messages.
    pub(super) fn amount(&self, changes: Pending<'_>) -> i128 {
        let root = self.scaled(changes).root_rounded_up();
        root.div_ceil(ROOT_SCALE).cast_signed()
    }

    /// What the value at risk now is at most, in units of one by [`ONE`]: above it by less than
    /// one in 2⁶⁰ and two units.
    pub(super) fn most(&self) -> i128 {
        let scaled = self.variance.times(self.quantile());
        fine(scaled.root_above()).cast_signed()
    }

    /// What the value at risk of an exposure of one to a factor alone is at most, in units of one
    /// by [`ONE`].
    pub(super) fn unit(&self, factor: Factor) -> u64 {
        let variance = self.covariance(factor.ix(), factor.ix()).unsigned_abs();
        if variance == 0 {
            return 0;
        }
        // Below 2¹²²; the root below 2⁶¹, and a return of one half comes to less than 2⁴².
        let scaled = u128::from(variance) * u128::from(self.quantile());
        u64::try_from(fine(scaled.isqrt() + 1)).expect("the value at risk of one is small")
    }

    pub(super) fn digest(&self, waiting: Pending<'_>, words: &mut Words) {
        words.u64(self.weight);
        words.u64(u64::from(self.periods) << 32 | u64::from(self.observations_min));
        self.counts
            .iter()
            .for_each(|count| words.u64(u64::from(*count)));
        self.sigma
            .iter()
            .for_each(|sigma| words.u64(sigma.cast_unsigned()));
        for ix in 0..self.gradient.len() {
            words.i128(self.gradient_with(ix, waiting));
        }
    }

    /// Covariances, and gradient and variance once exposures change, for the twins of the tests.
    #[cfg(test)]
    pub(super) fn parts(&self, changes: Pending<'_>) -> (&[i64], Vec<i128>, Wide) {
        let gradient = (0..self.gradient.len()).map(|ix| self.gradient_with(ix, changes));
        (&self.sigma, gradient.collect(), self.variance_with(changes))
    }
}

/// [`ONE`] by [`ROOT_SCALE`] times a root, rounded up.
const fn fine(root: u128) -> u128 {
    // The power of two that both have is left out: what is left of the one is 2²⁰. A root is
    // below 2¹²⁵.
    const LEFT: u128 = ROOT_SCALE >> (FRACTION_BITS / 2);
    const SHIFT: u32 = ONE.trailing_zeros() - FRACTION_BITS / 2;
    if root < 1 << 100 {
        (root << SHIFT).div_ceil(LEFT)
    } else {
        root.div_ceil(LEFT) << SHIFT
    }
}

/// The product of two returns, in units of a covariance.
const fn square(a: i64, b: i64) -> i64 {
    // Returns are at most 500,000: below 2³⁸, and 2⁶² with the fraction.
    (a * b) << FRACTION_BITS
}
