//! What clients are told: events to ExecutionReport (8), OrderCancelReject (9) and
//! OrderMassCancelReport (r).

use dcx_model::{
    CancelRejected, ClOrdId, EventRef, ExecType, MassCanceled, MassScope, OrdStatus, OrderId,
    OrderView, Outbound, Price, Qty, Refusal, RestatementReason, UnixNanos, VenueName,
};

use super::directory::Directory;
use super::fields::{Fields, Instructions, side_wire};
use super::value::Short;
use crate::Body;

/// The text (58) of a refusal: its code and both sides of the comparison.
pub(super) fn refusal_text(refusal: &Refusal) -> String {
    format!("{} {refusal}", refusal.code())
}

/// `OrderID` (37), or `NONE` where there is no order (FIX 4.4 vol. 4, message 9).
fn write_order_id(body: &mut Body<'_>, order: OrderId) {
    match order.get() {
        0 => body.bytes(37, b"NONE"),
        order => body.uint(37, order),
    }
}

/// The ExecID (17) of the report that tells of an event.
pub(super) fn exec_id_of(event: EventRef) -> Short {
    let exec_id = Short::new().uint(event.seq.get()).byte(b'-');
    exec_id.uint(u64::from(event.ix))
}

pub(super) const fn place_of(outbound: &Outbound) -> EventRef {
    EventRef {
        seq: outbound.seq,
        ix: outbound.ix,
    }
}

/// Writes the ExecutionReport (8) of an order that is refused here, with what it said.
pub(super) fn write_refused(
    body: &mut Body<'_>,
    fields: &Fields<'_>,
    refusal: Refusal,
    exec_id: &Short,
    at: UnixNanos,
) {
    let mut echo = |tag, value: Option<&[u8]>| body.bytes(tag, value.unwrap_or_default());
    echo(37, Some(b"NONE"));
    echo(17, Some(exec_id.as_bytes()));
    echo(150, Some(b"8"));
    echo(39, Some(b"8"));
    echo(11, fields.cl_ord_id);
    echo(1, fields.account);
    echo(55, fields.symbol);
    echo(54, fields.side);
    echo(38, fields.order_qty);
    echo(40, fields.ord_type);
    echo(44, fields.price);
    echo(99, fields.stop_px);
    echo(59, fields.time_in_force);
    echo(18, fields.exec_inst);
    body.uint(151, 0);
    body.uint(14, 0);
    body.uint(6, 0);
    body.time(60, at);
    body.str(58, &refusal_text(&refusal));
    body.uint(103, u64::from(refusal.ord_rej_reason().number()));
}

/// What an ExecutionReport (8) says besides how the order stands.
pub(super) struct Report<'a> {
    pub(super) exec_type: ExecType,
    pub(super) view: &'a OrderView,
    /// `OrigClOrdID` (41), where it is another than `ClOrdID` (11).
    pub(super) orig_cl_ord_id: Option<ClOrdId>,
    pub(super) trade: Option<Trade>,
    pub(super) text: &'static str,
    pub(super) refusal: Option<Refusal>,
    pub(super) restated: Option<RestatementReason>,
    pub(super) mass: Option<Mass>,
}

/// A fill in an ExecutionReport (8).
pub(super) struct Trade {
    pub(super) last_qty: Qty,
    pub(super) last_px: Price,
    pub(super) venue: VenueName,
    /// The report that it takes back or puts right, `ExecRefID` (19).
    pub(super) of: Option<EventRef>,
}

/// An ExecutionReport's (8) place among the answers to OrderMassStatusRequest (AF).
pub(super) struct Mass {
    pub(super) request: ClOrdId,
    pub(super) total: u32,
    pub(super) last: bool,
}

impl<'a> Report<'a> {
    pub(super) const fn new(exec_type: ExecType, view: &'a OrderView) -> Self {
        Self {
            exec_type,
            view,
            orig_cl_ord_id: None,
            trade: None,
            text: "",
            refusal: None,
            restated: None,
            mass: None,
        }
    }

    pub(super) const fn renamed(
        exec_type: ExecType,
        view: &'a OrderView,
        orig_cl_ord_id: ClOrdId,
    ) -> Self {
        Self {
            orig_cl_ord_id: Some(orig_cl_ord_id),
            ..Self::new(exec_type, view)
        }
    }

    pub(super) const fn traded(exec_type: ExecType, view: &'a OrderView, trade: Trade) -> Self {
        Self {
            trade: Some(trade),
            ..Self::new(exec_type, view)
        }
    }
}

