//! What stands and who said so, read from the engine's events: trading states, limits, proposals.
//!
//! The same events come from a replay and from the run, so that after a restart it is known who
//! halted, and why.

use std::collections::BTreeMap;

use dcx_engine::Trace;
use dcx_model::{
    Command, Event, Level, Limit, LimitSource, LimitView, Operator, ProposalId, Scope, Sequenced,
    StateCause, TradingState, UnixNanos,
};
use dcx_pipeline::Observer;

/// A scope that can be ordered: its level's number and its own.
type Key = (u8, u32);

const fn key(scope: Scope) -> Key {
    (scope.level() as u8, scope.number())
}

fn scope((level, number): Key) -> Scope {
    let level = Level::from_byte(level).unwrap_or(Level::Firm);
    Scope::of(level, number).unwrap_or(Scope::Firm)
}

/// Why a scope is not active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateNote {
    pub(crate) state: TradingState,
    pub(crate) cause: StateCause,
    /// Who said so, if somebody did.
    pub(crate) by: Option<Operator>,
    pub(crate) at: UnixNanos,
}

/// A limit as it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitNote {
    pub(crate) value: i128,
    /// Who set it; the configuration if nobody.
    pub(crate) by: Option<Operator>,
    pub(crate) at: UnixNanos,
}

/// A change that waits for a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProposalNote {
    pub(crate) view: LimitView,
    pub(crate) by: Option<Operator>,
    pub(crate) at: UnixNanos,
}

/// Everything that events said and that still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    states: BTreeMap<Key, StateNote>,
    limits: BTreeMap<(Key, Limit), LimitNote>,
    proposals: BTreeMap<u64, ProposalNote>,
}

impl Notes {
    /// Takes an event in, whose command somebody may have signed.
    pub(super) fn take(&mut self, at: UnixNanos, event: &Event, by: Option<Operator>) {
        match event {
            Event::StateSet {
                scope,
                state: TradingState::Active,
                ..
            } => {
                self.states.remove(&key(*scope));
            }
            Event::StateSet {
                scope,
                state,
                cause,
                ..
            } => {
                let (state, cause) = (*state, *cause);
                let by = by.filter(|_| cause == StateCause::Operator);
                let note = StateNote {
                    state,
                    cause,
                    by,
                    at,
                };
                self.states.insert(key(*scope), note);
            }
            Event::LimitSet(view) => {
                self.proposals.remove(&view.proposal.get());
                let place = (key(view.scope), view.limit);
                match view.after {
                    Some(value) => drop(self.limits.insert(place, LimitNote { value, by, at })),
                    None => drop(self.limits.remove(&place)),
                }
            }
            Event::LimitProposed(view) => {
                let view = *view;
                let note = ProposalNote { view, by, at };
                // The same change proposed again is the same proposal, of its first time.
                self.proposals.entry(view.proposal.get()).or_insert(note);
            }
            Event::LimitDropped(view) => drop(self.proposals.remove(&view.proposal.get())),
            _ => {}
        }
    }

    /// What is not active.
    pub(crate) fn states(&self) -> impl Iterator<Item = (Scope, StateNote)> {
        self.states.iter().map(|(key, note)| (scope(*key), *note))
    }

    /// Every limit that is set.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (Scope, Limit, LimitNote)> {
        let all = self.limits.iter();
        all.map(|((key, limit), note)| (scope(*key), *limit, *note))
    }

    /// What waits for a second person, oldest first.
    pub(crate) fn proposals(&self) -> impl Iterator<Item = (ProposalId, ProposalNote)> {
        let all = self.proposals.iter();
        all.map(|(id, note)| (ProposalId::new(*id), *note))
    }
}

/// Whether [`Notes::take`] does anything with an event.
pub(super) const fn is_for_notes(event: &Event) -> bool {
    matches!(
        event,
        Event::StateSet { .. }
            | Event::LimitSet(_)
            | Event::LimitProposed(_)
            | Event::LimitDropped(_)
    )
}

impl Trace for Notes {}

impl Observer for Notes {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        let by = signed(&sequenced.command);
        for event in events.iter().filter(|event| is_for_notes(event)) {
            self.take(sequenced.at, event, by);
        }
    }
}

/// Who signed a command, if a person did.
const fn signed(command: &Command) -> Option<Operator> {
    match command {
        Command::SetState(change) => Some(change.by),
        Command::DecideLimit(decision) => Some(decision.by),
        Command::SetLimit(change) if matches!(change.source, LimitSource::Operator) => {
            Some(change.by)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::RequestId;

    use super::*;

    const ANN: Operator = Operator::NOBODY;

    fn view(after: Option<i128>, proposal: u64) -> LimitView {
        LimitView {
            scope: Scope::Firm,
            limit: Limit::GrossMax,
            before: None,
            after,
            request: RequestId::new(1),
            proposal: ProposalId::new(proposal),
        }
    }

    fn state(state: TradingState, cause: StateCause) -> Event {
        Event::StateSet {
            scope: Scope::Firm,
            state,
            cause,
            request: RequestId::new(0),
        }
    }

    #[test]
    fn a_state_is_noted_until_it_is_active_again() {
        let mut notes = Notes::default();
        let at = UnixNanos::from_seconds(9);
        let halted = state(TradingState::Halted, StateCause::Operator);
        notes.take(at, &halted, Some(ANN));
        let (scope, note) = notes.states().next().unwrap();
        assert_eq!((scope, note.by, note.at), (Scope::Firm, Some(ANN), at));
        let worse = state(TradingState::Halted, StateCause::Loss);
        notes.take(at, &worse, Some(ANN));
        let (_, note) = notes.states().next().unwrap();
        assert_eq!(note.by, None, "no person lost the money");
        notes.take(at, &state(TradingState::Active, StateCause::Operator), None);
        assert_eq!(notes.states().count(), 0);
    }

    #[test]
    fn a_proposal_is_noted_until_it_is_decided() {
        let mut notes = Notes::default();
        let at = UnixNanos::ZERO;
        notes.take(at, &Event::LimitSet(view(Some(5), 0)), None);
        notes.take(at, &Event::LimitProposed(view(Some(9), 1)), Some(ANN));
        notes.take(at, &Event::LimitProposed(view(None, 2)), Some(ANN));
        assert_eq!(notes.proposals().count(), 2);
        notes.take(at, &Event::LimitDropped(view(None, 2)), None);
        notes.take(at, &Event::LimitSet(view(Some(9), 1)), Some(ANN));
        assert_eq!(notes.proposals().count(), 0);
        let limits: Vec<_> = notes.limits().collect();
        let set = LimitNote {
            value: 9,
            by: Some(ANN),
            at,
        };
        assert_eq!(limits, [(Scope::Firm, Limit::GrossMax, set)]);
        notes.take(at, &Event::LimitSet(view(None, 0)), None);
        assert_eq!(notes.limits().count(), 0);
    }
}
