//! Two links over loopback: logon, orders, restarts, and peers that misbehave.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is wrong"
)]

mod access;
mod common;
mod operated;
mod versions;

use std::fs;
use std::path::Path;

use common::{Raw, Recorder, Seen, acceptor, initiator, now, some_cycles, until};
use dcx_fix::{Link, LinkConfig, LinkState, SessionIx, StoreConfig};
use dcx_model::{Code, Nanos};
use dcx_ring::Worker;

const FIRST: SessionIx = SessionIx::new(0);
const SECOND: SessionIx = SessionIx::new(1);

fn start(config: LinkConfig, app: Recorder) -> Link<Recorder> {
    Link::start(config, app).unwrap()
}

fn in_files(mut config: LinkConfig, directory: &Path) -> LinkConfig {
    for session in &mut config.sessions {
        session.store = StoreConfig::File(directory.to_owned());
    }
    config
}

fn is_up(link: &Link<Recorder>) -> bool {
    link.stats(FIRST).state == LinkState::Up
}

fn both_up(links: &mut [&mut Link<Recorder>]) -> bool {
    links.iter().all(|link| is_up(link))
}

fn ids(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|ix| format!("{prefix}{ix}")).collect()
}

#[test]
fn orders_are_answered_in_order() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::answering());
    let mut client = start(
        initiator("CLIENT", server.local_addrs()[0]),
        Recorder::default(),
    );
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
    let sent = ids("o", 1000);
    for id in &sent {
        client.application_mut().send(0, id);
    }
    until(&mut [&mut server, &mut client], "all answers", |links| {
        links[1].application().ids().len() == sent.len()
    });
    assert_eq!(server.application().ids(), sent);
    assert_eq!(client.application().ids(), sent);
    let stats = client.stats(FIRST);
    assert_eq!((stats.counts.next_out, stats.counts.next_in), (1002, 1002));
    assert_eq!(stats.counts.gaps, 0);
    assert_eq!(stats.reason, None);
}

#[test]
fn an_orderly_end_is_told_to_both_sides_and_the_session_stays_off() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let mut client = start(
        initiator("CLIENT", server.local_addrs()[0]),
        Recorder::default(),
    );
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
    server.log_out_all(now(), "closing");
    until(&mut [&mut server, &mut client], "both are quiet", |links| {
        links[0].is_quiet()
    });
    assert_eq!(server.application().seen, [Seen::On(0), Seen::Out(0)]);
    assert_eq!(server.stats(FIRST).state, LinkState::Off);
    assert_eq!(server.stats(FIRST).reason, Some(Code::F106));
    until(
        &mut [&mut server, &mut client],
        "the client hears it",
        |links| links[1].application().seen == [Seen::On(0), Seen::Out(0)],
    );
    some_cycles(&mut [&mut server, &mut client]);
    assert_eq!(server.stats(FIRST).counts.logons, 1);
    server.log_on(FIRST, now());
    until(
        &mut [&mut server, &mut client],
        "both are logged on again",
        both_up,
    );
}

#[test]
fn what_was_sent_while_the_peer_was_away_is_resent_at_its_next_logon() {
    let dir = tempfile::tempdir().unwrap();
    let config = in_files(acceptor(&["CLIENT"]), &dir.path().join("server"));
    let mut server = start(config, Recorder::default());
    let client_config = in_files(
        initiator("CLIENT", server.local_addrs()[0]),
        &dir.path().join("client"),
    );
    let mut client = start(client_config.clone(), Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
    server.application_mut().send(0, "before");
    until(&mut [&mut server, &mut client], "the first", |links| {
        links[1].application().ids() == ["before"]
    });
    drop(client);
    until(&mut [&mut server], "the server sees it", |links| {
        !is_up(links[0])
    });
    assert_eq!(server.stats(FIRST).reason, Some(Code::F103));
    let sent = ids("away", 600);
    for id in &sent {
        server.application_mut().send(0, id);
    }
    some_cycles(&mut [&mut server]);
    let mut client = start(client_config, Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "what was missed",
        |links| links[1].application().ids().len() >= sent.len(),
    );
    assert_eq!(client.application().ids(), sent);
    assert!(client.application().seen.contains(&Seen::Got(
        0,
        "D".to_owned(),
        "away1".to_owned(),
        true
    )));
    assert_eq!(client.stats(FIRST).counts.gaps, 1);
    server.application_mut().send(0, "after");
    until(
        &mut [&mut server, &mut client],
        "the session goes on",
        |links| links[1].application().ids().last() == Some(&"after"),
    );
}

/// Copies the store files, as a kill leaves them: nothing runs, what was written stays.
fn as_killed(directory: &Path, link: Link<Recorder>) {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path());
    let left: Vec<_> = files.map(|file| (fs::read(&file).unwrap(), file)).collect();
    drop(link);
    for (bytes, file) in left {
        fs::write(file, bytes).unwrap();
    }
}

