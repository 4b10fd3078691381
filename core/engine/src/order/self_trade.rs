//! Orders of one owner that would trade with each other (check 15).
//!
//! Every order at market or at a limit of an account with an owner is in a book of that owner and
//! instrument, from its acceptance to its end; one that waits for its trigger enters it when that
//! comes. An order that would trade with one on the other side of it is dealt with as its account
//! says ([`SelfTrade`]), whatever the other's account says.
//!
//! - What must be cancelled first is cancelled, and the order waits until the venues confirmed it:
//!   it is held like one that no venue can take. So no two of an owner's orders that cross are at
//!   venues at the same time.
//! - An order that only reduces a position is never refused: what it would trade with is
//!   cancelled, as under [`SelfTrade::CancelOldest`].
//! - A replace to a price that crosses is refused, except under [`SelfTrade::CancelOldest`]: the
//!   order goes on at its old price, where nothing crosses.
//! - An order that crosses more than [`CROSSING_MAX`] others, or as many as cause more than
//!   [`EVENTS_MAX`] events, is refused, whatever the mode.
//!
//! # Source
//! CME Globex self-match prevention; FIX 5.0 SP2 `SelfMatchPreventionInstruction` (2964);
//! `reference/risk-checks.md` 15.

use dcx_model::{
    ACCOUNTS_MAX, Account, AccountId, Event, InstrumentId, LimitPx, OWNERS_MAX, OrdType, OwnerId,
    Price, Qty, Refusal, RestatementReason, SelfTrade, Side,
};

use super::{Parent, State};
use crate::digest::Words;
use crate::heap::{Heap, HeapLink};
use crate::index::Index;
use crate::pool::{NIL, Pool};
use crate::risk::{Gate, Terms};
use crate::trace::Check;
use crate::{Cx, Engine, Trace};

/// Orders that one order may cross.
const CROSSING_MAX: usize = 16;

/// Events that their end may cause in one command: room is left for the order's own.
pub(crate) const EVENTS_MAX: usize = 40;

/// The key of an order without a limit, which trades with everything: it comes first.
const MARKET: i64 = i64::MIN;

/// An order's place in its owner's book.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnSeat {
    /// The book; [`NIL`] while it is in none.
    book: u32,
    /// Its price, negated for an order to buy, so that the best comes first.
    key: i64,
    link: HeapLink,
}

impl OwnSeat {
    /// Of an order that is in no book.
    pub(crate) const NONE: Self = Self {
        book: NIL,
        key: 0,
        link: HeapLink::NONE,
    };
}

/// One owner's orders in one instrument.
#[derive(Clone, Copy, Debug, Default)]
struct Book {
    buys: Heap,
    sells: Heap,
}

impl Book {
    const fn side(&mut self, side: Side) -> &mut Heap {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }
}

/// Orders that an order would trade with, the best first.
#[derive(Clone, Copy, Debug, Default)]
struct Crossing {
    orders: [u32; CROSSING_MAX],
    len: usize,
    /// Whether there are more, or too many to end in one command.
    too_many: bool,
}

impl Crossing {
    fn iter(&self) -> impl Iterator<Item = u32> + use<> {
        self.orders.into_iter().take(self.len)
    }
}

/// What is done about an order besides letting it in or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prevention {
    /// Whether those that it was found to cross are cancelled.
    cancels: bool,
    /// What it loses to those that it would trade with.
    lost: Qty,
}

impl Prevention {
    pub(crate) const NONE: Self = Self {
        cancels: false,
        lost: Qty::ZERO,
    };
}

/// Who owns which account, and the owners' books.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    accounts: Vec<(OwnerId, SelfTrade)>,
    index: Index,
    books: Vec<Book>,
    books_max: usize,
    /// What was found last; of use within one command only.
    found: Crossing,
}

