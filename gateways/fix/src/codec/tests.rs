//! Messages as bytes: found, read and written, whole and damaged.

use dcx_model::{Price, Qty, UnixNanos};
use proptest::prelude::*;

use super::*;

/// A message of these fields, `|` for SOH, with the right length and sum.
fn message(fields: &str) -> Vec<u8> {
    let body = fields.replace('|', "\x01");
    let mut bytes = format!("8=FIX.4.4\x019={}\x01{body}", body.len()).into_bytes();
    let sum = scan::check_sum(&bytes);
    bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    bytes
}

const HEADER: &str = "35=D|34=7|49=C|52=20260102-03:04:05.678|56=DCX|";

fn whole(bytes: &[u8]) -> Message<'_> {
    match scan(bytes) {
        Scan::Message { message, len } if len == bytes.len() => message,
        other => panic!("not one whole message: {other:?}"),
    }
}

fn fault(bytes: &[u8]) -> (usize, CodecFault) {
    match scan(bytes) {
        Scan::Garbled { skip, fault } => (skip, fault),
        other => panic!("not garbled: {other:?}"),
    }
}

/// What a link does with a stream: takes messages, skips garbage, stops for more.
fn drain(stream: &mut Vec<u8>, found: &mut Vec<Vec<u8>>) {
    loop {
        let used = match scan(stream) {
            Scan::Message { message, len } => {
                found.push(message.raw().to_vec());
                len
            }
            Scan::Garbled { skip, .. } => skip,
            Scan::Incomplete => return,
        };
        stream.drain(..used);
    }
}

#[test]
fn a_message_shows_its_fields_in_place() {
    let bytes = message(&format!(
        "{HEADER}11=A|38=002000.00|44=1.1005|54=1|97=Y|43=Y|"
    ));
    let message = whole(&bytes);
    assert_eq!(message.begin_string(), b"FIX.4.4");
    assert_eq!(message.msg_type(), b"D");
    assert_eq!(message.msg_seq_num(), Ok(7));
    assert_eq!(message.qty(38), Ok(Qty::whole(2000)));
    assert_eq!(message.price(44), Ok(Price::from_units(110_050_000)));
    assert_eq!(message.char(54), Ok(b'1'));
    assert!(message.poss_dup() && message.poss_resend());
    assert_eq!(
        message.text::<8>(11).map(|text| text.to_string()),
        Ok("A".to_owned())
    );
    assert_eq!(
        message.utc_timestamp(52),
        Ok(UnixNanos::new(1_767_323_045_678_000_000))
    );
    assert_eq!(message.fields().count(), 14);
    assert_eq!(message.fields().last().map(|(tag, _)| tag), Some(10));
}

#[test]
fn a_field_that_is_missing_or_malformed_is_named() {
    let bytes = message(&format!("{HEADER}38=x|54=12|43=J|"));
    let message = whole(&bytes);
    assert_eq!(message.qty(40), Err(FieldFault::Missing { tag: 40 }));
    assert_eq!(
        message.char(54),
        Err(FieldFault::Malformed {
            tag: 54,
            why: ValueFault::Char
        })
    );
    assert_eq!(message.qty(38).map_err(FieldFault::tag), Err(38));
    assert_eq!(
        message.qty(38).map_err(FieldFault::session_reject_reason),
        Err(6)
    );
    assert_eq!(message.bool(43).map_err(FieldFault::tag), Err(43));
    assert!(!message.poss_dup());
}

#[test]
fn data_may_hold_any_byte_even_a_check_sum() {
    let bytes = message("35=B|34=1|95=9|96=a|10=123||58=x|");
    let message = whole(&bytes);
    assert_eq!(message.get(96), Some(b"a\x0110=123\x01".as_slice()));
    assert_eq!(message.get(58), Some(b"x".as_slice()));
    assert_eq!(message.fields().count(), 8);
}

#[test]
fn data_whose_length_lies_garbles_the_message() {
    for length in ["333", "abc", "0", "18446744073709551615", ""] {
        let bytes = message(&format!("35=B|34=1|95={length}|96=ab|58=x|"));
        assert_eq!(
            fault(&bytes),
            (bytes.len(), CodecFault::DataLengthWrong { tag: 96 }),
            "{length}"
        );
    }
}

