//! Tests of what an order may ask for beyond price and quantity, and of questions about orders.

use super::*;

/// An order of the exchange, changed before it is sent.
fn send_as(
    exchange: &mut Exchange,
    draft: &OrderDraft,
    change: impl FnOnce(NewRequest) -> NewRequest,
) -> Vec<ExecutionReport> {
    let new = change(NewRequest {
        cl_ord_id: id("x"),
        symbol: draft.symbol.parse().unwrap(),
        side: draft.side,
        ord_type: draft.ord_type,
        time_in_force: draft.time_in_force,
        order_qty: draft.order_qty,
        limit_px: draft.limit_px,
        max_floor: None,
        min_qty: None,
        exec_inst: ExecInst::default(),
        unsupported: None,
    });
    ask(exchange, Request::New(new))
        .into_iter()
        .map(execution)
        .collect()
}

fn reason(reports: &[ExecutionReport]) -> Option<u32> {
    let reason = reports[0].ord_rej_reason;
    reason.map(dcx_model::OrdRejReason::number)
}

#[test]
fn an_iceberg_shows_one_clip_at_a_time_behind_the_others_of_its_price() {
    let mut exchange = exchange();
    let buy = |qty| order("EURUSD").buy_whole(qty).limit(px("1.1001"));
    let reports = send_as(&mut exchange, &buy(30), |new| NewRequest {
        max_floor: Some(Qty::whole(10)),
        ..new
    });
    assert_eq!(reports[0].max_floor, Some(Qty::whole(10)));
    send(&mut exchange, "plain", &buy(10));
    let sell = order("EURUSD").sell_whole(25).limit(px("1.1001"));
    let reports = send(&mut exchange, "s", &sell);
    let makers: Vec<(&str, u64)> = reports
        .iter()
        .filter(|r| r.side == Side::Buy)
        .map(|r| (r.cl_ord_id.as_str(), r.last_qty.units() / dcx_model::SCALE))
        .collect();
    assert_eq!(makers, [("x", 10), ("plain", 10), ("x", 5)]);
    assert_eq!(
        exchange.books[0].shown(1),
        Some((Qty::whole(5), Qty::whole(10)))
    );
}

#[test]
fn a_fill_or_kill_order_finds_what_icebergs_hide() {
    let mut exchange = exchange();
    let buy = order("EURUSD").buy_whole(30).limit(px("1.1001"));
    send_as(&mut exchange, &buy, |new| NewRequest {
        max_floor: Some(Qty::whole(10)),
        ..new
    });
    let sell = order("EURUSD").sell_whole(30).limit(px("1.1001")).fok();
    let reports = send(&mut exchange, "s", &sell);
    assert_eq!(reports.last().unwrap().ord_status, Filled);
    assert_eq!(exchange.working(), 0);
}

#[test]
fn an_order_with_a_least_quantity_trades_that_much_or_not_at_all() {
    for (min_qty, expected) in [
        (
            1_000,
            vec![
                (XTrade, PartiallyFilled, 1_000, 500),
                (XCanceled, Canceled, 1_000, 0),
            ],
        ),
        (1_001, vec![(XCanceled, Canceled, 0, 0)]),
    ] {
        let mut exchange = exchange();
        let ioc = order("EURUSD").buy_whole(1_500).limit(px("1.1002")).ioc();
        let reports = send_as(&mut exchange, &ioc, |new| NewRequest {
            min_qty: Some(Qty::whole(min_qty)),
            ..new
        });
        assert_eq!(story(&reports[1..]), expected, "{min_qty}");
    }
}

#[test]
fn a_post_only_order_rests_or_is_refused() {
    let mut exchange = exchange();
    let post_only = |new| NewRequest {
        exec_inst: ExecInst {
            post_only: true,
            all_or_none: false,
        },
        ..new
    };
    let crosses = order("EURUSD").buy_whole(5).limit(px("1.1002"));
    let reports = send_as(&mut exchange, &crosses, post_only);
    assert_eq!(story(&reports), [(XRejected, Rejected, 0, 0)]);
    let rests = order("EURUSD").buy_whole(5).limit(px("1.1001"));
    let reports = send_as(&mut exchange, &rests, |new| NewRequest {
        cl_ord_id: id("y"),
        ..post_only(new)
    });
    assert_eq!(story(&reports), [(XNew, New, 0, 5)]);
    let to_crossing = Request::Replace {
        cl_ord_id: id("z"),
        orig_cl_ord_id: id("y"),
        order_qty: Qty::whole(5),
        limit_px: Some(px("1.1002")),
    };
    assert!(matches!(
        ask(&mut exchange, to_crossing)[0],
        Report::CancelRejected(_)
    ));
}

