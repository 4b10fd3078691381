//! How far a writer or a reader has come, on a cache line of its own.

use std::sync::Arc;

use crate::sequence::Sequence;
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// One position and whether its owner is gone, alone on two cache lines.
///
/// Two, because the adjacent-line prefetcher of x86 fetches lines in pairs: a neighbour on
/// the other half would still cause traffic between the cores.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Line {
    position: AtomicU64,
    closed: AtomicBool,
}

const _: () = assert!(cfg!(loom) || size_of::<Line>() == 128);

impl Line {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            position: AtomicU64::new(Sequence::FIRST.value()),
            closed: AtomicBool::new(false),
        })
    }

    /// Makes everything its owner did before visible to whoever [`load`](Self::load)s it.
    #[inline(always)]
    pub(crate) fn store(&self, next: Sequence) {
        self.position.store(next.value(), Ordering::Release);
    }

    #[inline(always)]
    pub(crate) fn load(&self) -> Sequence {
        Sequence::new(self.position.load(Ordering::Acquire))
    }

    /// Says that the owner has touched the ring for the last time.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    #[inline(always)]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// A read-only view of how far one reader or the writer has come.
///
/// Cheap to clone and not bound to the item type: counters and other threads keep one to
/// show a lag, and [`Poller::after`](crate::Poller::after) takes one as a barrier.
///
/// # Examples
/// ```
/// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(8)?;
/// let (published, read) = (orders.cursor(), engine.cursor());
///
/// orders.try_push(7)?;
/// assert_eq!(published.position().since(read.position()), 1, "the engine lags by one");
/// engine.pop();
/// assert_eq!(published.position(), read.position());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cursor {
    line: Arc<Line>,
}

impl Cursor {
    pub(crate) fn of(line: &Arc<Line>) -> Self {
        Self {
            line: Arc::clone(line),
        }
    }

    /// Returns the sequence its owner will publish or read next.
    #[inline]
    #[must_use]
    pub fn position(&self) -> Sequence {
        self.line.load()
    }

    /// Whether its owner is gone; the position stays where it was left.
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.line.is_closed()
    }
}

/// A position that belongs to no ring: how far something outside has come.
///
/// The journal keeps one for what it has written, so that others can wait for it. It only
/// moves forward, and dropping it leaves it where it is.
///
/// # Examples
/// ```
/// use dcx_ring::{Progress, Sequence};
///
/// let mut written = Progress::new();
/// let seen = written.cursor();
/// written.advance_to(Sequence::new(3));
/// assert_eq!(seen.position(), Sequence::new(3));
/// drop(written);
/// assert!(seen.is_closed());
/// assert_eq!(seen.position(), Sequence::new(3));
/// ```
#[derive(Debug)]
pub struct Progress {
    line: Arc<Line>,
    reached: Sequence,
}

impl Progress {
    /// Returns a progress at [`Sequence::FIRST`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            line: Line::new(),
            reached: Sequence::FIRST,
        }
    }

    /// Moves on to `next`: everything before it is done and visible to who reads the cursor.
    ///
    /// # Panics
    /// If `next` lies behind what was reached: done does not become undone.
    #[inline]
    pub fn advance_to(&mut self, next: Sequence) {
        assert!(next >= self.reached, "progress never goes back");
        self.reached = next;
        self.line.store(next);
    }

    /// Returns a view of it for others.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::of(&self.line)
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.close();
    }
}
