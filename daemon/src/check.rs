//! `dcx check`: everything that is wrong with a configuration, and every value in force.

use std::path::Path;

use serde::Serialize;

use crate::config::{self, Finding, Loaded, Origin};
use crate::exit::{Exit, Outcome};
use crate::out::Out;

/// Checks the file at `path`; opens nothing else.
pub(crate) fn check(path: &Path, out: Out) -> Outcome {
    let loaded = config::load(path);
    for value in &loaded.values {
        out.data(format!(
            "{} = {}  # {}",
            value.key,
            value.value,
            origin(value.origin, &loaded.source.path)
        ));
    }
    talk_findings(&loaded, out);
    out.object(&Report::of(&loaded));
    Ok(if loaded.findings.is_empty() {
        out.talk(format!(
            "{}: nothing to find fault with",
            loaded.source.path
        ));
        Exit::Done
    } else {
        Exit::No
    })
}

/// Shows each finding with its place, and how many there are.
pub(crate) fn talk_findings(loaded: &Loaded, out: Out) {
    for finding in &loaded.findings {
        out.talk(loaded.source.render(finding, out.colour()));
        out.talk("");
    }
    let count = loaded.findings.len();
    if count > 0 {
        let noun = if count == 1 { "finding" } else { "findings" };
        out.talk(format!("{}: {count} {noun}", loaded.source.path));
    }
}

fn origin(origin: Origin, path: &str) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File { line } => format!("{path}:{line}"),
    }
}

#[derive(Serialize)]
struct Report {
    file: String,
    findings: Vec<FindingReport>,
    values: Vec<ValueReport>,
}

#[derive(Serialize)]
struct FindingReport {
    code: String,
    message: String,
    line: Option<usize>,
    column: Option<usize>,
    help: String,
    /// Whether `dcx run` refuses to start.
    fatal: bool,
}

#[derive(Serialize)]
struct ValueReport {
    key: String,
    value: String,
    origin: String,
}

impl Report {
    fn of(loaded: &Loaded) -> Self {
        let finding = |finding: &Finding| {
            let place = finding
                .span
                .as_ref()
                .map(|span| loaded.source.line_col(span.start));
            FindingReport {
                code: finding.code.to_string(),
                message: finding.message.clone(),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                help: finding.help.clone(),
                fatal: finding.fatal,
            }
        };
        Self {
            file: loaded.source.path.clone(),
            findings: loaded.findings.iter().map(finding).collect(),
            values: loaded
                .values
                .iter()
                .map(|value| ValueReport {
                    key: value.key.clone(),
                    value: value.value.clone(),
                    origin: origin(value.origin, &loaded.source.path),
                })
                .collect(),
        }
    }
}
