//! An engine among mock venues, and everything that it is told.

use std::collections::{HashMap, VecDeque};

use dcx_engine::{Engine, Outbox};
use dcx_model::{
    AccountId, CancelRequest, ChildId, ChildOrder, ClOrdId, Command, Event, ExecType, InstrumentId,
    LimitPx, MarketTrade, MonoNanos, Nanos, NewOrder, OrdStatus, OrdType, OrderFlags, OrderId,
    Price, Qty, Quote, ReplaceRequest, Seq, Sequenced, SessionId, Side, TimeInForce, UnixNanos,
    VenueId, VenueReport,
};

use super::setup::strategy;
use super::{GROUP, Shape};

/// Venues that quote and fill.
pub(super) const VENUES: u8 = 3;
/// Commands between two quotes, and between two trades in the market.
const QUOTE_EVERY: u64 = 8;
const PRINT_EVERY: u64 = 16;
/// Nanoseconds from one group to the next: a million commands a second.
const GROUP_NS: u64 = GROUP as u64 * 1_000;
/// `at` of the first group.
const START_NS: u64 = 1_700_000_000_000_000_000;
/// Quantities before one comes again: the same order is not sent twice in a short time.
const QTYS: u64 = 20_011;
/// Orders that are done and may still be asked to be cancelled.
const DONE: usize = 64;

/// One order that works, as its client and its venue know it.
#[derive(Clone, Copy)]
struct Working {
    order: OrderId,
    session: SessionId,
    cl_ord_id: ClOrdId,
    instrument: InstrumentId,
    side: Side,
    order_qty: Qty,
    limit_px: LimitPx,
    /// Its child at a venue, once that is resting there.
    resting: Option<(VenueId, ChildId, Qty)>,
}

pub(super) struct Recorder {
    pub(super) shape: Shape,
    engine: Engine,
    outbox: Outbox,
    seq: u64,
    at: u64,
    /// Commands at this time so far, besides the engine's timers.
    in_group: usize,
    random: u64,
    taken: Vec<Sequenced>,
    reports: VecDeque<Command>,
    working: Vec<Working>,
    places: HashMap<OrderId, usize>,
    done: VecDeque<(SessionId, ClOrdId)>,
    ids: u64,
    exec_ids: u64,
    /// Children only rest: while the book is filled.
    filling: bool,
}

