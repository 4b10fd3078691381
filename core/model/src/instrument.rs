//! What is traded, and where.

use crate::{InstrumentId, LimitPx, Price, Qty, Symbol, VenueId, VenueName, VenueSet};

/// An instrument: its name, its grid, the venues that list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Its place in the table.
    pub id: InstrumentId,
    /// Its name on the wire.
    pub symbol: Symbol,
    /// Prices are whole multiples of this, above zero.
    pub tick: Price,
    /// Quantities are whole multiples of this, above zero.
    pub lot: Qty,
    /// The previous close: the last resort of the price collar where no quote is fresh. Absent
    /// unless the configuration gives it.
    pub prev_close: LimitPx,
    /// The venues that list it.
    pub venues: VenueSet,
}

/// A venue: its name, and what a trade there costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Venue {
    /// Its place in the table.
    pub id: VenueId,
    /// Its name.
    pub name: VenueName,
    /// Fee in hundredths of a basis point of the notional; negative for a rebate.
    pub fee_centi_bps: i32,
}
