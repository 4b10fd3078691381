//! Value at risk of a portfolio over one day at 99 %, after an order as if it were filled.
//!
//! A portfolio is an exposure to each of up to [`FACTORS_MAX`] risk factors; an instrument moves
//! with one of them as its [`Mapping`] says. Two methods measure it, each in whole numbers only:
//!
//! - [`Method::Historical`]: the loss that one in a hundred of the given scenarios exceeds
//!   (`history`), from the portfolio's profit in each of them.
//! - [`Method::Ewma`]: z·√(h·wᵀΣw) with exponentially weighted covariances Σ of the returns at
//!   sampling moments (`ewma`), h of them a day, from the gradient Σw and the variance wᵀΣw.
//!
//! **What waits.** Profits and gradient cost a pass over scenarios and factors for each change of
//! an exposure. A change is therefore only noted, and each method keeps a bound that its value at
//! risk cannot exceed (`ceiling`): a check that the bound passes needs nothing else, and far from
//! its cap a portfolio needs no more ever. A check that it does not pass is worked out exactly,
//! with the changes that wait, so that no verdict ever depends on the bound; and for some changes
//! from then on nothing waits. When work is done is no state: values and digest are those of a
//! portfolio of which nothing ever waits.
//!
//! A fact that is missing gives `None`, which refuses. A portfolio too large to be measured gives
//! a value at risk above every cap. Reducing orders are the caller's matter: they bypass the
//! check, as do cancels.
//!
//! # Units
//! Exposures, values at risk and caps in 10⁻⁴ of the base currency; returns in parts per million.
//!
//! # Source
//! J.P. Morgan/Reuters (1996), *RiskMetrics Technical Document*, 4th edition, chapter 5: the
//! covariances and λ = 0.94 for daily returns; chapter 6: parametric value at risk. Jorion
//! (2006), *Value at Risk*, 3rd edition: historical simulation, the square root of time, and the
//! change of value at risk with a position. The square root of time supposes returns that are not
//! correlated in time, the normal quantile tails that are not fat; the historical method supposes
//! neither, which is why both may have a cap.

mod ceiling;
mod ewma;
mod history;
mod pending;
mod sampler;
#[cfg(test)]
mod tests;
mod wide;

use std::cell::Cell;

use ceiling::Ceiling;
use ewma::Ewma;
use history::History;
use pending::{Pending, Stand};

pub(crate) use ewma::{LAMBDA_DAILY_PPM, PERIODS_MAX};
pub(crate) use history::SCENARIOS_MAX;
pub(crate) use sampler::Sampler;

use super::round::away_from_zero;
use crate::digest::Words;

/// Risk factors of a portfolio.
pub(crate) const FACTORS_MAX: usize = 64;

/// The largest exposure to a factor that is measured, of either sign: 2.8 · 10¹³ of the base
/// currency. The widths in `history` and `ewma` rest on it.
pub(crate) const EXPOSURE_MAX: i64 = 1 << 58;

/// The largest return of a sampling period: ± 50 %.
pub(crate) const RETURN_PPM_MAX: i32 = 500_000;

/// Changes of exposures that do not wait after a check that its bound did not decide.
const NEAR_CHANGES: u32 = 64;

const PPM: i128 = 1_000_000;
const PPM_64: i64 = 1_000_000;

/// The returns of all factors in one sampling period, as far as they are known.
pub(crate) type Returns = [Option<i32>; FACTORS_MAX];

/// The number of a risk factor, below [`FACTORS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Factor(u8);

impl Factor {
    pub(crate) const FIRST: Self = Self(0);

    /// The factor of a number, if there is one.
    pub(crate) const fn new(ix: u8) -> Option<Self> {
        if (ix as usize) < FACTORS_MAX {
            Some(Self(ix))
        } else {
            None
        }
    }

    pub(crate) const fn ix(self) -> usize {
        self.0 as usize
    }

    const fn bit(self) -> u64 {
        1 << self.0
    }

    /// The factor of the lowest bit that is set.
    fn lowest(bits: u64) -> Option<Self> {
        let ix = u8::try_from(bits.trailing_zeros()).ok()?;
        Self::new(ix)
    }
}

/// The factor that an instrument moves with, and by how much for each of the factor's moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) factor: Factor,
    /// The instrument's return for one of the factor's, in parts per million.
    pub(crate) beta_ppm: i32,
}

