//! What is known of markets besides prices: volume profiles, facts for plans, and what was seen
//! to trade.

use dcx_model::{
    INSTRUMENTS_MAX, InstrumentId, MarketFacts, PROFILE_BUCKETS, PROFILE_PART, PROFILES_MAX, Qty,
    SetProfile, UnixNanos,
};

use crate::digest::Words;
use crate::{Cx, Engine, Trace};

/// Milliseconds of a bucket, and of a day.
const BUCKET: u64 = 300_000;
const DAY: u64 = 86_400_000;

const _: () = assert!(
    PROFILE_BUCKETS as u64 * BUCKET == DAY,
    "the buckets are a day"
);

/// No profile.
const NONE: u16 = u16::MAX;

/// How the volume of a day is spread over it.
#[derive(Clone, Debug)]
struct Profile {
    weights: [u16; PROFILE_BUCKETS],
    /// What the buckets before each come to, and last the whole day.
    before: [u32; PROFILE_BUCKETS + 1],
}

impl Profile {
    const EMPTY: Self = Self {
        weights: [0; PROFILE_BUCKETS],
        before: [0; PROFILE_BUCKETS + 1],
    };

    fn set(&mut self, part: usize, weights: &[u16; PROFILE_PART]) {
        let from = part * PROFILE_PART;
        if let Some(place) = self.weights.get_mut(from..from + PROFILE_PART) {
            place.copy_from_slice(weights);
        }
        let mut sum = 0;
        for (before, weight) in self.before.iter_mut().zip(&self.weights) {
            *before = sum;
            sum += u32::from(*weight);
        }
        if let Some(last) = self.before.last_mut() {
            *last = sum;
        }
    }

    fn day(&self) -> u128 {
        let whole = self.before.last().copied().unwrap_or_default();
        u128::from(whole) * u128::from(BUCKET)
    }

    /// Weight times milliseconds since 1970.
    fn until(&self, at: UnixNanos) -> u128 {
        let ms = at.get() / 1_000_000;
        let (days, of_day) = (ms / DAY, ms % DAY);
        let bucket = usize::try_from(of_day / BUCKET).unwrap_or(0);
        let before = self.before.get(bucket).copied().unwrap_or_default();
        let weight = self.weights.get(bucket).copied().unwrap_or_default();
        u128::from(days) * self.day()
            + u128::from(before) * u128::from(BUCKET)
            + u128::from(weight) * u128::from(of_day % BUCKET)
    }
}

/// What is known of one instrument.
#[derive(Clone, Copy, Debug)]
struct Row {
    profile: u16,
    facts: MarketFacts,
    /// Units that traded since the engine began. It may come round: only differences count.
    seen: u64,
}

/// What is known of every instrument.
#[derive(Debug, Default)]
pub(crate) struct Volumes {
    rows: Vec<Row>,
    profiles: Vec<Profile>,
    /// Rows that anything was ever said about, or seen of: none at this place or after.
    used: usize,
}

impl Volumes {
    /// Makes room for all instruments and profiles. Allocates.
    pub(crate) fn grow(&mut self) {
        let rows = (0..INSTRUMENTS_MAX).skip(self.rows.len());
        let rows = rows.map(|ix| Row {
            profile: NONE,
            facts: MarketFacts {
                instrument: InstrumentId::new(u32::try_from(ix).unwrap_or(u32::MAX)),
                day_qty: Qty::ZERO,
                volatility_ppm: 0,
                impact_ppm: 0,
                half_spread_ppm: 0,
            },
            seen: 0,
        });
        self.rows.extend(rows);
        self.profiles
            .reserve_exact(PROFILES_MAX - self.profiles.len());
    }

    fn row(&self, instrument: InstrumentId) -> Option<&Row> {
        self.rows.get(instrument.get() as usize)
    }

    fn profile(&self, instrument: InstrumentId) -> Option<&Profile> {
        let row = self.row(instrument)?;
        self.profiles.get(usize::from(row.profile))
    }

