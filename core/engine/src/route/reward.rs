//! How good a choice of venue was, once its child order has ended.

use dcx_model::{Nanos, Notional, Qty, RoutingRules, Side};

/// The reward of one choice, with everything that it was made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reward {
    /// Minus what the choice cost, in basis points of the order, within ±50.
    pub bps: f64,
    /// What was ordered.
    pub order_qty: Qty,
    /// What was filled.
    pub cum_qty: Qty,
    /// Part of the order that was filled, from 0 to 1.
    pub filled: f64,
    /// Slippage of the filled part against the mid at the decision, in basis points; positive is
    /// a cost. None where nothing was filled or there was no mid.
    pub slippage_bps: Option<f64>,
    /// Move of the mid after the order's end, in basis points; positive is in our favour. None
    /// where it was not looked at.
    pub markout_bps: Option<f64>,
    /// Fee, in basis points of what was filled.
    pub fee_bps: f64,
    /// From sending it to the venue's first answer; none without an answer.
    pub ack: Option<Nanos>,
    /// Whether the venue refused it.
    pub rejected: bool,
    /// Whether we cancelled it: then that it was not filled is not the venue's doing.
    pub cancelled_by_us: bool,
}

impl Reward {
    /// A reward of so many basis points for an order that was filled whole.
    #[must_use]
    pub const fn of_bps(bps: f64) -> Self {
        Self {
            bps,
            order_qty: Qty::ZERO,
            cum_qty: Qty::ZERO,
            filled: 1.0,
            slippage_bps: None,
            markout_bps: None,
            fee_bps: 0.0,
            ack: None,
            rejected: false,
            cancelled_by_us: false,
        }
    }

    /// The reward within its bounds, whoever made it: what is no number is the worst.
    pub(super) const fn bounded_bps(&self) -> f64 {
        self.bps.max(-BOUND_BPS).min(BOUND_BPS)
    }

    /// The share that was filled, from 0 to 1, whoever made it.
    pub(super) const fn bounded_filled(&self) -> f64 {
        self.filled.max(0.0).min(1.0)
    }

    /// The reward from 0, a cost of `range_bps` or more, to 1, no cost.
    #[must_use]
    pub fn unit(&self, range_bps: f64) -> f64 {
        if range_bps > 0.0 {
            (1.0 + self.bounded_bps() / range_bps).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// What the components of a reward weigh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    slippage: f64,
    fee: f64,
    markout: f64,
    /// A refusal costs as much as this: the price has moved when the next venue is asked.
    reject_bps: f64,
    /// What is not filled costs as much as this, for the same reason.
    unfilled_bps: f64,
    /// A millisecond of waiting for the first answer costs as much as this.
    ack_bps_per_ms: f64,
}

impl Weights {
    /// The weights of these rules.
    #[must_use]
    pub fn new(rules: &RoutingRules) -> Self {
        Self {
            slippage: f64::from(rules.slippage_milli) / 1e3,
            fee: f64::from(rules.fee_milli) / 1e3,
            markout: f64::from(rules.markout_milli) / 1e3,
            reject_bps: f64::from(rules.reject_centi_bps) / 100.0,
            unfilled_bps: f64::from(rules.unfilled_centi_bps) / 100.0,
            ack_bps_per_ms: f64::from(rules.ack_centi_bps_per_s) / 100.0 / 1e3,
        }
    }
}

impl Weights {
    /// What these best prices of all venues cost against their mid, as a reward weighs it: half
    /// the spread, whichever the side.
    pub(crate) fn touch_bps(&self, bid: i64, ask: i64) -> f32 {
        let (bid, ask) = (float(i128::from(bid)), float(i128::from(ask)));
        let mid_twice = bid + ask;
        if mid_twice > 0.0 {
            super::rounded(self.slippage * 1e4 * (ask - bid) / mid_twice)
        } else {
            0.0
        }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::new(&RoutingRules::DEFAULT)
    }
}

/// What is known of a child order when it has ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// `Side` (54).
    pub side: Side,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// What was paid for it.
    pub cum_notional: Notional,
    /// Best bid plus best offer at the decision; zero if there was none.
    pub mid_twice: i64,
    /// Fee in hundredths of a basis point.
    pub fee_centi_bps: i32,
    /// Whether the venue refused it.
    pub rejected: bool,
    /// Whether we cancelled it: then that it was not filled is not the venue's doing.
    pub cancelled_by_us: bool,
    /// From sending it to the venue's first answer; none without an answer.
    pub ack: Option<Nanos>,
}

/// No reward is beyond this, so that one broken print cannot outweigh a day.
const BOUND_BPS: f64 = 50.0;
/// Waiting beyond this costs no more.
const ACK_MS_MAX: f64 = 100.0;

impl Outcome {
    /// The components of the reward, and what they come to without a markout.
    #[must_use]
    pub fn reward(&self, weights: &Weights) -> Reward {
        let mut reward = Reward {
            bps: 0.0,
            order_qty: self.order_qty,
            cum_qty: self.cum_qty,
            filled: share(self.cum_qty, self.order_qty),
            slippage_bps: self.slippage_bps(),
            markout_bps: None,
            fee_bps: f64::from(self.fee_centi_bps) / 100.0,
            ack: self.ack,
            rejected: self.rejected,
            cancelled_by_us: self.cancelled_by_us,
        };
        reward.bps = reward.weighed(weights);
        reward
    }

