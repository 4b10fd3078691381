//! What a session may ask of the venue, and what chance has in store for it.

use dcx_model::{ClOrdId, CxlRejReason, OrdType, Price, Qty, Side, Symbol, Text, TimeInForce};

/// A name that a mass status request gives itself, `MassStatusReqID` (584).
pub type MassStatusReqId = Text<36>;

/// The instructions of `ExecInst` (18) that the venue follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExecInst {
    /// `6`, participate don't initiate: an order that would trade at once is refused.
    pub post_only: bool,
    /// `G`, all or none: it trades whole or not at all, and waits aside of the book until it can.
    pub all_or_none: bool,
}

/// A new order, NewOrderSingle (D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// `Symbol` (55).
    pub symbol: Symbol,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: Option<Price>,
    /// `MaxFloor` (111): the most that the book shows at once.
    pub max_floor: Option<Qty>,
    /// `MinQty` (110): the least that it trades at once.
    pub min_qty: Option<Qty>,
    /// `ExecInst` (18).
    pub exec_inst: ExecInst,
    /// The first tag whose value FIX knows and the venue does not: the order is refused for it.
    pub unsupported: Option<u32>,
}

/// What a mass status request or mass cancel is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All orders of the session.
    All,
    /// Those of one instrument.
    Security(Symbol),
    /// Something that the venue does not offer.
    Unsupported,
}

/// What a session may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// NewOrderSingle (D).
    New(NewRequest),
    /// OrderCancelRequest (F).
    Cancel {
        /// The request's own name.
        cl_ord_id: ClOrdId,
        /// The order.
        orig_cl_ord_id: ClOrdId,
    },
    /// OrderCancelReplaceRequest (G).
    Replace {
        /// The order's new name.
        cl_ord_id: ClOrdId,
        /// The order.
        orig_cl_ord_id: ClOrdId,
        /// The new total quantity.
        order_qty: Qty,
        /// The new limit.
        limit_px: Option<Price>,
    },
    /// OrderStatusRequest (H).
    Status {
        /// The order.
        cl_ord_id: ClOrdId,
        /// The order by `OrderID` (37), where its name says nothing; zero for none.
        order_id: u64,
        /// For an answer about an unknown order.
        symbol: Symbol,
        /// For an answer about an unknown order.
        side: Side,
    },
    /// OrderMassStatusRequest (AF).
    MassStatus {
        /// The request's own name.
        mass_status_req_id: MassStatusReqId,
        /// Which orders.
        scope: Scope,
    },
    /// OrderMassCancelRequest (q).
    MassCancel {
        /// The request's own name.
        cl_ord_id: ClOrdId,
        /// Which orders.
        scope: Scope,
        /// Only those of this side.
        side: Option<Side>,
    },
}

/// What chance has in store for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// An order is refused without a reason that its sender could know.
    pub reject: bool,
    /// An order meets liquidity that nobody shows: within the spread, or behind the touch.
    pub hidden: bool,
    /// A cancel or replace is refused for this reason, though the order works.
    pub refuse: Option<CxlRejReason>,
}
