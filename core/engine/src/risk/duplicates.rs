//! Whether an order is the same as one accepted a moment ago, whatever session sent it.
//!
//! "Orders that appear to be erroneous or duplicative" (SEC rule 15c3-5(c)(1)(ii)): a second order
//! of the same economics within a window is refused unless it says that it is meant. Two orders of
//! one ClOrdID are another matter: see `names`.

use dcx_model::{InstrumentId, LimitPx, Nanos, Qty, Side, UnixNanos, hash};

use crate::digest::Words;

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

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Entry {
    economics: Economics,
    at: UnixNanos,
    hash: u32,
    /// Whether the same was accepted again since.
    superseded: bool,
}

impl Entry {
    const NONE: Self = Self {
        economics: Economics::EMPTY,
        at: UnixNanos::ZERO,
        hash: 0,
        superseded: true,
    };
}

/// Places in one bucket: with the rest of it, a cache line.
const PLACES: usize = 7;

/// One cache line of the index: entries by their numbers, beside part of their hashes. A place
/// whose entry is not among the last ones any more is free; nobody has to empty it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Bucket {
    hashes: [u32; PLACES],
    numbers: [u32; PLACES],
    /// The youngest entry that belongs here and found no room, and how many buckets on the
    /// farthest of them is.
    moved: u32,
    reach: u32,
}

const EMPTY: Bucket = Bucket {
    hashes: [0; PLACES],
    numbers: [0; PLACES],
    moved: 0,
    reach: 0,
};

/// The economics of the orders accepted last, in fixed memory.
///
/// The last `capacity` are remembered, in a ring. Had the one that makes room for another been
/// accepted within the window, the check has a hole from then on, which
/// [`forgotten`](Self::forgotten) counts: the room is too small for the window and the flow. A
/// changed window applies at once.
///
/// An order that is asked for and then kept touches one cache line of the index, wherever that is,
/// and the next of the ring: what falls out of the ring leaves the index by itself.
///
/// # Layout
/// 64 bytes for each order, up to the next power of two, and as much or half for the index: at
/// most 6 MB for 65,536.
#[derive(Debug)]
pub(crate) struct Duplicates {
    seed: u64,
    buckets: Vec<Bucket>,
    ring: Vec<Entry>,
    capacity: u32,
    /// The number of the next entry, modulo 2³²: as large as it is, no place of the beginning
    /// looks like that of an entry.
    next: u32,
    /// Entries so far, up to the capacity.
    len: u32,
    forgotten: u64,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self {
            seed: 0,
            buckets: Vec::new(),
            ring: Vec::new(),
            capacity: 0,
            next: FIRST,
            len: 0,
            forgotten: 0,
        }
    }
}

/// The number of the first entry: further from zero than any capacity.
const FIRST: u32 = 1 << 31;

