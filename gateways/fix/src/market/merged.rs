//! What all venues show of an instrument together: levels by price, best first.
//!
//! Counted are venues that trade the instrument, whose book is whole, was heard of recently enough
//! and is not inverted. What is locked or crossed between venues is shown as it is, and said so.

use dcx_model::{InstrumentId, MonoNanos, Nanos, Price, Qty, Side};

use super::feed::Feed;

/// `QuoteCondition` (276) of a best price: none, `E` locked, `F` crossed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Condition {
    #[default]
    Plain,
    Locked,
    Crossed,
}

impl Condition {
    pub(super) const fn wire(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Locked => Some(b'E'),
            Self::Crossed => Some(b'F'),
        }
    }
}

/// One price and what all venues have there together; zero if none says how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) px: Price,
    pub(super) qty: Qty,
    pub(super) condition: Condition,
}

/// The levels of both sides, in room that is used again.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) bids: Vec<Shown>,
    pub(super) asks: Vec<Shown>,
}

impl Merged {
    pub(super) const fn side(&self, side: Side) -> &Vec<Shown> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Reads the venues' books anew, `depth` levels of each side.
    ///
    /// # Cost
    /// O(levels of all venues · log), no allocation once there was room for them.
    pub(super) fn read<'f>(
        &mut self,
        feeds: impl Iterator<Item = &'f Feed> + Clone,
        instrument: InstrumentId,
        (now, age_max): (MonoNanos, Nanos),
        depth: usize,
    ) {
        self.bids.clear();
        self.asks.clear();
        let sides = [(Side::Buy, &mut self.bids), (Side::Sell, &mut self.asks)];
        for (side, shown) in sides {
            for feed in feeds.clone() {
                if !counts(feed, instrument, (now, age_max)) {
                    continue;
                }
                let Some((ladder, _)) = feed.ladder(instrument) else {
                    continue;
                };
                shown.extend(ladder.levels(side).iter().map(|level| Shown {
                    px: level.px,
                    qty: level.qty,
                    condition: Condition::Plain,
                }));
            }
            shown.sort_unstable_by(|a, b| match side {
                Side::Buy => b.px.cmp(&a.px),
                Side::Sell => a.px.cmp(&b.px),
            });
            shown.dedup_by(|next, kept| {
                let same = next.px == kept.px;
                if same {
                    let both = kept.qty.plus(next.qty);
                    kept.qty = both.unwrap_or(Qty::from_units(u64::MAX));
                }
                same
            });
        }
        self.mark();
        self.bids.truncate(depth);
        self.asks.truncate(depth);
    }

    /// Says of both best prices if they are locked or crossed.
    fn mark(&mut self) {
        let (Some(bid), Some(ask)) = (self.bids.first_mut(), self.asks.first_mut()) else {
            return;
        };
        let condition = match bid.px.cmp(&ask.px) {
            std::cmp::Ordering::Less => Condition::Plain,
            std::cmp::Ordering::Equal => Condition::Locked,
            std::cmp::Ordering::Greater => Condition::Crossed,
        };
        bid.condition = condition;
        ask.condition = condition;
    }
}

/// Whether what a venue shows of an instrument is shown to clients.
pub(super) fn counts(
    feed: &Feed,
    instrument: InstrumentId,
    (now, age_max): (MonoNanos, Nanos),
) -> bool {
    let Some((ladder, at)) = feed.ladder(instrument) else {
        return false;
    };
    feed.is_open(instrument) && !ladder.is_inverted() && now.since(at) <= age_max
}
