//! A toy with a mutant of each kind: with no switch on it says what it said, with one on what the
//! mutated source would.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::list::{Genre, Mutant, Place, Span, switch};
use super::run::{Order, Test};
use super::schemata;

const TOY: &str = r#"mod mutant;

#[derive(Clone, Copy)]
struct Pair {
    one: i64,
    two: i64,
}

const DEFAULT: Pair = Pair { one: 7, two: 8 };

const fn less(a: i64, b: i64) -> i64 {
    a - b
}

fn either(a: bool, b: bool) -> bool {
    a || b && !a
}

fn pair(one: i64) -> Pair {
    Pair { one, ..DEFAULT }
}

fn named(n: i64) -> &'static str {
    match n {
        0 => "none",
        n if n < 0 => "below",
        _ => "above",
    }
}

fn counts(to: i64) -> impl Iterator<Item = i64> {
    0..to
}

fn summed(values: &[i64]) -> i64 {
    let mut sum = 0;
    for value in values {
        sum += *value * 2 + 1;
    }
    sum
}

fn main() {
    let pair = pair(3);
    println!("{} {} {}", less(5, 3), less(5, 5), -summed(&[1, 2]));
    println!("{} {} {}", either(true, false), either(false, true), either(false, false));
    println!("{} {} {}", pair.one, pair.two, pair.one == 3);
    println!("{} {} {}", named(0), named(-4), named(4));
    println!("{:?}", counts(3).collect::<Vec<_>>());
}
"#;

/// The genre, a text with `^` before the place, what stands there then, and all that the toy says
/// that is not as before: the line and its words.
type Case = (
    Genre,
    &'static str,
    &'static str,
    &'static [(usize, &'static str)],
);

const SAID: [&str; 5] = [
    "2 0 -8",
    "true true false",
    "3 8 true",
    "none below above",
    "[0, 1, 2]",
];

const CASES: [Case; 14] = [
    (Genre::FnValue, "^a - b", "1", &[(0, "1 1 -8")]),
    (Genre::BinaryOperator, "a ^- b", "+", &[(0, "8 10 -8")]),
    (
        Genre::BinaryOperator,
        "a ^|| b",
        "&&",
        &[(1, "false false false")],
    ),
    (
        Genre::BinaryOperator,
        "b ^&& !a",
        "||",
        &[(1, "true true true")],
    ),
    (
        Genre::UnaryOperator,
        "b && ^!a",
        "",
        &[(1, "true false false")],
    ),
    (
        Genre::StructField,
        "Pair { ^one, ..",
        "",
        &[(2, "7 8 false")],
    ),
    (
        Genre::MatchArm,
        "^0 => \"none\"",
        "",
        &[(3, "above below above")],
    ),
    (
        Genre::MatchArmGuard,
        "if ^n < 0 =>",
        "true",
        &[(3, "none below below")],
    ),
    (
        Genre::BinaryOperator,
        "n ^< 0",
        ">",
        &[(3, "none above below")],
    ),
    (
        Genre::FnValue,
        "^0..to",
        "::std::iter::empty()",
        &[(4, "[]")],
    ),
    (
        Genre::FnValue,
        "^0..to",
        "::std::iter::once(1)",
        &[(4, "[1]")],
    ),
    (Genre::BinaryOperator, "sum ^+= *v", "-=", &[(0, "2 0 8")]),
    (Genre::BinaryOperator, "*value ^* 2", "/", &[(0, "2 0 -3")]),
    (Genre::BinaryOperator, "pair.one ^== 3", "!=", &[]),
];

fn mutants() -> Vec<Mutant> {
    let mutants = CASES.iter().map(|&(genre, at, replacement, _)| {
        let (before, after) = at.split_once('^').expect("a place");
        let found = TOY.find(&format!("{before}{after}")).expect("in the toy");
        let until = &TOY[..found + before.len()];
        let start = Place {
            line: until.lines().count(),
            column: until.lines().last().map_or(1, |line| line.len() + 1),
        };
        Mutant {
            name: at.into(),
            file: PathBuf::from("main.rs"),
            genre,
            span: Span { start },
            replacement: replacement.into(),
            function: None,
        }
    });
    mutants.collect()
}

