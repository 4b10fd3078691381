//! Algorithms, one at a time: what each sends and when, what it refuses, when it stands still.

mod support;

use dcx_model::*;
use support::{LOT, MID, TICK, World, profile, quote};

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

fn in_lots(qty: Qty) -> u64 {
    qty.units() / LOT.units()
}

/// A limit order to buy a hundred lots by an algorithm, over a minute.
fn order(world: &World, name: &str, algo: Algo) -> AlgoOrder {
    let order = NewOrder {
        cl_ord_id: name.parse().expect("printable"),
        algo,
        order_qty: lots(100),
        limit_px: Price::from_units(MID + 100 * TICK.units()).into(),
        end: world.at.plus(Nanos::from_seconds(60)),
        ..NewOrder::PLAIN
    };
    AlgoOrder::of(&order, AlgoTerms::PLAIN)
}

/// A world whose instruments are quoted a tick wide by every venue.
fn quoted() -> World {
    let mut world = wide(1);
    refresh(&mut world);
    world
}

/// A world whose limits are not what is tested here.
fn wide(seed: u64) -> World {
    let mut world = World::new(seed);
    for instrument in (0..support::INSTRUMENTS).map(InstrumentId::new) {
        let scope = Scope::Instrument(instrument);
        let wide = i128::from(lots(1_000_000).units());
        world.limit(scope, Limit::OrderQtyMax, Some(wide));
        world.limit(scope, Limit::PositionLongMax, Some(wide));
        world.limit(
            scope,
            Limit::OrderNotionalMax,
            Some(Notional::whole(1_000_000_000).units()),
        );
        world.limit(scope, Limit::CrossedBpsMax, Some(10));
    }
    let session = Scope::Session(SessionId::new(0));
    for limit in [Limit::OrdersPerSMax, Limit::BurstMax, Limit::OrdersOpenMax] {
        world.limit(session, limit, Some(10_000));
    }
    world
}

fn refresh(world: &mut World) {
    for venue in 0..support::VENUES {
        for instrument in 0..support::INSTRUMENTS {
            world.send(Command::Quote(quote(venue, instrument, 0, 1)));
        }
    }
}

fn trade(world: &mut World, count: u64) {
    world.send(Command::MarketTrade(MarketTrade {
        venue: VenueId::new(0),
        instrument: InstrumentId::new(0),
        px: Price::from_units(MID),
        qty: lots(count),
        trade_time: UnixNanos::ZERO,
    }));
}

fn new(world: &mut World, order: AlgoOrder) -> Vec<Event> {
    world.send(Command::AlgoOrder(order))
}

/// The refusal of an order.
fn refused(world: &mut World, order: AlgoOrder) -> Refusal {
    match new(world, order).as_slice() {
        [Event::Rejected { refusal, .. }] => *refusal,
        other => panic!("{other:?}"),
    }
}

/// Time passes in quoted markets; what was sent meanwhile, in lots.
fn pass(world: &mut World, ms: u64) -> Vec<u64> {
    world.at = world.at.plus(Nanos::from_millis(ms));
    let before = world.children.len();
    refresh(world);
    world.settle();
    sent_since(world, before)
}

fn sent_since(world: &World, before: usize) -> Vec<u64> {
    let sent = world.children.iter().skip(before);
    sent.map(|child| in_lots(child.order.order_qty)).collect()
}

/// Venues fill all that works.
fn fill_all(world: &mut World) {
    for ix in 0..world.children.len() {
        if !world.children[ix].done {
            let qty = world.children[ix].leaves_qty;
            let report = world.report(ix, ExecType::Trade, qty, 0);
            world.send(Command::VenueReport(report));
        }
    }
}

fn status(world: &World) -> (OrdStatus, u64) {
    let told = world.told.values().next_back().expect("an order");
    (told.view.ord_status, in_lots(told.view.cum_qty))
}

/// Runs an order to its end in a market that fills everything: what it sent, each time it looked.
fn run(world: &mut World, order: AlgoOrder, ms: u64) -> Vec<u64> {
    let before = world.children.len();
    assert!(matches!(
        new(world, order).first(),
        Some(Event::Accepted { .. })
    ));
    let mut sent = sent_since(world, before);
    fill_all(world);
    while world.engine.orders_open() > 0 {
        sent.extend(pass(world, ms));
        fill_all(world);
    }
    sent
}

