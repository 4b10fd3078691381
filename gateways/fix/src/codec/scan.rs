//! Finds whole messages in a stream of bytes and loses as few as can be when it is damaged.

use super::word::{WORD_LEN, find, first, sum, word_at};
use super::{CodecFault, Message, SOH};

/// Longest message that [`scan`] accepts.
pub const BYTES_MAX: usize = 64 * 1024;

/// What every message begins with.
const START: &[u8] = b"8=FIX";

/// Longest `BeginString` (8) looked at: `FIXT.1.1` and room to spare.
const BEGIN_STRING_LEN_MAX: usize = 12;

/// Most digits of `BodyLength` (9).
const BODY_LENGTH_DIGITS_MAX: usize = 9;

/// Bytes of `10=sss` and its SOH.
const TRAILER_LEN: usize = 7;

/// What the front of a stream holds.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the index of a message lives where the caller keeps it: no allocation"
)]
pub enum Scan<'a> {
    /// A whole message.
    Message {
        /// The message.
        message: Message<'a>,
        /// Its length: what to drop from the front.
        len: usize,
    },
    /// The beginning of a message, or nothing: more bytes are needed.
    Incomplete,
    /// Bytes that are no message.
    Garbled {
        /// How many to drop from the front, at least one. Behind them a message may begin.
        skip: usize,
        /// What is wrong with them.
        fault: CodecFault,
    },
}

/// Finds the first message of `bytes`, of at most [`BYTES_MAX`] bytes.
///
/// A message with a wrong `BodyLength` (9) takes with it all bytes that it claims: that is how
/// the acceptance suite's scenario 2m has it. Otherwise the search goes on at the next `8=FIX`.
///
/// # Cost
/// Two passes over the message, no allocation. Bench: `codec/decode NewOrderSingle`.
#[inline]
#[must_use]
pub fn scan(bytes: &[u8]) -> Scan<'_> {
    Scanner::new(BYTES_MAX).scan(bytes)
}

/// [`scan`] with a bound of one's own.
#[derive(Clone, Copy, Debug)]
pub struct Scanner {
    bytes_max: usize,
}

/// Where the parts of a frame lie.
struct Frame {
    body_at: usize,
    body_len: usize,
}

/// Why there is no frame (yet).
enum NoFrame {
    Incomplete,
    Garbled { from: usize, fault: CodecFault },
}

impl Scanner {
    /// A scanner for messages of at most `bytes_max` bytes.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self { bytes_max }
    }

    /// Finds the first message of `bytes`.
    #[inline]
    #[must_use]
    pub fn scan(self, bytes: &[u8]) -> Scan<'_> {
        let usual = self.usual_frame(bytes);
        let frame = match usual {
            Some(frame) => Ok(frame),
            None => self.frame(bytes),
        };
        match frame.and_then(|frame| verified(bytes, frame)) {
            Ok(trailer_at) => read(bytes, trailer_at),
            Err(NoFrame::Incomplete) => Scan::Incomplete,
            Err(NoFrame::Garbled { from, fault }) => garbled(bytes, from, fault),
        }
    }

    /// [`frame`](Self::frame) where nothing is unusual: what is not found at once is left to it.
    #[inline]
    fn usual_frame(self, bytes: &[u8]) -> Option<Frame> {
        let front = bytes.strip_prefix(START)?;
        let begin_len = first(find(word_at(front, 0)?, SOH));
        let (tag, length) = front.get(begin_len + 1..)?.split_at_checked(2)?;
        let digits_len = first(find(word_at(length, 0)?, SOH));
        let digits = length.get(..digits_len)?;
        if tag != b"9=" || !(1..WORD_LEN).contains(&digits_len) {
            return None;
        }
        let mut body_len = 0;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            body_len = body_len * 10 + usize::from(digit);
        }
        let body_at = START.len() + begin_len + 3 + digits_len + 1;
        let trailer_at = body_at + body_len;
        let behind = bytes.get(trailer_at.checked_sub(1)?..trailer_at + TRAILER_LEN)?;
        let fits = trailer_at + TRAILER_LEN <= self.bytes_max;
        (fits && body_len > 0 && behind.starts_with(b"\x0110="))
            .then_some(Frame { body_at, body_len })
    }

    /// Reads `8=…|9=…|` and waits until the body and the trailer are there.
    fn frame(self, bytes: &[u8]) -> Result<Frame, NoFrame> {
        let garbled = |from, fault| Err(NoFrame::Garbled { from, fault });
        if !bytes.starts_with(START) {
            return match START.starts_with(bytes) {
                true => Err(NoFrame::Incomplete),
                false => garbled(0, CodecFault::NotFix),
            };
        }
        let value = &bytes[2..bytes.len().min(2 + BEGIN_STRING_LEN_MAX)];
        let Some(len) = value.iter().position(|byte| *byte == SOH) else {
            return match value.len() < BEGIN_STRING_LEN_MAX {
                true => Err(NoFrame::Incomplete),
                false => garbled(1, CodecFault::HeaderOrder),
            };
        };
        let tag_at = 2 + len + 1;
        match bytes.get(tag_at..).unwrap_or_default() {
            [] | [b'9'] => return Err(NoFrame::Incomplete),
            [b'9', b'=', ..] => {}
            _ => return garbled(1, CodecFault::HeaderOrder),
        }
        let (body_at, body_len) = body_length(bytes, tag_at + 2)?;
        let len = body_at + body_len + TRAILER_LEN;
        if len > self.bytes_max {
            let max = self.bytes_max;
            return garbled(1, CodecFault::TooLong { len, max });
        }
        if let Some(early) = early_fault(bytes, body_at, body_len) {
            return Err(early);
        }
        if bytes.len() < len {
            return Err(NoFrame::Incomplete);
        }
        Ok(Frame { body_at, body_len })
    }
}

