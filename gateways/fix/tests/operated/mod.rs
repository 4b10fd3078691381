//! What operators do to sessions of a link at work, and what its message log holds.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use dcx_fix::{
    Credentials, Link, LinkState, MessageLogConfig, Obeyed, OrderFault, SessionOrder, StoreConfig,
};
use dcx_model::Code;
use dcx_ring::Worker;

use crate::common::{Raw, Recorder, acceptor, initiator, now, some_cycles, until};
use crate::{FIRST, both_up, in_files, is_up, start};

fn disable() -> SessionOrder {
    SessionOrder::Disable {
        text: "not today".to_owned(),
    }
}

const fn numbers(next_in: u64, next_out: u64, forced: bool) -> SessionOrder {
    SessionOrder::Renumber {
        next_in: Some(next_in),
        next_out: Some(next_out),
        forced,
    }
}

/// Lets the link work until it has closed every connection.
fn quiet(link: &mut Link<Recorder>) {
    until(&mut [link], "it is quiet", |links| links[0].is_quiet());
}

#[test]
fn a_disabled_session_turns_its_peer_away_with_a_reason_until_it_is_enabled() {
    let mut server = start(acceptor(&["CLIENT", "OTHER"]), Recorder::default());
    let at = server.local_addrs()[0];
    let mut on = Raw::connect(at, "CLIENT");
    on.log_on(&mut server);
    let mut other = Raw::connect(at, "OTHER");
    other.log_on(&mut server);
    server.obey(FIRST, disable(), now()).unwrap();
    assert!(on.next_message(&mut server).contains("|35=5|"));
    let logout = on.message(b"5", |_| {});
    on.write(&logout);
    assert_eq!(on.next_message(&mut server), "closed");
    some_cycles(&mut [&mut server]);
    let stats = server.stats(FIRST);
    assert_eq!(
        (stats.state, stats.reason),
        (LinkState::Off, Some(Code::F119))
    );

    let mut again = Raw::connect(at, "CLIENT");
    again.next_out = on.next_out;
    let logon = again.logon();
    again.write(&logon);
    let told = again.next_message(&mut server);
    assert!(
        told.contains("|35=5|") && told.contains("|58=not today|"),
        "{told}"
    );
    assert_eq!(again.next_message(&mut server), "closed");
    let stats = server.stats(FIRST);
    assert_eq!(
        (stats.state, stats.reason),
        (LinkState::Off, Some(Code::F119))
    );
    let mut stranger = Raw::connect(at, "NOBODY");
    let logon = stranger.logon();
    stranger.write(&logon);
    assert_eq!(
        stranger.next_message(&mut server),
        "closed",
        "strangers hear nothing"
    );

    server.obey(FIRST, SessionOrder::Enable, now()).unwrap();
    let mut last = Raw::connect(at, "CLIENT");
    last.next_out = again.next_out;
    last.log_on(&mut server);
    assert!(is_up(&server));
    // Both turned away and logged out, nothing was missed: no gap on either side.
    assert_eq!(server.stats(FIRST).counts.gaps, 0);
    let order = other.order("o1");
    other.write(&order);
    until(&mut [&mut server], "the other session went on", |links| {
        links[0].application().ids() == ["o1"]
    });
}

#[test]
fn a_session_that_is_disabled_from_the_start_does_not_come_up() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let mut config = initiator("CLIENT", server.local_addrs()[0]);
    config.sessions[0].disabled = Some("not today".to_owned());
    let mut client = start(config, Recorder::default());
    some_cycles(&mut [&mut server, &mut client]);
    assert_eq!(server.counts().accepted, 0);
    assert_eq!(client.stats(FIRST).state, LinkState::Off);
    assert_eq!(client.stats(FIRST).reason, Some(Code::F119));
    client.obey(FIRST, SessionOrder::Enable, now()).unwrap();
    until(&mut [&mut server, &mut client], "both are up", both_up);
}

#[test]
fn a_session_that_is_disconnected_comes_back() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let config = initiator("CLIENT", server.local_addrs()[0]);
    let mut client = start(config, Recorder::default());
    until(&mut [&mut server, &mut client], "both are up", both_up);
    let order = SessionOrder::Disconnect {
        text: "again".to_owned(),
    };
    server.obey(FIRST, order, now()).unwrap();
    until(&mut [&mut server, &mut client], "it came back", |links| {
        both_up(links) && links[0].stats(FIRST).counts.logons == 2
    });
}

