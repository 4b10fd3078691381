//! The trait that every thread of dcx runs.

use dcx_model::Now;

/// Something that gets a thread's attention, a bounded piece at a time.
///
/// The pipeline calls a worker for ever on a core of its own (`split`) or in turn with others
/// on one core (`fused`); the simulator calls the same workers from one thread in a seeded
/// order. A worker never sleeps and never reads a clock: time arrives as `now`. Only the
/// journal's may wait, for its disk.
///
/// # Examples
/// ```
/// use dcx_model::Now;
/// use dcx_ring::{Poller, Worker};
///
/// struct Adder {
///     orders: Poller<u64>,
///     sum: u64,
/// }
///
/// impl Worker for Adder {
///     fn name(&self) -> &'static str {
///         "adder"
///     }
///
///     fn work(&mut self, _now: Now) -> usize {
///         let sum = &mut self.sum;
///         self.orders.poll(64, |order, _, _| *sum += order)
///     }
/// }
/// ```
pub trait Worker: Send {
    /// Returns what the thread and the counters of this worker are called.
    fn name(&self) -> &'static str;

    /// Does a bounded piece of work as of `now` and returns how many items it handled.
    ///
    /// Zero means idle: the caller may wait before it calls again.
    fn work(&mut self, now: Now) -> usize;

    /// Whether there will never be anything to do again, so that the thread may end.
    ///
    /// Asked after a round that handled nothing. A worker that reads a ring is done when the
    /// writer of the ring is gone and everything was read; one that never says so is ended by
    /// whoever runs it.
    fn is_done(&self) -> bool {
        false
    }
}