impl Recorder {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            engine: Engine::new(),
            outbox: Outbox::new(),
            seq: 0,
            at: START_NS,
            in_group: 0,
            random: shape.seed | 1,
            taken: Vec::with_capacity(shape.commands + 64),
            reports: VecDeque::new(),
            working: Vec::with_capacity(shape.working + 64),
            places: HashMap::with_capacity(shape.working + 64),
            done: VecDeque::new(),
            ids: 0,
            exec_ids: 0,
            filling: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.taken.len()
    }

    /// What was recorded since this was last asked.
    pub(super) fn take_recorded(&mut self) -> Vec<Sequenced> {
        let room = Vec::with_capacity(self.shape.commands + 64);
        std::mem::replace(&mut self.taken, room)
    }

    /// Sends orders that rest until as many work as the shape asks for.
    pub(super) fn fill_book(&mut self) {
        self.filling = true;
        while self.working.len() < self.shape.working || !self.reports.is_empty() {
            self.step();
        }
        self.filling = false;
    }

    /// Gives the engine a command and keeps both it and what the venues will answer.
    pub(super) fn take(&mut self, command: Command) {
        if self.in_group == GROUP {
            self.pass(Nanos::new(GROUP_NS));
        }
        self.in_group += 1;
        self.apply(command);
    }

    /// Lets time pass. The engine is woken as the sequencer does it: what is due at the end of a
    /// group comes after it, what is due later before the next.
    pub(super) fn pass(&mut self, span: Nanos) {
        while self.is_due() {
            self.apply(Command::Wake);
        }
        self.at += span.get();
        self.in_group = 0;
        if self.is_due() {
            self.apply(Command::Wake);
        }
    }

    fn is_due(&self) -> bool {
        self.engine.wake_at().is_some_and(|at| at.get() <= self.at)
    }

    fn apply(&mut self, command: Command) {
        self.seq += 1;
        let (seq, at) = (Seq::new(self.seq), UnixNanos::new(self.at));
        self.engine.apply(at, seq, &command, &mut self.outbox);
        self.taken.push(Sequenced {
            seq,
            at,
            received: MonoNanos::default(),
            command,
        });
        for ix in 0..self.outbox.events().len() {
            self.follow(&command, self.outbox.events()[ix]);
        }
    }

    fn follow(&mut self, command: &Command, event: Event) {
        match event {
            Event::Accepted { view, .. } => {
                let Command::NewOrder(order) = command else {
                    return;
                };
                self.places.insert(view.order, self.working.len());
                self.working.push(Working {
                    order: view.order,
                    session: order.session,
                    cl_ord_id: order.cl_ord_id,
                    instrument: order.instrument,
                    side: order.side,
                    order_qty: order.order_qty,
                    limit_px: order.limit_px,
                    resting: None,
                });
            }
            Event::ChildSent(child) => self.answer(&child),
            Event::ChildCancel(cancel) => {
                let report = self.report(cancel.venue, cancel.child, ExecType::Canceled);
                self.reports.push_back(Command::VenueReport(VenueReport {
                    ord_status: OrdStatus::Canceled,
                    ..report
                }));
            }
            Event::Canceled { view, .. } | Event::Expired { view } => self.forget(view.order),
            _ => {}
        }
    }

    /// A third of the children rests, a third fills at once, a third fills in two parts.
    fn answer(&mut self, child: &ChildOrder) {
        let new = self.report(child.venue, child.child, ExecType::New);
        self.reports.push_back(Command::VenueReport(VenueReport {
            leaves_qty: child.order_qty,
            ..new
        }));
        let px = child.limit_px.price();
        let px = px.unwrap_or(Price::from_units(110_000_000));
        let half = Qty::whole(child.order_qty.units() / 2 / dcx_model::SCALE);
        let drawn = if self.filling { 0 } else { self.draw(3) };
        let (first, second) = match drawn {
            0 if child.ord_type == OrdType::Limit => {
                let resting = Some((child.venue, child.child, child.order_qty));
                let place = self.places.get(&child.order);
                if let Some(working) = place.and_then(|place| self.working.get_mut(*place)) {
                    working.resting = resting;
                }
                return;
            }
            1 => (child.order_qty, Qty::ZERO),
            _ => (half, child.order_qty.saturating_minus(half)),
        };
        self.forget(child.order);
        let mut cum_qty = Qty::ZERO;
        for last_qty in [first, second] {
            if last_qty.is_zero() {
                continue;
            }
            cum_qty = Qty::from_units(cum_qty.units() + last_qty.units());
            let leaves_qty = child.order_qty.saturating_minus(cum_qty);
            let trade = self.report(child.venue, child.child, ExecType::Trade);
            self.reports.push_back(Command::VenueReport(VenueReport {
                ord_status: if leaves_qty.is_zero() {
                    OrdStatus::Filled
                } else {
                    OrdStatus::PartiallyFilled
                },
                last_qty,
                last_px: px,
                cum_qty,
                leaves_qty,
                ..trade
            }));
        }
    }

    fn report(&mut self, venue: VenueId, child: ChildId, exec_type: ExecType) -> VenueReport {
        self.exec_ids += 1;
        VenueReport {
            venue,
            child,
            exec_id: text(&format!("E{}", self.exec_ids)),
            exec_type,
            ..VenueReport::EMPTY
        }
    }

    pub(super) fn step(&mut self) {
        if self.seq.is_multiple_of(QUOTE_EVERY) {
            let venue = VenueId::new(u8::try_from(self.draw(VENUES.into())).unwrap_or_default());
            let instrument = self.any_instrument();
            self.quote(venue, instrument);
        }
        if self.seq % PRINT_EVERY == 3 {
            let instrument = self.any_instrument();
            self.print(instrument);
        }
        if let Some(report) = self.reports.pop_front() {
            return self.take(report);
        }
        if self.filling {
            return self.new_order();
        }
        match self.draw(10) {
            0 => self.replace_one(),
            1 => self.cancel_done(),
            _ if self.working.len() < self.shape.working => self.new_order(),
            2..8 => self.cancel_one(),
            _ => self.fill_one(),
        }
    }

    fn new_order(&mut self) {
        let session = SessionId::new(self.small(self.shape.sessions.into()));
        let (account, takes) = self.any_account();
        let traded = self.draw(self.shape.instruments_per_account.into());
        // Accounts trade different instruments, some the same.
        let instrument = (account * 97 + traded) % u64::from(self.shape.instruments);
        // An account buys in most of its orders or sells in most of them: its positions grow, and
        // its orders are measured, which those that reduce are not.
        let grows = self.draw(8) != 0;
        let side = if (account % 2 == 0) == grows {
            Side::Buy
        } else {
            Side::Sell
        };
        // Never at the same price as one of the other side.
        let away = i64::try_from(1 + self.draw(20)).unwrap_or_default() * 1_000;
        let px = Price::from_units(110_000_000 + if side == Side::Buy { -away } else { away });
        let cl_ord_id = self.cl_ord_id();
        let strategy = strategy(self.draw(self.shape.strategies.into()));
        self.take(Command::NewOrder(NewOrder {
            session,
            account: AccountId::new(u32::try_from(account).expect("few accounts")),
            cl_ord_id,
            instrument: InstrumentId::new(u32::try_from(instrument).expect("few instruments")),
            side,
            ord_type: if takes {
                OrdType::Market
            } else {
                OrdType::Limit
            },
            time_in_force: if takes {
                TimeInForce::Ioc
            } else {
                TimeInForce::Day
            },
            order_qty: Qty::whole(100 + self.ids * 7_919 % QTYS),
            limit_px: if takes { LimitPx::NONE } else { px.into() },
            transact_time: UnixNanos::new(self.at),
            strategy,
            flags: match side {
                Side::Buy => OrderFlags::NONE,
                Side::Sell => OrderFlags::SHORT_SALE.with(OrderFlags::LOCATED),
            },
            ..NewOrder::PLAIN
        }));
    }

    fn cancel_one(&mut self) {
        let Some(working) = self.pick() else {
            return self.new_order();
        };
        self.cancel(working.session, working.cl_ord_id);
    }

    /// A client that does not know yet that its order is filled.
    fn cancel_done(&mut self) {
        let Some((session, cl_ord_id)) = self.done.pop_front() else {
            return self.new_order();
        };
        self.cancel(session, cl_ord_id);
    }

    fn cancel(&mut self, session: SessionId, orig_cl_ord_id: ClOrdId) {
        let cl_ord_id = self.cl_ord_id();
        self.take(Command::Cancel(CancelRequest {
            session,
            cl_ord_id,
            orig_cl_ord_id,
            transact_time: UnixNanos::new(self.at),
        }));
    }

    fn replace_one(&mut self) {
        let Some(working) = self.pick() else {
            return self.new_order();
        };
        let cl_ord_id = self.cl_ord_id();
        let order_qty = Qty::from_units(working.order_qty.units() + Qty::whole(1).units());
        if let Some(place) = self.places.get(&working.order)
            && let Some(kept) = self.working.get_mut(*place)
        {
            (kept.cl_ord_id, kept.order_qty, kept.resting) = (cl_ord_id, order_qty, None);
        }
        self.take(Command::Replace(ReplaceRequest {
            session: working.session,
            cl_ord_id,
            orig_cl_ord_id: working.cl_ord_id,
            instrument: working.instrument,
            side: working.side,
            ord_type: OrdType::Limit,
            time_in_force: TimeInForce::Day,
            order_qty,
            limit_px: working.limit_px,
            transact_time: UnixNanos::new(self.at),
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
        }));
    }

    /// A venue fills an order that rested.
    fn fill_one(&mut self) {
        let picked = self.pick();
        let Some((working, (venue, child, qty))) = picked.and_then(|one| Some((one, one.resting?)))
        else {
            return self.new_order();
        };
        self.forget(working.order);
        let trade = self.report(venue, child, ExecType::Trade);
        self.take(Command::VenueReport(VenueReport {
            ord_status: OrdStatus::Filled,
            last_qty: qty,
            last_px: working.limit_px.price().unwrap_or_default(),
            cum_qty: qty,
            ..trade
        }));
    }

    /// Any order that rests: with many, one that is in no cache.
    fn pick(&mut self) -> Option<Working> {
        let place = self.draw(self.working.len().max(1) as u64);
        let place = usize::try_from(place).unwrap_or_default();
        let picked = self.working.get(place).copied();
        picked.filter(|working| working.resting.is_some())
    }

    /// It is done, or will be before its client knows.
    fn forget(&mut self, order: OrderId) {
        let Some(place) = self.places.remove(&order) else {
            return;
        };
        let gone = self.working.swap_remove(place);
        if let Some(moved) = self.working.get(place) {
            self.places.insert(moved.order, place);
        }
        self.done.push_back((gone.session, gone.cl_ord_id));
        if self.done.len() > DONE {
            self.done.pop_front();
        }
    }

    pub(super) fn quote(&mut self, venue: VenueId, instrument: InstrumentId) {
        let away = i64::try_from(self.draw(5)).unwrap_or_default() * 1_000 + 1_000;
        self.take(Command::Quote(Quote {
            venue,
            instrument,
            bid_px: Price::from_units(110_000_000 - away).into(),
            bid_qty: Qty::whole(1_000_000),
            ask_px: Price::from_units(110_000_000 + away).into(),
            ask_qty: Qty::whole(1_000_000),
            quote_time: UnixNanos::new(self.at),
        }));
    }

    /// A trade of others.
    pub(super) fn print(&mut self, instrument: InstrumentId) {
        let qty = Qty::whole(100 + self.draw(10_000));
        self.take(Command::MarketTrade(MarketTrade {
            venue: VenueId::new(0),
            instrument,
            px: Price::from_units(110_000_000),
            qty,
            trade_time: UnixNanos::new(self.at),
        }));
    }

    fn any_instrument(&mut self) -> InstrumentId {
        let number = self.draw(self.shape.instruments.into());
        InstrumentId::new(u32::try_from(number).expect("fewer than 2^32 instruments"))
    }

    /// An account, and whether it takes: every fourth sends market orders only, half as often as
    /// others send theirs. Nothing of it rests that they could trade with.
    fn any_account(&mut self) -> (u64, bool) {
        let account = self.draw(self.shape.accounts.into());
        let takes = account % 4 == 3;
        if takes && (self.filling || self.draw(2) == 0) {
            return (account - 1, false);
        }
        (account, takes)
    }

    fn small(&mut self, below: u64) -> u16 {
        u16::try_from(self.draw(below)).expect("a small number")
    }

    fn cl_ord_id(&mut self) -> ClOrdId {
        self.ids += 1;
        text(&format!("ORDER-{}", self.ids))
    }

    /// The next number below `below` (xorshift64*, Vigna 2016): the mix needs no better.
    pub(super) const fn draw(&mut self, below: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

pub(super) fn text<const N: usize>(value: &str) -> dcx_model::Text<N> {
    value.parse().expect("a short printable text")
}
