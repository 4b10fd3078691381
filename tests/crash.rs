//! Goal: a power cut loses nothing that anyone was told. Method: kill -9 the daemon under load at
//! random moments, then read the journal, replay it, start again, and ask for every order that a
//! client had been told of.
//!
//! `DCX_CRASH_ROUNDS` and `DCX_CRASH_SEED` repeat a run: `cargo xtask crash --rounds N --seed S`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dcx_tests::{Message, Peer, Process, Seed, System, run, utc_in, utc_now};

/// Orders that the witness leaves working in one round, at most.
const ORDERS_MAX: usize = 400;

/// What the witness was told last of each order, by its `ClOrdID` (11).
type Told = BTreeMap<String, Message>;

/// `OrdStatus` (39) after which nothing further happens.
const DONE: [&str; 4] = ["2", "4", "8", "C"];

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

/// Goal: a schedule survives a crash. Method: kill -9 in the middle of a TWAP, wait some slices
/// long, and start again: it goes on where it was, and ends filled to the last unit.
#[test]
fn a_schedule_goes_on_after_a_kill_with_the_exact_remainder() {
    const QTY: &str = "15000";
    let system = System::example();
    let _venues = system.start_venues();
    let mut daemon = system.start();
    let mut witness = Peer::logged_on(system.ports.clients, "WITNESS");
    let below: f64 = passive_price(&mut witness, 0).parse().expect("a price");
    let px = format!("{:.5}", below / 0.995 * 1.002);
    let (now, end) = (utc_now(), utc_in(Duration::from_secs(45)));
    let mut fields = vec![(11, "TWAP"), (55, "EURUSD"), (54, "1"), (60, now.as_str())];
    fields.extend([(38, QTY), (40, "2"), (44, px.as_str()), (847, "1000")]);
    fields.extend([(126, end.as_str()), (20_001, "15")]);
    witness.send("D", &fields);
    let mut last = witness.expect("8");
    assert_eq!(last.get(39), "0", "{last:?}");
    for _ in 0..3 {
        last = witness.expect("8");
        assert_eq!(last.all([11, 150]), ["TWAP", "F"], "{last:?}");
    }
    daemon.kill();
    for report in witness.expect_end() {
        last = report;
    }
    assert_eq!(last.get(39), "1", "in the middle: {last:?}");
    let filled = cum_qty(&last);
    expect_equal_replay(&system);
    std::thread::sleep(Duration::from_secs(7));

    daemon = system.start();
    let mut witness = Peer::logged_on(system.ports.clients, "WITNESS");
    witness.send("H", &[(11, "TWAP"), (55, "EURUSD"), (54, "1")]);
    let (mut cum, mut later) = (None, 0);
    while !DONE.contains(&last.get(39)) {
        let report = witness.expect("8");
        assert_eq!(report.get(37), last.get(37), "{report:?}");
        let now = cum_qty(&report);
        assert!(now >= filled, "{report:?} after {last:?}");
        if report.get(150) == "F" {
            let last_qty: f64 = report.get(32).parse().expect("LastQty (32) is a number");
            assert!(cum.is_none_or(|cum| cum + last_qty == now), "{report:?}");
            later += 1;
        }
        cum = Some(now);
        last = report;
    }
    assert_eq!(last.all([39, 14, 151]), ["2", QTY, "0"], "{last:?}");
    assert!(later >= 3, "what was left went in slices, {later} trades");
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
        "--mix",
        "all",
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

/// An order counts as told from its first report on; one that was refused is told, too.
fn note(report: &Message, told: &mut Told) {
    told.insert(report.get(11).to_owned(), report.clone());
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
            if DONE.contains(&report.get(39)) {
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
    for (cl_ord_id, last) in told {
        witness.send("H", &[(11, cl_ord_id), (55, "EURUSD"), (54, "1")]);
        let status = loop {
            let report = witness.expect("8");
            // Reports of the orders themselves may come between.
            if report.get(150) == "I" {
                break report;
            }
        };
        // OrderID (37), OrderQty (38) and Price (44) stay; what was filled stays filled.
        let same = [11, 37, 38, 44];
        assert_eq!(status.all(same), last.all(same), "{status:?}");
        assert!(
            cum_qty(&status) >= cum_qty(last),
            "{status:?} after {last:?}"
        );
        if DONE.contains(&last.get(39)) {
            assert_eq!(status.get(39), last.get(39), "{status:?} after {last:?}");
        }
    }
    expect_orders_taken(&mut witness, told);
    witness.log_out();
}

fn cum_qty(report: &Message) -> f64 {
    report.get(14).parse().expect("CumQty (14) is a number")
}

/// A new order is accepted as soon as a venue quotes again; until then it is refused.
fn expect_orders_taken(witness: &mut Peer, told: &Told) {
    let px = told
        .values()
        .find_map(|last| Some(last.get(44)).filter(|px| !px.is_empty()));
    let px = px.expect("the witness was told of a limit order");
    for attempt in 0..600 {
        let id = format!("AFTER-{}-{attempt}", told.len());
        witness.send_order(&id, ["1", "1000", px]);
        let answer = loop {
            let report = witness.expect("8");
            if report.get(11) == id {
                break report;
            }
        };
        if answer.get(150) == "0" {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no order is accepted after a restart");
}
