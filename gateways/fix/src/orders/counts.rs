//! What the order edge counts, and where others read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dcx_model::{ChildId, Refusal};

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
}

/// The counts of an order edge where any thread may read them.
#[derive(Debug)]
pub struct EdgeBoard {
    counts: [AtomicU64; EdgeCounts::NAMES.len()],
    stopped: [AtomicU64; 4],
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