#[test]
fn twap_with_chance_is_late_within_its_slice_and_the_same_on_every_run() {
    let times = |seed: u64| {
        let mut world = wide(seed);
        refresh(&mut world);
        let began = world.at;
        let mut jittered = order(&world, "A", Algo::Twap);
        jittered.slices = 6;
        jittered.terms.jitter_bps = 5_000;
        new(&mut world, jittered);
        let mut times = Vec::new();
        let (mut left, mut seen) = (6, 0);
        while left > 0 {
            let at = world.engine.wake_at().expect("a slice is due");
            world.at = at;
            refresh(&mut world);
            world.settle();
            if world.children.len() > seen {
                seen = world.children.len();
                times.push(at.since(began).get() / 1_000_000);
                left -= 1;
            }
            fill_all(&mut world);
        }
        assert_eq!(status(&world), (OrdStatus::Filled, 100));
        times
    };
    let some = times(1);
    for (slice, at) in (0..).zip(&some) {
        let due = slice * 10_000;
        assert!((due..=due + 5_000).contains(at), "slice {slice} at {at} ms");
    }
    assert!(some.iter().any(|at| at % 10_000 != 0), "{some:?}");
    assert_eq!(some, times(1));
    assert_ne!(some, times(2));
}

#[test]
fn vwap_goes_by_the_profile_of_the_time_of_day() {
    let mut world = quoted();
    // The day has 288 buckets; START is in the 111th. Twice as much is expected in the next.
    let first = usize::try_from(world.at.seconds() % 86_400 / 300).unwrap();
    for command in profile(0, |bucket| if bucket == first { 100 } else { 200 }) {
        world.send(command);
    }
    let into = world.at.seconds() % 300;
    world.at = world.at.plus(Nanos::from_seconds(300 - into));
    let last = usize::try_from(world.at.seconds() % 86_400 / 300).unwrap();
    for command in profile(0, |bucket| if bucket == last { 100 } else { 300 }) {
        world.send(command);
    }
    refresh(&mut world);
    let mut vwap = order(&world, "A", Algo::Vwap);
    vwap.end = world.at.plus(Nanos::from_seconds(600));
    vwap.slices = 4;
    let sent = run(&mut world, vwap, 150_000);
    assert_eq!(
        sent,
        [12, 13, 37, 38],
        "a quarter in the first half, exactly all in the end"
    );
    assert_eq!(status(&world), (OrdStatus::Filled, 100));
}

#[test]
fn pov_follows_what_the_market_trades_and_nothing_else() {
    let mut world = quoted();
    trade(&mut world, 1_000);
    let mut pov = order(&world, "A", Algo::Pov);
    pov.terms.participation_ppm = 100_000;
    new(&mut world, pov);
    assert_eq!(
        pass(&mut world, 1_000),
        [],
        "what was before does not count"
    );
    trade(&mut world, 95);
    assert_eq!(pass(&mut world, 1_000), [9], "whole lots");
    trade(&mut world, 5);
    assert_eq!(pass(&mut world, 1_000), [1]);
    assert_eq!(pass(&mut world, 1_000), []);
    trade(&mut world, 5_000);
    assert_eq!(pass(&mut world, 1_000), [90], "never more than the order");
    fill_all(&mut world);
    assert_eq!(status(&world), (OrdStatus::Filled, 100));
}

#[test]
fn a_participation_cap_holds_a_schedule_back_and_lets_it_catch_up() {
    let mut world = quoted();
    let mut capped = order(&world, "A", Algo::Twap);
    (capped.slices, capped.terms.participation_ppm) = (6, 500_000);
    new(&mut world, capped);
    assert_eq!(pass(&mut world, 1_000), [], "nothing traded yet");
    trade(&mut world, 20);
    assert_eq!(pass(&mut world, 1_000), [10]);
    trade(&mut world, 200);
    assert_eq!(
        pass(&mut world, 1_000),
        [7],
        "now the schedule is the lower: 17 of 100"
    );
    assert_eq!(
        pass(&mut world, 55_000),
        [51],
        "the cap allows all that came due, catching up three slices of 17"
    );
    assert_eq!(pass(&mut world, 1_000), [32], "and the rest after a second");
}

