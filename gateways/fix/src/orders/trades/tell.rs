//! What is answered: TradeCaptureReportRequestAck (AQ) and TradeCaptureReport (AE).

use super::log::TradeRow;
use super::request::{Asked, Mode, Refused, SUCCESSFUL};
use crate::codec::DELIVER_TO_COMP_ID;
use crate::orders::directory::Directory;
use crate::orders::fields::side_wire;
use crate::orders::report::exec_id_of;
use crate::{Body, Outgoing, SessionIx, UtcTimestamp};
use dcx_model::ExecType;

/// What stands where a symbol is required and none was named (FIX 4.4 vol. 1, "Instrument").
const NO_SYMBOL: &[u8] = b"[N/A]";

/// `TradeRequestStatus` (750).
const ACCEPTED: u8 = 0;
const COMPLETED: u8 = 1;
const REJECTED: u8 = 2;

/// An answer to a request (AQ).
pub(super) struct Answer<'a> {
    /// `TotNumTradeReports` (748), where it is known.
    total: Option<u64>,
    /// `TradeRequestResult` (749).
    result: u8,
    status: u8,
    /// `Text` (58).
    text: &'a str,
}

impl<'a> Answer<'a> {
    /// So many are told now. With none of them there is nothing to wait for.
    pub(super) const fn taken(total: u64) -> Self {
        Self {
            total: Some(total),
            result: SUCCESSFUL,
            status: if total == 0 { COMPLETED } else { ACCEPTED },
            text: "",
        }
    }

    /// A subscription ended because its subscriber said so.
    pub(super) const fn ended() -> Self {
        Self {
            total: None,
            result: SUCCESSFUL,
            status: COMPLETED,
            text: "",
        }
    }

    pub(super) fn refused(refused: &'a Refused) -> Self {
        Self {
            total: None,
            result: refused.result,
            status: REJECTED,
            text: &refused.text,
        }
    }
}

/// Sends a TradeCaptureReportRequestAck (AQ).
pub(super) fn answer(to: SessionIx, asked: Asked<'_>, answer: &Answer<'_>, out: &mut Outgoing<'_>) {
    out.send(to, b"AQ", |body| {
        body.bytes(568, asked.request.as_bytes());
        body.bytes(569, asked.kind);
        body.char(263, asked.mode.wire());
        if let Some(total) = answer.total {
            body.uint(748, total);
        }
        body.uint(749, u64::from(answer.result));
        body.uint(750, u64::from(answer.status));
        let symbol = Some(asked.symbol).filter(|symbol| !symbol.is_empty());
        body.bytes(55, symbol.unwrap_or(NO_SYMBOL));
        body.str(58, answer.text);
    });
}

/// Where a report stands among those that a request gets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// It was there when it was asked for.
    Past { total: u64, last: bool },
    /// It came since.
    New,
}

/// Sends a TradeCaptureReport (AE). `of` is the CompID of the client whose trade it is, empty for
/// the asker's own.
pub(super) fn report(
    to: SessionIx,
    (asked, place, of): (Asked<'_>, Place, &str),
    row: &TradeRow,
    directory: &Directory,
    out: &mut Outgoing<'_>,
) {
    out.send(to, b"AE", |body| {
        body.str(DELIVER_TO_COMP_ID, of);
        write_about(body, asked, place, row);
        write_trade(body, row, directory);
    });
}

/// Which report it is, and which request it answers.
fn write_about(body: &mut Body<'_>, asked: Asked<'_>, place: Place, row: &TradeRow) {
    let id = exec_id_of(row.event);
    body.bytes(571, id.as_bytes());
    // TradeReportTransType: 0 new, 1 cancel, 2 replace.
    let trans_type = match row.exec_type {
        ExecType::TradeCancel => 1,
        ExecType::TradeCorrect => 2,
        _ => 0,
    };
    body.uint(487, trans_type);
    body.bytes(568, asked.request.as_bytes());
    body.char(150, row.exec_type.wire());
    match place {
        Place::Past { total, last } => {
            body.uint(748, total);
            body.bool(912, last);
        }
        Place::New => body.bool(325, true),
    }
    if asked.mode == Mode::Subscribe {
        body.char(263, asked.mode.wire());
    }
    if let Some(of) = row.of {
        body.bytes(572, exec_id_of(of).as_bytes());
    }
    body.bytes(17, id.as_bytes());
}

fn write_trade(body: &mut Body<'_>, row: &TradeRow, directory: &Directory) {
    let view = &row.view;
    body.char(39, view.ord_status.wire());
    // PreviouslyReported, to the counterparty: dcx reports to nobody else.
    body.bool(570, false);
    body.bytes(55, directory.symbol(view.instrument).as_bytes());
    body.qty(38, view.order_qty);
    body.qty(32, row.last_qty);
    body.price(31, row.last_px);
    body.bytes(30, directory.venue_name(row.venue).as_bytes());
    let mut clock = UtcTimestamp::new();
    body.bytes(75, &clock.text(row.at)[..8]);
    body.price(6, view.avg_px);
    body.time(60, row.at);
    // One side: the other is the venue's.
    body.uint(552, 1);
    body.char(54, side_wire(view.side, view.flags));
    body.uint(37, view.order.get());
    body.bytes(11, view.cl_ord_id.as_bytes());
}