impl Mapping {
    /// The exposure to the factor of a holding of this value, rounded away from zero.
    ///
    /// Rounding makes the exposure of a sum differ from the sum of exposures. Give
    /// [`Var::exposure_changed`] the exposure of the whole holding now less that of the whole
    /// holding before, and nothing adds up over time.
    ///
    /// A value too large to be weighted saturates, which no portfolio passes with.
    pub(crate) fn exposure(self, value: i128) -> i128 {
        if i128::from(self.beta_ppm) == PPM {
            return value;
        }
        // 64 bits are enough for any sensible holding, and much cheaper.
        if let Ok(value) = i64::try_from(value)
            && let Some(scaled) = value.checked_mul(i64::from(self.beta_ppm))
        {
            return i128::from(scaled / PPM_64 + (scaled % PPM_64).signum());
        }
        let beta = i128::from(self.beta_ppm);
        let scaled = if value.unsigned_abs() < 1 << 95 {
            value.wrapping_mul(beta)
        } else {
            value.saturating_mul(beta)
        };
        away_from_zero::<{ PPM.unsigned_abs() }>(scaled)
    }
}

/// How value at risk is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// From scenarios.
    Historical,
    /// From exponentially weighted covariances.
    Ewma,
}

/// The parameters of both methods, known to be within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    scenarios: u16,
    lambda_ppm: u32,
    periods: u32,
    observations_min: u32,
}

impl Model {
    /// No scenarios are known, and 74 daily returns are asked for: with λ = 0.94 the returns before
    /// them weigh 1 % (RiskMetrics, chapter 5, "effective number of days").
    pub(crate) const DAILY: Self = Self {
        scenarios: 0,
        lambda_ppm: LAMBDA_DAILY_PPM,
        periods: 1,
        observations_min: 74,
    };

    /// With this many scenarios; none without the historical method. `None` above
    /// [`SCENARIOS_MAX`].
    pub(crate) fn scenarios(mut self, scenarios: u16) -> Option<Self> {
        self.scenarios = scenarios;
        (scenarios <= SCENARIOS_MAX).then_some(self)
    }

    /// With λ, in parts per million below a million.
    pub(crate) fn lambda_ppm(mut self, lambda_ppm: u32) -> Option<Self> {
        self.lambda_ppm = lambda_ppm;
        (lambda_ppm < 1_000_000).then_some(self)
    }

    /// With this many sampling periods in a day, from 1 to [`PERIODS_MAX`].
    pub(crate) fn periods(mut self, periods: u32) -> Option<Self> {
        self.periods = periods;
        (1..=PERIODS_MAX).contains(&periods).then_some(self)
    }

    /// With this many returns of a factor before its covariances count as known; at least one.
    #[cfg(test)]
    pub(crate) fn observations_min(mut self, observations_min: u32) -> Option<Self> {
        self.observations_min = observations_min;
        (observations_min >= 1).then_some(self)
    }
}

/// What a candidate change comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A change of the measured exposure, to one within [`EXPOSURE_MAX`].
    By(i64),
    /// To a portfolio that cannot be measured.
    TooLarge,
}

/// One portfolio's exposures and what both methods keep of them.
///
/// An exposure beyond [`EXPOSURE_MAX`] is measured as that bound, and while there is one, every
/// value at risk is [`i128::MAX`]; the exact exposure is kept, and all is as before once it is
/// back within.
#[derive(Debug)]
pub(crate) struct Var {
    stands: [Stand; FACTORS_MAX],
    /// Factors, as bits, whose exposure is not zero.
    held: u64,
    /// Factors, as bits, whose exposure is beyond bounds.
    beyond: u64,
    /// Factors, as bits, of which a change waits.
    waiting: u64,
    /// An exposure left 128 bits: what it is now, nobody knows.
    lost: bool,
    /// How many of the next changes do not wait.
    near: Cell<u32>,
    loss: Ceiling,
    deviation: Ceiling,
    model: Option<Model>,
    history: History,
    ewma: Ewma,
}

impl Default for Var {
    fn default() -> Self {
        Self {
            stands: [Stand::default(); FACTORS_MAX],
            held: 0,
            beyond: 0,
            waiting: 0,
            lost: false,
            near: Cell::new(0),
            loss: Ceiling::default(),
            deviation: Ceiling::default(),
            model: None,
            history: History::default(),
            ewma: Ewma::default(),
        }
    }
}

impl Var {
    /// Sets the parameters. Allocates. Another model forgets returns and scenarios, never
    /// exposures; the same changes nothing.
    pub(crate) fn grow(&mut self, model: Model) {
        if self.model == Some(model) {
            return;
        }
        self.model = Some(model);
        self.history.grow(model.scenarios);
        let Model {
            lambda_ppm,
            periods,
            observations_min,
            ..
        } = model;
        self.ewma.grow(lambda_ppm, periods, observations_min);
        // Without returns nothing moves with any exposure: what waited is taken in.
        for stand in &mut self.stands {
            stand.forget_returns();
        }
        self.waiting = 0;
        self.bound();
    }