#[test]
fn a_schedule_that_is_behind_sends_a_few_slices_at_a_time() {
    for (catch_up, wanted) in [(0, [30, 10]), (1, [10, 10]), (2, [20, 20]), (9, [40, 10])] {
        let mut world = quoted();
        let mut twap = order(&world, "A", Algo::Twap);
        (twap.slices, twap.terms.catch_up) = (10, catch_up);
        new(&mut world, twap);
        fill_all(&mut world);
        // Nobody quotes for four slices.
        world.at = world.at.plus(Nanos::from_seconds(24));
        world.settle();
        let before = world.children.len();
        assert_eq!(before, 1, "it stands still");
        // What the bound leaves is not sent by the next quote or report, but by the next look.
        let first = pass(&mut world, 1_000);
        fill_all(&mut world);
        assert_eq!(pass(&mut world, 0), []);
        let mut second = Vec::new();
        while second.is_empty() {
            second = pass(&mut world, 1_000);
        }
        assert_eq!([first[0], second[0]], wanted, "{catch_up}");
        assert_eq!((first.len(), second.len()), (1, 1));
        for _ in 0..40 {
            fill_all(&mut world);
            pass(&mut world, 1_000);
        }
        assert_eq!(status(&world), (OrdStatus::Filled, 100), "{catch_up}");
    }
}

#[test]
fn a_cap_that_is_never_met_leaves_the_rest_to_expire() {
    let mut world = quoted();
    let mut capped = order(&world, "A", Algo::Twap);
    (capped.slices, capped.terms.participation_ppm) = (6, 500_000);
    new(&mut world, capped);
    trade(&mut world, 60);
    for _ in 0..60 {
        pass(&mut world, 1_000);
        fill_all(&mut world);
    }
    assert_eq!(status(&world), (OrdStatus::Expired, 30));
    assert_eq!(world.engine.wake_at(), None);
}

#[test]
fn an_iceberg_shows_one_clip_at_a_time_and_each_of_another_size() {
    let mut world = quoted();
    let mut iceberg = order(&world, "A", Algo::Iceberg);
    (iceberg.display_qty, iceberg.terms.vary_bps) = (lots(10), 5_000);
    new(&mut world, iceberg);
    let mut clips = Vec::new();
    while world.engine.orders_open() > 0 {
        let working = world.children.iter().filter(|child| !child.done);
        let working: Vec<u64> = working
            .map(|child| in_lots(child.order.order_qty))
            .collect();
        assert_eq!(working.len(), 1, "one clip at a time");
        clips.extend(working);
        fill_all(&mut world);
    }
    assert_eq!(status(&world), (OrdStatus::Filled, 100));
    assert_eq!(clips.iter().sum::<u64>(), 100);
    let (last, all) = clips.split_last().unwrap();
    assert!(
        all.iter().all(|clip| (5..=15).contains(clip)) && *last <= 15,
        "{clips:?}"
    );
    assert!(all.iter().any(|clip| *clip != all[0]), "{clips:?}");
}

#[test]
fn shortfall_is_faster_at_first_and_adds_up() {
    let mut world = quoted();
    let mut shortfall = order(&world, "A", Algo::Shortfall);
    (shortfall.slices, shortfall.terms.urgency) = (5, 200);
    let sent = run(&mut world, shortfall, 12_000);
    // X · sinh(2 · (1 - k/5)) / sinh(2) is left after slice k: 65.5, 41.6, 24.5, 11.3, 0 of 100.
    assert_eq!(sent, [35, 23, 18, 13, 11]);
    let mut even = order(&world, "B", Algo::Shortfall);
    even.slices = 5;
    assert_eq!(
        run(&mut world, even, 12_000),
        [20; 5],
        "without urgency it is even"
    );
}

#[test]
fn adaptive_shortfall_hurries_while_the_price_is_good() {
    let second = |ticks: i64| {
        let mut world = quoted();
        let mut adaptive = order(&world, "A", Algo::Adaptive);
        (adaptive.slices, adaptive.terms.urgency) = (5, 200);
        new(&mut world, adaptive);
        fill_all(&mut world);
        world.at = world.at.plus(Nanos::from_seconds(12));
        for venue in 0..support::VENUES {
            world.send(Command::Quote(quote(venue, 0, ticks, 1)));
        }
        let before = world.children.len();
        world.settle();
        let second = sent_since(&world, before);
        fill_all(&mut world);
        while world.engine.orders_open() > 0 {
            pass(&mut world, 12_000);
            fill_all(&mut world);
        }
        assert_eq!(status(&world), (OrdStatus::Filled, 100));
        second[0]
    };
    let (falling, same, rising) = (second(-15), second(0), second(15));
    assert!(
        falling > same && same > rising,
        "a buyer: {falling} {same} {rising}"
    );
}

