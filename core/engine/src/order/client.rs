//! What clients ask for: new orders, cancels, replaces, status.

use dcx_model::{
    Algo, AlgoTerms, CancelRejected, CancelRequest, ClOrdId, CxlRejResponseTo, Event, Nanos,
    NewOrder, Notional, OrdStatus, OrdType, OrderId, OrderView, Price, Qty, Refusal,
    ReplaceRequest, RestatementReason, StatusRequest, TimeInForce, UnixNanos,
};

use super::self_trade::Prevention;
use super::{End, Input, Parent, State, Step};
use crate::names::Hashed;
use crate::pool::{Key, NIL};
use crate::risk::{self, Facts, Gate, Holder, Passed, Rate, Replaced};
use crate::slice::Schedule;
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Accepts an order and sends what is due of it, or refuses it.
    /// `terms` are the parameters of its algorithm, where it came with any.
    pub(crate) fn new_order<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        order: &NewOrder,
        terms: Option<&AlgoTerms>,
    ) {
        match self.approve(cx, order, terms) {
            Ok((passed, name, prevention, plan)) => {
                self.open(cx, order, &passed, &name, (prevention, plan));
            }
            Err(refusal) => {
                let view = refused(order);
                cx.out.push(Event::Rejected { view, refusal });
                self.refuse_list(cx.at, order, refusal);
            }
        }
    }

    /// Cancels an order: at once where nothing works at a venue, else when its children ended.
    pub(crate) fn cancel<T: Trace>(&mut self, cx: &mut Cx<'_, T>, request: &CancelRequest) {
        if let Some(row) = self.sessions.get_mut(usize::from(request.session.get())) {
            row.cancels = row.cancels.saturating_add(1);
        }
        let asked = Asked::cancel(request);
        let ix = match self.find_for(&asked) {
            Ok(ix) => ix,
            Err((order, refusal)) => return self.refuse(cx, &asked, order, refusal),
        };
        match self.parents.at(ix).state.on(Input::Cancel) {
            Step::To(state) => self.begin_cancel(cx, ix, state, asked.cl_ord_id),
            Step::Refuse(refusal) => self.refuse(cx, &asked, Some(ix), refusal),
            Step::Stay => {}
        }
    }

    /// Changes quantity and limit of an order: its children are cancelled, then the rest is sent
    /// under the new terms.
    pub(crate) fn replace<T: Trace>(&mut self, cx: &mut Cx<'_, T>, request: &ReplaceRequest) {
        let asked = Asked::replace(request);
        let known = self.known(&asked);
        if let Err(refusal) = self.admit_replace(cx, known, request) {
            return self.refuse(cx, &asked, known, refusal);
        }
        let ix = match self.find_for(&asked) {
            Ok(ix) => ix,
            Err((order, refusal)) => return self.refuse(cx, &asked, order, refusal),
        };
        let state = match self.parents.at(ix).state.on(Input::Replace) {
            Step::To(state) => state,
            Step::Refuse(refusal) => return self.refuse(cx, &asked, Some(ix), refusal),
            Step::Stay => return,
        };
        let approved = self.approve_replace(cx, ix, request);
        let approved = approved.and_then(|passed| {
            // One that does not work yet, or has no price of its own, meets the others when it
            // is sent.
            let parent = self.parents.at(ix);
            let (account, asked) = (parent.account, passed.terms.get());
            if parent.own.is_in() && asked.ord_type != OrdType::Pegged {
                let worked = asked.worked(asked.order_qty, asked.limit_px);
                self.prevent_change(cx, account, &worked)?;
            }
            Ok(passed)
        });
        match approved {
            Ok(passed) => self.begin_replace(cx, ix, state, &passed, asked.cl_ord_id),
            Err(refusal) => self.refuse(cx, &asked, Some(ix), refusal),
        }
    }

    /// Says how an order stands.
    ///
    /// An order that is not known is reported as rejected, with a quantity of zero.
    /// (FIX 4.4 vol. 7, appendix D, G.1.b.)
    pub(crate) fn status<T: Trace>(&self, cx: &mut Cx<'_, T>, request: &StatusRequest) {
        let name = self.names.hashed(request.session.get(), request.cl_ord_id);
        let found = self.names.find(&name);
        let ix = found.and_then(|entry| self.parents.find(self.names.target(entry)));
        let view = match ix {
            Some(ix) => {
                let parent = self.parents.at(ix);
                parent.view(parent.cl_ord_id)
            }
            None => unknown(request),
        };
        cx.out.push(Event::Status { view });
    }

    fn approve<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        order: &NewOrder,
        terms: Option<&AlgoTerms>,
    ) -> Result<(Passed, Hashed, Prevention, u32), Refusal> {
        let holder = Holder::of(order);
        let name = self.names.hashed(order.session.get(), order.cl_ord_id);
        let used = self.names.find(&name).is_some();
        let venues = self.takers(order);
        let mut facts = self.facts(cx.at, holder);
        facts.venues = venues;
        let mut gate = Gate::new(cx.seq, &mut *cx.trace);
        risk::admit(&mut gate, &facts, facts.order_reduces(order))?;
        // Every request that is admitted counts, whatever the checks say; none of them reads the
        // rates again.
        let named = risk::check_name(&mut gate, used);
        let checked = named.map(|()| risk::check(&mut gate, &facts, order));
        self.count_message(cx.at, &holder);
        let checked = checked?;
        let checked = checked.and_then(|passed| {
            self.check_reducing(cx, order.account, passed.terms.get(), None)?;
            self.check_asked(&passed)?;
            self.lists.check(cx.at, order)?;
            // What does not work at once meets the others when it does.
            let plan = if order.algo == Algo::AtOnce && terms.is_none() {
                NIL
            } else {
                self.draft(cx.at, order, terms)?
            };
            let prevention = if waits_first(order, &passed) {
                Ok(Prevention::NONE)
            } else {
                self.prevent(cx, order.account, passed.terms.get())
            };
            let prevention = prevention.inspect_err(|_| self.free_schedule(plan))?;
            Ok((passed, prevention, plan))
        });
        if checked.is_err() {
            // Refused for what it is: its name is used up, and a second try needs another.
            self.names.keep(&name, Key::NONE);
        }
        let (passed, prevention, plan) = checked?;
        Ok((passed, name, prevention, plan))
    }

    /// Whether a replace may be asked for at all. Of an order that is not known, the session and
    /// the firm are asked.
    fn admit_replace<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        known: Option<u32>,
        request: &ReplaceRequest,
    ) -> Result<(), Refusal> {
        let holder = known.map_or_else(
            || Holder {
                account: dcx_model::AccountId::new(u32::MAX),
                strategy: dcx_model::StrategyId::new(u16::MAX),
                session: request.session,
                instrument: dcx_model::InstrumentId::new(u32::MAX),
            },
            |ix| self.parents.at(ix).holder(),
        );
        let facts = self.facts(cx.at, holder);
        let reduces = known.is_some_and(|ix| self.replaced(ix).reduces(&facts, request));
        let mut gate = Gate::new(cx.seq, &mut *cx.trace);
        risk::admit(&mut gate, &facts, reduces)?;
        self.count_message(cx.at, &holder);
        Ok(())
    }

    fn approve_replace<T: Trace>(
        &self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        request: &ReplaceRequest,
    ) -> Result<Passed, Refusal> {
        let parent = self.parents.at(ix);
        let facts = self.facts(cx.at, parent.holder());
        let mut gate = Gate::new(cx.seq, &mut *cx.trace);
        let passed = risk::check_replace(&mut gate, &facts, request, &self.replaced(ix))?;
        self.check_reducing(cx, parent.account, passed.terms.get(), Some(ix))?;
        self.check_schedule_again(ix, request.order_qty)?;
        // Nobody is asked about a replace: what would need a person comes as a new order.
        if passed.needs_approval && parent.state != State::PendingNew {
            return Err(Refusal::NotApproved);
        }
        Ok(passed)
    }

    /// An order as the gates of its replace see it.
    pub(super) fn replaced(&self, ix: u32) -> Replaced<'_> {
        let parent = self.parents.at(ix);
        Replaced {
            before: parent.terms.get(),
            cum_qty: parent.cum_qty,
            slices: self.schedule(ix).map_or(0, Schedule::slices),
            triggered: parent.waits.triggered,
            reserved: (parent.reserved, parent.reserved_at),
        }
    }

    /// Whether an order that must wait for a person has room to.
    fn check_asked(&self, passed: &Passed) -> Result<(), Refusal> {
        let (open, max) = (self.asked.len() + 1, super::approval::APPROVALS_MAX);
        if open > max && passed.needs_approval {
            return Err(Refusal::PoolFull { open, max });
        }
        Ok(())
    }

    /// Breaks the list of a refused order. One that never got as far as to be looked at, or came
    /// twice, says nothing about its list.
    fn refuse_list(&mut self, at: UnixNanos, order: &NewOrder, refusal: Refusal) {
        let unseen = matches!(
            refusal,
            Refusal::NotConfigured
                | Refusal::NoSessionLimits
                | Refusal::NoFirmLimits
                | Refusal::RateAboveMax { .. }
                | Refusal::DuplicateClOrdId
        );
        if order.leg != dcx_model::Leg::None && !unseen {
            self.lists.refuse(at, order);
        }
    }

    /// What an order is measured against.
    pub(crate) fn facts(&self, at: UnixNanos, holder: Holder) -> Facts<'_> {
        let config = self.config.as_ref();
        let strategy = usize::from(holder.strategy.get());
        Facts {
            at,
            configured: config.is_some(),
            holder,
            firm: &self.authority.firm,
            account: self.authority.accounts.get(holder.account.get() as usize),
            strategy: self.authority.strategies.get(strategy),
            session: self.sessions.get(usize::from(holder.session.get())),
            instrument: self.instruments.get(holder.instrument.get() as usize),
            denied: &self.authority.denied,
            recent: &self.recent,
            book: &self.book,
            ledger: &self.ledger,
            holding: self.ledger.holding(holder.account, holder.instrument),
            pool: (
                self.open.len(),
                config.map_or(0, |config| config.orders_open_max),
            ),
            venues: dcx_model::VenueSet::NONE,
            on_no_venue: config.map_or(dcx_model::OnNoVenue::Reject, |config| config.on_no_venue),
            hours: self.expiry.hours(holder.instrument),
            day: self.day(at),
        }
    }

    /// The trading day of a moment.
    pub(crate) fn day(&self, at: UnixNanos) -> u32 {
        let start = self.config.as_ref().map_or(0, |config| config.day_start_s);
        // A day that starts at 22:00 has begun two hours before midnight.
        let early = risk::SECONDS_PER_DAY.saturating_sub(start) % risk::SECONDS_PER_DAY;
        risk::day_number(at, early)
    }

    /// Takes a token of each rate that a request counts against.
    fn count_message(&mut self, at: UnixNanos, holder: &Holder) {
        let rate = |per_s, burst| Rate { per_s, burst };
        if let Some(row) = self.sessions.get_mut(usize::from(holder.session.get())) {
            let rate = rate(row.limits.orders_per_s_max, row.limits.burst_max);
            row.standing.bucket.take(at, rate);
        }
        let strategy = usize::from(holder.strategy.get());
        if let Some(row) = self.authority.strategies.get_mut(strategy) {
            let rate = rate(row.limits.orders_per_s_max, row.limits.burst_max);
            row.standing.bucket.take(at, rate);
        }
        if let Some(row) = self.instruments.get_mut(holder.instrument.get() as usize) {
            let rate = rate(row.limits.orders_per_s_max, row.limits.burst_max);
            row.standing.bucket.take(at, rate);
        }
    }

    /// Counts to every scope what was accepted of it today.
    fn count_accepted(&mut self, holder: &Holder, day: u32, (qty, worth): (Qty, Notional)) {
        self.each_standing(holder, |standing| standing.day.add(day, qty, worth));
    }

    /// Takes an approved order in: reserves, reports, works.
    fn open<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        order: &NewOrder,
        passed: &Passed,
        name: &Hashed,
        (prevention, plan): (Prevention, u32),
    ) {
        let id = OrderId::new(self.next_order);
        self.next_order += 1;
        let mut parent = Parent::new(id, passed.terms, order);
        parent.plan = plan;
        if plan != NIL {
            let seed = self.config.as_ref().map_or(0, |config| config.seed);
            self.schedules.at_mut(plan).named(id, seed);
        }
        parent.waits.ends_at = self.expiry.ends_at(cx.at, passed.terms.get());
        let (qty, unit) = (parent.reserved, parent.reserved_at);
        parent.rows = self
            .ledger
            .rows(order.account, order.strategy, order.instrument);
        self.ledger.reserve(parent.rows, order.side, qty, unit);

        let key = self.parents.insert(parent);
        let key = key.expect("the check for open orders keeps room in the pool");
        let ix = key.ix;
        let name = self.names.pin(name, key);
        self.parents.at_mut(ix).name = name;
        self.enlist(ix);
        self.enter_reducing(ix);
        self.note_opened(cx.at, order, passed);

        self.join(cx.at, order, ix);
        if waits_first(order, passed) {
            if passed.needs_approval {
                return self.ask(cx, ix);
            }
            return self.accepted(cx, ix);
        }
        self.look(cx.at, ix);
        let held = self.would_hold_among(ix, passed.takers) || self.waits_for(prevention);
        let view = self.parents.at(ix).view(order.cl_ord_id);
        cx.out.push(Event::Accepted { view, held });
        self.tell_plan(cx, ix);
        self.apply_prevention(cx, ix, prevention);
        if let Some(near) = passed.near {
            cx.out.push(near.event());
        }
        self.set_timer(ix);
        self.work_among(cx, ix, true, Some(passed.takers));
    }

    /// Tells the client that an order is accepted that had, or has, to wait, and has it do so.
    pub(super) fn accepted<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        self.look(cx.at, ix);
        let parent = self.parents.at(ix);
        let waits = parent.terms.get().is_dormant() || parent.waits.listed;
        let held = !waits && self.would_hold(ix);
        let parent = self.parents.at(ix);
        let view = parent.view(parent.cl_ord_id);
        cx.out.push(Event::Accepted { view, held });
        self.tell_plan(cx, ix);
        self.tell_list(ix);
        self.set_timer(ix);
        self.proceed(cx, ix, false);
    }

    /// Counts an accepted order where limits count it.
    fn note_opened(&mut self, at: UnixNanos, order: &NewOrder, passed: &Passed) {
        let counted = (order.order_qty, passed.worth);
        self.count_accepted(&Holder::of(order), passed.day, counted);
        if passed.duplicate_window > Nanos::ZERO {
            let economics = risk::economics(order);
            self.recent
                .duplicates
                .keep(at, passed.duplicate_window, &economics);
        }
    }

    /// The order that a cancel or replace is about. Its own name is used up by asking.
    ///
    /// # Errors
    /// The order, where it is known, and why the request is refused.
    fn find_for(&mut self, asked: &Asked) -> Result<u32, (Option<u32>, Refusal)> {
        let known = self.known(asked);
        let name = self.names.hashed(asked.session, asked.cl_ord_id);
        if self.names.find(&name).is_some() {
            return Err((known, Refusal::DuplicateClOrdId));
        }
        if self.config.is_some() {
            self.names.keep(&name, Key::NONE);
        }
        known.ok_or((None, Refusal::UnknownOrder))
    }

    fn known(&self, asked: &Asked) -> Option<u32> {
        let orig = self.names.hashed(asked.session, asked.orig_cl_ord_id);
        let entry = self.names.find(&orig)?;
        self.parents.find(self.names.target(entry))
    }

    fn begin_cancel<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        state: State,
        cl_ord_id: ClOrdId,
    ) {
        let parent = self.parents.at_mut(ix);
        parent.state = state;
        parent.pending_cl_ord_id = cl_ord_id;
        let orig_cl_ord_id = parent.cl_ord_id;
        if parent.children.len() == 0 {
            return self.canceled(cx, ix, cl_ord_id);
        }
        let view = parent.view(cl_ord_id);
        cx.out.push(Event::PendingCancel {
            view,
            orig_cl_ord_id,
        });
        self.cancel_children(cx, ix);
    }

    fn begin_replace<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        state: State,
        passed: &Passed,
        cl_ord_id: ClOrdId,
    ) {
        let terms = passed.terms;
        let holder = self.parents.at(ix).holder();
        let parent = self.parents.at_mut(ix);
        let before = parent.terms.get();
        // Until it is decided, room is kept for whichever of both is the larger.
        let increase = terms.get().order_qty.saturating_minus(before.order_qty);
        let reserved = parent.reserved.plus(increase);
        let reserved = reserved.expect("an approved quantity fits the position limit");
        let unit = parent.reserved_at.max(terms.get().unit);
        parent.replacement = Some(terms);
        parent.pending_cl_ord_id = cl_ord_id;
        let orig_cl_ord_id = parent.cl_ord_id;
        let waits = parent.children.len() > 0;
        self.reserve_instead(ix, reserved, unit);
        self.count_accepted(&holder, passed.day, (increase, passed.worth));
        if let Some(near) = passed.near {
            cx.out.push(near.event());
        }
        if !waits {
            return self.complete_replace(cx, ix, true);
        }
        let parent = self.parents.at_mut(ix);
        parent.state = state;
        let view = parent.view(cl_ord_id);
        cx.out.push(Event::PendingReplace {
            view,
            orig_cl_ord_id,
        });
        self.cancel_children(cx, ix);
    }

    /// Ends a replace whose order has nothing at venues any more.
    ///
    /// # Source
    /// FIX 4.4 vol. 7, appendix D: filled before it could be replaced, the request is too late
    /// (C.2.a), unless it asks for more (C.1.c); filled beyond the new quantity, the order is
    /// replaced by one of what is filled (C.3.b, C.3.c).
    ///
    /// `judged` says that it was asked for, and let through, in this very command.
    pub(crate) fn complete_replace<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, judged: bool) {
        // What woke it at its old price is no place for it under the new one.
        self.leave_market(ix);
        let parent = self.parents.at_mut(ix);
        if parent.state == State::PendingReplace {
            parent.state = State::Open;
        }
        let before = parent.terms.get().order_qty;
        let Some(terms) = parent.replacement else {
            return;
        };
        let wanted = terms.get().order_qty;
        // Fill or kill has had its all: a second piece that fails would leave it filled in part.
        let wants_no_more =
            wanted <= parent.cum_qty || terms.get().time_in_force == TimeInForce::Fok;
        if wants_no_more && parent.cum_qty >= before {
            self.replace_refused(cx, ix, Refusal::TooLate, State::Done(End::Filled));
            return self.finish(ix);
        }
        let cum_qty = parent.cum_qty;
        let filled = wanted <= cum_qty;
        // Nobody asked: it is we who take quantity from it, and it keeps its name.
        let ours = parent.pending_cl_ord_id.is_empty();
        let orig_cl_ord_id = parent.cl_ord_id;
        let cl_ord_id = if ours {
            orig_cl_ord_id
        } else {
            parent.pending_cl_ord_id
        };
        parent.terms = if filled {
            parent.terms.reduced(cum_qty)
        } else {
            terms
        };
        parent.replacement = None;
        parent.cl_ord_id = cl_ord_id;
        parent.pending_cl_ord_id = ClOrdId::EMPTY;
        parent.attempts = 0;
        parent.tried = dcx_model::VenueSet::NONE;
        let (session, old_name) = (parent.session, parent.name);
        if filled {
            parent.state = State::Done(End::Filled);
        }
        let view = parent.view(cl_ord_id);

        self.reserve_rest(ix);
        self.release_own(ix);
        if self.parents.at(ix).own.is_in() {
            self.enter_own(ix);
        }
        if ours {
            let reason = RestatementReason::PartialDecline;
            cx.out.push(Event::Restated { view, reason });
        } else {
            let name = self.names.hashed(session.get(), cl_ord_id);
            self.names.retire(old_name);
            let key = self.parents.key(ix);
            self.parents.at_mut(ix).name = self.names.pin_again(&name, key);
            cx.out.push(Event::Replaced {
                view,
                orig_cl_ord_id,
            });
        }
        if filled {
            return self.finish(ix);
        }
        self.tell_list(ix);
        if self.parents.at(ix).waits.cut.is_zero() {
            self.proceed(cx, ix, judged);
        } else {
            self.make_cut(cx, ix);
        }
    }

    /// Reserves what an order may still be filled for under its terms as they are.
    pub(crate) fn reserve_rest(&mut self, ix: u32) {
        let parent = self.parents.at(ix);
        self.reserve_instead(ix, parent.leaves_qty(), parent.terms.get().unit);
    }

    /// Reserves `qty` at `unit` each in the place of what the order has reserved.
    pub(crate) fn reserve_instead(&mut self, ix: u32, qty: Qty, unit: Price) {
        let parent = self.parents.at_mut(ix);
        let before = (parent.reserved, parent.reserved_at);
        let (rows, side) = (parent.rows, parent.terms.get().side);
        (parent.reserved, parent.reserved_at) = (qty, unit);
        self.ledger.reserve_instead(rows, side, before, (qty, unit));
    }

    /// Tells the client that its replace failed and gives back what it had reserved. The order
    /// goes on in `state`.
    pub(crate) fn replace_refused<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        refusal: Refusal,
        state: State,
    ) {
        let parent = self.parents.at_mut(ix);
        parent.state = state;
        parent.replacement = None;
        let asked = Asked::pending(parent, CxlRejResponseTo::Replace);
        parent.pending_cl_ord_id = ClOrdId::EMPTY;
        self.reserve_rest(ix);
        if !asked.cl_ord_id.is_empty() {
            self.refuse(cx, &asked, Some(ix), refusal);
        }
    }

    /// Tells the client that its cancel failed. The order goes on in `state`.
    pub(crate) fn cancel_refused<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        refusal: Refusal,
        state: State,
    ) {
        let parent = self.parents.at_mut(ix);
        parent.state = state;
        let asked = Asked::pending(parent, CxlRejResponseTo::Cancel);
        parent.pending_cl_ord_id = ClOrdId::EMPTY;
        self.refuse(cx, &asked, Some(ix), refusal);
    }

    fn refuse<T: Trace>(
        &self,
        cx: &mut Cx<'_, T>,
        asked: &Asked,
        order: Option<u32>,
        refusal: Refusal,
    ) {
        let parent = order.map(|ix| self.parents.at(ix));
        cx.out.push(Event::CancelRejected(CancelRejected {
            session: dcx_model::SessionId::new(asked.session),
            order: parent.map_or(OrderId::new(0), |parent| parent.id),
            cl_ord_id: asked.cl_ord_id,
            orig_cl_ord_id: asked.orig_cl_ord_id,
            // FIX 4.4 vol. 4, OrderCancelReject: an unknown order's status is Rejected.
            ord_status: parent.map_or(OrdStatus::Rejected, Parent::ord_status),
            response_to: asked.response_to,
            cxl_rej_reason: refusal.cxl_rej_reason(),
            refusal,
        }));
    }

    /// Ends an order as cancelled, under the name of the request if there was one.
    pub(crate) fn canceled<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, cl_ord_id: ClOrdId) {
        let parent = self.parents.at_mut(ix);
        parent.state = State::Done(End::Canceled);
        let view = parent.view(cl_ord_id);
        let orig_cl_ord_id = parent.cl_ord_id;
        cx.out.push(Event::Canceled {
            view,
            orig_cl_ord_id,
        });
        self.finish(ix);
    }

    /// Ends an order: gives back what it reserved and lets it be forgotten in its turn.
    pub(crate) fn finish(&mut self, ix: u32) {
        self.unhold(ix);
        self.unask(ix);
        self.leave_market(ix);
        self.timers.cancel(ix);
        self.tell_list(ix);
        let parent = self.parents.at_mut(ix);
        assert!(
            parent.state.is_done() && parent.out_qty.is_zero(),
            "an order ends when nothing of it is at a venue"
        );
        let name = parent.name;
        parent.name = NIL;
        self.reserve_instead(ix, Qty::ZERO, Price::ZERO);
        self.release_own(ix);
        self.leave_own(ix);
        self.names.retire(name);
        self.leave_reducing(ix);
        self.delist(ix);
        self.done
            .push_back(&mut self.parents, ix, |parent| &mut parent.seat);
        if self.done.len() > self.done_max {
            let oldest = self.done.head();
            self.done
                .remove(&mut self.parents, oldest, |parent| &mut parent.seat);
            let plan = self.parents.at(oldest).plan;
            self.free_schedule(plan);
            self.parents.remove(oldest);
        }
    }
}

