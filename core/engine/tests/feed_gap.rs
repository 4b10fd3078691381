//! Feeds that lost something: what is not believed then, who waits, and what ends it.

mod support;

use std::collections::BTreeSet;

use dcx_engine::{Engine, Outbox};
use dcx_model::*;
use proptest::prelude::*;
use support::{INSTRUMENTS, LOT, MID, TICK, VENUES, World, quote};

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

/// The instrument that all venues list.
const ONE: InstrumentId = InstrumentId::new(0);

const fn gap(venue: u8, instrument: Option<InstrumentId>) -> FeedGap {
    FeedGap {
        venue: VenueId::new(venue),
        instrument,
        expected: 8,
        found: 10,
    }
}

fn lose(world: &mut World, venue: u8) -> Vec<Event> {
    world.send(Command::FeedGap(gap(venue, Some(ONE))))
}

fn restored(venue: u8, instrument: InstrumentId, after: Nanos) -> Event {
    Event::FeedRestored {
        venue: VenueId::new(venue),
        instrument,
        after,
    }
}

/// A world in which all venues quote all instruments, a tick wide.
fn quoted() -> World {
    let mut world = World::new(1);
    for venue in 0..VENUES {
        for instrument in 0..INSTRUMENTS {
            world.send(Command::Quote(quote(venue, instrument, 0, 1)));
        }
    }
    world
}

fn order(name: &str) -> NewOrder {
    NewOrder {
        cl_ord_id: name.parse().expect("printable"),
        instrument: ONE,
        order_qty: lots(1),
        limit_px: Price::from_units(MID + TICK.units()).into(),
        ..NewOrder::PLAIN
    }
}

fn pass(world: &mut World, ms: u64) {
    world.at = world.at.plus(Nanos::from_millis(ms));
}

#[test]
fn what_a_venue_showed_is_not_believed_until_its_whole_state_comes() {
    let mut world = quoted();
    let events = lose(&mut world, 0);
    assert_eq!(events, [Event::FeedGapped(gap(0, Some(ONE)))]);
    assert_eq!(world.engine.feed_gaps(), (1, 1));
    assert_eq!(lose(&mut world, 0), [], "it is said once");
    pass(&mut world, 3);
    let other = world.send(Command::Quote(quote(0, 1, 0, 1)));
    assert_eq!(other, [], "another instrument of the venue says nothing");
    let events = world.send(Command::Quote(quote(0, 0, 0, 1)));
    assert_eq!(events, [restored(0, ONE, Nanos::from_millis(3))]);
    assert_eq!(world.send(Command::Quote(quote(0, 0, 0, 1))), []);
    assert_eq!(world.engine.feed_gaps(), (0, 1));
    assert_eq!(lose(&mut world, 0).len(), 1, "the next one is news again");
}

#[test]
fn numbers_that_make_no_sense_are_gaps_all_the_same() {
    let mut world = quoted();
    let hostile = [(0, 0), (5, 5), (9, 2), (u64::MAX, 0), (0, u64::MAX)];
    for (count, (expected, found)) in (1..).zip(hostile) {
        let lost = FeedGap {
            expected,
            found,
            ..gap(1, Some(ONE))
        };
        assert_eq!(
            world.send(Command::FeedGap(lost)),
            [Event::FeedGapped(lost)]
        );
        assert_eq!(world.engine.feed_gaps(), (1, count));
        world.send(Command::Quote(quote(1, 0, 0, 1)));
    }
}

#[test]
fn a_gap_of_what_is_not_configured_is_ignored_and_said() {
    let mut world = quoted();
    let before = world.engine.digest();
    for unknown in [
        gap(VENUES, Some(ONE)),
        gap(255, None),
        gap(0, Some(InstrumentId::new(INSTRUMENTS))),
        gap(0, Some(InstrumentId::new(u32::MAX))),
    ] {
        let events = world.send(Command::FeedGap(unknown));
        let [Event::Ignored { cause, venue, .. }] = events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((cause, venue), (Ignored::UnknownQuote, unknown.venue));
    }
    assert_eq!(world.engine.digest(), before);
}

#[test]
fn orders_go_around_a_venue_whose_feed_lost_something() {
    let mut world = quoted();
    for venue in 0..VENUES - 1 {
        lose(&mut world, venue);
    }
    for name in ["A", "B", "C", "D"] {
        world.send(Command::NewOrder(order(name)));
    }
    let venues: BTreeSet<VenueId> = world.children.iter().map(|c| c.order.venue).collect();
    assert_eq!(venues, BTreeSet::from([VenueId::new(VENUES - 1)]));
}

