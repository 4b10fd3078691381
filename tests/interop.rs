//! Goal: an engine that is not ours agrees with every report. Method: a client built on
//! QuickFIX/J (`interop/quickfixj-client`) sends every kind of order and request, and then many
//! at random, to the example configuration with two simulated venues, while an operator answers
//! for the orders that wait for a person; then the journal is verified and replayed.
//!
//! Not among the default tests, since it needs Java: `cargo xtask interop` builds the client, or
//! says why it cannot.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dcx_tests::{Seed, System, run};

const CLIENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/interop/quickfixj-client/target/client.jar"
);
const ORDERS: &str = "1000";
/// Name, a quantity that each order is a multiple of, and the tick of the example's instruments.
const INSTRUMENTS: [&str; 3] = ["EURUSD:1000:0.00001", "XAUUSD:1:0.001", "BTCUSDT:0.01:0.01"];

/// Of the first instrument: above the worth from which on a person is asked.
const APPROVAL_QTY: &str = "5000000";

#[test]
fn a_quickfixj_client_finds_every_report_right() {
    assert!(
        Path::new(CLIENT).exists(),
        "build the client first: cargo xtask interop"
    );
    let seed = Seed::from_env("DCX_INTEROP_SEED");
    println!("DCX_INTEROP_SEED={}", seed.value);
    let system = asking();
    let mut venues = system.start_venues();
    let mut daemon = system.start();

    let client = Command::new("java")
        .args(["-jar", CLIENT, "--orders", ORDERS])
        .args(["--approval-qty", APPROVAL_QTY])
        .args(["--port", &system.ports.clients.port().to_string()])
        .args(["--seed", &seed.value.to_string()])
        .args(
            INSTRUMENTS
                .iter()
                .flat_map(|instrument| ["--instrument", instrument]),
        )
        .current_dir(system.dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("java starts");
    let client = std::thread::scope(|scope| {
        let ended = scope.spawn(|| client.wait_with_output().expect("java ends"));
        answer_for(&system, || ended.is_finished());
        ended.join().expect("java is waited for")
    });
    let out = String::from_utf8_lossy(&client.stdout);
    let err = String::from_utf8_lossy(&client.stderr);
    println!("{out}{err}");
    assert!(client.status.success(), "the client: {}", client.status);
    assert!(out.contains(" passed, 0 failed"));

    assert!(daemon.terminate().success(), "{}", daemon.said());
    venues.iter_mut().for_each(|venue| {
        venue.terminate();
    });
    expect_whole_journal(&system);
}

/// The example, which asks a person about orders worth 5,000,000 and more.
fn asking() -> System {
    let system = System::example();
    let file = system.dir().join("dcx.toml");
    let text = std::fs::read_to_string(&file).expect("the configuration was written");
    let session = "[limits.session.CLIENT]\n";
    assert!(text.contains(session), "config/dcx.toml has {session}");
    let asks = format!("{session}approval_notional = 5_000_000\n");
    std::fs::write(&file, text.replace(session, &asks)).expect("the folder can be written");
    system
}

/// Approves the first order that waits for a person, refuses the second, and leaves others to the
/// client, which takes them back.
fn answer_for(system: &System, is_over: impl Fn() -> bool) {
    let mut seen = BTreeSet::new();
    while !is_over() {
        let listed = run(system.dir(), &["approvals", "list", "--json"]);
        assert_eq!(listed.code, Some(0), "{listed:?}");
        let waiting = listed.json();
        let rows = waiting["approvals"].as_array().cloned().unwrap_or_default();
        for row in rows {
            let order = row["order"].to_string();
            if seen.insert(order.clone()) && seen.len() <= 2 {
                let verb = if seen.len() == 1 { "approve" } else { "refuse" };
                let word = ["approvals", verb, &order, "--reason", "interop"];
                let answered = run(system.dir(), &word);
                assert_eq!(answered.code, Some(0), "{answered:?}");
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(seen.len() >= 2, "orders waited for a person: {seen:?}");
}

fn expect_whole_journal(system: &System) {
    let verified = run(system.dir(), &["journal", "verify", "var/journal"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let replayed = run(system.dir(), &["replay", "var/journal", "--json"]);
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    let report = replayed.json();
    assert_eq!(report["equal"], true, "{report}");
    println!("{report}");
}
