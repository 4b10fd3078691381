//! What venues report about child orders.

use dcx_model::{
    ChildId, Event, ExecId, ExecType, Ignored, Price, Qty, TimeInForce, UnixNanos,
    VenueCancelReject, VenueId, VenueReport,
};

use super::Failure;
use crate::pool::{Key, NIL};
use crate::route::{Outcome, Policy};
use crate::{Cx, Engine, Trace};

/// A trade of nothing that was reserved.
const NOTHING_RESERVED: (Qty, Price) = (Qty::ZERO, Price::ZERO);

impl Engine {
    /// Applies a venue's report once, whatever else it comes to.
    pub(crate) fn venue_report<T: Trace>(&mut self, cx: &mut Cx<'_, T>, report: &VenueReport) {
        let Some(at) = self.child_index.find(report.child.get()) else {
            return ignore(cx, Ignored::UnknownChild, report);
        };
        let child = self.children.at(at);
        let (done, nothing) = (child.done, report.last_qty.is_zero());
        if child.venue != report.venue || (report.exec_type == ExecType::Trade && nothing) {
            return ignore(cx, Ignored::BadReport, report);
        }
        // The ledger holds what counts twice if it is taken twice. Any other report finds its
        // child as the first one left it.
        if report.exec_type == ExecType::Trade && self.seen_before(report.venue, report.exec_id) {
            return ignore(cx, Ignored::DuplicateExecId, report);
        }
        if done && report.exec_type != ExecType::Trade {
            return ignore(cx, Ignored::ChildDone, report);
        }
        match report.exec_type {
            ExecType::Trade if done => self.late_fill(cx, at, report),
            ExecType::Trade => self.fill(cx, at, report),
            ExecType::Canceled => self.child_failed(cx, at, Failure::Canceled),
            ExecType::Expired => self.child_failed(cx, at, Failure::Expired),
            ExecType::Rejected => {
                let failure = Failure::Rejected(report.ord_rej_reason);
                self.child_failed(cx, at, failure);
            }
            ExecType::DoneForDay => self.done_for_day(cx, at),
            ExecType::New => self.children.at_mut(at).ack(cx.at),
            // They announce what a later report says, or answer what was never asked.
            ExecType::Replaced
            | ExecType::PendingCancel
            | ExecType::PendingNew
            | ExecType::PendingReplace
            | ExecType::Stopped
            | ExecType::Suspended
            | ExecType::Calculated
            | ExecType::Restated
            | ExecType::TradeCorrect
            | ExecType::TradeCancel
            | ExecType::Triggered
            | ExecType::OrderStatus => {}
        }
    }