#[test]
fn numbers_change_only_without_connection_and_lose_nothing_unless_forced() {
    let dir = tempfile::tempdir().unwrap();
    let config = in_files(acceptor(&["CLIENT"]), dir.path());
    let mut server = start(config, Recorder::answering());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.log_on(&mut server);
    let order = raw.order("o1");
    raw.write(&order);
    assert!(raw.next_message(&mut server).contains("|35=8|"));
    let refused = server.obey(FIRST, numbers(1, 1, true), now());
    assert_eq!(refused, Err(OrderFault::Connected));
    drop(raw);
    quiet(&mut server);

    // The report may not have arrived: the connection broke.
    let refused = server.obey(FIRST, numbers(1, 1, false), now());
    assert_eq!(refused, Err(OrderFault::WouldLose { from: 2, to: 2 }));
    let refused = server.obey(FIRST, numbers(9, 3, false), now());
    assert_eq!(refused, Err(OrderFault::WouldSkip { from: 3, to: 8 }));
    assert_eq!(
        server.obey(FIRST, numbers(0, 3, true), now()),
        Err(OrderFault::Zero)
    );
    assert_eq!(server.stats(FIRST).counts.next_in, 3, "nothing has changed");

    // Only what is expected goes back: what was sent is still there to be sent again.
    server.obey(FIRST, numbers(2, 3, false), now()).unwrap();
    assert_eq!(server.stats(FIRST).counts.next_in, 2);
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.next_out = 2;
    raw.log_on(&mut server);
    let ask = raw.message(b"2", |body| {
        body.uint(7, 2);
        body.uint(16, 2);
    });
    raw.write(&ask);
    let again = raw.next_message(&mut server);
    assert!(
        again.contains("|35=8|") && again.contains("|43=Y|"),
        "{again}"
    );
    drop(raw);
    quiet(&mut server);

    server.obey(FIRST, numbers(1, 1, true), now()).unwrap();
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.log_on(&mut server);
    assert_eq!(server.stats(FIRST).counts.next_out, 2);
}

#[test]
fn after_logouts_of_both_sides_numbers_may_restart() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::answering());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.log_on(&mut server);
    let order = raw.order("o1");
    raw.write(&order);
    assert!(raw.next_message(&mut server).contains("|35=8|"));
    let logout = raw.message(b"5", |_| {});
    raw.write(&logout);
    assert!(raw.next_message(&mut server).contains("|35=5|"));
    quiet(&mut server);
    server.obey(FIRST, numbers(1, 1, false), now()).unwrap();
    let counts = server.stats(FIRST).counts;
    assert_eq!((counts.next_in, counts.next_out), (1, 1));
}

#[test]
fn orders_of_other_threads_are_answered_and_unknown_when_nobody_works() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let control = server.control();
    let asked = thread::spawn(move || {
        let patience = Duration::from_secs(30);
        let done = control.order(FIRST, disable(), patience);
        let none = control.order(dcx_fix::SessionIx::new(7), disable(), patience);
        (done, none, control)
    });
    while !asked.is_finished() {
        server.work(now());
    }
    let (done, none, control) = asked.join().unwrap();
    let Obeyed::Done(stats) = done else {
        panic!("{done:?}");
    };
    assert_eq!(stats.state, LinkState::Off);
    assert_eq!(none, Obeyed::Refused(OrderFault::NoSession));
    let late = control.order(FIRST, SessionOrder::Enable, Duration::ZERO);
    assert_eq!(late, Obeyed::Unknown);
    drop(server);
    let gone = control.order(FIRST, SessionOrder::Enable, Duration::from_secs(30));
    assert_eq!(gone, Obeyed::Busy);
}

/// Everything below a directory.
fn whole(directory: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => text.push_str(&whole(&path)),
            false => text.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap())),
        }
    }
    text
}

