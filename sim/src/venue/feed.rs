//! Recorded or seeded quotes as they fall due, and the board that others read prices from.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use dcx_model::{MonoNanos, Nanos, Price, Symbol, UnixNanos};

use crate::data::{self, DataError, DataOptions, Tape, TapeQuote};
use crate::generator::Generator;

/// Quotes that one call takes at most, so that a fast replay cannot starve the sessions.
const BATCH_MAX: usize = 256;

/// The newest bid and ask of some instruments, written by a venue, read by anyone.
///
/// The two sides are read one after the other: good for choosing a price, not for accounting.
#[derive(Debug, Default)]
pub struct PriceBoard {
    rows: Vec<(Symbol, AtomicI64, AtomicI64)>,
}

impl PriceBoard {
    /// A board of these instruments, without prices.
    #[must_use]
    pub fn new(symbols: impl IntoIterator<Item = Symbol>) -> Self {
        let row = |symbol| (symbol, AtomicI64::new(0), AtomicI64::new(0));
        Self {
            rows: symbols.into_iter().map(row).collect(),
        }
    }

    /// Puts the newest prices of the instrument at this place.
    pub fn put(&self, ix: usize, bid: Price, ask: Price) {
        if let Some((_, bids, asks)) = self.rows.get(ix) {
            bids.store(bid.units(), Ordering::Relaxed);
            asks.store(ask.units(), Ordering::Relaxed);
        }
    }

    /// The newest bid and ask, if there are any.
    #[must_use]
    pub fn touch(&self, symbol: Symbol) -> Option<(Price, Price)> {
        let (_, bid, ask) = self.rows.iter().find(|row| row.0 == symbol)?;
        let read = |side: &AtomicI64| Price::from_units(side.load(Ordering::Relaxed));
        let (bid, ask) = (read(bid), read(ask));
        (bid > Price::ZERO && ask > Price::ZERO).then_some((bid, ask))
    }
}

/// Where quotes come from.
pub(crate) enum Source {
    Tape {
        tape: Box<Tape>,
        path: PathBuf,
        options: DataOptions,
    },
    Seeded(Box<Generator>),
}

impl Source {
    fn next(&mut self) -> Option<Result<TapeQuote, DataError>> {
        match self {
            Self::Tape { tape, .. } => tape.next(),
            Self::Seeded(generator) => generator.next().map(Ok),
        }
    }

    /// Begins again, where there is an end.
    fn rewind(&mut self) -> Result<(), DataError> {
        if let Self::Tape {
            tape,
            path,
            options,
        } = self
        {
            **tape = data::open(path, options)?;
        }
        Ok(())
    }
}

/// How recorded time becomes the time of now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replay {
    /// Recorded time passes so many times faster.
    pub(crate) speed: u32,
    /// Recorded silence is cut to this, measured now: a weekend would leave a venue dead.
    pub(crate) gap_max: Nanos,
    /// Where to begin; where the tape does, if absent.
    pub(crate) from: Option<UnixNanos>,
}

/// The quotes of one instrument on one venue, restamped as they fall due.
pub(crate) struct Feed {
    source: Source,
    replay: Replay,
    head: Option<TapeQuote>,
    /// The quote after `head`, where it had to be read already.
    ahead: Option<TapeQuote>,
    /// A moment of now and the recorded moment that it stands for.
    origin: Option<(MonoNanos, UnixNanos)>,
    last_due: MonoNanos,
    error: Option<DataError>,
    rounds: u64,
}

impl Feed {
    pub(crate) fn new(source: Source, replay: Replay) -> Self {
        Self {
            source,
            replay,
            head: None,
            ahead: None,
            origin: None,
            last_due: MonoNanos::default(),
            error: None,
            rounds: 0,
        }
    }

    /// Hands `take` every quote that is due, up to a bound.
    pub(crate) fn poll(&mut self, now: MonoNanos, mut take: impl FnMut(TapeQuote)) -> usize {
        if self.origin.is_none() {
            self.start(now);
        }
        let mut taken = 0;
        while taken < BATCH_MAX {
            let Some(quote) = self.head.filter(|quote| self.due(quote) <= now) else {
                break;
            };
            self.last_due = self.due(&quote);
            self.advance(now);
            take(quote);
            taken += 1;
        }
        taken
    }

    /// What ended the feed before its time.
    pub(crate) const fn error(&self) -> Option<&DataError> {
        self.error.as_ref()
    }

