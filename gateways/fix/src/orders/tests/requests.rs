//! What clients send about single orders.

use super::*;

#[test]
fn requests_of_clients_become_commands() {
    let minute = |minutes: u64| UnixNanos::from_seconds(NOON.seconds() + 60 * minutes);
    let base = "11=a1|55=EURUSD|54=1|38=100|40=2|44=1.1005|";
    let cases: Vec<(&str, String, Command)> = vec![
        ("D", format!("{base}{TIME}"), Command::NewOrder(new_order())),
        (
            "D",
            format!("1=DESK|21=1|11=a2|55=XAUUSD|54=2|38=0.5|40=1|59=3|{TIME}|58=text"),
            Command::NewOrder(NewOrder {
                account: AccountId::new(2),
                cl_ord_id: id("a2"),
                instrument: InstrumentId::new(1),
                side: Side::Sell,
                ord_type: OrdType::Market,
                time_in_force: TimeInForce::Ioc,
                order_qty: qty("0.5"),
                limit_px: LimitPx::NONE,
                ..new_order()
            }),
        ),
        (
            "D",
            format!(
                "{base}{TIME}|847=1000|168=20261123-16:01:00|126=20261123-16:30:00.000|20001=12"
            ),
            Command::NewOrder(NewOrder {
                algo: Algo::Twap,
                start: minute(1),
                end: minute(30),
                slices: 12,
                ..new_order()
            }),
        ),
        (
            "D",
            format!("{base}{TIME}|847=1000|126=20261123-16:30:00|20001=3"),
            Command::NewOrder(NewOrder {
                algo: Algo::Twap,
                end: minute(30),
                slices: 3,
                ..new_order()
            }),
        ),
        (
            "D",
            format!("{base}{TIME}|847=2|848=min_clip=5;pause=stale|849=0.1|126=20261123-16:30:00"),
            Command::AlgoOrder(AlgoOrder::of(
                &NewOrder {
                    algo: Algo::Pov,
                    end: minute(30),
                    ..new_order()
                },
                AlgoTerms {
                    participation_ppm: 100_000,
                    min_clip: qty("5"),
                    pause: PauseFlags::STALE,
                    ..AlgoTerms::PLAIN
                },
            )),
        ),
        // The same as a group of FIX 5.0, and slices.
        (
            "D",
            format!(
                "{base}{TIME}|847=1|957=4|958=min_clip|959=7|960=5|958=pause|959=14|960=stale|\
                 958=participation|959=6|960=0.1|958=slices|959=1|960=7|126=20261123-16:30:00"
            ),
            Command::AlgoOrder(AlgoOrder::of(
                &NewOrder {
                    algo: Algo::Vwap,
                    end: minute(30),
                    slices: 7,
                    ..new_order()
                },
                AlgoTerms {
                    participation_ppm: 100_000,
                    min_clip: qty("5"),
                    pause: PauseFlags::STALE,
                    ..AlgoTerms::PLAIN
                },
            )),
        ),
        (
            "F",
            format!("41=a1|11=c1|55=EURUSD|54=1|38=100|{TIME}"),
            Command::Cancel(CancelRequest {
                session: SessionId::new(4),
                cl_ord_id: id("c1"),
                orig_cl_ord_id: id("a1"),
                transact_time: NOON,
            }),
        ),
        (
            "G",
            format!("41=a1|11=r1|55=EURUSD|54=1|38=200|40=2|44=1.2|59=1|{TIME}"),
            Command::Replace(ReplaceRequest {
                session: SessionId::new(4),
                cl_ord_id: id("r1"),
                orig_cl_ord_id: id("a1"),
                instrument: InstrumentId::new(0),
                side: Side::Buy,
                ord_type: OrdType::Limit,
                time_in_force: TimeInForce::Gtc,
                order_qty: qty("200"),
                limit_px: px("1.2").into(),
                stop_px: LimitPx::NONE,
                display_qty: Qty::ZERO,
                transact_time: NOON,
            }),
        ),
        (
            "H",
            "11=a1|55=EURUSD|54=1".to_owned(),
            Command::Status(StatusRequest {
                session: SessionId::new(4),
                cl_ord_id: id("a1"),
                instrument: InstrumentId::new(0),
                side: Side::Buy,
            }),
        ),
    ];
    for (msg_type, fields, command) in cases {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(CLIENT, msg_type, &fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [command], "{fields}");
        assert_eq!(rig.sent(), []);
    }
}

