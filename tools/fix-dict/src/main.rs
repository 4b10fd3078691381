//! Writes the tables of `gateways/fix/src/dictionary/`, or with `--check` says whether they are up
//! to date.

mod generate;
mod value_names;

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
    let read = |name: &str| {
        let path = dictionaries.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let mut files = Vec::new();
    for source in generate::SOURCES {
        let text = generate::tables(source.title, &read(source.xml)?).context(source.xml)?;
        files.push((source.rust, text));
    }
    // FIX 4.4 first: its words are those that most people know.
    let named = [
        "FIX-4.4.xml",
        "FIX-5.0-SP2.xml",
        "FIXT-1.1.xml",
        "FIX-4.2.xml",
    ];
    let named = named.map(read).into_iter().collect::<Result<Vec<_>, _>>()?;
    files.push(("value_names.rs", value_names::table(&named)?));
    let mut differs = false;
    for (name, text) in files {
        let path = Path::new(TABLES).join(name);
        if !check {
            std::fs::write(&path, text).context("writing the tables")?;
        } else if std::fs::read_to_string(&path).context("reading the tables")? != text {
            eprintln!("{name} differs: run fix-dict without --check");
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
