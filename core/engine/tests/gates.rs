//! Every path that an order can take to a venue, with every gate on it closed: nothing goes out.
//!
//! Each path is taken once with all gates open, and must reach a venue; then once with each gate
//! closed after the order was prepared, and must not. Without the call to the gates on a path, its
//! rows fail.

mod support;

use dcx_engine::Engine;
use dcx_model::*;
use support::{LOT, MID, TICK, VenueChild, World};

/// How an order comes to a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    New,
    Hedge,
    Manual,
    Replace,
    /// A venue refused the child, and another is tried.
    Reroute,
    /// A later slice of a schedule is due.
    Slice,
    /// Its stop came.
    Stop,
    /// The last order of its list came.
    List,
    /// A person said yes.
    Approval,
    /// A venue logged on.
    Release,
    /// What its price follows moved, and it is sent anew.
    Reprice,
    /// It was found at a venue, adopted, and given back by that venue.
    Adopted,
    /// It comes to an engine that was made anew from the journal.
    Replayed,
    /// Its client knows that it sent one like it, and means it.
    Repeated,
}

const PATHS: [Path; 14] = [
    Path::New,
    Path::Hedge,
    Path::Manual,
    Path::Replace,
    Path::Reroute,
    Path::Slice,
    Path::Stop,
    Path::List,
    Path::Approval,
    Path::Release,
    Path::Reprice,
    Path::Adopted,
    Path::Replayed,
    Path::Repeated,
];

/// What stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    Nothing,
    Halt,
    Reducing,
    Permission,
    OrderQty,
    Notional,
    Collar,
    Crossed,
    MarketHalted,
    Hours,
    Rate,
}

const GATES: [Closed; 10] = [
    Closed::Halt,
    Closed::Reducing,
    Closed::Permission,
    Closed::OrderQty,
    Closed::Notional,
    Closed::Collar,
    Closed::Crossed,
    Closed::MarketHalted,
    Closed::Hours,
    Closed::Rate,
];

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Sent,
    Refused(Code),
    Waits,
}

const INSTRUMENT: InstrumentId = InstrumentId::new(0);

fn px(ticks: i64) -> LimitPx {
    Price::from_units(MID + ticks * TICK.units()).into()
}

struct Case {
    world: World,
    quotes: Vec<Quote>,
    /// Events before the path was taken.
    from: usize,
}

impl Case {
    fn new() -> Self {
        let mut case = Self {
            world: World::with(Configure {
                on_orphan: OnOrphan::Adopt,
                ..support::configure(1, OnNoVenue::Hold)
            }),
            quotes: vec![support::quote(0, 0, -1, 2)],
            from: 0,
        };
        case.quote();
        case
    }

    fn quote(&mut self) {
        for quote in self.quotes.clone() {
            self.world.send(Command::Quote(quote));
        }
    }

    /// An order to buy forty lots, some ticks above the offer, which takes.
    fn order(&self, name: &str) -> NewOrder {
        NewOrder {
            cl_ord_id: name.parse().expect("printable"),
            time_in_force: TimeInForce::Gtc,
            order_qty: Qty::from_units(40 * LOT.units()),
            limit_px: px(60),
            transact_time: self.world.at,
            ..NewOrder::PLAIN
        }
    }

    fn send(&mut self, order: NewOrder) -> Vec<Event> {
        self.world.send(Command::NewOrder(order))
    }

    fn venues(&mut self, up: bool) {
        for venue in (0..support::VENUES).map(VenueId::new) {
            self.world.send(Command::VenueState { venue, up });
        }
    }

