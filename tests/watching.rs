//! Goal: who watches knows what those who trade know. Method: two clients trade against venues
//! that also cancel, bust and correct unasked, and somebody gets copies of both; its ledger is held
//! against theirs, over a disconnect and a daemon that is killed. What a kill may take from the
//! copies is found by asking for the trades.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use dcx_tests::{Message, Peer, Process, System, run};

/// Fields of a connection, not of a report.
const OF_CONNECTION: [u32; 10] = [8, 9, 10, 34, 43, 49, 52, 56, 97, 122];

/// Reports of trades: made, taken back, put right.
const TRADES: [&str; 3] = ["F", "H", "G"];

/// What venues do besides what they are asked for.
const TROUBLE: [&str; 8] = [
    "--unasked-cancel-rate",
    "0.2",
    "--bust-rate",
    "0.2",
    "--correct-rate",
    "0.2",
    "--later-ms",
    "50",
];

/// Somebody who gets copies of everything, and news.
const WATCHER: &str = r#"
[[client]]
comp_id = "WATCHER"
drop_copy = ["all"]
news = "all"
"#;

fn watched() -> System {
    let system = System::example();
    let file = system.dir().join("dcx.toml");
    let text = std::fs::read_to_string(&file).expect("the configuration was written");
    std::fs::write(&file, format!("{text}{WATCHER}")).expect("the folder can be written");
    system
}

fn start_venues(system: &System) -> [Process; 2] {
    [("SIMA", 0), ("SIMB", 1)].map(|(name, ix): (&str, usize)| {
        let address = system.ports.venues[ix];
        let listen = address.to_string();
        let own = ["sim", "venue", "--listen", &listen, "--comp-id", name];
        let mut venue = Process::start(system.dir(), name, &[&own[..], &TROUBLE[..]].concat());
        venue.wait_for(address);
        venue
    })
}

/// What a report says, without what is its connection's.
fn content(report: &Message) -> Vec<(u32, String)> {
    let fields = report.fields().iter();
    let own = fields.filter(|(tag, _)| !OF_CONNECTION.contains(tag));
    own.cloned().collect()
}

/// What a copy says to whom, without what makes it a copy.
fn of_copy(copy: &Message) -> (String, Vec<(u32, String)>) {
    let whom = copy.get(128).to_owned();
    let is_copy = copy.get(797);
    assert!(copy.msg_type() == "9" || is_copy == "Y", "{copy:?}");
    let fields = content(copy).into_iter();
    (
        whom,
        fields
            .filter(|(tag, _)| !matches!(tag, 128 | 797))
            .collect(),
    )
}

/// What each client was told, in its order.
type Ledger = BTreeMap<String, Vec<Vec<(u32, String)>>>;

/// A client and what it was told.
struct Trader {
    name: &'static str,
    peer: Peer,
    told: Vec<Message>,
}

impl Trader {
    fn new(system: &System, name: &'static str) -> Self {
        Self {
            name,
            peer: Peer::logged_on(system.ports.clients, name),
            told: Vec::new(),
        }
    }

