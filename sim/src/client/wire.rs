//! What a client reads of the reports it gets, and writes of the messages it sends.

use dcx_fix::{Body, FieldFault, Message};
use dcx_model::{
    ClOrdId, CxlRejResponseTo, ExecType, OrdStatus, Price, Qty, Side, Symbol, Text, UnixNanos,
};

use super::draft::OrderDraft;

/// An `OrderID` (37) or `ExecID` (17) as its sender wrote it.
pub(super) type Name = Text<64>;

/// ExecutionReport (8) as a client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionView {
    /// `OrderID` (37).
    pub order_id: Text<64>,
    /// `ClOrdID` (11); empty where an answer to a mass status request is about no order.
    pub cl_ord_id: ClOrdId,
    /// `OrigClOrdID` (41), where it is there.
    pub orig_cl_ord_id: Option<ClOrdId>,
    /// Among the answers to the mass status request of this name (584): how many there are (911),
    /// and whether this is the last (912).
    pub mass_status: Option<(ClOrdId, u64, bool)>,
    /// `ExecID` (17).
    pub exec_id: Text<64>,
    /// `ExecRefID` (19), where it is there.
    pub exec_ref_id: Option<Text<64>>,
    /// `ExecType` (150).
    pub exec_type: ExecType,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `Symbol` (55).
    pub symbol: Symbol,
    /// `Side` (54).
    pub side: Side,
    /// `OrderQty` (38), where it is there.
    pub order_qty: Option<Qty>,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `LeavesQty` (151).
    pub leaves_qty: Qty,
    /// `LastQty` (32), where it is there.
    pub last_qty: Option<Qty>,
    /// `LastPx` (31), where it is there.
    pub last_px: Option<Price>,
    /// `AvgPx` (6).
    pub avg_px: Price,
}

/// OrderCancelReject (9) as a client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRejectView {
    /// `ClOrdID` (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `CxlRejResponseTo` (434).
    pub response_to: CxlRejResponseTo,
}

/// Why a report cannot be read: the field, and what is wrong with it.
pub(super) type Unread = String;

pub(super) fn execution(message: &Message<'_>) -> Result<ExecutionView, Unread> {
    let mass_status = match message.get(584) {
        None => None,
        Some(_) => Some((
            message.text(584).map_err(unread)?,
            message.uint(911).map_err(unread)?,
            message.bool(912).map_err(unread)?,
        )),
    };
    Ok(ExecutionView {
        order_id: message.text(37).map_err(unread)?,
        cl_ord_id: match mass_status {
            Some(_) => optional(message, 11, Message::text)?.unwrap_or(ClOrdId::EMPTY),
            None => message.text(11).map_err(unread)?,
        },
        orig_cl_ord_id: optional(message, 41, Message::text)?,
        mass_status,
        exec_id: message.text(17).map_err(unread)?,
        exec_ref_id: optional(message, 19, Message::text)?,
        exec_type: code(message, ExecType::TAG, ExecType::from_wire)?,
        ord_status: code(message, OrdStatus::TAG, OrdStatus::from_wire)?,
        symbol: message.text(55).map_err(unread)?,
        side: code(message, Side::TAG, Side::from_wire)?,
        order_qty: optional(message, 38, Message::qty)?,
        cum_qty: message.qty(14).map_err(unread)?,
        leaves_qty: message.qty(151).map_err(unread)?,
        last_qty: optional(message, 32, Message::qty)?,
        last_px: optional(message, 31, Message::price)?,
        avg_px: message.price(6).map_err(unread)?,
    })
}

pub(super) fn cancel_reject(message: &Message<'_>) -> Result<CancelRejectView, Unread> {
    Ok(CancelRejectView {
        cl_ord_id: message.text(11).map_err(unread)?,
        orig_cl_ord_id: message.text(41).map_err(unread)?,
        ord_status: code(message, OrdStatus::TAG, OrdStatus::from_wire)?,
        response_to: code(message, CxlRejResponseTo::TAG, CxlRejResponseTo::from_wire)?,
    })
}

fn optional<'a, T>(
    message: &Message<'a>,
    tag: u32,
    read: impl Fn(&Message<'a>, u32) -> Result<T, FieldFault>,
) -> Result<Option<T>, Unread> {
    match message.get(tag) {
        None => Ok(None),
        Some(_) => read(message, tag).map(Some).map_err(unread),
    }
}

