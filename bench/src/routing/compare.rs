//! One comparison: variants are tuned on the early days, and the later days are looked at once.

use dcx_model::{Routing, RoutingPolicy, VenueId};

use super::PolicyRow;
use super::play::{BUDGET_PPM, Played, learns, play, variants};
use super::profile::VENUES;
use super::stats::{self, Interval, bootstrap, reality_check};
use super::table::Table;

/// A policy by its best variant of the training days.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The policy.
    pub policy: RoutingPolicy,
    /// Its variant.
    pub label: String,
    /// How many variants were tried.
    pub tried: usize,
    /// What it cost on the training days.
    pub train_bps: f64,
    /// What it cost on the test days.
    pub cost: Interval,
    /// What it saved there against the benchmark.
    pub saving: Interval,
    /// Share of quantity that the chosen venues filled there.
    pub fill_rate: f64,
    /// Where its decisions of the test days went.
    pub shares: [f64; VENUES],
    /// The most that it had lost against the benchmark at any time, all days: in basis points of
    /// one decision, summed.
    pub learning_bps: f64,
    /// Decisions after which it never was behind the benchmark again; none if it ended behind.
    pub even_after: Option<usize>,
    /// What it saved until each fiftieth of all days, summed.
    pub curve: Vec<f64>,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// The policies, baselines first.
    pub entries: Vec<Entry>,
    /// The baseline that was cheapest on the training days.
    pub benchmark: &'static str,
    /// The probability of so good a best variant by chance.
    pub reality_check_p: f64,
    /// The same where the venues' labels are shuffled, against taking turns.
    pub placebo_p: f64,
    /// What the best learner saved there, with its interval.
    pub placebo_saving: Option<Interval>,
    /// Variants that were tried, all of them in the reality check.
    pub tried: usize,
    /// What the best single venue of the test days cost, known only afterwards.
    pub hindsight_static_bps: f64,
    /// What the best venue of each decision cost, known only afterwards.
    pub hindsight_each_bps: f64,
    /// What each venue alone cost on the test days.
    pub venues_bps: [f64; VENUES],
    /// Decisions of the training days and of the test days.
    pub decisions: (usize, usize),
    /// Moments passed over, and decisions between crossed sources.
    pub skipped: (u64, u64),
    /// UTC days with decisions.
    pub days: usize,
}

/// A variant and how it played.
struct Tried {
    policy: RoutingPolicy,
    label: String,
    played: Played,
    train_bps: f64,
}

fn try_all(table: &Table, only: Option<RoutingPolicy>, seed: u64) -> Vec<Tried> {
    let cheapest = cheapest_venue(table);
    let wanted = |policy: RoutingPolicy| only.is_none_or(|only| only == policy) || !learns(policy);
    variants()
        .into_iter()
        .filter(|variant| wanted(variant.routing.policy))
        .map(|variant| {
            let routing = Routing {
                venue: cheapest,
                ..variant.routing
            };
            let played = play(table, &routing, seed);
            Tried {
                policy: routing.policy,
                label: variant.label,
                train_bps: stats::mean(&played.costs[..table.test_from]),
                played,
            }
        })
        .collect()
}

/// The venue that was cheapest on the training days.
fn cheapest_venue(table: &Table) -> VenueId {
    let costs = table.static_costs(table.train());
    let best = (0_u8..)
        .zip(costs)
        .min_by(|one, other| one.1.total_cmp(&other.1));
    VenueId::new(best.map_or(0, |(venue, _)| venue))
}

/// Compares every policy, or one with the baselines.
#[must_use]
pub fn compare(table: &Table, only: Option<RoutingPolicy>, seed: u64) -> Compared {
    let tried = try_all(table, only, seed);
    let test = table.test_from..;
    let benchmark = tried
        .iter()
        .filter(|tried| !learns(tried.policy))
        .min_by(|one, other| one.train_bps.total_cmp(&other.train_bps));
    let Some(benchmark) = benchmark else {
        return Compared::default();
    };
    let savings = |tried: &Tried| saved(&benchmark.played.costs, &tried.played.costs);
    let all: Vec<Vec<f64>> = tried
        .iter()
        .filter(|tried| tried.policy != benchmark.policy)
        .map(|tried| savings(tried)[test.clone()].to_vec())
        .collect();
    let mut entries = Vec::new();
    for policy in ordered() {
        let of: Vec<&Tried> = tried
            .iter()
            .filter(|tried| tried.policy == policy)
            .collect();
        let best = of
            .iter()
            .min_by(|one, other| one.train_bps.total_cmp(&other.train_bps));
        if let Some(best) = best {
            entries.push(entry(table, best, of.len(), &savings(best), seed));
        }
    }
    let placebo = placebo(table, only, seed);
    let costs_of = |decision: &super::table::Decision| {
        let costs = decision.outcomes.iter().map(|outcome| outcome.cost_bps);
        costs.fold(f64::INFINITY, f64::min)
    };
    let each: Vec<f64> = table.test().iter().map(costs_of).collect();
    let venues_bps = table.static_costs(table.test());
    Compared {
        entries,
        benchmark: benchmark.policy.name(),
        reality_check_p: reality_check(&all, seed),
        placebo_p: placebo.0,
        placebo_saving: placebo.1,
        tried: tried.len(),
        hindsight_static_bps: venues_bps.iter().copied().fold(f64::INFINITY, f64::min),
        hindsight_each_bps: stats::mean(&each),
        venues_bps,
        decisions: (table.test_from, table.test().len()),
        skipped: (table.skipped, table.crossed),
        days: table.days,
    }
}

