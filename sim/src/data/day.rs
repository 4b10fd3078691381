//! Files of one day each: a zip that holds one CSV, or the CSV itself; rows `ms-of-day,bid,ask`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use dcx_model::{NANOS_PER_S, Qty, UnixNanos};

use super::row::{Lines, Row, Rows};
use super::stamp::day_of_name;
use super::{DataError, DataOptions, Offset, Place, clock};

/// Days one after the other, each opened when its turn comes.
pub(crate) struct DayFiles {
    days: VecDeque<Day>,
    open: Option<(Day, Lines)>,
    unpacked_bytes_max: u64,
}

#[derive(Clone, Debug)]
struct Day {
    path: PathBuf,
    midnight: UnixNanos,
    offset: Offset,
}

impl DayFiles {
    /// One file.
    pub(crate) fn file(path: &Path, options: &DataOptions) -> Result<Self, DataError> {
        Self::of(vec![path.to_owned()], options)
    }

    /// All day files of a folder, in the order of their days.
    pub(crate) fn folder(path: &Path, options: &DataOptions) -> Result<Self, DataError> {
        let mut found = Vec::new();
        let entries = path.read_dir().map_err(|e| DataError::read(path, e))?;
        for entry in entries {
            let file = entry.map_err(|e| DataError::read(path, e))?.path();
            if is_day_file(&file) {
                found.push(file);
            }
        }
        if found.is_empty() {
            return Err(DataError::Missing {
                path: path.to_owned(),
                what: "the folder holds no YYYYMMDD*.zip or YYYYMMDD*.csv (a .gz is named by itself)",
            });
        }
        Self::of(found, options)
    }

    fn of(paths: Vec<PathBuf>, options: &DataOptions) -> Result<Self, DataError> {
        let mut days = Vec::new();
        for path in paths {
            let Some(midnight) = name_of(&path).and_then(day_of_name) else {
                return Err(DataError::Day { path });
            };
            let offset = clock::offset_of(&path, &options.tz)?;
            days.push(Day {
                path,
                midnight,
                offset,
            });
        }
        days.sort_by_key(|day| day.midnight);
        for pair in days.windows(2) {
            if let [first, second] = pair
                && first.midnight == second.midnight
            {
                let what = format!("a second file of the day of {}", first.path.display());
                let place = Place::file(&second.path);
                return Err(DataError::Format { place, what });
            }
        }
        Ok(Self {
            days: days.into(),
            open: None,
            unpacked_bytes_max: options.unpacked_bytes_max,
        })
    }

    fn try_next(&mut self) -> Result<Option<Row>, DataError> {
        loop {
            let Some((day, lines)) = &mut self.open else {
                let Some(day) = self.days.pop_front() else {
                    return Ok(None);
                };
                let lines = open_day(&day.path, self.unpacked_bytes_max)?;
                self.open = Some((day, lines));
                continue;
            };
            if lines.advance()? {
                return read_row(day, lines).map(Some);
            }
            self.open = None;
        }
    }
}

impl Rows for DayFiles {
    fn next_row(&mut self) -> Option<Result<Row, DataError>> {
        self.try_next().transpose()
    }

    fn files(&self) -> usize {
        self.days.len() + usize::from(self.open.is_some())
    }
}

fn read_row(day: &Day, lines: &Lines) -> Result<Row, DataError> {
    let [ms, bid, ask] = lines.fields()?;
    // Milliseconds may have decimals (XAUUSD has four): as a decimal of 10⁻⁸ they are exact.
    let of_day = Qty::parse(ms.bytes)
        .map_err(|fault| lines.unread(ms, "milliseconds of the day", &fault.to_string()))?;
    let nanos = of_day.units() / 100;
    if nanos >= 86_400 * NANOS_PER_S {
        return Err(lines.unread(ms, "milliseconds of the day", "not within a day"));
    }
    let shown = UnixNanos::new(day.midnight.get() + nanos);
    let Some(at) = day.offset.to_utc(shown) else {
        return Err(lines.unread(ms, "milliseconds of the day", "before 1970"));
    };
    Ok(Row {
        at,
        bid: lines.price(bid, "bid")?,
        ask: lines.price(ask, "ask")?,
        bid_qty: Qty::ZERO,
        ask_qty: Qty::ZERO,
    })
}

fn open_day(path: &Path, bytes_max: u64) -> Result<Lines, DataError> {
    let file = File::open(path).map_err(|e| DataError::read(path, e))?;
    if !has_extension(path, "zip") {
        return Ok(Lines::new(path, Box::new(BufReader::new(file)), bytes_max));
    }
    let (member, bytes) = unzip_only(path, file, bytes_max)?;
    let shown = PathBuf::from(format!("{}!{member}", path.display()));
    Ok(Lines::new(&shown, Box::new(Cursor::new(bytes)), bytes_max))
}

/// The name and the bytes of the one CSV that a zip holds.
fn unzip_only(path: &Path, file: File, bytes_max: u64) -> Result<(String, Vec<u8>), DataError> {
    let damaged = |error: zip::result::ZipError| DataError::Read {
        place: Place::file(path),
        source: std::io::Error::other(error),
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if archive.len() != 1 {
        return Err(DataError::Format {
            place: Place::file(path),
            what: format!("the zip holds {} files, expected one CSV", archive.len()),
        });
    }
    let member = archive.by_index(0).map_err(damaged)?;
    let name = member.name().map_err(damaged)?.into_owned();
    let mut bytes = Vec::new();
    // The size that the archive declares is the sender's word: what comes out is counted.
    let read = member.take(bytes_max + 1).read_to_end(&mut bytes);
    read.map_err(|e| DataError::read(path, e))?;
    if bytes.len() as u64 > bytes_max {
        return Err(DataError::TooLarge {
            path: path.to_owned(),
            max: bytes_max,
        });
    }
    Ok((name, bytes))
}

pub(crate) fn is_day_file(path: &Path) -> bool {
    (has_extension(path, "zip") || has_extension(path, "csv"))
        && name_of(path).and_then(day_of_name).is_some()
        && path.is_file()
}

pub(crate) fn has_extension(path: &Path, wanted: &str) -> bool {
    let extension = path.extension().and_then(|text| text.to_str());
    extension.is_some_and(|text| text.eq_ignore_ascii_case(wanted))
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}
