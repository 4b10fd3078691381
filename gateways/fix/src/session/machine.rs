//! The session's state machine.

use dcx_model::Now;

use super::{Input, NextSeqNums, Settings, Sink, UseFault};

/// Where a session is, for a status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No connection.
    Idle,
    /// Connected, not logged on in both directions.
    LoggingOn,
    /// Logged on, nothing missing.
    Active,
    /// Logged on, waiting for missing messages.
    Recovering,
    /// Our Logout is sent and not yet answered.
    LoggingOut,
}

/// One FIX session: what to send, keep and deliver, and when to be woken.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    next: NextSeqNums,
}

impl Session {
    /// A session that goes on from `next`, the numbers last persisted.
    ///
    /// # Errors
    /// [`UseFault::Settings`] when they make no session.
    pub fn new(settings: Settings, next: NextSeqNums) -> Result<Self, UseFault> {
        settings.check()?;
        Ok(Self { settings, next })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The numbers it would go on from.
    #[must_use]
    pub const fn next_seq_nums(&self) -> NextSeqNums {
        self.next
    }

    /// Takes one input at `now` and writes all of its consequences to `sink`.
    pub fn handle(&mut self, now: Now, input: Input<'_>, sink: &mut impl Sink) {
        let _ = (now, input, sink);
    }
}
