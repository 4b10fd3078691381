//! One order's life, scenario by scenario: FIX 4.4 vol. 7, appendix D, and what it leaves open.

mod support;

use dcx_model::*;
use support::{LOT, MID, World};

fn id(text: &str) -> ClOrdId {
    text.parse().expect("printable")
}

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

/// A limit order of the day to buy ten lots at the middle.
fn buy(name: &str) -> NewOrder {
    NewOrder {
        session: SessionId::new(0),
        account: AccountId::new(0),
        cl_ord_id: id(name),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        algo: Algo::AtOnce,
        order_qty: lots(10),
        limit_px: Price::from_units(MID).into(),
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        transact_time: UnixNanos::ZERO,
        ..NewOrder::PLAIN
    }
}

/// The same in four slices over 40 ms.
fn twap(world: &World, name: &str) -> NewOrder {
    NewOrder {
        algo: Algo::Twap,
        slices: 4,
        end: world.at.plus(Nanos::from_millis(40)),
        ..buy(name)
    }
}

fn cancel(name: &str, orig: &str) -> Command {
    Command::Cancel(CancelRequest {
        session: SessionId::new(0),
        cl_ord_id: id(name),
        orig_cl_ord_id: id(orig),
        transact_time: UnixNanos::ZERO,
    })
}

fn replace(name: &str, orig: &str, order_qty: Qty) -> ReplaceRequest {
    let order = buy(orig);
    ReplaceRequest {
        session: order.session,
        cl_ord_id: id(name),
        orig_cl_ord_id: id(orig),
        instrument: order.instrument,
        side: order.side,
        ord_type: order.ord_type,
        time_in_force: order.time_in_force,
        order_qty,
        limit_px: order.limit_px,
        transact_time: UnixNanos::ZERO,
        stop_px: LimitPx::NONE,
        display_qty: Qty::ZERO,
    }
}

fn status(name: &str) -> Command {
    Command::Status(StatusRequest {
        session: SessionId::new(0),
        cl_ord_id: id(name),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
    })
}

/// An event in one line: its kind, and what a client or a venue would look at.
fn line(event: &Event) -> String {
    let about = |view: &OrderView| {
        let unit = LOT.units();
        format!(
            "{} {} {}+{}/{}",
            view.cl_ord_id,
            view.ord_status.name(),
            view.cum_qty.units() / unit,
            view.leaves_qty().units() / unit,
            view.order_qty.units() / unit
        )
    };
    match event {
        Event::Accepted { view, held } => {
            format!(
                "accepted {}{}",
                about(view),
                if *held { " held" } else { "" }
            )
        }
        Event::Rejected { view, refusal } => {
            format!("rejected {} {}", about(view), refusal.code().short())
        }
        Event::Trade { view, last_qty, .. } => {
            format!(
                "trade {} of {}",
                last_qty.units() / LOT.units(),
                about(view)
            )
        }
        Event::PendingCancel {
            view,
            orig_cl_ord_id,
        } => {
            format!("pending cancel {} ({orig_cl_ord_id})", about(view))
        }
        Event::Canceled {
            view,
            orig_cl_ord_id,
        } => {
            format!("canceled {} ({orig_cl_ord_id})", about(view))
        }
        Event::PendingReplace {
            view,
            orig_cl_ord_id,
        } => {
            format!("pending replace {} ({orig_cl_ord_id})", about(view))
        }
        Event::Replaced {
            view,
            orig_cl_ord_id,
        } => {
            format!("replaced {} ({orig_cl_ord_id})", about(view))
        }
        Event::Expired { view } => format!("expired {}", about(view)),
        Event::Status { view } => format!("status {}", about(view)),
        Event::CancelRejected(rejected) => format!(
            "cancel rejected {} ({}) {} {}",
            rejected.cl_ord_id,
            rejected.orig_cl_ord_id,
            rejected.ord_status.name(),
            rejected.refusal.code().short()
        ),
        Event::ChildSent(child) => format!("child {}", child.order_qty.units() / LOT.units()),
        Event::ChildCancel(_) => "child cancel".to_owned(),
        Event::Ignored { cause, .. } => format!("ignored {cause:?}"),
        Event::StateSet { state, .. } => state.name().to_owned(),
        other @ (Event::PendingNew { .. }
        | Event::Triggered { .. }
        | Event::Restated { .. }
        | Event::TradeCanceled { .. }
        | Event::TradeCorrected { .. }
        | Event::MassCanceled(_)
        | Event::MassStatus { .. }
        | Event::ChildQuery(_)
        | Event::VenueMassStatus { .. }
        | Event::OrphanCancel(_)
        | Event::ChildUnknown { .. }
        | Event::VenueReconciled { .. }
        | Event::VenueUnconfirmed { .. }
        | Event::Planned(_)
        | Event::Sliced(_)
        | Event::SchedulePaused { .. }
        | Event::ScheduleResumed { .. }
        | Event::LimitSet(_)
        | Event::LimitProposed(_)
        | Event::LimitDropped(_)
        | Event::LimitNear { .. }
        | Event::OperatorDone { .. }
        | Event::OperatorRefused { .. }
        | Event::Routed(_)
        | Event::Rewarded(_)
        | Event::VenueFitness(_)
        | Event::FeedGapped(_)
        | Event::FeedRestored { .. }) => format!("{other:?}"),
        Event::Digest { .. } => "digest".to_owned(),
    }
}

