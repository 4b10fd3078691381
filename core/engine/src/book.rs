//! The consolidated book: best bid and offer of each venue in each instrument, and what they come
//! to together.
//!
//! Venues that are stale, or crossed within themselves, are left out and named. What is locked or
//! crossed *between* venues is told as it is: whoever trades on it decides what to make of it.

use dcx_model::{
    InstrumentId, LimitPx, Nanos, Price, Qty, Quote, Side, UnixNanos, VENUES_MAX, VenueId, VenueSet,
};

use crate::digest::Words;

/// No price, as a quote's bits have it: the least of all numbers.
const NONE: i64 = LimitPx::NONE.to_bits();

/// One venue's prices for one instrument.
#[derive(Clone, Copy, Debug)]
struct Top {
    bid_px: LimitPx,
    ask_px: LimitPx,
    bid_qty: Qty,
    ask_qty: Qty,
    /// When the quote came in: staleness is counted from here.
    at: UnixNanos,
}

const NO_TOP: Top = Top {
    bid_px: LimitPx::NONE,
    ask_px: LimitPx::NONE,
    bid_qty: Qty::ZERO,
    ask_qty: Qty::ZERO,
    at: UnixNanos::ZERO,
};

/// All venues' prices for one instrument.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Venues that ever quoted.
    quoted: VenueSet,
    /// Venues whose feed lost something: their prices are gone, and `at` is when that was noticed.
    gapped: VenueSet,
    tops: [Top; VENUES_MAX],
}

/// The best prices over several venues, from quotes that are fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Best {
    /// The highest bid.
    pub(crate) bid: Option<Price>,
    /// The lowest offer.
    pub(crate) ask: Option<Price>,
    /// Age of the youngest quote, fresh or not; none if nobody quotes.
    pub(crate) youngest: Option<Nanos>,
    /// Whether a venue is left out because its feed lost something.
    pub(crate) gapped: bool,
}

impl Best {
    /// Bid plus offer: twice the mid, which keeps it exact.
    pub(crate) fn mid_twice(&self) -> Option<i128> {
        let (bid, ask) = (self.bid?, self.ask?);
        Some(i128::from(bid.units()) + i128::from(ask.units()))
    }
}

/// The best price of one side over several venues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BestPrice {
    /// The price.
    pub px: Price,
    /// What the venues that show it say they have there; zero where none of them says.
    pub qty: Qty,
    /// Who shows it.
    pub venues: VenueSet,
}

/// One venue's best price of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Who.
    pub venue: VenueId,
    /// At what price.
    pub px: Price,
    /// How much; zero where the venue does not say.
    pub qty: Qty,
}

/// What all venues show of one instrument at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consolidated {
    /// The highest bid.
    pub bid: Option<BestPrice>,
    /// The lowest offer.
    pub ask: Option<BestPrice>,
    /// Venues left out because their quote is too old.
    pub stale: VenueSet,
    /// Venues left out because their own bid is above their own offer.
    pub inverted: VenueSet,
    /// Venues left out because their feed lost something, and has not sent its whole state since.
    pub gapped: VenueSet,
    /// Age of the youngest quote, fresh or not; none if nobody quotes.
    pub youngest: Option<Nanos>,
}

impl Consolidated {
    /// Bid plus offer, which keeps the mid exact.
    #[must_use]
    pub fn mid_twice(&self) -> Option<i128> {
        let (bid, ask) = (self.bid?.px, self.ask?.px);
        Some(i128::from(bid.units()) + i128::from(ask.units()))
    }

    /// Whether the best bid is the best offer.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.sides().is_some_and(|(bid, ask)| bid == ask)
    }

    /// Whether the best bid is above the best offer: one of two venues is wrong, or late.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        self.sides().is_some_and(|(bid, ask)| bid > ask)
    }

    fn sides(&self) -> Option<(Price, Price)> {
        Some((self.bid?.px, self.ask?.px))
    }
}

/// How one venue's quote counts at a moment.
enum Standing {
    /// It shows no price.
    Empty,
    /// Its own bid is above its own offer: it is wrong about one of them.
    Inverted,
    /// It counts, if it is this young.
    Good(Nanos),
}

impl Top {
    fn standing(&self, now: UnixNanos) -> Standing {
        let (bid, ask) = (self.bid_px.price(), self.ask_px.price());
        if bid.is_none() && ask.is_none() {
            return Standing::Empty;
        }
        if bid.is_some() && ask.is_some() && bid > ask {
            return Standing::Inverted;
        }
        Standing::Good(now.since(self.at))
    }

