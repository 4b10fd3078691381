//! The daemon's configuration: one TOML file, every fault told at once, every value with its
//! origin.
//!
//! [`load`] reads a file into what it found and, if nothing stands against a start, a
//! [`Config`]. [`Config::commands`] turns that into what the engine is told.

mod finding;
mod limits;
mod market;
mod parties;
mod profile;
mod read;
mod routing;
mod section;
mod sessions;
mod speech;
#[cfg(test)]
mod tests;
mod watching;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dcx_fix::market::{ClientMarket, Currency, VenueMarket};
use dcx_fix::{Dictionary, MessageLogConfig, TlsAccept};
use dcx_model::{
    Account, AccountId, Code, Command, Configure, FactorMapping, Instrument, InstrumentId,
    LimitChange, OnNoVenue, OnOrphan, Operator, Permission, PermittedMeans, RequestId, Routing,
    ScenarioReturn, Scope, SessionId, SessionPolicy, StrategyId, TradingHours, Venue, VenueSet,
};
use dcx_pipeline::JournalMode;
use dcx_ring::Wait;

use crate::exit::Failure;

use self::sessions::SessionKeys;
use self::watching::Watching;

pub(crate) use finding::{Finding, Source};
pub(crate) use profile::{Profile, write as write_profile};
pub(crate) use section::{Effective, Origin};
pub(crate) use speech::Speech;
pub(crate) use watching::Copies;

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
    pub(crate) tls: Option<TlsAccept>,
}

/// An account with its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedAccount {
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
    pub(crate) account: Account,
}

/// What is not permitted to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) scope: Scope,
    /// Instruments that may not be traded.
    pub(crate) denied: Vec<InstrumentId>,
    /// Venues that may be used; none for all.
    pub(crate) venues: Option<VenueSet>,
    /// Algorithms that may be used, one bit each; none for all.
    pub(crate) algos: Option<u16>,
}

impl Grant {
    /// What the engine is told of it.
    fn commands(&self) -> Vec<Command> {
        let by = Operator {
            author: "configuration".parse().unwrap_or_default(),
            reason: "as configured".parse().unwrap_or_default(),
        };
        let request = RequestId::new(0);
        let denied = self.denied.iter().map(|instrument| {
            Command::SetPermission(Permission {
                scope: self.scope,
                instrument: Some(*instrument),
                allowed: false,
                request,
                by,
            })
        });
        let means = (self.venues.is_some() || self.algos.is_some()).then(|| {
            Command::SetMeans(PermittedMeans {
                scope: self.scope,
                venues: self.venues.unwrap_or(VenueSet::from_bits(u64::MAX)),
                algos: self.algos.unwrap_or(u16::MAX),
                request,
                by,
            })
        });
        denied.chain(means).collect()
    }
}

/// The control socket and who may use it.
#[derive(Clone, Debug)]
pub(crate) struct ControlConfig {
    pub(crate) enabled: bool,
    pub(crate) socket: PathBuf,
    /// Of the socket's file.
    pub(crate) mode: u32,
    /// Nobody: the user that runs the daemon may do everything.
    pub(crate) operators: Vec<dcx_control::socket::Operator>,
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
    pub(crate) cancel_on_disconnect: bool,
    pub(crate) cancel_on_logout: bool,
    /// What it may ask of the market; none where it may not ask.
    pub(crate) market: Option<ClientMarket>,
    pub(crate) speech: Speech,
    /// Of orders that name no other.
    pub(crate) strategy: StrategyId,
    /// How its session treats it.
    pub(crate) keys: SessionKeys,
    /// What it is told besides its own reports.
    pub(crate) watching: Watching,
}

/// A venue and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VenueLink {
    pub(crate) venue: Venue,
    pub(crate) connect: SocketAddr,
    pub(crate) sender_comp_id: String,
    pub(crate) target_comp_id: String,
    pub(crate) speech: Speech,
    pub(crate) heart_bt_int_s: u32,
    pub(crate) reset_on_logon: bool,
    /// Whether it is asked for the trades that it prints.
    pub(crate) trades: bool,
    /// Whether it is asked for halts and openings of its instruments.
    pub(crate) phases: bool,
    /// What it is asked for of its market; none where it is asked for nothing.
    pub(crate) market: Option<VenueMarket>,
    /// Where else it is reached.
    pub(crate) others: Vec<SocketAddr>,
    /// How its session treats it.
    pub(crate) keys: SessionKeys,
}

