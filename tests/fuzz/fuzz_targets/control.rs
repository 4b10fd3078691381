//! A peer of the control socket that sends anything: every line is answered by one or more lines
//! of JSON, however the bytes arrive, and nothing is carried out that was not permitted.

#![no_main]

use dcx_control::socket::{LINE_MAX, fuzzing::converse};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let answers = converse(bytes, bytes.len());
    let ended = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(answers.len() == ended || answers.len() == ended + 1, "a line, an answer");
    for answer in &answers {
        assert_eq!(answer.last(), Some(&b'\n'));
        for line in answer.split_inclusive(|byte| *byte == b'\n') {
            assert!(line.len() <= LINE_MAX + 1);
            let value: Value = serde_json::from_slice(line).expect("an answer is JSON");
            assert!(value["ok"].is_boolean());
        }
    }
    assert_eq!(converse(bytes, 7), answers, "pieces change nothing");
});