/// Baselines first, learners after them.
fn ordered() -> Vec<RoutingPolicy> {
    let mut all = RoutingPolicy::ALL.to_vec();
    all.sort_by_key(|policy| learns(*policy));
    all
}

/// What was saved at each decision.
fn saved(benchmark: &[f64], costs: &[f64]) -> Vec<f64> {
    let pairs = benchmark.iter().zip(costs);
    pairs.map(|(benchmark, cost)| benchmark - cost).collect()
}

fn entry(table: &Table, tried: &Tried, of: usize, savings: &[f64], seed: u64) -> Entry {
    const POINTS: usize = 50;
    let test = table.test_from..;
    let played = &tried.played;
    let (mut sum, mut deepest, mut even_after) = (0.0, 0.0_f64, Some(0));
    let mut curve = Vec::new();
    let step = (savings.len() / POINTS).max(1);
    for (ix, saved) in savings.iter().enumerate() {
        sum += saved;
        deepest = deepest.min(sum);
        // Rounding is no loss.
        if sum < -1e-6 {
            even_after = None;
        } else if even_after.is_none() {
            even_after = Some(ix + 1);
        }
        if (ix + 1) % step == 0 && curve.len() < POINTS {
            curve.push(sum);
        }
    }
    let mut shares = [0.0; VENUES];
    for venue in &played.venues[test.clone()] {
        shares[*venue] += 1.0 / table.test().len().max(1) as f64;
    }
    let (mut sent, mut filled) = (0.0, 0.0);
    for (decision, part) in table.test().iter().zip(&played.filled[test.clone()]) {
        sent += decision.size as f64;
        filled += part * decision.size as f64;
    }
    Entry {
        policy: tried.policy,
        label: tried.label.clone(),
        tried: of,
        train_bps: tried.train_bps,
        cost: bootstrap(&played.costs[test.clone()], seed),
        saving: bootstrap(&savings[test], seed),
        fill_rate: if sent > 0.0 { filled / sent } else { 0.0 },
        shares,
        learning_bps: -deepest,
        even_after,
        curve,
    }
}

/// The learners where there is nothing to learn, against taking turns.
fn placebo(table: &Table, only: Option<RoutingPolicy>, seed: u64) -> (f64, Option<Interval>) {
    let shuffled = table.shuffled(seed ^ 0x51ab);
    let tried = try_all(&shuffled, only, seed);
    let turns = tried
        .iter()
        .find(|tried| tried.policy == RoutingPolicy::RoundRobin);
    let Some(turns) = turns else {
        return (1.0, None);
    };
    let test = table.test_from..;
    let savings: Vec<Vec<f64>> = tried
        .iter()
        .filter(|tried| learns(tried.policy))
        .map(|tried| saved(&turns.played.costs, &tried.played.costs)[test.clone()].to_vec())
        .collect();
    let best = savings
        .iter()
        .max_by(|one, other| stats::mean(one).total_cmp(&stats::mean(other)));
    (
        reality_check(&savings, seed),
        best.map(|best| bootstrap(best, seed)),
    )
}

impl Compared {
    /// The policies as the report has them.
    #[must_use]
    pub fn rows(&self) -> Vec<PolicyRow> {
        self.entries
            .iter()
            .map(|entry| PolicyRow {
                name: entry.policy.name(),
                cost_bps: entry.cost.mean,
                ci_low: entry.cost.low,
                ci_high: entry.cost.high,
                decisions: self.decisions.1,
                fill_rate: entry.fill_rate,
            })
            .collect()
    }

