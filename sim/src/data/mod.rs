//! Recorded market data: three formats of the world and one CSV of ours, as one tape of quotes.
//!
//! [`open`] looks at a path and returns its [`Tape`]; [`merge`] joins several on UTC instants;
//! [`inspect`] says what a path holds; [`import`] writes it as CSV. What cannot be known is
//! refused, never guessed: above all the clock of a file that gives only times of day.

mod binance;
mod clock;
mod csv;
mod day;
mod error;
mod inspect;
mod merge;
mod profile;
mod row;
mod stamp;
mod tape;

pub use clock::{Offset, TzOption};
pub use error::{DataError, Place};
pub use inspect::{Summary, import, inspect};
pub use merge::{Merged, SourceQuote, common_start, merge, open_all};
pub use profile::{DayProfile, profile};
pub use stamp::{parse_rfc3339, to_rfc3339};
pub use tape::{DataOptions, Format, Stamps, Tape, TapeCounts, TapeQuote, open};

#[cfg(test)]
mod tests;
