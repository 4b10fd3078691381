//! The measured orders allocate nothing, with every check on.

#![expect(
    unsafe_code,
    reason = "a GlobalAlloc that counts is the only way to see every allocation"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dcx_bench::workload::{Checks, Kind, Shape, Workload};

thread_local! {
    /// Allocations of this thread. Constant, so that reading it allocates nothing.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call is handed to `System` unchanged; the counter is a plain cell of this thread
// and touches no memory of the allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps to `GlobalAlloc::alloc`, which asks the same of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `System` through `alloc` above, with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_measured_orders_allocate_nothing_with_every_check_on() {
    let workload = Workload::record(&Shape {
        commands: 100_000,
        orders_open_max: 4_096,
        checks: Checks::All,
        ..Shape::SMALL
    });
    let before = COUNT.get();
    let (mut engine, mut outbox) = workload.engine();
    assert!(
        COUNT.get() > before,
        "the counter counts: Configure allocates"
    );
    let before = COUNT.get();
    for taken in &workload.commands {
        engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
    }
    assert_eq!(
        COUNT.get() - before,
        0,
        "after Configure nothing is allocated"
    );
    assert!(
        workload.count(Kind::NewOrder) > 10_000,
        "orders are measured"
    );
}
