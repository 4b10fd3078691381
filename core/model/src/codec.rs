//! The one binary form of commands and events, for the journal, digests and wires.
//!
//! # Layout
//! A record is a kind and a body. A body is its fields in the order of the tables below, little
//! endian, without padding; its length follows from its kind. Prices and quantities are units of
//! 10⁻⁸ in 8 bytes, notionals units of 10⁻¹⁶ in 16, texts padded with NUL. Golden bytes are in
//! `tests/golden.rs`; a change of any body is a new kind.

use zerocopy::little_endian::{I32, I64, I128, U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::text::Text;
use crate::{
    Account, AccountId, Algo, AlgoOrder, AlgoTerms, CancelRejected, CancelRequest, ChildCancel,
    ChildId, ChildOrder, ChildQuery, ClOrdId, Command, Configure, CxlRejReason, CxlRejResponseTo,
    Event, EventRef, ExecId, ExecType, FactorMapping, FeedGap, Ignored, Instrument, InstrumentId,
    Leg, Level, Limit, LimitChange, LimitDecision, LimitPx, LimitSource, LimitView, ListId,
    MarketFacts, MarketTrade, MassCancelRequest, MassCanceled, MassScope, MassStatusRequest, Nanos,
    NewOrder, Notional, OnNoVenue, OnOrphan, Operator, OperatorCancel, OrdRejReason, OrdStatus,
    OrdType, OrderDecision, OrderFlags, OrderId, OrderView, Origin, Orphan, OrphanCancel, OwnerId,
    PROFILE_PART, PauseFlags, Peg, Permission, PermittedMeans, Phase, PlanView, PlanWhy, Price,
    ProfileWeights, ProposalId, Qty, Quote, RECORD_LEN_MAX, Refusal, ReplaceRequest, RequestId,
    RestatementReason, ScenarioReturn, Scope, SelfTrade, Seq, SessionId, SessionLink,
    SessionPolicy, SetProfile, Side, SliceView, SliceWhy, StateCause, StateChange, StatusRequest,
    StrategyId, TimeInForce, TradingHours, TradingState, UnixNanos, Venue, VenueCancelReject,
    VenueFeatures, VenueId, VenueReport, VenueSet,
};
use crate::{
    Fitness, RewardCause, RouteDecision, RouteFlags, RouteReward, Routing, RoutingPolicy,
    RoutingRules, Score, VENUES_MAX, VenueFitness,
};

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// No such kind in this version.
    #[error("unknown record kind {kind}")]
    Kind {
        /// The kind found.
        kind: u16,
    },
    /// The body is not as long as its kind says.
    #[error("record of kind {kind} is {len} bytes long, expected {expected}")]
    Length {
        /// The kind.
        kind: u16,
        /// Bytes found.
        len: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// A field holds a value outside its enumeration or a text that is not printable.
    #[error("record of kind {kind}: illegal value of {field}")]
    Value {
        /// The kind.
        kind: u16,
        /// The type of the field.
        field: &'static str,
    },
}

/// How one field stands in a record.
trait Field: Copy {
    /// Its bytes: little endian, alignment 1.
    type Wire: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy;
    fn put(self) -> Self::Wire;
    fn take(wire: Self::Wire) -> Option<Self>;
}

macro_rules! fields {
    ($($ty:ty => $wire:ty, |$value:ident| $put:expr, |$bytes:ident| $take:expr;)+) => {$(
        impl Field for $ty {
            type Wire = $wire;
            fn put(self) -> $wire { let $value = self; $put }
            fn take($bytes: $wire) -> Option<Self> { $take }
        }
    )+};
}

fields! {
    u8 => u8, |v| v, |w| Some(w);
    u16 => U16, |v| v.into(), |w| Some(w.get());
    u32 => U32, |v| v.into(), |w| Some(w.get());
    u64 => U64, |v| v.into(), |w| Some(w.get());
    i128 => I128, |v| v.into(), |w| Some(w.get());
    i32 => I32, |v| v.into(), |w| Some(w.get());
    bool => u8, |v| u8::from(v), |w| match w { 0 => Some(false), 1 => Some(true), _ => None };
    Price => I64, |v| v.units().into(), |w| Some(Self::from_units(w.get()));
    LimitPx => I64, |v| v.to_bits().into(), |w| Some(Self::from_bits(w.get()));
    Qty => U64, |v| v.units().into(), |w| Some(Self::from_units(w.get()));
    Notional => I128, |v| v.units().into(), |w| Some(Self::from_units(w.get()));
    Nanos => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    UnixNanos => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    OrderId => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    ChildId => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    Seq => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    ListId => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    RequestId => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    ProposalId => U64, |v| v.get().into(), |w| Some(Self::new(w.get()));
    StrategyId => U16, |v| v.get().into(), |w| Some(Self::new(w.get()));
    OwnerId => U32, |v| v.get().into(), |w| Some(Self::new(w.get()));
    OrderFlags => U16, |v| v.bits().into(), |w| Self::from_bits(w.get());
    VenueFeatures => U16, |v| v.bits().into(), |w| Self::from_bits(w.get());
    Peg => u8, |v| v as u8, |w| Self::from_byte(w);
    Leg => u8, |v| v as u8, |w| Self::from_byte(w);
    Origin => u8, |v| v as u8, |w| Self::from_byte(w);
    Limit => u8, |v| v as u8, |w| Self::from_byte(w);
    LimitSource => u8, |v| v as u8, |w| Self::from_byte(w);
    TradingState => u8, |v| v as u8, |w| Self::from_byte(w);
    StateCause => u8, |v| v as u8, |w| Self::from_byte(w);
    Phase => u8, |v| v as u8, |w| Self::from_byte(w);
    SelfTrade => u8, |v| v as u8, |w| Self::from_byte(w);
    MassScope => u8, |v| v.wire(), |w| Self::from_wire(w);
    RestatementReason => u8, |v| v.wire(), |w| Self::from_wire(w);
    OnOrphan => u8, |v| v as u8, |w| match w {
        0 => Some(Self::Report),
        1 => Some(Self::Adopt),
        2 => Some(Self::Cancel),
        _ => None,
    };
    SessionLink => u8, |v| v as u8, |w| match w {
        0 => Some(Self::Up),
        1 => Some(Self::LoggedOut),
        2 => Some(Self::Disconnected),
        _ => None,
    };
    InstrumentId => U32, |v| v.get().into(), |w| Some(Self::new(w.get()));
    AccountId => U32, |v| v.get().into(), |w| Some(Self::new(w.get()));
    SessionId => U16, |v| v.get().into(), |w| Some(Self::new(w.get()));
    VenueId => u8, |v| v.get(), |w| Some(Self::new(w));
    VenueSet => U64, |v| v.bits().into(), |w| Some(Self::from_bits(w.get()));
    Side => u8, |v| v.wire(), |w| Self::from_wire(w);
    OrdType => u8, |v| v.wire(), |w| Self::from_wire(w);
    TimeInForce => u8, |v| v.wire(), |w| Self::from_wire(w);
    OrdStatus => u8, |v| v.wire(), |w| Self::from_wire(w);
    ExecType => u8, |v| v.wire(), |w| Self::from_wire(w);
    CxlRejResponseTo => u8, |v| v.wire(), |w| Self::from_wire(w);
    // A record holds what was written: no catch-all for a number that stands for nothing.
    CxlRejReason => u8, |v| v as u8,
        |w| Some(Self::from_number(w.into())).filter(|v| *v as u8 == w);
    OrdRejReason => u8, |v| v as u8,
        |w| Some(Self::from_number(w.into())).filter(|v| *v as u8 == w);
    Algo => u8, |v| v as u8, |w| Self::from_byte(w);
    PlanWhy => u8, |v| v as u8, |w| Self::from_byte(w);
    SliceWhy => u8, |v| v as u8, |w| Self::from_byte(w);
    PauseFlags => u8, |v| v.bits(), |w| Self::from_bits(w);
    ProfileWeights => [U16; PROFILE_PART], |v| v.0.map(U16::from), |w| Some(Self(w.map(U16::get)));
    Ignored => u8, |v| v as u8, |w| Self::from_byte(w);
    RoutingPolicy => u8, |v| v as u8, |w| Self::from_byte(w);
    RouteFlags => u8, |v| v.bits(), |w| Self::from_bits(w);
    RewardCause => u8, |v| v as u8, |w| Self::from_byte(w);
    Fitness => u8, |v| v as u8, |w| Self::from_byte(w);
    Score => U32, |v| v.bits().into(), |w| Self::from_bits(w.get());
    OnNoVenue => u8, |v| v as u8, |w| match w {
        0 => Some(Self::Hold),
        1 => Some(Self::Reject),
        _ => None,
    };
}

impl Field for [Score; VENUES_MAX] {
    type Wire = [U32; VENUES_MAX];
    fn put(self) -> Self::Wire {
        self.map(|score| score.bits().into())
    }
    fn take(wire: Self::Wire) -> Option<Self> {
        let mut scores = [Score::default(); VENUES_MAX];
        for (score, bits) in scores.iter_mut().zip(wire) {
            *score = Score::from_bits(bits.get())?;
        }
        Some(scores)
    }
}

impl<const N: usize> Field for Text<N> {
    type Wire = [u8; N];
    fn put(self) -> [u8; N] {
        self.to_padded()
    }
    fn take(wire: [u8; N]) -> Option<Self> {
        Self::from_padded(wire).ok()
    }
}

/// Code and numbers of a refusal.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RefusalWire {
    code: U16,
    numbers: [U64; 3],
}

