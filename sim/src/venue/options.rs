//! What a simulated venue is told, and what is wrong with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use dcx_model::{Nanos, Symbol, UnixNanos};
use serde::Deserialize;

use super::VenueError;
use super::exchange::Exchange;
use super::feed::{Feed, Replay, Source};
use super::trouble::Trouble;
use crate::data::{self, DataOptions};
use crate::generator::{Generator, SimInstrument};

/// Recorded data of one instrument: `SYMBOL=PATH`, or a path that has the symbol in it as a word.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DataBinding {
    /// The instrument, where it is said.
    pub symbol: Option<String>,
    /// A file or folder.
    pub path: PathBuf,
}

impl From<String> for DataBinding {
    fn from(text: String) -> Self {
        match text.split_once('=') {
            Some((symbol, path)) if Symbol::new(symbol.as_bytes()).is_ok() => Self {
                symbol: Some(symbol.to_owned()),
                path: path.into(),
            },
            Some(_) | None => Self {
                symbol: None,
                path: text.into(),
            },
        }
    }
}

impl FromStr for DataBinding {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.to_owned().into())
    }
}

impl DataBinding {
    /// Whether this data is of `symbol`: said, or the last part of the path that has any known
    /// symbol as a word has this one.
    #[must_use]
    pub fn is_of(&self, symbol: &str) -> bool {
        match &self.symbol {
            Some(said) => said == symbol,
            None => has_word(&self.path, symbol),
        }
    }
}

/// Whether `symbol` is a word of the file's or its folder's name.
fn has_word(path: &Path, symbol: &str) -> bool {
    let names = path.ancestors().filter_map(Path::file_name).take(2);
    names.into_iter().any(|name| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| word == symbol)
    })
}

/// A simulated venue. The defaults are the first venue of `config/dcx.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VenueOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its `SenderCompID` (49).
    pub comp_id: String,
    /// The `SenderCompID` of whoever may log on.
    pub targets: Vec<String>,
    /// What it lists.
    pub symbols: Vec<String>,
    /// Recorded quotes; what has none is quoted from the seed.
    pub data: Vec<DataBinding>,
    /// Clocks of data, `NAME=+HH:MM`.
    pub tz: Vec<String>,
    /// Of all chance.
    pub seed: u64,
    /// Which venue of this seed it is: the same prices, other spreads and other luck.
    pub number: u64,
    /// From the arrival of a message to its effect, in microseconds, at least.
    pub latency_us: u64,
    /// Mean of the exponential part on top.
    pub jitter_us: u64,
    /// From a trade to its report, in microseconds, at least.
    pub fill_latency_us: u64,
    /// Mean of the exponential part on top.
    pub fill_jitter_us: u64,
    /// Probability that an order is refused for no reason.
    pub reject_rate: f64,
    /// Probability that an order meets liquidity that nobody shows.
    pub hidden_rate: f64,
    /// Fee in hundredths of a basis point; negative for a rebate. Counted, not reported.
    pub fee_centi_bps: i32,
    /// Seeded quotes a second and instrument.
    pub quotes_per_s: u32,
    /// Most market data messages a second, instrument and subscriber.
    pub snapshots_per_s_max: u32,
    /// An unchanged quote is repeated after so many milliseconds; 0 for never.
    pub requote_ms: u64,
    /// Quantity at bid and ask where none was recorded, in per cent of the usual.
    pub touch_pct: u32,
    /// Recorded time passes so many times faster.
    pub speed: u32,
    /// Longest silence between two recorded quotes, in milliseconds of now.
    pub gap_ms_max: u64,
    /// Recorded moment to begin at, RFC 3339; the first of the data, if absent.
    pub from: Option<String>,
    /// What it does wrong.
    pub trouble: Trouble,
    /// Those of `targets` whose working orders are cancelled when their session is lost.
    pub cancel_on_disconnect: Vec<String>,
    /// Sequence numbers never restart: a logon with `ResetSeqNumFlag` (141) is refused. The book
    /// is kept over a reconnect in any case.
    pub keep: bool,
    /// Where its orders and trades are written at the end, one JSON object a line.
    pub ledger: Option<PathBuf>,
}

impl Default for VenueOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9901)),
            comp_id: "SIMA".to_owned(),
            targets: vec!["DCX".to_owned()],
            symbols: ["EURUSD", "XAUUSD", "BTCUSDT"].map(str::to_owned).to_vec(),
            data: Vec::new(),
            tz: Vec::new(),
            seed: 1,
            number: 0,
            latency_us: 100,
            jitter_us: 50,
            fill_latency_us: 50,
            fill_jitter_us: 50,
            reject_rate: 0.01,
            hidden_rate: 0.1,
            fee_centi_bps: 20,
            quotes_per_s: 20,
            snapshots_per_s_max: 50,
            requote_ms: 1_000,
            touch_pct: 100,
            speed: 60,
            gap_ms_max: 1_000,
            from: None,
            trouble: Trouble::default(),
            cancel_on_disconnect: Vec::new(),
            keep: false,
            ledger: None,
        }
    }
}

impl VenueOptions {
    /// The instruments that it lists.
    pub(super) fn instruments(&self) -> Result<Vec<SimInstrument>, VenueError> {
        let mut instruments: Vec<SimInstrument> = Vec::new();
        for text in &self.symbols {
            let symbol: Symbol = text.parse().map_err(|fault| VenueError::Option {
                name: "symbols",
                what: format!("{text:?} is no symbol: {fault}"),
            })?;
            if instruments.iter().any(|listed| listed.symbol == symbol) {
                let what = format!("{text} is listed twice");
                return Err(VenueError::Option {
                    name: "symbols",
                    what,
                });
            }
            let mut instrument = SimInstrument::preset(symbol);
            instrument.touch_qty = scaled(&instrument, self.touch_pct);
            instruments.push(instrument);
        }
        Ok(instruments)
    }

