//! What another policy would have cost, estimated from decisions that were made by a first one.
//!
//! Only the outcome of what was chosen is known, so each is weighed by how much likelier the other
//! policy was to choose it (inverse propensity), or a model of the costs is corrected by what it
//! missed, weighed so (doubly robust). Both are unbiased because every probability is computed
//! from what was known before the decision: the other policy follows the log and learns from it.
//!
//! Source: Dudík, Langford & Li (2011), "Doubly robust policy evaluation and learning".

use dcx_model::{Routing, RoutingPolicy};
use dcx_stats::Draws;
use serde::Serialize;

use super::play::{Player, learns, variants};
use super::profile::VENUES;
use super::stats::{self, bootstrap};
use super::table::Table;

/// One decision of a log with what the other policy makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// What it cost, in basis points.
    pub cost_bps: f64,
    /// The probability with which it was chosen.
    pub logged: f64,
    /// The probability with which the other policy would have chosen it.
    pub target: f64,
    /// What the model expected of it.
    pub expected_bps: f64,
    /// What the model expects of the other policy's choice here.
    pub expected_target_bps: f64,
}

/// What the other policy is estimated to cost.
#[derive(Clone, Debug, Serialize)]
pub struct Estimate {
    /// The other policy.
    pub policy: &'static str,
    /// Decisions of the log.
    pub decisions: usize,
    /// How many independent decisions they are worth: weights that differ make few of many.
    pub effective_decisions: f64,
    /// What the log's own choices cost.
    pub logged_cost_bps: f64,
    /// Inverse propensity.
    pub ips_bps: f64,
    /// Its 95 % interval.
    pub ips_low: f64,
    /// Its 95 % interval.
    pub ips_high: f64,
    /// Inverse propensity by the sum of the weights.
    pub self_normalised_bps: f64,
    /// Doubly robust.
    pub doubly_robust_bps: f64,
    /// Its 95 % interval.
    pub doubly_robust_low: f64,
    /// Its 95 % interval.
    pub doubly_robust_high: f64,
    /// What it truly costs, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub true_bps: Option<f64>,
}

impl Estimate {
    /// The estimates from a log; none from an empty one.
    #[must_use]
    pub fn of(policy: &'static str, rows: &[Row], seed: u64) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let weights: Vec<f64> = rows.iter().map(|row| row.target / row.logged).collect();
        let (sum, squares) = weights
            .iter()
            .fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
        let pairs = || rows.iter().zip(&weights);
        let weighed: Vec<f64> = pairs().map(|(row, w)| w * row.cost_bps).collect();
        let corrected: Vec<f64> = pairs()
            .map(|(row, w)| row.expected_target_bps + w * (row.cost_bps - row.expected_bps))
            .collect();
        let costs: Vec<f64> = rows.iter().map(|row| row.cost_bps).collect();
        let (ips, robust) = (bootstrap(&weighed, seed), bootstrap(&corrected, seed));
        Some(Self {
            policy,
            decisions: rows.len(),
            effective_decisions: if squares > 0.0 {
                sum * sum / squares
            } else {
                0.0
            },
            logged_cost_bps: stats::mean(&costs),
            ips_bps: ips.mean,
            ips_low: ips.low,
            ips_high: ips.high,
            self_normalised_bps: weighed.iter().sum::<f64>() / sum.max(f64::MIN_POSITIVE),
            doubly_robust_bps: robust.mean,
            doubly_robust_low: robust.low,
            doubly_robust_high: robust.high,
            true_bps: None,
        })
    }
}

/// What each venue is expected to cost: the mean of what was seen of it, drawn to the mean of all.
#[derive(Clone, Debug, Default)]
pub struct Model {
    sums: Vec<f64>,
    counts: Vec<f64>,
}

impl Model {
    /// The expectation for a venue.
    #[must_use]
    pub fn expects(&self, venue: usize) -> f64 {
        let all = self.sums.iter().sum::<f64>() / self.counts.iter().sum::<f64>().max(1.0);
        let (sum, count) = (self.sums.get(venue), self.counts.get(venue));
        let (sum, count) = (sum.copied().unwrap_or(0.0), count.copied().unwrap_or(0.0));
        (sum + 5.0 * all) / (count + 5.0)
    }

    /// Takes in what an order cost there.
    pub fn take(&mut self, venue: usize, cost_bps: f64) {
        if self.sums.len() <= venue {
            self.sums.resize(venue + 1, 0.0);
            self.counts.resize(venue + 1, 0.0);
        }
        self.sums[venue] += cost_bps;
        self.counts[venue] += 1.0;
    }
}

/// The parameters that an estimate is made for: the first variant that is tried of a policy.
#[must_use]
pub fn routing_of(policy: RoutingPolicy) -> Routing {
    let all = variants();
    let found = all.iter().find(|variant| variant.routing.policy == policy);
    let routing = found.map_or(Routing::DEFAULT, |variant| variant.routing);
    Routing {
        // A probability of zero is no trouble for a target; it must be one the log may have.
        explore_ppm: if learns(policy) {
            routing.explore_ppm
        } else {
            0
        },
        ..routing
    }
}

