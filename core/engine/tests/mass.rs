//! What concerns many orders at once: mass cancel, mass status, operators' cancels, the end of a
//! session, a halt.

mod support;

use dcx_model::*;
use support::{LOT, MID, World, configure, operator};

const SESSION: SessionId = SessionId::new(0);

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

/// A world in which two sessions may have as many orders as they like.
fn world(orders: u32) -> World {
    let mut world = World::with(Configure {
        orders_open_max: orders,
        ..configure(1, OnNoVenue::Hold)
    });
    for session in 0..2 {
        for change in (SessionLimits {
            session: SessionId::new(session),
            orders_per_s_max: 1_000_000,
            burst_max: 1_000_000,
            orders_open_max: 1_000_000,
        })
        .changes()
        {
            world.send(Command::SetLimit(change));
        }
    }
    for instrument in 0..2 {
        for change in (InstrumentLimits {
            position_max: Qty::whole(1_000_000_000),
            ..support::instrument_limits(instrument)
        })
        .changes()
        {
            world.send(Command::SetLimit(change));
        }
        for venue in 0..2 {
            world.send(Command::Quote(support::quote(venue, instrument, -5, 10)));
        }
    }
    world
}

fn order(world: &mut World, session: u16, instrument: u32) -> OrderId {
    let number = world.seq.get();
    let events = world.send(Command::NewOrder(NewOrder {
        session: SessionId::new(session),
        account: AccountId::new(u32::from(session)),
        cl_ord_id: format!("A{number}").parse().expect("printable"),
        instrument: InstrumentId::new(instrument),
        order_qty: lots(1),
        limit_px: Price::from_units(MID).into(),
        transact_time: world.at,
        ..NewOrder::PLAIN
    }));
    match events.first() {
        Some(Event::Accepted { view, .. }) => view.order,
        other => panic!("{other:?}"),
    }
}

fn mass_cancel(name: &str, session: u16, instrument: Option<u32>) -> Command {
    Command::MassCancel(MassCancelRequest {
        session: SessionId::new(session),
        cl_ord_id: name.parse().expect("printable"),
        scope: if instrument.is_some() {
            MassScope::Security
        } else {
            MassScope::All
        },
        instrument: InstrumentId::new(instrument.unwrap_or(0)),
    })
}

fn mass_status(name: &str, session: u16, instrument: Option<u32>) -> Command {
    Command::MassStatus(MassStatusRequest {
        session: SessionId::new(session),
        request: name.parse().expect("printable"),
        scope: if instrument.is_some() {
            MassScope::Security
        } else {
            MassScope::All
        },
        instrument: InstrumentId::new(instrument.unwrap_or(0)),
    })
}

fn operator_cancel(order: u64, scope: Scope) -> Command {
    Command::OperatorCancel(OperatorCancel {
        order: OrderId::new(order),
        scope,
        request: RequestId::new(7),
        by: operator(),
    })
}

/// Wakes the engine until nothing is left to do, and gives all that happened.
fn settle(world: &mut World) -> Vec<Event> {
    let mut events = Vec::new();
    while world.engine.wake_at().is_some_and(|at| at <= world.at) {
        let piece = world.send(Command::Wake);
        assert!(piece.len() <= EVENTS_PER_COMMAND_MAX);
        events.extend(piece);
    }
    events
}

/// Confirms every cancel that a venue was asked for.
fn confirm_all(world: &mut World) {
    for ix in 0..world.children.len() {
        let child = &world.children[ix];
        if child.request.is_some() && !child.done {
            let report = world.report(ix, ExecType::Canceled, Qty::ZERO, 0);
            world.send(Command::VenueReport(report));
        }
    }
}

fn open_orders(world: &World) -> Vec<OrderId> {
    let open = world
        .told
        .values()
        .filter(|told| !told.view.ord_status.is_terminal());
    open.map(|told| told.view.order).collect()
}

fn report(events: &[Event]) -> MassCanceled {
    let reports: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::MassCanceled(report) => Some(*report),
            _ => None,
        })
        .collect();
    assert_eq!(reports.len(), 1, "one report for one request");
    reports[0]
}

fn cancels(events: &[Event]) -> usize {
    let cancels = |event: &&Event| matches!(event, Event::ChildCancel(_));
    events.iter().filter(cancels).count()
}

