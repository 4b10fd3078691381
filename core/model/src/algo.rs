//! How a parent order is worked over time: algorithms, their parameters, and what they go by.

use crate::{
    AccountId, ClOrdId, InstrumentId, Leg, LimitPx, ListId, NewOrder, OrdType, OrderFlags, OrderId,
    Origin, Peg, Price, Qty, SessionId, Side, StrategyId, TimeInForce, UnixNanos,
};

byte_enum! {
    /// How a parent order is worked.
    Algo {
        /// One child order for the whole quantity, now.
        AtOnce = 0,
        /// Equal slices spread evenly over time (time-weighted average price).
        Twap = 1,
        /// Slices in proportion to the volume that the profile expects (volume-weighted average
        /// price).
        Vwap = 2,
        /// A share of what the market trades (percentage of volume).
        Pov = 3,
        /// One clip of random size at a time.
        Iceberg = 4,
        /// Faster at first: the closed form of Almgren and Chriss.
        Shortfall = 5,
        /// The same, from where the order stands at each slice, and faster while the price is
        /// better than on arrival.
        Adaptive = 6,
        /// Takes when the price is good enough or the spread is cheap.
        Sniper = 7,
        /// Follows the market at its peg, and takes what is left before the end.
        Pegged = 8,
        /// The planner chooses among the others, by the goal.
        Planned = 9,
    }
}

impl Algo {
    /// Its name, as configuration and reports say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::Twap => "twap",
            Self::Vwap => "vwap",
            Self::Pov => "pov",
            Self::Iceberg => "iceberg",
            Self::Shortfall => "shortfall",
            Self::Adaptive => "adaptive",
            Self::Sniper => "sniper",
            Self::Pegged => "pegged",
            Self::Planned => "planned",
        }
    }

    /// Whether it says how much should be out by when, so that its end must be known.
    #[must_use]
    pub const fn is_scheduled(self) -> bool {
        match self {
            Self::Twap
            | Self::Vwap
            | Self::Pov
            | Self::Shortfall
            | Self::Adaptive
            | Self::Planned => true,
            Self::AtOnce | Self::Iceberg | Self::Sniper | Self::Pegged => false,
        }
    }
}

byte_enum! {
    /// A parameter of an algorithm, where a refusal names it.
    AlgoTerm {
        /// The participation: of a target or a cap.
        Participation = 0,
        /// How far slices are late at random.
        Jitter = 1,
        /// How far clips differ at random.
        Vary = 2,
        /// How urgent the order is.
        Urgency = 3,
        /// The price at which it takes.
        TakePx = 4,
        /// How often it looks.
        Interval = 5,
        /// The least that is sent.
        MinClip = 6,
        /// What it shows.
        Display = 7,
        /// The end of the order.
        End = 8,
        /// Instructions that the algorithm does not use.
        Other = 9,
        /// How many slices it sends at once where it is behind.
        CatchUp = 10,
    }
}

impl std::fmt::Display for AlgoTerm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Participation => "participation",
            Self::Jitter => "jitter",
            Self::Vary => "clip variation",
            Self::Urgency => "urgency",
            Self::TakePx => "take price or spread",
            Self::Interval => "interval",
            Self::MinClip => "minimum clip",
            Self::Display => "MaxFloor",
            Self::End => "ExpireTime",
            Self::Other => "parameter",
            Self::CatchUp => "catch-up",
        })
    }
}

byte_enum! {
    /// What is wrong with a parameter of an algorithm as it was sent.
    ParameterFault {
        /// Nothing has this name.
        Unknown = 0,
        /// It was given before.
        Again = 1,
        /// Its type is another.
        Type = 2,
        /// Its value is none that it may have.
        Value = 3,
        /// It has no value.
        Missing = 4,
    }
}

impl std::fmt::Display for ParameterFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "is not known",
            Self::Again => "is given twice",
            Self::Type => "is of another type",
            Self::Value => "cannot have this value",
            Self::Missing => "has no value",
        })
    }
}

flags! {
    /// What a schedule does when the market is not fit to trade in.
    PauseFlags(u8) {
        /// It stops while no quote is fresh.
        STALE = 1;
        /// It stops while the best bid is above the best offer.
        CROSSED = 2;
    }
}