/// Estimates a policy from a log that another policy makes of a table: an ε-greedy one that sends
/// every fifth order anywhere, so that every choice has a probability. The truth is known here.
#[must_use]
pub fn on_table(table: &Table, routing: &Routing, seed: u64) -> Option<Estimate> {
    const ANYWHERE: f64 = 0.2;
    let mut target = Player::new(routing, seed);
    let mut draws = Draws::new(seed ^ 0x0ff0_11cc);
    let (mut model, mut rows, mut truth) = (Model::default(), Vec::new(), 0.0);
    for decision in table.test() {
        let shares = target.probabilities(decision);
        let best = (0..VENUES)
            .min_by(|one, other| model.expects(*one).total_cmp(&model.expects(*other)))
            .unwrap_or(0);
        let (u, any) = (draws.uniform(), draws.uniform());
        let venue = if u < ANYWHERE {
            stats::floor(any * VENUES as f64).min(VENUES - 1)
        } else {
            best
        };
        let even = ANYWHERE / VENUES as f64;
        let logged = if venue == best {
            1.0 - ANYWHERE + even
        } else {
            even
        };
        let cost_bps = decision.outcomes[venue].cost_bps;
        let at_target = |cost: &dyn Fn(usize) -> f64| -> f64 {
            (0..VENUES).map(|venue| shares[venue] * cost(venue)).sum()
        };
        rows.push(Row {
            cost_bps,
            logged,
            target: shares[venue],
            expected_bps: model.expects(venue),
            expected_target_bps: at_target(&|venue| model.expects(venue)),
        });
        truth += at_target(&|venue| decision.outcomes[venue].cost_bps);
        model.take(venue, cost_bps);
        target.follow(decision, (venue, logged));
    }
    let count = rows.len() as f64;
    let mut estimate = Estimate::of(routing.policy.name(), &rows, seed)?;
    estimate.true_bps = Some(truth / count);
    Some(estimate)
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::super::tape::Joined;
    use super::*;

    /// A log of two venues that cost 1 and 3; the first was chosen with probability 0.8, and the
    /// other policy would choose it with 0.3: it costs 2.4.
    fn log(seed: u64, count: usize, modelled: [f64; 2]) -> Vec<Row> {
        let mut draws = Draws::new(seed);
        let (logged, target) = ([0.8, 0.2], [0.3, 0.7]);
        (0..count)
            .map(|_| {
                let venue = usize::from(draws.uniform() >= logged[0]);
                Row {
                    cost_bps: [1.0, 3.0][venue] + draws.normal(),
                    logged: logged[venue],
                    target: target[venue],
                    expected_bps: modelled[venue],
                    expected_target_bps: target[0] * modelled[0] + target[1] * modelled[1],
                }
            })
            .collect()
    }

    #[test]
    fn both_estimates_come_to_the_truth_whatever_the_model_says() {
        for (seed, modelled) in [(1, [1.0, 3.0]), (2, [0.0, 0.0]), (3, [9.0, -4.0])] {
            let found = Estimate::of("x", &log(seed, 4_000, modelled), 1).unwrap();
            for (mean, low, high) in [
                (found.ips_bps, found.ips_low, found.ips_high),
                (
                    found.doubly_robust_bps,
                    found.doubly_robust_low,
                    found.doubly_robust_high,
                ),
            ] {
                // Within three standard errors, of which an interval is four wide.
                assert!((mean - 2.4).abs() < 0.75 * (high - low), "{found:?}");
                assert!(high - low < 1.0, "{found:?}");
            }
            assert!((found.logged_cost_bps - 1.4).abs() < 0.1);
        }
    }

    #[test]
    fn a_good_model_makes_the_doubly_robust_interval_narrower() {
        let found = Estimate::of("x", &log(4, 4_000, [1.0, 3.0]), 1).unwrap();
        let (plain, robust) = (
            found.ips_high - found.ips_low,
            found.doubly_robust_high - found.doubly_robust_low,
        );
        assert!(robust < 0.8 * plain, "{robust} {plain}");
        assert!(found.effective_decisions < 2_000.0);
    }

    #[test]
    fn the_intervals_hold_the_truth_about_as_often_as_they_say() {
        let held = (0..60)
            .filter(|seed| {
                let found = Estimate::of("x", &log(50 + seed, 1_000, [1.0, 2.0]), *seed).unwrap();
                found.doubly_robust_low <= 2.4 && 2.4 <= found.doubly_robust_high
            })
            .count();
        assert!((50..=60).contains(&held), "{held} of 60");
    }

    #[test]
    fn on_a_table_where_all_outcomes_are_known_the_estimates_are_near_the_truth() {
        let profile = PROFILES
            .iter()
            .find(|profile| profile.name == "hidden-costs");
        let table = Table::of(&Joined::drawn(1), profile.unwrap(), 10_000, 5);
        for policy in [RoutingPolicy::RoundRobin, RoutingPolicy::Thompson] {
            let found = on_table(&table, &routing_of(policy), 3).unwrap();
            let truth = found.true_bps.unwrap();
            assert!(
                found.doubly_robust_low - 0.01 <= truth && truth <= found.doubly_robust_high + 0.01,
                "{found:?}"
            );
        }
    }

    #[test]
    fn an_empty_log_has_no_estimate() {
        assert!(Estimate::of("x", &[], 1).is_none());
    }
}
