//! The risk checks against a slow, obvious twin, over two million random commands of several
//! accounts, strategies, sessions and instruments, each of which stops some of them.
//!
//! The twin keeps lists of what was said and done and takes every sum afresh. It shares the model's
//! types with the engine and nothing else. `cargo xtask twin --commands N --seed N` runs it longer.

#![expect(
    clippy::disallowed_methods,
    reason = "how long it runs is the caller's to say, and runs share nothing"
)]

use dcx_model::Code;

mod drive;
mod found;
mod judge;
mod model;
#[path = "../support/mod.rs"]
mod support;

use drive::{Run, Seen};

/// Commands of one run before the next begins with other limits.
const COMMANDS_PER_RUN: u64 = 2_500;

/// After so many steps every sum is compared.
const STEPS_PER_COMPARISON: u32 = 100;

/// What every run of a million commands refuses with: all that a new order, a replace, a change of
/// a limit or a second person's word can meet here.
const CODES: &[Code] = {
    use Code::*;
    &[
        R001, R002, R003, R004, R005, R006, R007, R008, R009, R010, R011, R012, R013, R014, R015,
        R016, R017, R018, R019, R020, R021, R022, R023, R024, R025, R026, R028, R029, R032, R033,
        R034, R035, R036, R037, R038, R039, R040, R041, R042, R043, R045, R046, R047, R048, R049,
        R050, R052, R053, R054, R056, R057, R058, R059, R060, R061, R062, R064, R066, R067, R068,
        R069, R071, R072, R074, R075, R076,
    ]
};

fn number(name: &str, unset: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number in the environment"),
        Err(_) => unset,
    }
}

fn run(seed: u64) -> (u64, u64, Seen) {
    let mut run = Run::new(seed);
    for step in 1_u32.. {
        run.step();
        if step.is_multiple_of(STEPS_PER_COMPARISON) {
            run.agree();
        }
        if run.sent >= COMMANDS_PER_RUN {
            break;
        }
    }
    run.end();
    (run.sent, run.nears, run.seen)
}

/// Runs until there were `commands`, and says how often each outcome was seen.
fn runs(first_seed: u64, step: u64, commands: u64) -> (u64, u64, Seen) {
    let (mut sent, mut nears, mut seen) = (0, 0, Seen::new());
    let mut seed = first_seed;
    while sent < commands {
        let result = std::panic::catch_unwind(|| run(seed));
        let Ok((more, near, verdicts)) = result else {
            panic!("the engine and its twin disagree: DCX_TWIN_SEED={seed}");
        };
        (sent, nears, seed) = (sent + more, nears + near, seed + step);
        for (code, count) in verdicts {
            *seen.entry(code).or_default() += count;
        }
    }
    (sent, nears, seen)
}

#[test]
fn the_engine_and_its_twin_agree_on_every_verdict_and_every_sum() {
    let commands = number("DCX_TWIN_COMMANDS", 2_000_000);
    let seed = number("DCX_TWIN_SEED", 1);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let results = std::thread::scope(|scope| {
        let each = commands.div_ceil(threads);
        let spawned: Vec<_> = (0..threads)
            .map(|nth| scope.spawn(move || runs(seed + nth, threads, each)))
            .collect();
        spawned
            .into_iter()
            .map(|thread| thread.join().expect("the engine and its twin agree"))
            .collect::<Vec<_>>()
    });
    let (mut sent, mut nears, mut seen) = (0, 0, Seen::new());
    for (more, near, verdicts) in results {
        (sent, nears) = (sent + more, nears + near);
        for (code, count) in verdicts {
            *seen.entry(code).or_default() += count;
        }
    }
    println!("{sent} commands, {nears} limits near, verdicts {seen:?}");
    let passed = seen.get(&None).copied().unwrap_or_default();
    assert!(passed * 40 >= sent, "{passed} of {sent} passed");
    assert!(nears * 1_000 >= sent, "{nears} limits were brought near");
    // A short run need not see everything.
    for code in CODES.iter().filter(|_| sent >= 1_000_000) {
        let count = seen.get(&Some(*code)).copied().unwrap_or_default();
        assert!(count >= 20, "{code} was seen {count} times");
    }
}
