//! `dcx fix show`: a log of FIX messages with tags and values by their names, and what is wrong in
//! it.

mod say;
mod split;
#[cfg(test)]
mod tests;
mod wanted;

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use dcx_fix::{Dictionary, Message, Rejection, Switches, Version};
use dcx_model::Code;
use serde_json::{Value, json};

use crate::cli::{Fix, FixShow};
use crate::config;
use crate::exit::{Exit, Failure, Outcome};
use crate::out::Out;

use say::{Said, shown};
use split::{Piece, Splitter};
use wanted::{Chain, Wanted, moment, version_of};

/// What our message log writes before a message whose secrets it left out.
const MASKED: &[u8] = b" masked";

/// Does what the subcommand says.
pub(crate) fn fix(command: &Fix, out: Out) -> Outcome {
    match command {
        Fix::Show(args) => show(args, out),
    }
}

fn show(args: &FixShow, out: Out) -> Outcome {
    let usage = |why: String| Failure::new(Code::X001, why);
    let time = |text: &Option<String>| text.as_deref().map(moment).transpose().map_err(usage);
    let mut order = args.order.as_deref().map(Chain::of);
    let from_stdin = args.file.as_os_str() == "-";
    if let Some(chain) = order.as_mut().filter(|_| !from_stdin) {
        let complete = open(&args.file).and_then(|file| chain.complete(file));
        complete.map_err(|error| Failure::io("reading", &args.file, &error))?;
    }
    let mut reading = Reading {
        dictionary: args.dictionary.as_deref().map(dictionary).transpose()?,
        wanted: Wanted {
            types: args.only.clone(),
            session: args.session.clone(),
            from: time(&args.from)?,
            to: time(&args.to)?,
            order,
            time: None,
        },
        form: match (args.check, out.is_json()) {
            (true, false) => Form::Faults,
            (_, true) => Form::Objects,
            (false, false) => Form::Lines,
        },
        check: args.check,
        counts: Counts::default(),
    };
    let input: Box<dyn Read> = match from_stdin {
        true => Box::new(io::stdin().lock()),
        false => open(&args.file).map_err(|error| Failure::io("reading", &args.file, &error))?,
    };
    let mut to = BufWriter::new(io::stdout().lock());
    let read = reading.read(input, &mut to, from_stdin);
    drop(to);
    match read {
        Ok(()) => {}
        Err(Stopped::Reading(error)) => return Err(Failure::io("reading", &args.file, &error)),
        // Who looked has seen enough.
        Err(Stopped::Writing(error)) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(Stopped::Writing(error)) => {
            let message = format!("writing to standard output: {error}");
            return Err(Failure::new(Code::X004, message));
        }
    }
    let counts = reading.counts;
    out.talk(counts.words());
    out.object(&counts.object());
    Ok(
        match counts.messages == 0 || (args.check && counts.faulty > 0) {
            true => Exit::No,
            false => Exit::Done,
        },
    )
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(File::open(path)?))
}

/// A version by its name, or the dictionary that a configuration defines: `FILE.toml` or, where it
/// defines several, `FILE.toml:NAME`.
fn dictionary(text: &str) -> Result<Arc<Dictionary>, Failure> {
    if let Some(version) = Version::of_name(text).or_else(|| Version::of_begin_string(text)) {
        return Ok(version.dictionary());
    }
    let (path, name) = match text.rsplit_once(".toml:") {
        Some((path, name)) => (format!("{path}.toml"), Some(name)),
        None => (text.to_owned(), None),
    };
    if !path.ends_with(".toml") {
        let message = format!(
            "{text:?} is none of FIX.4.2, FIX.4.4, FIX.5.0SP2, and no file that ends with .toml"
        );
        return Err(Failure::new(Code::X001, message));
    }
    let found = config::load_dictionaries(Path::new(&path))?;
    let mut fitting = found
        .iter()
        .filter(|it| name.is_none_or(|name| it.name() == name));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(Arc::clone(one)),
        (None, _) => Err(Failure::new(
            Code::X001,
            format!("{path} defines no such [dictionary.NAME]"),
        )),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = found.iter().map(|it| it.name()).collect();
            let names = names.join(", ");
            let message = format!("{path} defines several dictionaries ({names}): say {path}:NAME");
            Err(Failure::new(Code::X001, message))
        }
    }
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    /// Nothing but a line for each fault.
    Faults,
    Objects,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Of everything that was read.
    messages: u64,
    shown: u64,
    damaged: u64,
    /// Damaged, or against their dictionary where that is looked at.
    faulty: u64,
}