#[test]
fn a_command_carries_the_time_its_bytes_were_read() {
    let mut rig = Rig::new();
    rig.receive(CLIENT, "H", "11=a1|55=EURUSD|54=1").unwrap();
    assert_eq!(rig.commands.pop().unwrap().received, NOW.mono);
}

#[test]
fn an_order_that_dcx_does_not_take_is_refused_by_a_report() {
    let cases = [
        ("55=NOPE", "11=1", 1, "DCX-R002 unknown instrument"),
        (
            "55=A-SYMBOL-FAR-TOO-LONG",
            "11=1",
            1,
            "DCX-R002 unknown instrument",
        ),
        ("1=NOPE", "11=1", 15, "DCX-R032 unknown account"),
        ("1=OTHER", "11=1", 15, "DCX-R032 unknown account"),
        (
            "847=4",
            "11=1",
            11,
            "DCX-R033 the value of tag 847 is not supported",
        ),
        (
            "847=1006",
            "11=1",
            11,
            "DCX-R033 the value of tag 847 is not supported",
        ),
        (
            "126=20261123-17:00:00",
            "11=1",
            99,
            "DCX-R060 ExpireTime 1795453200000000000 does not fit the time in force, or is past",
        ),
        (
            "168=20261123-17:00:00",
            "11=1",
            11,
            "DCX-R033 the value of tag 168 is not supported",
        ),
        (
            "20001=4",
            "11=1",
            11,
            "DCX-R033 the value of tag 20001 is not supported",
        ),
        (
            "423=1",
            "11=1",
            11,
            "DCX-R033 the value of tag 423 is not supported",
        ),
    ];
    for (fields, own, reason, text) in cases {
        let mut rig = Rig::new();
        // The first of two equal tags counts, so the case comes first.
        let order = format!("{fields}|{own}|55=EURUSD|54=1|38=100|40=2|44=1.1|{TIME}");
        assert_eq!(rig.receive(CLIENT, "D", &order), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [], "{fields}");
        let sent = rig.sent();
        let [(CLIENT, msg_type, report)] = sent.as_slice() else {
            panic!("{fields}: {sent:?}");
        };
        assert_eq!(msg_type, "8");
        assert!(report.starts_with("37=NONE|17=E"), "{report}");
        for field in ["150=8", "39=8", "11=1", "38=100", "151=0", "14=0", "6=0"] {
            assert!(
                report.contains(&format!("|{field}|")),
                "{field} in {report}"
            );
        }
        assert!(
            report.ends_with(&format!("|58={text}|103={reason}")),
            "{report}"
        );
        assert_eq!(rig.edge.counts().refused, 1);
    }
}

