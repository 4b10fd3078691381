//! Where words go: data to standard output, talk to standard error, one JSON object at the end.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// Whether people or machines read, decided once at start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
    colour: bool,
    terminal: bool,
}

impl Out {
    /// Decides from the command line, the environment and the terminal.
    ///
    /// `NO_COLOR` counts when set and not empty (no-color.org).
    pub(crate) fn new(json: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            json,
            colour: terminal && !refused && !dumb,
            terminal,
        }
    }

    /// Whether talk may be coloured.
    pub(crate) const fn colour(&self) -> bool {
        self.colour
    }

    /// Whether JSON was asked for.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person watches: progress may be drawn in place.
    pub(crate) const fn terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a line of data for people; nothing when JSON was asked for.
    pub(crate) fn data(&self, line: impl AsRef<str>) {
        if !self.json {
            write_line(&mut io::stdout().lock(), line.as_ref());
        }
    }

    /// Writes a line of the data itself, whatever the form asked for. False once nobody reads.
    pub(crate) fn record(&self, line: impl AsRef<str>) -> bool {
        writeln!(io::stdout().lock(), "{}", line.as_ref()).is_ok()
    }

    /// Writes the one JSON object of `--json`; nothing otherwise.
    pub(crate) fn object(&self, object: &impl Serialize) {
        if !self.json {
            return;
        }
        match serde_json::to_string(object) {
            Ok(text) => write_line(&mut io::stdout().lock(), &text),
            Err(error) => self.talk(format!("a report that is no JSON: {error}")),
        }
    }

    /// Writes a line of talk.
    pub(crate) fn talk(&self, line: impl AsRef<str>) {
        write_line(&mut io::stderr().lock(), line.as_ref());
    }

    /// Says why a command could not do its work, and what to do about it.
    pub(crate) fn failure(&self, failure: &Failure) {
        let error = if self.colour {
            "\u{1b}[1;31merror\u{1b}[0m"
        } else {
            "error"
        };
        self.talk(format!("{error}{failure}"));
        self.talk(format!("  remedy: {}", failure.code.remedy()));
        self.talk(format!("  more:   dcx error {}", failure.code.short()));
        self.object(&serde_json::json!({
            "error": {
                "code": failure.code.to_string(),
                "title": failure.code.title(),
                "message": failure.message,
                "remedy": failure.code.remedy(),
            }
        }));
    }
}

/// Writes a line; a reader that went away (`dcx … | head`) is no error.
fn write_line(to: &mut impl Write, line: &str) {
    drop(writeln!(to, "{line}").and_then(|()| to.flush()));
}
