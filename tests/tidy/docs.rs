//! The rules that keep pages and code in step: benches, paths, error codes.

use dcx_model::Code;

use crate::finding::Finding;
use crate::tree::Tree;

/// Folders with no page of ours in them: what git brings from elsewhere.
const NOT_OURS: &[&str] = &["target/", ".git/"];

/// Every bench that a *Cost* section names is in `bench/`.
///
/// A name is either one literal, or a group and a function: `slice/even` is `"slice"` and `"even"`
/// in one file.
pub(crate) fn benches(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<&str> = tree
        .texts(".rs")
        .filter(|(path, _)| path.starts_with("bench/") || path.contains("/benches/"))
        .map(|(_, text)| text)
        .collect();
    let mut findings = Vec::new();
    for (path, text) in tree
        .texts(".rs")
        .filter(|(path, _)| !path.starts_with("tests/tidy"))
    {
        for (ix, line) in text.lines().enumerate() {
            for name in bench_names(line) {
                if !sources.iter().any(|source| has_bench(source, name)) {
                    findings.push(Finding::new(
                        format!("{path}:{}", ix + 1),
                        format!("there is no bench {name}"),
                        "Write it in bench/, or name the one that measures this",
                    ));
                }
            }
        }
    }
    findings
}

/// The names in backticks behind `Bench:` or `Benches:` in a doc comment.
fn bench_names(line: &str) -> Vec<&str> {
    let Some(doc) = line.trim_start().strip_prefix("//") else {
        return Vec::new();
    };
    let behind = doc
        .split_once("Bench: ")
        .or_else(|| doc.split_once("Benches: "));
    let Some((_, names)) = behind else {
        return Vec::new();
    };
    names.split('`').skip(1).step_by(2).collect()
}

fn has_bench(source: &str, name: &str) -> bool {
    let literal = |text: &str| source.contains(&format!("\"{text}\""));
    let in_parts = name
        .rsplit_once('/')
        .is_some_and(|(group, case)| literal(group) && literal(case));
    literal(name) || in_parts
}

/// Every file that a page names in backticks or links to exists.
///
/// Only what looks like a path of the repository is judged: a slash, no blank, no placeholder, and
/// a first part that is a folder of ours, or a file's ending that we use.
pub(crate) fn paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pages = tree
        .texts(".md")
        .filter(|(path, _)| !NOT_OURS.iter().any(|no| path.starts_with(no)));
    for (path, text) in pages {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut fenced = false;
        for (ix, line) in text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if fenced {
                continue;
            }
            let spans = line
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|span| is_path(tree, span));
            let links = links(line).filter(|link| !link.contains("://") && !link.starts_with('#'));
            let missing_span =
                spans.filter(|span| !tree.has(span) && !tree.has(&join(folder, span)));
            let missing_link = links.filter(|link| !tree.has(&join(folder, link)));
            for missing in missing_span.chain(missing_link) {
                findings.push(Finding::new(
                    format!("{path}:{}", ix + 1),
                    format!("{missing} does not exist"),
                    "Name the file that does, or drop the sentence",
                ));
            }
        }
    }
    findings
}

/// Every page of a folder below `docs/` is linked from that folder's README.
pub(crate) fn listed(tree: &Tree) -> Vec<Finding> {
    let pages = tree
        .texts(".md")
        .filter(|(path, _)| path.starts_with("docs/") && !path.ends_with("/README.md"));
    let mut findings = Vec::new();
    for (path, _) in pages {
        let Some((folder, name)) = path.rsplit_once('/') else {
            continue;
        };
        let index = format!("{folder}/README.md");
        if !tree
            .text(&index)
            .lines()
            .any(|line| links(line).any(|link| link == name))
        {
            findings.push(Finding::new(
                path,
                format!("{index} does not link it"),
                "Add a line there: a page that nobody finds is not documentation",
            ));
        }
    }
    findings
}

