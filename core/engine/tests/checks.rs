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

/// A world with fresh quotes in which no limit of one order's worth is in the way.
fn wide() -> World {
    let mut world = world();
    limit(&mut world, |_| {});
    world
}

const ACCOUNT: Scope = Scope::Account(AccountId::new(0));
const STRATEGY: Scope = Scope::Strategy(StrategyId::new(0));
const SESSION: Scope = Scope::Session(SessionId::new(0));
const INSTRUMENT: Scope = Scope::Instrument(InstrumentId::new(0));

fn sized(lots: u64) -> impl Fn(&mut NewOrder) {
    move |order| order.order_qty = Qty::from_units(lots * LOT.units())
}

#[test]
fn one_order_s_quantity_is_limited_at_every_level() {
    for scope in [ACCOUNT, STRATEGY, SESSION, INSTRUMENT] {
        let mut world = wide();
        let max = Qty::from_units(3 * LOT.units());
        world.limit(scope, Limit::OrderQtyMax, Some(i128::from(max.units())));
        assert_eq!(refusal(&mut world, sized(3)), None);
        let (at, qty) = (scope.level(), Qty::from_units(4 * LOT.units()));
        let expected = Refusal::QtyAboveMax { at, qty, max };
        assert_eq!(refusal(&mut world, sized(4)), Some(expected));
    }
}

#[test]
fn one_order_s_worth_is_limited_at_every_level() {
    for scope in [Scope::Firm, ACCOUNT, STRATEGY, SESSION, INSTRUMENT] {
        let mut world = wide();
        let worth = Price::from_units(MID).times(LOT).units();
        world.limit(scope, Limit::OrderNotionalMax, Some(worth));
        assert_eq!(refusal(&mut world, |_| {}), None);
        world.limit(scope, Limit::OrderNotionalMax, Some(worth - 1));
        let at = scope.level();
        let expected = Refusal::NotionalAboveMax {
            at,
            notional: 11,
            max: 11,
        };
        assert_eq!(refusal(&mut world, |_| {}), Some(expected));
    }
}

#[test]
fn open_orders_are_limited_at_every_level() {
    for scope in [ACCOUNT, STRATEGY, SESSION, INSTRUMENT] {
        let mut world = wide();
        world.limit(scope, Limit::OrdersOpenMax, Some(2));
        assert_eq!(refusal(&mut world, |_| {}), None);
        assert_eq!(refusal(&mut world, |_| {}), None);
        let (at, open, max) = (scope.level(), 3, 2);
        let expected = Refusal::OrdersOpenAboveMax { at, open, max };
        assert_eq!(refusal(&mut world, |_| {}), Some(expected));
        let report = world.report(0, ExecType::Trade, LOT, 0);
        world.send(Command::VenueReport(report));
        assert_eq!(refusal(&mut world, |_| {}), None, "one is done");
    }
}

#[test]
fn the_rate_is_limited_at_every_level_and_counts_what_reduces_without_refusing_it() {
    for scope in [STRATEGY, SESSION, INSTRUMENT] {
        let mut world = wide();
        assert_eq!(refusal(&mut world, sized(5)), None);
        let report = world.report(0, ExecType::Trade, Qty::from_units(5 * LOT.units()), 0);
        world.send(Command::VenueReport(report));
        world.at = world.at.plus(Nanos::from_millis(400));
        world.limit(scope, Limit::OrdersPerSMax, Some(10));
        world.limit(scope, Limit::BurstMax, Some(2));
        assert_eq!(refusal(&mut world, |_| {}), None);
        assert_eq!(refusal(&mut world, |_| {}), None);
        let (at, per_s, burst) = (scope.level(), 10, 2);
        let expected = Some(Refusal::RateAboveMax { at, per_s, burst });
        assert_eq!(refusal(&mut world, |_| {}), expected);
        let out = |order: &mut NewOrder| order.side = Side::Sell;
        assert_eq!(refusal(&mut world, out), None);
        world.at = world.at.plus(Nanos::new(99_999_999));
        assert_eq!(refusal(&mut world, |_| {}), expected);
        world.at = world.at.plus(Nanos::new(1));
        assert_eq!(refusal(&mut world, |_| {}), None);
    }
}

