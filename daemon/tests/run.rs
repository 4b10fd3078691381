//! Goal: the daemon starts, is seen, reloads and ends in order. Method: the binary, on free
//! ports, in a folder of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(clients: SocketAddr, metrics: SocketAddr, collar_bps: u32, seed: u32) -> String {
    format!(
        "[engine]\nseed = {seed}\norders_open_max = 1_000\nids_kept_max = 1_000\n\
         [[fix.acceptor]]\nlisten = \"{clients}\"\n\
         [[client]]\ncomp_id = \"CLIENT\"\n\
         [[instrument]]\nsymbol = \"EURUSD\"\ntick = 0.00001\nlot = 1\nprev_close = 1.1\nvenues = []\n\
         [limits.firm]\ngross_max = 1_000_000_000\n\
         [limits.instrument.EURUSD]\norder_qty_max = 1_000\norder_notional_max = 10_000\n\
         position_max = 1_000\nquote_age_ms_max = 1_000\ncollar_bps = {collar_bps}\n\
         prev_close_allowed = true\n\
         [limits.session.CLIENT]\norders_per_s_max = 100\nburst_max = 100\norders_open_max = 100\n\
         [metrics]\nlisten = \"{metrics}\"\n"
    )
}

fn free_ports() -> [SocketAddr; 2] {
    let held = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    held.map(|listener| listener.local_addr().expect("a bound listener"))
}

/// A daemon that is killed when the test ends.
struct Daemon(Child);

impl Daemon {
    fn start(dir: &Path) -> Self {
        let stderr = fs::File::options()
            .create(true)
            .append(true)
            .open(dir.join("stderr"))
            .expect("the folder can be written");
        let child = Command::new(env!("CARGO_BIN_EXE_dcx"))
            .args(["run", "--config", "dcx.toml", "--json"])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("dcx starts");
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process has a number"), signal).expect("it still runs");
    }

    /// Its exit code and what it printed.
    fn end(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        let mut out = String::new();
        let stdout = self.0.stdout.as_mut().expect("its output is piped");
        stdout.read_to_string(&mut out).expect("it prints text");
        (self.0.wait().expect("a child of ours").code(), out)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn dcx(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dcx"));
    command
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("dcx starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_daemon_starts_is_seen_reloads_its_limits_and_drains_at_sigterm() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let [clients, metrics] = free_ports();
    let file = dir.path().join("dcx.toml");
    fs::write(&file, config(clients, metrics, 100, 1)).expect("the folder can be written");
    let daemon = Daemon::start(dir.path());
    let said = || fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
    wait_until("clients can connect", || {
        TcpStream::connect(clients).is_ok()
    });
    wait_until("health", || {
        get(metrics, "/healthz").is_some_and(|answer| answer.contains("running"))
    });
    wait_until("commands are counted", || {
        let answer = get(metrics, "/metrics").unwrap_or_default();
        answer.contains("dcx_engine_commands_total 1") && answer.contains("name=\"CLIENT\"")
    });
    let top = dcx(dir.path(), &["top", "--once", "--json"]);
    assert!(
        text(&top.stdout).contains("\"state\":\"running\""),
        "{top:?}"
    );

    fs::write(&file, config(clients, metrics, 50, 2)).expect("the file can be replaced");
    daemon.signal(Signal::HUP);
    wait_until("the reload is told", || said().contains("1 limits change"));
    assert!(
        said().contains("DCX-C014: engine.seed changes from 1 to 2"),
        "{}",
        said()
    );
    fs::write(&file, "[engine").expect("the file can be replaced");
    daemon.signal(Signal::HUP);
    wait_until("a faulty file is told", || {
        said().contains("nothing changes")
    });

    let (code, out) = daemon.end();
    assert_eq!(code, Some(0), "{}", said());
    let last: serde_json::Value = out.lines().next_back().unwrap_or("").parse().expect("JSON");
    let replay = dcx(dir.path(), &["replay", "var/journal", "--json"]);
    assert_eq!(replay.status.code(), Some(0), "{replay:?}");
    let replay: serde_json::Value = text(&replay.stdout).trim().parse().expect("JSON");
    assert_eq!(replay["equal"], true);
    assert_eq!(replay["state_digest"], last["state_digest"]);
    assert_eq!(replay["event_digest"], last["event_digest"]);
    let export = text(&dcx(dir.path(), &["journal", "export", "var/journal"]).stdout);
    assert!(
        export.contains("\"limit\":\"collar_bps\"") && export.contains("\"value\":\"50 bps\""),
        "the new limit is journalled: {export}"
    );
}

#[test]
fn a_second_daemon_on_one_journal_is_refused_and_harms_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let [clients, metrics] = free_ports();
    let file = dir.path().join("dcx.toml");
    fs::write(&file, config(clients, metrics, 100, 1)).expect("the folder can be written");
    let daemon = Daemon::start(dir.path());
    wait_until("clients can connect", || {
        TcpStream::connect(clients).is_ok()
    });
    let second = dcx(dir.path(), &["run", "--config", "dcx.toml"]);
    assert_eq!(second.status.code(), Some(75), "{second:?}");
    assert!(text(&second.stderr).contains("DCX-J003"), "{second:?}");
    assert_eq!(daemon.end().0, Some(0));
}

#[test]
fn limits_taken_from_the_file_are_not_in_force_after_a_restart() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let [clients, metrics] = free_ports();
    let file = dir.path().join("dcx.toml");
    let whole = config(clients, metrics, 100, 1);
    for text in [
        whole.clone(),
        whole.replace("[limits.session.CLIENT]", "[ignored]"),
    ] {
        let unlimited = text.split("[ignored]").next().unwrap_or("").to_owned();
        let ports = format!("[metrics]\nlisten = \"{metrics}\"\n");
        let text = if text == whole {
            text
        } else {
            unlimited + &ports
        };
        fs::write(&file, text).expect("the folder can be written");
        let daemon = Daemon::start(dir.path());
        wait_until("clients can connect", || {
            TcpStream::connect(clients).is_ok()
        });
        wait_until("the configuration is journalled", || {
            let top = dcx(dir.path(), &["top", "--once", "--json"]);
            text_has_commands(&top)
        });
        assert_eq!(daemon.end().0, Some(0));
    }
    let export = text(&dcx(dir.path(), &["journal", "export", "var/journal"]).stdout);
    let last = export
        .lines()
        .rfind(|line| line.contains("set_limit") && line.contains("orders_per_s_max"))
        .expect("limits are journalled");
    assert!(last.contains("\"value\":\"none\""), "{last}");
}

fn text_has_commands(top: &Output) -> bool {
    let value: Option<serde_json::Value> = text(&top.stdout).trim().parse().ok();
    value.is_some_and(|value| value["counters"]["engine.commands"].as_u64() >= Some(5))
}