#[test]
fn a_sniper_waits_for_its_price_takes_it_for_now_and_waits_again() {
    let mut world = quoted();
    let mut sniper = order(&world, "A", Algo::Sniper);
    sniper.terms.take_px = Price::from_units(MID - 20 * TICK.units()).into();
    // One venue that is far from the others is what it waits for.
    sniper.terms.pause = PauseFlags::STALE;
    let events = new(&mut world, sniper);
    assert!(
        matches!(events.as_slice(), [Event::Accepted { held: false, .. }]),
        "{events:?}"
    );
    assert_eq!(pass(&mut world, 1_000), []);
    // One venue alone shows a price that is good enough: it is the one that is asked.
    world.send(Command::Quote(quote(1, 0, -25, 1)));
    let sent = world.children.last().expect("it takes").clone();
    assert_eq!(
        (sent.order.venue, sent.order.time_in_force),
        (VenueId::new(1), TimeInForce::Ioc)
    );
    assert_eq!(
        sent.order.limit_px,
        Price::from_units(MID - 24 * TICK.units()).into()
    );
    let fill = world.report(0, ExecType::Trade, lots(30), -24);
    world.send(Command::VenueReport(fill));
    let gone = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    world.send(Command::VenueReport(gone));
    assert_eq!(world.children.len(), 1, "the price was there once");
    refresh(&mut world);
    assert_eq!(pass(&mut world, 1_000), []);
    world.send(Command::Quote(quote(2, 0, -30, 1)));
    assert_eq!(in_lots(world.children[1].order.order_qty), 70);
    fill_all(&mut world);
    assert_eq!(status(&world), (OrdStatus::Filled, 100));
}

#[test]
fn a_sniper_takes_a_cheap_spread_but_never_beyond_its_limit() {
    let mut world = wide(1);
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 0, 0, 9)));
    }
    let mut sniper = order(&world, "A", Algo::Sniper);
    (sniper.terms.spread_max_ticks, sniper.limit_px) =
        (2, Price::from_units(MID + 5 * TICK.units()).into());
    new(&mut world, sniper);
    assert!(world.children.is_empty());
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 0, 20, 1)));
    }
    assert!(world.children.is_empty(), "cheap, and beyond the limit");
    refresh(&mut world);
    assert_eq!(world.children.len(), 1);
}

#[test]
fn a_pegged_algorithm_follows_and_takes_what_is_left_before_its_end() {
    let mut world = wide(1);
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 0, 0, 8)));
    }
    let mut pegged = order(&world, "A", Algo::Pegged);
    (pegged.ord_type, pegged.peg) = (OrdType::Pegged, Peg::Primary);
    pegged.terms.interval_ms = 10_000;
    new(&mut world, pegged);
    let own = world.children[0].order.limit_px;
    assert_eq!(own, Price::from_units(MID).into(), "at the best bid");
    world.at = world.at.plus(Nanos::from_seconds(49));
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 0, 0, 8)));
    }
    world.settle();
    assert_eq!(world.children.len(), 1);
    world.at = world.at.plus(Nanos::from_seconds(1));
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 0, 0, 8)));
    }
    world.settle();
    let report = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    let events = world.send(Command::VenueReport(report));
    assert!(
        events.iter().any(|event| matches!(
            event,
            Event::Sliced(SliceView {
                why: SliceWhy::Closing,
                ..
            })
        )),
        "{events:?}"
    );
    let taking = world.children[1].order.limit_px;
    assert_eq!(
        taking,
        Price::from_units(MID + 8 * TICK.units()).into(),
        "at the best offer"
    );
}

