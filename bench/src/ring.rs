//! `dcx bench ring`: our rings beside those of libraries, in one interleaved run.
//!
//! Every round runs every case once, so that whatever disturbs the machine disturbs all of
//! them; medians of the rounds are reported. A probe of the cache-line round trip before and
//! after each case says how far apart the two cores were meanwhile.

use crate::cores::line_round_trip_ns;
use crate::report::{Latency, Probe, Report, Row};

mod cases;
mod drive;
mod item;

use cases::Case;
use drive::Round;

/// How the rings are measured.
///
/// # Examples
/// ```
/// use dcx_bench::ring::RingBench;
///
/// let quick = RingBench { rounds: 1, items: 10_000, round_trips: 1_000, ..RingBench::default() };
/// assert_eq!(quick.slots, 4096);
/// ```
#[derive(Clone, Debug)]
pub struct RingBench {
    /// Times that every case runs.
    pub rounds: usize,
    /// Items of one run of a streaming case.
    pub items: u64,
    /// Round trips of one run of a ping-pong case; half of them are timed one by one.
    pub round_trips: u64,
    /// Slots of each queue: a power of two.
    pub slots: usize,
    /// The writer's core and the reader's.
    pub cores: [usize; 2],
    /// Runs only cases whose name or load contains this.
    pub only: Option<String>,
}

impl Default for RingBench {
    fn default() -> Self {
        Self {
            rounds: 5,
            items: 2_000_000,
            round_trips: 100_000,
            slots: 4096,
            cores: [0, 1],
            only: None,
        }
    }
}

/// Measures all queues and returns the medians.
///
/// # Panics
/// If `slots` is not a power of two, or `rounds` is zero: the caller chose them. If a queue
/// loses, repeats, tears or reorders an item.
#[must_use]
pub fn run(options: &RingBench) -> Report {
    assert!(options.slots.is_power_of_two(), "slots are a power of two");
    assert!(options.rounds > 0, "there is at least one round");
    let mut cells: Vec<Cell> = cases::all()
        .into_iter()
        .filter(|case| wanted(case, options))
        .map(Cell::new)
        .collect();
    for _ in 0..options.rounds {
        cells.iter_mut().for_each(|cell| cell.run(options));
    }
    let mut report = Report::new("ring", "-");
    report.rows = cells
        .iter()
        .map(|cell| cell.row(first_of_load(&cells, cell)))
        .collect();
    report
}

fn wanted(case: &Case, options: &RingBench) -> bool {
    let Some(only) = &options.only else {
        return true;
    };
    case.name.contains(only) || case.load.contains(only)
}

fn first_of_load<'a>(cells: &'a [Cell], cell: &'a Cell) -> &'a Cell {
    cells
        .iter()
        .find(|other| other.case.load == cell.case.load)
        .unwrap_or(cell)
}

/// One case and what its rounds gave.
struct Cell {
    case: Case,
    rounds: Vec<Round>,
    probes_ns: Vec<u64>,
}

impl Cell {
    fn new(case: Case) -> Self {
        Self {
            case,
            rounds: Vec::new(),
            probes_ns: Vec::new(),
        }
    }

    fn run(&mut self, options: &RingBench) {
        let [here, there] = options.cores;
        self.probes_ns.push(line_round_trip_ns(here, there));
        self.rounds.push((self.case.run)(options));
        self.probes_ns.push(line_round_trip_ns(here, there));
    }

    fn row(&self, base: &Self) -> Row {
        let throughputs: Vec<u64> = self.rounds.iter().map(|round| round.per_s).collect();
        let range = throughputs.iter().min().zip(throughputs.iter().max());
        Row {
            case: self.case.name.to_owned(),
            load: self.case.load.clone(),
            throughput_per_s: median(throughputs.iter().copied()),
            latency: self.typical_latency(),
            throughput_range: range.map(|(min, max)| [*min, *max]),
            relative: self.relative_to(base),
            p50_relative: None,
            orders_after_ack: None,
            probe: Probe::of(&self.probes_ns),
        }
    }

    /// The latency of the round whose p50 is the median: merging rounds in which the cores were
    /// near with others in which they were far would describe neither.
    fn typical_latency(&self) -> Option<Latency> {
        let timed = self
            .rounds
            .iter()
            .filter_map(|round| round.latency.as_ref());
        let mut latencies: Vec<Latency> = timed.map(Latency::of).collect();
        latencies.sort_unstable_by_key(|latency| latency.p50);
        latencies.get(latencies.len() / 2).copied()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a ratio for people, to three digits"
    )]
    fn relative_to(&self, base: &Self) -> Option<f64> {
        let pairs = self.rounds.iter().zip(&base.rounds);
        let thousandths = median(pairs.map(|(ours, base)| ours.per_s * 1000 / base.per_s.max(1)));
        thousandths.map(|thousandths| thousandths as f64 / 1000.0)
    }
}

fn median(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> RingBench {
        RingBench {
            rounds: 1,
            items: 2_000,
            round_trips: 200,
            slots: 64,
            ..RingBench::default()
        }
    }

    #[test]
    fn every_case_runs_and_delivers_all_items() {
        let report = run(&quick());
        assert_eq!(report.rows.len(), cases::all().len());
        for row in &report.rows {
            assert!(row.throughput_per_s > Some(0), "{row:?}");
            assert_eq!(
                row.latency.is_some(),
                row.load.contains("round trip"),
                "{row:?}"
            );
        }
    }

    #[test]
    fn the_first_case_of_a_load_is_ours_and_the_measure() {
        let report = run(&RingBench {
            only: Some("round trip".to_owned()),
            ..quick()
        });
        assert_eq!(report.rows[0].case, "dcx");
        assert_eq!(report.rows[0].relative, Some(1.0));
        assert_eq!(report.rows[0].latency.unwrap().count, 100);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median([9, 1, 5].into_iter()), Some(5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
