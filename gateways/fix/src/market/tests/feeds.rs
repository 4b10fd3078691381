//! From venues: whole books, numbers that are missing, and what nobody can read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const WHOLE: &str = "262=DCX-TOP|55=EURUSD|268=2|269=0|270=1.1|271=5|83=7|269=1|270=1.2|271=7|83=8";

#[test]
fn a_venue_is_asked_at_its_logon_for_what_is_configured() {
    let mut rig = Rig::with(&options().with_venue(SECOND, None));
    rig.log_on(VENUE);
    rig.log_on(SECOND);
    let asked = "2 V 262=DCX-TOP|263=1|264=5|265=1|266=Y|267=3|269=0|269=1|269=2|146=3|55=EURUSD|\
                 55=XAUUSD|55=BTCUSD|";
    assert_eq!(rig.sent(), [asked], "the second is asked for nothing");
    assert!(
        rig.venue(SECOND, "W", WHOLE).is_err(),
        "and not listened to"
    );
    let mut rig = Rig::new();
    rig.log_on(SECOND);
    let asked = "3 V 262=DCX-TOP|263=1|264=1|265=0|267=2|269=0|269=1|146=1|55=EURUSD|";
    assert_eq!(rig.sent(), [asked], "the top of the book, whole");
    assert_eq!(rig.commands(), []);
}

#[test]
fn a_number_that_is_missing_makes_the_book_unbelievable_until_a_newer_snapshot() {
    let mut rig = Rig::up();
    rig.venue(VENUE, "W", WHOLE).unwrap();
    let update =
        |number: u64, at: &str| format!("268=1|279=0|269=0|55=EURUSD|270={at}|271=1|83={number}");
    rig.venue(VENUE, "X", &update(9, "1.11")).unwrap();
    let ask = Some(("1.2", "7"));
    assert_eq!(
        rig.commands(),
        [
            quote(0, 0, Some(("1.1", "5")), ask),
            quote(0, 0, Some(("1.11", "1")), ask)
        ]
    );
    rig.venue(VENUE, "X", &update(9, "1.19")).unwrap();
    assert_eq!(rig.commands(), [], "the same number again is no news");
    rig.venue(VENUE, "X", &update(11, "1.12")).unwrap();
    assert_eq!(rig.commands(), [gap(0, Some(0), (10, 11))]);
    rig.venue(VENUE, "X", &update(12, "1.13")).unwrap();
    assert_eq!(
        rig.commands(),
        [],
        "what comes now builds on what is missing"
    );
    rig.pass(25);
    let asked =
        "2 V 262=DCX-SNAP-1|263=0|264=5|265=1|266=Y|267=3|269=0|269=1|269=2|146=1|55=EURUSD|";
    assert_eq!(rig.sent(), [asked]);
    let older = WHOLE.replace("83=8", "83=11");
    rig.venue(VENUE, "W", &older).unwrap();
    assert_eq!(rig.commands(), [], "made before the last that is missing");
    rig.venue(SECOND, "W", "55=EURUSD|268=0").unwrap();
    rig.commands();
    rig.pass(900);
    assert_eq!(rig.sent(), [""; 0], "there is time for the answer");
    rig.pass(150);
    assert_eq!(rig.sent(), [asked.replace("SNAP-1", "SNAP-2")]);
    let newer = WHOLE.replace("83=8", "83=12");
    rig.venue(VENUE, "W", &newer).unwrap();
    assert_eq!(rig.commands(), [quote(0, 0, Some(("1.1", "5")), ask)]);
    rig.venue(VENUE, "X", &update(13, "1.15")).unwrap();
    assert_eq!(rig.commands(), [quote(0, 0, Some(("1.15", "1")), ask)]);
    rig.pass(200_000);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(rig.edge.counts().gaps, 1);
}

