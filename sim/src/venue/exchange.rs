//! The venue's orders: what is asked for, what becomes of it, and the reports about it.
//!
//! Pure: no clock, no chance, no bytes. What chance decides comes in as [`Chances`].

use std::collections::{BTreeSet, HashMap};

use dcx_model::{
    ClOrdId, ExecType, OrdRejReason, OrdStatus, OrdType, Price, Qty, Side, TimeInForce,
};

use super::book::{Book, External, Fill, reaches};
use super::order::{Order, Pending, Trade, TradeState, state, unknown};
use super::report::{ExecutionReport, Report};
use super::request::{Chances, NewRequest, Request};
use crate::generator::SimInstrument;

/// A trade as market data prints it: place of the instrument, price, quantity.
pub(super) type Print = (usize, Price, Qty);

/// One venue: its instruments, their books, all orders it ever got.
#[derive(Debug)]
pub struct Exchange {
    pub(super) instruments: Vec<SimInstrument>,
    pub(super) books: Vec<Book>,
    pub(super) orders: Vec<Order>,
    /// Every name a session ever gave. Looked up only, never iterated.
    pub(super) names: HashMap<(u16, ClOrdId), u64>,
    /// Orders that are not done, in the order they came.
    pub(super) alive: BTreeSet<u64>,
    /// All-or-none orders that wait beside each book, in the order they came.
    pub(super) aside: Vec<Vec<u64>>,
    /// The newest quote of each instrument that is halted.
    pub(super) halted: Vec<Option<External>>,
    /// Orders that were refused, with their sessions.
    pub(super) refused: Vec<(u16, NewRequest)>,
    pub(super) trades: Vec<Trade>,
    pub(super) exec_ids: u64,
    pub(super) mass_cancels: u64,
    prints: Vec<Print>,
    fills: Vec<Fill>,
}

impl Exchange {
    /// A venue that lists these.
    #[must_use]
    pub fn new(instruments: Vec<SimInstrument>) -> Self {
        Self {
            books: vec![Book::new(); instruments.len()],
            aside: vec![Vec::new(); instruments.len()],
            halted: vec![None; instruments.len()],
            instruments,
            orders: Vec::new(),
            names: HashMap::new(),
            alive: BTreeSet::new(),
            refused: Vec::new(),
            trades: Vec::new(),
            exec_ids: 0,
            mass_cancels: 0,
            prints: Vec::new(),
            fills: Vec::new(),
        }
    }

    /// What it lists.
    #[must_use]
    pub fn instruments(&self) -> &[SimInstrument] {
        &self.instruments
    }

    /// The place of a symbol in [`instruments`](Self::instruments).
    #[must_use]
    pub fn find(&self, symbol: &[u8]) -> Option<usize> {
        let mut instruments = self.instruments.iter();
        instruments.position(|instrument| instrument.symbol.as_bytes() == symbol)
    }

    /// The external liquidity of an instrument that is left.
    #[must_use]
    pub fn external(&self, instrument: usize) -> Option<External> {
        self.books.get(instrument).map(Book::external)
    }

    /// How many orders work.
    #[must_use]
    pub fn working(&self) -> usize {
        self.alive.len()
    }

    /// Takes one request and appends all that follows from it to `out`.
    pub fn handle(
        &mut self,
        session: u16,
        request: Request,
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        match request {
            Request::New(new) => self.new_order(session, new, chances, out),
            Request::Cancel {
                cl_ord_id,
                orig_cl_ord_id,
            } => self.cancel(session, (cl_ord_id, orig_cl_ord_id), chances, out),
            Request::Replace {
                cl_ord_id,
                orig_cl_ord_id,
                order_qty,
                limit_px,
            } => {
                let names = (cl_ord_id, orig_cl_ord_id);
                self.replace(session, names, (order_qty, limit_px), chances, out);
            }
            Request::Status {
                cl_ord_id,
                order_id,
                symbol,
                side,
            } => self.status(session, (cl_ord_id, order_id), (symbol, side), out),
            Request::MassStatus {
                mass_status_req_id,
                scope,
            } => self.mass_status(session, mass_status_req_id, scope, out),
            Request::MassCancel {
                cl_ord_id,
                scope,
                side,
            } => self.mass_cancel(session, cl_ord_id, (scope, side), out),
        }
    }

