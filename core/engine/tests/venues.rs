//! What becomes of child orders whose venue does not answer, forgets, comes back, works orders of
//! nobody, or takes its word back.

#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

mod support;

use dcx_engine::VenueView;
use dcx_model::*;
use support::{LOT, MID, START, VENUES, World};

const V: VenueId = VenueId::new(0);

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

fn px(ticks: i64) -> Price {
    Price::from_units(MID + ticks * 1_000)
}

/// A world where only the first venue is up, and it has these features. It is asked after a
/// second, twice, and reconciled every minute.
fn world(features: VenueFeatures) -> World {
    world_with(features, OnOrphan::Report)
}

fn world_with(features: VenueFeatures, on_orphan: OnOrphan) -> World {
    let mut world = World::with(Configure {
        answer_timeout: Nanos::from_seconds(1),
        queries_max: 2,
        reconcile_interval: Nanos::from_seconds(60),
        on_orphan,
        house_session: SessionId::new(1),
        house_account: AccountId::new(1),
        ..support::configure(1, OnNoVenue::Hold)
    });
    for venue in 0..VENUES {
        let venue = VenueId::new(venue);
        world.send(Command::VenueState { venue, up: false });
        world.send(Command::DefineVenue(Venue {
            id: venue,
            name: "V".parse().unwrap(),
            fee_centi_bps: 0,
            features,
        }));
    }
    world.send(Command::VenueState { venue: V, up: true });
    world
}

/// A limit order to buy ten lots.
fn buy(world: &mut World, name: &str) -> Vec<String> {
    send(
        world,
        Command::NewOrder(NewOrder {
            cl_ord_id: name.parse().unwrap(),
            order_qty: lots(10),
            limit_px: px(0).into(),
            ..NewOrder::PLAIN
        }),
    )
}

fn cancel(world: &mut World, name: &str, orig: &str) -> Vec<String> {
    let request = CancelRequest {
        session: SessionId::new(0),
        cl_ord_id: name.parse().unwrap(),
        orig_cl_ord_id: orig.parse().unwrap(),
        transact_time: START,
    };
    send(world, Command::Cancel(request))
}

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
    let lots_of = |qty: &Qty| qty.units() / LOT.units();
    let ticks_of = |px: &Price| (px.units() - MID) / 1_000;
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
        Event::Trade {
            view,
            last_qty,
            last_px,
            ..
        } => format!(
            "trade {}@{} of {}",
            lots_of(last_qty),
            ticks_of(last_px),
            about(view)
        ),
        Event::TradeCanceled { view, last_qty, .. } => {
            format!("bust {} of {}", lots_of(last_qty), about(view))
        }
        Event::TradeCorrected {
            view,
            last_qty,
            last_px,
            ..
        } => format!(
            "correct {}@{} of {}",
            lots_of(last_qty),
            ticks_of(last_px),
            about(view)
        ),
        Event::Canceled { view, .. } => format!("canceled {}", about(view)),
        Event::PendingCancel { view, .. } => format!("pending cancel {}", about(view)),
        Event::Expired { view } => format!("expired {}", about(view)),
        Event::CancelRejected(rejected) => {
            format!("cancel rejected {}", rejected.ord_status.name())
        }
        Event::ChildSent(child) => format!("child {}", lots_of(&child.order_qty)),
        Event::ChildCancel(_) => "child cancel".into(),
        Event::OrphanCancel(cancel) => format!("orphan cancel {}", cancel.cl_ord_id),
        Event::ChildQuery(_) => "query".into(),
        Event::ChildUnknown { .. } => "unknown".into(),
        Event::VenueMassStatus { .. } => "mass status".into(),
        Event::VenueReconciled {
            working,
            unknown,
            orphans,
            ..
        } => format!("reconciled {working} working {unknown} unknown {orphans} orphans"),
        Event::VenueUnconfirmed { children, .. } => format!("unconfirmed {children}"),
        Event::Ignored { cause, .. } => format!("ignored {cause:?}"),
        Event::StateSet { state, .. } => state.name().to_owned(),
        other => format!("{other:?}"),
    }
}

fn send(world: &mut World, command: Command) -> Vec<String> {
    world.send(command).iter().map(line).collect()
}

/// Lets time pass, and wakes the engine if it wants that.
fn wait(world: &mut World, ms: u64) -> Vec<String> {
    let until = world.at.plus(Nanos::from_millis(ms));
    let mut lines = Vec::new();
    while let Some(at) = world.engine.wake_at().filter(|at| *at <= until) {
        world.at = world.at.max(at);
        lines.extend(send(world, Command::Wake));
    }
    world.at = until;
    lines
}

fn report(world: &mut World, ix: usize, exec_type: ExecType, filled: u64) -> Vec<String> {
    let report = world.report(ix, exec_type, lots(filled), 0);
    send(world, Command::VenueReport(report))
}

/// A venue's answer to a question about the `ix`th child.
fn answer(world: &mut World, ix: usize, status: OrdStatus, cum: u64) -> Vec<String> {
    let command = answer_at(world, ix, status, cum, 0);
    send(world, command)
}

fn answer_at(world: &World, ix: usize, status: OrdStatus, cum: u64, ticks: i64) -> Command {
    let child = &world.children[ix].order;
    Command::VenueReport(VenueReport {
        venue: child.venue,
        child: child.child,
        exec_id: "0".parse().unwrap(),
        exec_type: ExecType::OrderStatus,
        ord_status: status,
        cum_qty: lots(cum),
        leaves_qty: if status.is_terminal() {
            Qty::ZERO
        } else {
            child.order_qty.saturating_minus(lots(cum))
        },
        avg_px: if cum == 0 { Price::ZERO } else { px(ticks) },
        ..VenueReport::EMPTY
    })
}

/// A trade as its venue tells it: with the total after it.
fn trade(world: &mut World, ix: usize, id: &str, filled: u64, cum: u64) -> Vec<String> {
    let mut report = world.report(ix, ExecType::Trade, lots(filled), 0);
    report.exec_id = id.parse().unwrap();
    report.cum_qty = lots(cum);
    report.leaves_qty = world.children[ix]
        .order
        .order_qty
        .saturating_minus(lots(cum));
    send(world, Command::VenueReport(report))
}

/// Takes the trade `id` back, or puts another in its place.
fn amend(
    world: &World,
    (id, of): (&str, &str),
    after: (u64, i64),
    (status, leaves): (OrdStatus, u64),
) -> Command {
    let child = &world.children[0].order;
    let correct = after.0 > 0;
    Command::VenueReport(VenueReport {
        venue: child.venue,
        child: child.child,
        exec_id: id.parse().unwrap(),
        exec_type: if correct {
            ExecType::TradeCorrect
        } else {
            ExecType::TradeCancel
        },
        ord_status: status,
        last_qty: lots(after.0),
        last_px: if correct { px(after.1) } else { Price::ZERO },
        leaves_qty: lots(leaves),
        exec_ref_id: of.parse().unwrap(),
        ..VenueReport::EMPTY
    })
}

