//! Splitting an order across venues of which each fills only what it has.
//!
//! What is filled says how much a venue had only where it is less than what was asked for: a full
//! fill says no more than "at least". The Kaplan and Meier estimate makes of such censored fills
//! how likely a venue is to have one unit more, and each unit of an order goes where that is
//! likeliest.

use dcx_model::{Qty, Routing, VENUES_MAX, VenueId, VenueSet};

use super::rule::highest;
use super::seen::KNOWN_MIN;
use super::{
    Ask, Beliefs, Choice, NOTHING_KNOWN, Policy, Reward, Rule, digest_float, places, rounded,
    venue_at,
};
use crate::digest::Words;

/// Units of which a venue's having them is told apart.
const UNITS: usize = 32;

/// An order of unknown size is taken to be so many units.
const UNITS_OF_FIRST: u64 = 8;

/// What was seen of one unit of a venue, after forgetting.
#[derive(Clone, Copy, Debug, Default)]
struct Unit {
    /// Times that it was asked for when the one before it was there.
    asked: f64,
    /// Of those, times that it was not there.
    missed: f64,
}

impl Unit {
    /// The chance that it is there if the one before it is. What was never asked for is hoped to
    /// be.
    fn chance(self) -> f64 {
        1.0 - self.missed / (self.asked + 1.0)
    }

    /// The chance by what was seen alone, where that was enough.
    fn known(self) -> f32 {
        if self.asked >= KNOWN_MIN {
            rounded(1.0 - self.missed / self.asked)
        } else {
            NOTHING_KNOWN
        }
    }
}

/// A part of an order and where it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Where.
    pub venue: VenueId,
    /// How much.
    pub qty: Qty,
}

/// Optimistic greedy allocation over Kaplan and Meier's estimates.
///
/// # Source
/// Ganchev, Kearns, Nevmyvaka & Vaughan (2010), "Censored exploration and the dark pool problem",
/// Communications of the ACM 53(5).
#[derive(Clone, Debug)]
pub struct Split {
    explore_ppm: u32,
    discount: f64,
    /// What a unit is; zero before the first order where it was not configured.
    unit: Qty,
    choices: u64,
    venues: [[Unit; UNITS]; VENUES_MAX],
}

impl Split {
    /// The policy with these parameters, knowing nothing.
    #[must_use]
    pub fn new(routing: &Routing) -> Self {
        Self {
            explore_ppm: routing.explore_ppm,
            discount: f64::from(routing.discount_ppm) / 1e6,
            unit: routing.split_unit,
            choices: 0,
            venues: [[Unit::default(); UNITS]; VENUES_MAX],
        }
    }

    /// Splits `qty`, whole lots but for its end, over at most as many venues as there are places
    /// in `pieces`. The quantities of the pieces sum to `qty`; none is of nothing. Gives how many
    /// there are: none where there is no candidate.
    ///
    /// # Cost
    /// O(units × venues), at most 64 units; the rest goes with the first.
    pub fn allocate(
        &mut self,
        candidates: VenueSet,
        qty: Qty,
        lot: Qty,
        pieces: &mut [Piece],
    ) -> usize {
        let lot = lot.units().max(1);
        if self.unit.is_zero() {
            let eighth = (qty.units() / UNITS_OF_FIRST / lot).max(1);
            self.unit = Qty::from_units(eighth.saturating_mul(lot));
        }
        let unit = (self.unit.units() / lot).max(1).saturating_mul(lot);
        let mut chances = [0.0; VENUES_MAX];
        let mut units = [0_usize; VENUES_MAX];
        for ix in places(candidates) {
            if let Some(chance) = chances.get_mut(ix) {
                *chance = self.unit_at(ix, 0).chance();
            }
        }
        let (mut left, mut len) = (qty.units(), 0);
        for _ in 0..2 * UNITS {
            if left == 0 {
                break;
            }
            let full = len == pieces.len();
            let open = |ix: usize| !full || units.get(ix).is_some_and(|units| *units > 0);
            let chance = |ix: usize| {
                let chance = chances.get(ix).copied()?;
                Some(if open(ix) { chance } else { f64::NEG_INFINITY })
            };
            let Some(at) = highest(candidates, chance).filter(|at| open(*at)) else {
                break;
            };
            let (Some(taken), Some(chance)) = (units.get_mut(at), chances.get_mut(at)) else {
                break;
            };
            *taken += 1;
            *chance *= self
                .venues
                .get(at)
                .and_then(|units| units.get(*taken))
                .map_or(0.0, |unit| unit.chance());
            let part = left.min(unit);
            len += usize::from(add(pieces.get_mut(..len), venue_at(at), part).is_none());
            if let Some(piece) = pieces
                .get_mut(len.saturating_sub(1))
                .filter(|_| *taken == 1)
            {
                *piece = Piece {
                    venue: venue_at(at),
                    qty: Qty::from_units(part),
                };
            }
            left -= part;
        }
        if let Some(first) = pieces.get_mut(..len).and_then(|pieces| pieces.first_mut()) {
            first.qty = Qty::from_units(first.qty.units().saturating_add(left));
        }
        len
    }

