//! Goal: an engine that is not ours judges messages as we do. Method: messages of three versions,
//! each changed at random, are given to QuickFIX/J's parser and data dictionary
//! (`tests/interop/quickfixj-verdict`) and to ours; where the two say different things a row of
//! [`explained`] has to say why, and so does `docs/protocols/fix-verdicts.md`.
//!
//! Not among the default tests, since it needs Java: `cargo xtask differential` builds what it
//! needs, or says why it cannot.

#[path = "differential/changes.rs"]
mod changes;
#[path = "differential/explained.rs"]
mod explained;
#[path = "differential/seeds.rs"]
mod seeds;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use dcx_fix::{CodecFault, Scan, Switches, Version, scan};

use changes::{Draws, changed, seed_bytes};
use explained::{ROWS, Row};
use seeds::SEEDS;

const JAR: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/interop/quickfixj-verdict/target/verdict.jar"
);

/// More than the other side can hold back before it writes.
const UNDER_WAY_MAX: usize = 65_536;

/// So many messages meet every row.
const ALL_SEEN_FROM: u64 = 1_000_000;

/// Unexplained differences that are shown.
const SHOWN_MAX: usize = 40;

/// What an engine says of a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It may come in.
    Taken,
    /// It is no message.
    Garbled,
    /// `SessionRejectReason` (373) and `RefTagID` (371).
    Rejected(u16, Option<i64>),
    /// It threw what it does not mean to throw.
    Bug(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => write!(f, "taken"),
            Self::Garbled => write!(f, "garbled"),
            Self::Rejected(reason, Some(tag)) => write!(f, "{reason} at {tag}"),
            Self::Rejected(reason, None) => write!(f, "{reason}"),
            Self::Bug(why) => write!(f, "bug: {why}"),
        }
    }
}

/// A message and how it is to be looked at.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) version: Version,
    /// Bit 0: user-defined tags are checked; bit 1: the order within groups is.
    pub(crate) way: u8,
    /// How often the seed was changed.
    pub(crate) changes: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Case {
    fn ours(&self) -> Verdict {
        let switches = Switches {
            user_defined_allowed: self.way & 1 == 0,
            group_order_checked: self.way & 2 != 0,
            ..Switches::default()
        };
        let message = match scan(&self.bytes) {
            Scan::Message { message, len } if len == self.bytes.len() => message,
            Scan::Message { .. } | Scan::Garbled { .. } | Scan::Incomplete => {
                return Verdict::Garbled;
            }
        };
        match self.version.dictionary().validate(&message, &switches) {
            Ok(()) => Verdict::Taken,
            Err(rejection) => Verdict::Rejected(rejection.reason.number(), rejection.ref_tag),
        }
    }

    /// Why it is no message, if it is none.
    pub(crate) fn fault(&self) -> Option<CodecFault> {
        match scan(&self.bytes) {
            Scan::Garbled { fault, .. } => Some(fault),
            Scan::Message { .. } | Scan::Incomplete => None,
        }
    }

    /// The fields as they stand, whatever they mean.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let pieces = self.bytes.split(|byte| *byte == 1);
        pieces.filter(|piece| !piece.is_empty()).map(|piece| {
            let place = piece.iter().position(|byte| *byte == b'=');
            let (tag, value) = piece.split_at(place.unwrap_or(piece.len()));
            (tag, value.get(1..).unwrap_or_default())
        })
    }

    /// The fields whose tags are numbers, which `01` is too.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (i64, &[u8])> {
        self.fields().filter_map(|(tag, value)| {
            let tag = std::str::from_utf8(tag).ok()?.parse().ok()?;
            Some((tag, value))
        })
    }

    /// The value of a field where it first stands.
    pub(crate) fn value(&self, tag: i64) -> Option<&[u8]> {
        let (_, value) = self.numbered().find(|(other, _)| *other == tag)?;
        Some(value)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |byte: &u8| if *byte == 1 { '|' } else { char::from(*byte) };
        let text: String = self.bytes.iter().map(shown).collect();
        let text = text.escape_debug();
        write!(f, "{} way {}: {text}", self.version.name(), self.way)
    }
}

fn read(line: &str) -> Verdict {
    if line == "ok" {
        return Verdict::Taken;
    }
    if line.starts_with("garbled") {
        return Verdict::Garbled;
    }
    if let Some(why) = line.strip_prefix("bug ") {
        return Verdict::Bug(why.to_owned());
    }
    let mut words = line.split(' ');
    let reason = words.next().and_then(|word| word.parse().ok());
    let reason = reason.unwrap_or_else(|| panic!("no verdict: {line}"));
    let tag = words.next().and_then(|word| word.parse().ok());
    Verdict::Rejected(reason, tag)
}