#[test]
fn a_number_may_stand_in_several_entries_of_one_update() {
    let mut rig = Rig::up();
    rig.venue(VENUE, "W", WHOLE).unwrap();
    rig.commands();
    let both = "268=2|279=2|269=0|55=EURUSD|270=1.1|83=9|279=0|269=0|270=1.15|271=3|83=9";
    rig.venue(VENUE, "X", both).unwrap();
    let wanted = quote(0, 0, Some(("1.15", "3")), Some(("1.2", "7")));
    assert_eq!(rig.commands(), [wanted]);
    rig.venue(VENUE, "X", both).unwrap();
    assert_eq!(rig.commands(), [], "but not in several updates");
}

#[test]
fn what_cannot_be_read_changes_nothing_and_is_asked_for_anew() {
    let cases = [
        ("W", "55=EURUSD|268=1|269=0|270=1.1|271=-5"),
        ("W", "55=EURUSD|268=1|269=0|271=5"),
        ("W", "55=EURUSD|268=2|269=0|270=1|271=5"),
        ("W", "55=EURUSD|268=1|269=0|270=1|271=5|269=0|270=2|271=5"),
        ("W", "55=EURUSD|269=0|270=1|271=5"),
        ("W", "55=EURUSD|268=1|269=0|270=1e9|271=5"),
        ("X", "268=1|279=0|269=0|55=EURUSD|271=5"),
        ("X", "268=1|279=3|269=0|55=EURUSD|270=1"),
        ("X", "268=1|279=0|269=00|55=EURUSD|270=1"),
        ("X", "268=1|279=0|269=0|55=EURUSD|270=1|271=5|83=-1"),
        (
            "X",
            "268=9999999999999999999999|279=0|269=0|55=EURUSD|270=1",
        ),
        (
            "X",
            "268=1|279=0|269=0|55=EURUSD|270=1|278=a name of an entry that is far too long for us",
        ),
        // Read, and of no level that is there.
        ("X", "268=1|279=1|269=0|55=EURUSD|278=NOBODY|270=1.15|271=5"),
        ("X", "268=1|279=2|269=0|55=EURUSD"),
        ("X", "268=1|279=1|269=1|55=EURUSD|271=5"),
    ];
    for (msg_type, fields) in cases {
        let mut rig = Rig::up();
        rig.venue(VENUE, "W", WHOLE).unwrap();
        rig.commands();
        let read = rig.venue(VENUE, msg_type, fields);
        let lost = gap(0, Some(0), (0, 0));
        assert_eq!(rig.commands(), [lost], "{msg_type} {fields} {read:?}");
        rig.pass(25);
        assert_eq!(rig.sent().len(), 1, "{msg_type} {fields}");
        rig.venue(VENUE, "W", WHOLE).unwrap();
        assert_eq!(rig.commands().len(), 1, "and healed");
    }
    let mut rig = Rig::up();
    rig.venue(VENUE, "W", WHOLE).unwrap();
    rig.commands();
    assert!(rig.venue(VENUE, "X", "268=2|279=0|269=0").is_err());
    let all = [0, 1, 2].map(|ix| gap(0, Some(ix), (0, 0)));
    assert_eq!(rig.commands(), all, "it names nothing: it may be about all");
}

#[test]
fn what_says_nothing_is_counted_and_changes_nothing() {
    let cases = [
        (VENUE, "W", "55=NOPE|268=1|269=0|270=1|271=5", 0),
        (VENUE, "X", "268=1|279=0|269=0|55=NOPE|270=1|271=5", 0),
        (VENUE, "X", "268=1|279=0|269=0|270=1|271=5", 0),
        (SECOND, "W", "55=XAUUSD|268=1|269=0|270=1|271=5", 0),
        (VENUE, "X", "268=1|279=2|269=0|55=EURUSD|270=1.05", 1),
        (VENUE, "X", "268=1|279=2|269=1|55=EURUSD|278=NOBODY", 1),
        (VENUE, "X", "268=1|279=1|269=1|55=EURUSD|270=1.3|271=0", 1),
    ];
    for (session, msg_type, fields, quotes) in cases {
        let mut rig = Rig::up();
        rig.venue(VENUE, "W", WHOLE).unwrap();
        rig.commands();
        assert_eq!(rig.venue(session, msg_type, fields), Ok(()), "{fields}");
        let unchanged = quote(0, 0, Some(("1.1", "5")), Some(("1.2", "7")));
        assert_eq!(rig.commands(), vec![unchanged; quotes], "{fields}");
        assert_eq!(
            (rig.edge.counts().flaws, rig.edge.counts().gaps),
            (1, 0),
            "{fields}"
        );
    }
}

