//! Work over many orders, done a bounded piece for each command: the sweep of a halt, the release
//! of held orders, timers.
//!
//! What is left over is done by the next [`Wake`](dcx_model::Command::Wake), which
//! [`Engine::wake_at`] asks for at once.

use dcx_model::{
    CHILDREN_WORKING_MAX, EVENTS_PER_COMMAND_MAX, Level, OrderId, Refusal, TIMERS_PER_WAKE_MAX,
};

use crate::order::{Input, State, Step};
use crate::pool::NIL;
use crate::{Cx, Engine, Trace};

/// Events that one order may cause here: a cancel for each child, the refusal of a pending
/// request, and its end.
const PER_ORDER: usize = CHILDREN_WORKING_MAX + 2;

/// Held orders looked at for each command.
const RELEASES: usize = EVENTS_PER_COMMAND_MAX;

const _: () = assert!(PER_ORDER <= EVENTS_PER_COMMAND_MAX, "an order fits");

impl Engine {
    /// Stops trading: no order gets in, and every order there is is cancelled.
    pub(crate) fn halt<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        self.halted = true;
        self.sweep_until = OrderId::new(self.next_order.saturating_sub(1));
        self.sweep_at = self.open.head();
        self.sweep(cx);
    }

    /// Fires what is due, and goes on with what is unfinished.
    pub(crate) fn wake<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        self.sample();
        self.sweep(cx);
        self.release(cx);
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

    fn sweep<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        for _ in 0..EVENTS_PER_COMMAND_MAX {
            let ix = self.sweep_at;
            if ix == NIL || cx.out.room() < PER_ORDER {
                return;
            }
            let parent = self.parents.at(ix);
            if parent.id > self.sweep_until {
                self.sweep_at = NIL;
                return;
            }
            self.sweep_at = parent.seat.next;
            self.stop(cx, ix, Refusal::Halted { at: Level::Firm });
        }
    }

    /// Cancels one order that nobody asked to cancel; a replace that it waits for is refused.
    pub(crate) fn stop<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, refusal: Refusal) {
        let state = self.parents.at(ix).state;
        if let Step::To(next) = state.on(Input::Halt) {
            if state == State::PendingReplace {
                self.replace_refused(cx, ix, refusal, next);
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