#[test]
fn a_mass_cancel_is_reported_first_and_ends_every_order_of_its_session() {
    let mut world = world(200);
    let mine: Vec<_> = (0..3).map(|ix| order(&mut world, 0, ix % 2)).collect();
    let other = order(&mut world, 1, 0);
    let events = world.send(mass_cancel("M1", 0, None));
    assert!(matches!(events[0], Event::MassCanceled(_)), "{events:?}");
    assert_eq!(report(&events).affected, 3);
    assert_eq!(cancels(&events), 3);
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), [other]);
    for order in mine {
        assert_eq!(world.told[&order].view.ord_status, OrdStatus::Canceled);
    }
    assert_eq!(world.engine.wake_at().filter(|at| *at <= world.at), None);
}

#[test]
fn a_mass_cancel_of_an_instrument_leaves_the_others_alone() {
    let mut world = world(200);
    let kept = order(&mut world, 0, 0);
    order(&mut world, 0, 1);
    let other = order(&mut world, 1, 1);
    let events = world.send(mass_cancel("M1", 0, Some(1)));
    let report = report(&events);
    assert_eq!((report.affected, report.refusal), (1, None));
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), [kept, other]);
}

#[test]
fn a_mass_cancel_of_nothing_affects_nothing() {
    let mut world = world(200);
    let events = world.send(mass_cancel("M1", 0, None));
    assert_eq!(events.len(), 1);
    assert_eq!(report(&events).affected, 0);
}

#[test]
fn a_mass_cancel_is_refused_for_its_name_its_instrument_and_without_configuration() {
    let mut world = world(200);
    order(&mut world, 0, 0);
    let refusal = |events: &[Event]| report(events).refusal;
    let events = world.send(mass_cancel("M1", 0, Some(77)));
    assert_eq!(refusal(&events), Some(Refusal::UnknownInstrument));
    let events = world.send(mass_cancel("M1", 0, None));
    assert_eq!(refusal(&events), Some(Refusal::DuplicateClOrdId));
    assert_eq!(world.engine.orders_open(), 1);

    let mut bare = dcx_engine::Engine::new();
    let mut outbox = dcx_engine::Outbox::new();
    let command = mass_cancel("M1", 0, None);
    bare.apply(UnixNanos::ZERO, Seq::new(1), &command, &mut outbox);
    assert_eq!(refusal(outbox.events()), Some(Refusal::NotConfigured));
}

#[test]
fn an_order_that_is_accepted_after_a_mass_cancel_is_not_touched() {
    let mut world = world(2_000);
    for _ in 0..300 {
        order(&mut world, 0, 0);
    }
    world.send(mass_cancel("M1", 0, None));
    assert!(world.engine.wake_at().is_some_and(|at| at <= world.at));
    let late = order(&mut world, 0, 0);
    settle(&mut world);
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), [late]);
}

#[test]
fn a_mass_cancel_of_an_instrument_among_many_orders_is_reported_when_all_are_counted() {
    let mut world = world(2_000);
    for ix in 0..300 {
        order(&mut world, 0, u32::from(ix % 3 == 0));
    }
    let mut events = world.send(mass_cancel("M1", 0, Some(1)));
    assert!(cancels(&events) > 0, "cancels do not wait for the count");
    events.extend(settle(&mut world));
    let last = events.last();
    assert!(matches!(last, Some(Event::MassCanceled(_))), "{last:?}");
    assert_eq!(report(&events).affected, 100);
    assert_eq!(cancels(&events), 100);
}

#[test]
fn two_sweeps_at_once_each_do_their_own_and_no_more() {
    let mut world = world(2_000);
    for ix in 0..400 {
        order(&mut world, u16::from(ix % 2 == 0), u32::from(ix % 4 < 2));
    }
    let mut events = world.send(mass_cancel("M1", 0, Some(0)));
    events.extend(world.send(mass_cancel("M2", 1, Some(1))));
    events.extend(settle(&mut world));
    let names: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::MassCanceled(report) => Some((report.cl_ord_id.to_string(), report.affected)),
            _ => None,
        })
        .collect();
    assert_eq!(names, [("M1".to_owned(), 100), ("M2".to_owned(), 100)]);
    confirm_all(&mut world);
    let open = open_orders(&world);
    assert_eq!(open.len(), 200);
    for order in open {
        let view = world.told[&order].view;
        let kept = (view.session.get(), view.instrument.get());
        assert!(kept == (0, 1) || kept == (1, 0), "{kept:?}");
    }
}

