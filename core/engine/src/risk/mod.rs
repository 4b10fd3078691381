//! Whether an order may go to market. A missing fact refuses.
//!
//! Checks run from cheapest to dearest in the order of [`Check`], and the first that fails is the
//! refusal. Those of [`admit`] are about the request: a token of the session's rate is taken
//! there, whatever becomes of the order. Those of [`check`] are about the order: they change
//! nothing, so that a refused order reserves nothing.

mod again;
mod band;
mod day;
mod duplicates;
mod instructions;
mod ledger;
mod limits;
mod rate;
mod repeats;
mod shape;
mod typical;
mod var;

pub(crate) use again::{check_again, needs_approval};
pub(crate) use day::Hours;
pub(crate) use instructions::check_reducing;
pub(crate) use ledger::{Ledger, POSITIONS_MAX, Rows};
pub(crate) use limits::{InstrumentRow, SessionRow};
pub(crate) use rate::Bucket;

use dcx_model::{
    ACCOUNTS_MAX, AccountId, Algo, Instrument, InstrumentId, InstrumentLimits, Level, Limit,
    LimitPx, NewOrder, Notional, OnNoVenue, OrdType, OrderFlags, Origin, Peg, Price, Qty, Refusal,
    ReplaceRequest, SLICES_MAX, Seq, SessionId, Side, StrategyId, TimeInForce, UnixNanos,
};

use crate::book::Book;
use crate::digest::Words;
use crate::trace::{Check, Trace};

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

/// Makes one comparison after the other and tells each to the trace.
#[derive(Debug)]
pub(crate) struct Gate<'a, T> {
    pub(crate) seq: Seq,
    pub(crate) trace: &'a mut T,
}

impl<T: Trace> Gate<'_, T> {
    fn require(
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

    fn present<V>(
        &mut self,
        check: Check,
        fact: Option<V>,
        missing: Refusal,
    ) -> Result<V, Refusal> {
        let there = fact.is_some();
        self.require(check, (i128::from(there), 1), there, || missing)?;
        fact.ok_or(missing)
    }
}

/// Whether the firm and the session may send anything now. Takes a token of the session's rate.
///
/// # Errors
/// [`Refusal::NotConfigured`], [`Refusal::Halted`], [`Refusal::NoSessionLimits`],
/// [`Refusal::RateAboveMax`]. The ClOrdID of a request refused here is not used up: the same
/// request may be sent again once the cause is gone.
pub(crate) fn admit<T: Trace>(
    gate: &mut Gate<'_, T>,
    at: UnixNanos,
    configured: bool,
    halted: bool,
    (id, session): (SessionId, Option<&mut SessionRow>),
) -> Result<(), Refusal> {
    let known = (i128::from(configured), 1);
    gate.require(Check::Configured, known, configured, || {
        Refusal::NotConfigured
    })?;
    let stopped = (i128::from(halted), 0);
    gate.require(Check::NotHalted, stopped, !halted, || Refusal::Halted {
        at: Level::Firm,
    })?;

    let session = session.and_then(|row| {
        let limits = row.limits(id)?;
        Some((row, limits))
    });
    let (row, limits) = gate.present(Check::SessionLimits, session, Refusal::NoSessionLimits)?;
    let (passed, orders) = row.bucket.take(at, &limits);
    let rate = (i128::from(orders), i128::from(Bucket::size(&limits)));
    gate.require(Check::Rate, rate, passed, || Refusal::RateAboveMax {
        at: Level::Session,
        per_s: limits.orders_per_s_max,
        burst: limits.burst_max,
    })
}

/// Whether a ClOrdID is new.
///
/// # Errors
/// [`Refusal::DuplicateClOrdId`].
pub(crate) fn check_name<T: Trace>(gate: &mut Gate<'_, T>, used: bool) -> Result<(), Refusal> {
    gate.require(Check::ClOrdId, (i128::from(used), 0), !used, || {
        Refusal::DuplicateClOrdId
    })
}

