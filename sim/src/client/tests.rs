//! Tests of the judge: right reports pass, each wrong one is named by its rule.

use dcx_fix::{Application, Encoder, Head, Message, Queue, SessionIx};
use dcx_model::{ClOrdId, ExecType, MonoNanos, Now, OrdStatus, Price, Qty, UnixNanos};

use super::*;
use crate::venue::{VenueApp, VenueOptions};

fn id(text: &str) -> ClOrdId {
    text.parse().unwrap()
}

fn px(text: &str) -> Price {
    text.parse().unwrap()
}

fn at(nanos: u64) -> MonoNanos {
    MonoNanos::new(nanos)
}

/// A judge who knows of one order: buy 10 EURUSD at 1.1.
fn judge() -> Checker {
    let mut checker = Checker::new();
    checker.sent(
        0,
        OrderSent {
            cl_ord_id: id("a"),
            draft: order("EURUSD").buy_whole(10).limit(px("1.1")),
            scheduled: at(100),
        },
    );
    checker
}

fn view(exec_id: &str, exec_type: ExecType, ord_status: OrdStatus, cum: u64) -> ExecutionView {
    ExecutionView {
        order_id: "1".parse().unwrap(),
        cl_ord_id: id("a"),
        exec_id: exec_id.parse().unwrap(),
        exec_ref_id: None,
        orig_cl_ord_id: None,
        mass_status: None,
        exec_type,
        ord_status,
        symbol: "EURUSD".parse().unwrap(),
        side: dcx_model::Side::Buy,
        order_qty: Some(Qty::whole(10)),
        cum_qty: Qty::whole(cum),
        leaves_qty: if ord_status.is_terminal() {
            Qty::ZERO
        } else {
            Qty::whole(10 - cum)
        },
        last_qty: None,
        last_px: None,
        avg_px: Price::ZERO,
    }
}

fn accepted() -> ExecutionView {
    view("e1", ExecType::New, OrdStatus::New, 0)
}

/// The fill of `last` that brings the order to `cum`, at 1.0995.
fn fill(exec_id: &str, last: u64, cum: u64) -> ExecutionView {
    let ord_status = if cum == 10 {
        OrdStatus::Filled
    } else {
        OrdStatus::PartiallyFilled
    };
    ExecutionView {
        last_qty: Some(Qty::whole(last)),
        last_px: Some(px("1.0995")),
        avg_px: px("1.0995"),
        ..view(exec_id, ExecType::Trade, ord_status, cum)
    }
}

/// The rules that these reports break, one after the other.
fn broken(reports: &[ExecutionView]) -> Vec<&'static str> {
    let mut checker = judge();
    for report in reports {
        checker.execution(at(400), report);
    }
    checker
        .violations
        .iter()
        .map(|violation| violation.rule)
        .collect()
}

#[test]
fn reports_that_add_up_are_not_complained_of() {
    assert_eq!(
        broken(&[accepted(), fill("e2", 4, 4), fill("e3", 6, 10)]),
        [""; 0]
    );
    let expired = view("e2", ExecType::Expired, OrdStatus::Expired, 0);
    assert_eq!(broken(&[accepted(), expired]), [""; 0]);
    let rejected = view("e1", ExecType::Rejected, OrdStatus::Rejected, 0);
    assert_eq!(broken(&[rejected]), [""; 0]);
}