#[test]
fn a_sweep_over_many_orders_is_bounded_for_each_command_and_misses_none() {
    const ORDERS: u32 = 100_000;
    let mut world = world(ORDERS);
    // No venue is up: what is held ends in the sweep itself, each with an event of its own.
    for venue in 0..3 {
        let venue = VenueId::new(venue);
        world.send(Command::VenueState { venue, up: false });
    }
    world.send(Command::SetLimit(LimitChange::configured(
        Scope::Session(SESSION),
        Limit::OrdersOpenMax,
        200_000,
    )));
    let (mut engine, mut outbox) = (std::mem::take(&mut world.engine), dcx_engine::Outbox::new());
    let mut seq = world.seq;
    for number in 0..ORDERS {
        seq = seq.next();
        let order = Command::NewOrder(NewOrder {
            cl_ord_id: format!("A{number}").parse().expect("printable"),
            order_qty: lots(1),
            limit_px: Price::from_units(MID).into(),
            transact_time: world.at,
            ..NewOrder::PLAIN
        });
        engine.apply(world.at, seq, &order, &mut outbox);
    }
    assert_eq!(engine.orders_held(), ORDERS);
    engine.apply(
        world.at,
        seq.next(),
        &mass_cancel("M", 0, None),
        &mut outbox,
    );
    let mut ended = outbox.events().len() - 1;
    assert!(ended > 0, "the first go in the same command");
    let mut pieces = 0;
    while engine.wake_at().is_some_and(|at| at <= world.at) {
        seq = seq.next();
        engine.apply(world.at, seq, &Command::Wake, &mut outbox);
        assert!(outbox.events().len() <= EVENTS_PER_COMMAND_MAX);
        ended += outbox.events().len();
        pieces += 1;
    }
    assert_eq!(ended, ORDERS as usize);
    assert_eq!(engine.orders_open(), 0);
    assert!(
        pieces >= ORDERS as usize / EVENTS_PER_COMMAND_MAX,
        "no piece does more than one outbox holds"
    );
}

#[test]
fn a_halt_sends_its_first_cancels_in_the_same_command_whatever_else_is_under_way() {
    let mut world = world(2_000);
    for ix in 0..300 {
        order(&mut world, 0, u32::from(ix % 3 == 0));
    }
    for ix in 0..70 {
        // As many sweeps as there is room for, and more.
        world.send(mass_status(&format!("S{ix}"), 0, Some(1)));
    }
    let events = world.send(Command::SetState(StateChange::halt(operator())));
    assert!(cancels(&events) > 0, "{events:?}");
    let events = settle(&mut world);
    assert!(events.len() > 200);
    confirm_all(&mut world);
    assert_eq!(world.engine.orders_open(), 0);
}

#[test]
fn what_comes_in_after_a_halt_that_was_lifted_at_once_is_not_touched() {
    let mut world = world(2_000);
    for _ in 0..300 {
        order(&mut world, 0, 0);
    }
    world.send(Command::SetState(StateChange::halt(operator())));
    world.send(Command::SetState(StateChange::resume(operator())));
    let late = order(&mut world, 0, 0);
    // The very order that the halt looks at next is filled meanwhile.
    for ix in 50..60 {
        let fill = world.report(ix, ExecType::Trade, lots(1), 0);
        world.send(Command::VenueReport(fill));
    }
    // A halt of somebody else walks past it, with the mark of the firm's behind.
    world.send(Command::SetState(StateChange {
        scope: Scope::Account(AccountId::new(5)),
        ..StateChange::halt(operator())
    }));
    settle(&mut world);
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), [late]);
}