#[test]
fn a_parameter_that_cannot_be_read_is_named_to_the_client() {
    let named = |name: &str, what: &str| format!("DCX-R088 strategy parameter {name} {what}");
    let group = "DCX-R033 the value of tag 957 is not supported".to_owned();
    let one = "847=1|957=1|958=";
    let cases = [
        (
            format!("{one}haste|959=1|960=2"),
            named("haste", "is not known"),
        ),
        (
            format!("{one}jitter|959=7|960=0.1"),
            named("jitter", "is of another type"),
        ),
        (
            format!("{one}jitter|959=x|960=0.1"),
            named("jitter", "is of another type"),
        ),
        (
            format!("{one}jitter|959=6|960=NaN"),
            named("jitter", "cannot have this value"),
        ),
        (
            format!("{one}jitter|959=6|960=-1"),
            named("jitter", "cannot have this value"),
        ),
        (
            format!("{one}jitter|959=6"),
            named("jitter", "has no value"),
        ),
        (
            format!("{one}slices|959=1|960=65536"),
            named("slices", "cannot have this value"),
        ),
        (
            format!("{one}slices|959=1|960=2|20001=2"),
            named("slices", "is given twice"),
        ),
        (
            format!("{one}participation|959=11|960=NaN"),
            named("participation", "cannot have this value"),
        ),
        (
            format!("{one}participation|959=11|960=0.1|849=0.1"),
            named("participation", "is given twice"),
        ),
        (
            format!("848=pause=never|{one}pause|960=stale"),
            named("pause", "is given twice"),
        ),
        (
            "847=1|957=2|958=vary|960=1|958=vary|960=1".to_owned(),
            named("vary", "is given twice"),
        ),
        (
            format!("{one}vary|960=1|960=1"),
            named("vary", "is given twice"),
        ),
        ("847=1|957=2|958=vary|960=1".to_owned(), group.clone()),
        ("957=1|958=vary|960=1".to_owned(), group.clone()),
        ("847=1|957=x|958=vary|960=1".to_owned(), group),
        (
            "847=1|848=pause=maybe".to_owned(),
            named("pause", "cannot have this value"),
        ),
        (
            "847=2|849=NaN".to_owned(),
            "DCX-R033 the value of tag 849 is not supported".to_owned(),
        ),
    ];
    for (fields, text) in cases {
        let mut rig = Rig::new();
        let order = format!("{fields}|11=1|55=EURUSD|54=1|38=100|40=2|44=1.1|{TIME}");
        assert_eq!(rig.receive(CLIENT, "D", &order), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [], "{fields}");
        let sent = rig.sent();
        let [(CLIENT, _, report)] = sent.as_slice() else {
            panic!("{fields}: {sent:?}");
        };
        assert!(
            report.ends_with(&format!("|58={text}|103=11")),
            "{fields}: {report}"
        );
    }
}

#[test]
fn two_refusals_have_two_exec_ids() {
    let mut rig = Rig::new();
    let order = format!("11=1|55=NOPE|54=1|38=100|40=1|{TIME}");
    rig.receive(CLIENT, "D", &order).unwrap();
    rig.receive(CLIENT, "D", &order).unwrap();
    let sent = rig.sent();
    assert_ne!(sent[0], sent[1]);
}

#[test]
fn a_field_that_cannot_be_held_is_rejected_by_its_tag() {
    let long = "x".repeat(37);
    let cases = [
        ("D", "38=", "1.000000001", 5, "more than 8 decimal places"),
        ("D", "38=", "184467440738", 5, "out of range"),
        ("D", "38=", "-1", 5, "negative"),
        ("D", "38=", "1e5", 6, "not part of a decimal number"),
        ("D", "38=", "+1", 6, "not part of a decimal number"),
        ("D", "44=", "1.123456789", 5, "more than 8 decimal places"),
        ("D", "44=", "x", 6, "not part of a decimal number"),
        ("D", "44=", "92233720369", 5, "out of range"),
        (
            "D",
            "11=",
            long.as_str(),
            5,
            "37 bytes long, at most 36 are kept",
        ),
        ("D", "11=", "caf\u{e9}", 5, "not printable ASCII"),
        ("D", "54=", "12", 6, ""),
        ("D", "60=", "yesterday", 6, ""),
        ("D", "847=1000|168=", "2026", 6, ""),
        ("D", "847=1000|20001=", "x", 6, ""),
        ("D", "847=1000|20001=", "65536", 5, "at most 65535"),
        (
            "D",
            "847=1000|20001=",
            "99999999999999999999999",
            5,
            "at most 65535",
        ),
        ("F", "41=", long.as_str(), 5, "37 bytes long"),
        ("G", "38=", "-0.5", 5, "negative"),
        ("H", "11=", long.as_str(), 5, "37 bytes long"),
    ];
    for (msg_type, field, value, wanted, why) in cases {
        let mut rig = Rig::new();
        let fields = format!("{field}{value}|11=1|41=0|55=EURUSD|54=1|38=100|40=2|44=1.1|{TIME}");
        let refused = rig.receive(CLIENT, msg_type, &fields);
        let Err(AppReject::Session { tag, reason, text }) = refused else {
            panic!("{field}{value}: {refused:?}");
        };
        let wanted_tag = field.trim_end_matches('=').rsplit('|').next().unwrap();
        assert_eq!(
            (tag.to_string().as_str(), reason),
            (wanted_tag, wanted),
            "{field}{value}"
        );
        assert!(text.contains(why), "{text}");
        assert_eq!((rig.commands(), rig.sent()), (vec![], vec![]));
    }
}

