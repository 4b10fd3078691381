//! The rules about source text: how files begin, what they must not say, how large they may be.

use crate::finding::Finding;
use crate::tree::Tree;

/// The largest file that may be committed.
const FILE_LEN_MAX: u64 = 1_000_000;

/// Folders whose programs speak to a person: there alone may a program print.
const SPEAKING: &[&str] = &["daemon/src/", "tools/", "xtask/src/"];

/// Every library and binary root forbids unsafe code; the ring argues block by block instead.
pub(crate) fn unsafe_forbidden(tree: &Tree, roots: &[String]) -> Vec<Finding> {
    let bare = roots
        .iter()
        .filter(|root| !root.starts_with("core/ring/"))
        .filter(|root| !tree.text(root).contains("#![forbid(unsafe_code)]"));
    bare.map(|root| {
        Finding::new(
            root,
            "unsafe code is not forbidden",
            "Begin the crate with #![forbid(unsafe_code)]; unsafe lives in core/ring only",
        )
    })
    .collect()
}

/// The engine's own `clippy.toml` repeats the bans: Clippy reads one file per crate, no other.
pub(crate) fn engine_bans(tree: &Tree) -> Vec<Finding> {
    let path = "core/engine/clippy.toml";
    let text = tree.text(path);
    let bans = [
        "Instant::now",
        "SystemTime::now",
        "thread::spawn",
        "thread::sleep",
        "env::var",
        "HashMap",
        "HashSet",
        "f64::ln",
        "f64::exp",
        "f64::powf",
        "f64::sin",
        "f64::cos",
        "f64::mul_add",
    ];
    let missing = bans.iter().filter(|ban| !text.contains(*ban));
    missing
        .map(|ban| {
            Finding::new(
                path,
                format!("{ban} is not banned"),
                "Add it to disallowed-methods or disallowed-types: the same input must give the \
                 same output on every host",
            )
        })
        .collect()
}

/// Every Rust file begins with a sentence about what it is for.
pub(crate) fn first_lines(tree: &Tree) -> Vec<Finding> {
    let silent = tree
        .texts(".rs")
        .filter(|(_, text)| !text.starts_with("//! "));
    silent
        .map(|(path, _)| {
            Finding::new(
                format!("{path}:1"),
                "the file does not say what it is for",
                "Let its first line be a //! sentence",
            )
        })
        .collect()
}

/// Large files stay out: a clone is small, and a test makes its own data.
pub(crate) fn sizes(tree: &Tree) -> Vec<Finding> {
    let large = tree.files.iter().filter(|file| file.len > FILE_LEN_MAX);
    large
        .map(|file| {
            Finding::new(
                &file.path,
                format!("{} bytes, at most {FILE_LEN_MAX} are kept", file.len),
                "Generate it where it is used, or keep a small sample",
            )
        })
        .collect()
}

/// A spelling that has no place, and what to write instead.
struct Spelling {
    /// Whether this line, in this file, has it.
    found: fn(path: &str, line: &str) -> bool,
    what: &'static str,
    remedy: &'static str,
}

const SPELLINGS: &[Spelling] = &[
    Spelling {
        found: |_, line| line.contains(concat!("FIX", "ME")),
        what: "a note that something is broken",
        remedy: "Mend it before it reaches main",
    },
    Spelling {
        found: |_, line| unnumbered(line, concat!("TO", "DO")),
        what: "a plan without an issue",
        remedy: "Write the issue's number in parentheses behind the word, or do it now",
    },
    Spelling {
        found: |_, line| absolute(line),
        what: "an absolute path of one machine",
        remedy: "Make it relative to the repository or take it from an argument",
    },
    Spelling {
        found: prints,
        what: "a library prints",
        remedy: "Return the text, or count it: only daemon/, xtask/ and tools/ speak to a person",
    },
    Spelling {
        found: |path, line| path.ends_with(".rs") && line.trim_start().starts_with("#[ignore"),
        what: "an ignored test",
        remedy: "Make it run, or remove it: CI prints what it skips, a test cannot",
    },
];

/// What no line of source or prose may say.
pub(crate) fn spellings(tree: &Tree) -> Vec<Finding> {
    let prose = [
        ".rs", ".md", ".toml", ".sh", ".java", ".py", ".xml", ".ci/run",
    ];
    let mut findings = Vec::new();
    for (path, text) in prose.iter().flat_map(|ending| tree.texts(ending)) {
        for (ix, line) in text.lines().enumerate() {
            for rule in SPELLINGS.iter().filter(|rule| (rule.found)(path, line)) {
                let place = format!("{path}:{}", ix + 1);
                findings.push(Finding::new(place, rule.what, rule.remedy));
            }
        }
    }
    findings
}