#[test]
fn what_finds_no_room_among_the_sweeps_is_refused_and_what_must_not_be_still_happens() {
    let mut world = world(2_000);
    for ix in 0..1_500 {
        order(&mut world, u16::from(ix % 2 == 0), u32::from(ix % 3 == 0));
    }
    for session in 0..2 {
        world.send(Command::SetSessionPolicy(SessionPolicy {
            session: SessionId::new(session),
            cancel_on_disconnect: true,
            cancel_on_logout: false,
        }));
    }
    for ix in 0..80 {
        world.send(mass_status(&format!("S{ix}"), 1, Some(1)));
    }
    let full = Some(Refusal::SweepsFull { max: 64 });
    let events = world.send(mass_status("S80", 1, Some(1)));
    let refused = events.iter().find_map(|event| match event {
        Event::Rejected { view, refusal } => {
            assert_eq!(view.cl_ord_id.to_string(), "S80");
            Some(*refusal)
        }
        _ => None,
    });
    assert_eq!(refused, full);
    let events = world.send(operator_cancel(0, Scope::Firm));
    let refused = events.iter().find_map(|event| match event {
        Event::OperatorRefused { refusal, .. } => Some(*refusal),
        _ => None,
    });
    assert_eq!(refused, full);
    let events = world.send(mass_cancel("M1", 0, Some(1)));
    assert_eq!(report(&events).refusal, full);
    // All of a session, and the end of one, always have room.
    let events = world.send(mass_cancel("M2", 0, None));
    assert_eq!(report(&events).affected, 750);
    world.send(Command::SessionState {
        session: SessionId::new(1),
        link: SessionLink::Disconnected,
    });
    settle(&mut world);
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), []);
}

#[test]
fn a_session_that_ends_has_its_orders_cancelled_as_its_policy_says() {
    for (on_disconnect, on_logout) in [(false, false), (true, false), (false, true)] {
        for (link, cancels) in [
            (SessionLink::Disconnected, on_disconnect),
            (SessionLink::LoggedOut, on_logout),
            (SessionLink::Up, false),
        ] {
            let mut world = world(200);
            world.send(Command::SetSessionPolicy(SessionPolicy {
                session: SESSION,
                cancel_on_disconnect: on_disconnect,
                cancel_on_logout: on_logout,
            }));
            order(&mut world, 0, 0);
            let other = order(&mut world, 1, 0);
            world.send(Command::SessionState {
                session: SESSION,
                link,
            });
            confirm_all(&mut world);
            let open = open_orders(&world).len();
            assert_eq!(open, if cancels { 1 } else { 2 }, "{link:?}");
            assert!(open_orders(&world).contains(&other));
        }
    }
}

#[test]
fn an_operator_cancels_one_order_or_all_of_a_scope() {
    let done = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::OperatorDone { request, orders } => Some((request.get(), *orders)),
            _ => None,
        })
    };
    let mut world = world(200);
    let first = order(&mut world, 0, 0);
    let second = order(&mut world, 0, 1);
    let third = order(&mut world, 1, 1);
    let events = world.send(operator_cancel(second.get(), Scope::Firm));
    assert_eq!(done(&events), Some((7, 1)));
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), [first, third]);
    let events = world.send(operator_cancel(0, Scope::Account(AccountId::new(1))));
    assert_eq!(done(&events), Some((7, 1)));
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), [first]);
    let instrument = Scope::Instrument(InstrumentId::new(1));
    assert_eq!(
        done(&world.send(operator_cancel(0, instrument))),
        Some((7, 0))
    );
    let events = world.send(operator_cancel(0, Scope::Strategy(StrategyId::new(0))));
    assert_eq!(done(&events), Some((7, 1)));
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), []);
}

#[test]
fn an_operators_cancel_is_refused_where_there_is_nothing_it_can_mean() {
    let mut world = world(200);
    let gone = order(&mut world, 0, 0);
    world.send(mass_cancel("M1", 0, None));
    confirm_all(&mut world);
    let refusal = |events: &[Event]| match events {
        [Event::OperatorRefused { refusal, .. }] => *refusal,
        other => panic!("{other:?}"),
    };
    let cases = [
        (operator_cancel(gone.get(), Scope::Firm), Refusal::TooLate),
        (
            operator_cancel(u64::MAX, Scope::Firm),
            Refusal::UnknownOrder,
        ),
        (
            operator_cancel(0, Scope::Session(SessionId::new(5_000))),
            Refusal::UnknownScope { at: Level::Session },
        ),
        (
            Command::OperatorCancel(OperatorCancel {
                order: OrderId::new(0),
                scope: Scope::Firm,
                request: RequestId::new(7),
                by: Operator::NOBODY,
            }),
            Refusal::NoAuthor,
        ),
    ];
    for (command, expected) in cases {
        assert_eq!(refusal(&world.send(command)), expected);
    }
}

