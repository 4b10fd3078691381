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

#[test]
fn a_child_tells_its_venue_what_it_asks_for() {
    let all = OrderFlags::POST_ONLY.with(OrderFlags::ALL_OR_NONE);
    let short = OrderFlags::SHORT_SALE;
    let cases = [
        (
            ChildOrder {
                display_qty: qty("10"),
                ..CHILD
            },
            "21=1|55=XAUUSD|54=2|TIME|38=40|111=10|40=2",
        ),
        (
            ChildOrder {
                min_qty: qty("5"),
                ..CHILD
            },
            "21=1|55=XAUUSD|54=2|TIME|38=40|110=5|40=2",
        ),
        (
            ChildOrder {
                flags: all,
                ..CHILD
            },
            "18=6 G|21=1|55=XAUUSD|54=2|TIME|38=40|40=2",
        ),
        (
            ChildOrder {
                flags: short,
                ..CHILD
            },
            "21=1|55=XAUUSD|54=5|114=Y|TIME|38=40|40=2",
        ),
        (
            ChildOrder {
                flags: short.with(OrderFlags::LOCATED),
                ..CHILD
            },
            "21=1|55=XAUUSD|54=5|114=N|TIME|38=40|40=2",
        ),
    ];
    for (child, wanted) in cases {
        let mut rig = Rig::new();
        rig.venue_up();
        rig.entered(9, "100");
        rig.event(Event::ChildSent(child));
        let wanted = format!("11=12|{}|44=1.1|59=3", wanted.replace("TIME", TIME));
        assert_eq!(rig.sent(), [(VENUE, "D".to_owned(), wanted)]);
    }
}

const ORPHAN_CANCEL: OrphanCancel = OrphanCancel {
    venue: VenueId::new(3),
    cl_ord_id: ClOrdId::EMPTY,
    request: ChildId::new(15),
    instrument: InstrumentId::new(1),
    side: Side::Buy,
    order_qty: Qty::whole(7),
};

fn questions() -> [(Event, &'static str, &'static str); 3] {
    let venue = VenueId::new(3);
    [
        (
            Event::ChildQuery(ChildQuery {
                child: ChildId::new(12),
                venue,
                instrument: InstrumentId::new(1),
                side: Side::Sell,
            }),
            "H",
            "11=12|55=XAUUSD|54=2",
        ),
        (
            Event::VenueMassStatus {
                venue,
                request: ChildId::new(14),
            },
            "AF",
            "584=14|585=7",
        ),
        (
            Event::OrphanCancel(OrphanCancel {
                cl_ord_id: id("theirs"),
                ..ORPHAN_CANCEL
            }),
            "F",
            "41=theirs|11=15|55=XAUUSD|54=1|TIME|38=7",
        ),
    ]
}

#[test]
fn questions_go_to_their_venue() {
    for (event, msg_type, wanted) in questions() {
        let mut rig = Rig::new();
        rig.venue_up();
        rig.event(event);
        let wanted = wanted.replace("TIME", TIME);
        assert_eq!(rig.sent(), [(VENUE, msg_type.to_owned(), wanted)]);
    }
}

#[test]
fn a_question_for_a_venue_that_is_away_gets_no_answer() {
    for (event, _, _) in questions() {
        let mut rig = Rig::new();
        rig.event(event);
        assert_eq!((rig.sent(), rig.commands()), (vec![], vec![]));
        assert_eq!(rig.edge.counts().bounced, 1);
    }
}

fn asked(request: u64) -> Rig {
    let mut rig = Rig::new();
    rig.venue_up();
    rig.event(Event::VenueMassStatus {
        venue: VenueId::new(3),
        request: ChildId::new(request),
    });
    rig.sent();
    rig
}

const DONE: Command = Command::VenueMassStatusDone {
    venue: VenueId::new(3),
    request: ChildId::new(14),
};

