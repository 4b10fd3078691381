//! Appends commands to a journal: one `write(2)` for each batch.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use dcx_model::{Seq, Sequenced};

use super::format::{self, Link, Mark, RECORD_MAX, SEGMENT_HEADER_LEN};
use super::reader::End;
use super::{JournalError, JournalOptions, segment_path};

/// The name of the file whose lock says who writes.
const LOCK_NAME: &str = "journal.lock";

/// The one writer of a journal.
///
/// [`append`](Self::append) only collects; [`flush`](Self::flush) hands everything collected to
/// the operating system with one call. From then on it survives the death of the process, though
/// not that of the machine.
///
/// After an error nothing more is written: what the disk holds behind the failed write is not
/// known, and the next start finds out.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    /// Held for its lock alone.
    _lock: File,
    file: File,
    segment: u32,
    /// Where the next write goes in the file of `segment`.
    offset: u64,
    link: Link,
    buffer: Vec<u8>,
    /// Records in `buffer`.
    buffered: u64,
    /// The command after the last one that the operating system has.
    written: Seq,
    totals: Totals,
    options: JournalOptions,
    failed: bool,
}

/// What a writer has written since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records, commands and marks.
    pub records: u64,
    /// Bytes, headers of segments included.
    pub bytes: u64,
    /// Segment files made.
    pub segments: u64,
}

impl Writer {
    /// Continues the journal in the directory of `lock` at `end`, cutting off what is behind it.
    pub(super) fn resume(
        lock: DirLock,
        end: End,
        options: JournalOptions,
    ) -> Result<Self, JournalError> {
        let path = segment_path(&lock.dir, end.segment);
        let mut open = OpenOptions::new();
        let opened = open
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = opened.map_err(JournalError::io("opening journal segment", &path))?;
        file.set_len(end.offset)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(JournalError::io("trimming journal segment", &path))?;
        let mut writer = Self {
            dir: lock.dir,
            _lock: lock.file,
            file,
            segment: end.segment,
            offset: end.offset,
            link: end.link,
            buffer: Vec::with_capacity(options.batch_records_max * RECORD_MAX),
            buffered: 0,
            written: end.link.next_seq,
            totals: Totals::default(),
            options,
            failed: false,
        };
        if end.offset == 0 {
            writer.begin_segment()?;
        }
        Ok(writer)
    }

    /// Collects the record of `sequenced`.
    ///
    /// # Panics
    /// If it is not the next command: a journal with a gap would replay to something else.
    ///
    /// # Cost
    /// O(1), no allocation up to `batch_records_max` records between flushes.
    pub fn append(&mut self, sequenced: &Sequenced) {
        assert!(
            sequenced.seq == self.link.next_seq,
            "commands are journalled in their order, without a gap"
        );
        format::put_command(&mut self.buffer, &mut self.link, sequenced);
        self.buffered += 1;
    }

    /// Collects the record of `mark`.
    ///
    /// # Panics
    /// If its command was not appended before.
    pub fn append_mark(&mut self, mark: &Mark) {
        assert!(
            mark.seq < self.link.next_seq,
            "a mark follows its command in the journal"
        );
        format::put_mark(&mut self.buffer, &mut self.link, mark);
        self.buffered += 1;
    }

    /// Writes everything collected. Returns the command after the last one written.
    ///
    /// # Errors
    /// [`JournalError::Io`], this time and ever after: nothing is tried again.
    pub fn flush(&mut self) -> Result<Seq, JournalError> {
        if self.failed {
            return Err(self.already_failed());
        }
        let result = self.write_out();
        self.failed = result.is_err();
        result.map(|()| self.written)
    }

    /// The command after the last one that the operating system has.
    #[must_use]
    pub const fn written(&self) -> Seq {
        self.written
    }

    /// The command that must be appended next.
    #[must_use]
    pub const fn next_seq(&self) -> Seq {
        self.link.next_seq
    }

    /// What was written since the writer was opened.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// Records that are collected for one write, at most.
    pub(crate) const fn batch_records_max(&self) -> usize {
        self.options.batch_records_max
    }

    /// The directory of the journal.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn write_out(&mut self) -> Result<(), JournalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Err(source) = self.file.write_all(&self.buffer) {
            return Err(self.io_error("writing", source));
        }
        self.offset += self.buffer.len() as u64;
        self.totals.bytes += self.buffer.len() as u64;
        self.totals.records += self.buffered;
        self.buffer.clear();
        self.buffered = 0;
        self.written = self.link.next_seq;
        if self.offset >= self.options.segment_bytes_max {
            self.rotate()?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), JournalError> {
        let path = segment_path(&self.dir, self.segment + 1);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).open(&path);
        self.file = opened.map_err(JournalError::io("creating journal segment", &path))?;
        self.segment += 1;
        self.offset = 0;
        self.begin_segment()
    }

    /// Writes the header of an empty segment, and sees to it that its name stays.
    fn begin_segment(&mut self) -> Result<(), JournalError> {
        let (header, link) = format::segment_header(self.segment, self.link);
        if let Err(source) = self.file.write_all(&header) {
            return Err(self.io_error("writing", source));
        }
        sync_dir(&self.dir)?;
        self.link = link;
        self.offset = SEGMENT_HEADER_LEN as u64;
        self.totals.bytes += SEGMENT_HEADER_LEN as u64;
        self.totals.segments += 1;
        Ok(())
    }

    fn io_error(&self, doing: &'static str, source: io::Error) -> JournalError {
        JournalError::io(doing, segment_path(&self.dir, self.segment))(source)
    }

    fn already_failed(&self) -> JournalError {
        let why = "an earlier write failed, and what it left behind is not known";
        self.io_error("writing", io::Error::other(why))
    }
}

/// The right to write in a directory, held as long as it lives.
#[derive(Debug)]
pub(super) struct DirLock {
    pub(super) dir: PathBuf,
    file: File,
}

impl DirLock {
    /// Makes the directory if it is not there, and locks it.
    pub(super) fn take(dir: &Path) -> Result<Self, JournalError> {
        fs::create_dir_all(dir).map_err(JournalError::io("creating journal directory", dir))?;
        let path = dir.join(LOCK_NAME);
        let mut options = OpenOptions::new();
        let opened = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = opened.map_err(JournalError::io("opening", &path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(JournalError::Locked {
                    dir: dir.to_owned(),
                    pid: read_pid(&mut file),
                });
            }
            Err(errno) => return Err(JournalError::io("locking", path)(errno.into())),
        }
        // The number is for the message of whoever comes second; the lock is what counts.
        let written = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(JournalError::io("writing", path))?;
        let dir = dir.to_owned();
        Ok(Self { dir, file })
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// A new file is only found again after a crash of the machine once its directory is on disk.
fn sync_dir(dir: &Path) -> Result<(), JournalError> {
    File::open(dir)
        .and_then(|file| file.sync_all())
        .map_err(JournalError::io("syncing journal directory", dir))
}
