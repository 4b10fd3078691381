//! Changes the engine's risk checks and orders in one small way after the other and sees that a
//! test fails.
//!
//! cargo-mutants says what to change; it would build the engine and its tests for each, which
//! takes days. Here a copy is built once, with each change behind a switch that is read when the
//! tests run. The few that can have no switch stay with cargo-mutants itself; the report counts
//! them.

mod build;
mod list;
mod report;
mod run;
mod schemata;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use build::{Copy, Known, LeftOut};
use list::Mutant;
use run::{Order, Outcome, Runner, Test};

const PACKAGE: &str = "dcx-engine";
const FOLDER: &str = "core/engine";
pub(crate) const FILES: [&str; 2] = [
    "core/engine/src/risk/**/*.rs",
    "core/engine/src/order/**/*.rs",
];

/// Random tests are cut short, and a failure is not made smaller. What is freed stays in the heap
/// for the next test: fresh pages would be most of what a test costs.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("DCX_TWIN_COMMANDS", "20000"),
    ("PROPTEST_CASES", "32"),
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
    (
        "GLIBC_TUNABLES",
        "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296:\
         glibc.malloc.top_pad=134217728:glibc.malloc.arena_max=1",
    ),
];

/// What of the list is run, and how.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The nth of so many parts, as `0/40`, spread evenly; all of it otherwise.
    #[arg(long, value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Only so many, drawn from all.
    #[arg(long)]
    sample: Option<usize>,
    /// Draws another sample.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many at a time.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Seconds of tests after which a mutant stays undecided; a later run takes it up again.
    #[arg(long)]
    budget_s: Option<u64>,
    /// Only those whose name has this in it.
    #[arg(long)]
    only: Option<String>,
    /// Where the copy and the outcomes go; a run takes up what is there. `mutants` in the target
    /// folder otherwise.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Only says what is known so far.
    #[arg(long)]
    report: bool,
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(nth, of)| {
        let (nth, of) = (nth.parse().ok()?, of.parse().ok()?);
        (nth < of).then_some((nth, of))
    });
    parts.ok_or_else(|| "as 0/40".into())
}

/// One line of the outcomes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Decided {
    name: String,
    outcome: Outcome,
    by: Option<String>,
    spent_ms: u64,
    /// The sources and tests that were there.
    tests: u64,
}

pub(crate) fn run(root: &Path, target: &Path, options: &Options) -> Result<()> {
    let scratch = options.output.clone();
    let scratch = scratch.unwrap_or_else(|| target.join("mutants"));
    std::fs::create_dir_all(&scratch)?;
    let scratch = scratch.canonicalize()?;
    let mutants = list::ask(root, PACKAGE, &FILES)?;
    let state = State::open(root, &scratch, !options.report)?;
    if options.report {
        let page = report::page(&mutants, &state.known(), &state.decided()?);
        std::io::stdout().write_all(page.as_bytes())?;
        return Ok(());
    }
    let copy = Copy {
        root,
        tree: scratch.join("tree"),
        target: target.to_owned(),
        package: PACKAGE,
        folder: Path::new(FOLDER),
    };
    copy.take()?;
    let mut known = state.known();
    let built = copy.build(&mutants, &mut known);
    state.keep(&known)?;
    let programs = built?;
    let runner = Runner {
        folder: copy.tree.join(FOLDER),
        environment: ENVIRONMENT
            .iter()
            .copied()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        budget: options.budget_s.map(Duration::from_secs),
    };
    let tests = runner.record(&programs, &scratch)?;
    decide(&mutants, &known, &tests, &runner, &state, options)?;
    let page = report::page(&mutants, &known, &state.decided()?);
    Ok(std::io::stdout().write_all(page.as_bytes())?)
}

/// Which mutants this run is about, in the order in which they are taken: any part of it is a fair
/// sample of the whole.
fn chosen(mutants: &[Mutant], known: &Known, options: &Options) -> Vec<usize> {
    let mut chosen: Vec<_> = (0..mutants.len())
        .filter(|ix| options.shard.is_none_or(|(nth, of)| ix % of == nth))
        .filter(|ix| {
            let name = mutants.get(*ix).map_or("", |it| &it.name);
            let wanted = options.only.as_ref().is_none_or(|only| name.contains(only));
            wanted && !known.left_out.contains_key(name)
        })
        .collect();
    chosen.sort_by_key(|ix| hash(&(options.seed, mutants.get(*ix).map(|it| &it.name))));
    chosen.truncate(options.sample.unwrap_or(usize::MAX));
    chosen
}

