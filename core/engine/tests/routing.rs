//! Goal: what is chosen, told and learnt is right whatever policy and rules are in force, and
//! whatever venues do. Method: scripts of a broken world under every policy, with books kept from
//! the events alone; then each rule by itself.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use dcx_engine::route::probabilities_of;
use dcx_engine::{Engine, NotEligible, Outbox, RouteReason, Trace};
use dcx_model::*;
use proptest::prelude::*;
use support::{LOT, MID, Script, TICK, World, any_script, quote};

fn rules() -> RoutingRules {
    RoutingRules {
        events: true,
        ..RoutingRules::DEFAULT
    }
}

fn routing(policy: RoutingPolicy) -> Routing {
    Routing {
        policy,
        explore_ppm: 50_000,
        window: 20,
        ..Routing::DEFAULT
    }
}

fn under(script: &Script, routing: Routing, rules: RoutingRules) -> World {
    let mut world = World::of(script);
    world.send(Command::SetRouting(routing));
    world.send(Command::SetRoutingRules(rules));
    for step in &script.steps {
        world.take(step);
    }
    world.wind_down();
    world
}

fn any_routing() -> impl Strategy<Value = Routing> {
    let policy = prop::sample::select(RoutingPolicy::ALL);
    let instrument = prop::option::of(0_u32..2);
    (policy, instrument).prop_map(|(policy, instrument)| Routing {
        instrument: instrument.map(InstrumentId::new),
        ..routing(policy)
    })
}

fn any_rules() -> impl Strategy<Value = RoutingRules> {
    let eject = (0_u8..4, 1_u64..500, 1_u64..500, 0_u8..3);
    let times = (0_u64..300, 0_u64..600);
    (
        eject,
        times,
        prop::sample::select(vec![0, 100_000, 1_000_000]),
    )
        .prop_map(|(eject, times, budget_ppm)| RoutingRules {
            budget_ppm,
            eject_rejects: eject.0,
            eject_window: Nanos::from_millis(eject.1),
            eject_for: Nanos::from_millis(eject.2),
            trial_children: eject.3,
            markout: Nanos::from_millis(times.0),
            reward_timeout: Nanos::from_millis(times.1),
            ..rules()
        })
}

/// What the events say of choices, held together.
fn check_choices(world: &World) -> Result<(), TestCaseError> {
    let mut sent = BTreeMap::new();
    let (mut chosen, mut rewarded) = (BTreeSet::new(), BTreeSet::new());
    for event in &world.events {
        match event {
            Event::ChildSent(child) => {
                sent.insert(child.child, child.venue);
            }
            Event::Routed(decision) => {
                prop_assert_eq!(sent.get(&decision.child), Some(&decision.venue));
                prop_assert!(chosen.insert(decision.child), "a choice is told once");
                let venue = usize::from(decision.venue.get());
                prop_assert!(decision.candidates & 1 << venue != 0);
                let found = probabilities_of(decision);
                let sum: f64 = found.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
                prop_assert!(
                    found[venue] > 0.0,
                    "what was chosen could be: {:?}",
                    decision
                );
                for (ix, probability) in found.iter().enumerate() {
                    let candidate = decision.candidates & 1 << ix != 0;
                    prop_assert!(candidate || *probability == 0.0);
                }
                let held = decision.flags.has(RouteFlags::HELD_TO_BEST);
                prop_assert!(!held || !decision.flags.has(RouteFlags::EXPLORED));
            }
            Event::Rewarded(reward) => {
                prop_assert!(
                    chosen.contains(&reward.child),
                    "what was chosen is rewarded"
                );
                prop_assert!(rewarded.insert(reward.child), "and once");
                prop_assert_eq!(sent.get(&reward.child), Some(&reward.venue));
                let settled = reward.cause == RewardCause::Settled;
                prop_assert!(settled || reward.reward.value() == 0.0);
            }
            _ => {}
        }
    }
    prop_assert_eq!(chosen.len(), sent.len(), "every choice is told");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Under any policy and rules, with late, duplicate, missing and impossible reports: every
    /// child's choice is told with probabilities that make sense, and rewarded once at most; the
    /// budget holds; and a replay is the same to the bit.
    #[test]
    fn choices_are_told_and_rewarded_once_and_replay_to_the_bit(
        script in any_script(1..=250),
        routing in any_routing(),
        rules in any_rules(),
    ) {
        let world = under(&script, routing, rules);
        let mut world = world;
        // What waits for a markout has it by then, or never.
        world.at = world.at.plus(Nanos::from_seconds(2));
        world.settle();
        check_choices(&world)?;
        let (total, explored) = world.engine.exploration();
        prop_assert!(
            rules.budget_ppm == 1_000_000
                || explored * 1_000_000 <= total * i128::from(rules.budget_ppm),
            "{} of {} explored", explored, total
        );
        let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
        let mut events = Vec::new();
        for (at, seq, command) in &world.journal {
            engine.apply(*at, *seq, command, &mut outbox);
            events.extend_from_slice(outbox.events());
        }
        prop_assert_eq!(&events, &world.events);
        prop_assert_eq!(engine.digest(), world.engine.digest());
    }

    /// A venue that is ejected gets nothing until it is let in again.
    #[test]
    fn an_ejected_venue_gets_nothing(script in any_script(100..=300)) {
        let rules = RoutingRules {
            eject_rejects: 1,
            eject_for: Nanos::from_millis(300),
            trial_children: 1,
            ..rules()
        };
        let world = under(&script, routing(RoutingPolicy::RoundRobin), rules);
        let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
        let mut ejected = BTreeSet::new();
        for (at, seq, command) in &world.journal {
            engine.apply(*at, *seq, command, &mut outbox);
            // Told behind what the command sent: a reject and the way elsewhere are one command.
            let before = ejected.clone();
            for event in outbox.events() {
                if let Event::VenueFitness(change) = event {
                    match change.fitness {
                        Fitness::Ejected => ejected.insert(change.venue),
                        Fitness::Fit | Fitness::Probation => ejected.remove(&change.venue),
                    };
                }
            }
            for event in outbox.events() {
                if let Event::ChildSent(child) = event {
                    let still = before.contains(&child.venue) && ejected.contains(&child.venue);
                    prop_assert!(!still, "{} is ejected", child.venue);
                }
            }
        }
    }
}