    /// Takes a factor's return in a scenario, in the place of an earlier one; `false` and nothing
    /// else if there is no such scenario.
    ///
    /// # Cost
    /// O(1) where nothing waits; the next historical check scans unless [`settle`](Self::settle)
    /// comes first.
    pub(crate) fn set_return(&mut self, scenario: u16, factor: Factor, ret_ppm: i32) -> bool {
        self.take_in();
        let exposure = self.stand(factor).measured;
        let taken = self.history.set_return(scenario, factor, ret_ppm, exposure);
        if taken && let Some(stand) = self.stands.get_mut(factor.ix()) {
            stand.steepest = stand.steepest.max(u64::from(ret_ppm.unsigned_abs()));
        }
        self.loss.set(self.history.now());
        taken
    }

    /// Takes in what waits, and works out the historical value at risk once after a series of new
    /// returns.
    ///
    /// # Cost
    /// O(scenarios), and for each factor of which a change waits O(scenarios + k).
    pub(crate) fn settle(&mut self) {
        self.take_in();
        self.history.settle();
        self.bound();
    }

    /// Takes in what waits if checks are no longer decided by the bounds. For each command.
    ///
    /// # Cost
    /// O(1); after such a check as [`settle`](Self::settle).
    pub(crate) fn refresh(&mut self) {
        if self.near.get() > 0 && self.waiting != 0 {
            self.take_in();
        }
    }

    /// Takes the returns of one sampling period, and is called at no other time.
    ///
    /// # Cost
    /// O(k²). Returns beyond [`RETURN_PPM_MAX`] count as that.
    pub(crate) fn observe(&mut self, returns: &Returns) {
        self.take_in();
        self.ewma
            .observe(returns, &self.stands.map(|stand| stand.measured));
        for (ix, stand) in (0..).zip(&mut self.stands) {
            stand.deviation = Factor::new(ix).map_or(0, |factor| self.ewma.unit(factor));
        }
        self.bound();
    }

    /// Follows a fill or a mark.
    ///
    /// # Cost
    /// O(1). For the [`NEAR_CHANGES`] changes that follow a check that its bound did not decide,
    /// O(scenarios + k).
    pub(crate) fn exposure_changed(&mut self, factor: Factor, delta: i128) {
        let stand = self.stands.get_mut(factor.ix());
        let stand = stand.expect("a factor's number is below their count");
        let Some(exact) = stand.exact.checked_add(delta) else {
            self.lost = true;
            return;
        };
        let after = within_bounds(exact);
        let step = after - stand.measured;
        (stand.exact, stand.measured) = (exact, after);
        set_bit(&mut self.held, factor, exact != 0);
        set_bit(&mut self.beyond, factor, exact != i128::from(after));
        if step == 0 {
            return;
        }
        let further = stand.further(step);
        stand.waiting += step;
        set_bit(&mut self.waiting, factor, stand.waiting != 0);
        self.loss.raise(further, stand.steepest);
        self.deviation.raise(further, stand.deviation);
        let near = self.near.get_mut();
        if *near > 0 {
            *near -= 1;
            self.take_in();
        }
    }

    /// Whether the value at risk is at most `cap` if the exposure to a factor changes by `delta`;
    /// `None` if a fact is missing of that factor or of one that the portfolio is exposed to.
    ///
    /// The same verdict as comparing [`value_with`](Self::value_with), and cheaper. No portfolio
    /// passes a cap below zero.
    ///
    /// # Cost
    /// O(1) where the bound decides. Else, with changes of n factors waiting,
    /// O(scenarios·(n + 1)) for [`Method::Historical`] and O((n + 1)²) for [`Method::Ewma`]; the
    /// next check finds none.
    pub(crate) fn passes(
        &self,
        method: Method,
        factor: Factor,
        delta: i128,
        cap: i128,
    ) -> Option<bool> {
        self.facts(method, factor)?;
        let Step::By(step) = self.step(factor, delta) else {
            return Some(false);
        };
        if cap < 0 {
            return Some(false);
        }
        if self.ceiling_passes(method, factor, step, cap) {
            return Some(true);
        }
        Some(self.is_within(method, factor, step, cap))
    }

    /// The value at risk if the exposure to a factor changes by `delta`, rounded up; `None` if a
    /// fact is missing, [`i128::MAX`] if the portfolio is too large. Historically it is negative
    /// where even the scenario that counts gains.
    ///
    /// # Cost
    /// For messages and traces: as a check that its bound does not decide, and a root.
    pub(crate) fn value_with(&self, method: Method, factor: Factor, delta: i128) -> Option<i128> {
        self.facts(method, factor)?;
        let Step::By(step) = self.step(factor, delta) else {
            return Some(i128::MAX);
        };
        let waiting = self.waiting();
        Some(match method {
            Method::Historical => History::amount(self.history.loss_with(waiting, factor, step)),
            Method::Ewma => self.ewma.amount(waiting.with(factor, step)),
        })
    }

