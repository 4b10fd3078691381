//! What clients are told of the instruments themselves.

use super::*;
use crate::{Body, BodyFields, Dialect, Fix42, Fix50Sp2};

#[test]
fn the_list_of_securities_says_what_is_known_of_each() {
    let mut rig = Rig::up();
    rig.pass(30);
    rig.client(OTHER, "x", "320=r|559=4").unwrap();
    let known = "561=1000|562=1000|58=MinPriceIncrement 0.00001|";
    let all = format!(
        "1 y 320=r|322=r|560=0|393=3|893=Y|146=3|55=EURUSD|231=1|15=USD|{known}\
         55=XAUUSD|231=1|{known}55=BTCUSD|"
    );
    assert_eq!(rig.sent(), [all]);
    for (fields, answer) in [
        (
            "559=0|55=XAUUSD",
            format!("560=0|393=1|893=Y|146=1|55=XAUUSD|231=1|{known}"),
        ),
        ("559=0|55=NOPE", "560=2|".to_owned()),
        ("559=0", "560=1|".to_owned()),
        ("559=1", "560=1|".to_owned()),
        ("559=4|263=1", "560=5|".to_owned()),
    ] {
        rig.client(CLIENT, "x", &format!("320=r|{fields}")).unwrap();
        assert_eq!(
            rig.sent(),
            [format!("0 y 320=r|322=r|{answer}")],
            "{fields}"
        );
    }
    assert!(rig.client(CLIENT, "x", "559=4").is_err());
    assert!(rig.client(CLIENT, "x", "320=r").is_err());
}

#[test]
fn a_long_list_comes_in_fragments() {
    let mut directory = Directory::new();
    // One number is of an instrument that is no longer there.
    for ix in (0..50).chain(51..121) {
        let symbol = format!("S{ix}").parse().unwrap();
        directory = directory.with_instrument(InstrumentId::new(ix), symbol);
    }
    let mut rig = Rig::new();
    rig.edge = MarketEdge::new(&directory, &MarketOptions::new());
    rig.directory = directory;
    rig.client(CLIENT, "x", "320=r|559=4").unwrap();
    let heads: Vec<String> = rig
        .sent()
        .iter()
        .map(|it| it.split("|55=").next().unwrap().to_owned())
        .collect();
    let head = |last, count| format!("0 y 320=r|322=r|560=0|393=120|893={last}|146={count}");
    assert_eq!(heads, [head('N', 50), head('N', 50), head('Y', 20)]);
}

#[test]
fn definitions_are_told_where_there_is_no_list() {
    let mut rig = Rig::up();
    rig.client(CLIENT, "c", "320=r|321=0|55=EURUSD").unwrap();
    let one = "0 d 320=r|322=r|323=1|55=EURUSD|231=1|15=USD|561=1000|562=1000|\
               58=MinPriceIncrement 0.00001|";
    assert_eq!(rig.sent(), [one]);
    rig.client(CLIENT, "c", "320=r|321=3").unwrap();
    let sent = rig.sent();
    assert_eq!(sent.len(), 3);
    assert!(
        sent.iter()
            .all(|it| it.starts_with("0 d 320=r|322=r|323=1|55="))
    );
    for (fields, answer) in [("321=0|55=NOPE", "323=6|55=NOPE|"), ("321=2", "323=5|")] {
        rig.client(CLIENT, "c", &format!("320=r|{fields}")).unwrap();
        assert_eq!(rig.sent(), [format!("0 d 320=r|322=r|{answer}")]);
    }
}

#[test]
fn how_trading_stands_is_told_and_told_again_when_it_changes() {
    let mut rig = Rig::new();
    rig.client(CLIENT, "e", "324=s|55=EURUSD|263=1").unwrap();
    let stands = |rig: &mut Rig| {
        rig.pass(25);
        let sent = rig.sent();
        let told = sent.iter().filter(|it| it.contains(" f ")).map(|it| {
            let end = it.find("|60=").unwrap();
            it[..end].to_owned()
        });
        told.collect::<Vec<_>>()
    };
    let told = |status: u32| vec![format!("0 f 324=s|55=EURUSD|326={status}")];
    assert_eq!(stands(&mut rig), told(18), "no venue is there");
    rig.log_on(SECOND);
    assert_eq!(stands(&mut rig), told(17));
    rig.log_on(VENUE);
    rig.edge.set_open(SECOND, EURUSD, false);
    assert_eq!(stands(&mut rig), [""; 0], "one of two is enough");
    rig.edge.set_open(VENUE, EURUSD, false);
    assert_eq!(stands(&mut rig), told(2));
    rig.edge.set_open(VENUE, EURUSD, true);
    assert_eq!(stands(&mut rig), told(17));
    rig.halted = true;
    assert_eq!(stands(&mut rig), told(2), "dcx itself trades nothing");
    rig.client(CLIENT, "e", "324=s|55=EURUSD|263=2").unwrap();
    rig.halted = false;
    assert_eq!(stands(&mut rig), [""; 0]);
    rig.client(CLIENT, "e", "324=s|55=EURUSD|263=1").unwrap();
    rig.sent();
    for (fields, reason) in [
        ("324=s|55=EURUSD|263=1", 0),
        ("324=t|55=NOPE|263=1", 2),
        ("324=t|55=EURUSD|263=7", 0),
    ] {
        let refused = rig.client(CLIENT, "e", fields);
        let named =
            matches!(refused, Err(AppReject::Business { reason: said, .. }) if said == reason);
        assert!(named, "{fields} {refused:?}");
    }
    rig.log_out(CLIENT);
    rig.halted = true;
    assert_eq!(stands(&mut rig), [""; 0]);
}

