//! What is believed about one venue: a normal posterior over its mean reward.

use crate::digest::Words;

/// Discounted observations of one venue's reward.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Posterior {
    /// How many observations it is worth after forgetting.
    weight: f64,
    /// Their sum, forgotten alike.
    sum: f64,
}

/// Below this an observation is forgotten altogether: denormal floats would be slow.
const FORGOTTEN: f64 = 1e-12;

impl Posterior {
    /// Forgets a part: what is left counts `discount` times as much.
    pub(crate) fn discount(&mut self, discount: f64) {
        self.weight *= discount;
        self.sum *= discount;
        if self.weight < FORGOTTEN {
            *self = Self::default();
        }
    }

    /// Takes in an observation of this weight.
    pub(crate) fn observe(&mut self, reward: f64, weight: f64) {
        self.weight += weight;
        self.sum += weight * reward;
    }

    /// Mean and standard deviation of the venue's mean reward.
    ///
    /// The prior is normal around 0 with `prior_sd`, and one observation is taken to be as noisy
    /// as the prior is wide: so the prior weighs as much as one observation. Rewards are costs,
    /// hence below 0: the prior hopes for the best, and every venue is tried.
    ///
    /// # Source
    /// Discounted Thompson sampling with normal priors, arXiv 2305.10718.
    pub(crate) fn mean_and_sd(&self, prior_sd: f64) -> (f64, f64) {
        let precision = 1.0 + self.weight;
        (self.sum / precision, prior_sd / precision.sqrt())
    }

    /// Whether nothing was observed, or all is forgotten.
    pub(crate) fn is_empty(&self) -> bool {
        self.weight.to_bits() == 0
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.weight.to_bits());
        words.u64(self.sum.to_bits());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_narrow_the_posterior_and_forgetting_widens_it() {
        let mut posterior = Posterior::default();
        assert_eq!(posterior.mean_and_sd(2.0), (0.0, 2.0));
        for _ in 0..3 {
            posterior.observe(-4.0, 1.0);
        }
        assert_eq!(posterior.mean_and_sd(2.0), (-3.0, 1.0));
        posterior.discount(0.5);
        let (mean, sd) = posterior.mean_and_sd(2.0);
        assert!(mean > -3.0 && sd > 1.0);
        for _ in 0..100 {
            posterior.discount(0.5);
        }
        assert!(posterior.is_empty());
    }
}
