//! Instructions that bind an order as long as it works: reduce only, and what of a market order
//! becomes a limit order.
//!
//! **Reduce only.** What an account's reduce-only orders of a side may still fill never exceeds the
//! position on the other side, as far as it is ours to decide: an order is refused that would
//! exceed it, and after every fill in the instrument the newest give up what is too much. What is
//! at a venue is called back first; until the venue has given it back it may still be filled there,
//! which is the venue's race and not decided here. What goes to a venue is measured in the moment
//! it goes.
//!
//! An account has [`REDUCING_MAX`] reduce-only orders in an instrument at most: all of them are
//! looked at with each of its fills there.
//!
//! **Left over as limit.** A market order of that type is sent as one for now or never. What no
//! venue filled rests at the price of the last fill, on the tick that is not beyond it, if the
//! gates let it; an order that nothing was filled of is over.

use dcx_model::{
    AccountId, Event, InstrumentId, Level, OrdType, OrderFlags, Price, Qty, Refusal,
    RestatementReason, Side,
};

use super::{Parent, State};
use crate::digest::Words;
use crate::index::Index;
use crate::pool::{Link, List, NIL};
use crate::risk::{self, Gate, Rows, Terms};
use crate::{Cx, Engine, Trace};

/// Reduce-only orders that an account may have open in one instrument.
pub(crate) const REDUCING_MAX: u32 = 32;

/// Events that one order may cause that gives up quantity: a cancel for each child, and a report.
const PER_ORDER: usize = dcx_model::CHILDREN_WORKING_MAX + 2;

/// An order's place among the reduce-only orders of its account and instrument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReduceSeat {
    /// The row; [`NIL`] while it is in none.
    row: u32,
    link: Link,
}

impl ReduceSeat {
    /// Of an order that is not reduce only.
    pub(crate) const NONE: Self = Self {
        row: NIL,
        link: Link::NONE,
    };
}

/// One account's reduce-only orders in one instrument, oldest first.
#[derive(Clone, Copy, Debug)]
struct Row {
    account: AccountId,
    instrument: InstrumentId,
    orders: List,
    /// Whether it was not measured to the end, and the next row of which that is true.
    behind: bool,
    next_behind: u32,
}

/// All reduce-only orders.
#[derive(Debug)]
pub(crate) struct Reducing {
    index: Index,
    rows: Vec<Row>,
    rows_max: usize,
    /// Reduce-only orders that are open.
    open: u32,
    /// The first row that was not measured to the end.
    behind: u32,
    /// A row is being measured.
    measuring: bool,
}

impl Default for Reducing {
    fn default() -> Self {
        Self {
            index: Index::default(),
            rows: Vec::new(),
            rows_max: 0,
            open: 0,
            behind: NIL,
            measuring: false,
        }
    }
}

impl Reducing {
    /// Makes room for `rows` pairs of an account and an instrument. Allocates.
    pub(crate) fn grow(&mut self, rows: u32) {
        if rows as usize > self.rows_max {
            self.rows_max = rows as usize;
            self.rows.reserve_exact(self.rows_max - self.rows.len());
            self.index.grow(rows);
        }
    }

    /// Whether some row was not measured to the end.
    pub(crate) const fn is_pending(&self) -> bool {
        self.behind != NIL
    }

    fn row(&self, account: AccountId, instrument: InstrumentId) -> Option<u32> {
        if self.open == 0 {
            return None;
        }
        self.index.find(key(account, instrument))
    }

    fn at(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize)
    }

    fn at_mut(&mut self, row: u32) -> Option<&mut Row> {
        self.rows.get_mut(row as usize)
    }

    /// Whether one more order has a place.
    fn has_room(&self, account: AccountId, instrument: InstrumentId) -> Result<(), Refusal> {
        let row = self.index.find(key(account, instrument));
        let open = row
            .and_then(|row| self.at(row))
            .map_or(0, |row| row.orders.len());
        if open >= REDUCING_MAX {
            return Err(Refusal::OrdersOpenAboveMax {
                at: Level::Account,
                open: open + 1,
                max: REDUCING_MAX,
            });
        }
        if row.is_none() && self.rows.len() >= self.rows_max {
            let max = u32::try_from(self.rows_max).unwrap_or(u32::MAX);
            return Err(Refusal::PoolFull { open: max, max });
        }
        Ok(())
    }

    fn enter(&mut self, account: AccountId, instrument: InstrumentId) -> u32 {
        let key = key(account, instrument);
        self.index.find(key).unwrap_or_else(|| {
            assert!(
                self.rows.len() < self.rows_max,
                "a row is asked for only where there is room"
            );
            let row = u32::try_from(self.rows.len()).expect("rows are counted by a u32");
            self.rows.push(Row {
                account,
                instrument,
                orders: List::EMPTY,
                behind: false,
                next_behind: NIL,
            });
            self.index.insert(key, row);
            row
        })
    }

    /// Notes that a row was not measured to the end.
    fn put_behind(&mut self, row: u32) {
        let next = self.behind;
        if let Some(at) = self.at_mut(row)
            && !at.behind
        {
            at.behind = true;
            at.next_behind = next;
            self.behind = row;
        }
    }

    /// Takes out the first row that was not measured to the end.
    fn take_behind(&mut self) -> Option<u32> {
        let row = self.behind;
        let at = self.at_mut(row)?;
        at.behind = false;
        let next = std::mem::replace(&mut at.next_behind, NIL);
        self.behind = next;
        Some(row)
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.rows.len() as u64);
        words.u64(u64::from(self.open));
        let mut row = self.behind;
        while let Some(at) = self.at(row) {
            words.u64(key(at.account, at.instrument));
            row = at.next_behind;
        }
        words.finish()
    }
}

