//! Each check at its limit and one step over, with the code it refuses with.

mod support;

use dcx_model::*;
use support::{LOT, MID, TICK, World};

/// A world with a fresh quote: bid and ask two ticks apart around `MID`.
fn world() -> World {
    let mut world = World::new(1);
    world.send(Command::Quote(support::quote(0, 0, -1, 2)));
    world.send(Command::Quote(support::quote(0, 1, -1, 2)));
    world
}

/// A limit order to buy one lot at the middle.
fn order(world: &World) -> NewOrder {
    let number = world.journal.len();
    NewOrder {
        session: SessionId::new(0),
        account: AccountId::new(0),
        cl_ord_id: format!("N{number}").parse().expect("printable"),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        algo: Algo::AtOnce,
        order_qty: LOT,
        limit_px: Price::from_units(MID).into(),
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        transact_time: world.at,
        ..NewOrder::PLAIN
    }
}

/// Sends the order that `change` makes and says what refused it.
fn refusal(world: &mut World, change: impl FnOnce(&mut NewOrder)) -> Option<Refusal> {
    let mut order = order(world);
    change(&mut order);
    match world.send(Command::NewOrder(order)).first() {
        Some(Event::Accepted { .. }) => None,
        Some(Event::Rejected { view, refusal }) => {
            assert_eq!(view.ord_status, OrdStatus::Rejected);
            assert_eq!(view.order, OrderId::new(0));
            Some(*refusal)
        }
        other => panic!("an order is accepted or rejected, not {other:?}"),
    }
}

/// Changes the limits of the first instrument.
fn limit(world: &mut World, change: impl FnOnce(&mut InstrumentLimits)) {
    let mut limits = support::instrument_limits(0);
    limits.order_notional_max = Notional::whole(1_000_000);
    change(&mut limits);
    for change in limits.changes() {
        world.limit(change.scope, change.limit, change.value);
    }
}

fn limit_session(world: &mut World, change: impl FnOnce(&mut SessionLimits)) {
    let mut limits = support::session_limits(0);
    change(&mut limits);
    for change in limits.changes() {
        world.limit(change.scope, change.limit, change.value);
    }
}

#[test]
fn without_configuration_every_order_is_refused() {
    let mut world = world();
    world.engine = dcx_engine::Engine::new();
    assert_eq!(refusal(&mut world, |_| {}), Some(Refusal::NotConfigured));
}

#[test]
fn halted_refuses_and_resumed_passes() {
    let mut world = world();
    world.send(Command::SetState(StateChange::halt(support::operator())));
    assert_eq!(
        refusal(&mut world, |_| {}),
        Some(Refusal::Halted { at: Level::Firm })
    );
    world.send(Command::SetState(StateChange::resume(support::operator())));
    assert_eq!(refusal(&mut world, |_| {}), None);
}

#[test]
fn a_session_or_an_instrument_without_limits_refuses() {
    let mut world = world();
    let stranger = SessionId::new(support::SESSIONS);
    let refused = refusal(&mut world, |order| order.session = stranger);
    assert_eq!(refused, Some(Refusal::NoSessionLimits));

    let mut bare = support::instrument(0);
    bare.id = InstrumentId::new(9);
    world.send(Command::DefineInstrument(bare));
    let refused = refusal(&mut world, |order| order.instrument = bare.id);
    assert_eq!(refused, Some(Refusal::NoInstrumentLimits));
    let unknown = InstrumentId::new(10);
    let refused = refusal(&mut world, |order| order.instrument = unknown);
    assert_eq!(refused, Some(Refusal::UnknownInstrument));
    let beyond = InstrumentId::new(u32::MAX);
    let refused = refusal(&mut world, |order| order.instrument = beyond);
    assert_eq!(refused, Some(Refusal::UnknownInstrument));
}

