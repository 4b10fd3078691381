//! The FIX codec: what finding, reading, checking and writing one message costs.
//!
//! `dcx bench fix` prints the same cases beside the round trip; here each is looked at closely.

use criterion::{Criterion, criterion_group, criterion_main};
use dcx_bench::fix::codec_works;

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    for (name, mut work) in codec_works() {
        group.bench_function(name, |bencher| bencher.iter(&mut work));
    }
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
