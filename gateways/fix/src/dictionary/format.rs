//! Whether a value has the form of its data type (FIX 4.4 vol. 1, "Data types").

use super::compiled::Field;
use super::tables::Kind;
use crate::codec::parse_utc_timestamp;

/// Whether `value` has this form.
#[inline]
pub(super) fn is_well_formed(kind: Kind, value: &[u8]) -> bool {
    match kind {
        Kind::Text | Kind::Multiple | Kind::Data => true,
        Kind::Char => value.len() == 1,
        Kind::Boolean => matches!(value, b"Y" | b"N"),
        Kind::Float => is_float(value),
        Kind::Int => is_digits(value.strip_prefix(b"-").unwrap_or(value)),
        Kind::Uint => is_digits(value),
        Kind::UtcTimestamp => parse_utc_timestamp(value).is_some(),
        Kind::UtcTimeOnly => is_time(value),
        Kind::Date => is_date(value),
    }
}

/// Whether `value` is among those that `field` may have.
#[inline]
pub(super) fn is_listed(field: &Field, value: &[u8]) -> bool {
    let listed = |value: &[u8]| match value {
        [byte] => *byte < 128 && field.singles >> byte & 1 == 1,
        _ => field
            .values
            .binary_search_by(|one| (**one).cmp(value))
            .is_ok(),
    };
    match field.kind {
        Kind::Multiple => value.split(|byte| *byte == b' ').all(listed),
        Kind::Text
        | Kind::Char
        | Kind::Boolean
        | Kind::Float
        | Kind::Int
        | Kind::Uint
        | Kind::UtcTimestamp
        | Kind::UtcTimeOnly
        | Kind::Date
        | Kind::Data => listed(value),
    }
}

fn is_digits(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

fn is_float(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let mut points = 0;
    let mut digits = 0;
    for byte in value {
        match byte {
            b'.' => points += 1,
            b'0'..=b'9' => digits += 1,
            _ => return false,
        }
    }
    digits > 0 && points <= 1
}

fn two(value: &[u8]) -> Option<u8> {
    match value {
        [unit @ b'0'..=b'9'] => Some(unit - b'0'),
        [ten @ b'0'..=b'9', unit @ b'0'..=b'9'] => Some((ten - b'0') * 10 + (unit - b'0')),
        _ => None,
    }
}

/// `HH:MM:SS` with or without decimals: the time of a timestamp of any day.
fn is_time(value: &[u8]) -> bool {
    let mut text = *b"19700101-                  ";
    let Some(place) = text.get_mut(9..9 + value.len()) else {
        return false;
    };
    place.copy_from_slice(value);
    parse_utc_timestamp(&text[..9 + value.len()]).is_some()
}

/// `YYYYMMDD`: dates before 1970 have a form, too.
fn is_date(value: &[u8]) -> bool {
    value.len() == 8
        && is_digits(value)
        && matches!(two(&value[4..6]), Some(1..=12))
        && matches!(two(&value[6..8]), Some(1..=31))
}