/// Reports of a mass status, and that they agree with each other.
fn reports(events: &[Event]) -> Vec<OrderView> {
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::MassStatus {
                view, total, last, ..
            } => Some((*view, *total, *last)),
            _ => None,
        })
        .collect();
    for (ix, (_, total, last)) in told.iter().enumerate() {
        assert_eq!(*last, ix + 1 == told.len(), "only the last says so");
        assert_eq!(*total, told[0].1);
    }
    told.into_iter().map(|(view, _, _)| view).collect()
}

#[test]
fn a_mass_status_tells_of_every_open_order_and_which_is_the_last() {
    let mut world = world(2_000);
    for ix in 0..300 {
        order(&mut world, 0, u32::from(ix % 3 == 0));
    }
    order(&mut world, 1, 0);
    let mut events = world.send(mass_status("S1", 0, None));
    events.extend(settle(&mut world));
    let all = reports(&events);
    assert_eq!(all.len(), 300);
    assert!(all.iter().all(|view| view.ord_status == OrdStatus::New));
    let mut events = world.send(mass_status("S2", 0, Some(1)));
    events.extend(settle(&mut world));
    let some = reports(&events);
    assert_eq!(some.len(), 100);
    assert!(some.iter().all(|view| view.instrument.get() == 1));
}

#[test]
fn a_mass_status_of_nothing_is_one_report_of_no_order() {
    let mut world = world(200);
    order(&mut world, 1, 0);
    let events = world.send(mass_status("S1", 0, None));
    let told = reports(&events);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].ord_status, OrdStatus::Rejected);
    assert_eq!(told[0].order_qty, Qty::ZERO);
}

#[test]
fn a_mass_status_has_its_last_report_also_where_an_order_ends_meanwhile() {
    let mut world = world(2_000);
    for _ in 0..200 {
        order(&mut world, 0, 0);
    }
    let mut events = world.send(mass_status("S1", 0, None));
    let last = world.children.len() - 1;
    let fill = world.report(last, ExecType::Trade, lots(1), 0);
    world.send(Command::VenueReport(fill));
    events.extend(settle(&mut world));
    let told = reports(&events);
    assert_eq!(told.len(), 200);
    assert_eq!(told[199].ord_status, OrdStatus::Rejected);
}

#[test]
fn an_order_that_is_filled_before_its_turn_takes_no_other_out_of_the_sweep() {
    let mut world = world(2_000);
    for _ in 0..200 {
        order(&mut world, 0, 0);
    }
    world.send(mass_cancel("M1", 0, None));
    // The very order that is next, and one further on.
    for ix in [54, 55, 120] {
        let fill = world.report(ix, ExecType::Trade, lots(1), 0);
        world.send(Command::VenueReport(fill));
    }
    settle(&mut world);
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), []);
    assert_eq!(world.engine.children_working(), 0);
}

#[test]
fn a_replace_that_is_on_its_way_is_refused_when_its_order_is_cancelled_with_all_others() {
    let mut world = world(200);
    let id = order(&mut world, 0, 0);
    let own = world.told[&id].view;
    world.send(Command::Replace(ReplaceRequest {
        session: SESSION,
        cl_ord_id: "R1".parse().expect("printable"),
        orig_cl_ord_id: own.cl_ord_id,
        instrument: own.instrument,
        side: own.side,
        ord_type: own.ord_type,
        time_in_force: own.time_in_force,
        order_qty: lots(2),
        limit_px: own.limit_px,
        stop_px: LimitPx::NONE,
        display_qty: Qty::ZERO,
        transact_time: world.at,
    }));
    let events = world.send(mass_cancel("M1", 0, None));
    let refused = events.iter().any(|event| {
        matches!(event, Event::CancelRejected(rejected)
            if rejected.refusal == Refusal::AlreadyPending && rejected.order == id)
    });
    assert!(refused, "{events:?}");
    confirm_all(&mut world);
    assert_eq!(open_orders(&world), []);
    assert_eq!(
        world.engine.working(AccountId::new(0), own.instrument),
        (0, 0)
    );
}

