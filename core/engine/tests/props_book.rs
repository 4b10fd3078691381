//! Goal: the consolidated book is what a look at every quote says. Method: any quotes in any
//! order, against a twin that keeps them all in a list and computes everything anew.

use dcx_engine::{Book, Consolidated, Level};
use dcx_model::{
    InstrumentId, LimitPx, Nanos, Price, Qty, Quote, Side, UnixNanos, VENUES_MAX, VenueId, VenueSet,
};
use proptest::prelude::*;

const INSTRUMENTS: u32 = 2;
const VENUES: u8 = 5;
const AGE_MAX: Nanos = Nanos::new(20);

fn any_quote() -> impl Strategy<Value = (u64, Quote)> {
    let side = || prop_oneof![1 => Just(0_i64), 8 => 95..105_i64];
    let numbers = (0..VENUES, 0..INSTRUMENTS, 0..4_u64, 0..4_u64);
    (0..15_u64, numbers, side(), side()).prop_map(|(after, numbers, bid, ask)| {
        let (venue, instrument, bid_qty, ask_qty) = numbers;
        let px = |units| match units {
            0 => LimitPx::NONE,
            units => Price::from_units(units).into(),
        };
        let quote = Quote {
            venue: VenueId::new(venue),
            instrument: InstrumentId::new(instrument),
            bid_px: px(bid),
            bid_qty: Qty::from_units(bid_qty),
            ask_px: px(ask),
            ask_qty: Qty::from_units(ask_qty),
            quote_time: UnixNanos::ZERO,
        };
        (after, quote)
    })
}

/// Every quote ever taken, with its time.
#[derive(Default)]
struct Twin {
    quotes: Vec<(u64, Quote)>,
}

impl Twin {
    /// The last quote of each venue that counts, and the sets that are left out.
    fn standing(
        &self,
        instrument: InstrumentId,
        asked: VenueSet,
        now: u64,
    ) -> (Vec<Quote>, VenueSet, VenueSet) {
        let (mut good, mut stale, mut inverted) = (Vec::new(), VenueSet::NONE, VenueSet::NONE);
        for venue in (0..VENUES).map(VenueId::new) {
            let last = self
                .quotes
                .iter()
                .rev()
                .find(|(_, quote)| quote.venue == venue && quote.instrument == instrument);
            let Some((at, quote)) = last.filter(|_| asked.contains(venue)) else {
                continue;
            };
            let (bid, ask) = (quote.bid_px.price(), quote.ask_px.price());
            match (bid, ask) {
                (None, None) => {}
                (Some(bid), Some(ask)) if bid > ask => inverted = inverted.with(venue),
                _ if now - at > AGE_MAX.get() => stale = stale.with(venue),
                _ => good.push(*quote),
            }
        }
        (good, stale, inverted)
    }
}

/// Prices and quantities of one side, best first.
fn ladder(quotes: &[Quote], side: Side) -> Vec<(Price, Qty, VenueId)> {
    let mut ladder: Vec<(Price, Qty, VenueId)> = quotes
        .iter()
        .filter_map(|quote| match side {
            Side::Buy => Some((quote.bid_px.price()?, quote.bid_qty, quote.venue)),
            Side::Sell => Some((quote.ask_px.price()?, quote.ask_qty, quote.venue)),
        })
        .collect();
    ladder.sort_by_key(|(px, _, venue)| match side {
        Side::Buy => (-px.units(), venue.get()),
        Side::Sell => (px.units(), venue.get()),
    });
    ladder
}

fn agrees(found: &Consolidated, quotes: &[Quote], side: Side) -> Result<(), TestCaseError> {
    let ladder = ladder(quotes, side);
    let best = match side {
        Side::Buy => found.bid,
        Side::Sell => found.ask,
    };
    let Some((px, _, _)) = ladder.first() else {
        prop_assert_eq!(best, None);
        return Ok(());
    };
    let best = best.expect("a best price where anybody shows one");
    let there = || ladder.iter().filter(|level| level.0 == *px);
    prop_assert_eq!(best.px, *px);
    prop_assert_eq!(
        best.qty.units(),
        there().map(|level| level.1.units()).sum::<u64>()
    );
    let venues = there().fold(VenueSet::NONE, |set, level| set.with(level.2));
    prop_assert_eq!(best.venues, venues);
    Ok(())
}

proptest! {
    #[test]
    fn the_book_is_what_a_look_at_every_quote_says(
        quotes in proptest::collection::vec(any_quote(), 1..60),
        asked in 0..32_u64,
    ) {
        let (mut book, mut twin) = (Book::default(), Twin::default());
        book.grow(INSTRUMENTS as usize);
        let (mut now, asked) = (100, VenueSet::from_bits(asked));
        for (after, quote) in quotes {
            now += after;
            book.take(UnixNanos::new(now), &quote);
            twin.quotes.push((now, quote));
            for instrument in (0..INSTRUMENTS).map(InstrumentId::new) {
                let found = book.consolidated(instrument, asked, UnixNanos::new(now), AGE_MAX);
                let (good, stale, inverted) = twin.standing(instrument, asked, now);
                prop_assert_eq!((found.stale, found.inverted), (stale, inverted));
                agrees(&found, &good, Side::Buy)?;
                agrees(&found, &good, Side::Sell)?;
                let sides = found.bid.zip(found.ask);
                prop_assert_eq!(found.is_crossed(), sides.is_some_and(|(b, a)| b.px > a.px));
                prop_assert_eq!(found.is_locked(), sides.is_some_and(|(b, a)| b.px == a.px));
                for side in [Side::Buy, Side::Sell] {
                    let none = Level {
                        venue: VenueId::new(0),
                        px: Price::ZERO,
                        qty: Qty::ZERO,
                    };
                    let mut levels = [none; VENUES_MAX];
                    let moment = (UnixNanos::new(now), AGE_MAX);
                    let count = book.levels((instrument, side), asked, moment, &mut levels);
                    let levels: Vec<_> = levels[..count]
                        .iter()
                        .map(|level| (level.px, level.qty, level.venue))
                        .collect();
                    prop_assert_eq!(levels, ladder(&good, side));
                }
            }
        }
    }
}
