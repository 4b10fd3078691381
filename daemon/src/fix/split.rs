//! Finds messages in logs of any make: lines with something before the message, SOH, `|`, `^A` or
//! `<SOH>` between its fields, or nothing but messages one behind the other.
//!
//! Nothing is refused: what is no message and may have been one is given as it is, with why.

use std::io::{self, Read};
use std::ops::Range;

use dcx_fix::codec::{SOH, data_field_of};
use dcx_fix::{CodecFault, Scan, Scanner};

/// What every message begins with.
const START: &[u8] = b"8=FIX";

/// Longest message, and longest line that is searched for one.
const BYTES_MAX: usize = 1 << 24;

/// What is kept of a line before its message.
const PREFIX_MAX: usize = 256;

/// What is read at once.
const CHUNK: usize = 64 * 1024;

/// Longest `BeginString` (8) behind which a separator is looked for.
const BEGIN_MAX: usize = 16;

/// Bytes by which the start of a message is told from a value that begins with `FIX`.
const FRONT_MAX: usize = BEGIN_MAX + 8;

/// What stands between fields, by how it is written.
const SEPARATORS: [&[u8]; 4] = [&[SOH], b"|", b"^A", b"<SOH>"];

/// A message, or what may have been one.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The line that it begins in, from 1.
    pub(super) line: u64,
    /// The byte of the input that it begins at, from 0.
    pub(super) offset: u64,
    /// What its line holds before it.
    pub(super) prefix: Vec<u8>,
    /// Its bytes, SOH between the fields.
    pub(super) bytes: Vec<u8>,
    /// Tags and values; a field that is none has tag 0.
    pub(super) fields: Vec<(u32, Range<usize>)>,
    /// Why it is no message.
    pub(super) fault: Option<CodecFault>,
}

impl Piece {
    /// The fields in the order of the wire.
    pub(super) fn fields(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let value = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.fields.iter().map(move |(tag, at)| (*tag, value(at)))
    }

    /// The value of the first field with this tag.
    pub(super) fn get(&self, tag: u32) -> Option<&[u8]> {
        let mut fields = self.fields();
        fields
            .find(|(other, _)| *other == tag)
            .map(|(_, value)| value)
    }
}

/// Where a message ends, as far as is known.
enum End {
    /// The message is so long.
    At(usize, Option<CodecFault>),
    /// More has to be read to know.
    Unknown,
}

/// The messages of an input, found while it is read.
#[derive(Debug)]
pub(super) struct Splitter<R> {
    from: R,
    buffer: Vec<u8>,
    /// What lies before this in `buffer` has been given.
    at: usize,
    /// The line of `at`, and the input's byte of the buffer's first.
    line: u64,
    base: u64,
    /// Where the line of `at` begins in `buffer`, if it is still there.
    line_at: usize,
    ended: bool,
}

