//! Bytes into lines of a bounded length.

/// The longest line of the protocol, its line feed not counted.
pub const LINE_MAX: usize = 64 * 1024;

/// What a stream of bytes held next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its line feed.
    Whole(Vec<u8>),
    /// A line that is longer than [`LINE_MAX`]; the rest of it is skipped.
    TooLong,
}

/// Collects bytes until they are lines. It never holds more than one line and what was fed last.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// How many bytes at the front of `held` were looked through and have no line feed.
    seen: usize,
    /// The rest of the line was told as too long.
    skipping: bool,
}

impl Lines {
    /// Takes more bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next line, or nothing until more is fed.
    pub(super) fn next(&mut self) -> Option<Line> {
        loop {
            let fresh = self.held.get(self.seen..).unwrap_or_default();
            let Some(at) = fresh.iter().position(|byte| *byte == b'\n') else {
                return self.unfinished();
            };
            let len = self.seen + at;
            let rest = self.held.split_off(len + 1);
            let mut line = std::mem::replace(&mut self.held, rest);
            self.seen = 0;
            line.truncate(len);
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            return Some(match line.len() {
                0..=LINE_MAX => Line::Whole(line),
                _ => Line::TooLong,
            });
        }
    }

    /// What is held has no line feed: it is kept, unless the line is too long already.
    fn unfinished(&mut self) -> Option<Line> {
        if self.skipping {
            self.held.clear();
        }
        self.seen = self.held.len();
        if self.seen <= LINE_MAX {
            return None;
        }
        self.held.clear();
        self.seen = 0;
        self.skipping = true;
        Some(Line::TooLong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the whole stream holds, found the slow and obvious way.
    fn twin(bytes: &[u8]) -> Vec<Line> {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let unfinished = lines.pop().unwrap_or_default();
        let judge = |line: &[u8]| match line.len() {
            0..=LINE_MAX => Line::Whole(line.to_vec()),
            _ => Line::TooLong,
        };
        let mut all: Vec<Line> = lines.into_iter().map(judge).collect();
        if unfinished.len() > LINE_MAX {
            all.push(Line::TooLong);
        }
        all
    }

    fn in_pieces(bytes: &[u8], piece: usize) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for piece in bytes.chunks(piece) {
            lines.feed(piece);
            while let Some(line) = lines.next() {
                all.push(line);
            }
            assert!(lines.held.len() <= LINE_MAX, "no more than a line is held");
        }
        all
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_the_bytes_arrive(
            lens in proptest::collection::vec(
                prop_oneof![0..40_usize, LINE_MAX - 2..LINE_MAX + 3, LINE_MAX * 2..LINE_MAX * 3],
                0..6,
            ),
            tail in 0..LINE_MAX + 3,
            piece in prop_oneof![1..200_usize, 200..300_000_usize],
        ) {
            let mut bytes = Vec::new();
            for len in lens {
                bytes.extend(std::iter::repeat_n(b'x', len));
                bytes.push(b'\n');
            }
            bytes.extend(std::iter::repeat_n(b'y', tail));
            prop_assert_eq!(in_pieces(&bytes, piece), twin(&bytes));
        }
    }

    #[test]
    fn the_longest_line_is_a_line_and_one_byte_more_is_not() {
        let mut bytes = vec![b'x'; LINE_MAX];
        bytes.push(b'\n');
        assert_eq!(in_pieces(&bytes, 4096), twin(&bytes));
        assert!(matches!(
            in_pieces(&bytes, 4096).as_slice(),
            [Line::Whole(_)]
        ));
        bytes.insert(0, b'x');
        assert_eq!(in_pieces(&bytes, 4096), [Line::TooLong]);
    }
}
