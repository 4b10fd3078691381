//! Whether an order's instructions go together, and whether each fits its quantity and price:
//! shown quantity, least quantity, post only, reduce only, all or none, left over as limit.

use dcx_model::{
    Algo, Instrument, Leg, NewOrder, OrdType, OrderFlags, Price, Qty, Refusal, Side, TimeInForce,
    VenueFeatures,
};

use super::facts::Scopes;
use super::{Approved, Facts, Gate, Terms};
use crate::trace::{Check, Trace};

/// Something that an order asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Market,
    LeftOver,
    /// To wait for a stop or a trigger.
    Stop,
    Pegged,
    Ioc,
    Fok,
    Opening,
    Close,
    Slices,
    Listed,
    Display,
    MinQty,
    PostOnly,
    ReduceOnly,
    AllOrNone,
}

/// What does not go with what. The refusal names the tag of the first.
///
/// Slices have quantities of their own, which none of the instructions about quantity is meant
/// for; an auction has no book to rest in; a list takes quantity away that a reduce-only order
/// counts on.
const PAIRS: &[(Asks, Asks)] = &[
    (Asks::PostOnly, Asks::Market),
    (Asks::PostOnly, Asks::LeftOver),
    (Asks::PostOnly, Asks::Stop),
    (Asks::PostOnly, Asks::Pegged),
    (Asks::PostOnly, Asks::Ioc),
    (Asks::PostOnly, Asks::Fok),
    (Asks::PostOnly, Asks::Opening),
    (Asks::PostOnly, Asks::Close),
    (Asks::PostOnly, Asks::Slices),
    (Asks::PostOnly, Asks::MinQty),
    (Asks::PostOnly, Asks::AllOrNone),
    (Asks::Display, Asks::Ioc),
    (Asks::Display, Asks::Fok),
    (Asks::Display, Asks::Opening),
    (Asks::Display, Asks::Close),
    (Asks::Display, Asks::Slices),
    (Asks::Display, Asks::MinQty),
    (Asks::Display, Asks::AllOrNone),
    (Asks::MinQty, Asks::Slices),
    (Asks::MinQty, Asks::AllOrNone),
    (Asks::AllOrNone, Asks::Slices),
    (Asks::AllOrNone, Asks::LeftOver),
    (Asks::AllOrNone, Asks::Pegged),
    (Asks::AllOrNone, Asks::Opening),
    (Asks::AllOrNone, Asks::Close),
    (Asks::ReduceOnly, Asks::Listed),
    (Asks::LeftOver, Asks::Ioc),
    (Asks::LeftOver, Asks::Fok),
    (Asks::LeftOver, Asks::Opening),
    (Asks::LeftOver, Asks::Close),
    (Asks::LeftOver, Asks::Slices),
];

impl Asks {
    const fn of(self, order: &NewOrder) -> bool {
        match self {
            Self::Market => matches!(order.ord_type, OrdType::Market),
            Self::LeftOver => matches!(order.ord_type, OrdType::MarketWithLeftOverAsLimit),
            Self::Stop => matches!(
                order.ord_type,
                OrdType::Stop | OrdType::StopLimit | OrdType::MarketIfTouched
            ),
            Self::Pegged => matches!(order.ord_type, OrdType::Pegged),
            Self::Ioc => matches!(order.time_in_force, TimeInForce::Ioc),
            Self::Fok => matches!(order.time_in_force, TimeInForce::Fok),
            Self::Opening => matches!(order.time_in_force, TimeInForce::AtTheOpening),
            Self::Close => matches!(order.time_in_force, TimeInForce::AtTheClose),
            Self::Slices => matches!(order.algo, Algo::Twap),
            Self::Listed => !matches!(order.leg, Leg::None),
            Self::Display => !order.display_qty.is_zero(),
            Self::MinQty => !order.min_qty.is_zero(),
            Self::PostOnly => order.flags.has(OrderFlags::POST_ONLY),
            Self::ReduceOnly => order.flags.has(OrderFlags::REDUCE_ONLY),
            Self::AllOrNone => order.flags.has(OrderFlags::ALL_OR_NONE),
        }
    }

    const fn tag(self) -> u32 {
        match self {
            Self::Market | Self::LeftOver | Self::Stop | Self::Pegged => OrdType::TAG,
            Self::Ioc | Self::Fok | Self::Opening | Self::Close => TimeInForce::TAG,
            Self::Slices => 847,
            Self::Listed => 1385,
            Self::Display => 111,
            Self::MinQty => 110,
            Self::PostOnly | Self::ReduceOnly | Self::AllOrNone => 18,
        }
    }
}

/// Whether an order's instructions go together.
///
/// # Errors
/// [`Refusal::Contradiction`] of the first pair of the table that does not.
pub(super) fn check_pairs<T: Trace>(
    gate: &mut Gate<'_, T>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    // Most orders ask for nothing of this.
    let plain = order.flags.bits() & SPECIAL.bits() == 0
        && order.display_qty.is_zero()
        && order.min_qty.is_zero()
        && !Asks::LeftOver.of(order);
    let wrong = if plain {
        None
    } else {
        let mut pairs = PAIRS.iter();
        pairs.find(|(one, other)| one.of(order) && other.of(order))
    };
    let tag = wrong.map_or(0, |(one, _)| one.tag());
    gate.require(Check::Together, (i128::from(tag), 0), tag == 0, || {
        Refusal::Contradiction { tag }
    })
}