fn built(folder: &Path, mutants: &[Mutant]) -> (PathBuf, BTreeSet<usize>) {
    let numbered: Vec<_> = mutants.iter().enumerate().collect();
    let done = schemata::rewrite(TOY, &numbered, &|_| false).expect("it parses");
    std::fs::write(folder.join("main.rs"), &done.text).expect("a folder");
    std::fs::write(folder.join("mutant.rs"), include_str!("switch.txt")).expect("a folder");
    let compiled = Command::new("rustc")
        .current_dir(folder)
        .args([
            "--edition",
            "2024",
            "--cap-lints",
            "allow",
            "-o",
            "toy",
            "main.rs",
        ])
        .output()
        .expect("rustc");
    let errors = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{errors}\n{}", done.text);
    (folder.join("toy"), done.placed.into_iter().collect())
}

fn said(toy: &Path, mutant: &str, reached: &Path) -> Vec<String> {
    let done = Command::new(toy)
        .env("DCX_MUTANT", mutant)
        .env("DCX_MUTANT_REACHED", reached)
        .output()
        .expect("the toy");
    let text = String::from_utf8(done.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn each_mutant_does_what_it_says_and_nothing_else_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let mutants = mutants();
    let (toy, placed) = built(folder.path(), &mutants);
    // What a macro is told is not looked into, by cargo-mutants neither.
    assert_eq!(placed, (0..CASES.len() - 1).collect());
    let reached = folder.path().join("reached");
    assert_eq!(said(&toy, "0", &reached), SAID, "no mutant is on");
    for (ix, (_, at, replacement, lines)) in CASES.iter().enumerate() {
        let mut expected = SAID;
        for (line, words) in *lines {
            expected[*line] = words;
        }
        let says = said(&toy, &switch(ix).to_string(), &reached);
        assert_eq!(says, expected, "{at}: {replacement}");
    }
}

#[test]
fn recording_says_what_is_reached_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (toy, placed) = built(folder.path(), &mutants());
    let reached = folder.path().join("reached");
    assert_eq!(said(&toy, "record", &reached), SAID);
    let noted = std::fs::read_to_string(&reached).expect("it is written");
    let noted: BTreeSet<usize> = noted.lines().filter_map(|it| it.parse().ok()).collect();
    let all: BTreeSet<usize> = placed.into_iter().map(switch).collect();
    assert_eq!(noted, all, "the toy reaches every place");
}

#[test]
fn a_mark_is_where_the_mutants_words_are() {
    let mutants = mutants();
    let numbered: Vec<_> = mutants.iter().enumerate().collect();
    let done = schemata::rewrite(TOY, &numbered, &|_| false).expect("it parses");
    let own = |ix| {
        let mut marks = done
            .marks
            .iter()
            .filter(move |it| it.mutant == ix && it.own);
        marks.next().map(|mark| &done.text[mark.at.clone()])
    };
    assert_eq!(own(0), Some("return 1"));
    assert_eq!(own(1), Some("l + r"));
    assert_eq!(own(8), Some("*l > *r"));
    assert_eq!(own(11), Some("*l -= r"));
}

#[test]
fn what_has_caught_much_for_little_is_tried_first() {
    let test = |name: &str, cost_ms: u64, switches: &[u32]| -> Test {
        let switches = serde_json::json!(switches);
        serde_json::from_value(serde_json::json!({
            "name": name, "path": "x", "argument": name, "cost_ms": cost_ms,
            "panics": false, "switches": switches,
        }))
        .expect("a test")
    };
    let tests = [
        test("dear", 5_000, &[1, 2]),
        test("cheap", 10, &[1]),
        test("other", 1, &[2]),
    ];
    let names = |order: &Order| -> Vec<String> {
        let these = order.of(Path::new("a.rs"), 1, &tests).into_iter();
        these.map(|batch| batch.name.clone()).collect()
    };
    let mut order = Order::new(&tests);
    assert_eq!(
        names(&order),
        ["cheap", "dear"],
        "`other` does not reach it"
    );
    for _ in 0..1_000 {
        order.catches(Path::new("a.rs"), "dear");
    }
    assert_eq!(names(&order), ["dear", "cheap"]);
    assert!(order.of(Path::new("a.rs"), 3, &tests).is_empty());
}