impl Duplicates {
    /// Makes room for `capacity` orders in all; never less than there is. Allocates. The first
    /// `seed` stays.
    pub(crate) fn grow(&mut self, seed: u64, capacity: u32) {
        if self.ring.is_empty() {
            self.seed = seed;
        }
        if capacity <= self.capacity {
            return;
        }
        let before: Vec<Entry> = self.entries().copied().collect();
        let room = (capacity as usize).next_power_of_two();
        // Half of all places are free, or more.
        let buckets = (capacity as usize * 2).div_ceil(PLACES).next_power_of_two();
        self.ring = vec![Entry::NONE; room];
        self.buckets = vec![EMPTY; buckets];
        (self.capacity, self.next, self.len) = (capacity, FIRST, 0);
        for entry in before {
            self.append(entry);
            if !entry.superseded {
                self.seat(entry.hash);
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
        let (_, _, entry) = self.find(self.hash(economics), economics)?;
        let last = self.ring.get(self.place(entry))?.at;
        (at.since(last) <= window).then_some(last)
    }

    /// Remembers an order that was accepted, in place of an earlier one of the same economics.
    ///
    /// `window` only tells whether what is forgotten to make room for it would have been missed.
    pub(crate) fn keep(&mut self, at: UnixNanos, window: Nanos, economics: &Economics) {
        if self.capacity == 0 {
            // There is no room at all: the new one is forgotten instead.
            self.forgotten += 1;
            return;
        }
        let hash = self.hash(economics);
        let found = self.find(hash, economics);
        if let Some((_, _, entry)) = found {
            let place = self.place(entry);
            if let Some(entry) = self.ring.get_mut(place) {
                entry.superseded = true;
            }
        }
        if self.len == self.capacity {
            let oldest = self.place(self.next.wrapping_sub(self.capacity));
            let oldest = self.ring.get(oldest);
            let missed = |entry: &&Entry| !entry.superseded && at.since(entry.at) <= window;
            self.forgotten += u64::from(oldest.filter(missed).is_some());
        }
        let number = self.append(Entry {
            economics: *economics,
            at,
            hash,
            superseded: false,
        });
        match found {
            Some((at, place, _)) => {
                self.put(at, place, (hash, number));
                let home = hash as usize & self.mask();
                let reach = at.wrapping_sub(home) & self.mask();
                if reach > 0 {
                    self.note_moved(home, reach, number);
                }
            }
            None => self.seat(hash),
        }
    }

    /// Orders forgotten while the window lasted, for want of room.
    #[cfg(test)]
    pub(crate) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        if self.len == 0 && self.forgotten == 0 {
            return 0;
        }
        let mut sum = salt.wrapping_add(self.forgotten);
        // Which is forgotten next is state too.
        for entry in self.entries().filter(|entry| !entry.superseded) {
            let mut words = Words::new(sum);
            words.u64(entry.at.get());
            words.u64(entry.economics.hash(0));
            sum = words.finish();
        }
        sum
    }

    /// All entries, oldest first.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let numbers = (1..=self.len).rev();
        numbers.filter_map(|back| self.ring.get(self.place(self.next.wrapping_sub(back))))
    }

    /// Puts an entry at the end of the ring, and gives its number.
    fn append(&mut self, entry: Entry) -> u32 {
        let number = self.next;
        let place = self.place(number);
        if let Some(slot) = self.ring.get_mut(place) {
            *slot = entry;
        }
        self.next = number.wrapping_add(1);
        self.len = (self.len + 1).min(self.capacity);
        number
    }

    /// Gives the last entry, of this hash, a place in the index.
    fn seat(&mut self, hash: u32) {
        let number = self.next.wrapping_sub(1);
        let home = hash as usize & self.mask();
        for reach in 0..self.buckets.len() {
            let at = (home + reach) & self.mask();
            let Some(free) = self.free_place(at) else {
                continue;
            };
            self.put(at, free, (hash, number));
            if reach > 0 {
                self.note_moved(home, reach, number);
            }
            return;
        }
    }

    /// The first place of a bucket whose entry is gone. The new entry has none yet.
    fn free_place(&self, at: usize) -> Option<usize> {
        let numbers = &self.buckets.get(at)?.numbers;
        let free = bits(numbers, |number| !self.is_kept(number));
        (free != 0).then(|| free.trailing_zeros() as usize)
    }

    fn note_moved(&mut self, home: usize, reach: usize, number: u32) {
        let before = self.buckets.get(home).map_or(0, |bucket| bucket.moved);
        let still = self.is_kept(before);
        let reach = u32::try_from(reach).unwrap_or(u32::MAX);
        if let Some(bucket) = self.buckets.get_mut(home) {
            bucket.reach = if still {
                bucket.reach.max(reach)
            } else {
                reach
            };
            bucket.moved = number;
        }
    }

    /// Whether the entry of a number is among the last ones.
    const fn is_kept(&self, number: u32) -> bool {
        self.next.wrapping_sub(number).wrapping_sub(1) < self.len
    }

    fn hash(&self, economics: &Economics) -> u32 {
        (economics.hash(self.seed) >> 32) as u32
    }

    /// The bucket and the place in it of the last entry of these economics, and its number.
    fn find(&self, hash: u32, economics: &Economics) -> Option<(usize, usize, u32)> {
        let home = hash as usize & self.mask();
        let bucket = self.buckets.get(home)?;
        let found = self.find_in(bucket, hash, economics);
        if let Some((place, number)) = found {
            return Some((home, place, number));
        }
        if !self.is_kept(bucket.moved) {
            return None;
        }
        (1..=bucket.reach as usize).find_map(|reach| {
            let at = (home + reach) & self.mask();
            let (place, number) = self.find_in(self.buckets.get(at)?, hash, economics)?;
            Some((at, place, number))
        })
    }

