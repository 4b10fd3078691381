//! The sources of one instrument on one clock: recorded, or drawn where there is no data.
//!
//! What a tape has wrong is put right or left out, and counted: crossed quotes have their sides
//! swapped, quotes stamped before the one before them are dropped, and where a source is silent
//! for too long no decision is made.

use std::path::PathBuf;

use dcx_model::UnixNanos;
use dcx_sim::data::{DataOptions, TapeQuote, open_all, to_rfc3339};
use dcx_stats::Draws;

use super::RoutingError;

/// Nanoseconds of a day.
pub(super) const DAY_NS: u64 = 86_400_000_000_000;

/// A quote older than this is no price to decide on.
pub(super) const AGE_NS_MAX: u64 = 60_000_000_000;

/// A pause between two quotes that is told as a gap.
const GAP_NS: u64 = 60_000_000_000;

/// Fewer quotes than this support no comparison.
const QUOTES_MIN: usize = 1_000;

/// What was found in one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Quotes used.
    pub quotes: u64,
    /// Of them recorded with the bid above the ask, and swapped.
    pub crossed: u64,
    /// Of them with equal bid and ask.
    pub locked: u64,
    /// Dropped, because they are stamped before the one before them.
    pub reversed: u64,
    /// Pauses of more than a minute.
    pub gaps: u64,
}

/// The quotes of one source, in order. Prices in units of 10⁻⁸.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// What was found in it.
    pub found: Found,
    at: Vec<u64>,
    prices: Vec<(i64, i64)>,
}

impl Source {
    fn take(&mut self, quote: &TapeQuote) {
        let at = quote.at.get();
        if self.at.last().is_some_and(|last| at < *last) {
            self.found.reversed += 1;
            return;
        }
        let gap = self.at.last().is_some_and(|last| at - last > GAP_NS);
        self.found.gaps += u64::from(gap);
        self.found.quotes += 1;
        self.found.crossed += u64::from(quote.crossed);
        self.found.locked += u64::from(quote.locked);
        self.at.push(at);
        self.prices.push((quote.bid.units(), quote.ask.units()));
    }

    /// Bid and ask that were in force at a moment, if they are not too old.
    pub(super) fn fresh(&self, at: u64) -> Option<(i64, i64)> {
        let before = self
            .at
            .partition_point(|quoted| *quoted <= at)
            .checked_sub(1)?;
        (at - self.at[before] <= AGE_NS_MAX).then(|| self.prices[before])
    }

    /// Bid and ask that were in force at a moment, however old; the first before there were any.
    pub(super) fn shown(&self, at: u64) -> (i64, i64) {
        let after = self.at.partition_point(|quoted| *quoted <= at);
        self.prices[after.saturating_sub(1)]
    }

    /// When it quotes next after a moment.
    pub(super) fn next_after(&self, at: u64) -> Option<u64> {
        let after = self.at.partition_point(|quoted| *quoted <= at);
        self.at.get(after).copied()
    }

    /// Its quotes in order.
    pub(super) fn quotes(&self) -> impl Iterator<Item = (u64, (i64, i64))> {
        self.at.iter().copied().zip(self.prices.iter().copied())
    }

    /// The first and the last moment of a UTC day at which it quotes.
    pub(super) fn span_of(&self, day: u64) -> Option<(u64, u64)> {
        let from = self.at.partition_point(|at| *at < day * DAY_NS);
        let to = self.at.partition_point(|at| *at < (day + 1) * DAY_NS);
        let of_day = &self.at[from..to];
        Some((*of_day.first()?, *of_day.last()?))
    }
}

/// Several sources of one instrument.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The sources, in the order given.
    pub sources: Vec<Source>,
}

impl Joined {
    /// Reads paths whole, several being sources of one instrument.
    ///
    /// # Errors
    /// [`RoutingError`]: a path that cannot be read, has too few quotes, or shares no time with
    /// the others.
    pub fn read(paths: &[PathBuf], options: &DataOptions) -> Result<Self, RoutingError> {
        let tapes = open_all(paths, options)?;
        let mut sources = Vec::new();
        for tape in tapes {
            let mut source = Source {
                name: name_of(tape.path()),
                ..Source::default()
            };
            for quote in tape {
                source.take(&quote?);
            }
            sources.push(source);
        }
        Self::of(sources)
    }

    fn of(sources: Vec<Source>) -> Result<Self, RoutingError> {
        for source in &sources {
            if source.at.len() < QUOTES_MIN {
                return Err(RoutingError::TooFew {
                    name: source.name.clone(),
                    quotes: source.at.len(),
                    least: QUOTES_MIN,
                });
            }
        }
        let joined = Self { sources };
        let (from, to) = joined.span();
        if from >= to {
            return Err(RoutingError::Apart {
                from: to_rfc3339(UnixNanos::new(from)),
                to: to_rfc3339(UnixNanos::new(to)),
            });
        }
        Ok(joined)
    }

