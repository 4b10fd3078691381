//! A stream of bytes from a FIX peer: the scanner always moves on, and every message it finds is
//! where it says.

#![no_main]

use dcx_fix::{Message, Scan, scan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    loop {
        match scan(rest) {
            Scan::Incomplete => break,
            Scan::Garbled { skip, .. } => {
                assert!(skip > 0 && skip <= rest.len(), "a stream moves on");
                rest = &rest[skip..];
            }
            Scan::Message { message, len } => {
                assert_eq!(message.raw(), &rest[..len]);
                assert!(Message::parse(&rest[..len]).is_ok(), "found once, found again");
                let _ = message.msg_seq_num();
                let _ = message.poss_dup();
                rest = &rest[len..];
            }
        }
    }
});