    /// Takes a quote of the recorded market; resting orders that it crosses are filled. While an
    /// instrument is halted its quotes wait.
    pub fn quote(&mut self, instrument: usize, external: External, out: &mut Vec<Report>) {
        if let Some(Some(waiting)) = self.halted.get_mut(instrument) {
            *waiting = external;
            return;
        }
        let Some(book) = self.books.get_mut(instrument) else {
            return;
        };
        let mut fills = std::mem::take(&mut self.fills);
        book.quote(external, &mut fills);
        for fill in fills.drain(..) {
            self.prints.push((instrument, fill.px, fill.qty));
            if let Some(resting) = fill.resting {
                self.fill(resting, fill, out);
            }
        }
        self.fills = fills;
        self.try_aside(instrument, out);
    }

    /// Hands over the trades that have not been printed yet.
    pub(super) fn take_prints(&mut self) -> std::vec::Drain<'_, Print> {
        self.prints.drain(..)
    }

    /// Whether nothing trades in an instrument.
    #[must_use]
    pub fn is_halted(&self, instrument: usize) -> bool {
        self.halted.get(instrument).is_some_and(Option::is_some)
    }

    fn new_order(
        &mut self,
        session: u16,
        new: NewRequest,
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        match self.wrong(session, &new) {
            Err(wrong) => self.refuse(session, new, wrong, out),
            Ok(_) if chances.reject => {
                let wrong = (OrdRejReason::BrokerOption, "refused by the venue");
                self.refuse(session, new, wrong, out);
            }
            Ok(instrument) => {
                let id = self.accept(session, instrument, new);
                self.report(id, ExecType::New, out);
                self.work(id, chances, out);
            }
        }
    }

    fn refuse(
        &mut self,
        session: u16,
        new: NewRequest,
        (reason, text): (OrdRejReason, &'static str),
        out: &mut Vec<Report>,
    ) {
        // A name that was used belongs to another order, which this refusal must not touch.
        if reason != OrdRejReason::Duplicate {
            self.names.insert((session, new.cl_ord_id), 0);
        }
        self.refused.push((session, new));
        self.exec_ids += 1;
        out.push(Report::Execution(ExecutionReport {
            ord_rej_reason: Some(reason),
            text,
            ..unknown(session, new, (self.exec_ids, ExecType::Rejected))
        }));
    }

    /// Which instrument it is for, or why it cannot be taken.
    fn wrong(&self, session: u16, new: &NewRequest) -> Result<usize, (OrdRejReason, &'static str)> {
        if self.is_used(session, new.cl_ord_id) {
            return Err((OrdRejReason::Duplicate, "ClOrdID (11) was used before"));
        }
        let Some(instrument) = self.find(new.symbol.as_bytes()) else {
            return Err((OrdRejReason::UnknownSymbol, "unknown Symbol (55)"));
        };
        if let Some(text) = unsupported(new) {
            return Err((OrdRejReason::Unsupported, text));
        }
        if self.is_halted(instrument) {
            return Err((OrdRejReason::ExchangeClosed, "trading is halted"));
        }
        let text = self.wrong_numbers(instrument, new.ord_type, (new.order_qty, new.limit_px));
        if let Some(text) = text.or_else(|| self.wrong_parts(instrument, new)) {
            return Err((OrdRejReason::IncorrectQty, text));
        }
        if self.would_trade(instrument, new) {
            return Err((OrdRejReason::Other, "a post-only order that would trade"));
        }
        Ok(instrument)
    }

    /// Whether a name is taken. That of an order the venue has lost is free again.
    pub(super) fn is_used(&self, session: u16, name: ClOrdId) -> bool {
        let id = self.names.get(&(session, name));
        id.is_some_and(|id| !self.order(*id).is_some_and(|order| order.vanished))
    }

    pub(super) fn wrong_numbers(
        &self,
        instrument: usize,
        ord_type: OrdType,
        (order_qty, limit_px): (Qty, Option<Price>),
    ) -> Option<&'static str> {
        let SimInstrument { tick, lot, .. } = *self.instruments.get(instrument)?;
        if order_qty.is_zero() || !order_qty.is_multiple_of(lot) {
            return Some("OrderQty (38) is not a positive multiple of the lot");
        }
        match limit_px {
            _ if !is_limit(ord_type) => None,
            None => Some("a limit order without Price (44)"),
            Some(px) if px <= Price::ZERO || !px.is_multiple_of(tick) => {
                Some("Price (44) is not a positive multiple of the tick")
            }
            Some(_) => None,
        }
    }

    /// What is wrong with the quantities that an order may be traded in.
    fn wrong_parts(&self, instrument: usize, new: &NewRequest) -> Option<&'static str> {
        let lot = self.instruments.get(instrument)?.lot;
        let is_part = |qty: Qty| qty <= new.order_qty && qty.is_multiple_of(lot);
        if new
            .max_floor
            .is_some_and(|floor| floor.is_zero() || !is_part(floor))
        {
            return Some("MaxFloor (111) is not a part of OrderQty (38) in whole lots");
        }
        if new.min_qty.is_some_and(|min_qty| !is_part(min_qty)) {
            return Some("MinQty (110) is not a part of OrderQty (38) in whole lots");
        }
        None
    }

    /// Whether a post-only order is none.
    pub(super) fn would_trade(&self, instrument: usize, new: &NewRequest) -> bool {
        let found = |book: &Book| {
            !book
                .available(new.side, new.limit_px, new.order_qty)
                .is_zero()
        };
        new.exec_inst.post_only && self.books.get(instrument).is_some_and(found)
    }

    pub(super) fn accept(&mut self, session: u16, instrument: usize, new: NewRequest) -> u64 {
        let id = self.orders.len() as u64 + 1;
        let limit_px = new.limit_px.filter(|_| is_limit(new.ord_type));
        let request = NewRequest { limit_px, ..new };
        self.orders
            .push(Order::new(id, session, instrument, request));
        self.names.insert((session, new.cl_ord_id), id);
        self.alive.insert(id);
        id
    }

    /// Tells that an order is being looked at; false where it is refused at once.
    pub(super) fn pend_new(
        &mut self,
        session: u16,
        new: &NewRequest,
        out: &mut Vec<Report>,
    ) -> bool {
        let Ok(instrument) = self.wrong(session, new) else {
            return false;
        };
        let id = self.accept(session, instrument, *new);
        if let Some(order) = self.order_mut(id) {
            order.pending = Some(Pending::New);
        }
        self.report(id, ExecType::PendingNew, out);
        true
    }

    /// Accepts or refuses an order that was told to be pending.
    pub(super) fn finish_new(
        &mut self,
        session: u16,
        new: &NewRequest,
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        let id = self.names.get(&(session, new.cl_ord_id)).copied();
        let Some(order) = id.and_then(|id| self.order_mut(id)) else {
            return;
        };
        let id = order.id;
        order.pending = None;
        if order.ord_status.is_terminal() {
            return;
        }
        if chances.reject {
            self.set_done(id, OrdStatus::Rejected);
            let Some(order) = self.order(id).copied() else {
                return;
            };
            let report = self.view(&order, ExecType::Rejected);
            out.push(Report::Execution(ExecutionReport {
                ord_rej_reason: Some(OrdRejReason::BrokerOption),
                text: "refused by the venue",
                ..report
            }));
            return;
        }
        self.report(id, ExecType::New, out);
        self.work(id, chances, out);
    }

    /// Trades what an order can trade at once, then rests or ends the remainder.
    pub(super) fn work(&mut self, id: u64, chances: Chances, out: &mut Vec<Report>) {
        let Some(order) = self.order(id).copied() else {
            return;
        };
        if self.is_halted(order.instrument) {
            return self.rest_or_end(id, out);
        }
        let Some(book) = self.books.get_mut(order.instrument) else {
            return;
        };
        let (side, limit, leaves) = (
            order.request.side,
            order.request.limit_px,
            order.leaves_qty(),
        );
        let hidden_px = hidden_px(side, limit, book.external())
            .filter(|_| chances.hidden && !order.request.exec_inst.post_only);
        let found = match hidden_px {
            Some(_) => leaves,
            None => book.available(side, limit, leaves),
        };
        if found < at_once(&order) {
            return self.rest_or_end(id, out);
        }
        let mut fills = std::mem::take(&mut self.fills);
        let left = book.take(side, limit, leaves, &mut fills);
        if let Some(px) = hidden_px.filter(|_| !left.is_zero()) {
            fills.push(Fill {
                resting: None,
                px,
                qty: left,
            });
        }
        for fill in fills.drain(..) {
            self.prints.push((order.instrument, fill.px, fill.qty));
            self.fill(id, fill, out);
            if let Some(resting) = fill.resting {
                self.fill(resting, fill, out);
            }
        }
        self.fills = fills;
        self.rest_or_end(id, out);
    }

    fn rest_or_end(&mut self, id: u64, out: &mut Vec<Report>) {
        let Some(order) = self.order(id).copied() else {
            return;
        };
        if order.ord_status.is_terminal() {
            return;
        }
        if order.can_rest() {
            self.rest(&order);
            if !order.request.exec_inst.all_or_none {
                self.try_aside(order.instrument, out);
            }
        } else {
            // A market order does not rest: what the market does not show is not waited for.
            self.set_done(id, OrdStatus::Canceled);
            self.report(id, ExecType::Canceled, out);
        }
    }

    /// Puts what an order leaves into its book, an all-or-none order beside it.
    pub(super) fn rest(&mut self, order: &Order) {
        let request = order.request;
        if request.exec_inst.all_or_none {
            if let Some(aside) = self.aside.get_mut(order.instrument) {
                aside.push(order.id);
            }
        } else if let Some(book) = self.books.get_mut(order.instrument)
            && let Some(px) = request.limit_px
        {
            let clip = request.max_floor.unwrap_or_default();
            book.rest_iceberg(order.id, request.side, px, (order.leaves_qty(), clip));
        }
    }

    /// Lets all-or-none orders trade that now find their whole quantity.
    fn try_aside(&mut self, instrument: usize, out: &mut Vec<Report>) {
        if self.is_halted(instrument) {
            return;
        }
        let waiting = self.aside.get(instrument).map_or(0, Vec::len);
        for _ in 0..waiting {
            let first = self.aside.get(instrument).into_iter().flatten();
            let ready = first.copied().find(|id| self.finds_whole(*id));
            let Some(id) = ready else {
                return;
            };
            self.unrest(id);
            self.work(id, Chances::default(), out);
        }
    }

    fn finds_whole(&self, id: u64) -> bool {
        let Some(order) = self.order(id) else {
            return false;
        };
        let (request, leaves) = (order.request, order.leaves_qty());
        let book = self.books.get(order.instrument);
        book.is_some_and(|book| book.available(request.side, request.limit_px, leaves) == leaves)
    }

    fn fill(&mut self, id: u64, fill: Fill, out: &mut Vec<Report>) {
        let Some(order) = self.order_mut(id) else {
            return;
        };
        let cum_qty = order.cum_qty.plus(fill.qty);
        order.cum_qty = cum_qty.unwrap_or(order.request.order_qty);
        assert!(
            order.cum_qty <= order.request.order_qty,
            "cum_qty never exceeds order_qty"
        );
        let cum_notional = order.cum_notional.plus(fill.px.times(fill.qty));
        order.cum_notional = cum_notional.unwrap_or(order.cum_notional);
        order.ord_status = order.working_status();
        let order = *order;
        if order.ord_status.is_terminal() {
            self.alive.remove(&id);
        }
        let report = self.view(&order, ExecType::Trade);
        self.trades.push(Trade {
            exec_id: report.exec_id,
            order: id,
            qty: fill.qty,
            px: fill.px,
            state: TradeState::Good,
        });
        out.push(Report::Execution(ExecutionReport {
            last_qty: fill.qty,
            last_px: fill.px,
            ..report
        }));
    }

    /// Ends an order that does not rest any more; what it leaves is cancelled.
    pub(super) fn set_done(&mut self, id: u64, ord_status: OrdStatus) {
        self.alive.remove(&id);
        if let Some(order) = self.order_mut(id) {
            order.canceled_qty = order.leaves_qty();
            order.ord_status = ord_status;
            order.pending = None;
        }
    }

    /// Takes an order out of its book or from beside it.
    pub(super) fn unrest(&mut self, id: u64) {
        let Some(instrument) = self.order(id).map(|order| order.instrument) else {
            return;
        };
        if let Some(book) = self.books.get_mut(instrument) {
            book.remove(id);
        }
        if let Some(aside) = self.aside.get_mut(instrument) {
            aside.retain(|waiting| *waiting != id);
        }
    }

    pub(super) fn report(&mut self, id: u64, exec_type: ExecType, out: &mut Vec<Report>) {
        if let Some(order) = self.order(id).copied() {
            out.push(Report::Execution(self.view(&order, exec_type)));
        }
    }

    /// A report of its own name.
    pub(super) fn view(&mut self, order: &Order, exec_type: ExecType) -> ExecutionReport {
        self.exec_ids += 1;
        state(order, (self.exec_ids, exec_type))
    }

    /// The number of the order of this session under this name, unless the venue has lost it.
    pub(super) fn id_of(&self, session: u16, name: ClOrdId) -> Option<u64> {
        self.known(session, name).map(|order| order.id)
    }

    /// The order of this session under this name, unless the venue has lost it.
    pub(super) fn known(&self, session: u16, name: ClOrdId) -> Option<&Order> {
        let id = self.names.get(&(session, name))?;
        self.order(*id).filter(|order| !order.vanished)
    }

    pub(super) fn order(&self, id: u64) -> Option<&Order> {
        self.orders.get(place(id)?)
    }

    pub(super) fn order_mut(&mut self, id: u64) -> Option<&mut Order> {
        self.orders.get_mut(place(id)?)
    }
}

