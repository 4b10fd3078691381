//! Orders that wait: for a stop, a price to follow, the clock, a person, or each other.

mod support;

use dcx_model::*;
use support::{LOT, MID, TICK, World, quote};

fn id(text: &str) -> ClOrdId {
    text.parse().expect("printable")
}

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

/// So many ticks from the middle.
fn px(ticks: i64) -> Price {
    Price::from_units(MID + ticks * TICK.units())
}

/// An order to buy ten lots, good till cancel.
fn plain(name: &str) -> NewOrder {
    NewOrder {
        cl_ord_id: id(name),
        time_in_force: TimeInForce::Gtc,
        order_qty: lots(10),
        limit_px: px(0).into(),
        ..NewOrder::PLAIN
    }
}

fn stop(name: &str, side: Side, ticks: i64) -> NewOrder {
    NewOrder {
        side,
        ord_type: OrdType::Stop,
        limit_px: LimitPx::NONE,
        stop_px: px(ticks).into(),
        ..plain(name)
    }
}

fn touched(name: &str, side: Side, ticks: i64) -> NewOrder {
    NewOrder {
        ord_type: OrdType::MarketIfTouched,
        ..stop(name, side, ticks)
    }
}

fn trailing(name: &str, side: Side, ticks: i64) -> NewOrder {
    NewOrder {
        stop_px: LimitPx::NONE,
        peg: Peg::TrailingStop,
        peg_offset: Price::from_units(ticks * TICK.units()),
        ..stop(name, side, 0)
    }
}

fn pegged(name: &str, side: Side, peg: Peg, ticks: i64) -> NewOrder {
    NewOrder {
        side,
        ord_type: OrdType::Pegged,
        limit_px: LimitPx::NONE,
        peg,
        peg_offset: Price::from_units(ticks * TICK.units()),
        ..plain(name)
    }
}

fn linked(order: NewOrder, leg: Leg, total: u8) -> NewOrder {
    NewOrder {
        list: ListId::new(7),
        leg,
        list_total: total,
        ..order
    }
}

fn sell(order: NewOrder, ticks: i64) -> NewOrder {
    NewOrder {
        side: Side::Sell,
        limit_px: px(ticks).into(),
        ..order
    }
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
    match event {
        Event::Accepted { view, held } => {
            let held = if *held { " held" } else { "" };
            format!("accepted {}{held}", about(view))
        }
        Event::PendingNew { view } => format!("pending new {}", about(view)),
        Event::Triggered { view } => format!("triggered {}", about(view)),
        Event::Restated { view, reason } => format!("restated {} {}", about(view), reason.name()),
        Event::Rejected { view, refusal } => {
            format!("rejected {} {}", about(view), refusal.code().short())
        }
        Event::Trade { view, last_qty, .. } => {
            let last = last_qty.units() / LOT.units();
            format!("trade {last} of {}", about(view))
        }
        Event::PendingCancel { view, .. } => format!("pending cancel {}", about(view)),
        Event::Canceled { view, .. } => format!("canceled {}", about(view)),
        Event::PendingReplace { view, .. } => format!("pending replace {}", about(view)),
        Event::Replaced { view, .. } => format!("replaced {}", about(view)),
        Event::Expired { view } => format!("expired {}", about(view)),
        Event::CancelRejected(rejected) => format!(
            "cancel rejected {} {}",
            rejected.cl_ord_id,
            rejected.refusal.code().short()
        ),
        Event::ChildSent(child) => format!(
            "child {} {} {} {}",
            child.order_qty.units() / LOT.units(),
            child.ord_type.name(),
            child.time_in_force.name(),
            match child.limit_px.price() {
                Some(px) => ((px.units() - MID) / TICK.units()).to_string(),
                None => "market".to_owned(),
            }
        ),
        Event::ChildCancel(_) => "child cancel".to_owned(),
        Event::OperatorDone { .. } => "done".to_owned(),
        Event::OperatorRefused { refusal, .. } => format!("refused {}", refusal.code().short()),
        Event::LimitSet(_) => "limit".to_owned(),
        other => format!("{other:?}"),
    }
}

fn send(world: &mut World, command: Command) -> Vec<String> {
    world.send(command).iter().map(line).collect()
}

fn new(world: &mut World, order: NewOrder) -> Vec<String> {
    send(world, Command::NewOrder(order))
}

/// Bid and offer of the first instrument's first venue.
fn market(world: &mut World, bid: i64, ask: i64) -> Vec<String> {
    send(world, Command::Quote(quote(0, 0, bid, ask - bid)))
}

fn trade(world: &mut World, ticks: i64) -> Vec<String> {
    send(
        world,
        Command::MarketTrade(MarketTrade {
            venue: VenueId::new(0),
            instrument: InstrumentId::new(0),
            px: px(ticks),
            qty: Qty::ZERO,
            trade_time: UnixNanos::ZERO,
        }),
    )
}

fn cancel(world: &mut World, name: &str, orig: &str) -> Vec<String> {
    send(
        world,
        Command::Cancel(CancelRequest {
            session: SessionId::new(0),
            cl_ord_id: id(name),
            orig_cl_ord_id: id(orig),
            transact_time: UnixNanos::ZERO,
        }),
    )
}

