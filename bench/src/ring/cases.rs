//! Every queue that is measured, each written the way its own documentation recommends.

use crossbeam::channel;
use crossbeam::queue::ArrayQueue;
use dcx_ring::{Merge, spsc};
use disruptor::{BusySpin, Producer as _, build_multi_producer, build_single_producer};
use rtrb::RingBuffer;

use super::RingBench;
use super::drive::{BATCH, Places, Round, ping_pong, several_writers, stream};
use super::item::{Check, Item};

/// Writers of the cases that have several.
const WRITERS: usize = 2;
/// Items that our merge takes of one ring before it looks at the next.
const MERGE_BATCH: usize = 64;

/// One queue under one load.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) load: String,
    pub(super) run: Box<dyn Fn(&RingBench) -> Round>,
}

fn case(
    name: &'static str,
    load: impl Into<String>,
    run: impl Fn(&RingBench) -> Round + 'static,
) -> Case {
    Case {
        name,
        load: load.into(),
        run: Box::new(run),
    }
}

/// Returns all cases; those of a load stand together, ours first.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::from(streams());
    cases.extend(batches());
    cases.extend(round_trips());
    cases.extend(one_thread());
    for places in [
        Places::OneThread,
        Places::WritersTogether,
        Places::WritersApart,
    ] {
        cases.extend(writers(places));
    }
    cases
}

fn streams() -> [Case; 7] {
    let load = "64 B, one by one";
    [
        case("dcx push/poll", load, |bench| {
            let (mut producer, mut poller) = spsc(bench.slots).expect("a power of two");
            let push =
                move |number, _| usize::from(producer.try_push(Item::numbered(number)).is_ok());
            let take = move |check: &mut Check| {
                poller.poll(bench.slots, |item, _, _| check.see(item));
            };
            stream(bench, "dcx push/poll", push, take, 1)
        }),
        case("dcx push/pop", load, |bench| {
            let (mut producer, mut poller) = spsc(bench.slots).expect("a power of two");
            let push =
                move |number, _| usize::from(producer.try_push(Item::numbered(number)).is_ok());
            let take = move |check: &mut Check| {
                if let Some(item) = poller.pop() {
                    check.see(&item);
                }
            };
            stream(bench, "dcx push/pop", push, take, 1)
        }),
        case("rtrb push/chunk", load, |bench| {
            let (mut producer, mut consumer) = RingBuffer::new(bench.slots);
            let push = move |number, _| usize::from(producer.push(Item::numbered(number)).is_ok());
            stream(
                bench,
                "rtrb push/chunk",
                push,
                move |check| take_chunk(&mut consumer, check),
                1,
            )
        }),
        case("rtrb push/pop", load, |bench| {
            let (mut producer, mut consumer) = RingBuffer::new(bench.slots);
            let push = move |number, _| usize::from(producer.push(Item::numbered(number)).is_ok());
            let take = move |check: &mut Check| {
                if let Ok(item) = consumer.pop() {
                    check.see(&item);
                }
            };
            stream(bench, "rtrb push/pop", push, take, 1)
        }),
        case("disruptor", load, |bench| {
            let builder = build_single_producer(bench.slots, Item::default, BusySpin);
            let (mut poller, builder) = builder.new_event_poller();
            let mut producer = builder.build();
            let push = move |number, _| {
                let filled = producer.try_publish(|item| *item = Item::numbered(number));
                usize::from(filled.is_ok())
            };
            let take = move |check: &mut Check| {
                if let Ok(mut items) = poller.poll() {
                    (&mut items).for_each(|item| check.see(item));
                }
            };
            stream(bench, "disruptor", push, take, 1)
        }),
        case("crossbeam ArrayQueue", load, |bench| {
            let queue = ArrayQueue::new(bench.slots);
            let push = |number, _| usize::from(queue.push(Item::numbered(number)).is_ok());
            let take = |check: &mut Check| {
                if let Some(item) = queue.pop() {
                    check.see(&item);
                }
            };
            stream(bench, "crossbeam ArrayQueue", push, take, 1)
        }),
        case("crossbeam channel", load, |bench| {
            let (sender, receiver) = channel::bounded(bench.slots);
            let push =
                move |number, _| usize::from(sender.try_send(Item::numbered(number)).is_ok());
            let take = move |check: &mut Check| {
                if let Ok(item) = receiver.try_recv() {
                    check.see(&item);
                }
            };
            stream(bench, "crossbeam channel", push, take, 1)
        }),
    ]
}

fn take_chunk(consumer: &mut rtrb::Consumer<Item>, check: &mut Check) {
    let slots = consumer.slots();
    if let Ok(chunk) = consumer.read_chunk(slots) {
        let (first, second) = chunk.as_slices();
        first.iter().chain(second).for_each(|item| check.see(item));
        chunk.commit_all();
    }
}

