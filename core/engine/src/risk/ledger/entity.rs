//! The sums of one holder of positions, its limits on them, and its result of the day.

use dcx_model::{Limit, Scope, Side, StateCause, TradingState};

use super::row::{Share, Working};
use super::{FIRM, NONE};
use crate::digest::Words;

/// The firm, an account or a strategy: five cache lines, of which an order that is far from every
/// limit reads the first two.
///
/// # Units
/// 10⁻¹⁶ of the firm's currency.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Entity {
    /// Sum of the worth of all positions, long and short.
    pub(super) positions: i128,
    /// Worth of its working orders.
    pub(super) buys: i128,
    pub(super) sells: i128,
    /// Margin, in basis points of 10⁻¹⁶.
    pub(super) margin: i128,

    /// See [`is_far`](Self::is_far): powers of two, of gross and net, and of the margin.
    far: u128,
    far_margin: u128,
    /// Sum of the values of all positions, long less short.
    pub(super) net: i128,
    pub(super) day: u32,
    /// Positions without a mark, and the last instrument that became one.
    pub(super) unmarked: u32,
    pub(super) unmarked_at: u32,
    pub(super) rows: u32,

    pub(super) gross_max: i128,
    pub(super) net_max: i128,
    pub(super) credit_max: i128,
    /// Sold less bought, since ever.
    pub(super) cash: i128,

    /// Cash and net when the day began.
    pub(super) base: i128,
    /// The best result of the day; at least nothing, which is where it began.
    pub(super) best: i128,
    pub(super) loss_reduce_max: i128,
    pub(super) loss_halt_max: i128,

    pub(super) drawdown_max: i128,
    /// Which of its limits of the day it is beyond, by bit of [`Breach`].
    pub(super) beyond: u8,
}

/// A limit of the day's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breach {
    Halt = 1,
    Reduce = 2,
    Drawdown = 4,
}

impl Default for Entity {
    fn default() -> Self {
        Self {
            positions: 0,
            net: 0,
            buys: 0,
            sells: 0,
            gross_max: NONE,
            net_max: NONE,
            margin: 0,
            credit_max: NONE,
            cash: 0,
            base: 0,
            best: 0,
            loss_reduce_max: NONE,
            loss_halt_max: NONE,
            drawdown_max: NONE,
            day: 0,
            unmarked: 0,
            unmarked_at: 0,
            rows: 0,
            far: eighth(NONE),
            far_margin: u128::MAX >> 1,
            beyond: 0,
        }
    }
}

/// The largest power of two that is an eighth of a limit at most; zero if there is none.
const fn eighth(max: i128) -> u128 {
    match max.checked_ilog2() {
        Some(bits @ 3..) => 1 << (bits - 3),
        Some(_) | None => 0,
    }
}

impl Entity {
    /// Worth of all positions and all working orders.
    pub(super) const fn gross(&self) -> i128 {
        self.positions + self.buys + self.sells
    }

    /// Whether it stays so far below its limits with an order of so much worth and margin that none
    /// of them says anything.
    ///
    /// Gross is a sum of four parts; net, of either side, is no more than gross. Of four parts below
    /// an eighth of a limit the sum is below half of it, and numbers are all below a power of two
    /// where the bits of all of them are.
    pub(super) const fn is_far(&self, worth: i128, margin: i128) -> bool {
        let parts = self.positions | self.buys | self.sells | worth;
        let margins = self.margin | margin;
        self.unmarked == 0
            && parts.cast_unsigned() < self.far
            && margins.cast_unsigned() < self.far_margin
    }

    /// Takes in that a limit changed.
    pub(super) fn limited(&mut self) {
        self.far = eighth(self.gross_max.min(self.net_max));
        // The margin is in basis points: of a limit are 10,000, which is more than 2¹³.
        self.far_margin = eighth(self.credit_max).saturating_mul(1 << 13);
    }

    /// Begins a new day at what it is worth now.
    pub(super) const fn roll(&mut self, day: u32) {
        if self.day != day {
            self.day = day;
            self.base = self.worth();
            self.best = 0;
            self.beyond = 0;
        }
    }

    /// Takes in that one of its rows changed.
    pub(super) fn change(&mut self, before: Share, after: Share, instrument: u32) {
        self.positions += after.value.abs() - before.value.abs();
        self.net += after.value - before.value;
        self.buys += after.buys - before.buys;
        self.sells += after.sells - before.sells;
        self.margin += after.margin - before.margin;
        match (before.unmarked, after.unmarked) {
            (false, true) => {
                self.unmarked += 1;
                self.unmarked_at = instrument;
            }
            (true, false) => self.unmarked -= 1,
            (false, false) | (true, true) => {}
        }
    }

    /// Takes in that what works of one of its rows changed, of which nothing else did.
    pub(super) const fn work(&mut self, change: &Working) {
        let worth = change.worth();
        match change.side {
            Side::Buy => self.buys += worth,
            Side::Sell => self.sells += worth,
        }
        self.margin += change.margin();
    }

    /// The result of the day; nothing before anything happened on it.
    pub(super) const fn result(&self, day: u32) -> i128 {
        if self.day == day {
            self.worth().saturating_sub(self.base)
        } else {
            0
        }
    }