#[test]
fn the_last_account_passes_and_the_next_is_unknown() {
    let mut world = world();
    let last = AccountId::new(support::NO_ACCOUNT - 1);
    assert_eq!(refusal(&mut world, |order| order.account = last), None);
    let next = AccountId::new(support::NO_ACCOUNT);
    let refused = refusal(&mut world, |order| order.account = next);
    assert_eq!(refused, Some(Refusal::UnknownAccount));
}

#[test]
fn the_rate_admits_its_burst_and_then_one_for_each_token() {
    let mut world = world();
    limit_session(&mut world, |limits| {
        (limits.orders_per_s_max, limits.burst_max) = (10, 3);
    });
    for _ in 0..3 {
        assert_eq!(refusal(&mut world, |_| {}), None);
    }
    let refused = Some(Refusal::RateAboveMax {
        at: Level::Session,
        per_s: 10,
        burst: 3,
    });
    assert_eq!(refusal(&mut world, |_| {}), refused);
    world.at = world.at.plus(Nanos::new(99_999_999));
    assert_eq!(refusal(&mut world, |_| {}), refused);
    world.at = world.at.plus(Nanos::new(1));
    assert_eq!(refusal(&mut world, |_| {}), None);
}

#[test]
fn a_name_is_used_up_by_any_order_that_was_looked_at() {
    let mut world = world();
    let name: ClOrdId = "SAME".parse().expect("printable");
    let zero = refusal(&mut world, |order| {
        (order.cl_ord_id, order.order_qty) = (name, Qty::ZERO);
    });
    assert_eq!(zero, Some(Refusal::QtyZero));
    let again = refusal(&mut world, |order| order.cl_ord_id = name);
    assert_eq!(again, Some(Refusal::DuplicateClOrdId));
    let other = refusal(&mut world, |order| {
        (order.cl_ord_id, order.session) = (name, SessionId::new(1));
    });
    assert_eq!(other, None, "a name is unique on its session only");
}

#[test]
fn a_name_is_not_used_up_where_trying_again_is_right() {
    let mut world = world();
    let name: ClOrdId = "LATER".parse().expect("printable");
    world.send(Command::SetState(StateChange::halt(support::operator())));
    let halted = refusal(&mut world, |order| order.cl_ord_id = name);
    assert_eq!(halted, Some(Refusal::Halted { at: Level::Firm }));
    world.send(Command::SetState(StateChange::resume(support::operator())));
    let again = refusal(&mut world, |order| order.cl_ord_id = name);
    assert_eq!(again, None);
}

#[test]
fn the_largest_quantity_passes_and_a_lot_more_does_not() {
    let mut world = world();
    let max = Qty::whole(100);
    limit(&mut world, |limits| limits.order_qty_max = max);
    assert_eq!(refusal(&mut world, |order| order.order_qty = max), None);
    let qty = Qty::whole(110);
    let refused = refusal(&mut world, |order| order.order_qty = qty);
    assert_eq!(
        refused,
        Some(Refusal::QtyAboveMax {
            at: Level::Instrument,
            qty,
            max
        })
    );
    let refused = refusal(&mut world, |order| order.order_qty = Qty::ZERO);
    assert_eq!(refused, Some(Refusal::QtyZero));
}

#[test]
fn whole_lots_and_whole_ticks_pass_and_a_unit_besides_does_not() {
    let mut world = world();
    let qty = Qty::from_units(LOT.units() + 1);
    let refused = refusal(&mut world, |order| order.order_qty = qty);
    assert_eq!(refused, Some(Refusal::OffLot { qty, lot: LOT }));
    let px = Price::from_units(MID + 1);
    let refused = refusal(&mut world, |order| order.limit_px = px.into());
    assert_eq!(refused, Some(Refusal::OffTick { px, tick: TICK }));
    let px = Price::from_units(MID + TICK.units());
    assert_eq!(
        refusal(&mut world, |order| order.limit_px = px.into()),
        None
    );
}

