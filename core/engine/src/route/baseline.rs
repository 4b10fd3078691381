//! What the policies that learn have to beat.

use dcx_model::{Routing, RoutingPolicy, VENUES_MAX, VenueId};

use super::{Ask, Beliefs, Choice, Policy, Reward, Rule, places};
use crate::digest::Words;

/// Best displayed price, each in turn, or always the same. None of them learns.
#[derive(Clone, Debug)]
pub struct Baseline {
    policy: RoutingPolicy,
    explore_ppm: u32,
    venue: VenueId,
    choices: u64,
    /// The venue that was chosen last.
    last: usize,
}

impl Baseline {
    /// The policy with these parameters.
    #[must_use]
    pub const fn new(routing: &Routing) -> Self {
        Self {
            policy: routing.policy,
            explore_ppm: routing.explore_ppm,
            venue: routing.venue,
            choices: 0,
            last: VENUES_MAX - 1,
        }
    }

    pub(super) const fn is_by_price(&self) -> bool {
        matches!(self.policy, RoutingPolicy::BestDisplayed)
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.choices);
        words.u64(self.last as u64);
    }

    fn score(&self, ask: &Ask<'_>, ix: usize) -> f32 {
        match self.policy {
            RoutingPolicy::BestDisplayed => ask
                .displayed
                .get(ix)
                .map_or(f32::NEG_INFINITY, |cost| -cost),
            // How long ago its turn was.
            RoutingPolicy::RoundRobin => {
                let turn = (ix + VENUES_MAX - self.last - 1) % VENUES_MAX;
                -f32::from(u8::try_from(turn).unwrap_or(u8::MAX))
            }
            RoutingPolicy::BestStatic
            | RoutingPolicy::Thompson
            | RoutingPolicy::BetaThompson
            | RoutingPolicy::Ucb1
            | RoutingPolicy::SlidingUcb
            | RoutingPolicy::DiscountedUcb
            | RoutingPolicy::Exp3
            | RoutingPolicy::LinUcb
            | RoutingPolicy::LinThompson
            | RoutingPolicy::EpsilonGreedy
            | RoutingPolicy::Split => f32::from(u8::from(ix == usize::from(self.venue.get()))),
        }
    }
}

impl Policy for Baseline {
    fn rule(&self) -> Rule {
        Rule::Highest
    }

    fn explore_ppm(&self) -> u32 {
        self.explore_ppm
    }

    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        for ix in places(ask.candidates) {
            beliefs.set(ix, self.score(ask, ix), 0.0);
        }
    }

    fn note(&mut self, venue: VenueId) -> u64 {
        self.choices += 1;
        self.last = usize::from(venue.get()).min(VENUES_MAX - 1);
        self.choices
    }

    fn learn(&mut self, _choice: &Choice, _reward: &Reward) {}
}
