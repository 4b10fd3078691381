//! A store that forgets with its process, for simulators and tests.

use std::collections::VecDeque;

use super::{Store, StoreError};

/// Messages are dropped, oldest first, above this many bytes; what is gone is gap-filled.
const BYTES_MAX: usize = 64 << 20;

/// Keeps a session's numbers and its latest messages in memory.
#[derive(Debug)]
pub struct MemoryStore {
    next_in: u64,
    next_out: u64,
    /// The messages before `next_out`, oldest first.
    messages: VecDeque<Box<[u8]>>,
    bytes: usize,
}

impl MemoryStore {
    /// An empty store: both numbers 1.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next_in: 1,
            next_out: 1,
            messages: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn next_out(&self) -> u64 {
        self.next_out
    }

    fn next_in(&self) -> u64 {
        self.next_in
    }

    fn created_ns(&self) -> Option<u64> {
        None
    }

    fn keep(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        assert!(
            msg_seq_num == self.next_out,
            "outgoing numbers are used in order"
        );
        self.next_out += 1;
        self.bytes += bytes.len();
        self.messages.push_back(bytes.into());
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.messages.pop_front() else {
                return;
            };
            self.bytes -= oldest.len();
        }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn settle(&mut self, next_in: u64) {
        self.next_in = next_in;
    }

    fn note(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn reset(&mut self, next_in: u64, next_out: u64) -> Result<(), StoreError> {
        *self = Self {
            next_in,
            next_out,
            ..Self::new()
        };
        Ok(())
    }

    fn read(&mut self, msg_seq_num: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let oldest = self.next_out - self.messages.len() as u64;
        let ix = msg_seq_num.checked_sub(oldest);
        let message = ix
            .and_then(|ix| usize::try_from(ix).ok())
            .and_then(|ix| self.messages.get(ix));
        out.extend_from_slice(message.map_or(&[], |message| message));
        Ok(())
    }
}
