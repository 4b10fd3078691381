//! Eight bytes at a time: finding a byte, reading digits and summing without a branch for each.
//!
//! A word holds bytes in the order of the wire, the first in its lowest eight bits. Messages are
//! short fields of changing length: what branches for every byte is guessed wrong at the end of
//! most fields, and a wrong guess costs as much as reading the field.

/// Bytes of a word.
pub(super) const WORD_LEN: usize = 8;

/// The high bit of every byte.
const HIGH: u64 = every(0x80);

/// A word of this byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; WORD_LEN])
}

/// The eight bytes from `at` on, if there are as many.
#[inline]
pub(super) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at.checked_add(WORD_LEN)?)?.first_chunk()?;
    Some(u64::from_le_bytes(*word))
}

/// The high bit of every byte of `word` that equals `byte`, and no other bit.
#[inline]
pub(super) const fn find(word: u64, byte: u8) -> u64 {
    let differs = word ^ every(byte);
    // A byte that differs is not zero: its low seven bits carry into the high one, or that is set.
    let carried = (differs & !HIGH).wrapping_add(!HIGH);
    !(carried | differs | !HIGH)
}

/// How many bytes lie before the first that [`find`] found.
#[inline]
pub(super) const fn first(found: u64) -> usize {
    (found.trailing_zeros() / 8) as usize
}

/// The eight digits that `word` writes, one in each byte.
#[inline]
pub(super) const fn digits(word: u64) -> Option<u64> {
    let digits = word ^ every(b'0');
    // Above nine, adding 0x76 sets the high bit of a byte; above 127 it is set already.
    let beyond = ((digits & !HIGH).wrapping_add(every(0x76)) | digits) & HIGH;
    if beyond != 0 {
        return None;
    }
    Some(digits)
}

/// The sum of all bytes modulo 256: the compiler makes it sixteen and more at a time.
#[inline]
pub(super) fn sum(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_byte_is_found_where_it_is_and_nowhere_else(bytes: [u8; 8], byte: u8) {
            let found = find(u64::from_le_bytes(bytes), byte);
            let expected = bytes.map(|other| if other == byte { 0x80 } else { 0 });
            prop_assert_eq!(found.to_le_bytes(), expected);
        }

        #[test]
        fn near_misses_are_not_found(bytes in proptest::collection::vec(0_u8..=3, 8)) {
            let word = word_at(&bytes, 0).unwrap();
            let place = bytes.iter().position(|byte| *byte == 1);
            let found = find(word, 1);
            prop_assert_eq!((found != 0).then(|| first(found)), place);
        }

        #[test]
        fn eight_digits_are_taken_apart_and_anything_else_is_not(
            text in "[0-9]{8}", at in 0_usize..8, byte: u8,
        ) {
            let mut text = text.into_bytes();
            text[at] = byte;
            let read = digits(word_at(&text, 0).unwrap()).map(u64::to_le_bytes);
            let expected = byte.is_ascii_digit().then(|| text.iter().map(|d| d - b'0').collect());
            prop_assert_eq!(read.map(|digits| digits.to_vec()), expected);
        }

        #[test]
        fn the_sum_is_that_of_all_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            let expected = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 256;
            prop_assert_eq!(usize::from(sum(&bytes)), expected);
        }
    }

    #[test]
    fn fewer_than_eight_bytes_are_no_word() {
        assert_eq!(word_at(b"1234567", 0), None);
        assert_eq!(word_at(b"12345678", 1), None);
        assert_eq!(word_at(b"12345678", usize::MAX), None);
    }
}
