//! A client and a venue that send any orders, requests and reports: the edge and the engine behind
//! it never panic, every message that they cause is FIX 4.4, and no more goes out than came in.

#![no_main]

use dcx_engine::{Engine, Outbox};
use dcx_fix::dictionary::validate;
use dcx_fix::orders::{Client, Directory, OrderEdge, Peer, VenuePeer};
use dcx_fix::{Application, Encoder, Head, Message, Queue, SessionIx, Switches};
use dcx_model::{
    AccountId, Command, Configure, Inbound, Instrument, InstrumentId, InstrumentLimits, Limit,
    LimitChange, MonoNanos, Nanos, Notional, Now, OnOrphan, Outbound, Price, Qty, Scope, Seq,
    SessionId, SessionLimits, StrategyId, UnixNanos, Venue, VenueFeatures, VenueId, VenueSet,
};
use dcx_ring::{Poller, Producer, spsc};
use libfuzzer_sys::fuzz_target;

const CLIENT: SessionIx = SessionIx::new(0);
const VENUE: SessionIx = SessionIx::new(1);
const EURUSD: InstrumentId = InstrumentId::new(0);
/// 2026-11-23 16:00:00 UTC.
const START: UnixNanos = UnixNanos::from_seconds(1_795_449_600);
/// Events of one command, and some room.
const ROOM: usize = 256;

/// From the client first, then from the venue.
const TYPES: &[(SessionIx, &[u8])] = &[
    (CLIENT, b"D"),
    (CLIENT, b"E"),
    (CLIENT, b"F"),
    (CLIENT, b"G"),
    (CLIENT, b"H"),
    (CLIENT, b"q"),
    (CLIENT, b"AF"),
    (VENUE, b"8"),
    (VENUE, b"8"),
    (VENUE, b"9"),
    (VENUE, b"W"),
    (VENUE, b"X"),
    (VENUE, b"f"),
];

const TAGS: &[u32] = &[
    11, 41, 55, 54, 38, 40, 44, 59, 60, 99, 18, 110, 111, 114, 126, 168, 211, 836, 583, 1385, 67,
    68, 66, 73, 394, 433, 893, 530, 584, 585, 1, 97, 21, 388, 432, 847, 20_001, 20_002, 37, 17,
    150, 39, 14, 151, 31, 32, 6, 19, 102, 103, 434, 911, 912, 268, 269, 270, 271, 279, 262, 326,
    58,
];

const VALUES: &[&str] = &[
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "EURUSD",
    "NOPE",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "0",
    "A",
    "C",
    "D",
    "E",
    "F",
    "G",
    "H",
    "I",
    "J",
    "K",
    "L",
    "P",
    "R",
    "M",
    "a",
    "N",
    "Y",
    "6 G",
    "E R",
    "100",
    "50",
    "150",
    "1.1000",
    "1.1005",
    "1.0995",
    "-0.0010",
    "0.0010",
    "1000",
    "HOUSE",
    "20261123-16:00:00.000",
    "20261123-16:00:02",
    "T1",
    "T2",
    "T3",
    "1.10001",
    "99",
];

fuzz_target!(|bytes: &[u8]| {
    let mut desk = Desk::new();
    let mut rest = bytes;
    // Each step: what to do, how many fields, and a tag and a value for each.
    while let [what, count, tail @ ..] = rest {
        let len = 2 * usize::from(count % 24);
        let (fields, next) = tail.split_at(tail.len().min(len));
        rest = next;
        desk.step(usize::from(*what), fields);
    }
});

/// The edge between a client and a venue, with the engine behind it.
struct Desk {
    edge: OrderEdge,
    engine: Engine,
    outbox: Outbox,
    commands: Poller<Inbound>,
    events: Producer<Outbound>,
    sent: Queue,
    seq: Seq,
    at: UnixNanos,
    /// ClOrdID (11) of what the venue was sent.
    names: Vec<Vec<u8>>,
}

impl Desk {
    fn new() -> Self {
        let client = Client {
            session: SessionId::new(0),
            default_account: AccountId::new(0),
            accounts: vec![AccountId::new(0)],
            default_strategy: StrategyId::new(0),
        };
        let venue = VenuePeer {
            venue: VenueId::new(0),
            name: "SIM".parse().expect("a name"),
            lists: vec![EURUSD],
            asks_for_trades: true,
            asks_for_phases: true,
        };
        let directory = Directory::new()
            .with_instrument(EURUSD, "EURUSD".parse().expect("a symbol"))
            .with_account(AccountId::new(0), "HOUSE".parse().expect("a name"))
            .with_peer(CLIENT, Peer::Client(client))
            .with_peer(VENUE, Peer::Venue(venue));
        let (inbound, commands) = spsc(ROOM).expect("a power of two");
        let (events, outbound) = spsc(ROOM).expect("a power of two");
        let mut desk = Self {
            edge: OrderEdge::new(directory, inbound, outbound),
            engine: Engine::new(),
            outbox: Outbox::new(),
            commands,
            events,
            sent: Queue::new(),
            seq: Seq::new(0),
            at: START,
            names: Vec::new(),
        };
        for command in setup() {
            desk.apply(&command);
        }
        let now = desk.now();
        for session in [CLIENT, VENUE] {
            desk.edge.logged_on(session, now, &mut desk.sent.outgoing());
        }
        desk.settle();
        desk
    }

