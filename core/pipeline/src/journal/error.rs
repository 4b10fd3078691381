//! What can go wrong between the journal and its disk.

use std::io;
use std::path::PathBuf;

use dcx_model::{Code, Seq};

use super::format::Damage;

/// Why a journal could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
    /// There is no journal in the directory.
    #[error("no journal in {}", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process writes this journal.
    #[error("journal {} is being written by {}", dir.display(), Owner(*pid))]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The process that has it, if it says so.
        pid: Option<u32>,
    },
    /// A record or a header is damaged, and what follows it shows that it was once whole.
    #[error(
        "journal {} is damaged in segment {segment} at byte {offset}, where command {seq} is due: {why}",
        dir.display()
    )]
    Damaged {
        /// The directory.
        dir: PathBuf,
        /// The number of the segment.
        segment: u32,
        /// Where in its file, in bytes.
        offset: u64,
        /// The command that is due there.
        seq: Seq,
        /// What is wrong.
        why: Damage,
    },
    /// A segment between others is not there.
    #[error("journal {} lacks segment {segment}; the next one is {next}", dir.display())]
    SegmentMissing {
        /// The directory.
        dir: PathBuf,
        /// The number that is missing.
        segment: u32,
        /// The number found instead.
        next: u32,
    },
    /// A segment is of a version that this build does not read.
    #[error("{} is of format version {found}, this build reads version {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// The version that is read.
        known: u16,
    },
    /// The replay of a whole journal does not give what the run gave.
    #[error("replay of journal {} differs from the run that wrote it at command {seq}", dir.display())]
    Differs {
        /// The directory.
        dir: PathBuf,
        /// The checkpoint at which it was seen.
        seq: Seq,
    },
}

impl JournalError {
    /// Its entry in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::J001,
            Self::Missing { .. } => Code::J002,
            Self::Locked { .. } => Code::J003,
            Self::Damaged { .. } => Code::J004,
            Self::SegmentMissing { .. } => Code::J005,
            Self::Version { .. } => Code::J006,
            Self::Differs { .. } => Code::J007,
        }
    }

    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

/// Names the process that has a journal.
struct Owner(Option<u32>);

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}