    /// Whether a limit is set that needs the worth of its positions.
    pub(super) const fn needs_marks(&self) -> bool {
        self.gross_max != NONE
            || self.net_max != NONE
            || self.credit_max != NONE
            || self.watches_result()
    }

    pub(super) const fn watches_result(&self) -> bool {
        self.loss_reduce_max != NONE || self.loss_halt_max != NONE || self.drawdown_max != NONE
    }

    /// Compares the result of the day with its limits, and says which state follows where one was
    /// crossed since it was last compared. One that stays crossed is said once, so that a person
    /// who lets trading go on is not overruled by the next quote.
    ///
    /// A position without a mark makes the result unknown: nothing is compared until it has one,
    /// and meanwhile the checks refuse what does not reduce.
    pub(super) fn judge(&mut self, day: u32) -> Option<(TradingState, StateCause)> {
        if !self.watches_result() || self.unmarked > 0 {
            return None;
        }
        self.roll(day);
        let result = self.result(day);
        self.best = self.best.max(result);
        let fall = self.best.saturating_sub(result);
        let before = self.beyond;
        self.set(Breach::Halt, is_beyond(-result, self.loss_halt_max));
        self.set(Breach::Reduce, is_beyond(-result, self.loss_reduce_max));
        self.set(Breach::Drawdown, is_beyond(fall, self.drawdown_max));
        let new = self.beyond & !before;
        if new & Breach::Halt as u8 != 0 {
            Some((TradingState::Halted, StateCause::Loss))
        } else if new & Breach::Reduce as u8 != 0 {
            Some((TradingState::Reducing, StateCause::Loss))
        } else if new & Breach::Drawdown as u8 != 0 {
            Some((TradingState::Reducing, StateCause::Drawdown))
        } else {
            None
        }
    }

    /// The place of a limit that this entity keeps.
    pub(super) const fn limit(&mut self, limit: Limit) -> Option<&mut i128> {
        Some(match limit {
            Limit::GrossMax => &mut self.gross_max,
            Limit::NetMax => &mut self.net_max,
            Limit::CreditMax => &mut self.credit_max,
            Limit::LossReduceMax => &mut self.loss_reduce_max,
            Limit::LossHaltMax => &mut self.loss_halt_max,
            Limit::DrawdownMax => &mut self.drawdown_max,
            Limit::OrderQtyMax
            | Limit::OrderNotionalMax
            | Limit::CollarBps
            | Limit::QuoteAgeMax
            | Limit::PrevCloseAllowed
            | Limit::BandBps
            | Limit::BandWindow
            | Limit::TypicalMultiple
            | Limit::PositionLongMax
            | Limit::PositionShortMax
            | Limit::MarginBps
            | Limit::DayQtyMax
            | Limit::DayNotionalMax
            | Limit::OrdersOpenMax
            | Limit::OrdersPerSMax
            | Limit::BurstMax
            | Limit::ExecutionsMax
            | Limit::ExecutionsWindow
            | Limit::DuplicateWindow
            | Limit::OrderAgeMax
            | Limit::VarEwmaMax
            | Limit::VarHistoricalMax
            | Limit::ApprovalNotional
            | Limit::LocateRequired
            | Limit::CrossedBpsMax => return None,
        })
    }

    /// Forgets that a limit was crossed: it is compared afresh.
    pub(super) const fn rearm(&mut self) {
        self.beyond = 0;
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.rows == 0 && !self.needs_marks()
    }

    pub(super) fn digest(&self, ix: u64, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(ix);
        for sum in [
            self.positions,
            self.net,
            self.buys,
            self.sells,
            self.gross_max,
            self.net_max,
            self.margin,
            self.credit_max,
            self.cash,
            self.base,
            self.best,
            self.loss_reduce_max,
            self.loss_halt_max,
            self.drawdown_max,
        ] {
            words.i128(sum);
        }
        words.u64(u64::from(self.day) << 32 | u64::from(self.unmarked));
        words.u64(u64::from(self.unmarked_at) << 32 | u64::from(self.rows));
        words.u64(u64::from(self.beyond));
        words.finish()
    }

    const fn worth(&self) -> i128 {
        self.cash.saturating_add(self.net)
    }

    const fn set(&mut self, breach: Breach, on: bool) {
        let bit = breach as u8;
        self.beyond = self.beyond & !bit | if on { bit } else { 0 };
    }
}

/// A limit of zero is reached by having lost nothing, and none never is.
const fn is_beyond(loss: i128, max: i128) -> bool {
    max != NONE && loss >= max
}

/// Whose sums a number stands for.
pub(super) fn scope(ix: usize) -> Scope {
    let number = |from: usize| u32::try_from(ix - from).unwrap_or(u32::MAX);
    if ix == FIRM {
        Scope::Firm
    } else if ix < super::STRATEGIES {
        Scope::Account(dcx_model::AccountId::new(number(super::ACCOUNTS)))
    } else {
        let id = u16::try_from(number(super::STRATEGIES)).unwrap_or(u16::MAX);
        Scope::Strategy(dcx_model::StrategyId::new(id))
    }
}