    fn find_in(&self, bucket: &Bucket, hash: u32, economics: &Economics) -> Option<(usize, u32)> {
        let mut same = bits(&bucket.hashes, |other| other == hash);
        while same != 0 {
            let place = same.trailing_zeros() as usize;
            same &= same - 1;
            let number = *bucket.numbers.get(place)?;
            let entry = self.ring.get(self.place(number))?;
            if self.is_kept(number) && entry.economics == *economics {
                return Some((place, number));
            }
        }
        None
    }

    const fn mask(&self) -> usize {
        self.buckets.len().wrapping_sub(1)
    }

    /// Where in the ring the entry of a number is.
    const fn place(&self, number: u32) -> usize {
        number as usize & self.ring.len().wrapping_sub(1)
    }

    fn put(&mut self, at: usize, place: usize, (hash, number): (u32, u32)) {
        let Some(bucket) = self.buckets.get_mut(at) else {
            return;
        };
        if let (Some(kept), Some(of)) =
            (bucket.hashes.get_mut(place), bucket.numbers.get_mut(place))
        {
            (*kept, *of) = (hash, number);
        }
    }
}

/// A bit for each place of which something is true: all are asked, without a branch.
fn bits(places: &[u32; PLACES], is: impl Fn(u32) -> bool) -> u32 {
    let places = (0_u32..).zip(places);
    places.fold(0, |bits, (ix, of)| bits | u32::from(is(*of)) << ix)
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
        let (mut twin, mut capacity): (Vec<(u64, Economics, bool)>, _) = (Vec::new(), 50);
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
            let is_last =
                |(_, other, again): &(u64, Economics, bool)| *other == economics && !again;
            let last = twin.iter().position(is_last);
            let expected = last
                .map(|ix| twin[ix].0)
                .filter(|then| now - then <= window);
            let found = duplicates.seen(at(now), Nanos::new(window), &economics);
            assert_eq!(found, expected.map(at), "turn {turn}");
            seen += u32::from(found.is_some());
            // Some come again although they were seen: they said that they are meant.
            if expected.is_none() || draws.bits().is_multiple_of(4) {
                duplicates.keep(at(now), Nanos::new(window), &economics);
                // The last ones are remembered, also those that came again since.
                if let Some(ix) = last {
                    twin[ix].2 = true;
                }
                if twin.len() == capacity {
                    let (then, _, again) = twin.remove(0);
                    forgotten += u64::from(!again && now - then <= window);
                }
                twin.push((now, economics, false));
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
    fn the_numbers_of_entries_may_pass_their_end() {
        let mut duplicates = room(4);
        duplicates.next = u32::MAX - 5;
        for number in 0..20 {
            duplicates.keep(at(number), Nanos::new(2), &order(number));
            assert!(
                duplicates
                    .seen(at(number), Nanos::new(2), &order(number))
                    .is_some()
            );
            let gone = number.checked_sub(4).map(order);
            let seen = gone.and_then(|gone| duplicates.seen(at(number), Nanos::new(9), &gone));
            assert_eq!(seen, None);
        }
        assert_eq!(duplicates.forgotten(), 0);
    }

    #[test]
    fn orders_of_one_bucket_find_room_beside_it_and_are_found_there() {
        let mut duplicates = room(64);
        // Those whose home is the first bucket, many more than it has places for.
        let mask = duplicates.mask();
        let alike = (0..).map(order).filter(|order| {
            (order.hash(1) >> 32) as usize & mask == 0 && order.order_qty.units() > 0
        });
        let mut orders: Vec<Economics> = alike.take(200).collect();
        orders.dedup();
        let mut kept = 0;
        for (now, order) in (0..).zip(&orders[..40]) {
            if duplicates.seen(at(now), Nanos::new(99), order).is_none() {
                duplicates.keep(at(now), Nanos::new(99), order);
                kept += 1;
            }
        }
        assert!(kept > 3 * PLACES, "{kept}");
        for order in &orders[..40] {
            assert!(duplicates.seen(at(40), Nanos::new(99), order).is_some());
        }
        assert!(
            duplicates
                .seen(at(40), Nanos::new(99), &orders[150])
                .is_none()
        );
    }

    #[test]
    fn an_entry_and_a_bucket_take_a_cache_line_each() {
        assert_eq!((size_of::<Entry>(), size_of::<Bucket>()), (64, 64));
    }
}
