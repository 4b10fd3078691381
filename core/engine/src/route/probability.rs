//! The probability with which each venue was chosen, from what was believed of them.
//!
//! It is what another policy is judged by on past choices (inverse propensity), so it must be
//! that of the rule itself and not of many runs of it. Policies whose draws compete have it as an
//! integral: over all values x, the density of a venue's draw at x times the chance that all
//! others draw less.

use dcx_model::{RouteDecision, RouteFlags, Score, VENUES_MAX, VenueSet};
use dcx_stats::{beta_cdf, beta_density, ln_beta, normal_cdf, normal_density};

use super::rule::{best, highest, share};
use super::{Beliefs, Rule, places, rule_of, venue_at};

/// Probabilities by venue; zero for those that could not be chosen.
pub type Probabilities = [f64; VENUES_MAX];

/// The probability of each candidate, summing to one.
///
/// Exact for rules without competing draws. For those with, the integral is taken by Gauss and
/// Legendre's eight nodes between each two of the points that lie whole and half numbers of
/// standard deviations from a belief: right to 10⁻⁹ for normal draws and to 10⁻⁵ for beta draws
/// (`core/engine/tests/route.rs` holds it against many draws and a finer integral).
///
/// # Cost
/// O(venues³) evaluations of a distribution for competing draws: microseconds for three venues, a
/// few milliseconds for sixteen. For those who ask later, not for the way of an order.
#[must_use]
pub fn probabilities(
    rule: Rule,
    explore_ppm: u32,
    candidates: VenueSet,
    may_explore: bool,
    beliefs: &Beliefs,
) -> Probabilities {
    let mut found = [0.0; VENUES_MAX];
    let Some(best) = best(candidates, beliefs) else {
        return found;
    };
    let count = candidates.count();
    if count < 2 || !may_explore {
        set(&mut found, best, 1.0);
        return found;
    }
    match rule {
        Rule::Shares => {
            for ix in places(candidates) {
                set(&mut found, ix, share(explore_ppm, candidates, beliefs, ix));
            }
            return found;
        }
        Rule::Highest => {
            let drawn = |ix: usize| {
                let (score, spread) = (beliefs.scores.get(ix)?, beliefs.spreads.get(ix)?);
                Some(f64::from(*score) + f64::from(*spread))
            };
            if let Some(at) = highest(candidates, drawn) {
                set(&mut found, at, 1.0);
            }
        }
        Rule::Normal | Rule::Beta => Race::new(rule, candidates, beliefs).run(&mut found),
    }
    let explore = f64::from(explore_ppm.min(1_000_000)) / 1e6;
    for ix in places(candidates) {
        if let Some(found) = found.get_mut(ix) {
            *found = (1.0 - explore) * *found + explore / f64::from(count);
        }
    }
    found
}

/// The probability of each candidate of a recorded choice.
#[must_use]
pub fn probabilities_of(decision: &RouteDecision) -> Probabilities {
    if decision.flags.has(RouteFlags::HELD_TO_BEST) {
        // It could be no other.
        let mut found = [0.0; VENUES_MAX];
        set(&mut found, usize::from(decision.venue.get()), 1.0);
        return found;
    }
    let beliefs = Beliefs {
        scores: decision.scores.map(Score::value),
        spreads: decision.spreads.map(Score::value),
        ..Beliefs::default()
    };
    let candidates = VenueSet::from_bits(u64::from(decision.candidates));
    let rule = rule_of(decision.policy);
    probabilities(rule, decision.explore_ppm, candidates, true, &beliefs)
}

fn set(found: &mut Probabilities, at: usize, value: f64) {
    if let Some(found) = found.get_mut(at) {
        *found = value;
    }
}

/// Points of each belief between which is integrated, in its standard deviations.
const STEPS: [f64; 13] = [
    -8.5, -6.0, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 8.5,
];

/// Nodes and weights of Gauss and Legendre between −1 and 1, each node on both sides.
const NODES: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// One venue whose draw competes.
#[derive(Clone, Copy, Debug, Default)]
struct Runner {
    ix: usize,
    /// Its first and second number.
    a: f64,
    b: f64,
    /// The logarithm of the beta function of both.
    ln_beta: f64,
    mean: f64,
    sd: f64,
}

