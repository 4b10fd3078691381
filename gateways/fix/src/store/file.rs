//! A store in one append-only file per session.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::record::{self, Bad, HEAD_LEN, HEADER_LEN, Kind, PAYLOAD_LEN_MAX, Record};
use super::{Store, StoreError};

/// A message in so many has its place in memory; the others are found from the one before.
const INDEX_EVERY: u64 = 64;

/// Keeps a session's numbers and messages in a file.
///
/// The file is locked while it is open. A reset replaces it by a new one, whole or not at all.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    owner: String,
    file: File,
    /// Bytes of the file, all of them whole records.
    len: u64,
    /// Records kept since the last flush.
    buffer: Vec<u8>,
    next_out: u64,
    next_in: u64,
    /// The incoming number of the last record written or buffered.
    next_in_kept: u64,
    index: Index,
    trimmed: u64,
    /// A write went wrong: what the file now ends with is not known until it is opened again.
    broken: bool,
}

/// Where messages are in the file.
#[derive(Debug)]
struct Index {
    /// The first number of the file.
    first: u64,
    /// The places of messages `first`, `first + INDEX_EVERY` and so on.
    places: Vec<u64>,
    /// The message after the one read last and its place: resends ask in order.
    hint: (u64, u64),
}

impl Index {
    const fn from(first: u64) -> Self {
        Self {
            first,
            places: Vec::new(),
            hint: (0, 0),
        }
    }

