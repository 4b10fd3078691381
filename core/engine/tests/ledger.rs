//! Positions, exposure, credit, results of the day, value at risk and self-trade prevention: at the
//! limit an order passes, one step over it is refused with its code.

mod support;

use dcx_model::*;
use support::{LOT, MID, TICK, World};

/// A clean world: prices from both sides of [`MID`], no rate limit in the way.
fn world() -> World {
    let mut world = World::new(1);
    for session in 0..support::SESSIONS {
        let limits = SessionLimits {
            orders_per_s_max: 1_000_000,
            burst_max: 1_000_000,
            orders_open_max: 1_000,
            ..support::session_limits(session)
        };
        limits.changes().for_each(|change| {
            world.send(Command::SetLimit(change));
        });
    }
    for instrument in 0..support::INSTRUMENTS {
        let limits = InstrumentLimits {
            order_qty_max: Qty::whole(1_000_000),
            order_notional_max: Notional::whole(1_000_000_000),
            position_max: Qty::whole(1_000_000),
            collar_bps: 10_000,
            ..support::instrument_limits(instrument)
        };
        limits.changes().for_each(|change| {
            world.send(Command::SetLimit(change));
        });
        quote(&mut world, instrument, 0);
    }
    world
}

/// A quote of one tick around [`MID`] plus so many ticks, from every venue.
fn quote(world: &mut World, instrument: u32, ticks: i64) -> Vec<Event> {
    let mut events = Vec::new();
    for venue in 0..support::VENUES {
        let quote = support::quote(venue, instrument, ticks - 1, 2);
        events.extend(world.send(Command::Quote(quote)));
    }
    events
}

fn set(world: &mut World, scope: Scope, limit: Limit, value: i128) {
    world.send(Command::SetLimit(LimitChange::configured(
        scope, limit, value,
    )));
}

fn whole(count: i64) -> i128 {
    Notional::whole(count).units()
}

/// A limit order at [`MID`] of so many whole units for account 0 in instrument 0.
fn order(world: &mut World, side: Side, qty: u64) -> NewOrder {
    let number = world.journal.len();
    NewOrder {
        session: SessionId::new(0),
        cl_ord_id: format!("L{number}").parse().unwrap(),
        side,
        order_qty: Qty::whole(qty),
        ord_type: OrdType::Limit,
        limit_px: Price::from_units(MID).into(),
        transact_time: world.at,
        ..NewOrder::PLAIN
    }
}

fn send(world: &mut World, side: Side, qty: u64, edit: impl FnOnce(&mut NewOrder)) -> Vec<Event> {
    let mut order = order(world, side, qty);
    edit(&mut order);
    world.send(Command::NewOrder(order))
}

fn refusal(events: &[Event]) -> Option<Refusal> {
    events.iter().find_map(|event| match event {
        Event::Rejected { refusal, .. } => Some(*refusal),
        _ => None,
    })
}

fn code(events: &[Event]) -> Option<Code> {
    refusal(events).map(|refusal| refusal.code())
}

fn buy(world: &mut World, qty: u64) -> Option<Code> {
    code(&send(world, Side::Buy, qty, |_| {}))
}

fn sell(world: &mut World, qty: u64) -> Option<Code> {
    code(&send(world, Side::Sell, qty, |_| {}))
}

/// Fills everything that works, each at its limit or [`MID`].
fn fill_all(world: &mut World) -> Vec<Event> {
    let mut events = Vec::new();
    for ix in 0..world.children.len() {
        if !world.children[ix].done {
            let qty = world.children[ix].leaves_qty;
            let report = world.report(ix, ExecType::Trade, qty, 0);
            events.extend(world.send(Command::VenueReport(report)));
        }
    }
    events
}

fn confirm_cancels(world: &mut World) -> Vec<Event> {
    let mut events = Vec::new();
    for ix in 0..world.children.len() {
        if !world.children[ix].done && world.children[ix].request.is_some() {
            let report = world.report(ix, ExecType::Canceled, Qty::ZERO, 0);
            events.extend(world.send(Command::VenueReport(report)));
        }
    }
    while world.engine.wake_at().is_some_and(|at| at <= world.at) {
        events.extend(world.send(Command::Wake));
    }
    events
}

fn view(world: &World, scope: Scope) -> dcx_engine::ExposureView {
    let view = world
        .engine
        .exposure_view()
        .find(|view| view.scope == scope);
    view.unwrap()
}

const ACCOUNT: Scope = Scope::Account(AccountId::new(0));
const STRATEGY: Scope = Scope::Strategy(StrategyId::new(0));
const INSTRUMENT: Scope = Scope::Instrument(InstrumentId::new(0));