#[test]
fn after_a_kill_nothing_is_missed_and_what_comes_twice_is_marked() {
    let dir = tempfile::tempdir().unwrap();
    let server_dir = dir.path().join("server");
    let mut config = in_files(acceptor(&["CLIENT"]), &server_dir);
    let mut server = start(config.clone(), Recorder::default());
    let address = server.local_addrs()[0];
    config.listen = vec![address];
    let client_config = in_files(initiator("CLIENT", address), &dir.path().join("client"));
    let mut client = start(client_config, Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
    let sent = ids("o", 50);
    for id in &sent {
        client.application_mut().send(0, id);
    }
    server.application_mut().send(0, "told");
    until(&mut [&mut server, &mut client], "all orders", |links| {
        links[0].application().ids().len() == sent.len() && links[1].application().ids() == ["told"]
    });
    as_killed(&server_dir, server);

    client.application_mut().send(0, "meanwhile");
    let mut server = start(config, Recorder::default());
    let next_in = server.stats(FIRST).counts.next_in;
    assert!(next_in <= 52, "never beyond what was taken: {next_in}");
    until(
        &mut [&mut server, &mut client],
        "the order sent meanwhile",
        |links| links[0].application().ids().last() == Some(&"meanwhile"),
    );
    let again = server.application().ids();
    let missed = again.len() - 1;
    assert_eq!(again[..missed], sent[sent.len() - missed..]);
    for seen in &server.application().seen {
        if let Seen::Got(_, _, id, poss_dup) = seen {
            assert!(*poss_dup || id == "meanwhile", "{id} came twice unmarked");
        }
    }
    assert_eq!(
        client.application().ids(),
        ["told"],
        "nothing is told twice"
    );
    server.application_mut().send(0, "goes on");
    until(
        &mut [&mut server, &mut client],
        "the session goes on",
        |links| links[1].application().ids() == ["told", "goes on"],
    );
}

#[test]
fn a_number_is_not_kept_while_its_message_is_in_no_safe_hands() {
    let dir = tempfile::tempdir().unwrap();
    let config = in_files(acceptor(&["CLIENT"]), dir.path());
    let app = Recorder {
        keeps_nothing: true,
        ..Recorder::default()
    };
    let mut server = start(config.clone(), app);
    let mut client = start(
        initiator("CLIENT", server.local_addrs()[0]),
        Recorder::default(),
    );
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
    for id in ids("o", 5) {
        client.application_mut().send(0, &id);
    }
    until(&mut [&mut server, &mut client], "all orders", |links| {
        links[0].application().ids().len() == 5
    });
    // Two periods and more, in which the number would have followed.
    let end = now().mono.plus(Nanos::from_millis(300));
    while now().mono < end {
        server.work(now());
    }
    drop(server);
    let server = start(config, Recorder::default());
    let next_in = server.stats(FIRST).counts.next_in;
    assert!(
        next_in <= 2,
        "{next_in}: an order would never be asked for again"
    );
}

#[test]
fn a_damaged_store_refuses_to_start() {
    let dir = tempfile::tempdir().unwrap();
    let config = in_files(acceptor(&["CLIENT"]), dir.path());
    let mut link = start(config.clone(), Recorder::default());
    for id in ids("x", 3) {
        link.application_mut().send(0, &id);
    }
    link.work(now());
    drop(link);
    let file = dir.path().join("FIX.4.4-DCX-CLIENT.fixlog");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let refused = Link::start(config, Recorder::default()).unwrap_err();
    assert_eq!(refused.code(), Some(Code::F112), "{refused}");
}

#[test]
fn a_second_logon_with_the_same_comp_ids_is_closed_and_the_first_goes_on() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::answering());
    let mut first = Raw::connect(server.local_addrs()[0], "CLIENT");
    first.log_on(&mut server);
    let mut second = Raw::connect(server.local_addrs()[0], "CLIENT");
    let logon = second.logon();
    second.write(&logon);
    assert_eq!(second.next_message(&mut server), "closed");
    assert_eq!(server.stats(FIRST).counts.logons_in_use, 1);
    let order = first.order("still here");
    first.write(&order);
    assert!(first.next_message(&mut server).contains("|11=still here|"));
}

