//! What clients ask for and what they are told about it.

use crate::{
    AccountId, ClOrdId, InstrumentId, LimitPx, Notional, OrdStatus, OrdType, OrderId, Price, Qty,
    SessionId, Side, TimeInForce, UnixNanos,
};

/// How a parent order is worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Algo {
    /// One child order for the whole quantity, now.
    AtOnce = 0,
    /// Equal slices spread evenly over time (time-weighted average price).
    Twap = 1,
}

impl Algo {
    /// The algorithm that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::AtOnce),
            1 => Some(Self::Twap),
            _ => None,
        }
    }
}

/// A client's order, FIX NewOrderSingle (D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The session it came in by.
    pub session: SessionId,
    /// Whose position it changes.
    pub account: AccountId,
    /// The client's name for it, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// What to trade, `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// How to work it.
    pub algo: Algo,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44); none for a market order.
    pub limit_px: LimitPx,
    /// When the first slice is due; `UnixNanos::ZERO` for at once. `EffectiveTime` (168).
    pub start: UnixNanos,
    /// When the order must be done; used by TWAP only. `ExpireTime` (126).
    pub end: UnixNanos,
    /// How many slices TWAP makes; 0 otherwise.
    pub slices: u16,
    /// The client's own time of the order, `TransactTime` (60).
    pub transact_time: UnixNanos,
}

/// A client asks to cancel, FIX OrderCancelRequest (F).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The request's own name, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The order to cancel, `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `TransactTime` (60).
    pub transact_time: UnixNanos,
}

/// A client asks to change quantity or limit, FIX OrderCancelReplaceRequest (G).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaceRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The order's name if the request is accepted, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The order to change, `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// Must be the order's own.
    pub instrument: InstrumentId,
    /// Must be the order's own.
    pub side: Side,
    /// Must be the order's own.
    pub ord_type: OrdType,
    /// Must be the order's own.
    pub time_in_force: TimeInForce,
    /// The new total quantity, filled part included, `OrderQty` (38).
    pub order_qty: Qty,
    /// The new limit.
    pub limit_px: LimitPx,
    /// `TransactTime` (60).
    pub transact_time: UnixNanos,
}

/// A client asks how an order stands, FIX OrderStatusRequest (H).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The order asked about, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// As the client believes it, for an answer about an unknown order.
    pub instrument: InstrumentId,
    /// As the client believes it, for an answer about an unknown order.
    pub side: Side,
}

/// An order as its client sees it after an event: the common part of every ExecutionReport (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Our name for it, `OrderID` (37). Zero for an order that was refused.
    pub order: OrderId,
    /// `ClOrdID` (11): the name of the order, or of the request that the report answers.
    pub cl_ord_id: ClOrdId,
    /// The session that gets the report.
    pub session: SessionId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: LimitPx,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `AvgPx` (6), to the nearest 10⁻⁸; zero before the first fill.
    pub avg_px: Price,
}

impl OrderView {
    /// `LeavesQty` (151): what may still be filled. Nothing once the order is done.
    #[must_use]
    pub const fn leaves_qty(&self) -> Qty {
        if self.ord_status.is_terminal() {
            Qty::ZERO
        } else {
            self.order_qty.saturating_minus(self.cum_qty)
        }
    }

    /// `AvgPx` (6) of `cum_qty` that cost `cum_notional`.
    #[must_use]
    pub fn average(cum_notional: Notional, cum_qty: Qty) -> Price {
        cum_notional.average(cum_qty)
    }
}
