//! Everything that may leave the engine.

use crate::{
    ChildId, ClOrdId, CxlRejReason, CxlRejResponseTo, ExecId, FeedGap, InstrumentId, Limit,
    LimitPx, MassScope, Nanos, OrdStatus, OrdType, OrderFlags, OrderId, OrderView, PlanView, Price,
    ProposalId, Qty, RECORD_LEN_MAX, Refusal, RequestId, RestatementReason, RouteDecision,
    RouteReward, Scope, Seq, SessionId, Side, SliceView, SliceWhy, TimeInForce, TradingState,
    VenueFitness, VenueId,
};

/// An order to send to a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildOrder {
    /// Its name, and in decimal its `ClOrdID` (11) at the venue.
    pub child: ChildId,
    /// The client's order that it works for.
    pub order: OrderId,
    /// Where it goes.
    pub venue: VenueId,
    /// `Symbol` (55).
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
    /// `MaxFloor` (111); zero for all.
    pub display_qty: Qty,
    /// `MinQty` (110); zero for any.
    pub min_qty: Qty,
    /// What of it the venue must know: post only, all or none, a short sale.
    pub flags: OrderFlags,
}

/// A question to a venue: how does this child order stand?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildQuery {
    /// The child order, `ClOrdID` (11).
    pub child: ChildId,
    /// Where it went.
    pub venue: VenueId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
}

/// A cancel of an order that dcx has no name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrphanCancel {
    /// Where it works.
    pub venue: VenueId,
    /// Its `ClOrdID` there, `OrigClOrdID` (41) of the cancel.
    pub cl_ord_id: ClOrdId,
    /// The request's own name, `ClOrdID` (11).
    pub request: ChildId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrderQty` (38).
    pub order_qty: Qty,
}

/// What was told to a client and is now taken back or put right: the place of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRef {
    /// The command that caused it.
    pub seq: Seq,
    /// Its number among that command's events, from 0.
    pub ix: u16,
}

/// A change of a limit, done or proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitView {
    /// Whose limit.
    pub scope: Scope,
    /// Which.
    pub limit: Limit,
    /// What it was; none if it was not set.
    pub before: Option<i128>,
    /// What it is, or would be.
    pub after: Option<i128>,
    /// The request that it answers.
    pub request: RequestId,
    /// The proposal, zero where it applies already.
    pub proposal: ProposalId,
}

/// Why a trading state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum StateCause {
    /// A person said so.
    Operator = 0,
    /// The loss of the day (check 20).
    Loss = 1,
    /// The fall from the day's best result (check 20).
    Drawdown = 2,
    /// Too many executions in too short a time (check 12).
    RepeatedExecutions = 3,
    /// More went out than came in (check 14).
    OrdersOut = 4,
}

impl StateCause {
    /// The cause that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Operator),
            1 => Some(Self::Loss),
            2 => Some(Self::Drawdown),
            3 => Some(Self::RepeatedExecutions),
            4 => Some(Self::OrdersOut),
            _ => None,
        }
    }
}

/// The answer to a mass cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassCanceled {
    /// The session that gets the report.
    pub session: SessionId,
    /// The request, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// `MassCancelRequestType` (530).
    pub scope: MassScope,
    /// Which instrument, for [`MassScope::Security`].
    pub instrument: InstrumentId,
    /// Orders that are being cancelled, `TotalAffectedOrders` (533).
    pub affected: u32,
    /// Why nothing is; none where the request was taken.
    pub refusal: Option<Refusal>,
}

/// A cancel to send to a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildCancel {
    /// The child order, `OrigClOrdID` (41).
    pub child: ChildId,
    /// The request's own name, `ClOrdID` (11).
    pub request: ChildId,
    /// Where it goes.
    pub venue: VenueId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrderQty` (38) of the child order.
    pub order_qty: Qty,
}

/// A client's cancel or replace that was refused, FIX OrderCancelReject (9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRejected {
    /// The session that gets the report.
    pub session: SessionId,
    /// The order, or zero if there is none.
    pub order: OrderId,
    /// The request, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The order as the request names it, `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `OrdStatus` (39) of the order; `Rejected` if there is none (FIX 4.4, tag 39 in message 9).
    pub ord_status: OrdStatus,
    /// `CxlRejResponseTo` (434).
    pub response_to: CxlRejResponseTo,
    /// `CxlRejReason` (102).
    pub cxl_rej_reason: CxlRejReason,
    /// Which rule of ours, with its numbers.
    pub refusal: Refusal,
}

