//! The measured server: dcx with one FIX session, as `config/bench.toml` has it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::thread;

use dcx_fix::orders::{Client, Directory, OrderEdge, Peer};
use dcx_fix::{Link, LinkConfig, Role, SessionConfig, SessionIx, StoreConfig};
use dcx_model::{
    AccountId, Command, Configure, Inbound, Instrument, InstrumentId, InstrumentLimits, Limit,
    LimitChange, MonoNanos, Nanos, Notional, OnNoVenue, Price, Qty, Scope, SessionId,
    SessionLimits, StrategyId, VenueSet,
};
use dcx_pipeline::{Core, JournalOptions, Pipeline, PipelineOptions, Running, Topology, recover};
use dcx_ring::Wait;

use super::FixBenchError;
use crate::gateway::{Gateway, symbol};

const CLIENT: SessionId = SessionId::new(0);
const ACCOUNT: AccountId = AccountId::new(0);
const EURUSD: InstrumentId = InstrumentId::new(0);

/// A dcx at work, and where it keeps things.
pub(super) struct Server {
    running: Running,
    addr: SocketAddr,
    dir: PathBuf,
}

impl Server {
    /// Starts one with an empty journal and an empty store below `scratch`.
    pub(super) fn start(
        orders_open_max: u32,
        core: Option<Core>,
        scratch: &Path,
    ) -> Result<Self, FixBenchError> {
        let dir = scratch.join("dcx");
        let journal = dir.join("journal");
        fs::create_dir_all(&journal).map_err(FixBenchError::Directory)?;
        let recovered = recover(&journal, JournalOptions::default());
        let recovered = recovered.map_err(FixBenchError::Journal)?;
        let (builder, [mut setup, fix]) = Pipeline::with(PipelineOptions {
            topology: Topology::Fused { core },
            wait: Wait::Spin,
            ..PipelineOptions::default()
        })
        .links::<2>()
        .map_err(FixBenchError::Start)?;
        for command in configuration(orders_open_max) {
            let received = MonoNanos::new(0);
            let pushed = setup.inbound.try_push(Inbound { received, command });
            pushed.expect("the ring is longer than the configuration");
        }
        drop(setup);
        let edge = OrderEdge::new(directory(), fix.inbound, fix.outbound);
        let config = link_config(dir.join("fix"));
        let link = Link::start(config, edge).map_err(FixBenchError::Link)?;
        let addr = link.local_addrs()[0];
        let gateway = Gateway {
            link,
            stop: fix.stop,
        };
        let running = builder
            .recovered(recovered)
            .link(None, Box::new(gateway))
            .start()
            .map_err(FixBenchError::Start)?;
        Ok(Self { running, addr, dir })
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it in order and removes what it kept.
    pub(super) fn stop(self) -> Result<(), FixBenchError> {
        let report = self.running.stop_and_join();
        if let Some(error) = report.journal_error {
            return Err(FixBenchError::Journal(error));
        }
        fs::remove_dir_all(&self.dir).map_err(FixBenchError::Directory)
    }
}

/// The core of this number, if the machine has it.
pub(super) fn core(number: usize) -> Option<Core> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let number = u16::try_from(number).ok()?;
    (usize::from(number) < cores).then_some(Core(number))
}

/// What the engine is told first: every check on, with limits so wide that none refuses.
fn configuration(orders_open_max: u32) -> Vec<Command> {
    let mut commands = vec![
        Command::Configure(Configure {
            seed: 1,
            orders_open_max,
            ids_kept_max: orders_open_max.saturating_mul(2),
            on_no_venue: OnNoVenue::Hold,
            route_attempts_max: 3,
            discount_ppm: 998_000,
            prior_sd_centi_bps: 200,
            ..Configure::DEFAULT
        }),
        Command::DefineInstrument(Instrument {
            id: EURUSD,
            symbol: symbol(),
            tick: Price::from_units(1_000),
            lot: Qty::whole(1),
            prev_close: Price::from_units(110_000_000).into(),
            venues: VenueSet::NONE,
            multiplier: Instrument::ONE,
        }),
    ];
    commands.extend(
        (InstrumentLimits {
            instrument: EURUSD,
            order_qty_max: Qty::whole(1_000_000),
            order_notional_max: Notional::whole(2_000_000),
            position_max: Qty::whole(10_000_000_000),
            quote_age_max: Nanos::from_seconds(60),
            collar_bps: 500,
            prev_close_allowed: true,
        })
        .changes()
        .map(Command::SetLimit),
    );
    commands.push(Command::SetLimit(LimitChange::configured(
        Scope::Firm,
        Limit::GrossMax,
        Notional::whole(1_000_000_000_000).units(),
    )));
    commands.extend(
        (SessionLimits {
            session: CLIENT,
            orders_per_s_max: 10_000_000,
            burst_max: 10_000_000,
            orders_open_max,
        })
        .changes()
        .map(Command::SetLimit),
    );
    commands
}

fn directory() -> Directory {
    let client = Client {
        session: CLIENT,
        default_account: ACCOUNT,
        accounts: vec![ACCOUNT],
        default_strategy: StrategyId::new(0),
    };
    Directory::new()
        .with_instrument(EURUSD, symbol())
        .with_peer(SessionIx::new(0), Peer::Client(client))
}

fn link_config(store: PathBuf) -> LinkConfig {
    LinkConfig {
        listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
        sessions: vec![SessionConfig {
            store: StoreConfig::File(store),
            ..SessionConfig::fix44("DCX", "CLIENT", Role::Acceptor)
        }],
        ..LinkConfig::default()
    }
}
