//! Linked orders: one cancels the other, one triggers the other, and brackets.
//!
//! None of a list works before all of it are accepted; where one is refused or ends before that,
//! so do the others. Then, of orders that cancel each other, the first fill of one ends the rest.
//! Of those that one triggers, the first one works, and when it is filled the others do; each fill
//! of one of these takes as much from the rest.
//!
//! What a fill or an end means for the others is settled at the end of the command that brought
//! it, as far as the outbox has room, and else by the next [`Wake`](dcx_model::Command::Wake).

use dcx_model::{
    AccountId, Event, InstrumentId, LIST_ORDERS_MAX, Leg, ListId, Nanos, NewOrder, Qty, Refusal,
    RestatementReason, SessionId, UnixNanos,
};

use super::{End, State};
use crate::digest::Words;
use crate::halt::PER_ORDER;
use crate::pool::{Key, Link, NIL, Pool};
use crate::{Cx, Engine, Trace};

/// Lists that may be known at the same time.
const LISTS_MAX: u32 = 16_384;

/// Lists that may be incomplete at the same time: few enough to look through.
const FORMING_MAX: u32 = 256;

/// How long a list may be incomplete.
const PATIENCE: Nanos = Nanos::from_seconds(10);

/// Events that one list may cause: the end of every order of it but one, or their triggering.
const PER_LIST: usize = (LIST_ORDERS_MAX - 1) * PER_ORDER + 4;

const _: () = assert!(
    PER_LIST + PER_ORDER <= dcx_model::EVENTS_PER_COMMAND_MAX,
    "a list is settled in one command"
);

/// The slots of some orders of a list.
type OpenOrders = std::iter::Flatten<std::array::IntoIter<Option<u32>, LIST_ORDERS_MAX>>;

/// How far a list has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Orders of it are still to come, or wait for a person.
    Forming,
    /// Its orders work, or wait for the one that triggers them.
    Working,
    /// The triggered ones work too.
    Triggered,
    /// One of it was refused before all were accepted. Kept until those that were still to come
    /// would be refused for coming late.
    Broken(Refusal),
}

/// One order of a list.
#[derive(Clone, Copy, Debug)]
struct Member {
    order: Key,
    leg: Leg,
    cum_qty: Qty,
    /// What of that the others know.
    told_qty: Qty,
    order_qty: Qty,
    accepted: bool,
    done: bool,
}

const NOBODY: Member = Member {
    order: Key::NONE,
    leg: Leg::None,
    cum_qty: Qty::ZERO,
    told_qty: Qty::ZERO,
    order_qty: Qty::ZERO,
    accepted: false,
    done: true,
};

#[derive(Clone, Copy, Debug)]
struct Linked {
    session: SessionId,
    list: ListId,
    account: AccountId,
    instrument: InstrumentId,
    phase: Phase,
    total: u8,
    count: u8,
    members: [Member; LIST_ORDERS_MAX],
    until: UnixNanos,
    /// Its seat among those that are forming.
    seat: Link,
    forming: bool,
    /// The next list to settle.
    next: u32,
    queued: bool,
}

const NO_LIST: Linked = Linked {
    session: SessionId::new(0),
    list: ListId::new(0),
    account: AccountId::new(0),
    instrument: InstrumentId::new(0),
    phase: Phase::Forming,
    total: 0,
    count: 0,
    members: [NOBODY; LIST_ORDERS_MAX],
    until: UnixNanos::ZERO,
    seat: Link::NONE,
    forming: false,
    next: NIL,
    queued: false,
};