/// Sends a command and gives its events, a line each.
fn send(world: &mut World, command: Command) -> Vec<String> {
    world.send(command).iter().map(line).collect()
}

fn new(world: &mut World, order: NewOrder) -> Vec<String> {
    send(world, Command::NewOrder(order))
}

/// The last child's venue reports.
fn report(world: &mut World, exec_type: ExecType, filled: u64) -> Vec<String> {
    let last = world.children.len() - 1;
    report_on(world, last, exec_type, filled)
}

fn report_on(world: &mut World, ix: usize, exec_type: ExecType, filled: u64) -> Vec<String> {
    let report = world.report(ix, exec_type, lots(filled), 0);
    send(world, Command::VenueReport(report))
}

fn refuse_cancel(world: &mut World, ix: usize, cxl_rej_reason: CxlRejReason) -> Vec<String> {
    let child = &world.children[ix];
    let reject = VenueCancelReject {
        venue: child.order.venue,
        child: child.order.child,
        request: child.request.expect("a cancel was sent"),
        cxl_rej_reason,
        ord_status: OrdStatus::New,
    };
    send(world, Command::VenueCancelReject(reject))
}

fn wake_after(world: &mut World, ms: u64) -> Vec<String> {
    world.at = world.at.plus(Nanos::from_millis(ms));
    send(world, Command::Wake)
}

fn venues(world: &mut World, up: bool) {
    for venue in 0..support::VENUES {
        let venue = VenueId::new(venue);
        world.send(Command::VenueState { venue, up });
    }
}

#[test]
fn a_filled_order() {
    let mut world = World::new(1);
    let events = new(&mut world, buy("A"));
    assert_eq!(events, ["accepted A New 0+10/10", "child 10"]);
    assert!(report(&mut world, ExecType::New, 0).is_empty());
    let events = report(&mut world, ExecType::Trade, 3);
    assert_eq!(events, ["trade 3 of A PartiallyFilled 3+7/10"]);
    let events = report(&mut world, ExecType::Trade, 7);
    assert_eq!(events, ["trade 7 of A Filled 10+0/10"]);
    assert_eq!(world.engine.orders_open(), 0);
    let position = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(position, i128::from(lots(10).units()));
}

#[test]
fn ids_start_at_the_second_of_the_first_configuration() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let first = support::START.seconds() << 20 | 1;
    assert_eq!(world.children[0].order.order, OrderId::new(first));
    assert_eq!(world.children[0].order.child, ChildId::new(first));
}

#[test]
fn b_1_a_a_cancel_of_a_working_order_waits_for_its_venue() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let events = send(&mut world, cancel("B", "A"));
    assert_eq!(
        events,
        ["pending cancel B PendingCancel 0+10/10 (A)", "child cancel"]
    );
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled B Canceled 0+0/10 (A)"]);
}

#[test]
fn b_1_b_fills_while_a_cancel_is_pending_say_so() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    report(&mut world, ExecType::Trade, 5);
    send(&mut world, cancel("B", "A"));
    let events = report(&mut world, ExecType::Trade, 1);
    assert_eq!(events, ["trade 1 of A PendingCancel 6+4/10"]);
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled B Canceled 6+0/10 (A)"]);
}

