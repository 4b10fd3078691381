//! From a TOML file to a [`Config`]: every table in turn, then what ties them together.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use dcx_engine::{IDS_KEPT_MAX, ORDERS_OPEN_MAX};
use dcx_fix::market::Currency;
use dcx_fix::orders::AccountName;
use dcx_fix::{Dictionary, MessageLogConfig};
use dcx_model::{
    ACCOUNTS_MAX, AccountId, Code, Configure, FactorMapping, INSTRUMENTS_MAX, Instrument,
    InstrumentId, Level, Limit, LimitChange, LimitPx, Nanos, OnNoVenue, OnOrphan, Price, Qty,
    RoutingPolicy, SESSIONS_MAX, STRATEGIES_MAX, Scope, SessionId, StrategyId, Symbol,
    TradingHours, VENUES_MAX, Venue, VenueId, VenueName, VenueSet,
};
use dcx_pipeline::JournalMode;
use dcx_ring::Wait;

use super::finding::{Finding, Source, nearest};
use super::parties::TimeOfDay;
use super::profile::Profile;
use super::section::{Effective, Item, Section, Walk};
use super::{Acceptor, Client, Config, Fix, ON_NO_VENUE, ON_ORPHAN, Topology, VenueLink};
use super::{limits, market, parties, routing, sessions, speech, watching};

/// Most pairs of an instrument with somebody whose position is kept.
const POSITIONS_MAX: u32 = 1 << 24;

/// Longest CompID that the FIX link takes.
const COMP_ID_LEN_MAX: usize = 32;

/// Stands for an address that is faulty or missing, which was told.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Reads everything that can be read; the config is none only where the text is no TOML.
pub(super) fn read(source: &Source) -> (Option<Config>, Vec<Finding>, Vec<Effective>) {
    let mut walk = Walk {
        source,
        findings: Vec::new(),
        values: Vec::new(),
    };
    let root = match toml_span::parse(&source.text) {
        Ok(root) => root,
        Err(error) => {
            not_toml(&mut walk, error);
            return (None, walk.findings, walk.values);
        }
    };
    let config = read_root(&mut Section::root(&mut walk, root));
    (config, walk.findings, walk.values)
}

/// Reads what `[dictionary.NAME]` define, and nothing else of the text.
pub(super) fn read_dictionaries(source: &Source) -> (Vec<Arc<Dictionary>>, Vec<Finding>) {
    let mut walk = Walk {
        source,
        findings: Vec::new(),
        values: Vec::new(),
    };
    let root = match toml_span::parse(&source.text) {
        Ok(root) => root,
        Err(error) => {
            not_toml(&mut walk, error);
            return (Vec::new(), walk.findings);
        }
    };
    let defined = Section::root(&mut walk, root).table("dictionary", |section| {
        section.named(speech::read_dictionary)
    });
    let made = defined.iter().map(speech::Defined::dictionary);
    (made.collect(), walk.findings)
}

fn not_toml(walk: &mut Walk<'_>, error: toml_span::Error) {
    let span = visible(&walk.source.text, error.span.into());
    walk.find(
        Code::C002,
        Some(span),
        error.to_string(),
        Code::C002.remedy(),
    );
}

/// At least one byte of the text, so that a caret can stand somewhere.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let start = span.start.min(text.len());
    start..span.end.max(start + 1).min(text.len().max(start))
}

/// `[engine]` without what the pipeline is told.
struct Engine {
    topology: Topology,
    cores: Vec<usize>,
    wait: Wait,
    seed: u64,
    orders_open_max: u32,
    ids_kept_max: u32,
    on_no_venue: OnNoVenue,
    route_attempts_max: u8,
    positions_max: u32,
    day_start_s: u32,
    answer_timeout: Nanos,
    queries_max: u8,
    reconcile_interval: Nanos,
    on_orphan: OnOrphan,
    house_account: Option<Item<String>>,
    reprice_interval: Nanos,
}

