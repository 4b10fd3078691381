//! A line of a peer into an answer: who asks, may they, and then the handler.

use dcx_model::Code;
use serde_json::Map;

use super::audit::{AuditLine, Outcome, without_tokens};
use super::lines::LINE_MAX;
use super::operator::{Caller, Operators, Peer, Stranger};
use super::verb::{Impact, Verb};
use super::wire::{self, Answer, Refusal, Request, RequestLine, exit};

/// Verbs and names in messages and audit lines are cut to this many characters.
const SHOWN_MAX: usize = 64;

type Audit = dyn Fn(&AuditLine) + Send + Sync;
type Handler = dyn Fn(&Caller, Request) -> Answer + Send + Sync;

/// Everything that a request is judged by, and whoever carries it out.
pub(super) struct Desk {
    pub(super) operators: Operators,
    pub(super) verbs: &'static [Verb],
    pub(super) audit: Box<Audit>,
    pub(super) handler: Box<Handler>,
}

/// What a line came to.
pub(super) struct Served {
    /// The lines that answer it.
    pub(super) answer: Vec<u8>,
    /// Whether a token was presented that is not right.
    pub(super) wrong_token: bool,
}

impl Desk {
    /// Answers one line.
    pub(super) fn serve(&self, peer: Peer, line: &[u8]) -> Served {
        let request = match wire::read_request(line) {
            Ok(request) => request,
            Err((id, refusal)) => return served(id, Answer::Refused(refusal)),
        };
        let id = Some(request.id);
        let name = request.name.as_deref();
        match self.operators.identify(peer, name, request.token.as_ref()) {
            Ok(caller) => served(id, self.ask(&caller, request)),
            Err(stranger) => {
                let refusal = refuse_stranger(stranger, peer, name);
                self.audit_stranger(peer, &request.verb, &refusal);
                Served {
                    wrong_token: stranger == Stranger::TokenWrong,
                    ..served(id, Answer::Refused(refusal))
                }
            }
        }
    }

    /// Answers a line that was skipped.
    pub(super) fn too_long() -> Served {
        let message = format!("the line is longer than {LINE_MAX} bytes");
        served(None, Answer::Refused(Refusal::bad_line(message)))
    }

    /// The lines for a peer of a user who can speak for no operator; nothing of it is read.
    pub(super) fn turn_away(&self, peer: Peer) -> Vec<u8> {
        let refusal = refuse_stranger(Stranger::Unknown, peer, None);
        self.audit_stranger(peer, "", &refusal);
        wire::write_answer(None, Answer::Refused(refusal))
    }

    /// A request of an operator.
    fn ask(&self, caller: &Caller, request: RequestLine) -> Answer {
        let Some(verb) = self.verbs.iter().find(|verb| verb.name == request.verb) else {
            let known: Vec<&str> = self.verbs.iter().map(|verb| verb.name).collect();
            let message = format!("no verb {:?} is known here", shown(&request.verb));
            let help = format!("The verbs are: {}.", known.join(", "));
            return Answer::Refused(Refusal::bad_line(message).with_help(help));
        };
        let kept = (verb.impact > Impact::Ro).then(|| without_tokens(request.args.clone()));
        let answer = if verb.impact <= caller.may {
            let request = Request {
                verb: request.verb,
                args: request.args,
            };
            (self.handler)(caller, request)
        } else {
            refuse_verb(caller, verb)
        };
        if let Some(args) = kept {
            (self.audit)(&AuditLine {
                who: Some(caller.name.clone()),
                uid: caller.uid,
                pid: caller.pid,
                verb: verb.name.to_owned(),
                impact: Some(verb.impact),
                args,
                outcome: outcome(&answer),
            });
        }
        answer
    }

    fn audit_stranger(&self, peer: Peer, verb: &str, refusal: &Refusal) {
        (self.audit)(&AuditLine {
            who: None,
            uid: peer.uid,
            pid: peer.pid,
            verb: shown(verb),
            impact: None,
            args: Map::new(),
            outcome: Outcome::Refused {
                code: refusal.code,
                message: refusal.message.clone(),
            },
        });
    }
}

fn served(id: Option<u64>, answer: Answer) -> Served {
    Served {
        answer: wire::write_answer(id, answer),
        wrong_token: false,
    }
}

fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Done(_) => Outcome::Done,
        Answer::Refused(refusal) => Outcome::Refused {
            code: refusal.code,
            message: refusal.message.clone(),
        },
    }
}

fn refuse_stranger(stranger: Stranger, peer: Peer, name: Option<&str>) -> Refusal {
    let uid = peer.uid;
    let name = name.map(shown);
    let message = match (stranger, name) {
        (Stranger::Unknown, None) => format!("uid {uid} is no operator of this daemon"),
        (Stranger::Unknown, Some(name)) => format!("uid {uid} is no operator {name:?} here"),
        (Stranger::TokenNeeded, _) => format!("uid {uid} needs the token of an operator"),
        (Stranger::TokenWrong, None) => format!("no operator of uid {uid} has this token"),
        (Stranger::TokenWrong, Some(name)) => format!("operator {name:?} has another token"),
    };
    Refusal::new(Code::X012, exit::NOT_PERMITTED, message)
}

fn refuse_verb(caller: &Caller, verb: &Verb) -> Answer {
    let message = format!(
        "operator {} may {}, and {} is {}",
        caller.name,
        caller.may.label(),
        verb.name,
        verb.impact.label()
    );
    Answer::refuse(Code::X012, exit::NOT_PERMITTED, message)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}