#[test]
fn b_1_c_a_fill_of_the_rest_wins_over_a_pending_cancel() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(&mut world, cancel("B", "A"));
    let events = report(&mut world, ExecType::Trade, 10);
    assert_eq!(
        events,
        [
            "trade 10 of A PendingCancel 10+0/10",
            "cancel rejected B (A) Filled R024"
        ]
    );
    assert_eq!(world.engine.orders_open(), 0);
}

#[test]
fn b_1_f_a_cancel_of_an_unknown_or_done_or_pending_order_is_refused() {
    let mut world = World::new(1);
    let events = send(&mut world, cancel("B", "A"));
    assert_eq!(events, ["cancel rejected B (A) Rejected R023"]);
    new(&mut world, buy("A"));
    send(&mut world, cancel("C", "A"));
    let events = send(&mut world, cancel("D", "A"));
    assert_eq!(events, ["cancel rejected D (A) PendingCancel R025"]);
    let events = send(&mut world, cancel("D", "A"));
    assert_eq!(events, ["cancel rejected D (A) PendingCancel R018"]);
    report(&mut world, ExecType::Canceled, 0);
    let events = send(&mut world, cancel("E", "A"));
    assert_eq!(events, ["cancel rejected E (A) Canceled R024"]);
}

#[test]
fn a_cancel_that_the_venue_refuses_gives_the_order_back_its_status() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    report(&mut world, ExecType::Trade, 2);
    send(&mut world, cancel("B", "A"));
    let events = refuse_cancel(&mut world, 0, CxlRejReason::Other);
    assert_eq!(events, ["cancel rejected B (A) PartiallyFilled R027"]);
    let events = report(&mut world, ExecType::Trade, 8);
    assert_eq!(events, ["trade 8 of A Filled 10+0/10"]);
}

#[test]
fn a_refusal_of_a_cancel_that_was_not_sent_changes_nothing() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let child = world.children[0].order;
    let reject = VenueCancelReject {
        venue: child.venue,
        child: child.child,
        request: ChildId::new(0),
        cxl_rej_reason: CxlRejReason::TooLate,
        ord_status: OrdStatus::New,
    };
    let events = send(&mut world, Command::VenueCancelReject(reject));
    assert_eq!(events, ["ignored BadReport"]);
}

#[test]
fn c_1_a_a_replace_cancels_and_sends_the_rest_under_the_new_name() {
    let mut world = World::new(1);
    // What is filled is valued by the mid.
    world.send(Command::Quote(support::quote(0, 0, 0, 1)));
    new(&mut world, buy("A"));
    report(&mut world, ExecType::Trade, 4);
    let request = replace("B", "A", lots(20));
    let events = send(&mut world, Command::Replace(request));
    assert_eq!(
        events,
        [
            "pending replace B PendingReplace 4+6/10 (A)",
            "child cancel"
        ]
    );
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(
        events,
        ["replaced B PartiallyFilled 4+16/20 (A)", "child 16"]
    );
    // Both names lead to it; both are used up.
    assert_eq!(
        send(&mut world, status("A")),
        ["status B PartiallyFilled 4+16/20"]
    );
    assert_eq!(
        send(&mut world, status("B")),
        ["status B PartiallyFilled 4+16/20"]
    );
    let events = new(&mut world, buy("A"));
    assert_eq!(events, ["rejected A Rejected 0+0/10 R018"]);
    let events = send(&mut world, cancel("C", "A"));
    assert_eq!(
        events,
        ["pending cancel C PendingCancel 4+16/20 (B)", "child cancel"]
    );
}

#[test]
fn c_1_b_a_fill_while_a_replace_is_pending_keeps_the_old_terms() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(&mut world, Command::Replace(replace("B", "A", lots(12))));
    let events = report(&mut world, ExecType::Trade, 3);
    assert_eq!(events, ["trade 3 of A PendingReplace 3+7/10"]);
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["replaced B PartiallyFilled 3+9/12 (A)", "child 9"]);
}

#[test]
fn c_1_c_an_order_filled_while_it_waits_for_more_gets_more() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(&mut world, Command::Replace(replace("B", "A", lots(12))));
    let events = report(&mut world, ExecType::Trade, 10);
    assert_eq!(
        events,
        [
            "trade 10 of A PendingReplace 10+0/10",
            "replaced B PartiallyFilled 10+2/12 (A)",
            "child 2"
        ]
    );
}

