//! The measured system: dcx with an operator, a source of orders, and FIX sessions to venues.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dcx_fix::orders::{Directory, OrderEdge, Peer, VenuePeer};
use dcx_fix::{
    Board, Flushed, Link, LinkConfig, LinkState, Role, SessionConfig, SessionIx, StoreConfig,
};
use dcx_model::{
    Account, AccountId, Command, Configure, Event, Inbound, Instrument, InstrumentId,
    InstrumentLimits, Limit, LimitChange, MonoNanos, Nanos, NewOrder, Notional, Operator, Outbound,
    OwnerId, Price, Qty, Quote, RequestId, Scope, SelfTrade, SessionId, SessionLimits, SessionLink,
    Side, StateChange, TradingState, UnixNanos, Venue, VenueFeatures, VenueId, VenueName, VenueSet,
};
use dcx_pipeline::{
    Clock, JournalOptions, LinkEnds, Pipeline, PipelineOptions, Running, Sampling, Topology,
    recover,
};
use dcx_ring::{Poller, Producer, Wait};

use super::HaltBenchError;
use super::venue::Venues;
use crate::gateway::{Gateway, symbol};

const CLIENT: SessionId = SessionId::new(0);
const ACCOUNT: AccountId = AccountId::new(0);
const EURUSD: InstrumentId = InstrumentId::new(0);

/// A system at work, the operator's and the client's ends in the hands of the measuring thread.
pub(super) struct System {
    running: Running,
    dir: PathBuf,
    clock: Clock,
    /// Orders go in here.
    orders: Producer<Inbound>,
    /// The operator's commands go in here.
    operator: Producer<Inbound>,
    events: Poller<Outbound>,
    board: Arc<Board>,
    flushed: Arc<Flushed>,
    sent: u64,
    next_request: u64,
    seen: Seen,
}

/// What events have said.
#[derive(Default)]
struct Seen {
    /// Events since the start.
    position: u64,
    /// Orders that were accepted or refused.
    answered: u64,
    /// Orders that were refused: they reach no venue.
    refused: u64,
    open: u64,
    /// The request whose state change is awaited, and where its event was.
    request: u64,
    halted_at: Option<u64>,
    active: bool,
}

