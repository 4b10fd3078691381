//! To clients: subscriptions, what they are told, and what that may cost.

use proptest::prelude::*;

use super::*;

/// A subscription to both sides and trades of EURUSD.
fn ask(id: &str, depth: u32, updates: u8) -> String {
    format!("262={id}|263=1|264={depth}|265={updates}|267=3|269=0|269=1|269=2|146=1|55=EURUSD")
}

fn whole(rig: &mut Rig, session: SessionIx, bid: &str, ask: &str) {
    let fields = format!("55=EURUSD|268=2|269=0|270={bid}|271=5|269=1|270={ask}|271=7");
    rig.venue(session, "W", &fields).unwrap();
}

fn trade(rig: &mut Rig, px: &str) {
    let fields = format!("268=1|279=0|269=2|55=EURUSD|270={px}|271=2");
    rig.venue(VENUE, "X", &fields).unwrap();
}

#[test]
fn a_client_is_told_the_book_and_then_what_changes() {
    let mut rig = Rig::up();
    whole(&mut rig, VENUE, "1.1", "1.2");
    whole(&mut rig, SECOND, "1.11", "1.2");
    rig.client(CLIENT, "V", &ask("a", 5, 1)).unwrap();
    rig.pass(1);
    let first = "0 W 262=a|55=EURUSD|268=3|269=0|270=1.11|271=5|269=0|270=1.1|271=5|\
                 269=1|270=1.2|271=14|";
    assert_eq!(rig.sent(), [first]);
    rig.pass(1_000);
    assert_eq!(rig.sent(), [""; 0], "nothing changes");
    whole(&mut rig, SECOND, "1.12", "1.2");
    trade(&mut rig, "1.15");
    rig.pass(1);
    let change = "0 X 262=a|268=3|279=2|269=0|55=EURUSD|270=1.11|279=0|269=0|55=EURUSD|270=1.12|\
                  271=5|279=0|269=2|55=EURUSD|270=1.15|271=2|272=20261123|273=16:00:00.000|";
    assert_eq!(rig.sent(), [change]);
    rig.client(CLIENT, "V", "262=a|263=2|264=5|267=1|269=0|146=1|55=EURUSD")
        .unwrap();
    whole(&mut rig, SECOND, "1.13", "1.2");
    rig.pass(1_000);
    assert_eq!(rig.sent(), [""; 0], "no longer");
    rig.client(CLIENT, "V", &ask("a", 1, 0)).unwrap();
    rig.pass(1);
    let again = "0 W 262=a|55=EURUSD|268=3|269=0|270=1.13|271=5|269=1|270=1.2|271=14|\
                 269=2|270=1.15|271=2|272=20261123|273=16:00:00.000|";
    assert_eq!(rig.sent(), [again], "the name is free again");
    whole(&mut rig, SECOND, "1.14", "1.3");
    rig.pass(100);
    let told = "0 W 262=a|55=EURUSD|268=2|269=0|270=1.14|271=5|269=1|270=1.2|271=7|";
    assert_eq!(rig.sent(), [told], "the whole of it each time");
}

#[test]
fn a_snapshot_is_told_once_and_leaves_nothing_behind() {
    let mut rig = Rig::up();
    let once = "262=s|263=0|264=1|267=2|269=0|269=1|146=2|55=EURUSD|55=XAUUSD";
    for _ in 0..100 {
        rig.client(CLIENT, "V", once).unwrap();
        rig.pass(1);
        let told = ["0 W 262=s|55=EURUSD|268=0|", "0 W 262=s|55=XAUUSD|268=0|"];
        assert_eq!(rig.sent(), told);
    }
    whole(&mut rig, VENUE, "1.1", "1.2");
    rig.pass(1_000);
    assert_eq!(rig.sent(), [""; 0]);
}

