//! The sizes that bound everything, with the sums that tie them together.

/// Venues that the engine can choose between.
pub const VENUES_MAX: usize = 16;

/// Instruments that the engine can hold.
pub const INSTRUMENTS_MAX: usize = 16_384;

/// Accounts that the engine can hold.
pub const ACCOUNTS_MAX: usize = 1_024;

/// Client sessions that the engine can hold.
pub const SESSIONS_MAX: usize = 1_024;

/// Strategies that the engine can hold.
pub const STRATEGIES_MAX: usize = 1_024;

/// Beneficial owners that the engine can hold.
pub const OWNERS_MAX: usize = 1_024;

/// Orders that one list may link.
pub const LIST_ORDERS_MAX: usize = 4;

/// Proposed changes of limits that may wait for a second person at the same time.
pub const PROPOSALS_MAX: usize = 64;

/// Risk factors of the value at risk.
pub const FACTORS_MAX: usize = 64;

/// Scenarios of the historical value at risk.
pub const SCENARIOS_MAX: usize = 256;

/// Slices of one parent order.
pub const SLICES_MAX: u16 = 1_000;

/// Orders with a schedule or another algorithm that may be open at the same time.
pub const SCHEDULES_MAX: u32 = 1 << 17;

/// Instruments that may have a volume profile.
pub const PROFILES_MAX: usize = 256;

/// Child orders of one parent that may work at the same time.
pub const CHILDREN_WORKING_MAX: usize = 8;

/// Events that one command may cause. An outbox of this size never overflows: the largest cause
/// is a fill that ends a parent, which cancels every child and reports once.
pub const EVENTS_PER_COMMAND_MAX: usize = 64;

/// Timers that one [`Wake`](crate::Command::Wake) may fire; the rest waits for the next.
pub const TIMERS_PER_WAKE_MAX: usize = 16;

/// Bytes of a command, an event and their records, at most: two and a half cache lines
/// (decision 009).
pub const RECORD_LEN_MAX: usize = 160;

const _: () = assert!(VENUES_MAX <= 64, "a VenueSet has 64 bits");
const _: () = assert!(
    TIMERS_PER_WAKE_MAX * 3 + CHILDREN_WORKING_MAX < EVENTS_PER_COMMAND_MAX,
    "a wake that fires every timer fits in one outbox"
);
