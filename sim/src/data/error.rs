//! What can go wrong with market data, each naming the place and the remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use dcx_model::Code;

/// A place in a file, as editors count: lines and columns from 1, in bytes. Line 0 means the
/// file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file; behind an exclamation mark its member, where it is an archive.
    pub path: PathBuf,
    /// The line.
    pub line: u64,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The file as a whole.
    pub(crate) fn file(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// Why market data cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No such file or folder, or a folder without any file in a known format.
    #[error("{}: {what}", .path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// The operating system or the decompressor refused a read.
    #[error("reading {place}")]
    Read {
        /// Where.
        place: Place,
        /// Why.
        source: io::Error,
    },
    /// The file is in no known format.
    #[error("{place}: {what}")]
    Format {
        /// Where.
        place: Place,
        /// What was expected.
        what: String,
    },
    /// The file gives times of day, and nothing says in which clock.
    #[error("{}: times of day in an unknown clock; say --tz {name}=+HH:MM", .path.display())]
    Clock {
        /// The file or folder.
        path: PathBuf,
        /// What to call it in the option.
        name: String,
    },
    /// The file gives times of day, and its name no day.
    #[error("{}: the name does not begin with a day (YYYYMMDD)", .path.display())]
    Day {
        /// The file.
        path: PathBuf,
    },
    /// A row does not hold what its format says.
    #[error("{place}: {what}")]
    Row {
        /// Where.
        place: Place,
        /// What is wrong.
        what: String,
    },
    /// A compressed file unpacks to more than the limit.
    #[error("{}: unpacks to more than {max} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        max: u64,
    },
    /// An option that gives a clock is not understood.
    #[error("--tz {text}: {what}")]
    TimeZone {
        /// The option's text.
        text: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The CSV could not be written.
    #[error("writing {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataError {
    /// The stable code, with meaning and remedy.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::D001,
            Self::Read { .. } => Code::D002,
            Self::Format { .. } => Code::D003,
            Self::Clock { .. } => Code::D004,
            Self::Day { .. } => Code::D005,
            Self::Row { .. } => Code::D006,
            Self::TooLarge { .. } => Code::D007,
            Self::TimeZone { .. } => Code::D008,
            Self::Write { .. } => Code::D009,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        self.code().remedy()
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            return Self::Missing {
                path: path.to_owned(),
                what: "no such file or folder",
            };
        }
        Self::Read {
            place: Place::file(path),
            source,
        }
    }
}