impl Field for Refusal {
    type Wire = RefusalWire;
    fn put(self) -> RefusalWire {
        let (code, numbers) = self.to_parts();
        RefusalWire {
            code: code.into(),
            numbers: numbers.map(U64::from),
        }
    }
    fn take(wire: RefusalWire) -> Option<Self> {
        let parts = (wire.code.get(), wire.numbers.map(U64::get));
        Self::from_parts(parts.0, parts.1).filter(|refusal| refusal.to_parts() == parts)
    }
}

/// A level and a number on it.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct ScopeWire {
    level: u8,
    number: U32,
}

impl Field for Scope {
    type Wire = ScopeWire;
    fn put(self) -> ScopeWire {
        ScopeWire {
            level: self.level() as u8,
            number: self.number().into(),
        }
    }
    fn take(wire: ScopeWire) -> Option<Self> {
        Self::of(Level::from_byte(wire.level)?, wire.number.get())
    }
}

/// Something that may be absent: a byte that says so, and zeros in its place.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct OptionWire<W> {
    there: u8,
    value: W,
}

impl<F: Field> Field for Option<F>
where
    OptionWire<F::Wire>: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy,
{
    type Wire = OptionWire<F::Wire>;
    fn put(self) -> Self::Wire {
        OptionWire {
            there: u8::from(self.is_some()),
            value: self.map_or_else(F::Wire::new_zeroed, F::put),
        }
    }
    fn take(wire: Self::Wire) -> Option<Self> {
        match wire.there {
            0 => wire
                .value
                .as_bytes()
                .iter()
                .all(|byte| *byte == 0)
                .then_some(None),
            1 => F::take(wire.value).map(Some),
            _ => None,
        }
    }
}

