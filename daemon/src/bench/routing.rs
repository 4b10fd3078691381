//! `dcx bench routing`: every way to choose venues, compared, estimated, or written as a page.

use std::path::Path;
use std::thread;

use dcx_bench::routing::drift::{ROUNDS, SEEDS, regrets};
use dcx_bench::routing::report::{section, sources, write};
use dcx_bench::routing::{RoutingBench, RoutingError, journal, run};
use dcx_model::{Code, RoutingPolicy};
use serde_json::json;

use crate::cli::RoutingArgs;
use crate::data;
use crate::exit::{Exit, Failure, Outcome, chain};
use crate::out::Out;

/// Decisions of a short run.
const SMOKE_DECISIONS: u64 = 2_000;

/// Does what the options say.
pub(super) fn routing(args: &RoutingArgs, out: Out) -> Outcome {
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let mut options = RoutingBench {
        data: args.data.clone(),
        tz: data::options(&args.tz)?.tz,
        policy,
        seed: args.seed,
        ..RoutingBench::default()
    };
    if args.smoke {
        options.decisions = SMOKE_DECISIONS;
    }
    if let (Some(dir), Some(policy)) = (&args.journal, policy) {
        return estimate(dir, policy, args.seed, out);
    }
    if let Some(dir) = &args.report {
        return page(dir, args, &options, out);
    }
    let report = run(&options).map_err(|error| failure(&error))?;
    out.data(report.to_table());
    out.object(&report);
    Ok(Exit::Done)
}

fn failure(error: &RoutingError) -> Failure {
    Failure::new(error.code(), chain(error))
}

fn policy(name: &str) -> Result<RoutingPolicy, Failure> {
    let found = RoutingPolicy::ALL.iter().find(|known| known.name() == name);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = RoutingPolicy::ALL.iter().map(|p| p.name()).collect();
        let message = format!("no policy {name:?}; there are {}", known.join(", "));
        Failure::new(Code::X001, message)
    })
}

fn estimate(dir: &Path, policy: RoutingPolicy, seed: u64, out: Out) -> Outcome {
    let logged = journal::logged(dir).map_err(|error| failure(&error))?;
    let found = journal::estimate(&logged, policy, seed).map_err(|error| failure(&error))?;
    out.data(format!(
        "{} on {} decisions that cost {:.4} bps as they were made, worth {:.0} of its own:\n  \
         inverse propensity {:.4} ({:.4} .. {:.4}), by the weights' sum {:.4}\n  \
         doubly robust      {:.4} ({:.4} .. {:.4})",
        found.policy,
        found.decisions,
        found.logged_cost_bps,
        found.effective_decisions,
        found.ips_bps,
        found.ips_low,
        found.ips_high,
        found.self_normalised_bps,
        found.doubly_robust_bps,
        found.doubly_robust_low,
        found.doubly_robust_high
    ));
    out.object(&found);
    Ok(Exit::Done)
}

fn page(dir: &Path, args: &RoutingArgs, options: &RoutingBench, out: Out) -> Outcome {
    let (seeds, rounds) = if args.smoke {
        (4, 500)
    } else {
        (SEEDS, ROUNDS)
    };
    let all = sources(options, &args.shared);
    if options.data.is_empty() && all.iter().all(|source| source.2.is_empty()) {
        out.talk(format!(
            "no market data in {}: the page is of drawn prices",
            args.shared.display()
        ));
    }
    out.talk("measuring every instrument, and regret: minutes");
    // Each instrument is on its own: how they take turns changes no figure.
    let (sections, regrets) = thread::scope(|scope| {
        let running: Vec<_> = all
            .into_iter()
            .map(|source| scope.spawn(|| section(source, options)))
            .collect();
        let regrets = regrets(seeds, rounds);
        let sections: Result<Vec<_>, RoutingError> = running
            .into_iter()
            .map(|thread| thread.join().expect("a measurement does not panic"))
            .collect();
        (sections, regrets)
    });
    let sections = sections.map_err(|error| failure(&error))?;
    let files = write(dir, &sections, &regrets).map_err(|error| failure(&error))?;
    out.data(format!("{files} files in {}", dir.display()));
    out.object(&json!({
        "report": dir.display().to_string(),
        "files": files,
        "instruments": sections.iter().map(|section| &section.report).collect::<Vec<_>>(),
    }));
    Ok(Exit::Done)
}
