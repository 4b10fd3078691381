//! The venue's orders: what is asked for, what becomes of it, and the reports about it.
//!
//! Pure: no clock, no chance, no bytes. What chance decides comes in as [`Chances`].

use std::collections::HashMap;

use dcx_model::{
    ClOrdId, CxlRejReason, CxlRejResponseTo, ExecType, Notional, OrdRejReason, OrdStatus, OrdType,
    Price, Qty, Side, Symbol, TimeInForce,
};

use super::book::{Book, External, Fill, reaches};
use crate::generator::SimInstrument;

/// A new order, NewOrderSingle (D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// `Symbol` (55).
    pub symbol: Symbol,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: Option<Price>,
}

/// What a session may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// NewOrderSingle (D).
    New(NewRequest),
    /// OrderCancelRequest (F).
    Cancel {
        /// The request's own name.
        cl_ord_id: ClOrdId,
        /// The order.
        orig_cl_ord_id: ClOrdId,
    },
    /// OrderCancelReplaceRequest (G).
    Replace {
        /// The order's new name.
        cl_ord_id: ClOrdId,
        /// The order.
        orig_cl_ord_id: ClOrdId,
        /// The new total quantity.
        order_qty: Qty,
        /// The new limit.
        limit_px: Option<Price>,
    },
    /// OrderStatusRequest (H).
    Status {
        /// The order.
        cl_ord_id: ClOrdId,
        /// For an answer about an unknown order.
        symbol: Symbol,
        /// For an answer about an unknown order.
        side: Side,
    },
}

/// What chance has in store for an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// It is refused without a reason that its sender could know.
    pub reject: bool,
    /// It meets liquidity that nobody shows: within the spread, or behind the touch.
    pub hidden: bool,
}

/// ExecutionReport (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionReport {
    /// The session that it goes to.
    pub session: u16,
    /// `OrderID` (37); zero for none.
    pub order_id: u64,
    /// `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// `OrigClOrdID` (41).
    pub orig_cl_ord_id: Option<ClOrdId>,
    /// `ExecID` (17); zero for an answer to a status request.
    pub exec_id: u64,
    /// `ExecType` (150).
    pub exec_type: ExecType,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `OrdRejReason` (103).
    pub ord_rej_reason: Option<OrdRejReason>,
    /// `Symbol` (55).
    pub symbol: Symbol,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: Option<Price>,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `LeavesQty` (151).
    pub leaves_qty: Qty,
    /// `LastQty` (32); zero but for a trade.
    pub last_qty: Qty,
    /// `LastPx` (31).
    pub last_px: Price,
    /// `AvgPx` (6).
    pub avg_px: Price,
    /// `Text` (58).
    pub text: &'static str,
}

/// OrderCancelReject (9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRejected {
    /// The session that it goes to.
    pub session: u16,
    /// `OrderID` (37); zero for none.
    pub order_id: u64,
    /// `ClOrdID` (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `CxlRejResponseTo` (434).
    pub response_to: CxlRejResponseTo,
    /// `CxlRejReason` (102).
    pub cxl_rej_reason: CxlRejReason,
    /// `Text` (58).
    pub text: &'static str,
}

/// What the venue tells a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// ExecutionReport (8).
    Execution(ExecutionReport),
    /// OrderCancelReject (9).
    CancelRejected(CancelRejected),
}

#[derive(Clone, Copy, Debug)]
struct Order {
    id: u64,
    session: u16,
    instrument: usize,
    /// Under its newest name.
    request: NewRequest,
    cum_qty: Qty,
    cum_notional: Notional,
    ord_status: OrdStatus,
}

impl Order {
    const fn leaves_qty(&self) -> Qty {
        if self.ord_status.is_terminal() {
            return Qty::ZERO;
        }
        self.request.order_qty.saturating_minus(self.cum_qty)
    }
}

/// One venue: its instruments, their books, all orders it ever got.
#[derive(Debug)]
pub struct Exchange {
    instruments: Vec<SimInstrument>,
    books: Vec<Book>,
    orders: Vec<Order>,
    /// Every name a session ever gave. Looked up only, never iterated.
    names: HashMap<(u16, ClOrdId), u64>,
    exec_ids: u64,
    fills: Vec<Fill>,
}