fn read_root(root: &mut Section<'_, '_, '_>) -> Option<Config> {
    let engine = root.table("engine", read_engine);
    let (journal, journal_dir) = root.table("journal", |section| {
        let words = [("off", JournalMode::Off), ("async", JournalMode::Async)];
        let mode = section.choice("mode", &words, JournalMode::Async);
        (mode, path(section, "dir", "var/journal"))
    });
    let fix = root.table("fix", read_fix);
    let counters = root.table("counters", |section| {
        path(section, "path", "var/dcx.counters")
    });
    let metrics = root.table("metrics", |section| {
        let on = section.boolean("enabled", Some(true)).unwrap_or(true);
        let default = "127.0.0.1:9464".parse().ok();
        let listen = section.address("listen", default).map(|item| item.value);
        listen.filter(|_| on)
    });
    let log_dir = root.table("log", |section| path(section, "dir", "var/log"));
    let control = root.table("control", parties::read_control);
    let dictionaries = root.table("dictionary", |section| {
        section.named(speech::read_dictionary)
    });
    let venues = root.tables("venue", |section| read_venue(section, &dictionaries));
    let routing = root.table("routing", |section| routing::read(section, &venues));
    let strategies = root.tables("strategy", parties::read_strategy);
    let owned = root.tables("account", parties::read_account);
    let mut watched = Vec::new();
    let clients = root.tables("client", |section| {
        let tables = (&*fix.acceptors, &*strategies, &*dictionaries);
        read_client(section, tables, &mut watched)
    });
    watching::check(root.walk(), &watched, &clients);
    let mut factors = Vec::new();
    let instruments = root.tables("instrument", |section| {
        read_instrument(section, &venues, &mut factors)
    });
    let var = root.table("var", |section| parties::read_var(section, &factors));
    let accounts = account_names(&engine, &owned, &clients);
    let strategy_names: Vec<String> = strategies.iter().map(|it| it.value.clone()).collect();
    let holders = limits::Holders {
        accounts: &accounts,
        strategies: &strategy_names,
        sessions: clients.iter().map(|it| it.value.comp_id.as_str()).collect(),
        instruments: instruments
            .iter()
            .map(|it| it.value.instrument.symbol.as_str())
            .collect(),
    };
    let limits = root.table("limits", |section| limits::read(section, &holders));
    let permissions = root.table("permissions", |section| {
        parties::read_permissions(section, &holders, &venues)
    });
    root.refuse_the_rest();

    let read = Read {
        engine,
        acceptors: &fix.acceptors,
        venues: &venues,
        clients: &clients,
        strategies: &strategies,
        owned: &owned,
        instruments: &instruments,
        limits: &limits,
    };
    read.check(root.walk());
    let engine = read.engine;
    Some(Config {
        engine: Configure {
            seed: engine.seed,
            orders_open_max: engine.orders_open_max,
            ids_kept_max: engine.ids_kept_max,
            on_no_venue: engine.on_no_venue,
            route_attempts_max: engine.route_attempts_max,
            discount_ppm: routing.routing.discount_ppm,
            prior_sd_centi_bps: routing.routing.prior_sd_centi_bps,
            positions_max: engine.positions_max,
            day_start_s: engine.day_start_s,
            answer_timeout: engine.answer_timeout,
            queries_max: engine.queries_max,
            reconcile_interval: engine.reconcile_interval,
            on_orphan: engine.on_orphan,
            house_session: SessionId::new(0),
            house_account: house_account(&engine, &accounts),
            reprice_interval: engine.reprice_interval,
        },
        topology: engine.topology,
        cores: engine.cores,
        wait: engine.wait,
        journal,
        journal_dir,
        clients: number_clients(clients, &accounts),
        venues: number_venues(venues),
        accounts: parties::number_accounts(&accounts, owned),
        strategies: strategy_names,
        currencies: instruments.iter().map(|it| it.value.currency).collect(),
        profiles: numbered(&instruments, |it, id| {
            it.profile.clone().map(|profile| (id, profile))
        }),
        hours: numbered(&instruments, |it, id| {
            it.hours.map(|hours| TradingHours {
                instrument: id,
                ..hours
            })
        }),
        factors: numbered(&instruments, |it, id| {
            it.factor.map(|factor| FactorMapping {
                instrument: id,
                ..factor
            })
        }),
        routings: numbered(&instruments, |it, id| Some(routing.own(id, it.policy?))),
        routing,
        factor_names: factors,
        scenarios: var,
        instruments: number_instruments(instruments),
        limits,
        permissions,
        control,
        counters,
        metrics,
        log_dir,
        fix: Fix {
            acceptors: fix.acceptors.into_iter().map(|item| item.value).collect(),
            ..fix.bounds
        },
    })
}

