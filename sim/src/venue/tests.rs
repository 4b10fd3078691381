//! Tests of the venue without sockets: the exchange by itself, the application by a manual clock.

use dcx_fix::{Application, Encoder, Head, Message, Queue, SessionIx};
use dcx_model::{
    ClOrdId, CxlRejReason, ExecType, MonoNanos, Now, OrdStatus, OrdType, Price, Qty, Side,
    TimeInForce, UnixNanos,
};

use super::*;
use crate::SimInstrument;
use crate::client::{OrderDraft, order};

fn px(text: &str) -> Price {
    text.parse().unwrap()
}

fn id(text: &str) -> ClOrdId {
    text.parse().unwrap()
}

/// EURUSD at 1.1000 to 1.1002, a thousand on either side.
fn exchange() -> Exchange {
    let listed = SimInstrument::preset("EURUSD".parse().unwrap());
    let mut exchange = Exchange::new(vec![listed]);
    quote(&mut exchange, "1.1000", "1.1002");
    exchange
}

fn quote(exchange: &mut Exchange, bid: &str, ask: &str) -> Vec<ExecutionReport> {
    let external = External {
        bid: px(bid),
        ask: px(ask),
        bid_qty: Qty::whole(1_000),
        ask_qty: Qty::whole(1_000),
    };
    let mut reports = Vec::new();
    exchange.quote(0, external, &mut reports);
    reports.into_iter().map(execution).collect()
}

fn execution(report: Report) -> ExecutionReport {
    match report {
        Report::Execution(report) => report,
        other => panic!("expected an execution, got {other:?}"),
    }
}

fn send(exchange: &mut Exchange, name: &str, draft: &OrderDraft) -> Vec<ExecutionReport> {
    send_with(exchange, name, draft, Chances::default())
}