#[test]
fn the_top_of_a_book_is_replaced_by_the_next_and_goes_with_its_own_price() {
    let mut rig = Rig::up();
    let top = "55=EURUSD|268=2|269=0|270=1.1|271=5|269=1|270=1.2|271=7";
    let ask = Some(("1.2", "7"));
    let steps = [
        ("W", top, Some(("1.1", "5"))),
        (
            "X",
            "268=1|279=0|269=0|55=EURUSD|270=1.15|271=6",
            Some(("1.15", "6")),
        ),
        (
            "X",
            "268=1|279=2|269=0|55=EURUSD|270=1.1",
            Some(("1.15", "6")),
        ),
        (
            "X",
            "268=1|279=1|269=0|55=EURUSD|271=4",
            Some(("1.15", "4")),
        ),
        ("X", "268=1|279=2|269=0|55=EURUSD|270=1.15", None),
        ("W", top, Some(("1.1", "5"))),
        (
            "X",
            "268=1|279=0|269=0|55=EURUSD|270=1.15|271=6|276=A B",
            None,
        ),
    ];
    for (msg_type, fields, bid) in steps {
        rig.venue(SECOND, msg_type, fields).unwrap();
        assert_eq!(rig.commands(), [quote(1, 0, bid, ask)], "{fields}");
    }
}

#[test]
fn a_lost_session_takes_its_prices_with_it_once() {
    let mut rig = Rig::up();
    rig.log_out(VENUE);
    assert_eq!(rig.commands(), [], "it had said nothing");
    rig.log_on(VENUE);
    rig.venue(VENUE, "W", WHOLE).unwrap();
    rig.commands();
    rig.log_out(VENUE);
    assert_eq!(rig.commands(), [gap(0, None, (0, 0))]);
    rig.log_on(VENUE);
    rig.venue(VENUE, "X", "268=1|279=0|269=1|55=EURUSD|270=2|271=1|83=3")
        .unwrap();
    let after = quote(0, 0, None, Some(("2", "1")));
    assert_eq!(
        rig.commands(),
        [after],
        "from before the break nothing is left"
    );
}

#[test]
fn a_venue_that_says_nothing_is_asked_again_and_one_that_refuses_is_not() {
    let mut rig = Rig::up();
    rig.pass(3_900);
    assert_eq!(rig.sent(), [""; 0]);
    rig.pass(200);
    assert_eq!(rig.sent().len(), 2, "both");
    rig.venue(VENUE, "Y", "262=DCX-TOP|281=0|58=no such symbol")
        .unwrap();
    rig.venue(SECOND, "W", "55=EURUSD|268=0").unwrap();
    rig.pass(100_000);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(rig.edge.counts().refused_by_venues, 1);
    rig.venue(SECOND, "Y", "262=DCX-TOP|281=1|58=in use")
        .unwrap();
    assert_eq!(rig.edge.counts().refused_by_venues, 1, "we had asked twice");
}

#[test]
fn a_request_that_is_not_sent_again_is_made_anew() {
    let mut rig = Rig::up();
    rig.venue(VENUE, "W", WHOLE).unwrap();
    assert!(!rig.edge.may_resend(VENUE, b"V"));
    assert!(rig.edge.may_resend(VENUE, b"D"));
    rig.pass(25);
    assert_eq!(rig.sent().len(), 1);
}

/// A book that is kept the obvious way.
#[derive(Clone, Debug, Default)]
struct Slow {
    sides: [BTreeMap<i64, u64>; 2],
}

/// One step: side, price, quantity; zero deletes.
type Step = (usize, i64, u64);

