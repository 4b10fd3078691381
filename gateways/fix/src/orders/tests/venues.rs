//! What goes to venues and comes from them.

use super::*;

#[test]
fn children_become_orders_and_cancels_at_their_venue() {
    let mut rig = Rig::new();
    rig.venue_up();
    rig.entered(9, "100");
    rig.event(Event::ChildSent(CHILD));
    rig.event(Event::ChildSent(ChildOrder {
        child: ChildId::new(14),
        ord_type: OrdType::Market,
        limit_px: LimitPx::NONE,
        ..CHILD
    }));
    rig.event(Event::ChildCancel(CHILD_CANCEL));
    let to_venue =
        |msg_type: &str, fields: &str| (VENUE, msg_type.to_owned(), fields.replace("TIME", TIME));
    assert_eq!(
        rig.sent(),
        [
            to_venue("D", "11=12|21=1|55=XAUUSD|54=2|TIME|38=40|40=2|44=1.1|59=3"),
            to_venue("D", "11=14|21=1|55=XAUUSD|54=2|TIME|38=40|40=1|59=3"),
            to_venue("F", "41=12|11=13|55=XAUUSD|54=2|TIME|38=40"),
        ]
    );
}

#[test]
fn a_child_for_a_venue_that_is_away_is_answered_and_not_sent_later() {
    let mut rig = Rig::new();
    rig.event(Event::ChildSent(CHILD));
    rig.event(Event::ChildCancel(CHILD_CANCEL));
    assert_eq!(rig.sent(), []);
    let commands = rig.commands();
    let [
        Command::VenueReport(report),
        Command::VenueCancelReject(reject),
    ] = commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (report.child, report.exec_type),
        (CHILD.child, ExecType::Rejected)
    );
    assert_eq!(report.ord_rej_reason, OrdRejReason::ExchangeClosed);
    assert_eq!(
        (reject.child, reject.request),
        (CHILD.child, CHILD_CANCEL.request)
    );
    assert_eq!(rig.edge.counts().bounced, 2);
}

#[test]
fn sessions_that_come_and_go_are_told_to_the_engine_and_market_data_is_asked_for() {
    let mut rig = Rig::new();
    for session in [CLIENT, VENUE, NOBODY] {
        rig.edge.logged_on(session, NOW, &mut rig.sent.outgoing());
        rig.edge.logged_out(session, NOW, &mut rig.sent.outgoing());
    }
    let (session, venue) = (SessionId::new(4), VenueId::new(3));
    assert_eq!(
        rig.commands(),
        [
            Command::SessionState {
                session,
                link: SessionLink::Up
            },
            Command::SessionState {
                session,
                link: SessionLink::Disconnected
            },
            Command::VenueState { venue, up: true },
            Command::VenueState { venue, up: false },
        ]
    );
    let request = "262=DCX-TOP|263=1|264=1|265=0|267=2|269=0|269=1|146=2|55=EURUSD|55=XAUUSD";
    assert_eq!(rig.sent(), [(VENUE, "V".to_owned(), request.to_owned())]);
}