fn refuse_cancel(world: &mut World, reason: CxlRejReason) -> Vec<String> {
    let child = &world.children[0];
    let reject = VenueCancelReject {
        venue: child.order.venue,
        child: child.order.child,
        request: child.request.expect("a cancel was sent"),
        cxl_rej_reason: reason,
        ord_status: OrdStatus::New,
    };
    send(world, Command::VenueCancelReject(reject))
}

fn logon(world: &mut World) -> Vec<String> {
    send(world, Command::VenueState { venue: V, up: true })
}

fn logoff(world: &mut World) {
    let events = send(
        world,
        Command::VenueState {
            venue: V,
            up: false,
        },
    );
    assert!(events.is_empty());
}

fn mass_status_done(world: &mut World) -> Vec<String> {
    let asked = world.events.iter().rev().find_map(|event| match event {
        Event::VenueMassStatus { venue, request } => Some((*venue, *request)),
        _ => None,
    });
    let (venue, request) = asked.expect("the venue was asked");
    send(world, Command::VenueMassStatusDone { venue, request })
}

fn orphan(name: &str, cum: u64) -> Command {
    Command::Orphan(Orphan {
        venue: V,
        cl_ord_id: name.parse().unwrap(),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        order_qty: lots(10),
        limit_px: px(0).into(),
        cum_qty: lots(cum),
        avg_px: if cum == 0 { Price::ZERO } else { px(0) },
    })
}

fn position(world: &World, account: u32) -> i128 {
    let position = world
        .engine
        .position(AccountId::new(account), InstrumentId::new(0));
    position / i128::from(LOT.units())
}

/// What open orders of the account may still buy, in lots.
fn working(world: &World, account: u32) -> i128 {
    let working = world
        .engine
        .working(AccountId::new(account), InstrumentId::new(0));
    working.0 / i128::from(LOT.units())
}

fn view(world: &World) -> VenueView {
    world.engine.venues_view().next().expect("it is defined")
}

/// The journal is enough: it gives the same state.
fn replay(world: &World) {
    let (mut engine, mut outbox) = (dcx_engine::Engine::new(), dcx_engine::Outbox::new());
    let mut events = Vec::new();
    for (at, seq, command) in &world.journal {
        engine.apply(*at, *seq, command, &mut outbox);
        events.extend_from_slice(outbox.events());
    }
    assert_eq!(events, world.events);
    assert_eq!(engine.digest(), world.engine.digest());
}

#[test]
fn an_order_that_is_not_answered_is_asked_about_then_unknown_and_stays_reserved() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    assert!(wait(&mut world, 999).is_empty());
    assert_eq!(wait(&mut world, 1), ["query"]);
    assert!(wait(&mut world, 999).is_empty());
    assert_eq!(wait(&mut world, 1), ["query"]);
    assert_eq!(wait(&mut world, 1_000), ["unknown"]);
    assert_eq!((view(&world).working, view(&world).unknown), (1, 1));
    // Once is enough; from then on it is asked with all others.
    assert!(wait(&mut world, 50_000).is_empty());
    assert_eq!(wait(&mut world, 7_000), ["query"]);
    assert_eq!(
        wait(&mut world, 1_000),
        ["reconciled 0 working 1 unknown 0 orphans"]
    );
    assert_eq!((working(&world, 0), world.engine.orders_open()), (10, 1));
    // Whenever it speaks, that counts.
    assert!(report(&mut world, 0, ExecType::New, 0).is_empty());
    assert_eq!((view(&world).working, view(&world).unknown), (1, 0));
    assert_eq!(
        report(&mut world, 0, ExecType::Trade, 10),
        ["trade 10@0 of A Filled 10+0/10"]
    );
    assert_eq!(view(&world).working, 0);
    replay(&world);
}

#[test]
fn an_answered_order_is_not_asked_about() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    wait(&mut world, 900);
    report(&mut world, 0, ExecType::New, 0);
    assert!(wait(&mut world, 50_000).is_empty());
}

#[test]
fn a_venue_without_status_is_not_asked_only_reported() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    assert!(wait(&mut world, 2_999).is_empty());
    assert_eq!(wait(&mut world, 1), ["unknown"]);
    assert!(wait(&mut world, 600_000).is_empty());
    assert_eq!(working(&world, 0), 10);
    logoff(&mut world);
    assert_eq!(
        logon(&mut world),
        ["reconciled 0 working 1 unknown 0 orphans"]
    );
}

#[test]
fn many_unanswered_orders_are_asked_about_by_and_by() {
    let mut world = world(VenueFeatures::STATUS);
    for number in 0..30_u16 {
        let session = SessionId::new(number % 3 % 2);
        wait(&mut world, if number % 10 == 0 { 300 } else { 0 });
        world.send(Command::NewOrder(NewOrder {
            session,
            cl_ord_id: format!("A{number}").parse().unwrap(),
            order_qty: lots(1),
            limit_px: px(0).into(),
            ..NewOrder::PLAIN
        }));
    }
    let sent = world.children.len();
    assert!(sent >= 20, "more than one piece: {sent}");
    let asked = wait(&mut world, 1_000);
    assert_eq!(asked.len(), sent);
    assert!(asked.iter().all(|line| line == "query"));
}

#[test]
fn a_cancel_that_is_not_answered_is_asked_about_and_sent_again_where_the_order_works() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    cancel(&mut world, "B", "A");
    assert_eq!(wait(&mut world, 1_000), ["query"]);
    assert!(answer(&mut world, 0, OrdStatus::PendingCancel, 0).is_empty());
    assert_eq!(wait(&mut world, 1_000), ["query"]);
    assert_eq!(answer(&mut world, 0, OrdStatus::New, 0), ["child cancel"]);
    assert_eq!(
        report(&mut world, 0, ExecType::Canceled, 0),
        ["canceled B Canceled 0+0/10"]
    );
    assert_eq!(view(&world).working, 0);
}

#[test]
fn an_order_that_never_arrived_ends_as_refused_and_goes_elsewhere() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    let venue = VenueId::new(1);
    world.send(Command::VenueState { venue, up: true });
    wait(&mut world, 1_000);
    assert_eq!(answer(&mut world, 0, OrdStatus::Rejected, 0), ["child 10"]);
    assert_eq!(world.children[1].order.venue, venue);
    assert_eq!(working(&world, 0), 10);
}

#[test]
fn an_order_that_a_venue_forgot_is_unknown_not_refused() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    assert_eq!(answer(&mut world, 0, OrdStatus::Rejected, 0), ["unknown"]);
    assert!(
        answer(&mut world, 0, OrdStatus::Rejected, 0).is_empty(),
        "said once"
    );
    assert_eq!((view(&world).unknown, working(&world, 0)), (1, 10));
}

