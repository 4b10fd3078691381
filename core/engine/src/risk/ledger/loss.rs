//! What follows where a limit of the day's result is crossed, and what is seen from outside.

use dcx_model::{InstrumentId, Price};

use super::{Breach, Ledger, Rows};
use crate::risk::var::Method;
use crate::view::ExposureView;
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Values positions in an instrument anew, after a quote of it.
    pub(crate) fn mark<T: Trace>(&mut self, cx: &mut Cx<'_, T>, instrument: InstrumentId) {
        let mid_twice = self.mid_for_mark(instrument);
        if mid_twice == 0 {
            return;
        }
        for breach in self.ledger.mark(instrument, mid_twice) {
            self.breach(cx, breach);
        }
    }

    /// Values positions that no mid was ever there for at the previous close, where it may be used:
    /// what is good enough to measure an order by is good enough for a position.
    pub(crate) fn mark_by_close(&mut self, instrument: InstrumentId) {
        let row = self.instruments.get(instrument.get() as usize);
        let allowed = row.filter(|row| row.limits.prev_close_allowed);
        let close = allowed.and_then(|row| row.defined?.prev_close.price());
        let close = close.filter(|px| *px > Price::ZERO);
        self.ledger.close(instrument, close);
    }

    /// Compares the results of the day of an order's entities with their limits, after a fill.
    pub(crate) fn watch<T: Trace>(&mut self, cx: &mut Cx<'_, T>, rows: Rows) {
        for breach in self.ledger.judge_rows(rows) {
            self.breach(cx, breach);
        }
    }

    /// Samples the mids for the value at risk if it is time.
    pub(crate) fn sample(&mut self) {
        if self.ledger.sample_at().is_some_and(|at| at <= self.now) {
            let sources = self.ledger.sources();
            let mids = sources.map(|id| id.map_or(0, |id| self.mid_for_mark(id)));
            self.ledger.sample(self.now, &mids);
        }
    }

    /// Best bid plus best offer now, zero if there is no fresh pair.
    fn mid_for_mark(&self, instrument: InstrumentId) -> i128 {
        let Some(row) = self.instruments.get(instrument.get() as usize) else {
            return 0;
        };
        let age_max = row.limits.quote_age_max;
        let best = self
            .book
            .best(instrument, row.open_venues(), self.now, age_max);
        best.mid_twice().unwrap_or_default()
    }

    fn breach<T: Trace>(&mut self, cx: &mut Cx<'_, T>, breach: Option<Breach>) {
        if let Some(breach) = breach {
            self.worsen_state(cx, breach.scope, (breach.state, breach.cause));
        }
    }
}

impl Ledger {
    /// What is known of each entity that ever had a position, an order, or a limit.
    pub(crate) fn view(&self) -> impl Iterator<Item = ExposureView> {
        let entities = self.entities.iter().enumerate();
        let seen = entities.filter(|(ix, entity)| *ix == super::FIRM || !entity.is_unknown());
        seen.map(|(ix, entity)| {
            let value = |method| (ix == super::FIRM).then(|| self.measure.value(method));
            ExposureView {
                scope: super::entity::scope(ix),
                gross: entity.gross(),
                net: entity.net,
                working_buy: entity.buys,
                working_sell: entity.sells,
                margin: entity.margin / 10_000,
                result: entity.result(self.day),
                best: if entity.day == self.day {
                    entity.best
                } else {
                    0
                },
                unmarked: entity.unmarked,
                var_ewma: value(Method::Ewma).flatten(),
                var_historical: value(Method::Historical).flatten(),
            }
        })
    }
}
