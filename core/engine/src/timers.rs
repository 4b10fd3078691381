//! What is due when: a binary heap of at most one timer for each order, from which any can leave.

use dcx_model::UnixNanos;

use crate::pool::NIL;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timer {
    due: UnixNanos,
    /// Breaks ties: of two orders due at the same time the older goes first.
    order: u64,
    slot: u32,
}

/// Timers by order slot.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: Vec<Timer>,
    /// Where in the heap a slot's timer is.
    place: Vec<u32>,
}

impl Timers {
    /// Makes room for a timer of each of `slots`. Allocates.
    pub(crate) fn grow(&mut self, slots: u32) {
        let slots = slots as usize;
        if slots > self.place.len() {
            self.place.resize(slots, NIL);
            self.heap.reserve_exact(slots - self.heap.len());
        }
    }

    /// When the first timer is due.
    pub(crate) fn next(&self) -> Option<UnixNanos> {
        self.heap.first().map(|timer| timer.due)
    }

    /// Takes out the first timer if it is due by `now`, and gives the slot it is of.
    pub(crate) fn pop(&mut self, now: UnixNanos) -> Option<u32> {
        let first = *self.heap.first()?;
        if first.due > now {
            return None;
        }
        self.cancel(first.slot);
        Some(first.slot)
    }

    /// Sets the slot's only timer.
    pub(crate) fn set(&mut self, slot: u32, order: u64, due: UnixNanos) {
        self.cancel(slot);
        assert!(
            self.heap.len() < self.place.len(),
            "a slot has one timer at most"
        );
        let at = self.heap.len();
        self.heap.push(Timer { due, order, slot });
        self.note(at);
        self.rise(at);
    }

    /// Takes out the slot's timer, if it has one.
    pub(crate) fn cancel(&mut self, slot: u32) {
        let Some(place) = self.place.get_mut(slot as usize) else {
            return;
        };
        let at = std::mem::replace(place, NIL) as usize;
        if at >= self.heap.len() {
            return;
        }
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.note(at);
            let at = self.rise(at);
            self.sink(at);
        }
    }

    /// When the slot's timer is due.
    pub(crate) fn due(&self, slot: u32) -> Option<UnixNanos> {
        let at = *self.place.get(slot as usize)?;
        self.heap.get(at as usize).map(|timer| timer.due)
    }

    fn rise(&mut self, mut at: usize) -> usize {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.heap.get(parent) <= self.heap.get(at) {
                break;
            }
            self.swap(at, parent);
            at = parent;
        }
        at
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            let right = left + 1;
            if left >= self.heap.len() {
                return;
            }
            let least = if right < self.heap.len() && self.heap.get(right) < self.heap.get(left) {
                right
            } else {
                left
            };
            if self.heap.get(at) <= self.heap.get(least) {
                return;
            }
            self.swap(at, least);
            at = least;
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        self.heap.swap(one, other);
        self.note(one);
        self.note(other);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "there are at most as many timers as slots, which are counted by a u32"
    )]
    fn note(&mut self, at: usize) {
        let slot = self.heap.get(at).map(|timer| timer.slot as usize);
        if let Some(place) = slot.and_then(|slot| self.place.get_mut(slot)) {
            *place = at as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn timers_come_out_in_order_whatever_was_set_and_cancelled() {
        let mut timers = Timers::default();
        timers.grow(50);
        let mut twin: BTreeSet<(u64, u64)> = BTreeSet::new();
        let mut draws = dcx_stats::Draws::new(2);
        for turn in 0..20_000 {
            let slot = draws.bits() % 50;
            twin.retain(|(_, other)| *other != slot);
            if draws.bits().is_multiple_of(3) {
                timers.cancel(slot as u32);
            } else {
                let due = draws.bits() % 1_000;
                timers.set(slot as u32, slot, UnixNanos::new(due));
                twin.insert((due, slot));
            }
            if turn % 7 == 0 {
                let now = draws.bits() % 300;
                let first = twin.first().copied().filter(|(due, _)| *due <= now);
                if let Some(first) = first {
                    twin.remove(&first);
                }
                let popped = timers.pop(UnixNanos::new(now));
                assert_eq!(popped.map(u64::from), first.map(|(_, slot)| slot));
            }
            let next = twin.first().map(|(due, _)| UnixNanos::new(*due));
            assert_eq!(timers.next(), next);
        }
    }

    #[test]
    fn what_is_due_moves_as_few_timers_however_many_wait() {
        // The places of the heap that are another's after one left, at worst.
        let moved = |waiting: u32| {
            let mut timers = Timers::default();
            timers.grow(waiting);
            let mut draws = dcx_stats::Draws::new(5);
            for slot in 0..waiting {
                let due = UnixNanos::new(1_000 + draws.bits() % 1_000_000_000);
                timers.set(slot, u64::from(slot), due);
            }
            let before = timers.heap.clone();
            assert_eq!(timers.pop(UnixNanos::new(999)), None);
            assert_eq!(timers.heap, before, "nothing is due: nothing is touched");
            let mut worst = 0;
            for _ in 0..100 {
                let before = timers.heap.clone();
                assert!(timers.pop(UnixNanos::new(u64::MAX)).is_some());
                let pairs = timers.heap.iter().zip(&before);
                worst = worst.max(pairs.filter(|(now, before)| now != before).count());
            }
            worst
        };
        for waiting in [1_000_u32, 10_000, 100_000] {
            let depth = waiting.ilog2() as usize + 1;
            assert!(
                moved(waiting) <= depth,
                "{waiting}: no more than the heap is deep"
            );
        }
    }
}