#[test]
fn a_limit_is_given_with_a_limit_order_only_and_is_above_zero() {
    let mut world = world();
    let refused = refusal(&mut world, |order| order.limit_px = LimitPx::NONE);
    assert_eq!(refused, Some(Refusal::PriceMissing));
    let refused = refusal(&mut world, |order| order.ord_type = OrdType::Market);
    assert_eq!(refused, Some(Refusal::PriceMissing));
    for px in [Price::ZERO, Price::from_units(-TICK.units())] {
        let refused = refusal(&mut world, |order| order.limit_px = px.into());
        assert_eq!(refused, Some(Refusal::PriceNotPositive { px }));
    }
    // The smallest price above zero passes this check, and fails the collar.
    let refused = refusal(&mut world, |order| order.limit_px = TICK.into());
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R014));
}

#[test]
fn the_largest_worth_passes_and_one_unit_less_of_it_does_not() {
    let mut world = world();
    let worth = Price::from_units(MID).times(LOT);
    limit(&mut world, |limits| limits.order_notional_max = worth);
    assert_eq!(refusal(&mut world, |_| {}), None);
    let less = Notional::from_units(worth.units() - 1);
    limit(&mut world, |limits| limits.order_notional_max = less);
    let refused = refusal(&mut world, |_| {});
    assert_eq!(
        refused,
        Some(Refusal::NotionalAboveMax {
            at: Level::Instrument,
            notional: 11,
            max: 11
        })
    );
}

#[test]
fn a_market_order_is_worth_what_the_far_touch_asks() {
    let mut world = world();
    let far = Price::from_units(MID + TICK.units()).times(LOT);
    let market = |order: &mut NewOrder| {
        (order.ord_type, order.limit_px) = (OrdType::Market, LimitPx::NONE);
    };
    limit(&mut world, |limits| limits.order_notional_max = far);
    assert_eq!(refusal(&mut world, market), None);
    let less = Notional::from_units(far.units() - 1);
    limit(&mut world, |limits| limits.order_notional_max = less);
    let refused = refusal(&mut world, market);
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R011));
}

#[test]
fn the_collar_admits_its_edge_and_nothing_beyond() {
    let mut world = world();
    // 100 basis points of 1.10000000 are 0.01100000: 1 100 ticks either way.
    limit(&mut world, |limits| limits.collar_bps = 100);
    let edge = 1_100 * TICK.units();
    for px in [MID + edge, MID - edge] {
        let px = Price::from_units(px);
        assert_eq!(
            refusal(&mut world, |order| order.limit_px = px.into()),
            None
        );
    }
    for (px, bound) in [
        (MID + edge + TICK.units(), MID + edge),
        (MID - edge - TICK.units(), MID - edge),
    ] {
        let (px, bound) = (Price::from_units(px), Price::from_units(bound));
        let refused = refusal(&mut world, |order| order.limit_px = px.into());
        assert_eq!(refused, Some(Refusal::OutsideCollar { px, bound }));
    }
}

#[test]
fn the_collar_is_exact_where_the_mid_lies_between_units() {
    let mut world = world();
    // Bid 1.09999 and ask 1.10000: the mid is half a tick below. Four basis points of it are
    // 439.998 units: the last price inside is found without rounding.
    world.send(Command::Quote(support::quote(0, 0, -1, 1)));
    limit(&mut world, |limits| limits.collar_bps = 4);
    let twice = 2 * i128::from(MID) - i128::from(TICK.units());
    let mut last = MID;
    while (2 * i128::from(last + 1_000) - twice) * 10_000 <= 4 * twice {
        last += 1_000;
    }
    let (inside, outside) = (Price::from_units(last), Price::from_units(last + 1_000));
    let passed = refusal(&mut world, |order| order.limit_px = inside.into());
    assert_eq!(passed, None);
    let refused = refusal(&mut world, |order| order.limit_px = outside.into());
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R014));
}

