//! What a session must remember over a restart: both next numbers and every message it sent.
//!
//! # The promise
//! - **Outgoing.** A message is written before it is transmitted, so a killed process never uses
//!   a number twice and can resend whatever a peer may have missed. The next outgoing number is
//!   that of the last message kept, plus one: it costs no write of its own.
//! - **Incoming.** The number kept is never beyond what the application has taken, and may lag
//!   behind it by a fraction of a second: it rides in the records of outgoing messages and is
//!   noted by itself only now and then. After a kill the peer is therefore asked to resend a
//!   little that was seen before; it comes with `PossDupFlag` (43) and the application, which
//!   knows the orders, decides. A message is seen twice rather than never.
//! - **Damage.** A last record cut short by a kill is trimmed. Anything else that does not check
//!   refuses to start with its place in the file. Numbers are never silently set to 1.
//!
//! What is written survives the process; whether also the machine is the session's
//! [`Durability`]. Whatever it is, the link's thread waits for the disk, and with it every session
//! of that link.

mod file;
mod memory;
mod record;
mod segment;

use std::fmt;
use std::io;
use std::path::PathBuf;

use dcx_model::{Code, Nanos};

pub use file::FileStore;
pub(crate) use file::session_name;
pub use memory::MemoryStore;

/// What outlives what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Written before it is sent: survives the process, not the machine.
    #[default]
    Async,
    /// Made durable (`fdatasync`) once for all that is sent together, before it is sent.
    Group,
    /// Made durable message by message.
    Full,
}

/// How a store in files keeps what it keeps, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// What outlives what.
    pub durability: Durability,
    /// Length at which a file is closed and the next begun.
    pub segment_bytes: u64,
    /// Bytes kept at most, in whole files; `None` keeps all. What is removed is gap-filled.
    pub retain_bytes: Option<u64>,
    /// How long a closed file is kept; `None` for ever.
    pub retain_for: Option<Nanos>,
}

impl Default for StoreOptions {
    /// Survives the process, in files of 64 MiB, of which none is removed.
    fn default() -> Self {
        Self {
            durability: Durability::Async,
            segment_bytes: 64 << 20,
            retain_bytes: None,
            retain_for: None,
        }
    }
}

/// What can go wrong between a session and its disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{doing} session store {}", .path.display())]
    Io {
        /// What was attempted, e.g. `opening`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process, or another session, has the store open.
    #[error("session store {} is in use by another session", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file was made for another session.
    #[error("session store {} belongs to {found}, not to {expected}", .path.display())]
    WrongSession {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// A record does not check, and it is not a last one cut short.
    #[error("session store {} is damaged at byte {at}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record begins.
        at: u64,
        /// What does not check.
        what: &'static str,
    },
}

impl StoreError {
    /// Its code in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::F109,
            Self::InUse { .. } => Code::F110,
            Self::WrongSession { .. } => Code::F111,
            Self::Damaged { .. } => Code::F112,
        }
    }
}

/// Keeps the numbers and the sent messages of one session. See the promise on top of the module.
pub trait Store: fmt::Debug + Send {
    /// The number of the next message we send.
    fn next_out(&self) -> u64;

    /// The number of the next message we expect, as last settled.
    fn next_in(&self) -> u64;

    /// When the numbers began, in nanoseconds since 1970, if the store remembers.
    fn created_ns(&self) -> Option<u64>;

    /// Keeps the message with the next outgoing number; empty `bytes` use the number up without
    /// anything to resend (administrative messages).
    ///
    /// It survives from the next [`flush`](Self::flush) on.
    ///
    /// # Panics
    /// If `msg_seq_num` is not [`next_out`](Self::next_out): numbers are used in order.
    fn keep(&mut self, msg_seq_num: u64, bytes: &[u8]);

    /// Makes all that was kept survive this process, with one write. Comes before transmitting.
    ///
    /// # Errors
    /// [`StoreError::Io`]; nothing may be transmitted then, and the store refuses from now on.
    fn flush(&mut self) -> Result<(), StoreError>;

    /// Says that the application has taken every message before `next_in`.
    ///
    /// It survives with the next message kept, or with the next [`note`](Self::note).
    fn settle(&mut self, next_in: u64);

    /// Makes the settled incoming number survive, if it does not yet.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    fn note(&mut self) -> Result<(), StoreError>;

    /// Forgets all messages and begins anew with these numbers (`ResetSeqNumFlag`, 141).
    ///
    /// # Errors
    /// [`StoreError::Io`]; the old numbers are then still those of the file.
    fn reset(&mut self, next_in: u64, next_out: u64) -> Result<(), StoreError>;

    /// Appends the bytes of a message that was kept to `out`; nothing for a number that has none.
    ///
    /// # Errors
    /// [`StoreError::Io`] and [`StoreError::Damaged`].
    fn read(&mut self, msg_seq_num: u64, out: &mut Vec<u8>) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests;