#[test]
fn a_long_position_ends_at_its_limit_and_a_short_one_at_its_own() {
    let mut world = world();
    set(
        &mut world,
        INSTRUMENT,
        Limit::PositionLongMax,
        300 * 100_000_000,
    );
    set(
        &mut world,
        INSTRUMENT,
        Limit::PositionShortMax,
        200 * 100_000_000,
    );
    assert_eq!(buy(&mut world, 300), None);
    assert_eq!(buy(&mut world, 10), Some(Code::R015));
    assert_eq!(sell(&mut world, 200), None);
    assert_eq!(sell(&mut world, 10), Some(Code::R015));
}

#[test]
fn gross_exposure_counts_what_works_at_every_level() {
    for scope in [Scope::Firm, ACCOUNT, STRATEGY, INSTRUMENT] {
        let mut world = world();
        // 100 at 1.10 are 110.
        set(&mut world, scope, Limit::GrossMax, whole(220));
        assert_eq!(buy(&mut world, 100), None, "{scope:?}");
        assert_eq!(sell(&mut world, 100), None, "{scope:?}");
        let refused = send(&mut world, Side::Buy, 10, |_| {});
        let expected = Refusal::GrossAboveMax {
            at: scope.level(),
            would_be: 231,
            max: 220,
        };
        assert_eq!(refusal(&refused), Some(expected));
    }
}

#[test]
fn gross_exposure_counts_positions_at_their_mark() {
    for scope in [Scope::Firm, ACCOUNT, STRATEGY, INSTRUMENT] {
        let mut world = world();
        assert_eq!(buy(&mut world, 100), None);
        fill_all(&mut world);
        set(&mut world, scope, Limit::GrossMax, whole(220));
        assert_eq!(buy(&mut world, 100), None, "{scope:?}");
        assert_eq!(buy(&mut world, 10), Some(Code::R037), "{scope:?}");
    }
}

#[test]
fn the_firm_adds_up_accounts_and_strategies_that_know_nothing_of_each_other() {
    let mut world = world();
    set(&mut world, Scope::Firm, Limit::GrossMax, whole(330));
    set(&mut world, INSTRUMENT, Limit::GrossMax, whole(330));
    for account in 0..3 {
        let events = send(&mut world, Side::Buy, 100, |order| {
            order.account = AccountId::new(account);
            order.strategy = StrategyId::new(account as u16 + 5);
        });
        assert_eq!(code(&events), None);
        let own = view(&world, Scope::Account(AccountId::new(account)));
        assert_eq!(own.gross, whole(110));
    }
    assert_eq!(view(&world, Scope::Firm).gross, whole(330));
    assert_eq!(buy(&mut world, 10), Some(Code::R037));
    // In the other instrument the firm's sum counts, the concentration does not.
    let events = send(&mut world, Side::Buy, 10, |order| {
        order.instrument = InstrumentId::new(1);
    });
    assert_eq!(code(&events), Some(Code::R037));
    set(&mut world, Scope::Firm, Limit::GrossMax, whole(341));
    let events = send(&mut world, Side::Buy, 10, |order| {
        order.instrument = InstrumentId::new(1);
    });
    assert_eq!(code(&events), None);
}

#[test]
fn net_exposure_is_measured_on_the_side_of_the_order() {
    for scope in [Scope::Firm, ACCOUNT, STRATEGY] {
        let mut world = world();
        set(&mut world, scope, Limit::NetMax, whole(110));
        assert_eq!(buy(&mut world, 100), None, "{scope:?}");
        assert_eq!(buy(&mut world, 10), Some(Code::R038), "{scope:?}");
        assert_eq!(sell(&mut world, 100), None, "{scope:?}");
        assert_eq!(sell(&mut world, 10), Some(Code::R038), "{scope:?}");
        fill_all(&mut world);
        assert_eq!(view(&world, scope).net, 0);
        let events = send(&mut world, Side::Sell, 100, |order| {
            order.instrument = InstrumentId::new(1);
        });
        assert_eq!(code(&events), None);
        fill_all(&mut world);
        // Short in one, long in the other: the sum counts.
        assert_eq!(buy(&mut world, 200), None, "{scope:?}");
        assert_eq!(buy(&mut world, 10), Some(Code::R038), "{scope:?}");
    }
}

