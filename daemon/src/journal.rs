//! `dcx journal` and `dcx replay`: what a journal holds, and whether it can be run again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use dcx_engine::Trace;
use dcx_model::{Event, Sequenced, UnixNanos};
use dcx_pipeline::{Entry, JournalError, Observer, Reader, ReplayReport, Tail, replay, verify};
use serde::Serialize;
use serde_json::json;

use crate::cli::Journal;
use crate::exit::{Exit, Failure, Outcome, chain};
use crate::out::Out;
use crate::records::{self, Names};
use crate::text::{count, hex, utc};

/// Does what the subcommand says.
pub(crate) fn journal(command: &Journal, out: Out) -> Outcome {
    match command {
        Journal::Verify(args) => verify_all(&args.dir, out),
        Journal::Inspect(args) => inspect(&args.dir, out),
        Journal::Export(args) => export(&args.dir, out),
    }
}

/// Why the journal could not be read, as a failure of the command.
pub(crate) fn failure(error: &JournalError) -> Failure {
    Failure::new(error.code(), chain(error))
}

#[derive(Serialize)]
struct VerifyReport {
    records: u64,
    marks: u64,
    bytes: u64,
    segments: u32,
    next_seq: u64,
    last_at: String,
    torn_bytes: u64,
    whole: bool,
}

fn verify_all(dir: &Path, out: Out) -> Outcome {
    let verified = verify(dir).map_err(|error| failure(&error))?;
    let torn = torn_bytes(verified.tail);
    out.data(format!(
        "{}: {} records in {} segments, {} bytes, commands up to {}",
        dir.display(),
        count(verified.totals.records),
        verified.totals.segments,
        count(verified.totals.bytes),
        verified.next_seq.get().saturating_sub(1)
    ));
    out.data(tail_text(verified.tail));
    out.object(&VerifyReport {
        records: verified.totals.records,
        marks: verified.marks,
        bytes: verified.totals.bytes,
        segments: verified.totals.segments,
        next_seq: verified.next_seq.get(),
        last_at: utc(verified.at),
        torn_bytes: torn,
        whole: torn == 0,
    });
    Ok(Exit::Done)
}

fn torn_bytes(tail: Tail) -> u64 {
    match tail {
        Tail::Whole => 0,
        Tail::Torn(torn) => torn.bytes,
    }
}

fn tail_text(tail: Tail) -> String {
    match tail {
        Tail::Whole => {
            "every record fits its checksum, its number and the one before it".to_owned()
        }
        Tail::Torn(torn) => format!(
            "DCX-J008: the tail is torn: {} bytes of an unfinished record in segment {} at byte {}; \
             the next start trims them, nothing that depended on them has left",
            torn.bytes, torn.segment, torn.offset
        ),
    }
}

fn inspect(dir: &Path, out: Out) -> Outcome {
    let mut reader = Reader::open(dir).map_err(|error| failure(&error))?;
    let mut names = Names::default();
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut first_at: Option<UnixNanos> = None;
    let mut marks = Vec::new();
    while let Some(entry) = reader.read().map_err(|error| failure(&error))? {
        match entry {
            Entry::Command(sequenced) => {
                names.learn(&sequenced.command);
                first_at.get_or_insert(sequenced.at);
                *kinds
                    .entry(records::command(&sequenced.command, &names).0)
                    .or_default() += 1;
            }
            Entry::Mark(mark) => marks.push(mark),
        }
    }
    let totals = reader.totals();
    let (from, to) = (first_at.map_or_else(String::new, utc), utc(reader.at()));
    out.data(format!(
        "{}: {} records, {} bytes, {} segments",
        dir.display(),
        count(totals.records),
        count(totals.bytes),
        totals.segments
    ));
    out.data(format!("from {from}\nto   {to}"));
    for (kind, number) in &kinds {
        out.data(format!("{:>12}  {kind}", count(*number)));
    }
    out.data(format!(
        "{:>12}  marks of what the run had come to",
        marks.len()
    ));
    if let Some(mark) = marks.last() {
        out.data(format!(
            "last mark at command {}: state {}, {} events {}",
            mark.seq,
            hex(mark.state),
            count(mark.event_count),
            hex(mark.events)
        ));
    }
    let tail = reader.tail().unwrap_or(Tail::Whole);
    out.data(tail_text(tail));
    out.object(&json!({
        "records": totals.records,
        "bytes": totals.bytes,
        "segments": totals.segments,
        "from": from,
        "to": to,
        "commands": kinds,
        "marks": marks.len(),
        "torn_bytes": torn_bytes(tail),
    }));
    Ok(Exit::Done)
}

