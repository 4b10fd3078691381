//! What was seen of each venue: how much after forgetting, and how good it was.

use dcx_model::{VENUES_MAX, VenueSet};

use super::{Beliefs, NOTHING_KNOWN, digest_float, is_any, power, rounded};
use crate::digest::Words;

/// Below this an observation is forgotten altogether: denormal floats would be slow.
const FORGOTTEN: f64 = 1e-12;

/// A mean of less than this many observations is no knowledge.
pub(super) const KNOWN_MIN: f64 = 0.25;

/// A discounted number of observations of each venue, and their sum. Four venues are computed at
/// a time.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// How much of the past counts after one more choice.
    discount: f64,
    /// Choices made.
    choices: u64,
    weights: [f64; VENUES_MAX],
    sums: [f64; VENUES_MAX],
}

/// What is made of the weight and the sum of a venue: score and spread.
pub(super) type Believed = (f32, f32);

impl Seen {
    pub(super) const fn new(discount: f64) -> Self {
        Self {
            discount,
            choices: 0,
            weights: [0.0; VENUES_MAX],
            sums: [0.0; VENUES_MAX],
        }
    }

    /// Takes another discount and keeps what was seen.
    pub(super) const fn with_discount(mut self, discount: f64) -> Self {
        self.discount = discount;
        self
    }

    pub(super) const fn discount(&self) -> f64 {
        self.discount
    }

    pub(super) const fn choices(&self) -> u64 {
        self.choices
    }

    /// Observations of all venues together.
    pub(super) fn whole(&self) -> f64 {
        self.weights.iter().sum()
    }

    /// One more choice: everything seen before counts less.
    pub(super) fn age(&mut self) -> u64 {
        self.choices += 1;
        if self.discount < 1.0 {
            for (weight, sum) in self.weights.iter_mut().zip(&mut self.sums) {
                let (left, of) = (*weight * self.discount, *sum * self.discount);
                let kept = left >= FORGOTTEN;
                *weight = if kept { left } else { 0.0 };
                *sum = if kept { of } else { 0.0 };
            }
        }
        self.choices
    }

    /// Takes in what choice `number` of the venue brought, as if it had come with the choice.
    pub(super) fn take(&mut self, venue: usize, number: u64, value: f64) {
        let age = self.choices.saturating_sub(number);
        let weight = power(self.discount, age);
        if let (Some(own), Some(sum)) = (self.weights.get_mut(venue), self.sums.get_mut(venue)) {
            *own += weight;
            *sum += weight * value;
        }
    }

    /// Says what is known of the candidates, and believed by `of`.
    #[inline]
    pub(super) fn tell(
        &self,
        candidates: VenueSet,
        beliefs: &mut Beliefs,
        of: impl Fn(f64, f64) -> Believed,
    ) {
        let seen = self.weights.as_chunks::<4>().0.iter();
        let seen = seen.zip(self.sums.as_chunks::<4>().0);
        let scores = beliefs.scores.as_chunks_mut::<4>().0.iter_mut();
        let known = beliefs.known.as_chunks_mut::<4>().0;
        let told = scores
            .zip(beliefs.spreads.as_chunks_mut::<4>().0)
            .zip(known);
        for (four, ((weights, sums), ((scores, spreads), known))) in (0..).zip(seen.zip(told)) {
            if !is_any(candidates, four) {
                continue;
            }
            let each = weights.iter().zip(sums);
            let each = each.zip(scores).zip(spreads).zip(known);
            for ((((weight, sum), score), spread), known) in each {
                (*score, *spread) = of(*weight, *sum);
                *known = mean(*weight, *sum);
            }
        }
    }

    /// Says what is known of the candidates.
    pub(super) fn tell_known(&self, candidates: VenueSet, beliefs: &mut Beliefs) {
        let seen = self.weights.iter().zip(&self.sums);
        let told = (0..).zip(&mut beliefs.known);
        for ((ix, known), (weight, sum)) in told.zip(seen) {
            if is_any(candidates, ix / 4) {
                *known = mean(*weight, *sum);
            }
        }
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.choices);
        for (weight, sum) in self.weights.iter().zip(&self.sums) {
            digest_float(words, *weight);
            digest_float(words, *sum);
        }
    }
}

/// The mean of what was seen, where it is enough to speak of one.
#[inline]
fn mean(weight: f64, sum: f64) -> f32 {
    let mean = rounded(sum / weight);
    if weight >= KNOWN_MIN {
        mean
    } else {
        NOTHING_KNOWN
    }
}