    /// The time that all sources cover.
    pub(super) fn span(&self) -> (u64, u64) {
        let firsts = self.sources.iter().filter_map(|source| source.at.first());
        let lasts = self.sources.iter().filter_map(|source| source.at.last());
        (
            firsts.copied().max().unwrap_or(0),
            lasts.copied().min().unwrap_or(0),
        )
    }

    /// The highest bid and the lowest ask of all sources; none where one of them is silent.
    pub(super) fn best(&self, at: u64) -> Option<(i64, i64)> {
        let mut best = (i64::MIN, i64::MAX);
        for source in &self.sources {
            let (bid, ask) = source.fresh(at)?;
            best = (best.0.max(bid), best.1.min(ask));
        }
        (best.0 > i64::MIN).then_some(best)
    }

    /// Two sources drawn from a seed: five days of two hours, a quote about every half second.
    /// The second follows the first late, and is wider.
    ///
    /// # Panics
    /// Never: what is drawn is long enough.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        const DAYS: u64 = 5;
        const QUOTES: u64 = 14_400;
        const STEP_NS: u64 = 500_000_000;
        let mut draws = Draws::new(seed);
        let mut first = Source {
            name: "drawn-1".to_owned(),
            ..Source::default()
        };
        let mut second = Source {
            name: "drawn-2".to_owned(),
            ..Source::default()
        };
        let (mut mid, mut late) = (1.1_f64, 1.1_f64);
        for day in 0..DAYS {
            for ix in 0..QUOTES {
                let at = (18_000 + day) * DAY_NS + 36_000_000_000_000 + ix * STEP_NS;
                mid *= 1.0 + 0.15e-4 * draws.normal();
                late += 0.7 * (mid - late);
                let half = 0.1e-4 * (1.0 + draws.uniform());
                first.push(at, mid * (1.0 - half), mid * (1.0 + half));
                let half = 0.3e-4 * (1.0 + draws.uniform());
                second.push(at, late * (1.0 - half), late * (1.0 + half));
            }
        }
        Self::of(vec![first, second]).expect("what is drawn covers one time, with many quotes")
    }
}

impl Source {
    fn push(&mut self, at: u64, bid: f64, ask: f64) {
        self.found.quotes += 1;
        self.at.push(at);
        self.prices.push((units(bid), units(ask)));
    }
}

/// A price in units of 10⁻⁸.
#[expect(
    clippy::cast_possible_truncation,
    reason = "drawn prices are around 1, far inside 63 bits of 10⁻⁸"
)]
fn units(px: f64) -> i64 {
    (px * 1e8).round() as i64
}

fn name_of(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(lines: &[(u64, f64, f64)]) -> tempfile::NamedTempFile {
        use std::io::Write as _;
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        writeln!(file, "unix_ns,bid,ask").unwrap();
        for (at, bid, ask) in lines {
            writeln!(file, "{at},{bid:.5},{ask:.5}").unwrap();
        }
        file
    }

    fn lines(from_s: u64, count: u64) -> Vec<(u64, f64, f64)> {
        (0..count)
            .map(|ix| ((from_s + ix) * 1_000_000_000, 1.1, 1.1002))
            .collect()
    }

    #[test]
    fn what_is_wrong_with_a_tape_is_put_right_or_left_out_and_counted() {
        let mut rows = lines(100, 1_500);
        rows[10] = (rows[10].0, 1.1003, 1.1001);
        rows[11] = (rows[11].0, 1.1001, 1.1001);
        rows[20].0 = 1;
        rows.retain(|row| !(1_000_000_000_000..1_100_000_000_000).contains(&row.0));
        let file = csv(&rows);
        let paths = [file.path().to_owned()];
        let joined = Joined::read(&paths, &DataOptions::default()).unwrap();
        let found = joined.sources[0].found;
        assert_eq!(
            (found.crossed, found.locked, found.reversed, found.gaps),
            (1, 1, 1, 1)
        );
        let (bid, ask) = joined.best(110_500_000_000).unwrap();
        assert!(bid < ask, "the crossed quote is swapped");
        assert_eq!(joined.best(1_070_000_000_000), None, "silent for too long");
    }

    #[test]
    fn too_few_quotes_and_tapes_of_other_times_are_refused_with_the_reason() {
        let few = csv(&lines(100, 20));
        let error = Joined::read(&[few.path().to_owned()], &DataOptions::default()).unwrap_err();
        assert!(error.to_string().contains("20 quotes"), "{error}");
        let (one, other) = (csv(&lines(100, 1_200)), csv(&lines(9_000, 1_200)));
        let paths = [one.path().to_owned(), other.path().to_owned()];
        let error = Joined::read(&paths, &DataOptions::default()).unwrap_err();
        assert!(error.to_string().contains("no time"), "{error}");
    }

    #[test]
    fn a_drawn_tape_is_the_same_for_the_same_seed() {
        let (one, same, other) = (Joined::drawn(1), Joined::drawn(1), Joined::drawn(2));
        assert_eq!(one.sources[0].prices, same.sources[0].prices);
        assert_ne!(one.sources[0].prices, other.sources[0].prices);
    }
}
