//! Goal: every pre-trade check has its pair from end to end: at the limit an order passes, one
//! step over it is refused with its code. Method: the real daemon, a client on a raw socket, and a
//! venue that this test plays itself, so that it knows every price and every fill.

use std::net::TcpListener;
use std::time::Duration;

use dcx_tests::{Message, Peer, Process, System, run, utc_ago, utc_now};

/// One client, one instrument, one venue; what a test adds is put where `MORE` stands.
const BASE: &str = r#"
[engine]
on_no_venue = "hold"
answer_timeout_ms = 600000
reconcile_interval_ms = 0

[[fix.acceptor]]
listen = "CLIENTS"
comp_id = "DCX"

[[client]]
comp_id = "CLIENT"
account = "HOUSE"
CLIENT_MORE

[[venue]]
name = "SIMA"
connect = "VENUE0"
reset_on_logon = true
features = []

[[instrument]]
symbol = "EURUSD"
tick = 0.0001
lot = 10
venues = ["SIMA"]
INSTRUMENT_MORE

[limits.firm]
FIRM_GROSS
FIRM_MORE

[limits.instrument.EURUSD]
order_qty_max = 1_000_000
order_notional_max = 2_000_000
position_max = 1_000_000_000
quote_age_ms_max = 600_000
collar_bps = 5_000
EURUSD_MORE

[limits.session.CLIENT]
SESSION

MORE

[control]
socket = "var/control.sock"

[metrics]
listen = "METRICS"
"#;

/// What a test changes of the base.
#[derive(Clone, Copy, Default)]
struct Set<'s> {
    client: &'s str,
    instrument: &'s str,
    firm: &'s str,
    eurusd: &'s str,
    session: &'s str,
    more: &'s str,
}

/// A daemon with a client and a venue, both played by the test.
struct Desk {
    system: System,
    _daemon: Process,
    client: Peer,
    venue: Peer,
    orders: u32,
    execs: u32,
}

impl Desk {
    /// Starts everything and quotes 1.0999 / 1.1001.
    fn open(set: Set<'_>) -> Self {
        Self::open_with(set, &[])
    }

    /// The same with files beside the configuration.
    fn open_with(set: Set<'_>, files: &[(&str, &str)]) -> Self {
        let session = if set.session.is_empty() {
            "orders_per_s_max = 100_000\nburst_max = 100_000\norders_open_max = 10_000"
        } else {
            set.session
        };
        let gross = if set.firm.contains("gross_max") {
            ""
        } else {
            "gross_max = 1_000_000_000_000"
        };
        let mut text = BASE
            .replace("CLIENT_MORE", set.client)
            .replace("INSTRUMENT_MORE", set.instrument)
            .replace("FIRM_GROSS", gross)
            .replace("FIRM_MORE", set.firm)
            .replace("EURUSD_MORE", set.eurusd)
            .replace("SESSION", session)
            .replace("\nMORE\n", &format!("\n{}\n", set.more));
        // A key that a test sets itself takes the place of the base's.
        for line in set.eurusd.lines() {
            let key = line.split('=').next().unwrap_or("").trim();
            if BASE.contains(&format!("\n{key} = ")) {
                text = text.replacen(&format!("\n{key} = "), "\n# ", 1);
            }
        }
        let system = System::with(&text);
        for (name, content) in files {
            std::fs::write(system.dir().join(name), content).expect("the folder can be written");
        }
        let listener = TcpListener::bind(system.ports.venues[0]).expect("a free port");
        let daemon = system.start();
        let venue = Peer::accept(&listener, "SIMA");
        let client = Peer::logged_on(system.ports.clients, "CLIENT");
        let mut desk = Self {
            system,
            _daemon: daemon,
            client,
            venue,
            orders: 0,
            execs: 0,
        };
        let request = desk.venue.expect("V");
        assert_eq!(request.get(55), "EURUSD");
        desk.quote("1.0999", "1.1001");
        desk
    }

    /// The venue's bid and offer; waits until the engine has them.
    fn quote(&mut self, bid: &str, ask: &str) {
        self.venue.send(
            "W",
            &[
                (262, "DCX-TOP"),
                (55, "EURUSD"),
                (268, "2"),
                (269, "0"),
                (270, bid),
                (271, "1000000"),
                (269, "1"),
                (270, ask),
                (271, "1000000"),
            ],
        );
        self.venue.settle();
    }

