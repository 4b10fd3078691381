//! A client on a thread of its own, and in the foreground.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dcx_fix::{Link, LinkConfig, Role, SessionConfig};
use dcx_model::Nanos;
use dcx_ring::Worker;

use super::{ClientApp, ClientError, ClientOptions, ClientReport, Prices, Progress};
use crate::clock::Clock;

/// How long a client waits for its sessions to log out.
const LOGOUT_PATIENCE: Nanos = Nanos::from_seconds(2);

/// How often the counts of a running client are brought up to date.
const PROGRESS_EVERY: Nanos = Nanos::from_millis(50);

/// A client that runs on its own thread until it is done.
#[derive(Debug)]
pub struct ClientRunner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<ClientReport, ClientError>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    progress: Mutex<Progress>,
}

impl ClientRunner {
    /// Starts a client.
    ///
    /// # Errors
    /// [`ClientError`] for options that make no sense.
    pub fn spawn(options: &ClientOptions, prices: Prices) -> Result<Self, ClientError> {
        let clock = Clock::start();
        let millis = clock.now().unix.get() / 1_000_000;
        let tag = options.tag.clone().unwrap_or_else(|| format!("{millis:x}"));
        let app = ClientApp::new(options, prices, tag)?;
        let link = Link::start(link_config(options), app)?;
        let shared = Arc::new(Shared::default());
        let (theirs, options) = (Arc::clone(&shared), options.clone());
        let thread = thread::Builder::new()
            .name("client".to_owned())
            .spawn(move || serve(link, clock, &options, &theirs))
            .map_err(ClientError::Thread)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Counts, at most a twentieth of a second old.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let progress = self.shared.progress.lock();
        *progress.unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells it to stop sending and to end in order.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it has ended, and returns what it saw.
    ///
    /// # Errors
    /// [`ClientError`] when it was not let in.
    pub fn join(mut self) -> Result<ClientReport, ClientError> {
        let ended = self.thread.take().map(JoinHandle::join);
        ended
            .unwrap_or(Err(Box::new(())))
            .unwrap_or(Err(ClientError::Panicked))
    }
}

impl Drop for ClientRunner {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the client has been printed by its thread.
            let _ = thread.join();
        }
    }
}

/// Runs a client in the foreground until it is done or `stop` is set. Calls `report` once a
/// second.
///
/// # Errors
/// As [`ClientRunner::spawn`] and [`ClientRunner::join`].
pub fn run(
    options: &ClientOptions,
    prices: Prices,
    stop: &AtomicBool,
    mut report: impl FnMut(&Progress),
) -> Result<ClientReport, ClientError> {
    let runner = ClientRunner::spawn(options, prices)?;
    let mut passed = 0_u32;
    while !runner.is_finished() {
        if stop.load(Ordering::Acquire) {
            runner.stop();
        }
        passed = passed.wrapping_add(1);
        if passed.is_multiple_of(20) {
            report(&runner.progress());
        }
        thread::sleep(Duration::from_millis(50));
    }
    runner.join()
}

fn link_config(options: &ClientOptions) -> LinkConfig {
    let session = |comp_id: &String| SessionConfig {
        heart_bt_int_s: options.heart_bt_int_s,
        // Nothing is kept here, so the numbers of the last run mean nothing.
        reset_on_logon: true,
        ..SessionConfig::fix44(comp_id, &options.target, Role::initiator(options.connect))
    };
    LinkConfig {
        name: "client",
        sessions: options.comp_ids.iter().map(session).collect(),
        ..LinkConfig::default()
    }
}

fn serve(
    mut link: Link<ClientApp>,
    mut clock: Clock,
    options: &ClientOptions,
    shared: &Shared,
) -> Result<ClientReport, ClientError> {
    let begun = clock.now().mono;
    let mut kept_at = begun;
    let patience = Nanos::from_seconds(options.patience_s);
    let mut refused = false;
    while !link.application().is_done() {
        let now = clock.now();
        let done = link.work(now);
        let waited = now.mono.since(begun) >= patience;
        refused = waited && !link.application().has_begun();
        if refused || shared.stop.load(Ordering::Acquire) {
            link.application_mut().wind_down(now.mono);
        }
        if now.mono.since(kept_at) >= PROGRESS_EVERY {
            kept_at = now.mono;
            keep(&link, shared);
        }
        clock.rest(done);
    }
    let told_at = clock.now();
    link.log_out_all(told_at, "done");
    while !link.is_quiet() && clock.now().mono.since(told_at.mono) < LOGOUT_PATIENCE {
        let done = link.work(clock.now());
        clock.rest(done);
    }
    keep(&link, shared);
    if refused {
        return Err(ClientError::NoLogon {
            connect: options.connect,
            seconds: options.patience_s,
            comp_ids: options.comp_ids.join(", "),
        });
    }
    Ok(link.application_mut().take_report())
}

fn keep(link: &Link<ClientApp>, shared: &Shared) {
    let progress = shared.progress.lock();
    *progress.unwrap_or_else(PoisonError::into_inner) = link.application().progress();
}
