//! The firm's value at risk: its exposures to factors, the factors' returns, its caps.

use dcx_model::{
    FACTORS_MAX, FactorMapping, InstrumentId, Limit, Nanos, ScenarioReturn, UnixNanos,
};

use super::row::FirmRow;
use super::{Ledger, NONE};
use crate::pool::NIL;
use crate::risk::round::{away_from_zero, floor};
use crate::risk::var::{Factor, Mapping, Method, Model, Returns, SCENARIOS_MAX, Sampler, Var};

/// Between two samples of the mids.
const SAMPLE_EVERY: Nanos = Nanos::from_seconds(60);

/// Samples in a day.
const SAMPLES_PER_DAY: u32 = 1_440;

/// Weight of what was known before a sample, in parts per million: what is older than 1,533
/// samples, a day and an hour and a half, weighs 1 %.
const LAMBDA_PPM: u32 = 997_000;

/// Units of worth, 10⁻¹⁶, in one of value at risk, 10⁻⁴.
const WORTH_PER_UNIT: i128 = 1_000_000_000_000;

/// A beta of one.
const ONE_PPM: i32 = 1_000_000;

/// What the value at risk is worked out from. A factor is sampled from the mid of the
/// lowest-numbered instrument that moves as it does, with a beta of one; where there is none it
/// has no returns, and the parametric cap refuses.
#[derive(Debug)]
pub(super) struct Measure {
    var: Var,
    sampler: Sampler,
    /// The instrument that a factor is sampled from.
    sources: [u32; FACTORS_MAX],
    /// The next sample; none before there is a factor.
    next: Option<UnixNanos>,
    ewma_max: i128,
    historical_max: i128,
    /// Both caps in the units of the value at risk.
    ewma_cap: i128,
    historical_cap: i128,
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            var: Var::default(),
            sampler: Sampler::new(),
            sources: [NIL; FACTORS_MAX],
            next: None,
            ewma_max: NONE,
            historical_max: NONE,
            ewma_cap: NONE,
            historical_cap: NONE,
        }
    }
}

impl Measure {
    /// Makes room. Allocates the first time.
    pub(super) fn grow(&mut self) {
        let model = Model::DAILY
            .scenarios(SCENARIOS_MAX)
            .and_then(|model| model.periods(SAMPLES_PER_DAY))
            .and_then(|model| model.lambda_ppm(LAMBDA_PPM));
        self.var.grow(model.expect("its numbers are within bounds"));
    }

    pub(super) fn set_cap(&mut self, limit: Limit, value: Option<i128>) {
        let max = value.unwrap_or(NONE);
        // What is below one of the units of the value at risk cannot be used.
        let cap = floor::<{ WORTH_PER_UNIT.unsigned_abs() }>(max);
        if matches!(limit, Limit::VarEwmaMax) {
            (self.ewma_max, self.ewma_cap) = (max, cap);
        } else if matches!(limit, Limit::VarHistoricalMax) {
            (self.historical_max, self.historical_cap) = (max, cap);
        }
    }

    /// Whether any cap is set.
    pub(super) const fn is_capped(&self) -> bool {
        self.ewma_max != NONE || self.historical_max != NONE
    }

    /// The caps that are set, in units of 10⁻¹⁶.
    pub(super) fn caps(&self) -> impl Iterator<Item = (Method, Limit, i128)> {
        [
            (Method::Ewma, Limit::VarEwmaMax, self.ewma_max),
            (
                Method::Historical,
                Limit::VarHistoricalMax,
                self.historical_max,
            ),
        ]
        .into_iter()
        .filter(|(_, _, max)| *max != NONE)
    }

    /// Keeps checks near their caps cheap, at each command.
    pub(super) fn refresh(&mut self) {
        self.var.refresh();
    }

    /// Follows a change of the firm's position in an instrument or of its mark.
    pub(super) fn follow(&mut self, firm: &mut FirmRow) {
        let Some(mapping) = firm.mapping else { return };
        let exposure = mapping.exposure(units(firm.row.value));
        if exposure != firm.exposure {
            self.var
                .exposure_changed(mapping.factor, exposure - firm.exposure);
            firm.exposure = exposure;
        }
    }

    /// Whether the value at risk is within its cap after a [`step`]; `None` if a fact is missing.
    pub(super) fn passes(&self, step: Option<(Factor, i128)>, method: Method) -> Option<bool> {
        let (factor, delta) = step?;
        let cap = match method {
            Method::Ewma => self.ewma_cap,
            Method::Historical => self.historical_cap,
        };
        self.var.passes(method, factor, delta, cap)
    }

    /// The value at risk then, in units of 10⁻¹⁶.
    pub(super) fn value_with(&self, firm: &FirmRow, worth: i128, method: Method) -> Option<i128> {
        let (factor, delta) = step(firm, worth)?;
        let value = self.var.value_with(method, factor, delta)?;
        Some(value.saturating_mul(WORTH_PER_UNIT))
    }

