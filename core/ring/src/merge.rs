//! The way in for several producers: one ring each, read in turn.

use crate::poller::Poller;

/// Several rings read in turn by one thread, a bounded batch of each.
///
/// Fair by construction: a source gives at most `batch` items before the next has its turn, so
/// an item at the head of a ring waits for at most `batch` items of each other source, however
/// busy these are. Items of one source keep their order.
///
/// Why not one ring that several threads write: `docs/decisions/002-several-producers.md`.
///
/// # Examples
/// ```
/// let (mut clients, first) = dcx_ring::spsc::<u32>(8)?;
/// let (mut timers, second) = dcx_ring::spsc::<u32>(8)?;
/// let mut merge = dcx_ring::Merge::new(vec![first, second], 2);
///
/// clients.try_push_batch(&[1, 2, 3]);
/// timers.try_push(9)?;
///
/// let mut seen = Vec::new();
/// merge.poll(16, |item, source| seen.push((*item, source)));
/// assert_eq!(seen, [(1, 0), (2, 0), (9, 1), (3, 0)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Merge<T> {
    sources: Vec<Poller<T>>,
    batch: usize,
    /// The source that has the next turn.
    turn: usize,
}

impl<T: Copy> Merge<T> {
    /// Returns the merge of `sources`, taking at most `batch` items of one at a time.
    ///
    /// # Panics
    /// If there is no source, or `batch` is zero: nothing would ever be read.
    #[must_use]
    pub fn new(sources: Vec<Poller<T>>, batch: usize) -> Self {
        assert!(!sources.is_empty(), "a merge has a source");
        assert!(batch > 0, "a merge takes at least one item at a time");
        Self {
            sources,
            batch,
            turn: 0,
        }
    }

    /// Hands up to `limit` items to `each`, with the index of their source, and returns how
    /// many. Stops early once every source in turn was found empty.
    ///
    /// # Cost
    /// O(items + sources), no allocation. Bench: `ring/merge`.
    #[inline]
    pub fn poll(&mut self, limit: usize, mut each: impl FnMut(&T, usize)) -> usize {
        let mut taken = 0;
        let mut empty_in_a_row = 0;
        while taken < limit && empty_in_a_row < self.sources.len() {
            let source = self.take_turn();
            let share = self.batch.min(limit - taken);
            let got = self.sources[source].poll(share, |item, _, _| each(item, source));
            empty_in_a_row = if got == 0 { empty_in_a_row + 1 } else { 0 };
            taken += got;
        }
        taken
    }

    /// Returns how many items wait in all sources together.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.sources.iter().map(Poller::pending).sum()
    }

    /// Whether every writer is gone and everything was read: time to stop.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.sources.iter().all(Poller::is_drained)
    }

    /// Returns the sources in the order of their indices.
    #[must_use]
    pub fn sources(&self) -> &[Poller<T>] {
        &self.sources
    }

    #[inline]
    fn take_turn(&mut self) -> usize {
        let source = self.turn;
        self.turn = if source + 1 == self.sources.len() {
            0
        } else {
            source + 1
        };
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Producer, spsc};

    fn merge_of(count: usize, batch: usize) -> (Vec<Producer<u64>>, Merge<u64>) {
        let rings = (0..count).map(|_| spsc(64).unwrap());
        let (producers, pollers) = rings.unzip();
        (producers, Merge::new(pollers, batch))
    }

    fn taken(merge: &mut Merge<u64>, limit: usize) -> Vec<(u64, usize)> {
        let mut seen = Vec::new();
        let count = merge.poll(limit, |item, source| seen.push((*item, source)));
        assert_eq!(count, seen.len());
        seen
    }

    #[test]
    fn a_busy_source_does_not_starve_a_quiet_one() {
        let (mut producers, mut merge) = merge_of(3, 4);
        for round in 0..50 {
            while producers[0].try_push(round).is_ok() {}
            producers[2].try_push(round).unwrap();
            let seen = taken(&mut merge, 9);
            assert!(seen.contains(&(round, 2)), "round {round}: {seen:?}");
        }
    }

    #[test]
    fn the_turn_passes_on_when_the_limit_cuts_a_share() {
        let (mut producers, mut merge) = merge_of(2, 8);
        producers[0].try_push_batch(&[1, 2, 3, 4]);
        producers[1].try_push_batch(&[9, 8]);
        assert_eq!(taken(&mut merge, 1), [(1, 0)]);
        assert_eq!(taken(&mut merge, 1), [(9, 1)]);
        assert_eq!(taken(&mut merge, 2), [(2, 0), (3, 0)]);
        assert_eq!(taken(&mut merge, 8), [(8, 1), (4, 0)]);
        assert_eq!(taken(&mut merge, 8), []);
    }

    #[test]
    fn each_source_keeps_its_order_and_nothing_is_lost() {
        let (mut producers, mut merge) = merge_of(3, 2);
        for (source, producer) in producers.iter_mut().enumerate() {
            let items: Vec<u64> = (0..20 + source as u64).collect();
            assert_eq!(producer.try_push_batch(&items), items.len());
        }
        let seen = taken(&mut merge, 1000);
        for source in 0..3 {
            let of_it = seen
                .iter()
                .filter(|(_, from)| *from == source)
                .map(|(item, _)| *item);
            assert!(of_it.eq(0..20 + source as u64), "source {source}: {seen:?}");
        }
    }

    #[test]
    fn it_is_drained_when_all_writers_are_gone_and_all_is_read() {
        let (mut producers, mut merge) = merge_of(2, 2);
        producers[1].try_push(1).unwrap();
        assert_eq!(merge.pending(), 1);
        drop(producers);
        assert!(!merge.is_drained());
        taken(&mut merge, 8);
        assert!(merge.is_drained());
    }

    #[test]
    fn a_limit_of_zero_takes_nothing() {
        let (mut producers, mut merge) = merge_of(1, 2);
        producers[0].try_push(1).unwrap();
        assert_eq!(taken(&mut merge, 0), []);
        assert_eq!(merge.pending(), 1);
    }
}
