//! Value at risk of a portfolio over one day at 99 %, after an order as if it were filled.
//!
//! A portfolio is an exposure to each of up to [`FACTORS_MAX`] risk factors; an instrument moves
//! with one of them as its [`Mapping`] says. Two methods measure it, each in whole numbers only:
//!
//! - [`Method::Historical`]: the loss that one in a hundred of the given scenarios exceeds
//!   (`history`). An exposure that changes updates the profit of each scenario; a check mostly
//!   needs one sum and never more than one pass over the scenarios.
//! - [`Method::Ewma`]: z·√(h·wᵀΣw) with exponentially weighted covariances Σ of the returns at
//!   sampling moments (`ewma`), h of them a day. An exposure that changes updates Σw; a check is
//!   a few products, whatever the number of factors.
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

mod ewma;
mod history;
mod sampler;
#[cfg(test)]
mod tests;
mod wide;

use ewma::Ewma;
use history::History;

pub(crate) use ewma::{LAMBDA_DAILY_PPM, PERIODS_MAX};
pub(crate) use history::SCENARIOS_MAX;
pub(crate) use sampler::Sampler;

use crate::digest::Words;

/// Risk factors of a portfolio.
pub(crate) const FACTORS_MAX: usize = 64;

/// The largest exposure to a factor that is measured, of either sign: 2.8 · 10¹³ of the base
/// currency. The widths in `history` and `ewma` rest on it.
pub(crate) const EXPOSURE_MAX: i64 = 1 << 58;

/// The largest return of a sampling period: ± 50 %.
pub(crate) const RETURN_PPM_MAX: i32 = 500_000;

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
        let scaled = value.saturating_mul(i128::from(self.beta_ppm));
        scaled / PPM + (scaled % PPM).signum()
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
    model: Option<Model>,
    exact: [i128; FACTORS_MAX],
    /// `exact`, within its bounds.
    measured: [i64; FACTORS_MAX],
    /// Factors, as bits, whose exposure is not zero.
    held: u64,
    /// Factors, as bits, whose exposure is beyond bounds.
    beyond: u64,
    /// An exposure left 128 bits: what it is now, nobody knows.
    lost: bool,
    history: History,
    ewma: Ewma,
}

impl Default for Var {
    fn default() -> Self {
        Self {
            model: None,
            exact: [0; FACTORS_MAX],
            measured: [0; FACTORS_MAX],
            held: 0,
            beyond: 0,
            lost: false,
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
    }

    /// Takes a factor's return in a scenario, in the place of an earlier one; `false` and nothing
    /// else if there is no such scenario.
    ///
    /// # Cost
    /// O(1); the next historical check scans unless [`settle`](Self::settle) or a change of an
    /// exposure comes first.
    pub(crate) fn set_return(&mut self, scenario: u16, factor: Factor, ret_ppm: i32) -> bool {
        let exposure = self.measured(factor);
        self.history.set_return(scenario, factor, ret_ppm, exposure)
    }

    /// Works out the historical value at risk once after a series of new returns.
    ///
    /// # Cost
    /// O(scenarios).
    pub(crate) fn settle(&mut self) {
        self.history.settle();
    }

    /// Takes the returns of one sampling period, and is called at no other time.
    ///
    /// # Cost
    /// O(k²). Returns beyond [`RETURN_PPM_MAX`] count as that.
    pub(crate) fn observe(&mut self, returns: &Returns) {
        self.ewma.observe(returns, &self.measured);
    }

    /// Follows a fill or a mark.
    ///
    /// # Cost
    /// O(scenarios + k).
    pub(crate) fn exposure_changed(&mut self, factor: Factor, delta: i128) {
        let Some(exact) = self.exact(factor).checked_add(delta) else {
            self.lost = true;
            return;
        };
        let before = self.measured(factor);
        let after = within_bounds(exact);
        if let (Some(kept), Some(measured)) = (
            self.exact.get_mut(factor.ix()),
            self.measured.get_mut(factor.ix()),
        ) {
            (*kept, *measured) = (exact, after);
        }
        set_bit(&mut self.held, factor, exact != 0);
        set_bit(&mut self.beyond, factor, exact != i128::from(after));
        if after != before {
            self.history.exposure_changed(factor, after - before);
            self.ewma.exposure_changed(factor, after - before);
        }
    }

    /// Whether the value at risk is at most `cap` if the exposure to a factor changes by `delta`;
    /// `None` if a fact is missing of that factor or of one that the portfolio is exposed to.
    ///
    /// The same verdict as comparing [`value_with`](Self::value_with), and cheaper. No portfolio
    /// passes a cap below zero.
    ///
    /// # Cost
    /// O(1) for [`Method::Ewma`], O(1) and at worst O(scenarios) for [`Method::Historical`].
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
        Some(
            cap >= 0
                && match method {
                    Method::Historical => {
                        let limit = cap.saturating_mul(PPM);
                        self.history.is_within(factor, step, limit)
                    }
                    Method::Ewma => self.ewma.is_within(factor, step, cap),
                },
        )
    }

    /// The value at risk if the exposure to a factor changes by `delta`, rounded up; `None` if a
    /// fact is missing, [`i128::MAX`] if the portfolio is too large. Historically it is negative
    /// where even the scenario that counts gains.
    ///
    /// # Cost
    /// For messages and traces: a pass over the scenarios, or a root.
    pub(crate) fn value_with(&self, method: Method, factor: Factor, delta: i128) -> Option<i128> {
        self.facts(method, factor)?;
        let Step::By(step) = self.step(factor, delta) else {
            return Some(i128::MAX);
        };
        Some(match method {
            Method::Historical => History::amount(self.history.loss_with(factor, step)),
            Method::Ewma => self.ewma.amount(factor, step),
        })
    }

    /// The historical loss behind [`value_with`](Self::value_with), not rounded: in 10⁻¹⁰ of the
    /// base currency, the ⌈n/100⌉-th worst of the n scenarios.
    #[cfg(test)]
    pub(crate) fn var99_with(&self, factor: Factor, delta: i128) -> Option<i128> {
        self.facts(Method::Historical, factor)?;
        Some(match self.step(factor, delta) {
            Step::By(step) => self.history.loss_with(factor, step),
            Step::TooLarge => i128::MAX,
        })
    }

    /// The exposure to a factor.
    pub(crate) fn exact(&self, factor: Factor) -> i128 {
        self.exact.get(factor.ix()).copied().unwrap_or(0)
    }

    /// A hash of all that later values depend on.
    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(u64::from(self.lost));
        self.exact.iter().for_each(|exact| words.i128(*exact));
        self.history.digest(&mut words);
        self.ewma.digest(&mut words);
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
        let after = self.exact(factor).checked_add(delta);
        match after.map(|after| (after, within_bounds(after))) {
            Some((exact, after))
                if exact == i128::from(after) && !self.lost && self.beyond & !factor.bit() == 0 =>
            {
                Step::By(after - self.measured(factor))
            }
            Some(_) | None => Step::TooLarge,
        }
    }

    fn measured(&self, factor: Factor) -> i64 {
        self.measured.get(factor.ix()).copied().unwrap_or(0)
    }
}

fn set_bit(bits: &mut u64, factor: Factor, on: bool) {
    *bits = *bits & !factor.bit() | if on { factor.bit() } else { 0 };
}

fn within_bounds(exact: i128) -> i64 {
    let bound = i128::from(EXPOSURE_MAX);
    i64::try_from(exact.clamp(-bound, bound)).expect("the bound of an exposure fits 64 bits")
}
