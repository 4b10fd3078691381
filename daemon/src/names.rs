//! Which number stands for which name, kept beside the journal.
//!
//! Inside, instruments, venues, accounts and sessions are numbers, and the journal is full of
//! them. A name keeps its number for as long as the journal lives, in whatever order a later
//! configuration lists it; a new name gets the next one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dcx_model::{
    AccountId, Code, InstrumentId, Level, OwnerId, Scope, SessionId, StrategyId, VenueId, VenueSet,
};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::exit::Failure;

/// The names in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameTable {
    instruments: Vec<String>,
    venues: Vec<String>,
    accounts: Vec<String>,
    sessions: Vec<String>,
    /// From number 1 on: number 0 is that of orders that name no strategy.
    #[serde(default)]
    strategies: Vec<String>,
    /// From number 1 on: number 0 is nobody.
    #[serde(default)]
    owners: Vec<String>,
    #[serde(default)]
    factors: Vec<String>,
}

/// Which number of this table each number of a configuration is.
struct Renumbering {
    instruments: Vec<u32>,
    accounts: Vec<u32>,
    sessions: Vec<u32>,
    strategies: Vec<u32>,
}

impl Renumbering {
    fn scope(&self, scope: Scope) -> Scope {
        let numbers = match scope.level() {
            Level::Firm => return scope,
            Level::Account => &self.accounts,
            Level::Strategy => &self.strategies,
            Level::Session => &self.sessions,
            Level::Instrument => &self.instruments,
        };
        let number = numbers.get(scope.number() as usize);
        number
            .and_then(|number| Scope::of(scope.level(), *number))
            .unwrap_or(scope)
    }

    fn instrument(&self, id: InstrumentId) -> InstrumentId {
        let number = self.instruments.get(id.get() as usize);
        number.map_or(id, |number| InstrumentId::new(*number))
    }
}

impl NameTable {
    /// Reads the table of the journal in `dir`; an empty one where there is none yet.
    pub(crate) fn read(dir: &Path) -> Result<Self, Failure> {
        let path = path(dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Failure::io("reading", &path, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            let message = format!("{} is no table of names: {error}", path.display());
            Failure::new(Code::J004, message)
        })
    }

    /// Keeps the table: whole or not at all.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Failure> {
        let path = path(dir);
        let new = path.with_extension("json.new");
        let write = || {
            fs::create_dir_all(dir)?;
            let mut file = fs::File::create(&new)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(|error| Failure::io("writing", &path, &error))
    }

    /// Gives `config` the numbers of this table, which learns the names that are new.
    pub(crate) fn number(&mut self, config: &mut Config) {
        let venues: Vec<VenueId> = config
            .venues
            .iter()
            .map(|link| VenueId::new(number_u8(&mut self.venues, link.venue.name.as_str())))
            .collect();
        let all = |set: VenueSet| {
            let listed = set
                .iter()
                .filter_map(|old| venues.get(usize::from(old.get())));
            listed.fold(VenueSet::NONE, |set, venue| set.with(*venue))
        };
        let new = self.renumbering(config);
        for instrument in &mut config.instruments {
            instrument.id = new.instrument(instrument.id);
            instrument.venues = all(instrument.venues);
        }
        for (link, id) in config.venues.iter_mut().zip(&venues) {
            link.venue.id = *id;
        }
        for change in &mut config.limits {
            change.scope = new.scope(change.scope);
        }
        for grant in &mut config.permissions {
            grant.scope = new.scope(grant.scope);
            grant.venues = grant.venues.map(all);
            for instrument in &mut grant.denied {
                *instrument = new.instrument(*instrument);
            }
        }
        for hours in &mut config.hours {
            hours.instrument = new.instrument(hours.instrument);
        }
        self.number_factors(config, &new);
        self.number_parties(config, &new);
    }

