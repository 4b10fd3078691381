//! One file of a store: where its messages are, and what is wrong with it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::record::{self, Bad, HEAD_LEN, HEADER_LEN, Kind, PAYLOAD_LEN_MAX, Record};

/// A message in so many has its place in memory; the others are found from the one before.
const INDEX_EVERY: u64 = 64;

/// Bytes read at once: a resend asks for one message after the other.
const READ_AHEAD: usize = 64 * 1024;

/// A file of whole records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Bytes of the file, all of them whole records.
    pub(super) len: u64,
    /// The number behind its last message.
    pub(super) next: u64,
    pub(super) index: Index,
    /// A part of the file as it was read last; what was written does not change.
    ahead: Ahead,
}

#[derive(Debug, Default)]
struct Ahead {
    at: u64,
    bytes: Vec<u8>,
}

/// A file that was opened, with what else it says.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) segment: Segment,
    /// The incoming number of its last record.
    pub(super) next_in: u64,
    /// When its numbers began, in nanoseconds since 1970; 0 if it does not say.
    pub(super) created: u64,
    /// Bytes of a torn tail that were cut off.
    pub(super) trimmed: u64,
}

/// Whether a file is the one that is written to, whose tail may be torn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Active,
    Closed,
}

impl Segment {
    /// Reads a file from its beginning to its end.
    pub(super) fn open(path: &Path, owner: &str, place: Place) -> Result<Opened, StoreError> {
        let opened = OpenOptions::new().read(true).append(true).open(path);
        let file = opened.map_err(|source| io_error("opening", path, source))?;
        if place == Place::Active {
            lock(&file, path)?;
        }
        let mut records = Records::of(&file).map_err(|fault| fault.at(path))?;
        if records.owner != owner {
            return Err(StoreError::WrongSession {
                path: path.to_owned(),
                found: records.owner,
                expected: owner.to_owned(),
            });
        }
        let (mut next_in, mut next_out, mut index) = (0, 0, None);
        while let Some((record, at)) = records.advance().map_err(|fault| fault.at(path))? {
            let taken = take_in(record.kind, at, &mut index, &mut next_out);
            taken.map_err(|what| Fault::Damaged(at, what).at(path))?;
            next_in = record.next_in;
        }
        let (end, trimmed, created) = (records.at, records.torn, records.created);
        let missing = Fault::Damaged(end, "the file ends before its first record");
        let index = index.ok_or_else(|| missing.at(path))?;
        if trimmed > 0 && place == Place::Closed {
            let torn = Fault::Damaged(end, "a file that was whole is cut short");
            return Err(torn.at(path));
        }
        if trimmed > 0 {
            let trim = file.set_len(end);
            trim.map_err(|source| io_error("trimming the torn tail of", path, source))?;
        }
        Ok(Opened {
            segment: Self {
                path: path.to_owned(),
                file,
                len: end,
                next: next_out,
                index,
                ahead: Ahead::default(),
            },
            next_in,
            created,
            trimmed,
        })
    }

    /// When the numbers of a file began, and nothing else of it.
    pub(super) fn created(path: &Path) -> Result<u64, StoreError> {
        let file = File::open(path).map_err(|source| io_error("opening", path, source))?;
        let records = Records::of(&file).map_err(|fault| fault.at(path))?;
        Ok(records.created)
    }

    /// Makes a file with nothing but numbers in it beside `path`, locked; it has to be given its
    /// name with [`put`](Self::put).
    pub(super) fn fresh(
        path: &Path,
        owner: &str,
        created: u64,
        (next_in, next_out): (u64, u64),
    ) -> Result<Self, StoreError> {
        let mut bytes = Vec::new();
        record::write_header(owner, created, &mut bytes);
        let record = Record {
            next_in,
            kind: Kind::NextOut(next_out),
        };
        record.write(&[], &mut bytes);
        let fresh = path.with_extension("fixlog.new");
        let _ = fs::remove_file(&fresh);
        let made = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .open(&fresh);
        let mut file = made.map_err(|source| io_error("making", &fresh, source))?;
        // Locked before it has the name, so that nobody else can open it in between.
        lock(&file, &fresh)?;
        file.write_all(&bytes)
            .map_err(|source| io_error("writing", &fresh, source))?;
        Ok(Self {
            path: fresh,
            file,
            len: bytes.len() as u64,
            next: next_out,
            index: Index::from(next_out),
            ahead: Ahead::default(),
        })
    }

