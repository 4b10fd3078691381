//! What each check costs: the same orders with one family of checks fewer, against all of them.
//!
//! Every variant is given the very same commands and must answer with the very same events. Each
//! command is timed in every round, in turn with the other variants; its fastest round counts,
//! which no interrupt and no other job can make faster. A family's cost is the mean over the
//! commands of a kind with all checks, less that without the family. All checks are measured
//! several times like any other variant: how far those lie apart is the noise, and what costs less
//! than it costs nothing that this can see.

use std::fmt::Write as _;
use std::time::Instant;

use dcx_model::Sequenced;
use dcx_stats::Draws;
use serde::Serialize;

use crate::cores;
use crate::report::machine;
use crate::workload::{FAMILIES, Family, Kind, Shape, Workload, engine_after};

/// The kinds that the table has a column for.
const KINDS: [Kind; 5] = [
    Kind::NewOrder,
    Kind::Replace,
    Kind::Cancel,
    Kind::Fill,
    Kind::Quote,
];

/// Variants that nothing is taken away from.
const PLAIN: usize = 4;

/// How the checks are measured.
#[derive(Clone, Debug)]
pub struct ChecksBench {
    /// Commands in the workload.
    pub commands: usize,
    /// Times that each variant runs; the fastest of each command counts.
    pub rounds: usize,
    /// The core that all of it is pinned to.
    pub core: usize,
    /// Seed of the workload.
    pub seed: u64,
    /// Only families whose name contains this; all if none.
    pub only: Option<String>,
}

impl Default for ChecksBench {
    fn default() -> Self {
        Self {
            commands: 200_000,
            rounds: 11,
            core: 1,
            seed: 1,
            only: None,
        }
    }
}

/// Two variants did not do the same: what they took cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("without {family} the same orders end otherwise")]
pub struct Differs {
    /// What was taken away.
    pub family: &'static str,
}

/// What each family costs.
#[derive(Clone, Debug, Serialize)]
pub struct ChecksReport {
    /// Always `checks`.
    pub name: String,
    /// Where.
    pub machine: String,
    /// Rounds, of which each command's fastest counts.
    pub rounds: usize,
    /// Timed commands.
    pub commands: usize,
    /// The kinds of command, in the order of the figures.
    pub kinds: Vec<&'static str>,
    /// What a command takes with all checks, the clock's own time taken off.
    pub all: Vec<f64>,
    /// What the clock takes.
    pub clock: f64,
    /// One line for each family.
    pub rows: Vec<ChecksRow>,
}

/// What one family costs, in nanoseconds for a command of each kind.
#[derive(Clone, Debug, Serialize)]
pub struct ChecksRow {
    /// What was taken away.
    pub family: &'static str,
    /// Which checks of the list those are.
    pub checks: &'static str,
    /// What all takes more than all without it.
    pub ns: Vec<f64>,
}

/// One way to set the engine up, and the fastest that each command was.
struct Variant<'a> {
    family: Option<&'a Family>,
    setup: Vec<Sequenced>,
    fastest: Vec<u32>,
}

/// Measures the checks.
///
/// # Errors
/// [`Differs`] where a family was not the only thing that was taken away.
pub fn run(options: &ChecksBench) -> Result<ChecksReport, Differs> {
    cores::pin(options.core);
    let workload = Workload::record(&Shape {
        commands: options.commands,
        seed: options.seed,
        ..Shape::SMALL
    });
    let mut variants = variants(options, &workload)?;
    let mut draws = Draws::new(options.seed);
    for _ in 0..options.rounds {
        // The machine changes its pace from second to second: no variant has the same place, or
        // the same neighbours, in every round.
        shuffle(&mut variants, &mut draws);
        for variant in &mut variants {
            variant.time(&workload);
        }
    }
    Ok(report(options, &workload, &variants))
}

fn variants<'a>(options: &ChecksBench, workload: &Workload) -> Result<Vec<Variant<'a>>, Differs> {
    let expected = workload.outcome(&workload.setup);
    let wanted = |family: &&Family| {
        let only = options.only.as_deref();
        only.is_none_or(|only| family.name.contains(only))
    };
    let commands = workload.commands.len();
    let new = |family, setup| Variant {
        family,
        setup,
        fastest: vec![u32::MAX; commands],
    };
    let plain = (0..PLAIN).map(|_| new(None, workload.setup.clone()));
    let mut variants: Vec<_> = plain.collect();
    for family in FAMILIES.iter().filter(wanted) {
        let setup = workload.setup_without(family);
        if workload.outcome(&setup) != expected {
            return Err(Differs {
                family: family.name,
            });
        }
        variants.push(new(Some(family), setup));
    }
    Ok(variants)
}

