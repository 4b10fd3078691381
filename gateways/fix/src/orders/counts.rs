//! What the order edge counts, and where others read it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// Requests of clients refused here, without the engine.
    refused,
    /// Reports of venues (8 and 9) passed on.
    venue_reports,
    /// Quotes passed on.
    quotes,
    /// Messages of venues that name nothing of ours or say what dcx does not handle.
    unusable,
    /// Reports to clients (8 and 9) sent.
    reports,
    /// Orders and cancels sent to venues.
    children,
    /// Orders and cancels for a venue that was not logged on, answered in its stead.
    bounced,
    /// Events for a client or venue that no session of this link has.
    unroutable,
    /// Commands that had to wait because the ring was full.
    waited,
    /// Requests marked PossDup (43) that the engine had already.
    seen_before,
}

/// The counts of an order edge where any thread may read them.
#[derive(Debug)]
pub struct EdgeBoard([AtomicU64; EdgeCounts::NAMES.len()]);

impl EdgeBoard {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(std::array::from_fn(|_| AtomicU64::new(0))))
    }

    /// The counts, each right, all together up to ten milliseconds old.
    #[must_use]
    pub fn counts(&self) -> EdgeCounts {
        EdgeCounts::from_numbers(self.0.each_ref().map(|word| word.load(Ordering::Relaxed)))
    }

    pub(super) fn write(&self, counts: &EdgeCounts) {
        for (word, number) in self.0.iter().zip(counts.numbers()) {
            word.store(number, Ordering::Relaxed);
        }
    }
}
