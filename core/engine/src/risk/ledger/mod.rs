//! What the firm, each account and each strategy hold, what their working orders may add, and
//! what both are worth: positions, exposure, margin, and the result of the day.
//!
//! A row is one entity's stand in one instrument; an entity keeps the sums of its rows. An order
//! touches three of each: those of the firm, of its account and of its strategy (strategy 0 is
//! that of the orders that name none). Worth is reserved when an order is accepted, at its limit,
//! or its stop, or the far touch, and given back exactly: what is reserved is a price for one unit
//! times a quantity, in whole numbers, so that the parts always add up to the whole.
//!
//! **How fresh the sums are.** A mark is the mid of the best fresh bid and offer. The firm's sums
//! follow every quote that moves it. The rows of accounts and strategies in that instrument follow
//! in turn, [`MARKS_PER_QUOTE`] for each quote of it, and always at their own orders and fills: with
//! n of them an account's sums are at most n/4 quotes of the instrument behind. An instrument that
//! is not quoted any more keeps its last mark, however old.
//!
//! # Units
//! Worth in 10⁻¹⁶ of the firm's currency. A price times the instrument's multiplier is rounded to
//! 10⁻⁸ for one unit: up for what is reserved, to the nearest for marks and trades. With a
//! multiplier of one only a mid between two prices is.

mod check;
mod entity;
mod loss;
mod row;
mod value;

pub(crate) use check::{Ask, check};

use dcx_model::{
    ACCOUNTS_MAX, AccountId, INSTRUMENTS_MAX, Instrument, InstrumentId, Limit, Notional, Price,
    Qty, STRATEGIES_MAX, Scope, Side, StateCause, StrategyId, TradingState, UnixNanos,
};

use super::day::{SECONDS_PER_DAY, day_number};
use crate::digest::Words;
use crate::index::Index;
use crate::pool::NIL;
use entity::Entity;
use row::{FirmRow, MARGIN_BPS, Row, Working};
use value::Measure;

/// A limit that is not set: nothing reaches it.
const NONE: i128 = i128::MAX;

/// The place of the firm among the entities, and of the first account and strategy.
const FIRM: usize = 0;
const ACCOUNTS: usize = 1;
const STRATEGIES: usize = ACCOUNTS + ACCOUNTS_MAX;
const ENTITIES: usize = STRATEGIES + STRATEGIES_MAX;

/// Rows of accounts and strategies that are marked for each quote of their instrument.
const MARKS_PER_QUOTE: u32 = 4;

/// No order is worth more than this, in units of 10⁻¹⁶: 7·10¹² of the firm's currency. 2²² of
/// them and all positions stay below 2¹²⁷.
const ORDER_WORTH_MAX: i128 = 1 << 96;

/// Pairs of an entity and an instrument that a ledger can be asked to hold.
pub(crate) const POSITIONS_MAX: u32 = 1 << 20;

/// Where an order's numbers are kept: its instrument, and its rows of account and strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    instrument: u32,
    account: u32,
    strategy: u32,
}

impl Rows {
    /// Of an order that there is not.
    pub(crate) const NONE: Self = Self {
        instrument: NIL,
        account: NIL,
        strategy: NIL,
    };
}

/// Whose limit of the day was crossed, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) scope: Scope,
    pub(crate) state: TradingState,
    pub(crate) cause: StateCause,
}

/// Breaches of one command at most: of the firm, and of the rows that a quote marks.
pub(crate) type Breaches = [Option<Breach>; 1 + MARKS_PER_QUOTE as usize];

/// What an account has in an instrument, if it ever had any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding<'a>(Option<&'a Row>);

impl Holding<'_> {
    /// [`Ledger::would_be`].
    pub(crate) fn would_be(&self, side: Side, qty: Qty) -> i128 {
        let row = self.0;
        row.map_or_else(|| i128::from(qty.units()), |row| row.would_be(side, qty))
    }
}

