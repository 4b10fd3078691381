//! Puts a pipeline together, one piece after the other, so that none can be forgotten.

use std::fmt;

use dcx_engine::Engine;
use dcx_model::{
    Code, EVENTS_PER_COMMAND_MAX, EventDigest, Inbound, Nanos, Outbound, Seq, UnixNanos,
};
use dcx_ring::{Merge, Poller, Producer, RingError, Wait, Worker};

use crate::affinity::{AffinityError, Core};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::inspect::{Inspector, Questions};
use crate::journal::{Recovered, Writer};
use crate::latency::{Meter, Sampling};
use crate::runner::{Running, Seat, Seats, Stepped, Thread};
use crate::stop::Stop;
use crate::workers::{
    CheckpointRule, EgressWorker, EngineEnds, EngineStatus, EngineWorker, JournalWorker,
    SequenceFrom, Sequencer,
};

/// Items of one source that the sequencer takes before the next source has its turn.
const SOURCE_BATCH: usize = 16;
/// Marks and measurements on their way; few are ever at once.
const SIDE_SLOTS: usize = 256;

/// A command, and a slot that is kept for a checkpoint.
const INGRESS_MIN: usize = 2;

/// Which threads run the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One thread calls all of them in turn: no hop between cores, for one core of one's own.
    Fused {
        /// The core it is pinned to.
        core: Option<Core>,
    },
    /// A thread each: more commands at once, for as many cores as there are workers.
    Split(Cores),
}

/// The cores that the threads of a split pipeline are pinned to. Those of links are given with
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cores {
    /// The sequencer's.
    pub sequencer: Option<Core>,
    /// The journal's.
    pub journal: Option<Core>,
    /// The engine's.
    pub engine: Option<Core>,
    /// The egress's.
    pub egress: Option<Core>,
}

/// The lengths of the rings, each a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// From each link to the sequencer.
    pub inbound: usize,
    /// From the sequencer to journal and engine; at least 2.
    pub ingress: usize,
    /// From the engine to the egress; at least [`EVENTS_PER_COMMAND_MAX`].
    pub outbox: usize,
    /// From the egress to the links.
    pub egress: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self {
            inbound: 1024,
            ingress: 1024,
            outbox: 1024,
            egress: 2048,
        }
    }
}

/// How a pipeline is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineOptions {
    /// Which threads there are.
    pub topology: Topology,
    /// What a thread does while there is nothing to do.
    pub wait: Wait,
    /// The lengths of the rings.
    pub slots: Slots,
    /// Which commands are measured.
    pub sampling: Sampling,
    /// Commands after which the digest of all state is taken and kept; zero for never. It walks
    /// the whole state, milliseconds for some ten thousand orders, and everything waits for it.
    pub checkpoint_every: u64,
    /// Time without a command after which the digest is taken, if there was one since the last.
    pub checkpoint_idle: Nanos,
    /// How long links have, once a stop is wished, to drop their producers by themselves.
    pub sources_grace: Nanos,
    /// How long links have to end after everything else has.
    pub links_grace: Nanos,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            topology: Topology::Fused { core: None },
            wait: Wait::default(),
            slots: Slots::default(),
            sampling: Sampling::default(),
            checkpoint_every: 1_000_000,
            checkpoint_idle: Nanos::from_seconds(1),
            sources_grace: Nanos::from_millis(200),
            links_grace: Nanos::from_seconds(2),
        }
    }
}

/// Why a pipeline does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A ring cannot be as long as asked.
    #[error("ring {ring}")]
    Ring {
        /// Which.
        ring: &'static str,
        /// Why.
        source: RingError,
    },
    /// A ring could not hold what is put on it at once.
    #[error("ring {ring}: {slots} slots, at least {least} are needed")]
    TooShort {
        /// Which.
        ring: &'static str,
        /// The length asked for.
        slots: usize,
        /// The least length that works.
        least: usize,
    },
    /// Nothing could ever come in.
    #[error("a pipeline needs a link")]
    NoLinks,
    /// A thread cannot run where it should.
    #[error("thread {thread}")]
    Affinity {
        /// Which.
        thread: String,
        /// Why.
        source: AffinityError,
    },
    /// The operating system gives no thread.
    #[error("starting thread {thread}")]
    Thread {
        /// Which.
        thread: String,
        /// Why.
        source: std::io::Error,
    },
}

