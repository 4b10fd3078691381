//! Goal: bad input gets its answer and costs nobody else anything. Method: a running daemon, a
//! client that misbehaves on a raw socket, and a witness on a session of its own whose orders must
//! all be answered, in order and without a gap.

use std::fs;
use std::path::PathBuf;

use dcx_tests::{Message, Peer, Process, System, run};

/// A buy within the collar and all limits.
const GOOD: [&str; 3] = ["1", "100", "1.1000"];

/// A daemon, a client to misbehave with, and a witness.
struct Scene {
    system: System,
    daemon: Process,
    client: Peer,
    witness: Peer,
    /// Orders that the witness has sent and had accepted.
    witnessed: u32,
}

impl Scene {
    fn new() -> Self {
        let system = System::quiet();
        let daemon = system.start();
        let client = Peer::logged_on(system.ports.clients, "CLIENT");
        let witness = Peer::logged_on(system.ports.clients, "WITNESS");
        let mut scene = Self {
            system,
            daemon,
            client,
            witness,
            witnessed: 0,
        };
        scene.expect_witness_unharmed();
        scene
    }

    /// The witness's next orders are accepted, one report each; [`Peer`] checks the numbers.
    fn expect_witness_unharmed(&mut self) {
        for _ in 0..3 {
            let id = format!("W{}", self.witnessed);
            self.witness.send_order(&id, GOOD);
            let report = self.witness.expect("8");
            assert_eq!(
                report.all([11, 150, 39]),
                [id.as_str(), "0", "0"],
                "{report:?}"
            );
            self.witnessed += 1;
        }
    }

    /// The client's next order is accepted: its session has survived what was sent before.
    fn expect_client_goes_on(&mut self, cl_ord_id: &str) {
        self.client.send_order(cl_ord_id, GOOD);
        let report = self.client.expect("8");
        assert_eq!(
            report.all([11, 150, 39]),
            [cl_ord_id, "0", "0"],
            "{report:?}"
        );
    }

    /// What the daemon counts of the client's session.
    fn expect_counted(&self, what: &str, at_least: u64) {
        let metric = format!("dcx_fix_session_{what}_total{{peer=\"client\",name=\"CLIENT\"}}");
        self.system.wait_for_count(&metric, at_least);
    }

    /// Ends the daemon in order; its journal must be whole, replay equal and hold every order.
    fn close(mut self) {
        self.expect_witness_unharmed();
        assert!(self.daemon.terminate().success(), "{}", self.daemon.said());
        let replayed = run(self.system.dir(), &["replay", "var/journal", "--json"]);
        assert_eq!(replayed.code, Some(0), "{replayed:?}");
        assert_eq!(replayed.json()["equal"], true);
    }
}

/// The bytes of an order that would be accepted.
fn order_bytes(peer: &Peer, cl_ord_id: &str) -> Vec<u8> {
    let who = [
        (11, cl_ord_id),
        (55, "EURUSD"),
        (54, "1"),
        (60, "20260101-00:00:00"),
    ];
    let terms = [(38, "100"), (40, "2"), (44, "1.1000"), (59, "0")];
    peer.bytes("D", &[who, terms].concat())
}