/// A world in which the first instrument is quoted by all, and routed as said.
fn world(policy: RoutingPolicy, rules: RoutingRules) -> World {
    let mut world = World::new(7);
    world.send(Command::SetRouting(routing(policy)));
    world.send(Command::SetRoutingRules(rules));
    quotes(&mut world, 0);
    world
}

fn quotes(world: &mut World, ticks: i64) {
    for venue in 0..3 {
        world.send(Command::Quote(quote(venue, 0, ticks - 2, 4)));
    }
}

fn buy(world: &mut World, name: &str, lots: u64) -> Vec<Event> {
    world.at = world.at.plus(Nanos::from_millis(200));
    quotes(world, 0);
    world.send(Command::NewOrder(NewOrder {
        session: SessionId::new(0),
        account: AccountId::new(0),
        cl_ord_id: name.parse().expect("a short name"),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        order_qty: Qty::from_units(lots * LOT.units()),
        limit_px: Price::from_units(MID + 2 * TICK.units()).into(),
        ..NewOrder::PLAIN
    }))
}

fn report(world: &mut World, exec_type: ExecType, qty: Qty) -> Vec<Event> {
    let last = world.children.len() - 1;
    let report = world.report(last, exec_type, qty, 0);
    world.send(Command::VenueReport(report))
}

fn rewards(events: &[Event]) -> Vec<RouteReward> {
    let reward = |event: &Event| match event {
        Event::Rewarded(reward) => Some(*reward),
        _ => None,
    };
    events.iter().filter_map(reward).collect()
}

fn ten_lots() -> Qty {
    Qty::from_units(10 * LOT.units())
}

/// The only reward there is, once everything due has happened.
fn wait(world: &mut World, millis: u64) -> Vec<RouteReward> {
    let from = world.events.len();
    world.at = world.at.plus(Nanos::from_millis(millis));
    world.settle();
    rewards(&world.events[from..])
}

