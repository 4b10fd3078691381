//! The measured link: it answers every order, and floods where it is told to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use dcx_fix::{
    AppReject, Application, Board, Body, Link, LinkConfig, LinkState, Message, Outgoing, Role,
    SessionConfig, SessionIx, StoreConfig,
};
use dcx_model::{NANOS_PER_S, Nanos, Now};
use dcx_pipeline::Clock;
use dcx_ring::Worker;

use super::{SessionsBench, SessionsBenchError};

/// The session that is measured.
const MEASURED: SessionIx = SessionIx::new(0);

/// Sessions that are not read, one with the usual bound and one for which everything may wait.
const FLOODED: [SessionIx; 2] = [SessionIx::new(1), SessionIx::new(2)];

/// How many sessions are not among the busy ones.
pub(super) const SPECIAL: u16 = 3;

/// More than a million messages.
const BOUND_OF_HOARD: usize = 1 << 30;

/// Which of the sessions that are not read is sent messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Flood {
    /// Cut where the usual bound is reached; what comes after that goes to its store.
    Cut,
    /// Everything waits for it in memory.
    Wait,
}

/// How often which sessions were cut for not reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cuts {
    /// The one with the usual bound.
    pub(super) bounded: u64,
    /// All that read.
    pub(super) others: u64,
}

/// What the venue is told while it runs.
#[derive(Debug, Default)]
struct Orders {
    stop: AtomicBool,
    /// Messages to send to each session that is not read, and how many were.
    queue: [AtomicU64; 2],
    queued: [AtomicU64; 2],
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
            began: [None; 2],
            queued: [0; 2],
            filled: 0,
        };
        let hoard = FLOODED[Flood::Wait as usize];
        let session = |ix: u16| SessionConfig {
            store: StoreConfig::File(dir.to_owned()),
            out_bytes_max: (SessionIx::new(ix) == hoard).then_some(BOUND_OF_HOARD),
            ..SessionConfig::fix44("VENUE", &comp_id(ix), Role::Acceptor)
        };
        let config = LinkConfig {
            listen: vec![([127, 0, 0, 1], 0).into()],
            sessions: (0..options.busy + SPECIAL).map(session).collect(),
            pending_max: 1_024,
            // What waits shall wait to the end, however long that takes on this machine.
            stall_timeout: Nanos::from_seconds(600),
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

    pub(super) fn queue(&self, flood: Flood, count: u64) {
        self.orders.queue[flood as usize].store(count, Ordering::Release);
    }

    pub(super) fn has_queued(&self, flood: Flood) -> bool {
        let Orders { queue, queued, .. } = &*self.orders;
        let ix = flood as usize;
        queued[ix].load(Ordering::Acquire) >= queue[ix].load(Ordering::Acquire)
    }

    /// Whether the session for which everything may wait is still there: then all of it waits.
    pub(super) fn still_waits(&self) -> bool {
        let stats = self.board.session(FLOODED[Flood::Wait as usize]);
        stats.is_some_and(|stats| stats.state == LinkState::Up && stats.counts.slow_cuts == 0)
    }

    pub(super) fn fill(&self, count: u64) {
        self.orders.fill.store(count, Ordering::Release);
    }

    /// Ends it.
    pub(super) fn stop(self) -> Cuts {
        self.orders.stop.store(true, Ordering::Release);
        // A panic of the venue has been printed by its thread.
        let _ = self.thread.join();
        let cuts = |session: SessionIx| {
            let stats = self.board.session(session);
            stats.map_or(0, |stats| stats.counts.slow_cuts)
        };
        let ixs = (0..self.board.sessions()).map(|ix| u16::try_from(ix).unwrap_or(u16::MAX));
        let others = ixs.map(SessionIx::new).filter(|ix| !FLOODED.contains(ix));
        Cuts {
            bounded: cuts(FLOODED[Flood::Cut as usize]),
            others: others.map(cuts).sum(),
        }
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
    /// When each flood began.
    began: [Option<Now>; 2],
    queued: [u64; 2],
    filled: u64,
}

impl Answers {
    /// How many messages of a flood are due.
    fn due(&mut self, flood: usize, now: Now) -> u64 {
        let wanted = self.orders.queue[flood].load(Ordering::Relaxed);
        if wanted == 0 {
            return 0;
        }
        let began = *self.began[flood].get_or_insert(now);
        let passed = now.mono.since(began.mono).get();
        let due = u128::from(passed) * u128::from(self.per_s) / u128::from(NANOS_PER_S);
        let due = u64::try_from(due).unwrap_or(u64::MAX).min(wanted);
        // After a pause it catches up in steps, as a feed would.
        due.saturating_sub(self.queued[flood]).min(64)
    }

    fn flood(&mut self, flood: usize, now: Now, out: &mut Outgoing<'_>) -> u64 {
        let due = self.due(flood, now);
        for _ in 0..due {
            self.queued[flood] += 1;
            let id = self.queued[flood];
            out.send(FLOODED[flood], b"8", |body| report(body, id));
        }
        if due > 0 {
            self.orders.queued[flood].store(self.queued[flood], Ordering::Release);
        }
        due
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
        let due = self.flood(0, now, out) + self.flood(1, now, out);
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
