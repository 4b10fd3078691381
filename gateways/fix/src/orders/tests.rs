//! Every message both ways, and what becomes of what cannot be used.

use dcx_model::{
    AccountId, Algo, CancelRejected, CancelRequest, ChildCancel, ChildId, ChildOrder, ClOrdId,
    Command, CxlRejReason, CxlRejResponseTo, Event, ExecId, ExecType, Inbound, InstrumentId,
    LimitPx, MonoNanos, NewOrder, Now, OrdRejReason, OrdStatus, OrdType, OrderId, OrderView,
    Outbound, Price, Qty, Quote, Refusal, ReplaceRequest, Seq, SessionId, Side, StatusRequest,
    TimeInForce, UnixNanos, VenueCancelReject, VenueId, VenueReport,
};
use dcx_ring::{Poller, Producer, spsc};

use super::{Client, Directory, OrderEdge, Peer, VenuePeer};
use crate::{AppReject, Application, Encoder, Head, Message, Queue, SessionIx};

const CLIENT: SessionIx = SessionIx::new(0);
const VENUE: SessionIx = SessionIx::new(1);
const NOBODY: SessionIx = SessionIx::new(2);

/// 2026-11-23 16:00:00 UTC.
const NOON: UnixNanos = UnixNanos::from_seconds(1_795_449_600);

const NOW: Now = Now {
    mono: MonoNanos::new(77),
    unix: NOON,
};

