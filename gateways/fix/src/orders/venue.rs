//! Venues: their reports to commands, child orders and questions to their requests.

use dcx_model::{
    ChildCancel, ChildId, ChildOrder, ChildQuery, ClOrdId, Command, CxlRejReason, DecimalFault,
    ExecId, ExecType, LimitPx, OrdRejReason, OrdStatus, OrdType, OrderFlags, Orphan, OrphanCancel,
    Outbound, Phase, Price, TimeInForce, UnixNanos, VenueCancelReject, VenueId, VenueReport,
};

use super::directory::Directory;
use super::fields::{Instructions, side_of, side_wire};
use super::value::{self, our_number, required};
use crate::{AppReject, Body, Message};

/// Why a venue's message cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// A field does not hold what FIX says.
    Field(AppReject),
    /// It names nothing of ours, or says what dcx does not handle: the text says which.
    Content(&'static str),
}

impl From<AppReject> for Unusable {
    fn from(reject: AppReject) -> Self {
        Self::Field(reject)
    }
}

impl Unusable {
    /// How the venue is told.
    pub(crate) fn into_reject(self) -> AppReject {
        match self {
            Self::Field(reject) => reject,
            Self::Content(text) => AppReject::Business {
                reason: 0,
                ref_id: None,
                text: text.into(),
            },
        }
    }
}

fn child(value: Option<&[u8]>) -> Option<ChildId> {
    value.and_then(our_number).map(ChildId::new)
}

/// What an ExecutionReport (8) of a venue says.
#[derive(Debug)]
pub(super) struct Said {
    /// For the engine: about a child order, or about one that dcx has no name for. None where it
    /// only says that there is nothing.
    pub(super) command: Option<Command>,
    /// The question about all orders that it answers.
    pub(super) answers: Option<Answers>,
}

/// A report's place among the answers to OrderMassStatusRequest (AF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    /// `MassStatusReqID` (584).
    pub(super) request: ChildId,
    /// `TotNumReports` (911), where the venue says it.
    pub(super) total: Option<u64>,
    /// `LastRptRequested` (912).
    pub(super) last: bool,
}

/// The fields of a report that are not read at once.
#[derive(Default)]
struct Raw<'a> {
    own: Option<&'a [u8]>,
    orig: Option<&'a [u8]>,
    exec_type: Option<u8>,
    ord_status: Option<u8>,
    side: Option<&'a [u8]>,
    symbol: Option<&'a [u8]>,
    ord_type: Option<&'a [u8]>,
    time_in_force: Option<&'a [u8]>,
    order_qty: Option<&'a [u8]>,
    price: Option<&'a [u8]>,
    request: Option<&'a [u8]>,
    total: Option<&'a [u8]>,
    last: bool,
}

/// Reads an ExecutionReport (8) of a venue.
pub(super) fn report(
    message: &Message<'_>,
    venue: VenueId,
    directory: &Directory,
) -> Result<Said, Unusable> {
    let mut report = VenueReport {
        venue,
        ..VenueReport::EMPTY
    };
    let mut raw = Raw::default();
    for (tag, value) in message.fields() {
        match tag {
            6 => report.avg_px = average(value),
            8 | 9 | 35 | 34 | 49 | 52 | 56 => {}
            11 => raw.own = Some(value),
            14 => report.cum_qty = value::qty(tag, value)?,
            17 => report.exec_id = value::text(tag, value)?,
            19 => report.exec_ref_id = value::text(tag, value)?,
            31 => report.last_px = value::price(tag, value)?,
            32 => report.last_qty = value::qty(tag, value)?,
            38 => raw.order_qty = Some(value),
            39 => raw.ord_status = Some(value::char(tag, value)?),
            40 => raw.ord_type = Some(value),
            41 => raw.orig = Some(value),
            44 => raw.price = Some(value),
            54 => raw.side = Some(value),
            55 => raw.symbol = Some(value),
            59 => raw.time_in_force = Some(value),
            // A report is not lost for a time that cannot be read: it is one that does not say.
            60 => report.transact_time = value::time(tag, value).unwrap_or(UnixNanos::ZERO),
            103 => report.ord_rej_reason = ord_rej_reason(value)?,
            150 => raw.exec_type = Some(value::char(tag, value)?),
            151 => report.leaves_qty = value::qty(tag, value)?,
            584 => raw.request = Some(value),
            911 => raw.total = Some(value),
            912 => raw.last = value == b"Y",
            _ => {}
        }
    }
    required(17, (!report.exec_id.is_empty()).then_some(b""))?;
    let exec_type = required_char(150, raw.exec_type)?;
    let ord_status = required_char(39, raw.ord_status)?;
    report.exec_type =
        ExecType::from_wire(exec_type).ok_or(Unusable::Content("ExecType is not supported"))?;
    report.ord_status =
        OrdStatus::from_wire(ord_status).ok_or(Unusable::Content("OrdStatus is not supported"))?;
    let answers = raw.answers(&report)?;
    // A report on a cancel names the request in 11 and the order in 41.
    match child(raw.orig).or_else(|| child(raw.own)) {
        Some(named) => {
            report.child = named;
            let command = Some(Command::VenueReport(report));
            Ok(Said { command, answers })
        }
        None if answers.is_some() => Ok(Said {
            command: raw.orphan(&report, directory)?.map(Command::Orphan),
            answers,
        }),
        None => Err(Unusable::Content("ClOrdID is none of ours")),
    }
}

