//! Goal: whatever happens to a connection, two engines agree in the end: nothing lost, nothing
//! twice. Method: QuickFIX/J and QuickFIX, each as a client of dcx and as a venue behind it, trade
//! a hundred thousand orders over a relay that cuts the connection every thousand, in every way;
//! then the foreign side's ledger, dcx's journal and the numbers in both stores are compared.
//!
//! Not among the default tests, since it needs Java or a QuickFIX built for Python:
//! `cargo xtask interop quickfixj` and `… quickfix` build what is needed, or say why they cannot.
//! `DCX_INTEROP_ORDERS` is the number of orders, `DCX_INTEROP_ORDERS_PER_S` how many dcx's own
//! client sends: on a busy machine the venue needs longer to come back after a cut.

#[path = "interop_cuts/facts.rs"]
mod facts;
#[path = "interop_cuts/foreign.rs"]
mod foreign;
#[path = "interop_cuts/ledger.rs"]
mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use dcx_fix::{FileStore, Store};
use dcx_tests::{Cuts, Cutter, Process, System, run};

use facts::Facts;
use foreign::{Foreign, Kind};
use ledger::Ledger;

/// Orders between two cuts.
const EVERY: u64 = 1_000;

/// Orders of the foreign client that may be open at a time.
const WINDOW: &str = "400";

/// Orders a second of dcx's own client: few enough that the venue is there again before the next
/// cut is due.
const ORDERS_PER_S: &str = "1000";

/// Of clients: the foreign one's is the first, each of dcx's own has the next.
const CLIENTS: [&str; 8] = [
    "CLIENT", "CLIENT1", "CLIENT2", "CLIENT3", "CLIENT4", "CLIENT5", "CLIENT6", "CLIENT7",
];

/// What is said for each client.
const CLIENT: &str = r#"
[[client]]
comp_id = "COMPID"
account = "HOUSE"

[limits.session.COMPID]
orders_per_s_max = 10_000_000
burst_max = 10_000_000
orders_open_max = 200_000
"#;

/// One venue, limits that nothing reaches, and patience with a venue that is away.
const CONFIG: &str = r#"
[engine]
topology = "fused"
wait = "park"
on_no_venue = "hold"
orders_open_max = 200_000
ids_kept_max = 4_000_000
answer_timeout_ms = 60_000
reconcile_interval_ms = 0

[[fix.acceptor]]
listen = "CLIENTS"
comp_id = "DCX"

[[venue]]
name = "VENUE"
connect = "VENUE0"
sender_comp_id = "DCX"
target_comp_id = "VENUE"
heart_bt_int_s = 5

[[instrument]]
symbol = "EURUSD"
tick = 0.00001
lot = 1
prev_close = 1.1000
venues = ["VENUE"]

[limits.firm]
gross_max = 1_000_000_000_000

[limits.instrument.EURUSD]
order_qty_max = 1_000_000
order_notional_max = 2_000_000
position_max = 10_000_000_000
quote_age_ms_max = 3_600_000
collar_bps = 5_000
prev_close_allowed = true

[metrics]
listen = "METRICS"
"#;

#[test]
fn quickfixj_as_a_client_agrees_after_every_cut() {
    expect_client_agrees(Kind::QuickFixJ);
}

#[test]
fn quickfixj_as_a_venue_agrees_after_every_cut() {
    expect_venue_agrees(Kind::QuickFixJ);
}

#[test]
fn quickfix_as_a_client_agrees_after_every_cut() {
    expect_client_agrees(Kind::QuickFix);
}

#[test]
fn quickfix_as_a_venue_agrees_after_every_cut() {
    expect_venue_agrees(Kind::QuickFix);
}

fn orders() -> u64 {
    let given = std::env::var("DCX_INTEROP_ORDERS");
    given.map_or(100_000, |text| {
        text.parse().expect("DCX_INTEROP_ORDERS is a number")
    })
}

fn config() -> String {
    let clients = CLIENTS.map(|comp_id| CLIENT.replace("COMPID", comp_id));
    format!("{CONFIG}{}", clients.concat())
}

/// Foreign client, relay, dcx, simulated venue.
fn expect_client_agrees(kind: Kind) {
    let start = Instant::now();
    let orders = orders();
    let system = System::with(&config());
    let mut venue = start_venue(&system);
    let mut daemon = system.start();
    wait_for_venue(&daemon);
    let relay = Cutter::start(any_port(), system.ports.clients, EVERY);

    let count = orders.to_string();
    let options = ["--orders", &count, "--window", WINDOW];
    let client = Foreign::client(kind, system.dir(), relay.address(), &options);
    let ledger = client.wait(Duration::from_secs(1_800));
    let took = start.elapsed();

    assert!(daemon.terminate().success(), "{}", daemon.said());
    venue.terminate();
    let facts = Facts::read(&system.journal());
    let cuts = relay.stop();
    say(kind, "client", took, cuts, &ledger, &facts);
    expect_cuts(cuts, orders);
    expect_same_client(&ledger, &facts, orders);
    expect_same_numbers(system.dir(), "CLIENT", &ledger);
}

