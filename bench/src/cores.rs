//! Where measuring threads run, and how far apart those places are.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Round trips that one sample of the probe averages.
const PROBE_BATCH: u64 = 100;
/// Samples of one probe; the median is reported.
const PROBE_SAMPLES: usize = 101;

/// Binds the calling thread to the core of this number; says whether the system agreed.
pub fn pin(core: usize) -> bool {
    if core >= CpuSet::MAX_CPU {
        return false;
    }
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).is_ok()
}

/// Returns the round trip of a cache line between two cores, in ns: the median of some.
///
/// The floor of everything two cores do together, and what tells runs apart in which a
/// virtual machine's cores were near each other from those in which they were not.
#[must_use]
pub fn line_round_trip_ns(here: usize, there: usize) -> u64 {
    let trips = PROBE_BATCH * PROBE_SAMPLES as u64;
    let line = Line(AtomicU64::new(0));
    thread::scope(|threads| {
        threads.spawn(|| {
            pin(there);
            (0..trips).for_each(|trip| line.answer(trip));
        });
        let samples = threads.spawn(|| {
            pin(here);
            let sample = |ix| (ix * PROBE_BATCH..(ix + 1) * PROBE_BATCH).for_each(|t| line.ask(t));
            let timed = |ix| {
                let start = Instant::now();
                sample(ix);
                u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX) / PROBE_BATCH
            };
            let mut samples: Vec<u64> = (0..PROBE_SAMPLES as u64).map(timed).collect();
            samples.sort_unstable();
            samples[PROBE_SAMPLES / 2]
        });
        samples.join().expect("the probe only loads and stores")
    })
}

/// One cache line that two threads hand to each other: odd is a question, even an answer.
#[repr(align(128))]
struct Line(AtomicU64);

impl Line {
    fn ask(&self, trip: u64) {
        self.0.store(2 * trip + 1, Ordering::Release);
        self.wait_for(2 * trip + 2);
    }

    fn answer(&self, trip: u64) {
        self.wait_for(2 * trip + 1);
        self.0.store(2 * trip + 2, Ordering::Release);
    }

    fn wait_for(&self, value: u64) {
        while self.0.load(Ordering::Acquire) != value {
            hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_cannot_be_is_refused_without_a_panic() {
        assert!(!pin(usize::MAX));
        assert!(
            !pin(CpuSet::MAX_CPU - 1),
            "no machine of ours has that many"
        );
    }

    #[test]
    fn the_probe_ends_and_takes_time() {
        assert!(line_round_trip_ns(0, 1) > 0);
    }
}
