//! `dcx bench halt`: how soon nothing more reaches a venue once somebody said halt.
//!
//! Under full load (orders as fast as the venues take them, through sequencer, journal, engine and
//! FIX link to venues on loopback sockets) a halt is ordered at a random moment, again and again.
//! Measured is the time from the command's entry into its ring to the last byte of the last
//! NewOrderSingle (D) that any venue reads, and to the acknowledgement: the halt is applied and
//! kept, and the link has handed everything before it to the kernel. An order that reaches a
//! venue's socket after the acknowledgement is counted; there must be none.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use dcx_model::{NANOS_PER_S, Nanos};
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
    /// Orders on their way to venues at any time.
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
            window: 512,
            load: [Nanos::from_millis(2), Nanos::from_millis(12)],
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

/// How often is looked whether something has come; the acknowledgement is seen so much late.
const LOOK_EVERY: Duration = Duration::from_micros(20);

/// Measures halts. `scratch` is an empty directory for journal and stores.
///
/// # Errors
/// [`HaltBenchError`] where the system does not run, or a halt or resume is not answered.
pub fn run(options: &HaltBench, scratch: &Path) -> Result<Report, HaltBenchError> {
    let venues = Venues::start(options.venues, options.working_one_in)?;
    let mut system = System::start(&venues, scratch)?;
    let measured = measure(options, &mut system, &venues);
    system.stop()?;
    venues.stop();
    let measured = measured?;
    let mut report = Report::new("halt", "async");
    let load = format!("{} venues, {} in flight", options.venues, options.window);
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
    orders: u64,
    loaded: Nanos,
}

fn measure(
    options: &HaltBench,
    system: &mut System,
    venues: &Venues,
) -> Result<Measured, HaltBenchError> {
    let mut measured = Measured {
        last_order: histogram(),
        acknowledged: histogram(),
        after_ack: 0,
        orders: 0,
        loaded: Nanos::ZERO,
    };
    wait("every venue's logon", || {
        system.poll();
        system.venues_up() == usize::from(options.venues)
    })?;
    for sample in 0..options.samples {
        let before = venues.orders();
        let load = moment(sample, options.load);
        let (mut sent, began) = (0, system.mono());
        while system.mono().since(began) < load {
            if sent + before < venues.orders() + options.window && system.send_order() {
                sent += 1;
            } else {
                std::thread::sleep(LOOK_EVERY);
            }
            system.poll();
        }
        let halted = system.halt();
        wait("the acknowledgement of a halt", || {
            system.poll();
            system.is_acknowledged()
        })?;
        let acknowledged = system.mono();
        venues.acknowledge().map_err(HaltBenchError::Venue)?;
        wait("the end of every order", || {
            system.poll();
            system.orders_open() == 0
        })?;
        // An order that came late would have come by now, with everything else.
        let last = venues.last_order_at();
        measured
            .last_order
            .saturating_record(last.since(halted).get());
        measured
            .acknowledged
            .saturating_record(acknowledged.since(halted).get());
        measured.after_ack += venues.take_after_ack();
        measured.orders += venues.orders() - before;
        measured.loaded = Nanos::new(measured.loaded.get() + halted.since(began).get());
        system.resume();
        wait("the answer to a resume", || {
            system.poll();
            system.is_active()
        })?;
    }
    Ok(measured)
}

/// A moment of the sample's own between two (Weyl's sequence, evenly).
const fn moment(sample: u32, [least, most]: [Nanos; 2]) -> Nanos {
    let draw = (sample as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let span = most.get() - least.get();
    Nanos::new(least.get() + span * draw / (1 << 32))
}

/// Goes on until something is so.
fn wait(what: &'static str, mut is_so: impl FnMut() -> bool) -> Result<(), HaltBenchError> {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > PATIENCE {
            let seconds = PATIENCE.as_secs();
            return Err(HaltBenchError::Silent { what, seconds });
        }
        // The measured threads need the cores: a third one that spins would take their time.
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
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
