//! What holds whatever clients, venues and operators do.

mod support;

use dcx_model::{Event, OrderView, Qty};
use proptest::prelude::*;
use support::{Script, World, any_script};

/// Where every order's quantity is, from its reports and from what its venues know.
fn check_books(world: &World) -> Result<(), TestCaseError> {
    let mut working = std::collections::BTreeMap::new();
    for (order, told) in &world.told {
        let view = &told.view;
        prop_assert_eq!(told.traded, view.cum_qty, "fills add up to CumQty");
        prop_assert!(view.cum_qty <= view.order_qty);
        let out = world
            .children
            .iter()
            .filter(|child| child.order.order == *order)
            .map(|child| child.leaves_qty);
        let out = Qty::sum(out).expect("quantities here are small");
        let known = Qty::sum([view.cum_qty, out]).expect("quantities here are small");
        prop_assert!(
            known <= view.order_qty,
            "{known} of {} is out",
            view.order_qty
        );
        if view.ord_status.is_terminal() {
            prop_assert_eq!(out, Qty::ZERO, "nothing works for an order that is done");
        }
        let side = (told.account, view.instrument);
        let (long, short) = working.entry(side).or_insert((0_i128, 0_i128));
        let leaves = i128::from(view.leaves_qty().units());
        match view.side {
            dcx_model::Side::Buy => *long += leaves,
            dcx_model::Side::Sell => *short += leaves,
        }
    }
    for ((account, instrument), expected) in working {
        let got = world.engine.working(account, instrument);
        // A pending replace for more reserves more.
        prop_assert!(got.0 >= expected.0 && got.1 >= expected.1);
        let pending = world.told.values().any(|told| {
            told.account == account && told.view.ord_status == dcx_model::OrdStatus::PendingReplace
        });
        if !pending {
            prop_assert_eq!(
                got,
                expected,
                "what is reserved is what may still be filled"
            );
        }
    }
    for ((account, instrument), position) in &world.positions {
        prop_assert_eq!(world.engine.position(*account, *instrument), *position);
    }
    Ok(())
}

/// The arithmetic of one report.
fn check_report(view: &OrderView) -> Result<(), TestCaseError> {
    if !view.ord_status.is_terminal() {
        let sum = view.cum_qty.plus(view.leaves_qty());
        prop_assert_eq!(sum, Some(view.order_qty));
    }
    prop_assert_eq!(view.cum_qty.is_zero(), view.avg_px.units() == 0);
    Ok(())
}

