//! Regret on venues whose true costs are known: what a policy loses against somebody who knew.
//!
//! The clairvoyant of one kind knew the best venue of the whole run and stayed with it, that of
//! the other knew the best venue at every moment. Costs are drawn around the truth; regret counts
//! the truth, so luck in the draws is no part of it.

use dcx_engine::route::{Ask, Beliefs, Chooser, Policy, Reward};
use dcx_model::{Routing, RoutingPolicy, VenueSet};
use dcx_stats::Draws;

use super::play::{Variant, learns, variants};
use super::stats::{self, Interval};

/// Choices of one run.
pub const ROUNDS: usize = 5_000;
/// Runs of each policy in each world.
pub const SEEDS: u64 = 40;
/// Points of a curve.
pub const POINTS: usize = 50;
/// How far one cost lies from the truth, in basis points.
const NOISE_BPS: f64 = 1.0;
const VENUES: usize = 4;

/// How the truth moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// It does not.
    Still,
    /// Every thousand rounds the venues change places.
    Abrupt,
    /// Each venue's cost walks at random between bounds.
    Drifting,
}

impl World {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Still, Self::Abrupt, Self::Drifting];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Still => "still",
            Self::Abrupt => "abrupt",
            Self::Drifting => "drifting",
        }
    }

    /// The true cost of each venue in each round, in basis points.
    fn truth(self, seed: u64, rounds: usize) -> Vec<[f64; VENUES]> {
        let mut draws = Draws::new(seed ^ 0x6d2b_79f5_0f3c_a811);
        let mut costs = [1.0, 1.3, 1.6, 1.9];
        let mut truth = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let changes = round == 0 || self == Self::Abrupt && round % 1_000 == 0;
            if changes {
                for last in (1..VENUES).rev() {
                    let other = stats::floor(draws.uniform() * (last + 1) as f64);
                    costs.swap(last, other.min(last));
                }
            }
            if self == Self::Drifting {
                for cost in &mut costs {
                    *cost = (*cost + 0.02 * draws.normal()).clamp(0.5, 2.5);
                }
            }
            truth.push(costs);
        }
        truth
    }
}

/// What a policy lost in one world, over all seeds.
#[derive(Clone, Debug)]
pub struct Regret {
    /// The world.
    pub world: World,
    /// The policy.
    pub policy: &'static str,
    /// Against the best venue of the whole run, in basis points of one order, summed.
    pub against_static: Interval,
    /// Against the best venue of each moment.
    pub against_changing: Interval,
    /// The mean of the latter after each fiftieth of the run.
    pub curve: Vec<f64>,
}

/// The regret of every policy that can be played without prices, in every world.
#[must_use]
pub fn regrets(seeds: u64, rounds: usize) -> Vec<Regret> {
    let mut found = Vec::new();
    for world in World::ALL {
        for variant in played() {
            found.push(regret(world, &variant, seeds, rounds));
        }
    }
    found
}

/// One variant of each policy: the middle one of those that are tried, fixed before.
fn played() -> Vec<Variant> {
    let mut one_each: Vec<Variant> = Vec::new();
    for policy in RoutingPolicy::ALL {
        if !learns(*policy) && *policy != RoutingPolicy::RoundRobin {
            continue;
        }
        let all: Vec<Variant> = variants()
            .into_iter()
            .filter(|variant| variant.routing.policy == *policy)
            .collect();
        one_each.extend(all.get(all.len() / 2).cloned());
    }
    one_each
}

fn regret(world: World, variant: &Variant, seeds: u64, rounds: usize) -> Regret {
    let routing = Routing {
        prior_sd_centi_bps: 100,
        ..variant.routing
    };
    let (mut fixed, mut changing) = (Vec::new(), Vec::new());
    let mut curve = vec![0.0; POINTS];
    for seed in 0..seeds {
        let truth = world.truth(seed, rounds);
        let paid = run(&truth, &routing, seed);
        let best_static = (0..VENUES)
            .map(|venue| truth.iter().map(|costs| costs[venue]).sum::<f64>())
            .fold(f64::INFINITY, f64::min);
        fixed.push(paid.iter().sum::<f64>() - best_static);
        let mut lost = 0.0;
        for (round, (costs, paid)) in truth.iter().zip(&paid).enumerate() {
            lost += paid - costs.iter().copied().fold(f64::INFINITY, f64::min);
            if (round + 1) % (rounds / POINTS).max(1) == 0 {
                let point = (round + 1) / (rounds / POINTS).max(1) - 1;
                if let Some(sum) = curve.get_mut(point) {
                    *sum += lost / seeds as f64;
                }
            }
        }
        changing.push(lost);
    }
    Regret {
        world,
        policy: variant.name,
        against_static: stats::independent(&fixed),
        against_changing: stats::independent(&changing),
        curve,
    }
}

/// The true cost of what a policy chose in each round.
fn run(truth: &[[f64; VENUES]], routing: &Routing, seed: u64) -> Vec<f64> {
    let (mut luck, mut draws) = (Draws::new(seed ^ 0xa5a5), Draws::new(seed));
    let mut chooser = Chooser::new(routing);
    let mut beliefs = Beliefs::default();
    let ask = Ask::of(VenueSet::from_bits((1 << VENUES) - 1));
    let mut paid = Vec::with_capacity(truth.len());
    for costs in truth {
        // Luck is drawn for every venue, so that all policies meet the same.
        let noise: [f64; VENUES] = std::array::from_fn(|_| NOISE_BPS * luck.normal());
        let Some(choice) = chooser.choose(&ask, true, &mut draws, &mut beliefs) else {
            continue;
        };
        let venue = usize::from(choice.venue.get());
        chooser.learn(&choice, &Reward::of_bps(-(costs[venue] + noise[venue])));
        paid.push(costs[venue]);
    }
    paid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(world: World, name: &str) -> Regret {
        let variants = played();
        let variant = variants
            .iter()
            .find(|variant| variant.name == name)
            .unwrap();
        regret(world, variant, 8, 2_000)
    }

    #[test]
    fn taking_turns_loses_the_mean_of_all_venues_and_learning_less() {
        let turns = of(World::Still, "round-robin");
        // Costs lie 0.3 apart: a turn loses 0.45 in the mean.
        assert!((turns.against_changing.mean - 0.45 * 2_000.0).abs() < 1.0);
        assert!((turns.against_static.mean - turns.against_changing.mean).abs() < 1e-6);
        let thompson = of(World::Still, "thompson");
        assert!(thompson.against_changing.high < 0.5 * turns.against_changing.mean);
        assert!(thompson.against_changing.low > 0.0, "nobody knew before");
    }

    #[test]
    fn where_the_best_venue_changes_a_learner_may_beat_the_best_static_one() {
        let thompson = of(World::Abrupt, "thompson");
        assert!(thompson.against_static.mean < thompson.against_changing.mean);
        let grows = thompson
            .curve
            .windows(2)
            .all(|pair| pair[0] <= pair[1] + 1e-9);
        assert!(grows, "regret against the moment's best never falls");
    }
}
