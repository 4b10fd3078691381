//! Instructions that bind an order as long as it works: icebergs, least quantities, post only,
//! all or none, reduce only, left over as limit.

mod support;

use dcx_model::*;
use dcx_stats::Draws;
use support::{LOT, MID, TICK, VENUES, World, configure};

fn lots(count: u64) -> Qty {
    Qty::from_units(count * LOT.units())
}

fn px(ticks: i64) -> Price {
    Price::from_units(MID + ticks * TICK.units())
}

/// A world whose venues can do what is said, bid five ticks below the middle and offer five above.
fn world(features: [VenueFeatures; VENUES as usize]) -> World {
    with(features, OnNoVenue::Hold)
}

fn with(features: [VenueFeatures; VENUES as usize], on_no_venue: OnNoVenue) -> World {
    let mut world = World::with(configure(1, on_no_venue));
    for (venue, features) in (0..VENUES).zip(features) {
        world.send(Command::DefineVenue(Venue {
            id: VenueId::new(venue),
            name: format!("V{venue}").parse().expect("printable"),
            fee_centi_bps: 0,
            features,
        }));
    }
    for change in (SessionLimits {
        session: SessionId::new(0),
        orders_per_s_max: 1_000_000,
        burst_max: 1_000_000,
        orders_open_max: 1_000,
    })
    .changes()
    {
        world.send(Command::SetLimit(change));
    }
    for venue in 0..VENUES {
        quote(&mut world, venue, -5, 10);
    }
    world
}

fn plain() -> World {
    world([VenueFeatures::NONE; 3])
}

fn quote(world: &mut World, venue: u8, ticks: i64, spread: i64) {
    world.send(Command::Quote(support::quote(venue, 0, ticks, spread)));
}

/// A limit order of the day to buy ten lots at the middle.
fn buy(world: &World) -> NewOrder {
    NewOrder {
        cl_ord_id: format!("A{}", world.seq.get()).parse().expect("printable"),
        order_qty: lots(10),
        limit_px: px(0).into(),
        transact_time: world.at,
        ..NewOrder::PLAIN
    }
}

fn sell(world: &World) -> NewOrder {
    NewOrder {
        side: Side::Sell,
        ..buy(world)
    }
}

fn flagged(order: NewOrder, flags: OrderFlags) -> NewOrder {
    NewOrder { flags, ..order }
}

fn refusal(events: &[Event]) -> Option<Refusal> {
    events.iter().find_map(|event| match event {
        Event::Rejected { refusal, .. } => Some(*refusal),
        _ => None,
    })
}

fn accepted(events: &[Event]) -> OrderId {
    match events.first() {
        Some(Event::Accepted { view, .. }) => view.order,
        other => panic!("{other:?}"),
    }
}

fn sent(events: &[Event]) -> Vec<ChildOrder> {
    let sent = events.iter().filter_map(|event| match event {
        Event::ChildSent(order) => Some(*order),
        _ => None,
    });
    sent.collect()
}

fn restated(events: &[Event]) -> Vec<(OrderView, RestatementReason)> {
    let restated = events.iter().filter_map(|event| match event {
        Event::Restated { view, reason } => Some((*view, *reason)),
        _ => None,
    });
    restated.collect()
}

/// The venue's answer about the child that was sent last.
fn last(world: &mut World, exec_type: ExecType, qty: Qty, ticks: i64) -> Vec<Event> {
    let ix = world.children.len() - 1;
    answer(world, ix, exec_type, qty, ticks)
}

fn answer(world: &mut World, ix: usize, exec_type: ExecType, qty: Qty, ticks: i64) -> Vec<Event> {
    let report = world.report(ix, exec_type, qty, ticks);
    world.send(Command::VenueReport(report))
}

fn confirm_all(world: &mut World) -> Vec<Event> {
    let mut events = Vec::new();
    for ix in 0..world.children.len() {
        let child = &world.children[ix];
        if child.request.is_some() && !child.done {
            events.extend(answer(world, ix, ExecType::Canceled, Qty::ZERO, 0));
        }
    }
    events
}

fn status(world: &World, order: OrderId) -> OrdStatus {
    world.told[&order].view.ord_status
}

