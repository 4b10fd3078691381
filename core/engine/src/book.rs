//! Best bid and offer of each venue in each instrument, and what they come to together.

use dcx_model::{InstrumentId, LimitPx, Nanos, Price, Qty, Quote, UnixNanos, VENUES_MAX, VenueSet};

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
}

impl Best {
    /// Bid plus offer: twice the mid, which keeps it exact.
    pub(crate) fn mid_twice(&self) -> Option<i128> {
        let (bid, ask) = (self.bid?, self.ask?);
        Some(i128::from(bid.units()) + i128::from(ask.units()))
    }
}

/// Quotes by instrument and venue.
#[derive(Debug, Default)]
pub(crate) struct Book {
    rows: Vec<Row>,
}

impl Book {
    /// Makes room for `instruments`. Allocates.
    pub(crate) fn grow(&mut self, instruments: usize) {
        if instruments > self.rows.len() {
            let empty = Row {
                quoted: VenueSet::NONE,
                tops: [NO_TOP; VENUES_MAX],
            };
            self.rows.resize(instruments, empty);
        }
    }

    /// Takes a quote in the place of the venue's last one.
    pub(crate) fn take(&mut self, at: UnixNanos, quote: &Quote) {
        let Some(row) = self.rows.get_mut(quote.instrument.get() as usize) else {
            return;
        };
        let Some(top) = row.tops.get_mut(usize::from(quote.venue.get())) else {
            return;
        };
        row.quoted = row.quoted.with(quote.venue);
        *top = Top {
            bid_px: quote.bid_px,
            ask_px: quote.ask_px,
            bid_qty: quote.bid_qty,
            ask_qty: quote.ask_qty,
            at,
        };
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
        }
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut sum = 0_u64;
        for (instrument, row) in (0_u64..).zip(&self.rows) {
            for (venue, top) in (0_u64..).zip(&row.tops) {
                if row.quoted.bits() & (1 << venue) == 0 {
                    continue;
                }
                let mut words = Words::new(salt);
                words.u64(instrument << 8 | venue);
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

#[cfg(test)]
mod tests {
    use dcx_model::VenueId;

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