fn px(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

fn id(text: &str) -> ClOrdId {
    text.parse().unwrap()
}

/// An edge between a client, a venue and two rings.
struct Rig {
    edge: OrderEdge,
    commands: Poller<Inbound>,
    events: Producer<Outbound>,
    sent: Queue,
    next_ix: u16,
}

impl Rig {
    fn new() -> Self {
        Self::with_room_for(64)
    }

    fn with_room_for(commands: usize) -> Self {
        let client = Client {
            session: SessionId::new(4),
            default_account: AccountId::new(1),
            accounts: vec![AccountId::new(1), AccountId::new(2)],
        };
        let venue = VenuePeer {
            venue: VenueId::new(3),
            name: "LMAX".parse().unwrap(),
            lists: vec![InstrumentId::new(0), InstrumentId::new(1)],
        };
        let directory = Directory::new()
            .with_instrument(InstrumentId::new(0), "EURUSD".parse().unwrap())
            .with_instrument(InstrumentId::new(1), "XAUUSD".parse().unwrap())
            .with_account(AccountId::new(1), "HOUSE".parse().unwrap())
            .with_account(AccountId::new(2), "DESK".parse().unwrap())
            .with_account(AccountId::new(3), "OTHER".parse().unwrap())
            .with_peer(CLIENT, Peer::Client(client))
            .with_peer(VENUE, Peer::Venue(venue));
        let (inbound, commands) = spsc(commands).unwrap();
        let (events, outbound) = spsc(64).unwrap();
        Self {
            edge: OrderEdge::new(directory, inbound, outbound),
            commands,
            events,
            sent: Queue::new(),
            next_ix: 0,
        }
    }

    /// Gives the edge a message: fields as `tag=value|…`.
    fn receive(
        &mut self,
        session: SessionIx,
        msg_type: &str,
        fields: &str,
    ) -> Result<(), AppReject> {
        self.receive_as(session, msg_type, fields, false)
    }

    fn receive_as(
        &mut self,
        session: SessionIx,
        msg_type: &str,
        fields: &str,
        poss_dup: bool,
    ) -> Result<(), AppReject> {
        let mut out = Vec::new();
        let mut head = Head::new(msg_type.as_bytes(), 2, NOON);
        if poss_dup {
            head.orig_sending_time = Some(b"20261123-15:59:59.000");
        }
        let body = fields.replace('|', "\u{1}") + if fields.is_empty() { "" } else { "\u{1}" };
        let mut encoder = Encoder::new(b"FIX.4.4", b"THEM", b"DCX");
        let bytes = encoder.encode(&mut out, &head, |out| out.raw(body.as_bytes()));
        let message = Message::parse(bytes).unwrap();
        let mut outgoing = self.sent.outgoing();
        self.edge.received(session, NOW, &message, &mut outgoing)
    }

    fn event(&mut self, event: Event) {
        self.next_ix += 1;
        let outbound = Outbound {
            seq: Seq::new(41),
            ix: self.next_ix,
            at: NOON,
            received: MonoNanos::new(70),
            event,
        };
        self.events.try_push(outbound).unwrap();
        self.edge.work(NOW, &mut self.sent.outgoing());
    }

    /// What went to the engine since the last look.
    fn commands(&mut self) -> Vec<Command> {
        let next = || self.commands.pop().map(|inbound| inbound.command);
        std::iter::from_fn(next).collect()
    }

    /// What went out since the last look: session, type, fields as `tag=value|…`.
    fn sent(&mut self) -> Vec<(SessionIx, String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let fields = |body: &[u8]| {
            text(body)
                .replace('\u{1}', "|")
                .trim_end_matches('|')
                .to_owned()
        };
        let sent = self
            .sent
            .iter()
            .map(|one| (one.session, text(one.msg_type), fields(one.body)))
            .collect();
        self.sent.clear();
        sent
    }

    fn venue_up(&mut self) {
        self.edge.logged_on(VENUE, NOW, &mut self.sent.outgoing());
        self.commands();
        self.sent();
    }
}

const TIME: &str = "60=20261123-16:00:00.000";

fn new_order() -> NewOrder {
    NewOrder {
        session: SessionId::new(4),
        account: AccountId::new(1),
        cl_ord_id: id("a1"),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        algo: Algo::AtOnce,
        order_qty: qty("100"),
        limit_px: px("1.1005").into(),
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        transact_time: NOON,
    }
}

#[test]
fn requests_of_clients_become_commands() {
    let minute = |minutes: u64| UnixNanos::from_seconds(NOON.seconds() + 60 * minutes);
    let base = "11=a1|55=EURUSD|54=1|38=100|40=2|44=1.1005|";
    let cases: Vec<(&str, String, Command)> = vec![
        ("D", format!("{base}{TIME}"), Command::NewOrder(new_order())),
        (
            "D",
            format!("1=DESK|21=1|11=a2|55=XAUUSD|54=2|38=0.5|40=1|59=3|{TIME}|58=text"),
            Command::NewOrder(NewOrder {
                account: AccountId::new(2),
                cl_ord_id: id("a2"),
                instrument: InstrumentId::new(1),
                side: Side::Sell,
                ord_type: OrdType::Market,
                time_in_force: TimeInForce::Ioc,
                order_qty: qty("0.5"),
                limit_px: LimitPx::NONE,
                ..new_order()
            }),
        ),
        (
            "D",
            format!(
                "{base}{TIME}|847=1000|168=20261123-16:01:00|126=20261123-16:30:00.000|20001=12"
            ),
            Command::NewOrder(NewOrder {
                algo: Algo::Twap,
                start: minute(1),
                end: minute(30),
                slices: 12,
                ..new_order()
            }),
        ),
        (
            "D",
            format!("{base}{TIME}|847=1000|126=20261123-16:30:00|20001=3"),
            Command::NewOrder(NewOrder {
                algo: Algo::Twap,
                end: minute(30),
                slices: 3,
                ..new_order()
            }),
        ),
        (
            "F",
            format!("41=a1|11=c1|55=EURUSD|54=1|38=100|{TIME}"),
            Command::Cancel(CancelRequest {
                session: SessionId::new(4),
                cl_ord_id: id("c1"),
                orig_cl_ord_id: id("a1"),
                transact_time: NOON,
            }),
        ),
        (
            "G",
            format!("41=a1|11=r1|55=EURUSD|54=1|38=200|40=2|44=1.2|59=1|{TIME}"),
            Command::Replace(ReplaceRequest {
                session: SessionId::new(4),
                cl_ord_id: id("r1"),
                orig_cl_ord_id: id("a1"),
                instrument: InstrumentId::new(0),
                side: Side::Buy,
                ord_type: OrdType::Limit,
                time_in_force: TimeInForce::Gtc,
                order_qty: qty("200"),
                limit_px: px("1.2").into(),
                transact_time: NOON,
            }),
        ),
        (
            "H",
            "11=a1|55=EURUSD|54=1".to_owned(),
            Command::Status(StatusRequest {
                session: SessionId::new(4),
                cl_ord_id: id("a1"),
                instrument: InstrumentId::new(0),
                side: Side::Buy,
            }),
        ),
    ];
    for (msg_type, fields, command) in cases {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(CLIENT, msg_type, &fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [command], "{fields}");
        assert_eq!(rig.sent(), []);
    }
}

#[test]
fn a_command_carries_the_time_its_bytes_were_read() {
    let mut rig = Rig::new();
    rig.receive(CLIENT, "H", "11=a1|55=EURUSD|54=1").unwrap();
    assert_eq!(rig.commands.pop().unwrap().received, NOW.mono);
}

#[test]
fn an_order_that_dcx_does_not_take_is_refused_by_a_report() {
    let cases = [
        ("55=NOPE", "11=1", 1, "DCX-R002 unknown instrument"),
        (
            "55=A-SYMBOL-FAR-TOO-LONG",
            "11=1",
            1,
            "DCX-R002 unknown instrument",
        ),
        ("1=NOPE", "11=1", 15, "DCX-R032 unknown account"),
        ("1=OTHER", "11=1", 15, "DCX-R032 unknown account"),
        (
            "40=3",
            "11=1",
            11,
            "DCX-R033 the value of tag 40 is not supported",
        ),
        (
            "54=5",
            "11=1",
            11,
            "DCX-R033 the value of tag 54 is not supported",
        ),
        (
            "59=6",
            "11=1",
            11,
            "DCX-R033 the value of tag 59 is not supported",
        ),
        (
            "847=1",
            "11=1",
            11,
            "DCX-R033 the value of tag 847 is not supported",
        ),
        (
            "847=1001",
            "11=1",
            11,
            "DCX-R033 the value of tag 847 is not supported",
        ),
        (
            "126=20261123-17:00:00",
            "11=1",
            11,
            "DCX-R033 the value of tag 126 is not supported",
        ),
        (
            "168=20261123-17:00:00",
            "11=1",
            11,
            "DCX-R033 the value of tag 168 is not supported",
        ),
        (
            "20001=4",
            "11=1",
            11,
            "DCX-R033 the value of tag 20001 is not supported",
        ),
        (
            "110=50",
            "11=1",
            11,
            "DCX-R033 the value of tag 110 is not supported",
        ),
        (
            "111=50",
            "11=1",
            11,
            "DCX-R033 the value of tag 111 is not supported",
        ),
        (
            "18=6",
            "11=1",
            11,
            "DCX-R033 the value of tag 18 is not supported",
        ),
        (
            "423=1",
            "11=1",
            11,
            "DCX-R033 the value of tag 423 is not supported",
        ),
    ];
    for (fields, own, reason, text) in cases {
        let mut rig = Rig::new();
        // The first of two equal tags counts, so the case comes first.
        let order = format!("{fields}|{own}|55=EURUSD|54=1|38=100|40=2|44=1.1|{TIME}");
        assert_eq!(rig.receive(CLIENT, "D", &order), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [], "{fields}");
        let sent = rig.sent();
        let [(CLIENT, msg_type, report)] = sent.as_slice() else {
            panic!("{fields}: {sent:?}");
        };
        assert_eq!(msg_type, "8");
        assert!(report.starts_with("37=NONE|17=E"), "{report}");
        for field in ["150=8", "39=8", "11=1", "38=100", "151=0", "14=0", "6=0"] {
            assert!(
                report.contains(&format!("|{field}|")),
                "{field} in {report}"
            );
        }
        assert!(
            report.ends_with(&format!("|58={text}|103={reason}")),
            "{report}"
        );
        assert_eq!(rig.edge.counts().refused, 1);
    }
}

#[test]
fn two_refusals_have_two_exec_ids() {
    let mut rig = Rig::new();
    let order = format!("11=1|55=NOPE|54=1|38=100|40=1|{TIME}");
    rig.receive(CLIENT, "D", &order).unwrap();
    rig.receive(CLIENT, "D", &order).unwrap();
    let sent = rig.sent();
    assert_ne!(sent[0], sent[1]);
}

#[test]
fn a_field_that_cannot_be_held_is_rejected_by_its_tag() {
    let long = "x".repeat(37);
    let cases = [
        ("D", "38=", "1.000000001", 5, "more than 8 decimal places"),
        ("D", "38=", "184467440738", 5, "out of range"),
        ("D", "38=", "-1", 5, "negative"),
        ("D", "38=", "1e5", 6, "not part of a decimal number"),
        ("D", "38=", "+1", 6, "not part of a decimal number"),
        ("D", "44=", "1.123456789", 5, "more than 8 decimal places"),
        ("D", "44=", "x", 6, "not part of a decimal number"),
        ("D", "44=", "92233720369", 5, "out of range"),
        (
            "D",
            "11=",
            long.as_str(),
            5,
            "37 bytes long, at most 36 are kept",
        ),
        ("D", "11=", "caf\u{e9}", 5, "not printable ASCII"),
        ("D", "54=", "12", 6, ""),
        ("D", "60=", "yesterday", 6, ""),
        ("D", "847=1000|168=", "2026", 6, ""),
        ("D", "847=1000|20001=", "x", 6, ""),
        ("D", "847=1000|20001=", "65536", 5, "at most 65535"),
        (
            "D",
            "847=1000|20001=",
            "99999999999999999999999",
            5,
            "at most 65535",
        ),
        ("F", "41=", long.as_str(), 5, "37 bytes long"),
        ("G", "38=", "-0.5", 5, "negative"),
        ("H", "11=", long.as_str(), 5, "37 bytes long"),
    ];
    for (msg_type, field, value, wanted, why) in cases {
        let mut rig = Rig::new();
        let fields = format!("{field}{value}|11=1|41=0|55=EURUSD|54=1|38=100|40=2|44=1.1|{TIME}");
        let refused = rig.receive(CLIENT, msg_type, &fields);
        let Err(AppReject::Session { tag, reason, text }) = refused else {
            panic!("{field}{value}: {refused:?}");
        };
        let wanted_tag = field.trim_end_matches('=').rsplit('|').next().unwrap();
        assert_eq!(
            (tag.to_string().as_str(), reason),
            (wanted_tag, wanted),
            "{field}{value}"
        );
        assert!(text.contains(why), "{text}");
        assert_eq!((rig.commands(), rig.sent()), (vec![], vec![]));
    }
}

#[test]
fn a_missing_field_is_rejected_by_its_tag() {
    let whole = [
        "11=1",
        "41=0",
        "55=EURUSD",
        "54=1",
        "38=100",
        "40=2",
        "44=1.1",
        TIME,
    ];
    let needed: [(&str, &[u32]); 4] = [
        ("D", &[11, 55, 54, 38, 40, 60]),
        ("F", &[11, 41, 60]),
        ("G", &[11, 41, 55, 54, 38, 40, 60]),
        ("H", &[11, 55, 54]),
    ];
    for (msg_type, tags) in needed {
        for missing in tags {
            let there = |field: &&&str| !field.starts_with(&format!("{missing}="));
            let fields: Vec<_> = whole.iter().filter(there).copied().collect();
            let refused = Rig::new().receive(CLIENT, msg_type, &fields.join("|"));
            let Err(AppReject::Session { tag, reason: 1, .. }) = refused else {
                panic!("{msg_type} without {missing}: {refused:?}");
            };
            assert_eq!(tag, *missing);
        }
    }
}

#[test]
fn what_only_the_engine_could_answer_by_9_is_answered_by_j() {
    let cases = [
        ("G", "55=NOPE", 2, "DCX-R002 unknown instrument"),
        (
            "G",
            "40=3",
            0,
            "DCX-R033 the value of tag 40 is not supported",
        ),
        (
            "G",
            "847=1000",
            0,
            "DCX-R033 the value of tag 847 is not supported",
        ),
        (
            "G",
            "126=20261123-17:00:00",
            0,
            "DCX-R033 the value of tag 126 is not supported",
        ),
        ("H", "55=NOPE", 2, "DCX-R002 unknown instrument"),
    ];
    for (msg_type, field, wanted, why) in cases {
        let mut rig = Rig::new();
        let fields = format!("{field}|11=1|41=0|55=EURUSD|54=1|38=1|40=2|44=1|{TIME}");
        let refused = rig.receive(CLIENT, msg_type, &fields).unwrap_err();
        let wanted = AppReject::Business {
            reason: wanted,
            ref_id: Some(b"1".to_vec()),
            text: why.into(),
        };
        assert_eq!(refused, wanted);
        assert_eq!(rig.commands(), []);
    }
    for (session, msg_type) in [(CLIENT, "V"), (CLIENT, "8"), (VENUE, "D"), (NOBODY, "D")] {
        let refused = Rig::new().receive(session, msg_type, "11=1");
        assert_eq!(refused, Err(AppReject::unsupported_message_type()));
    }
}

fn view() -> OrderView {
    OrderView {
        order: OrderId::new(9),
        cl_ord_id: id("a1"),
        session: SessionId::new(4),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        ord_status: OrdStatus::New,
        order_qty: qty("100"),
        limit_px: px("1.1005").into(),
        cum_qty: Qty::ZERO,
        avg_px: Price::ZERO,
    }
}

fn with_status(ord_status: OrdStatus) -> OrderView {
    OrderView {
        ord_status,
        ..view()
    }
}

/// A report's fields, given those that differ.
fn report(types: &str, ids: &str, numbers: &str, tail: &str) -> String {
    let terms = "55=EURUSD|54=1|38=100|40=2|44=1.1005|59=0";
    let tail = if tail.is_empty() {
        String::new()
    } else {
        format!("|{tail}")
    };
    format!("37=9|17=41-1|{types}|{ids}|{terms}|{numbers}|{TIME}{tail}")
}

#[test]
fn events_become_reports() {
    let renamed = |ord_status| OrderView {
        cl_ord_id: id("c1"),
        ..with_status(ord_status)
    };
    let part = OrderView {
        ord_status: OrdStatus::PartiallyFilled,
        cum_qty: qty("40"),
        avg_px: px("1.10025"),
        ..view()
    };
    let refusal = Refusal::QtyAboveMax {
        at: dcx_model::Level::Instrument,
        qty: qty("500"),
        max: qty("100"),
    };
    let unknown = OrderView {
        order: OrderId::default(),
        limit_px: LimitPx::NONE,
        ord_type: OrdType::Market,
        ..with_status(OrdStatus::Rejected)
    };
    let orig_cl_ord_id = id("a1");
    let open = "151=100|14=0|6=0";
    let done = "151=0|14=0|6=0";
    let cases = vec![
        (
            Event::Accepted {
                view: view(),
                held: false,
            },
            report("150=0|39=0", "11=a1", open, ""),
        ),
        (
            Event::Accepted {
                view: view(),
                held: true,
            },
            report(
                "150=0|39=0",
                "11=a1",
                open,
                "58=held: no venue is logged on",
            ),
        ),
        (
            Event::Rejected {
                view: unknown,
                refusal,
            },
            format!(
                "37=NONE|17=41-1|150=8|39=8|11=a1|55=EURUSD|54=1|38=100|40=1|59=0|{done}|{TIME}|\
                 58=DCX-R006 quantity 500 exceeds 100|103=3"
            ),
        ),
        (
            Event::Trade {
                view: part,
                child: ChildId::new(12),
                venue: VenueId::new(3),
                last_qty: qty("40"),
                last_px: px("1.10025"),
            },
            report(
                "150=F|39=1",
                "11=a1",
                "32=40|31=1.10025|30=LMAX|151=60|14=40|6=1.10025",
                "",
            ),
        ),
        (
            Event::PendingCancel {
                view: renamed(OrdStatus::PendingCancel),
                orig_cl_ord_id,
            },
            report("150=6|39=6", "11=c1|41=a1", open, ""),
        ),
        (
            Event::Canceled {
                view: renamed(OrdStatus::Canceled),
                orig_cl_ord_id,
            },
            report("150=4|39=4", "11=c1|41=a1", done, ""),
        ),
        (
            Event::Canceled {
                view: with_status(OrdStatus::Canceled),
                orig_cl_ord_id,
            },
            report("150=4|39=4", "11=a1", done, ""),
        ),
        (
            Event::PendingReplace {
                view: renamed(OrdStatus::PendingReplace),
                orig_cl_ord_id,
            },
            report("150=E|39=E", "11=c1|41=a1", open, ""),
        ),
        (
            Event::Replaced {
                view: renamed(OrdStatus::New),
                orig_cl_ord_id,
            },
            report("150=5|39=0", "11=c1|41=a1", open, ""),
        ),
        (
            Event::Expired {
                view: with_status(OrdStatus::Expired),
            },
            report("150=C|39=C", "11=a1", done, ""),
        ),
        (
            Event::Status { view: view() },
            report("150=I|39=0", "11=a1", open, ""),
        ),
    ];
    for (event, wanted) in cases {
        let mut rig = Rig::new();
        rig.event(event);
        assert_eq!(rig.sent(), [(CLIENT, "8".to_owned(), wanted)], "{event:?}");
    }
}

#[test]
fn a_refused_cancel_becomes_an_order_cancel_reject() {
    let mut rig = Rig::new();
    let rejected = CancelRejected {
        session: SessionId::new(4),
        order: OrderId::new(9),
        cl_ord_id: id("c1"),
        orig_cl_ord_id: id("a1"),
        ord_status: OrdStatus::Filled,
        response_to: CxlRejResponseTo::Replace,
        cxl_rej_reason: CxlRejReason::TooLate,
        refusal: Refusal::TooLate,
    };
    rig.event(Event::CancelRejected(rejected));
    rig.event(Event::CancelRejected(CancelRejected {
        order: OrderId::default(),
        response_to: CxlRejResponseTo::Cancel,
        cxl_rej_reason: CxlRejReason::UnknownOrder,
        ord_status: OrdStatus::Rejected,
        refusal: Refusal::UnknownOrder,
        ..rejected
    }));
    let nine = |fields: &str| (CLIENT, "9".to_owned(), fields.replace("TIME", TIME));
    assert_eq!(
        rig.sent(),
        [
            nine("37=9|11=c1|41=a1|39=2|434=2|102=0|TIME|58=DCX-R024 order is already done"),
            nine("37=NONE|11=c1|41=a1|39=8|434=1|102=1|TIME|58=DCX-R023 unknown order"),
        ]
    );
}

#[test]
fn an_event_for_nobody_here_is_counted() {
    let mut rig = Rig::new();
    let elsewhere = OrderView {
        session: SessionId::new(77),
        ..view()
    };
    rig.event(Event::Status { view: elsewhere });
    rig.event(Event::Halted);
    assert_eq!(rig.sent(), []);
    assert_eq!(rig.edge.counts().unroutable, 1);
}

const CHILD: ChildOrder = ChildOrder {
    child: ChildId::new(12),
    order: OrderId::new(9),
    venue: VenueId::new(3),
    instrument: InstrumentId::new(1),
    side: Side::Sell,
    ord_type: OrdType::Limit,
    time_in_force: TimeInForce::Ioc,
    order_qty: Qty::whole(40),
    limit_px: LimitPx::from_bits(110_000_000),
};

const CHILD_CANCEL: ChildCancel = ChildCancel {
    child: ChildId::new(12),
    request: ChildId::new(13),
    venue: VenueId::new(3),
    instrument: InstrumentId::new(1),
    side: Side::Sell,
    order_qty: Qty::whole(40),
};

#[test]
fn children_become_orders_and_cancels_at_their_venue() {
    let mut rig = Rig::new();
    rig.venue_up();
    rig.event(Event::ChildSent(CHILD));
    rig.event(Event::ChildSent(ChildOrder {
        ord_type: OrdType::Market,
        limit_px: LimitPx::NONE,
        ..CHILD
    }));
    rig.event(Event::ChildCancel(CHILD_CANCEL));
    let to_venue =
        |msg_type: &str, fields: &str| (VENUE, msg_type.to_owned(), fields.replace("TIME", TIME));
    assert_eq!(
        rig.sent(),
        [
            to_venue("D", "11=12|21=1|55=XAUUSD|54=2|TIME|38=40|40=2|44=1.1|59=3"),
            to_venue("D", "11=12|21=1|55=XAUUSD|54=2|TIME|38=40|40=1|59=3"),
            to_venue("F", "41=12|11=13|55=XAUUSD|54=2|TIME|38=40"),
        ]
    );
}

#[test]
fn a_child_for_a_venue_that_is_away_is_answered_and_not_sent_later() {
    let mut rig = Rig::new();
    rig.event(Event::ChildSent(CHILD));
    rig.event(Event::ChildCancel(CHILD_CANCEL));
    assert_eq!(rig.sent(), []);
    let commands = rig.commands();
    let [
        Command::VenueReport(report),
        Command::VenueCancelReject(reject),
    ] = commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (report.child, report.exec_type),
        (CHILD.child, ExecType::Rejected)
    );
    assert_eq!(report.ord_rej_reason, OrdRejReason::ExchangeClosed);
    assert_eq!(
        (reject.child, reject.request),
        (CHILD.child, CHILD_CANCEL.request)
    );
    assert_eq!(rig.edge.counts().bounced, 2);
}