/// The body of one record: written from and read as the fields `Self::Fields`.
trait Body: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Sized {
    fn read(kind: u16, bytes: &[u8]) -> Result<&Self, RecordFault> {
        Self::ref_from_bytes(bytes).map_err(|_| RecordFault::Length {
            kind,
            len: bytes.len(),
            expected: size_of::<Self>(),
        })
    }
}

macro_rules! field {
    ($kind:expr, $ty:ty, $wire:expr) => {
        <$ty as Field>::take($wire).ok_or(RecordFault::Value {
            kind: $kind,
            field: stringify!($ty),
        })?
    };
}

/// A wire struct for a model struct, field by field, usable as a [`Field`] of larger records.
macro_rules! wire_struct {
    ($($wire:ident for $model:ty { $($name:ident: $ty:ty,)+ })+) => {$(
        #[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        struct $wire { $($name: <$ty as Field>::Wire,)+ }

        impl Body for $wire {}
        const _: () = assert!(size_of::<$wire>() <= RECORD_LEN_MAX);

        impl Field for $model {
            type Wire = $wire;
            fn put(self) -> $wire { $wire { $($name: self.$name.put(),)+ } }
            fn take(wire: $wire) -> Option<Self> {
                Some(Self { $($name: <$ty as Field>::take(wire.$name)?,)+ })
            }
        }
    )+};
}

