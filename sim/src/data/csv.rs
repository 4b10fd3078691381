//! The CSV of ours: a header, then `unix_ns` or `rfc3339`, bid, ask, and perhaps both quantities.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dcx_model::{Qty, UnixNanos};

use super::row::{Field, Lines, Row, Rows, split};
use super::{DataError, DataOptions, parse_rfc3339};

/// One file.
pub(crate) struct Csv {
    lines: Lines,
    time: Time,
    has_qty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    UnixNs,
    Rfc3339,
}

impl Csv {
    /// Opens a file whose first line is the header; `None` if it is not.
    pub(crate) fn open(path: &Path, options: &DataOptions) -> Result<Option<Self>, DataError> {
        let file = File::open(path).map_err(|e| DataError::read(path, e))?;
        let reader = Box::new(BufReader::new(file));
        let mut lines = Lines::new(path, reader, options.unpacked_bytes_max);
        if !lines.advance()? {
            return Ok(None);
        }
        let Some((time, has_qty)) = header(lines.line()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            lines,
            time,
            has_qty,
        }))
    }

    fn try_next(&mut self) -> Result<Option<Row>, DataError> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        let lines = &self.lines;
        let (at, bid, ask, sizes) = if self.has_qty {
            let [at, bid, ask, bid_qty, ask_qty] = lines.fields()?;
            (at, bid, ask, Some((bid_qty, ask_qty)))
        } else {
            let [at, bid, ask] = lines.fields()?;
            (at, bid, ask, None)
        };
        let (bid_qty, ask_qty) = match sizes {
            Some((bid, ask)) => (lines.qty(bid, "bid_qty")?, lines.qty(ask, "ask_qty")?),
            None => (Qty::ZERO, Qty::ZERO),
        };
        Ok(Some(Row {
            at: self.moment(at)?,
            bid: lines.price(bid, "bid")?,
            ask: lines.price(ask, "ask")?,
            bid_qty,
            ask_qty,
        }))
    }

    fn moment(&self, field: Field<'_>) -> Result<UnixNanos, DataError> {
        let text = std::str::from_utf8(field.bytes).unwrap_or_default();
        match self.time {
            Time::UnixNs => {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let nanos = digits.then(|| text.parse().ok()).flatten();
                let wrong = || self.lines.unread(field, "unix_ns", "not whole nanoseconds");
                nanos.map(UnixNanos::new).ok_or_else(wrong)
            }
            Time::Rfc3339 => parse_rfc3339(text).ok_or_else(|| {
                let why = "expected the form 2014-05-02T12:30:00.25Z";
                self.lines.unread(field, "rfc3339", why)
            }),
        }
    }
}

impl Rows for Csv {
    fn next_row(&mut self) -> Option<Result<Row, DataError>> {
        self.try_next().transpose()
    }
}

/// What a header line promises, if it is one.
fn header(line: &[u8]) -> Option<(Time, bool)> {
    let lower = line.to_ascii_lowercase();
    let names: Vec<&[u8]> = split(&lower)
        .map(|field| field.bytes.trim_ascii())
        .collect();
    let (time, rest) = match names.as_slice() {
        [b"unix_ns", rest @ ..] => (Time::UnixNs, rest),
        [b"rfc3339", rest @ ..] => (Time::Rfc3339, rest),
        _ => return None,
    };
    match rest {
        [b"bid", b"ask"] => Some((time, false)),
        [b"bid", b"ask", b"bid_qty", b"ask_qty"] => Some((time, true)),
        _ => None,
    }
}
