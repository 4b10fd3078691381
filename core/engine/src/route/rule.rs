//! How beliefs become a choice.

use dcx_model::{VenueId, VenueSet};
use dcx_stats::Draws;

use super::{Beliefs, places, venue_at};

/// How beliefs become a choice, and what their two numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The highest sum of score and spread. The score alone is what is believed; the spread is
    /// what optimism adds, infinite for what was never tried.
    Highest,
    /// A draw from a normal distribution around the score, the spread being its standard
    /// deviation; the highest.
    Normal,
    /// A draw from a beta distribution of shapes score and spread, both at least 1; the highest.
    Beta,
    /// Each by its share: the score is its weight among those of the candidates.
    Shares,
}

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) venue: VenueId,
    /// Its probability under [`Rule::Shares`], else zero.
    pub(super) share: f32,
    pub(super) explored: bool,
}

impl Rule {
    /// What a belief puts a venue at without optimism or luck.
    fn centre(self, score: f32, spread: f32) -> f64 {
        match self {
            Self::Highest | Self::Normal | Self::Shares => f64::from(score),
            Self::Beta => f64::from(score) / (f64::from(score) + f64::from(spread)),
        }
    }

    /// Chooses, leaving what it drew in the beliefs.
    #[inline]
    pub(super) fn choose(
        self,
        explore_ppm: u32,
        candidates: VenueSet,
        may_explore: bool,
        draws: &mut Draws,
        beliefs: &mut Beliefs,
    ) -> Option<Chosen> {
        let best = best(candidates, beliefs)?;
        let count = candidates.count();
        let uniform = if count < 2 || !may_explore {
            Some(best)
        } else {
            uniformly(explore_ppm, candidates, draws)
        };
        let at = if let Some(at) = uniform {
            self.centre_all(beliefs);
            at
        } else {
            self.draw(candidates, draws, beliefs)?
        };
        let share = if self == Self::Shares && may_explore {
            share(explore_ppm, candidates, beliefs, at)
        } else {
            f64::from(u8::from(self == Self::Shares))
        };
        Some(Chosen {
            venue: venue_at(at),
            share: super::rounded(share),
            explored: at != best,
        })
    }

    /// Puts what is believed in the place of what is drawn.
    fn centre_all(self, beliefs: &mut Beliefs) {
        let of = beliefs.scores.iter().zip(&beliefs.spreads);
        for (drawn, (score, spread)) in beliefs.drawn.iter_mut().zip(of) {
            *drawn = self.centre(*score, *spread);
        }
    }

    /// Draws for each candidate; the highest wins, of equals the lowest number.
    #[inline]
    fn draw(self, candidates: VenueSet, draws: &mut Draws, beliefs: &mut Beliefs) -> Option<usize> {
        match self {
            Self::Shares => {
                self.centre_all(beliefs);
                by_share(candidates, draws, beliefs)
            }
            Self::Normal => each(candidates, beliefs, |score, spread| {
                score + spread * draws.normal()
            }),
            Self::Beta => each(candidates, beliefs, |score, spread| {
                draws.beta(score, spread)
            }),
            Self::Highest => each(candidates, beliefs, |score, spread| score + spread),
        }
    }
}

/// Sets what each candidate draws, and finds the highest.
#[inline]
fn each(
    candidates: VenueSet,
    beliefs: &mut Beliefs,
    mut draw: impl FnMut(f64, f64) -> f64,
) -> Option<usize> {
    let Beliefs {
        scores,
        spreads,
        drawn,
        ..
    } = beliefs;
    highest(candidates, |ix| {
        let (score, spread) = (scores.get(ix)?, spreads.get(ix)?);
        let value = draw(f64::from(*score), f64::from(*spread));
        *drawn.get_mut(ix)? = value;
        Some(value)
    })
}

/// The candidate that is believed best: of which the best was seen; of equals the lowest number.
#[inline]
pub(super) fn best(candidates: VenueSet, beliefs: &Beliefs) -> Option<usize> {
    highest(candidates, |ix| beliefs.known.get(ix).copied())
}

/// The place of the highest value; of equals the lowest.
#[inline]
pub(super) fn highest<T: PartialOrd>(
    candidates: VenueSet,
    mut value: impl FnMut(usize) -> Option<T>,
) -> Option<usize> {
    let mut left = places(candidates);
    let mut at = left.next()?;
    let mut highest = value(at)?;
    for ix in left {
        let value = value(ix)?;
        if value > highest {
            (at, highest) = (ix, value);
        }
    }
    Some(at)
}

/// Now and then any candidate, all alike. One draw says both whether and which.
fn uniformly(explore_ppm: u32, candidates: VenueSet, draws: &mut Draws) -> Option<usize> {
    if explore_ppm == 0 {
        return None;
    }
    let u = draws.uniform() * 1e6;
    if u >= f64::from(explore_ppm) {
        return None;
    }
    pick(u / f64::from(explore_ppm), candidates)
}

/// The candidate at this part of the way from the first to the last.
#[cold]
fn pick(u: f64, candidates: VenueSet) -> Option<usize> {
    let count = candidates.count();
    let mut below = 0.0;
    let mut last = None;
    for ix in places(candidates) {
        below += 1.0 / f64::from(count);
        last = Some(ix);
        if u < below {
            break;
        }
    }
    last
}

/// One draw against the shares of the candidates in turn.
fn by_share(candidates: VenueSet, draws: &mut Draws, beliefs: &Beliefs) -> Option<usize> {
    let whole: f64 = weight(candidates, beliefs);
    let mut left = draws.uniform() * whole;
    let mut last = None;
    for ix in places(candidates) {
        last = Some(ix);
        left -= f64::from(*beliefs.scores.get(ix)?);
        if left < 0.0 {
            break;
        }
    }
    last
}

/// The probability of a candidate under [`Rule::Shares`].
pub(super) fn share(explore_ppm: u32, candidates: VenueSet, beliefs: &Beliefs, at: usize) -> f64 {
    let (explore, count) = (f64::from(explore_ppm) / 1e6, candidates.count());
    let whole = weight(candidates, beliefs);
    let own = beliefs.scores.get(at).copied().map_or(0.0, f64::from);
    if whole > 0.0 && count > 1 {
        (1.0 - explore) * own / whole + explore / f64::from(count)
    } else {
        1.0
    }
}

fn weight(candidates: VenueSet, beliefs: &Beliefs) -> f64 {
    let scores = places(candidates).filter_map(|ix| beliefs.scores.get(ix));
    scores.copied().map(f64::from).sum()
}
