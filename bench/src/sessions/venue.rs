//! The measured link: it answers every order, and floods where it is told to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use dcx_fix::{
    AppReject, Application, Board, Body, Link, LinkConfig, Message, Outgoing, Role, SessionConfig,
    SessionIx, StoreConfig,
};
use dcx_model::{NANOS_PER_S, Now};
use dcx_pipeline::Clock;
use dcx_ring::Worker;

use super::{SessionsBench, SessionsBenchError};

/// The session that is measured, and the one that stops reading.
pub(super) const MEASURED: SessionIx = SessionIx::new(0);
pub(super) const SLOW: SessionIx = SessionIx::new(1);

/// What the venue is told while it runs.
#[derive(Debug, Default)]
struct Orders {
    stop: AtomicBool,
    /// Messages to send to the slow session, and how many were.
    queue: AtomicU64,
    queued: AtomicU64,
    /// Messages to send to the measured session.
    fill: AtomicU64,
}

pub(super) struct Venue {
    addr: SocketAddr,
    orders: Arc<Orders>,
    board: Arc<Board>,
    thread: JoinHandle<()>,
}

impl Venue {
    pub(super) fn start(options: &SessionsBench, dir: &Path) -> Result<Self, SessionsBenchError> {
        let orders = Arc::new(Orders::default());
        let app = Answers {
            orders: Arc::clone(&orders),
            per_s: options.queued_per_s,
            began: None,
            queued: 0,
            filled: 0,
        };
        let session = |ix: u16| SessionConfig {
            store: StoreConfig::File(dir.to_owned()),
            ..SessionConfig::fix44("VENUE", &comp_id(ix), Role::Acceptor)
        };
        let config = LinkConfig {
            listen: vec![([127, 0, 0, 1], 0).into()],
            sessions: (0..options.busy + 2).map(session).collect(),
            pending_max: 1_024,
            ..LinkConfig::default()
        };
        let link = Link::start(config, app)?;
        let addr = link.local_addrs().first().copied();
        let addr = addr.ok_or(SessionsBenchError::Silent("an address"))?;
        let board = link.board();
        let theirs = Arc::clone(&orders);
        let run = move || serve(link, &theirs);
        let thread = thread::Builder::new().name("venue".to_owned()).spawn(run);
        let thread = thread.map_err(|source| SessionsBenchError::System {
            doing: "starting the venue's thread",
            source,
        })?;
        Ok(Self {
            addr,
            orders,
            board,
            thread,
        })
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn queue(&self, count: u64) {
        self.orders.queue.store(count, Ordering::Release);
    }

    pub(super) fn has_queued(&self) -> bool {
        let orders = &self.orders;
        orders.queued.load(Ordering::Acquire) >= orders.queue.load(Ordering::Acquire)
    }

    pub(super) fn fill(&self, count: u64) {
        self.orders.fill.store(count, Ordering::Release);
    }

    /// Ends it; returns how often the slow session and all others were cut for not reading.
    pub(super) fn stop(self) -> (u64, u64) {
        self.orders.stop.store(true, Ordering::Release);
        // A panic of the venue has been printed by its thread.
        let _ = self.thread.join();
        let cuts = |ix: usize| {
            let ix = u16::try_from(ix).unwrap_or(u16::MAX);
            let stats = self.board.session(SessionIx::new(ix));
            stats.map_or(0, |stats| stats.counts.slow_cuts)
        };
        let all: u64 = (0..self.board.sessions()).map(cuts).sum();
        let slow = cuts(SLOW.as_usize());
        (slow, all - slow)
    }
}

/// The CompID of the peer of a session.
pub(super) fn comp_id(ix: u16) -> String {
    format!("PEER{ix}")
}

fn serve(mut link: Link<Answers>, orders: &Orders) {
    let mut clock = Clock::start();
    while !orders.stop.load(Ordering::Acquire) {
        if link.work(clock.now()) == 0 {
            std::hint::spin_loop();
        }
    }
}

struct Answers {
    orders: Arc<Orders>,
    per_s: u64,
    /// When the flood began.
    began: Option<Now>,
    queued: u64,
    filled: u64,
}

impl Answers {
    /// How many messages of the flood are due.
    fn due(&mut self, now: Now) -> u64 {
        let wanted = self.orders.queue.load(Ordering::Relaxed);
        if wanted == 0 {
            return 0;
        }
        let began = *self.began.get_or_insert(now);
        let passed = now.mono.since(began.mono).get();
        let due = u128::from(passed) * u128::from(self.per_s) / u128::from(NANOS_PER_S);
        let due = u64::try_from(due).unwrap_or(u64::MAX).min(wanted);
        // After a pause it catches up in steps, as a feed would.
        due.saturating_sub(self.queued).min(64)
    }
}

fn report(body: &mut Body<'_>, id: u64) {
    body.uint(37, id);
    body.uint(17, id);
    body.char(150, b'0');
    body.char(39, b'0');
    body.uint(11, id);
    body.str(55, "EURUSD");
    body.char(54, b'1');
    body.uint(38, 100);
    body.uint(151, 100);
    body.uint(14, 0);
    body.uint(6, 0);
}

impl Application for Answers {
    fn logged_on(&mut self, _session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {}

    fn logged_out(&mut self, _session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {}

    fn received(
        &mut self,
        session: SessionIx,
        _now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let id = message.uint(11).unwrap_or(0);
        out.send(session, b"8", |body| report(body, id));
        Ok(())
    }

    fn work(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        let due = self.due(now);
        for _ in 0..due {
            self.queued += 1;
            let id = self.queued;
            out.send(SLOW, b"8", |body| report(body, id));
        }
        if due > 0 {
            self.orders.queued.store(self.queued, Ordering::Release);
        }
        let wanted = self.orders.fill.load(Ordering::Relaxed);
        let fill = (wanted - self.filled).min(16);
        for _ in 0..fill {
            self.filled += 1;
            // No order has this number: they are the session's past.
            out.send(MEASURED, b"8", |body| report(body, 0));
        }
        usize::try_from(due + fill).unwrap_or(usize::MAX)
    }
}
