//! Messages to bytes.

use std::ops::Range;

use dcx_model::{Price, Qty, SCALE, UnixNanos};

use super::scan::check_sum;
use super::{SOH, UtcTimestamp};

/// Room kept before the third field for `8=…|9=…|`, written last.
const FRONT_LEN: usize = 32;

/// Digits that are made at once.
const GROUP: usize = 8;

/// Digits of the largest number, in whole groups.
const DIGITS_MAX: usize = 3 * GROUP;

/// Room made for the rest of a message at once.
const RESERVE: usize = 512;

/// The header fields that differ from message to message.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `MsgType` (35).
    pub msg_type: &'a [u8],
    /// `MsgSeqNum` (34).
    pub msg_seq_num: u64,
    /// `SendingTime` (52).
    pub sending_time: UnixNanos,
    /// `OrigSendingTime` (122) as text; with it goes `PossDupFlag` (43) `Y`.
    pub orig_sending_time: Option<&'a [u8]>,
    /// Whether `PossResend` (97) is `Y`.
    pub poss_resend: bool,
}

impl<'a> Head<'a> {
    /// The header of a message sent for the first time.
    #[must_use]
    pub const fn new(msg_type: &'a [u8], msg_seq_num: u64, sending_time: UnixNanos) -> Self {
        Self {
            msg_type,
            msg_seq_num,
            sending_time,
            orig_sending_time: None,
            poss_resend: false,
        }
    }
}

/// Writes whole messages of one session.
///
/// Header fields come in ascending order of their tags behind `MsgType` (35), as the acceptance
/// suite expects; `BodyLength` (9) has no leading zero.
///
/// # Cost
/// One pass and the sum; no allocation once the buffer has grown.
/// Bench: `codec/encode ExecutionReport`.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// `8=…|9=`.
    front: Vec<u8>,
    /// `49=…|`.
    sender: Vec<u8>,
    /// `56=…|`.
    target: Vec<u8>,
    clock: UtcTimestamp,
}

impl Encoder {
    /// An encoder for the session of `begin_string`, `sender_comp_id` and `target_comp_id`.
    #[must_use]
    pub fn new(begin_string: &[u8], sender_comp_id: &[u8], target_comp_id: &[u8]) -> Self {
        let field = |tag: &[u8], value: &[u8]| [tag, b"=", value, &[SOH]].concat();
        Self {
            front: [&field(b"8", begin_string), b"9=".as_slice()].concat(),
            sender: field(b"49", sender_comp_id),
            target: field(b"56", target_comp_id),
            clock: UtcTimestamp::new(),
        }
    }

    /// Replaces what `out` holds by one message and returns its bytes.
    ///
    /// `write` writes the fields between header and trailer; header fields other than those of
    /// `head` (e.g. 115, 128) come first there.
    pub fn encode<'o>(
        &mut self,
        out: &'o mut Vec<u8>,
        head: &Head<'_>,
        write: impl FnOnce(&mut Body<'_>),
    ) -> &'o [u8] {
        let front_len = FRONT_LEN.max(self.front.len() + 21);
        out.clear();
        out.resize(front_len, 0);
        out.reserve(RESERVE);
        let mut body = Body {
            out,
            clock: self.clock,
        };
        self.head(&mut body, head);
        write(&mut body);
        self.clock = body.clock;
        let range = self.close(out, front_len);
        &out[range]
    }

    fn head(&self, body: &mut Body<'_>, head: &Head<'_>) {
        body.bytes(35, head.msg_type);
        body.uint(34, head.msg_seq_num);
        if head.orig_sending_time.is_some() {
            body.bool(43, true);
        }
        body.out.extend_from_slice(&self.sender);
        body.time(52, head.sending_time);
        body.out.extend_from_slice(&self.target);
        if head.poss_resend {
            body.bool(97, true);
        }
        if let Some(text) = head.orig_sending_time {
            body.bytes(122, text);
        }
    }

    /// Writes the first two fields right before the third, and the trailer.
    fn close(&self, out: &mut Vec<u8>, front_len: usize) -> Range<usize> {
        let mut at = front_len - 1;
        out[at] = SOH;
        let mut rest = out.len() - front_len;
        loop {
            at -= 1;
            out[at] = ascii_digit((rest % 10) as u64);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let start = at - self.front.len();
        out[start..at].copy_from_slice(&self.front);
        let sum = u64::from(check_sum(&out[start..]));
        let digits = [sum / 100, sum / 10 % 10, sum % 10].map(ascii_digit);
        out.extend_from_slice(&[b'1', b'0', b'=', digits[0], digits[1], digits[2], SOH]);
        start..out.len()
    }
}