#[test]
fn a_reward_has_its_components_and_waits_for_the_market_to_move() {
    let rules = RoutingRules {
        markout: Nanos::from_seconds(1),
        ..rules()
    };
    let mut world = world(RoutingPolicy::Thompson, rules);
    buy(&mut world, "A", 10);
    world.at = world.at.plus(Nanos::from_millis(5));
    let events = report(&mut world, ExecType::Trade, ten_lots());
    assert_eq!(rewards(&events), [], "the markout is not known");
    let due = world.at.plus(Nanos::from_seconds(1));
    assert!(world.engine.wake_at().is_some_and(|at| at <= due));
    assert_eq!(wait(&mut world, 999), []);
    quotes(&mut world, -11);
    let [reward] = wait(&mut world, 1)[..] else {
        panic!("one reward")
    };
    assert_eq!(reward.cause, RewardCause::Settled);
    assert_eq!((reward.filled.value(), reward.rejected), (1.0, false));
    assert_eq!(reward.ack, Some(Nanos::from_millis(5)));
    let near = |score: Option<Score>, bps: f32| {
        let value = score.unwrap().value();
        assert!((value - bps).abs() < 1e-3, "{value} for {bps}");
    };
    // Bought two ticks of 0.0909 bps above the mid, which then fell by eleven.
    near(reward.slippage, 0.1818);
    near(reward.markout, -1.0);
    let fee = f32::from(reward.venue.get()) * 0.1;
    near(Some(reward.fee), fee);
    near(Some(reward.reward), -(0.1818 + 1.0 + fee + 0.05));
}

#[test]
fn a_markout_without_a_price_is_given_up_and_not_made_up() {
    let rules = RoutingRules {
        markout: Nanos::from_seconds(1),
        reward_timeout: Nanos::from_seconds(5),
        ..rules()
    };
    let mut world = world(RoutingPolicy::Thompson, rules);
    buy(&mut world, "A", 10);
    report(&mut world, ExecType::Trade, ten_lots());
    // The quotes are older than half a second by then.
    assert_eq!(wait(&mut world, 1_000), []);
    let given_up = wait(&mut world, 6_000);
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].cause, RewardCause::NoMarkout);
    assert_eq!(given_up[0].reward.value(), 0.0);
    let learnt: u64 = world.engine.venue_scores().map(|score| score.rewards).sum();
    let missing: u64 = world
        .engine
        .venue_scores()
        .map(|score| score.unrewarded)
        .sum();
    assert_eq!((learnt, missing), (0, 1));
}

#[test]
fn a_markout_that_found_no_price_finds_the_next() {
    let rules = RoutingRules {
        markout: Nanos::from_seconds(1),
        reward_timeout: Nanos::from_seconds(60),
        ..rules()
    };
    let mut world = world(RoutingPolicy::Thompson, rules);
    buy(&mut world, "A", 10);
    report(&mut world, ExecType::Trade, ten_lots());
    assert_eq!(wait(&mut world, 1_000), []);
    world.at = world.at.plus(Nanos::from_millis(900));
    quotes(&mut world, 0);
    let settled = wait(&mut world, 100);
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].cause, RewardCause::Settled);
}

#[test]
fn a_reward_that_does_not_come_is_given_up_once_and_what_comes_late_is_not_learnt() {
    let rules = RoutingRules {
        reward_timeout: Nanos::from_seconds(5),
        ..rules()
    };
    let mut world = world(RoutingPolicy::Thompson, rules);
    buy(&mut world, "A", 10);
    report(&mut world, ExecType::New, Qty::ZERO);
    assert_eq!(wait(&mut world, 4_000), []);
    let given_up = wait(&mut world, 1_000);
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].cause, RewardCause::TimedOut);
    let late = report(&mut world, ExecType::Trade, ten_lots());
    assert!(
        late.iter()
            .any(|event| matches!(event, Event::Trade { .. }))
    );
    assert_eq!(rewards(&late), []);
    let again = world.journal.last().unwrap().2;
    assert_eq!(rewards(&world.send(again)), []);
    assert_eq!(wait(&mut world, 60_000), []);
}

#[test]
fn a_fill_that_is_seen_again_is_rewarded_and_learnt_from_once() {
    for policy in RoutingPolicy::ALL {
        let mut world = world(*policy, rules());
        buy(&mut world, "A", 10);
        report(&mut world, ExecType::Trade, ten_lots());
        wait(&mut world, 5_000);
        let all = rewards(&world.events);
        assert!(!all.is_empty(), "{policy:?}");
        let scores: Vec<_> = world.engine.venue_scores().collect();
        let filled = world.journal.iter().rev();
        let filled = filled.map(|(_, _, command)| *command);
        let is_report = |command: &Command| matches!(command, Command::VenueReport(_));
        let again = filled.clone().find(is_report).unwrap();
        for _ in 0..3 {
            assert_eq!(rewards(&world.send(again)), [], "{policy:?}");
            assert_eq!(wait(&mut world, 5_000), [], "{policy:?}");
        }
        assert_eq!(world.engine.venue_scores().collect::<Vec<_>>(), scores);
    }
}