    /// Takes a part of a profile. Says whether there was room, and the part is one.
    fn set(&mut self, set: &SetProfile) -> bool {
        let ix = set.instrument.get() as usize;
        let Some(row) = self.rows.get_mut(ix) else {
            return false;
        };
        let part = usize::from(set.part);
        if part * PROFILE_PART >= PROFILE_BUCKETS {
            return false;
        }
        if row.profile == NONE {
            if self.profiles.len() == PROFILES_MAX {
                return false;
            }
            row.profile = u16::try_from(self.profiles.len()).unwrap_or(NONE);
            self.profiles.push(Profile::EMPTY);
        }
        self.used = self.used.max(ix + 1);
        let profile = self.profiles.get_mut(usize::from(row.profile));
        profile.is_some_and(|profile| {
            profile.set(part, &set.weights.0);
            true
        })
    }

    /// Counts a trade in the market.
    pub(crate) fn note(&mut self, instrument: InstrumentId, qty: Qty) {
        let ix = instrument.get() as usize;
        if let Some(row) = self.rows.get_mut(ix) {
            row.seen = row.seen.wrapping_add(qty.units());
            self.used = self.used.max(ix + 1);
        }
    }

    /// What was counted so far.
    pub(crate) fn seen(&self, instrument: InstrumentId) -> u64 {
        self.row(instrument).map_or(0, |row| row.seen)
    }

    /// What plans are made from, if anything was said.
    pub(crate) fn facts(&self, instrument: InstrumentId) -> Option<&MarketFacts> {
        let facts = &self.row(instrument)?.facts;
        (!facts.day_qty.is_zero() || facts.volatility_ppm > 0).then_some(facts)
    }

    /// What the profile expects between two moments, in a unit of its own; none without one.
    pub(crate) fn weight(
        &self,
        instrument: InstrumentId,
        (from, to): (UnixNanos, UnixNanos),
    ) -> Option<u128> {
        let profile = self.profile(instrument)?;
        Some(profile.until(to).saturating_sub(profile.until(from)))
    }

    /// How much is expected to trade between two moments: by the profile, or evenly over the day
    /// where there is none. None where the day's volume is not known.
    pub(crate) fn expected(
        &self,
        instrument: InstrumentId,
        (from, to): (UnixNanos, UnixNanos),
    ) -> Option<u64> {
        let day_qty = self.row(instrument)?.facts.day_qty;
        if day_qty.is_zero() {
            return None;
        }
        let even = u128::from(to.since(from).get() / 1_000_000);
        let (part, whole) = match self.profile(instrument) {
            Some(profile) if profile.day() > 0 => {
                let part = profile.until(to).saturating_sub(profile.until(from));
                (part, profile.day())
            }
            Some(_) | None => (even, u128::from(DAY)),
        };
        let qty = part.saturating_mul(u128::from(day_qty.units())) / whole;
        Some(u64::try_from(qty).unwrap_or(u64::MAX))
    }

    /// Nothing for what nothing was said about.
    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let known = self.rows.iter().take(self.used).filter(|row| {
            row.seen != 0 || row.profile != NONE || self.facts(row.facts.instrument).is_some()
        });
        known.fold(0, |sum: u64, row| {
            let mut words = Words::new(salt);
            words.u64(u64::from(row.facts.instrument.get()));
            words.u64(row.seen);
            words.u64(row.facts.day_qty.units());
            words.u64(u64::from(row.facts.volatility_ppm) << 32 | u64::from(row.facts.impact_ppm));
            words.u64(u64::from(row.facts.half_spread_ppm));
            if let Some(profile) = self.profiles.get(usize::from(row.profile)) {
                for weight in &profile.weights {
                    words.bytes(&weight.to_le_bytes());
                }
            }
            sum.wrapping_add(words.finish())
        })
    }
}

impl Engine {
    /// Takes a part of a volume profile. Orders under way go by it from now on.
    pub(crate) fn set_profile<T: Trace>(&mut self, cx: &mut Cx<'_, T>, set: &SetProfile) {
        if !self.is_defined(set.instrument) || !self.volumes.set(set) {
            self.refuse_configuration(cx);
        }
    }

