//! The control socket as its peers meet it: over a real socket, from this process's own user.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dcx_control::socket::{
    Answer, AuditLine, Caller, Client, ClientError, ControlSocket, Impact, LINE_MAX, OpenError,
    Operator, Options, Request, Token, Verb, token_sha256,
};
use dcx_model::Code;
use proptest::prelude::*;
use serde_json::{Value, json};

const VERBS: &[Verb] = &[
    Verb {
        name: "count",
        impact: Impact::Ro,
        help: "counts to n",
    },
    Verb {
        name: "halt",
        impact: Impact::Danger,
        help: "says who asked",
    },
];

/// Long enough for a machine that does other things; nothing waits for it to pass.
const LONG: Duration = Duration::from_secs(60);

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    fn options(&self) -> Options {
        Options::new(self.path(), VERBS)
    }

    fn open(&self) -> ControlSocket {
        open(self.options()).unwrap()
    }
}

fn open(options: Options) -> Result<ControlSocket, OpenError> {
    ControlSocket::open(options, |_| {}, handle)
}

fn handle(caller: &Caller, request: Request) -> Answer {
    match request.verb.as_str() {
        "count" => {
            let upto = request.args.get("n").and_then(Value::as_u64).unwrap_or(0);
            Answer::Done((0..upto).map(Value::from).collect())
        }
        _ => Answer::one(json!({ "by": caller.name, "uid": caller.uid })),
    }
}

fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn operator(name: &str, uid: u32, token: &str, may: Impact) -> Operator {
    Operator {
        name: name.to_owned(),
        uid: Some(uid),
        token_sha256: Some(token_sha256(token)),
        may,
    }
}

fn count(client: &mut Client, upto: u64) -> usize {
    client.ask("count", &json!({ "n": upto })).unwrap().len()
}

#[test]
fn with_no_operators_the_user_of_the_daemon_may_do_everything() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let mut client = Client::connect(socket.path()).unwrap();
    let results = client.ask("halt", &Value::Null).unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["uid"], our_uid());
    assert!(!results[0]["by"].as_str().unwrap().is_empty());
}

#[test]
fn answers_of_many_lines_arrive_whole_and_in_order() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let mut client = Client::connect(socket.path()).unwrap();
    assert_eq!(count(&mut client, 0), 0);
    let results = client.ask("count", &json!({ "n": 100_000 })).unwrap();
    assert!(results.iter().enumerate().all(|(ix, n)| *n == ix));
    assert_eq!(results.len(), 100_000);
    assert_eq!(count(&mut client, 1), 1);
}

#[test]
fn operators_who_share_this_user_are_told_apart_and_strangers_turned_away() {
    let fixture = Fixture::new();
    let audited = Arc::new(Mutex::new(Vec::new()));
    let mut options = fixture.options();
    options.operators = vec![
        operator("ann", our_uid(), "secret-a", Impact::Ro),
        operator("eve", our_uid(), "secret-e", Impact::Danger),
    ];
    let keep = Arc::clone(&audited);
    let audit = move |line: &AuditLine| keep.lock().unwrap().push(line.to_json());
    let socket = ControlSocket::open(options, audit, handle).unwrap();
    let connect = || Client::connect(socket.path()).unwrap();
    let halt = |client: Client| client.with_timeout(LONG).ask("halt", &json!({}));

    let done = halt(connect().with_token(Token::new("secret-e"))).unwrap();
    assert_eq!(done[0]["by"], "eve");
    for refused in [
        halt(connect()),
        halt(connect().with_name("eve")),
        halt(connect().with_token(Token::new("secret-x"))),
        halt(
            connect()
                .with_name("eve")
                .with_token(Token::new("secret-a")),
        ),
        halt(connect().with_token(Token::new("secret-a"))),
    ] {
        let error = refused.expect_err("it is not permitted");
        assert_eq!((error.exit(), error.code()), (77, Code::X012), "{error}");
        assert!(!error.help().is_empty());
    }
    let lines = audited.lock().unwrap().join("\n");
    assert_eq!(lines.lines().count(), 6, "{lines}");
    assert!(!lines.contains("secret"), "{lines}");
}

#[test]
fn a_user_without_an_operator_is_told_so_before_anything_is_read() {
    let fixture = Fixture::new();
    let mut options = fixture.options();
    options.operators = vec![operator("ann", our_uid() + 1, "a", Impact::Danger)];
    let socket = open(options).unwrap();
    let told = UnixStream::connect(socket.path()).unwrap();
    let line = BufReader::new(told).lines().next().unwrap().unwrap();
    assert!(line.contains("\"exit\":77"), "{line}");
    let mut client = Client::connect(socket.path()).unwrap();
    // The request may meet a connection that is closed already; the answer is there all the same.
    let error = client.ask("halt", &json!({})).expect_err("a stranger");
    assert_eq!((error.exit(), error.code()), (77, Code::X012), "{error}");
}

