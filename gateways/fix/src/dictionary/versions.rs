//! Tests: each version's messages, what venues change, and a slow twin of the checks.

use dcx_model::UnixNanos;

use super::change::{Change, ChangeFault, Place};
use super::layout::{Entry, Layout};
use super::*;
use crate::codec::data_field_of;
use crate::{Encoder, Head, Message};

/// A message of this version; `|` for SOH.
fn message(version: Version, msg_type: &str, body: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(version.begin_string().as_bytes(), b"A", b"B");
    let mut out = Vec::new();
    let head = Head::new(msg_type.as_bytes(), 1, UnixNanos::from_seconds(1));
    let body = body.replace('|', "\x01");
    let bytes = encoder.encode(&mut out, &head, |out| out.raw(body.as_bytes()));
    bytes.to_vec()
}

fn check_of(
    dictionary: &Dictionary,
    version: Version,
    msg_type: &str,
    body: &str,
    switches: &Switches,
) -> Result<(), Rejection> {
    let bytes = message(version, msg_type, body);
    dictionary.validate(&Message::parse(&bytes).unwrap(), switches)
}

fn check(version: Version, msg_type: &str, body: &str) -> Result<(), Rejection> {
    check_of(
        &version.dictionary(),
        version,
        msg_type,
        body,
        &Switches::default(),
    )
}

/// Why it is rejected, and for which field.
fn rejected(version: Version, msg_type: &str, body: &str) -> (SessionRejectReason, Option<i64>) {
    match check(version, msg_type, body) {
        Err(Rejection { reason, ref_tag }) => (reason, ref_tag),
        Ok(()) => panic!("{} {msg_type} {body} passes", version.name()),
    }
}

use SessionRejectReason as Reason;

/// A report of a part fill as FIX 4.2 has it.
const REPORT_42: &str = "37=1|17=2|20=0|150=1|39=1|55=EURUSD|54=1|151=6|14=4|6=1.1|";
const REPORT_44: &str = "37=1|17=2|150=F|39=1|55=EURUSD|54=1|151=6|14=4|6=1.1|";
const REPORT_50: &str = "37=1|17=2|150=F|39=1|55=EURUSD|54=1|151=6|14=4|";
const TIME: &str = "60=20260102-03:04:05|";

#[test]
fn each_version_takes_its_own_execution_reports_and_not_the_others() {
    assert_eq!(check(Version::Fix42, "8", REPORT_42), Ok(()));
    assert_eq!(check(Version::Fix44, "8", REPORT_44), Ok(()));
    assert_eq!(check(Version::Fix50Sp2, "8", REPORT_50), Ok(()));
    // ExecTransType (20) is required in 4.2 and gone later; F, a trade, is of 4.3 on.
    let missing = (Reason::RequiredTagMissing, Some(20));
    let without = REPORT_42.replace("20=0|", "");
    assert_eq!(rejected(Version::Fix42, "8", &without), missing);
    let trade = REPORT_42.replace("150=1", "150=F");
    assert_eq!(
        rejected(Version::Fix42, "8", &trade),
        (Reason::IncorrectValue, Some(150))
    );
    let with = format!("{REPORT_44}20=0|");
    assert_eq!(rejected(Version::Fix44, "8", &with).1, Some(20));
    let filled = REPORT_44.replace("150=F", "150=2");
    assert_eq!(
        rejected(Version::Fix44, "8", &filled),
        (Reason::IncorrectValue, Some(150))
    );
    let priced = REPORT_44.replace("6=1.1|", "");
    assert_eq!(
        rejected(Version::Fix44, "8", &priced),
        (Reason::RequiredTagMissing, Some(6))
    );
}

