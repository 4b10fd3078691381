//! dcx-fix against fefix in one run: decoding and encoding, nanoseconds a message.
//!
//! The two take turns, and the smallest of several rounds counts: what is left is the code, not
//! the machine's other work. Decoding includes BodyLength and CheckSum on both sides.

use std::hint::black_box;
use std::time::Instant;

use dcx_fix::{Body, Encoder, Head, Scan, Switches, dictionary::validate, scan};
use dcx_model::{Price, Qty, UnixNanos};
use fefix::Dictionary;
use fefix::tagvalue::{Config, Decoder, Encoder as FefixEncoder, FieldAccess, RawDecoder};

const ROUNDS: usize = 401;
const MESSAGES: u32 = 1_000;

fn main() {
    let at = UnixNanos::from_seconds(1_765_000_000);
    let new_order = new_order_single(&mut Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX"), at);
    let report = execution_report(&mut Encoder::new(b"FIX.4.4", b"DCX", b"CLIENT"), at);
    println!(
        "{:<52} {:>8} {:>8}",
        "ns a message, smallest of rounds", "NOS", "ER"
    );
    println!("{:<52} {:>8} {:>8}", "bytes", new_order.len(), report.len());
    for (name, decode) in decoders() {
        let nos = fastest(|| decode(&new_order));
        let er = fastest(|| decode(&report));
        println!("{name:<52} {nos:>8.1} {er:>8.1}");
    }
    encoders(at);
}

type Decode = Box<dyn Fn(&[u8]) -> usize>;

fn decoders() -> Vec<(&'static str, Decode)> {
    let switches = Switches::default();
    vec![
        (
            "dcx-fix scan",
            Box::new(|bytes| match scan(bytes) {
                Scan::Message { message, len } => len + message.msg_type().len(),
                Scan::Incomplete | Scan::Garbled { .. } => 0,
            }),
        ),
        (
            "dcx-fix scan + 5 look-ups",
            Box::new(|bytes| match scan(bytes) {
                Scan::Message { message, .. } => [11, 38, 40, 54, 55]
                    .into_iter()
                    .filter_map(|tag| message.get(tag))
                    .map(<[u8]>::len)
                    .sum(),
                Scan::Incomplete | Scan::Garbled { .. } => 0,
            }),
        ),
        (
            "dcx-fix scan + validate",
            Box::new(move |bytes| match scan(bytes) {
                Scan::Message { message, len } => {
                    len + usize::from(validate(&message, &switches).is_ok())
                }
                Scan::Incomplete | Scan::Garbled { .. } => 0,
            }),
        ),
        ("fefix Decoder", fefix_decoder(false)),
        ("fefix Decoder + 5 look-ups", fefix_decoder(true)),
        ("fefix RawDecoder (frame and CheckSum only)", {
            Box::new(|bytes| {
                let decoder = RawDecoder::<Config>::default();
                decoder
                    .decode(bytes)
                    .map_or(0, |frame| frame.payload().len())
            })
        }),
    ]
}

fn fefix_decoder(look_ups: bool) -> Decode {
    let decoder = std::cell::RefCell::new(Decoder::<Config>::new(Dictionary::fix44()));
    Box::new(move |bytes| {
        let mut decoder = decoder.borrow_mut();
        let Ok(message) = decoder.decode(bytes) else {
            return 0;
        };
        if !look_ups {
            return message.len();
        }
        [11_u32, 38, 40, 54, 55]
            .into_iter()
            .filter_map(|tag| message.fv_raw(&tag))
            .map(<[u8]>::len)
            .sum()
    })
}

fn encoders(at: UnixNanos) {
    let mut ours = Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX");
    let mut out = Vec::new();
    let nos = fastest(|| write_nos(&mut ours, &mut out, at));
    let er = fastest(|| write_er(&mut ours, &mut out, at));
    println!("{:<52} {nos:>8.1} {er:>8.1}", "dcx-fix Encoder");
    let mut encoder = FefixEncoder::<Config>::default();
    let mut out = Vec::new();
    let nos = fastest(|| fefix_nos(&mut encoder, &mut out));
    println!(
        "{:<52} {nos:>8.1} {:>8}",
        "fefix Encoder (times given as text)", ""
    );
}

fn fastest(mut run: impl FnMut() -> usize) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..MESSAGES {
            black_box(run());
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(MESSAGES));
    }
    best
}

fn new_order_single(encoder: &mut Encoder, at: UnixNanos) -> Vec<u8> {
    let mut out = Vec::new();
    let len = write_nos(encoder, &mut out, at);
    out.split_off(out.len() - len)
}

fn execution_report(encoder: &mut Encoder, at: UnixNanos) -> Vec<u8> {
    let mut out = Vec::new();
    let len = write_er(encoder, &mut out, at);
    out.split_off(out.len() - len)
}

fn write_nos(encoder: &mut Encoder, out: &mut Vec<u8>, at: UnixNanos) -> usize {
    let head = Head::new(b"D", 12_345, at);
    let bytes = encoder.encode(out, &head, |body: &mut Body<'_>| {
        body.str(11, "ORD-20251206-000123");
        body.char(21, b'1');
        body.qty(38, Qty::whole(100_000));
        body.char(40, b'2');
        body.price(44, Price::from_units(110_050_000));
        body.char(54, b'1');
        body.str(55, "EURUSD");
        body.char(59, b'0');
        body.time(60, at);
    });
    black_box(bytes).len()
}

fn write_er(encoder: &mut Encoder, out: &mut Vec<u8>, at: UnixNanos) -> usize {
    let head = Head::new(b"8", 12_346, at);
    let bytes = encoder.encode(out, &head, |body: &mut Body<'_>| {
        body.price(6, Price::from_units(110_050_000));
        body.str(11, "ORD-20251206-000123");
        body.qty(14, Qty::whole(60_000));
        body.str(17, "EXEC-00000000000098765");
        body.price(31, Price::from_units(110_050_000));
        body.qty(32, Qty::whole(10_000));
        body.uint(37, 123_456_789);
        body.qty(38, Qty::whole(100_000));
        body.char(39, b'1');
        body.char(40, b'2');
        body.price(44, Price::from_units(110_050_000));
        body.char(54, b'1');
        body.str(55, "EURUSD");
        body.char(59, b'0');
        body.time(60, at);
        body.char(150, b'F');
        body.qty(151, Qty::whole(40_000));
    });
    black_box(bytes).len()
}

fn fefix_nos(encoder: &mut FefixEncoder<Config>, out: &mut Vec<u8>) -> usize {
    use fefix::tagvalue::FvWrite as _;
    out.clear();
    let mut message = encoder.start_message(b"FIX.4.4", &mut *out, b"D");
    message.set_fv(&34_u32, 12_345_u32);
    message.set_fv(&49_u32, "CLIENT");
    message.set_fv(&52_u32, "20251206-05:46:40.000");
    message.set_fv(&56_u32, "DCX");
    message.set_fv(&11_u32, "ORD-20251206-000123");
    message.set_fv(&21_u32, "1");
    message.set_fv(&38_u32, 100_000_u32);
    message.set_fv(&40_u32, "2");
    message.set_fv(&44_u32, "1.1005");
    message.set_fv(&54_u32, "1");
    message.set_fv(&55_u32, "EURUSD");
    message.set_fv(&59_u32, "0");
    message.set_fv(&60_u32, "20251206-05:46:40.000");
    message.wrap().len()
}