    /// Gives the file another name, in the place of whatever has it.
    pub(super) fn put(&mut self, path: &Path) -> Result<(), StoreError> {
        fs::rename(&self.path, path)
            .map_err(|source| io_error("putting in place", path, source))?;
        path.clone_into(&mut self.path);
        Ok(())
    }

    /// Makes what was written survive the machine.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = self.file.sync_data();
        synced.map_err(|source| io_error("making durable", &self.path, source))
    }

    /// The first number that it may hold.
    pub(super) const fn first(&self) -> u64 {
        self.index.first
    }

    /// Appends the bytes of a message to `out`.
    pub(super) fn read(&mut self, msg_seq_num: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let Some((mut seq, mut place)) = self.index.near(msg_seq_num) else {
            return Ok(());
        };
        loop {
            if place >= self.len {
                return Err(self.damaged(place, "a message that was kept is missing"));
            }
            let bytes = self.record_at(place)?;
            let (record, len) = match Record::read(bytes) {
                Ok(read) => read,
                Err(bad) => return Err(self.damaged(place, bad.what())),
            };
            let Kind::Message(found) = record.kind else {
                place += len as u64;
                continue;
            };
            if found != seq {
                return Err(self.damaged(place, OUT_OF_ORDER));
            }
            seq += 1;
            if found == msg_seq_num {
                out.extend_from_slice(bytes.get(HEAD_LEN..len).unwrap_or_default());
                self.index.hint = (seq, place + len as u64);
                return Ok(());
            }
            place += len as u64;
        }
    }

    /// The bytes from `place` on, at least those of the record that begins there.
    fn record_at(&mut self, place: u64) -> Result<&[u8], StoreError> {
        let whole = |bytes: &[u8]| {
            let head = bytes.first_chunk::<HEAD_LEN>()?;
            let len = record::payload_len(head).min(PAYLOAD_LEN_MAX);
            Some(HEAD_LEN + len)
        };
        let from = place.checked_sub(self.ahead.at);
        let from = from.and_then(|from| usize::try_from(from).ok());
        let had = from.and_then(|from| self.ahead.bytes.get(from..));
        let is_had = had.is_some_and(|had| whole(had).is_some_and(|len| len <= had.len()));
        if !is_had {
            self.read_ahead(place, READ_AHEAD)?;
            if let Some(len) = whole(&self.ahead.bytes).filter(|len| *len > READ_AHEAD) {
                self.read_ahead(place, len)?;
            }
            return Ok(&self.ahead.bytes);
        }
        let had = from.and_then(|from| self.ahead.bytes.get(from..));
        Ok(had.unwrap_or_default())
    }

    fn read_ahead(&mut self, place: u64, wanted: usize) -> Result<(), StoreError> {
        let left = usize::try_from(self.len - place).unwrap_or(usize::MAX);
        self.ahead.at = place;
        self.ahead.bytes.resize(wanted.min(left), 0);
        let read = self.file.read_exact_at(&mut self.ahead.bytes, place);
        if read.is_err() {
            self.ahead.bytes.clear();
        }
        read.map_err(|source| io_error("reading", &self.path, source))
    }

    fn damaged(&self, at: u64, what: &'static str) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            at,
            what,
        }
    }
}

/// Where messages are in the file.
#[derive(Debug)]
pub(super) struct Index {
    /// The first number of the file.
    first: u64,
    /// The places of messages `first`, `first + INDEX_EVERY` and so on.
    places: Vec<u64>,
    /// The message after the one read last and its place: resends ask in order.
    hint: (u64, u64),
}

impl Index {
    pub(super) const fn from(first: u64) -> Self {
        Self {
            first,
            places: Vec::new(),
            hint: (0, 0),
        }
    }

    pub(super) fn add(&mut self, msg_seq_num: u64, place: u64) {
        if (msg_seq_num - self.first).is_multiple_of(INDEX_EVERY) {
            self.places.push(place);
        }
    }

    /// A message at or before `msg_seq_num`, and its place.
    fn near(&self, msg_seq_num: u64) -> Option<(u64, u64)> {
        let ix = msg_seq_num.checked_sub(self.first)? / INDEX_EVERY;
        let place = *self.places.get(usize::try_from(ix).ok()?)?;
        let known = (self.first + ix * INDEX_EVERY, place);
        let hinted = self.hint.0 > known.0 && self.hint.0 <= msg_seq_num;
        Some(if hinted { self.hint } else { known })
    }
}

