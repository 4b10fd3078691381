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
    pub(super) fn centre(self, score: f32, spread: f32) -> f64 {
        match self {
            Self::Highest | Self::Normal | Self::Shares => f64::from(score),
            Self::Beta => f64::from(score) / (f64::from(score) + f64::from(spread)),
        }
    }

    /// The candidate that is believed best; of equals the lowest number.
    pub(super) fn best(self, candidates: VenueSet, beliefs: &Beliefs) -> Option<usize> {
        highest(candidates, |ix| {
            let belief = beliefs.get(ix)?;
            Some(self.centre(belief.score, belief.spread))
        })
    }

    /// Chooses, leaving what it drew in the beliefs.
    pub(super) fn choose(
        self,
        explore_ppm: u32,
        candidates: VenueSet,
        may_explore: bool,
        draws: &mut Draws,
        beliefs: &mut Beliefs,
    ) -> Option<Chosen> {
        let best = self.best(candidates, beliefs)?;
        let count = candidates.count();
        for belief in beliefs.iter_mut() {
            belief.drawn = self.centre(belief.score, belief.spread);
        }
        let at = if count < 2 || !may_explore {
            best
        } else {
            uniformly(explore_ppm, candidates, draws)
                .or_else(|| self.draw(candidates, draws, beliefs))?
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

    /// Draws for each candidate; the highest wins.
    fn draw(self, candidates: VenueSet, draws: &mut Draws, beliefs: &mut Beliefs) -> Option<usize> {
        if self == Self::Shares {
            return by_share(candidates, draws, beliefs);
        }
        for ix in places(candidates) {
            let belief = beliefs.get_mut(ix)?;
            let (score, spread) = (f64::from(belief.score), f64::from(belief.spread));
            belief.drawn = match self {
                Self::Normal => score + spread * draws.normal(),
                Self::Beta => draws.beta(score, spread),
                Self::Highest | Self::Shares => score + spread,
            };
        }
        highest(candidates, |ix| beliefs.get(ix).map(|belief| belief.drawn))
    }
}

/// The place of the highest value; of equals the lowest.
pub(super) fn highest(
    candidates: VenueSet,
    mut value: impl FnMut(usize) -> Option<f64>,
) -> Option<usize> {
    let mut best = None;
    for ix in places(candidates) {
        let value = value(ix)?;
        if best.is_none_or(|(_, highest)| value > highest) {
            best = Some((ix, value));
        }
    }
    best.map(|(ix, _)| ix)
}

/// Now and then any candidate, all alike. One draw says both whether and which.
fn uniformly(explore_ppm: u32, candidates: VenueSet, draws: &mut Draws) -> Option<usize> {
    if explore_ppm == 0 {
        return None;
    }
    let u = draws.uniform() * 1e6 / f64::from(explore_ppm);
    if u >= 1.0 {
        return None;
    }
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
        left -= f64::from(beliefs.get(ix)?.score);
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
    let own = beliefs
        .get(at)
        .map_or(0.0, |belief| f64::from(belief.score));
    if whole > 0.0 && count > 1 {
        (1.0 - explore) * own / whole + explore / f64::from(count)
    } else {
        1.0
    }
}

fn weight(candidates: VenueSet, beliefs: &Beliefs) -> f64 {
    let scores = places(candidates).filter_map(|ix| beliefs.get(ix));
    scores.map(|belief| f64::from(belief.score)).sum()
}