impl Counts {
    fn words(self) -> String {
        let Self {
            messages,
            shown,
            damaged,
            faulty,
        } = self;
        match messages {
            0 => "no FIX message found".to_owned(),
            _ => format!(
                "{messages} messages, {shown} of them wanted, {damaged} damaged, {faulty} with faults"
            ),
        }
    }

    fn object(self) -> Value {
        json!({
            "messages": self.messages,
            "wanted": self.shown,
            "damaged": self.damaged,
            "faulty": self.faulty,
        })
    }
}

/// Why reading ended early.
enum Stopped {
    Reading(io::Error),
    Writing(io::Error),
}

/// A log being read.
struct Reading {
    /// Of every message; that of its version, if none.
    dictionary: Option<Arc<Dictionary>>,
    wanted: Wanted,
    form: Form,
    check: bool,
    counts: Counts,
}

impl Reading {
    fn read(&mut self, from: impl Read, to: &mut impl Write, at_once: bool) -> Result<(), Stopped> {
        let mut splitter = Splitter::new(from);
        let mut piece = Piece::default();
        while splitter.next(&mut piece).map_err(Stopped::Reading)? {
            self.counts.messages += 1;
            let damaged = piece.fault.is_some() && !is_masked(&piece);
            self.counts.damaged += u64::from(damaged);
            self.say(&piece, to).map_err(Stopped::Writing)?;
            if at_once {
                to.flush().map_err(Stopped::Writing)?;
            }
        }
        to.flush().map_err(Stopped::Writing)
    }

    fn say(&mut self, piece: &Piece, to: &mut impl Write) -> io::Result<()> {
        let begin_string = piece.get(8).unwrap_or_default();
        let own = self.dictionary.clone();
        let dictionary = own.unwrap_or_else(|| version_of(begin_string).dictionary());
        if !self.wanted.takes(piece, &dictionary) {
            return Ok(());
        }
        let faults = faults(piece, &dictionary, self.check);
        self.counts.shown += 1;
        self.counts.faulty += u64::from(!faults.is_empty());
        let said = Said {
            piece,
            dictionary: &dictionary,
            faults: &faults,
        };
        match self.form {
            Form::Lines => said.lines(to),
            Form::Objects => writeln!(to, "{}", said.object()),
            Form::Faults => faults.iter().try_for_each(|fault| {
                let (line, offset) = (piece.line, piece.offset);
                writeln!(to, "line {line} byte {offset}: {fault}")
            }),
        }
    }
}

/// Whether something was left out of a message that was part of its sum and length.
fn is_masked(piece: &Piece) -> bool {
    piece.prefix.ends_with(MASKED)
}

/// What is wrong with a message.
fn faults(piece: &Piece, dictionary: &Dictionary, check: bool) -> Vec<String> {
    if is_masked(piece) {
        return Vec::new();
    }
    if let Some(fault) = &piece.fault {
        return vec![format!("{} {fault}", fault.code())];
    }
    if !check {
        return Vec::new();
    }
    let Ok(message) = Message::parse(&piece.bytes) else {
        return Vec::new();
    };
    let judged = dictionary.validate(&message, &Switches::default());
    judged
        .err()
        .map(|rejection| told(&rejection, &message, dictionary))
        .into_iter()
        .collect()
}

/// A broken rule with the field that breaks it.
fn told(rejection: &Rejection, message: &Message<'_>, dictionary: &Dictionary) -> String {
    let text = rejection.reason.text();
    let number = rejection.reason.number();
    let Some(tag) = rejection.ref_tag else {
        return format!("{text} (373={number}): {}", shown(message.msg_type()));
    };
    let known = u32::try_from(tag).ok();
    let name = known.and_then(|tag| dictionary.field_name(tag));
    let place = known.and_then(|tag| message.fields().position(|(other, _)| other == tag));
    let place = place.map_or_else(String::new, |ix| {
        format!(", field {} of the message", ix + 1)
    });
    format!(
        "{text} (373={number}): {tag} {}{place}",
        name.unwrap_or("-")
    )
}