#[test]
fn a_missing_field_is_rejected_by_its_tag() {
    let whole = [
        "11=1",
        "41=0",
        "55=EURUSD",
        "54=1",
        "38=100",
        "40=2",
        "44=1.1",
        TIME,
    ];
    let needed: [(&str, &[u32]); 4] = [
        ("D", &[11, 55, 54, 38, 40, 60]),
        ("F", &[11, 41, 60]),
        ("G", &[11, 41, 55, 54, 38, 40, 60]),
        ("H", &[11, 55, 54]),
    ];
    for (msg_type, tags) in needed {
        for missing in tags {
            let there = |field: &&&str| !field.starts_with(&format!("{missing}="));
            let fields: Vec<_> = whole.iter().filter(there).copied().collect();
            let refused = Rig::new().receive(CLIENT, msg_type, &fields.join("|"));
            let Err(AppReject::Session { tag, reason: 1, .. }) = refused else {
                panic!("{msg_type} without {missing}: {refused:?}");
            };
            assert_eq!(tag, *missing);
        }
    }
}

#[test]
fn what_only_the_engine_could_answer_by_9_is_answered_by_j() {
    let cases = [
        ("G", "55=NOPE", 2, "DCX-R002 unknown instrument"),
        (
            "G",
            "40=5",
            0,
            "DCX-R033 the value of tag 40 is not supported",
        ),
        (
            "G",
            "847=1000",
            0,
            "DCX-R033 the value of tag 847 is not supported",
        ),
        (
            "G",
            "126=20261123-17:00:00",
            0,
            "DCX-R033 the value of tag 126 is not supported",
        ),
        ("H", "55=NOPE", 2, "DCX-R002 unknown instrument"),
    ];
    for (msg_type, field, wanted, why) in cases {
        let mut rig = Rig::new();
        let fields = format!("{field}|11=1|41=0|55=EURUSD|54=1|38=1|40=2|44=1|{TIME}");
        let refused = rig.receive(CLIENT, msg_type, &fields).unwrap_err();
        let wanted = AppReject::Business {
            reason: wanted,
            ref_id: Some(b"1".to_vec()),
            text: why.into(),
        };
        assert_eq!(refused, wanted);
        assert_eq!(rig.commands(), []);
    }
    // The sender gets its own name of the message back, where it has one.
    for (session, msg_type, ref_id) in [
        (CLIENT, "7", Some("2")),
        (CLIENT, "8", None),
        (CLIENT, "K", Some("3")),
        (VENUE, "D", Some("1")),
        (NOBODY, "D", None),
    ] {
        let refused = Rig::new().receive(session, msg_type, "11=1|2=2|66=3");
        let unsupported = AppReject::Business {
            reason: 3,
            ref_id: ref_id.map(|id| id.as_bytes().to_vec()),
            text: "Unsupported Message Type".into(),
        };
        assert_eq!(refused, Err(unsupported), "{msg_type}");
    }
}

