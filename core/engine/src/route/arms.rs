//! Policies that keep two numbers about each venue: how much was seen, and how good it was.

use dcx_model::{Routing, RoutingPolicy, VENUES_MAX, VenueId};

use super::{
    Ask, Beliefs, Choice, Policy, Reward, Rule, digest_float, float, places, power, rounded,
};
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

/// What was seen of one venue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    /// How many observations it is worth after forgetting.
    weight: f64,
    /// Their sum, forgotten alike.
    sum: f64,
}

/// Below this an observation is forgotten altogether: denormal floats would be slow.
const FORGOTTEN: f64 = 1e-12;

/// A policy that keeps a discounted number of observations of each venue and their sum.
#[derive(Clone, Debug)]
pub struct Arms {
    index: Index,
    explore_ppm: u32,
    /// How much of the past counts after one more choice.
    discount: f64,
    /// Width of the prior, in basis points.
    prior_sd: f64,
    /// What the width of a bound is multiplied by, in basis points.
    width: f64,
    /// The worst cost that a bounded index knows, in basis points.
    range: f64,
    /// Choices made.
    choices: u64,
    venues: [Tally; VENUES_MAX],
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
            discount: if forgets {
                f64::from(routing.discount_ppm) / 1e6
            } else {
                1.0
            },
            prior_sd: f64::from(routing.prior_sd_centi_bps) / 100.0,
            width: range * f64::from(routing.width_milli) / 1e3,
            range,
            choices: 0,
            venues: [Tally::default(); VENUES_MAX],
        }
    }

    /// Takes the parameters of `other` and keeps what it has seen.
    pub(super) fn take_parameters(&mut self, other: &Self) {
        let (choices, venues) = (self.choices, self.venues);
        *self = Self {
            choices,
            venues,
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
        match self.index {
            Index::Ucb1 => self.width * (2.0 * log(float(self.choices))).sqrt(),
            Index::DiscountedUcb => {
                let seen: f64 = self.venues.iter().map(|tally| tally.weight).sum();
                self.width * (2.0 * log(seen)).sqrt()
            }
            Index::Normal | Index::Beta | Index::Mean => 0.0,
        }
    }

    fn belief(&self, tally: &Tally, bound: f64) -> (f32, f32) {
        let Tally { weight, sum } = *tally;
        match self.index {
            // The prior is normal around 0 with `prior_sd`, and one observation is taken to be as
            // noisy as the prior is wide: so the prior weighs as much as one observation. Rewards
            // are costs, hence below 0: the prior hopes for the best, and every venue is tried.
            Index::Normal => {
                let precision = 1.0 + weight;
                (
                    rounded(sum / precision),
                    rounded(self.prior_sd / precision.sqrt()),
                )
            }
            // The prior is uniform: nothing is known of the share that is filled.
            Index::Beta => (rounded(1.0 + sum), rounded(1.0 + (weight - sum).max(0.0))),
            Index::Ucb1 | Index::DiscountedUcb if weight <= 0.0 => (0.0, f32::INFINITY),
            Index::Ucb1 | Index::DiscountedUcb => {
                (rounded(sum / weight), rounded(bound / weight.sqrt()))
            }
            Index::Mean if weight <= 0.0 => (0.0, 0.0),
            Index::Mean => (rounded(sum / weight), 0.0),
        }
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.choices);
        for tally in &self.venues {
            digest_float(words, tally.weight);
            digest_float(words, tally.sum);
        }
    }
}

/// The logarithm where it is above zero.
fn log(x: f64) -> f64 {
    if x > 1.0 { dcx_stats::ln(x) } else { 0.0 }
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

    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        let bound = self.bound();
        for ix in places(ask.candidates) {
            if let (Some(tally), Some(belief)) = (self.venues.get(ix), beliefs.get_mut(ix)) {
                (belief.score, belief.spread) = self.belief(tally, bound);
            }
        }
    }

    /// Every choice ages all beliefs, also where only one venue could be chosen: so a venue that
    /// was not chosen for long becomes uncertain and is tried again.
    fn note(&mut self, _venue: VenueId) -> u64 {
        self.choices += 1;
        if self.discount < 1.0 {
            for tally in &mut self.venues {
                tally.weight *= self.discount;
                tally.sum *= self.discount;
                if tally.weight < FORGOTTEN {
                    *tally = Tally::default();
                }
            }
        }
        self.choices
    }

    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        let age = self.choices.saturating_sub(choice.number);
        let weight = power(self.discount, age);
        let seen = match self.index {
            Index::Normal | Index::Mean => reward.bounded_bps(),
            Index::Beta => reward.bounded_filled(),
            Index::Ucb1 | Index::DiscountedUcb => reward.bounded_bps().clamp(-self.range, 0.0),
        };
        if let Some(tally) = self.venues.get_mut(usize::from(choice.venue.get())) {
            tally.weight += weight;
            tally.sum += weight * seen;
        }
    }
}