wire_struct! {
    NewOrderWire for NewOrder {
        session: SessionId, account: AccountId, cl_ord_id: ClOrdId, instrument: InstrumentId,
        side: Side, ord_type: OrdType, time_in_force: TimeInForce, algo: Algo, order_qty: Qty,
        limit_px: LimitPx, start: UnixNanos, end: UnixNanos, slices: u16, transact_time: UnixNanos,
        strategy: StrategyId, origin: Origin, flags: OrderFlags, stop_px: LimitPx, peg: Peg,
        peg_offset: Price, display_qty: Qty, min_qty: Qty, list: ListId, leg: Leg, list_total: u8,
    }
    AlgoTermsWire for AlgoTerms {
        participation_ppm: u32, interval_ms: u32, jitter_bps: u16, vary_bps: u16, urgency: u16,
        spread_max_ticks: u16, catch_up: u16, min_clip: Qty, take_px: LimitPx, pause: PauseFlags,
    }
    AlgoOrderWire for AlgoOrder {
        session: SessionId, account: AccountId, cl_ord_id: ClOrdId, instrument: InstrumentId,
        side: Side, ord_type: OrdType, time_in_force: TimeInForce, algo: Algo, order_qty: Qty,
        limit_px: LimitPx, start: UnixNanos, end: UnixNanos, slices: u16, transact_time: UnixNanos,
        strategy: StrategyId, origin: Origin, flags: OrderFlags, peg: Peg, peg_offset: Price,
        display_qty: Qty, terms: AlgoTerms,
    }
    SetProfileWire for SetProfile { instrument: InstrumentId, part: u8, weights: ProfileWeights, }
    MarketFactsWire for MarketFacts {
        instrument: InstrumentId, day_qty: Qty, volatility_ppm: u32, impact_ppm: u32,
        half_spread_ppm: u32,
    }
    PlanViewWire for PlanView {
        order: OrderId, algo: Algo, why: PlanWhy, slices: u16, start: UnixNanos, end: UnixNanos,
        cost_ppm: u32, at_once_ppm: u32, even_ppm: u32,
    }
    SliceViewWire for SliceView {
        order: OrderId, algo: Algo, why: SliceWhy, ix: u16, of: u16, qty: Qty, target: Qty,
        seen: Qty,
    }
    MassCancelRequestWire for MassCancelRequest {
        session: SessionId, cl_ord_id: ClOrdId, scope: MassScope, instrument: InstrumentId,
    }
    MassStatusRequestWire for MassStatusRequest {
        session: SessionId, request: ClOrdId, scope: MassScope, instrument: InstrumentId,
    }
    MarketTradeWire for MarketTrade {
        venue: VenueId, instrument: InstrumentId, px: Price, qty: Qty, trade_time: UnixNanos,
    }
    OrphanWire for Orphan {
        venue: VenueId, cl_ord_id: ClOrdId, instrument: InstrumentId, side: Side,
        ord_type: OrdType, time_in_force: TimeInForce, order_qty: Qty, limit_px: LimitPx,
        cum_qty: Qty, avg_px: Price,
    }
    SessionPolicyWire for SessionPolicy {
        session: SessionId, cancel_on_disconnect: bool, cancel_on_logout: bool,
    }
    LimitChangeWire for LimitChange {
        scope: Scope, limit: Limit, value: Option<i128>, source: LimitSource,
        request: RequestId, by: Operator,
    }
    LimitDecisionWire for LimitDecision {
        proposal: ProposalId, approve: bool, request: RequestId, by: Operator,
    }
    StateChangeWire for StateChange {
        scope: Scope, state: TradingState, request: RequestId, by: Operator,
    }
    PermissionWire for Permission {
        scope: Scope, instrument: Option<InstrumentId>, allowed: bool, request: RequestId,
        by: Operator,
    }
    PermittedMeansWire for PermittedMeans {
        scope: Scope, venues: VenueSet, algos: u16, request: RequestId, by: Operator,
    }
    OrderDecisionWire for OrderDecision {
        order: OrderId, approve: bool, request: RequestId, by: Operator,
    }
    OperatorCancelWire for OperatorCancel {
        order: OrderId, scope: Scope, request: RequestId, by: Operator,
    }
    AccountWire for Account { id: AccountId, owner: OwnerId, self_trade: SelfTrade, }
    TradingHoursWire for TradingHours {
        instrument: InstrumentId, open_s: u32, close_s: u32, weekdays: u8, close_lead: Nanos,
    }
    FactorMappingWire for FactorMapping { instrument: InstrumentId, factor: u8, beta_ppm: i32, }
    ScenarioReturnWire for ScenarioReturn { scenario: u16, factor: u8, return_ppm: i32, }
    CancelRequestWire for CancelRequest {
        session: SessionId, cl_ord_id: ClOrdId, orig_cl_ord_id: ClOrdId, transact_time: UnixNanos,
    }
    ReplaceRequestWire for ReplaceRequest {
        session: SessionId, cl_ord_id: ClOrdId, orig_cl_ord_id: ClOrdId, instrument: InstrumentId,
        side: Side, ord_type: OrdType, time_in_force: TimeInForce, order_qty: Qty,
        limit_px: LimitPx, stop_px: LimitPx, display_qty: Qty, transact_time: UnixNanos,
    }
    StatusRequestWire for StatusRequest {
        session: SessionId, cl_ord_id: ClOrdId, instrument: InstrumentId, side: Side,
    }
    QuoteWire for Quote {
        venue: VenueId, instrument: InstrumentId, bid_px: LimitPx, bid_qty: Qty, ask_px: LimitPx,
        ask_qty: Qty, quote_time: UnixNanos,
    }
    FeedGapWire for FeedGap {
        venue: VenueId, instrument: Option<InstrumentId>, expected: u64, found: u64,
    }
    VenueReportWire for VenueReport {
        venue: VenueId, child: ChildId, exec_id: ExecId, exec_type: ExecType,
        ord_status: OrdStatus, ord_rej_reason: OrdRejReason, last_qty: Qty, last_px: Price,
        cum_qty: Qty, leaves_qty: Qty, avg_px: Price, exec_ref_id: ExecId,
        transact_time: UnixNanos,
    }
    VenueCancelRejectWire for VenueCancelReject {
        venue: VenueId, child: ChildId, request: ChildId, cxl_rej_reason: CxlRejReason,
        ord_status: OrdStatus,
    }
    OperatorWire for Operator { author: crate::Author, reason: crate::Reason, }
    ConfigureWire for Configure {
        seed: u64, orders_open_max: u32, ids_kept_max: u32, on_no_venue: OnNoVenue,
        route_attempts_max: u8, discount_ppm: u32, prior_sd_centi_bps: u32, positions_max: u32,
        day_start_s: u32, answer_timeout: Nanos, queries_max: u8, reconcile_interval: Nanos,
        on_orphan: OnOrphan, house_session: SessionId, house_account: AccountId,
        reprice_interval: Nanos,
    }
    InstrumentWire for Instrument {
        id: InstrumentId, symbol: crate::Symbol, tick: Price, lot: Qty, prev_close: LimitPx,
        venues: VenueSet, multiplier: Price,
    }
    VenueWire for Venue {
        id: VenueId, name: crate::VenueName, fee_centi_bps: i32, features: VenueFeatures,
    }
    RoutingWire for Routing {
        instrument: Option<InstrumentId>, policy: RoutingPolicy, discount_ppm: u32,
        prior_sd_centi_bps: u32, explore_ppm: u32, width_milli: u32, window: u16, share_ppm: u32,
        range_centi_bps: u32, venue: VenueId, split_unit: Qty,
    }
    RoutingRulesWire for RoutingRules {
        events: bool, budget_ppm: u32, eject_rejects: u8, eject_window: Nanos, eject_for: Nanos,
        trial_children: u8, markout: Nanos, reward_timeout: Nanos, slippage_milli: u32,
        fee_milli: u32, markout_milli: u32, reject_centi_bps: u32, unfilled_centi_bps: u32,
        ack_centi_bps_per_s: u32,
    }
    RouteDecisionWire for RouteDecision {
        child: ChildId, number: u32, candidates: u16, context: u16, policy: RoutingPolicy,
        venue: VenueId, flags: RouteFlags, explore_ppm: u32, scores: [Score; VENUES_MAX],
        spreads: [Score; VENUES_MAX],
    }
    RouteRewardWire for RouteReward {
        child: ChildId, instrument: InstrumentId, venue: VenueId, number: u32, cause: RewardCause,
        reward: Score, filled: Score, slippage: Option<Score>, markout: Option<Score>, fee: Score,
        ack: Option<Nanos>, rejected: bool,
    }
    VenueFitnessWire for VenueFitness {
        venue: VenueId, fitness: Fitness, rejects: u8, until: UnixNanos,
    }
    OrderViewWire for OrderView {
        order: OrderId, cl_ord_id: ClOrdId, session: SessionId, instrument: InstrumentId,
        side: Side, ord_type: OrdType, time_in_force: TimeInForce, ord_status: OrdStatus,
        order_qty: Qty, limit_px: LimitPx, cum_qty: Qty, avg_px: Price, stop_px: LimitPx,
        flags: OrderFlags,
    }
    EventRefWire for EventRef { seq: Seq, ix: u16, }
    ChildQueryWire for ChildQuery {
        child: ChildId, venue: VenueId, instrument: InstrumentId, side: Side,
    }
    OrphanCancelWire for OrphanCancel {
        venue: VenueId, cl_ord_id: ClOrdId, request: ChildId, instrument: InstrumentId, side: Side,
        order_qty: Qty,
    }
    MassCanceledWire for MassCanceled {
        session: SessionId, cl_ord_id: ClOrdId, scope: MassScope, instrument: InstrumentId,
        affected: u32, refusal: Option<Refusal>,
    }
    LimitViewWire for LimitView {
        scope: Scope, limit: Limit, before: Option<i128>, after: Option<i128>, request: RequestId,
        proposal: ProposalId,
    }
    ChildOrderWire for ChildOrder {
        child: ChildId, order: OrderId, venue: VenueId, instrument: InstrumentId, side: Side,
        ord_type: OrdType, time_in_force: TimeInForce, order_qty: Qty, limit_px: LimitPx,
        display_qty: Qty, min_qty: Qty, flags: OrderFlags,
    }
    ChildCancelWire for ChildCancel {
        child: ChildId, request: ChildId, venue: VenueId, instrument: InstrumentId, side: Side,
        order_qty: Qty,
    }
    CancelRejectedWire for CancelRejected {
        session: SessionId, order: OrderId, cl_ord_id: ClOrdId, orig_cl_ord_id: ClOrdId,
        ord_status: OrdStatus, response_to: CxlRejResponseTo, cxl_rej_reason: CxlRejReason,
        refusal: Refusal,
    }
}

