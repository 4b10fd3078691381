//! From a TOML file to a [`Config`]: every table in turn, then what ties them together.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;

use dcx_engine::{IDS_KEPT_MAX, ORDERS_OPEN_MAX};
use dcx_fix::orders::AccountName;
use dcx_model::{
    ACCOUNTS_MAX, AccountId, Code, Configure, INSTRUMENTS_MAX, Instrument, InstrumentId,
    InstrumentLimits, LimitPx, Nanos, Notional, OnNoVenue, Price, Qty, SESSIONS_MAX, SessionId,
    SessionLimits, Symbol, VENUES_MAX, Venue, VenueId, VenueName, VenueSet,
};
use dcx_pipeline::JournalMode;
use dcx_ring::Wait;

use super::finding::{Finding, Source, nearest};
use super::section::{Effective, Item, Section, Walk};
use super::{Acceptor, Client, Config, Fix, ON_NO_VENUE, Topology, VenueLink};

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
            let span = visible(&source.text, error.span.into());
            walk.find(
                Code::C002,
                Some(span),
                error.to_string(),
                Code::C002.remedy(),
            );
            return (None, walk.findings, walk.values);
        }
    };
    let config = read_root(&mut Section::root(&mut walk, root));
    (config, walk.findings, walk.values)
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
}

fn read_root(root: &mut Section<'_, '_, '_>) -> Option<Config> {
    let engine = root.table("engine", read_engine);
    let (discount_ppm, prior_sd_centi_bps) = root.table("routing", read_routing);
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
    let venues = root.tables("venue", read_venue);
    let clients = root.tables("client", |section| read_client(section, &fix.acceptors));
    let instruments = root.tables("instrument", |section| read_instrument(section, &venues));
    let (instrument_limits, session_limits) = root.table("limits", |section| {
        let instrument_limits = section.table("instrument", |section| {
            section.named(|name, section| read_instrument_limits(&name, section, &instruments))
        });
        let session_limits = section.table("session", |section| {
            section.named(|name, section| read_session_limits(&name, section, &clients))
        });
        (instrument_limits, session_limits)
    });
    root.refuse_the_rest();

    let read = Read {
        engine,
        acceptors: &fix.acceptors,
        venues: &venues,
        clients: &clients,
        instruments: &instruments,
        instrument_limits: &instrument_limits,
        session_limits: &session_limits,
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
            discount_ppm,
            prior_sd_centi_bps,
        },
        topology: engine.topology,
        cores: engine.cores,
        wait: engine.wait,
        journal,
        journal_dir,
        clients: number_clients(clients),
        venues: number_venues(venues),
        instruments: number_instruments(instruments),
        instrument_limits,
        session_limits,
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
        route_attempts_max: section
            .number("route_attempts_max", 1..=16, Some(3))
            .and_then(|attempts| u8::try_from(attempts).ok())
            .unwrap_or(1),
    }
}