#[test]
fn a_tag_that_is_a_number_is_kept_for_a_reject_and_any_other_garbles() {
    for (tag, shown) in [("0", 0), ("-1", -1), ("3000000000", 3_000_000_000)] {
        let bytes = message(&format!("35=0|34=2|{tag}=HI|"));
        assert_eq!(whole(&bytes).invalid_tag(), Some(shown));
        assert_eq!(whole(&bytes).get(0), Some(b"HI".as_slice()));
    }
    for tag in ["4garbled9", "", "+1", "ab", "99999999999999999999"] {
        let bytes = message(&format!("35=0|34=2|{tag}=HI|"));
        let (skip, why) = fault(&bytes);
        assert!(matches!(why, CodecFault::TagMalformed { .. }), "{tag}");
        assert_eq!(skip, bytes.len());
    }
    // A field without a value sign has no tag.
    assert!(matches!(
        fault(&message("35=0|34|")).1,
        CodecFault::TagMalformed { .. }
    ));
}

#[test]
fn the_first_three_fields_stand_first() {
    let good = message(&format!("{HEADER}11=A|"));
    let swapped = message("34=3|35=0|49=A|");
    assert_eq!(fault(&swapped), (swapped.len(), CodecFault::HeaderOrder));
    let late = b"35=0\x018=FIX.4.4\x019=5\x0134=2\x0110=000\x01";
    assert_eq!(fault(late), (5, CodecFault::NotFix));
    let no_length = b"8=FIX.4.4\x0134=3\x0135=0\x01";
    assert_eq!(fault(no_length).1, CodecFault::HeaderOrder);
    let mut both = swapped.clone();
    both.extend_from_slice(&good);
    assert_eq!(fault(&both).0, swapped.len());
}

#[test]
fn a_wrong_length_takes_what_it_claims() {
    let good = message(&format!("{HEADER}11=A|"));
    let text = String::from_utf8(good.clone()).unwrap();
    let length = good.len() - 7 - "8=FIX.4.4|9=52|".len();
    // Too short: what follows is searched for the next message.
    let short = text
        .replacen(&format!("9={length}"), "9=30", 1)
        .into_bytes();
    let mut stream = [short, good.clone()].concat();
    let mut found = Vec::new();
    drain(&mut stream, &mut found);
    assert_eq!(found, std::slice::from_ref(&good));
    // Too long: it reaches into the next message, which is lost with it (scenario 2m).
    let long = text
        .replacen(&format!("9={length}"), &format!("9={}", length + 14), 1)
        .into_bytes();
    let mut stream = [long, good.clone(), good.clone()].concat();
    let mut found = Vec::new();
    drain(&mut stream, &mut found);
    assert_eq!(found, [good]);
}

#[test]
fn a_wrong_sum_loses_one_message() {
    let good = message("35=0|34=2|");
    for trailer in ["10=256\x01", "10=0\x01", "10=abc\x01"] {
        let mut bad = good[..good.len() - 7].to_vec();
        bad.extend_from_slice(trailer.as_bytes());
        let mut stream = [bad, good.clone()].concat();
        let mut found = Vec::new();
        drain(&mut stream, &mut found);
        assert_eq!(found, std::slice::from_ref(&good), "{trailer}");
    }
}

#[test]
fn a_length_beyond_the_bound_or_no_number_is_refused_at_once() {
    assert!(matches!(
        fault(b"8=FIX.4.4\x019=99999999\x01").1,
        CodecFault::TooLong { max: BYTES_MAX, .. }
    ));
    for length in ["x", "", "-5", "1234567890"] {
        let bytes = format!("8=FIX.4.4\x019={length}\x0135=0\x01");
        assert_eq!(fault(bytes.as_bytes()).1, CodecFault::BodyLengthMalformed);
    }
    let small = Scanner::new(40);
    assert!(matches!(
        small.scan(&message(&format!("{HEADER}11=A|"))),
        Scan::Garbled {
            fault: CodecFault::TooLong { max: 40, .. },
            ..
        }
    ));
}

