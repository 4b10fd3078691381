//! A store in append-only files, one session's to itself.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::record::{Kind, PAYLOAD_LEN_MAX, Record};
use super::segment::{Place, Segment, io_error};
use super::{Durability, Store, StoreError, StoreOptions};

/// Keeps a session's numbers and messages in files.
///
/// One is written to; once it has [`segment_bytes`](StoreOptions::segment_bytes) it is closed and
/// the next one begun. The one written to is locked. A reset replaces it by a new one, whole or
/// not at all, and then removes those that were closed.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    owner: String,
    options: StoreOptions,
    /// When these numbers began, in nanoseconds since 1970.
    created: u64,
    /// Oldest first, each beginning where the one before ends, the last where `active` begins.
    closed: Vec<Segment>,
    active: Segment,
    /// Records kept since the last flush.
    buffer: Vec<u8>,
    next_in: u64,
    /// The incoming number of the last record written or buffered.
    next_in_kept: u64,
    trimmed: u64,
    /// A write went wrong: what the file now ends with is not known until it is opened again.
    broken: bool,
    /// What went wrong where nobody could be told.
    failed: Option<StoreError>,
}

/// What a session's files are called: `BeginString-Sender-Target`, other bytes than letters,
/// digits and dots as `%` and two hexadecimal digits, so that two sessions never share a name.
pub(crate) fn session_name(
    begin_string: &str,
    sender_comp_id: &str,
    target_comp_id: &str,
) -> String {
    let mut name = String::new();
    for (ix, part) in [begin_string, sender_comp_id, target_comp_id]
        .iter()
        .enumerate()
    {
        if ix > 0 {
            name.push('-');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'.' {
                name.push(char::from(byte));
            } else {
                name.push_str(&format!("%{byte:02x}"));
            }
        }
    }
    name
}

/// Between a file's name and the first number of a file that was closed. No name has it.
const CLOSED: char = '~';

impl FileStore {
    /// Opens the store of a session in `directory`, making both if they are missing, with the
    /// options of [`StoreOptions::default`].
    ///
    /// # Errors
    /// [`StoreError`]: the session must then not be started.
    pub fn open(
        directory: &Path,
        begin_string: &str,
        sender_comp_id: &str,
        target_comp_id: &str,
    ) -> Result<Self, StoreError> {
        let name = [begin_string, sender_comp_id, target_comp_id];
        Self::open_with(directory, name, StoreOptions::default())
    }

    /// As [`open`](Self::open) for the session of this BeginString, SenderCompID and TargetCompID,
    /// with other options.
    ///
    /// # Errors
    /// [`StoreError`]: the session must then not be started.
    pub fn open_with(
        directory: &Path,
        [begin_string, sender_comp_id, target_comp_id]: [&str; 3],
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let path = directory.join(format!(
            "{}.fixlog",
            session_name(begin_string, sender_comp_id, target_comp_id)
        ));
        let owner = format!("{begin_string} {sender_comp_id} {target_comp_id}");
        let create = || fs::create_dir_all(directory);
        create().map_err(|source| io_error("making the directory of", &path, source))?;
        let closed = closed_files(directory, &path)?;
        if !path.exists() && closed.is_empty() {
            let mut active = Segment::fresh(&path, &owner, now_ns(), (1, 1))?;
            active.put(&path)?;
        } else if !path.exists() {
            Self::finish_closing(&path, &owner, &closed)?;
        }
        let mut store = Self::open_existing(path, owner, options)?;
        store.open_closed(closed)?;
        store.drop_old();
        Ok(store)
    }

    /// The process ended between closing a file and beginning the next.
    fn finish_closing(path: &Path, owner: &str, closed: &[PathBuf]) -> Result<(), StoreError> {
        let Some(last) = closed.last() else {
            return Ok(());
        };
        let last = Segment::open(last, owner, Place::Closed)?;
        let numbers = (last.next_in, last.segment.next);
        Segment::fresh(path, owner, last.created, numbers)?.put(path)
    }