fn key(account: AccountId, instrument: InstrumentId) -> u64 {
    u64::from(account.get()) << 32 | u64::from(instrument.get())
}

impl Engine {
    /// Whether an order that is to reduce only has something to reduce. `known` is the order
    /// itself, where it is open already.
    ///
    /// # Errors
    /// [`Refusal::NotReducing`]; [`Refusal::OrdersOpenAboveMax`] and [`Refusal::PoolFull`] where
    /// there is no room.
    pub(crate) fn check_reducing<T: Trace>(
        &self,
        cx: &mut Cx<'_, T>,
        account: AccountId,
        terms: &Terms,
        known: Option<u32>,
    ) -> Result<(), Refusal> {
        if !terms.flags.has(OrderFlags::REDUCE_ONLY) {
            return Ok(());
        }
        let instrument = terms.instrument;
        let mut gate = Gate::new(cx.seq, &mut *cx.trace);
        let row = self.reducing.row(account, instrument);
        let taken = row.map_or(0, |row| self.may_fill(row, terms.side, known));
        let left = self.reducible(account, instrument, terms.side) - taken;
        let left = Qty::from_units(u64::try_from(left.max(0)).unwrap_or(u64::MAX));
        let cum_qty = known.map_or(Qty::ZERO, |ix| self.parents.at(ix).cum_qty);
        let wanted = terms.order_qty.saturating_minus(cum_qty);
        risk::check_reducing(&mut gate, wanted, left)?;
        match known {
            Some(_) => Ok(()),
            None => self.reducing.has_room(account, instrument),
        }
    }

    /// Gives an accepted order its place among the reduce-only ones, if it is one.
    pub(crate) fn enter_reducing(&mut self, ix: u32) {
        let parent = self.parents.at(ix);
        let terms = parent.terms.get();
        if !terms.flags.has(OrderFlags::REDUCE_ONLY) {
            return;
        }
        let row = self.reducing.enter(parent.account, terms.instrument);
        self.parents.at_mut(ix).reduce.row = row;
        self.reducing.open += 1;
        if let Some(at) = self.reducing.at_mut(row) {
            at.orders.push_back(&mut self.parents, ix, link);
        }
    }

    /// Takes an order that is done out of its place among the reduce-only ones.
    pub(crate) fn leave_reducing(&mut self, ix: u32) {
        let row = std::mem::replace(&mut self.parents.at_mut(ix).reduce.row, NIL);
        if let Some(at) = self.reducing.at_mut(row) {
            at.orders.remove(&mut self.parents, ix, link);
            self.reducing.open -= 1;
        }
    }

    /// Measures an account's reduce-only orders in an instrument against its position, which has
    /// changed or is about to be worked on.
    ///
    /// # Cost
    /// O(1) where there are none; else O([`REDUCING_MAX`]), and as much again for each order that
    /// gives something up.
    pub(crate) fn measure<T: Trace>(&mut self, cx: &mut Cx<'_, T>, rows: Rows) {
        if self.reducing.open == 0 {
            return;
        }
        let held = self.ledger.account_of(rows);
        if let Some(row) = held.and_then(|(one, other)| self.reducing.row(one, other)) {
            self.measure_row(cx, row);
        }
    }