#[test]
fn message_types_are_those_of_the_version() {
    let invalid = (Reason::InvalidMsgType, None);
    assert_eq!(
        rejected(Version::Fix42, "q", ""),
        invalid,
        "mass cancel is of 4.3 on"
    );
    assert_ne!(rejected(Version::Fix44, "q", ""), invalid);
    assert_eq!(rejected(Version::Fix44, "BI", ""), invalid);
    assert_ne!(rejected(Version::Fix50Sp2, "CA", ""), invalid);
    for version in Version::ALL {
        assert_eq!(
            check(version, "0", "112=x|"),
            Ok(()),
            "session messages are of each"
        );
        assert_eq!(
            version.dictionary().message_name(b"D"),
            Some("NewOrderSingle")
        );
        assert_eq!(rejected(version, "??", ""), invalid);
    }
}

#[test]
fn a_logon_over_fixt_names_the_version_of_its_messages() {
    assert_eq!(check(Version::Fix50Sp2, "A", "98=0|108=30|1137=9|"), Ok(()));
    let missing = (Reason::RequiredTagMissing, Some(1137));
    assert_eq!(rejected(Version::Fix50Sp2, "A", "98=0|108=30|"), missing);
    assert_eq!(check(Version::Fix44, "A", "98=0|108=30|"), Ok(()));
    let order = format!("1128=9|11=A|55=X|54=1|{TIME}38=1|40=1|");
    assert_eq!(check(Version::Fix50Sp2, "D", &order), Ok(()));
    let wrong = order.replace("1128=9", "1128=Z");
    assert_eq!(
        rejected(Version::Fix50Sp2, "D", &wrong),
        (Reason::IncorrectValue, Some(1128))
    );
}

#[test]
fn over_fixt_a_message_of_the_session_knows_no_field_of_orders() {
    let order_field = (SessionRejectReason::TagNotDefined, Some(999));
    assert_eq!(rejected(Version::Fix50Sp2, "D", "999=5|"), order_field);
    let no_field = (SessionRejectReason::InvalidTagNumber, Some(999));
    assert_eq!(rejected(Version::Fix50Sp2, "0", "999=5|"), no_field);
    // What FIXT has, it has in another message.
    let elsewhere = (SessionRejectReason::TagNotDefined, Some(98));
    assert_eq!(rejected(Version::Fix50Sp2, "0", "98=0|"), elsewhere);
    // Before FIXT all fields are of one dictionary.
    let elsewhere = (SessionRejectReason::TagNotDefined, Some(55));
    assert_eq!(rejected(Version::Fix44, "0", "55=EURUSD|"), elsewhere);
}

#[test]
fn groups_of_every_version_are_counted_whatever_type_their_count_has() {
    let order = format!("11=A|21=1|55=X|54=1|{TIME}40=1|");
    let allocations = format!("{order}78=2|79=a|80=1|79=b|80=2|");
    assert_eq!(check(Version::Fix42, "D", &allocations), Ok(()));
    for (count, reason) in [
        ("3", Reason::GroupCount),
        ("1", Reason::GroupCount),
        ("-2", Reason::IncorrectFormat),
        ("99999999999999999999", Reason::GroupCount),
    ] {
        let body = allocations.replace("78=2", &format!("78={count}"));
        assert_eq!(
            rejected(Version::Fix42, "D", &body),
            (reason, Some(78)),
            "{count}"
        );
    }
    let nested = format!("{order}453=1|448=A|447=D|452=1|802=2|523=x|803=1|523=y|803=2|");
    assert_eq!(check(Version::Fix50Sp2, "D", &nested), Ok(()));
    let short = nested.replace("802=2", "802=3");
    assert_eq!(
        rejected(Version::Fix50Sp2, "D", &short),
        (Reason::GroupCount, Some(802))
    );
}

#[test]
fn what_is_agreed_beyond_a_version_passes_in_all_of_them() {
    for version in Version::ALL {
        let order = format!("11=A|21=1|55=X|54=1|{TIME}38=1|40=1|");
        let linked = format!("{order}67=1|68=2|583=pair|1385=2|847=1000|");
        assert_eq!(check(version, "D", &linked), Ok(()), "{}", version.name());
        let worked = "847=2|848=pause=never|849=0.1|957=2|958=jitter|959=6|960=0.1|958=vary|960=1|";
        let worked = format!("{order}{worked}");
        assert_eq!(check(version, "D", &worked), Ok(()), "{}", version.name());
        let short = worked.replace("957=2", "957=3");
        let (reason, tag) = rejected(version, "D", &short);
        assert_eq!((reason, tag), (Reason::GroupCount, Some(957)));
    }
}