#[test]
fn a_missed_fill_is_taken_in_at_the_implied_price_and_its_trade_is_not_counted_again() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 2, 2);
    // Two at 0 and three at 10 make five at 6.
    let command = answer_at(&world, 0, OrdStatus::PartiallyFilled, 5, 6);
    assert_eq!(
        send(&mut world, command),
        [
            "ignored FillMissed",
            "trade 3@10 of A PartiallyFilled 5+5/10"
        ]
    );
    assert_eq!(
        trade(&mut world, 0, "T2", 2, 4),
        ["ignored DuplicateExecId"]
    );
    assert_eq!(
        trade(&mut world, 0, "T3", 4, 8),
        ["trade 3@0 of A PartiallyFilled 8+2/10"],
        "one of four was known"
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (8, 2));
    // What an older answer says changes nothing.
    assert!(answer(&mut world, 0, OrdStatus::PartiallyFilled, 5).is_empty());
    assert_eq!(
        trade(&mut world, 0, "T2", 2, 4),
        ["ignored DuplicateExecId"]
    );
    replay(&world);
}

#[test]
fn what_a_canceled_order_filled_unheard_is_taken_in_before_the_rest_goes_elsewhere() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    let venue = VenueId::new(1);
    world.send(Command::VenueState { venue, up: true });
    let mut report = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    report.cum_qty = lots(4);
    report.avg_px = px(0);
    assert_eq!(
        send(&mut world, Command::VenueReport(report)),
        [
            "ignored FillMissed",
            "trade 4@0 of A PartiallyFilled 4+6/10",
            "child 6"
        ]
    );
    assert_eq!(
        trade(&mut world, 0, "T1", 4, 4),
        ["ignored DuplicateExecId"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (4, 6));
}

/// A market order for ten lots, and the answer that so much of it is filled, without a price.
fn market_order(world: &mut World) {
    let order = NewOrder {
        cl_ord_id: "M".parse().unwrap(),
        ord_type: OrdType::Market,
        limit_px: LimitPx::NONE,
        order_qty: lots(10),
        ..NewOrder::PLAIN
    };
    send(world, Command::NewOrder(order));
}

fn unpriced(world: &World, status: OrdStatus, cum: u64) -> Command {
    match answer_at(world, 0, status, cum, 0) {
        Command::VenueReport(report) => Command::VenueReport(VenueReport {
            avg_px: Price::ZERO,
            ..report
        }),
        other => other,
    }
}

#[test]
fn a_missed_fill_without_a_price_is_guessed_from_the_market_when_it_was_sent_and_flagged() {
    let mut world = world(VenueFeatures::STATUS);
    world.send(Command::Quote(support::quote(0, 0, 4, 2)));
    market_order(&mut world);
    world.send(Command::Quote(support::quote(0, 0, 9, 2)));
    let answer = unpriced(&world, OrdStatus::Filled, 10);
    assert_eq!(
        send(&mut world, answer),
        ["ignored FillPriceGuessed", "trade 10@5 of M Filled 10+0/10"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (10, 0));
    replay(&world);
}

#[test]
fn a_missed_fill_that_nothing_gives_a_price_for_is_unknown_until_something_does() {
    // It is taken by its previous close, and nobody quotes.
    let mut world = world(VenueFeatures::STATUS);
    market_order(&mut world);
    let answer = unpriced(&world, OrdStatus::Filled, 10);
    let said = send(&mut world, answer);
    assert_eq!(said, ["ignored FillPriceUnknown", "unknown"]);
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    let again = send(&mut world, answer);
    assert_eq!(again, ["ignored FillPriceUnknown"], "unknown is said once");
    world.send(Command::Quote(support::quote(0, 0, 9, 2)));
    assert_eq!(
        send(&mut world, answer),
        [
            "ignored FillPriceGuessed",
            "trade 10@10 of M Filled 10+0/10"
        ]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (10, 0));
}

#[test]
fn nothing_goes_elsewhere_for_what_a_venue_may_have_filled_at_an_unknown_price() {
    let mut world = world(VenueFeatures::STATUS);
    market_order(&mut world);
    let venue = VenueId::new(1);
    world.send(Command::VenueState { venue, up: true });
    let mut report = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    report.cum_qty = lots(4);
    let said = send(&mut world, Command::VenueReport(report));
    assert_eq!(said, ["ignored FillPriceUnknown", "unknown"]);
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    // Its trade has a price, and is a trade like any other.
    let told = trade(&mut world, 0, "T1", 4, 4);
    assert_eq!(told, ["trade 4@0 of M PartiallyFilled 4+6/10"]);
}

#[test]
fn an_answer_that_an_order_is_over_ends_it() {
    let ends = [
        (OrdStatus::Filled, 10, "trade 10@0 of A Filled 10+0/10"),
        (OrdStatus::Expired, 0, "expired A Expired 0+0/10"),
        (OrdStatus::DoneForDay, 0, "expired A Expired 0+0/10"),
    ];
    for (status, cum, last) in ends {
        let mut world = world(VenueFeatures::STATUS);
        buy(&mut world, "A");
        let events = answer(&mut world, 0, status, cum);
        assert_eq!(events.last().map(String::as_str), Some(last));
        assert_eq!((view(&world).working, world.engine.orders_open()), (0, 0));
    }
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    cancel(&mut world, "B", "A");
    assert_eq!(
        answer(&mut world, 0, OrdStatus::Canceled, 4),
        [
            "ignored FillMissed",
            "trade 4@0 of A PendingCancel 4+6/10",
            "canceled B Canceled 4+0/10"
        ]
    );
}

#[test]
fn an_answer_with_less_left_than_we_believe_is_told_to_whoever_watches() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    let Command::VenueReport(mut less) = answer_at(&world, 0, OrdStatus::New, 0, 0) else {
        unreachable!()
    };
    less.leaves_qty = lots(4);
    assert_eq!(
        send(&mut world, Command::VenueReport(less)),
        ["ignored BadReport"]
    );
}

#[test]
fn nothing_is_sent_to_a_venue_from_its_logon_until_it_is_reconciled() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    logoff(&mut world);
    buy(&mut world, "B");
    assert_eq!(logon(&mut world), ["query"]);
    assert!(view(&world).settling);
    assert_eq!(buy(&mut world, "C"), ["accepted C New 0+10/10 held"]);
    assert_eq!(
        answer(&mut world, 0, OrdStatus::New, 0),
        [
            "reconciled 1 working 0 unknown 0 orphans",
            "child 10",
            "child 10"
        ]
    );
    assert!(!view(&world).settling);
    replay(&world);
}

#[test]
fn a_venue_that_does_not_answer_after_its_logon_is_unknown_and_traded_on() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    logoff(&mut world);
    assert_eq!(logon(&mut world), ["query"]);
    buy(&mut world, "B");
    assert_eq!(wait(&mut world, 1_000), ["query"]);
    assert_eq!(
        wait(&mut world, 1_000),
        [
            "unknown",
            "reconciled 0 working 1 unknown 0 orphans",
            "child 10"
        ]
    );
}

#[test]
fn a_logoff_ends_the_round_and_the_next_logon_begins_another() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    logoff(&mut world);
    logon(&mut world);
    logoff(&mut world);
    assert!(!view(&world).settling);
    // It was asked and did not answer, wherever the question went.
    assert_eq!(wait(&mut world, 2_000), ["unknown"]);
    assert_eq!(logon(&mut world), ["query"]);
    assert_eq!(
        answer(&mut world, 0, OrdStatus::New, 0),
        ["reconciled 1 working 0 unknown 0 orphans"]
    );
}