/// All positions and exposures.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    firm: Vec<FirmRow>,
    rows: Vec<Row>,
    index: Index,
    rows_max: usize,
    entities: Vec<Entity>,
    measure: Measure,
    /// The trading day, when it ends, and when days begin.
    day: u32,
    day_ends: UnixNanos,
    roll_offset_s: u32,
}

impl Ledger {
    /// Makes room for `rows` pairs of an account or a strategy with an instrument. Allocates.
    pub(crate) fn grow(&mut self, rows: u32, day_start_s: u32) {
        let rows_max = self.rows_max.max(rows as usize);
        if rows_max > self.rows_max {
            self.rows_max = rows_max;
            self.rows.reserve_exact(rows_max - self.rows.len());
            self.index.grow(rows);
        }
        if self.firm.is_empty() {
            self.firm = vec![FirmRow::default(); INSTRUMENTS_MAX];
            for (key, firm) in (0..).zip(&mut self.firm) {
                firm.row.key = key;
            }
            self.entities = vec![Entity::default(); ENTITIES];
        }
        self.roll_offset_s = (SECONDS_PER_DAY - day_start_s % SECONDS_PER_DAY) % SECONDS_PER_DAY;
        self.day_ends = UnixNanos::ZERO;
        self.measure.grow();
    }

    /// Notes the time. Comes before anything that happens at it.
    pub(crate) fn tick(&mut self, at: UnixNanos) {
        self.measure.refresh();
        if at >= self.day_ends {
            let day = day_number(at, self.roll_offset_s);
            let ends = u64::from(day + 1) * u64::from(SECONDS_PER_DAY);
            self.day = self.day.max(day);
            let ends = ends.saturating_sub(u64::from(self.roll_offset_s));
            self.day_ends = UnixNanos::from_seconds(ends);
        }
    }

    /// Takes an instrument's multiplier. What is reserved stays reserved as it was.
    pub(crate) fn define(&mut self, instrument: InstrumentId, multiplier: Price) {
        if let Some(firm) = self.firm.get_mut(instrument.get() as usize) {
            firm.multiplier = multiplier.units();
        }
    }

    /// Takes the price that positions are valued at while there was no mid: the previous close, where
    /// it may be used.
    ///
    /// # Cost
    /// O(rows of the instrument), where it changes anything.
    pub(crate) fn close(&mut self, instrument: InstrumentId, close: Option<Price>) {
        let Some(firm) = self.firm.get_mut(instrument.get() as usize) else {
            return;
        };
        if firm.mark().is_some() && !firm.closed {
            return;
        }
        let unit = |px: Price| unit_of(i128::from(px.units()), SCALE, firm.multiplier);
        let mark = close.map_or(i64::MIN, |px| unit(px).unwrap_or(i64::MAX));
        firm.closed = close.is_some();
        if firm.mark != mark {
            firm.mark = mark;
            self.value_again(instrument);
        }
    }

    /// Takes a limit, where it is one that is kept here.
    pub(crate) fn set_limit(&mut self, scope: Scope, limit: Limit, value: Option<i128>) {
        let place = match scope {
            Scope::Instrument(id) => return self.set_instrument_limit(id, limit, value),
            Scope::Session(_) => return,
            Scope::Firm => FIRM,
            Scope::Account(id) => ACCOUNTS + id.get() as usize,
            Scope::Strategy(id) => STRATEGIES + usize::from(id.get()),
        };
        if scope == Scope::Firm {
            self.measure.set_cap(limit, value);
        }
        let Some(entity) = self.entities.get_mut(place) else {
            return;
        };
        entity.roll(self.day);
        if let Some(kept) = entity.limit(limit) {
            *kept = value.unwrap_or(NONE);
            entity.limited();
            entity.rearm();
        }
    }

    /// Whether there are rows for an order, or room for them.
    pub(crate) fn has_room(
        &self,
        account: AccountId,
        strategy: StrategyId,
        instrument: InstrumentId,
    ) -> bool {
        let free = self.rows_max - self.rows.len();
        if free >= 2 {
            return true;
        }
        let needed = [of_account(account), of_strategy(strategy)]
            .iter()
            .filter(|entity| self.index.find(key(**entity, instrument)).is_none())
            .count();
        needed <= free
    }

