//! A small world around the engine: clients that ask for anything, venues that answer anything.
//!
//! A [`Script`] is a list of [`Step`]s that name nothing but numbers; [`World`] turns each into a
//! command about what is there by then, applies it, and keeps books of its own from the events
//! alone. Used by the properties here and by the benches.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "each test file uses its own part of the support, and a panic is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};

use dcx_engine::{Engine, Outbox};
use dcx_model::*;
use proptest::prelude::*;

pub const INSTRUMENTS: u32 = 2;
pub const VENUES: u8 = 3;
pub const SESSIONS: u16 = 2;
pub const ACCOUNTS: u32 = 2;
/// An account that there is none of.
pub const NO_ACCOUNT: u32 = 1_024;
const _: () = assert!(NO_ACCOUNT as usize == ACCOUNTS_MAX);
pub const CROSSED_BPS_MAX: i128 = 3;
pub const LOT: Qty = Qty::whole(10);
pub const TICK: Price = Price::from_units(1_000);
pub const MID: i64 = 110_000_000;
pub const START: UnixNanos = UnixNanos::from_seconds(1_760_000_000);

/// What happens next, by numbers that any state of the world can make sense of.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time passes, in microseconds.
    Pass(u32),
    Order(Order),
    Cancel {
        pick: usize,
        fresh: bool,
    },
    Replace {
        pick: usize,
        lots: u64,
        ticks: i64,
        fresh: bool,
    },
    Status {
        pick: usize,
    },
    Quote {
        venue: u8,
        instrument: u32,
        ticks: i64,
        spread: i64,
    },
    Report {
        pick: usize,
        answer: Answer,
    },
    /// The last report once more.
    Again,
    VenueState {
        venue: u8,
        up: bool,
    },
    /// A trade in the market, in ticks from the middle.
    Trade {
        instrument: u32,
        ticks: i64,
    },
    /// A person's word on an order that waits for it.
    Decide {
        pick: usize,
        approve: bool,
    },
    /// A client cancels all of its orders, or those in one instrument.
    MassCancel {
        session: u16,
        instrument: Option<u32>,
    },
    /// A client asks about all of its orders, or those in one instrument.
    MassStatus {
        session: u16,
        instrument: Option<u32>,
    },
    /// An operator cancels one order, or all of a scope.
    OperatorCancel {
        pick: Option<usize>,
        level: usize,
        number: u32,
    },
    SessionState {
        session: u16,
        link: SessionLink,
    },
    Wake,
    Halt,
    Resume,
    Checkpoint,
}

/// What an order asks for besides price and quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    Nothing,
    Display(u64),
    MinQty(u64),
    PostOnly,
    ReduceOnly,
    AllOrNone,
    LeftOver,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub session: u16,
    pub account: u32,
    pub instrument: u32,
    pub buy: bool,
    pub market: bool,
    pub time_in_force: TimeInForce,
    /// Quantity in lots, and units besides.
    pub lots: u64,
    pub off_lot: u64,
    /// Limit in ticks from the middle, and units besides.
    pub ticks: i64,
    pub off_tick: i64,
    /// TWAP slices, none for at once.
    pub slices: Option<u16>,
    pub span_ms: u64,
    /// A ClOrdID that was not used before.
    pub fresh: bool,
    /// What it waits for.
    pub kind: Kind,
    /// Its stop in ticks from the middle, or its offset.
    pub away: i64,
    /// Whether it is the next of a list.
    pub linked: bool,
    pub asks: Asks,
    /// How it is worked, where it comes with an algorithm.
    pub worked: Option<Worked>,
}

/// An algorithm and its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Worked {
    pub algo: Algo,
    pub slices: u16,
    pub participation_ppm: u32,
    pub interval_ms: u32,
    pub jitter_bps: u16,
    pub urgency: u16,
    pub min_clip: u64,
    pub pauses: bool,
}

/// What an order waits for before it works, or follows while it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Stop,
    Touched,
    Trailing,
    Pegged(Peg),
}

/// What a venue says about a child order.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    New,
    /// Of the quantity left, in eighths; beyond 8 is more than there is.
    Fill {
        eighths: u64,
        ticks: i64,
    },
    Canceled,
    Rejected,
    Expired,
    DoneForDay,
    PendingCancel,
    CancelRefused,
    /// Says another venue's name.
    WrongVenue,
}

#[derive(Clone, Debug)]
pub struct Script {
    pub seed: u64,
    pub on_no_venue: OnNoVenue,
    pub steps: Vec<Step>,
}

