//! The engine allocates for Configure only: counted over a million mixed commands.

#![expect(
    unsafe_code,
    reason = "a GlobalAlloc that counts is the only way to see every allocation"
)]
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "small drawn numbers; a panic is a failed test"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dcx_engine::{Engine, Outbox};
use dcx_model::{
    AccountId, Algo, AlgoOrder, AlgoTerms, CancelRequest, ChildId, ClOrdId, Command, Configure,
    Event, ExecId, ExecType, Instrument, InstrumentId, InstrumentLimits, Leg, Limit, LimitChange,
    LimitPx, ListId, MarketFacts, MarketTrade, MassCancelRequest, MassScope, MassStatusRequest,
    Nanos, NewOrder, Notional, OnNoVenue, OperatorCancel, OrdRejReason, OrdStatus, OrdType,
    OrderFlags, OrderId, PROFILE_BUCKETS, PROFILE_PART, Peg, Price, ProfileWeights, Qty, Quote,
    ReplaceRequest, RequestId, Routing, RoutingPolicy, RoutingRules, Scope, Seq, SessionId,
    SessionLimits, SetProfile, Side, StatusRequest, Text, TimeInForce, UnixNanos, Venue,
    VenueCancelReject, VenueFeatures, VenueId, VenueReport, VenueSet,
};
use dcx_stats::Draws;

