//! What one command costs the engine: the recorded mix, and its new orders alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dcx_bench::workload::{Shape, Workload};
use dcx_engine::{Engine, Outbox};
use dcx_model::Command;

const COMMANDS: usize = 200_000;
const ORDERS_OPEN_MAX: u32 = 16_384;

/// Gives out the mix command by command, and begins again with a fresh engine at its end.
struct Mix {
    workload: Workload,
    engine: Engine,
    outbox: Outbox,
    next: usize,
}

impl Mix {
    fn new() -> Self {
        let workload = Workload::record(&Shape {
            commands: COMMANDS,
            orders_open_max: ORDERS_OPEN_MAX,
            ..Shape::SMALL
        });
        let (engine, outbox) = workload.engine();
        Self {
            workload,
            engine,
            outbox,
            next: 0,
        }
    }

    /// Applies one command; says whether it was a new order, and how long it took.
    fn step(&mut self) -> (bool, Duration) {
        if self.next == self.workload.commands.len() {
            (self.engine, self.outbox) = self.workload.engine();
            self.next = 0;
        }
        let taken = &self.workload.commands[self.next];
        self.next += 1;
        let start = Instant::now();
        self.engine
            .apply(taken.at, taken.seq, &taken.command, &mut self.outbox);
        let took = start.elapsed();
        black_box(self.outbox.events());
        (matches!(taken.command, Command::NewOrder(_)), took)
    }
}

fn commands(c: &mut Criterion) {
    let mut mix = Mix::new();
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(1));
    group.bench_function("mixed", |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| mix.step().1).sum());
    });
    group.bench_function("new_order", |bencher| {
        bencher.iter_custom(|count| {
            let (mut orders, mut total) = (0, Duration::ZERO);
            while orders < count {
                let (is_order, took) = mix.step();
                orders += u64::from(is_order);
                total += if is_order { took } else { Duration::ZERO };
            }
            total
        });
    });
    group.finish();
}

criterion_group!(benches, commands);
criterion_main!(benches);