#[test]
fn sessions_that_come_and_go_are_told_to_the_engine_and_market_data_is_asked_for() {
    let mut rig = Rig::new();
    for session in [CLIENT, VENUE, NOBODY] {
        rig.edge.logged_on(session, NOW, &mut rig.sent.outgoing());
        rig.edge.logged_out(session, NOW, &mut rig.sent.outgoing());
    }
    let (session, venue) = (SessionId::new(4), VenueId::new(3));
    assert_eq!(
        rig.commands(),
        [
            Command::SessionState {
                session,
                link: dcx_model::SessionLink::Up
            },
            Command::SessionState {
                session,
                link: dcx_model::SessionLink::Disconnected
            },
            Command::VenueState { venue, up: true },
            Command::VenueState { venue, up: false },
        ]
    );
    let request = "262=DCX-TOP|263=1|264=1|265=0|267=2|269=0|269=1|146=2|55=EURUSD|55=XAUUSD";
    assert_eq!(rig.sent(), [(VENUE, "V".to_owned(), request.to_owned())]);
}

#[test]
fn reports_of_venues_become_commands() {
    let report = VenueReport {
        venue: VenueId::new(3),
        child: ChildId::new(12),
        exec_id: "x1".parse::<ExecId>().unwrap(),
        exec_type: ExecType::Trade,
        ord_status: OrdStatus::PartiallyFilled,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: qty("10"),
        last_px: px("1.1"),
        cum_qty: qty("10"),
        leaves_qty: qty("30"),
    };
    let cases = [
        (
            "8",
            "37=V9|17=x1|150=F|39=1|11=12|55=EURUSD|54=1|32=10|31=1.1|14=10|151=30|6=1.1",
            Command::VenueReport(report),
        ),
        (
            "8",
            "37=V9|17=x1|150=4|39=4|11=13|41=12|55=EURUSD|54=1|14=10|151=0|6=1.1",
            Command::VenueReport(VenueReport {
                exec_type: ExecType::Canceled,
                ord_status: OrdStatus::Canceled,
                last_qty: Qty::ZERO,
                last_px: Price::ZERO,
                leaves_qty: Qty::ZERO,
                ..report
            }),
        ),
        (
            "8",
            "37=V9|17=x1|150=8|39=8|103=3|11=12|41=NONE|14=0|151=0|6=0",
            Command::VenueReport(VenueReport {
                exec_type: ExecType::Rejected,
                ord_status: OrdStatus::Rejected,
                ord_rej_reason: OrdRejReason::ExceedsLimit,
                last_qty: Qty::ZERO,
                last_px: Price::ZERO,
                cum_qty: Qty::ZERO,
                leaves_qty: Qty::ZERO,
                ..report
            }),
        ),
        (
            "9",
            "37=V9|11=13|41=12|39=2|434=1|102=0",
            Command::VenueCancelReject(VenueCancelReject {
                venue: VenueId::new(3),
                child: ChildId::new(12),
                request: ChildId::new(13),
                cxl_rej_reason: CxlRejReason::TooLate,
                ord_status: OrdStatus::Filled,
            }),
        ),
    ];
    for (msg_type, fields, command) in cases {
        let mut rig = Rig::new();
        assert_eq!(rig.receive(VENUE, msg_type, fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), [command], "{fields}");
    }
}

