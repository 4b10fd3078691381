//! The store of a FIX session from any bytes: opening it never panics, refuses or gives numbers
//! that go on, and what it then keeps is there at the next opening.

#![no_main]

use std::fs;

use dcx_fix::{FileStore, Store, StoreOptions};
use libfuzzer_sys::fuzz_target;

const NAME: [&str; 3] = ["FIX.4.4", "A", "B"];

fuzz_target!(|bytes: &[u8]| {
    let dir = tempfile::tempdir().expect("a folder");
    let active = dir.path().join("FIX.4.4-A-B.fixlog");
    let closed = dir.path().join("FIX.4.4-A-B~00000000000000000001.fixlog");
    let options = StoreOptions {
        segment_bytes: 256,
        ..StoreOptions::default()
    };
    // A good store with damage: the first bytes say what is done to which file and where.
    let [what, at, with, rest @ ..] = bytes else {
        return;
    };
    let mut store = FileStore::open_with(dir.path(), NAME, options).expect("a new store");
    for number in 1..=12 {
        store.keep(number, b"8=FIX.4.4 a message to keep");
        store.flush().expect("a folder that can be written");
    }
    drop(store);
    let file = if what & 1 == 0 { &active } else { &closed };
    let mut changed = fs::read(file).unwrap_or_default();
    let place = usize::from(*at) % changed.len().max(1);
    match what >> 1 & 3 {
        0 => changed = rest.to_vec(),
        1 => changed.truncate(place),
        2 => changed.extend_from_slice(rest),
        _ => changed.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= with),
    }
    fs::write(file, changed).expect("a folder that can be written");
    let Ok(mut store) = FileStore::open_with(dir.path(), NAME, options) else {
        return;
    };
    let next = store.next_out();
    let mut out = Vec::new();
    for number in 0..next.min(20) {
        out.clear();
        let _ = store.read(number, &mut out);
    }
    if next < u64::MAX >> 2 {
        store.keep(next, b"kept");
        if store.flush().is_ok() {
            drop(store);
            let store = FileStore::open_with(dir.path(), NAME, options).expect("what was kept");
            assert_eq!(store.next_out(), next + 1);
        }
    }
});