impl Owners {
    /// Makes room for `books` pairs of an owner and an instrument. Allocates.
    pub(crate) fn grow(&mut self, books: u32) {
        if self.accounts.is_empty() {
            self.accounts = vec![(OwnerId::new(0), SelfTrade::Allow); ACCOUNTS_MAX];
        }
        if books as usize > self.books_max {
            self.books_max = books as usize;
            self.books.reserve_exact(self.books_max - self.books.len());
            self.index.grow(books);
        }
    }

    /// Takes an account's owner; `false` and nothing else if there is no such account or owner.
    /// Orders that are open stay with the owner that they came in under.
    pub(crate) fn define(&mut self, account: &Account) -> bool {
        let legal = (account.owner.get() as usize) < OWNERS_MAX;
        let row = self.accounts.get_mut(account.id.get() as usize);
        row.filter(|_| legal)
            .map(|row| *row = (account.owner, account.self_trade))
            .is_some()
    }

    /// Whether an order of the account has a place among its owner's.
    pub(crate) fn has_room(&self, account: AccountId, instrument: InstrumentId) -> bool {
        self.books.len() < self.books_max
            || self
                .key(account, instrument)
                .is_none_or(|key| self.index.find(key).is_some())
    }

    /// The owner's book that an order of the account belongs into.
    fn book(&self, account: AccountId, instrument: InstrumentId) -> Option<u32> {
        self.index.find(self.key(account, instrument)?)
    }

    fn mode(&self, account: AccountId) -> SelfTrade {
        let row = self.accounts.get(account.get() as usize);
        row.map_or(SelfTrade::Allow, |(_, mode)| *mode)
    }

    fn key(&self, account: AccountId, instrument: InstrumentId) -> Option<u64> {
        let (owner, _) = self.accounts.get(account.get() as usize)?;
        let known = *owner != OwnerId::new(0);
        known.then(|| u64::from(owner.get()) << 32 | u64::from(instrument.get()))
    }

    fn enter(&mut self, parents: &mut Pool<Parent>, ix: u32) {
        let parent = parents.at(ix);
        let terms = parent.terms.get();
        let (side, limit_px) = (terms.side, parent.limit_px());
        let Some(key) = self.key(parent.account, terms.instrument) else {
            return;
        };
        let book = self.index.find(key).unwrap_or_else(|| {
            assert!(
                self.books.len() < self.books_max,
                "a book is asked for only where there is room"
            );
            let book = u32::try_from(self.books.len()).expect("books are counted by a u32");
            self.books.push(Book::default());
            self.index.insert(key, book);
            book
        });
        let own = &mut parents.at_mut(ix).own;
        (own.book, own.key) = (book, key_of(side, limit_px));
        if let Some(book) = self.books.get_mut(book as usize) {
            book.side(side).insert(parents, ix, place, link);
        }
    }

    fn leave(&mut self, parents: &mut Pool<Parent>, ix: u32) {
        let parent = parents.at_mut(ix);
        let side = parent.terms.get().side;
        let book = std::mem::replace(&mut parent.own.book, NIL);
        if let Some(book) = self.books.get_mut(book as usize) {
            book.side(side).remove(parents, ix, place, link);
        }
    }