#[test]
fn what_a_mass_status_does_not_mention_is_asked_about_one_by_one() {
    let mut world = world(VenueFeatures::STATUS.with(VenueFeatures::MASS_STATUS));
    for name in ["A", "B"] {
        buy(&mut world, name);
    }
    report(&mut world, 0, ExecType::New, 0);
    report(&mut world, 1, ExecType::New, 0);
    logoff(&mut world);
    assert_eq!(logon(&mut world), ["mass status"]);
    assert!(answer(&mut world, 0, OrdStatus::New, 0).is_empty());
    assert_eq!(send(&mut world, orphan("X", 0)), ["ignored OrphanLeft"]);
    assert!(
        send(&mut world, orphan("X", 0)).is_empty(),
        "once for each round"
    );
    assert_eq!(mass_status_done(&mut world), ["query"]);
    let child = world.children[1].order.child;
    assert!(matches!(world.events.last(), Some(Event::ChildQuery(q)) if q.child == child));
    assert_eq!(
        answer(&mut world, 1, OrdStatus::Rejected, 0),
        ["unknown", "reconciled 1 working 1 unknown 1 orphans"]
    );
    // The next round finds it again.
    assert_eq!(wait(&mut world, 60_000), ["mass status"]);
    assert!(answer(&mut world, 1, OrdStatus::New, 0).is_empty());
    assert!(answer(&mut world, 0, OrdStatus::New, 0).is_empty());
    assert_eq!(send(&mut world, orphan("X", 0)), ["ignored OrphanLeft"]);
    assert_eq!(
        mass_status_done(&mut world),
        ["reconciled 2 working 0 unknown 1 orphans"]
    );
    assert!(mass_status_done(&mut world).is_empty(), "it is over");
    replay(&world);
}

#[test]
fn an_order_sent_while_a_mass_status_is_answered_is_not_missed_by_it() {
    let mut world = world(VenueFeatures::STATUS.with(VenueFeatures::MASS_STATUS));
    logoff(&mut world);
    assert_eq!(logon(&mut world), ["mass status"]);
    assert_eq!(buy(&mut world, "A"), ["accepted A New 0+10/10", "child 10"]);
    report(&mut world, 0, ExecType::New, 0);
    assert_eq!(
        mass_status_done(&mut world),
        ["reconciled 1 working 0 unknown 0 orphans"]
    );
}

#[test]
fn a_mass_status_that_is_never_done_is_given_up_and_each_order_is_asked_about() {
    let mut world = world(VenueFeatures::STATUS.with(VenueFeatures::MASS_STATUS));
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    logoff(&mut world);
    logon(&mut world);
    assert!(wait(&mut world, 2_999).is_empty());
    assert_eq!(wait(&mut world, 1), ["query"]);
    // An answer that comes after that is for nobody.
    assert!(mass_status_done(&mut world).is_empty());
    assert_eq!(
        answer(&mut world, 0, OrdStatus::New, 0),
        ["reconciled 1 working 0 unknown 0 orphans"]
    );
}

#[test]
fn an_orphan_is_canceled_once_for_each_round() {
    let mut world = world_with(VenueFeatures::MASS_STATUS, OnOrphan::Cancel);
    assert_eq!(send(&mut world, orphan("X", 0)), ["orphan cancel X"]);
    assert!(send(&mut world, orphan("X", 2)).is_empty());
    wait(&mut world, 60_000);
    assert_eq!(send(&mut world, orphan("X", 2)), ["orphan cancel X"]);
    assert_eq!(position(&world, 0) + position(&world, 1), 0);
}

#[test]
fn an_orphan_is_adopted_as_an_order_of_the_house_filled_part_included() {
    let mut world = world_with(
        VenueFeatures::MASS_STATUS.with(VenueFeatures::STATUS),
        OnOrphan::Adopt,
    );
    let events: Vec<String> = adopt(&mut world, "X", 2);
    assert_eq!(
        events,
        [
            "accepted X New 0+10/10",
            "ignored FillMissed",
            "trade 2@0 of X PartiallyFilled 2+8/10"
        ]
    );
    assert_eq!((position(&world, 1), working(&world, 1)), (2, 8));
    // It is followed by its name, cancelled by its name, and known by that of its cancel.
    assert_eq!(
        adopt(&mut world, "X", 5),
        [
            "ignored FillMissed",
            "trade 3@0 of X PartiallyFilled 5+5/10"
        ]
    );
    let request = CancelRequest {
        session: SessionId::new(1),
        cl_ord_id: "Y".parse().unwrap(),
        orig_cl_ord_id: "X".parse().unwrap(),
        transact_time: START,
    };
    let events = apply(&mut world, Command::Cancel(request));
    assert_eq!(
        events.iter().map(line).collect::<Vec<_>>(),
        ["pending cancel Y PendingCancel 5+5/10", "orphan cancel X"]
    );
    let Some(Event::OrphanCancel(cancel)) = events.last() else {
        unreachable!()
    };
    let report = VenueReport {
        venue: V,
        child: cancel.request,
        exec_id: "C".parse().unwrap(),
        exec_type: ExecType::Canceled,
        ord_status: OrdStatus::Canceled,
        ..VenueReport::EMPTY
    };
    let events = apply(&mut world, Command::VenueReport(report));
    assert_eq!(
        events.iter().map(line).collect::<Vec<_>>(),
        ["canceled Y Canceled 5+0/10"]
    );
    assert_eq!((working(&world, 1), view(&world).working), (0, 0));
}

/// Applies a command past the support's books, which know no orders that nobody sent.
fn apply(world: &mut World, command: Command) -> Vec<Event> {
    world.seq = world.seq.next();
    world
        .engine
        .apply(world.at, world.seq, &command, &mut world.outbox);
    world.outbox.events().to_vec()
}

fn adopt(world: &mut World, name: &str, cum: u64) -> Vec<String> {
    apply(world, orphan(name, cum)).iter().map(line).collect()
}

#[test]
fn an_orphan_with_a_number_of_ours_is_adopted_under_it_and_filled_like_any_other() {
    let mut world = world_with(VenueFeatures::STATUS, OnOrphan::Adopt);
    // A number that an earlier life gave.
    let number = (START.seconds() << 20) - 7;
    assert_eq!(
        adopt(&mut world, &number.to_string(), 0),
        [format!("accepted {number} New 0+10/10")]
    );
    let report = VenueReport {
        venue: V,
        child: ChildId::new(number),
        exec_id: "T1".parse().unwrap(),
        exec_type: ExecType::Trade,
        ord_status: OrdStatus::Filled,
        last_qty: lots(10),
        last_px: px(0),
        cum_qty: lots(10),
        ..VenueReport::EMPTY
    };
    let events = apply(&mut world, Command::VenueReport(report));
    let lines: Vec<String> = events.iter().map(line).collect();
    assert_eq!(lines, [format!("trade 10@0 of {number} Filled 10+0/10")]);
    assert_eq!(position(&world, 1), 10);
    // A number that we may still give is a foreign name.
    let number = (START.seconds() << 20) + 1_000;
    adopt(&mut world, &number.to_string(), 0);
    let fill = VenueReport {
        child: ChildId::new(number),
        ..report
    };
    let events = apply(&mut world, Command::VenueReport(fill));
    assert_eq!(
        events.iter().map(line).collect::<Vec<_>>(),
        ["ignored UnknownChild"]
    );
}

