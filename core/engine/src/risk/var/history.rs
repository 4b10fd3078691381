//! Historical simulation: what the portfolio would have lost in each of up to 256 past scenarios.

use super::{FACTORS_MAX, Factor, PPM};
use crate::digest::Words;

/// Scenarios that can be held: a year of trading days.
pub(crate) const SCENARIOS_MAX: u16 = 256;

/// One in this many scenarios is worse than the value at risk.
const ONE_IN: usize = 100;

/// The most losses that can rank before the value at risk, with itself.
const RANK_MAX: usize = (SCENARIOS_MAX as usize).div_ceil(ONE_IN);

/// Returns of scenarios and the profit or loss of the portfolio in each.
///
/// # Units
/// Returns in parts per million; profit and loss in 10⁻¹⁰ of the base currency, the product of an
/// exposure in 10⁻⁴ and a return. Exposures are below 2⁵⁹ and returns below 2³¹, so that the sum
/// over 64 factors stays below 2⁹⁷ and is exact.
#[derive(Debug, Default)]
pub(super) struct History {
    scenarios: usize,
    /// One column of scenarios per factor.
    returns: Vec<i32>,
    /// For each scenario the factors, as bits, whose return is known.
    given: Vec<u64>,
    /// For each factor how many scenarios know its return.
    counts: Vec<usize>,
    /// Factors, as bits, whose return is known in all scenarios.
    complete: u64,
    /// For each factor a bound on the size of its returns.
    steepest: Vec<u32>,
    profit: Vec<i128>,
    /// The value at risk, where it was worked out since the profits last changed.
    now: Option<i128>,
}

impl History {
    /// Makes room for `scenarios` and forgets all returns. Allocates.
    pub(super) fn grow(&mut self, scenarios: u16) {
        let scenarios = usize::from(scenarios.min(SCENARIOS_MAX));
        *self = Self {
            scenarios,
            returns: vec![0; FACTORS_MAX * scenarios],
            given: vec![0; scenarios],
            counts: vec![0; FACTORS_MAX],
            complete: 0,
            steepest: vec![0; FACTORS_MAX],
            profit: vec![0; scenarios],
            now: None,
        };
    }

    /// Factors, as bits, whose return is known in all scenarios.
    pub(super) const fn complete(&self) -> u64 {
        self.complete
    }

    /// Takes a factor's return in a scenario, in the place of an earlier one; `false` and nothing
    /// else if there is no such scenario.
    ///
    /// # Cost
    /// O(1).
    pub(super) fn set_return(
        &mut self,
        scenario: u16,
        factor: Factor,
        ret_ppm: i32,
        exposure: i64,
    ) -> bool {
        let at = usize::from(scenario);
        let (scenarios, column) = (self.scenarios, factor.ix() * self.scenarios);
        let (Some(given), Some(profit)) = (self.given.get_mut(at), self.profit.get_mut(at)) else {
            return false;
        };
        let (Some(ret), Some(count), Some(steepest)) = (
            self.returns.get_mut(column + at),
            self.counts.get_mut(factor.ix()),
            self.steepest.get_mut(factor.ix()),
        ) else {
            return false;
        };
        let step = i64::from(ret_ppm) - i64::from(*ret);
        *ret = ret_ppm;
        *steepest = (*steepest).max(ret_ppm.unsigned_abs());
        if *given & factor.bit() == 0 {
            *given |= factor.bit();
            *count += 1;
            if *count == scenarios {
                self.complete |= factor.bit();
            }
        }
        *profit += i128::from(exposure) * i128::from(step);
        if exposure != 0 {
            self.now = None;
        }
        true
    }

    /// Follows a change of an exposure.
    ///
    /// # Cost
    /// O(scenarios). Besides the profits, works out the value at risk and the bound of the
    /// factor's returns afresh, so that the next checks need not.
    pub(super) fn exposure_changed(&mut self, factor: Factor, step: i64) {
        let column = factor.ix() * self.scenarios;
        let column = self.returns.get(column..column + self.scenarios);
        let mut steepest = 0;
        // One pass: a profit is ranked while it is at hand.
        let mut worst = [i128::MIN; RANK_MAX];
        for (profit, ret) in self.profit.iter_mut().zip(column.unwrap_or_default()) {
            *profit += i128::from(step) * i128::from(*ret);
            steepest = steepest.max(ret.unsigned_abs());
            let loss = -*profit;
            if worst.last().is_some_and(|least| loss > *least) {
                rank(&mut worst, loss);
            }
        }
        if let Some(bound) = self.steepest.get_mut(factor.ix()) {
            *bound = steepest;
        }
        self.now = Some(self.ranked(&worst));
    }

