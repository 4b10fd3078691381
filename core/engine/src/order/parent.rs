//! A client's order and where its quantity is.

use dcx_model::{
    AccountId, ClOrdId, CxlRejReason, LimitPx, NewOrder, Notional, OrdRejReason, OrdStatus,
    OrdType, OrderId, OrderView, Price, Qty, SessionId, VenueSet,
};

use super::Waits;
use super::constraints::ReduceSeat;
use super::self_trade::OwnSeat;
use super::state::{End, Filled, State};
use crate::digest::Words;
use crate::pool::{Link, List, NIL};
use crate::risk::{Approved, Holder, NOTHING, Rows, Terms};

/// A client's order.
///
/// Its quantity is always somewhere: filled (`cum_qty`), at venues (`out_qty`) or unsent. Only an
/// approved order can be made into one, so that whatever is sent for it was checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parent {
    pub(crate) id: OrderId,
    pub(crate) terms: Approved<Terms>,
    pub(crate) state: State,
    /// Filled.
    pub(crate) cum_qty: Qty,
    /// What the filled part cost, exactly.
    pub(crate) cum_notional: Notional,
    /// At venues: the sum of what its children have left.
    pub(crate) out_qty: Qty,
    /// What it holds of its account's room: its quantity that is not filled, and while a replace
    /// is pending that of the larger of both. Nothing once it is done.
    pub(crate) reserved: Qty,
    /// Its working children.
    pub(crate) children: List,
    /// Children with a cancel on its way.
    pub(crate) cancels: u8,
    /// What a venue said when it refused to cancel one.
    pub(crate) cancel_refused: CxlRejReason,
    /// Venues that failed it since it was last sent afresh, and how many attempts that were.
    pub(crate) attempts: u8,
    pub(crate) tried: VenueSet,
    pub(crate) session: SessionId,
    pub(crate) account: AccountId,
    /// What one unit of that is reserved at: price times multiplier, while a replace is pending the
    /// larger of both.
    pub(crate) reserved_at: Price,
    /// Its rows of the ledger.
    pub(crate) rows: Rows,
    /// Its entry among the names.
    pub(crate) name: u32,
    /// Its place among the schedules; [`NIL`] for one that is worked at once.
    pub(crate) plan: u32,
    /// Its terms if the pending replace goes through.
    pub(crate) replacement: Option<Approved<Terms>>,
    pub(crate) cl_ord_id: ClOrdId,
    /// The name of the pending request.
    pub(crate) pending_cl_ord_id: ClOrdId,
    /// Its seat among the open, then among the done orders.
    pub(crate) seat: Link,
    /// Its seat among its session's open orders.
    pub(crate) session_seat: Link,
    /// Its place among those that only reduce.
    pub(crate) reduce: ReduceSeat,
    /// The price of its last fill, kept where it decides what becomes of the rest.
    pub(crate) last_px: Price,
    /// Its seat among the orders that wait for a venue.
    pub(crate) held_seat: Link,
    pub(crate) held: bool,
    /// Its place among its owner's orders.
    pub(crate) own: OwnSeat,
    /// What only some orders need.
    pub(crate) waits: Waits,
}

impl Parent {
    /// What a free slot of the pool holds.
    pub(crate) const fn empty() -> Self {
        Self {
            id: OrderId::new(0),
            terms: NOTHING,
            state: State::Done(End::Canceled),
            cum_qty: Qty::ZERO,
            cum_notional: Notional::ZERO,
            out_qty: Qty::ZERO,
            reserved: Qty::ZERO,
            reserved_at: Price::ZERO,
            children: List::EMPTY,
            cancels: 0,
            cancel_refused: CxlRejReason::Other,
            attempts: 0,
            tried: VenueSet::NONE,
            session: SessionId::new(0),
            account: AccountId::new(0),
            rows: Rows::NONE,
            name: NIL,
            plan: NIL,
            replacement: None,
            cl_ord_id: ClOrdId::EMPTY,
            pending_cl_ord_id: ClOrdId::EMPTY,
            seat: Link::NONE,
            session_seat: Link::NONE,
            reduce: ReduceSeat::NONE,
            last_px: Price::ZERO,
            held_seat: Link::NONE,
            held: false,
            own: OwnSeat::NONE,
            waits: Waits::NONE,
        }
    }

    /// An approved order that nothing was done for yet.
    pub(crate) const fn new(id: OrderId, terms: Approved<Terms>, order: &NewOrder) -> Self {
        Self {
            id,
            terms,
            state: State::Open,
            reserved: terms.get().order_qty,
            reserved_at: terms.get().unit,
            session: order.session,
            account: order.account,
            cl_ord_id: order.cl_ord_id,
            ..Self::empty()
        }
    }

