//! Goal: three books agree after all that venues do wrong. Method: the daemon trades between a
//! simulated client that sends every kind of order and two simulated venues that lose answers,
//! tell fills late and twice, cancel, bust and correct what nobody asked about, and forget orders;
//! it is killed in between and halted at the end. Then the client's checker, the daemon's journal
//! and the venues' ledgers are held against each other, child order by child order.
//!
//! `DCX_LIFECYCLE_SEED` and `DCX_LIFECYCLE_SECONDS` repeat a run or make it long.

#[path = "lifecycle/journal.rs"]
mod journal;
#[path = "lifecycle/venue.rs"]
mod venue;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dcx_model::{Nanos, UnixNanos};
use dcx_tests::{Peer, Process, Seed, System, run};
use journal::Book;
use serde_json::Value;
use venue::VenueBook;

/// What both venues do wrong.
const TROUBLE: [&str; 25] = [
    "--keep",
    "--lost-ack-rate",
    "0.05",
    "--late-fill-rate",
    "0.05",
    "--duplicate-rate",
    "0.1",
    "--unasked-cancel-rate",
    "0.02",
    "--bust-rate",
    "0.03",
    "--correct-rate",
    "0.03",
    "--cancel-refused-rate",
    "0.1",
    "--pending-rate",
    "0.2",
    "--vanish-rate",
    "0.01",
    "--orphans",
    "2",
    "--later-ms",
    "200",
    "--pending-us",
    "2000",
];

/// One session for each client that trades: orders of one that ended are no other's.
const SESSIONS: [&str; 3] = ["FIRST", "KILLED", "SECOND"];

/// What each of them needs in the configuration.
const CLIENT: &str = r#"
[[client]]
comp_id = "NAME"
account = "HOUSE"

[limits.session.NAME]
orders_per_s_max = 1_000
burst_max = 500
orders_open_max = 10_000
"#;

/// How long nothing may have been heard from a venue before all counts as over: many times the
/// mean time until a venue does what it does later.
const QUIET: Nanos = Nanos::from_seconds(4);

/// How long it may take until then.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn three_books_agree_after_lost_late_doubled_busted_and_forgotten_reports() {
    let mut seed = Seed::from_env("DCX_LIFECYCLE_SEED");
    let seconds = std::env::var("DCX_LIFECYCLE_SECONDS").unwrap_or_else(|_| "5".to_owned());
    println!(
        "DCX_LIFECYCLE_SEED={} DCX_LIFECYCLE_SECONDS={seconds}",
        seed.value
    );
    let system = troubled();
    let mut venues = start_venues(&system, &mut seed);
    let mut daemon = system.start();
    let mut doubts = trade_cleanly(&system, "FIRST", &mut seed, &seconds);

    let mut load = start_load(&system, &mut seed);
    std::thread::sleep(Duration::from_millis(seed.between(700, 2_500)));
    daemon.kill();
    load.kill();
    daemon = system.start();
    doubts.extend(trade_cleanly(&system, "SECOND", &mut seed, &seconds));

    halt(&system);
    wait_until_quiet(&system);
    assert!(daemon.terminate().success(), "{}", daemon.said());
    daemon = system.start();
    expect_halted(&system);
    wait_until_quiet(&system);
    assert!(daemon.terminate().success(), "{}", daemon.said());
    let books = ["SIMA", "SIMB"].into_iter().zip(&mut venues);
    let books = books.map(|(name, venue)| {
        assert!(venue.terminate().success(), "{}", venue.said());
        (name, VenueBook::read(&ledger(&system, name)))
    });
    let books: Vec<_> = books.collect();
    let journal = expect_equal_replay(&system);
    println!("{:?}", journal.kinds);
    expect_trouble(&journal);
    for (name, book) in &books {
        expect_same_orders(&journal, name, book);
        expect_each_trade_once(&journal, name, book);
    }
    expect_same_positions(&journal, &books);
    expect_nothing_unknown(&journal, &books);
    for doubt in &doubts {
        expect_reason(&journal, doubt);
    }
}

/// The example with short times for answers, and venues that keep their numbers.
fn troubled() -> System {
    let system = System::example();
    let file = system.dir().join("dcx.toml");
    let mut text = std::fs::read_to_string(&file).expect("the configuration was written");
    for (before, after) in [
        ("answer_timeout_ms = 2_000", "answer_timeout_ms = 300"),
        (
            "reconcile_interval_ms = 60_000",
            "reconcile_interval_ms = 1_000",
        ),
        ("reset_on_logon = true", "reset_on_logon = false"),
        ("on_orphan = \"report\"", "on_orphan = \"cancel\""),
    ] {
        assert!(text.contains(before), "config/dcx.toml has {before}");
        text = text.replace(before, after);
    }
    for session in SESSIONS {
        let client = CLIENT.replace("NAME", session);
        text.push_str(&client);
    }
    std::fs::write(&file, text).expect("the folder can be written");
    system
}

