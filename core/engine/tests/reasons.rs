//! What a trace tells: of each check the numbers that decided it, of each route every venue, of
//! each slice how much and why.

mod support;

use dcx_engine::{Check, Engine, NotEligible, Outbox, RouteReason, SliceReason, Trace};
use dcx_model::*;
use proptest::prelude::*;
use support::{INSTRUMENTS, LOT, MID, START, VENUES, World, any_script};

/// A child, how much, where to, and what stood against each venue.
type Route = (
    ChildId,
    Qty,
    Option<VenueId>,
    Vec<(VenueId, Option<NotEligible>)>,
);

/// All that is told.
#[derive(Default)]
struct Told {
    checks: Vec<(Check, i128, i128, bool)>,
    routes: Vec<Route>,
    slices: Vec<SliceReason>,
}

impl Trace for Told {
    fn check(&mut self, _: Seq, check: Check, value: i128, limit: i128, passed: bool) {
        self.checks.push((check, value, limit, passed));
    }

    fn route(&mut self, _: Seq, route: &RouteReason<'_>) {
        let venues = route.venues.iter().map(|it| (it.venue, it.not_eligible));
        let venues = venues.collect();
        self.routes
            .push((route.child, route.qty, route.chosen, venues));
    }

    fn slice(&mut self, _: Seq, slice: &SliceReason) {
        self.slices.push(*slice);
    }
}

/// The same commands once more, with somebody who listens.
fn told(world: &World) -> Told {
    let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
    let mut told = Told::default();
    for (at, seq, command) in &world.journal {
        engine.apply_traced(*at, *seq, command, &mut outbox, &mut told);
    }
    assert_eq!(engine.digest(), world.engine.digest());
    told
}

