//! Schedules against slow and obvious twins, under any fills, refusals, cancels, replaces and
//! pauses; and the same again after a crash.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "small numbers are drawn, and a panic is a failed test"
)]

mod support;

use dcx_engine::{Engine, Outbox, SliceReason, Trace};
use dcx_model::*;
use dcx_stats::Draws;
use support::{LOT, MID, TICK, World, profile, quote};

fn in_lots(qty: Qty) -> u64 {
    qty.units() / LOT.units()
}

fn weight(bucket: usize) -> u16 {
    u16::try_from(1 + bucket * 5 % 17).unwrap()
}

/// What should be out of an order, counted one slice, one second and one trade at a time.
struct Twin {
    algo: Algo,
    start: UnixNanos,
    seconds: u64,
    slices: u64,
    lots: u64,
    rate_ppm: u64,
    /// Units, by when they traded.
    trades: Vec<(UnixNanos, u64)>,
}

impl Twin {
    fn target(&self, now: UnixNanos) -> u64 {
        let second = now.since(self.start).get() / 1_000_000_000;
        let gap = self.seconds / self.slices;
        let due = (0..self.slices)
            .filter(|slice| slice * gap <= second)
            .count() as u64;
        let planned = match self.algo {
            Algo::Twap => (0..due)
                .map(|slice| self.lots / self.slices + u64::from(slice < self.lots % self.slices))
                .sum(),
            Algo::Vwap if due == self.slices => self.lots,
            Algo::Vwap => self.lots * self.weight(due * gap) / self.weight(self.seconds),
            _ => self.lots,
        };
        let traded: u64 = self
            .trades
            .iter()
            .filter(|(at, _)| *at <= now)
            .map(|(_, units)| units)
            .sum();
        let part = u128::from(traded) * u128::from(self.rate_ppm) / 1_000_000;
        let part = in_lots(Qty::from_units(u64::try_from(part).unwrap()));
        if self.rate_ppm == 0 {
            planned
        } else {
            planned.min(part)
        }
    }

    fn weight(&self, seconds: u64) -> u64 {
        let first = self.start.seconds();
        (first..first + seconds)
            .map(|second| u64::from(weight(usize::try_from(second % 86_400 / 300).unwrap())))
            .sum()
    }
}

struct Case {
    world: World,
    draws: Draws,
    twin: Twin,
    id: OrderId,
    /// Whether venues fill everything at once and quotes never stop.
    calm: bool,
    names: u64,
}

impl Case {
    /// A world that does not mind, with one order of one of three algorithms.
    fn new(seed: u64, calm: bool) -> Self {
        let mut world = World::new(seed);
        let (scope, session) = (
            Scope::Instrument(InstrumentId::new(0)),
            Scope::Session(SessionId::new(0)),
        );
        let wide = i128::from(u64::MAX / 4);
        world.limit(scope, Limit::OrderQtyMax, Some(wide));
        world.limit(scope, Limit::PositionLongMax, Some(wide));
        let worth = Notional::whole(1_000_000_000).units();
        world.limit(scope, Limit::OrderNotionalMax, Some(worth));
        world.limit(session, Limit::OrdersPerSMax, Some(10_000));
        for command in profile(0, weight) {
            world.send(command);
        }
        let mut draws = Draws::new(seed);
        let mut any = |below: u64| draws.bits() % below;
        let algo = [Algo::Twap, Algo::Vwap, Algo::Pov][any(3) as usize];
        let slices = 1 + any(12);
        let seconds = slices * (1 + any(60));
        let rate_ppm = match (algo, any(3)) {
            (Algo::Pov, _) => 1 + any(1_000_000),
            (_, 0) => 50_000 + any(950_000),
            _ => 0,
        };
        let lots = slices + any(300);
        let order = NewOrder {
            cl_ord_id: "A".parse().unwrap(),
            algo,
            order_qty: Qty::from_units(lots * LOT.units()),
            limit_px: Price::from_units(MID + 100 * TICK.units()).into(),
            end: world.at.plus(Nanos::from_seconds(seconds)),
            slices: if algo == Algo::Pov {
                0
            } else {
                u16::try_from(slices).unwrap()
            },
            ..NewOrder::PLAIN
        };
        let terms = AlgoTerms {
            participation_ppm: u32::try_from(rate_ppm).unwrap(),
            ..AlgoTerms::PLAIN
        };
        let twin = Twin {
            algo,
            start: world.at,
            seconds,
            slices,
            lots,
            rate_ppm,
            trades: Vec::new(),
        };
        // Whatever may trade is not more than is expected: nothing is refused for its cap.
        world.send(Command::SetMarketFacts(MarketFacts {
            instrument: InstrumentId::new(0),
            day_qty: Qty::ZERO,
            volatility_ppm: 0,
            impact_ppm: 0,
            half_spread_ppm: 0,
        }));
        let mut case = Self {
            world,
            draws,
            twin,
            id: OrderId::new(0),
            calm,
            names: 0,
        };
        case.quote();
        let events = case.send(Command::AlgoOrder(AlgoOrder::of(&order, terms)));
        match events.first() {
            Some(Event::Accepted { view, .. }) => case.id = view.order,
            other => panic!("seed {seed}: {other:?}"),
        }
        case.check("accepted");
        case
    }

