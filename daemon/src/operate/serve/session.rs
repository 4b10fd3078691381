//! One FIX session: disabled and enabled, logged out, its numbers set.

use std::time::Duration;

use dcx_control::socket::{Caller, Refusal, exit};
use dcx_fix::{Obeyed, OrderFault, SessionIx, SessionOrder};
use dcx_model::Code;
use serde_json::json;

use super::args::{Args, NO_INPUT, bad};
use super::{Answered, Service, busy};
use crate::log::now;
use crate::operate::OffNote;
use crate::system::DISABLED;
use crate::text::utc;

/// How long the link may take. It looks for orders a hundred times a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the peer of a session is told that is logged out to come again.
const DISCONNECTED: &str = "session is disconnected by the operator";

impl Service {
    pub(super) fn session(&self, verb: &str, caller: &Caller, mut args: Args<'_>) -> Answered {
        let by = args.by(caller)?;
        let name = args.needed("session")?;
        let (session, key) = self.session_named(&name)?;
        let order = match verb {
            "session enable" => SessionOrder::Enable,
            "session disable" => SessionOrder::Disable {
                text: DISABLED.to_owned(),
            },
            "session disconnect" => SessionOrder::Disconnect {
                text: DISCONNECTED.to_owned(),
            },
            "session reset" => SessionOrder::Renumber {
                next_in: Some(1),
                next_out: Some(1),
                forced: args.flag("force")?,
            },
            _ => SessionOrder::Renumber {
                next_in: args.number("next_in")?,
                next_out: args.number("next_out")?,
                forced: args.flag("force")?,
            },
        };
        args.end()?;
        if let SessionOrder::Renumber {
            next_in: None,
            next_out: None,
            ..
        } = order
        {
            return Err(bad("argument next_in or next_out is missing".to_owned()));
        }
        // Kept first: what the answer says must be so after a restart.
        let note = OffNote {
            by: by.author.as_str().to_owned(),
            reason: by.reason.as_str().to_owned(),
            at: utc(now()),
        };
        let kept = match order {
            SessionOrder::Disable { .. } => self.offs.set(&key, Some(note)),
            SessionOrder::Enable => self.offs.set(&key, None),
            SessionOrder::Disconnect { .. } | SessionOrder::Renumber { .. } => Ok(()),
        };
        kept.map_err(|error| {
            let message = format!("{verb} {name}: it cannot be kept, and was not done: {error}");
            Refusal::new(Code::X004, exit::IO, message)
        })?;
        match self.link.order(session, order, PATIENCE) {
            Obeyed::Done(stats) => {
                let row = self.session_row(session, &stats);
                Ok(row
                    .map(|row| json!({ "session": row }))
                    .into_iter()
                    .collect())
            }
            Obeyed::Refused(fault) => Err(refused(fault, verb, &name)),
            Obeyed::Busy => Err(busy("the FIX link takes no orders now: it was not done")),
            Obeyed::Unknown => {
                let message = format!("{verb} {name}: the FIX link has not said what became of it");
                Err(Refusal::new(Code::X015, exit::TRY_LATER, message))
            }
        }
    }

    /// The session of this name: a client's CompID or a venue's name, with `client:` or `venue:`
    /// before it where both are called so.
    fn session_named(&self, name: &str) -> Result<(SessionIx, String), Refusal> {
        let named = (0..).zip(&self.labels).filter(|(_, label)| {
            let key = label.key();
            label.name == name || key == name
        });
        let found: Vec<(SessionIx, String)> = named
            .map(|(ix, label)| (SessionIx::new(ix), label.key()))
            .collect();
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let message = format!("there is no session {name:?} here");
                Err(Refusal::new(Code::X014, NO_INPUT, message)
                    .with_help("`dcx status` names the sessions there are."))
            }
            [..] => {
                let message = format!("both a client and a venue are called {name:?}");
                Err(Refusal::new(Code::X014, exit::USAGE, message)
                    .with_help(format!("Say client:{name} or venue:{name}.")))
            }
        }
    }
}

fn refused(fault: OrderFault, verb: &str, name: &str) -> Refusal {
    let exit = match fault {
        OrderFault::NoSession => NO_INPUT,
        OrderFault::Zero => exit::USAGE,
        OrderFault::Failed => exit::IO,
        OrderFault::Connected => exit::TRY_LATER,
        OrderFault::WouldLose { .. } | OrderFault::WouldSkip { .. } => 1,
    };
    Refusal::new(fault.code(), exit, format!("{verb} {name}: {fault}"))
}
