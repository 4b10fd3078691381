//! What one choice of a venue costs: sixteen venues, context read, by each policy; and what
//! learning from one reward and finding all probabilities cost.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dcx_bench::route::Desk;
use dcx_engine::route::Policy;
use dcx_model::RoutingPolicy;

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("route");
    let mut desk = Desk::new(RoutingPolicy::LinThompson);
    group.bench_function("decision", |bencher| {
        bencher.iter(|| black_box(desk.choose()))
    });
    for policy in RoutingPolicy::ALL {
        let mut desk = Desk::new(*policy);
        group.bench_function(policy.name(), |bencher| {
            bencher.iter(|| black_box(desk.choose()));
        });
    }
    for policy in [RoutingPolicy::Thompson, RoutingPolicy::LinThompson] {
        let mut desk = Desk::new(policy);
        let choice = desk.choose();
        group.bench_function(format!("learn/{}", policy.name()), |bencher| {
            bencher.iter(|| desk.learn(black_box(&choice)));
        });
        group.bench_function(format!("probabilities/{}", policy.name()), |bencher| {
            bencher.iter(|| black_box(desk.chooser.probabilities(&desk.ask(), true)));
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
