//! Requests about many orders, and their answers.

use super::*;

#[test]
fn requests_about_many_orders_become_commands() {
    let session = SessionId::new(4);
    let cancel = |scope, instrument| {
        Command::MassCancel(MassCancelRequest {
            session,
            cl_ord_id: id("m1"),
            scope,
            instrument: InstrumentId::new(instrument),
        })
    };
    let status = |scope, instrument| {
        Command::MassStatus(MassStatusRequest {
            session,
            request: id("m1"),
            scope,
            instrument: InstrumentId::new(instrument),
        })
    };
    let cases = [
        (
            "q",
            format!("11=m1|530=7|{TIME}"),
            cancel(MassScope::All, 0),
        ),
        (
            "q",
            format!("11=m1|530=1|55=XAUUSD|{TIME}"),
            cancel(MassScope::Security, 1),
        ),
        ("AF", "584=m1|585=7".to_owned(), status(MassScope::All, 0)),
        (
            "AF",
            "584=m1|585=1|55=XAUUSD".to_owned(),
            status(MassScope::Security, 1),
        ),
    ];
    for (msg_type, fields, command) in cases {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(CLIENT, msg_type, &fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [command]);
        assert_eq!((rig.sent(), rig.edge.counts().mass_requests), (vec![], 1));
    }
}

#[test]
fn a_mass_cancel_that_dcx_does_not_do_is_refused_by_its_report() {
    let cases = [
        ("530=5", 0, "DCX-R033 the value of tag 530 is not supported"),
        (
            "530=77",
            0,
            "DCX-R033 the value of tag 530 is not supported",
        ),
        ("530=1", 1, "DCX-R002 unknown instrument"),
        ("530=1|55=NOPE", 1, "DCX-R002 unknown instrument"),
        // To obey only the type would cancel more than was asked for.
        (
            "530=7|54=1",
            0,
            "DCX-R033 the value of tag 54 is not supported",
        ),
        (
            "530=7|55=EURUSD",
            99,
            "DCX-R066 the value of tag 55 does not go with the rest of the order",
        ),
    ];
    for (fields, reason, text) in cases {
        let mut rig = Rig::new();
        rig.receive(CLIENT, "q", &format!("11=m1|{fields}|{TIME}"))
            .unwrap();
        assert_eq!(rig.commands(), [], "{fields}");
        let sent = rig.sent();
        let [(CLIENT, msg_type, report)] = sent.as_slice() else {
            panic!("{fields}: {sent:?}");
        };
        assert_eq!(msg_type, "r");
        assert!(report.starts_with("37=E"), "{report}");
        assert!(report.contains("|11=m1|530="), "{report}");
        assert!(
            report.contains(&format!("|531=0|532={reason}|533=0|")),
            "{report}"
        );
        assert!(report.ends_with(&format!("|58={text}")), "{report}");
    }
}

#[test]
fn a_mass_status_request_that_dcx_does_not_do_is_refused() {
    let cases = [
        ("585=8", 0, "DCX-R033 the value of tag 585 is not supported"),
        ("585=1", 2, "DCX-R002 unknown instrument"),
        (
            "585=7|1=DESK",
            0,
            "DCX-R033 the value of tag 1 is not supported",
        ),
    ];
    for (fields, wanted, text) in cases {
        let refused = Rig::new().receive(CLIENT, "AF", &format!("584=m1|{fields}"));
        let wanted = AppReject::Business {
            reason: wanted,
            ref_id: Some(b"m1".to_vec()),
            text: text.into(),
        };
        assert_eq!(refused, Err(wanted));
    }
    for (msg_type, fields, missing) in [
        ("AF", "585=7", 584),
        ("AF", "584=m1", 585),
        ("q", "530=7", 11),
        ("q", "11=m1", 530),
    ] {
        let refused = Rig::new().receive(CLIENT, msg_type, fields);
        let Err(AppReject::Session { tag, reason: 1, .. }) = refused else {
            panic!("{fields}: {refused:?}");
        };
        assert_eq!(tag, missing);
    }
}

const CANCELED: MassCanceled = MassCanceled {
    session: SessionId::new(4),
    cl_ord_id: ClOrdId::EMPTY,
    scope: MassScope::All,
    instrument: InstrumentId::new(1),
    affected: 12,
    refusal: None,
};

#[test]
fn the_answer_to_a_mass_cancel_becomes_its_report() {
    let cl_ord_id = id("m1");
    let refused = |refusal| MassCanceled {
        cl_ord_id,
        affected: 0,
        refusal: Some(refusal),
        ..CANCELED
    };
    let cases = [
        (
            MassCanceled {
                cl_ord_id,
                ..CANCELED
            },
            "530=7|531=7|533=12|TIME",
        ),
        (
            MassCanceled {
                cl_ord_id,
                scope: MassScope::Security,
                ..CANCELED
            },
            "530=1|531=1|533=12|55=XAUUSD|TIME",
        ),
        (
            refused(Refusal::UnknownInstrument),
            "530=7|531=0|532=1|533=0|TIME|58=DCX-R002 unknown instrument",
        ),
        (
            refused(Refusal::DuplicateClOrdId),
            "530=7|531=0|532=99|533=0|TIME|58=DCX-R018 ClOrdID was used before",
        ),
    ];
    for (canceled, wanted) in cases {
        let mut rig = Rig::new();
        rig.event(Event::MassCanceled(canceled));
        let wanted = format!("37=41-1|11=m1|{}", wanted.replace("TIME", TIME));
        assert_eq!(rig.sent(), [(CLIENT, "r".to_owned(), wanted)]);
    }
}

#[test]
fn a_mass_cancel_marked_poss_dup_is_refused_as_a_duplicate_to_nobody() {
    let mut rig = Rig::new();
    let again = MassCanceled {
        cl_ord_id: id("m1"),
        refusal: Some(Refusal::DuplicateClOrdId),
        ..CANCELED
    };
    let request = format!("11=m1|530=7|{TIME}");
    rig.receive_as(CLIENT, "q", &request, true).unwrap();
    rig.event(Event::MassCanceled(again));
    assert_eq!((rig.sent(), rig.edge.counts().seen_before), (vec![], 1));
    rig.event(Event::MassCanceled(again));
    assert_eq!(
        rig.sent().len(),
        1,
        "a second duplicate is the client's own"
    );

    rig.receive_as(CLIENT, "q", &request, true).unwrap();
    rig.event(Event::MassCanceled(MassCanceled {
        refusal: None,
        ..again
    }));
    rig.event(Event::MassCanceled(again));
    assert_eq!(
        rig.sent().len(),
        2,
        "one that was new is no longer in doubt"
    );
}