/// Takes a position of so many lots, long where positive.
fn take_position(world: &mut World, count: i64) {
    let order = if count > 0 { buy(world) } else { sell(world) };
    let qty = lots(count.unsigned_abs());
    world.send(Command::NewOrder(NewOrder {
        order_qty: qty,
        ..order
    }));
    last(world, ExecType::Trade, qty, 0);
}

// Post only.

#[test]
fn a_post_only_order_that_reaches_the_other_side_is_refused_and_one_tick_before_it_is_not() {
    for (order, at, before) in [(buy as fn(&World) -> NewOrder, 5, 4), (sell, -5, -4)] {
        let mut world = world([VenueFeatures::POST_ONLY; 3]);
        let mut posted = flagged(order(&world), OrderFlags::POST_ONLY);
        posted.limit_px = px(at).into();
        let events = world.send(Command::NewOrder(posted));
        let expected = Refusal::WouldTake {
            px: px(at),
            touch: px(at),
        };
        assert_eq!(refusal(&events), Some(expected));
        let mut posted = flagged(order(&world), OrderFlags::POST_ONLY);
        posted.limit_px = px(before).into();
        let events = world.send(Command::NewOrder(posted));
        let children = sent(&events);
        assert_eq!(children.len(), 1, "{events:?}");
        assert!(children[0].flags.has(OrderFlags::POST_ONLY));
    }
}

#[test]
fn a_post_only_order_goes_to_a_venue_that_takes_it_and_waits_where_there_is_none() {
    for _ in 0..5 {
        let mut world = world([
            VenueFeatures::NONE,
            VenueFeatures::NONE,
            VenueFeatures::POST_ONLY,
        ]);
        let order = flagged(buy(&world), OrderFlags::POST_ONLY);
        let events = world.send(Command::NewOrder(order));
        assert_eq!(sent(&events)[0].venue, VenueId::new(2));
    }
    let mut world = plain();
    let order = flagged(buy(&world), OrderFlags::POST_ONLY);
    let events = world.send(Command::NewOrder(order));
    assert!(matches!(events[..], [Event::Accepted { held: true, .. }]));
    let mut world = with([VenueFeatures::NONE; 3], OnNoVenue::Reject);
    let order = flagged(buy(&world), OrderFlags::POST_ONLY);
    let events = world.send(Command::NewOrder(order));
    assert_eq!(refusal(&events), Some(Refusal::NoVenue));
}

#[test]
fn a_post_only_order_is_judged_again_when_its_venue_gave_it_back() {
    let mut world = world([VenueFeatures::POST_ONLY; 3]);
    let order = flagged(buy(&world), OrderFlags::POST_ONLY);
    let order = accepted(&world.send(Command::NewOrder(order)));
    // The offer comes down to the limit, then the venue cancels.
    quote(&mut world, 0, -10, 10);
    let events = last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
    assert_eq!(sent(&events), []);
    let expected = Refusal::WouldTake {
        px: px(0),
        touch: px(0),
    };
    assert_eq!(refusal(&events), Some(expected));
    assert_eq!(status(&world, order), OrdStatus::Rejected);
}

#[test]
fn a_replace_may_not_make_a_post_only_order_take() {
    let mut world = world([VenueFeatures::POST_ONLY; 3]);
    let order = flagged(buy(&world), OrderFlags::POST_ONLY);
    world.send(Command::NewOrder(order));
    let events = world.send(Command::Replace(replace(&order, lots(10), px(5))));
    let refused = events.iter().any(|event| {
        matches!(event, Event::CancelRejected(rejected)
            if matches!(rejected.refusal, Refusal::WouldTake { .. }))
    });
    assert!(refused, "{events:?}");
}

fn replace(order: &NewOrder, order_qty: Qty, limit_px: Price) -> ReplaceRequest {
    ReplaceRequest {
        session: order.session,
        cl_ord_id: format!("R{}", order.cl_ord_id).parse().expect("printable"),
        orig_cl_ord_id: order.cl_ord_id,
        instrument: order.instrument,
        side: order.side,
        ord_type: order.ord_type,
        time_in_force: order.time_in_force,
        order_qty,
        limit_px: limit_px.into(),
        stop_px: LimitPx::NONE,
        display_qty: order.display_qty,
        transact_time: order.transact_time,
    }
}