fn read_engine(section: &mut Section<'_, '_, '_>) -> Engine {
    let topologies = [("fused", Topology::Fused), ("split", Topology::Split)];
    let waits = [
        ("spin", Wait::Spin),
        ("yield", Wait::Yield),
        ("park", Wait::Park),
    ];
    Engine {
        seed: section
            .number("seed", 0..=i64::MAX, Some(1))
            .map_or(1, i64::unsigned_abs),
        topology: section.choice("topology", &topologies, Topology::Fused),
        cores: section
            .numbers("cores", 0..=1023)
            .into_iter()
            .filter_map(|core| usize::try_from(core).ok())
            .collect(),
        wait: section.choice("wait", &waits, Wait::Park),
        orders_open_max: section
            .number_u32("orders_open_max", 1..=ORDERS_OPEN_MAX, Some(100_000))
            .unwrap_or(1),
        ids_kept_max: section
            .number_u32("ids_kept_max", 1..=IDS_KEPT_MAX, Some(1_000_000))
            .unwrap_or(1),
        on_no_venue: section.choice("on_no_venue", ON_NO_VENUE, OnNoVenue::Hold),
        positions_max: section
            .number_u32("positions_max", 1_024..=POSITIONS_MAX, Some(65_536))
            .unwrap_or(65_536),
        day_start_s: section
            .text("day_start", Some(TimeOfDay(0)), str::parse)
            .map_or(0, |time| time.value.0),
        answer_timeout: millis(section, "answer_timeout_ms", 10..=600_000, 2_000),
        queries_max: section
            .number("queries_max", 0..=100, Some(3))
            .and_then(|queries| u8::try_from(queries).ok())
            .unwrap_or(3),
        reconcile_interval: millis(section, "reconcile_interval_ms", 0..=86_400_000, 60_000),
        on_orphan: section.choice("on_orphan", ON_ORPHAN, OnOrphan::Report),
        house_account: section.text_if_any("house_account", account_name),
        reprice_interval: millis(section, "reprice_interval_ms", 1..=60_000, 100),
        route_attempts_max: section
            .number("route_attempts_max", 1..=16, Some(3))
            .and_then(|attempts| u8::try_from(attempts).ok())
            .unwrap_or(1),
    }
}

/// `[fix]`: its bounds, and its acceptors with their places.
struct FixRead {
    bounds: Fix,
    acceptors: Vec<Item<Acceptor>>,
}

fn read_fix(section: &mut Section<'_, '_, '_>) -> FixRead {
    let store_dir = path(section, "store_dir", "var/fix");
    let message = section.number_u32("message_bytes_max", 1024..=1 << 24, Some(65_536));
    let out = section.number_u32("out_bytes_max", 4096..=1 << 30, Some(1 << 20));
    let logon_timeout_s = section
        .number_u32("logon_timeout_s", 1..=3_600, Some(10))
        .unwrap_or(10);
    let logons_per_s_max = section.number_u32("logons_per_s_max", 0..=1_000_000, Some(0));
    let message_log = section.table("message_log", read_message_log);
    let trades_max = section.number_u32("trades_max", 0..=1 << 22, Some(65_536));
    let acceptors = section.tables("acceptor", |section| {
        let listen = section.address("listen", None);
        let comp_id = section.text("comp_id", Some("DCX".to_owned()), comp_id);
        let tls = section.table("tls", sessions::read_accept);
        let span = section.span();
        Some(Item {
            value: Acceptor {
                listen: listen.map_or(NOWHERE, |listen| listen.value),
                comp_id: comp_id?.value,
                tls,
            },
            span,
        })
    });
    FixRead {
        bounds: Fix {
            store_dir,
            message_bytes_max: message.unwrap_or(65_536) as usize,
            out_bytes_max: out.unwrap_or(1 << 20) as usize,
            logon_timeout_s,
            logons_per_s_max: logons_per_s_max.unwrap_or(0),
            message_log,
            trades_max: trades_max.unwrap_or(0) as usize,
            acceptors: Vec::new(),
        },
        acceptors,
    }
}

