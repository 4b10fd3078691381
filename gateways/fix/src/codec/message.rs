//! One whole message, read in place.

use std::fmt;

use dcx_model::{Price, Qty, Text, UnixNanos};

use super::word::{WORD_LEN, find, first, word_at};
use super::{
    CHECK_SUM, CodecFault, FieldFault, MSG_SEQ_NUM, POSS_DUP_FLAG, POSS_RESEND, SOH, Scan,
    ValueFault, scan, value,
};

/// Fields whose places are remembered. Those behind them are found by reading again.
const INDEXED_MAX: usize = 56;

/// Longest message that is indexed: places are kept in 16 bits.
const NARROW_MAX: usize = 0xffff;

/// Largest tag that is indexed: tags are kept in 16 bits.
const TAG_INDEXED_MAX: u32 = 0xffff;

/// A message whose frame, check sum and fields are in order, borrowed from the bytes it came in.
///
/// Fields stand in the order of the wire, from `BeginString` (8) to `CheckSum` (10), repeating
/// groups included. Nothing is known here of which fields belong in it.
///
/// # Cost
/// A look-up compares tags one after the other in an index of the first 56 fields.
/// Bench: `codec/decode NewOrderSingle`.
#[derive(Clone)]
pub struct Message<'a> {
    raw: &'a [u8],
    /// Where CheckSum (10) begins.
    trailer_at: usize,
    /// What stands in for a tag that no field can have, e.g. 0 or −1.
    invalid_tag: Option<i64>,
    /// Entries of `index` in use.
    indexed: usize,
    /// Where reading goes on behind the indexed fields.
    rest_at: usize,
    index: [Entry; INDEXED_MAX],
}

#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    start: u16,
    end: u16,
}

impl<'a> Message<'a> {
    /// Reads `raw`, which must be exactly one message.
    ///
    /// # Errors
    /// What [`scan`] finds wrong with it; [`CodecFault::BodyLengthWrong`] when bytes are missing
    /// or left over.
    pub fn parse(raw: &'a [u8]) -> Result<Self, CodecFault> {
        match scan(raw) {
            Scan::Message { message, len } if len == raw.len() => Ok(message),
            Scan::Message { .. } | Scan::Incomplete => Err(CodecFault::BodyLengthWrong {
                body_len: raw.len(),
            }),
            Scan::Garbled { fault, .. } => Err(fault),
        }
    }

    /// The message of a frame whose length and check sum have been verified, its fields not read.
    #[inline]
    pub(super) const fn unread(raw: &'a [u8], trailer_at: usize) -> Self {
        Self {
            raw,
            trailer_at,
            invalid_tag: None,
            indexed: 0,
            rest_at: 0,
            index: [Entry::NONE; INDEXED_MAX],
        }
    }

    /// Reads the fields, in place: a message is too large to be moved around.
    #[inline]
    pub(super) fn read_fields(&mut self) -> Result<(), CodecFault> {
        let raw = self.raw;
        if raw.len() > NARROW_MAX {
            return self.index_slowly();
        }
        let (mut field_at, mut count, mut at) = (0, 0, 0);
        // Every word that is looked through ends before the message does: behind the fields
        // stands the trailer, which has been looked at and is seven bytes long.
        'message: while at < self.trailer_at
            && let Some(word) = word_at(raw, at)
        {
            let mut ends = find(word, SOH);
            while ends != 0 {
                let end = at.wrapping_add(first(ends));
                let Some((tag, tag_len)) = plain_tag(raw, field_at) else {
                    break 'message;
                };
                let Some(entry) = self.index.get_mut(count) else {
                    break 'message;
                };
                if is_length(tag) || tag > TAG_INDEXED_MAX {
                    break 'message;
                }
                *entry = Entry::new(tag, field_at.wrapping_add(tag_len + 1), end);
                count = count.wrapping_add(1);
                field_at = end.wrapping_add(1);
                ends &= ends.wrapping_sub(1);
            }
            at = at.wrapping_add(WORD_LEN);
        }
        if field_at == self.trailer_at
            && let Some(entry) = self.index.get_mut(count)
        {
            *entry = Entry::new(CHECK_SUM, raw.len() - 4, raw.len() - 1);
            count += 1;
            field_at = raw.len();
        }
        self.indexed = count;
        self.rest_at = field_at;
        match field_at < raw.len() {
            true => self.index_slowly(),
            false => Ok(()),
        }
    }

