//! Every command in one table: its impact, what it is for, an example.
//!
//! Help texts are made from it, and for what a running daemon is asked, permissions and the audit.

use std::fmt::Write as _;

use dcx_control::socket::Impact;

use crate::exit::Exit;

/// A command as people meet it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// Its words after `dcx`.
    pub(crate) path: &'static str,
    pub(crate) impact: Impact,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// Shell lines that work as they stand.
    pub(crate) examples: &'static [&'static str],
}

macro_rules! commands {
    ($($path:literal $impact:ident $about:literal [$($example:literal),+];)+) => {
        /// All commands.
        pub(crate) const COMMANDS: &[Spec] = &[$(Spec {
            path: $path,
            impact: Impact::$impact,
            about: $about,
            examples: &[$($example),+],
        },)+];
    };
}

commands! {
    "demo" Rw "Run everything in one process for some seconds and prove what happened"
        ["dcx demo", "dcx demo --seconds 20 --data ../shared/data/eurusd-oanda --data ../shared/data/eurusd-fxcm --json"];
    "run" Rw "Run the daemon until SIGTERM; SIGHUP reloads limits"
        ["dcx run --config config/dcx.toml"];
    "check" Ro "Say everything that is wrong with a configuration, and every value in force"
        ["dcx check --config config/dcx.toml"];
    "sim venue" Rw "Run a simulated FIX 4.4 venue"
        ["dcx sim venue --listen 127.0.0.1:9901 --comp-id SIMA"];
    "sim client" Rw "Send mixed orders over FIX and check every report's arithmetic"
        ["dcx sim client --connect 127.0.0.1:9800 --comp-id CLIENT --target DCX --orders 1000"];
    "sim at" Rw "Run the FIX acceptor with the echo application of the public acceptance scenarios"
        ["dcx sim at --listen 127.0.0.1:5001 --begin-string FIX.4.4 --sender ISLD --target TW44"];
    "journal verify" Ro "Check every record of a journal"
        ["dcx journal verify var/journal"];
    "journal inspect" Ro "Say what a journal holds"
        ["dcx journal inspect var/journal"];
    "journal export" Ro "Print a journal's commands, one JSON object a line"
        ["dcx journal export var/journal > commands.jsonl"];
    "replay" Ro "Run the engine over a journal and compare its digests with the recorded ones"
        ["dcx replay var/journal"];
    "explain" Ro "Say why an order went the way it did: checks, venues, slices"
        ["dcx explain ORDER-1 --journal var/journal"];
    "tca" Ro "Say what execution cost: shortfall, slippage, markouts, fill rate by venue and algorithm"
        ["dcx tca var/journal", "dcx tca var/journal --orders --json"];
    "bench ring" Ro "Measure the rings beside their peers"
        ["dcx bench ring --json"];
    "bench engine" Ro "Measure the engine, journal beside it"
        ["dcx bench engine --json"];
    "bench checks" Ro "Measure what each check costs: all of them against all but one"
        ["dcx bench checks", "dcx bench checks --only credit"];
    "bench scale" Ro "Measure a million working orders beside a thousand, and their memory"
        ["dcx bench scale --json"];
    "bench fix" Ro "Measure the FIX round trip over loopback, and the codec alone"
        ["dcx bench fix --json"];
    "bench halt" Ro "Measure how soon nothing more reaches a venue after a halt"
        ["dcx bench halt --json"];
    "bench sessions" Ro "Measure what the trouble of one FIX session costs another"
        ["dcx bench sessions --json"];
    "bench routing" Rw "Compare every way to choose venues on recorded quotes; --report writes a page"
        ["dcx bench routing --data ../shared/data/eurusd-fxcm --data ../shared/data/eurusd-oanda --json",
         "dcx bench routing --policy thompson --journal var/journal",
         "dcx bench routing --report docs/measurements/routing"];
    "data import" Rw "Convert recorded market data to CSV"
        ["dcx data import ../shared/data/eurusd-oanda --out quotes.csv"];
    "data inspect" Ro "Say what recorded market data holds"
        ["dcx data inspect ../shared/data/xauusd-oanda"];
    "data profile" Ro "Learn a volume profile from recorded market data"
        ["dcx data profile ../shared/data/eurusd-oanda > eurusd.profile.toml"];
    "fix show" Ro "Show the messages of a FIX log by the names of their fields and values"
        ["dcx fix show messages.log", "dcx fix show messages.log --only D --session CLIENT --json",
         "dcx fix show messages.log --order ORDER-1", "dcx fix show messages.log --check"];
    "error" Ro "Explain an error code"
        ["dcx error R006"];
    "top" Ro "Show a running daemon's counters"
        ["dcx top --once"];
    "status" Ro "Say how a running daemon stands: states, venues, sessions, orders, exposure"
        ["dcx status", "dcx status --config config/dcx.toml --json"];
    "halt" Danger "Stop trading and cancel everything; answered once nothing more can go out"
        ["dcx halt --reason drill", "dcx halt --session CLIENT --reason drill"];
    "reduce" Danger "Take only orders that make positions smaller"
        ["dcx reduce --account HOUSE --reason drill"];
    "resume" Danger "Let trading go on"
        ["dcx resume --reason over", "dcx resume --session CLIENT --reason over"];
    "cancel" Rw "Cancel an order, or all of a session, account, strategy or instrument, or all"
        ["dcx cancel ORDER-1 --reason mistake", "dcx cancel --instrument EURUSD --reason mistake"];
    "news" Rw "Tell news to the FIX sessions that get any"
        ["dcx news --text drill --urgency flash", "dcx news --text drill --session CLIENT"];
    "limits" Ro "List the limits that are set, and what is used of them"
        ["dcx limits", "dcx limits --session CLIENT"];
    "limits set" Rw "Lower a limit at once, or propose to raise it"
        ["dcx limits set instrument:EURUSD order_qty_max 5_000 --reason careful"];
    "limits approve" Danger "Put another person's proposed limit into force"
        ["dcx limits approve 1 --as bob --reason agreed"];
    "limits reject" Rw "Turn a proposed limit down"
        ["dcx limits reject 1 --reason no"];
    "limits proposals" Ro "List the changes of limits that wait for a second person"
        ["dcx limits proposals"];
    "approvals list" Ro "List the orders that wait for a person"
        ["dcx approvals list"];
    "approvals approve" Danger "Let an order go to market that waits for a person"
        ["dcx approvals approve ORDER-1 --reason seen"];
    "session enable" Rw "Take up a FIX session again that was disabled"
        ["dcx session enable CLIENT --reason over"];
    "session disable" Rw "Log a FIX session out, and keep it out over restarts until it is enabled"
        ["dcx session disable CLIENT --reason drill"];
    "session disconnect" Rw "Log a FIX session out; it may be taken up again at once"
        ["dcx session disconnect CLIENT --reason drill"];
    "session reset" Danger "Begin both numbers of a FIX session at 1, while it is not connected"
        ["dcx session reset CLIENT --reason agreed"];
    "session renumber" Danger "Set the next numbers of a FIX session, while it is not connected"
        ["dcx session renumber CLIENT --next-in 57 --reason agreed"];
    "approvals refuse" Rw "Refuse an order that waits for a person"
        ["dcx approvals refuse ORDER-1 --reason no"];
}

