//! Named counters in a mapped file: written by the pinned threads with plain stores, read by
//! other processes without their notice.
//!
//! Described for other readers in `docs/protocols/counters.md`.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dcx_model::{Code, UnixNanos};
use dcx_ring::{MappedError, MappedView, MappedWords};

/// `DCXCNTR1`, the first word of the file.
const MAGIC: u64 = u64::from_le_bytes(*b"DCXCNTR1");
/// The version of the layout.
const VERSION: u64 = 1;

/// Counters that fit in one file.
const COUNTERS_MAX: usize = 256;
/// Words of one entry of the table: six of name, the place of the value, its kind.
const ENTRY_WORDS: usize = 8;
/// Bytes of a name.
const NAME_LEN: usize = 48;
/// Words that belong to one writer at least: two cache lines, which x86 fetches in pairs.
const GROUP_WORDS: usize = 16;

const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 1;
const PID_AT: usize = 2;
const STARTED_AT: usize = 3;
const STATE_AT: usize = 4;
const COUNT_AT: usize = 5;
const TABLE_AT: usize = GROUP_WORDS;
const VALUES_AT: usize = TABLE_AT + COUNTERS_MAX * ENTRY_WORDS;
const WORDS: usize = VALUES_AT + COUNTERS_MAX * GROUP_WORDS;

const _: () = assert!(VALUES_AT.is_multiple_of(GROUP_WORDS));

/// How a process that writes counters is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum ProcessState {
    /// Being built, or replaying its journal.
    Starting = 0,
    /// Working.
    Running = 1,
    /// Asked to stop, finishing what it has.
    Draining = 2,
    /// Ended in order.
    Stopped = 3,
    /// The journal cannot be written: nothing leaves.
    Failed = 4,
}

impl ProcessState {
    const fn from_word(word: u64) -> Option<Self> {
        match word {
            0 => Some(Self::Starting),
            1 => Some(Self::Running),
            2 => Some(Self::Draining),
            3 => Some(Self::Stopped),
            4 => Some(Self::Failed),
            _ => None,
        }
    }
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}

/// Whether a value only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum CounterKind {
    /// It counts since the process started, and never falls.
    Count = 0,
    /// It is as it is now.
    Gauge = 1,
}

/// Where the words are.
#[derive(Debug)]
enum Words {
    Mapped(MappedWords),
    Here(Box<[AtomicU64]>),
}

impl Words {
    #[inline(always)]
    fn get(&self) -> &[AtomicU64] {
        match self {
            Self::Mapped(mapped) => mapped.words(),
            Self::Here(words) => words,
        }
    }

    fn set(&self, ix: usize, value: u64) {
        self.get()[ix].store(value, Ordering::Release);
    }
}

/// The counters of this process. Cheap to clone.
///
/// # Examples
/// ```
/// use dcx_pipeline::{Counters, CountersReader};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("counters");
/// let counters = Counters::create(&path, dcx_model::UnixNanos::from_seconds(1))?;
/// let mut engine = counters.group("engine");
/// let mut commands = engine.count("commands");
/// commands.add(3);
///
/// let reader = CountersReader::open(&path)?;
/// assert_eq!(reader.value("engine.commands"), Some(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Counters {
    words: Arc<Words>,
    plan: Arc<Mutex<Plan>>,
}

/// How much of the file is given out.
#[derive(Debug, Default)]
struct Plan {
    entries: usize,
    groups: usize,
}

impl Counters {
    /// Makes the file at `path`, replacing one that is there.
    ///
    /// Put it on a file system in memory (`/dev/shm`, `/run`) where latency counts: on a disk,
    /// the system's writing back of a page makes the next store to it wait.
    ///
    /// # Errors
    /// [`MappedError`] if the system refuses.
    pub fn create(path: &Path, started: UnixNanos) -> Result<Self, MappedError> {
        let mapped = MappedWords::create(path, WORDS)?;
        Ok(Self::over(Words::Mapped(mapped), started))
    }

    /// Counters that no file shows, for tests and measurements.
    #[must_use]
    pub fn unshared() -> Self {
        let words = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        Self::over(Words::Here(words), UnixNanos::ZERO)
    }

    fn over(words: Words, started: UnixNanos) -> Self {
        words.set(VERSION_AT, VERSION);
        words.set(PID_AT, u64::from(std::process::id()));
        words.set(STARTED_AT, started.get());
        words.set(STATE_AT, ProcessState::Starting as u64);
        // Last: who finds the magic number finds the rest of the header, too.
        words.set(MAGIC_AT, MAGIC);
        Self {
            words: Arc::new(words),
            plan: Arc::default(),
        }
    }

    /// Says how the process is doing.
    pub fn set_state(&self, state: ProcessState) {
        self.words.set(STATE_AT, state as u64);
    }