    /// The entry of a policy.
    #[must_use]
    pub fn entry(&self, policy: RoutingPolicy) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.policy == policy)
    }

    /// The learner that was cheapest on the training days: who would have been taken.
    #[must_use]
    pub fn picked(&self) -> Option<&Entry> {
        self.entries
            .iter()
            .filter(|entry| learns(entry.policy))
            .min_by(|one, other| one.train_bps.total_cmp(&other.train_bps))
    }

    /// What a policy that does not look at prices may lose by its budget for exploring: that share
    /// at the dearest venue instead of the cheapest.
    #[must_use]
    pub fn allowance_bps(&self) -> f64 {
        let dearest = self.venues_bps.iter().copied().fold(f64::MIN, f64::max);
        (dearest - self.hindsight_static_bps) * BUDGET_PPM as f64 / 1e6
    }

    /// What the comparison comes to, in words.
    #[must_use]
    pub fn verdict(&self, profile: &str) -> String {
        let Some(picked) = self.picked() else {
            return "no policy that learns was asked for".to_owned();
        };
        let name = picked.policy.name();
        let saving = picked.saving;
        if profile == "displayed-only" {
            return self.displayed_verdict(picked);
        }
        let interval = format!("{:.4} .. {:.4}", saving.low, saving.high);
        if saving.low > 0.0 && self.reality_check_p < 0.05 {
            format!(
                "{name}, picked on the training days, saves {:.4} bps a decision against {} \
                 ({interval})",
                saving.mean, self.benchmark
            )
        } else if saving.high < 0.0 {
            format!(
                "no learner is worth it: {name}, picked on the training days, costs {:.4} bps more \
                 than {} ({interval})",
                -saving.mean, self.benchmark
            )
        } else {
            format!(
                "no difference that is not chance: {name}, picked on the training days, against \
                 {}: {:.4} bps saved ({interval})",
                self.benchmark, saving.mean
            )
        }
    }

    fn displayed_verdict(&self, picked: &Entry) -> String {
        let cost = |policy| self.entry(policy).map_or(f64::NAN, |entry| entry.cost.mean);
        let best = cost(RoutingPolicy::BestDisplayed);
        let fixed = cost(RoutingPolicy::BestStatic);
        let beaten = self
            .entries
            .iter()
            .any(|entry| entry.cost.mean < best - 1e-6);
        let lost = picked.cost.mean - fixed;
        let within = if lost <= self.allowance_bps() {
            "within"
        } else {
            "more than"
        };
        format!(
            "best-displayed is {}; {} costs {:.4} bps more, of which {:.4} for not looking at \
             prices (as best-static) and {lost:.4} for learning, {within} the {:.4} that its \
             budget for exploring allows",
            if beaten {
                "BEATEN, which cannot be"
            } else {
                "not beaten"
            },
            picked.policy.name(),
            picked.cost.mean - best,
            fixed - best,
            self.allowance_bps()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::super::tape::Joined;
    use super::*;

    fn compared(name: &str) -> Compared {
        let profile = PROFILES.iter().find(|profile| profile.name == name);
        let table = Table::of(&Joined::drawn(1), profile.unwrap(), 6_000, 5);
        compare(&table, None, 1)
    }

    #[test]
    fn on_displayed_prices_alone_nobody_beats_the_best_of_them() {
        let compared = compared("displayed-only");
        let best = compared.entry(RoutingPolicy::BestDisplayed).unwrap();
        for entry in &compared.entries {
            assert!(
                entry.cost.mean >= best.cost.mean - 1e-6,
                "{}",
                entry.policy.name()
            );
        }
        assert_eq!(compared.benchmark, "best-displayed");
        assert!((compared.hindsight_each_bps - best.cost.mean).abs() < 1e-4);
        assert!(compared.reality_check_p > 0.05);
        let verdict = compared.verdict("displayed-only");
        assert!(verdict.contains("not beaten"), "{verdict}");
    }

    #[test]
    fn where_costs_are_hidden_a_learner_wins_and_the_placebo_does_not() {
        let compared = compared("hidden-costs");
        let thompson = compared.entry(RoutingPolicy::Thompson).unwrap();
        let turns = compared.entry(RoutingPolicy::RoundRobin).unwrap();
        assert!(thompson.cost.high < turns.cost.low);
        assert!(thompson.cost.mean >= compared.hindsight_each_bps);
        assert!(compared.placebo_p > 0.05, "{}", compared.placebo_p);
        let placebo = compared.placebo_saving.unwrap();
        assert!(placebo.low <= 0.0, "{placebo:?}");
    }
}
