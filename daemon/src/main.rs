//! The `dcx` binary: reads a command line, does one thing, says how it ended.

#![forbid(unsafe_code)]

mod bench;
mod check;
mod cli;
mod commands;
mod config;
mod data;
mod demo;
mod error_page;
mod exit;
mod explain;
mod fix;
mod journal;
mod log;
mod names;
mod operate;
mod out;
mod records;
mod run;
mod scratch;
mod sim;
mod system;
mod tca;
mod text;
mod top;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Outcome};
use crate::out::Out;

fn main() -> ExitCode {
    let parsed = commands::describe(Cli::command())
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let out = Out::new(cli.json);
    match dispatch(cli.command, out) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            out.failure(&failure);
            failure.exit.into()
        }
    }
}

/// Prints what clap has to say: help to standard output, complaints to standard error.
fn usage(error: &clap::Error) -> Exit {
    drop(error.print());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
}

fn dispatch(command: Command, out: Out) -> Outcome {
    match command {
        Command::Demo(args) => demo::demo(&args, out),
        Command::Run(args) => run::run(&args.config, out),
        Command::Check(args) => check::check(&args.config, out),
        Command::Error(args) => error_page::print(&args.code, out),
        Command::Journal(command) => journal::journal(&command, out),
        Command::Replay(args) => journal::replay_all(&args.dir, out),
        Command::Explain(args) => explain::explain(&args.order, &args.journal, out),
        Command::Tca(args) => tca::tca(&args.dir, args.orders, out),
        Command::Top(args) => top::once(&args.counters, out),
        Command::Sim(command) => sim::sim(command, out),
        Command::Data(command) => data::data(&command, out),
        Command::Bench(command) => bench::bench(&command, out),
        Command::Fix(command) => fix::fix(&command, out),
        Command::Operate(command) => operate::operate(&command, out),
    }
}