#[test]
fn reports_of_venues_become_commands() {
    let report = VenueReport {
        venue: VenueId::new(3),
        child: ChildId::new(12),
        exec_id: "x1".parse::<ExecId>().unwrap(),
        exec_type: ExecType::Trade,
        ord_status: OrdStatus::PartiallyFilled,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: qty("10"),
        last_px: px("1.1"),
        cum_qty: qty("10"),
        leaves_qty: qty("30"),
        avg_px: px("1.1"),
        ..VenueReport::EMPTY
    };
    let cases = [
        (
            "8",
            "37=V9|17=x1|150=F|39=1|11=12|55=EURUSD|54=1|32=10|31=1.1|14=10|151=30|6=1.1",
            Command::VenueReport(report),
        ),
        (
            "8",
            "37=V9|17=x1|150=4|39=4|11=13|41=12|55=EURUSD|54=1|14=10|151=0|6=1.1",
            Command::VenueReport(VenueReport {
                exec_type: ExecType::Canceled,
                ord_status: OrdStatus::Canceled,
                last_qty: Qty::ZERO,
                last_px: Price::ZERO,
                leaves_qty: Qty::ZERO,
                ..report
            }),
        ),
        (
            "8",
            "37=V9|17=x1|150=8|39=8|103=3|11=12|41=NONE|14=0|151=0|6=0",
            Command::VenueReport(VenueReport {
                exec_type: ExecType::Rejected,
                ord_status: OrdStatus::Rejected,
                ord_rej_reason: OrdRejReason::ExceedsLimit,
                last_qty: Qty::ZERO,
                last_px: Price::ZERO,
                cum_qty: Qty::ZERO,
                leaves_qty: Qty::ZERO,
                avg_px: Price::ZERO,
                ..report
            }),
        ),
        (
            "9",
            "37=V9|11=13|41=12|39=2|434=1|102=0",
            Command::VenueCancelReject(VenueCancelReject {
                venue: VenueId::new(3),
                child: ChildId::new(12),
                request: ChildId::new(13),
                cxl_rej_reason: CxlRejReason::TooLate,
                ord_status: OrdStatus::Filled,
            }),
        ),
    ];
    for (msg_type, fields, command) in cases {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(VENUE, msg_type, fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [command], "{fields}");
    }
}

#[test]
fn what_a_venue_says_that_cannot_be_used_is_counted_and_answered() {
    let long = format!("17={}|150=0|39=0|11=12", "x".repeat(37));
    let content = [
        ("8", "17=x|150=0|39=0|11=garbage", "ClOrdID is none of ours"),
        ("8", "17=x|150=0|39=0|11=0", "ClOrdID is none of ours"),
        ("8", "17=x|150=0|39=0|11=-1", "ClOrdID is none of ours"),
        (
            "8",
            "17=x|150=0|39=0|11=99999999999999999999",
            "ClOrdID is none of ours",
        ),
        ("8", "17=x|150=0|39=0", "ClOrdID is none of ours"),
        ("8", "17=x|150=z|39=0|11=12", "ExecType is not supported"),
        ("8", "17=x|150=0|39=z|11=12", "OrdStatus is not supported"),
        (
            "9",
            "11=13|41=x|39=0",
            "ClOrdID or OrigClOrdID is none of ours",
        ),
        ("9", "41=12|39=0", "ClOrdID or OrigClOrdID is none of ours"),
        ("9", "11=13|41=12|39=z", "OrdStatus is not supported"),
        ("B", "148=news", "Unsupported Message Type"),
    ];
    for (msg_type, fields, why) in content {
        let mut rig = Rig::new();
        let refused = rig.receive(VENUE, msg_type, fields);
        let Err(AppReject::Business { text, .. }) = refused else {
            panic!("{fields}: {refused:?}");
        };
        assert_eq!(text, why);
        assert_eq!((rig.commands(), rig.edge.counts().unusable), (vec![], 1));
    }
    let form = [
        ("8", "17=x|150=0|39=0|11=12|32=-5", 32, 5),
        ("8", "17=x|150=0|39=0|11=12|31=abc", 31, 6),
        ("8", "150=0|39=0|11=12", 17, 1),
        ("8", long.as_str(), 17, 5),
        ("8", "17=x|39=0|11=12", 150, 1),
        ("8", "17=x|150=0|11=12", 39, 1),
        ("8", "17=x|150=0|39=0|11=12|103=x", 103, 6),
        ("9", "11=13|41=12", 39, 1),
        ("W", "55=EURUSD|268=1|269=0|270=x", 270, 6),
        ("X", "268=1|279=0|269=0|55=EURUSD|270=1|271=-1", 271, 5),
    ];
    for (msg_type, fields, wanted, why) in form {
        let mut rig = Rig::new();
        let refused = rig.receive(VENUE, msg_type, fields);
        let Err(AppReject::Session { tag, reason, .. }) = refused else {
            panic!("{fields}: {refused:?}");
        };
        assert_eq!((tag, reason), (wanted, why), "{fields}");
        assert_eq!(rig.edge.counts().unusable, 1);
    }
}
