//! What FIX 4.4 lets a message hold, and what it does not.

use super::*;
use crate::{Encoder, Head, Message};
use dcx_model::UnixNanos;
use proptest::prelude::*;

/// Validates a message of this type; `|` for SOH.
fn check(msg_type: &str, body: &str, switches: &Switches) -> Result<(), Rejection> {
    let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
    let mut out = Vec::new();
    let head = Head::new(msg_type.as_bytes(), 1, UnixNanos::from_seconds(1));
    let body = body.replace('|', "\x01");
    let bytes = encoder.encode(&mut out, &head, |out| out.raw(body.as_bytes()));
    validate(&Message::parse(bytes).unwrap(), switches)
}

fn rejected(msg_type: &str, body: &str) -> (SessionRejectReason, Option<i64>) {
    let Err(Rejection { reason, ref_tag }) = check(msg_type, body, &Switches::default()) else {
        panic!("{msg_type} {body} passes");
    };
    (reason, ref_tag)
}

const ORDER: &str = "11=ID|21=1|38=100|40=1|54=1|55=EURUSD|60=20260102-03:04:05|";

#[test]
fn a_message_of_the_dictionary_passes() {
    let all = Switches::default();
    assert_eq!(check("D", ORDER, &all), Ok(()));
    assert_eq!(check("0", "", &all), Ok(()));
    let report = "37=1|17=2|150=F|39=1|55=EURUSD|54=1|38=10|32=4|31=1.1|151=6|14=4|6=1.1|";
    assert_eq!(check("8", report, &all), Ok(()));
    let nested = "453=2|448=A|447=D|452=1|802=1|523=X|803=1|448=B|447=D|452=3|";
    assert_eq!(check("D", &format!("{ORDER}{nested}"), &all), Ok(()));
    assert_eq!(check("D", &format!("{ORDER}453=0|"), &all), Ok(()));
    assert_eq!(check("D", &format!("{ORDER}18=1 A|"), &all), Ok(()));
    assert_eq!(check("D", &format!("{ORDER}20001=5|"), &all), Ok(()));
    assert_eq!(check("D", &format!("627=1|628=HOP|{ORDER}"), &all), Ok(()));
}

#[test]
fn what_is_agreed_beyond_fix_44_passes_where_it_is_agreed() {
    let all = Switches::default();
    let linked = format!("{ORDER}67=1|68=2|583=pair|1385=2|");
    assert_eq!(check("D", &linked, &all), Ok(()));
    let entry = |name: &str, place: u8| {
        format!(
            "11={name}|67={place}|55=EURUSD|54=5|114=N|60=20260102-03:04:05|38=1|40=4|44=1|99=2|\
             59=6|126=20260102-03:04:06|18=6 G|20002=TREND|20001=5|"
        )
    };
    let list = format!(
        "66=x|394=3|68=2|1385=2|73=2|{}{}",
        entry("a", 1),
        entry("b", 2)
    );
    assert_eq!(check("E", &list, &all), Ok(()));
    let pegged = "211=-0.1|836=0|18=R E a M P|110=1|111=1|";
    for ord_type in ["J", "K", "P", "3", "4"] {
        let order = ORDER.replace("40=1", &format!("40={ord_type}"));
        assert_eq!(check("D", &format!("{order}{pegged}"), &all), Ok(()));
    }
    let report =
        "37=1|17=2|150=L|39=0|55=EURUSD|54=5|38=10|151=10|14=0|6=0|584=1|911=1|912=Y|378=5|";
    assert_eq!(check("8", report, &all), Ok(()));
    assert_eq!(check("q", "11=a|530=7|60=20260102-03:04:05|", &all), Ok(()));
    assert_eq!(check("AF", "584=a|585=7|", &all), Ok(()));
    assert_eq!(check("f", "55=EURUSD|326=2|", &all), Ok(()));

    use SessionRejectReason as Reason;
    for (msg_type, body, reason, tag) in [
        ("0", "1385=1|", Reason::TagNotDefined, 1385),
        ("0", "68=1|", Reason::TagNotDefined, 68),
        ("8", "150=1|", Reason::IncorrectValue, 150),
        ("8", "39=L|", Reason::IncorrectValue, 39),
    ] {
        let wanted = (reason, Some(tag));
        assert_eq!(rejected(msg_type, body), wanted, "{msg_type} {body}");
    }
}

