//! An order at a venue.

use dcx_model::{
    ChildId, EventRef, InstrumentId, LimitPx, Notional, Price, Qty, Side, UnixNanos, VenueId,
    VenueReport,
};

use super::child_state::{ChildEnd, ChildState};
use crate::digest::Words;
use crate::names::Execution;
use crate::pool::{Key, Link};
use crate::risk::Rows;

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
    pub(crate) state: ChildState,
    /// Whether its venue knows it by a name that is not its number: adopted under that name.
    pub(crate) foreign: bool,
    /// Whether we wait for the venue to say how it stands.
    pub(crate) doubt: bool,
    /// Whether it is among those that the venue owes an answer about.
    pub(crate) waiting: bool,
    /// How often the venue was asked since it last said something.
    pub(crate) queries: u8,
    /// The round of reconciliation in which it was asked about, zero if it is not.
    pub(crate) round_asked: u32,
    /// The last round of reconciliation since which the venue spoke of it, or it was sent.
    pub(crate) round_seen: u32,
    pub(crate) venue: VenueId,
    pub(crate) side: Side,
    pub(crate) instrument: InstrumentId,
    /// The limit that it was sent with.
    pub(crate) limit_px: LimitPx,
    /// Rows of the ledger of its order.
    pub(crate) rows: Rows,
    pub(crate) sent_at: UnixNanos,
    /// When the venue first answered; zero before.
    pub(crate) acked_at: UnixNanos,
    /// Since when the venue owes an answer.
    pub(crate) asked_at: UnixNanos,
    /// Part of `cum_qty` that the venue's answers imply and that no trade told of yet, and the
    /// event that told of it.
    pub(crate) inferred: Qty,
    pub(crate) inferred_event: EventRef,
    /// What the client knows of that by now, and from which event: several trades of the venue may
    /// be behind it, and each may change.
    pub(crate) inferred_last: EventRef,
    pub(crate) inferred_told: Qty,
    pub(crate) inferred_paid: Notional,
    /// As of when the venue's last answer counted what no trade told of.
    pub(crate) inferred_at: UnixNanos,
    /// As of when its venue last took a trade back or corrected one: what is older counts it as
    /// it was.
    pub(crate) busted_at: UnixNanos,
    /// Best bid plus best offer when it was sent, twice the mid; zero if there was none.
    pub(crate) mid_twice: i64,
    /// Its seat among its order's children, then among the done ones.
    pub(crate) seat: Link,
    /// Its seat among those that venues owe answers about.
    pub(crate) wait: Link,
    /// Its seat among those at its venue.
    pub(crate) venue_seat: Link,
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
            state: ChildState::Done(ChildEnd::Canceled),
            foreign: false,
            doubt: false,
            waiting: false,
            queries: 0,
            round_asked: 0,
            round_seen: 0,
            venue: VenueId::new(0),
            side: Side::Buy,
            instrument: InstrumentId::new(0),
            limit_px: LimitPx::NONE,
            rows: Rows::NONE,
            sent_at: UnixNanos::ZERO,
            acked_at: UnixNanos::ZERO,
            asked_at: UnixNanos::ZERO,
            inferred: Qty::ZERO,
            inferred_event: Execution::NONE.event,
            inferred_last: Execution::NONE.event,
            inferred_told: Qty::ZERO,
            inferred_paid: Notional::ZERO,
            inferred_at: UnixNanos::ZERO,
            busted_at: UnixNanos::ZERO,
            mid_twice: 0,
            seat: Link::NONE,
            wait: Link::NONE,
            venue_seat: Link::NONE,
        }
    }

    /// Takes a fill in. What is beyond its quantity counts to the price paid, not to the quantity.
    pub(crate) fn fill(&mut self, last_qty: Qty, last_px: Price) {
        self.leaves_qty = self.leaves_qty.saturating_minus(last_qty);
        self.cum_qty = Qty::from_units(self.cum_qty.units().saturating_add(last_qty.units()));
        let paid = self.cum_notional.plus(last_px.times(last_qty));
        self.cum_notional = paid.unwrap_or(self.cum_notional);
    }

    /// Puts another trade in the place of one that it took in; nothing where it is taken back.
    pub(crate) fn amend(&mut self, before: (Qty, Price), after: (Qty, Price)) {
        let cum_qty = self.cum_qty.saturating_minus(before.0).plus(after.0);
        self.cum_qty = cum_qty.unwrap_or(self.cum_qty);
        let (out, in_) = (before.1.times(before.0), after.1.times(after.0));
        let paid = self.cum_notional.units() - out.units() + in_.units();
        self.cum_notional = Notional::from_units(paid);
    }

    /// Whether nothing further happens.
    pub(crate) const fn done(&self) -> bool {
        self.state.is_done()
    }

    /// Whether its venue ever spoke of it.
    pub(crate) fn heard(&self) -> bool {
        self.acked_at > UnixNanos::ZERO || !self.cum_qty.is_zero()
    }

    /// Whether a report is of before its venue took a trade back or corrected one, so that its
    /// `CumQty` and `AvgPx` count that trade as it was: told late, or told again. One that does not
    /// say when it was true is taken as true now.
    pub(crate) fn outdates(&self, report: &VenueReport) -> bool {
        report.transact_time != UnixNanos::ZERO && report.transact_time < self.busted_at
    }

    /// Whether it may fill at a price that its order does not allow any more.
    pub(crate) fn oversteps(&self, limit_px: LimitPx) -> bool {
        match (limit_px.price(), self.limit_px.price()) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(allowed), Some(sent)) => match self.side {
                Side::Buy => sent > allowed,
                Side::Sell => sent < allowed,
            },
        }
    }

    /// A price that an AvgPx implies, moved to the limit where the AvgPx is too coarse to tell the
    /// two apart: a venue rounds it, and what it rounds off may fall on a small part.
    pub(crate) fn within_rounding(&self, px: Price, report: &VenueReport, part: Qty) -> Price {
        let Some(limit) = self.limit_px.price() else {
            return px;
        };
        let beyond = match self.side {
            Side::Buy => px.units().saturating_sub(limit.units()),
            Side::Sell => limit.units().saturating_sub(px.units()),
        };
        // Half a unit of AvgPx on all that was filled, and half a unit for our own rounding.
        let rounded = report.cum_qty.units() / part.units().max(1) / 2 + 1;
        let ours = (1..=rounded.cast_signed()).contains(&beyond);
        if ours { limit } else { px }
    }

    /// Changes one trade of those that an answer of the venue counted together. Gives what the
    /// client knows of them all, before and after.
    pub(crate) fn change_inferred(
        &mut self,
        before: &Execution,
        after: (Qty, Price),
    ) -> [(Qty, Price); 2] {
        let told = |child: &Self| {
            let (qty, paid) = (child.inferred_told, child.inferred_paid);
            (qty, paid.average(qty))
        };
        let was = told(self);
        let qty = self.inferred_told.saturating_minus(before.told_qty);
        self.inferred_told = qty.plus(after.0).unwrap_or(qty);
        let (out, in_) = (
            before.last_px.times(before.told_qty),
            after.1.times(after.0),
        );
        let paid = self.inferred_paid.units() - out.units() + in_.units();
        self.inferred_paid = Notional::from_units(paid);
        [was, told(self)]
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
        words.bytes(&[
            self.state.byte(),
            u8::from(self.cancel_asked),
            u8::from(self.foreign),
            u8::from(self.doubt),
            u8::from(self.waiting),
            self.queries,
        ]);
        words.u64(u64::from(self.round_asked) << 32 | u64::from(self.round_seen));
        words.u64(self.asked_at.get());
        words.u64(self.inferred.units());
        words.u64(self.inferred_event.seq.get() << 16 | u64::from(self.inferred_event.ix));
        words.u64(self.inferred_last.seq.get() << 16 | u64::from(self.inferred_last.ix));
        words.u64(self.inferred_told.units());
        words.i128(self.inferred_paid.units());
        words.u64(self.inferred_at.get());
        words.u64(self.busted_at.get());
        words.u64(u64::from(self.venue.get()) << 8 | u64::from(self.side.wire()));
        words.u64(u64::from(self.instrument.get()));
        words.u64(self.limit_px.to_bits().cast_unsigned());
        words.u64(self.sent_at.get());
        words.u64(self.acked_at.get());
        words.u64(self.mid_twice.cast_unsigned());
        words.finish()
    }
}
