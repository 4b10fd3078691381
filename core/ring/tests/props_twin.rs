//! Goal: the ring behaves as a locked queue does. Method: random interleavings of all
//! operations are applied to a ring and to its obvious twin, one `Mutex<VecDeque>` per reader.

#![cfg(not(loom))]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::VecDeque;
use std::sync::Mutex;

use dcx_ring::{Full, Poller, Producer, Sequence};
use proptest::prelude::*;

const READERS: usize = 3;

/// One call on the ring; numbers are taken modulo what exists.
#[derive(Clone, Debug)]
enum Op {
    Push,
    PushBatch(usize),
    Claim {
        claimed: usize,
        filled: usize,
        published: bool,
    },
    Pop(usize),
    Peek(usize),
    PeekThenAdvance(usize),
    Poll(usize, usize),
    DropReader(usize),
    DropProducer,
}

fn op() -> impl Strategy<Value = Op> {
    let reader = 0..READERS;
    prop_oneof![
        8 => Just(Op::Push),
        4 => (0..12_usize).prop_map(Op::PushBatch),
        4 => (0..10_usize, 0..10_usize, any::<bool>()).prop_map(|(claimed, filled, published)| {
            Op::Claim { claimed, filled: filled.min(claimed), published }
        }),
        6 => reader.clone().prop_map(Op::Pop),
        2 => reader.clone().prop_map(Op::Peek),
        4 => reader.clone().prop_map(Op::PeekThenAdvance),
        6 => (reader.clone(), 0..10_usize).prop_map(|(reader, limit)| Op::Poll(reader, limit)),
        1 => reader.prop_map(Op::DropReader),
        1 => Just(Op::DropProducer),
    ]
}

/// One reader's half of the twin: everything pushed and not yet read, and its read count.
#[derive(Default)]
struct Queue {
    items: VecDeque<u64>,
    read: u64,
}

/// The obvious ring: each reader has a locked queue of its own.
struct Twin {
    slots: usize,
    pushed: u64,
    queues: Vec<Option<Mutex<Queue>>>,
}

impl Twin {
    fn free(&self) -> usize {
        let waiting = |queue: &Mutex<Queue>| queue.lock().unwrap().items.len();
        self.slots - self.queues.iter().flatten().map(waiting).max().unwrap_or(0)
    }

    fn push(&mut self, item: u64) {
        self.pushed += 1;
        for queue in self.queues.iter().flatten() {
            queue.lock().unwrap().items.push_back(item);
        }
    }

    fn take(&self, reader: usize, limit: usize) -> Vec<(u64, u64)> {
        let mut queue = self.queues[reader].as_ref().unwrap().lock().unwrap();
        let count = limit.min(queue.items.len());
        let first = queue.read;
        queue.read += count as u64;
        queue.items.drain(..count).zip(first..).collect()
    }

    fn front(&self, reader: usize) -> Option<u64> {
        self.queues[reader]
            .as_ref()
            .unwrap()
            .lock()
            .unwrap()
            .items
            .front()
            .copied()
    }
}

struct Pair {
    producer: Option<Producer<u64>>,
    readers: Vec<Option<Poller<u64>>>,
    twin: Twin,
}

impl Pair {
    fn new(slots: usize) -> Self {
        let (producer, readers) = dcx_ring::ring(slots, READERS).unwrap();
        let queues = (0..READERS).map(|_| Some(Mutex::default())).collect();
        Self {
            producer: Some(producer),
            readers: readers.into_iter().map(Some).collect(),
            twin: Twin {
                slots,
                pushed: 0,
                queues,
            },
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Push => self.push(),
            Op::PushBatch(count) => self.push_batch(count),
            Op::Claim {
                claimed,
                filled,
                published,
            } => self.claim(claimed, filled, published),
            Op::Pop(reader) => {
                let Some(poller) = &mut self.readers[reader] else {
                    return;
                };
                let expected = self.twin.take(reader, 1).first().map(|(item, _)| *item);
                assert_eq!(poller.pop(), expected);
            }
            Op::Peek(reader) => {
                let Some(poller) = &mut self.readers[reader] else {
                    return;
                };
                assert_eq!(poller.peek().copied(), self.twin.front(reader));
            }
            Op::PeekThenAdvance(reader) => {
                let Some(poller) = &mut self.readers[reader] else {
                    return;
                };
                let expected = self.twin.take(reader, 1).first().map(|(item, _)| *item);
                assert_eq!(poller.peek().copied(), expected);
                if expected.is_some() {
                    poller.advance();
                }
            }
            Op::Poll(reader, limit) => self.poll(reader, limit),
            Op::DropReader(reader) => {
                self.readers[reader] = None;
                self.twin.queues[reader] = None;
            }
            Op::DropProducer => self.producer = None,
        }
    }

