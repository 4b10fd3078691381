//! Trades told again to who asks for them.

use super::*;
use crate::orders::TradeLog;

const SECOND: u64 = 1_000_000_000;

/// A rig that keeps so many trades, watched by somebody.
fn rig_of(room: usize, watches: Watched) -> Rig {
    let mut rig = Rig::watched(watches);
    rig.edge = rig.edge.with_trades(TradeLog::with_room_for(room));
    rig
}

/// An order of this session was filled, `seconds` after noon.
fn trade(rig: &mut Rig, session: u16, (order, seconds): (u64, u64), side: Side) {
    let view = OrderView {
        order: OrderId::new(order),
        cl_ord_id: format!("o{order}").parse().unwrap(),
        session: SessionId::new(session),
        ord_status: OrdStatus::PartiallyFilled,
        cum_qty: qty("40"),
        avg_px: px("1.1"),
        side,
        ..view()
    };
    rig.event_at(
        UnixNanos::new(NOON.get() + seconds * SECOND),
        Event::Trade {
            view,
            child: ChildId::new(12),
            venue: VenueId::new(3),
            last_qty: qty("40"),
            last_px: px("1.1"),
        },
    );
    rig.sent();
}

/// What the edge sends in some cycles: type and fields.
fn answers(rig: &mut Rig, to: SessionIx) -> Vec<(String, String)> {
    for _ in 0..20 {
        rig.edge.work(NOW, &mut rig.sent.outgoing());
    }
    let sent = rig.sent().into_iter();
    let to_us = sent.filter(|(session, ..)| *session == to);
    to_us.map(|(_, kind, body)| (kind, body)).collect()
}

/// Asks, and gets these answers.
fn ask(rig: &mut Rig, from: SessionIx, fields: &str) -> Vec<(String, String)> {
    rig.receive(from, "AD", fields).unwrap();
    answers(rig, from)
}

fn value(body: &str, tag: u32) -> &str {
    let mut fields = body.split('|').filter_map(|field| field.split_once('='));
    let found = fields.find(|(found, _)| *found == tag.to_string());
    found.map_or("", |(_, value)| value)
}

/// The OrderIDs of the reports, after an acknowledgement of as many.
fn orders(answers: &[(String, String)]) -> Vec<u64> {
    let (kind, ack) = answers.first().expect("an acknowledgement");
    assert_eq!(kind, "AQ", "{answers:?}");
    assert_eq!(value(ack, 749), "0", "{ack}");
    let reports = &answers[1..];
    assert_eq!(value(ack, 748), reports.len().to_string(), "{ack}");
    for (ix, (kind, body)) in reports.iter().enumerate() {
        assert_eq!(kind, "AE");
        assert_eq!(value(body, 748), value(ack, 748));
        let last = if ix + 1 == reports.len() { "Y" } else { "N" };
        assert_eq!(value(body, 912), last, "{body}");
        fits_every_version("AE", body, &[Version::Fix44, Version::Fix50Sp2]);
    }
    fits_every_version("AQ", ack, &[Version::Fix44, Version::Fix50Sp2]);
    let ids = reports.iter().map(|(_, body)| value(body, 37));
    ids.map(|id| id.parse().unwrap()).collect()
}

#[test]
fn a_client_gets_its_own_trades_and_a_watcher_those_it_watches() {
    let mut rig = rig_of(16, Watched::All);
    trade(&mut rig, 4, (1, 1), Side::Buy);
    trade(&mut rig, 7, (2, 2), Side::Buy);
    trade(&mut rig, 4, (3, 3), Side::Sell);
    let own = ask(&mut rig, CLIENT, "568=r1|569=0");
    assert_eq!(orders(&own), [1, 3]);
    assert_eq!(
        own[1].1,
        "571=41-1|487=0|568=r1|150=F|748=2|912=N|17=41-1|39=1|570=N|55=EURUSD|38=100|32=40|31=1.1|\
         30=LMAX|75=20261123|6=1.1|60=20261123-16:00:01.000|552=1|54=1|37=1|11=o1"
    );
    assert_eq!(own[0].1, "568=r1|569=0|263=0|748=2|749=0|750=0|55=[N/A]");
    let all = ask(&mut rig, WATCHER, "568=r1|569=1|263=0");
    assert_eq!(orders(&all), [1, 2, 3]);
    assert!(all[2].1.starts_with("128=GONE|571="), "{}", all[2].1);
}