/// `[fix.message_log]`: what sessions receive and send, in files.
fn read_message_log(section: &mut Section<'_, '_, '_>) -> Option<MessageLogConfig> {
    let on = section.boolean("enabled", Some(false)).unwrap_or(false);
    let directory = path(section, "dir", "var/log/fix");
    let file_bytes_max = section.number_u32("file_bytes_max", 4096..=1 << 30, Some(16 << 20));
    let files_max = section.number_u32("files_max", 1..=1000, Some(8));
    let raw_data_masked = section.boolean("mask_raw_data", Some(true));
    on.then(|| MessageLogConfig {
        file_bytes_max: u64::from(file_bytes_max.unwrap_or(16 << 20)),
        files_max: files_max.unwrap_or(8),
        raw_data_masked: raw_data_masked.unwrap_or(true),
        ..MessageLogConfig::new(directory)
    })
}

fn read_venue(
    section: &mut Section<'_, '_, '_>,
    dictionaries: &[speech::Defined],
) -> Option<Item<VenueLink>> {
    let name = section.text::<VenueName>("name", None, |text| {
        text.parse().map_err(|fault| format!("{fault}"))
    });
    if let Some(name) = &name {
        section.rename(format!("venue.{}", name.value));
    }
    let connect = section.address("connect", None);
    let sender = section.text("sender_comp_id", Some("DCX".to_owned()), comp_id);
    let default_target = name.as_ref().map(|name| name.value.to_string());
    let target = section.text("target_comp_id", default_target, comp_id);
    let heart_bt_int_s = section.number_u32("heart_bt_int_s", 1..=3_600, Some(30));
    let reset_on_logon = section.boolean("reset_on_logon", Some(false));
    let fee_centi_bps = section.number("fee_centi_bps", -10_000..=10_000, Some(0));
    let features = parties::read_features(section);
    let trades = section.boolean("trades", Some(false));
    let phases = section.boolean("phases", Some(false));
    let market = market::read_venue(section);
    let speech = speech::read_speech(section, dictionaries);
    let others = sessions::read_others(section);
    let keys = sessions::read(section, sessions::Side::Connects);
    let name = name?;
    Some(Item {
        value: VenueLink {
            venue: Venue {
                id: VenueId::new(0),
                name: name.value,
                fee_centi_bps: fee_centi_bps
                    .and_then(|fee| i32::try_from(fee).ok())
                    .unwrap_or(0),
                features,
            },
            connect: connect.map_or(NOWHERE, |connect| connect.value),
            sender_comp_id: sender.map_or_else(String::new, |sender| sender.value),
            target_comp_id: target.map_or_else(String::new, |target| target.value),
            speech,
            heart_bt_int_s: heart_bt_int_s.unwrap_or(30),
            reset_on_logon: reset_on_logon.unwrap_or(false),
            trades: trades.unwrap_or(false),
            phases: phases.unwrap_or(false),
            market,
            others,
            keys,
        },
        span: name.span,
    })
}

fn read_client(
    section: &mut Section<'_, '_, '_>,
    (acceptors, strategies, dictionaries): (&[Item<Acceptor>], &[Item<String>], &[speech::Defined]),
    watched: &mut Vec<Item<String>>,
) -> Option<Item<Client>> {
    let name = section.text("comp_id", None, comp_id);
    if let Some(name) = &name {
        section.rename(format!("client.{}", name.value));
    }
    let known: Vec<&str> = acceptors
        .iter()
        .map(|acceptor| acceptor.value.comp_id.as_str())
        .collect();
    let default = known.first().copied().unwrap_or("DCX").to_owned();
    let acceptor = section.text("acceptor", Some(default), comp_id);
    if let Some(acceptor) = &acceptor
        && !known.is_empty()
        && !known.contains(&acceptor.value.as_str())
    {
        refers(section.walk(), acceptor, "acceptor", &known);
    }
    let default_account = name
        .as_ref()
        .map(|name| name.value.clone())
        .filter(|name| account_name(name).is_ok());
    let account = section.text("account", default_account, account_name);
    let reset_on_logon = section.boolean("reset_on_logon", Some(false));
    let on_disconnect = section.boolean("cancel_on_disconnect", Some(false));
    let on_logout = section.boolean("cancel_on_logout", Some(false));
    let market = market::read_client(section);
    let keys = sessions::read(section, sessions::Side::Accepts);
    let strategy = section.text_if_any("strategy", comp_id).and_then(|item| {
        let known: Vec<&str> = strategies.iter().map(|it| it.value.as_str()).collect();
        let place = known.iter().position(|known| *known == item.value);
        if place.is_none() {
            refers(section.walk(), &item, "strategy", &known);
        }
        place
    });
    let speech = speech::read_speech(section, dictionaries);
    let (watching, names) = watching::read(section);
    watched.extend(names);
    let name = name?;
    Some(Item {
        value: Client {
            session: SessionId::new(0),
            comp_id: name.value,
            acceptor: acceptor.map_or_else(String::new, |acceptor| acceptor.value),
            account: AccountId::new(0),
            account_name: account.map_or_else(String::new, |account| account.value),
            reset_on_logon: reset_on_logon.unwrap_or(false),
            cancel_on_disconnect: on_disconnect.unwrap_or(false),
            cancel_on_logout: on_logout.unwrap_or(false),
            market,
            speech,
            strategy: strategy.map_or(StrategyId::new(0), limits::strategy),
            keys,
            watching,
        },
        span: name.span,
    })
}

