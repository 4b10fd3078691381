//! Reads a journal from its first record to its last, and trusts none of them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use dcx_model::{Seq, UnixNanos};

use super::format::{
    self, Damage, Entry, Link, RECORD_HEADER_LEN, RECORD_MAX, SEGMENT_HEADER_LEN, SegmentStart,
    VERSION,
};
use super::{JournalError, segment_number, segment_path};

/// How a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With a whole record.
    Whole,
    /// With the beginning of one.
    Torn(Torn),
}

/// What an interrupted write has left at the end of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The number of the segment.
    pub segment: u32,
    /// Where the whole records end, in bytes from the start of its file.
    pub offset: u64,
    /// Bytes behind that.
    pub bytes: u64,
    /// What is wrong with them.
    pub why: Damage,
}

/// A place in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The number of the segment.
    pub segment: u32,
    /// In bytes from the start of its file.
    pub offset: u64,
}

/// Where the next record of a journal goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) segment: u32,
    /// Zero where even the segment's header is still to be written.
    pub(super) offset: u64,
    pub(super) link: Link,
}

/// A journal being read. Opens its files for reading only and changes nothing.
///
/// A journal that is still being written can be read, too: its last record may then look torn.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    /// The number of the last segment there is.
    segments: u32,
    segment: u32,
    window: Window,
    link: Link,
    tail: Option<Tail>,
    totals: ReadTotals,
    place: Place,
}

/// What a reader has come across so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadTotals {
    /// Whole records, commands and marks.
    pub records: u64,
    /// Bytes of them, headers of segments included.
    pub bytes: u64,
    /// Segment files begun.
    pub segments: u32,
}

