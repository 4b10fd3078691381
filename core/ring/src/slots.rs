//! The memory of a ring: a power of two of slots, shared by one writer and its readers.

#![expect(
    unsafe_code,
    reason = "slots are shared without a lock; each block states the proof"
)]

use std::fmt;
use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::RingError;
use crate::sequence::Sequence;
use crate::sync::UnsafeCell;

/// One item's place. Not initialised until the writer first reaches it.
#[repr(transparent)]
struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: the only field is a cell that the writer fills and readers look into. They never
// meet: readers stop at `published`, the writer stops one ring length ahead of the slowest
// reader (`Producer::room`). Two readers may hold `&T` of one slot at once, hence `T: Sync`;
// the writer's thread fills what readers' threads copy out, hence `T: Send`. Held by the
// loom test `the_writer_never_laps_a_gated_reader`.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

/// All slots of one ring. A clone is another handle to the same memory.
pub(crate) struct Slots<T> {
    cells: Arc<[Slot<T>]>,
}

impl<T> Slots<T> {
    /// Allocates `count` slots, the only allocation of items a ring ever makes.
    pub(crate) fn new(count: usize) -> Result<Self, RingError> {
        if !count.is_power_of_two() {
            return Err(RingError::SlotsNotPowerOfTwo { slots: count });
        }
        let empty = || Slot(UnsafeCell::new(MaybeUninit::uninit()));
        Ok(Self {
            cells: (0..count).map(|_| empty()).collect(),
        })
    }

    pub(crate) fn handle(&self) -> Self {
        Self {
            cells: Arc::clone(&self.cells),
        }
    }

    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.cells.len()
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only the low bits select the slot"
    )]
    fn cell(&self, at: Sequence) -> &UnsafeCell<MaybeUninit<T>> {
        let mask = self.cells.len() - 1;
        &self.cells[at.value() as usize & mask].0
    }
}

impl<T: Copy> Slots<T> {
    /// Fills the slot of `at`, forgetting what it held a ring length before.
    ///
    /// # Safety
    /// The caller is the ring's only writer, `at` is not yet published, and no reader is
    /// still to read the item one ring length before `at`.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, at: Sequence, item: T) {
        // SAFETY: the pointer is valid for writes, being that of a live cell, and by the
        // contract above no reference into the slot exists. Held by the loom test
        // `the_writer_never_laps_a_gated_reader`: loom's cell reports any overlap.
        self.cell(at)
            .with_mut(|slot| unsafe { slot.cast::<T>().write(item) });
    }

    /// Returns the item of `at`.
    ///
    /// # Safety
    /// `at` is published, seen by an acquiring load of the writer's cursor, and the caller's
    /// own gating cursor does not pass `at` while the reference lives.
    #[inline(always)]
    pub(crate) unsafe fn read(&self, at: Sequence) -> &T {
        // SAFETY: published means written by `write`, so the slot is initialised; the writer
        // cannot come back to it before the caller's cursor passes `at`. Held by the loom
        // test `a_batch_becomes_visible_whole` and by Miri over all tests.
        self.cell(at).with(|slot| unsafe { &*slot.cast::<T>() })
    }
}

impl<T> fmt::Debug for Slots<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