    /// The rows of an order, made where there are none.
    ///
    /// # Panics
    /// Without [room](Self::has_room).
    pub(crate) fn rows(
        &mut self,
        account: AccountId,
        strategy: StrategyId,
        instrument: InstrumentId,
    ) -> Rows {
        Rows {
            instrument: instrument.get(),
            account: self.row(of_account(account), instrument),
            strategy: self.row(of_strategy(strategy), instrument),
        }
    }

    /// Reserves `qty` at `unit` each.
    pub(crate) fn reserve(&mut self, rows: Rows, side: Side, qty: Qty, unit: Price) {
        self.reserve_instead(rows, side, (Qty::ZERO, Price::ZERO), (qty, unit));
    }

    /// Gives back part of what was reserved at `unit` each.
    pub(crate) fn release(&mut self, rows: Rows, side: Side, qty: Qty, unit: Price) {
        self.reserve_instead(rows, side, (qty, unit), (Qty::ZERO, Price::ZERO));
    }

    /// Changes what is reserved from one quantity and price to another.
    pub(crate) fn reserve_instead(
        &mut self,
        rows: Rows,
        side: Side,
        before: (Qty, Price),
        after: (Qty, Price),
    ) {
        if before == after {
            return;
        }
        let Some(firm) = self.firm.get_mut(rows.instrument as usize) else {
            return;
        };
        let (mark, margin_bps) = (firm.mark(), firm.margin_bps);
        let change = Working::between(side, before, after, margin_bps);
        if firm.row.takes(&change, mark, margin_bps) {
            firm.row.work(&change);
            self.count_working(FIRM, &change);
        } else {
            self.change_firm(rows.instrument, |row| row.work(&change));
        }
        for ix in [rows.account, rows.strategy] {
            let row = self.rows.get_mut(ix as usize);
            let row = row.expect("a row of the ledger is never given up");
            if row.takes(&change, mark, margin_bps) {
                row.work(&change);
                let entity = row.entity();
                self.count_working(entity, &change);
            } else {
                self.change(ix, |row| row.work(&change));
            }
        }
    }

    /// Changes positions and cash by a trade, and gives back what was reserved for `fits` of it at
    /// `unit` each.
    pub(crate) fn fill(
        &mut self,
        rows: Rows,
        side: Side,
        (last_qty, last_px): (Qty, Price),
        (fits, unit): (Qty, Price),
    ) {
        let units = i128::from(last_qty.units());
        let signed = match side {
            Side::Buy => units,
            Side::Sell => -units,
        };
        let change = Working::between(side, (fits, unit), (Qty::ZERO, Price::ZERO), 0);
        self.trade(rows, signed, last_px, |row| row.work(&change));
    }

    /// Takes a trade back. What it filled of an order is reserved again by the caller, if the
    /// order is to have it again.
    pub(crate) fn unfill(&mut self, rows: Rows, side: Side, last_qty: Qty, last_px: Price) {
        let units = i128::from(last_qty.units());
        let signed = match side {
            Side::Buy => -units,
            Side::Sell => units,
        };
        self.trade(rows, signed, last_px, |_| {});
    }