fn start_venues(system: &System, seed: &mut Seed) -> [Process; 2] {
    [("SIMA", 0), ("SIMB", 1)].map(|(name, number): (&str, usize)| {
        let address = system.ports.venues[number];
        let (listen, number) = (address.to_string(), number.to_string());
        let (luck, file) = (seed.between(1, 1 << 32).to_string(), ledger(system, name));
        let file = file.to_str().expect("a path of ours is text").to_owned();
        let own = [
            "sim",
            "venue",
            "--listen",
            &listen,
            "--comp-id",
            name,
            "--number",
            &number,
            "--seed",
            &luck,
            "--ledger",
            &file,
        ];
        let mut venue = Process::start(system.dir(), name, &[&own[..], &TROUBLE[..]].concat());
        venue.wait_for(address);
        venue
    })
}

fn ledger(system: &System, name: &str) -> PathBuf {
    system.dir().join(format!("{name}.ledger"))
}

fn client_arguments(system: &System, session: &str, seed: &mut Seed) -> Vec<String> {
    let fixed = [
        "sim",
        "client",
        "--mix",
        "all",
        "--json",
        "--patience-s",
        "6",
    ];
    let more = [
        "--comp-id".to_owned(),
        session.to_owned(),
        "--connect".to_owned(),
        system.ports.clients.to_string(),
        "--seed".to_owned(),
        seed.between(1, 1 << 32).to_string(),
    ];
    fixed.into_iter().map(str::to_owned).chain(more).collect()
}

/// What a client found wrong with an order.
struct Doubt {
    rule: String,
    cl_ord_id: String,
    detail: String,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.cl_ord_id, self.rule, self.detail)
    }
}

