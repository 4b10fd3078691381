//! Which venue gets a child order, and what is learnt from how it went.
//!
//! A [`Policy`] chooses among the eligible venues and is told the reward of each choice when its
//! child order has ended. What it believes is engine state: kept by the journal, part of the
//! digest, the same bits on every host.

#![expect(
    clippy::float_arithmetic,
    reason = "beliefs are floats; only + − × ÷ and sqrt are used, which IEEE 754 fixes to the bit"
)]

mod bandit;
mod posterior;
mod reward;

pub(crate) use bandit::Bandit;
pub(crate) use reward::{Outcome, Reward};

use dcx_model::{InstrumentId, VENUES_MAX, VenueId, VenueSet};

use crate::digest::Words;

/// What a policy believed about a venue when it chose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Belief {
    pub(crate) mean_bps: f64,
    pub(crate) sd_bps: f64,
    pub(crate) draw_bps: f64,
}

/// Beliefs by venue.
pub(crate) type Beliefs = [Belief; VENUES_MAX];

/// A choice that was made, as the child order keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Its number among the choices for its instrument: how old it is when its reward comes.
    pub(crate) number: u64,
    /// Best bid plus best offer when it was made, twice the mid; zero if there was none.
    pub(crate) mid_twice: i128,
}

impl Decision {
    pub(crate) const NONE: Self = Self {
        number: 0,
        mid_twice: 0,
    };

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.number);
        words.i128(self.mid_twice);
    }
}

/// A way to choose venues.
pub(crate) trait Policy {
    /// Chooses one of `candidates` and gives the number of the choice. `beliefs` gets what the
    /// choice was made from, for those who ask why.
    fn choose(
        &mut self,
        instrument: InstrumentId,
        candidates: VenueSet,
        beliefs: &mut Beliefs,
    ) -> Option<(VenueId, u64)>;

    /// Learns how choice `number` went.
    fn learn(&mut self, instrument: InstrumentId, venue: VenueId, number: u64, reward: Reward);
}
