//! The one writer of a ring: claims room, fills slots, publishes them at once.

#![expect(
    unsafe_code,
    reason = "fills slots without a lock; each block states the proof"
)]

use std::fmt;
use std::sync::Arc;

use crate::cursor::{Cursor, Line};
use crate::sequence::Sequence;
use crate::slots::Slots;

/// The ring had no room: a gated reader is a whole ring length behind.
///
/// Back-pressure is an answer, not a wait: the item comes back, and the caller decides.
///
/// # Examples
/// ```
/// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(1)?;
/// orders.try_push(1)?;
/// let dcx_ring::Full(refused) = orders.try_push(2).unwrap_err();
/// assert_eq!(refused, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ring is full")]
pub struct Full<T>(pub T);

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(_)")
    }
}

/// The only writer of a ring.
///
/// Never blocks and never overwrites what a reader has still to read. Dropping it closes the
/// ring: readers see [`is_closed`](crate::Poller::is_closed) and still get all that was
/// published.
///
/// # Examples
/// ```
/// let (mut orders, mut readers) = dcx_ring::ring::<u32>(8, 2)?;
/// assert_eq!(orders.try_push_batch(&[1, 2, 3]), 3);
/// assert_eq!(orders.free(), 5);
/// assert_eq!(readers[0].pop(), Some(1));
/// assert_eq!(orders.free(), 5, "the other reader has read nothing yet");
/// # Ok::<(), dcx_ring::RingError>(())
/// ```
#[derive(Debug)]
pub struct Producer<T> {
    slots: Slots<T>,
    /// What readers may read, as they see it.
    published: Arc<Line>,
    readers: Box<[Arc<Line>]>,
    /// The next sequence to fill; equals `published` between calls.
    next: Sequence,
    /// Up to here there was room when the readers were last looked at. Their cursors are only
    /// loaded when this is used up, so a reader's cache line is not fetched for each item.
    room_until: Sequence,
}

impl<T: Copy> Producer<T> {
    pub(crate) fn new(slots: Slots<T>, published: Arc<Line>, readers: Box<[Arc<Line>]>) -> Self {
        let room_until = Sequence::FIRST.plus(slots.count());
        Self {
            slots,
            published,
            readers,
            next: Sequence::FIRST,
            room_until,
        }
    }

    /// Publishes `item` to all readers.
    ///
    /// # Errors
    /// [`Full`] gives the item back when the slowest reader is a ring length behind.
    ///
    /// # Cost
    /// O(1), no allocation. Bench: `ring/spsc`.
    #[inline]
    pub fn try_push(&mut self, item: T) -> Result<(), Full<T>> {
        if self.room(1) == 0 {
            return Err(Full(item));
        }
        // SAFETY: this is the only writer (`&mut self`, not `Clone`), `next` is not published
        // before the `publish` below, and `room` saw every gated reader past the item one
        // ring length before. Held by the loom test `the_writer_never_laps_a_gated_reader`.
        unsafe { self.slots.write(self.next, item) };
        self.publish(self.next.plus(1));
        Ok(())
    }

    /// Publishes the first of `items` that fit, all at once, and returns how many.
    ///
    /// # Cost
    /// O(items), one publication, no allocation. Bench: `ring/batch`.
    #[inline]
    pub fn try_push_batch(&mut self, items: &[T]) -> usize {
        let count = self.room(items.len());
        for (offset, item) in items.iter().take(count).enumerate() {
            // SAFETY: as in `try_push`; `offset` stays below the `count` that `room` granted.
            // Held by the loom test `a_batch_becomes_visible_whole`.
            unsafe { self.slots.write(self.next.plus(offset), *item) };
        }
        self.publish(self.next.plus(count));
        count
    }

