//! Operators: what they may ask a running daemon for, how it answers, and how they ask.
//!
//! ```text
//!  dcx halt ──► control socket ──► serve ──► orders ──► engine ──► egress ──► requests ─┐
//!      ▲                             ▲                                 └──► FIX link     │
//!      └──── lines of the answer ────┴──────── outcome, and what the kernel has of it ◄──┘
//! ```
//!
//! A verb of the socket is a command of the command line with the same words: the table of
//! [`commands`](crate::commands) says what both may change.

mod ask;
mod audit;
mod notes;
mod off;
mod requests;
mod say;
mod serve;
pub(crate) mod value;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dcx_control::socket::{ControlSocket, OpenError, Options, Verb};

use crate::commands::spec;
use crate::config::ControlConfig;
use crate::exit::{Failure, chain};

pub(crate) use ask::operate;
pub(crate) use notes::Notes;
pub(crate) use off::{OffNote, Offs};
pub(crate) use requests::{Heard, Requests};
pub(crate) use serve::{Service, VenueSeat};

use audit::AuditLog;

/// What can be asked for: commands by their words.
const ONLINE: &[&str] = &[
    "status",
    "halt",
    "reduce",
    "resume",
    "cancel",
    "news",
    "limits",
    "limits set",
    "limits approve",
    "limits reject",
    "limits proposals",
    "approvals list",
    "approvals approve",
    "approvals refuse",
    "session enable",
    "session disable",
    "session disconnect",
    "session reset",
    "session renumber",
];

/// The table of verbs of the socket.
static VERBS: LazyLock<Vec<Verb>> = LazyLock::new(|| {
    let specs = ONLINE.iter().filter_map(|name| spec(name));
    specs
        .map(|spec| Verb {
            name: spec.path,
            impact: spec.impact,
            help: spec.about,
        })
        .collect()
});

/// How long requests that are being answered have when the daemon ends.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

/// Opens the control socket; none where the configuration wants none.
pub(crate) fn open(
    config: &ControlConfig,
    log_dir: &std::path::Path,
    service: impl FnOnce(Arc<AuditLog>) -> Service,
) -> Result<Option<ControlSocket>, Failure> {
    if !config.enabled {
        return Ok(None);
    }
    let audit = AuditLog::open(log_dir).map(Arc::new);
    let path = log_dir.join("audit.log");
    let audit = audit.map_err(|error| Failure::io("opening", &path, &error))?;
    let service = service(Arc::clone(&audit));
    let options = Options {
        mode: config.mode,
        operators: config.operators.clone(),
        ..Options::new(&config.socket, &VERBS)
    };
    let socket = ControlSocket::open(
        options,
        move |line| audit.write(line),
        move |caller, request| service.answer(caller, request),
    );
    socket.map(Some).map_err(|error| open_failure(&error))
}

fn open_failure(error: &OpenError) -> Failure {
    Failure::new(error.code(), chain(error))
}

#[cfg(test)]
mod tests {
    use dcx_control::socket::Impact;

    use super::*;

    #[test]
    fn every_verb_is_a_command_with_its_impact() {
        let verbs: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        assert_eq!(verbs, ONLINE);
        let impact = |name: &str| {
            let mut verbs = VERBS.iter();
            verbs.find(|verb| verb.name == name).map(|verb| verb.impact)
        };
        assert_eq!(impact("status"), Some(Impact::Ro));
        assert_eq!(impact("cancel"), Some(Impact::Rw));
        for danger in [
            "halt",
            "reduce",
            "resume",
            "limits approve",
            "approvals approve",
            "session reset",
            "session renumber",
        ] {
            assert_eq!(impact(danger), Some(Impact::Danger), "{danger}");
        }
    }
}