/// Records, each a kind and a list of fields. `Name { a, b }` is a struct-like variant; `Name(x)`
/// holds one model struct; `Name` alone has an empty body.
macro_rules! records {
    ($enum:ident, $encode:ident, $decode:ident {
        $($kind:literal $variant:ident $(($inner:ty))? $({ $($name:ident: $ty:ty),+ })?;)+
    }) => {
        fn $encode(value: &$enum) -> Record {
            match *value {
                $(records!(@pattern $enum $variant $(($inner) body)? $({ $($name),+ })?) => {
                    records!(@put $kind $(($inner) body)? $({ $($name: $ty),+ })?)
                })+
            }
        }

        fn $decode(kind: u16, body: &[u8]) -> Result<$enum, RecordFault> {
            match kind {
                $($kind => { records!(@take $enum $variant kind body $(($inner))? $({ $($name: $ty),+ })?) })+
                _ => Err(RecordFault::Kind { kind }),
            }
        }
    };
    (@pattern $enum:ident $variant:ident) => { $enum::$variant };
    (@pattern $enum:ident $variant:ident ($inner:ty) $body:ident) => { $enum::$variant($body) };
    (@pattern $enum:ident $variant:ident { $($name:ident),+ }) => { $enum::$variant { $($name),+ } };
    (@put $kind:literal) => { Record::new($kind, &[]) };
    (@put $kind:literal ($inner:ty) $body:ident) => { Record::new($kind, $body.put().as_bytes()) };
    (@put $kind:literal { $($name:ident: $ty:ty),+ }) => {{
        #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        struct Wire { $($name: <$ty as Field>::Wire),+ }
        const _: () = assert!(size_of::<Wire>() <= RECORD_LEN_MAX);
        Record::new($kind, Wire { $($name: $name.put()),+ }.as_bytes())
    }};
    (@take $enum:ident $variant:ident $k:ident $b:ident) => {
        if $b.is_empty() {
            Ok($enum::$variant)
        } else {
            Err(RecordFault::Length { kind: $k, len: $b.len(), expected: 0 })
        }
    };
    (@take $enum:ident $variant:ident $k:ident $b:ident ($inner:ty)) => {
        Ok($enum::$variant(field!($k, $inner, *<$inner as Field>::Wire::read($k, $b)?)))
    };
    (@take $enum:ident $variant:ident $k:ident $b:ident { $($name:ident: $ty:ty),+ }) => {{
        #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        struct Wire { $($name: <$ty as Field>::Wire),+ }
        impl Body for Wire {}
        let wire = Wire::read($k, $b)?;
        Ok($enum::$variant { $($name: field!($k, $ty, wire.$name)),+ })
    }};
}

