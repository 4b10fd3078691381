//! `cargo xtask docs`: pages that are made from the code, so that they cannot disagree with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use dcx_model::{Code, Level, Limit, Looser, Refusal, Unit};

/// Where the pages are, from the root of the workspace.
const DOCS: &str = "docs";

/// The families of codes: first letter, title.
const FAMILIES: &[(char, &str)] = &[
    ('R', "Refusals of the engine"),
    ('F', "FIX edge"),
    ('C', "Configuration"),
    ('J', "Journal and replay"),
    ('D', "Market data"),
    ('X', "Command line and processes"),
];

/// Writes every page; with `check`, only says which differ.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(DOCS);
    let differing = differing(&dir, &pages())?;
    if !check {
        let errors = dir.join("errors");
        fs::create_dir_all(&errors).with_context(|| format!("making {}", errors.display()))?;
        for (path, text) in &differing {
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        eprintln!("{} pages written to {DOCS}", differing.len());
        return Ok(());
    }
    if differing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = differing
        .iter()
        .filter_map(|(path, _)| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    bail!(
        "out of date in {DOCS}: {}; run `cargo xtask docs`",
        names.join(", ")
    )
}

/// The pages that are missing or read otherwise.
fn differing(
    dir: &Path,
    pages: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut out = Vec::new();
    for (name, text) in pages {
        let path = dir.join(name);
        let there = match fs::read_to_string(&path) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        if there.as_ref() != Some(text) {
            out.push((path, text.clone()));
        }
    }
    Ok(out)
}

/// Every page by its place in `docs`.
fn pages() -> BTreeMap<String, String> {
    let codes = Code::ALL.iter().copied();
    let mut pages: BTreeMap<String, String> = codes
        .map(|code| (format!("errors/{code}.md"), page(code)))
        .collect();
    pages.insert("errors/README.md".to_owned(), index());
    pages.insert("limits.md".to_owned(), limits());
    pages.insert("refusals.md".to_owned(), refusals());
    pages
}

fn page(code: Code) -> String {
    format!(
        "# {code}: {}\n\n{}\n\n**What to do.** {}\n\n\
         In the terminal: `dcx error {}`. All codes: [README](README.md). Made by `cargo xtask docs` from the catalogue in\n\
         `core/model/src/catalogue.rs`.\n",
        code.title(),
        code.meaning(),
        code.remedy(),
        code.short()
    )
}

fn index() -> String {
    let mut out = "# Error codes\n\nEvery error of dcx has a code that never changes its meaning. It stands in FIX `Text` (58), in logs, in\n\
         metric labels, and `dcx error CODE` prints its page.\n"
        .to_owned();
    for (letter, title) in FAMILIES {
        let codes = Code::ALL
            .iter()
            .filter(|code| code.short().starts_with(*letter));
        let rows: Vec<&Code> = codes.collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "\n## {letter}: {title}\n\n| code | what happened |\n|---|---|\n"
        );
        for code in rows {
            let _ = writeln!(out, "| [{code}]({code}.md) | {} |", code.title());
        }
    }
    out
}

/// Every limit with where it can be set.
fn limits() -> String {
    let mut out = "# Limits\n\nEvery limit that there is, made by `cargo xtask docs` from `core/model/src/limit.rs`. Several may apply to one order: the\n\
         tightest counts. `[limits.firm]` holds for everybody, `[limits.account.NAME]`, `[limits.strategy.NAME]` and\n\
         `[limits.session.COMPID]` for one account, strategy or session, `[limits.instrument.SYMBOL]` for one instrument.\n\
         **needed** means that nothing passes there without it. A change of a running daemon (`dcx limits set`) acts at once\n\
         where it lets less through, and waits for a second person where it lets more through.\n\n\
         | key | what it limits | unit | lets more through | firm | account | strategy | session | instrument |\n\
         |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for limit in Limit::ALL {
        let unit = match limit.unit() {
            Unit::Qty => "quantity",
            Unit::Notional => "whole units of the firm's currency",
            Unit::Bps => "basis points",
            Unit::Nanos => "ms",
            Unit::Count => "count",
            Unit::Thousandths => "multiple",
            Unit::Flag => "true or false",
        };
        let looser = match limit.looser() {
            Looser::Higher => "higher",
            Looser::Lower => "lower",
            Looser::Any => "any change",
        };
        let _ = write!(
            out,
            "| `{}` | {} | {unit} | {looser} |",
            limit.key(),
            limit.about()
        );
        for level in Level::ALL {
            let mark = if limit.required_at().contains(level) {
                " **needed** |"
            } else if limit.levels().contains(level) {
                " yes |"
            } else {
                " |"
            };
            out.push_str(mark);
        }
        out.push('\n');
    }
    out
}

/// Every refusal as a client sees it.
fn refusals() -> String {
    let mut out = "# Refusals\n\nEvery rule that an order, a cancel or a replace can fail, made by `cargo xtask docs` from `core/model/src/refusal.rs`.\n\
         `Text` (58) is the code and the rule with the value and the limit: `DCX-R006 quantity 500 exceeds 100 of the\n\
         instrument`. `dcx explain` shows every check of an order, also those that passed.\n\n\
         | code | rule | OrdRejReason (103) | CxlRejReason (102) |\n|---|---|---|---|\n"
        .to_owned();
    for code in Refusal::CODES {
        let Some(refusal) = Refusal::from_parts(code.number(), [0; 3]) else {
            continue;
        };
        let _ = writeln!(
            out,
            "| [{code}](errors/{code}.md) | {} | {} | {} |",
            code.title(),
            refusal.ord_rej_reason().number(),
            refusal.cxl_rej_reason().number()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pages_are_those_of_the_catalogue() {
        if let Err(error) = run(true) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn every_code_stands_in_the_index() {
        let index = index();
        for code in Code::ALL {
            assert!(index.contains(&format!("[{code}]({code}.md)")), "{code}");
        }
    }

    #[test]
    fn a_page_that_reads_otherwise_is_found() {
        let dir = std::env::temp_dir().join(format!("dcx-xtask-{}", std::process::id()));
        fs::create_dir_all(dir.join("errors")).unwrap();
        fs::write(dir.join("errors/DCX-R001.md"), "something else").unwrap();
        let found = differing(&dir, &pages()).unwrap();
        assert_eq!(found.len(), Code::ALL.len() + 3);
        fs::remove_dir_all(&dir).unwrap();
    }
}
