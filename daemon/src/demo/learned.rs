//! What a journal tells about its venues: where children went, what was filled, what the bandit
//! came to believe.

use std::collections::BTreeMap;
use std::path::Path;

use dcx_engine::{Engine, Outbox, Trace, VenueScore};
use dcx_model::{ClOrdId, Event, OrdStatus, Sequenced, VenueId};
use dcx_pipeline::{Entry, Observer, Reader};

use super::fill::Fills;
use crate::exit::Failure;
use crate::journal::failure;
use crate::records::Names;

/// One venue.
#[derive(Clone, Debug, Default)]
pub(super) struct VenueLearned {
    pub(super) children: u64,
    pub(super) trades: u64,
    pub(super) filled_qty: u128,
    pub(super) score: Option<VenueScore>,
}

/// Everything that was gathered.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) names: Names,
    pub(super) venues: BTreeMap<VenueId, VenueLearned>,
    /// An order worth looking at: filled, with as many children as any.
    pub(super) example: Option<ClOrdId>,
    /// What could trade at once, and did.
    pub(super) fills: Fills,
    example_trades: u32,
    trades_of: BTreeMap<ClOrdId, u32>,
}

impl Learned {
    /// Asks an engine that was taken through the journal what it has learnt.
    pub(super) fn scores(&mut self, dir: &Path) -> Result<(), Failure> {
        let mut reader = Reader::open(dir).map_err(|error| failure(&error))?;
        let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
        while let Some(entry) = reader.read().map_err(|error| failure(&error))? {
            if let Entry::Command(Sequenced {
                seq, at, command, ..
            }) = entry
            {
                engine.apply(at, seq, &command, &mut outbox);
            }
        }
        for score in engine.venue_scores() {
            self.venues.entry(score.venue).or_default().score = Some(score);
        }
        Ok(())
    }

    /// All children of all venues.
    pub(super) fn children(&self) -> u64 {
        self.venues.values().map(|venue| venue.children).sum()
    }

    /// The mean slippage of all venues, each with the weight of its trades, in basis points.
    pub(super) fn slippage_bps(&self) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for venue in self.venues.values() {
            if let Some(score) = &venue.score {
                // Counts of trades are far below 2⁵³.
                let trades = venue.trades as f64;
                sum += score.mean_slippage_bps * trades;
                weight += trades;
            }
        }
        if weight > 0.0 { sum / weight } else { 0.0 }
    }
}

impl Trace for Learned {
    const ON: bool = false;
}

impl Observer for Learned {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        self.names.learn(&sequenced.command);
        self.fills.add(sequenced, events);
        for event in events {
            match event {
                Event::ChildSent(child) => {
                    self.venues.entry(child.venue).or_default().children += 1;
                }
                Event::Trade {
                    view,
                    venue,
                    last_qty,
                    ..
                } => {
                    let learned = self.venues.entry(*venue).or_default();
                    learned.trades += 1;
                    learned.filled_qty += u128::from(last_qty.units());
                    let trades = self.trades_of.entry(view.cl_ord_id).or_default();
                    *trades += 1;
                    if view.ord_status == OrdStatus::Filled && *trades > self.example_trades {
                        self.example_trades = *trades;
                        self.example = Some(view.cl_ord_id);
                    }
                }
                _ => {}
            }
        }
    }
}
