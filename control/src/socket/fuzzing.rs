//! A door for the fuzzer: bytes into answers, without a socket.

use super::desk::Desk;
use super::lines::{Line, Lines};
use super::operator::{Operator, Operators, Peer, token_sha256};
use super::verb::{Impact, Verb};
use super::wire::Answer;

const VERBS: &[Verb] = &[
    Verb {
        name: "status",
        impact: Impact::Ro,
        help: "",
    },
    Verb {
        name: "halt",
        impact: Impact::Danger,
        help: "",
    },
];

/// Answers a stream that arrives in pieces of `piece` bytes.
///
/// Ann of the peer's user may read without a token. Eve may everything with a token that no fuzzer
/// finds.
///
/// # Panics
/// If anything but a reading is carried out, or for anybody but Ann.
#[must_use]
pub fn converse(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let operator = |name: &str, uid, token: Option<&str>, may| Operator {
        name: name.to_owned(),
        uid,
        token_sha256: token.map(token_sha256),
        may,
    };
    let operators = Operators::new(vec![
        operator("ann", Some(1), None, Impact::Ro),
        operator(
            "eve",
            None,
            Some("0f3c5d7a9be1246802468ace"),
            Impact::Danger,
        ),
    ]);
    let desk = Desk {
        operators: operators.expect("ann is alone in user 1"),
        verbs: VERBS,
        audit: Box::new(|line| {
            assert!(!line.to_json().contains('\n'), "an audit line is one line");
        }),
        handler: Box::new(|caller, request| {
            assert_eq!(
                (caller.name.as_str(), request.verb.as_str()),
                ("ann", "status")
            );
            Answer::one(request.args.into())
        }),
    };
    let mut lines = Lines::default();
    let mut answers = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        lines.feed(piece);
        while let Some(line) = lines.next() {
            answers.push(match line {
                Line::Whole(line) => desk.serve(Peer { uid: 1, pid: 1 }, &line).answer,
                Line::TooLong => Desk::too_long().answer,
            });
        }
    }
    answers
}
