//! Who may connect, when, how often and how fast; templates, other hosts, numbers by the operator.

mod tls;

use std::net::TcpListener;

use dcx_fix::{
    Link, LinkConfig, LinkState, NextSeqNums, OverRate, Schedule, SessionIx, StoreConfig, Throttle,
};
use dcx_model::{Code, MonoNanos, NANOS_PER_S, Now, UnixNanos};
use dcx_ring::Worker;

use super::{FIRST, SECOND, is_up, start};
use crate::common::{Raw, Recorder, acceptor, initiator, now, until};

/// Monday, 23 November 2026, 12:00 UTC, and so many seconds.
fn noon(seconds: u64) -> UnixNanos {
    UnixNanos::from_seconds(1_795_435_200 + seconds)
}

/// A moment by a clock of the test's own.
fn moment(seconds: u64) -> Now {
    Now {
        mono: MonoNanos::new(1 + seconds * NANOS_PER_S),
        unix: noon(seconds),
    }
}

fn work_at(link: &mut Link<Recorder>, now: Now) {
    for _ in 0..50 {
        link.work(now);
    }
}

/// What comes for a raw client while the link's clock stands; `closed` if nothing will.
fn hears(raw: &mut Raw, link: &mut Link<Recorder>, at: Now) -> String {
    raw.next_message_by(|| {
        link.work(at);
    })
}

#[test]
fn every_peer_that_a_template_lets_in_has_a_session_of_its_own() {
    let mut config = acceptor(&["TW*"]);
    config.template_sessions_max = 2;
    let mut server = start(config, Recorder::answering());
    let address = server.local_addrs()[0];
    let mut peers = ["TW1", "TW2"].map(|name| Raw::connect(address, name));
    for raw in &mut peers {
        raw.log_on(&mut server);
    }
    for (peer, id) in [(0, "a"), (1, "b"), (0, "c")] {
        let raw = &mut peers[peer];
        let order = raw.order(id);
        raw.write(&order);
        let report = raw.next_message(&mut server);
        assert!(report.contains(&format!("|11={id}|")), "{report}");
    }
    let (first, second) = (SessionIx::new(1), SessionIx::new(2));
    assert_eq!(server.comp_ids(first), Some(("DCX", "TW1")));
    assert_eq!(server.comp_ids(second), Some(("DCX", "TW2")));
    assert_eq!(server.stats(first).counts.next_in, 4);
    assert_eq!(server.stats(second).counts.next_in, 3);
    assert_eq!(
        server.stats(FIRST).counts.logons,
        0,
        "a template is no session"
    );

    for refused in ["OTHER", "TW3"] {
        let mut raw = Raw::connect(address, refused);
        let logon = raw.logon();
        raw.write(&logon);
        assert_eq!(raw.next_message(&mut server), "closed", "{refused}");
    }
    assert_eq!(server.counts().unknown_peers, 2);
    let mut again = Raw::connect(address, "TW1");
    let logon = again.logon();
    again.write(&logon);
    assert_eq!(
        again.next_message(&mut server),
        "closed",
        "TW1 is logged on"
    );
}

#[test]
fn a_peer_of_a_template_finds_its_numbers_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = || {
        let mut config = acceptor(&["TW*"]);
        config.sessions[0].store = StoreConfig::File(dir.path().to_owned());
        config
    };
    let mut next_out = 1;
    for round in 0..3 {
        let mut server = start(config(), Recorder::default());
        let mut raw = Raw::connect(server.local_addrs()[0], "TW1");
        raw.next_out = next_out;
        raw.log_on(&mut server);
        next_out = raw.next_out;
        assert_eq!(server.stats(SECOND).counts.next_out, 2 + round);
    }
}

#[test]
fn an_initiator_goes_on_to_the_next_host_until_one_lets_it_log_on() {
    // Nobody listens at an address that was just given up, and nobody answers at the other.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead_at = dead.local_addr().unwrap();
    drop(dead);
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let mut config = initiator("CLIENT", dead_at);
    if let dcx_fix::Role::Initiator { others, .. } = &mut config.sessions[0].role {
        others.push(server.local_addrs()[0]);
    }
    let mut client = start(config, Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "the second host",
        |links| is_up(links[1]),
    );
    assert_eq!(client.stats(FIRST).counts.logons, 1);
}

