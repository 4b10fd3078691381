//! Clients: their requests to commands, events to their reports.

use std::borrow::Cow;

use dcx_model::{
    Algo, CancelRejected, CancelRequest, ClOrdId, Command, ExecType, LimitPx, NewOrder, OrdStatus,
    OrdType, OrderId, OrderView, Outbound, Price, Qty, Refusal, ReplaceRequest, Side,
    StatusRequest, TimeInForce, UnixNanos, VenueName,
};

use super::directory::{Client, Directory};
use super::value::{self, Short, required};
use crate::{AppReject, Body, Message};

/// What becomes of a client's request.
#[derive(Debug)]
pub(super) enum Request<'a> {
    /// It goes to the engine.
    Command(Command),
    /// It is an order that is refused here.
    Refused(Fields<'a>, Refusal),
}

/// `TargetStrategy` (847) of TWAP: FIX 4.4 leaves 1000 and above to agreement.
const TWAP: &[u8] = b"1000";

/// `TargetStrategy`.
const TARGET_STRATEGY: u32 = 847;

/// The user-defined field that says how many slices a TWAP order makes.
const TWAP_SLICES: u32 = 20_001;

/// The fields of a request that dcx reads, found in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<'a> {
    account: Option<&'a [u8]>,
    cl_ord_id: Option<&'a [u8]>,
    order_qty: Option<&'a [u8]>,
    ord_type: Option<&'a [u8]>,
    orig_cl_ord_id: Option<&'a [u8]>,
    price: Option<&'a [u8]>,
    side: Option<&'a [u8]>,
    symbol: Option<&'a [u8]>,
    time_in_force: Option<&'a [u8]>,
    transact_time: Option<&'a [u8]>,
    expire_time: Option<&'a [u8]>,
    effective_time: Option<&'a [u8]>,
    target_strategy: Option<&'a [u8]>,
    twap_slices: Option<&'a [u8]>,
    /// A field that would change what the order means, were it obeyed.
    unsupported: Option<u32>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &Message<'a>) -> Self {
        let mut fields = Self::default();
        for (tag, value) in message.fields() {
            let field = match tag {
                1 => &mut fields.account,
                11 => &mut fields.cl_ord_id,
                38 => &mut fields.order_qty,
                40 => &mut fields.ord_type,
                41 => &mut fields.orig_cl_ord_id,
                44 => &mut fields.price,
                54 => &mut fields.side,
                55 => &mut fields.symbol,
                59 => &mut fields.time_in_force,
                60 => &mut fields.transact_time,
                126 => &mut fields.expire_time,
                168 => &mut fields.effective_time,
                TARGET_STRATEGY => &mut fields.target_strategy,
                TWAP_SLICES => &mut fields.twap_slices,
                _ => {
                    if changes_meaning(tag, value) {
                        fields.unsupported.get_or_insert(tag);
                    }
                    continue;
                }
            };
            field.get_or_insert(value);
        }
        fields
    }

    fn cl_ord_id(&self) -> Result<ClOrdId, AppReject> {
        value::text(11, required(11, self.cl_ord_id)?)
    }

    fn orig_cl_ord_id(&self) -> Result<ClOrdId, AppReject> {
        value::text(41, required(41, self.orig_cl_ord_id)?)
    }

    fn transact_time(&self) -> Result<UnixNanos, AppReject> {
        value::time(60, required(60, self.transact_time)?)
    }

    fn terms(&self) -> Result<Terms<'a>, AppReject> {
        let symbol = required(55, self.symbol)?;
        let side = value::char(54, required(54, self.side)?)?;
        let ord_type = value::char(40, required(40, self.ord_type)?)?;
        let time_in_force = match self.time_in_force {
            Some(text) => value::char(59, text)?,
            // FIX 4.4 vol. 6, tag 59: absence is Day.
            None => TimeInForce::Day.wire(),
        };
        Ok(Terms {
            symbol,
            side,
            ord_type,
            time_in_force,
            order_qty: value::qty(38, required(38, self.order_qty)?)?,
            price: self.price.map(|text| value::price(44, text)).transpose()?,
            transact_time: self.transact_time()?,
        })
    }
}

/// Fields that dcx does not obey and must not ignore: an order that carries one is refused.
///
/// ExecInst, StopPx, MinQty, MaxFloor, CashOrderQty, PegOffsetValue, DiscretionInst,
/// DiscretionOffsetValue, PriceType other than per unit, ExpireDate, TargetStrategyParameters and
/// ParticipationRate.
fn changes_meaning(tag: u32, value: &[u8]) -> bool {
    match tag {
        18 | 99 | 110 | 111 | 152 | 211 | 388 | 389 | 432 | 848 | 849 => true,
        423 => value != b"2",
        _ => false,
    }
}

/// The terms of an order as read, not yet known to be supported.
struct Terms<'a> {
    symbol: &'a [u8],
    side: u8,
    ord_type: u8,
    time_in_force: u8,
    order_qty: Qty,
    price: Option<Price>,
    transact_time: UnixNanos,
}

