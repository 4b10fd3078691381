//! Where an instrument's mid has been: the rolling median that a price collar is laid around.
//!
//! The collar over a period (RTS 6, Article 15(1)(a): "and over a specified period of time")
//! compares an order's limit with the median of the reference mids of a window, which one wrong
//! quote cannot move.

use dcx_model::{InstrumentId, Nanos, UnixNanos};

use crate::digest::Words;

/// Slices that a window is cut into, and mids that are kept of an instrument at most.
pub(crate) const BAND_SAMPLES_MAX: u8 = 64;

const ROOM: usize = BAND_SAMPLES_MAX as usize;

/// The mids of one instrument.
///
/// Time is cut into slices a sixty-fourth of the window long (at least 1 ns), counted from the
/// epoch. The first mid of a slice stands for all of it. The window is the slice of the moment
/// that is asked about and the 63 before it, so it is between 63/64 of the configured length and
/// the whole of it.
///
/// A changed window applies at once to the mids that are kept. After a longer one several of them
/// may be of one slice, until they fall out; a mid that fell out of a shorter one is not found
/// again.
///
/// # Units
/// A mid is kept twice, as bid + offer in units of 10⁻⁸, so that it is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    /// A ring, oldest at `head`.
    mids: [i64; ROOM],
    times: [UnixNanos; ROOM],
    /// Places of the ring, smallest mid first.
    sorted: [u8; ROOM],
    /// The reverse: the rank of what each place holds. What a free place has here means nothing.
    ranks: [u8; ROOM],
    head: u8,
    len: u8,
}

impl Default for Band {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Band {
    pub(crate) const EMPTY: Self = Self {
        mids: [0; ROOM],
        times: [UnixNanos::ZERO; ROOM],
        sorted: [0; ROOM],
        ranks: [0; ROOM],
        head: 0,
        len: 0,
    };

    /// Keeps a mid if it is the first of its slice, and forgets those that are out of the window.
    ///
    /// A mid whose double is beyond 64 bits is not kept: where prices are above 46 billion there is
    /// no median before long, and the check refuses.
    pub(crate) fn take(&mut self, at: UnixNanos, mid_twice: i128, window: Nanos) {
        let slices = Slices::new(window);
        if self.latest().is_some_and(|last| last >= slices.start(at)) {
            return;
        }
        let Ok(mid) = i64::try_from(mid_twice) else {
            return;
        };
        let from = slices.window_start(at);
        while self.len > 0 && (self.len == BAND_SAMPLES_MAX || self.time(self.head) < from) {
            self.forget_oldest();
        }
        self.keep(at, mid);
    }

    /// Twice the median of the mids in the window, the lower of the two in the middle if they are
    /// even in number; `None` if there is no mid.
    ///
    /// # Cost
    /// O(1) while nothing has fallen out of the window since a mid was kept last; otherwise at
    /// most a hundred short steps.
    pub(crate) fn median(&self, at: UnixNanos, window: Nanos) -> Option<i128> {
        let out = self.count_before(Slices::new(window).window_start(at));
        let middle = (self.len - out).checked_sub(1)? / 2;
        let rank = if out == 0 {
            usize::from(middle)
        } else {
            nth_one(self.ranks_inside(out), middle)
        };
        let place = self.sorted.get(rank)?;
        Some(i128::from(self.mid(*place)))
    }

    /// How many mids are in the window.
    #[cfg(test)]
    pub(crate) fn len(&self, at: UnixNanos, window: Nanos) -> u8 {
        self.len - self.count_before(Slices::new(window).window_start(at))
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        if self.len == 0 {
            return 0;
        }
        let mut words = Words::new(salt);
        for nth in 0..self.len {
            let place = self.place(nth);
            words.u64(self.time(place).get());
            words.u64(self.mid(place).cast_unsigned());
        }
        words.finish()
    }

    fn keep(&mut self, at: UnixNanos, mid: i64) {
        let (place, len) = (self.place(self.len), usize::from(self.len));
        let held = self.sorted.get(..len).unwrap_or_default();
        let rank = held.partition_point(|held| self.mid(*held) <= mid);
        self.sorted.copy_within(rank..len, rank + 1);
        for rank_of in &mut self.ranks {
            *rank_of = rank_of.wrapping_add(u8::from(usize::from(*rank_of) >= rank));
        }
        let slot = usize::from(place);
        put(&mut self.sorted, rank, place);
        let rank = u8::try_from(rank).expect("a rank is below 64");
        put(&mut self.ranks, slot, rank);
        put(&mut self.mids, slot, mid);
        put(&mut self.times, slot, at);
        self.len += 1;
    }

    fn forget_oldest(&mut self) {
        let rank = self.rank(self.head);
        let from = usize::from(rank);
        self.sorted
            .copy_within(from + 1..usize::from(self.len), from);
        for rank_of in &mut self.ranks {
            *rank_of = rank_of.wrapping_sub(u8::from(*rank_of > rank));
        }
        self.head = self.place(1);
        self.len -= 1;
    }