    fn level(&self, side: Side) -> Option<(Price, Qty)> {
        match side {
            Side::Buy => Some((self.bid_px.price()?, self.bid_qty)),
            Side::Sell => Some((self.ask_px.price()?, self.ask_qty)),
        }
    }
}

/// Quotes by instrument and venue.
///
/// ```
/// use dcx_engine::Book;
/// use dcx_model::{InstrumentId, Nanos, Price, Qty, Quote, UnixNanos, VenueId, VenueSet};
/// let mut book = Book::default();
/// book.grow(1);
/// let (instrument, now) = (InstrumentId::new(0), UnixNanos::from_seconds(9));
/// for (venue, bid, ask) in [(0, 10, 13), (1, 11, 14)] {
///     book.take(now, &Quote {
///         venue: VenueId::new(venue),
///         instrument,
///         bid_px: Price::from_units(bid).into(),
///         bid_qty: Qty::ZERO,
///         ask_px: Price::from_units(ask).into(),
///         ask_qty: Qty::ZERO,
///         quote_time: UnixNanos::ZERO,
///     });
/// }
/// let all = book.consolidated(instrument, VenueSet::from_bits(u64::MAX), now, Nanos::from_seconds(1));
/// assert_eq!(all.mid_twice(), Some(24));
/// assert!(!all.is_crossed());
/// ```
#[derive(Debug, Default)]
pub struct Book {
    rows: Vec<Row>,
    /// Prices that are not believed now, and how often one became so.
    gapped: u32,
    gaps: u64,
}

impl Book {
    /// Makes room for `instruments`. Allocates.
    pub fn grow(&mut self, instruments: usize) {
        if instruments > self.rows.len() {
            let empty = Row {
                quoted: VenueSet::NONE,
                gapped: VenueSet::NONE,
                tops: [NO_TOP; VENUES_MAX],
            };
            self.rows.resize(instruments, empty);
        }
    }

    /// Takes a quote in the place of the venue's last one. It is the whole state: where the
    /// venue's feed had lost something it is believed again, and this says after how long.
    pub fn take(&mut self, at: UnixNanos, quote: &Quote) -> Option<Nanos> {
        let row = self.rows.get_mut(quote.instrument.get() as usize)?;
        let top = row.tops.get_mut(usize::from(quote.venue.get()))?;
        let restored = row.gapped.contains(quote.venue);
        let restored = restored.then(|| at.since(top.at));
        row.quoted = row.quoted.with(quote.venue);
        if restored.is_some() {
            row.gapped = row.gapped.without(quote.venue);
            self.gapped -= 1;
        }
        *top = Top {
            bid_px: quote.bid_px,
            ask_px: quote.ask_px,
            bid_qty: quote.bid_qty,
            ask_qty: quote.ask_qty,
            at,
        };
        restored
    }

