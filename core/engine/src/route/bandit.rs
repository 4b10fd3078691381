//! Discounted Gaussian Thompson sampling over the venues of an instrument.
//!
//! Beliefs are kept for each instrument apart: how a venue fills gold says little about how it
//! fills euros, and one that is best in the one is often worst in the other. The price is that a
//! new instrument starts from the prior.

use dcx_model::{Configure, InstrumentId, VENUES_MAX, VenueId, VenueSet};
use dcx_stats::Draws;

use super::posterior::Posterior;
use super::reward::Reward;
use super::{Beliefs, Policy};
use crate::digest::Words;

/// Beliefs about the venues of one instrument.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// Choices made.
    choices: u64,
    venues: [Posterior; VENUES_MAX],
}

/// A venue's record over all instruments, for reports only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    pub(crate) children: u64,
    pub(crate) rewards: u64,
    pub(crate) reward_bps: f64,
    pub(crate) fills: u64,
    pub(crate) slippage_bps: f64,
}

/// The policy and everything it believes.
#[derive(Debug)]
pub(crate) struct Bandit {
    rows: Vec<Row>,
    records: [Record; VENUES_MAX],
    draws: Draws,
    /// How much of the past counts after one more choice.
    discount: f64,
    /// Width of the prior, in basis points.
    prior_sd: f64,
}

impl Default for Bandit {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            records: [Record::default(); VENUES_MAX],
            draws: Draws::new(0),
            discount: 1.0,
            prior_sd: 0.0,
        }
    }
}

impl Bandit {
    /// Takes its parameters and makes room for `instruments`. Allocates. What it believes and how
    /// many draws it took stay; another seed starts its draws afresh.
    pub(crate) fn configure(&mut self, configure: &Configure, instruments: usize) {
        if instruments > self.rows.len() {
            self.rows.resize(instruments, Row::default());
        }
        if configure.seed != self.draws.seed() {
            self.draws = Draws::new(configure.seed);
        }
        self.discount = f64::from(configure.discount_ppm) / 1e6;
        self.prior_sd = f64::from(configure.prior_sd_centi_bps) / 100.0;
    }

    /// A venue's record over all instruments.
    pub(crate) fn record(&self, venue: VenueId) -> Record {
        let record = self.records.get(usize::from(venue.get()));
        record.copied().unwrap_or_default()
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.draws.seed());
        words.u64(self.draws.taken());
        words.u64(self.discount.to_bits());
        words.u64(self.prior_sd.to_bits());
        for record in &self.records {
            words.u64(record.children);
            words.u64(record.rewards);
            words.u64(record.reward_bps.to_bits());
            words.u64(record.fills);
            words.u64(record.slippage_bps.to_bits());
        }
        let mut sum = words.finish();
        let rows = (0_u64..).zip(&self.rows);
        for (instrument, row) in rows.filter(|(_, row)| row.choices > 0) {
            let mut words = Words::new(salt);
            words.u64(instrument);
            words.u64(row.choices);
            row.venues.iter().for_each(|venue| venue.digest(&mut words));
            sum = sum.wrapping_add(words.finish());
        }
        sum
    }
}

impl Policy for Bandit {
    /// Every choice ages all beliefs about its instrument, also where only one venue could be
    /// chosen: so a venue that was not chosen for long becomes uncertain and is tried again.
    ///
    /// # Cost
    /// O(venues), one draw for each candidate if there are several. Bench: `engine/new_order`.
    fn choose(
        &mut self,
        instrument: InstrumentId,
        candidates: VenueSet,
        beliefs: &mut Beliefs,
    ) -> Option<(VenueId, u64)> {
        let row = self.rows.get_mut(instrument.get() as usize)?;
        let several = candidates.count() > 1;
        let mut best = None;
        let mut left = candidates.bits();
        while left != 0 {
            let ix = left.trailing_zeros() as usize;
            left &= left - 1;
            let (Some(venue), Some(belief)) = (row.venues.get(ix), beliefs.get_mut(ix)) else {
                break;
            };
            (belief.mean_bps, belief.sd_bps) = venue.mean_and_sd(self.prior_sd);
            belief.draw_bps = belief.mean_bps;
            if several {
                belief.draw_bps += belief.sd_bps * self.draws.normal();
            }
            let draw = belief.draw_bps;
            if best.is_none_or(|(_, highest)| draw > highest) {
                best = Some((ix, draw));
            }
        }
        let (ix, _) = best?;
        row.choices += 1;
        for venue in row.venues.iter_mut().filter(|venue| !venue.is_empty()) {
            venue.discount(self.discount);
        }
        self.records.get_mut(ix)?.children += 1;
        Some((VenueId::new(u8::try_from(ix).ok()?), row.choices))
    }

