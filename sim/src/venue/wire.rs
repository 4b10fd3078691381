//! FIX messages to the venue's requests, and its reports to FIX messages.

use dcx_fix::{AppReject, Body, FieldFault, Message};
use dcx_model::{
    ClOrdId, OrdType, Price, Qty, Side, Symbol, Text, TimeInForce, UnixNanos, VenueName,
};

use super::book::External;
use super::exchange::{CancelRejected, ExecutionReport, NewRequest, Report, Request};

/// A subscriber's name for its request, `MDReqID` (262).
pub(super) type MdReqId = Text<36>;

/// MarketDataRequest (V).
#[derive(Debug)]
pub(super) struct MarketDataRequest {
    pub(super) md_req_id: MdReqId,
    pub(super) kind: Subscription,
    pub(super) symbols: Vec<Vec<u8>>,
}

/// `SubscriptionRequestType` (263).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subscription {
    Snapshot,
    Updates,
    Cancel,
}

/// The request that an application message makes.
pub(super) fn request(message: &Message<'_>) -> Result<Option<Request>, AppReject> {
    Ok(Some(match message.msg_type() {
        b"D" => Request::New(new_request(message)?),
        b"F" => Request::Cancel {
            cl_ord_id: name(message, 11)?,
            orig_cl_ord_id: name(message, 41)?,
        },
        b"G" => Request::Replace {
            cl_ord_id: name(message, 11)?,
            orig_cl_ord_id: name(message, 41)?,
            order_qty: message.qty(38).map_err(reject)?,
            limit_px: price(message)?,
        },
        b"H" => Request::Status {
            cl_ord_id: name(message, 11)?,
            symbol: symbol(message)?,
            side: code(message, Side::TAG, Side::from_wire)?,
        },
        _ => return Ok(None),
    }))
}

fn new_request(message: &Message<'_>) -> Result<NewRequest, AppReject> {
    let time_in_force = match message.get(TimeInForce::TAG) {
        // FIX 4.4, tag 59: absence means Day.
        None => TimeInForce::Day,
        Some(_) => code(message, TimeInForce::TAG, TimeInForce::from_wire)?,
    };
    Ok(NewRequest {
        cl_ord_id: name(message, 11)?,
        symbol: symbol(message)?,
        side: code(message, Side::TAG, Side::from_wire)?,
        ord_type: code(message, OrdType::TAG, OrdType::from_wire)?,
        time_in_force,
        order_qty: message.qty(38).map_err(reject)?,
        limit_px: price(message)?,
    })
}

pub(super) fn market_data_request(message: &Message<'_>) -> Result<MarketDataRequest, AppReject> {
    let kind = match message.char(263).map_err(reject)? {
        b'0' => Subscription::Snapshot,
        b'1' => Subscription::Updates,
        b'2' => Subscription::Cancel,
        _ => return Err(out_of_range(263)),
    };
    let symbols = message.fields().filter(|(tag, _)| *tag == 55);
    Ok(MarketDataRequest {
        md_req_id: message.text(262).map_err(reject)?,
        kind,
        symbols: symbols.map(|(_, symbol)| symbol.to_vec()).collect(),
    })
}

fn name(message: &Message<'_>, tag: u32) -> Result<ClOrdId, AppReject> {
    message.text(tag).map_err(reject)
}

/// A symbol too long for any instrument is one that the venue does not list.
fn symbol(message: &Message<'_>) -> Result<Symbol, AppReject> {
    match message.text(55) {
        Ok(symbol) => Ok(symbol),
        Err(fault @ FieldFault::Missing { .. }) => Err(reject(fault)),
        Err(FieldFault::Malformed { .. }) => Ok(Symbol::EMPTY),
    }
}

fn price(message: &Message<'_>) -> Result<Option<Price>, AppReject> {
    match message.get(44) {
        None => Ok(None),
        Some(_) => message.price(44).map(Some).map_err(reject),
    }
}

fn code<T>(
    message: &Message<'_>,
    tag: u32,
    from_wire: impl Fn(u8) -> Option<T>,
) -> Result<T, AppReject> {
    let byte = message.char(tag).map_err(reject)?;
    from_wire(byte).ok_or_else(|| out_of_range(tag))
}

