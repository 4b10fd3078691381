//! What clients are told.

use super::*;

#[test]
fn events_become_reports() {
    let renamed = |ord_status| OrderView {
        cl_ord_id: id("c1"),
        ..with_status(ord_status)
    };
    let part = OrderView {
        ord_status: OrdStatus::PartiallyFilled,
        cum_qty: qty("40"),
        avg_px: px("1.10025"),
        ..view()
    };
    let refusal = Refusal::QtyAboveMax {
        at: Level::Instrument,
        qty: qty("500"),
        max: qty("100"),
    };
    let unknown = OrderView {
        order: OrderId::default(),
        limit_px: LimitPx::NONE,
        ord_type: OrdType::Market,
        ..with_status(OrdStatus::Rejected)
    };
    let orig_cl_ord_id = id("a1");
    let open = "151=100|14=0|6=0";
    let done = "151=0|14=0|6=0";
    let cases = vec![
        (
            Event::Accepted {
                view: view(),
                held: false,
            },
            report("150=0|39=0", "11=a1", open, ""),
        ),
        (
            Event::Accepted {
                view: view(),
                held: true,
            },
            report(
                "150=0|39=0",
                "11=a1",
                open,
                "58=held: no venue is logged on",
            ),
        ),
        (
            Event::Rejected {
                view: unknown,
                refusal,
            },
            format!(
                "37=NONE|17=41-1|150=8|39=8|11=a1|55=EURUSD|54=1|38=100|40=1|59=0|{done}|{TIME}|\
                 58=DCX-R006 quantity 500 exceeds 100 of the instrument|103=3"
            ),
        ),
        (
            Event::Trade {
                view: part,
                child: ChildId::new(12),
                venue: VenueId::new(3),
                last_qty: qty("40"),
                last_px: px("1.10025"),
            },
            report(
                "150=F|39=1",
                "11=a1",
                "32=40|31=1.10025|30=LMAX|151=60|14=40|6=1.10025",
                "",
            ),
        ),
        (
            Event::PendingCancel {
                view: renamed(OrdStatus::PendingCancel),
                orig_cl_ord_id,
            },
            report("150=6|39=6", "11=c1|41=a1", open, ""),
        ),
        (
            Event::Canceled {
                view: renamed(OrdStatus::Canceled),
                orig_cl_ord_id,
            },
            report("150=4|39=4", "11=c1|41=a1", done, ""),
        ),
        (
            Event::Canceled {
                view: with_status(OrdStatus::Canceled),
                orig_cl_ord_id,
            },
            report("150=4|39=4", "11=a1", done, ""),
        ),
        (
            Event::PendingReplace {
                view: renamed(OrdStatus::PendingReplace),
                orig_cl_ord_id,
            },
            report("150=E|39=E", "11=c1|41=a1", open, ""),
        ),
        (
            Event::Replaced {
                view: renamed(OrdStatus::New),
                orig_cl_ord_id,
            },
            report("150=5|39=0", "11=c1|41=a1", open, ""),
        ),
        (
            Event::Expired {
                view: with_status(OrdStatus::Expired),
            },
            report("150=C|39=C", "11=a1", done, ""),
        ),
        (
            Event::Status { view: view() },
            report("150=I|39=0", "11=a1", open, ""),
        ),
    ];
    for (event, wanted) in cases {
        let mut rig = Rig::new();
        rig.event(event);
        assert_eq!(rig.sent(), [(CLIENT, "8".to_owned(), wanted)], "{event:?}");
    }
}

#[test]
fn a_refused_cancel_becomes_an_order_cancel_reject() {
    let mut rig = Rig::new();
    let rejected = CancelRejected {
        session: SessionId::new(4),
        order: OrderId::new(9),
        cl_ord_id: id("c1"),
        orig_cl_ord_id: id("a1"),
        ord_status: OrdStatus::Filled,
        response_to: CxlRejResponseTo::Replace,
        cxl_rej_reason: CxlRejReason::TooLate,
        refusal: Refusal::TooLate,
    };
    rig.event(Event::CancelRejected(rejected));
    rig.event(Event::CancelRejected(CancelRejected {
        order: OrderId::default(),
        response_to: CxlRejResponseTo::Cancel,
        cxl_rej_reason: CxlRejReason::UnknownOrder,
        ord_status: OrdStatus::Rejected,
        refusal: Refusal::UnknownOrder,
        ..rejected
    }));
    let nine = |fields: &str| (CLIENT, "9".to_owned(), fields.replace("TIME", TIME));
    assert_eq!(
        rig.sent(),
        [
            nine("37=9|11=c1|41=a1|39=2|434=2|102=0|TIME|58=DCX-R024 order is already done"),
            nine("37=NONE|11=c1|41=a1|39=8|434=1|102=1|TIME|58=DCX-R023 unknown order"),
        ]
    );
}

