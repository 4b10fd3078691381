//! One run: random commands to the engine and to the twin, and what each says of them.

use std::collections::BTreeMap;

use dcx_engine::{Engine, Outbox};
use dcx_model::*;
use dcx_stats::Draws;

use crate::judge::{Passed, economics};
use crate::model::{
    ACCOUNTS, Deal, Holder, INSTRUMENTS, MID, Model, ORDERS_OPEN_MAX, Open, Proposal, SESSIONS,
    STRATEGIES, VENUES, instrument, who,
};

pub(crate) const START: u64 = 1_760_000_000_000_000_000;
const LOT: u64 = 1_000_000_000;
const TICK: i64 = 1_000;
const SECOND: u64 = 1_000_000_000;

/// How often each outcome was seen; none is an order or replace that passed.
pub(crate) type Seen = BTreeMap<Option<Code>, u64>;

/// A child order as its venue sees it.
#[derive(Clone, Copy, Debug)]
struct Child {
    order: ChildOrder,
    leaves: u64,
    filled: u64,
    cancels: bool,
    done: bool,
}

pub(crate) struct Run {
    engine: Engine,
    outbox: Outbox,
    seq: Seq,
    draws: Draws,
    pub(crate) model: Model,
    children: Vec<Child>,
    holders: BTreeMap<OrderId, Holder>,
    numbers: u64,
    pub(crate) sent: u64,
    pub(crate) seen: Seen,
    pub(crate) nears: u64,
    mids: [i64; INSTRUMENTS],
}

fn operator(name: &str) -> Operator {
    Operator {
        author: name.parse().expect("a name"),
        reason: "because".parse().expect("a reason"),
    }
}

fn whole(count: i128) -> i128 {
    count * 10_000_000_000_000_000
}

impl Run {
    pub(crate) fn new(seed: u64) -> Self {
        let mut run = Self {
            engine: Engine::new(),
            outbox: Outbox::new(),
            seq: Seq::new(0),
            draws: Draws::new(seed),
            model: Model {
                at: START,
                ..Model::default()
            },
            children: Vec::new(),
            holders: BTreeMap::new(),
            numbers: 0,
            sent: 0,
            seen: Seen::new(),
            nears: 0,
            mids: [MID; INSTRUMENTS],
        };
        run.begin(seed);
        run
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.draws.bits() % bound
    }