#[test]
fn the_worth_and_the_quantity_of_a_day_are_limited_and_begin_anew() {
    let worth = Price::from_units(MID).times(LOT).units();
    for scope in [Scope::Firm, ACCOUNT, STRATEGY, SESSION] {
        let mut world = wide();
        world.limit(scope, Limit::DayNotionalMax, Some(2 * worth));
        assert_eq!(refusal(&mut world, |_| {}), None);
        assert_eq!(refusal(&mut world, |_| {}), None);
        let refused = refusal(&mut world, |_| {});
        let at = scope.level();
        let expected = Refusal::DayNotionalAboveMax {
            at,
            would_be: 33,
            max: 22,
        };
        assert_eq!(refused, Some(expected));
        world.at = world.at.plus(Nanos::from_seconds(86_400));
        assert_eq!(refusal(&mut world, |_| {}), None, "the next day");
    }
    let mut world = wide();
    let max = Qty::from_units(2 * LOT.units());
    world.limit(INSTRUMENT, Limit::DayQtyMax, Some(i128::from(max.units())));
    assert_eq!(refusal(&mut world, sized(2)), None);
    let would_be = Qty::from_units(3 * LOT.units());
    let expected = Refusal::DayQtyAboveMax { would_be, max };
    assert_eq!(refusal(&mut world, |_| {}), Some(expected));
}

/// Each order alone is far below the limit: only what came before it brings it there.
#[test]
fn many_small_orders_reach_a_limit_as_one_large_one_does() {
    const ORDERS: usize = 20;
    let worth = ORDERS as i128 * Price::from_units(MID).times(LOT).units();
    let qty = ORDERS as i128 * i128::from(LOT.units());
    let levels = [Scope::Firm, ACCOUNT, STRATEGY];
    let mut cases: Vec<(Scope, Limit, i128, Code)> = levels
        .into_iter()
        .flat_map(|scope| {
            [
                (scope, Limit::DayNotionalMax, worth, Code::R040),
                (scope, Limit::GrossMax, worth, Code::R037),
                (scope, Limit::NetMax, worth, Code::R038),
            ]
        })
        .collect();
    cases.push((SESSION, Limit::DayNotionalMax, worth, Code::R040));
    cases.push((INSTRUMENT, Limit::DayQtyMax, qty, Code::R041));
    cases.push((INSTRUMENT, Limit::GrossMax, worth, Code::R037));
    cases.push((ACCOUNT, Limit::CreditMax, worth, Code::R039));
    for (scope, limit, max, code) in cases {
        let mut world = wide();
        world.limit(SESSION, Limit::OrdersOpenMax, Some(100));
        world.limit(scope, limit, Some(max));
        for nth in 0..ORDERS {
            assert_eq!(refusal(&mut world, |_| {}), None, "{scope:?} {limit} {nth}");
            // The rate of the session is another check.
            world.at = world.at.plus(Nanos::from_millis(50));
        }
        let refused = refusal(&mut world, |_| {}).map(|refusal| refusal.code());
        assert_eq!(refused, Some(code), "{scope:?} {limit}");
    }
}

#[test]
fn the_same_order_within_the_window_is_refused_unless_it_is_meant() {
    for scope in [Scope::Firm, STRATEGY, SESSION] {
        let mut world = wide();
        let window = Nanos::from_millis(5);
        let number = i128::from(window.get());
        world.limit(scope, Limit::DuplicateWindow, Some(number));
        assert_eq!(refusal(&mut world, |_| {}), None);
        world.at = world.at.plus(window);
        let age = window;
        let expected = Refusal::DuplicateOrder { age, window };
        assert_eq!(refusal(&mut world, |_| {}), Some(expected));
        let meant = |order: &mut NewOrder| order.flags = OrderFlags::REPEAT_MEANT;
        assert_eq!(refusal(&mut world, sized(2)), None, "it is another");
        assert_eq!(refusal(&mut world, meant), None);
        world.at = world.at.plus(window).plus(Nanos::new(1));
        assert_eq!(refusal(&mut world, |_| {}), None);
    }
}