impl Linked {
    fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().take(usize::from(self.count))
    }

    fn has(&self, leg: Leg) -> bool {
        self.members().any(|member| member.leg == leg)
    }

    fn member(&mut self, order: Key) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.order == order)
    }

    /// Whether `order` fits those that are there.
    fn takes(&self, order: &NewOrder) -> bool {
        let last = self.count + 1 == self.total;
        let legs = match order.leg {
            Leg::None => false,
            Leg::OneCancelsOther => !self.has(Leg::Trigger) && !self.has(Leg::Triggered),
            Leg::Trigger => !self.has(Leg::Trigger) && !self.has(Leg::OneCancelsOther),
            Leg::Triggered => !self.has(Leg::OneCancelsOther) && (!last || self.has(Leg::Trigger)),
        };
        // Quantities of different instruments are not to be compared.
        let alike = order.leg == Leg::OneCancelsOther || self.instrument == order.instrument;
        legs && alike
            && self.count < self.total
            && self.total == order.list_total
            && self.account == order.account
    }
}

/// All lists that are not over.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pool: Pool<Linked>,
    forming: crate::pool::List,
    /// Lists to settle, first come first served.
    first: Option<u32>,
    last: u32,
}

impl Lists {
    /// Makes room for the lists that so many orders can form. Allocates.
    pub(crate) fn grow(&mut self, orders: u32) {
        let room = orders.min(LISTS_MAX) + FORMING_MAX;
        self.pool.grow(room, || NO_LIST);
    }

    /// Whether something is to be settled.
    pub(crate) const fn is_unfinished(&self) -> bool {
        self.first.is_some()
    }

    /// The list of this name, while orders of it may come.
    fn find(&self, session: SessionId, list: ListId) -> Option<u32> {
        let mut at = self.forming.head();
        while at != NIL {
            let linked = self.pool.at(at);
            if linked.session == session && linked.list == list {
                return Some(at);
            }
            at = linked.seat.next;
        }
        None
    }

    /// Forgets broken lists whose time is over.
    fn tidy(&mut self, now: UnixNanos) {
        let mut at = self.forming.head();
        while at != NIL {
            let (ix, linked) = (at, self.pool.at(at));
            at = linked.seat.next;
            let broken = matches!(linked.phase, Phase::Broken(_));
            if broken && linked.until <= now && !linked.queued {
                self.forget(ix);
            }
        }
    }

    fn forget(&mut self, at: u32) {
        self.leave_forming(at);
        self.pool.remove(at);
    }

    fn leave_forming(&mut self, at: u32) {
        if std::mem::take(&mut self.pool.at_mut(at).forming) {
            self.forming
                .remove(&mut self.pool, at, |linked| &mut linked.seat);
        }
    }

    fn begin(&mut self, now: UnixNanos, order: &NewOrder, phase: Phase) -> Option<u32> {
        if self.forming.len() >= FORMING_MAX {
            return None;
        }
        let key = self.pool.insert(Linked {
            session: order.session,
            list: order.list,
            account: order.account,
            instrument: order.instrument,
            phase,
            total: order.list_total,
            until: now.plus(PATIENCE),
            forming: true,
            ..NO_LIST
        })?;
        self.forming
            .push_back(&mut self.pool, key.ix, |linked| &mut linked.seat);
        Some(key.ix)
    }

    /// Whether an order may be of the list that it names.
    ///
    /// # Errors
    /// [`Refusal::ListInvalid`], [`Refusal::ListBroken`], [`Refusal::PoolFull`].
    pub(crate) fn check(&mut self, now: UnixNanos, order: &NewOrder) -> Result<(), Refusal> {
        if order.leg == Leg::None {
            return Ok(());
        }
        self.tidy(now);
        match self.find(order.session, order.list) {
            Some(at) => {
                let linked = self.pool.at(at);
                match linked.phase {
                    Phase::Broken(_) => Err(Refusal::ListBroken),
                    Phase::Forming if linked.takes(order) => Ok(()),
                    Phase::Forming | Phase::Working | Phase::Triggered => Err(Refusal::ListInvalid),
                }
            }
            None => {
                let (open, max) = (self.forming.len() + 1, FORMING_MAX);
                let room = open <= max && self.pool.len() < self.pool.capacity();
                if room {
                    Ok(())
                } else {
                    Err(Refusal::PoolFull { open, max })
                }
            }
        }
    }