impl Exchange {
    /// A venue that lists these.
    #[must_use]
    pub fn new(instruments: Vec<SimInstrument>) -> Self {
        Self {
            books: vec![Book::new(); instruments.len()],
            instruments,
            orders: Vec::new(),
            names: HashMap::new(),
            exec_ids: 0,
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

    /// How many orders rest.
    #[must_use]
    pub fn working(&self) -> usize {
        self.books.iter().map(Book::len).sum()
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
            } => self.cancel(session, (cl_ord_id, orig_cl_ord_id), out),
            Request::Replace {
                cl_ord_id,
                orig_cl_ord_id,
                order_qty,
                limit_px,
            } => {
                let names = (cl_ord_id, orig_cl_ord_id);
                self.replace(session, names, (order_qty, limit_px), out);
            }
            Request::Status {
                cl_ord_id,
                symbol,
                side,
            } => self.status(session, cl_ord_id, (symbol, side), out),
        }
    }

    /// Takes a quote of the recorded market; resting orders that it crosses are filled.
    pub fn quote(&mut self, instrument: usize, external: External, out: &mut Vec<Report>) {
        let Some(book) = self.books.get_mut(instrument) else {
            return;
        };
        let mut fills = std::mem::take(&mut self.fills);
        book.quote(external, &mut fills);
        for fill in fills.drain(..) {
            if let Some(resting) = fill.resting {
                self.fill(resting, fill, out);
            }
        }
        self.fills = fills;
    }

    fn new_order(
        &mut self,
        session: u16,
        new: NewRequest,
        chances: Chances,
        out: &mut Vec<Report>,
    ) {
        let (reason, text) = match self.wrong(session, &new) {
            Err(wrong) => wrong,
            Ok(_) if chances.reject => (OrdRejReason::BrokerOption, "refused by the venue"),
            Ok(instrument) => {
                let id = self.accept(session, instrument, new, out);
                return self.work(id, chances, out);
            }
        };
        // A name that was used belongs to another order, which this refusal must not touch.
        if reason != OrdRejReason::Duplicate {
            self.names.insert((session, new.cl_ord_id), 0);
        }
        self.exec_ids += 1;
        out.push(Report::Execution(ExecutionReport {
            ord_rej_reason: Some(reason),
            text,
            ..unknown(session, new, (self.exec_ids, ExecType::Rejected))
        }));
    }

    /// Which instrument it is for, or why it cannot be taken.
    fn wrong(&self, session: u16, new: &NewRequest) -> Result<usize, (OrdRejReason, &'static str)> {
        if self.names.contains_key(&(session, new.cl_ord_id)) {
            return Err((OrdRejReason::Duplicate, "ClOrdID (11) was used before"));
        }
        let Some(instrument) = self.find(new.symbol.as_bytes()) else {
            return Err((OrdRejReason::UnknownSymbol, "unknown Symbol (55)"));
        };
        let text = self.wrong_numbers(instrument, new.ord_type, (new.order_qty, new.limit_px));
        match text {
            Some(text) => Err((OrdRejReason::IncorrectQty, text)),
            None => Ok(instrument),
        }
    }

