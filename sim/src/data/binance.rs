//! Gzip lines `local_receive_ns JSON` of Binance's websocket streams: the best bid and ask.
//!
//! Quotes come from `bookTicker`. Lines of `depth` and `trade` are counted as other data, lines
//! without a stream (replies to subscriptions, snapshots) as skipped.
//! Source: Binance API, "Individual Symbol Book Ticker Streams": spot has no stamp in it,
//! USD-margined futures have `T` (matching engine) and `E` (event), both in milliseconds.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dcx_model::UnixNanos;
use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::row::{Field, Lines, Row, Rows};
use super::{DataError, DataOptions, Stamps};

/// One captured file.
pub(crate) struct Binance {
    lines: Lines,
    stamps: Option<Stamps>,
    skipped: u64,
    others: u64,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    stream: Option<Cow<'a, str>>,
    #[serde(rename = "data")]
    _data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    data: Best<'a>,
}

#[derive(Deserialize)]
struct Best<'a> {
    #[serde(borrow, rename = "b")]
    bid: Cow<'a, str>,
    #[serde(borrow, rename = "B")]
    bid_qty: Cow<'a, str>,
    #[serde(borrow, rename = "a")]
    ask: Cow<'a, str>,
    #[serde(borrow, rename = "A")]
    ask_qty: Cow<'a, str>,
    #[serde(rename = "E")]
    event_ms: Option<u64>,
    #[serde(rename = "T")]
    matched_ms: Option<u64>,
}

impl Binance {
    pub(crate) fn open(path: &Path, options: &DataOptions) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|e| DataError::read(path, e))?;
        let unpacked = BufReader::new(MultiGzDecoder::new(BufReader::new(file)));
        Ok(Self {
            lines: Lines::new(path, Box::new(unpacked), options.unpacked_bytes_max),
            stamps: options.local_stamps.then_some(Stamps::LocalReceive),
            skipped: 0,
            others: 0,
        })
    }

    fn try_next(&mut self) -> Result<Option<Row>, DataError> {
        while self.lines.advance()? {
            match parse(&self.lines, self.stamps)? {
                Parsed::NoStream => self.skipped += 1,
                Parsed::OtherStream => self.others += 1,
                Parsed::Quote { row, stamps } => {
                    self.stamps = Some(stamps);
                    return Ok(Some(row));
                }
            }
        }
        Ok(None)
    }
}

impl Rows for Binance {
    fn next_row(&mut self) -> Option<Result<Row, DataError>> {
        self.try_next().transpose()
    }

    fn skipped(&self) -> u64 {
        self.skipped
    }

    fn others(&self) -> u64 {
        self.others
    }

    fn stamps(&self) -> Stamps {
        self.stamps.unwrap_or(Stamps::Exchange)
    }
}

enum Parsed {
    NoStream,
    OtherStream,
    Quote { row: Row, stamps: Stamps },
}

/// Reads one line. The first quote of a file decides which stamps the file has.
fn parse(lines: &Lines, stamps: Option<Stamps>) -> Result<Parsed, DataError> {
    let line = lines.line();
    let space = line.iter().position(|byte| *byte == b' ');
    let Some((stamp, json)) = space.and_then(|at| line.split_at_checked(at)) else {
        let what = "expected a time in nanoseconds, a space, and JSON".to_owned();
        return Err(lines.wrong(1, what));
    };
    let Some(local) = nanos(stamp) else {
        let field = Field {
            bytes: stamp,
            column: 1,
        };
        return Err(lines.unread(field, "local time", "not nanoseconds"));
    };
    let envelope: Envelope<'_> = from_json(lines, json, stamp.len())?;
    match envelope.stream.as_deref() {
        None => return Ok(Parsed::NoStream),
        Some(stream) if stream.ends_with("@bookTicker") => {}
        Some(_) => return Ok(Parsed::OtherStream),
    }
    let Ticker { data } = from_json(lines, json, stamp.len())?;
    let exchange = data.matched_ms.or(data.event_ms);
    let stamps = stamps.unwrap_or(match exchange {
        Some(_) => Stamps::Exchange,
        None => Stamps::LocalReceive,
    });
    let at = match (stamps, exchange) {
        (Stamps::Exchange, Some(ms)) => ms.checked_mul(1_000_000).map(UnixNanos::new),
        (Stamps::Exchange, None) => None,
        (Stamps::LocalReceive | Stamps::Recorded, _) => Some(local),
    };
    let Some(at) = at else {
        let what = "the exchange's stamp (T or E) is missing or out of range".to_owned();
        return Err(lines.wrong(stamp.len() + 2, what));
    };
    let row = Row {
        at,
        bid: lines.price(field(&data.bid, stamp.len()), "bid (b)")?,
        ask: lines.price(field(&data.ask, stamp.len()), "ask (a)")?,
        bid_qty: lines.qty(field(&data.bid_qty, stamp.len()), "bid quantity (B)")?,
        ask_qty: lines.qty(field(&data.ask_qty, stamp.len()), "ask quantity (A)")?,
    };
    Ok(Parsed::Quote { row, stamps })
}

/// A text of the JSON, placed where the JSON begins.
fn field(text: &str, stamp_len: usize) -> Field<'_> {
    Field {
        bytes: text.as_bytes(),
        column: stamp_len + 2,
    }
}

fn from_json<'a, T: Deserialize<'a>>(
    lines: &Lines,
    json: &'a [u8],
    stamp_len: usize,
) -> Result<T, DataError> {
    serde_json::from_slice(json).map_err(|error| {
        let column = stamp_len + error.column();
        lines.wrong(column, format!("not the JSON of a stream: {error}"))
    })
}

fn nanos(digits: &[u8]) -> Option<UnixNanos> {
    let text = std::str::from_utf8(digits).ok()?;
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten().map(UnixNanos::new)
}
