//! Hashes that prove two runs equal. Not cryptographic: they find differences, not attackers.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::{Outbound, Record};

/// Hash of `bytes` that also depends on what came before.
#[must_use]
pub fn hash(before: u64, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, before)
}

/// A running digest over every event in order: two runs with the same value had the same events.
///
/// Stamps of the monotonic clock are left out: they differ between runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventDigest {
    value: u64,
    count: u64,
}

impl EventDigest {
    /// Takes in the next event: its record, its cause and its place.
    pub fn take(&mut self, outbound: &Outbound) {
        let record = Record::of_event(&outbound.event);
        let place = outbound.seq.get().rotate_left(16) ^ u64::from(outbound.ix);
        let before = self.value.rotate_left(1) ^ place ^ outbound.at.get().rotate_left(32);
        self.value = hash(before ^ u64::from(record.kind()), record.body());
        self.count += 1;
    }

    /// The digest of all events taken in.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// How many events were taken in.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}