fn run(script: &Script) -> World {
    let mut world = World::of(script);
    for step in &script.steps {
        world.take(step);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// However venues behave, an order's quantity is always somewhere, and its fills are counted
    /// once.
    #[test]
    fn quantity_is_conserved(script in any_script(1..=300)) {
        let mut world = World::of(&script);
        for step in &script.steps {
            for event in world.take(step) {
                match event {
                    Event::Accepted { view, .. } | Event::Rejected { view, .. }
                    | Event::Trade { view, .. } | Event::Canceled { view, .. }
                    | Event::PendingCancel { view, .. } | Event::PendingReplace { view, .. }
                    | Event::Replaced { view, .. } | Event::Expired { view }
                    | Event::PendingNew { view } | Event::Triggered { view }
                    | Event::Restated { view, .. }
                    | Event::Status { view } => check_report(&view)?,
                    _ => {}
                }
            }
            check_books(&world)?;
        }
    }

    /// What waits comes to life once, if it does.
    #[test]
    fn every_trigger_fires_at_most_once(script in any_script(1..=300)) {
        let mut world = run(&script);
        world.wind_down();
        let mut triggered = std::collections::BTreeSet::new();
        for event in &world.events {
            if let Event::Triggered { view } = event {
                prop_assert!(triggered.insert(view.order), "{view:?}");
            }
        }
    }

    /// Whatever happened, when all is cancelled nothing is reserved, held or working.
    #[test]
    fn nothing_is_left_when_all_is_over(script in any_script(1..=200)) {
        let mut world = run(&script);
        world.wind_down();
        check_books(&world)?;
        prop_assert_eq!(world.engine.orders_open(), 0);
        prop_assert_eq!(world.engine.orders_held(), 0);
        prop_assert_eq!(world.engine.children_working(), 0);
        prop_assert_eq!(world.engine.wake_at(), None);
        for told in world.told.values() {
            prop_assert!(told.view.ord_status.is_terminal(), "{:?}", told.view);
            let working = world.engine.working(told.account, told.view.instrument);
            prop_assert_eq!(working, (0, 0));
        }
    }

    /// The journal is enough: replayed, it gives the same events and the same state.
    #[test]
    fn replay_gives_the_same_bits(script in any_script(1..=300)) {
        let world = run(&script);
        let (mut engine, mut outbox) = (dcx_engine::Engine::new(), dcx_engine::Outbox::new());
        let mut events = Vec::new();
        for (at, seq, command) in &world.journal {
            engine.apply(*at, *seq, command, &mut outbox);
            events.extend_from_slice(outbox.events());
        }
        prop_assert_eq!(&events, &world.events);
        prop_assert_eq!(engine.digest(), world.engine.digest());
    }

    /// A trace sees everything and changes nothing.
    #[test]
    fn a_trace_changes_nothing(script in any_script(1..=200)) {
        struct Count(u32);
        impl dcx_engine::Trace for Count {
            fn check(
                &mut self,
                _: dcx_model::Seq,
                _: dcx_engine::Check,
                _: i128,
                _: i128,
                _: bool,
            ) {
                self.0 += 1;
            }
        }
        let world = run(&script);
        let (mut engine, mut outbox) = (dcx_engine::Engine::new(), dcx_engine::Outbox::new());
        let mut count = Count(0);
        for (at, seq, command) in &world.journal {
            engine.apply_traced(*at, *seq, command, &mut outbox, &mut count);
        }
        prop_assert_eq!(engine.digest(), world.engine.digest());
        let orders = world.journal.iter();
        let orders = orders.filter(|(_, _, c)| matches!(c, dcx_model::Command::NewOrder(_)));
        prop_assert!(count.0 as usize >= orders.count());
    }

    /// The state after any command is told apart from the state before, but for commands that
    /// only ask.
    #[test]
    fn the_digest_sees_every_change(script in any_script(1..=60)) {
        let mut world = World::of(&script);
        for step in &script.steps {
            if let support::Step::Pass(_) = step {
                // The time of the last command is state; let it pass with a command of its own.
                world.take(step);
                world.send(dcx_model::Command::Checkpoint);
                continue;
            }
            let before = world.engine.digest();
            let told = world.told.clone();
            let events = world.take(step);
            if matches!(step, support::Step::Status { .. } | support::Step::Checkpoint) {
                prop_assert_eq!(world.engine.digest(), before);
            }
            let changed = events.iter().any(|event| matches!(
                event,
                Event::Accepted { .. } | Event::Trade { .. } | Event::ChildSent(_)
            ));
            if changed || told.len() != world.told.len() {
                prop_assert_ne!(world.engine.digest(), before);
            }
        }
    }
}

/// The scripts are worth something only as far as they reach what they are to hold.
#[test]
fn the_scripts_reach_every_way_of_waiting() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..400 {
        let tree = any_script(200..=300).new_tree(&mut runner);
        let world = run(&tree.expect("a script can be drawn").current());
        for event in &world.events {
            let kind = match event {
                Event::PendingNew { .. } => "pending new",
                Event::OperatorDone { .. } => "decided",
                Event::Expired { .. } => "expired",
                Event::Triggered { view } => match view.ord_type {
                    dcx_model::OrdType::Limit | dcx_model::OrdType::Market => "list released",
                    _ => "stop came",
                },
                Event::Restated { reason, .. } => reason.name(),
                Event::Rejected { view, refusal } if view.order.get() > 0 => match refusal {
                    dcx_model::Refusal::ListBroken => "list broken",
                    dcx_model::Refusal::NotApproved => "not approved",
                    _ => "refused later",
                },
                _ => continue,
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    for kind in [
        "pending new",
        "decided",
        "expired",
        "list released",
        "stop came",
        "PartialDecline",
        "RepricingOfOrder",
        "list broken",
        "not approved",
        "refused later",
    ] {
        assert!(
            seen.get(kind).is_some_and(|count| *count > 2),
            "{kind}: {seen:?}"
        );
    }
}