    /// Goes on where something is unusual: data, an odd tag, more fields than the index takes.
    #[cold]
    fn index_slowly(&mut self) -> Result<(), CodecFault> {
        let mut reader = Reader::at(self.raw, self.rest_at);
        while reader.at < self.raw.len() {
            let field = reader.next()?;
            if field.tag == 0 && self.invalid_tag.is_none() {
                self.invalid_tag = field.invalid_tag;
            }
            // A length field stays with its data: reading that goes on behind the index begins
            // with a field that needs no other.
            let closed = reader.data.0 == 0;
            let fits = self.raw.len() <= NARROW_MAX && field.tag <= TAG_INDEXED_MAX;
            if fits && self.indexed + usize::from(!closed) < INDEXED_MAX {
                self.index[self.indexed] = Entry::new(field.tag, field.start, field.end);
                self.indexed += 1;
                self.rest_at = reader.at;
            } else if self.rest_at == 0 || reader.at > self.rest_at {
                return self.check_rest(reader);
            }
        }
        Ok(())
    }

    fn check_rest(&mut self, mut reader: Reader<'a>) -> Result<(), CodecFault> {
        while reader.at < self.raw.len() {
            let field = reader.next()?;
            if field.tag == 0 && self.invalid_tag.is_none() {
                self.invalid_tag = field.invalid_tag;
            }
        }
        Ok(())
    }

    /// The bytes, from `8=` to the last SOH.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// `MsgType` (35), the third field of every message.
    #[must_use]
    pub fn msg_type(&self) -> &'a [u8] {
        match self.index.get(2) {
            Some(entry) if self.indexed > 2 => entry.value(self.raw),
            Some(_) | None => self.fields().nth(2).map_or(&[], |(_, value)| value),
        }
    }

    /// `BeginString` (8), the first field of every message.
    #[must_use]
    pub fn begin_string(&self) -> &'a [u8] {
        match self.fields().next() {
            Some((_, value)) => value,
            None => &[],
        }
    }

    /// `MsgSeqNum` (34).
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing or not a number.
    pub fn msg_seq_num(&self) -> Result<u64, FieldFault> {
        self.uint(MSG_SEQ_NUM)
    }

    /// Whether `PossDupFlag` (43) is `Y`: the number was used before.
    #[must_use]
    pub fn poss_dup(&self) -> bool {
        self.get(POSS_DUP_FLAG) == Some(b"Y")
    }

    /// Whether `PossResend` (97) is `Y`: the content may have come before under another number.
    #[must_use]
    pub fn poss_resend(&self) -> bool {
        self.get(POSS_RESEND) == Some(b"Y")
    }

    /// The first tag that is a number but not one of a field: 0, negative or above 2³¹ − 1.
    /// [`fields`](Self::fields) shows it as 0.
    #[must_use]
    pub const fn invalid_tag(&self) -> Option<i64> {
        self.invalid_tag
    }

    /// Tags and values in the order of the wire.
    #[must_use]
    pub const fn fields(&self) -> Fields<'_, 'a> {
        Fields {
            message: self,
            ix: 0,
            reader: Reader::at(self.raw, self.rest_at),
        }
    }

    /// The bytes from the first field that is not of the header up to the trailer.
    ///
    /// `is_header` says which tags the header has.
    pub(crate) fn body(&self, is_header: impl Fn(u32) -> bool) -> &'a [u8] {
        let mut at = 0;
        for (tag, value) in self.fields() {
            if !is_header(tag) {
                break;
            }
            at = self.offset_of(value) + value.len() + 1;
        }
        self.raw.get(at..self.trailer_at).unwrap_or_default()
    }

    /// The bytes behind the first `count` fields, up to the trailer.
    pub(crate) fn body_behind(&self, count: usize) -> &'a [u8] {
        let last = count.checked_sub(1).and_then(|ix| self.fields().nth(ix));
        let at = last.map_or(0, |(_, value)| self.offset_of(value) + value.len() + 1);
        self.raw.get(at..self.trailer_at).unwrap_or_default()
    }

    /// Where `value`, a part of this message, begins in it.
    fn offset_of(&self, value: &[u8]) -> usize {
        value.as_ptr().addr() - self.raw.as_ptr().addr()
    }

    /// The value of the first field with this tag.
    #[must_use]
    pub fn get(&self, tag: u32) -> Option<&'a [u8]> {
        let indexed = &self.index[..self.indexed];
        match indexed.iter().find(|entry| u32::from(entry.tag) == tag) {
            Some(entry) => Some(entry.value(self.raw)),
            None if self.rest_at == self.raw.len() => None,
            None => self.get_behind_index(tag),
        }
    }

    #[cold]
    fn get_behind_index(&self, tag: u32) -> Option<&'a [u8]> {
        let mut behind = self.fields().skip(self.indexed);
        behind
            .find(|(other, _)| *other == tag)
            .map(|(_, value)| value)
    }

    fn read<T>(
        &self,
        tag: u32,
        read: impl Fn(&[u8]) -> Result<T, ValueFault>,
    ) -> Result<T, FieldFault> {
        let value = self.get(tag).ok_or(FieldFault::Missing { tag })?;
        read(value).map_err(|why| FieldFault::Malformed { tag, why })
    }

    /// A `Price` field.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing or cannot be held exactly.
    pub fn price(&self, tag: u32) -> Result<Price, FieldFault> {
        self.read(tag, value::price)
    }

    /// A `Qty` field.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing, negative or cannot be held exactly.
    pub fn qty(&self, tag: u32) -> Result<Qty, FieldFault> {
        self.read(tag, value::qty)
    }

    /// A field of digits only: `SeqNum`, `Length`, `NumInGroup`, an unsigned `int`.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing or not an unsigned integer of 64 bits.
    pub fn uint(&self, tag: u32) -> Result<u64, FieldFault> {
        self.read(tag, value::uint)
    }

    /// A `char` field.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing or not one byte.
    pub fn char(&self, tag: u32) -> Result<u8, FieldFault> {
        self.read(tag, value::char)
    }

    /// A `Boolean` field.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing or neither `Y` nor `N`.
    pub fn bool(&self, tag: u32) -> Result<bool, FieldFault> {
        self.read(tag, value::bool)
    }

    /// A `UTCTimestamp` field with no, 3, 6 or 9 decimals.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing or no moment from 1970 on.
    pub fn utc_timestamp(&self, tag: u32) -> Result<UnixNanos, FieldFault> {
        self.read(tag, value::utc_timestamp)
    }

    /// A text of at most `N` bytes of printable ASCII.
    ///
    /// # Errors
    /// [`FieldFault`] when it is missing, longer, or not printable.
    pub fn text<const N: usize>(&self, tag: u32) -> Result<Text<N>, FieldFault> {
        self.read(tag, value::text)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self
            .raw
            .iter()
            .map(|byte| if *byte == SOH { '|' } else { char::from(*byte) })
            .collect();
        f.debug_tuple("Message").field(&text).finish()
    }
}

