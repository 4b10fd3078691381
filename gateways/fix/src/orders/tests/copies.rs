//! Copies of what clients are told.

use super::*;

fn copied(body: &str) -> String {
    format!("128=CLIENT|{body}|797=Y")
}

/// To the watcher since the last look.
fn to_watcher(rig: &mut Rig) -> Vec<(String, String)> {
    let sent = rig.sent().into_iter();
    let copies = sent.filter(|(to, ..)| *to == WATCHER);
    copies.map(|(_, kind, body)| (kind, body)).collect()
}

#[test]
fn every_report_of_a_client_is_copied_behind_it_and_says_whose_it_is() {
    let mut rig = Rig::watched(Watched::Sessions(vec![SessionId::new(4)]));
    let orig_cl_ord_id = id("a1");
    let view = view();
    let events = [
        Event::Accepted { view, held: false },
        Event::Trade {
            view,
            child: ChildId::new(12),
            venue: VenueId::new(3),
            last_qty: qty("40"),
            last_px: px("1.1"),
        },
        Event::Canceled {
            view: with_status(OrdStatus::Canceled),
            orig_cl_ord_id,
        },
        Event::Restated {
            view,
            reason: RestatementReason::PartialDecline,
        },
        Event::TradeCanceled {
            view,
            trade: EventRef {
                seq: Seq::new(7),
                ix: 0,
            },
            last_qty: qty("40"),
            last_px: px("1.1"),
            venue: VenueId::new(3),
        },
    ];
    for event in events {
        rig.event(event);
        let sent = rig.sent();
        let [(to, kind, body), (watcher, copy_kind, copy)] = sent.as_slice() else {
            panic!("a report and its copy: {sent:?}");
        };
        assert_eq!((*to, *watcher), (CLIENT, WATCHER));
        assert_eq!((kind.as_str(), copy_kind.as_str()), ("8", "8"));
        assert_eq!(*copy, copied(body));
        fits_every_version("8", copy, &Version::ALL);
    }
    assert_eq!(
        (rig.edge.counts().reports, rig.edge.counts().copies),
        (5, 5)
    );
}

#[test]
fn a_refused_cancel_is_copied_without_a_field_that_fix_does_not_have_there() {
    let mut rig = Rig::watched(Watched::All);
    rig.event(Event::CancelRejected(CancelRejected {
        session: SessionId::new(4),
        order: OrderId::new(9),
        cl_ord_id: id("c1"),
        orig_cl_ord_id: id("a1"),
        ord_status: OrdStatus::Filled,
        response_to: CxlRejResponseTo::Cancel,
        cxl_rej_reason: CxlRejReason::TooLate,
        refusal: Refusal::TooLate,
    }));
    let sent = rig.sent();
    let [(_, _, body), (to, kind, copy)] = sent.as_slice() else {
        panic!("a refusal and its copy: {sent:?}");
    };
    assert_eq!((*to, kind.as_str()), (WATCHER, "9"));
    assert_eq!(*copy, format!("128=CLIENT|{body}"));
    fits_every_version("9", copy, &Version::ALL);
}

#[test]
fn what_the_edge_itself_refuses_is_copied_too() {
    let mut rig = Rig::watched(Watched::All);
    let fields = format!("11=a1|55=NOPE|54=1|38=1|40=1|{TIME}");
    rig.receive(CLIENT, "D", &fields).unwrap();
    let sent = rig.sent();
    let [(_, _, body), (_, _, copy)] = sent.as_slice() else {
        panic!("a report and its copy: {sent:?}");
    };
    assert!(body.contains("|150=8|"), "{body}");
    assert_eq!(*copy, copied(body));
}

#[test]
fn orders_of_nobody_who_is_here_are_told_to_who_watches_all() {
    let gone = OrderView {
        session: SessionId::new(7),
        ..view()
    };
    let event = Event::Canceled {
        view: gone,
        orig_cl_ord_id: id("a1"),
    };
    let mut rig = Rig::watched(Watched::All);
    rig.event(event);
    let copies = to_watcher(&mut rig);
    let [(_, copy)] = copies.as_slice() else {
        panic!("one copy: {copies:?}");
    };
    assert!(copy.starts_with("128=GONE|37=9|"), "{copy}");
    let mut rig = Rig::watched(Watched::Sessions(vec![SessionId::new(4)]));
    rig.event(event);
    assert_eq!(to_watcher(&mut rig), []);
}

#[test]
fn mass_cancel_reports_and_answers_for_others_are_not_copied() {
    let mut rig = Rig::watched(Watched::All);
    rig.event(Event::MassCanceled(MassCanceled {
        session: SessionId::new(4),
        cl_ord_id: id("m1"),
        scope: MassScope::All,
        instrument: InstrumentId::new(0),
        affected: 2,
        refusal: None,
    }));
    assert_eq!(to_watcher(&mut rig), []);
    let mut rig = Rig::watched(Watched::Sessions(vec![SessionId::new(9)]));
    rig.entered(9, "100");
    assert_eq!(rig.edge.counts().copies, 0);
}

#[test]
fn a_session_for_copies_can_order_nothing_and_the_engine_never_hears_of_it() {
    let mut rig = Rig::watched(Watched::All);
    rig.edge.logged_on(WATCHER, NOW, &mut rig.sent.outgoing());
    for (msg_type, ref_id) in [
        ("D", "1"),
        ("F", "1"),
        ("G", "1"),
        ("H", "1"),
        ("q", "1"),
        ("E", "2"),
        ("AF", "3"),
    ] {
        let fields = format!("11=1|41=0|66=2|584=3|585=7|530=7|55=EURUSD|54=1|38=1|40=1|{TIME}");
        let refused = rig.receive(WATCHER, msg_type, &fields);
        let not_authorized = AppReject::Business {
            reason: 6,
            ref_id: Some(ref_id.as_bytes().to_vec()),
            text: "not authorized: this session gets copies and enters no orders".into(),
        };
        assert_eq!(refused, Err(not_authorized), "{msg_type}");
    }
    let refused = rig.receive(WATCHER, "K", "66=2").unwrap_err();
    assert!(matches!(refused, AppReject::Business { reason: 3, .. }));
    let broken = SessionEnd::Broken;
    rig.edge
        .ended(WATCHER, broken, NOW, &mut rig.sent.outgoing());
    assert_eq!(rig.commands(), []);
    assert_eq!(rig.sent(), []);
}
