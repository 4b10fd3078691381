//! The FIX link of the daemon: all its sessions, and its orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use dcx_engine::Engine;
use dcx_fix::market::{ClientMarket, MarketOptions, Security};
use dcx_fix::orders::{
    ChildLeft, Client, Directory, DropCopy, EdgeBoard, OrderEdge, OrderLeft, OrdersOut, Peer,
    TradeLog, VenuePeer, Watched, Words,
};
use dcx_fix::{
    Board, Flushed, Link, LinkConfig, LinkControl, LinkError, Role, Schedule, SessionConfig,
    SessionIx, StoreConfig,
};
use dcx_model::{InstrumentId, Level, Limit, MonoNanos, Nanos, Now, Scope};
use dcx_pipeline::{LinkEnds, Stop};
use dcx_ring::Worker;

use crate::config::{Config, Copies};
use crate::names::NameTable;
use crate::operate::Offs;

/// How long peers have to answer our Logout (5).
const LOGOUT_PATIENCE: Nanos = Nanos::from_millis(500);

/// What a peer is told that logs on to a session that is disabled. Why is not its business.
pub(crate) const DISABLED: &str = "session is disabled by the operator";

/// Who is at the other end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// `client` or `venue`.
    pub(crate) kind: &'static str,
    /// Its CompID or name.
    pub(crate) name: String,
}

impl Label {
    /// What tells it from every other session.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.kind, self.name)
    }
}

/// A link that was started, and where it is observed.
pub(super) struct Started {
    pub(super) worker: FixWorker,
    /// What people say goes in here, to be told as news.
    pub(super) words: SyncSender<Words>,
    pub(super) addrs: Vec<SocketAddr>,
    pub(super) labels: Vec<Label>,
    pub(super) board: Arc<Board>,
    pub(super) edge: Arc<EdgeBoard>,
    pub(super) flushed: Arc<Flushed>,
    pub(super) control: LinkControl,
    /// The hours of each session that has some.
    pub(super) hours: Vec<Option<Schedule>>,
}

/// Words of people that may wait to be told as news.
const WORDS_MAX: usize = 256;

/// Opens stores and addresses. `engine` is the one that was read from the journal, if one was, and
/// `trades` what it traded.
pub(super) fn start(
    config: &Config,
    names: &NameTable,
    (engine, trades): (Option<&Engine>, TradeLog),
    offs: &Offs,
    ends: LinkEnds,
) -> Result<Started, LinkError> {
    let (words, news) = sync_channel(WORDS_MAX);
    let edge = OrderEdge::new(directory(config, names), ends.inbound, ends.outbound)
        .with_orders_out(orders_out(config, engine))
        .with_market(&market(config))
        .with_trades(trades)
        .with_news(news);
    let edge_board = edge.board();
    let labels = labels(config);
    let mut link_config = link_config(config);
    for (session, label) in link_config.sessions.iter_mut().zip(&labels) {
        session.disabled = offs.get(&label.key()).map(|_| DISABLED.to_owned());
    }
    let sessions = link_config.sessions.iter();
    let hours = sessions.map(|session| session.schedule.clone()).collect();
    let mut link = Link::start(link_config, edge)?;
    let flushed = link.flushed();
    link.application_mut().paced_by(flushed);
    Ok(Started {
        words,
        control: link.control(),
        hours,
        addrs: link.local_addrs().to_vec(),
        labels,
        board: link.board(),
        edge: edge_board,
        flushed: link.flushed(),
        worker: FixWorker {
            link,
            stop: ends.stop,
            ending: Ending::NotYet,
        },
    })
}

/// Sessions in the order of the link: clients, then venues.
fn labels(config: &Config) -> Vec<Label> {
    let clients = config.clients.iter().map(|client| Label {
        kind: "client",
        name: client.comp_id.clone(),
    });
    let venues = config.venues.iter().map(|link| Label {
        kind: "venue",
        name: link.venue.name.to_string(),
    });
    clients.chain(venues).collect()
}

