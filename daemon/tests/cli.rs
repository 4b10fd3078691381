//! Goal: what scripts rely on holds: exit codes, where words go, one JSON object. Method: the
//! binary, run as a script runs it.

use std::path::Path;
use std::process::{Command, Output};

fn dcx(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_dcx"))
        .args(arguments)
        .current_dir(root)
        .env("NO_COLOR", "1")
        .output()
        .expect("dcx starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The object in the last line of standard output.
fn json(output: &Output) -> serde_json::Value {
    let out = out(output);
    let last = out.lines().next_back().expect("a line of output");
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// Every command that there is, as the help of each level lists them.
fn commands(path: &[&str]) -> Vec<Vec<String>> {
    let help = out(&dcx(&[path, &["--help"]].concat()));
    let listed = help
        .split("Commands:\n")
        .nth(1)
        .map(|rest| rest.split("\n\n").next().unwrap_or(rest));
    let Some(listed) = listed else {
        return vec![path.iter().map(ToString::to_string).collect()];
    };
    let names = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    // Of some that have commands below them, like `limits`, the words alone are a command too.
    let optional = help.contains(&format!("Usage: dcx {} [OPTIONS]\n", path.join(" ")));
    let own = optional.then(|| path.iter().map(ToString::to_string).collect());
    own.into_iter()
        .chain(names.flat_map(|name| commands(&[path, &[name]].concat())))
        .collect()
}

#[test]
fn the_help_of_every_command_has_an_example_and_its_impact() {
    let commands = commands(&[]);
    for known in ["halt", "limits", "limits approve", "check"] {
        let words: Vec<String> = known.split(' ').map(str::to_owned).collect();
        assert!(commands.contains(&words), "{known}: {commands:?}");
    }
    for path in commands {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = dcx(&arguments);
        let help = out(&output);
        assert_eq!(output.status.code(), Some(0), "{path:?}");
        assert!(help.contains("Example"), "{path:?}: {help}");
        assert!(
            help.contains(&format!("$ dcx {}", path.join(" "))),
            "{path:?}: {help}"
        );
        let impacts = ["ro", "rw", "danger"].map(|impact| format!("\nImpact: {impact}\n"));
        assert!(
            impacts.iter().any(|impact| help.contains(impact)),
            "{path:?}: {help}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_usage_and_never_two() {
    for arguments in [
        &["frob"][..],
        &["check"],
        &["check", "--config"],
        &["demo", "--seconds", "0"],
        &["demo", "--seconds", "many"],
        &["explain", "X"],
        &["top"],
        &[],
        &["error", "R6"],
    ] {
        let output = dcx(arguments);
        assert_eq!(
            output.status.code(),
            Some(64),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(out(&output).is_empty(), "complaints go to standard error");
    }
}

#[test]
fn what_is_not_there_is_no_input() {
    for arguments in [
        &["journal", "verify", "no/such/dir"][..],
        &["journal", "inspect", "no/such/dir"],
        &["journal", "export", "no/such/dir"],
        &["replay", "no/such/dir"],
        &["tca", "no/such/dir"],
        &["explain", "X", "--journal", "no/such/dir"],
        &["top", "--once", "--counters", "no/such/file"],
        &["data", "inspect", "no/such/file"],
    ] {
        let output = dcx(arguments);
        assert_eq!(
            output.status.code(),
            Some(66),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(err(&output).contains("remedy:"), "{arguments:?}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_a_finding_of_check_and_stops_run() {
    let check = dcx(&["check", "--config", "no/such/file.toml"]);
    assert_eq!(check.status.code(), Some(1));
    let run = dcx(&["run", "--config", "no/such/file.toml"]);
    assert_eq!(run.status.code(), Some(78));
    assert!(err(&run).contains("DCX-C001"), "{}", err(&run));
}

#[test]
fn both_shipped_configurations_have_no_findings() {
    for file in ["config/dcx.toml", "config/bench.toml"] {
        let output = dcx(&["check", "--config", file, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let report = json(&output);
        assert_eq!(report["findings"], serde_json::json!([]), "{file}");
        let values = report["values"].as_array().expect("a list");
        assert!(values.iter().any(|value| value["key"] == "engine.seed"));
        assert!(values.iter().all(|value| value["origin"].is_string()));
    }
}

#[test]
fn check_tells_values_on_standard_output_and_findings_on_standard_error() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("five.toml");
    let text = "[engine]\nwiat = \"spin\"\nseed = \"one\"\ntopology = \"fusd\"\n\
                orders_open_max = 0\n[journl]\n";
    std::fs::write(&file, text).expect("the folder can be written");
    let path = file.display().to_string();
    let output = dcx(&["check", "--config", &path]);
    let said = err(&output);
    assert_eq!(output.status.code(), Some(1));
    for (line, words) in [
        (2, "did you mean `wait`?"),
        (3, "expected a whole number"),
        (4, "did you mean \"fused\"?"),
        (5, "0 is not from 1 to"),
        (6, "did you mean `journal`?"),
    ] {
        assert!(
            said.contains(&format!("five.toml:{line}:")),
            "line {line}: {said}"
        );
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.contains("^"), "a caret: {said}");
    assert!(!said.contains('\u{1b}'), "NO_COLOR: {said}");
    assert!(out(&output).contains("engine.wait = park  # default"));
}

#[test]
fn what_is_wrong_with_a_tape_is_refused_or_told_by_data_profile() {
    let dir = tempfile::tempdir().expect("a folder");
    let learn = |name: &str, rows: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, format!("unix_ns,bid,ask\n{rows}")).expect("a file");
        dcx(&["data", "profile", path.to_str().expect("text"), "--json"])
    };
    let whole: String = (1..50_u64)
        .map(|second| format!("{},1.1,1.2\n", second * 1_000_000_000))
        .collect();
    // Crossed, in reversed time, and after two minutes of nothing.
    let odd = "50000000000,1.3,1.2\n40000000000,1.1,1.2\n180000000000,1.1,1.2\n";
    let output = learn("odd.csv", &format!("{whole}{odd}"));
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let found = json(&output);
    let flags = ["quotes", "crossed", "reversed", "gaps"].map(|key| found[key].as_u64());
    assert_eq!(flags, [Some(50), Some(1), Some(1), Some(1)], "{found}");
    let passed_over = "Passed over: 1 crossed, 1 stamped earlier than the one before; 1 gaps";
    let odd = dir.path().join("odd.csv");
    let told = out(&dcx(&["data", "profile", odd.to_str().expect("text")]));
    assert!(told.contains(passed_over), "{told}");
    for (name, row, why) in [
        ("nan.csv", "NaN,1.2", "NaN"),
        ("negative.csv", "-1.1,1.2", "-1.1"),
        ("short.csv", "1.1", "fields"),
    ] {
        let output = learn(name, &format!("{whole}60000000000,{row}\n"));
        assert_eq!(output.status.code(), Some(65), "{}", err(&output));
        let said = err(&output);
        assert!(
            said.contains(why) && said.contains(&format!("{name}:51:")),
            "{said}"
        );
    }
}

#[test]
fn an_error_code_is_explained_in_any_spelling() {
    for code in ["R006", "dcx-r006", "DCX-R006"] {
        let output = dcx(&["error", code, "--json"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(json(&output)["code"], "DCX-R006");
    }
    let text = out(&dcx(&["error", "R006"]));
    assert!(text.contains("quantity above limit"), "{text}");
    assert!(text.contains("What to do:"), "{text}");
}

#[test]
fn a_failure_is_one_json_object_too() {
    let output = dcx(&["replay", "no/such/dir", "--json"]);
    assert_eq!(json(&output)["error"]["code"], "DCX-J002");
}

#[test]
fn a_short_measurement_reports_its_rows() {
    let output = dcx(&["bench", "engine", "--smoke", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let report = json(&output);
    assert_eq!(report["name"], "engine");
    assert!(!report["rows"].as_array().expect("rows").is_empty());
}
