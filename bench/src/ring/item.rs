//! What travels through the measured queues, and the check that all of it arrived.

/// One cache line, the size of a small message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Item {
    words: [u64; 8],
}

const _: () = assert!(size_of::<Item>() == 64);

impl Item {
    /// Returns the item of this number: every word is written, as a real message would be.
    #[inline(always)]
    pub(super) fn numbered(number: u64) -> Self {
        Self { words: [number; 8] }
    }

    /// Returns item `number` of one writer among several.
    #[inline(always)]
    pub(super) fn of_writer(writer: usize, number: u64) -> Self {
        let mut words = [number; 8];
        words[1] = writer as u64;
        Self { words }
    }

    pub(super) fn number(&self) -> u64 {
        self.words[0]
    }
}

/// Counts items and notices one that is missing, twice, torn or out of order.
///
/// The same work for every queue: it reads both ends of the line.
#[derive(Debug)]
pub(super) struct Check {
    next: Vec<u64>,
    seen: u64,
    wrong: u64,
}

impl Check {
    pub(super) fn of_writers(count: usize) -> Self {
        Self {
            next: vec![0; count],
            seen: 0,
            wrong: 0,
        }
    }

    /// Sees the next item of a lone writer.
    #[inline(always)]
    pub(super) fn see(&mut self, item: &Item) {
        self.wrong |= (item.words[0] ^ self.seen) | (item.words[7] ^ self.seen);
        self.seen += 1;
    }

    /// Sees the next item of any of several writers.
    #[inline(always)]
    pub(super) fn see_of_writers(&mut self, item: &Item) {
        let writer = usize::try_from(item.words[1]).unwrap_or(usize::MAX);
        let next = &mut self.next[writer];
        self.wrong |= (item.words[0] ^ *next) | (item.words[7] ^ *next);
        *next += 1;
        self.seen += 1;
    }

    #[inline(always)]
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// # Panics
    /// If an item was not what it should have been: such a queue needs no figures.
    pub(super) fn verdict(&self, name: &str) {
        assert_eq!(
            self.wrong, 0,
            "{name} delivers every item once, whole and in order"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_item_is_noticed() {
        let mut check = Check::of_writers(1);
        check.see(&Item::numbered(0));
        check.verdict("whole");
        check.see(&Item::numbered(2));
        assert!(std::panic::catch_unwind(|| check.verdict("torn")).is_err());
    }

    #[test]
    fn writers_are_checked_each_for_itself() {
        let mut check = Check::of_writers(2);
        for (writer, number) in [(0, 0), (1, 0), (1, 1), (0, 1)] {
            check.see_of_writers(&Item::of_writer(writer, number));
        }
        check.verdict("whole");
        check.see_of_writers(&Item::of_writer(1, 1));
        assert!(std::panic::catch_unwind(|| check.verdict("twice")).is_err());
    }
}