#[test]
fn fields_behind_the_index_are_found_too() {
    let many: String = (0..200).map(|ix| format!("{}=v{ix}|", 6000 + ix)).collect();
    for data in ["", "95=3|96=a|b|"] {
        for filler in [0, 58, 59, 60, 61, 62] {
            let head: String = (0..filler).map(|ix| format!("{}=w|", 7000 + ix)).collect();
            let bytes = message(&format!("35=B|34=1|{head}{data}{many}"));
            let message = whole(&bytes);
            assert_eq!(message.get(6199), Some(b"v199".as_slice()), "{filler}");
            assert_eq!(message.get(6000), Some(b"v0".as_slice()));
            assert_eq!(message.get(9999), None);
            let data_fields = if data.is_empty() { 0 } else { 2 };
            assert_eq!(message.fields().count(), 205 + filler + data_fields);
            if data_fields == 2 {
                assert_eq!(message.get(96), Some(b"a\x01b".as_slice()));
            }
        }
    }
    let wide = message(&format!("35=B|34=1|58={}|59=z|", "x".repeat(70_000)));
    let Scan::Message { message, .. } = Scanner::new(100_000).scan(&wide) else {
        panic!("within the bound");
    };
    assert_eq!(message.get(59), Some(b"z".as_slice()));
    assert_eq!(message.msg_type(), b"B");
}

#[test]
fn timestamps_read_in_all_four_forms_and_no_other() {
    let second = 1_767_323_045_000_000_000;
    let reads = |text: &str| parse_utc_timestamp(text.as_bytes()).map(UnixNanos::get);
    assert_eq!(reads("20260102-03:04:05"), Some(second));
    assert_eq!(reads("20260102-03:04:05.678"), Some(second + 678_000_000));
    assert_eq!(
        reads("20260102-03:04:05.678901"),
        Some(second + 678_901_000)
    );
    assert_eq!(
        reads("20260102-03:04:05.678901234"),
        Some(second + 678_901_234)
    );
    assert_eq!(reads("20240229-23:59:60"), reads("20240301-00:00:00"));
    assert_eq!(reads("19700101-00:00:00"), Some(0));
    for text in [
        "",
        "20260102",
        "20260102 03:04:05",
        "20260102-03:04:05.",
        "20260102-03:04:05.1",
        "20260102-24:00:00",
        "20260102-03:60:05",
        "20260102-03:04:61",
        "20261302-03:04:05",
        "20260230-03:04:05",
        "20250229-03:04:05",
        "20260100-03:04:05",
        "19691231-23:59:59",
        "2026-102-03:04:05",
        "99990102-03:04:05",
        "20260102-03:04:05x678",
    ] {
        assert_eq!(reads(text), None, "{text}");
    }
}

#[test]
fn a_message_is_written_as_the_suite_expects() {
    let mut encoder = Encoder::new(b"FIX.4.4", b"ISLD", b"TW44");
    let mut out = Vec::new();
    let head = Head::new(b"0", 2, UnixNanos::new(1_767_323_045_678_999_999));
    let bytes = encoder.encode(&mut out, &head, |body| body.str(112, "HELLO"));
    let text = String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace('\x01', "|");
    assert!(
        text.starts_with(
            "8=FIX.4.4|9=61|35=0|34=2|49=ISLD|52=20260102-03:04:05.678|56=TW44|112=HELLO|10="
        ),
        "{text}"
    );
    let again = Head {
        orig_sending_time: Some(b"20260102-03:04:05.678"),
        poss_resend: true,
        ..head
    };
    let bytes = encoder.encode(&mut out, &again, |_| {}).to_vec();
    let text = String::from_utf8(bytes).unwrap().replace('\x01', "|");
    assert!(text.contains("|34=2|43=Y|49=ISLD|52="), "{text}");
    assert!(
        text.contains("|56=TW44|97=Y|122=20260102-03:04:05.678|10="),
        "{text}"
    );
}

#[test]
fn a_body_writes_every_type_and_cannot_be_broken_out_of() {
    let mut out = Vec::new();
    let mut body = Body::new(&mut out);
    body.uint(38, 0);
    body.int(371, -1);
    body.int(371, i64::MIN);
    body.price(44, Price::from_units(-150_000_000));
    body.price(44, Price::from_units(1));
    body.qty(32, Qty::from_units(u64::MAX));
    body.bool(43, false);
    body.str(58, "");
    body.str(58, "a\x0138=9");
    body.char(21, SOH);
    body.data(95, 96, b"a\x01b");
    body.uint(20_001, 5);
    body.uint(1_234_567, u64::MAX);
    let text = String::from_utf8(out).unwrap().replace('\x01', "|");
    assert_eq!(
        text,
        "38=0|371=-1|371=-9223372036854775808|44=-1.5|44=0.00000001|32=184467440737.09551615|\
         43=N|58=a?38=9|21=?|95=3|96=a|b|20001=5|1234567=18446744073709551615|"
    );
}

