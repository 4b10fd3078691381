//! Historical simulation: what the portfolio would have lost in each of up to 256 past scenarios.

use super::pending::Pending;
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
        let (Some(ret), Some(count)) = (
            self.returns.get_mut(column + at),
            self.counts.get_mut(factor.ix()),
        ) else {
            return false;
        };
        let step = i64::from(ret_ppm) - i64::from(*ret);
        *ret = ret_ppm;
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

    /// The value at risk, where it was worked out since the profits last changed.
    pub(super) const fn now(&self) -> Option<i128> {
        self.now
    }

    /// Follows a change of an exposure; gives the size of the factor's largest return.
    ///
    /// # Cost
    /// O(scenarios).
    pub(super) fn take_in(&mut self, factor: Factor, step: i64) -> u64 {
        let at = factor.ix() * self.scenarios;
        let column = self.returns.get(at..at + self.scenarios);
        let mut steepest = 0;
        // One pass: a profit is ranked while it is at hand.
        let mut worst = Worst::NONE;
        for (profit, ret) in self.profit.iter_mut().zip(column.unwrap_or_default()) {
            *profit += i128::from(step) * i128::from(*ret);
            steepest = steepest.max(ret.unsigned_abs());
            worst.take(-*profit);
        }
        self.now = Some(worst.at(self.rank()));
        u64::from(steepest)
    }

    /// Works out the value at risk once after a series of changes.
    pub(super) fn settle(&mut self) {
        self.now = Some(self.ranked(self.profit.iter().map(|profit| -profit)));
    }

    /// The loss that is ⌈n/100⌉-th worst of the n scenarios once what waits is taken in and an
    /// exposure changes by `step`; negative where even that scenario gains.
    ///
    /// # Cost
    /// O(scenarios), and as much for each factor that waits.
    pub(super) fn loss_with(&self, waiting: Pending<'_>, factor: Factor, step: i64) -> i128 {
        self.with_profits(waiting, |profits| {
            self.ranked(self.losses(profits, factor, step))
        })
    }

    /// Whether [`loss_with`](Self::loss_with) is at most `limit`: whether fewer scenarios than the
    /// rank lose more, which is the same as ranking them, without a branch.
    ///
    /// # Cost
    /// As [`loss_with`](Self::loss_with).
    pub(super) fn is_within(
        &self,
        waiting: Pending<'_>,
        factor: Factor,
        step: i64,
        limit: i128,
    ) -> bool {
        let beyond = self.with_profits(waiting, |profits| {
            let losses = self.losses(profits, factor, step);
            losses.map(|loss| usize::from(loss > limit)).sum::<usize>()
        });
        beyond < self.rank()
    }

    /// The loss that counts.
    fn ranked(&self, losses: impl Iterator<Item = i128>) -> i128 {
        let mut worst = Worst::NONE;
        losses.for_each(|loss| worst.take(loss));
        worst.at(self.rank())
    }

    fn losses(&self, profits: &[i128], factor: Factor, step: i64) -> impl Iterator<Item = i128> {
        let profits = profits.iter().zip(self.column(factor));
        profits.map(move |(profit, ret)| -(profit + i128::from(step) * i128::from(*ret)))
    }

    /// What `of` gives for the profits once what waits is taken in.
    fn with_profits<T>(&self, waiting: Pending<'_>, of: impl FnOnce(&[i128]) -> T) -> T {
        if waiting.is_empty() {
            return of(&self.profit);
        }
        let mut profits = [0; SCENARIOS_MAX as usize];
        let profits = profits.get_mut(..self.profit.len()).unwrap_or_default();
        profits.copy_from_slice(&self.profit);
        for (factor, step) in waiting.steps() {
            for (profit, ret) in profits.iter_mut().zip(self.column(factor)) {
                *profit += i128::from(step) * i128::from(*ret);
            }
        }
        of(profits)
    }

    fn column(&self, factor: Factor) -> &[i32] {
        let at = factor.ix() * self.scenarios;
        self.returns
            .get(at..at + self.scenarios)
            .unwrap_or_default()
    }

    const fn rank(&self) -> usize {
        self.scenarios.div_ceil(ONE_IN)
    }

    /// The whole amount that `loss` comes to in units of an exposure, rounded up.
    pub(super) const fn amount(loss: i128) -> i128 {
        // Rounds towards zero, which is up for a gain.
        loss / PPM + (loss % PPM > 0) as i128
    }

    pub(super) fn digest(&self, waiting: Pending<'_>, words: &mut Words) {
        words.u64(self.scenarios as u64);
        self.given.iter().for_each(|given| words.u64(*given));
        for some in self.returns.chunks(64) {
            let mut bytes = [0; 256];
            for (place, ret) in bytes.chunks_exact_mut(4).zip(some) {
                place.copy_from_slice(&ret.to_le_bytes());
            }
            words.bytes(&bytes);
        }
        self.with_profits(waiting, |profits| {
            profits.iter().for_each(|profit| words.i128(*profit));
        });
    }

    /// The profits without what waits, for tests of what waits.
    #[cfg(test)]
    pub(super) fn profits(&self) -> &[i128] {
        &self.profit
    }
}

/// The worst losses met, worst first.
#[derive(Debug)]
struct Worst([i128; RANK_MAX]);

impl Worst {
    const NONE: Self = Self([i128::MIN; RANK_MAX]);

    /// Puts a loss in its place, if it is among them; few scenarios get past the least.
    fn take(&mut self, loss: i128) {
        if self.0.last().is_some_and(|least| loss > *least) {
            let mut falling = loss;
            for place in &mut self.0 {
                if falling > *place {
                    std::mem::swap(place, &mut falling);
                }
            }
        }
    }

    /// The one of a rank, of which the first is 1.
    fn at(&self, rank: usize) -> i128 {
        let at_risk = self.0.get(rank.saturating_sub(1));
        at_risk.copied().unwrap_or(i128::MIN)
    }
}