#[test]
fn a_quote_serves_to_its_last_nanosecond() {
    let mut world = world();
    let on_second = |order: &mut NewOrder| order.instrument = InstrumentId::new(1);
    let age_max = Nanos::from_millis(500);
    world.at = world.at.plus(age_max);
    assert_eq!(refusal(&mut world, on_second), None);
    world.at = world.at.plus(Nanos::new(1));
    let age = Nanos::new(500_000_001);
    let refused = refusal(&mut world, on_second);
    assert_eq!(refused, Some(Refusal::QuoteStale { age, age_max }));
    // The first instrument may fall back to its close.
    assert_eq!(refusal(&mut world, |_| {}), None);
}

#[test]
fn without_a_quote_and_without_a_close_there_is_no_reference() {
    let mut world = World::new(1);
    let refused = refusal(&mut world, |order| order.instrument = InstrumentId::new(1));
    let age_max = Nanos::from_millis(500);
    assert_eq!(refused, Some(Refusal::NoReference { age_max }));
    // One side of the market is no reference either.
    world.send(Command::Quote(support::quote(0, 1, 0, 0)));
    let refused = refusal(&mut world, |order| order.instrument = InstrumentId::new(1));
    assert_eq!(refused, Some(Refusal::NoReference { age_max }));
}

#[test]
fn the_position_may_reach_its_limit_with_all_that_works() {
    let mut world = world();
    limit(&mut world, |limits| limits.position_max = Qty::whole(30));
    let two = |order: &mut NewOrder| order.order_qty = Qty::whole(20);
    assert_eq!(refusal(&mut world, two), None);
    assert_eq!(refusal(&mut world, |_| {}), None);
    let refused = refusal(&mut world, |_| {});
    let would_be = Qty::whole(40);
    let max = Qty::whole(30);
    assert_eq!(refused, Some(Refusal::PositionAboveMax { would_be, max }));
    // The other side is measured apart.
    let sell = |order: &mut NewOrder| {
        (order.side, order.order_qty) = (Side::Sell, Qty::whole(30));
    };
    assert_eq!(refusal(&mut world, sell), None);
}

#[test]
fn an_order_that_brings_a_position_back_passes_beyond_the_limit() {
    let mut world = world();
    assert_eq!(
        refusal(&mut world, |order| order.order_qty = Qty::whole(100)),
        None
    );
    let report = world.report(0, ExecType::Trade, Qty::whole(100), 0);
    world.send(Command::VenueReport(report));
    limit(&mut world, |limits| limits.position_max = Qty::whole(50));
    let refused = refusal(&mut world, |_| {});
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R015));
    assert_eq!(refusal(&mut world, |order| order.side = Side::Sell), None);
}

#[test]
fn the_last_open_order_of_a_session_passes_and_the_next_does_not() {
    let mut world = world();
    limit_session(&mut world, |limits| limits.orders_open_max = 2);
    assert_eq!(refusal(&mut world, |_| {}), None);
    assert_eq!(refusal(&mut world, |_| {}), None);
    let refused = refusal(&mut world, |_| {});
    assert_eq!(
        refused,
        Some(Refusal::OrdersOpenAboveMax {
            at: Level::Session,
            open: 3,
            max: 2
        })
    );
    let other = |order: &mut NewOrder| order.session = SessionId::new(1);
    assert_eq!(refusal(&mut world, other), None);
    let report = world.report(0, ExecType::Trade, LOT, 0);
    world.send(Command::VenueReport(report));
    assert_eq!(refusal(&mut world, |_| {}), None, "one is done");
}

#[test]
fn the_firm_s_room_is_what_was_configured() {
    let mut configure = support::configure(1, OnNoVenue::Hold);
    configure.orders_open_max = 2;
    let mut world = World::with(configure);
    assert_eq!(refusal(&mut world, |_| {}), None);
    assert_eq!(refusal(&mut world, |_| {}), None);
    let refused = refusal(&mut world, |_| {});
    assert_eq!(refused, Some(Refusal::PoolFull { open: 3, max: 2 }));
    // More room may be given while it runs, and loses nothing.
    configure.orders_open_max = 3;
    world.send(Command::Configure(configure));
    assert_eq!(refusal(&mut world, |_| {}), None);
    assert_eq!(world.engine.orders_open(), 3);
}

