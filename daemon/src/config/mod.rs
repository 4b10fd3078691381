//! The daemon's configuration: one TOML file, every fault told at once, every value with its
//! origin.
//!
//! [`load`] reads a file into what it found and, if nothing stands against a start, a
//! [`Config`]. [`Config::commands`] turns that into what the engine is told.

mod finding;
mod read;
mod section;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dcx_model::{
    AccountId, Code, Command, Configure, Instrument, InstrumentLimits, OnNoVenue, SessionId,
    SessionLimits, Venue,
};
use dcx_pipeline::JournalMode;
use dcx_ring::Wait;

pub(crate) use finding::{Finding, Source};
pub(crate) use section::{Effective, Origin};

/// How the workers share threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    /// All take turns on one thread.
    Fused,
    /// Each has a thread of its own.
    Split,
}

impl Topology {
    /// Its word in the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Split => "split",
        }
    }
}

/// Where clients reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acceptor {
    pub(crate) listen: SocketAddr,
    pub(crate) comp_id: String,
}

/// A client and its FIX session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) session: SessionId,
    pub(crate) comp_id: String,
    /// Our CompID on its session.
    pub(crate) acceptor: String,
    /// Whose position its orders change.
    pub(crate) account: AccountId,
    pub(crate) account_name: String,
    pub(crate) reset_on_logon: bool,
}

/// A venue and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VenueLink {
    pub(crate) venue: Venue,
    pub(crate) connect: SocketAddr,
    pub(crate) sender_comp_id: String,
    pub(crate) target_comp_id: String,
    pub(crate) heart_bt_int_s: u32,
    pub(crate) reset_on_logon: bool,
}

/// The bounds of the FIX link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    pub(crate) store_dir: PathBuf,
    pub(crate) message_bytes_max: usize,
    pub(crate) out_bytes_max: usize,
    pub(crate) logon_timeout_s: u32,
    pub(crate) acceptors: Vec<Acceptor>,
}

/// Everything the daemon is told, complete and consistent.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) engine: Configure,
    pub(crate) topology: Topology,
    pub(crate) cores: Vec<usize>,
    pub(crate) wait: Wait,
    pub(crate) journal: JournalMode,
    pub(crate) journal_dir: PathBuf,
    pub(crate) fix: Fix,
    pub(crate) clients: Vec<Client>,
    pub(crate) venues: Vec<VenueLink>,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) instrument_limits: Vec<InstrumentLimits>,
    pub(crate) session_limits: Vec<SessionLimits>,
    pub(crate) counters: PathBuf,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) log_dir: PathBuf,
}

impl Config {
    /// What the engine is told before anything else, in order.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands = vec![Command::Configure(self.engine)];
        commands.extend(
            self.venues
                .iter()
                .map(|link| Command::DefineVenue(link.venue)),
        );
        commands.extend(
            self.instruments
                .iter()
                .copied()
                .map(Command::DefineInstrument),
        );
        commands.extend(self.limit_commands());
        commands
    }

    /// The limits, which may change while the daemon runs.
    pub(crate) fn limit_commands(&self) -> Vec<Command> {
        let instruments = self.instrument_limits.iter().copied();
        let sessions = self.session_limits.iter().copied();
        let instruments = instruments.flat_map(InstrumentLimits::changes);
        let sessions = sessions.flat_map(SessionLimits::changes);
        instruments.chain(sessions).map(Command::SetLimit).collect()
    }

    /// The accounts in use, each once.
    pub(crate) fn accounts(&self) -> Vec<(&str, AccountId)> {
        let mut accounts: Vec<(&str, AccountId)> = self
            .clients
            .iter()
            .map(|client| (client.account_name.as_str(), client.account))
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// The session of the client at this place.
    pub(crate) fn session(ix: usize) -> SessionId {
        SessionId::new(u16::try_from(ix).unwrap_or(u16::MAX))
    }
}

/// A file as it was read, what is wrong with it and what would be in force.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) source: Source,
    /// In the order of their places in the file.
    pub(crate) findings: Vec<Finding>,
    pub(crate) values: Vec<Effective>,
    /// None when a finding is fatal.
    pub(crate) config: Option<Config>,
}

/// Reads the file at `path`. Opens nothing else.
pub(crate) fn load(path: &Path) -> Loaded {
    let shown = path.display().to_string();
    let read = std::fs::read(path).map_err(|error| error.to_string());
    let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
    match text {
        Ok(text) => parse(Source { path: shown, text }),
        Err(why) => Loaded {
            source: Source {
                path: shown,
                text: String::new(),
            },
            findings: vec![Finding {
                code: Code::C001,
                message: format!("the file cannot be read: {why}"),
                span: None,
                help: Code::C001.remedy().to_owned(),
                fatal: true,
            }],
            values: Vec::new(),
            config: None,
        },
    }
}

/// Reads a text as a configuration.
pub(crate) fn parse(source: Source) -> Loaded {
    let (config, mut findings, values) = read::read(&source);
    findings.sort_by_key(|finding| finding.span.as_ref().map_or(usize::MAX, |span| span.start));
    let config = config.filter(|_| !findings.iter().any(|finding| finding.fatal));
    Loaded {
        source,
        findings,
        values,
        config,
    }
}

/// The word of each way to treat an order that no venue can take.
const ON_NO_VENUE: &[(&str, OnNoVenue)] =
    &[("hold", OnNoVenue::Hold), ("reject", OnNoVenue::Reject)];