    /// Claims `count` slots to fill in place, or none if they are not all free.
    ///
    /// Nothing is visible before [`Claim::publish`], and dropping the claim publishes nothing.
    /// More than the ring holds is never free.
    ///
    /// # Examples
    /// ```
    /// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(4)?;
    /// let mut claim = orders.claim(3).expect("an empty ring of four has room for three");
    /// claim.push(1);
    /// claim.push(2);
    /// assert_eq!(claim.publish(), 2, "what was filled, not what was claimed");
    /// assert_eq!((engine.pop(), engine.pop(), engine.pop()), (Some(1), Some(2), None));
    /// # Ok::<(), dcx_ring::RingError>(())
    /// ```
    #[inline]
    pub fn claim(&mut self, count: usize) -> Option<Claim<'_, T>> {
        (self.room(count) == count).then_some(Claim {
            producer: self,
            claimed: count,
            filled: 0,
        })
    }

    /// Returns how many items can be pushed now, looking at all readers.
    ///
    /// # Cost
    /// O(readers): loads each reader's cache line.
    #[must_use]
    pub fn free(&self) -> usize {
        self.distance(self.slowest().plus(self.slots.count()))
    }

    /// Returns the number of slots.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.count()
    }

    /// Returns the sequence after the last published item.
    #[inline]
    #[must_use]
    pub fn published(&self) -> Sequence {
        self.next
    }

    /// Returns a view of how far the writer has come.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::of(&self.published)
    }

    /// Whether every reader is gone, so that what is pushed reaches nobody.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.readers.iter().all(|reader| reader.is_closed())
    }

    /// Returns how many of `wanted` slots may be filled, looking at the readers only when what
    /// is known to be free does not suffice.
    #[inline(always)]
    fn room(&mut self, wanted: usize) -> usize {
        let known = self.distance(self.room_until);
        if known >= wanted {
            return wanted;
        }
        self.look_at_readers(wanted)
    }

    #[inline]
    fn look_at_readers(&mut self, wanted: usize) -> usize {
        self.room_until = self.slowest().plus(self.slots.count());
        self.distance(self.room_until).min(wanted)
    }

    /// Returns the position of the slowest reader there is, or our own without any.
    #[inline]
    fn slowest(&self) -> Sequence {
        let gated = self.readers.iter().filter(|reader| !reader.is_closed());
        gated
            .map(|reader| reader.load())
            .fold(self.next, Sequence::min)
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "never more than the slots of the ring"
    )]
    fn distance(&self, end: Sequence) -> usize {
        end.since(self.next) as usize
    }

    /// Makes all slots before `next` visible to the readers.
    #[inline(always)]
    fn publish(&mut self, next: Sequence) {
        self.next = next;
        self.published.store(next);
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.published.close();
    }
}

/// Slots claimed from a ring, to be filled in order and published at once.
///
/// See [`Producer::claim`], which also has the example.
#[derive(Debug)]
#[must_use = "a claim that is not published is given back"]
pub struct Claim<'a, T: Copy> {
    producer: &'a mut Producer<T>,
    claimed: usize,
    filled: usize,
}

impl<T: Copy> Claim<'_, T> {
    /// Fills the next claimed slot.
    ///
    /// # Panics
    /// If all claimed slots are filled: the caller chose how many to claim.
    #[inline]
    pub fn push(&mut self, item: T) {
        assert!(
            self.filled < self.claimed,
            "a claim is not filled beyond its end"
        );
        let at = self.producer.next.plus(self.filled);
        // SAFETY: as in `Producer::try_push`; `claim` saw `claimed` slots free, and the
        // assertion keeps us below that. Held by the loom test `a_claim_is_seen_whole`.
        unsafe { self.producer.slots.write(at, item) };
        self.filled += 1;
    }

    /// Returns how many claimed slots are still to be filled.
    #[must_use]
    pub fn left(&self) -> usize {
        self.claimed - self.filled
    }

    /// Publishes the filled slots to all readers at once and returns how many they are.
    #[inline]
    pub fn publish(self) -> usize {
        let end = self.producer.next.plus(self.filled);
        self.producer.publish(end);
        self.filled
    }
}
