//! The command line. What each command is for stands in [`commands`](crate::commands).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::TypedValueParser as _;
use clap::{Args, Parser, Subcommand};
use dcx_sim::client::Mix;
use dcx_sim::venue::DataBinding;

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
    Tca(Tca),
    /// Measurements, with the peers beside them
    #[command(subcommand)]
    Bench(Bench),
    /// Recorded market data
    #[command(subcommand)]
    Data(Data),
    /// Logs of FIX messages
    #[command(subcommand)]
    Fix(Fix),
    Error(ErrorCode),
    Top(Top),
    #[command(flatten)]
    Operate(Operate),
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
    /// Recorded quotes, PATH or SYMBOL=PATH; once for each venue. Seeded prices without it
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<DataBinding>,
    /// The clock of data that does not say it, NAME=+HH:MM; may be repeated
    #[arg(long, value_name = "NAME=+HH:MM")]
    pub(crate) tz: Vec<String>,
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

#[derive(Debug, Args)]
pub(crate) struct Tca {
    /// The journal's folder
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Say every order, too
    #[arg(long)]
    pub(crate) orders: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    Ring(BenchArgs),
    Engine(BenchArgs),
    Checks(BenchArgs),
    Scale(BenchArgs),
    Fix(BenchArgs),
    Halt(BenchArgs),
    Sessions(BenchArgs),
    Routing(RoutingArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RoutingArgs {
    /// Recorded quotes, once for each source of one instrument; drawn prices without it
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<PathBuf>,
    /// The clock of data that does not say it, NAME=+HH:MM; may be repeated
    #[arg(long, value_name = "NAME=+HH:MM", allow_hyphen_values = true)]
    pub(crate) tz: Vec<String>,
    /// This policy alone, beside the baselines, and estimated from decisions of another
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: Option<String>,
    /// Estimate the policy from the decisions of this journal instead
    #[arg(long, value_name = "DIR", requires = "policy", conflicts_with_all = ["data", "report"])]
    pub(crate) journal: Option<PathBuf>,
    /// Write the page with its tables and plots here
    #[arg(long, value_name = "DIR", conflicts_with = "policy")]
    pub(crate) report: Option<PathBuf>,
    /// Where the recorded instruments of the page are, if they are there
    #[arg(long, value_name = "DIR", default_value = "../shared/data")]
    pub(crate) shared: PathBuf,
    /// Seed of all chance
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// A short run that shows that it works; its figures mean little
    #[arg(long)]
    pub(crate) smoke: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// A short run that shows that it works; its figures mean little
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Times that every case runs; the median counts
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000).map(usize::from))]
    pub(crate) rounds: Option<usize>,
    /// Only cases whose name or load contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    Import(Import),
    Inspect(DataPath),
    Profile(DataProfile),
}

