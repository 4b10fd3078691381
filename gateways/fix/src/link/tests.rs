//! A store that fails under a session that works, how sessions end, what has left the process.

use std::io::{self, Read, Write};
use std::net::TcpStream as Peer;
use std::path::PathBuf;
use std::time::Duration;

use dcx_model::{Code, MonoNanos, Now, UnixNanos};
use dcx_ring::Worker;

use super::slot::Slot;
use super::{Link, LinkState};
use crate::app::{AppReject, Application, Outgoing, SessionEnd, SessionIx};
use crate::config::{LinkConfig, Role, SessionConfig};
use crate::store::{MemoryStore, Store, StoreError};
use crate::{Encoder, Head, Message, NextSeqNums, Session};

/// Sends one message to each session when told to.
#[derive(Debug, Default)]
struct Talker {
    say: bool,
}

impl Application for Talker {
    fn logged_on(&mut self, _: SessionIx, _: Now, _: &mut Outgoing<'_>) {}

    fn logged_out(&mut self, _: SessionIx, _: Now, _: &mut Outgoing<'_>) {}

    fn received(
        &mut self,
        _: SessionIx,
        _: Now,
        _: &Message<'_>,
        _: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        Ok(())
    }

    fn work(&mut self, _: Now, out: &mut Outgoing<'_>) -> usize {
        if !std::mem::take(&mut self.say) {
            return 0;
        }
        for ix in 0..2 {
            out.send(SessionIx::new(ix), b"B", |body| body.str(148, "news"));
        }
        2
    }
}

/// A disk that is full after so many flushes.
#[derive(Debug)]
struct FullDisk {
    store: MemoryStore,
    flushes_left: u32,
}

impl Store for FullDisk {
    fn created_ns(&self) -> Option<u64> {
        None
    }

    fn next_out(&self) -> u64 {
        self.store.next_out()
    }

    fn next_in(&self) -> u64 {
        self.store.next_in()
    }

    fn keep(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        self.store.keep(msg_seq_num, bytes);
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        match self.flushes_left.checked_sub(1) {
            Some(left) => {
                self.flushes_left = left;
                Ok(())
            }
            None => Err(StoreError::Io {
                doing: "writing",
                path: PathBuf::from("full"),
                source: io::ErrorKind::StorageFull.into(),
            }),
        }
    }

    fn settle(&mut self, next_in: u64) {
        self.store.settle(next_in);
    }

    fn note(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn reset(&mut self, next_in: u64, next_out: u64) -> Result<(), StoreError> {
        self.store.reset(next_in, next_out)
    }

    fn read(&mut self, msg_seq_num: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.store.read(msg_seq_num, out)
    }
}

const NOW: Now = Now {
    mono: MonoNanos::new(1),
    unix: UnixNanos::from_seconds(1_795_449_600),
};

fn log_on<A: Application>(link: &mut Link<A>, client: &str) -> Peer {
    let mut peer = Peer::connect(link.local_addrs()[0]).unwrap();
    peer.set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    let mut encoder = Encoder::new(b"FIX.4.4", client.as_bytes(), b"DCX");
    let mut bytes = Vec::new();
    let logon = encoder.encode(&mut bytes, &Head::new(b"A", 1, NOW.unix), |body| {
        body.uint(98, 0);
        body.uint(108, 30);
    });
    peer.write_all(logon).unwrap();
    while !read(link, &mut peer).contains("35=A") {}
    peer
}

/// What comes next; `closed` if nothing will.
fn read<A: Application>(link: &mut Link<A>, peer: &mut Peer) -> String {
    loop {
        link.work(NOW);
        let mut bytes = [0; 4096];
        match peer.read(&mut bytes) {
            Ok(0) => return "closed".to_owned(),
            Ok(count) => return String::from_utf8_lossy(&bytes[..count]).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn nothing_leaves_that_is_not_stored_and_other_sessions_go_on() {
    let sessions = ["FULL", "WELL"].map(|id| SessionConfig::fix44("DCX", id, Role::Acceptor));
    let config = LinkConfig {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        sessions: sessions.to_vec(),
        poll_every: 1,
        ..LinkConfig::default()
    };
    let session = Session::new(sessions[0].settings(&config), NextSeqNums::FIRST).unwrap();
    let mut link = Link::start(config, Talker::default()).unwrap();
    let full = FullDisk {
        store: MemoryStore::new(),
        flushes_left: 4,
    };
    link.slots[0] = Slot::new(
        SessionIx::new(0),
        session,
        Box::new(full),
        sessions[0].clone(),
    );

    let mut full = log_on(&mut link, "FULL");
    let mut well = log_on(&mut link, "WELL");
    let mut told = 0;
    loop {
        link.application_mut().say = true;
        assert!(read(&mut link, &mut well).contains("148=news"));
        let text = read(&mut link, &mut full);
        if text == "closed" {
            break;
        }
        assert!(text.contains("148=news"));
        told += 1;
    }
    assert!(told < 4, "what could not be stored was not told");
    let stats = link.stats(SessionIx::new(0));
    assert_eq!(
        (stats.state, stats.reason),
        (LinkState::Failed, Some(Code::F109))
    );
    link.application_mut().say = true;
    assert!(read(&mut link, &mut well).contains("148=news"));
    assert_eq!(link.stats(SessionIx::new(0)).counts.unstored, 1);
    assert_eq!(link.stats(SessionIx::new(1)).state, LinkState::Up);
}

/// Sends long messages when told to, and writes down how sessions end.
#[derive(Debug, Default)]
struct Meter {
    say: Option<SessionIx>,
    told: u64,
    ends: Vec<SessionEnd>,
    resends_nothing: bool,
}

impl Application for Meter {
    fn logged_on(&mut self, _: SessionIx, _: Now, _: &mut Outgoing<'_>) {}

    fn logged_out(&mut self, _: SessionIx, _: Now, _: &mut Outgoing<'_>) {
        panic!("a link says how a session ended");
    }

    fn ended(&mut self, _: SessionIx, how: SessionEnd, _: Now, _: &mut Outgoing<'_>) {
        self.ends.push(how);
    }

    fn received(
        &mut self,
        _: SessionIx,
        _: Now,
        _: &Message<'_>,
        _: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        Ok(())
    }

    fn work(&mut self, _: Now, out: &mut Outgoing<'_>) -> usize {
        let Some(session) = self.say.take() else {
            return 0;
        };
        self.told += 1;
        let news = "x".repeat(60_000);
        out.send(session, b"B", |body| body.str(148, &news));
        1
    }

    fn told(&self) -> u64 {
        self.told
    }

    fn may_resend(&mut self, _: SessionIx, _: &[u8]) -> bool {
        !self.resends_nothing
    }
}

const SLOW: SessionIx = SessionIx::new(0);
const WELL: SessionIx = SessionIx::new(1);

fn metered() -> Link<Meter> {
    let sessions = ["SLOW", "WELL"].map(|id| SessionConfig::fix44("DCX", id, Role::Acceptor));
    let config = LinkConfig {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        sessions: sessions.to_vec(),
        poll_every: 1,
        out_bytes_max: 256 << 20,
        ..LinkConfig::default()
    };
    Link::start(config, Meter::default()).unwrap()
}

fn say(link: &mut Link<Meter>, session: SessionIx) {
    link.application_mut().say = Some(session);
    link.work(NOW);
}

#[test]
fn what_a_peer_does_not_read_is_known_not_to_have_left() {
    let mut link = metered();
    let flushed = link.flushed();
    let mut slow = log_on(&mut link, "SLOW");
    let _well = log_on(&mut link, "WELL");
    say(&mut link, WELL);
    assert_eq!(flushed.handed(), 1);
    assert_eq!(flushed.behind(1).count(), 0, "the kernel has it");
    while flushed.behind(u64::MAX).count() == 0 {
        say(&mut link, SLOW);
    }
    let stuck = link.application().told;
    assert_eq!(
        flushed.handed(),
        stuck,
        "nothing more is to come of it but by the peer's doing"
    );
    assert!(flushed.behind(stuck).eq([SLOW]));
    assert!(!flushed.is_behind(SLOW, 1), "what was before it has left");

    // The peer reads again, and is never through: what was told before has left all the same.
    let mut bytes = vec![0; 1 << 20];
    while flushed.is_behind(SLOW, stuck) {
        say(&mut link, SLOW);
        let _ = slow.read(&mut bytes);
        assert_eq!(flushed.handed(), link.application().told);
    }
    let told = link.application().told;
    while flushed.is_behind(SLOW, told) {
        link.work(NOW);
        let _ = slow.read(&mut bytes);
    }
    assert_eq!(flushed.behind(u64::MAX).count(), 0);
}

#[test]
fn a_peer_that_is_gone_has_nothing_waiting() {
    let mut link = metered();
    let flushed = link.flushed();
    let slow = log_on(&mut link, "SLOW");
    while flushed.behind(u64::MAX).count() == 0 {
        say(&mut link, SLOW);
    }
    drop(slow);
    while flushed.behind(u64::MAX).count() > 0 {
        link.work(NOW);
    }
    assert_eq!(link.application().ends, [SessionEnd::Broken]);
}

#[test]
fn an_application_is_told_how_a_session_ended() {
    let mut link = metered();
    let mut encoder = Encoder::new(b"FIX.4.4", b"SLOW", b"DCX");
    let mut peer = log_on(&mut link, "SLOW");
    let mut bytes = Vec::new();
    let logout = encoder.encode(&mut bytes, &Head::new(b"5", 2, NOW.unix), |_| {});
    peer.write_all(logout).unwrap();
    while !read(&mut link, &mut peer).contains("35=5") {}
    assert_eq!(link.application().ends, [SessionEnd::LoggedOut]);

    drop(log_on(&mut link, "WELL"));
    while link.application().ends.len() < 2 {
        link.work(NOW);
    }
    assert_eq!(link.application().ends[1], SessionEnd::Broken);
}

#[test]
fn a_session_that_we_end_has_logged_out_and_one_that_breaks_the_rules_has_not() {
    let mut link = metered();
    let mut peer = log_on(&mut link, "SLOW");
    link.log_out(SLOW, NOW, "bye");
    while !read(&mut link, &mut peer).contains("35=5") {}
    let mut encoder = Encoder::new(b"FIX.4.4", b"SLOW", b"DCX");
    let mut bytes = Vec::new();
    let logout = encoder.encode(&mut bytes, &Head::new(b"5", 2, NOW.unix), |_| {});
    peer.write_all(logout).unwrap();
    while link.application().ends.is_empty() {
        link.work(NOW);
    }
    assert_eq!(link.application().ends, [SessionEnd::LoggedOut]);

    let mut peer = log_on(&mut link, "WELL");
    let mut encoder = Encoder::new(b"FIX.4.4", b"WELL", b"DCX");
    // A number that was used.
    let low = encoder.encode(&mut bytes, &Head::new(b"0", 1, NOW.unix), |_| {});
    peer.write_all(low).unwrap();
    while !read(&mut link, &mut peer).contains("35=5") {}
    drop(peer);
    while link.application().ends.len() < 2 {
        link.work(NOW);
    }
    assert_eq!(link.application().ends[1], SessionEnd::Broken);
}

#[test]
fn what_may_not_be_sent_again_is_a_gap() {
    for (resends_nothing, wanted, unwanted) in [(true, "35=4", "35=B"), (false, "35=B", "35=4")] {
        let mut link = metered();
        link.application_mut().resends_nothing = resends_nothing;
        let mut peer = log_on(&mut link, "WELL");
        say(&mut link, WELL);
        let mut text = String::new();
        while text.len() < 60_000 {
            text += &read(&mut link, &mut peer);
        }
        let mut encoder = Encoder::new(b"FIX.4.4", b"WELL", b"DCX");
        let mut bytes = Vec::new();
        let ask = encoder.encode(&mut bytes, &Head::new(b"2", 2, NOW.unix), |body| {
            body.uint(7, 2);
            body.uint(16, 2);
        });
        peer.write_all(ask).unwrap();
        let text = read(&mut link, &mut peer);
        assert!(
            text.contains(wanted) && !text.contains(unwanted),
            "{resends_nothing}"
        );
    }
}