/// What an order is measured against.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) at: UnixNanos,
    pub(crate) instrument: Option<&'a InstrumentRow>,
    pub(crate) book: &'a Book,
    pub(crate) ledger: &'a Ledger,
    pub(crate) session: Option<&'a SessionRow>,
    /// Open orders of the firm, and the room for them.
    pub(crate) firm: (u32, u32),
    /// Venues that could take the order now.
    pub(crate) venues: u32,
    pub(crate) on_no_venue: OnNoVenue,
    /// The instrument's hours, where it has any.
    pub(crate) hours: Option<&'a Hours>,
}

/// Decides whether `order` may go to market, given what is already out there.
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
) -> Result<Approved<Terms>, Refusal> {
    let mut terms = Terms::of(order);
    check_account(gate, order.account)?;
    check_supported(gate, order)?;
    instructions::check_pairs(gate, order)?;
    shape::check_shape(gate, facts, order)?;
    let (instrument, limits) = instrument_of(gate, facts)?;
    check_qty(gate, &terms, &instrument, &limits)?;
    instructions::check_parts(gate, &terms, &instrument)?;
    check_algo(gate, facts.at, order, &instrument)?;
    check_price(gate, &terms, &instrument)?;
    let px = check_worth(gate, facts, &terms, &instrument, &limits)?;
    instructions::check_passive(gate, facts, &terms, &limits)?;
    let worth = price_in(gate, facts, &mut terms, px)?;
    check_room(gate, facts, order)?;
    check_ledger(gate, facts, order.account, &terms, (terms.order_qty, worth))?;
    check_venue(gate, facts, order)?;
    Ok(Approved(terms))
}

/// Decides whether an order that was approved as `before`, with `cum_qty` filled, may be replaced.
///
/// Only the increase is measured against the position: what there was is reserved already.
///
/// # Errors
/// The first limit that it would cross.
pub(crate) fn check_replace<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    request: &ReplaceRequest,
    before: &Terms,
    held: &Replaced,
) -> Result<Approved<Terms>, Refusal> {
    let (cum_qty, slices) = (held.cum_qty, held.slices);
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
    let fixed = held.triggered || before.peg == Peg::TrailingStop;
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
    let (instrument, limits) = instrument_of(gate, facts)?;
    check_qty(gate, &terms, &instrument, &limits)?;
    instructions::check_parts(gate, &terms, &instrument)?;
    let above = (units(terms.order_qty), units(cum_qty));
    gate.require(Check::AboveCum, above, terms.order_qty > cum_qty, || {
        Refusal::QtyBelowCum {
            qty: terms.order_qty,
            cum: cum_qty,
        }
    })?;
    if slices > 0 {
        check_lots(gate, terms.order_qty, &instrument, slices)?;
    }
    check_price(gate, &terms, &instrument)?;
    let judged = if held.triggered {
        terms.worked(terms.order_qty, terms.limit_px)
    } else {
        terms
    };
    let px = check_worth(gate, facts, &judged, &instrument, &limits)?;
    instructions::check_passive(gate, facts, &judged, &limits)?;
    price_in(gate, facts, &mut terms, px)?;
    let increase = terms.order_qty.saturating_minus(before.order_qty);
    let more = held.increase(increase, terms.unit);
    check_ledger(gate, facts, held.account, &terms, (increase, more))?;
    Ok(Approved(terms))
}

/// What nothing handles yet is refused, not ignored.
fn check_supported<T: Trace>(gate: &mut Gate<'_, T>, order: &NewOrder) -> Result<(), Refusal> {
    let short = OrderFlags::SHORT_SALE.with(OrderFlags::LOCATED);
    let unsupported = order.flags.without(short) != order.flags;
    let tag = if unsupported { 18 } else { 0 };
    gate.require(Check::Supported, (i128::from(tag), 0), tag == 0, || {
        Refusal::Unsupported { tag }
    })
}