fn replace(order: &NewOrder, name: &str) -> ReplaceRequest {
    ReplaceRequest {
        session: order.session,
        cl_ord_id: id(name),
        orig_cl_ord_id: order.cl_ord_id,
        instrument: order.instrument,
        side: order.side,
        ord_type: order.ord_type,
        time_in_force: order.time_in_force,
        order_qty: order.order_qty,
        limit_px: order.limit_px,
        stop_px: order.stop_px,
        display_qty: Qty::ZERO,
        transact_time: UnixNanos::ZERO,
    }
}

fn report(world: &mut World, child: usize, exec_type: ExecType, filled: u64) -> Vec<String> {
    let report = world.report(child, exec_type, lots(filled), 0);
    send(world, Command::VenueReport(report))
}

fn wake_after(world: &mut World, span: Nanos) -> Vec<String> {
    world.at = world.at.plus(span);
    send(world, Command::Wake)
}

fn decide(world: &mut World, order: OrderId, approve: bool) -> Vec<String> {
    let decision = OrderDecision {
        order,
        approve,
        request: RequestId::new(1),
        by: support::operator(),
    };
    send(world, Command::DecideOrder(decision))
}

fn limit(world: &mut World, scope: Scope, limit: Limit, value: i128) {
    world.send(Command::SetLimit(LimitChange::configured(
        scope, limit, value,
    )));
}

/// A world whose session may send as much as it likes, with a market of ±5 ticks.
fn world() -> World {
    let mut world = World::new(1);
    let mut limits = support::session_limits(0);
    (
        limits.burst_max,
        limits.orders_per_s_max,
        limits.orders_open_max,
    ) = (1_000, 1_000, 190);
    for change in limits.changes() {
        world.send(Command::SetLimit(change));
    }
    let mut limits = support::instrument_limits(0);
    limits.position_max = Qty::whole(1_000_000);
    for change in limits.changes() {
        world.send(Command::SetLimit(change));
    }
    market(&mut world, -5, 5);
    world
}

fn working(world: &World) -> (i128, i128) {
    world
        .engine
        .working(AccountId::new(0), InstrumentId::new(0))
}

#[test]
fn a_stop_to_buy_waits_for_the_offer_or_a_trade_and_goes_to_market_once() {
    let mut world = world();
    let events = new(&mut world, stop("A", Side::Buy, 10));
    assert_eq!(events, ["accepted A New 0+10/10"]);
    assert!(market(&mut world, -1, 9).is_empty());
    assert!(trade(&mut world, 9).is_empty());
    let events = market(&mut world, 0, 10);
    let sent = ["triggered A New 0+10/10", "child 10 Market Gtc market"];
    assert_eq!(events, sent);
    assert!(market(&mut world, 2, 12).is_empty());
    assert!(trade(&mut world, 12).is_empty());

    new(&mut world, stop("B", Side::Buy, 15));
    assert_eq!(trade(&mut world, 15)[0], "triggered B New 0+10/10");
}

#[test]
fn a_stop_to_sell_looks_at_the_bid() {
    let mut world = world();
    new(&mut world, stop("A", Side::Sell, -10));
    assert!(market(&mut world, -9, -8).is_empty());
    assert_eq!(market(&mut world, -10, 5).len(), 2);
}

#[test]
fn a_stop_that_the_market_passed_already_is_triggered_when_it_comes() {
    let mut world = world();
    let sent = |name| {
        [
            format!("accepted {name} New 0+10/10"),
            format!("triggered {name} New 0+10/10"),
            "child 10 Market Gtc market".to_owned(),
        ]
    };
    assert_eq!(new(&mut world, stop("A", Side::Buy, 5)), sent("A"));
    assert_eq!(new(&mut world, stop("B", Side::Sell, -5)), sent("B"));
    trade(&mut world, 8);
    assert_eq!(new(&mut world, stop("C", Side::Buy, 8)), sent("C"));
}

#[test]
fn a_stop_limit_becomes_a_limit_order() {
    let mut world = world();
    let order = NewOrder {
        ord_type: OrdType::StopLimit,
        limit_px: px(12).into(),
        ..stop("A", Side::Buy, 10)
    };
    assert_eq!(new(&mut world, order), ["accepted A New 0+10/10"]);
    let events = market(&mut world, 0, 10);
    assert_eq!(events, ["triggered A New 0+10/10", "child 10 Limit Gtc 12"]);
}

#[test]
fn an_order_if_touched_waits_from_the_other_side() {
    let mut world = world();
    new(&mut world, touched("A", Side::Buy, -10));
    let limited = NewOrder {
        limit_px: px(9).into(),
        ..touched("B", Side::Sell, 10)
    };
    new(&mut world, limited);
    assert!(market(&mut world, -8, -7).is_empty());
    let events = market(&mut world, -11, -10);
    let sent = ["triggered A New 0+10/10", "child 10 Market Gtc market"];
    assert_eq!(events, sent);
    assert!(market(&mut world, 8, 9).is_empty());
    let events = market(&mut world, 10, 11);
    let sent = ["triggered B New 0+10/10", "child 10 Limit Gtc 9"];
    assert_eq!(events, sent);
}

#[test]
fn what_is_triggered_passes_the_gates_again() {
    let mut world = world();
    new(&mut world, stop("A", Side::Buy, 10));
    let reserved = working(&world);
    limit(
        &mut world,
        Scope::Instrument(InstrumentId::new(0)),
        Limit::OrderQtyMax,
        i128::from(lots(9).units()),
    );
    assert_ne!(reserved, (0, 0));
    assert_eq!(trade(&mut world, 10), ["rejected A Rejected 0+0/10 R006"]);
    assert_eq!(working(&world), (0, 0));
    assert!(world.children.is_empty());
}