/// dcx's client, dcx, relay, foreign venue.
fn expect_venue_agrees(kind: Kind) {
    let start = Instant::now();
    let orders = orders();
    let system = System::with(&config());
    let [near, far] = system.ports.venues;
    let venue = Foreign::venue(kind, system.dir(), far);
    let relay = Cutter::start(near, far, EVERY);
    let mut daemon = system.start();
    wait_for_venue(&daemon);

    let mut told = Told::default();
    // What is entered while the venue is away is held, and cancelled if it is still away when the
    // client ends: then the next client goes on.
    for comp_id in CLIENTS {
        let rest = orders.saturating_sub(relay.orders());
        if rest > 0 {
            told.add(&trade(&system, comp_id, rest.max(EVERY)));
        }
    }
    let took = start.elapsed();

    assert!(daemon.terminate().success(), "{}", daemon.said());
    let ledger = venue.wait(Duration::from_secs(60));
    let facts = Facts::read(&system.journal());
    let cuts = relay.stop();
    say(kind, "venue", took, cuts, &ledger, &facts);
    expect_cuts(
        cuts,
        facts.children.len() as u64 - facts.bounced.len() as u64,
    );
    expect_same_venue(&ledger, &facts);
    assert!(
        cuts.orders >= orders,
        "the venue is away for too long: {cuts:?}"
    );
    if told.working == 0 {
        assert_eq!(told.trades, count_trades(&ledger), "trades of the clients");
    }
    assert_eq!(
        told.orders,
        facts.orders.len() as u64,
        "orders of the client"
    );
    expect_same_numbers(system.dir(), "VENUE", &ledger);
}

/// What dcx's own clients say at their ends.
#[derive(Debug, Default)]
struct Told {
    orders: u64,
    trades: u64,
    /// What could not be cancelled because the venue was away: it may trade later.
    working: u64,
}

impl Told {
    fn add(&mut self, report: &serde_json::Value) {
        let number = |value: &serde_json::Value| value.as_u64().expect("a count");
        self.orders += number(&report["orders"]["sent"]);
        self.trades += number(&report["trades"]);
        self.working += number(&report["orders"]["working"]);
    }
}