#[test]
fn credit_is_reserved_on_acceptance_and_given_back_on_cancel() {
    let mut world = world();
    set(&mut world, INSTRUMENT, Limit::MarginBps, 2_000);
    set(&mut world, ACCOUNT, Limit::CreditMax, whole(22));
    assert_eq!(buy(&mut world, 100), None, "110 at 20 % are 22");
    assert_eq!(view(&world, ACCOUNT).margin, whole(22));
    let refused = send(&mut world, Side::Buy, 10, |_| {});
    let expected = Refusal::CreditAboveMax {
        would_be: 25,
        max: 22,
    };
    assert_eq!(refusal(&refused), Some(expected));
    let events = send(&mut world, Side::Buy, 10, |order| {
        order.account = AccountId::new(1);
    });
    assert_eq!(code(&events), None, "another account has its own");
    world.send(Command::SetState(StateChange::halt(support::operator())));
    confirm_cancels(&mut world);
    assert_eq!(view(&world, ACCOUNT).margin, 0);
    world.send(Command::SetState(StateChange::resume(support::operator())));
    assert_eq!(buy(&mut world, 100), None);
    fill_all(&mut world);
    assert_eq!(view(&world, ACCOUNT).margin, whole(22), "of the position");
    assert_eq!(buy(&mut world, 10), Some(Code::R039));
    set(&mut world, INSTRUMENT, Limit::MarginBps, 1_000);
    assert_eq!(view(&world, ACCOUNT).margin, whole(11), "at the new rate");
}

#[test]
fn all_of_the_worth_is_margin_where_nothing_else_is_said() {
    let mut world = world();
    set(&mut world, ACCOUNT, Limit::CreditMax, whole(110));
    assert_eq!(buy(&mut world, 100), None);
    assert_eq!(buy(&mut world, 10), Some(Code::R039));
}

#[test]
fn an_order_that_only_reduces_passes_whatever_the_limits_say() {
    let mut world = world();
    assert_eq!(buy(&mut world, 100), None);
    fill_all(&mut world);
    for scope in [Scope::Firm, ACCOUNT, STRATEGY, INSTRUMENT] {
        set(&mut world, scope, Limit::GrossMax, 0);
    }
    set(&mut world, ACCOUNT, Limit::CreditMax, 0);
    set(&mut world, INSTRUMENT, Limit::PositionShortMax, 0);
    assert_eq!(sell(&mut world, 60), None);
    assert_eq!(sell(&mut world, 50), Some(Code::R015), "60 work already");
    assert_eq!(sell(&mut world, 40), None);
    assert_eq!(buy(&mut world, 10), Some(Code::R037));
}

#[test]
fn a_market_order_is_reserved_at_the_far_touch_and_a_multiplier_counts() {
    let mut world = world();
    let contract = Instrument {
        multiplier: "2.5".parse().unwrap(),
        ..support::instrument(0)
    };
    world.send(Command::DefineInstrument(contract));
    let events = send(&mut world, Side::Buy, 100, |order| {
        order.ord_type = OrdType::Market;
        order.limit_px = LimitPx::NONE;
    });
    assert_eq!(code(&events), None);
    let ask = Price::from_units((MID + TICK.units()) * 5 / 2);
    let worth = ask.times(Qty::whole(100)).units();
    assert_eq!(view(&world, Scope::Firm).working_buy, worth);
    fill_all(&mut world);
    let held = view(&world, ACCOUNT);
    assert_eq!((held.working_buy, held.net), (0, whole(275)));
    assert_eq!(held.gross, whole(275));
}

#[test]
fn a_replace_reserves_the_difference_and_what_is_larger_until_it_is_decided() {
    let mut world = world();
    set(&mut world, ACCOUNT, Limit::GrossMax, whole(220));
    assert_eq!(buy(&mut world, 100), None);
    let of = |world: &World| view(world, ACCOUNT).working_buy;
    let first = world.told.values().next().unwrap().view;
    let replace = |world: &mut World, qty: u64, px: i64| {
        let number = world.journal.len();
        let request = ReplaceRequest {
            session: SessionId::new(0),
            cl_ord_id: format!("R{number}").parse().unwrap(),
            orig_cl_ord_id: world.told[&first.order].view.cl_ord_id,
            instrument: first.instrument,
            side: first.side,
            ord_type: first.ord_type,
            time_in_force: first.time_in_force,
            order_qty: Qty::whole(qty),
            limit_px: Price::from_units(px).into(),
            transact_time: world.at,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
        };
        let events = world.send(Command::Replace(request));
        events.iter().find_map(|event| match event {
            Event::CancelRejected(rejected) => Some(rejected.refusal.code()),
            _ => None,
        })
    };
    assert_eq!(replace(&mut world, 210, MID), Some(Code::R037));
    assert_eq!(of(&world), whole(110));
    assert_eq!(replace(&mut world, 200, MID), None);
    assert_eq!(of(&world), whole(220), "of the larger");
    confirm_cancels(&mut world);
    assert_eq!(of(&world), whole(220));
    assert_eq!(replace(&mut world, 100, MID), None);
    assert_eq!(of(&world), whole(220), "of the larger, which still works");
    confirm_cancels(&mut world);
    assert_eq!(of(&world), whole(110));
    assert_eq!(replace(&mut world, 100, MID * 3 / 2), None);
    confirm_cancels(&mut world);
    assert_eq!(of(&world), whole(165), "at the new price");
    assert_eq!(replace(&mut world, 100, MID * 3 / 2 + TICK.units()), None);
    world.wind_down();
    assert_eq!(of(&world), 0);
}