    /// How many mids are older than `from`, by halving: they are kept in the order of time.
    fn count_before(&self, from: UnixNanos) -> u8 {
        let (mut low, mut high) = (0, self.len);
        if high == 0 || self.time(self.head) >= from {
            return 0;
        }
        while low < high {
            let middle = (low + high) / 2;
            if self.time(self.place(middle)) < from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// A bit for each rank of a mid that is not among the oldest `out`.
    fn ranks_inside(&self, out: u8) -> u64 {
        let inside = u64::MAX >> (BAND_SAMPLES_MAX - self.len);
        (0..out).fold(inside, |inside, nth| {
            inside & !(1 << self.rank(self.place(nth)))
        })
    }

    fn latest(&self) -> Option<UnixNanos> {
        let nth = self.len.checked_sub(1)?;
        Some(self.time(self.place(nth)))
    }

    /// The place of the nth mid, oldest first.
    const fn place(&self, nth: u8) -> u8 {
        (self.head + nth) % BAND_SAMPLES_MAX
    }

    /// The rank of what a place holds, which is below 64.
    fn rank(&self, place: u8) -> u8 {
        let rank = self.ranks.get(usize::from(place));
        rank.copied().unwrap_or_default() % BAND_SAMPLES_MAX
    }

    fn mid(&self, place: u8) -> i64 {
        self.mids
            .get(usize::from(place))
            .copied()
            .unwrap_or_default()
    }

    fn time(&self, place: u8) -> UnixNanos {
        self.times
            .get(usize::from(place))
            .copied()
            .unwrap_or_default()
    }
}

fn put<T>(places: &mut [T; ROOM], at: usize, value: T) {
    if let Some(place) = places.get_mut(at) {
        *place = value;
    }
}

/// The number of the nth bit that is set, counted from zero and from below.
const fn nth_one(mut bits: u64, nth: u8) -> usize {
    let mut passed = 0;
    while passed < nth {
        bits &= bits.wrapping_sub(1);
        passed += 1;
    }
    bits.trailing_zeros() as usize
}

/// How a window cuts time.
#[derive(Clone, Copy, Debug)]
struct Slices {
    nanos: u64,
}

impl Slices {
    fn new(window: Nanos) -> Self {
        Self {
            nanos: (window.get() / u64::from(BAND_SAMPLES_MAX)).max(1),
        }
    }

    /// When the slice of `at` began.
    const fn start(self, at: UnixNanos) -> UnixNanos {
        UnixNanos::new(at.get() - at.get() % self.nanos)
    }

    /// When the first slice of the window began.
    const fn window_start(self, at: UnixNanos) -> UnixNanos {
        let before = self.nanos.saturating_mul(BAND_SAMPLES_MAX as u64 - 1);
        UnixNanos::new(self.start(at).get().saturating_sub(before))
    }
}

/// The bands of all instruments, by number.
///
/// # Layout
/// 1,160 bytes each: 19 MB for 16,384 instruments.
#[derive(Debug, Default)]
pub(crate) struct Bands {
    rows: Vec<Band>,
}

impl Bands {
    /// Makes room for `instruments` in all; never less than there is. Allocates.
    pub(crate) fn grow(&mut self, instruments: u32) {
        let rows = instruments as usize;
        if rows > self.rows.len() {
            self.rows.reserve_exact(rows - self.rows.len());
            self.rows.resize(rows, Band::EMPTY);
        }
    }

    /// [`Band::take`] of an instrument; nothing for one without a row.
    pub(crate) fn take(
        &mut self,
        instrument: InstrumentId,
        at: UnixNanos,
        mid_twice: i128,
        window: Nanos,
    ) {
        if let Some(band) = self.rows.get_mut(instrument.get() as usize) {
            band.take(at, mid_twice, window);
        }
    }

    /// [`Band::median`] of an instrument; `None` for one without a row.
    pub(crate) fn median(
        &self,
        instrument: InstrumentId,
        at: UnixNanos,
        window: Nanos,
    ) -> Option<i128> {
        self.rows.get(instrument.get() as usize)?.median(at, window)
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let held = (0_u64..).zip(&self.rows).filter(|(_, band)| band.len > 0);
        held.fold(0, |sum, (instrument, band)| {
            sum.wrapping_add(band.digest(salt.rotate_left(32) ^ instrument))
        })
    }
}

#[cfg(test)]
mod tests {
    use dcx_stats::Draws;

    use super::*;

    fn at(nanos: u64) -> UnixNanos {
        UnixNanos::new(nanos)
    }

    /// Every mid that was kept and has not fallen out, oldest first.
    #[derive(Default)]
    struct Twin {
        held: Vec<(u64, i128)>,
    }

    impl Twin {
        fn take(&mut self, at: u64, mid: i128, window: u64) {
            let slice = (window / 64).max(1);
            if self
                .held
                .last()
                .is_some_and(|(t, _)| t / slice >= at / slice)
                || i64::try_from(mid).is_err()
            {
                return;
            }
            self.held.retain(|(t, _)| at / slice - t / slice < 64);
            if self.held.len() == 64 {
                self.held.remove(0);
            }
            self.held.push((at, mid));
        }

        fn median(&self, at: u64, window: u64) -> Option<i128> {
            let slice = (window / 64).max(1);
            let inside = |(t, _): &&(u64, i128)| at / slice - t / slice < 64;
            let mut mids: Vec<i128> = self.held.iter().filter(inside).map(|(_, m)| *m).collect();
            mids.sort_unstable();
            mids.get(mids.len().checked_sub(1)? / 2).copied()
        }
    }

    fn turns(seed: u64, gap_max: u64, windows: &[u64], mids: u64) -> usize {
        let (mut band, mut twin) = (Band::EMPTY, Twin::default());
        let mut draws = Draws::new(seed);
        let (mut now, mut held_max) = (0, 0);
        let mut window = windows[0];
        for turn in 0..60_000 {
            now += match draws.bits() % 500 {
                0 => draws.bits() % (window * 2 + 1),
                _ => draws.bits() % gap_max,
            };
            if turn % 997 == 0 {
                let any = draws.bits() % windows.len() as u64;
                window = windows[usize::try_from(any).unwrap()];
            }
            if !draws.bits().is_multiple_of(3) {
                let mid = i128::from(draws.bits() % mids) - i128::from(mids / 2);
                band.take(at(now), mid, Nanos::new(window));
                twin.take(now, mid, window);
            }
            let median = band.median(at(now), Nanos::new(window));
            assert_eq!(median, twin.median(now, window), "turn {turn}");
            held_max = held_max.max(band.len(at(now), Nanos::new(window)));
        }
        usize::from(held_max)
    }

    #[test]
    fn the_median_agrees_with_sorting_the_window_each_time() {
        // One window, quotes of several to a slice up to several slices to a quote.
        for (seed, gap_max) in [(1, 100), (2, 1_000), (3, 5_000)] {
            turns(seed, gap_max, &[64_000], 1_000_000);
        }
        assert_eq!(turns(4, 300, &[64_000], 4), 64, "the band was full");
    }

    #[test]
    fn the_median_agrees_when_the_window_changes_under_way() {
        turns(5, 500, &[64_000, 6_400, 1, 0, 640_000, 70_001], 1_000);
    }

    #[test]
    fn of_a_slice_only_the_first_mid_counts() {
        let (mut band, window) = (Band::EMPTY, Nanos::new(6_400));
        band.take(at(1_000), 10, window);
        band.take(at(1_099), 99, window);
        assert_eq!(band.median(at(1_099), window), Some(10));
        band.take(at(1_100), 8, window);
        assert_eq!(band.median(at(1_100), window), Some(8), "the lower of two");
        band.take(at(1_200), 9, window);
        assert_eq!(band.median(at(1_200), window), Some(9));
    }

    #[test]
    fn a_mid_falls_out_with_its_slice_even_if_no_other_comes() {
        let (mut band, window) = (Band::EMPTY, Nanos::new(6_400));
        band.take(at(1_050), 10, window);
        assert_eq!(band.median(at(1_000 + 6_399), window), Some(10));
        assert_eq!(band.median(at(1_000 + 6_400), window), None);
    }

    #[test]
    fn no_length_of_window_and_no_mid_is_too_large() {
        let mut band = Band::EMPTY;
        let window = Nanos::new(u64::MAX);
        band.take(at(u64::MAX), i128::from(u64::MAX), window);
        assert_eq!(band.median(at(u64::MAX), window), None, "not kept");
        band.take(at(u64::MAX), i128::from(i64::MIN), window);
        let median = band.median(at(u64::MAX), window);
        assert_eq!(median, Some(i128::from(i64::MIN)));
    }

    #[test]
    fn a_digest_tells_instruments_and_mids_apart_and_forgets_the_forgotten() {
        let digest = |instrument, times: &[u64], mid| {
            let mut bands = Bands::default();
            bands.grow(3);
            for time in times {
                bands.take(instrument, at(*time), mid, Nanos::new(64));
            }
            bands.digest(9)
        };
        let (one, two) = (InstrumentId::new(1), InstrumentId::new(2));
        assert_eq!(digest(one, &[], 5), 0);
        assert_ne!(digest(one, &[100], 5), digest(two, &[100], 5));
        assert_ne!(digest(one, &[100], 5), digest(one, &[101], 5));
        assert_ne!(digest(one, &[100], 5), digest(one, &[100], 6));
        assert_eq!(digest(one, &[9, 1_000], 5), digest(one, &[1_000], 5));
    }

    #[test]
    fn an_instrument_without_a_row_has_no_median() {
        let (mut bands, window) = (Bands::default(), Nanos::new(64));
        bands.grow(1);
        bands.take(InstrumentId::new(0), at(1), 4, window);
        bands.take(InstrumentId::new(1), at(1), 4, window);
        bands.grow(2);
        assert_eq!(bands.median(InstrumentId::new(0), at(1), window), Some(4));
        assert_eq!(bands.median(InstrumentId::new(1), at(1), window), None);
        assert_eq!(bands.median(InstrumentId::new(2), at(1), window), None);
    }

    #[test]
    fn a_band_takes_as_much_room_as_it_says() {
        assert_eq!(size_of::<Band>(), 1_160);
    }
}
