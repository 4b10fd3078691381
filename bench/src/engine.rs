//! The engine alone, and the engine between sequencer and journal.
//!
//! Two recorded workloads of the same orders: one with the checks that an engine cannot be
//! without, one with every check there is. Both are applied with a reading of the clock around
//! each command, in turn. The one with every check is also applied without the clock, and pushed
//! through a fused pipeline in groups and one command at a time. The pipeline's events are first
//! checked, by digest, to be those that applying gives: a pipeline that did less work would not
//! count.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::time::Instant;

use dcx_model::{Command, EventDigest, Inbound, MonoNanos, Now, Outbound, Sequenced, UnixNanos};
use dcx_pipeline::{
    Clock, FinalReport, JournalOptions, LinkEnds, Pipeline, PipelineOptions, Sampling, Stepped,
    histogram, recover,
};
use hdrhistogram::Histogram;

use crate::cores;
use crate::report::{Latency, Report, Row};
use crate::workload::{Checks, GROUP, Kind, Shape, Workload};

/// How the engine is measured.
#[derive(Clone, Debug)]
pub struct EngineBench {
    /// Commands in the workload.
    pub commands: usize,
    /// Times that each case runs, in turn with the others; the median counts.
    pub rounds: usize,
    /// The core that all of it is pinned to.
    pub core: usize,
    /// Seed of the workload.
    pub seed: u64,
    /// Room for open orders in the engine.
    pub orders_open_max: u32,
    /// Only cases whose name contains this; all if none.
    pub only: Option<String>,
}

impl Default for EngineBench {
    fn default() -> Self {
        Self {
            commands: 1_000_000,
            rounds: 5,
            core: 1,
            seed: 1,
            orders_open_max: 65_536,
            only: None,
        }
    }
}