#[test]
fn an_all_or_none_order_waits_until_the_whole_is_there() {
    let mut exchange = exchange();
    let all = order("EURUSD").buy_whole(1_500).limit(px("1.1002"));
    let reports = send_as(&mut exchange, &all, |new| NewRequest {
        exec_inst: ExecInst {
            post_only: false,
            all_or_none: true,
        },
        ..new
    });
    assert_eq!(story(&reports), [(XNew, New, 0, 1_500)]);
    assert_eq!(exchange.working(), 1);
    let sell = order("EURUSD").sell_whole(499).limit(px("1.1002"));
    assert_eq!(
        send(&mut exchange, "s", &sell).len(),
        1,
        "one lot is missing"
    );
    let sell = order("EURUSD").sell_whole(1).limit(px("1.1002"));
    let reports = send(&mut exchange, "t", &sell);
    let last = reports.iter().rfind(|r| r.cl_ord_id == id("x")).unwrap();
    assert_eq!((last.ord_status, exchange.working()), (Filled, 0));
}

#[test]
fn characteristics_that_are_not_offered_are_refused_as_such() {
    let limit = order("EURUSD").buy_whole(10).limit(px("1.0900"));
    type Change = fn(NewRequest) -> NewRequest;
    let cases: [(&str, OrderDraft, Change, u32); 5] = [
        (
            "minimum",
            limit.clone(),
            |n| NewRequest {
                min_qty: Some(Qty::whole(5)),
                ..n
            },
            11,
        ),
        (
            "hidden at once",
            limit.clone().ioc(),
            |n| NewRequest {
                max_floor: Some(Qty::whole(5)),
                ..n
            },
            11,
        ),
        (
            "tag",
            limit.clone(),
            |n| NewRequest {
                unsupported: Some(40),
                ..n
            },
            11,
        ),
        (
            "more hidden than there is",
            limit.clone(),
            |n| NewRequest {
                max_floor: Some(Qty::whole(11)),
                ..n
            },
            13,
        ),
        (
            "minimum above the whole",
            limit.ioc(),
            |n| NewRequest {
                min_qty: Some(Qty::whole(11)),
                ..n
            },
            13,
        ),
    ];
    for (name, draft, change, expected) in cases {
        let reports = send_as(&mut exchange(), &draft, change);
        assert_eq!(reason(&reports), Some(expected), "{name}");
    }
}

/// A venue without chance, delays or prices that move.
fn calm() -> VenueOptions {
    VenueOptions {
        latency_us: 0,
        jitter_us: 0,
        fill_latency_us: 0,
        fill_jitter_us: 0,
        reject_rate: 0.0,
        hidden_rate: 0.0,
        quotes_per_s: 1,
        ..VenueOptions::default()
    }
}

const LIMIT: &str = "|55=EURUSD|54=1|38=10|40=2|44=0.5|59=1";

#[test]
fn values_of_fix_that_the_venue_does_not_offer_are_refused_by_a_report() {
    for fields in [
        "|55=EURUSD|54=1|38=10|40=3|99=1.2",
        "|55=EURUSD|54=1|38=10|40=2|44=0.5|59=2",
        "|55=EURUSD|54=1|38=10|40=2|44=0.5|18=R",
    ] {
        let mut bench = Bench::new(&calm());
        bench.pass(10);
        bench.request(b"D", &format!("11=a{fields}"));
        bench.pass(10);
        let sent = bench.sent(b"8");
        assert!(
            sent[0].contains("|150=8|39=8|103=11|"),
            "{fields}: {sent:?}"
        );
    }
}

