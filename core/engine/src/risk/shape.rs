//! Whether the parts of an order fit together, and what they make of it in the market.

use dcx_model::{
    LIST_ORDERS_MAX, Leg, LimitPx, ListId, NewOrder, OrdType, OrderFlags, Peg, Price, Qty, Refusal,
    TimeInForce,
};

use super::{Approved, Facts, Gate, Terms};
use crate::trace::{Check, Trace};

impl Terms {
    /// Whether it waits for a price before it works.
    pub(crate) const fn has_stop(&self) -> bool {
        matches!(
            self.ord_type,
            OrdType::Stop | OrdType::StopLimit | OrdType::MarketIfTouched
        )
    }

    /// The price that it names itself: the higher of its limit and its stop, which is what it is
    /// worth at most.
    pub(crate) fn own_px(&self) -> Option<Price> {
        self.limit_px.price().max(self.stop_px.price())
    }

    /// Whether its price is judged when it goes to market, and not before: the market may be far
    /// from it, or closed, when it comes in.
    pub(crate) const fn is_dormant(&self) -> bool {
        self.has_stop()
            || matches!(
                self.time_in_force,
                TimeInForce::AtTheOpening | TimeInForce::AtTheClose
            )
            || matches!(self.ord_type, OrdType::Pegged)
    }

    /// What it is in the market, once it works.
    pub(crate) const fn works_as(&self) -> OrdType {
        match self.ord_type {
            OrdType::Stop => OrdType::Market,
            OrdType::StopLimit | OrdType::Pegged => OrdType::Limit,
            OrdType::MarketIfTouched => match self.limit_px.price() {
                Some(_) => OrdType::Limit,
                None => OrdType::Market,
            },
            OrdType::MarketWithLeftOverAsLimit => OrdType::Market,
            OrdType::Market | OrdType::Limit => self.ord_type,
        }
    }

    /// How long it works at a venue.
    pub(crate) const fn works_for(&self) -> TimeInForce {
        if matches!(self.ord_type, OrdType::MarketWithLeftOverAsLimit) {
            return TimeInForce::Ioc;
        }
        match self.time_in_force {
            TimeInForce::AtTheOpening | TimeInForce::AtTheClose => TimeInForce::Ioc,
            // All of it at once or nothing has a name of its own.
            TimeInForce::Ioc if self.flags.has(OrderFlags::ALL_OR_NONE) => TimeInForce::Fok,
            // Its end is ours to bring: a venue is not told when that is.
            TimeInForce::Gtd => TimeInForce::Gtc,
            TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => {
                self.time_in_force
            }
        }
    }

    /// The part of it that goes to market now, as it goes there.
    pub(crate) const fn worked(mut self, qty: Qty, px: LimitPx) -> Self {
        (self.time_in_force, self.ord_type) = (self.works_for(), self.works_as());
        self.order_qty = qty;
        self.limit_px = px;
        self.stop_px = LimitPx::NONE;
        self.peg = Peg::None;
        self
    }
}

impl Approved<Terms> {
    /// The part of it that goes to market in the command that approved it.
    pub(crate) fn worked(self, qty: Qty, px: LimitPx) -> Self {
        assert!(qty <= self.0.order_qty, "a part is within the whole");
        Self(self.0.worked(qty, px))
    }

    /// The same for now or never: less than it was approved for.
    pub(crate) fn for_now(mut self) -> Self {
        self.0.time_in_force = TimeInForce::Ioc;
        self
    }

    /// The same with another stop: it is judged when that comes.
    pub(crate) fn with_stop(mut self, stop: Price) -> Self {
        self.0.stop_px = stop.into();
        self
    }
}

/// Whether what an order asks for goes together.
///
/// # Errors
/// [`Refusal::Contradiction`], [`Refusal::PegInvalid`], [`Refusal::ExpireInvalid`],
/// [`Refusal::NoHours`], [`Refusal::ListInvalid`].
pub(super) fn check_shape<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    check_together(gate, order)?;
    check_peg(gate, order)?;
    check_times(gate, facts, order)?;
    let parts = usize::from(order.list_total);
    let listed = order.leg != Leg::None;
    let fits = if listed {
        order.list != ListId::new(0) && (2..=LIST_ORDERS_MAX).contains(&parts)
    } else {
        order.list == ListId::new(0) && parts == 0
    };
    let pair = (parts as i128, LIST_ORDERS_MAX as i128);
    gate.require(Check::Linked, pair, fits, || Refusal::ListInvalid)
}