#[test]
fn an_orphan_that_no_order_can_be_made_of_is_left_and_reported() {
    let mut world = world_with(VenueFeatures::STATUS, OnOrphan::Adopt);
    let Command::Orphan(good) = orphan("X", 0) else {
        unreachable!()
    };
    let bad = [
        Orphan {
            instrument: InstrumentId::new(99),
            ..good
        },
        Orphan {
            cl_ord_id: "B".parse().unwrap(),
            limit_px: LimitPx::NONE,
            ..good
        },
        Orphan {
            cl_ord_id: "C".parse().unwrap(),
            cum_qty: lots(10),
            ..good
        },
    ];
    for orphan in bad {
        assert_eq!(
            send(&mut world, Command::Orphan(orphan)),
            ["ignored OrphanLeft"]
        );
    }
    world.send(Command::SetState(StateChange::halt(support::operator())));
    let late = orphan("D", 0);
    assert_eq!(send(&mut world, late), ["orphan cancel D"]);
    assert_eq!(world.engine.orders_open(), 0);
}

#[test]
fn an_order_that_a_venue_works_after_we_took_it_for_done_is_an_orphan() {
    for (on_orphan, expected) in [
        (OnOrphan::Report, "ignored OrphanLeft"),
        (OnOrphan::Cancel, "orphan cancel"),
        (OnOrphan::Adopt, "orphan cancel"),
    ] {
        let mut world = world_with(VenueFeatures::STATUS, on_orphan);
        buy(&mut world, "A");
        report(&mut world, 0, ExecType::Rejected, 0);
        let events = answer(&mut world, 0, OrdStatus::New, 0);
        assert!(events[0].starts_with(expected), "{events:?}");
        if on_orphan != OnOrphan::Report {
            let name = world.children[0].order.child.to_string();
            assert_eq!(events, [format!("orphan cancel {name}")]);
        }
    }
}

#[test]
fn a_report_about_a_working_order_of_nobody_is_counted_as_an_orphan() {
    let mut world = world(VenueFeatures::MASS_STATUS);
    logoff(&mut world);
    logon(&mut world);
    let report = VenueReport {
        venue: V,
        child: ChildId::new(77),
        ..VenueReport::EMPTY
    };
    assert_eq!(
        send(&mut world, Command::VenueReport(report)),
        ["ignored OrphanLeft"]
    );
    assert_eq!(
        mass_status_done(&mut world),
        ["reconciled 0 working 0 unknown 1 orphans"]
    );
}

#[test]
fn after_a_halt_every_venue_that_did_not_confirm_is_reported() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    buy(&mut world, "B");
    wait(&mut world, 10);
    world.send(Command::SetState(StateChange::halt(support::operator())));
    assert_eq!(
        report(&mut world, 0, ExecType::Canceled, 0),
        ["canceled A Canceled 0+0/10"]
    );
    assert!(wait(&mut world, 2_999).is_empty());
    assert_eq!(wait(&mut world, 1), ["unknown", "unconfirmed 1"]);
    assert_eq!(view(&world).unconfirmed, 1);
    assert_eq!(
        report(&mut world, 1, ExecType::Canceled, 0),
        ["canceled B Canceled 0+0/10"]
    );
    assert_eq!(view(&world).unconfirmed, 0);
    assert_eq!(world.engine.wake_at(), None);
}

#[test]
fn what_still_works_after_a_halt_because_its_cancel_was_refused_is_canceled_again() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    world.send(Command::SetState(StateChange::halt(support::operator())));
    let first = world.children[0].request;
    refuse_cancel(&mut world, CxlRejReason::Other);
    let answer = VenueReport {
        venue: V,
        child: world.children[0].order.child,
        exec_type: ExecType::OrderStatus,
        ord_status: OrdStatus::New,
        leaves_qty: lots(10),
        ..VenueReport::EMPTY
    };
    let events = world.send(Command::VenueReport(answer));
    let again = events.iter().find_map(|event| match event {
        Event::ChildCancel(cancel) => Some(cancel.request),
        _ => None,
    });
    assert!(again.is_some() && again != first, "{events:?}");
    let events = world.send(Command::VenueReport(answer));
    assert!(events.is_empty(), "one is on its way: {events:?}");
    assert_eq!(
        report(&mut world, 0, ExecType::Canceled, 0),
        ["canceled A Canceled 0+0/10"]
    );
    replay(&world);
}

#[test]
fn a_halt_that_is_confirmed_in_time_is_reported_by_nothing() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    world.send(Command::SetState(StateChange::halt(support::operator())));
    report(&mut world, 0, ExecType::Canceled, 0);
    assert_eq!(world.engine.wake_at(), None);
    assert!(wait(&mut world, 10_000).is_empty());
}

#[test]
fn a_bust_of_a_working_order_takes_its_quantity_back_and_sends_it_again() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 4, 4);
    let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::New, 6));
    assert_eq!(
        send(&mut world, bust),
        ["bust 4 of A New 0+10/10", "child 4"],
        "the venue does not work it again"
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    assert_eq!(send(&mut world, bust), ["ignored DuplicateExecId"]);
    let again = amend(&world, ("X2", "T1"), (0, 0), (OrdStatus::New, 6));
    assert_eq!(send(&mut world, again), ["ignored UnknownTrade"]);
    let other = amend(&world, ("X3", "T9"), (0, 0), (OrdStatus::New, 6));
    assert_eq!(send(&mut world, other), ["ignored UnknownTrade"]);
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    replay(&world);
}

#[test]
fn a_bust_leaves_room_for_a_trade_that_the_venue_counts_and_has_not_told_of() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T2", 6, 10);
    let Command::VenueReport(bust) = amend(
        &world,
        ("X1", "T2"),
        (0, 0),
        (OrdStatus::PartiallyFilled, 6),
    ) else {
        panic!("a bust is a report")
    };
    let bust = VenueReport {
        cum_qty: lots(4),
        ..bust
    };
    assert_eq!(
        send(&mut world, Command::VenueReport(bust)),
        ["bust 6 of A New 0+10/10"],
        "the four lots are filled at the venue and sent nowhere else"
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    assert_eq!(
        trade(&mut world, 0, "T1", 4, 4),
        ["trade 4@0 of A PartiallyFilled 4+6/10"]
    );
    assert_eq!(
        trade(&mut world, 0, "T3", 6, 10),
        ["trade 6@0 of A Filled 10+0/10"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (10, 0));
    replay(&world);
}

#[test]
fn what_a_venue_works_again_after_a_bust_is_canceled_where_the_order_is_over() {
    let mut world = world_with(VenueFeatures::NONE, OnOrphan::Cancel);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 4, 4);
    cancel(&mut world, "C", "A");
    assert_eq!(
        report(&mut world, 0, ExecType::Canceled, 0),
        ["canceled C Canceled 4+0/10"]
    );
    let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::New, 4));
    let lines = send(&mut world, bust);
    let [told, canceled] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!(told, "bust 4 of A Canceled 0+0/10");
    assert!(canceled.starts_with("orphan cancel"), "{canceled}");
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 0));
    replay(&world);
}