#[test]
fn data_of_every_version_has_a_length_that_the_codec_knows() {
    for version in Version::ALL {
        let fields = version.dictionary().data_fields();
        assert!(fields.len() >= 14, "{}: {fields:?}", version.name());
        for tag in fields {
            let has_length = (1..tag + 10).any(|length| data_field_of(length) == Some(tag));
            assert!(has_length, "{} {tag}", version.name());
        }
    }
}

#[test]
fn data_with_soh_and_what_looks_like_fields_passes_whole() {
    for (length, data) in [(354, 355), (212, 213), (90, 91), (1401, 1402), (1184, 1185)] {
        let value = "<x>\x018=FIX.4.2\x0110=000\x01</x>";
        let body = format!("{length}={}|{data}={value}|", value.len());
        let bytes = message(Version::Fix50Sp2, "B", &body);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get(data), Some(value.as_bytes()), "{data}");
        // And a length that is one off is no message at all.
        let body = format!("{length}={}|{data}={value}|", value.len() + 1);
        assert!(Message::parse(&self::message(Version::Fix50Sp2, "B", &body)).is_err());
    }
}

#[test]
fn names_are_those_of_the_version() {
    let dictionary = Version::Fix42.dictionary();
    assert_eq!(dictionary.name(), "FIX.4.2");
    assert_eq!(dictionary.field_name(20), Some("ExecTransType"));
    assert_eq!(dictionary.field_name(1137), None);
    let dictionary = Version::Fix50Sp2.dictionary();
    assert_eq!(dictionary.field_name(1137), Some("DefaultApplVerID"));
    assert!(dictionary.is_header(1128) && dictionary.is_trailer(10) && !dictionary.is_header(11));
    for version in Version::ALL {
        assert_eq!(Version::of_name(version.name()), Some(version));
        assert_eq!(
            Version::of_begin_string(version.begin_string()),
            Some(version)
        );
    }
    assert_eq!(Version::of_begin_string("FIX.4.3"), None);
}

#[test]
fn switches_decide_about_empty_fields_and_the_order_within_groups() {
    let dictionary = Version::Fix44.dictionary();
    let order = format!("11=A|21=1|55=X|54=1|{TIME}38=1|40=1|");
    let with = |switches: Switches, body: &str| {
        let checked = check_of(&dictionary, Version::Fix44, "D", body, &switches);
        checked.map_err(|rejection| (rejection.reason, rejection.ref_tag))
    };
    let empty = format!("{order}58=|");
    let all = Switches::default();
    assert_eq!(with(all, &empty), Err((Reason::NoValue, Some(58))));
    let lax = Switches {
        empty_refused: false,
        ..all
    };
    assert_eq!(with(lax, &empty), Ok(()));
    assert_eq!(
        with(lax, &order.replace("11=A", "11=")),
        Ok(()),
        "it is there"
    );
    assert_eq!(
        with(lax, &format!("{order}38=|")),
        Err((Reason::RepeatedTag, Some(38)))
    );
    let swapped = format!("{order}453=1|448=A|452=1|447=D|");
    assert_eq!(with(all, &swapped), Ok(()));
    let strict = Switches {
        group_order_checked: true,
        ..all
    };
    assert_eq!(
        with(strict, &swapped),
        Err((Reason::GroupOutOfOrder, Some(447)))
    );
    assert_eq!(
        with(strict, &swapped.replace("452=1|447=D", "447=D|452=1")),
        Ok(())
    );
}

