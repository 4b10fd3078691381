//! `dcx explain`: why an order went the way it did, from the journal alone.
//!
//! The journal is replayed twice: once to find which order is meant, once to gather everything
//! that concerned it, with the engine saying each of its reasons.

mod algo;
mod choice;
mod find;
mod say;
mod steps;

pub(crate) use find::view;

use std::path::Path;

use dcx_model::Code;
use dcx_pipeline::replay;
use serde_json::json;

use crate::exit::{Exit, Failure, Outcome};
use crate::journal::failure;
use crate::out::Out;

/// Explains the order that `name` stands for.
pub(crate) fn explain(name: &str, dir: &Path, out: Out) -> Outcome {
    let mut finder = find::Finder::new(name);
    replay(dir, &mut finder).map_err(|error| failure(&error))?;
    let Some(wanted) = finder.wanted() else {
        let message = format!("{name:?} in {}", dir.display());
        return Err(Failure::new(Code::X011, message));
    };
    let mut gathered = steps::Gatherer::new(wanted);
    replay(dir, &mut gathered).map_err(|error| failure(&error))?;
    let (steps, names) = gathered.into_steps();
    for step in &steps {
        for line in say::step(step, &names) {
            out.data(line);
        }
    }
    out.object(&json!({
        "asked": name,
        "steps": steps.iter().map(|step| say::json(step, &names)).collect::<Vec<_>>(),
    }));
    Ok(Exit::Done)
}
