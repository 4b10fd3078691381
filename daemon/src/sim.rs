//! `dcx sim`: simulated counterparties, each as its own process.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dcx_model::Code;
use dcx_sim::client::{self, ClientError, ClientOptions, ClientReport, Prices};
use dcx_sim::echo::{self, EchoError, EchoOptions};
use dcx_sim::venue::{self, Trouble, TroubleStats, VenueError, VenueOptions};
use serde_json::json;

use crate::cli::{Sim, SimAt, SimClient, SimTrouble, SimVenue};
use crate::exit::{Exit, Failure, Outcome, chain};
use crate::out::Out;
use crate::text::{count, span};

/// Does what the subcommand says, until it is done or a signal ends it.
pub(crate) fn sim(command: Sim, out: Out) -> Outcome {
    match command {
        Sim::Venue(args) => run_venue(args, out),
        Sim::Client(args) => run_client(args, out),
        Sim::At(args) => run_at(args, out),
    }
}

/// Why a venue does not run, as a failure of the command.
pub(crate) fn venue_failure(error: &VenueError) -> Failure {
    Failure::new(error.code().unwrap_or(Code::X004), chain(error))
}

/// Why a client does not run, as a failure of the command.
pub(crate) fn client_failure(error: &ClientError) -> Failure {
    Failure::new(error.code().unwrap_or(Code::X004), chain(error))
}

fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Failure::new(Code::X004, format!("handling signals: {error}")))?;
    }
    Ok(stop)
}

fn run_venue(args: SimVenue, out: Out) -> Outcome {
    let options = VenueOptions {
        listen: args.listen,
        comp_id: args.comp_id,
        targets: args.targets,
        symbols: args.symbols,
        data: args.data,
        tz: args.tz,
        seed: args.seed,
        number: args.number,
        latency_us: args.latency_us,
        jitter_us: args.jitter_us,
        reject_rate: args.reject_rate,
        hidden_rate: args.hidden_rate,
        fee_centi_bps: args.fee_centi_bps,
        quotes_per_s: args.quotes_per_s,
        speed: args.speed,
        from: args.from,
        trouble: trouble(&args.trouble),
        cancel_on_disconnect: args.cancel_on_disconnect,
        keep: args.keep,
        ledger: args.ledger,
        ..VenueOptions::default()
    };
    let stop = stop_on_signal()?;
    let mut said = false;
    let mut last = (0, 0);
    let stats = venue::run(&options, &stop, |addr, stats, troubles| {
        if !said {
            said = true;
            out.talk(format!("venue {} listens on {addr}", options.comp_id));
        }
        // A venue that nobody uses has nothing new to say.
        if last != (stats.orders, stats.trades) {
            last = (stats.orders, stats.trades);
            out.talk(format!(
                "{} orders, {} trades, {} working",
                count(stats.orders),
                count(stats.trades),
                count(stats.working)
            ));
        }
        for trouble in troubles {
            out.talk(trouble);
        }
    });
    let stats = stats.map_err(|error| venue_failure(&error))?;
    out.data(format!(
        "{} orders, {} refused, {} trades worth {}, fees {}",
        count(stats.orders),
        count(stats.rejected),
        count(stats.trades),
        stats.traded,
        stats.fees
    ));
    out.object(&json!({
        "comp_id": options.comp_id,
        "orders": stats.orders,
        "requests": stats.requests,
        "accepted": stats.accepted,
        "rejected": stats.rejected,
        "trades": stats.trades,
        "traded": stats.traded.to_string(),
        "fees": stats.fees.to_string(),
        "canceled": stats.canceled,
        "working": stats.working,
        "quotes": stats.quotes,
        "feeds_broken": stats.feeds_broken,
        "trouble": trouble_json(&stats.trouble),
    }));
    Ok(Exit::Done)
}

