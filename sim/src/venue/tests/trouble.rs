//! Tests of everything that a venue can be told to do wrong.

use std::collections::{BTreeMap, BTreeSet};

use dcx_model::Notional;
use proptest::prelude::*;

use super::*;
use crate::draws::Draws;

fn troubled(trouble: Trouble) -> VenueOptions {
    VenueOptions {
        latency_us: 0,
        jitter_us: 0,
        fill_latency_us: 0,
        fill_jitter_us: 0,
        reject_rate: 0.0,
        hidden_rate: 0.0,
        trouble,
        ..VenueOptions::default()
    }
}

fn at_once() -> Trouble {
    Trouble {
        later_ms: 0,
        ..Trouble::default()
    }
}

fn bench(trouble: Trouble) -> Bench {
    let mut bench = Bench::new(&troubled(trouble));
    bench.pass(10);
    bench
}

const FAR: Option<&str> = Some("0.5");

fn limit(text: Option<&str>) -> Option<Price> {
    text.map(px)
}

#[test]
fn an_order_whose_acknowledgement_is_lost_works_all_the_same() {
    let mut bench = bench(Trouble {
        lost_ack_rate: 1.0,
        ..at_once()
    });
    bench.order("a", 10, limit(FAR));
    bench.order("b", 12, None);
    bench.pass(10);
    let sent = bench.sent(b"8");
    assert_eq!(sent.len(), 1, "only the trade of b: {sent:?}");
    bench.request(b"H", "11=a|55=EURUSD|54=1");
    bench.request(b"F", "11=c|41=a|55=EURUSD|54=1");
    bench.request(b"H", "11=a|55=EURUSD|54=1");
    bench.pass(10);
    let sent = bench.sent(b"8");
    assert_eq!(sent.len(), 3, "the cancel is silent: {sent:?}");
    assert!(sent[1].contains("|150=I|39=0|") && sent[2].contains("|150=I|39=4|"));
    assert_eq!(bench.app.stats().trouble.lost_acks, 3);
}

#[test]
fn a_late_fill_is_told_when_somebody_asks_or_logs_on() {
    let mut bench = bench(Trouble {
        late_fill_rate: 1.0,
        ..at_once()
    });
    bench.order("a", 10, None);
    bench.order("b", 12, None);
    bench.pass(1_000);
    assert!(bench.sent(b"8").iter().all(|text| text.contains("|150=0|")));
    bench.request(b"H", "11=a|55=EURUSD|54=1");
    bench.pass(10);
    let sent = bench.sent(b"8");
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(sent[2].contains("|150=F|39=2|") && sent[3].contains("|150=I|39=2|"));
    let now = bench.now();
    let session = SessionIx::new(0);
    bench
        .app
        .logged_on(session, now, &mut bench.queue.outgoing());
    bench.pass(10);
    let sent = bench.sent(b"8");
    assert!(
        sent[4].contains("|11=b|") && sent[4].contains("|150=F|"),
        "{sent:?}"
    );
}

#[test]
fn a_report_sent_twice_has_one_exec_id_and_sometimes_says_so() {
    let mut bench = bench(Trouble {
        duplicate_rate: 1.0,
        ..at_once()
    });
    for n in 0..20 {
        bench.order(&format!("o{n}"), 10, limit(FAR));
    }
    bench.pass(1_000);
    let sent = bench.sent(b"8");
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!((sent.len(), distinct.len()), (40, 20));
    let said = bench.queue.iter().filter(|sent| sent.poss_resend).count();
    assert!((1..20).contains(&said), "{said}");
}

#[test]
fn an_order_may_be_cancelled_by_nobody_or_vanish() {
    let mut bench = bench(Trouble {
        unasked_cancel_rate: 1.0,
        ..at_once()
    });
    bench.order("a", 10, limit(FAR));
    bench.pass(20);
    let sent = bench.sent(b"8");
    assert!(
        sent[1].contains("|11=a|17=") && sent[1].contains("|150=4|39=4|"),
        "{sent:?}"
    );

    let mut bench = self::bench(Trouble {
        vanish_rate: 1.0,
        ..at_once()
    });
    bench.order("a", 10, limit(FAR));
    bench.pass(20);
    bench.request(b"H", "11=a|55=EURUSD|54=1");
    bench.request(b"F", "11=c|41=a|55=EURUSD|54=1");
    bench.pass(10);
    let sent = bench.sent(b"8");
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(
        sent[1].starts_with("37=NONE|11=a|17=0|150=I|39=8|"),
        "{sent:?}"
    );
    assert!(bench.sent(b"9")[0].contains("|102=1|"));
    let ledger = bench.app.ledger();
    assert!(ledger.orders[0].vanished && ledger.orders[0].canceled_qty == Qty::whole(10));
}