/// Whether a check passes by its numbers alone; none where more than its numbers decides.
fn by_numbers(check: Check, value: i128, limit: i128) -> Option<bool> {
    match check {
        Check::Configured
        | Check::FirmLimits
        | Check::SessionLimits
        | Check::Instrument
        | Check::InstrumentLimits
        | Check::Peg
        | Check::StopGiven
        | Check::Hours
        | Check::LimitGiven
        | Check::InHours
        | Check::PositionRoom
        | Check::Priced
        | Check::RiskFactor
        | Check::LotsPerSlice
        | Check::Phase
        | Check::Venue => Some(value >= limit),
        Check::QtyPositive
        | Check::LimitPositive
        | Check::Expire
        | Check::Schedule
        | Check::AboveCum => Some(value > limit),
        Check::Slices => Some(value > 0 && value <= limit),
        // What is shown is of whole lots too; post only looks from the order's side; a reference
        // has two sides, and an order that reduces needs neither it nor a mark.
        Check::Display
        | Check::MinQty
        | Check::Passive
        | Check::Reference
        | Check::Marked
        | Check::Duplicate => None,
        _ => Some(value <= limit),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_numbers_of_a_check_are_those_that_decided_it(script in any_script(1..=80)) {
        let mut world = World::of(&script);
        for step in &script.steps {
            world.take(step);
        }
        for (check, value, limit, passed) in told(&world).checks {
            if let Some(decided) = by_numbers(check, value, limit) {
                prop_assert_eq!(passed, decided, "{:?}: {} and {}", check, value, limit);
            }
        }
    }
}

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

fn order(instrument: u32) -> NewOrder {
    NewOrder {
        cl_ord_id: format!("A{instrument}").parse().expect("printable"),
        instrument: InstrumentId::new(instrument),
        order_qty: lots(10),
        limit_px: Price::from_units(MID).into(),
        ..NewOrder::PLAIN
    }
}

#[test]
fn a_route_tells_of_every_venue_and_what_stood_against_it() {
    let mut world = World::new(1);
    // The second instrument is listed by the first two venues, of which one is down.
    let down = VenueId::new(0);
    world.send(Command::VenueState {
        venue: down,
        up: false,
    });
    let last = VenueId::new(VENUES - 1);
    world.send(Command::Quote(support::quote(1, INSTRUMENTS - 1, -5, 10)));
    world.send(Command::NewOrder(order(INSTRUMENTS - 1)));
    let told = told(&world);
    let [(child, qty, chosen, venues)] = &told.routes[..] else {
        panic!("{:?}", told.routes)
    };
    let sent = world.children[0].order;
    assert_eq!(
        (*child, *qty, *chosen),
        (sent.child, sent.order_qty, Some(sent.venue))
    );
    let expected = [
        (down, Some(NotEligible::Down)),
        (VenueId::new(1), None),
        (last, Some(NotEligible::NotListed)),
    ];
    assert_eq!(venues[..], expected);
}

#[test]
fn a_venue_that_gave_the_order_back_is_told_as_tried() {
    let mut world = World::new(1);
    world.send(Command::NewOrder(order(0)));
    let first = world.children[0].order.venue;
    let report = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    world.send(Command::VenueReport(report));
    let told = told(&world);
    let (_, _, chosen, venues) = &told.routes[1];
    assert_ne!(*chosen, Some(first));
    let of_first = venues.iter().find(|(venue, _)| *venue == first);
    assert_eq!(of_first, Some(&(first, Some(NotEligible::Tried))));
}

#[test]
fn a_slice_tells_which_it_is_how_much_was_due_and_why() {
    let mut world = World::new(1);
    let end = world.at.plus(Nanos::from_millis(40));
    let order = NewOrder {
        algo: Algo::Twap,
        slices: 2,
        end,
        ..order(0)
    };
    let begun = world.at;
    world.send(Command::NewOrder(order));
    let report = world.report(0, ExecType::Trade, lots(5), 0);
    world.send(Command::VenueReport(report));
    while let Some(at) = world.engine.wake_at().filter(|at| *at <= end) {
        world.at = at;
        world.send(Command::Wake);
    }
    let told = told(&world);
    let told: Vec<_> = told
        .slices
        .iter()
        .map(|it| (it.ix, it.of, it.qty, it.target, it.why))
        .collect();
    let of = |ix, qty, target, why| (ix, 2, lots(qty), lots(target), why);
    assert_eq!(
        told,
        [
            of(0, 5, 5, SliceWhy::Due),
            of(1, 5, 10, SliceWhy::Due),
            of(2, 0, 10, SliceWhy::End),
        ]
    );
    let again = self::told(&world).slices;
    assert_eq!((again[0].due, again[2].due), (begun, end));
    let order = *world.told.keys().next().expect("it was accepted");
    assert!(again.iter().all(|slice| slice.order == order));
}

#[test]
fn an_order_at_the_opening_that_comes_in_hours_is_told_with_its_field() {
    let mut world = World::new(1);
    // Open all day, every day.
    world.send(Command::DefineHours(TradingHours {
        instrument: InstrumentId::new(0),
        open_s: 0,
        close_s: 86_399,
        weekdays: 0b111_1111,
        close_lead: Nanos::ZERO,
    }));
    let order = NewOrder {
        time_in_force: TimeInForce::AtTheOpening,
        ..order(0)
    };
    world.send(Command::NewOrder(order));
    let told = told(&world);
    let last = told.checks.last().expect("a check refused it");
    let tag = i128::from(TimeInForce::TAG);
    assert_eq!(*last, (Check::Together, tag, 0, false));
}

#[test]
fn the_first_strategy_beyond_the_last_is_told_with_both() {
    let mut world = World::new(1);
    let max = u16::try_from(STRATEGIES_MAX).expect("small");
    for (strategy, known) in [(max - 1, true), (max, false)] {
        let order = NewOrder {
            cl_ord_id: format!("S{strategy}").parse().expect("printable"),
            strategy: StrategyId::new(strategy),
            ..order(0)
        };
        let events = world.send(Command::NewOrder(order));
        assert_eq!(
            matches!(events[0], Event::Accepted { .. }),
            known,
            "{events:?}"
        );
        let told = told(&world).checks;
        let last = told.iter().rev().find(|told| told.0 == Check::Strategy);
        let numbers = (i128::from(strategy), i128::from(max) - 1);
        assert_eq!(last, Some(&(Check::Strategy, numbers.0, numbers.1, known)));
    }
}

#[test]
fn a_venue_is_needed_at_once_only_by_what_is_sent_at_once() {
    let mut world = World::with(support::configure(1, OnNoVenue::Reject));
    for venue in (0..VENUES).map(VenueId::new) {
        world.send(Command::VenueState { venue, up: false });
    }
    let named = |name: &str| NewOrder {
        cl_ord_id: name.parse().expect("printable"),
        ..order(0)
    };
    let schedule = |name: &str, wait: Nanos| NewOrder {
        algo: Algo::Twap,
        slices: 2,
        start: START.plus(wait),
        end: START.plus(Nanos::from_seconds(60)),
        ..named(name)
    };
    let stop = NewOrder {
        ord_type: OrdType::Stop,
        limit_px: LimitPx::NONE,
        stop_px: Price::from_units(MID + 10_000).into(),
        ..named("S")
    };
    let cases = [
        (named("A"), false),
        (schedule("B", Nanos::ZERO), false),
        (schedule("C", Nanos::from_seconds(1)), true),
        (stop, true),
    ];
    for (order, taken) in cases {
        let events = world.send(Command::NewOrder(order));
        let accepted = matches!(events[0], Event::Accepted { .. });
        assert_eq!(accepted, taken, "{events:?}");
    }
}

#[test]
fn an_instrument_without_a_quote_is_told_with_an_age_of_minus_one() {
    let mut world = World::new(1);
    world.send(Command::NewOrder(order(1)));
    let told = told(&world).checks;
    let age_max = i128::from(support::instrument_limits(1).quote_age_max.get());
    assert_eq!(told.last(), Some(&(Check::Reference, -1, age_max, false)));
}