/// Whether `word` stands in the line without an issue's number behind it.
fn unnumbered(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let behind = line.get(at + word.len()..).unwrap_or_default();
        let number = behind.strip_prefix("(#").unwrap_or_default();
        !number.starts_with(|digit: char| digit.is_ascii_digit())
    })
}

/// Whether the line names a folder that only one machine has.
fn absolute(line: &str) -> bool {
    let homes = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
        concat!("/Us", "ers/"),
    ];
    homes.iter().any(|home| {
        line.match_indices(home).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default().chars().next_back();
            before.is_none_or(|byte| !(byte.is_alphanumeric() || "._-~/*)".contains(byte)))
        })
    })
}

fn prints(path: &str, line: &str) -> bool {
    let speaks = SPEAKING.iter().any(|folder| path.starts_with(folder)) || is_test(path);
    let code = line.split("//").next().unwrap_or_default();
    let prints = ["print!(", "println!("].iter().any(|name| {
        code.match_indices(name).any(|(at, _)| {
            // `eprintln!` counts, `try_println!` of some library would not be ours to judge.
            let before = code.get(..at).unwrap_or_default();
            !before.ends_with(|byte: char| byte.is_alphanumeric() || byte == '_')
                || before.ends_with('e') && !before.ends_with("_e")
        })
    });
    path.ends_with(".rs") && !speaks && prints
}

/// Tests and benches print their seeds and figures.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || ["/tests/", "/benches/", "/examples/"]
            .iter()
            .any(|folder| path.contains(folder))
        || path.ends_with("/tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        spellings(&Tree::planted(&[(path, text)])).len()
    }

    #[test]
    fn each_banned_spelling_is_found_where_it_stands() {
        assert_eq!(found("a.rs", concat!("// FIX", "ME later")), 1);
        assert_eq!(found("a.md", concat!("TO", "DO: think")), 1);
        assert_eq!(found("a.rs", concat!("// TO", "DO(#12): deepen")), 0);
        assert_eq!(found("a.sh", concat!("cd /ro", "ot/x")), 1);
        assert_eq!(found("a.md", concat!("(see /wo", "rk/x)")), 1);
        assert_eq!(found("a.rs", concat!("var/ho", "me/x")), 0);
        assert_eq!(found("core/a.rs", "    println!(\"x\");"), 1);
        assert_eq!(found("core/a.rs", "    eprintln!(\"x\");"), 1);
        assert_eq!(found("core/a.rs", "/// println!(\"x\");"), 0);
        assert_eq!(found("daemon/src/a.rs", "    println!(\"x\");"), 0);
        assert_eq!(found("core/a.rs", concat!("    #[ig", "nore]")), 1);
    }

    #[test]
    fn a_finding_names_the_line_and_the_remedy() {
        let tree = Tree::planted(&[("core/a.rs", "fn a() {\n    println!();\n}")]);
        let text = spellings(&tree)[0].to_string();
        assert!(
            text.starts_with("core/a.rs:2: a library prints. Return the text"),
            "{text}"
        );
    }

    #[test]
    fn a_root_without_the_attribute_is_found_and_the_ring_is_not() {
        let roots = [
            "core/x/src/lib.rs".to_owned(),
            "core/ring/src/lib.rs".to_owned(),
        ];
        let bare = Tree::planted(&[("core/x/src/lib.rs", "//! X.")]);
        assert_eq!(unsafe_forbidden(&bare, &roots).len(), 1);
        let good = Tree::planted(&[("core/x/src/lib.rs", "//! X.\n#![forbid(unsafe_code)]")]);
        assert_eq!(unsafe_forbidden(&good, &roots), []);
    }

    #[test]
    fn a_file_without_its_sentence_is_found() {
        let tree = Tree::planted(&[("a.rs", "use x;"), ("b.rs", "//! B."), ("c.md", "x")]);
        let findings = first_lines(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "a.rs:1");
    }

    #[test]
    fn a_ban_that_is_missing_is_found() {
        let all = engine_bans(&Tree::planted(&[])).len();
        let tree = Tree::planted(&[("core/engine/clippy.toml", "std::time::Instant::now")]);
        assert_eq!(engine_bans(&tree).len(), all - 1);
    }

    #[test]
    fn a_large_file_is_found() {
        let mut tree = Tree::planted(&[("a.bin", "")]);
        tree.files[0].len = FILE_LEN_MAX + 1;
        assert_eq!(sizes(&tree).len(), 1);
    }
}
