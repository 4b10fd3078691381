//! Holds every report against what was sent and what was reported before.
//!
//! Rules, by the names that violations carry:
//!
//! | name | rule |
//! |---|---|
//! | `readable` | a report has the fields that FIX 4.4 requires, with values of their types |
//! | `known-order` | it is about an order or request of this client |
//! | `same-order` | symbol, side, OrderQty and OrderID stay what they were |
//! | `exec-id` | an ExecID comes once (0 in an answer to a status request) |
//! | `exec-ref` | a bust or correction is about a trade that was told and stands |
//! | `leaves` | CumQty + LeavesQty = OrderQty while working; LeavesQty is 0 when done |
//! | `cum` | CumQty rises by LastQty with a trade, falls by a busted one, else stays |
//! | `average` | AvgPx is the average of the trades, to a unit of 10⁻⁸ |
//! | `limit` | no trade is worse than the limit |
//! | `status` | the status may follow the one before and fits ExecType and CumQty |
//! | `answered` | every request gets an answer |

use std::collections::HashMap;

use dcx_model::{ClOrdId, ExecType, MonoNanos, Notional, OrdStatus, Qty};
use hdrhistogram::Histogram;

use super::draft::OrderDraft;
use super::faults::{Traded, amends, faults, worth};
use super::wire::{CancelRejectView, ExecutionView, Name};

/// Violations kept with their details; all are counted.
const VIOLATIONS_KEPT_MAX: usize = 100;

/// Longest round trip that the histogram tells from longer ones: an hour.
const ROUND_TRIP_NS_MAX: u64 = 3_600_000_000_000;

/// A report that cannot be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The order or request.
    pub cl_ord_id: String,
    /// Which rule it breaks.
    pub rule: &'static str,
    /// How.
    pub detail: String,
}

/// A new order as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSent {
    /// `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The rest.
    pub draft: OrderDraft,
    /// When it should have been sent: waiting for a slow client counts as latency.
    pub scheduled: MonoNanos,
}

/// Which request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// OrderCancelRequest (F).
    Cancel,
    /// OrderCancelReplaceRequest (G).
    Replace,
}

#[derive(Debug)]
pub(super) struct Tracked {
    /// Its newest name.
    pub(super) cl_ord_id: ClOrdId,
    /// As sent, or as replaced.
    pub(super) draft: OrderDraft,
    pub(super) cum_qty: Qty,
    pub(super) ord_status: Option<OrdStatus>,
    /// Requests sent and not answered.
    pub(super) pending: u32,
    /// Cancels sent at the end of the run.
    pub(super) last_cancels: u32,
    pub(super) session: u16,
    pub(super) cum_notional: Notional,
    pub(super) order_id: Option<Name>,
    scheduled: MonoNanos,
    accepted: bool,
    /// The same ClOrdID sent again and not yet refused.
    duplicates: u32,
    statuses: u32,
}