/// Draws that compete.
struct Race {
    rule: Rule,
    runners: [Runner; VENUES_MAX],
    len: usize,
}

impl Race {
    fn new(rule: Rule, candidates: VenueSet, beliefs: &Beliefs) -> Self {
        let mut race = Self {
            rule,
            runners: [Runner::default(); VENUES_MAX],
            len: 0,
        };
        for (ix, runner) in places(candidates).zip(&mut race.runners) {
            let belief = beliefs.of(venue_at(ix));
            let (a, b) = (f64::from(belief.score), f64::from(belief.spread));
            *runner = match rule {
                Rule::Beta => {
                    let whole = a + b;
                    Runner {
                        ix,
                        a,
                        b,
                        ln_beta: ln_beta(a, b),
                        mean: a / whole,
                        sd: (a * b / (whole * whole * (whole + 1.0))).sqrt(),
                    }
                }
                Rule::Normal | Rule::Highest | Rule::Shares => Runner {
                    ix,
                    a,
                    b,
                    ln_beta: 0.0,
                    mean: a,
                    // A belief of no width at all is that of a very narrow one.
                    sd: b.max(1e-9 * (1.0 + a.abs())),
                },
            };
            race.len += 1;
        }
        race
    }

    fn runners(&self) -> &[Runner] {
        self.runners.get(..self.len).unwrap_or_default()
    }

    fn run(&self, found: &mut Probabilities) {
        let mut points = [0.0; VENUES_MAX * STEPS.len()];
        let mut len = 0;
        let all = self.runners().iter().flat_map(|runner| {
            let at = |step: &f64| runner.mean + step * runner.sd;
            STEPS.iter().map(at)
        });
        for (place, point) in points.iter_mut().zip(all) {
            *place = match self.rule {
                Rule::Beta => point.clamp(0.0, 1.0),
                Rule::Normal | Rule::Highest | Rule::Shares => point,
            };
            len += 1;
        }
        let points = points.get_mut(..len).unwrap_or_default();
        points.sort_unstable_by(f64::total_cmp);
        for (from, to) in points.iter().zip(points.iter().skip(1)) {
            if to > from {
                self.between(*from, *to, found);
            }
        }
        let sum: f64 = found.iter().sum();
        found.iter_mut().for_each(|found| *found /= sum);
    }

    fn between(&self, from: f64, to: f64, found: &mut Probabilities) {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        for (node, weight) in NODES {
            self.at(middle - half * node, half * weight, found);
            self.at(middle + half * node, half * weight, found);
        }
    }

    /// Adds each venue's chance to win at `x`.
    fn at(&self, x: f64, weight: f64, found: &mut Probabilities) {
        let mut below = [1.0; VENUES_MAX];
        for (runner, below) in self.runners().iter().zip(&mut below) {
            *below = self.below(runner, x);
        }
        for (own, runner) in self.runners().iter().enumerate() {
            let density = self.density(runner, x);
            if density <= 0.0 {
                continue;
            }
            let mut others = weight * density;
            for (other, below) in below.iter().take(self.len).enumerate() {
                if other != own {
                    others *= below;
                }
            }
            if let Some(found) = found.get_mut(runner.ix) {
                *found += others;
            }
        }
    }

    fn below(&self, runner: &Runner, x: f64) -> f64 {
        match self.rule {
            Rule::Beta => beta_cdf(runner.a, runner.b, x),
            Rule::Normal | Rule::Highest | Rule::Shares => {
                normal_cdf((x - runner.mean) / runner.sd)
            }
        }
    }

    fn density(&self, runner: &Runner, x: f64) -> f64 {
        match self.rule {
            Rule::Beta => beta_density(runner.a, runner.b, runner.ln_beta, x),
            Rule::Normal | Rule::Highest | Rule::Shares => {
                normal_density((x - runner.mean) / runner.sd) / runner.sd
            }
        }
    }
}
