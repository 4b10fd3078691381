//! Who trades and what they may: accounts, strategies, permissions, operators; and what
//! instruments have besides their grid: hours and risk factors.

use std::fmt;
use std::str::FromStr;

use dcx_control::socket::{Impact, Operator};
use dcx_model::{
    Account, AccountId, Algo, Code, FACTORS_MAX, FactorMapping, InstrumentId, Level, Nanos,
    OwnerId, Price, SCENARIOS_MAX, ScenarioReturn, Scope, SelfTrade, TradingHours, VenueFeatures,
    VenueSet,
};

use super::limits::{Holders, strategy};
use super::read::{account_name, comp_id, path, refers, venue_id};
use super::section::{Item, Section};
use super::{ControlConfig, Grant, NamedAccount, VenueLink};

/// A time of the UTC day, `HH:MM`, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeOfDay(pub(super) u32);

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').filter(|(hours, minutes)| {
            let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            digits(hours) && digits(minutes)
        });
        let of = |(hours, minutes): (&str, &str)| {
            let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
            (hours < 24 && minutes < 60).then_some(Self(hours * 3_600 + minutes * 60))
        };
        parts
            .and_then(of)
            .ok_or_else(|| "not a time of the UTC day such as 22:00".to_owned())
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60)
    }
}

/// An account's table, before it has a number.
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) name: String,
    owner: Option<String>,
    self_trade: SelfTrade,
}

/// The word of each way to treat an order that would trade with its owner's.
const SELF_TRADE: &[(&str, SelfTrade)] = &[
    ("allow", SelfTrade::Allow),
    ("cancel-newest", SelfTrade::CancelNewest),
    ("cancel-oldest", SelfTrade::CancelOldest),
    ("cancel-both", SelfTrade::CancelBoth),
    ("decrement", SelfTrade::Decrement),
];

/// The word of each thing that a venue may be able to do.
const FEATURES: &[(&str, VenueFeatures)] = &[
    ("iceberg", VenueFeatures::ICEBERG),
    ("min-qty", VenueFeatures::MIN_QTY),
    ("post-only", VenueFeatures::POST_ONLY),
    ("all-or-none", VenueFeatures::ALL_OR_NONE),
    ("mass-status", VenueFeatures::MASS_STATUS),
    ("status", VenueFeatures::STATUS),
];

/// The word of each algorithm.
const ALGOS: &[(&str, Algo)] = &[
    (Algo::AtOnce.name(), Algo::AtOnce),
    (Algo::Twap.name(), Algo::Twap),
    (Algo::Vwap.name(), Algo::Vwap),
    (Algo::Pov.name(), Algo::Pov),
    (Algo::Iceberg.name(), Algo::Iceberg),
    (Algo::Shortfall.name(), Algo::Shortfall),
    (Algo::Adaptive.name(), Algo::Adaptive),
    (Algo::Sniper.name(), Algo::Sniper),
    (Algo::Pegged.name(), Algo::Pegged),
    (Algo::Planned.name(), Algo::Planned),
];

pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `[[account]]`.
pub(super) fn read_account(section: &mut Section<'_, '_, '_>) -> Option<Item<Owned>> {
    let name = section.text("name", None, account_name);
    if let Some(name) = &name {
        section.rename(format!("account.{}", name.value));
    }
    let owner = section.text_if_any("owner", comp_id);
    let self_trade = section.choice("self_trade", SELF_TRADE, SelfTrade::Allow);
    let name = name?;
    Some(Item {
        value: Owned {
            name: name.value,
            owner: owner.map(|owner| owner.value),
            self_trade,
        },
        span: name.span,
    })
}

/// Accounts under their numbers, owners numbered from 1 in the order in which they are named.
pub(super) fn number_accounts(names: &[String], owned: Vec<Item<Owned>>) -> Vec<NamedAccount> {
    let mut accounts: Vec<NamedAccount> = (0..)
        .zip(names)
        .map(|(ix, name)| NamedAccount {
            name: name.clone(),
            owner: None,
            account: Account {
                id: AccountId::new(ix),
                owner: OwnerId::new(0),
                self_trade: SelfTrade::Allow,
            },
        })
        .collect();
    let mut owners: Vec<String> = Vec::new();
    for item in owned {
        let Owned {
            name,
            owner,
            self_trade,
        } = item.value;
        let Some(account) = accounts.iter_mut().find(|account| account.name == name) else {
            continue;
        };
        account.account.self_trade = self_trade;
        if let Some(owner) = &owner {
            let known = owners.iter().position(|known| known == owner);
            let place = known.unwrap_or_else(|| {
                owners.push(owner.clone());
                owners.len() - 1
            });
            account.account.owner = OwnerId::new(u32::try_from(place + 1).unwrap_or(u32::MAX));
        }
        account.owner = owner;
    }
    accounts
}