    /// The numbers of what limits can be set for.
    fn renumbering(&mut self, config: &Config) -> Renumbering {
        let of = |names: &mut Vec<String>, all: &mut dyn Iterator<Item = &str>| {
            all.map(|name| number(names, name)).collect::<Vec<u32>>()
        };
        let mut symbols = config.instruments.iter().map(|it| it.symbol.as_str());
        let mut accounts = config.accounts.iter().map(|it| it.name.as_str());
        let mut sessions = config.clients.iter().map(|it| it.comp_id.as_str());
        let mut strategies = config.strategies.iter().map(String::as_str);
        let named = of(&mut self.strategies, &mut strategies);
        Renumbering {
            instruments: of(&mut self.instruments, &mut symbols),
            accounts: of(&mut self.accounts, &mut accounts),
            sessions: of(&mut self.sessions, &mut sessions),
            strategies: [0]
                .into_iter()
                .chain(named.iter().map(|ix| ix + 1))
                .collect(),
        }
    }

    fn number_factors(&mut self, config: &mut Config, new: &Renumbering) {
        let factors: Vec<u8> = config
            .factor_names
            .iter()
            .map(|name| number_u8(&mut self.factors, name))
            .collect();
        let factor = |old: u8| factors.get(usize::from(old)).copied().unwrap_or(old);
        for mapping in &mut config.factors {
            mapping.instrument = new.instrument(mapping.instrument);
            mapping.factor = factor(mapping.factor);
        }
        for scenario in &mut config.scenarios {
            scenario.factor = factor(scenario.factor);
        }
    }

    fn number_parties(&mut self, config: &mut Config, new: &Renumbering) {
        let account = |old: AccountId| {
            let number = new.accounts.get(old.get() as usize);
            number.map_or(old, |number| AccountId::new(*number))
        };
        for named in &mut config.accounts {
            named.account.id = account(named.account.id);
            if let Some(owner) = &named.owner {
                named.account.owner = OwnerId::new(number(&mut self.owners, owner) + 1);
            }
        }
        config.engine.house_account = account(config.engine.house_account);
        for (client, session) in config.clients.iter_mut().zip(&new.sessions) {
            client.session = SessionId::new(u16::try_from(*session).unwrap_or(u16::MAX));
            client.account = account(client.account);
            let strategy = new.strategies.get(usize::from(client.strategy.get()));
            let strategy = strategy.and_then(|number| u16::try_from(*number).ok());
            client.strategy = strategy.map_or(client.strategy, StrategyId::new);
        }
    }

    /// The scope that goes by this name on this level, for the control socket.
    pub(crate) fn scope(&self, level: Level, name: &str) -> Option<Scope> {
        let (names, first) = match level {
            Level::Firm => return Some(Scope::Firm),
            Level::Account => (&self.accounts, 0),
            Level::Strategy => (&self.strategies, 1),
            Level::Session => (&self.sessions, 0),
            Level::Instrument => (&self.instruments, 0),
        };
        let place = names.iter().position(|known| known == name)?;
        Scope::of(level, u32::try_from(place).ok()? + first)
    }

    /// The name of a scope, as the configuration writes it.
    pub(crate) fn scope_name(&self, scope: Scope) -> String {
        let place = scope.number() as usize;
        let name = match scope.level() {
            Level::Firm => return "firm".to_owned(),
            Level::Account => self.accounts.get(place),
            Level::Strategy if place == 0 => return "strategy (none named)".to_owned(),
            Level::Strategy => self.strategies.get(place - 1),
            Level::Session => self.sessions.get(place),
            Level::Instrument => self.instruments.get(place),
        };
        let level = scope.level();
        name.map_or_else(
            || format!("{level} {place}"),
            |name| format!("{level} {name}"),
        )
    }

    /// The CompID of a session; empty if it has none.
    pub(crate) fn session_name(&self, session: SessionId) -> &str {
        let name = self.sessions.get(usize::from(session.get()));
        name.map_or("", |name| name)
    }

