//! The one build that all mutants share: a copy of the workspace, and what the compiler makes of
//! it. A mutant that does not compile is left out and the rest is tried again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::list::{Genre, Mutant};
use super::schemata::{self, Mark};

/// Why a mutant is not in the shared build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LeftOut {
    /// It does not compile, wherever it is built.
    Unviable(String),
    /// It can have no switch, and needs a build of its own.
    Alone(String),
}

/// What earlier rounds found, so that the next begins there.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Known {
    /// By the mutant's name.
    pub(crate) left_out: BTreeMap<String, LeftOut>,
    /// Functions that constants call.
    constant: BTreeSet<String>,
}

/// A test program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// A copy of the workspace in a scratch folder.
pub(crate) struct Copy<'a> {
    pub(crate) root: &'a Path,
    pub(crate) tree: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) package: &'a str,
    /// The package's folder in the workspace.
    pub(crate) folder: &'a Path,
}

type Marks = HashMap<PathBuf, Vec<Mark>>;

impl Copy<'_> {
    /// Copies what git knows or would add.
    pub(crate) fn take(&self) -> Result<()> {
        let listed = Command::new("git")
            .current_dir(self.root)
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .output()
            .context("starting git")?;
        let source = self.root.join(self.folder).join("src");
        let names = String::from_utf8(listed.stdout).context("reading git's list")?;
        for name in names.split_terminator('\0') {
            let from = self.root.join(name);
            if from.is_file() && !(from.starts_with(&source) && name.ends_with(".rs")) {
                write_changed(&self.tree.join(name), &std::fs::read(from)?)?;
            }
        }
        Ok(())
    }

    /// Builds every test program with every mutant that compiles.
    pub(crate) fn build(&self, mutants: &[Mutant], known: &mut Known) -> Result<Vec<Program>> {
        for mutant in mutants {
            if mutant.function.is_none() {
                known.alone(mutant, "in a constant");
            } else if mutant.genre == Genre::Other {
                known.alone(mutant, "of a genre without a switch");
            }
        }
        loop {
            let marks = self.write(mutants, known)?;
            let mut errors = self.cargo(&["check", "--lib"])?.0;
            let mut programs = Vec::new();
            if errors.is_empty() {
                (errors, programs) = self.cargo(&["test", "--no-run", "--lib", "--tests"])?;
            }
            if errors.is_empty() {
                return Ok(programs);
            }
            let before = known.size();
            for error in &errors {
                known.learn(error, &marks, mutants);
            }
            eprintln!(
                "{} errors, {} mutants left out",
                errors.len(),
                known.left_out.len()
            );
            if known.size() == before {
                let shown = errors.iter().map(|it| it.rendered.as_str());
                bail!("the copy does not compile:\n{}", shown.collect::<String>());
            }
        }
    }

    /// Writes the package's sources with their switches.
    fn write(&self, mutants: &[Mutant], known: &mut Known) -> Result<Marks> {
        let source = self.folder.join("src");
        let mut files = Vec::new();
        sources(&self.root.join(&source), &mut files)?;
        let mut marks = Marks::new();
        let mut placed = BTreeSet::new();
        for path in files {
            let name = path.strip_prefix(self.root)?.to_owned();
            let text = std::fs::read_to_string(&path)?;
            let here: Vec<_> = mutants
                .iter()
                .enumerate()
                .filter(|(_, it)| it.file == name && !known.left_out.contains_key(&it.name))
                .collect();
            let constant = |name: &str| known.constant.contains(name);
            let mut done = schemata::rewrite(&text, &here, &constant)
                .with_context(|| format!("rewriting {}", name.display()))?;
            if name == source.join("lib.rs") {
                done.text = with_module(&done.text);
            }
            write_changed(&self.tree.join(&name), done.text.as_bytes())?;
            placed.extend(done.placed);
            for mutant in done.unchained.iter().filter_map(|ix| mutants.get(*ix)) {
                let left_out = LeftOut::Unviable("a let in ||".into());
                known.left_out.insert(mutant.name.clone(), left_out);
            }
            marks.insert(name, done.marks);
        }
        let module = include_str!("switch.txt");
        write_changed(&self.tree.join(source).join("mutant.rs"), module.as_bytes())?;
        for (ix, mutant) in mutants.iter().enumerate() {
            if !placed.contains(&ix) && !known.left_out.contains_key(&mutant.name) {
                known.alone(mutant, "at a place without a switch");
            }
        }
        Ok(marks)
    }

    fn cargo(&self, verb: &[&str]) -> Result<(Vec<Error>, Vec<Program>)> {
        let mut command = Command::new("cargo");
        command
            .current_dir(&self.tree)
            .args(verb)
            .args(["--locked", "--package", self.package])
            .args(["--message-format", "json", "--quiet"])
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let done = command.output().context("starting cargo")?;
        let (mut errors, mut programs) = (Vec::new(), Vec::new());
        for line in done.stdout.split(|byte| *byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Line>(line) else {
                continue;
            };
            match line {
                Line::Message { message } if message.level.starts_with("error") => {
                    errors.push(message);
                }
                Line::Artifact {
                    target,
                    executable: Some(path),
                } => programs.push(Program {
                    name: target.name,
                    path,
                }),
                Line::Message { .. } | Line::Artifact { .. } | Line::Other => {}
            }
        }
        if !done.status.success() && errors.is_empty() {
            bail!("cargo {} ended with {}", verb.join(" "), done.status);
        }
        Ok((errors, programs))
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "reason")]
enum Line {
    #[serde(rename = "compiler-message")]
    Message { message: Error },
    #[serde(rename = "compiler-artifact")]
    Artifact {
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Error {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<ErrorSpan>,
    #[serde(default)]
    rendered: String,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct ErrorSpan {
    file_name: PathBuf,
    byte_start: usize,
    is_primary: bool,
}

impl Known {
    fn size(&self) -> usize {
        self.left_out.len() + self.constant.len()
    }

    fn alone(&mut self, mutant: &Mutant, reason: &str) {
        let left_out = LeftOut::Alone(reason.into());
        self.left_out.insert(mutant.name.clone(), left_out);
    }

    /// Leaves out what the error is about.
    fn learn(&mut self, error: &Error, marks: &Marks, mutants: &[Mutant]) {
        let code = error.code.as_ref().map_or("", |code| &code.code);
        let (first, others): (Vec<_>, Vec<_>) = error.spans.iter().partition(|it| it.is_primary);
        for span in first.into_iter().chain(others) {
            let mut about = about(marks.get(&span.file_name), span.byte_start);
            // The compiler says only that some iterator has other items: the last is the one of
            // the more particular items, and the others are tried again without it.
            if code == "E0271"
                && let Some((ix, _)) = about.pop()
            {
                about = vec![(ix, true)];
            }
            for (ix, own) in &about {
                let Some(mutant) = mutants.get(*ix) else {
                    continue;
                };
                // A function's body is exchanged as cargo-mutants does it; of the other genres
                // only what has no meaning at all is known not to compile anywhere.
                let surely = mutant.genre == Genre::FnValue || is_of_types(code);
                let left_out = if *own && surely {
                    LeftOut::Unviable(code.into())
                } else {
                    LeftOut::Alone(format!("{code} {}", error.message))
                };
                self.left_out.insert(mutant.name.clone(), left_out);
            }
            if !about.is_empty() {
                return;
            }
        }
        if code == "E0015"
            && let Some(path) = error.message.split('`').nth(1)
        {
            self.constant.insert(without_parameters(path));
        }
    }
}

/// A path as it is named in the source: `Facts<'_>::of` is `Facts::of`.
fn without_parameters(path: &str) -> String {
    let mut depth = 0_usize;
    let kept = path.chars().filter(|sign| {
        depth += usize::from(*sign == '<');
        let outside = depth == 0;
        depth -= usize::from(*sign == '>').min(depth);
        outside
    });
    kept.collect::<String>().replace("::::", "::")
}

/// The mutants whose text is here, and whether it is their own: the innermost.
fn about(marks: Option<&Vec<Mark>>, at: usize) -> Vec<(usize, bool)> {
    let here = || marks.into_iter().flatten().filter(|it| it.at.contains(&at));
    let Some(innermost) = here().min_by_key(|it| (!it.own, it.at.len())) else {
        return Vec::new();
    };
    here()
        .filter(|it| it.at == innermost.at)
        .map(|it| (it.mutant, it.own))
        .collect()
}

/// Errors which say that the words have no meaning with these types.
fn is_of_types(code: &str) -> bool {
    let codes = [
        "E0277", "E0308", "E0368", "E0369", "E0600", "E0604", "E0605",
    ];
    codes.contains(&code)
}

/// The crate's root, which has the module of switches and is not linted.
fn with_module(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        inside |= line.starts_with("#![");
        if !inside {
            kept.push_str(line);
        }
        inside &= !line.trim_end().ends_with(")]");
    }
    let end = kept.rfind("\n//!").map_or(0, |at| at + 1);
    let end = kept[end..].find('\n').map_or(end, |at| end + at + 1);
    let head = "#![allow(warnings, arithmetic_overflow, unconditional_panic)]\nmod mutant;\n";
    kept.insert_str(end, head);
    kept
}

pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Leaves a file alone that is so already: cargo goes by the time of writing.
fn write_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
