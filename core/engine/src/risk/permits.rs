//! Who may not trade what: a bit for each pair of a scope and an instrument (check 16).

use dcx_model::{ACCOUNTS_MAX, INSTRUMENTS_MAX, InstrumentId, SESSIONS_MAX, STRATEGIES_MAX, Scope};

use crate::digest::Words;

/// Words of 64 instruments for each scope.
const WORDS: usize = INSTRUMENTS_MAX / 64;

const SCOPES: usize = 1 + ACCOUNTS_MAX + STRATEGIES_MAX + SESSIONS_MAX;

/// What is denied. Nothing is, until it is said.
///
/// How many instruments are denied to a scope is kept with the scope, so that these bits are
/// looked at for scopes that something is denied to, and for no others.
///
/// # Layout
/// 2 KiB for each scope: 6 MiB, untouched where nothing is denied.
#[derive(Debug, Default)]
pub(crate) struct Denied {
    bits: Vec<u64>,
}

impl Denied {
    /// Makes room for every scope. Allocates.
    pub(crate) fn grow(&mut self) {
        if self.bits.is_empty() {
            self.bits = vec![0; SCOPES * WORDS];
        }
    }

    /// Denies or permits an instrument, or all, and says how many are denied now. None for a scope
    /// that holds no permissions.
    pub(crate) fn set(
        &mut self,
        scope: Scope,
        instrument: Option<InstrumentId>,
        denied: bool,
    ) -> Option<u16> {
        let from = place(scope)?;
        let words = self.bits.get_mut(from..from + WORDS)?;
        match instrument {
            None => words.fill(if denied { u64::MAX } else { 0 }),
            Some(id) => {
                let (word, bit) = (id.get() as usize / 64, 1 << (id.get() % 64));
                let word = words.get_mut(word)?;
                *word = if denied { *word | bit } else { *word & !bit };
            }
        }
        let count: u32 = words.iter().map(|word| word.count_ones()).sum();
        u16::try_from(count).ok()
    }

    /// Whether an instrument is denied to a scope.
    pub(crate) fn is(&self, scope: Scope, instrument: InstrumentId) -> bool {
        let at = place(scope).map(|from| from + instrument.get() as usize / 64);
        let word = at.and_then(|at| self.bits.get(at));
        word.is_some_and(|word| word >> (instrument.get() % 64) & 1 == 1)
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let set = (0_u64..).zip(&self.bits).filter(|(_, word)| **word != 0);
        set.fold(0, |sum, (at, word)| {
            let mut words = Words::new(salt);
            words.u64(at);
            words.u64(*word);
            sum.wrapping_add(words.finish())
        })
    }
}

/// Where a scope's words begin.
fn place(scope: Scope) -> Option<usize> {
    let number = scope.number() as usize;
    let (before, max) = match scope {
        Scope::Firm => (0, 1),
        Scope::Account(_) => (1, ACCOUNTS_MAX),
        Scope::Strategy(_) => (1 + ACCOUNTS_MAX, STRATEGIES_MAX),
        Scope::Session(_) => (1 + ACCOUNTS_MAX + STRATEGIES_MAX, SESSIONS_MAX),
        Scope::Instrument(_) => return None,
    };
    (number < max).then_some((before + number) * WORDS)
}

#[cfg(test)]
mod tests {
    use dcx_model::{AccountId, SessionId, StrategyId};

    use super::*;

    #[test]
    fn every_scope_has_bits_of_its_own() {
        let mut denied = Denied::default();
        denied.grow();
        let last = InstrumentId::new(16_383);
        let scopes = [
            Scope::Firm,
            Scope::Account(AccountId::new(0)),
            Scope::Account(AccountId::new(1_023)),
            Scope::Strategy(StrategyId::new(0)),
            Scope::Strategy(StrategyId::new(1_023)),
            Scope::Session(SessionId::new(0)),
            Scope::Session(SessionId::new(1_023)),
        ];
        for scope in scopes {
            assert_eq!(denied.set(scope, Some(last), true), Some(1));
            for other in scopes {
                assert_eq!(denied.is(other, last), other == scope);
                assert!(!denied.is(other, InstrumentId::new(0)));
            }
            assert_eq!(denied.set(scope, None, true), Some(16_384));
            assert_eq!(denied.set(scope, Some(last), false), Some(16_383));
            assert_eq!(denied.set(scope, None, false), Some(0));
        }
        let beyond = Scope::Account(AccountId::new(1_024));
        assert_eq!(denied.set(beyond, None, true), None);
        assert_eq!(denied.set(Scope::Instrument(last), None, true), None);
    }

    #[test]
    fn what_is_denied_to_one_is_not_denied_to_those_beside_it() {
        let mut denied = Denied::default();
        denied.grow();
        let account = |number| Scope::Account(AccountId::new(number));
        denied.set(account(4), None, true);
        for id in (0..16_384).step_by(61).map(InstrumentId::new) {
            assert!(denied.is(account(4), id));
            assert!(!denied.is(account(3), id) && !denied.is(account(5), id));
        }
    }
}