/// What the last look at every order that goes out goes by: the edge's own account from here on.
fn orders_out(config: &Config, engine: Option<&Engine>) -> OrdersOut {
    let room = config.engine.orders_open_max as usize;
    let mut account = OrdersOut::with_room_for(room, room);
    let Some(engine) = engine else {
        return account;
    };
    let open = engine
        .orders()
        .filter(|view| !view.ord_status.is_terminal());
    let orders = open.map(|view| OrderLeft {
        order: view.order,
        order_qty: view.order_qty,
        cum_qty: view.cum_qty,
    });
    let children = engine.children_working_view().map(|child| ChildLeft {
        child: child.child,
        order: child.order,
        venue: child.venue,
        cum_qty: child.cum_qty,
        leaves_qty: child.leaves_qty,
    });
    account.restore(engine.halted(), orders, children);
    account
}

fn directory(config: &Config, names: &NameTable) -> Directory {
    let mut directory = Directory::new();
    for instrument in &config.instruments {
        directory = directory.with_instrument(instrument.id, instrument.symbol);
    }
    for named in &config.accounts {
        if let Ok(name) = named.name.parse() {
            directory = directory.with_account(named.account.id, name);
        }
    }
    for name in &config.strategies {
        let scope = names.scope(Level::Strategy, name);
        if let (Some(Scope::Strategy(strategy)), Ok(name)) = (scope, name.parse()) {
            directory = directory.with_strategy(strategy, name);
        }
    }
    // Also those that are not configured any more: their orders may live on.
    for session in names.session_ids() {
        directory = directory.with_client_name(session, names.session_name(session));
    }
    let clients = config
        .clients
        .iter()
        .map(|client| client_peer(config, client));
    let venues = config.venues.iter().map(|link| {
        let lists = config.instruments.iter();
        let lists = lists.filter(|instrument| instrument.venues.contains(link.venue.id));
        Peer::Venue(VenuePeer {
            venue: link.venue.id,
            name: link.venue.name,
            lists: lists.map(|instrument| instrument.id).collect(),
            asks_for_trades: link.trades,
            asks_for_phases: link.phases,
        })
    });
    for (ix, peer) in (0..).zip(clients.chain(venues)) {
        directory = directory.with_peer(SessionIx::new(ix), peer);
    }
    for (ix, client) in (0..).zip(&config.clients) {
        if let Some(news) = client.watching.news {
            directory = directory.with_news(SessionIx::new(ix), news);
        }
    }
    directory
}

/// Who is asked for market data and who may ask, and what is known of the instruments.
fn market(config: &Config) -> MarketOptions {
    let mut options = MarketOptions::new();
    for (ix, client) in (0..).zip(&config.clients) {
        let session = SessionIx::new(ix);
        options = options.with_version(session, client.speech.version());
        let out_bytes_max = client
            .keys
            .out_bytes_max()
            .unwrap_or(config.fix.out_bytes_max);
        if let Some(allowed) = client.market {
            let allowed = ClientMarket {
                // Most of what may wait for a client is kept for reports.
                backlog_max: allowed.backlog_max.min(out_bytes_max / 4),
                ..allowed
            };
            options = options.with_client(session, allowed);
        }
    }
    for (ix, link) in (config.clients.len()..).zip(&config.venues) {
        let ix = u16::try_from(ix).unwrap_or(u16::MAX);
        options = options.with_venue(SessionIx::new(ix), link.market);
    }
    let currencies = config.currencies.iter();
    for (instrument, currency) in config.instruments.iter().zip(currencies) {
        options = options.with_security(Security {
            instrument: instrument.id,
            currency: *currency,
            tick: instrument.tick,
            lot: instrument.lot,
            multiplier: instrument.multiplier,
            quote_age_max: quote_age_max(config, instrument.id),
        });
    }
    options
}