// Least quantity, all or none.

#[test]
fn a_least_quantity_is_for_now_or_never_and_within_the_order() {
    let mut world = world([VenueFeatures::MIN_QTY; 3]);
    let ioc = NewOrder {
        time_in_force: TimeInForce::Ioc,
        min_qty: lots(10),
        ..buy(&world)
    };
    for order in [
        NewOrder {
            time_in_force: TimeInForce::Day,
            ..ioc
        },
        NewOrder {
            min_qty: lots(11),
            ..ioc
        },
        NewOrder {
            min_qty: Qty::from_units(LOT.units() + 1),
            ..ioc
        },
    ] {
        let order = NewOrder {
            cl_ord_id: buy(&world).cl_ord_id,
            ..order
        };
        let events = world.send(Command::NewOrder(order));
        let got = refusal(&events);
        assert!(
            matches!(got, Some(Refusal::MinQtyInvalid { .. })),
            "{got:?}"
        );
    }
    let order = NewOrder {
        cl_ord_id: buy(&world).cl_ord_id,
        ..ioc
    };
    let events = world.send(Command::NewOrder(order));
    assert_eq!(sent(&events)[0].min_qty, lots(10));
}

#[test]
fn a_least_quantity_goes_to_a_venue_that_keeps_to_it() {
    let mut world = world([
        VenueFeatures::NONE,
        VenueFeatures::MIN_QTY,
        VenueFeatures::NONE,
    ]);
    for _ in 0..6 {
        let order = NewOrder {
            time_in_force: TimeInForce::Ioc,
            min_qty: lots(5),
            ..buy(&world)
        };
        let events = world.send(Command::NewOrder(order));
        assert_eq!(sent(&events)[0].venue, VenueId::new(1));
        last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
    }
}

#[test]
fn all_or_none_at_once_is_fill_or_kill_and_resting_needs_a_venue_that_keeps_to_it() {
    let mut world = plain();
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let order = NewOrder {
            time_in_force,
            ..flagged(buy(&world), OrderFlags::ALL_OR_NONE)
        };
        let child = sent(&world.send(Command::NewOrder(order)))[0];
        assert_eq!(child.time_in_force, TimeInForce::Fok);
        assert_eq!(child.flags, OrderFlags::NONE);
    }
    let order = flagged(buy(&world), OrderFlags::ALL_OR_NONE);
    let events = world.send(Command::NewOrder(order));
    assert!(matches!(events[..], [Event::Accepted { held: true, .. }]));
    let mut world = self::world([
        VenueFeatures::NONE,
        VenueFeatures::NONE,
        VenueFeatures::ALL_OR_NONE,
    ]);
    let order = flagged(buy(&world), OrderFlags::ALL_OR_NONE);
    let child = sent(&world.send(Command::NewOrder(order)))[0];
    assert_eq!(child.venue, VenueId::new(2));
    assert_eq!(child.flags, OrderFlags::ALL_OR_NONE);
}

// Icebergs.

#[test]
fn a_venue_that_takes_icebergs_gets_the_whole_and_what_to_show() {
    let mut world = world([VenueFeatures::ICEBERG; 3]);
    let order = NewOrder {
        display_qty: lots(3),
        ..buy(&world)
    };
    let children = sent(&world.send(Command::NewOrder(order)));
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].order_qty, lots(10));
    assert_eq!(children[0].display_qty, lots(3));
}

#[test]
fn another_venue_gets_piece_after_piece_each_when_the_last_is_filled() {
    let mut world = plain();
    let order = NewOrder {
        display_qty: lots(4),
        ..buy(&world)
    };
    let events = world.send(Command::NewOrder(order));
    let id = accepted(&events);
    let mut pieces: Vec<_> = sent(&events);
    let events = last(&mut world, ExecType::Trade, lots(1), 0);
    assert_eq!(sent(&events), [], "what is left of a piece still shows");
    let mut left = 3;
    while status(&world, id) != OrdStatus::Filled {
        let events = last(&mut world, ExecType::Trade, lots(left), 0);
        pieces.extend(sent(&events));
        left = pieces.last().map_or(0, |piece| piece.order_qty.units()) / LOT.units();
    }
    let quantities: Vec<_> = pieces.iter().map(|piece| piece.order_qty).collect();
    assert_eq!(quantities, [lots(4), lots(4), lots(2)]);
    assert!(pieces.iter().all(|piece| piece.display_qty.is_zero()));
}