fn check_account<T: Trace>(gate: &mut Gate<'_, T>, account: AccountId) -> Result<(), Refusal> {
    let number = account.get() as usize;
    let largest = (i128::from(account.get()), ACCOUNTS_MAX as i128 - 1);
    gate.require(Check::Account, largest, number < ACCOUNTS_MAX, || {
        Refusal::UnknownAccount
    })
}

fn instrument_of<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
) -> Result<(Instrument, InstrumentLimits), Refusal> {
    let instrument = facts.instrument.and_then(|row| row.defined);
    let instrument = gate.present(Check::Instrument, instrument, Refusal::UnknownInstrument)?;
    let limits = facts.instrument.and_then(|row| row.limits(instrument.id));
    let missing = Refusal::NoInstrumentLimits;
    let limits = gate.present(Check::InstrumentLimits, limits, missing)?;
    Ok((instrument, limits))
}

fn check_qty<T: Trace>(
    gate: &mut Gate<'_, T>,
    terms: &Terms,
    instrument: &Instrument,
    limits: &InstrumentLimits,
) -> Result<(), Refusal> {
    let (qty, lot, max) = (terms.order_qty, instrument.lot, limits.order_qty_max);
    gate.require(Check::QtyPositive, (units(qty), 0), !qty.is_zero(), || {
        Refusal::QtyZero
    })?;
    let over = qty.units() % lot.units().max(1);
    gate.require(Check::Lot, (i128::from(over), 0), over == 0, || {
        Refusal::OffLot { qty, lot }
    })?;
    gate.require(Check::QtyMax, (units(qty), units(max)), qty <= max, || {
        Refusal::QtyAboveMax {
            at: Level::Instrument,
            qty,
            max,
        }
    })
}

/// Whether the algorithm can do what the order asks of it.
fn check_algo<T: Trace>(
    gate: &mut Gate<'_, T>,
    at: UnixNanos,
    order: &NewOrder,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    // EffectiveTime (168), ExpireTime (126), TimeInForce (59). A request that would be ignored
    // is refused: a client who asks for a later start must not get one now.
    let unsupported = match order.algo {
        Algo::AtOnce if order.start > at => 168,
        Algo::AtOnce if order.end != UnixNanos::ZERO && order.time_in_force != TimeInForce::Gtd => {
            126
        }
        Algo::Twap if order.time_in_force == TimeInForce::Fok => TimeInForce::TAG,
        Algo::AtOnce | Algo::Twap => 0,
    };
    let tag = (i128::from(unsupported), 0);
    gate.require(Check::Supported, tag, unsupported == 0, || {
        Refusal::Unsupported { tag: unsupported }
    })?;
    match order.algo {
        Algo::AtOnce => Ok(()),
        Algo::Twap => check_schedule(gate, at, order, instrument),
    }
}

fn check_schedule<T: Trace>(
    gate: &mut Gate<'_, T>,
    at: UnixNanos,
    order: &NewOrder,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let start = order.start.max(at);
    let ends = (i128::from(order.end.get()), i128::from(start.get()));
    gate.require(Check::Schedule, ends, order.end > start, || {
        Refusal::ScheduleInvalid {
            start: order.start.get().cast_signed(),
            end: order.end.get().cast_signed(),
        }
    })?;
    let slices = (i128::from(order.slices), i128::from(SLICES_MAX));
    let allowed = (1..=SLICES_MAX).contains(&order.slices);
    gate.require(Check::Slices, slices, allowed, || {
        Refusal::SlicesOutOfRange {
            slices: u32::from(order.slices),
            max: u32::from(SLICES_MAX),
        }
    })?;
    check_lots(gate, order.order_qty, instrument, order.slices)
}

fn check_lots<T: Trace>(
    gate: &mut Gate<'_, T>,
    order_qty: Qty,
    instrument: &Instrument,
    slices: u16,
) -> Result<(), Refusal> {
    let lots = order_qty
        .units()
        .checked_div(instrument.lot.units())
        .unwrap_or(0);
    let pair = (i128::from(lots), i128::from(slices));
    gate.require(Check::LotsPerSlice, pair, lots >= u64::from(slices), || {
        Refusal::LotTooLarge {
            lots: i64::try_from(lots).unwrap_or(i64::MAX),
            slices: u32::from(slices),
        }
    })
}