fn check_together<T: Trace>(gate: &mut Gate<'_, T>, order: &NewOrder) -> Result<(), Refusal> {
    let plain = matches!(order.ord_type, OrdType::Market | OrdType::Limit);
    let timed = matches!(
        order.time_in_force,
        TimeInForce::AtTheOpening | TimeInForce::AtTheClose
    );
    let now = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let sliced = order.algo.is_scheduled();
    let wrong = [
        // One price to wait for and one time, or slices: not both.
        (timed && (!plain || sliced), TimeInForce::TAG),
        (sliced && !plain, OrdType::TAG),
        (sliced && order.leg != Leg::None, 1385),
        // What follows the market has no now.
        (now && order.ord_type == OrdType::Pegged, TimeInForce::TAG),
    ];
    let tag = wrong.iter().find(|(wrong, _)| *wrong);
    let tag = tag.map_or(0, |(_, tag)| *tag);
    gate.require(Check::Together, (i128::from(tag), 0), tag == 0, || {
        Refusal::Contradiction { tag }
    })
}

fn check_peg<T: Trace>(gate: &mut Gate<'_, T>, order: &NewOrder) -> Result<(), Refusal> {
    let none = order.peg == Peg::None && order.peg_offset == Price::ZERO;
    let fits = match order.ord_type {
        OrdType::Pegged => matches!(order.peg, Peg::Primary | Peg::Market | Peg::Mid),
        OrdType::Stop | OrdType::StopLimit => {
            none || order.peg == Peg::TrailingStop && order.peg_offset > Price::ZERO
        }
        OrdType::Market
        | OrdType::Limit
        | OrdType::MarketIfTouched
        | OrdType::MarketWithLeftOverAsLimit => none,
    };
    gate.require(Check::Peg, (i128::from(fits), 1), fits, || {
        Refusal::PegInvalid
    })
}

fn check_times<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    match order.time_in_force {
        TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => Ok(()),
        TimeInForce::Gtd => {
            let (end, now) = (i128::from(order.end.get()), i128::from(facts.at.get()));
            gate.require(Check::Expire, (end, now), end > now, || {
                Refusal::ExpireInvalid {
                    expire: order.end.get().cast_signed(),
                }
            })
        }
        TimeInForce::AtTheOpening | TimeInForce::AtTheClose => {
            let hours = gate.present(Check::Hours, facts.hours, Refusal::NoHours)?;
            // Hours without a weekday never open.
            let opens = hours
                .next_open(facts.at)
                .or_else(|| hours.next_close(facts.at));
            gate.present(Check::Hours, opens, Refusal::NoHours)?;
            let missed =
                order.time_in_force == TimeInForce::AtTheOpening && hours.is_open(facts.at);
            let tag = i128::from(missed) * i128::from(TimeInForce::TAG);
            gate.require(Check::Together, (tag, 0), !missed, || {
                Refusal::Contradiction {
                    tag: TimeInForce::TAG,
                }
            })
        }
    }
}

/// Whether the stop is there where it must be and nowhere else, above zero and on the grid.
pub(super) fn check_stop<T: Trace>(
    gate: &mut Gate<'_, T>,
    terms: &Terms,
    tick: Price,
) -> Result<(), Refusal> {
    let stop = terms.stop_px.price();
    let fits = if terms.has_stop() {
        // A stop that follows the market begins where the market is.
        stop.is_some() || terms.peg == Peg::TrailingStop
    } else {
        stop.is_none()
    };
    gate.require(Check::StopGiven, (i128::from(fits), 1), fits, || {
        Refusal::StopMissing
    })?;
    match stop {
        Some(px) if terms.peg != Peg::TrailingStop => super::check_on_grid(gate, px, tick),
        Some(_) | None => Ok(()),
    }
}