    /// A reward that comes late counts as if it had come with its choice: it is discounted by the
    /// choices made since (Joulani, György & Szepesvári 2013, "Online learning under delayed
    /// feedback").
    fn learn(&mut self, instrument: InstrumentId, venue: VenueId, number: u64, reward: Reward) {
        let ix = usize::from(venue.get());
        let (Some(row), Some(record)) = (
            self.rows.get_mut(instrument.get() as usize),
            self.records.get_mut(ix),
        ) else {
            return;
        };
        let age = row.choices.saturating_sub(number);
        if let Some(posterior) = row.venues.get_mut(ix) {
            posterior.observe(reward.bps, power(self.discount, age));
        }
        record.rewards += 1;
        record.reward_bps += reward.bps;
        if let Some(slippage_bps) = reward.slippage_bps {
            record.fills += 1;
            record.slippage_bps += slippage_bps;
        }
    }
}

/// `base` to the power of `exponent` by squaring: multiplications only, so the same bits on every
/// host.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use dcx_model::OnNoVenue;

    use super::*;

    fn bandit(seed: u64) -> Bandit {
        let mut bandit = Bandit::default();
        let configure = Configure {
            seed,
            orders_open_max: 1,
            ids_kept_max: 1,
            on_no_venue: OnNoVenue::Hold,
            route_attempts_max: 1,
            discount_ppm: 990_000,
            prior_sd_centi_bps: 100,
            ..Configure::DEFAULT
        };
        bandit.configure(&configure, 2);
        bandit
    }

    fn reward(bps: f64) -> Reward {
        Reward {
            bps,
            slippage_bps: None,
        }
    }

    /// Plays against venues that cost this much and counts where the choices of the last half
    /// went.
    fn play(bandit: &mut Bandit, costs: [f64; 3], rounds: u32) -> [u32; 3] {
        let (instrument, mut counts) = (InstrumentId::new(1), [0; 3]);
        let all = VenueSet::from_bits(0b111);
        for round in 0..rounds {
            let mut beliefs = Beliefs::default();
            let (venue, number) = bandit.choose(instrument, all, &mut beliefs).unwrap();
            let ix = usize::from(venue.get());
            bandit.learn(instrument, venue, number, reward(-costs[ix]));
            counts[ix] += u32::from(round >= rounds / 2);
        }
        counts
    }

    #[test]
    fn the_cheapest_venue_gets_most_and_a_change_is_followed() {
        let mut bandit = bandit(1);
        let before = play(&mut bandit, [3.0, 1.0, 2.0], 2_000);
        assert!(before[1] > 700, "{before:?}");
        let after = play(&mut bandit, [0.5, 3.0, 2.0], 2_000);
        assert!(after[0] > 700, "{after:?}");
        assert!(before[0] > 0 && after[1] > 0, "nobody is given up for ever");
    }

    #[test]
    fn the_same_seed_makes_the_same_choices_and_another_seed_others() {
        let digest = |seed| {
            let mut bandit = bandit(seed);
            play(&mut bandit, [1.0, 1.0, 1.0], 100);
            bandit.digest(0)
        };
        assert_eq!(digest(5), digest(5));
        assert_ne!(digest(5), digest(6));
    }

    #[test]
    fn a_late_reward_weighs_as_if_it_had_come_at_once() {
        let instrument = InstrumentId::new(0);
        let (only, mut beliefs) = (VenueSet::from_bits(1), Beliefs::default());
        let (mut prompt, mut late) = (bandit(1), bandit(1));
        for bandit in [&mut prompt, &mut late] {
            bandit.choose(instrument, only, &mut beliefs).unwrap();
        }
        prompt.learn(instrument, VenueId::new(0), 1, reward(-5.0));
        for bandit in [&mut prompt, &mut late] {
            for _ in 0..50 {
                bandit.choose(instrument, only, &mut beliefs).unwrap();
            }
        }
        late.learn(instrument, VenueId::new(0), 1, reward(-5.0));
        let mean = |bandit: &Bandit| bandit.rows[0].venues[0].mean_and_sd(1.0).0;
        assert!((mean(&prompt) - mean(&late)).abs() < 1e-12);
    }

    #[test]
    fn with_one_candidate_no_draw_is_taken_but_the_choice_counts() {
        let mut bandit = bandit(1);
        let chosen = bandit.choose(
            InstrumentId::new(0),
            VenueSet::from_bits(0b100),
            &mut Beliefs::default(),
        );
        assert_eq!(chosen, Some((VenueId::new(2), 1)));
        assert_eq!(bandit.draws.taken(), 0);
        let none = bandit.choose(
            InstrumentId::new(0),
            VenueSet::NONE,
            &mut Beliefs::default(),
        );
        assert_eq!(none, None);
    }

    #[test]
    fn a_power_by_squaring_is_the_product() {
        assert!((power(0.5, 10) - 1.0 / 1024.0).abs() < f64::EPSILON);
        assert!((power(0.998, 0) - 1.0).abs() < f64::EPSILON);
    }
}
