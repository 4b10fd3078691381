//! The verbs of the house as `cargo xtask NAME`: each prints the commands it runs, so that each
//! can be run by hand.

#![forbid(unsafe_code)]

mod acceptance;
mod docs;
mod interop;
mod mutants;
mod steps;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The exit status of a step that could not run here: Automake's number for it.
const SKIPPED: u8 = 77;

/// What a developer or CI does with this repository.
#[derive(Debug, Parser)]
#[command(after_help = "Example: cargo xtask ci")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// All that .ci/run does.
    Ci,
    /// Checks the formatting.
    Fmt,
    /// Lints every target; a warning is an error.
    Clippy,
    /// Runs every test: the README's second command.
    Test,
    /// Builds the documentation; a warning is an error.
    Doc,
    /// Runs the ring's tests under Miri, which needs a nightly toolchain.
    Miri,
    /// Explores the ring's interleavings.
    Loom,
    /// Checks licences, sources and bans with cargo-deny.
    Deny,
    /// Lets foreign engines trade with a running dcx: needs Java and Maven, or Python with pip and
    /// a C++ compiler.
    Interop {
        /// Which engine, and what it does.
        #[arg(value_enum, default_value = "desk")]
        suite: interop::Suite,
        /// Orders of each run, where the connection is cut.
        #[arg(long, default_value_t = 100_000)]
        orders: u64,
    },
    /// Runs the public FIX acceptance scenarios against `dcx sim at`; needs Python.
    Acceptance,
    /// Kills the daemon under load and replays its journal.
    Crash {
        /// How often.
        #[arg(long, default_value_t = 20)]
        rounds: u32,
        /// Repeats a run; a new one otherwise.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Writes the pages that are made from the code: docs/errors.
    Docs {
        /// Only say which are out of date.
        #[arg(long)]
        check: bool,
    },
    /// Feeds every decoder of outside bytes with mutated input; needs nightly and cargo-fuzz.
    Fuzz {
        /// Seconds for each decoder.
        #[arg(long, default_value_t = 30)]
        seconds: u32,
        /// Which decoders: record, fix, fix_session, fix_orders, fix_store, journal, control; all
        /// otherwise.
        targets: Vec<String>,
    },
    /// Compares our verdict on changed FIX messages with QuickFIX/J's; needs Java and Maven.
    Differential {
        /// How many.
        #[arg(long, default_value_t = 60_000)]
        messages: u64,
        /// Which.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Holds the risk checks to their slow twin over many more commands than the tests do.
    Twin {
        /// How many.
        #[arg(long, default_value_t = 100_000_000)]
        commands: u64,
        /// The first run's seed; each run after it has the next.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Changes the risk checks and the orders in small ways and sees that a test fails; needs
    /// cargo-mutants for the list, and an hour or more.
    Mutants(mutants::Options),
    /// Takes the figures of `dcx bench`, from a build for this purpose.
    Measure {
        /// Which; see `dcx bench --help`.
        #[arg(default_value = "all")]
        name: String,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Ci => steps::ci(),
        Verb::Fmt => steps::fmt(),
        Verb::Clippy => steps::clippy(),
        Verb::Test => steps::test(),
        Verb::Doc => steps::doc(),
        Verb::Miri => steps::miri(),
        Verb::Loom => steps::loom(),
        Verb::Deny => steps::deny(),
        Verb::Interop { suite, orders } => interop::interop(suite, orders),
        Verb::Acceptance => acceptance::run(),
        Verb::Crash { rounds, seed } => steps::crash(rounds, seed),
        Verb::Docs { check } => docs::run(check),
        Verb::Fuzz { seconds, targets } => steps::fuzz(seconds, &targets),
        Verb::Differential { messages, seed } => steps::differential(messages, seed),
        Verb::Twin { commands, seed } => steps::twin(commands, seed),
        Verb::Mutants(options) => steps::mutants(&options),
        Verb::Measure { name } => steps::measure(&name),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<steps::Skipped>() {
            Some(reason) => {
                eprintln!("skipped: {reason}");
                ExitCode::from(SKIPPED)
            }
            None => {
                eprintln!("xtask: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}
