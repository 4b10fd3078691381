//! The exposure to each factor, and the changes of it that wait to be taken in.

use super::{FACTORS_MAX, Factor};

/// The exposure to one factor: one cache line, all that a change or a check of it reads but sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Stand {
    pub(super) exact: i128,
    /// `exact`, within its bounds.
    pub(super) measured: i64,
    /// The part of `measured` that is not taken in. Both the exposure with it and that without
    /// are within bounds, so that it is at most twice the bound.
    pub(super) waiting: i64,
    /// What an exposure of one adds to a loss at most: the size of the factor's largest return.
    pub(super) steepest: u64,
    /// What an exposure of one adds to the parametric value at risk at most: that of it alone.
    pub(super) deviation: u64,
}

impl Stand {
    /// By how much a step moves the exposure further from what is taken in.
    pub(super) const fn further(&self, step: i64) -> i64 {
        (self.waiting + step).abs() - self.waiting.abs()
    }

    /// Without returns.
    pub(super) const fn forget_returns(&mut self) {
        (self.waiting, self.steepest, self.deviation) = (0, 0, 0);
    }
}

/// Changes of some exposures, each by so much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending<'a> {
    stands: &'a [Stand; FACTORS_MAX],
    /// The factors, as bits, of which a change waits.
    waiting: u64,
    /// A change besides.
    factor: Factor,
    step: i64,
}

impl<'a> Pending<'a> {
    /// No change.
    pub(super) const NONE: Self = Self::new(
        &[Stand {
            exact: 0,
            measured: 0,
            waiting: 0,
            steepest: 0,
            deviation: 0,
        }; FACTORS_MAX],
        0,
    );

    /// The changes that wait of these factors.
    pub(super) const fn new(stands: &'a [Stand; FACTORS_MAX], waiting: u64) -> Self {
        Self {
            stands,
            waiting,
            factor: Factor::FIRST,
            step: 0,
        }
    }

    /// These, and a step of one factor besides.
    pub(super) const fn with(self, factor: Factor, step: i64) -> Self {
        Self {
            factor,
            step,
            ..self
        }
    }

    pub(super) const fn is_empty(self) -> bool {
        self.waiting == 0 && self.step == 0
    }

    /// Each factor that changes, and by how much: at most twice the bound of an exposure.
    pub(super) fn steps(self) -> impl Iterator<Item = (Factor, i64)> {
        let mut left = self.waiting | if self.step == 0 { 0 } else { self.factor.bit() };
        std::iter::from_fn(move || {
            let factor = Factor::lowest(left)?;
            left &= !factor.bit();
            let waits = self
                .stands
                .get(factor.ix())
                .map_or(0, |stand| stand.waiting);
            let more = if factor == self.factor { self.step } else { 0 };
            Some((factor, waits + more))
        })
    }
}