#[test]
fn each_rule_has_its_reason_and_its_tag() {
    use SessionRejectReason as Reason;
    let cases = [
        ("*", "", Reason::InvalidMsgType, None),
        ("0", "999=HI|", Reason::InvalidTagNumber, Some(999)),
        ("0", "0=HI|", Reason::InvalidTagNumber, Some(0)),
        ("0", "-1=HI|", Reason::InvalidTagNumber, Some(-1)),
        ("0", "55=MSFT|", Reason::TagNotDefined, Some(55)),
        ("0", "112=|", Reason::NoValue, Some(112)),
        ("1", "", Reason::RequiredTagMissing, Some(112)),
        (
            "D",
            "11=A|40=1|60=20260102-03:04:05|",
            Reason::RequiredTagMissing,
            Some(54),
        ),
        ("0", "112=a|112=b|", Reason::RepeatedTag, Some(112)),
        ("0", "112=a|116=b|", Reason::OutOfOrder, Some(116)),
        // What is no tag has no section either.
        ("0", "93=1|89=x|-1=b|", Reason::InvalidTagNumber, Some(-1)),
        ("D", "40=w|", Reason::IncorrectValue, Some(40)),
        ("D", "167=BOO|", Reason::IncorrectValue, Some(167)),
        ("D", "18=1 ?|", Reason::IncorrectValue, Some(18)),
        ("D", "38=+200|", Reason::IncorrectFormat, Some(38)),
        ("D", "38=1e5|", Reason::IncorrectFormat, Some(38)),
        ("D", "38=1.2.3|", Reason::IncorrectFormat, Some(38)),
        ("D", "38=.|", Reason::IncorrectFormat, Some(38)),
        ("D", "40=12|", Reason::IncorrectFormat, Some(40)),
        ("D", "60=20260102|", Reason::IncorrectFormat, Some(60)),
        ("D", "64=20261302|", Reason::IncorrectFormat, Some(64)),
        ("D", "114=J|", Reason::IncorrectFormat, Some(114)),
        ("D", "453=x|", Reason::IncorrectFormat, Some(453)),
        ("D", "453=-1|", Reason::IncorrectFormat, Some(453)),
        ("D", "386=3|336=1|336=2|", Reason::GroupCount, Some(386)),
        ("D", "386=1|336=1|336=2|", Reason::GroupCount, Some(386)),
        // Also where an entry has a fault of its own.
        ("D", "386=3|336=|336=2|", Reason::GroupCount, Some(386)),
        ("D", "386=2|336=|336=2|", Reason::NoValue, Some(336)),
        (
            "D",
            "453=1|448=A|802=1|523=|448=B|447=D|452=3|",
            Reason::GroupCount,
            Some(453),
        ),
        (
            "D",
            "453=2|448=A|802=1|523=|448=B|447=D|452=3|",
            Reason::NoValue,
            Some(523),
        ),
        (
            "D",
            "386=99999999999999999999|336=1|",
            Reason::GroupCount,
            Some(386),
        ),
        ("D", "453=1|447=D|448=A|", Reason::GroupCount, Some(453)),
        (
            "D",
            "453=1|448=A|447=D|447=D|",
            Reason::RepeatedTag,
            Some(447),
        ),
        (
            "D",
            "453=1|448=A|802=2|523=X|",
            Reason::GroupCount,
            Some(802),
        ),
    ];
    for (msg_type, body, reason, tag) in cases {
        assert_eq!(rejected(msg_type, body), (reason, tag), "{msg_type} {body}");
    }
}

#[test]
fn switches_let_pass_what_they_name() {
    let strict = Switches {
        user_defined_allowed: false,
        ..Switches::default()
    };
    assert_eq!(
        check("0", "5000=HI|", &strict),
        Err(Rejection::of(SessionRejectReason::InvalidTagNumber, 5000))
    );
    let lax = Switches {
        unknown_allowed: true,
        order_checked: false,
        values_checked: false,
        ..Switches::default()
    };
    for body in ["999=HI|", "55=MSFT|", "112=a|116=b|"] {
        assert_eq!(check("0", body, &lax), Ok(()), "{body}");
    }
    assert_eq!(check("D", &ORDER.replace("40=1", "40=w"), &lax), Ok(()));
    assert!(check("0", "0=HI|", &lax).is_err(), "0 is no tag anywhere");
}

#[test]
fn names_are_those_of_fix() {
    assert_eq!(field_name(11), Some("ClOrdID"));
    assert_eq!(field_name(101), None);
    assert_eq!(field_name(u32::MAX), None);
    assert_eq!(message_name(b"D"), Some("NewOrderSingle"));
    assert_eq!(message_name(b"??"), None);
}

proptest! {
    #[test]
    fn no_message_makes_it_panic(
        msg_type in "[0-9A-Za-z]{1,2}",
        fields in proptest::collection::vec((1_u32..1000, "[ -~]{0,8}"), 0..20),
    ) {
        let body: String = fields.iter().map(|(tag, value)| format!("{tag}={value}|")).collect();
        let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
        let mut out = Vec::new();
        let head = Head::new(msg_type.as_bytes(), 1, UnixNanos::from_seconds(1));
        let body = body.replace('|', "\x01");
        let bytes = encoder.encode(&mut out, &head, |out| out.raw(body.as_bytes()));
        if let Ok(message) = Message::parse(bytes) {
            let _ = validate(&message, &Switches::default());
        }
    }
}