/// An input that changed nothing, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ignored {
    /// A venue's trade with an ExecID already applied.
    DuplicateExecId = 0,
    /// A venue's report about a child order that is not known.
    UnknownChild = 1,
    /// A venue's report about a child order that is already done.
    ChildDone = 2,
    /// A fill for more than the child order's quantity: recorded, and the operator must look.
    Overfill = 3,
    /// A quote for an instrument or from a venue that is not configured.
    UnknownQuote = 4,
    /// A configuration command that breaks a rule (an index out of range, a zero tick).
    BadConfiguration = 5,
    /// A venue's report that cannot be true: a fill of nothing, a child order of another venue,
    /// the refusal of a cancel that was not sent.
    BadReport = 6,
    /// A venue took back or corrected a trade that is not known.
    UnknownTrade = 7,
    /// An order was found at a venue that dcx has no name for; it was left alone.
    OrphanLeft = 8,
    /// A report says that more was filled than its trades tell; what was missing is taken in.
    FillMissed = 9,
    /// The same, and the report does not say at what price: it is taken in at the order's own
    /// average or limit, or at the middle of the market, and the operator must look.
    FillPriceGuessed = 10,
    /// The same, and nothing says at what price: it is not taken in, and the child order's outcome
    /// is unknown until its venue says.
    FillPriceUnknown = 11,
    /// A venue's answer from before it took a trade back or corrected one, told again.
    Outdated = 12,
}

impl Ignored {
    /// The cause that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::DuplicateExecId),
            1 => Some(Self::UnknownChild),
            2 => Some(Self::ChildDone),
            3 => Some(Self::Overfill),
            4 => Some(Self::UnknownQuote),
            5 => Some(Self::BadConfiguration),
            6 => Some(Self::BadReport),
            7 => Some(Self::UnknownTrade),
            8 => Some(Self::OrphanLeft),
            9 => Some(Self::FillMissed),
            10 => Some(Self::FillPriceGuessed),
            11 => Some(Self::FillPriceUnknown),
            12 => Some(Self::Outdated),
            _ => None,
        }
    }
}