fn send_with(
    exchange: &mut Exchange,
    name: &str,
    draft: &OrderDraft,
    chances: Chances,
) -> Vec<ExecutionReport> {
    let new = Request::New(NewRequest {
        cl_ord_id: id(name),
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
    let mut reports = Vec::new();
    exchange.handle(0, new, chances, &mut reports);
    reports.into_iter().map(execution).collect()
}

fn ask(exchange: &mut Exchange, request: Request) -> Vec<Report> {
    let mut reports = Vec::new();
    exchange.handle(0, request, Chances::default(), &mut reports);
    reports
}

fn story(reports: &[ExecutionReport]) -> Vec<(ExecType, OrdStatus, u64, u64)> {
    let whole = |qty: Qty| qty.units() / dcx_model::SCALE;
    reports
        .iter()
        .map(|r| {
            (
                r.exec_type,
                r.ord_status,
                whole(r.cum_qty),
                whole(r.leaves_qty),
            )
        })
        .collect()
}

mod lifecycle;
mod trouble;

use ExecType::{Canceled as XCanceled, New as XNew, Rejected as XRejected, Trade as XTrade};
use OrdStatus::{Canceled, Filled, New, PartiallyFilled, Rejected};

#[test]
fn a_marketable_order_is_filled_at_the_touch_and_rests_with_its_remainder() {
    let mut exchange = exchange();
    let draft = order("EURUSD").buy_whole(1_500).limit(px("1.1005"));
    let reports = send(&mut exchange, "a", &draft);
    let expected = [(XNew, New, 0, 1_500), (XTrade, PartiallyFilled, 1_000, 500)];
    assert_eq!(story(&reports), expected);
    assert_eq!(
        (reports[1].last_px, reports[1].avg_px),
        (px("1.1002"), px("1.1002"))
    );
    let reports = quote(&mut exchange, "1.1003", "1.1004");
    assert_eq!(story(&reports), [(XTrade, Filled, 1_500, 0)]);
    assert_eq!(
        reports[0].last_px,
        px("1.1005"),
        "a resting order trades at its own price"
    );
    assert_eq!(reports[0].avg_px, px("1.1003"));
}

#[test]
fn orders_at_once_end_with_what_they_cannot_trade() {
    let mut exchange = exchange();
    let ioc = order("EURUSD").sell_whole(1_200).limit(px("1.1000")).ioc();
    let expected = [
        (XNew, New, 0, 1_200),
        (XTrade, PartiallyFilled, 1_000, 200),
        (XCanceled, Canceled, 1_000, 0),
    ];
    assert_eq!(story(&send(&mut exchange, "ioc", &ioc)), expected);
    let fok = order("EURUSD").buy_whole(1_200).limit(px("1.1002")).fok();
    let expected = [(XNew, New, 0, 1_200), (XCanceled, Canceled, 0, 0)];
    assert_eq!(story(&send(&mut exchange, "fok", &fok)), expected);
    let fok = order("EURUSD").buy_whole(1_000).limit(px("1.1002")).fok();
    let expected = [(XNew, New, 0, 1_000), (XTrade, Filled, 1_000, 0)];
    assert_eq!(story(&send(&mut exchange, "fok2", &fok)), expected);
    let market = order("EURUSD").buy_whole(10);
    let expected = [(XNew, New, 0, 10), (XCanceled, Canceled, 0, 0)];
    assert_eq!(story(&send(&mut exchange, "m", &market)), expected);
    assert_eq!(exchange.working(), 0);
}

#[test]
fn client_orders_meet_each_other_within_the_spread() {
    let mut exchange = exchange();
    send(
        &mut exchange,
        "first",
        &order("EURUSD").buy_whole(10).limit(px("1.1001")),
    );
    send(
        &mut exchange,
        "second",
        &order("EURUSD").buy_whole(10).limit(px("1.1001")),
    );
    let sell = order("EURUSD").sell_whole(15).limit(px("1.1000"));
    let reports = send(&mut exchange, "s", &sell);
    let names: Vec<&str> = reports.iter().map(|r| r.cl_ord_id.as_str()).collect();
    assert_eq!(names, ["s", "s", "first", "s", "second"]);
    assert!(reports[1..].iter().all(|r| r.last_px == px("1.1001")));
    assert_eq!(story(&reports[4..]), [(XTrade, PartiallyFilled, 5, 5)]);
}

#[test]
fn orders_that_cannot_be_taken_are_refused_with_a_reason() {
    let mut exchange = exchange();
    send(&mut exchange, "used", &order("EURUSD").buy_whole(1));
    let limit = |text| order("EURUSD").buy_whole(1).limit(px(text));
    let cases = [
        ("used", order("EURUSD").buy_whole(1), 6),
        ("b", order("NOSUCH").buy_whole(1), 1),
        ("c", order("EURUSD").buy_whole(0), 13),
        ("d", order("EURUSD").buy("1.5".parse().unwrap()), 13),
        ("e", limit("1.100005"), 13),
        ("f", limit("-1.1"), 13),
        (
            "g",
            OrderDraft {
                ord_type: OrdType::Limit,
                ..order("EURUSD")
            },
            13,
        ),
    ];
    for (name, draft, reason) in cases {
        let reports = send(&mut exchange, name, &draft);
        assert_eq!(story(&reports), [(XRejected, Rejected, 0, 0)], "{name}");
        let code = reports[0]
            .ord_rej_reason
            .map(dcx_model::OrdRejReason::number);
        assert_eq!((code, reports[0].order_id), (Some(reason), 0), "{name}");
    }
    let chances = Chances {
        reject: true,
        ..Chances::default()
    };
    let reports = send_with(&mut exchange, "h", &limit("1.1"), chances);
    assert_eq!(story(&reports), [(XRejected, Rejected, 0, 0)]);
}

#[test]
fn liquidity_that_nobody_shows_is_met_within_the_spread_and_behind_the_touch() {
    let chances = Chances {
        hidden: true,
        ..Chances::default()
    };
    let mut exchange = exchange();
    let inside = order("EURUSD").buy_whole(5).limit(px("1.1001"));
    let reports = send_with(&mut exchange, "a", &inside, chances);
    assert_eq!(
        (reports[1].last_px, reports[1].ord_status),
        (px("1.1001"), Filled)
    );
    let large = order("EURUSD").buy_whole(5_000);
    let reports = send_with(&mut exchange, "b", &large, chances);
    assert_eq!(
        story(&reports[1..]),
        [
            (XTrade, PartiallyFilled, 1_000, 4_000),
            (XTrade, Filled, 5_000, 0)
        ]
    );
    let behind = order("EURUSD").buy_whole(5).limit(px("1.1000"));
    let reports = send_with(&mut exchange, "c", &behind, chances);
    assert_eq!(
        story(&reports),
        [(XNew, New, 0, 5)],
        "nothing hides at the own side"
    );
}

#[test]
fn a_cancel_ends_an_order_once() {
    let mut exchange = exchange();
    send(
        &mut exchange,
        "a",
        &order("EURUSD").buy_whole(5).limit(px("1.0900")),
    );
    let cancel = |name, orig| Request::Cancel {
        cl_ord_id: id(name),
        orig_cl_ord_id: id(orig),
    };
    let report = execution(ask(&mut exchange, cancel("x", "a"))[0]);
    assert_eq!((report.exec_type, report.ord_status), (XCanceled, Canceled));
    assert_eq!(
        (report.cl_ord_id, report.orig_cl_ord_id),
        (id("x"), Some(id("a")))
    );
    assert_eq!((exchange.working(), report.leaves_qty), (0, Qty::ZERO));
    for (name, orig, reason) in [
        ("y", "a", CxlRejReason::TooLate),
        ("z", "none", CxlRejReason::UnknownOrder),
        ("x", "a", CxlRejReason::DuplicateClOrdId),
    ] {
        let Report::CancelRejected(reject) = ask(&mut exchange, cancel(name, orig))[0] else {
            panic!("{name} was not refused");
        };
        assert_eq!(reject.cxl_rej_reason, reason);
    }
}

#[test]
fn a_replace_changes_quantity_and_limit_under_a_new_name() {
    let mut exchange = exchange();
    send(
        &mut exchange,
        "a",
        &order("EURUSD").buy_whole(5).limit(px("1.0900")),
    );
    send(
        &mut exchange,
        "b",
        &order("EURUSD").buy_whole(5).limit(px("1.0900")),
    );
    let replace = |name, orig, qty, text| Request::Replace {
        cl_ord_id: id(name),
        orig_cl_ord_id: id(orig),
        order_qty: Qty::whole(qty),
        limit_px: Some(px(text)),
    };
    let smaller = execution(ask(&mut exchange, replace("a2", "a", 4, "1.0900"))[0]);
    assert_eq!(
        (smaller.exec_type, smaller.leaves_qty),
        (ExecType::Replaced, Qty::whole(4))
    );
    let sell = order("EURUSD").sell_whole(1_001).limit(px("1.0900"));
    let reports = send(&mut exchange, "s", &sell);
    let last = reports.last().unwrap();
    assert_eq!(
        last.cl_ord_id,
        id("a2"),
        "a smaller quantity keeps its place"
    );
    assert!(matches!(
        ask(&mut exchange, replace("a3", "a2", 1, "1.0900"))[0],
        Report::CancelRejected(reject) if reject.cxl_rej_reason == CxlRejReason::TooLate
    ));
    let reports = ask(&mut exchange, replace("b2", "b", 7, "1.2000"));
    let reports: Vec<ExecutionReport> = reports.into_iter().map(execution).collect();
    assert_eq!(
        story(&reports),
        [(ExecType::Replaced, New, 0, 7), (XTrade, Filled, 7, 0)]
    );
    assert!(matches!(
        ask(&mut exchange, replace("c", "a", 9, "1.0900"))[0],
        Report::CancelRejected(reject) if reject.cxl_rej_reason == CxlRejReason::UnknownOrder
    ));
}

#[test]
fn a_status_request_is_answered_and_changes_nothing() {
    let mut exchange = exchange();
    send(
        &mut exchange,
        "a",
        &order("EURUSD").buy_whole(5).limit(px("1.0900")),
    );
    let status = |name| Request::Status {
        cl_ord_id: id(name),
        order_id: 0,
        symbol: "EURUSD".parse().unwrap(),
        side: Side::Buy,
    };
    let report = execution(ask(&mut exchange, status("a"))[0]);
    assert_eq!(
        (report.exec_type, report.ord_status),
        (ExecType::OrderStatus, New)
    );
    assert_eq!(report.exec_id, 0);
    let report = execution(ask(&mut exchange, status("none"))[0]);
    assert_eq!((report.ord_status, report.order_id), (Rejected, 0));
}

/// A venue driven by hand: messages go in at set moments, bodies come out.
struct Bench {
    app: VenueApp,
    queue: Queue,
    encoder: Encoder,
    seq: u64,
    micros: u64,
}

impl Bench {
    fn new(options: &VenueOptions) -> Self {
        Self {
            app: VenueApp::new(options).unwrap(),
            queue: Queue::new(),
            encoder: Encoder::new(b"FIX.4.4", b"DCX", b"SIMA"),
            seq: 0,
            micros: 1,
        }
    }

    fn now(&self) -> Now {
        Now {
            mono: MonoNanos::new(self.micros * 1_000),
            unix: UnixNanos::from_seconds(1_700_000_000),
        }
    }

    /// Lets so many microseconds pass, in steps.
    fn pass(&mut self, micros: u64) {
        for _ in 0..micros.div_ceil(10) {
            self.micros += 10;
            let now = self.now();
            self.app.work(now, &mut self.queue.outgoing());
        }
    }

    fn receive(&mut self, msg_type: &[u8], write: impl FnOnce(&mut dcx_fix::Body<'_>)) {
        self.seq += 1;
        let head = Head::new(msg_type, self.seq, UnixNanos::from_seconds(1_700_000_000));
        let mut bytes = Vec::new();
        let raw = self.encoder.encode(&mut bytes, &head, write);
        let message = Message::parse(raw).unwrap();
        let (now, session) = (self.now(), SessionIx::new(0));
        let mut out = self.queue.outgoing();
        self.app.received(session, now, &message, &mut out).unwrap();
    }

    fn order(&mut self, name: &str, qty: u64, limit: Option<Price>) {
        self.receive(b"D", |body| {
            body.str(11, name);
            body.str(55, "EURUSD");
            body.char(54, if qty.is_multiple_of(2) { b'1' } else { b'2' });
            body.qty(38, Qty::whole(qty));
            match limit {
                Some(px) => {
                    body.char(40, b'2');
                    body.price(44, px);
                }
                None => body.char(40, b'1'),
            }
            body.char(59, TimeInForce::Day.wire());
        });
    }

    /// Fields as text, apart by bars: `11=a|41=b`.
    fn request(&mut self, msg_type: &[u8], fields: &str) {
        self.receive(msg_type, |body| {
            for field in fields.split('|') {
                let (tag, value) = field.split_once('=').unwrap();
                body.str(tag.parse().unwrap(), value);
            }
        });
    }

    /// Messages of one type as text, fields apart by bars.
    fn sent(&self, msg_type: &[u8]) -> Vec<String> {
        let of_type = self.queue.iter().filter(|sent| sent.msg_type == msg_type);
        of_type
            .map(|sent| String::from_utf8_lossy(sent.body).replace('\u{1}', "|"))
            .collect()
    }
}

/// A few hundred orders at fixed moments against seeded quotes.
fn recorded_run(seed: u64, number: u64, reject_rate: f64) -> Vec<String> {
    let mut bench = Bench::new(&VenueOptions {
        seed,
        number,
        reject_rate,
        quotes_per_s: 200,
        ..VenueOptions::default()
    });
    bench.pass(10_000);
    for n in 1..400_u64 {
        let limit = (n % 3 > 0).then(|| px("1.1000"));
        bench.order(&format!("o{n}"), 100 + n, limit);
        if n.is_multiple_of(5) {
            bench.receive(b"F", |body| {
                body.str(11, &format!("c{n}"));
                body.str(41, &format!("o{}", n - 1));
                body.str(55, "EURUSD");
                body.char(54, b'1');
            });
        }
        bench.pass(500);
    }
    bench.pass(50_000);
    bench.sent(b"8")
}

#[test]
fn the_same_seed_and_orders_give_the_same_reports_and_another_seed_others() {
    let first = recorded_run(11, 0, 0.05);
    let trades = first.iter().filter(|text| text.contains("|150=F|"));
    assert!(trades.count() > 100 && first.iter().any(|text| text.contains("|150=8|")));
    assert_eq!(first, recorded_run(11, 0, 0.05));
    assert_ne!(first, recorded_run(12, 0, 0.05));
    assert_ne!(first, recorded_run(11, 1, 0.05));
}

#[test]
fn an_order_takes_effect_after_its_delay_and_its_fill_is_reported_later() {
    let mut bench = Bench::new(&VenueOptions {
        latency_us: 1_000,
        jitter_us: 0,
        fill_latency_us: 500,
        fill_jitter_us: 0,
        reject_rate: 0.0,
        ..VenueOptions::default()
    });
    bench.pass(10);
    bench.order("a", 10, None);
    bench.pass(990);
    assert!(bench.sent(b"8").is_empty());
    bench.pass(20);
    assert_eq!(bench.sent(b"8").len(), 1, "New");
    bench.pass(480);
    assert_eq!(bench.sent(b"8").len(), 1);
    bench.pass(30);
    let sent = bench.sent(b"8");
    assert!(
        sent[1].contains("|150=F|39=2|") && sent[1].contains("|151=0|14=10|"),
        "{sent:?}"
    );
}

#[test]
fn subscribers_see_every_change_until_they_leave() {
    let mut bench = Bench::new(&VenueOptions::default());
    let ask = |bench: &mut Bench, id: &str, symbol: &str, kind| {
        bench.receive(b"V", |body| {
            body.str(262, id);
            body.char(263, kind);
            body.uint(264, 1);
            body.uint(267, 2);
            body.char(269, b'0');
            body.char(269, b'1');
            body.uint(146, 1);
            body.str(55, symbol);
        });
    };
    bench.pass(10);
    ask(&mut bench, "m1", "EURUSD", b'1');
    assert_eq!(bench.sent(b"W").len(), 1, "a snapshot at once");
    let first = bench.sent(b"W")[0].clone();
    assert!(
        first.starts_with("262=m1|55=EURUSD|268=2|269=0|270=1."),
        "{first}"
    );
    bench.pass(1_000_000);
    let seen = bench.sent(b"W").len();
    assert!(seen > 15, "20 quotes a second, {seen} seen");
    ask(&mut bench, "m2", "NOSUCH", b'1');
    ask(&mut bench, "m1", "EURUSD", b'1');
    let refused = bench.sent(b"Y");
    assert!(refused[0].starts_with("262=m2|281=0|") && refused[1].starts_with("262=m1|281=1|"));
    ask(&mut bench, "m1", "EURUSD", b'2');
    let seen = bench.sent(b"W").len();
    bench.pass(500_000);
    assert_eq!(bench.sent(b"W").len(), seen);
}

#[test]
fn who_asks_for_changes_is_told_them_by_number_and_some_may_be_lost() {
    let numbers = |lost_update_rate| {
        let mut bench = Bench::new(&VenueOptions {
            trouble: Trouble {
                lost_update_rate,
                ..Trouble::default()
            },
            ..VenueOptions::default()
        });
        bench.pass(10);
        let asked = "264=1|265=1|267=2|269=0|269=1|146=1|55=EURUSD";
        bench.request(b"V", &format!("262=m|263=1|{asked}"));
        assert!(bench.sent(b"W")[0].starts_with("262=m|55=EURUSD|83="));
        bench.pass(2_000_000);
        bench.request(b"V", &format!("262=s|263=0|{asked}"));
        let number = |text: &String| -> u64 {
            let from = text.find("|83=").unwrap() + 4;
            let digits = text[from..].split('|').next().unwrap();
            digits.parse().unwrap()
        };
        let told: Vec<u64> = bench.sent(b"X").iter().map(number).collect();
        assert!(bench.sent(b"W").last().map(number) >= told.last().copied());
        told
    };
    let whole = numbers(0.0);
    assert!(whole.len() > 20, "{whole:?}");
    assert!(
        whole.windows(2).all(|two| two[1] == two[0] + 1),
        "{whole:?}"
    );
    let holes = numbers(0.3);
    assert!(holes.len() < whole.len(), "{holes:?}");
    assert!(holes.windows(2).any(|two| two[1] > two[0] + 1), "{holes:?}");
}

#[test]
fn recorded_quotes_reach_the_book_on_the_grid_of_the_venue() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("eurusd.csv");
    let text = "unix_ns,bid,ask\n1000,1.234567,1.234573\n1000000001000,1.5,1.6\n";
    std::fs::write(&path, text).unwrap();
    let mut bench = Bench::new(&VenueOptions {
        data: vec![path.display().to_string().into()],
        gap_ms_max: 100,
        ..VenueOptions::default()
    });
    bench.pass(10);
    let touch = |bench: &Bench| bench.app.board().touch("EURUSD".parse().unwrap());
    assert_eq!(touch(&bench), Some((px("1.23456"), px("1.23458"))));
    bench.pass(100_000);
    assert_eq!(touch(&bench), Some((px("1.5"), px("1.6"))));
}