impl Tracked {
    pub(super) fn is_open(&self) -> bool {
        self.ord_status.is_none_or(|status| !status.is_terminal())
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Named {
    Order(usize),
    Request(Request),
    /// A mass cancel or mass status request, and whether it is answered.
    Many(bool),
}

#[derive(Clone, Debug)]
struct Request {
    order: usize,
    kind: RequestKind,
    /// The order if a replace is accepted.
    draft: OrderDraft,
    answered: bool,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) filled: u64,
    pub(super) canceled: u64,
    pub(super) duplicated: u64,
    pub(super) requests: u64,
    pub(super) requests_refused: u64,
    pub(super) replaced: u64,
    pub(super) trades: u64,
    pub(super) violations: u64,
}

/// The judge of one client's reports.
#[derive(Debug)]
pub struct Checker {
    pub(super) orders: Vec<Tracked>,
    pub(super) tally: Tally,
    pub(super) round_trip: Histogram<u64>,
    pub(super) violations: Vec<Violation>,
    /// Looked up only, never iterated.
    names: HashMap<ClOrdId, Named>,
    /// Every ExecID, with its trade while that stands.
    exec_ids: HashMap<Name, Option<Traded>>,
    /// Names of mass cancels and mass status requests, in the order they were sent.
    asked_many: Vec<ClOrdId>,
    /// Orders and requests without an answer.
    unanswered: u64,
    /// Places of orders that may be open, for choosing one.
    open: Vec<usize>,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker {
    /// A judge who has seen nothing.
    ///
    /// # Panics
    /// Never: the bounds of the histogram are constants that it accepts.
    #[must_use]
    pub fn new() -> Self {
        Self {
            orders: Vec::new(),
            tally: Tally::default(),
            round_trip: Histogram::new_with_bounds(1, ROUND_TRIP_NS_MAX, 3)
                .expect("1 to an hour in three digits are valid bounds"),
            violations: Vec::new(),
            names: HashMap::new(),
            exec_ids: HashMap::new(),
            asked_many: Vec::new(),
            unanswered: 0,
            open: Vec::new(),
        }
    }

    /// A new order goes out on a session.
    pub fn sent(&mut self, session: u16, order: OrderSent) {
        let ix = self.orders.len();
        self.names.insert(order.cl_ord_id, Named::Order(ix));
        self.open.push(ix);
        self.tally.sent += 1;
        self.unanswered += 1;
        self.orders.push(Tracked {
            cl_ord_id: order.cl_ord_id,
            draft: order.draft,
            cum_qty: Qty::ZERO,
            ord_status: None,
            pending: 0,
            last_cancels: 0,
            session,
            cum_notional: Notional::ZERO,
            order_id: None,
            scheduled: order.scheduled,
            accepted: false,
            duplicates: 0,
            statuses: 0,
        });
    }

    /// An order of this place is sent once more under its first name.
    pub(super) fn sent_again(&mut self, ix: usize) {
        if let Some(order) = self.orders.get_mut(ix) {
            order.duplicates += 1;
            self.tally.sent += 1;
            self.unanswered += 1;
        }
    }

    /// A cancel or replace of the order at this place goes out. `draft` is what the order
    /// becomes if a replace is accepted.
    pub(super) fn requested(
        &mut self,
        ix: usize,
        kind: RequestKind,
        cl_ord_id: ClOrdId,
        draft: OrderDraft,
    ) {
        let Some(order) = self.orders.get_mut(ix) else {
            return;
        };
        order.pending += 1;
        let request = Request {
            order: ix,
            kind,
            draft,
            answered: false,
        };
        self.names.insert(cl_ord_id, Named::Request(request));
        self.tally.requests += 1;
        self.unanswered += 1;
    }

    /// A status request about the order at this place goes out.
    pub(super) fn asked(&mut self, ix: usize) {
        if let Some(order) = self.orders.get_mut(ix) {
            order.statuses += 1;
            self.tally.requests += 1;
            self.unanswered += 1;
        }
    }

    /// A mass cancel or mass status request of this name goes out.
    pub(super) fn asked_for_many(&mut self, name: ClOrdId) {
        self.names.insert(name, Named::Many(false));
        self.asked_many.push(name);
        self.tally.requests += 1;
        self.unanswered += 1;
    }

    /// A mass cancel or mass status request is answered, or its last answer is here.
    pub(super) fn many_answered(&mut self, name: ClOrdId) {
        match self.names.get_mut(&name) {
            Some(Named::Many(answered)) if !*answered => {
                *answered = true;
                self.unanswered = self.unanswered.saturating_sub(1);
            }
            Some(Named::Many(_)) => {
                let detail = "a second answer to one request".to_owned();
                self.violation(name, "answered", detail);
            }
            Some(Named::Order(_) | Named::Request(_)) | None => {
                let detail = format!("no mass request {name}");
                self.violation(name, "known-order", detail);
            }
        }
    }

    /// The order that a report under a mass cancel's name is about.
    fn one_of_many(&mut self, view: &ExecutionView) -> Option<usize> {
        let orig = view.orig_cl_ord_id.unwrap_or(ClOrdId::EMPTY);
        let ix = match self.names.get(&orig) {
            Some(Named::Order(ix)) => Some(*ix),
            Some(Named::Request(request)) => Some(request.order),
            Some(Named::Many(_)) | None => None,
        };
        if ix.is_none() {
            let detail = format!("a report of a mass request about {orig}");
            self.violation(view.cl_ord_id, "known-order", detail);
        }
        ix
    }

    /// One answer to a mass status request: it must say what is known, and changes nothing. The
    /// last may be about no order, under the name of the request: what was counted has ended.
    fn one_of_all(&mut self, name: ClOrdId, (total, last): (u64, bool), view: &ExecutionView) {
        let ix = match self.names.get(&view.cl_ord_id) {
            Some(Named::Order(ix)) => Some(*ix),
            Some(Named::Request(request)) => Some(request.order),
            Some(Named::Many(_)) | None => None,
        };
        let order = ix.and_then(|ix| self.orders.get(ix));
        let cum_qty = order.map(|order| order.cum_qty);
        let closes = last && view.cl_ord_id == name;
        if total > 0 && !closes && cum_qty != Some(view.cum_qty) {
            let detail = format!(
                "mass status says CumQty {}, trades say {cum_qty:?}",
                view.cum_qty
            );
            self.violation(view.cl_ord_id, "cum", detail);
        }
        if last {
            self.many_answered(name);
        }
    }

    /// Whether everything is answered and nothing works.
    #[must_use]
    pub fn is_settled(&mut self) -> bool {
        self.unanswered == 0 && self.open_orders().is_empty()
    }

    /// Places of all open orders.
    pub(super) fn open_orders(&mut self) -> &[usize] {
        let orders = &self.orders;
        self.open
            .retain(|ix| orders.get(*ix).is_some_and(Tracked::is_open));
        &self.open
    }

    /// An open order by a drawn number; done ones that it meets are forgotten.
    pub(super) fn pick_open(&mut self, drawn: u64) -> Option<usize> {
        let mut drawn = drawn;
        while !self.open.is_empty() {
            let at = usize::try_from(drawn % self.open.len() as u64).ok()?;
            let ix = *self.open.get(at)?;
            if self.orders.get(ix)?.is_open() {
                return Some(ix);
            }
            self.open.swap_remove(at);
            drawn = drawn.wrapping_add(1);
        }
        None
    }

    /// An accepted order that still has its first name, by a drawn number.
    pub(super) fn pick_accepted(&self, drawn: u64) -> Option<usize> {
        let count = self.orders.len() as u64;
        let start = usize::try_from(drawn.checked_rem(count)?).ok()?;
        // A few places are enough: where hardly any is accepted, none is wanted.
        (start..self.orders.len()).take(16).find(|ix| {
            let of = self.orders.get(*ix);
            of.is_some_and(|order| {
                let first = matches!(self.names.get(&order.cl_ord_id), Some(Named::Order(_)));
                first && order.accepted && order.duplicates == 0
            })
        })
    }

    /// ExecutionReport (8).
    pub fn execution(&mut self, now: MonoNanos, view: &ExecutionView) {
        if let Some((name, total, last)) = view.mass_status {
            return self.one_of_all(name, (total, last), view);
        }
        let is_status = view.exec_type == ExecType::OrderStatus;
        let trade = match (view.exec_type, view.last_qty, view.last_px) {
            (ExecType::Trade | ExecType::TradeCorrect, Some(qty), Some(px)) => Some((qty, px)),
            (_, _, _) => None,
        };
        // An answer to a question has no name of its own.
        if !is_status && self.exec_ids.contains_key(&view.exec_id) {
            self.tally.duplicated += 1;
            let detail = format!("{} was reported before", view.exec_id);
            self.violation(view.cl_ord_id, "exec-id", detail);
        } else if !is_status {
            self.exec_ids.insert(view.exec_id, trade);
        }
        let Some(named) = self.names.get(&view.cl_ord_id).cloned() else {
            let detail = format!("no order or request {}", view.cl_ord_id);
            return self.violation(view.cl_ord_id, "known-order", detail);
        };
        let ix = match named {
            Named::Many(_) => match self.one_of_many(view) {
                Some(ix) => ix,
                None => return,
            },
            Named::Order(ix) if is_status => return self.status_of(ix, view),
            Named::Order(ix) if self.refuses_duplicate(ix, view) => return,
            Named::Order(ix) => ix,
            Named::Request(request) if is_status => return self.status_of(request.order, view),
            Named::Request(request) => {
                self.request_reported(&request, view);
                request.order
            }
        };
        self.answered_first(now, ix);
        let referred = self.refers_to(view);
        let Some(order) = self.orders.get(ix) else {
            return;
        };
        let faults = faults(order, view, referred);
        if order
            .order_id
            .is_some_and(|order_id| order_id != view.order_id)
        {
            self.tally.duplicated += 1;
        }
        for (rule, detail) in faults {
            self.violation(view.cl_ord_id, rule, detail);
        }
        self.apply(ix, view, referred);
    }

    /// The trade that a bust or correction is about, which stands no more.
    fn refers_to(&mut self, view: &ExecutionView) -> Option<Traded> {
        if !amends(view.exec_type) {
            return None;
        }
        self.exec_ids.get_mut(&view.exec_ref_id?)?.take()
    }

    /// OrderCancelReject (9).
    pub fn cancel_rejected(&mut self, view: &CancelRejectView) {
        let Some(Named::Request(request)) = self.names.get(&view.cl_ord_id).cloned() else {
            let detail = format!("no request {}", view.cl_ord_id);
            return self.violation(view.cl_ord_id, "known-order", detail);
        };
        if request.answered {
            let detail = "a second answer to one request".to_owned();
            return self.violation(view.cl_ord_id, "answered", detail);
        }
        self.tally.requests_refused += 1;
        self.close_request(view.cl_ord_id, request.order);
        let Some(order) = self.orders.get_mut(request.order) else {
            return;
        };
        let says_done = view.ord_status.is_terminal() && view.ord_status != OrdStatus::Rejected;
        let is_full = !order.cum_qty.is_zero() && order.cum_qty == order.draft.order_qty;
        if order.is_open() && view.ord_status == OrdStatus::Filled && is_full {
            // The last fill was told as pending; only this says that nothing follows.
            order.ord_status = Some(OrdStatus::Filled);
            self.tally.filled += 1;
        } else if order.is_open() && says_done {
            let detail = format!("{:?} of an order that works", view.ord_status);
            self.violation(view.cl_ord_id, "status", detail);
        }
    }

    /// BusinessMessageReject (j) or Reject (3) that names an order or request of ours.
    pub(super) fn refused_outright(&mut self, now: MonoNanos, cl_ord_id: ClOrdId) {
        match self.names.get(&cl_ord_id).cloned() {
            Some(Named::Order(ix)) => {
                self.answered_first(now, ix);
                let Some(order) = self.orders.get_mut(ix) else {
                    return;
                };
                if order.ord_status.is_none() {
                    order.ord_status = Some(OrdStatus::Rejected);
                    self.tally.refused += 1;
                } else if order.statuses > 0 {
                    // A question about an order that was refused, under that order's name.
                    order.statuses -= 1;
                    self.unanswered = self.unanswered.saturating_sub(1);
                }
            }
            Some(Named::Request(request)) if !request.answered => {
                self.tally.requests_refused += 1;
                self.close_request(cl_ord_id, request.order);
            }
            Some(Named::Request(_)) => {}
            Some(Named::Many(_)) => self.many_answered(cl_ord_id),
            None => self.violation(cl_ord_id, "known-order", "rejected".to_owned()),
        }
    }

    /// A report that cannot be read.
    pub(super) fn unreadable(&mut self, cl_ord_id: ClOrdId, detail: String) {
        self.violation(cl_ord_id, "readable", detail);
    }

    /// Whether a report refuses a ClOrdID that was sent again, and nothing else.
    fn refuses_duplicate(&mut self, ix: usize, view: &ExecutionView) -> bool {
        let Some(order) = self.orders.get_mut(ix) else {
            return false;
        };
        let is_refusal = view.exec_type == ExecType::Rejected;
        if !is_refusal || order.duplicates == 0 || order.ord_status.is_none() {
            return false;
        }
        order.duplicates -= 1;
        self.unanswered = self.unanswered.saturating_sub(1);
        self.tally.refused += 1;
        true
    }

    /// The first report about an order ends its round trip.
    fn answered_first(&mut self, now: MonoNanos, ix: usize) {
        let Some(order) = self.orders.get(ix) else {
            return;
        };
        if order.ord_status.is_none() {
            let nanos = now.since(order.scheduled).get();
            self.round_trip.saturating_record(nanos.max(1));
            self.unanswered = self.unanswered.saturating_sub(1);
        }
    }

    /// A report under a request's name: a pending one is not its answer yet.
    fn request_reported(&mut self, request: &Request, view: &ExecutionView) {
        match view.exec_type {
            ExecType::PendingCancel | ExecType::PendingReplace => return,
            ExecType::Replaced => {
                self.tally.replaced += 1;
                self.rename(request, view);
            }
            ExecType::New
            | ExecType::DoneForDay
            | ExecType::Canceled
            | ExecType::Rejected
            | ExecType::PendingNew
            | ExecType::Expired
            | ExecType::Trade
            | ExecType::TradeCancel
            | ExecType::TradeCorrect
            | ExecType::Stopped
            | ExecType::Suspended
            | ExecType::Calculated
            | ExecType::Restated
            | ExecType::Triggered
            | ExecType::OrderStatus => {}
        }
        if !request.answered {
            self.close_request(view.cl_ord_id, request.order);
        }
    }

    fn rename(&mut self, request: &Request, view: &ExecutionView) {
        if request.kind == RequestKind::Replace
            && let Some(order) = self.orders.get_mut(request.order)
        {
            order.cl_ord_id = view.cl_ord_id;
            order.draft = request.draft.clone();
            // Fills may have passed the new quantity while the request was on its way: the order
            // then ends with what is filled (FIX 4.4 vol. 4, appendix D, replaces to decrease).
            if view.order_qty == Some(view.cum_qty) {
                order.draft.order_qty = order.draft.order_qty.max(view.cum_qty);
            }
        }
    }

    fn close_request(&mut self, cl_ord_id: ClOrdId, ix: usize) {
        if let Some(Named::Request(request)) = self.names.get_mut(&cl_ord_id) {
            request.answered = true;
        }
        if let Some(order) = self.orders.get_mut(ix) {
            order.pending = order.pending.saturating_sub(1);
        }
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// An answer to a status request: it must say what is known, and changes nothing.
    fn status_of(&mut self, ix: usize, view: &ExecutionView) {
        let Some(order) = self.orders.get_mut(ix) else {
            return;
        };
        if order.statuses == 0 {
            let detail = "a status that was not asked for".to_owned();
            return self.violation(view.cl_ord_id, "answered", detail);
        }
        order.statuses -= 1;
        self.unanswered = self.unanswered.saturating_sub(1);
        let (cum_qty, ord_status) = (order.cum_qty, order.ord_status);
        let unknown = view.ord_status == OrdStatus::Rejected;
        if cum_qty != view.cum_qty && !(unknown && ord_status.is_none()) {
            let detail = format!("status says CumQty {}, trades say {cum_qty}", view.cum_qty);
            self.violation(view.cl_ord_id, "cum", detail);
        }
    }

    /// Takes over what a report says.
    fn apply(&mut self, ix: usize, view: &ExecutionView, referred: Option<Traded>) {
        let Some(order) = self.orders.get_mut(ix) else {
            return;
        };
        order.cum_notional = worth(order, view, referred);
        self.tally.trades += u64::from(view.exec_type == ExecType::Trade);
        let (was_open, was) = (order.is_open(), order.ord_status);
        let amends = amends(view.exec_type);
        order.cum_qty = match amends {
            true => view.cum_qty,
            false => order.cum_qty.max(view.cum_qty),
        };
        order.ord_status = Some(view.ord_status);
        order.order_id.get_or_insert(view.order_id);
        if view.exec_type == ExecType::New && !order.accepted {
            order.accepted = true;
            self.tally.accepted += 1;
        }
        let reopened = !was_open && amends && order.is_open();
        if amends && was == Some(OrdStatus::Filled) && view.ord_status != OrdStatus::Filled {
            // A cancelled trade takes back that it was filled.
            self.tally.filled -= 1;
            if reopened {
                self.open.push(ix);
            }
        } else if !was_open {
            return;
        }
        match view.ord_status {
            OrdStatus::Filled => self.tally.filled += 1,
            OrdStatus::Rejected => self.tally.refused += 1,
            OrdStatus::Canceled | OrdStatus::Expired | OrdStatus::DoneForDay => {
                self.tally.canceled += 1;
            }
            OrdStatus::New
            | OrdStatus::PartiallyFilled
            | OrdStatus::PendingCancel
            | OrdStatus::PendingNew
            | OrdStatus::Stopped
            | OrdStatus::Suspended
            | OrdStatus::Calculated
            | OrdStatus::PendingReplace => {}
        }
    }

    fn violation(&mut self, cl_ord_id: ClOrdId, rule: &'static str, detail: String) {
        self.tally.violations += 1;
        if self.violations.len() < VIOLATIONS_KEPT_MAX {
            self.violations.push(Violation {
                cl_ord_id: cl_ord_id.to_string(),
                rule,
                detail,
            });
        }
    }

    /// Orders that were sent and never answered, repeated ClOrdIDs included.
    pub(super) fn lost(&self) -> u64 {
        let of =
            |order: &Tracked| u64::from(order.ord_status.is_none()) + u64::from(order.duplicates);
        self.orders.iter().map(of).sum()
    }

    /// Orders whose last report says that they still work.
    pub(super) fn working(&self) -> u64 {
        let works = |order: &&Tracked| order.ord_status.is_some() && order.is_open();
        self.orders.iter().filter(works).count() as u64
    }

    /// Requests that were sent and never answered become violations.
    pub(super) fn close(&mut self) {
        let silent: Vec<(ClOrdId, u32)> = self
            .orders
            .iter()
            .filter(|order| order.pending + order.statuses > 0)
            .map(|order| (order.cl_ord_id, order.pending + order.statuses))
            .collect();
        let mut many: Vec<ClOrdId> = self.asked_many.clone();
        many.retain(|name| matches!(self.names.get(name), Some(Named::Many(false))));
        for name in many {
            let detail = "a mass request got no answer".to_owned();
            self.violation(name, "answered", detail);
        }
        for (cl_ord_id, count) in silent {
            let detail = format!("{count} requests about it got no answer");
            self.violation(cl_ord_id, "answered", detail);
        }
    }
}
