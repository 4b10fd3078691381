//! Whether an order may go to market. A missing fact refuses.
//!
//! Three functions are the gate of every path. [`admit`] is about the request: whether anything
//! may be sent now. [`check`] and [`check_replace`] are about the order, and [`check_again`] about
//! one that was approved before and goes to market now: at its stop, with its list, as a later
//! slice. Checks run from cheapest to dearest in the order of [`Check`], and the first that fails
//! is the refusal. They change nothing, so that a refused order reserves nothing.
//!
//! An order that only makes a position smaller passes checks 1 to 21 of `risk-checks.md` whatever
//! they say: nobody may be kept in a position by a limit. What says whether it is such an order,
//! and whether it can be done at all, holds for it too.

mod admit;
mod again;
mod band;
mod day;
mod duplicates;
mod facts;
mod format;
mod instructions;
mod ledger;
mod limits;
mod permits;
mod price;
mod proposals;
mod rate;
mod repeats;
mod round;
mod scope;
mod shape;
mod typical;
mod var;

pub(crate) use admit::{admit, check_name};
pub(crate) use again::check_again;
pub(crate) use day::{Hours, SECONDS_PER_DAY, day_number};
pub(crate) use facts::{Authority, Facts, Gate, Holder, Near, Recent, worst};
pub(crate) use instructions::check_reducing;
pub(crate) use ledger::{Ledger, POSITIONS_MAX, Rows};
pub(crate) use limits::{Bounds, InstrumentRow, LastTrade, SessionRow, Standing, is_legal};
pub(crate) use proposals::Proposal;
pub(crate) use rate::Rate;
pub(crate) use scope::economics;

use dcx_model::{
    InstrumentId, LimitPx, Nanos, NewOrder, Notional, OrdType, OrderFlags, Origin, Peg, Price, Qty,
    Refusal, ReplaceRequest, Side, StrategyId, TimeInForce, UnixNanos, VenueSet,
};

use crate::digest::Words;
use crate::trace::{Check, Trace};
use format::check_grid as check_on_grid;
use price::Market;

/// What an order may do in the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) order_qty: Qty,
    /// What one unit of it is reserved at: see [`Ledger::unit`]. Set by the checks.
    pub(crate) unit: Price,
    pub(crate) limit_px: LimitPx,
    /// The price that wakes it, while it waits for that.
    pub(crate) stop_px: LimitPx,
    /// Distance from what its price or stop follows.
    pub(crate) peg_offset: Price,
    /// Shown at a time; zero for all.
    pub(crate) display_qty: Qty,
    /// The least that a fill may be; zero for any.
    pub(crate) min_qty: Qty,
    /// When it ends, if it is good till date.
    pub(crate) expire: UnixNanos,
    pub(crate) instrument: InstrumentId,
    pub(crate) strategy: StrategyId,
    pub(crate) flags: OrderFlags,
    pub(crate) side: Side,
    pub(crate) ord_type: OrdType,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) peg: Peg,
    pub(crate) origin: Origin,
}

impl Terms {
    /// What an order asks for.
    pub(crate) const fn of(order: &NewOrder) -> Self {
        let dated = matches!(order.time_in_force, TimeInForce::Gtd);
        Self {
            order_qty: order.order_qty,
            unit: Price::ZERO,
            limit_px: order.limit_px,
            stop_px: order.stop_px,
            peg_offset: order.peg_offset,
            display_qty: order.display_qty,
            min_qty: order.min_qty,
            expire: if dated { order.end } else { UnixNanos::ZERO },
            instrument: order.instrument,
            strategy: order.strategy,
            flags: order.flags,
            side: order.side,
            ord_type: order.ord_type,
            time_in_force: order.time_in_force,
            peg: order.peg,
            origin: order.origin,
        }
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.order_qty.units());
        words.u64(self.unit.units().cast_unsigned());
        words.u64(self.limit_px.to_bits().cast_unsigned());
        words.u64(self.stop_px.to_bits().cast_unsigned());
        words.u64(self.peg_offset.units().cast_unsigned());
        words.u64(self.display_qty.units());
        words.u64(self.min_qty.units());
        words.u64(self.expire.get());
        words.u64(u64::from(self.instrument.get()));
        words.u64(u64::from(self.strategy.get()) << 16 | u64::from(self.flags.bits()));
        words.bytes(&[
            self.side.wire(),
            self.ord_type.wire(),
            self.time_in_force.wire(),
            self.peg as u8,
            self.origin as u8,
        ]);
    }
}

/// Something that passed [`check`] or [`check_replace`]. Nothing else can make one, and only an
/// order made from one is ever sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Approved<T>(T);

impl<T> Approved<T> {
    pub(crate) const fn get(&self) -> &T {
        &self.0
    }
}

impl Approved<Terms> {
    /// The same with less quantity, which needs no new approval.
    pub(crate) fn reduced(mut self, order_qty: Qty) -> Self {
        self.0.order_qty = self.0.order_qty.min(order_qty);
        self
    }
}