#[test]
fn an_order_may_be_so_old_and_no_older() {
    for scope in [Scope::Firm, SESSION] {
        let mut world = wide();
        let max = Nanos::from_millis(5);
        world.limit(scope, Limit::OrderAgeMax, Some(i128::from(max.get())));
        let sent = world.at;
        world.at = world.at.plus(max);
        let old = |order: &mut NewOrder| order.transact_time = sent;
        assert_eq!(refusal(&mut world, old), None);
        world.at = world.at.plus(Nanos::new(1));
        let age = Nanos::new(max.get() + 1);
        let expected = Refusal::OrderTooOld { age, max };
        assert_eq!(refusal(&mut world, old), Some(expected));
        let unsaid = |order: &mut NewOrder| order.transact_time = UnixNanos::ZERO;
        let refused = refusal(&mut world, unsaid);
        assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R053));
    }
}

#[test]
fn worth_from_so_much_on_waits_for_a_person_at_every_level() {
    let worth = Price::from_units(MID).times(LOT).units();
    for scope in [Scope::Firm, ACCOUNT, STRATEGY, SESSION, INSTRUMENT] {
        let mut world = wide();
        world.limit(scope, Limit::ApprovalNotional, Some(worth + 1));
        assert_eq!(refusal(&mut world, |_| {}), None);
        world.limit(scope, Limit::ApprovalNotional, Some(worth));
        let order = order(&world);
        let events = world.send(Command::NewOrder(order));
        assert!(matches!(events[0], Event::PendingNew { .. }), "{events:?}");
    }
}

#[test]
fn a_sale_that_could_end_short_names_its_located_securities_where_that_is_asked() {
    let mut world = wide();
    world.limit(INSTRUMENT, Limit::LocateRequired, Some(1));
    assert_eq!(refusal(&mut world, sized(2)), None);
    let report = world.report(0, ExecType::Trade, Qty::from_units(2 * LOT.units()), 0);
    world.send(Command::VenueReport(report));
    let sell = |lots| {
        move |order: &mut NewOrder| {
            sized(lots)(order);
            order.side = Side::Sell;
        }
    };
    let refused = refusal(&mut world, sell(3));
    assert_eq!(refused, Some(Refusal::NoLocate { short: LOT }));
    let located = |order: &mut NewOrder| {
        sell(3)(order);
        order.flags = OrderFlags::SHORT_SALE.with(OrderFlags::LOCATED);
    };
    assert_eq!(refusal(&mut world, sell(2)), None);
    assert_eq!(refusal(&mut world, located), None);
}

#[test]
fn the_band_admits_its_edge_around_the_median_of_the_window() {
    let mut world = wide();
    world.limit(INSTRUMENT, Limit::BandWindow, Some(64_000_000_000));
    world.limit(INSTRUMENT, Limit::BandBps, Some(10));
    // Nobody quoted since: the close is what there is, and it is the middle.
    let edge = 110 * TICK.units();
    let at = |px| move |order: &mut NewOrder| order.limit_px = Price::from_units(px).into();
    assert_eq!(refusal(&mut world, at(MID + edge)), None);
    // Ten ticks up, for longer than it was down.
    for _ in 0..3 {
        world.at = world.at.plus(Nanos::from_seconds(2));
        world.send(Command::Quote(support::quote(0, 0, 9, 2)));
    }
    let median = MID + 10 * TICK.units();
    // 10 basis points of it are 110.01 ticks.
    assert_eq!(refusal(&mut world, at(median + edge)), None);
    let px = Price::from_units(median + edge + TICK.units());
    let refused = refusal(&mut world, at(px.units()));
    let bound = Price::from_units(median + median / 1_000);
    assert_eq!(refused, Some(Refusal::OutsideBand { px, bound }));
}

