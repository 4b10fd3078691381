//! What comes first by price: priority queues threaded through a pool, from which any can leave.

use crate::pool::{NIL, Pool};

/// Bits of [`HeapLink::up`] that name the parent; the rest is the rank.
const PARENT_BITS: u32 = 27;

/// No parent; also the first slot that a heap cannot name.
const ORPHAN: u32 = (1 << PARENT_BITS) - 1;

/// A thing's place in one heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeapLink {
    left: u32,
    right: u32,
    /// Its parent in the low bits. Above them its rank: how many things there are on the way to
    /// the nearest missing child, which is down the right; at most 27, where 31 fit.
    up: u32,
}

impl HeapLink {
    /// Of a thing that is in no heap.
    pub(crate) const NONE: Self = Self {
        left: NIL,
        right: NIL,
        up: ORPHAN,
    };

    /// Of a thing that is alone in its heap.
    const ALONE: Self = Self {
        left: NIL,
        right: NIL,
        up: 1 << PARENT_BITS | ORPHAN,
    };

    const fn parent(self) -> u32 {
        match self.up & ORPHAN {
            ORPHAN => NIL,
            parent => parent,
        }
    }

    const fn rank(self) -> u32 {
        self.up >> PARENT_BITS
    }

    const fn set_parent(&mut self, parent: u32) {
        // NIL has every bit set: it becomes ORPHAN.
        self.up = self.up & !ORPHAN | parent & ORPHAN;
    }

    const fn set_rank(&mut self, rank: u32) {
        self.up = self.up & ORPHAN | rank << PARENT_BITS;
    }
}

/// A leftist tree of things in a pool, smallest key first; any of them can leave.
///
/// `key` reads a thing's key: its price, negated where the highest comes first, and its order's
/// number, so that of equal prices the older order comes first and keys are never equal. Which is
/// first depends on the keys alone and never on slots, so a digest of the things says everything
/// about the heap. A key must not change while its thing is in the heap. `link` says which of a
/// thing's links the heap runs through.
///
/// A pairing heap inserts faster, but its bound is amortised: the first removal after many
/// insertions visits all of them, and every order behind it waits.
///
/// # Cost
/// Finding the first O(1); inserting and removing O(log n) each time, not only on average. No
/// allocation, no recursion.
///
/// # Source
/// Crane (1972), "Linear lists and priority queues as balanced binary trees"; Knuth, vol. 3,
/// 5.2.3, "leftist trees".
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

    #[cfg(test)]
    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    /// Adds a thing that is not in the heap.
    ///
    /// # Panics
    /// For a slot of 2²⁷ − 1 or above: no pool is that large.
    pub(crate) fn insert<T>(
        &mut self,
        pool: &mut Pool<T>,
        ix: u32,
        key: impl Fn(&T) -> (i64, u64),
        link: impl Fn(&mut T) -> &mut HeapLink,
    ) {
        assert!(ix < ORPHAN, "a slot in a heap has a number of 27 bits");
        self.len += 1;
        // Down the right edge to the first thing that comes after it.
        let own = key(pool.at(ix));
        let (mut parent, mut below) = (NIL, self.root);
        while below != NIL && key(pool.at(below)) < own {
            parent = below;
            below = link(pool.at_mut(below)).right;
        }
        // That, with all below it, is its left child; it has no right one.
        let alone = link(pool.at_mut(ix));
        *alone = HeapLink::ALONE;
        alone.left = below;
        alone.set_parent(parent);
        if below != NIL {
            link(pool.at_mut(below)).set_parent(ix);
        }
        if parent == NIL {
            self.root = ix;
        } else {
            link(pool.at_mut(parent)).right = ix;
            lean_until_settled(pool, parent, &link);
        }
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
        let parent = left.parent();
        assert!(
            left.rank() > 0 && (parent == NIL) == (ix == self.root),
            "only what is in the heap is removed"
        );
        let heir = meld(pool, left.left, left.right, &key, &link);
        if heir != NIL {
            link(pool.at_mut(heir)).set_parent(parent);
        }
        if parent == NIL {
            self.root = heir;
        } else {
            let above = link(pool.at_mut(parent));
            if above.left == ix {
                above.left = heir;
            } else {
                above.right = heir;
            }
            lean_until_settled(pool, parent, &link);
        }
        self.len -= 1;
    }
}

