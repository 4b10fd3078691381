//! What an order waits for before it may work, and the way from one wait to the next.

use dcx_model::{Event, LimitPx, OrdType, Qty, TimeInForce, UnixNanos};

use super::{Input, State, Step, Why};
use crate::digest::Words;
use crate::heap::HeapLink;
use crate::pool::{Key, Link};
use crate::{Cx, Engine, Trace};

/// What only some orders need: their waits, their links to what wakes them, and their place in a
/// list. Kept together, away from what every fill touches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// When its time in force ends; zero for never.
    pub(crate) ends_at: UnixNanos,
    /// When it must be looked at besides: at an opening, at the end of its list's patience, when
    /// its price may be stale. Zero for never.
    pub(crate) wake_at: UnixNanos,
    /// What linked orders took of its quantity and its venues still have to give back.
    pub(crate) cut: Qty,
    /// The price at which a pegged order works, or waits to; none while it is pulled in.
    pub(crate) peg_px: LimitPx,
    /// The price at which it was sent last.
    pub(crate) sent_px: LimitPx,
    /// When that was.
    pub(crate) pegged_at: UnixNanos,
    /// Its list; finds nothing where it is in none.
    pub(crate) list: Key,
    /// Its place in the heap of its instrument's stops.
    pub(crate) stop_link: HeapLink,
    /// Its place in the heap of those whose stop follows the market.
    pub(crate) trail_link: HeapLink,
    /// Its place among its instrument's pegged orders.
    pub(crate) peg_seat: Link,
    /// Whether it waits for its list.
    pub(crate) listed: bool,
    /// Whether its opening, or its close, came.
    pub(crate) opened: bool,
    /// Whether its stop came.
    pub(crate) triggered: bool,
    /// Whether it is among those that wait for a person.
    pub(crate) asked: bool,
    /// Which of the three places above it has.
    pub(crate) in_stops: bool,
    pub(crate) in_trails: bool,
    pub(crate) in_pegs: bool,
    /// Whether its child is being cancelled only to be sent again at another price.
    pub(crate) repricing: bool,
}

impl Waits {
    /// Of an order that waits for nothing.
    pub(crate) const NONE: Self = Self {
        ends_at: UnixNanos::ZERO,
        wake_at: UnixNanos::ZERO,
        cut: Qty::ZERO,
        peg_px: LimitPx::NONE,
        sent_px: LimitPx::NONE,
        pegged_at: UnixNanos::ZERO,
        list: Key::NONE,
        stop_link: HeapLink::NONE,
        trail_link: HeapLink::NONE,
        peg_seat: Link::NONE,
        listed: false,
        opened: false,
        triggered: false,
        asked: false,
        in_stops: false,
        in_trails: false,
        in_pegs: false,
        repricing: false,
    };

    /// Whether its time in force is over.
    pub(crate) fn is_over(&self, now: UnixNanos) -> bool {
        self.ends_at != UnixNanos::ZERO && now >= self.ends_at
    }

    /// The places in heaps follow from the terms and are not hashed, nor is the list's slot.
    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.ends_at.get());
        words.u64(self.wake_at.get());
        words.u64(self.cut.units());
        words.u64(self.peg_px.to_bits().cast_unsigned());
        words.u64(self.sent_px.to_bits().cast_unsigned());
        words.u64(self.pegged_at.get());
        words.bytes(
            &[
                self.listed,
                self.opened,
                self.triggered,
                self.asked,
                self.in_stops,
                self.in_trails,
                self.in_pegs,
                self.repricing,
            ]
            .map(u8::from),
        );
    }
}

impl Engine {
    /// Takes an accepted order to the next thing that it must wait for, or to market.
    ///
    /// `judged` says that the gates let it through in this very command.
    pub(crate) fn proceed<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, judged: bool) {
        let state = self.parents.at(ix).state;
        let waited = match state {
            State::Open => false,
            State::Held(_) => true,
            State::PendingNew
            | State::PendingCancel
            | State::PendingReplace
            | State::Winding(_)
            | State::Done(_) => return,
        };
        let why = self.next_wait(cx.at, ix);
        if let Some(why) = why {
            if let Step::To(next) = state.on(Input::Wait(why)) {
                self.parents.at_mut(ix).state = next;
            }
            self.set_timer(ix);
            if why == Why::Stop {
                self.wait_for_stop(cx, ix);
            }
            return;
        }
        if waited {
            return self.go(cx, ix);
        }
        let parent = self.parents.at(ix);
        // Of an order that was to wait, the price was not judged yet.
        let judged = judged && !parent.terms.get().is_dormant();
        self.work_on(cx, ix, judged);
    }

    /// What a held order waited for came: through the gates once more, and to market.
    pub(crate) fn go<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let Step::To(next) = self.parents.at(ix).state.on(Input::Trigger) else {
            return;
        };
        self.leave_market(ix);
        let px = self.working_px(cx.at, ix);
        let qty = self.missing(ix);
        // A pegged order without a price to follow goes on waiting for one, and is judged then.
        let pegged = self.parents.at(ix).terms.get().ord_type == OrdType::Pegged;
        if let Some(px) = px.filter(|_| !pegged)
            && let Err(refusal) = self.judge_again(cx, ix, qty, px)
        {
            return self.rejected(cx, ix, refusal);
        }
        let parent = self.parents.at_mut(ix);
        parent.state = next;
        parent.waits.wake_at = UnixNanos::ZERO;
        let view = parent.view(parent.cl_ord_id);
        cx.out.push(Event::Triggered { view });
        self.set_timer(ix);
        self.work_on(cx, ix, true);
    }

    /// The first thing that an order has to wait for now; notes when to look again.
    fn next_wait(&mut self, now: UnixNanos, ix: u32) -> Option<Why> {
        let parent = self.parents.at(ix);
        let (terms, waits) = (parent.terms.get(), &parent.waits);
        if waits.listed {
            return Some(Why::List);
        }
        let timed = match terms.time_in_force {
            TimeInForce::AtTheOpening => Some(Why::Opening),
            TimeInForce::AtTheClose => Some(Why::Close),
            TimeInForce::Day
            | TimeInForce::Gtc
            | TimeInForce::Ioc
            | TimeInForce::Fok
            | TimeInForce::Gtd => None,
        };
        if let Some(why) = timed.filter(|_| !waits.opened) {
            match self.expiry.due(now, terms) {
                Some(due) if due <= now => self.parents.at_mut(ix).waits.opened = true,
                due => {
                    self.parents.at_mut(ix).waits.wake_at = due.unwrap_or(UnixNanos::ZERO);
                    return Some(why);
                }
            }
        }
        let parent = self.parents.at(ix);
        (parent.terms.get().has_stop() && !parent.waits.triggered).then_some(Why::Stop)
    }
}