impl Terms<'_> {
    fn side(&self) -> Result<Side, Refusal> {
        Side::from_wire(self.side).ok_or(Refusal::Unsupported { tag: Side::TAG })
    }

    fn ord_type(&self) -> Result<OrdType, Refusal> {
        OrdType::from_wire(self.ord_type).ok_or(Refusal::Unsupported { tag: OrdType::TAG })
    }

    fn time_in_force(&self) -> Result<TimeInForce, Refusal> {
        let tag = TimeInForce::TAG;
        TimeInForce::from_wire(self.time_in_force).ok_or(Refusal::Unsupported { tag })
    }
}

/// How an order is to be worked, as read.
struct Schedule {
    algo: Algo,
    start: UnixNanos,
    end: UnixNanos,
    slices: u16,
}

fn schedule(fields: &Fields<'_>) -> Result<Result<Schedule, Refusal>, AppReject> {
    let start = fields.effective_time;
    let start = start.map(|text| value::time(168, text)).transpose()?;
    let end = fields.expire_time;
    let end = end.map(|text| value::time(126, text)).transpose()?;
    let slices = fields.twap_slices;
    let slices = slices
        .map(|text| value::uint(TWAP_SLICES, text, u64::from(u16::MAX)))
        .transpose()?;
    let unsupported = |tag| Ok(Err(Refusal::Unsupported { tag }));
    match fields.target_strategy {
        Some(TWAP) => Ok(Ok(Schedule {
            algo: Algo::Twap,
            start: start.unwrap_or(UnixNanos::ZERO),
            end: end.unwrap_or(UnixNanos::ZERO),
            slices: u16::try_from(slices.unwrap_or(0)).unwrap_or(u16::MAX),
        })),
        Some(_) => unsupported(TARGET_STRATEGY),
        // Without a strategy nothing would obey them, and nothing may be ignored.
        None if start.is_some() => unsupported(168),
        None if end.is_some() => unsupported(126),
        None if slices.is_some() => unsupported(TWAP_SLICES),
        None => Ok(Ok(Schedule {
            algo: Algo::AtOnce,
            start: UnixNanos::ZERO,
            end: UnixNanos::ZERO,
            slices: 0,
        })),
    }
}

/// Reads a NewOrderSingle (D).
pub(super) fn new_order<'a>(
    message: &Message<'a>,
    client: &Client,
    directory: &Directory,
) -> Result<Request<'a>, AppReject> {
    let fields = Fields::of(message);
    let cl_ord_id = fields.cl_ord_id()?;
    let terms = fields.terms()?;
    let schedule = schedule(&fields)?;
    let made = || {
        let schedule = schedule?;
        if let Some(tag) = fields.unsupported {
            return Err(Refusal::Unsupported { tag });
        }
        let instrument = directory.instrument(terms.symbol);
        let account = match fields.account {
            None => Some(client.default_account),
            Some(name) => directory
                .account(name)
                .filter(|account| client.accounts.contains(account)),
        };
        Ok(NewOrder {
            session: client.session,
            account: account.ok_or(Refusal::UnknownAccount)?,
            cl_ord_id,
            instrument: instrument.ok_or(Refusal::UnknownInstrument)?,
            side: terms.side()?,
            ord_type: terms.ord_type()?,
            time_in_force: terms.time_in_force()?,
            algo: schedule.algo,
            order_qty: terms.order_qty,
            limit_px: terms.price.map_or(LimitPx::NONE, Into::into),
            start: schedule.start,
            end: schedule.end,
            slices: schedule.slices,
            transact_time: terms.transact_time,
            ..dcx_model::NewOrder::PLAIN
        })
    };
    Ok(match made() {
        Ok(order) => Request::Command(Command::NewOrder(order)),
        Err(refusal) => Request::Refused(fields, refusal),
    })
}

/// Reads an OrderCancelRequest (F).
pub(super) fn cancel(message: &Message<'_>, client: &Client) -> Result<Command, AppReject> {
    let fields = Fields::of(message);
    Ok(Command::Cancel(CancelRequest {
        session: client.session,
        cl_ord_id: fields.cl_ord_id()?,
        orig_cl_ord_id: fields.orig_cl_ord_id()?,
        transact_time: fields.transact_time()?,
    }))
}