fn batches() -> [Case; 4] {
    let load = "64 B, batches of 16";
    let numbered = |number: u64, count: usize| (number..).take(count).map(Item::numbered);
    [
        case("dcx claim/poll", load, |bench| {
            let (mut producer, mut poller) = spsc(bench.slots).expect("a power of two");
            let push = move |number, count| {
                let Some(mut claim) = producer.claim(count) else {
                    return 0;
                };
                for number in (number..).take(count) {
                    claim.push(Item::numbered(number));
                }
                claim.publish()
            };
            let take = move |check: &mut Check| {
                poller.poll(bench.slots, |item, _, _| check.see(item));
            };
            stream(bench, "dcx claim/poll", push, take, BATCH)
        }),
        case("dcx push_batch/poll", load, move |bench| {
            let (mut producer, mut poller) = spsc(bench.slots).expect("a power of two");
            let mut items = [Item::default(); BATCH];
            let push = move |number, count| {
                items
                    .iter_mut()
                    .zip(numbered(number, count))
                    .for_each(|(to, from)| *to = from);
                producer.try_push_batch(&items[..count])
            };
            let take = move |check: &mut Check| {
                poller.poll(bench.slots, |item, _, _| check.see(item));
            };
            stream(bench, "dcx push_batch/poll", push, take, BATCH)
        }),
        case("rtrb chunk/chunk", load, move |bench| {
            let (mut producer, mut consumer) = RingBuffer::new(bench.slots);
            let push = move |number, count| {
                let Ok(chunk) = producer.write_chunk_uninit(count) else {
                    return 0;
                };
                chunk.fill_from_iter(numbered(number, count))
            };
            let take = move |check: &mut Check| take_chunk(&mut consumer, check);
            stream(bench, "rtrb chunk/chunk", push, take, BATCH)
        }),
        case("disruptor batch", load, move |bench| {
            let builder = build_single_producer(bench.slots, Item::default, BusySpin);
            let (mut poller, builder) = builder.new_event_poller();
            let mut producer = builder.build();
            let push = move |number, count| {
                let filled = producer.try_batch_publish(count, |items| {
                    items
                        .zip(numbered(number, count))
                        .for_each(|(to, from)| *to = from);
                });
                if filled.is_ok() { count } else { 0 }
            };
            let take = move |check: &mut Check| {
                if let Ok(mut items) = poller.poll() {
                    (&mut items).for_each(|item| check.see(item));
                }
            };
            stream(bench, "disruptor batch", push, take, BATCH)
        }),
    ]
}

fn round_trips() -> [Case; 5] {
    let load = "64 B, round trip";
    [
        case("dcx", load, |bench| {
            let (mut ask, mut receive) = spsc(bench.slots).expect("a power of two");
            let (mut answer, mut hear) = spsc(bench.slots).expect("a power of two");
            ping_pong(
                bench,
                move |item| ask.try_push(item).is_ok(),
                move || hear.pop(),
                move || receive.pop(),
                move |item| answer.try_push(item).is_ok(),
            )
        }),
        case("rtrb", load, |bench| {
            let (mut ask, mut receive) = RingBuffer::new(bench.slots);
            let (mut answer, mut hear) = RingBuffer::new(bench.slots);
            ping_pong(
                bench,
                move |item| ask.push(item).is_ok(),
                move || hear.pop().ok(),
                move || receive.pop().ok(),
                move |item| answer.push(item).is_ok(),
            )
        }),
        case("disruptor", load, |bench| {
            let builder = || build_single_producer(bench.slots, Item::default, BusySpin);
            let (mut receive, asking) = builder().new_event_poller();
            let (mut hear, answering) = builder().new_event_poller();
            let (mut ask, mut answer) = (asking.build(), answering.build());
            ping_pong(
                bench,
                move |item| ask.try_publish(|slot| *slot = item).is_ok(),
                move || {
                    hear.poll()
                        .ok()
                        .and_then(|mut items| (&mut items).next().copied())
                },
                move || {
                    receive
                        .poll()
                        .ok()
                        .and_then(|mut items| (&mut items).next().copied())
                },
                move |item| answer.try_publish(|slot| *slot = item).is_ok(),
            )
        }),
        case("crossbeam ArrayQueue", load, |bench| {
            let (there, back) = (ArrayQueue::new(bench.slots), ArrayQueue::new(bench.slots));
            ping_pong(
                bench,
                |item| there.push(item).is_ok(),
                || back.pop(),
                || there.pop(),
                |item| back.push(item).is_ok(),
            )
        }),
        case("crossbeam channel", load, |bench| {
            let (ask, receive) = channel::bounded(bench.slots);
            let (answer, hear) = channel::bounded(bench.slots);
            ping_pong(
                bench,
                move |item| ask.try_send(item).is_ok(),
                move || hear.try_recv().ok(),
                move || receive.try_recv().ok(),
                move |item| answer.try_send(item).is_ok(),
            )
        }),
    ]
}