#[test]
fn without_any_venue_to_choose_from_an_order_is_held_or_refused_and_never_lost() {
    // Of no venue at all, and of venues that are all down.
    for empty in [true, false] {
        for policy in RoutingPolicy::ALL {
            let mut world = world(*policy, rules());
            if empty {
                world.send(Command::DefineInstrument(Instrument {
                    venues: VenueSet::NONE,
                    ..support::instrument(0)
                }));
            } else {
                for venue in 0..3 {
                    let venue = VenueId::new(venue);
                    world.send(Command::VenueState { venue, up: false });
                }
            }
            let events = buy(&mut world, "A", 10);
            let sent = |event: &Event| matches!(event, Event::ChildSent(_) | Event::Routed(_));
            assert!(!events.iter().any(sent), "{policy:?}: {events:?}");
            let held = events
                .iter()
                .any(|event| matches!(event, Event::Accepted { held: true, .. }));
            let refused = events
                .iter()
                .any(|event| matches!(event, Event::Rejected { .. }));
            assert!(held != refused, "{policy:?}: {events:?}");
            assert_eq!(world.engine.orders_held(), u32::from(held), "{policy:?}");
        }
    }
}

#[test]
fn a_child_that_we_cancel_unfilled_says_nothing_about_its_venue() {
    let mut world = world(RoutingPolicy::Thompson, rules());
    buy(&mut world, "A", 10);
    report(&mut world, ExecType::New, Qty::ZERO);
    world.send(Command::Cancel(CancelRequest {
        session: SessionId::new(0),
        cl_ord_id: "B".parse().unwrap(),
        orig_cl_ord_id: "A".parse().unwrap(),
        transact_time: UnixNanos::ZERO,
    }));
    let events = report(&mut world, ExecType::Canceled, Qty::ZERO);
    assert_eq!(rewards(&events)[0].cause, RewardCause::OurCancel);
}

#[test]
fn rejects_eject_a_venue_and_it_returns_on_probation() {
    let rules = RoutingRules {
        eject_rejects: 2,
        eject_window: Nanos::from_seconds(10),
        eject_for: Nanos::from_seconds(3),
        trial_children: 1,
        ..rules()
    };
    let mut world = world(RoutingPolicy::BestStatic, rules);
    let venue = |world: &World| world.children.last().unwrap().order.venue.get();
    for name in ["A", "B"] {
        buy(&mut world, name, 10);
        assert_eq!(venue(&world), 0);
        report(&mut world, ExecType::Rejected, Qty::ZERO);
        assert_eq!(venue(&world), 1, "the rest goes elsewhere");
        report(&mut world, ExecType::Trade, ten_lots());
    }
    let fitness = |world: &World| world.engine.venue_scores().next().unwrap().fitness;
    assert_eq!(fitness(&world), Fitness::Ejected);
    buy(&mut world, "C", 10);
    assert_eq!(venue(&world), 1);
    report(&mut world, ExecType::Trade, ten_lots());
    wait(&mut world, 3_000);
    assert_eq!(fitness(&world), Fitness::Probation);
    buy(&mut world, "D", 10);
    assert_eq!(venue(&world), 0, "one, to see");
    buy(&mut world, "E", 10);
    assert_eq!(venue(&world), 1, "and no more until that is over");
    let trial = world.children.len() - 2;
    let filled = world.report(trial, ExecType::Trade, ten_lots(), 0);
    world.send(Command::VenueReport(filled));
    assert_eq!(fitness(&world), Fitness::Fit);
    buy(&mut world, "F", 10);
    assert_eq!(venue(&world), 0);
}

