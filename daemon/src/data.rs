//! `dcx data`: what recorded market data holds, and the same as CSV.

use dcx_model::{Code, Qty};
use dcx_sim::data::{DataError, DataOptions, TzOption, import, inspect, profile};
use serde_json::json;

use crate::cli::{Data, DataPath, DataProfile, Import};
use crate::config;
use crate::exit::{Exit, Failure, Outcome, chain};
use crate::out::Out;
use crate::text::{count, span, utc};

/// Does what the subcommand says.
pub(crate) fn data(command: &Data, out: Out) -> Outcome {
    match command {
        Data::Import(args) => import_one(args, out),
        Data::Inspect(args) => inspect_one(args, out),
        Data::Profile(args) => profile_one(args, out),
    }
}

/// Why data could not be read, as a failure of the command.
pub(crate) fn failure(error: &DataError) -> Failure {
    Failure::new(error.code(), chain(error))
}

/// Options with these clocks, each `NAME=+HH:MM`.
pub(crate) fn options(tz: &[String]) -> Result<DataOptions, Failure> {
    let tz: Result<Vec<TzOption>, DataError> = tz.iter().map(|text| text.parse()).collect();
    Ok(DataOptions {
        tz: tz.map_err(|error| failure(&error))?,
        ..DataOptions::default()
    })
}

fn inspect_one(args: &DataPath, out: Out) -> Outcome {
    let summary = inspect(&args.path, &options(&args.tz)?).map_err(|error| failure(&error))?;
    let format = format!("{:?}", summary.format).to_lowercase();
    let stamps = format!("{:?}", summary.stamps).to_lowercase();
    for (name, value) in [
        ("format", format),
        ("stamps", stamps),
        ("files", summary.files.to_string()),
        ("quotes", count(summary.rows)),
        ("first", utc(summary.first)),
        ("last", utc(summary.last)),
        ("spread min", summary.spread_min.to_string()),
        ("spread max", summary.spread_max.to_string()),
        ("crossed", count(summary.crossed)),
        ("locked", count(summary.locked)),
        ("gaps > 60 s", count(summary.gaps)),
        ("longest gap", span(summary.gap_longest)),
        ("out of order", count(summary.reversed)),
        ("no data lines", count(summary.skipped)),
        ("other lines", count(summary.others)),
    ] {
        out.data(format!("{name:<14} {value}"));
    }
    out.object(&summary.to_json());
    Ok(Exit::Done)
}

fn profile_one(args: &DataProfile, out: Out) -> Outcome {
    let day_qty = args.day_qty.as_ref().map(|text| {
        Qty::parse(text.as_bytes())
            .map_err(|fault| Failure::new(Code::X001, format!("--day-qty {text}: {fault}")))
    });
    let day_qty = day_qty.transpose()?;
    let learnt = profile(&args.path, &options(&args.tz)?).map_err(|error| failure(&error))?;
    let from = args.path.display().to_string();
    let text = config::write_profile(&learnt, &from, (day_qty, args.impact_ppm));
    for line in text.lines() {
        out.data(line);
    }
    out.object(&json!({
        "path": from,
        "quotes": learnt.quotes,
        "days": learnt.days,
        "crossed": learnt.crossed,
        "reversed": learnt.reversed,
        "gaps": learnt.gaps,
        "volatility_ppm": learnt.volatility_ppm,
        "half_spread_ppm": learnt.half_spread_ppm,
        "weights": learnt.weights,
    }));
    Ok(Exit::Done)
}

fn import_one(args: &Import, out: Out) -> Outcome {
    let rows =
        import(&args.path, &args.out, &options(&args.tz)?).map_err(|error| failure(&error))?;
    out.data(format!(
        "{} quotes written to {}",
        count(rows),
        args.out.display()
    ));
    out.object(&json!({"rows": rows, "out": args.out.display().to_string()}));
    Ok(Exit::Done)
}