/// Any mix of what clients, venues and operators do, in any order a broken world could produce.
pub fn any_script(len: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Script> {
    let on_no_venue = prop_oneof![3 => Just(OnNoVenue::Hold), 1 => Just(OnNoVenue::Reject)];
    (
        any::<u64>(),
        on_no_venue,
        prop::collection::vec(any_step(), len),
    )
        .prop_map(|(seed, on_no_venue, steps)| Script {
            seed,
            on_no_venue,
            steps,
        })
}

pub fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u32..200_000).prop_map(Step::Pass),
        24 => any_order().prop_map(Step::Order),
        8 => (any::<usize>(), prop::bool::weighted(0.95))
            .prop_map(|(pick, fresh)| Step::Cancel { pick, fresh }),
        8 => (any::<usize>(), 0_u64..60, -40_i64..40, prop::bool::weighted(0.95))
            .prop_map(|(pick, lots, ticks, fresh)| Step::Replace { pick, lots, ticks, fresh }),
        2 => any::<usize>().prop_map(|pick| Step::Status { pick }),
        14 => (0..VENUES + 1, 0..INSTRUMENTS + 1, -30_i64..30, 0_i64..10)
            .prop_map(|(venue, instrument, ticks, spread)| {
                Step::Quote { venue, instrument, ticks, spread }
            }),
        30 => (any::<usize>(), any_answer())
            .prop_map(|(pick, answer)| Step::Report { pick, answer }),
        3 => Just(Step::Again),
        4 => (0..VENUES, prop::bool::weighted(0.8))
            .prop_map(|(venue, up)| Step::VenueState { venue, up }),
        6 => (0..INSTRUMENTS, -40_i64..40)
            .prop_map(|(instrument, ticks)| Step::Trade { instrument, ticks }),
        4 => (any::<usize>(), prop::bool::weighted(0.8))
            .prop_map(|(pick, approve)| Step::Decide { pick, approve }),
        1 => (0..SESSIONS + 1, prop::option::of(0..INSTRUMENTS + 1))
            .prop_map(|(session, instrument)| Step::MassCancel { session, instrument }),
        1 => (0..SESSIONS + 1, prop::option::of(0..INSTRUMENTS + 1))
            .prop_map(|(session, instrument)| Step::MassStatus { session, instrument }),
        1 => (prop::option::of(any::<usize>()), 0_usize..5, 0_u32..3)
            .prop_map(|(pick, level, number)| Step::OperatorCancel { pick, level, number }),
        1 => (0..SESSIONS, prop_oneof![
            Just(SessionLink::Up),
            Just(SessionLink::LoggedOut),
            Just(SessionLink::Disconnected),
        ]).prop_map(|(session, link)| Step::SessionState { session, link }),
        6 => Just(Step::Wake),
        1 => Just(Step::Halt),
        2 => Just(Step::Resume),
        1 => Just(Step::Checkpoint),
    ]
}

fn any_order() -> impl Strategy<Value = Order> {
    let who = (
        0..SESSIONS + 1,
        prop_oneof![20 => 0..ACCOUNTS, 1 => Just(NO_ACCOUNT)],
        prop_oneof![20 => 0..INSTRUMENTS, 1 => Just(INSTRUMENTS)],
    );
    let terms = (
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop_oneof![
            4 => Just(TimeInForce::Day),
            2 => Just(TimeInForce::Gtc),
            2 => Just(TimeInForce::Ioc),
            1 => Just(TimeInForce::Fok),
            1 => Just(TimeInForce::Gtd),
        ],
    );
    let numbers = (
        prop_oneof![10 => 1_u64..50, 1 => 0_u64..120],
        prop_oneof![20 => Just(0_u64), 1 => 1_u64..100],
        prop_oneof![10 => -30_i64..30, 1 => -2_000_i64..2_000],
        prop_oneof![20 => Just(0_i64), 1 => 1_i64..1_000],
    );
    let plan = (
        prop_oneof![3 => Just(None), 1 => (0_u16..8).prop_map(Some)],
        0_u64..2_000,
        prop::bool::weighted(0.95),
    );
    let kind = (
        prop_oneof![
            10 => Just(Kind::Plain),
            2 => Just(Kind::Stop),
            1 => Just(Kind::Touched),
            1 => Just(Kind::Trailing),
            1 => Just(Kind::Pegged(Peg::Primary)),
            1 => Just(Kind::Pegged(Peg::Mid)),
            1 => Just(Kind::Pegged(Peg::Market)),
        ],
        1_i64..40,
        prop::bool::weighted(0.25),
        prop_oneof![
            20 => Just(Asks::Nothing),
            3 => (1_u64..10).prop_map(Asks::Display),
            2 => (1_u64..10).prop_map(Asks::MinQty),
            2 => Just(Asks::PostOnly),
            6 => Just(Asks::ReduceOnly),
            1 => Just(Asks::AllOrNone),
            2 => Just(Asks::LeftOver),
        ],
    );
    let worked = prop_oneof![4 => Just(None), 1 => any_worked().prop_map(Some)];
    let all = (who, terms, numbers, plan, kind, worked);
    all.prop_map(|(who, terms, numbers, plan, kind, worked)| Order {
        session: who.0,
        account: who.1,
        instrument: who.2,
        buy: terms.0,
        market: terms.1,
        time_in_force: terms.2,
        lots: numbers.0,
        off_lot: numbers.1,
        ticks: numbers.2,
        off_tick: numbers.3,
        slices: plan.0,
        span_ms: plan.1,
        fresh: plan.2,
        kind: kind.0,
        away: kind.1,
        linked: kind.2,
        asks: kind.3,
        worked,
    })
}

fn any_worked() -> impl Strategy<Value = Worked> {
    (
        prop::sample::select(Algo::ALL),
        0_u16..12,
        prop_oneof![2 => Just(0_u32), 2 => 1_u32..=1_000_000, 1 => any::<u32>()],
        prop_oneof![4 => Just(0_u32), 4 => 10_u32..500, 1 => any::<u32>()],
        prop_oneof![2 => Just(0_u16), 1 => any::<u16>()],
        prop_oneof![2 => 0_u16..500, 1 => any::<u16>()],
        prop_oneof![3 => Just(0_u64), 1 => 1_u64..5],
        any::<bool>(),
    )
        .prop_map(
            |(algo, slices, participation_ppm, interval_ms, jitter, urgency, min_clip, pauses)| {
                Worked {
                    algo,
                    slices,
                    participation_ppm,
                    interval_ms,
                    jitter_bps: jitter,
                    urgency,
                    min_clip,
                    pauses,
                }
            },
        )
}

