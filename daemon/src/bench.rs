//! `dcx bench`: measurements, printed as a table or as JSON.

mod routing;

use dcx_bench::checks::{self, ChecksBench};
use dcx_bench::engine::{self, EngineBench};
use dcx_bench::fix::{self, FixBench};
use dcx_bench::halt::{self, HaltBench};
use dcx_bench::report::Report;
use dcx_bench::ring::{self, RingBench};
use dcx_bench::scale::{self, ScaleBench};
use dcx_bench::sessions::{self, SessionsBench};
use dcx_bench::workload::Shape;
use dcx_model::Code;

use crate::cli::{Bench, BenchArgs};
use crate::exit::{Exit, Failure, Outcome, chain};
use crate::out::Out;
use crate::scratch::Scratch;

/// Does what the subcommand says.
pub(crate) fn bench(command: &Bench, out: Out) -> Outcome {
    let report = match command {
        Bench::Ring(args) => ring::run(&ring_options(args)),
        Bench::Engine(args) => {
            let scratch = Scratch::make("bench")?;
            engine::run(engine_options(args), scratch.path())
                .map_err(|error| Failure::new(Code::X004, chain(&error)))?
        }
        Bench::Checks(args) => {
            let report = checks::run(&checks_options(args))
                .map_err(|error| Failure::new(Code::X004, chain(&error)))?;
            out.data(report.to_table());
            out.object(&report);
            return Ok(Exit::Done);
        }
        Bench::Scale(args) => {
            let report = scale::run(&scale_options(args));
            out.data(report.to_table());
            out.object(&report);
            return Ok(Exit::Done);
        }
        Bench::Routing(args) => return routing::routing(args, out),
        Bench::Fix(args) => {
            let scratch = Scratch::make("bench")?;
            fix::run(&fix_options(args), scratch.path())
                .map_err(|error| Failure::new(Code::X004, chain(&error)))?
        }
        Bench::Sessions(args) => {
            let scratch = Scratch::make("bench")?;
            sessions::run(&sessions_options(args), scratch.path())
                .map_err(|error| Failure::new(Code::X004, chain(&error)))?
        }
        Bench::Halt(args) => {
            let scratch = Scratch::make("bench")?;
            halt::run(&halt_options(args), scratch.path())
                .map_err(|error| Failure::new(Code::X004, chain(&error)))?
        }
    };
    say(&report, out);
    Ok(Exit::Done)
}

fn ring_options(args: &BenchArgs) -> RingBench {
    let default = RingBench {
        only: args.only.clone(),
        ..RingBench::default()
    };
    if args.smoke {
        return RingBench {
            rounds: 1,
            items: 20_000,
            round_trips: 1_000,
            ..default
        };
    }
    RingBench {
        rounds: args.rounds.unwrap_or(default.rounds),
        ..default
    }
}

fn engine_options(args: &BenchArgs) -> EngineBench {
    let default = EngineBench {
        only: args.only.clone(),
        ..EngineBench::default()
    };
    if args.smoke {
        return EngineBench {
            rounds: 1,
            commands: 20_000,
            ..default
        };
    }
    EngineBench {
        rounds: args.rounds.unwrap_or(default.rounds),
        ..default
    }
}

fn checks_options(args: &BenchArgs) -> ChecksBench {
    let default = ChecksBench {
        only: args.only.clone(),
        ..ChecksBench::default()
    };
    if args.smoke {
        return ChecksBench {
            rounds: 1,
            commands: 5_000,
            ..default
        };
    }
    ChecksBench {
        rounds: args.rounds.unwrap_or(default.rounds),
        ..default
    }
}

fn scale_options(args: &BenchArgs) -> ScaleBench {
    let default = ScaleBench::default();
    if args.smoke {
        return ScaleBench {
            rounds: 1,
            commands: 10_000,
            large: Shape {
                working: 5_000,
                orders_open_max: 8_192,
                instruments: 200,
                accounts: 50,
                instruments_per_account: 20,
                ..Shape::SMALL
            },
            ..default
        };
    }
    ScaleBench {
        rounds: args.rounds.unwrap_or(default.rounds),
        ..default
    }
}

fn fix_options(args: &BenchArgs) -> FixBench {
    let default = FixBench {
        only: args.only.clone(),
        ..FixBench::default()
    };
    if args.smoke {
        return FixBench {
            rounds: 1,
            orders: 2_000,
            warm_up: 200,
            rates: vec![1_000],
            rate_s: 1,
            messages: 2_000,
            orders_open_max: 16_384,
            ..default
        };
    }
    FixBench {
        rounds: args.rounds.unwrap_or(default.rounds),
        ..default
    }
}

fn sessions_options(args: &BenchArgs) -> SessionsBench {
    let default = SessionsBench::default();
    if args.smoke {
        return SessionsBench {
            rounds: 1,
            busy: 20,
            queued: 50_000,
            resent: 2_000,
            span: std::time::Duration::from_millis(300),
            ..default
        };
    }
    SessionsBench {
        rounds: args.rounds.unwrap_or(default.rounds),
        ..default
    }
}

fn halt_options(args: &BenchArgs) -> HaltBench {
    let default = HaltBench::default();
    let samples = if args.smoke { 20 } else { default.samples };
    HaltBench { samples, ..default }
}

fn say(report: &Report, out: Out) {
    out.data(report.to_table());
    out.object(report);
}
