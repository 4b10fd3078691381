//! The lines of the protocol: requests and answers as JSON. `docs/protocols/control.md` is its page.

use dcx_model::Code;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lines::LINE_MAX;
use super::operator::Token;

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// Exit codes of refusals, those of `sysexits.h`.
pub mod exit {
    /// The request is not one, or its verb or arguments are unknown.
    pub const USAGE: u8 = 64;
    /// No daemon answers.
    pub const UNREACHABLE: u8 = 69;
    /// A bug of ours.
    pub const BUG: u8 = 70;
    /// Reading or writing.
    pub const IO: u8 = 74;
    /// Halted, busy, or the outcome is unknown: look, then try later.
    pub const TRY_LATER: u8 = 75;
    /// Not permitted.
    pub const NOT_PERMITTED: u8 = 77;
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Which row of the table of verbs.
    pub verb: String,
    /// Its arguments.
    pub args: Map<String, Value>,
}

/// A line of a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestLine {
    #[expect(
        dead_code,
        reason = "checked before; named so that no other key is taken for it"
    )]
    v: u32,
    pub(super) id: u64,
    pub(super) verb: String,
    #[serde(rename = "as")]
    pub(super) name: Option<String>,
    pub(super) token: Option<Token>,
    #[serde(default)]
    pub(super) args: Map<String, Value>,
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was done. Each result is a line; there may be none.
    Done(Vec<Value>),
    /// It was not done.
    Refused(Refusal),
}

impl Answer {
    /// Done, with one result.
    #[must_use]
    pub fn one(result: Value) -> Self {
        Self::Done(vec![result])
    }

    /// Not done, with the remedy of the code as help.
    #[must_use]
    pub fn refuse(code: Code, exit: u8, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(code, exit, message))
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its entry in the catalogue.
    pub code: Code,
    /// The exit code of a command that asked.
    pub exit: u8,
    /// What was asked and why it is not done.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Refusal {
    /// A refusal with the remedy of its code as help.
    #[must_use]
    pub fn new(code: Code, exit: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            exit,
            message: message.into(),
            help: code.remedy().to_owned(),
        }
    }

    /// The same with other help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(super) fn bad_line(message: impl Into<String>) -> Self {
        Self::new(Code::X014, exit::USAGE, message)
    }
}

/// Reads a line of a client.
///
/// # Errors
/// The refusal, and the id of the request where the line has one. The refusal shows nothing of the
/// line but places and names of keys, since a token may stand anywhere in it.
pub(super) fn read_request(line: &[u8]) -> Result<RequestLine, (Option<u64>, Refusal)> {
    let bad = |id, message: String| (id, Refusal::bad_line(message));
    // First as any object, since an id and a version are understood in every version, and since
    // the derived reader would take a list for a request.
    let object: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|error| bad(None, place("not a JSON object", &error)))?;
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    let id = number("id");
    if let Some(v) = number("v").filter(|v| *v != u64::from(VERSION)) {
        let message = format!("version {v} of the protocol is not spoken here, but {VERSION}");
        return Err(bad(id, message));
    }
    serde_json::from_slice(line).map_err(|error| {
        let what = "no request: v, id, verb, and perhaps as, token, args, each once";
        bad(id, place(what, &error))
    })
}

fn place(what: &str, error: &serde_json::Error) -> String {
    format!("the line is {what} (column {})", error.column())
}

/// A line of the daemon.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AnswerLine {
    pub(super) v: u32,
    pub(super) id: Option<u64>,
    pub(super) ok: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) more: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exit: Option<u8>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl AnswerLine {
    fn done(id: Option<u64>, result: Option<Value>, more: bool) -> Self {
        Self {
            v: VERSION,
            id,
            ok: true,
            more,
            result,
            code: None,
            message: None,
            help: None,
            exit: None,
        }
    }

    fn refused(id: Option<u64>, refusal: &Refusal) -> Self {
        Self {
            ok: false,
            code: Some(refusal.code.to_string()),
            message: Some(refusal.message.clone()),
            help: Some(refusal.help.clone()),
            exit: Some(refusal.exit),
            ..Self::done(id, None, false)
        }
    }

    /// The line with its line feed, if it is not too long.
    fn line(&self) -> Option<Vec<u8>> {
        let mut line = serde_json::to_vec(self).ok()?;
        line.push(b'\n');
        (line.len() <= LINE_MAX + 1).then_some(line)
    }
}

/// The lines that say `answer`, all of them or, where one would be too long, a refusal instead.
pub(super) fn write_answer(id: Option<u64>, answer: Answer) -> Vec<u8> {
    let lines = match answer {
        Answer::Refused(refusal) => AnswerLine::refused(id, &refusal).line(),
        Answer::Done(results) if results.is_empty() => AnswerLine::done(id, None, false).line(),
        Answer::Done(results) => {
            let last = results.len() - 1;
            let lines = results.into_iter().enumerate();
            lines
                .map(|(ix, result)| AnswerLine::done(id, Some(result), ix < last).line())
                .collect::<Option<Vec<_>>>()
                .map(|lines| lines.concat())
        }
    };
    lines.unwrap_or_else(|| too_long(id))
}

fn too_long(id: Option<u64>) -> Vec<u8> {
    let message = format!("a line of the answer is longer than {LINE_MAX} bytes");
    let refusal = Refusal::new(Code::X006, exit::BUG, message);
    let line = AnswerLine::refused(id, &refusal).line();
    line.expect("a refusal of fixed texts is short")
}