impl StartError {
    /// Its entry in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Ring { .. } | Self::TooShort { .. } => Code::C005,
            Self::NoLinks => Code::C015,
            Self::Affinity { .. } => Code::X008,
            Self::Thread { .. } => Code::X004,
        }
    }
}

/// What a link holds of the pipeline: its way in, its way out, and the wish to stop.
///
/// A link keeps calling [`outbound`](Self::outbound) whatever else it waits for: an event that it
/// does not take holds up everybody. When [`inbound`](Self::inbound) is full, it stops reading
/// its sockets, so that the peer's own window fills: nothing is dropped, and nothing is queued
/// without bound.
#[derive(Debug)]
pub struct LinkEnds {
    /// Commands go in here.
    pub inbound: Producer<Inbound>,
    /// All events come out here; a link picks its own. Drop it where none are wanted.
    pub outbound: Poller<Outbound>,
    /// Somebody wished to stop: read no more, push what was read, drop `inbound`.
    pub stop: Stop,
}

/// Where a pipeline begins.
#[derive(Debug)]
pub struct Pipeline;

impl Pipeline {
    /// A pipeline that will be run as `options` say.
    pub fn with(options: PipelineOptions) -> Builder<WantsLinks> {
        Builder {
            next: WantsLinks { options },
        }
    }
}

/// A pipeline under construction. `Next` is what it still lacks.
///
/// You never write `Next`; you meet it when the compiler says no method named `start` found for
/// struct `Builder<WantsEngine>`: the answer.
#[derive(Debug)]
#[must_use = "a pipeline does nothing until started"]
pub struct Builder<Next> {
    next: Next,
}

/// How many links there are decides how the rings are built.
#[derive(Debug)]
pub struct WantsLinks {
    options: PipelineOptions,
}

/// What the engine is, and whether there is a journal.
#[derive(Debug)]
pub struct WantsEngine {
    plan: Plan,
    counters: Counters,
}

/// Nothing is lacking.
pub struct Ready {
    plan: Plan,
    counters: Counters,
    origin: Origin,
    links: Vec<(Option<Core>, Box<dyn Worker>)>,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.links.iter().map(|(_, link)| link.name()).collect();
        f.debug_struct("Ready")
            .field("links", &names)
            .finish_non_exhaustive()
    }
}

/// What is built before the engine is known.
#[derive(Debug)]
struct Plan {
    options: PipelineOptions,
    sources: Vec<Poller<Inbound>>,
    egress: Producer<Outbound>,
    stop: Stop,
    inspector: Inspector,
    questions: Questions,
}

/// What a run begins from.
#[derive(Debug)]
struct Origin {
    engine: Engine,
    events: EventDigest,
    next_seq: Seq,
    at: UnixNanos,
    writer: Option<Writer>,
}

impl Builder<WantsLinks> {
    /// Makes the ends of `N` links.
    ///
    /// # Errors
    /// [`StartError::Ring`] where a length is no power of two, [`StartError::NoLinks`] for none.
    pub fn links<const N: usize>(
        self,
    ) -> Result<(Builder<WantsEngine>, [LinkEnds; N]), StartError> {
        let options = self.next.options;
        if N == 0 {
            return Err(StartError::NoLinks);
        }
        let (egress, readers) =
            dcx_ring::ring(options.slots.egress, N).map_err(ring_error("egress"))?;
        let stop = Stop::default();
        let (mut sources, mut ends) = (Vec::with_capacity(N), Vec::with_capacity(N));
        for outbound in readers {
            let (inbound, source) =
                dcx_ring::spsc(options.slots.inbound).map_err(ring_error("inbound"))?;
            sources.push(source);
            ends.push(LinkEnds {
                inbound,
                outbound,
                stop: stop.clone(),
            });
        }
        let ends = ends.try_into().expect("a ring of N readers has N readers");
        let (inspector, questions) = Inspector::pair();
        let plan = Plan {
            options,
            sources,
            egress,
            stop,
            inspector,
            questions,
        };
        let next = WantsEngine {
            plan,
            counters: Counters::unshared(),
        };
        Ok((Builder { next }, ends))
    }
}