#[test]
fn a_request_that_is_not_served_is_refused_with_its_reason() {
    let good = ask("b", 1, 1);
    let cases = [
        (CLIENT, good.replace("EURUSD", "NOPE"), "281=0|"),
        (CLIENT, ask("a", 1, 1), "281=1|"),
        (
            CLIENT,
            good.replace("146=1|55=EURUSD", "146=3|55=EURUSD|55=XAUUSD|55=BTCUSD"),
            "281=2|",
        ),
        (OTHER, good.clone(), "281=3|"),
        (CLIENT, good.replace("263=1", "263=3"), "281=4|"),
        (CLIENT, good.replace("264=1", "264=6"), "281=5|"),
        (CLIENT, good.replace("264=1", "264=70000"), "281=5|"),
        (CLIENT, good.replace("265=1", "265=2"), "281=6|"),
        (CLIENT, good.replace("265=1|", ""), "281=6|"),
        (CLIENT, good.replace("265=1", "265=1|266=N"), "281=7|"),
        (CLIENT, good.replace("269=2", "269=7"), "281=8|"),
        (CLIENT, good.replace("263=1", "263=2"), "58=no subscription"),
    ];
    for (session, fields, reason) in cases {
        let mut rig = Rig::up();
        rig.client(CLIENT, "V", &ask("a", 1, 1)).unwrap();
        rig.pass(1);
        rig.sent();
        rig.client(session, "V", &fields).unwrap();
        rig.pass(10);
        let sent = rig.sent();
        let id = if fields.starts_with("262=a") {
            "a"
        } else {
            "b"
        };
        let wanted = format!("{} Y 262={id}|{reason}", session.get());
        assert!(
            matches!(&sent[..], [one] if one.starts_with(&wanted)),
            "{sent:?} {wanted}"
        );
        assert_eq!(rig.edge.counts().refused, 1);
    }
    let mut rig = Rig::up();
    for (fields, tag) in [
        ("263=1", 262),
        ("262=a", 263),
        ("262=a|263=1", 264),
        ("262=a|263=1|264=1|146=1|55=EURUSD", 267),
        ("262=a|263=1|264=1|267=1|269=0", 146),
        ("262=a|263=1|264=1|267=2|269=0|146=1|55=EURUSD", 267),
        (
            "262=a|263=1|264=1|267=1|269=0|146=1|55=EURUSD|55=XAUUSD",
            146,
        ),
        ("262=a|263=1|264=-1|267=1|269=0|146=1|55=EURUSD", 264),
    ] {
        let refused = rig.client(CLIENT, "V", fields);
        let named = matches!(refused, Err(AppReject::Session { tag: named, .. }) if named == tag);
        assert!(named, "{fields} {refused:?}");
    }
}

#[test]
fn a_client_is_told_so_often_as_it_may_be_and_then_what_is_true() {
    let mut rig = Rig::up();
    whole(&mut rig, SECOND, "1.1", "1.5");
    rig.client(CLIENT, "V", &ask("a", 1, 1)).unwrap();
    let mut told = Vec::new();
    for step in 0..1_000 {
        whole(&mut rig, SECOND, &format!("1.2{step:03}"), "1.5");
        rig.pass(1);
        told.extend(rig.sent());
    }
    rig.pass(100);
    told.extend(rig.sent());
    assert_eq!(told.len(), 11, "one at once, then ten a second: {told:?}");
    let last = told.last().unwrap();
    assert!(last.contains("279=0|269=0|55=EURUSD|270=1.2999|"), "{last}");
}

#[test]
fn a_client_that_does_not_read_waits_for_the_last_state_only() {
    let mut rig = Rig::up();
    whole(&mut rig, SECOND, "1.1", "1.5");
    rig.client(CLIENT, "V", &ask("a", 1, 0)).unwrap();
    rig.pass(1);
    rig.sent();
    rig.edge.set_backlog(CLIENT, 1_001);
    for step in 0..1_000 {
        whole(&mut rig, SECOND, &format!("1.2{step:03}"), "1.5");
        trade(&mut rig, "1.3");
        rig.pass(1);
    }
    assert_eq!(rig.sent(), [""; 0]);
    rig.edge.set_backlog(CLIENT, 1_000);
    rig.pass(5);
    let sent = rig.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains("|269=0|270=1.2999|271=5|"), "{sent:?}");
}

#[test]
fn prices_that_are_too_old_or_not_whole_go_and_come_back() {
    let mut rig = Rig::up();
    rig.venue(SECOND, "W", "55=EURUSD|268=0").unwrap();
    whole(&mut rig, VENUE, "1.1", "1.2");
    rig.client(CLIENT, "V", &ask("a", 1, 1)).unwrap();
    rig.pass(1);
    rig.sent();
    let gone = "0 X 262=a|268=2|279=2|269=0|55=EURUSD|270=1.1|279=2|269=1|55=EURUSD|270=1.2|";
    let back = "0 X 262=a|268=2|279=0|269=0|55=EURUSD|270=1.1|271=5|279=0|269=1|55=EURUSD|\
                270=1.2|271=7|";
    rig.pass(4_990);
    assert_eq!(rig.sent(), [""; 0]);
    rig.pass(40);
    assert_eq!(rig.sent(), [gone], "nothing was heard for five seconds");
    whole(&mut rig, VENUE, "1.1", "1.2");
    rig.pass(110);
    assert_eq!(rig.sent(), [back]);
    assert!(rig.venue(VENUE, "X", "268=2|279=0|55=EURUSD").is_err());
    rig.pass(110);
    let sent: Vec<String> = rig
        .sent()
        .into_iter()
        .filter(|it| it.starts_with('0'))
        .collect();
    assert_eq!(sent, [gone], "something is missing");
    whole(&mut rig, VENUE, "1.1", "1.2");
    rig.pass(110);
    assert_eq!(rig.sent(), [back]);
    rig.edge.set_open(VENUE, EURUSD, false);
    rig.pass(110);
    assert_eq!(rig.sent(), [gone], "the venue does not trade it");
    rig.edge.set_open(VENUE, EURUSD, true);
    rig.pass(110);
    assert_eq!(rig.sent(), [back]);
    rig.log_out(VENUE);
    rig.pass(110);
    assert_eq!(rig.sent(), [gone], "the venue is gone");
}