/// An instrument with what is told to the engine in commands of its own.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) instrument: Instrument,
    pub(super) hours: Option<TradingHours>,
    pub(super) factor: Option<FactorMapping>,
    pub(super) policy: Option<RoutingPolicy>,
    pub(super) profile: Option<Profile>,
    pub(super) currency: Currency,
}

fn read_instrument(
    section: &mut Section<'_, '_, '_>,
    venues: &[Item<VenueLink>],
    factors: &mut Vec<String>,
) -> Option<Item<Listed>> {
    let symbol = section.text::<Symbol>("symbol", None, |text| {
        text.parse().map_err(|fault| format!("{fault}"))
    });
    if let Some(symbol) = &symbol {
        section.rename(format!("instrument.{}", symbol.value));
    }
    let tick = section.decimal("tick", None, Price::parse, |tick| *tick > Price::ZERO);
    let lot = section.decimal("lot", None, Qty::parse, |lot| !lot.is_zero());
    let prev_close = section.decimal_if_any("prev_close", Price::parse, |px| *px > Price::ZERO);
    let one = Some(Instrument::ONE);
    let multiplier = section.decimal("multiplier", one, Price::parse, |it| *it > Price::ZERO);
    let hours = parties::read_hours(section);
    let factor = parties::read_factor(section, factors);
    let policy = routing::read_policy(section);
    let profile = section.text_if_any("profile", ProfileFile::load);
    let currency = market::read_currency(section);
    let listed = section.texts("venues");
    let mut set = VenueSet::NONE;
    let known: Vec<&str> = venues
        .iter()
        .map(|venue| venue.value.venue.name.as_str())
        .collect();
    for name in listed.iter().flatten() {
        match known.iter().position(|known| *known == name.value) {
            Some(ix) => set = set.with(venue_id(ix)),
            None => refers(section.walk(), name, "venue", &known),
        }
    }
    if let (Some(px), Some(tick)) = (&prev_close, &tick)
        && !px.value.is_multiple_of(tick.value)
    {
        section.walk().find(
            Code::C013,
            Some(px.span.clone()),
            format!(
                "prev_close {} is not a multiple of the tick {}",
                px.value, tick.value
            ),
            "correct one of the two",
        );
    }
    // What is faulty was told and stands against a start; the name is kept for who refers to it.
    let symbol = symbol?;
    Some(Item {
        value: Listed {
            instrument: Instrument {
                id: InstrumentId::new(0),
                symbol: symbol.value,
                tick: tick.map_or(Price::ZERO, |tick| tick.value),
                lot: lot.map_or(Qty::ZERO, |lot| lot.value),
                prev_close: prev_close.map_or(LimitPx::NONE, |px| px.value.into()),
                venues: set,
                multiplier: multiplier.map_or(Instrument::ONE, |it| it.value),
            },
            hours,
            factor,
            policy,
            profile: profile.map(|item| item.value.profile),
            currency,
        },
        span: symbol.span,
    })
}

/// A profile that was read, which shows as its path.
struct ProfileFile {
    path: String,
    profile: Profile,
}

impl ProfileFile {
    fn load(path: &str) -> Result<Self, String> {
        Profile::load(path).map(|profile| Self {
            path: path.to_owned(),
            profile,
        })
    }
}

impl std::fmt::Display for ProfileFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)
    }
}

