//! Reads both clocks for a duty cycle: one cheap reading, both answers.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dcx_model::{MonoNanos, Nanos, Now, UnixNanos};

/// How long the distance between the two clocks is taken as fixed. At 500 ppm of drift, the most
/// that NTP slews by, the error stays below 50 µs.
const ANCHOR_AGE_MAX: Nanos = Nanos::from_millis(100);

/// The clocks of one thread: the monotonic one, and UTC derived from it.
///
/// A reading costs one reading of the monotonic clock. The distance to UTC is measured again
/// about every 100 ms, so a step of the system clock shows within that time. `unix` may therefore
/// go back; what must never go back (`at` of a command) is held up by the sequencer.
///
/// Copies share their start, so `mono` of two threads can be compared.
///
/// # Examples
/// ```
/// let mut clock = dcx_pipeline::Clock::start();
/// let (first, second) = (clock.now(), clock.now());
/// assert!(second.mono >= first.mono);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// UTC at `start`, as the last anchoring saw it.
    unix_at_start: u64,
    anchored: MonoNanos,
    /// Where UTC stands still, if it does.
    standing: Option<UnixNanos>,
}

impl Clock {
    /// A clock whose `mono` begins now.
    #[must_use]
    pub fn start() -> Self {
        let mut clock = Self {
            start: Instant::now(),
            unix_at_start: 0,
            anchored: MonoNanos::new(0),
            standing: None,
        };
        clock.anchor();
        clock
    }

    /// A clock whose UTC stands still at `unix`, so that two runs of the same commands stamp them
    /// alike and can be compared event by event. `mono` begins now and runs.
    #[must_use]
    pub fn standing_at(unix: UnixNanos) -> Self {
        Self {
            standing: Some(unix),
            ..Self::start()
        }
    }

    /// Reads both clocks.
    ///
    /// # Cost
    /// One clock reading; about ten times a second two more.
    #[inline]
    pub fn now(&mut self) -> Now {
        let mono = self.mono();
        if mono.since(self.anchored) > ANCHOR_AGE_MAX {
            self.anchor();
        }
        let unix = self
            .standing
            .unwrap_or_else(|| UnixNanos::new(self.unix_at_start.saturating_add(mono.get())));
        Now { mono, unix }
    }

    /// Reads the monotonic clock alone.
    #[inline]
    #[must_use]
    pub fn mono(&self) -> MonoNanos {
        let nanos = self.start.elapsed().as_nanos();
        MonoNanos::new(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Measures how far UTC is ahead of the monotonic clock.
    #[cold]
    fn anchor(&mut self) {
        // A system clock before 1970 reads as 1970: wrong either way, and no reason to stop.
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            });
        self.anchored = self.mono();
        self.unix_at_start = unix.saturating_sub(self.anchored.get());
    }
}

/// A clock that moves only when told, for tests and simulation.
///
/// # Examples
/// ```
/// use dcx_model::{Nanos, UnixNanos};
/// let mut clock = dcx_pipeline::TestClock::at(UnixNanos::from_seconds(1));
/// clock.advance(Nanos::from_millis(5));
/// assert_eq!(clock.now().unix.get(), 1_005_000_000);
/// assert_eq!(clock.now().mono.get(), 5_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TestClock {
    now: Now,
}

impl TestClock {
    /// A clock that shows `unix`, its monotonic side zero.
    #[must_use]
    pub const fn at(unix: UnixNanos) -> Self {
        let mono = MonoNanos::new(0);
        Self {
            now: Now { mono, unix },
        }
    }

    /// What it shows.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.now
    }

    /// Moves both sides on.
    pub const fn advance(&mut self, span: Nanos) {
        self.now.mono = self.now.mono.plus(span);
        self.now.unix = self.now.unix.plus(span);
    }

    /// Steps UTC, back as well as forth, as an operator or NTP would.
    pub const fn step_unix(&mut self, unix: UnixNanos) {
        self.now.unix = unix;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_keeps_to_the_system_time() {
        let mut clock = Clock::start();
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let shown = clock.now().unix;
        assert_eq!(shown.seconds().abs_diff(before.as_secs()) / 2, 0);
    }

    #[test]
    fn an_old_anchor_is_measured_again() {
        let mut clock = Clock::start();
        clock.unix_at_start = 0;
        assert!(
            clock.now().unix.seconds() < 100,
            "the anchor is still young"
        );
        clock.start = clock
            .start
            .checked_sub(std::time::Duration::from_secs(1))
            .unwrap();
        clock.now();
        assert!(clock.now().unix.seconds() > 1_000_000_000);
    }

    #[test]
    fn a_standing_clock_still_measures() {
        let mut clock = Clock::standing_at(UnixNanos::new(5));
        let first = clock.now();
        while clock.now().mono == first.mono {}
        assert_eq!((first.unix.get(), clock.now().unix.get()), (5, 5));
    }

    #[test]
    fn copies_share_their_start() {
        let mut first = Clock::start();
        let mut second = first;
        let (earlier, later) = (first.now().mono, second.now().mono);
        assert!(later >= earlier);
    }
}
