//! How far what was caused has been handed to the kernel, for other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::SessionIx;

/// Nothing waits.
const NOTHING: u64 = u64::MAX;

/// How far the bytes of what an application was told have left this process.
///
/// Positions count what the application has dealt with
/// ([`Application::told`](crate::Application::told)): for the order edge, events of the engine. A
/// thread that must know that nothing of what was caused up to a position is still to come waits
/// for [`handed`](Self::handed) to reach it, and then looks which sessions are
/// [`behind`](Self::behind): their peers do not read, and what reaches them is not known.
///
/// What was sent to a session that is not connected is in its store and counts as handed over.
#[derive(Debug)]
pub struct Flushed {
    handed: AtomicU64,
    /// By session: what was caused up to here is with the kernel; or [`NOTHING`] waits.
    behind: Box<[AtomicU64]>,
}

impl Flushed {
    pub(crate) fn new(sessions: usize) -> Arc<Self> {
        Arc::new(Self {
            handed: AtomicU64::new(0),
            behind: (0..sessions).map(|_| AtomicU64::new(NOTHING)).collect(),
        })
    }

    /// Up to where everything was encoded and given to its connection, which has written as much
    /// of it as the kernel took.
    #[must_use]
    pub fn handed(&self) -> u64 {
        self.handed.load(Ordering::Acquire)
    }

    /// Whether bytes that were caused at or before `position` wait for a session's peer.
    ///
    /// Has a meaning once [`handed`](Self::handed) has reached `position`.
    #[must_use]
    pub fn is_behind(&self, session: SessionIx, position: u64) -> bool {
        let behind = self.behind.get(session.as_usize());
        behind.is_some_and(|from| from.load(Ordering::Acquire) < position)
    }

    /// The sessions of which [`is_behind`](Self::is_behind) is true.
    pub fn behind(&self, position: u64) -> impl Iterator<Item = SessionIx> {
        let sessions = (0..).map(SessionIx::new).take(self.behind.len());
        sessions.filter(move |session| self.is_behind(*session, position))
    }

    /// Sessions first, then the position: whoever sees the position sees which are behind.
    pub(super) fn hand(&self, position: u64) {
        self.handed.store(position, Ordering::Release);
    }

    pub(crate) fn set_behind(&self, session: usize, from: Option<u64>) {
        if let Some(place) = self.behind.get(session) {
            place.store(from.unwrap_or(NOTHING), Ordering::Release);
        }
    }
}
