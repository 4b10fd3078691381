//! The table of messages says what the edge does, and the page says what the table says.

use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;

use super::*;
use crate::orders::{NewsFor, ORDER_MESSAGES, Speaks, TradeLog, Urgency, Words};

fn rig() -> Rig {
    let (client, venue) = Rig::peers();
    let copy = DropCopy {
        session: SessionId::new(5),
        watches: Watched::All,
    };
    let directory = Rig::directory(client, venue)
        .with_peer(WATCHER, Peer::DropCopy(copy))
        .with_news(CLIENT, NewsFor::Own)
        .with_news(WATCHER, NewsFor::Own);
    let mut rig = Rig::of(directory, 64);
    rig.edge = rig.edge.with_trades(TradeLog::with_room_for(8));
    rig
}

/// Whether the edge does something with a message of this type other than to say that it does
/// not, or must not, come from here.
fn takes(rig: &mut Rig, from: SessionIx, msg_type: &str) -> bool {
    let fields = "11=1|17=2|37=3|41=4|39=0|150=0|55=EURUSD|54=1|38=1|40=1|102=0|568=5|569=0|584=6|\
                  585=7|530=7|66=8|394=3|68=1|73=1";
    let answer = rig.receive(from, msg_type, &format!("{fields}|{TIME}"));
    !matches!(answer, Err(AppReject::Business { reason: 3 | 6, .. }))
}

#[test]
fn what_the_table_says_is_taken_is_taken_and_nothing_else() {
    for message in ORDER_MESSAGES {
        for (from, speaks) in [
            (CLIENT, message.client),
            (WATCHER, message.watcher),
            (VENUE, message.venue),
        ] {
            let mut rig = rig();
            let taken = takes(&mut rig, from, message.msg_type);
            assert_eq!(taken, speaks.takes, "{} from {from:?}", message.msg_type);
        }
    }
}

#[test]
fn what_the_table_says_is_sent_is_sent_and_nothing_else() {
    let mut rig = rig();
    let (words, heard) = sync_channel(1);
    rig.edge = rig.edge.with_news(heard);
    rig.venue_up();
    let said = Words {
        headline: "news".to_owned(),
        lines: Vec::new(),
        urgency: Urgency::Normal,
        to: None,
    };
    words.send(said).unwrap();
    let rejected = CancelRejected {
        session: SessionId::new(4),
        order: OrderId::new(9),
        cl_ord_id: id("c1"),
        orig_cl_ord_id: id("a1"),
        ord_status: OrdStatus::Filled,
        response_to: CxlRejResponseTo::Cancel,
        cxl_rej_reason: CxlRejReason::TooLate,
        refusal: Refusal::TooLate,
    };
    let canceled = MassCanceled {
        session: SessionId::new(4),
        cl_ord_id: id("m1"),
        scope: MassScope::All,
        instrument: InstrumentId::new(0),
        affected: 2,
        refusal: None,
    };
    let (venue, request) = (VenueId::new(3), ChildId::new(14));
    let trade = Event::Trade {
        view: view(),
        child: ChildId::new(12),
        venue,
        last_qty: qty("40"),
        last_px: px("1.1"),
    };
    for event in [
        Event::Accepted {
            view: view(),
            held: false,
        },
        Event::ChildSent(CHILD),
        trade,
        Event::CancelRejected(rejected),
        Event::MassCanceled(canceled),
        Event::ChildCancel(CHILD_CANCEL),
        Event::ChildQuery(ChildQuery {
            child: CHILD.child,
            venue,
            instrument: CHILD.instrument,
            side: CHILD.side,
        }),
        Event::VenueMassStatus { venue, request },
    ] {
        rig.push_at(NOON, event);
    }
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    for from in [CLIENT, WATCHER] {
        rig.receive(from, "AD", "568=r|569=0").unwrap();
    }
    let later = Now {
        mono: NOW.mono.plus(dcx_model::Nanos::from_seconds(1)),
        ..NOW
    };
    for _ in 0..4 {
        rig.edge.work(later, &mut rig.sent.outgoing());
    }
    let sent: BTreeSet<(SessionIx, String)> = rig
        .sent()
        .into_iter()
        .map(|(to, kind, _)| (to, kind))
        .collect();
    let speaks = |to: SessionIx, of: fn(&crate::orders::OrderMessage) -> Speaks| {
        let sends = ORDER_MESSAGES.iter().filter(move |it| of(it).sends);
        // The link writes j for what the edge refuses.
        let sends = sends.filter(|it| it.msg_type != "j");
        sends.map(move |it| (to, it.msg_type.to_owned()))
    };
    let table: BTreeSet<_> = speaks(CLIENT, |it| it.client)
        .chain(speaks(WATCHER, |it| it.watcher))
        .chain(speaks(VENUE, |it| it.venue))
        .collect();
    assert_eq!(sent, table);
}

#[test]
fn the_page_of_messages_has_the_rows_of_the_table() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/protocols/fix-messages.md"
    );
    let page = std::fs::read_to_string(path).expect("the page is there");
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.contains(" | ✓ |"))
        .collect();
    let table: Vec<String> = ORDER_MESSAGES.iter().map(|it| it.row()).collect();
    assert_eq!(rows, table, "\n{}\n", table.join("\n"));
}