/// The command of these words.
pub(crate) fn spec(path: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.path == path)
}

/// Gives every command its description, examples and impact.
pub(crate) fn describe(command: clap::Command) -> clap::Command {
    let mut codes = String::from("Exit codes:");
    for (exit, meaning) in Exit::ALL {
        let _ = write!(codes, "\n  {:>3}  {meaning}", *exit as u8);
    }
    describe_below(command, "").after_help(format!(
        "Example:\n  $ dcx demo\n\n{codes}\n\nEvery error has a code: `dcx error CODE`."
    ))
}

fn describe_below(command: clap::Command, path: &str) -> clap::Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let mut command = command;
    for name in names {
        let path = format!("{path} {name}").trim().to_owned();
        command = command.mut_subcommand(name, |sub| describe_one(sub, &path));
    }
    command
}

fn describe_one(command: clap::Command, path: &str) -> clap::Command {
    let Some(spec) = spec(path) else {
        let example = COMMANDS
            .iter()
            .find(|spec| spec.path.starts_with(&format!("{path} ")))
            .and_then(|spec| spec.examples.first())
            .map_or_else(String::new, |example| format!("Example:\n  $ {example}"));
        return describe_below(command, path).after_help(example);
    };
    let title = if spec.examples.len() == 1 {
        "Example:"
    } else {
        "Examples:"
    };
    let mut after = title.to_owned();
    for example in spec.examples {
        let _ = write!(after, "\n  $ {example}");
    }
    let _ = write!(after, "\n\nImpact: {}", spec.impact.label());
    describe_below(command, path)
        .about(format!("{} [{}]", spec.about, spec.impact.label()))
        .after_help(after)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn leaves(command: &clap::Command, path: &str, out: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        for sub in command.get_subcommands() {
            leaves(sub, &path, out);
        }
        if !command.is_subcommand_required_set() {
            out.push(path);
        }
    }

    #[test]
    fn the_table_and_the_command_line_name_the_same_commands() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        let mut found: Vec<String> = found
            .iter()
            .map(|path| path.trim_start_matches("dcx ").to_owned())
            .collect();
        found.sort();
        let mut table: Vec<&str> = COMMANDS.iter().map(|spec| spec.path).collect();
        table.sort_unstable();
        assert_eq!(found, table);
    }

    #[test]
    fn every_example_is_a_command_line_that_parses() {
        for spec in COMMANDS {
            for example in spec.examples {
                let line = example.split(" > ").next().unwrap_or(example);
                let parsed = Cli::command().try_get_matches_from(line.split_whitespace());
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
                assert!(
                    example.starts_with(&format!("dcx {}", spec.path)),
                    "{example}"
                );
            }
        }
    }

    #[test]
    fn what_only_reads_says_so() {
        for path in [
            "check",
            "replay",
            "explain",
            "journal verify",
            "top",
            "error",
        ] {
            assert_eq!(
                spec(path).map(|spec| spec.impact),
                Some(Impact::Ro),
                "{path}"
            );
        }
        assert_eq!(spec("run").map(|spec| spec.impact), Some(Impact::Rw));
    }
}