    /// All that comes before the gates close.
    fn prepare(&mut self, path: Path) {
        let order = self.order("A");
        match path {
            Path::New | Path::Hedge | Path::Manual | Path::Replayed => {}
            Path::Reroute | Path::Repeated => {
                self.send(order);
            }
            Path::Reprice => {
                self.send(NewOrder {
                    ord_type: OrdType::Pegged,
                    peg: Peg::Market,
                    peg_offset: Price::from_units(60 * TICK.units()),
                    limit_px: LimitPx::NONE,
                    ..order
                });
            }
            Path::Adopted => {
                self.world.send(Command::Orphan(orphan(&order)));
                self.note_adopted(&order);
            }
            Path::Replace | Path::Release => {
                self.venues(false);
                self.send(order);
            }
            Path::Slice => {
                self.send(NewOrder {
                    algo: Algo::Twap,
                    slices: 2,
                    end: self.world.at.plus(Nanos::from_seconds(2)),
                    ..order
                });
            }
            Path::Stop => {
                self.send(NewOrder {
                    ord_type: OrdType::StopLimit,
                    stop_px: px(5),
                    ..order
                });
            }
            Path::List => {
                self.send(listed(order));
            }
            Path::Approval => {
                self.send(NewOrder {
                    session: SessionId::new(1),
                    ..order
                });
            }
        }
    }

    fn close(&mut self, gate: Closed) {
        let account = Scope::Account(AccountId::new(0));
        let (request, by) = (RequestId::new(1), support::operator());
        let state = |state| {
            Command::SetState(StateChange {
                scope: account,
                state,
                request,
                by,
            })
        };
        let limit = |scope, limit, value| {
            let configured = LimitChange::configured(scope, limit, value);
            let source = LimitSource::Operator;
            Command::SetLimit(LimitChange {
                source,
                by,
                ..configured
            })
        };
        let instrument = Scope::Instrument(INSTRUMENT);
        match gate {
            Closed::Nothing => {}
            Closed::Halt => {
                self.world.send(state(TradingState::Halted));
            }
            Closed::Reducing => {
                self.world.send(state(TradingState::Reducing));
            }
            Closed::Permission => {
                let instrument = Some(INSTRUMENT);
                self.world.send(Command::SetPermission(Permission {
                    scope: account,
                    instrument,
                    allowed: false,
                    request,
                    by,
                }));
            }
            Closed::OrderQty => {
                let max = i128::from(19 * LOT.units());
                self.world.send(limit(instrument, Limit::OrderQtyMax, max));
            }
            Closed::Notional => {
                let max = Notional::whole(10).units();
                self.world
                    .send(limit(instrument, Limit::OrderNotionalMax, max));
            }
            Closed::Collar => {
                self.world.send(limit(instrument, Limit::CollarBps, 1));
            }
            Closed::Crossed => {
                self.quotes = vec![support::quote(1, 0, 19, 2), support::quote(0, 0, 29, 2)];
                self.quote();
            }
            Closed::MarketHalted => {
                for venue in (0..support::VENUES).map(VenueId::new) {
                    let (instrument, phase) = (INSTRUMENT, Phase::Halted);
                    self.world.send(Command::VenuePhase {
                        venue,
                        instrument,
                        phase,
                    });
                }
            }
            Closed::Hours => {
                // Two hours from now on, for one.
                let opens =
                    u32::try_from(self.world.at.seconds() % 86_400).expect("a second") + 7_200;
                self.world.send(Command::DefineHours(TradingHours {
                    instrument: INSTRUMENT,
                    open_s: opens,
                    close_s: opens + 3_600,
                    weekdays: 127,
                    close_lead: Nanos::ZERO,
                }));
            }
            Closed::Rate => {
                let session = Scope::Session(SessionId::new(0));
                self.world.send(limit(session, Limit::OrdersPerSMax, 0));
            }
        }
    }

