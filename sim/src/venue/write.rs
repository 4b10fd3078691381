//! The venue's reports and market data to FIX messages.

use dcx_fix::Body;
use dcx_model::{ClOrdId, Price, Qty, Symbol, UnixNanos, VenueName};

use super::book::External;
use super::report::{CancelRejected, ExecutionReport, MassCanceled, Report};
use super::request::Scope;
use super::wire::MdReqId;

impl Report {
    /// The session that it goes to.
    pub(super) const fn session(&self) -> u16 {
        match self {
            Self::Execution(report) => report.session,
            Self::CancelRejected(report) => report.session,
            Self::MassCanceled(report) => report.session,
        }
    }

    /// Its `MsgType` (35).
    pub(super) const fn msg_type(&self) -> &'static [u8] {
        match self {
            Self::Execution(_) => b"8",
            Self::CancelRejected(_) => b"9",
            Self::MassCanceled(_) => b"r",
        }
    }

    /// Writes it as of `at`, when it was true, which is not always when it is sent.
    pub(super) fn write(&self, body: &mut Body<'_>, venue: VenueName, at: UnixNanos) {
        match self {
            Self::Execution(report) => execution(report, body, venue, at),
            Self::CancelRejected(report) => cancel_rejected(report, body, at),
            Self::MassCanceled(report) => mass_canceled(report, body, at),
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
    if report.cl_ord_id != ClOrdId::EMPTY {
        body.bytes(11, report.cl_ord_id.as_bytes());
    }
    if let Some(orig) = report.orig_cl_ord_id {
        body.bytes(41, orig.as_bytes());
    }
    match report.exec_id {
        // FIX 4.4, tag 17: zero in answer to a status request.
        0 => body.str(17, "0"),
        id => body.str(17, &format!("{venue}-{id}")),
    }
    if report.exec_ref_id != 0 {
        body.str(19, &format!("{venue}-{}", report.exec_ref_id));
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
    parts(report, body);
    if !report.last_qty.is_zero() {
        body.qty(32, report.last_qty);
        body.price(31, report.last_px);
        body.bytes(30, venue.as_bytes());
    }
    body.qty(151, report.leaves_qty);
    body.qty(14, report.cum_qty);
    body.price(6, report.avg_px);
    body.time(60, at);
    if let Some(part) = report.mass_status {
        body.bytes(584, part.mass_status_req_id.as_bytes());
        body.uint(911, part.tot_num_reports.into());
        body.bool(912, part.last_rpt_requested);
    }
    body.str(58, report.text);
}

/// The fields that say in which parts an order may trade, where it has any.
fn parts(report: &ExecutionReport, body: &mut Body<'_>) {
    let exec_inst = report.exec_inst;
    match (exec_inst.post_only, exec_inst.all_or_none) {
        (true, true) => body.str(18, "6 G"),
        (true, false) => body.str(18, "6"),
        (false, true) => body.str(18, "G"),
        (false, false) => {}
    }
    if let Some(min_qty) = report.min_qty {
        body.qty(110, min_qty);
    }
    if let Some(max_floor) = report.max_floor {
        body.qty(111, max_floor);
    }
}

fn mass_canceled(report: &MassCanceled, body: &mut Body<'_>, at: UnixNanos) {
    body.bytes(11, report.cl_ord_id.as_bytes());
    body.str(37, &format!("M{}", report.order_id));
    let asked = match report.scope {
        Scope::Security(_) => b'1',
        Scope::All | Scope::Unsupported => b'7',
    };
    body.char(530, asked);
    match report.affected {
        Ok(count) => {
            body.char(531, asked);
            body.uint(533, count.into());
        }
        Err(reason) => {
            body.char(531, b'0');
            body.uint(532, reason.into());
        }
    }
    if let Scope::Security(symbol) = report.scope {
        body.bytes(55, symbol.as_bytes());
    }
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
    rpt_seq: Option<u64>,
) {
    body.bytes(262, md_req_id.as_bytes());
    body.bytes(55, symbol.as_bytes());
    if let Some(rpt_seq) = rpt_seq {
        body.uint(83, rpt_seq);
    }
    let sides = sides(external);
    body.uint(268, sides.iter().flatten().count() as u64);
    for (entry, px, qty) in sides.into_iter().flatten() {
        body.char(269, entry);
        body.price(270, px);
        body.qty(271, qty);
    }
}

/// Each side by its `MDEntryType` (269), if there is anything.
fn sides(external: &External) -> [Option<(u8, Price, Qty)>; 2] {
    [
        (b'0', external.bid, external.bid_qty),
        (b'1', external.ask, external.ask_qty),
    ]
    .map(|side| (side.1 > Price::ZERO && !side.2.is_zero()).then_some(side))
}

/// MarketDataIncrementalRefresh (X) from what was shown to what is there: levels by their price.
/// What has not changed is said again.
pub(super) fn update(
    body: &mut Body<'_>,
    (md_req_id, symbol): (MdReqId, Symbol),
    (before, now): (&External, &External),
    rpt_seq: u64,
) {
    let pairs = || sides(before).into_iter().zip(sides(now));
    let entries = |(old, new): &Sides| match (old, new) {
        (Some(old), Some(new)) if old.1 == new.1 => 1,
        (old, new) => usize::from(old.is_some()) + usize::from(new.is_some()),
    };
    body.bytes(262, md_req_id.as_bytes());
    body.uint(
        268,
        pairs().map(|pair| entries(&pair)).sum::<usize>() as u64,
    );
    let mut entry = |action, (kind, px, qty): (u8, Price, Qty)| {
        body.char(279, action);
        body.char(269, kind);
        body.bytes(55, symbol.as_bytes());
        body.price(270, px);
        if action != b'2' {
            body.qty(271, qty);
        }
        body.uint(83, rpt_seq);
    };
    for (old, new) in pairs() {
        match (old, new) {
            (Some(old), Some(new)) if old.1 == new.1 => entry(b'1', new),
            (old, new) => {
                old.into_iter().for_each(|old| entry(b'2', old));
                new.into_iter().for_each(|new| entry(b'0', new));
            }
        }
    }
}

/// One side as it was shown and as it is.
type Sides = (Option<(u8, Price, Qty)>, Option<(u8, Price, Qty)>);

/// MarketDataRequestReject (Y).
pub(super) fn market_data_reject(body: &mut Body<'_>, md_req_id: MdReqId, reason: u8, text: &str) {
    body.bytes(262, md_req_id.as_bytes());
    body.char(281, reason);
    body.str(58, text);
}

/// MarketDataIncrementalRefresh (X) of one trade.
pub(super) fn print(
    body: &mut Body<'_>,
    md_req_id: MdReqId,
    (symbol, px, qty): (Symbol, Price, Qty),
) {
    body.bytes(262, md_req_id.as_bytes());
    body.uint(268, 1);
    body.char(279, b'0');
    body.char(269, b'2');
    body.bytes(55, symbol.as_bytes());
    body.price(270, px);
    body.qty(271, qty);
}

/// SecurityStatus (f).
pub(super) fn security_status(
    body: &mut Body<'_>,
    id: Option<MdReqId>,
    (symbol, halted): (Symbol, bool),
    at: UnixNanos,
) {
    if let Some(id) = id {
        body.bytes(324, id.as_bytes());
    }
    body.bytes(55, symbol.as_bytes());
    // FIX 4.4, tag 326: 2 trading halt, 17 ready to trade.
    body.uint(326, if halted { 2 } else { 17 });
    body.time(60, at);
}
