//! A store that fails under a session that works.

use std::io::{self, Read, Write};
use std::net::TcpStream as Peer;
use std::path::PathBuf;
use std::time::Duration;

use dcx_model::{Code, MonoNanos, Now, UnixNanos};
use dcx_ring::Worker;

use super::slot::Slot;
use super::{Link, LinkState};
use crate::app::{AppReject, Application, Outgoing, SessionIx};
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

fn log_on(link: &mut Link<Talker>, client: &str) -> Peer {
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
fn read(link: &mut Link<Talker>, peer: &mut Peer) -> String {
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
    link.slots[0] = Slot::new(SessionIx::new(0), session, Box::new(full), &Role::Acceptor);

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
