//! What the twin found, each as the smallest case that shows it.

use dcx_model::*;

use crate::support::{self, LOT, MID, World};

#[test]
fn the_firm_s_margin_follows_a_change_of_the_margin_of_what_works() {
    let mut world = World::new(1);
    world.send(Command::Quote(support::quote(0, 0, -1, 2)));
    world.send(Command::NewOrder(NewOrder {
        cl_ord_id: "N1".parse().expect("printable"),
        order_qty: LOT,
        limit_px: Price::from_units(MID).into(),
        transact_time: world.at,
        ..NewOrder::PLAIN
    }));
    let scope = Scope::Instrument(InstrumentId::new(0));
    let change = LimitChange::configured(scope, Limit::MarginBps, 2_000);
    world.send(Command::SetLimit(change));
    let worth = Price::from_units(MID).times(LOT).units();
    let margins = world.engine.exposure_view().map(|view| view.margin);
    assert!(margins.into_iter().all(|margin| margin == worth / 5));
}

/// Found by a mutant that the twin, which draws no such prices, let live.
#[test]
fn a_price_of_nothing_is_no_reference() {
    let mut world = World::new(1);
    let instrument = InstrumentId::new(1);
    world.send(Command::Quote(Quote {
        bid_px: Price::ZERO.into(),
        ask_px: Price::ZERO.into(),
        ..support::quote(0, 1, 0, 2)
    }));
    let events = world.send(Command::NewOrder(NewOrder {
        cl_ord_id: "N1".parse().expect("printable"),
        instrument,
        order_qty: LOT,
        limit_px: Price::from_units(MID).into(),
        transact_time: world.at,
        ..NewOrder::PLAIN
    }));
    let refused = matches!(
        events[..],
        [Event::Rejected {
            refusal: Refusal::NoReference { .. },
            ..
        }]
    );
    assert!(refused, "{events:?}");
}
