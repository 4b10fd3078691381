//! How venues are chosen: policies and their parameters, and what is said of each choice.

use crate::{ChildId, InstrumentId, Nanos, Qty, UnixNanos, VENUES_MAX, VenueId};

macro_rules! policies {
    ($($(#[$doc:meta])* $variant:ident = $byte:literal, $name:literal;)+) => {
        /// A way to choose among the venues that can take an order.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum RoutingPolicy { $($(#[$doc])* $variant = $byte,)+ }

        impl RoutingPolicy {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word in the configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The policy that a record's byte stands for.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($byte => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

policies! {
    /// Discounted Thompson sampling, normal beliefs about the reward (arXiv 2305.10718).
    #[default]
    Thompson = 0, "thompson";
    /// Discounted Thompson sampling, beta beliefs about the share that is filled.
    BetaThompson = 1, "beta-thompson";
    /// UCB1 (Auer, Cesa-Bianchi & Fischer 2002).
    Ucb1 = 2, "ucb1";
    /// UCB over a window of the last choices (Garivier & Moulines 2011).
    SlidingUcb = 3, "sliding-ucb";
    /// UCB over discounted observations (Garivier & Moulines 2011).
    DiscountedUcb = 4, "discounted-ucb";
    /// EXP3.S, for rewards that an adversary picks (Auer et al. 2002).
    Exp3 = 5, "exp3";
    /// UCB over a linear model of the context (Li et al. 2010).
    LinUcb = 6, "lin-ucb";
    /// Thompson sampling over a linear model of the context (Agrawal & Goyal 2013).
    LinThompson = 7, "lin-thompson";
    /// The best mean, and any venue now and then.
    EpsilonGreedy = 8, "epsilon-greedy";
    /// The best displayed price.
    BestDisplayed = 9, "best-displayed";
    /// Each in turn.
    RoundRobin = 10, "round-robin";
    /// Always the same venue, where it can take the order.
    BestStatic = 11, "best-static";
    /// Split across venues by what each was seen to fill (Ganchev et al. 2010).
    Split = 12, "split";
}

/// The policy of an instrument, or of all that have none of their own, and its parameters.
///
/// Each policy reads the parameters that mean something to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Which instrument; none for all that have no policy of their own.
    pub instrument: Option<InstrumentId>,
    /// Which policy.
    pub policy: RoutingPolicy,
    /// How much of what was seen counts after one more choice, in millionths.
    pub discount_ppm: u32,
    /// Width of a belief before anything was seen, in hundredths of a basis point.
    pub prior_sd_centi_bps: u32,
    /// Share of choices that are made uniformly among the candidates, in millionths: no
    /// probability is below this divided by the number of candidates.
    pub explore_ppm: u32,
    /// What the width of a confidence bound is multiplied by, in thousandths.
    pub width_milli: u32,
    /// Choices that a sliding window holds.
    pub window: u16,
    /// EXP3.S's α: the share of all weight that is spread anew with each reward, in millionths.
    pub share_ppm: u32,
    /// A cost of this much is the worst that bounded policies know, in hundredths of a basis
    /// point; no cost is the best.
    pub range_centi_bps: u32,
    /// The venue of [`RoutingPolicy::BestStatic`].
    pub venue: VenueId,
    /// What [`RoutingPolicy::Split`] counts in; zero for an eighth of the first order.
    pub split_unit: Qty,
}

impl Routing {
    /// Choices that a sliding window may hold at most.
    pub const WINDOW_MAX: u16 = 4_096;

    /// What is in force where nobody says otherwise.
    pub const DEFAULT: Self = Self {
        instrument: None,
        policy: RoutingPolicy::Thompson,
        discount_ppm: 998_000,
        prior_sd_centi_bps: 200,
        explore_ppm: 0,
        width_milli: 1_000,
        window: 500,
        share_ppm: 1_000,
        range_centi_bps: 2_000,
        venue: VenueId::new(0),
        split_unit: Qty::ZERO,
    };
}

/// What a choice is worth, what exploring may cost, and when a venue is left out: for all
/// instruments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingRules {
    /// Whether each choice, its reward and each change of a venue's fitness is an event.
    pub events: bool,
    /// Share of the day's notional that may go to a venue other than the one believed best, in
    /// millionths.
    pub budget_ppm: u32,
    /// So many rejects within `eject_window` eject a venue; zero: none does.
    pub eject_rejects: u8,
    /// See `eject_rejects`.
    pub eject_window: Nanos,
    /// How long an ejected venue gets nothing.
    pub eject_for: Nanos,
    /// Then so many child orders have to end without a reject before it gets all again.
    pub trial_children: u8,
    /// How long after the end of a child order the mid is looked at again; zero: it is not.
    pub markout: Nanos,
    /// How long after a choice its reward is waited for; zero: for ever.
    pub reward_timeout: Nanos,
    /// What a basis point of slippage costs, in thousandths of one.
    pub slippage_milli: u32,
    /// What a basis point of fee costs, in thousandths of one.
    pub fee_milli: u32,
    /// What a basis point that the mid moves against a fill costs, in thousandths of one.
    pub markout_milli: u32,
    /// What a reject costs, in hundredths of a basis point.
    pub reject_centi_bps: u32,
    /// What not being filled at all costs, in hundredths of a basis point; in part: that part.
    pub unfilled_centi_bps: u32,
    /// What a second of waiting for the first answer costs, in hundredths of a basis point.
    pub ack_centi_bps_per_s: u32,
}

impl RoutingRules {
    /// Rejects that can be counted at most.
    pub const EJECT_REJECTS_MAX: u8 = 16;

    /// What is in force where nobody says otherwise.
    pub const DEFAULT: Self = Self {
        events: false,
        budget_ppm: 1_000_000,
        eject_rejects: 0,
        eject_window: Nanos::from_seconds(10),
        eject_for: Nanos::from_seconds(60),
        trial_children: 3,
        markout: Nanos::ZERO,
        reward_timeout: Nanos::ZERO,
        slippage_milli: 1_000,
        fee_milli: 1_000,
        markout_milli: 1_000,
        reject_centi_bps: 500,
        unfilled_centi_bps: 200,
        ack_centi_bps_per_s: 1_000,
    };
}

/// A binary floating-point number of 32 bits, never NaN, as a record holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Score(u32);

impl Score {
    /// The number; zero in the place of a NaN.
    #[must_use]
    pub const fn of(value: f32) -> Self {
        Self(if value.is_nan() { 0 } else { value.to_bits() })
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f32 {
        f32::from_bits(self.0)
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The number that these are the bits of; none for a NaN.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if f32::from_bits(bits).is_nan() {
            None
        } else {
            Some(Self(bits))
        }
    }
}

flags! {
    /// How a choice came about.
    RouteFlags(u8) {
        /// It is not the venue that was believed best.
        EXPLORED = 1;
        /// The budget for exploring did not allow any other than the one believed best.
        HELD_TO_BEST = 2;
    }
}

/// A choice of a venue with everything that it was made from. The probability of each candidate
/// is a function of it: `dcx_engine::route::probabilities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteDecision {
    /// The child order that was made.
    pub child: ChildId,
    /// The number of the choice among those for its instrument; its low 32 bits.
    pub number: u32,
    /// Venues that could have been chosen, one bit each.
    pub candidates: u16,
    /// The context, packed: `dcx_engine::route::Context`.
    pub context: u16,
    /// Which policy chose.
    pub policy: RoutingPolicy,
    /// What it chose.
    pub venue: VenueId,
    /// How.
    pub flags: RouteFlags,
    /// The share of choices that are made uniformly, in millionths.
    pub explore_ppm: u32,
    /// First number of the belief about each venue.
    pub scores: [Score; VENUES_MAX],
    /// Second number of the belief about each venue.
    pub spreads: [Score; VENUES_MAX],
}

const _: () = assert!(VENUES_MAX <= 16, "candidates are 16 bits");

/// How the reward of a choice came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RewardCause {
    /// Everything that counts is known.
    Settled = 0,
    /// No price came in time to say how the market moved; nothing is learnt.
    NoMarkout = 1,
    /// The order was not over in time; nothing is learnt.
    TimedOut = 2,
    /// We cancelled it before anything was filled: it says nothing about the venue.
    OurCancel = 3,
    /// Its place was needed for a younger one; nothing is learnt.
    Displaced = 4,
}

impl RewardCause {
    /// The cause that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Settled),
            1 => Some(Self::NoMarkout),
            2 => Some(Self::TimedOut),
            3 => Some(Self::OurCancel),
            4 => Some(Self::Displaced),
            _ => None,
        }
    }
}

