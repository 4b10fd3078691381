//! Policies that keep two numbers about each venue: how much was seen, and how good it was.

use dcx_model::{Routing, RoutingPolicy, VenueId};

use super::seen::{Believed, Seen};
use super::{Ask, Beliefs, Choice, Policy, Reward, Rule, float, rounded};
use crate::digest::Words;

/// What is made of what was seen of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// A normal belief about the mean reward, drawn from.
    Normal,
    /// A beta belief about the share that is filled, drawn from.
    Beta,
    /// The mean and a bound that grows with the choices made.
    Ucb1,
    /// The discounted mean and a bound that grows as what was seen is forgotten.
    DiscountedUcb,
    /// The mean.
    Mean,
}

/// A policy that keeps a discounted number of observations of each venue and their sum.
#[derive(Clone, Debug)]
pub struct Arms {
    index: Index,
    explore_ppm: u32,
    /// Width of the prior, in basis points.
    prior_sd: f64,
    /// What the width of a bound is multiplied by, in basis points.
    width: f64,
    /// The worst cost that a bounded index knows, in basis points.
    range: f64,
    seen: Seen,
}

impl Arms {
    /// The policy with these parameters, knowing nothing.
    #[must_use]
    pub fn new(routing: &Routing, index: Index) -> Self {
        let range = f64::from(routing.range_centi_bps) / 100.0;
        let forgets = match index {
            Index::Normal | Index::Beta | Index::DiscountedUcb => true,
            Index::Ucb1 => false,
            Index::Mean => routing.policy == RoutingPolicy::EpsilonGreedy,
        };
        Self {
            index,
            explore_ppm: routing.explore_ppm,
            prior_sd: f64::from(routing.prior_sd_centi_bps) / 100.0,
            width: range * f64::from(routing.width_milli) / 1e3,
            range,
            seen: Seen::new(if forgets {
                f64::from(routing.discount_ppm) / 1e6
            } else {
                1.0
            }),
        }
    }

    /// Takes the parameters of `other` and keeps what it has seen.
    pub(super) fn take_parameters(&mut self, other: &Self) {
        *self = Self {
            seen: self.seen.clone().with_discount(other.seen.discount()),
            ..other.clone()
        };
    }

    pub(super) const fn index(&self) -> Index {
        self.index
    }

    /// What is multiplied by the root of one over the observations of a venue to bound it.
    ///
    /// # Source
    /// Auer, Cesa-Bianchi & Fischer (2002), "Finite-time analysis of the multiarmed bandit
    /// problem"; Garivier & Moulines (2011), "On upper-confidence bound policies for switching
    /// bandit problems", with ξ = ½ at a width of 1: the bound of UCB1 over √4.
    fn bound(&self) -> f64 {
        let observations = match self.index {
            Index::Ucb1 => float(self.seen.choices()),
            Index::DiscountedUcb => self.seen.whole(),
            Index::Normal | Index::Beta | Index::Mean => return 0.0,
        };
        self.width * (2.0 * log(observations)).sqrt()
    }

    pub(super) fn digest(&self, words: &mut Words) {
        self.seen.digest(words);
    }
}

/// The logarithm where it is above zero.
fn log(x: f64) -> f64 {
    if x > 1.0 { dcx_stats::ln(x) } else { 0.0 }
}

/// A mean with a bound; what was never tried comes first.
fn bounded(weight: f64, sum: f64, bound: f64) -> Believed {
    if weight > 0.0 {
        (rounded(sum / weight), rounded(bound / weight.sqrt()))
    } else {
        (0.0, f32::INFINITY)
    }
}

impl Policy for Arms {
    fn rule(&self) -> Rule {
        match self.index {
            Index::Normal => Rule::Normal,
            Index::Beta => Rule::Beta,
            Index::Ucb1 | Index::DiscountedUcb | Index::Mean => Rule::Highest,
        }
    }

    fn explore_ppm(&self) -> u32 {
        self.explore_ppm
    }

    #[inline]
    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        let (seen, venues) = (&self.seen, ask.candidates);
        match self.index {
            // The prior is normal around 0 with `prior_sd`, and one observation is taken to be as
            // noisy as the prior is wide: so the prior weighs as much as one observation. Rewards
            // are costs, hence mostly below 0: the prior hopes for the best, and every venue is
            // tried.
            Index::Normal => seen.tell(venues, beliefs, |weight, sum| {
                let precision = 1.0 + weight;
                let spread = self.prior_sd / precision.sqrt();
                (rounded(sum / precision), rounded(spread))
            }),
            // The prior is uniform: nothing is known of the share that is filled.
            Index::Beta => seen.tell(venues, beliefs, |weight, sum| {
                (rounded(1.0 + sum), rounded(1.0 + (weight - sum).max(0.0)))
            }),
            Index::Ucb1 | Index::DiscountedUcb => {
                let bound = self.bound();
                seen.tell(venues, beliefs, |weight, sum| bounded(weight, sum, bound));
            }
            Index::Mean => seen.tell(venues, beliefs, |weight, sum| {
                (rounded(if weight > 0.0 { sum / weight } else { 0.0 }), 0.0)
            }),
        }
    }

    /// Every choice ages all beliefs, also where only one venue could be chosen: so a venue that
    /// was not chosen for long becomes uncertain and is tried again.
    #[inline]
    fn note(&mut self, _venue: VenueId) -> u64 {
        self.seen.age()
    }

    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        let seen = match self.index {
            Index::Normal | Index::Mean => choice.against_touch(reward),
            Index::Beta => reward.bounded_filled(),
            Index::Ucb1 | Index::DiscountedUcb => {
                choice.against_touch(reward).clamp(-self.range, self.range)
            }
        };
        let venue = usize::from(choice.venue.get());
        self.seen.take(venue, choice.number, seen);
    }
}
