//! Getting an order's quantity to venues, and what to do when a venue gives it back.

use dcx_model::{
    CHILDREN_WORKING_MAX, ChildCancel, ChildId, ChildOrder, Event, LimitPx, Nanos, OrdType, Qty,
    Refusal, SliceWhy, TimeInForce, UnixNanos, VENUES_MAX, VenueId, VenueSet,
};

use super::routing::Chosen;
use super::self_trade::EVENTS_MAX;
use super::{Child, ChildInput, ChildState, End, Failure, Input, State, Step, Why};
use crate::halt::PER_ORDER;
use crate::pool::NIL;
use crate::risk::{Approved, Holder, Terms};
use crate::route::{Piece, probabilities, rule_of};
use crate::trace::{NotEligible, RouteReason, SliceReason, VenueReason};
use crate::{Cx, Engine, Trace};

/// How long after the end of a schedule the cancels that venues refused are sent again.
const RETRY: Nanos = Nanos::from_seconds(1);

/// Events that an order may cause that meets others of its owner, and those of its own.
const ROOM_FOR_OWN: usize = EVENTS_MAX + 4;

impl Engine {
    /// Venues that can take an order now: defined, up, listing its instrument, open for it, and
    /// permitted to all whose order it is, and their feed has not lost anything.
    pub(crate) fn eligible(&self, holder: &Holder) -> VenueSet {
        let row = self.instruments.get(holder.instrument.get() as usize);
        let open = row.map_or(VenueSet::NONE, |row| row.open_venues());
        let account = self.authority.accounts.get(holder.account.get() as usize);
        let strategy = usize::from(holder.strategy.get());
        let strategy = self.authority.strategies.get(strategy);
        let session = self.sessions.get(usize::from(holder.session.get()));
        let barred = self.authority.firm.standing.venues_barred
            | account.map_or(0, |row| row.standing.venues_barred)
            | strategy.map_or(0, |row| row.standing.venues_barred)
            | session.map_or(0, |row| row.standing.venues_barred)
            | row.map_or(0, |row| row.standing.venues_barred);
        open.and(self.venues_up)
            .and(self.venues_defined)
            .and(self.recon.settled())
            .and(VenueSet::from_bits(
                !self.book.gapped(holder.instrument).bits(),
            ))
            .and(VenueSet::from_bits(!self.router.health.masked().bits()))
            .and(VenueSet::from_bits(!u64::from(barred)))
    }

    /// Whether nobody can take what is due of the order now.
    pub(crate) fn would_hold(&self, ix: u32) -> bool {
        self.would_hold_among(ix, self.takers_of(ix))
    }

    /// [`would_hold`](Self::would_hold), where the venues that could take it are known.
    pub(crate) fn would_hold_among(&self, ix: u32, takers: VenueSet) -> bool {
        !self.missing(ix).is_zero() && (takers.is_empty() || self.children_full())
    }

    /// Venues that could take an order now.
    fn takers_of(&self, ix: u32) -> VenueSet {
        let parent = self.parents.at(ix);
        let able = self.able(parent.terms.get());
        self.eligible(&parent.holder()).and(able)
    }

