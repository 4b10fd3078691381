//! What is traded, and where.

use crate::{
    AccountId, InstrumentId, LimitPx, Nanos, OwnerId, Price, Qty, Symbol, VenueId, VenueName,
    VenueSet,
};

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
    /// Worth of one unit at a price of one in the firm's currency: contract size times exchange
    /// rate. One for a spot pair quoted in that currency.
    pub multiplier: Price,
}

impl Instrument {
    /// A multiplier of one.
    pub const ONE: Price = Price::from_units(100_000_000);
}

/// When an instrument trades. One that has none trades around the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingHours {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Opening, in seconds of the UTC day.
    pub open_s: u32,
    /// Close, in seconds of the UTC day; not after the opening: on the next day.
    pub close_s: u32,
    /// Days of the week on which it opens, bit 0 is Monday.
    pub weekdays: u8,
    /// So long before its close orders at the close are sent.
    pub close_lead: Nanos,
}

/// What a venue says about trading in an instrument, FIX `SecurityTradingStatus` (326).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// Trading goes on.
    Open = 0,
    /// Trading is halted.
    Halted = 1,
    /// Outside its hours.
    Closed = 2,
}

impl Phase {
    /// The phase that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Open),
            1 => Some(Self::Halted),
            2 => Some(Self::Closed),
            _ => None,
        }
    }
}

/// What becomes of an order that would trade with a working order of the same owner.
///
/// # Source
/// CME self-match prevention; FIX 5.0 SP2 `SelfMatchPreventionInstruction` (2964).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SelfTrade {
    /// It may.
    #[default]
    Allow = 0,
    /// The new order is refused.
    CancelNewest = 1,
    /// The working orders that it would trade with are cancelled.
    CancelOldest = 2,
    /// Both.
    CancelBoth = 3,
    /// Both lose the quantity that they would trade with each other.
    Decrement = 4,
}

impl SelfTrade {
    /// The mode that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Allow),
            1 => Some(Self::CancelNewest),
            2 => Some(Self::CancelOldest),
            3 => Some(Self::CancelBoth),
            4 => Some(Self::Decrement),
            _ => None,
        }
    }
}

/// An account: whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its place in the table.
    pub id: AccountId,
    /// Its beneficial owner; zero: unknown, never the same as another.
    pub owner: OwnerId,
    /// What becomes of an order of this account that would trade with one of the same owner.
    pub self_trade: SelfTrade,
}

/// An instrument's part in the value at risk. One that has none is refused where a cap is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactorMapping {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// The risk factor that it moves with, below `FACTORS_MAX`.
    pub factor: u8,
    /// How much it moves when the factor moves by one, in millionths.
    pub beta_ppm: i32,
}

/// A factor's return in one scenario of the historical value at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioReturn {
    /// Which scenario, below `SCENARIOS_MAX`.
    pub scenario: u16,
    /// Which factor, below `FACTORS_MAX`.
    pub factor: u8,
    /// Its return over a day, in millionths.
    pub return_ppm: i32,
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
    /// What it can do beyond plain orders.
    pub features: VenueFeatures,
}

flags! {
    /// What a venue can do beyond market and limit orders, cancels and status requests.
    VenueFeatures(u16) {
        /// Icebergs: it takes `MaxFloor` (111). Elsewhere dcx sends clip after clip.
        ICEBERG = 1;
        /// It takes `MinQty` (110).
        MIN_QTY = 2;
        /// It takes `ExecInst` (18) 6, participate don't initiate.
        POST_ONLY = 4;
        /// It takes `ExecInst` (18) G, all or none.
        ALL_OR_NONE = 8;
        /// It answers OrderMassStatusRequest (AF).
        MASS_STATUS = 16;
        /// It answers OrderStatusRequest (H).
        STATUS = 32;
    }
}
