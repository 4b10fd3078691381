//! Market data.

use super::*;

fn trade(instrument: u32, at: &str, much: &str, trade_time: UnixNanos) -> Command {
    Command::MarketTrade(MarketTrade {
        venue: VenueId::new(3),
        instrument: InstrumentId::new(instrument),
        px: px(at),
        qty: qty(much),
        trade_time,
    })
}

#[test]
fn a_trade_has_its_own_time_if_the_entry_says_date_and_time() {
    let mut rig = Rig::new();
    let cases = [
        (
            "272=20261123|273=15:59:30.000|",
            UnixNanos::from_seconds(NOON.seconds() - 30),
        ),
        ("273=15:59:30|", NOON),
        ("272=20261323|273=15:59:30|", NOON),
        ("272=20261123|273=15:59:30.000000000000000000000000|", NOON),
    ];
    for (when, wanted) in cases {
        let fields = format!("268=1|279=0|269=2|55=EURUSD|270=1.1|271=5|{when}");
        rig.receive(VENUE, "X", fields.trim_end_matches('|'))
            .unwrap();
        assert_eq!(rig.commands(), [trade(0, "1.1", "5", wanted)], "{when}");
    }
    for nothing in [
        "279=2|269=2|55=EURUSD|270=1.1",
        "279=0|269=2|55=EURUSD",
        "279=0|269=2|55=EURUSD|270=0",
    ] {
        rig.receive(VENUE, "X", &format!("268=1|{nothing}"))
            .unwrap();
        assert_eq!(rig.commands(), [], "{nothing}");
    }
}

#[test]
fn market_data_becomes_quotes_of_the_whole_top() {
    let mut rig = Rig::new();
    let quote = |instrument, bid: Option<(&str, &str)>, ask: Option<(&str, &str)>| {
        let px_of = |side: Option<(&str, &str)>| side.map_or(LimitPx::NONE, |(p, _)| px(p).into());
        let qty_of = |side: Option<(&str, &str)>| side.map_or(Qty::ZERO, |(_, q)| qty(q));
        Command::Quote(Quote {
            venue: VenueId::new(3),
            instrument: InstrumentId::new(instrument),
            bid_px: px_of(bid),
            bid_qty: qty_of(bid),
            ask_px: px_of(ask),
            ask_qty: qty_of(ask),
            quote_time: NOON,
        })
    };
    let steps = [
        (
            "W",
            "262=DCX-TOP|55=EURUSD|268=2|269=0|270=1.1|271=5|269=1|270=1.2|271=7",
            vec![quote(0, Some(("1.1", "5")), Some(("1.2", "7")))],
        ),
        (
            "X",
            "268=1|279=1|269=0|55=EURUSD|270=1.15|271=6",
            vec![quote(0, Some(("1.15", "6")), Some(("1.2", "7")))],
        ),
        (
            "X",
            "268=3|279=2|269=1|55=EURUSD|279=0|269=0|55=XAUUSD|270=4000|271=1|279=0|269=2|270=9",
            vec![
                trade(1, "9", "0", NOON),
                quote(0, Some(("1.15", "6")), None),
                quote(1, Some(("4000", "1")), None),
            ],
        ),
        // A snapshot replaces both sides.
        (
            "W",
            "55=EURUSD|268=2|269=1|270=1.3|271=2|269=2|270=1.25|271=1",
            vec![
                trade(0, "1.25", "1", NOON),
                quote(0, None, Some(("1.3", "2"))),
            ],
        ),
        ("W", "55=EURUSD|268=0", vec![quote(0, None, None)]),
        ("X", "268=1|279=0|269=0|55=NOPE|270=1|271=1", vec![]),
    ];
    for (msg_type, fields, wanted) in steps {
        assert_eq!(rig.receive(VENUE, msg_type, fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), wanted, "{fields}");
    }
    assert_eq!(rig.edge.counts().feed_flaws, 1);
    rig.receive(VENUE, "W", "55=EURUSD|268=1|269=0|270=1|271=1")
        .unwrap();
    rig.edge.logged_out(VENUE, NOW, &mut rig.sent.outgoing());
    rig.commands();
    rig.receive(VENUE, "X", "268=1|279=0|269=1|55=EURUSD|270=2|271=1")
        .unwrap();
    let after = quote(0, None, Some(("2", "1")));
    assert_eq!(
        rig.commands(),
        [after],
        "prices from before the break are gone"
    );
}
