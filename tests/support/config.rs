//! Working folders with a configuration on free ports, so that tests do not meet each other.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::Process;

/// The addresses of one system.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Where clients log on.
    pub clients: SocketAddr,
    /// Where the two venues are.
    pub venues: [SocketAddr; 2],
    /// Where the metrics are.
    pub metrics: SocketAddr,
}

/// A working folder with a configuration in it; removed when dropped, but for that of a test that
/// fails while `DCX_KEEP_FAILED` is set.
#[derive(Debug)]
pub struct System {
    dir: tempfile::TempDir,
    /// Its addresses.
    pub ports: Ports,
}

impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("DCX_KEEP_FAILED").is_some() {
            self.dir.disable_cleanup(true);
            eprintln!("---- kept: {}", self.dir.path().display());
        }
    }
}

/// Two clients, one instrument, no venue: an order is checked, accepted and held.
const QUIET: &str = r#"
[engine]
topology = "fused"
wait = "park"
on_no_venue = "hold"

[[fix.acceptor]]
listen = "CLIENTS"
comp_id = "DCX"

[[client]]
comp_id = "CLIENT"
account = "HOUSE"

[[client]]
comp_id = "WITNESS"
account = "HOUSE"

[[instrument]]
symbol = "EURUSD"
tick = 0.00001
lot = 1
prev_close = 1.1000
venues = []

[limits.firm]
gross_max = 1_000_000_000_000

[limits.instrument.EURUSD]
order_qty_max = 1_000_000
order_notional_max = 2_000_000
position_max = 1_000_000_000
quote_age_ms_max = 60_000
collar_bps = 500
prev_close_allowed = true

[limits.session.CLIENT]
orders_per_s_max = 100_000
burst_max = 100_000
orders_open_max = 10_000

[limits.session.WITNESS]
orders_per_s_max = 100_000
burst_max = 100_000
orders_open_max = 10_000

[metrics]
listen = "METRICS"
"#;

/// A second client beside the example's own.
const WITNESS: &str = r#"
[[client]]
comp_id = "WITNESS"
account = "HOUSE"

[limits.session.WITNESS]
orders_per_s_max = 100_000
burst_max = 100_000
orders_open_max = 10_000
"#;

/// Operators that share a user and are told apart by their tokens: ann and bob may do everything,
/// carl may cancel, eve may look.
const OPERATORS: &str = r#"
[[control.operator]]
name = "ann"
uid = UID
token_sha256 = "4bf571cde55addd3a5a9756bda5e5169ee19d93906959906a148679e598c0751"
may = "danger"

[[control.operator]]
name = "bob"
uid = UID
token_sha256 = "ad973202604dd7ba45d3cd3b8edac33b1959ce43effde6f6609c2f9831522f2b"
may = "danger"

[[control.operator]]
name = "carl"
uid = UID
token_sha256 = "48d88619afb1aaa7177dfb48e316d7fa5510dd66fd0167de73f42c4aae8a7e3f"
may = "rw"

[[control.operator]]
name = "eve"
uid = UID
token_sha256 = "bc794fb03408eeaf795b1ca15e6578d5c7a55faa5a5565c4c60bbdc141b6db96"
may = "ro"
"#;

impl System {
    /// A daemon without venues: what it answers depends on nothing but what it is sent.
    #[must_use]
    pub fn quiet() -> Self {
        Self::with(QUIET)
    }

    /// The same with operators, and with orders of the client `WITNESS` worth 100,000 and more
    /// waiting for a person.
    #[must_use]
    pub fn operated() -> Self {
        let uid = rustix::process::getuid().as_raw().to_string();
        let operators = OPERATORS.replace("UID", &uid);
        let waits = "[limits.session.WITNESS]\napproval_notional = 100_000\n";
        let quiet = QUIET.replace("[limits.session.WITNESS]\n", waits);
        Self::with(&format!("{quiet}{operators}"))
    }