/// Why the engine could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum EngineBenchError {
    /// No directory for the journal.
    #[error("directory for the measured journal")]
    Directory(#[source] io::Error),
    /// The journal does not open.
    #[error("journal of the measured pipeline")]
    Journal(#[source] dcx_pipeline::JournalError),
    /// The pipeline does not start.
    #[error("measured pipeline")]
    Start(#[source] dcx_pipeline::StartError),
    /// The pipeline did not do what applying the same commands does.
    #[error("event digest of the pipeline is {found:016x}, of the engine alone {expected:016x}")]
    Differs {
        /// Of the pipeline.
        found: u64,
        /// Of the engine alone.
        expected: u64,
    },
}

/// Runs a case in the round of this number.
type Work<'a> = dyn Fn(usize) -> Result<Round, EngineBenchError> + 'a;

/// What one case found in one round.
struct Round {
    per_s: u64,
    latency: Option<Histogram<u64>>,
}

/// Latencies of one workload, by what the command was.
pub(crate) struct ByKind {
    /// Rounds, in commands a second.
    per_s: Vec<u64>,
    latencies: Vec<Histogram<u64>>,
}

/// Measures the engine. `scratch` is an empty directory for journals; the caller removes it.
///
/// # Errors
/// [`EngineBenchError`] where the pipeline cannot run or does something else.
pub fn run(options: EngineBench, scratch: &Path) -> Result<Report, EngineBenchError> {
    // Before pinning: a pinned process sees one core.
    let mut report = Report::new("engine", "async");
    cores::pin(options.core);
    let shape = Shape {
        commands: options.commands,
        seed: options.seed,
        orders_open_max: options.orders_open_max,
        ..Shape::SMALL
    };
    let workload = Workload::record(&shape);
    let checked = scratch.join("journal-checked");
    fused(&workload, &checked, GROUP, Some(event_digest(&workload)))?;
    let load = format!(
        "{} commands, {} new orders",
        workload.commands.len(),
        workload.count(Kind::NewOrder)
    );
    let fused = |round: usize, group: usize| {
        let dir = scratch.join(format!("journal-{round}-{group}"));
        fused(&workload, &dir, group, None)
    };
    let cases: [(&str, &Work<'_>); 4] = [
        ("engine, untimed", &|_| Ok(apply_untimed(&workload))),
        ("fused with journal, groups of 256", &|round| {
            fused(round, GROUP)
        }),
        ("fused with journal, groups of 16", &|round| {
            fused(round, 16)
        }),
        ("fused with journal, one at a time", &|round| {
            fused(round, 1)
        }),
    ];
    let wanted = |case: &str| {
        options
            .only
            .as_deref()
            .is_none_or(|only| case.contains(only))
    };
    let mut cases: Vec<_> = cases
        .into_iter()
        .filter(|(case, _)| wanted(case))
        .map(|(case, measure)| (case, measure, Vec::with_capacity(options.rounds)))
        .collect();
    let required = Workload::record(&Shape {
        checks: Checks::Required,
        ..shape
    });
    let mut timed: Vec<_> = [("required checks", &required), ("all checks", &workload)]
        .into_iter()
        .filter(|(case, _)| wanted(case))
        .map(|(case, workload)| (case, workload, ByKind::default()))
        .collect();
    for round in 0..options.rounds {
        for (_, workload, by_kind) in &mut timed {
            by_kind.time(workload);
        }
        for (_, measure, rounds) in &mut cases {
            rounds.push(measure(round)?);
        }
    }
    for kind in Kind::ALL {
        let rows = timed.iter().filter_map(|(case, _, by)| by.row(case, kind));
        report.rows.extend(rows);
    }
    let rows = cases.into_iter();
    let rows = rows.map(|(case, _, rounds)| row(case, &load, rounds));
    report.rows.extend(rows);
    report.rows.extend(crate::route::rows(wanted));
    Ok(report)
}

impl Default for ByKind {
    fn default() -> Self {
        Self {
            per_s: Vec::new(),
            latencies: Kind::ALL.iter().map(|_| histogram()).collect(),
        }
    }
}

impl ByKind {
    /// Applies a workload to a fresh engine with a reading of the clock around each command.
    pub(crate) fn time(&mut self, workload: &Workload) {
        let (mut engine, mut outbox) = workload.engine();
        let start = Instant::now();
        for taken in &workload.commands {
            let kind = Kind::of(&taken.command);
            let before = Instant::now();
            engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
            let took = nanos(before);
            if let Some(latency) = self.latencies.get_mut(kind as usize) {
                latency.saturating_record(took);
            }
        }
        self.per_s.push(per_s(workload.commands.len(), start));
    }

    /// The median latency of a kind so far.
    pub(crate) fn p50(&self, kind: Kind) -> u64 {
        let latency = self.latencies.get(kind as usize);
        latency.map_or(0, |latency| latency.value_at_quantile(0.5))
    }

    /// What was found about a kind, if any of it was there.
    pub(crate) fn row(&self, case: &str, kind: Kind) -> Option<Row> {
        let latency = self.latencies.get(kind as usize)?;
        let load = format!("{}, {} timed", kind.name(), latency.len());
        (!latency.is_empty()).then(|| Row {
            case: case.to_owned(),
            load,
            latency: Some(Latency::of(latency)),
            ..Row::default()
        })
    }
}

fn row(case: &str, load: &str, rounds: Vec<Round>) -> Row {
    let mut per_s: Vec<u64> = rounds.iter().map(|round| round.per_s).collect();
    per_s.sort_unstable();
    let mut all = histogram();
    for latency in rounds.iter().filter_map(|round| round.latency.as_ref()) {
        all.add(latency).expect("histograms of one kind");
    }
    Row {
        case: case.to_owned(),
        load: load.to_owned(),
        throughput_per_s: per_s.get(per_s.len() / 2).copied(),
        throughput_range: per_s
            .first()
            .copied()
            .zip(per_s.last().copied())
            .map(Into::into),
        latency: (!all.is_empty()).then(|| Latency::of(&all)),
        ..Row::default()
    }
}

fn event_digest(workload: &Workload) -> u64 {
    let (mut engine, mut outbox) = (dcx_engine::Engine::new(), dcx_engine::Outbox::new());
    let mut digest = EventDigest::default();
    for taken in workload.setup.iter().chain(&workload.commands) {
        engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
        for (ix, event) in outbox.events().iter().enumerate() {
            digest.take(&Outbound {
                seq: taken.seq,
                ix: u16::try_from(ix).expect("an outbox is short"),
                at: taken.at,
                received: MonoNanos::default(),
                event: *event,
            });
        }
    }
    digest.value()
}

fn apply_untimed(workload: &Workload) -> Round {
    let (mut engine, mut outbox) = workload.engine();
    let mut events = 0;
    let start = Instant::now();
    for taken in &workload.commands {
        engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
        events += black_box(outbox.events()).len();
    }
    black_box(events);
    Round {
        per_s: per_s(workload.commands.len(), start),
        latency: None,
    }
}

/// Pushes the commands through a fused pipeline, `group` at a time, and takes every event out.
///
/// Latencies are the engine stage's, one command in 16 sampled as in production. With `expected`
/// the digest of everything that came out must be that.
fn fused(
    workload: &Workload,
    dir: &Path,
    group: usize,
    expected: Option<u64>,
) -> Result<Round, EngineBenchError> {
    std::fs::create_dir_all(dir).map_err(EngineBenchError::Directory)?;
    let recovered = recover(dir, JournalOptions::default()).map_err(EngineBenchError::Journal)?;
    let options = PipelineOptions {
        sampling: Sampling::one_in(16),
        checkpoint_every: 0,
        checkpoint_idle: dcx_model::Nanos::from_seconds(1 << 40),
        ..PipelineOptions::default()
    };
    let (builder, [mut ends]) = Pipeline::with(options)
        .links::<1>()
        .map_err(EngineBenchError::Start)?;
    let mut stepped = builder
        .recovered(recovered)
        .stepped(Clock::start())
        .map_err(EngineBenchError::Start)?;

    // The pipeline wakes its engine itself.
    let own = |taken: &&Sequenced| taken.command != Command::Wake;
    let all = workload.setup.iter().chain(&workload.commands);
    let mut all = all.filter(own).peekable();
    let mut digest = expected.map(|_| EventDigest::default());
    let setup_len = workload.setup.iter().filter(own).count();
    let mut start = Instant::now();
    let mut pushed = 0;
    while let Some(first) = all.peek() {
        if pushed <= setup_len {
            start = Instant::now();
        }
        let now = Now {
            mono: MonoNanos::default(),
            unix: first.at,
        };
        let at = first.at;
        let batch = std::iter::from_fn(|| all.next_if(|taken| taken.at == at)).take(group);
        pushed += push(&mut ends, batch);
        while stepped.step(now) > 0 {
            drain(&mut ends, digest.as_mut());
        }
        drain(&mut ends, digest.as_mut());
    }
    let per_s = per_s(workload.commands.len(), start);
    if let Some((found, expected)) = digest.map(|digest| digest.value()).zip(expected)
        && found != expected
    {
        return Err(EngineBenchError::Differs { found, expected });
    }
    let report = finish(stepped, ends, workload.commands.last().map(|last| last.at));
    Ok(Round {
        per_s,
        latency: Some(report.latency.engine),
    })
}

fn push<'a>(ends: &mut LinkEnds, batch: impl Iterator<Item = &'a Sequenced>) -> usize {
    let mut pushed = 0;
    for taken in batch {
        let inbound = Inbound {
            received: taken.received,
            command: taken.command,
        };
        let room = ends.inbound.try_push(inbound);
        assert!(room.is_ok(), "a group is shorter than the ring");
        pushed += 1;
    }
    pushed
}

fn drain(ends: &mut LinkEnds, mut digest: Option<&mut EventDigest>) {
    ends.outbound.poll(usize::MAX, |outbound, _, _| {
        if let Some(digest) = &mut digest {
            digest.take(outbound);
        }
        black_box(outbound);
    });
}

/// Stops the pipeline in order and returns its figures.
fn finish(mut stepped: Stepped, ends: LinkEnds, at: Option<UnixNanos>) -> FinalReport {
    stepped.stop().request();
    drop(ends);
    let now = Now {
        mono: MonoNanos::new(u64::MAX / 2),
        unix: at.unwrap_or_default(),
    };
    while !stepped.is_finished() {
        stepped.step(now);
    }
    stepped.finish()
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn per_s(count: usize, since: Instant) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    count.saturating_mul(dcx_model::NANOS_PER_S) / nanos(since).max(1)
}
