//! How long things take: histograms by stage, filled on the threads that do the work.

use dcx_model::{MonoNanos, Nanos, Seq};
use hdrhistogram::Histogram;

use crate::clock::Clock;
use crate::counters::{Counter, CounterGroup};

/// The longest latency that is told apart, one minute. Longer ones count as this.
const LONGEST_NS: u64 = 60_000_000_000;
/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 3;
/// How often the gauges that others read are brought up to date.
const SUMMARY_EVERY: Nanos = Nanos::from_seconds(1);

/// Which commands are measured.
///
/// A reading of the clock costs more than most of what it would measure, so by default one command
/// in sixteen is. Chosen by sequence number: every stage measures the same commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// All bits of this zero in the sequence number: measured. None: nothing is.
    mask: Option<u64>,
}

impl Sampling {
    /// Nothing is measured.
    pub const OFF: Self = Self { mask: None };

    /// One command in `count` is measured; `count` is rounded up to a power of two.
    #[must_use]
    pub const fn one_in(count: u32) -> Self {
        Self {
            mask: Some((count.next_power_of_two() - 1) as u64),
        }
    }

    #[inline(always)]
    pub(crate) const fn takes(self, seq: Seq) -> bool {
        match self.mask {
            Some(mask) => seq.get() & mask == 0,
            None => false,
        }
    }

    pub(crate) const fn is_on(self) -> bool {
        self.mask.is_some()
    }
}

impl Default for Sampling {
    fn default() -> Self {
        Self::one_in(16)
    }
}

/// What was measured, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Latency {
    /// From taking a command to having all its events: risk, routing and slicing.
    pub engine: Histogram<u64>,
    /// From publishing a command on the ingress ring to the engine's taking it.
    pub ring: Histogram<u64>,
    /// From the arrival of a command's bytes to its first event's being on the egress ring, the
    /// journal's write included.
    pub ingress_to_egress: Histogram<u64>,
}

/// An empty histogram of the kind that [`Latency`] holds.
///
/// # Panics
/// Never: its bounds are constants that fit.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("the bounds of a histogram are legal")
}

/// When a command was published, for who takes it to see how long it was on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop {
    pub(crate) seq: Seq,
    pub(crate) sent: MonoNanos,
}

/// A histogram being filled, and the gauges that show it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) histogram: Histogram<u64>,
    p50: Counter,
    p99: Counter,
    max: Counter,
    summary_due: MonoNanos,
    shown: u64,
}

impl Stage {
    pub(crate) fn new(group: &mut CounterGroup, name: &str) -> Self {
        Self {
            histogram: histogram(),
            p50: group.gauge(&format!("{name}_p50_ns")),
            p99: group.gauge(&format!("{name}_p99_ns")),
            max: group.gauge(&format!("{name}_max_ns")),
            summary_due: MonoNanos::new(0),
            shown: 0,
        }
    }

    #[inline]
    pub(crate) fn record(&mut self, span: Nanos) {
        self.histogram.saturating_record(span.get().max(1));
    }

    /// Brings the gauges up to date, at most once a second. Walks the histogram, some 10 µs.
    #[inline]
    pub(crate) fn summarise(&mut self, now: MonoNanos) {
        if now >= self.summary_due {
            self.summary_due = now.plus(SUMMARY_EVERY);
            self.show();
        }
    }

    #[cold]
    fn show(&mut self) {
        if self.histogram.len() != self.shown {
            self.shown = self.histogram.len();
            self.p50.set(self.histogram.value_at_quantile(0.5));
            self.p99.set(self.histogram.value_at_quantile(0.99));
            self.max.set(self.histogram.max());
        }
    }
}

/// What a worker measures with: which commands, and a clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    pub(crate) sampling: Sampling,
    pub(crate) clock: Clock,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Counters;

    #[test]
    fn sampling_takes_the_share_it_says() {
        let taken = |sampling: Sampling| (1..=64).filter(|n| sampling.takes(Seq::new(*n))).count();
        assert_eq!(taken(Sampling::OFF), 0);
        assert_eq!(taken(Sampling::one_in(1)), 64);
        assert_eq!(taken(Sampling::one_in(16)), 4);
        assert_eq!(taken(Sampling::one_in(9)), 4, "rounded up to 16");
        assert_eq!(taken(Sampling::one_in(0)), 64, "one in none is every one");
    }

    #[test]
    fn gauges_follow_the_histogram_once_a_second() {
        let counters = Counters::unshared();
        let mut stage = Stage::new(&mut counters.group("engine"), "apply");
        stage.record(Nanos::new(500));
        stage.summarise(MonoNanos::new(1));
        assert_eq!(counters.value("engine.apply_p50_ns"), Some(500));
        stage.record(Nanos::new(900));
        stage.summarise(MonoNanos::new(2));
        assert_eq!(
            counters.value("engine.apply_max_ns"),
            Some(500),
            "not due yet"
        );
        stage.summarise(MonoNanos::new(1_000_000_001));
        assert_eq!(counters.value("engine.apply_max_ns"), Some(900));
    }
}
