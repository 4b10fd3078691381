//! The curves of implementation shortfall: how much of an order is gone by which slice.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a trajectory is a real function; + - * / and the pure-Rust libm give the same bits everywhere"
)]

use dcx_model::{Qty, UnixNanos};
use dcx_stats::shortfall_left;

use super::schedule::{Schedule, Sight};

/// How much faster or slower an adaptive schedule may become.
const FASTER_MAX: f64 = 4.0;

/// A move of the price that doubles its rate where no volatility is known, in millionths.
const MOVE_PPM: u64 = 1_000;

/// The lots of `lots` that are gone with the first `due` of `of` slices. The last takes all.
pub(super) fn gone(lots: u64, urgency: u16, (due, of): (u16, u16)) -> u64 {
    if due >= of {
        return lots;
    }
    let elapsed = f64::from(due) / f64::from(of.max(1));
    let left = shortfall_left(f64::from(urgency) / 100.0, elapsed);
    taken(lots, 1.0 - left)
}

/// What should be out of an adaptive order with the slice that comes due now: the first slice of
/// the curve that begins with what is left of it, in the time that is left.
///
/// # Source
/// Almgren & Lorenz (2007), "Adaptive arrival price": faster while the price is better than on
/// arrival. Here the rate grows and falls in proportion to the gain in standard deviations.
pub(super) fn adaptive(schedule: &Schedule, sight: &Sight) -> Qty {
    let (due, of, sent, arrival) = schedule.progress();
    if due + 1 >= of {
        return sight.order_qty;
    }
    let lot = sight.lot.units().max(1);
    let left = sight.order_qty.saturating_minus(sent).units() / lot;
    let gain = gain(arrival.map(|px| px.units()), sight);
    let faster = (1.0 + gain).clamp(1.0 / FASTER_MAX, FASTER_MAX);
    let slices_left = f64::from(of - due);
    // The rate for the whole time, and of it what is left.
    let kappa_t = f64::from(schedule.terms.urgency) / 100.0 * faster;
    let kappa_left = kappa_t * slices_left / f64::from(of);
    let share = 1.0 - shortfall_left(kappa_left, 1.0 / slices_left);
    let more = taken(left, share) * lot;
    sent.plus(Qty::from_units(more)).unwrap_or(sight.order_qty)
}

/// By how many of its standard deviations the price moved in the order's favour.
fn gain(arrival: Option<i64>, sight: &Sight) -> f64 {
    let (Some(arrival), Some(mid)) = (arrival, sight.mid) else {
        return 0.0;
    };
    if arrival <= 0 {
        return 0.0;
    }
    let up = mid.units() as f64 - arrival as f64;
    let favour = if sight.buys { -up } else { up };
    let move_ppm = if sight.move_ppm == 0 {
        MOVE_PPM
    } else {
        sight.move_ppm
    };
    favour / arrival as f64 * 1e6 / move_ppm as f64
}

/// The whole lots nearest to a share from 0 to 1.
fn taken(lots: u64, share: f64) -> u64 {
    let nearest = lots as f64 * share.clamp(0.0, 1.0) + 0.5;
    (nearest as u64).min(lots)
}

/// How far the price moves over a span, by how far it moves in a day, both in millionths.
pub(super) fn move_ppm(day_ppm: u32, (from, to): (UnixNanos, UnixNanos)) -> u64 {
    let days = to.since(from).get() as f64 / 86_400e9;
    (f64::from(day_ppm) * days.sqrt()) as u64
}
