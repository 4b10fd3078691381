//! The loops that drive a queue: stream, ping-pong, several writers. The same for all queues.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::RingBench;
use super::item::{Check, Item};
use crate::cores::pin;

/// Items that a batch case writes at once.
pub(super) const BATCH: usize = 16;

/// What one run of one case gave.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) per_s: u64,
    pub(super) latency: Option<Histogram<u64>>,
}

impl Round {
    fn of(count: u64, took: Duration) -> Self {
        let nanos = took.as_nanos().max(1);
        let per_s = u128::from(count) * 1_000_000_000 / nanos;
        Self {
            per_s: u64::try_from(per_s).unwrap_or(u64::MAX),
            latency: None,
        }
    }
}

/// Sends all items from one core to the other; `push` is handed the number of the first item
/// and how many may follow it, and returns how many it took.
pub(super) fn stream(
    bench: &RingBench,
    name: &str,
    mut push: impl FnMut(u64, usize) -> usize + Send,
    mut take: impl FnMut(&mut Check) + Send,
    batch: usize,
) -> Round {
    let start = Barrier::new(2);
    let items = bench.items / BATCH as u64 * BATCH as u64;
    let took = thread::scope(|threads| {
        threads.spawn(|| {
            pin(bench.cores[0]);
            start.wait();
            let mut next = 0;
            while next < items {
                next += push(next, batch) as u64;
            }
        });
        let reader = threads.spawn(|| {
            pin(bench.cores[1]);
            let mut check = Check::of_writers(1);
            start.wait();
            let begun = Instant::now();
            while check.seen() < items {
                take(&mut check);
            }
            let took = begun.elapsed();
            check.verdict(name);
            took
        });
        reader.join().expect("the reader found every item in order")
    });
    Round::of(items, took)
}

/// Sends one item to the other core and waits for it to come back, again and again.
///
/// Half of the trips are timed together for the mean, half one by one for the percentiles;
/// these contain one reading of the clock each.
pub(super) fn ping_pong(
    bench: &RingBench,
    mut ask: impl FnMut(Item) -> bool + Send,
    mut hear: impl FnMut() -> Option<Item> + Send,
    mut receive: impl FnMut() -> Option<Item> + Send,
    mut answer: impl FnMut(Item) -> bool + Send,
) -> Round {
    let start = Barrier::new(2);
    let half = bench.round_trips / 2;
    let warm_up = half / 10;
    thread::scope(|threads| {
        threads.spawn(|| {
            pin(bench.cores[1]);
            start.wait();
            for _ in 0..warm_up + 2 * half {
                let item = wait_for(&mut receive);
                assert!(answer(item), "one item in flight always has room");
            }
        });
        let asking = threads.spawn(|| {
            pin(bench.cores[0]);
            let mut trip = |number| {
                assert!(
                    ask(Item::numbered(number)),
                    "one item in flight always has room"
                );
                assert_eq!(
                    wait_for(&mut hear).number(),
                    number,
                    "the answer is to the question"
                );
            };
            start.wait();
            (0..warm_up).for_each(&mut trip);
            let begun = Instant::now();
            (0..half).for_each(&mut trip);
            let took = begun.elapsed();
            Round {
                latency: Some(timed(half, trip)),
                ..Round::of(half, took)
            }
        });
        asking.join().expect("every question was answered")
    })
}

fn timed(count: u64, mut trip: impl FnMut(u64)) -> Histogram<u64> {
    let mut latency = Histogram::new_with_bounds(1, 1_000_000_000, 3).expect("bounds are in order");
    let mut last = Instant::now();
    for number in 0..count {
        trip(number);
        let now = Instant::now();
        latency.saturating_record(u64::try_from((now - last).as_nanos()).unwrap_or(u64::MAX));
        last = now;
    }
    latency
}

fn wait_for(mut next: impl FnMut() -> Option<Item>) -> Item {
    loop {
        if let Some(item) = next() {
            return item;
        }
        std::hint::spin_loop();
    }
}

/// Where several writers and their reader run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Places {
    /// One thread plays all parts in turn, as in topology `fused`.
    OneThread,
    /// All writers on the first core, the reader alone on the second.
    WritersTogether,
    /// A writer on each core, so that they meet in the queue; the reader shares the second.
    WritersApart,
}

impl Places {
    pub(super) fn load(self, writers: usize) -> String {
        match self {
            Self::OneThread if writers == 1 => "1 writer and its reader on one thread".to_owned(),
            Self::OneThread => format!("{writers} writers and their reader on one thread"),
            Self::WritersTogether => format!("{writers} writers on one core, reader on the other"),
            Self::WritersApart => format!("{writers} writers on both cores, reader beside one"),
        }
    }
}

/// Sends the items of several writers to one reader. Waiting threads yield, since there are
/// more of them than cores.
pub(super) fn several_writers(
    bench: &RingBench,
    name: &str,
    places: Places,
    mut writers: Vec<impl FnMut(Item) -> bool + Send>,
    mut take: impl FnMut(&mut Check) + Send,
) -> Round {
    let each = bench.items / writers.len() as u64;
    let all = each * writers.len() as u64;
    let mut check = Check::of_writers(writers.len());
    let took = match places {
        Places::OneThread => thread::scope(|threads| {
            let turns = threads.spawn(|| {
                pin(bench.cores[1]);
                let begun = Instant::now();
                take_turns(each, &mut writers, || take(&mut check));
                begun.elapsed()
            });
            turns
                .join()
                .expect("nobody waits for anybody on one thread")
        }),
        Places::WritersTogether | Places::WritersApart => {
            let start = Barrier::new(writers.len() + 1);
            thread::scope(|threads| {
                for (writer, mut push) in writers.into_iter().enumerate() {
                    let core = match places {
                        Places::WritersApart => bench.cores[writer % 2],
                        Places::OneThread | Places::WritersTogether => bench.cores[0],
                    };
                    let start = &start;
                    threads.spawn(move || {
                        pin(core);
                        start.wait();
                        (0..each).for_each(|n| yield_until(|| push(Item::of_writer(writer, n))));
                    });
                }
                pin_and_take(bench.cores[1], &start, all, &mut check, &mut take)
            })
        }
    };
    assert_eq!(check.seen(), all, "{name} loses nothing");
    check.verdict(name);
    Round::of(all, took)
}

/// Each writer pushes a few, then the reader takes what is there.
fn take_turns(each: u64, writers: &mut [impl FnMut(Item) -> bool], mut take: impl FnMut()) {
    let few = BATCH as u64;
    for first in (0..each).step_by(BATCH) {
        for (writer, push) in writers.iter_mut().enumerate() {
            for number in first..(first + few).min(each) {
                assert!(
                    push(Item::of_writer(writer, number)),
                    "a few always have room"
                );
            }
        }
        take();
    }
}

fn pin_and_take(
    core: usize,
    start: &Barrier,
    all: u64,
    check: &mut Check,
    take: &mut (impl FnMut(&mut Check) + Send),
) -> Duration {
    thread::scope(|threads| {
        let reader = threads.spawn(|| {
            pin(core);
            start.wait();
            let begun = Instant::now();
            while check.seen() < all {
                let before = check.seen();
                take(check);
                if check.seen() == before {
                    thread::yield_now();
                }
            }
            begun.elapsed()
        });
        reader.join().expect("the reader only counts")
    })
}

fn yield_until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::yield_now();
    }
}
