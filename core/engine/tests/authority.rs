//! Who may change a limit, a state or a permission, and what follows from it.

mod support;

use dcx_model::*;
use support::{LOT, MID, World};

const FIRM_DAY: (Scope, Limit) = (Scope::Firm, Limit::DayNotionalMax);

fn who(author: &str) -> Operator {
    Operator {
        author: author.parse().unwrap_or(Author::EMPTY),
        reason: "because".parse().expect("printable"),
    }
}

/// A person asks for a change.
fn ask(
    world: &mut World,
    author: &str,
    (scope, limit): (Scope, Limit),
    value: Option<i128>,
) -> Event {
    let events = world.send(Command::SetLimit(LimitChange {
        scope,
        limit,
        value,
        source: LimitSource::Operator,
        request: RequestId::new(7),
        by: who(author),
    }));
    events[0]
}

fn decide(world: &mut World, author: &str, proposal: u64, approve: bool) -> Vec<Event> {
    world.send(Command::DecideLimit(LimitDecision {
        proposal: ProposalId::new(proposal),
        approve,
        request: RequestId::new(8),
        by: who(author),
    }))
}

fn refused(event: &Event) -> Option<Refusal> {
    match event {
        Event::OperatorRefused { refusal, .. } => Some(*refusal),
        _ => None,
    }
}

fn state(world: &mut World, scope: Scope, state: TradingState) -> Vec<Event> {
    world.send(Command::SetState(StateChange {
        scope,
        state,
        request: RequestId::new(9),
        by: who("anna"),
    }))
}

/// A world with fresh quotes.
fn world() -> World {
    let mut world = World::new(1);
    world.send(Command::Quote(support::quote(0, 0, -1, 2)));
    world.send(Command::Quote(support::quote(0, 1, -1, 2)));
    world
}

fn order(world: &mut World, change: impl FnOnce(&mut NewOrder)) -> Vec<Event> {
    let mut order = NewOrder {
        cl_ord_id: format!("N{}", world.journal.len())
            .parse()
            .expect("printable"),
        order_qty: LOT,
        limit_px: Price::from_units(MID).into(),
        transact_time: world.at,
        ..NewOrder::PLAIN
    };
    change(&mut order);
    world.send(Command::NewOrder(order))
}

fn refusal(events: &[Event]) -> Option<Refusal> {
    match events.first() {
        Some(Event::Accepted { .. }) => None,
        Some(Event::Rejected { refusal, .. }) => Some(*refusal),
        other => panic!("an order is accepted or rejected, not {other:?}"),
    }
}

fn try_order(world: &mut World, change: impl FnOnce(&mut NewOrder)) -> Option<Refusal> {
    let events = order(world, change);
    refusal(&events)
}

#[test]
fn a_tighter_limit_applies_at_once_and_a_looser_one_waits_for_a_second_person() {
    let mut world = world();
    let set = ask(&mut world, "anna", FIRM_DAY, Some(100));
    assert!(
        matches!(set, Event::LimitSet(view) if view.after == Some(100) && view.before.is_none())
    );
    let set = ask(&mut world, "anna", FIRM_DAY, Some(90));
    assert!(matches!(set, Event::LimitSet(view) if view.request == RequestId::new(7)));
    let same = ask(&mut world, "anna", FIRM_DAY, Some(90));
    assert!(matches!(same, Event::LimitSet(_)), "{same:?}");
    let proposed = ask(&mut world, "anna", FIRM_DAY, Some(91));
    let Event::LimitProposed(view) = proposed else {
        panic!("{proposed:?}")
    };
    assert_eq!((view.before, view.after), (Some(90), Some(91)));
    let number = view.proposal.get();
    let own = decide(&mut world, "anna", number, true);
    assert_eq!(refused(&own[0]), Some(Refusal::SamePerson));
    let listed: Vec<_> = world.engine.proposals_view().collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].author, "anna".parse().unwrap());
    let done = decide(&mut world, "bert", number, true);
    assert!(
        matches!(done[0], Event::LimitSet(view) if view.after == Some(91)
        && view.proposal.get() == number && view.request == RequestId::new(8))
    );
    let again = decide(&mut world, "bert", number, true);
    let proposal = number.cast_signed();
    assert_eq!(
        refused(&again[0]),
        Some(Refusal::UnknownProposal { proposal })
    );
    let mine = world.engine.limits_view();
    let mine: Vec<_> = mine.filter(|set| set.limit == FIRM_DAY.1).collect();
    assert_eq!((mine.len(), mine[0].value, mine[0].used), (1, 91, Some(0)));
}