#[test]
fn what_a_venue_says_that_cannot_be_used_is_counted_and_answered() {
    let long = format!("17={}|150=0|39=0|11=12", "x".repeat(37));
    let content = [
        ("8", "17=x|150=0|39=0|11=garbage", "ClOrdID is none of ours"),
        ("8", "17=x|150=0|39=0|11=0", "ClOrdID is none of ours"),
        ("8", "17=x|150=0|39=0|11=-1", "ClOrdID is none of ours"),
        (
            "8",
            "17=x|150=0|39=0|11=99999999999999999999",
            "ClOrdID is none of ours",
        ),
        ("8", "17=x|150=0|39=0", "ClOrdID is none of ours"),
        ("8", "17=x|150=H|39=0|11=12", "ExecType is not supported"),
        ("8", "17=x|150=0|39=9|11=12", "OrdStatus is not supported"),
        (
            "9",
            "11=13|41=x|39=0",
            "ClOrdID or OrigClOrdID is none of ours",
        ),
        ("9", "41=12|39=0", "ClOrdID or OrigClOrdID is none of ours"),
        ("9", "11=13|41=12|39=9", "OrdStatus is not supported"),
        ("B", "148=news", "Unsupported Message Type"),
    ];
    for (msg_type, fields, why) in content {
        let mut rig = Rig::new();
        let refused = rig.receive(VENUE, msg_type, fields);
        let Err(AppReject::Business { text, .. }) = refused else {
            panic!("{fields}: {refused:?}");
        };
        assert_eq!(text, why);
        assert_eq!((rig.commands(), rig.edge.counts().unusable), (vec![], 1));
    }
    let form = [
        ("8", "17=x|150=0|39=0|11=12|32=-5", 32, 5),
        ("8", "17=x|150=0|39=0|11=12|31=abc", 31, 6),
        ("8", "150=0|39=0|11=12", 17, 1),
        ("8", long.as_str(), 17, 5),
        ("8", "17=x|39=0|11=12", 150, 1),
        ("8", "17=x|150=0|11=12", 39, 1),
        ("8", "17=x|150=0|39=0|11=12|103=x", 103, 6),
        ("9", "11=13|41=12", 39, 1),
        ("W", "55=EURUSD|268=1|269=0|270=x", 270, 6),
        ("X", "268=1|279=0|269=0|55=EURUSD|270=1|271=-1", 271, 5),
    ];
    for (msg_type, fields, wanted, why) in form {
        let mut rig = Rig::new();
        let refused = rig.receive(VENUE, msg_type, fields);
        let Err(AppReject::Session { tag, reason, .. }) = refused else {
            panic!("{fields}: {refused:?}");
        };
        assert_eq!((tag, reason), (wanted, why), "{fields}");
        assert_eq!(rig.edge.counts().unusable, 1);
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
                quote(0, Some(("1.15", "6")), None),
                quote(1, Some(("4000", "1")), None),
            ],
        ),
        // A snapshot replaces both sides; trades are none of our business.
        (
            "W",
            "55=EURUSD|268=2|269=1|270=1.3|271=2|269=2|270=1.25|271=1",
            vec![quote(0, None, Some(("1.3", "2")))],
        ),
        ("W", "55=EURUSD|268=0", vec![quote(0, None, None)]),
        ("X", "268=1|279=0|269=0|55=NOPE|270=1|271=1", vec![]),
    ];
    for (msg_type, fields, wanted) in steps {
        assert_eq!(rig.receive(VENUE, msg_type, fields), Ok(()), "{fields}");
        assert_eq!(rig.commands(), wanted, "{fields}");
    }
    assert_eq!(rig.edge.counts().unusable, 1);
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

