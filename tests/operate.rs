//! Goal: what an operator is told about a running daemon is so, is permitted, and is kept. Method:
//! the real binary on both sides of the control socket, several operators of one user told apart
//! by their tokens, and FIX clients that see what it comes to.

use std::fs;
use std::time::{Duration, Instant};

use dcx_tests::{Ended, Message, Peer, Process, System, run, run_with};
use serde_json::Value;

const ANN: &str = "ann-7f3c2d";
const BOB: &str = "bob-91ab44";
const CARL: &str = "carl-5d1e0b";
const EVE: &str = "eve-c0ffee";

/// A buy that is accepted and held: there is no venue.
const GOOD: [&str; 3] = ["1", "100", "1.1000"];

/// A daemon with operators, and a client.
struct Scene {
    system: System,
    daemon: Process,
    client: Peer,
}

impl Scene {
    fn new() -> Self {
        let system = System::operated();
        let daemon = system.start();
        let client = Peer::logged_on(system.ports.clients, "CLIENT");
        Self {
            system,
            daemon,
            client,
        }
    }

    /// Asks as the operator of this token.
    fn ask(&self, token: &str, arguments: &[&str]) -> Ended {
        let arguments = [arguments, &["--json"]].concat();
        run_with(self.system.dir(), &arguments, token)
    }