#[test]
fn every_kind_of_order_becomes_one_command() {
    let flags = |flags: &[OrderFlags]| flags.iter().fold(OrderFlags::NONE, |a, b| a.with(*b));
    let hour = UnixNanos::from_seconds(NOON.seconds() + 3_600);
    let market = NewOrder {
        ord_type: OrdType::Market,
        limit_px: LimitPx::NONE,
        ..new_order()
    };
    let stop = |ord_type, order: NewOrder| NewOrder {
        ord_type,
        stop_px: px("1.2").into(),
        ..order
    };
    let pegged = |peg, peg_offset: &str| NewOrder {
        ord_type: OrdType::Pegged,
        peg,
        peg_offset: px(peg_offset),
        ..new_order()
    };
    let with = |time_in_force| NewOrder {
        time_in_force,
        ..new_order()
    };
    let flagged = |wanted: &[OrderFlags]| NewOrder {
        flags: flags(wanted),
        ..new_order()
    };
    let limit = "40=2|44=1.1005";
    let cases = [
        ("40=3|99=1.2".to_owned(), stop(OrdType::Stop, market)),
        (
            "40=4|44=1.1005|99=1.2".to_owned(),
            stop(OrdType::StopLimit, new_order()),
        ),
        (
            "40=J|99=1.2".to_owned(),
            stop(OrdType::MarketIfTouched, market),
        ),
        (
            "40=J|44=1.1005|99=1.2".to_owned(),
            stop(OrdType::MarketIfTouched, new_order()),
        ),
        (
            "40=K".to_owned(),
            NewOrder {
                ord_type: OrdType::MarketWithLeftOverAsLimit,
                ..market
            },
        ),
        ("40=P|44=1.1005|18=M".to_owned(), pegged(Peg::Mid, "0")),
        (
            "40=P|44=1.1005|18=R|211=-0.001".to_owned(),
            pegged(Peg::Primary, "-0.001"),
        ),
        (
            "40=P|44=1.1005|18=P|211=0.5|836=0".to_owned(),
            pegged(Peg::Market, "0.5"),
        ),
        (
            "40=3|99=1.2|18=a|211=0.01".to_owned(),
            NewOrder {
                peg: Peg::TrailingStop,
                peg_offset: px("0.01"),
                ..stop(OrdType::Stop, market)
            },
        ),
        (
            "40=P|18=a|211=0.01".to_owned(),
            NewOrder {
                peg: Peg::TrailingStop,
                peg_offset: px("0.01"),
                ord_type: OrdType::Stop,
                ..market
            },
        ),
        (
            "40=P|44=1.1005|54=2|18=a|211=-0.01".to_owned(),
            NewOrder {
                side: Side::Sell,
                peg: Peg::TrailingStop,
                peg_offset: px("0.01"),
                ord_type: OrdType::StopLimit,
                ..new_order()
            },
        ),
        (format!("{limit}|59=2"), with(TimeInForce::AtTheOpening)),
        (format!("{limit}|59=4"), with(TimeInForce::Fok)),
        (format!("{limit}|59=7"), with(TimeInForce::AtTheClose)),
        (
            format!("{limit}|59=6|126=20261123-17:00:00"),
            NewOrder {
                end: hour,
                ..with(TimeInForce::Gtd)
            },
        ),
        (format!("{limit}|59=6"), with(TimeInForce::Gtd)),
        (
            format!("{limit}|847=1000|20001=2|59=6|126=20261123-17:00:00"),
            NewOrder {
                algo: Algo::Twap,
                slices: 2,
                end: hour,
                ..with(TimeInForce::Gtd)
            },
        ),
        (format!("{limit}|18=6"), flagged(&[OrderFlags::POST_ONLY])),
        (
            format!("{limit}|18=G E 6"),
            flagged(&[
                OrderFlags::POST_ONLY,
                OrderFlags::REDUCE_ONLY,
                OrderFlags::ALL_OR_NONE,
            ]),
        ),
        (
            "40=P|44=1.1005|18=E R".to_owned(),
            NewOrder {
                flags: OrderFlags::REDUCE_ONLY,
                ..pegged(Peg::Primary, "0")
            },
        ),
        (
            format!("{limit}|111=10"),
            NewOrder {
                display_qty: qty("10"),
                ..new_order()
            },
        ),
        (
            format!("{limit}|110=10"),
            NewOrder {
                min_qty: qty("10"),
                ..new_order()
            },
        ),
        (
            format!("{limit}|97=Y"),
            flagged(&[OrderFlags::REPEAT_MEANT]),
        ),
        (format!("{limit}|97=N"), new_order()),
        (format!("{limit}|114=Y"), new_order()),
        (
            format!("{limit}|20002=TREND"),
            NewOrder {
                strategy: StrategyId::new(5),
                ..flagged(&[OrderFlags::STRATEGY_NAMED])
            },
        ),
    ];
    for (fields, order) in cases {
        let mut rig = Rig::new();
        let fields = format!("{fields}|11=a1|55=EURUSD|54=1|38=100|{TIME}");
        assert_eq!(rig.receive(CLIENT, "D", &fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [Command::NewOrder(order)], "{fields}");
    }
}

#[test]
fn a_short_sale_says_whether_its_securities_are_located() {
    for (located, flags) in [
        ("114=N|", OrderFlags::SHORT_SALE.with(OrderFlags::LOCATED)),
        ("114=Y|", OrderFlags::SHORT_SALE),
        ("", OrderFlags::SHORT_SALE),
    ] {
        let mut rig = Rig::new();
        let fields = format!("11=a1|55=EURUSD|54=5|38=100|40=2|44=1.1005|{located}{TIME}");
        rig.receive(CLIENT, "D", &fields).unwrap();
        let order = NewOrder {
            side: Side::Sell,
            flags,
            ..new_order()
        };
        assert_eq!(rig.commands(), [Command::NewOrder(order)], "{fields}");
    }
}

#[test]
fn what_does_not_go_together_is_refused_by_its_tag() {
    let cases = [
        ("18=1", "DCX-R033 the value of tag 18 "),
        ("18=6  G", "DCX-R033 the value of tag 18 "),
        ("18=66", "DCX-R033 the value of tag 18 "),
        ("18=M R", "DCX-R066 the value of tag 18 "),
        ("18=R|211=0.1|836=1", "DCX-R033 the value of tag 836 "),
        ("211=0.1", "DCX-R066 the value of tag 211 "),
        ("111=0", "DCX-R058 MaxFloor 0 "),
        ("432=20261123", "DCX-R033 the value of tag 432 "),
        ("835=1", "DCX-R033 the value of tag 835 "),
        ("20002=NOPE", "DCX-R075 unknown strategy"),
        ("20002=A-NAME-FAR-TOO-LONG", "DCX-R075 unknown strategy"),
        ("59=5", "DCX-R033 the value of tag 59 "),
        ("54=3", "DCX-R033 the value of tag 54 "),
        ("59=1|126=20261123-17:00:00", "DCX-R060 ExpireTime "),
    ];
    for (fields, text) in cases {
        let mut rig = Rig::new();
        let order = format!("{fields}|11=1|55=EURUSD|54=1|38=100|40=2|44=1.1|{TIME}");
        rig.receive(CLIENT, "D", &order).unwrap();
        assert_eq!(rig.commands(), [], "{fields}");
        let sent = rig.sent();
        assert!(
            sent[0].2.contains(&format!("|58={text}")),
            "{fields}: {sent:?}"
        );
    }
}

#[test]
fn a_replace_may_move_the_stop_and_what_is_shown() {
    let mut rig = Rig::new();
    let base = "41=a1|11=r1|55=EURUSD|54=5|38=200|40=4|44=1.2";
    let replace = format!("{base}|99=1.15|111=20|{TIME}");
    rig.receive(CLIENT, "G", &replace).unwrap();
    let [Command::Replace(request)] = rig.commands()[..] else {
        panic!("one replace");
    };
    assert_eq!(request.stop_px, px("1.15").into());
    assert_eq!((request.display_qty, request.side), (qty("20"), Side::Sell));
    for (tag, value) in [
        (18, "6"),
        (110, "1"),
        (211, "1"),
        (836, "0"),
        (20_002, "TREND"),
    ] {
        let refused = rig.receive(CLIENT, "G", &format!("{base}|{tag}={value}|{TIME}"));
        let Err(AppReject::Business { text, .. }) = refused else {
            panic!("{tag}: {refused:?}");
        };
        assert_eq!(
            text,
            format!("DCX-R033 the value of tag {tag} is not supported")
        );
    }
}