#[test]
fn a_fill_or_kill_order_that_was_filled_while_it_waited_for_more_gets_no_more() {
    let mut world = World::new(1);
    let order = NewOrder {
        time_in_force: TimeInForce::Fok,
        ..buy("A")
    };
    new(&mut world, order);
    let mut request = replace("B", "A", lots(12));
    request.time_in_force = TimeInForce::Fok;
    send(&mut world, Command::Replace(request));
    let events = report(&mut world, ExecType::Trade, 10);
    assert_eq!(
        events,
        [
            "trade 10 of A PendingReplace 10+0/10",
            "cancel rejected B (A) Filled R024"
        ]
    );
}

#[test]
fn c_2_a_a_replace_of_the_limit_is_too_late_once_all_is_filled() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let mut request = replace("B", "A", lots(10));
    request.limit_px = Price::from_units(MID + 1_000).into();
    send(&mut world, Command::Replace(request));
    let events = report(&mut world, ExecType::Trade, 10);
    assert_eq!(
        events,
        [
            "trade 10 of A PendingReplace 10+0/10",
            "cancel rejected B (A) Filled R024"
        ]
    );
}

#[test]
fn c_3_b_a_replace_to_less_than_was_filled_meanwhile_ends_filled() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(&mut world, Command::Replace(replace("B", "A", lots(6))));
    report(&mut world, ExecType::Trade, 7);
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["replaced B Filled 7+0/7 (A)"]);
    assert_eq!(world.engine.orders_open(), 0);
    let working = world
        .engine
        .working(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(working, (0, 0));
}

#[test]
fn a_replace_of_what_may_not_change_or_of_what_is_filled_is_refused() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    report(&mut world, ExecType::Trade, 4);
    let mut request = replace("B", "A", lots(10));
    request.side = Side::Sell;
    let events = send(&mut world, Command::Replace(request));
    assert_eq!(events, ["cancel rejected B (A) PartiallyFilled R029"]);
    let events = send(&mut world, Command::Replace(replace("C", "A", lots(4))));
    assert_eq!(events, ["cancel rejected C (A) PartiallyFilled R028"]);
    let events = send(&mut world, Command::Replace(replace("D", "A", lots(61))));
    assert_eq!(events, ["cancel rejected D (A) PartiallyFilled R006"]);
    // None of them left the order pending.
    let events = send(&mut world, Command::Replace(replace("E", "A", lots(5))));
    assert_eq!(
        events,
        [
            "pending replace E PendingReplace 4+6/10 (A)",
            "child cancel"
        ]
    );
}

#[test]
fn a_replace_reserves_its_increase_while_it_waits_and_gives_it_back_when_refused() {
    let mut world = World::new(1);
    let working = |world: &World| {
        let (long, _) = world
            .engine
            .working(AccountId::new(0), InstrumentId::new(0));
        long / i128::from(LOT.units())
    };
    new(&mut world, buy("A"));
    assert_eq!(working(&world), 10);
    send(&mut world, Command::Replace(replace("B", "A", lots(15))));
    assert_eq!(working(&world), 15);
    let events = refuse_cancel(&mut world, 0, CxlRejReason::TooLate);
    assert_eq!(events, ["cancel rejected B (A) New R024"]);
    assert_eq!(working(&world), 10);
    report(&mut world, ExecType::Trade, 10);
    assert_eq!(working(&world), 0);
}

#[test]
fn g_1_a_question_is_answered_whatever_became_of_the_order() {
    let mut world = World::new(1);
    assert_eq!(send(&mut world, status("A")), ["status A Rejected 0+0/0"]);
    new(&mut world, buy("A"));
    assert_eq!(send(&mut world, status("A")), ["status A New 0+10/10"]);
    report(&mut world, ExecType::Trade, 10);
    assert_eq!(send(&mut world, status("A")), ["status A Filled 10+0/10"]);
}

#[test]
fn a_refusal_of_one_venue_is_tried_at_another_and_then_told() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    assert_eq!(report(&mut world, ExecType::Rejected, 0), ["child 10"]);
    let (first, second) = (world.children[0].order, world.children[1].order);
    assert_ne!(
        first.venue, second.venue,
        "the same venue is not asked twice"
    );
    // Two attempts are configured.
    let events = report(&mut world, ExecType::Rejected, 0);
    assert_eq!(events, ["rejected A Rejected 0+0/10 R027"]);
}

