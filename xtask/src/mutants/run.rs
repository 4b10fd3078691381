//! Runs the tests on each mutant: only those that reach it, the likely and cheap ones first, until
//! one fails.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::build::Program;

/// A test and what it reaches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Test {
    pub(crate) name: String,
    path: PathBuf,
    argument: String,
    cost_ms: u64,
    /// It panics and passes: a panic says nothing.
    panics: bool,
    switches: Vec<u32>,
}

/// Tests that run in one process, one after the other: what the first has allocated, the next uses
/// again, and an engine's tables are most of what a small test costs.
pub(crate) struct Batch<'a> {
    pub(crate) name: String,
    path: &'a Path,
    tests: Vec<&'a Test>,
}

/// A test that costs more is not run together with others.
const SMALL_MS: u64 = 400;

impl Test {
    fn batch(&self) -> &str {
        let program = self.name.split(':').next().unwrap_or_default();
        if self.cost_ms < SMALL_MS {
            program
        } else {
            &self.name
        }
    }
}

impl<'a> Batch<'a> {
    fn one(test: &'a Test) -> Self {
        Self {
            name: test.batch().to_owned(),
            path: &test.path,
            tests: vec![test],
        }
    }

    fn cost_ms(&self) -> u64 {
        self.tests.iter().map(|test| test.cost_ms).sum()
    }
}

/// What a program's tests reach, and which build of it that is about.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    stamp: (u64, u64),
    tests: Vec<Test>,
}

/// The length of a file and when it was written, in nanoseconds.
fn stamp(path: &Path) -> Result<(u64, u64)> {
    let file = std::fs::metadata(path)?;
    let written = file.modified()?.duration_since(std::time::UNIX_EPOCH)?;
    Ok((file.len(), u64::try_from(written.as_nanos())?))
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// A test fails.
    Caught,
    /// A test does not end.
    Timeout,
    /// Every test that reaches it passes.
    Missed,
    /// No test reaches it.
    Unreached,
    /// Passed by as many tests as the time allowed.
    Undecided,
}

/// How tests are run.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    pub(crate) folder: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    /// The tests' time that one mutant may take.
    pub(crate) budget: Option<Duration>,
}

enum Ended {
    Passed,
    Failed,
    Late,
}

impl Runner {
    /// Runs every test once, without a mutant, and writes down what it reaches. Of a program that
    /// is as it was before, that is known already.
    pub(crate) fn record(&self, programs: &[Program], scratch: &Path) -> Result<Vec<Test>> {
        let kept = scratch.join("reach.json");
        let text = std::fs::read_to_string(&kept).unwrap_or_default();
        let mut known: BTreeMap<PathBuf, Recorded> =
            serde_json::from_str(&text).unwrap_or_default();
        let mut all = Vec::new();
        for program in programs {
            let stamp = stamp(&program.path)?;
            let as_before = known.get(&program.path).is_some_and(|it| it.stamp == stamp);
            if !as_before {
                eprintln!("recording {}", program.name);
                let tests = self.record_one(program, &scratch.join("reached"))?;
                known.insert(program.path.clone(), Recorded { stamp, tests });
                std::fs::write(&kept, serde_json::to_string(&known)?)?;
            }
            all.extend(
                known
                    .get(&program.path)
                    .iter()
                    .flat_map(|it| it.tests.clone()),
            );
        }
        Ok(all)
    }

    fn record_one(&self, program: &Program, file: &Path) -> Result<Vec<Test>> {
        let mut tests = Vec::new();
        for argument in self.listed(program)? {
            let _ = std::fs::remove_file(file);
            let mut test = Test {
                name: format!("{}::{argument}", program.name),
                path: program.path.clone(),
                argument,
                cost_ms: 600_000,
                panics: false,
                switches: Vec::new(),
            };
            let began = Instant::now();
            let reached = ("DCX_MUTANT_REACHED", file.display().to_string());
            let variables = [("DCX_MUTANT", "record".into()), reached];
            match self.run(&Batch::one(&test), &variables)? {
                Ended::Passed => {}
                Ended::Failed | Ended::Late => bail!("{} fails without a mutant", test.name),
            }
            test.cost_ms = u64::try_from(began.elapsed().as_millis())?.max(1);
            let lines = std::fs::read_to_string(file).unwrap_or_default();
            test.panics = lines.lines().any(|line| line == "panics");
            test.switches = lines.lines().filter_map(|line| line.parse().ok()).collect();
            test.switches.sort_unstable();
            tests.push(test);
        }
        Ok(tests)
    }

