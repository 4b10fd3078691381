//! `dcx tca`: what execution cost, from the journal alone.
//!
//! The journal is replayed; every parent order is measured against the market as the journal
//! shows it. `docs/operations/tca.md` defines each figure.

mod gather;
mod measure;
mod say;
#[cfg(test)]
mod tests;

use std::path::Path;

use dcx_model::Code;
use dcx_pipeline::replay;

use crate::exit::{Exit, Failure, Outcome};
use crate::journal::failure;
use crate::out::Out;

/// How long after a fill the market is looked at again, in milliseconds.
const HORIZONS_MS: [u64; 5] = [100, 1_000, 10_000, 60_000, 300_000];

/// Measures the orders of the journal in `dir`; names each of them if `each` is set.
pub(crate) fn tca(dir: &Path, each: bool, out: Out) -> Outcome {
    let mut gatherer = gather::Gatherer::new();
    let replayed = replay(dir, &mut gatherer).map_err(|error| failure(&error))?;
    let gathered = gatherer.finish(replayed.at);
    if gathered.orders.is_empty() {
        let message = format!(
            "{}: {} commands and no accepted order among them: nothing was executed",
            dir.display(),
            replayed.commands
        );
        return Err(Failure::new(Code::X017, message));
    }
    let report = measure::Report::of(&gathered, replayed.equal());
    say::table(&report, out);
    if each {
        say::orders(&gathered, out);
    }
    out.object(&say::json(&report, each.then_some(&gathered)));
    if !replayed.equal() {
        out.talk(
            "DCX-J007: the replay differs from the run: these figures are the replay's, not the \
             run's",
        );
        return Ok(Exit::No);
    }
    Ok(Exit::Done)
}