#[test]
fn nobody_there_is_said_with_what_to_do() {
    let fixture = Fixture::new();
    let error = Client::connect(fixture.path()).expect_err("nothing is there");
    assert_eq!((error.exit(), error.code()), (69, Code::X005));
    assert!(error.help().contains("--socket"));
    drop(UnixListener::bind(fixture.path()).unwrap());
    let error = Client::connect(fixture.path()).expect_err("nobody listens");
    assert_eq!(error.exit(), 69);
}

#[test]
fn a_bad_line_is_answered_and_the_connection_goes_on() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let stream = UnixStream::connect(socket.path()).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut ask = |bytes: &[u8]| -> Value {
        (&stream).write_all(bytes).unwrap();
        serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap()
    };
    let mut long = vec![b'x'; LINE_MAX * 3];
    long.push(b'\n');
    for bad in [&b"\n"[..], b"\xff\x00\n", b"{}\r\n", &long] {
        let answer = ask(bad);
        assert_eq!(
            (&answer["code"], &answer["exit"]),
            (&json!("DCX-X014"), &json!(64))
        );
        assert_eq!(answer["id"], Value::Null);
    }
    let answer = ask(b"{\"v\":1,\"id\":9,\"verb\":\"halt\"}\r\n");
    assert_eq!((&answer["ok"], &answer["id"]), (&json!(true), &json!(9)));
}

#[test]
fn eight_wrong_tokens_close_a_connection() {
    let fixture = Fixture::new();
    let mut options = fixture.options();
    options.operators = vec![operator("ann", our_uid(), "a", Impact::Ro)];
    let socket = open(options).unwrap();
    let mut stream = UnixStream::connect(socket.path()).unwrap();
    let guess = b"{\"v\":1,\"id\":1,\"verb\":\"count\",\"token\":\"b\"}\n";
    // The ninth is not looked at.
    stream.write_all(&guess.repeat(9)).unwrap();
    let answers = BufReader::new(stream).lines();
    assert_eq!(answers.map_while(Result::ok).count(), 8);
}

#[test]
fn one_connection_too_many_is_told_to_try_later_and_room_is_made_again() {
    let fixture = Fixture::new();
    let mut options = fixture.options();
    options.connections_max = 4;
    let socket = open(options).unwrap();
    let connect = || Client::connect(socket.path()).unwrap();
    let mut clients: Vec<Client> = (0..4).map(|_| connect()).collect();
    for client in &mut clients {
        assert_eq!(count(client, 1), 1);
    }
    let error = connect().ask("count", &json!({})).expect_err("the fifth");
    assert_eq!((error.exit(), error.code()), (75, Code::X016), "{error}");
    clients.pop();
    // The daemon notices an end some time after it happened.
    while connect().ask("count", &json!({})).is_err() {
        thread::yield_now();
    }
    for client in &mut clients {
        assert_eq!(count(client, 1), 1);
    }
}

#[test]
fn many_clients_at_once_each_get_their_own_answers() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let path = socket.path();
    thread::scope(|scope| {
        for upto in 0..24 {
            scope.spawn(move || {
                let mut client = Client::connect(path).unwrap().with_timeout(LONG);
                for _ in 0..50 {
                    assert_eq!(count(&mut client, upto), usize::try_from(upto).unwrap());
                }
            });
        }
    });
}

#[test]
fn a_connection_that_asks_nothing_is_closed() {
    let fixture = Fixture::new();
    let mut options = fixture.options();
    options.idle = Duration::from_millis(20);
    let socket = open(options).unwrap();
    let mut stream = UnixStream::connect(socket.path()).unwrap();
    // Bytes without an end of line do not keep it open.
    stream.write_all(b"{").unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

/// A socket whose handler waits until it is let go on; the ends of that.
fn stuck(fixture: &Fixture) -> (ControlSocket, Receiver<()>, Sender<()>) {
    let (begun, begins) = channel();
    let (go_on, wait) = channel();
    let wait = Mutex::new(wait);
    let handler = move |_: &Caller, _: Request| {
        begun.send(()).unwrap();
        // An error is a test that is over.
        let _ = wait.lock().unwrap().recv();
        Answer::one(json!("late"))
    };
    let socket = ControlSocket::open(fixture.options(), |_| {}, handler).unwrap();
    (socket, begins, go_on)
}

/// Asks from a thread of its own.
fn ask_aside(path: &Path) -> thread::JoinHandle<Result<Vec<Value>, ClientError>> {
    let mut client = Client::connect(path).unwrap().with_timeout(LONG);
    thread::spawn(move || client.ask("halt", &json!({})))
}

#[test]
fn stopping_lets_a_request_at_work_end_and_answers_it() {
    let fixture = Fixture::new();
    let (socket, begins, go_on) = stuck(&fixture);
    let asked = ask_aside(socket.path());
    begins.recv().unwrap();
    let stopped = thread::spawn(move || socket.stop(LONG));
    // From when nobody new is taken, the stop has begun.
    while UnixStream::connect(fixture.path()).is_ok() {
        thread::yield_now();
    }
    go_on.send(()).unwrap();
    assert_eq!(asked.join().unwrap().unwrap(), [json!("late")]);
    assert_eq!(stopped.join().unwrap(), 0);
    assert!(!fixture.path().exists());
}

#[test]
fn stopping_does_not_wait_for_ever_for_a_request_that_does_not_end() {
    let fixture = Fixture::new();
    let (socket, begins, _go_on) = stuck(&fixture);
    let asked = ask_aside(socket.path());
    begins.recv().unwrap();
    assert_eq!(socket.stop(Duration::from_millis(20)), 1);
    assert!(!fixture.path().exists());
    let error = asked.join().unwrap().expect_err("there was no answer");
    assert!(
        error.to_string().contains("the connection ended"),
        "{error}"
    );
    assert_eq!((error.exit(), error.code()), (75, Code::X015), "{error}");
}

#[test]
fn idle_connections_do_not_hold_a_stop_up() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let mut idle: Vec<Client> = (0..8)
        .map(|_| Client::connect(socket.path()).unwrap())
        .collect();
    for client in &mut idle {
        assert_eq!(count(client, 1), 1);
    }
    assert_eq!(socket.stop(LONG), 0);
    let error = idle[0].ask("count", &json!({})).expect_err("it is gone");
    assert!(matches!(error.exit(), 69 | 75), "{error}");
}