    /// Once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn begin(&mut self, seed: u64) {
        self.model.reject_without_venue = self.once_in(2);
        let on_no_venue = if self.model.reject_without_venue {
            OnNoVenue::Reject
        } else {
            OnNoVenue::Hold
        };
        self.apply(Command::Configure(Configure {
            seed,
            orders_open_max: u32::try_from(ORDERS_OPEN_MAX).expect("few"),
            ids_kept_max: 20_000,
            on_no_venue,
            route_attempts_max: 2,
            answer_timeout: Nanos::from_seconds(1_000_000),
            reconcile_interval: Nanos::ZERO,
            ..Configure::DEFAULT
        }));
        for venue in 0..VENUES {
            self.apply(Command::DefineVenue(Venue {
                id: VenueId::new(venue),
                name: format!("V{venue}").parse().expect("a name"),
                fee_centi_bps: 0,
                features: VenueFeatures::POST_ONLY,
            }));
            self.apply(Command::VenueState {
                venue: VenueId::new(venue),
                up: true,
            });
        }
        for id in (0_u32..).take(INSTRUMENTS) {
            self.apply(Command::DefineInstrument(instrument(id)));
        }
        if self.once_in(3) {
            self.apply(Command::DefineHours(TradingHours {
                instrument: InstrumentId::new(2),
                open_s: 6 * 3_600,
                close_s: 20 * 3_600,
                weekdays: 127,
                close_lead: Nanos::ZERO,
            }));
            self.model.hours.insert(2, (6 * 3_600, 20 * 3_600));
        }
        for scope in all_scopes() {
            for limit in Limit::ALL {
                if limit.levels().contains(&scope.level()) {
                    self.begin_limit(scope, *limit);
                }
            }
        }
        for id in (0_u32..).take(INSTRUMENTS) {
            self.quote(id);
        }
    }

    /// What the configuration says of a limit: something tight now and then, something wide where
    /// it is required, nothing else.
    fn begin_limit(&mut self, scope: Scope, limit: Limit) {
        let rare = matches!(limit, Limit::VarEwmaMax | Limit::VarHistoricalMax);
        let tight = self.once_in(if rare { 30 } else { 6 });
        let required = limit.required_at().contains(&scope.level());
        // Without one of these nothing passes at all: seldom.
        let forgotten = self.once_in(if scope == Scope::Firm { 100 } else { 4_000 });
        let value = if tight {
            self.tight(limit)
        } else if required && !forgotten {
            wide(limit)
        } else if limit == Limit::PrevCloseAllowed || limit == Limit::CrossedBpsMax {
            i128::from(self.below(2))
        } else {
            return;
        };
        self.set_limit(LimitChange::configured(scope, limit, value));
    }

    /// A number that stops some of what this run sends.
    fn tight(&mut self, limit: Limit) -> i128 {
        let some = i128::from(self.below(100));
        match limit {
            Limit::OrderQtyMax => (350 + 2 * some) * 100_000_000,
            Limit::OrderNotionalMax => whole(400 + 4 * some),
            Limit::CollarBps => 20 + some / 4,
            Limit::QuoteAgeMax => (500 + some * 20) * 1_000_000,
            Limit::PrevCloseAllowed | Limit::LocateRequired => 1,
            Limit::BandBps => 15 + some / 4,
            Limit::BandWindow => (1_000 + some * 60) * 1_000_000,
            Limit::TypicalMultiple => 1_500 + 10 * some,
            Limit::PositionLongMax | Limit::PositionShortMax => (600 + 10 * some) * 100_000_000,
            Limit::GrossMax => whole(1_500 + 40 * some),
            Limit::NetMax => whole(1_000 + 20 * some),
            Limit::CreditMax => whole(800 + 30 * some),
            Limit::MarginBps => 1_000 + 50 * some,
            Limit::DayQtyMax => (8_000 + 100 * some) * 100_000_000,
            Limit::DayNotionalMax => whole(8_000 + 100 * some),
            Limit::OrdersOpenMax => 4 + some / 10,
            Limit::OrdersPerSMax => 2 + some / 5,
            Limit::BurstMax => 1 + some / 10,
            Limit::ExecutionsMax => 3 + some / 10,
            Limit::ExecutionsWindow => some * 20_000_000,
            Limit::DuplicateWindow => some * 20_000_000,
            Limit::OrderAgeMax => (100 + some * 9) * 1_000_000,
            Limit::LossReduceMax | Limit::LossHaltMax | Limit::DrawdownMax => whole(1 + some / 4),
            Limit::VarEwmaMax | Limit::VarHistoricalMax => whole(some),
            Limit::ApprovalNotional => whole(300 + 6 * some),
            Limit::CrossedBpsMax => some / 20,
        }
    }

    fn apply(&mut self, command: Command) -> Vec<Event> {
        self.seq = self.seq.next();
        self.sent += 1;
        let at = UnixNanos::new(self.model.at);
        self.engine.apply(at, self.seq, &command, &mut self.outbox);
        let events = self.outbox.events().to_vec();
        for event in &events {
            if let Event::StateSet { scope, state, .. } = event {
                self.model.states.insert(who(*scope), *state);
            }
            if let Event::LimitDropped(view) = event {
                self.model.proposals.retain(|p| p.id != view.proposal);
            }
        }
        events
    }

    fn send(&mut self, command: Command) -> Vec<Event> {
        let events = self.apply(command);
        self.note(&events);
        events
    }

    /// Wakes the engine until nothing is due.
    fn settle(&mut self) {
        for _ in 0..1_000 {
            let due = self
                .engine
                .wake_at()
                .is_some_and(|at| at.get() <= self.model.at);
            if !due {
                return;
            }
            self.send(Command::Wake);
        }
        panic!("the engine is never done");
    }

    pub(crate) fn step(&mut self) {
        let nanos = 1 + self.below(40_000_000);
        self.model.at += if self.once_in(700) {
            self.below(30) * 3_600 * SECOND
        } else if self.once_in(60) {
            nanos * 60
        } else {
            nanos
        };
        self.settle();
        match self.below(100) {
            0..34 => self.new_order(),
            34..41 => self.replace(),
            41..46 => self.cancel(),
            46..76 => self.report(),
            76..86 => {
                let id = u32::try_from(self.below(INSTRUMENTS as u64)).expect("few");
                self.quote(id);
            }
            86..91 => self.trade(),
            91 | 92 => self.change_limit(),
            93 => self.decide_limit(),
            94..97 => self.change_state(),
            97 => self.permit(),
            98 => self.decide_order(),
            _ => self.change_venue(),
        }
        self.settle();
    }

    fn who_asks(&mut self) -> Holder {
        let id = |run: &mut Self, count: u64, beyond: u64| {
            if run.once_in(150) {
                beyond
            } else {
                run.below(count)
            }
        };
        let account = id(self, ACCOUNTS as u64, 1_024);
        let strategy = id(self, STRATEGIES as u64, 1_024);
        let session = id(self, u64::from(SESSIONS), u64::from(SESSIONS));
        let instrument = id(self, INSTRUMENTS as u64, 9);
        Holder {
            account: u32::try_from(account).expect("small"),
            strategy: u16::try_from(strategy).expect("small"),
            session: u16::try_from(session).expect("small"),
            instrument: u32::try_from(instrument).expect("small"),
        }
    }

    fn ticks(&mut self) -> i64 {
        let wide = if self.once_in(12) { 600 } else { 30 };
        i64::try_from(self.below(2 * wide + 1)).expect("few") - i64::try_from(wide).expect("few")
    }

    fn name(&mut self) -> ClOrdId {
        if !self.once_in(60) {
            self.numbers += 1;
        }
        format!("T{}", self.numbers).parse().expect("printable")
    }

    fn qty(&mut self) -> Qty {
        let lots = match self.below(60) {
            0 => 0,
            1 => 100 + self.below(100),
            2 => 7,
            _ => 1 + self.below(45),
        };
        let off = if self.once_in(80) {
            1 + self.below(9)
        } else {
            0
        };
        Qty::from_units(lots * LOT + off)
    }

    fn any_order(&mut self) -> NewOrder {
        let holder = self.who_asks();
        let mid = self.mids[(holder.instrument as usize).min(INSTRUMENTS - 1)];
        let off = if self.once_in(80) { 7 } else { 0 };
        let px = if self.once_in(150) {
            -TICK
        } else {
            mid + self.ticks() * TICK + off
        };
        let market = self.once_in(5);
        let odd = self.once_in(100);
        let time_in_force = match self.below(20) {
            0..3 => TimeInForce::Ioc,
            3 => TimeInForce::Fok,
            4 => TimeInForce::Gtd,
            5..8 => TimeInForce::Gtc,
            _ => TimeInForce::Day,
        };
        let late = if self.once_in(4) {
            self.below(1_200_000_000)
        } else {
            0
        };
        let at = self.model.at;
        let mut order = NewOrder {
            session: SessionId::new(holder.session),
            account: AccountId::new(holder.account),
            strategy: StrategyId::new(holder.strategy),
            instrument: InstrumentId::new(holder.instrument),
            cl_ord_id: self.name(),
            side: if self.once_in(2) {
                Side::Buy
            } else {
                Side::Sell
            },
            ord_type: if market {
                OrdType::Market
            } else {
                OrdType::Limit
            },
            limit_px: if market == odd {
                Price::from_units(px).into()
            } else {
                LimitPx::NONE
            },
            time_in_force,
            order_qty: self.qty(),
            transact_time: UnixNanos::new(at - late),
            ..NewOrder::PLAIN
        };
        if !market && !odd {
            order.limit_px = Price::from_units(px).into();
        }
        if time_in_force == TimeInForce::Gtd {
            order.end = UnixNanos::new(at + self.below(20) * SECOND);
        }
        self.ask_more(&mut order);
        order
    }

    /// Instructions of which most do not go with the rest.
    fn ask_more(&mut self, order: &mut NewOrder) {
        let at = self.model.at;
        match self.below(120) {
            0 => order.stop_px = Price::from_units(MID).into(),
            1 => order.peg_offset = Price::from_units(TICK),
            2 => order.time_in_force = TimeInForce::AtTheOpening,
            3 => order.list_total = 3,
            4 => order.display_qty = Qty::from_units(order.order_qty.units() + LOT),
            5 => order.min_qty = Qty::from_units(order.order_qty.units() + LOT),
            6 => order.start = UnixNanos::new(at + SECOND),
            7 if order.time_in_force != TimeInForce::Gtd => order.end = UnixNanos::new(at + 1),
            8..14 => order.flags = order.flags.with(OrderFlags::POST_ONLY),
            14..20 => order.flags = order.flags.with(OrderFlags::LOCATED),
            20..26 => order.flags = order.flags.with(OrderFlags::REPEAT_MEANT),
            26..34 if order.ord_type == OrdType::Limit => {
                order.algo = Algo::Twap;
                order.slices = u16::try_from(self.below(12)).expect("few");
                order.end = UnixNanos::new(at + self.below(6) * SECOND);
            }
            _ => {}
        }
        // What waits for the opening is another twin's matter.
        if order.time_in_force == TimeInForce::AtTheOpening
            && self.model.hours.contains_key(&order.instrument.get())
        {
            order.time_in_force = TimeInForce::Day;
            order.end = UnixNanos::ZERO;
        }
    }

    fn new_order(&mut self) {
        let mut order = self.any_order();
        // Now and then the last one again.
        let plain = order.min_qty.is_zero() && order.display_qty.is_zero();
        if plain
            && order.algo == Algo::AtOnce
            && order.time_in_force != TimeInForce::AtTheOpening
            && self.once_in(10)
            && let Some(open) = self.pick()
        {
            let view = open.view;
            order.strategy = StrategyId::new(open.holder.strategy);
            order.instrument = view.instrument;
            (order.side, order.order_qty) = (view.side, view.order_qty);
            (order.ord_type, order.limit_px) = (view.ord_type, view.limit_px);
        }
        let said = self.model.judge(&order);
        let holder = Holder::of(&order);
        let before = self.model.sums_of(&holder);
        let events = self.apply(Command::NewOrder(order));
        let told = match events.first() {
            Some(Event::Rejected { view, refusal }) if view.order == OrderId::new(0) => {
                Err(refusal.code())
            }
            Some(Event::Accepted { .. } | Event::PendingNew { .. }) => Ok(()),
            other => panic!("{other:?} to {order:?}"),
        };
        assert_eq!(told, said.map(|_| ()), "{order:?}: {:?}", events.first());
        *self.seen.entry(told.err()).or_default() += 1;
        match said {
            Ok(passed) => self.open(&order, &passed, &events),
            Err(_) => {
                // What was refused left nothing behind.
                assert_eq!(self.model.sums_of(&holder), before);
                assert_eq!(events.len(), 1, "{events:?}");
                self.working_agrees(&holder);
            }
        }
        self.note(&events);
    }

    fn open(&mut self, order: &NewOrder, passed: &Passed, events: &[Event]) {
        let (view, waits) = match events.first() {
            Some(Event::Accepted { view, .. }) => (*view, false),
            Some(Event::PendingNew { view }) => (*view, true),
            other => panic!("{other:?}"),
        };
        assert_eq!(waits, passed.waits, "{order:?}");
        let near = events.iter().find_map(|event| match event {
            Event::LimitNear {
                scope,
                limit,
                value,
                max,
            } => Some((*scope, *limit, *value, *max)),
            _ => None,
        });
        if !waits {
            assert_eq!(near, passed.near, "{order:?}");
            self.nears += u64::from(near.is_some());
        }
        let holder = Holder::of(order);
        let qty = i128::from(order.order_qty.units());
        self.model.count_accepted(&holder, qty, passed.worth);
        if self.model.window(&holder) > 0 {
            self.model.recent.push((economics(order), self.model.at));
        }
        self.holders.insert(view.order, holder);
        self.model.orders.insert(
            view.order,
            Open {
                holder,
                view,
                slices: order.slices,
                terms_unit: passed.unit,
                unit: passed.unit,
                asked: None,
                ending: false,
                waits,
            },
        );
    }

    fn pick(&mut self) -> Option<Open> {
        let at = usize::try_from(self.below(self.model.orders.len().max(1) as u64)).expect("few");
        self.model.orders.values().nth(at).copied()
    }

    fn replace(&mut self) {
        let found = self.pick().filter(|open| !open.waits);
        let Some(open) = found else { return };
        let stranger = self.once_in(40);
        let view = open.view;
        let mid = self.mids[open.holder.instrument as usize];
        let same_px = self.once_in(3);
        let off = if self.once_in(60) { 7 } else { 0 };
        let px = Price::from_units(mid + self.ticks() * TICK + off);
        let limit_px = match view.ord_type {
            OrdType::Market => LimitPx::NONE,
            _ if same_px => view.limit_px,
            _ => px.into(),
        };
        let orig_cl_ord_id = if stranger {
            "nobody".parse().expect("a name")
        } else {
            view.cl_ord_id
        };
        let late = if self.once_in(4) {
            self.below(1_200_000_000)
        } else {
            0
        };
        let request = ReplaceRequest {
            session: view.session,
            cl_ord_id: self.name(),
            orig_cl_ord_id,
            instrument: view.instrument,
            side: view.side,
            ord_type: view.ord_type,
            time_in_force: if self.once_in(50) {
                TimeInForce::Fok
            } else {
                view.time_in_force
            },
            order_qty: self.qty(),
            limit_px,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
            transact_time: UnixNanos::new(self.model.at - late),
        };
        let target = (!stranger).then_some(&open);
        let grown = self.model.grown(&request, &open);
        let said = self.model.judge_replace(&request, target);
        if let (Ok(unit), Some(held)) = (said, self.model.orders.get_mut(&view.order)) {
            held.asked = Some((request.order_qty, unit));
        }
        let events = self.apply(Command::Replace(request));
        let told = match events.first() {
            Some(Event::CancelRejected(rejected)) => Err(rejected.refusal.code()),
            _ => Ok(()),
        };
        // That we end an order ourselves is not told before it ended.
        let ended = open.ending && told == Err(Code::R024);
        assert!(
            ended || told == said.map(|_| ()),
            "{request:?}: {told:?}, not {said:?}"
        );
        *self.seen.entry(told.err()).or_default() += 1;
        if told.is_err() {
            if let Some(held) = self.model.orders.get_mut(&view.order) {
                held.asked = open.asked;
            }
            self.working_agrees(&open.holder);
            return;
        }
        let more = request.order_qty.saturating_minus(view.order_qty);
        self.model
            .count_accepted(&open.holder, i128::from(more.units()), grown);
        self.note(&events);
    }

    fn cancel(&mut self) {
        let Some(open) = self.pick() else { return };
        let cl_ord_id = self.name();
        self.model
            .names
            .insert((open.view.session.get(), cl_ord_id));
        self.send(Command::Cancel(CancelRequest {
            session: open.view.session,
            cl_ord_id,
            orig_cl_ord_id: open.view.cl_ord_id,
            transact_time: UnixNanos::new(self.model.at),
        }));
    }

    fn report(&mut self) {
        let len = self.children.len() as u64;
        if len == 0 {
            return;
        }
        // Those that wait for an answer to a cancel get it sooner.
        let mut ix = usize::try_from(self.below(len)).expect("few");
        if self.once_in(2)
            && let Some(cancelled) = self.children.iter().position(|c| c.cancels && !c.done)
        {
            ix = cancelled;
        }
        let child = self.children[ix];
        let (exec_type, qty) = match self.below(if child.cancels { 16 } else { 10 }) {
            0..6 => (ExecType::Trade, 1 + self.below(child.leaves.max(LOT))),
            6 => (ExecType::Trade, child.leaves.max(1)),
            7 => (ExecType::Rejected, 0),
            8 => (ExecType::New, 0),
            _ => (ExecType::Canceled, 0),
        };
        self.answer(ix, exec_type, qty);
    }

    fn answer(&mut self, ix: usize, exec_type: ExecType, qty: u64) {
        self.numbers += 1;
        let ticks = i64::try_from(self.below(21)).expect("few") - 10;
        let before = self.children[ix];
        let child = &mut self.children[ix];
        let id = child.order.instrument.get();
        let px = child
            .order
            .limit_px
            .price()
            .map_or(self.mids[id as usize], Price::units);
        let px = px + ticks * TICK;
        child.leaves = child.leaves.saturating_sub(qty);
        child.filled += qty;
        let cum_qty = Qty::from_units(child.filled);
        let ends = matches!(exec_type, ExecType::Rejected | ExecType::Canceled);
        child.done |= ends || exec_type == ExecType::Trade && child.leaves == 0;
        if ends {
            child.leaves = 0;
        }
        let order = child.order;
        let leaves_qty = Qty::from_units(child.leaves);
        let trades = exec_type == ExecType::Trade;
        let report = VenueReport {
            venue: order.venue,
            child: order.child,
            exec_id: format!("E{}", self.numbers).parse().expect("printable"),
            exec_type,
            last_qty: Qty::from_units(qty),
            last_px: Price::from_units(if trades { px } else { 0 }),
            cum_qty,
            leaves_qty,
            ..VenueReport::EMPTY
        };
        let mut stops = false;
        if trades {
            let holder = self.holders[&order.order];
            let signed = match order.side {
                Side::Buy => i128::from(qty),
                Side::Sell => -i128::from(qty),
            };
            self.model.take(Deal {
                holder,
                units: signed,
            });
            stops = self.model.execute(holder.strategy);
        }
        let events = self.send(Command::VenueReport(report));
        let stopped = events.iter().any(|event| {
            matches!(
                event,
                Event::StateSet {
                    cause: StateCause::RepeatedExecutions,
                    ..
                }
            )
        });
        assert_eq!(stopped, stops, "{report:?} {events:?}");
        let (account, listed) = (self.holders[&order.order].account, order.instrument);
        let position = self.engine.position(AccountId::new(account), listed);
        let expected = self.model.position(account, id);
        assert_eq!(position, expected, "{before:?} {report:?} {events:?}");
        // Those that ended lately still get late reports; the engine remembers no more for long.
        if self.children.iter().filter(|child| child.done).count() > 4 {
            let oldest = self.children.iter().position(|child| child.done);
            self.children.remove(oldest.expect("there are some"));
        }
    }

    /// Quotes an instrument twice, so that every position in it is valued by the second.
    fn quote(&mut self, id: u32) {
        let drift = i64::try_from(self.below(9)).expect("few") - 4;
        self.mids[id as usize] =
            (self.mids[id as usize] + drift * TICK).clamp(MID - 200 * TICK, MID + 200 * TICK);
        let one_sided = id == 3 && !self.once_in(8) || self.once_in(25);
        let spread = if self.once_in(40) { -40 } else { 10 };
        let bid = self.mids[id as usize] - spread / 2 * TICK;
        let ask = bid + spread * TICK;
        let first = self.below(u64::from(VENUES));
        let quote = Quote {
            venue: VenueId::new(u8::try_from(first).expect("few")),
            instrument: InstrumentId::new(id),
            // One venue is never crossed with itself; two are.
            bid_px: if one_sided || spread < 0 && first == 1 {
                LimitPx::NONE
            } else {
                Price::from_units(bid).into()
            },
            bid_qty: Qty::whole(100),
            ask_px: if spread < 0 && first != 1 {
                LimitPx::NONE
            } else {
                Price::from_units(ask).into()
            },
            ask_qty: Qty::whole(100),
            quote_time: UnixNanos::ZERO,
        };
        for _ in 0..2 {
            let at = self.model.at;
            self.model
                .quotes
                .insert((id, quote.venue.get()), (quote, at));
            if let Some(twice) = self.model.best(id).twice() {
                self.model.marks.insert(id, twice);
            }
            self.model.note_mid(id);
            self.send(Command::Quote(quote));
        }
    }

    fn trade(&mut self) {
        let id = u32::try_from(self.below(INSTRUMENTS as u64)).expect("few");
        let venue = u8::try_from(self.below(u64::from(VENUES))).expect("few");
        let px = self.mids[id as usize] + self.ticks() * TICK;
        let qty = self.below(30) * LOT;
        if !self.model.closed.contains(&(id, venue)) {
            self.model.last.insert(id, (i128::from(px), self.model.at));
        }
        if qty > 0 {
            let (average, trades) = self.model.typical.entry(id).or_default();
            *trades = (*trades + 1).min(64);
            let size = i128::from(qty) << 32;
            *average = (*average * (*trades - 1) + size).div_euclid(*trades);
        }
        self.send(Command::MarketTrade(MarketTrade {
            venue: VenueId::new(venue),
            instrument: InstrumentId::new(id),
            px: Price::from_units(px),
            qty: Qty::from_units(qty),
            trade_time: UnixNanos::ZERO,
        }));
    }

    fn any_scope(&mut self) -> Scope {
        let scopes = all_scopes();
        let at = usize::try_from(self.below(scopes.len() as u64)).expect("few");
        scopes[at]
    }

    fn change_limit(&mut self) {
        let scope = self.any_scope();
        let at = usize::try_from(self.below(Limit::ALL.len() as u64)).expect("few");
        let limit = Limit::ALL[at];
        // A window that changes keeps other mids than one that was always so.
        if matches!(
            limit,
            Limit::BandWindow | Limit::VarEwmaMax | Limit::VarHistoricalMax
        ) {
            return;
        }
        let required = limit.required_at().contains(&scope.level());
        let taken = self.once_in(if required { 200 } else { 8 });
        let value = match self.below(12) {
            _ if taken => None,
            1 => Some(-1),
            2 | 3 => Some(self.tight(limit)),
            _ => Some(wide(limit)),
        };
        let nobody = self.once_in(20);
        let author = ["anna", "bela"][usize::try_from(self.below(2)).expect("two")];
        self.set_limit(LimitChange {
            scope,
            limit,
            value,
            source: LimitSource::Operator,
            request: RequestId::new(1),
            by: if nobody {
                Operator::NOBODY
            } else {
                operator(author)
            },
        });
    }

    fn set_limit(&mut self, change: LimitChange) {
        let said = self.model.judge_change(&change);
        let events = self.send(Command::SetLimit(change));
        let told = match events.first() {
            Some(Event::LimitSet(_)) => Ok(false),
            Some(Event::LimitProposed(_)) => Ok(true),
            Some(Event::OperatorRefused { refusal, .. }) => Err(refusal.code()),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, said, "{change:?}: {events:?}");
        if let Err(code) = told {
            *self.seen.entry(Some(code)).or_default() += 1;
        }
        match events.first() {
            Some(Event::LimitSet(view)) => self.model.put(view.scope, view.limit, view.after),
            Some(Event::LimitProposed(view)) => {
                let proposal = Proposal {
                    id: view.proposal,
                    scope: view.scope,
                    limit: view.limit,
                    value: view.after,
                    author: change.by.author,
                };
                self.model.propose(proposal);
            }
            _ => {}
        }
    }

    fn decide_limit(&mut self) {
        let len = self.model.proposals.len() as u64;
        let at = usize::try_from(self.below(len + 1)).expect("few");
        let found = self.model.proposals.get(at).copied();
        let id = found.map_or(ProposalId::new(1 << 40), |proposal| proposal.id);
        let author = ["anna", "bela"][usize::try_from(self.below(2)).expect("two")];
        let by = operator(author);
        let approve = !self.once_in(4);
        let said = match found {
            None => Err(Code::R072),
            Some(proposal) if approve && proposal.author == by.author => Err(Code::R071),
            Some(_) => Ok(approve),
        };
        let request = RequestId::new(2);
        let decision = LimitDecision {
            proposal: id,
            approve,
            request,
            by,
        };
        let events = self.send(Command::DecideLimit(decision));
        let told = match events.first() {
            Some(Event::LimitSet(view)) => {
                let asked = found.map(|p| (p.scope, p.limit, p.value));
                assert_eq!(asked, Some((view.scope, view.limit, view.after)));
                self.model.put(view.scope, view.limit, view.after);
                Ok(true)
            }
            Some(Event::LimitDropped(_)) => Ok(false),
            Some(Event::OperatorRefused { refusal, .. }) => Err(refusal.code()),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, said, "{decision:?}");
        if told.is_ok() {
            self.model.proposals.retain(|proposal| proposal.id != id);
        }
        if let Err(code) = told {
            *self.seen.entry(Some(code)).or_default() += 1;
        }
    }

    fn change_state(&mut self) {
        // Mostly somebody lets go on what was stopped: else everything stands still before long.
        let stopped = |(_, state): &(&(u8, u32), &TradingState)| **state != TradingState::Active;
        let found = self.model.states.iter().find(stopped).map(|(who, _)| *who);
        let lets_go = !self.once_in(12);
        let (scope, state) = match found {
            Some((level, number)) if lets_go => {
                let level = Level::from_byte(level).expect("a level");
                (
                    Scope::of(level, number).expect("a scope"),
                    TradingState::Active,
                )
            }
            _ => {
                if !self.once_in(3) {
                    return;
                }
                let state = if self.once_in(4) {
                    TradingState::Halted
                } else {
                    TradingState::Reducing
                };
                (self.any_scope(), state)
            }
        };
        self.model.states.insert(who(scope), state);
        if let (Scope::Strategy(id), TradingState::Active) = (scope, state) {
            self.model.executions.remove(&id.get());
            self.model.stopped.remove(&id.get());
        }
        let change = StateChange {
            scope,
            state,
            request: RequestId::new(3),
            by: operator("anna"),
        };
        let events = self.send(Command::SetState(change));
        let set = matches!(events.first(), Some(Event::StateSet { scope: s, state: t, .. })
            if (*s, *t) == (scope, state));
        assert!(set, "{events:?}");
    }

    fn permit(&mut self) {
        let scope = self.any_scope();
        if matches!(scope, Scope::Instrument(_)) {
            return;
        }
        let allowed = !self.once_in(4);
        let id = u32::try_from(self.below(INSTRUMENTS as u64)).expect("few");
        if !allowed && self.once_in(3) && !matches!(scope, Scope::Firm) {
            let algo = self.below(2);
            self.model.algos_barred.insert(who(scope), 1 << algo);
            self.set_means(scope, !(1 << algo));
            return;
        }
        if allowed {
            let barred: Vec<_> = std::mem::take(&mut self.model.algos_barred)
                .into_keys()
                .collect();
            for (level, number) in barred {
                let level = Level::from_byte(level).expect("a level");
                self.set_means(Scope::of(level, number).expect("a scope"), u16::MAX);
            }
            self.model.denied.clear();
            for scope in all_scopes() {
                if !matches!(scope, Scope::Instrument(_)) {
                    self.set_permission(scope, None, true);
                }
            }
        } else {
            self.model.denied.insert((who(scope), id));
            self.set_permission(scope, Some(InstrumentId::new(id)), false);
        }
    }

    fn set_means(&mut self, scope: Scope, algos: u16) {
        self.send(Command::SetMeans(PermittedMeans {
            scope,
            venues: VenueSet::from_bits(0xffff),
            algos,
            request: RequestId::new(4),
            by: operator("anna"),
        }));
    }

    fn set_permission(&mut self, scope: Scope, instrument: Option<InstrumentId>, allowed: bool) {
        let request = RequestId::new(5);
        let by = operator("anna");
        let permission = Permission {
            scope,
            instrument,
            allowed,
            request,
            by,
        };
        self.send(Command::SetPermission(permission));
    }

    fn decide_order(&mut self) {
        for _ in 0..3 {
            let waiting = self.model.orders.values().find(|open| open.waits).copied();
            let Some(open) = waiting else { return };
            let approve = !self.once_in(3);
            let now =
                self.model
                    .unit_now(open.holder.instrument, open.view.side, open.view.limit_px);
            if let (true, Some(held)) = (approve, self.model.orders.get_mut(&open.view.order)) {
                held.unit = held.unit.max(now);
            }
            let events = self.send(Command::DecideOrder(OrderDecision {
                order: open.view.order,
                approve,
                request: RequestId::new(6),
                by: operator("bela"),
            }));
            for event in &events {
                if let Event::Rejected { refusal, .. } = event {
                    *self.seen.entry(Some(refusal.code())).or_default() += 1;
                }
            }
        }
    }

    fn change_venue(&mut self) {
        let venue = u8::try_from(self.below(u64::from(VENUES))).expect("few");
        if self.once_in(3) {
            let down = self.model.down.is_empty() || self.once_in(3);
            let each: Vec<u8> = if down && self.once_in(2) {
                (0..VENUES).collect()
            } else if down {
                vec![venue]
            } else {
                self.model.down.iter().copied().collect()
            };
            for venue in each {
                if down {
                    self.model.down.insert(venue);
                } else {
                    self.model.down.remove(&venue);
                }
                self.send(Command::VenueState {
                    venue: VenueId::new(venue),
                    up: !down,
                });
            }
            return;
        }
        let id = u32::try_from(self.below(INSTRUMENTS as u64)).expect("few");
        let opens = self.model.closed.len() > 2 || self.once_in(2);
        let places: Vec<(u32, u8)> = if opens {
            self.model.closed.iter().copied().collect()
        } else {
            (0..VENUES).map(|venue| (id, venue)).collect()
        };
        for (id, venue) in places {
            if opens {
                self.model.closed.remove(&(id, venue));
            } else {
                self.model.closed.insert((id, venue));
            }
            self.send(Command::VenuePhase {
                venue: VenueId::new(venue),
                instrument: InstrumentId::new(id),
                phase: if opens { Phase::Open } else { Phase::Halted },
            });
        }
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Accepted { view, .. } | Event::PendingNew { view } => {
                    if let Some(open) = self.model.orders.get_mut(&view.order) {
                        open.view = *view;
                        open.waits = matches!(event, Event::PendingNew { .. });
                    }
                }
                Event::Trade { view, .. }
                | Event::Expired { view }
                | Event::Restated { view, .. }
                | Event::Rejected { view, .. } => self.tell(view, None, false),
                Event::Canceled {
                    view,
                    orig_cl_ord_id,
                }
                | Event::PendingCancel {
                    view,
                    orig_cl_ord_id,
                }
                | Event::PendingReplace {
                    view,
                    orig_cl_ord_id,
                } => {
                    self.tell(view, Some(*orig_cl_ord_id), false);
                }
                Event::Replaced { view, .. } => self.tell(view, None, true),
                Event::CancelRejected(rejected) => self.told_refused(rejected),
                Event::ChildSent(child) => self.child_sent(child),
                Event::ChildCancel(cancel) => {
                    let of = |c: &&mut Child| c.order.child == cancel.child;
                    let child = self.children.iter_mut().find(of);
                    let child = child.expect("only what was sent is cancelled");
                    child.cancels = true;
                    if let Some(open) = self.model.orders.get_mut(&child.order.order) {
                        open.ending = true;
                    }
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, view: &OrderView, name: Option<ClOrdId>, replaced: bool) {
        let Some(open) = self.model.orders.get_mut(&view.order) else {
            return;
        };
        open.view = *view;
        if let Some(name) = name {
            open.view.cl_ord_id = name;
        }
        if replaced {
            (open.unit, open.ending) = (open.asked.take().expect("it was asked for").1, false);
            open.terms_unit = open.unit;
        }
        assert!(view.cum_qty <= view.order_qty || view.ord_status.is_terminal());
        if view.ord_status.is_terminal() {
            self.model.orders.remove(&view.order);
        }
    }

    fn told_refused(&mut self, rejected: &CancelRejected) {
        let Some(open) = self.model.orders.get_mut(&rejected.order) else {
            return;
        };
        open.view.ord_status = rejected.ord_status;
        if rejected.response_to == CxlRejResponseTo::Replace {
            open.asked = None;
            open.unit = open.terms_unit;
        }
        if rejected.ord_status.is_terminal() {
            self.model.orders.remove(&rejected.order);
        }
    }

    fn child_sent(&mut self, child: &ChildOrder) {
        let now = self
            .model
            .unit_now(child.instrument.get(), child.side, child.limit_px);
        let open = self.model.orders.get_mut(&child.order).expect("it is open");
        open.unit = open.unit.max(now);
        self.children.push(Child {
            order: *child,
            leaves: child.order_qty.units(),
            filled: 0,
            cancels: false,
            done: false,
        });
    }

    fn working_agrees(&self, holder: &Holder) {
        if holder.account as usize >= ACCOUNTS || holder.instrument as usize >= INSTRUMENTS {
            return;
        }
        let account = AccountId::new(holder.account);
        let (buys, sells) = self
            .engine
            .working(account, InstrumentId::new(holder.instrument));
        let position = self.model.position(holder.account, holder.instrument);
        let would_buy = self.model.would_be(holder, Side::Buy, 0);
        let would_sell = self.model.would_be(holder, Side::Sell, 0);
        assert_eq!((buys, sells), (would_buy - position, would_sell + position));
    }

    /// Compares every sum, and the sums of deals with the list of deals.
    pub(crate) fn agree(&self) {
        let mut held = [[[0; INSTRUMENTS]; STRATEGIES]; ACCOUNTS];
        for deal in &self.model.deals {
            let Holder {
                account,
                strategy,
                instrument,
                ..
            } = deal.holder;
            held[account as usize][usize::from(strategy)][instrument as usize] += deal.units;
        }
        assert_eq!(held, self.model.held, "quantity is conserved");
        for view in self.engine.exposure_view() {
            let sums = self.model.sums(view.scope);
            let gross = sums.positions + sums.buys + sums.sells;
            let seen = (view.working_buy, view.working_sell, view.gross, view.net);
            let said = (sums.buys, sums.sells, gross, sums.net);
            let orders: Vec<_> = self.model.orders.values().collect();
            assert_eq!(seen, said, "{:?}: {orders:?}", view.scope);
            let seen = (view.margin, view.unmarked);
            assert_eq!(
                seen,
                (sums.margin / 10_000, sums.unmarked),
                "{:?}",
                view.scope
            );
        }
        assert_eq!(self.engine.orders_open() as usize, self.model.orders.len());
    }

    /// Halts, has every venue confirm, and finds nothing reserved.
    pub(crate) fn end(&mut self) {
        self.send(Command::SetState(StateChange::halt(operator("anna"))));
        for _ in 0..50 {
            self.settle();
            let left: Vec<usize> = (0..self.children.len())
                .filter(|ix| !self.children[*ix].done)
                .collect();
            for ix in left.into_iter().rev() {
                self.answer(ix, ExecType::Canceled, 0);
            }
            self.model.at += SECOND;
        }
        self.agree();
        assert_eq!(self.engine.orders_open(), 0);
        for view in self.engine.exposure_view() {
            assert_eq!(
                (view.working_buy, view.working_sell),
                (0, 0),
                "{:?}",
                view.scope
            );
        }
    }
}

