//! What each verb runs. Every command is printed before it runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::mutants;

/// A step that cannot run here: not a failure, and never silent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Skipped(pub(crate) &'static str);

pub(crate) fn ci() -> Result<()> {
    run(&mut Command::new(root().join(".ci/run")))
}

pub(crate) fn fmt() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--", "--check", "--color", "never"]))
}

pub(crate) fn clippy() -> Result<()> {
    let targets = ["clippy", "--locked", "--workspace", "--all-targets"];
    run(cargo().args(targets).args(["--", "-D", "warnings"]))
}

pub(crate) fn test() -> Result<()> {
    run(cargo().args(["test", "--locked", "--workspace"]))
}

pub(crate) fn doc() -> Result<()> {
    let doc = ["doc", "--locked", "--workspace", "--no-deps"];
    run(cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn miri() -> Result<()> {
    if !answers("rustup", &["run", "nightly", "cargo", "miri", "--version"]) {
        return Err(Skipped(
            "no nightly toolchain with Miri: rustup toolchain install nightly --component miri \
             --component rust-src",
        )
        .into());
    }
    // Proptest reads the working directory, which Miri's isolation refuses.
    run(Command::new("rustup")
        .args(["run", "nightly", "cargo", "miri", "test", "--locked"])
        .args(["--package", "dcx-ring", "--lib", "--tests"])
        .env("MIRIFLAGS", "-Zmiri-disable-isolation"))
}

pub(crate) fn loom() -> Result<()> {
    // A folder of its own: other flags, so nothing built for the other steps could be used.
    run(cargo()
        .args(["test", "--locked", "--release", "--package", "dcx-ring"])
        .args(["--test", "loom_*"])
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", target_dir().join("loom")))
}

pub(crate) fn deny() -> Result<()> {
    if !answers("cargo", &["deny", "--version"]) {
        return Err(Skipped(
            "cargo-deny is not installed (cargo install cargo-deny); tests/tidy.rs holds \
             deny.toml's licences and sources meanwhile, advisories are not checked",
        )
        .into());
    }
    run(cargo().args(["deny", "--all-features", "check"]))
}

pub(crate) fn crash(rounds: u32, seed: Option<u64>) -> Result<()> {
    let mut command = cargo();
    command
        .args(["test", "--locked", "--release", "--package", "dcx-tests"])
        .args(["--test", "crash", "--", "--nocapture"])
        .env("DCX_CRASH_ROUNDS", rounds.to_string());
    if let Some(seed) = seed {
        command.env("DCX_CRASH_SEED", seed.to_string());
    }
    run(&mut command)
}

/// Decoders of outside bytes, and what the fuzzing crate needs for them.
const TARGETS: [(&str, &[&str]); 7] = [
    ("record", &[]),
    ("fix", &[]),
    ("fix_session", &[]),
    ("fix_orders", &[]),
    ("fix_store", &[]),
    ("journal", &[]),
    ("control", &["--features", "control"]),
];

/// Runs each decoder that is named, or all, on its seeds and on what was found before.
pub(crate) fn fuzz(seconds: u32, named: &[String]) -> Result<()> {
    if !answers("rustup", &["run", "nightly", "cargo", "fuzz", "--version"]) {
        return Err(Skipped(
            "no nightly toolchain with cargo-fuzz: rustup toolchain install nightly; cargo install \
             cargo-fuzz",
        )
        .into());
    }
    let is_known = |name: &String| TARGETS.iter().any(|(target, _)| target == name);
    if let Some(unknown) = named.iter().find(|name| !is_known(name)) {
        bail!(
            "no decoder {unknown}; there are {}",
            TARGETS.map(|(target, _)| target).join(", ")
        );
    }
    for (target, needs) in TARGETS {
        if !named.is_empty() && !named.iter().any(|name| name == target) {
            continue;
        }
        let mut folders = vec![format!("tests/fuzz/corpus/{target}")];
        std::fs::create_dir_all(root().join(&folders[0]))?;
        let seeds = format!("tests/fuzz/seeds/{target}");
        folders.extend(root().join(&seeds).exists().then_some(seeds));
        run(Command::new("rustup")
            .args([
                "run",
                "nightly",
                "cargo",
                "fuzz",
                "run",
                "--fuzz-dir",
                "tests/fuzz",
            ])
            .args(needs)
            .arg(target)
            .args(folders)
            .args(["--", &format!("-max_total_time={seconds}"), "-max_len=4096"]))?;
    }
    Ok(())
}

/// Gives QuickFIX/J and us the same changed messages.
pub(crate) fn differential(messages: u64, seed: u64) -> Result<()> {
    if !answers("java", &["-version"]) || !answers("mvn", &["--version"]) {
        return Err(Skipped("no Java or no Maven: apt-get install maven").into());
    }
    let pom = root().join("tests/interop/quickfixj-verdict/pom.xml");
    run(Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(pom)
        .arg("package"))?;
    run(cargo()
        .args([
            "test",
            "--locked",
            "--package",
            "dcx-fix",
            "--test",
            "differential",
        ])
        .args(["--", "--nocapture"])
        .env("DCX_DIFFERENTIAL_MESSAGES", messages.to_string())
        .env("DCX_DIFFERENTIAL_SEED", seed.to_string()))
}

pub(crate) fn twin(commands: u64, seed: u64) -> Result<()> {
    run(cargo()
        .args(["test", "--locked", "--release", "--package", "dcx-engine"])
        .args(["--test", "twin", "--", "--nocapture"])
        .env("DCX_TWIN_COMMANDS", commands.to_string())
        .env("DCX_TWIN_SEED", seed.to_string()))
}

pub(crate) fn mutants(options: &mutants::Options) -> Result<()> {
    if !answers("cargo", &["mutants", "--version"]) {
        return Err(Skipped(
            "cargo-mutants is not installed (cargo install --locked cargo-mutants)",
        )
        .into());
    }
    mutants::run(&root(), &target_dir(), options)
}

pub(crate) fn measure(name: &str) -> Result<()> {
    run(cargo()
        .args([
            "run",
            "--locked",
            "--profile",
            "dist",
            "--package",
            "dcx",
            "--",
        ])
        .args(["bench", name])
        .args(page_of(name)))
}

/// Of some measurements the published page is written, not only the figures.
fn page_of(name: &str) -> &'static [&'static str] {
    match name {
        "routing" => &["--report", "docs/measurements/routing"],
        _ => &[],
    }
}

/// The cargo that runs us, in the workspace's root and without a standard input to wait for.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

pub(crate) fn root() -> PathBuf {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    parent
        .expect("xtask is a folder of the workspace")
        .to_owned()
}

pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Whether the program is there and this call of it succeeds.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    let quiet = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

pub(crate) fn run(command: &mut Command) -> Result<()> {
    command.current_dir(root()).stdin(Stdio::null());
    eprintln!("> {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or_else(|| command.get_program());
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={:?}", name.display(), value?)));
    let arguments = command
        .get_args()
        .map(|argument| argument.display().to_string());
    let words = variables
        .chain([name.display().to_string()])
        .chain(arguments);
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command
            .args(["test", "--workspace"])
            .env("RUSTFLAGS", "--cfg loom");
        assert_eq!(
            shown(&command),
            "RUSTFLAGS=\"--cfg loom\" cargo test --workspace"
        );
    }

    #[test]
    fn a_command_that_fails_is_an_error_that_names_it() {
        let error = run(&mut Command::new("false")).expect_err("false fails");
        assert!(error.to_string().starts_with("false ended with"), "{error}");
        assert!(run(&mut Command::new("true")).is_ok());
    }
}