#[test]
fn a_held_order_is_changed_and_cancelled_without_a_venue() {
    let mut world = world();
    let order = stop("A", Side::Buy, 10);
    new(&mut world, order);
    let mut request = replace(&order, "B");
    (request.order_qty, request.stop_px) = (lots(20), px(20).into());
    let events = send(&mut world, Command::Replace(request));
    assert_eq!(events, ["replaced B New 0+20/20"]);
    assert!(
        trade(&mut world, 10).is_empty(),
        "the old stop is forgotten"
    );
    assert_eq!(cancel(&mut world, "C", "B"), ["canceled C Canceled 0+0/20"]);
    assert!(trade(&mut world, 20).is_empty());
    assert_eq!(working(&world), (0, 0));

    let order = stop("D", Side::Buy, 30);
    new(&mut world, order);
    let mut request = replace(&order, "E");
    request.stop_px = px(20).into();
    let events = send(&mut world, Command::Replace(request));
    assert_eq!(
        events[..2],
        ["replaced E New 0+10/10", "triggered E New 0+10/10"]
    );
}

#[test]
fn a_stop_that_came_is_not_to_be_moved() {
    let mut world = world();
    let order = stop("A", Side::Buy, 10);
    new(&mut world, order);
    trade(&mut world, 10);
    let mut request = replace(&order, "B");
    request.stop_px = px(20).into();
    let events = send(&mut world, Command::Replace(request));
    assert_eq!(events, ["cancel rejected B R029"]);
    let mut request = replace(&order, "C");
    request.order_qty = lots(11);
    let events = send(&mut world, Command::Replace(request));
    assert_eq!(events[0], "pending replace C PendingReplace 0+10/10");
}

#[test]
fn more_stops_than_one_command_can_wake_are_woken_by_and_by() {
    let mut world = world();
    for number in 0..60 {
        new(&mut world, stop(&format!("A{number}"), Side::Buy, 10));
    }
    trade(&mut world, 10);
    assert_eq!(world.engine.wake_at(), Some(world.at));
    let first = world.children.len();
    assert!((1..60).contains(&first));
    // The market comes back before the rest has its turn: the stop was touched all the same.
    trade(&mut world, -1);
    world.settle();
    assert_eq!(world.children.len(), 60);
    let triggered = |event: &&Event| matches!(event, Event::Triggered { .. });
    assert_eq!(world.events.iter().filter(triggered).count(), 60);
}

#[test]
fn a_trailing_stop_follows_the_market_and_never_goes_back() {
    let mut world = world();
    new(&mut world, trailing("A", Side::Sell, 10));
    let stop_px = |world: &World| world.engine.orders().next().expect("an order").stop_px;
    assert_eq!(stop_px(&world), px(-15).into());
    market(&mut world, 8, 9);
    assert_eq!(stop_px(&world), px(-2).into());
    market(&mut world, 3, 5);
    assert_eq!(stop_px(&world), px(-2).into());
    assert!(market(&mut world, -1, 5).is_empty());
    let events = market(&mut world, -2, 5);
    assert_eq!(
        events,
        ["triggered A New 0+10/10", "child 10 Market Gtc market"]
    );

    let started = NewOrder {
        stop_px: px(9).into(),
        ..trailing("B", Side::Buy, 10)
    };
    new(&mut world, started);
    market(&mut world, -5, 0);
    assert!(trade(&mut world, 8).is_empty(), "its own start is nearer");
    market(&mut world, -9, -4);
    assert_eq!(trade(&mut world, 6)[0], "triggered B New 0+10/10");
}

#[test]
fn a_trailing_stop_without_a_market_begins_with_the_first_quote() {
    let mut world = World::new(1);
    let mut order = trailing("A", Side::Sell, 10);
    order.stop_px = LimitPx::NONE;
    assert_eq!(new(&mut world, order), ["accepted A New 0+10/10"]);
    assert!(trade(&mut world, -20).is_empty());
    assert!(market(&mut world, 0, 2).is_empty());
    assert_eq!(market(&mut world, -10, 2).len(), 2);
}

#[test]
fn a_pegged_order_follows_the_price_that_it_names() {
    let cases = [
        (Side::Buy, Peg::Primary, -1, -6),
        (Side::Buy, Peg::Market, 0, 5),
        (Side::Sell, Peg::Primary, 1, 6),
        (Side::Sell, Peg::Market, 0, -5),
        (Side::Buy, Peg::Mid, 0, 0),
    ];
    for (side, peg, offset, expected) in cases {
        let mut world = world();
        let events = new(&mut world, pegged("A", side, peg, offset));
        let child = format!("child 10 Limit Gtc {expected}");
        assert_eq!(events, ["accepted A New 0+10/10".to_owned(), child]);
    }
    // Half a tick goes to the passive side.
    for (side, expected) in [(Side::Buy, 0), (Side::Sell, 1)] {
        let mut world = world();
        market(&mut world, -5, 6);
        let events = new(&mut world, pegged("A", side, Peg::Mid, 0));
        assert_eq!(events[1], format!("child 10 Limit Gtc {expected}"));
    }
    let mut world = world();
    let limited = NewOrder {
        limit_px: px(-7).into(),
        ..pegged("A", Side::Buy, Peg::Primary, 0)
    };
    assert_eq!(new(&mut world, limited)[1], "child 10 Limit Gtc -7");
}

