//! Everything that may enter the engine.

use crate::{
    Account, AccountId, AlgoOrder, CancelRequest, ChildId, ClOrdId, CxlRejReason, ExecId, ExecType,
    FactorMapping, FeedGap, Instrument, InstrumentId, LimitChange, LimitDecision, LimitPx,
    MarketFacts, MassCancelRequest, MassStatusRequest, Nanos, NewOrder, Operator, OrdRejReason,
    OrdStatus, OrdType, OrderId, Permission, PermittedMeans, Phase, Price, Qty, RECORD_LEN_MAX,
    ReplaceRequest, RequestId, Routing, RoutingRules, ScenarioReturn, Scope, SessionId, SetProfile,
    Side, StateChange, StatusRequest, TimeInForce, TradingHours, UnixNanos, Venue, VenueId,
};

/// A venue's best bid and offer for an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Who quotes.
    pub venue: VenueId,
    /// What is quoted.
    pub instrument: InstrumentId,
    /// Best bid; none if there is no bid.
    pub bid_px: LimitPx,
    /// Quantity at the best bid; zero if the venue does not say.
    pub bid_qty: Qty,
    /// Best offer; none if there is no offer.
    pub ask_px: LimitPx,
    /// Quantity at the best offer; zero if the venue does not say.
    pub ask_qty: Qty,
    /// The venue's own time of the quote; zero if it does not say. Staleness is counted from the
    /// time of arrival, which the sequencer stamps.
    pub quote_time: UnixNanos,
}

/// A venue's ExecutionReport (8) about a child order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueReport {
    /// Who reports.
    pub venue: VenueId,
    /// The child order: `OrigClOrdID` (41) where the report has one, else `ClOrdID` (11).
    pub child: ChildId,
    /// `ExecID` (17), unique per venue: a trade seen twice is applied once; any other report
    /// seen twice finds its child as the first one left it.
    pub exec_id: ExecId,
    /// `ExecType` (150).
    pub exec_type: ExecType,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `OrdRejReason` (103), where the venue refused.
    pub ord_rej_reason: OrdRejReason,
    /// `LastQty` (32), zero unless a trade.
    pub last_qty: Qty,
    /// `LastPx` (31), zero unless a trade.
    pub last_px: Price,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `LeavesQty` (151).
    pub leaves_qty: Qty,
    /// `AvgPx` (6), zero where the report does not say.
    pub avg_px: Price,
    /// `ExecRefID` (19): the trade that is taken back or corrected.
    pub exec_ref_id: ExecId,
    /// `TransactTime` (60): as of when the venue says this; zero where the report does not say.
    pub transact_time: UnixNanos,
}

impl VenueReport {
    /// A report of nothing: the base of those that need few words.
    pub const EMPTY: Self = Self {
        venue: VenueId::new(0),
        child: ChildId::new(0),
        exec_id: ExecId::EMPTY,
        exec_type: ExecType::OrderStatus,
        ord_status: OrdStatus::New,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        avg_px: Price::ZERO,
        exec_ref_id: ExecId::EMPTY,
        transact_time: UnixNanos::ZERO,
    };
}

/// A venue's OrderCancelReject (9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueCancelReject {
    /// Who refuses.
    pub venue: VenueId,
    /// The child order that goes on working, `OrigClOrdID` (41).
    pub child: ChildId,
    /// The request that was refused, `ClOrdID` (11).
    pub request: ChildId,
    /// `CxlRejReason` (102).
    pub cxl_rej_reason: CxlRejReason,
    /// `OrdStatus` (39) of the child, as the venue sees it.
    pub ord_status: OrdStatus,
}

/// A trade that a venue printed, or one that a feed reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketTrade {
    /// Where.
    pub venue: VenueId,
    /// What.
    pub instrument: InstrumentId,
    /// At what price.
    pub px: Price,
    /// How much; zero if it was not said.
    pub qty: Qty,
    /// The venue's own time; zero if it does not say.
    pub trade_time: UnixNanos,
}