    /// Whether an order may be worked on for all that it may reduce: if it only may reduce, all of
    /// its account's are measured first, and it waits where that has no room.
    pub(crate) fn may_reduce<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) -> bool {
        let parent = self.parents.at(ix);
        let only = parent.terms.get().flags.has(OrderFlags::REDUCE_ONLY);
        if !only || self.reducing.measuring {
            return true;
        }
        let row = parent.reduce.row;
        self.measure_row(cx, row);
        if self.reducing.at(row).is_some_and(|row| row.behind) {
            self.hold(ix);
            return false;
        }
        let parent = self.parents.at(ix);
        parent.state == State::Open && parent.waits.cut.is_zero()
    }

    /// Goes on with rows that were not measured to the end.
    pub(crate) fn measure_behind<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        while cx.out.room() >= PER_ORDER {
            let Some(row) = self.reducing.take_behind() else {
                return;
            };
            self.measure_row(cx, row);
            // Those that waited for this may go on.
            self.release_at = self.held.head();
        }
    }

    fn measure_row<T: Trace>(&mut self, cx: &mut Cx<'_, T>, row: u32) {
        if self.reducing.measuring {
            return;
        }
        self.reducing.measuring = true;
        for side in [Side::Buy, Side::Sell] {
            while let Some((ix, qty)) = self.excess(row, side) {
                if cx.out.room() < PER_ORDER {
                    self.reducing.put_behind(row);
                    break;
                }
                self.cut(cx, ix, qty);
            }
        }
        self.reducing.measuring = false;
    }

    /// The newest reduce-only order of a side that has to give something up, and how much.
    fn excess(&self, row: u32, side: Side) -> Option<(u32, Qty)> {
        let at = self.reducing.at(row)?;
        let excess =
            self.may_fill(row, side, None) - self.reducible(at.account, at.instrument, side);
        if excess <= 0 {
            return None;
        }
        let mut newest = None;
        let mut ix = at.orders.head();
        while ix != NIL {
            let parent = self.parents.at(ix);
            let own = may_still_fill(parent);
            if parent.terms.get().side == side && !own.is_zero() {
                newest = Some((ix, own));
            }
            ix = parent.reduce.link.next;
        }
        let (ix, own) = newest?;
        // What is left of an order is whole lots.
        let defined = self.instruments.get(at.instrument.get() as usize);
        let lot = defined
            .and_then(|row| row.defined)
            .map_or(1, |defined| defined.lot.units().max(1));
        let left = u64::try_from(i128::from(own.units()) - excess).unwrap_or(0);
        let left = Qty::from_units(left - left % lot);
        Some((ix, own.saturating_minus(left)))
    }

    /// What the reduce-only orders of a side may still fill, but for one of them.
    fn may_fill(&self, row: u32, side: Side, but: Option<u32>) -> i128 {
        let mut ix = self.reducing.at(row).map_or(NIL, |row| row.orders.head());
        let mut sum = 0;
        while ix != NIL {
            let parent = self.parents.at(ix);
            if parent.terms.get().side == side && Some(ix) != but {
                sum += i128::from(may_still_fill(parent).units());
            }
            ix = parent.reduce.link.next;
        }
        sum
    }

    /// What orders of a side can take from a position before it is gone.
    fn reducible(&self, account: AccountId, instrument: InstrumentId, side: Side) -> i128 {
        let position = self.ledger.position(account, instrument);
        match side {
            Side::Buy => (-position).max(0),
            Side::Sell => position.max(0),
        }
    }

    /// Turns what is left of a market order into a limit order at the price of its last fill.
    /// Says whether it did.
    pub(crate) fn leave_over<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) -> bool {
        let parent = self.parents.at(ix);
        let terms = *parent.terms.get();
        let left_over = terms.ord_type == OrdType::MarketWithLeftOverAsLimit;
        if !left_over || parent.cum_qty.is_zero() {
            return false;
        }
        let px = self.on_tick(&terms, parent.last_px);
        let wanted = terms.as_limit(parent.leaves_qty(), px);
        let Ok(judged) = self.judge(cx, ix, &wanted) else {
            return false;
        };
        let parent = self.parents.at_mut(ix);
        parent.terms = parent.terms.left_over(&judged);
        parent.attempts = 0;
        parent.tried = dcx_model::VenueSet::NONE;
        if self.parents.at(ix).own.is_in() {
            self.enter_own(ix);
        }
        let parent = self.parents.at(ix);
        cx.out.push(Event::Restated {
            view: parent.view(parent.cl_ord_id),
            reason: RestatementReason::RepricingOfOrder,
        });
        self.work(cx, ix);
        true
    }

    /// A price on the grid, not beyond `px` for an order of these terms.
    fn on_tick(&self, terms: &Terms, px: Price) -> Price {
        let row = self.instruments.get(terms.instrument.get() as usize);
        let tick = row
            .and_then(|row| row.defined)
            .map_or(1, |defined| defined.tick.units().max(1));
        let over = px.units().rem_euclid(tick);
        let down = px.units() - over;
        Price::from_units(match terms.side {
            Side::Buy => down,
            Side::Sell if over == 0 => down,
            Side::Sell => down.saturating_add(tick),
        })
    }
}

/// What an order may still fill that is not being called back.
fn may_still_fill(parent: &Parent) -> Qty {
    let terms = match parent.state {
        State::PendingNew | State::Held(_) | State::Open => parent.terms.get(),
        State::PendingReplace => match &parent.replacement {
            Some(replacement) => replacement.get(),
            None => parent.terms.get(),
        },
        State::PendingCancel | State::Winding(_) | State::Done(_) => return Qty::ZERO,
    };
    terms
        .order_qty
        .saturating_minus(parent.cum_qty)
        .saturating_minus(parent.waits.cut)
}

fn link(parent: &mut Parent) -> &mut Link {
    &mut parent.reduce.link
}