    /// Takes the path.
    fn go(&mut self, path: Path) {
        let order = self.order("B");
        match path {
            Path::New => {
                self.send(order);
            }
            Path::Hedge => {
                self.send(NewOrder {
                    origin: Origin::Hedge,
                    ..order
                });
            }
            Path::Manual => {
                self.send(NewOrder {
                    origin: Origin::Manual,
                    ..order
                });
            }
            Path::Replace => {
                self.replace(&order);
                // What was there before may go on; the replace may not.
                if self.outcome() == Outcome::Waits {
                    self.venues(true);
                }
            }
            Path::Replayed => {
                self.restart();
                self.send(order);
            }
            Path::Repeated => {
                self.send(NewOrder {
                    flags: OrderFlags::REPEAT_MEANT,
                    ..order
                });
            }
            Path::Reprice => {
                self.world.at = self.world.at.plus(Nanos::from_seconds(1));
                if self.quotes.len() == 1 {
                    self.quotes = vec![support::quote(0, 0, 4, 2)];
                }
                self.quote();
                let canceled = self.world.report(0, ExecType::Canceled, Qty::ZERO, 0);
                self.world.send(Command::VenueReport(canceled));
            }
            Path::Adopted => {
                let canceled = self.world.report(0, ExecType::Canceled, Qty::ZERO, 0);
                self.world.send(Command::VenueReport(canceled));
            }
            Path::Reroute => {
                let rejected = self.world.report(0, ExecType::Rejected, Qty::ZERO, 0);
                self.world.send(Command::VenueReport(rejected));
            }
            Path::Slice => {
                self.world.at = self.world.at.plus(Nanos::from_seconds(1));
                self.quote();
                self.world.send(Command::Wake);
            }
            Path::Stop => {
                if self.quotes.len() == 1 {
                    self.quotes = vec![support::quote(0, 0, 4, 2)];
                }
                self.quote();
            }
            Path::List => {
                let second = self.order("B");
                self.send(listed(NewOrder {
                    limit_px: px(59),
                    ..second
                }));
            }
            Path::Approval => self.approve(),
            Path::Release => self.venues(true),
        }
        self.world.settle();
    }

    /// The support's books know only what was sent.
    fn note_adopted(&mut self, order: &NewOrder) {
        let adopted = self.world.told.keys().next().copied();
        self.world.children.push(VenueChild {
            order: ChildOrder {
                child: ChildId::new(ADOPTED),
                order: adopted.expect("it was adopted"),
                venue: VenueId::new(0),
                instrument: order.instrument,
                side: order.side,
                ord_type: order.ord_type,
                time_in_force: order.time_in_force,
                order_qty: order.order_qty,
                limit_px: order.limit_px,
                display_qty: Qty::ZERO,
                min_qty: Qty::ZERO,
                flags: OrderFlags::NONE,
            },
            leaves_qty: order.order_qty,
            done: false,
            request: None,
        });
    }

    /// Makes the engine anew from all that it was ever told.
    fn restart(&mut self) {
        let mut engine = Engine::new();
        for (at, seq, command) in &self.world.journal {
            engine.apply(*at, *seq, command, &mut self.world.outbox);
        }
        assert_eq!(engine.digest(), self.world.engine.digest());
        self.world.engine = engine;
    }

    fn replace(&mut self, order: &NewOrder) {
        self.world.send(Command::Replace(ReplaceRequest {
            session: order.session,
            cl_ord_id: order.cl_ord_id,
            orig_cl_ord_id: "A".parse().expect("printable"),
            instrument: INSTRUMENT,
            side: order.side,
            ord_type: order.ord_type,
            time_in_force: order.time_in_force,
            order_qty: Qty::from_units(41 * LOT.units()),
            limit_px: order.limit_px,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
            transact_time: self.world.at,
        }));
    }

    fn approve(&mut self) {
        let waiting = self.world.awaited.first().copied();
        let decision = OrderDecision {
            order: waiting.unwrap_or(OrderId::new(0)),
            approve: true,
            request: RequestId::new(2),
            by: support::operator(),
        };
        self.world.send(Command::DecideOrder(decision));
    }

    fn outcome(&self) -> Outcome {
        let events = self.world.events.get(self.from..).unwrap_or_default();
        if events.iter().any(|e| matches!(e, Event::ChildSent(_))) {
            return Outcome::Sent;
        }
        let refused = events.iter().find_map(|event| match event {
            Event::Rejected { refusal, .. } => Some(refusal.code()),
            Event::CancelRejected(rejected) => Some(rejected.refusal.code()),
            _ => None,
        });
        refused.map_or(Outcome::Waits, Outcome::Refused)
    }
}

