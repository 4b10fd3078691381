//! The dcx binary, run as its users run it.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long anything may take before it counts as hanging: far more than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a command that ran to its end did.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub out: String,
    /// Everything on standard error.
    pub err: String,
}

impl Ended {
    /// The JSON object in the last line of standard output.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn json(&self) -> Value {
        let last = self.out.lines().next_back().unwrap_or_default();
        serde_json::from_str(last)
            .unwrap_or_else(|error| panic!("the last line is no JSON ({error}): {self:?}"))
    }

    /// Standard output and standard error.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs `dcx` in `dir` to its end.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn run(dir: &Path, arguments: &[&str]) -> Ended {
    run_with(dir, arguments, "")
}

/// The same as an operator with this token; without one if it is empty.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn run_with(dir: &Path, arguments: &[&str], token: &str) -> Ended {
    let output = dcx(dir)
        .args(arguments)
        .env("DCX_TOKEN", token)
        .stdin(Stdio::null())
        .output()
        .expect("dcx starts");
    Ended {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A `dcx` that runs until it is ended; killed at the latest when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts `dcx` in `dir`; what it says goes to the file `NAME.log` there.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(dir: &Path, name: &str, arguments: &[&str]) -> Self {
        let log = dir.join(format!("{name}.log"));
        let open = || {
            let options = File::options().create(true).append(true).open(&log);
            options.expect("the log can be written")
        };
        let child = dcx(dir)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .spawn()
            .expect("dcx starts");
        Self {
            child,
            name: name.to_owned(),
            log,
        }
    }

    /// Waits until the process accepts connections at `address`.
    ///
    /// # Panics
    /// If it ends, or does not within a minute.
    pub fn wait_for(&mut self, address: SocketAddr) {
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.ended() {
                panic!("{} ended with {status}: {}", self.name, self.said());
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{} is silent: {}",
                self.name,
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything that it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours")
    }

    /// Ends it at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it where it is (SIGSTOP): it is there, and does nothing.
    pub fn suspend(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`suspend`](Self::suspend).
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process(id.expect("a process has a number"), signal);
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it does not within a minute.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{} does not end: {}",
                self.name,
                self.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- {} said:\n{}", self.name, self.said());
        }
    }
}

fn dcx(dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(dir).env("NO_COLOR", "1");
    command
}

/// The binary that `DCX_BIN` names, or the one of this checkout, built as these tests were.
///
/// Cargo hands a package's tests the path of that package's own binaries only, so we ask it.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("DCX_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "dcx",
            "--bin",
            "dcx",
        ])
        .args(["--profile", profile, "--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    let out = String::from_utf8_lossy(&built.stdout);
    let messages = out
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executable = messages.filter_map(|message| {
        let path = message.get("executable")?.as_str()?;
        Some(PathBuf::from(path))
    });
    executable.next_back().expect("cargo builds dcx")
}
