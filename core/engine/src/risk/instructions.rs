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
            Self::Slices => order.algo.is_scheduled() || matches!(order.algo, Algo::Sniper),
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

#[cfg(test)]
mod tests {
    use dcx_model::{ListId, Seq};

    use super::*;
    use crate::NoTrace;

    const ALL: [Asks; 15] = [
        Asks::Market,
        Asks::LeftOver,
        Asks::Stop,
        Asks::Pegged,
        Asks::Ioc,
        Asks::Fok,
        Asks::Opening,
        Asks::Close,
        Asks::Slices,
        Asks::Listed,
        Asks::Display,
        Asks::MinQty,
        Asks::PostOnly,
        Asks::ReduceOnly,
        Asks::AllOrNone,
    ];

    /// An order that asks for this too; none where it asks for something in its place already.
    fn ask(order: NewOrder, asks: Asks) -> Option<NewOrder> {
        let typed = |ord_type| {
            let free = order.ord_type == OrdType::Limit;
            free.then_some(NewOrder { ord_type, ..order })
        };
        let timed = |time_in_force| {
            let free = order.time_in_force == TimeInForce::Day;
            free.then_some(NewOrder {
                time_in_force,
                ..order
            })
        };
        let flagged = |flag| {
            Some(NewOrder {
                flags: order.flags.with(flag),
                ..order
            })
        };
        match asks {
            Asks::Market => typed(OrdType::Market),
            Asks::LeftOver => typed(OrdType::MarketWithLeftOverAsLimit),
            Asks::Stop => typed(OrdType::StopLimit),
            Asks::Pegged => typed(OrdType::Pegged),
            Asks::Ioc => timed(TimeInForce::Ioc),
            Asks::Fok => timed(TimeInForce::Fok),
            Asks::Opening => timed(TimeInForce::AtTheOpening),
            Asks::Close => timed(TimeInForce::AtTheClose),
            Asks::Slices => Some(NewOrder {
                algo: Algo::Twap,
                ..order
            }),
            Asks::Listed => Some(NewOrder {
                leg: Leg::OneCancelsOther,
                list: ListId::new(1),
                ..order
            }),
            Asks::Display => Some(NewOrder {
                display_qty: Qty::whole(1),
                ..order
            }),
            Asks::MinQty => Some(NewOrder {
                min_qty: Qty::whole(1),
                ..order
            }),
            Asks::PostOnly => flagged(OrderFlags::POST_ONLY),
            Asks::ReduceOnly => flagged(OrderFlags::REDUCE_ONLY),
            Asks::AllOrNone => flagged(OrderFlags::ALL_OR_NONE),
        }
    }

    fn judged(order: &NewOrder) -> Result<(), Refusal> {
        let mut trace = NoTrace;
        check_pairs(&mut Gate::new(Seq::new(1), &mut trace), order)
    }

    /// Written by hand, not from the table: what goes with what, one row for each that is asked
    /// for, one column for each other. `x` does not, `.` does, `-` cannot be asked for together.
    #[test]
    fn every_pair_of_instructions_is_decided() {
        #[rustfmt::skip]
        let rows = [
            //               mkt k stp peg ioc fok opn cls slc lst dsp min pst red aon
            (Asks::Display,   ". . . . x x x x x . . x . . x"),
            (Asks::MinQty,    ". . . . . . . . x . x . x . x"),
            (Asks::PostOnly,  "x x x x x x x x x . . x . . x"),
            (Asks::ReduceOnly,". . . . . . . . . x . . . . ."),
            (Asks::AllOrNone, ". x . x . . x x x . x x x . ."),
            (Asks::LeftOver,  "- - - - x x x x x . . . x . x"),
        ];
        for (one, row) in rows {
            let marks: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(marks.len(), ALL.len(), "{one:?}");
            for (other, mark) in ALL.into_iter().zip(marks) {
                let order = ask(NewOrder::PLAIN, one).and_then(|order| ask(order, other));
                let Some(order) = order else {
                    assert_eq!(mark, "-", "{one:?} and {other:?}");
                    continue;
                };
                let fits = judged(&order).is_ok();
                assert_eq!(fits, mark == ".", "{one:?} and {other:?}");
            }
        }
        // What asks for nothing special is not judged here.
        for one in [
            Asks::Market,
            Asks::Stop,
            Asks::Pegged,
            Asks::Ioc,
            Asks::Slices,
        ] {
            let order = ask(NewOrder::PLAIN, one).expect("the first asks freely");
            assert_eq!(judged(&order), Ok(()));
        }
    }

    #[test]
    fn the_tag_is_that_of_the_instruction() {
        for (one, tag) in [
            (Asks::Display, 111),
            (Asks::MinQty, 110),
            (Asks::PostOnly, 18),
        ] {
            let order = ask(NewOrder::PLAIN, one).and_then(|order| ask(order, Asks::Slices));
            let order = order.expect("both can be asked for");
            assert_eq!(judged(&order), Err(Refusal::Contradiction { tag }));
        }
    }

    #[test]
    fn a_venue_must_be_able_to_do_what_is_asked_and_is_told_only_that() {
        let terms = |order: &NewOrder| Terms::of(order);
        let all = ask(NewOrder::PLAIN, Asks::AllOrNone).expect("free");
        assert_eq!(terms(&all).needs(), VenueFeatures::ALL_OR_NONE);
        assert_eq!(terms(&all).told(), OrderFlags::ALL_OR_NONE);
        let now = ask(all, Asks::Ioc).expect("free");
        assert_eq!(terms(&now).needs(), VenueFeatures::NONE);
        let reduce = ask(NewOrder::PLAIN, Asks::ReduceOnly).expect("free");
        assert_eq!(terms(&reduce).told(), OrderFlags::NONE);
    }
}