/// Orders that come earlier are held, and cancelled before the venue sees them.
fn wait_for_venue(daemon: &Process) {
    let start = Instant::now();
    while !daemon.said().contains("venue VENUE: logged on") {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{}",
            daemon.said()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn start_venue(system: &System) -> Process {
    let address = system.ports.venues[0];
    let listen = address.to_string();
    let mut arguments = vec!["sim", "venue", "--listen", &listen, "--comp-id", "VENUE"];
    arguments.extend(["--symbol", "EURUSD", "--reject-rate", "0"]);
    let mut venue = Process::start(system.dir(), "venue", &arguments);
    venue.wait_for(address);
    venue
}

/// Lets dcx's own client trade; it judges every report by itself.
fn trade(system: &System, comp_id: &str, orders: u64) -> serde_json::Value {
    let address = system.ports.clients.to_string();
    let count = orders.to_string();
    let mut arguments = vec!["sim", "client", "--connect", &address, "--json"];
    arguments.extend(["--symbol", "EURUSD", "--price", "EURUSD=1.1"]);
    arguments.extend(["--comp-id", comp_id]);
    let rate = std::env::var("DCX_INTEROP_ORDERS_PER_S");
    let rate = rate.unwrap_or_else(|_| ORDERS_PER_S.to_owned());
    arguments.extend(["--orders", &count, "--orders-per-s", &rate]);
    let mix = "market=20,marketable=25,limit=40,ioc=10,fok=5,cancel=20,replace=15";
    arguments.extend(["--mix", mix, "--patience-s", "120"]);
    let ended = run(system.dir(), &arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.said());
    let told = ended.json();
    let orders_told = &told["orders"];
    for nothing in ["lost", "duplicated"] {
        assert_eq!(orders_told[nothing], 0, "{nothing}: {told}");
    }
    told
}

fn say(kind: Kind, role: &str, took: Duration, cuts: Cuts, ledger: &Ledger, facts: &Facts) {
    println!(
        "{kind:?} as a {role}: {} orders, {} reports, {} cancels and {} replaces in {:.1} s; {} cuts, {} in a message, \
         {} in a resend; numbers {:?}; without effect: {:?}",
        ledger.orders.len(),
        ledger.reports.len(),
        ledger.cancels.len(),
        ledger.replaces.len(),
        took.as_secs_f64(),
        cuts.cuts,
        cuts.in_message,
        cuts.soon,
        ledger.numbers,
        facts.ignored,
    );
}

/// The relay saw every order, and did what it is there for. A burst that has several thousand
/// orders is cut once.
fn expect_cuts(cuts: Cuts, orders: u64) {
    assert_eq!(cuts.orders, orders, "{cuts:?}");
    let due = orders / EVERY;
    assert!(cuts.cuts >= due - due.div_ceil(10), "{cuts:?}");
    assert!(cuts.in_message >= cuts.cuts / 3, "{cuts:?}");
}

fn expect_same_client(ledger: &Ledger, facts: &Facts, orders: u64) {
    expect_none("is wrong for the client", &ledger.wrong);
    expect_none("came twice", &facts.twice);
    assert_eq!(ledger.orders.len() as u64, orders);
    expect_same("orders", &ledger.orders, &facts.orders);
    expect_same("cancels", &ledger.cancels, &facts.cancels);
    expect_same("replaces", &ledger.replaces, &facts.replaces);
    expect_same("reports", &ledger.reports, &facts.told);
    expect_same("refusals", &ledger.refused, &facts.refused);
    assert_eq!(ledger.traded(), facts.traded);
    assert!(ledger.traded() > 0, "something was traded");
    expect_each_request_answered_once(ledger);
}

/// By a report under its name that says that it was done, or by a refusal; not by both.
fn expect_each_request_answered_once(ledger: &Ledger) {
    let mut answers: BTreeMap<&str, u64> = BTreeMap::new();
    let requests: BTreeSet<&str> = ledger
        .cancels
        .keys()
        .chain(ledger.replaces.keys())
        .map(String::as_str)
        .collect();
    for report in ledger.reports.values() {
        let name = report.cl_ord_id.as_str();
        let done = if ledger.cancels.contains_key(name) {
            '4'
        } else {
            '5'
        };
        if requests.contains(name) && report.exec_type == done {
            *answers.entry(name).or_default() += 1;
        }
    }
    for name in ledger.refused.keys() {
        *answers.entry(name).or_default() += 1;
    }
    let wrong: Vec<String> = requests
        .iter()
        .filter(|name| answers.get(**name) != Some(&1))
        .map(|name| format!("{name}: {:?} answers", answers.get(name)))
        .collect();
    expect_none("is not answered once", &wrong);
}

fn expect_same_venue(ledger: &Ledger, facts: &Facts) {
    expect_none("is wrong for the venue", &ledger.wrong);
    expect_none("came twice", &facts.twice);
    let sent = without(&facts.children, &facts.bounced);
    expect_same("child orders", &ledger.orders, &sent);
    let cancels = without(&facts.child_cancels, &facts.bounced_cancels);
    expect_same("cancels", &ledger.cancels, &cancels);
    expect_same("reports", &named_by_order(ledger), &facts.venue_reports);
    expect_same("refusals", &ledger.refused, &facts.cancel_rejects);
    assert_eq!(ledger.traded(), facts.traded);
    assert!(ledger.traded() > 0, "something was traded");
}

/// The venue's reports under the name that dcx keeps: a report on a cancel carries the request's,
/// which stands for the order's.
fn named_by_order(ledger: &Ledger) -> BTreeMap<String, facts::Reported> {
    let named = ledger.reports.iter().map(|(exec_id, report)| {
        let mut report = report.clone();
        if let Some(orig) = ledger.cancels.get(&report.cl_ord_id) {
            report.cl_ord_id.clone_from(orig);
        }
        (exec_id.clone(), report)
    });
    named.collect()
}

fn count_trades(ledger: &Ledger) -> u64 {
    let trades = ledger
        .reports
        .values()
        .filter(|report| report.exec_type == 'F');
    trades.count() as u64
}

fn without<V: Clone>(
    all: &BTreeMap<String, V>,
    some: &BTreeMap<String, ()>,
) -> BTreeMap<String, V> {
    let kept = all.iter().filter(|(name, _)| !some.contains_key(*name));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The next numbers in dcx's store are those that the foreign engine has, crosswise.
fn expect_same_numbers(dir: &Path, peer: &str, ledger: &Ledger) {
    let store = FileStore::open(&dir.join("var/fix"), "FIX.4.4", "DCX", peer);
    let store = store.expect("dcx left its store whole");
    let (out, into) = ledger.numbers;
    assert_eq!(
        (store.next_in(), store.next_out()),
        (out, into),
        "numbers of dcx and {peer}"
    );
}

fn expect_none(what: &str, found: &[String]) {
    let first = &found[..found.len().min(5)];
    assert!(found.is_empty(), "{} {what}: {first:#?}", found.len());
}

/// Both sides have the same; what differs is said, the first few of each.
fn expect_same<V: PartialEq + Debug>(
    what: &str,
    theirs: &BTreeMap<String, V>,
    ours: &BTreeMap<String, V>,
) {
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let differ: Vec<String> = names
        .into_iter()
        .filter(|name| theirs.get(*name) != ours.get(*name))
        .map(|name| {
            format!(
                "{name}: theirs {:?}, ours {:?}",
                theirs.get(name),
                ours.get(name)
            )
        })
        .collect();
    let first = &differ[..differ.len().min(5)];
    assert!(
        differ.is_empty(),
        "{} of {what} differ ({} theirs, {} ours): {first:#?}",
        differ.len(),
        theirs.len(),
        ours.len()
    );
}