impl Raw<'_> {
    fn answers(&self, report: &VenueReport) -> Result<Option<Answers>, AppReject> {
        let (ExecType::OrderStatus, Some(request)) = (report.exec_type, child(self.request)) else {
            return Ok(None);
        };
        let total = self.total.map(|text| value::uint(911, text, u64::MAX));
        Ok(Some(Answers {
            request,
            total: total.transpose()?,
            last: self.last,
        }))
    }

    /// The order that a venue works and dcx has no name for. None if it does not work, or if there
    /// is none: an answer to say that there is nothing.
    fn orphan(
        &self,
        report: &VenueReport,
        directory: &Directory,
    ) -> Result<Option<Orphan>, Unusable> {
        if report.ord_status.is_terminal() {
            return Ok(None);
        }
        let cl_ord_id: ClOrdId = value::text(11, required(11, self.own)?)?;
        let side = value::char(54, required(54, self.side)?)?;
        let side = side_of(side).ok_or(Unusable::Content("Side is not supported"))?;
        let instrument = directory
            .instrument(required(55, self.symbol)?)
            .ok_or(Unusable::Content("Symbol is none of ours"))?;
        let limit_px = match self.price {
            Some(text) => LimitPx::from(value::price(44, text)?),
            None => LimitPx::NONE,
        };
        let order_qty = match self.order_qty {
            Some(text) => value::qty(38, text)?,
            // FIX 4.4 has it or what makes it up; filled and open together are the same.
            None => report
                .cum_qty
                .plus(report.leaves_qty)
                .unwrap_or(report.leaves_qty),
        };
        // A kind of order that dcx does not have is reported as the one next to it: that somebody
        // looks matters more than its kind.
        let ord_type = single(self.ord_type).and_then(OrdType::from_wire);
        let ord_type = ord_type.unwrap_or(match limit_px {
            LimitPx::NONE => OrdType::Market,
            _ => OrdType::Limit,
        });
        let time_in_force = single(self.time_in_force).and_then(TimeInForce::from_wire);
        Ok(Some(Orphan {
            venue: report.venue,
            cl_ord_id,
            instrument,
            side,
            ord_type,
            time_in_force: time_in_force.unwrap_or(TimeInForce::Day),
            order_qty,
            limit_px,
            cum_qty: report.cum_qty,
            avg_px: report.avg_px,
        }))
    }
}

fn single(value: Option<&[u8]>) -> Option<u8> {
    match value {
        Some([byte]) => Some(*byte),
        _ => None,
    }
}

/// `AvgPx` (6) to the nearest 10⁻⁸: nothing is decided by it, and a fill must not be lost because
/// a venue writes an average with more places. Zero if it is no number.
fn average(value: &[u8]) -> Price {
    match Price::parse(value) {
        Ok(px) => px,
        Err(DecimalFault::TooPrecise) => {
            let point = value.iter().position(|byte| *byte == b'.');
            let end = point.map_or(value.len(), |at| value.len().min(at + 9));
            let kept = Price::parse(&value[..end]).unwrap_or(Price::ZERO);
            let up = matches!(value.get(end), Some(b'5'..=b'9'));
            let step = match (up, value.first()) {
                (false, _) => 0,
                (true, Some(b'-')) => -1,
                (true, _) => 1,
            };
            Price::from_units(kept.units().saturating_add(step))
        }
        Err(_) => Price::ZERO,
    }
}

fn required_char(tag: u32, value: Option<u8>) -> Result<u8, AppReject> {
    required(tag, value.is_some().then_some(b""))?;
    Ok(value.unwrap_or_default())
}

fn ord_rej_reason(value: &[u8]) -> Result<OrdRejReason, AppReject> {
    let number = value::uint(103, value, u64::from(u32::MAX))?;
    Ok(OrdRejReason::from_number(
        u32::try_from(number).unwrap_or(u32::MAX),
    ))
}

/// Reads an OrderCancelReject (9) of a venue.
pub(super) fn cancel_reject(
    message: &Message<'_>,
    venue: VenueId,
) -> Result<VenueCancelReject, Unusable> {
    let reason = match message.get(102) {
        Some(text) => value::uint(102, text, u64::from(u32::MAX))?,
        None => 99,
    };
    let ord_status = value::char(39, required(39, message.get(39))?)?;
    let unknown = Unusable::Content("ClOrdID or OrigClOrdID is none of ours");
    let (Some(child), Some(request)) = (child(message.get(41)), child(message.get(11))) else {
        return Err(unknown);
    };
    Ok(VenueCancelReject {
        venue,
        child,
        request,
        cxl_rej_reason: CxlRejReason::from_number(u32::try_from(reason).unwrap_or(u32::MAX)),
        ord_status: OrdStatus::from_wire(ord_status)
            .ok_or(Unusable::Content("OrdStatus is not supported"))?,
    })
}

