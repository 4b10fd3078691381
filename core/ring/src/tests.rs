//! Small cases of a ring in one thread; races are for loom, Miri and `tests/`.

use super::*;

fn drain<T: Copy>(poller: &mut Poller<T>) -> Vec<T> {
    std::iter::from_fn(|| poller.pop()).collect()
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for slots in [0, 3, 6, 4095] {
        let refused = ring::<u8>(slots, 1).unwrap_err();
        assert_eq!(refused, RingError::SlotsNotPowerOfTwo { slots });
        assert_eq!(spsc::<u8>(slots).unwrap_err(), refused);
    }
    assert_eq!(ring::<u8>(4, 0).unwrap_err(), RingError::NoReaders);
}

#[test]
fn a_ring_of_one_slot_passes_items_one_at_a_time() {
    let (mut producer, mut poller) = spsc(1).unwrap();
    for item in 0..5 {
        producer.try_push(item).unwrap();
        assert_eq!(producer.try_push(99), Err(Full(99)));
        assert_eq!(poller.pop(), Some(item));
        assert_eq!(poller.pop(), None);
    }
}

#[test]
fn a_limit_beyond_all_counting_takes_what_is_there() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    for round in 0..3 {
        assert_eq!(producer.try_push_batch(&[round, round, round]), 3);
        assert_eq!(poller.poll(usize::MAX, |_, _, _| {}), 3);
    }
}

#[test]
fn the_writer_waits_for_the_slowest_reader() {
    let (mut producer, mut readers) = ring(4, 2).unwrap();
    assert_eq!(producer.try_push_batch(&[0, 1, 2, 3]), 4);
    assert_eq!(drain(&mut readers[0]), [0, 1, 2, 3]);
    assert_eq!(producer.free(), 0);
    assert_eq!(producer.try_push(4), Err(Full(4)));

    assert_eq!(readers[1].pop(), Some(0));
    assert_eq!(producer.free(), 1);
    producer.try_push(4).unwrap();
    assert_eq!(producer.try_push(5), Err(Full(5)));
    assert_eq!(drain(&mut readers[1]), [1, 2, 3, 4]);
    assert_eq!(drain(&mut readers[0]), [4]);
}

#[test]
fn a_batch_is_cut_to_what_fits() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    producer.try_push(0).unwrap();
    assert_eq!(producer.try_push_batch(&[1, 2, 3, 4, 5]), 3);
    assert_eq!(producer.try_push_batch(&[4]), 0);
    assert_eq!(producer.try_push_batch(&[]), 0);
    assert_eq!(drain(&mut poller), [0, 1, 2, 3]);
}

#[test]
fn a_claim_is_all_or_nothing() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    producer.try_push(0).unwrap();
    assert!(producer.claim(4).is_none());
    assert!(producer.claim(5).is_none(), "more than the ring has");
    let mut claim = producer.claim(3).unwrap();
    claim.push(1);
    claim.push(2);
    assert_eq!(claim.left(), 1);
    assert_eq!(claim.publish(), 2);
    assert_eq!(drain(&mut poller), [0, 1, 2]);
}

#[test]
fn a_claim_that_is_dropped_publishes_nothing() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    let mut claim = producer.claim(2).unwrap();
    claim.push(1);
    drop(claim);
    assert_eq!(producer.published(), Sequence::FIRST);
    assert_eq!(poller.pop(), None);
    producer.try_push(2).unwrap();
    assert_eq!(poller.pop(), Some(2));
}

#[test]
#[should_panic(expected = "a claim is not filled beyond its end")]
fn filling_more_than_claimed_is_a_bug() {
    let (mut producer, _poller) = spsc(4).unwrap();
    let mut claim = producer.claim(1).unwrap();
    claim.push(1);
    claim.push(2);
}

#[test]
fn poll_counts_numbers_and_marks_the_end() {
    let (mut producer, mut poller) = spsc(8).unwrap();
    producer.try_push_batch(&[10, 11, 12, 13, 14]);
    let mut seen = Vec::new();
    assert_eq!(
        poller.poll(3, |item, at, end| seen.push((*item, at.value(), end))),
        3
    );
    assert_eq!(
        poller.poll(0, |_, _, _| unreachable!(
            "a limit of zero hands out nothing"
        )),
        0
    );
    assert_eq!(
        poller.poll(8, |item, at, end| seen.push((*item, at.value(), end))),
        2
    );
    assert_eq!(poller.poll(8, |_, _, _| unreachable!("all is read")), 0);
    let expected = [
        (10, 0, false),
        (11, 1, false),
        (12, 2, true),
        (13, 3, false),
        (14, 4, true),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_batch_whose_handler_panics_comes_again() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    producer.try_push_batch(&[1, 2]);
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        poller.poll(2, |item, _, _| assert_ne!(*item, 2, "the second one fails"));
    }));
    assert!(polled.is_err());
    assert_eq!(producer.free(), 2, "nothing was given back");
    assert_eq!(drain(&mut poller), [1, 2]);
}