records! { Command, encode_command, decode_command {
    1 NewOrder(NewOrder);
    2 Cancel(CancelRequest);
    3 Replace(ReplaceRequest);
    4 Status(StatusRequest);
    5 Quote(Quote);
    7 VenueCancelReject(VenueCancelReject);
    8 VenueState { venue: VenueId, up: bool };
    9 SessionState { session: SessionId, link: SessionLink };
    10 Wake;
    13 Checkpoint;
    14 Configure(Configure);
    15 DefineInstrument(Instrument);
    16 DefineVenue(Venue);
    19 SetLimit(LimitChange);
    20 DecideLimit(LimitDecision);
    21 SetState(StateChange);
    22 SetPermission(Permission);
    23 SetMeans(PermittedMeans);
    24 DecideOrder(OrderDecision);
    25 OperatorCancel(OperatorCancel);
    26 MassCancel(MassCancelRequest);
    27 MassStatus(MassStatusRequest);
    28 MarketTrade(MarketTrade);
    29 VenuePhase { venue: VenueId, instrument: InstrumentId, phase: Phase };
    30 Orphan(Orphan);
    31 VenueMassStatusDone { venue: VenueId, request: ChildId };
    32 DefineAccount(Account);
    33 DefineHours(TradingHours);
    34 SetSessionPolicy(SessionPolicy);
    35 MapFactor(FactorMapping);
    36 SetScenario(ScenarioReturn);
    37 OrdersOutRefused { child: ChildId };
    38 VenueReport(VenueReport);
    40 SetRouting(Routing);
    41 SetRoutingRules(RoutingRules);
    50 AlgoOrder(AlgoOrder);
    51 SetProfile(SetProfile);
    52 SetMarketFacts(MarketFacts);
    53 FeedGap(FeedGap);
} }

