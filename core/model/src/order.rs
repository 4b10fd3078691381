//! What clients ask for and what they are told about it.

use crate::{
    AccountId, Algo, ClOrdId, InstrumentId, LimitPx, ListId, MassScope, Notional, OrdStatus,
    OrdType, OrderId, Price, Qty, SessionId, Side, StrategyId, TimeInForce, UnixNanos,
};

flags! {
    /// What an order asks for besides price and quantity.
    OrderFlags(u16) {
        /// Never takes: refused where it would trade at once. `ExecInst` (18) 6.
        POST_ONLY = 1;
        /// Never makes the position larger or turns it. `ExecInst` (18) E, do not increase.
        REDUCE_ONLY = 2;
        /// All of the quantity or nothing of it. `ExecInst` (18) G.
        ALL_OR_NONE = 4;
        /// A short sale, `Side` (54) 5.
        SHORT_SALE = 8;
        /// The short sale's securities are located, `LocateReqd` (114) N.
        LOCATED = 16;
        /// The sender knows that an order like this one was sent before, `PossResend` (97) Y: it
        /// is meant.
        REPEAT_MEANT = 32;
        /// The client named a strategy of its own with the order.
        STRATEGY_NAMED = 64;
    }
}

byte_enum! {
    /// What a pegged order's price follows, `ExecInst` (18). The offset is added to it; a buy's
    /// limit and a sell's are never passed.
    Peg {
        /// Nothing.
        None = 0,
        /// The best price of its own side (R, primary peg).
        Primary = 1,
        /// The best price of the other side (P, market peg).
        Market = 2,
        /// The middle between both (M).
        Mid = 3,
        /// The stop follows the market at the offset's distance, and never goes back (a, trailing
        /// stop peg).
        TrailingStop = 4,
    }
}

byte_enum! {
    /// An order's part in a list of linked orders, `ContingencyType` (1385).
    Leg {
        /// In no list.
        None = 0,
        /// One cancels the other: the first fill of a leg cancels the others (1).
        OneCancelsOther = 1,
        /// One triggers the other: this is the one that triggers (2).
        Trigger = 2,
        /// Triggered when the trigger is filled. Among each other, the triggered are updated: a
        /// fill of one reduces the others by as much (3). With two of them this is a bracket.
        Triggered = 3,
    }
}

byte_enum! {
    /// Where an order came from. Every one passes the same gates.
    Origin {
        /// A client's session.
        Client = 0,
        /// A hedge that the hedger asked for.
        Hedge = 1,
        /// A person, by hand.
        Manual = 2,
        /// Found at a venue and adopted.
        Adopted = 3,
    }
}

/// A client's order, FIX NewOrderSingle (D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The session it came in by.
    pub session: SessionId,
    /// Whose position it changes.
    pub account: AccountId,
    /// The client's name for it, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// What to trade, `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// How to work it.
    pub algo: Algo,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44); none for a market order.
    pub limit_px: LimitPx,
    /// When the first slice is due; `UnixNanos::ZERO` for at once. `EffectiveTime` (168).
    pub start: UnixNanos,
    /// When the order must be done: of TWAP and of good till date. `ExpireTime` (126).
    pub end: UnixNanos,
    /// How many slices a schedule makes; 0 where it has none, or to leave it to the algorithm.
    pub slices: u16,
    /// The client's own time of the order, `TransactTime` (60).
    pub transact_time: UnixNanos,
    /// Whose strategy it is.
    pub strategy: StrategyId,
    /// Where it came from.
    pub origin: Origin,
    /// What it asks for besides.
    pub flags: OrderFlags,
    /// The price that wakes it, `StopPx` (99); none for an order that works at once.
    pub stop_px: LimitPx,
    /// What its price or its stop follows.
    pub peg: Peg,
    /// Distance from what it follows, `PegOffsetValue` (211), in price units.
    pub peg_offset: Price,
    /// Shown at a time, `MaxFloor` (111); zero for all.
    pub display_qty: Qty,
    /// The least that one fill at a venue may be, `MinQty` (110); zero for any.
    pub min_qty: Qty,
    /// The list that it belongs to.
    pub list: ListId,
    /// Its part in the list.
    pub leg: Leg,
    /// Orders in the list, `TotNoOrders` (68); none of them works before all are accepted.
    pub list_total: u8,
}

