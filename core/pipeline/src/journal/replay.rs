//! Runs a fresh engine over a journal, and compares what it becomes with what the run became.

use std::collections::VecDeque;
use std::path::Path;

use dcx_engine::{Engine, NoTrace, Outbox, Trace};
use dcx_model::{Event, EventDigest, Outbound, Seq, Sequenced, UnixNanos};

use super::format::{Entry, Link, Mark};
use super::reader::{End, ReadTotals, Reader, Tail, Torn, count_segments};
use super::writer::{DirLock, Writer};
use super::{JournalError, JournalOptions};

/// Who watches a replay: told each command with its events, and as a [`Trace`] every reason.
pub trait Observer: Trace {
    /// `sequenced` was applied and caused `events`, in this order.
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        let _ = (sequenced, events);
    }

    /// The journal holds `mark` here; `agrees` says whether the replay came to the same.
    fn marked(&mut self, mark: &Mark, agrees: bool) {
        let _ = (mark, agrees);
    }
}

impl Observer for NoTrace {}

/// The first place where a replay was seen to differ from the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the run had become, as the journal says.
    pub run: Mark,
    /// What the replay had become; none where the command is no checkpoint in the replay.
    pub replay: Option<Mark>,
}

/// What came of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// Records read, commands and marks.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Commands applied.
    pub commands: u64,
    /// Events that they caused.
    pub events: u64,
    /// Digest of all state at the end.
    pub state_digest: u64,
    /// Digest of all events.
    pub event_digest: u64,
    /// Marks of the run that were compared.
    pub checkpoints: u64,
    /// The last command that a mark covers: beyond it nothing is proven.
    pub proven: Seq,
    /// The number of the next command.
    pub next_seq: Seq,
    /// When the last command was sequenced.
    pub at: UnixNanos,
    /// The first mark that does not agree.
    pub first_difference: Option<Difference>,
    /// How the journal ends.
    pub tail: Tail,
}

impl ReplayReport {
    /// Whether every mark of the run agrees with the replay.
    #[must_use]
    pub const fn equal(&self) -> bool {
        self.first_difference.is_none()
    }
}

/// Replays the journal in `dir`, telling `observer` everything. Changes no file.
///
/// # Errors
/// [`JournalError`], where the journal cannot be read to its end. That it differs is no error here.
pub fn replay(dir: &Path, observer: &mut impl Observer) -> Result<ReplayReport, JournalError> {
    let mut reader = Reader::open(dir)?;
    let mut replayer = Replayer::new();
    replayer.take_all(&mut reader, observer)?;
    Ok(replayer.report(&reader))
}

/// What a look at every record of a journal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What there is.
    pub totals: ReadTotals,
    /// How many of the records are marks.
    pub marks: u64,
    /// The number of the next command.
    pub next_seq: Seq,
    /// When the last command was sequenced.
    pub at: UnixNanos,
    /// How the journal ends.
    pub tail: Tail,
}

/// Reads every record of the journal in `dir` and checks it, without an engine.
///
/// # Errors
/// [`JournalError`]: the first thing that is wrong, with its place.
pub fn verify(dir: &Path) -> Result<Verified, JournalError> {
    let mut reader = Reader::open(dir)?;
    let mut marks = 0;
    while let Some(entry) = reader.read()? {
        marks += u64::from(matches!(entry, Entry::Mark(_)));
    }
    Ok(Verified {
        totals: reader.totals(),
        marks,
        next_seq: reader.next_seq(),
        at: reader.at(),
        tail: reader.tail().unwrap_or(Tail::Whole),
    })
}

/// A run that goes on where its journal ends.
#[derive(Debug)]
pub struct Recovered {
    /// The engine as it was after the last command kept.
    pub engine: Engine,
    /// The digest of all events so far.
    pub events: EventDigest,
    /// The number of the next command.
    pub next_seq: Seq,
    /// When the last command was sequenced; the next is not before.
    pub at: UnixNanos,
    /// Goes on writing.
    pub writer: Writer,
    /// What was read; none for a journal that has just been made.
    pub replayed: Option<ReplayReport>,
    /// What was cut off its end.
    pub trimmed: Option<Torn>,
}

/// Locks the journal in `dir`, making it if there is none, replays it, trims a torn tail and
/// opens it for writing.
///
/// # Errors
/// [`JournalError`]. A journal that is damaged, or whose replay differs from its run, is refused
/// and left as it is: going on would rest on something that was never so.
pub fn recover(dir: &Path, options: JournalOptions) -> Result<Recovered, JournalError> {
    recover_observed(dir, options, &mut NoTrace)
}

/// The same, and shows `observer` what the journal held.
///
/// # Errors
/// As [`recover`].
pub fn recover_observed(
    dir: &Path,
    options: JournalOptions,
    observer: &mut impl Observer,
) -> Result<Recovered, JournalError> {
    let lock = DirLock::take(dir)?;
    let mut replayer = Replayer::new();
    if count_segments(dir)? == 0 {
        let end = End {
            segment: 1,
            offset: 0,
            link: Link::FIRST,
        };
        let writer = Writer::resume(lock, end, options)?;
        return Ok(replayer.recovered(writer, end, None));
    }
    let mut reader = Reader::open(dir)?;
    replayer.take_all(&mut reader, observer)?;
    if let Some(difference) = replayer.first_difference {
        return Err(JournalError::Differs {
            dir: dir.to_owned(),
            seq: difference.run.seq,
        });
    }
    let (report, end) = (replayer.report(&reader), reader.end());
    let writer = Writer::resume(lock, end, options)?;
    Ok(replayer.recovered(writer, end, Some(report)))
}

