//! The statistics of a comparison: means with their intervals, and whether the best of many
//! variants is better than chance.
//!
//! Decisions that follow each other are alike, so an interval that took them for independent
//! would be too narrow. The stationary bootstrap draws blocks of random length instead.

use dcx_stats::Draws;

/// Samples that an interval rests on.
pub const RESAMPLES: usize = 1_000;

/// A mean with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Its 2.5 % point.
    pub low: f64,
    /// Its 97.5 % point.
    pub high: f64,
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the whole part of a small number that is not negative is what is asked for"
)]
pub(super) fn floor(value: f64) -> usize {
    value.max(0.0) as usize
}

/// The mean; zero of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of independent values with its interval by the normal distribution.
#[must_use]
pub fn independent(values: &[f64]) -> Interval {
    let centre = mean(values);
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let error = if n > 1.0 {
        (squares / (n - 1.0) / n).sqrt()
    } else {
        f64::INFINITY
    };
    Interval {
        mean: centre,
        low: centre - 1.96 * error,
        high: centre + 1.96 * error,
    }
}

/// The mean length of a block that suits a series, at least 1.
///
/// # Source
/// Politis & White (2004), "Automatic block-length selection for the dependent bootstrap", with
/// the correction of Patton, Politis & White (2009).
#[must_use]
pub fn block_length(values: &[f64]) -> f64 {
    let n = values.len();
    if n < 10 {
        return 1.0;
    }
    let count = n as f64;
    let centre = mean(values);
    let covariance = |lag: usize| {
        let pairs = values.iter().zip(values.iter().skip(lag));
        pairs.map(|(a, b)| (a - centre) * (b - centre)).sum::<f64>() / count
    };
    let variance = covariance(0);
    if variance <= 0.0 {
        return 1.0;
    }
    let quiet = 5.max(floor(count.log10().sqrt().ceil()));
    let lags_max = (floor(count.sqrt().ceil()) + quiet).min(n - 1);
    let covariances: Vec<f64> = (0..=lags_max).map(covariance).collect();
    let bound = 2.0 * (count.log10() / count).sqrt();
    // The first lag behind which so many in a row are nothing but noise.
    let small = |lag: usize| (covariances[lag] / variance).abs() < bound;
    let last = (1..=lags_max.saturating_sub(quiet))
        .find(|lag| (*lag..lag + quiet).all(small))
        .map_or(lags_max, |lag| lag - 1)
        .max(1);
    let width = (2 * last).min(lags_max);
    let window = |lag: usize| {
        let t = lag as f64 / width as f64;
        if t <= 0.5 { 1.0 } else { 2.0 * (1.0 - t) }
    };
    let (mut spectrum, mut slope) = (variance, 0.0);
    for (lag, covariance) in covariances.iter().enumerate().take(width + 1).skip(1) {
        spectrum += 2.0 * window(lag) * covariance;
        slope += 2.0 * window(lag) * lag as f64 * covariance;
    }
    let spread = 2.0 * spectrum * spectrum;
    if spread <= 0.0 {
        return 1.0;
    }
    let length = (2.0 * slope * slope / spread * count).cbrt();
    length.clamp(1.0, (3.0 * count.sqrt()).min(count / 3.0))
}

/// How often each place is in one resample: blocks that begin anywhere and are of geometric
/// length.
///
/// # Source
/// Politis & Romano (1994), "The stationary bootstrap".
fn resample(counts: &mut [f64], length: f64, draws: &mut Draws) {
    let n = counts.len();
    counts.fill(0.0);
    let mut at = 0;
    for taken in 0..n {
        at = if taken == 0 || draws.uniform() < 1.0 / length {
            floor(draws.uniform() * n as f64).min(n - 1)
        } else {
            (at + 1) % n
        };
        counts[at] += 1.0;
    }
}

/// The mean of a resample, summed in four parts that do not wait for each other.
fn resampled(counts: &[f64], values: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (pairs, rest) = (counts.chunks_exact(4), counts.len() / 4 * 4);
    for (counts, values) in pairs.zip(values.chunks_exact(4)) {
        for ((sum, count), value) in sums.iter_mut().zip(counts).zip(values) {
            *sum += count * value;
        }
    }
    let tail = counts[rest..].iter().zip(&values[rest..]);
    let tail: f64 = tail.map(|(count, value)| count * value).sum();
    (sums.iter().sum::<f64>() + tail) / values.len() as f64
}