/// A simulated client gets every report once. Gives what it finds wrong nevertheless.
fn trade_cleanly(system: &System, session: &str, seed: &mut Seed, seconds: &str) -> Vec<Doubt> {
    let mut arguments = client_arguments(system, session, seed);
    arguments.extend(["--seconds".to_owned(), seconds.to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = run(system.dir(), &arguments);
    assert!(matches!(ended.code, Some(0 | 1)), "{}", ended.said());
    let report = ended.json();
    let orders = &report["orders"];
    assert!(orders["accepted"].as_u64() > Some(0), "{report}");
    assert_eq!(
        (&orders["lost"], &orders["duplicated"]),
        (&Value::from(0), &Value::from(0)),
        "{report}"
    );
    let violations = report["violations"].as_array().expect("a list");
    assert_eq!(report["violations_count"], violations.len(), "{report}");
    let doubts = violations.iter().map(|violation| {
        let [rule, cl_ord_id, detail] = ["rule", "cl_ord_id", "detail"].map(|key| {
            let text = violation[key].as_str();
            text.expect("a text").to_owned()
        });
        Doubt {
            rule,
            cl_ord_id,
            detail,
        }
    });
    doubts.collect()
}

/// The only things that a client may find wrong: a request about an order with an unknown outcome
/// is not answered, an order that was over goes on when a trade is taken back, and what worked
/// again then fills at the limit from before a replace.
fn expect_reason(journal: &Book, doubt: &Doubt) {
    let order = journal.orders.get(&doubt.cl_ord_id);
    let order = order.unwrap_or_else(|| panic!("{doubt}: no such order"));
    let expected = match doubt.rule.as_str() {
        "answered" => journal.unknown.contains(order),
        "status" => journal.busted.contains(order),
        "limit" => journal.overstepped.contains(order),
        _ => false,
    };
    assert!(expected, "{doubt}");
}

/// One that is not there to see the end.
fn start_load(system: &System, seed: &mut Seed) -> Process {
    let mut arguments = client_arguments(system, "KILLED", seed);
    arguments.extend(["--seconds".to_owned(), "600".to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Process::start(system.dir(), "load", &arguments)
}

/// Stops trading; a venue that loses its answers may leave something unconfirmed for a while.
fn halt(system: &System) {
    let halted = run(
        system.dir(),
        &[
            "halt",
            "--config",
            "dcx.toml",
            "--reason",
            "the day is over",
            "--json",
        ],
    );
    assert!(
        matches!(halted.code, Some(0 | 1 | 75)),
        "the halt is answered: {halted:?}"
    );
}

/// A halt outlives the process that was told of it.
fn expect_halted(system: &System) {
    let mut witness = Peer::logged_on(system.ports.clients, "WITNESS");
    witness.send_market_order("AFTER-HALT", "1000");
    let report = witness.expect("8");
    assert_eq!(report.all([150, 39]), ["8", "8"], "{report:?}");
    assert!(report.get(58).contains("R021") || report.get(58).to_lowercase().contains("halt"));
    witness.log_out();
}

/// Waits until all that still works is of unknown outcome, and nothing was heard for a while.
fn wait_until_quiet(system: &System) {
    let start = Instant::now();
    loop {
        let book = Book::read(&system.journal());
        let quiet = book.last_report_at.plus(QUIET) < now();
        let views = book.venues_view();
        let known = views.iter().any(|view| view.working > view.unknown);
        let up = views.iter().all(|view| view.up);
        if quiet && up && !known {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{views:?} {:?}", book.kinds);
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn now() -> UnixNanos {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.expect("it is after 1970").as_nanos();
    UnixNanos::new(u64::try_from(nanos).expect("it is before 2554"))
}

fn expect_equal_replay(system: &System) -> Book {
    let replayed = run(system.dir(), &["replay", "var/journal", "--json"]);
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    assert_eq!(replayed.json()["equal"], true, "{replayed:?}");
    let exported = run(system.dir(), &["journal", "export", "var/journal"]);
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    Book::read(&system.journal())
}

/// What was to go wrong did: without it the rest would prove little.
fn expect_trouble(journal: &Book) {
    for kind in [
        "child query",
        "venue reconciled",
        "trade canceled",
        "trade corrected",
        "triggered",
        "ignored: duplicate",
    ] {
        assert!(
            journal.kinds.contains_key(kind),
            "{kind}: {:?}",
            journal.kinds
        );
    }
}

/// Every order that a venue has of us was sent by the engine, to that venue, once, and both have
/// the same of it filled. What a venue never had is not filled here either.
fn expect_same_orders(journal: &Book, name: &str, book: &VenueBook) {
    let sent = journal.sent.values();
    let sent = sent.filter(|child| journal.venue(child.venue) == name);
    let mut unmet: std::collections::BTreeSet<u64> = sent.map(|child| child.child.get()).collect();
    assert!(
        book.received <= unmet.len() as u64,
        "{name} received {} of {} orders sent",
        book.received,
        unmet.len()
    );
    for order in book.orders.iter().filter(|order| !order.orphan) {
        let number = order.cl_ord_id.parse().expect("our names are numbers");
        let known = unmet.remove(&number);
        assert!(
            known,
            "{name} has an order that was not sent once: {order:?}"
        );
        let child = journal.sent.get(&number).expect("it was sent");
        let symbol = journal.instruments.get(&child.instrument);
        assert_eq!(symbol, Some(&order.symbol), "{order:?}");
        let filled = journal.filled.get(&number).copied().unwrap_or(0);
        let told = journal.reports.get(&number);
        assert_eq!(
            filled, order.filled,
            "{name}: {order:?} {child:?} was told, with the change of the position:\n{told:#?}"
        );
    }
    for number in unmet {
        assert_eq!(
            journal.filled.get(&number),
            None,
            "{name} never had {number}"
        );
    }
}

/// No trade counted twice; that none is missing is what the sums of the orders say.
fn expect_each_trade_once(journal: &Book, name: &str, book: &VenueBook) {
    let counted = journal.counted.iter();
    for ((_, exec_id), times) in counted.filter(|((venue, _), _)| venue == name) {
        assert_eq!(*times, 1, "{exec_id} of {name}");
        assert!(book.trades.contains(exec_id), "{name} knows {exec_id}");
    }
}

/// What the accounts hold is what the venues sold and bought.
fn expect_same_positions(journal: &Book, books: &[(&str, VenueBook)]) {
    for (instrument, symbol) in &journal.instruments {
        let orders = books.iter().flat_map(|(_, book)| &book.orders);
        let ours = orders.filter(|order| !order.orphan && order.symbol == *symbol);
        let traded: i128 = ours
            .map(|order| {
                if order.buys {
                    order.filled
                } else {
                    -order.filled
                }
            })
            .sum();
        assert_eq!(journal.position(*instrument), traded, "{symbol}");
    }
}

/// Only what a venue itself forgot is still unknown, and nothing works anywhere.
fn expect_nothing_unknown(journal: &Book, books: &[(&str, VenueBook)]) {
    let orders = books.iter().flat_map(|(_, book)| &book.orders);
    let ours: Vec<_> = orders.filter(|order| !order.orphan).collect();
    let working = ours
        .iter()
        .find(|order| order.working > 0 && !order.vanished);
    assert!(
        working.is_none(),
        "after the halt nothing works: {working:?}"
    );
    for child in journal.engine.children_working_view() {
        let name = child.child.get().to_string();
        let order = ours.iter().find(|order| order.cl_ord_id == name);
        assert!(
            order.is_none_or(|order| order.vanished),
            "{child:?} is known: {order:?}"
        );
    }
}
