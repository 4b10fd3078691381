//! `dcx bench halt`: how soon nothing more reaches a venue once somebody said halt.
//!
//! Under full load (orders at a fixed rate, whatever comes back, through sequencer, journal, engine
//! and FIX link to venues on loopback sockets) a halt is ordered at a random moment, again and again.
//! Measured is the time from the command's entry into its ring to the last byte of the last
//! NewOrderSingle (D) that any venue reads, and to the acknowledgement: the halt is applied and
//! kept, and the link has handed everything before it to the kernel. An order that reaches a
//! venue's socket after the acknowledgement is counted; there must be none.
//!
//! Three threads want to run: the pipeline's, the link's, and one for everything that is not
//! measured: it sends the orders, is the venues, and notes what comes.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use dcx_model::{MonoNanos, NANOS_PER_S, Nanos};
use dcx_pipeline::histogram;
use hdrhistogram::Histogram;

use crate::report::{Latency, Report, Row};

mod system;
mod venue;

use system::System;
use venue::Venues;

/// How a halt is measured.
///
/// # Examples
/// ```
/// use dcx_bench::halt::HaltBench;
///
/// let quick = HaltBench { samples: 20, ..HaltBench::default() };
/// assert_eq!(quick.venues, 2);
/// ```
#[derive(Clone, Debug)]
pub struct HaltBench {
    /// Halts.
    pub samples: u32,
    /// Venues that orders go to.
    pub venues: u8,
    /// Orders a second.
    pub rate: u64,
    /// Orders on their way to venues at most: a queue that no venue empties would be measured
    /// beyond it, not a halt.
    pub window: u64,
    /// The shortest and the longest time under load before a halt.
    pub load: [Nanos; 2],
    /// Of so many orders one stays at its venue, to be cancelled; the others are filled.
    pub working_one_in: u64,
}

impl Default for HaltBench {
    fn default() -> Self {
        Self {
            samples: 1_000,
            venues: 2,
            rate: 40_000,
            window: 256,
            load: [Nanos::from_millis(5), Nanos::from_millis(15)],
            working_one_in: 4,
        }
    }
}

