//! What the order edge counts, and where others read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dcx_model::{ChildId, Refusal};

use crate::SessionIx;
use crate::market::MarketCounts;

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident,)+) => {
        /// What the order edge has counted since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct EdgeCounts { $($(#[$doc])* pub $field: u64,)+ }

        impl EdgeCounts {
            /// The names of its numbers, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field),)+];

            /// Its numbers, in order.
            #[must_use]
            pub const fn numbers(&self) -> [u64; Self::NAMES.len()] {
                [$(self.$field,)+]
            }

            const fn from_numbers(numbers: [u64; Self::NAMES.len()]) -> Self {
                let [$($field,)+] = numbers;
                Self { $($field,)+ }
            }
        }
    };
}

counts! {
    /// NewOrderSingle (D) received.
    orders,
    /// OrderCancelRequest (F) received.
    cancels,
    /// OrderCancelReplaceRequest (G) received.
    replaces,
    /// OrderStatusRequest (H) received.
    status_requests,
    /// NewOrderList (E) received.
    lists,
    /// OrderMassCancelRequest (q) and OrderMassStatusRequest (AF) received.
    mass_requests,
    /// Requests of clients refused here, without the engine.
    refused,
    /// Reports of venues (8 and 9) passed on.
    venue_reports,
    /// Quotes passed on.
    quotes,
    /// Trades in the market passed on.
    market_trades,
    /// Openings, halts and closings of trading passed on.
    phases,
    /// Orders at venues that dcx has no name for, passed on.
    orphans,
    /// Messages of venues that name nothing of ours or say what dcx does not handle.
    unusable,
    /// Reports to clients (8 and 9) sent.
    reports,
    /// Orders and cancels sent to venues.
    children,
    /// Orders and cancels for a venue that was not logged on, answered in its stead.
    bounced,
    /// Child orders that were not sent because more would have gone out than came in.
    orders_out_refused,
    /// Orders kept from being sent again while trading is halted.
    resends_withheld,
    /// Events for a client or venue that no session of this link has.
    unroutable,
    /// Commands that had to wait because the ring was full.
    waited,
    /// Requests marked PossDup (43) that the engine had already.
    seen_before,
    /// Times that something was found missing in a venue's market data.
    feed_gaps,
    /// Entries of market data that say nothing: of instruments that are not ours or that the venue
    /// does not list, numbers seen before, deletions of what is not there.
    feed_flaws,
    /// MarketDataRequestReject (Y) of venues.
    feeds_refused,
    /// MarketDataRequest (V) of clients received.
    market_requests,
    /// Of them refused (Y).
    market_refused,
    /// Market data (W and X) sent to clients.
    market_sent,
    /// Copies of reports sent to who watches a client.
    copies,
    /// TradeCaptureReportRequest (AD) received.
    trade_requests,
    /// TradeCaptureReport (AE) sent.
    trade_reports,
    /// News (B) sent.
    news,
}

impl EdgeCounts {
    /// Takes over what the market side has counted.
    pub(super) const fn take_market(&mut self, market: &MarketCounts) {
        self.feed_gaps = market.gaps;
        self.feed_flaws = market.flaws;
        self.feeds_refused = market.refused_by_venues;
        self.market_requests = market.requests;
        self.market_refused = market.refused;
        self.market_sent = market.sent;
    }
}

/// The counts of an order edge where any thread may read them.
#[derive(Debug)]
pub struct EdgeBoard {
    counts: [AtomicU64; EdgeCounts::NAMES.len()],
    stopped: [AtomicU64; 4],
    /// Session and reason, above zero if there was one.
    feed_refused: AtomicU64,
}

/// A child order that was not sent because of what [`OrdersOut`](super::OrdersOut) holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Which.
    pub child: ChildId,
    /// Why.
    pub refusal: Refusal,
}

impl EdgeBoard {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            stopped: std::array::from_fn(|_| AtomicU64::new(0)),
            feed_refused: AtomicU64::new(0),
        })
    }

    /// The counts, each right, all together up to ten milliseconds old.
    #[must_use]
    pub fn counts(&self) -> EdgeCounts {
        EdgeCounts::from_numbers(self.counts.each_ref().map(|it| it.load(Ordering::Relaxed)))
    }

    /// The last child order that was not sent because more would have gone out than came in, or
    /// because trading is halted. There at once, not with the counts.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        let [child, code, a, b] = self.stopped.each_ref().map(|it| it.load(Ordering::Acquire));
        let refusal = Refusal::from_parts(u16::try_from(code).ok()?, [a, b, 0])?;
        Some(Stopped {
            child: ChildId::new(child),
            refusal,
        })
    }

    /// The last time that a venue refused market data: its session, and `MDReqRejReason` (281) as
    /// it stands on the wire, zero where it said none.
    #[must_use]
    pub fn feed_refused(&self) -> Option<(SessionIx, u8)> {
        let word = self.feed_refused.load(Ordering::Relaxed).checked_sub(1)?;
        let [reason, low, high, ..] = word.to_le_bytes();
        Some((SessionIx::new(u16::from_le_bytes([low, high])), reason))
    }

    pub(super) fn write_refusal(&self, refusal: Option<(SessionIx, u8)>) {
        let word = refusal.map_or(0, |(session, reason)| {
            (u64::from(session.get()) << 8 | u64::from(reason)) + 1
        });
        self.feed_refused.store(word, Ordering::Relaxed);
    }

    pub(super) fn write(&self, counts: &EdgeCounts) {
        for (word, number) in self.counts.iter().zip(counts.numbers()) {
            word.store(number, Ordering::Relaxed);
        }
    }

    #[cold]
    pub(super) fn stop(&self, child: ChildId, refusal: Refusal) {
        let (code, [a, b, _]) = refusal.to_parts();
        let words = [child.get(), u64::from(code), a, b];
        for (word, number) in self.stopped.iter().zip(words) {
            word.store(number, Ordering::Release);
        }
    }
}