impl Builder<WantsEngine> {
    /// Shows what the workers count in `counters`; otherwise nobody sees it.
    pub fn counters(mut self, counters: Counters) -> Self {
        self.next.counters = counters;
        self
    }

    /// The wish to stop that the links were given.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.next.plan.stop.clone()
    }

    /// Who asks the engine about its state while it runs.
    #[must_use]
    pub fn inspector(&self) -> Inspector {
        self.next.plan.inspector.clone()
    }

    /// Goes on where the journal ends, and keeps it: nothing leaves before its cause is written.
    pub fn recovered(self, recovered: Recovered) -> Builder<Ready> {
        self.ready(Origin {
            engine: recovered.engine,
            events: recovered.events,
            next_seq: recovered.next_seq,
            at: recovered.at,
            writer: Some(recovered.writer),
        })
    }

    /// Begins with `engine` and keeps nothing. A crash forgets orders that venues remember.
    pub fn without_journal(self, engine: Engine) -> Builder<Ready> {
        self.ready(Origin {
            engine,
            events: EventDigest::default(),
            next_seq: Seq::new(1),
            at: UnixNanos::ZERO,
            writer: None,
        })
    }

    fn ready(self, origin: Origin) -> Builder<Ready> {
        Builder {
            next: Ready {
                plan: self.next.plan,
                counters: self.next.counters,
                origin,
                links: Vec::new(),
            },
        }
    }
}

impl Builder<Ready> {
    /// Adds a worker that holds one of the links' ends. In a split pipeline it gets a thread,
    /// pinned to `core`; in a fused one it has its turn before the others.
    pub fn link(mut self, core: Option<Core>, link: Box<dyn Worker>) -> Self {
        self.next.links.push((core, link));
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(self) -> Result<Running, StartError> {
        self.start_with(Clock::start())
    }

    /// Starts the threads, whose clocks are copies of `clock`: for whoever stamps commands of
    /// their own, or compares runs.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start_with(self, clock: Clock) -> Result<Running, StartError> {
        let options = self.next.plan.options;
        let (stop, counters) = (self.next.plan.stop.clone(), self.next.counters.clone());
        let (seats, links) = self.build(clock)?;
        let threads = threads(options.topology, seats, links);
        Running::start(threads, clock, options, stop, counters)
    }

    /// Gives the workers to whoever calls them: simulation and tests. `clock` measures latencies;
    /// sampling should be off where runs must be alike.
    ///
    /// # Errors
    /// [`StartError`] where a ring cannot be built.
    pub fn stepped(self, clock: Clock) -> Result<Stepped, StartError> {
        let (stop, counters) = (self.next.plan.stop.clone(), self.next.counters.clone());
        let grace = self.next.plan.options.links_grace;
        let (core_seats, links) = self.build(clock)?;
        let links = links.into_iter().map(|(_, link)| Seat::Link(link));
        let seats = Seats::new(links.chain(core_seats.into_order()).collect());
        Ok(Stepped::new(seats, stop, counters, grace))
    }