/// Makes one tree of two, either of which may be empty, and gives its root, which has no parent.
///
/// Only the right edges of both are walked, and these are what the ranks keep short.
fn meld<T>(
    pool: &mut Pool<T>,
    mut one: u32,
    mut other: u32,
    key: &impl Fn(&T) -> (i64, u64),
    link: &impl Fn(&mut T) -> &mut HeapLink,
) -> u32 {
    let (mut root, mut last) = (NIL, NIL);
    while one != NIL && other != NIL {
        if key(pool.at(other)) < key(pool.at(one)) {
            std::mem::swap(&mut one, &mut other);
        }
        if last == NIL {
            root = one;
        }
        hang(pool, last, one, link);
        last = one;
        one = link(pool.at_mut(one)).right;
    }
    let rest = if one == NIL { other } else { one };
    hang(pool, last, rest, link);
    while last != NIL {
        lean(pool, last, link);
        last = link(pool.at_mut(last)).parent();
    }
    if root == NIL { rest } else { root }
}

/// Makes a thing the right child of another. Either may be missing.
fn hang<T>(pool: &mut Pool<T>, parent: u32, child: u32, link: &impl Fn(&mut T) -> &mut HeapLink) {
    if parent != NIL {
        link(pool.at_mut(parent)).right = child;
    }
    if child != NIL {
        link(pool.at_mut(child)).set_parent(parent);
    }
}

/// Sets ranks right from a thing whose child changed up to where they already are. Each that
/// changes is above the one before, so there are as many as there are ranks at most.
fn lean_until_settled<T>(pool: &mut Pool<T>, mut ix: u32, link: &impl Fn(&mut T) -> &mut HeapLink) {
    while ix != NIL && lean(pool, ix, link) {
        ix = link(pool.at_mut(ix)).parent();
    }
}

/// Puts the child of the higher rank to the left, and says whether the rank changed by it.
fn lean<T>(pool: &mut Pool<T>, ix: u32, link: &impl Fn(&mut T) -> &mut HeapLink) -> bool {
    let HeapLink { left, right, .. } = *link(pool.at_mut(ix));
    let mut rank = |child: u32| match child {
        NIL => 0,
        child => link(pool.at_mut(child)).rank(),
    };
    let (on_left, on_right) = (rank(left), rank(right));
    let leaning = link(pool.at_mut(ix));
    if on_left < on_right {
        leaning.left = right;
        leaning.right = left;
    }
    let before = leaning.rank();
    leaning.set_rank(on_left.min(on_right) + 1);
    leaning.rank() != before
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
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

        /// Every thing's place is what the rules say, which the order alone would not show.
        fn is_leftist(&self) {
            for (_, _, ix) in &self.twin {
                let parent = self.pool.at(*ix);
                let mut ranks = [0; 2];
                for (rank, child) in ranks.iter_mut().zip([parent.link.left, parent.link.right]) {
                    if child != NIL {
                        let child = self.pool.at(child);
                        assert_eq!(child.link.parent(), *ix);
                        assert!((child.px, child.order) > (parent.px, parent.order));
                        *rank = child.link.rank();
                    }
                }
                assert!(ranks[0] >= ranks[1], "the higher rank is on the left");
                assert_eq!(parent.link.rank(), ranks[1] + 1);
            }
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
            if order % 50 == 0 {
                pair.is_leftist();
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

    /// How many things one insertion or removal looks at, at most: each look is a call of `key` or
    /// `link`.
    #[test]
    fn no_single_turn_looks_at_more_than_a_few_things_for_each_doubling() {
        const COUNT: u64 = 1 << 14;
        let spread = |order: u64| (order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).cast_signed();
        let rising = |order: u64| order.cast_signed();
        let falling = |order: u64| -order.cast_signed();
        for px in [spread, rising, falling] {
            let mut pool = Pool::default();
            pool.grow(1 << 14, || thing(0, 0));
            let (mut heap, looks, mut most) = (Heap::EMPTY, Cell::new(0), 0);
            let key = |thing: &Thing| {
                looks.set(looks.get() + 1);
                (thing.px, thing.order)
            };
            for order in 0..COUNT {
                let ix = pool.insert(thing(px(order), order)).unwrap().ix;
                heap.insert(&mut pool, ix, key, |thing| {
                    looks.set(looks.get() + 1);
                    &mut thing.link
                });
                most = most.max(looks.replace(0));
            }
            for turn in 0..COUNT {
                // The first and the lowest slot by turns.
                let ix = match turn % 2 {
                    0 => heap.first(),
                    _ => (0..1 << 14)
                        .find(|ix| pool.find(pool.key(*ix)).is_some())
                        .unwrap(),
                };
                heap.remove(&mut pool, ix, key, |thing| {
                    looks.set(looks.get() + 1);
                    &mut thing.link
                });
                pool.remove(ix);
                most = most.max(looks.replace(0));
            }
            // Two right edges of 14 at most, and nine looks at each step.
            assert!(most <= 2 * 14 * 9, "{most}");
        }
    }

    #[test]
    fn a_place_in_a_heap_takes_twelve_bytes() {
        assert_eq!(size_of::<HeapLink>(), 12);
        assert_eq!(size_of::<Heap>(), 8);
    }
}