fn from_env(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// QuickFIX/J, with a case after the other on its way to it.
fn start(cases: impl Iterator<Item = Case> + Send + 'static) -> (Child, Receiver<Case>) {
    assert!(
        Path::new(JAR).exists(),
        "build it first: cargo xtask differential"
    );
    let mut child = Command::new("java")
        .args(["-Xmx512m", "-jar", JAR])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("java starts");
    let mut input = BufWriter::new(child.stdin.take().expect("it was piped"));
    let (under_way, cases_out) = sync_channel(UNDER_WAY_MAX);
    std::thread::spawn(move || {
        for case in cases {
            let version = Version::ALL.iter().position(|one| *one == case.version);
            let version = u8::try_from(version.expect("one of all")).expect("a few");
            let len = u32::try_from(case.bytes.len()).expect("messages are short");
            let written = input
                .write_all(&[version, case.way])
                .and_then(|()| input.write_all(&len.to_be_bytes()))
                .and_then(|()| input.write_all(&case.bytes));
            if written.is_err() || under_way.send(case).is_err() {
                return;
            }
        }
    });
    (child, cases_out)
}

/// Every seed as it is, and then so many that were changed.
fn cases(seed: u64, count: u64) -> impl Iterator<Item = Case> + Send + 'static {
    let whole = SEEDS.iter().flat_map(|seed| {
        (0..4).map(move |way| Case {
            version: seed.version,
            way,
            changes: 0,
            bytes: seed_bytes(seed),
        })
    });
    let mut draws = Draws::new(seed);
    whole.chain((0..count).map(move |_| changed(&mut draws)))
}

#[test]
fn quickfixj_judges_changed_messages_as_we_do_but_for_what_is_explained() {
    let seed = from_env("DCX_DIFFERENTIAL_SEED", 1);
    let count = from_env("DCX_DIFFERENTIAL_MESSAGES", 60_000);
    let (mut child, under_way) = start(cases(seed, count));
    let lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();

    let mut verdicts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut differences: BTreeMap<&str, u64> = BTreeMap::new();
    let mut unexplained: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut all = 0_u64;
    for line in lines {
        let case = under_way.recv().expect("a case for every line");
        let (ours, theirs) = (case.ours(), read(&line.expect("QuickFIX/J answers")));
        all += 1;
        if case.changes == 0 {
            assert_eq!(
                (&ours, &theirs),
                (&Verdict::Taken, &Verdict::Taken),
                "{case}"
            );
        }
        *verdicts.entry(name_of(&ours)).or_default() += 1;
        if ours == theirs {
            continue;
        }
        match ROWS.iter().find(|row| (row.holds)(&case, &ours, &theirs)) {
            Some(Row { name, .. }) => *differences.entry(name).or_default() += 1,
            None => {
                let kind = match (&ours, &theirs) {
                    (Verdict::Taken, _) | (_, Verdict::Taken) => format!("{ours}, they {theirs}"),
                    _ => format!("{}, they {}", kind_of(&ours), kind_of(&theirs)),
                };
                let example = || (0, format!("{ours}, they {theirs}: {case}"));
                unexplained.entry(kind).or_insert_with(example).0 += 1;
            }
        }
    }
    assert!(child.wait().expect("java is waited for").success());

    println!("{all} messages, seed {seed}; ours {verdicts:?}");
    for (name, count) in &differences {
        println!("{count:8} {name}");
    }
    for (kind, (count, example)) in unexplained.iter().take(SHOWN_MAX) {
        println!("UNEXPLAINED {count} {kind}; {example}");
    }
    assert!(
        unexplained.is_empty(),
        "{} kinds of difference",
        unexplained.len()
    );
    assert_eq!(
        all,
        count + 4 * SEEDS.len() as u64,
        "every message was judged"
    );
    for verdict in ["taken", "garbled", "rejected"] {
        let share = verdicts.get(verdict).copied().unwrap_or(0);
        assert!(share * 50 > all, "{verdict}: only {share} of {all}");
    }
    // Some are too rare for a short run.
    for row in ROWS.iter().filter(|_| count >= ALL_SEEN_FROM) {
        assert!(
            differences.contains_key(row.name),
            "never seen: {}",
            row.name
        );
    }
}

const fn name_of(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Taken => "taken",
        Verdict::Garbled => "garbled",
        Verdict::Rejected(..) => "rejected",
        Verdict::Bug(_) => "bug",
    }
}

/// The verdict without its tag: what differences are counted by.
fn kind_of(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Rejected(reason, _) => format!("rejected for {reason}"),
        Verdict::Taken | Verdict::Garbled | Verdict::Bug(_) => name_of(verdict).to_owned(),
    }
}

#[test]
fn the_page_explains_every_row_and_no_other() {
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/protocols/fix-verdicts.md"
    );
    let page = std::fs::read_to_string(page).expect("the page is there");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut named: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    let mut rows: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    named.sort_unstable();
    rows.sort_unstable();
    assert_eq!(named, rows);
}
