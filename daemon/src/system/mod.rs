//! A whole dcx in this process: journal, engine, FIX link, all put together from a
//! configuration. `dcx run` and `dcx demo` start the same.

mod control;
mod fix;
mod replayed;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use dcx_control::socket::ControlSocket;
use dcx_engine::Engine;
use dcx_fix::orders::{EdgeBoard, TradeLog};
use dcx_fix::{Board, LinkError, SessionIx};
use dcx_model::{Code, Command, Limit, LimitChange, Nanos, Outbound, Scope, SessionId};
use dcx_pipeline::{
    Core, Cores, Counters, FinalReport, JournalMode, JournalOptions, Pipeline, PipelineOptions,
    ReplayReport, Running, Sampling, StartError, Topology, Torn, recover_observed,
};

use crate::config::{self, Config};
use crate::exit::{Failure, chain};
use crate::journal::failure;
use crate::log::now;
use crate::names::NameTable;
use crate::operate::{self, Notes, Offs, Requests, Service, VenueSeat};

use control::Control;
pub(crate) use fix::{DISABLED, Label};
use replayed::Found;

/// A dcx at work.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) running: Running,
    /// Where operators ask; none where the configuration wants none.
    pub(crate) control: Option<ControlSocket>,
    /// Where FIX clients reach it, port 0 resolved.
    pub(crate) addrs: Vec<SocketAddr>,
    /// Who is at the other end of each FIX session, in the order of the board.
    pub(crate) labels: Vec<Label>,
    pub(crate) board: Arc<Board>,
    pub(crate) edge: Arc<EdgeBoard>,
    /// Commands of the operator go in here.
    pub(crate) orders: SyncSender<Command>,
    /// Events that people should hear of come out here.
    pub(crate) notable: Receiver<Outbound>,
    pub(crate) names: NameTable,
    /// The configuration with the numbers that the journal knows.
    pub(crate) config: Config,
    /// What the journal held before, and what was cut off its end.
    pub(crate) replayed: Option<ReplayReport>,
    pub(crate) trimmed: Option<Torn>,
}

impl System {
    /// Recovers the journal and starts everything.
    pub(crate) fn start(config: Config, counters: Counters) -> Result<Self, Failure> {
        Self::start_with(config, counters, Sampling::default())
    }

    /// The same with every single command measured.
    pub(crate) fn start_measured(config: Config, counters: Counters) -> Result<Self, Failure> {
        Self::start_with(config, counters, Sampling::one_in(1))
    }

    fn start_with(
        mut config: Config,
        counters: Counters,
        sampling: Sampling,
    ) -> Result<Self, Failure> {
        let dir = config.journal_dir.clone();
        let mut found = Found {
            notes: Notes::default(),
            trades: TradeLog::with_room_for(config.fix.trades_max),
        };
        let recovered = match config.journal {
            JournalMode::Off => None,
            JournalMode::Async => {
                let recovered = recover_observed(&dir, JournalOptions::default(), &mut found);
                Some(recovered.map_err(|error| failure(&error))?)
            }
        };
        let replayed = recovered.as_ref().and_then(|recovered| recovered.replayed);
        let trimmed = recovered.as_ref().and_then(|recovered| recovered.trimmed);
        let names = number(&mut config, &dir, replayed.is_some())?;

        let options = PipelineOptions {
            sampling,
            ..options(&config)
        };
        let pipeline = Pipeline::with(options).links::<2>();
        let (builder, [control_ends, fix_ends]) =
            pipeline.map_err(|error| start_failure(&error))?;
        let Found { notes, trades } = found;
        let first = first_commands(&config, &names, &notes);
        let requests = Requests::starting(now(), notes);
        let (control, control_ends) = Control::new(control_ends, first, Arc::clone(&requests));
        let engine = recovered.as_ref().map(|recovered| &recovered.engine);
        let offs = Offs::read(&config.fix.store_dir)?;
        let fix = fix::start(&config, &names, (engine, trades), &offs, fix_ends);
        let fix = fix.map_err(|error| link_failure(&error))?;
        let builder = builder.counters(counters);
        let inspector = builder.inspector();
        let builder = match recovered {
            Some(recovered) => builder.recovered(recovered),
            None => builder.without_journal(Engine::new()),
        };
        let core = |place| core(&config, place);
        let running = builder
            .link(core(5), Box::new(control))
            .link(core(4), Box::new(fix.worker))
            .start()
            .map_err(|error| start_failure(&error))?;
        let venues = venue_seats(&config);
        let newsreaders = newsreaders(&config);
        let service = |audit| Service {
            orders: control_ends.orders.clone(),
            requests,
            inspector,
            names: names.clone(),
            venues,
            words: fix.words,
            newsreaders,
            labels: fix.labels.clone(),
            board: Arc::clone(&fix.board),
            edge: Arc::clone(&fix.edge),
            flushed: fix.flushed,
            link: fix.control,
            offs,
            hours: fix.hours,
            journal: config.journal,
            audit,
        };
        let control = match operate::open(&config.control, &config.log_dir, service) {
            Ok(control) => control,
            Err(failure) => {
                // What runs is ended in order all the same.
                drop(running.stop_and_join());
                return Err(failure);
            }
        };
        Ok(Self {
            running,
            control,
            addrs: fix.addrs,
            labels: fix.labels,
            board: fix.board,
            edge: fix.edge,
            orders: control_ends.orders,
            notable: control_ends.notable,
            names,
            config,
            replayed,
            trimmed,
        })
    }