#[test]
fn an_address_that_is_not_allowed_is_closed_and_nothing_sent() {
    let mut config = acceptor(&["HERE", "ELSEWHERE"]);
    config.sessions[0].allowed = vec!["127.0.0.0/8".parse().unwrap()];
    config.sessions[1].allowed = vec!["192.0.2.0/24".parse().unwrap()];
    let mut server = start(config, Recorder::default());
    let address = server.local_addrs()[0];
    Raw::connect(address, "HERE").log_on(&mut server);
    let mut raw = Raw::connect(address, "ELSEWHERE");
    let logon = raw.logon();
    raw.write(&logon);
    assert_eq!(raw.next_message(&mut server), "closed");
    assert_eq!(server.counts().address_refused, 1);

    let mut config = acceptor(&["ELSEWHERE"]);
    config.sessions[0].allowed = vec!["192.0.2.0/24".parse().unwrap()];
    let mut server = start(config, Recorder::default());
    let mut raw = Raw::connect(server.local_addrs()[0], "ELSEWHERE");
    assert_eq!(
        raw.next_message(&mut server),
        "closed",
        "before it says a word"
    );
}

#[test]
fn an_address_that_connects_too_often_is_closed_and_has_room_again_later() {
    let mut config = acceptor(&["CLIENT"]);
    config.logons_per_s_max = 3;
    config.sessions[0].sending_time_tolerance = None;
    let mut server = start(config, Recorder::default());
    let address = server.local_addrs()[0];
    let mut connections: Vec<_> = (0..5).map(|_| Raw::connect(address, "CLIENT")).collect();
    work_at(&mut server, moment(1));
    assert_eq!(server.counts().rate_refused, 2);
    connections.clear();
    let mut later = Raw::connect(address, "CLIENT");
    let logon = later.logon();
    later.write(&logon);
    assert!(hears(&mut later, &mut server, moment(2)).contains("|35=A|"));
}

fn throttled(over: OverRate) -> LinkConfig {
    let mut config = acceptor(&["FAST", "CALM"]);
    for session in &mut config.sessions {
        session.sending_time_tolerance = None;
    }
    config.sessions[0].throttle = Some(Throttle { per_s: 10, over });
    config
}

#[test]
fn a_peer_that_sends_too_fast_waits_and_the_others_do_not() {
    let mut server = start(throttled(OverRate::Wait), Recorder::default());
    let address = server.local_addrs()[0];
    let (mut fast, mut calm) = (Raw::connect(address, "FAST"), Raw::connect(address, "CALM"));
    let bytes = [fast.logon(), calm.logon()];
    fast.write(&bytes[0]);
    calm.write(&bytes[1]);
    assert!(hears(&mut fast, &mut server, moment(1)).contains("|35=A|"));
    assert!(hears(&mut calm, &mut server, moment(1)).contains("|35=A|"));
    for id in 0..30 {
        let orders = [fast.order(&format!("f{id}")), calm.order(&format!("c{id}"))];
        fast.write(&orders[0]);
        calm.write(&orders[1]);
    }
    let of = |server: &Link<Recorder>, session: &str| {
        let ids = server.application().ids();
        ids.iter().filter(|id| id.starts_with(session)).count()
    };
    // Both have everything in their windows once the calm one's last order is here.
    for _ in 0..100_000 {
        if of(&server, "c") == 30 {
            break;
        }
        server.work(moment(1));
    }
    work_at(&mut server, moment(1));
    assert_eq!(
        (of(&server, "f"), of(&server, "c")),
        (9, 30),
        "the Logon was the tenth"
    );
    work_at(&mut server, moment(2));
    assert_eq!(of(&server, "f"), 19);
    work_at(&mut server, moment(4));
    assert!(of(&server, "f") >= 29);
    assert!(server.stats(FIRST).counts.throttled > 0);
    assert_eq!(server.stats(SECOND).counts.throttled, 0);
}

#[test]
fn a_peer_that_sends_too_fast_is_cut_where_that_is_set() {
    let mut server = start(throttled(OverRate::Cut), Recorder::default());
    let mut fast = Raw::connect(server.local_addrs()[0], "FAST");
    let logon = fast.logon();
    fast.write(&logon);
    assert!(hears(&mut fast, &mut server, moment(1)).contains("|35=A|"));
    let mut bytes = Vec::new();
    for id in 0..10 {
        bytes.extend(fast.order(&format!("f{id}")));
    }
    fast.write(&bytes);
    assert_eq!(hears(&mut fast, &mut server, moment(1)), "closed");
    assert_eq!(server.application().ids().len(), 9);
    assert_eq!(server.stats(FIRST).reason, Some(Code::F118));
}

fn with_hours(dir: &std::path::Path) -> LinkConfig {
    let mut config = acceptor(&["CLIENT"]);
    // Open from 12:00 to 12:10 and again from the next day's 12:00 on.
    let hours = Schedule::daily("UTC", [true; 7], (12 * 3600, 12 * 3600 + 600));
    config.sessions[0].schedule = Some(hours.unwrap());
    config.sessions[0].sending_time_tolerance = None;
    config.sessions[0].store = StoreConfig::File(dir.to_owned());
    config
}