#[test]
fn a_double_is_found_wherever_it_is() {
    let order = format!("11=A|21=1|55=X|54=1|{TIME}38=1|40=1|");
    for (body, tag) in [
        ("11=B|", 11),
        ("9001=a|9001=b|", 9001),
        ("2000000=a|2000000=b|", 2_000_000),
    ] {
        let body = format!("{order}{body}");
        assert_eq!(
            rejected(Version::Fix44, "D", &body),
            (Reason::RepeatedTag, Some(tag))
        );
    }
    // Many of one's own: a bound, not a quadratic search.
    let many: String = (0..5000).map(|ix| format!("{}=x|", 10_000 + ix)).collect();
    assert_eq!(
        check(Version::Fix44, "D", &format!("{order}{many}")),
        Ok(())
    );
}

/// A venue of which some things are otherwise.
fn venue() -> Vec<Change> {
    let order = || Place::Message("D".to_owned());
    let field = |tag, name: &str, kind, values: &[&str]| Change::Field {
        tag,
        name: name.to_owned(),
        kind,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    vec![
        field(9010, "DeskCode", Kind::Char, &["A", "B"]),
        field(9020, "NoTags", Kind::Uint, &[]),
        field(9021, "VenueTag", Kind::Text, &[]),
        field(9022, "VenueTagValue", Kind::Int, &[]),
        Change::Required {
            place: order(),
            tag: 9010,
        },
        Change::Optional {
            place: order(),
            tag: 60,
        },
        Change::Removed {
            place: order(),
            tag: 21,
        },
        Change::Values {
            tag: 40,
            add: vec!["Z".to_owned()],
            remove: vec!["1".to_owned()],
        },
        Change::Group {
            place: order(),
            count: 9020,
            fields: vec![9021, 9022],
            required: vec![9022],
        },
        Change::Message {
            msg_type: "U7".to_owned(),
            name: "VenueStatus".to_owned(),
        },
        Change::Required {
            place: Place::Message("U7".to_owned()),
            tag: 58,
        },
        Change::Optional {
            place: Place::Header,
            tag: 9021,
        },
    ]
}

#[test]
fn a_venue_changes_fields_values_groups_and_messages_of_a_version() {
    let dictionary = Dictionary::with_changes(Version::Fix44, "venue", &venue()).unwrap();
    let check = |msg_type: &str, body: &str| {
        let all = Switches {
            user_defined_allowed: false,
            ..Switches::default()
        };
        let checked = check_of(&dictionary, Version::Fix44, msg_type, body, &all);
        checked.map_err(|rejection| (rejection.reason, rejection.ref_tag))
    };
    let order = "11=A|55=X|54=1|38=1|40=Z|9010=A|9020=2|9021=a|9022=1|9021=b|9022=2|";
    assert_eq!(check("D", order), Ok(()));
    assert_eq!(check("U7", "58=open|"), Ok(()));
    assert_eq!(check("U7", "9021=x|58=open|"), Ok(()), "in the header");
    for (from, to, reason, tag) in [
        ("9010=A|", "", Reason::RequiredTagMissing, 9010),
        ("9010=A", "9010=C", Reason::IncorrectValue, 9010),
        ("9010=A", "9010=AB", Reason::IncorrectFormat, 9010),
        ("40=Z", "40=1", Reason::IncorrectValue, 40),
        ("38=1|", "38=1|21=1|", Reason::TagNotDefined, 21),
        ("9022=2|", "", Reason::RequiredTagMissing, 9022),
        ("9020=2", "9020=3", Reason::GroupCount, 9020),
        ("9022=1|", "9022=x|", Reason::IncorrectFormat, 9022),
        ("38=1|", "38=1|9030=1|", Reason::InvalidTagNumber, 9030),
    ] {
        let body = order.replacen(from, to, 1);
        assert_eq!(check("D", &body), Err((reason, Some(tag))), "{body}");
    }
    assert_eq!(check("U7", ""), Err((Reason::RequiredTagMissing, Some(58))));
    // The version itself is as it was.
    assert_eq!(Version::Fix44.dictionary().message_name(b"U7"), None);
    assert_eq!(dictionary.message_name(b"U7"), Some("VenueStatus"));
}

#[test]
fn changes_that_cannot_be_made_are_told_all_at_once() {
    let order = || Place::Message("D".to_owned());
    let of = |tag| Change::Optional {
        place: order(),
        tag,
    };
    let group = |fields: &[u32], required: &[u32]| Change::Group {
        place: order(),
        count: 453,
        fields: fields.to_vec(),
        required: required.to_vec(),
    };
    let data = Change::Field {
        tag: 9011,
        name: "Blob".to_owned(),
        kind: Kind::Data,
        values: Vec::new(),
    };
    let cases = [
        (of(9999), ChangeFault::UnknownField { tag: 9999 }),
        (of(0), ChangeFault::Tag { tag: 0 }),
        (of(u32::MAX), ChangeFault::Tag { tag: u32::MAX }),
        (of(35), ChangeFault::Frame { tag: 35 }),
        (
            Change::Removed {
                place: order(),
                tag: 262,
            },
            ChangeFault::NotThere { tag: 262 },
        ),
        (
            Change::Required {
                place: Place::Message("U9".to_owned()),
                tag: 58,
            },
            ChangeFault::UnknownMessage {
                msg_type: "U9".to_owned(),
            },
        ),
        (
            Change::Message {
                msg_type: "U=".to_owned(),
                name: "x".to_owned(),
            },
            ChangeFault::MessageType {
                msg_type: "U=".to_owned(),
            },
        ),
        (data, ChangeFault::Data { tag: 9011 }),
        (group(&[], &[]), ChangeFault::Group { count: 453 }),
        (group(&[448, 448], &[]), ChangeFault::Group { count: 453 }),
        (
            group(&[448], &[447]),
            ChangeFault::NotInGroup {
                tag: 447,
                count: 453,
            },
        ),
    ];
    let changes: Vec<Change> = cases.iter().map(|(change, _)| change.clone()).collect();
    let expected: Vec<_> = cases
        .into_iter()
        .map(|(_, fault)| fault)
        .enumerate()
        .collect();
    let wrong = Dictionary::with_changes(Version::Fix44, "venue", &changes).unwrap_err();
    assert_eq!(wrong, expected);
}

/// The rules said as plainly as can be, without tables: which messages pass when everything but
/// forms and values is checked.
fn slowly(layout: &Layout, message: &Message<'_>) -> bool {
    let Ok(msg_type) = std::str::from_utf8(message.msg_type()) else {
        return false;
    };
    let Some(body) = layout.messages.get(msg_type) else {
        return false;
    };
    let fields: Vec<(u32, &[u8])> = message.fields().collect();
    let mut rest = fields.as_slice();
    for section in [&layout.header, &body.entries, &layout.trailer] {
        let mut seen = Vec::new();
        while let Some(((tag, value), behind)) = rest.split_first() {
            let Some(entry) = section.iter().find(|entry| entry.tag == *tag) else {
                break;
            };
            if seen.contains(tag) || value.is_empty() {
                return false;
            }
            seen.push(*tag);
            rest = behind;
            let Some(behind) = entries_slowly(entry, value, rest) else {
                return false;
            };
            rest = behind;
        }
        let required = |entry: &&Entry| entry.required;
        if section
            .iter()
            .filter(required)
            .any(|entry| !seen.contains(&entry.tag))
        {
            return false;
        }
    }
    rest.is_empty()
}

/// What is behind the entries that `entry` counts, if they are in order.
fn entries_slowly<'f, 'a>(
    entry: &Entry,
    count: &[u8],
    mut rest: &'f [(u32, &'a [u8])],
) -> Option<&'f [(u32, &'a [u8])]> {
    let Some(group) = &entry.group else {
        return Some(rest);
    };
    let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
    for _ in 0..count {
        let mut seen = Vec::new();
        while let Some(((tag, value), behind)) = rest.split_first() {
            let first = seen.is_empty();
            let Some(field) = group.iter().find(|field| field.tag == *tag) else {
                break;
            };
            if first != (group[0].tag == *tag) {
                break;
            }
            if seen.contains(tag) || value.is_empty() {
                return None;
            }
            seen.push(*tag);
            rest = entries_slowly(field, value, behind)?;
        }
        let mut required = group.iter().filter(|field| field.required);
        if seen.is_empty() || required.any(|field| !seen.contains(&field.tag)) {
            return None;
        }
    }
    // One more would be one too many.
    match rest.first() {
        Some((tag, _)) if group[0].tag == *tag => None,
        Some(_) | None => Some(rest),
    }
}

