//! The world of the demo: three venues that differ, two clients, and the configuration between.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use dcx_model::{Code, Symbol};
use dcx_sim::SimInstrument;
use dcx_sim::client::{ClientOptions, Mix};
use dcx_sim::data::{common_start, to_rfc3339};
use dcx_sim::venue::{DataBinding, PriceBoard, VenueOptions, VenueServer, VenueStats};

use crate::cli::Demo;
use crate::config::{self, Config, Source};
use crate::data;
use crate::exit::Failure;
use crate::sim::venue_failure;

/// What the simulators know; data of other instruments must say so: `SYMBOL=PATH`.
const SYMBOLS: [&str; 3] = ["EURUSD", "XAUUSD", "BTCUSDT"];

/// The clients' CompIDs.
const CLIENTS: [&str; 2] = ["DESK1", "DESK2"];

/// What makes a venue differ from the others.
#[derive(Clone, Copy, Debug)]
struct Character {
    name: &'static str,
    latency_us: u64,
    reject_rate: f64,
    hidden_rate: f64,
    fee_centi_bps: i32,
    touch_pct: u32,
}

/// Near and dear, plain, and cheap but far and moody.
const VENUES: [Character; 3] = [
    Character {
        name: "NEAR",
        latency_us: 80,
        reject_rate: 0.005,
        hidden_rate: 0.0,
        fee_centi_bps: 40,
        touch_pct: 100,
    },
    Character {
        name: "MIDDLE",
        latency_us: 250,
        reject_rate: 0.01,
        hidden_rate: 0.1,
        fee_centi_bps: 20,
        touch_pct: 60,
    },
    Character {
        name: "FAR",
        latency_us: 900,
        reject_rate: 0.05,
        hidden_rate: 0.3,
        fee_centi_bps: 5,
        touch_pct: 150,
    },
];

/// Venues at work.
#[derive(Debug)]
pub(super) struct World {
    symbols: Vec<String>,
    venues: Vec<(Character, VenueServer)>,
}

impl World {
    /// Starts the venues on free ports of the loopback.
    pub(super) fn start(args: &Demo) -> Result<Self, Failure> {
        let symbols = symbols(&args.data)?;
        let from = start_of_data(args, &symbols)?;
        let mut venues = Vec::new();
        for (ix, character) in VENUES.into_iter().enumerate() {
            let options = VenueOptions {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                comp_id: character.name.to_owned(),
                symbols: symbols.clone(),
                data: data_of(ix, &args.data, &symbols),
                tz: args.tz.clone(),
                seed: args.seed,
                number: ix as u64,
                latency_us: character.latency_us,
                reject_rate: character.reject_rate,
                hidden_rate: character.hidden_rate,
                fee_centi_bps: character.fee_centi_bps,
                touch_pct: character.touch_pct,
                from: from.clone(),
                ..VenueOptions::default()
            };
            let server = VenueServer::spawn(&options).map_err(|error| venue_failure(&error))?;
            venues.push((character, server));
        }
        Ok(Self { symbols, venues })
    }

