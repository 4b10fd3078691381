//! Child orders by number: open addressing, preallocated.

use crate::pool::NIL;

#[derive(Clone, Copy, Debug)]
struct Place {
    number: u64,
    ix: u32,
}

const EMPTY: Place = Place { number: 0, ix: NIL };

/// A map from numbers to slots.
#[derive(Debug, Default)]
pub(crate) struct Index {
    places: Vec<Place>,
    len: usize,
}

impl Index {
    /// Makes room for `capacity` numbers. Allocates.
    pub(crate) fn grow(&mut self, capacity: u32) {
        let places = (capacity as usize * 2).next_power_of_two();
        if places <= self.places.len() {
            return;
        }
        let old = std::mem::replace(&mut self.places, vec![EMPTY; places]);
        self.len = 0;
        for place in old.into_iter().filter(|place| place.ix != NIL) {
            self.insert(place.number, place.ix);
        }
    }

    pub(crate) fn find(&self, number: u64) -> Option<u32> {
        let mut at = self.home(number);
        loop {
            let place = self.places.get(at)?;
            if place.ix == NIL {
                return None;
            }
            if place.number == number {
                return Some(place.ix);
            }
            at = (at + 1) & self.mask();
        }
    }

    /// Adds a number that is not there.
    pub(crate) fn insert(&mut self, number: u64, ix: u32) {
        assert!(
            self.len * 2 < self.places.len(),
            "the index has twice the room of its pool"
        );
        let mut at = self.home(number);
        while self.place(at).ix != NIL {
            at = (at + 1) & self.mask();
        }
        self.put(at, Place { number, ix });
        self.len += 1;
    }

    /// Removes a number that is there and closes the gap it leaves.
    pub(crate) fn remove(&mut self, number: u64) {
        let mut gap = self.home(number);
        while self.place(gap).number != number {
            assert!(
                self.place(gap).ix != NIL,
                "only a number that is there is removed"
            );
            gap = (gap + 1) & self.mask();
        }
        let mut at = gap;
        loop {
            at = (at + 1) & self.mask();
            let place = self.place(at);
            if place.ix == NIL {
                break;
            }
            let home = self.home(place.number);
            if at.wrapping_sub(home) & self.mask() >= at.wrapping_sub(gap) & self.mask() {
                self.put(gap, place);
                gap = at;
            }
        }
        self.put(gap, EMPTY);
        self.len -= 1;
    }

    /// Where a number belongs. Numbers come one after the other: sixteen in a row stay together,
    /// so that the next one is found in the cache, and a multiplicative hash spreads the blocks
    /// evenly (Knuth, vol. 3, 6.4), so that those that stay for long do not form one wall.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low bits are wanted, and masked"
    )]
    const fn home(&self, number: u64) -> usize {
        let spread = (number >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        ((spread << 4 | number & 15) as usize) & self.mask()
    }

    const fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    fn place(&self, at: usize) -> Place {
        *self
            .places
            .get(at)
            .expect("places are counted modulo the index")
    }

    fn put(&mut self, at: usize, place: Place) {
        if let Some(slot) = self.places.get_mut(at) {
            *slot = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_index_agrees_with_a_map_over_many_turns() {
        let mut index = Index::default();
        index.grow(64);
        let mut twin = BTreeMap::new();
        let mut draws = dcx_stats::Draws::new(11);
        for turn in 0..50_000_u32 {
            let number = draws.bits() % 200;
            assert_eq!(index.find(number), twin.get(&number).copied());
            if twin.remove(&number).is_some() {
                index.remove(number);
            } else if twin.len() < 64 {
                index.insert(number, turn);
                twin.insert(number, turn);
            }
        }
        index.grow(1_000);
        for (number, ix) in twin {
            assert_eq!(index.find(number), Some(ix));
        }
    }

    #[test]
    fn an_index_without_room_finds_nothing() {
        assert_eq!(Index::default().find(1), None);
    }
}
