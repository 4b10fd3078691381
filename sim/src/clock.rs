//! The clocks that simulators run by on a thread of their own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dcx_model::{MonoNanos, Now, UnixNanos};

/// Cycles without work after which a thread begins to sleep between them.
const IDLE_MAX: u32 = 50;

/// How long it then sleeps: short beside the delays that venues simulate, long enough that three
/// idle venues leave both cores of a small machine to others.
const NAP: Duration = Duration::from_micros(200);

/// Reads both clocks, and knows when to sleep.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    idle: u32,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            idle: 0,
        }
    }

    pub(crate) fn now(&self) -> Now {
        let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            // The reading 0 would be "never" to whoever compares with a default.
            mono: MonoNanos::new(nanos(self.start.elapsed()).saturating_add(1)),
            unix: UnixNanos::new(nanos(unix)),
        }
    }

    /// Sleeps a little once several cycles in a row had nothing to do.
    pub(crate) fn rest(&mut self, done: usize) {
        if done > 0 {
            self.idle = 0;
            return;
        }
        self.idle = self.idle.saturating_add(1);
        if self.idle > IDLE_MAX {
            std::thread::park_timeout(NAP);
        }
    }
}
