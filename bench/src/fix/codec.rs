//! The codec alone: what reading and writing one message costs, without sockets.

use std::hint::black_box;
use std::time::Instant;

use dcx_fix::dictionary::validate;
use dcx_fix::{Body, Encoder, Head, Message, Scan, Switches, scan};
use dcx_model::{Price, Qty, Text, UnixNanos};
use dcx_pipeline::histogram;
use hdrhistogram::Histogram;

use super::median;
use crate::report::{Latency, Row};

/// What its rows have for a load.
pub(super) const LOAD: &str = "codec";

/// Messages between two readings of the clock, which costs as much as some of them.
const BATCH: u64 = 50;

/// When the messages are sent.
const AT: UnixNanos = UnixNanos::from_seconds(1_700_000_000);

/// Works on one message.
type Work = fn(&mut Desk);

/// One case and what its rounds gave.
struct Case {
    name: &'static str,
    work: Work,
    per_s: Vec<u64>,
    /// Of one message, as the mean of a batch.
    latency: Histogram<u64>,
}

/// What the cases work on.
struct Desk {
    order: Vec<u8>,
    report: Vec<u8>,
    encoder: Encoder,
    out: Vec<u8>,
    msg_seq_num: u64,
}

/// Every case. To decode is to find the message in its bytes, to check `BodyLength` (9) and
/// `CheckSum` (10) and to find every field; to read it is to look up and convert besides what the
/// order edge needs.
const WORKS: [(&str, Work); 8] = [
    ("decode NewOrderSingle", decode_order),
    ("decode and read NewOrderSingle", read_whole_order),
    ("decode and validate NewOrderSingle", validate_order),
    ("encode NewOrderSingle", encode_order),
    ("decode ExecutionReport", decode_report),
    ("decode and read ExecutionReport", read_report),
    ("decode and validate ExecutionReport", validate_report),
    ("encode ExecutionReport", encode_report),
];

/// The codec's cases, each to be run as often as somebody likes: for benches of another kind.
pub fn codec_works() -> impl Iterator<Item = (&'static str, impl FnMut())> {
    WORKS.into_iter().map(|(name, work)| {
        let mut desk = Desk::new();
        (name, move || work(&mut desk))
    })
}

/// The codec's cases.
pub(super) struct Cases {
    desk: Desk,
    cases: Vec<Case>,
}

impl Cases {
    pub(super) fn new() -> Self {
        let cases = WORKS.map(|(name, work)| Case {
            name,
            work,
            per_s: Vec::new(),
            latency: histogram(),
        });
        Self {
            desk: Desk::new(),
            cases: cases.into(),
        }
    }

    /// Works on `messages` messages in every case.
    pub(super) fn run(&mut self, messages: u64) {
        for case in &mut self.cases {
            case.run(&mut self.desk, messages);
        }
    }

    pub(super) fn rows(self) -> impl Iterator<Item = Row> {
        self.cases.into_iter().map(|case| {
            let range = case.per_s.iter().min().zip(case.per_s.iter().max());
            Row {
                case: case.name.to_owned(),
                load: LOAD.to_owned(),
                throughput_per_s: median(case.per_s.iter().copied()),
                throughput_range: range.map(|(min, max)| [*min, *max]),
                latency: Some(Latency::of(&case.latency)),
                ..Row::default()
            }
        })
    }
}

impl Case {
    fn run(&mut self, desk: &mut Desk, messages: u64) {
        let start = Instant::now();
        for _ in 0..messages.div_ceil(BATCH) {
            let began = Instant::now();
            (0..BATCH).for_each(|_| (self.work)(desk));
            self.latency.saturating_record(nanos(began) / BATCH);
        }
        let messages = messages.next_multiple_of(BATCH);
        self.per_s
            .push(messages * dcx_model::NANOS_PER_S / nanos(start).max(1));
    }
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self {
            order: Vec::new(),
            report: Vec::new(),
            encoder: Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX"),
            out: Vec::new(),
            msg_seq_num: 1_000_000,
        };
        desk.order = desk.encode(b"D", write_order).to_vec();
        desk.report = desk.encode(b"8", write_report).to_vec();
        desk
    }

    fn encode(&mut self, msg_type: &[u8], write: impl FnOnce(&mut Body<'_>)) -> &[u8] {
        self.msg_seq_num += 1;
        let head = Head::new(msg_type, self.msg_seq_num, AT);
        self.encoder.encode(&mut self.out, &head, write)
    }
}

