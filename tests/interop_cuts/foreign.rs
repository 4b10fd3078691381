//! A foreign engine as a process.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::ledger::Ledger;

const JAR: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/interop/quickfixj-client/target/client.jar"
);
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/quickfix");

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// QuickFIX/J, in Java.
    QuickFixJ,
    /// QuickFIX, in C++, behind Python.
    QuickFix,
}

/// A foreign engine that runs; killed at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Foreign {
    child: Child,
    ledger: PathBuf,
    log: PathBuf,
}

impl Foreign {
    /// A client that connects there, and ends by itself.
    pub(crate) fn client(kind: Kind, dir: &Path, to: SocketAddr, options: &[&str]) -> Self {
        Self::start(kind, "client", dir, to, options)
    }

    /// A venue that listens there.
    pub(crate) fn venue(kind: Kind, dir: &Path, at: SocketAddr) -> Self {
        let mut venue = Self::start(kind, "venue", dir, at, &[]);
        let start = Instant::now();
        while TcpStream::connect(at).is_err() {
            let ended = venue.child.try_wait().expect("a child of ours");
            if let Some(signal) = ended.and_then(|ended| ended.signal()) {
                venue.crashed(signal);
            }
            assert!(ended.is_none(), "the venue ended: {}", venue.said());
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{}",
                venue.said()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        venue
    }

    fn start(kind: Kind, role: &str, dir: &Path, at: SocketAddr, options: &[&str]) -> Self {
        let (ledger, log) = (dir.join("ledger"), dir.join("foreign.log"));
        let out = std::fs::File::create(&log).expect("the folder can be written");
        let err = out.try_clone().expect("a file can be had twice");
        let child = program(kind, role)
            .args(["--port", &at.port().to_string()])
            .args(["--dir", &dir.to_string_lossy()])
            .args(["--ledger", &ledger.to_string_lossy()])
            .args(options)
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(err)
            .spawn()
            .expect("the foreign engine starts");
        Self { child, ledger, log }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A foreign engine that is ended by a fault of its own proves nothing about us: where its
    /// ledger was closed it is read, and else whoever runs the suite is told that it could not be.
    fn crashed(&self, signal: i32) {
        let said = self.said();
        eprintln!("the foreign engine was ended by signal {signal}: {said}");
        let ledger = std::fs::read_to_string(&self.ledger).unwrap_or_default();
        let last = ledger.lines().next_back().unwrap_or_default();
        if last.starts_with("numbers ") {
            return;
        }
        if let Some(file) = std::env::var_os("DCX_INTEROP_CRASHED") {
            std::fs::write(file, said).expect("the file can be written");
        }
        panic!("the foreign engine was ended by signal {signal} before it had closed its ledger");
    }

    /// Tells it that nothing more comes, waits until it has ended, and reads what it wrote down.
    pub(crate) fn wait(mut self, patience: Duration) -> Ledger {
        drop(self.child.stdin.take());
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                if let Some(signal) = status.signal() {
                    self.crashed(signal);
                } else {
                    assert!(status.success(), "it ended with {status}: {}", self.said());
                }
                return Ledger::read(&self.ledger);
            }
            assert!(
                start.elapsed() < patience,
                "it does not end: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(kind: Kind, role: &str) -> Command {
    match kind {
        Kind::QuickFixJ => {
            let class = if role == "client" {
                "CutClient"
            } else {
                "CutVenue"
            };
            let mut java = Command::new("java");
            java.args(["-cp", JAR, &format!("dcx.interop.{class}")]);
            java
        }
        Kind::QuickFix => {
            let mut python = Command::new("python3");
            python.args(["-X", "faulthandler", &format!("{SCRIPTS}/{role}.py")]);
            python.env("PYTHONDONTWRITEBYTECODE", "1");
            if let Some(built) = std::env::var_os("DCX_QUICKFIX") {
                python.env("PYTHONPATH", built);
            }
            python
        }
    }
}
