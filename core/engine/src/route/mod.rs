//! Which venue gets a child order, and what is learnt from how it went.
//!
//! A [`Policy`] says what it believes of each venue and by which [`Rule`] a belief becomes a
//! choice; it is told the [`Reward`] of each choice when it is known. The [`Chooser`] is all
//! policies in one type. The probability of every candidate is a pure function of what was
//! believed, [`probabilities`]: it is computed when somebody asks, never on the way of an order.
//!
//! Policies know nothing of the engine: the same code runs in it and over a recorded day.
//!
//! ```
//! use dcx_engine::route::{Ask, Beliefs, Chooser, Policy, Reward};
//! use dcx_model::{Routing, VenueSet};
//! use dcx_stats::Draws;
//! let mut chooser = Chooser::new(&Routing { explore_ppm: 20_000, ..Routing::DEFAULT });
//! let (mut draws, mut beliefs) = (Draws::new(1), Beliefs::default());
//! let ask = Ask::of(VenueSet::from_bits(0b111));
//! for _ in 0..100 {
//!     let choice = chooser.choose(&ask, true, &mut draws, &mut beliefs).unwrap();
//!     let cost = [3.0, 1.0, 2.0][usize::from(choice.venue.get())];
//!     chooser.learn(&choice, &Reward::of_bps(-cost));
//! }
//! let probabilities = chooser.probabilities(&ask, true);
//! assert!(probabilities[1] > 0.5, "the cheapest venue gets most");
//! assert!(probabilities.iter().sum::<f64>() - 1.0 < 1e-12);
//! ```

#![expect(
    clippy::float_arithmetic,
    reason = "beliefs are floats; only + − × ÷ and sqrt are used, which IEEE 754 fixes to the \
              bit, and the pure-Rust logarithm and exponential of dcx-stats"
)]

mod arms;
mod baseline;
mod budget;
mod chooser;
mod context;
mod exp3;
mod health;
mod linear;
mod open;
mod probability;
mod reward;
mod router;
mod rule;
mod seen;
mod split;
mod window;

pub use arms::{Arms, Index};
pub use baseline::Baseline;
pub use chooser::Chooser;
pub use context::{CONTEXT_SIZE, Context, Surroundings};
pub use exp3::Exp3;
pub use linear::Linear;
pub use probability::{Probabilities, probabilities, probabilities_of};
pub use reward::{Outcome, Reward, Weights};
pub use rule::Rule;
pub use split::{Piece, Split};
pub use window::Window;

pub(crate) use budget::{WHOLE_PPM, worth};
pub(crate) use open::{Open, Settling};
pub(crate) use router::{NO_REWARD, Router, low_bits};

use dcx_model::{RoutingPolicy, Score, Side, VENUES_MAX, VenueId, VenueSet};
use dcx_stats::Draws;

use crate::book::Level;
use crate::digest::Words;

/// What a policy believed about a venue when it chose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Belief {
    /// The mean, or what stands in its place.
    pub score: f32,
    /// How uncertain it is.
    pub spread: f32,
    /// What was seen of it, without the hope that makes one try: the highest is believed best.
    pub known: f32,
    /// What was drawn, or the bound: the highest is chosen.
    pub drawn: f64,
}

/// Beliefs by venue, each number of all venues side by side: they are computed four at a time.
///
/// What score and spread are says the [`Rule`]. They have the precision in which a record keeps
/// them, so that a choice can be gone over from its record to the bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beliefs {
    /// The means, or what stands in their place.
    pub scores: [f32; VENUES_MAX],
    /// How uncertain they are.
    pub spreads: [f32; VENUES_MAX],
    /// What was seen, without the hope that makes one try: the highest is believed best.
    /// [`NOTHING_KNOWN`] where too little was.
    pub known: [f32; VENUES_MAX],
    /// What was drawn, or the bounds: the highest is chosen.
    pub drawn: [f64; VENUES_MAX],
}

/// What is known of a venue of which nothing is.
pub const NOTHING_KNOWN: f32 = f32::NEG_INFINITY;

impl Default for Beliefs {
    fn default() -> Self {
        Self {
            scores: [0.0; VENUES_MAX],
            spreads: [0.0; VENUES_MAX],
            known: [NOTHING_KNOWN; VENUES_MAX],
            drawn: [0.0; VENUES_MAX],
        }
    }
}

