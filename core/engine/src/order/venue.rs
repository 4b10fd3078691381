//! What venues report about child orders.

use dcx_model::{
    ChildId, CxlRejReason, Event, EventRef, ExecId, ExecType, Ignored, Notional, OrdRejReason,
    OrderView, Price, Qty, TimeInForce, UnixNanos, VenueCancelReject, VenueId, VenueReport,
};

use super::child_state::{ChildEnd, ChildInput, answer};
use super::{Failure, State, orphan};
use crate::names::Execution;
use crate::pool::NIL;
use crate::{Cx, Engine, Trace};

/// A trade of nothing that was reserved.
const NOTHING_RESERVED: (Qty, Price) = (Qty::ZERO, Price::ZERO);

impl Engine {
    /// Applies a venue's report once, whatever else it comes to.
    pub(crate) fn venue_report<T: Trace>(&mut self, cx: &mut Cx<'_, T>, report: &VenueReport) {
        let Some(at) = self.child_named(report.child) else {
            return self.report_on_nobody(cx, report);
        };
        let child = self.children.at(at);
        let rows = child.rows;
        let trades = matches!(report.exec_type, ExecType::Trade | ExecType::TradeCorrect);
        let nothing = trades && report.last_qty.is_zero();
        if child.venue != report.venue || nothing {
            return ignore(cx, Ignored::BadReport, report);
        }
        self.mentioned(at);
        self.report_on(cx, at, report);
        // Whatever it was, the position may be another now.
        self.measure(cx, rows);
        self.conclude(cx, report.venue);
    }

