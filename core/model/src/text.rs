//! Short texts of the outside world, held inline: no allocation, `Copy`, comparable by bytes.

use std::fmt;

/// Why bytes are not a text that dcx keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing at all.
    #[error("empty")]
    Empty,
    /// Longer than the field that keeps it.
    #[error("{len} bytes long, at most {max} are kept")]
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes that fit.
        max: usize,
    },
    /// A byte outside printable ASCII (0x20 to 0x7e).
    #[error("byte 0x{byte:02x} at offset {at} is not printable ASCII")]
    NotPrintable {
        /// The byte.
        byte: u8,
        /// Its offset.
        at: usize,
    },
}

/// Up to `N` bytes of printable ASCII, padded with NUL.
///
/// # Layout
/// `N` bytes: the text, then NUL to the end. All NUL is the empty text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Self = Self([0; N]);

    /// The text as bytes, without the padding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(N);
        self.0.get(..len).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.0.first(), None | Some(0))
    }

    /// All `N` bytes, padding included: what a record keeps.
    #[must_use]
    pub const fn to_padded(self) -> [u8; N] {
        self.0
    }

    /// The text that [`to_padded`](Self::to_padded) gave, or the empty one.
    ///
    /// # Errors
    /// [`TextFault::NotPrintable`] when a byte is not printable or follows the padding.
    pub fn from_padded(bytes: [u8; N]) -> Result<Self, TextFault> {
        let len = bytes.iter().position(|byte| *byte == 0).unwrap_or(N);
        for (at, &byte) in bytes.iter().enumerate() {
            if (at < len && !is_printable(byte)) || (at >= len && byte != 0) {
                return Err(TextFault::NotPrintable { byte, at });
            }
        }
        Ok(Self(bytes))
    }

    /// Keeps `bytes`.
    ///
    /// # Errors
    /// [`TextFault`] when they are none, too many, or not printable.
    pub fn new(bytes: &[u8]) -> Result<Self, TextFault> {
        if bytes.is_empty() {
            return Err(TextFault::Empty);
        }
        let mut padded = [0; N];
        let Some(head) = padded.get_mut(..bytes.len()) else {
            return Err(TextFault::TooLong {
                len: bytes.len(),
                max: N,
            });
        };
        head.copy_from_slice(bytes);
        match bytes.iter().position(|byte| !is_printable(*byte)) {
            Some(at) => Err(TextFault::NotPrintable {
                byte: *bytes.get(at).unwrap_or(&0),
                at,
            }),
            None => Ok(Self(padded)),
        }
    }
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> std::str::FromStr for Text<N> {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        Self::new(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_whole_or_refused() {
        assert_eq!(
            Text::<4>::new(b"ABCD").map(|text| text.to_string()),
            Ok("ABCD".to_owned())
        );
        assert_eq!(
            Text::<4>::new(b"ABCDE"),
            Err(TextFault::TooLong { len: 5, max: 4 })
        );
        assert_eq!(Text::<4>::new(b""), Err(TextFault::Empty));
        assert_eq!(
            Text::<4>::new(b"A\x01"),
            Err(TextFault::NotPrintable { byte: 1, at: 1 })
        );
    }

    #[test]
    fn padding_in_the_middle_is_refused() {
        assert!(Text::<4>::from_padded(*b"A\0B\0").is_err());
        assert!(Text::<4>::from_padded(*b"AB\0\0").is_ok());
        assert_eq!(Text::<4>::from_padded([0; 4]), Ok(Text::EMPTY));
    }
}
