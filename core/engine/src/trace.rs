//! What the engine says about its reasons, to whoever asks: `dcx explain`.
//!
//! A trace sees every comparison and every choice and can change none of them. [`NoTrace`] is
//! what runs in production, and costs nothing: its calls are compiled away.

use dcx_model::{
    Algo, ChildId, Code, InstrumentId, OrderId, Qty, RoutingPolicy, Seq, SliceWhy, UnixNanos,
    VenueId,
};

use crate::route::Context;

/// Where the engine's reasons go. Every method does nothing unless it is overridden.
pub trait Trace {
    /// Whether anybody listens. Where it is false, reasons are not even gathered.
    const ON: bool = true;

    /// One pre-trade check: `value` was compared with `limit`.
    ///
    /// # Units
    /// Those of the check, see [`Check`].
    fn check(&mut self, seq: Seq, check: Check, value: i128, limit: i128, passed: bool) {
        let _ = (seq, check, value, limit, passed);
    }

    /// One choice of a venue.
    fn route(&mut self, seq: Seq, route: &RouteReason<'_>) {
        let _ = (seq, route);
    }

    /// One slice that came due.
    fn slice(&mut self, seq: Seq, slice: &SliceReason) {
        let _ = (seq, slice);
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    const ON: bool = false;
}

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident = $code:ident, $name:literal;)+) => {
        /// A pre-trade check, in the order in which they are made.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Check { $($(#[$doc])* $variant,)+ }

        impl Check {
            /// All checks, in the order in which they are made.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What is compared, in a few words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The code of the refusal where the check fails.
            #[must_use]
            pub const fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)+ }
            }
        }
    };
}

