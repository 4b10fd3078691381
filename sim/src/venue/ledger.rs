//! What the venue knows in the end, so that others' books can be held against it.

use std::io::{self, Write};

use dcx_model::{NANOS_PER_S, OrdStatus, Price, Qty, Side, Symbol, UnixNanos};
use serde_json::json;

use super::exchange::Exchange;
use super::order::TradeState;

/// An order as the venue knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerOrder {
    /// `OrderID` (37); zero where it was refused.
    pub order_id: u64,
    /// The place of its session in [`VenueOptions::targets`](super::VenueOptions::targets).
    pub session: u16,
    /// The `ClOrdID` (11) that it came with.
    pub first_cl_ord_id: String,
    /// Its newest.
    pub cl_ord_id: String,
    /// `Symbol` (55).
    pub symbol: Symbol,
    /// `Side` (54).
    pub side: Side,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// What was received: `OrderQty` (38), after replaces.
    pub order_qty: Qty,
    /// Filled: `CumQty` (14) less what was busted.
    pub cum_qty: Qty,
    /// Still working.
    pub leaves_qty: Qty,
    /// Cancelled, asked for or not; of a refused order all.
    pub canceled_qty: Qty,
    /// `AvgPx` (6).
    pub avg_px: Price,
    /// Its session never sent it.
    pub orphan: bool,
    /// The venue lost it.
    pub vanished: bool,
}

/// One side of a trade as the venue knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerTrade {
    /// Its number; on the wire behind the venue's name, `ExecID` (17).
    pub exec_id: u64,
    /// `OrderID` (37).
    pub order_id: u64,
    /// `LastQty` (32).
    pub qty: Qty,
    /// `LastPx` (31).
    pub px: Price,
    /// What has become of it.
    pub state: TradeState,
}

/// New orders by the second of the wall clock, in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Second since 1970 and count, in the order of time; seconds without orders are left out.
    pub seconds: Vec<(u64, u64)>,
}

impl Rates {
    /// Counts an order.
    pub(super) fn count(&mut self, at: UnixNanos) {
        let second = at.get() / NANOS_PER_S;
        match self.seconds.last_mut() {
            Some((last, count)) if *last >= second => *count += 1,
            Some(_) | None => self.seconds.push((second, 1)),
        }
    }

    /// All orders that came.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.seconds.iter().map(|(_, count)| count).sum()
    }

    /// The most that came within one second.
    #[must_use]
    pub fn per_s_max(&self) -> u64 {
        let counts = self.seconds.iter().map(|(_, count)| *count);
        counts.max().unwrap_or(0)
    }
}

/// All orders and trades of a venue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The venue's `SenderCompID` (49), which ExecIDs begin with.
    pub comp_id: String,
    /// CompIDs of its sessions.
    pub targets: Vec<String>,
    /// Orders it took, in the order they came, then those that it refused.
    pub orders: Vec<LedgerOrder>,
    /// Trades in the order of their ExecIDs.
    pub trades: Vec<LedgerTrade>,
    /// How many orders came when.
    pub received: Rates,
}

impl Ledger {
    /// The ledger as JSON lines: orders, trades, and one line of how many orders came when.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        for order in &self.orders {
            writeln!(out, "{}", self.order_json(order))?;
        }
        for trade in &self.trades {
            writeln!(out, "{}", self.trade_json(trade))?;
        }
        let line = json!({
            "kind": "received",
            "orders": self.received.total(),
            "per_s_max": self.received.per_s_max(),
            "seconds": self.received.seconds,
        });
        writeln!(out, "{line}")
    }

    fn order_json(&self, order: &LedgerOrder) -> serde_json::Value {
        json!({
            "kind": "order",
            "order_id": order.order_id.to_string(),
            "session": self.targets.get(usize::from(order.session)),
            "first_cl_ord_id": order.first_cl_ord_id,
            "cl_ord_id": order.cl_ord_id,
            "symbol": order.symbol.as_str(),
            "side": order.side.name(),
            "status": order.ord_status.name(),
            "received": order.order_qty.to_string(),
            "filled": order.cum_qty.to_string(),
            "working": order.leaves_qty.to_string(),
            "canceled": order.canceled_qty.to_string(),
            "avg_px": order.avg_px.to_string(),
            "orphan": order.orphan,
            "vanished": order.vanished,
        })
    }

    fn trade_json(&self, trade: &LedgerTrade) -> serde_json::Value {
        let named = |id: u64| format!("{}-{id}", self.comp_id);
        let (state, by) = match trade.state {
            TradeState::Good => ("good", None),
            TradeState::Busted(by) => ("busted", Some(named(by))),
            TradeState::Corrected(by) => ("corrected", Some(named(by))),
        };
        json!({
            "kind": "trade",
            "exec_id": named(trade.exec_id),
            "order_id": trade.order_id.to_string(),
            "qty": trade.qty.to_string(),
            "px": trade.px.to_string(),
            "state": state,
            "by": by,
        })
    }
}

impl Exchange {
    /// Everything that is known of orders and trades.
    #[must_use]
    pub fn ledger(&self) -> (Vec<LedgerOrder>, Vec<LedgerTrade>) {
        let kept = self.orders.iter().map(|order| LedgerOrder {
            order_id: order.id,
            session: order.session,
            first_cl_ord_id: order.first_cl_ord_id.to_string(),
            cl_ord_id: order.request.cl_ord_id.to_string(),
            symbol: order.request.symbol,
            side: order.request.side,
            ord_status: order.ord_status,
            order_qty: order.request.order_qty,
            cum_qty: order.cum_qty,
            leaves_qty: order.leaves_qty(),
            canceled_qty: order.canceled_qty,
            avg_px: order.cum_notional.average(order.cum_qty),
            orphan: order.orphan,
            vanished: order.vanished,
        });
        let refused = self.refused.iter().map(|(session, new)| LedgerOrder {
            order_id: 0,
            session: *session,
            first_cl_ord_id: new.cl_ord_id.to_string(),
            cl_ord_id: new.cl_ord_id.to_string(),
            symbol: new.symbol,
            side: new.side,
            ord_status: OrdStatus::Rejected,
            order_qty: new.order_qty,
            cum_qty: Qty::ZERO,
            leaves_qty: Qty::ZERO,
            canceled_qty: new.order_qty,
            avg_px: Price::ZERO,
            orphan: false,
            vanished: false,
        });
        let trades = self.trades.iter().map(|trade| LedgerTrade {
            exec_id: trade.exec_id,
            order_id: trade.order,
            qty: trade.qty,
            px: trade.px,
            state: trade.state,
        });
        (kept.chain(refused).collect(), trades.collect())
    }
}
