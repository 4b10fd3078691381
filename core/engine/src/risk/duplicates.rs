//! Whether an order is the same as one accepted a moment ago, whatever session sent it.
//!
//! "Orders that appear to be erroneous or duplicative" (SEC rule 15c3-5(c)(1)(ii)): a second order
//! of the same economics within a window is refused unless it says that it is meant. Two orders of
//! one ClOrdID are another matter: see `names`.

use dcx_model::{InstrumentId, LimitPx, Nanos, Qty, Side, UnixNanos, hash};

use crate::digest::Words;
use crate::pool::{Link, List, NIL, Pool};

/// What makes two orders the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Economics {
    pub(crate) strategy: u32,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) order_qty: Qty,
    pub(crate) limit_px: LimitPx,
}

impl Economics {
    const EMPTY: Self = Self {
        strategy: 0,
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        order_qty: Qty::ZERO,
        limit_px: LimitPx::NONE,
    };

    fn hash(&self, seed: u64) -> u64 {
        let names = u64::from(self.strategy) << 32 | u64::from(self.instrument.get());
        let parts = [
            names.to_le_bytes(),
            self.order_qty.units().to_le_bytes(),
            self.limit_px.to_bits().to_le_bytes(),
        ];
        let mut bytes = [self.side.wire(); 25];
        bytes[..24].copy_from_slice(parts.as_flattened());
        hash(seed, &bytes)
    }
}

#[derive(Debug)]
struct Entry {
    economics: Economics,
    at: UnixNanos,
    hash: u32,
    link: Link,
}

/// One place of the index: part of the hash, and the entry. `ix` is [`NIL`] where it is empty.
#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    ix: u32,
}

const EMPTY: Place = Place { hash: 0, ix: NIL };

/// The economics of the orders accepted last, in fixed memory.
///
/// Nothing is forgotten until its room is needed; then the oldest is. Had it been accepted within
/// the window, the check has a hole from then on, which [`forgotten`](Self::forgotten) counts: the
/// room is too small for the window and the flow. A changed window applies at once.
///
/// # Layout
/// 64 bytes for each order and 12 to 24 of the index: at most 6 MB for 65,536.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    seed: u64,
    index: Vec<Place>,
    entries: Pool<Entry>,
    /// Oldest first.
    order: List,
    forgotten: u64,
}

impl Duplicates {
    /// Makes room for `capacity` orders in all; never less than there is. Allocates. The first
    /// `seed` stays.
    pub(crate) fn grow(&mut self, seed: u64, capacity: u32) {
        if self.index.is_empty() {
            self.seed = seed;
        }
        self.entries.grow(capacity, || Entry {
            economics: Economics::EMPTY,
            at: UnixNanos::ZERO,
            hash: 0,
            link: Link::NONE,
        });
        // At most two thirds full.
        let places = (self.entries.capacity() as usize * 3 / 2 + 1).next_power_of_two();
        if places > self.index.len() {
            self.index.clear();
            self.index.resize(places, EMPTY);
            let mut at = self.order.head();
            while at != NIL {
                let entry = self.entries.at(at);
                let next = entry.link.next;
                self.seat(entry.hash, at);
                at = next;
            }
        }
    }

    /// When an order of the same economics was accepted last, if within `window` before `at`;
    /// exactly `window` before is.
    pub(crate) fn seen(
        &self,
        at: UnixNanos,
        window: Nanos,
        economics: &Economics,
    ) -> Option<UnixNanos> {
        let ix = self.find(self.hash(economics), economics)?;
        let last = self.entries.at(ix).at;
        (at.since(last) <= window).then_some(last)
    }

    /// Remembers an order that was accepted, in place of an earlier one of the same economics.
    ///
    /// `window` only tells whether what is forgotten to make room for it would have been missed.
    pub(crate) fn keep(&mut self, at: UnixNanos, window: Nanos, economics: &Economics) {
        let hash = self.hash(economics);
        if let Some(ix) = self.find(hash, economics) {
            self.order
                .remove(&mut self.entries, ix, |entry| &mut entry.link);
            self.entries.at_mut(ix).at = at;
            self.order
                .push_back(&mut self.entries, ix, |entry| &mut entry.link);
            return;
        }
        if self.entries.len() == self.entries.capacity() {
            self.forget_oldest(at, window);
        }
        let entry = Entry {
            economics: *economics,
            at,
            hash,
            link: Link::NONE,
        };
        if let Some(key) = self.entries.insert(entry) {
            self.order
                .push_back(&mut self.entries, key.ix, |entry| &mut entry.link);
            self.seat(hash, key.ix);
        }
    }

