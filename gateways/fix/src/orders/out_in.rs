//! The last look at an order before it is encoded: what goes out is never more than came in.
//!
//! [`OrdersOut`] keeps its own account of every order that may be worked, made only of the events
//! that leave the engine and of the reports that venues send, never of what the engine believes.
//! A child order is encoded if its order is known and open, trading is not halted, and what was
//! filled, what works at venues and the new quantity together are not above what was entered.
//! Anything else is a fault of ours: nothing is sent and the engine is told.
//!
//! # Source
//! SEC v. Knight Capital Americas, release 34-70694, 16 October 2013: the router had no control
//! "to compare orders leaving with those that were entered".

mod table;

use dcx_model::{
    ChildId, ChildOrder, Event, ExecType, Level, OrdStatus, OrderId, OrderView, Qty, Refusal,
    Scope, TradingState, VENUES_MAX, VenueCancelReject, VenueId, VenueReport,
};

use self::table::{Keyed, Table};

/// Orders and children that an account has room for unless it is told.
const ROOM: usize = 4_096;

/// A client's order, as the events and the reports tell it.
#[derive(Clone, Copy, Debug, Default)]
struct Entered {
    order: u64,
    order_qty: u64,
    /// Filled as far as reports or events tell, whichever is more.
    filled: u64,
    /// Filled as far as events tell.
    told: u64,
    /// What may still be filled at venues.
    out: u64,
    /// Child orders that have not ended.
    children: u32,
    ended: bool,
}

/// An order at a venue, as the venue's reports tell it.
#[derive(Clone, Copy, Debug, Default)]
struct Out {
    child: u64,
    order: u64,
    order_qty: u64,
    cum: u64,
    leaves: u64,
    /// The venue's round of reconciliation in which it was sent or last mentioned.
    round: u32,
    venue: u8,
    /// The venue took one of its trades back or corrected it. From then on a report that comes
    /// late or twice may count it as it was, so that what was filled is what events tell.
    amended: bool,
}

impl Keyed for Entered {
    fn key(&self) -> u64 {
        self.order
    }
}

impl Keyed for Out {
    fn key(&self) -> u64 {
        self.child
    }
}

/// A client's order as it stands when an account is taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLeft {
    /// Which.
    pub order: OrderId,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `CumQty` (14).
    pub cum_qty: Qty,
}

/// An order at a venue as it stands when an account is taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildLeft {
    /// Which.
    pub child: ChildId,
    /// The client's order that it works for.
    pub order: OrderId,
    /// Where it works.
    pub venue: VenueId,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// What may still be filled.
    pub leaves_qty: Qty,
}

/// How far the reconciliation of a venue is, in rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Rounds {
    asked: u32,
    answered: u32,
}

/// What was entered and what is out, by order.
///
/// # Cost
/// O(1) for each event, report and child order, no allocation while there are no more orders than
/// it was made for. Test: `orders_out_cost`.
#[derive(Debug)]
pub struct OrdersOut {
    orders: Table<Entered>,
    children: Table<Out>,
    rounds: [Rounds; VENUES_MAX],
    /// A venue has told all that it works since the unmentioned were looked for.
    answered: bool,
    halted: bool,
}

impl Default for OrdersOut {
    fn default() -> Self {
        Self::with_room_for(ROOM, ROOM)
    }
}

impl OrdersOut {
    /// An account of nothing, with room for so many orders and children without allocation.
    #[must_use]
    pub fn with_room_for(orders: usize, children: usize) -> Self {
        Self {
            orders: Table::with_room_for(orders),
            children: Table::with_room_for(children),
            rounds: [Rounds::default(); VENUES_MAX],
            answered: false,
            halted: false,
        }
    }

    /// Takes up the account after a restart: what the engine has after it has read its journal.
    ///
    /// From here on the account is its own again.
    pub fn restore(
        &mut self,
        halted: bool,
        orders: impl IntoIterator<Item = OrderLeft>,
        children: impl IntoIterator<Item = ChildLeft>,
    ) {
        self.halted = halted;
        for left in orders {
            let filled = left.cum_qty.units();
            *self.orders.entry(left.order.get()) = Entered {
                order: left.order.get(),
                order_qty: left.order_qty.units(),
                filled,
                told: filled,
                ..Entered::default()
            };
        }
        for left in children {
            let (cum, leaves) = (left.cum_qty.units(), left.leaves_qty.units());
            *self.children.entry(left.child.get()) = Out {
                child: left.child.get(),
                order: left.order.get(),
                order_qty: cum.saturating_add(leaves),
                cum,
                leaves,
                round: 0,
                venue: left.venue.get(),
                amended: false,
            };
            if let Some(entered) = self.orders.get_mut(left.order.get()) {
                entered.out = entered.out.saturating_add(leaves);
                entered.children += 1;
            }
        }
    }

