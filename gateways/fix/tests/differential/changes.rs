//! Messages that are nearly right: seeds, changed at random and framed anew, or not.

use dcx_fix::Version;
use dcx_fix::dictionary::Kind;

use super::Case;
use super::seeds::{SEEDS, Seed};

/// Numbers that are the same in every run of a seed.
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("64 bits") % bound.max(1)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

type Field = (Vec<u8>, Vec<u8>);

/// What every header has behind the type.
const HEADER: &str = "49=A|56=B|34=2|52=20260102-03:04:05|";

const VALUES: &[&[u8]] = &[
    b"0",
    b"1",
    b"2",
    b"3",
    b"-1",
    b"+1",
    b"00",
    b"1.5",
    b".5",
    b"5.",
    b"-.5",
    b"1e3",
    b" 1",
    b"1 ",
    b"Y",
    b"N",
    b"y",
    b"A",
    b"w",
    b"AB",
    b"1 6",
    b"1  6",
    b"EURUSD",
    b"20260102",
    b"20261302",
    b"20260102-03:04:05",
    b"20260102-03:04:05.123",
    b"20260102-03:04:05.123456789",
    b"20260102-03:04:60",
    b"20260102-24:00:00",
    b"20260230-03:04:05",
    b"20260102 03:04:05",
    b"03:04:05",
    b"99999999999999999999",
    b"2147483648",
    b"4294967296",
    b"x",
    b"\xe9",
    b"202601",
    b"202601w2",
    b"USD",
    b"XNYS",
    b"-",
    b".",
    b"1,5",
    b"0x1",
];

const TAGS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"01",
    b"+1",
    b"",
    b"x",
    b"1x",
    b" 55",
    b"999",
    b"1999",
    b"5000",
    b"5001",
    b"9999",
    b"20001",
    b"65536",
    b"2147483647",
    b"2147483648",
    b"99999999999",
    b"8",
    b"9",
    b"10",
    b"35",
    b"34",
    b"49",
    b"43",
    b"52",
    b"90",
    b"91",
    b"95",
    b"96",
    b"212",
    b"213",
    b"354",
    b"355",
    b"89",
    b"93",
];

const TYPES: &[&[u8]] = &[
    b"0", b"1", b"A", b"D", b"8", b"F", b"G", b"V", b"W", b"X", b"AE", b"BE", b"CA", b"*", b"DD",
    b"", b"U1", b"d", b"j",
];

/// The message of a seed as it is.
pub(crate) fn seed_bytes(seed: &Seed) -> Vec<u8> {
    framed(seed.version, &fields_of(seed))
}

/// A seed, changed.
pub(crate) fn changed(draws: &mut Draws) -> Case {
    let seed = &SEEDS[draws.below(SEEDS.len())];
    let changes = 1 + usize::from(draws.one_in(4)) + usize::from(draws.one_in(8));
    let mut fields = fields_of(seed);
    for _ in 0..changes {
        change(draws, seed.version, &mut fields);
    }
    let mut bytes = framed(seed.version, &fields);
    if draws.one_in(12) {
        spoil(draws, &mut bytes);
    }
    Case {
        version: seed.version,
        way: u8::try_from(draws.below(4)).expect("two bits"),
        changes: changes as u64,
        bytes,
    }
}

/// The fields behind `BodyLength` (9). Data is kept whole: `|` within it stands for itself.
fn fields_of(seed: &Seed) -> Vec<Field> {
    let text = format!("35={}|{HEADER}{}{}", seed.msg_type, seed.header, seed.body);
    let mut fields: Vec<Field> = Vec::new();
    for piece in text.split_terminator('|') {
        match piece.split_once('=') {
            Some((tag, value)) if tag.bytes().all(|byte| byte.is_ascii_digit()) => {
                fields.push((tag.into(), value.into()));
            }
            _ => {
                let (_, value) = fields.last_mut().expect("data is not first");
                value.push(b'|');
                value.extend_from_slice(piece.as_bytes());
            }
        }
    }
    fields
}

fn framed(version: Version, fields: &[Field]) -> Vec<u8> {
    let mut body = Vec::new();
    for (tag, value) in fields {
        body.extend_from_slice(tag);
        body.push(b'=');
        body.extend_from_slice(value);
        body.push(1);
    }
    let mut bytes = format!("8={}\x019={}\x01", version.begin_string(), body.len()).into_bytes();
    bytes.extend_from_slice(&body);
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    bytes
}

/// Any place but that of the type.
fn place(draws: &mut Draws, fields: &[Field]) -> usize {
    1 + draws.below(fields.len() - 1)
}