/// The tables of a file, to be held against each other.
struct Read<'r> {
    engine: Engine,
    acceptors: &'r [Item<Acceptor>],
    venues: &'r [Item<VenueLink>],
    clients: &'r [Item<Client>],
    strategies: &'r [Item<String>],
    owned: &'r [Item<parties::Owned>],
    instruments: &'r [Item<Listed>],
    limits: &'r [LimitChange],
}

impl Read<'_> {
    fn check(&self, walk: &mut Walk<'_>) {
        self.check_presence(walk);
        self.check_names(walk);
        self.check_counts(walk);
        self.check_firm_limits(walk);
        self.check_instrument_limits(walk);
        self.check_session_limits(walk);
        let cores = self.engine.cores.len();
        if self.engine.topology == Topology::Fused && cores > 1 {
            walk.find(
                Code::C013,
                None,
                format!("topology \"fused\" runs on one core, and {cores} are given"),
                "give engine.cores one core, or set engine.topology to \"split\"",
            );
        }
    }

    fn check_presence(&self, walk: &mut Walk<'_>) {
        let named = |walk: &Walk<'_>, table: &str| {
            // A table that is there but faulty has its own finding.
            walk.source.text.contains(&format!("[[{table}]]"))
        };
        for (empty, table, example) in [
            (
                self.instruments.is_empty(),
                "instrument",
                "[[instrument]]\nsymbol = \"EURUSD\"\ntick = 0.00001\nlot = 1\nvenues = [\"SIMA\"]",
            ),
            (
                self.acceptors.is_empty(),
                "fix.acceptor",
                "[[fix.acceptor]]\nlisten = \"127.0.0.1:9800\"\ncomp_id = \"DCX\"",
            ),
            (
                self.clients.is_empty(),
                "client",
                "[[client]]\ncomp_id = \"CLIENT\"",
            ),
        ] {
            if empty && !named(walk, table) {
                walk.find(
                    Code::C015,
                    None,
                    format!("no [[{table}]] is defined"),
                    format!("add\n\n{example}\n"),
                );
            }
        }
    }

    fn check_names(&self, walk: &mut Walk<'_>) {
        twice(walk, "venue", self.venues, |venue| {
            venue.venue.name.to_string()
        });
        twice(walk, "venue session", self.venues, |venue| {
            format!("{} to {}", venue.sender_comp_id, venue.target_comp_id)
        });
        twice(walk, "client", self.clients, |client| {
            client.comp_id.clone()
        });
        twice(walk, "instrument", self.instruments, |listed| {
            listed.instrument.symbol.to_string()
        });
        twice(walk, "strategy", self.strategies, Clone::clone);
        twice(walk, "account", self.owned, |account| account.name.clone());
        twice(walk, "acceptor address", &self.reachable(), |acceptor| {
            acceptor.listen.to_string()
        });
        for client in self.clients {
            let clash = |venue: &&Item<VenueLink>| {
                venue.value.sender_comp_id == client.value.acceptor
                    && venue.value.target_comp_id == client.value.comp_id
            };
            if let Some(venue) = self.venues.iter().find(clash) {
                walk.find(
                    Code::C008,
                    Some(client.span.clone()),
                    format!(
                        "client {} has the CompIDs of venue {}",
                        client.value.comp_id, venue.value.venue.name
                    ),
                    "give one of the two another CompID",
                );
            }
        }
    }

    fn reachable(&self) -> Vec<Item<Acceptor>> {
        let acceptors = self.acceptors.iter();
        let reachable = acceptors.filter(|acceptor| acceptor.value.listen != NOWHERE);
        reachable.cloned().collect()
    }

    fn check_counts(&self, walk: &mut Walk<'_>) {
        for (table, count, max) in [
            ("venue", self.venues.len(), VENUES_MAX),
            ("client", self.clients.len(), SESSIONS_MAX.min(ACCOUNTS_MAX)),
            ("instrument", self.instruments.len(), INSTRUMENTS_MAX),
            ("strategy", self.strategies.len(), STRATEGIES_MAX - 1),
            ("account", self.owned.len(), ACCOUNTS_MAX),
        ] {
            if count > max {
                walk.find(
                    Code::C005,
                    None,
                    format!("{count} times [[{table}]], at most {max} can be held"),
                    Code::C005.remedy(),
                );
            }
        }
    }

    /// Whether every limit is set that the scope must have.
    fn is_limited(&self, scope: Scope) -> bool {
        let level = scope.level();
        let set = |limit: &Limit| {
            let mut limits = self.limits.iter();
            limits.any(|change| change.scope == scope && change.limit == *limit)
        };
        let mut required = Limit::ALL
            .iter()
            .filter(|limit| limit.required_at().contains(&level));
        required.all(set)
    }

    fn check_firm_limits(&self, walk: &mut Walk<'_>) {
        if self.is_limited(Scope::Firm) || self.instruments.is_empty() {
            return;
        }
        let (code, help) = limits::stanza(Level::Firm, "");
        walk.findings.push(Finding {
            code,
            message: "the firm has no limits: every order will be refused".to_owned(),
            span: None,
            help,
            fatal: self.venues.iter().any(|venue| !is_local(&venue.value)),
        });
    }

    fn check_instrument_limits(&self, walk: &mut Walk<'_>) {
        for (ix, item) in self.instruments.iter().enumerate() {
            let instrument = item.value.instrument;
            let scope = Scope::Instrument(instrument_id(ix));
            let symbol = instrument.symbol.as_str();
            if self.is_limited(scope) || has_stanza(walk, "instrument", symbol) {
                continue;
            }
            let live = self.venues.iter().enumerate().find(|(ix, venue)| {
                instrument.venues.contains(venue_id(*ix)) && !is_local(&venue.value)
            });
            let (code, stanza) = limits::stanza(Level::Instrument, &bare_or_quoted(symbol));
            if let Some((_, venue)) = live {
                walk.find(
                    Code::C012,
                    Some(item.span.clone()),
                    format!(
                        "{symbol} has no limits and goes to {} at {}, beyond this machine",
                        venue.value.venue.name, venue.value.connect
                    ),
                    stanza,
                );
            } else {
                walk.findings.push(Finding {
                    code,
                    message: format!("{symbol} has no limits: every order in it will be refused"),
                    span: Some(item.span.clone()),
                    help: stanza,
                    fatal: false,
                });
            }
        }
    }

    fn check_session_limits(&self, walk: &mut Walk<'_>) {
        for (ix, item) in self.clients.iter().enumerate() {
            let scope = Scope::Session(Config::session(ix));
            let comp_id = item.value.comp_id.as_str();
            let orders_nothing = item.value.watching.copies.is_some();
            let limited = self.is_limited(scope) || has_stanza(walk, "session", comp_id);
            if orders_nothing || limited {
                continue;
            }
            let (code, help) = limits::stanza(Level::Session, &bare_or_quoted(comp_id));
            walk.findings.push(Finding {
                code,
                message: format!("{comp_id} has no limits: every order of it will be refused"),
                span: Some(item.span.clone()),
                help,
                // Where money may be at stake, a missing rate limit is no small thing either.
                fatal: self.venues.iter().any(|venue| !is_local(&venue.value)),
            });
        }
    }
}