/// The order worked by an algorithm, with the parameters of that and no others.
fn worked(worked: &Worked, order: NewOrder, at: UnixNanos, span_ms: u64) -> AlgoOrder {
    let algo = worked.algo;
    let sliced = algo.is_scheduled() && algo != Algo::Pov;
    let urgent = matches!(algo, Algo::Shortfall | Algo::Adaptive | Algo::Planned);
    let iceberg = algo == Algo::Iceberg;
    let order = NewOrder {
        algo,
        time_in_force: match order.time_in_force {
            TimeInForce::Day | TimeInForce::Gtc => order.time_in_force,
            TimeInForce::Ioc if sliced => TimeInForce::Ioc,
            _ => TimeInForce::Day,
        },
        ord_type: if algo == Algo::Pegged {
            OrdType::Pegged
        } else {
            order.ord_type
        },
        peg: if algo == Algo::Pegged {
            Peg::Primary
        } else {
            Peg::None
        },
        slices: if sliced { worked.slices } else { 0 },
        end: at.plus(Nanos::from_millis(span_ms)),
        display_qty: if iceberg { LOT } else { Qty::ZERO },
        ..order
    };
    let terms = AlgoTerms {
        participation_ppm: if algo.is_scheduled() {
            worked.participation_ppm
        } else {
            0
        },
        interval_ms: worked.interval_ms,
        jitter_bps: if sliced { worked.jitter_bps } else { 0 },
        vary_bps: if iceberg { worked.jitter_bps } else { 0 },
        urgency: if urgent { worked.urgency } else { 0 },
        spread_max_ticks: if algo == Algo::Sniper {
            1 + worked.urgency % 8
        } else {
            0
        },
        catch_up: if algo.is_scheduled() {
            worked.urgency % 4
        } else {
            0
        },
        min_clip: if algo.is_scheduled() {
            Qty::from_units(worked.min_clip * LOT.units())
        } else {
            Qty::ZERO
        },
        take_px: LimitPx::NONE,
        pause: if worked.pauses {
            PauseFlags::ALL
        } else {
            PauseFlags::NONE
        },
    };
    AlgoOrder::of(&order, terms)
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(Answer::New),
        12 => (0_u64..11, -5_i64..5).prop_map(|(eighths, ticks)| Answer::Fill { eighths, ticks }),
        6 => Just(Answer::Canceled),
        3 => Just(Answer::Rejected),
        1 => Just(Answer::Expired),
        1 => Just(Answer::DoneForDay),
        1 => Just(Answer::PendingCancel),
        3 => Just(Answer::CancelRefused),
        1 => Just(Answer::WrongVenue),
    ]
}

/// A child order as its venue sees it.
#[derive(Clone, Debug)]
pub struct VenueChild {
    pub order: ChildOrder,
    pub leaves_qty: Qty,
    pub done: bool,
    pub request: Option<ChildId>,
}

/// What is known of a client's order from its reports alone.
#[derive(Clone, Debug)]
pub struct Told {
    pub account: AccountId,
    pub view: OrderView,
    /// Sum of `last_qty` over its trades.
    pub traded: Qty,
}

/// The engine, its surroundings, and books kept from events alone.
#[derive(Debug)]
pub struct World {
    pub engine: Engine,
    pub outbox: Outbox,
    pub at: UnixNanos,
    pub seq: Seq,
    pub journal: Vec<(UnixNanos, Seq, Command)>,
    pub events: Vec<Event>,
    pub children: Vec<VenueChild>,
    pub told: BTreeMap<OrderId, Told>,
    /// Every name sent, by session, in the order sent; and the orders that go by one.
    pub names: Vec<(SessionId, ClOrdId)>,
    pub positions: BTreeMap<(AccountId, InstrumentId), i128>,
    /// Orders that wait for a person.
    pub awaited: BTreeSet<OrderId>,
    applied: BTreeSet<(VenueId, ExecId)>,
    last_report: Option<VenueReport>,
    /// The list that is being sent, and how many of its orders were.
    list: (u64, u8),
    account: AccountId,
    numbers: u64,
    /// Whether a second person says yes at once to what the configuration would loosen.
    pub approves: bool,
}

impl World {
    /// A world with instruments, venues that are up, and limits.
    pub fn new(seed: u64) -> Self {
        Self::with(configure(seed, OnNoVenue::Hold))
    }

    pub fn of(script: &Script) -> Self {
        let mut world = Self::with(configure(script.seed, script.on_no_venue));
        for instrument in (0..INSTRUMENTS).map(InstrumentId::new) {
            // Venues that are quoted at random are across each other most of the time.
            let (scope, limit) = (Scope::Instrument(instrument), Limit::CrossedBpsMax);
            world.limit(scope, limit, Some(CROSSED_BPS_MAX));
        }
        world
    }

