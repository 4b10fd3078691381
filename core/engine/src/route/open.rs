//! Choices whose rewards have not come: those of children that work, and those of children that
//! ended and whose markout is waited for.

use std::collections::VecDeque;

use dcx_model::{ChildId, InstrumentId, Side, UnixNanos, VenueId};

use super::{Choice, Context, Reward, digest_float};
use crate::digest::Words;
use crate::pool::NIL;

/// A choice whose child order works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Open {
    /// The child; zero where the place is free.
    pub(crate) child: ChildId,
    pub(crate) number: u64,
    pub(crate) sent_at: UnixNanos,
    pub(crate) share: f32,
    pub(crate) context: Context,
    pub(crate) explored: bool,
    pub(crate) touch_bps: f32,
}

impl Open {
    const NONE: Self = Self {
        child: ChildId::new(0),
        number: 0,
        sent_at: UnixNanos::ZERO,
        share: 0.0,
        context: Context::PLAIN,
        explored: false,
        touch_bps: 0.0,
    };

    /// The choice that it was.
    pub(crate) const fn choice(&self, venue: VenueId) -> Choice {
        Choice {
            venue,
            number: self.number,
            context: self.context,
            share: self.share,
            explored: self.explored,
            touch_bps: self.touch_bps,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    open: Open,
    prev: u32,
    next: u32,
}

const FREE: Place = Place {
    open: Open::NONE,
    prev: NIL,
    next: NIL,
};

/// Choices of children that work, by the child's slot, oldest first.
#[derive(Debug)]
pub(crate) struct Working {
    places: Vec<Place>,
    head: u32,
    tail: u32,
}

impl Default for Working {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            head: NIL,
            tail: NIL,
        }
    }
}

impl Working {
    /// Makes room for `children`. Allocates.
    pub(crate) fn grow(&mut self, children: u32) {
        if children as usize > self.places.len() {
            self.places.resize(children as usize, FREE);
        }
    }

    /// Keeps the choice of the child at `slot`.
    pub(crate) fn open(&mut self, slot: u32, open: Open) {
        self.take(slot);
        let prev = self.tail;
        let Some(place) = self.places.get_mut(slot as usize) else {
            return;
        };
        *place = Place {
            open,
            prev,
            next: NIL,
        };
        self.tail = slot;
        match self.places.get_mut(prev as usize) {
            Some(before) => before.next = slot,
            None => self.head = slot,
        }
    }

    /// Takes out the choice of the child at `slot`; none where it is not waited for any more.
    pub(crate) fn take(&mut self, slot: u32) -> Option<Open> {
        let place = self.places.get_mut(slot as usize)?;
        let Place { open, prev, next } = std::mem::replace(place, FREE);
        if open.child == ChildId::new(0) {
            return None;
        }
        match self.places.get_mut(prev as usize) {
            Some(before) => before.next = next,
            None => self.head = next,
        }
        match self.places.get_mut(next as usize) {
            Some(after) => after.prev = prev,
            None => self.tail = prev,
        }
        Some(open)
    }

    /// The slot of the oldest choice, and when it was made.
    pub(crate) fn oldest(&self) -> Option<(u32, UnixNanos)> {
        let place = self.places.get(self.head as usize)?;
        Some((self.head, place.open.sent_at))
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        let mut at = self.head;
        while let Some(place) = self.places.get(at as usize) {
            let open = &place.open;
            words.u64(open.child.get());
            words.u64(open.number);
            words.u64(open.sent_at.get());
            words.u64(u64::from(open.share.to_bits()) << 32 | u64::from(open.context.bits()));
            words.u64(u64::from(open.touch_bps.to_bits()) << 1 | u64::from(open.explored));
            at = place.next;
        }
        words.finish()
    }
}

/// A choice whose child order has ended and whose markout is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settling {
    pub(crate) child: ChildId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) choice: Choice,
    pub(crate) reward: Reward,
    /// Bid plus offer when it ended; zero if there was none.
    pub(crate) mid_twice: i64,
    /// When the mid is looked at.
    pub(crate) due: UnixNanos,
    /// When it is given up.
    pub(crate) limit: UnixNanos,
}

/// Choices that wait for their markout, earliest first.
#[derive(Debug, Default)]
pub(crate) struct Markouts {
    waiting: VecDeque<Settling>,
}

/// Children that may wait for their markout at the same time.
const WAITING_MAX: usize = 1 << 16;

impl Markouts {
    /// Makes room. Allocates.
    pub(crate) fn grow(&mut self) {
        self.waiting.reserve_exact(WAITING_MAX - self.waiting.len());
    }

    /// Has one wait; gives back the one that has waited longest where there is no room.
    pub(crate) fn wait(&mut self, settling: Settling) -> Option<Settling> {
        let full = self.waiting.len() >= WAITING_MAX.min(self.waiting.capacity());
        let displaced = if full { self.waiting.pop_front() } else { None };
        if self.waiting.len() < self.waiting.capacity() {
            self.waiting.push_back(settling);
            displaced
        } else {
            Some(settling)
        }
    }

    /// When the first is to be looked at.
    pub(crate) fn due(&self) -> Option<UnixNanos> {
        self.waiting.front().map(|settling| settling.due)
    }

    /// Takes out the first if it is due by `now`.
    pub(crate) fn pop(&mut self, now: UnixNanos) -> Option<Settling> {
        self.waiting.pop_front_if(|settling| settling.due <= now)
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        for settling in &self.waiting {
            words.u64(settling.child.get());
            words.u64(u64::from(settling.instrument.get()) << 8 | u64::from(settling.side.wire()));
            words.u64(settling.choice.number);
            let touch = u64::from(settling.choice.touch_bps.to_bits());
            words.u64(touch << 8 | u64::from(settling.choice.venue.get()));
            words.u64(settling.mid_twice.cast_unsigned());
            words.u64(settling.due.get());
            words.u64(settling.limit.get());
            digest_float(&mut words, settling.reward.bps);
        }
        words.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(child: u64) -> Open {
        Open {
            child: ChildId::new(child),
            sent_at: UnixNanos::new(child),
            ..Open::NONE
        }
    }

    #[test]
    fn choices_wait_in_order_whoever_leaves() {
        let mut working = Working::default();
        working.grow(8);
        let mut twin: Vec<(u32, u64)> = Vec::new();
        let mut draws = dcx_stats::Draws::new(3);
        for child in 1..5_000 {
            let slot = (draws.bits() % 8) as u32;
            if draws.bits().is_multiple_of(3) {
                let taken = working.take(slot).map(|open| open.child.get());
                let at = twin.iter().position(|(other, _)| *other == slot);
                assert_eq!(taken, at.map(|at| twin.remove(at).1));
            } else {
                twin.retain(|(other, _)| *other != slot);
                twin.push((slot, child));
                working.open(slot, open(child));
            }
            let oldest = twin
                .first()
                .map(|(slot, child)| (*slot, UnixNanos::new(*child)));
            assert_eq!(working.oldest(), oldest);
        }
    }
}
