//! `dcx demo`: everything in one process for some seconds, over real FIX sessions on loopback,
//! and then the proof of what happened.

mod fill;
mod learned;
mod progress;
mod report;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dcx_fix::SessionIx;
use dcx_model::Code;
use dcx_pipeline::{Counters, replay};
use dcx_sim::client::{ClientReport, ClientRunner, Prices};

use crate::cli::Demo;
use crate::exit::{Exit, Failure, Outcome};
use crate::journal::failure;
use crate::out::Out;
use crate::scratch::Scratch;
use crate::sim::client_failure;
use crate::system::System;

use learned::Learned;
use progress::Bar;
use report::Report;
use world::World;

/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long sessions, first quotes and last counts may take to come.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs the demo and reports.
pub(crate) fn demo(args: &Demo, out: Out) -> Outcome {
    let scratch = Scratch::make("demo")?;
    let journal = journal_dir(args, &scratch)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Failure::new(Code::X004, format!("handling signals: {error}")))?;
    }
    let world = World::start(args)?;
    for line in world.describe() {
        out.talk(line);
    }
    let config = world.config(args, &journal, scratch.path())?;
    let system = System::start_measured(config, Counters::unshared())?;
    if let Some(control) = &system.control {
        let path = control.path().display();
        out.talk(format!("ask it meanwhile: dcx status --socket {path}"));
    }
    // Without a quote there is no price collar, and without a collar every order is refused.
    let least = world.quotes_expected();
    wait_until(PATIENCE, || {
        system.edge.counts().quotes >= least || stop.load(Ordering::Acquire)
    });
    let started = Instant::now();
    let client = run_client(args, &world, &system, &stop, out)?;
    let seconds = started.elapsed().as_secs_f64();
    let fix_sessions = sessions_seen(&system);
    // The edge shows its counts a hundred times a second: the last ones may still be coming.
    wait_until(PATIENCE, || system.edge.counts().orders >= client.sent);
    let received = system.edge.counts().orders;
    let last = system.stop();
    let venues = world.stop();

    out.talk("replaying the journal");
    let mut learned = Learned::default();
    let replayed = replay(&journal, &mut learned).map_err(|error| failure(&error))?;
    learned.scores(&journal)?;
    let report = Report {
        seed: args.seed,
        seconds,
        fix_sessions,
        received,
        client,
        last,
        venues,
        learned,
        replayed,
    };
    report.say(&journal, out);
    out.object(&report.to_json());
    Ok(verdict(&report, out))
}

/// Waits until something is so, or it has lasted too long for it to matter.
fn wait_until(patience: Duration, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() && start.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Where the journal is kept: it outlives the demo, so that it can be looked at.
fn journal_dir(args: &Demo, scratch: &Scratch) -> Result<PathBuf, Failure> {
    let Some(dir) = &args.journal else {
        let name = scratch.path().file_name().unwrap_or_default();
        let mut name = name.to_owned();
        name.push("-journal");
        return Ok(scratch.path().with_file_name(name));
    };
    let is_used = std::fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some());
    if is_used {
        let message = format!("--journal {}: the folder is not empty", dir.display());
        return Err(Failure::new(Code::X001, message));
    }
    Ok(dir.clone())
}

/// Lets the clients trade until their time is over, showing how it goes.
fn run_client(
    args: &Demo,
    world: &World,
    system: &System,
    stop: &AtomicBool,
    out: Out,
) -> Result<ClientReport, Failure> {
    let connect = system.addrs.first().copied();
    let connect = connect.ok_or_else(|| Failure::new(Code::X006, "the link listens nowhere"))?;
    let options = world.client_options(args, connect);
    let prices = Prices::of_boards(world.boards());
    let client = ClientRunner::spawn(&options, prices).map_err(|error| client_failure(&error))?;
    let mut bar = Bar::start(args.seconds, out);
    while !client.is_finished() {
        if stop.load(Ordering::Acquire) {
            client.stop();
        }
        bar.show(&client.progress());
        std::thread::sleep(LOOK_EVERY);
    }
    bar.end();
    client.join().map_err(|error| client_failure(&error))
}

/// How many FIX sessions were logged on.
fn sessions_seen(system: &System) -> usize {
    let sessions = (0..).take(system.labels.len()).map(SessionIx::new);
    let stats = sessions.filter_map(|ix| system.board.session(ix));
    stats.filter(|stats| stats.counts.logons > 0).count()
}

fn verdict(report: &Report, out: Out) -> Exit {
    let mut exit = Exit::Done;
    let mut no = |code: Code, what: String| {
        out.talk(format!("error[{code}]: {what}"));
        exit = Exit::No;
    };
    let (lost, duplicated) = (report.lost(), report.client.duplicated);
    if lost + duplicated > 0 {
        no(
            Code::X007,
            format!("{lost} orders lost, {duplicated} duplicated"),
        );
    }
    if report.client.violations_count > 0 {
        let count = report.client.violations_count;
        no(Code::X007, format!("{count} reports that cannot be right"));
        for violation in report.client.violations.iter().take(10) {
            out.talk(format!(
                "  {}: {}: {}",
                violation.cl_ord_id, violation.rule, violation.detail
            ));
        }
    }
    if !report.equal() {
        no(Code::J007, "the replay is not equal to the run".to_owned());
    }
    exit
}