    fn slippage_bps(&self) -> Option<f64> {
        if self.cum_qty.is_zero() || self.mid_twice <= 0 {
            return None;
        }
        let paid = float(self.cum_notional.units()) / float(i128::from(self.cum_qty.units()));
        let mid = float(i128::from(self.mid_twice)) / 2.0;
        let worse = match self.side {
            Side::Buy => paid - mid,
            Side::Sell => mid - paid,
        };
        Some(worse / mid * 1e4)
    }
}

impl Reward {
    /// Whether it says something about the venue: not where nothing was filled because we
    /// cancelled.
    #[must_use]
    pub const fn says_something(&self) -> bool {
        !self.cancelled_by_us || !self.cum_qty.is_zero()
    }

    /// The reward once it is known how the mid moved: from `before` to `after`, both bid plus
    /// offer.
    #[must_use]
    pub fn with_markout(mut self, side: Side, before: i64, after: i64, weights: &Weights) -> Self {
        if before > 0 && after > 0 {
            let (before, after) = (float(i128::from(before)), float(i128::from(after)));
            let moved = (after - before) / before * 1e4;
            self.markout_bps = Some(match side {
                Side::Buy => moved,
                Side::Sell => -moved,
            });
            self.bps = self.weighed(weights);
        }
        self
    }

    fn weighed(&self, weights: &Weights) -> f64 {
        let slippage_bps = self.slippage_bps.unwrap_or(0.0);
        let adverse_bps = (-self.markout_bps.unwrap_or(0.0)).max(0.0);
        let mut cost = self.filled
            * (weights.slippage * slippage_bps
                + weights.fee * self.fee_bps
                + weights.markout * adverse_bps);
        if self.rejected {
            cost += weights.reject_bps;
        } else if !self.cancelled_by_us {
            cost += (1.0 - self.filled) * weights.unfilled_bps;
        }
        if let Some(ack) = self.ack {
            let ms = (float(i128::from(ack.get())) / 1e6).min(ACK_MS_MAX);
            cost += weights.ack_bps_per_ms * ms;
        }
        (-cost).clamp(-BOUND_BPS, BOUND_BPS)
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
        outcome.reward(&Weights::default()).bps
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
        assert!((bps(outcome) + 2.0).abs() < 1e-9);
        outcome.rejected = true;
        assert!((bps(outcome) + 5.0).abs() < 1e-9);
    }

    #[test]
    fn a_mid_that_moves_against_the_fill_costs_and_one_that_moves_with_it_gains_nothing() {
        let weights = Weights::default();
        let bought = filled(Side::Buy, 10_000).reward(&weights);
        let fell = bought.with_markout(Side::Buy, 20_000, 19_980, &weights);
        assert!((fell.bps + 10.0).abs() < 1e-9);
        assert!(
            fell.markout_bps
                .is_some_and(|bps| (bps + 10.0).abs() < 1e-9)
        );
        let rose = bought.with_markout(Side::Buy, 20_000, 20_020, &weights);
        assert!(rose.bps.abs() < 1e-9);
        let sold = filled(Side::Sell, 10_000).reward(&weights);
        let rose = sold.with_markout(Side::Sell, 20_000, 20_020, &weights);
        assert!((rose.bps + 10.0).abs() < 1e-9);
        let unknown = bought.with_markout(Side::Buy, 20_000, 0, &weights);
        assert_eq!(unknown.markout_bps, None);
    }

    #[test]
    fn what_we_cancelled_says_nothing_about_the_venue() {
        let mut outcome = filled(Side::Buy, 10_000);
        outcome.cancelled_by_us = true;
        let reward = |outcome: Outcome| outcome.reward(&Weights::default());
        assert!(reward(outcome).says_something(), "its fills do");
        outcome.cum_qty = Qty::ZERO;
        assert!(!reward(outcome).says_something());
    }

    #[test]
    fn a_broken_print_is_bounded() {
        assert!((bps(filled(Side::Buy, 1_000_000)) + BOUND_BPS).abs() < 1e-9);
    }

    #[test]
    fn a_unit_reward_is_one_without_cost_and_none_at_the_range() {
        let unit = |bps| Reward::of_bps(bps).unit(20.0);
        assert_eq!((unit(0.0), unit(-20.0), unit(-40.0)), (1.0, 0.0, 0.0));
        assert_eq!((unit(3.0), unit(-5.0)), (1.0, 0.75));
        assert_eq!(Reward::of_bps(0.0).unit(0.0), 0.0);
    }
}