/// An engine being taken through a journal.
#[derive(Debug)]
struct Replayer {
    engine: Engine,
    outbox: Outbox,
    events: EventDigest,
    commands: u64,
    /// Checkpoints passed whose marks are still to come. A mark follows soon: the engine says it
    /// to the journal while the next commands are already being written.
    unmarked: VecDeque<Mark>,
    checkpoints: u64,
    proven: Seq,
    first_difference: Option<Difference>,
}

/// Checkpoints of a run killed before their marks were written are never asked for again.
const UNMARKED_MAX: usize = 1024;

impl Replayer {
    fn new() -> Self {
        Self {
            engine: Engine::new(),
            outbox: Outbox::new(),
            events: EventDigest::default(),
            commands: 0,
            unmarked: VecDeque::new(),
            checkpoints: 0,
            proven: Seq::default(),
            first_difference: None,
        }
    }

    fn take_all(
        &mut self,
        reader: &mut Reader,
        observer: &mut impl Observer,
    ) -> Result<(), JournalError> {
        while let Some(entry) = reader.read()? {
            match entry {
                Entry::Command(sequenced) => self.apply(&sequenced, observer),
                Entry::Mark(mark) => self.compare(mark, observer),
            }
        }
        Ok(())
    }

    fn apply(&mut self, sequenced: &Sequenced, observer: &mut impl Observer) {
        let Sequenced { seq, at, .. } = *sequenced;
        self.engine
            .apply_traced(at, seq, &sequenced.command, &mut self.outbox, observer);
        let events = self.outbox.events();
        let state = take_events(&mut self.events, sequenced, events, |_| ());
        if let Some(mark) = mark_after(sequenced, state, &self.events) {
            self.unmarked.push_back(mark);
            if self.unmarked.len() > UNMARKED_MAX {
                self.unmarked.pop_front();
            }
        }
        self.commands += 1;
        observer.applied(sequenced, events);
    }

    fn compare(&mut self, run: Mark, observer: &mut impl Observer) {
        while self.unmarked.front().is_some_and(|mark| mark.seq < run.seq) {
            self.unmarked.pop_front();
        }
        let is_due = self
            .unmarked
            .front()
            .is_some_and(|mark| mark.seq == run.seq);
        let replay = is_due.then(|| self.unmarked.pop_front()).flatten();
        let agrees = replay == Some(run);
        self.checkpoints += 1;
        if self.first_difference.is_none() {
            if agrees {
                self.proven = run.seq;
            } else {
                self.first_difference = Some(Difference { run, replay });
            }
        }
        observer.marked(&run, agrees);
    }

    fn report(&self, reader: &Reader) -> ReplayReport {
        ReplayReport {
            records: reader.totals().records,
            bytes: reader.totals().bytes,
            commands: self.commands,
            events: self.events.count(),
            state_digest: self.engine.digest(),
            event_digest: self.events.value(),
            checkpoints: self.checkpoints,
            proven: self.proven,
            next_seq: reader.next_seq(),
            at: reader.at(),
            first_difference: self.first_difference,
            tail: reader.tail().unwrap_or(Tail::Whole),
        }
    }

    fn recovered(self, writer: Writer, end: End, replayed: Option<ReplayReport>) -> Recovered {
        let trimmed = replayed.and_then(|report| match report.tail {
            Tail::Torn(torn) => Some(torn),
            Tail::Whole => None,
        });
        Recovered {
            engine: self.engine,
            events: self.events,
            next_seq: end.link.next_seq,
            at: end.link.at,
            writer,
            replayed,
            trimmed,
        }
    }
}

/// Takes the events of one command into `digest` and hands each on in its place. Returns the
/// digest of all state, where the command was a checkpoint.
///
/// The one place that says how events are counted: the run and its replay share it.
#[inline]
pub(crate) fn take_events(
    digest: &mut EventDigest,
    cause: &Sequenced,
    events: &[Event],
    mut each: impl FnMut(Outbound),
) -> Option<u64> {
    let mut state = None;
    for (ix, event) in (0..).zip(events) {
        let outbound = Outbound {
            seq: cause.seq,
            ix,
            at: cause.at,
            received: cause.received,
            event: *event,
        };
        digest.take(&outbound);
        if let Event::Digest { state: digest } = event {
            state = Some(*digest);
        }
        each(outbound);
    }
    state
}

/// Commands from one mark of the events to the next: what a killed run can be held to.
const MARK_EVERY: u64 = 1024;

/// The mark to keep after `cause`: of everything after a checkpoint, whose digest of all state is
/// `state`; of the events alone after every [`MARK_EVERY`]th command, since their digest is there
/// anyway; otherwise none.
#[inline]
pub(crate) fn mark_after(
    cause: &Sequenced,
    state: Option<u64>,
    events: &EventDigest,
) -> Option<Mark> {
    let is_due = cause.seq.get().is_multiple_of(MARK_EVERY);
    let state = state.or_else(|| is_due.then_some(Mark::STATE_NOT_TAKEN))?;
    Some(Mark {
        seq: cause.seq,
        at: cause.at,
        state,
        events: events.value(),
        event_count: events.count(),
    })
}