#[test]
fn once_partly_filled_an_order_is_canceled_not_rejected() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    report(&mut world, ExecType::Trade, 1);
    assert_eq!(report(&mut world, ExecType::Canceled, 0), ["child 9"]);
    let events = report(&mut world, ExecType::Rejected, 0);
    assert_eq!(events, ["canceled A Canceled 1+0/10 (A)"]);
}

#[test]
fn an_order_for_now_or_never_is_not_tried_elsewhere() {
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let mut world = World::new(1);
        let order = NewOrder {
            time_in_force,
            ..buy("A")
        };
        new(&mut world, order);
        let events = report(&mut world, ExecType::Canceled, 0);
        assert_eq!(events, ["canceled A Canceled 0+0/10 (A)"]);
    }
}

#[test]
fn the_rest_of_a_market_order_goes_to_the_next_venue() {
    let mut world = World::new(1);
    world.send(Command::Quote(support::quote(0, 0, -1, 2)));
    let order = NewOrder {
        ord_type: OrdType::Market,
        limit_px: LimitPx::NONE,
        ..buy("A")
    };
    new(&mut world, order);
    report(&mut world, ExecType::Trade, 4);
    assert_eq!(report(&mut world, ExecType::Expired, 0), ["child 6"]);
    assert_eq!(world.children[1].order.limit_px, LimitPx::NONE);
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled A Canceled 4+0/10 (A)"]);
}

#[test]
fn the_end_of_the_day_expires_an_order_of_the_day_and_rests_one_good_till_cancel() {
    for end in [ExecType::Expired, ExecType::DoneForDay] {
        let mut world = World::new(1);
        new(&mut world, buy("A"));
        assert_eq!(report(&mut world, end, 0), ["expired A Expired 0+0/10"]);
    }
    let mut world = World::new(1);
    let order = NewOrder {
        time_in_force: TimeInForce::Gtc,
        ..buy("A")
    };
    new(&mut world, order);
    assert!(report(&mut world, ExecType::DoneForDay, 0).is_empty());
    let events = report(&mut world, ExecType::Trade, 10);
    assert_eq!(events, ["trade 10 of A Filled 10+0/10"]);
}

#[test]
fn a_report_seen_twice_is_applied_once() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let fill = world.report(0, ExecType::Trade, lots(4), 0);
    send(&mut world, Command::VenueReport(fill));
    let events = send(&mut world, Command::VenueReport(fill));
    assert_eq!(events, ["ignored DuplicateExecId"]);
    let position = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(position, i128::from(lots(4).units()));
}

#[test]
fn reports_that_cannot_be_true_change_nothing() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let before = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(
        report(&mut world, ExecType::Trade, 0),
        ["ignored BadReport"]
    );
    let mut fill = world.report(0, ExecType::Trade, lots(1), 0);
    fill.venue = VenueId::new((fill.venue.get() + 1) % support::VENUES);
    let events = send(&mut world, Command::VenueReport(fill));
    assert_eq!(events, ["ignored BadReport"]);
    fill.child = ChildId::new(12);
    let events = send(&mut world, Command::VenueReport(fill));
    assert_eq!(events, ["ignored UnknownChild"]);
    let after = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(after, before);
}

#[test]
fn an_overfill_counts_in_the_position_and_is_told_to_whoever_watches() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let events = report(&mut world, ExecType::Trade, 12);
    assert_eq!(events, ["trade 10 of A Filled 10+0/10", "ignored Overfill"]);
    let position = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(position, i128::from(lots(12).units()));
}

#[test]
fn a_fill_after_the_cancel_was_confirmed_reaches_client_and_position() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(&mut world, cancel("B", "A"));
    report(&mut world, ExecType::Canceled, 0);
    let events = report(&mut world, ExecType::Trade, 3);
    assert_eq!(events, ["trade 3 of A Canceled 3+0/10"]);
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["ignored ChildDone"]);
    let position = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(position, i128::from(lots(3).units()));
    let working = world
        .engine
        .working(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(working, (0, 0));
}

#[test]
fn a_late_fill_of_what_was_sent_elsewhere_is_ours_not_the_client_s() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    assert_eq!(report(&mut world, ExecType::Canceled, 0), ["child 10"]);
    let events = report_on(&mut world, 0, ExecType::Trade, 3);
    assert_eq!(events, ["ignored Overfill"]);
    let position = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(position, i128::from(lots(3).units()));
    let events = report(&mut world, ExecType::Trade, 10);
    assert_eq!(events, ["trade 10 of A Filled 10+0/10"]);
}

