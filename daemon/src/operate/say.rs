//! What a daemon answered, as tables for people and as one object for scripts.

use comfy_table::{Table, presets};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::out::Out;

/// Every kind of result in the order in which they are shown, with the columns of its table; those
/// of which there can be only one have none.
const KINDS: &[(&str, &str, &[&str])] = &[
    ("status", "status", &[]),
    (
        "state",
        "states",
        &["scope", "state", "cause", "by", "reason", "since"],
    ),
    (
        "venue",
        "venues",
        &[
            "name",
            "up",
            "settling",
            "working",
            "unknown",
            "unconfirmed",
            "confirmed",
            "bytes_waiting",
        ],
    ),
    (
        "session",
        "sessions",
        &[
            "kind",
            "name",
            "state",
            "why",
            "next_in",
            "next_out",
            "gaps",
            "round_trip_us",
            "queue_bytes",
            "last_in",
            "disabled_by",
            "reason",
            "since",
            "closes",
            "opens",
        ],
    ),
    (
        "exposure",
        "exposures",
        &[
            "scope",
            "gross",
            "gross_max",
            "net",
            "net_max",
            "margin",
            "credit_max",
            "result",
            "loss_halt_max",
        ],
    ),
    (
        "limit",
        "limits",
        &["scope", "limit", "value", "used", "by", "reason", "at"],
    ),
    (
        "proposal",
        "proposals",
        &[
            "proposal", "scope", "limit", "before", "after", "by", "reason", "at",
        ],
    ),
    (
        "approval",
        "approvals",
        &[
            "order",
            "cl_ord_id",
            "session",
            "instrument",
            "side",
            "order_qty",
            "price",
        ],
    ),
    ("change", "change", &[]),
    ("cancel", "cancel", &[]),
    ("news", "news", &[]),
    ("decision", "decision", &[]),
];

/// What a verb answers with, told even where there is none of it.
fn promised(verb: &str) -> &'static [&'static str] {
    match verb {
        "status" => &["state", "venue", "session", "exposure"],
        "limits" => &["limit"],
        "limits proposals" => &["proposal"],
        "approvals list" => &["approval"],
        "halt" => &["venue"],
        _ => &[],
    }
}

/// Says it all, and whether the answer is yes.
pub(super) fn say(verb: &str, results: &[Value], out: Out) -> Exit {
    let object = collect(verb, results);
    let mut shown = false;
    for (kind, plural, columns) in KINDS {
        let rows: Vec<&Value> = results
            .iter()
            .filter_map(|result| result.get(kind))
            .collect();
        if verb_says_one(verb, kind) {
            rows.iter().for_each(|row| one(row, out));
        } else if columns.is_empty() {
            rows.iter().for_each(|row| one(row, out));
        } else if !rows.is_empty() {
            out.data(format!("\n{plural}"));
            out.data(table(columns, &rows));
        } else if promised(verb).contains(kind) && verb != "status" && verb != "halt" {
            out.data(format!("no {plural}"));
        }
        shown |= !rows.is_empty();
    }
    if !shown && promised(verb).is_empty() {
        out.data("done");
    }
    let exit = verdict(verb, results, out);
    out.object(&object);
    exit
}

/// The state that was just set is one thing, those that stand are a table.
fn verb_says_one(verb: &str, kind: &str) -> bool {
    matches!(kind, "state" | "session") && verb != "status"
}

/// One object of all results: rows of a kind together.
fn collect(verb: &str, results: &[Value]) -> Value {
    let mut object = Map::new();
    for (kind, plural, columns) in KINDS {
        let rows = results.iter().filter_map(|result| result.get(kind));
        let mut rows: Vec<Value> = rows.cloned().collect();
        let single = columns.is_empty() || verb_says_one(verb, kind);
        if single {
            if let Some(Value::Object(row)) = rows.pop() {
                object.extend(row);
            }
        } else if !rows.is_empty() || promised(verb).contains(kind) {
            object.insert((*plural).to_owned(), rows.into());
        }
    }
    object.into()
}

/// One thing: a line for each of its values.
fn one(row: &Value, out: Out) {
    let mut lines = Vec::new();
    flatten("", row, &mut lines);
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in lines {
        out.data(format!("{name:<width$}  {value}"));
    }
}

fn flatten(prefix: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let name = match prefix {
                    "" => key.replace('_', " "),
                    prefix => format!("{prefix} {}", key.replace('_', " ")),
                };
                flatten(&name, value, lines);
            }
        }
        Value::Null => {}
        value => lines.push((prefix.to_owned(), cell(value))),
    }
}

fn table(columns: &[&str], rows: &[&Value]) -> String {
    let used: Vec<&str> = columns
        .iter()
        .filter(|column| {
            rows.iter()
                .any(|row| row.get(**column).is_some_and(|it| !it.is_null()))
        })
        .copied()
        .collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(used.iter().map(|column| column.replace('_', " ")));
    for row in rows {
        table.add_row(
            used.iter()
                .map(|column| row.get(*column).map_or_else(String::new, cell)),
        );
    }
    table.trim_fmt()
}

/// A value as people read it. Control characters of strangers do not reach the terminal.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        other => other.to_string(),
    }
}

/// Whether what was asked for is so.
fn verdict(verb: &str, results: &[Value], out: Out) -> Exit {
    let find = |kind: &str, key: &str| {
        let found = results.iter().find_map(|result| result.get(kind));
        found.and_then(|row| row.get(key)).and_then(Value::as_bool)
    };
    if verb == "halt" && find("state", "confirmed") == Some(false) {
        out.talk(
            "halted: nothing more goes out. Not everything is confirmed to be cancelled: what works \
             at the venues above is unknown until they say so (dcx status)",
        );
        return Exit::No;
    }
    if verb == "limits set" && find("change", "in_force") == Some(false) {
        out.talk("not in force: a second person has to say `dcx limits approve`");
        return Exit::No;
    }
    Exit::Done
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_in_lines_becomes_one_object() {
        let results = [
            json!({"status": {"state": "halted", "orders": {"open": 2}}}),
            json!({"venue": {"name": "A"}}),
            json!({"venue": {"name": "B"}}),
        ];
        assert_eq!(
            collect("status", &results),
            json!({
                "state": "halted", "orders": {"open": 2},
                "states": [], "venues": [{"name": "A"}, {"name": "B"}],
                "sessions": [], "exposures": [],
            })
        );
        assert_eq!(collect("limits", &[]), json!({"limits": []}));
    }

    #[test]
    fn a_halt_that_is_not_confirmed_is_no_yes() {
        let out = Out::new(false);
        let halt = |confirmed: bool| [json!({"state": {"confirmed": confirmed}})];
        assert_eq!(verdict("halt", &halt(true), out), Exit::Done);
        assert_eq!(verdict("halt", &halt(false), out), Exit::No);
        let set = |in_force: bool| [json!({"change": {"in_force": in_force}})];
        assert_eq!(verdict("limits set", &set(true), out), Exit::Done);
        assert_eq!(verdict("limits set", &set(false), out), Exit::No);
        assert_eq!(verdict("limits reject", &set(false), out), Exit::Done);
    }

    #[test]
    fn a_table_has_the_columns_that_say_something() {
        let rows = [json!({"name": "A\u{1b}[2J", "up": true, "why": null})];
        let rows: Vec<&Value> = rows.iter().collect();
        let text = table(&["name", "up", "why"], &rows);
        assert!(text.contains("A[2J") && text.contains("yes"), "{text}");
        assert!(!text.contains("why") && !text.contains('\u{1b}'), "{text}");
    }
}