/// An order that works at a venue and that dcx has no name for: found by reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Where it works.
    pub venue: VenueId,
    /// Its `ClOrdID` (11) there.
    pub cl_ord_id: ClOrdId,
    /// What it trades.
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: LimitPx,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `AvgPx` (6).
    pub avg_px: Price,
}

/// What becomes of an order that is found at a venue and is not ours as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OnOrphan {
    /// It is reported to the operator and left alone.
    Report = 0,
    /// It is taken as an order of the house account.
    Adopt = 1,
    /// It is cancelled.
    Cancel = 2,
}

/// Whether a client's session is logged on, and if not, how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SessionLink {
    /// Logged on.
    Up = 0,
    /// Logged out in order.
    LoggedOut = 1,
    /// The connection broke.
    Disconnected = 2,
}

/// What becomes of a session's open orders when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// Which session.
    pub session: SessionId,
    /// Whether they are cancelled when the connection breaks.
    pub cancel_on_disconnect: bool,
    /// Whether they are cancelled when it logs out.
    pub cancel_on_logout: bool,
}

/// A person's word on an order that waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderDecision {
    /// Which order.
    pub order: OrderId,
    /// Yes or no.
    pub approve: bool,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why.
    pub by: Operator,
}

/// An operator cancels one order, or all of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorCancel {
    /// Which order; zero for all of the scope.
    pub order: OrderId,
    /// Whose orders, where no single one is named.
    pub scope: Scope,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why.
    pub by: Operator,
}

/// What to do with an accepted order while no venue can take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OnNoVenue {
    /// Keep it until a venue logs on.
    Hold = 0,
    /// Refuse it.
    Reject = 1,
}

/// The engine's sizes and the parameters of its decisions. The first command of every journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configure {
    /// Seed of every random draw.
    pub seed: u64,
    /// Orders open at the same time in the whole firm: the size of the order pool.
    pub orders_open_max: u32,
    /// ClOrdIDs, and ExecIDs of trades, remembered after their order is done, so that one used again is seen.
    pub ids_kept_max: u32,
    /// What becomes of an order that no venue can take.
    pub on_no_venue: OnNoVenue,
    /// Venues tried in turn for one child order before the parent is given up.
    pub route_attempts_max: u8,
    /// How much of what was seen of an instrument's venues counts after one more choice between
    /// them, in millionths (discounted Thompson sampling's γ; 998 000 forgets half in about 350
    /// choices).
    pub discount_ppm: u32,
    /// Width of the posterior before anything was seen, in hundredths of a basis point.
    pub prior_sd_centi_bps: u32,
    /// Pairs of an instrument with an account, a strategy, an owner or the firm whose position is
    /// kept.
    pub positions_max: u32,
    /// When the trading day begins, in seconds of the UTC day.
    pub day_start_s: u32,
    /// How long a venue may leave an order or a cancel unanswered before it is asked how the
    /// order stands.
    pub answer_timeout: Nanos,
    /// How often it is asked before the outcome is reported as unknown. It is asked on at
    /// `reconcile_interval`.
    pub queries_max: u8,
    /// How often every venue is asked for all that works there; zero for at logon only.
    pub reconcile_interval: Nanos,
    /// What becomes of orders that are found there and not known here.
    pub on_orphan: OnOrphan,
    /// The session that is told of adopted orders.
    pub house_session: SessionId,
    /// The account whose position they change.
    pub house_account: AccountId,
    /// A pegged order is sent anew at most once in this time.
    pub reprice_interval: Nanos,
}

impl Configure {
    /// What is in force where nobody says otherwise.
    pub const DEFAULT: Self = Self {
        seed: 1,
        orders_open_max: 100_000,
        ids_kept_max: 1_000_000,
        on_no_venue: OnNoVenue::Hold,
        route_attempts_max: 3,
        discount_ppm: 998_000,
        prior_sd_centi_bps: 200,
        positions_max: 65_536,
        day_start_s: 0,
        answer_timeout: Nanos::from_seconds(2),
        queries_max: 3,
        reconcile_interval: Nanos::from_seconds(60),
        on_orphan: OnOrphan::Report,
        house_session: SessionId::new(0),
        house_account: AccountId::new(0),
        reprice_interval: Nanos::from_millis(100),
    };
}

