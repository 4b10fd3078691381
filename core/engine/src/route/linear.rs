//! A linear model of the reward for each venue: what a context adds to it or takes away.

use dcx_model::{Routing, RoutingPolicy, VENUES_MAX, VenueId};

use super::context::CONTEXT_SIZE;
use super::{Ask, Beliefs, Choice, Policy, Reward, Rule, digest_float, places, power, rounded};
use crate::digest::Words;

const N: usize = CONTEXT_SIZE;
type Square = [[f64; N]; N];

/// What was seen of one venue, and what follows from it.
#[derive(Clone, Debug)]
struct Model {
    /// Discounted sum of the contexts' outer products.
    seen: Square,
    /// Discounted sum of the contexts times their rewards.
    gained: [f64; N],
    /// The choice up to which both are discounted.
    until: u64,
    /// Inverse of one plus `seen`.
    inverse: [[f32; N]; N],
    /// `inverse` times `gained`: what each number of a context is worth.
    worth: [f32; N],
}

impl Model {
    fn new() -> Self {
        let mut model = Self {
            seen: [[0.0; N]; N],
            gained: [0.0; N],
            until: 0,
            inverse: [[0.0; N]; N],
            worth: [0.0; N],
        };
        model.solve();
        model
    }

    /// Forgets up to choice `now`.
    fn age(&mut self, discount: f64, now: u64) {
        let kept = power(discount, now.saturating_sub(self.until));
        self.until = now;
        for value in self.seen.iter_mut().flatten().chain(&mut self.gained) {
            *value *= kept;
            if value.abs() < FORGOTTEN {
                *value = 0.0;
            }
        }
    }

    fn observe(&mut self, context: &[f32; N], reward: f64, weight: f64) {
        for ((row, gained), x) in self.seen.iter_mut().zip(&mut self.gained).zip(context) {
            let x = f64::from(*x) * weight;
            for (value, y) in row.iter_mut().zip(context) {
                *value += x * f64::from(*y);
            }
            *gained += x * reward;
        }
    }

    /// Finds the inverse and what follows from it.
    fn solve(&mut self) {
        let inverse = inverse_of(&self.seen);
        for (row, kept) in inverse.iter().zip(&mut self.inverse) {
            for (value, kept) in row.iter().zip(kept) {
                *kept = rounded(*value);
            }
        }
        for (row, worth) in inverse.iter().zip(&mut self.worth) {
            let sum: f64 = row.iter().zip(&self.gained).map(|(a, b)| a * b).sum();
            *worth = rounded(sum);
        }
    }

    /// Mean and variance of the reward in a context, the variance against that of the prior.
    fn belief(&self, context: &[f32; N]) -> (f32, f32) {
        let mut mean = 0.0;
        let mut product = [0.0_f32; N];
        for ((row, worth), x) in self.inverse.iter().zip(&self.worth).zip(context) {
            mean += worth * x;
            for (sum, value) in product.iter_mut().zip(row) {
                *sum += value * x;
            }
        }
        let variance: f32 = product.iter().zip(context).map(|(a, b)| a * b).sum();
        (mean, variance.max(0.0))
    }
}

/// Below this what was seen is forgotten altogether: denormal floats would be slow.
const FORGOTTEN: f64 = 1e-12;

/// Linear UCB or linear Thompson sampling, a model for each venue.
///
/// The models of venues that are not chosen are brought up to date in turn, one with each reward:
/// so none is behind by more rewards than there are venues.
///
/// # Source
/// Li, Chu, Langford & Schapire (2010), "A contextual-bandit approach to personalized news
/// article recommendation"; Agrawal & Goyal (2013), "Thompson sampling for contextual bandits
/// with linear payoffs"; forgetting after Russac, Vernade & Cappé (2019), "Weighted linear
/// bandits for non-stationary environments".
#[derive(Clone, Debug)]
pub struct Linear {
    draws: bool,
    explore_ppm: u32,
    discount: f64,
    /// Width of the prior, or what the width of a bound is multiplied by, in basis points.
    width: f32,
    choices: u64,
    /// The venue whose model is brought up to date next.
    next: usize,
    models: [Model; VENUES_MAX],
}

