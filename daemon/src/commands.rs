//! Every command in one table: its impact, what it is for, an example.
//!
//! Help texts are made from it; prompts, permissions and audit will be.

use std::fmt::Write as _;

use crate::exit::Exit;

/// What a command may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Impact {
    /// Reads only.
    Ro,
    /// Writes files of its own or sends orders to where it is pointed.
    Rw,
    /// Stops or resumes trading, or destroys data. None yet.
    #[expect(dead_code, reason = "the commands that halt and resume will have it")]
    Danger,
}

impl Impact {
    /// Its label in help texts.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Ro => "ro",
            Self::Rw => "rw",
            Self::Danger => "danger",
        }
    }
}

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
    "bench ring" Ro "Measure the rings beside their peers"
        ["dcx bench ring --json"];
    "bench engine" Ro "Measure the engine, journal beside it"
        ["dcx bench engine --json"];
    "bench fix" Ro "Measure the FIX round trip over loopback, and the codec alone"
        ["dcx bench fix --json"];
    "data import" Rw "Convert recorded market data to CSV"
        ["dcx data import ../shared/data/eurusd-oanda --out quotes.csv"];
    "data inspect" Ro "Say what recorded market data holds"
        ["dcx data inspect ../shared/data/xauusd-oanda"];
    "error" Ro "Explain an error code"
        ["dcx error R006"];
    "top" Ro "Show a running daemon's counters"
        ["dcx top --once"];
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
    command
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
        if command.has_subcommands() {
            for sub in command.get_subcommands() {
                leaves(sub, &path, out);
            }
        } else {
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