    fn push(&mut self) {
        let Some(producer) = &mut self.producer else {
            return;
        };
        let item = self.twin.pushed;
        if self.twin.free() > 0 {
            assert_eq!(producer.try_push(item), Ok(()));
            self.twin.push(item);
        } else {
            assert_eq!(producer.try_push(item), Err(Full(item)));
        }
    }

    fn push_batch(&mut self, count: usize) {
        let Some(producer) = &mut self.producer else {
            return;
        };
        let items: Vec<u64> = (self.twin.pushed..).take(count).collect();
        let fits = count.min(self.twin.free());
        assert_eq!(producer.try_push_batch(&items), fits);
        items[..fits].iter().for_each(|item| self.twin.push(*item));
    }

    fn claim(&mut self, claimed: usize, filled: usize, published: bool) {
        let Some(producer) = &mut self.producer else {
            return;
        };
        let Some(mut claim) = producer.claim(claimed) else {
            return assert!(self.twin.free() < claimed);
        };
        assert!(self.twin.free() >= claimed);
        let items: Vec<u64> = (self.twin.pushed..).take(filled).collect();
        items.iter().for_each(|item| claim.push(*item));
        if published {
            assert_eq!(claim.publish(), filled);
            items.iter().for_each(|item| self.twin.push(*item));
        }
    }

    /// A poll may stop short of what was published since it last looked, but never at nothing.
    fn poll(&mut self, reader: usize, limit: usize) {
        let Some(poller) = &mut self.readers[reader] else {
            return;
        };
        let mut seen = Vec::new();
        let mut ends = Vec::new();
        let count = poller.poll(limit, |item, at, end| {
            seen.push((*item, at.value()));
            ends.push(end);
        });
        assert_eq!(count, seen.len());
        assert!(count > 0 || limit == 0 || self.twin.front(reader).is_none());
        assert_eq!(seen, self.twin.take(reader, count));
        assert!(
            ends.iter()
                .enumerate()
                .all(|(ix, end)| *end == (ix + 1 == count))
        );
    }

    fn check(&self) {
        if let Some(producer) = &self.producer {
            assert_eq!(producer.free(), self.twin.free());
            assert_eq!(producer.published(), Sequence::new(self.twin.pushed));
            assert_eq!(
                producer.is_abandoned(),
                self.readers.iter().all(Option::is_none)
            );
        }
        for (ix, poller) in self.readers.iter().enumerate() {
            let Some(poller) = poller else { continue };
            let queue = self.twin.queues[ix].as_ref().unwrap().lock().unwrap();
            assert_eq!(poller.pending(), queue.items.len());
            assert_eq!(poller.position(), Sequence::new(queue.read));
            assert_eq!(poller.cursor().position(), Sequence::new(queue.read));
            assert_eq!(poller.is_closed(), self.producer.is_none());
            assert_eq!(
                poller.is_drained(),
                self.producer.is_none() && queue.items.is_empty()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 512 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_ring_equals_a_locked_queue_for_each_reader(
        slots_log2 in 0..4_u32,
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 60 } else { 400 }),
    ) {
        let mut pair = Pair::new(1 << slots_log2);
        for op in &ops {
            pair.apply(op);
            pair.check();
        }
    }
}
