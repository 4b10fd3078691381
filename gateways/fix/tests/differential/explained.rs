//! Where QuickFIX/J says something else, and that it is meant. The reasons are told in
//! `docs/protocols/fix-verdicts.md`, which a test holds to these rows.

use dcx_fix::dictionary::Kind;
use dcx_fix::{CodecFault, Version};

use super::{Case, Verdict};

/// One reason for a difference, and which differences it is the reason of.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The message, our verdict, theirs.
    pub(crate) holds: fn(&Case, &Verdict, &Verdict) -> bool,
}

/// Asked one after the other: the first that holds explains.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "several-faults",
        holds: several_faults,
    },
    Row {
        name: "frame-before-content",
        holds: frame_before_content,
    },
    Row {
        name: "signs-and-zeros",
        holds: signs_and_zeros,
    },
    Row {
        name: "data-length",
        holds: data_length,
    },
    Row {
        name: "tag-too-large",
        holds: tag_too_large,
    },
    Row {
        name: "count-no-number",
        holds: count_no_number,
    },
    Row {
        name: "header-twice",
        holds: header_twice,
    },
    Row {
        name: "entry-twice",
        holds: entry_twice,
    },
    Row {
        name: "numbers",
        holds: numbers,
    },
    Row {
        name: "dates",
        holds: dates,
    },
    Row {
        name: "fixt-header",
        holds: fixt_header,
    },
    Row {
        name: "begin-string-twice",
        holds: begin_string_twice,
    },
    Row {
        name: "order-behind-group",
        holds: order_behind_group,
    },
    Row {
        name: "spaces",
        holds: spaces,
    },
    Row {
        name: "user-defined-in-group",
        holds: user_defined_in_group,
    },
    Row {
        name: "agreed",
        holds: agreed,
    },
    Row {
        name: "dictionary",
        holds: dictionary,
    },
];

fn is_header_or_trailer(version: Version, tag: i64) -> bool {
    let dictionary = version.dictionary();
    u32::try_from(tag).is_ok_and(|tag| dictionary.is_header(tag) || dictionary.is_trailer(tag))
}

fn kind(case: &Case, tag: i64) -> Option<Kind> {
    let tag = u32::try_from(tag).ok()?;
    case.version.dictionary().kind(tag)
}

/// Both reject, each for what is indeed wrong.
fn several_faults(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let (Verdict::Rejected(reason, tag), Verdict::Rejected(other, other_tag)) = (ours, theirs)
    else {
        return false;
    };
    is_true(case, *reason, *tag) && is_true(case, *other, *other_tag)
}

/// Whether what a verdict says of a message is so, as far as one look at its fields can tell.
fn is_true(case: &Case, reason: u16, tag: Option<i64>) -> bool {
    let known = |tag: i64| kind(case, tag).is_some();
    match (reason, tag) {
        (0, Some(tag)) => case.value(tag).is_some() || tag == 0,
        (1, Some(_)) => true,
        (2 | 14 | 15, Some(tag)) => case.value(tag).is_some(),
        (4, Some(tag)) => {
            let mut fields = case.numbered();
            fields.any(|(other, value)| other == tag && value.is_empty())
        }
        (5 | 6 | 16, Some(tag)) => known(tag) && case.value(tag).is_some(),
        (11, tag) => {
            let dictionary = case.version.dictionary();
            let unknown = |value| dictionary.message_name(value).is_none();
            let mut types = case.numbered().filter(|(tag, _)| *tag == 35);
            tag.is_none_or(|tag| tag == 35)
                && (count(case, 35) > 1 || types.any(|(_, value)| unknown(value)))
        }
        (13, Some(tag)) => count(case, tag) > 1,
        _ => false,
    }
}

fn frame_before_content(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let of_data = matches!(case.fault(), Some(CodecFault::DataLengthWrong { .. }));
    *ours == Verdict::Garbled && matches!(theirs, Verdict::Rejected(..)) && !of_data
}

