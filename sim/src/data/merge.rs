//! Several tapes as one, joined on UTC instants.

use std::path::Path;

use dcx_model::UnixNanos;

use super::{DataError, DataOptions, Stamps, Tape, TapeQuote, open};

/// A quote and the tape it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceQuote {
    /// Which tape, in the order they were given.
    pub source: usize,
    /// The quote.
    pub quote: TapeQuote,
}

/// Tapes read together, earliest quote first; equal moments in the order of the tapes.
///
/// A quote that is reversed within its own tape comes when that tape reaches it.
#[derive(Debug)]
pub struct Merged {
    tapes: Vec<Tape>,
    heads: Vec<Option<Result<TapeQuote, DataError>>>,
}

/// Joins several tapes.
#[must_use]
pub fn merge(mut tapes: Vec<Tape>) -> Merged {
    let heads = tapes.iter_mut().map(Iterator::next).collect();
    Merged { tapes, heads }
}

impl Merged {
    /// The tapes, for their counts.
    #[must_use]
    pub fn tapes(&self) -> &[Tape] {
        &self.tapes
    }
}

impl Iterator for Merged {
    type Item = Result<SourceQuote, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let due = |head: &Option<Result<TapeQuote, DataError>>| match head {
            Some(Ok(quote)) => Some(quote.at),
            // An error is told before anything that may come after it.
            Some(Err(_)) => Some(UnixNanos::ZERO),
            None => None,
        };
        let heads = self.heads.iter().enumerate();
        let (_, source) = heads
            .filter_map(|(ix, head)| Some((due(head)?, ix)))
            .min()?;
        let head = self.heads.get_mut(source)?;
        let tape = self.tapes.get_mut(source)?;
        let next = std::mem::replace(head, tape.next())?;
        Some(next.map(|quote| SourceQuote { source, quote }))
    }
}

/// Opens several paths that are to be read against each other.
///
/// Where one Binance file has no exchange stamps, all Binance files are read by the recorder's
/// clock: the two clocks differ (1.27 s in the captures at hand), and mixed they would order
/// quotes wrongly.
///
/// # Errors
/// [`DataError`] of the first path that cannot be opened.
pub fn open_all<P: AsRef<Path>>(
    paths: &[P],
    options: &DataOptions,
) -> Result<Vec<Tape>, DataError> {
    let open_with = |options: &DataOptions| -> Result<Vec<Tape>, DataError> {
        let opened = paths.iter().map(|path| open(path.as_ref(), options));
        opened.collect()
    };
    let tapes = open_with(options)?;
    let has = |stamps| tapes.iter().any(|tape| tape.stamps() == stamps);
    if has(Stamps::LocalReceive) && has(Stamps::Exchange) {
        return open_with(&DataOptions {
            local_stamps: true,
            ..options.clone()
        });
    }
    Ok(tapes)
}

/// The first moment from which all paths have quotes. `None` if one of them has none.
///
/// # Errors
/// [`DataError`] of the first path that cannot be opened.
pub fn common_start<P: AsRef<Path>>(
    paths: &[P],
    options: &DataOptions,
) -> Result<Option<UnixNanos>, DataError> {
    let tapes = open_all(paths, options)?;
    let firsts: Option<Vec<UnixNanos>> = tapes.iter().map(Tape::next_at).collect();
    Ok(firsts.and_then(|firsts| firsts.into_iter().max()))
}