#[test]
fn a_cancel_may_be_refused_though_the_order_works() {
    let mut bench = bench(Trouble {
        cancel_refused_rate: 1.0,
        ..at_once()
    });
    bench.order("a", 10, limit(FAR));
    for n in 0..10 {
        bench.request(b"F", &format!("11=c{n}|41=a|55=EURUSD|54=1"));
    }
    bench.pass(10);
    let sent = bench.sent(b"9");
    let count = |text| sent.iter().filter(|sent| sent.contains(text)).count();
    assert!(count("|102=0|") > 0 && count("|102=3|") > 0, "{sent:?}");
    assert_eq!((sent.len(), count("|39=0|")), (10, 10));
    assert_eq!(bench.app.stats().working, 1);
}

#[test]
fn what_is_told_to_be_pending_is_done_later() {
    let mut bench = bench(Trouble {
        pending_rate: 1.0,
        pending_us: 100,
        ..at_once()
    });
    bench.order("a", 10, limit(FAR));
    bench.pass(50);
    bench.request(b"H", "11=a|55=EURUSD|54=1");
    bench.pass(100);
    bench.request(b"G", "11=b|41=a|55=EURUSD|54=1|38=12|40=2|44=0.5");
    bench.pass(50);
    bench.request(b"F", "11=x|41=a|55=EURUSD|54=1");
    bench.pass(100);
    bench.request(b"F", "11=y|41=b|55=EURUSD|54=1");
    bench.pass(200);
    let told: Vec<String> = bench
        .sent(b"8")
        .iter()
        .map(|text| {
            let field = |tag: &str| text.split('|').find_map(|f| f.strip_prefix(tag)).unwrap();
            format!("{} {} {}", field("11="), field("150="), field("39="))
        })
        .collect();
    let expected = [
        "a A A", "a I A", "a 0 0", "b E E", "b 5 0", "y 6 6", "y 4 4",
    ];
    assert_eq!(told, expected);
    let refused = bench.sent(b"9");
    assert!(
        refused[0].contains("|102=3|") && refused[0].contains("|39=E|"),
        "{refused:?}"
    );
}

#[test]
fn an_order_filled_while_its_cancel_is_pending_is_told_so_and_the_cancel_too_late() {
    let mut exchange = exchange();
    send(
        &mut exchange,
        "a",
        &order("EURUSD").buy_whole(10).limit(px("1.1001")),
    );
    let cancel = Request::Cancel {
        cl_ord_id: id("c"),
        orig_cl_ord_id: id("a"),
    };
    let mut out = Vec::new();
    assert!(exchange.pend(0, &cancel, &mut out));
    let reports = quote(&mut exchange, "1.0998", "1.1000");
    let told = story(&reports);
    assert_eq!(told, [(XTrade, OrdStatus::PendingCancel, 10, 0)]);
    out.clear();
    exchange.finish(0, &cancel, Chances::default(), &mut out);
    let Report::CancelRejected(reject) = out[0] else {
        panic!("{out:?}");
    };
    assert_eq!(
        (reject.cxl_rej_reason, reject.ord_status),
        (CxlRejReason::TooLate, Filled)
    );
}

