//! Everything that may enter the engine.

use crate::{
    Author, CancelRequest, ChildId, CxlRejReason, ExecId, ExecType, Instrument, InstrumentId,
    LimitPx, Nanos, NewOrder, Notional, OrdRejReason, OrdStatus, Price, Qty, RECORD_LEN_MAX,
    Reason, ReplaceRequest, SessionId, StatusRequest, UnixNanos, Venue, VenueId,
};

/// A venue's best bid and offer for an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Who quotes.
    pub venue: VenueId,
    /// What is quoted.
    pub instrument: InstrumentId,
    /// Best bid; none if there is no bid.
    pub bid_px: LimitPx,
    /// Quantity at the best bid; zero if the venue does not say.
    pub bid_qty: Qty,
    /// Best offer; none if there is no offer.
    pub ask_px: LimitPx,
    /// Quantity at the best offer; zero if the venue does not say.
    pub ask_qty: Qty,
    /// The venue's own time of the quote; zero if it does not say. Staleness is counted from the
    /// time of arrival, which the sequencer stamps.
    pub quote_time: UnixNanos,
}

/// A venue's ExecutionReport (8) about a child order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueReport {
    /// Who reports.
    pub venue: VenueId,
    /// The child order: `OrigClOrdID` (41) where the report has one, else `ClOrdID` (11).
    pub child: ChildId,
    /// `ExecID` (17), unique per venue: a trade seen twice is applied once; any other report
    /// seen twice finds its child as the first one left it.
    pub exec_id: ExecId,
    /// `ExecType` (150).
    pub exec_type: ExecType,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `OrdRejReason` (103), where the venue refused.
    pub ord_rej_reason: OrdRejReason,
    /// `LastQty` (32), zero unless a trade.
    pub last_qty: Qty,
    /// `LastPx` (31), zero unless a trade.
    pub last_px: Price,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `LeavesQty` (151).
    pub leaves_qty: Qty,
}

/// A venue's OrderCancelReject (9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueCancelReject {
    /// Who refuses.
    pub venue: VenueId,
    /// The child order that goes on working, `OrigClOrdID` (41).
    pub child: ChildId,
    /// The request that was refused, `ClOrdID` (11).
    pub request: ChildId,
    /// `CxlRejReason` (102).
    pub cxl_rej_reason: CxlRejReason,
    /// `OrdStatus` (39) of the child, as the venue sees it.
    pub ord_status: OrdStatus,
}

/// An operator's command that stops or resumes trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Who gave it.
    pub author: Author,
    /// Why.
    pub reason: Reason,
}

/// What one instrument's orders must keep to. All must be given: no limits, no orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentLimits {
    /// Whose limits these are.
    pub instrument: InstrumentId,
    /// Largest quantity of one order.
    pub order_qty_max: Qty,
    /// Largest worth of one order.
    pub order_notional_max: Notional,
    /// Largest position, long or short, all working orders counted as filled.
    pub position_max: Qty,
    /// Oldest quote that the collar may use.
    pub quote_age_max: Nanos,
    /// Greatest distance of a limit from the reference price, in basis points of it.
    pub collar_bps: u32,
    /// Whether the previous close may serve as reference where no quote is fresh.
    pub prev_close_allowed: bool,
}

/// What one client session must keep to. Must be given: no limits, no orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Whose limits these are.
    pub session: SessionId,
    /// New orders and replaces a second, sustained. Cancels are counted, never refused.
    pub orders_per_s_max: u32,
    /// New orders and replaces at once, above the sustained rate.
    pub burst_max: u32,
    /// Orders open at the same time.
    pub orders_open_max: u32,
}

/// What to do with an accepted order while no venue can take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OnNoVenue {
    /// Keep it until a venue logs on.
    Hold = 0,
    /// Refuse it.
    Reject = 1,
}

/// The engine's sizes and the parameters of its decisions. The first command of every journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configure {
    /// Seed of every random draw.
    pub seed: u64,
    /// Orders open at the same time in the whole firm: the size of the order pool.
    pub orders_open_max: u32,
    /// ClOrdIDs, and ExecIDs of trades, remembered after their order is done, so that one used again is seen.
    pub ids_kept_max: u32,
    /// What becomes of an order that no venue can take.
    pub on_no_venue: OnNoVenue,
    /// Venues tried in turn for one child order before the parent is given up.
    pub route_attempts_max: u8,
    /// How much of what was seen of an instrument's venues counts after one more choice between
    /// them, in millionths (discounted Thompson sampling's γ; 998 000 forgets half in about 350
    /// choices).
    pub discount_ppm: u32,
    /// Width of the posterior before anything was seen, in hundredths of a basis point.
    pub prior_sd_centi_bps: u32,
}

/// Everything that may enter the engine, one variant each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A client's order.
    NewOrder(NewOrder),
    /// A client's cancel.
    Cancel(CancelRequest),
    /// A client's replace.
    Replace(ReplaceRequest),
    /// A client's question.
    Status(StatusRequest),
    /// A venue's price.
    Quote(Quote),
    /// A venue's report on a child order.
    VenueReport(VenueReport),
    /// A venue's refusal to cancel a child order.
    VenueCancelReject(VenueCancelReject),
    /// A venue's session came up or went down.
    VenueState {
        /// Which.
        venue: VenueId,
        /// Whether it can take orders now.
        up: bool,
    },
    /// A client's session came up or went down.
    SessionState {
        /// Which.
        session: SessionId,
        /// Whether it is logged on now.
        up: bool,
    },
    /// The time of the engine's next timer has come.
    Wake,
    /// Stop: no new orders, cancel all that work.
    Halt(Operator),
    /// End a halt.
    Resume(Operator),
    /// Say the digest of all state.
    Checkpoint,
    /// The engine's sizes and parameters.
    Configure(Configure),
    /// An instrument, new or changed.
    DefineInstrument(Instrument),
    /// A venue, new or changed.
    DefineVenue(Venue),
    /// An instrument's limits, new or changed.
    SetInstrumentLimits(InstrumentLimits),
    /// A session's limits, new or changed.
    SetSessionLimits(SessionLimits),
}

const _: () = assert!(size_of::<Command>() <= RECORD_LEN_MAX, "two cache lines");