fn write_order(body: &mut Body<'_>) {
    body.uint(11, 10_000_000_000_000_001);
    body.char(21, b'1');
    body.bytes(55, b"EURUSD");
    body.char(54, b'1');
    body.time(60, AT);
    body.qty(38, Qty::whole(100));
    body.char(40, b'2');
    body.price(44, Price::from_units(110_000_000));
    body.char(59, b'0');
}

/// As many fields as the order edge writes.
fn write_report(body: &mut Body<'_>) {
    body.uint(37, 1_000_001);
    body.bytes(17, b"1000001-0");
    body.char(150, b'0');
    body.char(39, b'0');
    body.uint(11, 10_000_000_000_000_001);
    body.bytes(55, b"EURUSD");
    body.char(54, b'1');
    body.qty(38, Qty::whole(100));
    body.char(40, b'2');
    body.price(44, Price::from_units(110_000_000));
    body.char(59, b'0');
    body.qty(151, Qty::whole(100));
    body.qty(14, Qty::ZERO);
    body.price(6, Price::ZERO);
    body.time(60, AT);
    body.bytes(58, b"held: no venue is logged on");
}

fn decode_order(desk: &mut Desk) {
    black_box(whole(&desk.order).msg_type());
}

fn read_whole_order(desk: &mut Desk) {
    black_box(read_order(&whole(&desk.order)));
}

fn validate_order(desk: &mut Desk) {
    let message = whole(&desk.order);
    assert!(
        validate(&message, &Switches::default()).is_ok(),
        "the measured order is valid"
    );
}

fn validate_report(desk: &mut Desk) {
    let message = whole(&desk.report);
    assert!(
        validate(&message, &Switches::default()).is_ok(),
        "the measured report is valid"
    );
}

fn encode_order(desk: &mut Desk) {
    black_box(desk.encode(b"D", write_order));
}

fn decode_report(desk: &mut Desk) {
    black_box(whole(&desk.report).msg_type());
}

fn read_report(desk: &mut Desk) {
    let message = whole(&desk.report);
    black_box((
        [11, 17, 37].map(|tag| message.text::<20>(tag).ok()),
        [39, 54, 150].map(|tag| message.char(tag).ok()),
        [14, 38, 151].map(|tag| message.qty(tag).ok()),
        message.price(6).ok(),
        message.utc_timestamp(60).ok(),
    ));
}

fn encode_report(desk: &mut Desk) {
    black_box(desk.encode(b"8", write_report));
}

fn whole(bytes: &[u8]) -> Message<'_> {
    match scan(black_box(bytes)) {
        Scan::Message { message, .. } => message,
        Scan::Incomplete | Scan::Garbled { .. } => panic!("what was encoded is a message"),
    }
}

/// `ClOrdID` (11) and `Symbol` (55).
type Names = (Option<Text<20>>, Option<Text<12>>);

/// `OrdType` (40), `Side` (54) and `TimeInForce` (59); quantity, price and time.
type Terms = (
    [Option<u8>; 3],
    Option<Qty>,
    Option<Price>,
    Option<UnixNanos>,
);

/// Reads what the order edge reads.
fn read_order(message: &Message<'_>) -> (Names, Terms) {
    let names = (message.text(11).ok(), message.text(55).ok());
    let terms = (
        [40, 54, 59].map(|tag| message.char(tag).ok()),
        message.qty(38).ok(),
        message.price(44).ok(),
        message.utc_timestamp(60).ok(),
    );
    (names, terms)
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_messages_are_read_wholly() {
        let desk = Desk::new();
        let ((cl_ord_id, symbol), terms) = read_order(&whole(&desk.order));
        assert!(cl_ord_id.is_some() && symbol.is_some());
        let chars = [b'2', b'1', b'0'].map(Some);
        let price = Price::from_units(110_000_000);
        assert_eq!(terms, (chars, Some(Qty::whole(100)), Some(price), Some(AT)));
        let report = whole(&desk.report);
        assert_eq!(validate(&report, &Switches::default()), Ok(()));
        assert_eq!(report.qty(151), Ok(Qty::whole(100)));
    }
}
