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
