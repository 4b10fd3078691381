//! Moments as text: days of file names and RFC 3339, without a time zone database.

use dcx_model::{NANOS_PER_S, UnixNanos};

use super::Offset;

const DAY_S: u64 = 86_400;

/// Days since 1970-01-01 of a day of the Gregorian calendar, if there is such a day from 1970 on.
///
/// # Source
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=2200).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    let march_year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (march_year / 400, march_year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// A number of exactly `len` digits at `from`.
fn digits(text: &str, from: usize, len: usize) -> Option<u64> {
    let part = text.get(from..from + len)?;
    let all = part.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| part.parse().ok()).flatten()
}

/// Midnight of the day that a file's name begins with, on the clock of the file.
pub(crate) fn day_of_name(name: &str) -> Option<UnixNanos> {
    let days = days_of(
        digits(name, 0, 4)?,
        digits(name, 4, 2)?,
        digits(name, 6, 2)?,
    )?;
    let follows = name.as_bytes().get(8);
    let ends = follows.is_none_or(|byte| !byte.is_ascii_digit());
    ends.then(|| UnixNanos::from_seconds(days * DAY_S))
}

/// Reads an RFC 3339 moment, e.g. `2014-05-02T12:30:00.25Z`; up to nine decimals of a second.
///
/// Returns `None` for anything else: without an offset there is no moment.
///
/// ```
/// let at = dcx_sim::data::parse_rfc3339("2014-05-02T07:30:00.5-05:00").unwrap();
/// assert_eq!(dcx_sim::data::to_rfc3339(at), "2014-05-02T12:30:00.500000000Z");
/// ```
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<UnixNanos> {
    let mark = |at: usize, allowed: &[u8]| allowed.contains(text.as_bytes().get(at)?).then_some(());
    mark(4, b"-")?;
    mark(7, b"-")?;
    mark(10, b"Tt ")?;
    mark(13, b":")?;
    mark(16, b":")?;
    let days = days_of(
        digits(text, 0, 4)?,
        digits(text, 5, 2)?,
        digits(text, 8, 2)?,
    )?;
    let (hour, minute) = (digits(text, 11, 2)?, digits(text, 14, 2)?);
    let second = digits(text, 17, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = text.get(19..)?;
    let zone_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (fraction, zone) = rest.split_at(zone_at);
    let offset = match zone {
        "z" => Offset::UTC,
        zone => Offset::parse(zone)?,
    };
    let seconds = days * DAY_S + hour * 3600 + minute * 60 + second;
    let shown = seconds * NANOS_PER_S + nanos_of_fraction(fraction)?;
    offset.to_utc(UnixNanos::new(shown))
}

fn nanos_of_fraction(fraction: &str) -> Option<u64> {
    let Some(places) = fraction.strip_prefix('.') else {
        return fraction.is_empty().then_some(0);
    };
    if places.is_empty() || places.len() > 9 || !places.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{places:0<9}").parse().ok()
}

/// Writes a moment as RFC 3339 in UTC with nine decimals.
#[must_use]
pub fn to_rfc3339(at: UnixNanos) -> String {
    let (seconds, nanos) = (at.seconds(), at.get() % NANOS_PER_S);
    let (year, month, day) = civil(seconds / DAY_S);
    let of_day = seconds % DAY_S;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_is_none_is_refused() {
        assert_eq!(
            day_of_name("20140501_quote.zip"),
            Some(UnixNanos::from_seconds(1_398_902_400))
        );
        assert!(day_of_name("20160229.csv").is_some());
        for name in [
            "20150229.csv",
            "20141301_",
            "2014050",
            "201405011.csv",
            "é0140501",
        ] {
            assert_eq!(day_of_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_moment_that_is_none_is_refused() {
        for text in [
            "2014-05-02T12:30:00",
            "2014-05-02T24:30:00Z",
            "2014-05-02T12:30:00.Z",
            "2014-05-02T12:30:00.1234567890Z",
            "2014-05-02T12:30:00 Z",
            "2014-05-02",
            "",
            "2014-05-02Té2:30:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in 0..7_000_000_000_000_000_000_u64) {
            let at = UnixNanos::new(nanos);
            proptest::prop_assert_eq!(parse_rfc3339(&to_rfc3339(at)), Some(at));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = (parse_rfc3339(&text), day_of_name(&text), Offset::parse(&text));
        }
    }
}