/// Appends fields to a buffer.
///
/// An empty value writes no field: FIX has none. An SOH within a value would end its field and is
/// written as `?`; only [`data`](Self::data) carries any byte.
#[derive(Debug)]
pub struct Body<'o> {
    out: &'o mut Vec<u8>,
    clock: UtcTimestamp,
}

impl<'o> Body<'o> {
    /// Appends to `out`, which keeps what it holds.
    #[must_use]
    pub const fn new(out: &'o mut Vec<u8>) -> Self {
        Self {
            out,
            clock: UtcTimestamp::new(),
        }
    }

    /// As [`new`](Self::new), with a clock that may remember the second: see
    /// [`clock`](Self::clock).
    pub(crate) const fn with_clock(out: &'o mut Vec<u8>, clock: UtcTimestamp) -> Self {
        Self { out, clock }
    }

    /// The clock to write the next body with, so that the calendar is computed once a second.
    pub(crate) const fn clock(&self) -> UtcTimestamp {
        self.clock
    }

    /// Writes `tag=value`.
    #[inline]
    pub fn bytes(&mut self, tag: u32, value: &[u8]) {
        if value.is_empty() {
            return;
        }
        self.tag(tag);
        let start = self.out.len();
        self.out.extend_from_slice(value);
        if value.contains(&SOH) {
            self.mask(start);
        }
        self.out.push(SOH);
    }

    #[cold]
    fn mask(&mut self, start: usize) {
        for byte in &mut self.out[start..] {
            if *byte == SOH {
                *byte = b'?';
            }
        }
    }

    /// Writes a text.
    #[inline]
    pub fn str(&mut self, tag: u32, value: &str) {
        self.bytes(tag, value.as_bytes());
    }

    /// Writes an unsigned integer.
    #[inline]
    pub fn uint(&mut self, tag: u32, value: u64) {
        self.tag(tag);
        self.digits(value, SOH);
    }

    /// Writes a signed integer.
    pub fn int(&mut self, tag: u32, value: i64) {
        self.tag(tag);
        if value < 0 {
            self.out.push(b'-');
        }
        self.digits(value.unsigned_abs(), SOH);
    }

    /// Writes one character.
    #[inline]
    pub fn char(&mut self, tag: u32, value: u8) {
        let value = if value == SOH { b'?' } else { value };
        let d = |by: u32| ascii_digit(u64::from(tag / by % 10));
        match tag {
            10..=99 => self.out.extend_from_slice(&[d(10), d(1), b'=', value, SOH]),
            100..=999 => self
                .out
                .extend_from_slice(&[d(100), d(10), d(1), b'=', value, SOH]),
            _ => {
                self.tag(tag);
                self.out.extend_from_slice(&[value, SOH]);
            }
        }
    }

    /// Writes `Y` or `N`.
    #[inline]
    pub fn bool(&mut self, tag: u32, value: bool) {
        self.char(tag, if value { b'Y' } else { b'N' });
    }

    /// Writes a price as the shortest exact decimal.
    #[inline]
    pub fn price(&mut self, tag: u32, value: Price) {
        self.units(tag, value.units() < 0, value.units().unsigned_abs());
    }

    /// Writes a quantity as the shortest exact decimal.
    #[inline]
    pub fn qty(&mut self, tag: u32, value: Qty) {
        self.units(tag, false, value.units());
    }