#[test]
fn what_a_bust_reopens_at_a_venue_in_a_halt_is_canceled_also_where_orphans_are_only_reported() {
    let account = Scope::Account(AccountId::new(0));
    for scope in [None, Some(Scope::Firm), Some(account)] {
        let mut world = world_with(VenueFeatures::STATUS, OnOrphan::Report);
        buy(&mut world, "A");
        trade(&mut world, 0, "T1", 10, 10);
        if let Some(scope) = scope {
            let halt = StateChange::halt(support::operator());
            world.send(Command::SetState(StateChange { scope, ..halt }));
        }
        let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::New, 10));
        let lines = send(&mut world, bust);
        let canceled = lines.iter().any(|line| line.starts_with("orphan cancel"));
        assert_eq!(canceled, scope.is_some(), "{scope:?} {lines:?}");
        assert_eq!(position(&world, 0), 0);
    }
}

#[test]
fn a_trade_that_is_told_after_its_bust_is_not_counted() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::New, 10));
    assert_eq!(send(&mut world, bust), ["ignored UnknownTrade"]);
    assert_eq!(
        trade(&mut world, 0, "T1", 4, 4),
        ["ignored DuplicateExecId"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    replay(&world);
}

#[test]
fn a_bust_of_a_trade_that_only_an_answer_counted_takes_that_back() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    let answer = VenueReport {
        venue: V,
        child: world.children[0].order.child,
        exec_type: ExecType::OrderStatus,
        ord_status: OrdStatus::PartiallyFilled,
        cum_qty: lots(4),
        leaves_qty: lots(6),
        avg_px: px(0),
        ..VenueReport::EMPTY
    };
    send(&mut world, Command::VenueReport(answer));
    assert_eq!((position(&world, 0), working(&world, 0)), (4, 6));
    let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::New, 10));
    assert_eq!(send(&mut world, bust), ["bust 4 of A New 0+10/10"]);
    assert_eq!(
        trade(&mut world, 0, "T1", 4, 4),
        ["ignored DuplicateExecId"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    replay(&world);
}

#[test]
fn a_correction_of_a_trade_that_was_never_told_counts_once() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    let Command::VenueReport(correct) = amend(
        &world,
        ("X1", "T1"),
        (4, 3),
        (OrdStatus::PartiallyFilled, 6),
    ) else {
        panic!("a correction is a report")
    };
    let correct = VenueReport {
        cum_qty: lots(4),
        ..correct
    };
    assert_eq!(
        send(&mut world, Command::VenueReport(correct)),
        ["trade 4@3 of A PartiallyFilled 4+6/10"]
    );
    assert_eq!(
        trade(&mut world, 0, "T1", 4, 4),
        ["ignored DuplicateExecId"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (4, 6));
    replay(&world);
}

#[test]
fn a_bust_refers_to_the_event_that_told_of_the_trade() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 4, 4);
    let seq = world.seq;
    let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::New, 10));
    let events = world.send(bust);
    let [Event::TradeCanceled { trade, last_px, .. }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((*trade, *last_px), (EventRef { seq, ix: 0 }, px(0)));
}

#[test]
fn a_filled_order_whose_trade_is_busted_goes_on_where_its_venue_works_it_again() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 4, 4);
    trade(&mut world, 0, "T2", 6, 10);
    assert_eq!(world.engine.orders_open(), 0);
    let bust = amend(
        &world,
        ("X1", "T1"),
        (0, 0),
        (OrdStatus::PartiallyFilled, 4),
    );
    assert_eq!(
        send(&mut world, bust),
        ["bust 4 of A PartiallyFilled 6+4/10"]
    );
    assert_eq!((world.engine.orders_open(), view(&world).working), (1, 1));
    assert_eq!((position(&world, 0), working(&world, 0)), (6, 4));
    assert_eq!(
        trade(&mut world, 0, "T3", 4, 10),
        ["trade 4@0 of A Filled 10+0/10"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (10, 0));
    assert_eq!(world.engine.orders_open(), 0);
    replay(&world);
}

#[test]
fn a_filled_order_whose_trade_is_busted_ends_canceled_where_nothing_works_again() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 4, 4);
    trade(&mut world, 0, "T2", 6, 10);
    let bust = amend(&world, ("X1", "T1"), (0, 0), (OrdStatus::Canceled, 0));
    assert_eq!(send(&mut world, bust), ["bust 4 of A Canceled 6+0/10"]);
    assert_eq!((position(&world, 0), working(&world, 0)), (6, 0));
    assert_eq!(view(&world).working, 0);
}

#[test]
fn a_correction_changes_price_and_quantity_and_may_itself_be_busted() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 4, 4);
    let correct = amend(
        &world,
        ("X1", "T1"),
        (6, 3),
        (OrdStatus::PartiallyFilled, 4),
    );
    assert_eq!(
        send(&mut world, correct),
        ["correct 6@3 of A PartiallyFilled 6+4/10"]
    );
    assert_eq!((position(&world, 0), working(&world, 0)), (6, 4));
    let order = world.children[0].order.order;
    let avg_px = world.engine.order(order).map(|view| view.avg_px);
    assert_eq!(avg_px, Some(px(3)));
    let bust = amend(&world, ("X2", "X1"), (0, 0), (OrdStatus::New, 10));
    assert_eq!(send(&mut world, bust), ["bust 6 of A New 0+10/10"]);
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
}

#[test]
fn a_correction_beyond_the_order_is_ours_and_not_the_client_s() {
    let mut world = world(VenueFeatures::NONE);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 10, 10);
    let correct = amend(&world, ("X1", "T1"), (12, 0), (OrdStatus::Filled, 0));
    assert_eq!(
        send(&mut world, correct),
        ["correct 10@0 of A Filled 10+0/10", "ignored Overfill"]
    );
    assert_eq!(position(&world, 0), 12);
}

#[test]
fn a_late_fill_after_a_cancel_was_refused_as_too_late_ends_the_wait() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    cancel(&mut world, "B", "A");
    assert_eq!(
        refuse_cancel(&mut world, CxlRejReason::TooLate),
        ["cancel rejected New"]
    );
    // The fill that made it too late has not come: it is asked for.
    assert_eq!(wait(&mut world, 1_000), ["query"]);
    assert_eq!(
        report(&mut world, 0, ExecType::Trade, 10),
        ["trade 10@0 of A Filled 10+0/10"]
    );
    assert_eq!(view(&world).working, 0);
}

#[test]
fn a_suspended_and_a_stopped_order_stay_where_they_are() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    for exec_type in [ExecType::Suspended, ExecType::Stopped, ExecType::Restated] {
        assert!(report(&mut world, 0, exec_type, 0).is_empty());
        assert_eq!((view(&world).working, working(&world, 0)), (1, 10));
    }
    assert!(wait(&mut world, 50_000).is_empty(), "nothing is owed");
}