#[test]
fn a_quantity_may_be_so_many_times_the_usual_one() {
    let mut world = wide();
    world.limit(INSTRUMENT, Limit::TypicalMultiple, Some(2_000));
    let expected = Refusal::NoTypicalQty {
        trades: 0,
        needed: 20,
    };
    assert_eq!(refusal(&mut world, |_| {}), Some(expected));
    for _ in 0..20 {
        world.send(Command::MarketTrade(MarketTrade {
            venue: VenueId::new(0),
            instrument: InstrumentId::new(0),
            px: Price::from_units(MID),
            qty: LOT,
            trade_time: UnixNanos::ZERO,
        }));
    }
    assert_eq!(refusal(&mut world, sized(2)), None);
    let (qty, max) = (
        Qty::from_units(3 * LOT.units()),
        Qty::from_units(2 * LOT.units()),
    );
    let expected = Refusal::QtyAboveTypical { qty, max };
    assert_eq!(refusal(&mut world, sized(3)), Some(expected));
}

#[test]
fn a_crossed_market_refuses_what_would_take_and_nothing_else() {
    let mut world = wide();
    // Venue 0 asks MID + 1 tick; venue 1 bids 2 ticks above that.
    world.send(Command::Quote(support::quote(1, 0, 3, 4)));
    let at = |ticks: i64| {
        move |order: &mut NewOrder| {
            order.limit_px = Price::from_units(MID + ticks * TICK.units()).into();
        }
    };
    let (bid, ask) = (
        Price::from_units(MID + 3 * TICK.units()),
        Price::from_units(MID + TICK.units()),
    );
    let expected = Some(Refusal::MarketCrossed { bid, ask });
    assert_eq!(refusal(&mut world, at(1)), expected);
    assert_eq!(refusal(&mut world, at(0)), None);
    let market = |order: &mut NewOrder| {
        (order.ord_type, order.limit_px) = (OrdType::Market, LimitPx::NONE);
    };
    assert_eq!(refusal(&mut world, market), expected);
    // Two ticks are 0.18 basis points.
    world.limit(INSTRUMENT, Limit::CrossedBpsMax, Some(1));
    assert_eq!(refusal(&mut world, at(1)), None);
}

#[test]
fn the_last_trade_is_a_reference_where_there_is_no_mid_until_it_is_too_old() {
    let mut world = World::new(1);
    let one = |order: &mut NewOrder| order.instrument = InstrumentId::new(1);
    assert_eq!(
        refusal(&mut world, one).map(|refusal| refusal.code()),
        Some(Code::R012)
    );
    world.send(Command::MarketTrade(MarketTrade {
        venue: VenueId::new(0),
        instrument: InstrumentId::new(1),
        px: Price::from_units(MID),
        qty: LOT,
        trade_time: UnixNanos::ZERO,
    }));
    world.at = world.at.plus(Nanos::from_millis(500));
    assert_eq!(refusal(&mut world, one), None);
    world.at = world.at.plus(Nanos::new(1));
    assert_eq!(
        refusal(&mut world, one).map(|refusal| refusal.code()),
        Some(Code::R012)
    );
}