impl Beliefs {
    /// What is believed of one venue.
    #[must_use]
    pub fn of(&self, venue: VenueId) -> Belief {
        let ix = usize::from(venue.get());
        Belief {
            score: self.scores.get(ix).copied().unwrap_or_default(),
            spread: self.spreads.get(ix).copied().unwrap_or_default(),
            known: self.known.get(ix).copied().unwrap_or(NOTHING_KNOWN),
            drawn: self.drawn.get(ix).copied().unwrap_or_default(),
        }
    }

    /// Takes score and spread of a venue, the score being known.
    fn set(&mut self, ix: usize, score: f32, spread: f32) {
        if let (Some(own), Some(wide), Some(known)) = (
            self.scores.get_mut(ix),
            self.spreads.get_mut(ix),
            self.known.get_mut(ix),
        ) {
            (*own, *wide, *known) = (score, spread, score);
        }
    }
}

/// What each venue's displayed price costs against the mid, in basis points, less being better;
/// infinite where it displays none.
pub type Displayed = [f32; VENUES_MAX];

/// No venue displays anything.
pub const NOTHING_DISPLAYED: Displayed = [f32::INFINITY; VENUES_MAX];

/// A question for a venue.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What the order and the market are like.
    pub context: Context,
    /// The venues that can take the order.
    pub candidates: VenueSet,
    /// Their prices. Only [`RoutingPolicy::BestDisplayed`] reads them.
    pub displayed: &'a Displayed,
    /// What the best price that any venue displays costs against the mid, in basis points; zero
    /// where that is not known.
    pub touch_bps: f32,
}

impl Ask<'static> {
    /// A question without context or prices.
    #[must_use]
    pub const fn of(candidates: VenueSet) -> Self {
        Self {
            context: Context::PLAIN,
            candidates,
            displayed: &NOTHING_DISPLAYED,
            touch_bps: 0.0,
        }
    }
}

/// A choice that was made. Whoever keeps it can give the policy its reward later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Where the order goes.
    pub venue: VenueId,
    /// The number of the choice, from 1: how old it is when its reward comes.
    pub number: u64,
    /// The context that it was made in.
    pub context: Context,
    /// The probability that it had, where the policy learns by it; else zero.
    pub share: f32,
    /// Whether it is not the venue that was believed best.
    pub explored: bool,
    /// What the best displayed price cost then.
    pub touch_bps: f32,
}

impl Choice {
    /// The reward against what the best displayed price cost at the decision.
    ///
    /// A wide market is dear at every venue. What all pay alike says nothing of one of them, and
    /// left in it is noise in which differences of a tenth of a basis point drown. It was known
    /// before the choice, so to take it off changes no difference between venues.
    fn against_touch(&self, reward: &Reward) -> f64 {
        reward.bounded_bps() + f64::from(self.touch_bps).clamp(-TOUCH_BPS_MAX, TOUCH_BPS_MAX)
    }
}

/// No market is taken to be wider to either side.
const TOUCH_BPS_MAX: f64 = 50.0;

/// A way to choose venues.
pub trait Policy {
    /// How beliefs become a choice.
    fn rule(&self) -> Rule;

    /// The share of choices that are made uniformly among the candidates, in millionths.
    fn explore_ppm(&self) -> u32;