#[derive(Debug, Args)]
pub(crate) struct DataProfile {
    /// A file or folder in a format of data/README.md, or CSV
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// What the market trades in a day; quotes do not say it
    #[arg(long, value_name = "QTY")]
    pub(crate) day_qty: Option<String>,
    /// What it costs to be all of the volume, in millionths of the price; quotes do not say it
    #[arg(long, value_name = "PPM")]
    pub(crate) impact_ppm: Option<u32>,
    /// The clock of data that does not say it, NAME=+HH:MM; may be repeated
    #[arg(long, value_name = "NAME=+HH:MM")]
    pub(crate) tz: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DataPath {
    /// A file or folder in a format of data/README.md, or CSV
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The clock of data that does not say it, NAME=+HH:MM; may be repeated
    #[arg(long, value_name = "NAME=+HH:MM")]
    pub(crate) tz: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file or folder in a format of data/README.md, or CSV
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The CSV file to write; must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The clock of data that does not say it, NAME=+HH:MM; may be repeated
    #[arg(long, value_name = "NAME=+HH:MM")]
    pub(crate) tz: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Fix {
    Show(FixShow),
}

#[derive(Debug, Args)]
pub(crate) struct FixShow {
    /// A log, a capture or a session's store; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// FIX.4.2, FIX.4.4, FIX.5.0SP2, or a configuration that defines a dictionary, FILE.toml or
    /// FILE.toml:NAME; that of each message's version without it
    #[arg(long, value_name = "NAME")]
    pub(crate) dictionary: Option<String>,
    /// Only messages of this type, D or NewOrderSingle; may be repeated
    #[arg(long, value_name = "TYPE")]
    pub(crate) only: Vec<String>,
    /// Only messages from or to this CompID, or between two, ONE:OTHER
    #[arg(long, value_name = "COMPID")]
    pub(crate) session: Option<String>,
    /// Only messages sent then or later, by their SendingTime, as 2026-11-24T12:30:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Only messages sent then or earlier
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Only messages of one order, under all names that its replaces gave it
    #[arg(long, value_name = "CLORDID")]
    pub(crate) order: Option<String>,
    /// Say what is wrong instead: sums, lengths, and rules of the dictionary
    #[arg(long)]
    pub(crate) check: bool,
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
    At(SimAt),
}

#[derive(Debug, Args)]
pub(crate) struct SimAt {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5001")]
    pub(crate) listen: SocketAddr,
    /// BeginString (8) of its sessions, FIX.4.2, FIX.4.4 or FIXT.1.1; or FIX.5.0SP2
    #[arg(long, value_name = "VERSION", default_value = "FIX.4.4")]
    pub(crate) begin_string: String,
    /// Its CompID
    #[arg(long, value_name = "ID", default_value = "ISLD")]
    pub(crate) sender: String,
    /// The CompID of who may log on; may be repeated
    #[arg(long = "target", value_name = "ID", default_value = "TW44")]
    pub(crate) targets: Vec<String>,
    /// Tell the number expected next in Logons (789)
    #[arg(long)]
    pub(crate) next_expected: bool,
    /// Tell the last number taken in every message (369)
    #[arg(long)]
    pub(crate) last_processed: bool,
    /// Numbers that one ResendRequest asks for; 0 asks for all
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(crate) resend_request_chunk: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimVenue {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9901")]
    pub(crate) listen: SocketAddr,
    /// Its CompID
    #[arg(long, value_name = "ID", default_value = "SIMA")]
    pub(crate) comp_id: String,
    /// The CompID of who may log on; may be repeated
    #[arg(long = "target", value_name = "ID", default_value = "DCX")]
    pub(crate) targets: Vec<String>,
    /// What it lists; may be repeated
    #[arg(long = "symbol", value_name = "SYMBOL", default_values = ["EURUSD", "XAUUSD", "BTCUSDT"])]
    pub(crate) symbols: Vec<String>,
    /// Recorded quotes, PATH or SYMBOL=PATH; may be repeated. Seeded prices without it
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<DataBinding>,
    /// The clock of data that does not say it, NAME=+HH:MM; may be repeated
    #[arg(long, value_name = "NAME=+HH:MM")]
    pub(crate) tz: Vec<String>,
    /// Seed of all chance
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Which venue of this seed it is: the same prices, other spreads and luck
    #[arg(long, default_value_t = 0)]
    pub(crate) number: u64,
    /// Delay of a message, in microseconds, at least
    #[arg(long, default_value_t = 100)]
    pub(crate) latency_us: u64,
    /// Mean of the random delay on top
    #[arg(long, default_value_t = 50)]
    pub(crate) jitter_us: u64,
    /// Probability that an order is refused for no reason
    #[arg(long, default_value_t = 0.01)]
    pub(crate) reject_rate: f64,
    /// Probability that an order meets liquidity that nobody shows
    #[arg(long, default_value_t = 0.1)]
    pub(crate) hidden_rate: f64,
    /// Fee in hundredths of a basis point; negative for a rebate
    #[arg(long, default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) fee_centi_bps: i32,
    /// Seeded quotes a second and instrument
    #[arg(long, default_value_t = 20)]
    pub(crate) quotes_per_s: u32,
    /// Recorded time passes so many times faster
    #[arg(long, default_value_t = 60)]
    pub(crate) speed: u32,
    /// Recorded moment to begin at, as 2014-05-02T12:30:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Write every order and trade here at the end, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
    /// Refuse to restart sequence numbers; the book is kept over a reconnect in any case
    #[arg(long)]
    pub(crate) keep: bool,
    /// Cancel what works of this target when its session is lost; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) cancel_on_disconnect: Vec<String>,
    #[command(flatten)]
    pub(crate) trouble: SimTrouble,
}

/// What a simulated venue does wrong; rates are probabilities from 0 to 1.
#[derive(Debug, Args)]
#[command(next_help_heading = "What it does wrong (seeded; never, unless said)")]
pub(crate) struct SimTrouble {
    /// An order or cancel is never acknowledged, and done all the same
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) lost_ack_rate: f64,
    /// A fill is told only at the next status request or logon
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) late_fill_rate: f64,
    /// A report comes twice under one ExecID, half of them with PossResend
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) duplicate_rate: f64,
    /// An order is cancelled that nobody asked to be cancelled
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) unasked_cancel_rate: f64,
    /// A trade is cancelled later (150=H)
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) bust_rate: f64,
    /// The price of a trade is corrected later (150=G)
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) correct_rate: f64,
    /// A cancel or replace is refused (102=0 or 3) though the order works
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) cancel_refused_rate: f64,
    /// An order vanishes: it is unknown to whoever asks
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) vanish_rate: f64,
    /// An update of market data (X) is never sent, and its number (83) is used
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) lost_update_rate: f64,
    /// An order, cancel or replace is told to be pending before it is done
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub(crate) pending_rate: f64,
    /// For how long, in microseconds
    #[arg(long, default_value_t = 500)]
    pub(crate) pending_us: u64,
    /// Mean time until what happens later happens, in milliseconds
    #[arg(long, default_value_t = 200)]
    pub(crate) later_ms: u64,
    /// Orders that each session finds at the start and never sent
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) orphans: u32,
    /// Mean time between two halts of an instrument, in milliseconds; 0 for never
    #[arg(long, default_value_t = 0)]
    pub(crate) halt_every_ms: u64,
    /// How long a halt takes, in milliseconds
    #[arg(long, default_value_t = 1000)]
    pub(crate) halt_ms: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimClient {
    /// Where to connect
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9800")]
    pub(crate) connect: SocketAddr,
    /// Its CompID; one session for each if repeated
    #[arg(long = "comp-id", value_name = "ID", default_value = "CLIENT")]
    pub(crate) comp_ids: Vec<String>,
    /// The CompID of the other side
    #[arg(long, value_name = "ID", default_value = "DCX")]
    pub(crate) target: String,
    /// What to trade; may be repeated
    #[arg(long = "symbol", value_name = "SYMBOL", default_values = ["EURUSD", "XAUUSD", "BTCUSDT"])]
    pub(crate) symbols: Vec<String>,
    /// A price to begin with, SYMBOL=PRICE; without one the first trades tell
    #[arg(long = "price", value_name = "SYMBOL=PRICE")]
    pub(crate) prices: Vec<String>,
    /// New orders a second, all sessions together
    #[arg(long, default_value_t = 100)]
    pub(crate) orders_per_s: u32,
    /// End after so many orders
    #[arg(long)]
    pub(crate) orders: Option<u64>,
    /// End after so many seconds; 10 if neither is given
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// Seed of everything that is chosen
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Put before every ClOrdID; the time of the start without it
    #[arg(long)]
    pub(crate) tag: Option<String>,
    /// How long to wait for logon, and at the end for the last reports
    #[arg(long, default_value_t = 10)]
    pub(crate) patience_s: u64,
    /// What to send: `all`, or weights as market=20,stop=5,pegged=5,cancel=10 of
    /// market marketable limit ioc fok twap algo stop stop-limit mit lit left-over trailing pegged
    /// iceberg gtd post-only off-tick zero-qty unknown-symbol duplicate; per 100 orders
    /// cancel replace status mass-cancel mass-status. The usual mix without it
    #[arg(long, value_name = "NAME=N,…")]
    pub(crate) mix: Option<Mix>,
    /// Send only orders that should be accepted
    #[arg(long)]
    pub(crate) good_only: bool,
}

