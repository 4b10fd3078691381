//! What is kept of every request that could change something, and of every stranger.

use dcx_model::Code;
use serde::Serialize;
use serde_json::{Map, Value};

use super::verb::Impact;

/// A request as the audit keeps it. It never holds a token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditLine {
    /// The operator; nobody if the caller could not be named.
    pub who: Option<String>,
    /// The user id of the caller's process.
    pub uid: u32,
    /// The caller's process.
    pub pid: i32,
    /// What was asked; at most 64 characters of it.
    pub verb: String,
    /// What the verb may change; nothing if the caller could not be named.
    pub impact: Option<Impact>,
    /// The arguments, without values of keys named `token`. Empty if the caller could not be named.
    pub args: Map<String, Value>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an audited request ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// It was not.
    Refused {
        /// The entry of the catalogue that says why.
        #[serde(serialize_with = "as_text")]
        code: Code,
        /// What the caller was told.
        message: String,
    },
}

fn as_text<S: serde::Serializer>(code: &Code, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(code)
}

impl AuditLine {
    /// The line as one JSON object. What strangers wrote is escaped in it, so it stays one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("keys are strings and numbers are finite")
    }
}

/// `args` without the value of any key named `token`, at whatever depth.
pub(super) fn without_tokens(mut args: Map<String, Value>) -> Map<String, Value> {
    strip(&mut args);
    args
}

fn strip(object: &mut Map<String, Value>) {
    for (key, value) in object {
        if key.eq_ignore_ascii_case("token") {
            *value = Value::from("...");
        } else {
            strip_value(value);
        }
    }
}

/// Nesting is bounded: serde_json reads at most 128 levels.
fn strip_value(value: &mut Value) {
    match value {
        Value::Object(object) => strip(object),
        Value::Array(values) => values.iter_mut().for_each(strip_value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_in_arguments_are_left_out_at_every_depth() {
        let Value::Object(args) = json!({"a": [{"Token": "x"}], "token": {"b": "x"}, "c": 1})
        else {
            unreachable!("it is an object")
        };
        let expected = json!({"a": [{"Token": "..."}], "token": "...", "c": 1});
        assert_eq!(Value::Object(without_tokens(args)), expected);
    }

    #[test]
    fn a_line_is_one_line_whatever_was_asked() {
        let line = AuditLine {
            who: None,
            uid: 5,
            pid: 6,
            verb: "a\n{\"who\":\"ann\"}".to_owned(),
            impact: Some(Impact::Danger),
            args: Map::new(),
            outcome: Outcome::Refused {
                code: Code::X012,
                message: "no".to_owned(),
            },
        };
        assert_eq!(
            line.to_json(),
            r#"{"who":null,"uid":5,"pid":6,"verb":"a\n{\"who\":\"ann\"}","impact":"danger","args":{},"outcome":{"refused":{"code":"DCX-X012","message":"no"}}}"#
        );
    }
}
