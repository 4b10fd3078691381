//! A plain log: one line each to standard error and to a file, written by the main thread only.
//!
//! The pinned threads never format and never write; what they have to say is counted, and the
//! main thread tells it.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use dcx_model::UnixNanos;

use crate::exit::Failure;
use crate::out::Out;
use crate::text::utc;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// What happened.
    Info,
    /// What somebody should look at.
    Warn,
    /// What does not work.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Info => "info ",
            Self::Warn => "warn ",
            Self::Error => "error",
        }
    }
}

/// Where lines go.
#[derive(Debug)]
pub(crate) struct Log {
    out: Out,
    file: Option<File>,
}

impl Log {
    /// Appends to `dcx.log` in `dir`.
    pub(crate) fn open(dir: &Path, out: Out) -> Result<Self, Failure> {
        let path = dir.join("dcx.log");
        let open = || {
            fs::create_dir_all(dir)?;
            OpenOptions::new().append(true).create(true).open(&path)
        };
        let file = open().map_err(|error| Failure::io("opening", &path, &error))?;
        Ok(Self {
            out,
            file: Some(file),
        })
    }

    /// Says what happened.
    pub(crate) fn info(&mut self, text: impl AsRef<str>) {
        self.line(Level::Info, text.as_ref());
    }

    /// Says what somebody should look at.
    pub(crate) fn warn(&mut self, text: impl AsRef<str>) {
        self.line(Level::Warn, text.as_ref());
    }

    /// Says what does not work.
    pub(crate) fn error(&mut self, text: impl AsRef<str>) {
        self.line(Level::Error, text.as_ref());
    }

    fn line(&mut self, level: Level, text: &str) {
        for text in text.lines() {
            let line = format!("{} {} {text}", utc(now()), level.name());
            self.out.talk(&line);
            let Some(file) = &mut self.file else {
                continue;
            };
            if let Err(error) = writeln!(file, "{line}") {
                self.file = None;
                self.out.talk(format!("the log file is given up: {error}"));
            }
        }
    }
}

/// The system's time.
pub(crate) fn now() -> UnixNanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.map_or(0, |since| since.as_nanos());
    UnixNanos::new(u64::try_from(nanos).unwrap_or(u64::MAX))
}