#[test]
fn a_status_request_tells_all_that_a_reconciliation_needs() {
    let mut bench = Bench::new(&calm());
    bench.pass(10);
    bench.request(b"D", &format!("11=a{LIMIT}|18=6|111=5"));
    bench.request(b"G", "11=b|41=a|55=EURUSD|54=1|38=12|40=2|44=0.5");
    bench.request(b"H", "11=b|55=EURUSD|54=1");
    bench.request(b"H", "11=nobody|37=1|55=EURUSD|54=1");
    bench.request(b"H", "11=nobody|55=EURUSD|54=1");
    bench.pass(10);
    let sent = bench.sent(b"8");
    for answer in &sent[2..4] {
        let expected = "37=1|11=b|41=a|17=0|150=I|39=0|55=EURUSD|54=1|38=12|40=2|44=0.5|59=1|18=6|\
                        111=5|151=12|14=0|6=0|";
        assert!(answer.starts_with(expected), "{answer}");
    }
    let unknown = "37=NONE|11=nobody|17=0|150=I|39=8|";
    assert!(sent[4].starts_with(unknown), "{sent:?}");
    assert!(sent[4].contains("|151=0|14=0|") && sent[4].contains("|58=unknown order|"));
}

#[test]
fn a_mass_status_request_is_answered_by_one_report_for_each_working_order() {
    let mut bench = Bench::new(&calm());
    bench.pass(10);
    bench.request(b"AF", "584=m0|585=7");
    for name in ["a", "b", "c"] {
        bench.request(b"D", &format!("11={name}{LIMIT}"));
    }
    bench.request(b"F", "11=x|41=b|55=EURUSD|54=1");
    bench.request(b"AF", "584=m1|585=7");
    bench.request(b"AF", "584=m2|585=1|55=XAUUSD");
    bench.request(b"AF", "584=m3|585=3");
    bench.pass(10);
    let sent: Vec<String> = bench
        .sent(b"8")
        .into_iter()
        .filter(|text| text.contains("|150=I|"))
        .collect();
    assert_eq!(sent.len(), 5, "{sent:?}");
    let ends = [
        "584=m0|911=0|912=Y",
        "584=m1|911=2|912=N",
        "584=m1|911=2|912=Y",
    ];
    for (text, end) in sent.iter().zip(ends) {
        assert!(text.contains(end), "{text} without {end}");
    }
    assert!(
        sent[0].starts_with("37=NONE|17=0|150=I|39=8|"),
        "{}",
        sent[0]
    );
    assert!(sent[1].contains("|11=a|") && sent[2].contains("|11=c|"));
    assert!(sent[3].contains("|39=8|") && sent[3].contains("584=m2|911=0|912=Y"));
    assert!(sent[4].contains("not supported"), "{}", sent[4]);
}

#[test]
fn a_mass_cancel_is_confirmed_and_reported_order_by_order() {
    let mut bench = Bench::new(&calm());
    bench.pass(10);
    for name in ["a", "b"] {
        bench.request(b"D", &format!("11={name}{LIMIT}"));
    }
    bench.request(b"D", "11=g|55=XAUUSD|54=2|38=1|40=2|44=5000");
    bench.request(b"q", "11=q1|530=1|55=EURUSD");
    bench.request(b"q", "11=q2|530=7|54=1");
    bench.request(b"q", "11=q3|530=7");
    bench.request(b"q", "11=q4|530=1|55=NOSUCH");
    bench.request(b"q", "11=q5|530=4");
    bench.pass(10);
    let said: Vec<String> = bench.sent(b"r");
    let ends = [
        "530=1|531=1|533=2",
        "530=7|531=7|533=0",
        "530=7|531=7|533=1",
    ];
    for (text, end) in said.iter().zip(ends) {
        assert!(text.contains(end), "{text} without {end}");
    }
    assert!(said[3].contains("|531=0|532=1|") && said[4].contains("|531=0|532=0|"));
    let canceled = |text: &&String| text.contains("|150=4|39=4|") && text.contains("|151=0|");
    assert_eq!(bench.sent(b"8").iter().filter(canceled).count(), 3);
    assert_eq!(bench.app.stats().working, 0);
}

#[test]
fn trades_are_printed_for_those_who_asked_for_them() {
    let mut bench = Bench::new(&calm());
    bench.pass(10);
    let ask = "|263=1|264=1|146=1|55=EURUSD";
    bench.request(b"V", &format!("262=t{ask}|267=1|269=2"));
    bench.request(b"V", &format!("262=q{ask}|267=1|269=0"));
    bench.order("a", 10, None);
    bench.pass(10);
    let prints = bench.sent(b"X");
    assert_eq!(prints.len(), 1, "{prints:?}");
    assert!(
        prints[0].starts_with("262=t|268=1|279=0|269=2|55=EURUSD|270=1."),
        "{prints:?}"
    );
    assert!(prints[0].ends_with("|271=10|"), "{prints:?}");
}