#[test]
fn a_busted_trade_reopens_what_can_rest_and_cancels_what_cannot() {
    for (ioc, status, leaves) in [(false, PartiallyFilled, 400), (true, Canceled, 0)] {
        let mut exchange = exchange();
        let maker = order("EURUSD").sell_whole(400).limit(px("1.1001"));
        send(&mut exchange, "m", &maker);
        let draft = order("EURUSD").buy_whole(1_000).limit(px("1.1002"));
        let draft = if ioc { draft.ioc() } else { draft };
        let reports = send(&mut exchange, "a", &draft);
        let trade = reports.iter().find(|r| r.exec_type == XTrade).unwrap();
        let mut out = Vec::new();
        assert!(exchange.bust(trade.exec_id, &mut out));
        let report = execution(out[0]);
        assert_eq!(report.exec_ref_id, trade.exec_id);
        assert_eq!(
            story(&[report]),
            [(ExecType::TradeCancel, status, 600, leaves)]
        );
        assert_eq!(
            report.avg_px,
            px("1.1002"),
            "what is left was traded at the touch"
        );
        assert!(!exchange.bust(trade.exec_id, &mut out), "once");
        assert_eq!(exchange.working(), usize::from(!ioc));
    }
}

#[test]
fn a_corrected_trade_stands_under_a_new_name() {
    let mut exchange = exchange();
    let reports = send(&mut exchange, "a", &order("EURUSD").buy_whole(10));
    let mut out = Vec::new();
    let new = exchange.correct(reports[1].exec_id, &mut out).unwrap();
    let report = execution(out[0]);
    assert_eq!(story(&[report]), [(ExecType::TradeCorrect, Filled, 10, 0)]);
    assert_eq!(
        (report.exec_ref_id, report.exec_id),
        (reports[1].exec_id, new)
    );
    assert_eq!(
        (report.last_px, report.avg_px),
        (px("1.10019"), px("1.10019"))
    );
    assert!(!exchange.bust(reports[1].exec_id, &mut out));
    assert!(exchange.bust(new, &mut out));
}

#[test]
fn orders_that_nobody_sent_are_found_by_a_mass_status_request_and_can_be_cancelled() {
    let mut bench = bench(Trouble {
        orphans: 3,
        ..at_once()
    });
    bench.request(b"AF", "584=m|585=7");
    bench.request(b"F", "11=c|41=FOREIGN-0-1|55=XAUUSD|54=2");
    bench.pass(10);
    let sent = bench.sent(b"8");
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(sent[2].contains("|11=FOREIGN-0-2|") && sent[2].contains("|911=3|912=Y|"));
    assert!(sent[3].contains("|11=c|41=FOREIGN-0-1|"), "{sent:?}");
    assert!(bench.app.ledger().orders.iter().all(|order| order.orphan));
}

#[test]
fn a_halted_instrument_takes_only_cancels_and_says_so() {
    let mut exchange = exchange();
    send(
        &mut exchange,
        "a",
        &order("EURUSD").buy_whole(10).limit(px("1.0999")),
    );
    assert!(exchange.halt(0) && !exchange.halt(0));
    let reports = send(&mut exchange, "b", &order("EURUSD").buy_whole(10));
    let reason = reports[0]
        .ord_rej_reason
        .map(dcx_model::OrdRejReason::number);
    assert_eq!(reason, Some(2));
    assert!(
        quote(&mut exchange, "1.0990", "1.0995").is_empty(),
        "it waits"
    );
    assert_eq!(exchange.external(0), Some(External::default()));
    let mut out = Vec::new();
    assert!(exchange.resume(0, &mut out));
    assert_eq!(story(&[execution(out[0])]), [(XTrade, Filled, 10, 0)]);

    let mut bench = bench(Trouble {
        halt_every_ms: 20,
        halt_ms: 5,
        ..at_once()
    });
    bench.request(b"V", "262=m|263=1|264=1|267=1|269=0|146=1|55=EURUSD");
    bench.request(b"e", "324=s|55=EURUSD|263=1");
    bench.pass(200_000);
    let sent = bench.sent(b"f");
    assert!(sent[0].starts_with("324=s|55=EURUSD|326=17|"), "{sent:?}");
    assert!(sent[1].starts_with("324=s|55=EURUSD|326=2|"), "{sent:?}");
    assert!(
        sent.len() > 5 && bench.app.stats().trouble.halts > 3,
        "{sent:?}"
    );
}

#[test]
fn a_lost_session_takes_its_orders_along_where_that_is_asked() {
    for (asked, working) in [(true, 0), (false, 1)] {
        let target = "DCX".to_owned();
        let mut bench = Bench::new(&VenueOptions {
            cancel_on_disconnect: if asked { vec![target] } else { Vec::new() },
            ..troubled(Trouble::default())
        });
        bench.pass(10);
        bench.order("a", 10, limit(FAR));
        bench.pass(10);
        let now = bench.now();
        let session = SessionIx::new(0);
        bench
            .app
            .logged_out(session, now, &mut bench.queue.outgoing());
        bench.pass(10);
        assert_eq!(bench.app.stats().working, working);
        let sent = bench.sent(b"8");
        assert_eq!(sent.iter().any(|text| text.contains("|150=4|")), asked);
    }
}

