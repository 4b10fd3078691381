//! What the scopes of an order may do: permissions, hours, quantities, how much of the day and of
//! the room is used (checks 1, 9, 10, 13, 16, 17 and 19).

use dcx_model::{
    Algo, Limit, LimitPx, Nanos, NewOrder, Notional, OnNoVenue, Qty, Refusal, Side, TimeInForce,
};

use super::duplicates::Economics;
use super::facts::{Facts, Gate, Holder, Scopes};
use super::ledger::POSITIONS_MAX;
use super::limits::Standing;
use super::{Terms, units};
use crate::trace::{Check, Trace};

/// Whether every scope may trade the instrument (check 16).
pub(super) fn check_permission<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
) -> Result<(), Refusal> {
    let standings = rows.standings();
    let some = standings.iter().fold(0, |some, (_, row)| some | row.denied);
    if some == 0 && !T::ON {
        return Ok(());
    }
    let instrument = facts.holder.instrument;
    for ((at, standing), scope) in standings.into_iter().zip(facts.holder.scopes()) {
        // The bits are read for a scope that something is denied to.
        let denied = standing.denied > 0 && facts.denied.is(scope, instrument);
        gate.require(Check::Permitted, (i128::from(denied), 0), !denied, || {
            Refusal::NotPermitted { at }
        })?;
    }
    Ok(())
}

/// Whether every scope may use the algorithm (check 16).
pub(super) fn check_means<T: Trace>(
    gate: &mut Gate<'_, T>,
    rows: &Scopes<'_>,
    algo: Algo,
) -> Result<(), Refusal> {
    let standings = rows.standings();
    let some = standings.iter();
    let some = some.fold(0, |some, (_, row)| some | row.algos_barred);
    if some == 0 && !T::ON {
        return Ok(());
    }
    for (at, standing) in standings {
        let barred = standing.algos_barred >> (algo as u8) & 1 == 1;
        let numbers = (i128::from(barred), 0);
        gate.require(Check::AlgoPermitted, numbers, !barred, || {
            Refusal::AlgoNotPermitted { at }
        })?;
    }
    Ok(())
}

/// Whether the instrument trades now: within its hours, and at a venue that is open for it
/// (check 19).
pub(super) fn check_hours<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
) -> Result<(), Refusal> {
    let at = facts.at;
    if let Some(hours) = facts.hours {
        let open = hours.is_open(at);
        gate.require(Check::InHours, (i128::from(open), 1), open, || {
            let opens = hours.next_open(at);
            Refusal::OutsideHours {
                opens_in: opens.map_or(Nanos::new(u64::MAX), |opens| opens.since(at)),
            }
        })?;
    }
    let (open, listed) = (rows.instrument.open_venues(), rows.defined.venues);
    let passed = !open.is_empty() || listed.is_empty();
    gate.require(Check::Phase, (i128::from(open.count()), 1), passed, || {
        Refusal::InstrumentHalted
    })
}

/// Whether an order is meant for the opening or the close, and may wait for it.
pub(super) const fn waits_for_hours(time_in_force: TimeInForce) -> bool {
    matches!(
        time_in_force,
        TimeInForce::AtTheOpening | TimeInForce::AtTheClose
    )
}

/// Whether the quantity is within the limits of one order (check 1).
pub(super) fn check_qty<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    qty: Qty,
) -> Result<(), Refusal> {
    let tightest = rows.instrument.limits.order_qty_max;
    let tightest = tightest.min(rows.session.limits.order_qty_max);
    let tightest = tightest.min(rows.strategy.limits.order_qty_max);
    let tightest = tightest.min(rows.account.limits.order_qty_max);
    if Gate::<T>::is_far(units(qty), units(tightest)) {
        return Ok(());
    }
    let [_, account, strategy, session, instrument] = facts.holder.scopes();
    let levels = [
        (instrument, rows.instrument.limits.order_qty_max),
        (session, rows.session.limits.order_qty_max),
        (strategy, rows.strategy.limits.order_qty_max),
        (account, rows.account.limits.order_qty_max),
    ];
    for (scope, max) in levels {
        gate.require(Check::QtyMax, (units(qty), units(max)), qty <= max, || {
            Refusal::QtyAboveMax {
                at: scope.level(),
                qty,
                max,
            }
        })?;
        gate.note_near((scope, Limit::OrderQtyMax), (0, units(qty)), units(max));
    }
    Ok(())
}