/// The reward of a choice with all its components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteReward {
    /// The child order.
    pub child: ChildId,
    /// What it traded.
    pub instrument: InstrumentId,
    /// Where.
    pub venue: VenueId,
    /// The number of the choice, as in [`RouteDecision`].
    pub number: u32,
    /// How it came about.
    pub cause: RewardCause,
    /// The reward, in basis points; a cost is negative. Zero where nothing is learnt.
    pub reward: Score,
    /// Part of the order that was filled, from 0 to 1.
    pub filled: Score,
    /// Slippage of the filled part against the mid at the decision, in basis points; positive is
    /// a cost.
    pub slippage: Option<Score>,
    /// Move of the mid after the order's end, in basis points; positive is in our favour.
    pub markout: Option<Score>,
    /// Fee, in basis points.
    pub fee: Score,
    /// From sending it to the venue's first answer.
    pub ack: Option<Nanos>,
    /// Whether the venue refused it.
    pub rejected: bool,
}

/// Whether a venue gets orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Fitness {
    /// All.
    #[default]
    Fit = 0,
    /// None: it refused too many.
    Ejected = 1,
    /// A few, to see.
    Probation = 2,
}

impl Fitness {
    /// The fitness that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Fit),
            1 => Some(Self::Ejected),
            2 => Some(Self::Probation),
            _ => None,
        }
    }
}

/// A change of a venue's fitness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueFitness {
    /// Which venue.
    pub venue: VenueId,
    /// What it is now.
    pub fitness: Fitness,
    /// Rejects that were counted.
    pub rejects: u8,
    /// Until when it is ejected; zero if it is not.
    pub until: UnixNanos,
}