#[test]
fn the_ledger_counts_orders_by_the_second_and_writes_a_line_for_each() {
    let mut bench = bench(Trouble::default());
    bench.order("a", 10, None);
    bench.order("b", 12, limit(FAR));
    bench.order("b", 12, limit(FAR));
    bench.pass(10);
    let ledger = bench.app.ledger();
    assert_eq!(
        (ledger.received.total(), ledger.received.per_s_max()),
        (3, 3)
    );
    let mut bytes = Vec::new();
    ledger.write_to(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = lines
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["order", "order", "order", "trade", "received"]);
    assert_eq!(lines[0]["filled"], "10");
    assert_eq!(
        (&lines[1]["working"], &lines[2]["status"]),
        (&"12".into(), &"Rejected".into())
    );
    assert_eq!(
        lines[3]["exec_id"].as_str().unwrap().split('-').next(),
        Some("SIMA")
    );
    assert_eq!(lines[4]["per_s_max"], 3);
}

/// What a session can know of an order from its reports: fills by ExecID, less what was busted.
#[derive(Debug, Default)]
struct Told {
    /// ExecID to order, quantity and price.
    trades: BTreeMap<String, (String, Qty, Price)>,
}

impl Told {
    /// In two passes: a trade that was held back may be told after its bust.
    fn of(sent: &[String]) -> Self {
        let mut told = Self::default();
        let mut amended = BTreeSet::new();
        for text in sent {
            let field = |tag: &str| {
                let mut fields = text.split('|');
                fields.find_map(|field| field.strip_prefix(tag)?.strip_prefix('='))
            };
            let exec_id = field("17").unwrap().to_owned();
            amended.extend(field("19").map(str::to_owned));
            if matches!(field("150"), Some("F" | "G")) {
                let order = field("37").unwrap().to_owned();
                let (qty, px) = (field("32").unwrap(), field("31").unwrap());
                let trade = (order, qty.parse().unwrap(), px.parse().unwrap());
                told.trades.insert(exec_id, trade);
            }
        }
        for reference in amended {
            assert!(told.trades.remove(&reference).is_some(), "{reference}");
        }
        told
    }

    fn cum(&self, order_id: u64) -> (Qty, Notional) {
        let name = order_id.to_string();
        let of = self.trades.values().filter(|(order, _, _)| *order == name);
        of.fold((Qty::ZERO, Notional::ZERO), |(cum, worth), (_, qty, px)| {
            let worth = worth.plus(px.times(*qty)).unwrap();
            (cum.plus(*qty).unwrap(), worth)
        })
    }
}

