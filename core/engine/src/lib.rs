//! The verbs of dcx: order state, risk, slicing and routing as one pure function.
//!
//! [`Engine::apply`] takes one command and writes what follows from it to an [`Outbox`]. It reads
//! no clock, does no IO, cannot fail, and allocates for [`Command::Configure`] only: the same
//! commands give the same events and the same state, to the bit, on every host.
//!
//! ```
//! use dcx_engine::{Engine, Outbox};
//! use dcx_model::{Command, Event, Seq, SessionId, StatusRequest, UnixNanos};
//! # use dcx_model::{InstrumentId, OrdStatus, Side};
//! let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
//! let ask = Command::Status(StatusRequest {
//!     session: SessionId::new(0),
//!     cl_ord_id: "A1".parse().unwrap(),
//!     instrument: InstrumentId::new(0),
//!     side: Side::Buy,
//! });
//! engine.apply(UnixNanos::from_seconds(1), Seq::new(1), &ask, &mut outbox);
//! let [Event::Status { view }] = outbox.events() else { panic!() };
//! assert_eq!(view.ord_status, OrdStatus::Rejected, "nobody knows this order");
//! ```
//!
//! An order's life: `risk` approves it, `order` opens it and settles what follows from its
//! quantities, `slice` says how much of it should be out by now, `route` chooses the venue.
//!
//! Not here: where commands come from and where events go (`dcx-pipeline`), and their bytes
//! (`dcx-model`, `dcx-fix`).

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::indexing_slicing
)]

mod authority;
mod book;
mod configure;
mod digest;
mod halt;
mod heap;
mod index;
mod market;
mod names;
mod order;
mod outbox;
mod pool;
mod risk;
pub mod route;
mod slice;
mod sweeps;
mod timers;
mod trace;
mod view;

pub use authority::{ProposedLimit, SetLimit};
pub use book::{BestPrice, Book, Consolidated, Level};
pub use configure::{IDS_KEPT_MAX, ORDERS_OPEN_MAX};
pub use order::VenueView;
pub use outbox::Outbox;
pub use trace::{Check, NoTrace, NotEligible, RouteReason, SliceReason, Trace, VenueReason};
pub use view::{ChildView, ExposureView, VenueScore};

use std::fmt;

use dcx_model::{
    Command, Configure, Event, Ignored, Quote, Seq, UnixNanos, VENUES_MAX, Venue, VenueSet,
};

use index::Index;
use names::{Execution, Names};
use order::{Child, Expiry, Lists, Owners, Parent, Reconcile, Reducing, Triggers};
use pool::{List, NIL, Pool};
use risk::{Authority, InstrumentRow, Ledger, Recent, SessionRow};
use route::Router;
use slice::{Schedule, Volumes};
use sweeps::Sweeps;
use timers::Timers;

/// All state of all orders, changed by nothing but commands.
pub struct Engine {
    config: Option<Configure>,
    /// When the last command was sequenced.
    now: UnixNanos,
    /// Mass cancels and the like that are under way.
    sweeps: Sweeps,
    reducing: Reducing,
    /// The next held order to look at again.
    release_at: u32,
    next_order: u64,
    next_child: u64,

    parents: Pool<Parent>,
    /// Of the orders with an algorithm, where each stands in it.
    schedules: Pool<Schedule>,
    volumes: Volumes,
    open: List,
    held: List,
    /// Done orders, oldest first, kept for late reports and questions.
    done: List,
    orders_room: u32,
    done_max: u32,
    names: Names,
    timers: Timers,
    triggers: Triggers,
    lists: Lists,
    expiry: Expiry,
    /// Orders that wait for a person.
    asked: List,

    children: Pool<Child>,
    children_done: List,
    children_max: u32,
    child_index: Index,
    /// Trades by ExecID, so that none is taken twice and each can be taken back.
    exec_ids: Names<Execution>,
    /// What venues owe us answers about.
    recon: Reconcile,

    instruments: Vec<InstrumentRow>,
    sessions: Vec<SessionRow>,
    venues: [Option<Venue>; VENUES_MAX],
    venues_defined: VenueSet,
    venues_up: VenueSet,
    book: Book,
    ledger: Ledger,
    owners: Owners,
    authority: Authority,
    recent: Recent,
    router: Router,
}

/// One command on its way through the engine: its stamps, and where its effects and reasons go.
struct Cx<'a, T> {
    at: UnixNanos,
    seq: Seq,
    out: &'a mut Outbox,
    trace: &'a mut T,
}