#[test]
fn an_event_for_nobody_here_is_counted() {
    let mut rig = Rig::new();
    let elsewhere = OrderView {
        session: SessionId::new(77),
        ..view()
    };
    rig.event(Event::Status { view: elsewhere });
    rig.event(Event::Digest { state: 1 });
    assert_eq!(rig.sent(), []);
    assert_eq!(rig.edge.counts().unroutable, 1);
}

#[test]
fn the_new_events_become_reports() {
    let trade = EventRef {
        seq: Seq::new(7),
        ix: 2,
    };
    let part = OrderView {
        ord_status: OrdStatus::PartiallyFilled,
        cum_qty: qty("40"),
        avg_px: px("1.1"),
        ..view()
    };
    let (last_qty, last_px, venue) = (qty("10"), px("1.1"), VenueId::new(3));
    let none = OrderView {
        order: OrderId::default(),
        cl_ord_id: ClOrdId::EMPTY,
        order_qty: Qty::ZERO,
        ..with_status(OrdStatus::Rejected)
    };
    let open = "151=100|14=0|6=0";
    let filled = "32=10|31=1.1|30=LMAX|151=60|14=40|6=1.1";
    let with_ref = |types: &str| report(&format!("19=7-2|{types}"), "11=a1", filled, "");
    let request = id("m1");
    let cases = [
        (
            Event::PendingNew {
                view: with_status(OrdStatus::PendingNew),
            },
            report(
                "150=A|39=A",
                "11=a1",
                open,
                "58=waits for a person's approval",
            ),
        ),
        (
            Event::Triggered { view: view() },
            report("150=L|39=0", "11=a1", open, ""),
        ),
        (
            Event::Restated {
                view: view(),
                reason: RestatementReason::PartialDecline,
            },
            report("150=D|39=0", "11=a1", open, "378=5"),
        ),
        (
            Event::TradeCanceled {
                view: part,
                trade,
                last_qty,
                last_px,
                venue,
            },
            with_ref("150=H|39=1"),
        ),
        (
            Event::TradeCorrected {
                view: part,
                trade,
                last_qty,
                last_px,
                venue,
            },
            with_ref("150=G|39=1"),
        ),
        (
            Event::MassStatus {
                view: view(),
                request,
                total: 3,
                last: false,
            },
            report("150=I|39=0", "11=a1", open, "584=m1|911=3|912=N"),
        ),
        (
            Event::MassStatus {
                view: none,
                request,
                total: 0,
                last: true,
            },
            format!(
                "37=NONE|17=41-1|150=I|39=8|55=EURUSD|54=1|38=0|40=2|44=1.1005|59=0|\
                 151=0|14=0|6=0|{TIME}|584=m1|911=0|912=Y"
            ),
        ),
    ];
    for (event, wanted) in cases {
        let mut rig = Rig::new();
        rig.event(event);
        assert_eq!(rig.sent(), [(CLIENT, "8".to_owned(), wanted)], "{event:?}");
    }
}

#[test]
fn a_report_says_what_the_order_asked_for() {
    let flags = OrderFlags::SHORT_SALE
        .with(OrderFlags::POST_ONLY)
        .with(OrderFlags::REDUCE_ONLY)
        .with(OrderFlags::ALL_OR_NONE);
    let mut rig = Rig::new();
    rig.event(Event::Status {
        view: OrderView {
            side: Side::Sell,
            ord_type: OrdType::StopLimit,
            stop_px: px("1.2").into(),
            flags,
            ..view()
        },
    });
    let sent = rig.sent();
    let terms = "|54=5|38=100|40=4|44=1.1005|99=1.2|59=0|18=6 E G|";
    assert!(sent[0].2.contains(terms), "{sent:?}");
}

#[test]
fn a_fill_of_a_living_order_does_not_settle_the_doubt_about_its_second_copy() {
    let mut rig = Rig::new();
    let order = format!("11=a1|55=EURUSD|54=1|38=100|40=2|44=1.1005|{TIME}");
    rig.receive_as(CLIENT, "D", &order, true).unwrap();
    rig.event(Event::Trade {
        view: view(),
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("1"),
        last_px: px("1.1"),
    });
    rig.event(Event::Status { view: view() });
    rig.event(Event::Rejected {
        view: with_status(OrdStatus::Rejected),
        refusal: Refusal::DuplicateClOrdId,
    });
    assert_eq!(rig.edge.counts().seen_before, 1);
}