#[test]
fn a_piece_that_its_venue_gave_back_is_shown_elsewhere() {
    let mut world = plain();
    let order = NewOrder {
        display_qty: lots(4),
        ..buy(&world)
    };
    let first = sent(&world.send(Command::NewOrder(order)))[0];
    let next = sent(&last(&mut world, ExecType::Canceled, Qty::ZERO, 0));
    assert_eq!(next.len(), 1);
    assert_ne!(next[0].venue, first.venue);
    assert_eq!(next[0].order_qty, lots(4));
}

#[test]
fn a_shown_quantity_is_for_resting_orders_whole_lots_and_within_the_order() {
    let mut world = plain();
    for (order, fits) in [
        (
            NewOrder {
                display_qty: lots(10),
                ..buy(&world)
            },
            true,
        ),
        (
            NewOrder {
                display_qty: lots(11),
                ..buy(&world)
            },
            false,
        ),
        (
            NewOrder {
                display_qty: Qty::from_units(LOT.units() + 1),
                ..buy(&world)
            },
            false,
        ),
        (
            NewOrder {
                display_qty: lots(1),
                ord_type: OrdType::Market,
                limit_px: LimitPx::NONE,
                ..buy(&world)
            },
            false,
        ),
    ] {
        let order = NewOrder {
            cl_ord_id: buy(&world).cl_ord_id,
            ..order
        };
        let got = refusal(&world.send(Command::NewOrder(order)));
        let invalid = matches!(got, Some(Refusal::DisplayInvalid { .. }));
        assert_eq!(!invalid, fits, "{got:?}");
    }
}

#[test]
fn a_replace_shows_another_quantity_and_not_more_than_there_is() {
    let mut world = plain();
    let order = NewOrder {
        display_qty: lots(4),
        ..buy(&world)
    };
    world.send(Command::NewOrder(order));
    let mut request = replace(&order, lots(8), px(0));
    request.display_qty = lots(9);
    let events = world.send(Command::Replace(request));
    let refused = events.iter().any(|event| {
        matches!(event, Event::CancelRejected(rejected)
            if matches!(rejected.refusal, Refusal::DisplayInvalid { .. }))
    });
    assert!(refused, "{events:?}");
    request.display_qty = lots(2);
    request.cl_ord_id = "R2".parse().expect("printable");
    world.send(Command::Replace(request));
    let events = confirm_all(&mut world);
    assert_eq!(sent(&events)[0].order_qty, lots(2));
}

/// Has every venue refuse the cancel that is on its way there.
fn refuse_cancels(world: &mut World) {
    for ix in 0..world.children.len() {
        let child = &mut world.children[ix];
        if child.done {
            continue;
        }
        let Some(request) = child.request.take() else {
            continue;
        };
        let reject = VenueCancelReject {
            venue: child.order.venue,
            child: child.order.child,
            request,
            cxl_rej_reason: CxlRejReason::Other,
            ord_status: OrdStatus::New,
        };
        world.send(Command::VenueCancelReject(reject));
    }
}

#[test]
fn an_iceberg_whose_cancel_was_refused_shows_no_second_piece() {
    let mut world = plain();
    let order = NewOrder {
        display_qty: lots(4),
        ..buy(&world)
    };
    world.send(Command::NewOrder(order));
    world.send(Command::Replace(replace(&order, lots(12), px(0))));
    refuse_cancels(&mut world);
    assert_eq!(world.children.len(), 1);
}

