//! `dcx top --once`: a running daemon's counters, read without its noticing.

use std::path::Path;

use dcx_model::Code;
use dcx_pipeline::{CountersReader, ProcessState};
use serde_json::{Map, Value, json};

use crate::exit::{Exit, Failure, Outcome, chain};
use crate::out::Out;
use crate::text::{count, utc};

/// Prints one snapshot of the counters in the file at `path`.
pub(crate) fn once(path: &Path, out: Out) -> Outcome {
    let reader = CountersReader::open(path).map_err(|error| {
        Failure::new(Code::X009, format!("{}: {}", path.display(), chain(&error)))
    })?;
    let state = reader.state();
    let stale = is_live(state) && !process_exists(reader.pid());
    let state_text = match state {
        _ if stale => "gone: it ended without saying so".to_owned(),
        Some(state) => state.to_string(),
        None => "unknown".to_owned(),
    };
    out.data(format!(
        "process {}  started {}  {state_text}",
        reader.pid(),
        utc(reader.started())
    ));
    let mut values = Map::new();
    for counter in reader.iter() {
        out.data(format!("{:>16}  {}", count(counter.value), counter.name));
        values.insert(counter.name, Value::from(counter.value));
    }
    out.object(&json!({
        "pid": reader.pid(),
        "started": utc(reader.started()),
        "state": if stale { "gone".to_owned() } else { state_text },
        "counters": values,
    }));
    Ok(Exit::Done)
}

const fn is_live(state: Option<ProcessState>) -> bool {
    matches!(
        state,
        Some(ProcessState::Starting | ProcessState::Running | ProcessState::Draining)
    )
}

fn process_exists(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| {
        // No permission to signal it also means that it exists.
        rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
    })
}
