//! Values of fields to numbers and texts.

use dcx_model::{Price, Qty, Text, UnixNanos};

use super::{ValueFault, parse_utc_timestamp};

/// Reads digits only: no sign, no blank, at most what 64 bits hold.
pub(super) fn uint(value: &[u8]) -> Result<u64, ValueFault> {
    if value.is_empty() {
        return Err(ValueFault::Uint);
    }
    value
        .iter()
        .try_fold(0_u64, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            sum.checked_mul(10)?.checked_add(digit)
        })
        .ok_or(ValueFault::Uint)
}

pub(super) fn char(value: &[u8]) -> Result<u8, ValueFault> {
    match value {
        [byte] => Ok(*byte),
        _ => Err(ValueFault::Char),
    }
}

pub(super) fn bool(value: &[u8]) -> Result<bool, ValueFault> {
    match value {
        b"Y" => Ok(true),
        b"N" => Ok(false),
        _ => Err(ValueFault::Bool),
    }
}

pub(super) fn price(value: &[u8]) -> Result<Price, ValueFault> {
    Price::parse(value).map_err(ValueFault::from)
}

pub(super) fn qty(value: &[u8]) -> Result<Qty, ValueFault> {
    Qty::parse(value).map_err(ValueFault::from)
}

pub(super) fn text<const N: usize>(value: &[u8]) -> Result<Text<N>, ValueFault> {
    Text::new(value).map_err(ValueFault::from)
}

pub(super) fn utc_timestamp(value: &[u8]) -> Result<UnixNanos, ValueFault> {
    parse_utc_timestamp(value).ok_or(ValueFault::Timestamp)
}
