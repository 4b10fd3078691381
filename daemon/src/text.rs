//! How numbers and moments are written for people and for JSON.

use comfy_table::{CellAlignment, Table, presets};
use dcx_model::{Nanos, Qty, UnixNanos};

/// A moment as ISO 8601 in UTC, to the nanosecond.
pub(crate) fn utc(at: UnixNanos) -> String {
    let seconds = at.seconds();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let nanos = at.get() % 1_000_000_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

/// Year, month and day of a count of days since 1970-01-01 (Hinnant, "chrono-compatible low-level
/// date algorithms", `civil_from_days`, for days after the epoch).
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// A digest as it stands in reports: 16 hexadecimal digits.
pub(crate) fn hex(digest: u64) -> String {
    format!("{digest:016x}")
}

/// A count with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (ix, digit) in digits.chars().enumerate() {
        if ix > 0 && (digits.len() - ix).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A span in the unit that suits it, to about three digits.
pub(crate) fn span(nanos: Nanos) -> String {
    let ns = nanos.get();
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{}.{} us", ns / 1_000, ns / 100 % 10),
        1_000_000..1_000_000_000 => format!("{}.{} ms", ns / 1_000_000, ns / 100_000 % 10),
        _ => format!("{}.{} s", ns / 1_000_000_000, ns / 100_000_000 % 10),
    }
}

/// A quantity beyond 64 bits, for reports.
pub(crate) fn qty_text(units: u128) -> String {
    match u64::try_from(units) {
        Ok(units) => Qty::from_units(units).to_string(),
        Err(_) => (units / 100_000_000).to_string(),
    }
}

/// A part of a whole; zero of nothing.
pub(crate) fn ratio(part: impl Into<u128>, whole: impl Into<u128>) -> f64 {
    let (part, whole) = (part.into(), whole.into());
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// A table without lines.
pub(crate) fn plain_table(header: &[impl ToString]) -> Table {
    let mut table = Table::new();
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    table.load_style(presets::NOTHING).set_header(header);
    table
}

/// Numbers stand under each other; the first `names` columns are names.
pub(crate) fn right_align(table: &mut Table, names: usize) {
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_its_date_in_utc() {
        assert_eq!(utc(UnixNanos::ZERO), "1970-01-01T00:00:00.000000000Z");
        let leap = UnixNanos::new(1_709_164_800_000_000_001);
        assert_eq!(utc(leap), "2024-02-29T00:00:00.000000001Z");
        let last = UnixNanos::from_seconds(1_735_689_599);
        assert_eq!(utc(last), "2024-12-31T23:59:59.000000000Z");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(999), "999");
        assert_eq!(span(Nanos::new(1_530)), "1.5 us");
        assert_eq!(span(Nanos::from_seconds(2)), "2.0 s");
        assert_eq!(hex(255), "00000000000000ff");
    }
}
