//! `dcx run`: the daemon. The main thread only watches, logs and reloads; orders never pass it.

mod observe;
mod reload;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dcx_control::Server;
use dcx_model::{Code, Event, Ignored, Outbound};
use dcx_pipeline::{Counters, FinalReport, JournalMode, JournalState, ProcessState, Tail};
use serde_json::json;

use crate::check::talk_findings;
use crate::config::{self, Config, Effective};
use crate::exit::{Exit, Failure, Outcome, chain};
use crate::log::{Log, now};
use crate::out::Out;
use crate::system::System;
use crate::text::{count, hex, span};

use observe::Watch;

/// How often the main thread looks at signals and sessions.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs the daemon until a signal ends it.
pub(crate) fn run(path: &Path, out: Out) -> Outcome {
    let loaded = config::load(path);
    talk_findings(&loaded, out);
    let Some(config) = loaded.config else {
        let message = format!("{} has faults that stand against a start", path.display());
        return Err(Failure::new(Code::C001, message).told(&loaded.findings));
    };
    let signals = Signals::register()?;
    let mut log = Log::open(&config.log_dir, out)?;
    log.info(format!(
        "dcx {} starts from {}",
        env!("CARGO_PKG_VERSION"),
        path.display()
    ));
    let outcome = serve(path, config, loaded.values, &signals, &mut log, out);
    match &outcome {
        Ok(_) => log.info("dcx has ended"),
        Err(failure) => log.error(format!("{failure}")),
    }
    outcome
}

fn serve(
    path: &Path,
    config: Config,
    values: Vec<Effective>,
    signals: &Signals,
    log: &mut Log,
    out: Out,
) -> Outcome {
    let counters_path = config.counters.clone();
    let counters = counters(&counters_path)?;
    let metrics_addr = config.metrics;
    let system = System::start(config, counters.clone())?;
    say_start(&system, log);
    let metrics = metrics_addr
        .map(|address| observe::serve(address, &counters_path, &system))
        .transpose();
    let metrics = match metrics {
        Ok(metrics) => metrics,
        Err(failure) => {
            // What runs is ended in order all the same.
            let _ = system.stop();
            return Err(failure);
        }
    };
    if let Some(server) = &metrics {
        log.info(format!("metrics at http://{}/metrics", server.local_addr()));
    }
    watch(path, &system, values, signals, log);
    end(system, metrics, &counters, log, out)
}