#[test]
fn a_schedule_ends_after_it_starts_and_has_a_lot_for_each_slice() {
    let mut world = world();
    let at = world.at;
    let twap = move |end: u64, slices: u16, lots: u64| {
        move |order: &mut NewOrder| {
            order.algo = Algo::Twap;
            order.end = at.plus(Nanos::new(end));
            order.slices = slices;
            order.order_qty = Qty::from_units(lots * LOT.units());
        }
    };
    assert_eq!(refusal(&mut world, twap(1, 1, 1)), None);
    let refused = refusal(&mut world, twap(0, 1, 1));
    let end = at.get().cast_signed();
    assert_eq!(refused, Some(Refusal::ScheduleInvalid { start: 0, end }));
    assert_eq!(refusal(&mut world, twap(9, 3, 3)), None);
    let refused = refusal(&mut world, twap(9, 4, 3));
    assert_eq!(refused, Some(Refusal::LotTooLarge { lots: 3, slices: 4 }));
    for slices in [0, SLICES_MAX + 1] {
        let refused = refusal(&mut world, twap(9, slices, 3));
        let (slices, max) = (u32::from(slices), u32::from(SLICES_MAX));
        assert_eq!(refused, Some(Refusal::SlicesOutOfRange { slices, max }));
    }
}

#[test]
fn what_would_be_ignored_is_refused() {
    let mut world = world();
    let later = world.at.plus(Nanos::new(1));
    let refused = refusal(&mut world, |order| order.start = later);
    assert_eq!(refused, Some(Refusal::Unsupported { tag: 168 }));
    let now = world.at;
    assert_eq!(refusal(&mut world, |order| order.start = now), None);
    let refused = refusal(&mut world, |order| order.end = later);
    assert_eq!(refused, Some(Refusal::Unsupported { tag: 126 }));
    let refused = refusal(&mut world, |order| {
        order.algo = Algo::Twap;
        (order.end, order.slices) = (later, 1);
        order.time_in_force = TimeInForce::Fok;
    });
    assert_eq!(refused, Some(Refusal::Unsupported { tag: 59 }));
}

#[test]
fn without_a_venue_an_order_is_held_or_refused_as_configured() {
    for (on_no_venue, expected) in [
        (OnNoVenue::Hold, None),
        (OnNoVenue::Reject, Some(Refusal::NoVenue)),
    ] {
        let mut world = World::with(support::configure(1, on_no_venue));
        for venue in 0..support::VENUES {
            let venue = VenueId::new(venue);
            world.send(Command::VenueState { venue, up: false });
        }
        assert_eq!(refusal(&mut world, |_| {}), expected);
        let venue = VenueId::new(1);
        world.send(Command::VenueState { venue, up: true });
        assert_eq!(refusal(&mut world, |_| {}), None);
    }
}

#[test]
fn numbers_at_their_ends_are_refused_not_overflowed() {
    let mut world = world();
    limit(&mut world, |limits| {
        limits.order_qty_max = Qty::from_units(u64::MAX);
        limits.order_notional_max = Notional::from_units(i128::MAX);
        limits.position_max = Qty::from_units(u64::MAX);
        limits.collar_bps = u32::MAX;
    });
    let top = Price::from_units(i64::MAX / 1_000 * 1_000);
    let mut quote = support::quote(0, 0, 0, 1);
    (quote.bid_px, quote.ask_px) = (top.into(), top.into());
    world.send(Command::Quote(quote));
    let lots = u64::MAX / LOT.units() * LOT.units();
    let largest = |px: Price| {
        move |order: &mut NewOrder| {
            order.order_qty = Qty::from_units(lots);
            order.limit_px = px.into();
        }
    };
    let refused = refusal(&mut world, largest(top));
    assert_eq!(refused, Some(Refusal::Overflow));
    assert_eq!(refusal(&mut world, largest(TICK)), None);
    let refused = refusal(&mut world, largest(TICK));
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R015));
}