/// Reads the digits of BodyLength (9) at `at`: where the body begins and how long it is.
fn body_length(bytes: &[u8], at: usize) -> Result<(usize, usize), NoFrame> {
    let malformed = NoFrame::Garbled {
        from: 1,
        fault: CodecFault::BodyLengthMalformed,
    };
    let mut body_len = 0;
    for (ix, byte) in bytes[at..].iter().enumerate() {
        match byte {
            b'0'..=b'9' if ix < BODY_LENGTH_DIGITS_MAX => {
                body_len = body_len * 10 + usize::from(byte - b'0');
            }
            &SOH if ix > 0 => return Ok((at + ix + 1, body_len)),
            _ => return Err(malformed),
        }
    }
    Err(NoFrame::Incomplete)
}

/// What can be found wrong before the whole frame is there: where the trailer should begin and
/// does not.
fn early_fault(bytes: &[u8], body_at: usize, body_len: usize) -> Option<NoFrame> {
    let end = body_at + body_len;
    let tail = bytes.get(end..)?;
    let led_by_soh = body_len > 0 && bytes[end - 1] == SOH;
    let expected = &b"10="[..tail.len().min(3)];
    (!led_by_soh || !tail.starts_with(expected)).then_some(NoFrame::Garbled {
        from: end,
        fault: CodecFault::BodyLengthWrong { body_len },
    })
}

/// Checks trailer and sum of a frame that is wholly there: where the trailer begins.
#[inline]
fn verified(bytes: &[u8], frame: Frame) -> Result<usize, NoFrame> {
    let garbled = |from, fault| Err(NoFrame::Garbled { from, fault });
    let trailer_at = frame.body_at + frame.body_len;
    let len = trailer_at + TRAILER_LEN;
    let &[b'1', b'0', b'=', a, b, c, SOH] = &bytes[trailer_at..len] else {
        return garbled(trailer_at, CodecFault::CheckSumMalformed);
    };
    let digits = [a, b, c].map(|byte| byte.wrapping_sub(b'0'));
    let [hundreds, tens, ones] = digits.map(u16::from);
    if digits.iter().any(|digit| *digit > 9) {
        return garbled(trailer_at, CodecFault::CheckSumMalformed);
    }
    let found = hundreds * 100 + tens * 10 + ones;
    let expected = check_sum(&bytes[..trailer_at]);
    if found != u16::from(expected) {
        return garbled(len, CodecFault::CheckSumWrong { found, expected });
    }
    if !bytes[frame.body_at..].starts_with(b"35=") {
        return garbled(len, CodecFault::HeaderOrder);
    }
    Ok(trailer_at)
}

/// Reads the message that ends with the trailer at `trailer_at`.
#[inline]
fn read(bytes: &[u8], trailer_at: usize) -> Scan<'_> {
    let len = trailer_at + TRAILER_LEN;
    // Made where it is returned: it is too large to be moved.
    let mut found = Scan::Message {
        message: Message::unread(&bytes[..len], trailer_at),
        len,
    };
    if let Scan::Message { message, .. } = &mut found
        && let Err(fault) = message.read_fields()
    {
        found = garbled(bytes, len, fault);
    }
    found
}

/// The sum of all bytes modulo 256 (FIX 4.4 vol. 2, "Checksum calculation").
pub(super) fn check_sum(bytes: &[u8]) -> u8 {
    sum(bytes)
}

/// Drops everything up to the next `8=FIX` at or behind `from`, or up to what may become one.
#[cold]
fn garbled(bytes: &[u8], from: usize, fault: CodecFault) -> Scan<'_> {
    let from = from.min(bytes.len());
    let next = bytes[from..]
        .windows(START.len())
        .position(|window| window == START)
        .unwrap_or_else(|| tail_without_start(&bytes[from..]));
    Scan::Garbled {
        skip: (from + next).max(1),
        fault,
    }
}

/// The length of `bytes` less what may be the first bytes of a message cut off.
fn tail_without_start(bytes: &[u8]) -> usize {
    let keep = (1..START.len())
        .rev()
        .find(|keep| bytes.ends_with(&START[..*keep]))
        .unwrap_or(0);
    bytes.len() - keep
}