/// Whatever venues do, and whichever of them take icebergs, no more is shown than was said.
#[test]
fn an_iceberg_never_shows_more_than_its_shown_quantity() {
    for seed in 0..60 {
        let mut draws = Draws::new(seed);
        let mut draw = |below: u64| draws.bits() % below;
        let mut world = world([
            VenueFeatures::NONE,
            VenueFeatures::ICEBERG,
            VenueFeatures::NONE,
        ]);
        let display_qty = lots(1 + draw(5));
        let order = NewOrder {
            order_qty: lots(10 + draw(40)),
            display_qty,
            ..buy(&world)
        };
        let id = accepted(&world.send(Command::NewOrder(order)));
        for turn in 0..60 {
            let ix = world.children.len() - 1;
            let left = world.children[ix].leaves_qty.units() / LOT.units();
            match draw(13) {
                12 => refuse_cancels(&mut world),
                0 => {
                    answer(&mut world, ix, ExecType::Canceled, Qty::ZERO, 0);
                }
                1 => {
                    answer(&mut world, ix, ExecType::Rejected, Qty::ZERO, 0);
                }
                2 => {
                    let view = world.told[&id].view;
                    let mut request = replace(&order, lots(10 + draw(40)), px(0));
                    request.cl_ord_id = format!("R{turn}").parse().expect("printable");
                    request.orig_cl_ord_id = view.cl_ord_id;
                    world.send(Command::Replace(request));
                }
                3 => {
                    confirm_all(&mut world);
                }
                _ if left > 0 => {
                    let qty = lots(1 + draw(left));
                    answer(&mut world, ix, ExecType::Trade, qty, 0);
                }
                _ => {}
            }
            let shown = world.children.iter().filter(|child| !child.done);
            let shown = shown.map(|child| {
                if child.order.display_qty.is_zero() {
                    child.leaves_qty
                } else {
                    child.leaves_qty.min(child.order.display_qty)
                }
            });
            let shown = Qty::sum(shown).expect("small");
            assert!(
                shown <= display_qty,
                "seed {seed}: {shown} of {display_qty}"
            );
        }
        assert!(world.children.len() > 1, "seed {seed}: more than one piece");
    }
}

// Reduce only.

fn reduce(world: &World, count: u64) -> NewOrder {
    let order = flagged(sell(world), OrderFlags::REDUCE_ONLY);
    NewOrder {
        order_qty: lots(count),
        ..order
    }
}

#[test]
fn a_reduce_only_order_takes_what_the_position_has_and_no_lot_more() {
    let mut world = plain();
    let order = reduce(&world, 1);
    let events = world.send(Command::NewOrder(order));
    let expected = Refusal::NotReducing {
        qty: lots(1),
        reducible: Qty::ZERO,
    };
    assert_eq!(refusal(&events), Some(expected), "there is no position");
    take_position(&mut world, 10);
    let order = reduce(&world, 11);
    let events = world.send(Command::NewOrder(order));
    let expected = Refusal::NotReducing {
        qty: lots(11),
        reducible: lots(10),
    };
    assert_eq!(refusal(&events), Some(expected));
    let order = flagged(buy(&world), OrderFlags::REDUCE_ONLY);
    let events = world.send(Command::NewOrder(order));
    let got = refusal(&events);
    assert!(matches!(got, Some(Refusal::NotReducing { .. })), "{got:?}");
    let order = reduce(&world, 6);
    assert_eq!(sent(&world.send(Command::NewOrder(order))).len(), 1);
    let child = world.children.last().expect("sent").order;
    assert_eq!(child.flags, OrderFlags::NONE, "the venue is not told");
    // The first has taken six of the ten.
    let order = reduce(&world, 5);
    let events = world.send(Command::NewOrder(order));
    let expected = Refusal::NotReducing {
        qty: lots(5),
        reducible: lots(4),
    };
    assert_eq!(refusal(&events), Some(expected));
    let order = reduce(&world, 4);
    assert_eq!(sent(&world.send(Command::NewOrder(order))).len(), 1);
}

