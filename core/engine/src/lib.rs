//! The verbs of dcx: order state, risk, slicing and routing as one pure function.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::indexing_slicing
)]

mod outbox;
mod trace;

pub use outbox::Outbox;
pub use trace::{
    Check, NoTrace, NotEligible, RouteReason, SliceReason, SliceWhy, Trace, VenueReason,
};

use dcx_model::{
    AccountId, Command, Event, InstrumentId, OrderId, OrderView, Seq, UnixNanos, VenueId,
};

/// The engine: all state of all orders, changed by nothing but commands.
#[derive(Debug, Default)]
pub struct Engine {
    now: UnixNanos,
    halted: bool,
}

/// What the engine has learnt about a venue, over all instruments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VenueScore {
    /// Which.
    pub venue: VenueId,
    /// Whether its session is up.
    pub up: bool,
    /// Child orders sent there.
    pub children: u64,
    /// Child orders that ended with a reward.
    pub rewards: u64,
    /// Mean reward of those, in basis points; zero before the first.
    pub mean_reward_bps: f64,
    /// Mean slippage of their fills against the mid at the decision, in basis points.
    pub mean_slippage_bps: f64,
}

impl Engine {
    /// An engine without any configuration: it refuses every order.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies one command and writes everything it causes to `outbox`, which it clears first.
    pub fn apply(&mut self, at: UnixNanos, seq: Seq, command: &Command, outbox: &mut Outbox) {
        self.apply_traced(at, seq, command, outbox, &mut NoTrace);
    }

    /// [`apply`](Self::apply), saying why to `trace`.
    pub fn apply_traced<T: Trace>(
        &mut self,
        at: UnixNanos,
        seq: Seq,
        command: &Command,
        outbox: &mut Outbox,
        trace: &mut T,
    ) {
        let _ = (seq, trace, command);
        self.now = at;
        outbox.clear();
        if let Command::Halt(_) = command {
            self.halted = true;
            outbox.push(Event::Halted);
        }
        let _ = outbox.room();
    }

    /// When the engine wants a [`Command::Wake`].
    #[must_use]
    pub const fn wake_at(&self) -> Option<UnixNanos> {
        None
    }

    /// Hash of all state.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.now.get()
    }

    /// Orders that are not done.
    #[must_use]
    pub const fn orders_open(&self) -> u32 {
        0
    }

    /// Whether trading is halted.
    #[must_use]
    pub const fn halted(&self) -> bool {
        self.halted
    }

    /// The position of an account in an instrument, in units of 10⁻⁸; negative is short.
    #[must_use]
    pub const fn position(&self, account: AccountId, instrument: InstrumentId) -> i128 {
        let _ = (account, instrument);
        0
    }

    /// The order of this number, open or still remembered.
    #[must_use]
    pub const fn order(&self, order: OrderId) -> Option<OrderView> {
        let _ = order;
        None
    }

    /// What was learnt about each venue that is defined.
    pub fn venue_scores(&self) -> impl Iterator<Item = VenueScore> {
        std::iter::empty()
    }
}