/// The line that asks.
pub(super) fn write_request(
    id: u64,
    verb: &str,
    name: Option<&str>,
    token: Option<&Token>,
    args: &Value,
) -> Vec<u8> {
    let mut object = Map::new();
    object.insert("v".to_owned(), VERSION.into());
    object.insert("id".to_owned(), id.into());
    object.insert("verb".to_owned(), verb.into());
    if let Some(name) = name {
        object.insert("as".to_owned(), name.into());
    }
    if let Some(token) = token {
        object.insert("token".to_owned(), token.reveal().into());
    }
    if !args.is_null() {
        object.insert("args".to_owned(), args.clone());
    }
    let mut line = Value::Object(object).to_string().into_bytes();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(line: &str) -> Result<(u64, String), (Option<u64>, Refusal)> {
        read_request(line.as_bytes()).map(|request| (request.id, request.verb))
    }

    #[test]
    fn a_request_is_read_with_and_without_what_may_be_absent() {
        let short = read(r#"{"v":1,"id":7,"verb":"status"}"#);
        assert_eq!(short.unwrap(), (7, "status".to_owned()));
        let line = r#"{"args":{"a":[1]},"token":"t","as":"ann","verb":"halt","id":0,"v":1}"#;
        let request = read_request(line.as_bytes()).unwrap();
        assert_eq!(request.name.as_deref(), Some("ann"));
        assert_eq!(request.token, Some(Token::new("t")));
        assert_eq!(request.args.get("a"), Some(&json!([1])));
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_id_and_without_its_contents() {
        let cases = [
            ("", None, "JSON object"),
            ("[1,2,\"halt\",null,null,{}]", None, "JSON object"),
            ("{\"v\":1,\"id\":3", None, "JSON object"),
            (r#"{"v":2,"id":3,"verb":"hunter2"}"#, Some(3), "version 2"),
            (
                r#"{"v":"hunter2","id":3,"verb":"x"}"#,
                Some(3),
                "no request",
            ),
            (r#"{"v":1,"id":3}"#, Some(3), "no request"),
            (r#"{"v":1,"id":-3,"verb":"x"}"#, None, "no request"),
            (
                r#"{"v":1,"id":3,"verb":"x","hunter2":1}"#,
                Some(3),
                "no request",
            ),
            (
                r#"{"v":1,"id":3,"verb":"x","verb":"y"}"#,
                Some(3),
                "no request",
            ),
            (
                r#"{"v":1,"id":3,"verb":"x","args":"hunter2"}"#,
                Some(3),
                "no request",
            ),
            (
                r#"{"v":1,"id":3,"verb":"x","token":["hunter2"]}"#,
                Some(3),
                "no request",
            ),
        ];
        for (line, expected, why) in cases {
            let (id, refusal) = read(line).expect_err(line);
            assert_eq!(
                (id, refusal.code, refusal.exit),
                (expected, Code::X014, 64),
                "{line}"
            );
            assert!(refusal.message.contains(why), "{line}: {}", refusal.message);
            assert!(!refusal.message.contains("hunter2"), "{}", refusal.message);
        }
        assert!(read_request(b"\xff\xfe{}").is_err());
    }

    #[test]
    fn answers_of_no_one_and_many_results_say_which_is_the_last() {
        let text = |answer| String::from_utf8(write_answer(Some(4), answer)).unwrap();
        assert_eq!(
            text(Answer::Done(vec![])),
            "{\"v\":1,\"id\":4,\"ok\":true}\n"
        );
        assert_eq!(
            text(Answer::Done(vec![json!(1), json!({"a": 2})])),
            "{\"v\":1,\"id\":4,\"ok\":true,\"more\":true,\"result\":1}\n\
             {\"v\":1,\"id\":4,\"ok\":true,\"result\":{\"a\":2}}\n"
        );
        let refusal = Refusal::new(Code::X012, 77, "no").with_help("ask ann");
        assert_eq!(
            text(Answer::Refused(refusal)),
            "{\"v\":1,\"id\":4,\"ok\":false,\"code\":\"DCX-X012\",\"message\":\"no\",\
             \"help\":\"ask ann\",\"exit\":77}\n"
        );
    }

    #[test]
    fn an_answer_with_a_line_too_long_becomes_a_refusal() {
        let long = json!("x".repeat(LINE_MAX));
        let line = write_answer(Some(4), Answer::Done(vec![json!(1), long]));
        let answer: AnswerLine = serde_json::from_slice(&line).expect("it is one line");
        assert!(!answer.ok);
        assert_eq!(answer.exit, Some(exit::BUG));
    }

    proptest! {
        #[test]
        fn a_request_that_is_written_is_read_again(
            id: u64, verb in ".*", name in proptest::option::of(".*"),
            token in proptest::option::of(".*"), text in ".*",
        ) {
            let token = token.map(Token::new);
            let args = json!({ "text": text });
            let line = write_request(id, &verb, name.as_deref(), token.as_ref(), &args);
            let (feed, line) = line.split_last().unwrap();
            prop_assert_eq!(*feed, b'\n');
            prop_assert!(!line.contains(&b'\n'));
            let read = read_request(line).map_err(|(_, refusal)| refusal).unwrap();
            prop_assert_eq!((read.id, read.verb, read.name), (id, verb, name));
            prop_assert_eq!(read.token, token);
            prop_assert_eq!(Value::Object(read.args), args);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = read_request(&bytes);
        }

        #[test]
        fn no_almost_right_line_makes_the_reader_panic(
            line in r#"[\[{]("(v|id|verb|as|token|args)":(1|2|-1|1e9|null|"x"|\{\}|\[\]),?){0,7}[\]}]"#
        ) {
            let _ = read_request(line.as_bytes());
        }
    }
}