fn wide(limit: Limit) -> i128 {
    match limit {
        Limit::OrdersOpenMax => 50,
        Limit::CollarBps => 90,
        Limit::QuoteAgeMax => 30_000_000_000,
        Limit::OrdersPerSMax | Limit::BurstMax => 1_000,
        Limit::PrevCloseAllowed | Limit::LocateRequired => 0,
        Limit::MarginBps => 10_000,
        Limit::BandBps | Limit::TypicalMultiple | Limit::CrossedBpsMax => 100_000,
        Limit::ExecutionsMax => 200,
        Limit::ExecutionsWindow | Limit::DuplicateWindow => 1_000,
        Limit::OrderAgeMax => 3_600_000_000_000,
        _ if matches!(limit.unit(), Unit::Qty) => 1_000_000 * 100_000_000,
        _ => whole(1_000_000),
    }
}

fn all_scopes() -> Vec<Scope> {
    let accounts = (0_u32..)
        .take(ACCOUNTS)
        .map(|id| Scope::Account(AccountId::new(id)));
    let strategies = (0_u16..)
        .take(STRATEGIES)
        .map(|id| Scope::Strategy(StrategyId::new(id)));
    let sessions = (0..SESSIONS).map(|id| Scope::Session(SessionId::new(id)));
    let listed = (0_u32..)
        .take(INSTRUMENTS)
        .map(|id| Scope::Instrument(InstrumentId::new(id)));
    let all = accounts.chain(strategies).chain(sessions).chain(listed);
    [Scope::Firm].into_iter().chain(all).collect()
}