fn code<T>(
    message: &Message<'_>,
    tag: u32,
    from_wire: impl Fn(u8) -> Option<T>,
) -> Result<T, Unread> {
    let byte = message.char(tag).map_err(unread)?;
    from_wire(byte).ok_or_else(|| format!("field {tag}: {:?} is not known", char::from(byte)))
}

fn unread(fault: FieldFault) -> Unread {
    fault.to_string()
}

/// NewOrderSingle (D). A parent order carries its algorithm in 847, 848, 168, 126 and 20001.
pub(super) fn new_order(
    body: &mut Body<'_>,
    cl_ord_id: ClOrdId,
    draft: &OrderDraft,
    at: UnixNanos,
) {
    body.bytes(11, cl_ord_id.as_bytes());
    // Automated, no intervention (FIX 4.4, tag 21).
    body.char(21, b'1');
    body.str(55, &draft.symbol);
    body.char(54, draft.side.wire());
    body.time(60, at);
    body.qty(38, draft.order_qty);
    body.char(40, draft.ord_type.wire());
    if let Some(px) = draft.limit_px {
        body.price(44, px);
    }
    body.char(59, draft.time_in_force.wire());
    terms(body, draft, at);
    if let Some(twap) = draft.twap {
        body.uint(847, twap.target.into());
        if !twap.parameters.is_empty() {
            body.str(848, twap.parameters);
        }
        // Only a schedule begins at a moment; the others begin when they come.
        if twap.slices > 0 {
            body.time(168, at);
        }
        body.time(126, at.plus(twap.span));
        if twap.slices > 0 {
            body.uint(20001, twap.slices.into());
        }
    }
}

/// What an order says beyond price and quantity, where it says anything.
fn terms(body: &mut Body<'_>, draft: &OrderDraft, at: UnixNanos) {
    if draft.post_only {
        body.char(18, b'6');
    }
    if let Some(peg) = draft.peg {
        body.char(18, peg.exec_inst);
        body.price(211, peg.offset);
    }
    if let Some(stop_px) = draft.stop_px {
        body.price(99, stop_px);
    }
    if let Some(max_floor) = draft.max_floor {
        body.qty(111, max_floor);
    }
    if let Some(span) = draft.expires {
        body.time(126, at.plus(span));
    }
}

/// OrderCancelRequest (F).
pub(super) fn cancel(
    body: &mut Body<'_>,
    (cl_ord_id, orig_cl_ord_id): (ClOrdId, ClOrdId),
    draft: &OrderDraft,
    at: UnixNanos,
) {
    body.bytes(41, orig_cl_ord_id.as_bytes());
    body.bytes(11, cl_ord_id.as_bytes());
    body.str(55, &draft.symbol);
    body.char(54, draft.side.wire());
    body.time(60, at);
    body.qty(38, draft.order_qty);
}

/// OrderCancelReplaceRequest (G) to the order that `draft` says.
pub(super) fn replace(
    body: &mut Body<'_>,
    (cl_ord_id, orig_cl_ord_id): (ClOrdId, ClOrdId),
    draft: &OrderDraft,
    at: UnixNanos,
) {
    body.bytes(41, orig_cl_ord_id.as_bytes());
    body.bytes(11, cl_ord_id.as_bytes());
    body.char(21, b'1');
    body.str(55, &draft.symbol);
    body.char(54, draft.side.wire());
    body.time(60, at);
    body.qty(38, draft.order_qty);
    body.char(40, draft.ord_type.wire());
    if let Some(px) = draft.limit_px {
        body.price(44, px);
    }
    body.char(59, draft.time_in_force.wire());
    terms(body, draft, at);
}

/// OrderStatusRequest (H).
pub(super) fn status(body: &mut Body<'_>, cl_ord_id: ClOrdId, draft: &OrderDraft) {
    body.bytes(11, cl_ord_id.as_bytes());
    body.str(55, &draft.symbol);
    body.char(54, draft.side.wire());
}

/// OrderMassCancelRequest (q) of all orders.
pub(super) fn mass_cancel(body: &mut Body<'_>, cl_ord_id: ClOrdId, at: UnixNanos) {
    body.bytes(11, cl_ord_id.as_bytes());
    body.char(530, b'7');
    body.time(60, at);
}

/// OrderMassStatusRequest (AF) of all orders.
pub(super) fn mass_status(body: &mut Body<'_>, name: ClOrdId) {
    body.bytes(584, name.as_bytes());
    body.uint(585, 7);
}
