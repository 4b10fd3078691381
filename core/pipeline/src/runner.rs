//! The loop of every thread, and the orderly end of all of them.

use std::fmt;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use dcx_model::{MonoNanos, Nanos, Now, Seq};
use dcx_ring::{Idle, Wait, Worker};

use crate::affinity::{AffinityError, Core, pin_to};
use crate::builder::{PipelineOptions, StartError};
use crate::clock::Clock;
use crate::counters::{Counters, ProcessState};
use crate::journal::{JournalError, JournalState, Totals};
use crate::latency::{Latency, histogram};
use crate::stop::Stop;
use crate::workers::{EgressWorker, EngineWorker, JournalWorker, Sequencer};

/// A worker in its place.
pub(crate) enum Seat {
    Link(Box<dyn Worker>),
    Sequencer(Box<Sequencer>),
    Engine(Box<EngineWorker>),
    Journal(Box<JournalWorker>),
    Egress(Box<EgressWorker>),
}

impl Seat {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Link(link) => link.name(),
            Self::Sequencer(worker) => worker.name(),
            Self::Engine(worker) => worker.name(),
            Self::Journal(worker) => worker.name(),
            Self::Egress(worker) => worker.name(),
        }
    }

    #[inline]
    fn work(&mut self, now: Now) -> usize {
        match self {
            Self::Link(link) => link.work(now),
            Self::Sequencer(worker) => worker.work(now),
            Self::Engine(worker) => worker.work(now),
            Self::Journal(worker) => worker.work(now),
            Self::Egress(worker) => worker.work(now),
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Self::Link(link) => link.is_done(),
            Self::Sequencer(worker) => worker.is_done(),
            Self::Engine(worker) => worker.is_done(),
            Self::Journal(worker) => worker.is_done(),
            Self::Egress(worker) => worker.is_done(),
        }
    }

    const fn is_link(&self) -> bool {
        matches!(self, Self::Link(_))
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The workers of one thread: those that still work, and those that are done.
#[derive(Debug)]
pub(crate) struct Seats {
    working: Vec<Seat>,
    done: Vec<Seat>,
}

impl Seats {
    pub(crate) const fn new(working: Vec<Seat>) -> Self {
        Self {
            working,
            done: Vec::new(),
        }
    }

    /// Calls everyone once and returns how many items they handled together.
    #[inline]
    fn round(&mut self, now: Now, finish: &Finish) -> usize {
        let mut count = 0;
        let mut idle = false;
        for seat in &mut self.working {
            let worked = seat.work(now);
            count += worked;
            idle |= worked == 0;
        }
        // A link that is never idle is asked all the same once it is alone.
        if idle || finish.nobody_left() {
            self.retire(now, finish);
        }
        count
    }

    /// Takes those who are done out of the round. A link is dropped at once, so that nobody
    /// waits for its reading; the others are asked for their figures at the end.
    #[inline]
    fn retire(&mut self, now: Now, finish: &Finish) {
        let mut ix = 0;
        while let Some(seat) = self.working.get(ix) {
            if seat.is_done() || (seat.is_link() && finish.is_overdue(now)) {
                let seat = self.working.remove(ix);
                if !seat.is_link() {
                    finish.one_less();
                    self.done.push(seat);
                }
            } else {
                ix += 1;
            }
        }
    }
}

/// How many workers between the links still work, and how long links may outlast them.
#[derive(Clone, Debug)]
struct Finish {
    left: Arc<AtomicUsize>,
    grace: Nanos,
    /// When this thread first saw that none was left.
    seen: std::cell::Cell<Option<MonoNanos>>,
}

impl Finish {
    fn new(left: usize, grace: Nanos) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(left)),
            grace,
            seen: std::cell::Cell::new(None),
        }
    }

    fn one_less(&self) {
        self.left.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether all workers between the links are done.
    fn nobody_left(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// Whether links had their time.
    fn is_overdue(&self, now: Now) -> bool {
        if !self.nobody_left() {
            return false;
        }
        let seen = self.seen.get().unwrap_or(now.mono);
        self.seen.set(Some(seen));
        now.mono.since(seen) >= self.grace
    }
}

/// A thread to be started.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) name: &'static str,
    pub(crate) core: Option<Core>,
    pub(crate) seats: Vec<Seat>,
}

