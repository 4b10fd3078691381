//! What comes first by price: priority queues threaded through a pool, from which any can leave.
#![cfg_attr(not(test), expect(dead_code, reason = "wired in with the held orders"))]

use crate::pool::{NIL, Pool};

/// A thing's place in one heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeapLink {
    /// The first of its children.
    child: u32,
    /// Its next sibling.
    next: u32,
    /// Its sibling before, or its parent if it is the first child.
    prev: u32,
}

impl HeapLink {
    /// Of a thing that is in no heap.
    pub(crate) const NONE: Self = Self {
        child: NIL,
        next: NIL,
        prev: NIL,
    };
}

/// A pairing heap of things in a pool, smallest key first; any of them can leave.
///
/// `key` reads a thing's key: its price, negated where the highest comes first, and its order's
/// number, so that of equal prices the older order comes first and keys are never equal. Which is
/// first depends on the keys alone and never on slots, so a digest of the things says everything
/// about the heap. A key must not change while its thing is in the heap. `link` says which of a
/// thing's links the heap runs through.
///
/// # Cost
/// Finding the first and inserting O(1), removing O(log n) amortised; no allocation, no recursion.
/// A single removal may visit every thing that was inserted since the one before.
///
/// # Source
/// Fredman, Sedgewick, Sleator & Tarjan, "The pairing heap" (1986): the two-pass variant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    root: u32,
    len: u32,
}

impl Default for Heap {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Heap {
    pub(crate) const EMPTY: Self = Self { root: NIL, len: 0 };

    /// The slot of the thing with the smallest key; [`NIL`] if there is none.
    pub(crate) const fn first(&self) -> u32 {
        self.root
    }

    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    /// Adds a thing that is not in the heap.
    pub(crate) fn insert<T>(
        &mut self,
        pool: &mut Pool<T>,
        ix: u32,
        key: impl Fn(&T) -> (i64, u64),
        link: impl Fn(&mut T) -> &mut HeapLink,
    ) {
        *link(pool.at_mut(ix)) = HeapLink::NONE;
        self.root = meld(pool, self.root, ix, &key, &link);
        self.len += 1;
    }

