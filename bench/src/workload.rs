//! The orders that the engine is measured with: recorded once, then replayed as fast as it goes.
//!
//! A venue's report names the child order it is about, which only a running engine knows. So one
//! engine runs against mock venues first and every command it was given is kept; what is timed
//! afterwards is a fresh engine given the same commands, with nothing else to do in between.

mod recorder;
mod setup;

pub use setup::{FAMILIES, Family};

use dcx_engine::{Engine, Outbox};
use dcx_model::{Command, Event, EventDigest, ExecType, MonoNanos, Outbound, Sequenced};

use recorder::Recorder;

/// Commands that are sequenced together and so have the same `at`.
pub const GROUP: usize = 256;

/// Which checks measure the orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Those that an engine cannot be without: the required limits, set where they must be.
    Required,
    /// Every limit on every level where it can be set, owners with self-trade prevention, hours,
    /// permissions, means, factors and scenarios; all of them so wide that nothing is refused.
    All,
}

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Timed commands, at least.
    pub commands: usize,
    /// Seed of the mix.
    pub seed: u64,
    /// Room for open orders in the engine.
    pub orders_open_max: u32,
    /// Pairs of a holder and an instrument that the engine has room for.
    pub positions_max: u32,
    /// Instruments.
    pub instruments: u32,
    /// Instruments that one account trades.
    pub instruments_per_account: u32,
    /// Accounts, each of an owner of its own.
    pub accounts: u32,
    /// Strategies.
    pub strategies: u16,
    /// Client sessions.
    pub sessions: u16,
    /// Orders that work at a venue all the time.
    pub working: usize,
    /// Which checks there are.
    pub checks: Checks,
}

impl Shape {
    /// Three instruments, four accounts, a thousand working orders.
    pub const SMALL: Self = Self {
        commands: 1_000_000,
        seed: 1,
        orders_open_max: 65_536,
        positions_max: 65_536,
        instruments: 3,
        instruments_per_account: 3,
        accounts: 4,
        strategies: 4,
        sessions: 2,
        working: 1_000,
        checks: Checks::All,
    };

    /// Ten thousand instruments, a thousand accounts, a million working orders.
    pub const LARGE: Self = Self {
        orders_open_max: 1 << 20 | 1 << 17,
        positions_max: 1 << 19,
        instruments: 10_000,
        instruments_per_account: 100,
        accounts: 1_000,
        strategies: 16,
        sessions: 16,
        working: 1_000_000,
        ..Self::SMALL
    };
}

/// What a command is to the one who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A client's order.
    NewOrder,
    /// A client's cancel.
    Cancel,
    /// A client's replace.
    Replace,
    /// A venue's report of a trade.
    Fill,
    /// Any other report of a venue: accepted, cancelled.
    Report,
    /// A venue's quote.
    Quote,
    /// A trade in the market, timers, and what configures.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::NewOrder,
        Self::Cancel,
        Self::Replace,
        Self::Fill,
        Self::Report,
        Self::Quote,
        Self::Other,
    ];

    /// The kind of a command.
    #[must_use]
    pub fn of(command: &Command) -> Self {
        match command {
            Command::NewOrder(_) => Self::NewOrder,
            Command::Cancel(_) => Self::Cancel,
            Command::Replace(_) => Self::Replace,
            Command::VenueReport(report) if report.exec_type == ExecType::Trade => Self::Fill,
            Command::VenueReport(_) => Self::Report,
            Command::Quote(_) => Self::Quote,
            _ => Self::Other,
        }
    }

    /// Its name in a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewOrder => "new order",
            Self::Cancel => "cancel",
            Self::Replace => "replace",
            Self::Fill => "fill",
            Self::Report => "other report",
            Self::Quote => "quote",
            Self::Other => "other",
        }
    }
}

/// Commands as the sequencer would have stamped them.
#[derive(Clone, Debug)]
pub struct Workload {
    /// What configures the engine and fills its book.
    pub setup: Vec<Sequenced>,
    /// What is timed.
    pub commands: Vec<Sequenced>,
}

/// What became of the commands of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Child orders that went to venues.
    pub sent: u64,
    /// New orders that were refused.
    pub refused: u64,
    /// Cancels and replaces that were refused.
    pub requests_refused: u64,
    /// A hash of every event.
    pub digest: u64,
}

impl Workload {
    /// Records the mix of a shape: limit orders near the market that rest or fill, market orders,
    /// cancels, replaces, quotes, trades in the market, and the venues' reports on all of them.
    #[must_use]
    pub fn record(shape: &Shape) -> Self {
        let mut recorder = Recorder::new(*shape);
        recorder.set_up();
        recorder.fill_book();
        let setup = recorder.take_recorded();
        while recorder.len() < shape.commands {
            recorder.step();
        }
        Self {
            setup,
            commands: recorder.take_recorded(),
        }
    }

    /// The same without what a family of checks needs: one check fewer, the same orders.
    #[must_use]
    pub fn setup_without(&self, family: &Family) -> Vec<Sequenced> {
        let kept = |taken: &&Sequenced| !family.has(&taken.command);
        self.setup.iter().filter(kept).copied().collect()
    }

    /// How many of the timed commands are of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        let is = |taken: &&Sequenced| Kind::of(&taken.command) == kind;
        self.commands.iter().filter(is).count()
    }

    /// A fresh engine that was given the set-up.
    #[must_use]
    pub fn engine(&self) -> (Engine, Outbox) {
        engine_after(&self.setup)
    }

    /// Applies the commands to a fresh engine after `setup` and says what became of them.
    #[must_use]
    pub fn outcome(&self, setup: &[Sequenced]) -> Outcome {
        let (mut engine, mut outbox) = engine_after(setup);
        let (mut outcome, mut digest) = (Outcome::default(), EventDigest::default());
        for taken in &self.commands {
            engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
            for (ix, event) in (0_u16..).zip(outbox.events()) {
                outcome.sent += u64::from(matches!(event, Event::ChildSent(_)));
                outcome.refused += u64::from(matches!(event, Event::Rejected { .. }));
                outcome.requests_refused += u64::from(matches!(event, Event::CancelRejected(_)));
                digest.take(&Outbound {
                    seq: taken.seq,
                    ix,
                    at: taken.at,
                    received: MonoNanos::default(),
                    event: *event,
                });
            }
        }
        outcome.digest = digest.value();
        outcome
    }
}

/// A fresh engine that was given `setup`.
#[must_use]
pub fn engine_after(setup: &[Sequenced]) -> (Engine, Outbox) {
    let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
    for taken in setup {
        engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
    }
    (engine, outbox)
}

#[cfg(test)]
mod tests;