    fn add(&mut self, msg_seq_num: u64, place: u64) {
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

/// The file's name: `BeginString-Sender-Target.fixlog`, other bytes than letters, digits and
/// dots as `%` and two hexadecimal digits, so that two sessions never share a name.
fn file_name(begin_string: &str, sender_comp_id: &str, target_comp_id: &str) -> String {
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
    name + ".fixlog"
}

impl FileStore {
    /// Opens the store of a session in `directory`, making both if they are missing.
    ///
    /// # Errors
    /// [`StoreError`]: the session must then not be started.
    pub fn open(
        directory: &Path,
        begin_string: &str,
        sender_comp_id: &str,
        target_comp_id: &str,
    ) -> Result<Self, StoreError> {
        let path = directory.join(file_name(begin_string, sender_comp_id, target_comp_id));
        let owner = format!("{begin_string} {sender_comp_id} {target_comp_id}");
        let create = || fs::create_dir_all(directory);
        create().map_err(|source| io_error("making the directory of", &path, source))?;
        if !path.exists() {
            let (file, len) = replace(&path, &owner, 1, 1)?;
            return Ok(Self::begin(path, owner, file, len, (1, 1)));
        }
        Self::open_existing(path, owner)
    }

    fn begin(
        path: PathBuf,
        owner: String,
        file: File,
        len: u64,
        (next_in, next_out): (u64, u64),
    ) -> Self {
        Self {
            path,
            owner,
            file,
            len,
            buffer: Vec::with_capacity(64 * 1024),
            next_out,
            next_in,
            next_in_kept: next_in,
            index: Index::from(next_out),
            trimmed: 0,
            broken: false,
        }
    }

    fn open_existing(path: PathBuf, owner: String) -> Result<Self, StoreError> {
        let opened = OpenOptions::new().read(true).append(true).open(&path);
        let file = opened.map_err(|source| io_error("opening", &path, source))?;
        lock(&file, &path)?;
        let mut records = Records::of(&file).map_err(|fault| fault.at(&path))?;
        if records.owner != owner {
            return Err(StoreError::WrongSession {
                path,
                found: records.owner,
                expected: owner,
            });
        }
        let (mut next_in, mut next_out, mut index) = (0, 0, None);
        while let Some((record, at)) = records.advance().map_err(|fault| fault.at(&path))? {
            let taken = take_in(record.kind, at, &mut index, &mut next_out);
            taken.map_err(|what| Fault::Damaged(at, what).at(&path))?;
            next_in = record.next_in;
        }
        let (end, trimmed) = (records.at, records.torn);
        let missing = Fault::Damaged(end, "the file ends before its first record");
        let index = index.ok_or_else(|| missing.at(&path))?;
        let mut store = Self::begin(path, owner, file, end, (next_in, next_out));
        store.index = index;
        store.trimmed = trimmed;
        if trimmed > 0 {
            let trim = store.file.set_len(end);
            trim.map_err(|source| io_error("trimming the torn tail of", &store.path, source))?;
        }
        Ok(store)
    }

    /// Bytes of a torn last record that were cut off when the store was opened.
    #[must_use]
    pub const fn trimmed(&self) -> u64 {
        self.trimmed
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read_record(&self, place: u64) -> Result<Vec<u8>, StoreError> {
        let failed = |source| io_error("reading", &self.path, source);
        let mut head = [0; HEAD_LEN];
        self.file.read_exact_at(&mut head, place).map_err(failed)?;
        let len = record::payload_len(&head).min(PAYLOAD_LEN_MAX);
        let mut bytes = vec![0; HEAD_LEN + len];
        self.file.read_exact_at(&mut bytes, place).map_err(failed)?;
        Ok(bytes)
    }

    fn damaged(&self, at: u64, what: &'static str) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            at,
            what,
        }
    }
}

impl Store for FileStore {
    fn next_out(&self) -> u64 {
        self.next_out
    }

    fn next_in(&self) -> u64 {
        self.next_in
    }

    fn keep(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        assert!(
            msg_seq_num == self.next_out,
            "outgoing numbers are used in order"
        );
        assert!(
            bytes.len() <= PAYLOAD_LEN_MAX,
            "a message is never as long as that"
        );
        let place = self.len + self.buffer.len() as u64;
        self.index.add(msg_seq_num, place);
        self.next_out += 1;
        self.next_in_kept = self.next_in;
        let record = Record {
            next_in: self.next_in,
            kind: Kind::Message(msg_seq_num),
        };
        record.write(bytes, &mut self.buffer);
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = if self.broken {
            Err(io::Error::other("an earlier write went wrong"))
        } else {
            self.file.write_all(&self.buffer)
        };
        self.len += self.buffer.len() as u64;
        self.buffer.clear();
        // After a short write the file may end in half a record. Appending behind it would turn
        // a torn tail, which is trimmed, into damage, which is not.
        self.broken = written.is_err();
        written.map_err(|source| io_error("writing", &self.path, source))
    }

    fn settle(&mut self, next_in: u64) {
        self.next_in = next_in;
    }

    fn note(&mut self) -> Result<(), StoreError> {
        if self.next_in_kept != self.next_in {
            self.next_in_kept = self.next_in;
            let record = Record {
                next_in: self.next_in,
                kind: Kind::NextOut(self.next_out),
            };
            record.write(&[], &mut self.buffer);
        }
        self.flush()
    }

    fn reset(&mut self, next_in: u64, next_out: u64) -> Result<(), StoreError> {
        let (file, len) = replace(&self.path, &self.owner, next_in, next_out)?;
        self.file = file;
        self.len = len;
        self.buffer.clear();
        self.next_in = next_in;
        self.next_in_kept = next_in;
        self.next_out = next_out;
        self.index = Index::from(next_out);
        self.broken = false;
        Ok(())
    }

    fn read(&mut self, msg_seq_num: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.flush()?;
        if msg_seq_num >= self.next_out {
            return Ok(());
        }
        let Some((mut seq, mut place)) = self.index.near(msg_seq_num) else {
            return Ok(());
        };
        loop {
            if place >= self.len {
                return Err(self.damaged(place, "a message that was kept is missing"));
            }
            let bytes = self.read_record(place)?;
            let (record, len) =
                Record::read(&bytes).map_err(|bad| self.damaged(place, bad.what()))?;
            place += len as u64;
            let Kind::Message(found) = record.kind else {
                continue;
            };
            if found != seq {
                return Err(self.damaged(place, OUT_OF_ORDER));
            }
            seq += 1;
            if found == msg_seq_num {
                out.extend_from_slice(&bytes[HEAD_LEN..]);
                self.index.hint = (seq, place);
                return Ok(());
            }
        }
    }
}

impl Drop for FileStore {
    /// An orderly end loses no incoming number. A failure here only costs a resend.
    fn drop(&mut self) {
        let _ = self.note();
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
        let len = record::owner_len(&header).map_err(wrong)?;
        bytes.clear();
        reader.by_ref().take(len as u64).read_to_end(&mut bytes)?;
        if bytes.len() < len {
            return Err(short());
        }
        let owner = record::read_owner(&header, &bytes).map_err(wrong)?;
        Ok(Self {
            reader,
            owner,
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

/// Makes a store with nothing but numbers in it and puts it in the place of whatever is there.
fn replace(
    path: &Path,
    owner: &str,
    next_in: u64,
    next_out: u64,
) -> Result<(File, u64), StoreError> {
    let mut bytes = Vec::new();
    record::write_header(owner, &mut bytes);
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
    fs::rename(&fresh, path).map_err(|source| io_error("putting in place", path, source))?;
    Ok((file, bytes.len() as u64))
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

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}
