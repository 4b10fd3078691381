//! Logs of every make, and bytes that are none.

use proptest::prelude::*;

use super::*;

/// A NewOrderSingle with data in it that holds SOH and what looks like a trailer.
fn order(cl_ord_id: &str) -> Vec<u8> {
    let body = format!(
        "35=D\x0149=A\x0156=B\x0134=2\x0152=20261124-12:00:00\x0111={cl_ord_id}\x0154=1\x01\
         354=9\x01355=x\x0110=000\x01\x01"
    );
    framed(&body)
}

fn framed(body: &str) -> Vec<u8> {
    let front = format!("8=FIX.4.4\x019={}\x01{body}", body.len());
    let sum: u8 = front.bytes().fold(0, u8::wrapping_add);
    format!("{front}10={sum:03}\x01").into_bytes()
}

/// A reader that brings a few bytes at a time.
struct Dripping<'b>(&'b [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        let (front, rest) = self.0.split_at(count);
        buffer[..count].copy_from_slice(front);
        self.0 = rest;
        Ok(count)
    }
}

type Seen = (u64, u64, String, Vec<u8>, Option<CodecFault>);

fn split(bytes: &[u8], drip: usize) -> Vec<Seen> {
    let mut splitter = Splitter::new(Dripping(bytes, drip));
    let mut piece = Piece::default();
    let mut out = Vec::new();
    while splitter.next(&mut piece).unwrap() {
        out.push((
            piece.line,
            piece.offset,
            String::from_utf8_lossy(&piece.prefix).into_owned(),
            piece.bytes.clone(),
            piece.fault,
        ));
    }
    out
}

fn with_separator(message: &[u8], separator: &str) -> String {
    let text = String::from_utf8(message.to_vec()).unwrap();
    text.replace('\u{1}', separator)
}

#[test]
fn logs_of_every_make_give_the_same_messages() {
    // Data with SOH in it cannot be told apart in a text.
    let plain = framed("35=0\x0149=A\x0156=B\x0134=3\x0152=20261124-12:00:01\x0158=a|b ^A c\x01");
    let raw = order("O-1");
    for separator in ["\u{1}", "|", "^A", "<SOH>"] {
        let mut log = b"20261124-12:00:00 : ".to_vec();
        let message = match separator {
            "\u{1}" => raw.clone(),
            _ => plain.clone(),
        };
        log.extend_from_slice(with_separator(&message, separator).as_bytes());
        log.extend_from_slice(b"\r\nsomething else 58=FIX\n<in> ");
        log.extend_from_slice(with_separator(&plain, separator).as_bytes());
        for drip in [1, 7, 100_000] {
            let found = split(&log, drip);
            assert_eq!(found.len(), 2, "{separator} {drip}: {found:?}");
            let (line, offset, prefix, bytes, fault) = &found[0];
            assert_eq!(
                (*line, *offset, prefix.as_str()),
                (1, 20, "20261124-12:00:00 :")
            );
            assert_eq!((bytes, fault), (&message, &None), "{separator}");
            let (line, _, prefix, bytes, fault) = &found[1];
            assert_eq!((*line, prefix.as_str()), (3, "<in>"), "{separator}");
            assert_eq!((bytes, fault), (&plain, &None), "{separator}");
        }
    }
}

#[test]
fn messages_without_lines_follow_each_other() {
    let stream = [order("A"), order("B"), order("C")].concat();
    let found = split(&stream, 10);
    assert_eq!(found.len(), 3);
    assert!(
        found
            .iter()
            .all(|(line, _, _, _, fault)| *line == 1 && fault.is_none())
    );
    let offsets: Vec<u64> = found.iter().map(|(_, offset, ..)| *offset).collect();
    let len = order("A").len() as u64;
    assert_eq!(offsets, [0, len, 2 * len]);
}

#[test]
fn a_damaged_message_takes_nothing_of_its_neighbours() {
    let whole = order("B");
    let short = order("A")[..40].to_vec();
    let mut wrong_sum = order("A");
    let at = wrong_sum.len() - 2;
    wrong_sum[at] = if wrong_sum[at] == b'0' { b'1' } else { b'0' };
    let long = with_separator(&order("A"), "\u{1}").replace("9=", "9=9");
    for damaged in [short, wrong_sum, long.into_bytes()] {
        for end in ["\n", ""] {
            let log = [damaged.clone(), end.into(), whole.clone(), b"\n".to_vec()].concat();
            let found = split(&log, 11);
            let faults: Vec<bool> = found.iter().map(|it| it.4.is_some()).collect();
            assert_eq!(faults, [true, false], "{found:?}");
            assert_eq!(found[1].3, whole);
        }
    }
}

#[test]
fn a_damaged_line_is_given_before_the_next_one_comes() {
    // A length that claims more than the line: whoever follows a log must not wait for it.
    let line = with_separator(&order("A"), "\u{1}").replacen("9=", "9=1", 1) + "\n";
    let mut splitter = Splitter::new(line.as_bytes().chain(Never));
    let mut piece = Piece::default();
    assert!(splitter.next(&mut piece).unwrap());
    assert!(piece.fault.is_some());
}

/// An input from which nothing more may be read.
struct Never;

impl Read for Never {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("it was read on"))
    }
}

#[test]
fn values_in_a_text_may_hold_what_separates() {
    let text = "8=FIX.4.4|9=5|35=0|58=a|b=c|354=5|355=x|1=y|10=000|";
    let mut piece = Piece::default();
    assert!(Splitter::new(text.as_bytes()).next(&mut piece).unwrap());
    assert_eq!(piece.get(58), Some(b"a|b=c".as_slice()));
    assert_eq!(piece.get(355), Some(b"x|1=y".as_slice()));
    assert_eq!(piece.get(10), Some(b"000".as_slice()));
}

/// Bytes that are nearly a log.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop_oneof![
        Just(order("A")),
        Just(b"8=FIX".to_vec()),
        Just(b"\x019=".to_vec()),
        Just(b"\x0110=000\x01".to_vec()),
        Just(b"|10=000|".to_vec()),
        Just(b"^A35=D^A".to_vec()),
        Just(b"95=999999999\x0196=".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\xff\xfe".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(parts, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_split_the_same_however_they_come(bytes in nearly(), drip in 1_usize..40) {
        let whole = split(&bytes, usize::MAX);
        // What comes late can only make a damaged line end earlier.
        let sound = |found: &[Seen]| {
            found.iter().filter(|it| it.4.is_none()).map(|it| (it.1, it.3.clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(sound(&split(&bytes, drip)), sound(&whole));
        let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        for (line, offset, ..) in whole {
            prop_assert!(line <= lines);
            prop_assert!(bytes[usize::try_from(offset).unwrap()..].starts_with(START));
        }
    }

    #[test]
    fn a_whole_message_is_found_in_any_log(noise in "[a-z :0-7\n]{0,80}", id in "[A-Z]{1,8}") {
        let log = [noise.clone().into_bytes(), b" ".to_vec(), order(&id), noise.into_bytes()].concat();
        let found = split(&log, 9);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].3, &order(&id));
        prop_assert_eq!(found[0].4, None);
    }
}
