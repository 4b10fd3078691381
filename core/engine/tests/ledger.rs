//! Positions, exposure, credit, results of the day, value at risk and self-trade prevention: at the
//! limit an order passes, one step over it is refused with its code.

mod support;

use dcx_model::*;
use support::{MID, TICK, World};

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
fn order(world: &World, side: Side, qty: u64) -> NewOrder {
    let number = world.journal.len();
    NewOrder {
        session: SessionId::new(0),
        cl_ord_id: format!("L{number}").parse().expect("printable"),
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
    view.expect("it is known")
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
            order.strategy = StrategyId::new(u16::try_from(account).unwrap() + 5);
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

/// A market order that a venue fills, in an instrument that nobody ever quoted.
fn hold_unquoted(world: &mut World, instrument: InstrumentId) {
    let traded = MarketTrade {
        venue: VenueId::new(0),
        instrument,
        px: Price::from_units(MID),
        qty: Qty::whole(100),
        trade_time: UnixNanos::ZERO,
    };
    world.send(Command::MarketTrade(traded));
    let bought = send(world, Side::Buy, 100, |order| order.instrument = instrument);
    assert_eq!(refusal(&bought), None);
    fill_all(world);
}

#[test]
fn a_position_without_a_mark_refuses_where_a_limit_needs_it() {
    // Instrument 1 may not go by its previous close, and nobody ever quoted it.
    let mut world = World::new(1);
    let instrument = InstrumentId::new(1);
    hold_unquoted(&mut world, instrument);
    assert_eq!(view(&world, Scope::Firm).unmarked, 1);
    // The firm's own limit needs it, which there always is.
    let refused = send(&mut world, Side::Buy, 10, |_| {});
    assert_eq!(refusal(&refused), Some(Refusal::NoMark { instrument }));
    let reduces = send(&mut world, Side::Sell, 50, |order| {
        order.instrument = instrument;
    });
    assert_eq!(refusal(&reduces), None, "it reduces");
    quote(&mut world, 1, 0);
    assert_eq!(view(&world, Scope::Firm).unmarked, 0);
    assert_eq!(buy(&mut world, 10), None);
}

#[test]
fn a_position_is_valued_at_its_previous_close_where_that_may_be_used_and_no_mid_was_there() {
    let mut world = World::new(1);
    let instrument = InstrumentId::new(1);
    hold_unquoted(&mut world, instrument);
    let worth = |world: &World| {
        let view = view(world, Scope::Account(AccountId::new(0)));
        (view.unmarked, view.net)
    };
    assert_eq!(worth(&world), (1, 0));
    let scope = Scope::Instrument(instrument);
    world.limit(scope, Limit::PrevCloseAllowed, Some(1));
    let close = Price::from_units(MID).times(Qty::whole(100)).units();
    assert_eq!(worth(&world), (0, close));
    assert_eq!(buy(&mut world, 10), None, "it grows");
    // What may no longer be used values nothing.
    world.limit(scope, Limit::PrevCloseAllowed, Some(0));
    assert_eq!(worth(&world), (1, 0));
    world.limit(scope, Limit::PrevCloseAllowed, Some(1));
    // Another close does, and another multiplier.
    world.send(Command::DefineInstrument(Instrument {
        prev_close: Price::from_units(MID / 2).into(),
        multiplier: Price::from_units(4 * Instrument::ONE.units()),
        ..support::instrument(1)
    }));
    assert_eq!(worth(&world), (0, 2 * close));
    world.send(Command::DefineInstrument(support::instrument(1)));
    // A mid is better, if it is the same price, and stays when the close may not be used any more.
    quote(&mut world, 1, 0);
    world.limit(scope, Limit::PrevCloseAllowed, Some(0));
    assert_eq!(worth(&world), (0, close));
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
    // The account reduces until somebody lets it go on.
    assert_eq!(states(&quote(&mut world, 0, -4)), []);
    let mut world = resumed(world);
    world.at = world.at.plus(Nanos::from_seconds(86_400));
    assert_eq!(states(&quote(&mut world, 0, -6)).len(), 1);
}

/// The same world once a person lets its account trade again.
fn resumed(mut world: World) -> World {
    world.send(Command::SetState(StateChange {
        scope: ACCOUNT,
        ..StateChange::resume(support::operator())
    }));
    world
}

/// Both accounts of the world belong to one owner, who wants `mode`.
fn owned(mode: SelfTrade) -> World {
    let mut world = world();
    for id in 0..support::ACCOUNTS {
        world.send(Command::DefineAccount(Account {
            id: AccountId::new(id),
            owner: OwnerId::new(7),
            self_trade: mode,
        }));
    }
    world
}

/// A sale of account 1 at [`MID`] plus so many ticks.
fn sale(world: &mut World, qty: u64, ticks: i64) -> (OrderId, Vec<Event>) {
    let events = send(world, Side::Sell, qty, |order| {
        order.account = AccountId::new(1);
        order.limit_px = Price::from_units(MID + ticks * TICK.units()).into();
    });
    let id = events.iter().find_map(|event| match event {
        Event::Accepted { view, .. } => Some(view.order),
        _ => None,
    });
    (id.unwrap_or(OrderId::new(0)), events)
}

fn status(world: &World, order: OrderId) -> (OrdStatus, Qty) {
    let view = world.engine.order(order).expect("it is remembered");
    (view.ord_status, view.leaves_qty())
}

fn sent(events: &[Event]) -> Vec<(Side, Qty)> {
    let sent = events.iter().filter_map(|event| match event {
        Event::ChildSent(child) => Some((child.side, child.order_qty)),
        _ => None,
    });
    sent.collect()
}

#[test]
fn the_newest_is_refused_where_it_would_trade_with_its_owner_and_not_one_tick_away() {
    let mut world = owned(SelfTrade::CancelNewest);
    let (resting, _) = sale(&mut world, 100, 1);
    assert_eq!(buy(&mut world, 10), None, "a tick below");
    let refused = send(&mut world, Side::Buy, 10, |order| {
        order.limit_px = Price::from_units(MID + TICK.units()).into();
    });
    let px = Price::from_units(MID + TICK.units());
    let expected = Refusal::SelfTrade { px, own: px };
    assert_eq!(refusal(&refused), Some(expected));
    let market = send(&mut world, Side::Buy, 10, |order| {
        order.ord_type = OrdType::Market;
        order.limit_px = LimitPx::NONE;
    });
    assert_eq!(code(&market), Some(Code::R044), "at market it takes all");
    assert_eq!(status(&world, resting).0, OrdStatus::New);
    // The bid at MID is its own too.
    assert_eq!(code(&sale(&mut world, 10, 0).1), Some(Code::R044));
    let events = send(&mut world, Side::Buy, 10, |order| {
        order.instrument = InstrumentId::new(1);
        order.limit_px = Price::from_units(MID + TICK.units()).into();
    });
    assert_eq!(code(&events), None, "another instrument");
}

#[test]
fn accounts_of_different_or_unknown_owners_may_trade_with_each_other() {
    for owner in [0, 8] {
        let mut world = owned(SelfTrade::CancelNewest);
        world.send(Command::DefineAccount(Account {
            id: AccountId::new(1),
            owner: OwnerId::new(owner),
            self_trade: SelfTrade::CancelNewest,
        }));
        sale(&mut world, 100, 0);
        assert_eq!(buy(&mut world, 10), None);
    }
    let mut world = owned(SelfTrade::Allow);
    sale(&mut world, 100, 0);
    assert_eq!(buy(&mut world, 10), None);
}

#[test]
fn an_owner_or_account_that_there_is_none_of_is_not_taken() {
    let mut world = world();
    let account = Account {
        id: AccountId::new(0),
        owner: OwnerId::new(1_024),
        self_trade: SelfTrade::Allow,
    };
    let id = AccountId::new(support::NO_ACCOUNT);
    for account in [
        account,
        Account {
            id,
            owner: OwnerId::new(1),
            ..account
        },
    ] {
        let events = world.send(Command::DefineAccount(account));
        assert!(matches!(events[..], [Event::Ignored { .. }]));
    }
}

#[test]
fn the_oldest_are_cancelled_and_the_new_one_waits_until_they_are() {
    let mut world = owned(SelfTrade::CancelOldest);
    let (first, _) = sale(&mut world, 100, 0);
    let (second, _) = sale(&mut world, 50, -1);
    let (apart, _) = sale(&mut world, 50, 1);
    let events = send(&mut world, Side::Buy, 70, |_| {});
    assert_eq!(code(&events), None);
    assert!(
        sent(&events).is_empty(),
        "nothing goes out before they are gone"
    );
    assert_eq!(world.engine.orders_held(), 1);
    let cancels = events
        .iter()
        .filter(|event| matches!(event, Event::ChildCancel(_)));
    assert_eq!(cancels.count(), 2);
    let events = confirm_cancels(&mut world);
    assert_eq!(sent(&events), [(Side::Buy, Qty::whole(70))]);
    assert_eq!(status(&world, first).0, OrdStatus::Canceled);
    assert_eq!(status(&world, second).0, OrdStatus::Canceled);
    assert_eq!(status(&world, apart).0, OrdStatus::New);
}

#[test]
fn both_are_cancelled_where_that_is_asked_for() {
    let mut world = owned(SelfTrade::CancelBoth);
    let (resting, _) = sale(&mut world, 100, 0);
    assert_eq!(buy(&mut world, 70), Some(Code::R044));
    let events = confirm_cancels(&mut world);
    assert!(sent(&events).is_empty());
    assert_eq!(status(&world, resting).0, OrdStatus::Canceled);
    assert_eq!(view(&world, Scope::Firm).gross, 0);
}

#[test]
fn a_smaller_new_order_is_refused_and_the_resting_one_loses_as_much() {
    let mut world = owned(SelfTrade::Decrement);
    let (resting, _) = sale(&mut world, 100, 0);
    assert_eq!(buy(&mut world, 70), Some(Code::R044));
    let events = confirm_cancels(&mut world);
    let restated = events.iter().find_map(|event| match event {
        Event::Restated { view, reason } => Some((view.order, view.order_qty, *reason)),
        _ => None,
    });
    let lost = RestatementReason::PartialDecline;
    assert_eq!(restated, Some((resting, Qty::whole(30), lost)));
    assert_eq!(sent(&events), [(Side::Sell, Qty::whole(30))]);
    assert_eq!(status(&world, resting), (OrdStatus::New, Qty::whole(30)));
    assert_eq!(view(&world, Scope::Firm).working_sell, whole(33));
    // It kept its name: its client can cancel it.
    let own = world.engine.order(resting).unwrap();
    let events = world.send(Command::Cancel(CancelRequest {
        session: own.session,
        cl_ord_id: "bye".parse().unwrap(),
        orig_cl_ord_id: own.cl_ord_id,
        transact_time: world.at,
    }));
    assert!(matches!(events[0], Event::PendingCancel { .. }));
}

#[test]
fn a_larger_new_order_comes_in_with_what_is_left_of_it() {
    let mut world = owned(SelfTrade::Decrement);
    let (first, _) = sale(&mut world, 30, 0);
    let (second, _) = sale(&mut world, 40, -1);
    let events = send(&mut world, Side::Buy, 100, |_| {});
    let restated = events.iter().find_map(|event| match event {
        Event::Restated { view, .. } => Some(view.order_qty),
        _ => None,
    });
    assert_eq!(restated, Some(Qty::whole(30)));
    assert_eq!(view(&world, ACCOUNT).working_buy, whole(33));
    let events = confirm_cancels(&mut world);
    assert_eq!(sent(&events), [(Side::Buy, Qty::whole(30))]);
    assert_eq!(status(&world, first).0, OrdStatus::Canceled);
    assert_eq!(status(&world, second).0, OrdStatus::Canceled);
}

#[test]
fn the_same_quantity_on_both_sides_leaves_nothing_of_either() {
    let mut world = owned(SelfTrade::Decrement);
    let (resting, _) = sale(&mut world, 100, 0);
    assert_eq!(buy(&mut world, 100), Some(Code::R044));
    confirm_cancels(&mut world);
    assert_eq!(status(&world, resting).0, OrdStatus::Canceled);
    assert_eq!(world.engine.orders_open(), 0);
}

#[test]
fn a_resting_order_that_fills_before_it_is_reduced_is_just_filled() {
    let mut world = owned(SelfTrade::Decrement);
    let (resting, _) = sale(&mut world, 100, 0);
    assert_eq!(buy(&mut world, 70), Some(Code::R044));
    let report = world.report(0, ExecType::Trade, Qty::whole(50), 0);
    world.send(Command::VenueReport(report));
    confirm_cancels(&mut world);
    assert_eq!(status(&world, resting), (OrdStatus::Filled, Qty::ZERO));
    assert_eq!(world.engine.orders_open(), 0);
    assert_eq!(view(&world, Scope::Firm).working_sell, 0);
}

#[test]
fn a_reducing_order_is_never_refused_for_its_owners_sake() {
    let mut world = owned(SelfTrade::CancelNewest);
    assert_eq!(buy(&mut world, 100), None);
    fill_all(&mut world);
    let events = send(&mut world, Side::Buy, 10, |order| {
        order.account = AccountId::new(1);
    });
    assert_eq!(code(&events), None);
    assert_eq!(sell(&mut world, 100), None);
    let events = confirm_cancels(&mut world);
    assert_eq!(sent(&events), [(Side::Sell, Qty::whole(100))]);
}

#[test]
fn an_order_that_crosses_more_than_can_be_ended_at_once_is_refused() {
    let mut world = owned(SelfTrade::CancelOldest);
    for _ in 0..14 {
        sale(&mut world, 10, 0);
    }
    assert_eq!(buy(&mut world, 10), Some(Code::R044));
    assert_eq!(world.engine.orders_open(), 14);
}

#[test]
fn a_replace_to_a_price_that_crosses_is_refused_or_cancels_the_oldest() {
    for (mode, expected) in [
        (SelfTrade::CancelNewest, Some(Code::R044)),
        (SelfTrade::CancelBoth, Some(Code::R044)),
        (SelfTrade::Decrement, Some(Code::R044)),
        (SelfTrade::CancelOldest, None),
    ] {
        let mut world = owned(mode);
        let (resting, _) = sale(&mut world, 100, 1);
        let bid = order(&world, Side::Buy, 50);
        world.send(Command::NewOrder(bid));
        let events = world.send(Command::Replace(ReplaceRequest {
            session: bid.session,
            cl_ord_id: "R".parse().unwrap(),
            orig_cl_ord_id: bid.cl_ord_id,
            instrument: bid.instrument,
            side: bid.side,
            ord_type: bid.ord_type,
            time_in_force: bid.time_in_force,
            order_qty: bid.order_qty,
            limit_px: Price::from_units(MID + TICK.units()).into(),
            transact_time: world.at,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
        }));
        let refused = events.iter().find_map(|event| match event {
            Event::CancelRejected(rejected) => Some(rejected.refusal.code()),
            _ => None,
        });
        assert_eq!(refused, expected, "{mode:?}");
        confirm_cancels(&mut world);
        let (status, _) = status(&world, resting);
        let gone = status == OrdStatus::Canceled;
        assert_eq!(gone, expected.is_none(), "{mode:?}");
    }
}

/// Instrument 0 moves with factor 3, of which every scenario is known: from −128 to 127 ‰.
fn factored() -> World {
    let mut world = world();
    world.send(Command::MapFactor(FactorMapping {
        instrument: InstrumentId::new(0),
        factor: 3,
        beta_ppm: 1_000_000,
    }));
    for scenario in 0..u16::try_from(SCENARIOS_MAX).expect("few") {
        world.send(Command::SetScenario(ScenarioReturn {
            scenario,
            factor: 3,
            return_ppm: (i32::from(scenario) - 128) * 1_000,
        }));
    }
    world
}

#[test]
fn the_historical_value_at_risk_ends_at_its_cap() {
    let mut world = factored();
    // The third worst of 256 is −126 ‰: 110 would lose 13.86.
    let cap = whole(1386) / 100;
    set(&mut world, Scope::Firm, Limit::VarHistoricalMax, cap);
    assert_eq!(buy(&mut world, 100), None);
    set(
        &mut world,
        Scope::Firm,
        Limit::VarHistoricalMax,
        cap - 1_000_000_000_000,
    );
    let refused = send(&mut world, Side::Buy, 100, |_| {});
    assert_eq!(code(&refused), Some(Code::R051));
    fill_all(&mut world);
    assert_eq!(view(&world, Scope::Firm).var_historical, Some(cap));
    assert_eq!(
        buy(&mut world, 10),
        Some(Code::R051),
        "on top of what is held"
    );
    assert_eq!(sell(&mut world, 100), None, "it reduces");
}

#[test]
fn an_instrument_without_a_factor_is_refused_where_a_cap_is_set() {
    let mut world = factored();
    set(
        &mut world,
        Scope::Firm,
        Limit::VarHistoricalMax,
        whole(1_000),
    );
    assert_eq!(buy(&mut world, 10), None);
    let events = send(&mut world, Side::Buy, 10, |order| {
        order.instrument = InstrumentId::new(1);
    });
    assert_eq!(code(&events), Some(Code::R052));
    set(&mut world, Scope::Firm, Limit::VarEwmaMax, whole(1_000));
    assert_eq!(
        buy(&mut world, 10),
        Some(Code::R052),
        "no returns were seen"
    );
}

#[test]
fn the_parametric_value_at_risk_is_sampled_each_minute_and_ends_at_its_cap() {
    let mut world = factored();
    for minute in 0..80_i64 {
        // Up and down by ten ticks.
        quote(&mut world, 0, if minute % 2 == 0 { 0 } else { 10 });
        world.at = world.at.plus(Nanos::from_seconds(60));
        quote(&mut world, 0, if minute % 2 == 0 { 0 } else { 10 });
        assert!(world.engine.wake_at().is_some_and(|at| at <= world.at));
        world.settle();
    }
    quote(&mut world, 0, 0);
    assert_eq!(view(&world, Scope::Firm).var_ewma, Some(0));
    set(&mut world, Scope::Firm, Limit::VarEwmaMax, whole(1_000_000));
    let refused = |world: &mut World, cap: i128| {
        set(world, Scope::Firm, Limit::VarEwmaMax, cap);
        code(&send(world, Side::Buy, 100, |_| {}))
    };
    assert_eq!(buy(&mut world, 100), None);
    fill_all(&mut world);
    // What holding twice as much would be: parametric value at risk is proportional.
    let held = view(&world, Scope::Firm).var_ewma.unwrap();
    assert!(held > 0);
    assert_eq!(
        refused(&mut world, held * 2 - 2_000_000_000_000),
        Some(Code::R051)
    );
    assert_eq!(refused(&mut world, held * 2), None);
}

#[test]
fn a_stop_that_comes_as_it_is_entered_meets_the_orders_of_its_owner() {
    for mode in [SelfTrade::CancelNewest, SelfTrade::CancelBoth] {
        let mut world = owned(mode);
        assert_eq!(buy(&mut world, 100), None);
        let stop = Price::from_units(MID + 10 * TICK.units());
        let events = send(&mut world, Side::Sell, 50, |order| {
            order.account = AccountId::new(1);
            order.ord_type = OrdType::Stop;
            order.limit_px = LimitPx::NONE;
            order.stop_px = stop.into();
        });
        assert_eq!(sent(&events), [], "{mode:?} {events:#?}");
        assert_eq!(code(&events), Some(Code::R044), "{mode:?}");
    }
}