/// A field: tag, value.
fn any_field() -> impl Strategy<Value = (u32, Vec<u8>)> {
    let tag = prop_oneof![200_u32..211, 1000_u32..9999, 10_000_u32..2_000_000];
    (tag, proptest::collection::vec(2_u8..=255, 1..30))
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        fields in proptest::collection::vec(any_field(), 0..90),
        seq in 1_u64..,
        at in 0_u64..4_000_000_000_000_000_000,
        data in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
        let mut out = Vec::new();
        let bytes = encoder.encode(&mut out, &Head::new(b"B", seq, UnixNanos::new(at)), |body| {
            for (tag, value) in &fields {
                body.bytes(*tag, value);
            }
            body.data(95, 96, &data);
        });
        let message = whole(bytes);
        prop_assert_eq!(message.msg_seq_num(), Ok(seq));
        prop_assert_eq!(
            message.utc_timestamp(52).map(UnixNanos::get),
            Ok(at / 1_000_000 * 1_000_000)
        );
        let read: Vec<_> = message
            .fields()
            .skip(7)
            .take(fields.len())
            .map(|(tag, value)| (tag, value.to_vec()))
            .collect();
        prop_assert_eq!(read, fields);
        prop_assert_eq!(message.get(96), Some(data.as_slice()));
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_messages(
        bodies in proptest::collection::vec(proptest::collection::vec(any_field(), 0..6), 1..6),
        step in 1_usize..40,
    ) {
        let sent: Vec<Vec<u8>> = bodies.iter().map(|fields| encoded(fields)).collect();
        let mut stream = Vec::new();
        let mut found = Vec::new();
        for piece in sent.concat().chunks(step) {
            stream.extend_from_slice(piece);
            drain(&mut stream, &mut found);
        }
        prop_assert_eq!(found, sent);
        prop_assert!(stream.is_empty());
    }

    #[test]
    fn garbage_between_messages_loses_none(
        bodies in proptest::collection::vec(proptest::collection::vec(any_field(), 0..6), 1..6),
        garbage in proptest::collection::vec(any_garbage(), 6),
        step in 1_usize..60,
    ) {
        let sent: Vec<Vec<u8>> = bodies.iter().map(|fields| encoded(fields)).collect();
        let mut bytes = Vec::new();
        for (ix, message) in sent.iter().enumerate() {
            bytes.extend_from_slice(&garbage[ix]);
            bytes.extend_from_slice(message);
        }
        let mut stream = Vec::new();
        let mut found = Vec::new();
        for piece in bytes.chunks(step) {
            stream.extend_from_slice(piece);
            drain(&mut stream, &mut found);
        }
        prop_assert_eq!(found, sent);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut stream = bytes;
        drain(&mut stream, &mut Vec::new());
    }

    #[test]
    fn no_body_makes_it_panic(body in "[0-9=|a8FIX.\\-]{0,120}") {
        let bytes = message(&format!("35=D|{body}"));
        if let Scan::Message { message, .. } = scan(&bytes) {
            for (tag, value) in message.fields() {
                prop_assert!(value.len() < bytes.len());
                prop_assert!(message.get(tag).is_some());
            }
        }
    }
}

fn encoded(fields: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
    let mut out = Vec::new();
    let head = Head::new(b"B", 9, UnixNanos::from_seconds(1));
    encoder
        .encode(&mut out, &head, |body| {
            for (tag, value) in fields {
                body.bytes(*tag, value);
            }
        })
        .to_vec()
}

/// Bytes that are no message: noise, a message with a wrong sum, a start that is none.
fn any_garbage() -> impl Strategy<Value = Vec<u8>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..40)
        .prop_filter("no start of a message", |bytes| !bytes.contains(&b'8'));
    let wrong_sum = Just(message("35=0|34=2|")).prop_map(|mut bytes| {
        let at = bytes.len() - 2;
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        bytes
    });
    let fixed = prop_oneof![
        Just(b"8=FI".to_vec()),
        Just(b"8=FIX\x01".to_vec()),
        Just(b"8=FIX.4.4\x019=x\x01".to_vec()),
        Just(b"8=FIX.4.4\x0135=0\x01".to_vec()),
        Just(b"8=FIX.4.4\x019=999999999\x01".to_vec()),
    ];
    prop_oneof![noise, wrong_sum, fixed]
}
