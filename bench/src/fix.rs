//! `dcx bench fix`: a NewOrderSingle to its ExecutionReport over loopback TCP, and the codec alone.
//!
//! One client on one core, the server on another, both busy-polling. The server is in turn all of
//! dcx, fused on its core (session, store, checks, engine, journal), and a floor: a thread that
//! answers without session, store or checks, which nothing that does its work can go below. Both
//! answer the same client under the same loads in the same run; every order must come back
//! accepted, once and in order, or there is no figure.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use dcx_pipeline::Core;
use hdrhistogram::Histogram;

use crate::cores::{self, line_round_trip_ns};
use crate::report::{Latency, Probe, Report, Row};

mod client;
mod codec;
mod floor;
mod server;

pub use codec::codec_works;

use client::Client;
use floor::Floor;
use server::Server;

/// How the FIX round trip is measured.
///
/// # Examples
/// ```
/// use dcx_bench::fix::FixBench;
///
/// let quick = FixBench { rounds: 1, orders: 1_000, rates: vec![], ..FixBench::default() };
/// assert_eq!(quick.window, 256);
/// ```
#[derive(Clone, Debug)]
pub struct FixBench {
    /// Times that every case runs under every load, in turn with the others.
    pub rounds: usize,
    /// Orders measured in one run of a closed loop.
    pub orders: u64,
    /// Orders before the measured ones.
    pub warm_up: u64,
    /// Orders in flight in the load that asks for throughput.
    pub window: u64,
    /// Orders a second of the open loops, which last [`rate_s`](Self::rate_s) seconds each.
    pub rates: Vec<u64>,
    /// Seconds that one run of an open loop lasts.
    pub rate_s: u64,
    /// Messages that one run of a codec case works on.
    pub messages: u64,
    /// The client's core and the server's.
    pub cores: [usize; 2],
    /// Room for open orders in the engine.
    pub orders_open_max: u32,
    /// Runs only loads whose name contains this, `codec` among them: a load runs with all its
    /// cases, or there would be nothing to compare.
    pub only: Option<String>,
}

impl Default for FixBench {
    fn default() -> Self {
        Self {
            rounds: 3,
            orders: 30_000,
            warm_up: 10_000,
            window: 256,
            rates: vec![2_000, 10_000],
            rate_s: 2,
            messages: 200_000,
            cores: [0, 1],
            orders_open_max: 1_200_000,
            only: None,
        }
    }
}

/// Why the round trip could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum FixBenchError {
    /// No directory for journal and store.
    #[error("directory of the measured server")]
    Directory(#[source] io::Error),
    /// The journal does not open, or broke.
    #[error("journal of the measured server")]
    Journal(#[source] dcx_pipeline::JournalError),
    /// The pipeline does not start.
    #[error("measured pipeline")]
    Start(#[source] dcx_pipeline::StartError),
    /// The FIX link does not start.
    #[error("FIX link of the measured server")]
    Link(#[source] dcx_fix::LinkError),
    /// A socket between client and server.
    #[error("{doing}")]
    Socket {
        /// What was attempted.
        doing: &'static str,
        /// Why it did not work.
        source: io::Error,
    },
    /// The server answered something else than an acceptance of the oldest unanswered order.
    #[error("order {order} was answered with {answer}")]
    Unexpected {
        /// Which order was due; 0 is the Logon.
        order: u64,
        /// The message.
        answer: String,
    },
    /// The server did not answer.
    #[error("no answer to order {order} for {seconds} s")]
    Silent {
        /// Which order was due; 0 is the Logon.
        order: u64,
        /// How long the client waited.
        seconds: u64,
    },
}

/// How orders are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    /// As many as this are unanswered at any time; latency from just before encoding.
    Window(u64),
    /// So many a second whatever happens; latency from when each was due, so that a stall counts
    /// for every order that it delays.
    Rate(u64),
}

impl Load {
    fn name(self) -> String {
        match self {
            Self::Window(1) => "1 in flight".to_owned(),
            Self::Window(window) => format!("{window} in flight"),
            Self::Rate(rate) => format!("{rate}/s, open loop"),
        }
    }
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Floor,
    Dcx,
}

impl Peer {
    const ALL: [Self; 2] = [Self::Floor, Self::Dcx];

    const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Dcx => "dcx",
        }
    }
}

/// What one case found in one round.
struct Round {
    per_s: u64,
    latency: Histogram<u64>,
}

/// Measures the round trip. `scratch` is an empty directory for journals and stores.
///
/// # Errors
/// [`FixBenchError`] where a server does not run, or an order does not come back accepted.
pub fn run(options: &FixBench, scratch: &Path) -> Result<Report, FixBenchError> {
    // Before this thread is pinned: threads begin where their maker may run, and a pinned one
    // sees a single core.
    let mut report = Report::new("fix", "async");
    let there = server::core(options.cores[1]);
    cores::pin(options.cores[0]);
    let loads = [Load::Window(1), Load::Window(options.window)]
        .into_iter()
        .chain(options.rates.iter().copied().map(Load::Rate));
    let wanted = |load: &str| options.only.as_ref().is_none_or(|only| load.contains(only));
    let mut cells: Vec<Cell> = loads
        .filter(|load| wanted(&load.name()))
        .flat_map(|load| Peer::ALL.map(|peer| Cell::new(peer, load)))
        .collect();
    let mut codec = wanted(codec::LOAD).then(codec::Cases::new);
    for _ in 0..options.rounds {
        for cell in &mut cells {
            cell.run(options, there, scratch)?;
        }
        if let Some(codec) = &mut codec {
            codec.run(options.messages);
        }
    }
    report.rows = cells
        .chunks(Peer::ALL.len())
        .flat_map(|of_load| of_load.iter().map(|cell| cell.row(&of_load[0])))
        .chain(codec.into_iter().flat_map(codec::Cases::rows))
        .collect();
    Ok(report)
}