#[test]
fn peek_leaves_the_item_and_its_gate() {
    let (mut producer, mut poller) = spsc(1).unwrap();
    assert_eq!(poller.peek(), None);
    producer.try_push(7).unwrap();
    assert_eq!(poller.peek(), Some(&7));
    assert_eq!(producer.free(), 0);
    poller.advance();
    assert_eq!(producer.free(), 1);
    assert_eq!(poller.peek(), None);
}

#[test]
#[should_panic(expected = "advance follows a peek that showed an item")]
fn advancing_past_nothing_is_a_bug() {
    let (_producer, mut poller) = spsc::<u8>(4).unwrap();
    poller.advance();
}

#[test]
fn a_reader_behind_another_sees_only_what_that_one_has_passed() {
    let (mut producer, mut readers) = ring(8, 2).unwrap();
    let mut first = readers.remove(0);
    let mut second = readers.remove(0).after(&first.cursor());
    producer.try_push_batch(&[1, 2, 3]);
    assert_eq!((first.pending(), second.pending()), (3, 0));
    first.poll(2, |_, _, _| ());
    assert_eq!(second.pending(), 2);
    assert_eq!(drain(&mut second), [1, 2]);
}

#[test]
fn two_barriers_both_hold() {
    let (mut producer, mut poller) = spsc(8).unwrap();
    let (mut written, mut sent) = (Progress::new(), Progress::new());
    poller = poller.after(&written.cursor()).after(&sent.cursor());
    producer.try_push_batch(&[1, 2, 3]);
    written.advance_to(Sequence::new(3));
    assert_eq!(drain(&mut poller), []);
    sent.advance_to(Sequence::new(1));
    assert_eq!(drain(&mut poller), [1]);
}

#[test]
fn a_barrier_whose_owner_is_gone_does_not_open() {
    let (mut producer, mut readers) = ring(8, 2).unwrap();
    let mut first = readers.remove(0);
    let mut second = readers.remove(0).after(&first.cursor());
    producer.try_push_batch(&[1, 2, 3]);
    first.pop();
    drop(first);
    assert_eq!(drain(&mut second), [1], "the rest was never done first");
    assert!(!second.is_drained());
}

#[test]
fn a_barrier_added_late_does_not_take_back_what_was_read() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    producer.try_push_batch(&[1, 2, 3]);
    poller.pop();
    poller.pop();
    let behind = Progress::new();
    poller = poller.after(&behind.cursor());
    assert_eq!(poller.pending(), 0);
    assert_eq!(poller.pop(), None);
    assert_eq!(poller.poll(4, |_, _, _| ()), 0);
    assert_eq!(poller.position(), Sequence::new(2));
}

#[test]
fn a_dropped_reader_no_longer_holds_the_writer() {
    let (mut producer, mut readers) = ring(2, 2).unwrap();
    let mut stays = readers.remove(0);
    producer.try_push_batch(&[1, 2]);
    assert_eq!(drain(&mut stays), [1, 2]);
    assert_eq!(
        producer.try_push(3),
        Err(Full(3)),
        "the other one is still there"
    );
    readers.clear();
    assert_eq!(producer.free(), 2);
    producer.try_push(3).unwrap();
    assert_eq!(stays.pop(), Some(3));
}

#[test]
fn a_writer_without_readers_is_told_and_never_full() {
    let (mut producer, poller) = spsc(2).unwrap();
    assert!(!producer.is_abandoned());
    drop(poller);
    assert!(producer.is_abandoned());
    for item in 0..9 {
        producer.try_push(item).unwrap();
    }
    assert_eq!(producer.free(), 2);
}

#[test]
fn readers_finish_what_a_gone_writer_left() {
    let (mut producer, mut poller) = spsc(4).unwrap();
    producer.try_push_batch(&[1, 2]);
    assert!(!poller.is_closed());
    drop(producer);
    assert!(poller.is_closed());
    assert!(!poller.is_drained());
    assert_eq!(drain(&mut poller), [1, 2]);
    assert!(poller.is_drained());
}

#[test]
fn cursors_show_the_lag_of_each_reader() {
    let (mut producer, mut readers) = ring(8, 2).unwrap();
    let (published, slow) = (producer.cursor(), readers[1].cursor());
    producer.try_push_batch(&[1, 2, 3]);
    drain(&mut readers[0]);
    readers[1].pop();
    assert_eq!(published.position().since(slow.position()), 2);
    assert_eq!(readers[0].published().position(), Sequence::new(3));
    drop(readers);
    assert!(slow.is_closed());
    assert_eq!(slow.position(), Sequence::new(1), "left where it was");
}

#[test]
#[should_panic(expected = "progress never goes back")]
fn progress_that_goes_back_is_a_bug() {
    let mut progress = Progress::new();
    progress.advance_to(Sequence::new(2));
    progress.advance_to(Sequence::new(1));
}
