//! How often a client sends what.

use std::str::FromStr;

use serde::Deserialize;

/// How often what is sent, relative to each other; requests in per cent of new orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Market orders.
    pub market: u32,
    /// Limit orders beyond the other side's price.
    pub marketable: u32,
    /// Limit orders at the own side's price or behind it.
    pub passive: u32,
    /// Immediate or cancel.
    pub ioc: u32,
    /// Fill or kill.
    pub fok: u32,
    /// Parent orders worked over time.
    pub twap: u32,
    /// Parent orders worked by other algorithms.
    pub algo: u32,
    /// Stop orders.
    pub stop: u32,
    /// Stop orders with a limit.
    pub stop_limit: u32,
    /// Market if touched.
    pub mit: u32,
    /// Limit if touched.
    pub lit: u32,
    /// Market, the rest as limit.
    pub left_over: u32,
    /// Trailing stops.
    pub trailing: u32,
    /// Pegged to the best, the other side's best or the middle.
    pub pegged: u32,
    /// Passive orders that show a part.
    pub iceberg: u32,
    /// Passive orders until a moment.
    pub gtd: u32,
    /// Passive orders that must not trade at once.
    pub post_only: u32,
    /// A price between two ticks.
    pub off_tick: u32,
    /// A quantity of zero.
    pub zero_qty: u32,
    /// A symbol that nobody lists.
    pub unknown_symbol: u32,
    /// A ClOrdID once more.
    pub duplicate: u32,
    /// Cancels, per 100 new orders.
    pub cancel_pct: u32,
    /// Replaces, per 100 new orders.
    pub replace_pct: u32,
    /// Status requests, per 100 new orders.
    pub status_pct: u32,
    /// Mass cancels, per 100 new orders.
    pub mass_cancel_pct: u32,
    /// Mass status requests, per 100 new orders.
    pub mass_status_pct: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            market: 20,
            marketable: 20,
            passive: 30,
            ioc: 12,
            fok: 6,
            twap: 4,
            off_tick: 2,
            zero_qty: 2,
            unknown_symbol: 2,
            duplicate: 2,
            cancel_pct: 12,
            replace_pct: 10,
            status_pct: 4,
            ..Self::NOTHING
        }
    }
}

/// Why a mix cannot be had from a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} is not NAME=NUMBER with a name of: {names}")]
pub struct MixError {
    part: String,
    names: String,
}

impl FromStr for Mix {
    type Err = MixError;

    /// `all` for everything there is, else `NAME=NUMBER,…`; what is not named is not sent.
    fn from_str(text: &str) -> Result<Self, MixError> {
        if text == "all" {
            return Ok(Self::everything());
        }
        let mut mix = Self::NOTHING;
        for part in text.split(',') {
            let (name, number) = part.split_once('=').unwrap_or((part, ""));
            let number = number.parse().ok();
            let mut slots = mix.slots();
            let slot = slots.iter_mut().find(|(known, _)| *known == name);
            let (Some((_, slot)), Some(number)) = (slot, number) else {
                let names: Vec<&str> = slots.iter().map(|(known, _)| *known).collect();
                return Err(MixError {
                    part: part.to_owned(),
                    names: names.join(", "),
                });
            };
            **slot = number;
        }
        Ok(mix)
    }
}

impl Mix {
    /// No order, no request.
    pub const NOTHING: Self = Self {
        market: 0,
        marketable: 0,
        passive: 0,
        ioc: 0,
        fok: 0,
        twap: 0,
        algo: 0,
        stop: 0,
        stop_limit: 0,
        mit: 0,
        lit: 0,
        left_over: 0,
        trailing: 0,
        pegged: 0,
        iceberg: 0,
        gtd: 0,
        post_only: 0,
        off_tick: 0,
        zero_qty: 0,
        unknown_symbol: 0,
        duplicate: 0,
        cancel_pct: 0,
        replace_pct: 0,
        status_pct: 0,
        mass_cancel_pct: 0,
        mass_status_pct: 0,
    };

    /// The usual orders, and every other kind beside them.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            algo: 6,
            stop: 6,
            stop_limit: 6,
            mit: 4,
            lit: 4,
            left_over: 4,
            trailing: 4,
            pegged: 6,
            iceberg: 6,
            gtd: 6,
            post_only: 6,
            mass_cancel_pct: 1,
            mass_status_pct: 2,
            ..Self::default()
        }
    }

    /// Every number by its name on the command line.
    const fn slots(&mut self) -> [(&'static str, &mut u32); 26] {
        [
            ("market", &mut self.market),
            ("marketable", &mut self.marketable),
            ("limit", &mut self.passive),
            ("ioc", &mut self.ioc),
            ("fok", &mut self.fok),
            ("twap", &mut self.twap),
            ("algo", &mut self.algo),
            ("stop", &mut self.stop),
            ("stop-limit", &mut self.stop_limit),
            ("mit", &mut self.mit),
            ("lit", &mut self.lit),
            ("left-over", &mut self.left_over),
            ("trailing", &mut self.trailing),
            ("pegged", &mut self.pegged),
            ("iceberg", &mut self.iceberg),
            ("gtd", &mut self.gtd),
            ("post-only", &mut self.post_only),
            ("off-tick", &mut self.off_tick),
            ("zero-qty", &mut self.zero_qty),
            ("unknown-symbol", &mut self.unknown_symbol),
            ("duplicate", &mut self.duplicate),
            ("cancel", &mut self.cancel_pct),
            ("replace", &mut self.replace_pct),
            ("status", &mut self.status_pct),
            ("mass-cancel", &mut self.mass_cancel_pct),
            ("mass-status", &mut self.mass_status_pct),
        ]
    }

    /// Only orders that should be accepted.
    #[must_use]
    pub const fn without_bad(self) -> Self {
        Self {
            off_tick: 0,
            zero_qty: 0,
            unknown_symbol: 0,
            duplicate: 0,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_says_what_is_sent_and_nothing_else_is() {
        let mix: Mix = "market=3,stop-limit=1,mass-cancel=2".parse().unwrap();
        let expected = Mix {
            market: 3,
            stop_limit: 1,
            mass_cancel_pct: 2,
            ..Mix::NOTHING
        };
        assert_eq!(mix, expected);
        let all: Mix = "all".parse().unwrap();
        assert!(all.clone().slots().iter().all(|(_, number)| **number > 0));
        for wrong in ["", "market", "market=x", "markets=1", "market=-1"] {
            assert!(wrong.parse::<Mix>().is_err(), "{wrong:?}");
        }
    }
}
