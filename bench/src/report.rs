//! What every measurement reports: one shape for people (a table) and for scripts (JSON).

use std::fmt::Write as _;
use std::fs;

use hdrhistogram::Histogram;
use serde::Serialize;

/// A span under which a cache-line round trip between two cores counts as near, in ns.
const NEAR_NS_MAX: u64 = 200;

/// The result of one measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was measured: the NAME of `dcx bench NAME`.
    pub name: String,
    /// Where: processor, number of cores, kernel.
    pub machine: String,
    /// How input was kept meanwhile: `off`, `async`, `group`, `full`; `-` where none could be.
    pub journal_mode: String,
    /// One row for each case under each load.
    pub rows: Vec<Row>,
}

/// One case under one load.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// What ran.
    pub case: String,
    /// What it had to do.
    pub load: String,
    /// Items, or round trips, a second: the median of the rounds.
    pub throughput_per_s: Option<u64>,
    /// How long one took, where single ones were timed.
    pub latency: Option<Latency>,
    /// The slowest and the fastest round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput_range: Option<[u64; 2]>,
    /// This throughput by that of the load's first case, compared round by round: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// This median latency by that of the load's first case, compared round by round: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_relative: Option<f64>,
    /// Orders that reached a venue after a halt was acknowledged, where halts were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_after_ack: Option<u64>,
    /// How far apart the two cores were before and after, over all rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
}

/// Percentiles of a latency, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are the percentiles")]
pub struct Latency {
    pub count: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p999: u64,
    pub p9999: u64,
    pub max: u64,
}

/// How far apart two cores were around a case: on virtual machines it changes by itself, and
/// figures of cores that are near say nothing about cores that are far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The shortest cache-line round trip seen, in ns.
    pub min_ns: u64,
    /// The longest, in ns.
    pub max_ns: u64,
    /// `near`, `far`, or `mixed` when it was both.
    pub label: &'static str,
}

impl Report {
    /// Returns an empty report of `name` on this machine.
    #[must_use]
    pub fn new(name: &str, journal_mode: &str) -> Self {
        let (name, journal_mode) = (name.to_owned(), journal_mode.to_owned());
        Self {
            name,
            machine: machine(),
            journal_mode,
            rows: Vec::new(),
        }
    }

    /// Returns the report as a plain-text table for people.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut lines = vec![HEADINGS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let mut table = format!(
            "{} on {}, journal {}\n\n",
            self.name, self.machine, self.journal_mode
        );
        let widths = widths(&lines);
        for (ix, cells) in lines.iter().enumerate() {
            // A load's cases stand together.
            if ix > 1 && cells[1] != lines[ix - 1][1] {
                table.push('\n');
            }
            push_line(&mut table, cells, &widths);
        }
        table
    }
}

const HEADINGS: [&str; 14] = [
    "case", "load", "per s", "range", "relative", "p50 ns", "relative", "p90", "p99", "p99.9",
    "p99.99", "max", "late", "cores",
];

impl Row {
    fn cells(&self) -> [String; HEADINGS.len()] {
        let latency = |pick: fn(&Latency) -> u64| {
            self.latency
                .as_ref()
                .map_or_else(String::new, |latency| pick(latency).to_string())
        };
        [
            self.case.clone(),
            self.load.clone(),
            self.throughput_per_s.map_or_else(String::new, short),
            self.throughput_range
                .map_or_else(String::new, |[min, max]| {
                    format!("{}..{}", short(min), short(max))
                }),
            self.relative
                .map_or_else(String::new, |relative| format!("{relative:.2}")),
            latency(|l| l.p50),
            self.p50_relative
                .map_or_else(String::new, |relative| format!("{relative:.2}")),
            latency(|l| l.p90),
            latency(|l| l.p99),
            latency(|l| l.p999),
            latency(|l| l.p9999),
            latency(|l| l.max),
            self.orders_after_ack
                .map_or_else(String::new, |orders| orders.to_string()),
            self.probe.map_or_else(String::new, |probe| {
                format!("{} {}-{} ns", probe.label, probe.min_ns, probe.max_ns)
            }),
        ]
    }
}

impl Latency {
    /// Returns the percentiles of a histogram of nanoseconds.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            count: histogram.len(),
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            p9999: histogram.value_at_quantile(0.9999),
            max: histogram.max(),
        }
    }
}

