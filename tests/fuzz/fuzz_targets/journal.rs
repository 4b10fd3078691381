//! A journal's one segment with any bytes in it: reading says what is wrong, and never panics.

#![no_main]

use std::fs;

use dcx_engine::NoTrace;
use dcx_pipeline::{replay, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let dir = tempfile::tempdir().expect("a temporary folder");
    fs::write(dir.path().join("journal-00000001.dcxj"), bytes).expect("a small file");
    let verified = verify(dir.path());
    let replayed = replay(dir.path(), &mut NoTrace);
    assert!(verified.is_ok() || replayed.is_err(), "what does not verify does not replay");
});