#[test]
fn a_held_order_is_sent_when_a_venue_comes_up() {
    let mut world = World::new(1);
    venues(&mut world, false);
    let events = new(&mut world, buy("A"));
    assert_eq!(events, ["accepted A New 0+10/10 held"]);
    assert_eq!(world.engine.orders_held(), 1);
    let venue = VenueId::new(2);
    let events = send(&mut world, Command::VenueState { venue, up: true });
    assert_eq!(events, ["child 10"]);
    assert_eq!(world.engine.orders_held(), 0);
}

#[test]
fn a_held_order_is_canceled_at_once() {
    let mut world = World::new(1);
    venues(&mut world, false);
    new(&mut world, buy("A"));
    let events = send(&mut world, cancel("B", "A"));
    assert_eq!(events, ["canceled B Canceled 0+0/10 (A)"]);
    assert_eq!(
        (world.engine.orders_held(), world.engine.wake_at()),
        (0, None)
    );
}

#[test]
fn what_works_at_a_venue_that_goes_down_is_left_alone() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    venues(&mut world, false);
    assert_eq!(world.engine.children_working(), 1);
    venues(&mut world, true);
    assert_eq!(world.children.len(), 1, "it is not sent twice");
}

#[test]
fn more_held_orders_than_one_outbox_holds_are_released_by_and_by() {
    let mut configure = support::configure(1, OnNoVenue::Hold);
    configure.orders_open_max = 500;
    let mut world = World::with(configure);
    let mut limits = support::session_limits(0);
    (limits.burst_max, limits.orders_open_max) = (1_000, 1_000);
    for change in limits.changes() {
        world.limit(change.scope, change.limit, change.value);
    }
    let mut limits = support::instrument_limits(0);
    limits.position_max = Qty::whole(1_000_000);
    for change in limits.changes() {
        world.limit(change.scope, change.limit, change.value);
    }
    venues(&mut world, false);
    for number in 0..300 {
        new(&mut world, buy(&format!("A{number}")));
    }
    let venue = VenueId::new(0);
    world.send(Command::VenueState { venue, up: true });
    assert_eq!(
        world.engine.wake_at(),
        Some(world.at),
        "there is more to do"
    );
    world.settle();
    assert_eq!((world.children.len(), world.engine.orders_held()), (300, 0));

    // A halt cancels them by and by as well, and nothing gets in meanwhile.
    world.send(Command::SetState(StateChange::halt(support::operator())));
    let events = new(&mut world, buy("B"));
    assert_eq!(events, ["rejected B Rejected 0+0/10 R001"]);
    world.settle();
    assert!(world.children.iter().all(|child| child.request.is_some()));
    // What is next is to ask what became of those.
    assert!(world.engine.wake_at() > Some(world.at));
}

#[test]
fn a_halt_cancels_everything_and_a_resume_brings_nothing_back() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let order = twap(&world, "B");
    new(&mut world, order);
    let events = send(
        &mut world,
        Command::SetState(StateChange::halt(support::operator())),
    );
    assert_eq!(events, ["halted", "child cancel", "child cancel"]);
    assert!(world.engine.halted());
    let events = report_on(&mut world, 0, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled A Canceled 0+0/10 (A)"]);
    assert_eq!(
        send(
            &mut world,
            Command::SetState(StateChange::resume(support::operator()))
        ),
        ["active"]
    );
    // The slices of B that come due are not sent.
    assert!(wake_after(&mut world, 15).is_empty());
    let events = report_on(&mut world, 1, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled B Canceled 0+0/10 (B)"]);
    assert_eq!(world.engine.orders_open(), 0);
}

#[test]
fn a_halt_refuses_a_replace_that_is_pending() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(&mut world, Command::Replace(replace("B", "A", lots(12))));
    let events = send(
        &mut world,
        Command::SetState(StateChange::halt(support::operator())),
    );
    assert_eq!(events, ["halted", "cancel rejected B (A) New R001"]);
    let events = send(&mut world, cancel("C", "A"));
    assert_eq!(events, ["pending cancel C PendingCancel 0+10/10 (A)"]);
    let events = report(&mut world, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled C Canceled 0+0/10 (A)"]);
}

#[test]
fn a_second_halt_asks_again_where_a_venue_refused_to_cancel() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    send(
        &mut world,
        Command::SetState(StateChange::halt(support::operator())),
    );
    assert!(refuse_cancel(&mut world, 0, CxlRejReason::Other).is_empty());
    let events = send(
        &mut world,
        Command::SetState(StateChange::halt(support::operator())),
    );
    assert_eq!(events, ["halted", "child cancel"]);
}

