//! A linear model of the reward for each venue: what a context adds to it or takes away.

use dcx_model::{Routing, RoutingPolicy, VENUES_MAX, VenueId};

use super::context::{CONTEXT_SIZE, Context};
use super::seen::KNOWN_MIN;
use super::{
    Ask, Beliefs, Choice, NOTHING_KNOWN, Policy, Reward, Rule, digest_float, power, rounded,
};
use crate::digest::Words;

const N: usize = CONTEXT_SIZE;
type Square = [[f64; N]; N];

/// What was seen of one venue.
#[derive(Clone, Debug)]
struct Model {
    /// Discounted sum of the contexts' outer products.
    seen: Square,
    /// Discounted sum of the contexts times their rewards.
    gained: [f64; N],
    /// The choice up to which both are discounted.
    until: u64,
}

impl Model {
    const fn new() -> Self {
        Self {
            seen: [[0.0; N]; N],
            gained: [0.0; N],
            until: 0,
        }
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
}

/// Pairs of numbers of a context, each with itself and with those after it.
const PAIRS: usize = N * (N + 1) / 2;

/// One number of each venue.
type Each = [f32; VENUES_MAX];

/// What follows from what was seen: with these the mean and the variance of a context are two
/// sums over all venues at a time.
#[derive(Clone, Copy, Debug)]
struct Solved {
    /// The inverse of one plus what was seen: its upper half, row by row.
    inverse: [Each; PAIRS],
    /// The inverse times what was gained: what each number of a context is worth.
    worth: [Each; N],
}

impl Solved {
    /// Nothing seen: the inverse of one is one.
    fn new() -> Self {
        let mut solved = Self {
            inverse: [[0.0; VENUES_MAX]; PAIRS],
            worth: [[0.0; VENUES_MAX]; N],
        };
        let blank = Model::new();
        (0..VENUES_MAX).for_each(|venue| solved.take(venue, &blank));
        solved
    }

    /// Solves the model of a venue.
    fn take(&mut self, venue: usize, model: &Model) {
        let inverse = inverse_of(&model.seen);
        let upper = (0..).zip(&inverse).flat_map(|(i, row)| row.iter().skip(i));
        for (kept, value) in self.inverse.iter_mut().zip(upper) {
            if let Some(kept) = kept.get_mut(venue) {
                *kept = rounded(*value);
            }
        }
        for (kept, row) in self.worth.iter_mut().zip(&inverse) {
            let sum: f64 = row.iter().zip(&model.gained).map(|(a, b)| a * b).sum();
            if let Some(kept) = kept.get_mut(venue) {
                *kept = rounded(sum);
            }
        }
    }
}

/// The sum of all rows, each times its factor, for the first so many venues.
#[inline]
fn sum<const ROWS: usize, const VENUES: usize>(
    rows: &[Each; ROWS],
    factors: &[f32; ROWS],
) -> [f32; VENUES] {
    let mut sums = [0.0; VENUES];
    for (row, factor) in rows.iter().zip(factors) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value * factor;
        }
    }
    sums
}

/// The products of each pair; those of two different numbers stand in the whole matrix twice.
#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "the pairs are counted as the array is long"
)]
fn pairs(context: &[f32; N]) -> [f32; PAIRS] {
    let mut pairs = [0.0; PAIRS];
    let mut at = 0;
    for i in 0..N {
        pairs[at] = context[i] * context[i];
        for j in i + 1..N {
            pairs[at + j - i] = 2.0 * context[i] * context[j];
        }
        at += N - i;
    }
    pairs
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
    /// What follows from them.
    solved: Solved,
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
            solved: Solved::new(),
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
        }
        let Solved { inverse, worth } = &self.solved;
        for value in inverse.iter().chain(worth).flatten() {
            words.u64(u64::from(value.to_bits()));
        }
    }

    /// Finds what follows from the model of a venue.
    fn solve(&mut self, ix: usize) {
        if let Some(model) = self.models.get(ix) {
            self.solved.take(ix, model);
        }
    }

    /// Says what is believed of the first so many venues.
    #[inline]
    fn tell<const VENUES: usize>(&self, context: Context, beliefs: &mut Beliefs) {
        let context = context.features();
        let prior: f32 = context.iter().map(|x| x * x).sum();
        let means: [f32; VENUES] = sum(&self.solved.worth, &context);
        let variances: [f32; VENUES] = sum(&self.solved.inverse, &pairs(&context));
        let told = beliefs.scores.iter_mut().zip(&mut beliefs.spreads);
        let told = told.zip(&mut beliefs.known);
        for (((score, spread), known), (mean, variance)) in told.zip(means.iter().zip(&variances)) {
            let variance = variance.max(0.0);
            *score = *mean;
            *spread = self.width * variance.sqrt();
            *known = without_hope(*mean, variance / prior);
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
        const FEW: usize = 4;
        if ask.candidates.bits() >> FEW == 0 {
            self.tell::<FEW>(ask.context, beliefs);
        } else {
            self.tell::<VENUES_MAX>(ask.context, beliefs);
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
            let reward = choice.against_touch(reward);
            model.observe(&context, reward, power(discount, age));
        }
        self.solve(own);
        self.next = (self.next + 1) % VENUES_MAX;
        if let Some(model) = self.models.get_mut(self.next)
            && model.until < now
        {
            model.age(discount, now);
            self.solve(self.next);
        }
    }
}

/// What a mean would be without the prior that draws it to zero, where enough was seen. `left` is
/// the variance against what it was before anything was seen; after so many observations of the
/// same context it is one over one and their number, and the mean is too small by as much.
#[inline]
fn without_hope(mean: f32, left: f32) -> f32 {
    /// As much is left after [`KNOWN_MIN`] observations.
    const LEFT_MAX: f32 = rounded(1.0 / (1.0 + KNOWN_MIN));
    let known = mean / (1.0 - left);
    if left <= LEFT_MAX {
        known
    } else {
        NOTHING_KNOWN
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