/// The terms of an order that works at a venue already and is taken as the house's own, reserved at
/// `unit` each. Nothing is sent for it, so nothing is asked; what it may still do to a position
/// counts from now on in the checks of all others.
pub(crate) fn adopted(order: &NewOrder, unit: Price) -> Approved<Terms> {
    let mut terms = Terms::of(order);
    terms.unit = unit;
    Approved(terms)
}

/// What an empty slot holds. Nothing may be sent for it: it has no quantity.
pub(crate) const NOTHING: Approved<Terms> = Approved(Terms::of(&NewOrder::PLAIN));

/// An order that passed, and what was found out about it on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) terms: Approved<Terms>,
    /// What all of it is worth, in the firm's currency; of a replace, what it is worth more than
    /// before.
    pub(crate) worth: Notional,
    /// Whether a person has to say yes before it works (check 25).
    pub(crate) needs_approval: bool,
    /// The limit that it brought to 80 %.
    pub(crate) near: Option<Near>,
    /// The trading day that it counts to.
    pub(crate) day: u32,
    /// How long it may not come again; zero where it may.
    pub(crate) duplicate_window: Nanos,
    /// Venues that could take it now; of a new order only.
    pub(crate) takers: VenueSet,
}

/// An order that is to be replaced, as far as its gates need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced<'a> {
    pub(crate) before: &'a Terms,
    pub(crate) cum_qty: Qty,
    pub(crate) slices: u16,
    /// Whether its stop came.
    pub(crate) triggered: bool,
    /// What is reserved for it, and at how much for one unit.
    pub(crate) reserved: (Qty, Price),
}

impl Replaced<'_> {
    /// How much more is asked for.
    pub(crate) const fn increase(&self, request: &ReplaceRequest) -> Qty {
        request.order_qty.saturating_minus(self.before.order_qty)
    }

    /// What is reserved on top while the replace is pending.
    fn on_top(&self, increase: Qty, unit: Price) -> Notional {
        let (reserved, at) = self.reserved;
        let all = reserved.plus(increase).unwrap_or(reserved);
        let more = at.max(unit).times(all).units() - at.times(reserved).units();
        Notional::from_units(more)
    }

    /// Whether the request asks for no more and at the same prices.
    fn only_less(&self, request: &ReplaceRequest) -> bool {
        request.order_qty <= self.before.order_qty
            && request.limit_px == self.before.limit_px
            && (request.stop_px == self.before.stop_px || request.stop_px == LimitPx::NONE)
    }

    /// The terms by which it is judged: once its stop came, those of what it is in the market.
    fn as_judged(&self, terms: &Terms) -> Terms {
        if self.triggered {
            terms.worked(terms.order_qty, terms.limit_px)
        } else {
            *terms
        }
    }

    /// Whether it is one that no limit stops: it asks for less, or makes a position smaller.
    pub(crate) fn reduces(&self, facts: &Facts<'_>, request: &ReplaceRequest) -> bool {
        self.only_less(request) || facts.reduces(self.before.side, self.increase(request))
    }
}

/// Decides whether `order` may be taken, given what is already out there.
///
/// # Errors
/// The first limit that it would cross.
///
/// # Cost
/// O(venues), no allocation. Bench: `engine/new_order`.
pub(crate) fn check<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    order: &NewOrder,
) -> Result<Passed, Refusal> {
    let mut terms = Terms::of(order);
    let (side, qty) = (terms.side, terms.order_qty);
    let reduces = facts.order_reduces(order);
    format::check_names(gate, facts)?;
    instructions::check_pairs(gate, order)?;
    shape::check_shape(gate, facts, order)?;
    let rows = format::check_scopes(gate, facts)?;
    format::check_age(gate, facts, &rows, order.transact_time)?;
    format::check_lot(gate, qty, rows.defined)?;
    instructions::check_parts(gate, &terms, rows.defined)?;
    if !reduces {
        scope::check_permission(gate, facts, &rows)?;
        scope::check_means(gate, &rows, order.algo)?;
        scope::check_qty(gate, facts, &rows, qty)?;
    }
    format::check_algo(gate, facts.at, order, rows.defined)?;
    format::check_prices(gate, &terms, rows.defined)?;
    if !reduces && !scope::waits_for_hours(terms.time_in_force) {
        scope::check_hours(gate, facts, &rows)?;
    }
    let market = Market::of(facts, &rows);
    let priced = price::price(gate, facts, &market, &terms, reduces)?;
    terms.unit = priced.unit;
    instructions::check_passive(gate, facts, &terms, &rows)?;
    if !reduces {
        price::check_worth(gate, facts, &rows, priced.worth)?;
        price::check_near(gate, facts, &rows, &market, (&terms, priced.px))?;
        price::check_typical(gate, &rows, qty)?;
        scope::check_duplicate(gate, facts, &rows, order)?;
        scope::check_open(gate, facts, &rows)?;
    }
    scope::check_room(gate, facts)?;
    if !reduces {
        ledger::check(gate, facts.ledger, &ask(facts, side, (qty, priced.worth)))?;
        scope::check_locate(gate, facts, &rows, (&terms, qty))?;
        scope::check_day(gate, facts, &rows, (qty, priced.worth))?;
    }
    scope::check_venue(gate, facts, order)?;
    Ok(Passed {
        terms: Approved(terms),
        worth: priced.worth,
        needs_approval: price::needs_approval(&rows, priced.worth),
        near: gate.near(),
        day: facts.day,
        duplicate_window: scope::duplicate_window(&rows),
        takers: facts.venues,
    })
}

