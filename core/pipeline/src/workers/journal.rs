//! Writes what the engine is being told, beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dcx_model::{Now, Sequenced};
use dcx_ring::{Poller, Progress, Sequence, Worker};

use super::JournalView;
use crate::counters::{Counter, CounterGroup};
use crate::journal::{JournalError, Mark, Totals, Writer};

/// Takes commands from the ingress ring and marks from the engine, and writes them, one call to
/// the system for all that is there.
///
/// Once a write fails it writes no more: it goes on emptying its rings so that a stop can end,
/// and the egress lets nothing pass that was not written.
#[derive(Debug)]
pub(crate) struct JournalWorker {
    ingress: Poller<Sequenced>,
    marks: Poller<Mark>,
    writer: Writer,
    batch_max: usize,
    written: Progress,
    failed: Arc<AtomicBool>,
    error: Option<JournalError>,
    counters: JournalCounters,
}

#[derive(Debug)]
struct JournalCounters {
    records: Counter,
    bytes: Counter,
    writes: Counter,
    failed: Counter,
    discarded: Counter,
}

impl JournalWorker {
    pub(crate) fn new(
        ingress: Poller<Sequenced>,
        marks: Poller<Mark>,
        writer: Writer,
        batch_max: usize,
        group: &mut CounterGroup,
    ) -> Self {
        let mut written = Progress::new();
        written.advance_to(Sequence::new(writer.written().get()));
        Self {
            ingress,
            marks,
            writer,
            batch_max,
            written,
            failed: Arc::default(),
            error: None,
            counters: JournalCounters {
                records: group.count("records"),
                bytes: group.count("bytes"),
                writes: group.count("writes"),
                failed: group.gauge("failed"),
                discarded: group.count("discarded"),
            },
        }
    }

    /// What others may see of it.
    pub(crate) fn view(&self) -> JournalView {
        JournalView {
            written: self.written.cursor(),
            failed: Arc::clone(&self.failed),
        }
    }

    pub(crate) const fn totals(&self) -> Totals {
        self.writer.totals()
    }

    pub(crate) const fn take_error(&mut self) -> Option<JournalError> {
        self.error.take()
    }

    /// Appends the marks whose commands are appended. The engine may be ahead of us: a mark then
    /// waits for its command.
    fn append_marks(&mut self) -> usize {
        let mut count = 0;
        while let Some(mark) = self.marks.peek() {
            if mark.seq >= self.writer.next_seq() {
                break;
            }
            self.writer.append_mark(mark);
            self.marks.advance();
            count += 1;
        }
        count
    }

    fn flush(&mut self) {
        let result = self.writer.flush();
        let next = self.writer.written();
        self.written.advance_to(Sequence::new(next.get()));
        let totals = self.writer.totals();
        self.counters.records.set(totals.records);
        self.counters.bytes.set(totals.bytes);
        self.counters.writes.add(1);
        if let Err(error) = result {
            self.error = Some(error);
            self.counters.failed.set(1);
            // After `written`: who sees the failure sees all that was written before it.
            self.failed.store(true, Ordering::Release);
        }
    }

    fn discard(&mut self) -> usize {
        let count = self.ingress.poll(self.batch_max, |_, _, _| ());
        self.marks.poll(self.batch_max, |_, _, _| ());
        self.counters.discarded.add(count as u64);
        count
    }
}

impl Worker for JournalWorker {
    fn name(&self) -> &'static str {
        "journal"
    }

    fn work(&mut self, _now: Now) -> usize {
        if self.error.is_some() {
            return self.discard();
        }
        let writer = &mut self.writer;
        let commands = self
            .ingress
            .poll(self.batch_max, |sequenced, _, _| writer.append(sequenced));
        let count = commands + self.append_marks();
        if count > 0 {
            self.flush();
        }
        count
    }

    fn is_done(&self) -> bool {
        self.ingress.is_drained() && self.marks.is_drained()
    }
}