#[test]
fn when_the_position_becomes_smaller_the_newest_reduce_only_orders_give_way() {
    let mut world = plain();
    take_position(&mut world, 10);
    let first = reduce(&world, 4);
    let first = accepted(&world.send(Command::NewOrder(first)));
    let second = reduce(&world, 4);
    let second = accepted(&world.send(Command::NewOrder(second)));
    let third = reduce(&world, 2);
    let third = accepted(&world.send(Command::NewOrder(third)));
    // A plain sale of five: the third goes, the second keeps one lot.
    let order = NewOrder {
        order_qty: lots(5),
        ..sell(&world)
    };
    world.send(Command::NewOrder(order));
    let events = last(&mut world, ExecType::Trade, lots(5), 0);
    let called = events
        .iter()
        .filter(|event| matches!(event, Event::ChildCancel(_)));
    assert_eq!(called.count(), 2, "{events:?}");
    let events = confirm_all(&mut world);
    assert_eq!(status(&world, first), OrdStatus::New);
    assert_eq!(status(&world, third), OrdStatus::Canceled);
    let restated = restated(&events);
    assert_eq!(restated.len(), 1);
    assert_eq!(restated[0].0.order, second);
    assert_eq!(restated[0].0.order_qty, lots(1));
    assert_eq!(restated[0].1, RestatementReason::PartialDecline);
    let resent = sent(&events);
    assert_eq!(resent.len(), 1, "what it keeps works again");
    assert_eq!((resent[0].order, resent[0].order_qty), (second, lots(1)));
}

#[test]
fn what_a_reduce_only_order_keeps_is_whole_lots() {
    let mut world = plain();
    take_position(&mut world, 10);
    let order = reduce(&world, 10);
    world.send(Command::NewOrder(order));
    let other = sell(&world);
    world.send(Command::NewOrder(other));
    let part = Qty::from_units(LOT.units() / 2);
    last(&mut world, ExecType::Trade, part, 0);
    let events = confirm_all(&mut world);
    assert_eq!(sent(&events)[0].order_qty, lots(9), "{events:?}");
}

#[test]
fn a_replace_may_not_take_more_than_can_be_reduced() {
    let mut world = plain();
    take_position(&mut world, 10);
    let order = reduce(&world, 4);
    world.send(Command::NewOrder(order));
    let mut request = replace(&order, lots(11), px(0));
    let events = world.send(Command::Replace(request));
    let refused = events.iter().any(|event| {
        matches!(event, Event::CancelRejected(rejected)
            if matches!(rejected.refusal, Refusal::NotReducing { .. }))
    });
    assert!(refused, "{events:?}");
    request.order_qty = lots(10);
    request.cl_ord_id = "R2".parse().expect("printable");
    world.send(Command::Replace(request));
    let events = confirm_all(&mut world);
    assert_eq!(sent(&events)[0].order_qty, lots(10));
}

#[test]
fn a_position_that_shrinks_while_a_replace_is_pending_is_seen_when_it_is_done() {
    let mut world = plain();
    take_position(&mut world, 10);
    let order = reduce(&world, 4);
    world.send(Command::NewOrder(order));
    let reducing = world.children.len() - 1;
    world.send(Command::Replace(replace(&order, lots(10), px(0))));
    let other = NewOrder {
        order_qty: lots(3),
        ..sell(&world)
    };
    world.send(Command::NewOrder(other));
    last(&mut world, ExecType::Trade, lots(3), 0);
    let events = answer(&mut world, reducing, ExecType::Canceled, Qty::ZERO, 0);
    assert_eq!(sent(&events)[0].order_qty, lots(7), "{events:?}");
}

#[test]
fn an_account_has_so_many_reduce_only_orders_and_no_more() {
    let mut world = plain();
    take_position(&mut world, 40);
    for _ in 0..32 {
        let order = reduce(&world, 1);
        accepted(&world.send(Command::NewOrder(order)));
    }
    let order = reduce(&world, 1);
    let events = world.send(Command::NewOrder(order));
    let expected = Refusal::OrdersOpenAboveMax {
        at: Level::Account,
        open: 33,
        max: 32,
    };
    assert_eq!(refusal(&events), Some(expected));
    // Many give way at once, and it stays within what one command may cause.
    let order = NewOrder {
        order_qty: lots(40),
        ..sell(&world)
    };
    world.send(Command::NewOrder(order));
    last(&mut world, ExecType::Trade, lots(40), 0);
    while world.engine.wake_at().is_some_and(|at| at <= world.at) {
        world.send(Command::Wake);
    }
    confirm_all(&mut world);
    assert_eq!(world.engine.orders_open(), 0);
}