#[test]
fn a_session_is_logged_out_when_its_hours_end_and_begins_at_1_with_the_next() {
    const DAY: u64 = 86_400;
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(with_hours(dir.path()), Recorder::default());
    let address = server.local_addrs()[0];
    let enters = |server: &mut Link<Recorder>, number: u64, at: Now| {
        let mut raw = Raw::connect(address, "CLIENT");
        raw.next_out = number;
        let logon = raw.logon();
        raw.write(&logon);
        let answer = hears(&mut raw, server, at);
        (raw, answer)
    };
    let (mut raw, answer) = enters(&mut server, 1, moment(1));
    assert!(answer.contains("|35=A|34=1|"), "{answer}");
    let order = raw.order("in hours");
    raw.write(&order);
    work_at(&mut server, moment(599));
    assert!(is_up(&server));

    let mut farewell = hears(&mut raw, &mut server, moment(600));
    while farewell.contains("|35=0|") {
        farewell = hears(&mut raw, &mut server, moment(600));
    }
    assert!(
        farewell.contains("|35=5|") && farewell.contains("hours are over"),
        "{farewell}"
    );
    let answer = raw.message(b"5", |_| {});
    raw.write(&answer);
    assert_eq!(hears(&mut raw, &mut server, moment(601)), "closed");
    let (_, answer) = enters(&mut server, 4, moment(700));
    assert_eq!(answer, "closed", "nobody gets in while it is closed");
    work_at(&mut server, moment(701));
    assert_eq!(server.stats(FIRST).state, LinkState::Down);
    assert_eq!(server.stats(FIRST).reason, Some(Code::F116));
    let kept = server.stats(FIRST).counts;
    assert_eq!(
        (kept.next_in, kept.next_out),
        (4, 4),
        "numbers stay until it opens"
    );

    let (raw, answer) = enters(&mut server, 1, moment(DAY + 5));
    assert!(answer.contains("|35=A|34=1|"), "{answer}");
    drop(raw);
    work_at(&mut server, moment(DAY + 6));
    assert_eq!(server.stats(FIRST).counts.next_out, 2);
}

#[test]
fn numbers_restart_with_new_hours_though_the_process_was_down_when_they_began() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(with_hours(dir.path()), Recorder::default());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.next_out = 7;
    server.renumber(
        FIRST,
        moment(1),
        NextSeqNums {
            inbound: 7,
            outbound: 9,
        },
    );
    let logon = raw.logon();
    raw.write(&logon);
    assert!(hears(&mut raw, &mut server, moment(2)).contains("|35=A|34=9|"));
    drop(server);
    // The store says when its numbers began by the clock of this machine, so the same hours and
    // later ones are told apart here by asking for them.
    let next_out = |at: Now| {
        let mut server = start(with_hours(dir.path()), Recorder::default());
        work_at(&mut server, at);
        server.stats(FIRST).counts.next_out
    };
    assert_eq!(next_out(moment(3)), 10, "the same hours: as before");
    assert_eq!(
        next_out(moment(50 * 365 * 86_400 + 5)),
        1,
        "hours that came after"
    );
}

#[test]
fn the_operator_s_numbers_hold_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = || {
        let mut config = acceptor(&["CLIENT"]);
        config.sessions[0].store = StoreConfig::File(dir.path().to_owned());
        config
    };
    let next = NextSeqNums {
        inbound: 70,
        outbound: 90,
    };
    start(config(), Recorder::default()).renumber(FIRST, now(), next);
    let mut server = start(config(), Recorder::default());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.next_out = 70;
    let logon = raw.logon();
    raw.write(&logon);
    let answer = raw.next_message(&mut server);
    assert!(answer.contains("|35=A|34=90|"), "{answer}");
}

#[test]
fn a_bound_of_its_own_cuts_one_session_and_not_another() {
    let mut config = acceptor(&["TIGHT", "WIDE"]);
    config.sessions[0].out_bytes_max = Some(4096);
    config.out_bytes_max = 1 << 26;
    let mut server = start(config, Recorder::default());
    let address = server.local_addrs()[0];
    let mut peers = [
        Raw::connect(address, "TIGHT"),
        Raw::connect(address, "WIDE"),
    ];
    for raw in &mut peers {
        raw.log_on(&mut server);
    }
    // Neither reads: what the kernel does not take waits here.
    for id in 0..60_000 {
        let app = server.application_mut();
        app.send(0, &id.to_string());
        app.send(1, &id.to_string());
        if id % 100 == 0 {
            server.work(now());
        }
    }
    work_at(&mut server, now());
    assert_eq!(server.stats(FIRST).counts.slow_cuts, 1);
    assert_eq!(server.stats(FIRST).reason, Some(Code::F100));
    assert_eq!(server.stats(SECOND).counts.slow_cuts, 0);
    assert_eq!(server.stats(SECOND).state, LinkState::Up);
}