fn change(draws: &mut Draws, version: Version, fields: &mut Vec<Field>) {
    if fields.len() < 3 {
        return;
    }
    let at = place(draws, fields);
    match draws.below(12) {
        0 => {
            fields.remove(at);
        }
        1 => {
            let again = fields[at].clone();
            let to = if draws.one_in(2) {
                at
            } else {
                place(draws, fields)
            };
            fields.insert(to, again);
        }
        2 => {
            let other = place(draws, fields);
            fields.swap(at, other);
        }
        3 => fields[at].1 = draws.one_of(VALUES).to_vec(),
        4 => fields[at].1 = fitting(draws, version, &fields[at].0),
        5 => fields[at].0 = tag(draws, version),
        6 => {
            let tag = tag(draws, version);
            let value = fitting(draws, version, &tag);
            fields.insert(at, (tag, value));
        }
        7 => {
            let text = std::str::from_utf8(&fields[at].1).ok();
            if let Some(number) = text.and_then(|text| text.parse::<u64>().ok()) {
                let other = if draws.one_in(2) {
                    number + 1
                } else {
                    number.saturating_sub(1)
                };
                fields[at].1 = other.to_string().into_bytes();
            }
        }
        8 => {
            let moved = fields.remove(at);
            let to = place(draws, fields);
            fields.insert(to, moved);
        }
        9 => fields[at].1.clear(),
        10 if draws.one_in(2) => fields[0].1 = draws.one_of(TYPES).to_vec(),
        // A run again: an entry of a group more, or doubles.
        10 => {
            let end = fields.len().min(at + 1 + draws.below(4));
            let run = fields[at..end].to_vec();
            fields.splice(end..end, run);
        }
        _ => {
            let tag = draws.one_of(TAGS).to_vec();
            fields.push((tag, draws.one_of(VALUES).to_vec()));
        }
    }
}

/// A tag: one that the version knows, more often than not.
fn tag(draws: &mut Draws, version: Version) -> Vec<u8> {
    if draws.one_in(4) {
        return draws.one_of(TAGS).to_vec();
    }
    let dictionary = version.dictionary();
    for _ in 0..20 {
        let tag = 1 + draws.below(1_620);
        let known = u32::try_from(tag)
            .ok()
            .and_then(|tag| dictionary.field_name(tag));
        if known.is_some() {
            return tag.to_string().into_bytes();
        }
    }
    draws.below(3_000).to_string().into_bytes()
}

/// A value of the field's form, or any.
fn fitting(draws: &mut Draws, version: Version, tag: &[u8]) -> Vec<u8> {
    let tag = std::str::from_utf8(tag)
        .ok()
        .and_then(|tag| tag.parse().ok());
    let kind = tag.and_then(|tag| version.dictionary().kind(tag));
    let fit: &[&[u8]] = match kind {
        _ if draws.one_in(6) => VALUES,
        None => VALUES,
        Some(Kind::Text) => &[b"A", b"1", b"0", b"2", b"USD", b"x y"],
        Some(Kind::Char) => &[b"0", b"1", b"2", b"A", b"D"],
        Some(Kind::Boolean) => &[b"Y", b"N"],
        Some(Kind::Float) => &[b"1", b"0.5", b"-2.25", b"100"],
        Some(Kind::Int) => &[b"0", b"1", b"2", b"-1", b"99"],
        Some(Kind::Uint) => &[b"0", b"1", b"2", b"12"],
        Some(Kind::Multiple) => &[b"1", b"1 6", b"A B"],
        Some(Kind::UtcTimestamp) => &[b"20260102-03:04:05", b"20260102-03:04:05.123"],
        Some(Kind::UtcTimeOnly) => &[b"03:04:05", b"03:04:05.123"],
        Some(Kind::Date) => &[b"20260102", b"19991231"],
        Some(Kind::Data) => &[b"x", b"xy"],
    };
    draws.one_of(fit).to_vec()
}

/// Changes bytes and leaves length and sum as they were.
fn spoil(draws: &mut Draws, bytes: &mut Vec<u8>) {
    let at = draws.below(bytes.len());
    match draws.below(5) {
        0 => bytes.truncate(at),
        1 => bytes[at] = u8::try_from(draws.below(256)).expect("a byte"),
        2 => {
            bytes.remove(at);
        }
        3 => bytes.insert(at, b'0'),
        _ => {
            // The length, right or wrong in another way.
            let text = String::from_utf8_lossy(bytes).into_owned();
            let wrong = ["9=0", "9=00", "9=-", "9=+", "9= ", "9=9999"];
            let wrong = wrong[draws.below(wrong.len())];
            *bytes = text.replacen("9=", wrong, 1).into_bytes();
        }
    }
}