    pub fn with(configure: Configure) -> Self {
        let mut world = Self {
            engine: Engine::new(),
            outbox: Outbox::new(),
            at: START,
            seq: Seq::new(0),
            journal: Vec::new(),
            events: Vec::new(),
            children: Vec::new(),
            told: BTreeMap::new(),
            names: Vec::new(),
            positions: BTreeMap::new(),
            awaited: BTreeSet::new(),
            applied: BTreeSet::new(),
            last_report: None,
            list: (1, 0),
            account: AccountId::new(0),
            numbers: 0,
            approves: true,
        };
        world.send(Command::Configure(configure));
        for command in setup() {
            world.send(command);
        }
        world
    }

    /// Applies a command, keeps it and its events, and updates the books.
    pub fn send(&mut self, command: Command) -> Vec<Event> {
        self.seq = self.seq.next();
        self.journal.push((self.at, self.seq, command));
        if let Command::NewOrder(order) = &command {
            self.account = order.account;
        } else if let Command::AlgoOrder(order) = &command {
            self.account = order.account;
        }
        self.engine
            .apply(self.at, self.seq, &command, &mut self.outbox);
        let events = self.outbox.events().to_vec();
        if let Command::VenueReport(report) = &command {
            self.note_report(report);
        }
        for event in &events {
            self.note(event);
        }
        self.events.extend_from_slice(&events);
        match (events.first(), &command) {
            (Some(Event::LimitProposed(view)), Command::SetLimit(change))
                if self.approves && change.source == LimitSource::Configuration =>
            {
                self.approve(view.proposal)
            }
            _ => events,
        }
    }

    /// A second person agrees to a change of a limit.
    pub fn approve(&mut self, proposal: ProposalId) -> Vec<Event> {
        self.send(Command::DecideLimit(LimitDecision {
            proposal,
            approve: true,
            request: RequestId::new(0),
            by: second_operator(),
        }))
    }

    /// The name of the first order that was accepted.
    pub fn names_of_first(&self) -> ClOrdId {
        self.told.values().next().unwrap().view.cl_ord_id
    }

    /// Sets a limit as two people would: the second approves where that is needed.
    pub fn limit(&mut self, scope: Scope, limit: Limit, value: Option<i128>) {
        let events = self.send(Command::SetLimit(LimitChange {
            scope,
            limit,
            value,
            source: LimitSource::Operator,
            request: RequestId::new(0),
            by: operator(),
        }));
        if let Some(Event::LimitProposed(view)) = events.first() {
            self.approve(view.proposal);
        }
        let last = self.events.last();
        assert!(
            matches!(last, Some(Event::LimitSet(view)) if view.after == value),
            "{last:?}"
        );
    }

    /// The command that a step comes to here; none where there is nothing to do it with.
    pub fn command(&mut self, step: &Step) -> Option<Command> {
        match step {
            Step::Pass(us) => {
                self.at = self.at.plus(Nanos::new(u64::from(*us) * 1_000));
                None
            }
            Step::Order(order) => {
                let made = self.new_order(order);
                let plain = order.kind == Kind::Plain && !order.linked;
                let asks = order.asks == Asks::Nothing && plain;
                let (at, span) = (self.at, order.span_ms);
                Some(match order.worked.filter(|_| asks) {
                    Some(by) => Command::AlgoOrder(worked(&by, made, at, span)),
                    None => Command::NewOrder(made),
                })
            }
            Step::Cancel { pick, fresh } => {
                let (session, orig_cl_ord_id) = self.name(*pick)?;
                Some(Command::Cancel(CancelRequest {
                    session,
                    cl_ord_id: self.next_name(session, *fresh),
                    orig_cl_ord_id,
                    transact_time: self.at,
                }))
            }
            Step::Replace {
                pick,
                lots,
                ticks,
                fresh,
            } => self.replace(*pick, *lots, *ticks, *fresh),
            Step::Status { pick } => {
                let (session, cl_ord_id) = self.name(*pick)?;
                Some(Command::Status(StatusRequest {
                    session,
                    cl_ord_id,
                    instrument: InstrumentId::new(0),
                    side: Side::Buy,
                }))
            }
            Step::Quote {
                venue,
                instrument,
                ticks,
                spread,
            } => Some(Command::Quote(quote(*venue, *instrument, *ticks, *spread))),
            Step::Report { pick, answer } => self.answer(*pick, *answer),
            Step::Again => self.last_report.map(Command::VenueReport),
            Step::VenueState { venue, up } => Some(Command::VenueState {
                venue: VenueId::new(*venue),
                up: *up,
            }),
            Step::Trade { instrument, ticks } => Some(Command::MarketTrade(MarketTrade {
                venue: VenueId::new(0),
                instrument: InstrumentId::new(*instrument),
                px: Price::from_units(MID + ticks * TICK.units()),
                qty: LOT,
                trade_time: UnixNanos::ZERO,
            })),
            Step::Decide { pick, approve } => {
                let waiting = self.awaited.len();
                let order = self.awaited.iter().nth(pick % waiting.max(1)).copied();
                order.map(|order| {
                    Command::DecideOrder(OrderDecision {
                        order,
                        approve: *approve,
                        request: RequestId::new(1),
                        by: operator(),
                    })
                })
            }
            Step::MassCancel {
                session,
                instrument,
            } => {
                let session = SessionId::new(*session);
                Some(Command::MassCancel(MassCancelRequest {
                    session,
                    cl_ord_id: self.next_name(session, true),
                    scope: scope(*instrument),
                    instrument: InstrumentId::new(instrument.unwrap_or(0)),
                }))
            }
            Step::MassStatus {
                session,
                instrument,
            } => Some(Command::MassStatus(MassStatusRequest {
                session: SessionId::new(*session),
                request: "S".parse().unwrap(),
                scope: scope(*instrument),
                instrument: InstrumentId::new(instrument.unwrap_or(0)),
            })),
            Step::OperatorCancel {
                pick,
                level,
                number,
            } => {
                let level = Level::ALL[*level];
                let number = if level == Level::Firm { 0 } else { *number };
                let count = self.told.len().max(1);
                let order = pick.and_then(|pick| self.told.keys().nth_back(pick % count));
                Some(Command::OperatorCancel(OperatorCancel {
                    order: order.copied().unwrap_or(OrderId::new(0)),
                    scope: Scope::of(level, number)?,
                    request: RequestId::new(9),
                    by: operator(),
                }))
            }
            Step::SessionState { session, link } => Some(Command::SessionState {
                session: SessionId::new(*session),
                link: *link,
            }),
            Step::Wake => Some(Command::Wake),
            Step::Halt => Some(Command::SetState(StateChange::halt(operator()))),
            Step::Resume => Some(Command::SetState(StateChange::resume(operator()))),
            Step::Checkpoint => Some(Command::Checkpoint),
        }
    }