    /// Waits until a venue fills what it sends.
    fn wait_for_a_fill(&mut self) {
        for attempt in 0..600 {
            self.trade(&format!("P{attempt}-"), 1);
            if self.told.iter().any(|report| report.get(150) == "F") {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no venue fills a market order");
    }

    /// Sends market orders and reads until each is over.
    fn trade(&mut self, tag: &str, count: usize) {
        for ix in 0..count {
            self.peer.send_market_order(&format!("{tag}{ix}"), "1000");
        }
        let mut open = count;
        while open > 0 {
            let report = self.peer.receive().expect("the session goes on");
            let over = matches!(report.get(39), "2" | "4" | "8" | "C");
            let was_open = matches!(report.get(150), "F" | "4" | "8" | "C");
            if over && was_open && report.get(11).starts_with(tag) {
                open = open.saturating_sub(1);
            }
            self.told.push(report);
        }
    }

    /// A cancel of what is not there: told by an OrderCancelReject (9).
    fn cancel_nothing(&mut self, name: &str) {
        let now = dcx_tests::utc_now();
        let fields = [
            (41, "NOPE"),
            (11, name),
            (55, "EURUSD"),
            (54, "1"),
            (60, &now),
        ];
        self.peer.send("F", &fields);
        loop {
            let report = self.peer.receive().expect("the session goes on");
            let is_refusal = report.msg_type() == "9";
            self.told.push(report);
            if is_refusal {
                return;
            }
        }
    }

    /// Reads on for a while: venues bust and correct later.
    fn read_on(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while Instant::now() < until {
            self.peer.settle();
            while let Some(report) = self.peer.waiting() {
                self.told.push(report);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn ledger_of(traders: &[&Trader]) -> Ledger {
    let ledgers = traders.iter().map(|trader| {
        let told = trader.told.iter().map(content).collect();
        (trader.name.to_owned(), told)
    });
    ledgers.collect()
}

/// Adds what the watcher was told until it has as much as the ledger.
fn watch(watcher: &mut Peer, seen: &mut Ledger, ledger: &Ledger) {
    let count = |ledger: &Ledger| ledger.values().map(Vec::len).sum::<usize>();
    while count(seen) < count(ledger) {
        let message = watcher.receive().expect("the session goes on");
        take(&message, seen);
    }
}

fn take(message: &Message, seen: &mut Ledger) {
    match message.msg_type() {
        "8" | "9" => {
            let (whom, fields) = of_copy(message);
            seen.entry(whom).or_default().push(fields);
        }
        "B" => {}
        other => panic!("{other} is no copy and no news: {message:?}"),
    }
}

#[test]
fn the_copies_are_what_both_clients_were_told_over_a_disconnect() {
    let system = watched();
    let _venues = start_venues(&system);
    let mut daemon = system.start();
    let mut watcher = Peer::logged_on(system.ports.clients, "WATCHER");
    let mut client = Trader::new(&system, "CLIENT");
    let mut witness = Trader::new(&system, "WITNESS");
    client.wait_for_a_fill();
    let mut seen = Ledger::new();

    client.trade("A", 20);
    witness.trade("B", 20);
    client.cancel_nothing("C1");
    watch(&mut watcher, &mut seen, &ledger_of(&[&client, &witness]));

    // Away, while both trade on.
    let numbers = watcher.numbers();
    drop(watcher);
    client.trade("D", 20);
    witness.trade("E", 20);
    let mut watcher = Peer::resumed(system.ports.clients, "WATCHER", numbers);
    watch(&mut watcher, &mut seen, &ledger_of(&[&client, &witness]));

    // Until venues have taken back and put right what they will.
    client.trade("F", 40);
    client.read_on(Duration::from_secs(3));
    witness.read_on(Duration::from_secs(1));
    client.read_on(Duration::from_secs(1));
    let ledger = ledger_of(&[&client, &witness]);
    watch(&mut watcher, &mut seen, &ledger);
    for (name, told) in &ledger {
        assert_eq!(seen.get(name), Some(told), "what {name} was told");
    }
    let kinds: BTreeSet<&str> = client.told.iter().map(|told| told.get(150)).collect();
    assert!(
        kinds.contains("H") || kinds.contains("G"),
        "trades were taken back: {kinds:?}"
    );

    // It orders nothing.
    watcher.send_market_order("W1", "1000");
    let refused = loop {
        let message = watcher.receive().expect("the session goes on");
        if message.msg_type() == "j" {
            break message;
        }
    };
    assert_eq!(
        refused.all([372, 379, 380]),
        ["D", "W1", "6"],
        "{refused:?}"
    );
    assert!(daemon.terminate().success(), "{}", daemon.said());
}

#[test]
fn a_kill_takes_no_trade_from_who_asks_for_them_afterwards() {
    let system = watched();
    let _venues = start_venues(&system);
    let mut daemon = system.start();
    let mut watcher = Peer::logged_on(system.ports.clients, "WATCHER");
    let mut client = Trader::new(&system, "CLIENT");
    client.wait_for_a_fill();
    client.trade("A", 30);
    for ix in 0..200 {
        client.peer.send_market_order(&format!("B{ix}"), "1000");
    }
    while client.told.len() < 200 {
        let report = client.peer.receive().expect("the session goes on");
        client.told.push(report);
    }
    daemon.kill();
    client.told.extend(client.peer.expect_end());
    let mut copies = watcher.expect_end();
    daemon = system.start();
    let mut watcher = Peer::resumed(system.ports.clients, "WATCHER", watcher.numbers());
    watcher.send("AD", &[(568, "all"), (569, "0")]);
    let mut trades = BTreeSet::new();
    loop {
        let message = watcher.receive().expect("the session goes on");
        match message.msg_type() {
            "AQ" => assert_eq!(message.all([749, 750]), ["0", "0"], "{message:?}"),
            "AE" => {
                assert!(
                    trades.insert(message.get(17).to_owned()),
                    "{message:?} twice"
                );
                if message.get(912) == "Y" {
                    assert_eq!(message.get(748), trades.len().to_string());
                    break;
                }
            }
            // Those of before the kill come again; others are of what happens meanwhile.
            _ if message.get(43) == "Y" => copies.push(message),
            _ => {}
        }
    }
    let told = client
        .told
        .iter()
        .filter(|it| TRADES.contains(&it.get(150)));
    let told: BTreeSet<String> = told.map(|report| report.get(17).to_owned()).collect();
    assert!(told.len() > 20, "{} trades were told", told.len());
    let missing: Vec<_> = told.difference(&trades).collect();
    assert!(
        missing.is_empty(),
        "told to the client, not kept: {missing:?}"
    );
    let traded = copies.iter().filter(|it| TRADES.contains(&it.get(150)));
    let copied: BTreeSet<String> = traded.map(|copy| copy.get(17).to_owned()).collect();
    assert!(copied.is_subset(&trades), "copied, not kept");
    println!(
        "{} kept, {} told, {} copied",
        trades.len(),
        told.len(),
        copied.len()
    );

    // The client itself may ask too, and gets no more than is its own.
    let mut client = Peer::logged_on(system.ports.clients, "CLIENT");
    client.send("AD", &[(568, "mine"), (569, "0"), (55, "NOPE")]);
    let refused = loop {
        // What was still open goes on.
        let message = client.receive().expect("the session goes on");
        if message.msg_type() == "AQ" {
            break message;
        }
    };
    assert_eq!(refused.all([749, 750]), ["1", "2"], "{refused:?}");
    assert!(daemon.terminate().success(), "{}", daemon.said());
}

#[test]
fn news_reaches_who_gets_any_and_nobody_else() {
    let system = watched();
    let mut daemon = system.start();
    let mut watcher = Peer::logged_on(system.ports.clients, "WATCHER");
    let mut client = Peer::logged_on(system.ports.clients, "CLIENT");
    let ask = |arguments: &[&str]| {
        let config = [arguments, &["--config", "dcx.toml", "--json"]].concat();
        run(system.dir(), &config)
    };
    let told = ask(&[
        "news",
        "--text",
        "drill",
        "--line",
        "at noon",
        "--urgency",
        "flash",
    ]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.json()["sessions"], serde_json::json!(["WATCHER"]));
    let news = watcher.expect("B");
    assert_eq!(news.all([148, 61, 33, 58]), ["drill", "1", "1", "at noon"]);
    let nobody = ask(&["news", "--text", "drill", "--session", "CLIENT"]);
    assert_eq!(nobody.code, Some(66), "{nobody:?}");
    let halted = ask(&["halt", "--reason", "drill"]);
    assert!(matches!(halted.code, Some(0 | 1 | 75)), "{halted:?}");
    let news = watcher.expect("B");
    assert_eq!(
        news.all([148, 61]),
        ["trading is halted, by an operator", "1"]
    );
    client.settle();
    assert_eq!(client.waiting(), None, "it gets no news");
    assert!(daemon.terminate().success(), "{}", daemon.said());
}
