//! Writes the tables of `gateways/fix/src/dictionary/`, or with `--check` says whether they are up
//! to date.

mod generate;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

const TABLES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../gateways/fix/src/dictionary"
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
    let dictionaries = dictionaries()?;
    let mut differs = false;
    for source in generate::SOURCES {
        let xml = dictionaries.join(source.xml);
        let xml =
            std::fs::read_to_string(&xml).with_context(|| format!("reading {}", xml.display()))?;
        let text = generate::tables(source.title, &xml).context(source.xml)?;
        let path = Path::new(TABLES).join(source.rust);
        if !check {
            std::fs::write(&path, text).context("writing the tables")?;
        } else if std::fs::read_to_string(&path).context("reading the tables")? != text {
            eprintln!("{} differs: run fix-dict without --check", source.rust);
            differs = true;
        }
    }
    if check && !differs {
        println!("the tables are what the dictionaries give");
    }
    Ok(ExitCode::from(u8::from(differs)))
}

/// Where the QuickFIX files lie that fefix embeds, in the sources that Cargo fetched.
fn dictionaries() -> anyhow::Result<PathBuf> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--all-features",
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
    Ok(Path::new(manifest).with_file_name("src/fefix_core/resources/quickfix"))
}