#[test]
fn every_planted_fault_is_found_under_its_rule() {
    let good = fill("e2", 4, 4);
    let cases: [(&str, Vec<ExecutionView>); 16] = [
        (
            "cum",
            vec![
                accepted(),
                ExecutionView {
                    cum_qty: Qty::whole(5),
                    leaves_qty: Qty::whole(5),
                    ..good
                },
            ],
        ),
        (
            "leaves",
            vec![
                accepted(),
                ExecutionView {
                    leaves_qty: Qty::whole(5),
                    ..good
                },
            ],
        ),
        (
            "average",
            vec![
                accepted(),
                ExecutionView {
                    avg_px: px("1.0996"),
                    ..good
                },
            ],
        ),
        (
            "limit",
            vec![
                accepted(),
                ExecutionView {
                    last_px: Some(px("1.2")),
                    avg_px: px("1.2"),
                    ..good
                },
            ],
        ),
        ("cum", vec![accepted(), good, fill("e3", 3, 3)]),
        (
            "cum",
            vec![
                accepted(),
                ExecutionView {
                    last_qty: None,
                    avg_px: Price::ZERO,
                    ..good
                },
            ],
        ),
        ("exec-id", vec![accepted(), fill("e1", 4, 4)]),
        (
            "known-order",
            vec![ExecutionView {
                cl_ord_id: id("b"),
                ..accepted()
            }],
        ),
        (
            "same-order",
            vec![
                accepted(),
                ExecutionView {
                    order_id: "2".parse().unwrap(),
                    ..good
                },
            ],
        ),
        (
            "same-order",
            vec![ExecutionView {
                symbol: "XAUUSD".parse().unwrap(),
                ..accepted()
            }],
        ),
        (
            "same-order",
            vec![ExecutionView {
                order_qty: Some(Qty::whole(11)),
                leaves_qty: Qty::whole(11),
                ..accepted()
            }],
        ),
        ("status", vec![good]),
        (
            "status",
            vec![
                accepted(),
                ExecutionView {
                    ord_status: OrdStatus::New,
                    ..good
                },
            ],
        ),
        (
            "status",
            vec![
                accepted(),
                fill("e2", 10, 10),
                view("e3", ExecType::Canceled, OrdStatus::Canceled, 10),
            ],
        ),
        (
            "status",
            vec![
                accepted(),
                good,
                view("e3", ExecType::Rejected, OrdStatus::Rejected, 4),
            ],
        ),
        (
            "answered",
            vec![
                accepted(),
                view("0", ExecType::OrderStatus, OrdStatus::New, 0),
            ],
        ),
    ];
    for (rule, reports) in cases {
        let found = broken(&reports);
        assert!(found.contains(&rule), "{rule}: {found:?} in {reports:#?}");
    }
}

/// A bust (150=H) of `reference` that brings the order back to `cum`.
fn bust(exec_id: &str, reference: &str, cum: u64) -> ExecutionView {
    let ord_status = match cum {
        0 => OrdStatus::New,
        _ => OrdStatus::PartiallyFilled,
    };
    ExecutionView {
        exec_ref_id: Some(reference.parse().unwrap()),
        avg_px: if cum > 0 { px("1.0995") } else { Price::ZERO },
        ..view(exec_id, ExecType::TradeCancel, ord_status, cum)
    }
}

#[test]
fn busts_and_corrections_of_trades_that_stand_are_right_and_of_others_wrong() {
    let (first, last) = (fill("e2", 4, 4), fill("e3", 6, 10));
    let story = [
        accepted(),
        first,
        last,
        bust("e4", "e2", 6),
        bust("e5", "e3", 0),
    ];
    assert_eq!(broken(&story), [""; 0]);
    let corrected = ExecutionView {
        exec_ref_id: Some("e2".parse().unwrap()),
        last_qty: Some(Qty::whole(4)),
        last_px: Some(px("1.0985")),
        avg_px: px("1.0985"),
        ..view("e3", ExecType::TradeCorrect, OrdStatus::PartiallyFilled, 4)
    };
    assert_eq!(
        broken(&[accepted(), first, corrected, bust("e4", "e3", 0)]),
        [""; 0]
    );
    let twice = broken(&[
        accepted(),
        first,
        last,
        bust("e4", "e2", 6),
        bust("e5", "e2", 6),
    ]);
    assert_eq!(twice, ["exec-ref"]);
    let too_much = broken(&[accepted(), first, last, bust("e4", "e2", 4)]);
    assert_eq!(too_much, ["cum", "average"]);
    let mut checker = judge();
    for report in &story {
        checker.execution(at(400), report);
    }
    assert_eq!(
        (checker.tally.filled, checker.working()),
        (0, 1),
        "it works again"
    );
}

#[test]
fn a_held_order_is_triggered_once_it_works() {
    let triggered = view("e2", ExecType::Triggered, OrdStatus::New, 0);
    assert_eq!(
        broken(&[accepted(), triggered, fill("e3", 10, 10)]),
        [""; 0]
    );
    let done = view("e2", ExecType::Triggered, OrdStatus::Canceled, 0);
    assert_eq!(broken(&[accepted(), done]), ["status"]);
}