impl Model {
    /// What an account has reserved, as a number that a refusal must not change.
    pub(crate) fn sums_of(&self, holder: &Holder) -> i128 {
        let mine = self
            .orders
            .values()
            .filter(|o| o.holder.account == holder.account);
        mine.map(Open::worth).sum()
    }

    pub(crate) fn take(&mut self, deal: Deal) {
        let Holder {
            account,
            strategy,
            instrument,
            ..
        } = deal.holder;
        self.held[account as usize][usize::from(strategy)][instrument as usize] += deal.units;
        self.deals.push(deal);
    }

    /// Counts an execution, and says whether its strategy stops by it.
    pub(crate) fn execute(&mut self, strategy: u16) -> bool {
        let scope = Scope::Strategy(StrategyId::new(strategy));
        let Some(max) = self.limit(scope, Limit::ExecutionsMax) else {
            return false;
        };
        if self.stopped.contains(&strategy) {
            return false;
        }
        let window = self.max(scope, Limit::ExecutionsWindow);
        let at = self.at;
        let times = self.executions.entry(strategy).or_default();
        times.push(at);
        let back = usize::try_from(max.clamp(1, 256)).expect("few");
        let first = times.len().checked_sub(back).map(|ix| times[ix]);
        let stops = first.is_some_and(|first| i128::from(at - first) <= window);
        if stops {
            self.stopped.insert(strategy);
        }
        stops && self.state(scope) < TradingState::Halted
    }

