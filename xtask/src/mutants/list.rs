//! The mutants as cargo-mutants lists them: which place of which file, and what stands there then.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// What part of the source a mutant replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
    #[serde(other)]
    Other,
}

/// A place in a source: both from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
}

/// One small change of the source. Its name is cargo-mutants' own and tells all of it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) genre: Genre,
    pub(crate) span: Span,
    pub(crate) replacement: String,
    /// Absent for what is in no function: a constant.
    pub(crate) function: Option<serde_json::Value>,
}

/// The switch that turns the mutant at this place of the list on. Zero is no mutant.
pub(crate) const fn switch(ix: usize) -> usize {
    ix + 1
}

/// Asks cargo-mutants; what it leaves alone is in `.cargo/mutants.toml`.
pub(crate) fn ask(root: &Path, package: &str, files: &[&str]) -> Result<Vec<Mutant>> {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .args(["mutants", "--list", "--json", "--no-shuffle"])
        .args(["--package", package]);
    for file in files {
        command.args(["--file", file]);
    }
    let listed = command.output().context("starting cargo-mutants")?;
    if !listed.status.success() {
        bail!("cargo mutants --list ended with {}", listed.status);
    }
    serde_json::from_slice(&listed.stdout).context("reading cargo-mutants' list")
}
