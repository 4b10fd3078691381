//! A venue on a thread of its own, and in the foreground.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dcx_fix::{Link, LinkConfig, LinkError, Role, SessionConfig};
use dcx_model::{Code, Nanos};
use dcx_ring::Worker;

use super::{Ledger, PriceBoard, VenueApp, VenueOptions, VenueStats};
use crate::clock::Clock;
use crate::data::DataError;

/// How long a venue that was told to stop waits for its sessions to log out.
const LOGOUT_PATIENCE: Nanos = Nanos::from_seconds(2);

/// How often the figures of a running venue are brought up to date.
const STATS_EVERY: Nanos = Nanos::from_millis(50);

/// Why a venue does not start.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    /// An option makes no sense.
    #[error("{name}: {what}")]
    Option {
        /// Which.
        name: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Its data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Its FIX link does not start.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The operating system gives no thread.
    #[error("starting the venue's thread")]
    Thread(#[source] std::io::Error),
    /// What it knows cannot be written down.
    #[error("writing the ledger {}", path.display())]
    Ledger {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl VenueError {
    /// The stable code, with meaning and remedy, where there is one.
    #[must_use]
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Option { .. } => Some(Code::X001),
            Self::Data(error) => Some(error.code()),
            Self::Link(error) => error.code(),
            Self::Thread(_) | Self::Ledger { .. } => Some(Code::X004),
        }
    }
}

/// A venue that runs on its own thread until it is stopped or dropped.
#[derive(Debug)]
pub struct VenueServer {
    addr: SocketAddr,
    board: Arc<PriceBoard>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    stats: Mutex<VenueStats>,
    /// What ended feeds before their time, as text.
    troubles: Mutex<Vec<String>>,
    /// Its orders and trades, once it has ended.
    ledger: Mutex<Ledger>,
}

impl VenueServer {
    /// Starts a venue; it listens when this returns. Port 0 takes a free one.
    ///
    /// # Errors
    /// [`VenueError`] for options that make no sense, data that cannot be read and an address
    /// that cannot be listened on.
    pub fn spawn(options: &VenueOptions) -> Result<Self, VenueError> {
        let app = VenueApp::new(options)?;
        let board = app.board();
        let link = Link::start(link_config(options), app)?;
        let addr = link
            .local_addrs()
            .first()
            .copied()
            .unwrap_or(options.listen);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("venue-{}", options.comp_id))
            .spawn(move || serve(link, &theirs))
            .map_err(VenueError::Thread)?;
        Ok(Self {
            addr,
            board,
            shared,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its newest prices.
    #[must_use]
    pub fn board(&self) -> Arc<PriceBoard> {
        Arc::clone(&self.board)
    }

    /// What it has done so far, at most a twentieth of a second ago.
    #[must_use]
    pub fn stats(&self) -> VenueStats {
        *lock(&self.shared.stats)
    }

    /// What ended feeds before their time.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        lock(&self.shared.troubles).clone()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    /// Logs its sessions out, ends its thread and returns what it has done.
    #[must_use]
    pub fn stop(mut self) -> VenueStats {
        self.end();
        self.stats()
    }

    /// As [`stop`](Self::stop), and with all that it knows of orders and trades.
    #[must_use]
    pub fn settle(mut self) -> (VenueStats, Ledger) {
        self.end();
        let ledger = std::mem::take(&mut *lock(&self.shared.ledger));
        (self.stats(), ledger)
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the venue has been printed by its thread.
            let _ = thread.join();
        }
    }
}

impl Drop for VenueServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a venue in the foreground until `stop` is set. Calls `report` once a second.
///
/// # Errors
/// As [`VenueServer::spawn`].
pub fn run(
    options: &VenueOptions,
    stop: &AtomicBool,
    mut report: impl FnMut(SocketAddr, &VenueStats, &[String]),
) -> Result<VenueStats, VenueError> {
    let server = VenueServer::spawn(options)?;
    let mut passed = 0_u32;
    while !stop.load(Ordering::Acquire) && server.is_running() {
        if passed.is_multiple_of(10) {
            report(server.addr(), &server.stats(), &server.troubles());
        }
        passed = passed.wrapping_add(1);
        thread::sleep(Duration::from_millis(100));
    }
    let (stats, ledger) = server.settle();
    if let Some(path) = &options.ledger {
        write_ledger(&ledger, path).map_err(|source| VenueError::Ledger {
            path: path.clone(),
            source,
        })?;
    }
    Ok(stats)
}

fn write_ledger(ledger: &Ledger, path: &Path) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    ledger.write_to(&mut file)?;
    file.flush()
}

fn link_config(options: &VenueOptions) -> LinkConfig {
    let session = |target: &String| SessionConfig {
        reset_accepted: !options.keep,
        ..SessionConfig::fix44(&options.comp_id, target, Role::Acceptor)
    };
    LinkConfig {
        name: "venue",
        listen: vec![options.listen],
        sessions: options.targets.iter().map(session).collect(),
        ..LinkConfig::default()
    }
}

fn serve(mut link: Link<VenueApp>, shared: &Shared) {
    let mut clock = Clock::start();
    let mut kept_at = clock.now().mono;
    while !shared.stop.load(Ordering::Acquire) {
        let now = clock.now();
        let done = link.work(now);
        if now.mono.since(kept_at) >= STATS_EVERY {
            kept_at = now.mono;
            keep(&link, shared);
        }
        clock.rest(done);
    }
    let told_at = clock.now();
    link.log_out_all(told_at, "the venue closes");
    while !link.is_quiet() && clock.now().mono.since(told_at.mono) < LOGOUT_PATIENCE {
        let done = link.work(clock.now());
        clock.rest(done);
    }
    keep(&link, shared);
    *lock(&shared.ledger) = link.application().ledger();
}

fn keep(link: &Link<VenueApp>, shared: &Shared) {
    let app = link.application();
    *lock(&shared.stats) = app.stats();
    let errors = app.feed_errors().map(ToString::to_string);
    *lock(&shared.troubles) = errors.collect();
}

/// What the other thread left is whole even if it panicked: it is replaced in one move.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