#[test]
fn outside_its_hours_and_where_no_venue_is_open_an_instrument_is_refused() {
    let mut world = wide();
    let second = u32::try_from(world.at.seconds() % 86_400).expect("a day is short");
    let hours = |world: &mut World, open_s, close_s| {
        world.send(Command::DefineHours(TradingHours {
            instrument: InstrumentId::new(0),
            open_s,
            close_s,
            weekdays: 0b111_1111,
            close_lead: Nanos::ZERO,
        }));
    };
    hours(&mut world, second, second + 1);
    assert_eq!(refusal(&mut world, |_| {}), None);
    hours(&mut world, second + 1, second + 2);
    let opens_in = Nanos::from_seconds(1);
    let expected = Refusal::OutsideHours { opens_in };
    assert_eq!(refusal(&mut world, |_| {}), Some(expected));
    hours(&mut world, second, second + 1);
    for venue in 0..support::VENUES {
        assert_eq!(refusal(&mut world, |_| {}), None, "one is still open");
        world.send(Command::VenuePhase {
            venue: VenueId::new(venue),
            instrument: InstrumentId::new(0),
            phase: Phase::Halted,
        });
    }
    let refused = refusal(&mut world, |_| {});
    assert_eq!(refused, Some(Refusal::InstrumentHalted));
    world.send(Command::VenuePhase {
        venue: VenueId::new(1),
        instrument: InstrumentId::new(0),
        phase: Phase::Open,
    });
    assert_eq!(refusal(&mut world, |_| {}), None);
}

#[test]
fn the_last_strategy_passes_and_the_next_is_unknown() {
    let mut world = wide();
    let of = |id| move |order: &mut NewOrder| order.strategy = StrategyId::new(id);
    assert_eq!(refusal(&mut world, of(1_023)), None);
    let refused = refusal(&mut world, of(1_024));
    assert_eq!(refused, Some(Refusal::UnknownStrategy));
}

#[test]
fn long_and_short_have_limits_of_their_own() {
    let mut world = wide();
    let lots = |count: u64| Some(i128::from(count * LOT.units()));
    world.limit(INSTRUMENT, Limit::PositionLongMax, lots(3));
    world.limit(INSTRUMENT, Limit::PositionShortMax, lots(2));
    let sell = |count| {
        move |order: &mut NewOrder| {
            sized(count)(order);
            order.side = Side::Sell;
        }
    };
    let code = |refusal: Option<Refusal>| refusal.map(|refusal| refusal.code());
    assert_eq!(code(refusal(&mut world, sized(4))), Some(Code::R015));
    assert_eq!(refusal(&mut world, sized(3)), None);
    assert_eq!(code(refusal(&mut world, sell(3))), Some(Code::R015));
    assert_eq!(refusal(&mut world, sell(2)), None);
}

#[test]
fn an_instrument_is_worth_its_multiplier() {
    let mut world = wide();
    let mut fine = support::instrument(0);
    fine.multiplier = Price::from_units(3 * Instrument::ONE.units());
    world.send(Command::DefineInstrument(fine));
    let worth = 3 * Price::from_units(MID).times(LOT).units();
    world.limit(INSTRUMENT, Limit::OrderNotionalMax, Some(worth));
    assert_eq!(refusal(&mut world, |_| {}), None);
    world.limit(INSTRUMENT, Limit::OrderNotionalMax, Some(worth - 1));
    let refused = refusal(&mut world, |_| {});
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::R011));
}

#[test]
fn eighty_percent_of_a_limit_are_said_once_for_an_order() {
    let mut world = wide();
    let max = i128::from(5 * LOT.units());
    world.limit(ACCOUNT, Limit::OrderQtyMax, Some(max));
    let near = |world: &mut World, lots| {
        let mut order = order(world);
        sized(lots)(&mut order);
        let events = world.send(Command::NewOrder(order)).into_iter();
        let near = events.filter(|event| matches!(event, Event::LimitNear { .. }));
        near.collect::<Vec<_>>()
    };
    assert_eq!(near(&mut world, 3), []);
    let said = Event::LimitNear {
        scope: ACCOUNT,
        limit: Limit::OrderQtyMax,
        value: i128::from(4 * LOT.units()),
        max,
    };
    assert_eq!(near(&mut world, 4), [said]);
    // What adds up is said when it gets there, and not again.
    world.limit(SESSION, Limit::OrdersOpenMax, Some(5));
    assert_eq!(near(&mut world, 1), []);
    assert_eq!(near(&mut world, 1).len(), 1);
    assert_eq!(near(&mut world, 1), []);
}

