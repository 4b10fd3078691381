//! Cancels and replaces of single orders, at once or after a time as pending.

use dcx_model::{ClOrdId, CxlRejReason, CxlRejResponseTo, ExecType, OrdStatus, Price, Qty};

use super::exchange::Exchange;
use super::order::Pending;
use super::report::{CancelRejected, ExecutionReport, Report};
use super::request::{Chances, NewRequest, Request};

/// A request's own name and that of the order it is about.
type Names = (ClOrdId, ClOrdId);

/// Why a cancel or replace is refused.
type Why = (CxlRejReason, &'static str);

impl Exchange {
    /// Tells that a request is being looked at; false where that says nothing and
    /// [`handle`](Self::handle) is to be called at once. Else [`finish`](Self::finish) follows.
    pub fn pend(&mut self, session: u16, request: &Request, out: &mut Vec<Report>) -> bool {
        match request {
            Request::New(new) => self.pend_new(session, new, out),
            Request::Cancel {
                cl_ord_id,
                orig_cl_ord_id,
            } => {
                let names = (*cl_ord_id, *orig_cl_ord_id);
                let id = self.changeable(session, names);
                let pending = (Pending::Cancel(names.0), ExecType::PendingCancel);
                self.pend_change(session, id, names, pending, out)
            }
            Request::Replace {
                cl_ord_id,
                orig_cl_ord_id,
                order_qty,
                limit_px,
            } => {
                let names = (*cl_ord_id, *orig_cl_ord_id);
                let id = self.changeable(session, names);
                let id = id.and_then(|id| self.replaceable(id, (*order_qty, *limit_px)));
                let pending = (Pending::Replace(names.0), ExecType::PendingReplace);
                self.pend_change(session, id, names, pending, out)
            }
            Request::Status { .. } | Request::MassStatus { .. } | Request::MassCancel { .. } => {
                false
            }
        }
    }

    /// Does what was told to be pending, or refuses it if it has become too late.
    pub fn finish(
        &mut self,
        session: u16,
        request: &Request,
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        match *request {
            Request::New(new) => self.finish_new(session, &new, chances, out),
            Request::Cancel {
                cl_ord_id,
                orig_cl_ord_id,
            } => {
                let names = (cl_ord_id, orig_cl_ord_id);
                match self.pending_of(session, names, chances) {
                    Ok(id) => self.do_cancel(id, names, out),
                    Err(why) => self.reject(session, names, CxlRejResponseTo::Cancel, why, out),
                }
            }
            Request::Replace {
                cl_ord_id,
                orig_cl_ord_id,
                order_qty,
                limit_px,
            } => {
                let names = (cl_ord_id, orig_cl_ord_id);
                let numbers = (order_qty, limit_px);
                let id = self.pending_of(session, names, chances);
                match id.and_then(|id| self.replaceable(id, numbers)) {
                    Ok(id) => self.do_replace(id, names, numbers, out),
                    Err(why) => self.reject(session, names, CxlRejResponseTo::Replace, why, out),
                }
            }
            Request::Status { .. } | Request::MassStatus { .. } | Request::MassCancel { .. } => {}
        }
    }

    fn pend_change(
        &mut self,
        session: u16,
        id: Result<u64, Why>,
        names: Names,
        (pending, exec_type): (Pending, ExecType),
        out: &mut Vec<Report>,
    ) -> bool {
        let Ok(id) = id else {
            return false;
        };
        self.names.insert((session, names.0), id);
        if let Some(order) = self.order_mut(id) {
            order.pending = Some(pending);
        }
        self.answer(id, exec_type, names, out);
        true
    }

    /// The order that a pending request is about, no longer pending.
    fn pending_of(&mut self, session: u16, names: Names, chances: Chances) -> Result<u64, Why> {
        let unknown = (CxlRejReason::UnknownOrder, "unknown OrigClOrdID (41)");
        let id = self.known(session, names.0).ok_or(unknown)?.id;
        let order = self.order_mut(id).ok_or(unknown)?;
        order.pending = None;
        if order.ord_status.is_terminal() {
            return Err((CxlRejReason::TooLate, "the order is already done"));
        }
        refused(chances).map_or(Ok(id), Err)
    }

    pub(super) fn cancel(
        &mut self,
        session: u16,
        names: Names,
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        let id = self.changeable(session, names);
        match id.and_then(|id| refused(chances).map_or(Ok(id), Err)) {
            Ok(id) => {
                self.names.insert((session, names.0), id);
                self.do_cancel(id, names, out);
            }
            Err(why) => self.reject(session, names, CxlRejResponseTo::Cancel, why, out),
        }
    }

    fn do_cancel(&mut self, id: u64, names: Names, out: &mut Vec<Report>) {
        self.unrest(id);
        self.set_done(id, OrdStatus::Canceled);
        self.answer(id, ExecType::Canceled, names, out);
    }

    pub(super) fn replace(
        &mut self,
        session: u16,
        names: Names,
        numbers: (Qty, Option<Price>),
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        let id = self.changeable(session, names);
        let id = id.and_then(|id| self.replaceable(id, numbers));
        match id.and_then(|id| refused(chances).map_or(Ok(id), Err)) {
            Ok(id) => {
                self.names.insert((session, names.0), id);
                self.do_replace(id, names, numbers, out);
            }
            Err(why) => self.reject(session, names, CxlRejResponseTo::Replace, why, out),
        }
    }

    fn do_replace(
        &mut self,
        id: u64,
        names: Names,
        (order_qty, limit_px): (Qty, Option<Price>),
        out: &mut Vec<Report>,
    ) {
        let Some(order) = self.order_mut(id) else {
            return;
        };
        let before = order.request;
        order.orig_cl_ord_id = Some(before.cl_ord_id);
        order.request.cl_ord_id = names.0;
        order.request.order_qty = order_qty;
        order.request.limit_px = limit_px.filter(|_| before.limit_px.is_some());
        let (instrument, limit_px) = (order.instrument, order.request.limit_px);
        let in_book = !order.request.exec_inst.all_or_none;
        self.answer(id, ExecType::Replaced, names, out);
        // Only a smaller quantity at the same price keeps its place in the queue.
        if in_book && before.limit_px == limit_px && order_qty <= before.order_qty {
            if let Some(book) = self.books.get_mut(instrument) {
                book.reduce(id, before.order_qty.saturating_minus(order_qty));
            }
            return;
        }
        self.unrest(id);
        self.work(id, Chances::default(), out);
    }

    /// Whether an order that can be changed can be changed to this.
    fn replaceable(
        &self,
        id: u64,
        (order_qty, limit_px): (Qty, Option<Price>),
    ) -> Result<u64, Why> {
        let unknown = (CxlRejReason::UnknownOrder, "unknown order");
        let order = self.order(id).ok_or(unknown)?;
        let numbers = (order_qty, limit_px);
        let changed = NewRequest {
            order_qty,
            limit_px,
            ..order.request
        };
        match self.wrong_numbers(order.instrument, order.request.ord_type, numbers) {
            Some(text) => Err((CxlRejReason::Other, text)),
            None if order_qty <= order.cum_qty => {
                Err((CxlRejReason::TooLate, "OrderQty (38) is already filled"))
            }
            None if self.is_halted(order.instrument) => {
                Err((CxlRejReason::BrokerOption, "trading is halted"))
            }
            None if self.would_trade(order.instrument, &changed) => {
                Err((CxlRejReason::Other, "a post-only order that would trade"))
            }
            None => Ok(id),
        }
    }

    /// The working order that a cancel or replace is about, or why there is none.
    fn changeable(&self, session: u16, (cl_ord_id, orig_cl_ord_id): Names) -> Result<u64, Why> {
        if self.is_used(session, cl_ord_id) {
            let text = "ClOrdID (11) was used before";
            return Err((CxlRejReason::DuplicateClOrdId, text));
        }
        let Some(order) = self.known(session, orig_cl_ord_id) else {
            return Err((CxlRejReason::UnknownOrder, "unknown OrigClOrdID (41)"));
        };
        if order.pending.is_some() {
            let text = "the order or a request about it is pending";
            return Err((CxlRejReason::AlreadyPending, text));
        }
        if order.ord_status.is_terminal() {
            return Err((CxlRejReason::TooLate, "the order is already done"));
        }
        if order.request.cl_ord_id != orig_cl_ord_id {
            return Err((CxlRejReason::UnknownOrder, "the order has a newer name"));
        }
        Ok(order.id)
    }

    fn reject(
        &self,
        session: u16,
        (cl_ord_id, orig_cl_ord_id): Names,
        response_to: CxlRejResponseTo,
        (cxl_rej_reason, text): Why,
        out: &mut Vec<Report>,
    ) {
        let order = self.known(session, orig_cl_ord_id);
        out.push(Report::CancelRejected(CancelRejected {
            session,
            order_id: order.map_or(0, |order| order.id),
            cl_ord_id,
            orig_cl_ord_id,
            // FIX 4.4, tag 39 in OrderCancelReject: Rejected where the order is unknown.
            ord_status: order.map_or(OrdStatus::Rejected, |order| order.told()),
            response_to,
            cxl_rej_reason,
            text,
        }));
    }

    /// The report that answers a request: under the request's name.
    fn answer(
        &mut self,
        id: u64,
        exec_type: ExecType,
        (cl_ord_id, orig_cl_ord_id): Names,
        out: &mut Vec<Report>,
    ) {
        if let Some(order) = self.order(id).copied() {
            let report = self.view(&order, exec_type);
            out.push(Report::Execution(ExecutionReport {
                cl_ord_id,
                orig_cl_ord_id: Some(orig_cl_ord_id),
                ..report
            }));
        }
    }
}

/// Chance refuses what could be done.
fn refused(chances: Chances) -> Option<Why> {
    let text = match chances.refuse? {
        CxlRejReason::TooLate => "too late, says the venue",
        CxlRejReason::AlreadyPending => "something is pending, says the venue",
        CxlRejReason::UnknownOrder
        | CxlRejReason::BrokerOption
        | CxlRejReason::DuplicateClOrdId
        | CxlRejReason::Other => "refused by the venue",
    };
    Some((chances.refuse?, text))
}
