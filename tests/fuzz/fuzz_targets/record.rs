//! Bytes that claim to be records: what is read writes the same bytes again, and applying it to an
//! engine never panics, whatever came before.

#![no_main]

use dcx_engine::{Engine, Outbox};
use dcx_model::{Command, Record, Seq, UnixNanos};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
    let mut rest = bytes;
    let mut seq = Seq::new(1);
    // Each: kind, length, time since the last, body.
    while let [kind, len, later, tail @ ..] = rest {
        let (body, behind) = tail.split_at(usize::from(*len).min(tail.len()));
        rest = behind;
        if let Ok(event) = Record::event(1000 + u16::from(*kind), body) {
            assert_eq!(Record::of_event(&event).body(), body);
        }
        if let Ok(command) = Record::command(u16::from(*kind), body) {
            assert_eq!(Record::of_command(&command).body(), body);
            if is_large(&command) {
                continue;
            }
            let at = UnixNanos::new(seq.get() << 8 | u64::from(*later));
            engine.apply(at, seq, &command, &mut outbox);
            seq = seq.next();
        }
    }
});

/// A legal configuration may ask for gigabytes; the fuzzer's machine need not have them.
fn is_large(command: &Command) -> bool {
    match command {
        Command::Configure(sizes) => sizes.orders_open_max.max(sizes.ids_kept_max) > 4_096,
        _ => false,
    }
}