impl Slow {
    /// Applies a step if it makes sense and says it as an entry of X.
    fn step(&mut self, (side, px, qty): Step) -> Option<String> {
        let levels = &mut self.sides[side];
        let action = match (qty, levels.contains_key(&px)) {
            (0, false) => return None,
            (0, true) => '2',
            (_, true) => '1',
            (_, false) if levels.len() == 8 => return None,
            (_, false) => '0',
        };
        if qty == 0 {
            levels.remove(&px);
        } else {
            levels.insert(px, qty);
        }
        let qty = if qty == 0 {
            String::new()
        } else {
            format!("|271={qty}")
        };
        Some(format!("279={action}|269={side}|55=EURUSD|270={px}{qty}"))
    }

    /// The whole of it as W.
    fn whole(&self) -> String {
        let mut entries = Vec::new();
        for (side, levels) in self.sides.iter().enumerate() {
            entries.extend(
                levels
                    .iter()
                    .map(|(px, qty)| format!("|269={side}|270={px}|271={qty}")),
            );
        }
        format!("55=EURUSD|268={}{}", entries.len(), entries.concat())
    }

    fn quote(&self) -> Command {
        let text =
            |level: Option<(&i64, &u64)>| level.map(|(px, qty)| (px.to_string(), qty.to_string()));
        let bid = text(self.sides[0].last_key_value());
        let ask = text(self.sides[1].first_key_value());
        let side = |level: &'_ Option<(String, String)>| level.clone();
        let (bid, ask) = (side(&bid), side(&ask));
        quote(
            0,
            0,
            bid.as_ref().map(|(px, qty)| (px.as_str(), qty.as_str())),
            ask.as_ref().map(|(px, qty)| (px.as_str(), qty.as_str())),
        )
    }
}

fn shown(rig: &Rig) -> Vec<(Price, Qty)> {
    let mut merged = super::super::merged::Merged::default();
    super::super::clients::Market::merge(&rig.edge.books, EURUSD, rig.now.mono, 16, &mut merged);
    let levels = merged.bids.iter().chain(&merged.asks);
    levels.map(|level| (level.px, level.qty)).collect()
}

proptest! {
    /// Entries packed into messages as they come, against the obvious book after every message,
    /// and against a venue that says the same as one whole.
    #[test]
    fn changes_lead_to_the_book_that_a_snapshot_says(
        steps in prop::collection::vec((0_usize..2, 0_i64..9, 0_u64..4), 1..120),
        packed in 1_usize..5,
    ) {
        let (mut rig, mut slow) = (Rig::up(), Slow::default());
        rig.venue(VENUE, "W", "55=EURUSD|268=0").unwrap();
        rig.commands();
        for steps in steps.chunks(packed) {
            // Bids below offers: an inverted book is shown to nobody.
            let steps = steps.iter().map(|(side, px, qty)| (*side, px + if *side == 0 { 1 } else { 11 }, *qty));
            let entries: Vec<String> = steps.filter_map(|step| slow.step(step)).collect();
            if entries.is_empty() {
                continue;
            }
            let fields = format!("268={}|{}", entries.len(), entries.join("|"));
            rig.venue(VENUE, "X", &fields).unwrap();
            prop_assert_eq!(rig.commands(), [slow.quote()]);
        }
        let mut whole = Rig::up();
        whole.venue(VENUE, "W", &slow.whole()).unwrap();
        prop_assert_eq!(shown(&rig), shown(&whole));
        prop_assert_eq!(rig.edge.counts().flaws, 0);
    }

    #[test]
    fn no_fields_make_it_panic(
        kind in prop::sample::select(vec!["W", "X"]),
        fields in prop::collection::vec(
            (
                prop::sample::select(vec![55_u32, 83, 262, 268, 269, 270, 271, 272, 273, 276, 278, 279]),
                prop::sample::select(vec!["EURUSD", "XAUUSD", "0", "1", "2", "3", "-1", "1.5", "B", "20261123", "15:59:30"]),
            ),
            0..24,
        ),
    ) {
        let fields: Vec<String> = fields.iter().map(|(tag, value)| format!("{tag}={value}")).collect();
        let mut rig = Rig::up();
        let _ = rig.venue(VENUE, "W", WHOLE);
        let _ = rig.venue(VENUE, kind, &fields.join("|"));
        let _ = rig.venue(SECOND, kind, &fields.join("|"));
        rig.pass(30);
    }
}