/// The bounds of the FIX link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    pub(crate) store_dir: PathBuf,
    pub(crate) message_bytes_max: usize,
    pub(crate) out_bytes_max: usize,
    pub(crate) logon_timeout_s: u32,
    /// Connections a second from one address; 0 for any number.
    pub(crate) logons_per_s_max: u32,
    pub(crate) message_log: Option<MessageLogConfig>,
    /// Trades that are kept for who asks for them; 0 for none.
    pub(crate) trades_max: usize,
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
    /// Every account, in the order of its numbers, with its owner.
    pub(crate) accounts: Vec<NamedAccount>,
    /// Every strategy but that of orders that name none.
    pub(crate) strategies: Vec<String>,
    pub(crate) hours: Vec<TradingHours>,
    /// By instrument, what its prices are in.
    pub(crate) currencies: Vec<Currency>,
    /// What is known of instruments' markets.
    pub(crate) profiles: Vec<(InstrumentId, Profile)>,
    pub(crate) factors: Vec<FactorMapping>,
    pub(crate) routing: routing::RoutingConfig,
    /// The routings of instruments that have a policy of their own.
    pub(crate) routings: Vec<Routing>,
    /// The risk factors, in the order of their numbers.
    pub(crate) factor_names: Vec<String>,
    pub(crate) scenarios: Vec<ScenarioReturn>,
    pub(crate) limits: Vec<LimitChange>,
    pub(crate) permissions: Vec<Grant>,
    pub(crate) control: ControlConfig,
    pub(crate) counters: PathBuf,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) log_dir: PathBuf,
}

impl Config {
    /// What the engine is told before anything else, in order; its limits follow.
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
        let accounts = self.accounts.iter();
        commands.extend(accounts.map(|it| Command::DefineAccount(it.account)));
        commands.extend(self.hours.iter().copied().map(Command::DefineHours));
        commands.extend(
            self.profiles
                .iter()
                .flat_map(|(instrument, profile)| profile.commands(*instrument)),
        );
        commands.extend(self.factors.iter().copied().map(Command::MapFactor));
        commands.extend(self.scenarios.iter().copied().map(Command::SetScenario));
        commands.extend(self.clients.iter().map(|client| {
            Command::SetSessionPolicy(SessionPolicy {
                session: client.session,
                cancel_on_disconnect: client.cancel_on_disconnect,
                cancel_on_logout: client.cancel_on_logout,
            })
        }));
        commands.extend(self.permissions.iter().flat_map(Grant::commands));
        commands.push(Command::SetRoutingRules(self.routing.rules));
        commands.push(Command::SetRouting(self.routing.routing));
        commands.extend(self.routings.iter().copied().map(Command::SetRouting));
        commands
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

/// Reads the file at `path`, and the volume profiles that it names. Opens nothing else.
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

/// The dictionaries that the file at `path` defines, whatever else is in it.
pub(crate) fn load_dictionaries(path: &Path) -> Result<Vec<Arc<Dictionary>>, Failure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Failure::io("reading", path, &error))?;
    let source = Source {
        path: path.display().to_string(),
        text,
    };
    let (dictionaries, findings) = read::read_dictionaries(&source);
    match findings.iter().find(|finding| finding.fatal) {
        Some(finding) => {
            let message = source.render(finding, false);
            Err(Failure::new(finding.code, message).told(&findings))
        }
        None => Ok(dictionaries),
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

/// The word of each way to treat an order that is found at a venue and not known.
const ON_ORPHAN: &[(&str, OnOrphan)] = &[
    ("report", OnOrphan::Report),
    ("adopt", OnOrphan::Adopt),
    ("cancel", OnOrphan::Cancel),
];