#[test]
fn the_last_of_each_kind_of_scope_is_one_and_the_next_is_none() {
    let mut world = world(10);
    let scopes = |number: usize| {
        let number = u32::try_from(number).expect("small");
        let short = u16::try_from(number).expect("small");
        (
            Scope::Account(AccountId::new(number)),
            Scope::Strategy(StrategyId::new(short)),
            Scope::Session(SessionId::new(short)),
            Scope::Instrument(InstrumentId::new(number)),
        )
    };
    let kinds = [
        (
            ACCOUNTS_MAX,
            scopes(ACCOUNTS_MAX - 1).0,
            scopes(ACCOUNTS_MAX).0,
        ),
        (
            STRATEGIES_MAX,
            scopes(STRATEGIES_MAX - 1).1,
            scopes(STRATEGIES_MAX).1,
        ),
        (
            SESSIONS_MAX,
            scopes(SESSIONS_MAX - 1).2,
            scopes(SESSIONS_MAX).2,
        ),
        (
            INSTRUMENTS_MAX,
            scopes(INSTRUMENTS_MAX - 1).3,
            scopes(INSTRUMENTS_MAX).3,
        ),
    ];
    for (max, last, beyond) in kinds {
        let events = world.send(operator_cancel(0, last));
        assert!(
            matches!(events[..], [Event::OperatorDone { orders: 0, .. }]),
            "{max}: {events:?}"
        );
        let at = beyond.level();
        let events = world.send(operator_cancel(0, beyond));
        let Some(Event::OperatorRefused { refusal, .. }) = events.first() else {
            panic!("{max}: {events:?}")
        };
        assert_eq!(*refusal, Refusal::UnknownScope { at });
    }
}

#[test]
fn as_many_orders_wait_for_a_person_as_people_can_look_through_and_no_more() {
    const MAX: u32 = 1_024;
    let mut world = world(MAX + 10);
    let scope = Scope::Session(SESSION);
    world.limit(scope, Limit::ApprovalNotional, Some(1));
    let ask = |world: &mut World| {
        let order = NewOrder {
            cl_ord_id: format!("A{}", world.seq.get()).parse().expect("printable"),
            order_qty: lots(1),
            limit_px: Price::from_units(MID).into(),
            transact_time: world.at,
            ..NewOrder::PLAIN
        };
        world.send(Command::NewOrder(order))[0]
    };
    for _ in 0..MAX {
        let event = ask(&mut world);
        assert!(matches!(event, Event::PendingNew { .. }), "{event:?}");
    }
    let full = Refusal::PoolFull {
        open: MAX + 1,
        max: MAX,
    };
    assert!(matches!(ask(&mut world), Event::Rejected { refusal, .. } if refusal == full));
    // Whoever has been decided about makes room for one more.
    let first = *world.awaited.first().expect("all of them wait");
    let decision = OrderDecision {
        order: first,
        approve: true,
        request: RequestId::new(1),
        by: operator(),
    };
    world.send(Command::DecideOrder(decision));
    assert!(matches!(ask(&mut world), Event::PendingNew { .. }));
    assert!(matches!(ask(&mut world), Event::Rejected { .. }));
}

#[test]
fn what_is_sent_about_a_child_names_its_instrument_and_side() {
    let mut world = world(10);
    order(&mut world, 0, 1);
    world.send(mass_cancel("M", 0, None));
    settle(&mut world);
    let cancels = world.events.iter().filter_map(|event| match event {
        Event::ChildCancel(cancel) => Some(*cancel),
        _ => None,
    });
    let cancels: Vec<_> = cancels.collect();
    let sent = world.children[0].order;
    assert_eq!(sent.instrument, InstrumentId::new(1));
    assert_eq!(cancels.len(), 1);
    let cancel = cancels[0];
    assert_eq!((cancel.child, cancel.venue), (sent.child, sent.venue));
    assert_eq!(
        (cancel.instrument, cancel.side),
        (sent.instrument, sent.side)
    );
    assert_eq!(cancel.order_qty, sent.order_qty);
}