/// A body that may hold: what the layout requires and some of the rest, with mistakes.
fn drawn_body(draws: &mut Draws, entries: &[Entry], fields: &Layout, depth: usize) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for entry in entries {
        if !(entry.required || draws.one_in(if depth == 0 { 12 } else { 3 })) {
            continue;
        }
        // Mistakes: left out, twice, a stranger before it.
        if draws.one_in(60) {
            continue;
        }
        if draws.one_in(90) {
            let _ = write!(out, "{}=1|", 1 + draws.below(1200));
        }
        let value = match fields.fields.get(&entry.tag) {
            _ if entry.group.is_some() => draws.below(3).to_string(),
            Some(field) => value_of(field.kind, field.values.first().map(String::as_str)),
            None => "1".to_owned(),
        };
        let twice = 1 + usize::from(draws.one_in(90));
        for _ in 0..twice {
            let _ = write!(out, "{}={value}|", entry.tag);
        }
        if let Some(group) = &entry.group {
            let miscounted = u64::from(draws.one_in(20));
            for _ in 0..value.parse::<u64>().unwrap_or(0) + miscounted {
                out.push_str(&drawn_body(draws, group, fields, depth + 1));
            }
        }
    }
    out
}

fn value_of(kind: Kind, listed: Option<&str>) -> String {
    let any = match kind {
        Kind::Text | Kind::Char | Kind::Float | Kind::Int | Kind::Uint | Kind::Multiple => "1",
        Kind::Boolean => "Y",
        Kind::UtcTimestamp => "20260102-03:04:05",
        Kind::UtcTimeOnly => "03:04:05",
        Kind::Date => "20260102",
        Kind::Data => "x",
    };
    match kind {
        Kind::Char | Kind::Text | Kind::Multiple | Kind::Int => listed.unwrap_or(any).to_owned(),
        Kind::Boolean
        | Kind::Float
        | Kind::Uint
        | Kind::UtcTimestamp
        | Kind::UtcTimeOnly
        | Kind::Date
        | Kind::Data => any.to_owned(),
    }
}

