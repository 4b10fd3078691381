//! Goal: a daemon that hears prices over FIX alone trades on them and hands them on; what is lost is
//! found and asked for; a venue that is gone takes its prices with it, and brings new ones when it
//! is back. Method: two simulated venues tell changes by number and lose some of them, a client
//! subscribes to the book of both, keeps it, and trades; the venues are killed and started again.

use std::time::{Duration, Instant};

use dcx_tests::{Message, Peer, Process, System};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Changes rather than the whole, and a second client that may ask.
fn system() -> System {
    let system = System::example();
    let file = system.dir().join("dcx.toml");
    let mut text = std::fs::read_to_string(&file).expect("the configuration was written");
    let full = "market_updates = \"full\"";
    assert!(text.contains(full), "config/dcx.toml has {full}");
    text = text.replace(full, "market_updates = \"incremental\"");
    text = text.replace(
        "name = \"SIMB\"\n",
        "name = \"SIMB\"\nmarket_updates = \"incremental\"\n",
    );
    text = text.replace(
        "comp_id = \"WITNESS\"\n",
        "comp_id = \"WITNESS\"\nmarket_data = true\n",
    );
    std::fs::write(&file, text).expect("the folder can be written");
    system
}

fn start_venues(system: &System) -> [Process; 2] {
    [("SIMA", 0), ("SIMB", 1)].map(|(name, number): (&str, usize)| {
        let address = system.ports.venues[number];
        let listen = address.to_string();
        let number = number.to_string();
        let own = ["sim", "venue", "--listen", &listen, "--comp-id", name];
        let luck = ["--number", &number, "--reject-rate", "0"];
        let lossy = ["--lost-update-rate", "0.05"];
        let arguments = [&own[..], &luck[..], &lossy[..]].concat();
        let mut venue = Process::start(system.dir(), name, &arguments);
        venue.wait_for(address);
        venue
    })
}

/// The book of one side of EURUSD as W and X make it, by the text of the price.
#[derive(Debug, Default)]
struct Kept {
    prices: [Vec<String>; 2],
}

impl Kept {
    /// Takes a W or X; a change of what is not there is a failure.
    fn take(&mut self, message: &Message) {
        let whole = message.msg_type() == "W";
        if whole {
            self.prices = Default::default();
        }
        let (mut action, mut side) = ("0", None);
        for (tag, value) in message.fields() {
            match (*tag, value.as_str()) {
                (279, value) => action = value,
                (269, "0") => side = Some(0),
                (269, "1") => side = Some(1),
                (269, _) => side = None,
                (270, px) => {
                    let Some(side) = side else { continue };
                    let prices = &mut self.prices[side];
                    let place = prices.iter().position(|kept| kept == px);
                    match (action, place) {
                        ("0", None) => prices.push(px.to_owned()),
                        ("1", Some(_)) => {}
                        ("2", Some(place)) => {
                            prices.remove(place);
                        }
                        other => panic!("{other:?} in {message:?} after {self:?}"),
                    }
                }
                _ => {}
            }
        }
    }

    fn is_two_sided(&self) -> bool {
        self.prices.iter().all(|side| !side.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.prices.iter().all(Vec::is_empty)
    }
}

/// Reads what the client is told until the book is as wanted, or a report comes.
fn read_until(
    client: &mut Peer,
    kept: &mut Kept,
    wanted: impl Fn(&Kept) -> bool,
) -> Option<Message> {
    let start = Instant::now();
    while !wanted(kept) {
        let message = client.receive().expect("the session goes on");
        match message.msg_type() {
            "W" | "X" => kept.take(&message),
            "8" => return Some(message),
            other => panic!("{other}: {message:?}"),
        }
        assert!(start.elapsed() < PATIENCE, "{kept:?}");
    }
    None
}

/// Buys at the market and returns how that ended, or that it waits for a venue: `OrdStatus` (39) and
/// `Text` (58).
fn buy(client: &mut Peer, kept: &mut Kept, name: &str) -> (String, String) {
    client.send_market_order(name, "1000");
    loop {
        let (status, text) = outcome(client, kept, name);
        if status != "0" || text.starts_with("held") {
            return (status, text);
        }
    }
}

/// The next that is told of an order which is not that it goes on.
fn outcome(client: &mut Peer, kept: &mut Kept, name: &str) -> (String, String) {
    loop {
        let report = read_until(client, kept, |_| false).expect("it is waited for");
        if report.get(11) == name && report.get(39) != "1" {
            return (report.get(39).to_owned(), report.get(58).to_owned());
        }
    }
}

#[test]
fn prices_come_by_fix_alone_are_traded_on_handed_on_and_gone_with_their_venues() {
    let system = system();
    let mut venues = start_venues(&system);
    let mut daemon = system.start();
    let mut client = Peer::logged_on(system.ports.clients, "WITNESS");
    let both = [(269, "0"), (269, "1")];
    let head = [
        (262, "book"),
        (263, "1"),
        (264, "1"),
        (265, "1"),
        (267, "2"),
    ];
    let symbol = [(146, "1"), (55, "EURUSD")];
    client.send("V", &[&head[..], &both[..], &symbol[..]].concat());
    let mut kept = Kept::default();
    read_until(&mut client, &mut kept, Kept::is_two_sided);
    let filled = buy(&mut client, &mut kept, "first");
    assert_eq!(filled.0, "2", "{filled:?}");
    system.wait_for_count("dcx_fix_edge_feed_gaps_total", 3);
    read_until(&mut client, &mut kept, Kept::is_two_sided);

    for venue in &mut venues {
        venue.kill();
    }
    read_until(&mut client, &mut kept, Kept::is_empty);
    let (status, why) = buy(&mut client, &mut kept, "second");
    let held = status == "0" && why.starts_with("held");
    let refused = status == "8" && why.contains("DCX-R");
    assert!(held || refused, "{status} {why}");

    let _venues = start_venues(&system);
    read_until(&mut client, &mut kept, Kept::is_two_sided);
    let filled = buy(&mut client, &mut kept, "third");
    assert_eq!(filled.0, "2", "{filled:?}");
    client.log_out();
    assert!(daemon.terminate().success(), "{}", daemon.said());
}