/// Reads a SecurityStatus (f) of a venue. None where it says nothing about whether trading goes
/// on.
pub(super) fn phase(
    message: &Message<'_>,
    venue: VenueId,
    directory: &Directory,
) -> Result<Option<Command>, Unusable> {
    let symbol = required(55, message.get(55))?;
    let instrument = directory
        .instrument(symbol)
        .ok_or(Unusable::Content("Symbol is none of ours"))?;
    let Some(status) = message.get(326) else {
        return Ok(None);
    };
    // FIX 4.4 vol. 6, tag 326. What is not said to be open is not.
    let phase = match value::uint(326, status, u64::from(u32::MAX))? {
        // Resume, ready to trade, fast market.
        3 | 17 | 23 => Phase::Open,
        // Opening delay, trading halt.
        1 | 2 => Phase::Halted,
        // No open or resume, not available, not traded here, pre-open, opening rotation.
        4 | 18 | 19 | 21 | 22 => Phase::Closed,
        // Indications and imbalances do not change it; unknown says nothing.
        _ => return Ok(None),
    };
    Ok(Some(Command::VenuePhase {
        venue,
        instrument,
        phase,
    }))
}

/// Writes the NewOrderSingle (D) of a child order.
pub(super) fn write_order(
    body: &mut Body<'_>,
    outbound: &Outbound,
    order: &ChildOrder,
    directory: &Directory,
) {
    body.uint(11, order.child.get());
    body.bytes(18, Instructions::of(order.flags).as_bytes());
    // HandlInst: automated, no intervention.
    body.char(21, b'1');
    body.bytes(55, directory.symbol(order.instrument).as_bytes());
    body.char(54, side_wire(order.side, order.flags));
    if order.flags.has(OrderFlags::SHORT_SALE) {
        // LocateReqd: whether it is the venue that has to find the securities.
        body.bool(114, !order.flags.has(OrderFlags::LOCATED));
    }
    body.time(60, outbound.at);
    body.qty(38, order.order_qty);
    if order.min_qty.units() > 0 {
        body.qty(110, order.min_qty);
    }
    if order.display_qty.units() > 0 {
        body.qty(111, order.display_qty);
    }
    body.char(40, order.ord_type.wire());
    if let Some(price) = order.limit_px.price() {
        body.price(44, price);
    }
    body.char(59, order.time_in_force.wire());
}

/// Writes the OrderCancelRequest (F) of a child order.
pub(super) fn write_cancel(
    body: &mut Body<'_>,
    outbound: &Outbound,
    cancel: &ChildCancel,
    directory: &Directory,
) {
    body.uint(41, cancel.child.get());
    body.uint(11, cancel.request.get());
    body.bytes(55, directory.symbol(cancel.instrument).as_bytes());
    body.char(54, cancel.side.wire());
    body.time(60, outbound.at);
    body.qty(38, cancel.order_qty);
}

/// Writes the OrderCancelRequest (F) of an order that dcx has no name for.
pub(super) fn write_orphan_cancel(
    body: &mut Body<'_>,
    outbound: &Outbound,
    cancel: &OrphanCancel,
    directory: &Directory,
) {
    body.bytes(41, cancel.cl_ord_id.as_bytes());
    body.uint(11, cancel.request.get());
    body.bytes(55, directory.symbol(cancel.instrument).as_bytes());
    body.char(54, cancel.side.wire());
    body.time(60, outbound.at);
    body.qty(38, cancel.order_qty);
}

/// Writes the OrderStatusRequest (H) about a child order.
pub(super) fn write_query(body: &mut Body<'_>, query: &ChildQuery, directory: &Directory) {
    body.uint(11, query.child.get());
    body.bytes(55, directory.symbol(query.instrument).as_bytes());
    body.char(54, query.side.wire());
}

/// Writes the OrderMassStatusRequest (AF) about all of our orders.
pub(super) fn write_mass_query(body: &mut Body<'_>, request: ChildId) {
    body.uint(584, request.get());
    // MassStatusReqType: all orders.
    body.char(585, b'7');
}

/// Writes the SecurityStatusRequest (e) about one instrument, with updates from then on.
pub(super) fn write_phase_request(
    body: &mut Body<'_>,
    instrument: dcx_model::InstrumentId,
    directory: &Directory,
) {
    body.bytes(324, directory.symbol(instrument).as_bytes());
    body.bytes(55, directory.symbol(instrument).as_bytes());
    body.char(263, b'1');
}

/// An ExecID (17) that the edge gives itself.
pub(super) fn own_exec_id(bytes: &[u8]) -> ExecId {
    ExecId::new(bytes).unwrap_or_default()
}