impl Reader {
    /// Opens the journal in `dir`.
    ///
    /// # Errors
    /// [`JournalError::Missing`] where there is none, [`JournalError::SegmentMissing`] where it
    /// has a gap, [`JournalError::Io`], or what is wrong with its first header.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let segments = count_segments(dir)?;
        if segments == 0 {
            return Err(JournalError::Missing {
                dir: dir.to_owned(),
            });
        }
        let mut reader = Self {
            dir: dir.to_owned(),
            segments,
            segment: 1,
            window: Window::open(&segment_path(dir, 1))?,
            link: Link::FIRST,
            tail: None,
            totals: ReadTotals::default(),
            place: Place::default(),
        };
        reader.begin_segment()?;
        Ok(reader)
    }

    /// Reads the next record; none at the end, where [`tail`](Self::tail) says how that looks.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] where a record does not fit and what follows shows that it is
    /// not just the torn end of the journal.
    pub fn read(&mut self) -> Result<Option<Entry>, JournalError> {
        while self.tail.is_none() {
            self.window.fill(RECORD_MAX)?;
            if self.window.bytes().is_empty() {
                self.next_segment()?;
                continue;
            }
            match format::read_record(self.window.bytes(), &mut self.link) {
                Ok((entry, len)) => {
                    self.place = Place {
                        segment: self.segment,
                        offset: self.window.offset,
                    };
                    self.window.skip(len);
                    self.totals.records += 1;
                    self.totals.bytes += len as u64;
                    return Ok(Some(entry));
                }
                Err(why) => self.judge(why)?,
            }
        }
        Ok(None)
    }

    /// How the journal ends, once the end is reached.
    #[must_use]
    pub const fn tail(&self) -> Option<Tail> {
        self.tail
    }

    /// What was read so far.
    #[must_use]
    pub const fn totals(&self) -> ReadTotals {
        self.totals
    }

    /// The number of the next command.
    #[must_use]
    pub const fn next_seq(&self) -> Seq {
        self.link.next_seq
    }

    /// When the last command read was sequenced.
    #[must_use]
    pub const fn at(&self) -> UnixNanos {
        self.link.at
    }

    /// Where the record last read begins.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Where the next record goes, once the end is reached.
    pub(super) const fn end(&self) -> End {
        let offset = match self.tail {
            Some(Tail::Torn(torn)) => torn.offset,
            Some(Tail::Whole) | None => self.window.offset,
        };
        End {
            segment: self.segment,
            offset,
            link: self.link,
        }
    }

    fn next_segment(&mut self) -> Result<(), JournalError> {
        if self.segment == self.segments {
            self.tail = Some(Tail::Whole);
            return Ok(());
        }
        self.segment += 1;
        self.window = Window::open(&segment_path(&self.dir, self.segment))?;
        self.begin_segment()
    }

    fn begin_segment(&mut self) -> Result<(), JournalError> {
        self.window.fill(SEGMENT_HEADER_LEN)?;
        let header = format::read_segment_header(self.window.bytes(), self.segment, self.link);
        match header {
            Ok(SegmentStart::Link(link)) => {
                self.link = link;
                self.window.skip(SEGMENT_HEADER_LEN);
                self.totals.bytes += SEGMENT_HEADER_LEN as u64;
                self.totals.segments += 1;
                Ok(())
            }
            Ok(SegmentStart::Version(found)) => Err(JournalError::Version {
                path: segment_path(&self.dir, self.segment),
                found,
                known: VERSION,
            }),
            Err(why) => self.judge(why),
        }
    }

    /// Decides between a torn tail and damage.
    ///
    /// Torn is only what an interrupted write can leave: the last bytes of the last segment, with
    /// no whole record anywhere behind them. Everything else is damage, since what follows it was
    /// acted on.
    fn judge(&mut self, why: Damage) -> Result<(), JournalError> {
        let offset = self.window.offset;
        let is_last = self.segment == self.segments;
        if !is_last || !why.may_be_torn() || self.whole_record_follows()? {
            return Err(JournalError::Damaged {
                dir: self.dir.clone(),
                segment: self.segment,
                offset,
                seq: self.link.next_seq,
                why,
            });
        }
        self.window.skip(self.window.bytes().len());
        self.tail = Some(Tail::Torn(Torn {
            segment: self.segment,
            offset,
            bytes: self.window.offset - offset,
            why,
        }));
        Ok(())
    }

    /// Looks behind the place that does not fit, byte by byte, for a record that does.
    fn whole_record_follows(&mut self) -> Result<bool, JournalError> {
        loop {
            self.window.fill(RECORD_MAX)?;
            if self.window.bytes().len() <= RECORD_HEADER_LEN {
                return Ok(false);
            }
            self.window.skip(1);
            if format::begins_with_record(self.window.bytes()) {
                return Ok(true);
            }
        }
    }
}

/// The part of a file that is looked at, moving forward.
#[derive(Debug)]
struct Window {
    file: File,
    path: PathBuf,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Where `start` is in the file.
    offset: u64,
}

impl Window {
    /// Room for many records, so that few calls read them.
    const LEN: usize = 256 * 1024;

    fn open(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(JournalError::io("opening journal segment", path))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            buffer: vec![0; Self::LEN].into_boxed_slice(),
            start: 0,
            end: 0,
            offset: 0,
        })
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn skip(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    /// Sees to it that `wanted` bytes are there to be looked at, or all that the file has.
    fn fill(&mut self, wanted: usize) -> Result<(), JournalError> {
        if self.end - self.start >= wanted {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < self.buffer.len() {
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(JournalError::io("reading journal segment", &self.path)(
                        error,
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The number of the last segment in `dir`; zero without any, or without the directory.
pub(super) fn count_segments(dir: &Path) -> Result<u32, JournalError> {
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(JournalError::io("listing journal", dir)(error)),
    };
    let mut numbers = Vec::new();
    for entry in listing {
        let entry = entry.map_err(JournalError::io("listing journal", dir))?;
        numbers.extend(segment_number(&entry.file_name()));
    }
    numbers.sort_unstable();
    let mut count = 0;
    for next in numbers {
        if next != count + 1 {
            return Err(JournalError::SegmentMissing {
                dir: dir.to_owned(),
                segment: count + 1,
                next,
            });
        }
        count = next;
    }
    Ok(count)
}