    /// Breaks the list of an order that is refused.
    pub(crate) fn refuse(&mut self, now: UnixNanos, order: &NewOrder) {
        if order.leg == Leg::None || order.list == ListId::new(0) {
            return;
        }
        let at = match self.find(order.session, order.list) {
            Some(at) => Some(at),
            None => self.begin(now, order, Phase::Broken(Refusal::ListBroken)),
        };
        if let Some(at) = at {
            self.break_up(at, Refusal::ListBroken);
        }
    }

    fn break_up(&mut self, at: u32, refusal: Refusal) {
        let linked = self.pool.at_mut(at);
        if linked.phase == Phase::Forming {
            linked.phase = Phase::Broken(refusal);
            self.queue(at);
        }
    }

    fn queue(&mut self, at: u32) {
        let linked = self.pool.at_mut(at);
        if std::mem::replace(&mut linked.queued, true) {
            return;
        }
        linked.next = NIL;
        match self.first {
            Some(_) => self.pool.at_mut(self.last).next = at,
            None => self.first = Some(at),
        }
        self.last = at;
    }

    fn unqueue(&mut self) -> Option<u32> {
        let at = self.first?;
        let linked = self.pool.at_mut(at);
        linked.queued = false;
        self.first = Some(linked.next).filter(|next| *next != NIL);
        Some(at)
    }

    /// `number` tells an order's.
    pub(crate) fn digest(&self, salt: u64, number: impl Fn(Key) -> u64) -> u64 {
        let hash = |linked: &Linked| {
            let mut words = Words::new(salt);
            words.u64(u64::from(linked.session.get()));
            words.u64(linked.list.get());
            words.u64(linked.until.get());
            let (phase, why) = match linked.phase {
                Phase::Forming => (0, 0),
                Phase::Working => (1, 0),
                Phase::Triggered => (2, 0),
                Phase::Broken(refusal) => (3, refusal.code().number()),
            };
            words.u64(phase << 32 | u64::from(why) << 16 | u64::from(linked.queued));
            words.u64(u64::from(linked.total) << 8 | u64::from(linked.count));
            for member in linked.members() {
                words.u64(number(member.order));
                words.u64(member.cum_qty.units());
                words.u64(member.told_qty.units());
                words.u64(member.order_qty.units());
                words.bytes(&[
                    member.leg as u8,
                    u8::from(member.accepted),
                    u8::from(member.done),
                ]);
            }
            words.finish()
        };
        let sum = self.pool.iter().map(hash).fold(0, u64::wrapping_add);
        // Who is settled, and found, first is state too.
        let mut words = Words::new(salt);
        let mut at = self.first.unwrap_or(NIL);
        while at != NIL {
            words.u64(hash(self.pool.at(at)));
            at = self.pool.at(at).next;
        }
        let mut at = self.forming.head();
        while at != NIL {
            words.u64(hash(self.pool.at(at)));
            at = self.pool.at(at).seat.next;
        }
        sum.wrapping_add(words.finish())
    }
}

impl Engine {
    /// Makes an accepted order part of its list.
    pub(crate) fn join(&mut self, now: UnixNanos, order: &NewOrder, ix: u32) {
        if order.leg == Leg::None {
            return;
        }
        let found = self.lists.find(order.session, order.list);
        let at = found.or_else(|| self.lists.begin(now, order, Phase::Forming));
        let at = at.expect("the check of the list keeps room for it");
        let key = self.parents.key(ix);
        let linked = self.lists.pool.at_mut(at);
        let place = linked.members.get_mut(usize::from(linked.count));
        let place = place.expect("a list takes no more than its total");
        *place = Member {
            order: key,
            leg: order.leg,
            order_qty: order.order_qty,
            done: false,
            ..NOBODY
        };
        linked.count += 1;
        let until = linked.until;
        let list = self.lists.pool.key(at);
        let waits = &mut self.parents.at_mut(ix).waits;
        waits.list = list;
        waits.listed = true;
        waits.wake_at = until;
    }

