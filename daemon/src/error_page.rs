//! `dcx error CODE`: what a code means and what to do about it.

use dcx_model::Code;
use serde::Serialize;

use crate::exit::{Exit, Failure, Outcome};
use crate::out::Out;

#[derive(Serialize)]
struct Page {
    code: String,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
}

/// Prints the entry of the catalogue.
pub(crate) fn print(code: &str, out: Out) -> Outcome {
    let Some(known) = Code::parse(code) else {
        return Err(Failure::new(Code::X010, format!("{code:?}")));
    };
    out.data(format!("{known}: {}", known.title()));
    out.data(format!("\n{}", known.meaning()));
    out.data(format!("\nWhat to do: {}", known.remedy()));
    out.object(&Page {
        code: known.to_string(),
        title: known.title(),
        meaning: known.meaning(),
        remedy: known.remedy(),
    });
    Ok(Exit::Done)
}