    /// The configuration that `dcx run --config config/dcx.toml` starts with, on free ports, with
    /// a second client `WITNESS`.
    ///
    /// # Panics
    /// If the example cannot be read or no longer has the addresses that are replaced.
    #[must_use]
    pub fn example() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/dcx.toml");
        let text = fs::read_to_string(path).expect("the example is in config/");
        let mut text = format!("{text}{WITNESS}");
        for (address, name) in [
            ("127.0.0.1:9800", "CLIENTS"),
            ("127.0.0.1:9901", "VENUE0"),
            ("127.0.0.1:9902", "VENUE1"),
            ("127.0.0.1:9464", "METRICS"),
        ] {
            let quoted = format!("\"{address}\"");
            assert!(text.contains(&quoted), "config/dcx.toml has {quoted}");
            text = text.replace(&quoted, &format!("\"{name}\""));
        }
        Self::with(&text)
    }

    /// A daemon of this configuration, in which `CLIENTS`, `VENUE0`, `VENUE1` and `METRICS` stand
    /// for addresses.
    ///
    /// # Panics
    /// If the folder cannot be written.
    #[must_use]
    pub fn with(template: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let [clients, venue0, venue1, metrics] = free_ports();
        let ports = Ports {
            clients,
            venues: [venue0, venue1],
            metrics,
        };
        let text = template
            .replace("CLIENTS", &clients.to_string())
            .replace("VENUE0", &venue0.to_string())
            .replace("VENUE1", &venue1.to_string())
            .replace("METRICS", &metrics.to_string());
        fs::write(dir.path().join("dcx.toml"), text).expect("the folder can be written");
        Self { dir, ports }
    }

    /// The working folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where the daemon keeps its journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.dir().join("var/journal")
    }

    /// Starts the daemon and waits until clients can connect and operators can ask.
    ///
    /// # Panics
    /// If they cannot within half a minute.
    #[must_use]
    pub fn start(&self) -> Process {
        let mut daemon = self.launch();
        daemon.wait_for(self.ports.clients);
        let (socket, start) = (self.dir().join("var/control.sock"), Instant::now());
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            let late = start.elapsed() > Duration::from_secs(30);
            assert!(!late && daemon.ended().is_none(), "{}", daemon.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon
    }

    /// Starts the daemon and waits for nothing.
    #[must_use]
    pub fn launch(&self) -> Process {
        Process::start(self.dir(), "daemon", &["run", "--config", "dcx.toml"])
    }

    /// Waits until the daemon has counted at least this much: its metrics follow a moment later.
    ///
    /// # Panics
    /// If it has not within half a minute.
    pub fn wait_for_count(&self, metric: &str, at_least: u64) {
        let start = Instant::now();
        loop {
            let text = self.metrics();
            let line = text.lines().find_map(|line| line.strip_prefix(metric));
            let value = line.and_then(|value| value.trim().parse::<u64>().ok());
            if value.is_some_and(|value| value >= at_least) {
                return;
            }
            let late = start.elapsed() > Duration::from_secs(30);
            assert!(!late, "{metric} is {value:?}, expected {at_least}:\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What a monitor reads.
    fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.ports.metrics).expect("the daemon shows metrics");
        let request = "GET /metrics HTTP/1.1\r\nHost: dcx\r\nConnection: close\r\n\r\n";
        stream
            .write_all(request.as_bytes())
            .expect("a request is small");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Starts both simulated venues and waits until the daemon could connect.
    #[must_use]
    pub fn start_venues(&self) -> [Process; 2] {
        [("SIMA", 0), ("SIMB", 1)].map(|(comp_id, ix): (&str, usize)| {
            let address = self.ports.venues[ix];
            let listen = address.to_string();
            let arguments = ["sim", "venue", "--listen", &listen, "--comp-id", comp_id];
            let mut venue = Process::start(self.dir(), comp_id, &arguments);
            venue.wait_for(address);
            venue
        })
    }
}

/// Four free ports of the loopback, below those that the system gives to outgoing connections: a
/// connection of another test must not take one before its daemon does.
fn free_ports() -> [SocketAddr; 4] {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    [(); 4].map(|()| {
        for _ in 0..COUNT {
            let place = std::process::id()
                .wrapping_mul(97)
                .wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
            let port = u16::try_from(FIRST + place % COUNT).expect("below 65536");
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            }
        }
        panic!("the loopback has no free port");
    })
}