#[test]
fn what_a_venue_works_is_told_with_the_orders_that_are_not_ours() {
    let mut rig = asked(14);
    let ours = "17=x1|150=I|39=0|11=12|14=0|151=40|6=0|584=14|911=2|912=N";
    rig.receive(VENUE, "8", ours).unwrap();
    let commands = rig.commands();
    let [Command::VenueReport(report)] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (report.child, report.exec_type),
        (ChildId::new(12), ExecType::OrderStatus)
    );
    let foreign = "17=x2|150=I|39=1|11=theirs|55=XAUUSD|54=2|38=10|40=2|44=4000|59=1|14=4|151=6|\
                   6=3999.5|584=14|911=2|912=Y";
    rig.receive(VENUE, "8", foreign).unwrap();
    let orphan = Command::Orphan(Orphan {
        venue: VenueId::new(3),
        cl_ord_id: id("theirs"),
        instrument: InstrumentId::new(1),
        side: Side::Sell,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Gtc,
        order_qty: qty("10"),
        limit_px: px("4000").into(),
        cum_qty: qty("4"),
        avg_px: px("3999.5"),
    });
    assert_eq!(rig.commands(), [orphan, DONE]);
    assert_eq!(rig.edge.counts().orphans, 1);
    rig.receive(VENUE, "8", ours).unwrap();
    assert_eq!(rig.commands().len(), 1, "it is done once");
}

#[test]
fn a_venue_is_done_when_it_says_so_or_has_sent_as_many_as_it_said() {
    let answer = |more: &str| format!("17=x|150=I|39=0|11=12|14=0|151=1|6=0|584=14{more}");
    let nothing = "17=x|150=I|39=8|14=0|151=0|6=0|584=14|911=0|912=Y";
    let is_done = |fields: &[&str]| {
        let mut rig = asked(14);
        for fields in fields {
            rig.receive(VENUE, "8", fields).unwrap();
        }
        rig.commands().contains(&DONE)
    };
    assert!(is_done(&[nothing]));
    assert!(is_done(&[
        "17=x|150=I|39=8|11=NONE|14=0|151=0|6=0|584=14|911=0"
    ]));
    assert!(is_done(&[&answer("|912=Y")]));
    assert!(is_done(&[&answer("|911=2"), &answer("|911=2")]));
    assert!(!is_done(&[&answer("|911=2")]));
    assert!(!is_done(&[&answer("|912=N")]));
    assert!(
        !is_done(&[&answer("|912=Y").replace("584=14", "584=13")]),
        "another question"
    );
    assert!(!is_done(&[&answer("|912=Y").replace("150=I", "150=0")]));

    let mut rig = asked(14);
    rig.edge.logged_out(VENUE, NOW, &mut rig.sent.outgoing());
    rig.commands();
    rig.receive(VENUE, "8", nothing).unwrap();
    assert_eq!(
        rig.commands(),
        [],
        "the question went down with the session"
    );
}

#[test]
fn an_orphan_that_cannot_be_told_is_counted_and_one_that_is_done_is_none() {
    let answer = "17=x|150=I|11=theirs|14=0|151=6|6=0|584=14|54=1|55=EURUSD|39=0";
    for (from, to) in [("EURUSD", "NOPE"), ("54=1", "54=9")] {
        let mut rig = asked(14);
        let refused = rig.receive(VENUE, "8", &answer.replace(from, to));
        assert!(
            matches!(refused, Err(AppReject::Business { .. })),
            "{refused:?}"
        );
        assert_eq!((rig.commands(), rig.edge.counts().unusable), (vec![], 1));
    }
    let mut rig = asked(14);
    rig.receive(VENUE, "8", &answer.replace("39=0", "39=4"))
        .unwrap();
    assert_eq!(rig.commands(), []);
    let unknown_kind = format!("{answer}|40=Z|59=Z|44=1.1");
    rig.receive(VENUE, "8", &unknown_kind).unwrap();
    let commands = rig.commands();
    let [Command::Orphan(orphan)] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (orphan.ord_type, orphan.time_in_force),
        (OrdType::Limit, TimeInForce::Day)
    );
    assert_eq!(orphan.order_qty, qty("6"), "filled and left");
}

#[test]
fn an_average_with_more_places_than_can_be_held_loses_no_report() {
    for (text, wanted) in [
        ("1.123456784", "1.12345678"),
        ("1.123456785", "1.12345679"),
        ("-1.123456785", "-1.12345679"),
        ("1.1", "1.1"),
        ("nonsense", "0"),
        ("99999999999999999999", "0"),
    ] {
        let mut rig = Rig::new();
        let fields = format!("17=x1|150=F|39=1|11=12|32=1|31=1|14=1|151=1|6={text}");
        rig.receive(VENUE, "8", &fields).unwrap();
        let commands = rig.commands();
        let [Command::VenueReport(report)] = commands[..] else {
            panic!("{text}: {commands:?}");
        };
        assert_eq!(report.avg_px, px(wanted), "{text}");
    }
}