/// The mean of a series with the 95 % interval of the stationary bootstrap.
#[must_use]
pub fn bootstrap(values: &[f64], seed: u64) -> Interval {
    let centre = mean(values);
    if values.len() < 2 {
        return Interval {
            mean: centre,
            low: centre,
            high: centre,
        };
    }
    let length = block_length(values);
    let mut draws = Draws::new(seed);
    let mut counts = vec![0.0; values.len()];
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            resample(&mut counts, length, &mut draws);
            resampled(&counts, values)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let point = |part: f64| means[floor(((RESAMPLES - 1) as f64 * part).round())];
    Interval {
        mean: centre,
        low: point(0.025),
        high: point(0.975),
    }
}

/// The probability that the best of several variants would be so much better than the benchmark
/// if none of them were any better.
///
/// Each series is what a variant saved against the benchmark, decision by decision.
///
/// # Panics
/// If the series are not of one length: they are of the same decisions.
///
/// # Source
/// White (2000), "A reality check for data snooping", by the stationary bootstrap.
#[must_use]
pub fn reality_check(savings: &[Vec<f64>], seed: u64) -> f64 {
    let Some(first) = savings.first() else {
        return 1.0;
    };
    let n = first.len();
    assert!(
        savings.iter().all(|series| series.len() == n),
        "series are of the same decisions"
    );
    if n < 2 {
        return 1.0;
    }
    let means: Vec<f64> = savings.iter().map(|series| mean(series)).collect();
    let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let length = savings
        .iter()
        .map(|series| block_length(series))
        .fold(1.0, f64::max);
    let mut draws = Draws::new(seed);
    let mut counts = vec![0.0; n];
    let as_good = (0..RESAMPLES).filter(|_| {
        resample(&mut counts, length, &mut draws);
        let pairs = savings.iter().zip(&means);
        let luck = pairs.map(|(series, centre)| resampled(&counts, series) - centre);
        luck.fold(f64::NEG_INFINITY, f64::max) >= best
    });
    (as_good.count() + 1) as f64 / (RESAMPLES + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series in which each value keeps `part` of the one before.
    fn series(seed: u64, count: usize, part: f64) -> Vec<f64> {
        let mut draws = Draws::new(seed);
        let mut value = 0.0;
        (0..count)
            .map(|_| {
                value = part * value + draws.normal();
                value
            })
            .collect()
    }

    #[test]
    fn the_interval_of_independent_values_is_that_of_the_normal_distribution() {
        let values = series(1, 4_000, 0.0);
        let (plain, resampled) = (independent(&values), bootstrap(&values, 7));
        let width = |interval: Interval| interval.high - interval.low;
        assert!((width(plain) / width(resampled) - 1.0).abs() < 0.12);
        assert!((plain.mean - resampled.mean).abs() < 1e-12);
    }

    #[test]
    fn values_that_follow_each_other_get_longer_blocks_and_a_wider_interval() {
        let (loose, tight) = (series(2, 4_000, 0.0), series(2, 4_000, 0.8));
        assert!(block_length(&loose) < 8.0, "{}", block_length(&loose));
        assert!(block_length(&tight) > 15.0, "{}", block_length(&tight));
        let plain = independent(&tight);
        let resampled = bootstrap(&tight, 7);
        // The true ratio is the square root of (1 + 0.8) / (1 − 0.8), which is 3.
        let ratio = (resampled.high - resampled.low) / (plain.high - plain.low);
        assert!((2.0..4.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn an_interval_holds_the_truth_about_as_often_as_it_says() {
        let held = (0..200)
            .filter(|seed| {
                let found = bootstrap(&series(100 + seed, 400, 0.5), *seed);
                found.low <= 0.0 && 0.0 <= found.high
            })
            .count();
        assert!((176..=200).contains(&held), "{held} of 200");
    }

    #[test]
    fn the_best_of_many_that_are_no_better_is_not_significant_and_one_that_is_better_is() {
        let idle: Vec<Vec<f64>> = (0..20).map(|seed| series(seed, 1_000, 0.3)).collect();
        let best = idle.iter().max_by(|a, b| mean(a).total_cmp(&mean(b)));
        let alone = reality_check(&[best.unwrap().clone()], 1);
        let together = reality_check(&idle, 1);
        assert!(together > 0.05, "{together}");
        assert!(
            together > alone,
            "the more were tried, the less it means: {alone} {together}"
        );
        let mut better = idle;
        better[7].iter_mut().for_each(|saved| *saved += 0.3);
        assert!(reality_check(&better, 1) < 0.01);
        assert!((reality_check(&[], 1) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn short_and_constant_series_are_no_trouble() {
        for values in [vec![], vec![1.0], vec![2.0; 500]] {
            let found = bootstrap(&values, 1);
            assert!(found.low <= found.mean && found.mean <= found.high);
        }
        assert!((block_length(&[3.0; 100]) - 1.0).abs() < f64::EPSILON);
    }
}
