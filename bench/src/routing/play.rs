//! Policies over a table of decisions, each learning from its own choices only.
//!
//! Every policy and every variant of its parameters that is tried stands in [`variants`]: the
//! reality check counts all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dcx_engine::route::{Ask, Beliefs, Choice, Chooser, Policy, Reward};
use dcx_model::{Nanos, Qty, Routing, RoutingPolicy, VenueId, VenueSet};
use dcx_stats::Draws;

use super::profile::VENUES;
use super::table::{Decision, Outcome, Table};

/// Share of the quantity that a policy may send elsewhere than to the venue it believes best, in
/// millionths.
pub const BUDGET_PPM: u64 = 50_000;

/// Every venue can take every order.
const ALL: VenueSet = VenueSet::from_bits((1 << VENUES) - 1);

/// One policy with its parameters.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The policy's name.
    pub name: &'static str,
    /// What tells it from other variants of the policy.
    pub label: String,
    /// The policy and its parameters.
    pub routing: Routing,
}

/// What learners start from here: costs are fractions of a basis point up to a few.
const BASE: Routing = Routing {
    prior_sd_centi_bps: 50,
    explore_ppm: 10_000,
    range_centi_bps: 500,
    ..Routing::DEFAULT
};

/// All policies with all parameters that are tried.
#[must_use]
pub fn variants() -> Vec<Variant> {
    RoutingPolicy::ALL
        .iter()
        .flat_map(|policy| of(*policy))
        .collect()
}

/// Whether a policy learns from what its choices cost.
#[must_use]
pub const fn learns(policy: RoutingPolicy) -> bool {
    !matches!(
        policy,
        RoutingPolicy::BestDisplayed | RoutingPolicy::RoundRobin | RoutingPolicy::BestStatic
    )
}

fn of(policy: RoutingPolicy) -> Vec<Variant> {
    let discounts = [990_000, 998_000, 1_000_000];
    let with = |label: String, routing: Routing| Variant {
        name: policy.name(),
        label,
        routing: Routing { policy, ..routing },
    };
    let discounted = |routing: Routing| {
        discounts.map(|discount_ppm| {
            let label = format!("discount {}", f64::from(discount_ppm) / 1e6);
            with(
                label,
                Routing {
                    discount_ppm,
                    ..routing
                },
            )
        })
    };
    let wide = |widths: [u32; 2]| {
        widths.map(|width_milli| {
            let label = format!("width {}", f64::from(width_milli) / 1e3);
            with(
                label,
                Routing {
                    width_milli,
                    ..BASE
                },
            )
        })
    };
    match policy {
        RoutingPolicy::Thompson
        | RoutingPolicy::BetaThompson
        | RoutingPolicy::LinUcb
        | RoutingPolicy::LinThompson => discounted(BASE).to_vec(),
        RoutingPolicy::DiscountedUcb => discounted(Routing {
            width_milli: 250,
            ..BASE
        })
        .to_vec(),
        RoutingPolicy::Ucb1 => wide([250, 1_000]).to_vec(),
        RoutingPolicy::SlidingUcb => [200, 1_000]
            .map(|window| {
                let routing = Routing {
                    window,
                    width_milli: 250,
                    ..BASE
                };
                with(format!("window {window}"), routing)
            })
            .to_vec(),
        RoutingPolicy::Exp3 => [1_000, 10_000]
            .map(|share_ppm| {
                let routing = Routing {
                    share_ppm,
                    explore_ppm: 50_000,
                    ..BASE
                };
                with(format!("share {}", f64::from(share_ppm) / 1e6), routing)
            })
            .to_vec(),
        RoutingPolicy::EpsilonGreedy => [10_000, 50_000]
            .map(|explore_ppm| {
                let routing = Routing {
                    explore_ppm,
                    ..BASE
                };
                with(format!("epsilon {}", f64::from(explore_ppm) / 1e6), routing)
            })
            .to_vec(),
        RoutingPolicy::Split => vec![with(String::new(), BASE)],
        RoutingPolicy::BestDisplayed | RoutingPolicy::RoundRobin | RoutingPolicy::BestStatic => {
            let routing = Routing {
                explore_ppm: 0,
                ..Routing::DEFAULT
            };
            vec![with(String::new(), routing)]
        }
    }
}