    fn any(&mut self, below: u64) -> u64 {
        self.draws.bits() % below
    }

    fn quote(&mut self) {
        for venue in 0..support::VENUES {
            self.world.send(Command::Quote(quote(venue, 0, 0, 1)));
        }
    }

    fn open(&self) -> bool {
        self.world.engine.orders_open() > 0
    }

    /// Filled, and at venues.
    fn out(&self) -> (u64, u64) {
        let told = &self.world.told[&self.id];
        let working = self
            .world
            .children
            .iter()
            .map(|child| in_lots(child.leaves_qty));
        (in_lots(told.view.cum_qty), working.sum())
    }

    /// Sends a command; whatever it causes to be sent is within what should be out.
    fn send(&mut self, command: Command) -> Vec<Event> {
        let events = self.world.send(command);
        let sends = events
            .iter()
            .any(|event| matches!(event, Event::ChildSent(_)));
        if sends && self.world.told.contains_key(&OrderId::new(self.id.get())) {
            let (cum, out) = self.out();
            let target = self.twin.target(self.world.at);
            assert!(
                cum + out <= target,
                "{cum} + {out} of {target} after {command:?}"
            );
        }
        events
    }

    fn check(&self, when: &str) {
        let told = &self.world.told[&self.id];
        let (cum, out) = self.out();
        let whole = in_lots(told.view.order_qty);
        assert!(cum + out <= whole, "{when}: {cum} + {out} of {whole}");
        assert_eq!(told.traded, told.view.cum_qty, "{when}");
        if told.view.ord_status.is_terminal() {
            assert_eq!(out, 0, "{when}: nothing works for what is done");
        }
    }

    /// One second: trades, quotes or none, timers, and what venues and clients do about it.
    fn second(&mut self) {
        self.world.at = self.world.at.plus(Nanos::from_seconds(1));
        for _ in 0..self.any(3) {
            let units = self.any(40 * LOT.units());
            self.twin.trades.push((self.world.at, units));
            self.send(Command::MarketTrade(MarketTrade {
                venue: VenueId::new(0),
                instrument: InstrumentId::new(0),
                px: Price::from_units(MID),
                qty: Qty::from_units(units),
                trade_time: UnixNanos::ZERO,
            }));
        }
        if self.calm || self.any(5) > 0 {
            self.quote();
        }
        while self
            .world
            .engine
            .wake_at()
            .is_some_and(|at| at <= self.world.at)
        {
            self.send(Command::Wake);
        }
        self.check("timers");
        if self.calm {
            self.fill_all();
            let over = self.world.at.since(self.twin.start).get() / 1_000_000_000;
            if over < self.twin.seconds {
                let (cum, out) = self.out();
                assert_eq!(
                    (cum, out),
                    (self.twin.target(self.world.at), 0),
                    "second {over}"
                );
            }
        } else {
            self.trouble();
        }
    }

    fn fill_all(&mut self) {
        for ix in 0..self.world.children.len() {
            if !self.world.children[ix].done {
                let qty = self.world.children[ix].leaves_qty;
                let report = self.world.report(ix, ExecType::Trade, qty, 0);
                self.send(Command::VenueReport(report));
            }
        }
    }