#[test]
fn a_pegged_order_is_sent_anew_when_the_price_moved_but_not_too_often() {
    let mut world = world();
    new(&mut world, pegged("A", Side::Buy, Peg::Primary, 0));
    assert!(market(&mut world, -4, 5).is_empty(), "too soon");
    let events = wake_after(&mut world, Nanos::from_millis(100));
    assert_eq!(events, ["child cancel"]);
    let events = report(&mut world, 0, ExecType::Canceled, 0);
    let sent = [
        "restated A New 0+10/10 RepricingOfOrder",
        "child 10 Limit Gtc -4",
    ];
    assert_eq!(events, sent);
    assert!(
        market(&mut world, -4, 6).is_empty(),
        "its price is the same"
    );
}

#[test]
fn a_pegged_order_is_pulled_in_while_its_quotes_are_stale() {
    let mut world = world();
    new(&mut world, pegged("A", Side::Buy, Peg::Primary, 0));
    world.at = world.at.plus(Nanos::from_millis(600));
    assert_eq!(send(&mut world, Command::Wake), ["child cancel"]);
    assert!(report(&mut world, 0, ExecType::Canceled, 0).is_empty());
    assert_eq!(world.engine.orders_open(), 1);
    let events = market(&mut world, -5, 5);
    let sent = [
        "restated A New 0+10/10 RepricingOfOrder",
        "child 10 Limit Gtc -5",
    ];
    assert_eq!(events, sent);
}

#[test]
fn good_till_date_ends_at_its_date() {
    let mut world = world();
    let dated = NewOrder {
        time_in_force: TimeInForce::Gtd,
        end: world.at.plus(Nanos::from_seconds(5)),
        ..plain("A")
    };
    // A venue is not told the date, so it is not told that there is one.
    let events = new(&mut world, dated);
    assert_eq!(
        events.last().map(String::as_str),
        Some("child 10 Limit Gtc 0")
    );
    new(
        &mut world,
        NewOrder {
            cl_ord_id: id("B"),
            ord_type: OrdType::Stop,
            limit_px: LimitPx::NONE,
            stop_px: px(10).into(),
            ..dated
        },
    );
    assert!(wake_after(&mut world, Nanos::from_millis(4_999)).is_empty());
    let events = wake_after(&mut world, Nanos::from_millis(1));
    assert_eq!(events, ["child cancel", "expired B Expired 0+0/10"]);
    let events = report(&mut world, 0, ExecType::Canceled, 0);
    assert_eq!(events, ["expired A Expired 0+0/10"]);
    assert_eq!(working(&world), (0, 0));

    let past = NewOrder {
        cl_ord_id: id("C"),
        end: world.at,
        ..dated
    };
    assert_eq!(new(&mut world, past), ["rejected C Rejected 0+0/10 R060"]);
}

const DAY_S: u64 = 86_400;

#[test]
fn an_order_of_the_day_ends_where_the_next_day_begins() {
    let mut world = world();
    let order = NewOrder {
        time_in_force: TimeInForce::Day,
        ..stop("A", Side::Buy, 10)
    };
    new(&mut world, order);
    let midnight = (world.at.seconds() / DAY_S + 1) * DAY_S;
    assert_eq!(
        world.engine.wake_at(),
        Some(UnixNanos::from_seconds(midnight))
    );
    world.at = UnixNanos::from_seconds(midnight);
    let events = send(&mut world, Command::Wake);
    assert_eq!(events, ["expired A Expired 0+0/10"]);
}

/// The first instrument opens an hour from now, for two hours.
fn hours(world: &mut World) -> (UnixNanos, UnixNanos) {
    let second = (world.at.seconds() % DAY_S) as u32;
    world.send(Command::DefineHours(TradingHours {
        instrument: InstrumentId::new(0),
        open_s: second + 3_600,
        close_s: second + 10_800,
        weekdays: 127,
        close_lead: Nanos::from_seconds(60),
    }));
    let at = UnixNanos::from_seconds(world.at.seconds());
    (
        at.plus(Nanos::from_seconds(3_600)),
        at.plus(Nanos::from_seconds(10_800)),
    )
}

