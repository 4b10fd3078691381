//! The command line. What each command is for stands in [`commands`](crate::commands).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Checks, slices and routes orders over FIX, keeps a journal, and proves by replay what it did.
#[derive(Debug, Parser)]
#[command(
    name = "dcx",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// Print one JSON object as the last line of standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Run(ConfigFile),
    Check(ConfigFile),
    /// Simulated counterparties, each as its own process
    #[command(subcommand)]
    Sim(Sim),
    /// Read a journal; never changes it
    #[command(subcommand)]
    Journal(Journal),
    Replay(Dir),
    Explain(Explain),
    /// Measurements, with the peers beside them
    #[command(subcommand)]
    Bench(Bench),
    /// Recorded market data
    #[command(subcommand)]
    Data(Data),
    Error(ErrorCode),
    Top(Top),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How long orders are sent
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// Seed of prices, orders, venues and routing
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Orders a second, all sessions together
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) orders_per_s: u32,
    /// Recorded quotes, a file or folder; once for each venue. Seeded prices without it
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<PathBuf>,
    /// Keep the journal here (a new folder); a temporary one without it
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration, a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Dir {
    /// The journal's folder
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Journal {
    Verify(Dir),
    Inspect(Dir),
    Export(Dir),
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A ClOrdID, an OrderID or a ChildID
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// The journal's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    Ring(BenchArgs),
    Engine(BenchArgs),
    Fix(BenchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// A short run that shows that it works; its figures mean little
    #[arg(long)]
    pub(crate) smoke: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    Import(Import),
    Inspect(DataPath),
}

#[derive(Debug, Args)]
pub(crate) struct DataPath {
    /// A file or folder in a format of data/README.md, or CSV
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file or folder in a format of data/README.md, or CSV
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The CSV file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ErrorCode {
    /// The code, with or without DCX-
    #[arg(value_name = "CODE")]
    pub(crate) code: String,
}

#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Print one snapshot and end
    #[arg(long, required = true)]
    pub(crate) once: bool,
    /// The counters file of the daemon
    #[arg(long, value_name = "FILE", default_value = "var/dcx.counters")]
    pub(crate) counters: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sim {
    Venue(SimVenue),
    Client(SimClient),
}

#[derive(Debug, Args)]
pub(crate) struct SimVenue {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9901")]
    pub(crate) listen: SocketAddr,
    /// Its CompID
    #[arg(long, value_name = "ID", default_value = "SIMA")]
    pub(crate) comp_id: String,
    /// The CompID of who connects
    #[arg(long, value_name = "ID", default_value = "DCX")]
    pub(crate) target: String,
}

#[derive(Debug, Args)]
pub(crate) struct SimClient {
    /// Where to connect
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9800")]
    pub(crate) connect: SocketAddr,
    /// Its CompID
    #[arg(long, value_name = "ID", default_value = "CLIENT")]
    pub(crate) comp_id: String,
    /// The CompID of the other side
    #[arg(long, value_name = "ID", default_value = "DCX")]
    pub(crate) target: String,
    /// How many orders to send
    #[arg(long, default_value_t = 1_000)]
    pub(crate) orders: u64,
}