#[test]
fn eighty_percent_of_a_position_or_a_gross_exposure_are_said_at_the_step_that_reaches_them() {
    let units = |count: u64| i128::from(count * LOT.units());
    let worth = Price::from_units(MID).times(LOT).units();
    let cases = [
        (INSTRUMENT, Limit::PositionLongMax, Side::Buy, units(1)),
        (INSTRUMENT, Limit::PositionShortMax, Side::Sell, units(1)),
        (INSTRUMENT, Limit::GrossMax, Side::Buy, worth),
        (ACCOUNT, Limit::GrossMax, Side::Sell, worth),
        (STRATEGY, Limit::GrossMax, Side::Buy, worth),
        (Scope::Firm, Limit::GrossMax, Side::Buy, worth),
    ];
    for (scope, limit, side, one) in cases {
        // Four lots are four fifths of five lots, and a unit less of the limit changes nothing;
        // of a unit more than they are one short.
        for (max, at) in [(5 * one, 4), (5 * one - 1, 4), (5 * one + 5, 5)] {
            let mut world = wide();
            world.limit(scope, limit, Some(max));
            for lot in 1..=4 {
                let mut order = order(&world);
                order.side = side;
                order.limit_px = Price::from_units(MID).into();
                let events = world.send(Command::NewOrder(order)).into_iter();
                let near: Vec<Event> = events
                    .filter(|event| matches!(event, Event::LimitNear { .. }))
                    .collect();
                let said = Event::LimitNear {
                    scope,
                    limit,
                    value: lot * one,
                    max,
                };
                let wanted: &[Event] = if lot == at { &[said] } else { &[] };
                assert_eq!(near, wanted, "{scope:?} {limit:?} {max} {lot}");
            }
        }
    }
}

/// Replaces the first order that was accepted.
fn replaced(world: &mut World, lots: u64, px: i64) -> Option<Code> {
    let orig_cl_ord_id = world.names_of_first();
    let events = world.send(Command::Replace(ReplaceRequest {
        session: SessionId::new(0),
        cl_ord_id: format!("R{}", world.journal.len())
            .parse()
            .expect("printable"),
        orig_cl_ord_id,
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        order_qty: Qty::from_units(lots * LOT.units()),
        limit_px: Price::from_units(px).into(),
        stop_px: LimitPx::NONE,
        display_qty: Qty::ZERO,
        transact_time: world.at,
    }));
    match events.first() {
        Some(Event::CancelRejected(rejected)) => Some(rejected.refusal.code()),
        _ => None,
    }
}

#[test]
fn a_replace_is_measured_by_what_grows_and_a_smaller_one_passes_every_limit() {
    let limits: [(Scope, Limit, i128, Code); 6] = [
        (ACCOUNT, Limit::OrderQtyMax, 1, Code::R006),
        (Scope::Firm, Limit::OrderNotionalMax, 1, Code::R011),
        (INSTRUMENT, Limit::DayQtyMax, 1, Code::R041),
        (Scope::Firm, Limit::DayNotionalMax, 1, Code::R040),
        (INSTRUMENT, Limit::PositionLongMax, 1, Code::R015),
        (INSTRUMENT, Limit::QuoteAgeMax, 0, Code::R013),
    ];
    for (scope, limit, value, code) in limits {
        let mut world = wide();
        let mut plain = support::instrument(0);
        plain.prev_close = LimitPx::NONE;
        world.send(Command::DefineInstrument(plain));
        assert_eq!(refusal(&mut world, sized(3)), None);
        world.at = world.at.plus(Nanos::from_millis(1));
        world.limit(scope, limit, Some(value));
        assert_eq!(replaced(&mut world, 4, MID), Some(code), "{limit}");
        assert_eq!(
            replaced(&mut world, 2, MID),
            None,
            "{limit}: it asks for less"
        );
    }
    let mut world = wide();
    assert_eq!(refusal(&mut world, sized(3)), None);
    let far = MID + 400 * TICK.units();
    assert_eq!(replaced(&mut world, 3, far), Some(Code::R014));
    assert_eq!(replaced(&mut world, 3, MID + TICK.units()), None);
}
