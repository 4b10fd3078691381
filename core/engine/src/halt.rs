//! Work over many orders, done a bounded piece for each command: the sweep of a halt, the release
//! of held orders, timers.
//!
//! What is left over is done by the next [`Wake`](dcx_model::Command::Wake), which
//! [`Engine::wake_at`] asks for at once.

use dcx_model::{
    CHILDREN_WORKING_MAX, EVENTS_PER_COMMAND_MAX, OrderId, Refusal, Scope, TIMERS_PER_WAKE_MAX,
    TradingState,
};

use crate::order::{Input, State, Step};
use crate::pool::NIL;
use crate::risk::worst;
use crate::{Cx, Engine, Trace};

/// Events that one order may cause here: a cancel for each child, the refusal of a pending
/// request, and its end.
pub(crate) const PER_ORDER: usize = CHILDREN_WORKING_MAX + 2;

/// Orders looked at for each command by all sweeps together.
pub(crate) const LOOKS: usize = EVENTS_PER_COMMAND_MAX;

/// Held orders looked at for each command.
const RELEASES: usize = EVENTS_PER_COMMAND_MAX;

const _: () = assert!(PER_ORDER <= EVENTS_PER_COMMAND_MAX, "an order fits");

impl Engine {
    /// Begins to cancel every open order of a scope. What comes in later is not touched. There is
    /// always room for this.
    pub(crate) fn cancel_all_of<T: Trace>(&mut self, cx: &mut Cx<'_, T>, scope: Scope) {
        let until = self.last_order();
        self.sweeps.mark(scope, until, self.open.head());
        self.sweep(cx);
    }

    /// The order that was accepted last.
    pub(crate) const fn last_order(&self) -> OrderId {
        OrderId::new(self.next_order.saturating_sub(1))
    }

    /// Whether nothing may be sent for an order: a scope of it is halted, or is being swept.
    pub(crate) fn stands_still(&self, ix: u32) -> bool {
        let parent = self.parents.at(ix);
        let swept = self.sweeps.marked_at != NIL && self.sweeps.marked(parent).is_some();
        swept || worst(self.standings(&parent.holder())).0 == TradingState::Halted
    }

    /// Fires what is due, and goes on with what is unfinished.
    pub(crate) fn wake<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        self.sample();
        self.drop_expired(cx);
        self.sweep(cx);
        self.measure_behind(cx);
        self.release(cx);
        self.wake_unfinished(cx);
        self.chase(cx);
        for _ in 0..TIMERS_PER_WAKE_MAX {
            if cx.out.room() < PER_ORDER {
                return;
            }
            let Some(ix) = self.timers.pop(cx.at) else {
                return;
            };
            self.on_timer(cx, ix);
        }
    }

    /// Begins to look again at every held order: a venue may be able to take it now.
    pub(crate) fn begin_release<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        self.release_at = self.held.head();
        self.release(cx);
    }

    fn release<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        for _ in 0..RELEASES {
            let ix = self.release_at;
            if ix == NIL || cx.out.room() < PER_ORDER {
                return;
            }
            self.release_at = self.parents.at(ix).held_seat.next;
            self.work(cx, ix);
        }
    }

    /// Goes on with all that concerns many orders, as far as this command may.
    pub(crate) fn sweep<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        let mut looks = LOOKS;
        self.sweep_marked(cx, &mut looks);
        while let Some(whole) = self.sweep_first(cx, &mut looks) {
            if !whole {
                return;
            }
        }
    }

    /// Cancels what is marked.
    fn sweep_marked<T: Trace>(&mut self, cx: &mut Cx<'_, T>, looks: &mut usize) {
        loop {
            let ix = self.sweeps.marked_at;
            let past = ix == NIL || self.parents.at(ix).id > self.sweeps.marked_until;
            if past {
                if self.sweeps.turn(self.open.head()) {
                    continue;
                }
                return;
            }
            if *looks == 0 || cx.out.room() < PER_ORDER {
                return;
            }
            *looks -= 1;
            let parent = self.parents.at(ix);
            let marked = self.sweeps.marked(parent);
            self.sweeps.marked_at = parent.seat.next;
            if let Some(scope) = marked {
                let at = scope.level();
                self.stop(cx, ix, Refusal::Halted { at });
            }
        }
    }

    /// Goes on with the sweep that began first. Says whether that is through; none where there is
    /// no sweep.
    fn sweep_first<T: Trace>(&mut self, cx: &mut Cx<'_, T>, looks: &mut usize) -> Option<bool> {
        loop {
            let row = *self.sweeps.rows().first()?;
            let needed = if row.task.cancels() { PER_ORDER } else { 1 };
            if cx.out.room() < needed {
                return Some(false);
            }
            if row.at == NIL || self.parents.at(row.at).id > row.until {
                self.sweep_over(cx, &row);
                return Some(true);
            }
            if *looks == 0 {
                return Some(false);
            }
            *looks -= 1;
            let parent = self.parents.at(row.at);
            let next = match row.whose.session() {
                Some(_) => parent.session_seat.next,
                None => parent.seat.next,
            };
            let concerned = row.whose.has(parent);
            if let Some(first) = self.sweeps.rows().first_mut() {
                first.at = next;
                first.found += u32::from(concerned && row.task.counts());
            }
            if concerned {
                self.sweep_one(cx, &row);
            }
        }
    }

    /// Cancels one order for a sweep or a halt. A replace that is on its way is `refused`.
    pub(crate) fn stop<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, refused: Refusal) {
        let state = self.parents.at(ix).state;
        if let Step::To(next) = state.on(Input::Halt) {
            if state == State::PendingReplace {
                self.replace_refused(cx, ix, refused, next);
            }
            self.parents.at_mut(ix).state = next;
        }
        self.unhold(ix);
        if self.parents.at(ix).children.len() == 0 {
            self.settle(cx, ix, None);
        } else {
            self.cancel_children(cx, ix);
        }
    }
}
