//! The workers between the links: sequencer, journal, engine, egress.

mod egress;
mod engine;
mod journal;
mod sequencer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dcx_model::{Seq, UnixNanos};
use dcx_ring::{Claim, Cursor, Producer};

pub(crate) use egress::EgressWorker;
pub(crate) use engine::{EngineEnds, EngineWorker};
pub(crate) use journal::JournalWorker;
pub(crate) use sequencer::{CheckpointRule, SequenceFrom, Sequencer};

/// Items that a worker takes in one round, at most: what bounds how long others wait for a turn.
pub(crate) const BATCH: usize = 256;

/// Claims as many of `max` slots as are free; none if none is.
///
/// Looks at the readers' cursors only when what is known to be free does not suffice.
fn claim_up_to<T: Copy>(producer: &mut Producer<T>, max: usize) -> Option<Claim<'_, T>> {
    let all = producer.claim(max).is_some();
    let count = if all { max } else { producer.free().min(max) };
    if count == 0 {
        return None;
    }
    producer.claim(count)
}

/// What the engine lets the sequencer see: how far it is, and when it wants to be woken.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct EngineStatus {
    applied: AtomicU64,
    /// `u64::MAX` for never.
    wake_at: AtomicU64,
}

impl EngineStatus {
    pub(crate) fn new(applied: Seq, wake_at: Option<UnixNanos>) -> Arc<Self> {
        let status = Self {
            applied: AtomicU64::new(0),
            wake_at: AtomicU64::new(u64::MAX),
        };
        status.show(applied, wake_at);
        Arc::new(status)
    }

    /// Shows both, `wake_at` first: who sees the command applied sees what it led to.
    fn show(&self, applied: Seq, wake_at: Option<UnixNanos>) {
        let at = wake_at.map_or(u64::MAX, UnixNanos::get);
        self.wake_at.store(at, Ordering::Relaxed);
        self.applied.store(applied.get(), Ordering::Release);
    }

    /// When the engine wants to be woken, as of `seq` or later. None before it has come there,
    /// and where it wants nothing.
    fn wake_at(&self, seq: Seq) -> Option<UnixNanos> {
        if self.applied.load(Ordering::Acquire) < seq.get() {
            return None;
        }
        match self.wake_at.load(Ordering::Relaxed) {
            u64::MAX => None,
            at => Some(UnixNanos::new(at)),
        }
    }
}

/// How far the journal is, as others see it.
#[derive(Clone, Debug)]
pub(crate) struct JournalView {
    /// At the number of the command after the last one written.
    pub(crate) written: Cursor,
    pub(crate) failed: Arc<AtomicBool>,
}