/// Whether the file has the stanza, though with faults that were told already.
fn has_stanza(walk: &Walk<'_>, kind: &str, name: &str) -> bool {
    let of_limits = format!("limits.{kind}.{name}");
    walk.findings
        .iter()
        .any(|finding| finding.message.starts_with(&format!("`{of_limits}.")))
}

fn bare_or_quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

fn is_local(venue: &VenueLink) -> bool {
    venue.connect.ip().is_loopback()
}

fn twice<T>(walk: &mut Walk<'_>, what: &str, items: &[Item<T>], name: impl Fn(&T) -> String) {
    for (ix, item) in items.iter().enumerate() {
        let named = name(&item.value);
        if items
            .iter()
            .take(ix)
            .any(|other| name(&other.value) == named)
        {
            walk.find(
                Code::C008,
                Some(item.span.clone()),
                format!("{what} {named} is defined twice"),
                Code::C008.remedy(),
            );
        }
    }
}

pub(super) fn refers(walk: &mut Walk<'_>, name: &Item<String>, what: &str, known: &[&str]) {
    let help = match nearest(&name.value, known) {
        Some(near) => format!("did you mean {near:?}?"),
        None if known.is_empty() => format!("no {what} is defined"),
        None => format!("defined: {}", known.join(", ")),
    };
    walk.find(
        Code::C009,
        Some(name.span.clone()),
        format!("no {what} is called {:?}", name.value),
        help,
    );
}

