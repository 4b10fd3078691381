//! The machine of dcx: workers on their cores, the journal beside the engine, counters.
//!
//! ```text
//!  link ─┐                        ┌─► journal ─┐ written up to
//!  link ─┼─► sequencer ─► ingress ┤            ▼
//!  link ─┘   number, time         └─► engine ─► outbox ─► egress ─► every link
//! ```
//!
//! It promises:
//! - one total order: every command has a number and a time that never goes back;
//! - nothing leaves before the command that caused it is written, and after a failed write nothing
//!   leaves at all;
//! - nothing is dropped: a full ring holds up who fills it, back to the links' sockets, and is counted;
//! - fused or split over threads, the same commands give the same events ([`Topology`]);
//! - a stop ends in order, with a last mark in the journal ([`Stop`]);
//! - [`replay`] gives what the run gave, or says where it does not.
//!
//! # Examples
//! ```
//! use dcx_engine::NoTrace;
//! use dcx_model::{Command, Event, Inbound};
//! use dcx_pipeline::{JournalOptions, Pipeline, PipelineOptions, recover, replay};
//!
//! # let dir = tempfile::tempdir()?;
//! let (builder, [mut link]) = Pipeline::with(PipelineOptions::default()).links()?;
//! let recovered = recover(dir.path(), JournalOptions::default())?;
//! let running = builder.recovered(recovered).start()?;
//!
//! // This thread is the link; a `Worker` given to `Builder::link` is how a gateway is one.
//! let received = running.clock().mono();
//! link.inbound.try_push(Inbound { received, command: Command::Checkpoint })?;
//! let answer = loop {
//!     if let Some(outbound) = link.outbound.pop() {
//!         break outbound.event;
//!     }
//!     std::thread::yield_now();
//! };
//! assert!(matches!(answer, Event::Digest { .. }));
//!
//! drop(link); // nothing more can come in, so the pipeline ends
//! let report = running.join();
//! let replayed = replay(dir.path(), &mut NoTrace)?;
//! assert!(replayed.equal() && replayed.event_digest == report.event_digest);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: what commands mean (`dcx-engine`), sockets (`gateways/`), configuration (`daemon`).

#![forbid(unsafe_code)]

mod affinity;
mod builder;
mod clock;
mod counters;
mod inspect;
mod journal;
mod latency;
mod runner;
mod stop;
mod workers;

pub use affinity::{AffinityError, Core, pin_to};
pub use builder::{
    Builder, Cores, LinkEnds, Pipeline, PipelineOptions, Ready, Slots, StartError, Topology,
    WantsEngine, WantsLinks,
};
pub use clock::{Clock, TestClock};
pub use counters::{
    Counter, CounterGroup, CounterKind, CounterValue, Counters, CountersError, CountersReader,
    ProcessState,
};
pub use inspect::{InspectError, Inspector};
pub use journal::{
    Damage, Difference, Entry, JournalError, JournalMode, JournalOptions, JournalState, Mark,
    Observer, Place, ReadTotals, Reader, Recovered, ReplayReport, Tail, Torn, Totals,
    UnknownJournalMode, Verified, Writer, recover, recover_observed, replay, verify,
};
pub use latency::{Latency, Sampling, histogram};
pub use runner::{FinalReport, Running, Stepped};
pub use stop::Stop;
