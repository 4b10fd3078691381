//! Which clock a file's times of day are in: known folders, or what the user says.

use std::path::Path;
use std::str::FromStr;

use dcx_model::{NANOS_PER_S, UnixNanos};

use super::DataError;

/// A fixed distance from UTC, east positive, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offset(i32);

/// Sources whose clock was measured (`data/README.md`: one-minute returns correlate 0.99 only so).
/// Matched against the words of a folder's name: `eurusd-fxcm`, `fxcm_2015`.
const KNOWN: [(&str, Offset); 2] = [("oanda", Offset::UTC), ("fxcm", Offset(-5 * 3600))];

/// No place on earth is further from UTC.
const HOURS_MAX: i32 = 14;

impl Offset {
    /// No distance.
    pub const UTC: Self = Self(0);

    /// The moment at which a clock so far from UTC shows this one. `None` before 1970.
    pub(crate) fn to_utc(self, shown: UnixNanos) -> Option<UnixNanos> {
        let offset = i64::from(self.0).checked_mul(NANOS_PER_S.cast_signed())?;
        shown.get().checked_add_signed(-offset).map(UnixNanos::new)
    }

    /// Reads `Z`, `UTC`, `+HH:MM` or `-HH:MM`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if matches!(text, "Z" | "UTC") {
            return Some(Self::UTC);
        }
        let (sign, rest) = match text.as_bytes().first()? {
            b'+' => (1, text.get(1..)?),
            b'-' => (-1, text.get(1..)?),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let number = |digits: &str| {
            let two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            two.then(|| digits.parse::<i32>().ok()).flatten()
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let in_range = minutes < 60 && hours * 60 + minutes <= HOURS_MAX * 60;
        in_range.then_some(Self(sign * (hours * 3600 + minutes * 60)))
    }
}

/// What the user says of one clock: `NAME=+HH:MM`, where `NAME` is a file, its folder, or the
/// path as given.
///
/// ```
/// let option: dcx_sim::data::TzOption = "eurusd-fxcm=-05:00".parse().unwrap();
/// assert_eq!(option.name, "eurusd-fxcm");
/// assert!("eurusd-fxcm=5".parse::<dcx_sim::data::TzOption>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TzOption {
    /// The file or folder it is about.
    pub name: String,
    /// Its clock.
    pub offset: Offset,
}

impl FromStr for TzOption {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let wrong = |what| DataError::TimeZone {
            text: text.to_owned(),
            what,
        };
        let Some((name, offset)) = text.rsplit_once('=') else {
            return Err(wrong("expected NAME=+HH:MM"));
        };
        if name.is_empty() {
            return Err(wrong("no name before the equals sign"));
        }
        match Offset::parse(offset) {
            Some(offset) => Ok(Self {
                name: name.to_owned(),
                offset,
            }),
            None => Err(wrong("the offset is not +HH:MM or -HH:MM up to 14 hours")),
        }
    }
}

/// The clock of a day file: what the user says of the path or any folder it is in, else what is
/// known of the folder.
pub(crate) fn offset_of(path: &Path, said: &[TzOption]) -> Result<Offset, DataError> {
    let parts = || {
        path.ancestors()
            .filter_map(|part| Some((part.to_str()?, part.file_name()?.to_str()?)))
    };
    for (whole, name) in parts() {
        let is_it = |option: &&TzOption| option.name == name || option.name == whole;
        if let Some(option) = said.iter().find(is_it) {
            return Ok(option.offset);
        }
    }
    for (_, name) in parts() {
        let lower = name.to_ascii_lowercase();
        let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
        if let Some(known) = words.find_map(|word| KNOWN.iter().find(|known| known.0 == word)) {
            return Ok(known.1);
        }
    }
    let folder = path.parent().and_then(Path::file_name);
    let name = folder.or_else(|| path.file_name()).unwrap_or_default();
    Err(DataError::Clock {
        path: path.to_owned(),
        name: name.to_string_lossy().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_wins_over_what_is_known() {
        let path = Path::new("data/eurusd-fxcm/20140501_quote.zip");
        assert_eq!(offset_of(path, &[]).unwrap(), Offset(-18_000));
        let said = ["eurusd-fxcm=+01:30".parse().unwrap()];
        assert_eq!(offset_of(path, &said).unwrap(), Offset(5_400));
        let oanda = Path::new("later/xauusd-oanda");
        assert_eq!(offset_of(oanda, &said).unwrap(), Offset::UTC);
    }

    #[test]
    fn an_unknown_clock_is_refused_with_the_option_to_add() {
        let error = offset_of(Path::new("mine/20140501.csv"), &[]).unwrap_err();
        assert!(error.to_string().contains("--tz mine=+HH:MM"), "{error}");
        assert_eq!(error.code(), dcx_model::Code::D004);
    }

    #[test]
    fn an_offset_that_is_no_offset_is_refused() {
        for text in [
            "a=5",
            "a=+5:00",
            "a=+15:00",
            "a=+01:60",
            "=+01:00",
            "a",
            "a=-0é:00",
        ] {
            assert!(text.parse::<TzOption>().is_err(), "{text}");
        }
    }
}
