//! Which FIX sessions operators have disabled: a file beside the sessions' stores, so that they
//! stay so over a restart.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dcx_model::Code;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The file's name in the directory of the stores.
const FILE: &str = "sessions-off.json";

/// Who disabled a session, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffNote {
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) at: String,
}

/// The sessions that are disabled, by their keys.
#[derive(Clone, Debug)]
pub(crate) struct Offs {
    path: PathBuf,
    notes: Arc<Mutex<BTreeMap<String, OffNote>>>,
}

impl Offs {
    /// Reads the file in the directory of the stores; nothing is disabled where there is none.
    ///
    /// One that cannot be read stops the start: a session that was to be off must not come up.
    pub(crate) fn read(store_dir: &Path) -> Result<Self, Failure> {
        let path = store_dir.join(FILE);
        let notes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(Failure::io("reading", &path, &error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let shown = path.display();
                let message = format!("{shown}, which says what sessions are disabled: {error}");
                Failure::new(Code::F112, message)
            })?,
        };
        Ok(Self {
            path,
            notes: Arc::new(Mutex::new(notes)),
        })
    }

    /// Why a session is disabled, if it is.
    pub(crate) fn get(&self, key: &str) -> Option<OffNote> {
        self.lock().get(key).cloned()
    }

    /// Disables a session, or no longer; on the disk when this returns. After an error nothing
    /// has changed.
    pub(crate) fn set(&self, key: &str, note: Option<OffNote>) -> io::Result<()> {
        let mut notes = self.lock();
        let mut changed = notes.clone();
        match note {
            Some(note) => drop(changed.insert(key.to_owned(), note)),
            None => drop(changed.remove(key)),
        }
        if *notes != changed {
            self.write(&changed)?;
            *notes = changed;
        }
        Ok(())
    }

    /// A new file takes the old one's place, whole.
    fn write(&self, notes: &BTreeMap<String, OffNote>) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or_else(|| Path::new("."));
        fs::create_dir_all(directory)?;
        let fresh = self.path.with_extension("json.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(notes)?)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        File::open(directory)?.sync_all()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OffNote>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> OffNote {
        OffNote {
            by: "ann".to_owned(),
            reason: "drill".to_owned(),
            at: "now".to_owned(),
        }
    }

    #[test]
    fn what_is_disabled_is_so_after_a_restart_and_what_is_enabled_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("fix");
        let offs = Offs::read(&store).unwrap();
        assert_eq!(offs.get("client:A"), None);
        offs.set("client:A", Some(note())).unwrap();
        offs.set("venue:B", Some(note())).unwrap();
        offs.set("venue:B", None).unwrap();
        let again = Offs::read(&store).unwrap();
        assert_eq!(again.get("client:A"), Some(note()));
        assert_eq!(again.get("venue:B"), None);
    }

    #[test]
    fn a_damaged_file_stops_the_start() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert_eq!(Offs::read(dir.path()).unwrap_err().code, Code::F112);
    }

    #[test]
    fn what_cannot_be_written_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("fix");
        let offs = Offs::read(&store).unwrap();
        fs::write(&store, "a file where the directory was to be").unwrap();
        assert!(offs.set("client:A", Some(note())).is_err());
        assert_eq!(offs.get("client:A"), None);
    }
}
