//! What orders are measured against: limits by instrument and by session.

use dcx_model::{Instrument, InstrumentLimits, Record, SessionLimits};

use super::rate::Bucket;
use crate::digest::Words;

/// An instrument and its limits, as far as they were given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InstrumentRow {
    pub(crate) defined: Option<Instrument>,
    pub(crate) limits: Option<InstrumentLimits>,
}

/// A client session, its limits as far as they were given, and what it has used of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionRow {
    pub(crate) limits: Option<SessionLimits>,
    pub(crate) bucket: Bucket,
    pub(crate) orders_open: u32,
    /// Cancels are counted, never refused.
    pub(crate) cancels: u64,
    pub(crate) up: bool,
}

impl InstrumentRow {
    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        if let Some(instrument) = self.defined {
            words.bytes(
                Record::of_command(&dcx_model::Command::DefineInstrument(instrument)).body(),
            );
        }
        if let Some(limits) = self.limits {
            words
                .bytes(Record::of_command(&dcx_model::Command::SetInstrumentLimits(limits)).body());
        }
        words.finish()
    }
}

impl SessionRow {
    /// Whether nothing was ever said about the session.
    pub(crate) const fn is_unknown(&self) -> bool {
        self.limits.is_none() && self.cancels == 0 && !self.up
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        if let Some(limits) = self.limits {
            words.bytes(Record::of_command(&dcx_model::Command::SetSessionLimits(limits)).body());
        }
        let (missing, as_of) = self.bucket.parts();
        words.u64(missing);
        words.u64(as_of);
        words.u64(u64::from(self.orders_open));
        words.u64(self.cancels);
        words.u64(u64::from(self.up));
        words.finish()
    }
}