    /// Refuses numbers that make no sense.
    pub(super) fn check(&self) -> Result<(), VenueError> {
        let own = [
            ("reject_rate", self.reject_rate),
            ("hidden_rate", self.hidden_rate),
        ];
        for (name, rate) in own.into_iter().chain(self.trouble.rates()) {
            if !(0.0..=1.0).contains(&rate) {
                let what = format!("{rate} is not from 0 to 1");
                return Err(VenueError::Option { name, what });
            }
        }
        for (name, number) in [
            ("quotes_per_s", self.quotes_per_s),
            ("snapshots_per_s_max", self.snapshots_per_s_max),
            ("speed", self.speed),
            ("touch_pct", self.touch_pct),
        ] {
            if !(1..=1_000_000).contains(&number) {
                let what = format!("{number} is not from 1 to 1000000");
                return Err(VenueError::Option { name, what });
            }
        }
        self.trouble.check()?;
        let mut lost = self.cancel_on_disconnect.iter();
        if let Some(stranger) = lost.find(|target| !self.targets.contains(target)) {
            let what = format!("{stranger} is none of the targets");
            return Err(VenueError::Option {
                name: "cancel_on_disconnect",
                what,
            });
        }
        for binding in &self.data {
            if !self.symbols.iter().any(|symbol| binding.is_of(symbol)) {
                let path = binding.path.display();
                let what = format!("{path} is of no listed symbol; say SYMBOL={path}");
                return Err(VenueError::Option { name: "data", what });
            }
        }
        Ok(())
    }

    /// One feed for each instrument of the exchange.
    pub(super) fn feeds(&self, exchange: &Exchange) -> Result<Vec<Feed>, VenueError> {
        let from = match &self.from {
            None => None,
            Some(text) => match data::parse_rfc3339(text) {
                Some(at) => Some(at),
                None => {
                    let what = format!("{text:?} is not of the form 2014-05-02T12:30:00Z");
                    return Err(VenueError::Option { name: "from", what });
                }
            },
        };
        let replay = Replay {
            speed: self.speed,
            gap_max: Nanos::from_millis(self.gap_ms_max),
            from,
        };
        let mut feeds = Vec::new();
        for instrument in exchange.instruments() {
            feeds.push(self.feed(instrument, replay)?);
        }
        Ok(feeds)
    }

    fn feed(&self, instrument: &SimInstrument, replay: Replay) -> Result<Feed, VenueError> {
        let symbol = instrument.symbol.as_str();
        let Some(binding) = self.data.iter().find(|binding| binding.is_of(symbol)) else {
            let interval = Nanos::new(1_000_000_000 / u64::from(self.quotes_per_s.max(1)));
            let times = (UnixNanos::ZERO, interval);
            let generator = Generator::new(*instrument, self.seed, self.number, times);
            let live = Replay {
                speed: 1,
                gap_max: Nanos::from_seconds(3600),
                from: None,
            };
            return Ok(Feed::new(Source::Seeded(Box::new(generator)), live));
        };
        let options = DataOptions {
            tz: self
                .tz
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()?,
            ..DataOptions::default()
        };
        let tape = data::open(&binding.path, &options)?;
        if tape.next_at().is_none() {
            let what = format!("{} holds no quote", binding.path.display());
            return Err(VenueError::Option { name: "data", what });
        }
        let source = Source::Tape {
            tape: Box::new(tape),
            path: binding.path.clone(),
            options,
        };
        Ok(Feed::new(source, replay))
    }
}

/// The usual quantity at the touch in per cent, in whole lots, at least one.
fn scaled(instrument: &SimInstrument, pct: u32) -> dcx_model::Qty {
    let lot = instrument.lot.units();
    let units = u128::from(instrument.touch_qty.units()) * u128::from(pct) / 100;
    let lots = u64::try_from(units).unwrap_or(u64::MAX) / lot;
    dcx_model::Qty::from_units(lots.max(1) * lot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_belongs_to_the_symbol_it_says_or_has_in_its_name() {
        let of = |text: &str, symbol| DataBinding::from(text.to_owned()).is_of(symbol);
        assert!(of("../shared/data/eurusd-fxcm", "EURUSD"));
        assert!(of("data/eurusd-fxcm/20140501_quote.zip", "EURUSD"));
        assert!(of("binance/btcusdt_spot_20240808.gz", "BTCUSDT"));
        assert!(of("EURUSD=/tmp/a.csv", "EURUSD"));
        assert!(!of("XAUUSD=eurusd.csv", "EURUSD"));
        assert!(!of("/tmp/a.csv", "EURUSD"));
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        let default = VenueOptions::default;
        for options in [
            VenueOptions {
                reject_rate: f64::NAN,
                ..default()
            },
            VenueOptions {
                hidden_rate: 1.5,
                ..default()
            },
            VenueOptions {
                speed: 0,
                ..default()
            },
            VenueOptions {
                data: vec!["/tmp/unknown.csv".parse().unwrap()],
                ..default()
            },
        ] {
            assert!(options.check().is_err(), "{options:?}");
        }
        let twice = VenueOptions {
            symbols: vec!["A".to_owned(), "A".to_owned()],
            ..default()
        };
        assert!(twice.instruments().is_err());
        assert!(default().check().is_ok());
    }
}