#[test]
fn a_schedule_stands_still_in_a_stale_or_crossed_market_and_goes_on() {
    let mut world = quoted();
    let mut twap = order(&world, "A", Algo::Twap);
    twap.slices = 6;
    new(&mut world, twap);
    fill_all(&mut world);
    // No quote for longer than the instrument's limit.
    world.at = world.at.plus(Nanos::from_seconds(10));
    let events = world.send(Command::Wake);
    let order = world.told.keys().next().copied().unwrap();
    let paused = |why| Event::SchedulePaused { order, why };
    assert_eq!(events, [paused(SliceWhy::Stale)]);
    world.at = world.at.plus(Nanos::from_seconds(1));
    assert_eq!(world.send(Command::Wake), [], "it is said once");
    // Crossed beyond what is allowed is no better.
    world.at = world.at.plus(Nanos::from_seconds(1));
    world.send(Command::Quote(quote(0, 0, 50, 1)));
    world.send(Command::Quote(quote(1, 0, -50, 1)));
    assert_eq!(world.send(Command::Wake), [paused(SliceWhy::Crossed)]);
    world.at = world.at.plus(Nanos::from_seconds(1));
    refresh(&mut world);
    let events = world.send(Command::Wake);
    let after = Nanos::from_seconds(3);
    assert_eq!(events[0], Event::ScheduleResumed { order, after });
    assert_eq!(
        in_lots(world.children[1].order.order_qty),
        17,
        "what came due meanwhile"
    );
    // One that does not mind is stopped by nothing of this.
    let mut bold = self::order(&world, "B", Algo::Twap);
    (bold.slices, bold.terms.pause) = (6, PauseFlags::NONE);
    new(&mut world, bold);
    world.at = world.at.plus(Nanos::from_seconds(10));
    let events = world.send(Command::Wake);
    assert!(!events.iter().any(|event| matches!(
        event,
        Event::SchedulePaused { order, .. } if *order != world.told.keys().next().copied().unwrap()
    )));
}

#[test]
fn nothing_below_the_least_clip_is_sent_but_the_last() {
    let mut world = quoted();
    let mut twap = order(&world, "A", Algo::Twap);
    (twap.slices, twap.terms.min_clip) = (10, lots(10));
    new(&mut world, twap);
    let report = world.report(0, ExecType::Trade, lots(5), 0);
    world.send(Command::VenueReport(report));
    let report = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    world.send(Command::VenueReport(report));
    assert_eq!(
        pass(&mut world, 3_000),
        [],
        "five are missing, which is too little"
    );
    assert_eq!(pass(&mut world, 3_000), [15]);
    let mut pov = order(&world, "B", Algo::Pov);
    (pov.terms.participation_ppm, pov.terms.min_clip) = (500_000, lots(30));
    (pov.order_qty, pov.end) = (lots(40), world.at.plus(Nanos::from_seconds(5)));
    new(&mut world, pov);
    let before = world.children.len();
    for _ in 0..4 {
        trade(&mut world, 20);
        pass(&mut world, 1_000);
        fill_all(&mut world);
    }
    let sent = sent_since(&world, before);
    assert!(sent.contains(&30) && sent.contains(&10), "{sent:?}");
}

