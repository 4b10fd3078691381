//! Whether a strategy executes too often: the repeated automated execution throttle.
//!
//! RTS 6, Article 15(3): after a number of executions of one strategy within a time it is disabled
//! until a named person enables it again. Who that is and why is in the command; here is the state.

use dcx_model::{Nanos, UnixNanos};

use crate::digest::Words;

/// Executions that a limit can count up to.
pub(crate) const REPEATS_MAX: u32 = 256;

/// One strategy's latest executions: where they are in its part of the arena.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// Place of the next execution; once the ring is full, of the oldest.
    next: u32,
    len: u32,
    tripped: bool,
}

/// The latest [`REPEATS_MAX`] executions of every strategy, by its number.
///
/// Exact: the time of each execution is kept, not a count per interval.
///
/// # Layout
/// 2,060 bytes for each strategy, in two arrays.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    rows: Vec<Row>,
    /// A ring of [`REPEATS_MAX`] for each row.
    times: Vec<UnixNanos>,
}

impl Repeats {
    /// Makes room for `strategies` in all; never less than there is. Allocates.
    pub(crate) fn grow(&mut self, strategies: u32) {
        let rows = strategies as usize;
        if rows > self.rows.len() {
            let times = rows * REPEATS_MAX as usize;
            self.rows.reserve_exact(rows - self.rows.len());
            self.times.reserve_exact(times - self.times.len());
            self.rows.resize(rows, Row::default());
            self.times.resize(times, UnixNanos::ZERO);
        }
    }

    /// Counts an execution, and says whether it disables its strategy: whether it and the ones
    /// before, `max` in all, happened within `window`. Executions exactly `window` apart are.
    ///
    /// A `max` of zero is taken as one, and one above [`REPEATS_MAX`] as that: both are the
    /// stricter reading. What a disabled strategy still executes is not counted. A changed limit
    /// applies from the next execution on, to those before it too.
    pub(crate) fn take(&mut self, strategy: u32, at: UnixNanos, max: u32, window: Nanos) -> bool {
        let Some(row) = self.rows.get_mut(strategy as usize) else {
            return false;
        };
        if row.tripped {
            return false;
        }
        let place = row.next;
        row.next = (row.next + 1) % REPEATS_MAX;
        row.len = (row.len + 1).min(REPEATS_MAX);
        if let Some(time) = self.times.get_mut(place_in(strategy, place)) {
            *time = at;
        }
        let back = max.clamp(1, REPEATS_MAX) - 1;
        let trips = self
            .latest(strategy, back)
            .is_some_and(|first| at.since(first) <= window);
        if let Some(row) = self.rows.get_mut(strategy as usize) {
            row.tripped = trips;
        }
        trips
    }

    /// Whether a strategy is disabled. One that is not known is.
    #[cfg(test)]
    pub(crate) fn is_tripped(&self, strategy: u32) -> bool {
        self.rows
            .get(strategy as usize)
            .is_none_or(|row| row.tripped)
    }

    /// Enables a strategy and forgets its executions; says whether it was disabled.
    pub(crate) fn reset(&mut self, strategy: u32) -> bool {
        self.rows
            .get_mut(strategy as usize)
            .is_some_and(|row| std::mem::take(row).tripped)
    }

    /// How many executions of a strategy were within `window` before `at`, as far as they are
    /// kept.
    #[cfg(test)]
    pub(crate) fn count(&self, strategy: u32, at: UnixNanos, window: Nanos) -> u32 {
        let (mut low, mut high) = (0, self.len(strategy));
        while low < high {
            let middle = (low + high) / 2;
            let time = self.latest(strategy, middle);
            if time.is_some_and(|time| at.since(time) <= window) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut sum = 0_u64;
        for (strategy, row) in (0_u32..).zip(&self.rows).filter(|(_, row)| row.len > 0) {
            let mut words = Words::new(salt);
            words.u64(u64::from(strategy) << 1 | u64::from(row.tripped));
            for back in 0..row.len {
                words.u64(self.latest(strategy, back).unwrap_or_default().get());
            }
            sum = sum.wrapping_add(words.finish());
        }
        sum
    }

    #[cfg(test)]
    fn len(&self, strategy: u32) -> u32 {
        self.rows.get(strategy as usize).map_or(0, |row| row.len)
    }

    /// When the execution `back` before the latest was.
    fn latest(&self, strategy: u32, back: u32) -> Option<UnixNanos> {
        let row = self.rows.get(strategy as usize)?;
        if back >= row.len {
            return None;
        }
        let place = (row.next + REPEATS_MAX - 1 - back) % REPEATS_MAX;
        self.times.get(place_in(strategy, place)).copied()
    }
}

const fn place_in(strategy: u32, place: u32) -> usize {
    strategy as usize * REPEATS_MAX as usize + place as usize
}

#[cfg(test)]
mod tests {
    use dcx_stats::Draws;