/// Everything that may enter the engine, one variant each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A client's order.
    NewOrder(NewOrder),
    /// A client's cancel.
    Cancel(CancelRequest),
    /// A client's replace.
    Replace(ReplaceRequest),
    /// A client's question.
    Status(StatusRequest),
    /// A venue's price.
    Quote(Quote),
    /// A venue's report on a child order.
    VenueReport(VenueReport),
    /// A venue's refusal to cancel a child order.
    VenueCancelReject(VenueCancelReject),
    /// A venue's session came up or went down.
    VenueState {
        /// Which.
        venue: VenueId,
        /// Whether it can take orders now.
        up: bool,
    },
    /// A client's session came up or went down.
    SessionState {
        /// Which session.
        session: SessionId,
        /// Whether it is logged on now, and if not, how it ended.
        link: SessionLink,
    },
    /// The time of the engine's next timer has come.
    Wake,
    /// Say the digest of all state.
    Checkpoint,
    /// The engine's sizes and parameters.
    Configure(Configure),
    /// An instrument, new or changed.
    DefineInstrument(Instrument),
    /// A venue, new or changed.
    DefineVenue(Venue),
    /// A change of a limit.
    SetLimit(LimitChange),
    /// A second person's word on a proposed change.
    DecideLimit(LimitDecision),
    /// Halt, reduce or resume.
    SetState(StateChange),
    /// A change of what a scope may trade.
    SetPermission(Permission),
    /// A change of what a scope may use.
    SetMeans(PermittedMeans),
    /// A person's word on an order that waits for it.
    DecideOrder(OrderDecision),
    /// An operator cancels.
    OperatorCancel(OperatorCancel),
    /// A client cancels many.
    MassCancel(MassCancelRequest),
    /// A client asks about many.
    MassStatus(MassStatusRequest),
    /// A trade in the market.
    MarketTrade(MarketTrade),
    /// A venue opens, halts or closes trading in an instrument.
    VenuePhase {
        /// Which venue.
        venue: VenueId,
        /// Which instrument.
        instrument: InstrumentId,
        /// How trading stands there.
        phase: Phase,
    },
    /// A venue works an order that dcx has no name for.
    Orphan(Orphan),
    /// A venue has sent all that it was asked for by an [`Event::VenueMassStatus`](crate::Event).
    VenueMassStatusDone {
        /// Which venue.
        venue: VenueId,
        /// The request that was answered.
        request: ChildId,
    },
    /// An account, new or changed.
    DefineAccount(Account),
    /// An instrument's trading hours, new or changed.
    DefineHours(TradingHours),
    /// What becomes of a session's orders when it ends.
    SetSessionPolicy(SessionPolicy),
    /// An instrument's part in the value at risk.
    MapFactor(FactorMapping),
    /// A return of a scenario.
    SetScenario(ScenarioReturn),
    /// The encoder found more going out than came in and did not send a child order.
    OrdersOutRefused {
        /// The child order that was not sent.
        child: ChildId,
    },
    /// How venues are chosen.
    SetRouting(Routing),
    /// What a choice of a venue is worth, and what guards it.
    SetRoutingRules(RoutingRules),
    /// A client's order with an algorithm and its parameters.
    AlgoOrder(AlgoOrder),
    /// A part of an instrument's volume profile, new or changed.
    SetProfile(SetProfile),
    /// What is known of an instrument's market, new or changed.
    SetMarketFacts(MarketFacts),
    /// A venue's feed lost something.
    FeedGap(FeedGap),
}

const _: () = assert!(
    size_of::<Command>() <= RECORD_LEN_MAX,
    "as long as the longest record"
);