/// Numbers that are the same in every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

#[test]
fn the_tables_decide_as_a_slow_reading_of_the_layouts_does() {
    let switches = Switches {
        user_defined_allowed: false,
        values_checked: false,
        ..Switches::default()
    };
    let mut draws = Draws(0x9e37_79b9_7f4a_7c15);
    for version in Version::ALL {
        let (layout, dictionary) = (version.layout(), version.dictionary());
        let (mut passed, mut failed) = (0, 0);
        for (msg_type, body) in &layout.messages {
            for _ in 0..30 {
                let body = drawn_body(&mut draws, &body.entries, &layout, 0);
                let bytes = message(version, msg_type, &body);
                // Data without its length, or with another, is refused by the codec.
                let Ok(message) = Message::parse(&bytes) else {
                    continue;
                };
                let fast = dictionary.validate(&message, &switches);
                let slow = slowly(&layout, &message);
                let fine_but_for_form = matches!(
                    fast,
                    Err(Rejection {
                        reason: Reason::IncorrectFormat,
                        ..
                    })
                );
                assert!(
                    fine_but_for_form || fast.is_ok() == slow,
                    "{} {msg_type}: tables say {fast:?}, layouts {slow}: {message:?}",
                    version.name()
                );
                passed += usize::from(slow);
                failed += usize::from(!slow);
            }
        }
        assert!(
            passed > 200 && failed > 200,
            "both happen: {passed}, {failed}"
        );
    }
}