    /// What stands at the beginning, in sentences.
    pub(super) fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "three FIX 4.4 venues, two client sessions, {} on loopback; nothing else is touched",
            self.symbols.join(" ")
        )];
        lines.extend(self.venues.iter().map(|(character, server)| {
            format!(
                "  {:<7} {}  delay {} us, refuses {:.1} %, hidden fills {:.0} %, fee {:.2} bps",
                character.name,
                server.addr(),
                character.latency_us,
                character.reject_rate * 100.0,
                character.hidden_rate * 100.0,
                f64::from(character.fee_centi_bps) / 100.0
            )
        }));
        lines
    }

    /// The configuration of the daemon between clients and venues, read as any other file is.
    pub(super) fn config(
        &self,
        args: &Demo,
        journal: &Path,
        scratch: &Path,
    ) -> Result<Config, Failure> {
        let text = self.text(args, journal, scratch);
        let loaded = config::parse(Source {
            path: "the demo's configuration".to_owned(),
            text,
        });
        let findings: Vec<String> = loaded
            .findings
            .iter()
            .map(|finding| loaded.source.render(finding, false))
            .collect();
        loaded
            .config
            .ok_or_else(|| Failure::new(Code::X006, findings.join("\n")))
    }

    fn text(&self, args: &Demo, journal: &Path, scratch: &Path) -> String {
        let mut text = String::new();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wait = if cores > 1 { "yield" } else { "park" };
        // A request for each second order or so, and a report for each child; the engine makes
        // room for all at its start, which takes the longer the more there are.
        let orders = u64::from(args.orders_per_s).saturating_mul(args.seconds);
        let ids_kept_max = orders.saturating_mul(4).clamp(65_536, 10_000_000);
        // TOML keeps a path as it is in a literal string, unless it has a quote in it.
        let path = |path: &Path| format!("{:?}", path.display().to_string());
        let _ = write!(
            text,
            "[engine]\nseed = {}\nwait = \"{wait}\"\norders_open_max = 16_384\n\
             ids_kept_max = {ids_kept_max}\n\
             [journal]\ndir = {}\n[fix]\nstore_dir = {}\n\
             [[fix.acceptor]]\nlisten = \"127.0.0.1:0\"\ncomp_id = \"DCX\"\n\
             [metrics]\nenabled = false\n[control]\nsocket = {}\n[log]\ndir = {}\n[limits.firm]\ngross_max = 1_000_000_000_000\n",
            args.seed % (1 << 62),
            path(journal),
            path(&scratch.join("fix")),
            path(&scratch.join("control.sock")),
            path(&scratch.join("log")),
        );
        for client in CLIENTS {
            let _ = write!(
                text,
                "[[client]]\ncomp_id = \"{client}\"\naccount = \"HOUSE\"\n\
                 [limits.session.{client}]\norders_per_s_max = 1_000_000\n\
                 burst_max = 1_000_000\norders_open_max = 50_000\n"
            );
        }
        let mut names = Vec::new();
        for (character, server) in &self.venues {
            let name = character.name;
            let _ = write!(
                text,
                "[[venue]]\nname = \"{name}\"\nconnect = \"{}\"\nfee_centi_bps = {}\n\
                 features = [\"iceberg\", \"min-qty\", \"post-only\", \"status\", \"mass-status\"]\n",
                server.addr(),
                character.fee_centi_bps
            );
            names.push(format!("\"{name}\""));
        }
        for symbol in &self.symbols {
            let Ok(symbol) = symbol.parse::<Symbol>() else {
                continue;
            };
            let instrument = SimInstrument::preset(symbol);
            let _ = write!(
                text,
                "[[instrument]]\nsymbol = \"{symbol}\"\ntick = \"{}\"\nlot = \"{}\"\n\
                 venues = [{}]\n[limits.instrument.{symbol:?}]\norder_qty_max = 1_000_000\n\
                 order_notional_max = 100_000_000\nposition_max = 1_000_000_000\n\
                 quote_age_ms_max = 5_000\ncollar_bps = 200\ncrossed_bps_max = 100\n",
                instrument.tick,
                instrument.lot,
                names.join(", "),
            );
        }
        text
    }

    /// What the clients do.
    pub(super) fn client_options(&self, args: &Demo, connect: SocketAddr) -> ClientOptions {
        ClientOptions {
            connect,
            comp_ids: CLIENTS.map(str::to_owned).to_vec(),
            symbols: self.symbols.clone(),
            orders_per_s: args.orders_per_s,
            seconds: Some(args.seconds),
            seed: args.seed,
            mix: Mix {
                algo: 2,
                ..Mix::default()
            },
            tag: Some("D".to_owned()),
            ..ClientOptions::default()
        }
    }

    /// Quotes after which every venue has most likely quoted everything.
    pub(super) fn quotes_expected(&self) -> u64 {
        (self.symbols.len() * self.venues.len()) as u64
    }

    /// Where the venues show their prices.
    pub(super) fn boards(&self) -> Vec<Arc<PriceBoard>> {
        let servers = self.venues.iter();
        servers.map(|(_, server)| server.board()).collect()
    }

    /// Ends the venues and says what each has done.
    pub(super) fn stop(self) -> Vec<(&'static str, VenueStats)> {
        let stop = |(character, server): (Character, VenueServer)| (character.name, server.stop());
        self.venues.into_iter().map(stop).collect()
    }
}

/// What is traded: all that the simulators know, or what there is data of.
fn symbols(data: &[DataBinding]) -> Result<Vec<String>, Failure> {
    if data.is_empty() {
        return Ok(SYMBOLS.map(str::to_owned).to_vec());
    }
    let mut symbols: Vec<String> = Vec::new();
    for binding in data {
        let known = SYMBOLS.into_iter().find(|symbol| binding.is_of(symbol));
        let symbol = binding.symbol.clone().or_else(|| known.map(str::to_owned));
        let Some(symbol) = symbol else {
            let path = binding.path.display();
            let message = format!("--data {path} does not say of what; write SYMBOL={path}");
            return Err(Failure::new(Code::X001, message));
        };
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

/// What the venue at this place quotes from: of each symbol one path, in turn.
fn data_of(venue: usize, data: &[DataBinding], symbols: &[String]) -> Vec<DataBinding> {
    let of_symbol = |symbol: &String| {
        let paths: Vec<&DataBinding> = data.iter().filter(|it| it.is_of(symbol)).collect();
        let path = paths.get(venue % paths.len().max(1))?;
        Some(DataBinding {
            symbol: Some(symbol.clone()),
            path: path.path.clone(),
        })
    };
    symbols.iter().filter_map(of_symbol).collect()
}

/// The first moment of which all data knows: venues must not quote from different days.
fn start_of_data(args: &Demo, symbols: &[String]) -> Result<Option<String>, Failure> {
    // Data of several symbols may be of different years; each then begins where it does.
    if args.data.is_empty() || symbols.len() > 1 {
        return Ok(None);
    }
    let paths: Vec<&Path> = args.data.iter().map(|it| it.path.as_path()).collect();
    let options = data::options(&args.tz)?;
    let start = common_start(&paths, &options).map_err(|error| data::failure(&error))?;
    Ok(start.map(to_rfc3339))
}