/// A pipeline at work.
///
/// A thread that panics aborts the process: what the others hold is no longer known to be right.
#[derive(Debug)]
pub struct Running {
    threads: Vec<JoinHandle<Vec<Seat>>>,
    clock: Clock,
    stop: Stop,
    counters: Counters,
}

/// What a thread says before it begins, and what it waits for.
struct Gate {
    pinned: SyncSender<Result<(), AffinityError>>,
    go: Receiver<()>,
}

impl Running {
    pub(crate) fn start(
        threads: Vec<Thread>,
        clock: Clock,
        options: PipelineOptions,
        stop: Stop,
        counters: Counters,
    ) -> Result<Self, StartError> {
        let core_seats = threads.iter().flat_map(|thread| &thread.seats);
        let left = core_seats.filter(|seat| !seat.is_link()).count();
        let finish = Finish::new(left, options.links_grace);
        let mut started = Vec::with_capacity(threads.len());
        for thread in threads {
            started.push(spawn(thread, clock, options.wait, finish.clone())?);
        }
        // All are pinned before any begins: where one cannot be, the gates of the others are
        // dropped, and they end without having done anything.
        for (name, _, pinned, _) in &started {
            let answer = pinned.recv().expect("a thread says how its pinning went");
            answer.map_err(|source| StartError::Affinity {
                thread: name.clone(),
                source,
            })?;
        }
        counters.set_state(ProcessState::Running);
        let threads = started.into_iter().map(|(_, handle, _, go)| {
            go.send(()).expect("a pinned thread waits at its gate");
            handle
        });
        Ok(Self {
            threads: threads.collect(),
            clock,
            stop,
            counters,
        })
    }

    /// The wish to stop; whoever wishes it, [`join`](Self::join) then returns.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The clock that the workers' latencies are measured by.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// What the workers count.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }

    /// Whether the journal still keeps what it is given, as far as its counters say.
    #[must_use]
    pub fn journal_state(&self) -> JournalState {
        match self.counters.value("journal.failed") {
            None => JournalState::Off,
            Some(0) => JournalState::Writing,
            Some(_) => JournalState::Failed,
        }
    }

    /// Whether all threads have ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Wishes to stop and waits until everything that came in has gone out.
    #[must_use]
    pub fn stop_and_join(self) -> FinalReport {
        self.stop.request();
        self.counters.set_state(ProcessState::Draining);
        self.join()
    }

    /// Waits until the pipeline has ended: somebody wished it, or every link has gone.
    #[must_use]
    pub fn join(self) -> FinalReport {
        let joined = self.threads.into_iter().map(|handle| {
            handle
                .join()
                .expect("a thread that panics aborts the process")
        });
        report(joined.flatten(), &self.counters)
    }
}

type Started = (
    String,
    JoinHandle<Vec<Seat>>,
    Receiver<Result<(), AffinityError>>,
    SyncSender<()>,
);

fn spawn(thread: Thread, clock: Clock, wait: Wait, finish: Finish) -> Result<Started, StartError> {
    let name = format!("dcx-{}", thread.name);
    let (pinned, pinned_seen) = sync_channel(1);
    let (go, go_seen) = sync_channel(1);
    let gate = Gate {
        pinned,
        go: go_seen,
    };
    let run = move || {
        let _abort = AbortOnPanic;
        let Thread { core, seats, .. } = thread;
        let answer = core.map_or(Ok(()), pin_to);
        let is_pinned = answer.is_ok();
        if gate.pinned.send(answer).is_err() || !is_pinned || gate.go.recv().is_err() {
            return Vec::new();
        }
        work_until_done(Seats::new(seats), clock, wait, &finish)
    };
    let builder = thread::Builder::new().name(name.clone());
    match builder.spawn(run) {
        Ok(handle) => Ok((name, handle, pinned_seen, go)),
        Err(source) => Err(StartError::Thread {
            thread: name,
            source,
        }),
    }
}

/// The loop of every thread: one reading of the clocks, one turn for everyone.
fn work_until_done(mut seats: Seats, mut clock: Clock, wait: Wait, finish: &Finish) -> Vec<Seat> {
    let mut idle = Idle::new(wait);
    while !seats.working.is_empty() {
        let worked = seats.round(clock.now(), finish);
        idle.idle(worked);
    }
    seats.done
}

/// Ends the process where a thread panics, also in builds that unwind.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            process::abort();
        }
    }
}