/// One case under one load, and what its rounds gave.
struct Cell {
    peer: Peer,
    load: Load,
    rounds: Vec<Round>,
    probes_ns: Vec<u64>,
}

impl Cell {
    const fn new(peer: Peer, load: Load) -> Self {
        Self {
            peer,
            load,
            rounds: Vec::new(),
            probes_ns: Vec::new(),
        }
    }

    fn run(
        &mut self,
        options: &FixBench,
        core: Option<Core>,
        scratch: &Path,
    ) -> Result<(), FixBenchError> {
        let [here, there] = options.cores;
        self.probes_ns.push(line_round_trip_ns(here, there));
        let round = match self.peer {
            Peer::Floor => {
                let floor = Floor::start(there)?;
                let round = drive(floor.addr(), self.load, options)?;
                floor.stop();
                round
            }
            Peer::Dcx => {
                let server = Server::start(options.orders_open_max, core, scratch)?;
                let round = drive(server.addr(), self.load, options)?;
                server.stop()?;
                round
            }
        };
        self.rounds.push(round);
        self.probes_ns.push(line_round_trip_ns(here, there));
        Ok(())
    }

    fn row(&self, floor: &Self) -> Row {
        let throughputs = || self.rounds.iter().map(|round| round.per_s);
        let range = throughputs().min().zip(throughputs().max());
        let p50 = |cell: &Self| -> Vec<u64> {
            let rounds = cell.rounds.iter();
            rounds
                .map(|round| round.latency.value_at_quantile(0.5))
                .collect()
        };
        let per_s = |cell: &Self| cell.rounds.iter().map(|round| round.per_s).collect();
        Row {
            case: self.peer.name().to_owned(),
            load: self.load.name(),
            throughput_per_s: median(throughputs()),
            latency: self.typical_latency(),
            throughput_range: range.map(Into::into),
            relative: ratio(per_s(self), per_s(floor)),
            p50_relative: ratio(p50(self), p50(floor)),
            orders_after_ack: None,
            probe: Probe::of(&self.probes_ns),
        }
    }

    /// The latency of the round whose p50 is the median: rounds with the cores near and rounds
    /// with them far, merged, would describe neither.
    fn typical_latency(&self) -> Option<Latency> {
        let rounds = self.rounds.iter();
        let mut latencies: Vec<Latency> = rounds.map(|round| Latency::of(&round.latency)).collect();
        latencies.sort_unstable_by_key(|latency| latency.p50);
        latencies.get(latencies.len() / 2).copied()
    }
}

/// Logs on, sends what the load says, checks every answer, logs out.
fn drive(server: SocketAddr, load: Load, options: &FixBench) -> Result<Round, FixBenchError> {
    let mut client = Client::log_on(server)?;
    let round = match load {
        Load::Window(window) => client.closed_loop(window, options.warm_up, options.orders)?,
        Load::Rate(rate) => client.open_loop(rate, options.warm_up, rate * options.rate_s)?,
    };
    client.log_out()?;
    Ok(round)
}

/// One figure by another, compared round by round: the median.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio for people, to three digits"
)]
fn ratio(ours: Vec<u64>, base: Vec<u64>) -> Option<f64> {
    let pairs = ours.into_iter().zip(base);
    let thousandths = median(pairs.map(|(ours, base)| ours * 1000 / base.max(1)))?;
    Some(thousandths as f64 / 1000.0)
}

fn median(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_load_is_answered_by_both_and_the_codec_is_timed() {
        let options = FixBench {
            rounds: 1,
            orders: 300,
            warm_up: 20,
            window: 16,
            rates: vec![1_000],
            rate_s: 1,
            messages: 100,
            orders_open_max: 4_096,
            ..FixBench::default()
        };
        let scratch = tempfile::tempdir().unwrap();
        let report = run(&options, scratch.path()).unwrap();
        let cases: Vec<(&str, &str)> = report
            .rows
            .iter()
            .map(|row| (&*row.case, &*row.load))
            .collect();
        assert_eq!(
            cases[..6],
            [
                ("floor", "1 in flight"),
                ("dcx", "1 in flight"),
                ("floor", "16 in flight"),
                ("dcx", "16 in flight"),
                ("floor", "1000/s, open loop"),
                ("dcx", "1000/s, open loop"),
            ]
        );
        let counts = report.rows.iter().map(|row| row.latency.unwrap().count);
        assert_eq!(
            counts.take(6).collect::<Vec<_>>(),
            [300, 300, 300, 300, 1_000, 1_000]
        );
        assert_eq!(report.rows[0].p50_relative, Some(1.0));
        assert!(report.rows[6..].iter().all(|row| row.load == "codec"));
        assert_eq!(
            std::fs::read_dir(scratch.path()).unwrap().count(),
            0,
            "what was made is gone"
        );
    }

    #[test]
    fn an_order_that_is_refused_ends_the_measurement() {
        let options = FixBench {
            rounds: 1,
            orders: 20,
            warm_up: 0,
            orders_open_max: 8,
            ..FixBench::default()
        };
        let scratch = tempfile::tempdir().unwrap();
        let error = run(&options, scratch.path()).unwrap_err();
        assert!(
            matches!(error, FixBenchError::Unexpected { order: 9, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds() {
        assert_eq!(ratio(vec![10, 90, 30], vec![10, 30, 20]), Some(1.5));
        assert_eq!(ratio(vec![], vec![]), None);
    }
}