/// Writes an ExecutionReport (8).
pub(super) fn write_report(
    body: &mut Body<'_>,
    outbound: &Outbound,
    report: &Report<'_>,
    directory: &Directory,
) {
    let view = report.view;
    write_order_id(body, view.order);
    body.bytes(17, exec_id_of(place_of(outbound)).as_bytes());
    if let Some(of) = report.trade.as_ref().and_then(|trade| trade.of) {
        body.bytes(19, exec_id_of(of).as_bytes());
    }
    body.char(150, report.exec_type.wire());
    body.char(39, view.ord_status.wire());
    body.bytes(11, view.cl_ord_id.as_bytes());
    if let Some(orig) = report.orig_cl_ord_id
        && orig != view.cl_ord_id
    {
        body.bytes(41, orig.as_bytes());
    }
    write_terms(body, view, directory);
    if let Some(trade) = &report.trade {
        body.qty(32, trade.last_qty);
        body.price(31, trade.last_px);
        body.bytes(30, trade.venue.as_bytes());
    }
    body.qty(151, view.leaves_qty());
    body.qty(14, view.cum_qty);
    body.price(6, view.avg_px);
    body.time(60, outbound.at);
    body.str(58, report.text);
    if let Some(restated) = report.restated {
        body.char(378, restated.wire());
    }
    if let Some(mass) = &report.mass {
        body.bytes(584, mass.request.as_bytes());
        body.uint(911, u64::from(mass.total));
        body.bool(912, mass.last);
    }
    if let Some(refusal) = report.refusal {
        body.str(58, &refusal_text(&refusal));
        body.uint(103, u64::from(refusal.ord_rej_reason().number()));
    }
}

#[inline]
fn write_terms(body: &mut Body<'_>, view: &OrderView, directory: &Directory) {
    body.bytes(55, directory.symbol(view.instrument).as_bytes());
    body.char(54, side_wire(view.side, view.flags));
    body.qty(38, view.order_qty);
    body.char(40, view.ord_type.wire());
    if let Some(price) = view.limit_px.price() {
        body.price(44, price);
    }
    if let Some(price) = view.stop_px.price() {
        body.price(99, price);
    }
    body.char(59, view.time_in_force.wire());
    body.bytes(18, Instructions::of(view.flags).as_bytes());
}

/// Writes an OrderCancelReject (9).
pub(super) fn write_cancel_rejected(
    body: &mut Body<'_>,
    outbound: &Outbound,
    rejected: &CancelRejected,
) {
    write_order_id(body, rejected.order);
    body.bytes(11, rejected.cl_ord_id.as_bytes());
    body.bytes(41, rejected.orig_cl_ord_id.as_bytes());
    body.char(39, rejected.ord_status.wire());
    body.char(434, rejected.response_to.wire());
    body.uint(102, u64::from(rejected.cxl_rej_reason.number()));
    body.time(60, outbound.at);
    body.str(58, &refusal_text(&rejected.refusal));
}

/// Writes the OrderMassCancelReport (r) of the engine's answer.
pub(super) fn write_mass_canceled(
    body: &mut Body<'_>,
    outbound: &Outbound,
    canceled: &MassCanceled,
    directory: &Directory,
) {
    body.bytes(37, exec_id_of(place_of(outbound)).as_bytes());
    body.bytes(11, canceled.cl_ord_id.as_bytes());
    body.char(530, canceled.scope.wire());
    match canceled.refusal {
        // MassCancelResponse (531) is the request's type where it was taken.
        None => body.char(531, canceled.scope.wire()),
        Some(refusal) => {
            body.char(531, b'0');
            body.uint(532, mass_cancel_reject_reason(refusal));
        }
    }
    body.uint(533, u64::from(canceled.affected));
    if canceled.scope == MassScope::Security {
        body.bytes(55, directory.symbol(canceled.instrument).as_bytes());
    }
    body.time(60, outbound.at);
    if let Some(refusal) = canceled.refusal {
        body.str(58, &refusal_text(&refusal));
    }
}

/// Writes the OrderMassCancelReport (r) of a request that is refused here, with what it said.
pub(super) fn write_mass_cancel_refused(
    body: &mut Body<'_>,
    request: &MassCancelRefused<'_>,
    order_id: &Short,
    at: UnixNanos,
) {
    body.bytes(37, order_id.as_bytes());
    body.bytes(11, request.cl_ord_id.as_bytes());
    body.bytes(530, request.request_type);
    body.char(531, b'0');
    body.uint(532, mass_cancel_reject_reason(request.refusal));
    body.uint(533, 0);
    body.bytes(55, request.symbol);
    body.time(60, at);
    body.str(58, &refusal_text(&request.refusal));
}

/// An OrderMassCancelRequest (q) that is refused here.
#[derive(Debug)]
pub(super) struct MassCancelRefused<'a> {
    pub(super) cl_ord_id: ClOrdId,
    pub(super) request_type: &'a [u8],
    pub(super) symbol: &'a [u8],
    pub(super) refusal: Refusal,
}

/// `MassCancelRejectReason` (532): 0 not supported, 1 unknown security, 99 other.
const fn mass_cancel_reject_reason(refusal: Refusal) -> u64 {
    match refusal {
        Refusal::Unsupported { .. } => 0,
        Refusal::UnknownInstrument => 1,
        _ => 99,
    }
}

/// Whether an answer to a status request says that there is no such order.
pub(super) fn is_unknown(view: &OrderView) -> bool {
    view.order == OrderId::default() && view.ord_status == OrdStatus::Rejected
}