impl Probe {
    /// Returns what probes of these round trips, in ns, say together; `None` of none.
    #[must_use]
    pub fn of(round_trips_ns: &[u64]) -> Option<Self> {
        let min_ns = *round_trips_ns.iter().min()?;
        let max_ns = *round_trips_ns.iter().max()?;
        let label = match (min_ns < NEAR_NS_MAX, max_ns < NEAR_NS_MAX) {
            (_, true) => "near",
            (true, false) => "mixed",
            (false, false) => "far",
        };
        Some(Self {
            min_ns,
            max_ns,
            label,
        })
    }
}

/// Returns three significant digits and a unit: `1.23M`, `45.6k`.
fn short(count: u64) -> String {
    let (scale, unit) = match count {
        1_000_000.. => (1_000_000, "M"),
        1_000.. => (1_000, "k"),
        _ => return count.to_string(),
    };
    let (whole, thousandths) = (count / scale, count % scale * 1000 / scale);
    match whole {
        100.. => format!("{whole}{unit}"),
        10.. => format!("{whole}.{}{unit}", thousandths / 100),
        _ => format!("{whole}.{:02}{unit}", thousandths / 10),
    }
}

fn widths(lines: &[[String; HEADINGS.len()]]) -> [usize; HEADINGS.len()] {
    std::array::from_fn(|column| {
        lines
            .iter()
            .map(|cells| cells[column].len())
            .max()
            .unwrap_or(0)
    })
}

/// Names to the left, numbers to the right; a column that is empty throughout takes no room.
fn push_line(table: &mut String, cells: &[String], widths: &[usize]) {
    let start = table.len();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let written = if column < 2 || column + 1 == cells.len() {
            write!(table, "{cell:<width$}  ")
        } else {
            write!(table, "{cell:>width$}  ")
        };
        written.expect("writing to a string cannot fail");
    }
    table.truncate(start + table[start..].trim_end().len());
    table.push('\n');
}

/// Returns processor, number of cores and kernel, as far as the system tells.
#[must_use]
pub fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model
        .and_then(|rest| rest.split_once(": "))
        .map_or("unknown processor", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, kernel {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let latency = Latency {
            count: 9,
            p50: 100,
            max: 4_000,
            ..Latency::default()
        };
        let row = |case: &str, load: &str| Row {
            case: case.to_owned(),
            load: load.to_owned(),
            throughput_per_s: Some(123_456_789),
            ..Row::default()
        };
        let timed = Row {
            latency: Some(latency),
            probe: Probe::of(&[80, 300]),
            ..row("b", "trip")
        };
        let mut report = Report::new("ring", "-");
        report.rows = vec![row("a", "stream"), timed];
        report
    }

    #[test]
    fn the_json_has_the_documented_fields() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["name"], "ring");
        assert_eq!(json["journal_mode"], "-");
        assert!(json["machine"].as_str().unwrap().contains("cores"));
        assert_eq!(json["rows"][0]["case"], "a");
        assert_eq!(json["rows"][0]["throughput_per_s"], 123_456_789);
        assert!(
            json["rows"][0]["latency"].is_null(),
            "what was not timed has no latency"
        );
        let latency = json["rows"][1]["latency"].as_object().unwrap();
        for field in ["count", "p50", "p90", "p99", "p999", "p9999", "max"] {
            assert!(latency.contains_key(field), "{field}");
        }
        assert_eq!(json["rows"][1]["probe"]["label"], "mixed");
    }

    #[test]
    fn the_table_aligns_and_separates_loads() {
        let table = report().to_table();
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert!(lines[0].starts_with("case"), "{table}");
        assert!(lines[1].contains("123M"), "{table}");
        assert_eq!(lines[2], "", "a new load begins: {table}");
        assert!(lines[3].ends_with("mixed 80-300 ns"), "{table}");
    }

    #[test]
    fn numbers_are_shortened_to_three_digits() {
        let shortened = [7, 999, 1_000, 45_678, 1_234_567, 12_345_678].map(short);
        assert_eq!(shortened, ["7", "999", "1.00k", "45.6k", "1.23M", "12.3M"]);
    }

    #[test]
    fn probes_name_the_distance_of_the_cores() {
        assert_eq!(Probe::of(&[80, 199]).unwrap().label, "near");
        assert_eq!(Probe::of(&[80, 200]).unwrap().label, "mixed");
        assert_eq!(Probe::of(&[390]).unwrap().label, "far");
        assert_eq!(Probe::of(&[]), None);
    }

    #[test]
    fn percentiles_come_from_the_histogram() {
        let mut histogram = Histogram::new(3).unwrap();
        (1..=1000).for_each(|ns| histogram.record(ns).unwrap());
        let latency = Latency::of(&histogram);
        assert_eq!(
            (latency.count, latency.p50, latency.p99, latency.max),
            (1000, 500, 990, 1000)
        );
    }
}