/// Whether a span in backticks means a file of the repository.
fn is_path(tree: &Tree, span: &str) -> bool {
    let plain = span
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    // `var/` is what a daemon writes, `../` is beside the repository.
    let elsewhere = ["/", ".", "var/", "target/"]
        .iter()
        .any(|start| span.starts_with(start));
    let ending = [".rs", ".md", ".toml", ".sh", ".java", ".json", ".xml"];
    let is_file = ending.iter().any(|ending| span.ends_with(ending));
    let first = span.split('/').next().unwrap_or_default();
    plain && !elsewhere && span.contains('/') && (is_file || tree.has(first))
}

/// The targets of the links in a line, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#']).next().unwrap_or_default();
        (!target.is_empty()).then_some(target)
    })
}

/// `path` as seen from `folder`, with `..` resolved.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Every error code has its page, and every page its code.
pub(crate) fn errors(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let page = |code: &Code| format!("docs/errors/{code}.md");
    for code in Code::ALL {
        let text = tree.text(&page(code));
        if !text.contains(code.title()) || !text.contains(code.remedy()) {
            findings.push(Finding::new(
                page(code),
                format!("the page of {code} is missing or out of date"),
                "Run cargo xtask docs and commit what it writes",
            ));
        }
    }
    for (path, _) in tree
        .texts(".md")
        .filter(|(path, _)| path.starts_with("docs/errors/DCX-"))
    {
        if !Code::ALL.iter().any(|code| page(code) == path) {
            findings.push(Finding::new(
                path,
                "no such code",
                "Give the code back its row: codes are never taken away",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_is_found_whole_or_in_parts_and_missed_if_it_is_not_there() {
        let source = "//! B.\n/// O(1). Bench: `risk/check`, `slice/even`.\nfn f() {}";
        let bench = "group(\"slice\"); bench_function(\"even\"); x(\"risk/check\")";
        let tree = Tree::planted(&[("core/a.rs", source), ("bench/benches/b.rs", bench)]);
        assert_eq!(benches(&tree), []);
        let findings = benches(&Tree::planted(&[("core/a.rs", source)]));
        assert_eq!(findings.len(), 2);
        assert_eq!(
            findings[0].to_string(),
            "core/a.rs:2: there is no bench risk/check. Write it \
            in bench/, or name the one that measures this"
        );
    }

    #[test]
    fn a_path_that_does_not_exist_is_found_in_prose_and_links() {
        let page = "See `core/a.rs`, `core/b.rs`, [x](../core/c.rs#l), [y](z.md), `core/`.\n\
            ```\n`core/no.rs`\n```\nAlso `var/x.md`, `NewOrder/Cancel`, [w](https://a.b/c.rs).";
        let tree = Tree::planted(&[("docs/p.md", page), ("core/a.rs", ""), ("docs/z.md", "")]);
        let missing: Vec<String> = paths(&tree).into_iter().map(|found| found.what).collect();
        assert_eq!(
            missing,
            ["core/b.rs does not exist", "../core/c.rs does not exist"]
        );
    }

    #[test]
    fn a_page_that_its_index_does_not_link_is_found() {
        let index = ("docs/x/README.md", "- [a](a.md)");
        let tree = Tree::planted(&[
            index,
            ("docs/x/a.md", ""),
            ("docs/x/b.md", ""),
            ("c.md", ""),
        ]);
        let findings = listed(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].place, "docs/x/b.md");
    }

    #[test]
    fn a_code_without_a_page_and_a_page_without_a_code_are_found() {
        let code = Code::ALL[0];
        let text = format!("{} {}", code.title(), code.remedy());
        let name = format!("docs/errors/{code}.md");
        let tree = Tree::planted(&[(&name, &text), ("docs/errors/DCX-Z999.md", "")]);
        let findings = errors(&tree);
        assert_eq!(findings.len(), Code::ALL.len() - 1 + 1);
        assert!(findings.iter().all(|found| found.place != name));
    }
}