    /// Takes a step and says what it caused.
    pub fn take(&mut self, step: &Step) -> Vec<Event> {
        match self.command(step) {
            Some(command) => self.send(command),
            None => Vec::new(),
        }
    }

    /// Wakes the engine until it has nothing left that is due.
    pub fn settle(&mut self) {
        while self.engine.wake_at().is_some_and(|at| at <= self.at) {
            self.send(Command::Wake);
        }
    }

    /// Ends everything as well-behaved venues would: cancels what works, and confirms it.
    pub fn wind_down(&mut self) {
        self.send(Command::SetState(StateChange::halt(operator())));
        for _ in 0..200 {
            self.settle();
            let working: Vec<usize> = (0..self.children.len())
                .filter(|ix| !self.children[*ix].done)
                .collect();
            if working.is_empty() && self.engine.orders_open() == 0 {
                break;
            }
            for ix in working {
                let report = self.report(ix, ExecType::Canceled, Qty::ZERO, 0);
                self.send(Command::VenueReport(report));
            }
            self.at = self.at.plus(Nanos::from_seconds(1));
        }
    }

    fn new_order(&mut self, order: &Order) -> NewOrder {
        let session = SessionId::new(if order.linked { 0 } else { order.session });
        let cl_ord_id = self.next_name(session, order.fresh);
        let px = Price::from_units(MID + order.ticks * TICK.units() + order.off_tick);
        let sliced = order.slices.is_some() && order.kind == Kind::Plain && !order.linked;
        let dated = sliced || order.time_in_force == TimeInForce::Gtd;
        let plain = NewOrder {
            session,
            account: AccountId::new(order.account),
            cl_ord_id,
            instrument: InstrumentId::new(order.instrument),
            side: if order.buy { Side::Buy } else { Side::Sell },
            ord_type: if order.market {
                OrdType::Market
            } else {
                OrdType::Limit
            },
            time_in_force: order.time_in_force,
            algo: if sliced { Algo::Twap } else { Algo::AtOnce },
            order_qty: Qty::from_units(order.lots * LOT.units() + order.off_lot),
            limit_px: if order.market {
                LimitPx::NONE
            } else {
                px.into()
            },
            end: if dated {
                self.at.plus(Nanos::from_millis(order.span_ms))
            } else {
                UnixNanos::ZERO
            },
            slices: order.slices.filter(|_| sliced).unwrap_or(0),
            transact_time: self.at,
            ..NewOrder::PLAIN
        };
        let waiting = asking(order.asks, waiting(order, plain));
        if order.linked {
            self.linked(waiting)
        } else {
            waiting
        }
    }

    /// The order as the next one of a list: of two that cancel each other, or of three of which
    /// the first triggers the others.
    fn linked(&mut self, order: NewOrder) -> NewOrder {
        let (list, sent) = self.list;
        let (leg, list_total) = match (list % 2, sent) {
            (0, _) => (Leg::OneCancelsOther, 2),
            (_, 0) => (Leg::Trigger, 3),
            (_, _) => (Leg::Triggered, 3),
        };
        self.list = if sent + 1 == list_total {
            (list + 1, 0)
        } else {
            (list, sent + 1)
        };
        // Small, and good for a while: a list is refused with any one of it.
        NewOrder {
            account: AccountId::new(0),
            instrument: InstrumentId::new(0),
            time_in_force: TimeInForce::Gtc,
            end: UnixNanos::ZERO,
            order_qty: Qty::from_units(
                (1 + order.order_qty.units() / LOT.units() % 9) * LOT.units(),
            ),
            list: ListId::new(list),
            leg,
            list_total,
            ..order
        }
    }