#[test]
fn twap_sends_equal_slices_in_time_and_expires_the_rest() {
    let mut world = World::new(1);
    let order = twap(&world, "A");
    // Ten lots in four: three, three, two, two.
    assert_eq!(
        new(&mut world, order),
        ["accepted A New 0+10/10", "child 3"]
    );
    assert_eq!(
        world.engine.wake_at(),
        Some(world.at.plus(Nanos::from_millis(10)))
    );
    assert!(wake_after(&mut world, 9).is_empty());
    assert_eq!(wake_after(&mut world, 1), ["child 3"]);
    report_on(&mut world, 0, ExecType::Trade, 3);
    assert_eq!(wake_after(&mut world, 10), ["child 2"]);
    assert_eq!(wake_after(&mut world, 10), ["child 2"]);
    let events = wake_after(&mut world, 10);
    assert_eq!(events, ["child cancel", "child cancel", "child cancel"]);
    report_on(&mut world, 1, ExecType::Canceled, 0);
    report_on(&mut world, 2, ExecType::Trade, 2);
    let events = report_on(&mut world, 3, ExecType::Canceled, 0);
    assert_eq!(events, ["expired A Expired 5+0/10"]);
    assert_eq!(world.engine.wake_at(), None);
}

#[test]
fn twap_makes_good_with_the_next_slice_what_a_venue_gave_back() {
    let mut world = World::new(1);
    let order = twap(&world, "A");
    new(&mut world, order);
    report(&mut world, ExecType::Trade, 1);
    assert!(report(&mut world, ExecType::Canceled, 0).is_empty());
    assert_eq!(
        wake_after(&mut world, 10),
        ["child 5"],
        "two of the first, three of this"
    );
    // A refusal is tried at another venue at once.
    assert_eq!(report(&mut world, ExecType::Rejected, 0), ["child 5"]);
    // Slices that were missed come together.
    assert_eq!(wake_after(&mut world, 25), ["child 4"]);
}

#[test]
fn twap_asks_again_every_second_where_a_venue_refused_to_cancel_at_the_end() {
    let mut world = World::new(1);
    let order = twap(&world, "A");
    new(&mut world, order);
    assert_eq!(wake_after(&mut world, 40), ["child cancel"]);
    refuse_cancel(&mut world, 0, CxlRejReason::Other);
    assert!(wake_after(&mut world, 999).is_empty());
    assert_eq!(wake_after(&mut world, 1), ["child cancel"]);
    let events = report(&mut world, ExecType::Trade, 3);
    assert_eq!(
        events,
        [
            "trade 3 of A PartiallyFilled 3+7/10",
            "expired A Expired 3+0/10"
        ]
    );
}

#[test]
fn twap_that_starts_later_waits_and_its_replace_needs_no_venue() {
    let mut world = World::new(1);
    let start = world.at.plus(Nanos::from_millis(20));
    let order = NewOrder {
        start,
        ..twap(&world, "A")
    };
    assert_eq!(new(&mut world, order), ["accepted A New 0+10/10"]);
    assert_eq!(world.engine.wake_at(), Some(start));
    let events = send(&mut world, Command::Replace(replace("B", "A", lots(8))));
    assert_eq!(events, ["replaced B New 0+8/8 (A)"]);
    assert_eq!(wake_after(&mut world, 20), ["child 2"]);
    let events = send(&mut world, Command::Replace(replace("C", "B", lots(3))));
    assert_eq!(events, ["cancel rejected C (B) New R022"]);
}