    /// How often the tape began again.
    pub(crate) const fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Finds where to begin: at the last quote before the moment asked for, which is then due at
    /// once, since it was in force.
    fn start(&mut self, now: MonoNanos) {
        self.head = self.read();
        let mut ahead = None;
        while let (Some(quote), Some(from)) = (self.head, self.replay.from) {
            if quote.at >= from {
                break;
            }
            ahead = self.read();
            match ahead {
                Some(next) if next.at <= from => self.head = Some(next),
                Some(_) | None => break,
            }
        }
        self.ahead = ahead.filter(|next| Some(*next) != self.head);
        let first = self.head.map_or(UnixNanos::ZERO, |quote| quote.at);
        self.origin = Some((now, self.replay.from.unwrap_or(first)));
        self.last_due = now;
        self.cut_silence();
    }

    fn advance(&mut self, now: MonoNanos) {
        self.head = self.ahead.take().or_else(|| self.read());
        if self.head.is_none() && self.error.is_none() {
            self.begin_again(now);
        }
        self.cut_silence();
    }

    fn cut_silence(&mut self) {
        let latest = self.last_due.plus(self.replay.gap_max);
        if let Some(quote) = self.head
            && self.due(&quote) > latest
        {
            self.origin = Some((latest, quote.at));
        }
    }

    /// The tape is at its end, and a venue without quotes is of no use: from the start.
    fn begin_again(&mut self, now: MonoNanos) {
        if let Err(error) = self.source.rewind() {
            self.error = Some(error);
            return;
        }
        self.rounds += 1;
        self.start(now.plus(self.replay.gap_max));
    }

    fn read(&mut self) -> Option<TapeQuote> {
        match self.source.next()? {
            Ok(quote) => Some(quote),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn due(&self, quote: &TapeQuote) -> MonoNanos {
        let (now, recorded) = self.origin.unwrap_or_default();
        let passed = quote.at.since(recorded).get() / u64::from(self.replay.speed.max(1));
        now.plus(Nanos::new(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(text: &str, replay: Replay) -> (tempfile::TempDir, Feed) {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, format!("unix_ns,bid,ask\n{text}")).unwrap();
        let options = DataOptions::default();
        let tape = Box::new(data::open(&path, &options).unwrap());
        let source = Source::Tape {
            tape,
            path,
            options,
        };
        (dir, Feed::new(source, replay))
    }

    fn bids(feed: &mut Feed, at: u64) -> Vec<i64> {
        let mut bids = Vec::new();
        feed.poll(MonoNanos::new(at), |quote| {
            bids.push(quote.bid.units() / 100_000_000)
        });
        bids
    }

    #[test]
    fn recorded_time_passes_as_fast_as_asked_and_silence_is_cut() {
        let replay = Replay {
            speed: 10,
            gap_max: Nanos::new(50),
            from: None,
        };
        let (_dir, mut feed) = feed("1000,1,9\n1100,2,9\n1101,3,9\n99000,4,9\n", replay);
        assert_eq!(bids(&mut feed, 500), [1]);
        assert_eq!(bids(&mut feed, 509), [0; 0]);
        assert_eq!(bids(&mut feed, 510), [2, 3]);
        assert_eq!(bids(&mut feed, 559), [0; 0]);
        assert_eq!(bids(&mut feed, 560), [4]);
        assert_eq!(bids(&mut feed, 610), [1], "and from the start");
        assert_eq!((feed.rounds(), feed.error().is_none()), (1, true));
    }

    #[test]
    fn a_replay_begins_with_the_quote_in_force() {
        let replay = Replay {
            speed: 1,
            gap_max: Nanos::new(1_000),
            from: Some(UnixNanos::new(1_150)),
        };
        let (_dir, mut feed) = feed("1000,1,9\n1100,2,9\n1200,3,9\n", replay);
        assert_eq!(bids(&mut feed, 500), [2]);
        assert_eq!(bids(&mut feed, 549), [0; 0]);
        assert_eq!(bids(&mut feed, 550), [3]);
    }

    #[test]
    fn damaged_data_ends_the_feed_and_is_told() {
        let replay = Replay {
            speed: 1,
            gap_max: Nanos::new(1_000),
            from: None,
        };
        let (_dir, mut feed) = feed("1000,1,9\nrubbish\n", replay);
        assert_eq!(bids(&mut feed, 500), [1]);
        assert_eq!(bids(&mut feed, 5_000), [0; 0]);
        assert!(feed.error().is_some());
    }
}