/// Why halts could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum HaltBenchError {
    /// No directory for journal and store.
    #[error("directory of the measured system")]
    Directory(#[source] io::Error),
    /// The journal does not open, or broke.
    #[error("journal of the measured system")]
    Journal(#[source] dcx_pipeline::JournalError),
    /// The pipeline does not start.
    #[error("measured pipeline")]
    Start(#[source] dcx_pipeline::StartError),
    /// The FIX link does not start.
    #[error("FIX link of the measured system")]
    Link(#[source] dcx_fix::LinkError),
    /// A venue's socket.
    #[error("a venue's socket")]
    Venue(#[source] io::Error),
    /// Something that must happen did not.
    #[error("{what} did not come for {seconds} s")]
    Silent {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        seconds: u64,
    },
}

/// How long anything may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long orders go on coming once a halt is acknowledged.
const AFTER: Nanos = Nanos::from_millis(1);

/// Measures halts. `scratch` is an empty directory for journal and stores.
///
/// # Errors
/// [`HaltBenchError`] where the system does not run, or a halt or resume is not answered.
pub fn run(options: &HaltBench, scratch: &Path) -> Result<Report, HaltBenchError> {
    let mut venues = Venues::open(options.venues, options.working_one_in)?;
    let system = System::start(&venues, scratch)?;
    venues.set_clock(system.clock());
    let mut bench = Bench { system, venues };
    let measured = bench.measure(options);
    bench.system.stop()?;
    let measured = measured?;
    let mut report = Report::new("halt", "async");
    let load = format!("{} venues, {}/s", options.venues, options.rate);
    let orders_per_s = (measured.orders * NANOS_PER_S).checked_div(measured.loaded.get());
    report.rows = vec![
        Row {
            case: "last order at a venue".to_owned(),
            load: load.clone(),
            throughput_per_s: orders_per_s,
            latency: Some(Latency::of(&measured.last_order)),
            orders_after_ack: Some(measured.after_ack),
            ..Row::default()
        },
        Row {
            case: "acknowledged".to_owned(),
            load,
            throughput_per_s: orders_per_s,
            latency: Some(Latency::of(&measured.acknowledged)),
            orders_after_ack: Some(measured.after_ack),
            ..Row::default()
        },
    ];
    Ok(report)
}

/// What all halts together came to.
struct Measured {
    last_order: Histogram<u64>,
    acknowledged: Histogram<u64>,
    after_ack: u64,
    /// Orders that venues read before each halt was ordered, and how long that took.
    orders: u64,
    loaded: Nanos,
}

/// Orders at a rate.
struct Feed {
    began: MonoNanos,
    rate: u64,
    window: u64,
    sent: u64,
    /// What had passed and reached the venues when it began. What is on its way is counted from
    /// here: what an earlier halt took away never reaches a venue.
    passed: u64,
    reached: u64,
}

impl Feed {
    fn begin(bench: &Bench, options: &HaltBench) -> Self {
        Self {
            began: bench.system.mono(),
            rate: options.rate,
            window: options.window,
            sent: 0,
            passed: bench.system.orders_passed(),
            reached: bench.venues.orders(),
        }
    }

    /// Sends what is due, and does what else is to do. An order that is late is sent at once.
    fn turn(&mut self, bench: &mut Bench) {
        let elapsed = bench.system.mono().since(self.began);
        let due = elapsed.get() * self.rate / NANOS_PER_S;
        let passed = bench.system.orders_passed() - self.passed;
        let on_way = passed.saturating_sub(bench.venues.orders() - self.reached);
        let room = self.window.saturating_sub(on_way);
        let more = due.saturating_sub(self.sent).min(room);
        let sent = (0..more).take_while(|_| bench.system.send_order());
        self.sent += sent.count() as u64;
        bench.turn();
    }
}

/// The measured system, and the venues that its orders go to.
struct Bench {
    system: System,
    venues: Venues,
}

impl Bench {
    fn measure(&mut self, options: &HaltBench) -> Result<Measured, HaltBenchError> {
        let mut measured = Measured {
            last_order: histogram(),
            acknowledged: histogram(),
            after_ack: 0,
            orders: 0,
            loaded: Nanos::ZERO,
        };
        let venues = usize::from(options.venues);
        self.wait("every venue's logon", |bench| {
            bench.system.venues_up() == venues
        })?;
        self.system.quote();
        for sample in 0..options.samples {
            self.sample(options, moment(sample, options.load), &mut measured)?;
        }
        Ok(measured)
    }

    /// Loads, halts, waits until nothing is left, resumes.
    fn sample(
        &mut self,
        options: &HaltBench,
        load: Nanos,
        measured: &mut Measured,
    ) -> Result<(), HaltBenchError> {
        let mut feed = Feed::begin(self, options);
        let (began, before) = (feed.began, feed.reached);
        while self.system.mono().since(began) < load {
            feed.turn(self);
        }
        let loaded = self.venues.orders();
        let halted = self.system.halt();
        // Clients do not stop because somebody halts.
        self.wait("the acknowledgement of a halt", |bench| {
            feed.turn(bench);
            bench.system.is_acknowledged()
        })?;
        let acknowledged = self.system.mono();
        let noted = self.venues.acknowledge();
        noted.map_err(HaltBenchError::Venue)?;
        while self.system.mono().since(acknowledged) < AFTER {
            feed.turn(self);
        }
        self.wait("the end of every order", |bench| bench.system.is_quiet())?;
        // An order that came late would have come by now, with everything else.
        let last = self.venues.last_order_at().since(halted);
        measured.last_order.saturating_record(last.get());
        let acknowledged = acknowledged.since(halted);
        measured.acknowledged.saturating_record(acknowledged.get());
        measured.after_ack += self.venues.take_after_ack();
        measured.orders += loaded - before;
        measured.loaded = Nanos::new(measured.loaded.get() + halted.since(began).get());
        self.system.resume();
        self.wait("the answer to a resume", |bench| bench.system.is_active())
    }

    /// Does what is to do for everything that is not measured, and else leaves the core to what
    /// is.
    fn turn(&mut self) {
        if self.venues.work() + self.system.poll() == 0 {
            thread::yield_now();
        }
    }

    /// Goes on until something is so.
    fn wait(
        &mut self,
        what: &'static str,
        mut is_so: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), HaltBenchError> {
        let began = Instant::now();
        while !is_so(self) {
            if began.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                return Err(HaltBenchError::Silent { what, seconds });
            }
            self.turn();
        }
        Ok(())
    }
}

/// A moment of the sample's own between two (Weyl's sequence, evenly).
const fn moment(sample: u32, [least, most]: [Nanos; 2]) -> Nanos {
    let draw = (sample as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let span = most.get() - least.get();
    Nanos::new(least.get() + span * draw / (1 << 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_halt_is_acknowledged_no_order_reaches_a_venue() {
        let options = HaltBench {
            samples: 12,
            ..HaltBench::default()
        };
        let scratch = tempfile::tempdir().unwrap();
        let report = run(&options, scratch.path()).unwrap();
        for row in &report.rows {
            assert_eq!(row.orders_after_ack, Some(0), "{row:?}");
            assert_eq!(row.latency.unwrap().count, 12);
            assert!(row.throughput_per_s > Some(0), "there was load: {row:?}");
        }
    }

    #[test]
    fn moments_are_within_their_bounds_and_differ() {
        let bounds = [Nanos::from_millis(2), Nanos::from_millis(12)];
        let mut moments: Vec<Nanos> = (0..1_000).map(|sample| moment(sample, bounds)).collect();
        assert!(
            moments
                .iter()
                .all(|at| (bounds[0]..=bounds[1]).contains(at))
        );
        moments.sort_unstable();
        moments.dedup();
        assert_eq!(moments.len(), 1_000);
    }
}