impl Linear {
    /// The policy with these parameters, knowing nothing.
    #[must_use]
    pub fn new(routing: &Routing) -> Self {
        let prior_sd = f64::from(routing.prior_sd_centi_bps) / 100.0;
        let draws = routing.policy == RoutingPolicy::LinThompson;
        let times = f64::from(routing.width_milli) / 1e3;
        Self {
            draws,
            explore_ppm: routing.explore_ppm,
            discount: f64::from(routing.discount_ppm) / 1e6,
            width: rounded(if draws { prior_sd } else { prior_sd * times }),
            choices: 0,
            next: 0,
            models: std::array::from_fn(|_| Model::new()),
        }
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.choices);
        words.u64(self.next as u64);
        for model in &self.models {
            words.u64(model.until);
            for value in model.seen.iter().flatten().chain(&model.gained) {
                digest_float(words, *value);
            }
            for value in model.inverse.iter().flatten().chain(&model.worth) {
                words.u64(u64::from(value.to_bits()));
            }
        }
    }
}

impl Policy for Linear {
    fn rule(&self) -> Rule {
        if self.draws {
            Rule::Normal
        } else {
            Rule::Highest
        }
    }

    fn explore_ppm(&self) -> u32 {
        self.explore_ppm
    }

    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        let context = ask.context.features();
        for ix in places(ask.candidates) {
            if let (Some(model), Some(belief)) = (self.models.get(ix), beliefs.get_mut(ix)) {
                let (mean, variance) = model.belief(&context);
                belief.score = mean;
                belief.spread = self.width * variance.sqrt();
            }
        }
    }

    fn note(&mut self, _venue: VenueId) -> u64 {
        self.choices += 1;
        self.choices
    }

    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        let age = self.choices.saturating_sub(choice.number);
        let (discount, now) = (self.discount, self.choices);
        let context = choice.context.features();
        let own = usize::from(choice.venue.get());
        if let Some(model) = self.models.get_mut(own) {
            model.age(discount, now);
            model.observe(&context, reward.bounded_bps(), power(discount, age));
            model.solve();
        }
        self.next = (self.next + 1) % VENUES_MAX;
        if let Some(model) = self.models.get_mut(self.next)
            && model.until < now
        {
            model.age(discount, now);
            model.solve();
        }
    }
}

/// The inverse of one plus a sum of outer products, by Cholesky's way: such a matrix has one.
#[expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "every index runs below the dimension of the arrays, as in the formulas"
)]
fn inverse_of(seen: &Square) -> Square {
    // The triangle whose product with its transpose is the matrix, then its inverse.
    let mut root = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let one = f64::from(u8::from(i == j));
            let mut sum = one + seen[i][j];
            for k in 0..j {
                sum -= root[i][k] * root[j][k];
            }
            // Rounding aside it is at least one.
            root[i][j] = if i == j {
                sum.max(1e-9).sqrt()
            } else {
                sum / root[j][j]
            };
        }
    }
    let mut left = [[0.0; N]; N];
    for i in 0..N {
        left[i][i] = 1.0 / root[i][i];
        for j in 0..i {
            let mut sum = 0.0;
            for k in j..i {
                sum -= root[i][k] * left[k][j];
            }
            left[i][j] = sum / root[i][i];
        }
    }
    let mut inverse = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let mut sum = 0.0;
            for row in &left[i..] {
                sum += row[i] * row[j];
            }
            inverse[i][j] = sum;
            inverse[j][i] = sum;
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::needless_range_loop, reason = "as in the formula")]
    fn a_matrix_times_its_inverse_is_one() {
        let mut draws = dcx_stats::Draws::new(4);
        let mut model = Model::new();
        for turn in 0..500 {
            let context: [f32; N] = std::array::from_fn(|_| rounded(draws.normal()));
            model.observe(&context, draws.normal(), 1.0);
            if turn % 50 != 0 {
                continue;
            }
            let inverse = inverse_of(&model.seen);
            for i in 0..N {
                for j in 0..N {
                    let one = f64::from(u8::from(i == j));
                    let product: f64 = (0..N)
                        .map(|k| {
                            let own = f64::from(u8::from(i == k));
                            (model.seen[i][k] + own) * inverse[k][j]
                        })
                        .sum();
                    assert!((product - one).abs() < 1e-9, "{turn} {i} {j}: {product}");
                }
            }
        }
    }
}
