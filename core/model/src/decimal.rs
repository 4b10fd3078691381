//! Decimal text to whole units of 10⁻⁸ and back, exactly or not at all.

use std::fmt;

use crate::SCALE;

/// Decimal places that a value can carry: `SCALE` is ten to this power.
const PLACES: usize = 8;

/// What a number with so many decimal places is short of: ten for each that it does not have.
const SCALES: [u64; PLACES] = [
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
];

/// Why a decimal text is not a number that dcx can hold exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalFault {
    /// No digit at all.
    #[error("no digits")]
    Empty,
    /// A byte that belongs in no decimal number of FIX (no exponent, no plus sign).
    #[error("byte 0x{byte:02x} at offset {at} is not part of a decimal number")]
    Unexpected {
        /// The byte.
        byte: u8,
        /// Its offset in the text.
        at: usize,
    },
    /// A digit other than zero beyond the eighth decimal place: it would have to be rounded.
    #[error("more than 8 decimal places")]
    TooPrecise,
    /// Too large for 64 bits of 10⁻⁸.
    #[error("out of range")]
    OutOfRange,
    /// Below zero where only zero and above make sense.
    #[error("negative")]
    Negative,
}

/// Reads a FIX `float` (FIX 4.4 vol. 1, "Data types": optional minus, digits, optional point).
///
/// Returns the sign and the magnitude in units of 10⁻⁸.
///
/// # Errors
/// [`DecimalFault`]; nothing is ever rounded.
pub(crate) fn parse(text: &[u8]) -> Result<(bool, u64), DecimalFault> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some(_) | None => (false, text),
    };
    let offset = usize::from(negative);
    let mut units: u64 = 0;
    let mut places: Option<usize> = None;
    let mut seen = false;
    for (at, &byte) in digits.iter().enumerate() {
        match (byte, places) {
            (b'.', None) => places = Some(0),
            (b'0'..=b'9', None) => {
                units = push(units, byte)?;
                seen = true;
            }
            (b'0'..=b'9', Some(n)) if n < PLACES => {
                units = push(units, byte)?;
                places = Some(n + 1);
                seen = true;
            }
            (b'0', Some(_)) => {}
            (b'1'..=b'9', Some(_)) => return Err(DecimalFault::TooPrecise),
            (byte, _) => {
                return Err(DecimalFault::Unexpected {
                    byte,
                    at: at + offset,
                });
            }
        }
    }
    if !seen {
        return Err(DecimalFault::Empty);
    }
    if let Some(scale) = SCALES.get(places.unwrap_or(0)) {
        units = units.checked_mul(*scale).ok_or(DecimalFault::OutOfRange)?;
    }
    Ok((negative, units))
}

fn push(units: u64, digit: u8) -> Result<u64, DecimalFault> {
    units
        .checked_mul(10)
        .and_then(|units| units.checked_add(u64::from(digit - b'0')))
        .ok_or(DecimalFault::OutOfRange)
}

/// Longest text that [`write_units`] makes: sign, 11 digits, point, 8 digits and room to spare.
pub const DECIMAL_LEN_MAX: usize = 24;

/// Writes units of 10⁻⁸ as the shortest exact decimal into `out`; returns its length.
///
/// ```
/// let mut out = [0; dcx_model::DECIMAL_LEN_MAX];
/// let len = dcx_model::write_units(true, 110_050_000, &mut out);
/// assert_eq!(&out[..len], b"-1.1005");
/// ```
#[must_use]
pub fn write_units(negative: bool, units: u64, out: &mut [u8; DECIMAL_LEN_MAX]) -> usize {
    let mut reversed = [0_u8; DECIMAL_LEN_MAX];
    let mut len = 0;
    let mut put = |byte: u8| {
        if let Some(slot) = reversed.get_mut(len) {
            *slot = byte;
            len += 1;
        }
    };
    let (mut whole, mut fraction) = (units / SCALE, units % SCALE);
    // Most quantities are whole.
    if fraction != 0 {
        let mut significant = false;
        for _ in 0..PLACES {
            let digit = fraction % 10;
            significant |= digit != 0;
            if significant {
                put(ascii_digit(digit));
            }
            fraction /= 10;
        }
        put(b'.');
    }
    loop {
        put(ascii_digit(whole % 10));
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if negative && units != 0 {
        put(b'-');
    }
    for (to, from) in out.iter_mut().zip(reversed.iter().take(len).rev()) {
        *to = *from;
    }
    len
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a decimal digit fits a byte"
)]
const fn ascii_digit(digit: u64) -> u8 {
    b'0' + digit as u8
}

/// Shows units of 10⁻⁸ as a decimal.
pub(crate) fn fmt_units(negative: bool, units: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = [0; DECIMAL_LEN_MAX];
    let len = write_units(negative, units, &mut out);
    let text = out
        .get(..len)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    f.pad(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_exactly_or_refused() {
        assert_eq!(parse(b"1.1005"), Ok((false, 110_050_000)));
        assert_eq!(parse(b"-0.5"), Ok((true, 50_000_000)));
        assert_eq!(parse(b"002000.00"), Ok((false, 200_000_000_000)));
        assert_eq!(parse(b"5."), Ok((false, 500_000_000)));
        assert_eq!(parse(b".5"), Ok((false, 50_000_000)));
        assert_eq!(parse(b"1.000000000"), Ok((false, 100_000_000)));
        assert_eq!(parse(b"1.000000001"), Err(DecimalFault::TooPrecise));
        assert_eq!(parse(b"184467440738"), Err(DecimalFault::OutOfRange));
        assert_eq!(parse(b""), Err(DecimalFault::Empty));
        assert_eq!(parse(b"-"), Err(DecimalFault::Empty));
        assert_eq!(parse(b"."), Err(DecimalFault::Empty));
        assert_eq!(
            parse(b"+1"),
            Err(DecimalFault::Unexpected { byte: b'+', at: 0 })
        );
        assert_eq!(
            parse(b"-1e5"),
            Err(DecimalFault::Unexpected { byte: b'e', at: 2 })
        );
        assert_eq!(
            parse(b"1.2.3"),
            Err(DecimalFault::Unexpected { byte: b'.', at: 3 })
        );
        assert_eq!(
            parse(b"--1"),
            Err(DecimalFault::Unexpected { byte: b'-', at: 1 })
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(negative: bool, units: u64) {
            let mut out = [0; DECIMAL_LEN_MAX];
            let len = write_units(negative, units, &mut out);
            proptest::prop_assert_eq!(parse(&out[..len]), Ok((negative && units != 0, units)));
        }

        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>) {
            let _ = parse(&text);
        }
    }
}