    fn open_existing(
        path: PathBuf,
        owner: String,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let opened = Segment::open(&path, &owner, Place::Active)?;
        Ok(Self {
            path,
            owner,
            options,
            created: opened.created,
            closed: Vec::new(),
            active: opened.segment,
            buffer: Vec::with_capacity(64 * 1024),
            next_in: opened.next_in,
            next_in_kept: opened.next_in,
            trimmed: opened.trimmed,
            broken: false,
            failed: None,
        })
    }

    fn open_closed(&mut self, files: Vec<PathBuf>) -> Result<(), StoreError> {
        for path in files {
            if Segment::created(&path)? != self.created {
                // A reset was ended before it had removed what it replaced.
                let removed = fs::remove_file(&path);
                removed.map_err(|source| io_error("removing", &path, source))?;
                continue;
            }
            let opened = Segment::open(&path, &self.owner, Place::Closed)?;
            self.closed.push(opened.segment);
        }
        let behind = self.closed.iter().skip(1).chain([&self.active]);
        for (segment, next) in self.closed.iter().zip(behind) {
            if segment.next != next.first() {
                return Err(StoreError::Damaged {
                    path: segment.path.clone(),
                    at: segment.len,
                    what: "the file that goes on from here is missing",
                });
            }
        }
        Ok(())
    }

    /// Bytes of a torn last record that were cut off when the store was opened.
    #[must_use]
    pub const fn trimmed(&self) -> u64 {
        self.trimmed
    }

    /// The file that is written to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first number that may still be resent.
    #[must_use]
    pub fn first_kept(&self) -> u64 {
        self.closed.first().unwrap_or(&self.active).first()
    }

    fn next_number(&self) -> u64 {
        self.active.next
    }

    /// Writes what is buffered and makes it as durable as was asked for.
    fn write(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = if self.broken {
            Err(io::Error::other("an earlier write went wrong"))
        } else {
            self.active.file.write_all(&self.buffer)
        };
        self.active.len += self.buffer.len() as u64;
        self.buffer.clear();
        // After a short write the file may end in half a record. Appending behind it would turn
        // a torn tail, which is trimmed, into damage, which is not.
        self.broken = written.is_err();
        written.map_err(|source| io_error("writing", &self.path, source))?;
        if self.options.durability != Durability::Async {
            self.broken = true;
            self.active.sync()?;
            self.broken = false;
        }
        Ok(())
    }

    /// Closes the file that is written to once it is long, and begins the next.
    fn close_if_long(&mut self) -> Result<(), StoreError> {
        let empty = self.active.next == self.active.first();
        if empty || self.active.len < self.options.segment_bytes {
            return Ok(());
        }
        // A closed file is whole: a tail torn by a power failure would be damage.
        self.active.sync()?;
        let numbers = (self.next_in, self.active.next);
        let mut next = Segment::fresh(&self.path, &self.owner, self.created, numbers)?;
        let name = self.path.with_extension("");
        let name = format!(
            "{}{CLOSED}{:020}.fixlog",
            name.display(),
            self.active.first()
        );
        self.active.put(Path::new(&name))?;
        next.put(&self.path)?;
        self.next_in_kept = self.next_in;
        self.closed.push(std::mem::replace(&mut self.active, next));
        self.sync_directory()?;
        self.drop_old();
        Ok(())
    }

    fn sync_directory(&self) -> Result<(), StoreError> {
        if self.options.durability == Durability::Async {
            return Ok(());
        }
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| io_error("making durable", directory, source))
    }

    /// Removes closed files beyond what is to be kept, oldest first. What is gone is gap-filled.
    fn drop_old(&mut self) {
        let mut bytes: u64 = self.closed.iter().map(|segment| segment.len).sum();
        bytes += self.active.len;
        while let Some(oldest) = self.closed.first() {
            let large = self.options.retain_bytes.is_some_and(|max| bytes > max);
            let old = self.options.retain_for.is_some_and(|max| {
                let changed = oldest.file.metadata().and_then(|it| it.modified());
                let age = changed.ok().and_then(|at| at.elapsed().ok());
                age.is_some_and(|age| age > Duration::from_nanos(max.get()))
            });
            if !large && !old || fs::remove_file(&oldest.path).is_err() {
                return;
            }
            bytes -= oldest.len;
            self.closed.remove(0);
        }
    }
}

