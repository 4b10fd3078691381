//! What outsiders see of a running daemon: metrics, health, and a line for each session that
//! changes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use dcx_control::{Health, Kind, Sample, Server};
use dcx_fix::orders::{EdgeBoard, EdgeCounts};
use dcx_fix::{Board, LinkCounts, LinkState, SessionCounts, SessionIx, SessionStats};
use dcx_model::Code;
use dcx_pipeline::{CounterKind, CountersReader, ProcessState};

use crate::exit::{Failure, chain};
use crate::log::Log;
use crate::system::{Label, System};

/// Serves the counters in the file at `counters`, and those of the FIX link.
pub(super) fn serve(
    address: SocketAddr,
    counters: &Path,
    system: &System,
) -> Result<Server, Failure> {
    let open = || {
        CountersReader::open(counters).map_err(|error| Failure::new(error.code(), chain(&error)))
    };
    let (reader, health) = (open()?, open()?);
    let fix = Fix {
        board: Arc::clone(&system.board),
        edge: Arc::clone(&system.edge),
        labels: system.labels.clone(),
    };
    let samples = move || {
        let mut samples: Vec<Sample> = reader.iter().map(|counter| pipeline(&counter)).collect();
        fix.add_to(&mut samples);
        samples
    };
    dcx_control::serve(address, samples, move || state(&health))
        .map_err(|error| Failure::new(error.code(), chain(&error)))
}

fn pipeline(counter: &dcx_pipeline::CounterValue) -> Sample {
    let kind = match counter.kind {
        CounterKind::Count => Kind::Count,
        CounterKind::Gauge => Kind::Gauge,
    };
    let help = counter.name.replace(['.', '_'], " ");
    Sample::new(&counter.name, &help, kind, counter.value)
}

fn state(reader: &CountersReader) -> Health {
    let failed = reader
        .value("journal.failed")
        .is_some_and(|failed| failed > 0);
    match reader.state() {
        _ if failed => Health::Ill(format!("{}: {}", Code::J009, Code::J009.title())),
        Some(state @ (ProcessState::Starting | ProcessState::Running)) => {
            Health::Well(state.to_string())
        }
        Some(state) => Health::Ill(state.to_string()),
        None => Health::Ill("unknown state".to_owned()),
    }
}

/// What the FIX link and its sessions count.
struct Fix {
    board: Arc<Board>,
    edge: Arc<EdgeBoard>,
    labels: Vec<Label>,
}

impl Fix {
    fn add_to(&self, samples: &mut Vec<Sample>) {
        let edge = EdgeCounts::NAMES.iter().zip(self.edge.counts().numbers());
        samples.extend(edge.map(|(name, value)| {
            let help = format!("order edge: {}", name.replace('_', " "));
            Sample::new(&format!("fix.edge_{name}"), &help, Kind::Count, value)
        }));
        let link = LinkCounts::NAMES.iter().zip(self.board.link().numbers());
        samples.extend(link.map(|(name, value)| {
            let help = format!("FIX link: {}", name.replace('_', " "));
            Sample::new(&format!("fix.link_{name}"), &help, Kind::Count, value)
        }));
        for (ix, label) in (0..).zip(&self.labels) {
            let Some(stats) = self.board.session(SessionIx::new(ix)) else {
                continue;
            };
            let of = |sample: Sample| sample.with("peer", label.kind).with("name", &label.name);
            let up = u64::from(stats.state == LinkState::Up);
            samples.push(of(Sample::new(
                "fix.session_up",
                "FIX session is logged on",
                Kind::Gauge,
                up,
            )));
            let counts = SessionCounts::NAMES.iter().zip(stats.counts.numbers());
            samples.extend(counts.map(|(name, value)| {
                let kind = match SessionCounts::is_gauge(name) {
                    true => Kind::Gauge,
                    false => Kind::Count,
                };
                let help = format!("FIX session: {}", name.replace('_', " "));
                of(Sample::new(
                    &format!("fix.session_{name}"),
                    &help,
                    kind,
                    value,
                ))
            }));
        }
    }
}

/// Follows the sessions, and tells what changes.
#[derive(Debug)]
pub(super) struct Watch {
    board: Arc<Board>,
    labels: Vec<Label>,
    /// Whether each was up, and why not.
    last: Vec<(bool, Option<Code>)>,
    edge: Arc<EdgeBoard>,
    stopped: u64,
    feeds_refused: u64,
}

impl Watch {
    pub(super) fn new(system: &System) -> Self {
        Self {
            board: Arc::clone(&system.board),
            labels: system.labels.clone(),
            last: vec![(false, None); system.labels.len()],
            edge: Arc::clone(&system.edge),
            stopped: 0,
            feeds_refused: 0,
        }
    }

    /// Logs child orders that were not sent because more would have gone out than came in.
    pub(super) fn stopped(&mut self, log: &mut Log) {
        let count = self.edge.counts().orders_out_refused;
        let Some(last) = self.edge.stopped().filter(|_| count != self.stopped) else {
            return;
        };
        let (more, code) = (count - self.stopped, last.refusal.code());
        self.stopped = count;
        log.warn(format!(
            "{more} child orders were not sent, the last is {}: {code} {}",
            last.child, last.refusal
        ));
    }

    /// Logs that a venue refuses to tell its market: nothing is traded there without.
    pub(super) fn feeds(&mut self, log: &mut Log) {
        let count = self.edge.counts().feeds_refused;
        let Some((session, reason)) = self.edge.feed_refused() else {
            return;
        };
        if count == self.feeds_refused {
            return;
        }
        self.feeds_refused = count;
        let label = self.labels.get(session.as_usize());
        let name = label.map_or("a venue", |label| label.name.as_str());
        let reason = match reason {
            0 => "no MDReqRejReason (281)".to_owned(),
            reason => format!("MDReqRejReason (281) {}", char::from(reason)),
        };
        log.warn(format!("{name} refuses market data: {reason}"));
    }

    /// Logs each session that came up, went down, or is down for another reason than before.
    pub(super) fn sessions(&mut self, log: &mut Log) {
        for (ix, (label, last)) in (0..).zip(self.labels.iter().zip(&mut self.last)) {
            let Some(stats) = self.board.session(SessionIx::new(ix)) else {
                continue;
            };
            let up = stats.state == LinkState::Up;
            let reason = if up { None } else { stats.reason };
            if *last == (up, reason) {
                continue;
            }
            *last = (up, reason);
            let text = describe(label, &stats);
            if up {
                log.info(text);
            } else {
                log.warn(text);
            }
        }
    }
}

/// State, reason and what happens next, in a line.
fn describe(label: &Label, stats: &SessionStats) -> String {
    let Label { kind, name } = label;
    let next = match (stats.state, *kind) {
        (LinkState::Up, _) => {
            let (next_in, next_out) = (stats.counts.next_in, stats.counts.next_out);
            return format!("{kind} {name}: logged on, next in {next_in}, next out {next_out}");
        }
        (LinkState::Off, _) => "it stays off",
        (LinkState::Failed, _) => "it stays off until a restart",
        (_, "venue") => "we connect again",
        _ => "we wait for it",
    };
    match stats.reason {
        Some(code) => format!(
            "{kind} {name}: {}, {code} {} (dcx error {}); {next}",
            stats.state.name(),
            code.title(),
            code.short()
        ),
        None => format!("{kind} {name}: {}; {next}", stats.state.name()),
    }
}
