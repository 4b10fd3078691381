//! What operators order: limits, trading states, permissions, approvals.

use dcx_model::{
    Event, LimitChange, LimitDecision, LimitView, Permission, PermittedMeans, ProposalId, Scope,
    StateCause, StateChange, TradingState,
};

use crate::{Cx, Engine, Trace};

impl Engine {
    /// Sets a limit.
    pub(crate) fn set_limit<T: Trace>(&mut self, cx: &mut Cx<'_, T>, change: &LimitChange) {
        let set = match change.scope {
            Scope::Instrument(id) => {
                let row = self.instruments.get_mut(id.get() as usize);
                row.map(|row| &mut row.set)
            }
            Scope::Session(id) => {
                let row = self.sessions.get_mut(usize::from(id.get()));
                row.map(|row| &mut row.set)
            }
            Scope::Firm | Scope::Account(_) | Scope::Strategy(_) => None,
        };
        let Some(set) = set else {
            // Kept by the ledger alone so far: what it was before is not known here.
            self.ledger
                .set_limit(change.scope, change.limit, change.value);
            return cx.out.push(Event::LimitSet(LimitView {
                scope: change.scope,
                limit: change.limit,
                before: None,
                after: change.value,
                request: change.request,
                proposal: ProposalId::new(0),
            }));
        };
        let before = set.get(change.limit);
        set.put(change.limit, change.value);
        self.ledger
            .set_limit(change.scope, change.limit, change.value);
        cx.out.push(Event::LimitSet(LimitView {
            scope: change.scope,
            limit: change.limit,
            before,
            after: change.value,
            request: change.request,
            proposal: ProposalId::new(0),
        }));
    }

    pub(crate) fn decide_limit<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &LimitDecision) {
        self.refuse_configuration(cx);
    }

    /// Halts, reduces or resumes.
    pub(crate) fn set_state<T: Trace>(&mut self, cx: &mut Cx<'_, T>, change: &StateChange) {
        if change.scope != Scope::Firm {
            return self.refuse_configuration(cx);
        }
        cx.out.push(Event::StateSet {
            scope: change.scope,
            state: change.state,
            cause: StateCause::Operator,
            request: change.request,
        });
        match change.state {
            TradingState::Halted => self.halt(cx),
            TradingState::Active | TradingState::Reducing => self.halted = false,
        }
    }

    pub(crate) fn set_permission<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &Permission) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn set_means<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &PermittedMeans) {
        self.refuse_configuration(cx);
    }

    /// The encoder would have sent more than came in.
    pub(crate) fn orders_out_refused<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        _: dcx_model::ChildId,
    ) {
        self.refuse_configuration(cx);
    }
}