thread_local! {
    /// Allocations of this thread. Constant, so that reading it allocates nothing.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call is handed to `System` unchanged; the counter is a plain cell of this thread
// and touches no memory of the allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps to `GlobalAlloc::alloc`, which asks the same of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `System` through `alloc` above, with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A number as a text, without `format!`, which allocates.
fn text(letter: u8, mut number: u64) -> Text<36> {
    let mut padded = [0; 36];
    padded[0] = letter;
    for place in padded[1..21].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    Text::from_padded(padded).unwrap()
}

/// Children remembered.
const RING: usize = 8_192;

struct Mix {
    engine: Engine,
    outbox: Outbox,
    draws: Draws,
    at: UnixNanos,
    seq: Seq,
    numbers: u64,
    /// The last children and names, in rings.
    children: Box<[(ChildId, VenueId, Qty, ChildId); RING]>,
    /// Children before this one were answered for good, more or less.
    served: usize,
    sent: usize,
    names: [ClOrdId; 64],
    named: usize,
    /// Orders of lists that were sent.
    linked: u64,
    kinds: [u64; 13],
    /// Accepted orders by algorithm.
    algos: [u64; Algo::ALL.len()],
}

impl Mix {
    fn apply(&mut self, command: &Command) {
        self.seq = self.seq.next();
        self.at = self.at.plus(Nanos::new(20_000));
        self.engine
            .apply(self.at, self.seq, command, &mut self.outbox);
        if let Command::AlgoOrder(order) = command {
            let accepted = |event: &Event| matches!(event, Event::Accepted { .. });
            let accepted = self.outbox.events().iter().any(accepted);
            let algo = Algo::ALL.iter().position(|algo| *algo == order.algo);
            self.algos[algo.unwrap()] += u64::from(accepted);
        }
        for event in self.outbox.events() {
            match event {
                Event::ChildSent(order) => {
                    let child = (order.child, order.venue, order.order_qty, ChildId::new(0));
                    self.children[self.sent % RING] = child;
                    self.sent += 1;
                }
                Event::ChildCancel(cancel) => {
                    let child = self.children.iter_mut().find(|c| c.0 == cancel.child);
                    if let Some(child) = child {
                        child.3 = cancel.request;
                    }
                }
                Event::Accepted { .. } => self.kinds[0] += 1,
                Event::Rejected { .. } => self.kinds[1] += 1,
                Event::Trade { .. } => self.kinds[2] += 1,
                Event::Canceled { .. } => self.kinds[3] += 1,
                Event::Replaced { .. } => self.kinds[4] += 1,
                Event::Expired { .. } => self.kinds[5] += 1,
                Event::Ignored { .. } => self.kinds[6] += 1,
                Event::Triggered { .. } => self.kinds[8] += 1,
                Event::Restated { .. } => self.kinds[9] += 1,
                Event::MassCanceled(_) => self.kinds[10] += 1,
                Event::MassStatus { .. } => self.kinds[11] += 1,
                Event::OperatorDone { .. } => self.kinds[12] += 1,
                _ => self.kinds[7] += 1,
            }
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.draws.bits() % bound
    }

    fn name(&mut self) -> ClOrdId {
        self.numbers += 1;
        let name = text(b'C', self.numbers);
        self.names[self.named % 64] = name;
        self.named += 1;
        name
    }

    fn order(&mut self) -> Command {
        let twap = self.below(8) == 0;
        let times = [
            TimeInForce::Day,
            TimeInForce::Gtc,
            TimeInForce::Ioc,
            TimeInForce::Day,
        ];
        Command::NewOrder(NewOrder {
            session: SessionId::new(0),
            account: AccountId::new(self.below(50) as u32),
            cl_ord_id: self.name(),
            instrument: InstrumentId::new(self.below(4) as u32),
            side: if self.below(2) == 0 {
                Side::Buy
            } else {
                Side::Sell
            },
            ord_type: OrdType::Limit,
            time_in_force: times[self.below(4) as usize],
            algo: if twap { Algo::Twap } else { Algo::AtOnce },
            order_qty: Qty::whole(10 * (1 + self.below(30))),
            limit_px: Price::from_units(110_000_000 + 1_000 * self.below(40) as i64).into(),
            start: UnixNanos::ZERO,
            end: if twap {
                self.at.plus(Nanos::from_millis(1 + self.below(50)))
            } else {
                UnixNanos::ZERO
            },
            slices: if twap { 1 + self.below(6) as u16 } else { 0 },
            transact_time: self.at,
            ..NewOrder::PLAIN
        })
    }

    /// An order that is worked over a short time by any of the algorithms.
    fn algo_order(&mut self) -> Command {
        let Command::NewOrder(plain) = self.order() else {
            unreachable!("an order is an order");
        };
        let algo = Algo::ALL[1 + self.below(Algo::ALL.len() as u64 - 1) as usize];
        let sliced = algo.is_scheduled() && algo != Algo::Pov;
        let urgent = matches!(algo, Algo::Shortfall | Algo::Adaptive | Algo::Planned);
        let (iceberg, pegged) = (algo == Algo::Iceberg, algo == Algo::Pegged);
        let order = NewOrder {
            algo,
            time_in_force: TimeInForce::Day,
            ord_type: if pegged {
                OrdType::Pegged
            } else {
                OrdType::Limit
            },
            peg: if pegged { Peg::Primary } else { Peg::None },
            display_qty: Qty::whole(if iceberg { 10 } else { 0 }),
            slices: if sliced { 1 + self.below(6) as u16 } else { 0 },
            end: self.at.plus(Nanos::from_millis(20 + self.below(60))),
            ..plain
        };
        let terms = AlgoTerms {
            participation_ppm: if algo == Algo::Pov { 200_000 } else { 0 },
            interval_ms: 10,
            jitter_bps: if sliced { 500 } else { 0 },
            vary_bps: if iceberg { 500 } else { 0 },
            urgency: if urgent { 100 } else { 0 },
            spread_max_ticks: if algo == Algo::Sniper { 8 } else { 0 },
            ..AlgoTerms::NONE
        };
        Command::AlgoOrder(AlgoOrder::of(&order, terms))
    }

    /// An order that waits for a price, follows one, or is one of two that cancel each other.
    fn held_order(&mut self) -> Command {
        let Command::NewOrder(plain) = self.order() else {
            unreachable!("an order is an order");
        };
        let px = |ticks: u64| Price::from_units(110_000_000 + 1_000 * ticks as i64);
        let plain = NewOrder {
            algo: Algo::AtOnce,
            time_in_force: TimeInForce::Day,
            end: UnixNanos::ZERO,
            slices: 0,
            ..plain
        };
        let stop = NewOrder {
            ord_type: OrdType::Stop,
            limit_px: LimitPx::NONE,
            ..plain
        };
        Command::NewOrder(match self.below(5) {
            0 => NewOrder {
                stop_px: px(self.below(40)).into(),
                ..stop
            },
            1 => NewOrder {
                ord_type: OrdType::MarketIfTouched,
                stop_px: px(self.below(40)).into(),
                ..plain
            },
            2 => NewOrder {
                peg: Peg::TrailingStop,
                peg_offset: Price::from_units(1_000 * (1 + self.below(20) as i64)),
                ..stop
            },
            3 => NewOrder {
                ord_type: OrdType::Pegged,
                peg: Peg::Primary,
                ..plain
            },
            _ => {
                self.linked += 1;
                NewOrder {
                    account: AccountId::new(0),
                    list: ListId::new(1 + self.linked / 2),
                    leg: Leg::OneCancelsOther,
                    list_total: 2,
                    ..plain
                }
            }
        })
    }

    /// An order that asks for something besides price and quantity.
    fn special_order(&mut self) -> Command {
        let Command::NewOrder(plain) = self.order() else {
            unreachable!("an order is an order");
        };
        let plain = NewOrder {
            algo: Algo::AtOnce,
            time_in_force: TimeInForce::Day,
            end: UnixNanos::ZERO,
            slices: 0,
            ..plain
        };
        Command::NewOrder(match self.below(6) {
            0 => NewOrder {
                display_qty: Qty::whole(10),
                ..plain
            },
            1 => NewOrder {
                min_qty: Qty::whole(10),
                time_in_force: TimeInForce::Ioc,
                ..plain
            },
            2 => NewOrder {
                flags: OrderFlags::POST_ONLY,
                ..plain
            },
            3 => NewOrder {
                flags: OrderFlags::ALL_OR_NONE,
                ..plain
            },
            4 => NewOrder {
                ord_type: OrdType::MarketWithLeftOverAsLimit,
                limit_px: LimitPx::NONE,
                ..plain
            },
            _ => NewOrder {
                flags: OrderFlags::REDUCE_ONLY,
                ..plain
            },
        })
    }

    /// A request about many orders.
    fn mass_request(&mut self) -> Command {
        let instrument = InstrumentId::new(self.below(4) as u32);
        let scope = if self.below(8) == 0 {
            MassScope::All
        } else {
            MassScope::Security
        };
        let session = SessionId::new(0);
        match self.below(4) {
            0 => Command::MassCancel(MassCancelRequest {
                session,
                cl_ord_id: self.name(),
                scope,
                instrument,
            }),
            1 => Command::OperatorCancel(OperatorCancel {
                order: OrderId::new(0),
                scope: Scope::Account(AccountId::new(self.below(50) as u32)),
                request: RequestId::new(1),
                by: operator(),
            }),
            _ => Command::MassStatus(MassStatusRequest {
                session,
                request: self.names[0],
                scope,
                instrument,
            }),
        }
    }

    fn report(&mut self) -> Command {
        let (child, venue, order_qty, _) = self.children[self.served % RING];
        let kind = self.below(10);
        // The last ones are left working for a while, for cancels and replaces to find.
        let ends = kind != 0 && kind != 4 && kind != 5;
        if ends && self.served + 50 < self.sent {
            self.served += 1;
        }
        self.numbers += 1;
        let duplicate = self.below(30) == 0;
        let number = if duplicate {
            self.numbers - 1
        } else {
            self.numbers
        };
        let (exec_type, last_qty) = match kind {
            0 => (ExecType::New, Qty::ZERO),
            1 | 2 => (ExecType::Canceled, Qty::ZERO),
            3 => (ExecType::Rejected, Qty::ZERO),
            4 | 5 => (ExecType::Trade, Qty::whole(10)),
            _ => (ExecType::Trade, order_qty),
        };
        Command::VenueReport(VenueReport {
            venue,
            child,
            exec_id: ExecId::from_padded(text(b'E', number).to_padded()).unwrap(),
            exec_type,
            ord_status: OrdStatus::New,
            ord_rej_reason: OrdRejReason::Other,
            last_qty,
            last_px: Price::from_units(110_010_000),
            cum_qty: last_qty,
            leaves_qty: Qty::ZERO,
            ..VenueReport::EMPTY
        })
    }

    fn quote(&mut self) -> Command {
        let bid = 110_000_000 + 1_000 * self.below(20) as i64;
        Command::Quote(Quote {
            venue: VenueId::new(self.below(3) as u8),
            instrument: InstrumentId::new(self.below(4) as u32),
            bid_px: Price::from_units(bid).into(),
            bid_qty: Qty::whole(1),
            ask_px: Price::from_units(bid + 5_000).into(),
            ask_qty: Qty::whole(1),
            quote_time: self.at,
        })
    }

    fn next(&mut self) -> Command {
        let picked = self.below(64) as usize;
        let orig_cl_ord_id = self.names[picked];
        match self.below(100) {
            0..9 => self.order(),
            9..12 => self.special_order(),
            12..16 => self.held_order(),
            16 => self.algo_order(),
            17..60 => self.report(),
            60..78 => self.quote(),
            78..80 => Command::MarketTrade(MarketTrade {
                venue: VenueId::new(0),
                instrument: InstrumentId::new(self.below(4) as u32),
                px: Price::from_units(110_000_000 + 1_000 * self.below(40) as i64),
                qty: Qty::whole(10),
                trade_time: UnixNanos::ZERO,
            }),
            80..86 => Command::Cancel(CancelRequest {
                session: SessionId::new(0),
                cl_ord_id: self.name(),
                orig_cl_ord_id,
                transact_time: self.at,
            }),
            86..90 => Command::Replace(ReplaceRequest {
                session: SessionId::new(0),
                cl_ord_id: self.name(),
                orig_cl_ord_id,
                instrument: InstrumentId::new(picked as u32 % 4),
                side: Side::Buy,
                ord_type: OrdType::Limit,
                time_in_force: TimeInForce::Day,
                order_qty: Qty::whole(10 * (1 + self.below(40))),
                limit_px: Price::from_units(110_000_000).into(),
                transact_time: self.at,
                stop_px: LimitPx::NONE,
                display_qty: Qty::ZERO,
            }),
            90..92 => Command::Status(StatusRequest {
                session: SessionId::new(0),
                cl_ord_id: orig_cl_ord_id,
                instrument: InstrumentId::new(0),
                side: Side::Buy,
            }),
            92..94 => {
                let (child, venue, _, request) = self.children[(self.served + picked) % RING];
                Command::VenueCancelReject(VenueCancelReject {
                    venue,
                    child,
                    request,
                    cxl_rej_reason: dcx_model::CxlRejReason::TooLate,
                    ord_status: OrdStatus::New,
                })
            }
            94..98 if self.below(50) == 0 => self.mass_request(),
            94..98 => Command::Wake,
            98 => Command::VenueState {
                venue: VenueId::new(2),
                up: self.below(4) != 0,
            },
            _ => match self.below(40) {
                0 => Command::SetState(dcx_model::StateChange::halt(operator())),
                1 => Command::Checkpoint,
                _ => Command::SetState(dcx_model::StateChange::resume(operator())),
            },
        }
    }
}

fn operator() -> dcx_model::Operator {
    dcx_model::Operator {
        author: "test".parse().unwrap(),
        reason: "because".parse().unwrap(),
    }
}

/// Every rule in force.
fn configure_rules(mix: &mut Mix) {
    mix.apply(&Command::SetRoutingRules(RoutingRules {
        events: true,
        budget_ppm: 200_000,
        eject_rejects: 8,
        eject_window: Nanos::from_millis(20),
        eject_for: Nanos::from_millis(5),
        markout: Nanos::from_millis(10),
        reward_timeout: Nanos::from_millis(500),
        ..RoutingRules::DEFAULT
    }));
}

/// The next policies, another for each instrument.
fn configure_policies(mix: &mut Mix, from: usize) {
    let policies = RoutingPolicy::ALL.iter().cycle().skip(from);
    for (id, policy) in (0..4).zip(policies) {
        mix.apply(&Command::SetRouting(Routing {
            instrument: Some(InstrumentId::new(id)),
            policy: *policy,
            explore_ppm: 20_000,
            ..Routing::DEFAULT
        }));
    }
}

/// What the market trades in each part of the day, and what trading costs: the algorithms ask.
fn configure_algos(mix: &mut Mix) {
    for id in 0..4 {
        let instrument = InstrumentId::new(id);
        for part in 0..PROFILE_BUCKETS / PROFILE_PART {
            mix.apply(&Command::SetProfile(SetProfile {
                instrument,
                part: part as u8,
                weights: ProfileWeights([3; PROFILE_PART]),
            }));
        }
        mix.apply(&Command::SetMarketFacts(MarketFacts {
            instrument,
            day_qty: Qty::whole(100_000),
            volatility_ppm: 400,
            impact_ppm: 3_000,
            half_spread_ppm: 50,
        }));
    }
}

#[test]
fn nothing_is_allocated_over_a_million_mixed_commands() {
    let mut mix = Mix {
        engine: Engine::new(),
        outbox: Outbox::new(),
        draws: Draws::new(1),
        at: UnixNanos::from_seconds(1_760_000_000),
        seq: Seq::new(0),
        numbers: 0,
        children: Box::new([(ChildId::new(0), VenueId::new(0), Qty::ZERO, ChildId::new(0)); RING]),
        served: 0,
        sent: 0,
        names: [ClOrdId::EMPTY; 64],
        named: 0,
        linked: 0,
        kinds: [0; 13],
        algos: [0; Algo::ALL.len()],
    };
    let before = COUNT.get();
    mix.apply(&Command::Configure(Configure {
        seed: 1,
        orders_open_max: 5_000,
        ids_kept_max: 10_000,
        on_no_venue: OnNoVenue::Hold,
        route_attempts_max: 3,
        discount_ppm: 998_000,
        prior_sd_centi_bps: 100,
        ..Configure::DEFAULT
    }));
    assert!(
        COUNT.get() > before,
        "the counter counts: Configure allocates"
    );

    let before = COUNT.get();
    let mut skipped = 0;
    for venue in 0..3 {
        let id = VenueId::new(venue);
        mix.apply(&Command::DefineVenue(Venue {
            id,
            name: Text::EMPTY,
            fee_centi_bps: 10,
            // The last one takes plain orders only.
            features: if venue == 2 {
                VenueFeatures::NONE
            } else {
                VenueFeatures::ALL
            },
        }));
        mix.apply(&Command::VenueState {
            venue: id,
            up: true,
        });
    }
    for instrument in 0..4 {
        let id = InstrumentId::new(instrument);
        mix.apply(&Command::DefineInstrument(Instrument {
            id,
            symbol: Text::EMPTY,
            tick: Price::from_units(1_000),
            lot: Qty::whole(10),
            prev_close: LimitPx::NONE,
            venues: VenueSet::from_bits(0b111),
            multiplier: Instrument::ONE,
        }));
        for change in (InstrumentLimits {
            instrument: id,
            order_qty_max: Qty::whole(1_000_000),
            order_notional_max: Notional::whole(1_000_000_000),
            position_max: Qty::whole(100_000_000),
            quote_age_max: Nanos::from_seconds(1),
            collar_bps: 500,
            prev_close_allowed: false,
        })
        .changes()
        {
            mix.apply(&Command::SetLimit(change));
        }
    }
    mix.apply(&Command::SetLimit(LimitChange::configured(
        Scope::Firm,
        Limit::GrossMax,
        Notional::whole(1_000_000_000_000).units(),
    )));
    for change in (SessionLimits {
        session: SessionId::new(0),
        orders_per_s_max: 1_000_000,
        burst_max: 1_000_000,
        orders_open_max: 4_000,
    })
    .changes()
    {
        mix.apply(&Command::SetLimit(change));
    }
    for turn in 0..1_000_000 {
        if turn == 300_000 {
            configure_algos(&mut mix);
        }
        if turn >= 400_000 && turn % 100_000 == 0 {
            // What a policy needs is made when it is configured.
            let now = COUNT.get();
            if turn == 400_000 {
                configure_rules(&mut mix);
            }
            configure_policies(&mut mix, 4 * (turn / 100_000 - 4));
            skipped += COUNT.get() - now;
        }
        let command = mix.next();
        mix.apply(&command);
    }
    let allocated = COUNT.get() - before - skipped;
    assert_eq!(allocated, 0, "after Configure nothing is allocated");
    assert!(
        mix.kinds.iter().all(|count| *count > 50),
        "the mix reaches every kind of outcome: {:?}",
        mix.kinds
    );
    assert!(
        mix.algos.iter().skip(1).all(|count| *count > 50),
        "orders of every algorithm are worked: {:?}",
        mix.algos
    );
}