/// Whether an order does not go to market in the command that accepts it, or is judged once more
/// when it does.
fn waits_first(order: &NewOrder, passed: &Passed) -> bool {
    passed.terms.get().is_dormant() || order.leg != dcx_model::Leg::None || passed.needs_approval
}

/// A cancel or replace, as far as its refusal needs it.
#[derive(Debug)]
struct Asked {
    session: u16,
    cl_ord_id: ClOrdId,
    orig_cl_ord_id: ClOrdId,
    response_to: CxlRejResponseTo,
}

impl Asked {
    const fn cancel(request: &CancelRequest) -> Self {
        Self {
            session: request.session.get(),
            cl_ord_id: request.cl_ord_id,
            orig_cl_ord_id: request.orig_cl_ord_id,
            response_to: CxlRejResponseTo::Cancel,
        }
    }

    const fn replace(request: &ReplaceRequest) -> Self {
        Self {
            session: request.session.get(),
            cl_ord_id: request.cl_ord_id,
            orig_cl_ord_id: request.orig_cl_ord_id,
            response_to: CxlRejResponseTo::Replace,
        }
    }

    /// The request that an order is waiting on.
    const fn pending(parent: &Parent, response_to: CxlRejResponseTo) -> Self {
        Self {
            session: parent.session.get(),
            cl_ord_id: parent.pending_cl_ord_id,
            orig_cl_ord_id: parent.cl_ord_id,
            response_to,
        }
    }
}

/// A refused order as its client sees it.
const fn refused(order: &NewOrder) -> OrderView {
    OrderView {
        order: OrderId::new(0),
        cl_ord_id: order.cl_ord_id,
        session: order.session,
        instrument: order.instrument,
        side: order.side,
        ord_type: order.ord_type,
        time_in_force: order.time_in_force,
        ord_status: OrdStatus::Rejected,
        order_qty: order.order_qty,
        limit_px: order.limit_px,
        stop_px: order.stop_px,
        flags: order.flags,
        ..OrderView::EMPTY
    }
}

/// The answer about an order that is not known.
const fn unknown(request: &StatusRequest) -> OrderView {
    OrderView {
        order: OrderId::new(0),
        cl_ord_id: request.cl_ord_id,
        session: request.session,
        instrument: request.instrument,
        side: request.side,
        ord_type: OrdType::Market,
        ..OrderView::EMPTY
    }
}
