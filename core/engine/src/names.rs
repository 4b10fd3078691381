//! Names that were used: ClOrdIDs per session, ExecIDs per venue. Open addressing, preallocated.
//!
//! A name is *pinned* while something open goes by it. After that it is *retired* and forgotten
//! first in, first out, when more are retired than are to be kept.

use dcx_model::{ChildId, EventRef, Price, Qty, Seq, Side, Text, hash};

use crate::digest::Words;
use crate::pool::{Key, Link, List, NIL, Pool};
use crate::risk::Rows;

/// A name of the outside world and the space it is unique in: a session or a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) space: u16,
    pub(crate) text: Text<36>,
}

/// A name with its hash, which is computed once per command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed {
    name: Name,
    hash: u32,
}

#[derive(Debug)]
struct Entry<T> {
    name: Name,
    hash: u32,
    target: T,
    link: Link,
    pinned: bool,
}

/// One place of the index: part of the hash, and the entry. `ix` is [`NIL`] where it is empty.
#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    ix: u32,
}

const EMPTY: Place = Place { hash: 0, ix: NIL };

/// Names and what they stand for.
#[derive(Debug)]
pub(crate) struct Names<T = Key> {
    seed: u64,
    index: Vec<Place>,
    entries: Pool<Entry<T>>,
    retired: List,
    retired_max: u32,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            seed: 0,
            index: Vec::new(),
            entries: Pool::default(),
            retired: List::EMPTY,
            retired_max: 0,
        }
    }
}

/// A trade that was taken in: what is needed to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Execution {
    /// The child order that it filled; zero for a report that is no trade, or one taken back.
    pub(crate) child: ChildId,
    pub(crate) last_qty: Qty,
    /// As much of it as the client was told of.
    pub(crate) told_qty: Qty,
    pub(crate) last_px: Price,
    /// The event that told it.
    pub(crate) event: EventRef,
    /// Its order's rows of the ledger.
    pub(crate) rows: Rows,
    pub(crate) side: Side,
}

impl Execution {
    /// A report that is no trade, or a trade that was taken back.
    pub(crate) const NONE: Self = Self {
        child: ChildId::new(0),
        last_qty: Qty::ZERO,
        told_qty: Qty::ZERO,
        last_px: Price::ZERO,
        event: EventRef {
            seq: Seq::new(0),
            ix: 0,
        },
        rows: Rows::NONE,
        side: Side::Buy,
    };

    pub(crate) fn digest(&self) -> u64 {
        let mut words = Words::new(11);
        words.u64(self.child.get());
        words.u64(self.last_qty.units());
        words.u64(self.told_qty.units());
        words.u64(self.last_px.units().cast_unsigned());
        words.u64(self.event.seq.get());
        words.u64(u64::from(self.event.ix) << 8 | u64::from(self.side.wire()));
        words.finish()
    }
}

impl<T: Copy> Names<T> {
    /// Makes room for `pinned` names in use and `retired_max` old ones. Allocates.
    pub(crate) fn grow(&mut self, seed: u64, pinned: u32, retired_max: u32, empty: T) {
        if self.index.is_empty() {
            self.seed = seed;
        }
        self.retired_max = self.retired_max.max(retired_max);
        let capacity = pinned.saturating_add(self.retired_max).saturating_add(1);
        self.entries.grow(capacity, || Entry {
            name: Name {
                space: 0,
                text: Text::EMPTY,
            },
            hash: 0,
            target: empty,
            link: Link::NONE,
            pinned: false,
        });
        // At most two thirds full: half the cache lines of a table that may be half full, for
        // searches that are hardly longer.
        let places = (self.entries.capacity() as usize * 3 / 2).next_power_of_two();
        if places > self.index.len() {
            self.index.clear();
            self.index.resize(places, EMPTY);
            for ix in 0..self.entries.capacity() {
                let key = self.entries.key(ix);
                if self.entries.find(key).is_some() {
                    self.seat(self.entries.at(ix).hash, ix);
                }
            }
        }
    }

    /// The name with its hash.
    pub(crate) fn hashed(&self, space: u16, text: Text<36>) -> Hashed {
        let spread = hash(self.seed ^ u64::from(space), &text.to_padded());
        Hashed {
            name: Name { space, text },
            hash: (spread >> 32) as u32,
        }
    }

    /// The entry of a name that was used, if it is remembered.
    pub(crate) fn find(&self, hashed: &Hashed) -> Option<u32> {
        let mut at = hashed.hash as usize & self.mask();
        loop {
            let place = self.index.get(at)?;
            if place.ix == NIL {
                return None;
            }
            if place.hash == hashed.hash && self.entries.at(place.ix).name == hashed.name {
                return Some(place.ix);
            }
            at = (at + 1) & self.mask();
        }
    }

    /// What the name of this entry stands for.
    pub(crate) fn target(&self, entry: u32) -> T {
        self.entries.at(entry).target
    }

    /// Lets the name of this entry stand for something else.
    pub(crate) fn set_target(&mut self, entry: u32, target: T) {
        self.entries.at_mut(entry).target = target;
    }

    /// Remembers a name that is not remembered yet, for something open. Gives its entry.
    pub(crate) fn pin(&mut self, hashed: &Hashed, target: T) -> u32 {
        let ix = self
            .entries
            .insert(Entry {
                name: hashed.name,
                hash: hashed.hash,
                target,
                link: Link::NONE,
                pinned: true,
            })
            .expect("room for every pinned and retired name was made at the start")
            .ix;
        self.seat(hashed.hash, ix);
        ix
    }