/// `[[strategy]]`.
pub(super) fn read_strategy(section: &mut Section<'_, '_, '_>) -> Option<Item<String>> {
    section.text("name", None, comp_id)
}

/// What a venue can do.
pub(super) fn read_features(section: &mut Section<'_, '_, '_>) -> VenueFeatures {
    let Some(words) = section.texts_if_any("features") else {
        return VenueFeatures::STATUS;
    };
    words.iter().fold(VenueFeatures::NONE, |features, word| {
        features.with(one_of(section, word, FEATURES, "feature").unwrap_or_default())
    })
}

/// An instrument's trading hours, if it has any.
pub(super) fn read_hours(section: &mut Section<'_, '_, '_>) -> Option<TradingHours> {
    let open = section.text_if_any("open", str::parse::<TimeOfDay>);
    let close = section.text_if_any("close", str::parse::<TimeOfDay>);
    let days = section.texts_if_any("weekdays");
    let lead = section.number("close_lead_ms", 0..=86_400_000, Some(0));
    let (open, close) = match (open, close) {
        (Some(open), Some(close)) => (open, close),
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => {
            section.walk().find(
                Code::C013,
                Some(one.span),
                "an opening needs a close, and a close an opening",
                "give both, as times of the UTC day, or neither",
            );
            return None;
        }
    };
    let weekdays = days.map_or(0b001_1111, |days| {
        days.iter().fold(0, |mask, day| {
            let known = WEEKDAYS.iter().position(|known| *known == day.value);
            if known.is_none() {
                refers(section.walk(), day, "weekday", &WEEKDAYS);
            }
            mask | known.map_or(0, |place| 1 << place)
        })
    });
    Some(TradingHours {
        instrument: InstrumentId::new(0),
        open_s: open.value.0,
        close_s: close.value.0,
        weekdays,
        close_lead: Nanos::from_millis(lead.unwrap_or(0).unsigned_abs()),
    })
}

/// An instrument's risk factor, if it has one. New names get the next number.
pub(super) fn read_factor(
    section: &mut Section<'_, '_, '_>,
    factors: &mut Vec<String>,
) -> Option<FactorMapping> {
    let factor = section.text_if_any("risk_factor", comp_id);
    let one = Price::from_units(100_000_000);
    let beta = section.decimal("beta", Some(one), Price::parse, |_| true);
    let factor = factor?;
    let known = factors.iter().position(|known| *known == factor.value);
    let place = known.unwrap_or_else(|| {
        factors.push(factor.value.clone());
        factors.len() - 1
    });
    let number = u8::try_from(place).ok();
    let Some(number) = number.filter(|number| usize::from(*number) < FACTORS_MAX) else {
        section.walk().find(
            Code::C005,
            Some(factor.span),
            format!("more than {FACTORS_MAX} risk factors"),
            "map several instruments to one factor",
        );
        return None;
    };
    let beta = beta.map_or(one, |beta| beta.value).units() / 100;
    Some(FactorMapping {
        instrument: InstrumentId::new(0),
        factor: number,
        beta_ppm: i32::try_from(beta).unwrap_or(i32::MAX),
    })
}

/// `[var]`: the scenarios of the historical value at risk.
pub(super) fn read_var(
    section: &mut Section<'_, '_, '_>,
    factors: &[String],
) -> Vec<ScenarioReturn> {
    let Some(file) = section.text_if_any("scenarios", |text| Ok::<_, String>(text.to_owned()))
    else {
        return Vec::new();
    };
    let read = std::fs::read_to_string(&file.value).map_err(|error| error.to_string());
    match read.and_then(|text| scenarios(&text, factors)) {
        Ok(scenarios) => scenarios,
        Err(why) => {
            section.walk().find(
                Code::C007,
                Some(file.span),
                format!("{}: {why}", file.value),
                "a CSV with the factors' names in its first line and one day of returns, in \
                 millionths, in each line below",
            );
            Vec::new()
        }
    }
}