    /// Orders that are open or have children that have not ended.
    #[must_use]
    pub const fn orders(&self) -> usize {
        self.orders.len()
    }

    /// Children that have not ended as far as their venues tell.
    #[must_use]
    pub const fn children(&self) -> usize {
        self.children.len()
    }

    /// Whether trading is halted for the firm.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        self.halted
    }

    /// Takes in an event, before anything is made of it.
    #[inline]
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Accepted { view, .. } | Event::PendingNew { view } => self.entered(view),
            Event::Rejected { view, .. }
            | Event::Trade { view, .. }
            | Event::PendingCancel { view, .. }
            | Event::Canceled { view, .. }
            | Event::PendingReplace { view, .. }
            | Event::Replaced { view, .. }
            | Event::Expired { view }
            | Event::Triggered { view }
            | Event::Restated { view, .. } => self.stands(view, false),
            Event::TradeCanceled { view, .. } | Event::TradeCorrected { view, .. } => {
                self.put_right(view);
            }
            Event::VenueMassStatus { venue, .. } => {
                if let Some(rounds) = self.rounds.get_mut(usize::from(venue.get())) {
                    rounds.asked += 1;
                }
            }
            Event::StateSet {
                scope: Scope::Firm,
                state,
                ..
            } => self.halted = *state == TradingState::Halted,
            Event::Status { .. }
            | Event::CancelRejected(_)
            | Event::ChildSent(_)
            | Event::ChildCancel(_)
            | Event::Ignored { .. }
            | Event::Digest { .. }
            | Event::MassCanceled(_)
            | Event::MassStatus { .. }
            | Event::ChildQuery(_)
            | Event::OrphanCancel(_)
            | Event::ChildUnknown { .. }
            | Event::VenueReconciled { .. }
            | Event::VenueUnconfirmed { .. }
            | Event::Planned(_)
            | Event::Sliced(_)
            | Event::SchedulePaused { .. }
            | Event::ScheduleResumed { .. }
            | Event::LimitSet(_)
            | Event::LimitProposed(_)
            | Event::LimitDropped(_)
            | Event::LimitNear { .. }
            | Event::StateSet { .. }
            | Event::OperatorDone { .. }
            | Event::OperatorRefused { .. }
            | Event::Routed(_)
            | Event::Rewarded(_)
            | Event::VenueFitness(_)
            | Event::FeedGapped(_)
            | Event::FeedRestored { .. } => {}
        }
    }

    fn entered(&mut self, view: &OrderView) {
        if view.order == OrderId::default() {
            return;
        }
        if self.orders.is_full() {
            self.forget_ended();
        }
        let order = view.order.get();
        self.orders.entry(order).order = order;
        self.stands(view, false);
    }

    /// A trade was taken back or corrected. An order that was done for it works again.
    #[cold]
    fn put_right(&mut self, view: &OrderView) {
        let known = self.orders.get(view.order.get()).is_some();
        if !known && !view.ord_status.is_terminal() {
            self.entered(view);
        }
        self.stands(view, true);
    }

    /// Takes over how an order stands. `put_right`: a trade was taken back or corrected, so that
    /// what was filled may have become less.
    fn stands(&mut self, view: &OrderView, put_right: bool) {
        let Some(entered) = self.orders.get_mut(view.order.get()) else {
            return;
        };
        let cum = view.cum_qty.units();
        if put_right && cum < entered.told {
            entered.filled = entered.filled.saturating_sub(entered.told - cum);
        }
        entered.told = cum;
        entered.filled = entered.filled.max(cum);
        entered.order_qty = view.order_qty.units();
        entered.ended = view.ord_status.is_terminal();
        if entered.ended && entered.children == 0 {
            self.orders.remove(view.order.get());
        }
    }

    /// Whether a child order may be encoded; if so, it is out from here on.
    ///
    /// # Errors
    /// [`Refusal::OrdersOutAboveIn`] or [`Refusal::Halted`]: it must not be sent.
    #[inline]
    pub fn send(&mut self, child: &ChildOrder) -> Result<(), Refusal> {
        let checked = self.check(child);
        if checked.is_err() && self.take_back_unmentioned() {
            return self.check(child).map(|()| self.sent(child));
        }
        checked.map(|()| self.sent(child))
    }

    #[inline]
    fn check(&self, child: &ChildOrder) -> Result<(), Refusal> {
        if self.halted {
            return Err(Refusal::Halted { at: Level::Firm });
        }
        let qty = child.order_qty.units();
        let above = |out: u64, entered: u64| Refusal::OrdersOutAboveIn {
            out: Qty::from_units(out),
            entered: Qty::from_units(entered),
        };
        let Some(entered) = self.orders.get(child.order.get()) else {
            return Err(above(qty, 0));
        };
        let left = entered.order_qty.saturating_sub(entered.filled);
        let left = if entered.ended { 0 } else { left };
        let out = entered.out.saturating_add(qty);
        // A name that is out already would be counted once for two orders.
        if out > left || qty == 0 || self.children.get(child.child.get()).is_some() {
            return Err(above(out, left));
        }
        Ok(())
    }

    #[inline]
    fn sent(&mut self, child: &ChildOrder) {
        let qty = child.order_qty.units();
        let venue = child.venue.get();
        let rounds = self.rounds.get(usize::from(venue));
        *self.children.entry(child.child.get()) = Out {
            child: child.child.get(),
            order: child.order.get(),
            order_qty: qty,
            cum: 0,
            leaves: qty,
            round: rounds.map_or(0, |rounds| rounds.asked),
            venue,
            amended: false,
        };
        if let Some(entered) = self.orders.get_mut(child.order.get()) {
            entered.out += qty;
            entered.children += 1;
        }
    }

    /// Takes in a venue's report, before the engine gets it.
    #[inline]
    pub fn reported(&mut self, report: &VenueReport) {
        let Some(out) = self.children.get_mut(report.child.get()) else {
            return;
        };
        if out.venue != report.venue.get() {
            return;
        }
        if report.exec_type == ExecType::OrderStatus {
            let rounds = self.rounds.get(usize::from(out.venue));
            out.round = rounds.map_or(0, |rounds| rounds.asked);
        }
        let cum = report.cum_qty.units();
        out.amended |= matches!(
            report.exec_type,
            ExecType::TradeCancel | ExecType::TradeCorrect
        );
        let cum = if out.amended { cum } else { cum.max(out.cum) };
        let left = out.order_qty.saturating_sub(cum);
        let leaves = match report.leaves_qty.units() {
            _ if report.ord_status.is_terminal() => 0,
            // Not said, or nothing of an order that works: what it does not say is not relied on.
            0 => left,
            leaves => leaves.min(left),
        };
        self.changed(report.child, cum, leaves, report.ord_status.is_terminal());
    }

    /// Takes in a venue's refusal of a cancel: with it the venue may say that the order is done.
    ///
    /// One that is said to be filled stays out until a report says so: its trade may have been
    /// taken back since.
    pub fn cancel_rejected(&mut self, reject: &VenueCancelReject) {
        let Some(out) = self.children.get(reject.child.get()) else {
            return;
        };
        let filled = reject.ord_status == OrdStatus::Filled;
        if out.venue == reject.venue.get() && reject.ord_status.is_terminal() && !filled {
            let cum = out.cum;
            self.changed(reject.child, cum, 0, true);
        }
    }

    /// A venue has told all that it works. What it did not mention is not out any more.
    pub fn answered(&mut self, venue: VenueId) {
        if let Some(rounds) = self.rounds.get_mut(usize::from(venue.get())) {
            rounds.answered = rounds.asked;
            self.answered = true;
        }
    }

    fn changed(&mut self, child: ChildId, cum: u64, leaves: u64, ended: bool) {
        let Some(out) = self.children.get_mut(child.get()) else {
            return;
        };
        let before = std::mem::replace(
            out,
            Out {
                cum,
                leaves,
                ..*out
            },
        );
        if ended {
            self.children.remove(child.get());
        }
        let Some(entered) = self.orders.get_mut(before.order) else {
            return;
        };
        entered.out = entered.out.saturating_sub(before.leaves);
        entered.out = entered.out.saturating_add(leaves);
        // What is taken back counts as filled until the engine has said so.
        let more = if before.amended {
            0
        } else {
            cum.saturating_sub(before.cum)
        };
        entered.filled = entered.filled.saturating_add(more);
        if ended {
            entered.children = entered.children.saturating_sub(1);
            if entered.ended && entered.children == 0 {
                self.orders.remove(before.order);
            }
        }
    }

    /// Ends the children that their venues did not mention when they told all that they work.
    /// Returns whether there were any.
    ///
    /// Only looked for before something is refused, and once for each time that a venue told: with
    /// a million orders it takes a while, and an engine that runs wild must not stop the link.
    #[cold]
    fn take_back_unmentioned(&mut self) -> bool {
        if !std::mem::take(&mut self.answered) {
            return false;
        }
        let rounds = self.rounds;
        let unmentioned = |out: &Out| {
            let rounds = rounds.get(usize::from(out.venue));
            rounds.is_some_and(|rounds| out.round < rounds.answered)
        };
        let gone = self.children.select(unmentioned);
        for out in &gone {
            self.changed(ChildId::new(out.child), out.cum, 0, true);
        }
        !gone.is_empty()
    }

    /// Forgets orders that are done, though a venue has not told the end of their children: before
    /// the account would have to grow.
    #[cold]
    fn forget_ended(&mut self) {
        for entered in self.orders.select(|entered| entered.ended) {
            self.orders.remove(entered.order);
        }
        let orders = &self.orders;
        let without = self.children.select(|out| orders.get(out.order).is_none());
        for out in without {
            self.children.remove(out.child);
        }
    }
}