    /// A group of counters with one writer, on cache lines of its own. Its name and a point come
    /// before the names of its counters.
    #[must_use]
    pub fn group(&self, name: &'static str) -> CounterGroup {
        CounterGroup {
            counters: self.clone(),
            name,
            free: 0..0,
        }
    }

    /// The value of the counter with this full name, as this process sees it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        let words = self.words.get();
        let load = |ix: usize| words.get(ix).map(|word| word.load(Ordering::Acquire));
        entries(&load)
            .find(|entry| entry.name == name)
            .map(|entry| entry.value)
    }

    /// The next line of values that belongs to nobody yet.
    fn take_line(&self) -> std::ops::Range<usize> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(plan.groups < COUNTERS_MAX, "all counters fit in one file");
        let start = VALUES_AT + plan.groups * GROUP_WORDS;
        plan.groups += 1;
        start..start + GROUP_WORDS
    }

    fn publish(&self, name: &str, value_at: usize, kind: CounterKind) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(plan.entries < COUNTERS_MAX, "all counters fit in one file");
        assert!(
            name.len() <= NAME_LEN,
            "the name of a counter fits in its entry"
        );
        let entry = TABLE_AT + plan.entries * ENTRY_WORDS;
        let mut padded = [0; NAME_LEN];
        padded[..name.len()].copy_from_slice(name.as_bytes());
        for (ix, chunk) in padded.as_chunks::<8>().0.iter().enumerate() {
            self.words.set(entry + ix, u64::from_le_bytes(*chunk));
        }
        self.words.set(entry + 6, value_at as u64);
        self.words.set(entry + 7, kind as u64);
        plan.entries += 1;
        // Last: an entry that is counted is whole.
        self.words.set(COUNT_AT, plan.entries as u64);
    }
}

/// Counters of one writer.
#[derive(Debug)]
pub struct CounterGroup {
    counters: Counters,
    name: &'static str,
    free: std::ops::Range<usize>,
}

impl CounterGroup {
    /// A new counter that only grows.
    ///
    /// # Panics
    /// If the file is full, or the name too long: both are known when the code is written.
    #[must_use]
    pub fn count(&mut self, name: &str) -> Counter {
        self.make(name, CounterKind::Count)
    }

    /// A new gauge.
    ///
    /// # Panics
    /// As [`count`](Self::count).
    #[must_use]
    pub fn gauge(&mut self, name: &str) -> Counter {
        self.make(name, CounterKind::Gauge)
    }

    fn make(&mut self, name: &str, kind: CounterKind) -> Counter {
        let at = self.free.next().unwrap_or_else(|| {
            self.free = self.counters.take_line();
            self.free.next().expect("a line has room for a counter")
        });
        self.counters
            .publish(&format!("{}.{name}", self.name), at, kind);
        Counter {
            words: Arc::clone(&self.counters.words),
            at,
            value: 0,
        }
    }
}

/// One counter and the right to change it.
///
/// # Cost
/// An addition and a store, no lock, no call to the system.
#[derive(Debug)]
pub struct Counter {
    words: Arc<Words>,
    at: usize,
    value: u64,
}

impl Counter {
    /// Counts `more`.
    #[inline]
    pub fn add(&mut self, more: u64) {
        self.set(self.value.wrapping_add(more));
    }

    /// Shows `value` from now on.
    #[inline]
    pub fn set(&mut self, value: u64) {
        self.value = value;
        self.words.get()[self.at].store(value, Ordering::Relaxed);
    }

    /// What it shows.
    #[inline]
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }
}

/// Why a file cannot be read as counters.
#[derive(Debug, thiserror::Error)]
pub enum CountersError {
    /// The file could not be mapped.
    #[error("opening counters")]
    Mapped(#[from] MappedError),
    /// The file is something else, or of another version.
    #[error("{} does not hold counters of layout version {VERSION}", path.display())]
    NotCounters {
        /// The file.
        path: std::path::PathBuf,
    },
}

impl CountersError {
    /// Its entry in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::X009
    }
}

/// One counter as another process shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterValue {
    /// Its full name: group, a point, its own.
    pub name: String,
    /// Whether it only grows.
    pub kind: CounterKind,
    /// Its value when it was looked at.
    pub value: u64,
}

/// The counters of another process.
#[derive(Debug)]
pub struct CountersReader {
    view: MappedView,
}

impl CountersReader {
    /// Maps the file at `path` to be read. The process that writes it does not notice.
    ///
    /// # Errors
    /// [`CountersError`] where it is not there or holds something else.
    pub fn open(path: &Path) -> Result<Self, CountersError> {
        let view = MappedView::open(path)?;
        let header_fits =
            view.load(MAGIC_AT) == Some(MAGIC) && view.load(VERSION_AT) == Some(VERSION);
        if !header_fits || view.len() < WORDS {
            return Err(CountersError::NotCounters {
                path: path.to_owned(),
            });
        }
        Ok(Self { view })
    }