    /// Sends what is due of an open order, or holds it where nobody can take it.
    ///
    /// What is due is the schedule's target less what is filled and what works: a slice that came
    /// back unfilled is due again, and nothing is ever sent twice.
    pub(crate) fn work<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        self.work_on(cx, ix, false);
    }

    /// [`work`](Self::work). Where the gates did not let the order through in this very command it
    /// passes them again: what is sent later is judged by what is true later.
    pub(crate) fn work_on<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, judged: bool) {
        self.work_among(cx, ix, judged, None);
    }

    /// [`work_on`](Self::work_on), where the venues that could take it may be known.
    pub(crate) fn work_among<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        judged: bool,
        takers: Option<VenueSet>,
    ) {
        let parent = self.parents.at(ix);
        let open = parent.state == State::Open && !parent.waits.repricing;
        if !open || !parent.waits.cut.is_zero() || self.stands_still(ix) {
            return;
        }
        let pegged = parent.terms.get().ord_type == OrdType::Pegged;
        if pegged && !self.is_pegged(cx.at, ix) {
            return self.unhold(ix);
        }
        if !self.may_reduce(cx, ix) {
            return;
        }
        let missing = self.missing(ix);
        let parent = self.parents.at(ix);
        let full = parent.children.len() as usize >= CHILDREN_WORKING_MAX || self.shows_enough(ix);
        let why = match (missing.is_zero(), full) {
            (true, _) => SliceWhy::NothingMissing,
            (false, true) => SliceWhy::ChildrenWorking,
            (false, false) => SliceWhy::Due,
        };
        let sliced = parent.plan != NIL;
        let why = if sliced {
            self.fit_slice(cx, ix, missing, why)
        } else {
            why
        };
        if !why.sends() {
            self.explain_slice(cx, ix, missing, why);
            return self.unhold(ix);
        }
        let parent = self.parents.at(ix);
        let tried = VenueSet::from_bits(!parent.tried.bits());
        let takers = takers.unwrap_or_else(|| self.takers_of(ix));
        let candidates = takers.and(tried);
        if candidates.is_empty() || self.children_full() {
            self.explain_slice(cx, ix, missing, why);
            return self.hold(ix);
        }
        if self.waits_for_own(ix) {
            return self.hold(ix);
        }
        let px = self.working_px(cx.at, ix).unwrap_or(LimitPx::NONE);
        let approved = if judged && !pegged {
            Ok(self.parents.at(ix).terms.worked(missing, px))
        } else {
            self.judge_again(cx, ix, missing, px)
        };
        let terms = match approved {
            Ok(terms) => terms,
            Err(refusal) => return self.refused_again(cx, ix, missing, refusal),
        };
        // What waited for its trigger was judged when that came, and is in no book yet.
        if !judged || pegged || self.is_outside_own(ix) {
            match self.meet_own(cx, ix, &terms, px) {
                Ok(true) => {}
                Ok(false) => return self.hold(ix),
                Err(refusal) => return self.refused_again(cx, ix, missing, refusal),
            }
        }
        self.explain_slice(cx, ix, missing, why);
        if pegged {
            self.note_peg(cx, ix, px);
        }
        self.unhold(ix);
        if why == SliceWhy::Cheap {
            let showing = self.showing(cx.at, ix, (candidates, px));
            return self.send(cx, ix, showing, &terms.for_now());
        }
        self.send(cx, ix, candidates, &terms);
    }

    /// Whether nothing of its owner stands against an order that goes to market later than its
    /// acceptance; what it has to wait for is noted.
    ///
    /// # Errors
    /// [`Refusal::SelfTrade`], [`Refusal::PoolFull`].
    fn meet_own<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        terms: &Approved<Terms>,
        px: LimitPx,
    ) -> Result<bool, Refusal> {
        let (account, instrument) = (self.parents.at(ix).account, terms.get().instrument);
        let pegged = self.parents.at(ix).terms.get().ord_type == OrdType::Pegged;
        if self.parents.at(ix).own.is_in() && !pegged {
            return Ok(true);
        }
        if !self.owners.has_room(account, instrument) {
            let (open, max) = (self.orders_room, self.orders_room);
            return Err(Refusal::PoolFull { open, max });
        }
        // What it would trade with is cancelled first: there must be room to say so.
        if cx.out.room() < ROOM_FOR_OWN {
            self.release_at = self.held.head();
            return Ok(false);
        }
        self.prevent_change(cx, account, terms.get())?;
        if pegged {
            self.parents.at_mut(ix).waits.peg_px = px;
        }
        self.enter_own(ix);
        Ok(!self.waits_for_own(ix))
    }

    /// The gates do not let an order through that was accepted before: the next slice may be
    /// luckier, an order without slices ends.
    fn refused_again<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        missing: Qty,
        refusal: Refusal,
    ) {
        let parent = self.parents.at(ix);
        if self.goes_on(ix) {
            self.explain_slice(cx, ix, missing, SliceWhy::Refused);
        } else if parent.children.len() == 0 {
            self.rejected(cx, ix, refusal);
        } else {
            self.stop(cx, ix, refusal);
        }
    }

    /// Asks every venue where the order works, and was not asked already, to cancel.
    pub(crate) fn cancel_children<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let mut at = self.parents.at(ix).children.head();
        while at != NIL {
            let sent = at;
            let child = self.children.at(at);
            at = child.seat.next;
            if child.request != ChildId::new(0) {
                continue;
            }
            self.parents.at_mut(ix).cancels += 1;
            self.send_cancel(cx, sent);
        }
    }

    /// Asks a venue to cancel a child, under a new name.
    pub(crate) fn send_cancel<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let child = self.children.at_mut(at);
        child.request = ChildId::new(self.next_child);
        child.cancel_asked = true;
        self.next_child += 1;
        let child = *child;
        self.step_child(cx.at, at, ChildInput::CancelSent);
        let foreign = child.foreign.then(|| self.foreign_cancel(&child)).flatten();
        cx.out.push(match foreign {
            Some(cancel) => Event::OrphanCancel(cancel),
            None => Event::ChildCancel(ChildCancel {
                child: child.id,
                request: child.request,
                venue: child.venue,
                instrument: child.instrument,
                side: child.side,
                order_qty: child.order_qty,
            }),
        });
    }

    /// Takes the step that follows from an order's quantities, after one of its children changed.
    /// `failure` is how the child ended, if it ended unfilled.
    pub(crate) fn settle<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        failure: Option<(VenueId, Failure)>,
    ) {
        self.tell_list(ix);
        let parent = self.parents.at(ix);
        let (state, drained) = (parent.state, parent.children.len() == 0);
        let all = parent.leaves_qty().is_zero();
        let input = if all && state != State::PendingReplace {
            Input::Filled
        } else if drained {
            Input::Drained
        } else if parent.cancels == 0 {
            Input::CancelsRefused
        } else {
            return;
        };
        let request = parent.pending_cl_ord_id;
        match (state, state.on(input)) {
            (State::Open, Step::Stay) => self.after_change(cx, ix, failure),
            (State::PendingCancel, Step::To(State::Done(End::Canceled))) => {
                self.canceled(cx, ix, request);
            }
            (State::PendingCancel, Step::To(next)) => {
                let refusal = self.refused_cancel(ix, all);
                self.cancel_refused(cx, ix, refusal, next);
                if next.is_done() {
                    self.finish(ix);
                } else {
                    self.after_refused_cancel(cx, ix);
                }
            }
            (State::PendingReplace, Step::To(_)) if drained => self.complete_replace(cx, ix, false),
            (State::PendingReplace, Step::To(next)) => {
                let refusal = self.refused_cancel(ix, false);
                self.replace_refused(cx, ix, refusal, next);
                self.after_refused_cancel(cx, ix);
            }
            (State::Winding(_), Step::To(State::Done(End::Expired))) => self.expired(cx, ix),
            (State::Winding(_), Step::To(State::Done(End::Canceled))) => {
                let own = self.parents.at(ix).cl_ord_id;
                self.canceled(cx, ix, own);
            }
            // Filled: the trade said so.
            (State::Open | State::Winding(_), Step::To(next)) => {
                self.parents.at_mut(ix).state = next;
                self.finish(ix);
            }
            (
                State::PendingNew
                | State::Held(_)
                | State::PendingCancel
                | State::PendingReplace
                | State::Winding(_)
                | State::Done(_)
                | State::Open,
                Step::Stay | Step::Refuse(_) | Step::To(_),
            ) => {}
        }
    }

    /// A timer of an order fired: a slice is due, what it waits for may have come, or its time is
    /// over.
    pub(crate) fn on_timer<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        self.look(cx.at, ix);
        if self.is_over(cx.at, ix) {
            return self.over(cx, ix);
        }
        let parent = self.parents.at_mut(ix);
        let waits = &mut parent.waits;
        if waits.wake_at <= cx.at {
            waits.wake_at = UnixNanos::ZERO;
        }
        let pegged = parent.terms.get().ord_type == OrdType::Pegged;
        match parent.state {
            State::PendingNew | State::Held(Why::List) => {
                self.set_timer(ix);
                self.give_list_up(cx.at, ix);
            }
            State::Held(Why::Opening | Why::Close) => self.proceed(cx, ix, false),
            State::Open if pegged => {
                self.set_timer(ix);
                self.reprice(cx, ix);
            }
            State::Held(Why::Stop)
            | State::Open
            | State::PendingCancel
            | State::PendingReplace
            | State::Winding(_)
            | State::Done(_) => {
                // A new slice may go where the last one was refused.
                parent.tried = VenueSet::NONE;
                parent.attempts = 0;
                self.set_timer(ix);
                self.work(cx, ix);
            }
        }
    }

    pub(crate) fn unhold(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        if !std::mem::take(&mut parent.held) {
            return;
        }
        if self.release_at == ix {
            self.release_at = parent.held_seat.next;
        }
        self.held
            .remove(&mut self.parents, ix, |parent| &mut parent.held_seat);
    }

    pub(crate) fn hold(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        if !std::mem::replace(&mut parent.held, true) {
            self.held
                .push_back(&mut self.parents, ix, |parent| &mut parent.held_seat);
        }
    }

    /// What is due of the order and neither filled nor at a venue.
    pub(crate) fn missing(&self, ix: u32) -> Qty {
        self.target(ix)
            .saturating_minus(self.parents.at(ix).cum_qty)
            .saturating_minus(self.parents.at(ix).out_qty)
    }

    pub(crate) const fn children_full(&self) -> bool {
        // Done children have their own room: they are forgotten before they take that of others.
        self.children.len() - self.children_done.len() >= self.children_max
    }

    /// Makes the child orders of what is due: one, or several where the policy splits.
    fn send<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        candidates: VenueSet,
        approved: &Approved<Terms>,
    ) {
        let terms = approved.get();
        let mut pieces = [Piece::default(); CHILDREN_WORKING_MAX];
        let room = self.room_for_pieces(cx, ix);
        let Some(len) = self.split(terms, candidates, room, &mut pieces) else {
            return self.send_one(cx, ix, candidates, approved, terms.order_qty);
        };
        for piece in pieces.iter().take(len) {
            let venue = VenueSet::NONE.with(piece.venue);
            self.send_one(cx, ix, venue, approved, piece.qty);
        }
    }

    /// How many children may be sent for an order at once.
    fn room_for_pieces<T: Trace>(&self, cx: &Cx<'_, T>, ix: u32) -> usize {
        let working = self.parents.at(ix).children.len() as usize;
        let free = self.children_max - (self.children.len() - self.children_done.len());
        let told = cx.out.room().saturating_sub(PER_ORDER);
        (CHILDREN_WORKING_MAX - working)
            .min(free as usize)
            .min(told.max(1))
    }

    /// Makes a child order at the venue that the policy chooses. This is the only way out.
    fn send_one<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        candidates: VenueSet,
        approved: &Approved<Terms>,
        qty: Qty,
    ) {
        let parent = self.parents.at(ix);
        let (terms, key) = (*approved.get(), self.parents.key(ix));
        assert!(
            qty <= parent.unsent_qty() && !qty.is_zero(),
            "no more is sent than what is unsent"
        );
        let sliced = parent.plan != NIL;
        let clip = if sliced { self.clip(ix, qty) } else { None };
        let asked = clip.unwrap_or(qty);
        let Some(chosen) = self.choose_venue(cx.at, &terms, asked, candidates) else {
            return self.hold(ix);
        };
        let venue = chosen.choice.venue;
        let (qty, display_qty) = match clip {
            Some(clip) => (clip, Qty::ZERO),
            None => self.piece(venue, &terms, qty),
        };
        let id = ChildId::new(self.next_child);
        self.next_child += 1;
        let parent = self.parents.at(ix);
        let child = Child {
            id,
            parent: key,
            order_qty: qty,
            leaves_qty: qty,
            venue,
            side: terms.side,
            instrument: terms.instrument,
            rows: parent.rows,
            limit_px: terms.limit_px,
            sent_at: cx.at,
            mid_twice: chosen.mid_twice,
            state: ChildState::Sent,
            ..Child::empty()
        };
        let order = parent.id;
        let at = self.children.insert(child);
        let at = at.expect("room for the child was looked for").ix;
        self.child_index.insert(id.get(), at);
        self.seat_child(cx.at, at);
        self.open_choice(cx.at, at, id, terms.instrument, &chosen);
        let parent = self.parents.at_mut(ix);
        let out_qty = parent.out_qty.plus(qty);
        parent.out_qty = out_qty.expect("what is out is within the order's quantity");
        parent
            .children
            .push_back(&mut self.children, at, |child| &mut child.seat);
        if T::ON {
            self.explain_route(cx, ix, (id, qty), &chosen);
        }
        if sliced {
            self.tell_slice(cx, ix, qty);
        }
        cx.out.push(Event::ChildSent(ChildOrder {
            child: id,
            order,
            venue,
            instrument: terms.instrument,
            side: terms.side,
            ord_type: terms.ord_type,
            time_in_force: terms.time_in_force,
            order_qty: qty,
            limit_px: terms.limit_px,
            display_qty,
            min_qty: terms.min_qty.min(qty),
            flags: terms.told(),
        }));
    }

    /// An open order goes on after one of its children changed.
    fn after_change<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        failure: Option<(VenueId, Failure)>,
    ) {
        let parent = self.parents.at_mut(ix);
        if !parent.waits.cut.is_zero() {
            parent.waits.repricing = false;
            return self.make_cut(cx, ix);
        }
        let refused = matches!(failure, Some((_, Failure::Rejected(_))));
        let ended = failure.is_some() && !refused;
        if parent.waits.repricing && ended && parent.cancels > 0 {
            // What is pulled in goes out again together.
            return;
        }
        // A fill that crosses the cancel leaves the rest to be sent at another price.
        let still_there = failure.is_none() && parent.children.len() > 0;
        if still_there || !std::mem::take(&mut parent.waits.repricing) {
            return self.after_failure(cx, ix, failure);
        }
        if !refused {
            // Sent anew at another price, it may go anywhere.
            parent.tried = VenueSet::NONE;
            parent.attempts = 0;
            return self.work(cx, ix);
        }
        self.after_failure(cx, ix, failure);
    }

    /// Sends the rest of an open order elsewhere after a venue gave it back, or gives it up.
    fn after_failure<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        failure: Option<(VenueId, Failure)>,
    ) {
        let Some((venue, failure)) = failure else {
            return self.show_next(cx, ix);
        };
        let attempts_max = self
            .config
            .as_ref()
            .map_or(1, |config| config.route_attempts_max);
        let parent = self.parents.at_mut(ix);
        parent.tried = parent.tried.with(venue);
        parent.attempts = parent.attempts.saturating_add(1);
        let left = parent.attempts < attempts_max;
        let drained = parent.children.len() == 0;
        let terms = *parent.terms.get();
        let tried = VenueSet::from_bits(!parent.tried.bits());
        if self.goes_on(ix) {
            // The next slice makes good what a venue cancelled; a refusal is tried elsewhere.
            if left && matches!(failure, Failure::Rejected(_)) {
                self.work(cx, ix);
            }
            return;
        }
        let (holder, able) = (self.parents.at(ix).holder(), self.able(&terms));
        let anyone = !self.eligible(&holder).and(tried).and(able).is_empty();
        let refused = matches!(failure, Failure::Rejected(_));
        if drained && !refused && self.leave_over(cx, ix) {
            return;
        }
        if left && anyone && !self.stands_still(ix) && may_go_elsewhere(&terms, failure) {
            return self.work(cx, ix);
        }
        if drained {
            self.give_up(cx, ix, failure);
        }
    }

    /// Ends an order that no venue takes the rest of.
    fn give_up<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, failure: Failure) {
        let parent = self.parents.at(ix);
        let terms = parent.terms.get();
        let for_now = terms.works_as() == OrdType::Market
            || matches!(terms.works_for(), TimeInForce::Ioc | TimeInForce::Fok);
        let end = match failure {
            // FIX 4.4 vol. 7, appendix D: an order may be rejected after it was New, but not once
            // it is partially filled.
            Failure::Rejected(_) if parent.cum_qty.is_zero() => End::Rejected,
            Failure::Expired if !for_now => End::Expired,
            Failure::Rejected(_) | Failure::Expired | Failure::Canceled => End::Canceled,
        };
        let Step::To(State::Done(end)) = parent.state.on(Input::GaveUp(end)) else {
            return;
        };
        match (end, failure) {
            (End::Rejected, Failure::Rejected(reason)) => {
                let reason = reason.number();
                self.rejected(cx, ix, Refusal::VenueRejected { reason });
            }
            (End::Expired, _) => self.expired(cx, ix),
            (End::Rejected | End::Canceled | End::Filled, _) => {
                let own = self.parents.at(ix).cl_ord_id;
                self.canceled(cx, ix, own);
            }
        }
    }

    /// The schedule or the time in force is over: what works is cancelled, the rest expires.
    fn over<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        self.explain_slice(cx, ix, Qty::ZERO, SliceWhy::End);
        let parent = self.parents.at(ix);
        let state = parent.state;
        if let Step::To(next) = state.on(Input::Over) {
            if state == State::PendingReplace {
                self.replace_refused(cx, ix, Refusal::TooLate, next);
            }
            self.parents.at_mut(ix).state = next;
        }
        let parent = self.parents.at(ix);
        self.timers.set(ix, parent.id.get(), cx.at.plus(RETRY));
        if parent.children.len() == 0 {
            self.settle(cx, ix, None);
        } else {
            self.unhold(ix);
            self.cancel_children(cx, ix);
        }
    }

    /// Why a cancel or replace failed: the fill was faster, or the venue said no.
    fn refused_cancel(&self, ix: u32, filled: bool) -> Refusal {
        let reason = self.parents.at(ix).cancel_refused;
        if filled || reason == dcx_model::CxlRejReason::TooLate {
            Refusal::TooLate
        } else {
            Refusal::VenueRejected {
                reason: reason.number(),
            }
        }
    }

    /// An order goes on after its cancel or replace failed: what came back meanwhile is sent
    /// again, and a schedule that ended meanwhile is over.
    fn after_refused_cancel<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        if self.is_over(cx.at, ix) {
            self.over(cx, ix);
        } else if !self.parents.at(ix).waits.cut.is_zero() {
            self.make_cut(cx, ix);
        } else {
            self.work(cx, ix);
        }
    }

    fn explain_slice<T: Trace>(&self, cx: &mut Cx<'_, T>, ix: u32, qty: Qty, why: SliceWhy) {
        if !T::ON {
            return;
        }
        let Some(schedule) = self.schedule(ix) else {
            return;
        };
        let (of, due) = (schedule.slices(), schedule.slices_due());
        let slice_ix = if why == SliceWhy::End {
            of
        } else {
            due.saturating_sub(1)
        };
        let reason = SliceReason {
            order: schedule.order,
            algo: schedule.algo,
            ix: slice_ix,
            of,
            qty: if why.sends() { qty } else { Qty::ZERO },
            target: self.target(ix),
            due: schedule.due_at(slice_ix),
            seen: schedule.seen(),
            why,
        };
        cx.trace.slice(cx.seq, &reason);
    }

    fn explain_route<T: Trace>(
        &self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        (child, qty): (ChildId, Qty),
        chosen: &Chosen,
    ) {
        let parent = self.parents.at(ix);
        let instrument = parent.terms.get().instrument;
        let row = self.instruments.get(instrument.get() as usize);
        let listed = row.and_then(|row| row.defined.map(|defined| defined.venues));
        let listed = listed.unwrap_or(VenueSet::NONE);
        let policy = self.router.routing(instrument).policy;
        let probabilities = probabilities(
            rule_of(policy),
            self.explore_ppm(instrument),
            chosen.candidates,
            chosen.may_explore,
            &chosen.beliefs,
        );
        let mut venues = [VenueReason::UNKNOWN; VENUES_MAX];
        let mut len = 0;
        for (venue, reason) in self.venues_defined.iter().zip(&mut venues) {
            let not_eligible = if chosen.candidates.contains(venue) {
                None
            } else if !listed.contains(venue) {
                Some(NotEligible::NotListed)
            } else if self.router.health.masked().contains(venue) {
                Some(NotEligible::Ejected)
            } else if self.book.gapped(instrument).contains(venue) {
                Some(NotEligible::FeedGap)
            } else if !self.venues_up.and(self.recon.settled()).contains(venue) {
                Some(NotEligible::Down)
            } else if parent.tried.contains(venue) {
                Some(NotEligible::Tried)
            } else {
                Some(NotEligible::Unable)
            };
            let ix = usize::from(venue.get());
            let belief = chosen.beliefs.of(venue);
            let probability = probabilities.get(ix).copied().unwrap_or_default();
            *reason = VenueReason {
                venue,
                not_eligible,
                score: belief.score,
                spread: belief.spread,
                drawn: belief.drawn,
                probability,
            };
            len += 1;
        }
        let context = chosen.choice.context;
        let route = RouteReason {
            order: parent.id,
            child,
            instrument,
            qty,
            chosen: Some(chosen.choice.venue),
            policy,
            context: self.router.keeps_context(instrument).then_some(context),
            explored: chosen.choice.explored,
            held_to_best: !chosen.may_explore,
            venues: venues.get(..len).unwrap_or_default(),
        };
        cx.trace.route(cx.seq, &route);
    }
}

/// Whether another venue may be tried with what this one gave back.
///
/// A refusal may; so may what was cancelled without anybody asking, of an order that is meant to
/// work on. An order for now or never had its now, and a venue's end of day is everybody's.
const fn may_go_elsewhere(terms: &Terms, failure: Failure) -> bool {
    let market = matches!(terms.works_as(), OrdType::Market);
    match (failure, terms.works_for()) {
        (Failure::Rejected(_), _) => true,
        (
            Failure::Canceled | Failure::Expired,
            TimeInForce::Ioc
            | TimeInForce::Fok
            | TimeInForce::AtTheOpening
            | TimeInForce::AtTheClose,
        ) => false,
        (Failure::Canceled, TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Gtd) => true,
        (Failure::Expired, TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Gtd) => market,
    }
}