const SPECIAL: OrderFlags = OrderFlags::POST_ONLY
    .with(OrderFlags::REDUCE_ONLY)
    .with(OrderFlags::ALL_OR_NONE);

/// Whether shown and least quantity fit the order's quantity, type and time in force.
///
/// # Errors
/// [`Refusal::DisplayInvalid`], [`Refusal::MinQtyInvalid`].
pub(super) fn check_parts<T: Trace>(
    gate: &mut Gate<'_, T>,
    terms: &Terms,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let (qty, lot) = (terms.order_qty, instrument.lot.units().max(1));
    let display = terms.display_qty;
    if !display.is_zero() {
        let rests = terms.limit_px.price().is_some() || matches!(terms.ord_type, OrdType::Pegged);
        let fits = rests && display <= qty && display.units().is_multiple_of(lot);
        let pair = (super::units(display), super::units(qty));
        gate.require(Check::Display, pair, fits, || Refusal::DisplayInvalid {
            display,
            qty,
        })?;
    }
    let min = terms.min_qty;
    if !min.is_zero() {
        let now = matches!(terms.time_in_force, TimeInForce::Ioc);
        let fits = now && min <= qty && min.units().is_multiple_of(lot);
        let pair = (super::units(min), super::units(qty));
        gate.require(Check::MinQty, pair, fits, || Refusal::MinQtyInvalid {
            min,
            qty,
        })?;
    }
    Ok(())
}

/// Whether a post-only order would trade with the best fresh price of the other side, over all
/// venues that list the instrument. Where nobody quotes that side the venue decides: it is one
/// that takes post-only orders.
///
/// # Errors
/// [`Refusal::WouldTake`].
pub(super) fn check_passive<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    terms: &Terms,
    rows: &Scopes<'_>,
) -> Result<(), Refusal> {
    let Some(px) = terms.limit_px.price() else {
        return Ok(());
    };
    if !terms.flags.has(OrderFlags::POST_ONLY) {
        return Ok(());
    }
    let (venues, age_max) = (
        rows.instrument.open_venues(),
        rows.instrument.limits.quote_age_max,
    );
    let best = facts.book.best(rows.defined.id, venues, facts.at, age_max);
    let touch = match terms.side {
        Side::Buy => best.ask,
        Side::Sell => best.bid,
    };
    let Some(touch) = touch else { return Ok(()) };
    let passive = match terms.side {
        Side::Buy => px < touch,
        Side::Sell => px > touch,
    };
    let pair = (i128::from(px.units()), i128::from(touch.units()));
    gate.require(Check::Passive, pair, passive, || Refusal::WouldTake {
        px,
        touch,
    })
}

/// Whether a reduce-only order takes no more than can be reduced.
///
/// # Errors
/// [`Refusal::NotReducing`].
pub(crate) fn check_reducing<T: Trace>(
    gate: &mut Gate<'_, T>,
    qty: Qty,
    reducible: Qty,
) -> Result<(), Refusal> {
    let pair = (super::units(qty), super::units(reducible));
    gate.require(Check::Reducing, pair, qty <= reducible, || {
        Refusal::NotReducing { qty, reducible }
    })
}

impl Terms {
    /// What a venue must be able to do to take the order.
    pub(crate) fn needs(&self) -> VenueFeatures {
        let mut needs = VenueFeatures::NONE;
        if !self.min_qty.is_zero() {
            needs = needs.with(VenueFeatures::MIN_QTY);
        }
        if self.flags.has(OrderFlags::POST_ONLY) {
            needs = needs.with(VenueFeatures::POST_ONLY);
        }
        let all_at_once = matches!(self.works_for(), TimeInForce::Fok);
        if self.flags.has(OrderFlags::ALL_OR_NONE) && !all_at_once {
            needs = needs.with(VenueFeatures::ALL_OR_NONE);
        }
        needs
    }

    /// What of its flags a venue is told.
    pub(crate) const fn told(&self) -> OrderFlags {
        let told = self
            .flags
            .without(OrderFlags::REDUCE_ONLY)
            .without(OrderFlags::REPEAT_MEANT)
            .without(OrderFlags::STRATEGY_NAMED);
        // All at once or nothing says it already.
        if matches!(self.time_in_force, TimeInForce::Fok) {
            told.without(OrderFlags::ALL_OR_NONE)
        } else {
            told
        }
    }

    /// The rest of a market order as a limit order.
    pub(crate) fn as_limit(mut self, qty: Qty, px: Price) -> Self {
        self.ord_type = OrdType::Limit;
        self.order_qty = qty;
        self.limit_px = px.into();
        self
    }
}

impl Approved<Terms> {
    /// A market order whose rest becomes a limit order, at the limit that was judged.
    pub(crate) fn left_over(mut self, judged: &Self) -> Self {
        self.0.ord_type = OrdType::Limit;
        self.0.limit_px = judged.0.limit_px;
        self.0.unit = judged.0.unit;
        self
    }
}
