//! What a link and its sessions count, and where others read it without disturbing the link.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dcx_model::{Code, UnixNanos};

use crate::SessionIx;

/// What a session is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum LinkState {
    /// Not connected: an acceptor waits for its peer, an initiator for its next attempt.
    #[default]
    Down = 0,
    /// Connecting.
    Connecting = 1,
    /// Connected, not logged on in both directions.
    LoggingOn = 2,
    /// Logged on.
    Up = 3,
    /// Logged out by the operator or the end of the process: not taken up again by itself.
    Off = 4,
    /// Its store could not be written: off until the process is started again.
    Failed = 5,
}

impl LinkState {
    /// Its name for people and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Connecting => "connecting",
            Self::LoggingOn => "logging-on",
            Self::Up => "up",
            Self::Off => "off",
            Self::Failed => "failed",
        }
    }

    const fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Connecting,
            2 => Self::LoggingOn,
            3 => Self::Up,
            4 => Self::Off,
            5 => Self::Failed,
            _ => Self::Down,
        }
    }
}

macro_rules! counted {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$fdoc])* pub $field: u64,)+ }

        impl $name {
            /// The names of its numbers, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field),)+];

            const LEN: usize = Self::NAMES.len();

            /// Its numbers, in order.
            #[must_use]
            pub const fn numbers(&self) -> [u64; Self::LEN] {
                [$(self.$field,)+]
            }

            fn from_numbers(numbers: [u64; Self::LEN]) -> Self {
                let [$($field,)+] = numbers;
                Self { $($field,)+ }
            }
        }
    };
}

counted! {
    /// What one session has counted since the start.
    SessionCounts {
        /// Whole messages received.
        messages_in,
        /// Messages sent, resent ones included.
        messages_out,
        /// Bytes received.
        bytes_in,
        /// Bytes sent.
        bytes_out,
        /// Times it logged on.
        logons,
        /// Gaps found in what the peer sent.
        gaps,
        /// Resends that the peer asked for.
        resends,
        /// Resends that we asked the peer for.
        resends_asked,
        /// Messages of the peer answered with Reject (3).
        rejects_sent,
        /// Messages of ours that the peer rejected (3).
        rejects_received,
        /// Messages that the application refused, with Reject (3) or BusinessMessageReject (j).
        refused,
        /// Runs of bytes that were no message.
        garbled,
        /// Messages that had come before and were ignored.
        duplicates,
        /// Second connections with its CompIDs, closed.
        logons_in_use,
        /// Times that a message of the peer waited, or cut it, because it had sent too many.
        throttled,
        /// Times it was cut because the peer did not read.
        slow_cuts,
        /// Messages given to it that could not be stored, and so were not sent.
        unstored,
        /// Next `MsgSeqNum` (34) expected.
        next_in,
        /// Next `MsgSeqNum` (34) to send.
        next_out,
        /// Bytes that wait for the peer to read.
        queue_bytes,
        /// Milliseconds since 1970 when a message last came; 0 for never.
        last_in_ms,
        /// Milliseconds since 1970 when a message was last sent; 0 for never.
        last_out_ms,
        /// Microseconds from our last TestRequest (1) to the Heartbeat (0) that answered it.
        round_trip_us,
    }
}

counted! {
    /// What a link has counted since the start, besides its sessions.
    LinkCounts {
        /// Connections accepted.
        accepted,
        /// Of these closed because nothing configured has their CompIDs.
        unknown_peers,
        /// Closed because their first message was not a Logon, or no message at all.
        not_logons,
        /// Closed because their TLS handshake failed.
        tls_refused,
        /// Closed because they did not log on in time.
        logon_timeouts,
        /// Closed because their address may not connect, or not to the session they named.
        address_refused,
        /// Closed because their address connected too often.
        rate_refused,
        /// Closed because too many others were waiting to log on.
        overflows,
        /// Cycles in which the application could take nothing.
        not_ready,
        /// Lines that the message log had no room for or could not write.
        message_log_lost,
    }
}

