//! The journal: every command in its order, and digests that prove a replay equal.
//!
//! What is kept is the *input*. Events are not: replaying the commands gives them again, and the
//! [`Mark`]s between the commands prove it. The bytes are described in
//! `docs/protocols/journal.md`.

mod error;
mod format;
mod reader;
mod replay;
mod writer;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use error::JournalError;
pub use format::{Damage, Entry, Mark};
pub use reader::{Place, ReadTotals, Reader, Tail, Torn};
pub use replay::{
    Difference, Observer, Recovered, ReplayReport, Verified, recover, recover_observed, replay,
    verify,
};
pub(crate) use replay::{mark_after, take_events};
pub use writer::{Totals, Writer};

/// What is promised about a command before anything that it caused leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JournalMode {
    /// Nothing: there is no journal, and a restart begins from nothing.
    Off,
    /// It is written: it survives the death of the process, not that of the machine.
    #[default]
    Async,
}

impl JournalMode {
    /// The name in configuration and in every latency figure.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Async => "async",
        }
    }
}

impl fmt::Display for JournalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no journal mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("journal mode is one of off, async")]
pub struct UnknownJournalMode;

impl FromStr for JournalMode {
    type Err = UnknownJournalMode;

    fn from_str(text: &str) -> Result<Self, UnknownJournalMode> {
        match text {
            "off" => Ok(Self::Off),
            "async" => Ok(Self::Async),
            _ => Err(UnknownJournalMode),
        }
    }
}

/// Whether commands are still being kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// There is no journal.
    Off,
    /// Every command is written.
    Writing,
    /// A write failed. Nothing that a later command caused leaves the process.
    Failed,
}

/// The sizes of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// A segment that has grown to this many bytes is the last write's: the next goes to a new one.
    pub segment_bytes_max: u64,
    /// Records written with one call, at most.
    pub batch_records_max: usize,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            segment_bytes_max: 256 * 1024 * 1024,
            batch_records_max: 256,
        }
    }
}

fn segment_path(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("journal-{segment:08}.dcxj"))
}

/// The number in the name of a segment file; none for other files.
fn segment_number(name: &OsStr) -> Option<u32> {
    let digits = name
        .to_str()?
        .strip_prefix("journal-")?
        .strip_suffix(".dcxj")?;
    let is_number = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}
