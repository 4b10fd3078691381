//! What of a journal's replay is wanted besides the engine: what stands, and what was traded.

use dcx_engine::Trace;
use dcx_fix::orders::TradeLog;
use dcx_model::{Event, EventRef, Sequenced};
use dcx_pipeline::Observer;

use crate::operate::Notes;

/// What is found on the way through a journal.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) notes: Notes,
    pub(super) trades: TradeLog,
}

impl Trace for Found {}

impl Observer for Found {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        self.notes.applied(sequenced, events);
        for (ix, event) in (0..).zip(events) {
            let place = EventRef {
                seq: sequenced.seq,
                ix,
            };
            self.trades.take(sequenced.at, place, event);
        }
    }
}