#[test]
fn an_adopted_order_is_its_venue_s_own_and_has_a_number_of_its_own() {
    let mut world = world_with(VenueFeatures::STATUS, OnOrphan::Adopt);
    let venue = VenueId::new(1);
    world.send(Command::VenueState { venue, up: true });
    let Command::Orphan(of_v) = orphan("X", 0) else {
        unreachable!()
    };
    let of_another = Orphan {
        venue,
        instrument: InstrumentId::new(1),
        side: Side::Sell,
        limit_px: px(3).into(),
        ..of_v
    };
    let events = apply(&mut world, Command::Orphan(of_another));
    let Some(Event::Accepted { view: adopted, .. }) = events.first() else {
        panic!("{events:?}")
    };
    assert_eq!(adopted.instrument, of_another.instrument);
    assert_eq!((adopted.side, adopted.limit_px), (Side::Sell, px(3).into()));
    let working = world
        .engine
        .working(AccountId::new(1), InstrumentId::new(1));
    assert_eq!(working, (0, i128::from(lots(10).units())));
    buy(&mut world, "A");
    let told: Vec<_> = world.told.keys().collect();
    assert!(
        told.iter().all(|order| **order != adopted.order),
        "an OrderID is given once"
    );
    let request = CancelRequest {
        session: SessionId::new(1),
        cl_ord_id: "Y".parse().unwrap(),
        orig_cl_ord_id: "X".parse().unwrap(),
        transact_time: START,
    };
    let events = apply(&mut world, Command::Cancel(request));
    let Some(Event::OrphanCancel(cancel)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!((cancel.venue, cancel.side), (venue, Side::Sell));
    assert_eq!(cancel.instrument, of_another.instrument);
    assert_eq!(cancel.order_qty, of_another.order_qty);
}

#[test]
fn what_is_adopted_in_the_end_leaves_what_was_left_before_it_alone() {
    let mut world = world_with(VenueFeatures::STATUS, OnOrphan::Adopt);
    let Command::Orphan(good) = orphan("X", 0) else {
        unreachable!()
    };
    let filled = |name: &str| Orphan {
        cl_ord_id: name.parse().unwrap(),
        cum_qty: lots(10),
        ..good
    };
    for name in ["Z", "X"] {
        let events = apply(&mut world, Command::Orphan(filled(name)));
        assert_eq!(
            events.iter().map(line).collect::<Vec<_>>(),
            ["ignored OrphanLeft"]
        );
    }
    // In the next round of questions X is one that an order can be made of.
    let round = wait(&mut world, 60_000);
    assert_eq!(
        adopt(&mut world, "X", 0),
        ["accepted X New 0+10/10"],
        "{round:?}"
    );
    // Z is left once more for this round, and not again.
    let again = |world: &mut World| apply(world, Command::Orphan(filled("Z"))).len();
    assert_eq!((again(&mut world), again(&mut world)), (1, 0));
    // X is known by its adopted self.
    assert_eq!(
        adopt(&mut world, "X", 2),
        [
            "ignored FillMissed",
            "trade 2@0 of X PartiallyFilled 2+8/10"
        ]
    );
}

#[test]
fn a_corrected_price_counts_to_what_a_missed_fill_must_have_cost() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 2, 2);
    trade(&mut world, 0, "T2", 2, 4);
    let status = (OrdStatus::PartiallyFilled, 6);
    let correct = amend(&world, ("X1", "T1"), (2, -4), status);
    send(&mut world, correct);
    // Six lots at an average of -2 ticks: two at -4, two at 0, so the others cost -2.
    let told = answer_at(&world, 0, OrdStatus::PartiallyFilled, 6, -2);
    assert_eq!(
        send(&mut world, told),
        [
            "ignored FillMissed",
            "trade 2@-2 of A PartiallyFilled 6+4/10"
        ]
    );
}

#[test]
fn a_correction_of_the_price_alone_brings_no_filled_child_back() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    trade(&mut world, 0, "T1", 10, 10);
    // A venue that says it works what it has filled contradicts itself.
    let correct = amend(
        &world,
        ("X1", "T1"),
        (10, -4),
        (OrdStatus::PartiallyFilled, 5),
    );
    assert_eq!(
        send(&mut world, correct),
        ["correct 10@-4 of A Filled 10+0/10", "ignored OrphanLeft"]
    );
    assert_eq!(
        (world.engine.children_working(), working(&world, 0)),
        (0, 0)
    );
}

/// A moment of the venue's own clock.
fn told_at(command: Command, second: u64) -> Command {
    match command {
        Command::VenueReport(report) => Command::VenueReport(VenueReport {
            transact_time: UnixNanos::from_seconds(second),
            ..report
        }),
        other => other,
    }
}

fn late_trade(
    world: &mut World,
    id: &str,
    (filled, cum): (u64, u64),
    (ticks, second): (i64, u64),
) -> Vec<String> {
    let mut report = world.report(0, ExecType::Trade, lots(filled), ticks);
    report.exec_id = id.parse().unwrap();
    report.cum_qty = lots(cum);
    report.leaves_qty = lots(10 - cum);
    send(world, told_at(Command::VenueReport(report), second))
}

/// Takes a trade of the first child back, which leaves so much of it filled and open.
fn bust_at(world: &World, id: &str, of: &str, (cum, leaves): (u64, u64), second: u64) -> Command {
    let status = if leaves == 0 {
        OrdStatus::Canceled
    } else {
        OrdStatus::PartiallyFilled
    };
    let bust = match amend(world, (id, of), (0, 0), (status, leaves)) {
        Command::VenueReport(report) => Command::VenueReport(VenueReport {
            cum_qty: lots(cum),
            ..report
        }),
        other => other,
    };
    told_at(bust, second)
}

#[test]
fn an_answer_from_before_a_bust_told_again_does_not_count_what_was_taken_back() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    late_trade(&mut world, "T1", (4, 4), (0, 1));
    late_trade(&mut world, "T2", (3, 7), (0, 2));
    let answer = told_at(answer_at(&world, 0, OrdStatus::Canceled, 7, 0), 3);
    send(&mut world, answer);
    let bust = bust_at(&world, "X1", "T1", (3, 0), 4);
    assert_eq!(send(&mut world, bust), ["bust 4 of A Canceled 3+0/10"]);
    // As a venue's session does whose peer went down before it had stored their numbers.
    assert_eq!(send(&mut world, answer), ["ignored Outdated"]);
    assert_eq!(position(&world, 0), 3);
    // One that does not say when it was true is taken as true now.
    let undated = answer_at(&world, 0, OrdStatus::Canceled, 7, 0);
    assert_eq!(
        send(&mut world, undated),
        ["ignored FillMissed", "trade 4@0 of A Canceled 7+0/10"]
    );
    replay(&world);
}

