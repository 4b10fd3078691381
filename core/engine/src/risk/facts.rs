//! What an order is measured against, and the one who measures.

use dcx_model::{
    ACCOUNTS_MAX, AccountId, Event, INSTRUMENTS_MAX, Instrument, InstrumentId, Level, Limit,
    NewOrder, OnNoVenue, Qty, Refusal, STRATEGIES_MAX, Scope, Seq, SessionId, Side, StrategyId,
    TradingState, UnixNanos, VenueSet,
};

use super::band::Bands;
use super::day::Hours;
use super::duplicates::Duplicates;
use super::ledger::{Holding, Ledger};
use super::limits::{
    AccountRow, Bounds, FirmRow, InstrumentRow, SessionRow, Standing, StrategyRow,
};
use super::permits::Denied;
use super::proposals::Proposals;
use super::repeats::Repeats;
use crate::book::Book;
use crate::trace::{Check, Trace};

/// Whose an order is: what it has of each level below the firm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) account: AccountId,
    pub(crate) strategy: StrategyId,
    pub(crate) session: SessionId,
    pub(crate) instrument: InstrumentId,
}

impl Holder {
    pub(crate) const fn of(order: &NewOrder) -> Self {
        Self {
            account: order.account,
            strategy: order.strategy,
            session: order.session,
            instrument: order.instrument,
        }
    }

    /// Its scopes, from the whole to the single.
    pub(crate) const fn scopes(&self) -> [Scope; 5] {
        [
            Scope::Firm,
            Scope::Account(self.account),
            Scope::Strategy(self.strategy),
            Scope::Session(self.session),
            Scope::Instrument(self.instrument),
        ]
    }
}

/// The limits and states of the levels that have no table elsewhere, and who waits to change them.
#[derive(Debug, Default)]
pub(crate) struct Authority {
    pub(crate) firm: FirmRow,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) strategies: Vec<StrategyRow>,
    pub(crate) denied: Denied,
    pub(crate) proposals: Proposals,
}

impl Authority {
    /// Makes room for every account and strategy. Allocates.
    pub(crate) fn grow(&mut self) {
        if self.accounts.is_empty() {
            self.accounts = vec![AccountRow::default(); ACCOUNTS_MAX];
            self.strategies = vec![StrategyRow::default(); STRATEGIES_MAX];
        }
        self.denied.grow();
    }

    pub(crate) fn digest(&self) -> u64 {
        let accounts = (0..).zip(&self.accounts).filter(|(_, row)| row.is_known());
        let accounts = accounts.map(|(ix, row)| row.digest(0x3_0000 | ix));
        let strategies = (0..)
            .zip(&self.strategies)
            .filter(|(_, row)| row.is_known());
        let strategies = strategies.map(|(ix, row)| row.digest(0x4_0000 | ix));
        let sum = accounts.chain(strategies).fold(0, u64::wrapping_add);
        sum.wrapping_add(self.firm.digest(11))
            .wrapping_add(self.denied.digest(12))
            .wrapping_add(self.proposals.digest(13))
    }
}

/// What was seen lately, for the checks that look back.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    pub(crate) bands: Bands,
    pub(crate) repeats: Repeats,
    pub(crate) duplicates: Duplicates,
}

impl Recent {
    /// Makes room for everything there can be, and for this many orders to come again. Allocates.
    pub(crate) fn grow(&mut self, seed: u64, orders: u32) {
        let count = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        self.bands.grow(count(INSTRUMENTS_MAX));
        self.repeats.grow(count(STRATEGIES_MAX));
        self.duplicates.grow(seed, orders);
    }

    pub(crate) fn digest(&self) -> u64 {
        self.bands
            .digest(14)
            .wrapping_add(self.repeats.digest(15))
            .wrapping_add(self.duplicates.digest(16))
    }
}

/// What an order is measured against.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) at: UnixNanos,
    pub(crate) configured: bool,
    pub(crate) holder: Holder,
    pub(crate) firm: &'a FirmRow,
    pub(crate) account: Option<&'a AccountRow>,
    pub(crate) strategy: Option<&'a StrategyRow>,
    pub(crate) session: Option<&'a SessionRow>,
    pub(crate) instrument: Option<&'a InstrumentRow>,
    pub(crate) denied: &'a Denied,
    pub(crate) recent: &'a Recent,
    pub(crate) book: &'a Book,
    pub(crate) ledger: &'a Ledger,
    /// What the account has in the instrument.
    pub(crate) holding: Holding<'a>,
    /// Open orders of the firm, and the room for them.
    pub(crate) pool: (u32, u32),
    /// Venues that could take the order now: looked up for a new order only.
    pub(crate) venues: VenueSet,
    pub(crate) on_no_venue: OnNoVenue,
    /// The instrument's hours, where it has any.
    pub(crate) hours: Option<&'a Hours>,
    /// The trading day that it is.
    pub(crate) day: u32,
}

/// The rows of an order whose scopes are all known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scopes<'a> {
    pub(crate) firm: &'a FirmRow,
    pub(crate) account: &'a AccountRow,
    pub(crate) strategy: &'a StrategyRow,
    pub(crate) session: &'a SessionRow,
    pub(crate) instrument: &'a InstrumentRow,
    pub(crate) defined: &'a Instrument,
}