    const fn now(&self) -> Now {
        Now {
            mono: MonoNanos::new(self.at.get()),
            unix: self.at,
        }
    }

    fn step(&mut self, what: usize, fields: &[u8]) {
        let Some((session, msg_type)) = TYPES.get(what % 16) else {
            self.at = self.at.plus(Nanos::from_millis(100 * (what as u64 / 16)));
            self.apply(&Command::Wake);
            return self.settle();
        };
        let mut body = Vec::new();
        let mut put = |tag: u32, value: &[u8]| {
            body.extend_from_slice(format!("{tag}=").as_bytes());
            body.extend_from_slice(value);
            body.push(1);
        };
        // A report is about an order that the venue was sent, more often than not.
        if let (&VENUE, Some(name)) = (session, self.names.get(what / 16 % self.names.len().max(1)))
        {
            put(11, name);
        }
        for pair in fields.chunks_exact(2) {
            let [tag, value] = [usize::from(pair[0]), usize::from(pair[1])];
            let number = value.to_string();
            let value = VALUES
                .get(value)
                .map_or(number.as_bytes(), |text| text.as_bytes());
            put(TAGS[tag % TAGS.len()], value);
        }
        let mut out = Vec::new();
        let head = Head::new(msg_type, 2, self.at);
        let mut encoder = Encoder::new(b"FIX.4.4", b"THEM", b"DCX");
        let raw = encoder.encode(&mut out, &head, |out| out.raw(&body));
        if let Ok(message) = Message::parse(raw) {
            let now = self.now();
            // What is refused here is answered by the session.
            let _ = self
                .edge
                .received(*session, now, &message, &mut self.sent.outgoing());
        }
        self.settle();
    }

    /// Gives the engine what the edge made of it, and the edge what the engine makes of that.
    fn settle(&mut self) {
        for _ in 0..ROOM {
            let Some(inbound) = self.commands.pop() else {
                break;
            };
            self.apply(&inbound.command);
        }
        self.check_sent();
        let refused = self.edge.counts().orders_out_refused;
        assert_eq!(refused, 0, "no more goes out than came in");
    }

    fn apply(&mut self, command: &Command) {
        self.seq = self.seq.next();
        self.engine
            .apply(self.at, self.seq, command, &mut self.outbox);
        for (ix, event) in (0..).zip(self.outbox.events()) {
            let outbound = Outbound {
                seq: self.seq,
                ix,
                at: self.at,
                received: MonoNanos::new(self.at.get()),
                event: *event,
            };
            assert!(self.events.try_push(outbound).is_ok(), "there is room");
        }
        let now = self.now();
        self.edge.work(now, &mut self.sent.outgoing());
    }

    fn check_sent(&mut self) {
        for one in self.sent.iter() {
            let mut out = Vec::new();
            let head = Head::new(one.msg_type, 2, self.at);
            let mut encoder = Encoder::new(b"FIX.4.4", b"DCX", b"THEM");
            let raw = encoder.encode(&mut out, &head, |out| out.raw(one.body));
            let message = Message::parse(raw).expect("we send whole messages only");
            let checked = validate(&message, &Switches::default());
            assert!(
                checked.is_ok(),
                "{checked:?}: {}",
                String::from_utf8_lossy(raw)
            );
            if one.session == VENUE
                && let Some(name) = message.get(11)
            {
                self.names.push(name.to_vec());
            }
        }
        self.sent.clear();
    }
}

fn setup() -> Vec<Command> {
    let venue = VenueId::new(0);
    let features = [
        VenueFeatures::STATUS,
        VenueFeatures::MASS_STATUS,
        VenueFeatures::POST_ONLY,
        VenueFeatures::ICEBERG,
        VenueFeatures::MIN_QTY,
    ];
    let features = features
        .into_iter()
        .fold(VenueFeatures::NONE, VenueFeatures::with);
    let mut commands = vec![
        Command::Configure(Configure {
            orders_open_max: 64,
            ids_kept_max: 1_024,
            on_orphan: OnOrphan::Adopt,
            ..Configure::DEFAULT
        }),
        Command::DefineVenue(Venue {
            id: venue,
            name: "SIM".parse().expect("a name"),
            fee_centi_bps: 0,
            features,
        }),
        Command::DefineInstrument(Instrument {
            id: EURUSD,
            symbol: "EURUSD".parse().expect("a symbol"),
            tick: Price::from_units(1_000),
            lot: Qty::whole(1),
            prev_close: Price::from_units(110_000_000).into(),
            venues: VenueSet::NONE.with(venue),
            multiplier: Instrument::ONE,
        }),
    ];
    let instrument = InstrumentLimits {
        instrument: EURUSD,
        order_qty_max: Qty::whole(1_000_000),
        order_notional_max: Notional::whole(2_000_000),
        position_max: Qty::whole(10_000_000),
        quote_age_max: Nanos::from_seconds(60),
        collar_bps: 500,
        prev_close_allowed: true,
    };
    let session = SessionLimits {
        session: SessionId::new(0),
        orders_per_s_max: 10_000,
        burst_max: 10_000,
        orders_open_max: 64,
    };
    let gross = Notional::whole(1_000_000_000).units();
    let firm = LimitChange::configured(Scope::Firm, Limit::GrossMax, gross);
    let changes = instrument.changes().chain(session.changes()).chain([firm]);
    commands.extend(changes.map(Command::SetLimit));
    commands
}