    /// Forgets what a venue showed of an instrument: its feed lost something. Says whether that is
    /// news.
    pub fn lose(&mut self, at: UnixNanos, venue: VenueId, instrument: InstrumentId) -> bool {
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return false;
        };
        let Some(top) = row.tops.get_mut(usize::from(venue.get())) else {
            return false;
        };
        if row.gapped.contains(venue) {
            return false;
        }
        row.gapped = row.gapped.with(venue);
        *top = Top { at, ..NO_TOP };
        self.gapped += 1;
        self.gaps = self.gaps.wrapping_add(1);
        true
    }

    /// Venues whose prices of an instrument are not believed: their feed lost something.
    #[must_use]
    pub fn gapped(&self, instrument: InstrumentId) -> VenueSet {
        let row = self.rows.get(instrument.get() as usize);
        row.map_or(VenueSet::NONE, |row| row.gapped)
    }

    /// Whether a venue ever quoted an instrument.
    #[must_use]
    pub fn is_quoted(&self, venue: VenueId, instrument: InstrumentId) -> bool {
        let row = self.rows.get(instrument.get() as usize);
        row.is_some_and(|row| row.quoted.contains(venue))
    }

    /// How many prices are not believed now, and how often one became so.
    pub(crate) const fn gap_counts(&self) -> (u32, u64) {
        (self.gapped, self.gaps)
    }

    /// The best prices of `venues`, from quotes at most `age_max` old.
    ///
    /// # Cost
    /// O(venues that quote the instrument).
    pub(crate) fn best(
        &self,
        instrument: InstrumentId,
        venues: VenueSet,
        now: UnixNanos,
        age_max: Nanos,
    ) -> Best {
        let Some(row) = self.rows.get(instrument.get() as usize) else {
            return Best::default();
        };
        let (mut best_bid, mut best_ask, mut youngest) = (NONE, NONE, None);
        let mut left = row.quoted.and(venues).bits();
        while left != 0 {
            let top = row.tops.get(left.trailing_zeros() as usize);
            left &= left - 1;
            let Some(top) = top else { continue };
            let (bid, ask) = (top.bid_px.to_bits(), top.ask_px.to_bits());
            // A venue whose own bid is above its own offer is wrong about one of them.
            let crossed = ask != NONE && bid > ask;
            if crossed || bid == NONE && ask == NONE {
                continue;
            }
            let age = now.since(top.at);
            youngest = Some(youngest.map_or(age, |youngest: Nanos| youngest.min(age)));
            if age <= age_max {
                best_bid = best_bid.max(bid);
                if best_ask == NONE || ask != NONE && ask < best_ask {
                    best_ask = ask;
                }
            }
        }
        Best {
            bid: LimitPx::from_bits(best_bid).price(),
            ask: LimitPx::from_bits(best_ask).price(),
            youngest,
            gapped: !row.gapped.and(venues).is_empty(),
        }
    }

    /// Everything that `venues` show, from quotes at most `age_max` old, and what was left out.
    ///
    /// # Cost
    /// O(venues that quote the instrument).
    #[must_use]
    pub fn consolidated(
        &self,
        instrument: InstrumentId,
        venues: VenueSet,
        now: UnixNanos,
        age_max: Nanos,
    ) -> Consolidated {
        let mut all = Consolidated {
            gapped: self.gapped(instrument).and(venues),
            ..Consolidated::default()
        };
        for (venue, top) in self.tops(instrument, venues) {
            let age = match top.standing(now) {
                Standing::Empty => continue,
                Standing::Inverted => {
                    all.inverted = all.inverted.with(venue);
                    continue;
                }
                Standing::Good(age) => age,
            };
            all.youngest = Some(all.youngest.map_or(age, |youngest| youngest.min(age)));
            if age > age_max {
                all.stale = all.stale.with(venue);
                continue;
            }
            better(&mut all.bid, venue, top.level(Side::Buy), |px, best| {
                px > best
            });
            better(&mut all.ask, venue, top.level(Side::Sell), |px, best| {
                px < best
            });
        }
        all
    }

    /// Every venue's price on one side, best first, equal ones by number: the bids of
    /// [`Side::Buy`], the offers of [`Side::Sell`]. Returns how many of `levels` were filled.
    ///
    /// # Cost
    /// O(venues²), for few venues; no allocation.
    pub fn levels(
        &self,
        asked: (InstrumentId, Side),
        venues: VenueSet,
        (now, age_max): (UnixNanos, Nanos),
        levels: &mut [Level; VENUES_MAX],
    ) -> usize {
        let (instrument, side) = asked;
        let mut count = 0;
        for (venue, top) in self.tops(instrument, venues) {
            let fresh = matches!(top.standing(now), Standing::Good(age) if age <= age_max);
            let Some((px, qty)) = top.level(side).filter(|_| fresh) else {
                continue;
            };
            let filled = levels.get(..count).unwrap_or_default();
            let place = filled.partition_point(|level| match side {
                Side::Buy => level.px >= px,
                Side::Sell => level.px <= px,
            });
            if let Some(tail) = levels.get_mut(place..=count) {
                tail.rotate_right(1);
                if let Some(slot) = tail.first_mut() {
                    *slot = Level { venue, px, qty };
                }
                count += 1;
            }
        }
        count
    }

    /// The venues among `venues` that ever quoted the instrument, lowest first.
    fn tops(
        &self,
        instrument: InstrumentId,
        venues: VenueSet,
    ) -> impl Iterator<Item = (VenueId, &Top)> {
        let row = self.rows.get(instrument.get() as usize);
        let listed = row.map_or(VenueSet::NONE, |row| row.quoted.and(venues));
        let tops = row.map_or(&[][..], |row| &row.tops);
        (0_u8..)
            .map(VenueId::new)
            .zip(tops)
            .filter(move |(venue, _)| listed.contains(*venue))
    }

    /// Venues whose fresh quote lets an order of this side trade at `px` or better.
    pub(crate) fn showing(
        &self,
        instrument: InstrumentId,
        (side, px): (Side, Price),
        now: UnixNanos,
        age_max: Nanos,
    ) -> VenueSet {
        let mut showing = VenueSet::NONE;
        let row = self.rows.get(instrument.get() as usize);
        for (venue, top) in (0_u8..).zip(row.iter().flat_map(|row| &row.tops)) {
            let good = match side {
                Side::Buy => top.ask_px.price().is_some_and(|ask| ask <= px),
                Side::Sell => top.bid_px.price().is_some_and(|bid| bid >= px),
            };
            if good && now.since(top.at) <= age_max {
                showing = showing.with(VenueId::new(venue));
            }
        }
        showing
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut sum = 0_u64;
        if self.gaps > 0 {
            let mut words = Words::new(salt);
            words.u64(self.gaps);
            sum = words.finish();
        }
        for (instrument, row) in (0_u64..).zip(&self.rows) {
            for (venue, top) in (0_u64..).zip(&row.tops) {
                let gapped = row.gapped.bits() & (1 << venue) != 0;
                if row.quoted.bits() & (1 << venue) == 0 && !gapped {
                    continue;
                }
                let mut words = Words::new(salt);
                words.u64(instrument << 8 | venue);
                if gapped {
                    words.u64(1);
                }
                words.u64(top.bid_px.to_bits().cast_unsigned());
                words.u64(top.ask_px.to_bits().cast_unsigned());
                words.u64(top.bid_qty.units());
                words.u64(top.ask_qty.units());
                words.u64(top.at.get());
                sum = sum.wrapping_add(words.finish());
            }
        }
        sum
    }
}