fn export(dir: &Path, out: Out) -> Outcome {
    let mut reader = Reader::open(dir).map_err(|error| failure(&error))?;
    let mut names = Names::default();
    while let Some(entry) = reader.read().map_err(|error| failure(&error))? {
        let line = match entry {
            Entry::Command(sequenced) => {
                names.learn(&sequenced.command);
                records::sequenced(&sequenced, &names)
            }
            Entry::Mark(mark) => json!({
                "seq": mark.seq.get(),
                "at": utc(mark.at),
                "mark": {"state": hex(mark.state), "events": hex(mark.events), "event_count": mark.event_count},
            }),
        };
        if !out.record(line.to_string()) {
            // The reader went away, as `| head` does.
            return Ok(Exit::Done);
        }
    }
    out.object(&json!({"records": reader.totals().records}));
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Replayed {
    records: u64,
    events: u64,
    state_digest: String,
    event_digest: String,
    equal: bool,
}

/// Says once a second how far a replay is.
#[derive(Debug)]
struct Passing {
    out: Out,
    next: Instant,
}

impl Passing {
    /// Commands between two looks at the clock, which costs as much as applying one.
    const LOOK_EVERY: u64 = 1 << 16;

    fn new(out: Out) -> Self {
        Self {
            out,
            next: Instant::now() + Duration::from_secs(1),
        }
    }
}

impl Trace for Passing {
    const ON: bool = false;
}

impl Observer for Passing {
    fn applied(&mut self, sequenced: &Sequenced, _events: &[Event]) {
        let seq = sequenced.seq.get();
        if seq.is_multiple_of(Self::LOOK_EVERY) && Instant::now() >= self.next {
            self.next = Instant::now() + Duration::from_secs(1);
            self.out.talk(format!("{} commands", count(seq)));
        }
    }
}

/// Replays the journal in `dir` and says whether it gave what the run gave.
pub(crate) fn replay_all(dir: &Path, out: Out) -> Outcome {
    let report = replay(dir, &mut Passing::new(out)).map_err(|error| failure(&error))?;
    say_replay(&report, out);
    out.object(&Replayed {
        records: report.records,
        events: report.events,
        state_digest: hex(report.state_digest),
        event_digest: hex(report.event_digest),
        equal: report.equal(),
    });
    Ok(if report.equal() { Exit::Done } else { Exit::No })
}

fn say_replay(report: &ReplayReport, out: Out) {
    out.data(format!(
        "{} records: {} commands gave {} events",
        count(report.records),
        count(report.commands),
        count(report.events)
    ));
    out.data(format!("state digest  {}", hex(report.state_digest)));
    out.data(format!("event digest  {}", hex(report.event_digest)));
    let last = report.next_seq.get().saturating_sub(1);
    match report.first_difference {
        None => out.data(format!(
            "equal at each of {} marks of the run; proven up to command {} of {last}",
            report.checkpoints, report.proven
        )),
        Some(difference) => {
            out.data(format!(
                "DCX-J007: differs from the run at command {}",
                difference.run.seq
            ));
            let run = difference.run;
            out.data(format!(
                "  run:    state {}, events {}",
                hex(run.state),
                hex(run.events)
            ));
            if let Some(replay) = difference.replay {
                out.data(format!(
                    "  replay: state {}, events {}",
                    hex(replay.state),
                    hex(replay.events)
                ));
            }
        }
    }
    if let Tail::Torn(_) = report.tail {
        out.talk(tail_text(report.tail));
    }
}
