//! What a session knows in each of its states.

use dcx_model::{MonoNanos, Nanos};

use super::Close;

/// Where a session is.
#[derive(Debug)]
pub(super) enum State {
    Idle,
    LoggingOn(LoggingOn),
    Active(Talk),
    LoggingOut(Talk, Leaving),
}

/// Connected; a Logon is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoggingOn {
    pub(super) until: MonoNanos,
    /// Our Logon asked for numbers to restart.
    pub(super) reset_asked: bool,
    /// What our Logon said we expect (789); none if it said nothing.
    pub(super) expected_told: Option<u64>,
}

/// Our Logout is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    pub(super) until: MonoNanos,
    /// What the connection is closed for once the Logout is answered.
    pub(super) why: Close,
}

/// Logged on in both directions.
#[derive(Debug)]
pub(super) struct Talk {
    /// Zero: no heartbeats.
    pub(super) heart_bt_int: Nanos,
    pub(super) last_sent: MonoNanos,
    pub(super) last_received: MonoNanos,
    /// A TestRequest is out and nothing came since.
    pub(super) probed: bool,
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
}

/// What comes from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inbound {
    InStep,
    Gap(Gap),
}

/// Numbers are missing and were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The last number known to be missing.
    pub(super) to: u64,
    /// The last number asked for; the end of numbers for all.
    pub(super) asked: u64,
    /// When a number was last filled, or asked for.
    pub(super) progress: MonoNanos,
    /// How often it was asked for since.
    pub(super) requests: u32,
}

/// What goes to the peer. While something is resent, new application messages are held back, so
/// that the peer sees numbers in order; they follow when the resend is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outbound {
    Live,
    /// Sends `next..=last` again.
    Resending {
        next: u64,
        last: u64,
        /// The first application message held back; the end of numbers while there is none.
        held_from: u64,
    },
    /// Sends what was held back, from `next` on.
    Releasing {
        next: u64,
    },
}

impl Talk {
    pub(super) const fn new(heart_bt_int: Nanos, now: MonoNanos) -> Self {
        Self {
            heart_bt_int,
            last_sent: now,
            last_received: now,
            probed: false,
            inbound: Inbound::InStep,
            outbound: Outbound::Live,
        }
    }

    /// 1.2 intervals after the last message the peer is asked whether it is there.
    pub(super) const fn probe_at(&self) -> MonoNanos {
        self.last_received.plus(times_tenths(self.heart_bt_int, 12))
    }

    /// 2.4 intervals after the last message the peer is given up.
    pub(super) const fn give_up_at(&self) -> MonoNanos {
        self.last_received.plus(times_tenths(self.heart_bt_int, 24))
    }

    pub(super) const fn heartbeat_at(&self) -> MonoNanos {
        self.last_sent.plus(self.heart_bt_int)
    }

    /// When the next thing is due, gaps of `gap_timeout` included.
    pub(super) fn deadline(&self, now: MonoNanos, gap_timeout: Nanos) -> Option<MonoNanos> {
        if self.outbound != Outbound::Live {
            return Some(now);
        }
        let gap = match self.inbound {
            Inbound::InStep => None,
            Inbound::Gap(gap) => Some(gap.progress.plus(gap_timeout)),
        };
        let pulse = (self.heart_bt_int != Nanos::ZERO).then(|| match self.probed {
            true => self.give_up_at(),
            false => self.probe_at().min(self.heartbeat_at()),
        });
        gap.into_iter().chain(pulse).min()
    }
}

impl State {
    pub(super) const fn talk(&self) -> Option<&Talk> {
        match self {
            Self::Idle | Self::LoggingOn(_) => None,
            Self::Active(talk) | Self::LoggingOut(talk, _) => Some(talk),
        }
    }

    pub(super) const fn talk_mut(&mut self) -> Option<&mut Talk> {
        match self {
            Self::Idle | Self::LoggingOn(_) => None,
            Self::Active(talk) | Self::LoggingOut(talk, _) => Some(talk),
        }
    }
}

const fn times_tenths(span: Nanos, tenths: u64) -> Nanos {
    Nanos::new((span.get() / 10).saturating_mul(tenths))
}
