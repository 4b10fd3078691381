//! The files of the repository as the rules see them: what git tracks or would track.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) len: u64,
    /// Its text; none if it is not UTF-8.
    pub(crate) text: Option<String>,
}

/// All files.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Reads the tree of this checkout.
    pub(crate) fn read() -> Self {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .expect("git lists the files: these rules run in a clone");
        assert!(
            listed.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let names = String::from_utf8(listed.stdout).expect("our file names are UTF-8");
        let files = names
            .split_terminator('\0')
            .filter_map(|path| read_file(root, path));
        Self {
            files: files.collect(),
        }
    }

    /// The text of one file; empty if there is none.
    pub(crate) fn text(&self, path: &str) -> String {
        let file = self.files.iter().find(|file| file.path == path);
        file.and_then(|file| file.text.clone()).unwrap_or_default()
    }

    /// Whether a file or a folder of this name is in the tree.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let mut paths = self.files.iter().map(|file| file.path.as_str());
        paths.any(|each| each == path || each.starts_with(&folder))
    }

    /// Every text file whose name ends so.
    pub(crate) fn texts<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let wanted = self
            .files
            .iter()
            .filter(move |file| file.path.ends_with(ending));
        wanted.filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// A tree of these files, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        let plant = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            len: text.len() as u64,
            text: Some((*text).to_owned()),
        };
        Self {
            files: files.iter().map(plant).collect(),
        }
    }
}

/// A file that is listed but not there was removed and not yet committed: not our business.
fn read_file(root: &Path, path: &str) -> Option<File> {
    let full: PathBuf = root.join(path);
    let bytes = std::fs::read(full).ok()?;
    Some(File {
        path: path.to_owned(),
        len: bytes.len() as u64,
        text: String::from_utf8(bytes).ok(),
    })
}