/// Bytes that are no message, and why. Built from a right message, which uses up no number.
fn garbled(right: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let replaced = |from: &str, to: &str| {
        let text = String::from_utf8(right.to_vec()).expect("our messages are ASCII");
        assert!(text.contains(from), "{text:?} has {from:?}");
        text.replacen(from, to, 1).into_bytes()
    };
    let mut wrong_sum = right.to_vec();
    let digit = wrong_sum.len() - 2;
    wrong_sum[digit] = if wrong_sum[digit] == b'0' { b'1' } else { b'0' };
    let mut flipped = right.to_vec();
    flipped[right.len() / 2] ^= 0x40;
    vec![
        ("a wrong checksum", wrong_sum),
        ("one bit of the body", flipped),
        ("no FIX at all", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("binary bytes", (0..=255).cycle().take(5_000).collect()),
        ("a BodyLength too small", replaced("\u{1}9=1", "\u{1}9=")),
        (
            "a BodyLength that is no number",
            replaced("\u{1}9=", "\u{1}9=x"),
        ),
        (
            "a BodyLength beyond all bounds",
            replaced("\u{1}9=", "\u{1}9=99999"),
        ),
        (
            "a BodyLength that overflows",
            replaced("\u{1}9=", "\u{1}9=99999999999999999999"),
        ),
        ("MsgType missing", replaced("35=D\u{1}", "")),
        ("a tag that is no number", replaced("\u{1}55=", "\u{1}5x=")),
        (
            "an empty message",
            b"8=FIX.4.4\x019=0\x0110=000\x01".to_vec(),
        ),
    ]
}

#[test]
fn garbled_bytes_are_passed_over_and_the_next_message_is_taken() {
    let mut scene = Scene::new();
    let right = order_bytes(&scene.client, "X");
    let cases = garbled(&right);
    let count = cases.len() as u64;
    for (ix, (why, bytes)) in cases.into_iter().enumerate() {
        println!("{why}");
        scene.client.send_bytes(&bytes);
        scene.expect_client_goes_on(&format!("G{ix}"));
        scene.expect_witness_unharmed();
    }
    scene.expect_counted("garbled", count);
    scene.close();
}

#[test]
fn a_message_in_pieces_and_two_in_one_are_taken_as_they_are_meant() {
    let mut scene = Scene::new();
    for byte in order_bytes(&scene.client, "PIECES") {
        scene.client.send_bytes(&[byte]);
    }
    scene.client.next_out += 1;
    assert_eq!(scene.client.expect("8").get(11), "PIECES");

    let mut both = order_bytes(&scene.client, "FIRST");
    scene.client.next_out += 1;
    both.extend(order_bytes(&scene.client, "SECOND"));
    scene.client.next_out += 1;
    scene.client.send_bytes(&both);
    assert_eq!(scene.client.expect("8").get(11), "FIRST");
    assert_eq!(scene.client.expect("8").get(11), "SECOND");
    scene.close();
}

#[test]
fn a_truncated_message_ends_with_its_connection_and_the_session_comes_back() {
    let mut scene = Scene::new();
    let half = scene
        .client
        .bytes("D", &[(11, "HALF"), (55, "EURUSD"), (54, "1"), (38, "100")]);
    scene.client.send_bytes(&half[..half.len() / 2]);
    let address = scene.system.ports.clients;
    // Closes the connection, and logs on again once the daemon has seen that.
    scene.client = Peer::connect(address, "NOBODY");
    scene.expect_witness_unharmed();
    scene.client = Peer::logged_on(address, "CLIENT");
    scene.expect_client_goes_on("AFTER");
    scene.close();
}

#[test]
fn a_stranger_is_cut_off_without_a_word() {
    let mut scene = Scene::new();
    let address = scene.system.ports.clients;
    let logon = [(98, "0"), (108, "30"), (141, "Y")];

    let mut unknown = Peer::connect(address, "STRANGER");
    unknown.send("A", &logon);
    assert_eq!(unknown.expect_end(), [], "unknown CompIDs");

    let mut early = Peer::connect(address, "CLIENT");
    early.send_order("EARLY", GOOD);
    assert_eq!(early.expect_end(), [], "an order before any Logon");

    let mut browser = Peer::connect(address, "CLIENT");
    browser.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(browser.expect_end(), [], "no FIX at all");

    let mut flood = Peer::connect(address, "CLIENT");
    flood.send_bytes(&vec![b'8'; 1_000_000]);
    assert_eq!(flood.expect_end(), [], "a megabyte of nothing");

    scene
        .system
        .wait_for_count("dcx_fix_link_unknown_peers_total", 1);
    scene
        .system
        .wait_for_count("dcx_fix_link_not_logons_total", 3);
    scene.expect_client_goes_on("STILL");
    scene.close();
}

#[test]
fn a_second_logon_with_the_same_comp_ids_is_refused_and_the_first_goes_on() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        let mut second = Peer::connect(scene.system.ports.clients, "CLIENT");
        second.send("A", &[(98, "0"), (108, "30"), (141, "Y")]);
        let answer = second.expect_end();
        assert!(
            answer.iter().all(|message| message.msg_type() == "5"),
            "{answer:?}"
        );
        scene.expect_witness_unharmed();
    }
    scene.expect_counted("logons_in_use", 3);
    scene.expect_client_goes_on("FIRST-GOES-ON");
    scene.close();
}