    /// Stops taking anything in, lets everything go out, and says what came of the run.
    pub(crate) fn stop(self) -> FinalReport {
        if let Some(control) = self.control {
            // Who got no answer by now is told by its end that the outcome is unknown.
            let _ = control.stop(operate::GRACE);
        }
        self.running.stop_and_join()
    }
}

/// The sessions of venues come behind those of clients.
fn venue_seats(config: &Config) -> Vec<VenueSeat> {
    let first = u16::try_from(config.clients.len()).unwrap_or(u16::MAX);
    let venues = (first..).zip(&config.venues);
    venues
        .map(|(ix, link)| VenueSeat {
            venue: link.venue.id,
            name: link.venue.name.to_string(),
            session: SessionIx::new(ix),
        })
        .collect()
}

/// The sessions that get news.
fn newsreaders(config: &Config) -> Vec<(SessionId, String)> {
    let clients = config.clients.iter();
    let readers = clients.filter(|client| client.watching.news.is_some());
    readers
        .map(|client| (client.session, client.comp_id.clone()))
        .collect()
}

/// Gives everything the number that the journal knows it by.
fn number(config: &mut Config, dir: &Path, goes_on: bool) -> Result<NameTable, Failure> {
    if config.journal == JournalMode::Off {
        let mut names = NameTable::default();
        names.number(config);
        return Ok(names);
    }
    let before = NameTable::read(dir)?;
    if goes_on && before == NameTable::default() {
        let message = format!(
            "{} has a journal and no names.json, without which its numbers mean nothing",
            dir.display()
        );
        return Err(Failure::new(Code::J004, message));
    }
    let mut names = before.clone();
    names.number(config);
    if names != before {
        names.write(dir)?;
    }
    Ok(names)
}

/// What the engine is told before anything else: its configuration, as far as it does not have it
/// already, and that nobody is logged on yet.
fn first_commands(config: &Config, names: &NameTable, notes: &Notes) -> Vec<Command> {
    let mut commands = config.commands();
    commands.extend(
        limit_changes(config, notes)
            .into_iter()
            .map(Command::SetLimit),
    );
    commands.extend(
        names
            .venue_ids()
            .map(|venue| Command::VenueState { venue, up: false }),
    );
    commands.extend(names.session_ids().map(|session| Command::SessionState {
        session,
        link: dcx_model::SessionLink::Disconnected,
    }));
    commands
}

/// What makes the limits that the journal knows into those of the configuration. The engine judges
/// each change: what lets less through applies at once, what lets more through waits for a person.
fn limit_changes(config: &Config, notes: &Notes) -> Vec<LimitChange> {
    let in_force = |scope: Scope, limit: Limit| {
        let mut limits = notes.limits();
        limits.find_map(|(at, kind, note)| ((at, kind) == (scope, limit)).then_some(note.value))
    };
    let waits = |change: &LimitChange| {
        let mut proposals = notes.proposals();
        proposals.any(|(_, note)| {
            (note.view.scope, note.view.limit, note.view.after)
                == (change.scope, change.limit, change.value)
        })
    };
    let configured = config.limits.iter().copied();
    let differ = configured.filter(|change| in_force(change.scope, change.limit) != change.value);
    let gone = notes.limits().filter_map(|(scope, limit, _)| {
        let mut configured = config.limits.iter();
        let kept = configured.any(|change| (change.scope, change.limit) == (scope, limit));
        (!kept).then_some(LimitChange {
            value: None,
            ..LimitChange::configured(scope, limit, 0)
        })
    });
    differ.chain(gone).filter(|change| !waits(change)).collect()
}

/// Room for open orders up to which the digest of all state is taken while trading. It reads every
/// open order while everything waits: a larger book has it at its orderly end alone, and marks of
/// its events meanwhile.
const CHECKPOINT_ORDERS_MAX: u32 = 131_072;

fn options(config: &Config) -> PipelineOptions {
    let topology = match config.topology {
        config::Topology::Fused => Topology::Fused {
            core: core(config, 0),
        },
        config::Topology::Split => Topology::Split(Cores {
            sequencer: core(config, 0),
            journal: core(config, 1),
            engine: core(config, 2),
            egress: core(config, 3),
        }),
    };
    let defaults = PipelineOptions {
        topology,
        wait: config.wait,
        ..PipelineOptions::default()
    };
    if config.engine.orders_open_max <= CHECKPOINT_ORDERS_MAX {
        return defaults;
    }
    PipelineOptions {
        checkpoint_every: 0,
        checkpoint_idle: Nanos::new(u64::MAX),
        ..defaults
    }
}

/// The core in this place of `engine.cores`.
fn core(config: &Config, place: usize) -> Option<Core> {
    let number = config.cores.get(place)?;
    Some(Core(u16::try_from(*number).unwrap_or(u16::MAX)))
}

fn start_failure(error: &StartError) -> Failure {
    Failure::new(error.code(), chain(error))
}

fn link_failure(error: &LinkError) -> Failure {
    Failure::new(error.code().unwrap_or(Code::X004), chain(error))
}