    /// Sends an order of these fields and returns its first report.
    fn order(&mut self, fields: &[(u32, &str)]) -> Message {
        self.orders += 1;
        let id = format!("O{}", self.orders);
        let now = utc_now();
        let mut all = vec![(11, id.as_str()), (55, "EURUSD")];
        if !fields.iter().any(|(tag, _)| *tag == 60) {
            all.push((60, now.as_str()));
        }
        all.extend_from_slice(fields);
        self.client.send("D", &all);
        let report = self.client.expect("8");
        assert_eq!(report.get(11), id, "{report:?}");
        report
    }

    /// A limit order.
    fn limit(&mut self, side: &str, qty: &str, px: &str) -> Message {
        self.order(&[(54, side), (38, qty), (40, "2"), (44, px), (59, "0")])
    }

    /// The last order's child as the venue gets it.
    fn child(&mut self) -> Message {
        self.venue.expect("D")
    }

    /// The venue fills a child whole.
    fn fill(&mut self, child: &Message, px: &str) -> Message {
        self.execs += 1;
        let exec = format!("E{}", self.execs);
        let qty = child.get(38).to_owned();
        self.venue.send(
            "8",
            &[
                (37, "V1"),
                (11, child.get(11)),
                (17, &exec),
                (150, "F"),
                (39, "2"),
                (55, "EURUSD"),
                (54, child.get(54)),
                (38, &qty),
                (32, &qty),
                (31, px),
                (151, "0"),
                (14, &qty),
                (6, px),
            ],
        );
        self.client.expect("8")
    }

    /// A position of `qty` at 1.1, bought or sold.
    fn hold(&mut self, side: &str, qty: &str) {
        expect_accepted(&self.limit(side, qty, "1.1000"));
        let child = self.child();
        let report = self.fill(&child, "1.1000");
        assert_eq!(report.all([150, 39]), ["F", "2"], "{report:?}");
    }
}

#[track_caller]
fn expect_accepted(report: &Message) {
    assert_eq!(report.all([150, 39]), ["0", "0"], "{report:?}");
}

#[track_caller]
fn expect_refused(report: &Message, code: &str, ord_rej_reason: &str) {
    assert_eq!(report.all([150, 39]), ["8", "8"], "{report:?}");
    assert!(
        report.get(58).starts_with(&format!("DCX-{code} ")),
        "{report:?}"
    );
    assert_eq!(report.get(103), ord_rej_reason, "{report:?}");
}

#[test]
fn size_worth_and_grid_have_their_pairs() {
    let mut desk = Desk::open(Set {
        eurusd: "order_qty_max = 1_000\norder_notional_max = 1_099",
        ..Set::default()
    });
    // 1: quantity.
    expect_accepted(&desk.limit("1", "990", "1.1000"));
    expect_refused(&desk.limit("1", "1010", "1.0000"), "R006", "3");
    // 2: worth, 999 x 1.1 and 1000 x 1.1 against 1099.
    expect_refused(&desk.limit("1", "1000", "1.1000"), "R011", "3");
    // 26: lot and tick.
    expect_refused(&desk.limit("1", "15", "1.1000"), "R007", "13");
    expect_refused(&desk.limit("1", "10", "1.10005"), "R008", "99");
    expect_accepted(&desk.limit("1", "10", "1.1001"));
}

#[test]
fn the_collar_has_its_pair_on_both_sides() {
    let mut desk = Desk::open(Set {
        eurusd: "collar_bps = 100",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "10", "1.1110"));
    expect_refused(&desk.limit("1", "10", "1.1111"), "R014", "3");
    expect_accepted(&desk.limit("2", "10", "1.0890"));
    expect_refused(&desk.limit("2", "10", "1.0889"), "R014", "3");
}

#[test]
fn position_exposure_and_credit_count_what_works() {
    let mut desk = Desk::open(Set {
        eurusd: "position_max = 100",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "60", "1.1000"));
    expect_refused(&desk.limit("1", "50", "1.1000"), "R015", "3");
    expect_accepted(&desk.limit("1", "40", "1.1000"));
    expect_accepted(&desk.limit("2", "100", "1.1000"));
    expect_refused(&desk.limit("2", "10", "1.1000"), "R015", "3");
    drop(desk);

    // 7: 100 at 1.1 work, 10 more would be 121 of 120; sells count to the gross as well.
    let mut desk = Desk::open(Set {
        firm: "gross_max = 120",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "100", "1.1000"));
    expect_refused(&desk.limit("2", "10", "1.1000"), "R037", "3");
    drop(desk);
    let mut desk = Desk::open(Set {
        more: "[limits.account.HOUSE]\nnet_max = 120",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "100", "1.1000"));
    expect_refused(&desk.limit("1", "10", "1.1000"), "R038", "3");
    expect_accepted(&desk.limit("2", "100", "1.1000"));
    drop(desk);

    // 8: a margin of half the worth against a credit of 60.
    let mut desk = Desk::open(Set {
        eurusd: "margin_bps = 5_000",
        more: "[limits.account.HOUSE]\ncredit_max = 60",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "100", "1.1000"));
    expect_refused(&desk.limit("1", "10", "1.1000"), "R039", "3");
}

