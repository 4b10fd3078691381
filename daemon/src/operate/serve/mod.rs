//! The daemon's side: each verb into a question to the engine or a command, and the answer.

mod args;
mod cancel;
mod limits;
mod news;
mod session;
mod state;
mod status;
mod view;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use dcx_control::socket::{Answer, Caller, Refusal, Request, exit};
use dcx_engine::Engine;
use dcx_fix::orders::{EdgeBoard, Words};
use dcx_fix::{Board, Flushed, LinkControl, Schedule};
use dcx_model::{Code, Command, Event, Operator, RequestId, SessionId, VenueId};
use dcx_pipeline::{InspectError, Inspector, JournalMode};
use serde_json::Value;

use crate::names::NameTable;
use crate::system::Label;

use super::audit::AuditLog;
use super::off::Offs;
use super::requests::{Came, Heard, Requests};
use args::{Args, NO_INPUT};

/// How long the engine may take to say what became of a command.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(5);

/// How long a question may take.
const QUESTION_PATIENCE: Duration = Duration::from_secs(2);

/// Everything that answers need. Several threads answer at once.
pub(crate) struct Service {
    /// Commands go in here.
    pub(crate) orders: SyncSender<Command>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) inspector: Inspector,
    pub(crate) names: NameTable,
    /// The venues by their numbers, with the places of their sessions on the link.
    pub(crate) venues: Vec<VenueSeat>,
    /// What people say goes in here, to be told as news to these.
    pub(crate) words: SyncSender<Words>,
    pub(crate) newsreaders: Vec<(SessionId, String)>,
    pub(crate) labels: Vec<Label>,
    pub(crate) board: Arc<Board>,
    pub(crate) edge: Arc<EdgeBoard>,
    pub(crate) flushed: Arc<Flushed>,
    /// Where sessions are told what to do, and which of them are kept off.
    pub(crate) link: LinkControl,
    pub(crate) offs: Offs,
    /// The hours of each session that has some.
    pub(crate) hours: Vec<Option<Schedule>>,
    pub(crate) journal: JournalMode,
    pub(crate) audit: Arc<AuditLog>,
}

/// A venue, its name, and its session.
#[derive(Clone, Debug)]
pub(crate) struct VenueSeat {
    pub(crate) venue: VenueId,
    pub(crate) name: String,
    pub(crate) session: dcx_fix::SessionIx,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

type Answered = Result<Vec<Value>, Refusal>;

impl Service {
    /// Answers a request of somebody who may make it.
    pub(super) fn answer(&self, caller: &Caller, request: Request) -> Answer {
        let args = Args::new(request.args, &self.names);
        let answered = match request.verb.as_str() {
            "status" => self.status(args),
            "halt" | "reduce" | "resume" => self.set_state(&request.verb, caller, args),
            "cancel" => self.cancel(caller, args),
            "news" => self.news(args),
            "limits" => self.limits(args),
            "limits set" => self.set_limit(caller, args),
            "limits approve" => self.decide_limit(caller, args, true),
            "limits reject" => self.decide_limit(caller, args, false),
            "limits proposals" => self.proposals(args),
            "approvals list" => self.approvals(args),
            "approvals approve" => self.decide_order(caller, args, true),
            "approvals refuse" => self.decide_order(caller, args, false),
            verb if verb.starts_with("session ") => self.session(&request.verb, caller, args),
            other => Err(Refusal::new(
                Code::X006,
                exit::BUG,
                format!("{other} is in the table of verbs and nobody answers it"),
            )),
        };
        match answered {
            Ok(results) => Answer::Done(results),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// Sends a command and waits for what became of it.
    fn order(
        &self,
        by: Operator,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<Heard, Refusal> {
        let pending = self.requests.begin(by);
        self.orders
            .try_send(command(pending.id))
            .map_err(|error| match error {
                TrySendError::Full(_) => busy("too many commands wait already: it was not done"),
                TrySendError::Disconnected(_) => busy("the daemon is ending: it was not done"),
            })?;
        match pending.wait(OUTCOME_PATIENCE) {
            Came::Done(heard) => Ok(heard),
            Came::Refused(refusal) => Err(refused(&refusal)),
            Came::Unknown => {
                let message = "the engine has not said what became of it: outcome unknown";
                Err(Refusal::new(Code::X015, exit::TRY_LATER, message))
            }
        }
    }

    /// Has a question answered on the engine's thread, between two commands.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let answer = self.inspector.ask(QUESTION_PATIENCE, question);
        answer.map_err(|error| match error {
            InspectError::Busy => busy("the engine is busy"),
            InspectError::Ended => busy("the engine has ended"),
        })
    }

    /// Asks page by page until one is not full. What moves meanwhile may be missed or come twice.
    fn all<T: Send + 'static>(
        &self,
        page: fn(&Engine, usize) -> Vec<T>,
    ) -> Result<Vec<T>, Refusal> {
        let mut all = Vec::new();
        loop {
            let from = all.len();
            let rows = self.ask(move |engine| page(engine, from))?;
            let last = rows.len() < view::PAGE;
            all.extend(rows);
            if last {
                return Ok(all);
            }
        }
    }

    fn venue_name(&self, venue: VenueId) -> String {
        let seat = self.venues.iter().find(|seat| seat.venue == venue);
        seat.map_or_else(|| format!("venue {venue}"), |seat| seat.name.clone())
    }
}

/// Orders that a request concerned, where its event says so.
const fn orders_of(heard: &Heard) -> Option<u32> {
    match heard.outbound.event {
        Event::OperatorDone { orders, .. } => Some(orders),
        _ => None,
    }
}

fn busy(message: &str) -> Refusal {
    Refusal::new(Code::X016, exit::TRY_LATER, message)
}

/// What the engine said no to, with its code and the exit code of a command that asked.
fn refused(refusal: &dcx_model::Refusal) -> Refusal {
    use dcx_model::Refusal as Why;
    let code = refusal.code();
    let exit = match refusal {
        Why::LimitNotHere { .. } | Why::LimitValue { .. } | Why::NoAuthor => exit::USAGE,
        Why::UnknownScope { .. } | Why::UnknownProposal { .. } | Why::UnknownOrder => NO_INPUT,
        Why::SamePerson => exit::NOT_PERMITTED,
        Why::Halted { .. } | Why::ProposalsFull { .. } => exit::TRY_LATER,
        _ => 1,
    };
    Refusal::new(code, exit, refusal.to_string())
}
