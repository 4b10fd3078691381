//! What the market says besides quotes: trades, and whether venues are open.

use dcx_model::{
    FactorMapping, InstrumentId, MarketTrade, Phase, ScenarioReturn, TradingHours, VenueId,
};

use crate::{Cx, Engine, Trace};

impl Engine {
    pub(crate) fn market_trade<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &MarketTrade) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn venue_phase<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        _: VenueId,
        _: InstrumentId,
        _: Phase,
    ) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn define_hours<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &TradingHours) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn map_factor<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &FactorMapping) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn set_scenario<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &ScenarioReturn) {
        self.refuse_configuration(cx);
    }
}