fn decide(
    mutants: &[Mutant],
    known: &Known,
    tests: &[Test],
    runner: &Runner,
    state: &State,
    options: &Options,
) -> Result<()> {
    let decided = state.decided()?;
    let mut order = Order::new(tests);
    for mutant in mutants {
        let earlier = decided.get(&mutant.name);
        if let Some(batch) = earlier.and_then(|it| it.by.as_ref()) {
            order.catches(&mutant.file, batch);
        }
    }
    let settled = |ix: &usize| {
        let earlier = mutants.get(*ix).and_then(|it| decided.get(&it.name));
        earlier.is_some_and(|earlier| match earlier.outcome {
            Outcome::Caught | Outcome::Timeout => true,
            Outcome::Missed | Outcome::Unreached => earlier.tests == state.tests,
            Outcome::Undecided => false,
        })
    };
    let mut left = chosen(mutants, known, options);
    left.retain(|ix| !settled(ix));
    // What was long enough in doubt waits for those that nothing is known of.
    left.sort_by_key(|ix| {
        let name = mutants.get(*ix).map(|it| &it.name);
        name.is_some_and(|name| decided.contains_key(name))
    });
    eprintln!("{} mutants to decide", left.len());
    left.reverse();
    let (left, order) = (Mutex::new(left), Mutex::new(order));
    let next = || left.lock().ok()?.pop();
    let work = || -> Result<()> {
        while let Some(ix) = next() {
            let Some(mutant) = mutants.get(ix) else {
                continue;
            };
            let switch = list::switch(ix);
            let these = order
                .lock()
                .map(|order| order.of(&mutant.file, switch, tests));
            let these = these.unwrap_or_default();
            let (outcome, by, spent) = runner.decide(switch, &these)?;
            if let (Ok(mut order), Some(batch)) = (order.lock(), &by) {
                order.catches(&mutant.file, batch);
            }
            let line = Decided {
                name: mutant.name.clone(),
                outcome,
                by,
                spent_ms: u64::try_from(spent.as_millis())?,
                tests: state.tests,
            };
            state.note(&line)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => done?,
                Err(_) => bail!("a worker panicked"),
            }
        }
        Ok(())
    })
}

/// What the scratch folder holds between runs. What was found about a file's mutants counts for as
/// long as that file stays as it was.
struct State {
    scratch: PathBuf,
    /// A hash of all sources and tests: with others, what was missed may be caught.
    tests: u64,
    writing: Mutex<()>,
}

impl State {
    fn open(root: &Path, scratch: &Path, renew: bool) -> Result<Self> {
        let sources = hashes(root, &root.join("core"))?;
        let state = Self {
            scratch: scratch.to_owned(),
            tests: hash(&sources),
            writing: Mutex::new(()),
        };
        if !renew {
            return Ok(state);
        }
        let stamp = scratch.join("sources.json");
        let before = std::fs::read_to_string(&stamp).unwrap_or_default();
        let before: BTreeMap<String, u64> = serde_json::from_str(&before).unwrap_or_default();
        let stays = |name: &str| {
            let file = name.split(':').next().unwrap_or_default();
            before.contains_key(file) && before.get(file) == sources.get(file)
        };
        let mut known = state.known();
        known.left_out.retain(|name, _| stays(name));
        state.keep(&known)?;
        let mut lines = String::new();
        for line in state.decided()?.values().filter(|it| stays(&it.name)) {
            lines.push_str(&serde_json::to_string(line)?);
            lines.push('\n');
        }
        std::fs::write(scratch.join("outcomes.jsonl"), lines)?;
        std::fs::write(stamp, serde_json::to_string_pretty(&sources)?)?;
        Ok(state)
    }

    fn known(&self) -> Known {
        let text = std::fs::read_to_string(self.scratch.join("known.json"));
        let known = text.ok().and_then(|text| serde_json::from_str(&text).ok());
        known.unwrap_or_default()
    }

    fn keep(&self, known: &Known) -> Result<()> {
        let text = serde_json::to_string_pretty(known)?;
        std::fs::write(self.scratch.join("known.json"), text).context("writing known.json")
    }

    fn decided(&self) -> Result<BTreeMap<String, Decided>> {
        let text = std::fs::read_to_string(self.scratch.join("outcomes.jsonl")).unwrap_or_default();
        let lines = text.lines().map(serde_json::from_str::<Decided>);
        let named = lines.map(|line| line.map(|line| (line.name.clone(), line)));
        named.collect::<Result<_, _>>().context("outcomes.jsonl")
    }

    fn note(&self, line: &Decided) -> Result<()> {
        let _one = self.writing.lock();
        let path = self.scratch.join("outcomes.jsonl");
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        file.write_all(format!("{}\n", serde_json::to_string(line)?).as_bytes())?;
        Ok(())
    }
}

/// A hash of every Rust file below a folder.
fn hashes(root: &Path, folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut files = Vec::new();
    build::sources(folder, &mut files)?;
    let named = files.iter().map(|file| {
        let name = file.strip_prefix(root)?.display().to_string();
        Ok((name, hash(&std::fs::read(file)?)))
    });
    named.collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
