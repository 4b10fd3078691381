//! What the market says besides quotes: trades, and whether venues are open.

use dcx_model::{
    ChildId, Event, ExecId, FactorMapping, FeedGap, Ignored, InstrumentId, Limit, MarketTrade,
    Nanos, Phase, Quote, ScenarioReturn, UnixNanos, VenueId,
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

    /// Takes in that a venue's feed lost something: what the venue showed is not believed, so it
    /// gets no new orders there until it has sent its whole state. What works there is left alone.
    ///
    /// # Cost
    /// O(1) for one instrument, O(instruments) where nobody can say which: pegged orders are looked
    /// at by the wakes that follow.
    pub(crate) fn feed_gap<T: Trace>(&mut self, cx: &mut Cx<'_, T>, gap: &FeedGap) {
        let known = |engine: &Self, ix: InstrumentId| {
            let row = engine.instruments.get(ix.get() as usize);
            row.is_some_and(|row| row.defined.is_some())
        };
        if !self.venues_defined.contains(gap.venue)
            || gap.instrument.is_some_and(|ix| !known(self, ix))
        {
            return cx.out.push(Event::Ignored {
                cause: Ignored::UnknownQuote,
                venue: gap.venue,
                child: ChildId::new(0),
                exec_id: ExecId::EMPTY,
            });
        }
        let mut news = false;
        match gap.instrument {
            Some(instrument) => news = self.lose(cx.at, gap.venue, instrument),
            None => {
                let count = u32::try_from(self.instruments.len()).unwrap_or(u32::MAX);
                for instrument in (0..count).map(InstrumentId::new) {
                    if self.book.is_quoted(gap.venue, instrument) {
                        news |= self.lose(cx.at, gap.venue, instrument);
                    }
                }
            }
        }
        if news {
            cx.out.push(Event::FeedGapped(*gap));
        }
    }

    /// Forgets what a venue showed of an instrument, and has pegged orders looked at.
    fn lose(&mut self, at: UnixNanos, venue: VenueId, instrument: InstrumentId) -> bool {
        let news = self.book.lose(at, venue, instrument);
        if news {
            self.unquoted(at, instrument);
        }
        news
    }

    /// A venue sent its whole state after its feed had lost something: it may get orders again.
    pub(crate) fn feed_restored<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        quote: &Quote,
        after: Nanos,
    ) {
        cx.out.push(Event::FeedRestored {
            venue: quote.venue,
            instrument: quote.instrument,
            after,
        });
        self.release_at = self.held.head();
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
