//! `cargo xtask interop`: foreign FIX engines against a running dcx.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{Skipped, answers, cargo, root, run};

const CLIENT: &str = "tests/interop/quickfixj-client";

/// The version of QuickFIX on PyPI. It comes as C++ and is compiled once.
const QUICKFIX: &str = "1.16.0";

/// How long that may take, in seconds: most of it is one file of a hundred thousand lines.
const BUILD_S_MAX: &str = "600";

/// Which engine does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    /// A QuickFIX/J client sends everything there is and checks every report.
    Desk,
    /// QuickFIX/J as client and as venue, its connection cut every thousand orders.
    Quickfixj,
    /// QuickFIX, likewise.
    Quickfix,
}

pub(crate) fn interop(suite: Suite, orders: u64) -> Result<()> {
    match suite {
        Suite::Desk => {
            build_java()?;
            run(tests("interop").args(["--", "--nocapture"]))
        }
        Suite::Quickfixj => {
            build_java()?;
            run(&mut cuts("quickfixj_", orders))
        }
        Suite::Quickfix => {
            let built = build_quickfix()?;
            let crashed = cache()?.join("quickfix-crashed");
            let _ = std::fs::remove_file(&crashed);
            let mut suite = cuts("quickfix_", orders);
            suite.env("DCX_QUICKFIX", built);
            let run = run(suite.env("DCX_INTEROP_CRASHED", &crashed));
            // The log says which of the two it was, and all that failed beside it.
            if run.is_err() && crashed.exists() {
                let what = "QuickFIX itself was ended by a signal: see above";
                return Err(Skipped(what).into());
            }
            run
        }
    }
}

fn tests(name: &str) -> Command {
    let mut command = cargo();
    command
        .args(["test", "--locked", "--release", "--package", "dcx-tests"])
        .args(["--test", name]);
    command
}

fn cuts(engine: &str, orders: u64) -> Command {
    let mut command = tests("interop_cuts");
    // Both at once: each waits for reconnects half of the time.
    command
        .args(["--", "--nocapture", "--test-threads", "2", engine])
        .env("DCX_INTEROP_ORDERS", orders.to_string());
    command
}

fn build_java() -> Result<()> {
    if !answers("java", &["-version"]) || !answers("mvn", &["--version"]) {
        return Err(Skipped("no Java or no Maven: apt-get install maven").into());
    }
    let pom = root().join(CLIENT).join("pom.xml");
    run(Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(pom)
        .arg("package"))
}

/// The folder with QuickFIX for Python: from an earlier build, or built now.
fn build_quickfix() -> Result<PathBuf> {
    if !answers("python3", &["-m", "pip", "--version"]) || !answers("c++", &["--version"]) {
        let what =
            "no Python with pip or no C++ compiler: apt-get install python3-pip python3-dev g++";
        return Err(Skipped(what).into());
    }
    let built = cache()?.join(format!("quickfix-{QUICKFIX}"));
    if is_usable(&built) {
        return Ok(built);
    }
    let fresh = built.with_extension("building");
    // What an interrupted or other build has left; there may be none.
    let _ = std::fs::remove_dir_all(&fresh);
    let _ = std::fs::remove_dir_all(&built);
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--target"];
    let pip = run(Command::new("timeout")
        .args([BUILD_S_MAX, "python3"])
        .args(pip)
        .arg(&fresh)
        .arg(format!("quickfix=={QUICKFIX}"))
        // Optimised less than usual: what is waited for is Python and the reconnects.
        .env("CFLAGS", "-O1 -g0"));
    if pip.is_err() || !is_usable(&fresh) {
        return Err(Skipped("QuickFIX cannot be built or not in time: see above").into());
    }
    std::fs::rename(&fresh, &built).with_context(|| format!("moving {}", fresh.display()))?;
    Ok(built)
}

/// Another Python than it was built for does not load it.
fn is_usable(folder: &Path) -> bool {
    folder.join("quickfix.py").exists()
        && Command::new("python3")
            .args(["-c", "import quickfix"])
            .env("PYTHONPATH", folder)
            .status()
            .is_ok_and(|status| status.success())
}

/// Where what is built once is kept for later checkouts.
fn cache() -> Result<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = named
        .or_else(usual)
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    let cache = cache.join("dcx");
    std::fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
    Ok(cache)
}
