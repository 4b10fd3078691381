//! Recorded workloads are what they say.

use super::*;

fn shape(checks: Checks, seed: u64) -> Shape {
    Shape {
        commands: 20_000,
        seed,
        orders_open_max: 4_096,
        working: 200,
        checks,
        ..Shape::SMALL
    }
}

#[test]
fn the_same_seed_records_the_same_commands() {
    let record = |seed| Workload::record(&shape(Checks::Required, seed)).commands;
    assert_eq!(record(3), record(3));
    assert_ne!(record(3), record(4));
}

#[test]
fn the_mix_has_every_kind_and_refuses_nothing_with_either_checks() {
    for checks in [Checks::Required, Checks::All] {
        let workload = Workload::record(&shape(checks, 3));
        assert!(workload.count(Kind::Quote) > 1_000, "{checks:?}");
        assert!(workload.count(Kind::Fill) > 2_000, "{checks:?}");
        assert!(workload.count(Kind::Report) > 2_000, "{checks:?}");
        assert!(workload.count(Kind::Cancel) > 100, "{checks:?}");
        assert!(workload.count(Kind::Replace) > 100, "{checks:?}");
        assert!(workload.count(Kind::NewOrder) > 2_000, "{checks:?}");
        let outcome = workload.outcome(&workload.setup);
        assert_eq!(outcome.refused, 0, "{checks:?}");
        assert!(outcome.sent > workload.count(Kind::NewOrder) as u64);
    }
}

#[test]
fn every_limit_is_in_a_family_or_required() {
    for limit in dcx_model::Limit::ALL {
        let found = FAMILIES.iter().any(|family| family.limits.contains(limit));
        assert!(
            found || !limit.required_at().is_empty(),
            "{limit} is measured by nothing"
        );
    }
}

#[test]
fn without_a_family_the_same_orders_have_the_same_outcome() {
    let workload = Workload::record(&shape(Checks::All, 5));
    let all = workload.outcome(&workload.setup);
    for family in FAMILIES {
        let setup = workload.setup_without(family);
        assert!(
            setup.len() < workload.setup.len(),
            "{} is set up",
            family.name
        );
        assert_eq!(workload.outcome(&setup), all, "without {}", family.name);
    }
}

#[test]
fn the_book_holds_as_many_working_orders_as_the_shape_asks_for() {
    let workload = Workload::record(&shape(Checks::All, 7));
    let (mut engine, mut outbox) = workload.engine();
    let full = engine.orders_open();
    assert!((200..260).contains(&full), "{full} before");
    for taken in &workload.commands {
        engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
    }
    let after = engine.orders_open();
    assert!((150..300).contains(&after), "{after} after");
}