#[test]
fn a_connection_that_is_no_logon_of_ours_is_closed_and_nothing_sent() {
    let config = LinkConfig {
        logon_bytes_max: 512,
        ..acceptor(&["CLIENT"])
    };
    let mut server = start(config, Recorder::default());
    let address = server.local_addrs()[0];
    let mut stranger = Raw::connect(address, "STRANGER");
    let unknown = stranger.logon();
    let mut raw = Raw::connect(address, "CLIENT");
    let mut wrong_sum = raw.logon();
    let at = wrong_sum.len() - 2;
    wrong_sum[at] = if wrong_sum[at] == b'0' { b'1' } else { b'0' };
    let cases: [(&str, Vec<u8>); 6] = [
        ("unknown CompIDs", unknown),
        ("an order first", raw.order("too early")),
        ("a wrong sum", wrong_sum),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (
            "too much",
            [b"8=FIX.4.4\x019=480\x0135=A\x01".as_slice(), &[b'x'; 600]].concat(),
        ),
        ("binary", vec![0xff; 100]),
    ];
    for (what, bytes) in &cases {
        let mut raw = Raw::connect(address, "CLIENT");
        raw.write(bytes);
        assert_eq!(raw.next_message(&mut server), "closed", "{what}");
    }
    assert_eq!(server.counts().unknown_peers, 1);
    assert_eq!(server.counts().not_logons, 5);
    assert_eq!(server.application().seen, []);
    let mut raw = Raw::connect(address, "CLIENT");
    raw.log_on(&mut server);
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let config = LinkConfig {
        logon_timeout: Nanos::from_millis(30),
        pending_max: 2,
        ..acceptor(&["CLIENT"])
    };
    let mut server = start(config, Recorder::default());
    let mut silent = Raw::connect(server.local_addrs()[0], "CLIENT");
    assert_eq!(silent.next_message(&mut server), "closed");
    assert_eq!(server.counts().logon_timeouts, 1);
    let _waiting: Vec<_> = (0..5)
        .map(|_| Raw::connect(server.local_addrs()[0], "CLIENT"))
        .collect();
    until(&mut [&mut server], "three too many", |links| {
        links[0].counts().overflows == 3
    });
}

#[test]
fn damaged_bytes_within_a_session_lose_nothing_else() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::answering());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.log_on(&mut server);
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("a wrong sum", |bytes| {
            let at = bytes.len() - 2;
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        }),
        ("garbage in front", |bytes| {
            bytes.splice(0..0, *b"garbage");
            let at = bytes.len() - 3;
            bytes[at] ^= 1;
        }),
        ("cut short", |bytes| bytes.truncate(bytes.len() - 20)),
        ("a tag that is no number", |bytes| {
            let at = bytes
                .windows(4)
                .position(|four| four == b"\x0155=")
                .unwrap();
            bytes[at + 1] = b'x';
            mend_sum(bytes);
        }),
        ("longer than is accepted", |bytes| {
            let at = bytes
                .windows(3)
                .position(|three| three == b"\x019=")
                .unwrap();
            bytes.splice(at + 3..at + 3, *b"99999");
        }),
    ];
    for (what, damage) in damages {
        let lost = format!("lost to {what}");
        // Two of them: a length that claims too much takes the next message with it.
        let behind = [format!("behind {what}"), format!("further behind {what}")];
        let lost_number = raw.next_out;
        let mut bytes = raw.order(&lost);
        damage(&mut bytes);
        raw.write(&bytes);
        for id in &behind {
            let next = raw.order(id);
            raw.write(&next);
        }
        let answer = raw.next_message(&mut server);
        assert!(
            answer.contains("|35=2|") && answer.contains(&format!("|7={lost_number}|")),
            "{what}: {answer}"
        );
        raw.next_out = lost_number;
        for id in [&lost, &behind[0], &behind[1]] {
            let again = raw.order(id);
            raw.write(&as_poss_dup(&again));
        }
        for id in [&lost, &behind[0], &behind[1]] {
            let answer = raw.next_message(&mut server);
            assert!(answer.contains(&format!("|11={id}|")), "{what}: {answer}");
        }
    }
    assert!(server.stats(FIRST).counts.garbled >= 5);
    assert_eq!(server.stats(FIRST).state, LinkState::Up);
    assert_eq!(server.application().ids().len(), 15);
}