    /// Tells an order's list how it stands. What follows is settled later.
    pub(crate) fn tell_list(&mut self, ix: u32) {
        let parent = self.parents.at(ix);
        let Some(at) = self.lists.pool.find(parent.waits.list) else {
            return;
        };
        let key = self.parents.key(ix);
        let accepted = parent.state != State::PendingNew;
        let (cum_qty, order_qty) = (parent.cum_qty, parent.terms.get().order_qty);
        let done = parent.state.is_done();
        let linked = self.lists.pool.at_mut(at);
        let Some(member) = linked.member(key) else {
            return;
        };
        let now = (accepted, cum_qty, order_qty, done);
        if (
            member.accepted,
            member.cum_qty,
            member.order_qty,
            member.done,
        ) == now
        {
            return;
        }
        (
            member.accepted,
            member.cum_qty,
            member.order_qty,
            member.done,
        ) = now;
        self.lists.queue(at);
    }

    /// A member of a list waited long enough for the others.
    pub(crate) fn give_list_up(&mut self, now: UnixNanos, ix: u32) {
        let list = self.parents.at(ix).waits.list;
        let Some(at) = self.lists.pool.find(list) else {
            return;
        };
        let linked = self.lists.pool.at(at);
        // One that has all its orders waits for a person as long as that takes.
        if linked.count < linked.total && linked.until <= now {
            self.lists.break_up(at, Refusal::ListInvalid);
        }
    }

