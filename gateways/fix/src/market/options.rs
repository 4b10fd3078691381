//! Who is asked for market data, who may ask for it, and what is known of the instruments.

use dcx_model::{InstrumentId, Nanos, Price, Qty, Text};

use crate::{SessionIx, Version};

/// A currency's code, `Currency` (15).
pub type Currency = Text<8>;

/// What a venue is asked for at its logon by MarketDataRequest (V).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueMarket {
    /// `MarketDepth` (264): levels of each side, at least one.
    pub depth: u16,
    /// `MDUpdateType` (265): whether changes are asked for, or the whole book with every change.
    pub incremental: bool,
}

impl Default for VenueMarket {
    fn default() -> Self {
        Self {
            depth: 1,
            incremental: false,
        }
    }
}

/// What a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientMarket {
    /// Updates of one subscription to one instrument in a second; zero: as many as there are.
    pub updates_per_s_max: u32,
    /// Instruments in all its subscriptions together.
    pub instruments_max: u32,
    /// Levels of each side.
    pub depth_max: u16,
    /// While more bytes than these wait for it, it is sent no market data.
    pub backlog_max: usize,
}

impl Default for ClientMarket {
    fn default() -> Self {
        Self {
            updates_per_s_max: 20,
            instruments_max: 256,
            depth_max: 10,
            backlog_max: 64 * 1024,
        }
    }
}

/// What clients are told of an instrument besides its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// Which.
    pub instrument: InstrumentId,
    /// What its prices are in; empty where the configuration does not say.
    pub currency: Currency,
    /// `MinPriceIncrement` (969).
    pub tick: Price,
    /// `RoundLot` (561), which is also the least that trades, `MinTradeVol` (562).
    pub lot: Qty,
    /// `ContractMultiplier` (231).
    pub multiplier: Price,
    /// A venue's prices count so long after it was last heard of.
    pub quote_age_max: Nanos,
}

/// The market side of an edge.
#[derive(Clone, Debug, Default)]
pub struct MarketOptions {
    pub(super) venues: Vec<(SessionIx, Option<VenueMarket>)>,
    pub(super) clients: Vec<(SessionIx, ClientMarket)>,
    pub(super) securities: Vec<Security>,
    pub(super) versions: Vec<(SessionIx, Version)>,
}

impl MarketOptions {
    /// Every venue is asked for the top of its book, no client may ask for anything, and nothing
    /// is known of the instruments but their symbols.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what a venue is asked for; nothing, where this is none.
    #[must_use]
    pub fn with_venue(mut self, session: SessionIx, market: Option<VenueMarket>) -> Self {
        self.venues.push((session, market));
        self
    }

    /// Says what a client may ask for.
    #[must_use]
    pub fn with_client(mut self, session: SessionIx, market: ClientMarket) -> Self {
        self.clients.push((session, market));
        self
    }

    /// Adds what is known of an instrument.
    #[must_use]
    pub fn with_security(mut self, security: Security) -> Self {
        self.securities.push(security);
        self
    }

    /// Says which version of FIX a client's session speaks, where that is not 4.4: what is known of
    /// an instrument has not the same fields in each.
    #[must_use]
    pub fn with_version(mut self, session: SessionIx, version: Version) -> Self {
        self.versions.push((session, version));
        self
    }

    pub(super) fn venue(&self, session: SessionIx) -> Option<VenueMarket> {
        let mut said = self.venues.iter().rev();
        let said = said.find(|(other, _)| *other == session);
        said.map_or_else(|| Some(VenueMarket::default()), |(_, market)| *market)
    }

    pub(super) fn client(&self, session: SessionIx) -> Option<ClientMarket> {
        let mut said = self.clients.iter().rev();
        let said = said.find(|(other, _)| *other == session);
        said.map(|(_, market)| *market)
    }
}
