//! Goal: a power cut loses nothing that anyone was told. Method: kill -9 the daemon under load at
//! random moments, then read the journal, replay it, start again, and ask for every order that a
//! client had been told of.
//!
//! `DCX_CRASH_ROUNDS` and `DCX_CRASH_SEED` repeat a run: `cargo xtask crash --rounds N --seed S`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dcx_tests::{Peer, Process, Seed, System, run};

/// Orders that the witness leaves working in one round, at most.
const ORDERS_MAX: usize = 400;

/// What the witness was told: `OrderID` (37) by `ClOrdID` (11).
type Told = BTreeMap<String, String>;

#[test]
fn a_killed_daemon_comes_back_with_everything_it_told() {
    let mut seed = Seed::from_env("DCX_CRASH_SEED");
    let rounds = std::env::var("DCX_CRASH_ROUNDS").map_or(3, |text| {
        text.parse().expect("DCX_CRASH_ROUNDS is a number")
    });
    println!("DCX_CRASH_SEED={} DCX_CRASH_ROUNDS={rounds}", seed.value);
    let system = System::example();
    let _venues = system.start_venues();
    let mut told = Told::new();
    let mut events_before = 0;
    let mut daemon = system.start();
    for round in 0..rounds {
        let mut load = start_load(&system, round);
        let millis = seed.between(30, 1_500);
        trade_until_killed(
            &system,
            &mut daemon,
            round,
            Duration::from_millis(millis),
            &mut told,
        );
        load.kill();

        let events = expect_equal_replay(&system);
        assert!(
            events > events_before,
            "round {round} left its events in the journal"
        );
        events_before = events;
        println!(
            "round {round}: killed after {millis} ms, {events} events, {} told",
            told.len()
        );

        daemon = system.start();
        expect_all_known(&system, &told);
    }
    assert!(!told.is_empty(), "the witness was told of orders");
    assert!(daemon.terminate().success(), "{}", daemon.said());
    expect_equal_replay(&system);
}

/// A simulated client that trades against the venues beside the witness.
fn start_load(system: &System, round: u32) -> Process {
    let address = system.ports.clients.to_string();
    let name = format!("load-{round}");
    let arguments = [
        "sim",
        "client",
        "--connect",
        &address,
        "--orders",
        "1000000",
    ];
    Process::start(system.dir(), &name, &arguments)
}

/// Sends orders far from the market, so that they stay, and notes each that is accepted; kills
/// the daemon when the time has come, and notes what had still been sent.
fn trade_until_killed(
    system: &System,
    daemon: &mut Process,
    round: u32,
    life: Duration,
    told: &mut Told,
) {
    let mut witness = Peer::logged_on(system.ports.clients, "WITNESS");
    let px = passive_price(&mut witness, round);
    let start = Instant::now();
    for ix in 0..ORDERS_MAX {
        if start.elapsed() >= life {
            break;
        }
        witness.send_order(&format!("W{round}-{ix}"), ["1", "1000", &px]);
        note(&witness.expect("8"), told);
    }
    std::thread::sleep(life.saturating_sub(start.elapsed()));
    // One more is on its way while the daemon dies: it may be known or not, but not half.
    witness.send_order(&format!("W{round}-last"), ["1", "1000", &px]);
    daemon.kill();
    for report in witness.expect_end() {
        note(&report, told);
    }
}

fn note(report: &dcx_tests::Message, told: &mut Told) {
    if report.all([35, 150]) == ["8", "0"] {
        told.insert(report.get(11).to_owned(), report.get(37).to_owned());
    }
}

/// A price half a percent below the market: a market order tells where that is.
fn passive_price(witness: &mut Peer, round: u32) -> String {
    for attempt in 0.. {
        witness.send_market_order(&format!("P{round}-{attempt}"), "1000");
        let mut px = None;
        loop {
            let report = witness.expect("8");
            if report.get(150) == "F" {
                px = report.get(31).parse::<f64>().ok();
            }
            // Filled, canceled, rejected or expired: the probe is done.
            if ["2", "4", "8", "C"].contains(&report.get(39)) {
                break;
            }
        }
        if let Some(px) = px {
            return format!("{:.5}", px * 0.995);
        }
        assert!(attempt < 600, "no venue fills a market order");
        std::thread::sleep(Duration::from_millis(50));
    }
    unreachable!("the loop returns or fails")
}

/// The journal is whole up to its last record and replays to the same; returns its events.
fn expect_equal_replay(system: &System) -> u64 {
    let replayed = run(system.dir(), &["replay", "var/journal", "--json"]);
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    let report = replayed.json();
    assert_eq!(report["equal"], true, "{report}");
    report["events"].as_u64().expect("a count of events")
}

/// The daemon answers for every order of every round, under the name it gave it, and takes more.
fn expect_all_known(system: &System, told: &Told) {
    let mut witness = Peer::logged_on(system.ports.clients, "WITNESS");
    for (cl_ord_id, order_id) in told {
        witness.send("H", &[(11, cl_ord_id), (55, "EURUSD"), (54, "1")]);
        let status = loop {
            let report = witness.expect("8");
            // Reports of the orders themselves may come between.
            if report.get(150) == "I" {
                break report;
            }
        };
        assert_eq!(status.all([11, 37]), [cl_ord_id, order_id], "{status:?}");
        assert_ne!(
            status.get(39),
            "8",
            "an order that was accepted is not refused: {status:?}"
        );
    }
    witness.log_out();
}
