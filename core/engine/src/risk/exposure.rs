//! What each account holds in each instrument, and what its working orders may add.

use dcx_model::{AccountId, InstrumentId, Qty, Side};

use crate::digest::Words;

/// Pairs of account and instrument that the engine can hold.
pub(crate) const EXPOSURES_MAX: u32 = 32_768;

const PLACES: usize = EXPOSURES_MAX as usize * 2;

/// One account's stand in one instrument, in units of 10⁻⁸; short is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// Account and instrument, plus one; zero for a row that is free.
    key: u64,
    pub(crate) position: i128,
    /// What open orders to buy may still add.
    pub(crate) working_long: i128,
    /// What open orders to sell may still take away.
    pub(crate) working_short: i128,
}

impl Exposure {
    /// The position with every working order of a side filled, and `more` besides; positive when
    /// it is on that side.
    pub(crate) fn would_be(&self, side: Side, more: Qty) -> i128 {
        let more = i128::from(more.units());
        match side {
            Side::Buy => self.position + self.working_long + more,
            Side::Sell => self.working_short + more - self.position,
        }
    }

    const fn working(&mut self, side: Side) -> &mut i128 {
        match side {
            Side::Buy => &mut self.working_long,
            Side::Sell => &mut self.working_short,
        }
    }
}

/// Exposures by account and instrument: open addressing, preallocated; a row is never given up.
#[derive(Debug, Default)]
pub(crate) struct Exposures {
    rows: Vec<Exposure>,
    len: u32,
}

impl Exposures {
    /// Makes room for [`EXPOSURES_MAX`] pairs. Allocates.
    pub(crate) fn grow(&mut self) {
        if self.rows.is_empty() {
            self.rows = vec![Exposure::default(); PLACES];
        }
    }

    /// The stand of an account that may never have traded.
    pub(crate) fn of(&self, account: AccountId, instrument: InstrumentId) -> Exposure {
        let (at, found) = self.probe(key(account, instrument));
        if found {
            self.rows.get(at).copied().unwrap_or_default()
        } else {
            Exposure::default()
        }
    }

    /// Whether there is a row, or room for one.
    pub(crate) fn has_room(&self, account: AccountId, instrument: InstrumentId) -> bool {
        self.len < EXPOSURES_MAX || self.probe(key(account, instrument)).1
    }

    /// The row of an account and an instrument, made if there is none.
    pub(crate) fn row(&mut self, account: AccountId, instrument: InstrumentId) -> u32 {
        let key = key(account, instrument);
        let (at, found) = self.probe(key);
        if !found {
            assert!(
                self.len < EXPOSURES_MAX,
                "a row is asked for only where there is room"
            );
            self.len += 1;
            if let Some(row) = self.rows.get_mut(at) {
                row.key = key;
            }
        }
        u32::try_from(at).expect("there are fewer rows than a u32 counts")
    }

    /// Reserves what an order may still add.
    pub(crate) fn reserve(&mut self, row: u32, side: Side, qty: Qty) {
        *self.at(row).working(side) += i128::from(qty.units());
    }

    /// Gives back what was reserved.
    pub(crate) fn release(&mut self, row: u32, side: Side, qty: Qty) {
        let working = self.at(row).working(side);
        *working -= i128::from(qty.units());
        assert!(*working >= 0, "never more is released than was reserved");
    }

    /// Changes the position by a fill.
    pub(crate) fn fill(&mut self, row: u32, side: Side, qty: Qty) {
        let units = i128::from(qty.units());
        self.at(row).position += match side {
            Side::Buy => units,
            Side::Sell => -units,
        };
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let taken = self.rows.iter().filter(|row| row.key != 0);
        taken.fold(0, |sum, row| {
            let mut words = Words::new(salt);
            words.u64(row.key);
            words.i128(row.position);
            words.i128(row.working_long);
            words.i128(row.working_short);
            sum.wrapping_add(words.finish())
        })
    }

    /// Where a key is, or would go, and which of the two.
    fn probe(&self, key: u64) -> (usize, bool) {
        let mut at = home(key);
        while let Some(row) = self.rows.get(at) {
            if row.key == key {
                return (at, true);
            }
            if row.key == 0 {
                break;
            }
            at = (at + 1) & (PLACES - 1);
        }
        (at, false)
    }

    fn at(&mut self, row: u32) -> &mut Exposure {
        let row = self.rows.get_mut(row as usize);
        row.expect("a row of exposures is never given up")
    }
}

fn key(account: AccountId, instrument: InstrumentId) -> u64 {
    (u64::from(account.get()) << 32 | u64::from(instrument.get())) + 1
}

const fn home(key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (PLACES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_measured_apart() {
        let mut exposures = Exposures::default();
        exposures.grow();
        let (account, instrument) = (AccountId::new(3), InstrumentId::new(5));
        let row = exposures.row(account, instrument);
        exposures.fill(row, Side::Sell, Qty::from_units(100));
        exposures.reserve(row, Side::Buy, Qty::from_units(30));
        exposures.reserve(row, Side::Sell, Qty::from_units(7));
        let exposure = exposures.of(account, instrument);
        assert_eq!(exposure.would_be(Side::Buy, Qty::from_units(1)), -69);
        assert_eq!(exposure.would_be(Side::Sell, Qty::from_units(1)), 108);
        exposures.release(row, Side::Sell, Qty::from_units(7));
        assert_eq!(exposures.of(account, instrument).working_short, 0);
        assert_eq!(exposures.of(account, InstrumentId::new(6)).position, 0);
    }

    #[test]
    fn there_is_room_for_as_many_pairs_as_promised_and_no_more() {
        let mut exposures = Exposures::default();
        exposures.grow();
        for pair in 0..EXPOSURES_MAX {
            let (account, instrument) = (AccountId::new(pair / 100), InstrumentId::new(pair % 100));
            assert!(exposures.has_room(account, instrument));
            let row = exposures.row(account, instrument);
            exposures.fill(row, Side::Buy, Qty::from_units(u64::from(pair)));
        }
        assert!(!exposures.has_room(AccountId::new(999), InstrumentId::new(999)));
        for pair in 0..EXPOSURES_MAX {
            let (account, instrument) = (AccountId::new(pair / 100), InstrumentId::new(pair % 100));
            assert!(exposures.has_room(account, instrument));
            assert_eq!(exposures.of(account, instrument).position, i128::from(pair));
        }
    }
}
