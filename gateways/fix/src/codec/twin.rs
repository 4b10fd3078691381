//! Tests: the codec against a reading of the rules that is slow and obvious, and against what other
//! engines fell over.

use proptest::prelude::*;

use super::scan::check_sum;
use super::*;

/// A message of these fields, with the right length and sum.
fn framed(begin_string: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("8={begin_string}\x019={}\x01", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    let sum = check_sum(&bytes);
    bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    bytes
}

fn soh(text: &str) -> Vec<u8> {
    text.replace('|', "\x01").into_bytes()
}

/// Tags and values one by one, or nothing where a tag is no number or data has another length than
/// the field before it says. A number that is no tag is shown as 0.
fn slowly(raw: &[u8]) -> Option<Vec<(u32, Vec<u8>)>> {
    let mut fields = Vec::new();
    let mut data: Option<(u32, Option<usize>)> = None;
    let mut rest = raw;
    while !rest.is_empty() {
        let sign = rest.iter().position(|byte| *byte == b'=')?;
        let number = std::str::from_utf8(&rest[..sign]).ok()?;
        if number.starts_with('+') {
            return None;
        }
        let number: i64 = number.parse().ok()?;
        let tag = match u32::try_from(number) {
            Ok(tag) if tag <= 0x7fff_ffff => tag,
            Ok(_) | Err(_) => 0,
        };
        rest = &rest[sign + 1..];
        let len = match data.take() {
            Some((expected, len)) if expected == tag && tag != 0 => {
                let len = len.filter(|len| *len < rest.len())?;
                (rest[len] == SOH).then_some(len)?
            }
            Some(_) | None => rest.iter().position(|byte| *byte == SOH)?,
        };
        let value = &rest[..len];
        rest = &rest[len + 1..];
        if let Some(of) = data_field_of(tag) {
            let text = std::str::from_utf8(value).ok();
            let plain = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            data = Some((of, plain.and_then(|text| text.parse().ok())));
        }
        fields.push((tag, value.to_vec()));
    }
    Some(fields)
}

/// A field as it may come, right or wrong.
fn any_field() -> impl Strategy<Value = Vec<u8>> {
    let value = proptest::collection::vec(2_u8..=255, 0..24);
    let usual = (1_u32..1200, value.clone()).prop_map(|(tag, value)| (tag.to_string(), value));
    let odd = prop_oneof![
        "[0-9]{1,12}",
        "[0-9=|a+\\-]{0,5}",
        Just("0".to_owned()),
        Just("-1".to_owned()),
        Just("007".to_owned()),
        Just("2147483648".to_owned()),
        Just("65591".to_owned()),
    ];
    let odd = (odd, value).prop_map(|(tag, value)| (tag, value));
    let one = |(tag, value): (String, Vec<u8>)| {
        let mut field = soh(&tag);
        field.push(b'=');
        field.extend_from_slice(&value);
        field.push(SOH);
        field
    };
    let length = prop_oneof![Just(95_u32), Just(93), Just(354), Just(1401), Just(90)];
    let bytes = proptest::collection::vec(any::<u8>(), 0..20);
    let data = (length, bytes, -1_i32..=1, 0..8_u8).prop_map(|(length, bytes, off, chance)| {
        let off = if chance == 0 { off } else { 0 };
        let said = i64::try_from(bytes.len()).unwrap_or(0) + i64::from(off);
        let of = data_field_of(length).unwrap_or(0);
        let mut field = format!("{length}={said}\x01{of}=").into_bytes();
        field.extend_from_slice(&bytes);
        field.push(SOH);
        field
    });
    prop_oneof![8 => usual.prop_map(one), 2 => odd.prop_map(one), 2 => data]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_codec_reads_what_a_slow_reading_reads(
        fields in proptest::collection::vec(any_field(), 0..80),
        begin_string in prop_oneof![Just("FIX.4.2"), Just("FIX.4.4"), Just("FIXT.1.1")],
    ) {
        let body = [b"35=B\x01".to_vec(), fields.concat()].concat();
        let bytes = framed(begin_string, &body);
        let expected = slowly(&bytes);
        match (scan(&bytes), expected) {
            (Scan::Message { message, len }, Some(expected)) => {
                prop_assert_eq!(len, bytes.len());
                let read: Vec<(u32, Vec<u8>)> =
                    message.fields().map(|(tag, value)| (tag, value.to_vec())).collect();
                prop_assert_eq!(&read, &expected);
                for (tag, _) in &expected {
                    let first = expected.iter().find(|(other, _)| other == tag);
                    prop_assert_eq!(message.get(*tag), first.map(|(_, value)| value.as_slice()));
                }
                let behind: Vec<(u32, Vec<u8>)> = BodyFields::new(message.body_behind(3))
                    .map(|(tag, value)| (tag, value.to_vec()))
                    .collect();
                prop_assert_eq!(&behind[..], &expected[3..expected.len() - 1]);
            }
            (Scan::Garbled { skip, .. }, None) => prop_assert_eq!(skip, bytes.len()),
            (found, expected) => prop_assert!(false, "{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn a_frame_is_found_or_not_however_it_is_looked_for(
        text in "8=FIX[.T0-9]{0,9}\\|9=[0-9]{0,4}\\|35=[A-Z]\\|[0-9=|]{0,40}10=[0-9]{3}\\|",
    ) {
        // The frame that is usual and the one that is looked for byte by byte agree: what is cut
        // short by nothing and what is cut short by its last byte differ in being whole only.
        let bytes = soh(&text);
        let whole = format!("{:?}", scan(&bytes));
        let more = [bytes.clone(), b"8=FIX".to_vec()].concat();
        if whole.starts_with("Message") {
            prop_assert_eq!(whole, format!("{:?}", scan(&more)));
        }
        let short = scan(&bytes[..bytes.len() - 1]);
        let too_long = matches!(short, Scan::Message { len, .. } if len >= bytes.len());
        prop_assert!(!too_long);
    }
}

#[test]
fn a_message_cut_at_any_byte_is_waited_for_and_never_misread() {
    let data = "8=FIX.4.4\x0110=123\x01";
    let bodies = [
        "35=0|34=1|".to_owned(),
        format!("35=B|34=2|95={}|96={data}|58=x|", data.len()),
        format!("35=D|34=3|11=A|1401={}|1402={data}|", data.len()),
        format!("35=8|{}", "58=0123456789|".repeat(90)),
    ];
    for begin_string in ["FIX.4.2", "FIX.4.4", "FIXT.1.1"] {
        let sent: Vec<Vec<u8>> = bodies
            .iter()
            .map(|body| framed(begin_string, &soh(body)))
            .collect();
        for message in &sent {
            for cut in 0..message.len() {
                let found = scan(&message[..cut]);
                assert!(matches!(found, Scan::Incomplete), "{cut}: {found:?}");
            }
        }
        // A stream in two pieces, cut anywhere, gives them all.
        let stream = sent.concat();
        for cut in 0..stream.len() {
            let (mut input, mut found) = (Vec::new(), Vec::new());
            for piece in [&stream[..cut], &stream[cut..]] {
                input.extend_from_slice(piece);
                while let Scan::Message { message, len } = scan(&input) {
                    found.push(message.raw().to_vec());
                    input.drain(..len);
                }
            }
            assert_eq!(found, sent, "{cut}");
        }
    }
}

/// quickfixgo 773 and 678: a peer stops the session's reader with one message, for the parser
/// reads the first digit of an empty number, and cuts a slice where `XmlDataLen` (212) says,
/// beyond the message or past the end of all numbers.
#[test]
fn an_empty_number_or_a_length_beyond_the_message_is_a_fault_and_no_panic() {
    for text in [
        "8=FIX.4.2|9=|35=D|34=2|49=TW|56=ISLD|10=000|",
        "8=|9=19999999999999999999999999999999999999999970|35=D|10=000|",
        "8=FIX.4.2|9=-1|35=D|10=000|",
        "8=FIX.4.2|9=18446744073709551615|35=D|10=000|",
    ] {
        assert!(matches!(scan(&soh(text)), Scan::Garbled { .. }), "{text}");
    }
    for length in [
        "999999999",
        "9223372036854775807",
        "18446744073709551615",
        "-1",
        "",
    ] {
        let body = format!("35=n|34=2|49=CME|56=OAEAAAN|212={length}|213=<x/>|");
        let bytes = framed("FIX.4.2", &soh(&body));
        let Scan::Garbled { skip, fault } = scan(&bytes) else {
            panic!("{length} is taken");
        };
        assert_eq!(skip, bytes.len(), "what follows is read");
        assert_eq!(fault, CodecFault::DataLengthWrong { tag: 213 });
    }
    let bytes = framed("FIX.4.2", &soh("35=D|34=|38=|44=|60=|43=|"));
    let message = Message::parse(&bytes).unwrap();
    assert!(message.msg_seq_num().is_err() && message.qty(38).is_err());
    assert!(message.price(44).is_err() && message.utc_timestamp(60).is_err());
    assert!(message.bool(43).is_err() && message.char(38).is_err());
}

/// Found by fuzzing: the twentieth digit of a tag carried past 64 bits, and that stopped the reader.
#[test]
fn a_tag_beyond_all_numbers_garbles_its_message_and_no_more() {
    for tag in [
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551619",
        "184467440737095516150",
        &"9".repeat(300),
    ] {
        for field in [format!("{tag}=x"), tag.to_owned()] {
            let mut bytes = framed("FIX.4.4", &soh(&format!("35=0|34=2|{field}|")));
            let len = bytes.len();
            bytes.extend(framed("FIX.4.4", &soh("35=0|34=2|")));
            let Scan::Garbled { skip, fault } = scan(&bytes) else {
                panic!("{field} is taken");
            };
            assert_eq!(skip, len, "what follows is read");
            assert!(matches!(fault, CodecFault::TagMalformed { .. }), "{fault}");
        }
    }
}

#[test]
fn numbers_that_do_not_fit_are_faults() {
    let long = "9".repeat(400);
    let bytes = framed(
        "FIX.4.4",
        &soh(&format!("35=D|34={long}|38={long}|44=-{long}|58=x|")),
    );
    let message = Message::parse(&bytes).unwrap();
    assert!(message.msg_seq_num().is_err());
    assert!(message.qty(38).is_err() && message.price(44).is_err());
    for (text, value) in [
        ("18446744073709551615", Ok(u64::MAX)),
        ("18446744073709551616", Err(())),
        ("00000000000000000000000007", Ok(7)),
    ] {
        let bytes = framed("FIX.4.4", &soh(&format!("35=D|34={text}|")));
        let read = Message::parse(&bytes).unwrap().msg_seq_num();
        assert_eq!(read.map_err(|_| ()), value, "{text}");
    }
}
