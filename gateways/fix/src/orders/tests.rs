//! Every message both ways, and what becomes of what cannot be used.

mod copies;
mod doubts;
mod lists;
mod market;
mod mass;
mod messages;
mod news;
mod reports;
mod requests;
mod ring;
mod stopped;
mod trades;
mod venues;

use dcx_model::{
    AccountId, Algo, AlgoOrder, AlgoTerms, CancelRejected, CancelRequest, ChildCancel, ChildId,
    ChildOrder, ChildQuery, ClOrdId, Command, CxlRejReason, CxlRejResponseTo, Event, EventRef,
    ExecId, ExecType, Inbound, InstrumentId, Leg, Level, LimitPx, ListId, MarketTrade,
    MassCancelRequest, MassCanceled, MassScope, MassStatusRequest, MonoNanos, NewOrder, Now,
    OrdRejReason, OrdStatus, OrdType, OrderFlags, OrderId, OrderView, Orphan, OrphanCancel,
    Outbound, PauseFlags, Peg, Phase, Price, Qty, Quote, Refusal, ReplaceRequest, RequestId,
    RestatementReason, Scope, Seq, SessionId, SessionLink, Side, StateCause, StatusRequest,
    StrategyId, TimeInForce, TradingState, UnixNanos, VenueCancelReject, VenueId, VenueReport,
};
use dcx_ring::{Poller, Producer, spsc};

use super::{Client, Directory, DropCopy, OrderEdge, Peer, VenuePeer, Watched};
use crate::dialect::Translator;
use crate::{
    AppReject, Application, Encoder, Head, Message, Queue, SessionEnd, SessionIx, Version,
};

