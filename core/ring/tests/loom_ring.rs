//! Goal: no interleaving the memory model allows breaks the ring. Method: loom runs each model
//! through all of them, without a bound on preemptions, and its cells report a slot that is
//! read and written without order between the two.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p dcx-ring --release --test 'loom_*'`

#![cfg(loom)]

use dcx_ring::{Merge, Poller, Producer, Sequence};
use loom::thread;

fn push(producer: &mut Producer<u64>, item: u64) {
    while producer.try_push(item).is_err() {
        thread::yield_now();
    }
}

fn pop(poller: &mut Poller<u64>) -> u64 {
    loop {
        if let Some(item) = poller.pop() {
            return item;
        }
        thread::yield_now();
    }
}

/// The slots are fewer than the items, so the writer must come round and wait.
#[test]
fn the_writer_never_laps_a_gated_reader() {
    loom::model(|| {
        let (mut producer, mut poller) = dcx_ring::spsc(1).unwrap();
        let writer = thread::spawn(move || (0..3).for_each(|item| push(&mut producer, item)));
        for item in 0..3 {
            assert_eq!(pop(&mut poller), item);
        }
        writer.join().unwrap();
    });
}

/// Tries a few times instead of waiting: two threads that wait for a third would let each
/// other go first for ever, which loom counts as an endless model.
#[test]
fn the_writer_never_laps_the_slower_of_two_readers() {
    loom::model(|| {
        let (mut producer, readers) = dcx_ring::ring(1, 2).unwrap();
        push(&mut producer, 0);
        let readers: Vec<_> = readers
            .into_iter()
            .map(|mut reader| {
                thread::spawn(move || {
                    assert_eq!(reader.pop(), Some(0));
                    assert!(matches!(reader.pop(), None | Some(1)));
                })
            })
            .collect();
        for _ in 0..2 {
            if producer.try_push(1).is_ok() {
                break;
            }
        }
        readers
            .into_iter()
            .for_each(|reader| reader.join().unwrap());
    });
}

/// `peek` keeps the gate: the writer must not fill the slot while the reader looks at it.
#[test]
fn an_item_looked_at_is_not_overwritten() {
    loom::model(|| {
        let (mut producer, mut poller) = dcx_ring::spsc(1).unwrap();
        push(&mut producer, 0);
        let writer = thread::spawn(move || push(&mut producer, 1));
        assert_eq!(poller.peek(), Some(&0));
        thread::yield_now();
        assert_eq!(poller.peek(), Some(&0));
        poller.advance();
        assert_eq!(pop(&mut poller), 1);
        writer.join().unwrap();
    });
}

#[test]
fn a_batch_becomes_visible_whole() {
    loom::model(|| {
        let (mut producer, mut poller) = dcx_ring::spsc(2).unwrap();
        let writer = thread::spawn(move || {
            assert_eq!(producer.try_push_batch(&[0, 1]), 2);
            while producer.free() < 2 {
                thread::yield_now();
            }
            assert_eq!(producer.try_push_batch(&[2, 3]), 2);
        });
        see_pairs(&mut poller);
        writer.join().unwrap();
    });
}

#[test]
fn a_claim_is_seen_whole() {
    loom::model(|| {
        let (mut producer, mut poller) = dcx_ring::spsc(2).unwrap();
        let writer = thread::spawn(move || {
            for first in [0, 2] {
                let mut claim = loop {
                    match producer.claim(2) {
                        Some(_) => break producer.claim(2).unwrap(),
                        None => thread::yield_now(),
                    }
                };
                claim.push(first);
                claim.push(first + 1);
                assert_eq!(claim.publish(), 2);
            }
        });
        see_pairs(&mut poller);
        writer.join().unwrap();
    });
}

/// Reads 0 to 3 and asserts that they only ever come two at a time.
fn see_pairs(poller: &mut Poller<u64>) {
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let count = poller.poll(4, |item, at, end| {
            assert_eq!(at, Sequence::new(*item));
            assert_eq!(end, item % 2 == 1);
            seen.push(*item);
        });
        assert!(count == 0 || count == 2, "half a batch was seen");
        if count == 0 {
            thread::yield_now();
        }
    }
    assert_eq!(seen, [0, 1, 2, 3]);
}

/// The reader is in the middle of its item when it goes: the writer may only come after it.
#[test]
fn a_dropped_reader_ungates_the_writer() {
    loom::model(|| {
        let (mut producer, mut readers) = dcx_ring::ring(1, 2).unwrap();
        let mut leaves = readers.remove(1);
        let mut stays = readers.remove(0);
        push(&mut producer, 0);
        let leaver = thread::spawn(move || {
            assert_eq!(leaves.peek(), Some(&0));
        });
        assert_eq!(stays.pop(), Some(0));
        push(&mut producer, 1);
        assert_eq!(stays.pop(), Some(1));
        leaver.join().unwrap();
    });
}

/// The second reader's view of the slot hangs on the first one's cursor: writer, first and
/// second are ordered through two pairs of stores and loads.
#[test]
fn a_reader_behind_another_sees_what_that_one_has_passed() {
    loom::model(|| {
        let (mut producer, mut readers) = dcx_ring::ring(2, 2).unwrap();
        let mut first = readers.remove(0);
        let passed = first.cursor();
        let mut second = readers.remove(0).after(&passed);
        let first = thread::spawn(move || assert!(matches!(first.pop(), None | Some(0))));
        let second = thread::spawn(move || {
            if let Some(item) = second.pop() {
                assert_eq!(item, 0);
                assert_eq!(
                    passed.position(),
                    Sequence::new(1),
                    "the first has passed it"
                );
            }
        });
        push(&mut producer, 0);
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn a_reader_of_a_closed_ring_misses_nothing() {
    loom::model(|| {
        let (mut producer, mut poller) = dcx_ring::spsc(2).unwrap();
        let writer = thread::spawn(move || {
            push(&mut producer, 0);
            push(&mut producer, 1);
        });
        let mut seen = Vec::new();
        while !poller.is_drained() {
            if poller.poll(2, |item, _, _| seen.push(*item)) == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(seen, [0, 1]);
        writer.join().unwrap();
    });
}

#[test]
fn a_merge_of_two_writers_loses_nothing() {
    loom::model(|| {
        let (mut one, first) = dcx_ring::spsc(1).unwrap();
        let (mut other, second) = dcx_ring::spsc(1).unwrap();
        let mut merge = Merge::new(vec![first, second], 1);
        let one = thread::spawn(move || push(&mut one, 1));
        let other = thread::spawn(move || push(&mut other, 2));
        let mut seen = [0, 0];
        while seen.contains(&0) {
            if merge.poll(2, |item, source| seen[source] = *item) == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(seen, [1, 2]);
        one.join().unwrap();
        other.join().unwrap();
    });
}