    /// Orders forgotten while the window lasted, for want of room.
    #[cfg(test)]
    pub(crate) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut at = self.order.head();
        if at == NIL && self.forgotten == 0 {
            return 0;
        }
        let mut sum = salt.wrapping_add(self.forgotten);
        // Which is forgotten next is state too.
        while at != NIL {
            let entry = self.entries.at(at);
            let mut words = Words::new(sum);
            words.u64(entry.at.get());
            words.u64(entry.economics.hash(0));
            sum = words.finish();
            at = entry.link.next;
        }
        sum
    }

    fn forget_oldest(&mut self, at: UnixNanos, window: Nanos) {
        let oldest = self.order.head();
        if oldest == NIL {
            // There is no room at all: the new one is forgotten instead.
            self.forgotten += 1;
            return;
        }
        if at.since(self.entries.at(oldest).at) <= window {
            self.forgotten += 1;
        }
        self.order
            .remove(&mut self.entries, oldest, |entry| &mut entry.link);
        self.unseat(oldest);
        self.entries.remove(oldest);
    }

    fn hash(&self, economics: &Economics) -> u32 {
        (economics.hash(self.seed) >> 32) as u32
    }

    fn find(&self, hash: u32, economics: &Economics) -> Option<u32> {
        let mut at = hash as usize & self.mask();
        loop {
            let place = self.index.get(at)?;
            if place.ix == NIL {
                return None;
            }
            if place.hash == hash && self.entries.at(place.ix).economics == *economics {
                return Some(place.ix);
            }
            at = (at + 1) & self.mask();
        }
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
    use dcx_stats::Draws;

    use super::*;

    fn at(nanos: u64) -> UnixNanos {
        UnixNanos::new(nanos)
    }

    fn order(number: u64) -> Economics {
        Economics {
            strategy: (number % 3) as u32,
            instrument: InstrumentId::new((number / 3 % 5) as u32),
            side: if number.is_multiple_of(2) {
                Side::Buy
            } else {
                Side::Sell
            },
            order_qty: Qty::from_units(number / 7),
            limit_px: LimitPx::from_bits((number / 11).cast_signed()),
        }
    }

    fn room(capacity: u32) -> Duplicates {
        let mut duplicates = Duplicates::default();
        duplicates.grow(1, capacity);
        duplicates
    }

    #[test]
    fn a_twin_within_the_window_is_seen_and_one_nanosecond_later_is_not() {
        let (mut duplicates, window) = (room(4), Nanos::new(100));
        duplicates.keep(at(1_000), window, &order(1));
        assert_eq!(
            duplicates.seen(at(1_100), window, &order(1)),
            Some(at(1_000))
        );
        assert_eq!(duplicates.seen(at(1_101), window, &order(1)), None);
        let longer = Nanos::new(101);
        assert_eq!(
            duplicates.seen(at(1_101), longer, &order(1)),
            Some(at(1_000))
        );
    }

    #[test]
    fn an_order_that_differs_in_anything_is_another() {
        let base = order(77);
        let (mut duplicates, window) = (room(4), Nanos::new(100));
        duplicates.keep(at(1), window, &base);
        let others = [
            Economics {
                strategy: base.strategy + 1,
                ..base
            },
            Economics {
                instrument: InstrumentId::new(base.instrument.get() + 1),
                ..base
            },
            Economics {
                side: Side::Buy,
                ..base
            },
            Economics {
                order_qty: Qty::from_units(base.order_qty.units() + 1),
                ..base
            },
            Economics {
                limit_px: LimitPx::NONE,
                ..base
            },
        ];
        for other in others {
            assert_eq!(duplicates.seen(at(1), window, &other), None, "{other:?}");
            assert_ne!(other.hash(0), base.hash(0));
        }
        assert!(duplicates.seen(at(1), window, &base).is_some());
    }

    #[test]
    fn without_room_the_oldest_is_forgotten_and_counted_if_it_would_be_missed() {
        let (mut duplicates, window) = (room(2), Nanos::new(100));
        duplicates.keep(at(1_000), window, &order(1));
        duplicates.keep(at(1_001), window, &order(2));
        duplicates.keep(at(1_050), window, &order(1));
        assert_eq!(duplicates.forgotten(), 0, "the same takes no more room");
        duplicates.keep(at(1_102), window, &order(3));
        assert_eq!(duplicates.forgotten(), 0, "it was past the window");
        assert!(duplicates.seen(at(1_102), window, &order(1)).is_some());
        duplicates.keep(at(1_103), window, &order(4));
        assert_eq!(duplicates.forgotten(), 1);
        assert_eq!(duplicates.seen(at(1_103), window, &order(1)), None);
    }

    #[test]
    fn where_there_is_no_room_at_all_every_order_is_counted_as_forgotten() {
        for mut duplicates in [Duplicates::default(), room(0)] {
            duplicates.keep(at(1), Nanos::new(9), &order(1));
            assert_eq!(duplicates.seen(at(1), Nanos::new(9), &order(1)), None);
            assert_eq!(duplicates.forgotten(), 1);
        }
    }

    #[test]
    fn the_table_agrees_with_a_plain_list_over_many_turns() {
        let mut duplicates = room(50);
        let (mut twin, mut capacity): (Vec<(u64, Economics)>, _) = (Vec::new(), 50);
        let mut draws = Draws::new(3);
        let (mut now, mut window, mut forgotten, mut seen) = (0, 100, 0, 0);
        for turn in 0..60_000_u32 {
            if turn % 500 == 0 {
                window = draws.bits() % 400;
            }
            if turn == 30_000 {
                (capacity, seen) = (90, 0);
                duplicates.grow(2, 90);
            }
            now += draws.bits() % 8;
            let economics = order(draws.bits() % 150);
            let last = twin.iter().position(|(_, other)| *other == economics);
            let expected = last
                .map(|ix| twin[ix].0)
                .filter(|then| now - then <= window);
            let found = duplicates.seen(at(now), Nanos::new(window), &economics);
            assert_eq!(found, expected.map(at), "turn {turn}");
            seen += u32::from(found.is_some());
            // Some come again although they were seen: they said that they are meant.
            if expected.is_none() || draws.bits().is_multiple_of(4) {
                duplicates.keep(at(now), Nanos::new(window), &economics);
                match last {
                    Some(ix) => drop(twin.remove(ix)),
                    None if twin.len() == capacity => {
                        forgotten += u64::from(now - twin.remove(0).0 <= window);
                    }
                    None => {}
                }
                twin.push((now, economics));
            }
            assert_eq!(duplicates.forgotten(), forgotten, "turn {turn}");
        }
        assert!(forgotten > 1_000 && seen > 1_000, "{forgotten} {seen}");
    }

    #[test]
    fn a_digest_does_not_depend_on_slots_but_on_what_goes_first() {
        let digest = |numbers: &[u64]| {
            let mut duplicates = room(3);
            for number in numbers {
                duplicates.keep(at(5), Nanos::ZERO, &order(*number));
            }
            duplicates.forgotten = 0;
            duplicates.digest(8)
        };
        assert_eq!(digest(&[]), 0);
        assert_eq!(digest(&[1, 2, 3, 4]), digest(&[2, 3, 4]));
        assert_eq!(digest(&[1, 2, 1]), digest(&[2, 1]));
        assert_ne!(digest(&[1, 2]), digest(&[2, 1]));
        let mut full = room(0);
        full.keep(at(5), Nanos::ZERO, &order(1));
        assert_ne!(full.digest(8), 0, "what was forgotten counts");
    }

    #[test]
    fn an_entry_takes_as_much_room_as_it_says() {
        // A slot of the pool adds eight bytes.
        assert_eq!(size_of::<Entry>() + 8, 64);
    }
}