/// Everything that may leave the engine, one variant each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// To the client: accepted (`ExecType` New).
    Accepted {
        /// The order.
        view: OrderView,
        /// Whether it waits because no venue can take it now.
        held: bool,
    },
    /// To the client: refused (`ExecType` Rejected).
    Rejected {
        /// The order.
        view: OrderView,
        /// Which rule, with its numbers.
        refusal: Refusal,
    },
    /// To the client: filled in part or whole (`ExecType` Trade).
    Trade {
        /// The order after the fill.
        view: OrderView,
        /// The child order that was filled.
        child: ChildId,
        /// Where.
        venue: VenueId,
        /// `LastQty` (32).
        last_qty: Qty,
        /// `LastPx` (31).
        last_px: Price,
    },
    /// To the client: a cancel is on its way to the venues.
    PendingCancel {
        /// The order; `cl_ord_id` is the request's.
        view: OrderView,
        /// The order's own name.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: cancelled. Both names are the order's where nobody asked for it.
    Canceled {
        /// The order; `cl_ord_id` is the request's.
        view: OrderView,
        /// The order's own name.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: a replace is on its way to the venues.
    PendingReplace {
        /// The order; `cl_ord_id` is the request's.
        view: OrderView,
        /// The order's own name.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: replaced.
    Replaced {
        /// The order under its new name.
        view: OrderView,
        /// Its name before.
        orig_cl_ord_id: ClOrdId,
    },
    /// To the client: its time ran out.
    Expired {
        /// The order.
        view: OrderView,
    },
    /// To the client: how the order stands, because it asked.
    Status {
        /// The order.
        view: OrderView,
    },
    /// To the client: a cancel or replace refused.
    CancelRejected(CancelRejected),
    /// To a venue: a new order.
    ChildSent(ChildOrder),
    /// To a venue: a cancel.
    ChildCancel(ChildCancel),
    /// To whoever watches: an input that changed nothing.
    Ignored {
        /// Why.
        cause: Ignored,
        /// The venue it came from, if it did.
        venue: VenueId,
        /// The child order it named, if it did.
        child: ChildId,
        /// The report it was, if it was one.
        exec_id: ExecId,
    },
    /// To the journal: the digest of all state after this command.
    Digest {
        /// Order-independent hash of all state.
        state: u64,
    },
    /// To the client: accepted once a person says so (`ExecType` PendingNew).
    PendingNew {
        /// The order.
        view: OrderView,
    },
    /// To the client: its stop or trigger came, or its list is complete, and it goes to market
    /// (`ExecType` Triggered).
    Triggered {
        /// The order.
        view: OrderView,
    },
    /// To the client: its quantity or price was changed without its asking (`ExecType` Restated).
    Restated {
        /// The order as it is now.
        view: OrderView,
        /// Why.
        reason: RestatementReason,
    },
    /// To the client: a trade is taken back (`ExecType` TradeCancel).
    TradeCanceled {
        /// The order without it.
        view: OrderView,
        /// The report that told of the trade.
        trade: EventRef,
        /// `LastQty` (32) that is taken back.
        last_qty: Qty,
        /// `LastPx` (31) that it had.
        last_px: Price,
        /// Where it was.
        venue: VenueId,
    },
    /// To the client: a trade is put right (`ExecType` TradeCorrect).
    TradeCorrected {
        /// The order with the trade as it is now.
        view: OrderView,
        /// The report that told of the trade.
        trade: EventRef,
        /// `LastQty` (32) as it is now.
        last_qty: Qty,
        /// `LastPx` (31) as it is now.
        last_px: Price,
        /// Where it was.
        venue: VenueId,
    },
    /// To the client: how many of its orders are being cancelled.
    MassCanceled(MassCanceled),
    /// To the client: how one of its orders stands, because it asked about many.
    MassStatus {
        /// The order; `OrdStatus` Rejected and a quantity of zero where there is none.
        view: OrderView,
        /// The request, `MassStatusReqID` (584).
        request: ClOrdId,
        /// `TotNumReports` (911).
        total: u32,
        /// `LastRptRequested` (912).
        last: bool,
    },
    /// To a venue: how does a child order stand?
    ChildQuery(ChildQuery),
    /// To a venue: what of ours works with you?
    VenueMassStatus {
        /// Which venue.
        venue: VenueId,
        /// The request's name, `MassStatusReqID` (584).
        request: ChildId,
    },
    /// To a venue: cancel an order that is not ours as far as we know.
    OrphanCancel(OrphanCancel),
    /// To whoever watches: a child order's outcome is unknown; the venue is asked again and again.
    ChildUnknown {
        /// The child order.
        child: ChildId,
        /// The client's order.
        order: OrderId,
        /// Where it went.
        venue: VenueId,
    },
    /// To whoever watches: a venue was reconciled.
    VenueReconciled {
        /// Which venue.
        venue: VenueId,
        /// Child orders that work there as far as both know.
        working: u32,
        /// Child orders whose outcome is still unknown.
        unknown: u32,
        /// Orders found there that were not known here.
        orphans: u32,
    },
    /// To whoever watches: after a halt a venue has not confirmed every cancel: what works there
    /// is unknown.
    VenueUnconfirmed {
        /// Which venue.
        venue: VenueId,
        /// Child orders whose end it has not confirmed.
        children: u32,
    },
    /// To whoever watches: a limit was changed.
    LimitSet(LimitView),
    /// To whoever watches: a change waits for a second person.
    LimitProposed(LimitView),
    /// To whoever watches: a proposed change was turned down, or ran out of time.
    LimitDropped(LimitView),
    /// To whoever watches: 80 % of a limit are used.
    LimitNear {
        /// Whose limit.
        scope: Scope,
        /// Which.
        limit: Limit,
        /// What is used of it with this order, in its unit.
        value: i128,
        /// The limit, in its unit.
        max: i128,
    },
    /// To whoever watches: a trading state changed.
    StateSet {
        /// Whose.
        scope: Scope,
        /// The new state.
        state: TradingState,
        /// Why.
        cause: StateCause,
        /// The request that it answers; zero where nobody asked.
        request: RequestId,
    },
    /// To an operator: the request was done.
    OperatorDone {
        /// Which request.
        request: RequestId,
        /// Orders that it concerns.
        orders: u32,
    },
    /// To an operator: the request was refused.
    OperatorRefused {
        /// Which request.
        request: RequestId,
        /// Why.
        refusal: Refusal,
    },
    /// To whoever watches: a venue was chosen. Right behind the [`Event::ChildSent`] that it led
    /// to.
    Routed(RouteDecision),
    /// To whoever watches: how a choice went.
    Rewarded(RouteReward),
    /// To whoever watches: a venue is ejected, on probation, or fit again.
    VenueFitness(VenueFitness),
    /// To whoever watches: what the planner chose.
    Planned(PlanView),
    /// To whoever watches: a slice was sent.
    Sliced(SliceView),
    /// To whoever watches: an order's schedule stands still.
    SchedulePaused {
        /// The order.
        order: OrderId,
        /// Why.
        why: SliceWhy,
    },
    /// To whoever watches: an order's schedule goes on.
    ScheduleResumed {
        /// The order.
        order: OrderId,
        /// How long it stood still.
        after: Nanos,
    },
    /// To whoever watches: a venue's feed lost something, and its prices are not believed.
    FeedGapped(FeedGap),
    /// To whoever watches: a venue's price of an instrument is whole again, and believed.
    FeedRestored {
        /// Whose.
        venue: VenueId,
        /// Of what.
        instrument: InstrumentId,
        /// How long it was not believed.
        after: Nanos,
    },
}

const _: () = assert!(
    size_of::<Event>() <= RECORD_LEN_MAX,
    "as long as the longest record"
);
