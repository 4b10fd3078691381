//! Things in preallocated slots, named by index and generation, and lists threaded through them.

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;

/// The name of a thing in a [`Pool`]. A slot that is used again has another generation, so a name
/// that outlives its thing finds nothing instead of a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) ix: u32,
    generation: u32,
}

impl Key {
    /// The name of nothing.
    pub(crate) const NONE: Self = Self {
        ix: NIL,
        generation: 0,
    };
}

#[derive(Debug)]
struct Slot<T> {
    /// Odd while the slot is in use.
    generation: u32,
    /// The next free slot while it is not.
    next_free: u32,
    value: T,
}

/// Up to `capacity` things, all made at once.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    slots: Vec<Slot<T>>,
    free: u32,
    len: u32,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: NIL,
            len: 0,
        }
    }
}

impl<T> Pool<T> {
    /// Makes room for `capacity` things in all; never less than there is. Allocates.
    pub(crate) fn grow(&mut self, capacity: u32, empty: impl Fn() -> T) {
        let from = self.capacity();
        self.slots
            .reserve_exact(capacity.saturating_sub(from) as usize);
        for ix in from..capacity {
            let next_free = if ix + 1 < capacity { ix + 1 } else { self.free };
            self.slots.push(Slot {
                generation: 0,
                next_free,
                value: empty(),
            });
        }
        if from < capacity {
            self.free = from;
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "grow takes the capacity as a u32"
    )]
    pub(crate) const fn capacity(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    /// Keeps `value`, or gives it back where there is no room.
    pub(crate) fn insert(&mut self, value: T) -> Option<Key> {
        let ix = self.free;
        let slot = self.slots.get_mut(ix as usize)?;
        self.free = slot.next_free;
        slot.generation = slot.generation.wrapping_add(1);
        slot.value = value;
        self.len += 1;
        Some(Key {
            ix,
            generation: slot.generation,
        })
    }

    /// Frees a slot in use.
    pub(crate) fn remove(&mut self, ix: u32) {
        let free = self.free;
        let slot = self.slot_mut(ix);
        slot.generation = slot.generation.wrapping_add(1);
        slot.next_free = free;
        self.free = ix;
        self.len -= 1;
    }

    /// The index of the thing of this name, if it is still there.
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let slot = self.slots.get(key.ix as usize)?;
        (slot.generation == key.generation && slot.generation & 1 == 1).then_some(key.ix)
    }

    /// The name of the thing at `ix`.
    pub(crate) fn key(&self, ix: u32) -> Key {
        let generation = self
            .slots
            .get(ix as usize)
            .map_or(0, |slot| slot.generation);
        Key { ix, generation }
    }

    /// The thing at `ix`.
    ///
    /// # Panics
    /// When the slot is free: an index is kept only as long as its thing.
    pub(crate) fn at(&self, ix: u32) -> &T {
        let slot = self
            .slots
            .get(ix as usize)
            .filter(|s| s.generation & 1 == 1);
        &slot
            .expect("an index is kept only as long as its thing")
            .value
    }

    /// The thing at `ix`, to change.
    ///
    /// # Panics
    /// When the slot is free.
    pub(crate) fn at_mut(&mut self, ix: u32) -> &mut T {
        &mut self.slot_mut(ix).value
    }

    /// All things, in the order of their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots
            .iter()
            .filter(|slot| slot.generation & 1 == 1)
            .map(|slot| &slot.value)
    }

    fn slot_mut(&mut self, ix: u32) -> &mut Slot<T> {
        let slot = self.slots.get_mut(ix as usize);
        slot.filter(|slot| slot.generation & 1 == 1)
            .expect("an index is kept only as long as its thing")
    }
}

/// A thing's neighbours in one list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) prev: u32,
    pub(crate) next: u32,
}

impl Link {
    /// Of a thing that is in no list.
    pub(crate) const NONE: Self = Self {
        prev: NIL,
        next: NIL,
    };
}

/// A first-in-first-out list of things in a pool; any of them can leave in O(1).
///
/// `link` says which of a thing's links the list runs through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    head: u32,
    tail: u32,
    len: u32,
}

impl Default for List {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl List {
    pub(crate) const EMPTY: Self = Self {
        head: NIL,
        tail: NIL,
        len: 0,
    };

    pub(crate) const fn head(&self) -> u32 {
        self.head
    }

    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn push_back<T>(
        &mut self,
        pool: &mut Pool<T>,
        ix: u32,
        link: impl Fn(&mut T) -> &mut Link,
    ) {
        *link(pool.at_mut(ix)) = Link {
            prev: self.tail,
            next: NIL,
        };
        if self.tail == NIL {
            self.head = ix;
        } else {
            link(pool.at_mut(self.tail)).next = ix;
        }
        self.tail = ix;
        self.len += 1;
    }

    pub(crate) fn remove<T>(
        &mut self,
        pool: &mut Pool<T>,
        ix: u32,
        link: impl Fn(&mut T) -> &mut Link,
    ) {
        let Link { prev, next } = std::mem::replace(link(pool.at_mut(ix)), Link::NONE);
        if prev == NIL {
            self.head = next;
        } else {
            link(pool.at_mut(prev)).next = next;
        }
        if next == NIL {
            self.tail = prev;
        } else {
            link(pool.at_mut(next)).prev = prev;
        }
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Thing {
        number: u32,
        link: Link,
    }

    fn thing(number: u32) -> Thing {
        Thing {
            number,
            link: Link::NONE,
        }
    }

    #[test]
    fn a_name_that_outlives_its_thing_finds_nothing() {
        let mut pool = Pool::default();
        pool.grow(1, || thing(0));
        let first = pool.insert(thing(1)).unwrap();
        assert!(pool.insert(thing(2)).is_none(), "no room");
        pool.remove(first.ix);
        let second = pool.insert(thing(3)).unwrap();
        assert_eq!(pool.find(first), None);
        assert_eq!(pool.find(second), Some(second.ix));
        assert_eq!(pool.find(Key::NONE), None);
        assert_eq!(pool.at(second.ix).number, 3);
    }

    #[test]
    fn a_pool_that_grows_keeps_what_it_has() {
        let mut pool = Pool::default();
        pool.grow(2, || thing(0));
        let keys = [1, 2].map(|n| pool.insert(thing(n)).unwrap());
        pool.grow(4, || thing(0));
        pool.grow(3, || thing(0));
        assert_eq!(pool.capacity(), 4);
        assert!(pool.insert(thing(3)).is_some() && pool.insert(thing(4)).is_some());
        assert!(pool.insert(thing(5)).is_none());
        assert_eq!(keys.map(|key| pool.at(key.ix).number), [1, 2]);
        assert_eq!(pool.len(), 4);
    }

    #[test]
    fn a_list_keeps_its_order_whoever_leaves() {
        let mut pool = Pool::default();
        pool.grow(4, || thing(0));
        let mut list = List::default();
        let ixs = [0, 1, 2, 3].map(|n| pool.insert(thing(n)).unwrap().ix);
        for ix in ixs {
            list.push_back(&mut pool, ix, |thing| &mut thing.link);
        }
        for ix in [ixs[1], ixs[3], ixs[0]] {
            list.remove(&mut pool, ix, |thing| &mut thing.link);
        }
        list.push_back(&mut pool, ixs[0], |thing| &mut thing.link);
        assert_eq!((list.head(), list.len()), (ixs[2], 2));
        assert_eq!(pool.at(ixs[2]).link.next, ixs[0]);
        assert_eq!(pool.at(ixs[0]).link.next, NIL);
    }
}
