//! What a simulated client is told, and what is wrong with it.

use std::net::SocketAddr;

use dcx_fix::LinkError;
use dcx_model::{Code, Price, Symbol};
use serde::Deserialize;

use super::mix::Mix;
use crate::generator::SimInstrument;

/// A simulated client. The defaults fit `config/dcx.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientOptions {
    /// Where dcx listens for clients.
    pub connect: SocketAddr,
    /// `SenderCompID` (49) of each session; orders go to them in turn.
    pub comp_ids: Vec<String>,
    /// `TargetCompID` (56).
    pub target: String,
    /// What is traded.
    pub symbols: Vec<String>,
    /// Prices to begin with, `SYMBOL=PRICE`; without one the first trades tell.
    pub prices: Vec<String>,
    /// New orders a second, over all sessions; cancels, replaces and status requests come on top.
    pub orders_per_s: u32,
    /// Ends after so many new orders.
    pub orders: Option<u64>,
    /// Ends after so many seconds; without either it ends when it is told to.
    pub seconds: Option<u64>,
    /// Of everything that is chosen.
    pub seed: u64,
    /// What is sent.
    pub mix: Mix,
    /// How long to wait for logon, and at the end for the last reports.
    pub patience_s: u64,
    /// `HeartBtInt` (108).
    pub heart_bt_int_s: u32,
    /// Put before every ClOrdID, so that two runs against one daemon do not repeat them; the time
    /// of the start, if absent.
    pub tag: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect: SocketAddr::from(([127, 0, 0, 1], 9800)),
            comp_ids: vec!["CLIENT".to_owned()],
            target: "DCX".to_owned(),
            symbols: ["EURUSD", "XAUUSD", "BTCUSDT"].map(str::to_owned).to_vec(),
            prices: Vec::new(),
            orders_per_s: 100,
            orders: None,
            seconds: Some(10),
            seed: 1,
            mix: Mix::default(),
            patience_s: 10,
            heart_bt_int_s: 30,
            tag: None,
        }
    }
}

/// Why a client does not run.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// An option makes no sense.
    #[error("{name}: {what}")]
    Option {
        /// Which.
        name: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Its FIX link does not start.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Nobody answered, or not every session was let in.
    #[error("no logon at {connect} within {seconds} s as {comp_ids}")]
    NoLogon {
        /// Where.
        connect: SocketAddr,
        /// How long it tried.
        seconds: u64,
        /// As whom.
        comp_ids: String,
    },
    /// The operating system gives no thread.
    #[error("starting the client's thread")]
    Thread(#[source] std::io::Error),
    /// The client's thread panicked; its message is on standard error.
    #[error("the client's thread ended by a bug")]
    Panicked,
}

impl ClientError {
    /// The stable code, with meaning and remedy, where there is one.
    #[must_use]
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Option { .. } => Some(Code::X001),
            Self::Link(error) => error.code(),
            Self::NoLogon { .. } => Some(Code::X005),
            Self::Thread(_) => Some(Code::X004),
            Self::Panicked => Some(Code::X006),
        }
    }
}

impl ClientOptions {
    pub(super) fn check(&self) -> Result<(), ClientError> {
        let wrong = |name, what: &str| ClientError::Option {
            name,
            what: what.to_owned(),
        };
        if self.comp_ids.is_empty() {
            return Err(wrong("comp_ids", "none is given"));
        }
        if self.symbols.is_empty() {
            return Err(wrong("symbols", "none is given"));
        }
        if !(1..=10_000_000).contains(&self.orders_per_s) {
            return Err(wrong("orders_per_s", "not from 1 to 10000000"));
        }
        if self
            .tag
            .as_ref()
            .is_some_and(|tag| tag.is_empty() || tag.len() > 20)
        {
            return Err(wrong("tag", "not from 1 to 20 characters"));
        }
        Ok(())
    }

    pub(super) fn instruments(&self) -> Result<Vec<SimInstrument>, ClientError> {
        let parse = |text: &String| -> Result<SimInstrument, ClientError> {
            let symbol: Symbol = text.parse().map_err(|fault| ClientError::Option {
                name: "symbols",
                what: format!("{text:?}: {fault}"),
            })?;
            Ok(SimInstrument::preset(symbol))
        };
        self.symbols.iter().map(parse).collect()
    }

    /// The price to begin with of each symbol.
    pub(super) fn first_prices(&self) -> Result<Vec<Option<Price>>, ClientError> {
        let mut prices = vec![None; self.symbols.len()];
        for text in &self.prices {
            let parsed = text.split_once('=').and_then(|(symbol, px)| {
                let ix = self.symbols.iter().position(|listed| listed == symbol)?;
                Some((ix, px.parse::<Price>().ok()?))
            });
            let Some((ix, px)) = parsed.filter(|(_, px)| *px > Price::ZERO) else {
                let what = format!("{text:?} is not SYMBOL=PRICE with a symbol that is traded");
                return Err(ClientError::Option {
                    name: "prices",
                    what,
                });
            };
            if let Some(slot) = prices.get_mut(ix) {
                *slot = Some(px);
            }
        }
        Ok(prices)
    }
}