    fn report_on<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) {
        // What was filled counts whenever it is told, and a question may be about what is over.
        let counts = matches!(
            report.exec_type,
            ExecType::Trade
                | ExecType::TradeCancel
                | ExecType::TradeCorrect
                | ExecType::OrderStatus
        );
        if !counts && self.children.at(at).done() {
            return ignore(cx, Ignored::ChildDone, report);
        }
        let over = matches!(
            report.exec_type,
            ExecType::Canceled | ExecType::Expired | ExecType::DoneForDay
        );
        if over {
            // Before the rest goes elsewhere: what was filled here is no rest.
            if !self.take_missed(cx, at, report) || self.children.at(at).done() {
                return;
            }
        }
        match report.exec_type {
            ExecType::Trade => self.trade(cx, at, report),
            ExecType::TradeCancel | ExecType::TradeCorrect => self.bust(cx, report),
            ExecType::OrderStatus => self.status_answer(cx, at, report),
            ExecType::Canceled => self.child_failed(cx, at, Failure::Canceled),
            ExecType::Expired => self.child_failed(cx, at, Failure::Expired),
            ExecType::Rejected => {
                self.child_failed(cx, at, Failure::Rejected(report.ord_rej_reason));
            }
            ExecType::DoneForDay => self.done_for_day(cx, at),
            ExecType::New => self.child_spoke(cx, at, ChildInput::Acked),
            ExecType::PendingNew => self.child_spoke(cx, at, ChildInput::Received),
            ExecType::PendingCancel => self.child_spoke(cx, at, ChildInput::Canceling),
            ExecType::Stopped => self.child_spoke(cx, at, ChildInput::Stopped),
            ExecType::Suspended => self.child_spoke(cx, at, ChildInput::Suspended),
            // The order is back, or what it was waiting for came.
            ExecType::Restated | ExecType::Triggered => {
                self.child_spoke(cx, at, ChildInput::Acked);
            }
            // They answer what was never asked, and an end is told by a report of its own.
            ExecType::Replaced | ExecType::PendingReplace | ExecType::Calculated => {}
        }
    }

    /// The child order that a venue means: by its number, or by that of the cancel of an order
    /// which it knows by a name of its own.
    fn child_named(&mut self, child: ChildId) -> Option<u32> {
        let found = self.child_index.find(child.get());
        found.or_else(|| {
            let foreign = self.recon.foreigners.of_request(child)?;
            self.child_index.find(foreign.get())
        })
    }

    /// A report about a child that is not known, or not any more.
    fn report_on_nobody<T: Trace>(&mut self, cx: &mut Cx<'_, T>, report: &VenueReport) {
        let taken_back = matches!(
            report.exec_type,
            ExecType::TradeCancel | ExecType::TradeCorrect
        );
        if taken_back {
            // Positions outlive the orders that made them.
            return self.bust(cx, report);
        }
        let works = report.exec_type == ExecType::OrderStatus && !report.ord_status.is_terminal();
        let known = usize::from(report.venue.get()) < dcx_model::VENUES_MAX;
        if works && known {
            // Too little of it is told to cancel or adopt it: for that there is Orphan.
            self.count_orphan(report.venue);
            return orphan::leave(cx, report.venue, report.child);
        }
        ignore(cx, Ignored::UnknownChild, report);
    }

    fn child_spoke<T>(&mut self, cx: &Cx<'_, T>, at: u32, input: ChildInput) {
        self.children.at_mut(at).ack(cx.at);
        self.step_child(cx.at, at, input);
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
        let found = self.child_named(reject.child);
        let Some(at) = found.or_else(|| self.child_named(reject.request)) else {
            return cx.out.push(ignored(Ignored::UnknownChild));
        };
        let child = self.children.at_mut(at);
        if child.done() {
            return cx.out.push(ignored(Ignored::ChildDone));
        }
        let sent = child.request != ChildId::new(0);
        if child.venue != reject.venue || child.request != reject.request || !sent {
            return cx.out.push(ignored(Ignored::BadReport));
        }
        child.request = ChildId::new(0);
        let key = child.parent;
        self.step_child(cx.at, at, ChildInput::CancelRefused);
        let gone = match reject.cxl_rej_reason {
            CxlRejReason::TooLate | CxlRejReason::UnknownOrder => true,
            CxlRejReason::BrokerOption
            | CxlRejReason::AlreadyPending
            | CxlRejReason::DuplicateClOrdId
            | CxlRejReason::Other => reject.ord_status.is_terminal(),
        };
        if gone {
            // It is over there: the report that says how must be on its way, or was lost.
            self.doubt(cx.at, at);
        }
        let Some(ix) = self.parents.find(key) else {
            return;
        };
        let parent = self.parents.at_mut(ix);
        parent.cancels -= 1;
        parent.cancel_refused = reject.cxl_rej_reason;
        self.settle(cx, ix, None);
    }

    /// Whether a trade, its correction or its cancel was taken before. A report without an ExecID
    /// cannot be told from another and is taken as new.
    pub(super) fn seen_before(&self, report: &VenueReport) -> bool {
        let name = self
            .exec_ids
            .hashed(u16::from(report.venue.get()), report.exec_id);
        !report.exec_id.is_empty() && self.exec_ids.find(&name).is_some()
    }

    /// Remembers a report that counts, and what it was.
    pub(super) fn remember(&mut self, report: &VenueReport, execution: Execution) {
        if !report.exec_id.is_empty() {
            let name = self
                .exec_ids
                .hashed(u16::from(report.venue.get()), report.exec_id);
            self.exec_ids.keep(&name, execution);
        }
    }

    /// Takes a trade in, once: by its ExecID, and where a venue's answer already told of it.
    pub(super) fn trade<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) {
        if self.seen_before(report) {
            return ignore(cx, Ignored::DuplicateExecId, report);
        }
        let child = self.children.at_mut(at);
        let known = if child.outdates(report) {
            // Its CumQty says nothing any more; an answer as of later counted it.
            let counted = report.transact_time <= child.inferred_at;
            if counted { report.last_qty } else { Qty::ZERO }
        } else {
            // What is new of it is what it brings CumQty beyond what we have.
            let news = report.cum_qty.saturating_minus(child.cum_qty);
            report.last_qty.saturating_minus(news)
        };
        let told = known.min(child.inferred);
        child.inferred = child.inferred.saturating_minus(told);
        let rest = report.last_qty.saturating_minus(told);
        let mut execution = Execution {
            child: child.id,
            last_qty: told,
            told_qty: told,
            last_px: report.last_px,
            event: child.inferred_event,
            rows: child.rows,
            side: child.side,
        };
        if rest.is_zero() {
            // The price of each was not known, but that of all was.
            self.remember(report, execution);
            return ignore(cx, Ignored::DuplicateExecId, report);
        }
        let (fits, event) = self.fill(cx, at, (rest, report.last_px), report);
        execution.last_qty = report.last_qty;
        execution.told_qty = Qty::from_units(told.units() + fits.units());
        execution.event = event;
        self.remember(report, execution);
    }

    /// A fill. Says how much of it the client was told of, and in which event.
    ///
    /// What follows from it for the scopes whose order it was comes once the order is in its new
    /// state: they may halt.
    fn fill<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        at: u32,
        trade: (Qty, Price),
        report: &VenueReport,
    ) -> (Qty, EventRef) {
        let child = self.children.at(at);
        let (rows, parent) = (child.rows, self.parents.find(child.parent));
        let strategy = parent.map(|ix| self.parents.at(ix).terms.get().strategy);
        let told = if child.done() {
            self.late_fill(cx, at, trade, report)
        } else {
            self.timely_fill(cx, at, trade, report)
        };
        self.watch(cx, rows);
        if let Some(strategy) = strategy {
            self.count_execution(cx, strategy);
        }
        told
    }

    /// A fill of a working child. What is beyond the child's quantity changes the position, which
    /// must be true, but not the client's order, which never asked for it.
    fn timely_fill<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        at: u32,
        (last_qty, last_px): (Qty, Price),
        report: &VenueReport,
    ) -> (Qty, EventRef) {
        let child = self.children.at_mut(at);
        let fits = last_qty.min(child.leaves_qty);
        child.ack(cx.at);
        child.fill(last_qty, last_px);
        let (rows, side, filled) = (child.rows, child.side, child.leaves_qty.is_zero());
        let (key, id) = (child.parent, child.id);
        let ix = self.parents.find(key);
        let ix = ix.expect("an order is kept as long as a child of it works");
        let parent = self.parents.at_mut(ix);
        let (out_qty, reserved) = (parent.out_qty.minus(fits), parent.reserved.minus(fits));
        parent.out_qty = out_qty.expect("what a child has left is part of what is out");
        parent.reserved = reserved.expect("what is out is part of what is reserved");
        let released = (fits, parent.reserved_at);
        parent.fill(fits, last_px);
        let event = EventRef {
            seq: cx.seq,
            ix: cx.out.next_ix(),
        };
        // Under its own name: a fill never carries that of a pending request. (FIX 4.4 vol. 7,
        // appendix D, preamble.)
        cx.out.push(Event::Trade {
            view: parent.view(parent.cl_ord_id),
            child: id,
            venue: report.venue,
            last_qty: fits,
            last_px,
        });
        if fits < last_qty {
            ignore(cx, Ignored::Overfill, report);
        }
        self.ledger.fill(rows, side, (last_qty, last_px), released);
        if filled {
            self.end_child(cx.at, at, ChildEnd::Filled);
        } else {
            self.step_child(cx.at, at, ChildInput::Traded);
        }
        self.settle(cx, ix, None);
        (fits, event)
    }

    /// A fill of a child that we took for done. The position changes whatever happens; the client
    /// gets as much of it as the order has room for, which is nothing once the rest was sent
    /// elsewhere.
    fn late_fill<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        at: u32,
        (last_qty, last_px): (Qty, Price),
        report: &VenueReport,
    ) -> (Qty, EventRef) {
        let child = self.children.at_mut(at);
        child.fill(last_qty, last_px);
        let (rows, side, key, id) = (child.rows, child.side, child.parent, child.id);
        self.ledger
            .fill(rows, side, (last_qty, last_px), NOTHING_RESERVED);
        let untold = (Qty::ZERO, Execution::NONE.event);
        let Some(ix) = self.parents.find(key) else {
            ignore(cx, Ignored::Overfill, report);
            return untold;
        };
        let parent = self.parents.at_mut(ix);
        let fits = last_qty.min(parent.unsent_qty());
        if fits.is_zero() {
            ignore(cx, Ignored::Overfill, report);
            return untold;
        }
        parent.fill(fits, last_px);
        let done = parent.state.is_done();
        if !done {
            let reserved = parent.reserved.minus(fits);
            parent.reserved = reserved.expect("what is unsent is part of what is reserved");
            self.ledger.release(rows, side, fits, parent.reserved_at);
        }
        let event = EventRef {
            seq: cx.seq,
            ix: cx.out.next_ix(),
        };
        let parent = self.parents.at(ix);
        cx.out.push(Event::Trade {
            view: parent.view(parent.cl_ord_id),
            child: id,
            venue: report.venue,
            last_qty: fits,
            last_px,
        });
        if fits < last_qty {
            ignore(cx, Ignored::Overfill, report);
        }
        if !done {
            self.settle(cx, ix, None);
        }
        (fits, event)
    }

    /// How a child stands, because we asked or because all that works there is told.
    fn status_answer<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) {
        if self.children.at(at).outdates(report) {
            // An answer that came before, told again after a restart of ours.
            return ignore(cx, Ignored::Outdated, report);
        }
        if !self.take_missed(cx, at, report) {
            return;
        }
        let child = self.children.at(at);
        let over = report.ord_status.is_terminal();
        if child.done() {
            // What filled it just now is not still working.
            return if !over && !child.cum_qty.eq(&child.order_qty) {
                self.revenant(cx, at);
            };
        }
        let asked = child.doubt && child.queries > 0;
        let input = answer(report.ord_status, child.heard());
        self.answered(at);
        match input {
            ChildInput::NeverArrived => {
                let failure = Failure::Rejected(OrdRejReason::Other);
                self.child_failed(cx, at, failure);
            }
            ChildInput::NotFound => self.lost(cx, at, input),
            ChildInput::Ended(ChildEnd::Expired | ChildEnd::DoneForDay) => {
                self.child_failed(cx, at, Failure::Expired);
            }
            // Filled, and not all of it by its own numbers: the rest is not going to be.
            ChildInput::Ended(ChildEnd::Filled | ChildEnd::Canceled | ChildEnd::Rejected) => {
                self.child_failed(cx, at, Failure::Canceled);
            }
            ChildInput::CancelSent
            | ChildInput::Received
            | ChildInput::Acked
            | ChildInput::Canceling
            | ChildInput::Suspended
            | ChildInput::Stopped
            | ChildInput::Traded
            | ChildInput::CancelRefused
            | ChildInput::Unanswered
            | ChildInput::Reopened => {
                self.child_spoke(cx, at, input);
                self.compare_leaves(cx, at, report);
                let child = self.children.at(at);
                if asked && input == ChildInput::Acked && child.request != ChildId::new(0) {
                    // It works as if no cancel had come.
                    self.send_cancel(cx, at);
                }
                self.cancel_again(cx, at);
            }
        }
    }

    /// A child works for an order that is to end, and no cancel of it is on its way: its venue
    /// refused the last one. A halt does not take that for an answer.
    fn cancel_again<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let child = self.children.at(at);
        let Some(ix) = self.parents.find(child.parent) else {
            return;
        };
        let working = !child.done() && child.request == ChildId::new(0);
        let winding = matches!(self.parents.at(ix).state, State::Winding(_));
        if working && (winding || self.stands_still(ix)) {
            self.cancel_children(cx, ix);
        }
    }

    /// Takes in what a venue says was filled and no trade told of, at the price that its AvgPx
    /// implies, to the nearest 10⁻⁸. Says whether the report was dealt with so far.
    ///
    /// A venue that does not say its AvgPx leaves a guess, which the operator is told of. Where not
    /// even that is to be had nothing is taken in: a fill at no price would be a profit or a loss
    /// that nobody made, and without it nothing may be sent in its place. Its outcome is unknown.
    fn take_missed<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) -> bool {
        let child = self.children.at(at);
        let missed = report.cum_qty.saturating_minus(child.cum_qty);
        if missed.is_zero() || child.outdates(report) {
            return true;
        }
        let (last_px, cause) = if report.avg_px.units() == 0 {
            let Some(px) = self.guessed_px(cx.at, at) else {
                ignore(cx, Ignored::FillPriceUnknown, report);
                if !self.children.at(at).done() {
                    self.unanswered(cx, at);
                }
                return false;
            };
            (px, Ignored::FillPriceGuessed)
        } else {
            let paid = report.avg_px.times(report.cum_qty).units() - child.cum_notional.units();
            let px = OrderView::average(Notional::from_units(paid), missed);
            (
                child.within_rounding(px, report, missed),
                Ignored::FillMissed,
            )
        };
        ignore(cx, cause, report);
        let (fits, event) = self.fill(cx, at, (missed, last_px), report);
        let child = self.children.at_mut(at);
        let inferred = child.inferred.plus(missed);
        child.inferred = inferred.unwrap_or(child.inferred);
        (child.inferred_event, child.inferred_last) = (event, event);
        (child.inferred_told, child.inferred_paid) = (fits, last_px.times(fits));
        child.inferred_at = report.transact_time;
        true
    }

    /// The price of a fill whose venue does not say it: what was paid so far, else the limit, else
    /// the middle of the market when the child was sent, else that of now.
    fn guessed_px(&self, now: UnixNanos, at: u32) -> Option<Price> {
        let child = self.children.at(at);
        if !child.cum_qty.is_zero() {
            return Some(OrderView::average(child.cum_notional, child.cum_qty));
        }
        let parent = self.parents.find(child.parent);
        let limit = parent.and_then(|ix| self.parents.at(ix).terms.get().limit_px.price());
        limit.or_else(|| {
            let sent = Some(i128::from(child.mid_twice)).filter(|twice| *twice > 0);
            let twice = sent.or_else(|| self.best(now, child.instrument).mid_twice())?;
            i64::try_from(twice / 2).ok().map(Price::from_units)
        })
    }

    /// A venue that works less than we believe lost part of the order without a word: the
    /// operator must look.
    fn compare_leaves<T>(&self, cx: &mut Cx<'_, T>, at: u32, report: &VenueReport) {
        let child = self.children.at(at);
        let said = !report.leaves_qty.is_zero();
        if said && report.cum_qty == child.cum_qty && report.leaves_qty != child.leaves_qty {
            ignore(cx, Ignored::BadReport, report);
        }
    }

    /// A child was not sent after all: it ends as if refused, and its quantity is free again.
    pub(crate) fn child_not_sent<T: Trace>(&mut self, cx: &mut Cx<'_, T>, child: ChildId) {
        let at = self.child_index.find(child.get());
        let working = at.filter(|at| !self.children.at(*at).done());
        match working {
            Some(at) => self.child_failed(cx, at, Failure::Rejected(OrdRejReason::Other)),
            None => cx.out.push(Event::Ignored {
                cause: Ignored::UnknownChild,
                venue: VenueId::new(0),
                child,
                exec_id: ExecId::EMPTY,
            }),
        }
    }

    /// A child ended with something left.
    fn child_failed<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32, failure: Failure) {
        let child = self.children.at_mut(at);
        child.ack(cx.at);
        let (key, venue) = (child.parent, child.venue);
        let end = match failure {
            Failure::Rejected(_) => ChildEnd::Rejected,
            Failure::Canceled => ChildEnd::Canceled,
            Failure::Expired => ChildEnd::Expired,
        };
        self.end_child(cx.at, at, end);
        if let Some(ix) = self.parents.find(key) {
            self.settle(cx, ix, Some((venue, failure)));
        }
    }

    /// The venue's day is over: for an order of the day that is the end, for one that is good
    /// till cancel it is a night's rest.
    fn done_for_day<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let key = self.children.at(at).parent;
        let ix = self.parents.find(key);
        // What counts is how long it works there: the first part of a market order with left-over
        // is over at once, however long its rest is good.
        let works_for = ix.map(|ix| self.parents.at(ix).terms.get().works_for());
        if works_for == Some(TimeInForce::Gtc) {
            self.child_spoke(cx, at, ChildInput::Acked);
        } else {
            self.child_failed(cx, at, Failure::Expired);
        }
    }

    /// Takes a child out of its order's working ones and learns from how it went. It is
    /// remembered for a while, for reports that come late.
    pub(super) fn end_child(&mut self, now: UnixNanos, at: u32, end: ChildEnd) {
        let was_full = self.children.len() - self.children_done.len() >= self.children_max;
        let ended = *self.children.at(at);
        self.step_child(now, at, ChildInput::Ended(end));
        self.unseat_child(now, at);
        let child = self.children.at_mut(at);
        child.leaves_qty = Qty::ZERO;
        child.request = ChildId::new(0);
        if child.foreign {
            self.recon.foreigners.forget(ended.id);
        }
        self.close_choice(now, at, &ended, end);
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
}

/// Says that a report changed nothing of the client's order, and why.
pub(super) fn ignore<T>(cx: &mut Cx<'_, T>, cause: Ignored, report: &VenueReport) {
    cx.out.push(Event::Ignored {
        cause,
        venue: report.venue,
        child: report.child,
        exec_id: report.exec_id,
    });
}