#[test]
fn a_proposal_is_dropped_when_it_is_turned_down_and_after_a_day() {
    let mut world = world();
    ask(&mut world, "anna", FIRM_DAY, Some(100));
    ask(&mut world, "anna", FIRM_DAY, None);
    let dropped = decide(&mut world, "bert", 1, false);
    assert!(matches!(dropped[0], Event::LimitDropped(view) if view.proposal.get() == 1));
    ask(&mut world, "anna", FIRM_DAY, Some(200));
    let day = Nanos::from_seconds(86_400);
    let due = world.at.plus(day);
    world.at = world.at.plus(Nanos::new(day.get() - 1));
    assert!(world.engine.wake_at().is_some_and(|at| at <= due));
    let early = world.send(Command::Wake);
    assert!(
        !early
            .iter()
            .any(|event| matches!(event, Event::LimitDropped(_)))
    );
    world.at = due;
    let events = world.send(Command::Wake);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::LimitDropped(view)
        if view.proposal.get() == 2 && view.before == Some(100)))
    );
    let late = decide(&mut world, "bert", 2, true);
    assert_eq!(
        refused(&late[0]),
        Some(Refusal::UnknownProposal { proposal: 2 })
    );
}

#[test]
fn the_configuration_sets_what_was_never_set_and_proposes_what_would_loosen() {
    let mut world = world();
    world.approves = false;
    let say = |world: &mut World, value| {
        let (scope, limit) = FIRM_DAY;
        world.send(Command::SetLimit(LimitChange::configured(
            scope, limit, value,
        )))[0]
    };
    assert!(matches!(say(&mut world, 100), Event::LimitSet(_)));
    assert!(matches!(say(&mut world, 50), Event::LimitSet(_)));
    let Event::LimitProposed(view) = say(&mut world, 60) else {
        panic!("it would loosen")
    };
    // Said again at the next start, it is the same proposal.
    assert!(matches!(say(&mut world, 60), Event::LimitProposed(again)
        if again.proposal == view.proposal));
    let done = decide(&mut world, "anna", view.proposal.get(), true);
    assert!(matches!(done[0], Event::LimitSet(view) if view.after == Some(60)));
    // What a person took away is not set again without asking.
    ask(&mut world, "anna", (Scope::Firm, Limit::GrossMax), None);
    let (scope, limit) = (Scope::Firm, Limit::GrossMax);
    let back = world.send(Command::SetLimit(LimitChange::configured(scope, limit, 1)))[0];
    assert!(matches!(back, Event::LimitProposed(_)), "{back:?}");
}

#[test]
fn a_change_that_cannot_be_is_refused_with_its_code() {
    let mut world = world();
    let by = (Scope::Firm, Limit::CollarBps);
    let refusal = refused(&ask(&mut world, "anna", by, Some(1)));
    let (limit, at) = (Limit::CollarBps, Level::Firm);
    assert_eq!(refusal, Some(Refusal::LimitNotHere { limit, at }));
    let refusal = refused(&ask(&mut world, "anna", FIRM_DAY, Some(-1)));
    let limit = Limit::DayNotionalMax;
    assert_eq!(refusal, Some(Refusal::LimitValue { limit }));
    for (scope, limit, at) in [
        (
            Scope::Account(AccountId::new(1_024)),
            Limit::NetMax,
            Level::Account,
        ),
        (
            Scope::Strategy(StrategyId::new(1_024)),
            Limit::NetMax,
            Level::Strategy,
        ),
        (
            Scope::Session(SessionId::new(1_024)),
            Limit::OrderQtyMax,
            Level::Session,
        ),
        (
            Scope::Instrument(InstrumentId::new(9)),
            Limit::OrderQtyMax,
            Level::Instrument,
        ),
    ] {
        let refusal = refused(&ask(&mut world, "anna", (scope, limit), Some(1)));
        assert_eq!(refusal, Some(Refusal::UnknownScope { at }));
    }
    let refusal = refused(&ask(&mut world, "", FIRM_DAY, Some(1)));
    assert_eq!(refusal, Some(Refusal::NoAuthor));
}

#[test]
fn there_is_room_for_so_many_proposals_and_no_more() {
    let mut world = world();
    ask(&mut world, "anna", FIRM_DAY, Some(1));
    for value in 0..PROPOSALS_MAX as i128 {
        let event = ask(&mut world, "anna", FIRM_DAY, Some(10 + value));
        assert!(matches!(event, Event::LimitProposed(_)));
    }
    let refusal = refused(&ask(&mut world, "anna", FIRM_DAY, Some(9)));
    let max = u32::try_from(PROPOSALS_MAX).expect("a small number");
    assert_eq!(refusal, Some(Refusal::ProposalsFull { max }));
}