    pub(crate) fn put(&mut self, scope: Scope, limit: Limit, value: Option<i128>) {
        let key = (who(scope), limit);
        match value {
            Some(value) => {
                self.limits.insert(key, value);
                self.ever.insert(key);
            }
            None => {
                self.limits.remove(&key);
            }
        }
    }

    pub(crate) fn propose(&mut self, proposal: Proposal) {
        if !self.proposals.iter().any(|other| other.id == proposal.id) {
            self.proposals.push(proposal);
        }
    }

    /// Whether a change waits for a second person, or why it cannot be.
    pub(crate) fn judge_change(&self, change: &LimitChange) -> Result<bool, Code> {
        let (scope, limit) = (change.scope, change.limit);
        if !limit.levels().contains(&scope.level()) {
            return Err(Code::R068);
        }
        let flag = matches!(limit.unit(), Unit::Flag);
        if change
            .value
            .is_some_and(|v| v < 0 || flag && v > 1 || too_large(limit, v))
        {
            return Err(Code::R069);
        }
        let operator = change.source == LimitSource::Operator;
        if operator && change.by == Operator::NOBODY {
            return Err(Code::R076);
        }
        if !operator && !self.ever.contains(&(who(scope), limit)) {
            return Ok(false);
        }
        if !self.loosens(scope, limit, change.value) {
            return Ok(false);
        }
        let same = |p: &&Proposal| {
            (p.scope, p.limit, p.value, p.author) == (scope, limit, change.value, change.by.author)
        };
        if self.proposals.len() >= PROPOSALS_MAX && self.proposals.iter().find(same).is_none() {
            return Err(Code::R073);
        }
        Ok(true)
    }