#[test]
fn what_was_accepted_today_open_and_a_second_is_counted() {
    // 9
    let mut desk = Desk::open(Set {
        eurusd: "day_qty_max = 100",
        firm: "day_notional_max = 88",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "80", "1.1000"));
    expect_refused(&desk.limit("1", "10", "1.1000"), "R040", "3");
    expect_refused(&desk.limit("1", "30", "0.9000"), "R041", "3");
    drop(desk);
    // 10
    let mut desk = Desk::open(Set {
        session: "orders_per_s_max = 100_000\nburst_max = 100_000\norders_open_max = 2",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "10", "1.1000"));
    expect_accepted(&desk.limit("1", "10", "1.1000"));
    expect_refused(&desk.limit("1", "10", "1.1000"), "R016", "3");
    drop(desk);
    // 11: two at once, and hardly one more in the life of this test.
    let mut desk = Desk::open(Set {
        eurusd: "orders_per_s_max = 1\nburst_max = 2",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "10", "1.1000"));
    expect_accepted(&desk.limit("1", "10", "1.1000"));
    expect_refused(&desk.limit("1", "10", "1.1000"), "R017", "0");
}

#[test]
fn a_duplicate_is_refused_unless_it_is_meant() {
    let mut desk = Desk::open(Set {
        session: "orders_per_s_max = 100_000\nburst_max = 100_000\norders_open_max = 100\n\
                  duplicate_window_ms = 600_000",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "10", "1.1000"));
    expect_refused(&desk.limit("1", "10", "1.1000"), "R043", "6");
    expect_accepted(&desk.limit("1", "20", "1.1000"));
    desk.client.send(
        "D",
        &[
            (97, "Y"),
            (11, "MEANT"),
            (55, "EURUSD"),
            (60, &utc_now()),
            (54, "1"),
            (38, "10"),
            (40, "2"),
            (44, "1.1000"),
            (59, "0"),
        ],
    );
    expect_accepted(&desk.client.expect("8"));
}

#[test]
fn restricted_short_old_and_large_orders_are_stopped() {
    // 16
    let mut desk = Desk::open(Set {
        more: "[permissions.account.HOUSE]\ndenied = [\"EURUSD\"]",
        ..Set::default()
    });
    expect_refused(&desk.limit("1", "10", "1.1000"), "R045", "0");
    drop(desk);
    // 17
    let mut desk = Desk::open(Set {
        eurusd: "locate_required = true",
        ..Set::default()
    });
    desk.hold("1", "20");
    expect_accepted(&desk.limit("2", "20", "1.1000"));
    expect_refused(&desk.limit("2", "10", "1.1000"), "R047", "0");
    let located = [(54, "5"), (114, "N"), (38, "10"), (40, "2"), (44, "1.1000")];
    expect_accepted(&desk.order(&located));
    drop(desk);
    // 24
    let mut desk = Desk::open(Set {
        firm: "order_age_ms_max = 60_000",
        ..Set::default()
    });
    let terms = [(54, "1"), (38, "10"), (40, "2"), (44, "1.1000")];
    let (young, old) = (
        utc_ago(Duration::from_secs(30)),
        utc_ago(Duration::from_secs(90)),
    );
    expect_accepted(&desk.order(&[terms.as_slice(), &[(60, young.as_str())]].concat()));
    expect_refused(
        &desk.order(&[terms.as_slice(), &[(60, old.as_str())]].concat()),
        "R053",
        "99",
    );
    drop(desk);
    // 25: it waits for a person, and the client may take it back.
    let mut desk = Desk::open(Set {
        firm: "approval_notional = 110",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "90", "1.1000"));
    let waits = desk.limit("1", "100", "1.1000");
    assert_eq!(waits.all([150, 39]), ["A", "A"], "{waits:?}");
}