/// Random orders, cancels and replaces against a venue that does everything wrong.
fn chaos(seed: u64, rate: f64) -> Bench {
    let mut bench = Bench::new(&VenueOptions {
        seed,
        symbols: vec!["EURUSD".to_owned()],
        // What the last quote trades is told before the run ends.
        fill_latency_us: 0,
        fill_jitter_us: 0,
        reject_rate: 0.05,
        hidden_rate: 0.1,
        quotes_per_s: 500,
        touch_pct: 1,
        cancel_on_disconnect: vec!["DCX".to_owned()],
        trouble: Trouble {
            lost_update_rate: 0.0,
            lost_ack_rate: rate,
            late_fill_rate: rate,
            duplicate_rate: rate,
            unasked_cancel_rate: rate,
            bust_rate: rate,
            correct_rate: rate,
            cancel_refused_rate: rate,
            vanish_rate: rate,
            pending_rate: rate,
            pending_us: 2_000,
            later_ms: 10,
            orphans: 3,
            halt_every_ms: 40,
            halt_ms: 4,
        },
        ..VenueOptions::default()
    });
    bench.pass(1_000);
    let mut draws = Draws::new(seed, 9);
    for n in 0..150_u64 {
        let side = 1 + draws.below(2);
        let qty = 100 * (1 + draws.below(200));
        let px = 110_000 + draws.within(40);
        let (whole, part) = (px / 100_000, px % 100_000);
        let kind = match draws.below(8) {
            0 => "|40=1".to_owned(),
            1 => format!("|40=2|44={whole}.{part:05}|59=3|110=100"),
            2 => format!("|40=2|44={whole}.{part:05}|59=4"),
            3 => format!("|40=2|44={whole}.{part:05}|111=100"),
            4 => format!("|40=2|44={whole}.{part:05}|18=G"),
            5 => format!("|40=2|44={whole}.{part:05}|18=6"),
            _ => format!("|40=2|44={whole}.{part:05}"),
        };
        bench.request(b"D", &format!("11=o{n}|55=EURUSD|54={side}|38={qty}{kind}"));
        let other = draws.below(n + 1);
        match draws.below(6) {
            0 => bench.request(b"F", &format!("11=c{n}|41=o{other}|55=EURUSD|54=1")),
            1 => bench.request(
                b"G",
                &format!("11=r{n}|41=o{other}|55=EURUSD|54=1|38={qty}|40=2|44={whole}.{part:05}"),
            ),
            2 if n % 40 == 0 => bench.request(b"q", &format!("11=q{n}|530=7")),
            _ => {}
        }
        bench.pass(draws.below(2_000));
    }
    bench.pass(200_000);
    let now = bench.now();
    let session = SessionIx::new(0);
    let out = &mut bench.queue.outgoing();
    bench.app.logged_on(session, now, out);
    // No quote falls due in these: they only bring out what was held back.
    bench.app.work(now, out);
    bench
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever goes wrong: an order is what it filled, works with and lost; and who puts his
    /// reports together by ExecID knows of each order what the venue knows.
    #[test]
    fn quantity_is_conserved_and_the_reports_tell_it(seed in 0..u64::MAX, rate in 0.0..0.4) {
        let bench = chaos(seed, rate);
        let told = Told::of(&bench.sent(b"8"));
        let ledger = bench.app.ledger();
        for order in &ledger.orders {
            let sum = order.cum_qty.plus(order.leaves_qty).and_then(|sum| sum.plus(order.canceled_qty));
            prop_assert_eq!(sum, Some(order.order_qty), "{:?}", order);
            if order.order_id > 0 {
                let (cum, worth) = told.cum(order.order_id);
                prop_assert_eq!(cum, order.cum_qty, "{:?}", order);
                prop_assert_eq!(worth.average(cum), order.avg_px, "{:?}", order);
            }
            let works = !order.ord_status.is_terminal();
            prop_assert_eq!(works, !order.leaves_qty.is_zero(), "{:?}", order);
        }
        let good = ledger.trades.iter().filter(|trade| trade.state == TradeState::Good);
        prop_assert_eq!(good.count(), told.trades.len());
        let working = ledger.orders.iter().filter(|order| !order.leaves_qty.is_zero());
        prop_assert_eq!(working.count() as u64, bench.app.stats().working);
    }
}

#[test]
fn a_chaotic_run_does_everything_wrong_and_is_the_same_again() {
    let first = chaos(5, 0.3);
    let trouble = first.app.stats().trouble;
    let done = [
        trouble.lost_acks,
        trouble.late_fills,
        trouble.duplicates,
        trouble.unasked_cancels,
        trouble.busts,
        trouble.corrections,
        trouble.vanished,
        trouble.pendings,
        trouble.halts,
    ];
    assert!(done.iter().all(|count| *count > 0), "{trouble:?}");
    let again = chaos(5, 0.3);
    assert_eq!(first.sent(b"8"), again.sent(b"8"));
    assert_eq!(first.app.ledger(), again.app.ledger());
}

#[test]
fn trouble_that_makes_no_sense_is_refused() {
    for trouble in [
        Trouble {
            bust_rate: -0.1,
            ..Trouble::default()
        },
        Trouble {
            orphans: 1_000_000,
            ..Trouble::default()
        },
    ] {
        assert!(VenueApp::new(&troubled(trouble)).is_err());
    }
    let stranger = VenueOptions {
        cancel_on_disconnect: vec!["NOBODY".to_owned()],
        ..VenueOptions::default()
    };
    assert!(VenueApp::new(&stranger).is_err());
}