/// How a policy did, decision by decision.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// What each decision cost, in basis points.
    pub costs: Vec<f64>,
    /// Where each went.
    pub venues: Vec<usize>,
    /// Part of each that the chosen venue filled.
    pub filled: Vec<f64>,
    /// Which were sent elsewhere than to the venue believed best.
    pub explored: Vec<bool>,
}

/// A choice whose reward is not known yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    choice: Choice,
    reward: Reward,
}

/// Lets a policy choose at every decision of a table. A reward is told to it once it is known, and
/// not before.
#[must_use]
pub fn play(table: &Table, routing: &Routing, seed: u64) -> Played {
    let mut player = Player::new(routing, seed);
    let mut played = Played::default();
    for decision in &table.decisions {
        let Some(choice) = player.choose(decision) else {
            continue;
        };
        let venue = usize::from(choice.venue.get());
        let outcome = decision.outcomes[venue];
        player.await_reward(decision, choice, &outcome);
        played.costs.push(outcome.cost_bps);
        played.venues.push(venue);
        played.filled.push(outcome.filled);
        played.explored.push(choice.explored);
    }
    played
}

/// A policy with its budget for exploring and the rewards that are still to come.
pub(super) struct Player {
    chooser: Chooser,
    draws: Draws,
    open: Vec<Open>,
    /// When rewards are known, and which.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    sent: u64,
    explored: u64,
}

impl Player {
    pub(super) fn new(routing: &Routing, seed: u64) -> Self {
        Self {
            chooser: Chooser::new(routing),
            draws: Draws::new(seed),
            open: Vec::new(),
            due: BinaryHeap::new(),
            sent: 0,
            explored: 0,
        }
    }

    pub(super) fn ask(decision: &Decision) -> Ask<'_> {
        Ask {
            context: decision.context,
            candidates: ALL,
            displayed: &decision.displayed,
            touch_bps: touch_bps(decision),
        }
    }

    /// Whether the budget lets it explore with this decision.
    pub(super) fn may_explore(&self, decision: &Decision) -> bool {
        (self.explored + decision.size) * 1_000_000 <= (self.sent + decision.size) * BUDGET_PPM
    }

    /// Learns what is known by then, and chooses.
    pub(super) fn choose(&mut self, decision: &Decision) -> Option<Choice> {
        self.learn_until(decision.at);
        let may_explore = self.may_explore(decision);
        let mut beliefs = Beliefs::default();
        let ask = Self::ask(decision);
        let choice = self
            .chooser
            .choose(&ask, may_explore, &mut self.draws, &mut beliefs)?;
        self.sent += decision.size;
        if choice.explored {
            self.explored += decision.size;
        }
        Some(choice)
    }

    /// The probability of each venue at this decision.
    pub(super) fn probabilities(&mut self, decision: &Decision) -> [f64; VENUES] {
        self.learn_until(decision.at);
        let may_explore = self.may_explore(decision);
        let all = self
            .chooser
            .probabilities(&Self::ask(decision), may_explore);
        std::array::from_fn(|venue| all[venue])
    }

    pub(super) fn await_reward(&mut self, decision: &Decision, choice: Choice, outcome: &Outcome) {
        let at = decision.at + outcome.known_ns;
        self.due.push(Reverse((at, self.open.len())));
        let reward = reward(decision, outcome);
        self.open.push(Open { choice, reward });
    }

    /// Takes notice of a choice that somebody else made with this probability.
    pub(super) fn follow(&mut self, decision: &Decision, (venue, share): (usize, f64)) {
        let outcome = &decision.outcomes[venue];
        let venue = VenueId::new(u8::try_from(venue).unwrap_or(u8::MAX));
        let choice = Choice {
            venue,
            number: self.chooser.note(venue),
            context: decision.context,
            share: super::table::single(share),
            explored: false,
            touch_bps: touch_bps(decision),
        };
        self.sent += decision.size;
        self.await_reward(decision, choice, outcome);
    }

    fn learn_until(&mut self, now: u64) {
        while let Some(Reverse((at, ix))) = self.due.peek().copied() {
            if at > now {
                break;
            }
            self.due.pop();
            let Open { choice, reward } = self.open[ix];
            self.chooser.learn(&choice, &reward);
        }
    }
}