/// Under any interleaving of fills: no fill of a reduce-only order makes a position larger or
/// turns it, as long as venues do not fill what they were asked to cancel.
#[test]
fn a_fill_of_a_reduce_only_order_never_turns_a_position() {
    let (mut reduced, mut gave_way) = (0, 0);
    for seed in 0..150 {
        let mut draws = Draws::new(seed);
        let mut draw = |below: u64| draws.bits() % below;
        let mut world = plain();
        let (account, instrument) = (AccountId::new(0), InstrumentId::new(0));
        let mut last_order = None;
        for turn in 0..120_u32 {
            match draw(10) {
                0..3 => {
                    let mut order = if draw(2) == 0 {
                        buy(&world)
                    } else {
                        sell(&world)
                    };
                    order.order_qty = lots(1 + draw(12));
                    if draw(3) == 0 {
                        order.display_qty = lots(1);
                    }
                    if draw(2) == 0 {
                        let position = world.engine.position(account, instrument);
                        order.flags = OrderFlags::REDUCE_ONLY;
                        order.side = if position > 0 { Side::Sell } else { Side::Buy };
                        let most = u64::try_from(position.unsigned_abs()).expect("small");
                        order.order_qty = lots(1 + draw(1 + most / LOT.units()));
                    }
                    if let Some(Event::Accepted { .. }) =
                        world.send(Command::NewOrder(order)).first()
                    {
                        last_order = Some(order);
                    }
                }
                3 => {
                    if let Some(order) = last_order {
                        let mut request = replace(&order, lots(1 + draw(12)), px(0));
                        request.cl_ord_id = format!("R{turn}").parse().expect("printable");
                        world.send(Command::Replace(request));
                    }
                }
                4 => {
                    confirm_all(&mut world);
                }
                5 if !world.children.is_empty() => {
                    let ix = draw(world.children.len() as u64);
                    let ix = usize::try_from(ix).expect("small");
                    if !world.children[ix].done {
                        answer(&mut world, ix, ExecType::Canceled, Qty::ZERO, 0);
                    }
                }
                _ => {
                    let working: Vec<_> = (0..world.children.len())
                        .filter(|ix| {
                            let child = &world.children[*ix];
                            !child.done && child.request.is_none()
                        })
                        .collect();
                    if working.is_empty() {
                        continue;
                    }
                    let pick = usize::try_from(draw(working.len() as u64)).expect("small");
                    let ix = working[pick];
                    let child = &world.children[ix];
                    let left = child.leaves_qty.units() / LOT.units();
                    let (qty, order) = (lots(1 + draw(left)), child.order.order);
                    let only = world.told[&order].view.flags.has(OrderFlags::REDUCE_ONLY);
                    let before = world.engine.position(account, instrument);
                    let events = answer(&mut world, ix, ExecType::Trade, qty, 0);
                    let after = world.engine.position(account, instrument);
                    if only {
                        reduced += 1;
                        assert!(
                            after.abs() < before.abs(),
                            "seed {seed}: {before} to {after}"
                        );
                        assert!(after * before >= 0, "seed {seed}: {before} to {after}");
                    }
                    let gives = |event: &&Event| matches!(event, Event::ChildCancel(_));
                    gave_way += events.iter().filter(gives).count();
                }
            }
        }
    }
    assert!(reduced > 300, "{reduced} fills reduced");
    assert!(gave_way > 100, "{gave_way} orders gave way");
}

// Market with left over as limit.

fn left_over(world: &World) -> NewOrder {
    NewOrder {
        ord_type: OrdType::MarketWithLeftOverAsLimit,
        limit_px: LimitPx::NONE,
        ..buy(world)
    }
}

#[test]
fn what_is_left_over_of_a_market_order_rests_at_the_price_of_its_last_fill() {
    let mut world = plain();
    let order = left_over(&world);
    let events = world.send(Command::NewOrder(order));
    let id = accepted(&events);
    let child = sent(&events)[0];
    assert_eq!(child.ord_type, OrdType::Market);
    assert_eq!(child.time_in_force, TimeInForce::Ioc);
    last(&mut world, ExecType::Trade, lots(2), 4);
    last(&mut world, ExecType::Trade, lots(2), 5);
    let events = last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
    let told = restated(&events);
    assert_eq!(told.len(), 1, "{events:?}");
    assert_eq!(told[0].1, RestatementReason::RepricingOfOrder);
    assert_eq!(told[0].0.limit_px, px(5).into());
    assert_eq!(told[0].0.order_qty, lots(10));
    let child = sent(&events)[0];
    assert_eq!(child.ord_type, OrdType::Limit);
    assert_eq!(child.time_in_force, TimeInForce::Day);
    assert_eq!((child.order_qty, child.limit_px), (lots(6), px(5).into()));
    last(&mut world, ExecType::Trade, lots(6), 0);
    assert_eq!(status(&world, id), OrdStatus::Filled);
}

