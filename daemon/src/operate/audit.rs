//! `audit.log`: a line for every request that may change something, and for strangers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use dcx_control::socket::AuditLine;
use dcx_model::UnixNanos;
use serde::Serialize;

use crate::log::now;
use crate::text::utc;

/// Lines that strangers get in a minute. Whoever can reach the socket must not be able to fill
/// the disk.
const STRANGERS_PER_MINUTE: u32 = 20;

const MINUTE_NS: u64 = 60_000_000_000;

/// Where the audit is written.
#[derive(Debug)]
pub(crate) struct AuditLog {
    inner: Mutex<Inner>,
    failed: AtomicU64,
}

#[derive(Debug)]
struct Inner {
    file: File,
    /// When the minute of the strangers began, and how many there were in it.
    since: UnixNanos,
    strangers: u32,
    /// Strangers that got no line since the last one that did.
    left_out: u64,
}

#[derive(Serialize)]
struct Line<'l> {
    at: String,
    #[serde(flatten)]
    line: &'l AuditLine,
    /// Lines of strangers that were left out before this one.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AuditLog {
    /// Appends to `audit.log` in `dir`, which only its owner can read.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut options = OpenOptions::new();
        let options = options.append(true).create(true).mode(0o600);
        let file = options.open(dir.join("audit.log"))?;
        Ok(Self {
            inner: Mutex::new(Inner {
                file,
                since: UnixNanos::ZERO,
                strangers: 0,
                left_out: 0,
            }),
            failed: AtomicU64::new(0),
        })
    }

    /// Writes a line, on the disk before this returns: the answer waits for it.
    pub(crate) fn write(&self, line: &AuditLine) {
        self.write_at(line, now());
    }

    fn write_at(&self, line: &AuditLine, at: UnixNanos) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if line.who.is_none() && !inner.admits(at) {
            inner.left_out += 1;
            return;
        }
        if inner.append(line, at).is_err() {
            // The request is over; what is left is to say that its line is missing.
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that could not be written.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Inner {
    /// Whether one more stranger gets a line.
    fn admits(&mut self, at: UnixNanos) -> bool {
        if at.get().saturating_sub(self.since.get()) >= MINUTE_NS {
            (self.since, self.strangers) = (at, 0);
        }
        self.strangers += 1;
        self.strangers <= STRANGERS_PER_MINUTE
    }

    fn append(&mut self, line: &AuditLine, at: UnixNanos) -> io::Result<()> {
        let line = Line {
            at: utc(at),
            line,
            left_out: self.left_out,
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.left_out = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dcx_control::socket::Outcome;
    use serde_json::{Map, Value};

    use super::*;

    fn line(who: Option<&str>) -> AuditLine {
        AuditLine {
            who: who.map(str::to_owned),
            uid: 1,
            pid: 2,
            verb: "halt".to_owned(),
            impact: None,
            args: Map::new(),
            outcome: Outcome::Done,
        }
    }

    fn lines(dir: &Path) -> Vec<Value> {
        let text = fs::read_to_string(dir.join("audit.log")).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn strangers_get_few_lines_and_operators_all() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::open(dir.path()).unwrap();
        let at = UnixNanos::from_seconds(100);
        for _ in 0..50 {
            log.write_at(&line(None), at);
        }
        log.write_at(&line(Some("ann")), at);
        log.write_at(&line(None), at);
        log.write_at(&line(None), UnixNanos::from_seconds(160));
        let lines = lines(dir.path());
        assert_eq!(lines.len(), STRANGERS_PER_MINUTE as usize + 2);
        let ann = &lines[STRANGERS_PER_MINUTE as usize];
        assert_eq!((&ann["who"], &ann["left_out"]), (&"ann".into(), &30.into()));
        assert_eq!(ann["at"], "1970-01-01T00:01:40.000000000Z");
        assert_eq!(lines.last().unwrap()["left_out"], 1, "the next minute");
        assert_eq!(log.failed(), 0);
    }

    #[test]
    fn a_log_goes_on_where_it_was_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("log");
        AuditLog::open(&below).unwrap().write(&line(Some("ann")));
        AuditLog::open(&below).unwrap().write(&line(Some("bob")));
        assert_eq!(lines(&below).len(), 2);
        let mode = fs::metadata(below.join("audit.log"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