    use super::*;

    fn at(nanos: u64) -> UnixNanos {
        UnixNanos::new(nanos)
    }

    #[test]
    fn the_last_of_the_executions_allowed_disables_and_one_nanosecond_more_does_not() {
        let mut repeats = Repeats::default();
        repeats.grow(1);
        let window = Nanos::new(100);
        let mut trips = |time| repeats.take(0, at(time), 3, window);
        assert_eq!([1_000, 1_050, 1_101].map(&mut trips), [false; 3]);
        assert!(trips(1_150), "1,050 to 1,150 is within 100");
        assert!(!trips(1_151), "it is disabled already");
        assert!(repeats.is_tripped(0));
    }

    #[test]
    fn a_person_who_enables_a_strategy_starts_its_count_anew() {
        let mut repeats = Repeats::default();
        repeats.grow(1);
        let window = Nanos::from_seconds(1);
        assert!(!repeats.reset(0));
        assert!(!repeats.take(0, at(1), 2, window));
        assert!(repeats.take(0, at(2), 2, window));
        assert!(repeats.reset(0) && !repeats.is_tripped(0));
        assert!(!repeats.take(0, at(3), 2, window));
        assert!(repeats.take(0, at(4), 2, window));
    }

    #[test]
    fn a_limit_out_of_range_is_read_strictly() {
        let mut repeats = Repeats::default();
        repeats.grow(3);
        let window = Nanos::from_seconds(1);
        assert!(repeats.take(0, at(1), 0, window));
        assert!(repeats.take(1, at(1), 1, Nanos::ZERO));
        let first = (1..=1_000).find(|time| repeats.take(2, at(*time), u32::MAX, window));
        assert_eq!(first, Some(256));
    }

    #[test]
    fn a_strategy_that_is_not_known_is_disabled() {
        let mut repeats = Repeats::default();
        repeats.grow(1);
        assert!(!repeats.is_tripped(0) && repeats.is_tripped(1));
        assert!(!repeats.take(1, at(1), 1, Nanos::ZERO) && !repeats.reset(1));
        assert_eq!(repeats.count(1, at(1), Nanos::ZERO), 0);
    }

    #[test]
    fn the_throttle_agrees_with_a_list_of_all_executions() {
        let mut repeats = Repeats::default();
        repeats.grow(2);
        let mut twins: [(Vec<u64>, bool); 4] = Default::default();
        let mut draws = Draws::new(1);
        let (mut now, mut trips, mut max, mut window) = (1_000, 0, 1, 0);
        for turn in 0..40_000_u32 {
            if turn % 400 == 0 {
                max = 1 + (draws.bits() % 300) as u32;
                window = draws.bits() % 4_000;
            }
            if turn == 20_000 {
                repeats.grow(4);
            }
            now += draws.bits() % 10;
            let any = (draws.bits() >> 32) as u32;
            let strategy = any % if turn < 20_000 { 2 } else { 4 };
            let (all, tripped) = &mut twins[strategy as usize];
            if draws.bits().is_multiple_of(2_000) || *tripped && draws.bits().is_multiple_of(50) {
                assert_eq!(repeats.reset(strategy), *tripped);
                (*all, *tripped) = (Vec::new(), false);
            }
            let mut expected = false;
            if !*tripped {
                all.push(now);
                let within = all.iter().filter(|time| now - **time <= window).count();
                expected = within >= max.min(256) as usize;
                *tripped = expected;
                let count = repeats.count(strategy, at(now), Nanos::new(window));
                // This execution is not counted yet.
                assert_eq!(count as usize, (within - 1).min(256), "turn {turn}");
            }
            let tripping = repeats.take(strategy, at(now), max, Nanos::new(window));
            assert_eq!(tripping, expected, "turn {turn}");
            assert_eq!(repeats.is_tripped(strategy), *tripped);
            trips += u32::from(tripping);
        }
        assert!(trips > 100, "{trips}");
    }

    #[test]
    fn a_digest_does_not_depend_on_where_the_ring_starts() {
        let digest = |strategies, times: &[u64]| {
            let mut repeats = Repeats::default();
            repeats.grow(strategies);
            for time in times {
                repeats.take(0, at(*time), 256, Nanos::ZERO);
            }
            repeats.digest(3)
        };
        let many: Vec<u64> = (1..400).collect();
        assert_eq!(digest(1, &[]), 0);
        assert_eq!(digest(1, &many), digest(2, &many[400 - 1 - 256..]));
        assert_ne!(digest(1, &many), digest(1, &many[1..390]));
        let mut tripped = Repeats::default();
        tripped.grow(1);
        assert!(tripped.take(0, at(7), 1, Nanos::ZERO));
        assert_ne!(tripped.digest(3), digest(1, &[7]));
    }
}
