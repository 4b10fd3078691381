//! How good a choice of venue was, once its child order has ended.

use dcx_model::{Nanos, Notional, Qty, Side};

/// The reward of one choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reward {
    /// Minus what the choice cost, in basis points of the order, within ±[`BOUND_BPS`].
    pub(crate) bps: f64,
    /// Slippage of the filled part against the mid at the decision, in basis points; positive is
    /// a cost. None where nothing was filled or there was no mid.
    pub(crate) slippage_bps: Option<f64>,
}

/// What is known of a child order when it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) side: Side,
    pub(crate) order_qty: Qty,
    pub(crate) cum_qty: Qty,
    pub(crate) cum_notional: Notional,
    /// Best bid plus best offer at the decision; zero if there was none.
    pub(crate) mid_twice: i128,
    pub(crate) fee_centi_bps: i32,
    pub(crate) rejected: bool,
    /// Whether we cancelled it: then that it was not filled is not the venue's doing.
    pub(crate) cancelled_by_us: bool,
    /// From sending it to the venue's first answer; none without an answer.
    pub(crate) ack: Option<Nanos>,
}

/// No reward is beyond this, so that one broken print cannot outweigh a day.
const BOUND_BPS: f64 = 50.0;
/// A refusal costs as much as this: the price has moved when the next venue is asked.
const REJECT_BPS: f64 = 5.0;
/// What is not filled costs as much as this, for the same reason.
const UNFILLED_BPS: f64 = 2.0;
/// A millisecond of waiting for the first answer costs as much as this.
const ACK_BPS_PER_MS: f64 = 0.01;
/// Waiting beyond this costs no more.
const ACK_MS_MAX: f64 = 100.0;

impl Outcome {
    /// The reward, or none where the outcome says nothing about the venue: nothing was filled
    /// because we cancelled.
    pub(crate) fn reward(&self) -> Option<Reward> {
        let filled = share(self.cum_qty, self.order_qty);
        if self.cancelled_by_us && self.cum_qty.is_zero() {
            return None;
        }
        let slippage_bps = self.slippage_bps();
        let fee_bps = f64::from(self.fee_centi_bps) / 100.0;
        let mut cost = filled * (slippage_bps.unwrap_or(0.0) + fee_bps);
        if self.rejected {
            cost += REJECT_BPS;
        } else if !self.cancelled_by_us {
            cost += (1.0 - filled) * UNFILLED_BPS;
        }
        if let Some(ack) = self.ack {
            cost += ACK_BPS_PER_MS * (float(i128::from(ack.get())) / 1e6).min(ACK_MS_MAX);
        }
        Some(Reward {
            bps: (-cost).clamp(-BOUND_BPS, BOUND_BPS),
            slippage_bps,
        })
    }

    fn slippage_bps(&self) -> Option<f64> {
        if self.cum_qty.is_zero() || self.mid_twice <= 0 {
            return None;
        }
        let paid = float(self.cum_notional.units()) / float(i128::from(self.cum_qty.units()));
        let mid = float(self.mid_twice) / 2.0;
        let worse = match self.side {
            Side::Buy => paid - mid,
            Side::Sell => mid - paid,
        };
        Some(worse / mid * 1e4)
    }
}

/// How much of `whole` a part is, from 0 to 1.
fn share(part: Qty, whole: Qty) -> f64 {
    if whole.is_zero() {
        return 0.0;
    }
    (float(i128::from(part.units())) / float(i128::from(whole.units()))).min(1.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a reward needs no more than the 53 bits of an f64; the rounding is IEEE's"
)]
const fn float(units: i128) -> f64 {
    units as f64
}

#[cfg(test)]
mod tests {
    use dcx_model::Price;

    use super::*;

    fn filled(side: Side, px: i64) -> Outcome {
        let qty = Qty::whole(10);
        Outcome {
            side,
            order_qty: qty,
            cum_qty: qty,
            cum_notional: Price::from_units(px).times(qty),
            mid_twice: 20_000,
            fee_centi_bps: 0,
            rejected: false,
            cancelled_by_us: false,
            ack: None,
        }
    }

    fn bps(outcome: Outcome) -> f64 {
        outcome.reward().unwrap().bps
    }

    #[test]
    fn paying_above_the_mid_costs_and_so_does_selling_below() {
        assert!((bps(filled(Side::Buy, 10_001)) + 1.0).abs() < 1e-9);
        assert!((bps(filled(Side::Sell, 9_999)) + 1.0).abs() < 1e-9);
        assert!((bps(filled(Side::Sell, 10_001)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn fees_waiting_refusals_and_what_is_left_cost() {
        let mut outcome = filled(Side::Buy, 10_000);
        outcome.fee_centi_bps = 30;
        assert!((bps(outcome) + 0.3).abs() < 1e-9);
        outcome.ack = Some(Nanos::from_millis(10));
        assert!((bps(outcome) + 0.4).abs() < 1e-9);
        outcome.cum_qty = Qty::ZERO;
        outcome.ack = None;
        assert!((bps(outcome) + UNFILLED_BPS).abs() < 1e-9);
        outcome.rejected = true;
        assert!((bps(outcome) + REJECT_BPS).abs() < 1e-9);
    }

    #[test]
    fn what_we_cancelled_says_nothing_about_the_venue() {
        let mut outcome = filled(Side::Buy, 10_000);
        outcome.cancelled_by_us = true;
        assert!(outcome.reward().is_some(), "its fills do");
        outcome.cum_qty = Qty::ZERO;
        assert_eq!(outcome.reward(), None);
    }

    #[test]
    fn a_broken_print_is_bounded() {
        assert!((bps(filled(Side::Buy, 1_000_000)) + BOUND_BPS).abs() < 1e-9);
    }
}