/// Decides whether an order that was approved before may be replaced.
///
/// What grows is measured, and every price that changes. What there was is reserved already.
///
/// # Errors
/// The first limit that it would cross.
pub(crate) fn check_replace<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    request: &ReplaceRequest,
    order: &Replaced<'_>,
) -> Result<Passed, Refusal> {
    let before = order.before;
    let changed = [
        request.instrument != before.instrument,
        request.side != before.side,
        request.ord_type != before.ord_type,
        request.time_in_force != before.time_in_force,
    ];
    let changed = changed.into_iter().map(i128::from).sum::<i128>();
    gate.require(Check::Replaceable, (changed, 0), changed == 0, || {
        Refusal::NotReplaceable
    })?;
    // A stop that came, or that follows the market, is not the client's to move any more; one
    // that is not given stays.
    let fixed = order.triggered || before.peg == Peg::TrailingStop;
    let given = request.stop_px != LimitPx::NONE && request.stop_px != before.stop_px;
    let moves = fixed && given;
    gate.require(Check::Replaceable, (i128::from(moves), 0), !moves, || {
        Refusal::NotReplaceable
    })?;
    let mut terms = Terms {
        order_qty: request.order_qty,
        limit_px: request.limit_px,
        stop_px: if fixed {
            before.stop_px
        } else {
            request.stop_px
        },
        display_qty: request.display_qty,
        ..*before
    };
    let (side, increase) = (terms.side, order.increase(request));
    let (grows, reduces) = (!increase.is_zero(), order.reduces(facts, request));
    format::check_names(gate, facts)?;
    let rows = format::check_scopes(gate, facts)?;
    format::check_age(gate, facts, &rows, request.transact_time)?;
    format::check_lot(gate, terms.order_qty, rows.defined)?;
    instructions::check_parts(gate, &terms, rows.defined)?;
    if !reduces {
        scope::check_permission(gate, facts, &rows)?;
        if grows {
            scope::check_qty(gate, facts, &rows, terms.order_qty)?;
        }
    }
    let above = (units(terms.order_qty), units(order.cum_qty));
    let passed = terms.order_qty > order.cum_qty;
    gate.require(Check::AboveCum, above, passed, || Refusal::QtyBelowCum {
        qty: terms.order_qty,
        cum: order.cum_qty,
    })?;
    if order.slices > 0 {
        format::check_lots(gate, terms.order_qty, rows.defined, order.slices)?;
    }
    format::check_prices(gate, &terms, rows.defined)?;
    if !reduces && !scope::waits_for_hours(terms.time_in_force) {
        scope::check_hours(gate, facts, &rows)?;
    }
    let market = Market::of(facts, &rows);
    let judged = order.as_judged(&terms);
    let priced = price::price(gate, facts, &market, &judged, reduces)?;
    terms.unit = priced.unit;
    instructions::check_passive(gate, facts, &judged, &rows)?;
    let was = price::price(gate, facts, &market, &order.as_judged(before), true)?;
    let more = priced.worth.units().saturating_sub(was.worth.units());
    let more = Notional::from_units(more.max(0));
    if !reduces {
        price::check_worth(gate, facts, &rows, priced.worth)?;
        price::check_near(gate, facts, &rows, &market, (&judged, priced.px))?;
        if grows {
            price::check_typical(gate, &rows, terms.order_qty)?;
            scope::check_locate(gate, facts, &rows, (&terms, increase))?;
        }
        let on_top = order.on_top(increase, terms.unit);
        ledger::check(gate, facts.ledger, &ask(facts, side, (increase, on_top)))?;
        scope::check_day(gate, facts, &rows, (increase, more))?;
    }
    Ok(Passed {
        terms: Approved(terms),
        worth: more,
        needs_approval: !reduces && price::needs_approval(&rows, priced.worth),
        near: gate.near(),
        day: facts.day,
        duplicate_window: Nanos::ZERO,
        takers: VenueSet::NONE,
    })
}

/// What an order, or what a replace asks for besides, is to the ledger.
fn ask(facts: &Facts<'_>, side: Side, (qty, worth): (Qty, Notional)) -> ledger::Ask {
    let holder = &facts.holder;
    ledger::Ask {
        account: holder.account,
        strategy: holder.strategy,
        instrument: holder.instrument,
        side,
        qty,
        would_be: facts.holding.would_be(side, qty),
        worth,
    }
}

fn units(qty: Qty) -> i128 {
    i128::from(qty.units())
}