#[test]
fn what_cannot_be_done_is_refused_with_the_constraint_that_broke() {
    let mut world = quoted();
    let at = world.at;
    let base = |algo| order(&World::new(1), "A", algo);
    let cases: Vec<(&str, AlgoOrder)> = vec![
        (
            "R085",
            AlgoOrder {
                end: at,
                ..base(Algo::Vwap)
            },
        ),
        (
            "R085",
            AlgoOrder {
                end: UnixNanos::new(1),
                ..base(Algo::Iceberg).showing(lots(1))
            },
        ),
        (
            "R020",
            AlgoOrder {
                start: at.plus(Nanos::from_seconds(90)),
                ..base(Algo::Vwap)
            },
        ),
        (
            "R080",
            AlgoOrder {
                end: UnixNanos::ZERO,
                ..base(Algo::Shortfall)
            },
        ),
        (
            "R021",
            AlgoOrder {
                slices: 1_001,
                ..base(Algo::Shortfall)
            },
        ),
        (
            "R021",
            AlgoOrder {
                slices: 17,
                ..base(Algo::Planned)
            },
        ),
        (
            "R022",
            AlgoOrder {
                slices: 101,
                ..base(Algo::Adaptive)
            },
        ),
        (
            "R081",
            AlgoOrder {
                instrument: InstrumentId::new(1),
                ..base(Algo::Vwap)
            },
        ),
        ("R080", base(Algo::Pov)),
        ("R080", base(Algo::Pov).taking_part(1_000_001)),
        ("R084", base(Algo::Pov).taking_part(1)),
        ("R084", base(Algo::Planned).taking_part(1)),
        (
            "R087",
            AlgoOrder {
                instrument: InstrumentId::new(1),
                ..base(Algo::Planned)
            },
        ),
        ("R080", base(Algo::Iceberg)),
        ("R080", base(Algo::Sniper)),
        ("R066", base(Algo::Pegged)),
        (
            "R066",
            AlgoOrder {
                time_in_force: TimeInForce::Fok,
                ..base(Algo::Vwap)
            },
        ),
        (
            "R066",
            AlgoOrder {
                display_qty: lots(1),
                ..base(Algo::Vwap)
            },
        ),
        ("R083", base(Algo::Vwap).least(lots(51), 2)),
        (
            "R080",
            base(Algo::Iceberg).showing(lots(1)).least(lots(2), 0),
        ),
        ("R080", base(Algo::Twap).with(|terms| terms.urgency = 1)),
        (
            "R080",
            base(Algo::Twap).with(|terms| terms.jitter_bps = 10_001),
        ),
        ("R080", base(Algo::Twap).with(|terms| terms.vary_bps = 1)),
        ("R080", base(Algo::Twap).with(|terms| terms.interval_ms = 9)),
        (
            "R080",
            base(Algo::Twap).with(|terms| terms.take_px = Price::from_units(MID).into()),
        ),
        (
            "R080",
            base(Algo::Sniper).with(|terms| terms.take_px = Price::from_units(1).into()),
        ),
    ];
    for (ix, (code, mut order)) in cases.into_iter().enumerate() {
        order.cl_ord_id = format!("N{ix}").parse().unwrap();
        if order.slices == 0 && order.algo == Algo::Twap {
            order.slices = 2;
        }
        let refusal = refused(&mut world, order);
        assert_eq!(
            refusal.code().short(),
            code,
            "case {ix}: {order:?}: {refusal}"
        );
    }
    refresh(&mut world);
    for command in profile(0, |_| 0) {
        world.send(command);
    }
    let mut empty = order(&world, "E", Algo::Vwap);
    assert_eq!(refused(&mut world, empty).code().short(), "R082");
    assert_eq!(world.engine.orders_open(), 0);
    // Nothing of all that was kept.
    empty.cl_ord_id = "F".parse().unwrap();
    empty.algo = Algo::Shortfall;
    assert!(matches!(new(&mut world, empty)[0], Event::Accepted { .. }));
}

/// Cases in few words.
trait Asking {
    fn with(self, change: impl Fn(&mut AlgoTerms)) -> Self;
    fn showing(self, qty: Qty) -> Self;
    fn taking_part(self, ppm: u32) -> Self;
    fn least(self, qty: Qty, slices: u16) -> Self;
}

impl Asking for AlgoOrder {
    fn with(mut self, change: impl Fn(&mut AlgoTerms)) -> Self {
        change(&mut self.terms);
        self
    }
    fn showing(self, display_qty: Qty) -> Self {
        Self {
            display_qty,
            ..self
        }
    }
    fn taking_part(self, ppm: u32) -> Self {
        self.with(|terms| terms.participation_ppm = ppm)
    }
    fn least(self, qty: Qty, slices: u16) -> Self {
        Self { slices, ..self }.with(|terms| terms.min_clip = qty)
    }
}

