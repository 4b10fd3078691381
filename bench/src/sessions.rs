//! `dcx bench sessions`: what the trouble of one FIX session costs another of the same link.
//!
//! One link on a thread of its own, its stores in files; one client thread with all its peers. The
//! measured session sends an order twice a millisecond, timed from when it was due, while two
//! hundred others trade too; first with all in order. Then while one that has stopped reading is
//! sent a million messages: with the usual bound it is cut after the first few thousand and the
//! others go to its store; with a bound that is not reached all of them wait in memory. Then while
//! these wait. At last while a hundred thousand messages are sent again to the measured session
//! itself.

use std::io;
use std::path::Path;
use std::time::Duration;

use dcx_pipeline::histogram;
use hdrhistogram::Histogram;

use crate::report::{Latency, Report, Row};

mod peer;
mod venue;

use peer::Peers;
use venue::{Cuts, Flood, Venue};

/// How the sessions are measured.
#[derive(Clone, Debug)]
pub struct SessionsBench {
    /// Times that everything is done.
    pub rounds: usize,
    /// Sessions beside the measured one that trade.
    pub busy: u16,
    /// Messages sent to each session that has stopped reading.
    pub queued: u64,
    /// Messages of these a second.
    pub queued_per_s: u64,
    /// Messages that are sent again.
    pub resent: u64,
    /// How long the measured session is looked at where nothing else says for how long.
    pub span: Duration,
}

impl Default for SessionsBench {
    fn default() -> Self {
        Self {
            rounds: 3,
            busy: 200,
            queued: 1_000_000,
            queued_per_s: 200_000,
            resent: 100_000,
            span: Duration::from_secs(3),
        }
    }
}

/// Why the sessions could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum SessionsBenchError {
    /// The link does not start.
    #[error("FIX link of the measured sessions")]
    Link(#[from] dcx_fix::LinkError),
    /// A thread or a socket.
    #[error("{doing}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// Why it did not work.
        source: io::Error,
    },
    /// What had to come did not.
    #[error("{0} did not come in time")]
    Silent(&'static str),
    /// A session was cut that reads, or the one with the usual bound was not.
    #[error("the session that reads nothing was cut {bounded} times, others {others} times")]
    Cuts {
        /// It.
        bounded: u64,
        /// The others, together.
        others: u64,
    },
    /// The session for which everything may wait was cut.
    #[error("the messages that had to wait for a session did not")]
    NotWaiting,
}

const CASES: [&str; 5] = [
    "all in order",
    "another does not read and is cut",
    "another does not read what is sent to it",
    "a million messages wait for another",
    "while messages are resent to it",
];

/// Measures. `scratch` is an empty directory for stores.
///
/// # Errors
/// [`SessionsBenchError`] where there is no figure.
pub fn run(options: &SessionsBench, scratch: &Path) -> Result<Report, SessionsBenchError> {
    let mut found: [Vec<Histogram<u64>>; CASES.len()] = Default::default();
    for round in 0..options.rounds {
        let dir = scratch.join(format!("sessions-{round}"));
        let spans = measure(options, &dir)?;
        for (all, one) in found.iter_mut().zip(spans) {
            all.push(one);
        }
    }
    let mut report = Report::new("sessions", "-");
    let base: Vec<u64> = found[0]
        .iter()
        .map(|it| it.value_at_quantile(0.99))
        .collect();
    report.rows = CASES
        .iter()
        .zip(&found)
        .map(|(load, rounds)| row(load, rounds, &base))
        .collect();
    Ok(report)
}

/// Of all rounds together; `relative` is the 99th percentile by that of the first case, round by
/// round: the median.
fn row(load: &str, rounds: &[Histogram<u64>], base: &[u64]) -> Row {
    let mut all = histogram();
    for round in rounds {
        // Histograms of one kind can always be added.
        let _ = all.add(round);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "nanoseconds of a percentile, for a ratio"
    )]
    let mut ratios: Vec<f64> = rounds
        .iter()
        .zip(base)
        .map(|(round, base)| round.value_at_quantile(0.99) as f64 / (*base).max(1) as f64)
        .collect();
    ratios.sort_by(f64::total_cmp);
    Row {
        case: "one of 200".to_owned(),
        load: load.to_owned(),
        latency: Some(Latency::of(&all)),
        relative: ratios.get(ratios.len() / 2).copied(),
        ..Row::default()
    }
}

/// One round: all cases in turn.
fn measure(
    options: &SessionsBench,
    dir: &Path,
) -> Result<[Histogram<u64>; CASES.len()], SessionsBenchError> {
    let venue = Venue::start(options, dir)?;
    let mut peers = Peers::log_on(venue.addr(), options.busy)?;
    let steady = peers.measure_for(options.span)?;
    let mut flooded = |flood| {
        venue.queue(flood, options.queued);
        peers.measure_until("a million messages", || venue.has_queued(flood))
    };
    let cut = flooded(Flood::Cut)?;
    let piling = flooded(Flood::Wait)?;
    let waiting = peers.measure_for(options.span)?;
    if !venue.still_waits() {
        return Err(SessionsBenchError::NotWaiting);
    }
    venue.fill(options.resent);
    peers.read_fill(options.resent)?;
    let resending = peers.measure_resend()?;
    let Cuts { bounded, others } = venue.stop();
    if bounded == 0 || others > 0 {
        return Err(SessionsBenchError::Cuts { bounded, others });
    }
    Ok([steady, cut, piling, waiting, resending])
}
