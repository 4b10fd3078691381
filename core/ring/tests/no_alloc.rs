//! Goal: nothing is allocated after construction. Method: an allocator that counts, and every
//! operation of a ring and a merge many times over.

#![cfg(not(loom))]
#![expect(
    unsafe_code,
    reason = "an allocator is an unsafe trait; this one only counts"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dcx_ring::{Idle, Merge, Wait};

const ROUNDS: u64 = if cfg!(miri) { 50 } else { 10_000 };

thread_local! {
    /// Of this thread alone: the test runner's own thread allocates when it likes.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged, which keeps the contract; the
// counter is no part of it. Test: all of this file.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `System`, as all memory here, with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn nothing_is_allocated_after_construction() {
    let (mut producer, mut readers) = dcx_ring::ring(16, 2).unwrap();
    let mut last = readers.remove(1).after(&readers[0].cursor());
    let mut merge = Merge::new(readers, 4);
    let mut idle = Idle::new(Wait::Yield);

    let before = ALLOCATIONS.get();
    for item in 0..ROUNDS {
        producer.try_push(item).unwrap();
        assert_eq!(producer.try_push_batch(&[item; 3]), 3);
        let mut claim = producer.claim(2).unwrap();
        claim.push(item);
        claim.push(item);
        claim.publish();

        idle.idle(merge.poll(16, |_, _| ()));
        assert_eq!(last.pop(), Some(item));
        assert_eq!(last.peek(), Some(&item));
        last.advance();
        assert_eq!(last.poll(16, |_, _, _| ()), 4);
        assert_eq!(producer.free(), 16);
    }
    assert_eq!(ALLOCATIONS.get(), before);
}
