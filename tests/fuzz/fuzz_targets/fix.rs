//! A stream of bytes from a FIX peer: the scanner always moves on, every message it finds is where
//! it says, and no message of any version makes its checks or its translation fail.

#![no_main]

use dcx_fix::dictionary::Dictionary;
use dcx_fix::{
    Body, BodyFields, Dialect, Encoder, Fix42, Fix50Sp2, Head, Message, Scan, Switches, Version,
    scan,
};
use dcx_model::UnixNanos;
use libfuzzer_sys::fuzz_target;

const TYPES: &[&[u8]] = &[
    b"0", b"A", b"D", b"8", b"9", b"E", b"G", b"W", b"AE", b"B", b"r", b"d", b"i", b"CA", b"?",
];

/// What is checked in one of several ways.
fn switches(bits: u8) -> Switches {
    let bit = |ix: u8| bits >> ix & 1 == 1;
    Switches {
        user_defined_allowed: bit(0),
        unknown_allowed: bit(1),
        order_checked: bit(2),
        values_checked: bit(3),
        empty_refused: bit(4),
        group_order_checked: bit(5),
        comp_ids_checked: bit(6),
    }
}

fn check(message: &Message<'_>, dictionary: &Dictionary, bits: u8) {
    let _ = dictionary.validate(message, &switches(bits));
    // What passes all checks passes fewer.
    let strict = Switches {
        group_order_checked: true,
        user_defined_allowed: false,
        ..Switches::default()
    };
    let lax = Switches {
        unknown_allowed: true,
        order_checked: false,
        values_checked: false,
        empty_refused: false,
        ..Switches::default()
    };
    if dictionary.validate(message, &strict).is_ok() {
        assert_eq!(dictionary.validate(message, &lax), Ok(()));
    }
}

fn look_at(message: &Message<'_>, bits: u8) {
    let _ = message.msg_seq_num();
    let _ = message.poss_dup();
    for (tag, _) in message.fields().take(80) {
        assert!(message.get(tag).is_some(), "what is listed is found");
        let _ = (
            message.qty(tag),
            message.price(tag),
            message.utc_timestamp(tag),
        );
    }
    for version in Version::ALL {
        check(message, &version.dictionary(), bits);
    }
}

fn translate(msg_type: &[u8], body: &[u8]) {
    for dialect in [&Fix42 as &dyn Dialect, &Fix50Sp2] {
        let (mut out, mut back) = (Vec::new(), Vec::new());
        dialect.outgoing(msg_type, BodyFields::new(body), &mut Body::new(&mut out));
        dialect.incoming(msg_type, BodyFields::new(&out), &mut Body::new(&mut back));
        assert!(BodyFields::new(&back).count() <= back.len());
    }
}

/// The messages of a stream that comes in pieces.
fn found<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut input, mut found) = (Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match scan(&input) {
                Scan::Incomplete => break,
                Scan::Garbled { skip, .. } => {
                    assert!(skip > 0 && skip <= input.len(), "a stream moves on");
                    input.drain(..skip);
                }
                Scan::Message { message, len } => {
                    assert_eq!(message.raw(), &input[..len]);
                    assert!(
                        Message::parse(&input[..len]).is_ok(),
                        "found once, found again"
                    );
                    look_at(&message, 0);
                    found.push(input.drain(..len).collect());
                }
            }
        }
    }
    found
}

/// Streams up to this long come byte by byte, too.
const BY_BYTE_MAX: usize = 300;

fuzz_target!(|bytes: &[u8]| {
    let stream: Vec<u8> = bytes
        .iter()
        .map(|b| if *b == b'|' { 1 } else { *b })
        .collect();
    for stream in [bytes, &stream] {
        let whole = found([stream].into_iter());
        let cut = stream
            .iter()
            .fold(0_usize, |sum, byte| sum + usize::from(*byte));
        let (head, tail) = stream.split_at(cut % stream.len().max(1));
        assert_eq!(
            found([head, tail].into_iter()),
            whole,
            "cut at {}",
            head.len()
        );
        if stream.len() <= BY_BYTE_MAX {
            assert_eq!(found(stream.chunks(1)), whole, "byte by byte");
        }
    }
    // The same bytes as the body of a message whose frame is right (`|` for SOH).
    let [kind, bits, body @ ..] = bytes else {
        return;
    };
    let msg_type = TYPES[usize::from(*kind) % TYPES.len()];
    let version = Version::ALL[usize::from(*bits) % 3];
    let mut body: Vec<u8> = body
        .iter()
        .map(|b| if *b == b'|' { 1 } else { *b })
        .collect();
    body.push(1);
    let mut encoder = Encoder::new(version.begin_string().as_bytes(), b"A", b"B");
    let head = Head::new(msg_type, 1, UnixNanos::from_seconds(1));
    let mut out = Vec::new();
    let raw = encoder.encode(&mut out, &head, |out| out.raw(&body));
    if let Ok(message) = Message::parse(raw) {
        look_at(&message, *bits);
        translate(msg_type, &body);
    }
});
