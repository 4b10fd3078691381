//! The wish to stop, seen by everyone it concerns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A wish to stop. Clones share it, and it cannot be taken back.
///
/// The pipeline stops from the way in to the way out. Links see the wish, stop reading, and drop
/// their [`Producer`](dcx_ring::Producer) once they have pushed what they had; then the sequencer
/// ends with a last checkpoint, then journal and engine, then the egress; links see their
/// [`Poller`](dcx_ring::Poller) drained and are the last to end.
///
/// # Examples
/// ```
/// let stop = dcx_pipeline::Stop::default();
/// let seen_by_a_link = stop.clone();
/// stop.request();
/// assert!(seen_by_a_link.is_requested());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Wishes to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody wished to stop.
    #[inline]
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The wish as a flag, for signal handlers.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