    /// Works out the value at risk once after a series of new returns.
    pub(super) fn settle(&mut self) {
        self.now = Some(self.loss_with(Factor::FIRST, 0));
    }

    /// The loss that is ⌈n/100⌉-th worst of the n scenarios if an exposure changes by `step`;
    /// negative where even that scenario gains.
    ///
    /// # Cost
    /// O(scenarios).
    pub(super) fn loss_with(&self, factor: Factor, step: i64) -> i128 {
        // The worst losses met, worst first; few scenarios get past the least of them.
        let mut worst = [i128::MIN; RANK_MAX];
        for loss in self.losses(factor, step) {
            if worst.last().is_some_and(|least| loss > *least) {
                rank(&mut worst, loss);
            }
        }
        self.ranked(&worst)
    }

    /// The loss that counts, of the worst ones.
    fn ranked(&self, worst: &[i128; RANK_MAX]) -> i128 {
        let at_risk = worst.get(self.rank().saturating_sub(1));
        at_risk.copied().unwrap_or(i128::MIN)
    }

    /// Whether [`loss_with`](Self::loss_with) is at most `limit`.
    ///
    /// The verdict is always that of the scan, and mostly comes without it. A step `d` changes the
    /// profit of no scenario by more than `|d|·max|r|`. A ranked value of a list changes by no
    /// more than the largest change of an element: as many elements as before are at least as low
    /// as the old value plus that change, and likewise from above. So the loss of that rank with
    /// the step is at most the loss now plus `|d|·max|r|`, and where this sum is within the limit,
    /// so is the loss. Where it is not, nothing is known and the scenarios are scanned.
    ///
    /// # Cost
    /// O(1) where the bound decides, else O(scenarios).
    pub(super) fn is_within(&self, factor: Factor, step: i64, limit: i128) -> bool {
        self.bound(factor, step).is_some_and(|bound| bound <= limit)
            || self.scan_is_within(factor, step, limit)
    }

    /// What [`loss_with`](Self::loss_with) is at most, where the loss now is at hand.
    fn bound(&self, factor: Factor, step: i64) -> Option<i128> {
        let steepest = i128::from(*self.steepest.get(factor.ix())?);
        Some(self.now? + i128::from(step).abs() * steepest)
    }

    /// Whether fewer scenarios than the rank lose more than `limit`: the same as ranking them,
    /// without a branch.
    fn scan_is_within(&self, factor: Factor, step: i64, limit: i128) -> bool {
        let beyond = self
            .losses(factor, step)
            .map(|loss| usize::from(loss > limit));
        beyond.sum::<usize>() < self.rank()
    }

    fn losses(&self, factor: Factor, step: i64) -> impl Iterator<Item = i128> {
        let column = factor.ix() * self.scenarios;
        let column = self.returns.get(column..column + self.scenarios);
        let profits = self.profit.iter().zip(column.unwrap_or_default());
        profits.map(move |(profit, ret)| -(profit + i128::from(step) * i128::from(*ret)))
    }

    const fn rank(&self) -> usize {
        self.scenarios.div_ceil(ONE_IN)
    }

    /// The whole amount that `loss` comes to in units of an exposure, rounded up.
    pub(super) const fn amount(loss: i128) -> i128 {
        // Rounds towards zero, which is up for a gain.
        loss / PPM + (loss % PPM > 0) as i128
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.scenarios as u64);
        self.given.iter().for_each(|given| words.u64(*given));
        for some in self.returns.chunks(64) {
            let mut bytes = [0; 256];
            for (place, ret) in bytes.chunks_exact_mut(4).zip(some) {
                place.copy_from_slice(&ret.to_le_bytes());
            }
            words.bytes(&bytes);
        }
        self.profit.iter().for_each(|profit| words.i128(*profit));
    }

    /// The loss now that is kept, for tests of what keeps it.
    #[cfg(test)]
    pub(super) const fn kept(&self) -> Option<i128> {
        self.now
    }

    /// Whether the bound alone decides, and the verdict of the scan alone.
    #[cfg(test)]
    pub(super) fn both_ways(&self, factor: Factor, step: i64, limit: i128) -> (bool, bool) {
        let bound = self.bound(factor, step).is_some_and(|bound| bound <= limit);
        (bound, self.scan_is_within(factor, step, limit))
    }
}

/// Puts a loss in its place among the worst, of which the least falls out.
fn rank(worst: &mut [i128; RANK_MAX], loss: i128) {
    let mut falling = loss;
    for place in worst {
        if falling > *place {
            std::mem::swap(place, &mut falling);
        }
    }
}