#[test]
fn with_every_venue_ejected_an_order_is_held_until_one_returns() {
    let rules = RoutingRules {
        eject_rejects: 1,
        eject_for: Nanos::from_seconds(2),
        ..rules()
    };
    let mut world = world(RoutingPolicy::Thompson, rules);
    for name in ["A", "B"] {
        buy(&mut world, name, 10);
        for _ in 0..2 {
            if world.children.last().is_some_and(|child| !child.done) {
                report(&mut world, ExecType::Rejected, Qty::ZERO);
            }
        }
    }
    let sent = world.children.len();
    let events = buy(&mut world, "C", 10);
    assert!(
        matches!(events[..], [Event::Accepted { held: true, .. }]),
        "{events:?}"
    );
    assert_eq!(world.engine.orders_held(), 1);
    world.at = world.at.plus(Nanos::from_millis(1_700));
    quotes(&mut world, 0);
    wait(&mut world, 0);
    assert!(
        world.children.len() > sent,
        "it goes to the first that is back"
    );
}

#[test]
fn an_order_is_split_and_nothing_of_it_is_lost() {
    let mut world = world(RoutingPolicy::Split, rules());
    world.send(Command::SetRouting(Routing {
        split_unit: LOT,
        ..routing(RoutingPolicy::Split)
    }));
    // The first venue never has more than two lots.
    for (round, name) in ["A", "B", "C", "D"].iter().enumerate() {
        let from = world.children.len();
        buy(&mut world, name, 10);
        let pieces = world.children[from..].to_vec();
        let sum = Qty::sum(pieces.iter().map(|child| child.order.order_qty));
        assert_eq!(sum, Some(ten_lots()));
        assert!(round == 0 || pieces.len() > 1, "{pieces:?}");
        for ix in from..from + pieces.len() {
            let order = world.children[ix].order;
            let two = Qty::from_units(2 * LOT.units());
            let there = if order.venue.get() == 0 {
                order.order_qty.min(two)
            } else {
                order.order_qty
            };
            let filled = world.report(ix, ExecType::Trade, there, 0);
            world.send(Command::VenueReport(filled));
            if there < order.order_qty {
                let rest = world.report(ix, ExecType::Canceled, Qty::ZERO, 0);
                world.send(Command::VenueReport(rest));
            }
        }
        // What came back went elsewhere, and is filled there.
        for ix in from + pieces.len()..world.children.len() {
            let qty = world.children[ix].leaves_qty;
            let filled = world.report(ix, ExecType::Trade, qty, 0);
            world.send(Command::VenueReport(filled));
        }
        let order = world.told.values().last().unwrap();
        assert_eq!(order.view.ord_status, OrdStatus::Filled, "{:?}", order.view);
    }
    let last = world
        .children
        .iter()
        .filter(|child| child.order.venue.get() == 0);
    let asked = last.map(|child| child.order.order_qty).next_back();
    assert!(asked < Some(ten_lots()), "it is not asked for ten again");
}

#[test]
fn best_displayed_goes_to_the_best_price_of_the_side() {
    let mut world = world(RoutingPolicy::BestDisplayed, rules());
    let policy = Routing {
        explore_ppm: 0,
        ..routing(RoutingPolicy::BestDisplayed)
    };
    world.send(Command::SetRouting(policy));
    for (best, name) in [(2, "A"), (1, "B"), (0, "C")] {
        world.at = world.at.plus(Nanos::from_millis(600));
        for venue in 0..3 {
            let spread = if venue == best { 3 } else { 4 };
            world.send(Command::Quote(quote(venue, 0, -2, spread)));
        }
        world.send(Command::NewOrder(NewOrder {
            cl_ord_id: name.parse().unwrap(),
            order_qty: LOT,
            limit_px: Price::from_units(MID + 5 * TICK.units()).into(),
            ..NewOrder::PLAIN
        }));
        let chosen = world.children.last().unwrap().order.venue.get();
        assert_eq!(chosen, best, "{name}");
    }
}

#[test]
fn an_instrument_has_its_own_policy_and_the_rest_that_of_all() {
    let mut world = World::new(1);
    world.send(Command::SetRoutingRules(rules()));
    world.send(Command::SetRouting(routing(RoutingPolicy::LinUcb)));
    world.send(Command::SetRouting(Routing {
        instrument: Some(InstrumentId::new(1)),
        ..routing(RoutingPolicy::Exp3)
    }));
    let mut policies = BTreeMap::new();
    for instrument in 0..2 {
        for venue in 0..2 {
            world.send(Command::Quote(quote(venue, instrument, 0, 4)));
        }
        let events = world.send(Command::NewOrder(NewOrder {
            cl_ord_id: format!("A{instrument}").parse().unwrap(),
            instrument: InstrumentId::new(instrument),
            order_qty: LOT,
            limit_px: Price::from_units(MID).into(),
            ..NewOrder::PLAIN
        }));
        for event in events {
            if let Event::Routed(decision) = event {
                policies.insert(instrument, decision.policy);
            }
        }
    }
    assert_eq!(policies[&0], RoutingPolicy::LinUcb);
    assert_eq!(policies[&1], RoutingPolicy::Exp3);
}