#[test]
fn requests_about_all_orders_are_answered_once_and_truly() {
    let mut checker = judge();
    checker.execution(at(400), &accepted());
    checker.asked_for_many(id("m"));
    checker.asked_for_many(id("q"));
    assert!(!checker.is_settled());
    let answer = ExecutionView {
        mass_status: Some((id("m"), 1, true)),
        ..view("0", ExecType::OrderStatus, OrdStatus::New, 0)
    };
    checker.execution(at(400), &answer);
    checker.many_answered(id("q"));
    let canceled = ExecutionView {
        cl_ord_id: id("q"),
        orig_cl_ord_id: Some(id("a")),
        ..view("e2", ExecType::Canceled, OrdStatus::Canceled, 0)
    };
    checker.execution(at(400), &canceled);
    assert!(checker.is_settled() && checker.violations.is_empty());
    checker.execution(
        at(400),
        &ExecutionView {
            cum_qty: Qty::whole(1),
            ..answer
        },
    );
    let rules: Vec<&str> = checker.violations.iter().map(|v| v.rule).collect();
    assert_eq!(rules, ["cum", "answered"]);
    checker.asked_for_many(id("n"));
    checker.close();
    assert_eq!(checker.violations.len(), 3, "silence is wrong too");
}

#[test]
fn an_order_under_two_order_ids_and_an_exec_id_twice_count_as_doubled() {
    let mut checker = judge();
    checker.execution(at(400), &accepted());
    checker.execution(at(500), &accepted());
    let other = ExecutionView {
        order_id: "2".parse().unwrap(),
        ..fill("e2", 4, 4)
    };
    checker.execution(at(600), &other);
    assert_eq!(checker.tally.duplicated, 2);
}

#[test]
fn a_replace_below_what_is_filled_ends_the_order_with_what_is_filled() {
    let mut checker = judge();
    checker.execution(at(400), &accepted());
    let draft = order("EURUSD").buy_whole(3).limit(px("1.1"));
    checker.requested(0, RequestKind::Replace, id("r"), draft);
    checker.execution(at(500), &fill("e2", 4, 4));
    let replaced = ExecutionView {
        cl_ord_id: id("r"),
        order_qty: Some(Qty::whole(4)),
        leaves_qty: Qty::ZERO,
        avg_px: px("1.0995"),
        ..view("e3", ExecType::Replaced, OrdStatus::Filled, 4)
    };
    checker.execution(at(600), &replaced);
    assert_eq!(checker.violations, []);
    assert!(checker.is_settled());
}

#[test]
fn silence_is_counted() {
    let mut checker = judge();
    assert!(!checker.is_settled());
    let draft = order("EURUSD");
    checker.requested(0, RequestKind::Cancel, id("c"), draft);
    let report = ClientReport::of(checker, dcx_model::Nanos::ZERO);
    assert_eq!(
        (report.sent, report.lost, report.violations_count),
        (1, 1, 1)
    );
    assert_eq!(report.violations[0].rule, "answered");
    assert!(!report.is_clean());
}

#[test]
fn the_round_trip_begins_when_the_order_was_due() {
    let mut checker = judge();
    checker.execution(at(400), &accepted());
    checker.execution(at(900), &fill("e2", 4, 4));
    assert_eq!(
        (checker.round_trip.len(), checker.round_trip.max()),
        (1, 300)
    );
}

