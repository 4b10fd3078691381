//! Values of fields, and the Reject (3) for those that cannot be used.

use std::borrow::Cow;

use dcx_model::{DecimalFault, Price, Qty, Text, UnixNanos};

use crate::AppReject;
use crate::SessionRejectReason as Reason;
use crate::codec::parse_utc_timestamp;

/// Reject (3) about `tag`, with what is wrong in `why` behind FIX's own words.
#[cold]
fn reject(tag: u32, reason: Reason, why: Option<String>) -> AppReject {
    let text = match why {
        Some(why) => Cow::Owned(format!("{}: {why}", reason.text())),
        None => Cow::Borrowed(reason.text()),
    };
    AppReject::Session {
        tag,
        reason: reason.number(),
        text,
    }
}

/// The value of a field that must be there.
pub(crate) fn required(tag: u32, value: Option<&[u8]>) -> Result<&[u8], AppReject> {
    value.ok_or_else(|| reject(tag, Reason::RequiredTagMissing, None))
}

/// A repeating group has more or fewer entries than its count, `tag`, says.
pub(crate) fn miscounted(tag: u32) -> AppReject {
    reject(tag, Reason::GroupCount, None)
}

fn decimal(tag: u32, fault: DecimalFault) -> AppReject {
    let reason = match fault {
        DecimalFault::Empty | DecimalFault::Unexpected { .. } => Reason::IncorrectFormat,
        DecimalFault::TooPrecise | DecimalFault::OutOfRange | DecimalFault::Negative => {
            Reason::IncorrectValue
        }
    };
    reject(tag, reason, Some(fault.to_string()))
}

pub(crate) fn qty(tag: u32, value: &[u8]) -> Result<Qty, AppReject> {
    Qty::parse(value).map_err(|fault| decimal(tag, fault))
}

pub(crate) fn price(tag: u32, value: &[u8]) -> Result<Price, AppReject> {
    Price::parse(value).map_err(|fault| decimal(tag, fault))
}

pub(crate) fn text<const N: usize>(tag: u32, value: &[u8]) -> Result<Text<N>, AppReject> {
    let wrong =
        |fault: dcx_model::TextFault| reject(tag, Reason::IncorrectValue, Some(fault.to_string()));
    Text::new(value).map_err(wrong)
}

pub(crate) fn time(tag: u32, value: &[u8]) -> Result<UnixNanos, AppReject> {
    parse_utc_timestamp(value).ok_or_else(|| reject(tag, Reason::IncorrectFormat, None))
}

/// The one byte of a `char` field.
pub(crate) fn char(tag: u32, value: &[u8]) -> Result<u8, AppReject> {
    match value {
        [byte] => Ok(*byte),
        _ => Err(reject(tag, Reason::IncorrectFormat, None)),
    }
}

/// Digits only, up to `max`.
pub(crate) fn uint(tag: u32, value: &[u8], max: u64) -> Result<u64, AppReject> {
    let number = digits(value).ok_or_else(|| reject(tag, Reason::IncorrectFormat, None))?;
    match number {
        Some(number) if number <= max => Ok(number),
        _ => Err(reject(
            tag,
            Reason::IncorrectValue,
            Some(format!("at most {max}")),
        )),
    }
}

/// `None` if these are not digits, `Some(None)` if they are too many.
fn digits(value: &[u8]) -> Option<Option<u64>> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(value.iter().try_fold(0_u64, |sum, byte| {
        sum.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    }))
}

/// A number of our own that came back: digits only, above zero, nothing else.
pub(crate) fn our_number(value: &[u8]) -> Option<u64> {
    digits(value)?.filter(|number| *number > 0)
}

/// A short text of digits and a few letters, made without allocation.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    bytes: [u8; 48],
    len: usize,
}

impl Short {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 48],
            len: 0,
        }
    }

    #[must_use]
    pub(crate) const fn byte(mut self, byte: u8) -> Self {
        self.bytes[self.len] = byte;
        self.len += 1;
        self
    }

    #[must_use]
    pub(crate) fn uint(mut self, mut number: u64) -> Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        let end = self.len + digits.len() - at;
        self.bytes[self.len..end].copy_from_slice(&digits[at..]);
        self.len = end;
        self
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