/// The parameters of an algorithm. Zero is "not asked for", unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgoTerms {
    /// Share of the market's volume, in millionths: of POV what is aimed at, of any other
    /// schedule what is never exceeded. `ParticipationRate` (849).
    pub participation_ppm: u32,
    /// How often an order looks at the market that nothing else wakes, in milliseconds; zero for
    /// a second. Of a pegged order, how long before its end it takes what is left.
    pub interval_ms: u32,
    /// How late a slice may be, at random, in ten-thousandths of the time between two.
    pub jitter_bps: u16,
    /// How much a clip may differ from `MaxFloor` (111), at random, in ten-thousandths.
    pub vary_bps: u16,
    /// Of shortfall: the trajectory's rate times the time there is (κT), in hundredths. Of the
    /// planner: risk aversion, as basis points of cost that are worth one standard deviation of
    /// price, in hundredths.
    pub urgency: u16,
    /// A sniper takes while the spread is at most this many ticks.
    pub spread_max_ticks: u16,
    /// A schedule that is behind sends at most so many slices at once; zero for
    /// [`CATCH_UP`](Self::CATCH_UP).
    pub catch_up: u16,
    /// Nothing smaller is sent, but for the last of the order.
    pub min_clip: Qty,
    /// A sniper takes at this price or better.
    pub take_px: LimitPx,
    /// When it stops for a while.
    pub pause: PauseFlags,
}

impl AlgoTerms {
    /// How many slices at once a schedule sends that is behind, where it is not said.
    pub const CATCH_UP: u16 = 3;

    /// Nothing asked for, nothing paused for: the terms of a TWAP that came as a plain order.
    pub const NONE: Self = Self {
        participation_ppm: 0,
        interval_ms: 0,
        jitter_bps: 0,
        vary_bps: 0,
        urgency: 0,
        spread_max_ticks: 0,
        catch_up: 0,
        min_clip: Qty::ZERO,
        take_px: LimitPx::NONE,
        pause: PauseFlags::NONE,
    };

    /// Nothing asked for; it pauses while the market is stale or crossed.
    pub const PLAIN: Self = Self {
        pause: PauseFlags::ALL,
        ..Self::NONE
    };
}

/// A client's order with an algorithm and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgoOrder {
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
    /// How to work it, `TargetStrategy` (847).
    pub algo: Algo,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44): nothing is sent beyond it.
    pub limit_px: LimitPx,
    /// When it begins; zero for at once. `EffectiveTime` (168).
    pub start: UnixNanos,
    /// When it must be done; zero for never. `ExpireTime` (126).
    pub end: UnixNanos,
    /// How many slices; zero to leave it to the algorithm.
    pub slices: u16,
    /// `TransactTime` (60).
    pub transact_time: UnixNanos,
    /// Whose strategy it is.
    pub strategy: StrategyId,
    /// Where it came from.
    pub origin: Origin,
    /// What it asks for besides.
    pub flags: OrderFlags,
    /// What its price follows.
    pub peg: Peg,
    /// Distance from what it follows.
    pub peg_offset: Price,
    /// Shown at a time, `MaxFloor` (111): an iceberg's clip.
    pub display_qty: Qty,
    /// The algorithm's parameters.
    pub terms: AlgoTerms,
}

impl AlgoOrder {
    /// `order` worked by its algorithm with these parameters. What no algorithm may have (a stop,
    /// a least quantity, a list) is not in it.
    #[must_use]
    pub const fn of(order: &NewOrder, terms: AlgoTerms) -> Self {
        Self {
            session: order.session,
            account: order.account,
            cl_ord_id: order.cl_ord_id,
            instrument: order.instrument,
            side: order.side,
            ord_type: order.ord_type,
            time_in_force: order.time_in_force,
            algo: order.algo,
            order_qty: order.order_qty,
            limit_px: order.limit_px,
            start: order.start,
            end: order.end,
            slices: order.slices,
            transact_time: order.transact_time,
            strategy: order.strategy,
            origin: order.origin,
            flags: order.flags,
            peg: order.peg,
            peg_offset: order.peg_offset,
            display_qty: order.display_qty,
            terms,
        }
    }

    /// The order without the algorithm's parameters: what the gates measure.
    #[must_use]
    pub const fn order(&self) -> NewOrder {
        NewOrder {
            session: self.session,
            account: self.account,
            cl_ord_id: self.cl_ord_id,
            instrument: self.instrument,
            side: self.side,
            ord_type: self.ord_type,
            time_in_force: self.time_in_force,
            algo: self.algo,
            order_qty: self.order_qty,
            limit_px: self.limit_px,
            start: self.start,
            end: self.end,
            slices: self.slices,
            transact_time: self.transact_time,
            strategy: self.strategy,
            origin: self.origin,
            flags: self.flags,
            stop_px: LimitPx::NONE,
            peg: self.peg,
            peg_offset: self.peg_offset,
            display_qty: self.display_qty,
            min_qty: Qty::ZERO,
            list: ListId::new(0),
            leg: Leg::None,
            list_total: 0,
        }
    }
}

/// Weights of one [`SetProfile`].
pub const PROFILE_PART: usize = 48;