/// Terms of an order: side, quantity, price.
type Terms = [&'static str; 3];

#[test]
fn an_order_that_breaks_a_rule_is_refused_with_its_code_and_both_numbers() {
    // Terms; OrdRejReason (103); how Text (58) begins and what it names.
    let refused: [(Terms, &str, &str); 8] = [
        (["1", "0", "1.1000"], "13", "DCX-R005"),
        (
            ["1", "0.5", "1.1000"],
            "13",
            "DCX-R007 quantity 0.5 is not a multiple of lot 1",
        ),
        (
            ["1", "1000001", "1.1000"],
            "3",
            "DCX-R006 quantity 1000001 exceeds 1000000",
        ),
        (["1", "184467440737", "1.1000"], "3", "DCX-R006"),
        (
            ["1", "100", "1.100005"],
            "99",
            "DCX-R008 price 1.100005 is not a multiple of tick",
        ),
        (["2", "100", "0"], "99", "DCX-R010"),
        (
            ["2", "100", "-1.1"],
            "99",
            "DCX-R010 price -1.1 is not above zero",
        ),
        (
            ["1", "100", "1.2000"],
            "3",
            "DCX-R014 price 1.2 is beyond the collar's 1.155",
        ),
    ];
    let mut scene = Scene::new();
    for (ix, (terms, reason, text)) in refused.into_iter().enumerate() {
        let id = format!("R{ix}");
        scene.client.send_order(&id, terms);
        let report = scene.client.expect("8");
        expect_refusal(&report, &id, reason, text);
    }
    scene.expect_client_goes_on("R-GOOD");
    scene.close();
}

fn expect_refusal(report: &Message, cl_ord_id: &str, reason: &str, text: &str) {
    let found = report.all([11, 150, 39, 14, 151, 103]);
    assert_eq!(found, [cl_ord_id, "8", "8", "0", "0", reason], "{report:?}");
    assert!(report.get(58).starts_with(text), "{text}: {report:?}");
}

#[test]
fn an_unknown_instrument_and_a_name_used_twice_are_refused() {
    let mut scene = Scene::new();
    let order = |symbol| {
        let fields = [
            (11, "ONCE"),
            (55, symbol),
            (54, "1"),
            (60, "20260101-00:00:00"),
        ];
        [fields, [(38, "100"), (40, "2"), (44, "1.1000"), (59, "0")]].concat()
    };
    scene.client.send("D", &order("NOSUCH"));
    expect_refusal(&scene.client.expect("8"), "ONCE", "1", "DCX-R002");
    scene.client.send_order("TWICE", GOOD);
    assert_eq!(scene.client.expect("8").get(150), "0");
    scene.client.send_order("TWICE", GOOD);
    expect_refusal(&scene.client.expect("8"), "TWICE", "6", "DCX-R018");
    // The first order of that name still stands.
    scene
        .client
        .send("H", &[(11, "TWICE"), (55, "EURUSD"), (54, "1")]);
    assert_eq!(
        scene.client.expect("8").all([150, 39, 151]),
        ["I", "0", "100"]
    );
    scene.close();
}

#[test]
fn a_value_that_cannot_be_read_is_rejected_with_its_tag() {
    // Terms; RefTagID (371); SessionRejectReason (373): 5 value incorrect, 6 format incorrect.
    let rejected: [(Terms, [&str; 2]); 8] = [
        (["1", "-100", "1.1000"], ["38", "5"]),
        (["1", "99999999999999999999", "1.1000"], ["38", "5"]),
        (["1", "1.123456789", "1.1000"], ["38", "5"]),
        (["1", "1e5", "1.1000"], ["38", "6"]),
        (["1", "100", "99999999999999999999"], ["44", "5"]),
        (["1", "100", "1.1.1"], ["44", "6"]),
        (["1", "100", "NaN"], ["44", "6"]),
        (["Z", "100", "1.1000"], ["54", "5"]),
    ];
    let mut scene = Scene::new();
    for (ix, (terms, tag_and_reason)) in rejected.into_iter().enumerate() {
        let number = scene.client.next_out.to_string();
        scene.client.send_order(&format!("V{ix}"), terms);
        let reject = scene.client.expect("3");
        assert_eq!(
            reject.all([371, 373]),
            tag_and_reason,
            "{terms:?}: {reject:?}"
        );
        assert_eq!(reject.all([45, 372]), [number.as_str(), "D"], "{reject:?}");
    }
    // What breaks the dictionary is counted by the session, what cannot be held by the order edge.
    scene.expect_counted("rejects_sent", 4);
    scene.expect_counted("refused", 4);
    scene.expect_client_goes_on("V-GOOD");
    scene.expect_witness_unharmed();
    scene.close();
}

/// Five mistakes, each with the line it is in and the code that it must get.
const FIVE_MISTAKES: &str = r#"[engine]
topolgy = "fused"
wait = "sometimes"
orders_open_max = "many"
route_attempts_max = 0

[[fix.acceptor]]
listen = "127.0.0.1:1"
comp_id = "DCX"

[[client]]
comp_id = "CLIENT"
acceptor = "NOBODY"
account = "HOUSE"

[[instrument]]
symbol = "EURUSD"
tick = 0.00001
lot = 1
venues = []
"#;

#[test]
fn a_configuration_with_five_mistakes_is_refused_with_all_five() {
    let system = System::quiet();
    fs::write(system.dir().join("bad.toml"), FIVE_MISTAKES).expect("the folder can be written");
    let ended = run(system.dir(), &["run", "--config", "bad.toml"]);
    assert_eq!(ended.code, Some(78), "{ended:?}");
    for (line, code, about) in [
        (2, "DCX-C003", "topology"),
        (3, "DCX-C007", "sometimes"),
        (4, "DCX-C004", "orders_open_max"),
        (5, "DCX-C005", "route_attempts_max"),
        (13, "DCX-C009", "NOBODY"),
    ] {
        let place = format!("bad.toml:{line}:");
        for part in [place.as_str(), code, about] {
            assert!(
                ended.err.contains(part),
                "{part} is missing in:\n{}",
                ended.err
            );
        }
    }
    assert!(
        !system.journal().exists(),
        "a daemon that does not start writes nothing"
    );
}

/// A daemon's journal with some orders in it, the daemon ended, and its one segment file.
fn journal_with_orders() -> (System, PathBuf) {
    let mut scene = Scene::new();
    for ix in 0..20 {
        scene.expect_client_goes_on(&format!("J{ix}"));
    }
    assert!(
        scene.daemon.terminate().success(),
        "{}",
        scene.daemon.said()
    );
    let files = fs::read_dir(scene.system.journal()).expect("there is a journal");
    let mut segments: Vec<PathBuf> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "dcxj"))
        .collect();
    segments.sort();
    let first = segments.first().cloned().expect("a segment");
    (scene.system, first)
}