/// Rows of returns under a line of factors' names.
fn scenarios(text: &str, factors: &[String]) -> Result<Vec<ScenarioReturn>, String> {
    let mut lines = text.lines();
    let head = lines.next().ok_or("the file is empty")?;
    let columns: Vec<Option<u8>> = head
        .split(',')
        .map(|name| {
            let place = factors.iter().position(|factor| factor == name.trim());
            place.and_then(|place| u8::try_from(place).ok())
        })
        .collect();
    for (place, factor) in (0..).zip(factors) {
        if !columns.contains(&Some(place)) {
            return Err(format!("no column for the risk factor {factor}"));
        }
    }
    let mut out = Vec::new();
    for (number, line) in (0_u16..).zip(lines.filter(|line| !line.trim().is_empty())) {
        if usize::from(number) >= SCENARIOS_MAX {
            return Err(format!("more than {SCENARIOS_MAX} scenarios"));
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if fields.len() != columns.len() {
            return Err(format!(
                "scenario {}: {} fields under {} names",
                number + 1,
                fields.len(),
                columns.len()
            ));
        }
        for (column, field) in columns.iter().zip(fields) {
            let Some(factor) = column else { continue };
            let return_ppm = field
                .parse()
                .map_err(|_| format!("scenario {}: {field:?} is no whole number", number + 1))?;
            out.push(ScenarioReturn {
                scenario: number,
                factor: *factor,
                return_ppm,
            });
        }
    }
    Ok(out)
}

/// `[permissions]`: what is not permitted to whom.
pub(super) fn read_permissions(
    section: &mut Section<'_, '_, '_>,
    holders: &Holders<'_>,
    venues: &[Item<VenueLink>],
) -> Vec<Grant> {
    let restricted = section.texts_if_any("restricted").unwrap_or_default();
    let firm = Grant {
        scope: Scope::Firm,
        denied: instruments(section, &restricted, holders),
        venues: None,
        algos: None,
    };
    let accounts: Vec<&str> = holders.accounts.iter().map(String::as_str).collect();
    let strategies: Vec<&str> = holders.strategies.iter().map(String::as_str).collect();
    let levels: [(&'static str, Level, &[&str]); 3] = [
        ("account", Level::Account, &accounts),
        ("strategy", Level::Strategy, &strategies),
        ("session", Level::Session, &holders.sessions),
    ];
    let mut grants = vec![firm];
    for (table, level, known) in levels {
        grants.extend(section.table(table, |section| {
            section.named(|name, section| {
                let denied = section.texts_if_any("denied").unwrap_or_default();
                let denied = instruments(section, &denied, holders);
                let allowed = section.texts_if_any("venues");
                let venues = allowed.map(|names| venue_set(section, &names, venues));
                let algos = section.texts_if_any("algos").map(|words| {
                    words.iter().fold(0, |mask, word| {
                        let algo = one_of(section, word, ALGOS, "algorithm");
                        mask | algo.map_or(0, |algo| 1 << algo as u8)
                    })
                });
                let Some(place) = known.iter().position(|known| *known == name.value) else {
                    refers(section.walk(), &name, table, known);
                    return None;
                };
                let number = match level {
                    Level::Strategy => u32::from(strategy(place).get()),
                    Level::Firm | Level::Account | Level::Session | Level::Instrument => {
                        u32::try_from(place).ok()?
                    }
                };
                Some(Grant {
                    scope: Scope::of(level, number)?,
                    denied,
                    venues,
                    algos,
                })
            })
        }));
    }
    grants
}

fn instruments(
    section: &mut Section<'_, '_, '_>,
    names: &[Item<String>],
    holders: &Holders<'_>,
) -> Vec<InstrumentId> {
    let known = &holders.instruments;
    let place = |name: &Item<String>| {
        let place = known.iter().position(|known| *known == name.value);
        if place.is_none() {
            refers(section.walk(), name, "instrument", known);
        }
        Some(InstrumentId::new(u32::try_from(place?).ok()?))
    };
    names.iter().filter_map(place).collect()
}

fn venue_set(
    section: &mut Section<'_, '_, '_>,
    names: &[Item<String>],
    venues: &[Item<VenueLink>],
) -> VenueSet {
    let known: Vec<&str> = venues
        .iter()
        .map(|it| it.value.venue.name.as_str())
        .collect();
    names.iter().fold(VenueSet::NONE, |set, name| {
        match known.iter().position(|known| *known == name.value) {
            Some(place) => set.with(venue_id(place)),
            None => {
                refers(section.walk(), name, "venue", &known);
                set
            }
        }
    })
}

/// The value of one of several words.
fn one_of<T: Copy>(
    section: &mut Section<'_, '_, '_>,
    word: &Item<String>,
    words: &[(&str, T)],
    what: &str,
) -> Option<T> {
    let found = words.iter().find(|(known, _)| *known == word.value);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        refers(section.walk(), word, what, &known);
    }
    found.map(|(_, value)| *value)
}

/// `[control]`: the socket of operators, and who they are.
pub(super) fn read_control(section: &mut Section<'_, '_, '_>) -> ControlConfig {
    let enabled = section.boolean("enabled", Some(true)).unwrap_or(true);
    let socket = path(section, "socket", "var/control.sock");
    let mode = section.text("mode", Some("0600".to_owned()), |text| match text {
        "0600" | "0660" => Ok(text.to_owned()),
        _ => Err("one of 0600, 0660".to_owned()),
    });
    let operators = section.tables("operator", |section| {
        let name = section.text("name", None, operator_name);
        let uid = section
            .has("uid")
            .then(|| section.number_u32("uid", 0..=u32::MAX, None));
        if uid.is_none() {
            section.absent("uid");
        }
        let token = section.text_if_any("token_sha256", |text| {
            digest(text).map(|_| text.to_ascii_lowercase())
        });
        let impacts = [
            ("ro", Impact::Ro),
            ("rw", Impact::Rw),
            ("danger", Impact::Danger),
        ];
        let may = section.choice("may", &impacts, Impact::Ro);
        let uid = uid.flatten();
        if uid.is_none() && token.is_none() {
            let span = section.span();
            section.walk().find(
                Code::C013,
                Some(span),
                "an operator without uid and without token_sha256 could be anybody",
                "give the user's number (`id -u`), or the SHA-256 of a token, or both",
            );
        }
        Some(Operator {
            name: name?.value,
            uid,
            token_sha256: token.and_then(|token| digest(&token.value).ok()),
            may,
        })
    });
    let group = mode.is_some_and(|mode| mode.value == "0660");
    ControlConfig {
        enabled,
        socket,
        mode: if group { 0o660 } else { 0o600 },
        operators,
    }
}

/// A name that the journal keeps whole.
fn operator_name(text: &str) -> Result<String, String> {
    let name: Result<dcx_model::Author, _> = text.parse();
    name.map(|name| name.to_string())
        .map_err(|fault| fault.to_string())
}

/// Sixty-four hexadecimal digits.
fn digest(text: &str) -> Result<[u8; 32], String> {
    let wrong = || "not 64 hexadecimal digits (`printf %s TOKEN | sha256sum`)".to_owned();
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut out = [0; 32];
    for (place, byte) in out.iter_mut().enumerate() {
        let digits = text.get(place * 2..place * 2 + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_exactly() {
        assert_eq!("22:30".parse(), Ok(TimeOfDay(81_000)));
        assert_eq!(TimeOfDay(81_000).to_string(), "22:30");
        for wrong in ["24:00", "7:00", "12:60", "1200", "12:0x", ""] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn scenarios_are_read_by_the_names_of_factors() {
        let factors = ["FX".to_owned(), "GOLD".to_owned()];
        let read = scenarios("GOLD,OTHER,FX\n-5000,1,20\n7,8,-9\n", &factors).unwrap();
        let flat: Vec<_> = read
            .iter()
            .map(|it| (it.scenario, it.factor, it.return_ppm))
            .collect();
        assert_eq!(flat, [(0, 1, -5_000), (0, 0, 20), (1, 1, 7), (1, 0, -9)]);
        assert!(
            scenarios("GOLD\n1\n", &factors).is_err(),
            "a factor is missing"
        );
        assert!(
            scenarios("GOLD,FX\n1\n", &factors).is_err(),
            "a field is missing"
        );
        assert!(scenarios("GOLD,FX\n1,x\n", &factors).is_err(), "no number");
        assert!(scenarios("", &factors).is_err());
    }

    #[test]
    fn a_token_digest_is_64_hex_digits() {
        assert_eq!(digest(&"0f".repeat(32)), Ok([15; 32]));
        assert!(digest("0f").is_err());
        assert!(digest(&"zz".repeat(32)).is_err());
    }
}
