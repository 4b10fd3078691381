//! What the market says besides quotes: trades, and whether venues are open.

use dcx_model::{
    FactorMapping, InstrumentId, Limit, MarketTrade, Phase, ScenarioReturn, UnixNanos, VenueId,
};

use crate::risk::{Bounds, LastTrade};
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Keeps a trade: its price may be a reference, its size says what is usual.
    pub(crate) fn note_trade(&mut self, at: UnixNanos, trade: &MarketTrade) {
        let Some(row) = self.instruments.get_mut(trade.instrument.get() as usize) else {
            return;
        };
        if !row.closed.contains(trade.venue) {
            row.last = LastTrade {
                px: trade.px.into(),
                at,
            };
        }
        row.typical.take(trade.qty);
        self.volumes.note(trade.instrument, trade.qty);
    }

    /// Takes in that a venue opens, halts or closes an instrument. What works there is left alone.
    pub(crate) fn venue_phase<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        venue: VenueId,
        instrument: InstrumentId,
        phase: Phase,
    ) {
        let known = self.venues_defined.contains(venue);
        let row = self.instruments.get_mut(instrument.get() as usize);
        let Some(row) = row.filter(|row| known && row.defined.is_some()) else {
            return self.refuse_configuration(cx);
        };
        match phase {
            Phase::Open => row.closed = row.closed.without(venue),
            Phase::Halted | Phase::Closed => row.closed = row.closed.with(venue),
        }
        if phase == Phase::Open {
            self.begin_release(cx);
        }
    }

    /// Keeps the mid of an instrument for the band around its median, where there is one.
    pub(crate) fn note_mid(&mut self, at: UnixNanos, instrument: InstrumentId) {
        let Some(row) = self.instruments.get(instrument.get() as usize) else {
            return;
        };
        let limits = &row.limits;
        if !limits.is_set(Limit::BandBps) {
            return;
        }
        let age_max = limits.quote_age_max;
        let best = self.book.best(instrument, row.open_venues(), at, age_max);
        if let Some(mid) = best.mid_twice() {
            let window = limits.band_window;
            self.recent.bands.take(instrument, at, mid, window);
        }
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