impl Engine {
    /// An engine without configuration: it refuses every order. The journalled
    /// [`Command::Configure`] gives it its sizes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            config: None,
            now: UnixNanos::ZERO,
            sweeps: Sweeps::default(),
            reducing: Reducing::default(),
            release_at: NIL,
            next_order: 1,
            next_child: 1,
            parents: Pool::default(),
            schedules: Pool::default(),
            volumes: Volumes::default(),
            open: List::EMPTY,
            held: List::EMPTY,
            done: List::EMPTY,
            orders_room: 0,
            done_max: 0,
            names: Names::default(),
            timers: Timers::default(),
            triggers: Triggers::default(),
            lists: Lists::default(),
            expiry: Expiry::default(),
            asked: List::EMPTY,
            children: Pool::default(),
            children_done: List::EMPTY,
            children_max: 0,
            child_index: Index::default(),
            exec_ids: Names::default(),
            recon: Reconcile::default(),
            instruments: Vec::new(),
            sessions: Vec::new(),
            venues: [None; VENUES_MAX],
            venues_defined: VenueSet::NONE,
            venues_up: VenueSet::NONE,
            book: Book::default(),
            ledger: Ledger::default(),
            owners: Owners::default(),
            authority: Authority::default(),
            recent: Recent::default(),
            router: Router::default(),
        }
    }

    /// Applies one command and writes everything it causes to `outbox`, which is cleared first.
    ///
    /// `at` is when the command was sequenced and never goes back; `seq` is its place. Every
    /// command has a defined outcome: nothing that a client or a venue can send is an error here.
    ///
    /// # Panics
    /// Where a rule of ours is broken, never because of what a command says.
    ///
    /// # Cost
    /// O(venues) for an order, O(log open orders) with a schedule; no allocation but for
    /// [`Command::Configure`]. Bench: `engine/mixed`.
    pub fn apply(&mut self, at: UnixNanos, seq: Seq, command: &Command, outbox: &mut Outbox) {
        self.apply_traced(at, seq, command, outbox, &mut NoTrace);
    }

    /// [`apply`](Self::apply), saying to `trace` why. The trace changes nothing.
    pub fn apply_traced<T: Trace>(
        &mut self,
        at: UnixNanos,
        seq: Seq,
        command: &Command,
        outbox: &mut Outbox,
        trace: &mut T,
    ) {
        outbox.clear();
        self.now = self.now.max(at);
        self.ledger.tick(self.now);
        let cx = &mut Cx {
            at: self.now,
            seq,
            out: outbox,
            trace,
        };
        if self.router.due <= cx.at {
            self.routing_due(cx.at);
        }
        match command {
            Command::NewOrder(order) => self.new_order(cx, order, None),
            Command::Cancel(request) => self.cancel(cx, request),
            Command::Replace(request) => self.replace(cx, request),
            Command::Status(request) => self.status(cx, request),
            Command::Quote(quote) => self.quote(cx, quote),
            Command::VenueReport(report) => self.venue_report(cx, report),
            Command::VenueCancelReject(reject) => self.venue_cancel_reject(cx, reject),
            Command::VenueState { venue, up } => self.venue_state(cx, *venue, *up),
            Command::SessionState { session, link } => self.session_state(cx, *session, *link),
            Command::Wake => self.wake(cx),
            Command::Checkpoint => {
                let state = self.digest();
                cx.out.push(Event::Digest { state });
            }
            Command::Configure(configure) => self.configure(cx, configure),
            Command::DefineInstrument(instrument) => self.define_instrument(cx, instrument),
            Command::DefineVenue(venue) => self.define_venue(cx, venue),
            Command::SetLimit(change) => self.set_limit(cx, change),
            Command::DecideLimit(decision) => self.decide_limit(cx, decision),
            Command::SetState(change) => self.set_state(cx, change),
            Command::SetPermission(permission) => self.set_permission(cx, permission),
            Command::SetMeans(means) => self.set_means(cx, means),
            Command::DecideOrder(decision) => self.decide_order(cx, decision),
            Command::OperatorCancel(cancel) => self.operator_cancel(cx, cancel),
            Command::MassCancel(request) => self.mass_cancel(cx, request),
            Command::MassStatus(request) => self.mass_status(cx, request),
            Command::MarketTrade(trade) => self.market_trade(cx, trade),
            Command::VenuePhase {
                venue,
                instrument,
                phase,
            } => self.venue_phase(cx, *venue, *instrument, *phase),
            Command::Orphan(orphan) => self.orphan(cx, orphan),
            Command::VenueMassStatusDone { venue, request } => {
                self.venue_mass_status_done(cx, *venue, *request);
            }
            Command::DefineAccount(account) => self.define_account(cx, account),
            Command::DefineHours(hours) => self.define_hours(cx, hours),
            Command::SetSessionPolicy(policy) => self.set_session_policy(cx, policy),
            Command::MapFactor(mapping) => self.map_factor(cx, mapping),
            Command::SetScenario(scenario) => self.set_scenario(cx, scenario),
            Command::OrdersOutRefused { child } => self.orders_out_refused(cx, *child),
            Command::SetRouting(routing) => self.set_routing(cx, routing),
            Command::SetRoutingRules(rules) => self.set_routing_rules(cx, rules),
            Command::AlgoOrder(order) => {
                self.new_order(cx, &order.order(), Some(&order.terms));
            }
            Command::SetProfile(set) => self.set_profile(cx, set),
            Command::SetMarketFacts(facts) => self.set_market_facts(cx, facts),
            Command::FeedGap(gap) => self.feed_gap(cx, gap),
        }
        self.settle_lists(cx);
        self.tell_routing(cx);
    }

    fn quote<T: Trace>(&mut self, cx: &mut Cx<'_, T>, quote: &Quote) {
        let row = self.instruments.get(quote.instrument.get() as usize);
        let known = row.is_some_and(|row| row.defined.is_some());
        if known && self.venues_defined.contains(quote.venue) {
            if let Some(after) = self.book.take(cx.at, quote) {
                self.feed_restored(cx, quote, after);
            }
            self.mark(cx, quote.instrument);
            self.note_mid(cx.at, quote.instrument);
            self.note_surroundings(cx.at, quote.instrument);
            self.quoted(cx, quote.instrument);
        } else {
            cx.out.push(Event::Ignored {
                cause: Ignored::UnknownQuote,
                venue: quote.venue,
                child: dcx_model::ChildId::new(0),
                exec_id: dcx_model::ExecId::EMPTY,
            });
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("now", &self.now)
            .field("halted", &self.halted())
            .field("orders_open", &self.orders_open())
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}