fn signs_and_zeros(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let odd = |(tag, value): (&[u8], &[u8])| {
        tag.starts_with(b"+")
            || tag == b"9" && value.starts_with(b"+")
            || tag == b"10" && value.len() != 3
    };
    *ours == Verdict::Garbled && *theirs != Verdict::Garbled && case.fields().any(odd)
}

const SIGNATURE: i64 = 89;
const SIGNATURE_LENGTH: i64 = 93;

/// A data field without its length before it.
fn data_length(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    if let Some(CodecFault::DataLengthWrong { .. }) = case.fault() {
        return *ours == Verdict::Garbled;
    }
    let tags: Vec<i64> = case.numbered().map(|(tag, _)| tag).collect();
    let led_by_no_length = tags.windows(2).any(|pair| {
        let length = if pair[1] == SIGNATURE {
            SIGNATURE_LENGTH
        } else {
            pair[1] - 1
        };
        kind(case, pair[1]) == Some(Kind::Data) && pair[0] != length
    });
    let misread = match (ours, theirs) {
        (Verdict::Garbled, _) => false,
        (_, Verdict::Garbled) => true,
        (Verdict::Taken, Verdict::Rejected(..)) => true,
        (Verdict::Rejected(4, Some(tag)), Verdict::Taken) => kind(case, *tag) == Some(Kind::Data),
        _ => false,
    };
    misread && led_by_no_length
}

fn tag_too_large(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let large = |(tag, _): (&[u8], &[u8])| {
        let tag = std::str::from_utf8(tag)
            .ok()
            .and_then(|tag| tag.parse::<i64>().ok());
        tag.is_some_and(|tag| i32::try_from(tag).is_err())
    };
    matches!(ours, Verdict::Rejected(..)) && *theirs == Verdict::Garbled && case.fields().any(large)
}

/// A field of this kind whose value is no number of 32 bits.
fn has_unusual(case: &Case, kinds: &[Kind]) -> bool {
    case.numbered().any(|(tag, value)| {
        let number = std::str::from_utf8(value).ok();
        let number = number.and_then(|text| text.parse::<i32>().ok());
        number.is_none() && kind(case, tag).is_some_and(|kind| kinds.contains(&kind))
    })
}

fn count_no_number(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let rejected = matches!(ours, Verdict::Rejected(..));
    rejected && *theirs == Verdict::Garbled && has_unusual(case, &[Kind::Uint])
}

fn count(case: &Case, tag: i64) -> usize {
    case.numbered().filter(|(other, _)| *other == tag).count()
}

fn header_twice(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let tag = match ours {
        Verdict::Rejected(4 | 5 | 6 | 13 | 16, Some(tag)) => tag,
        Verdict::Rejected(11, None) => &35,
        _ => return false,
    };
    let again = is_header_or_trailer(case.version, *tag) && count(case, *tag) > 1;
    again && *theirs == Verdict::Taken
}

fn entry_twice(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let Verdict::Rejected(4 | 5 | 6 | 13 | 16, Some(tag)) = ours else {
        return false;
    };
    let again = !is_header_or_trailer(case.version, *tag) && count(case, *tag) > 1;
    again && *theirs == Verdict::Taken
}

fn numbers(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    match (ours, theirs) {
        // Signs where FIX has none.
        (Verdict::Rejected(6, Some(tag)), Verdict::Taken) => {
            let signed = |value: &[u8]| value.starts_with(b"-") || value.starts_with(b"+");
            is_whole(case, *tag) && any_value(case, *tag, signed)
        }
        // More than 32 bits.
        (Verdict::Taken, Verdict::Rejected(6, Some(tag))) => {
            let long = |value: &[u8]| value.len() >= 10 && value.iter().all(u8::is_ascii_digit);
            is_whole(case, *tag) && any_value(case, *tag, long)
        }
        _ => false,
    }
}

fn is_whole(case: &Case, tag: i64) -> bool {
    matches!(kind(case, tag), Some(Kind::Int | Kind::Uint))
}

fn any_value(case: &Case, tag: i64, is_so: impl Fn(&[u8]) -> bool) -> bool {
    case.numbered()
        .any(|(other, value)| other == tag && is_so(value))
}