impl Entry {
    const NONE: Self = Self {
        tag: 0,
        start: 0,
        end: 0,
    };

    #[expect(
        clippy::cast_possible_truncation,
        reason = "neither tags nor messages above 65,535 are indexed"
    )]
    const fn new(tag: u32, start: usize, end: usize) -> Self {
        Self {
            tag: tag as u16,
            start: start as u16,
            end: end as u16,
        }
    }

    fn value<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        &raw[usize::from(self.start)..usize::from(self.end)]
    }
}

/// The fields of a [`Message`] in the order of the wire.
#[derive(Clone, Debug)]
pub struct Fields<'m, 'a> {
    message: &'m Message<'a>,
    ix: usize,
    reader: Reader<'a>,
}

impl<'a> Iterator for Fields<'_, 'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let message = self.message;
        if self.ix < message.indexed {
            let entry = &message.index[self.ix];
            self.ix += 1;
            return Some((u32::from(entry.tag), entry.value(message.raw)));
        }
        if self.reader.at >= message.raw.len() {
            return None;
        }
        let field = self.reader.next().ok()?;
        Some((field.tag, &message.raw[field.start..field.end]))
    }
}

/// The fields of a body that stands by itself: what comes between header and trailer.
#[derive(Clone, Debug)]
pub struct BodyFields<'a> {
    reader: Reader<'a>,
}

impl<'a> BodyFields<'a> {
    /// The fields of `body`. They end where one cannot be read.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self {
            reader: Reader::at(body, 0),
        }
    }
}

impl<'a> Iterator for BodyFields<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let raw = self.reader.raw;
        if self.reader.at >= raw.len() {
            return None;
        }
        let field = self.reader.next().ok()?;
        Some((field.tag, raw.get(field.start..field.end)?))
    }
}

/// The tag at `at` and its length, if it is plain: one to seven digits, not zero.
#[inline]
fn plain_tag(raw: &[u8], at: usize) -> Option<(u32, usize)> {
    let front: &[u8; WORD_LEN] = raw.get(at..)?.first_chunk()?;
    let mut tag: u32 = 0;
    for (len, byte) in front.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (*byte == b'=' && tag != 0).then_some((tag, len));
        }
        tag = tag.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    None
}

/// A field as the reader finds it: its value is `start..end`.
struct Field {
    tag: u32,
    invalid_tag: Option<i64>,
    start: usize,
    end: usize,
}