    fn replace(&mut self, pick: usize, lots: u64, ticks: i64, fresh: bool) -> Option<Command> {
        let (session, orig_cl_ord_id) = self.name(pick)?;
        let view = self
            .told
            .values()
            .map(|told| told.view)
            .find(|view| view.session == session && view.cl_ord_id == orig_cl_ord_id);
        let px = Price::from_units(MID + ticks * TICK.units());
        let ord_type = view.map_or(OrdType::Limit, |view| view.ord_type);
        Some(Command::Replace(ReplaceRequest {
            session,
            cl_ord_id: self.next_name(session, fresh),
            orig_cl_ord_id,
            instrument: view.map_or(InstrumentId::new(0), |view| view.instrument),
            side: view.map_or(Side::Buy, |view| view.side),
            ord_type,
            time_in_force: view.map_or(TimeInForce::Day, |view| view.time_in_force),
            order_qty: Qty::from_units(lots * LOT.units()),
            limit_px: match ord_type {
                OrdType::Limit
                | OrdType::StopLimit
                | OrdType::MarketIfTouched
                | OrdType::Pegged => px.into(),
                OrdType::Market | OrdType::Stop | OrdType::MarketWithLeftOverAsLimit => {
                    LimitPx::NONE
                }
            },
            transact_time: self.at,
            stop_px: view.map_or(LimitPx::NONE, |view| view.stop_px),
            display_qty: Qty::ZERO,
        }))
    }

    fn answer(&mut self, pick: usize, answer: Answer) -> Option<Command> {
        if self.children.is_empty() {
            return None;
        }
        // Mostly one of the last children, which are the ones that work.
        let len = self.children.len();
        let ix = len - 1 - (pick % len.min(12));
        let command = match answer {
            Answer::New => self.report(ix, ExecType::New, Qty::ZERO, 0),
            Answer::Fill { eighths, ticks } => {
                let left = self.children[ix].leaves_qty.units();
                let base = if left == 0 { LOT.units() } else { left };
                let last_qty = Qty::from_units(base / 8 * eighths);
                let last_qty = if eighths == 8 {
                    Qty::from_units(base)
                } else {
                    last_qty
                };
                self.report(ix, ExecType::Trade, last_qty, ticks)
            }
            Answer::Canceled => self.report(ix, ExecType::Canceled, Qty::ZERO, 0),
            Answer::Rejected => self.report(ix, ExecType::Rejected, Qty::ZERO, 0),
            Answer::Expired => self.report(ix, ExecType::Expired, Qty::ZERO, 0),
            Answer::DoneForDay => self.report(ix, ExecType::DoneForDay, Qty::ZERO, 0),
            Answer::PendingCancel => self.report(ix, ExecType::PendingCancel, Qty::ZERO, 0),
            Answer::WrongVenue => {
                let mut report = self.report(ix, ExecType::Trade, LOT, 0);
                report.venue = VenueId::new((report.venue.get() + 1) % VENUES);
                report
            }
            Answer::CancelRefused => {
                let child = &self.children[ix];
                return Some(Command::VenueCancelReject(VenueCancelReject {
                    venue: child.order.venue,
                    child: child.order.child,
                    request: child.request.unwrap_or(ChildId::new(0)),
                    cxl_rej_reason: CxlRejReason::TooLate,
                    ord_status: OrdStatus::New,
                }));
            }
        };
        self.last_report = Some(command);
        Some(Command::VenueReport(command))
    }

    /// A venue's report about its `ix`th child.
    pub fn report(&mut self, ix: usize, exec_type: ExecType, qty: Qty, ticks: i64) -> VenueReport {
        self.numbers += 1;
        let child = &self.children[ix];
        let px = child.order.limit_px.price();
        let px = px.unwrap_or(Price::from_units(MID)).units() + ticks * TICK.units();
        let left = child.leaves_qty.saturating_minus(qty);
        VenueReport {
            venue: child.order.venue,
            child: child.order.child,
            exec_id: format!("E{}", self.numbers).parse().unwrap(),
            exec_type,
            ord_status: OrdStatus::New,
            ord_rej_reason: OrdRejReason::Other,
            last_qty: qty,
            last_px: if qty.is_zero() {
                Price::ZERO
            } else {
                Price::from_units(px)
            },
            cum_qty: child.order.order_qty.saturating_minus(left),
            leaves_qty: left,
            ..VenueReport::EMPTY
        }
    }

    /// The name of the `pick`th request, or an unknown one now and then.
    fn name(&self, pick: usize) -> Option<(SessionId, ClOrdId)> {
        if pick.is_multiple_of(41) {
            return Some((SessionId::new(0), "nobody".parse().unwrap()));
        }
        let len = self.names.len();
        let back = (pick / 41) % len.clamp(1, 20);
        self.names.get(len.checked_sub(1 + back)?).copied()
    }

    fn next_name(&mut self, session: SessionId, fresh: bool) -> ClOrdId {
        if let (false, Some((_, last))) = (fresh, self.names.last()) {
            return *last;
        }
        self.numbers += 1;
        let name: ClOrdId = format!("C{}", self.numbers).parse().unwrap();
        self.names.push((session, name));
        name
    }