fn order_behind_group(_: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    matches!(ours, Verdict::Rejected(15, _)) && *theirs == Verdict::Taken
}

fn spaces(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let Verdict::Rejected(5, Some(tag)) = ours else {
        return false;
    };
    let spaced = |value: &[u8]| value.split(|byte| *byte == b' ').any(<[u8]>::is_empty);
    *theirs == Verdict::Taken
        && kind(case, *tag) == Some(Kind::Multiple)
        && any_value(case, *tag, spaced)
}

fn user_defined_in_group(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let unchecked = case.way & 1 == 0;
    let has_one = case.numbered().any(|(tag, _)| tag >= 5_000);
    unchecked && has_one && *ours == Verdict::Taken && matches!(theirs, Verdict::Rejected(..))
}

fn dates(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let Verdict::Rejected(6, Some(tag)) = ours else {
        return false;
    };
    let kind = kind(case, *tag);
    let timed = matches!(
        kind,
        Some(Kind::Date | Kind::UtcTimestamp | Kind::UtcTimeOnly)
    );
    timed && *theirs == Verdict::Taken
}

fn fixt_header(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let Verdict::Rejected(1, Some(tag)) = ours else {
        return false;
    };
    let header = is_header_or_trailer(case.version, *tag);
    case.version == Version::Fix50Sp2 && header && *theirs == Verdict::Taken
}

fn begin_string_twice(case: &Case, _: &Verdict, theirs: &Verdict) -> bool {
    let unsupported =
        matches!(theirs, Verdict::Bug(why) if why.starts_with("quickfix.UnsupportedVersion"));
    unsupported && count(case, 8) > 1
}

fn agreed(_: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let Verdict::Rejected(0 | 2, Some(tag)) = theirs else {
        return false;
    };
    *ours == Verdict::Taken && [67, 68, 83, 278, 583, 847, 1385].contains(tag)
}

/// Where the dictionaries say different things: the version, the reason of the side that rejects,
/// the tag, and whether that side is we.
const DICTIONARIES: &[(Version, u16, i64, bool)] = &[
    (Version::Fix42, 5, 347, true),
    (Version::Fix42, 5, 434, true),
    (Version::Fix42, 5, 442, true),
    (Version::Fix42, 6, 205, true),
    (Version::Fix44, 1, 55, false),
    (Version::Fix44, 5, 40, true),
    (Version::Fix44, 5, 150, true),
    (Version::Fix44, 5, 221, false),
    (Version::Fix44, 5, 315, false),
    (Version::Fix44, 5, 323, true),
    (Version::Fix44, 5, 635, false),
    (Version::Fix44, 5, 761, false),
    (Version::Fix44, 5, 803, true),
    (Version::Fix44, 5, 847, true),
    (Version::Fix44, 5, 875, true),
    (Version::Fix50Sp2, 5, 347, true),
    (Version::Fix50Sp2, 5, 847, false),
    (Version::Fix50Sp2, 5, 1049, true),
    (Version::Fix50Sp2, 15, 1500, false),
];

/// What later extension packs added to FIXT 1.1, and Text (58) in its Logon.
const FIXT_LATER: &[i64] = &[
    58, 354, 355, 1130, 1131, 1156, 1400, 1401, 1402, 1403, 1404, 1406, 1407, 1408, 1409, 1410,
];

fn dictionary(case: &Case, ours: &Verdict, theirs: &Verdict) -> bool {
    let (reason, tag, we) = match (ours, theirs) {
        (Verdict::Rejected(reason, Some(tag)), Verdict::Taken) => (*reason, *tag, true),
        (Verdict::Taken, Verdict::Rejected(reason, Some(tag))) => (*reason, *tag, false),
        _ => return false,
    };
    let later = case.version == Version::Fix50Sp2 && we && matches!(reason, 0 | 2);
    later && FIXT_LATER.contains(&tag) || DICTIONARIES.contains(&(case.version, reason, tag, we))
}