/// Looks after a running system until it should end.
fn watch(
    path: &Path,
    system: &System,
    mut values: Vec<Effective>,
    signals: &Signals,
    log: &mut Log,
) {
    let mut watch = Watch::new(system);
    let mut config = system.config.clone();
    while !signals.stop.load(Ordering::Acquire) {
        watch.sessions(log);
        watch.stopped(log);
        watch.feeds(log);
        for outbound in system.notable.try_iter() {
            log.warn(notable(&outbound, &config));
        }
        if signals.reload.swap(false, Ordering::AcqRel) {
            reload::reload(path, system, &mut config, &mut values, log);
        }
        if system.running.is_finished() {
            log.error("the pipeline ended by itself");
            return;
        }
        if system.running.journal_state() == JournalState::Failed {
            log.error(format!("{}: {}", Code::J009, Code::J009.meaning()));
            return;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    log.info("asked to stop: nothing more is taken in, everything taken goes out");
}

fn end(
    system: System,
    metrics: Option<Server>,
    counters: &Counters,
    log: &mut Log,
    out: Out,
) -> Outcome {
    let journalled = system.config.journal != JournalMode::Off;
    let asked = !system.running.is_finished();
    let report = system.stop();
    if let Some(server) = metrics {
        server.stop();
    }
    log.info(format!(
        "{} commands, {} events, state {}, events {}",
        count(report.commands),
        count(report.events),
        hex(report.state_digest),
        hex(report.event_digest)
    ));
    out.object(&json!({
        "commands": report.commands,
        "events": report.events,
        "state_digest": hex(report.state_digest),
        "event_digest": hex(report.event_digest),
        "journal_mode": if journalled { "async" } else { "off" },
    }));
    verdict(&report, asked, counters)
}

fn verdict(report: &FinalReport, asked: bool, counters: &Counters) -> Outcome {
    if let Some(error) = &report.journal_error {
        counters.set_state(ProcessState::Failed);
        let message = format!(
            "{} ({} events were withheld)",
            chain(error),
            report.withheld
        );
        return Err(Failure::new(Code::J009, message));
    }
    counters.set_state(ProcessState::Stopped);
    if !asked {
        return Err(Failure::new(Code::X006, "the pipeline ended by itself"));
    }
    Ok(Exit::Done)
}

/// An event that somebody should look at, in words.
fn notable(outbound: &Outbound, config: &Config) -> String {
    let seq = outbound.seq;
    match outbound.event {
        Event::StateSet {
            scope,
            state,
            cause,
            ..
        } => format!("command {seq}: {scope:?} is {} ({cause:?})", state.name()),
        Event::Ignored {
            cause: Ignored::BadConfiguration,
            ..
        } => format!("command {seq}: the engine does not take this configuration"),
        Event::Ignored {
            cause,
            venue,
            child,
            exec_id,
        } => {
            let mut venues = config.venues.iter();
            let name = venues.find(|link| link.venue.id == venue);
            let name = name.map_or_else(|| venue.to_string(), |link| link.venue.name.to_string());
            format!("command {seq}: venue {name}, child {child}, report {exec_id}: {cause:?}")
        }
        event => format!("command {seq}: {event:?}"),
    }
}

/// Makes the counters file and the folders above it.
fn counters(path: &Path) -> Result<Counters, Failure> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("making", dir, &error))?;
    }
    Counters::create(path, now()).map_err(|error| Failure::new(Code::X004, chain(&error)))
}

fn say_start(system: &System, log: &mut Log) {
    if let Some(torn) = system.trimmed {
        log.warn(format!(
            "{}: {}: {} bytes cut off segment {} at byte {}",
            Code::J008,
            Code::J008.title(),
            torn.bytes,
            torn.segment,
            torn.offset
        ));
    }
    if let Some(replayed) = &system.replayed {
        let whole = match replayed.tail {
            Tail::Whole => "whole",
            Tail::Torn(_) => "trimmed",
        };
        log.info(format!(
            "journal replayed: {} commands, {whole}, state {}",
            count(replayed.commands),
            hex(replayed.state_digest)
        ));
    }
    let config = &system.config;
    log.info(format!(
        "journal {} in {}, topology {}",
        config.journal,
        config.journal_dir.display(),
        config.topology.name()
    ));
    for (acceptor, address) in config.fix.acceptors.iter().zip(&system.addrs) {
        log.info(format!(
            "FIX 4.4 acceptor {} listens on {address}",
            acceptor.comp_id
        ));
    }
    if let Some(control) = &system.control {
        log.info(format!("operators ask at {}", control.path().display()));
    }
    for link in &config.venues {
        log.info(format!(
            "venue {} is connected to at {}, heartbeat {}",
            link.venue.name,
            link.connect,
            span(dcx_model::Nanos::from_seconds(u64::from(
                link.heart_bt_int_s
            )))
        ));
    }
}

/// What signals ask for.
#[derive(Debug)]
struct Signals {
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Signals {
    fn register() -> Result<Self, Failure> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let (stop, reload) = (Arc::default(), Arc::default());
        let register = |signal, flag: &Arc<AtomicBool>| {
            signal_hook::flag::register(signal, Arc::clone(flag))
                .map(|_| ())
                .map_err(|error| Failure::new(Code::X004, format!("handling signals: {error}")))
        };
        register(SIGTERM, &stop)?;
        register(SIGINT, &stop)?;
        register(SIGHUP, &reload)?;
        Ok(Self { stop, reload })
    }
}