fn read_routing(section: &mut Section<'_, '_, '_>) -> (u32, u32) {
    let discount = section.number_u32("discount_ppm", 1..=1_000_000, Some(998_000));
    let prior = section.number_u32("prior_sd_centi_bps", 1..=1_000_000, Some(200));
    (discount.unwrap_or(998_000), prior.unwrap_or(200))
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
    let acceptors = section.tables("acceptor", |section| {
        let listen = section.address("listen", None);
        let comp_id = section.text("comp_id", Some("DCX".to_owned()), comp_id);
        let span = section.span();
        Some(Item {
            value: Acceptor {
                listen: listen.map_or(NOWHERE, |listen| listen.value),
                comp_id: comp_id?.value,
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
            acceptors: Vec::new(),
        },
        acceptors,
    }
}

fn read_venue(section: &mut Section<'_, '_, '_>) -> Option<Item<VenueLink>> {
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
    let name = name?;
    Some(Item {
        value: VenueLink {
            venue: Venue {
                id: VenueId::new(0),
                name: name.value,
                fee_centi_bps: fee_centi_bps
                    .and_then(|fee| i32::try_from(fee).ok())
                    .unwrap_or(0),
            },
            connect: connect.map_or(NOWHERE, |connect| connect.value),
            sender_comp_id: sender.map_or_else(String::new, |sender| sender.value),
            target_comp_id: target.map_or_else(String::new, |target| target.value),
            heart_bt_int_s: heart_bt_int_s.unwrap_or(30),
            reset_on_logon: reset_on_logon.unwrap_or(false),
        },
        span: name.span,
    })
}

fn read_client(
    section: &mut Section<'_, '_, '_>,
    acceptors: &[Item<Acceptor>],
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
    let name = name?;
    Some(Item {
        value: Client {
            session: SessionId::new(0),
            comp_id: name.value,
            acceptor: acceptor.map_or_else(String::new, |acceptor| acceptor.value),
            account: AccountId::new(0),
            account_name: account.map_or_else(String::new, |account| account.value),
            reset_on_logon: reset_on_logon.unwrap_or(false),
        },
        span: name.span,
    })
}

fn read_instrument(
    section: &mut Section<'_, '_, '_>,
    venues: &[Item<VenueLink>],
) -> Option<Item<Instrument>> {
    let symbol = section.text::<Symbol>("symbol", None, |text| {
        text.parse().map_err(|fault| format!("{fault}"))
    });
    if let Some(symbol) = &symbol {
        section.rename(format!("instrument.{}", symbol.value));
    }
    let tick = section.decimal("tick", None, Price::parse, |tick| *tick > Price::ZERO);
    let lot = section.decimal("lot", None, Qty::parse, |lot| !lot.is_zero());
    let prev_close = section.decimal_if_any("prev_close", Price::parse, |px| *px > Price::ZERO);
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
        value: Instrument {
            id: InstrumentId::new(0),
            symbol: symbol.value,
            tick: tick.map_or(Price::ZERO, |tick| tick.value),
            lot: lot.map_or(Qty::ZERO, |lot| lot.value),
            prev_close: prev_close.map_or(LimitPx::NONE, |px| px.value.into()),
            venues: set,
        },
        span: symbol.span,
    })
}

fn read_instrument_limits(
    name: &Item<String>,
    section: &mut Section<'_, '_, '_>,
    instruments: &[Item<Instrument>],
) -> Option<InstrumentLimits> {
    let order_qty_max = section.decimal("order_qty_max", None, Qty::parse, |qty| !qty.is_zero());
    let notional = section.number("order_notional_max", 1..=i64::MAX, None);
    let position_max = section.decimal("position_max", None, Qty::parse, |qty| !qty.is_zero());
    let quote_age_ms_max = section.number("quote_age_ms_max", 1..=86_400_000, None);
    let collar_bps = section.number_u32("collar_bps", 1..=10_000, None);
    let prev_close_allowed = section.boolean("prev_close_allowed", Some(false));
    let known: Vec<&str> = instruments
        .iter()
        .map(|instrument| instrument.value.symbol.as_str())
        .collect();
    let Some(ix) = known.iter().position(|symbol| *symbol == name.value) else {
        refers(section.walk(), name, "instrument", &known);
        return None;
    };
    Some(InstrumentLimits {
        instrument: instrument_id(ix),
        order_qty_max: order_qty_max?.value,
        order_notional_max: Notional::whole(notional?),
        position_max: position_max?.value,
        quote_age_max: Nanos::from_millis(quote_age_ms_max?.unsigned_abs()),
        collar_bps: collar_bps?,
        prev_close_allowed: prev_close_allowed?,
    })
}

fn read_session_limits(
    name: &Item<String>,
    section: &mut Section<'_, '_, '_>,
    clients: &[Item<Client>],
) -> Option<SessionLimits> {
    let orders_per_s_max = section.number_u32("orders_per_s_max", 1..=10_000_000, None);
    let burst_max = section.number_u32("burst_max", 1..=10_000_000, None);
    let orders_open_max = section.number_u32("orders_open_max", 1..=ORDERS_OPEN_MAX, None);
    let known: Vec<&str> = clients
        .iter()
        .map(|client| client.value.comp_id.as_str())
        .collect();
    let Some(ix) = known.iter().position(|comp_id| *comp_id == name.value) else {
        refers(section.walk(), name, "client", &known);
        return None;
    };
    Some(SessionLimits {
        session: Config::session(ix),
        orders_per_s_max: orders_per_s_max?,
        burst_max: burst_max?,
        orders_open_max: orders_open_max?,
    })
}

/// The tables of a file, to be held against each other.
struct Read<'r> {
    engine: Engine,
    acceptors: &'r [Item<Acceptor>],
    venues: &'r [Item<VenueLink>],
    clients: &'r [Item<Client>],
    instruments: &'r [Item<Instrument>],
    instrument_limits: &'r [InstrumentLimits],
    session_limits: &'r [SessionLimits],
}

