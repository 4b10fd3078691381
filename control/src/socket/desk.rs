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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::operator::{Operator, token_sha256};
    use super::*;

    const VERBS: &[Verb] = &[
        Verb {
            name: "status",
            impact: Impact::Ro,
            help: "",
        },
        Verb {
            name: "cancel",
            impact: Impact::Rw,
            help: "",
        },
        Verb {
            name: "halt",
            impact: Impact::Danger,
            help: "",
        },
    ];

    const SECRET: &str = "9b1e-hunter2";

    /// A desk, what its handler was asked, and what was audited.
    struct Watched {
        desk: Desk,
        asked: Arc<Mutex<Vec<(Caller, Request)>>>,
        audited: Arc<Mutex<Vec<AuditLine>>>,
    }

    /// Ann, bob and eve share user 1000, and may ro, rw and danger.
    fn watched() -> Watched {
        let operator = |name: &str, may| Operator {
            name: name.to_owned(),
            uid: Some(1000),
            token_sha256: Some(token_sha256(&format!("{SECRET}-{name}"))),
            may,
        };
        let operators = Operators::new(vec![
            operator("ann", Impact::Ro),
            operator("bob", Impact::Rw),
            operator("eve", Impact::Danger),
        ]);
        let asked = Arc::<Mutex<Vec<(Caller, Request)>>>::default();
        let audited = Arc::<Mutex<Vec<AuditLine>>>::default();
        Watched {
            desk: Desk {
                operators: operators.unwrap(),
                verbs: VERBS,
                audit: {
                    let audited = Arc::clone(&audited);
                    Box::new(move |line: &AuditLine| {
                        audited.lock().unwrap().push(line.clone());
                    })
                },
                handler: {
                    let asked = Arc::clone(&asked);
                    Box::new(move |caller: &Caller, request: Request| {
                        let fails = request.args.contains_key("fail");
                        asked.lock().unwrap().push((caller.clone(), request));
                        match fails {
                            false => Answer::one(json!("done")),
                            true => Answer::refuse(Code::R001, exit::TRY_LATER, "halted"),
                        }
                    })
                },
            },
            asked,
            audited,
        }
    }

    impl Watched {
        fn ask(&self, uid: u32, request: &Value) -> Value {
            let peer = Peer { uid, pid: 1 };
            let served = self.desk.serve(peer, request.to_string().as_bytes());
            serde_json::from_slice(&served.answer).expect("one line")
        }

        fn audited(&self) -> Vec<AuditLine> {
            self.audited.lock().unwrap().clone()
        }
    }

    fn by(name: &str, verb: &str, args: &Value) -> Value {
        let token = format!("{SECRET}-{name}");
        json!({"v": 1, "id": 1, "verb": verb, "as": name, "token": token, "args": args})
    }

    #[test]
    fn each_operator_may_what_the_label_of_the_verb_permits_and_no_more() {
        // Operator, verb, may it, is it audited.
        let table = [
            ("ann", "status", true, false),
            ("ann", "cancel", false, true),
            ("ann", "halt", false, true),
            ("bob", "status", true, false),
            ("bob", "cancel", true, true),
            ("bob", "halt", false, true),
            ("eve", "status", true, false),
            ("eve", "cancel", true, true),
            ("eve", "halt", true, true),
        ];
        for (name, verb, may, audited) in table {
            let watched = watched();
            let answer = watched.ask(1000, &by(name, verb, &json!({"n": 1})));
            assert_eq!(answer["ok"], may, "{name} {verb}: {answer}");
            assert_eq!(
                watched.asked.lock().unwrap().len(),
                usize::from(may),
                "{name} {verb}"
            );
            if !may {
                assert_eq!(answer["exit"], 77);
                assert_eq!(answer["code"], "DCX-X012");
            }
            let lines = watched.audited();
            assert_eq!(lines.len(), usize::from(audited), "{name} {verb}");
            if let Some(line) = lines.first() {
                assert_eq!(
                    (line.who.as_deref(), line.verb.as_str()),
                    (Some(name), verb)
                );
                assert_eq!(line.args.get("n"), Some(&json!(1)));
                assert_eq!(line.outcome == Outcome::Done, may);
            }
        }
    }

    #[test]
    fn a_refusal_of_the_handler_is_the_answer_and_the_outcome_of_the_audit() {
        let watched = watched();
        let answer = watched.ask(1000, &by("eve", "halt", &json!({"fail": 1})));
        assert_eq!(
            (&answer["code"], &answer["exit"]),
            (&json!("DCX-R001"), &json!(75))
        );
        let refused = Outcome::Refused {
            code: Code::R001,
            message: "halted".to_owned(),
        };
        assert_eq!(watched.audited()[0].outcome, refused);
    }

    #[test]
    fn strangers_are_refused_audited_and_never_reach_the_handler() {
        let watched = watched();
        let none = json!({"v": 1, "id": 1, "verb": "status"});
        let wrong = json!({"v": 1, "id": 1, "verb": "status", "as": "eve", "token": "no"});
        let other = json!({"v": 1, "id": 1, "verb": "x".repeat(500), "as": "bob",
            "token": format!("{SECRET}-eve"), "args": {"big": "y".repeat(1000)}});
        let cases = [
            (0, &none),
            (1001, &by("eve", "halt", &json!({}))),
            (1000, &none),
        ];
        for (uid, request) in cases.into_iter().chain([(1000, &wrong), (1000, &other)]) {
            let answer = watched.ask(uid, request);
            assert_eq!(answer["exit"], 77, "{answer}");
        }
        assert_eq!(*watched.asked.lock().unwrap(), []);
        let lines = watched.audited();
        assert_eq!(lines.len(), 5);
        for line in &lines {
            assert_eq!((&line.who, line.impact), (&None, None));
            assert!(line.args.is_empty() && line.verb.len() <= SHOWN_MAX);
        }
    }

    #[test]
    fn only_a_wrong_token_counts_as_one() {
        let watched = watched();
        let wrong = |request: &Value| {
            let peer = Peer { uid: 1000, pid: 1 };
            watched
                .desk
                .serve(peer, request.to_string().as_bytes())
                .wrong_token
        };
        assert!(wrong(
            &json!({"v": 1, "id": 1, "verb": "status", "token": "x"})
        ));
        assert!(!wrong(&json!({"v": 1, "id": 1, "verb": "status"})));
        assert!(!wrong(&json!({"v": 2})));
        assert!(!wrong(&by("ann", "halt", &json!({}))));
    }

    #[test]
    fn tokens_are_in_no_answer_and_no_audit_line() {
        let watched = watched();
        let mut seen = String::new();
        for name in ["ann", "eve"] {
            for verb in ["status", "halt", "nothing"] {
                let request = by(
                    name,
                    verb,
                    &json!({"token": SECRET, "a": [{"token": SECRET}]}),
                );
                seen.push_str(&watched.ask(1000, &request).to_string());
                seen.push_str(&watched.ask(1001, &request).to_string());
                let mut misplaced = request.clone();
                misplaced["as"] = json!("bob");
                seen.push_str(&watched.ask(1000, &misplaced).to_string());
                misplaced["v"] = json!(SECRET);
                seen.push_str(&watched.ask(1000, &misplaced).to_string());
            }
        }
        for line in watched.audited() {
            seen.push_str(&line.to_json());
            seen.push_str(&format!("{line:?}"));
        }
        assert!(seen.len() > 2000, "something was seen");
        assert!(!seen.contains(SECRET), "{seen}");
    }

    #[test]
    fn an_unknown_verb_is_answered_with_the_known_ones() {
        let answer = watched().ask(1000, &by("ann", "hault", &json!({})));
        assert_eq!(
            (&answer["code"], &answer["exit"]),
            (&json!("DCX-X014"), &json!(64))
        );
        assert_eq!(answer["help"], "The verbs are: status, cancel, halt.");
    }

    proptest! {
        #[test]
        fn whatever_comes_the_answer_is_lines_and_nothing_is_done_unproved(
            line in prop_oneof![
                any::<Vec<u8>>(),
                "\\{(\"(v|id|verb|as|token|args)\":(1|0|\"halt\"|\"status\"|\"eve\"|\\{\\}),?){0,6}\\}"
                    .prop_map(String::into_bytes),
            ],
        ) {
            let watched = watched();
            let served = watched.desk.serve(Peer { uid: 1000, pid: 1 }, &line);
            prop_assert!(served.answer.ends_with(b"\n"));
            let answer: Value = serde_json::from_slice(&served.answer).unwrap();
            prop_assert_eq!(&answer["ok"], &json!(false), "no token was right");
            prop_assert!(watched.asked.lock().unwrap().is_empty());
        }
    }
}