const OUT_OF_ORDER: &str = "a number does not follow the one before";

/// Takes one record of an existing file into what is known of it.
fn take_in(
    kind: Kind,
    at: u64,
    index: &mut Option<Index>,
    next_out: &mut u64,
) -> Result<(), &'static str> {
    match (kind, index) {
        (Kind::NextOut(first), index @ None) => {
            *index = Some(Index::from(first));
            *next_out = first;
        }
        (Kind::NextOut(next), Some(_)) if next == *next_out => {}
        (Kind::Message(msg_seq_num), Some(index)) if msg_seq_num == *next_out => {
            index.add(msg_seq_num, at);
            *next_out += 1;
        }
        (Kind::NextOut(_) | Kind::Message(_), _) => return Err(OUT_OF_ORDER),
    }
    Ok(())
}

/// What is wrong with a file, before its name is added.
enum Fault {
    Damaged(u64, &'static str),
    Io(io::Error),
}

impl Fault {
    fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Damaged(at, what) => StoreError::Damaged {
                path: path.to_owned(),
                at,
                what,
            },
            Self::Io(source) => io_error("reading", path, source),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}

/// The records of a file, read one by one: a file may be larger than memory.
struct Records<'f> {
    reader: BufReader<&'f File>,
    owner: String,
    created: u64,
    /// The record read last.
    bytes: Vec<u8>,
    /// Where the whole records read so far end.
    at: u64,
    /// Bytes of a torn tail.
    torn: u64,
}

impl<'f> Records<'f> {
    fn of(file: &'f File) -> Result<Self, Fault> {
        let short = || Fault::Damaged(0, "the file is shorter than its header");
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut bytes = Vec::new();
        reader
            .by_ref()
            .take(HEADER_LEN as u64)
            .read_to_end(&mut bytes)?;
        let header = *bytes.first_chunk::<HEADER_LEN>().ok_or_else(short)?;
        let wrong = |what| Fault::Damaged(0, what);
        let len = record::rest_len(&header).map_err(wrong)?;
        bytes.clear();
        reader.by_ref().take(len as u64).read_to_end(&mut bytes)?;
        if bytes.len() < len {
            return Err(short());
        }
        let (owner, created) = record::read_rest(&header, &bytes).map_err(wrong)?;
        Ok(Self {
            reader,
            owner,
            created,
            bytes,
            at: (HEADER_LEN + len) as u64,
            torn: 0,
        })
    }

    /// The next record and its place; none at the end or before a torn tail.
    fn advance(&mut self) -> Result<Option<(Record, u64)>, Fault> {
        self.bytes.clear();
        self.fill(HEAD_LEN)?;
        if self.bytes.is_empty() {
            return Ok(None);
        }
        if let Some(head) = self.bytes.first_chunk::<HEAD_LEN>() {
            self.fill(record::payload_len(head).min(PAYLOAD_LEN_MAX))?;
        }
        let at = self.at;
        match Record::read(&self.bytes) {
            Ok((record, len)) => {
                self.at += len as u64;
                Ok(Some((record, at)))
            }
            Err(bad) => {
                self.reader.read_to_end(&mut self.bytes)?;
                if !is_torn_tail(&self.bytes, bad) {
                    return Err(Fault::Damaged(at, bad.what()));
                }
                self.torn = self.bytes.len() as u64;
                Ok(None)
            }
        }
    }

    fn fill(&mut self, len: usize) -> io::Result<()> {
        let part = self.reader.by_ref().take(len as u64);
        { part }.read_to_end(&mut self.bytes).map(drop)
    }
}

/// Whether what cannot be read is the end of a file that was cut off while being written.
///
/// Then the record is incomplete, or was never filled, and nothing whole lies behind it. A
/// length that is damaged in the middle also looks incomplete: there, something does.
fn is_torn_tail(bytes: &[u8], bad: Bad) -> bool {
    match bad {
        Bad::Short => (1..bytes.len()).all(|at| Record::read(&bytes[at..]).is_err()),
        Bad::Length | Bad::Checksum => bytes.iter().all(|byte| *byte == 0),
    }
}

fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(io_error("locking", path, source)),
    }
}

pub(super) fn io_error(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}
