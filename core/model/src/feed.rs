//! Numbered feeds: what follows what, and what is missing.

use crate::{InstrumentId, VenueId};

/// A venue's feed lost something: what it said before of the instrument is not believed any more,
/// until a [`Quote`](crate::Quote), which is always the whole state, comes after it.
///
/// ```
/// use dcx_model::{Command, FeedGap, InstrumentId, VenueId};
/// let lost = Command::FeedGap(FeedGap {
///     venue: VenueId::new(2),
///     instrument: Some(InstrumentId::new(0)),
///     expected: 17,
///     found: 20,
/// });
/// # let Command::FeedGap(gap) = lost else { panic!() };
/// assert_eq!(gap.missing(), Some(3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedGap {
    /// Whose feed.
    pub venue: VenueId,
    /// What of it; none where nobody can say, so that all its instruments are concerned.
    pub instrument: Option<InstrumentId>,
    /// The number that should have come.
    pub expected: u64,
    /// The number that came; the same where the feed does not count, or is known to have lost
    /// something without a number.
    pub found: u64,
}

impl FeedGap {
    /// How many messages are missing; none where the numbers do not say, because the feed went
    /// back or does not count.
    #[must_use]
    pub const fn missing(&self) -> Option<u64> {
        match self.found.checked_sub(self.expected) {
            Some(0) | None => None,
            some => some,
        }
    }
}

/// How a number follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedStep {
    /// It is the next, or the first.
    Next,
    /// It is the last one again: what comes with it is known already.
    Again,
    /// Something is missing, or the feed went back. It goes on from the number that came.
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
}

/// The numbers of one feed, as they come in.
///
/// A number below the last one is a gap too: whether a message came late or the feed began anew,
/// what was known before is not its state any more.
///
/// ```
/// use dcx_model::{FeedSequence, FeedStep};
/// let mut feed = FeedSequence::new();
/// assert_eq!(feed.take(7), FeedStep::Next, "wherever it begins");
/// assert_eq!(feed.take(7), FeedStep::Again);
/// assert_eq!(feed.take(9), FeedStep::Gap { expected: 8, found: 9 });
/// assert_eq!(feed.take(10), FeedStep::Next);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedSequence {
    last: Option<u64>,
}

impl FeedSequence {
    /// A feed of which nothing has come yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Takes the number of a message. After the largest number comes zero.
    pub const fn take(&mut self, found: u64) -> FeedStep {
        let Some(last) = self.last else {
            self.last = Some(found);
            return FeedStep::Next;
        };
        if found == last {
            return FeedStep::Again;
        }
        self.last = Some(found);
        let expected = last.wrapping_add(1);
        if found == expected {
            FeedStep::Next
        } else {
            FeedStep::Gap { expected, found }
        }
    }

    /// Begins anew with a snapshot: whatever number comes next is the first.
    pub const fn forget(&mut self) {
        self.last = None;
    }

    /// Begins anew with a snapshot that has everything up to this number.
    pub const fn whole_until(&mut self, last: u64) {
        self.last = Some(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_largest_number_comes_zero() {
        let mut feed = FeedSequence::new();
        feed.whole_until(u64::MAX);
        assert_eq!(feed.take(0), FeedStep::Next);
        feed.whole_until(u64::MAX);
        let (expected, found) = (0, 1);
        assert_eq!(feed.take(1), FeedStep::Gap { expected, found });
    }

    #[test]
    fn a_number_that_went_back_is_a_gap_and_the_feed_goes_on_from_it() {
        let mut feed = FeedSequence::new();
        feed.whole_until(40);
        let (expected, found) = (41, 1);
        assert_eq!(feed.take(1), FeedStep::Gap { expected, found });
        assert_eq!(feed.take(2), FeedStep::Next);
        feed.forget();
        assert_eq!(feed.take(1), FeedStep::Next);
    }

    #[test]
    fn only_what_runs_ahead_says_how_much_is_missing() {
        let gap = |expected, found| FeedGap {
            venue: VenueId::new(0),
            instrument: None,
            expected,
            found,
        };
        assert_eq!(gap(3, 5).missing(), Some(2));
        assert_eq!(gap(5, 3).missing(), None);
        assert_eq!(gap(0, 0).missing(), None);
        assert_eq!(gap(0, u64::MAX).missing(), Some(u64::MAX));
    }
}