/// Order 1 stands at place 0; order 0 is none.
fn place(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

/// Whether the venue takes such an order, and as one with a limit.
const fn is_limit(ord_type: OrdType) -> bool {
    matches!(ord_type, OrdType::Limit)
}

/// Why the venue does not offer such an order.
fn unsupported(new: &NewRequest) -> Option<&'static str> {
    if let Some(tag) = new.unsupported {
        return Some(match tag {
            18 => "ExecInst (18) not supported",
            40 => "OrdType (40) not supported",
            59 => "TimeInForce (59) not supported",
            _ => "a characteristic that is not supported",
        });
    }
    if !matches!(new.ord_type, OrdType::Market | OrdType::Limit) {
        return Some("OrdType (40) not supported");
    }
    let is_offered = matches!(
        new.time_in_force,
        TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok
    );
    if !is_offered {
        return Some("TimeInForce (59) not supported");
    }
    let rests =
        is_limit(new.ord_type) && matches!(new.time_in_force, TimeInForce::Day | TimeInForce::Gtc);
    if new.min_qty.is_some() && new.time_in_force != TimeInForce::Ioc {
        return Some("MinQty (110) without TimeInForce (59) 3");
    }
    if new.max_floor.is_some() && !rests {
        return Some("MaxFloor (111) of an order that does not rest");
    }
    if new.exec_inst.post_only && !rests {
        return Some("post-only of an order that does not rest");
    }
    if new.exec_inst.all_or_none && (new.max_floor.is_some() || new.exec_inst.post_only) {
        return Some("all-or-none together with MaxFloor (111) or post-only");
    }
    None
}

/// The least that an order trades at once, if it trades.
fn at_once(order: &Order) -> Qty {
    let whole =
        order.request.time_in_force == TimeInForce::Fok || order.request.exec_inst.all_or_none;
    match order.request.min_qty {
        _ if whole => order.leaves_qty(),
        Some(min_qty) => min_qty,
        None => Qty::ZERO,
    }
}

/// Where an order could meet liquidity that nobody shows: an order that reaches the touch finds
/// more behind it at the same price, an order within the spread is met at its own limit.
fn hidden_px(side: Side, limit: Option<Price>, external: External) -> Option<Price> {
    let (touch, own) = match side {
        Side::Buy => (external.ask, external.bid),
        Side::Sell => (external.bid, external.ask),
    };
    if touch <= Price::ZERO {
        return None;
    }
    if reaches(side, limit, touch) {
        return Some(touch);
    }
    limit.filter(|limit| reaches(side, Some(*limit), own) && *limit != own)
}