/// Reads fields one after the other from bytes that end with SOH.
#[derive(Clone, Debug)]
struct Reader<'a> {
    raw: &'a [u8],
    at: usize,
    /// The data field that the last field gave the length of, and that length; tag 0: none.
    data: (u32, usize),
}

impl<'a> Reader<'a> {
    const fn at(raw: &'a [u8], at: usize) -> Self {
        Self {
            raw,
            at,
            data: (0, 0),
        }
    }

    fn next(&mut self) -> Result<Field, CodecFault> {
        let begin = self.at;
        let raw = self.raw;
        let mut at = begin;
        let mut number: u64 = 0;
        let mut field = loop {
            match raw.get(at) {
                Some(digit @ b'0'..=b'9') => {
                    // What wraps has more digits than a tag may have, and is found odd below.
                    number = number
                        .wrapping_mul(10)
                        .wrapping_add(u64::from(digit - b'0'));
                    at += 1;
                }
                Some(b'=') if at > begin && at - begin <= 9 && number != 0 => {
                    break Field {
                        #[expect(clippy::cast_possible_truncation, reason = "nine digits")]
                        tag: number as u32,
                        invalid_tag: None,
                        start: at + 1,
                        end: at + 1,
                    };
                }
                Some(_) | None => break odd_tag(raw, begin)?,
            }
        };
        if self.data.0 == field.tag && field.tag != 0 {
            return self.data_field(field);
        }
        let mut end = field.start;
        while let Some(byte) = raw.get(end)
            && *byte != SOH
        {
            end += 1;
        }
        field.end = end;
        self.at = end + 1;
        self.data = match data_field_of(field.tag) {
            Some(tag) => (tag, data_len(&raw[field.start..end])),
            None => (0, 0),
        };
        Ok(field)
    }

    #[cold]
    fn data_field(&mut self, mut field: Field) -> Result<Field, CodecFault> {
        let wrong = CodecFault::DataLengthWrong { tag: field.tag };
        let end = field.start.checked_add(self.data.1).ok_or(wrong)?;
        if self.raw.get(end) != Some(&SOH) {
            return Err(wrong);
        }
        field.end = end;
        self.at = end + 1;
        self.data = (0, 0);
        Ok(field)
    }
}

/// A length that is no number leads nowhere, and the data field is then found wrong.
fn data_len(value: &[u8]) -> usize {
    value::uint(value)
        .ok()
        .and_then(|len| usize::try_from(len).ok())
        .unwrap_or(usize::MAX)
}

/// A tag that is an integer and yet no tag is let through, to be rejected by name; anything else
/// in its place garbles the message (QuickFIX acceptance tests 14a and 2d).
#[cold]
fn odd_tag(raw: &[u8], begin: usize) -> Result<Field, CodecFault> {
    let garbled = CodecFault::TagMalformed { at: begin };
    let field = raw.get(begin..).unwrap_or_default();
    let len = field.iter().position(|byte| *byte == b'=').ok_or(garbled)?;
    let number = std::str::from_utf8(&field[..len])
        .ok()
        .filter(|text| !text.starts_with('+'))
        .and_then(|text| text.parse::<i64>().ok())
        .ok_or(garbled)?;
    let start = begin + len + 1;
    match u32::try_from(number) {
        Ok(tag @ 1..=0x7fff_ffff) => Ok(Field {
            tag,
            invalid_tag: None,
            start,
            end: start,
        }),
        _ => Ok(Field {
            tag: 0,
            invalid_tag: Some(number),
            start,
            end: start,
        }),
    }
}

/// Whether a field gives the length of a data field.
#[inline]
fn is_length(tag: u32) -> bool {
    LENGTHS.get(tag as usize) == Some(&true)
}

/// What [`data_field_of`] knows, by tag.
static LENGTHS: [bool; 1536] = {
    let mut lengths = [false; 1536];
    let (mut tag, mut at) = (0, 0);
    while at < lengths.len() {
        lengths[at] = data_field_of(tag).is_some();
        (tag, at) = (tag + 1, at + 1);
    }
    lengths
};

/// The data field whose length a length field gives (FIX 4.4 vol. 1, data type `data`), of all
/// versions: a tag means the same in each.
#[must_use]
pub const fn data_field_of(tag: u32) -> Option<u32> {
    match tag {
        90 => Some(91),
        93 => Some(89),
        95 => Some(96),
        212 => Some(213),
        348 | 350 | 352 | 354 | 356 | 358 | 360 | 362 | 364 | 445 | 618 | 621 | 1184 | 1277
        | 1280 | 1282 | 1397 | 1401 | 1403 | 1468 => Some(tag + 1),
        _ => None,
    }
}
