//! A FIX session without a socket: what happens to it, what it does, and its settings.
//!
//! [`Session::handle`] takes one [`Input`] at a time and leaves every consequence in a [`Sink`].
//! No clock, no IO: the same inputs give the same effects.
//!
//! Not here: bytes (`codec`), sockets (`link`), what survives a restart (`store`).

mod credentials;
mod fault;
mod inbound;
mod later;
mod logon;
mod machine;
mod reject;
mod resend;
mod settings;
mod state;

use dcx_model::{MonoNanos, UnixNanos};

pub use credentials::Credentials;
pub use fault::{Close, PeerFault, SessionEvent, UseFault};
pub use machine::{Phase, Session};
pub use reject::{BusinessReject, write_business_reject};
pub use settings::{Part, Settings};

use crate::{CodecFault, Message};

/// What can happen to a session.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection to the peer is there. An initiator logs on; an acceptor waits for a Logon.
    Connected,
    /// A message came.
    Received(&'a Message<'a>),
    /// Bytes came that are no message.
    Garbled(CodecFault),
    /// The application sends a message of type `msg_type` with the body fields `body`.
    ///
    /// It is numbered and persisted whatever the state, and transmitted when logged on; else the
    /// peer asks for it after the next logon.
    Submit {
        /// `MsgType` (35), not one of the session's own.
        msg_type: &'a [u8],
        /// The fields between header and trailer.
        body: &'a [u8],
        /// Whether `PossResend` (97) is `Y`.
        poss_resend: bool,
    },
    /// The application refuses a message that was delivered: it is answered with Reject (3).
    Refuse {
        /// The message.
        message: &'a Message<'a>,
        /// `SessionRejectReason` (373).
        reason: u16,
        /// `RefTagID` (371), if it is about one field.
        ref_tag: Option<u32>,
        /// `Text` (58).
        text: &'a str,
    },
    /// The operator ends the session in order.
    LogOut {
        /// `Text` (58), may be empty.
        text: &'a str,
    },
    /// The operator sets the numbers to go on from, after agreeing so with the peer.
    ///
    /// While logged on the outbound number only goes up, and the peer is told (SequenceReset, 4);
    /// otherwise any pair is taken, and what was sent before is no longer resent.
    Renumber(NextSeqNums),
    /// The time asked for with [`Sink::wake_at`] has come. More often does no harm.
    Tick,
    /// The connection is gone.
    Disconnected,
}

/// The two numbers that a session starts from after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextSeqNums {
    /// `MsgSeqNum` (34) of the next message from the peer.
    pub inbound: u64,
    /// `MsgSeqNum` (34) of the next message to the peer.
    pub outbound: u64,
}

impl NextSeqNums {
    /// Both sides begin at 1.
    pub const FIRST: Self = Self {
        inbound: 1,
        outbound: 1,
    };
}

impl Default for NextSeqNums {
    fn default() -> Self {
        Self::FIRST
    }
}

/// Where a session's effects go, in the order it causes them.
pub trait Sink {
    /// Uses `msg_seq_num` up: the next message has the next number, also after a restart. Comes
    /// before the message is transmitted.
    ///
    /// `bytes` is an application message to keep for resending, or empty for one of the session
    /// itself: a resend replaces those by a gap fill.
    fn persist(&mut self, msg_seq_num: u64, bytes: &[u8]);

    /// Keeps the number expected from the peer next, to go on from after a restart.
    ///
    /// Comes after the message before it was delivered, so that a crash between the two delivers
    /// that message again (with `PossDupFlag`, 43) rather than never.
    fn settle(&mut self, next_inbound: u64);

    /// Forgets all messages kept: both numbers restart at 1.
    fn forget(&mut self);

    /// Forgets all messages kept and goes on from these numbers.
    fn renumber(&mut self, next: NextSeqNums);

    /// Lends the message kept under `msg_seq_num`, or `None`, to `with`.
    fn stored<R>(&mut self, msg_seq_num: u64, with: impl FnOnce(Option<&[u8]>) -> R) -> R;

    /// Sends bytes to the peer.
    fn transmit(&mut self, bytes: &[u8]);

    /// Hands an application message to the application, in sequence, each number once.
    fn deliver(&mut self, message: &Message<'_>);

    /// Asks for a [`Input::Tick`] at this time. Replaces what was asked before.
    fn wake_at(&mut self, at: MonoNanos);

    /// Closes the connection once everything transmitted is sent. `Disconnected` need not follow.
    fn close(&mut self, why: Close);

    /// Tells what happened, for logs and counters.
    fn event(&mut self, event: SessionEvent);
}

/// The distance of two moments, whichever is later.
const fn apart(a: UnixNanos, b: UnixNanos) -> u64 {
    a.get().abs_diff(b.get())
}

#[cfg(test)]
mod tests;