#[test]
fn a_live_socket_is_not_taken_over_and_a_dropped_one_leaves_nothing() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let error = open(fixture.options()).expect_err("the first one lives");
    assert_eq!(error.code(), Code::X003);
    assert_eq!(count(&mut Client::connect(socket.path()).unwrap(), 1), 1);
    drop(socket);
    assert!(!fixture.path().exists());
    drop(fixture.open());
    assert_eq!(
        fs::read_dir(fixture.folder.path()).unwrap().count(),
        1,
        "the lock's file"
    );
}

#[test]
fn a_handler_that_panics_costs_its_connection_only() {
    let fixture = Fixture::new();
    let handler = |_: &Caller, request: Request| {
        assert_eq!(request.verb, "count", "the test's panic");
        Answer::one(json!(1))
    };
    let socket = ControlSocket::open(fixture.options(), |_| {}, handler).unwrap();
    let connect = || Client::connect(socket.path()).unwrap();
    let error = connect().ask("halt", &json!({})).expect_err("it panics");
    assert_eq!(error.code(), Code::X015);
    assert_eq!(connect().ask("count", &json!({})).unwrap(), [json!(1)]);
    assert_eq!(socket.stop(LONG), 0);
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    let cases = [
        ("{\"v\":1,\"id\":1,\"ok\":true}", None),
        ("{\"v\":1,\"id\":2,\"ok\":true}", Some(70)),
        ("{\"v\":1,\"id\":null,\"ok\":true}", Some(70)),
        ("{\"v\":2,\"id\":1,\"ok\":true}", Some(70)),
        ("{\"v\":1,\"id\":1}", Some(70)),
        ("hello", Some(70)),
        ("{\"v\":1,\"id\":1,\"ok\":false,\"exit\":0}", Some(70)),
        ("{\"v\":1,\"id\":1,\"ok\":false,\"exit\":77}", Some(77)),
        ("{\"v\":1,\"id\":null,\"ok\":false,\"exit\":75}", Some(75)),
        ("{\"v\":1,\"id\":1,\"ok\":true,\"more\":true}", Some(75)),
    ];
    for (line, exit) in cases {
        let fixture = Fixture::new();
        let listener = UnixListener::bind(fixture.path()).unwrap();
        let daemon = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            BufReader::new(&stream)
                .read_line(&mut String::new())
                .unwrap();
            stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        });
        let mut client = Client::connect(fixture.path()).unwrap().with_timeout(LONG);
        let answer = client.ask("halt", &json!({}));
        assert_eq!(answer.err().map(|error| error.exit()), exit, "{line}");
        daemon.join().unwrap();
    }
}

#[test]
fn a_request_too_long_for_a_line_is_not_sent() {
    let fixture = Fixture::new();
    let socket = fixture.open();
    let mut client = Client::connect(socket.path()).unwrap();
    let long = json!({ "reason": "x".repeat(LINE_MAX) });
    let error = client.ask("halt", &long).expect_err("it is too long");
    assert_eq!(error.exit(), 64);
    assert_eq!(count(&mut client, 2), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_any_bytes_at_all_the_daemon_still_answers(
        bytes in proptest::collection::vec(any::<u8>(), 0..4096),
    ) {
        let fixture = Fixture::new();
        let socket = fixture.open();
        let mut stream = UnixStream::connect(socket.path()).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.write_all(b"\n{\"v\":1,\"id\":77,\"verb\":\"count\"}\n").unwrap();
        let answers = BufReader::new(stream).lines().map_while(Result::ok);
        let answers = answers.map(|line| serde_json::from_str::<Value>(&line).unwrap());
        let mut ids = answers.map(|answer| answer["id"].clone());
        prop_assert!(ids.any(|id| id == 77));
    }
}