    /// Takes the mid of an instrument, as twice the mid, and marks what is next in turn. Says
    /// whose limits of the day were crossed by it.
    ///
    /// # Cost
    /// O(1); where the instrument is mapped to a factor and the firm near its value at risk,
    /// O(scenarios).
    pub(crate) fn mark(&mut self, instrument: InstrumentId, mid_twice: i128) -> Breaches {
        let mut breaches = Breaches::default();
        let Some(firm) = self.firm.get_mut(instrument.get() as usize) else {
            return breaches;
        };
        let mark = unit_of(mid_twice, 2 * SCALE, firm.multiplier).unwrap_or(i64::MAX);
        firm.closed = false;
        if firm.mark != mark {
            firm.mark = mark;
            firm.behind = firm.rows;
            if firm.row.position != 0 {
                self.change_firm(instrument.get(), |_| {});
            }
        } else if firm.behind == 0 {
            return breaches;
        }
        let mut found = breaches.iter_mut();
        let mut note = |breach: Option<Breach>| {
            if let (Some(place), Some(breach)) = (found.next(), breach) {
                *place = Some(breach);
            }
        };
        note(self.judge(FIRM));
        for _ in 0..MARKS_PER_QUOTE {
            let Some(ix) = self.next_behind(instrument.get()) else {
                break;
            };
            let held = self.rows.get(ix as usize);
            // Nothing held is worth nothing at any price.
            if held.is_some_and(|row| row.position != 0) {
                let entity = self.change(ix, |_| {});
                note(self.judge(entity));
            }
        }
        breaches
    }

    /// Compares the results of the day of an order's entities with their limits.
    pub(crate) fn judge_rows(&mut self, rows: Rows) -> [Option<Breach>; 3] {
        let entity = |ix: u32| self.rows.get(ix as usize).map_or(FIRM, Row::entity);
        let (account, strategy) = (entity(rows.account), entity(rows.strategy));
        [FIRM, account, strategy].map(|entity| self.judge(entity))
    }

    /// Worth of one unit at a price, as it is reserved; `None` where it is out of range.
    pub(crate) fn unit(&self, instrument: InstrumentId, px: Price) -> Option<Price> {
        let multiplier = self.firm.get(instrument.get() as usize)?.multiplier;
        if multiplier == ONE {
            return px.units().checked_abs().map(Price::from_units);
        }
        let worth = i128::from(px.units()) * i128::from(multiplier);
        let up = (worth.abs() + SCALE - 1) / SCALE;
        i64::try_from(up).ok().map(Price::from_units)
    }