impl Store for FileStore {
    fn next_out(&self) -> u64 {
        self.next_number()
    }

    fn next_in(&self) -> u64 {
        self.next_in
    }

    fn created_ns(&self) -> Option<u64> {
        (self.created > 0).then_some(self.created)
    }

    fn keep(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        assert!(
            msg_seq_num == self.next_number(),
            "outgoing numbers are used in order"
        );
        assert!(
            bytes.len() <= PAYLOAD_LEN_MAX,
            "a message is never as long as that"
        );
        let place = self.active.len + self.buffer.len() as u64;
        self.active.index.add(msg_seq_num, place);
        self.active.next += 1;
        self.next_in_kept = self.next_in;
        let record = Record {
            next_in: self.next_in,
            kind: Kind::Message(msg_seq_num),
        };
        record.write(bytes, &mut self.buffer);
        if self.options.durability == Durability::Full
            && let Err(error) = self.write()
        {
            self.failed.get_or_insert(error);
        }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if let Some(error) = self.failed.take() {
            self.buffer.clear();
            return Err(error);
        }
        self.write()?;
        self.close_if_long()
    }

    fn settle(&mut self, next_in: u64) {
        self.next_in = next_in;
    }

    fn note(&mut self) -> Result<(), StoreError> {
        if self.next_in_kept != self.next_in {
            self.next_in_kept = self.next_in;
            let record = Record {
                next_in: self.next_in,
                kind: Kind::NextOut(self.next_number()),
            };
            record.write(&[], &mut self.buffer);
        }
        self.flush()
    }

    fn reset(&mut self, next_in: u64, next_out: u64) -> Result<(), StoreError> {
        // Later than before, whatever the clock says: it tells old files from new ones.
        let created = now_ns().max(self.created + 1);
        let mut fresh = Segment::fresh(&self.path, &self.owner, created, (next_in, next_out))?;
        if self.options.durability != Durability::Async {
            fresh.sync()?;
        }
        fresh.put(&self.path)?;
        self.sync_directory()?;
        self.created = created;
        self.active = fresh;
        self.buffer.clear();
        self.next_in = next_in;
        self.next_in_kept = next_in;
        self.broken = false;
        self.failed = None;
        for segment in self.closed.drain(..) {
            // One that stays is known by its time, and removed at the next start.
            let _ = fs::remove_file(&segment.path);
        }
        Ok(())
    }

    fn read(&mut self, msg_seq_num: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.flush()?;
        if msg_seq_num >= self.next_number() {
            return Ok(());
        }
        if msg_seq_num >= self.active.first() {
            return self.active.read(msg_seq_num, out);
        }
        let behind = self.closed.partition_point(|it| it.next <= msg_seq_num);
        match self.closed.get_mut(behind) {
            Some(segment) => segment.read(msg_seq_num, out),
            None => Ok(()),
        }
    }
}

impl Drop for FileStore {
    /// An orderly end loses no incoming number. A failure here only costs a resend.
    fn drop(&mut self) {
        let _ = self.note();
    }
}

/// The files of a session that were closed, oldest first.
fn closed_files(directory: &Path, path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |source| io_error("listing the directory of", path, source);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let first = name.strip_prefix(stem.as_ref());
        let first = first.and_then(|rest| rest.strip_prefix(CLOSED)?.strip_suffix(".fixlog"));
        if first.is_some_and(|first| first.len() == 20 && first.bytes().all(|b| b.is_ascii_digit()))
        {
            found.push(directory.join(name.as_ref()));
        }
    }
    found.sort();
    Ok(found)
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}
