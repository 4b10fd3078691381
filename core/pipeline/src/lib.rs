//! The machine of dcx: workers on their cores, the journal beside the engine, counters.

#![forbid(unsafe_code)]

mod clock;
mod journal;

pub use clock::{Clock, TestClock};
pub use journal::{
    Damage, Difference, Entry, JournalError, JournalMode, JournalOptions, JournalState, Mark,
    Observer, ReadTotals, Reader, Recovered, ReplayReport, Tail, Torn, Totals, UnknownJournalMode,
    Verified, Writer, recover, replay, verify,
};
