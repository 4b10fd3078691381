//! How much may go to venues that are not believed best.

use dcx_model::{Notional, Price, SCALE, UnixNanos};

use crate::digest::Words;
use crate::risk::SECONDS_PER_DAY;

/// Notional of the day, in units of 10⁻¹⁶ of the firm's currency.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    day: u64,
    /// Sent to venues, all of it.
    total: i128,
    /// Sent to venues that were not believed best.
    explored: i128,
}

/// Everything, in millionths.
pub(crate) const WHOLE_PPM: u32 = 1_000_000;

impl Budget {
    /// Begins a new day if it is another. A day begins at `day_start_s` of the UTC day.
    pub(crate) fn roll(&mut self, now: UnixNanos, day_start_s: u32) {
        let seconds = now.seconds().saturating_sub(u64::from(day_start_s));
        let day = seconds / u64::from(SECONDS_PER_DAY);
        if day != self.day {
            *self = Self {
                day,
                ..Self::default()
            };
        }
    }

    /// Whether an order of this worth may go anywhere, so that what did never exceeds its share
    /// of the day. An order whose worth is not known may not, unless there is no bound.
    pub(crate) fn allows(&self, worth: Option<i128>, share_ppm: u32) -> bool {
        if share_ppm >= WHOLE_PPM {
            return true;
        }
        worth.is_some_and(|worth| {
            let explored = self.explored.saturating_add(worth);
            let total = self.total.saturating_add(worth);
            explored / i128::from(WHOLE_PPM) < total / i128::from(WHOLE_PPM)
                && explored <= total / i128::from(WHOLE_PPM) * i128::from(share_ppm)
        })
    }

    /// Counts an order.
    pub(crate) fn count(&mut self, worth: i128, explored: bool) {
        self.total = self.total.saturating_add(worth);
        if explored {
            self.explored = self.explored.saturating_add(worth);
        }
    }

    /// What was sent today, and how much of it to venues that were not believed best.
    pub(crate) const fn spent(&self) -> (i128, i128) {
        (self.total, self.explored)
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.day);
        words.i128(self.total);
        words.i128(self.explored);
    }
}

/// What a notional is worth in the firm's currency, in units of 10⁻¹⁶.
pub(crate) fn worth(notional: Notional, multiplier: Price) -> i128 {
    let units = notional.units().saturating_abs() / i128::from(SCALE);
    units.saturating_mul(i128::from(multiplier.units()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_explores_never_exceeds_its_share_of_the_day() {
        let mut draws = dcx_stats::Draws::new(8);
        for share_ppm in [0, 10_000, 50_000, 999_999] {
            let mut budget = Budget::default();
            let mut refused = 0;
            for _ in 0..10_000 {
                let worth = i128::from(draws.bits() >> 20) * 1_000_000;
                let explores = draws.bits().is_multiple_of(2);
                let allowed = budget.allows(Some(worth), share_ppm);
                refused += u32::from(!allowed);
                budget.count(worth, explores && allowed);
                let (total, explored) = budget.spent();
                assert!(explored * 1_000_000 <= total * i128::from(share_ppm));
            }
            assert!(refused > 0 && (share_ppm == 0 || budget.spent().1 > 0));
        }
    }

    #[test]
    fn a_new_day_begins_with_nothing_spent() {
        let mut budget = Budget::default();
        budget.roll(UnixNanos::from_seconds(100_000), 0);
        budget.count(50, true);
        budget.roll(UnixNanos::from_seconds(172_799), 0);
        assert_eq!(budget.spent(), (50, 50));
        budget.roll(UnixNanos::from_seconds(172_800), 0);
        assert_eq!(budget.spent(), (0, 0));
    }

    #[test]
    fn an_order_of_unknown_worth_goes_where_it_is_believed_best() {
        assert!(!Budget::default().allows(None, 500_000));
        assert!(Budget::default().allows(None, WHOLE_PPM));
    }
}