/// The economics of an order: of one that waits for its stop, the stop is the price.
pub(crate) fn economics(order: &NewOrder) -> Economics {
    let stop_only = order.limit_px == LimitPx::NONE;
    Economics {
        strategy: u32::from(order.strategy.get()),
        instrument: order.instrument,
        side: order.side,
        order_qty: order.order_qty,
        limit_px: if stop_only {
            order.stop_px
        } else {
            order.limit_px
        },
    }
}

/// The longest window of its scopes in which an order may not come again; zero for none.
pub(super) fn duplicate_window(rows: &Scopes<'_>) -> Nanos {
    let strategy = rows.strategy.limits.duplicate_window;
    let session = rows.session.limits.duplicate_window;
    let firm = rows.firm.limits.duplicate_window;
    firm.max(strategy).max(session)
}

/// Whether the same order came a moment ago (check 13).
pub(super) fn check_duplicate<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    let window = duplicate_window(rows);
    let meant = order.flags.has(dcx_model::OrderFlags::REPEAT_MEANT);
    if window == Nanos::ZERO || meant {
        return Ok(());
    }
    let seen = facts
        .recent
        .duplicates
        .seen(facts.at, window, &economics(order));
    let age = seen.map(|seen| facts.at.since(seen));
    let number = age.map_or(-1, |age| i128::from(age.get()));
    let numbers = (number, i128::from(window.get()));
    gate.require(Check::Duplicate, numbers, age.is_none(), || {
        let age = age.unwrap_or_default();
        Refusal::DuplicateOrder { age, window }
    })
}

/// Whether every scope has room for one more open order (check 10).
pub(super) fn check_open<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
) -> Result<(), Refusal> {
    let [_, account, strategy, session, instrument] = facts.holder.scopes();
    let of = |scope, standing: &Standing, max| (scope, standing.orders_open, max);
    let levels = [
        of(
            session,
            &rows.session.standing,
            rows.session.limits.orders_open_max,
        ),
        of(
            strategy,
            &rows.strategy.standing,
            rows.strategy.limits.orders_open_max,
        ),
        of(
            account,
            &rows.account.standing,
            rows.account.limits.orders_open_max,
        ),
        of(
            instrument,
            &rows.instrument.standing,
            rows.instrument.limits.orders_open_max,
        ),
    ];
    for (scope, before, max) in levels {
        let open = before.saturating_add(1);
        if Gate::<T>::is_far_count(open, max) {
            continue;
        }
        let orders = (i128::from(open), i128::from(max));
        gate.require(Check::OrdersOpen, orders, open <= max, || {
            Refusal::OrdersOpenAboveMax {
                at: scope.level(),
                open,
                max,
            }
        })?;
        let used = (i128::from(before), i128::from(open));
        gate.note_near((scope, Limit::OrdersOpenMax), used, i128::from(max));
    }
    Ok(())
}

/// Whether the tables have room. It is ours, not a limit: nothing passes by.
pub(super) fn check_room<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    let (open, max) = (facts.pool.0.saturating_add(1), facts.pool.1);
    let orders = (i128::from(open), i128::from(max));
    gate.require(Check::Pool, orders, open <= max, || Refusal::PoolFull {
        open,
        max,
    })?;
    // The table of positions is as much a part of the room as the pool of orders.
    let Holder {
        account,
        strategy,
        instrument,
        ..
    } = facts.holder;
    let room = facts.ledger.has_room(account, strategy, instrument);
    let numbers = (i128::from(room), 1);
    gate.require(Check::PositionRoom, numbers, room, || Refusal::PoolFull {
        open: POSITIONS_MAX,
        max: POSITIONS_MAX,
    })
}

