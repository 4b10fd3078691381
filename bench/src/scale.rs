//! A large engine beside a small one: what an order's memory is, and what a command takes when
//! the book is full.
//!
//! Both get the same mix. In the large one orders are picked from a million at random, so what a
//! cancel, a replace or a fill needs is in no cache.

use std::fs;

use serde::Serialize;

use crate::cores;
use crate::engine::ByKind;
use crate::report::{Report, Row};
use crate::workload::{Kind, Shape, Workload};

/// How the sizes are compared.
#[derive(Clone, Debug)]
pub struct ScaleBench {
    /// Timed commands of each.
    pub commands: usize,
    /// Times that each runs, in turn.
    pub rounds: usize,
    /// The core that all of it is pinned to.
    pub core: usize,
    /// The small engine.
    pub small: Shape,
    /// The large one.
    pub large: Shape,
}

impl Default for ScaleBench {
    fn default() -> Self {
        Self {
            commands: 1_000_000,
            rounds: 5,
            core: 1,
            small: Shape::SMALL,
            large: Shape::LARGE,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct ScaleReport {
    /// Latencies, the small engine's above the large one's.
    #[serde(flatten)]
    pub report: Report,
    /// Memory of the large engine.
    pub memory: Memory,
}

/// Memory of an engine, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// Orders working in it.
    pub orders: u64,
    /// What the process holds more once it is configured, before the first order.
    pub configured: u64,
    /// What it holds more with all orders in the book.
    pub filled: u64,
    /// Room for orders.
    pub room: u64,
}

impl Memory {
    /// All memory by the orders that there is room for.
    #[must_use]
    pub const fn per_order(&self) -> u64 {
        let room = if self.room == 0 { 1 } else { self.room };
        self.filled / room
    }
}

/// Compares the sizes.
#[must_use]
pub fn run(options: &ScaleBench) -> ScaleReport {
    let mut report = Report::new("scale", "-");
    cores::pin(options.core);
    let shapes = [options.small, options.large].map(|shape| Shape {
        commands: options.commands,
        ..shape
    });
    let [small, large] = shapes.map(|shape| Workload::record(&shape));
    let memory = memory(&options.large, &large);
    let mut timed = [
        (name(&options.small), &small, ByKind::default()),
        (name(&options.large), &large, ByKind::default()),
    ];
    for _ in 0..options.rounds {
        for (_, workload, by_kind) in &mut timed {
            by_kind.time(workload);
        }
    }
    for kind in Kind::ALL {
        let first = timed[0].2.p50(kind);
        for (case, _, by_kind) in &timed {
            let row = by_kind.row(case, kind);
            report.rows.extend(row.map(|row| relative(row, first)));
        }
    }
    ScaleReport { report, memory }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of one command")]
fn relative(row: Row, first: u64) -> Row {
    let p50 = row.latency.map(|latency| latency.p50 as f64);
    Row {
        // Once for all cases of a load: they stand together.
        load: row.load.split(',').next().unwrap_or_default().to_owned(),
        p50_relative: p50.map(|p50| p50 / first.max(1) as f64),
        ..row
    }
}

fn name(shape: &Shape) -> String {
    format!(
        "{} instruments, {} accounts, {} working",
        shape.instruments, shape.accounts, shape.working
    )
}

/// Fills an engine and asks the system twice what the process holds.
fn memory(shape: &Shape, workload: &Workload) -> Memory {
    let is_order = |taken: &&dcx_model::Sequenced| Kind::of(&taken.command) == Kind::NewOrder;
    let first = workload
        .setup
        .iter()
        .take_while(|taken| !is_order(taken))
        .count();
    let (configure, orders) = workload.setup.split_at(first);
    let before = resident();
    let (mut engine, mut outbox) = crate::workload::engine_after(configure);
    let configured = resident().saturating_sub(before);
    for taken in orders {
        engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
    }
    Memory {
        orders: u64::from(engine.orders_open()),
        configured,
        filled: resident().saturating_sub(before),
        room: u64::from(shape.orders_open_max),
    }
}

/// Memory of this process that is in use, in bytes; zero where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kib.unwrap_or(0_u64) * 1_024
}

impl ScaleReport {
    /// Returns the report as a plain-text table for people.
    #[must_use]
    pub fn to_table(&self) -> String {
        let memory = &self.memory;
        let mib = |bytes: u64| bytes >> 20;
        format!(
            "{}\nmemory: {} MiB configured for {} orders, {} MiB with {} working: {} bytes for each order there is room for\n",
            self.report.to_table(),
            mib(memory.configured),
            memory.room,
            mib(memory.filled),
            memory.orders,
            memory.per_order(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The difference of two readings may be nothing where other tests give memory back, so the
    /// reading itself is looked at.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_that_the_system_holds_is_read() {
        assert!(resident() > 1 << 20, "a test takes more than a mebibyte");
    }

    #[test]
    fn both_sizes_are_timed_and_the_memory_is_stated() {
        let options = ScaleBench {
            commands: 2_000,
            rounds: 1,
            small: Shape {
                working: 50,
                orders_open_max: 1_024,
                ..Shape::SMALL
            },
            large: Shape {
                working: 500,
                orders_open_max: 2_048,
                instruments: 100,
                accounts: 10,
                instruments_per_account: 10,
                ..Shape::SMALL
            },
            ..ScaleBench::default()
        };
        let report = run(&options);
        assert!((500..560).contains(&report.memory.orders));
        let orders = report
            .report
            .rows
            .iter()
            .filter(|row| row.load == "new order");
        let orders: Vec<_> = orders.collect();
        assert_eq!(orders.len(), 2);
        assert_eq!(orders[0].p50_relative, Some(1.0));
        assert!(report.to_table().contains("bytes for each order"));
    }
}