/// What the best displayed price costs.
fn touch_bps(decision: &Decision) -> f32 {
    let shown = decision.displayed.iter().copied();
    let best = shown.fold(f32::INFINITY, f32::min);
    if best.is_finite() { best } else { 0.0 }
}

/// An outcome as policies see it.
fn reward(decision: &Decision, outcome: &Outcome) -> Reward {
    let order_qty = Qty::whole(decision.size);
    let filled = outcome.filled * order_qty.units() as f64;
    Reward {
        bps: (-outcome.cost_bps).clamp(-50.0, 50.0),
        order_qty,
        cum_qty: Qty::from_units(super::stats::floor(filled.round()) as u64),
        filled: outcome.filled,
        slippage_bps: (outcome.filled > 0.0).then_some(outcome.slippage_bps),
        markout_bps: None,
        fee_bps: outcome.fee_bps,
        ack: Some(Nanos::new(outcome.known_ns)),
        rejected: outcome.rejected,
        cancelled_by_us: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::super::tape::Joined;
    use super::*;

    fn table(name: &str) -> Table {
        let profile = PROFILES.iter().find(|profile| profile.name == name);
        Table::of(&Joined::drawn(1), profile.unwrap(), 3_000, 5)
    }

    fn mean_cost(table: &Table, policy: RoutingPolicy) -> f64 {
        let variant = of(policy).remove(0);
        super::super::stats::mean(&play(table, &variant.routing, 1).costs)
    }

    #[test]
    fn every_policy_chooses_at_every_decision_and_keeps_its_budget() {
        let table = table("hidden-costs");
        for variant in variants() {
            let played = play(&table, &variant.routing, 1);
            assert_eq!(
                played.costs.len(),
                table.decisions.len(),
                "{}",
                variant.name
            );
            let sizes = table.decisions.iter().map(|decision| decision.size);
            let explored: u64 = sizes
                .zip(&played.explored)
                .map(|(size, explored)| size * u64::from(*explored))
                .sum();
            let sent: u64 = table.decisions.iter().map(|decision| decision.size).sum();
            assert!(
                explored * 1_000_000 <= sent * BUDGET_PPM,
                "{} {}: {explored} of {sent}",
                variant.name,
                variant.label
            );
        }
    }

    #[test]
    fn the_same_seed_plays_the_same_and_another_does_not() {
        let table = table("hidden-costs");
        let routing = of(RoutingPolicy::Thompson).remove(0).routing;
        let venues = |seed| play(&table, &routing, seed).venues;
        assert_eq!(venues(1), venues(1));
        assert_ne!(venues(1), venues(2));
    }

    #[test]
    fn nobody_beats_the_best_displayed_price_where_nothing_is_hidden() {
        let table = table("displayed-only");
        let best = mean_cost(&table, RoutingPolicy::BestDisplayed);
        for policy in RoutingPolicy::ALL {
            assert!(
                mean_cost(&table, *policy) >= best - 1e-6,
                "{}",
                policy.name()
            );
        }
    }

    #[test]
    fn a_learner_beats_taking_turns_where_costs_are_hidden() {
        let table = table("hidden-costs");
        let turns = mean_cost(&table, RoutingPolicy::RoundRobin);
        assert!(mean_cost(&table, RoutingPolicy::Thompson) < turns);
    }
}