#[test]
fn without_a_required_limit_nothing_passes_and_giving_it_back_needs_two() {
    for (scope, limit, expected) in [
        (Scope::Firm, Limit::GrossMax, Refusal::NoFirmLimits),
        (
            Scope::Session(SessionId::new(0)),
            Limit::BurstMax,
            Refusal::NoSessionLimits,
        ),
        (
            Scope::Instrument(InstrumentId::new(0)),
            Limit::PositionShortMax,
            Refusal::NoInstrumentLimits,
        ),
    ] {
        let mut world = world();
        let taken = ask(&mut world, "anna", (scope, limit), None);
        assert!(
            matches!(taken, Event::LimitSet(_)),
            "it is tighter: {taken:?}"
        );
        assert_eq!(try_order(&mut world, |_| {}), Some(expected));
        let back = ask(&mut world, "anna", (scope, limit), Some(1_000_000));
        assert!(matches!(back, Event::LimitProposed(_)), "{back:?}");
    }
}

/// Each scope that an order of the world has.
fn scopes() -> [Scope; 5] {
    [
        Scope::Firm,
        Scope::Account(AccountId::new(0)),
        Scope::Strategy(StrategyId::new(0)),
        Scope::Session(SessionId::new(0)),
        Scope::Instrument(InstrumentId::new(0)),
    ]
}

#[test]
fn a_halted_scope_takes_nothing_and_its_orders_end_while_others_go_on() {
    for scope in scopes() {
        let mut world = world();
        order(&mut world, |_| {});
        order(&mut world, |order| {
            order.account = AccountId::new(1);
            order.strategy = StrategyId::new(1);
            order.session = SessionId::new(1);
            order.instrument = InstrumentId::new(1);
        });
        let at = scope.level();
        let events = state(&mut world, scope, TradingState::Halted);
        assert!(matches!(
            events[0],
            Event::StateSet {
                state: TradingState::Halted,
                cause: StateCause::Operator,
                ..
            }
        ));
        assert!(matches!(events[1], Event::OperatorDone { .. }));
        let cancels = events
            .iter()
            .filter(|event| matches!(event, Event::ChildCancel(_)))
            .count();
        assert_eq!(cancels, if scope == Scope::Firm { 2 } else { 1 }, "{at}");
        assert_eq!(try_order(&mut world, |_| {}), Some(Refusal::Halted { at }));
        let listed: Vec<_> = world.engine.states_view().collect();
        assert_eq!(listed, [(scope, TradingState::Halted)]);
        state(&mut world, scope, TradingState::Active);
        assert_eq!(try_order(&mut world, |_| {}), None);
    }
}

#[test]
fn a_reducing_scope_takes_only_what_makes_its_position_smaller() {
    for scope in scopes() {
        let mut world = world();
        order(&mut world, |order| order.order_qty = Qty::whole(20));
        let report = world.report(0, ExecType::Trade, Qty::whole(20), 0);
        world.send(Command::VenueReport(report));
        state(&mut world, scope, TradingState::Reducing);
        let at = scope.level();
        assert_eq!(
            try_order(&mut world, |_| {}),
            Some(Refusal::Reducing { at })
        );
        let sell = |qty: u64| {
            move |order: &mut NewOrder| {
                (order.side, order.order_qty) = (Side::Sell, Qty::whole(qty))
            }
        };
        let refused = try_order(&mut world, sell(30));
        assert_eq!(refused, Some(Refusal::Reducing { at }), "it would turn");
        assert_eq!(try_order(&mut world, sell(20)), None);
        // What works already is counted.
        assert_eq!(
            try_order(&mut world, sell(10)),
            Some(Refusal::Reducing { at })
        );
    }
}

#[test]
fn states_limits_and_proposals_survive_a_replay() {
    let mut world = world();
    state(&mut world, scopes()[1], TradingState::Halted);
    state(&mut world, scopes()[2], TradingState::Reducing);
    ask(&mut world, "anna", FIRM_DAY, Some(1));
    ask(&mut world, "anna", FIRM_DAY, Some(2));
    world.send(Command::SetPermission(Permission {
        scope: Scope::Firm,
        instrument: Some(InstrumentId::new(1)),
        allowed: false,
        request: RequestId::new(1),
        by: who("anna"),
    }));
    let (mut engine, mut outbox) = (dcx_engine::Engine::new(), dcx_engine::Outbox::new());
    for (at, seq, command) in &world.journal {
        engine.apply(*at, *seq, command, &mut outbox);
    }
    assert_eq!(engine.digest(), world.engine.digest());
    assert!(engine.states_view().eq(world.engine.states_view()));
    assert!(engine.proposals_view().eq(world.engine.proposals_view()));
    world.engine = engine;
    let at = Level::Account;
    assert_eq!(try_order(&mut world, |_| {}), Some(Refusal::Halted { at }));
}