    /// Books a report as an honest bookkeeper would: a fill that is new changes the position.
    fn note_report(&mut self, report: &VenueReport) {
        let child = self
            .children
            .iter_mut()
            .find(|child| child.order.child == report.child && child.order.venue == report.venue);
        let Some(child) = child else { return };
        if report.exec_type == ExecType::Trade && report.last_qty.is_zero() {
            return;
        }
        if !self.applied.insert((report.venue, report.exec_id)) {
            return;
        }
        let account = self.told[&child.order.order].account;
        if report.exec_type == ExecType::Trade {
            let position = self
                .positions
                .entry((account, child.order.instrument))
                .or_default();
            let units = i128::from(report.last_qty.units());
            *position += match child.order.side {
                Side::Buy => units,
                Side::Sell => -units,
            };
        }
        if report.exec_type == ExecType::TradeCancel && !report.leaves_qty.is_zero() {
            // It works again.
            (child.done, child.leaves_qty) = (false, report.leaves_qty);
        }
        if child.done {
            return;
        }
        match report.exec_type {
            ExecType::Trade => {
                child.leaves_qty = child.leaves_qty.saturating_minus(report.last_qty);
                child.done = child.leaves_qty.is_zero();
            }
            ExecType::DoneForDay if child.order.time_in_force == TimeInForce::Gtc => {}
            ExecType::Canceled | ExecType::Rejected | ExecType::Expired | ExecType::DoneForDay => {
                child.done = true;
                child.leaves_qty = Qty::ZERO;
            }
            _ => {}
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Accepted { view, .. } if self.awaited.remove(&view.order) => self.tell(view),
            Event::Accepted { view, .. } | Event::PendingNew { view } => {
                if let Event::PendingNew { .. } = event {
                    self.awaited.insert(view.order);
                }
                let told = Told {
                    account: self.account,
                    view: *view,
                    traded: Qty::ZERO,
                };
                assert!(
                    self.told.insert(view.order, told).is_none(),
                    "an OrderID is given once"
                );
            }
            Event::Trade { view, last_qty, .. } => {
                let told = self.told.get_mut(&view.order).unwrap();
                told.traded = told.traded.plus(*last_qty).unwrap();
                told.view = *view;
            }
            Event::Rejected { view, .. } if view.order != OrderId::new(0) => self.tell(view),
            Event::Canceled {
                view,
                orig_cl_ord_id,
            } => {
                let mut view = *view;
                view.cl_ord_id = *orig_cl_ord_id;
                self.tell(&view);
            }
            Event::PendingCancel {
                view,
                orig_cl_ord_id,
            }
            | Event::PendingReplace {
                view,
                orig_cl_ord_id,
            } => {
                let mut view = *view;
                view.cl_ord_id = *orig_cl_ord_id;
                self.tell(&view);
            }
            Event::Replaced { view, .. }
            | Event::Expired { view }
            | Event::Triggered { view }
            | Event::Restated { view, .. } => self.tell(view),
            Event::CancelRejected(rejected) => {
                if let Some(told) = self.told.get_mut(&rejected.order) {
                    told.view.ord_status = rejected.ord_status;
                }
            }
            Event::ChildSent(order) => self.children.push(VenueChild {
                order: *order,
                leaves_qty: order.order_qty,
                done: false,
                request: None,
            }),
            Event::ChildCancel(cancel) => {
                let child = self
                    .children
                    .iter_mut()
                    .find(|child| child.order.child == cancel.child)
                    .expect("only what was sent is cancelled");
                assert!(!child.done, "what is done is not cancelled");
                child.request = Some(cancel.request);
            }
            _ => {}
        }
    }

    fn tell(&mut self, view: &OrderView) {
        self.told.get_mut(&view.order).unwrap().view = *view;
    }
}

/// The order as one that waits for what it is meant to wait for.
fn waiting(order: &Order, plain: NewOrder) -> NewOrder {
    let away = Price::from_units(order.away * TICK.units());
    // Some are where the market is already.
    let ticks = if order.buy {
        order.away - 8
    } else {
        8 - order.away
    };
    let above = Price::from_units(MID + ticks * TICK.units());
    let below = Price::from_units(MID - ticks * TICK.units());
    let limited = plain.limit_px != LimitPx::NONE;
    match order.kind {
        Kind::Plain => plain,
        Kind::Stop => NewOrder {
            ord_type: if limited {
                OrdType::StopLimit
            } else {
                OrdType::Stop
            },
            stop_px: above.into(),
            ..plain
        },
        Kind::Touched => NewOrder {
            ord_type: OrdType::MarketIfTouched,
            stop_px: below.into(),
            ..plain
        },
        Kind::Trailing => NewOrder {
            ord_type: OrdType::Stop,
            limit_px: LimitPx::NONE,
            peg: Peg::TrailingStop,
            peg_offset: away,
            ..plain
        },
        Kind::Pegged(peg) => NewOrder {
            ord_type: OrdType::Pegged,
            peg,
            peg_offset: Price::from_units((order.away % 5 - 2) * TICK.units()),
            ..plain
        },
    }
}

pub fn configure(seed: u64, on_no_venue: OnNoVenue) -> Configure {
    Configure {
        seed,
        orders_open_max: 200,
        ids_kept_max: 20_000,
        on_no_venue,
        route_attempts_max: 2,
        discount_ppm: 998_000,
        prior_sd_centi_bps: 200,
        ..Configure::DEFAULT
    }
}