    /// Notes the orders of a book that an order of `side` at `limit_px` would trade with, and says
    /// whether there are any.
    ///
    /// # Cost
    /// O(1) where there is none, else O(log orders) for each, of which there are
    /// [`CROSSING_MAX`] + 1 at most.
    fn crossing(
        &mut self,
        parents: &mut Pool<Parent>,
        book: u32,
        (side, limit_px): (Side, LimitPx),
    ) -> bool {
        let bound = bound_of(side, limit_px);
        let Some(book) = self.books.get_mut(book as usize) else {
            return false;
        };
        let heap = book.side(other(side));
        let first = heap.first();
        if first == NIL || parents.at(first).own.key > bound {
            return false;
        }
        let crossing = &mut self.found;
        crossing.len = 0;
        let mut events = 0;
        for found in &mut crossing.orders {
            let first = heap.first();
            if first == NIL || parents.at(first).own.key > bound {
                break;
            }
            heap.remove(parents, first, place, link);
            *found = first;
            crossing.len += 1;
            events += parents.at(first).children.len() as usize + 2;
        }
        let next = heap.first();
        let more = next != NIL && parents.at(next).own.key <= bound;
        crossing.too_many = more || events > EVENTS_MAX;
        for ix in crossing.iter() {
            heap.insert(parents, ix, place, link);
        }
        true
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        for (account, (owner, mode)) in (0_u64..).zip(&self.accounts) {
            if *owner != OwnerId::new(0) || *mode != SelfTrade::Allow {
                words.u64(account << 32 | u64::from(owner.get()) << 8 | u64::from(*mode as u8));
            }
        }
        words.u64(self.books.len() as u64);
        words.finish()
    }
}

impl OwnSeat {
    /// Whether it is in a book.
    pub(crate) const fn is_in(&self) -> bool {
        self.book != NIL
    }

    /// Which price it is in its book at is state; where in the heap is not.
    pub(crate) fn digest(&self, words: &mut Words) {
        if self.book != NIL {
            words.u64(self.key.cast_unsigned());
        }
    }
}