impl Variant<'_> {
    fn time(&mut self, workload: &Workload) {
        let (mut engine, mut outbox) = engine_after(&self.setup);
        for (taken, fastest) in workload.commands.iter().zip(&mut self.fastest) {
            let before = Instant::now();
            engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
            let took = u32::try_from(before.elapsed().as_nanos()).unwrap_or(u32::MAX);
            *fastest = took.min(*fastest);
        }
    }

    fn mean(&self, workload: &Workload, kind: Kind) -> f64 {
        let timed = workload.commands.iter().zip(&self.fastest);
        let of_kind = timed.filter(|(taken, _)| Kind::of(&taken.command) == kind);
        let (count, sum) = of_kind.fold((0_u64, 0_u64), |(count, sum), (_, took)| {
            (count + 1, sum + u64::from(*took))
        });
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let mean = sum as f64 / count.max(1) as f64;
        mean
    }

    fn means(&self, workload: &Workload) -> Vec<f64> {
        KINDS.map(|kind| self.mean(workload, kind)).to_vec()
    }
}

fn report(options: &ChecksBench, workload: &Workload, variants: &[Variant<'_>]) -> ChecksReport {
    let plain = variants.iter().filter(|variant| variant.family.is_none());
    let plain: Vec<_> = plain.map(|variant| variant.means(workload)).collect();
    let column = |ix: usize| plain.iter().filter_map(move |means| means.get(ix).copied());
    let base: Vec<f64> = (0..KINDS.len())
        .map(|ix| column(ix).sum::<f64>() / PLAIN as f64)
        .collect();
    let apart = (0..KINDS.len()).map(|ix| {
        let (least, most) = column(ix).fold((f64::MAX, 0.0_f64), |(least, most), mean| {
            (least.min(mean), most.max(mean))
        });
        most - least
    });
    let less = |means: &[f64]| base.iter().zip(means).map(|(all, ns)| all - ns).collect();
    let clock = clock_ns();
    let mut rows: Vec<ChecksRow> = variants
        .iter()
        .filter_map(|variant| Some((variant.family?, variant.means(workload))))
        .map(|(family, means)| ChecksRow {
            family: family.name,
            checks: family.checks,
            ns: less(&means),
        })
        .collect();
    let order = |name: &str| FAMILIES.iter().position(|family| family.name == name);
    rows.sort_by_key(|row| order(row.family));
    rows.push(ChecksRow {
        family: "noise: all checks, measured again",
        checks: "",
        ns: apart.collect(),
    });
    ChecksReport {
        name: "checks".to_owned(),
        machine: machine(),
        rounds: options.rounds,
        commands: workload.commands.len(),
        kinds: KINDS.iter().map(|kind| kind.name()).collect(),
        all: base.iter().map(|ns| ns - clock).collect(),
        clock,
        rows,
    }
}

/// Fisher and Yates.
fn shuffle(variants: &mut [Variant<'_>], draws: &mut Draws) {
    for end in (1..variants.len()).rev() {
        let place = draws.bits() % (end as u64 + 1);
        variants.swap(end, usize::try_from(place).unwrap_or_default());
    }
}

/// What two readings of the clock with nothing between them say.
fn clock_ns() -> f64 {
    let mut fastest = [u32::MAX; 1_000];
    for _ in 0..100 {
        for fastest in &mut fastest {
            let before = Instant::now();
            let took = u32::try_from(before.elapsed().as_nanos()).unwrap_or(u32::MAX);
            *fastest = took.min(*fastest);
        }
    }
    f64::from(fastest.iter().sum::<u32>()) / 1_000.0
}

impl ChecksReport {
    /// Returns the report as a table that is also Markdown.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut table = format!(
            "checks on {}\n\n{} commands, the fastest of {} rounds each; ns, the clock's {:.0} taken off\n\n",
            self.machine, self.commands, self.rounds, self.clock
        );
        let mut line = |cells: &[String]| {
            writeln!(table, "| {} |", cells.join(" | ")).expect("a string takes all");
        };
        let names = self.kinds.iter().map(|kind| (*kind).to_owned());
        let head = ["what", "check"].map(str::to_owned);
        line(&head.into_iter().chain(names).collect::<Vec<_>>());
        line(&vec!["---".to_owned(); 2 + self.kinds.len()]);
        let all = self.all.iter().map(|ns| format!("{ns:.0}"));
        let head = ["**all checks**", ""].map(str::to_owned);
        line(&head.into_iter().chain(all).collect::<Vec<_>>());
        for row in &self.rows {
            let head = [row.family, row.checks].map(str::to_owned);
            let figures = row.ns.iter().map(|ns| format!("{ns:.1}"));
            line(&head.into_iter().chain(figures).collect::<Vec<_>>());
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_its_line_and_the_noise_comes_last() {
        let options = ChecksBench {
            commands: 3_000,
            rounds: 2,
            ..ChecksBench::default()
        };
        let report = run(&options).unwrap();
        assert_eq!(report.rows.len(), FAMILIES.len() + 1);
        assert_eq!(report.all.len(), KINDS.len());
        assert!(report.all.iter().all(|ns| *ns > 0.0), "{:?}", report.all);
        let table = report.to_table();
        let last = table.lines().last().unwrap();
        assert!(last.starts_with("| noise: "), "{table}");
        let bars = |line: &str| line.matches('|').count();
        let lines: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert!(
            lines.iter().all(|line| bars(line) == bars(lines[0])),
            "{table}"
        );
    }
}