    /// What an account has in an instrument, looked up once for all questions about it.
    pub(crate) fn holding(&self, account: AccountId, instrument: InstrumentId) -> Holding<'_> {
        Holding(self.find(of_account(account), instrument))
    }

    /// Whether an order of this quantity would only make the account's position smaller, all
    /// working orders of its side counted as filled.
    pub(crate) fn reduces(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        qty: Qty,
    ) -> bool {
        self.would_be(account, instrument, side, qty) <= 0
    }

    /// The account's position with all working orders of a side and `qty` more filled, in units of
    /// 10⁻⁸; positive when it is on that side.
    pub(crate) fn would_be(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        qty: Qty,
    ) -> i128 {
        self.holding(account, instrument).would_be(side, qty)
    }

    /// The account and the instrument that these rows are of.
    pub(crate) fn account_of(&self, rows: Rows) -> Option<(AccountId, InstrumentId)> {
        let account = self.rows.get(rows.account as usize)?.entity();
        let number = u32::try_from(account.checked_sub(ACCOUNTS)?).ok()?;
        Some((AccountId::new(number), InstrumentId::new(rows.instrument)))
    }

    /// The position of an account, in units of 10⁻⁸; negative is short.
    pub(crate) fn position(&self, account: AccountId, instrument: InstrumentId) -> i128 {
        self.find(of_account(account), instrument)
            .map_or(0, |row| row.position)
    }

    /// What open orders of an account may still add to a position, and take from it.
    pub(crate) fn working(&self, account: AccountId, instrument: InstrumentId) -> (i128, i128) {
        self.find(of_account(account), instrument)
            .map_or((0, 0), |row| (row.working_buy, row.working_sell))
    }

    /// A hash of all that later values depend on.
    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let firm = self.firm.iter().filter(|firm| !firm.is_unknown());
        let firm = firm.map(|firm| {
            let mut words = Words::new(salt);
            firm.digest(&mut words);
            words.finish()
        });
        // Rows are marked in turn: which one was made first is state.
        let rows = (0_u64..).zip(&self.rows).map(|(ix, row)| {
            let mut words = Words::new(salt);
            words.u64(ix);
            words.u64(u64::from(row.next));
            row.digest(&mut words);
            words.finish()
        });
        let entities = (0_u64..).zip(&self.entities);
        let entities = entities
            .filter(|(_, entity)| !entity.is_unknown())
            .map(|(ix, entity)| entity.digest(ix, salt));
        let mut words = Words::new(salt);
        words.u64(u64::from(self.day));
        words.u64(self.day_ends.get());
        firm.chain(rows)
            .chain(entities)
            .fold(words.finish(), u64::wrapping_add)
            .wrapping_add(self.measure.digest(salt))
    }

    fn set_instrument_limit(&mut self, id: InstrumentId, limit: Limit, value: Option<i128>) {
        let Some(firm) = self.firm.get_mut(id.get() as usize) else {
            return;
        };
        let number = value.unwrap_or(NONE);
        if limit == Limit::PositionLongMax {
            firm.long_max = number;
        } else if limit == Limit::PositionShortMax {
            firm.short_max = number;
        } else if limit == Limit::GrossMax {
            firm.gross_max = number;
        } else if limit == Limit::MarginBps {
            let bps = value.and_then(|bps| u32::try_from(bps).ok());
            firm.margin_bps = bps.unwrap_or(MARGIN_BPS);
            self.value_again(id);
        }
    }

    /// Every row of the instrument has another margin or value now. As rare as a change of a limit.
    fn value_again(&mut self, id: InstrumentId) {
        let head = self.firm.get(id.get() as usize).map(|firm| firm.head);
        let mut ix = head.unwrap_or(NIL);
        while ix != NIL {
            self.change(ix, |_| {});
            ix = self.rows.get(ix as usize).map_or(NIL, |row| row.next);
        }
        self.change_firm(id.get(), |_| {});
    }

    fn trade(&mut self, rows: Rows, signed: i128, last_px: Price, more: impl Fn(&mut Row)) {
        let Some(firm) = self.firm.get(rows.instrument as usize) else {
            return;
        };
        let unit = unit_of(i128::from(last_px.units()), SCALE, firm.multiplier);
        let unit = Price::from_units(unit.unwrap_or(i64::MAX));
        let paid = signed.saturating_mul(i128::from(unit.units()));
        let entities = self.each(rows, |row| {
            row.trade(signed, paid);
            more(row);
        });
        for entity in entities {
            if let Some(entity) = self.entities.get_mut(entity) {
                entity.roll(self.day);
                entity.cash = entity.cash.saturating_sub(paid);
            }
        }
    }

    /// Changes the three rows of an order, and gives their entities.
    fn each(&mut self, rows: Rows, change: impl Fn(&mut Row)) -> [usize; 3] {
        self.change_firm(rows.instrument, &change);
        [
            FIRM,
            self.change(rows.account, &change),
            self.change(rows.strategy, &change),
        ]
    }

    /// Changes a row, marks it, and keeps the sums of its entity; gives the entity.
    fn change(&mut self, ix: u32, change: impl Fn(&mut Row)) -> usize {
        let row = self.rows.get_mut(ix as usize);
        let row = row.expect("a row of the ledger is never given up");
        let instrument = key_instrument(row.key);
        let firm = self.firm.get(instrument as usize);
        let firm = firm.expect("a row is of an instrument that there is");
        let mark = firm.mark();
        // It was last marked with what was known then.
        let before = row.share();
        change(row);
        row.mark(mark, firm.margin_bps);
        let after = row.share();
        let entity = row.entity();
        self.count(entity, (before, after), instrument);
        entity
    }

    fn change_firm(&mut self, instrument: u32, change: impl Fn(&mut Row)) {
        let firm = self.firm.get_mut(instrument as usize);
        let firm = firm.expect("a row is of an instrument that there is");
        let (mark, margin_bps) = (firm.mark(), firm.margin_bps);
        let before = firm.row.share();
        change(&mut firm.row);
        firm.row.mark(mark, margin_bps);
        let after = firm.row.share();
        if before.value != after.value {
            self.measure.follow(firm);
        }
        self.count(FIRM, (before, after), instrument);
    }

    fn count(&mut self, entity: usize, (before, after): (row::Share, row::Share), instrument: u32) {
        if before == after {
            return;
        }
        let entity = self.entities.get_mut(entity);
        let entity = entity.expect("a row is of an entity that there is");
        if before.value != after.value {
            entity.roll(self.day);
        }
        entity.change(before, after, instrument);
    }

    /// Adds a change of what works to the sums of an entity, of whose row nothing else changed.
    fn count_working(&mut self, entity: usize, change: &Working) {
        let entity = self.entities.get_mut(entity);
        let entity = entity.expect("a row is of an entity that there is");
        entity.work(change);
    }

    fn judge(&mut self, ix: usize) -> Option<Breach> {
        let (state, cause) = self.entities.get_mut(ix)?.judge(self.day)?;
        let scope = entity::scope(ix);
        Some(Breach {
            scope,
            state,
            cause,
        })
    }

    /// The next row of an instrument that was not marked since its mark changed.
    fn next_behind(&mut self, instrument: u32) -> Option<u32> {
        let firm = self.firm.get_mut(instrument as usize)?;
        firm.behind = firm.behind.checked_sub(1)?;
        let ix = if firm.cursor == NIL {
            firm.head
        } else {
            firm.cursor
        };
        firm.cursor = self.rows.get(ix as usize)?.next;
        Some(ix)
    }

    fn row(&mut self, entity: usize, instrument: InstrumentId) -> u32 {
        let key = key(entity, instrument);
        if let Some(ix) = self.index.find(key) {
            return ix;
        }
        assert!(
            self.rows.len() < self.rows_max,
            "a row is asked for only where there is room"
        );
        let ix = u32::try_from(self.rows.len()).expect("rows are counted by a u32");
        let firm = self.firm.get_mut(instrument.get() as usize);
        let firm = firm.expect("a row is of an instrument that there is");
        self.rows.push(Row::new(key, firm.head, firm.margin_bps));
        firm.head = ix;
        firm.rows += 1;
        self.index.insert(key, ix);
        if let Some(entity) = self.entities.get_mut(entity) {
            entity.rows += 1;
        }
        ix
    }

    fn find(&self, entity: usize, instrument: InstrumentId) -> Option<&Row> {
        let ix = self.index.find(key(entity, instrument))?;
        self.rows.get(ix as usize)
    }
}