/// The same messages with PossDupFlag (43) and OrigSendingTime (122).
fn as_poss_dup(bytes: &[u8]) -> Vec<u8> {
    let mut marked = Vec::new();
    let mut rest = bytes;
    while let dcx_fix::Scan::Message { message, len } = dcx_fix::scan(rest) {
        let raw = String::from_utf8(message.raw().to_vec()).unwrap();
        let sent = std::str::from_utf8(message.get(52).unwrap()).unwrap();
        let body_at = raw.find("\u{1}35=").unwrap() + 1;
        let body = raw[body_at..raw.len() - 7].replacen(
            &format!("\u{1}52={sent}"),
            &format!("\u{1}43=Y\u{1}52={sent}\u{1}122={sent}"),
            1,
        );
        let mut whole =
            format!("8=FIX.4.4\u{1}9={}\u{1}{body}10=000\u{1}", body.len()).into_bytes();
        mend_sum(&mut whole);
        marked.extend_from_slice(&whole);
        rest = &rest[len..];
    }
    marked
}

fn mend_sum(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() - 7);
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.extend_from_slice(format!("10={sum:03}\u{1}").as_bytes());
}

#[test]
fn a_message_in_many_pieces_is_one_message() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::answering());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    for byte in raw.logon() {
        raw.write(&[byte]);
        server.work(now());
    }
    assert!(raw.next_message(&mut server).contains("|35=A|"));
    for byte in [raw.order("one"), raw.order("two")].concat() {
        raw.write(&[byte]);
        server.work(now());
    }
    assert!(raw.next_message(&mut server).contains("|11=one|"));
    assert!(raw.next_message(&mut server).contains("|11=two|"));
}

#[test]
fn a_refusal_of_the_application_becomes_a_reject() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::answering());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.log_on(&mut server);
    let orders = [raw.order("REFUSE"), raw.order("next")].concat();
    raw.write(&orders);
    let answers = [raw.next_message(&mut server), raw.next_message(&mut server)];
    let reject = answers.iter().find(|text| text.contains("|35=3|")).unwrap();
    for field in ["|45=2|", "|371=38|", "|372=D|", "|373=5|", "|58=too many|"] {
        assert!(reject.contains(field), "{field} in {reject}");
    }
    assert!(answers.iter().any(|text| text.contains("|11=next|")));
    assert_eq!(server.stats(FIRST).counts.refused, 1);
}

#[test]
fn a_peer_that_does_not_read_is_cut_and_the_others_go_on() {
    let config = LinkConfig {
        out_bytes_max: 64 * 1024,
        ..acceptor(&["SLOW", "QUICK"])
    };
    let mut server = start(config, Recorder::answering());
    let mut slow = Raw::connect(server.local_addrs()[0], "SLOW");
    slow.log_on(&mut server);
    let mut quick = Raw::connect(server.local_addrs()[0], "QUICK");
    quick.log_on(&mut server);
    let mut sent: u64 = 0;
    until(&mut [&mut server], "the slow one is cut", |links| {
        for _ in 0..200 {
            sent += 1;
            links[0].application_mut().send(0, &format!("s{sent}"));
        }
        links[0].stats(FIRST).counts.slow_cuts == 1
    });
    assert_eq!(server.stats(FIRST).reason, Some(Code::F100));
    let order = quick.order("unharmed");
    quick.write(&order);
    assert!(quick.next_message(&mut server).contains("|11=unharmed|"));
    assert_eq!(server.stats(SECOND).state, LinkState::Up);

    server.work(now());
    let total = server.stats(FIRST).counts.next_out;
    let mut slow = Raw::connect(server.local_addrs()[0], "SLOW");
    slow.next_out = 2;
    let logon = slow.logon();
    slow.write(&logon);
    assert!(slow.next_message(&mut server).contains("|35=A|"));
    let ask = slow.message(b"2", |body| {
        body.uint(7, 2);
        body.uint(16, 0);
    });
    slow.write(&ask);
    let mut next = 1;
    while next < sent {
        let text = slow.next_message(&mut server);
        if text.contains("|35=D|") {
            assert!(
                text.contains(&format!("|11=s{next}|")),
                "s{next} missing: {text}"
            );
            next += 1;
        }
    }
    assert!(total > sent, "every message had its number");
}