/// What an item costs in instructions: topology `fused` is bound by this alone.
fn one_thread() -> [Case; 5] {
    let load = Places::OneThread.load(1);
    [
        case("dcx push/poll", load.clone(), |bench| {
            let (mut producer, mut poller) = spsc(bench.slots).expect("a power of two");
            let push = vec![move |item| producer.try_push(item).is_ok()];
            let take = move |check: &mut Check| {
                poller.poll(bench.slots, |item, _, _| check.see_of_writers(item));
            };
            several_writers(bench, "dcx push/poll", Places::OneThread, push, take)
        }),
        case("rtrb push/chunk", load.clone(), |bench| {
            let (mut producer, mut consumer) = RingBuffer::new(bench.slots);
            let push = vec![move |item| producer.push(item).is_ok()];
            let take = move |check: &mut Check| {
                let slots = consumer.slots();
                if let Ok(chunk) = consumer.read_chunk(slots) {
                    let (first, second) = chunk.as_slices();
                    first
                        .iter()
                        .chain(second)
                        .for_each(|item| check.see_of_writers(item));
                    chunk.commit_all();
                }
            };
            several_writers(bench, "rtrb push/chunk", Places::OneThread, push, take)
        }),
        case("disruptor", load.clone(), |bench| {
            let builder = build_single_producer(bench.slots, Item::default, BusySpin);
            let (mut poller, builder) = builder.new_event_poller();
            let mut producer = builder.build();
            let push = vec![move |item| producer.try_publish(|slot| *slot = item).is_ok()];
            let take = move |check: &mut Check| {
                if let Ok(mut items) = poller.poll() {
                    (&mut items).for_each(|item| check.see_of_writers(item));
                }
            };
            several_writers(bench, "disruptor", Places::OneThread, push, take)
        }),
        case("crossbeam ArrayQueue", load.clone(), |bench| {
            let queue = ArrayQueue::new(bench.slots);
            let push = vec![|item| queue.push(item).is_ok()];
            let take = |check: &mut Check| {
                while let Some(item) = queue.pop() {
                    check.see_of_writers(&item);
                }
            };
            several_writers(bench, "crossbeam ArrayQueue", Places::OneThread, push, take)
        }),
        case("crossbeam channel", load, |bench| {
            let (sender, receiver) = channel::bounded(bench.slots);
            let push = vec![move |item| sender.try_send(item).is_ok()];
            let take = move |check: &mut Check| {
                while let Ok(item) = receiver.try_recv() {
                    check.see_of_writers(&item);
                }
            };
            several_writers(bench, "crossbeam channel", Places::OneThread, push, take)
        }),
    ]
}

fn writers(places: Places) -> [Case; 4] {
    let load = places.load(WRITERS);
    [
        case("dcx merge", load.clone(), move |bench| {
            let rings = (0..WRITERS).map(|_| spsc(bench.slots).expect("a power of two"));
            let (producers, pollers): (Vec<_>, Vec<_>) = rings.unzip();
            let pushes = producers
                .into_iter()
                .map(|mut producer| move |item| producer.try_push(item).is_ok());
            let mut merge = Merge::new(pollers, MERGE_BATCH);
            let take = move |check: &mut Check| {
                merge.poll(bench.slots, |item, _| check.see_of_writers(item));
            };
            several_writers(bench, "dcx merge", places, pushes.collect(), take)
        }),
        case("disruptor MP", load.clone(), move |bench| {
            let builder = build_multi_producer(bench.slots, Item::default, BusySpin);
            let (mut poller, builder) = builder.new_event_poller();
            let producer = builder.build();
            let pushes = (0..WRITERS).map(|_| {
                let mut producer = producer.clone();
                move |item| producer.try_publish(|slot| *slot = item).is_ok()
            });
            let take = move |check: &mut Check| {
                if let Ok(mut items) = poller.poll() {
                    (&mut items).for_each(|item| check.see_of_writers(item));
                }
            };
            several_writers(bench, "disruptor MP", places, pushes.collect(), take)
        }),
        case("crossbeam ArrayQueue", load.clone(), move |bench| {
            let queue = ArrayQueue::new(bench.slots);
            let pushes = (0..WRITERS)
                .map(|_| |item| queue.push(item).is_ok())
                .collect();
            let take = |check: &mut Check| {
                while let Some(item) = queue.pop() {
                    check.see_of_writers(&item);
                }
            };
            several_writers(bench, "crossbeam ArrayQueue", places, pushes, take)
        }),
        case("crossbeam channel", load, move |bench| {
            let (sender, receiver) = channel::bounded(bench.slots);
            let pushes = (0..WRITERS).map(|_| {
                let sender = sender.clone();
                move |item| sender.try_send(item).is_ok()
            });
            let take = move |check: &mut Check| {
                while let Ok(item) = receiver.try_recv() {
                    check.see_of_writers(&item);
                }
            };
            several_writers(bench, "crossbeam channel", places, pushes.collect(), take)
        }),
    ]
}