    fn build(self, clock: Clock) -> Result<(CoreSeats, Links), StartError> {
        let Ready {
            plan,
            counters,
            origin,
            links,
        } = self.next;
        let options = plan.options;
        expect_slots("ingress", options.slots.ingress, INGRESS_MIN)?;
        expect_slots("outbox", options.slots.outbox, EVENTS_PER_COMMAND_MAX)?;
        let meter = Meter {
            sampling: options.sampling,
            clock,
        };
        let readers = 1 + usize::from(origin.writer.is_some());
        let (ingress, mut ingress_readers) =
            dcx_ring::ring(options.slots.ingress, readers).map_err(ring_error("ingress"))?;
        let (outbox, outbox_reader) =
            dcx_ring::spsc(options.slots.outbox).map_err(ring_error("outbox"))?;
        let (hops, hops_reader) = dcx_ring::spsc(SIDE_SLOTS).map_err(ring_error("hops"))?;
        let (marks, marks_reader) = dcx_ring::spsc(SIDE_SLOTS).map_err(ring_error("marks"))?;
        let engine_reader = ingress_readers.pop().expect("the engine reads the ingress");
        let journalled = origin.writer.is_some();

        let journal = origin
            .writer
            .zip(ingress_readers.pop())
            .map(|(writer, reader)| {
                let batch_max = writer.batch_records_max();
                let mut group = counters.group("journal");
                JournalWorker::new(reader, marks_reader, writer, batch_max, &mut group)
            });
        let applied = Seq::new(origin.next_seq.get().saturating_sub(1));
        let status = EngineStatus::new(applied, origin.engine.wake_at());
        let ends = EngineEnds {
            ingress: engine_reader,
            outbox,
            marks: journalled.then_some(marks),
            hops: hops_reader,
            questions: plan.questions,
        };
        let sequencer = Sequencer::new(
            Merge::new(plan.sources, SOURCE_BATCH),
            ingress,
            hops,
            meter,
            status.clone(),
            plan.stop,
            options.sources_grace,
            SequenceFrom {
                next_seq: origin.next_seq,
                at: origin.at,
            },
            CheckpointRule {
                every: options.checkpoint_every,
                idle: options.checkpoint_idle,
            },
            &mut counters.group("sequencer"),
        );
        let mut group = counters.group("engine");
        let engine = EngineWorker::new(
            origin.engine,
            origin.events,
            ends,
            meter,
            status,
            &mut group,
        );
        let view = journal.as_ref().map(JournalWorker::view);
        let mut group = counters.group("egress");
        let egress = EgressWorker::new(outbox_reader, plan.egress, view, meter, &mut group);
        let seats = CoreSeats {
            sequencer,
            engine,
            journal,
            egress,
        };
        Ok((seats, links))
    }
}

type Links = Vec<(Option<Core>, Box<dyn Worker>)>;

/// The workers between the links.
struct CoreSeats {
    sequencer: Sequencer,
    engine: EngineWorker,
    journal: Option<JournalWorker>,
    egress: EgressWorker,
}

impl CoreSeats {
    /// In the order in which one thread calls them: each finds what the one before it has left.
    fn into_order(self) -> impl Iterator<Item = Seat> {
        let journal = self.journal.map(|worker| Seat::Journal(Box::new(worker)));
        [
            Seat::Sequencer(Box::new(self.sequencer)),
            Seat::Engine(Box::new(self.engine)),
        ]
        .into_iter()
        .chain(journal)
        .chain([Seat::Egress(Box::new(self.egress))])
    }
}

/// Who sits on which thread.
fn threads(topology: Topology, seats: CoreSeats, links: Links) -> Vec<Thread> {
    match topology {
        Topology::Fused { core } => {
            let links = links.into_iter().map(|(_, link)| Seat::Link(link));
            vec![Thread {
                name: "fused",
                core,
                seats: links.chain(seats.into_order()).collect(),
            }]
        }
        Topology::Split(cores) => {
            let links = links
                .into_iter()
                .map(|(core, link)| (core, Seat::Link(link)));
            let of = |seat: &Seat| match seat {
                Seat::Sequencer(_) => cores.sequencer,
                Seat::Engine(_) => cores.engine,
                Seat::Journal(_) => cores.journal,
                Seat::Egress(_) => cores.egress,
                Seat::Link(_) => None,
            };
            let core_seats = seats.into_order().map(|seat| (of(&seat), seat));
            links
                .chain(core_seats)
                .map(|(core, seat)| Thread {
                    name: seat.name(),
                    core,
                    seats: vec![seat],
                })
                .collect()
        }
    }
}

fn expect_slots(ring: &'static str, slots: usize, least: usize) -> Result<(), StartError> {
    if slots >= least {
        return Ok(());
    }
    Err(StartError::TooShort { ring, slots, least })
}

fn ring_error(ring: &'static str) -> impl FnOnce(RingError) -> StartError {
    move |source| StartError::Ring { ring, source }
}
