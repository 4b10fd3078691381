//! Lines and fields with their places, bounded in length.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use dcx_model::{Price, Qty, UnixNanos};

use super::{DataError, Place, Stamps};

/// Longest line: a full depth snapshot of Binance is a few hundred kilobytes.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// One row of any format, as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) at: UnixNanos,
    pub(crate) bid: Price,
    pub(crate) ask: Price,
    pub(crate) bid_qty: Qty,
    pub(crate) ask_qty: Qty,
}

/// What a format gives: rows, and how many other lines it passed over.
pub(crate) trait Rows: Send {
    /// The next row, in the order of the file.
    fn next_row(&mut self) -> Option<Result<Row, DataError>>;

    /// Lines that carry no data of ours, by the meaning of the format.
    fn skipped(&self) -> u64 {
        0
    }

    /// Lines that carry other data than quotes.
    fn others(&self) -> u64 {
        0
    }

    /// Whose clock the rows read so far are stamped with.
    fn stamps(&self) -> Stamps {
        Stamps::Recorded
    }

    /// Files still to be read, the open one included.
    fn files(&self) -> usize {
        1
    }
}

/// The lines of one file, counted.
pub(crate) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    bytes_max: u64,
}

impl Lines {
    pub(crate) fn new(path: &Path, reader: Box<dyn BufRead + Send>, bytes_max: u64) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            line: Vec::new(),
            number: 0,
            bytes: 0,
            bytes_max,
        }
    }

    /// Reads the next line that is not empty; `false` at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, DataError> {
        loop {
            self.line.clear();
            let mut bounded = self.reader.by_ref().take(LINE_BYTES_MAX + 1);
            let read = bounded.read_until(b'\n', &mut self.line);
            self.number += 1;
            let len = match read {
                Ok(0) => return Ok(false),
                Ok(len) => len as u64,
                Err(source) => {
                    let place = self.place(1);
                    return Err(DataError::Read { place, source });
                }
            };
            self.bytes += len;
            if self.bytes > self.bytes_max {
                return Err(DataError::TooLarge {
                    path: self.path.clone(),
                    max: self.bytes_max,
                });
            }
            if len > LINE_BYTES_MAX {
                return Err(self.wrong(1, format!("line longer than {LINE_BYTES_MAX} bytes")));
            }
            while matches!(self.line.last(), Some(b'\n' | b'\r')) {
                self.line.pop();
            }
            if !self.line.is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line that [`advance`](Self::advance) read, without its end.
    pub(crate) fn line(&self) -> &[u8] {
        // Spreadsheets begin a file with a byte order mark, which belongs to no field.
        match self.line.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if self.number == 1 => rest,
            Some(_) | None => &self.line,
        }
    }

    /// An error at a column of this line.
    pub(crate) fn wrong(&self, column: usize, what: String) -> DataError {
        DataError::Row {
            place: self.place(column),
            what,
        }
    }

    /// A column of this line.
    pub(crate) fn place(&self, column: usize) -> Place {
        Place {
            path: self.path.clone(),
            line: self.number,
            column,
        }
    }

    /// The fields between commas, exactly `N`.
    pub(crate) fn fields<const N: usize>(&self) -> Result<[Field<'_>; N], DataError> {
        let mut fields = [Field::default(); N];
        let mut found = 0;
        for field in split(self.line()) {
            if let Some(slot) = fields.get_mut(found) {
                *slot = field;
            }
            found += 1;
        }
        if found != N {
            return Err(self.wrong(1, format!("{found} fields, expected {N}")));
        }
        Ok(fields)
    }

    /// A price field, above zero.
    pub(crate) fn price(&self, field: Field<'_>, name: &str) -> Result<Price, DataError> {
        match Price::parse(field.bytes) {
            Ok(px) if px > Price::ZERO => Ok(px),
            Ok(px) => Err(self.wrong(field.column, format!("{name} {px} is not above zero"))),
            Err(fault) => Err(self.unread(field, name, &fault.to_string())),
        }
    }

    /// A quantity field.
    pub(crate) fn qty(&self, field: Field<'_>, name: &str) -> Result<Qty, DataError> {
        Qty::parse(field.bytes).map_err(|fault| self.unread(field, name, &fault.to_string()))
    }

    /// An error about a field that is not what it is named for.
    pub(crate) fn unread(&self, field: Field<'_>, name: &str, why: &str) -> DataError {
        let shown = field.bytes.get(..40).unwrap_or(field.bytes);
        let text = String::from_utf8_lossy(shown);
        self.wrong(field.column, format!("{name} {text:?}: {why}"))
    }
}

/// A field and the column it begins at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) column: usize,
}

/// The fields between commas. Numbers need no quotes, so none are understood.
pub(crate) fn split(line: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut column = 1;
    line.split(|byte| *byte == b',').map(move |bytes| {
        let field = Field { bytes, column };
        column += bytes.len() + 1;
        field
    })
}
