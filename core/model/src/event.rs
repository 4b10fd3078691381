//! Everything that may leave the engine.

use crate::{
    ChildId, ClOrdId, CxlRejReason, CxlRejResponseTo, ExecId, InstrumentId, LimitPx, OrdStatus,
    OrdType, OrderId, OrderView, Price, Qty, RECORD_LEN_MAX, Refusal, SessionId, Side, TimeInForce,
    VenueId,
};

/// An order to send to a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildOrder {
    /// Its name, and in decimal its `ClOrdID` (11) at the venue.
    pub child: ChildId,
    /// The client's order that it works for.
    pub order: OrderId,
    /// Where it goes.
    pub venue: VenueId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: LimitPx,
}

/// A cancel to send to a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildCancel {
    /// The child order, `OrigClOrdID` (41).
    pub child: ChildId,
    /// The request's own name, `ClOrdID` (11).
    pub request: ChildId,
    /// Where it goes.
    pub venue: VenueId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrderQty` (38) of the child order.
    pub order_qty: Qty,
}

/// A client's cancel or replace that was refused, FIX OrderCancelReject (9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRejected {
    /// The session that gets the report.
    pub session: SessionId,
    /// The order, or zero if there is none.
    pub order: OrderId,
    /// The request, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The order as the request names it, `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `OrdStatus` (39) of the order; `Rejected` if there is none (FIX 4.4, tag 39 in message 9).
    pub ord_status: OrdStatus,
    /// `CxlRejResponseTo` (434).
    pub response_to: CxlRejResponseTo,
    /// `CxlRejReason` (102).
    pub cxl_rej_reason: CxlRejReason,
    /// Which rule of ours, with its numbers.
    pub refusal: Refusal,
}

/// An input that changed nothing, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ignored {
    /// A venue's trade with an ExecID already applied.
    DuplicateExecId = 0,
    /// A venue's report about a child order that is not known.
    UnknownChild = 1,
    /// A venue's report about a child order that is already done.
    ChildDone = 2,
    /// A fill for more than the child order's quantity: recorded, and the operator must look.
    Overfill = 3,
    /// A quote for an instrument or from a venue that is not configured.
    UnknownQuote = 4,
    /// A configuration command that breaks a rule (an index out of range, a zero tick).
    BadConfiguration = 5,
    /// A venue's report that cannot be true: a fill of nothing, a child order of another venue,
    /// the refusal of a cancel that was not sent.
    BadReport = 6,
}

impl Ignored {
    /// The cause that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::DuplicateExecId),
            1 => Some(Self::UnknownChild),
            2 => Some(Self::ChildDone),
            3 => Some(Self::Overfill),
            4 => Some(Self::UnknownQuote),
            5 => Some(Self::BadConfiguration),
            6 => Some(Self::BadReport),
            _ => None,
        }
    }
}

/// Everything that may leave the engine, one variant each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// To the client: accepted (`ExecType` New).
    Accepted {
        /// The order.
        view: OrderView,
        /// Whether it waits because no venue can take it now.
        held: bool,
    },
    /// To the client: refused (`ExecType` Rejected).
    Rejected {
        /// The order.
        view: OrderView,
        /// Which rule, with its numbers.
        refusal: Refusal,
    },
    /// To the client: filled in part or whole (`ExecType` Trade).
    Trade {
        /// The order after the fill.
        view: OrderView,
        /// The child order that was filled.
        child: ChildId,
        /// Where.
        venue: VenueId,
        /// `LastQty` (32).
        last_qty: Qty,
        /// `LastPx` (31).
        last_px: Price,
    },
    /// To the client: a cancel is on its way to the venues.
    PendingCancel {
        /// The order; `cl_ord_id` is the request's.
        view: OrderView,
        /// The order's own name.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: cancelled. Both names are the order's where nobody asked for it.
    Canceled {
        /// The order; `cl_ord_id` is the request's.
        view: OrderView,
        /// The order's own name.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: a replace is on its way to the venues.
    PendingReplace {
        /// The order; `cl_ord_id` is the request's.
        view: OrderView,
        /// The order's own name.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: replaced.
    Replaced {
        /// The order under its new name.
        view: OrderView,
        /// Its name before.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: its time ran out.
    Expired {
        /// The order.
        view: OrderView,
    },
    /// To the client: how the order stands, because it asked.
    Status {
        /// The order.
        view: OrderView,
    },
    /// To the client: a cancel or replace refused.
    CancelRejected(CancelRejected),
    /// To a venue: a new order.
    ChildSent(ChildOrder),
    /// To a venue: a cancel.
    ChildCancel(ChildCancel),
    /// To whoever watches: an input that changed nothing.
    Ignored {
        /// Why.
        cause: Ignored,
        /// The venue it came from, if it did.
        venue: VenueId,
        /// The child order it named, if it did.
        child: ChildId,
        /// The report it was, if it was one.
        exec_id: ExecId,
    },
    /// To whoever watches: trading stopped.
    Halted,
    /// To whoever watches: trading resumed.
    Resumed,
    /// To the journal: the digest of all state after this command.
    Digest {
        /// Order-independent hash of all state.
        state: u64,
    },
}

const _: () = assert!(size_of::<Event>() <= RECORD_LEN_MAX, "two cache lines");