    /// A venue refuses to cancel: the child works on. Where no other cancel is on its way, that
    /// is the end of the client's request.
    pub(crate) fn venue_cancel_reject<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        reject: &VenueCancelReject,
    ) {
        let ignored = |cause| Event::Ignored {
            cause,
            venue: reject.venue,
            child: reject.child,
            exec_id: ExecId::EMPTY,
        };
        let Some(at) = self.child_index.find(reject.child.get()) else {
            return cx.out.push(ignored(Ignored::UnknownChild));
        };
        let child = self.children.at_mut(at);
        if child.done {
            return cx.out.push(ignored(Ignored::ChildDone));
        }
        let sent = child.request != ChildId::new(0);
        if child.venue != reject.venue || child.request != reject.request || !sent {
            return cx.out.push(ignored(Ignored::BadReport));
        }
        child.request = ChildId::new(0);
        let Some(ix) = self.parents.find(child.parent) else {
            return;
        };
        let parent = self.parents.at_mut(ix);
        parent.cancels -= 1;
        parent.cancel_refused = reject.cxl_rej_reason;
        self.settle(cx, ix, None);
    }

    /// Whether the report was applied before; if not, it is from now on. A report without an
    /// ExecID cannot be told from another and is taken as new.
    fn seen_before(&mut self, venue: VenueId, exec_id: ExecId) -> bool {
        if exec_id.is_empty() {
            return false;
        }
        let name = self.exec_ids.hashed(u16::from(venue.get()), exec_id);
        let seen = self.exec_ids.find(&name).is_some();
        if !seen {
            self.exec_ids.keep(&name, Key::NONE);
        }
        seen
    }

    /// A fill of a working child. What is beyond the child's quantity changes the position, which
    /// must be true, but not the client's order, which never asked for it.
    fn fill<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) {
        let child = self.children.at_mut(at);
        let fits = report.last_qty.min(child.leaves_qty);
        child.ack(cx.at);
        child.fill(report.last_qty, report.last_px);
        let (rows, side, filled) = (child.rows, child.side, child.leaves_qty.is_zero());
        let key = child.parent;
        let ix = self.parents.find(key);
        let ix = ix.expect("an order is kept as long as a child of it works");
        let parent = self.parents.at_mut(ix);
        let (out_qty, reserved) = (parent.out_qty.minus(fits), parent.reserved.minus(fits));
        parent.out_qty = out_qty.expect("what a child has left is part of what is out");
        parent.reserved = reserved.expect("what is out is part of what is reserved");
        let released = (fits, parent.reserved_at);
        parent.fill(fits, report.last_px);
        // Under its own name: a fill never carries that of a pending request. (FIX 4.4 vol. 7,
        // appendix D, preamble.)
        cx.out.push(Event::Trade {
            view: parent.view(parent.cl_ord_id),
            child: report.child,
            venue: report.venue,
            last_qty: fits,
            last_px: report.last_px,
        });
        if fits < report.last_qty {
            ignore(cx, Ignored::Overfill, report);
        }
        let trade = (report.last_qty, report.last_px);
        self.ledger.fill(rows, side, trade, released);
        self.watch(cx, rows);
        if filled {
            self.end_child(at, false);
        }
        self.settle(cx, ix, None);
    }

    /// A fill of a child that we took for done. The position changes whatever happens; the client
    /// gets as much of it as the order has room for, which is nothing once the rest was sent
    /// elsewhere.
    fn late_fill<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) {
        let child = self.children.at_mut(at);
        child.fill(report.last_qty, report.last_px);
        let (rows, side, key) = (child.rows, child.side, child.parent);
        let trade = (report.last_qty, report.last_px);
        self.ledger.fill(rows, side, trade, NOTHING_RESERVED);
        self.watch(cx, rows);
        let Some(ix) = self.parents.find(key) else {
            return ignore(cx, Ignored::Overfill, report);
        };
        let parent = self.parents.at_mut(ix);
        let fits = report.last_qty.min(parent.unsent_qty());
        if fits.is_zero() {
            return ignore(cx, Ignored::Overfill, report);
        }
        parent.fill(fits, report.last_px);
        let done = parent.state.is_done();
        if !done {
            let reserved = parent.reserved.minus(fits);
            parent.reserved = reserved.expect("what is unsent is part of what is reserved");
            self.ledger.release(rows, side, fits, parent.reserved_at);
        }
        let parent = self.parents.at(ix);
        cx.out.push(Event::Trade {
            view: parent.view(parent.cl_ord_id),
            child: report.child,
            venue: report.venue,
            last_qty: fits,
            last_px: report.last_px,
        });
        if fits < report.last_qty {
            ignore(cx, Ignored::Overfill, report);
        }
        if !done {
            self.settle(cx, ix, None);
        }
    }

    /// A child ended with something left.
    fn child_failed<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, failure: Failure) {
        let child = self.children.at_mut(at);
        child.ack(cx.at);
        let (key, venue) = (child.parent, child.venue);
        self.end_child(at, matches!(failure, Failure::Rejected(_)));
        if let Some(ix) = self.parents.find(key) {
            self.settle(cx, ix, Some((venue, failure)));
        }
    }

    /// The venue's day is over: for an order of the day that is the end, for one that is good
    /// till cancel it is a night's rest.
    fn done_for_day<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let key = self.children.at(at).parent;
        let ix = self.parents.find(key);
        let time_in_force = ix.map(|ix| self.parents.at(ix).terms.get().time_in_force);
        if time_in_force != Some(TimeInForce::Gtc) {
            self.child_failed(cx, at, Failure::Expired);
        }
    }

    /// Takes a child out of its order's working ones and learns from how it went. It is
    /// remembered for a while, for reports that come late.
    fn end_child(&mut self, at: u32, rejected: bool) {
        let was_full = self.children.len() - self.children_done.len() >= self.children_max;
        let ended = *self.children.at(at);
        let child = self.children.at_mut(at);
        child.done = true;
        child.leaves_qty = Qty::ZERO;
        child.request = ChildId::new(0);
        let outcome = Outcome {
            side: ended.side,
            order_qty: ended.order_qty,
            cum_qty: ended.cum_qty,
            cum_notional: ended.cum_notional,
            mid_twice: ended.decision.mid_twice,
            fee_centi_bps: self.fee_of(ended.venue),
            rejected,
            cancelled_by_us: ended.cancel_asked,
            ack: (ended.acked_at > UnixNanos::ZERO).then(|| ended.acked_at.since(ended.sent_at)),
        };
        if let Some(reward) = outcome.reward() {
            let (instrument, number) = (ended.instrument, ended.decision.number);
            self.bandit.learn(instrument, ended.venue, number, reward);
        }
        let ix = self.parents.find(ended.parent);
        let ix = ix.expect("an order is kept as long as a child of it works");
        let parent = self.parents.at_mut(ix);
        let out_qty = parent.out_qty.minus(ended.leaves_qty);
        parent.out_qty = out_qty.expect("what a child has left is part of what is out");
        parent.cancels -= u8::from(ended.request != ChildId::new(0));
        parent
            .children
            .remove(&mut self.children, at, |child| &mut child.seat);
        self.children_done
            .push_back(&mut self.children, at, |child| &mut child.seat);
        if self.children_done.len() > self.done_max {
            self.forget_child();
        }
        if was_full {
            self.release_at = self.held.head();
        }
    }

    fn forget_child(&mut self) {
        let oldest = self.children_done.head();
        if oldest == NIL {
            return;
        }
        let number = self.children.at(oldest).id.get();
        self.children_done
            .remove(&mut self.children, oldest, |child| &mut child.seat);
        self.child_index.remove(number);
        self.children.remove(oldest);
    }

    fn fee_of(&self, venue: VenueId) -> i32 {
        let row = self.venues.get(usize::from(venue.get()));
        row.and_then(|row| row.as_ref())
            .map_or(0, |venue| venue.fee_centi_bps)
    }
}

/// Says that a report changed nothing of the client's order, and why.
fn ignore<T>(cx: &mut Cx<'_, T>, cause: Ignored, report: &VenueReport) {
    cx.out.push(Event::Ignored {
        cause,
        venue: report.venue,
        child: report.child,
        exec_id: report.exec_id,
    });
}