    fn listed(&self, program: &Program) -> Result<Vec<String>> {
        let listed = Command::new(&program.path)
            .current_dir(&self.folder)
            .args(["--list", "--format", "terse"])
            .output()
            .with_context(|| format!("starting {}", program.path.display()))?;
        let text = String::from_utf8(listed.stdout)?;
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    }

    /// Runs batches in this order until one fails. Says which, and the tests' time.
    pub(crate) fn decide(
        &self,
        switch: usize,
        batches: &[Batch<'_>],
    ) -> Result<(Outcome, Option<String>, Duration)> {
        let began = Instant::now();
        for batch in batches {
            if self.budget.is_some_and(|budget| began.elapsed() > budget) {
                return Ok((Outcome::Undecided, None, began.elapsed()));
            }
            let mut variables = vec![("DCX_MUTANT", switch.to_string())];
            if batch.tests.iter().any(|test| test.panics) {
                variables.push(("DCX_MUTANT_PANICS", "1".into()));
            }
            let outcome = match self.run(batch, &variables)? {
                Ended::Passed => continue,
                Ended::Failed => Outcome::Caught,
                Ended::Late => Outcome::Timeout,
            };
            return Ok((outcome, Some(batch.name.clone()), began.elapsed()));
        }
        let outcome = if batches.is_empty() {
            Outcome::Unreached
        } else {
            Outcome::Missed
        };
        Ok((outcome, None, began.elapsed()))
    }

    /// Tests of one program in a process of its own. Their time is the processor's, so that a busy
    /// machine makes nothing late; what sleeps for ever is ended by the clock.
    fn run(&self, batch: &Batch<'_>, variables: &[(&str, String)]) -> Result<Ended> {
        let seconds = 4 + 2 * batch.cost_ms() / 1000;
        let limits = "ulimit -c 0; ulimit -v 16000000; ulimit -t \"$1\"; shift; exec \"$@\"";
        let mut child = Command::new("sh")
            .args(["-c", limits, "sh", &seconds.to_string()])
            .arg(batch.path)
            .args(["--exact", "--test-threads", "1", "--quiet"])
            .args(batch.tests.iter().map(|test| &test.argument))
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting sh")?;
        let end = Instant::now() + Duration::from_secs(seconds * 20);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() > end {
                child.kill()?;
                child.wait()?;
                return Ok(Ended::Late);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        use std::os::unix::process::ExitStatusExt;
        const SIGKILL: i32 = 9;
        const SIGXCPU: i32 = 24;
        Ok(match status.signal() {
            Some(SIGKILL | SIGXCPU) => Ended::Late,
            Some(_) => Ended::Failed,
            None if status.success() => Ended::Passed,
            None => Ended::Failed,
        })
    }
}

/// Which tests reach a mutant, and which of them have caught others.
#[derive(Debug, Default)]
pub(crate) struct Order {
    reach: HashMap<usize, Vec<usize>>,
    /// How many it caught, by file and batch.
    caught: BTreeMap<(PathBuf, String), u64>,
}

impl Order {
    pub(crate) fn new(tests: &[Test]) -> Self {
        let mut reach: HashMap<_, Vec<_>> = HashMap::new();
        for (ix, test) in tests.iter().enumerate() {
            for switch in &test.switches {
                reach.entry(*switch as usize).or_default().push(ix);
            }
        }
        Self {
            reach,
            caught: BTreeMap::new(),
        }
    }

    pub(crate) fn catches(&mut self, file: &Path, batch: &str) {
        let key = (file.to_owned(), batch.to_owned());
        *self.caught.entry(key).or_default() += 1;
    }

    /// The tests that reach it: what has caught more for less comes first, what it caught in the
    /// same file before all.
    pub(crate) fn of<'a>(&self, file: &Path, switch: usize, tests: &'a [Test]) -> Vec<Batch<'a>> {
        let reach = self.reach.get(&switch).into_iter().flatten();
        let mut batches: BTreeMap<&str, Batch<'a>> = BTreeMap::new();
        for test in reach.filter_map(|ix| tests.get(*ix)) {
            match batches.get_mut(test.batch()) {
                Some(batch) => batch.tests.push(test),
                None => {
                    batches.insert(test.batch(), Batch::one(test));
                }
            }
        }
        let mut order: Vec<_> = batches.into_values().collect();
        order.sort_by_cached_key(|batch| {
            let key = (file.to_owned(), batch.name.clone());
            let caught = self.caught.get(&key).copied().unwrap_or(0);
            (batch.cost_ms() + 50) * 1_000 / (caught * 4 + 3)
        });
        order
    }
}