    /// Remembers a name that is not remembered yet, which nothing open goes by.
    pub(crate) fn keep(&mut self, hashed: &Hashed, target: T) -> u32 {
        let ix = self.pin(hashed, target);
        self.retire(ix);
        ix
    }

    /// Pins a name again, or for the first time if it was forgotten.
    pub(crate) fn pin_again(&mut self, hashed: &Hashed, target: T) -> u32 {
        let Some(ix) = self.find(hashed) else {
            return self.pin(hashed, target);
        };
        if !self.entries.at(ix).pinned {
            self.retired
                .remove(&mut self.entries, ix, |entry| &mut entry.link);
        }
        let entry = self.entries.at_mut(ix);
        entry.pinned = true;
        entry.target = target;
        ix
    }

    /// Lets a pinned name be forgotten in its turn.
    pub(crate) fn retire(&mut self, ix: u32) {
        self.entries.at_mut(ix).pinned = false;
        self.retired
            .push_back(&mut self.entries, ix, |entry| &mut entry.link);
        while self.retired.len() > self.retired_max {
            let oldest = self.retired.head();
            self.retired
                .remove(&mut self.entries, oldest, |entry| &mut entry.link);
            self.unseat(oldest);
            self.entries.remove(oldest);
        }
    }

    /// Takes every name and what it stands for into a digest. `target` turns what a name stands
    /// for into a number that does not depend on slots.
    pub(crate) fn digest(&self, salt: u64, target: impl Fn(T) -> u64) -> u64 {
        let mut sum = 0_u64;
        for entry in self.entries.iter() {
            let mut words = Words::new(salt);
            words.u64(u64::from(entry.name.space));
            words.bytes(&entry.name.text.to_padded());
            words.u64(u64::from(entry.pinned));
            words.u64(target(entry.target));
            sum = sum.wrapping_add(words.finish());
        }
        // Which name is forgotten next is state too.
        let mut at = self.retired.head();
        let mut order = salt;
        while at != NIL {
            let entry = self.entries.at(at);
            order = hash(order, &entry.hash.to_le_bytes());
            at = entry.link.next;
        }
        sum.wrapping_add(order)
    }

    const fn mask(&self) -> usize {
        self.index.len().wrapping_sub(1)
    }

    fn seat(&mut self, hash: u32, ix: u32) {
        let mask = self.mask();
        let mut at = hash as usize & mask;
        while let Some(place) = self.index.get_mut(at) {
            if place.ix == NIL {
                *place = Place { hash, ix };
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Takes an entry out of the index and closes the gap, so that no tombstone stays behind.
    fn unseat(&mut self, ix: u32) {
        let mask = self.mask();
        let mut gap = self.entries.at(ix).hash as usize & mask;
        while self.place(gap).ix != ix {
            gap = (gap + 1) & mask;
        }
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let place = self.place(at);
            if place.ix == NIL {
                break;
            }
            // It may move to the gap only if the gap is not ahead of where it belongs.
            let home = place.hash as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                self.put(gap, place);
                gap = at;
            }
        }
        self.put(gap, EMPTY);
    }

    fn place(&self, at: usize) -> Place {
        *self
            .index
            .get(at)
            .expect("places are counted modulo the index")
    }

    fn put(&mut self, at: usize, place: Place) {
        if let Some(slot) = self.index.get_mut(at) {
            *slot = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn text(number: u32) -> Text<36> {
        format!("id-{number}").parse().unwrap()
    }

    #[test]
    fn a_retired_name_is_forgotten_first_in_first_out() {
        let mut names = Names::<Key>::default();
        names.grow(1, 1, 2, Key::NONE);
        let hashed = [0, 1, 2, 3].map(|n| names.hashed(0, text(n)));
        let pinned = names.pin(&hashed[0], Key::NONE);
        names.keep(&hashed[1], Key::NONE);
        names.keep(&hashed[2], Key::NONE);
        names.keep(&hashed[3], Key::NONE);
        assert_eq!(names.find(&hashed[0]), Some(pinned), "pinned names stay");
        assert!(names.find(&hashed[1]).is_none());
        assert!(names.find(&hashed[2]).is_some() && names.find(&hashed[3]).is_some());
    }

    #[test]
    fn the_same_text_in_another_space_is_another_name() {
        let mut names = Names::<Key>::default();
        names.grow(1, 1, 2, Key::NONE);
        let (mine, yours) = (names.hashed(0, text(1)), names.hashed(1, text(1)));
        names.keep(&mine, Key::NONE);
        assert!(names.find(&mine).is_some());
        assert!(names.find(&yours).is_none());
    }

    #[test]
    fn names_agree_with_a_plain_list_over_many_turns() {
        let mut names = Names::<Key>::default();
        names.grow(7, 8, 100, Key::NONE);
        let mut twin = VecDeque::new();
        let mut draws = dcx_stats::Draws::new(5);
        for turn in 0..20_000_u32 {
            let number = (draws.bits() % 300) as u32;
            let hashed = names.hashed(3, text(number));
            assert_eq!(
                names.find(&hashed).is_some(),
                twin.contains(&number),
                "{turn}"
            );
            if !twin.contains(&number) {
                names.keep(&hashed, Key::NONE);
                twin.push_back(number);
                let kept = if turn > 10_000 { 150 } else { 100 };
                if twin.len() > kept {
                    twin.pop_front();
                }
            }
            if turn == 10_000 {
                names.grow(7, 8, 150, Key::NONE);
            }
        }
    }
}
