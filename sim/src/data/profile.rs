//! What a market's day looks like, learnt from its quotes: volume by the time of day, volatility,
//! spread.
//!
//! Recorded quotes say when a market is busy, not how much it trades. How often a quote changes
//! stands for volume: of all that quotes say, it follows volume most closely (Karpoff 1987, "The
//! relation between price changes and trading volume"). How much trades in a day, and what it
//! costs to be all of it, the data do not say: whoever knows, states it.

use std::path::Path;

use super::inspect::GAP;
use super::{DataError, DataOptions, open};

/// Buckets of a day: five minutes each.
const BUCKETS: usize = 288;

/// The largest weight of a profile.
const WEIGHT_MAX: u64 = 10_000;

const BUCKET_NS: u64 = 300_000_000_000;

/// A market's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayProfile {
    /// The weight of each five minutes of the UTC day.
    pub weights: Vec<u16>,
    /// Standard deviation of the price over a day, in millionths of it.
    pub volatility_ppm: u32,
    /// Half the mean spread, in millionths of the price.
    pub half_spread_ppm: u32,
    /// Quotes that were read, crossed and reversed ones apart.
    pub quotes: u64,
    /// Days with any quote.
    pub days: u64,
    /// Quotes that were passed over because their bid was above their ask.
    pub crossed: u64,
    /// Quotes that were passed over because they are stamped earlier than the one before.
    pub reversed: u64,
    /// Stretches of more than a minute without a quote: what trades then is not known.
    pub gaps: u64,
}

/// Reads all of a path and says what its day looks like.
///
/// Quotes that are crossed, or stamped earlier than the one before, say nothing and are passed
/// over.
///
/// # Errors
/// [`DataError`] at the first place that is not as its format says, or when there is no quote.
pub fn profile(path: &Path, options: &DataOptions) -> Result<DayProfile, DataError> {
    let mut day = Day::default();
    let (mut crossed, mut reversed, mut gaps) = (0, 0, 0);
    let mut last = None;
    for quote in &mut open(path, options)? {
        let quote = quote?;
        crossed += u64::from(quote.crossed);
        reversed += u64::from(quote.reversed);
        gaps += u64::from(last.is_some_and(|last| quote.at.since(last) > GAP));
        last = Some(quote.at);
        if !quote.crossed && !quote.reversed {
            day.add(quote.at.get(), quote.bid.units(), quote.ask.units());
        }
    }
    if day.quotes == 0 {
        return Err(DataError::Missing {
            path: path.to_owned(),
            what: "it holds no quote to learn from",
        });
    }
    Ok(DayProfile {
        crossed,
        reversed,
        gaps,
        ..day.profile()
    })
}

/// Counts and sums over all days.
struct Day {
    counts: [u64; BUCKETS],
    quotes: u64,
    days: u64,
    last_day: Option<u64>,
    spreads: f64,
    /// The bucket, counted from 1970, and the mid of the last quote.
    last: Option<(u64, f64)>,
    /// The mid at the end of the bucket before that, if there was one.
    end: Option<(u64, f64)>,
    squares: f64,
    returns: u64,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            counts: [0; BUCKETS],
            quotes: 0,
            days: 0,
            last_day: None,
            spreads: 0.0,
            last: None,
            end: None,
            squares: 0.0,
            returns: 0,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics of prices, rounded to millionths"
)]
impl Day {
    fn add(&mut self, at: u64, bid: i64, ask: i64) {
        let mid = (bid as f64 + ask as f64) / 2.0;
        if mid <= 0.0 {
            return;
        }
        let bucket = at / BUCKET_NS;
        let day = bucket / BUCKETS as u64;
        if self.last_day != Some(day) {
            (self.last_day, self.days) = (Some(day), self.days + 1);
        }
        if let Some(count) = self.counts.get_mut((bucket % BUCKETS as u64) as usize) {
            *count += 1;
        }
        self.quotes += 1;
        self.spreads += (ask as f64 - bid as f64) / mid;
        if let Some((before, px)) = self.last.filter(|(before, _)| *before != bucket) {
            self.close(before, px);
        }
        self.last = Some((bucket, mid));
    }

    /// A bucket is over: its return counts if there was a bucket right before it.
    fn close(&mut self, bucket: u64, px: f64) {
        if let Some((before, from)) = self.end
            && before + 1 == bucket
        {
            let change = px / from - 1.0;
            self.squares += change * change;
            self.returns += 1;
        }
        self.end = Some((bucket, px));
    }

    fn profile(&self) -> DayProfile {
        let most = self.counts.iter().max().copied().unwrap_or(1).max(1);
        // What trades at all has some weight.
        let weights = self.counts.iter().map(|count| match count {
            0 => 0,
            count => (count * WEIGHT_MAX / most).max(1) as u16,
        });
        let variance = self.squares / (self.returns.max(1) as f64) * BUCKETS as f64;
        DayProfile {
            weights: weights.collect(),
            volatility_ppm: (variance.sqrt() * 1e6).round() as u32,
            half_spread_ppm: (self.spreads / self.quotes.max(1) as f64 / 2.0 * 1e6).round() as u32,
            quotes: self.quotes,
            days: self.days,
            crossed: 0,
            reversed: 0,
            gaps: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_NS: u64 = 86_400_000_000_000;

    #[test]
    fn busy_times_weigh_more_and_quiet_ones_nothing() {
        let mut day = Day::default();
        for number in 0..2 {
            for ix in 0..40 {
                day.add(number * DAY_NS + ix, 100_000, 100_002);
            }
            for ix in 0..10 {
                day.add(number * DAY_NS + 5 * BUCKET_NS + ix, 100_000, 100_002);
            }
        }
        let profile = day.profile();
        assert_eq!((profile.weights[0], profile.weights[5]), (10_000, 2_500));
        assert_eq!(
            profile.weights.iter().filter(|weight| **weight > 0).count(),
            2
        );
        assert_eq!(
            (profile.days, profile.quotes, profile.half_spread_ppm),
            (2, 100, 10)
        );
        assert_eq!(profile.volatility_ppm, 0, "nothing moved");
    }

    #[test]
    fn the_volatility_of_a_walk_is_that_of_its_steps() {
        let mut day = Day::default();
        for bucket in 0..BUCKETS as u64 * 3 {
            // Up and down by a thousandth each five minutes.
            let mid = if bucket % 2 == 0 {
                1_000_000
            } else {
                1_001_000
            };
            day.add(bucket * BUCKET_NS, mid, mid);
        }
        // 0.001 times the root of 288 steps a day.
        let ppm = day.profile().volatility_ppm;
        assert!((16_900..17_000).contains(&ppm), "{ppm}");
    }

    #[test]
    fn a_return_over_a_gap_does_not_count() {
        let mut day = Day::default();
        day.add(0, 1_000_000, 1_000_000);
        day.add(BUCKET_NS, 1_000_000, 1_000_000);
        day.add(9 * BUCKET_NS, 2_000_000, 2_000_000);
        day.add(10 * BUCKET_NS, 2_000_000, 2_000_000);
        day.add(11 * BUCKET_NS, 2_000_000, 2_000_000);
        assert_eq!(day.profile().volatility_ppm, 0);
    }
}