/// How long a quote counts for the engine; forever where no limit is configured, and then no order
/// is taken either.
fn quote_age_max(config: &Config, instrument: InstrumentId) -> Nanos {
    let scope = Scope::Instrument(instrument);
    let mut limits = config.limits.iter();
    let found = limits.find(|it| it.limit == Limit::QuoteAgeMax && it.scope == scope);
    let value = found.and_then(|it| u64::try_from(it.value?).ok());
    Nanos::new(value.unwrap_or(u64::MAX))
}

/// Who is at the other end of a client's session: one that trades, or one that watches.
fn client_peer(config: &Config, client: &crate::config::Client) -> Peer {
    let watches = match &client.watching.copies {
        None => {
            return Peer::Client(Client {
                session: client.session,
                default_account: client.account,
                accounts: vec![client.account],
                default_strategy: client.strategy,
            });
        }
        Some(Copies::All) => Watched::All,
        Some(Copies::Of(names)) => {
            let clients = config.clients.iter();
            let watched = clients.filter(|client| names.contains(&client.comp_id));
            Watched::Sessions(watched.map(|client| client.session).collect())
        }
    };
    Peer::DropCopy(DropCopy {
        session: client.session,
        watches,
    })
}

fn link_config(config: &Config) -> LinkConfig {
    let store = StoreConfig::File(config.fix.store_dir.clone());
    let clients = config.clients.iter().map(|client| {
        client.keys.apply(SessionConfig {
            reset_on_logon: client.reset_on_logon,
            store: store.clone(),
            ..client
                .speech
                .session(&client.acceptor, &client.comp_id, Role::Acceptor)
        })
    });
    let venues = config.venues.iter().map(|link| {
        let mut role = Role::initiator(link.connect);
        if let Role::Initiator { others, .. } = &mut role {
            others.clone_from(&link.others);
        }
        link.keys.apply(SessionConfig {
            heart_bt_int_s: link.heart_bt_int_s,
            reset_on_logon: link.reset_on_logon,
            store: store.clone(),
            ..link
                .speech
                .session(&link.sender_comp_id, &link.target_comp_id, role)
        })
    });
    LinkConfig {
        name: "fix",
        listen: config.fix.acceptors.iter().map(|it| it.listen).collect(),
        listen_tls: config
            .fix
            .acceptors
            .iter()
            .map(|it| it.tls.clone())
            .collect(),
        message_log: config.fix.message_log.clone(),
        sessions: clients.chain(venues).collect(),
        logons_per_s_max: config.fix.logons_per_s_max,
        out_bytes_max: config.fix.out_bytes_max,
        logon_timeout: Nanos::from_seconds(u64::from(config.fix.logon_timeout_s)),
        message_bytes_max: config.fix.message_bytes_max,
        ..LinkConfig::default()
    }
}

/// How far the end of a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    NotYet,
    /// Nothing is taken any more; the engine's last events are told.
    Draining,
    /// Peers were told that we go.
    LoggingOut {
        until: MonoNanos,
    },
    Done,
}

/// The link as a worker that ends when the pipeline does: it stops reading, tells what is left,
/// logs out.
#[derive(Debug)]
pub(super) struct FixWorker {
    link: Link<OrderEdge>,
    stop: Stop,
    ending: Ending,
}

impl Worker for FixWorker {
    fn name(&self) -> &'static str {
        "fix"
    }

    fn work(&mut self, now: Now) -> usize {
        let count = self.link.work(now);
        self.ending = match self.ending {
            Ending::NotYet if self.stop.is_requested() => {
                self.link.application_mut().close();
                Ending::Draining
            }
            Ending::Draining if self.link.application().is_drained() => {
                self.link.log_out_all(now, "dcx stops");
                Ending::LoggingOut {
                    until: now.mono.plus(LOGOUT_PATIENCE),
                }
            }
            Ending::LoggingOut { until } if self.link.is_quiet() || now.mono >= until => {
                Ending::Done
            }
            unchanged => unchanged,
        };
        count
    }

    fn is_done(&self) -> bool {
        self.ending == Ending::Done
    }
}