#[test]
fn where_no_venue_is_known_an_order_waits_and_goes_when_one_is() {
    let mut world = quoted();
    for venue in 0..VENUES {
        lose(&mut world, venue);
    }
    // The last trade is a price to measure from; what is missing is where to go.
    world.send(Command::MarketTrade(MarketTrade {
        venue: VenueId::new(0),
        instrument: ONE,
        px: Price::from_units(MID),
        qty: lots(1),
        trade_time: UnixNanos::ZERO,
    }));
    let events = world.send(Command::NewOrder(order("A")));
    let [Event::Accepted { held: true, .. }] = events[..] else {
        panic!("{events:?}")
    };
    world.send(Command::Quote(quote(1, 0, 0, 1)));
    world.settle();
    assert_eq!(world.children.len(), 1);
    assert_eq!(world.children[0].order.venue, VenueId::new(1));
}

#[test]
fn a_schedule_stands_still_while_no_feed_is_whole_and_goes_on_after() {
    let mut world = quoted();
    let twap = NewOrder {
        algo: Algo::Twap,
        order_qty: lots(10),
        slices: 10,
        end: world.at.plus(Nanos::from_seconds(10)),
        ..order("A")
    };
    world.send(Command::AlgoOrder(AlgoOrder::of(&twap, AlgoTerms::PLAIN)));
    assert_eq!(world.children.len(), 1);
    let id = *world.told.keys().next().expect("accepted");
    for venue in 0..VENUES {
        lose(&mut world, venue);
    }
    pass(&mut world, 1_000);
    let why = SliceWhy::FeedGap;
    let paused = Event::SchedulePaused { order: id, why };
    assert_eq!(world.send(Command::Wake), [paused]);
    pass(&mut world, 1_000);
    assert_eq!(world.send(Command::Wake), [], "it is said once");
    pass(&mut world, 1_000);
    world.send(Command::Quote(quote(1, 0, 0, 1)));
    world.settle();
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::ScheduleResumed { after, .. } if *after == Nanos::from_seconds(2)
    )));
    assert!(world.children.len() > 1);
}

#[test]
fn a_peg_is_pulled_in_when_its_price_is_not_believed_and_comes_back_with_it() {
    let mut world = quoted();
    let peg = NewOrder {
        ord_type: OrdType::Pegged,
        peg: Peg::Primary,
        ..order("A")
    };
    world.send(Command::NewOrder(peg));
    assert_eq!(world.children.len(), 1);
    for venue in 0..VENUES {
        lose(&mut world, venue);
    }
    world.settle();
    let child = world.children[0].order.child;
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::ChildCancel(cancel) if cancel.child == child))
    );
    let report = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    world.send(Command::VenueReport(report));
    assert_eq!(world.children.len(), 1, "there is no price to go out at");
    pass(&mut world, 200);
    world.send(Command::Quote(quote(1, 0, -3, 1)));
    world.settle();
    let bid = Price::from_units(MID - 3 * TICK.units());
    assert_eq!(world.children[1].order.limit_px, bid.into());
}

#[test]
fn a_stop_is_not_woken_by_a_price_that_is_lost() {
    let mut world = quoted();
    // The venues are apart: if the lower one is forgotten, the best offer jumps over the stop.
    for venue in 1..VENUES {
        world.send(Command::Quote(quote(venue, 0, 20, 1)));
    }
    let stop = NewOrder {
        ord_type: OrdType::StopLimit,
        stop_px: Price::from_units(MID + 10 * TICK.units()).into(),
        limit_px: Price::from_units(MID + 30 * TICK.units()).into(),
        ..order("A")
    };
    let events = world.send(Command::NewOrder(stop));
    assert!(matches!(events[..], [Event::Accepted { .. }]), "{events:?}");
    lose(&mut world, 0);
    world.settle();
    let triggered = |world: &World| {
        let mut events = world.events.iter();
        events.any(|event| matches!(event, Event::Triggered { .. }))
    };
    assert!(!triggered(&world), "nobody quoted anything");
    world.send(Command::Quote(quote(1, 0, 20, 1)));
    assert!(triggered(&world), "what is believed says so");
}

