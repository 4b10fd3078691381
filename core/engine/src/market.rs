//! What the market says besides quotes: trades, and whether venues are open.

use dcx_model::{FactorMapping, InstrumentId, Phase, ScenarioReturn, VenueId};

use crate::{Cx, Engine, Trace};

impl Engine {
    pub(crate) fn venue_phase<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        _: VenueId,
        _: InstrumentId,
        _: Phase,
    ) {
        self.refuse_configuration(cx);
    }

    /// Takes the factor that an instrument moves with.
    pub(crate) fn map_factor<T: Trace>(&mut self, cx: &mut Cx<'_, T>, mapping: &FactorMapping) {
        if !self.ledger.map_factor(cx.at, mapping) {
            self.refuse_configuration(cx);
        }
    }

    /// Takes a factor's return in a scenario.
    pub(crate) fn set_scenario<T: Trace>(&mut self, cx: &mut Cx<'_, T>, given: &ScenarioReturn) {
        if !self.ledger.set_scenario(given) {
            self.refuse_configuration(cx);
        }
    }
}
