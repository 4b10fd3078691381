//! The wires of dcx: bounded rings from one writer to several readers, and what threads that
//! use them need. All unsafe code of dcx is in this crate.
//!
//! It promises:
//! - every reader of a ring sees every item, once and in order ([`Poller`]);
//! - the writer never overwrites what a reader has still to read, and never blocks: a full
//!   ring is an answer ([`Full`]);
//! - a batch is published, and given back, with one store ([`Producer::try_push_batch`],
//!   [`Producer::claim`], [`Poller::poll`]);
//! - nothing is allocated after construction.
//!
//! Items are plain values (`Copy`). A reader can be put behind others of its ring
//! ([`Poller::after`]); several writers get a ring each and a [`Merge`]. An item as large as
//! cache lines should say so with `#[repr(align(64))]`, or each straddles one line more.
//!
//! # Examples
//! ```
//! use std::thread;
//!
//! use dcx_ring::{Idle, Wait};
//!
//! let (mut orders, readers) = dcx_ring::ring::<u64>(64, 2)?;
//!
//! let sums = readers.into_iter().map(|mut reader| {
//!     thread::spawn(move || {
//!         let (mut sum, mut idle) = (0, Idle::new(Wait::Yield));
//!         while !reader.is_drained() {
//!             let worked = reader.poll(16, |order, _sequence, _end_of_batch| sum += order);
//!             idle.idle(worked);
//!         }
//!         sum
//!     })
//! });
//! let sums: Vec<_> = sums.collect();
//!
//! for order in 1..=100 {
//!     while orders.try_push(order).is_err() {
//!         thread::yield_now();
//!     }
//! }
//! drop(orders);
//!
//! for sum in sums {
//!     assert_eq!(sum.join().unwrap(), 5050);
//! }
//! # Ok::<(), dcx_ring::RingError>(())
//! ```
//!
//! Not here: orders (it moves `T`), threads and their cores (`dcx-pipeline`), clocks.

mod cursor;
#[cfg(not(miri))] // Miri cannot map files.
mod mapped;
mod merge;
mod poller;
mod producer;
mod sequence;
mod slots;
mod sync;
mod wait;
mod worker;

pub use cursor::{Cursor, Progress};
#[cfg(not(miri))]
pub use mapped::{MappedError, MappedView, MappedWords};
pub use merge::Merge;
pub use poller::Poller;
pub use producer::{Claim, Full, Producer};
pub use sequence::Sequence;
pub use wait::{Idle, Wait};
pub use worker::Worker;

use std::sync::Arc;

use cursor::Line;
use slots::Slots;

/// Why a ring cannot be built as asked.
///
/// # Examples
/// ```
/// use dcx_ring::RingError;
///
/// let refused = dcx_ring::spsc::<u32>(100).unwrap_err();
/// assert_eq!(refused, RingError::SlotsNotPowerOfTwo { slots: 100 });
/// assert_eq!(refused.to_string(), "a ring of 100 slots: the number must be a power of two");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// A slot is found by masking a sequence, so the number must be a power of two.
    #[error("a ring of {slots} slots: the number must be a power of two")]
    SlotsNotPowerOfTwo {
        /// The number asked for.
        slots: usize,
    },
    /// A ring that nobody reads would swallow what is pushed.
    #[error("a ring of 0 readers: it needs at least one")]
    NoReaders,
}

/// Builds a ring of `slots` slots, a power of two, with `readers` gated readers.
///
/// # Errors
/// [`RingError`] says which of the two numbers cannot be.
///
/// # Examples
/// ```
/// let (mut orders, mut readers) = dcx_ring::ring::<&str>(4, 2)?;
/// orders.try_push("buy")?;
/// assert_eq!(readers[0].pop(), Some("buy"));
/// assert_eq!(readers[1].pop(), Some("buy"), "every reader sees every item");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ring<T: Copy + Send + Sync>(
    slots: usize,
    readers: usize,
) -> Result<(Producer<T>, Vec<Poller<T>>), RingError> {
    if readers == 0 {
        return Err(RingError::NoReaders);
    }
    let slots = Slots::new(slots)?;
    let published = Line::new();
    let lines: Box<[Arc<Line>]> = (0..readers).map(|_| Line::new()).collect();
    let poller =
        |line: &Arc<Line>| Poller::new(slots.handle(), Arc::clone(&published), Arc::clone(line));
    let pollers = lines.iter().map(poller).collect();
    Ok((Producer::new(slots.handle(), published, lines), pollers))
}

/// Builds a ring with a single reader.
///
/// # Errors
/// [`RingError::SlotsNotPowerOfTwo`].
///
/// # Examples
/// ```
/// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(4)?;
/// orders.try_push(7)?;
/// assert_eq!(engine.pop(), Some(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spsc<T: Copy + Send + Sync>(slots: usize) -> Result<(Producer<T>, Poller<T>), RingError> {
    let slots = Slots::new(slots)?;
    let (published, read) = (Line::new(), Line::new());
    let poller = Poller::new(slots.handle(), Arc::clone(&published), Arc::clone(&read));
    Ok((Producer::new(slots, published, Box::new([read])), poller))
}

#[cfg(test)]
mod tests;