#[test]
fn a_gap_of_a_whole_feed_concerns_all_that_the_venue_quotes() {
    let mut world = World::new(1);
    world.send(Command::Quote(quote(0, 0, 0, 1)));
    world.send(Command::Quote(quote(0, 1, 0, 1)));
    world.send(Command::Quote(quote(1, 0, 0, 1)));
    let all = gap(0, None);
    assert_eq!(world.send(Command::FeedGap(all)), [Event::FeedGapped(all)]);
    assert_eq!(
        world.engine.feed_gaps(),
        (2, 2),
        "what it does not quote is not lost"
    );
    assert_eq!(world.send(Command::FeedGap(all)), []);
    for instrument in [0, 1] {
        let events = world.send(Command::Quote(quote(0, instrument, 0, 1)));
        let instrument = InstrumentId::new(instrument);
        assert_eq!(events, [restored(0, instrument, Nanos::ZERO)]);
    }
}

/// What a script does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Quote(u8, i64),
    Gap(u8, Option<u32>),
    Order(i64),
    Answer(usize, bool),
    Pass(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..VENUES, -3..3_i64).prop_map(|(venue, ticks)| Step::Quote(venue, ticks)),
        2 => (0..VENUES, prop::option::weighted(0.8, 0..2_u32))
            .prop_map(|(venue, instrument)| Step::Gap(venue, instrument)),
        3 => (-2..4_i64).prop_map(Step::Order),
        2 => (0..8_usize, any::<bool>()).prop_map(|(back, fills)| Step::Answer(back, fills)),
        1 => (0..3_000_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Method: orders and pegs between quotes and gaps, beside a set of what is not believed.
    #[test]
    fn nothing_goes_where_prices_are_not_believed_and_a_replay_is_equal(
        steps in proptest::collection::vec(any_step(), 1..120),
    ) {
        let mut world = quoted();
        let mut lost: BTreeSet<u8> = BTreeSet::new();
        for (number, step) in steps.into_iter().enumerate() {
            let before = world.children.len();
            match step {
                Step::Quote(venue, ticks) => {
                    let events = world.send(Command::Quote(quote(venue, 0, ticks, 2)));
                    let said = events.iter().any(|e| matches!(e, Event::FeedRestored { .. }));
                    prop_assert_eq!(said, lost.remove(&venue));
                }
                Step::Gap(venue, instrument) => {
                    let instrument = instrument.map(InstrumentId::new);
                    let events = world.send(Command::FeedGap(gap(venue, instrument)));
                    if instrument.is_none_or(|instrument| instrument == ONE) {
                        let news = lost.insert(venue);
                        prop_assert!(!news || !events.is_empty());
                    }
                }
                Step::Order(ticks) => {
                    let peg = ticks == 3;
                    world.send(Command::NewOrder(NewOrder {
                        limit_px: Price::from_units(MID + ticks * TICK.units()).into(),
                        ord_type: if peg { OrdType::Pegged } else { OrdType::Limit },
                        peg: if peg { Peg::Primary } else { Peg::None },
                        ..order(&format!("N{number}"))
                    }));
                }
                Step::Answer(back, fills) => {
                    let ix = world.children.len().wrapping_sub(1 + back);
                    if world.children.get(ix).is_some_and(|child| !child.done) {
                        let qty = world.children[ix].leaves_qty;
                        let report = if fills {
                            world.report(ix, ExecType::Trade, qty, 0)
                        } else {
                            world.report(ix, ExecType::Canceled, Qty::ZERO, 0)
                        };
                        world.send(Command::VenueReport(report));
                    }
                }
                Step::Pass(ms) => pass(&mut world, ms),
            }
            world.settle();
            for child in &world.children[before..] {
                prop_assert!(!lost.contains(&child.order.venue.get()), "{:?} {:?}", child, lost);
            }
        }
        let (mut engine, mut outbox, mut events) = (Engine::new(), Outbox::new(), Vec::new());
        for (at, seq, command) in &world.journal {
            engine.apply(*at, *seq, command, &mut outbox);
            events.extend_from_slice(outbox.events());
        }
        prop_assert_eq!(&events, &world.events);
        prop_assert_eq!(engine.digest(), world.engine.digest());
    }
}

#[test]
fn what_is_not_believed_is_in_the_digest() {
    let mut world = quoted();
    let whole = world.engine.digest();
    lose(&mut world, 0);
    let lost = world.engine.digest();
    assert_ne!(lost, whole);
    world.send(Command::Quote(quote(0, 0, 0, 1)));
    assert_ne!(world.engine.digest(), lost);
}