pub(super) fn path(section: &mut Section<'_, '_, '_>, key: &'static str, default: &str) -> PathBuf {
    let item = section.text(key, Some(default.to_owned()), |text| match text {
        "" => Err("an empty path".to_owned()),
        text => Ok(text.to_owned()),
    });
    PathBuf::from(item.map_or_else(|| default.to_owned(), |item| item.value))
}

/// A CompID or an account: what can stand in a FIX field and in a file name.
pub(super) fn comp_id(text: &str) -> Result<String, String> {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b'=';
    if (1..=COMP_ID_LEN_MAX).contains(&text.len()) && text.bytes().all(printable) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "not 1 to {COMP_ID_LEN_MAX} printable ASCII characters without `=`"
        ))
    }
}

/// An account: what the FIX link keeps of `Account` (1).
pub(super) fn account_name(text: &str) -> Result<String, String> {
    let name: Result<AccountName, _> = text.parse();
    name.map(|name| name.to_string())
        .map_err(|fault| fault.to_string())
}

/// Every account that is named, each once: those of clients, then those with a table, then the
/// house's.
fn account_names(
    engine: &Engine,
    owned: &[Item<parties::Owned>],
    clients: &[Item<Client>],
) -> Vec<String> {
    let of_clients = clients.iter().map(|it| &it.value.account_name);
    let of_tables = owned.iter().map(|it| &it.value.name);
    let of_house = engine.house_account.iter().map(|it| &it.value);
    let mut names: Vec<String> = Vec::new();
    for name in of_clients.chain(of_tables).chain(of_house) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Whose position adopted orders change: the configured account, else the first.
fn house_account(engine: &Engine, accounts: &[String]) -> AccountId {
    let named = engine.house_account.as_ref();
    let place = named.and_then(|it| accounts.iter().position(|name| *name == it.value));
    AccountId::new(place.and_then(|ix| u32::try_from(ix).ok()).unwrap_or(0))
}

/// Sessions numbered in their order, accounts in theirs.
fn number_clients(clients: Vec<Item<Client>>, accounts: &[String]) -> Vec<Client> {
    let number = |(place, item): (usize, Item<Client>)| {
        let mut client = item.value;
        client.session = Config::session(place);
        let known = accounts
            .iter()
            .position(|name| *name == client.account_name);
        let ix = known.unwrap_or(usize::MAX);
        client.account = AccountId::new(u32::try_from(ix).unwrap_or(u32::MAX));
        client
    };
    clients.into_iter().enumerate().map(number).collect()
}

fn number_venues(venues: Vec<Item<VenueLink>>) -> Vec<VenueLink> {
    let number = |(ix, item): (usize, Item<VenueLink>)| {
        let mut link = item.value;
        link.venue.id = venue_id(ix);
        link
    };
    venues.into_iter().enumerate().map(number).collect()
}

/// What instruments have besides, under their numbers.
fn numbered<T>(
    instruments: &[Item<Listed>],
    of: impl Fn(&Listed, InstrumentId) -> Option<T>,
) -> Vec<T> {
    let of = |(ix, item): (usize, &Item<Listed>)| of(&item.value, instrument_id(ix));
    instruments.iter().enumerate().filter_map(of).collect()
}

/// A span in milliseconds.
fn millis(
    section: &mut Section<'_, '_, '_>,
    key: &'static str,
    bounds: std::ops::RangeInclusive<i64>,
    default: i64,
) -> Nanos {
    let millis = section
        .number(key, bounds, Some(default))
        .unwrap_or(default);
    Nanos::from_millis(millis.unsigned_abs())
}

fn number_instruments(instruments: Vec<Item<Listed>>) -> Vec<Instrument> {
    let number = |(ix, item): (usize, Item<Listed>)| Instrument {
        id: instrument_id(ix),
        ..item.value.instrument
    };
    instruments.into_iter().enumerate().map(number).collect()
}

pub(super) fn venue_id(ix: usize) -> VenueId {
    VenueId::new(u8::try_from(ix).unwrap_or(u8::MAX))
}

fn instrument_id(ix: usize) -> InstrumentId {
    InstrumentId::new(u32::try_from(ix).unwrap_or(u32::MAX))
}