/// What is sent to a client of this version and to a venue: types, and fields as `tag=value|…`.
fn all_that_is_sent(version: Version) -> Vec<(String, String)> {
    let dialect: &dyn Dialect = match version {
        Version::Fix42 => &Fix42,
        Version::Fix44 => &Verbatim,
        Version::Fix50Sp2 => &Fix50Sp2,
    };
    let mut rig = Rig::with(&options().with_version(CLIENT, version));
    rig.log_on(VENUE);
    rig.venue(
        VENUE,
        "W",
        "55=EURUSD|268=2|269=0|270=1.1|271=5|269=1|270=1.1|271=7",
    )
    .unwrap();
    let asked = "264=2|265=1|267=3|269=0|269=1|269=2|146=1|55=EURUSD";
    for _ in 0..2 {
        rig.client(CLIENT, "V", &format!("262=a|263=1|{asked}"))
            .unwrap();
    }
    rig.pass(1);
    let update = "268=2|279=0|269=2|55=EURUSD|270=1.1|271=5|279=2|269=0|270=1.1";
    rig.venue(VENUE, "X", update).unwrap();
    rig.pass(100);
    rig.client(CLIENT, "e", "324=s|55=EURUSD|263=0").unwrap();
    for fields in ["321=3", "321=0|55=EURUSD", "321=0|55=NOPE"] {
        rig.client(CLIENT, "c", &format!("320=r|{fields}")).unwrap();
    }
    if version != Version::Fix42 {
        rig.client(CLIENT, "x", "320=r|559=4").unwrap();
    }
    let mut all = Vec::new();
    for one in rig.queue.iter() {
        let mut body = Vec::new();
        dialect.outgoing(
            one.msg_type,
            BodyFields::new(one.body),
            &mut Body::new(&mut body),
        );
        let msg_type = String::from_utf8(one.msg_type.to_vec()).unwrap();
        let fields = String::from_utf8(body).unwrap().replace('\u{1}', "|");
        all.push((msg_type, fields));
    }
    all
}

/// The dialect of those who need none.
#[derive(Debug)]
struct Verbatim;

impl Dialect for Verbatim {}

#[test]
fn what_clients_and_venues_are_sent_fits_each_version() {
    for version in [Version::Fix42, Version::Fix44, Version::Fix50Sp2] {
        let sent = all_that_is_sent(version);
        for (msg_type, fields) in &sent {
            let mut room = Vec::new();
            let head = Head::new(msg_type.as_bytes(), 2, NOON);
            let mut encoder = Encoder::new(version.begin_string().as_bytes(), b"A", b"B");
            let bytes = encoder.encode(&mut room, &head, |out| {
                out.raw(fields.replace('|', "\u{1}").as_bytes());
            });
            let read = Message::parse(bytes).unwrap();
            let valid = version.dictionary().validate(&read, &Switches::default());
            assert_eq!(valid, Ok(()), "{} {msg_type} {fields}", version.name());
        }
        for msg_type in ["V", "W", "X", "Y", "f", "d"] {
            let is_there = sent.iter().any(|(sent, _)| sent == msg_type);
            assert!(is_there, "{} {msg_type}", version.name());
        }
    }
    let facts = |version, wanted: &str| {
        let sent = all_that_is_sent(version);
        let found = sent.iter().find(|(msg_type, _)| msg_type == wanted);
        found.unwrap().1.clone()
    };
    let list = facts(Version::Fix50Sp2, "y");
    assert!(
        list.contains("|55=EURUSD|965=1|231=1|969=0.00001|15=USD|561=1000|562=1000|"),
        "{list}"
    );
    let one = facts(Version::Fix42, "d");
    assert!(
        one.ends_with(
            "|323=4|393=3|55=EURUSD|231=1|15=USD|58=MinPriceIncrement 0.00001, RoundLot 1000|"
        ),
        "{one}"
    );
}
