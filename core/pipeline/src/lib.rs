//! The machine of dcx: workers on their cores, the journal beside the engine, counters.

#![forbid(unsafe_code)]

mod affinity;
mod builder;
mod clock;
mod counters;
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
pub use journal::{
    Damage, Difference, Entry, JournalError, JournalMode, JournalOptions, JournalState, Mark,
    Observer, ReadTotals, Reader, Recovered, ReplayReport, Tail, Torn, Totals, UnknownJournalMode,
    Verified, Writer, recover, replay, verify,
};
pub use latency::{Latency, Sampling, histogram};
pub use runner::{FinalReport, Running, Stepped};
pub use stop::Stop;
