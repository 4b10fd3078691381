//! What sits behind the sessions of a link, and how it answers.
//!
//! An [`Application`] is lent an [`Outgoing`] whenever it is called. What it sends there is
//! numbered, stored and transmitted when the call returns, in the order it was sent: the session
//! that is being called may be sent to as well as any other.

use std::borrow::Cow;

use dcx_model::Now;

use crate::{Body, Message, UtcTimestamp};

/// A session of a link: its place in [`LinkConfig::sessions`](crate::LinkConfig::sessions).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionIx(u16);

impl SessionIx {
    /// The session at this place.
    #[must_use]
    pub const fn new(ix: u16) -> Self {
        Self(ix)
    }

    /// The place.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The place, for indexing.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// How a session that was logged on ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// In order: one side said Logout (5) and the other answered.
    LoggedOut,
    /// The connection broke, the peer fell silent, or one side broke the rules.
    Broken,
}

/// What sits behind the sessions of a link: the order edge of dcx, a simulated venue, a load
/// client.
pub trait Application: Send {
    /// A session is logged on, in both directions, and its gaps may still be being filled.
    fn logged_on(&mut self, session: SessionIx, now: Now, out: &mut Outgoing<'_>);

    /// A session that was logged on is so no longer.
    fn logged_out(&mut self, session: SessionIx, now: Now, out: &mut Outgoing<'_>);

    /// As [`logged_out`](Self::logged_out), which it calls unless an application has to know how
    /// the session ended. A link calls this.
    fn ended(&mut self, session: SessionIx, _how: SessionEnd, now: Now, out: &mut Outgoing<'_>) {
        self.logged_out(session, now, out);
    }

    /// An application message, in sequence, each number once.
    ///
    /// `now.mono` is when its bytes were read. With `PossDupFlag` (43) set it may have been
    /// delivered before the last restart (see [`Store`](crate::Store)).
    ///
    /// # Errors
    /// [`AppReject`] is sent back as Reject (3) or BusinessMessageReject (j).
    fn received(
        &mut self,
        session: SessionIx,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject>;

    /// Called once every duty cycle: sends what is due. Returns how many items it handled.
    fn work(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize;

    /// False while the application cannot take a message more (its ring is full): the link then
    /// delivers none, soon reads no more, and the peers wait.
    fn ready(&self) -> bool {
        true
    }

    /// How many things the application has been given so far, by a count of its own.
    ///
    /// Together with [`kept`](Self::kept) it holds the incoming numbers back (see
    /// [`Store`](crate::Store)): the number of a message is not kept before what was made of it
    /// is in safe hands. The default holds nothing back.
    fn taken(&self) -> u64 {
        0
    }

    /// How many of these are in safe hands by now.
    fn kept(&self) -> u64 {
        0
    }

    /// How many causes of messages the application has dealt with so far, by a count of its own:
    /// for the order edge, events of the engine. What it has sent because of them is followed to
    /// the kernel, see [`Flushed`](crate::Flushed).
    fn told(&self) -> u64 {
        0
    }

    /// So many bytes wait for a session's peer, as of its last flush: called when that has changed.
    /// What may be left out can be left out for a peer that does not read.
    fn backlog(&mut self, _session: SessionIx, _bytes: usize) {}

    /// Whether a message of this type that the peer asks for again may still be sent. If not, a
    /// gap is told in its place.
    fn may_resend(&mut self, _session: SessionIx, _msg_type: &[u8]) -> bool {
        true
    }
}

/// Why an application refuses a message that its session found in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppReject {
    /// Reject (3): a field does not hold what FIX says it must.
    Session {
        /// `RefTagID` (371).
        tag: u32,
        /// `SessionRejectReason` (373).
        reason: u16,
        /// `Text` (58).
        text: Cow<'static, str>,
    },
    /// BusinessMessageReject (j): the message is valid and not for this application.
    Business {
        /// `BusinessRejectReason` (380).
        reason: u16,
        /// `BusinessRejectRefID` (379), where the message has a business identifier.
        ref_id: Option<Vec<u8>>,
        /// `Text` (58).
        text: Cow<'static, str>,
    },
}

impl AppReject {
    /// BusinessMessageReject for a message type that the application does not take.
    ///
    /// The text is the acceptance suite's (QuickFIX).
    #[must_use]
    pub const fn unsupported_message_type() -> Self {
        Self::Business {
            reason: 3,
            ref_id: None,
            text: Cow::Borrowed("Unsupported Message Type"),
        }
    }
}

/// Where an application sends: to any session of its link, connected or not.
#[derive(Debug)]
pub struct Outgoing<'a> {
    pub(crate) queue: &'a mut Queue,
}

impl Outgoing<'_> {
    /// Sends a message of type `msg_type` whose body `write` writes.
    ///
    /// The message is numbered and stored even while the peer is away: it is then resent at the
    /// peer's next logon. Header and trailer are the session's; `write` writes body fields only.
    ///
    /// # Panics
    /// If the link has no such session.
    ///
    /// # Cost
    /// One copy of the body, no allocation once the queue has grown to its working size.
    pub fn send(&mut self, session: SessionIx, msg_type: &[u8], write: impl FnOnce(&mut Body<'_>)) {
        self.queue.push(session, msg_type, false, write);
    }

    /// Sends as [`send`](Self::send) does, with `PossResend` (97) `Y` in the header: the content
    /// may have been sent before under another number.
    ///
    /// # Panics
    /// If the link has no such session.
    pub fn send_poss_resend(
        &mut self,
        session: SessionIx,
        msg_type: &[u8],
        write: impl FnOnce(&mut Body<'_>),
    ) {
        self.queue.push(session, msg_type, true, write);
    }
}

/// Messages that an application has sent and the link has not yet given to their sessions.
///
/// One buffer for all: a session cannot be entered again while it delivers, so its answers wait
/// here until it returns. A test of an application uses one directly.
#[derive(Debug, Default)]
pub struct Queue {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    clock: UtcTimestamp,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    session: SessionIx,
    /// Offsets in `bytes`: of the type, of the body behind it, of the end of both.
    start: usize,
    body: usize,
    end: usize,
    poss_resend: bool,
}

/// A message that waits in a [`Queue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued<'a> {
    /// Where it goes.
    pub session: SessionIx,
    /// `MsgType` (35).
    pub msg_type: &'a [u8],
    /// The fields between header and trailer.
    pub body: &'a [u8],
    /// Whether `PossResend` (97) is `Y`.
    pub poss_resend: bool,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What an application is lent.
    pub const fn outgoing(&mut self) -> Outgoing<'_> {
        Outgoing { queue: self }
    }

    /// Forgets all messages, keeping the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The messages in the order they were sent.
    pub fn iter(&self) -> impl Iterator<Item = Queued<'_>> {
        self.entries.iter().map(|entry| Queued {
            session: entry.session,
            msg_type: &self.bytes[entry.start..entry.body],
            body: &self.bytes[entry.body..entry.end],
            poss_resend: entry.poss_resend,
        })
    }

    pub(crate) fn push(
        &mut self,
        session: SessionIx,
        msg_type: &[u8],
        poss_resend: bool,
        write: impl FnOnce(&mut Body<'_>),
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(msg_type);
        let body = self.bytes.len();
        let mut written = Body::with_clock(&mut self.bytes, self.clock);
        write(&mut written);
        self.clock = written.clock();
        self.entries.push(Entry {
            session,
            start,
            body,
            end: self.bytes.len(),
            poss_resend,
        });
    }
}