impl Scopes<'_> {
    /// How each level stands, from the whole to the single.
    pub(crate) const fn standings(&self) -> [(Level, &Standing); 5] {
        [
            (Level::Firm, &self.firm.standing),
            (Level::Account, &self.account.standing),
            (Level::Strategy, &self.strategy.standing),
            (Level::Session, &self.session.standing),
            (Level::Instrument, &self.instrument.standing),
        ]
    }
}

impl Facts<'_> {
    /// The worst state of its scopes, and the largest of them that is in it.
    pub(crate) fn state(&self) -> (TradingState, Level) {
        worst([
            (Level::Firm, Some(&self.firm.standing)),
            (Level::Account, self.account.map(|row| &row.standing)),
            (Level::Strategy, self.strategy.map(|row| &row.standing)),
            (Level::Session, self.session.map(|row| &row.standing)),
            (Level::Instrument, self.instrument.map(|row| &row.standing)),
        ])
    }

    /// Whether an order only makes the position smaller. One of nothing does not.
    pub(crate) fn order_reduces(&self, order: &NewOrder) -> bool {
        !order.order_qty.is_zero() && self.reduces(order.side, order.order_qty)
    }

    /// Whether an order of this much more only makes the position smaller, whatever of it and of
    /// the working orders of its side is filled.
    pub(crate) fn reduces(&self, side: Side, more: Qty) -> bool {
        let known = self.account.is_some() && self.instrument.is_some();
        known && self.holding.would_be(side, more) <= 0
    }
}

/// The worst state of several standings, and whose it is.
pub(crate) fn worst(standings: [(Level, Option<&Standing>); 5]) -> (TradingState, Level) {
    let mut worst = (TradingState::Active, Level::Firm);
    for (level, standing) in standings {
        let state = standing.map_or(TradingState::Active, |standing| standing.state);
        if state > worst.0 {
            worst = (state, level);
        }
    }
    worst
}

/// A limit of which most is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Near {
    scope: Scope,
    limit: Limit,
    value: i128,
    max: i128,
}

impl Near {
    pub(crate) const fn event(&self) -> Event {
        Event::LimitNear {
            scope: self.scope,
            limit: self.limit,
            value: self.value,
            max: self.max,
        }
    }
}

/// Makes one comparison after the other and tells each to the trace.
#[derive(Debug)]
pub(crate) struct Gate<'a, T> {
    seq: Seq,
    trace: &'a mut T,
    near: Option<Near>,
}

impl<'a, T: Trace> Gate<'a, T> {
    pub(crate) const fn new(seq: Seq, trace: &'a mut T) -> Self {
        Self {
            seq,
            trace,
            near: None,
        }
    }

    /// The first limit that the order brought to 80 %.
    pub(crate) const fn near(&self) -> Option<Near> {
        self.near
    }

    pub(crate) fn require(
        &mut self,
        check: Check,
        (value, limit): (i128, i128),
        passed: bool,
        refusal: impl FnOnce() -> Refusal,
    ) -> Result<(), Refusal> {
        if T::ON {
            self.trace.check(self.seq, check, value, limit, passed);
        }
        if passed { Ok(()) } else { Err(refusal()) }
    }

    /// Tells the trace of a comparison that does not decide alone.
    pub(crate) fn note(&mut self, check: Check, (value, limit): (i128, i128), passed: bool) {
        if T::ON {
            self.trace.check(self.seq, check, value, limit, passed);
        }
    }

    pub(crate) fn present<V>(
        &mut self,
        check: Check,
        fact: Option<V>,
        missing: Refusal,
    ) -> Result<V, Refusal> {
        let there = fact.is_some();
        self.require(check, (i128::from(there), 1), there, || missing)?;
        fact.ok_or(missing)
    }

    /// Whether a value is so far below a limit that the comparison says nothing, neither now nor
    /// of being near it, and nobody reads it: three quarters of it at most.
    pub(crate) fn is_far(value: i128, max: i128) -> bool {
        !T::ON && max.saturating_sub(value) > max >> 2
    }

    /// The same of a count.
    pub(crate) const fn is_far_count(value: u32, max: u32) -> bool {
        !T::ON && max.saturating_sub(value) > max >> 2
    }

    /// Notes that an order brings what is used of a limit to 80 % of it. One that finds it there
    /// already says nothing: an order of its own worth has `before` zero.
    pub(crate) fn note_near(
        &mut self,
        (scope, limit): (Scope, Limit),
        (before, value): (i128, i128),
        max: i128,
    ) {
        // Nearly always far from it, which a shift tells without a division of 128 bits.
        if max.saturating_sub(value) > max >> 2 {
            return;
        }
        // 80 % without a product that could overflow.
        let from = max - max / 5;
        if value >= from && before < from && self.near.is_none() && max > 0 {
            self.near = Some(Near {
                scope,
                limit,
                value,
                max,
            });
        }
    }
}

/// The limits of a row, if all that its level must have are set.
pub(crate) fn complete<B: Bounds>(limits: &B) -> Option<()> {
    limits.is_complete().then_some(())
}