/// What is asked of a running daemon.
#[derive(Debug, Subcommand)]
pub(crate) enum Operate {
    Status(Reach),
    Halt(State),
    Reduce(State),
    Resume(State),
    Cancel(Cancel),
    News(News),
    Limits(Limits),
    /// Orders that wait for a person
    #[command(subcommand)]
    Approvals(Approvals),
    /// One FIX session of a running daemon
    #[command(subcommand)]
    Session(Session),
}

/// Where the daemon is, and who asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which daemon, and who asks")]
pub(crate) struct Reach {
    /// The daemon's control socket; var/control.sock without it
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// The daemon's configuration, which names its socket
    #[arg(long, value_name = "FILE", conflicts_with = "socket")]
    pub(crate) config: Option<PathBuf>,
    /// Which operator asks, where the user alone does not say it
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A file with the operator's token; without it the variable DCX_TOKEN
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Whose trading; without any, the whole firm's.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct ScopeArgs {
    /// One account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// One strategy
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<String>,
    /// One client session, by its CompID
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
    /// One instrument
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) instrument: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct State {
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Why; it is kept in the journal and the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// How long venues have to confirm what is cancelled, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub(crate) wait_ms: u64,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Cancel {
    /// One order: its ClOrdID or OrderID
    #[arg(value_name = "ORDER", conflicts_with_all = ["account", "strategy", "session", "instrument", "all"])]
    pub(crate) order: Option<String>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Every order of the firm
    #[arg(long, conflicts_with_all = ["account", "strategy", "session", "instrument"])]
    pub(crate) all: bool,
    /// Why; it is kept in the journal and the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct News {
    /// The headline
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: String,
    /// A line below it; several may be given
    #[arg(long = "line", value_name = "TEXT")]
    pub(crate) lines: Vec<String>,
    /// How urgent it is
    #[arg(long, value_name = "URGENCY", default_value = "normal", value_parser = ["normal", "flash", "background"])]
    pub(crate) urgency: String,
    /// One session alone
    #[arg(long, value_name = "COMPID")]
    pub(crate) session: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Limits {
    #[command(subcommand)]
    pub(crate) verb: Option<LimitsVerb>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LimitsVerb {
    Set(LimitSet),
    Approve(ProposalWord),
    Reject(ProposalWord),
    Proposals(Reach),
}

#[derive(Debug, Args)]
pub(crate) struct LimitSet {
    /// firm, account:NAME, strategy:NAME, session:NAME or instrument:NAME
    #[arg(value_name = "SCOPE")]
    pub(crate) scope: String,
    /// Which limit, as `dcx limits` names it
    #[arg(value_name = "NAME")]
    pub(crate) limit: String,
    /// Its new number in its unit (1000, 2_000_000, 5s, 2.5, yes), or none
    #[arg(value_name = "VALUE")]
    pub(crate) value: String,
    /// Why; it is kept in the journal and the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct ProposalWord {
    /// The proposal's number, as `dcx limits proposals` says it
    #[arg(value_name = "N")]
    pub(crate) proposal: u64,
    /// Why; it is kept in the journal and the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Approvals {
    List(Reach),
    Approve(OrderWord),
    Refuse(OrderWord),
}

#[derive(Debug, Args)]
pub(crate) struct OrderWord {
    /// The order: its ClOrdID or OrderID
    #[arg(value_name = "ORDER")]
    pub(crate) order: String,
    /// Why; it is kept in the journal and the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    Enable(SessionWord),
    Disable(SessionWord),
    Disconnect(SessionWord),
    Reset(SessionReset),
    Renumber(SessionRenumber),
}

#[derive(Debug, Args)]
pub(crate) struct SessionWord {
    /// The session, as `dcx status` names it: a client's CompID or a venue's name
    #[arg(value_name = "NAME")]
    pub(crate) session: String,
    /// Why; it is kept in the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct SessionReset {
    #[command(flatten)]
    pub(crate) word: SessionWord,
    /// Also if messages are lost by it
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SessionRenumber {
    #[command(flatten)]
    pub(crate) word: SessionWord,
    /// The next MsgSeqNum that is expected of the peer
    #[arg(long, value_name = "N", required_unless_present = "next_out", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) next_in: Option<u64>,
    /// The next MsgSeqNum that we send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) next_out: Option<u64>,
    /// Also if messages are lost by it
    #[arg(long)]
    pub(crate) force: bool,
}
