//! No two orders of one owner that would trade with each other are ever at venues together,
//! whatever clients ask and venues answer, in every mode that prevents it.

mod support;

use dcx_model::*;
use proptest::prelude::*;
use support::{Script, World, any_script};

/// The limit that a child order has, the most generous where it has none.
fn px(child: &ChildOrder) -> i64 {
    let any = match child.side {
        Side::Buy => i64::MAX,
        Side::Sell => i64::MIN,
    };
    child.limit_px.price().map_or(any, Price::units)
}

fn nothing_crosses(world: &World) {
    let working = world.children.iter().filter(|child| !child.done);
    let (buys, sells): (Vec<&ChildOrder>, Vec<&ChildOrder>) = working
        .map(|child| &child.order)
        .partition(|order| order.side == Side::Buy);
    for buy in buys {
        let own = |sell: &&&ChildOrder| sell.instrument == buy.instrument && px(sell) <= px(buy);
        let crossed = sells.iter().find(own);
        assert!(crossed.is_none(), "{buy:?} crosses {crossed:?}");
    }
}

fn run(script: &Script, modes: [SelfTrade; 2]) {
    let mut world = World::of(script);
    for (id, self_trade) in (0..).zip(modes) {
        world.send(Command::DefineAccount(Account {
            id: AccountId::new(id),
            owner: OwnerId::new(3),
            self_trade,
        }));
    }
    for step in &script.steps {
        if let Some(command) = world.command(step) {
            world.send(command);
            nothing_crosses(&world);
        }
    }
    world.wind_down();
    assert_eq!(world.engine.orders_open(), 0, "nobody waits for ever");
    let firm = world.engine.exposure_view().next().expect("the firm");
    assert_eq!((firm.working_buy, firm.working_sell), (0, 0));
}

fn any_mode() -> impl Strategy<Value = SelfTrade> {
    prop_oneof![
        Just(SelfTrade::CancelNewest),
        Just(SelfTrade::CancelOldest),
        Just(SelfTrade::CancelBoth),
        Just(SelfTrade::Decrement),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_two_orders_of_one_owner_that_cross_are_at_venues_together(
        script in any_script(50..=250),
        modes in [any_mode(), any_mode()],
    ) {
        run(&script, modes);
    }
}
