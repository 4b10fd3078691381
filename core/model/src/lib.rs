//! The nouns of dcx: exact money, three kinds of time, FIX names, commands and events.
//!
//! Everything here is plain data, `Copy` and at most 160 bytes. Numbers are exact or refused; a
//! text of the outside world is kept whole or refused. [`Record`] is the one binary form.
//!
//! ```
//! use dcx_model::{Notional, Price, Qty};
//! let px: Price = "1.1005".parse().unwrap();
//! let order_qty: Qty = "1000000".parse().unwrap();
//! assert_eq!(px.times(order_qty), Notional::whole(1_100_500));
//! ```
//!
//! Not here: what is done with any of it (`dcx-engine`), and how it travels (`dcx-ring`).

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::indexing_slicing
)]

#[macro_use]
mod flags;

mod algo;
mod audience;
mod catalogue;
mod codec;
mod command;
mod decimal;
mod digest;
mod envelope;
mod event;
mod feed;
mod fix;
mod ids;
mod instrument;
mod limit;
mod limits;
mod notional;
mod order;
mod price;
mod qty;
mod refusal;
mod routing;
mod text;
mod time;

pub use algo::{
    Algo, AlgoOrder, AlgoTerm, AlgoTerms, MarketFacts, PROFILE_BUCKETS, PROFILE_PART,
    ParameterFault, PauseFlags, PlanView, PlanWhy, ProfileWeights, SetProfile, SliceView, SliceWhy,
};
pub use audience::Audience;
pub use catalogue::Code;
pub use codec::{Record, RecordFault};
pub use command::{
    Command, Configure, MarketTrade, OnNoVenue, OnOrphan, OperatorCancel, OrderDecision, Orphan,
    Quote, SessionLink, SessionPolicy, VenueCancelReject, VenueReport,
};
pub use decimal::{DECIMAL_LEN_MAX, DecimalFault, write_units};
pub use digest::{EventDigest, hash};
pub use envelope::{Inbound, Outbound, Sequenced};
pub use event::{
    CancelRejected, ChildCancel, ChildOrder, ChildQuery, Event, EventRef, Ignored, LimitView,
    MassCanceled, OrphanCancel, StateCause,
};
pub use feed::{FeedGap, FeedSequence, FeedStep};
pub use fix::{
    CxlRejReason, CxlRejResponseTo, ExecType, MassScope, OrdRejReason, OrdStatus, OrdType,
    RestatementReason, Side, TimeInForce,
};
pub use ids::{
    AccountId, Author, ChildId, ClOrdId, ExecId, InstrumentId, ListId, OrderId, OwnerId,
    ParameterName, ProposalId, Reason, RequestId, Seq, SessionId, StrategyId, Symbol, VenueId,
    VenueName, VenueSet,
};
pub use instrument::{
    Account, FactorMapping, Instrument, Phase, ScenarioReturn, SelfTrade, TradingHours, Venue,
    VenueFeatures,
};
pub use limit::{
    InstrumentLimits, Level, Limit, LimitChange, LimitDecision, LimitSource, Looser, Operator,
    Permission, PermittedMeans, Scope, SessionLimits, StateChange, TradingState, Unit,
};
pub use limits::{
    ACCOUNTS_MAX, CHILDREN_WORKING_MAX, EVENTS_PER_COMMAND_MAX, FACTORS_MAX, INSTRUMENTS_MAX,
    LIST_ORDERS_MAX, OWNERS_MAX, PROFILES_MAX, PROPOSALS_MAX, RECORD_LEN_MAX, SCENARIOS_MAX,
    SCHEDULES_MAX, SESSIONS_MAX, SLICES_MAX, STRATEGIES_MAX, TIMERS_PER_WAKE_MAX, VENUES_MAX,
};
pub use notional::Notional;
pub use order::{
    CancelRequest, Leg, MassCancelRequest, MassStatusRequest, NewOrder, OrderFlags, OrderView,
    Origin, Peg, ReplaceRequest, StatusRequest,
};
pub use price::{LimitPx, Price, SCALE};
pub use qty::Qty;
pub use refusal::Refusal;
pub use routing::{
    Fitness, RewardCause, RouteDecision, RouteFlags, RouteReward, Routing, RoutingPolicy,
    RoutingRules, Score, VenueFitness,
};
pub use text::{Text, TextFault};
pub use time::{MonoNanos, NANOS_PER_S, Nanos, Now, UnixNanos};