#[test]
fn market_hours_staleness_and_crossed_markets_stop_orders() {
    // 18: no quote at all, then a crossed one.
    let mut desk = Desk::open(Set {
        eurusd: "crossed_bps_max = 5",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "10", "1.1001"));
    desk.quote("1.1010", "1.1000");
    let refused = desk.limit("1", "10", "1.1001");
    assert_eq!(refused.all([150, 39]), ["8", "8"], "{refused:?}");
    drop(desk);
    // 19: hours that never begin.
    let mut desk = Desk::open(Set {
        instrument: "open = \"08:00\"\nclose = \"17:00\"\nweekdays = []",
        ..Set::default()
    });
    expect_refused(&desk.limit("1", "10", "1.1000"), "R050", "2");
}

#[test]
fn a_loss_reduces_then_halts_and_reducing_orders_pass() {
    let mut desk = Desk::open(Set {
        firm: "loss_reduce_max = 5\nloss_halt_max = 50",
        ..Set::default()
    });
    desk.hold("1", "1000");
    // The mid falls by 100 ticks: 1000 x 0.01 is a loss of 10.
    desk.quote("1.0899", "1.0901");
    expect_refused(&desk.limit("1", "10", "1.0900"), "R042", "0");
    expect_accepted(&desk.limit("2", "1000", "1.0900"));
    desk.quote("1.0399", "1.0401");
    expect_refused(&desk.limit("2", "10", "1.0400"), "R001", "0");
}

#[test]
fn an_order_that_would_meet_its_owner_s_is_refused() {
    let mut desk = Desk::open(Set {
        more: "[[account]]\nname = \"HOUSE\"\nowner = \"FUND\"\nself_trade = \"cancel-newest\"",
        ..Set::default()
    });
    expect_accepted(&desk.limit("2", "10", "1.1005"));
    expect_accepted(&desk.limit("1", "10", "1.1004"));
    expect_refused(&desk.limit("1", "10", "1.1005"), "R044", "0");
}

#[test]
fn a_session_that_breaks_has_its_orders_cancelled_where_it_asked_for_it() {
    let mut desk = Desk::open(Set {
        client: "cancel_on_disconnect = true",
        ..Set::default()
    });
    expect_accepted(&desk.limit("1", "10", "1.0500"));
    let child = desk.child();
    drop(std::mem::replace(
        &mut desk.client,
        Peer::connect(desk.system.ports.clients, "CLIENT"),
    ));
    let cancel = desk.venue.expect("F");
    assert_eq!(cancel.get(41), child.get(11), "{cancel:?}");
}

#[test]
fn a_price_far_from_the_median_of_the_window_is_refused_though_the_collar_has_moved() {
    // 4: the quote jumps by 200 bps; the collar follows it, the median of the window does not.
    let mut desk = Desk::open(Set {
        eurusd: "collar_bps = 500\nband_bps = 100\nband_window_ms = 3_600_000",
        ..Set::default()
    });
    desk.quote("1.1219", "1.1221");
    expect_refused(&desk.limit("1", "10", "1.1220"), "R034", "3");
    expect_accepted(&desk.limit("1", "10", "1.1110"));
    expect_refused(&desk.limit("1", "10", "1.1111"), "R034", "3");
}

#[test]
fn a_strategy_that_executes_too_often_stops_until_a_person_lets_it_go_on() {
    // 12
    let mut desk = Desk::open(Set {
        client: "strategy = \"PAIRS\"",
        more: "[[strategy]]\nname = \"PAIRS\"\n\
               [limits.strategy.PAIRS]\nexecutions_max = 2\nexecutions_window_ms = 3_600_000",
        ..Set::default()
    });
    desk.hold("1", "10");
    expect_accepted(&desk.limit("1", "10", "1.1000"));
    let child = desk.child();
    let _ = desk.fill(&child, "1.1000");
    expect_refused(&desk.limit("1", "10", "1.1000"), "R001", "0");
    let resumed = run(
        desk.system.dir(),
        &[
            "resume",
            "--strategy",
            "PAIRS",
            "--reason",
            "looked into it",
        ],
    );
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    expect_accepted(&desk.limit("1", "10", "1.1000"));
}

#[test]
fn the_historical_value_at_risk_has_its_pair() {
    // 21: every day of the past lost 1 % of a long position: 99 % of the days are no better.
    let scenarios = format!("EUR\n{}", "-10000\n".repeat(256));
    let mut desk = Desk::open_with(
        Set {
            instrument: "risk_factor = \"EUR\"",
            firm: "var_historical_max = 11",
            more: "[var]\nscenarios = \"scenarios.csv\"",
            ..Set::default()
        },
        &[("scenarios.csv", &scenarios)],
    );
    expect_accepted(&desk.limit("1", "1000", "1.1000"));
    expect_refused(&desk.limit("1", "1010", "1.1000"), "R051", "3");
}