/// Instruments, venues that are up, and limits.
pub fn setup() -> Vec<Command> {
    let mut commands = Vec::new();
    for venue in 0..VENUES {
        commands.push(Command::DefineVenue(Venue {
            id: VenueId::new(venue),
            name: format!("V{venue}").parse().unwrap(),
            fee_centi_bps: i32::from(venue) * 10,
            features: features(venue),
        }));
        commands.push(Command::VenueState {
            venue: VenueId::new(venue),
            up: true,
        });
    }
    for instrument in 0..INSTRUMENTS {
        commands.push(Command::DefineInstrument(self::instrument(instrument)));
        commands.extend(
            instrument_limits(instrument)
                .changes()
                .map(Command::SetLimit),
        );
    }
    commands.push(Command::SetLimit(LimitChange::configured(
        Scope::Firm,
        Limit::GrossMax,
        Notional::whole(1_000_000_000_000).units(),
    )));
    for session in 0..SESSIONS {
        commands.extend(session_limits(session).changes().map(Command::SetLimit));
    }
    // The second session's large orders wait for a person.
    commands.push(Command::SetLimit(LimitChange::configured(
        Scope::Session(SessionId::new(1)),
        Limit::ApprovalNotional,
        Notional::whole(400).units(),
    )));
    commands.push(Command::SetSessionPolicy(SessionPolicy {
        session: SessionId::new(1),
        cancel_on_disconnect: true,
        cancel_on_logout: true,
    }));
    // What plans go by is known of the first instrument only.
    commands.extend(profile(0, |bucket| u16::try_from(bucket * 7 % 23).unwrap()));
    commands.push(Command::SetMarketFacts(MarketFacts {
        instrument: InstrumentId::new(0),
        day_qty: Qty::whole(100_000_000),
        volatility_ppm: 6_000,
        impact_ppm: 20_000,
        half_spread_ppm: 50,
    }));
    commands
}

/// A volume profile of an instrument, by bucket.
pub fn profile(instrument: u32, weight: impl Fn(usize) -> u16) -> Vec<Command> {
    let parts = 0..PROFILE_BUCKETS / PROFILE_PART;
    parts
        .map(|part| {
            let first = part * PROFILE_PART;
            Command::SetProfile(SetProfile {
                instrument: InstrumentId::new(instrument),
                part: u8::try_from(part).unwrap(),
                weights: ProfileWeights(std::array::from_fn(|ix| weight(first + ix))),
            })
        })
        .collect()
}

/// The first venue takes plain orders only, each of the others something more.
fn features(venue: u8) -> VenueFeatures {
    match venue {
        0 => VenueFeatures::NONE,
        1 => VenueFeatures::ICEBERG
            .with(VenueFeatures::POST_ONLY)
            .with(VenueFeatures::ALL_OR_NONE),
        _ => VenueFeatures::MIN_QTY.with(VenueFeatures::POST_ONLY),
    }
}

const fn scope(instrument: Option<u32>) -> MassScope {
    match instrument {
        Some(_) => MassScope::Security,
        None => MassScope::All,
    }
}

/// The order with what it asks for besides.
fn asking(asks: Asks, order: NewOrder) -> NewOrder {
    let flags = |flags| NewOrder { flags, ..order };
    match asks {
        Asks::Nothing => order,
        Asks::Display(lots) => NewOrder {
            display_qty: Qty::from_units(lots * LOT.units()),
            ..order
        },
        Asks::MinQty(lots) => NewOrder {
            min_qty: Qty::from_units(lots * LOT.units()),
            time_in_force: TimeInForce::Ioc,
            ..order
        },
        Asks::PostOnly => flags(OrderFlags::POST_ONLY),
        Asks::ReduceOnly => flags(OrderFlags::REDUCE_ONLY),
        Asks::AllOrNone => flags(OrderFlags::ALL_OR_NONE),
        Asks::LeftOver => NewOrder {
            ord_type: OrdType::MarketWithLeftOverAsLimit,
            limit_px: LimitPx::NONE,
            ..order
        },
    }
}

pub fn instrument(id: u32) -> Instrument {
    Instrument {
        id: InstrumentId::new(id),
        symbol: format!("I{id}").parse().unwrap(),
        tick: TICK,
        lot: LOT,
        // The first may fall back to its close, the second may not.
        prev_close: Price::from_units(MID).into(),
        venues: VenueSet::from_bits(if id == 0 { 0b111 } else { 0b011 }),
        multiplier: Instrument::ONE,
    }
}

pub fn instrument_limits(id: u32) -> InstrumentLimits {
    InstrumentLimits {
        instrument: InstrumentId::new(id),
        order_qty_max: Qty::whole(600),
        order_notional_max: Notional::whole(640),
        position_max: Qty::whole(2_000),
        quote_age_max: Nanos::from_millis(500),
        collar_bps: 30,
        prev_close_allowed: id == 0,
    }
}

pub fn session_limits(id: u16) -> SessionLimits {
    SessionLimits {
        session: SessionId::new(id),
        orders_per_s_max: 20,
        burst_max: 10,
        orders_open_max: 12,
    }
}

pub fn quote(venue: u8, instrument: u32, ticks: i64, spread: i64) -> Quote {
    let bid = MID + ticks * TICK.units();
    Quote {
        venue: VenueId::new(venue),
        instrument: InstrumentId::new(instrument),
        bid_px: Price::from_units(bid).into(),
        bid_qty: Qty::whole(100),
        // A spread of zero stands for one side only.
        ask_px: if spread == 0 {
            LimitPx::NONE
        } else {
            Price::from_units(bid + spread * TICK.units()).into()
        },
        ask_qty: Qty::whole(100),
        quote_time: UnixNanos::ZERO,
    }
}

pub fn operator() -> Operator {
    Operator {
        author: "test".parse().unwrap(),
        reason: "because".parse().unwrap(),
    }
}

pub fn second_operator() -> Operator {
    Operator {
        author: "second".parse().unwrap(),
        reason: "agreed".parse().unwrap(),
    }
}