    /// The process that writes them.
    #[must_use]
    pub fn pid(&self) -> u32 {
        u32::try_from(self.header(PID_AT)).unwrap_or(0)
    }

    /// When that process started.
    #[must_use]
    pub fn started(&self) -> UnixNanos {
        UnixNanos::new(self.header(STARTED_AT))
    }

    /// How it is doing, by its own word; none for a word that is not known.
    #[must_use]
    pub fn state(&self) -> Option<ProcessState> {
        ProcessState::from_word(self.header(STATE_AT))
    }

    /// All counters in the order in which they were made, each as it is when reached.
    pub fn iter(&self) -> impl Iterator<Item = CounterValue> {
        entries(|ix| self.view.load(ix))
    }

    /// The value of the counter with this full name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        self.iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.value)
    }

    fn header(&self, ix: usize) -> u64 {
        self.view.load(ix).unwrap_or(0)
    }
}

/// The entries that `load` shows. What is no entry ends the table: the file is another's.
fn entries(load: impl Fn(usize) -> Option<u64>) -> impl Iterator<Item = CounterValue> {
    let count = load(COUNT_AT).map_or(0, |count| usize::try_from(count).unwrap_or(0));
    (0..count.min(COUNTERS_MAX)).map_while(move |ix| entry(&load, TABLE_AT + ix * ENTRY_WORDS))
}

fn entry(load: &impl Fn(usize) -> Option<u64>, at: usize) -> Option<CounterValue> {
    let mut name = Vec::with_capacity(NAME_LEN);
    for ix in 0..6 {
        name.extend(load(at + ix)?.to_le_bytes());
    }
    let len = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_LEN);
    name.truncate(len);
    let name = String::from_utf8(name).ok()?;
    let kind = match load(at + 7)? {
        0 => CounterKind::Count,
        1 => CounterKind::Gauge,
        _ => return None,
    };
    let value = load(usize::try_from(load(at + 6)?).ok()?)?;
    Some(CounterValue { name, kind, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_seen_from_outside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counters");
        let counters = Counters::create(&path, UnixNanos::new(7)).unwrap();
        let mut engine = counters.group("engine");
        let (mut commands, mut open) = (engine.count("commands"), engine.gauge("orders_open"));
        let mut written = counters.group("journal").count("bytes");
        commands.add(2);
        commands.add(3);
        open.set(9);
        written.add(1);
        counters.set_state(ProcessState::Running);

        let reader = CountersReader::open(&path).unwrap();
        assert_eq!(reader.pid(), std::process::id());
        assert_eq!(reader.started(), UnixNanos::new(7));
        assert_eq!(reader.state(), Some(ProcessState::Running));
        let seen: Vec<_> = reader
            .iter()
            .map(|entry| (entry.name, entry.kind, entry.value))
            .collect();
        assert_eq!(
            seen,
            [
                ("engine.commands".to_owned(), CounterKind::Count, 5),
                ("engine.orders_open".to_owned(), CounterKind::Gauge, 9),
                ("journal.bytes".to_owned(), CounterKind::Count, 1),
            ]
        );
        assert_eq!(counters.value("engine.commands"), Some(5));
        assert_eq!(reader.value("engine"), None);
    }

    #[test]
    fn two_writers_never_share_a_cache_line() {
        let counters = Counters::unshared();
        let (mut first, mut second) = (counters.group("a"), counters.group("b"));
        let mut lines = Vec::new();
        for ix in 0..20 {
            let name = format!("n{ix}");
            lines.push((0, first.count(&name).at / GROUP_WORDS));
            lines.push((1, second.count(&name).at / GROUP_WORDS));
        }
        for (writer, line) in &lines {
            assert!(
                lines
                    .iter()
                    .all(|(other, at)| other == writer || at != line)
            );
        }
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counters");
        let words = MappedWords::create(&path, 64).unwrap();
        assert!(matches!(
            CountersReader::open(&path),
            Err(CountersError::NotCounters { .. })
        ));
        words.words()[MAGIC_AT].store(MAGIC, Ordering::Release);
        words.words()[VERSION_AT].store(VERSION, Ordering::Release);
        assert!(CountersReader::open(&path).is_err(), "it is too short");
    }

    #[test]
    fn a_garbled_table_shows_less_and_never_panics() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counters");
        let counters = Counters::create(&path, UnixNanos::ZERO).unwrap();
        let mut group = counters.group("g");
        let _kept = (group.count("a"), group.count("b"));
        counters.words.set(TABLE_AT + ENTRY_WORDS + 6, u64::MAX);
        counters.words.set(COUNT_AT, u64::MAX);
        let reader = CountersReader::open(&path).unwrap();
        assert_eq!(reader.iter().count(), 1);
        counters.words.set(TABLE_AT, u64::MAX);
        assert_eq!(reader.iter().count(), 0, "the name is not UTF-8");
    }
}
