//! Goal: an engine that is not ours agrees with every report. Method: a client built on
//! QuickFIX/J (`interop/quickfixj-client`) trades with the example configuration and two
//! simulated venues; then the journal is verified and replayed.
//!
//! Not among the default tests, since it needs Java: `cargo xtask interop` builds the client, or
//! says why it cannot.

use std::path::Path;
use std::process::{Command, Stdio};

use dcx_tests::{Seed, System, run};

const CLIENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/interop/quickfixj-client/target/client.jar"
);
const ORDERS: &str = "1000";
/// Name, a quantity that each order is a multiple of, and the tick of the example's instruments.
const INSTRUMENTS: [&str; 3] = ["EURUSD:1000:0.00001", "XAUUSD:1:0.001", "BTCUSDT:0.01:0.01"];

#[test]
fn a_quickfixj_client_finds_every_report_right() {
    assert!(
        Path::new(CLIENT).exists(),
        "build the client first: cargo xtask interop"
    );
    let seed = Seed::from_env("DCX_INTEROP_SEED");
    println!("DCX_INTEROP_SEED={}", seed.value);
    let system = System::example();
    let mut venues = system.start_venues();
    let mut daemon = system.start();

    let client = Command::new("java")
        .args(["-jar", CLIENT, "--orders", ORDERS])
        .args(["--port", &system.ports.clients.port().to_string()])
        .args(["--seed", &seed.value.to_string()])
        .args(
            INSTRUMENTS
                .iter()
                .flat_map(|instrument| ["--instrument", instrument]),
        )
        .current_dir(system.dir())
        .stdin(Stdio::null())
        .output()
        .expect("java starts");
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

fn expect_whole_journal(system: &System) {
    let verified = run(system.dir(), &["journal", "verify", "var/journal"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let replayed = run(system.dir(), &["replay", "var/journal", "--json"]);
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    let report = replayed.json();
    assert_eq!(report["equal"], true, "{report}");
    println!("{report}");
}