/// Reads an OrderCancelReplaceRequest (G).
///
/// What dcx does not handle is answered with BusinessMessageReject (j), not OrderCancelReject (9):
/// that would have to say how the order stands, which only the engine knows.
pub(super) fn replace(
    message: &Message<'_>,
    client: &Client,
    directory: &Directory,
) -> Result<Command, AppReject> {
    let fields = Fields::of(message);
    let cl_ord_id = fields.cl_ord_id()?;
    let orig_cl_ord_id = fields.orig_cl_ord_id()?;
    let terms = fields.terms()?;
    // A schedule stays as it was: to name one is to ask for a change that is not supported.
    let schedule = [
        fields.target_strategy.map(|_| TARGET_STRATEGY),
        fields.effective_time.map(|_| 168),
        fields.expire_time.map(|_| 126),
        fields.twap_slices.map(|_| TWAP_SLICES),
    ];
    let unsupported = fields
        .unsupported
        .or_else(|| schedule.into_iter().flatten().next());
    let made = || {
        if let Some(tag) = unsupported {
            return Err(Refusal::Unsupported { tag });
        }
        let instrument = directory.instrument(terms.symbol);
        Ok(ReplaceRequest {
            session: client.session,
            cl_ord_id,
            orig_cl_ord_id,
            instrument: instrument.ok_or(Refusal::UnknownInstrument)?,
            side: terms.side()?,
            ord_type: terms.ord_type()?,
            time_in_force: terms.time_in_force()?,
            order_qty: terms.order_qty,
            limit_px: terms.price.map_or(LimitPx::NONE, Into::into),
            transact_time: terms.transact_time,
            stop_px: dcx_model::LimitPx::NONE,
            display_qty: dcx_model::Qty::ZERO,
        })
    };
    made()
        .map(Command::Replace)
        .map_err(|refusal| business(refusal, cl_ord_id))
}

/// Reads an OrderStatusRequest (H).
pub(super) fn status(
    message: &Message<'_>,
    client: &Client,
    directory: &Directory,
) -> Result<Command, AppReject> {
    let fields = Fields::of(message);
    let cl_ord_id = fields.cl_ord_id()?;
    let instrument = directory.instrument(required(55, fields.symbol)?);
    let side = Side::from_wire(value::char(54, required(54, fields.side)?)?);
    let made = || {
        Ok(StatusRequest {
            session: client.session,
            cl_ord_id,
            instrument: instrument.ok_or(Refusal::UnknownInstrument)?,
            side: side.ok_or(Refusal::Unsupported { tag: Side::TAG })?,
        })
    };
    made()
        .map(Command::Status)
        .map_err(|refusal| business(refusal, cl_ord_id))
}

#[cold]
fn business(refusal: Refusal, cl_ord_id: ClOrdId) -> AppReject {
    // BusinessRejectReason (380): 2 unknown security, 0 other.
    let reason = match refusal {
        Refusal::UnknownInstrument => 2,
        _ => 0,
    };
    AppReject::Business {
        reason,
        ref_id: Some(cl_ord_id.as_bytes().to_vec()),
        text: Cow::Owned(refusal_text(&refusal)),
    }
}

fn refusal_text(refusal: &Refusal) -> String {
    format!("{} {refusal}", refusal.code())
}

/// `OrderID` (37), or `NONE` where there is no order (FIX 4.4 vol. 4, message 9).
fn write_order_id(body: &mut Body<'_>, order: OrderId) {
    match order.get() {
        0 => body.bytes(37, b"NONE"),
        number => body.uint(37, number),
    }
}

/// Writes the ExecutionReport (8) for an order that is refused here.
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
    echo(59, fields.time_in_force);
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
    pub(super) held: bool,
    pub(super) refusal: Option<Refusal>,
}

/// A fill in an ExecutionReport (8).
pub(super) struct Trade {
    pub(super) last_qty: Qty,
    pub(super) last_px: Price,
    pub(super) venue: VenueName,
}

impl<'a> Report<'a> {
    pub(super) const fn new(exec_type: ExecType, view: &'a OrderView) -> Self {
        Self {
            exec_type,
            view,
            orig_cl_ord_id: None,
            trade: None,
            held: false,
            refusal: None,
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
    let exec_id = Short::new().uint(outbound.seq.get()).byte(b'-');
    write_order_id(body, view.order);
    body.bytes(17, exec_id.uint(u64::from(outbound.ix)).as_bytes());
    body.char(150, report.exec_type.wire());
    body.char(39, view.ord_status.wire());
    body.bytes(11, view.cl_ord_id.as_bytes());
    if let Some(orig) = report.orig_cl_ord_id
        && orig != view.cl_ord_id
    {
        body.bytes(41, orig.as_bytes());
    }
    body.bytes(55, directory.symbol(view.instrument).as_bytes());
    body.char(54, view.side.wire());
    body.qty(38, view.order_qty);
    body.char(40, view.ord_type.wire());
    if let Some(price) = view.limit_px.price() {
        body.price(44, price);
    }
    body.char(59, view.time_in_force.wire());
    if let Some(trade) = &report.trade {
        body.qty(32, trade.last_qty);
        body.price(31, trade.last_px);
        body.bytes(30, trade.venue.as_bytes());
    }
    body.qty(151, view.leaves_qty());
    body.qty(14, view.cum_qty);
    body.price(6, view.avg_px);
    body.time(60, outbound.at);
    if report.held {
        body.str(58, "held: no venue is logged on");
    }
    if let Some(refusal) = report.refusal {
        body.str(58, &refusal_text(&refusal));
        body.uint(103, u64::from(refusal.ord_rej_reason().number()));
    }
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

/// Whether an answer to a status request says that there is no such order.
pub(super) fn is_unknown(view: &OrderView) -> bool {
    view.order == OrderId::default() && view.ord_status == OrdStatus::Rejected
}