impl<R: Read> Splitter<R> {
    pub(super) const fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            base: 0,
            line_at: 0,
            ended: false,
        }
    }

    /// Finds the next message; false at the end of the input.
    pub(super) fn next(&mut self, piece: &mut Piece) -> io::Result<bool> {
        let Some(start) = self.find_start()? else {
            return Ok(false);
        };
        self.pass(start);
        loop {
            match self.end() {
                End::At(len, fault) => {
                    self.take(len, fault, piece);
                    return Ok(true);
                }
                End::Unknown => self.fill()?,
            }
        }
    }

    /// Where the next message begins.
    fn find_start(&mut self) -> io::Result<Option<usize>> {
        loop {
            if let Some(found) = start_in(&self.buffer, self.at) {
                return Ok(Some(found));
            }
            if self.ended {
                return Ok(None);
            }
            // The start of one that is not wholly there, and the digit before it, stay.
            let keep = FRONT_MAX;
            self.pass((self.buffer.len().max(keep) - keep).max(self.at));
            self.fill()?;
        }
    }

    /// Goes on to `to`, counting lines.
    fn pass(&mut self, to: usize) {
        let passed = self.buffer.get(self.at..to).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += breaks as u64;
        if let Some(last) = passed.iter().rposition(|byte| *byte == b'\n') {
            self.line_at = self.at + last + 1;
        }
        self.at = to;
    }

    /// Reads more, and forgets what was given.
    fn fill(&mut self) -> io::Result<()> {
        let keep = self.at.saturating_sub(PREFIX_MAX).max(self.line_at);
        let keep = keep.min(self.at);
        self.buffer.drain(..keep);
        self.base += keep as u64;
        self.at -= keep;
        self.line_at = self.line_at.saturating_sub(keep);
        let filled = self.buffer.len();
        // Twice as much each time: what is searched again stays in proportion.
        let room = CHUNK.max(filled);
        self.buffer.resize(filled + room, 0);
        let read = loop {
            match self.from.read(&mut self.buffer[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer
            .truncate(filled + *read.as_ref().unwrap_or(&0).min(&room));
        self.ended = read? == 0;
        Ok(())
    }

    /// Where the message that begins at `at` ends.
    fn end(&self) -> End {
        let rest = &self.buffer[self.at..];
        let open = !self.ended && rest.len() < BYTES_MAX;
        match separator(rest) {
            None if open && rest.len() < FRONT_MAX => End::Unknown,
            None => match damaged(rest) {
                None if open => End::Unknown,
                len => End::At(len.unwrap_or(rest.len()), None),
            },
            Some([SOH]) => self.framed(rest, open),
            Some(_) => match rest.iter().position(|byte| *byte == b'\n') {
                None if open => End::Unknown,
                line => End::At(written_end(&rest[..line.unwrap_or(rest.len())]), None),
            },
        }
    }

    /// The end of a message as it is on the wire.
    fn framed(&self, rest: &[u8], open: bool) -> End {
        match Scanner::new(BYTES_MAX).scan(rest) {
            Scan::Message { len, .. } => End::At(len, None),
            Scan::Incomplete if open && !line_is_over(rest) => End::Unknown,
            Scan::Incomplete => {
                let len = damaged(rest).unwrap_or(rest.len());
                let fault = CodecFault::BodyLengthWrong { body_len: len };
                End::At(len, Some(fault))
            }
            Scan::Garbled { fault, .. } => match damaged(rest) {
                None if open => End::Unknown,
                len => End::At(len.unwrap_or(rest.len()), Some(fault)),
            },
        }
    }

    fn take(&mut self, len: usize, fault: Option<CodecFault>, piece: &mut Piece) {
        let begin = self.line_at.max(self.at.saturating_sub(PREFIX_MAX));
        piece.line = self.line;
        piece.offset = self.base + self.at as u64;
        piece.prefix.clear();
        let prefix = self.buffer.get(begin..self.at).unwrap_or_default();
        piece.prefix.extend_from_slice(prefix.trim_ascii());
        let bytes = &self.buffer[self.at..self.at + len];
        let separator = separator(bytes).unwrap_or(&[SOH]);
        read_fields(bytes, separator, piece);
        piece.fault = match (fault, separator) {
            (Some(fault), _) => Some(claimed(fault, piece)),
            (None, _) => fault_of(&piece.bytes),
        };
        self.pass(self.at + len);
        // What stands before the next message begins here.
        self.line_at = self.at;
    }
}

/// What is wrong with a message.
fn fault_of(bytes: &[u8]) -> Option<CodecFault> {
    match Scanner::new(BYTES_MAX).scan(bytes) {
        Scan::Message { len, .. } if len == bytes.len() => None,
        Scan::Message { .. } | Scan::Incomplete => Some(CodecFault::BodyLengthWrong {
            body_len: bytes.len(),
        }),
        Scan::Garbled { fault, .. } => Some(fault),
    }
}

/// A wrong `BodyLength` (9) with the number that the field says.
fn claimed(fault: CodecFault, piece: &Piece) -> CodecFault {
    let said = piece.get(9).and_then(|value| {
        let text = std::str::from_utf8(value).ok()?;
        text.parse().ok()
    });
    match (fault, said) {
        (CodecFault::BodyLengthWrong { .. }, Some(body_len)) => {
            CodecFault::BodyLengthWrong { body_len }
        }
        (fault, _) => fault,
    }
}

/// Whether these are the first two fields of a message.
fn is_front(bytes: &[u8]) -> bool {
    separator(bytes).is_some_and(|separator| {
        let at = bytes
            .windows(separator.len())
            .position(|part| part == separator);
        let second = at.and_then(|at| bytes.get(at + separator.len()..));
        second.is_some_and(|second| second.starts_with(b"9="))
    })
}

/// The next place where a message may begin: `58=FIX` is none.
fn start_in(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        let found = at + rest.windows(START.len()).position(|part| part == START)?;
        let before = found.checked_sub(1).and_then(|ix| bytes.get(ix));
        // Behind a digit it may be a value, as in 58=FIX; or that field is cut short.
        if !before.is_some_and(u8::is_ascii_digit) || is_front(&bytes[found..]) {
            return Some(found);
        }
        at = found + 1;
    }
}

/// What stands between the fields of the message that begins here.
fn separator(bytes: &[u8]) -> Option<&'static [u8]> {
    let front = bytes.get(..bytes.len().min(BEGIN_MAX))?;
    let places = SEPARATORS.into_iter().filter_map(|separator| {
        let mut parts = front.windows(separator.len());
        let at = parts.position(|part| part == separator)?;
        Some((at, separator))
    });
    places.min_by_key(|(at, _)| *at).map(|(_, found)| found)
}