/// The number of a child order that an earlier life of the engine gave.
const ADOPTED: u64 = (support::START.seconds() << 20) - 7;

/// The order as a venue tells of one that nobody here knows.
fn orphan(order: &NewOrder) -> Orphan {
    Orphan {
        venue: VenueId::new(0),
        cl_ord_id: ADOPTED.to_string().parse().expect("printable"),
        instrument: order.instrument,
        side: order.side,
        ord_type: order.ord_type,
        time_in_force: order.time_in_force,
        order_qty: order.order_qty,
        limit_px: order.limit_px,
        cum_qty: Qty::ZERO,
        avg_px: Price::ZERO,
    }
}

fn listed(order: NewOrder) -> NewOrder {
    NewOrder {
        list: ListId::new(7),
        leg: Leg::OneCancelsOther,
        list_total: 2,
        ..order
    }
}

fn take(path: Path, gate: Closed) -> Outcome {
    let mut case = Case::new();
    case.prepare(path);
    case.from = case.world.events.len();
    case.close(gate);
    case.go(path);
    case.outcome()
}

/// With what the gate refuses.
const fn code(gate: Closed) -> Code {
    match gate {
        Closed::Nothing | Closed::Halt => Code::R001,
        Closed::Reducing => Code::R042,
        Closed::Permission => Code::R045,
        Closed::OrderQty => Code::R006,
        Closed::Notional => Code::R011,
        Closed::Collar => Code::R014,
        Closed::Crossed => Code::R048,
        Closed::MarketHalted => Code::R049,
        Closed::Hours => Code::R050,
        Closed::Rate => Code::R017,
    }
}

/// What must become of an order on a path whose gate is closed.
const fn expected(path: Path, gate: Closed) -> Outcome {
    let refused = Outcome::Refused(code(gate));
    match path {
        Path::New
        | Path::Hedge
        | Path::Manual
        | Path::Replace
        | Path::List
        | Path::Replayed
        | Path::Repeated => refused,
        Path::Reroute
        | Path::Slice
        | Path::Stop
        | Path::Approval
        | Path::Release
        | Path::Reprice
        | Path::Adopted => {
            match gate {
                // A rate is of requests: what was taken in is not asked again.
                Closed::Rate | Closed::Nothing => Outcome::Sent,
                // What waits in a scope that halts is cancelled, not refused.
                Closed::Halt => Outcome::Waits,
                Closed::MarketHalted => halted(path),
                Closed::Reducing
                | Closed::Permission
                | Closed::OrderQty
                | Closed::Notional
                | Closed::Collar
                | Closed::Crossed
                | Closed::Hours => later(path, refused),
            }
        }
    }
}

/// A slice that may not go now is due again with the next.
const fn later(path: Path, refused: Outcome) -> Outcome {
    if matches!(path, Path::Slice) {
        Outcome::Waits
    } else {
        refused
    }
}

/// Without a venue that is open there is nothing to go to, and a stop sees no price.
const fn halted(path: Path) -> Outcome {
    match path {
        Path::Reroute => Outcome::Refused(Code::R027),
        Path::Approval => Outcome::Refused(Code::R049),
        _ => Outcome::Waits,
    }
}

#[test]
fn every_path_reaches_a_venue_while_all_gates_are_open() {
    for path in PATHS {
        assert_eq!(take(path, Closed::Nothing), Outcome::Sent, "{path:?}");
    }
}

#[test]
fn no_path_reaches_a_venue_through_a_closed_gate() {
    let mut wrong = Vec::new();
    for path in PATHS {
        for gate in GATES {
            let (outcome, expected) = (take(path, gate), expected(path, gate));
            if outcome != expected {
                wrong.push(format!("{path:?} {gate:?}: {outcome:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_order_that_is_sent_twice_goes_out_once() {
    let mut case = Case::new();
    let order = case.order("A");
    case.send(order);
    case.from = case.world.events.len();
    case.send(order);
    assert_eq!(case.outcome(), Outcome::Refused(Code::R018));
}