#[test]
fn too_many_executions_halt_their_strategy_until_a_person_says_otherwise() {
    let mut world = world();
    let strategy = Scope::Strategy(StrategyId::new(0));
    world.limit(strategy, Limit::ExecutionsMax, Some(2));
    world.limit(strategy, Limit::ExecutionsWindow, Some(1_000));
    for number in 0..3 {
        order(&mut world, |_| {});
        let report = world.report(number, ExecType::Trade, LOT, 0);
        let events = world.send(Command::VenueReport(report));
        let halted = events.iter().any(|event| {
            matches!(event, Event::StateSet { scope, state: TradingState::Halted,
                cause: StateCause::RepeatedExecutions, .. } if *scope == strategy)
        });
        // The second is exactly a window after the first; the third a nanosecond more than that.
        assert_eq!(halted, number == 2, "{number}");
        let step = if number == 0 { 1_001 } else { 1_000 };
        world.at = world.at.plus(Nanos::new(step));
    }
    let at = Level::Strategy;
    assert_eq!(try_order(&mut world, |_| {}), Some(Refusal::Halted { at }));
    state(&mut world, strategy, TradingState::Active);
    assert_eq!(try_order(&mut world, |_| {}), None);
    let report = world.report(3, ExecType::Trade, LOT, 0);
    let events = world.send(Command::VenueReport(report));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::StateSet { .. }))
    );
}

#[test]
fn more_out_than_in_halts_the_firm_and_frees_the_order() {
    let mut world = world();
    order(&mut world, |_| {});
    order(&mut world, |_| {});
    let child = world.children[0].order.child;
    let events = world.send(Command::OrdersOutRefused { child });
    assert!(matches!(
        events[0],
        Event::StateSet {
            scope: Scope::Firm,
            state: TradingState::Halted,
            cause: StateCause::OrdersOut,
            ..
        }
    ));
    assert!(matches!(events[1], Event::Rejected { .. }), "{events:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::ChildCancel(_)))
    );
    assert!(world.engine.halted());
    let account = AccountId::new(0);
    let working = world.engine.working(account, InstrumentId::new(0));
    assert_eq!(working.0, i128::from(LOT.units()), "the other one");
}

#[test]
fn what_is_denied_is_refused_and_what_is_permitted_again_passes() {
    for scope in &scopes()[..4] {
        for instrument in [Some(InstrumentId::new(0)), None] {
            let mut world = world();
            let allow = |world: &mut World, allowed| {
                let events = world.send(Command::SetPermission(Permission {
                    scope: *scope,
                    instrument,
                    allowed,
                    request: RequestId::new(1),
                    by: who("anna"),
                }));
                assert!(matches!(events[0], Event::OperatorDone { .. }));
            };
            allow(&mut world, false);
            let at = scope.level();
            let refused = try_order(&mut world, |_| {});
            assert_eq!(refused, Some(Refusal::NotPermitted { at }));
            let other = |order: &mut NewOrder| order.instrument = InstrumentId::new(1);
            let expected = instrument.is_none().then_some(Refusal::NotPermitted { at });
            assert_eq!(try_order(&mut world, other), expected);
            allow(&mut world, true);
            assert_eq!(try_order(&mut world, |_| {}), None);
        }
    }
    let mut world = world();
    let events = world.send(Command::SetPermission(Permission {
        scope: Scope::Firm,
        instrument: None,
        allowed: false,
        request: RequestId::new(1),
        by: Operator::NOBODY,
    }));
    assert_eq!(refused(&events[0]), Some(Refusal::NoAuthor));
}

#[test]
fn orders_go_only_to_venues_and_algorithms_that_are_permitted() {
    for scope in &scopes()[1..4] {
        let mut world = world();
        let events = world.send(Command::SetMeans(PermittedMeans {
            scope: *scope,
            venues: VenueSet::NONE.with(VenueId::new(2)),
            algos: 1 << Algo::AtOnce as u8,
            request: RequestId::new(1),
            by: who("anna"),
        }));
        assert!(matches!(events[0], Event::OperatorDone { .. }));
        for _ in 0..8 {
            order(&mut world, |_| {});
        }
        assert_eq!(world.children.len(), 8);
        let there = |child: &support::VenueChild| child.order.venue == VenueId::new(2);
        assert!(world.children.iter().all(there));
        let end = world.at.plus(Nanos::from_seconds(1));
        let at = scope.level();
        let refused = try_order(&mut world, |order| {
            (order.algo, order.end, order.slices) = (Algo::Twap, end, 1);
        });
        assert_eq!(refused, Some(Refusal::AlgoNotPermitted { at }));
    }
}
