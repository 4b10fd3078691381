//! What a thread does while there is nothing to do: spin, yield, or sleep a little.

use std::hint;
use std::thread;
use std::time::Duration;

/// Empty rounds that are spent spinning before a thread yields.
const SPINS: u32 = 128;
/// Empty rounds after which a thread that may park does so.
const YIELDS: u32 = SPINS + 64;
/// The first sleep of a parking thread.
const PARK_MIN: Duration = Duration::from_micros(20);
/// The longest sleep, and so the most that parking adds to a latency.
const PARK_MAX: Duration = Duration::from_millis(1);

/// How an idle thread waits.
///
/// # Examples
/// ```
/// use dcx_ring::Wait;
///
/// assert_eq!(Wait::default(), Wait::Yield, "the one that hurts nobody much");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Never lets go of the core: the lowest latency, for a core of one's own.
    Spin,
    /// Spins a little, then offers the core to others: for shared cores.
    #[default]
    Yield,
    /// Spins, yields, then sleeps up to a millisecond: for what may be late.
    Park,
}

/// The waiting of one thread: counts empty rounds and does what its [`Wait`] says.
///
/// Sleeps are bounded, never until called: a wake-up cannot be lost because none is sent.
///
/// # Examples
/// ```
/// use dcx_ring::{Idle, Wait};
///
/// let (mut orders, mut engine) = dcx_ring::spsc::<u32>(8)?;
/// orders.try_push(7)?;
/// drop(orders);
///
/// let mut idle = Idle::new(Wait::Park);
/// while !engine.is_drained() {
///     let worked = engine.poll(8, |order, _, _| assert_eq!(*order, 7));
///     idle.idle(worked);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Idle {
    wait: Wait,
    empty_rounds: u32,
}

/// What an empty round leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Spin,
    Yield,
    Park(Duration),
}

impl Idle {
    /// Returns the waiting of a thread that starts busy.
    #[must_use]
    pub const fn new(wait: Wait) -> Self {
        Self {
            wait,
            empty_rounds: 0,
        }
    }

    /// Ends one round of a thread's loop that handled `work_count` items: waits if there were
    /// none, longer the longer nothing comes.
    #[inline]
    pub fn idle(&mut self, work_count: usize) {
        if work_count > 0 {
            self.empty_rounds = 0;
            return;
        }
        match self.step() {
            Step::Spin => hint::spin_loop(),
            Step::Yield => thread::yield_now(),
            Step::Park(span) => thread::park_timeout(span),
        }
        self.empty_rounds = self.empty_rounds.saturating_add(1);
    }

    fn step(&self) -> Step {
        match self.wait {
            Wait::Spin => Step::Spin,
            Wait::Yield | Wait::Park if self.empty_rounds < SPINS => Step::Spin,
            Wait::Yield => Step::Yield,
            Wait::Park if self.empty_rounds < YIELDS => Step::Yield,
            Wait::Park => Step::Park(self.nap()),
        }
    }

    /// Doubles from [`PARK_MIN`] to [`PARK_MAX`].
    fn nap(&self) -> Duration {
        let doublings = (self.empty_rounds - YIELDS).min(16);
        PARK_MIN.saturating_mul(1 << doublings).min(PARK_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_empty_rounds(wait: Wait, empty_rounds: u32) -> Step {
        Idle { wait, empty_rounds }.step()
    }

    #[test]
    fn spinning_never_lets_go_of_the_core() {
        assert_eq!(after_empty_rounds(Wait::Spin, u32::MAX), Step::Spin);
    }

    #[test]
    fn yielding_spins_first_and_never_sleeps() {
        assert_eq!(after_empty_rounds(Wait::Yield, 0), Step::Spin);
        assert_eq!(after_empty_rounds(Wait::Yield, SPINS), Step::Yield);
        assert_eq!(after_empty_rounds(Wait::Yield, u32::MAX), Step::Yield);
    }

    #[test]
    fn parking_sleeps_longer_but_never_beyond_its_bound() {
        assert_eq!(after_empty_rounds(Wait::Park, 0), Step::Spin);
        assert_eq!(after_empty_rounds(Wait::Park, SPINS), Step::Yield);
        assert_eq!(after_empty_rounds(Wait::Park, YIELDS), Step::Park(PARK_MIN));
        assert_eq!(
            after_empty_rounds(Wait::Park, YIELDS + 1),
            Step::Park(PARK_MIN * 2)
        );
        assert_eq!(
            after_empty_rounds(Wait::Park, u32::MAX),
            Step::Park(PARK_MAX)
        );
    }

    #[test]
    fn work_makes_a_thread_attentive_again() {
        let mut idle = Idle::new(Wait::Park);
        for _ in 0..=YIELDS {
            idle.idle(0);
        }
        assert!(matches!(idle.step(), Step::Park(_)));
        idle.idle(1);
        assert_eq!(idle.step(), Step::Spin);
    }
}