records! { Event, encode_event, decode_event {
    1001 Accepted { view: OrderView, held: bool };
    1002 Rejected { view: OrderView, refusal: Refusal };
    1003 Trade { view: OrderView, child: ChildId, venue: VenueId, last_qty: Qty, last_px: Price };
    1004 PendingCancel { view: OrderView, orig_cl_ord_id: ClOrdId };
    1005 Canceled { view: OrderView, orig_cl_ord_id: ClOrdId };
    1006 PendingReplace { view: OrderView, orig_cl_ord_id: ClOrdId };
    1007 Replaced { view: OrderView, orig_cl_ord_id: ClOrdId };
    1008 Expired { view: OrderView };
    1009 Status { view: OrderView };
    1010 CancelRejected(CancelRejected);
    1011 ChildSent(ChildOrder);
    1012 ChildCancel(ChildCancel);
    1013 Ignored { cause: Ignored, venue: VenueId, child: ChildId, exec_id: ExecId };
    1016 Digest { state: u64 };
    1017 PendingNew { view: OrderView };
    1018 Triggered { view: OrderView };
    1019 Restated { view: OrderView, reason: RestatementReason };
    1020 TradeCanceled { view: OrderView, trade: EventRef, last_qty: Qty, last_px: Price, venue: VenueId };
    1021 TradeCorrected { view: OrderView, trade: EventRef, last_qty: Qty, last_px: Price, venue: VenueId };
    1022 MassCanceled(MassCanceled);
    1023 MassStatus { view: OrderView, request: ClOrdId, total: u32, last: bool };
    1024 ChildQuery(ChildQuery);
    1025 VenueMassStatus { venue: VenueId, request: ChildId };
    1026 OrphanCancel(OrphanCancel);
    1027 ChildUnknown { child: ChildId, order: OrderId, venue: VenueId };
    1028 VenueReconciled { venue: VenueId, working: u32, unknown: u32, orphans: u32 };
    1029 VenueUnconfirmed { venue: VenueId, children: u32 };
    1030 LimitSet(LimitView);
    1031 LimitProposed(LimitView);
    1032 LimitDropped(LimitView);
    1033 LimitNear { scope: Scope, limit: Limit, value: i128, max: i128 };
    1034 StateSet { scope: Scope, state: TradingState, cause: StateCause, request: RequestId };
    1035 OperatorDone { request: RequestId, orders: u32 };
    1036 OperatorRefused { request: RequestId, refusal: Refusal };
    1040 Routed(RouteDecision);
    1041 Rewarded(RouteReward);
    1042 VenueFitness(VenueFitness);
    1060 Planned(PlanView);
    1061 Sliced(SliceView);
    1062 SchedulePaused { order: OrderId, why: SliceWhy };
    1063 ScheduleResumed { order: OrderId, after: Nanos };
    1064 FeedGapped(FeedGap);
    1065 FeedRestored { venue: VenueId, instrument: InstrumentId, after: Nanos };
} }