#[test]
fn what_a_venue_takes_back_names_its_trade() {
    for (wire, exec_type) in [
        ("G", ExecType::TradeCorrect),
        ("H", ExecType::TradeCancel),
        ("7", ExecType::Stopped),
        ("9", ExecType::Suspended),
        ("B", ExecType::Calculated),
        ("D", ExecType::Restated),
        ("L", ExecType::Triggered),
    ] {
        let mut rig = Rig::new();
        let fields = format!("17=x2|19=x1|150={wire}|39=1|11=12|32=1|31=1|14=1|151=1|6=1");
        rig.receive(VENUE, "8", &fields).unwrap();
        let commands = rig.commands();
        let [Command::VenueReport(report)] = commands[..] else {
            panic!("{wire}: {commands:?}");
        };
        assert_eq!(report.exec_type, exec_type);
        assert_eq!(report.exec_ref_id, "x1".parse().unwrap());
    }
}

#[test]
fn a_venue_opens_halts_and_closes_trading() {
    let told = [
        ("2", Some(Phase::Halted)),
        ("1", Some(Phase::Halted)),
        ("3", Some(Phase::Open)),
        ("17", Some(Phase::Open)),
        ("23", Some(Phase::Open)),
        ("4", Some(Phase::Closed)),
        ("18", Some(Phase::Closed)),
        ("21", Some(Phase::Closed)),
        ("5", None),
        ("20", None),
        ("999", None),
    ];
    for (status, wanted) in told {
        let mut rig = Rig::new();
        rig.receive(VENUE, "f", &format!("55=XAUUSD|326={status}"))
            .unwrap();
        let wanted = wanted.map(|phase| Command::VenuePhase {
            venue: VenueId::new(3),
            instrument: InstrumentId::new(1),
            phase,
        });
        assert_eq!(rig.commands(), Vec::from_iter(wanted), "{status}");
    }
    let mut rig = Rig::new();
    assert!(rig.receive(VENUE, "f", "55=NOPE|326=2").is_err());
    assert!(rig.receive(VENUE, "f", "55=XAUUSD|326=x").is_err());
    assert_eq!(rig.receive(VENUE, "f", "55=XAUUSD"), Ok(()));
    assert_eq!(rig.commands(), []);
}

#[test]
fn a_venue_that_has_them_is_asked_for_trades_and_phases() {
    let venue = VenuePeer {
        venue: VenueId::new(3),
        name: "LMAX".parse().unwrap(),
        lists: vec![InstrumentId::new(0), InstrumentId::new(1)],
        asks_for_trades: true,
        asks_for_phases: true,
    };
    let client = Client {
        session: SessionId::new(4),
        default_account: AccountId::new(1),
        accounts: vec![],
        default_strategy: StrategyId::new(0),
    };
    let mut rig = Rig::between(client, venue, 64);
    rig.edge.logged_on(VENUE, NOW, &mut rig.sent.outgoing());
    let sent = rig.sent();
    let bodies: Vec<_> = sent
        .iter()
        .map(|one| (one.1.as_str(), one.2.as_str()))
        .collect();
    let market = "262=DCX-TOP|263=1|264=1|265=0|267=3|269=0|269=1|269=2|146=2|55=EURUSD|55=XAUUSD";
    assert_eq!(
        bodies,
        [
            ("V", market),
            ("e", "324=EURUSD|55=EURUSD|263=1"),
            ("e", "324=XAUUSD|55=XAUUSD|263=1"),
        ]
    );
}

#[test]
fn how_a_session_ended_is_told_to_the_engine() {
    for (how, link) in [
        (SessionEnd::LoggedOut, SessionLink::LoggedOut),
        (SessionEnd::Broken, SessionLink::Disconnected),
    ] {
        let mut rig = Rig::new();
        rig.edge.ended(CLIENT, how, NOW, &mut rig.sent.outgoing());
        let session = SessionId::new(4);
        assert_eq!(rig.commands(), [Command::SessionState { session, link }]);
    }
}