    /// The value at risk now, in units of 10⁻¹⁶; `None` if a fact is missing.
    pub(super) fn value(&self, method: Method) -> Option<i128> {
        let mapped = (0_u8..).zip(self.sources).find(|(_, of)| *of != NIL);
        let factor = Factor::new(mapped.map_or(0, |(factor, _)| factor))?;
        let value = self.var.value_with(method, factor, 0)?;
        Some(value.saturating_mul(WORTH_PER_UNIT))
    }

    pub(super) fn digest(&self, salt: u64) -> u64 {
        let mut words = crate::digest::Words::new(salt);
        words.u64(self.var.digest(salt));
        words.u64(self.sampler.digest(salt));
        for source in self.sources {
            words.u64(u64::from(source));
        }
        words.u64(self.next.map_or(0, UnixNanos::get));
        words.i128(self.ewma_max);
        words.i128(self.historical_max);
        words.finish()
    }

    fn returns(&mut self, mids: &[i128; FACTORS_MAX]) -> Returns {
        let mut returns: Returns = [None; FACTORS_MAX];
        for ((ix, mid), ret) in (0_u8..).zip(mids).zip(&mut returns) {
            *ret = Factor::new(ix).and_then(|factor| self.sampler.sample(factor, *mid));
        }
        returns
    }
}

impl Ledger {
    /// Takes the factor that an instrument moves with; `false` and nothing else if there is no
    /// such instrument or factor.
    pub(crate) fn map_factor(&mut self, at: UnixNanos, mapping: &FactorMapping) -> bool {
        let Some(factor) = Factor::new(mapping.factor) else {
            return false;
        };
        let id = mapping.instrument.get();
        let Some(firm) = self.firm.get_mut(id as usize) else {
            return false;
        };
        if let Some(before) = firm.mapping {
            let exposure = std::mem::take(&mut firm.exposure);
            self.measure.var.exposure_changed(before.factor, -exposure);
        }
        firm.mapping = Some(Mapping {
            factor,
            beta_ppm: mapping.beta_ppm,
        });
        self.measure.follow(firm);
        self.measure.next = self.measure.next.or_else(|| Some(next_sample(at)));
        self.find_sources();
        true
    }

    /// Takes a factor's return in a scenario; `false` and nothing else if there is no such
    /// scenario or factor.
    pub(crate) fn set_scenario(&mut self, given: &ScenarioReturn) -> bool {
        Factor::new(given.factor).is_some_and(|factor| {
            let var = &mut self.measure.var;
            let taken = var.set_return(given.scenario, factor, given.return_ppm);
            // Now, so that the next order need not.
            var.settle();
            taken
        })
    }

    /// When the mids are sampled next.
    pub(crate) const fn sample_at(&self) -> Option<UnixNanos> {
        self.measure.next
    }

    /// The instrument that each factor is sampled from.
    pub(crate) fn sources(&self) -> [Option<InstrumentId>; FACTORS_MAX] {
        let sources = self.measure.sources;
        sources.map(|id| (id != NIL).then(|| InstrumentId::new(id)))
    }

    /// Takes a sample: twice the mid of each factor's instrument, zero where there is none.
    ///
    /// # Cost
    /// O(factors²), once a minute.
    pub(crate) fn sample(&mut self, at: UnixNanos, mids: &[i128; FACTORS_MAX]) {
        let returns = self.measure.returns(mids);
        self.measure.var.observe(&returns);
        self.measure.var.settle();
        self.measure.next = Some(next_sample(at));
    }

    fn find_sources(&mut self) {
        self.measure.sources = [NIL; FACTORS_MAX];
        for (id, firm) in (0_u32..).zip(&self.firm) {
            let Some(mapping) = firm.mapping else {
                continue;
            };
            let place = self.measure.sources.get_mut(mapping.factor.ix());
            if let (Some(source), ONE_PPM) = (place, mapping.beta_ppm)
                && *source == NIL
            {
                *source = id;
            }
        }
    }
}

/// Samples are taken at whole minutes.
fn next_sample(at: UnixNanos) -> UnixNanos {
    let every = SAMPLE_EVERY.get();
    UnixNanos::new((at.get() / every + 1) * every)
}

/// The change of exposure that `worth` more of an instrument is; none of one that moves with no
/// factor.
pub(super) fn step(firm: &FirmRow, worth: i128) -> Option<(Factor, i128)> {
    let mapping = firm.mapping?;
    let after = mapping.exposure(units(firm.row.value + worth));
    Some((mapping.factor, after - firm.exposure))
}

/// Worth in the units of the value at risk, rounded away from zero.
fn units(worth: i128) -> i128 {
    away_from_zero::<{ WORTH_PER_UNIT.unsigned_abs() }>(worth)
}