#[test]
fn a_quote_nobody_can_place_and_a_broken_configuration_are_named() {
    let mut world = World::new(1);
    let events = send(&mut world, Command::Quote(support::quote(9, 0, 0, 1)));
    assert_eq!(events, ["ignored UnknownQuote"]);
    let mut bad = support::instrument(0);
    bad.lot = Qty::ZERO;
    let events = send(&mut world, Command::DefineInstrument(bad));
    assert_eq!(events, ["ignored BadConfiguration"]);
    let mut bad = support::configure(1, OnNoVenue::Hold);
    bad.orders_open_max = u32::MAX;
    let events = send(&mut world, Command::Configure(bad));
    assert_eq!(events, ["ignored BadConfiguration"]);
}

#[test]
fn an_engine_without_configuration_survives_every_command() {
    let mut world = World::new(1);
    new(&mut world, buy("A"));
    let fill = world.report(0, ExecType::Trade, lots(4), 0);
    let mut bare = dcx_engine::Engine::new();
    std::mem::swap(&mut world.engine, &mut bare);
    let commands = [
        cancel("B", "A"),
        Command::Replace(replace("C", "A", lots(2))),
        status("A"),
        Command::VenueReport(fill),
        Command::Quote(support::quote(0, 0, 0, 1)),
        Command::DefineVenue(Venue {
            id: VenueId::new(0),
            name: VenueName::EMPTY,
            fee_centi_bps: 0,
            features: VenueFeatures::NONE,
        }),
        Command::VenueState {
            venue: VenueId::new(200),
            up: true,
        },
        Command::SessionState {
            session: SessionId::new(u16::MAX),
            link: SessionLink::Up,
        },
        Command::Wake,
        Command::SetState(StateChange::halt(support::operator())),
        Command::SetState(StateChange::resume(support::operator())),
        Command::Checkpoint,
    ];
    let mut outbox = dcx_engine::Outbox::new();
    for command in commands {
        world
            .engine
            .apply(world.at, Seq::new(1), &command, &mut outbox);
    }
    assert_eq!(world.engine.orders_open(), 0);
}

#[test]
fn a_late_fill_of_all_that_was_still_to_be_sent_ends_the_order() {
    let mut world = World::new(1);
    let order = twap(&world, "A");
    new(&mut world, order);
    let first = world.children[0].order.order_qty;
    assert!(first < lots(10));
    report(&mut world, ExecType::Canceled, 0);
    assert_eq!(world.children.len(), 1, "the next slice waits for its time");
    let events = report_on(&mut world, 0, ExecType::Trade, 10);
    assert_eq!(events, ["trade 10 of A Filled 10+0/10"]);
    assert_eq!(
        (world.engine.orders_open(), world.engine.wake_at()),
        (0, None)
    );
}

#[test]
fn a_refusal_repeats_what_was_asked() {
    let mut world = World::new(1);
    let order = NewOrder {
        session: SessionId::new(1),
        instrument: InstrumentId::new(1),
        side: Side::Sell,
        ord_type: OrdType::StopLimit,
        time_in_force: TimeInForce::Gtc,
        order_qty: Qty::whole(1_000_000),
        stop_px: Price::from_units(MID - 1_000).into(),
        flags: OrderFlags::REDUCE_ONLY,
        ..buy("A")
    };
    let events = world.send(Command::NewOrder(order));
    let [Event::Rejected { view, .. }] = events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (view.order, view.cl_ord_id),
        (OrderId::new(0), order.cl_ord_id)
    );
    assert_eq!(
        (view.session, view.instrument),
        (order.session, order.instrument)
    );
    assert_eq!((view.side, view.ord_type), (order.side, order.ord_type));
    assert_eq!(view.time_in_force, order.time_in_force);
    assert_eq!(
        (view.order_qty, view.limit_px),
        (order.order_qty, order.limit_px)
    );
    assert_eq!((view.stop_px, view.flags), (order.stop_px, order.flags));
    assert_eq!(view.ord_status, OrdStatus::Rejected);
}

#[test]
fn an_answer_about_an_unknown_order_repeats_the_question() {
    let mut world = World::new(1);
    let request = StatusRequest {
        session: SessionId::new(1),
        cl_ord_id: id("nobody"),
        instrument: InstrumentId::new(1),
        side: Side::Sell,
    };
    let events = world.send(Command::Status(request));
    let [Event::Status { view }] = events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (view.order, view.cl_ord_id),
        (OrderId::new(0), request.cl_ord_id)
    );
    assert_eq!(
        (view.session, view.instrument),
        (request.session, request.instrument)
    );
    assert_eq!(
        (view.side, view.ord_status),
        (request.side, OrdStatus::Rejected)
    );
}