    fn trouble(&mut self) {
        for ix in 0..self.world.children.len() {
            let child = &self.world.children[ix];
            if child.done {
                continue;
            }
            let leaves = in_lots(child.leaves_qty);
            let asked = child.request.is_some();
            let some = Qty::from_units((1 + self.draws.bits() % leaves.max(1)) * LOT.units());
            let report = match self.any(8) {
                0 => self.world.report(ix, ExecType::Canceled, Qty::ZERO, 0),
                1 => self.world.report(ix, ExecType::Rejected, Qty::ZERO, 0),
                2 if asked => self.world.report(ix, ExecType::Canceled, Qty::ZERO, 0),
                3 => self.world.report(ix, ExecType::New, Qty::ZERO, 0),
                4 | 5 => self.world.report(ix, ExecType::Trade, some, 0),
                _ => continue,
            };
            self.send(Command::VenueReport(report));
            if self.any(4) == 0 {
                self.send(Command::VenueReport(report));
            }
            self.check("a report");
        }
        if self.any(12) == 0 && self.open() {
            self.replace();
        }
        if self.any(200) == 0 && self.open() {
            let session = SessionId::new(0);
            let name = self.name();
            let orig_cl_ord_id = self.world.told[&self.id].view.cl_ord_id;
            self.send(Command::Cancel(CancelRequest {
                session,
                cl_ord_id: name,
                orig_cl_ord_id,
                transact_time: UnixNanos::ZERO,
            }));
        }
    }

    fn name(&mut self) -> ClOrdId {
        self.names += 1;
        format!("R{}", self.names).parse().unwrap()
    }

    fn replace(&mut self) {
        let view = self.world.told[&self.id].view;
        let lots = self.twin.slices + self.any(300);
        let name = self.name();
        // What it may be sent for from here on is what it may be if the replace goes through, or
        // what it was: the larger bounds both.
        let before = self.twin.lots;
        self.twin.lots = before.max(lots);
        let events = self.send(Command::Replace(ReplaceRequest {
            session: view.session,
            cl_ord_id: name,
            orig_cl_ord_id: view.cl_ord_id,
            instrument: view.instrument,
            side: view.side,
            ord_type: view.ord_type,
            time_in_force: view.time_in_force,
            order_qty: Qty::from_units(lots * LOT.units()),
            limit_px: view.limit_px,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
            transact_time: UnixNanos::ZERO,
        }));
        if matches!(events.first(), Some(Event::CancelRejected(_))) {
            self.twin.lots = before;
        }
    }

    /// To the end and beyond; venues confirm every cancel in the end.
    fn run(&mut self) {
        let mut left = self.twin.seconds + 30;
        while self.open() && left > 0 {
            self.second();
            left -= 1;
        }
        self.calm = true;
        for _ in 0..20 {
            for ix in 0..self.world.children.len() {
                if !self.world.children[ix].done {
                    let report = self.world.report(ix, ExecType::Canceled, Qty::ZERO, 0);
                    self.world.send(Command::VenueReport(report));
                }
            }
            self.world.at = self.world.at.plus(Nanos::from_seconds(1));
            self.world.settle();
        }
        self.check("the end");
        assert!(!self.open(), "an order ends with its deadline");
        assert_eq!(self.world.engine.wake_at(), None);
    }
}

#[test]
fn what_is_out_is_what_the_twin_says_in_a_calm_market() {
    let mut full = 0;
    for seed in 0..100 {
        let mut case = Case::new(seed, true);
        case.fill_all();
        case.run();
        let told = &case.world.told[&case.id];
        let end = case
            .twin
            .start
            .plus(Nanos::from_seconds(case.twin.seconds - 1));
        if case.twin.rate_ppm == 0 {
            assert_eq!(
                told.view.ord_status,
                OrdStatus::Filled,
                "seed {seed}: exactly all"
            );
            full += 1;
        } else {
            let cum = in_lots(told.view.cum_qty);
            assert!(cum >= case.twin.target(end).min(cum), "seed {seed}");
        }
    }
    assert!(full > 20, "{full}");
}

#[test]
fn nothing_is_sent_beyond_the_twin_whatever_venues_and_clients_do() {
    let (mut filled, mut paused) = (0, 0);
    for seed in 1_000..1_120 {
        let mut case = Case::new(seed, false);
        case.run();
        filled += u32::from(case.world.told[&case.id].view.ord_status == OrdStatus::Filled);
        let pauses = case.world.events.iter();
        paused += pauses
            .filter(|event| matches!(event, Event::SchedulePaused { .. }))
            .count();
    }
    assert!(filled > 0 && paused > 50, "{filled} {paused}");
}