#[test]
fn a_fill_between_ticks_leaves_a_limit_that_is_not_beyond_it() {
    for (order, expected) in [(buy as fn(&World) -> NewOrder, 4), (sell, 5)] {
        let mut world = plain();
        let order = NewOrder {
            ord_type: OrdType::MarketWithLeftOverAsLimit,
            limit_px: LimitPx::NONE,
            ..order(&world)
        };
        world.send(Command::NewOrder(order));
        let ix = world.children.len() - 1;
        let mut report = world.report(ix, ExecType::Trade, lots(2), 4);
        report.last_px = Price::from_units(px(4).units() + 1);
        world.send(Command::VenueReport(report));
        let events = last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
        assert_eq!(sent(&events)[0].limit_px, px(expected).into());
    }
}

#[test]
fn a_market_order_of_which_nothing_was_filled_leaves_nothing_over() {
    let mut world = plain();
    let order = left_over(&world);
    let id = accepted(&world.send(Command::NewOrder(order)));
    let events = last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
    assert_eq!(sent(&events), []);
    assert_eq!(status(&world, id), OrdStatus::Canceled);
}

#[test]
fn what_the_gates_do_not_let_rest_is_canceled() {
    let mut world = plain();
    let order = left_over(&world);
    let id = accepted(&world.send(Command::NewOrder(order)));
    // Filled far outside the collar.
    last(&mut world, ExecType::Trade, lots(2), 20_000);
    let events = last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
    assert_eq!(sent(&events), []);
    assert_eq!(restated(&events), []);
    assert_eq!(status(&world, id), OrdStatus::Canceled);
    assert_eq!(
        world
            .engine
            .working(AccountId::new(0), InstrumentId::new(0)),
        (0, 0)
    );
}

// Contradictions, end to end; every pair is in the table's own test.

#[test]
fn instructions_that_do_not_go_together_are_refused_with_the_tag() {
    let mut world = world([VenueFeatures::ALL; 3]);
    let base = buy(&world);
    let cases = [
        (
            NewOrder {
                time_in_force: TimeInForce::Ioc,
                ..flagged(base, OrderFlags::POST_ONLY)
            },
            18,
        ),
        (
            NewOrder {
                time_in_force: TimeInForce::Fok,
                display_qty: lots(1),
                ..base
            },
            111,
        ),
        (
            NewOrder {
                display_qty: lots(1),
                ..flagged(base, OrderFlags::ALL_OR_NONE)
            },
            111,
        ),
        (
            NewOrder {
                time_in_force: TimeInForce::Ioc,
                ord_type: OrdType::MarketWithLeftOverAsLimit,
                limit_px: LimitPx::NONE,
                ..base
            },
            40,
        ),
    ];
    for (order, tag) in cases {
        let order = NewOrder {
            cl_ord_id: buy(&world).cl_ord_id,
            ..order
        };
        let events = world.send(Command::NewOrder(order));
        assert_eq!(refusal(&events), Some(Refusal::Contradiction { tag }));
    }
}

#[test]
fn a_fill_on_a_tick_leaves_a_limit_at_that_very_price() {
    for order in [buy as fn(&World) -> NewOrder, sell] {
        let mut world = plain();
        let order = NewOrder {
            ord_type: OrdType::MarketWithLeftOverAsLimit,
            limit_px: LimitPx::NONE,
            ..order(&world)
        };
        world.send(Command::NewOrder(order));
        last(&mut world, ExecType::Trade, lots(2), 4);
        let events = last(&mut world, ExecType::Canceled, Qty::ZERO, 0);
        assert_eq!(sent(&events)[0].limit_px, px(4).into(), "{order:?}");
    }
}
