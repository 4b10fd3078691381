//! Trades that a venue takes back or corrects.
//!
//! Each is undone where it was done: in the positions, in the child order, and in the client's
//! order as far as it was told of it. What becomes of the quantity is the venue's word: where it
//! works again, the order goes on, also one that was filled (FIX 4.4 vol. 7, appendix D, J.1.a);
//! where it does not, an open order sends it again, and a filled one ends as cancelled.

use dcx_model::{
    Event, EventRef, ExecType, Ignored, Notional, OrderView, Price, Qty, UnixNanos, VenueReport,
};

use super::child_state::{ChildEnd, ChildInput};
use super::venue::ignore;
use super::{End, Input, State, Step};
use crate::names::Execution;
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Takes back or corrects the trade that a report refers to.
    pub(super) fn bust<T: Trace>(&mut self, cx: &mut Cx<'_, T>, report: &VenueReport) {
        if self.seen_before(report) {
            return ignore(cx, Ignored::DuplicateExecId, report);
        }
        if let Some(at) = self.child_index.find(report.child.get()) {
            let child = self.children.at_mut(at);
            child.busted_at = child.busted_at.max(report.transact_time);
        }
        let space = u16::from(report.venue.get());
        let name = self.exec_ids.hashed(space, report.exec_ref_id);
        let entry = self.exec_ids.find(&name);
        if entry.is_none() && !report.exec_ref_id.is_empty() {
            // Should it be told of after all, it is over.
            self.exec_ids.keep(&name, Execution::NONE);
            return self.bust_untold(cx, report);
        }
        let before = entry.map(|entry| self.exec_ids.target(entry));
        let known = before.filter(|_| !report.exec_ref_id.is_empty());
        let (Some(entry), Some(before)) = (entry, known.filter(|b| *b != Execution::NONE)) else {
            return ignore(cx, Ignored::UnknownTrade, report);
        };
        let after = if report.exec_type == ExecType::TradeCorrect {
            (report.last_qty, report.last_px)
        } else {
            (Qty::ZERO, Price::ZERO)
        };
        self.exec_ids.set_target(entry, Execution::NONE);
        self.undo(cx, report, &before, after);
    }

    /// A venue takes back or corrects a trade that it never told of: all that is known of it, if
    /// anything, is that some answer counted it.
    fn bust_untold<T: Trace>(&mut self, cx: &mut Cx<'_, T>, report: &VenueReport) {
        let Some(at) = self.child_index.find(report.child.get()) else {
            return ignore(cx, Ignored::UnknownTrade, report);
        };
        if !report.last_qty.is_zero() {
            // As it is now it is a trade like any other.
            return self.trade(cx, at, report);
        }
        let child = self.children.at_mut(at);
        let over = child.cum_qty.saturating_minus(report.cum_qty);
        let counted = over.min(child.inferred);
        if counted.is_zero() {
            self.remember(report, Execution::NONE);
            return ignore(cx, Ignored::UnknownTrade, report);
        }
        child.inferred = child.inferred.saturating_minus(counted);
        let before = Execution {
            child: child.id,
            last_qty: counted,
            told_qty: counted,
            last_px: OrderView::average(child.cum_notional, child.cum_qty),
            event: child.inferred_event,
            rows: child.rows,
            side: child.side,
        };
        self.undo(cx, report, &before, (Qty::ZERO, Price::ZERO));
    }

    /// Undoes a trade everywhere, and puts what it is now in its place.
    fn undo<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        report: &VenueReport,
        before: &Execution,
        after: (Qty, Price),
    ) {
        let (rows, side) = (before.rows, before.side);
        self.ledger
            .unfill(rows, side, before.last_qty, before.last_px);
        if !after.0.is_zero() {
            self.ledger
                .fill(rows, side, after, (Qty::ZERO, Price::ZERO));
        }
        self.watch(cx, rows);
        let (told_qty, event) = self.amend(cx, report, before, after);
        let now = if after.0.is_zero() {
            Execution::NONE
        } else {
            Execution {
                last_qty: after.0,
                last_px: after.1,
                told_qty,
                event,
                ..*before
            }
        };
        self.remember(report, now);
    }

    /// Corrects the orders that a trade filled. Gives how much of it the client knows of now, and
    /// from which event.
    fn amend<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        report: &VenueReport,
        before: &Execution,
        after: (Qty, Price),
    ) -> (Qty, EventRef) {
        let untold = (Qty::ZERO, before.event);
        let Some(at) = self.child_index.find(before.child.get()) else {
            // The position is right again; nobody is left to be told.
            ignore(cx, Ignored::UnknownTrade, report);
            return untold;
        };
        let child = self.children.at_mut(at);
        child.amend((before.last_qty, before.last_px), after);
        let Some(ix) = self.parents.find(child.parent) else {
            ignore(cx, Ignored::UnknownTrade, report);
            return untold;
        };
        let revives = self.reopens(at, ix, report);
        let child = self.children.at_mut(at);
        // What the venue works of it from now on.
        let room = child.order_qty.saturating_minus(child.cum_qty);
        let works = !report.ord_status.is_terminal() && !report.leaves_qty.is_zero();
        let loose = works && child.done() && !revives;
        let wanted = if revives || (works && !child.done()) {
            // A trade that the venue counts and has not told of yet is no free quantity.
            let untold = report.cum_qty.saturating_minus(child.cum_qty);
            report.leaves_qty.plus(untold).unwrap_or(room).min(room)
        } else {
            child.leaves_qty.min(room)
        };
        let parent = self.parents.at_mut(ix);
        let others = parent.out_qty.saturating_minus(child.leaves_qty);
        let cum_qty = parent.cum_qty.saturating_minus(before.told_qty);
        let free = parent.terms.get().order_qty.saturating_minus(cum_qty);
        let told_qty = after.0.min(free.saturating_minus(others));
        let left = free.saturating_minus(others).saturating_minus(told_qty);
        child.leaves_qty = wanted.min(left);
        let out_qty = others.plus(child.leaves_qty);
        parent.out_qty = out_qty.expect("what is out is within the order's quantity");
        let changed = (before.told_qty, before.last_px);
        parent.amend(changed, (told_qty, after.1));
        let done = parent.state.is_done();
        let emptied = !child.done() && child.leaves_qty.is_zero();
        if revives {
            self.revive(cx.at, at, ix);
        } else if done {
            self.end_busted(ix);
        } else {
            let parent = self.parents.at(ix);
            let (cum_before, cum_now) = (before.told_qty, told_qty);
            let grown = parent
                .reserved
                .plus(cum_before)
                .and_then(|sum| sum.minus(cum_now));
            let (reserved, unit) = (grown.unwrap_or(parent.reserved), parent.reserved_at);
            self.reserve_instead(ix, reserved, unit);
        }
        let mut event = EventRef {
            seq: cx.seq,
            ix: cx.out.next_ix(),
        };
        let child = self.children.at_mut(at);
        if before.event == child.inferred_event && before.event != Execution::NONE.event {
            let told = child.change_inferred(before, (told_qty, after.1));
            let trade = std::mem::replace(&mut child.inferred_last, event);
            event = before.event;
            self.tell(cx, ix, report, trade, told);
        } else {
            let was = (before.told_qty, before.last_px);
            self.tell(cx, ix, report, before.event, [was, (told_qty, after.1)]);
        }
        if told_qty < after.0 {
            ignore(cx, Ignored::Overfill, report);
        }
        if emptied {
            self.end_child(cx.at, at, ChildEnd::Filled);
        }
        if loose {
            // The venue works again what its order has no use for.
            self.revenant(cx, at);
        } else if revives {
            self.pull_in(cx, at, ix);
        }
        if !self.parents.at(ix).state.is_done() {
            self.settle(cx, ix, None);
            self.work(cx, ix);
        }
        (told_qty, event)
    }

    fn tell<T: Trace>(
        &self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        report: &VenueReport,
        trade: EventRef,
        [before, (last_qty, last_px)]: [(Qty, Price); 2],
    ) {
        if before.0.is_zero() && last_qty.is_zero() {
            // The client never heard of it.
            return ignore(cx, Ignored::Overfill, report);
        }
        let parent = self.parents.at(ix);
        let (view, venue) = (parent.view(parent.cl_ord_id), report.venue);
        cx.out.push(if last_qty.is_zero() {
            Event::TradeCanceled {
                view,
                trade,
                last_qty: before.0,
                last_px: before.1,
                venue,
            }
        } else {
            Event::TradeCorrected {
                view,
                trade,
                last_qty,
                last_px,
                venue,
            }
        });
    }

    /// Whether a child that was filled works again, for an order that can have it again.
    fn reopens(&self, at: u32, ix: u32, report: &VenueReport) -> bool {
        let (child, parent) = (self.children.at(at), self.parents.at(ix));
        let works = !report.ord_status.is_terminal() && !report.leaves_qty.is_zero();
        let short = child.cum_qty < child.order_qty;
        let filled = child.state.on(ChildInput::Reopened, false) != child.state;
        let open = match parent.state {
            State::Open => true,
            State::Done(End::Filled) => self.open.len() < self.orders_room,
            State::Done(End::Canceled | End::Rejected | End::Expired)
            | State::PendingNew
            | State::Held(_)
            | State::PendingCancel
            | State::PendingReplace
            | State::Winding(_) => false,
        };
        let room = !self.children_full()
            && (parent.children.len() as usize) < dcx_model::CHILDREN_WORKING_MAX;
        child.done() && filled && works && short && open && room && !self.stands_still(ix)
    }

    /// A filled child works again, and its order with it.
    fn revive(&mut self, now: UnixNanos, at: u32, ix: u32) {
        self.children_done
            .remove(&mut self.children, at, |child| &mut child.seat);
        self.parents
            .at_mut(ix)
            .children
            .push_back(&mut self.children, at, |child| &mut child.seat);
        self.step_child(now, at, ChildInput::Reopened);
        self.seat_child(now, at);
        let parent = self.parents.at(ix);
        let (leaves, unit) = (parent.leaves_qty(), parent.terms.get().unit);
        if let Step::To(state) = parent.state.on(Input::Reopened) {
            let name = self.names.hashed(parent.session.get(), parent.cl_ord_id);
            let key = self.parents.key(ix);
            let entry = self.names.pin_again(&name, key);
            let parent = self.parents.at_mut(ix);
            (parent.state, parent.name) = (state, entry);
            self.done
                .remove(&mut self.parents, ix, |parent| &mut parent.seat);
            self.enlist(ix);
            self.enter_own(ix);
            // Its end stands, however often it is opened.
            self.set_timer(ix);
        }
        self.reserve_instead(ix, leaves, unit);
    }

    /// A child works again at a limit from before its order was replaced: it is cancelled, and what
    /// it leaves is sent anew.
    fn pull_in<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, ix: u32) {
        let allowed = self.parents.at(ix).terms.get().limit_px;
        let child = self.children.at(at);
        if child.done() || !child.oversteps(allowed) {
            return;
        }
        let parent = self.parents.at_mut(ix);
        parent.cancels += 1;
        parent.waits.repricing = true;
        self.send_cancel(cx, at);
    }

    /// A filled order is not filled after all, and nothing works in its place.
    fn end_busted(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        let short = !parent.leaves_qty().is_zero();
        if let (true, Step::To(state)) = (short, parent.state.on(Input::Busted)) {
            parent.state = state;
        }
    }
}

impl super::Parent {
    /// Puts another trade in the place of one that it took in.
    fn amend(&mut self, before: (Qty, Price), after: (Qty, Price)) {
        let cum_qty = self.cum_qty.saturating_minus(before.0).plus(after.0);
        self.cum_qty = cum_qty.expect("a fill within the order's quantity does not overflow");
        let (out, in_) = (before.1.times(before.0), after.1.times(after.0));
        let paid = self.cum_notional.units() - out.units() + in_.units();
        self.cum_notional = Notional::from_units(paid);
        assert!(
            self.cum_qty <= self.terms.get().order_qty,
            "cum_qty never exceeds order_qty"
        );
    }
}