    fn loosens(&self, scope: Scope, limit: Limit, after: Option<i128>) -> bool {
        let before = self.limit(scope, limit);
        if limit.required_at().contains(&scope.level()) {
            // What must be there stops everything while it is not.
            match (before, after) {
                (_, None) => return false,
                (None, Some(_)) => return true,
                (Some(_), Some(_)) => {}
            }
        }
        let unset = match limit {
            Limit::PrevCloseAllowed
            | Limit::LocateRequired
            | Limit::CrossedBpsMax
            | Limit::DuplicateWindow
            | Limit::BandWindow => 0,
            Limit::MarginBps => 10_000,
            Limit::BurstMax => 1,
            Limit::ExecutionsWindow => i128::from(u64::MAX),
            _ => i128::MAX,
        };
        let (before, after) = (before.unwrap_or(unset), after.unwrap_or(unset));
        match limit.looser() {
            Looser::Higher => after > before,
            Looser::Lower => after < before,
            Looser::Any => after != before,
        }
    }
}

const fn too_large(limit: Limit, value: i128) -> bool {
    match limit.unit() {
        Unit::Qty | Unit::Nanos => value > u64::MAX as i128,
        Unit::Bps | Unit::Count | Unit::Thousandths => value > u32::MAX as i128,
        Unit::Notional | Unit::Flag => false,
    }
}
