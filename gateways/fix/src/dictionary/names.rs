//! What the values of enumerated fields are called, for people who read messages.

use super::value_names::NAMES;

/// A field's values and what each is called, ascending by value.
pub(super) type Named = (u16, &'static [(&'static str, &'static str)]);

/// What FIX calls a value of a field, e.g. `BUY` for `Side` (54) `1`.
///
/// One table serves all versions: what a value means, they agree on.
#[must_use]
pub fn value_name(tag: u32, value: &[u8]) -> Option<&'static str> {
    let tag = u16::try_from(tag).ok()?;
    let place = NAMES.binary_search_by_key(&tag, |(tag, _)| *tag).ok()?;
    let (_, values) = NAMES.get(place)?;
    let named = values.binary_search_by(|(known, _)| known.as_bytes().cmp(value));
    values.get(named.ok()?).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::Version;

    #[test]
    fn values_have_the_names_of_the_standard() {
        assert_eq!(value_name(54, b"1"), Some("BUY"));
        assert_eq!(value_name(150, b"F"), Some("TRADE"));
        assert_eq!(value_name(35, b"AE"), Some("TRADE_CAPTURE_REPORT"));
        assert_eq!(value_name(54, b"?"), None);
        assert_eq!(value_name(11, b"1"), None);
        assert_eq!(value_name(70_000, b"1"), None);
    }

    #[test]
    fn every_name_is_found_by_the_search() {
        for (tag, values) in NAMES {
            for (value, name) in *values {
                let found = value_name(u32::from(*tag), value.as_bytes());
                assert_eq!(found, Some(*name), "{tag}={value}");
            }
        }
    }

    #[test]
    fn what_is_named_is_a_field_of_some_version() {
        for (tag, _) in NAMES {
            let known = Version::ALL
                .iter()
                .any(|version| version.dictionary().field_name(u32::from(*tag)).is_some());
            assert!(known, "{tag}");
        }
    }
}
