//! Messages that may have come before a restart.

use super::*;

#[test]
fn an_order_marked_poss_dup_that_the_engine_has_is_answered_with_its_status() {
    let mut rig = Rig::new();
    let order = format!("11=a1|55=EURUSD|54=1|38=100|40=2|44=1.1005|{TIME}");
    rig.receive_as(CLIENT, "D", &order, true).unwrap();
    let commands = rig.commands();
    assert!(
        matches!(commands[..], [Command::Status(_), Command::NewOrder(_)]),
        "{commands:?}"
    );
    rig.event(Event::Status { view: view() });
    rig.event(Event::Rejected {
        view: with_status(OrdStatus::Rejected),
        refusal: Refusal::DuplicateClOrdId,
    });
    let sent = rig.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].2.contains("|150=I|39=0|"));
    assert_eq!(rig.edge.counts().seen_before, 1);

    rig.event(Event::Rejected {
        view: with_status(OrdStatus::Rejected),
        refusal: Refusal::DuplicateClOrdId,
    });
    assert_eq!(
        rig.sent().len(),
        1,
        "a second duplicate is the client's own"
    );
}

#[test]
fn an_order_marked_poss_dup_that_the_engine_has_not_is_an_order_like_any_other() {
    let unknown = OrderView {
        order: OrderId::default(),
        ..with_status(OrdStatus::Rejected)
    };
    let order = format!("11=a1|55=EURUSD|54=1|38=100|40=2|44=1.1005|{TIME}");
    let mut rig = Rig::new();
    rig.receive_as(CLIENT, "D", &order, true).unwrap();
    rig.event(Event::Status { view: unknown });
    assert_eq!(rig.sent(), [], "the client did not ask");
    rig.event(Event::Accepted {
        view: view(),
        held: false,
    });
    assert_eq!(rig.sent().len(), 1);
    rig.event(Event::Status { view: unknown });
    assert_eq!(rig.sent().len(), 1, "now it may have asked");

    let mut rig = Rig::new();
    rig.receive_as(CLIENT, "D", &order, true).unwrap();
    rig.event(Event::Status { view: unknown });
    rig.event(Event::Rejected {
        view: unknown,
        refusal: Refusal::Halted { at: Level::Firm },
    });
    assert_eq!(rig.sent().len(), 1, "it is told why");
}

#[test]
fn a_cancel_marked_poss_dup_is_refused_as_a_duplicate_to_nobody() {
    let mut rig = Rig::new();
    let rejected = CancelRejected {
        session: SessionId::new(4),
        order: OrderId::new(9),
        cl_ord_id: id("c1"),
        orig_cl_ord_id: id("a1"),
        ord_status: OrdStatus::Canceled,
        response_to: CxlRejResponseTo::Cancel,
        cxl_rej_reason: CxlRejReason::DuplicateClOrdId,
        refusal: Refusal::DuplicateClOrdId,
    };
    let cancel = format!("11=c1|41=a1|55=EURUSD|54=1|{TIME}");
    rig.receive_as(CLIENT, "F", &cancel, true).unwrap();
    rig.event(Event::CancelRejected(rejected));
    assert_eq!(rig.sent(), []);
    rig.event(Event::CancelRejected(rejected));
    assert_eq!(
        rig.sent().len(),
        1,
        "a second duplicate is the client's own"
    );

    rig.receive_as(CLIENT, "F", &cancel, true).unwrap();
    rig.event(Event::CancelRejected(CancelRejected {
        refusal: Refusal::TooLate,
        ..rejected
    }));
    rig.receive_as(CLIENT, "F", &cancel, true).unwrap();
    rig.event(Event::Canceled {
        view: OrderView {
            cl_ord_id: id("c1"),
            ..with_status(OrdStatus::Canceled)
        },
        orig_cl_ord_id: id("a1"),
    });
    rig.event(Event::CancelRejected(rejected));
    assert_eq!(rig.sent().len(), 3, "what is new is told");
}