#[test]
fn an_order_at_the_opening_is_sent_then_for_then() {
    let mut world = world();
    let order = NewOrder {
        time_in_force: TimeInForce::AtTheOpening,
        ..plain("A")
    };
    assert_eq!(new(&mut world, order), ["rejected A Rejected 0+0/10 R061"]);
    let (open, _) = hours(&mut world);
    let order = NewOrder {
        cl_ord_id: id("B"),
        ..order
    };
    assert_eq!(new(&mut world, order), ["accepted B New 0+10/10"]);
    assert_eq!(world.engine.wake_at(), Some(open));
    world.at = open;
    market(&mut world, -5, 5);
    let events = send(&mut world, Command::Wake);
    assert_eq!(events, ["triggered B New 0+10/10", "child 10 Limit Ioc 0"]);
    let events = report(&mut world, 0, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled B Canceled 0+0/10"]);
    let order = NewOrder {
        cl_ord_id: id("C"),
        ..order
    };
    assert_eq!(new(&mut world, order), ["rejected C Rejected 0+0/10 R066"]);
}

#[test]
fn an_order_at_the_close_is_sent_so_long_before_it() {
    let mut world = world();
    let (open, close) = hours(&mut world);
    world.at = open;
    let order = NewOrder {
        time_in_force: TimeInForce::AtTheClose,
        ..plain("A")
    };
    new(&mut world, order);
    let due = UnixNanos::new(close.get() - 60_000_000_000);
    assert_eq!(world.engine.wake_at(), Some(due));
    world.at = due;
    market(&mut world, -5, 5);
    let events = send(&mut world, Command::Wake);
    assert_eq!(events, ["triggered A New 0+10/10", "child 10 Limit Ioc 0"]);

    let late = NewOrder {
        cl_ord_id: id("B"),
        ..order
    };
    let events = new(&mut world, late);
    assert_eq!(events, ["accepted B New 0+10/10", "child 10 Limit Ioc 0"]);
}

#[test]
fn an_order_of_the_day_ends_at_the_close_of_its_instrument() {
    let mut world = world();
    let (open, close) = hours(&mut world);
    world.at = open;
    market(&mut world, -5, 5);
    let order = NewOrder {
        time_in_force: TimeInForce::Day,
        ..plain("A")
    };
    new(&mut world, order);
    report(&mut world, 0, ExecType::New, 0);
    assert_eq!(world.engine.wake_at(), Some(close));
}

#[test]
fn a_large_order_waits_for_a_person() {
    let mut world = world();
    let firm = Scope::Instrument(InstrumentId::new(0));
    let least = px(0).times(lots(10)).units();
    limit(&mut world, firm, Limit::ApprovalNotional, least);
    let events = new(&mut world, plain("A"));
    assert_eq!(events, ["pending new A PendingNew 0+10/10"]);
    let reserved = i128::from(lots(10).units());
    assert_eq!(working(&world), (reserved, 0), "its room is kept");
    let order = world.engine.orders().next().expect("an order").order;
    let events = decide(&mut world, order, true);
    assert_eq!(
        events,
        ["accepted A New 0+10/10", "child 10 Limit Gtc 0", "done"]
    );
    assert_eq!(decide(&mut world, order, true), ["refused R077"]);
    assert_eq!(decide(&mut world, OrderId::new(1), true), ["refused R023"]);

    let small = NewOrder {
        order_qty: lots(9),
        ..plain("B")
    };
    assert_eq!(new(&mut world, small)[0], "accepted B New 0+9/9");
}

#[test]
fn a_person_may_refuse_an_order_and_its_client_may_cancel_it() {
    let mut world = world();
    let scope = Scope::Session(SessionId::new(0));
    limit(&mut world, scope, Limit::ApprovalNotional, 1);
    new(&mut world, plain("A"));
    let order = world.engine.orders().next().expect("an order").order;
    let events = decide(&mut world, order, false);
    assert_eq!(events, ["rejected A Rejected 0+0/10 R064", "done"]);
    new(&mut world, plain("B"));
    assert_eq!(cancel(&mut world, "C", "B"), ["canceled C Canceled 0+0/10"]);
    assert_eq!(working(&world), (0, 0));
    assert!(world.children.is_empty());
}

#[test]
fn an_approved_order_passes_the_gates_again() {
    let mut world = world();
    let scope = Scope::Session(SessionId::new(0));
    limit(&mut world, scope, Limit::ApprovalNotional, 1);
    new(&mut world, plain("A"));
    market(&mut world, 95, 105);
    market(&mut world, 995, 1_005);
    let order = world.engine.orders().next().expect("an order").order;
    let events = decide(&mut world, order, true);
    assert_eq!(events, ["rejected A Rejected 0+0/10 R014", "refused R014"]);
    assert_eq!(working(&world), (0, 0));
}

#[test]
fn the_first_fill_of_one_cancels_the_other() {
    let mut world = world();
    let one = linked(sell(plain("A"), 10), Leg::OneCancelsOther, 2);
    let other = linked(stop("B", Side::Sell, -10), Leg::OneCancelsOther, 2);
    let events = new(&mut world, one);
    assert_eq!(
        events,
        ["accepted A New 0+10/10"],
        "not before both are there"
    );
    let events = new(&mut world, other);
    assert_eq!(
        events,
        [
            "accepted B New 0+10/10",
            "triggered A New 0+10/10",
            "child 10 Limit Gtc 10"
        ]
    );
    let events = report(&mut world, 0, ExecType::Trade, 1);
    assert_eq!(
        events,
        [
            "trade 1 of A PartiallyFilled 1+9/10",
            "canceled B Canceled 0+0/10"
        ]
    );
    assert!(trade(&mut world, -10).is_empty());
    assert_eq!(working(&world), (0, i128::from(lots(9).units())));
}

#[test]
fn a_stop_of_a_list_waits_for_its_list_first() {
    let mut world = world();
    let stop = linked(stop("A", Side::Sell, -10), Leg::OneCancelsOther, 2);
    new(&mut world, stop);
    assert!(trade(&mut world, -10).is_empty());
    let other = linked(sell(plain("B"), 10), Leg::OneCancelsOther, 2);
    let events = new(&mut world, other);
    // The market was there and still is.
    assert_eq!(
        events,
        [
            "accepted B New 0+10/10",
            "triggered A New 0+10/10",
            "child 10 Market Gtc market",
            "triggered B New 0+10/10",
            "child 10 Limit Gtc 10"
        ]
    );
}

#[test]
fn one_refused_order_ends_its_whole_list() {
    let mut world = world();
    new(&mut world, linked(plain("A"), Leg::OneCancelsOther, 3));
    let wrong = NewOrder {
        order_qty: Qty::ZERO,
        ..linked(plain("B"), Leg::OneCancelsOther, 3)
    };
    let events = new(&mut world, wrong);
    assert_eq!(
        events,
        [
            "rejected B Rejected 0+0/0 R005",
            "rejected A Rejected 0+0/10 R063"
        ]
    );
    let events = new(&mut world, linked(plain("C"), Leg::OneCancelsOther, 3));
    assert_eq!(events, ["rejected C Rejected 0+0/10 R063"]);
    assert_eq!(working(&world), (0, 0));
}

#[test]
fn a_list_whose_first_order_is_refused_takes_no_other() {
    let mut world = world();
    let wrong = NewOrder {
        order_qty: Qty::ZERO,
        ..linked(plain("A"), Leg::OneCancelsOther, 2)
    };
    new(&mut world, wrong);
    let events = new(&mut world, linked(plain("B"), Leg::OneCancelsOther, 2));
    assert_eq!(events, ["rejected B Rejected 0+0/10 R063"]);
    // The same number begins a new list once the old one is forgotten.
    world.at = world.at.plus(Nanos::from_seconds(10));
    market(&mut world, -5, 5);
    let events = new(&mut world, linked(plain("C"), Leg::OneCancelsOther, 2));
    assert_eq!(events, ["accepted C New 0+10/10"]);
}

#[test]
fn orders_that_do_not_fit_together_are_no_list() {
    let cases = [
        linked(plain("B"), Leg::Trigger, 2),
        linked(plain("B"), Leg::OneCancelsOther, 3),
        linked(
            NewOrder {
                account: AccountId::new(1),
                ..plain("B")
            },
            Leg::OneCancelsOther,
            2,
        ),
    ];
    for case in cases {
        let mut world = world();
        new(&mut world, linked(plain("A"), Leg::OneCancelsOther, 2));
        let events = new(&mut world, case);
        assert_eq!(events[0], "rejected B Rejected 0+0/10 R062");
        assert_eq!(events[1], "rejected A Rejected 0+0/10 R063");
    }
    let mut world = world();
    new(&mut world, linked(plain("A"), Leg::Triggered, 2));
    let events = new(&mut world, linked(plain("B"), Leg::Triggered, 2));
    assert_eq!(events[0], "rejected B Rejected 0+0/10 R062", "no trigger");
    let events = new(&mut world, linked(plain("C"), Leg::OneCancelsOther, 1));
    assert_eq!(events, ["rejected C Rejected 0+0/10 R062"]);
}

#[test]
fn a_list_that_stays_incomplete_is_refused_after_ten_seconds() {
    let mut world = world();
    new(&mut world, linked(plain("A"), Leg::OneCancelsOther, 2));
    assert!(wake_after(&mut world, Nanos::from_millis(9_999)).is_empty());
    let events = wake_after(&mut world, Nanos::from_millis(1));
    assert_eq!(events, ["rejected A Rejected 0+0/10 R062"]);
    assert_eq!(working(&world), (0, 0));
}

/// An order to buy, and when it is filled one to sell higher and a stop below.
fn bracket(world: &mut World) {
    new(world, linked(plain("T"), Leg::Trigger, 3));
    new(world, linked(sell(plain("P"), 10), Leg::Triggered, 3));
    let events = new(world, linked(stop("S", Side::Sell, -10), Leg::Triggered, 3));
    assert_eq!(
        events,
        [
            "accepted S New 0+10/10",
            "triggered T New 0+10/10",
            "child 10 Limit Gtc 0"
        ]
    );
}

#[test]
fn a_bracket_begins_when_its_entry_is_filled() {
    let mut world = world();
    bracket(&mut world);
    let events = report(&mut world, 0, ExecType::Trade, 4);
    assert_eq!(events, ["trade 4 of T PartiallyFilled 4+6/10"]);
    let events = report(&mut world, 0, ExecType::Trade, 6);
    assert_eq!(
        events,
        [
            "trade 6 of T Filled 10+0/10",
            "triggered P New 0+10/10",
            "child 10 Limit Gtc 10"
        ]
    );
    // A fill of one takes as much from the other.
    let events = report(&mut world, 1, ExecType::Trade, 3);
    assert_eq!(
        events,
        [
            "trade 3 of P PartiallyFilled 3+7/10",
            "restated S New 0+7/7 PartialDecline"
        ]
    );
    let events = trade(&mut world, -10);
    assert_eq!(
        events,
        ["triggered S New 0+7/7", "child 7 Market Gtc market"]
    );
    // The other works at a venue: it gives back what it must not trade any more.
    let events = report(&mut world, 2, ExecType::Trade, 2);
    assert_eq!(
        events,
        ["trade 2 of S PartiallyFilled 2+5/7", "child cancel"]
    );
    let events = report(&mut world, 1, ExecType::Canceled, 0);
    assert_eq!(
        events,
        [
            "restated P PartiallyFilled 3+5/8 PartialDecline",
            "child 5 Limit Gtc 10"
        ]
    );
    let events = report(&mut world, 2, ExecType::Trade, 5);
    assert_eq!(events, ["trade 5 of S Filled 7+0/7", "child cancel"]);
    let events = report(&mut world, 3, ExecType::Canceled, 0);
    assert_eq!(events, ["canceled P Canceled 3+0/8"]);
    assert_eq!(working(&world), (0, 0));
    let position = world
        .engine
        .position(AccountId::new(0), InstrumentId::new(0));
    assert_eq!(position, 0, "what came in went out, and no more");
}

#[test]
fn an_entry_that_ends_unfilled_ends_its_bracket() {
    let mut world = world();
    bracket(&mut world);
    cancel(&mut world, "X", "T");
    let events = report(&mut world, 0, ExecType::Canceled, 0);
    assert_eq!(
        events,
        [
            "canceled X Canceled 0+0/10",
            "canceled P Canceled 0+0/10",
            "canceled S Canceled 0+0/10"
        ]
    );
    assert_eq!(working(&world), (0, 0));
}

#[test]
fn an_entry_that_ends_filled_in_part_brackets_that_part() {
    let mut world = world();
    bracket(&mut world);
    report(&mut world, 0, ExecType::Trade, 4);
    cancel(&mut world, "X", "T");
    let events = report(&mut world, 0, ExecType::Canceled, 0);
    assert_eq!(
        events,
        [
            "canceled X Canceled 4+0/10",
            "restated P New 0+4/4 PartialDecline",
            "triggered P New 0+4/4",
            "child 4 Limit Gtc 10",
            "restated S New 0+4/4 PartialDecline"
        ]
    );
}

#[test]
fn a_list_waits_until_a_person_has_approved_all_of_it() {
    let mut world = world();
    let scope = Scope::Session(SessionId::new(0));
    limit(
        &mut world,
        scope,
        Limit::ApprovalNotional,
        px(0).times(lots(11)).units(),
    );
    new(&mut world, linked(plain("A"), Leg::OneCancelsOther, 2));
    let large = NewOrder {
        order_qty: lots(12),
        ..linked(plain("B"), Leg::OneCancelsOther, 2)
    };
    let events = new(&mut world, large);
    assert_eq!(events, ["pending new B PendingNew 0+12/12"]);
    assert!(wake_after(&mut world, Nanos::from_seconds(20)).is_empty());
    market(&mut world, -5, 5);
    let order = *world.awaited.first().expect("B waits");
    let events = decide(&mut world, order, true);
    assert_eq!(
        events,
        [
            "accepted B New 0+12/12",
            "done",
            "triggered A New 0+10/10",
            "child 10 Limit Gtc 0",
            "triggered B New 0+12/12",
            "child 12 Limit Gtc 0"
        ]
    );
}

#[test]
fn an_order_that_waited_for_a_venue_is_judged_when_there_is_one() {
    let mut world = world();
    for venue in 0..support::VENUES {
        let venue = VenueId::new(venue);
        world.send(Command::VenueState { venue, up: false });
    }
    let events = new(&mut world, plain("A"));
    assert_eq!(events, ["accepted A New 0+10/10 held"]);
    market(&mut world, 995, 1_005);
    let up = Command::VenueState {
        venue: VenueId::new(0),
        up: true,
    };
    assert_eq!(send(&mut world, up), ["rejected A Rejected 0+0/10 R014"]);
    assert_eq!(working(&world), (0, 0));
}

#[test]
fn a_slice_that_is_refused_waits_for_the_next() {
    let mut world = world();
    let order = NewOrder {
        algo: Algo::Twap,
        slices: 3,
        end: world.at.plus(Nanos::from_millis(30)),
        ..plain("A")
    };
    let events = new(&mut world, order);
    assert_eq!(events[1], "child 4 Limit Gtc 0");
    market(&mut world, 995, 1_005);
    assert!(wake_after(&mut world, Nanos::from_millis(10)).is_empty());
    market(&mut world, -5, 5);
    let events = wake_after(&mut world, Nanos::from_millis(10));
    assert_eq!(events, ["child 6 Limit Gtc 0"], "with what was left out");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let limited = |order: NewOrder| NewOrder {
        limit_px: px(0).into(),
        ..order
    };
    let peg = |peg, ticks, order: NewOrder| NewOrder {
        peg,
        peg_offset: Price::from_units(ticks * TICK.units()),
        ..order
    };
    let timed = |time_in_force, order: NewOrder| NewOrder {
        time_in_force,
        ..order
    };
    let a_stop = stop("A", Side::Buy, 10);
    let cases = [
        (
            NewOrder {
                stop_px: LimitPx::NONE,
                ..a_stop
            },
            "R056",
        ),
        (
            NewOrder {
                stop_px: px(1).into(),
                ..plain("A")
            },
            "R056",
        ),
        (
            NewOrder {
                stop_px: Price::from_units(MID + 1).into(),
                ..a_stop
            },
            "R008",
        ),
        (limited(a_stop), "R009"),
        (
            NewOrder {
                ord_type: OrdType::StopLimit,
                ..a_stop
            },
            "R009",
        ),
        (peg(Peg::Mid, 0, plain("A")), "R057"),
        (peg(Peg::TrailingStop, 0, a_stop), "R057"),
        (peg(Peg::None, 1, a_stop), "R057"),
        (pegged("A", Side::Buy, Peg::None, 0), "R057"),
        (
            timed(TimeInForce::Ioc, pegged("A", Side::Buy, Peg::Mid, 0)),
            "R066",
        ),
        (timed(TimeInForce::AtTheClose, a_stop), "R066"),
        (
            NewOrder {
                algo: Algo::Twap,
                slices: 2,
                end: UnixNanos::new(u64::MAX),
                ..a_stop
            },
            "R066",
        ),
        (timed(TimeInForce::Gtd, plain("A")), "R060"),
        (timed(TimeInForce::AtTheClose, plain("A")), "R061"),
        (
            NewOrder {
                list: ListId::new(1),
                ..plain("A")
            },
            "R062",
        ),
    ];
    for (order, code) in cases {
        let mut world = world();
        let events = new(&mut world, order);
        assert_eq!(
            events,
            [format!("rejected A Rejected 0+0/10 {code}")],
            "{order:?}"
        );
    }
}

/// A stop as anybody would keep it: looked at on every price.
#[derive(Debug)]
struct Twin {
    name: String,
    side: Side,
    touched: bool,
    stop: i64,
    /// How far behind the market it follows, if it does.
    trail: Option<i64>,
}

impl Twin {
    /// Whether these prices trigger it; they are the bid and the offer, or both a trade.
    fn sees(&mut self, bid: i64, ask: i64, quote: bool) -> bool {
        if let (Some(trail), true) = (self.trail, quote) {
            self.stop = match self.side {
                Side::Buy => self.stop.min(ask + trail),
                Side::Sell => self.stop.max(bid - trail),
            };
        }
        match (self.side, self.touched) {
            (Side::Buy, false) => ask >= self.stop,
            (Side::Sell, false) => bid <= self.stop,
            (Side::Buy, true) => ask <= self.stop,
            (Side::Sell, true) => bid >= self.stop,
        }
    }
}

/// Names of the orders that these events wake, in any order.
fn woken(events: &[Event]) -> Vec<String> {
    let names = events.iter().filter_map(|event| match event {
        Event::Triggered { view } => Some(view.cl_ord_id.to_string()),
        _ => None,
    });
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

#[test]
fn the_heaps_wake_what_an_obvious_list_of_stops_wakes() {
    for seed in 0..40 {
        let mut draws = dcx_stats::Draws::new(seed);
        let mut below = |bound: u64| i64::try_from(draws.bits() % bound).expect("small");
        let mut world = world();
        let mut twins: Vec<Twin> = Vec::new();
        let (mut bid, mut ask, mut last) = (-5, 5, None);
        for number in 0..250 {
            let kind = below(10);
            if kind < 3 && world.engine.orders_open() < 150 {
                let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
                let (name, at) = (format!("A{number}"), below(81) - 40);
                let (order, touched, trail) = match below(3) {
                    0 => (stop(&name, side, at), false, None),
                    1 => (touched(&name, side, at), true, None),
                    _ => {
                        let offset = 1 + below(20);
                        let order = NewOrder {
                            stop_px: px(at).into(),
                            ..trailing(&name, side, offset)
                        };
                        (order, false, Some(offset))
                    }
                };
                let mut twin = Twin {
                    name: name.clone(),
                    side,
                    touched,
                    stop: at,
                    trail,
                };
                let mut now = twin.sees(bid, ask, true);
                if let Some(last) = last {
                    now |= twin.sees(last, last, false);
                }
                let events = world.send(Command::NewOrder(order));
                assert!(matches!(events[0], Event::Accepted { .. }), "{events:?}");
                assert_eq!(!woken(&events).is_empty(), now, "{seed} {number} {twin:?}");
                if !now {
                    twins.push(twin);
                }
                continue;
            }
            let quoted = kind < 7;
            let (low, high) = if quoted {
                bid = below(61) - 35;
                ask = bid + 1 + below(10);
                (bid, ask)
            } else {
                let px = below(71) - 35;
                last = Some(px);
                (px, px)
            };
            let from = world.events.len();
            if quoted {
                market(&mut world, low, high);
            } else {
                trade(&mut world, low);
            }
            world.settle();
            let mut expected = Vec::new();
            twins.retain_mut(|twin| {
                let now = twin.sees(low, high, quoted);
                if now {
                    expected.push(twin.name.clone());
                }
                !now
            });
            expected.sort_unstable();
            assert_eq!(woken(&world.events[from..]), expected, "{seed} {number}");
        }
    }
}

#[test]
fn a_list_is_of_one_session_and_one_name() {
    let mut world = world();
    let of = |name: &str, session: u16, list: u64| NewOrder {
        session: SessionId::new(session),
        list: ListId::new(list),
        ..linked(sell(plain(name), 10), Leg::OneCancelsOther, 2)
    };
    // Each of these alone begins a list that waits for another order.
    assert_eq!(new(&mut world, of("A", 0, 7)), ["accepted A New 0+10/10"]);
    assert_eq!(new(&mut world, of("B", 1, 7)), ["accepted B New 0+10/10"]);
    assert_eq!(new(&mut world, of("C", 0, 8)), ["accepted C New 0+10/10"]);
    // And this one joins the first.
    let events = new(&mut world, of("D", 0, 7));
    assert!(
        events.iter().any(|line| line.starts_with("triggered A")),
        "{events:?}"
    );
    assert!(
        !events.iter().any(|line| line.starts_with("triggered B")),
        "{events:?}"
    );
    assert!(
        !events.iter().any(|line| line.starts_with("triggered C")),
        "{events:?}"
    );
}
