//! Writes `gateways/fix/src/dictionary/fix44.rs`, or with `--check` says whether it is up to date.

mod generate;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

const TABLES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../gateways/fix/src/dictionary/fix44.rs"
);

fn main() -> anyhow::Result<ExitCode> {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(_) => {
            eprintln!("usage: fix-dict [--check]");
            return Ok(ExitCode::from(64));
        }
    };
    let xml = fefix_xml()?;
    let xml =
        std::fs::read_to_string(&xml).with_context(|| format!("reading {}", xml.display()))?;
    let text = generate::fix44(&xml);
    let path = Path::new(TABLES);
    if !check {
        std::fs::write(path, text).context("writing the tables")?;
        return Ok(ExitCode::SUCCESS);
    }
    if std::fs::read_to_string(path).context("reading the tables")? == text {
        println!("the tables are what fefix's dictionary gives");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("the tables differ from fefix's dictionary: run fix-dict without --check");
    Ok(ExitCode::from(1))
}

/// The QuickFIX file that fefix embeds, in the sources that Cargo fetched for this build.
fn fefix_xml() -> anyhow::Result<PathBuf> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--manifest-path",
            manifest,
        ])
        .output()
        .context("running cargo metadata")?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("reading what cargo metadata says")?;
    let packages = metadata["packages"].as_array();
    let fefix = packages
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "fefix");
    let Some(manifest) = fefix.and_then(|package| package["manifest_path"].as_str()) else {
        bail!("cargo metadata names no package fefix");
    };
    Ok(Path::new(manifest).with_file_name("src/fefix_core/resources/quickfix/FIX-4.4.xml"))
}
