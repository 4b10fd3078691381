//! Which number stands for which name, kept beside the journal.
//!
//! Inside, instruments, venues, accounts and sessions are numbers, and the journal is full of
//! them. A name keeps its number for as long as the journal lives, in whatever order a later
//! configuration lists it; a new name gets the next one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dcx_model::{AccountId, Code, InstrumentId, SessionId, VenueId, VenueSet};
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
        let instruments: Vec<InstrumentId> = config
            .instruments
            .iter()
            .map(|it| InstrumentId::new(number(&mut self.instruments, it.symbol.as_str())))
            .collect();
        for limits in &mut config.instrument_limits {
            let place = limits.instrument.get() as usize;
            limits.instrument = instruments.get(place).copied().unwrap_or(limits.instrument);
        }
        for (instrument, id) in config.instruments.iter_mut().zip(&instruments) {
            instrument.id = *id;
            let listed = instrument
                .venues
                .iter()
                .filter_map(|old| venues.get(usize::from(old.get())));
            instrument.venues = listed.fold(VenueSet::NONE, |set, venue| set.with(*venue));
        }
        for (link, id) in config.venues.iter_mut().zip(&venues) {
            link.venue.id = *id;
        }
        let sessions: Vec<SessionId> = config
            .clients
            .iter()
            .map(|client| SessionId::new(number_u16(&mut self.sessions, &client.comp_id)))
            .collect();
        for limits in &mut config.session_limits {
            let place = usize::from(limits.session.get());
            limits.session = sessions.get(place).copied().unwrap_or(limits.session);
        }
        for (client, session) in config.clients.iter_mut().zip(&sessions) {
            client.session = *session;
            client.account = AccountId::new(number(&mut self.accounts, &client.account_name));
        }
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

    /// The instruments that the journal may know and `config` gives no limits.
    pub(crate) fn unlimited_instruments(&self, config: &Config) -> Vec<InstrumentId> {
        let ids = (0..)
            .zip(&self.instruments)
            .map(|(ix, _)| InstrumentId::new(ix));
        let given = |id: &InstrumentId| {
            let mut limits = config.instrument_limits.iter();
            limits.any(|limits| limits.instrument == *id)
        };
        ids.filter(|id| !given(id)).collect()
    }

    /// The sessions that the journal may know and `config` gives no limits.
    pub(crate) fn unlimited_sessions(&self, config: &Config) -> Vec<SessionId> {
        let ids = (0..).zip(&self.sessions).map(|(ix, _)| SessionId::new(ix));
        let given = |id: &SessionId| {
            let mut limits = config.session_limits.iter();
            limits.any(|limits| limits.session == *id)
        };
        ids.filter(|id| !given(id)).collect()
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

fn number_u16(names: &mut Vec<String>, name: &str) -> u16 {
    u16::try_from(number(names, name)).unwrap_or(u16::MAX)
}

fn number_u8(names: &mut Vec<String>, name: &str) -> u8 {
    u8::try_from(number(names, name)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(second.instrument_limits[0].instrument, InstrumentId::new(1));
        assert_eq!(table.unlimited_instruments(&second), [InstrumentId::new(0)]);
        assert!(table.unlimited_sessions(&second).is_empty());
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
