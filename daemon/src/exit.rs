//! How a command ends: its exit code, and what is said when it could not do its work.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use dcx_model::Code;

/// The exit codes that scripts rely on, those of `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It ran well and the answer is no: a replay differs, a journal is damaged, a check finds
    /// something.
    No = 1,
    /// The command line is wrong.
    Usage = 64,
    /// The data is wrong.
    Data = 65,
    /// The input is not there.
    NoInput = 66,
    /// A peer does not answer.
    Unreachable = 69,
    /// A bug of ours.
    Bug = 70,
    /// Reading or writing went wrong.
    Io = 74,
    /// Halted, or try later.
    TryLater = 75,
    /// Not permitted.
    NotPermitted = 77,
    /// The configuration is wrong.
    Config = 78,
}

impl Exit {
    /// Every exit code with its meaning, for the help text.
    pub(crate) const ALL: &'static [(Self, &'static str)] = &[
        (Self::Done, "done"),
        (Self::No, "it ran well and the answer is no"),
        (Self::Usage, "usage"),
        (Self::Data, "bad data"),
        (Self::NoInput, "no such input"),
        (Self::Unreachable, "peer unreachable"),
        (Self::Bug, "a bug of ours"),
        (Self::Io, "reading or writing"),
        (Self::TryLater, "halted or try later"),
        (Self::NotPermitted, "not permitted"),
        (Self::Config, "configuration"),
    ];

    /// The exit code that says an error of this code ended the command.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::X001 | Code::X010 => Self::Usage,
            Code::X002 | Code::X009 | Code::J002 | Code::D001 => Self::NoInput,
            Code::X003 | Code::X015 | Code::X016 | Code::J003 | Code::F110 | Code::F113 => {
                Self::TryLater
            }
            Code::X004 | Code::J001 | Code::J009 | Code::D002 | Code::D009 | Code::F109 => Self::Io,
            Code::D008 => Self::Usage,
            Code::X005 => Self::Unreachable,
            Code::X012 => Self::NotPermitted,
            Code::X014 => Self::Data,
            Code::X006 => Self::Bug,
            Code::X007 | Code::X011 | Code::X017 | Code::X018 => Self::No,
            Code::X008 | Code::X013 | Code::F030 | Code::F111 => Self::Config,
            Code::F112 => Self::Data,
            _ => match code.short().as_bytes().first() {
                Some(b'C') => Self::Config,
                Some(b'D') => Self::Data,
                Some(b'J') => Self::No,
                Some(b'F') => Self::Unreachable,
                Some(_) | None => Self::Bug,
            },
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work: a code of the catalogue and what it was about.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) exit: Exit,
    /// What was attempted and why it did not work; empty where all was said before.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            exit: Exit::of(code),
            message: message.into(),
        }
    }

    /// The failure of a configuration whose findings were told: with the code of the first one
    /// that stands against a start.
    pub(crate) fn told(mut self, findings: &[crate::config::Finding]) -> Self {
        if let Some(finding) = findings.iter().find(|finding| finding.fatal) {
            self.code = finding.code;
        }
        self.exit = Exit::Config;
        self
    }

    /// A read or write that the operating system refused.
    pub(crate) fn io(doing: &str, path: &Path, source: &std::io::Error) -> Self {
        let code = match source.kind() {
            std::io::ErrorKind::NotFound => Code::X002,
            _ => Code::X004,
        };
        Self::new(code, format!("{doing} {}: {source}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]: {}", self.code, self.code.title())?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// What every command returns.
pub(crate) type Outcome = Result<Exit, Failure>;

/// An error with all its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_ends_a_command_has_an_exit_code_of_its_kind() {
        assert_eq!(Exit::of(Code::C003), Exit::Config);
        assert_eq!(Exit::of(Code::X002), Exit::NoInput);
        for code in Code::ALL {
            assert_ne!(Exit::of(*code), Exit::Done, "{code} is an error");
        }
    }

    #[test]
    fn a_missing_file_is_no_such_input_and_a_full_disk_is_not() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let path = Path::new("x");
        assert_eq!(Failure::io("reading", path, &missing).exit, Exit::NoInput);
        assert_eq!(Failure::io("writing", path, &full).exit, Exit::Io);
    }
}
