//! What operators order: limits, trading states, permissions, approvals.
//!
//! ```text
//!  a change that lets less through ───────────────────────────► LimitSet
//!  a change that lets more through ──► LimitProposed ──► a second person says yes ──► LimitSet
//!                                            │
//!                                            └──► no, or 24 h pass ──► LimitDropped
//! ```
//!
//! What the configuration says of a limit that was never set applies at once. Later it is one
//! voice among others, of the author `configuration`.

use dcx_model::{
    Author, ChildId, Event, Level, Limit, LimitChange, LimitDecision, LimitSource, LimitView,
    Operator, Permission, PermittedMeans, ProposalId, Refusal, RequestId, Scope, StateCause,
    StateChange, StrategyId, TradingState, UnixNanos, VENUES_MAX,
};

use crate::risk::{Bounds, Holder, Proposal, Standing, is_legal};
use crate::{Cx, Engine, Trace};

/// A limit that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLimit {
    /// Whose.
    pub scope: Scope,
    /// Which.
    pub limit: Limit,
    /// What it is, in its unit.
    pub value: i128,
    /// What is used of it, where the scope itself counts that.
    pub used: Option<i128>,
}

/// A change of a limit that waits for a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposedLimit {
    /// Its number.
    pub proposal: ProposalId,
    /// Whose limit.
    pub scope: Scope,
    /// Which.
    pub limit: Limit,
    /// What it is now; none if it is not set.
    pub before: Option<i128>,
    /// What it would be; none to take it away.
    pub after: Option<i128>,
    /// Who asked.
    pub author: Author,
    /// When.
    pub at: UnixNanos,
    /// When it is dropped if nobody decides.
    pub expires: UnixNanos,
}

/// Calls something with the limits of a scope, if there is such a scope.
macro_rules! limits_of {
    ($engine:expr, $scope:expr, |$limits:ident| $then:expr) => {
        match $scope {
            Scope::Firm => {
                let $limits = &mut $engine.authority.firm.limits;
                Some($then)
            }
            Scope::Account(id) => {
                let row = $engine.authority.accounts.get_mut(id.get() as usize);
                row.map(|row| {
                    let $limits = &mut row.limits;
                    $then
                })
            }
            Scope::Strategy(id) => {
                let row = $engine.authority.strategies.get_mut(usize::from(id.get()));
                row.map(|row| {
                    let $limits = &mut row.limits;
                    $then
                })
            }
            Scope::Session(id) => {
                let row = $engine.sessions.get_mut(usize::from(id.get()));
                row.map(|row| {
                    let $limits = &mut row.limits;
                    $then
                })
            }
            Scope::Instrument(id) => {
                let row = $engine.instruments.get_mut(id.get() as usize);
                row.map(|row| {
                    let $limits = &mut row.limits;
                    $then
                })
            }
        }
    };
}

impl Engine {
    /// Sets a limit, or keeps the change until a second person decides.
    pub(crate) fn set_limit<T: Trace>(&mut self, cx: &mut Cx<'_, T>, change: &LimitChange) {
        self.drop_expired(cx);
        match self.judge_limit(change) {
            Err(refusal) => refuse(cx, change.request, refusal),
            Ok(true) => self.propose_limit(cx, change),
            Ok(false) => {
                let none = ProposalId::new(0);
                let (scope, limit) = (change.scope, change.limit);
                let after = change.value;
                self.apply_limit(cx, (change.request, none), (scope, limit), after);
            }
        }
    }

    /// Takes a second person's word on a proposed change.
    pub(crate) fn decide_limit<T: Trace>(&mut self, cx: &mut Cx<'_, T>, decision: &LimitDecision) {
        self.drop_expired(cx);
        let found = self.authority.proposals.find(decision.proposal).copied();
        let Some(proposal) = found else {
            let proposal = decision.proposal.get().cast_signed();
            return refuse(cx, decision.request, Refusal::UnknownProposal { proposal });
        };
        if let Err(refusal) = named(&decision.by) {
            return refuse(cx, decision.request, refusal);
        }
        if decision.approve && decision.by.author == proposal.author {
            return refuse(cx, decision.request, Refusal::SamePerson);
        }
        self.authority.proposals.remove(proposal.id);
        if decision.approve {
            let (scope, limit, after) = (proposal.scope, proposal.limit, proposal.value);
            self.apply_limit(cx, (decision.request, proposal.id), (scope, limit), after);
        } else {
            self.say_dropped(cx, &proposal, decision.request);
        }
    }