/// Buckets of a volume profile: five minutes each, of one UTC day.
pub const PROFILE_BUCKETS: usize = 6 * PROFILE_PART;

/// A sixth of an instrument's volume profile: the share of the day's volume by bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetProfile {
    /// Whose.
    pub instrument: InstrumentId,
    /// Which sixth of the day, from 0: four hours each.
    pub part: u8,
    /// The weights of its buckets, in any unit that all parts share.
    pub weights: ProfileWeights,
}

/// The weights of [`PROFILE_PART`] buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileWeights(pub [u16; PROFILE_PART]);

/// What is known of an instrument's market besides its prices: what plans are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketFacts {
    /// Whose.
    pub instrument: InstrumentId,
    /// What the market trades in a day; zero where that is not known.
    pub day_qty: Qty,
    /// Standard deviation of the price over a day, in millionths of it.
    pub volatility_ppm: u32,
    /// What it costs to be all of the market's volume, in millionths of the price: the slope of
    /// temporary impact.
    pub impact_ppm: u32,
    /// Half the usual spread, in millionths of the price.
    pub half_spread_ppm: u32,
}

byte_enum! {
    /// Why the planner chose what it chose.
    PlanWhy {
        /// All of it at once is cheapest: waiting costs more risk than it saves impact.
        AtOnceCheapest = 0,
        /// Nothing else is cheaper than even slices: no urgency, and an even market.
        EvenCheapest = 1,
        /// In proportion to the expected volume is cheapest: no urgency, and an uneven market.
        VolumeCheapest = 2,
        /// Faster at first is cheapest: risk weighs more than impact.
        FrontLoadedCheapest = 3,
        /// No volume or volatility is known, and the cap can be held without: by what is seen.
        NoForecast = 4,
        /// The participation cap binds: as much as it allows, as early as it allows.
        CapBinds = 5,
    }
}

/// What the planner chose for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanView {
    /// The order.
    pub order: OrderId,
    /// The algorithm.
    pub algo: Algo,
    /// Why.
    pub why: PlanWhy,
    /// Slices; zero where it makes none.
    pub slices: u16,
    /// When the first is due.
    pub start: UnixNanos,
    /// When all is over.
    pub end: UnixNanos,
    /// Expected cost of this schedule, impact and risk, in millionths of what the order is worth.
    pub cost_ppm: u32,
    /// The same of all at once; `u32::MAX` where that is not allowed.
    pub at_once_ppm: u32,
    /// The same of even slices; `u32::MAX` where that is not allowed.
    pub even_ppm: u32,
}

byte_enum! {
    /// Why a slice was sent or not.
    SliceWhy {
        /// Its time came.
        Due = 0,
        /// Nothing is missing: what is filled and what works cover what is due.
        NothingMissing = 1,
        /// As many children work as may; what is missing goes with the next slice.
        ChildrenWorking = 2,
        /// The gates do not let it through now; what is missing goes with the next slice.
        Refused = 3,
        /// The schedule is over: what works is cancelled.
        End = 4,
        /// What is missing is less than the least that is sent.
        BelowMinClip = 5,
        /// The participation cap allows no more for now.
        AtCap = 6,
        /// The market is stale.
        Stale = 7,
        /// The market is crossed.
        Crossed = 8,
        /// The price is not good enough to take.
        NotCheap = 9,
        /// The price, or the spread, is good enough: it is taken.
        Cheap = 10,
        /// What was shown is filled: the next clip is shown.
        NextClip = 11,
        /// The end is near: what is left is taken.
        Closing = 12,
        /// The market is not known: a feed lost something, and nothing else is fresh.
        FeedGap = 13,
        /// It is behind, and sends no more at once.
        CatchUp = 14,
    }
}

impl SliceWhy {
    /// Whether something is sent for this reason.
    #[must_use]
    pub const fn sends(self) -> bool {
        match self {
            Self::Due | Self::Cheap | Self::NextClip | Self::Closing => true,
            Self::NothingMissing
            | Self::ChildrenWorking
            | Self::Refused
            | Self::End
            | Self::BelowMinClip
            | Self::AtCap
            | Self::Stale
            | Self::Crossed
            | Self::NotCheap
            | Self::FeedGap
            | Self::CatchUp => false,
        }
    }
}

/// A slice that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceView {
    /// The order.
    pub order: OrderId,
    /// How it is worked.
    pub algo: Algo,
    /// Why it was sent.
    pub why: SliceWhy,
    /// Which slice, from 0.
    pub ix: u16,
    /// How many there are; zero where that is not known before.
    pub of: u16,
    /// How much.
    pub qty: Qty,
    /// What should be filled or working now.
    pub target: Qty,
    /// What the market traded since the order began.
    pub seen: Qty,
}