impl SessionCounts {
    /// Whether a number goes up and down, where others only grow.
    #[must_use]
    pub fn is_gauge(name: &str) -> bool {
        const GAUGES: [&str; 6] = [
            "next_in",
            "next_out",
            "queue_bytes",
            "last_in_ms",
            "last_out_ms",
            "round_trip_us",
        ];
        GAUGES.contains(&name)
    }
}

/// A session at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// What it is doing.
    pub state: LinkState,
    /// Since when.
    pub since: UnixNanos,
    /// Why it is not up, or was not before; its entry in the catalogue says more.
    pub reason: Option<Code>,
    /// What it has counted.
    pub counts: SessionCounts,
}

const SESSION_WORDS: usize = SessionCounts::LEN + 3;

/// The counts of a link where any thread may read them.
///
/// The link writes here a hundred times a second. The numbers of one session are read one after
/// the other: each is right, and together they may be of two such moments.
#[derive(Debug)]
pub struct Board {
    sessions: Box<[[AtomicU64; SESSION_WORDS]]>,
    link: [AtomicU64; LinkCounts::LEN],
}

impl Board {
    pub(super) fn new(sessions: usize) -> Arc<Self> {
        let zeros = |_| std::array::from_fn(|_| AtomicU64::new(0));
        Arc::new(Self {
            sessions: (0..sessions).map(zeros).collect(),
            link: std::array::from_fn(|_| AtomicU64::new(0)),
        })
    }

    /// Sessions of the link.
    #[must_use]
    pub const fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// A session, or `None` if the link has no such.
    #[must_use]
    pub fn session(&self, session: SessionIx) -> Option<SessionStats> {
        let words = self.sessions.get(session.as_usize())?;
        let words = words.each_ref().map(|word| word.load(Ordering::Relaxed));
        let (head, counts) = words.split_first_chunk::<3>()?;
        let code = head[2];
        Some(SessionStats {
            state: LinkState::from_number(head[0]),
            since: UnixNanos::new(head[1]),
            reason: Code::ALL
                .iter()
                .copied()
                .find(|known| u64::from(known.number()) == code),
            counts: SessionCounts::from_numbers(counts.try_into().ok()?),
        })
    }

    /// The link itself.
    #[must_use]
    pub fn link(&self) -> LinkCounts {
        let words = self
            .link
            .each_ref()
            .map(|word| word.load(Ordering::Relaxed));
        LinkCounts::from_numbers(words)
    }

    pub(super) fn write_session(&self, session: usize, stats: &SessionStats) {
        let code = stats.reason.map_or(0, |code| u64::from(code.number()));
        let head = [stats.state as u64, stats.since.get(), code];
        let numbers = head.into_iter().chain(stats.counts.numbers());
        for (word, number) in self.sessions[session].iter().zip(numbers) {
            word.store(number, Ordering::Relaxed);
        }
    }

    pub(super) fn write_link(&self, counts: &LinkCounts) {
        for (word, number) in self.link.iter().zip(counts.numbers()) {
            word.store(number, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_on_the_board_is_read_from_it() {
        let board = Board::new(2);
        let mut stats = SessionStats {
            state: LinkState::Up,
            since: UnixNanos::new(7),
            reason: Some(Code::F018),
            counts: SessionCounts::default(),
        };
        stats.counts.next_out = 9;
        stats.counts.messages_in = 5;
        board.write_session(1, &stats);
        assert_eq!(board.session(SessionIx::new(1)), Some(stats));
        assert_eq!(
            board.session(SessionIx::new(0)),
            Some(SessionStats::default())
        );
        assert_eq!(board.session(SessionIx::new(2)), None);
        let counts = LinkCounts {
            accepted: 3,
            ..LinkCounts::default()
        };
        board.write_link(&counts);
        assert_eq!(board.link(), counts);
    }
}
