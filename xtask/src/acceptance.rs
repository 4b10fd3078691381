//! The public FIX acceptance scenarios against `dcx sim at`, strictly: fields in order, texts, lengths.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::{Skipped, answers, cargo, root, run as run_command, target_dir};

/// What the scenarios of a folder expect of the acceptor: its BeginString and who logs on.
const FOLDERS: [(&str, &str, &str); 3] = [
    ("fix44", "FIX.4.4", "TW44"),
    ("fix42", "FIX.4.2", "TW42"),
    ("fix50sp2", "FIX.5.0SP2", "TW50SP2"),
];

/// Ends the acceptor, whatever came of the scenarios.
struct Acceptor {
    child: Child,
    /// Kept open: a program that cannot say what it has to say may end for that.
    said: BufReader<ChildStderr>,
    port: String,
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs every folder of scenarios that there is, all at once: what takes time in them is waiting.
///
/// `DCX_ACCEPTANCE` names the folder with the runner and the scenarios.
pub(crate) fn run() -> Result<()> {
    if !answers("python3", &["--version"]) {
        return Err(Skipped("no Python: apt-get install python3").into());
    }
    let folder = std::env::var_os("DCX_ACCEPTANCE")
        .map_or_else(|| root().join("../shared/fix-acceptance"), PathBuf::from);
    if !folder.join("fixat.py").exists() {
        return Err(Skipped("no acceptance scenarios in ../shared/fix-acceptance").into());
    }
    let build = ["build", "--locked", "--release", "--package", "dcx"];
    run_command(cargo().args(build))?;
    std::thread::scope(|scope| {
        let mut runs = Vec::new();
        for (name, begin_string, target) in FOLDERS {
            let scenarios = folder.join(name);
            if !scenarios.exists() {
                eprintln!("no scenarios {name}");
                continue;
            }
            let runner = folder.join("fixat.py");
            runs.push(scope.spawn(move || {
                let acceptor = start(begin_string, target)?;
                let mut command = Command::new("python3");
                command.arg(runner).args(["--port", &acceptor.port]);
                run_command(command.arg("--dir").arg(scenarios))
            }));
        }
        // Every folder is run to its end, whatever came of another.
        let ended = runs.into_iter().map(|run| run.join());
        let done: Vec<Result<()>> = ended
            .map(|done| done.unwrap_or_else(|_| bail!("a thread of the step panicked")))
            .collect();
        done.into_iter().collect()
    })
}

/// Starts the acceptor on a free port.
fn start(begin_string: &str, target: &str) -> Result<Acceptor> {
    let mut child = Command::new(target_dir().join("release/dcx"))
        .args(["sim", "at", "--listen", "127.0.0.1:0", "--sender", "ISLD"])
        .args(["--begin-string", begin_string, "--target", target])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting dcx sim at")?;
    let said = child.stderr.take().context("its standard error")?;
    let mut acceptor = Acceptor {
        child,
        said: BufReader::new(said),
        port: String::new(),
    };
    let mut line = String::new();
    while acceptor.said.read_line(&mut line)? > 0 {
        if let Some((_, port)) = line.trim_end().rsplit_once("listens on 127.0.0.1:") {
            acceptor.port = port.to_owned();
            return Ok(acceptor);
        }
        line.clear();
    }
    bail!("dcx sim at ended before it listened")
}