#[test]
fn a_peer_whose_window_stays_shut_is_cut_in_time() {
    let config = LinkConfig {
        stall_timeout: Nanos::from_millis(50),
        out_bytes_max: 1 << 26,
        ..acceptor(&["STUCK"])
    };
    let mut server = start(config, Recorder::default());
    let mut stuck = Raw::connect(server.local_addrs()[0], "STUCK");
    stuck.log_on(&mut server);
    // More than the buffers of both sockets hold; then nothing more, and nothing is read.
    for id in ids("s", 100_000) {
        server.application_mut().send(0, &id);
    }
    until(&mut [&mut server], "it is cut", |links| {
        links[0].stats(FIRST).reason == Some(Code::F101)
    });
    assert_eq!(server.stats(FIRST).counts.slow_cuts, 1);
}

#[test]
fn while_the_application_is_not_ready_nothing_is_read_and_nothing_lost() {
    let app = Recorder {
        room: Some(3),
        ..Recorder::default()
    };
    let mut server = start(acceptor(&["CLIENT"]), app);
    let mut client = start(
        initiator("CLIENT", server.local_addrs()[0]),
        Recorder::default(),
    );
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
    let sent = ids("o", 20);
    for id in &sent {
        client.application_mut().send(0, id);
    }
    until(&mut [&mut server, &mut client], "it is full", |links| {
        links[0].counts().not_ready > 50
    });
    assert_eq!(server.application().ids(), sent[..3]);
    server.application_mut().room = None;
    until(&mut [&mut server, &mut client], "the rest", |links| {
        links[0].application().ids().len() == sent.len()
    });
    assert_eq!(server.application().ids(), sent);
    assert_eq!(server.stats(FIRST).counts.gaps, 0);
}

#[test]
fn while_the_application_is_not_ready_heartbeats_and_logouts_are_answered() {
    let mut server = start(acceptor(&["CLIENT"]), Recorder::default());
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    raw.log_on(&mut server);
    server.application_mut().room = Some(0);
    let probe = raw.message(b"1", |body| body.str(112, "there?"));
    raw.write(&probe);
    assert!(raw.next_message(&mut server).contains("|35=0|"));
    server.log_out_all(now(), "closing");
    assert!(raw.next_message(&mut server).contains("|35=5|"));
    let answer = raw.message(b"5", |_| {});
    raw.write(&answer);
    assert_eq!(raw.next_message(&mut server), "closed");
    assert_eq!(server.stats(FIRST).reason, Some(Code::F106));
}

#[test]
fn an_initiator_tries_again_until_its_peer_is_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut client = start(initiator("CLIENT", address), Recorder::default());
    until(&mut [&mut client], "a refused attempt", |links| {
        links[0].stats(FIRST).reason == Some(Code::F104)
    });
    let mut config = acceptor(&["CLIENT"]);
    config.listen = vec![address];
    let mut server = start(config, Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "both are logged on",
        both_up,
    );
}

#[test]
fn many_sessions_are_served_by_asking_which_are_readable() {
    let names = ids("C", 20);
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut server = start(acceptor(&names), Recorder::answering());
    let mut raws: Vec<_> = names
        .iter()
        .map(|name| Raw::connect(server.local_addrs()[0], name))
        .collect();
    for raw in &mut raws {
        raw.log_on(&mut server);
    }
    for round in 0..3 {
        for raw in &mut raws {
            let order = raw.order(&format!("r{round}"));
            raw.write(&order);
        }
        for raw in &mut raws {
            let answer = raw.next_message(&mut server);
            assert!(answer.contains(&format!("|11=r{round}|")), "{answer}");
        }
    }
    let board = server.board();
    until(&mut [&mut server], "the board follows", |_| {
        (0..20).all(|ix| {
            let stats = board.session(SessionIx::new(ix)).unwrap();
            stats.state == LinkState::Up && stats.counts.messages_in == 4
        })
    });
}