    /// Settles what fills and ends mean for the orders that they are linked to.
    pub(crate) fn settle_lists<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        while self.lists.is_unfinished() && cx.out.room() >= PER_LIST {
            let Some(at) = self.lists.unqueue() else {
                return;
            };
            self.settle_list(cx, at);
        }
    }

    fn settle_list<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let key = self.lists.pool.key(at);
        match self.lists.pool.at(at).phase {
            Phase::Forming => self.settle_forming(cx, at),
            Phase::Working => self.settle_working(cx, at),
            Phase::Triggered => self.settle_triggered(cx, at),
            Phase::Broken(refusal) => {
                for ix in self.linked(at, |_| true) {
                    self.rejected(cx, ix, refusal);
                }
            }
        }
        let Some(at) = self.lists.pool.find(key) else {
            return;
        };
        let linked = self.lists.pool.at(at);
        let over = linked.members().all(|member| member.done);
        let kept = linked.queued || matches!(linked.phase, Phase::Forming | Phase::Broken(_));
        if over && !kept {
            self.lists.forget(at);
        }
    }

    fn settle_forming<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let linked = self.lists.pool.at(at);
        if linked.members().any(|member| member.done) {
            return self.lists.break_up(at, Refusal::ListBroken);
        }
        let accepted = linked.members().all(|member| member.accepted);
        if linked.count < linked.total || !accepted {
            return;
        }
        self.lists.pool.at_mut(at).phase = Phase::Working;
        self.lists.leave_forming(at);
        for ix in self.linked(at, |member| member.leg != Leg::Triggered) {
            self.let_go(cx, ix);
        }
        for ix in self.linked(at, |member| member.leg == Leg::Triggered) {
            self.parents.at_mut(ix).waits.wake_at = UnixNanos::ZERO;
            self.set_timer(ix);
        }
    }

    fn settle_working<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let linked = self.lists.pool.at(at);
        let filled = linked
            .members()
            .find(|member| member.leg == Leg::OneCancelsOther && !member.cum_qty.is_zero());
        if let Some(first) = filled.map(|member| member.order) {
            for ix in self.linked(at, |member| member.order != first) {
                self.stop(cx, ix, Refusal::ListBroken);
            }
            return;
        }
        let trigger = linked.members().find(|member| member.leg == Leg::Trigger);
        let Some(trigger) = trigger.copied().filter(|member| member.done) else {
            return;
        };
        self.lists.pool.at_mut(at).phase = Phase::Triggered;
        let whole = trigger.cum_qty >= trigger.order_qty;
        for ix in self.linked(at, |_| true) {
            if trigger.cum_qty.is_zero() {
                self.stop(cx, ix, Refusal::ListBroken);
                continue;
            }
            let leaves = self.parents.at(ix).leaves_qty();
            if !whole {
                self.cut(cx, ix, leaves.saturating_minus(trigger.cum_qty));
            }
            self.let_go(cx, ix);
        }
    }

    /// A fill of one takes as much from the others.
    fn settle_triggered<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let members = self.lists.pool.at(at).members;
        for (place, member) in members.iter().enumerate() {
            let more = member.cum_qty.saturating_minus(member.told_qty);
            if member.leg != Leg::Triggered || more.is_zero() {
                continue;
            }
            let linked = self.lists.pool.at_mut(at);
            if let Some(member) = linked.members.get_mut(place) {
                member.told_qty = member.cum_qty;
            }
            for ix in self.linked(at, |other| other.order != member.order) {
                self.cut(cx, ix, more);
            }
        }
    }

    /// The open orders of a list, as far as they are meant.
    fn linked(&self, at: u32, meant: impl Fn(&Member) -> bool) -> OpenOrders {
        let linked = self.lists.pool.at(at);
        let mut open = [None; LIST_ORDERS_MAX];
        let members = linked.members().filter(|member| !member.done);
        for (place, member) in open.iter_mut().zip(members) {
            let ix = self.parents.find(member.order);
            *place = ix.filter(|ix| meant(member) && !self.parents.at(*ix).state.is_done());
        }
        open.into_iter().flatten()
    }

    /// An order's list has no claim on it any more.
    fn let_go<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let parent = self.parents.at_mut(ix);
        parent.waits.listed = false;
        parent.waits.wake_at = UnixNanos::ZERO;
        self.set_timer(ix);
        self.proceed(cx, ix, false);
    }

    /// Takes quantity from an order because a linked one was filled; ends it where nothing is
    /// left. What is at venues is called back first.
    pub(crate) fn cut<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, qty: Qty) {
        let parent = self.parents.at_mut(ix);
        if parent.state.is_done() || qty.is_zero() {
            return;
        }
        let cut = Qty::from_units(parent.waits.cut.units().saturating_add(qty.units()));
        parent.waits.cut = cut;
        self.make_cut(cx, ix);
    }

    /// Makes the cut that is due of an order, as far as its venues have given back what it takes.
    pub(crate) fn make_cut<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let parent = self.parents.at(ix);
        match parent.state {
            State::PendingNew | State::Held(_) | State::Open => {}
            // They end, or come back here.
            State::PendingCancel | State::PendingReplace | State::Winding(_) | State::Done(_) => {
                return;
            }
        }
        let cut = parent.waits.cut;
        if cut >= parent.leaves_qty() {
            return self.stop(cx, ix, Refusal::ListBroken);
        }
        if cut > parent.unsent_qty() {
            return self.cancel_children(cx, ix);
        }
        let parent = self.parents.at_mut(ix);
        let order_qty = parent.terms.get().order_qty.saturating_minus(cut);
        parent.terms = parent.terms.reduced(order_qty);
        parent.waits.cut = Qty::ZERO;
        let (leaves, unit) = (parent.leaves_qty(), parent.reserved_at);
        let view = parent.view(parent.cl_ord_id);
        self.reserve_instead(ix, leaves, unit);
        self.tell_list(ix);
        cx.out.push(Event::Restated {
            view,
            reason: RestatementReason::PartialDecline,
        });
        if self.parents.at(ix).children.len() == 0 {
            self.work(cx, ix);
        }
    }

    /// Ends an order that was accepted and may not work after all.
    pub(crate) fn rejected<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, refusal: Refusal) {
        let parent = self.parents.at_mut(ix);
        // FIX 4.4 vol. 7, appendix D: an order may be rejected after it was New, but not once it
        // is partially filled.
        if !parent.cum_qty.is_zero() {
            let own = parent.cl_ord_id;
            return self.canceled(cx, ix, own);
        }
        parent.state = State::Done(End::Rejected);
        let view = parent.view(parent.cl_ord_id);
        cx.out.push(Event::Rejected { view, refusal });
        self.finish(ix);
    }
}