fn reject(fault: FieldFault) -> AppReject {
    AppReject::Session {
        tag: fault.tag(),
        reason: fault.session_reject_reason(),
        text: fault.to_string().into(),
    }
}

const fn out_of_range(tag: u32) -> AppReject {
    AppReject::Session {
        tag,
        reason: 5,
        text: std::borrow::Cow::Borrowed("value not supported by this venue"),
    }
}

impl Report {
    /// The session that it goes to.
    pub(super) const fn session(&self) -> u16 {
        match self {
            Self::Execution(report) => report.session,
            Self::CancelRejected(report) => report.session,
        }
    }

    /// Its `MsgType` (35).
    pub(super) const fn msg_type(&self) -> &'static [u8] {
        match self {
            Self::Execution(_) => b"8",
            Self::CancelRejected(_) => b"9",
        }
    }

    pub(super) fn write(&self, body: &mut Body<'_>, venue: VenueName, at: UnixNanos) {
        match self {
            Self::Execution(report) => execution(report, body, venue, at),
            Self::CancelRejected(report) => cancel_rejected(report, body, at),
        }
    }
}

fn order_id(body: &mut Body<'_>, id: u64) {
    match id {
        // FIX 4.4, tag 37: "NONE" where there is no order.
        0 => body.str(37, "NONE"),
        id => body.uint(37, id),
    }
}

fn execution(report: &ExecutionReport, body: &mut Body<'_>, venue: VenueName, at: UnixNanos) {
    order_id(body, report.order_id);
    body.bytes(11, report.cl_ord_id.as_bytes());
    if let Some(orig) = report.orig_cl_ord_id {
        body.bytes(41, orig.as_bytes());
    }
    match report.exec_id {
        // FIX 4.4, tag 17: zero in answer to a status request.
        0 => body.str(17, "0"),
        id => body.str(17, &format!("{venue}-{id}")),
    }
    body.char(150, report.exec_type.wire());
    body.char(39, report.ord_status.wire());
    if let Some(reason) = report.ord_rej_reason {
        body.uint(103, reason.number().into());
    }
    body.bytes(55, report.symbol.as_bytes());
    body.char(54, report.side.wire());
    body.qty(38, report.order_qty);
    body.char(40, report.ord_type.wire());
    if let Some(px) = report.limit_px {
        body.price(44, px);
    }
    body.char(59, report.time_in_force.wire());
    if !report.last_qty.is_zero() {
        body.qty(32, report.last_qty);
        body.price(31, report.last_px);
        body.bytes(30, venue.as_bytes());
    }
    body.qty(151, report.leaves_qty);
    body.qty(14, report.cum_qty);
    body.price(6, report.avg_px);
    body.time(60, at);
    body.str(58, report.text);
}

fn cancel_rejected(report: &CancelRejected, body: &mut Body<'_>, at: UnixNanos) {
    order_id(body, report.order_id);
    body.bytes(11, report.cl_ord_id.as_bytes());
    body.bytes(41, report.orig_cl_ord_id.as_bytes());
    body.char(39, report.ord_status.wire());
    body.time(60, at);
    body.char(434, report.response_to.wire());
    body.uint(102, report.cxl_rej_reason.number().into());
    body.str(58, report.text);
}

/// MarketDataSnapshotFullRefresh (W): one entry for each side that is there.
pub(super) fn snapshot(
    body: &mut Body<'_>,
    md_req_id: MdReqId,
    symbol: Symbol,
    external: &External,
) {
    body.bytes(262, md_req_id.as_bytes());
    body.bytes(55, symbol.as_bytes());
    let sides: [(u8, Price, Qty); 2] = [
        (b'0', external.bid, external.bid_qty),
        (b'1', external.ask, external.ask_qty),
    ];
    let shown = || {
        sides
            .iter()
            .filter(|(_, px, qty)| *px > Price::ZERO && !qty.is_zero())
    };
    body.uint(268, shown().count() as u64);
    for (entry, px, qty) in shown() {
        body.char(269, *entry);
        body.price(270, *px);
        body.qty(271, *qty);
    }
}

/// MarketDataRequestReject (Y).
pub(super) fn market_data_reject(body: &mut Body<'_>, md_req_id: MdReqId, reason: u8, text: &str) {
    body.bytes(262, md_req_id.as_bytes());
    body.char(281, reason);
    body.str(58, text);
}
