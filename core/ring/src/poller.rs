//! One reader of a ring: sees every item, in order, and holds the writer back until it has.

#![expect(
    unsafe_code,
    reason = "reads slots without a lock; each block states the proof"
)]

use std::sync::Arc;

use crate::cursor::{Cursor, Line};
use crate::sequence::Sequence;
use crate::slots::Slots;

/// One gated reader of a ring.
///
/// Every reader sees every item; the writer waits for the slowest. Dropping a reader lifts
/// its gate: the writer no longer waits for it, and what it has not read it has missed.
///
/// # Examples
/// ```
/// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(8)?;
/// orders.try_push_batch(&[1, 2, 3]);
///
/// let mut sum = 0;
/// let count = engine.poll(16, |order, _sequence, end_of_batch| {
///     sum += order;
///     assert_eq!(end_of_batch, *order == 3);
/// });
/// assert_eq!((count, sum), (3, 6));
///
/// drop(orders);
/// assert!(engine.is_drained());
/// # Ok::<(), dcx_ring::RingError>(())
/// ```
#[derive(Debug)]
pub struct Poller<T> {
    slots: Slots<T>,
    published: Arc<Line>,
    /// What the writer sees of us: everything before it may be overwritten.
    read: Arc<Line>,
    /// Readers or progresses that must have passed an item before we may see it.
    barriers: Vec<Cursor>,
    /// The next sequence to read.
    next: Sequence,
    /// Up to here items were readable when we last looked. The writer's cursor is only loaded
    /// when this is used up, so its cache line is fetched for each batch, not each item.
    readable: Sequence,
}

impl<T: Copy> Poller<T> {
    pub(crate) fn new(slots: Slots<T>, published: Arc<Line>, read: Arc<Line>) -> Self {
        let (next, readable) = (Sequence::FIRST, Sequence::FIRST);
        Self {
            slots,
            published,
            read,
            barriers: Vec::new(),
            next,
            readable,
        }
    }

    /// Lets this reader see an item only after `cursor` has passed it.
    ///
    /// The cursor is that of another reader of the same ring, or a [`Progress`] that counts in
    /// its sequences. Called again it adds another barrier. A barrier whose owner is gone
    /// stays where it was left: what was not done first is not seen, ever (fail closed). Two
    /// readers behind each other see nothing at all.
    ///
    /// # Examples
    /// ```
    /// let (mut orders, mut readers) = dcx_ring::ring::<u32>(8, 2)?;
    /// let mut journal = readers.remove(0);
    /// let mut engine = readers.remove(0).after(&journal.cursor());
    ///
    /// orders.try_push(7)?;
    /// assert_eq!(engine.pop(), None, "not kept yet");
    /// journal.pop();
    /// assert_eq!(engine.pop(), Some(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Progress`]: crate::Progress
    #[must_use = "the barrier belongs to the returned reader"]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        self.barriers.push(cursor.clone());
        self.readable = self.next;
        self
    }

    /// Takes the next item.
    ///
    /// # Cost
    /// O(1), no allocation. Bench: `ring/spsc`.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let item = *self.peek()?;
        self.pass(self.next.plus(1));
        Some(item)
    }

    /// Looks at the next item where it lies, leaving it there until [`advance`](Self::advance).
    ///
    /// # Examples
    /// ```
    /// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(8)?;
    /// orders.try_push(7)?;
    /// assert_eq!(engine.peek(), Some(&7));
    /// assert_eq!(engine.peek(), Some(&7), "still there");
    /// engine.advance();
    /// assert_eq!(engine.peek(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn peek(&mut self) -> Option<&T> {
        if self.next == self.readable {
            self.look_at_writer();
            if self.next == self.readable {
                return None;
            }
        }
        // SAFETY: `next` is before `readable`, which an acquiring load of `published` bounds,
        // and our gate `read` stays at `next` until `pass`, which needs `&mut self` and so
        // the end of this reference. Held by the loom test
        // `the_writer_never_laps_a_gated_reader`.
        Some(unsafe { self.slots.read(self.next) })
    }

    /// Passes the item that [`peek`](Self::peek) showed.
    ///
    /// # Panics
    /// If no item was shown: one cannot pass what has not come.
    #[inline]
    pub fn advance(&mut self) {
        assert!(
            self.next < self.readable,
            "advance follows a peek that showed an item"
        );
        self.pass(self.next.plus(1));
    }

    /// Hands up to `limit` items to `each` with their sequences and returns how many.
    ///
    /// The flag tells `each` that the item is the last of this call, the time to flush. The
    /// slots are given back to the writer together after that. If `each` panics they are
    /// not: the same items come again.
    ///
    /// # Cost
    /// O(items), one load and one store of shared cursors, no allocation. Bench: `ring/batch`.
    #[inline]
    pub fn poll(&mut self, limit: usize, mut each: impl FnMut(&T, Sequence, bool)) -> usize {
        if self.next == self.readable {
            self.look_at_writer();
        }
        let count = self.distance(self.readable).min(limit);
        for offset in 0..count {
            let at = self.next.plus(offset);
            // SAFETY: `at` is before `readable`, bounded by an acquiring load of `published`,
            // and our gate stays at `next` until the `pass` below, after the last use. Held
            // by the loom test `a_batch_becomes_visible_whole`.
            let item = unsafe { self.slots.read(at) };
            each(item, at, offset + 1 == count);
        }
        if count > 0 {
            self.pass(self.next.plus(count));
        }
        count
    }

    /// Returns how many items can be read now, barriers considered.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.distance(self.limit())
    }

    /// Whether the writer is gone: nothing more will be published. Items may be pending still.
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.published.is_closed()
    }

    /// Whether the writer is gone and this reader has read everything: time to stop.
    #[inline]
    #[must_use]
    pub fn is_drained(&self) -> bool {
        // The flag first: once it is set the position behind it is final.
        self.is_closed() && self.next == self.published.load()
    }

    /// Returns the sequence of the item to be read next.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Sequence {
        self.next
    }

    /// Returns the number of slots of the ring.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.count()
    }

    /// Returns a view of how far this reader has come.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::of(&self.read)
    }

    /// Returns a view of how far the writer has come.
    #[must_use]
    pub fn published(&self) -> Cursor {
        Cursor::of(&self.published)
    }

    #[inline(always)]
    fn look_at_writer(&mut self) {
        // Never back: a barrier that was added late may lie behind what is already read.
        self.readable = self.limit().max(self.next);
    }

    #[inline(always)]
    fn limit(&self) -> Sequence {
        let published = self.published.load();
        self.barriers
            .iter()
            .map(Cursor::position)
            .fold(published, Sequence::min)
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "never more than the slots of the ring"
    )]
    fn distance(&self, end: Sequence) -> usize {
        end.since(self.next) as usize
    }

    /// Gives all slots before `next` back to the writer.
    #[inline(always)]
    fn pass(&mut self, next: Sequence) {
        self.next = next;
        self.read.store(next);
    }
}

impl<T> Drop for Poller<T> {
    fn drop(&mut self) {
        self.read.close();
    }
}