/// Whether the limit is there, above zero and on the grid.
fn check_price<T: Trace>(
    gate: &mut Gate<'_, T>,
    terms: &Terms,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let limit = terms.limit_px.price();
    let fits = match terms.ord_type {
        OrdType::Limit | OrdType::StopLimit => limit.is_some(),
        OrdType::Market | OrdType::Stop | OrdType::MarketWithLeftOverAsLimit => limit.is_none(),
        OrdType::MarketIfTouched | OrdType::Pegged => true,
    };
    gate.require(Check::LimitGiven, (i128::from(fits), 1), fits, || {
        Refusal::PriceMissing
    })?;
    match limit {
        Some(px) => check_on_grid(gate, px, instrument.tick),
        None => Ok(()),
    }?;
    shape::check_stop(gate, terms, instrument.tick)
}

/// Whether a price is above zero and on the grid.
fn check_on_grid<T: Trace>(gate: &mut Gate<'_, T>, px: Price, tick: Price) -> Result<(), Refusal> {
    let positive = px > Price::ZERO;
    let above_zero = (i128::from(px.units()), 0);
    gate.require(Check::LimitPositive, above_zero, positive, || {
        Refusal::PriceNotPositive { px }
    })?;
    let over = px.units() % tick.units().max(1);
    gate.require(Check::Tick, (i128::from(over), 0), over == 0, || {
        Refusal::OffTick { px, tick }
    })
}

/// Whether the order's price is near the market and its worth within the limit.
///
/// The reference is the mid of the best fresh bid and offer over the venues that list the
/// instrument, else the previous close where that is allowed. An order without a limit is priced
/// at the far touch.
fn check_worth<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    terms: &Terms,
    instrument: &Instrument,
    limits: &InstrumentLimits,
) -> Result<Price, Refusal> {
    let age_max = limits.quote_age_max;
    let best = facts
        .book
        .best(instrument.id, instrument.venues, facts.at, age_max);
    let close = instrument
        .prev_close
        .price()
        .filter(|_| limits.prev_close_allowed);
    let close_twice = close.map(|close| 2 * i128::from(close.units()));
    let reference = best.mid_twice().or(close_twice).filter(|twice| *twice > 0);
    let age = best.youngest.map_or(-1, |age| i128::from(age.get()));
    let ages = (age, i128::from(age_max.get()));
    // What is judged again when it goes to market needs a price to be valued by, no more.
    let dormant = terms.is_dormant();
    let own = terms.own_px();
    let enough = reference.is_some() || dormant && own.is_some();
    gate.require(Check::Reference, ages, enough, || match best.youngest {
        Some(age) if age > age_max => Refusal::QuoteStale { age, age_max },
        Some(_) | None => Refusal::NoReference { age_max },
    })?;
    let twice = reference.unwrap_or_default();
    let touch = match (best.mid_twice(), terms.side) {
        (Some(_), Side::Buy) => best.ask,
        (Some(_), Side::Sell) => best.bid,
        (None, _) => close,
    };
    let px = own.or(touch).unwrap_or_default();

    let (notional, max) = (px.times(terms.order_qty).abs(), limits.order_notional_max);
    let worth = (notional.units(), max.units());
    gate.require(Check::Notional, worth, notional <= max, || {
        Refusal::NotionalAboveMax {
            at: Level::Instrument,
            notional: notional.rounded_up(),
            max: Notional::rounded_up(max),
        }
    })?;

    if dormant {
        return Ok(px);
    }
    // |px − ref| ≤ bps × ref / 10 000, both sides times 20 000.
    let bps = i128::from(limits.collar_bps);
    let distance = (2 * i128::from(px.units()) - twice).abs() * 10_000;
    let allowed = bps * twice;
    gate.require(
        Check::Collar,
        (distance, allowed),
        distance <= allowed,
        || Refusal::OutsideCollar {
            px,
            bound: collar_bound(px, twice, bps),
        },
    )?;
    Ok(px)
}

