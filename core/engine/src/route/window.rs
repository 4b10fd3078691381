//! UCB over the last so many choices.

use dcx_model::{Routing, VENUES_MAX, VenueId};

use super::{Ask, Beliefs, Choice, NOTHING_KNOWN, Policy, Reward, Rule, float, places, rounded};
use crate::digest::Words;

/// One choice of the window.
#[derive(Clone, Copy, Debug, Default)]
struct Pull {
    /// Its number, zero where its reward has not come.
    number: u64,
    venue: u8,
    /// Its reward in millionths of a basis point: whole numbers leave a sum as exactly as they
    /// entered it.
    reward: i64,
}

/// What the window holds of one venue.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    count: u64,
    sum: i64,
}

/// Sliding-window UCB: a reward counts until so many further choices were made.
///
/// # Source
/// Garivier & Moulines (2011), "On upper-confidence bound policies for switching bandit
/// problems".
#[derive(Clone, Debug)]
pub struct Window {
    explore_ppm: u32,
    width: f64,
    range: f64,
    choices: u64,
    pulls: Vec<Pull>,
    venues: [Held; VENUES_MAX],
}

/// Units of a reward in a basis point.
const UNITS: f64 = 1e6;

impl Window {
    /// The policy with these parameters, knowing nothing. Allocates its window.
    #[must_use]
    pub fn new(routing: &Routing) -> Self {
        let len = routing.window.clamp(1, Routing::WINDOW_MAX);
        let range = f64::from(routing.range_centi_bps) / 100.0;
        Self {
            explore_ppm: routing.explore_ppm,
            width: range * f64::from(routing.width_milli) / 1e3,
            range,
            choices: 0,
            pulls: vec![Pull::default(); usize::from(len)],
            venues: [Held::default(); VENUES_MAX],
        }
    }

    fn place(&self, number: u64) -> usize {
        let len = u64::try_from(self.pulls.len()).unwrap_or(1).max(1);
        usize::try_from(number % len).unwrap_or(0)
    }

    fn len(&self) -> u64 {
        self.pulls.len() as u64
    }

    pub(super) fn digest(&self, words: &mut Words) {
        words.u64(self.choices);
        for pull in self.pulls.iter().filter(|pull| pull.number > 0) {
            words.u64(pull.number);
            words.u64(u64::from(pull.venue));
            words.u64(pull.reward.cast_unsigned());
        }
    }
}

impl Policy for Window {
    fn rule(&self) -> Rule {
        Rule::Highest
    }

    fn explore_ppm(&self) -> u32 {
        self.explore_ppm
    }

    fn assess(&self, ask: &Ask<'_>, beliefs: &mut Beliefs) {
        let made = float(self.choices.min(self.len()).max(1));
        let bound = self.width * (2.0 * dcx_stats::ln(made)).sqrt();
        for ix in places(ask.candidates) {
            let Some(held) = self.venues.get(ix) else {
                return;
            };
            if held.count > 0 {
                let count = float(held.count);
                let mean = signed(held.sum) / UNITS / count;
                beliefs.set(ix, rounded(mean), rounded(bound / count.sqrt()));
            } else {
                beliefs.set(ix, 0.0, f32::INFINITY);
                if let Some(known) = beliefs.known.get_mut(ix) {
                    *known = NOTHING_KNOWN;
                }
            }
        }
    }

    fn note(&mut self, _venue: VenueId) -> u64 {
        self.choices += 1;
        let at = self.place(self.choices);
        if let Some(pull) = self.pulls.get_mut(at) {
            let old = std::mem::take(pull);
            let held = self.venues.get_mut(usize::from(old.venue));
            if let Some(held) = held.filter(|_| old.number > 0) {
                held.count -= 1;
                held.sum -= old.reward;
            }
        }
        self.choices
    }

    fn learn(&mut self, choice: &Choice, reward: &Reward) {
        let out = self.choices.saturating_sub(choice.number) >= self.len();
        if out || choice.number == 0 || choice.number > self.choices {
            return;
        }
        let at = self.place(choice.number);
        let venue = choice.venue.get();
        let (Some(pull), Some(held)) = (
            self.pulls.get_mut(at),
            self.venues.get_mut(usize::from(venue)),
        ) else {
            return;
        };
        if pull.number == 0 {
            let reward = units(choice.against_touch(reward).clamp(-self.range, self.range));
            *pull = Pull {
                number: choice.number,
                venue,
                reward,
            };
            held.count += 1;
            held.sum += reward;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a reward is within the range, which is far from 2⁶³ units"
)]
fn units(bps: f64) -> i64 {
    (bps * UNITS) as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "4,096 rewards within the range stay below 2⁵³ units"
)]
const fn signed(units: i64) -> f64 {
    units as f64
}