#[test]
fn no_password_is_written_anywhere_however_it_comes() {
    const SECRET: &str = "hunter2-9f3e";
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    let mut config = in_files(acceptor(&["CLIENT", "OTHER"]), &dir.path().join("store"));
    config.message_log = Some(MessageLogConfig::new(logs.clone()));
    let right = Credentials::new("ann".to_owned(), SECRET.to_owned());
    config.sessions[0].credentials = Some(right.clone());
    let mut server = start(config, Recorder::answering());
    let at = server.local_addrs()[0];

    // In a Logon that is refused, in one that comes in pieces, with others' RawData.
    let mut wrong = Raw::connect(at, "CLIENT");
    let logon = wrong.message(b"A", |body| {
        body.uint(98, 0);
        body.uint(108, 30);
        body.uint(95, SECRET.len() as u64);
        body.str(96, SECRET);
        body.str(553, "eve");
        body.str(554, &format!("{SECRET}x"));
        body.str(925, SECRET);
    });
    for byte in logon {
        wrong.write(&[byte]);
        server.work(now());
    }
    assert_eq!(wrong.next_message(&mut server), "closed");
    // In the right Logon, then in fields where no password belongs, and in bytes that are no
    // message.
    let mut raw = Raw::connect(at, "CLIENT");
    let logon = raw.message(b"A", |body| {
        body.uint(98, 0);
        body.uint(108, 30);
        body.str(553, "ann");
        body.str(554, SECRET);
    });
    raw.write(&logon);
    assert!(raw.next_message(&mut server).contains("|35=A|"));
    for tag in [554, 58] {
        let odd = raw.message(b"D", |body| {
            body.str(11, "o1");
            body.str(tag, SECRET);
        });
        raw.write(&odd);
        assert!(raw.next_message(&mut server).contains("|35=3|"));
    }
    let mut garbled = raw.message(b"A", |body| body.str(554, SECRET));
    garbled[10] ^= 1;
    raw.write(&garbled);
    let order = raw.order("o2");
    raw.write(&order);
    assert!(raw.next_message(&mut server).contains("|35=2|"));
    // A Logon for somebody who is not configured.
    let mut stranger = Raw::connect(at, "NOBODY");
    let logon = stranger.message(b"A", |body| body.str(554, SECRET));
    stranger.write(&logon);
    assert_eq!(stranger.next_message(&mut server), "closed");

    // As initiator, which sends it.
    let mut config = initiator("CLIENT", at);
    config.message_log = Some(MessageLogConfig::new(dir.path().join("client")));
    config.sessions[0].credentials = Some(right);
    config.sessions[0].store = StoreConfig::File(dir.path().join("client-store"));
    drop(raw);
    quiet(&mut server);
    let mut client = start(config, Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "it is logged on",
        |links| {
            links[1].stats(FIRST).counts.logons > 0 || links[1].stats(FIRST).counts.messages_in > 0
        },
    );
    drop(client);
    drop(server);

    let log = whole(&logs);
    assert!(
        log.matches(" in masked 8=FIX.4.4\u{1}").count() >= 3,
        "{log}"
    );
    assert!(log.contains(" out 8=FIX.4.4\u{1}"), "{log}");
    assert!(log.contains("bytes that are no message"), "{log}");
    let all = whole(dir.path());
    assert!(whole(&dir.path().join("client")).contains(" out masked 8=FIX.4.4\u{1}"));
    assert!(!all.contains(SECRET), "a password was written");
}

#[test]
fn the_round_trip_is_that_of_a_test_request() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    let logon = raw.message(b"A", |body| {
        body.uint(98, 0);
        body.uint(108, 1);
    });
    raw.write(&logon);
    assert!(raw.next_message(&mut server).contains("|35=A|"));
    let asked = loop {
        let message = raw.next_message(&mut server);
        if message.contains("|35=1|") {
            break message;
        }
    };
    assert!(asked.contains("|112=TEST|"), "{asked}");
    assert_eq!(server.stats(FIRST).counts.round_trip_us, 0);
    thread::sleep(Duration::from_millis(2));
    let answer = raw.message(b"0", |body| body.str(112, "TEST"));
    raw.write(&answer);
    until(&mut [&mut server], "it is measured", |links| {
        links[0].stats(FIRST).counts.round_trip_us >= 2_000
    });
    let counts = server.stats(FIRST).counts;
    assert!(counts.last_in_ms > 0 && counts.last_out_ms > 0);
    assert!(
        counts.last_in_ms >= counts.last_out_ms,
        "the answer came last"
    );
}