/// The side of the collar that `px` is beyond: the last price inside.
fn collar_bound(px: Price, twice: i128, bps: i128) -> Price {
    let bound = if 2 * i128::from(px.units()) > twice {
        (twice * (10_000 + bps)).div_euclid(20_000)
    } else {
        -(-twice * (10_000 - bps)).div_euclid(20_000)
    };
    Price::from_units(i64::try_from(bound).unwrap_or(i64::MAX))
}

fn check_room<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    let (open, max) = facts.session.map_or((0, 0), |row| {
        let max = row.set.get(Limit::OrdersOpenMax).unwrap_or_default();
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        (row.orders_open.saturating_add(1), max)
    });
    let orders = (i128::from(open), i128::from(max));
    gate.require(Check::OrdersOpen, orders, open <= max, || {
        Refusal::OrdersOpenAboveMax {
            at: Level::Session,
            open,
            max,
        }
    })?;
    let (open, max) = (facts.firm.0.saturating_add(1), facts.firm.1);
    let orders = (i128::from(open), i128::from(max));
    gate.require(Check::Pool, orders, open <= max, || Refusal::PoolFull {
        open,
        max,
    })?;
    // The table of positions is as much a part of the room as the pool of orders.
    let room = facts
        .ledger
        .has_room(order.account, order.strategy, order.instrument);
    let numbers = (i128::from(room), 1);
    gate.require(Check::PositionRoom, numbers, room, || Refusal::PoolFull {
        open: POSITIONS_MAX,
        max: POSITIONS_MAX,
    })
}

/// What an order that would be replaced holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced {
    pub(crate) account: AccountId,
    pub(crate) cum_qty: Qty,
    pub(crate) slices: u16,
    /// What is reserved for it, and at how much for one unit.
    pub(crate) reserved: (Qty, Price),
    /// Whether its stop came.
    pub(crate) triggered: bool,
}

impl Replaced {
    /// What is reserved on top while the replace is pending.
    fn increase(&self, qty: Qty, unit: Price) -> Notional {
        let (reserved, at) = self.reserved;
        let all = reserved.plus(qty).unwrap_or(reserved);
        let more = at.max(unit).times(all).units() - at.times(reserved).units();
        Notional::from_units(more)
    }
}

/// Notes what one unit of the order is reserved at, and gives the worth of all of it.
fn price_in<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    terms: &mut Terms,
    px: Price,
) -> Result<Notional, Refusal> {
    let unit = facts.ledger.unit(terms.instrument, px);
    terms.unit = gate.present(Check::Priced, unit, Refusal::Overflow)?;
    let worth = ledger::worth_of(terms.unit, terms.order_qty);
    gate.present(Check::Priced, worth, Refusal::Overflow)
}

/// Whether the order, or what a replace asks for besides, fits positions, exposure and credit. An
/// order that only makes the account's position smaller always does.
fn check_ledger<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    account: AccountId,
    terms: &Terms,
    (qty, worth): (Qty, Notional),
) -> Result<(), Refusal> {
    let (instrument, side) = (terms.instrument, terms.side);
    let would_be = facts.ledger.would_be(account, instrument, side, qty);
    if would_be <= 0 {
        return Ok(());
    }
    let ask = ledger::Ask {
        account,
        strategy: terms.strategy,
        instrument,
        side,
        qty,
        would_be,
        worth,
    };
    ledger::check(gate, facts.ledger, &ask)
}

/// Whether somebody can take the order now, where that is asked for.
fn check_venue<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    // A schedule that starts later finds its venue then.
    let now = order.algo == Algo::AtOnce || order.start <= facts.at;
    let needed = now && facts.on_no_venue == OnNoVenue::Reject;
    let passed = facts.venues > 0 || !needed;
    let venues = (i128::from(facts.venues), i128::from(needed));
    gate.require(Check::Venue, venues, passed, || Refusal::NoVenue)
}

fn units(qty: Qty) -> i128 {
    i128::from(qty.units())
}