    fn wrong_numbers(
        &self,
        instrument: usize,
        ord_type: OrdType,
        (order_qty, limit_px): (Qty, Option<Price>),
    ) -> Option<&'static str> {
        let SimInstrument { tick, lot, .. } = *self.instruments.get(instrument)?;
        if order_qty.is_zero() || !order_qty.is_multiple_of(lot) {
            return Some("OrderQty (38) is not a positive multiple of the lot");
        }
        match (ord_type, limit_px) {
            (OrdType::Limit, None) => Some("a limit order without Price (44)"),
            (OrdType::Limit, Some(px)) if px <= Price::ZERO || !px.is_multiple_of(tick) => {
                Some("Price (44) is not a positive multiple of the tick")
            }
            (OrdType::Limit, Some(_)) | (OrdType::Market, _) => None,
        }
    }

    fn accept(
        &mut self,
        session: u16,
        instrument: usize,
        new: NewRequest,
        out: &mut Vec<Report>,
    ) -> u64 {
        let id = self.orders.len() as u64 + 1;
        let limit_px = match new.ord_type {
            OrdType::Market => None,
            OrdType::Limit => new.limit_px,
        };
        self.orders.push(Order {
            id,
            session,
            instrument,
            request: NewRequest { limit_px, ..new },
            cum_qty: Qty::ZERO,
            cum_notional: Notional::ZERO,
            ord_status: OrdStatus::New,
        });
        self.names.insert((session, new.cl_ord_id), id);
        self.report(id, ExecType::New, out);
        id
    }

    /// Trades what an order can trade at once, then rests or ends the remainder.
    fn work(&mut self, id: u64, chances: Chances, out: &mut Vec<Report>) {
        let Some(order) = self.order(id).copied() else {
            return;
        };
        let Some(book) = self.books.get_mut(order.instrument) else {
            return;
        };
        let (side, limit, leaves) = (
            order.request.side,
            order.request.limit_px,
            order.leaves_qty(),
        );
        let hidden_px = hidden_px(side, limit, book.external()).filter(|_| chances.hidden);
        let whole = book.available(side, limit, leaves) == leaves || hidden_px.is_some();
        let fok = order.request.time_in_force == TimeInForce::Fok;
        if fok && !whole {
            return self.end(id, OrdStatus::Canceled, out);
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
        let request = order.request;
        match (request.limit_px, request.time_in_force) {
            (Some(px), TimeInForce::Day | TimeInForce::Gtc) => {
                if let Some(book) = self.books.get_mut(order.instrument) {
                    book.rest(id, request.side, px, order.leaves_qty());
                }
            }
            // A market order does not rest: what the market does not show is not waited for.
            (None, _) | (_, TimeInForce::Ioc | TimeInForce::Fok) => {
                self.end(id, OrdStatus::Canceled, out);
            }
        }
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
        order.ord_status = if order.cum_qty == order.request.order_qty {
            OrdStatus::Filled
        } else {
            OrdStatus::PartiallyFilled
        };
        let order = *order;
        let report = self.view(&order, ExecType::Trade);
        out.push(Report::Execution(ExecutionReport {
            last_qty: fill.qty,
            last_px: fill.px,
            ..report
        }));
    }

    fn end(&mut self, id: u64, ord_status: OrdStatus, out: &mut Vec<Report>) {
        if let Some(order) = self.order_mut(id) {
            order.ord_status = ord_status;
        }
        self.report(id, ExecType::Canceled, out);
    }

    fn cancel(&mut self, session: u16, names: (ClOrdId, ClOrdId), out: &mut Vec<Report>) {
        let id = match self.changeable(session, names) {
            Ok(id) => id,
            Err(why) => return self.reject(session, names, CxlRejResponseTo::Cancel, why, out),
        };
        self.names.insert((session, names.0), id);
        self.unrest(id);
        if let Some(order) = self.order_mut(id) {
            order.ord_status = OrdStatus::Canceled;
        }
        self.answer(id, ExecType::Canceled, names, out);
    }

    fn replace(
        &mut self,
        session: u16,
        names: (ClOrdId, ClOrdId),
        (order_qty, limit_px): (Qty, Option<Price>),
        out: &mut Vec<Report>,
    ) {
        let id = match self.replaceable(session, names, (order_qty, limit_px)) {
            Ok(id) => id,
            Err(why) => return self.reject(session, names, CxlRejResponseTo::Replace, why, out),
        };
        self.names.insert((session, names.0), id);
        let Some(order) = self.order_mut(id) else {
            return;
        };
        let before = order.request;
        order.request.cl_ord_id = names.0;
        order.request.order_qty = order_qty;
        order.request.limit_px = limit_px;
        let instrument = order.instrument;
        self.answer(id, ExecType::Replaced, names, out);
        // Only a smaller quantity at the same price keeps its place in the queue.
        if before.limit_px == limit_px && order_qty <= before.order_qty {
            if let Some(book) = self.books.get_mut(instrument) {
                book.reduce(id, before.order_qty.saturating_minus(order_qty));
            }
            return;
        }
        self.unrest(id);
        self.work(id, Chances::default(), out);
    }

    fn replaceable(
        &self,
        session: u16,
        names: (ClOrdId, ClOrdId),
        (order_qty, limit_px): (Qty, Option<Price>),
    ) -> Result<u64, (CxlRejReason, &'static str)> {
        let id = self.changeable(session, names)?;
        let unknown = (CxlRejReason::UnknownOrder, "unknown order");
        let order = self.order(id).ok_or(unknown)?;
        let numbers = (order_qty, limit_px);
        match self.wrong_numbers(order.instrument, order.request.ord_type, numbers) {
            Some(text) => Err((CxlRejReason::Other, text)),
            None if order_qty <= order.cum_qty => {
                Err((CxlRejReason::TooLate, "OrderQty (38) is already filled"))
            }
            None => Ok(id),
        }
    }

    /// The working order that a cancel or replace is about, or why there is none.
    fn changeable(
        &self,
        session: u16,
        (cl_ord_id, orig_cl_ord_id): (ClOrdId, ClOrdId),
    ) -> Result<u64, (CxlRejReason, &'static str)> {
        if self.names.contains_key(&(session, cl_ord_id)) {
            return Err((
                CxlRejReason::DuplicateClOrdId,
                "ClOrdID (11) was used before",
            ));
        }
        let id = self.names.get(&(session, orig_cl_ord_id));
        let Some(order) = id.and_then(|id| self.order(*id)) else {
            return Err((CxlRejReason::UnknownOrder, "unknown OrigClOrdID (41)"));
        };
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
        (cl_ord_id, orig_cl_ord_id): (ClOrdId, ClOrdId),
        response_to: CxlRejResponseTo,
        (cxl_rej_reason, text): (CxlRejReason, &'static str),
        out: &mut Vec<Report>,
    ) {
        let known = self.names.get(&(session, orig_cl_ord_id));
        let order = known.and_then(|id| self.order(*id));
        out.push(Report::CancelRejected(CancelRejected {
            session,
            order_id: order.map_or(0, |order| order.id),
            cl_ord_id,
            orig_cl_ord_id,
            // FIX 4.4, tag 39 in OrderCancelReject: Rejected where the order is unknown.
            ord_status: order.map_or(OrdStatus::Rejected, |order| order.ord_status),
            response_to,
            cxl_rej_reason,
            text,
        }));
    }

    fn status(
        &self,
        session: u16,
        cl_ord_id: ClOrdId,
        (symbol, side): (Symbol, Side),
        out: &mut Vec<Report>,
    ) {
        let known = self.names.get(&(session, cl_ord_id));
        let report = match known.and_then(|id| self.order(*id)) {
            Some(order) => state(order, (0, ExecType::OrderStatus)),
            None => {
                let asked = NewRequest {
                    cl_ord_id,
                    symbol,
                    side,
                    ord_type: OrdType::Market,
                    time_in_force: TimeInForce::Day,
                    order_qty: Qty::ZERO,
                    limit_px: None,
                };
                ExecutionReport {
                    text: "unknown order",
                    ..unknown(session, asked, (0, ExecType::OrderStatus))
                }
            }
        };
        out.push(Report::Execution(report));
    }

    fn unrest(&mut self, id: u64) {
        let instrument = self.order(id).map(|order| order.instrument);
        if let Some(book) = instrument.and_then(|ix| self.books.get_mut(ix)) {
            book.remove(id);
        }
    }

    fn report(&mut self, id: u64, exec_type: ExecType, out: &mut Vec<Report>) {
        if let Some(order) = self.order(id).copied() {
            out.push(Report::Execution(self.view(&order, exec_type)));
        }
    }

    /// The report that answers a request: under the request's name.
    fn answer(
        &mut self,
        id: u64,
        exec_type: ExecType,
        (cl_ord_id, orig_cl_ord_id): (ClOrdId, ClOrdId),
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

    /// A report of its own name.
    fn view(&mut self, order: &Order, exec_type: ExecType) -> ExecutionReport {
        self.exec_ids += 1;
        state(order, (self.exec_ids, exec_type))
    }

    fn order(&self, id: u64) -> Option<&Order> {
        self.orders.get(place(id)?)
    }

    fn order_mut(&mut self, id: u64) -> Option<&mut Order> {
        self.orders.get_mut(place(id)?)
    }
}

/// Order 1 stands at place 0; order 0 is none.
fn place(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}

/// The report about an order as it stands.
fn state(order: &Order, (exec_id, exec_type): (u64, ExecType)) -> ExecutionReport {
    let request = order.request;
    ExecutionReport {
        session: order.session,
        order_id: order.id,
        cl_ord_id: request.cl_ord_id,
        orig_cl_ord_id: None,
        exec_id,
        exec_type,
        ord_status: order.ord_status,
        ord_rej_reason: None,
        symbol: request.symbol,
        side: request.side,
        ord_type: request.ord_type,
        time_in_force: request.time_in_force,
        order_qty: request.order_qty,
        limit_px: request.limit_px,
        cum_qty: order.cum_qty,
        leaves_qty: order.leaves_qty(),
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        avg_px: order.cum_notional.average(order.cum_qty),
        text: "",
    }
}

/// The report about an order that the venue does not keep.
fn unknown(
    session: u16,
    request: NewRequest,
    (exec_id, exec_type): (u64, ExecType),
) -> ExecutionReport {
    ExecutionReport {
        session,
        order_id: 0,
        cl_ord_id: request.cl_ord_id,
        orig_cl_ord_id: None,
        exec_id,
        exec_type,
        ord_status: OrdStatus::Rejected,
        ord_rej_reason: None,
        symbol: request.symbol,
        side: request.side,
        ord_type: request.ord_type,
        time_in_force: request.time_in_force,
        order_qty: request.order_qty,
        limit_px: request.limit_px,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        avg_px: Price::ZERO,
        text: "",
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
