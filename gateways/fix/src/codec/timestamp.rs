//! `UTCTimestamp`: calendar text to nanoseconds and back.

use dcx_model::{NANOS_PER_S, UnixNanos};

use super::word::{digits, word_at};

/// Bytes of a timestamp with milliseconds: `YYYYMMDD-HH:MM:SS.sss`.
pub const TIMESTAMP_LEN: usize = 21;

const DAY_S: u64 = 86_400;

/// Writes timestamps, remembering the last second so that only milliseconds change within it.
///
/// # Cost
/// The calendar is computed once a second, three digits otherwise.
#[derive(Clone, Copy, Debug)]
pub struct UtcTimestamp {
    /// When the second that `text` names began.
    second: UnixNanos,
    text: [u8; TIMESTAMP_LEN],
}

impl Default for UtcTimestamp {
    fn default() -> Self {
        Self::new()
    }
}

impl UtcTimestamp {
    /// A writer that remembers the epoch.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            second: UnixNanos::ZERO,
            text: *b"19700101-00:00:00.000",
        }
    }

    /// The text of `at`, cut to the millisecond.
    pub fn text(&mut self, at: UnixNanos) -> &[u8; TIMESTAMP_LEN] {
        let mut nanos = at.get().wrapping_sub(self.second.get());
        if nanos >= NANOS_PER_S {
            self.text = calendar(at.seconds());
            nanos = at.get() % NANOS_PER_S;
            self.second = UnixNanos::new(at.get() - nanos);
        }
        let millis = nanos / 1_000_000;
        self.text[18] = digit(millis / 100);
        self.text[19] = digit(millis / 10 % 10);
        self.text[20] = digit(millis % 10);
        &self.text
    }
}

/// Days to year, month and day: Howard Hinnant, "chrono-compatible low-level date algorithms",
/// `civil_from_days`, for days from 1970 on.
fn calendar(second: u64) -> [u8; TIMESTAMP_LEN] {
    let (days, of_day) = (second / DAY_S, second % DAY_S);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_ix = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_ix + 2) / 5 + 1;
    let month = if month_ix < 10 {
        month_ix + 3
    } else {
        month_ix - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);

    let mut text = *b"00000000-00:00:00.000";
    text[0] = digit(year / 1000 % 10);
    text[1] = digit(year / 100 % 10);
    put_two(&mut text, 2, year % 100);
    put_two(&mut text, 4, month);
    put_two(&mut text, 6, day);
    put_two(&mut text, 9, of_day / 3600);
    put_two(&mut text, 12, of_day / 60 % 60);
    put_two(&mut text, 15, of_day % 60);
    text
}

fn put_two(text: &mut [u8; TIMESTAMP_LEN], at: usize, number: u64) {
    text[at] = digit(number / 10);
    text[at + 1] = digit(number % 10);
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "callers give a decimal digit"
)]
const fn digit(number: u64) -> u8 {
    b'0' + number as u8
}

/// Reads `YYYYMMDD-HH:MM:SS` with no, three, six or nine decimals.
///
/// Returns `None` for any other form and for a moment that does not exist or lies before 1970.
/// Second 60 is accepted (FIX 4.4 vol. 1, "UTCTimestamp") and is the second after 59.
#[must_use]
pub fn parse_utc_timestamp(text: &[u8]) -> Option<UnixNanos> {
    let (head, fraction) = text.split_at_checked(17)?;
    let [century, year, month, day] = pairs(word_at(head, 0)?)?;
    let [hour, minute, second] = times(word_at(head, 9)?)?;
    let year = century * 100 + year;
    if head[8] != b'-' || year < 1970 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day)?;
    let seconds = days * DAY_S + hour * 3600 + minute * 60 + second;
    let nanos = seconds.checked_mul(NANOS_PER_S)?;
    nanos.checked_add(nanos_of(fraction)?).map(UnixNanos::new)
}

/// Four numbers of two digits each.
#[inline]
fn pairs(word: u64) -> Option<[u64; 4]> {
    let digits = digits(word)?;
    let twos = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    Some([
        twos & 0xff,
        twos >> 16 & 0xff,
        twos >> 32 & 0xff,
        twos >> 48 & 0xff,
    ])
}

/// The three numbers of `HH:MM:SS`.
#[inline]
fn times(word: u64) -> Option<[u64; 3]> {
    const COLONS: u64 = 0x0000_ff00_00ff_0000;
    let between = word ^ u64::from_le_bytes(*b"00:00:00");
    if between & COLONS != 0 {
        return None;
    }
    let digits = digits(between ^ u64::from_le_bytes(*b"00000000"))?;
    let twos = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    Some([twos & 0xff, twos >> 24 & 0xff, twos >> 48 & 0xff])
}

fn nanos_of(fraction: &[u8]) -> Option<u64> {
    let Some((b'.', digits)) = fraction.split_first() else {
        return fraction.is_empty().then_some(0);
    };
    let scale = match digits.len() {
        3 => 1_000_000,
        6 => 1_000,
        9 => 1,
        _ => return None,
    };
    Some(number(digits)? * scale)
}

fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let month_len = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > month_len {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted / 400, shifted % 400);
    let month_ix = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month_ix + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    (era * 146_097 + of_era).checked_sub(719_468)
}

/// At most nine digits.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u64::from(byte - b'0'))
    })
}