    /// Says what is believed and known of each candidate, for those who choose and those who ask
    /// why. What it says of other venues means nothing.
    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs);

    /// Takes notice that a venue was chosen, and gives the number of the choice. Every choice
    /// ages what was seen before.
    fn note(&mut self, venue: VenueId) -> u64;

    /// Learns how a choice went. A reward that comes late counts as if it had come with its
    /// choice: it is discounted by the choices made since (Joulani, György & Szepesvári 2013,
    /// "Online learning under delayed feedback").
    fn learn(&mut self, choice: &Choice, reward: &Reward);

    /// Chooses one of the candidates; none where there is none. Where it may not explore it
    /// chooses the one that is believed best: by what was seen of it. To try one of which too
    /// little was seen is to explore, however much is hoped of it.
    ///
    /// # Cost
    /// O(venues), one draw for each candidate at most, two and more for [`Rule::Beta`]. No
    /// allocation. Bench: `route/decision`.
    fn choose(
        &mut self,
        ask: &Ask<'_>,
        may_explore: bool,
        draws: &mut Draws,
        beliefs: &mut Beliefs,
    ) -> Option<Choice> {
        self.assess(ask, beliefs);
        let (rule, explore_ppm) = (self.rule(), self.explore_ppm());
        let chosen = rule.choose(explore_ppm, ask.candidates, may_explore, draws, beliefs)?;
        Some(Choice {
            venue: chosen.venue,
            number: self.note(chosen.venue),
            context: ask.context,
            share: chosen.share,
            explored: chosen.explored,
            touch_bps: ask.touch_bps,
        })
    }

    /// The probability with which each venue would be chosen now.
    ///
    /// # Cost
    /// That of [`probabilities`].
    fn probabilities(&self, ask: &Ask<'_>, may_explore: bool) -> Probabilities {
        let mut beliefs = Beliefs::default();
        self.assess(ask, &mut beliefs);
        probabilities(
            self.rule(),
            self.explore_ppm(),
            ask.candidates,
            may_explore,
            &beliefs,
        )
    }
}

/// The rule that a policy chooses by: enough to read a recorded choice.
#[must_use]
pub const fn rule_of(policy: RoutingPolicy) -> Rule {
    match policy {
        RoutingPolicy::Thompson | RoutingPolicy::LinThompson => Rule::Normal,
        RoutingPolicy::BetaThompson => Rule::Beta,
        RoutingPolicy::Exp3 => Rule::Shares,
        RoutingPolicy::Ucb1
        | RoutingPolicy::SlidingUcb
        | RoutingPolicy::DiscountedUcb
        | RoutingPolicy::LinUcb
        | RoutingPolicy::EpsilonGreedy
        | RoutingPolicy::BestDisplayed
        | RoutingPolicy::RoundRobin
        | RoutingPolicy::BestStatic
        | RoutingPolicy::Split => Rule::Highest,
    }
}

/// A number in the precision in which records keep it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beliefs are rounded to the precision of their record before they are used"
)]
const fn rounded(value: f64) -> f32 {
    value as f32
}

/// Number of elements as a float. None comes near 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "see above")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// `base` to the power of `exponent` by squaring: multiplications only, so the same bits on every
/// host.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}

/// The places of the venues in a set, lowest first.
#[inline]
fn places(venues: VenueSet) -> impl Iterator<Item = usize> {
    let mut left = venues.bits() & ((1 << VENUES_MAX) - 1);
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        // Below `VENUES_MAX` already; said so that the compiler knows.
        let ix = left.trailing_zeros() as usize % VENUES_MAX;
        left &= left - 1;
        Some(ix)
    })
}

/// Whether any of the four venues from `4 × four` is in a set.
#[inline]
const fn is_any(venues: VenueSet, four: u32) -> bool {
    venues.bits() >> (4 * four) & 0xf != 0
}

/// The venue at a place below [`VENUES_MAX`].
#[expect(clippy::cast_possible_truncation, reason = "there are 16 venues")]
const fn venue_at(ix: usize) -> VenueId {
    VenueId::new(ix as u8)
}

/// Scores as a record keeps them.
pub(crate) fn recorded(beliefs: &Beliefs) -> ([Score; VENUES_MAX], [Score; VENUES_MAX]) {
    (
        beliefs.scores.map(Score::of),
        beliefs.spreads.map(Score::of),
    )
}

/// What prices cost an order of this side against the mid.
pub(crate) fn displayed(levels: &[Level], side: Side, mid_twice: i64) -> Displayed {
    let mut costs = NOTHING_DISPLAYED;
    for level in levels {
        let (px, mid) = (units(level.px.units()), units(mid_twice) / 2.0);
        let worse = match side {
            Side::Buy => px - mid,
            Side::Sell => mid - px,
        };
        if let Some(cost) = costs.get_mut(usize::from(level.venue.get())) {
            // Without a mid the price itself ranks them as well.
            *cost = rounded(if mid > 0.0 { worse / mid * 1e4 } else { worse });
        }
    }
    costs
}

/// A price as a float: for ranking.
#[expect(clippy::cast_precision_loss, reason = "see above")]
const fn units(px: i64) -> f64 {
    px as f64
}

/// Notes a float in a digest.
fn digest_float(words: &mut Words, value: f64) {
    words.u64(value.to_bits());
}