/// Whether a sale that could end short has its securities located, where that is asked for
/// (check 17).
pub(super) fn check_locate<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    (terms, more): (&Terms, Qty),
) -> Result<(), Refusal> {
    let asked = rows.instrument.limits.locate_required && terms.side == Side::Sell;
    if !asked {
        return Ok(());
    }
    let Holder {
        account,
        instrument,
        ..
    } = facts.holder;
    let short = facts.ledger.would_be(account, instrument, Side::Sell, more);
    let located = terms.flags.has(dcx_model::OrderFlags::LOCATED);
    gate.require(Check::Locate, (short, 0), short <= 0 || located, || {
        Refusal::NoLocate {
            short: Qty::from_units(u64::try_from(short).unwrap_or(u64::MAX)),
        }
    })
}

/// Whether this much more may be accepted today (check 9).
pub(super) fn check_day<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    rows: &Scopes<'_>,
    (qty, notional): (Qty, Notional),
) -> Result<(), Refusal> {
    let days = [
        (
            &rows.session.standing.day,
            rows.session.limits.day_notional_max,
        ),
        (
            &rows.strategy.standing.day,
            rows.strategy.limits.day_notional_max,
        ),
        (
            &rows.account.standing.day,
            rows.account.limits.day_notional_max,
        ),
        (&rows.firm.standing.day, rows.firm.limits.day_notional_max),
    ];
    let max = rows.instrument.limits.day_qty_max;
    let far = !T::ON
        && rows
            .instrument
            .standing
            .day
            .is_far_in_qty(facts.day, qty, max)
        && days
            .iter()
            .all(|(day, max)| day.is_far(facts.day, notional, *max));
    if far {
        return Ok(());
    }
    let [firm, account, strategy, session, instrument] = facts.holder.scopes();
    let (would_be, _) = rows
        .instrument
        .standing
        .day
        .would_be(facts.day, qty, notional);
    let would_be = i128::try_from(would_be).unwrap_or(i128::MAX);
    let numbers = (would_be, units(max));
    gate.require(Check::DayQty, numbers, would_be <= units(max), || {
        Refusal::DayQtyAboveMax {
            would_be: Qty::from_units(u64::try_from(would_be).unwrap_or(u64::MAX)),
            max,
        }
    })?;
    let used = (would_be - units(qty), would_be);
    gate.note_near((instrument, Limit::DayQtyMax), used, units(max));
    let levels = [
        (
            session,
            &rows.session.standing,
            rows.session.limits.day_notional_max,
        ),
        (
            strategy,
            &rows.strategy.standing,
            rows.strategy.limits.day_notional_max,
        ),
        (
            account,
            &rows.account.standing,
            rows.account.limits.day_notional_max,
        ),
        (firm, &rows.firm.standing, rows.firm.limits.day_notional_max),
    ];
    for (scope, standing, max) in levels {
        let (_, would_be) = standing.day.would_be(facts.day, qty, notional);
        let numbers = (would_be.units(), max.units());
        gate.require(Check::DayNotional, numbers, would_be <= max, || {
            Refusal::DayNotionalAboveMax {
                at: scope.level(),
                would_be: would_be.rounded_up(),
                max: max.rounded_up(),
            }
        })?;
        let before = would_be.units().saturating_sub(notional.units());
        let used = (before, would_be.units());
        gate.note_near((scope, Limit::DayNotionalMax), used, max.units());
    }
    Ok(())
}

/// Whether somebody can take the order now, where that is asked for.
pub(super) fn check_venue<T: Trace>(
    gate: &mut Gate<'_, T>,
    facts: &Facts<'_>,
    order: &NewOrder,
) -> Result<(), Refusal> {
    // A schedule that starts later, or an order that waits for its stop, finds its venue then.
    let now = order.algo == Algo::AtOnce || order.start <= facts.at;
    let now = now && order.stop_px == LimitPx::NONE && !waits_for_hours(order.time_in_force);
    let needed = now && facts.on_no_venue == OnNoVenue::Reject;
    let passed = !facts.venues.is_empty() || !needed;
    let venues = (i128::from(facts.venues.count()), i128::from(needed));
    gate.require(Check::Venue, venues, passed, || Refusal::NoVenue)
}
