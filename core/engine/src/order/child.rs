//! An order at a venue.

use dcx_model::{ChildId, InstrumentId, Notional, Price, Qty, Side, UnixNanos, VenueId};

use crate::digest::Words;
use crate::pool::{Key, Link};
use crate::risk::Rows;
use crate::route::Decision;

/// An order at a venue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) id: ChildId,
    /// The order it works for; finds nothing once that is forgotten.
    pub(crate) parent: Key,
    pub(crate) order_qty: Qty,
    /// What may still be filled; nothing once it is done.
    pub(crate) leaves_qty: Qty,
    pub(crate) cum_qty: Qty,
    pub(crate) cum_notional: Notional,
    /// The cancel request on its way, zero if there is none.
    pub(crate) request: ChildId,
    /// Whether a cancel was ever sent: then an end without a fill is our doing.
    pub(crate) cancel_asked: bool,
    pub(crate) done: bool,
    pub(crate) venue: VenueId,
    pub(crate) side: Side,
    pub(crate) instrument: InstrumentId,
    /// Rows of the ledger of its order.
    pub(crate) rows: Rows,
    pub(crate) sent_at: UnixNanos,
    /// When the venue first answered; zero before.
    pub(crate) acked_at: UnixNanos,
    /// What the choice of its venue was made from.
    pub(crate) decision: Decision,
    /// Its seat among its order's children, then among the done ones.
    pub(crate) seat: Link,
}

impl Child {
    /// What a free slot of the pool holds.
    pub(crate) const fn empty() -> Self {
        Self {
            id: ChildId::new(0),
            parent: Key::NONE,
            order_qty: Qty::ZERO,
            leaves_qty: Qty::ZERO,
            cum_qty: Qty::ZERO,
            cum_notional: Notional::ZERO,
            request: ChildId::new(0),
            cancel_asked: false,
            done: true,
            venue: VenueId::new(0),
            side: Side::Buy,
            instrument: InstrumentId::new(0),
            rows: Rows::NONE,
            sent_at: UnixNanos::ZERO,
            acked_at: UnixNanos::ZERO,
            decision: Decision::NONE,
            seat: Link::NONE,
        }
    }

    /// Takes a fill in. What is beyond its quantity counts to the price paid, not to the quantity.
    pub(crate) fn fill(&mut self, last_qty: Qty, last_px: Price) {
        self.leaves_qty = self.leaves_qty.saturating_minus(last_qty);
        self.cum_qty = Qty::from_units(self.cum_qty.units().saturating_add(last_qty.units()));
        let paid = self.cum_notional.plus(last_px.times(last_qty));
        self.cum_notional = paid.unwrap_or(self.cum_notional);
    }

    /// Notes the venue's first answer.
    pub(crate) fn ack(&mut self, at: UnixNanos) {
        if self.acked_at == UnixNanos::ZERO {
            self.acked_at = at;
        }
    }

    pub(crate) fn digest(&self, salt: u64, order: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.id.get());
        words.u64(order);
        words.u64(self.order_qty.units());
        words.u64(self.leaves_qty.units());
        words.u64(self.cum_qty.units());
        words.i128(self.cum_notional.units());
        words.u64(self.request.get());
        words.u64(u64::from(self.cancel_asked) << 1 | u64::from(self.done));
        words.u64(u64::from(self.venue.get()) << 8 | u64::from(self.side.wire()));
        words.u64(u64::from(self.instrument.get()));
        words.u64(self.sent_at.get());
        words.u64(self.acked_at.get());
        self.decision.digest(&mut words);
        words.finish()
    }
}
