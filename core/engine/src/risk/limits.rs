//! What orders are measured against: limits by instrument and by session.

use dcx_model::{Instrument, InstrumentLimits, Limit, Nanos, Notional, Qty, Record, SessionLimits};

use super::rate::Bucket;
use crate::digest::Words;

/// The limits of one scope, as far as they were set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitSet {
    set: u64,
    values: [i128; LIMITS],
}

/// One more than the largest number of a limit.
const LIMITS: usize = 32;

const _: () = assert!(Limit::ALL.len() < LIMITS, "every limit has its place");

impl Default for LimitSet {
    fn default() -> Self {
        Self {
            set: 0,
            values: [0; LIMITS],
        }
    }
}

impl LimitSet {
    pub(crate) fn get(&self, limit: Limit) -> Option<i128> {
        let there = self.set >> (limit as u8) & 1 == 1;
        let value = self.values.get(usize::from(limit as u8)).copied();
        value.filter(|_| there)
    }

    pub(crate) fn put(&mut self, limit: Limit, value: Option<i128>) {
        let bit = 1 << (limit as u8);
        self.set = if value.is_some() {
            self.set | bit
        } else {
            self.set & !bit
        };
        if let Some(place) = self.values.get_mut(usize::from(limit as u8)) {
            *place = value.unwrap_or_default();
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.set == 0
    }

    fn digest(&self, words: &mut Words) {
        words.u64(self.set);
        for value in &self.values {
            words.i128(*value);
        }
    }
}

/// An instrument and its limits, as far as they were given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InstrumentRow {
    pub(crate) defined: Option<Instrument>,
    pub(crate) set: LimitSet,
}

/// A client session, its limits as far as they were given, and what it has used of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionRow {
    pub(crate) set: LimitSet,
    pub(crate) bucket: Bucket,
    pub(crate) orders_open: u32,
    /// Cancels are counted, never refused.
    pub(crate) cancels: u64,
    pub(crate) up: bool,
}

impl InstrumentRow {
    /// The limits that every instrument must have; none unless all of them are set.
    pub(crate) fn limits(&self, id: dcx_model::InstrumentId) -> Option<InstrumentLimits> {
        let qty = |limit| Some(Qty::from_units(u64::try_from(self.set.get(limit)?).ok()?));
        Some(InstrumentLimits {
            instrument: id,
            order_qty_max: qty(Limit::OrderQtyMax)?,
            order_notional_max: Notional::from_units(self.set.get(Limit::OrderNotionalMax)?),
            position_max: qty(Limit::PositionLongMax)?,
            quote_age_max: Nanos::new(u64::try_from(self.set.get(Limit::QuoteAgeMax)?).ok()?),
            collar_bps: u32::try_from(self.set.get(Limit::CollarBps)?).ok()?,
            prev_close_allowed: self.set.get(Limit::PrevCloseAllowed) == Some(1),
        })
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        if let Some(instrument) = self.defined {
            words.bytes(
                Record::of_command(&dcx_model::Command::DefineInstrument(instrument)).body(),
            );
        }
        self.set.digest(&mut words);
        words.finish()
    }
}

impl SessionRow {
    /// The limits that every session must have; none unless all of them are set.
    pub(crate) fn limits(&self, id: dcx_model::SessionId) -> Option<SessionLimits> {
        let count = |limit| u32::try_from(self.set.get(limit)?).ok();
        Some(SessionLimits {
            session: id,
            orders_per_s_max: count(Limit::OrdersPerSMax)?,
            burst_max: count(Limit::BurstMax)?,
            orders_open_max: count(Limit::OrdersOpenMax)?,
        })
    }

    /// Whether nothing was ever said about the session.
    pub(crate) const fn is_unknown(&self) -> bool {
        self.set.is_empty() && self.cancels == 0 && !self.up
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        self.set.digest(&mut words);
        let (missing, as_of) = self.bucket.parts();
        words.u64(missing);
        words.u64(as_of);
        words.u64(u64::from(self.orders_open));
        words.u64(self.cancels);
        words.u64(u64::from(self.up));
        words.finish()
    }
}