const fn trouble(args: &SimTrouble) -> Trouble {
    Trouble {
        lost_ack_rate: args.lost_ack_rate,
        late_fill_rate: args.late_fill_rate,
        duplicate_rate: args.duplicate_rate,
        unasked_cancel_rate: args.unasked_cancel_rate,
        bust_rate: args.bust_rate,
        correct_rate: args.correct_rate,
        cancel_refused_rate: args.cancel_refused_rate,
        vanish_rate: args.vanish_rate,
        lost_update_rate: args.lost_update_rate,
        pending_rate: args.pending_rate,
        pending_us: args.pending_us,
        later_ms: args.later_ms,
        orphans: args.orphans,
        halt_every_ms: args.halt_every_ms,
        halt_ms: args.halt_ms,
    }
}

fn trouble_json(done: &TroubleStats) -> serde_json::Value {
    json!({
        "lost_acks": done.lost_acks,
        "late_fills": done.late_fills,
        "duplicates": done.duplicates,
        "unasked_cancels": done.unasked_cancels,
        "busts": done.busts,
        "corrections": done.corrections,
        "vanished": done.vanished,
        "pendings": done.pendings,
        "halts": done.halts,
    })
}

fn run_at(args: SimAt, out: Out) -> Outcome {
    let options = EchoOptions {
        listen: args.listen,
        begin_string: args.begin_string,
        sender: args.sender,
        targets: args.targets,
        next_expected: args.next_expected,
        last_processed: args.last_processed,
        resend_request_chunk: args.resend_request_chunk,
    };
    let stop = stop_on_signal()?;
    let ran = echo::run(&options, &stop, |addr| {
        out.talk(format!("{} listens on {addr}", options.sender));
    });
    ran.map_err(|EchoError::Link(error)| {
        Failure::new(error.code().unwrap_or(Code::X004), chain(&error))
    })?;
    Ok(Exit::Done)
}

fn run_client(args: SimClient, out: Out) -> Outcome {
    let endless = args.orders.is_none() && args.seconds.is_none();
    let mix = args.mix.unwrap_or_default();
    let options = ClientOptions {
        connect: args.connect,
        comp_ids: args.comp_ids,
        target: args.target,
        symbols: args.symbols,
        prices: args.prices,
        orders_per_s: args.orders_per_s,
        orders: args.orders,
        seconds: if endless { Some(10) } else { args.seconds },
        seed: args.seed,
        mix: if args.good_only {
            mix.without_bad()
        } else {
            mix
        },
        patience_s: args.patience_s,
        tag: args.tag,
        ..ClientOptions::default()
    };
    let stop = stop_on_signal()?;
    let report = client::run(&options, Prices::default(), &stop, |progress| {
        out.talk(format!(
            "{} sent, {} accepted, {} refused, {} filled, {} wrong",
            count(progress.sent),
            count(progress.accepted),
            count(progress.refused),
            count(progress.filled),
            count(progress.violations)
        ));
    });
    let report = report.map_err(|error| client_failure(&error))?;
    say_client(&report, out);
    out.object(&report.to_json());
    Ok(if report.is_clean() {
        Exit::Done
    } else {
        Exit::No
    })
}

fn say_client(report: &ClientReport, out: Out) {
    out.data(format!(
        "{} orders sent: {} accepted, {} refused, {} filled, {} cancelled, {} working",
        count(report.sent),
        count(report.accepted),
        count(report.refused),
        count(report.filled),
        count(report.canceled),
        count(report.working)
    ));
    out.data(format!(
        "{} lost, {} duplicated, {} reports that cannot be right",
        report.lost, report.duplicated, report.violations_count
    ));
    let quantile = |q| {
        span(dcx_model::Nanos::new(
            report.round_trip.value_at_quantile(q),
        ))
    };
    out.data(format!(
        "order to first report: p50 {}, p99 {}, max {}",
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    ));
    for violation in report.violations.iter().take(10) {
        out.talk(format!(
            "{}: {}: {}",
            violation.cl_ord_id, violation.rule, violation.detail
        ));
    }
}
