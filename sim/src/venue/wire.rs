//! FIX messages to the venue's requests.

use dcx_fix::{AppReject, FieldFault, Message};
use dcx_model::{ClOrdId, OrdType, Price, Qty, Side, Symbol, Text, TimeInForce};

use super::request::{ExecInst, NewRequest, Request, Scope};

/// A subscriber's name for its request, `MDReqID` (262).
pub(super) type MdReqId = Text<36>;

/// MarketDataRequest (V).
#[derive(Debug)]
pub(super) struct MarketDataRequest {
    pub(super) md_req_id: MdReqId,
    pub(super) kind: Subscription,
    pub(super) symbols: Vec<Vec<u8>>,
    /// Whether trades are asked for, `MDEntryType` (269) 2.
    pub(super) trades: bool,
    /// Whether changes are asked for rather than the whole, `MDUpdateType` (265) 1.
    pub(super) incremental: bool,
}

/// SecurityStatusRequest (e).
#[derive(Debug)]
pub(super) struct SecurityStatusRequest {
    /// `SecurityStatusReqID` (324).
    pub(super) id: MdReqId,
    pub(super) kind: Subscription,
    pub(super) symbol: Vec<u8>,
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
            order_id: order_id(message),
            symbol: symbol(message)?,
            side: code(message, Side::TAG, Side::from_wire)?,
        },
        b"AF" => Request::MassStatus {
            mass_status_req_id: message.text(584).map_err(reject)?,
            scope: scope(message, 585)?,
        },
        b"q" => Request::MassCancel {
            cl_ord_id: name(message, 11)?,
            scope: scope(message, 530)?,
            side: match message.get(Side::TAG) {
                None => None,
                Some(_) => Some(code(message, Side::TAG, Side::from_wire)?),
            },
        },
        _ => return Ok(None),
    }))
}

fn new_request(message: &Message<'_>) -> Result<NewRequest, AppReject> {
    let mut unsupported = None;
    let mut offered = |tag, known: bool| {
        if !known {
            unsupported.get_or_insert(tag);
        }
    };
    let ord_type = OrdType::from_wire(message.char(OrdType::TAG).map_err(reject)?);
    offered(OrdType::TAG, ord_type.is_some());
    let time_in_force = match message.get(TimeInForce::TAG) {
        // FIX 4.4, tag 59: absence means Day.
        None => Some(TimeInForce::Day),
        Some(_) => TimeInForce::from_wire(message.char(TimeInForce::TAG).map_err(reject)?),
    };
    offered(TimeInForce::TAG, time_in_force.is_some());
    let exec_inst = exec_inst(message.get(18).unwrap_or_default());
    offered(18, exec_inst.is_some());
    Ok(NewRequest {
        cl_ord_id: name(message, 11)?,
        symbol: symbol(message)?,
        side: code(message, Side::TAG, Side::from_wire)?,
        // What it is refused with, where it is not known.
        ord_type: ord_type.unwrap_or(OrdType::Market),
        time_in_force: time_in_force.unwrap_or(TimeInForce::Day),
        order_qty: message.qty(38).map_err(reject)?,
        limit_px: price(message)?,
        max_floor: qty(message, 111)?,
        min_qty: qty(message, 110)?,
        exec_inst: exec_inst.unwrap_or_default(),
        unsupported,
    })
}

/// The instructions of a field whose values stand apart by spaces; none where one is not offered.
fn exec_inst(field: &[u8]) -> Option<ExecInst> {
    let mut found = ExecInst::default();
    for value in field.split(|byte| *byte == b' ') {
        match value {
            b"6" => found.post_only = true,
            b"G" => found.all_or_none = true,
            // Do not increase: nothing here increases an order.
            b"E" | b"" => {}
            _ => return None,
        }
    }
    Some(found)
}

/// The venue's own number of an order; zero for what is none of its numbers.
fn order_id(message: &Message<'_>) -> u64 {
    message.uint(37).unwrap_or_default()
}

/// `MassStatusReqType` (585) and `MassCancelRequestType` (530): 1 a security, 7 all orders.
fn scope(message: &Message<'_>, tag: u32) -> Result<Scope, AppReject> {
    Ok(match message.get(tag) {
        Some(b"1") => Scope::Security(symbol(message)?),
        Some(b"7") => Scope::All,
        Some(_) => Scope::Unsupported,
        None => return Err(reject(FieldFault::Missing { tag })),
    })
}

pub(super) fn market_data_request(message: &Message<'_>) -> Result<MarketDataRequest, AppReject> {
    let symbols = message.fields().filter(|(tag, _)| *tag == 55);
    let mut entries = message.fields().filter(|(tag, _)| *tag == 269);
    Ok(MarketDataRequest {
        md_req_id: message.text(262).map_err(reject)?,
        kind: subscription(message)?,
        symbols: symbols.map(|(_, symbol)| symbol.to_vec()).collect(),
        trades: entries.any(|(_, entry)| entry == b"2"),
        incremental: message.get(265) == Some(b"1"),
    })
}

pub(super) fn security_status_request(
    message: &Message<'_>,
) -> Result<SecurityStatusRequest, AppReject> {
    Ok(SecurityStatusRequest {
        id: message.text(324).map_err(reject)?,
        kind: subscription(message)?,
        symbol: message.get(55).unwrap_or_default().to_vec(),
    })
}

/// BusinessMessageReject (j) of a request for the state of something that is not listed.
pub(super) fn unknown_security(request: &SecurityStatusRequest) -> AppReject {
    AppReject::Business {
        // FIX 4.4, tag 380: unknown security.
        reason: 2,
        ref_id: Some(request.id.as_bytes().to_vec()),
        text: "unknown Symbol (55)".into(),
    }
}

fn subscription(message: &Message<'_>) -> Result<Subscription, AppReject> {
    Ok(match message.char(263).map_err(reject)? {
        b'0' => Subscription::Snapshot,
        b'1' => Subscription::Updates,
        b'2' => Subscription::Cancel,
        _ => return Err(out_of_range(263)),
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

fn qty(message: &Message<'_>, tag: u32) -> Result<Option<Qty>, AppReject> {
    match message.get(tag) {
        None => Ok(None),
        Some(_) => message.qty(tag).map(Some).map_err(reject),
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
