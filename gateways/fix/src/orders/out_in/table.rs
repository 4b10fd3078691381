//! A map from numbers of ours to plain values: open addressing, preallocated.

/// A value with its number; zero in a place that is free.
pub(super) trait Keyed: Copy + Default {
    fn key(&self) -> u64;
}

/// Values by their numbers.
#[derive(Debug)]
pub(super) struct Table<V> {
    /// A power of two of places, at most half of them taken.
    places: Vec<V>,
    len: usize,
}

impl<V: Keyed> Table<V> {
    pub(super) fn with_room_for(count: usize) -> Self {
        let places = count.max(8).next_power_of_two() * 2;
        Self {
            places: vec![V::default(); places],
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether one value more makes it grow.
    pub(super) const fn is_full(&self) -> bool {
        self.len >= self.places.len() / 2
    }

    /// Where a number is looked for first. Numbers are given in sequence: four in a row are
    /// neighbours, and runs that live long are scattered.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only the low bits are used"
    )]
    fn home(&self, key: u64) -> usize {
        let hash = (key >> 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        (((hash << 2) | (key & 3)) as usize) & (self.places.len() - 1)
    }

    /// Where a number is, or the free place where it would be.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let mut at = self.home(key);
        loop {
            let there = self.places[at].key();
            if there == key || there == 0 {
                return at;
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        let value = &self.places[self.place(key)];
        (key != 0 && value.key() == key).then_some(value)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let at = self.place(key);
        let value = &mut self.places[at];
        (key != 0 && value.key() == key).then_some(value)
    }

    /// The value of `key`, or a place for it, which the caller must fill with a value of that key.
    #[inline]
    pub(super) fn entry(&mut self, key: u64) -> &mut V {
        let mut at = self.place(key);
        if self.places[at].key() != key {
            if self.is_full() {
                self.grow();
                at = self.place(key);
            }
            self.len += 1;
        }
        &mut self.places[at]
    }

    #[cold]
    fn grow(&mut self) {
        let doubled = vec![V::default(); self.places.len() * 2];
        for value in std::mem::replace(&mut self.places, doubled) {
            if value.key() != 0 {
                let at = self.place(value.key());
                self.places[at] = value;
            }
        }
    }

    /// Takes a value out and closes the gap, so that a search still ends at the first free place.
    pub(super) fn remove(&mut self, key: u64) {
        let mut gap = self.place(key);
        if key == 0 || self.places[gap].key() != key {
            return;
        }
        self.len -= 1;
        let mask = self.places.len() - 1;
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let value = self.places[at];
            if value.key() == 0 {
                break;
            }
            // It may stay if its search begins behind the gap.
            let from_home = at.wrapping_sub(self.home(value.key())) & mask;
            let from_gap = at.wrapping_sub(gap) & mask;
            if from_home >= from_gap {
                self.places[gap] = value;
                gap = at;
            }
        }
        self.places[gap] = V::default();
    }

    /// All values that are wanted. Allocates, and looks at every place.
    pub(super) fn select(&self, wanted: impl Fn(&V) -> bool) -> Vec<V> {
        let taken = self.places.iter().filter(|value| value.key() != 0);
        taken.filter(|value| wanted(value)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    struct Pair(u64, u64);

    impl Keyed for Pair {
        fn key(&self) -> u64 {
            self.0
        }
    }

    proptest::proptest! {
        #[test]
        fn it_holds_what_a_map_holds(
            steps in proptest::collection::vec((proptest::bool::weighted(0.6), 1_u64..200, 0_u64..9), 0..600),
        ) {
            let mut table = Table::with_room_for(4);
            let mut map = BTreeMap::new();
            for (put, key, value) in steps {
                if put {
                    *table.entry(key) = Pair(key, value);
                    map.insert(key, value);
                } else {
                    table.remove(key);
                    map.remove(&key);
                }
                assert_eq!(table.len(), map.len());
                for key in 0..200 {
                    assert_eq!(table.get(key).map(|pair| pair.1), map.get(&key).copied());
                }
            }
        }
    }
}