    /// How many instruments and sessions there are.
    pub(crate) const fn len(&self) -> (usize, usize) {
        (self.instruments.len(), self.sessions.len())
    }

    /// Every venue that has a number.
    pub(crate) fn venue_ids(&self) -> impl Iterator<Item = VenueId> {
        (0..).zip(&self.venues).map(|(ix, _)| VenueId::new(ix))
    }

    /// Every session that has a number.
    pub(crate) fn session_ids(&self) -> impl Iterator<Item = SessionId> {
        (0..).zip(&self.sessions).map(|(ix, _)| SessionId::new(ix))
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("names.json")
}

fn number(names: &mut Vec<String>, name: &str) -> u32 {
    let known = names.iter().position(|known| known == name);
    let place = known.unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn number_u8(names: &mut Vec<String>, name: &str) -> u8 {
    u8::try_from(number(names, name)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use dcx_model::LimitChange;

    use super::*;
    use crate::config::{Source, parse};

    fn config(order: [&str; 2], venues: [&str; 2]) -> Config {
        let mut text = "[[fix.acceptor]]\nlisten = \"127.0.0.1:0\"\n".to_owned();
        for venue in venues {
            text += &format!("[[venue]]\nname = \"{venue}\"\nconnect = \"127.0.0.1:1\"\n");
        }
        text += "[[client]]\ncomp_id = \"C\"\n";
        for symbol in order {
            text += &format!(
                "[[instrument]]\nsymbol = \"{symbol}\"\ntick = 0.01\nlot = 1\nvenues = [\"A\"]\n\
                 [limits.instrument.{symbol}]\norder_qty_max = 1\norder_notional_max = 1\n\
                 position_max = 1\nquote_age_ms_max = 1\ncollar_bps = 1\n"
            );
        }
        text += "[limits.firm]\ngross_max = 1\n";
        text += "[limits.session.C]\norders_per_s_max = 1\nburst_max = 1\norders_open_max = 1\n";
        let loaded = parse(Source {
            path: "t".to_owned(),
            text,
        });
        loaded.config.expect("it is whole")
    }

    #[test]
    fn a_name_keeps_its_number_whatever_the_order() {
        let mut table = NameTable::default();
        let mut first = config(["X", "Y"], ["A", "B"]);
        table.number(&mut first);
        let mut second = config(["Y", "Z"], ["B", "A"]);
        table.number(&mut second);
        let id = |config: &Config, symbol: &str| {
            let mut all = config.instruments.iter();
            all.find(|it| it.symbol.as_str() == symbol)
                .map(|it| (it.id.get(), it.venues.bits()))
        };
        assert_eq!(id(&first, "Y"), Some((1, 1)));
        assert_eq!(id(&second, "Y"), Some((1, 1)), "venue A is still venue 0");
        assert_eq!(id(&second, "Z"), Some((2, 1)));
        let of_instruments = |change: &&LimitChange| change.scope.level() == Level::Instrument;
        let limited = second.limits.iter().find(of_instruments).map(|it| it.scope);
        assert_eq!(limited, Some(Scope::Instrument(InstrumentId::new(1))));
        assert_eq!(
            table.scope(Level::Instrument, "Z"),
            Scope::of(Level::Instrument, 2)
        );
        assert_eq!(
            table.scope_name(Scope::Instrument(InstrumentId::new(1))),
            "instrument Y"
        );
    }

    #[test]
    fn the_table_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = NameTable::read(dir.path()).unwrap();
        assert_eq!(table, NameTable::default());
        table.number(&mut config(["X", "Y"], ["A", "B"]));
        table.write(dir.path()).unwrap();
        assert_eq!(NameTable::read(dir.path()).unwrap(), table);
        fs::write(path(dir.path()), "{").unwrap();
        assert_eq!(NameTable::read(dir.path()).unwrap_err().code, Code::J004);
    }
}
