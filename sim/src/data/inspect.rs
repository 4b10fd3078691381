//! What a path of market data holds, and the same as CSV.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use dcx_model::{Nanos, Price, UnixNanos};

use super::{DataError, DataOptions, Format, Stamps, Tape, TapeQuote, open, to_rfc3339};

/// A stretch without any quote longer than this is a gap.
pub(super) const GAP: Nanos = Nanos::from_seconds(60);

/// What a path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The path.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// Whose clock the moments are read from.
    pub stamps: Stamps,
    /// Files read.
    pub files: usize,
    /// Quotes.
    pub rows: u64,
    /// The earliest quote.
    pub first: UnixNanos,
    /// The latest quote.
    pub last: UnixNanos,
    /// The smallest spread of the quotes that were not crossed.
    pub spread_min: Price,
    /// The largest.
    pub spread_max: Price,
    /// Quotes with the bid above the ask.
    pub crossed: u64,
    /// Quotes with equal bid and ask.
    pub locked: u64,
    /// Stretches of more than a minute without a quote.
    pub gaps: u64,
    /// The longest stretch without a quote.
    pub gap_longest: Nanos,
    /// Quotes stamped earlier than the one before.
    pub reversed: u64,
    /// Lines that carry no data.
    pub skipped: u64,
    /// Lines that carry other data than quotes.
    pub others: u64,
}

impl Summary {
    /// The summary as one JSON object; prices as text, moments in both forms.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "path": self.path.display().to_string(),
            "format": format!("{:?}", self.format).to_lowercase(),
            "stamps": match self.stamps {
                Stamps::Recorded => "recorded",
                Stamps::Exchange => "exchange",
                Stamps::LocalReceive => "local_receive",
            },
            "files": self.files,
            "rows": self.rows,
            "first": to_rfc3339(self.first),
            "first_ns": self.first.get(),
            "last": to_rfc3339(self.last),
            "last_ns": self.last.get(),
            "spread_min": self.spread_min.to_string(),
            "spread_max": self.spread_max.to_string(),
            "crossed": self.crossed,
            "locked": self.locked,
            "gaps": self.gaps,
            "gap_longest_ns": self.gap_longest.get(),
            "reversed": self.reversed,
            "skipped": self.skipped,
            "others": self.others,
        })
    }

    fn of(tape: &Tape) -> Self {
        Self {
            path: tape.path().to_owned(),
            format: tape.format(),
            stamps: tape.stamps(),
            files: tape.files(),
            rows: 0,
            first: UnixNanos::ZERO,
            last: UnixNanos::ZERO,
            spread_min: Price::ZERO,
            spread_max: Price::ZERO,
            crossed: 0,
            locked: 0,
            gaps: 0,
            gap_longest: Nanos::ZERO,
            reversed: 0,
            skipped: 0,
            others: 0,
        }
    }

    fn add(&mut self, quote: &TapeQuote, spread_seen: &mut bool) {
        if self.rows == 0 {
            (self.first, self.last) = (quote.at, quote.at);
        }
        let since = quote.at.since(self.last);
        self.gaps += u64::from(since > GAP);
        self.gap_longest = self.gap_longest.max(since);
        self.first = self.first.min(quote.at);
        self.last = self.last.max(quote.at);
        self.rows += 1;
        if quote.crossed {
            return;
        }
        let spread = Price::from_units(quote.spread().cast_signed());
        if *spread_seen {
            self.spread_min = self.spread_min.min(spread);
            self.spread_max = self.spread_max.max(spread);
        } else {
            (self.spread_min, self.spread_max) = (spread, spread);
            *spread_seen = true;
        }
    }
}

/// Reads all of a path and says what it holds.
///
/// # Errors
/// [`DataError`] at the first place that is not as its format says, or when there is no quote.
pub fn inspect(path: &Path, options: &DataOptions) -> Result<Summary, DataError> {
    let mut tape = open(path, options)?;
    let mut summary = Summary::of(&tape);
    let mut spread_seen = false;
    for quote in &mut tape {
        summary.add(&quote?, &mut spread_seen);
    }
    if summary.rows == 0 {
        return Err(DataError::Missing {
            path: path.to_owned(),
            what: "it holds no quote",
        });
    }
    let counts = tape.counts();
    summary.crossed = counts.crossed;
    summary.locked = counts.locked;
    summary.reversed = counts.reversed;
    summary.skipped = counts.skipped;
    summary.others = counts.others;
    Ok(summary)
}

/// Writes all quotes of a path, as recorded, to a CSV with the header
/// `unix_ns,bid,ask,bid_qty,ask_qty`, or without the quantities where none were recorded.
/// Returns how many.
///
/// An existing file is not overwritten, and none is left behind where reading goes wrong.
///
/// # Errors
/// [`DataError`] at the first place that is not as its format says, or when writing goes wrong.
pub fn import(path: &Path, out: &Path, options: &DataOptions) -> Result<u64, DataError> {
    let tape = open(path, options)?;
    let wrong = |source| DataError::Write {
        path: out.to_owned(),
        source,
    };
    let mut writer = BufWriter::new(File::create_new(out).map_err(wrong)?);
    let written = write_rows(tape, &mut writer).and_then(|rows| {
        let flushed = writer.flush().map(|()| rows);
        flushed.map_err(Failure::Write)
    });
    written.map_err(|failure| {
        drop(writer);
        // Half a file would be taken for a whole one; that it stays is the smaller error.
        let _ = std::fs::remove_file(out);
        match failure {
            Failure::Write(source) => wrong(source),
            Failure::Data(error) => error,
        }
    })
}

enum Failure {
    Write(io::Error),
    Data(DataError),
}

fn write_rows(tape: Tape, writer: &mut impl Write) -> Result<u64, Failure> {
    let mut rows = 0;
    let mut has_qty = false;
    for quote in tape {
        let quote = quote.map_err(Failure::Data)?.recorded();
        if rows == 0 {
            has_qty = !quote.bid_qty.is_zero() || !quote.ask_qty.is_zero();
            let more = if has_qty { ",bid_qty,ask_qty" } else { "" };
            writeln!(writer, "unix_ns,bid,ask{more}").map_err(Failure::Write)?;
        }
        write_row(writer, &quote, has_qty).map_err(Failure::Write)?;
        rows += 1;
    }
    Ok(rows)
}

fn write_row(writer: &mut impl Write, quote: &TapeQuote, has_qty: bool) -> io::Result<()> {
    write!(writer, "{},{},{}", quote.at.get(), quote.bid, quote.ask)?;
    if has_qty {
        write!(writer, ",{},{}", quote.bid_qty, quote.ask_qty)?;
    }
    writeln!(writer)
}