#[test]
fn a_schedule_goes_on_after_a_crash_as_if_there_had_been_none() {
    for seed in 2_000..2_012 {
        let mut case = Case::new(seed, false);
        let mut digests = Vec::new();
        for _ in 0..case.twin.seconds + 5 {
            case.second();
            let place = case.world.journal.len();
            let state = (case.world.engine.digest(), case.world.engine.wake_at());
            digests.push((place, state));
        }
        let whole = case.world.engine.digest();
        let events = &case.world.events;
        // Killed after any second, the engine is what its journal makes of it.
        for (place, state) in digests.iter().step_by(digests.len() / 4 + 1) {
            let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
            let mut told = Vec::new();
            let (before, after) = case.world.journal.split_at(*place);
            for (at, seq, command) in before {
                engine.apply(*at, *seq, command, &mut outbox);
                told.extend_from_slice(outbox.events());
            }
            assert_eq!((engine.digest(), engine.wake_at()), *state, "seed {seed}");
            for (at, seq, command) in after {
                engine.apply(*at, *seq, command, &mut outbox);
                told.extend_from_slice(outbox.events());
            }
            assert_eq!(engine.digest(), whole, "seed {seed}");
            assert_eq!(&told, events, "seed {seed}");
        }
    }
}

/// How many schedules were looked at.
#[derive(Default)]
struct Looks(u64);

impl Trace for Looks {
    fn slice(&mut self, _seq: Seq, _slice: &SliceReason) {
        self.0 += 1;
    }
}

#[test]
fn of_a_hundred_thousand_schedules_a_tick_looks_at_those_that_are_due() {
    const LIVE: u64 = 100_000;
    let mut world = World::with(Configure {
        orders_open_max: 100_000,
        ids_kept_max: 1_000,
        ..support::configure(1, OnNoVenue::Hold)
    });
    let session = Scope::Session(SessionId::new(0));
    for limit in [Limit::OrdersPerSMax, Limit::BurstMax, Limit::OrdersOpenMax] {
        world.limit(session, limit, Some(1_000_000));
    }
    let scope = Scope::Instrument(InstrumentId::new(0));
    world.limit(
        scope,
        Limit::PositionLongMax,
        Some(i128::from(u64::MAX / 4)),
    );
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 0, 0, 1)));
    }
    // One is due in each millisecond, a second from now and later.
    let (mut engine, mut outbox, mut looks) = (world.engine, Outbox::new(), Looks::default());
    let (mut seq, at) = (world.seq, world.at);
    for number in 0..LIVE {
        let start = at.plus(Nanos::from_millis(1_000 + number));
        let order = NewOrder {
            cl_ord_id: format!("S{number}").parse().unwrap(),
            algo: Algo::Shortfall,
            order_qty: Qty::from_units(4 * LOT.units()),
            limit_px: Price::from_units(MID).into(),
            start,
            end: start.plus(Nanos::from_seconds(3_600)),
            slices: 4,
            ..NewOrder::PLAIN
        };
        let order = Command::AlgoOrder(AlgoOrder::of(&order, AlgoTerms::PLAIN));
        seq = seq.next();
        engine.apply(at, seq, &order, &mut outbox);
        assert!(
            matches!(outbox.events(), [Event::Accepted { .. }]),
            "{:?}",
            outbox.events()
        );
    }
    assert_eq!(u64::from(engine.orders_open()), LIVE);
    for (millis, due) in [(999, 0), (1_000, 1), (1_001, 1), (1_009, 8), (1_009, 0)] {
        looks.0 = 0;
        let now = at.plus(Nanos::from_millis(millis));
        for venue in 0..support::VENUES {
            seq = seq.next();
            let quote = Command::Quote(quote(venue, 0, 0, 1));
            engine.apply_traced(now, seq, &quote, &mut outbox, &mut looks);
        }
        seq = seq.next();
        engine.apply_traced(now, seq, &Command::Wake, &mut outbox, &mut looks);
        assert_eq!(looks.0, due, "at {millis} ms of {LIVE}");
    }
}
