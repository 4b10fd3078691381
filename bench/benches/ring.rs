//! What one item costs on one thread, without another core's caches: pushing and taking.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dcx_ring::{Merge, spsc};

const SLOTS: usize = 4096;
const BATCH: usize = 16;

/// One cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Item([u64; 8]);

fn one_by_one(c: &mut Criterion) {
    let (mut producer, mut poller) = spsc(SLOTS).expect("a power of two");
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(1));
    group.bench_function("spsc", |bencher| {
        bencher.iter(|| {
            producer.try_push(black_box(Item([1; 8]))).ok();
            poller.pop().map(|item| item.0[7])
        });
    });
    group.finish();
}

fn in_batches(c: &mut Criterion) {
    let (mut producer, mut poller) = spsc(SLOTS).expect("a power of two");
    let items = [Item([1; 8]); BATCH];
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("batch", |bencher| {
        bencher.iter(|| {
            producer.try_push_batch(black_box(&items));
            let mut sum = 0;
            poller.poll(BATCH, |item, _, _| sum += item.0[7]);
            sum
        });
    });
    group.finish();
}

fn merged(c: &mut Criterion) {
    let (mut one, first) = spsc(SLOTS).expect("a power of two");
    let (mut other, second) = spsc(SLOTS).expect("a power of two");
    let mut merge = Merge::new(vec![first, second], 64);
    let items = [Item([1; 8]); BATCH / 2];
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("merge", |bencher| {
        bencher.iter(|| {
            one.try_push_batch(black_box(&items));
            other.try_push_batch(black_box(&items));
            let mut sum = 0;
            merge.poll(BATCH, |item, _| sum += item.0[7]);
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, one_by_one, in_batches, merged);
criterion_main!(benches);