    /// Whose it is.
    pub(crate) const fn holder(&self) -> Holder {
        let terms = self.terms.get();
        Holder {
            account: self.account,
            strategy: terms.strategy,
            session: self.session,
            instrument: terms.instrument,
        }
    }

    /// What may still be filled, wherever it is.
    pub(crate) const fn leaves_qty(&self) -> Qty {
        self.terms.get().order_qty.saturating_minus(self.cum_qty)
    }

    /// What is neither filled nor at a venue.
    ///
    /// # Panics
    /// When more is out than may still be filled: the one thing that must never happen. (SEC v.
    /// Knight Capital, 34-70694: no control compared the orders leaving with those entered.)
    pub(crate) fn unsent_qty(&self) -> Qty {
        self.leaves_qty()
            .minus(self.out_qty)
            .expect("what is at venues never exceeds what may still be filled")
    }

    pub(crate) fn filled(&self) -> Filled {
        if self.cum_qty.is_zero() {
            Filled::None
        } else if self.cum_qty >= self.terms.get().order_qty {
            Filled::All
        } else {
            Filled::Part
        }
    }

    pub(crate) fn ord_status(&self) -> OrdStatus {
        self.state.ord_status(self.filled())
    }

    /// The price at which it works: that of its terms, or of a pegged order where it is now.
    pub(crate) fn limit_px(&self) -> LimitPx {
        if self.waits.peg_px == LimitPx::NONE {
            self.terms.get().limit_px
        } else {
            self.waits.peg_px
        }
    }

    /// The order as its client sees it, under the name of a report.
    pub(crate) fn view(&self, cl_ord_id: ClOrdId) -> OrderView {
        let terms = self.terms.get();
        OrderView {
            order: self.id,
            cl_ord_id,
            session: self.session,
            instrument: terms.instrument,
            side: terms.side,
            ord_type: terms.ord_type,
            time_in_force: terms.time_in_force,
            ord_status: self.ord_status(),
            order_qty: terms.order_qty,
            limit_px: self.limit_px(),
            cum_qty: self.cum_qty,
            avg_px: if self.cum_qty.is_zero() {
                Price::ZERO
            } else {
                OrderView::average(self.cum_notional, self.cum_qty)
            },
            stop_px: terms.stop_px,
            flags: terms.flags,
        }
    }

    /// Takes a fill in. The caller keeps it within what may still be filled.
    pub(crate) fn fill(&mut self, last_qty: Qty, last_px: Price) {
        let cum_qty = self.cum_qty.plus(last_qty);
        self.cum_qty = cum_qty.expect("a fill within the order's quantity does not overflow");
        let paid = self.cum_notional.plus(last_px.times(last_qty));
        self.cum_notional = paid.expect("a quantity of 64 bits at prices of 64 fits in 128");
        if self.terms.get().ord_type == OrdType::MarketWithLeftOverAsLimit {
            self.last_px = last_px;
        }
        assert!(
            self.cum_qty <= self.terms.get().order_qty,
            "cum_qty never exceeds order_qty"
        );
    }

    /// `schedule` are the words of its schedule, zeros where it has none.
    pub(crate) fn digest(&self, salt: u64, schedule: [u64; 3]) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.id.get());
        self.terms.get().digest(&mut words);
        words.u64(u64::from(self.state.byte()));
        words.u64(self.cum_qty.units());
        words.i128(self.cum_notional.units());
        words.u64(self.out_qty.units());
        words.u64(self.reserved.units());
        words.u64(self.reserved_at.units().cast_unsigned());
        words.u64(u64::from(self.children.len()) << 16 | u64::from(self.cancels));
        words.u64(u64::from(self.attempts) << 8 | u64::from(self.cancel_refused.number()));
        words.u64(self.tried.bits());
        words.u64(u64::from(self.session.get()));
        words.u64(u64::from(self.account.get()));
        for word in schedule {
            words.u64(word);
        }
        if let Some(replacement) = &self.replacement {
            replacement.get().digest(&mut words);
        }
        words.bytes(&self.cl_ord_id.to_padded());
        words.bytes(&self.pending_cl_ord_id.to_padded());
        words.u64(u64::from(self.held));
        self.own.digest(&mut words);
        self.waits.digest(&mut words);
        words.u64(self.last_px.units().cast_unsigned());
        words.finish()
    }
}

/// How a child order ended without being filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The venue refused it.
    Rejected(OrdRejReason),
    /// The venue cancelled it.
    Canceled,
    /// The venue's day is over, or its time.
    Expired,
}