#[test]
fn each_filter_lets_through_what_it_says() {
    let mut rig = rig_of(16, Watched::All);
    trade(&mut rig, 4, (1, 1), Side::Buy);
    trade(&mut rig, 4, (2, 2), Side::Sell);
    trade(&mut rig, 4, (3, 86_400), Side::Buy);
    let cases: [(&str, &[u64]); 14] = [
        ("11=o2", &[2]),
        ("37=3", &[3]),
        ("37=NONE", &[]),
        ("17=41-2", &[2]),
        ("571=41-3", &[3]),
        ("17=E1-1", &[]),
        ("55=EURUSD", &[1, 2, 3]),
        ("55=XAUUSD", &[]),
        ("54=2", &[2]),
        ("150=H", &[]),
        ("580=1|60=20261123-16:00:02.000", &[2, 3]),
        ("580=1|75=20261123", &[1, 2]),
        (
            "580=2|60=20261123-16:00:02.000|60=20261123-16:00:02.000",
            &[2],
        ),
        ("580=2|75=20261123|75=20261124", &[1, 2, 3]),
    ];
    for (filter, wanted) in cases {
        let answers = ask(&mut rig, CLIENT, &format!("568=r|569=1|{filter}"));
        assert_eq!(orders(&answers), wanted, "{filter}");
    }
    let none = ask(&mut rig, CLIENT, "568=r|569=1|54=5");
    assert_eq!(value(&none[0].1, 750), "1", "completed: {none:?}");
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_its_reason() {
    let mut rig = rig_of(16, Watched::All);
    trade(&mut rig, 4, (1, 1), Side::Buy);
    for (fields, result, text) in [
        ("569=2", "8", "TradeRequestType is 0 or 1 here"),
        ("569=0|55=NOPE", "1", "unknown symbol"),
        (
            "569=0|453=1|448=X|447=D|452=1",
            "3",
            "a session gets its own trades; parties are not asked for",
        ),
        ("569=0|725=1", "4", "answers come in band"),
        ("569=0|726=x", "5", "answers come in band"),
        (
            "569=0|828=0",
            "99",
            "tag 828 is no filter here; it is not ignored",
        ),
        ("569=0|580=3", "99", "NoDates is 1 or 2"),
        (
            "569=0|580=2|75=20261124|75=20261123",
            "99",
            "the range ends before it begins",
        ),
        (
            "569=0|263=2",
            "99",
            "no request of this TradeRequestID is being answered",
        ),
    ] {
        let answers = ask(&mut rig, CLIENT, &format!("568=r|{fields}"));
        let [(kind, body)] = answers.as_slice() else {
            panic!("one answer: {answers:?}");
        };
        assert_eq!(kind, "AQ");
        let said = [value(body, 749), value(body, 750), value(body, 58)];
        assert_eq!(said, [result, "2", text], "{fields}");
        fits_every_version("AQ", body, &[Version::Fix44, Version::Fix50Sp2]);
    }
    let missing = rig.receive(CLIENT, "AD", "569=0").unwrap_err();
    assert!(matches!(missing, AppReject::Session { tag: 568, .. }));
    let no_date = rig.receive(CLIENT, "AD", "568=r|569=0|580=1|75=2026");
    assert!(matches!(no_date, Err(AppReject::Session { tag: 75, .. })));
    let mut off = Rig::new();
    let refused = off.receive(CLIENT, "AD", "568=r|569=0").unwrap_err();
    let wanted = AppReject::Business {
        reason: 4,
        ref_id: Some(b"r".to_vec()),
        text: "application not available: no trades are kept here".into(),
    };
    assert_eq!(refused, wanted);
}

#[test]
fn who_asks_for_more_than_is_kept_is_told_so_and_from_when_it_is() {
    let mut rig = rig_of(3, Watched::All);
    for order in 1..=5 {
        let session = if order == 2 { 4 } else { 7 };
        trade(&mut rig, session, (order, order), Side::Buy);
    }
    let refused = ask(&mut rig, WATCHER, "568=r|569=0");
    let text = "trades up to 20261123-16:00:02.000 are no longer kept: ask with a later \
                TransactTime (580=1, 60)";
    assert_eq!(value(&refused[0].1, 749), "99");
    assert_eq!(value(&refused[0].1, 58), text);
    let later = "568=r|569=0|580=1|60=20261123-16:00:03.000";
    assert_eq!(orders(&ask(&mut rig, WATCHER, later)), [3, 4, 5]);
    // A session that lost none of its own may ask for all.
    let mut other = rig_of(3, Watched::Sessions(vec![SessionId::new(4)]));
    for order in 1..=5 {
        trade(
            &mut other,
            if order > 3 { 4 } else { 7 },
            (order, order),
            Side::Buy,
        );
    }
    assert_eq!(orders(&ask(&mut other, WATCHER, "568=r|569=0")), [4, 5]);
}

#[test]
fn a_subscription_is_told_what_was_and_then_each_once_as_it_comes() {
    let mut rig = rig_of(64, Watched::All);
    trade(&mut rig, 4, (1, 1), Side::Buy);
    let first = ask(&mut rig, CLIENT, "568=s|569=0|263=1");
    assert_eq!(orders(&first), [1]);
    trade_without_looking(&mut rig, 4, 2);
    trade_without_looking(&mut rig, 7, 3);
    let busted = Event::TradeCanceled {
        view: view(),
        trade: EventRef {
            seq: Seq::new(41),
            ix: 2,
        },
        last_qty: qty("40"),
        last_px: px("1.1"),
        venue: VenueId::new(3),
    };
    rig.event(busted);
    let new: Vec<_> = answers(&mut rig, CLIENT)
        .into_iter()
        .filter(|(kind, _)| kind == "AE")
        .collect();
    let said: Vec<_> = new
        .iter()
        .map(|(_, body)| [571, 572, 487, 150, 325, 263, 748].map(|tag| value(body, tag).to_owned()))
        .collect();
    assert_eq!(
        said,
        [
            ["41-2", "", "0", "F", "Y", "1", ""],
            ["41-4", "41-2", "1", "H", "Y", "1", ""],
        ]
    );
    for (_, body) in &new {
        fits_every_version("AE", body, &[Version::Fix44, Version::Fix50Sp2]);
    }
    let again = ask(&mut rig, CLIENT, "568=s|569=0|263=1");
    let text = "a request of this TradeRequestID is being answered";
    assert_eq!(value(&again[0].1, 58), text);
    let ended = ask(&mut rig, CLIENT, "568=s|569=0|263=2");
    assert_eq!(ended[0].1, "568=s|569=0|263=2|749=0|750=1|55=[N/A]");
    trade_without_looking(&mut rig, 4, 9);
    let after = answers(&mut rig, CLIENT);
    assert!(after.iter().all(|(kind, _)| kind == "8"), "{after:?}");
}

fn trade_without_looking(rig: &mut Rig, session: u16, order: u64) {
    let mut view = view();
    view.session = SessionId::new(session);
    view.order = OrderId::new(order);
    rig.event(Event::Trade {
        view,
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("40"),
        last_px: px("1.1"),
    });
}

#[test]
fn a_subscription_ends_with_its_session_and_there_is_a_bound_of_them() {
    let mut rig = rig_of(64, Watched::All);
    for ix in 0..8 {
        let taken = ask(&mut rig, CLIENT, &format!("568=s{ix}|569=0|263=1"));
        assert_eq!(value(&taken[0].1, 749), "0");
    }
    let ninth = ask(&mut rig, CLIENT, "568=s9|569=0|263=1");
    let text = "too many requests of this session are being answered";
    assert_eq!(value(&ninth[0].1, 58), text);
    let other = ask(&mut rig, WATCHER, "568=s9|569=0|263=1");
    assert_eq!(value(&other[0].1, 749), "0", "another session has its own");
    let end = SessionEnd::LoggedOut;
    rig.edge.ended(CLIENT, end, NOW, &mut rig.sent.outgoing());
    let again = ask(&mut rig, CLIENT, "568=s9|569=0|263=1");
    assert_eq!(value(&again[0].1, 749), "0");
}

#[test]
fn many_trades_are_told_a_piece_at_a_time_and_none_is_missing() {
    let mut rig = rig_of(4_096, Watched::All);
    for order in 1..=700 {
        trade(&mut rig, 4, (order, order), Side::Buy);
    }
    rig.receive(CLIENT, "AD", "568=r|569=0").unwrap();
    let mut told = Vec::new();
    let mut most = 0;
    for _ in 0..100 {
        rig.edge.work(NOW, &mut rig.sent.outgoing());
        let sent = rig.sent();
        most = most.max(sent.len());
        told.extend(sent.into_iter().map(|(_, kind, body)| (kind, body)));
    }
    assert!(most <= 17, "{most} in one cycle");
    let all: Vec<u64> = (1..=700).collect();
    assert_eq!(orders(&told), all);
}

#[test]
fn a_peer_that_does_not_read_is_told_no_more_until_it_does() {
    let mut rig = rig_of(64, Watched::All);
    let flushed = crate::Flushed::new(4);
    rig.edge.paced_by(std::sync::Arc::clone(&flushed));
    for order in 1..=3 {
        trade(&mut rig, 4, (order, order), Side::Buy);
    }
    flushed.set_behind(CLIENT.as_usize(), Some(0));
    let mut told = ask(&mut rig, CLIENT, "568=r|569=0");
    assert_eq!(told.len(), 1, "the acknowledgement alone: {told:?}");
    let other = ask(&mut rig, WATCHER, "568=r|569=0");
    assert_eq!(orders(&other), [1, 2, 3], "nobody else waits for it");
    flushed.set_behind(CLIENT.as_usize(), None);
    told.extend(answers(&mut rig, CLIENT));
    assert_eq!(orders(&told), [1, 2, 3]);
}

#[test]
fn who_falls_behind_what_is_kept_is_told_so() {
    let mut rig = rig_of(2, Watched::All);
    trade(&mut rig, 4, (1, 1), Side::Buy);
    rig.receive(CLIENT, "AD", "568=r|569=0").unwrap();
    // Three more before the edge comes to answering.
    for order in 2..=4 {
        let mut view = view();
        view.order = OrderId::new(order);
        let said = Event::Trade {
            view,
            child: ChildId::new(12),
            venue: VenueId::new(3),
            last_qty: qty("40"),
            last_px: px("1.1"),
        };
        rig.push_at(NOON, said);
    }
    let answers = answers(&mut rig, CLIENT);
    let (_, refused) = answers.iter().find(|(kind, _)| kind == "AQ").unwrap();
    assert_eq!(value(refused, 750), "2");
    let text = "trades were forgotten before they could be told: ask again";
    assert_eq!(value(refused, 58), text);
    assert!(answers.iter().all(|(kind, _)| kind != "AE"));
}