#[test]
fn a_position_without_a_mark_refuses_where_a_limit_needs_it() {
    // Instrument 0 may go by its previous close, and nobody ever quoted it.
    let mut world = World::new(1);
    assert_eq!(buy(&mut world, 100), None);
    fill_all(&mut world);
    assert_eq!(view(&world, Scope::Firm).unmarked, 1);
    assert_eq!(buy(&mut world, 10), None, "no limit needs it");
    set(&mut world, ACCOUNT, Limit::GrossMax, whole(1_000_000));
    let refused = send(&mut world, Side::Buy, 10, |_| {});
    let instrument = InstrumentId::new(0);
    assert_eq!(refusal(&refused), Some(Refusal::NoMark { instrument }));
    assert_eq!(sell(&mut world, 50), None, "it reduces");
    quote(&mut world, 0, 0);
    assert_eq!(view(&world, Scope::Firm).unmarked, 0);
    assert_eq!(buy(&mut world, 10), None);
}

fn states(events: &[Event]) -> Vec<(Scope, TradingState, StateCause)> {
    let states = events.iter().filter_map(|event| match event {
        Event::StateSet {
            scope,
            state,
            cause,
            ..
        } => Some((*scope, *state, *cause)),
        _ => None,
    });
    states.collect()
}

#[test]
fn a_loss_at_its_limit_reduces_and_at_the_second_halts() {
    for scope in [Scope::Firm, ACCOUNT, STRATEGY] {
        let mut world = world();
        // A million units lose 10 with each tick of 0.00001.
        assert_eq!(buy(&mut world, 1_000_000), None);
        fill_all(&mut world);
        set(&mut world, scope, Limit::LossReduceMax, whole(20));
        set(&mut world, scope, Limit::LossHaltMax, whole(30));
        assert_eq!(states(&quote(&mut world, 0, -1)), [], "{scope:?}");
        assert_eq!(view(&world, scope).result, whole(-10));
        let reducing = (scope, TradingState::Reducing, StateCause::Loss);
        assert_eq!(states(&quote(&mut world, 0, -2)), [reducing]);
        assert_eq!(states(&quote(&mut world, 0, -2)), [], "said once");
        let halted = (scope, TradingState::Halted, StateCause::Loss);
        assert_eq!(states(&quote(&mut world, 0, -3)), [halted]);
        assert_eq!(world.engine.halted(), scope == Scope::Firm);
    }
}

#[test]
fn a_fall_from_the_best_result_reduces() {
    let mut world = world();
    assert_eq!(buy(&mut world, 1_000_000), None);
    fill_all(&mut world);
    set(&mut world, ACCOUNT, Limit::DrawdownMax, whole(30));
    assert_eq!(states(&quote(&mut world, 0, 5)), []);
    assert_eq!(view(&world, ACCOUNT).best, whole(50));
    assert_eq!(states(&quote(&mut world, 0, 3)), []);
    let reducing = (ACCOUNT, TradingState::Reducing, StateCause::Drawdown);
    assert_eq!(states(&quote(&mut world, 0, 2)), [reducing]);
    assert_eq!(view(&world, ACCOUNT).result, whole(20));
}

#[test]
fn a_fill_at_a_bad_price_counts_against_the_day() {
    let mut world = world();
    set(&mut world, ACCOUNT, Limit::LossReduceMax, whole(20));
    assert_eq!(buy(&mut world, 1_000_000), None);
    let qty = world.children[0].leaves_qty;
    let report = world.report(0, ExecType::Trade, qty, 2);
    let events = world.send(Command::VenueReport(report));
    let reducing = (ACCOUNT, TradingState::Reducing, StateCause::Loss);
    assert_eq!(states(&events), [reducing]);
}

#[test]
fn a_new_day_begins_with_nothing_lost() {
    let mut world = world();
    assert_eq!(buy(&mut world, 1_000_000), None);
    fill_all(&mut world);
    set(&mut world, ACCOUNT, Limit::LossReduceMax, whole(20));
    assert_eq!(states(&quote(&mut world, 0, -2)).len(), 1);
    world.at = world.at.plus(Nanos::from_seconds(86_400));
    assert_eq!(states(&quote(&mut world, 0, -3)), [], "a day's loss of 10");
    assert_eq!(view(&world, ACCOUNT).result, whole(-10));
    assert_eq!(view(&world, Scope::Firm).result, whole(-10));
    assert_eq!(states(&quote(&mut world, 0, -4)).len(), 1);
}
