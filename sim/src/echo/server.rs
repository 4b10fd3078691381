//! The acceptor in the foreground.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use dcx_fix::{Link, LinkConfig, LinkError, Role, SessionConfig, Switches, Version};
use dcx_model::Nanos;
use dcx_ring::Worker;

use super::EchoApp;
use crate::clock::Clock;

/// How long an acceptor that was told to stop waits for its sessions to log out.
const LOGOUT_PATIENCE: Nanos = Nanos::from_seconds(2);

/// Why the acceptor does not start.
#[derive(Debug, thiserror::Error)]
pub enum EchoError {
    /// Its FIX link does not start.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// Where the acceptor listens and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoOptions {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// `BeginString` (8) of its sessions, or the name of their version.
    pub begin_string: String,
    /// Its own CompID.
    pub sender: String,
    /// The CompIDs of who may log on; with a `*` at the end, of all that begin so.
    pub targets: Vec<String>,
    /// Whether Logons tell the number expected next (`NextExpectedMsgSeqNum`, 789).
    pub next_expected: bool,
    /// Whether messages tell the last number taken (`LastMsgSeqNumProcessed`, 369).
    pub last_processed: bool,
    /// Numbers that one ResendRequest (2) asks for; 0 for all.
    pub resend_request_chunk: u64,
}

/// Runs the acceptor until `stop` is set. Calls `listening` once with its address.
///
/// # Errors
/// [`EchoError`] when the options make no sessions or the address cannot be listened on.
pub fn run(
    options: &EchoOptions,
    stop: &AtomicBool,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), EchoError> {
    let app = EchoApp::new(options.targets.len());
    let mut link = Link::start(link_config(options), app)?;
    let addr = link.local_addrs().first();
    listening(addr.copied().unwrap_or(options.listen));
    let mut clock = Clock::start();
    while !stop.load(Ordering::Acquire) {
        let done = link.work(clock.now());
        clock.rest(done);
    }
    let told_at = clock.now();
    link.log_out_all(told_at, "");
    while !link.is_quiet() && clock.now().mono.since(told_at.mono) < LOGOUT_PATIENCE {
        let done = link.work(clock.now());
        clock.rest(done);
    }
    Ok(())
}

fn link_config(options: &EchoOptions) -> LinkConfig {
    // The scenarios take no field that the dictionary does not have (14a).
    let checked = Switches {
        user_defined_allowed: false,
        ..Switches::default()
    };
    // A version from 5.0 on is known by its name too, which no message begins with.
    let named = Version::of_name(&options.begin_string).map(Version::begin_string);
    let begin_string = named.unwrap_or(&options.begin_string).to_owned();
    let session = |target: &String| SessionConfig {
        begin_string: begin_string.clone(),
        next_expected: options.next_expected,
        last_processed: options.last_processed,
        resend_request_chunk: options.resend_request_chunk,
        reset_on_logon: true,
        validate: Some(checked),
        ..SessionConfig::fix44(&options.sender, target, Role::Acceptor)
    };
    LinkConfig {
        name: "echo",
        listen: vec![options.listen],
        sessions: options.targets.iter().map(session).collect(),
        ..LinkConfig::default()
    }
}