/// Where each record of a segment begins: `docs/protocols/journal.md`.
fn record_offsets(bytes: &[u8]) -> Vec<usize> {
    const SEGMENT_HEADER_LEN: usize = 40;
    const RECORD_HEADER_LEN: usize = 32;
    let mut offsets = vec![SEGMENT_HEADER_LEN];
    while let Some(&at) = offsets.last() {
        let Some(len) = bytes.get(at + 8..at + 10) else {
            offsets.pop();
            break;
        };
        let len = usize::from(u16::from_le_bytes([len[0], len[1]]));
        offsets.push(at + RECORD_HEADER_LEN + len);
    }
    offsets
}

#[test]
fn damage_in_the_middle_of_a_journal_is_reported_with_its_place_and_refuses_to_start() {
    let (system, segment) = journal_with_orders();
    let mut bytes = fs::read(&segment).expect("the segment can be read");
    let offsets = record_offsets(&bytes);
    assert!(offsets.len() > 20, "{offsets:?}");
    let damaged = offsets[offsets.len() / 2];
    bytes[damaged + 40] ^= 1;
    fs::write(&segment, &bytes).expect("the segment can be written");

    let verified = run(system.dir(), &["journal", "verify", "var/journal"]);
    assert_eq!(verified.code, Some(1), "{verified:?}");
    for part in ["DCX-J004", &damaged.to_string()] {
        assert!(
            verified.said().contains(part),
            "{part} is missing in {}",
            verified.said()
        );
    }
    let mut daemon = system.launch();
    assert!(!daemon.wait().success());
    for part in ["DCX-J004", &damaged.to_string()] {
        assert!(
            daemon.said().contains(part),
            "{part} is missing in {}",
            daemon.said()
        );
    }
    assert_eq!(
        fs::read(&segment).expect("the segment"),
        bytes,
        "a refused journal is left alone"
    );
}

#[test]
fn a_torn_tail_is_trimmed_and_nothing_before_it_is_lost() {
    let (system, segment) = journal_with_orders();
    let mut bytes = fs::read(&segment).expect("the segment can be read");
    let whole = bytes.len();
    // What a crash leaves of a record that was being written: its header and a part of its body.
    let last = *record_offsets(&bytes).last().expect("records");
    let begun = bytes[last..whole - 3].to_vec();
    bytes.truncate(last);
    bytes.extend(begun);
    fs::write(&segment, &bytes).expect("the segment can be written");

    let mut daemon = system.start();
    let mut client = Peer::logged_on(system.ports.clients, "CLIENT");
    for ix in 0..20 {
        let id = format!("J{ix}");
        client.send("H", &[(11, &id), (55, "EURUSD"), (54, "1")]);
        assert_eq!(client.expect("8").all([150, 11, 39]), ["I", &id, "0"]);
    }
    client.send_order("AFTER", GOOD);
    assert_eq!(client.expect("8").all([11, 39]), ["AFTER", "0"]);
    assert!(daemon.terminate().success(), "{}", daemon.said());
    // Asked once it has ended: it listens before it has said everything about its start.
    assert!(
        daemon.said().contains("DCX-J008"),
        "the trim is said: {}",
        daemon.said()
    );
    let verified = run(system.dir(), &["journal", "verify", "var/journal"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