checks! {
    /// The engine has its configuration: 1 or 0.
    Configured = R031, "configured";
    /// The worst state of the order's scopes: 0 active, 1 reducing, 2 halted, limit 1.
    NotHalted = R001, "not halted";
    /// The same; the limit is 1 for an order that makes a position smaller, else 0.
    NotReducing = R042, "not reducing, or the order reduces";
    /// The firm has limits: 1 or 0.
    FirmLimits = R074, "firm limits are set";
    /// The session has limits: 1 or 0.
    SessionLimits = R004, "session limits are set";
    /// Orders in a scope's bucket with this one, and the bucket's size.
    Rate = R017, "message rate";
    /// Uses of the ClOrdID before, limit 0.
    ClOrdId = R018, "ClOrdID is new";
    /// The account's number, and the largest there is.
    Account = R032, "account is known";
    /// The strategy's number, and the largest there is.
    Strategy = R075, "strategy is known";
    /// The instrument is defined: 1 or 0.
    Instrument = R002, "instrument is known";
    /// The instrument has limits: 1 or 0.
    InstrumentLimits = R003, "instrument limits are set";
    /// Age of TransactTime (60) and its limit, in nanoseconds.
    Age = R053, "age of the request";
    /// The quantity in units, above 0.
    QtyPositive = R005, "quantity above zero";
    /// What the quantity leaves over whole lots, limit 0.
    Lot = R007, "whole lots";
    /// The instrument is denied to a scope: 1, limit 0.
    Permitted = R045, "permission for the instrument";
    /// The algorithm is denied to a scope: 1, limit 0.
    AlgoPermitted = R046, "permission for the algorithm";
    /// The quantity and its limit, in units.
    QtyMax = R006, "order quantity";
    /// The algorithm can do what the order asks: tag of what it cannot, limit 0.
    Supported = R033, "supported value";
    /// What the order asks for goes together: tag of what does not, limit 0.
    Together = R066, "instructions go together";
    /// The shown quantity, and the quantity that it fits, in units.
    Display = R058, "shown quantity";
    /// The least quantity, and the quantity that it fits, in units.
    MinQty = R059, "least quantity";
    /// A post-only order's limit, and the best price of the other side, in units.
    Passive = R054, "post only would not take";
    /// What a reduce-only order may fill, and what can be reduced, in units.
    Reducing = R055, "reduce only reduces";
    /// A peg fits the order type: 1 or 0.
    Peg = R057, "peg fits";
    /// A stop is there where the order type needs one: 1 or 0.
    StopGiven = R056, "stop given";
    /// When the order ends and the moment it must be after, in nanoseconds.
    Expire = R060, "expiry";
    /// The instrument has the hours that the time in force goes by: 1 or 0.
    Hours = R061, "trading hours are set";
    /// Orders in the list, and how many there may be.
    Linked = R062, "list of linked orders";
    /// A limit order has a limit, a market order has none: 1 or 0.
    LimitGiven = R009, "limit given";
    /// The limit in units, above 0.
    LimitPositive = R010, "limit above zero";
    /// What the limit leaves over whole ticks, limit 0.
    Tick = R008, "whole ticks";
    /// End of the schedule and the moment it must be after, in nanoseconds.
    Schedule = R020, "schedule";
    /// Slices and their limit.
    Slices = R021, "slices";
    /// Lots and slices: at least one lot each.
    LotsPerSlice = R022, "a lot for each slice";
    /// The instrument is within its hours: 1 or 0.
    InHours = R050, "trading hours";
    /// Venues that list the instrument and are open for it, at least one.
    Phase = R049, "open venues";
    /// Age of the youngest quote and its limit, in nanoseconds; age −1 where there is no quote.
    Reference = R012, "reference price";
    /// Worth of the order and its limit, in units of 10⁻¹⁶.
    Notional = R011, "order notional";
    /// Twice the distance from the reference times 10 000, and the reference times two times the
    /// collar: the collar's comparison without a division.
    Collar = R014, "price collar";
    /// How far the best bid is above the best offer, times 20 000, and how far it may be.
    Crossed = R048, "crossed market";
    /// The collar's comparison with the median of the window.
    Band = R034, "price band of the window";
    /// Trades seen and trades needed to say what is usual.
    TypicalKnown = R036, "usual quantity is known";
    /// The quantity and the allowed multiple of the usual one, in units.
    Typical = R035, "usual quantity";
    /// Age of the last order like this one and the window, in nanoseconds; age −1 where there is
    /// none.
    Duplicate = R043, "same order before";
    /// A scope's open orders with this one, and their limit.
    OrdersOpen = R016, "open orders";
    /// The firm's open orders with this one, and the room for them.
    Pool = R026, "open orders of the firm";
    /// The account has a place for its position in the instrument: 1 or 0.
    PositionRoom = R026, "room for the position";
    /// Position with all working orders and this one filled, and its limit, in units.
    Position = R015, "position with working orders";
    /// Position with all working orders to sell and this one, short above 0, limit 0.
    Locate = R047, "located securities";
    /// Quantity accepted in the instrument today with this order, and its limit, in units.
    DayQty = R041, "quantity of the day";
    /// Worth accepted of a scope today with this order, and its limit, in units of 10⁻¹⁶.
    DayNotional = R040, "notional of the day";
    /// Venues that can take the order now, at least one.
    Venue = R019, "eligible venues";
    /// The new quantity and what is filled of the order, in units: a replace only.
    AboveCum = R028, "quantity above filled";
    /// Fields that a replace would change and may not, limit 0.
    Replaceable = R029, "only quantity and prices change";
    /// The order's price in the firm's currency, and its worth, can be held: 1 or 0.
    Priced = R030, "worth in range";
    /// Positions that no price is known for, limit 0. Made where there are any.
    Marked = R067, "every position has a price";
    /// Gross exposure of the firm with this order, and its limit, in units of 10⁻¹⁶.
    GrossFirm = R037, "gross exposure of the firm";
    /// Gross exposure of the account with this order, and its limit, in units of 10⁻¹⁶.
    GrossAccount = R037, "gross exposure of the account";
    /// Gross exposure of the strategy with this order, and its limit, in units of 10⁻¹⁶.
    GrossStrategy = R037, "gross exposure of the strategy";
    /// The firm's gross exposure in the instrument with this order, and its limit, in units of
    /// 10⁻¹⁶.
    GrossInstrument = R037, "gross exposure in the instrument";
    /// Net exposure of the firm on the order's side, and its limit, in units of 10⁻¹⁶.
    NetFirm = R038, "net exposure of the firm";
    /// Net exposure of the account on the order's side, and its limit, in units of 10⁻¹⁶.
    NetAccount = R038, "net exposure of the account";
    /// Net exposure of the strategy on the order's side, and its limit, in units of 10⁻¹⁶.
    NetStrategy = R038, "net exposure of the strategy";
    /// Margin of the account with this order, and its credit, in units of 10⁻²⁰.
    Credit = R039, "credit of the account";
    /// The instrument has a factor, and the factors of all positions have their returns: 1 or 0.
    RiskFactor = R052, "value at risk is known";
    /// Parametric value at risk with this order, and its cap, in units of 10⁻¹⁶.
    VarEwma = R051, "parametric value at risk";
    /// Historical value at risk with this order, and its cap, in units of 10⁻¹⁶.
    VarHistorical = R051, "historical value at risk";
    /// Working orders of the same owner that this would trade with, limit 0. Made for accounts
    /// that are not allowed to.
    SelfTrade = R044, "orders of the same owner";
}