/// Takes a venue's price if it is better than the best, and adds its quantity if it is equal.
fn better(
    best: &mut Option<BestPrice>,
    venue: VenueId,
    offered: Option<(Price, Qty)>,
    beats: fn(Price, Price) -> bool,
) {
    let Some((px, qty)) = offered else { return };
    let alone = BestPrice {
        px,
        qty,
        venues: VenueSet::NONE.with(venue),
    };
    *best = Some(match *best {
        Some(old) if old.px == px => BestPrice {
            px,
            // Beyond what can be held, as much as can be.
            qty: old.qty.plus(qty).unwrap_or(Qty::from_units(u64::MAX)),
            venues: old.venues.with(venue),
        },
        Some(old) if !beats(px, old.px) => old,
        Some(_) | None => alone,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(venue: u8, bid: i64, ask: i64) -> Quote {
        let px = |units| match units {
            0 => LimitPx::NONE,
            units => Price::from_units(units).into(),
        };
        Quote {
            venue: VenueId::new(venue),
            instrument: InstrumentId::new(1),
            bid_px: px(bid),
            bid_qty: Qty::ZERO,
            ask_px: px(ask),
            ask_qty: Qty::ZERO,
            quote_time: UnixNanos::ZERO,
        }
    }

    fn best_at(book: &Book, now: u64) -> (Option<i64>, Option<i64>, Option<u64>) {
        let best = book.best(
            InstrumentId::new(1),
            VenueSet::from_bits(0b111),
            UnixNanos::new(now),
            Nanos::new(10),
        );
        (
            best.bid.map(Price::units),
            best.ask.map(Price::units),
            best.youngest.map(Nanos::get),
        )
    }

    #[test]
    fn the_best_is_taken_over_fresh_quotes_of_listed_venues() {
        let mut book = Book::default();
        book.grow(2);
        assert_eq!(best_at(&book, 0), (None, None, None));
        book.take(UnixNanos::new(100), &quote(0, 10, 13));
        book.take(UnixNanos::new(105), &quote(1, 11, 14));
        book.take(UnixNanos::new(105), &quote(5, 99, 100));
        assert_eq!(best_at(&book, 110), (Some(11), Some(13), Some(5)));
        assert_eq!(
            best_at(&book, 111),
            (Some(11), Some(14), Some(6)),
            "venue 0 is stale"
        );
        assert_eq!(best_at(&book, 200), (None, None, Some(95)));
    }

    #[test]
    fn a_quote_that_is_itself_crossed_is_not_used_and_a_locked_one_is() {
        let mut book = Book::default();
        book.grow(2);
        book.take(UnixNanos::new(100), &quote(0, 10, 13));
        book.take(UnixNanos::new(100), &quote(1, 12, 11));
        assert_eq!(best_at(&book, 100), (Some(10), Some(13), Some(0)));
        book.take(UnixNanos::new(100), &quote(1, 12, 12));
        assert_eq!(best_at(&book, 100), (Some(12), Some(12), Some(0)));
    }

    #[test]
    fn a_quote_without_prices_is_no_quote() {
        let mut book = Book::default();
        book.grow(2);
        book.take(UnixNanos::new(100), &quote(0, 10, 13));
        book.take(UnixNanos::new(101), &quote(0, 0, 0));
        assert_eq!(best_at(&book, 101), (None, None, None));
        book.take(UnixNanos::new(102), &quote(0, 9, 0));
        assert_eq!(best_at(&book, 102), (Some(9), None, Some(0)));
    }
}