const SCALE: i128 = dcx_model::SCALE as i128;

/// A multiplier of one, which most instruments have.
const ONE: i64 = Instrument::ONE.units();

/// Worth of one unit: `px` × `multiplier` / `by`, to the nearest, halves away from zero.
fn unit_of(px: i128, by: i128, multiplier: i64) -> Option<i64> {
    let (worth, by) = if multiplier == ONE {
        (px, by / SCALE)
    } else {
        (px.checked_mul(i128::from(multiplier))?, by)
    };
    let unit = match by {
        1 => worth,
        2 => (worth + worth.signum()) / 2,
        by => (worth + worth.signum() * (by / 2)) / by,
    };
    // The least of all stands for no mark.
    i64::try_from(unit).ok().filter(|unit| *unit != i64::MIN)
}

/// Worth of a quantity at so much each, as far as an order may have it.
pub(crate) fn worth_of(unit: Price, qty: Qty) -> Option<Notional> {
    let worth = unit.times(qty);
    (worth.units() <= ORDER_WORTH_MAX).then_some(worth)
}

const fn of_account(account: AccountId) -> usize {
    ACCOUNTS + account.get() as usize
}

const fn of_strategy(strategy: StrategyId) -> usize {
    STRATEGIES + strategy.get() as usize
}

const fn key(entity: usize, instrument: InstrumentId) -> u64 {
    (entity as u64) << 32 | instrument.get() as u64
}

const fn key_instrument(key: u64) -> u32 {
    (key & 0xffff_ffff) as u32
}