#[test]
fn a_full_ring_drops_nothing_and_keeps_the_order() {
    let mut rig = Rig::with_room_for(2);
    assert!(rig.edge.ready());
    let fields = "268=4|279=0|269=0|55=EURUSD|270=1|279=0|269=0|55=XAUUSD|270=2";
    rig.receive(VENUE, "X", fields).unwrap();
    assert!(rig.edge.ready(), "both fit");
    rig.receive(CLIENT, "H", "11=a1|55=EURUSD|54=1").unwrap();
    rig.edge.logged_on(CLIENT, NOW, &mut rig.sent.outgoing());
    assert!(!rig.edge.ready());
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    assert!(!rig.edge.ready(), "still no room");
    assert_eq!(rig.commands().len(), 2);
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    assert!(rig.edge.ready());
    let rest = rig.commands();
    assert!(
        matches!(rest[..], [Command::Status(_), Command::SessionState { .. }]),
        "{rest:?}"
    );
    assert_eq!(rig.edge.counts().waited, 2);
}

#[test]
fn what_is_in_the_ring_or_waits_for_it_is_taken_and_not_yet_kept() {
    let mut rig = Rig::with_room_for(2);
    for _ in 0..3 {
        rig.receive(CLIENT, "H", "11=a1|55=EURUSD|54=1").unwrap();
    }
    assert_eq!((rig.edge.taken(), rig.edge.kept()), (3, 0));
    rig.commands.pop().unwrap();
    assert_eq!((rig.edge.taken(), rig.edge.kept()), (3, 1));
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    assert_eq!(rig.commands().len(), 2);
    assert_eq!((rig.edge.taken(), rig.edge.kept()), (3, 3));
}

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
        refusal: Refusal::Halted,
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

proptest::proptest! {
    /// Whatever well-formed fields a peer sends, it gets an answer or a command, never a panic.
    #[test]
    fn no_fields_make_it_panic(
        venue: bool,
        msg_type in "[DFGH89WXYVj]",
        fields in proptest::collection::vec((
            proptest::sample::select(vec![
                1_u32, 11, 14, 17, 31, 32, 37, 38, 39, 40, 41, 44, 54, 55, 59, 60, 102, 103, 126,
                150, 151, 168, 268, 269, 270, 271, 279, 423, 847, 20_001,
            ]),
            "[0-9A-Z:.+-]{1,24}|EURUSD|1|2|12|20261123-16:00:00",
        ), 0..30),
    ) {
        let fields: Vec<_> = fields.iter().map(|(tag, value)| format!("{tag}={value}")).collect();
        let mut rig = Rig::with_room_for(2);
        let session = if venue { VENUE } else { CLIENT };
        let _ = rig.receive(session, &msg_type, &fields.join("|"));
        rig.edge.work(NOW, &mut rig.sent.outgoing());
    }
}