impl System {
    /// Starts one with an empty journal and empty stores below `scratch`.
    pub(super) fn start(venues: &Venues, scratch: &Path) -> Result<Self, HaltBenchError> {
        let dir = scratch.join("dcx");
        let journal = dir.join("journal");
        fs::create_dir_all(&journal).map_err(HaltBenchError::Directory)?;
        let recovered = recover(&journal, JournalOptions::default());
        let recovered = recovered.map_err(HaltBenchError::Journal)?;
        let (builder, [operator, client, fix]) = Pipeline::with(PipelineOptions {
            topology: Topology::Fused { core: None },
            wait: Wait::Yield,
            sampling: Sampling::OFF,
            checkpoint_every: 0,
            checkpoint_idle: Nanos::new(u64::MAX),
            ..PipelineOptions::default()
        })
        .links::<3>()
        .map_err(HaltBenchError::Start)?;
        let LinkEnds {
            inbound: mut operator,
            outbound: events,
            ..
        } = operator;
        for command in configuration(venues.addrs().len()) {
            let pushed = operator.try_push(inbound(MonoNanos::new(0), command));
            pushed.expect("the ring is longer than the configuration");
        }
        let edge = OrderEdge::new(directory(venues), fix.inbound, fix.outbound);
        let link = Link::start(link_config(venues, &dir.join("fix")), edge);
        let link = link.map_err(HaltBenchError::Link)?;
        let (board, flushed) = (link.board(), link.flushed());
        let gateway = Gateway {
            link,
            stop: fix.stop,
        };
        let running = builder
            .recovered(recovered)
            .link(None, Box::new(gateway))
            .start()
            .map_err(HaltBenchError::Start)?;
        Ok(Self {
            clock: running.clock(),
            running,
            dir,
            orders: client.inbound,
            operator,
            events,
            board,
            flushed,
            sent: 0,
            next_request: 1,
            seen: Seen::default(),
        })
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn mono(&self) -> MonoNanos {
        self.clock.mono()
    }

    /// Takes the events that are there; says how many.
    pub(super) fn poll(&mut self) -> usize {
        let seen = &mut self.seen;
        self.events
            .poll(1_024, |outbound, _, _| seen.take(&outbound.event))
    }

    /// Venues that are logged on.
    pub(super) fn venues_up(&self) -> usize {
        let sessions = (0..).map(SessionIx::new).take(self.board.sessions());
        let states = sessions.filter_map(|ix| self.board.session(ix));
        states.filter(|stats| stats.state == LinkState::Up).count()
    }

    /// Orders that were given to the pipeline and not refused: each reaches a venue, unless a
    /// halt comes first.
    pub(super) const fn orders_passed(&self) -> u64 {
        self.sent - self.seen.refused
    }

    /// Whether every order was answered and is done.
    pub(super) const fn is_quiet(&self) -> bool {
        self.seen.answered == self.sent && self.seen.open == 0
    }

    /// Gives an order to the pipeline, if it has room.
    pub(super) fn send_order(&mut self) -> bool {
        let now = self.clock.now();
        let buy = self.sent.is_multiple_of(2);
        let (side, px) = if buy {
            (Side::Buy, 109_990_000)
        } else {
            (Side::Sell, 110_010_000)
        };
        let order = NewOrder {
            session: CLIENT,
            account: ACCOUNT,
            cl_ord_id: format!("H{}", self.sent)
                .parse()
                .expect("few letters and digits"),
            instrument: EURUSD,
            side,
            order_qty: Qty::whole(100),
            limit_px: Price::from_units(px).into(),
            transact_time: now.unix,
            ..NewOrder::PLAIN
        };
        let pushed = self
            .orders
            .try_push(inbound(now.mono, Command::NewOrder(order)));
        self.sent += u64::from(pushed.is_ok());
        pushed.is_ok()
    }

    /// Orders a halt; returns when.
    pub(super) fn halt(&mut self) -> MonoNanos {
        self.set_state(TradingState::Halted)
    }

    pub(super) fn resume(&mut self) {
        self.quote();
        let _ = self.set_state(TradingState::Active);
    }

    /// A fresh price: a position without one could not be valued, and orders that grow it would
    /// be refused (R067) instead of loading anything.
    pub(super) fn quote(&mut self) {
        let quote = Quote {
            venue: VenueId::new(0),
            instrument: EURUSD,
            bid_px: Price::from_units(109_990_000).into(),
            bid_qty: Qty::whole(1_000_000),
            ask_px: Price::from_units(110_010_000).into(),
            ask_qty: Qty::whole(1_000_000),
            quote_time: UnixNanos::ZERO,
        };
        let command = inbound(self.clock.mono(), Command::Quote(quote));
        let pushed = self.operator.try_push(command);
        pushed.expect("the operator's ring has few commands at a time");
    }

    fn set_state(&mut self, state: TradingState) -> MonoNanos {
        let request = RequestId::new(self.next_request);
        self.next_request += 1;
        self.seen.request = request.get();
        self.seen.halted_at = None;
        self.seen.active = false;
        let change = StateChange {
            scope: Scope::Firm,
            state,
            request,
            by: Operator {
                author: "bench".parse().expect("a short name"),
                reason: "measured".parse().expect("a short text"),
            },
        };
        let at = self.clock.mono();
        let pushed = self
            .operator
            .try_push(inbound(at, Command::SetState(change)));
        pushed.expect("the operator's ring has one command at a time");
        at
    }

    /// Whether the halt is applied and kept, and everything before it is with the kernel.
    pub(super) fn is_acknowledged(&self) -> bool {
        let halted_at = self.seen.halted_at;
        halted_at.is_some_and(|position| self.flushed.handed() >= position)
    }

    pub(super) const fn is_active(&self) -> bool {
        self.seen.active
    }

    /// Ends it in order and removes what it kept.
    pub(super) fn stop(self) -> Result<(), HaltBenchError> {
        drop((self.orders, self.operator, self.events));
        let report = self.running.stop_and_join();
        if let Some(error) = report.journal_error {
            return Err(HaltBenchError::Journal(error));
        }
        fs::remove_dir_all(&self.dir).map_err(HaltBenchError::Directory)
    }
}

impl Seen {
    fn take(&mut self, event: &Event) {
        self.position += 1;
        match event {
            Event::Accepted { .. } => {
                self.answered += 1;
                self.open += 1;
            }
            Event::Canceled { .. } | Event::Expired { .. } => self.open -= 1,
            Event::Rejected { view, .. } if view.order.get() != 0 => self.open -= 1,
            Event::Rejected { .. } => {
                self.answered += 1;
                self.refused += 1;
            }
            Event::Trade { view, .. } if view.ord_status.is_terminal() => self.open -= 1,
            Event::StateSet { state, request, .. } if request.get() == self.request => {
                match state {
                    TradingState::Halted => self.halted_at = Some(self.position),
                    TradingState::Active => self.active = true,
                    TradingState::Reducing => {}
                }
            }
            _ => {}
        }
    }
}

const fn inbound(received: MonoNanos, command: Command) -> Inbound {
    Inbound { received, command }
}

/// What the engine is told first: every check on, with limits so wide that none refuses.
fn configuration(venues: usize) -> Vec<Command> {
    let ids = || (0..).take(venues).map(VenueId::new);
    let mut commands = vec![Command::Configure(Configure {
        orders_open_max: 65_536,
        ids_kept_max: 65_536,
        ..Configure::DEFAULT
    })];
    commands.extend(ids().map(|id| {
        Command::DefineVenue(Venue {
            id,
            name: venue_name(id),
            fee_centi_bps: 0,
            features: VenueFeatures::NONE,
        })
    }));
    commands.push(Command::DefineInstrument(Instrument {
        id: EURUSD,
        symbol: symbol(),
        tick: Price::from_units(1_000),
        lot: Qty::whole(1),
        prev_close: Price::from_units(110_000_000).into(),
        venues: ids().fold(VenueSet::NONE, VenueSet::with),
        multiplier: Instrument::ONE,
    }));
    commands.push(Command::DefineAccount(Account {
        id: ACCOUNT,
        owner: OwnerId::new(0),
        self_trade: SelfTrade::Allow,
    }));
    let gross = Notional::whole(1_000_000_000_000).units();
    let firm = LimitChange::configured(Scope::Firm, Limit::GrossMax, gross);
    let instrument = InstrumentLimits {
        instrument: EURUSD,
        order_qty_max: Qty::whole(1_000_000),
        order_notional_max: Notional::whole(2_000_000),
        position_max: Qty::whole(10_000_000_000),
        quote_age_max: Nanos::from_seconds(60),
        collar_bps: 500,
        prev_close_allowed: true,
    };
    let session = SessionLimits {
        session: CLIENT,
        orders_per_s_max: 10_000_000,
        burst_max: 10_000_000,
        orders_open_max: 65_536,
    };
    let limits = instrument.changes().chain(session.changes());
    commands.extend([firm].into_iter().chain(limits).map(Command::SetLimit));
    commands.push(Command::SessionState {
        session: CLIENT,
        link: SessionLink::Up,
    });
    commands
}

fn venue_name(id: VenueId) -> VenueName {
    let name = format!("VENUE{}", id.get());
    name.parse().expect("six letters are a name")
}

fn directory(venues: &Venues) -> Directory {
    let mut directory = Directory::new().with_instrument(EURUSD, symbol());
    for (ix, _) in (0..).zip(venues.addrs()) {
        let venue = VenueId::new(ix);
        let peer = Peer::Venue(VenuePeer {
            venue,
            name: venue_name(venue),
            lists: vec![EURUSD],
            asks_for_trades: false,
            asks_for_phases: false,
        });
        directory = directory.with_peer(SessionIx::new(u16::from(ix)), peer);
    }
    directory
}

fn link_config(venues: &Venues, store: &Path) -> LinkConfig {
    let sessions = (0..).zip(venues.addrs()).map(|(ix, addr)| SessionConfig {
        reset_on_logon: true,
        store: StoreConfig::File(store.to_owned()),
        ..SessionConfig::fix44(
            "DCX",
            venue_name(VenueId::new(ix)).as_str(),
            Role::initiator(*addr),
        )
    });
    LinkConfig {
        sessions: sessions.collect(),
        ..LinkConfig::default()
    }
}