    /// Takes what is known of an instrument's market.
    pub(crate) fn set_market_facts<T: Trace>(&mut self, cx: &mut Cx<'_, T>, facts: &MarketFacts) {
        let known = self.is_defined(facts.instrument);
        let ix = facts.instrument.get() as usize;
        let row = self.volumes.rows.get_mut(ix);
        match row.filter(|_| known) {
            Some(row) => {
                row.facts = *facts;
                self.volumes.used = self.volumes.used.max(ix + 1);
            }
            None => self.refuse_configuration(cx),
        }
    }

    fn is_defined(&self, instrument: InstrumentId) -> bool {
        let row = self.instruments.get(instrument.get() as usize);
        row.is_some_and(|row| row.defined.is_some())
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::ProfileWeights;

    use super::*;

    const ONE: InstrumentId = InstrumentId::new(1);

    fn at(hours: u64, minutes: u64) -> UnixNanos {
        UnixNanos::from_seconds(86_400 * 3 + hours * 3_600 + minutes * 60)
    }

    fn volumes(weight: impl Fn(usize) -> u16) -> Volumes {
        let mut volumes = Volumes::default();
        volumes.grow();
        for part in 0..6 {
            let first = part * PROFILE_PART;
            let weights = ProfileWeights(std::array::from_fn(|ix| weight(first + ix)));
            let part = u8::try_from(part).unwrap();
            assert!(volumes.set(&SetProfile {
                instrument: ONE,
                part,
                weights
            }));
        }
        volumes
    }

    #[test]
    fn weights_are_summed_by_the_minute_and_over_midnight() {
        // As slow as it is obvious: a sum over every minute.
        let weight = |bucket: usize| u16::try_from(bucket * 7 % 23).unwrap();
        let volumes = volumes(weight);
        let slow = |from: u64, to: u64| -> u128 {
            (from..to)
                .map(|minute| {
                    let bucket = usize::try_from(minute % 1_440 / 5).unwrap();
                    u128::from(weight(bucket)) * 60_000
                })
                .sum()
        };
        for (from, to) in [(0, 0), (3, 4), (17, 1_003), (1_400, 1_500), (900, 4_321)] {
            let moments = (at(0, from), at(0, to));
            assert_eq!(
                volumes.weight(ONE, moments),
                Some(slow(from, to)),
                "{from} {to}"
            );
        }
    }

    #[test]
    fn a_part_beyond_the_day_and_an_unknown_instrument_are_refused() {
        let mut volumes = volumes(|_| 1);
        let weights = ProfileWeights([1; PROFILE_PART]);
        let wrong = |instrument, part| SetProfile {
            instrument,
            part,
            weights,
        };
        assert!(!volumes.set(&wrong(ONE, 6)) && !volumes.set(&wrong(ONE, 255)));
        assert!(!volumes.set(&wrong(InstrumentId::new(u32::MAX), 0)));
    }

    #[test]
    fn the_longest_times_and_largest_volumes_do_not_overflow() {
        let mut volumes = volumes(|_| u16::MAX);
        if let Some(row) = volumes.rows.get_mut(1) {
            row.facts.day_qty = Qty::from_units(u64::MAX);
        }
        let whole = (UnixNanos::ZERO, UnixNanos::new(u64::MAX));
        assert_eq!(volumes.expected(ONE, whole), Some(u64::MAX));
        assert_eq!(volumes.expected(ONE, (at(0, 0), at(0, 0))), Some(0));
    }

    #[test]
    fn without_a_profile_the_day_is_even_and_without_a_volume_nothing_is_expected() {
        let mut volumes = Volumes::default();
        volumes.grow();
        assert_eq!(volumes.expected(ONE, (at(0, 0), at(12, 0))), None);
        if let Some(row) = volumes.rows.get_mut(1) {
            row.facts.day_qty = Qty::from_units(1_000);
        }
        assert_eq!(volumes.expected(ONE, (at(0, 0), at(12, 0))), Some(500));
        assert_eq!(volumes.weight(ONE, (at(0, 0), at(12, 0))), None);
    }
}
