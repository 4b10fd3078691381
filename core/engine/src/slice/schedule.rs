//! When the slices of an order are due.

use dcx_model::{Algo, NewOrder, Qty, UnixNanos};

use super::lots;
use crate::digest::Words;

/// The plan of one order: how many slices, and when.
///
/// # Source
/// Time-weighted average price: equal parts at equal distances, the optimum of Almgren & Chriss
/// (2000), section 2.2, for a trader without risk aversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    start: UnixNanos,
    end: UnixNanos,
    slices: u16,
    /// Slices that came due.
    due: u16,
}

impl Schedule {
    /// Everything, now.
    pub(crate) const AT_ONCE: Self = Self {
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        due: 0,
    };

    /// The plan of an order that comes in at `at`.
    pub(crate) fn of(order: &NewOrder, at: UnixNanos) -> Self {
        match order.algo {
            Algo::AtOnce => Self::AT_ONCE,
            Algo::Twap => Self {
                start: order.start.max(at),
                end: order.end,
                slices: order.slices,
                due: 0,
            },
        }
    }

    pub(crate) const fn is_at_once(&self) -> bool {
        self.slices == 0
    }

    /// How many slices there are; zero for an order without a schedule.
    pub(crate) const fn slices(&self) -> u16 {
        self.slices
    }

    /// How many came due.
    pub(crate) const fn slices_due(&self) -> u16 {
        self.due
    }

    /// Whether the end has come.
    pub(crate) fn is_over(&self, now: UnixNanos) -> bool {
        !self.is_at_once() && now >= self.end
    }

    /// Marks every slice that is due by `now`.
    pub(crate) fn advance(&mut self, now: UnixNanos) {
        while self.due < self.slices && self.due_at(self.due) <= now {
            self.due += 1;
        }
    }

    /// What should be filled or at venues once the slices that came due are sent.
    pub(crate) fn target(&self, order_qty: Qty, lot: Qty) -> Qty {
        if self.is_at_once() {
            order_qty
        } else {
            lots::first(order_qty, lot, self.due, self.slices)
        }
    }

    /// When the next slice is due, or the end where all were.
    pub(crate) fn next_at(&self) -> Option<UnixNanos> {
        (!self.is_at_once()).then(|| self.due_at(self.due))
    }

    /// When slice `ix` is due: evenly from the start, the end being the one after the last.
    pub(crate) fn due_at(&self, ix: u16) -> UnixNanos {
        let span = u128::from(self.end.since(self.start).get());
        let share = span * u128::from(ix.min(self.slices)) / u128::from(self.slices.max(1));
        let share = u64::try_from(share).expect("a share of a span is within it");
        self.start.plus(dcx_model::Nanos::new(share))
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.start.get());
        words.u64(self.end.get());
        words.u64(u64::from(self.slices) << 16 | u64::from(self.due));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(start: u64, end: u64, slices: u16) -> Schedule {
        Schedule {
            start: UnixNanos::new(start),
            end: UnixNanos::new(end),
            slices,
            due: 0,
        }
    }

    #[test]
    fn slices_are_due_evenly_and_the_end_comes_after_the_last() {
        let plan = schedule(100, 200, 4);
        let times: Vec<u64> = (0..=4).map(|ix| plan.due_at(ix).get()).collect();
        assert_eq!(times, [100, 125, 150, 175, 200]);
    }

    #[test]
    fn slices_that_were_missed_come_due_together() {
        let mut plan = schedule(100, 200, 4);
        plan.advance(UnixNanos::new(99));
        assert_eq!(plan.slices_due(), 0);
        plan.advance(UnixNanos::new(160));
        assert_eq!(plan.slices_due(), 3);
        let (qty, lot) = (Qty::from_units(40), Qty::from_units(1));
        assert_eq!(plan.target(qty, lot), Qty::from_units(30));
        assert_eq!(plan.next_at(), Some(UnixNanos::new(175)));
        plan.advance(UnixNanos::new(u64::MAX));
        assert_eq!(plan.target(qty, lot), qty);
        assert_eq!(plan.next_at(), Some(UnixNanos::new(200)));
        assert!(plan.is_over(UnixNanos::new(200)) && !plan.is_over(UnixNanos::new(199)));
    }

    #[test]
    fn an_order_without_a_schedule_wants_everything_now() {
        let plan = Schedule::AT_ONCE;
        assert_eq!(
            plan.target(Qty::from_units(7), Qty::from_units(2)),
            Qty::from_units(7)
        );
        assert_eq!(plan.next_at(), None);
        assert!(!plan.is_over(UnixNanos::new(u64::MAX)));
    }

    #[test]
    fn a_span_of_centuries_does_not_overflow() {
        let plan = schedule(1, u64::MAX, 1_000);
        assert_eq!(plan.due_at(1_000), UnixNanos::new(u64::MAX));
    }
}