/// Why a venue was not among those to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotEligible {
    /// It does not list the instrument.
    NotListed,
    /// Its session is down.
    Down,
    /// It cannot do what the order asks for.
    Unable,
    /// It was tried for this quantity already.
    Tried,
    /// It refused too many orders: it gets none, or a few to see.
    Ejected,
    /// Its feed lost something, so that its prices are not known.
    FeedGap,
}

/// One venue in a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VenueReason {
    /// Which.
    pub venue: VenueId,
    /// Why it could not be chosen; none if it could.
    pub not_eligible: Option<NotEligible>,
    /// First number of the belief about it: what the rule of the policy says.
    pub score: f32,
    /// Second number of the belief about it.
    pub spread: f32,
    /// What was drawn, or the bound: the highest wins.
    pub drawn: f64,
    /// The probability with which it would be chosen.
    pub probability: f64,
}

impl VenueReason {
    pub(crate) const UNKNOWN: Self = Self {
        venue: VenueId::new(0),
        not_eligible: None,
        score: 0.0,
        spread: 0.0,
        drawn: 0.0,
        probability: 0.0,
    };
}

/// One choice of a venue with everything that it was made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouteReason<'a> {
    /// The client's order.
    pub order: OrderId,
    /// The child order that was made, zero if none could be.
    pub child: ChildId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// How much.
    pub qty: Qty,
    /// Where it went, if anywhere.
    pub chosen: Option<VenueId>,
    /// Which policy chose.
    pub policy: RoutingPolicy,
    /// What the order and the market were like, where that is kept.
    pub context: Option<Context>,
    /// Whether it is not the venue that was believed best.
    pub explored: bool,
    /// Whether the budget for exploring allowed no other than the one believed best.
    pub held_to_best: bool,
    /// Every venue that is defined, lowest number first.
    pub venues: &'a [VenueReason],
}

/// A slice of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceReason {
    /// The client's order.
    pub order: OrderId,
    /// How it is worked.
    pub algo: Algo,
    /// Which slice, from 0; equal to `of` at the end of the schedule.
    pub ix: u16,
    /// How many there are; zero where that is not known before.
    pub of: u16,
    /// What is sent now.
    pub qty: Qty,
    /// What should be filled or working by now.
    pub target: Qty,
    /// When it was due.
    pub due: UnixNanos,
    /// What the market traded since the order began.
    pub seen: Qty,
    /// Why this quantity.
    pub why: SliceWhy,
}