#[test]
fn routing_that_means_nothing_is_refused_and_changes_nothing() {
    let mut world = World::new(1);
    let before = world.engine.digest();
    let base = routing(RoutingPolicy::Thompson);
    let bad = [
        Routing {
            discount_ppm: 0,
            ..base
        },
        Routing {
            discount_ppm: 1_000_001,
            ..base
        },
        Routing {
            explore_ppm: 1_000_001,
            ..base
        },
        Routing {
            share_ppm: 1_000_001,
            ..base
        },
        Routing { window: 0, ..base },
        Routing {
            window: Routing::WINDOW_MAX + 1,
            ..base
        },
        Routing {
            venue: VenueId::new(16),
            ..base
        },
        Routing {
            instrument: Some(InstrumentId::new(u32::MAX)),
            ..base
        },
    ];
    let bad_rules = [
        RoutingRules {
            budget_ppm: 1_000_001,
            ..rules()
        },
        RoutingRules {
            eject_rejects: 17,
            ..rules()
        },
    ];
    let bad = bad.into_iter().map(Command::SetRouting);
    for command in bad.chain(bad_rules.into_iter().map(Command::SetRoutingRules)) {
        let events = world.send(command);
        let refused = Ignored::BadConfiguration;
        assert!(
            matches!(events[..], [Event::Ignored { cause, .. }] if cause == refused),
            "{command:?}"
        );
    }
    assert_eq!(world.engine.digest(), before);
    let mut engine = Engine::new();
    let mut outbox = Outbox::new();
    engine.apply(
        UnixNanos::ZERO,
        Seq::new(1),
        &Command::SetRouting(base),
        &mut outbox,
    );
    assert_eq!(
        outbox.events().len(),
        1,
        "nothing is taken before Configure"
    );
}

#[test]
fn the_same_routing_again_forgets_nothing() {
    for policy in RoutingPolicy::ALL {
        let mut world = world(*policy, rules());
        for name in ["A", "B", "C"] {
            buy(&mut world, name, 10);
            report(&mut world, ExecType::Trade, ten_lots());
        }
        let before = world.engine.digest();
        // As a daemon says at every start.
        world.send(Command::DefineInstrument(support::instrument(0)));
        world.send(Command::SetRoutingRules(rules()));
        world.send(Command::SetRouting(routing(*policy)));
        assert_eq!(world.engine.digest(), before, "{policy:?}");
    }
}

/// What the reasons say, by child.
#[derive(Default)]
struct Reasons(BTreeMap<ChildId, Vec<(VenueId, Option<NotEligible>, f64)>>);

impl Trace for Reasons {
    fn route(&mut self, _: Seq, route: &RouteReason<'_>) {
        let venues = route.venues.iter();
        let venues = venues.map(|venue| (venue.venue, venue.not_eligible, venue.probability));
        self.0.insert(route.child, venues.collect());
    }
}

#[test]
fn the_reasons_and_the_record_give_the_same_probabilities() {
    for policy in RoutingPolicy::ALL
        .iter()
        .filter(|it| **it != RoutingPolicy::Split)
    {
        let mut world = world(*policy, rules());
        for name in ["A", "B", "C", "D", "E"] {
            buy(&mut world, name, 10);
            report(&mut world, ExecType::Trade, ten_lots());
        }
        let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
        let (mut reasons, mut compared) = (Reasons::default(), 0);
        for (at, seq, command) in &world.journal {
            engine.apply_traced(*at, *seq, command, &mut outbox, &mut reasons);
            for event in outbox.events() {
                let Event::Routed(decision) = event else {
                    continue;
                };
                let recorded = probabilities_of(decision);
                for (venue, not_eligible, probability) in &reasons.0[&decision.child] {
                    assert_eq!(*not_eligible, None);
                    assert_eq!(
                        recorded[usize::from(venue.get())],
                        *probability,
                        "{policy:?}"
                    );
                    compared += 1;
                }
            }
        }
        assert_eq!(compared, 15);
    }
}