const CLIENT: SessionIx = SessionIx::new(0);
const VENUE: SessionIx = SessionIx::new(1);
const NOBODY: SessionIx = SessionIx::new(2);
const WATCHER: SessionIx = SessionIx::new(3);

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
        let (client, venue) = Self::peers();
        Self::between(client, venue, commands)
    }

    /// With somebody who watches these.
    fn watched(watches: Watched) -> Self {
        let (client, venue) = Self::peers();
        let copy = DropCopy {
            session: SessionId::new(5),
            watches,
        };
        let directory = Self::directory(client, venue);
        Self::of(directory.with_peer(WATCHER, Peer::DropCopy(copy)), 64)
    }

    fn peers() -> (Client, VenuePeer) {
        let client = Client {
            session: SessionId::new(4),
            default_account: AccountId::new(1),
            accounts: vec![AccountId::new(1), AccountId::new(2)],
            default_strategy: StrategyId::new(6),
        };
        let venue = VenuePeer {
            venue: VenueId::new(3),
            name: "LMAX".parse().unwrap(),
            lists: vec![InstrumentId::new(0), InstrumentId::new(1)],
            asks_for_trades: false,
            asks_for_phases: false,
        };
        (client, venue)
    }

    fn between(client: Client, venue: VenuePeer, commands: usize) -> Self {
        Self::of(Self::directory(client, venue), commands)
    }

    fn directory(client: Client, venue: VenuePeer) -> Directory {
        Directory::new()
            .with_instrument(InstrumentId::new(0), "EURUSD".parse().unwrap())
            .with_instrument(InstrumentId::new(1), "XAUUSD".parse().unwrap())
            .with_account(AccountId::new(1), "HOUSE".parse().unwrap())
            .with_account(AccountId::new(2), "DESK".parse().unwrap())
            .with_account(AccountId::new(3), "OTHER".parse().unwrap())
            .with_strategy(StrategyId::new(5), "TREND".parse().unwrap())
            .with_peer(CLIENT, Peer::Client(client))
            .with_peer(VENUE, Peer::Venue(venue))
            .with_client_name(SessionId::new(4), "CLIENT")
            .with_client_name(SessionId::new(7), "GONE")
    }

    fn of(directory: Directory, commands: usize) -> Self {
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
        self.event_at(NOON, event);
    }

    fn event_at(&mut self, at: UnixNanos, event: Event) {
        self.push_at(at, event);
        self.edge.work(NOW, &mut self.sent.outgoing());
    }

    /// An event that the edge has not looked at yet.
    fn push_at(&mut self, at: UnixNanos, event: Event) {
        self.next_ix += 1;
        let outbound = Outbound {
            seq: Seq::new(41),
            ix: self.next_ix,
            at,
            received: MonoNanos::new(70),
            event,
        };
        self.events.try_push(outbound).unwrap();
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

    /// An order of this quantity is entered; nobody looks at the report.
    fn entered(&mut self, order: u64, order_qty: &str) {
        self.event(Event::Accepted {
            view: OrderView {
                order: OrderId::new(order),
                order_qty: qty(order_qty),
                ..view()
            },
            held: false,
        });
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
        transact_time: NOON,
        strategy: StrategyId::new(6),
        ..NewOrder::PLAIN
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
        ..OrderView::EMPTY
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
    display_qty: Qty::ZERO,
    min_qty: Qty::ZERO,
    flags: OrderFlags::NONE,
};

const CHILD_CANCEL: ChildCancel = ChildCancel {
    child: ChildId::new(12),
    request: ChildId::new(13),
    venue: VenueId::new(3),
    instrument: InstrumentId::new(1),
    side: Side::Sell,
    order_qty: Qty::whole(40),
};

/// What a peer of each version that has this message makes of it: the dialect's words, held
/// against the version's dictionary.
fn fits_every_version(msg_type: &str, fields: &str, versions: &[Version]) {
    for version in versions {
        let body = format!("{}\u{1}", fields.replace('|', "\u{1}"));
        let dictionary = version.dictionary();
        let said = match crate::Spoken::of(*version) {
            None => body.into_bytes(),
            Some(spoken) => {
                let mut translator = Translator::new(spoken, version.dictionary());
                let said = translator.outgoing(msg_type.as_bytes(), body.as_bytes());
                said.to_vec()
            }
        };
        let head = Head::new(msg_type.as_bytes(), 2, NOON);
        let mut encoder = Encoder::new(version.begin_string().as_bytes(), b"DCX", b"THEM");
        let mut out = Vec::new();
        let bytes = encoder.encode(&mut out, &head, |out| out.raw(&said));
        let message = Message::parse(bytes).unwrap();
        let valid = dictionary.validate(&message, &crate::Switches::default());
        assert_eq!(valid, Ok(()), "{} {msg_type} {fields}", version.name());
    }
}

proptest::proptest! {
    /// Whatever well-formed fields a peer sends, it gets an answer or a command, never a panic.
    #[test]
    fn no_fields_make_it_panic(
        venue: bool,
        msg_type in "[DEFGHfq89WXYVj]|AF|AD",
        fields in proptest::collection::vec((
            proptest::sample::select(vec![
                1_u32, 6, 11, 14, 17, 18, 19, 31, 32, 37, 38, 39, 40, 41, 44, 54, 55, 59, 60, 66,
                67, 68, 73, 97, 99, 102, 103, 110, 111, 114, 126, 150, 151, 168, 211, 268, 269,
                75, 263, 270, 271, 272, 273, 279, 326, 394, 423, 433, 453, 530, 568, 569, 571, 580, 583, 584, 585, 725, 836, 847, 848, 849, 893, 911, 912, 957, 958, 959, 960, 1385, 20_001, 20_002,
            ]),
            "[0-9A-Za-z:. +-]{1,24}|EURUSD|TREND|[0-9A-Za-z]|12|N|Y|20261123-16:00:00",
        ), 0..40),
    ) {
        let fields: Vec<_> = fields.iter().map(|(tag, value)| format!("{tag}={value}")).collect();
        let mut rig = Rig::with_room_for(2);
        let session = if venue { VENUE } else { CLIENT };
        let _ = rig.receive(session, &msg_type, &fields.join("|"));
        rig.edge.work(NOW, &mut rig.sent.outgoing());
    }
}