    /// Halts, reduces or resumes.
    pub(crate) fn set_state<T: Trace>(&mut self, cx: &mut Cx<'_, T>, change: &StateChange) {
        let judged = named(&change.by).and_then(|()| self.check_scope(change.scope));
        if let Err(refusal) = judged {
            return refuse(cx, change.request, refusal);
        }
        let cause = StateCause::Operator;
        let orders = self.standing(change.scope);
        let orders = orders.map_or(0, |standing| standing.orders_open);
        self.change_state(cx, change.scope, (change.state, cause), change.request);
        let halts = change.state == TradingState::Halted;
        done(cx, change.request, if halts { orders } else { 0 });
        match change.state {
            TradingState::Halted => self.end_all_of(cx, change.scope),
            TradingState::Reducing => {}
            TradingState::Active => {
                if let Scope::Strategy(id) = change.scope {
                    self.recent.repeats.reset(u32::from(id.get()));
                }
                self.begin_release(cx);
            }
        }
    }

    /// Makes a state worse because of what happened, not because somebody said so. What is as bad
    /// already stays as it is.
    pub(crate) fn worsen_state<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        scope: Scope,
        (state, cause): (TradingState, StateCause),
    ) {
        let before = self.standing(scope).map(|standing| standing.state);
        if before.is_none_or(|before| before >= state) {
            return;
        }
        self.change_state(cx, scope, (state, cause), RequestId::new(0));
        if state == TradingState::Halted {
            self.end_all_of(cx, scope);
        }
    }

    /// Permits or denies an instrument, or all, to a scope.
    pub(crate) fn set_permission<T: Trace>(&mut self, cx: &mut Cx<'_, T>, permission: &Permission) {
        let judged = named(&permission.by)
            .and_then(|()| self.check_scope(permission.scope))
            .and_then(|()| match permission.instrument {
                Some(id) => self.check_scope(Scope::Instrument(id)),
                None => Ok(()),
            });
        if let Err(refusal) = judged {
            return refuse(cx, permission.request, refusal);
        }
        let (scope, denied) = (permission.scope, !permission.allowed);
        let instrument = permission.instrument;
        let denied = self.authority.denied.set(scope, instrument, denied);
        match (denied, self.standing_mut(scope)) {
            (Some(denied), Some(standing)) => standing.denied = denied,
            (None, _) | (_, None) => {
                let at = scope.level();
                return refuse(cx, permission.request, Refusal::UnknownScope { at });
            }
        }
        done(cx, permission.request, 0);
    }

    /// Says which venues and algorithms a scope may use.
    pub(crate) fn set_means<T: Trace>(&mut self, cx: &mut Cx<'_, T>, means: &PermittedMeans) {
        let at = means.scope.level();
        let judged = named(&means.by).and_then(|()| match means.scope {
            Scope::Account(_) | Scope::Strategy(_) | Scope::Session(_) => {
                self.check_scope(means.scope)
            }
            Scope::Firm | Scope::Instrument(_) => Err(Refusal::UnknownScope { at }),
        });
        if let Err(refusal) = judged {
            return refuse(cx, means.request, refusal);
        }
        if let Some(standing) = self.standing_mut(means.scope) {
            let venues = means.venues.bits() & ((1 << VENUES_MAX) - 1);
            standing.venues_barred = !u16::try_from(venues).unwrap_or_default();
            standing.algos_barred = !means.algos;
        }
        done(cx, means.request, 0);
        self.begin_release(cx);
    }

    /// The encoder would have sent more than came in: somewhere we are wrong, and nobody knows
    /// where (SEC v. Knight Capital, 34-70694). Everything stops.
    pub(crate) fn orders_out_refused<T: Trace>(&mut self, cx: &mut Cx<'_, T>, child: ChildId) {
        let state = (TradingState::Halted, StateCause::OrdersOut);
        let halted = self.halted();
        if !halted {
            self.change_state(cx, Scope::Firm, state, RequestId::new(0));
        }
        self.child_not_sent(cx, child);
        if !halted {
            self.end_all_of(cx, Scope::Firm);
        }
    }

    /// Counts an execution of a strategy, which stops when they are too many (check 12).
    pub(crate) fn count_execution<T: Trace>(&mut self, cx: &mut Cx<'_, T>, strategy: StrategyId) {
        let row = self.authority.strategies.get(usize::from(strategy.get()));
        let limits = row.map(|row| (row.limits.executions_max, row.limits.executions_window));
        let Some((max, window)) = limits.filter(|(max, _)| *max != u32::MAX) else {
            return;
        };
        let number = u32::from(strategy.get());
        if self.recent.repeats.take(number, cx.at, max, window) {
            let state = (TradingState::Halted, StateCause::RepeatedExecutions);
            self.worsen_state(cx, Scope::Strategy(strategy), state);
        }
    }

    /// Lets go of the proposals that nobody decided in time.
    pub(crate) fn drop_expired<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        while let Some(oldest) = self.authority.proposals.oldest().copied() {
            // The last of them may wait for the next command.
            if oldest.expires() > cx.at || cx.out.room() < crate::halt::PER_ORDER {
                return;
            }
            self.authority.proposals.remove(oldest.id);
            self.say_dropped(cx, &oldest, oldest.request);
        }
    }

    /// When the first proposal runs out of time.
    pub(crate) fn proposal_due(&self) -> Option<UnixNanos> {
        self.authority.proposals.oldest().map(Proposal::expires)
    }

    /// How a scope stands; none if there is no such scope.
    pub(crate) fn standing(&self, scope: Scope) -> Option<&Standing> {
        match scope {
            Scope::Firm => Some(&self.authority.firm.standing),
            Scope::Account(id) => {
                let row = self.authority.accounts.get(id.get() as usize);
                row.map(|row| &row.standing)
            }
            Scope::Strategy(id) => {
                let row = self.authority.strategies.get(usize::from(id.get()));
                row.map(|row| &row.standing)
            }
            Scope::Session(id) => {
                let row = self.sessions.get(usize::from(id.get()));
                row.map(|row| &row.standing)
            }
            Scope::Instrument(id) => {
                let row = self.instruments.get(id.get() as usize);
                row.map(|row| &row.standing)
            }
        }
    }

    pub(crate) fn standing_mut(&mut self, scope: Scope) -> Option<&mut Standing> {
        match scope {
            Scope::Firm => Some(&mut self.authority.firm.standing),
            Scope::Account(id) => {
                let row = self.authority.accounts.get_mut(id.get() as usize);
                row.map(|row| &mut row.standing)
            }
            Scope::Strategy(id) => {
                let row = self.authority.strategies.get_mut(usize::from(id.get()));
                row.map(|row| &mut row.standing)
            }
            Scope::Session(id) => {
                let row = self.sessions.get_mut(usize::from(id.get()));
                row.map(|row| &mut row.standing)
            }
            Scope::Instrument(id) => {
                let row = self.instruments.get_mut(id.get() as usize);
                row.map(|row| &mut row.standing)
            }
        }
    }

    /// Changes how every scope of an order stands.
    pub(crate) fn each_standing(&mut self, holder: &Holder, change: impl Fn(&mut Standing)) {
        change(&mut self.authority.firm.standing);
        let accounts = &mut self.authority.accounts;
        if let Some(row) = accounts.get_mut(holder.account.get() as usize) {
            change(&mut row.standing);
        }
        let strategy = usize::from(holder.strategy.get());
        if let Some(row) = self.authority.strategies.get_mut(strategy) {
            change(&mut row.standing);
        }
        if let Some(row) = self.sessions.get_mut(usize::from(holder.session.get())) {
            change(&mut row.standing);
        }
        if let Some(row) = self.instruments.get_mut(holder.instrument.get() as usize) {
            change(&mut row.standing);
        }
    }

    /// How every scope of an order stands, from the whole to the single.
    pub(crate) fn standings(&self, holder: &Holder) -> [(Level, Option<&Standing>); 5] {
        holder
            .scopes()
            .map(|scope| (scope.level(), self.standing(scope)))
    }

    /// Whether a change is one that may be made, and whether it needs a second person.
    fn judge_limit(&mut self, change: &LimitChange) -> Result<bool, Refusal> {
        let (scope, limit, after) = (change.scope, change.limit, change.value);
        let at = scope.level();
        if self.config.is_none() {
            return Err(Refusal::NotConfigured);
        }
        if !limit.levels().contains(&at) {
            return Err(Refusal::LimitNotHere { limit, at });
        }
        if after.is_some_and(|after| !is_legal(limit, after)) {
            return Err(Refusal::LimitValue { limit });
        }
        self.check_scope(scope)?;
        let configured = change.source == LimitSource::Configuration;
        if !configured {
            named(&change.by)?;
        }
        let judged = limits_of!(self, scope, |limits| {
            let free = configured && !limits.was_set(limit);
            !free && limits.loosens(limit, after)
        });
        judged.ok_or(Refusal::UnknownScope { at })
    }

    /// Whether there is such a scope.
    fn check_scope(&self, scope: Scope) -> Result<(), Refusal> {
        let there = match scope {
            Scope::Firm => true,
            Scope::Instrument(id) => {
                let row = self.instruments.get(id.get() as usize);
                row.is_some_and(|row| row.defined.is_some())
            }
            Scope::Account(_) | Scope::Strategy(_) | Scope::Session(_) => {
                self.standing(scope).is_some()
            }
        };
        let at = scope.level();
        there.then_some(()).ok_or(Refusal::UnknownScope { at })
    }

    fn propose_limit<T: Trace>(&mut self, cx: &mut Cx<'_, T>, change: &LimitChange) {
        let author = match change.source {
            LimitSource::Configuration => CONFIGURATION.parse().unwrap_or(Author::EMPTY),
            LimitSource::Operator => change.by.author,
        };
        let proposal = Proposal {
            id: ProposalId::new(0),
            scope: change.scope,
            limit: change.limit,
            value: change.value,
            author,
            request: change.request,
            at: cx.at,
        };
        let Some(id) = self.authority.proposals.add(proposal) else {
            let max = u32::try_from(dcx_model::PROPOSALS_MAX).unwrap_or(u32::MAX);
            return refuse(cx, change.request, Refusal::ProposalsFull { max });
        };
        let before = self.limit_at(change.scope, change.limit);
        cx.out.push(Event::LimitProposed(LimitView {
            scope: change.scope,
            limit: change.limit,
            before,
            after: change.value,
            request: change.request,
            proposal: id,
        }));
    }

    fn apply_limit<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        (request, proposal): (RequestId, ProposalId),
        (scope, limit): (Scope, Limit),
        after: Option<i128>,
    ) {
        let before = self.limit_at(scope, limit);
        let _ = limits_of!(self, scope, |limits| limits.put(limit, after));
        self.ledger.set_limit(scope, limit, after);
        if let (Scope::Instrument(instrument), Limit::PrevCloseAllowed) = (scope, limit) {
            self.mark_by_close(instrument);
        }
        cx.out.push(Event::LimitSet(LimitView {
            scope,
            limit,
            before,
            after,
            request,
            proposal,
        }));
    }

    /// A limit as it is set.
    fn limit_at(&mut self, scope: Scope, limit: Limit) -> Option<i128> {
        limits_of!(self, scope, |limits| limits.get(limit)).flatten()
    }

    fn say_dropped<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        proposal: &Proposal,
        request: RequestId,
    ) {
        let before = self.limit_at(proposal.scope, proposal.limit);
        cx.out.push(Event::LimitDropped(LimitView {
            scope: proposal.scope,
            limit: proposal.limit,
            before,
            after: proposal.value,
            request,
            proposal: proposal.id,
        }));
    }

    /// Cancels what a halted scope has; every venue is to confirm that where it is the firm.
    fn end_all_of<T: Trace>(&mut self, cx: &mut Cx<'_, T>, scope: Scope) {
        if scope == Scope::Firm {
            self.expect_ends(cx.at);
        }
        self.cancel_all_of(cx, scope);
    }

    /// Every limit that is set, from the whole to the single, and what is used of it where that is
    /// kept.
    ///
    /// # Cost
    /// O(scopes × limits): for people, not for the hot path.
    pub fn limits_view(&self) -> impl Iterator<Item = SetLimit> {
        self.scopes().flat_map(move |scope| {
            let set = Limit::ALL.iter().filter_map(move |limit| {
                let value = self.set_limit_of(scope, *limit)?;
                let used = self.limit_used(scope, *limit);
                Some(SetLimit {
                    scope,
                    limit: *limit,
                    value,
                    used,
                })
            });
            set.collect::<Vec<_>>()
        })
    }

    /// Every scope that may not trade freely, and how it stands.
    ///
    /// # Cost
    /// O(scopes): for people, not for the hot path.
    pub fn states_view(&self) -> impl Iterator<Item = (Scope, TradingState)> {
        self.scopes().filter_map(|scope| {
            let state = self.standing(scope)?.state;
            (state != TradingState::Active).then_some((scope, state))
        })
    }

    /// Every change of a limit that waits for a second person, oldest first.
    pub fn proposals_view(&self) -> impl Iterator<Item = ProposedLimit> {
        self.authority
            .proposals
            .iter()
            .map(|proposal| ProposedLimit {
                proposal: proposal.id,
                scope: proposal.scope,
                limit: proposal.limit,
                before: self.set_limit_of(proposal.scope, proposal.limit),
                after: proposal.value,
                author: proposal.author,
                at: proposal.at,
                expires: proposal.expires(),
            })
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        let of = |level, rows: usize| {
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            (0..rows).filter_map(move |number| Scope::of(level, number))
        };
        of(Level::Firm, 1)
            .chain(of(Level::Account, self.authority.accounts.len()))
            .chain(of(Level::Strategy, self.authority.strategies.len()))
            .chain(of(Level::Session, self.sessions.len()))
            .chain(of(Level::Instrument, self.instruments.len()))
    }

    fn set_limit_of(&self, scope: Scope, limit: Limit) -> Option<i128> {
        match scope {
            Scope::Firm => self.authority.firm.limits.get(limit),
            Scope::Account(id) => {
                let row = self.authority.accounts.get(id.get() as usize)?;
                row.limits.get(limit)
            }
            Scope::Strategy(id) => {
                let row = self.authority.strategies.get(usize::from(id.get()))?;
                row.limits.get(limit)
            }
            Scope::Session(id) => {
                let row = self.sessions.get(usize::from(id.get()))?;
                row.limits.get(limit)
            }
            Scope::Instrument(id) => {
                let row = self.instruments.get(id.get() as usize)?;
                row.limits.get(limit)
            }
        }
    }

    /// What is used of a limit, in its unit, where the scope itself counts that.
    #[must_use]
    pub fn limit_used(&self, scope: Scope, limit: Limit) -> Option<i128> {
        let standing = self.standing(scope)?;
        let day = self.day(self.now);
        let (qty, worth) =
            standing
                .day
                .would_be(day, dcx_model::Qty::ZERO, dcx_model::Notional::ZERO);
        if limit == Limit::OrdersOpenMax {
            Some(i128::from(standing.orders_open))
        } else if limit == Limit::DayQtyMax {
            i128::try_from(qty).ok()
        } else if limit == Limit::DayNotionalMax {
            Some(worth.units())
        } else {
            None
        }
    }

    fn change_state<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        scope: Scope,
        (state, cause): (TradingState, StateCause),
        request: RequestId,
    ) {
        if let Some(standing) = self.standing_mut(scope) {
            standing.state = state;
        }
        cx.out.push(Event::StateSet {
            scope,
            state,
            cause,
            request,
        });
    }
}

/// The author of what the configuration proposes.
const CONFIGURATION: &str = "configuration";

/// Whether a person's name and reason are there.
fn named(by: &Operator) -> Result<(), Refusal> {
    let there = !by.author.is_empty() && !by.reason.is_empty();
    there.then_some(()).ok_or(Refusal::NoAuthor)
}

fn refuse<T>(cx: &mut Cx<'_, T>, request: RequestId, refusal: Refusal) {
    cx.out.push(Event::OperatorRefused { request, refusal });
}

/// Says that a request was done, if somebody waits to hear it.
fn done<T>(cx: &mut Cx<'_, T>, request: RequestId, orders: u32) {
    if request != RequestId::new(0) {
        cx.out.push(Event::OperatorDone { request, orders });
    }
}
