//! The messages of market data that dcx writes.

use dcx_model::{InstrumentId, MarketTrade, Price, Qty, Side, Symbol, UnixNanos};

use super::changes::Edit;
use super::ladder::Action;
use super::merged::Shown;
use super::options::VenueMarket;
use super::request::{MdReqId, Refused};
use crate::orders::{Directory, value::Short};
use crate::{Body, UtcTimestamp};

/// `MDReqID` (262) of the one request about everything, per logon.
pub(super) const MD_REQ_ID: &[u8] = b"DCX-TOP";

/// `MDReqID` (262) of the request for one snapshot with this number.
pub(super) fn snapshot_id(number: u64) -> Short {
    let mut id = Short::new();
    for byte in b"DCX-SNAP-" {
        id = id.byte(*byte);
    }
    id.uint(number)
}

/// MarketDataRequest (V) to a venue. `subscription` is `SubscriptionRequestType` (263).
pub(super) fn request(
    body: &mut Body<'_>,
    (md_req_id, subscription): (&[u8], u8),
    (market, trades): (VenueMarket, bool),
    instruments: &[InstrumentId],
    directory: &Directory,
) {
    body.bytes(262, md_req_id);
    body.char(263, subscription);
    body.uint(264, u64::from(market.depth));
    body.uint(265, u64::from(market.incremental));
    if market.depth > 1 {
        // AggregatedBook: one level for each price.
        body.bool(266, true);
    }
    body.uint(267, if trades { 3 } else { 2 });
    body.char(269, b'0');
    body.char(269, b'1');
    if trades {
        body.char(269, b'2');
    }
    body.uint(146, instruments.len() as u64);
    for instrument in instruments {
        body.bytes(55, directory.symbol(*instrument).as_bytes());
    }
}

/// MarketDataSnapshotFullRefresh (W).
pub(super) fn snapshot(
    body: &mut Body<'_>,
    (md_req_id, symbol): (MdReqId, Symbol),
    (bids, asks): (&[Shown], &[Shown]),
    trade: Option<&MarketTrade>,
    clock: &mut UtcTimestamp,
) {
    body.bytes(262, md_req_id.as_bytes());
    body.bytes(55, symbol.as_bytes());
    let count = bids.len() + asks.len() + usize::from(trade.is_some());
    body.uint(268, count as u64);
    for (side, shown) in [(Side::Buy, bids), (Side::Sell, asks)] {
        for shown in shown {
            body.char(269, entry_type(side));
            level(body, shown);
        }
    }
    if let Some(trade) = trade {
        body.char(269, b'2');
        printed(body, (trade.px, trade.qty, trade.trade_time), clock);
    }
}

/// MarketDataIncrementalRefresh (X).
pub(super) fn update(
    body: &mut Body<'_>,
    (md_req_id, symbol): (MdReqId, Symbol),
    edits: &[Edit],
    trades: &[MarketTrade],
    clock: &mut UtcTimestamp,
) {
    body.bytes(262, md_req_id.as_bytes());
    body.uint(268, (edits.len() + trades.len()) as u64);
    for edit in edits {
        body.char(
            279,
            match edit.action {
                Action::New => b'0',
                Action::Change => b'1',
                Action::Delete => b'2',
            },
        );
        body.char(269, entry_type(edit.side));
        body.bytes(55, symbol.as_bytes());
        match edit.action {
            Action::New | Action::Change => level(body, &edit.shown),
            Action::Delete => body.price(270, edit.shown.px),
        }
    }
    for trade in trades {
        body.char(279, b'0');
        body.char(269, b'2');
        body.bytes(55, symbol.as_bytes());
        printed(body, (trade.px, trade.qty, trade.trade_time), clock);
    }
}

/// MarketDataRequestReject (Y).
pub(super) fn refused(body: &mut Body<'_>, md_req_id: MdReqId, refused: Refused) {
    body.bytes(262, md_req_id.as_bytes());
    if let Some(reason) = refused.wire() {
        body.char(281, reason);
    }
    body.str(58, refused.text());
}

fn level(body: &mut Body<'_>, shown: &Shown) {
    body.price(270, shown.px);
    if !shown.qty.is_zero() {
        body.qty(271, shown.qty);
    }
    if let Some(condition) = shown.condition.wire() {
        body.char(276, condition);
    }
}

fn printed(body: &mut Body<'_>, (px, qty, at): (Price, Qty, UnixNanos), clock: &mut UtcTimestamp) {
    body.price(270, px);
    if !qty.is_zero() {
        body.qty(271, qty);
    }
    if at == UnixNanos::ZERO {
        return;
    }
    // `YYYYMMDD-HH:MM:SS.sss` is the date and the time with a dash between.
    let text = clock.text(at);
    body.bytes(272, text.get(..8).unwrap_or_default());
    body.bytes(273, text.get(9..).unwrap_or_default());
}

const fn entry_type(side: Side) -> u8 {
    match side {
        Side::Buy => b'0',
        Side::Sell => b'1',
    }
}
