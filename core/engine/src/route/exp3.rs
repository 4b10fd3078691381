//! EXP3.S: weights that multiply with the rewards seen, for a world that may be against us.

use dcx_model::{Routing, VENUES_MAX, VenueId, VenueSet};

use super::seen::Seen;
use super::{Ask, Beliefs, Choice, Policy, Reward, Rule, digest_float, float, places, rounded};
use crate::digest::Words;

/// EXP3.S. Its uniform part is the γ of the paper; α is spread over all with each reward, so that
/// none is given up for ever.
///
/// # Source
/// Auer, Cesa-Bianchi, Freund & Schapire (2002), "The nonstochastic multiarmed bandit problem",
/// section 8.
#[derive(Clone, Debug)]
pub struct Exp3 {
    explore_ppm: u32,
    share: f64,
    range: f64,
    /// Venues that were ever chosen: so many arms there are.
    known: VenueSet,
    /// They sum to one.
    weights: [f64; VENUES_MAX],
    /// The mean rewards. Weights are no knowledge: they grow with luck, and slowly.
    seen: Seen,
}

impl Exp3 {
    /// The policy with these parameters, knowing nothing.
    #[must_use]
    pub fn new(routing: &Routing) -> Self {
        Self {
            // Without a uniform part it would learn nothing.
            explore_ppm: routing.explore_ppm.max(1),
            share: f64::from(routing.share_ppm) / 1e6,
            range: f64::from(routing.range_centi_bps) / 100.0,
            known: VenueSet::NONE,
            weights: [1.0 / float(VENUES_MAX as u64); VENUES_MAX],
            seen: Seen::new(f64::from(routing.discount_ppm) / 1e6),
        }
    }

    pub(super) fn digest(&self, words: &mut Words) {
        self.seen.digest(words);
        words.u64(self.known.bits());
        for weight in self.weights {
            digest_float(words, weight);
        }
    }
}

impl Policy for Exp3 {
    fn rule(&self) -> Rule {
        Rule::Shares
    }

    fn explore_ppm(&self) -> u32 {
        self.explore_ppm
    }

    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        for ix in places(ask.candidates) {
            if let Some(weight) = self.weights.get(ix) {
                beliefs.set(ix, rounded(*weight), 0.0);
            }
        }
        self.seen.tell_known(ask.candidates, beliefs);
    }

    fn note(&mut self, venue: VenueId) -> u64 {
        self.known = self.known.with(venue);
        self.seen.age()
    }

    /// The reward is divided by the probability that the choice had: what is chosen seldom counts
    /// more.
    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        let venue = usize::from(choice.venue.get());
        let seen = choice.against_touch(reward);
        self.seen.take(venue, choice.number, seen);
        let count = f64::from(self.known.count().max(2));
        let gain = reward.unit(self.range) / f64::from(choice.share).max(1e-9);
        // γ ÷ candidates is the least probability there is, so this is above 1 only where there
        // were more candidates than venues that were ever chosen.
        let exponent = (f64::from(self.explore_ppm) / 1e6 * gain / count).min(1.0);
        if let Some(weight) = self.weights.get_mut(venue) {
            *weight *= dcx_stats::exp(exponent);
        }
        let whole: f64 = self.weights.iter().sum();
        let each = std::f64::consts::E * self.share / float(VENUES_MAX as u64);
        let after = 1.0 + std::f64::consts::E * self.share;
        for weight in &mut self.weights {
            *weight = (*weight / whole + each) / after;
        }
    }
}
