//! Goal: order and completeness between real threads. Method: many items through small rings,
//! every reader checks every item; what a model checker bounds, these runs do not.

#![cfg(not(loom))]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::thread;

use dcx_ring::{Idle, Merge, Poller, Producer, Wait};

const ITEMS: u64 = if cfg!(miri) { 300 } else { 500_000 };

/// Wide enough that a torn or early read is seen: all words are the same number.
type Wide = [u64; 8];

fn wide(number: u64) -> Wide {
    [number; 8]
}

fn push_all(mut producer: Producer<Wide>, batch: usize) {
    let mut idle = Idle::new(Wait::Yield);
    let mut next = 0;
    while next < ITEMS {
        let count = batch.min(usize::try_from(ITEMS - next).unwrap());
        let items: Vec<Wide> = (next..).take(count).map(wide).collect();
        let pushed = producer.try_push_batch(&items);
        next += pushed as u64;
        idle.idle(pushed);
    }
}

/// Reads until the writer is gone and checks that nothing is missing, twice or torn.
fn check_all(mut poller: Poller<Wide>, limit: usize) {
    let mut idle = Idle::new(Wait::Yield);
    let mut next = 0;
    while !poller.is_drained() {
        let count = poller.poll(limit, |item, at, _| {
            assert_eq!(*item, wide(next));
            assert_eq!(at.value(), next);
            next += 1;
        });
        idle.idle(count);
    }
    assert_eq!(next, ITEMS);
}

#[test]
fn one_reader_gets_every_item_in_order() {
    let (producer, poller) = dcx_ring::spsc(8).unwrap();
    thread::scope(|threads| {
        threads.spawn(move || push_all(producer, 1));
        threads.spawn(move || check_all(poller, 1));
    });
}

#[test]
fn three_readers_of_different_pace_each_get_every_item_in_order() {
    let (producer, readers) = dcx_ring::ring(16, 3).unwrap();
    thread::scope(|threads| {
        threads.spawn(move || push_all(producer, 5));
        for (limit, poller) in [1, 3, 64].into_iter().zip(readers) {
            threads.spawn(move || check_all(poller, limit));
        }
    });
}

#[test]
fn a_reader_behind_another_never_overtakes_it() {
    let (producer, mut readers) = dcx_ring::ring(16, 2).unwrap();
    let first = readers.remove(0);
    let passed = first.cursor();
    let mut second = readers.remove(0).after(&passed);
    thread::scope(|threads| {
        threads.spawn(move || push_all(producer, 4));
        threads.spawn(move || check_all(first, 7));
        threads.spawn(move || {
            let mut idle = Idle::new(Wait::Yield);
            while !second.is_drained() {
                let limit = passed.position();
                let bounded = usize::try_from(limit.since(second.position())).unwrap();
                let count = second.poll(bounded.min(3), |_, at, _| assert!(at < limit));
                idle.idle(count);
            }
            assert_eq!(second.position().value(), ITEMS);
        });
    });
}

#[test]
fn a_reader_that_leaves_does_not_stop_the_others() {
    let (producer, mut readers) = dcx_ring::ring(8, 2).unwrap();
    let stays = readers.remove(0);
    let mut leaves = readers.remove(0);
    thread::scope(|threads| {
        threads.spawn(move || push_all(producer, 3));
        threads.spawn(move || check_all(stays, 8));
        threads.spawn(move || {
            let mut idle = Idle::new(Wait::Yield);
            while leaves.position().value() < ITEMS / 2 {
                idle.idle(leaves.poll(4, |_, _, _| ()));
            }
        });
    });
}

#[test]
fn a_merge_keeps_each_writers_order_and_loses_nothing() {
    const WRITERS: usize = 3;
    let (producers, pollers): (Vec<_>, Vec<_>) =
        (0..WRITERS).map(|_| dcx_ring::spsc(16).unwrap()).unzip();
    let mut merge = Merge::new(pollers, 4);
    thread::scope(|threads| {
        for (writer, producer) in producers.into_iter().enumerate() {
            threads.spawn(move || push_all(producer, writer + 1));
        }
        threads.spawn(move || {
            let mut next = [0; WRITERS];
            let mut idle = Idle::new(Wait::Yield);
            while !merge.is_drained() {
                let count = merge.poll(10, |item, source| {
                    assert_eq!(*item, wide(next[source]));
                    next[source] += 1;
                });
                idle.idle(count);
            }
            assert_eq!(next, [ITEMS; WRITERS]);
        });
    });
}