impl Read<'_> {
    fn check(&self, walk: &mut Walk<'_>) {
        self.check_presence(walk);
        self.check_names(walk);
        self.check_counts(walk);
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
        twice(walk, "instrument", self.instruments, |instrument| {
            instrument.symbol.to_string()
        });
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

    fn check_instrument_limits(&self, walk: &mut Walk<'_>) {
        for (ix, item) in self.instruments.iter().enumerate() {
            let instrument = item.value;
            let id = instrument_id(ix);
            let limits = self.instrument_limits.iter().find(|it| it.instrument == id);
            if limits.is_some() || has_stanza(walk, "instrument", instrument.symbol.as_str()) {
                continue;
            }
            let live = self.venues.iter().enumerate().find(|(ix, venue)| {
                instrument.venues.contains(venue_id(*ix)) && !is_local(&venue.value)
            });
            let stanza = format!(
                "add\n\n[limits.instrument.{}]\norder_qty_max = 1_000\norder_notional_max = 1_000_000\n\
                 position_max = 5_000\nquote_age_ms_max = 5_000\ncollar_bps = 100\n\
                 prev_close_allowed = false\n\nwith numbers that suit you",
                bare_or_quoted(instrument.symbol.as_str())
            );
            let symbol = instrument.symbol;
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
                    code: Code::C010,
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
            let session = Config::session(ix);
            let comp_id = item.value.comp_id.as_str();
            let limits = self.session_limits.iter().find(|it| it.session == session);
            if limits.is_some() || has_stanza(walk, "session", comp_id) {
                continue;
            }
            walk.findings.push(Finding {
                code: Code::C011,
                message: format!("{comp_id} has no limits: every order of it will be refused"),
                span: Some(item.span.clone()),
                help: format!(
                    "add\n\n[limits.session.{}]\norders_per_s_max = 100\nburst_max = 50\n\
                     orders_open_max = 1_000\n\nwith numbers that suit you",
                    bare_or_quoted(comp_id)
                ),
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

fn refers(walk: &mut Walk<'_>, name: &Item<String>, what: &str, known: &[&str]) {
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

fn path(section: &mut Section<'_, '_, '_>, key: &'static str, default: &str) -> PathBuf {
    let item = section.text(key, Some(default.to_owned()), |text| match text {
        "" => Err("an empty path".to_owned()),
        text => Ok(text.to_owned()),
    });
    PathBuf::from(item.map_or_else(|| default.to_owned(), |item| item.value))
}

/// A CompID or an account: what can stand in a FIX field and in a file name.
fn comp_id(text: &str) -> Result<String, String> {
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
fn account_name(text: &str) -> Result<String, String> {
    let name: Result<AccountName, _> = text.parse();
    name.map(|name| name.to_string())
        .map_err(|fault| fault.to_string())
}

/// Sessions numbered in their order, accounts in the order in which clients name them.
fn number_clients(clients: Vec<Item<Client>>) -> Vec<Client> {
    let mut names: Vec<String> = Vec::new();
    let number = |(place, item): (usize, Item<Client>)| {
        let mut client = item.value;
        client.session = Config::session(place);
        let known = names.iter().position(|name| *name == client.account_name);
        let ix = known.unwrap_or_else(|| {
            names.push(client.account_name.clone());
            names.len() - 1
        });
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

fn number_instruments(instruments: Vec<Item<Instrument>>) -> Vec<Instrument> {
    let number = |(ix, item): (usize, Item<Instrument>)| Instrument {
        id: instrument_id(ix),
        ..item.value
    };
    instruments.into_iter().enumerate().map(number).collect()
}

fn venue_id(ix: usize) -> VenueId {
    VenueId::new(u8::try_from(ix).unwrap_or(u8::MAX))
}

fn instrument_id(ix: usize) -> InstrumentId {
    InstrumentId::new(u32::try_from(ix).unwrap_or(u32::MAX))
}
