//! `cargo xtask docs`: pages that are made from the code, so that they cannot disagree with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use dcx_model::Code;

/// Where the pages of error codes are, from the root of the workspace.
const ERRORS: &str = "docs/errors";

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
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(ERRORS);
    let differing = differing(&dir, &pages())?;
    if !check {
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        for (path, text) in &differing {
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        eprintln!("{} pages written to {ERRORS}", differing.len());
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
        "out of date in {ERRORS}: {}; run `cargo xtask docs`",
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

/// Every page by its file name.
fn pages() -> BTreeMap<String, String> {
    let codes = Code::ALL.iter().copied();
    let mut pages: BTreeMap<String, String> = codes
        .map(|code| (format!("{code}.md"), page(code)))
        .collect();
    pages.insert("README.md".to_owned(), index());
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
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("DCX-R001.md"), "something else").unwrap();
        let found = differing(&dir, &pages()).unwrap();
        assert_eq!(found.len(), Code::ALL.len() + 1);
        fs::remove_dir_all(&dir).unwrap();
    }
}
