//! How large an instrument's trades are: the moving average that the size of an order is held to.

use dcx_model::Qty;

use crate::digest::Words;

/// Trades that the average rests on before it limits anything.
pub(crate) const TYPICAL_TRADES_MIN: u8 = 20;

/// One divided by the weight of the latest trade.
const SPAN: u8 = 64;

/// Bits below the unit of quantity that the average is kept to.
const FRACTION_BITS: u32 = 32;

/// The exponentially weighted moving average of one instrument's trade sizes.
///
/// The nth trade moves the average by `(last_qty − average) ÷ min(n, 64)`, rounded down to a
/// multiple of 2⁻³² units: the plain average of the first 64 trades, so that the first of them
/// weighs no more than the others, and a weight of 1/64 for the latest from then on. Rounding
/// lowers the average by less than 2⁻²⁶ units in all.
///
/// # Layout
/// 32 bytes each: 512 KiB for 16,384 instruments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typical {
    /// In 2⁻³² units of quantity; below 2⁹⁶.
    average: i128,
    /// Trades seen, up to 64.
    trades: u8,
}

impl Typical {
    /// Takes in the size of a trade. A trade of nothing is none.
    pub(crate) fn take(&mut self, last_qty: Qty) {
        if last_qty.is_zero() {
            return;
        }
        let away = (i128::from(last_qty.units()) << FRACTION_BITS) - self.average;
        if self.trades < SPAN {
            self.trades += 1;
        }
        // 64 is a power of two: the shift is the same division, and needs no divider.
        self.average += if self.trades == SPAN {
            away >> SPAN.trailing_zeros()
        } else {
            away.div_euclid(i128::from(self.trades))
        };
    }

    /// The largest size that is no more than `k_thousandths` thousandths of the average, rounded
    /// down; `None` before the 20th trade.
    pub(crate) fn limit(&self, k_thousandths: u32) -> Option<Qty> {
        if self.trades < TYPICAL_TRADES_MIN {
            return None;
        }
        // Below 2¹²⁸: an average below 2⁹⁶ and a factor below 2³².
        let product = self.average.unsigned_abs() * u128::from(k_thousandths);
        // A division of 64 bits where that is enough, which it is but for absurd quantities.
        let units = match u64::try_from(product >> FRACTION_BITS) {
            Ok(thousandths) => thousandths / 1_000,
            Err(_) => u64::try_from((product >> FRACTION_BITS) / 1_000).unwrap_or(u64::MAX),
        };
        Some(Qty::from_units(units))
    }

    /// Trades seen, up to 64.
    pub(crate) const fn trades(&self) -> u8 {
        self.trades
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        if self.trades == 0 {
            return 0;
        }
        let mut words = Words::new(salt);
        words.i128(self.average);
        words.u64(u64::from(self.trades));
        words.finish()
    }
}

#[cfg(test)]
mod tests {
    use dcx_stats::Draws;

    use super::*;

    fn after(sizes: impl IntoIterator<Item = u64>) -> Typical {
        let mut typical = Typical::default();
        for size in sizes {
            typical.take(Qty::from_units(size));
        }
        typical
    }

    fn limit(typical: Typical, k_thousandths: u32) -> Option<u64> {
        typical.limit(k_thousandths).map(Qty::units)
    }

    #[test]
    fn there_is_no_limit_before_the_twentieth_trade() {
        assert_eq!(limit(after([100; 19]), 5_000), None);
        assert_eq!(limit(after([100; 20]), 5_000), Some(500));
        let with_nothing = (0..19).map(|_| 100).chain([0; 9]);
        assert_eq!(limit(after(with_nothing), 5_000), None);
    }

    #[test]
    fn the_first_sixty_four_trades_weigh_the_same() {
        let first_large = [64_000].into_iter().chain([0; 63].map(|_: u32| 640));
        // (64,000 + 63 × 640) ÷ 64 = 1,630.
        let average = limit(after(first_large), 1_000).unwrap();
        assert!((1_629..=1_630).contains(&average), "{average}");
    }

    #[test]
    fn the_latest_trade_moves_the_average_by_a_sixty_fourth() {
        let steady = [6_400; 64].into_iter();
        assert_eq!(limit(after(steady.clone()), 1_000), Some(6_400));
        assert_eq!(limit(after(steady.chain([12_800])), 1_000), Some(6_500));
    }

    /// The rule as a weighted mean of the average and the trade, and the state after each trade.
    #[test]
    fn every_step_agrees_with_a_weighted_mean() {
        for (seed, size_max) in [(1, 10), (2, 1_000_000_000_000), (3, u64::MAX)] {
            let mut draws = Draws::new(seed);
            let mut typical = Typical::default();
            let mut twin = 0_i128;
            for n in 1..=5_000_i128 {
                let size = 1 + draws.bits() % size_max;
                typical.take(Qty::from_units(size));
                let weight = n.min(64);
                twin = (twin * (weight - 1) + i128::from(size) * (1 << 32)).div_euclid(weight);
                assert_eq!(typical.average, twin, "trade {n}");
            }
        }
    }

    /// Against the fraction that the average is without any rounding: after the first 64 trades of
    /// `start` each, `sizes` more. With N of them it is a whole number of 64⁻ᴺ units.
    #[test]
    fn rounding_loses_less_than_it_says() {
        let mut draws = Draws::new(4);
        for _ in 0..2_000 {
            let start = 1 + draws.bits() % 1_000_000;
            let sizes = [(); 10].map(|()| 1 + draws.bits() % 1_000_000);
            let mut exact = i128::from(start);
            let mut scale = 1_i128;
            for size in sizes {
                exact = exact * 63 + i128::from(size) * scale;
                scale *= 64;
            }
            let typical = after([start; 64].into_iter().chain(sizes));
            // Both in 2⁻⁶⁰ units: 64¹⁰ = 2⁶⁰.
            let lost = exact - (typical.average << 28);
            assert!((0..1 << 34).contains(&lost), "{lost}");
        }
    }

    #[test]
    fn the_largest_sizes_and_factors_do_not_overflow() {
        let largest = after([u64::MAX; 100]);
        assert_eq!(limit(largest, 1_000), Some(u64::MAX));
        assert_eq!(limit(largest, u32::MAX), Some(u64::MAX));
        assert_eq!(limit(largest, 0), Some(0));
        assert_eq!(limit(after([1; 100]), 1_999), Some(1));
    }

    #[test]
    fn a_digest_tells_apart_what_was_seen() {
        assert_eq!(Typical::default().digest(1), 0);
        assert_ne!(after([5]).digest(1), after([6]).digest(1));
        assert_ne!(after([5]).digest(1), after([5, 5]).digest(1));
        assert_ne!(after([5]).digest(1), after([5]).digest(2));
    }
}