/// Client and venue joined by hand, message by message, as if there were no network. `twist`
/// may change what the venue says.
fn run(orders: u64, twist: impl Fn(u64, &[u8]) -> Option<Vec<u8>>) -> ClientReport {
    let venue_options = VenueOptions {
        touch_pct: 2,
        quotes_per_s: 500,
        ..VenueOptions::default()
    };
    let mut venue = VenueApp::new(&venue_options).unwrap();
    let options = ClientOptions {
        orders: Some(orders),
        seconds: None,
        orders_per_s: 2_000,
        mix: Mix {
            twap: 0,
            ..Mix::default()
        },
        ..ClientOptions::default()
    };
    let prices = Prices::of_boards(vec![venue.board()]);
    let mut client = ClientApp::new(&options, prices, "t".to_owned()).unwrap();
    let (mut up, mut down) = (Queue::new(), Queue::new());
    let mut encoder = Encoder::new(b"FIX.4.4", b"X", b"Y");
    let (mut bytes, mut executions) = (Vec::new(), 0);
    let session = SessionIx::new(0);
    for step in 1.. {
        let now = Now {
            mono: at(step * 20_000),
            unix: UnixNanos::new(1_700_000_000_000_000_000 + step * 20_000),
        };
        if step == 50 {
            client.logged_on(session, now, &mut up.outgoing());
        }
        client.work(now, &mut up.outgoing());
        for sent in up.iter() {
            let head = Head::new(sent.msg_type, step, now.unix);
            let raw = encoder.encode(&mut bytes, &head, |body| body.raw(sent.body));
            let message = Message::parse(raw).unwrap();
            venue
                .received(session, now, &message, &mut down.outgoing())
                .unwrap();
        }
        up.clear();
        venue.work(now, &mut down.outgoing());
        for sent in down.iter() {
            executions += u64::from(sent.msg_type == b"8");
            let twisted = twist(executions, sent.body);
            let head = Head::new(sent.msg_type, step, now.unix);
            let text = twisted.as_deref().unwrap_or(sent.body);
            let raw = encoder.encode(&mut bytes, &head, |body| body.raw(text));
            let message = Message::parse(raw).unwrap();
            client
                .received(session, now, &message, &mut up.outgoing())
                .unwrap();
        }
        down.clear();
        if client.is_done() {
            break;
        }
    }
    client.take_report()
}

#[test]
fn a_right_venue_is_not_complained_of() {
    let report = run(3_000, |_, _| None);
    assert_eq!(report.violations, []);
    assert!(report.is_clean() && report.sent == 3_000, "{report:?}");
    assert!(
        report.filled > 300 && report.refused > 60 && report.replaced > 10,
        "{report:?}"
    );
}

#[test]
fn a_venue_that_once_adds_wrongly_is_found_out() {
    let report = run(500, |executions, body| {
        let text = std::str::from_utf8(body).ok()?;
        let is_fill = executions == 400 && text.contains("\u{1}14=");
        is_fill.then(|| text.replace("\u{1}14=", "\u{1}14=1").into_bytes())
    });
    assert!(report.violations_count > 0, "{report:?}");
    assert!(
        report
            .violations
            .iter()
            .any(|violation| violation.rule == "cum"),
        "{report:?}"
    );
}

#[test]
fn a_venue_that_leaves_out_a_field_is_found_out() {
    let report = run(500, |executions, body| {
        let text = std::str::from_utf8(body).ok()?;
        (executions == 300).then(|| text.replace("\u{1}151=", "\u{1}5151=").into_bytes())
    });
    assert!(
        report
            .violations
            .iter()
            .any(|violation| violation.rule == "readable"),
        "{report:?}"
    );
}

#[test]
fn the_same_seed_asks_for_the_same() {
    let (first, second) = (run(400, |_, _| None), run(400, |_, _| None));
    assert_eq!((first.filled, first.trades), (second.filled, second.trades));
    assert_eq!(
        (first.accepted, first.requests),
        (second.accepted, second.requests)
    );
}

#[test]
fn every_kind_of_order_is_drawn() {
    let instruments = vec![crate::SimInstrument::preset("EURUSD".parse().unwrap())];
    let plan = Plan::new(3, Mix::default(), instruments);
    let touch = |_| Some((px("1.1"), px("1.1002")));
    let actions: Vec<Action> = (0..2_000).map(|turn| plan.action(turn, touch).0).collect();
    let drafts = || {
        actions.iter().filter_map(|action| match action {
            Action::Order(draft, bad) => Some((draft, *bad)),
            Action::Duplicate => None,
        })
    };
    let tick = px("0.00001");
    assert!(actions.contains(&Action::Duplicate));
    assert!(drafts().any(|(draft, _)| draft.twap.is_some()));
    assert!(drafts().any(|(draft, bad)| bad && draft.order_qty.is_zero()));
    assert!(drafts().any(|(draft, bad)| bad && draft.symbol == "NOSUCH"));
    assert!(
        drafts()
            .any(|(draft, bad)| bad && draft.limit_px.is_some_and(|px| !px.is_multiple_of(tick)))
    );
    for (draft, bad) in drafts() {
        let on_grid = draft.limit_px.is_none_or(|px| px.is_multiple_of(tick));
        assert!(bad || (on_grid && !draft.order_qty.is_zero()), "{draft:?}");
    }
}