    /// Takes out a thing that is in the heap.
    pub(crate) fn remove<T>(
        &mut self,
        pool: &mut Pool<T>,
        ix: u32,
        key: impl Fn(&T) -> (i64, u64),
        link: impl Fn(&mut T) -> &mut HeapLink,
    ) {
        let left = std::mem::replace(link(pool.at_mut(ix)), HeapLink::NONE);
        let orphans = pair_up(pool, left.child, &key, &link);
        if ix == self.root {
            self.root = orphans;
        } else {
            close_gap(pool, ix, left, &link);
            self.root = meld(pool, self.root, orphans, &key, &link);
        }
        self.len -= 1;
    }
}

/// Lets those beside a thing that left point past it.
fn close_gap<T>(
    pool: &mut Pool<T>,
    ix: u32,
    left: HeapLink,
    link: &impl Fn(&mut T) -> &mut HeapLink,
) {
    assert!(left.prev != NIL, "only what is in the heap is removed");
    let before = link(pool.at_mut(left.prev));
    if before.child == ix {
        before.child = left.next;
    } else {
        before.next = left.next;
    }
    if left.next != NIL {
        link(pool.at_mut(left.next)).prev = left.prev;
    }
}

/// Makes one tree of two, either of which may be empty, and gives its root.
fn meld<T>(
    pool: &mut Pool<T>,
    one: u32,
    other: u32,
    key: &impl Fn(&T) -> (i64, u64),
    link: &impl Fn(&mut T) -> &mut HeapLink,
) -> u32 {
    if one == NIL {
        return other;
    }
    if other == NIL {
        return one;
    }
    let (root, child) = if key(pool.at(one)) <= key(pool.at(other)) {
        (one, other)
    } else {
        (other, one)
    };
    let next = std::mem::replace(&mut link(pool.at_mut(root)).child, child);
    if next != NIL {
        link(pool.at_mut(next)).prev = child;
    }
    let moved = link(pool.at_mut(child));
    moved.next = next;
    moved.prev = root;
    root
}

/// Makes one tree of siblings, from the first on, and gives its root.
///
/// Pairs from the first to the last, then the pairs from the last to the first: this is what
/// keeps the heap's promise of O(log n). The pairs wait on a list threaded through `next`.
fn pair_up<T>(
    pool: &mut Pool<T>,
    mut first: u32,
    key: &impl Fn(&T) -> (i64, u64),
    link: &impl Fn(&mut T) -> &mut HeapLink,
) -> u32 {
    let mut pairs = NIL;
    while first != NIL {
        let second = detach(pool, first, link);
        let rest = if second == NIL {
            NIL
        } else {
            detach(pool, second, link)
        };
        let pair = meld(pool, first, second, key, link);
        link(pool.at_mut(pair)).next = pairs;
        pairs = pair;
        first = rest;
    }
    let mut root = NIL;
    while pairs != NIL {
        let rest = detach(pool, pairs, link);
        root = meld(pool, root, pairs, key, link);
        pairs = rest;
    }
    root
}

/// Makes a tree stand alone, and gives the sibling that came next.
fn detach<T>(pool: &mut Pool<T>, ix: u32, link: &impl Fn(&mut T) -> &mut HeapLink) -> u32 {
    let link = link(pool.at_mut(ix));
    link.prev = NIL;
    std::mem::replace(&mut link.next, NIL)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dcx_stats::Draws;

    use super::*;

    #[derive(Debug)]
    struct Thing {
        px: i64,
        order: u64,
        link: HeapLink,
    }

    fn thing(px: i64, order: u64) -> Thing {
        Thing {
            px,
            order,
            link: HeapLink::NONE,
        }
    }

    /// A heap in a pool beside a set that is obviously in order, by key and slot.
    #[derive(Default)]
    struct Pair {
        pool: Pool<Thing>,
        heap: Heap,
        twin: BTreeSet<(i64, u64, u32)>,
    }

    impl Pair {
        fn new(capacity: u32) -> Self {
            let mut pair = Self::default();
            pair.pool.grow(capacity, || thing(0, 0));
            pair
        }

        fn insert(&mut self, px: i64, order: u64) -> u32 {
            let ix = self.pool.insert(thing(px, order)).unwrap().ix;
            self.heap
                .insert(&mut self.pool, ix, |t| (t.px, t.order), |t| &mut t.link);
            self.twin.insert((px, order, ix));
            self.agree();
            ix
        }

        fn remove(&mut self, ix: u32) {
            let (px, order) = (self.pool.at(ix).px, self.pool.at(ix).order);
            self.heap
                .remove(&mut self.pool, ix, |t| (t.px, t.order), |t| &mut t.link);
            assert_eq!(self.pool.at(ix).link, HeapLink::NONE);
            self.pool.remove(ix);
            assert!(self.twin.remove(&(px, order, ix)));
            self.agree();
        }

        fn agree(&self) {
            let first = self.twin.first().map_or(NIL, |(_, _, ix)| *ix);
            assert_eq!(self.heap.first(), first);
            assert_eq!(self.heap.len() as usize, self.twin.len());
        }

        fn drain(mut self) {
            while self.heap.first() != NIL {
                self.remove(self.heap.first());
            }
            assert!(self.twin.is_empty());
        }
    }

    fn turns(seed: u64, prices: u64, room: u32) {
        let mut pair = Pair::new(room);
        let mut draws = Draws::new(seed);
        let mut inside: Vec<u32> = Vec::new();
        for order in 0..50_000 {
            // Fills up and runs dry by turns.
            let filling = order / 1_000 % 2 == 0;
            let bias = if filling { 3 } else { 1 };
            if draws.bits() % 4 < bias && inside.len() < room as usize {
                let px = (draws.bits() % prices).cast_signed() - (prices / 2).cast_signed();
                inside.push(pair.insert(px, order));
            } else if !inside.is_empty() {
                let first = pair.heap.first();
                let any = usize::try_from(draws.bits() % inside.len() as u64).unwrap();
                let at = if draws.bits().is_multiple_of(2) {
                    any
                } else {
                    inside.iter().position(|ix| *ix == first).unwrap()
                };
                pair.remove(inside.swap_remove(at));
            }
        }
        pair.drain();
    }

    #[test]
    fn the_heap_agrees_with_an_ordered_set_whoever_leaves() {
        turns(1, 1_000_000, 700);
    }

    #[test]
    fn of_many_equal_prices_the_older_order_comes_first() {
        turns(2, 3, 700);
    }

    #[test]
    fn a_heap_of_a_few_agrees_too() {
        turns(3, 5, 4);
    }

    #[test]
    fn prices_that_only_rise_or_only_fall_come_out_in_order() {
        for sign in [1, -1] {
            let mut pair = Pair::new(5_000);
            for order in 0..5_000 {
                pair.insert(sign * i64::try_from(order).unwrap(), order);
            }
            pair.drain();
        }
    }

    #[test]
    fn the_ends_of_the_range_are_prices_like_any_other() {
        let mut pair = Pair::new(4);
        for (order, px) in [i64::MAX, i64::MIN, 0, i64::MIN].into_iter().enumerate() {
            pair.insert(px, order as u64);
        }
        pair.drain();
    }

    #[test]
    fn a_place_in_a_heap_takes_twelve_bytes() {
        assert_eq!(size_of::<HeapLink>(), 12);
        assert_eq!(size_of::<Heap>(), 8);
    }
}