    /// Asks, and it is done.
    fn done(&self, token: &str, arguments: &[&str]) -> Value {
        let ended = self.ask(token, arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended.json()
    }

    /// Asks, and it ends with this exit code, and with this error code where it is refused.
    fn refused(&self, token: &str, arguments: &[&str], exit: i32, code: &str) -> String {
        let ended = self.ask(token, arguments);
        let said = ended.json();
        assert_eq!(
            (ended.code, said["error"]["code"].as_str()),
            (Some(exit), Some(code)),
            "{arguments:?}: {ended:?}"
        );
        said["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Sends an order and returns its first report.
    fn order(&mut self, cl_ord_id: &str, terms: [&str; 3]) -> Message {
        self.client.send_order(cl_ord_id, terms);
        self.client.expect("8")
    }

    fn audit(&self) -> Vec<Value> {
        let path = self.system.dir().join("var/log/audit.log");
        let text = fs::read_to_string(path).expect("there is an audit");
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("a line is an object"))
            .collect()
    }
}

/// The report says that the order was refused with this code.
fn expect_refused(report: &Message, code: &str) {
    assert_eq!(report.get(150), "8", "{report:?}");
    assert!(report.get(58).contains(code), "{report:?}");
}

#[test]
fn a_halt_cancels_everything_and_is_known_with_its_author_after_a_restart() {
    let mut scene = Scene::new();
    let open = scene.order("A1", GOOD);
    assert_eq!(open.get(150), "0", "{open:?}");

    let halted = scene.done(ANN, &["halt", "--reason", "feed is wrong"]);
    assert_eq!(halted["state"], "halted", "{halted}");
    assert_eq!(halted["confirmed"], true, "{halted}");
    let canceled = scene.client.expect("8");
    assert_eq!(canceled.all([11, 150]), ["A1", "4"], "{canceled:?}");
    expect_refused(&scene.order("A2", GOOD), "R001");

    scene.daemon.kill();
    scene.daemon = scene.system.start();
    scene.client = Peer::logged_on(scene.system.ports.clients, "CLIENT");
    let status = scene.done(EVE, &["status"]);
    assert_eq!(status["state"], "halted", "{status}");
    let firm = &status["states"][0];
    let said = ["scope", "cause", "by", "reason"].map(|key| firm[key].as_str());
    let expected = ["firm", "operator", "ann", "feed is wrong"];
    assert_eq!(said, expected.map(Some), "{status}");
    expect_refused(&scene.order("A3", GOOD), "R001");

    let resumed = scene.done(BOB, &["resume", "--reason", "feed is right"]);
    assert_eq!(resumed["state"], "active", "{resumed}");
    assert_eq!(scene.order("A4", GOOD).get(150), "0");
    let status = scene.done(EVE, &["status"]);
    assert_eq!(status["states"], serde_json::json!([]), "{status}");
}

#[test]
fn one_session_is_halted_and_the_others_trade_on() {
    let mut scene = Scene::new();
    let mut witness = Peer::logged_on(scene.system.ports.clients, "WITNESS");
    let _ = scene.order("A1", GOOD);
    scene.done(
        ANN,
        &["halt", "--session", "CLIENT", "--reason", "runs away"],
    );
    assert_eq!(scene.client.expect("8").all([11, 150]), ["A1", "4"]);
    expect_refused(&scene.order("A2", GOOD), "R001");
    witness.send_order("W1", GOOD);
    assert_eq!(witness.expect("8").get(150), "0");
    scene.done(
        ANN,
        &["reduce", "--session", "WITNESS", "--reason", "enough"],
    );
    witness.send_order("W2", GOOD);
    expect_refused(&witness.expect("8"), "R042");
    let status = scene.done(EVE, &["status"]);
    let states = status["states"].as_array().expect("a list");
    let states: Vec<_> = states
        .iter()
        .map(|it| (&it["scope"], &it["state"]))
        .collect();
    assert_eq!(
        states,
        [
            (&"session CLIENT".into(), &"halted".into()),
            (&"session WITNESS".into(), &"reducing".into())
        ]
    );
}

#[test]
fn operators_of_one_user_are_told_apart_by_their_tokens() {
    let scene = Scene::new();
    let halt = ["halt", "--reason", "x"];
    for (token, arguments) in [
        (EVE, halt.as_slice()),
        (CARL, &halt),
        (EVE, &["cancel", "--all", "--reason", "x"]),
        (CARL, &["resume", "--reason", "x"]),
        (CARL, &["limits", "approve", "1", "--reason", "x"]),
        ("", &["status"]),
        ("guessed", &["status"]),
    ] {
        let _ = scene.refused(token, arguments, 77, "DCX-X012");
    }
    let _ = scene.refused(EVE, &["status", "--as", "ann"], 77, "DCX-X012");
    let status = scene.done(EVE, &["status"]);
    assert_eq!(
        status["state"], "active",
        "nobody may have halted: {status}"
    );
    scene.done(CARL, &["cancel", "--all", "--reason", "x"]);
    let file = scene.system.dir().join("token");
    fs::write(&file, format!("{EVE}\n")).expect("the folder can be written");
    let named = ["status", "--as", "eve", "--token-file", "token"];
    scene.done("", &named);
}

#[test]
fn raising_a_limit_takes_two_people_and_lowering_it_takes_one() {
    let mut scene = Scene::new();
    let set = |value| {
        [
            "limits",
            "set",
            "instrument:EURUSD",
            "order_qty_max",
            value,
            "--reason",
            "r",
        ]
    };
    let lowered = scene.done(CARL, &set("50"));
    assert_eq!(lowered["in_force"], true, "{lowered}");
    assert_eq!(
        (&lowered["before"], &lowered["after"]),
        (&"1000000".into(), &"50".into())
    );
    expect_refused(&scene.order("A1", GOOD), "R006");

    let raised = scene.ask(ANN, &set("500"));
    assert_eq!(raised.code, Some(1), "it is not in force: {raised:?}");
    let proposal = raised.json()["proposal"].to_string();
    expect_refused(&scene.order("A2", GOOD), "R006");
    let waiting = scene.done(EVE, &["limits", "proposals"]);
    assert_eq!(waiting["proposals"][0]["by"], "ann", "{waiting}");

    let approve = ["limits", "approve", &proposal, "--reason", "agreed"];
    let message = scene.refused(ANN, &approve, 77, "DCX-R071");
    assert!(message.contains("second person"), "{message}");
    let approved = scene.done(BOB, &approve);
    assert_eq!(approved["in_force"], true, "{approved}");
    assert_eq!(scene.order("A3", GOOD).get(150), "0");
    let _ = scene.refused(BOB, &approve, 66, "DCX-R072");

    let limits = scene.done(EVE, &["limits", "--instrument", "EURUSD"]);
    let rows = limits["limits"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["limit"] == "order_qty_max");
    let row = row.expect("it is set");
    assert_eq!((&row["value"], &row["by"]), (&"500".into(), &"bob".into()));
    assert!(
        rows.iter().all(|row| row["scope"] == "instrument EURUSD"),
        "{limits}"
    );

    let again = scene.ask(ANN, &set("501"));
    let proposal = again.json()["proposal"].to_string();
    let rejected = scene.done(CARL, &["limits", "reject", &proposal, "--reason", "no"]);
    assert_eq!(rejected["outcome"], "rejected", "{rejected}");
    let waiting = scene.done(EVE, &["limits", "proposals"]);
    assert_eq!(waiting["proposals"], serde_json::json!([]), "{waiting}");
}

#[test]
fn a_limit_keeps_its_author_over_a_restart() {
    let mut scene = Scene::new();
    let set = [
        "limits",
        "set",
        "session:CLIENT",
        "order_notional_max",
        "50",
        "--reason",
        "new",
    ];
    scene.done(CARL, &set);
    let _ = scene.ask(
        ANN,
        &[
            "limits",
            "set",
            "firm",
            "gross_max",
            "2_000_000_000_000",
            "--reason",
            "wide",
        ],
    );
    scene.daemon.terminate();
    scene.daemon = scene.system.start();
    let limits = scene.done(EVE, &["limits", "--session", "CLIENT"]);
    let rows = limits["limits"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["limit"] == "order_notional_max");
    let row = row.expect("it is set");
    assert_eq!(
        (&row["by"], &row["reason"]),
        (&"carl".into(), &"new".into())
    );
    let waiting = scene.done(EVE, &["limits", "proposals"]);
    assert_eq!(waiting["proposals"][0]["reason"], "wide", "{waiting}");
}

#[test]
fn orders_are_cancelled_one_by_one_and_all_of_a_scope() {
    let mut scene = Scene::new();
    let ids: Vec<String> = (1..=4).map(|n| format!("A{n}")).collect();
    let order_ids: Vec<String> = ids
        .iter()
        .map(|id| scene.order(id, GOOD).get(37).to_owned())
        .collect();
    let one = scene.done(CARL, &["cancel", "A1", "--reason", "mistake"]);
    assert_eq!(one["by"], "carl", "{one}");
    assert_eq!(scene.client.expect("8").all([11, 150]), ["A1", "4"]);
    scene.done(CARL, &["cancel", &order_ids[1], "--reason", "mistake"]);
    assert_eq!(scene.client.expect("8").all([11, 150]), ["A2", "4"]);
    let _ = scene.refused(CARL, &["cancel", "A9", "--reason", "x"], 66, "DCX-X014");
    let all = scene.done(
        CARL,
        &["cancel", "--instrument", "EURUSD", "--reason", "end"],
    );
    assert_eq!(all["orders"], 2, "{all}");
    let rest = [scene.client.expect("8"), scene.client.expect("8")];
    assert!(rest.iter().all(|report| report.get(150) == "4"), "{rest:?}");
    let status = scene.done(EVE, &["status"]);
    assert_eq!(status["orders"]["open"], 0, "{status}");
}

#[test]
fn a_large_order_waits_for_a_person() {
    let scene = Scene::new();
    let mut witness = Peer::logged_on(scene.system.ports.clients, "WITNESS");
    for (id, yes) in [("L1", true), ("L2", false)] {
        witness.send_order(id, ["1", "200000", "1.1000"]);
        assert_eq!(witness.expect("8").all([11, 150]), [id, "A"]);
        let waiting = scene.done(EVE, &["approvals", "list"]);
        let row = &waiting["approvals"][0];
        assert_eq!(
            (&row["cl_ord_id"], &row["order_qty"]),
            (&id.into(), &"200000".into())
        );
        assert_eq!(
            scene.done(EVE, &["status"])["orders"]["waiting_for_approval"],
            1
        );
        let _ = scene.refused(
            EVE,
            &["approvals", "approve", id, "--reason", "x"],
            77,
            "DCX-X012",
        );
        let verb = if yes { "approve" } else { "refuse" };
        scene.done(ANN, &["approvals", verb, id, "--reason", "seen"]);
        let report = witness.expect("8");
        if yes {
            assert_eq!(report.all([11, 150]), [id, "0"], "{report:?}");
        } else {
            expect_refused(&report, "R064");
        }
        let waiting = scene.done(EVE, &["approvals", "list"]);
        assert_eq!(waiting["approvals"], serde_json::json!([]), "{waiting}");
        let word = ["approvals", "approve", id, "--reason", "late"];
        let again = scene.ask(BOB, &word);
        assert_eq!(again.code, Some(1), "it no longer waits: {again:?}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_the_exit_code_of_its_kind() {
    let scene = Scene::new();
    let set = |scope, limit, value| vec!["limits", "set", scope, limit, value, "--reason", "r"];
    for (arguments, exit, code) in [
        (
            set("instrument:EURUSD", "order_qty_max", "many"),
            64,
            "DCX-X014",
        ),
        (set("instrument:EURUSD", "order_qty", "5"), 64, "DCX-X014"),
        (
            set("instrument:NOTHING", "order_qty_max", "5"),
            66,
            "DCX-X014",
        ),
        (set("nobody", "order_qty_max", "5"), 64, "DCX-X001"),
        (set("firm", "order_qty_max", "5"), 64, "DCX-R068"),
        (
            vec!["limits", "approve", "77", "--reason", "r"],
            66,
            "DCX-R072",
        ),
        (
            vec!["halt", "--account", "NOBODY", "--reason", "r"],
            66,
            "DCX-X014",
        ),
        (vec!["halt", "--reason", " "], 64, "DCX-X014"),
        (vec!["cancel", "--reason", "r"], 64, "DCX-X001"),
        (vec!["status", "--socket", "nowhere.sock"], 69, "DCX-X005"),
    ] {
        let _ = scene.refused(ANN, &arguments, exit, code);
    }
    let none = run(scene.system.dir(), &["halt"]);
    assert_eq!(none.code, Some(64), "a reason is needed: {none:?}");
}

#[test]
fn the_socket_is_found_by_the_configuration_and_goes_with_the_daemon() {
    let mut scene = Scene::new();
    scene.done(EVE, &["status", "--config", "dcx.toml"]);
    let text = run_with(scene.system.dir(), &["status"], EVE);
    assert!(
        text.out.contains("CLIENT") && text.out.contains("gross"),
        "{text:?}"
    );
    scene.daemon.terminate();
    assert!(!scene.system.dir().join("var/control.sock").exists());
    let _ = scene.refused(EVE, &["status"], 69, "DCX-X005");
}

#[test]
fn every_request_that_changes_something_is_in_the_audit_and_no_token_is() {
    let scene = Scene::new();
    scene.done(EVE, &["status"]);
    scene.done(ANN, &["halt", "--reason", "drill"]);
    let _ = scene.refused(EVE, &["resume", "--reason", "mine"], 77, "DCX-X012");
    let _ = scene.refused("guessed", &["resume", "--reason", "mine"], 77, "DCX-X012");
    let lines = scene.audit();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let refused = line["outcome"]["refused"]["code"].as_str();
            (line["who"].as_str(), line["verb"].as_str(), refused)
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("ann"), Some("halt"), None),
            (Some("eve"), Some("resume"), Some("DCX-X012")),
            (None, Some("resume"), Some("DCX-X012")),
        ]
    );
    assert_eq!(lines[0]["args"]["reason"], "drill");
    assert!(lines[0]["at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let said = serde_json::to_string(&lines).expect("JSON");
    for token in [ANN, EVE, "guessed"] {
        assert!(!said.contains(token), "{said}");
    }
}

#[test]
fn a_venue_that_does_not_confirm_is_named_and_nothing_is_sent_after_the_halt() {
    let system = System::example();
    let [stopped, other] = system.start_venues();
    let mut daemon = system.start();
    let mut client = Peer::logged_on(system.ports.clients, "CLIENT");
    let ask = |arguments: &[&str]| run(system.dir(), &[arguments, &["--json"]].concat());
    let working = |venue: &str| {
        let status = ask(&["status"]).json();
        let venues = status["venues"].as_array().cloned().unwrap_or_default();
        let row = venues.iter().find(|row| row["name"] == venue);
        row.and_then(|row| row["working"].as_u64())
            .unwrap_or_default()
    };
    // Passive orders until both venues have one: where each goes is the router's choice.
    let start = Instant::now();
    let mut sent = 0;
    while working("SIMA") == 0 {
        sent += 1;
        let px = format!("1.{:04}", 1000 - sent);
        client.send_order(&format!("P{sent}"), ["1", "1000", &px]);
        let _ = client.expect("8");
        let late = start.elapsed() > Duration::from_secs(60);
        assert!(!late, "no order works at SIMA: {}", daemon.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    stopped.suspend();
    let halted = ask(&["halt", "--reason", "drill", "--wait-ms", "300"]);
    assert_eq!(
        halted.code,
        Some(1),
        "not everything is confirmed: {halted:?}"
    );
    let said = halted.json();
    assert_eq!(
        (&said["state"], &said["confirmed"]),
        (&"halted".into(), &false.into())
    );
    let venues = said["venues"].as_array().expect("a list");
    let sima = venues
        .iter()
        .find(|row| row["name"] == "SIMA")
        .expect("SIMA");
    assert_eq!(sima["confirmed"], false, "{said}");
    assert!(sima["working"].as_u64().is_some_and(|it| it > 0), "{said}");
    stopped.go_on();
    let start = Instant::now();
    while working("SIMA") > 0 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "SIMA never confirms"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let again = ask(&["halt", "--reason", "once more"]);
    assert_eq!(again.code, Some(0), "all is confirmed: {again:?}");
    daemon.terminate();
    drop(other);
}

/// The row of a session in the status.
fn session_row(status: &Value, name: &str) -> Value {
    let rows = status["sessions"].as_array().expect("sessions are rows");
    let found = rows.iter().find(|row| row["name"] == name);
    found.expect("it is there").clone()
}

#[test]
fn a_disabled_session_stays_off_over_a_restart_and_its_peer_is_told() {
    let mut scene = Scene::new();
    let why = "settlement is late";
    let arguments = ["session", "disable", "CLIENT", "--reason", why];
    scene.refused(EVE, &arguments, 77, "DCX-X012");
    let row = scene.done(CARL, &arguments);
    assert_eq!(row["name"], "CLIENT", "{row}");
    let told = scene.client.expect("5");
    assert_eq!(told.get(58), "session is disabled by the operator");

    scene.daemon.kill();
    scene.daemon = scene.system.start();
    let mut witness = Peer::logged_on(scene.system.ports.clients, "WITNESS");
    witness.send_order("W1", GOOD);
    assert_eq!(witness.expect("8").get(150), "0", "others trade on");
    let mut client = Peer::connect(scene.system.ports.clients, "CLIENT");
    client.send("A", &[(98, "0"), (108, "30"), (141, "Y")]);
    let end = client.expect_end();
    let texts: Vec<_> = end
        .iter()
        .map(|message| (message.msg_type(), message.get(58)))
        .collect();
    assert_eq!(texts, [("5", "session is disabled by the operator")]);
    let row = session_row(&scene.done(EVE, &["status"]), "CLIENT");
    let said = ["state", "why", "disabled_by", "reason"].map(|key| row[key].as_str());
    assert_eq!(said, ["off", "DCX-F119", "carl", why].map(Some), "{row}");

    scene.done(
        ANN,
        &["session", "enable", "CLIENT", "--reason", "it is not"],
    );
    scene.client = Peer::logged_on(scene.system.ports.clients, "CLIENT");
    assert_eq!(scene.order("A1", GOOD).get(150), "0");
    let row = session_row(&scene.done(EVE, &["status"]), "CLIENT");
    assert_eq!(row["state"], "up", "{row}");
    assert!(
        row["disabled_by"].is_null() && row["last_in"].is_string(),
        "{row}"
    );
    let audit = scene.audit();
    let verbs: Vec<_> = audit
        .iter()
        .filter(|line| line["outcome"] == "done" && line["verb"] != "status")
        .map(|line| [&line["who"], &line["verb"], &line["args"]["reason"]])
        .map(|told| told.map(|text| text.as_str().unwrap_or_default().to_owned()))
        .collect();
    let expected = [
        ["carl", "session disable", why],
        ["ann", "session enable", "it is not"],
    ];
    assert_eq!(verbs, expected, "{audit:?}");
}

#[test]
fn numbers_are_set_while_a_session_is_off_and_not_where_something_would_be_lost() {
    let mut scene = Scene::new();
    let _ = scene.order("A1", GOOD);
    let reset = ["session", "reset", "CLIENT", "--reason", "agreed"];
    scene.refused(CARL, &reset, 77, "DCX-X012");
    scene.refused(ANN, &reset, 75, "DCX-F032");
    let nobody = ["session", "reset", "NOBODY", "--reason", "agreed"];
    scene.refused(ANN, &nobody, 66, "DCX-X014");

    scene.daemon.kill();
    scene.daemon = scene.system.start();
    let lost = scene.refused(ANN, &reset, 1, "DCX-F120");
    assert!(lost.contains("may not have reached the peer"), "{lost}");
    let skip = [
        "session",
        "renumber",
        "CLIENT",
        "--next-in",
        "90",
        "--reason",
        "agreed",
    ];
    scene.refused(ANN, &skip, 1, "DCX-F120");
    let row = scene.done(ANN, &[&skip[..], &["--next-out", "70", "--force"]].concat());
    assert_eq!(
        (&row["next_in"], &row["next_out"]),
        (&90.into(), &70.into()),
        "{row}"
    );
    let row = scene.done(ANN, &[&reset[..], &["--force"]].concat());
    assert_eq!(
        (&row["next_in"], &row["next_out"]),
        (&1.into(), &1.into()),
        "{row}"
    );
}

#[test]
fn a_session_that_is_disconnected_may_come_back_at_once() {
    let mut scene = Scene::new();
    let arguments = ["session", "disconnect", "CLIENT", "--reason", "drill"];
    scene.done(CARL, &arguments);
    let told = scene.client.expect("5");
    assert_eq!(told.get(58), "session is disconnected by the operator");
    scene.client.send("5", &[]);
    let _ = scene.client.expect_end();
    scene.client = Peer::logged_on(scene.system.ports.clients, "CLIENT");
    assert_eq!(scene.order("A1", GOOD).get(150), "0");
}
