//! A tape: the quotes of one path, one after the other, crossed ones put right and flagged.

use std::fmt;
use std::path::{Path, PathBuf};

use dcx_model::{Price, Qty, UnixNanos};

use super::binance::Binance;
use super::csv::Csv;
use super::day::{DayFiles, has_extension, is_day_file};
use super::row::{Row, Rows};
use super::{DataError, Place, TzOption};

/// How to read market data.
#[derive(Clone, Debug)]
pub struct DataOptions {
    /// Clocks of files that give times of day, over what is known of their folders.
    pub tz: Vec<TzOption>,
    /// Binance: stamp with the recorder's clock even where the exchange's is there.
    pub local_stamps: bool,
    /// Most bytes that one compressed file may unpack to.
    pub unpacked_bytes_max: u64,
}

impl Default for DataOptions {
    fn default() -> Self {
        Self {
            tz: Vec::new(),
            local_stamps: false,
            unpacked_bytes_max: 512 << 20,
        }
    }
}

/// What a path turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A zip or CSV of one day, or a folder of them: `ms-of-day,bid,ask`.
    Days,
    /// Gzip lines of Binance's streams.
    Binance,
    /// CSV with the header `unix_ns|rfc3339,bid,ask[,bid_qty,ask_qty]`.
    Csv,
}

/// Whose clock the moments are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamps {
    /// As the file gives them.
    Recorded,
    /// The exchange's own.
    Exchange,
    /// The recorder's, when it received the line: no statement about the exchange's clock.
    LocalReceive,
}

impl fmt::Display for Stamps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Recorded => "recorded",
            Self::Exchange => "exchange",
            Self::LocalReceive => "local receive (the lines carry no exchange stamp in use)",
        })
    }
}

/// One quote of a tape. Its bid is never above its ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeQuote {
    /// When, in UTC.
    pub at: UnixNanos,
    /// Best bid.
    pub bid: Price,
    /// Best ask.
    pub ask: Price,
    /// Quantity at the bid; zero where it was not recorded.
    pub bid_qty: Qty,
    /// Quantity at the ask; zero where it was not recorded.
    pub ask_qty: Qty,
    /// Bid and ask are equal.
    pub locked: bool,
    /// The bid was recorded above the ask. The two sides were swapped: whoever sees this quote
    /// finds a spread, never a free profit.
    pub crossed: bool,
    /// It is stamped earlier than the quote before it.
    pub reversed: bool,
}

impl TapeQuote {
    fn of(row: Row, before: Option<UnixNanos>) -> Self {
        let crossed = row.bid > row.ask;
        let mut quote = Self {
            at: row.at,
            bid: row.bid,
            ask: row.ask,
            bid_qty: row.bid_qty,
            ask_qty: row.ask_qty,
            locked: row.bid == row.ask,
            crossed,
            reversed: before.is_some_and(|before| row.at < before),
        };
        if crossed {
            quote.swap();
        }
        quote
    }

    fn swap(&mut self) {
        std::mem::swap(&mut self.bid, &mut self.ask);
        std::mem::swap(&mut self.bid_qty, &mut self.ask_qty);
    }

    /// The quote as it was recorded, crossed if it was.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        if self.crossed {
            self.swap();
        }
        self
    }

    /// Ask less bid, in units of 10⁻⁸.
    #[must_use]
    pub const fn spread(&self) -> u64 {
        self.ask.distance(self.bid)
    }
}

/// How many of what a tape has met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TapeCounts {
    /// Quotes.
    pub quotes: u64,
    /// Quotes with the bid above the ask.
    pub crossed: u64,
    /// Quotes with equal bid and ask.
    pub locked: u64,
    /// Quotes stamped earlier than the one before.
    pub reversed: u64,
    /// Lines that carry no data (Binance: no stream).
    pub skipped: u64,
    /// Lines that carry other data than quotes (Binance: depth and trades).
    pub others: u64,
}

/// The quotes of one path. Ends after the first error: nothing is skipped silently.
pub struct Tape {
    path: PathBuf,
    format: Format,
    rows: Box<dyn Rows>,
    files: usize,
    ahead: Option<Row>,
    last: Option<UnixNanos>,
    ended: bool,
    counts: TapeCounts,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// Opens a file or folder of market data, and reads its first quote.
///
/// # Errors
/// [`DataError`]: what is not there, not understood, or cannot be placed in time.
pub fn open(path: &Path, options: &DataOptions) -> Result<Tape, DataError> {
    let (format, mut rows) = detect(path, options)?;
    let files = rows.files();
    let ahead = rows.next_row().transpose()?;
    Ok(Tape {
        path: path.to_owned(),
        format,
        rows,
        files,
        ahead,
        last: None,
        ended: false,
        counts: TapeCounts::default(),
    })
}

fn detect(path: &Path, options: &DataOptions) -> Result<(Format, Box<dyn Rows>), DataError> {
    let about = path.metadata().map_err(|e| DataError::read(path, e))?;
    if about.is_dir() {
        let days = DayFiles::folder(path, options)?;
        return Ok((Format::Days, Box::new(days)));
    }
    if has_extension(path, "gz") {
        let binance = Binance::open(path, options)?;
        return Ok((Format::Binance, Box::new(binance)));
    }
    if has_extension(path, "zip") {
        let day = DayFiles::file(path, options)?;
        return Ok((Format::Days, Box::new(day)));
    }
    if let Some(csv) = Csv::open(path, options)? {
        return Ok((Format::Csv, Box::new(csv)));
    }
    if is_day_file(path) {
        let day = DayFiles::file(path, options)?;
        return Ok((Format::Days, Box::new(day)));
    }
    let what = "not a .zip, .gz or folder, and the first line is not the header \
                unix_ns|rfc3339,bid,ask[,bid_qty,ask_qty]";
    Err(DataError::Format {
        place: Place::file(path),
        what: what.to_owned(),
    })
}

impl Tape {
    /// The path it was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the path turned out to be.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whose clock the moments are read from.
    #[must_use]
    pub fn stamps(&self) -> Stamps {
        self.rows.stamps()
    }

    /// How many files it reads, one after the other.
    #[must_use]
    pub const fn files(&self) -> usize {
        self.files
    }

    /// When the next quote is, if there is one.
    #[must_use]
    pub fn next_at(&self) -> Option<UnixNanos> {
        self.ahead.map(|row| row.at)
    }

    /// How many of what it has met so far.
    #[must_use]
    pub fn counts(&self) -> TapeCounts {
        TapeCounts {
            skipped: self.rows.skipped(),
            others: self.rows.others(),
            ..self.counts
        }
    }

    fn count(&mut self, row: Row) -> TapeQuote {
        let quote = TapeQuote::of(row, self.last);
        self.last = Some(quote.at);
        self.counts.quotes += 1;
        self.counts.crossed += u64::from(quote.crossed);
        self.counts.locked += u64::from(quote.locked);
        self.counts.reversed += u64::from(quote.reversed);
        quote
    }
}

impl Iterator for Tape {
    type Item = Result<TapeQuote, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.ahead.take() {
            return Some(Ok(self.count(row)));
        }
        if self.ended {
            return None;
        }
        let next = self.rows.next_row();
        self.ended = !matches!(next, Some(Ok(_)));
        Some(next?.map(|row| self.count(row)))
    }
}