/// A pipeline whose workers are called by hand, for simulation and tests.
///
/// One step is one round of a fused thread, at a time that the caller chooses.
#[derive(Debug)]
pub struct Stepped {
    seats: Seats,
    finish: Finish,
    stop: Stop,
    counters: Counters,
}

impl Stepped {
    pub(crate) fn new(seats: Seats, stop: Stop, counters: Counters, grace: Nanos) -> Self {
        let left = seats.working.iter().filter(|seat| !seat.is_link()).count();
        Self {
            seats,
            finish: Finish::new(left, grace),
            stop,
            counters,
        }
    }

    /// Calls every worker once, as of `now`, and returns how many items they handled together.
    pub fn step(&mut self, now: Now) -> usize {
        self.seats.round(now, &self.finish)
    }

    /// Calls every worker but the one named `held`, once, as of `now`.
    ///
    /// A thread that the system does not run looks like this to the others.
    pub fn step_without(&mut self, held: &str, now: Now) -> usize {
        let others = self
            .seats
            .working
            .iter_mut()
            .filter(|seat| seat.name() != held);
        others.map(|seat| seat.work(now)).sum()
    }

    /// Whether everybody is done.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.seats.working.is_empty()
    }

    /// The wish to stop.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// What the workers count.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }

    /// What came of the run.
    ///
    /// # Panics
    /// If somebody is not done: the figures would not be final.
    #[must_use]
    pub fn finish(self) -> FinalReport {
        assert!(
            self.is_finished(),
            "a run is reported once everybody is done"
        );
        report(self.seats.done.into_iter(), &self.counters)
    }
}

/// What came of a run, once everything that came in has gone out.
#[derive(Debug)]
pub struct FinalReport {
    /// Commands sequenced in this run, the sequencer's own included.
    pub commands: u64,
    /// The number that the next command would have.
    pub next_seq: Seq,
    /// Events since the journal began.
    pub events: u64,
    /// Digest of all state.
    pub state_digest: u64,
    /// Digest of all events since the journal began.
    pub event_digest: u64,
    /// What the journal wrote in this run; none without a journal.
    pub journal: Option<Totals>,
    /// Why the journal stopped, if it did.
    pub journal_error: Option<JournalError>,
    /// Events kept back since their cause was not written. Zero unless the journal stopped.
    pub withheld: u64,
    /// Commands that links pushed after the sequencer had ended: never acted on.
    pub unsequenced: usize,
    /// How long things took.
    pub latency: Latency,
}

impl FinalReport {
    /// Whether all commands were kept.
    #[must_use]
    pub const fn journal_state(&self) -> JournalState {
        match (&self.journal, &self.journal_error) {
            (None, _) => JournalState::Off,
            (Some(_), None) => JournalState::Writing,
            (Some(_), Some(_)) => JournalState::Failed,
        }
    }
}

fn report(seats: impl Iterator<Item = Seat>, counters: &Counters) -> FinalReport {
    let mut report = FinalReport {
        commands: 0,
        next_seq: Seq::default(),
        events: 0,
        state_digest: 0,
        event_digest: 0,
        journal: None,
        journal_error: None,
        withheld: 0,
        unsequenced: 0,
        latency: Latency {
            engine: histogram(),
            ring: histogram(),
            ingress_to_egress: histogram(),
        },
    };
    for seat in seats {
        match seat {
            Seat::Link(_) => {}
            Seat::Sequencer(worker) => {
                report.commands = worker.commands();
                report.next_seq = worker.next_seq();
                report.unsequenced = worker.unsequenced();
            }
            Seat::Engine(worker) => {
                report.events = worker.events().count();
                report.event_digest = worker.events().value();
                report.state_digest = worker.engine().digest();
                if let Some([engine, ring]) = worker.into_histograms() {
                    (report.latency.engine, report.latency.ring) = (engine, ring);
                }
            }
            Seat::Journal(mut worker) => {
                report.journal = Some(worker.totals());
                report.journal_error = worker.take_error();
            }
            Seat::Egress(worker) => {
                report.withheld = worker.withheld();
                if let Some(histogram) = worker.into_histogram() {
                    report.latency.ingress_to_egress = histogram;
                }
            }
        }
    }
    counters.set_state(match report.journal_state() {
        JournalState::Failed => ProcessState::Failed,
        JournalState::Off | JournalState::Writing => ProcessState::Stopped,
    });
    report
}