/// Whether a line ends behind what looks like a trailer: no more of the message comes.
fn line_is_over(bytes: &[u8]) -> bool {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.any(|line| {
        let line = line.strip_suffix(b"\n").map(<[u8]>::trim_ascii_end);
        let trailer = line.and_then(|line| line.last_chunk::<8>());
        matches!(trailer, Some([SOH, b'1', b'0', b'=', _, _, _, SOH]))
    })
}

/// Where what is no message ends: behind its trailer, before the next, or with its line, whatever
/// comes first, so that what comes later changes nothing.
fn damaged(bytes: &[u8]) -> Option<usize> {
    let line = bytes.iter().position(|byte| *byte == b'\n');
    let next = start_in(bytes, START.len());
    let bound = line.into_iter().chain(next).min();
    let within = bytes.get(..bound.unwrap_or(bytes.len()))?;
    let trailer = within.windows(4).position(|part| part == b"\x0110=");
    let trailer = trailer.and_then(|at| {
        let digits = within.get(at + 4..)?;
        Some(at + 4 + digits.iter().position(|byte| *byte == SOH)? + 1)
    });
    trailer.or(bound)
}

/// Where a message ends in its line, whose fields are told apart by something printable.
fn written_end(line: &[u8]) -> usize {
    let line = line.get(..start_in(line, START.len()).unwrap_or(line.len()));
    let line = line.unwrap_or_default().trim_ascii_end();
    let separator = separator(line).unwrap_or(b"|");
    let trailer = [separator, b"10="].concat();
    let found = line
        .windows(trailer.len())
        .rposition(|part| part == trailer);
    let Some(found) = found else {
        return line.len();
    };
    let at = found + trailer.len();
    let digits = line.get(at..).unwrap_or_default();
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let end = at + digits.count();
    match line.get(end..) {
        Some(rest) if rest.starts_with(separator) => end + separator.len(),
        Some(_) | None => end,
    }
}

/// Reads the fields of `bytes`, and writes them with SOH between them.
fn read_fields(bytes: &[u8], separator: &[u8], piece: &mut Piece) {
    piece.bytes.clear();
    piece.fields.clear();
    let written = separator != [SOH];
    // The data field that the last field gave the length of, and that length.
    let mut data = None;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (tag, tag_len) = tag_of(rest);
        let value = rest.get(tag_len..).unwrap_or_default();
        let counted = data
            .filter(|(of, _)| *of == tag)
            .map(|(_, len)| len)
            .filter(|len| is_end(value, *len, separator));
        let len = counted.unwrap_or_else(|| value_len(value, separator, written));
        let (value, rest_at) = (&value[..len], at + tag_len + len + separator.len());
        piece
            .bytes
            .extend_from_slice(rest.get(..tag_len).unwrap_or_default());
        let begin = piece.bytes.len();
        piece.bytes.extend_from_slice(value);
        piece.fields.push((tag, begin..piece.bytes.len()));
        let ends = bytes.len() > at + tag_len + len;
        if ends || written {
            piece.bytes.push(SOH);
        }
        data = data_field_of(tag).zip(number(value));
        at = rest_at;
    }
}

/// The tag at the front and how many bytes it takes with its `=`; 0 and none if there is none.
fn tag_of(bytes: &[u8]) -> (u32, usize) {
    let digits = bytes
        .iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_digit());
    let len = digits.count();
    match (bytes.get(len), number(&bytes[..len])) {
        (Some(b'='), Some(tag)) if tag > 0 => (u32::try_from(tag).unwrap_or(0), len + 1),
        _ => (0, 0),
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    let is_number = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| {
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
    })
}

fn is_end(value: &[u8], len: usize, separator: &[u8]) -> bool {
    let behind = value.get(len..);
    behind.is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

/// How long a value is. What separates fields in a text stands in values, too: there only what a
/// field follows ends one.
fn value_len(value: &[u8], separator: &[u8], written: bool) -> usize {
    let mut at = 0;
    while let Some(rest) = value.get(at..) {
        let found = rest
            .windows(separator.len())
            .position(|part| part == separator);
        let Some(found) = found else {
            break;
        };
        let behind = rest.get(found + separator.len()..).unwrap_or_default();
        if !written || behind.is_empty() || tag_of(behind).1 > 0 {
            return at + found;
        }
        at += found + separator.len();
    }
    value.len()
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
