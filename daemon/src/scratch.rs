//! A folder of our own among the system's temporary ones, removed when it is dropped.

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::log::now;

/// The folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a new one, readable by its owner only.
    pub(crate) fn make(purpose: &str) -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("dcx-{purpose}-{}-{:x}", std::process::id(), now().get());
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| Failure::io("making", &path, &error))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which clears its temporary folders.
        let _ = fs::remove_dir_all(&self.path);
    }
}