impl NewOrder {
    /// An order of nothing that asks for nothing: the base of those that need few words.
    pub const PLAIN: Self = Self {
        session: SessionId::new(0),
        account: AccountId::new(0),
        cl_ord_id: ClOrdId::EMPTY,
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        algo: Algo::AtOnce,
        order_qty: Qty::ZERO,
        limit_px: LimitPx::NONE,
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        transact_time: UnixNanos::ZERO,
        strategy: StrategyId::new(0),
        origin: Origin::Client,
        flags: OrderFlags::NONE,
        stop_px: LimitPx::NONE,
        peg: Peg::None,
        peg_offset: Price::ZERO,
        display_qty: Qty::ZERO,
        min_qty: Qty::ZERO,
        list: ListId::new(0),
        leg: Leg::None,
        list_total: 0,
    };
}

/// A client asks to cancel, FIX OrderCancelRequest (F).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The request's own name, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The order to cancel, `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `TransactTime` (60).
    pub transact_time: UnixNanos,
}

/// A client asks to change quantity or limit, FIX OrderCancelReplaceRequest (G).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplaceRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The order's name if the request is accepted, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// The order to change, `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// Must be the order's own.
    pub instrument: InstrumentId,
    /// Must be the order's own.
    pub side: Side,
    /// Must be the order's own.
    pub ord_type: OrdType,
    /// Must be the order's own.
    pub time_in_force: TimeInForce,
    /// The new total quantity, filled part included, `OrderQty` (38).
    pub order_qty: Qty,
    /// The new limit.
    pub limit_px: LimitPx,
    /// The new stop, of an order that still waits for its stop.
    pub stop_px: LimitPx,
    /// The new quantity shown at a time; zero for all.
    pub display_qty: Qty,
    /// `TransactTime` (60).
    pub transact_time: UnixNanos,
}

/// A client asks how an order stands, FIX OrderStatusRequest (H).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The order asked about, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// As the client believes it, for an answer about an unknown order.
    pub instrument: InstrumentId,
    /// As the client believes it, for an answer about an unknown order.
    pub side: Side,
}

/// A client asks to cancel all of its orders, or all in one instrument, FIX
/// OrderMassCancelRequest (q).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassCancelRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The request's own name, `ClOrdID` (11).
    pub cl_ord_id: ClOrdId,
    /// `MassCancelRequestType` (530).
    pub scope: MassScope,
    /// Which instrument, for [`MassScope::Security`].
    pub instrument: InstrumentId,
}

/// A client asks how all of its orders stand, FIX OrderMassStatusRequest (AF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassStatusRequest {
    /// The session it came in by.
    pub session: SessionId,
    /// The request's own name, `MassStatusReqID` (584).
    pub request: ClOrdId,
    /// `MassStatusReqType` (585).
    pub scope: MassScope,
    /// Which instrument, for [`MassScope::Security`].
    pub instrument: InstrumentId,
}

/// An order as its client sees it after an event: the common part of every ExecutionReport (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Our name for it, `OrderID` (37). Zero for an order that was refused.
    pub order: OrderId,
    /// `ClOrdID` (11): the name of the order, or of the request that the report answers.
    pub cl_ord_id: ClOrdId,
    /// The session that gets the report.
    pub session: SessionId,
    /// `Symbol` (55).
    pub instrument: InstrumentId,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: LimitPx,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `AvgPx` (6), to the nearest 10⁻⁸; zero before the first fill.
    pub avg_px: Price,
    /// `StopPx` (99); none for an order without one.
    pub stop_px: LimitPx,
    /// What it asked for besides, as `ExecInst` (18) and `Side` (54) say it.
    pub flags: OrderFlags,
}

impl OrderView {
    /// An order of nothing: the base of those that need few words.
    pub const EMPTY: Self = Self {
        order: OrderId::new(0),
        cl_ord_id: ClOrdId::EMPTY,
        session: SessionId::new(0),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        ord_status: OrdStatus::Rejected,
        order_qty: Qty::ZERO,
        limit_px: LimitPx::NONE,
        cum_qty: Qty::ZERO,
        avg_px: Price::ZERO,
        stop_px: LimitPx::NONE,
        flags: OrderFlags::NONE,
    };

    /// `LeavesQty` (151): what may still be filled. Nothing once the order is done.
    #[must_use]
    pub const fn leaves_qty(&self) -> Qty {
        if self.ord_status.is_terminal() {
            Qty::ZERO
        } else {
            self.order_qty.saturating_minus(self.cum_qty)
        }
    }

    /// `AvgPx` (6) of `cum_qty` that cost `cum_notional`.
    #[must_use]
    pub fn average(cum_notional: Notional, cum_qty: Qty) -> Price {
        cum_notional.average(cum_qty)
    }
}