#[test]
fn a_trade_told_after_a_bust_is_one_that_an_answer_has_counted() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    late_trade(&mut world, "T1", (1, 1), (0, 1));
    late_trade(&mut world, "T2", (5, 6), (0, 2));
    // T3 fills the rest and is not told; then the first is taken back, and the order cancelled.
    let bust = bust_at(&world, "X1", "T1", (9, 1), 4);
    assert_eq!(
        send(&mut world, bust),
        ["bust 1 of A PartiallyFilled 5+5/10"]
    );
    let mut canceled = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    (canceled.cum_qty, canceled.leaves_qty) = (lots(9), Qty::ZERO);
    canceled.avg_px = px(0);
    let told = send(&mut world, told_at(Command::VenueReport(canceled), 5));
    assert_eq!(told.first().unwrap(), "ignored FillMissed");
    assert_eq!(position(&world, 0), 9);
    // Its total is from before the bust.
    assert_eq!(
        late_trade(&mut world, "T3", (4, 10), (0, 3)),
        ["ignored DuplicateExecId"]
    );
    assert_eq!(position(&world, 0), 9);
    replay(&world);
}

#[test]
fn a_trade_after_the_answer_is_none_that_it_counted_though_a_bust_came_between() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    late_trade(&mut world, "T1", (1, 1), (0, 1));
    let answer = told_at(answer_at(&world, 0, OrdStatus::PartiallyFilled, 4, 0), 2);
    send(&mut world, answer);
    let bust = bust_at(&world, "X1", "T1", (5, 5), 4);
    send(&mut world, bust);
    assert_eq!(position(&world, 0), 3);
    let told = late_trade(&mut world, "T3", (2, 6), (0, 3));
    assert_eq!(told, ["trade 2@0 of A PartiallyFilled 5+5/10"]);
    let told = late_trade(&mut world, "T2", (3, 4), (0, 2));
    assert_eq!(told, ["ignored DuplicateExecId"]);
    assert_eq!(position(&world, 0), 5);
}

#[test]
fn what_one_answer_told_of_is_corrected_as_the_one_trade_that_the_client_knows() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    let answer = told_at(answer_at(&world, 0, OrdStatus::PartiallyFilled, 7, 0), 3);
    assert_eq!(
        send(&mut world, answer),
        [
            "ignored FillMissed",
            "trade 7@0 of A PartiallyFilled 7+3/10"
        ]
    );
    let Some(Event::Trade { .. }) = world.events.last() else {
        panic!("{:?}", world.events.last())
    };
    late_trade(&mut world, "T1", (4, 4), (0, 1));
    late_trade(&mut world, "T2", (3, 7), (0, 2));
    let correct = amend(
        &world,
        ("X1", "T1"),
        (4, 7),
        (OrdStatus::PartiallyFilled, 3),
    );
    assert_eq!(
        send(&mut world, told_at(correct, 4)),
        ["correct 7@4 of A PartiallyFilled 7+3/10"]
    );
    let first = world.events.last().copied();
    let bust = bust_at(&world, "X2", "T2", (4, 6), 5);
    assert_eq!(
        send(&mut world, bust),
        ["correct 4@7 of A PartiallyFilled 4+6/10"]
    );
    // Each refers to the one before, as the client knows it.
    let (
        Some(Event::TradeCorrected { trade: one, .. }),
        Some(Event::TradeCorrected { trade: two, .. }),
    ) = (first, world.events.last())
    else {
        panic!("{:?}", world.events)
    };
    assert!(one.seq < two.seq, "{one:?} {two:?}");
    let bust = bust_at(&world, "X3", "X1", (0, 10), 6);
    assert_eq!(send(&mut world, bust), ["bust 4 of A New 0+10/10"]);
    assert_eq!((position(&world, 0), working(&world, 0)), (0, 10));
    replay(&world);
}

#[test]
fn an_average_that_was_rounded_does_not_price_a_missed_fill_beyond_its_limit() {
    // 1 at three ticks below the limit, and 9 more at it: the average is rounded up by less than
    // half of its last place, which on one lot is more than that.
    let coarse = |units: i64| {
        let mut world = world(VenueFeatures::STATUS);
        buy(&mut world, "A");
        late_trade(&mut world, "T1", (9, 9), (-3, 1));
        let mut answer = match answer_at(&world, 0, OrdStatus::Filled, 10, 0) {
            Command::VenueReport(report) => report,
            other => panic!("{other:?}"),
        };
        let paid = px(-3).times(lots(9)).units() + px(0).times(lots(1)).units();
        let exact = Price::from_units(i64::try_from(paid / i128::from(lots(10).units())).unwrap());
        answer.avg_px = Price::from_units(exact.units() + units);
        world.send(Command::VenueReport(answer));
        world.events.iter().rev().find_map(|event| match event {
            Event::Trade { last_px, .. } => Some(*last_px),
            _ => None,
        })
    };
    assert_eq!(coarse(0), Some(px(0)));
    assert_eq!(
        coarse(1),
        Some(Price::from_units(px(0).units() + 10)),
        "beyond rounding"
    );
}

#[test]
fn a_missed_fill_that_only_the_rounding_of_an_average_puts_beyond_its_limit_is_at_it() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    late_trade(&mut world, "T1", (4, 4), (-1, 1));
    let Command::VenueReport(mut answer) = answer_at(&world, 0, OrdStatus::PartiallyFilled, 9, 0)
    else {
        unreachable!()
    };
    // 444.44 units below the limit, rounded to 444: the five would cost 0.8 more than allowed.
    answer.avg_px = Price::from_units(px(0).units() - 444);
    world.send(Command::VenueReport(answer));
    let Some(Event::Trade { last_px, .. }) = world.events.last() else {
        panic!("{:?}", world.events.last())
    };
    assert_eq!(*last_px, px(0));
}

#[test]
fn a_child_that_works_again_at_a_limit_from_before_a_replace_is_pulled_in_and_sent_anew() {
    let mut world = world(VenueFeatures::STATUS);
    buy(&mut world, "A");
    report(&mut world, 0, ExecType::New, 0);
    let replace = ReplaceRequest {
        session: SessionId::new(0),
        cl_ord_id: "B".parse().unwrap(),
        orig_cl_ord_id: "A".parse().unwrap(),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        order_qty: lots(15),
        limit_px: px(-2).into(),
        stop_px: LimitPx::NONE,
        display_qty: Qty::ZERO,
        transact_time: START,
    };
    send(&mut world, Command::Replace(replace));
    // The fill was faster than the cancel: the rest of the replaced order goes out.
    let told = trade(&mut world, 0, "T1", 10, 10);
    assert_eq!(told.last().unwrap(), "child 5", "{told:?}");
    let bust = bust_at(&world, "X1", "T1", (0, 10), 1);
    let told = send(&mut world, bust);
    assert_eq!(told, ["bust 10 of B New 0+15/15", "child cancel"]);
    // What fills before the cancel is there is the venue's doing; what is left keeps the limit.
    let told = trade(&mut world, 0, "T2", 4, 4);
    assert_eq!(told, ["trade 4@0 of B PartiallyFilled 4+11/15"]);
    let mut canceled = world.report(0, ExecType::Canceled, Qty::ZERO, 0);
    (canceled.cum_qty, canceled.leaves_qty) = (lots(4), Qty::ZERO);
    canceled.avg_px = px(0);
    let told = send(&mut world, Command::VenueReport(canceled));
    assert_eq!(told, ["child 6"]);
    let sent = world.children.last().unwrap().order;
    assert_eq!((sent.limit_px, sent.order_qty), (px(-2).into(), lots(6)));
    replay(&world);
}