    /// The chance that a venue has at least `units` units, from 1.
    #[must_use]
    pub fn chance(&self, venue: VenueId, units: usize) -> f64 {
        let units = (0..units).map(|at| self.unit_at(usize::from(venue.get()), at));
        units.map(Unit::chance).product()
    }

    fn unit_at(&self, venue: usize, at: usize) -> Unit {
        let units = self.venues.get(venue);
        let unit = units.and_then(|units| units.get(at));
        unit.copied().unwrap_or_default()
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.choices);
        words.u64(self.unit.units());
        let units = self.venues.iter().flatten();
        for unit in units.filter(|unit| unit.asked > 0.0) {
            digest_float(words, unit.asked);
            digest_float(words, unit.missed);
        }
    }
}

/// Adds to the venue's piece, if it has one.
fn add(pieces: Option<&mut [Piece]>, venue: VenueId, part: u64) -> Option<()> {
    let piece = pieces?.iter_mut().find(|piece| piece.venue == venue)?;
    piece.qty = Qty::from_units(piece.qty.units().saturating_add(part));
    Some(())
}

impl Policy for Split {
    fn rule(&self) -> Rule {
        Rule::Highest
    }

    fn explore_ppm(&self) -> u32 {
        self.explore_ppm
    }

    /// The chance that a venue has anything.
    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        for ix in places(ask.candidates) {
            let unit = self.unit_at(ix, 0);
            beliefs.set(ix, rounded(unit.chance()), 0.0);
            if let Some(known) = beliefs.known.get_mut(ix) {
                *known = unit.known();
            }
        }
    }

    fn note(&mut self, _venue: VenueId) -> u64 {
        self.choices += 1;
        self.choices
    }

    /// What we cancelled says nothing of what was not filled.
    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        let unit = self.unit.units().max(1);
        let units = |qty: Qty, up: u64| {
            let units = (qty.units().saturating_add(up)) / unit;
            usize::try_from(units).unwrap_or(UNITS).min(UNITS)
        };
        let (there, asked) = (units(reward.cum_qty, 0), units(reward.order_qty, unit - 1));
        let censored = reward.cancelled_by_us || reward.cum_qty >= reward.order_qty;
        let venue = self.venues.get_mut(usize::from(choice.venue.get()));
        let Some(venue) = venue else { return };
        for unit in venue.iter_mut() {
            unit.asked *= self.discount;
            unit.missed *= self.discount;
        }
        let there = if censored {
            there.max(asked.min(there + 1))
        } else {
            there
        };
        for unit in venue.iter_mut().take(there) {
            unit.asked += 1.0;
        }
        if let Some(unit) = venue.get_mut(there).filter(|_| !censored && there < asked) {
            unit.asked += 1.0;
            unit.missed += 1.0;
        }
    }
}
