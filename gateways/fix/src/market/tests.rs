//! Market data both ways, as messages: what venues say and clients are told.

mod clients;
mod feeds;
mod securities;

use dcx_model::{
    AccountId, Command, FeedGap, InstrumentId, LimitPx, MonoNanos, Nanos, Now, Price, Qty, Quote,
    SessionId, StrategyId, UnixNanos, VenueId,
};

use super::{ClientMarket, MarketEdge, MarketOptions, Security, VenueMarket};
use crate::orders::{Client, Directory, Peer, VenuePeer};
use crate::{AppReject, Encoder, Head, Message, Queue, SessionIx, Switches, Version};

const CLIENT: SessionIx = SessionIx::new(0);
const OTHER: SessionIx = SessionIx::new(1);
const VENUE: SessionIx = SessionIx::new(2);
const SECOND: SessionIx = SessionIx::new(3);

const EURUSD: InstrumentId = InstrumentId::new(0);

/// 2026-11-23 16:00:00 UTC.
const NOON: UnixNanos = UnixNanos::from_seconds(1_795_449_600);

fn px(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

fn options() -> MarketOptions {
    let security = |ix, currency: &str| Security {
        instrument: InstrumentId::new(ix),
        currency: currency.parse().unwrap_or_default(),
        tick: px("0.00001"),
        lot: qty("1000"),
        multiplier: px("1"),
        quote_age_max: Nanos::from_seconds(5),
    };
    let allowed = ClientMarket {
        updates_per_s_max: 10,
        instruments_max: 3,
        depth_max: 5,
        backlog_max: 1_000,
    };
    let deep = VenueMarket {
        depth: 5,
        incremental: true,
    };
    MarketOptions::new()
        .with_client(CLIENT, allowed)
        .with_venue(VENUE, Some(deep))
        .with_security(security(0, "USD"))
        .with_security(security(1, ""))
}

/// Two clients, one of whom may ask; two venues; three instruments, of which the second venue
/// lists one.
struct Rig {
    edge: MarketEdge,
    directory: Directory,
    queue: Queue,
    commands: Vec<Command>,
    now: Now,
    halted: bool,
}

impl Rig {
    fn new() -> Self {
        Self::with(&options())
    }

    fn with(options: &MarketOptions) -> Self {
        let client = |ix| {
            Peer::Client(Client {
                session: SessionId::new(ix),
                default_account: AccountId::new(1),
                accounts: vec![],
                default_strategy: StrategyId::new(0),
            })
        };
        let venue = |ix, name: &str, lists: &[u32], asks_for_trades| {
            Peer::Venue(VenuePeer {
                venue: VenueId::new(ix),
                name: name.parse().unwrap(),
                lists: lists.iter().copied().map(InstrumentId::new).collect(),
                asks_for_trades,
                asks_for_phases: false,
            })
        };
        let mut directory = Directory::new()
            .with_peer(CLIENT, client(0))
            .with_peer(OTHER, client(1))
            .with_peer(VENUE, venue(0, "SIMA", &[0, 1, 2], true))
            .with_peer(SECOND, venue(1, "SIMB", &[0], false));
        for (ix, symbol) in (0..).zip(["EURUSD", "XAUUSD", "BTCUSD"]) {
            directory = directory.with_instrument(InstrumentId::new(ix), symbol.parse().unwrap());
        }
        Self {
            edge: MarketEdge::new(&directory, options),
            directory,
            queue: Queue::new(),
            commands: Vec::new(),
            now: Now {
                mono: MonoNanos::new(1_000),
                unix: NOON,
            },
            halted: false,
        }
    }

    /// Both venues are logged on, and were asked.
    fn up() -> Self {
        let mut rig = Self::new();
        rig.log_on(VENUE);
        rig.log_on(SECOND);
        rig.sent();
        rig
    }

    fn log_on(&mut self, session: SessionIx) {
        let out = &mut self.queue.outgoing();
        self.edge.venue_up(session, &self.directory, self.now, out);
    }

    fn log_out(&mut self, session: SessionIx) {
        self.edge
            .session_down(session, |command| self.commands.push(command));
    }

    fn venue(&mut self, session: SessionIx, msg_type: &str, fields: &str) -> Result<(), AppReject> {
        let bytes = message(msg_type, fields);
        let message = Message::parse(&bytes).unwrap();
        let say = |command| self.commands.push(command);
        let (directory, now) = (&self.directory, self.now);
        let said = self.edge.venue_says(session, directory, now, &message, say);
        said.map_err(crate::orders::Unusable::into_reject)
    }

    fn client(
        &mut self,
        session: SessionIx,
        msg_type: &str,
        fields: &str,
    ) -> Result<(), AppReject> {
        let bytes = message(msg_type, fields);
        let message = Message::parse(&bytes).unwrap();
        let out = &mut self.queue.outgoing();
        self.edge
            .client_says(session, &self.directory, self.now, &message, out)
    }

    /// Time passes, a millisecond at a time.
    fn pass(&mut self, millis: u64) {
        for _ in 0..millis {
            let millisecond = Nanos::from_millis(1);
            self.now.mono = self.now.mono.plus(millisecond);
            self.now.unix = self.now.unix.plus(millisecond);
            self.edge.work(
                self.now,
                self.halted,
                &self.directory,
                &mut self.queue.outgoing(),
            );
        }
    }

    fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// What was sent since the last look, as `TYPE fields|…` with the session before it. All of it
    /// is of FIX 4.4.
    fn sent(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        for one in self.queue.iter() {
            let msg_type = String::from_utf8(one.msg_type.to_vec()).unwrap();
            let fields = String::from_utf8(one.body.to_vec()).unwrap();
            let fields = fields.replace('\u{1}', "|");
            let bytes = message(&msg_type, fields.trim_end_matches('|'));
            let valid = Version::Fix44
                .dictionary()
                .validate(&Message::parse(&bytes).unwrap(), &Switches::default());
            assert_eq!(valid, Ok(()), "{msg_type} {fields}");
            out.push(format!("{} {msg_type} {fields}", one.session.get()));
        }
        self.queue.clear();
        out
    }
}

fn message(msg_type: &str, fields: &str) -> Vec<u8> {
    let head = Head::new(msg_type.as_bytes(), 2, NOON);
    let body = fields.replace('|', "\u{1}") + if fields.is_empty() { "" } else { "\u{1}" };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(b"FIX.4.4", b"THEM", b"DCX");
    let bytes = encoder.encode(&mut out, &head, |out| out.raw(body.as_bytes()));
    bytes.to_vec()
}

type Side<'t> = Option<(&'t str, &'t str)>;

fn quote(venue: u8, instrument: u32, bid: Side<'_>, ask: Side<'_>) -> Command {
    let px_of = |side: Side<'_>| side.map_or(LimitPx::NONE, |(p, _)| px(p).into());
    let qty_of = |side: Side<'_>| side.map_or(Qty::ZERO, |(_, q)| qty(q));
    Command::Quote(Quote {
        venue: VenueId::new(venue),
        instrument: InstrumentId::new(instrument),
        bid_px: px_of(bid),
        bid_qty: qty_of(bid),
        ask_px: px_of(ask),
        ask_qty: qty_of(ask),
        quote_time: NOON,
    })
}

fn gap(venue: u8, instrument: Option<u32>, (expected, found): (u64, u64)) -> Command {
    Command::FeedGap(FeedGap {
        venue: VenueId::new(venue),
        instrument: instrument.map(InstrumentId::new),
        expected,
        found,
    })
}