#[test]
fn the_planner_says_what_it_chose_and_what_that_costs() {
    let plan = |change: fn(&mut AlgoOrder)| {
        let mut world = quoted();
        for command in profile(0, |_| 10) {
            world.send(command);
        }
        world.send(Command::SetMarketFacts(MarketFacts {
            instrument: InstrumentId::new(0),
            day_qty: Qty::whole(100_000_000),
            volatility_ppm: 6_000,
            impact_ppm: 20,
            half_spread_ppm: 0,
        }));
        let mut planned = order(&world, "A", Algo::Planned);
        planned.slices = 8;
        change(&mut planned);
        let events = new(&mut world, planned);
        let Some(Event::Planned(view)) = events.get(1) else {
            panic!("{events:?}");
        };
        let view = *view;
        fill_all(&mut world);
        while world.engine.orders_open() > 0 {
            pass(&mut world, 1_000);
            fill_all(&mut world);
        }
        assert_eq!(
            status(&world),
            (OrdStatus::Filled, in_lots(planned.order_qty))
        );
        (
            view.algo,
            view.why,
            view.cost_ppm <= view.even_ppm.min(view.at_once_ppm),
        )
    };
    assert_eq!(plan(|_| {}), (Algo::Twap, PlanWhy::EvenCheapest, true));
    assert_eq!(
        plan(|order| (order.terms.urgency, order.order_qty) = (u16::MAX, lots(10))),
        (Algo::AtOnce, PlanWhy::AtOnceCheapest, true)
    );
    assert_eq!(
        plan(|order| order.terms.urgency = 3),
        (Algo::Shortfall, PlanWhy::FrontLoadedCheapest, true)
    );
}

#[test]
fn the_planner_without_a_forecast_holds_the_cap_by_what_it_sees() {
    let mut world = quoted();
    for venue in 0..support::VENUES {
        world.send(Command::Quote(quote(venue, 1, 0, 1)));
    }
    let mut planned = order(&world, "A", Algo::Planned).taking_part(250_000);
    planned.instrument = InstrumentId::new(1);
    let events = new(&mut world, planned);
    let Some(Event::Planned(view)) = events.get(1) else {
        panic!("{events:?}");
    };
    assert_eq!((view.algo, view.why), (Algo::Pov, PlanWhy::NoForecast));
}

#[test]
fn a_replace_keeps_the_schedule_exact_and_one_that_breaks_it_is_refused() {
    let mut world = quoted();
    let mut vwap = order(&world, "A", Algo::Shortfall);
    (vwap.slices, vwap.terms.min_clip) = (5, lots(10));
    new(&mut world, vwap);
    fill_all(&mut world);
    let replace = |name: &str, orig: &str, qty| {
        Command::Replace(ReplaceRequest {
            session: vwap.session,
            cl_ord_id: name.parse().unwrap(),
            orig_cl_ord_id: orig.parse().unwrap(),
            instrument: vwap.instrument,
            side: vwap.side,
            ord_type: vwap.ord_type,
            time_in_force: vwap.time_in_force,
            order_qty: qty,
            limit_px: vwap.limit_px,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
            transact_time: UnixNanos::ZERO,
        })
    };
    let events = world.send(replace("B", "A", lots(49)));
    assert!(matches!(
        events.as_slice(),
        [Event::CancelRejected(CancelRejected {
            refusal: Refusal::MinClipTooLarge { .. },
            ..
        })]
    ));
    world.send(replace("C", "A", lots(150)));
    while world.engine.orders_open() > 0 {
        pass(&mut world, 12_000);
        fill_all(&mut world);
    }
    assert_eq!(status(&world), (OrdStatus::Filled, 150));
}

#[test]
fn a_duplicate_and_a_late_fill_change_no_schedule() {
    let mut world = quoted();
    let mut twap = order(&world, "A", Algo::Twap);
    twap.slices = 4;
    new(&mut world, twap);
    let fill = world.report(0, ExecType::Trade, lots(25), 0);
    world.send(Command::VenueReport(fill));
    let again = world.send(Command::VenueReport(fill));
    assert!(matches!(
        again.as_slice(),
        [Event::Ignored {
            cause: Ignored::DuplicateExecId,
            ..
        }]
    ));
    assert_eq!(pass(&mut world, 15_000), [25]);
    assert_eq!(status(&world), (OrdStatus::PartiallyFilled, 25));
}

#[test]
fn an_order_with_an_algorithm_is_permitted_like_any_other() {
    let mut world = quoted();
    world.send(Command::SetMeans(PermittedMeans {
        scope: Scope::Account(AccountId::new(0)),
        venues: VenueSet::from_bits(u64::MAX),
        algos: !(1 << Algo::Sniper as u8),
        request: RequestId::new(1),
        by: support::operator(),
    }));
    let mut sniper = order(&world, "A", Algo::Sniper);
    sniper.terms.spread_max_ticks = 2;
    assert_eq!(refused(&mut world, sniper).code().short(), "R046");
}