    /// Writes units of 10⁻⁸ as the shortest exact decimal.
    #[inline]
    fn units(&mut self, tag: u32, negative: bool, units: u64) {
        self.tag(tag);
        if negative {
            self.out.push(b'-');
        }
        let fraction = units % SCALE;
        if fraction == 0 {
            return self.digits(units / SCALE, SOH);
        }
        self.digits(units / SCALE, b'.');
        let mut text = [SOH; GROUP + 1];
        if let Some(digits) = text.first_chunk_mut() {
            *digits = eight_digits(fraction).to_le_bytes();
        }
        let mut len = GROUP;
        while text[len - 1] == b'0' {
            len -= 1;
            text[len] = SOH;
        }
        self.out.extend_from_slice(&text[..=len]);
    }

    /// Writes a number and the byte behind it.
    #[inline]
    fn digits(&mut self, value: u64, behind: u8) {
        let d = |by: u64| ascii_digit(value / by % 10);
        // One append for a field's value: each waits for the length that the one before it stored.
        match value {
            0..=9 => self.out.extend_from_slice(&[d(1), behind]),
            10..=99 => self.out.extend_from_slice(&[d(10), d(1), behind]),
            100..=999 => self.out.extend_from_slice(&[d(100), d(10), d(1), behind]),
            _ => self.long_digits(value, behind),
        }
    }

    #[inline]
    fn long_digits(&mut self, value: u64, behind: u8) {
        let mut text = [behind; DIGITS_MAX + 1];
        let mut rest = value;
        let (groups, _) = text.as_chunks_mut::<GROUP>();
        for group in groups.iter_mut().rev() {
            *group = eight_digits(rest % SCALE).to_le_bytes();
            rest /= SCALE;
            if rest == 0 {
                break;
            }
        }
        let count = value.ilog10() as usize + 1;
        self.out.extend_from_slice(&text[DIGITS_MAX - count..]);
    }

    /// Writes a `UTCTimestamp` with milliseconds.
    #[inline]
    pub fn time(&mut self, tag: u32, at: UnixNanos) {
        self.tag(tag);
        self.out.extend_from_slice(self.clock.text(at));
        self.out.push(SOH);
    }

    /// Writes a length field and its data field, which may hold any byte.
    pub fn data(&mut self, length_tag: u32, data_tag: u32, value: &[u8]) {
        if value.is_empty() {
            return;
        }
        self.uint(length_tag, value.len() as u64);
        self.tag(data_tag);
        self.out.extend_from_slice(value);
        self.out.push(SOH);
    }

    /// Writes `tag=value` as it stands, with any byte in it: for values that were fields before,
    /// data behind their length among them.
    pub fn verbatim(&mut self, tag: u32, value: &[u8]) {
        self.tag(tag);
        self.out.extend_from_slice(value);
        self.out.push(SOH);
    }

    /// Appends whole fields as they stand, e.g. a body that was written before.
    #[inline]
    pub fn raw(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    #[inline]
    fn tag(&mut self, tag: u32) {
        let d = |by: u32| ascii_digit(u64::from(tag / by % 10));
        match tag {
            0..=9 => self.out.extend_from_slice(&[d(1), b'=']),
            10..=99 => self.out.extend_from_slice(&[d(10), d(1), b'=']),
            100..=999 => self.out.extend_from_slice(&[d(100), d(10), d(1), b'=']),
            _ => self.long_tag(tag),
        }
    }

    fn long_tag(&mut self, tag: u32) {
        if tag > 9999 {
            let head = tag / 10_000;
            let mut power = 1;
            while head / power >= 10 {
                power *= 10;
            }
            while power > 0 {
                self.out.push(ascii_digit(u64::from(head / power % 10)));
                power /= 10;
            }
        }
        let d = |by: u32| ascii_digit(u64::from(tag / by % 10));
        self.out
            .extend_from_slice(&[d(1000), d(100), d(10), d(1), b'=']);
    }
}

/// The eight digits of a number below 10⁸ in ASCII, the first in the lowest byte.
#[inline]
const fn eight_digits(value: u64) -> u64 {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; GROUP]);
    // Halves, quarters and digits next to each other. The multiplications divide by 100 and by 10,
    // exactly for numbers below 10,000 and below 100.
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours.wrapping_sub(hundreds * 100) << 16);
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos.wrapping_sub(tens * 10) << 8) | ZEROS
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "callers give a decimal digit"
)]
const fn ascii_digit(number: u64) -> u8 {
    b'0' + number as u8
}