impl Engine {
    /// What becomes of an order that passed every other check: refused where it would trade with
    /// one of the same owner and its account says so, else what is to be done once it is in.
    ///
    /// # Errors
    /// [`Refusal::SelfTrade`]. What the mode does to the other orders is done.
    pub(crate) fn prevent<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        account: AccountId,
        terms: &Terms,
    ) -> Result<Prevention, Refusal> {
        if !self.owners.has_room(account, terms.instrument) {
            let max = u32::try_from(self.owners.books_max).unwrap_or(u32::MAX);
            return Err(Refusal::PoolFull { open: max, max });
        }
        let Some(mode) = self.mode_for(account, terms) else {
            return Ok(Prevention::NONE);
        };
        let Some(refusal) = self.find_crossing(cx, account, terms) else {
            return Ok(Prevention::NONE);
        };
        if self.owners.found.too_many {
            return Err(refusal);
        }
        match mode {
            SelfTrade::Allow => Ok(Prevention::NONE),
            SelfTrade::CancelNewest => Err(refusal),
            SelfTrade::CancelOldest => Ok(Prevention {
                cancels: true,
                lost: Qty::ZERO,
            }),
            SelfTrade::CancelBoth => {
                self.cancel_own(cx, refusal);
                Err(refusal)
            }
            SelfTrade::Decrement => {
                let lost = self.decrement(cx, terms.order_qty, refusal);
                if lost >= terms.order_qty {
                    return Err(refusal);
                }
                // All that it could take from is ending, and is waited for.
                Ok(Prevention {
                    cancels: false,
                    lost,
                })
            }
        }
    }

    /// Does to a new order, and to those that it would trade with, what [`prevent`](Self::prevent)
    /// found, and enters it in its owner's book.
    pub(crate) fn apply_prevention<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        prevention: Prevention,
    ) {
        if !prevention.lost.is_zero() {
            self.restate(cx, ix, prevention.lost);
        }
        if prevention.cancels {
            let refusal = self.self_trade(self.parents.at(ix).terms.get());
            self.cancel_own(cx, refusal);
        }
        if works_at_once(self.parents.at(ix).terms.get().ord_type) {
            self.enter_own(ix);
        }
    }

    /// Whether a new order has to wait for others to be cancelled.
    pub(crate) fn waits_for(&self, prevention: Prevention) -> bool {
        prevention.cancels && self.found_at_venue()
    }

    /// The check of a replace, and of an order whose trigger came.
    ///
    /// # Errors
    /// [`Refusal::SelfTrade`].
    pub(crate) fn prevent_change<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        account: AccountId,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        let Some(mode) = self.mode_for(account, terms) else {
            return Ok(());
        };
        let Some(refusal) = self.find_crossing(cx, account, terms) else {
            return Ok(());
        };
        if mode != SelfTrade::CancelOldest || self.owners.found.too_many {
            return Err(refusal);
        }
        self.cancel_own(cx, refusal);
        Ok(())
    }

    /// Enters an order in its owner's book at the price of its terms; one that is in it already
    /// changes its place.
    pub(crate) fn enter_own(&mut self, ix: u32) {
        self.leave_own(ix);
        self.owners.enter(&mut self.parents, ix);
    }

    /// Takes an order out of its owner's book.
    pub(crate) fn leave_own(&mut self, ix: u32) {
        if self.parents.at(ix).own.book != NIL {
            self.owners.leave(&mut self.parents, ix);
        }
    }

    /// Whether an order has to wait: one of the same owner that it would trade with is at a venue.
    pub(crate) fn waits_for_own(&mut self, ix: u32) -> bool {
        let parent = self.parents.at(ix);
        let (book, account) = (parent.own.book, parent.account);
        if book == NIL || self.owners.mode(account) == SelfTrade::Allow {
            return false;
        }
        let terms = parent.terms.get();
        let order = (terms.side, parent.limit_px());
        let found = self.owners.crossing(&mut self.parents, book, order);
        found && (self.owners.found.too_many || self.found_at_venue())
    }

    /// Whether an order of an account with an owner is not in the owner's book yet.
    pub(crate) fn is_outside_own(&self, ix: u32) -> bool {
        let parent = self.parents.at(ix);
        let instrument = parent.terms.get().instrument;
        !parent.own.is_in() && self.owners.key(parent.account, instrument).is_some()
    }

    /// Looks at the held orders again if what ended may have kept one of them waiting.
    pub(crate) fn release_own(&mut self, ix: u32) {
        if self.parents.at(ix).own.book != NIL {
            self.release_at = self.held.head();
        }
    }

    /// How an order of an account is dealt with; none if it may trade with anybody.
    fn mode_for(&self, account: AccountId, terms: &Terms) -> Option<SelfTrade> {
        let mode = self.owners.mode(account);
        if mode == SelfTrade::Allow || !works_at_once(terms.ord_type) {
            return None;
        }
        let (instrument, side) = (terms.instrument, terms.side);
        let reduces = self
            .ledger
            .reduces(account, instrument, side, terms.order_qty);
        Some(if reduces {
            SelfTrade::CancelOldest
        } else {
            mode
        })
    }

    /// Finds what an order would trade with, and gives the refusal that says so; none if nothing.
    fn find_crossing<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        account: AccountId,
        terms: &Terms,
    ) -> Option<Refusal> {
        let book = self.owners.book(account, terms.instrument)?;
        let order = (terms.side, terms.limit_px);
        let found = self.owners.crossing(&mut self.parents, book, order);
        let mut gate = Gate::new(cx.seq, &mut *cx.trace);
        let count = if found { self.owners.found.len } else { 0 };
        let count = (i128::try_from(count).unwrap_or(i128::MAX), 0);
        gate.note(Check::SelfTrade, count, !found);
        found.then(|| self.self_trade(terms))
    }

    fn found_at_venue(&self) -> bool {
        let mut found = self.owners.found.iter();
        found.any(|ix| !self.parents.at(ix).out_qty.is_zero())
    }

    fn self_trade(&self, terms: &Terms) -> Refusal {
        let first = self
            .owners
            .found
            .iter()
            .next()
            .map(|ix| self.parents.at(ix));
        let own = first.and_then(|parent| parent.terms.get().limit_px.price());
        Refusal::SelfTrade {
            px: terms.limit_px.price().unwrap_or(Price::ZERO),
            own: own.unwrap_or(Price::ZERO),
        }
    }

    fn cancel_own<T: Trace>(&mut self, cx: &mut Cx<'_, T>, refusal: Refusal) {
        for ix in self.owners.found.iter() {
            self.cancel_one(cx, ix, refusal);
        }
    }

    /// Ends an order that works. One that is ending already is left alone.
    fn cancel_one<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, refusal: Refusal) {
        match self.parents.at(ix).state {
            State::Open | State::PendingReplace => self.stop(cx, ix, refusal),
            State::PendingNew
            | State::Held(_)
            | State::PendingCancel
            | State::Winding(_)
            | State::Done(_) => {}
        }
    }

    /// Takes from those that an order of `qty` would trade with what they would trade, and says
    /// how much that is.
    fn decrement<T: Trace>(&mut self, cx: &mut Cx<'_, T>, qty: Qty, refusal: Refusal) -> Qty {
        let mut left = qty;
        for ix in self.owners.found.iter() {
            let parent = self.parents.at(ix);
            let leaves = parent.leaves_qty();
            match parent.state {
                State::Open => {}
                // It is ending, or its quantity is about to change: it is waited for.
                State::PendingNew
                | State::Held(_)
                | State::PendingCancel
                | State::PendingReplace
                | State::Winding(_)
                | State::Done(_) => continue,
            }
            let lost = left.min(leaves);
            left = left.saturating_minus(lost);
            if lost == leaves {
                self.cancel_one(cx, ix, refusal);
            } else if !lost.is_zero() {
                self.reduce(cx, ix, lost);
            }
        }
        qty.saturating_minus(left)
    }

    /// Takes `lost` from an open order that has more than that left: at once if it is not at a
    /// venue, else its children are cancelled and the rest is sent again.
    fn reduce<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, lost: Qty) {
        let parent = self.parents.at_mut(ix);
        if lost <= parent.unsent_qty() {
            return self.restate(cx, ix, lost);
        }
        let order_qty = parent.terms.get().order_qty.saturating_minus(lost);
        parent.replacement = Some(parent.terms.reduced(order_qty));
        parent.state = State::PendingReplace;
        self.cancel_children(cx, ix);
    }

    fn restate<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, lost: Qty) {
        let parent = self.parents.at_mut(ix);
        let order_qty = parent.terms.get().order_qty.saturating_minus(lost);
        parent.terms = parent.terms.reduced(order_qty);
        self.reserve_rest(ix);
        let parent = self.parents.at(ix);
        cx.out.push(Event::Restated {
            view: parent.view(parent.cl_ord_id),
            reason: RestatementReason::PartialDecline,
        });
    }
}

/// Whether an order goes to market as it comes in. Others are checked when their trigger comes,
/// as what they become then.
const fn works_at_once(ord_type: OrdType) -> bool {
    match ord_type {
        OrdType::Market | OrdType::Limit | OrdType::MarketWithLeftOverAsLimit | OrdType::Pegged => {
            true
        }
        OrdType::Stop | OrdType::StopLimit | OrdType::MarketIfTouched => false,
    }
}

/// An order's key: its price and its age.
fn place(parent: &Parent) -> (i64, u64) {
    (parent.own.key, parent.id.get())
}

fn link(parent: &mut Parent) -> &mut HeapLink {
    &mut parent.own.link
}

const fn key_of(side: Side, limit_px: LimitPx) -> i64 {
    match (limit_px.price(), side) {
        (None, _) => MARKET,
        (Some(px), Side::Buy) => -px.units(),
        (Some(px), Side::Sell) => px.units(),
    }
}

/// The last key on the other side that an order would trade with.
const fn bound_of(side: Side, limit_px: LimitPx) -> i64 {
    match (limit_px.price(), side) {
        (None, _) => i64::MAX,
        (Some(px), Side::Buy) => px.units(),
        (Some(px), Side::Sell) => -px.units(),
    }
}

const fn other(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}