#[test]
fn a_book_that_is_locked_or_crossed_between_venues_says_so() {
    let mut rig = Rig::up();
    whole(&mut rig, VENUE, "1.1", "1.2");
    whole(&mut rig, SECOND, "1.2", "1.3");
    rig.client(CLIENT, "V", &ask("a", 1, 0)).unwrap();
    rig.pass(1);
    let locked = "0 W 262=a|55=EURUSD|268=2|269=0|270=1.2|271=5|276=E|269=1|270=1.2|271=7|276=E|";
    assert_eq!(rig.sent(), [locked]);
    whole(&mut rig, SECOND, "1.21", "1.3");
    rig.pass(100);
    let crossed = "0 W 262=a|55=EURUSD|268=2|269=0|270=1.21|271=5|276=F|269=1|270=1.2|271=7|276=F|";
    assert_eq!(rig.sent(), [crossed]);
    whole(&mut rig, SECOND, "1.4", "1.3");
    rig.pass(100);
    let alone = "0 W 262=a|55=EURUSD|268=2|269=0|270=1.1|271=5|269=1|270=1.2|271=7|";
    assert_eq!(
        rig.sent(),
        [alone],
        "a venue that contradicts itself is left out"
    );
}

#[test]
fn trades_are_told_one_by_one_as_far_as_they_are_kept() {
    let mut rig = Rig::up();
    rig.client(CLIENT, "V", &ask("a", 1, 1)).unwrap();
    rig.pass(1);
    rig.sent();
    for count in [3, 40] {
        for _ in 0..count {
            trade(&mut rig, "1.1");
        }
        rig.pass(100);
        let told = rig.sent();
        let kept = count.min(16);
        assert!(
            told[0].starts_with(&format!("0 X 262=a|268={kept}|279=0|269=2|")),
            "{told:?}"
        );
        assert_eq!(told.len(), 1);
    }
}

#[test]
fn a_client_that_is_gone_is_forgotten_and_one_that_missed_messages_is_told_anew() {
    let mut rig = Rig::up();
    whole(&mut rig, VENUE, "1.1", "1.2");
    rig.client(CLIENT, "V", &ask("a", 1, 1)).unwrap();
    rig.pass(1);
    assert!(!rig.edge.may_resend(CLIENT, b"X"));
    assert!(rig.edge.may_resend(CLIENT, b"8"));
    rig.sent();
    rig.pass(110);
    assert!(
        rig.sent()[0].starts_with("0 W 262=a|"),
        "the whole, not what changed"
    );
    rig.log_out(CLIENT);
    whole(&mut rig, VENUE, "1.11", "1.2");
    rig.pass(1_000);
    assert_eq!(rig.sent(), [""; 0]);
    for id in ["a", "b", "c"] {
        rig.client(CLIENT, "V", &ask(id, 1, 1)).unwrap();
    }
    rig.pass(1);
    assert_eq!(rig.sent().len(), 3, "all its room is free again");
}

proptest! {
    /// A client that applies each X to what W said has the book that W would say now.
    #[test]
    fn changes_told_lead_to_the_book(
        steps in prop::collection::vec((any::<bool>(), 1_u32..8, 1_u32..8), 1..40),
    ) {
        let mut rig = Rig::up();
        rig.client(CLIENT, "V", &ask("a", 5, 1)).unwrap();
        let mut reader = Rig::up();
        for (second, bid, gap) in steps {
            let venue = if second { SECOND } else { VENUE };
            whole(&mut rig, venue, &bid.to_string(), &(bid + gap).to_string());
            rig.pass(100);
            for told in rig.sent() {
                // As dcx itself would read it of a venue.
                let (msg_type, fields) = told[2..].split_once(' ').unwrap();
                let read = reader.venue(VENUE, msg_type, fields.trim_end_matches('|'));
                prop_assert_eq!(read, Ok(()));
            }
            prop_assert_eq!(reader.edge.counts().flaws, 0);
        }
        rig.client(CLIENT, "V", &ask("b", 5, 0)).unwrap();
        reader.client(CLIENT, "V", &ask("b", 5, 0)).unwrap();
        rig.pass(1);
        // A crossed book is left out when one venue says it: compare what was said, not shown.
        let (mut merged, levels) = (rig.sent().pop().unwrap(), reader.edge.books.of(EURUSD).next());
        merged.retain(|c| c != ' ');
        let ladder = levels.unwrap().ladder(EURUSD).unwrap().0;
        for side in [dcx_model::Side::Buy, dcx_model::Side::Sell] {
            for level in ladder.levels(side) {
                let entry = format!("|270={}|271={}|", level.px, level.qty);
                prop_assert!(merged.contains(&entry), "{} {}", merged, entry);
            }
        }
        let count = ladder.levels(dcx_model::Side::Buy).len() + ladder.levels(dcx_model::Side::Sell).len();
        prop_assert!(merged.contains(&format!("|268={count}|")), "{} {}", merged, count);
    }
}
