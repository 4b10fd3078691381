//! Messages from behind a gap, kept until it is filled.

use std::collections::BTreeMap;

/// Numbers that may be marked when there is no more room for messages.
const MARKS: usize = 64;

/// Messages that came too early, by their numbers. Bounded in count and in bytes.
#[derive(Debug)]
pub(super) struct Later {
    messages: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl Later {
    pub(super) const fn new(count_max: usize, bytes_max: usize) -> Self {
        Self {
            messages: BTreeMap::new(),
            bytes: 0,
            count_max,
            bytes_max,
        }
    }

    /// Keeps a copy of `raw`. False if there is no room; the first copy of a number stays.
    pub(super) fn keep(&mut self, msg_seq_num: u64, raw: &[u8]) -> bool {
        if self.messages.contains_key(&msg_seq_num) {
            return true;
        }
        if self.messages.len() >= self.count_max || self.bytes + raw.len() > self.bytes_max {
            return false;
        }
        self.bytes += raw.len();
        self.messages.insert(msg_seq_num, raw.to_vec());
        true
    }

    /// Remembers that a number came and needs nothing more than to be counted. Room is made for
    /// a few of these beyond the bound: two sides that both miss something would otherwise ask
    /// each other for ever, each request being the next number missed.
    pub(super) fn mark(&mut self, msg_seq_num: u64) -> bool {
        if self.messages.len() >= self.count_max + MARKS {
            return false;
        }
        self.messages.entry(msg_seq_num).or_default();
        true
    }

    /// Takes the message of number `next` out, empty if it was only marked, and forgets those before it.
    pub(super) fn take(&mut self, next: u64) -> Option<Vec<u8>> {
        while let Some(first) = self.messages.first_entry() {
            if *first.key() > next {
                return None;
            }
            let number = *first.key();
            let raw = first.remove();
            self.bytes -= raw.len();
            if number == next {
                return Some(raw);
            }
        }
        None
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.bytes = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}