/// A command or an event as bytes.
///
/// ```
/// use dcx_model::{Command, Record, VenueId};
/// let command = Command::VenueState { venue: VenueId::new(2), up: true };
/// let record = Record::of_command(&command);
/// assert_eq!((record.kind(), record.body()), (8, [2, 1].as_slice()));
/// assert_eq!(Record::command(8, &[2, 1]), Ok(command));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Record {
    kind: u16,
    len: u8,
    bytes: [u8; RECORD_LEN_MAX],
}

impl Record {
    /// The record of `command`.
    #[must_use]
    pub fn of_command(command: &Command) -> Self {
        encode_command(command)
    }

    /// The record of `event`.
    #[must_use]
    pub fn of_event(event: &Event) -> Self {
        encode_event(event)
    }

    /// Reads a command.
    ///
    /// # Errors
    /// [`RecordFault`] for an unknown kind, a wrong length or an illegal value.
    pub fn command(kind: u16, body: &[u8]) -> Result<Command, RecordFault> {
        decode_command(kind, body)
    }

    /// Reads an event.
    ///
    /// # Errors
    /// [`RecordFault`] for an unknown kind, a wrong length or an illegal value.
    pub fn event(kind: u16, body: &[u8]) -> Result<Event, RecordFault> {
        decode_event(kind, body)
    }

    /// What it is a record of: 1 to 999 a command, from 1001 an event.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        self.kind
    }

    /// Its fields as bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "every wire struct is asserted to fit RECORD_LEN_MAX"
    )]
    fn new(kind: u16, body: &[u8]) -> Self {
        let mut bytes = [0; RECORD_LEN_MAX];
        if let Some(head) = bytes.get_mut(..body.len()) {
            head.copy_from_slice(body);
        }
        Self {
            kind,
            len: body.len() as u8,
            bytes,
        }
    }
}

const _: () = assert!(RECORD_LEN_MAX <= u8::MAX as usize);