    /// The historical loss behind [`value_with`](Self::value_with), not rounded: in 10⁻¹⁰ of the
    /// base currency, the ⌈n/100⌉-th worst of the n scenarios.
    #[cfg(test)]
    pub(crate) fn var99_with(&self, factor: Factor, delta: i128) -> Option<i128> {
        self.facts(Method::Historical, factor)?;
        Some(match self.step(factor, delta) {
            Step::By(step) => self.history.loss_with(self.waiting(), factor, step),
            Step::TooLarge => i128::MAX,
        })
    }

    /// The exposure to a factor.
    #[cfg(test)]
    pub(crate) fn exact(&self, factor: Factor) -> i128 {
        self.stand(factor).exact
    }

    /// A hash of all that later values depend on. What waits is no part of it: it is hashed as if
    /// it had been taken in.
    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(u64::from(self.lost));
        self.stands.iter().for_each(|stand| words.i128(stand.exact));
        self.history.digest(self.waiting(), &mut words);
        self.ewma.digest(self.waiting(), &mut words);
        words.finish()
    }

    /// That all is known of the factors that matter.
    fn facts(&self, method: Method, factor: Factor) -> Option<()> {
        let complete = match method {
            Method::Historical => self.history.complete(),
            Method::Ewma => self.ewma.complete(),
        };
        ((self.held | factor.bit()) & !complete == 0).then_some(())
    }

    fn step(&self, factor: Factor, delta: i128) -> Step {
        let stand = self.stand(factor);
        match stand.exact.checked_add(delta) {
            Some(after)
                if after.unsigned_abs() <= EXPOSURE_MAX.unsigned_abs().into()
                    && !self.lost
                    && self.beyond & !factor.bit() == 0 =>
            {
                Step::By(within_bounds(after) - stand.measured)
            }
            Some(_) | None => Step::TooLarge,
        }
    }

    /// Whether a method's bound is within a cap, with a step.
    fn ceiling_passes(&self, method: Method, factor: Factor, step: i64, cap: i128) -> bool {
        let stand = self.stand(factor);
        let further = stand.further(step);
        match method {
            Method::Historical => {
                self.loss
                    .passes(further, stand.steepest, ceiling::fine::<{ PPM }>(cap))
            }
            Method::Ewma => {
                let cap = ceiling::fine::<{ ewma::ONE }>(cap);
                self.deviation.passes(further, stand.deviation, cap)
            }
        }
    }

    /// The verdict without a bound.
    #[cold]
    fn is_within(&self, method: Method, factor: Factor, step: i64, cap: i128) -> bool {
        self.near.set(NEAR_CHANGES);
        let waiting = self.waiting();
        match method {
            Method::Historical => {
                let limit = ceiling::fine::<{ PPM }>(cap);
                self.history.is_within(waiting, factor, step, limit)
            }
            Method::Ewma => self.ewma.is_within(waiting.with(factor, step), cap),
        }
    }

    /// Takes in what waits.
    ///
    /// # Cost
    /// O(scenarios + k) for each factor of which a change waits.
    fn take_in(&mut self) {
        if self.waiting == 0 {
            return;
        }
        let mut left = self.waiting;
        while let Some(factor) = Factor::lowest(left) {
            left &= !factor.bit();
            let stand = self.stand_mut(factor);
            let step = std::mem::take(&mut stand.waiting);
            self.ewma.take_in(factor, step);
            let steepest = self.history.take_in(factor, step);
            self.stand_mut(factor).steepest = steepest;
        }
        self.waiting = 0;
        self.bound();
    }

    /// Takes the bounds from what is kept. Nothing waits.
    fn bound(&mut self) {
        self.loss.set(self.history.now());
        self.deviation.set(Some(self.ewma.most()));
    }

    const fn waiting(&self) -> Pending<'_> {
        Pending::new(&self.stands, self.waiting)
    }

    fn stand(&self, factor: Factor) -> &Stand {
        let stand = self.stands.get(factor.ix());
        stand.expect("a factor's number is below their count")
    }

    fn stand_mut(&mut self, factor: Factor) -> &mut Stand {
        let stand = self.stands.get_mut(factor.ix());
        stand.expect("a factor's number is below their count")
    }
}

const fn set_bit(bits: &mut u64, factor: Factor, on: bool) {
    *bits = *bits & !factor.bit() | if on { factor.bit() } else { 0 };
}

fn within_bounds(exact: i128) -> i64 {
    let bound = i128::from(EXPOSURE_MAX);
    i64::try_from(exact.clamp(-bound, bound)).expect("the bound of an exposure fits 64 bits")
}
