//! Orders that wait for a person (check 25).

use dcx_model::{Event, OrderDecision, Refusal, UnixNanos};

use super::{Input, State, Step};
use crate::pool::NIL;
use crate::{Cx, Engine, Trace};

/// Orders that may wait for a person at the same time: more than people decide, and few enough to
/// look through.
pub(crate) const APPROVALS_MAX: u32 = 1_024;

impl Engine {
    /// Has an order wait for a person.
    pub(crate) fn ask<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let parent = self.parents.at_mut(ix);
        parent.state = State::PendingNew;
        parent.waits.asked = true;
        let view = parent.view(parent.cl_ord_id);
        self.asked
            .push_back(&mut self.parents, ix, |parent| &mut parent.held_seat);
        cx.out.push(Event::PendingNew { view });
        self.set_timer(ix);
    }

    /// A person's word on an order that waits for it.
    pub(crate) fn decide_order<T: Trace>(&mut self, cx: &mut Cx<'_, T>, decision: &OrderDecision) {
        let request = decision.request;
        match self.decide(cx, decision) {
            Ok(()) => cx.out.push(Event::OperatorDone { request, orders: 1 }),
            Err(refusal) => cx.out.push(Event::OperatorRefused { request, refusal }),
        }
    }

    /// Takes an order from those that wait for a person, if it is one.
    pub(crate) fn unask(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        if std::mem::take(&mut parent.waits.asked) {
            self.asked
                .remove(&mut self.parents, ix, |parent| &mut parent.held_seat);
        }
    }

    fn decide<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        decision: &OrderDecision,
    ) -> Result<(), Refusal> {
        if decision.by.author.is_empty() || decision.by.reason.is_empty() {
            return Err(Refusal::NoAuthor);
        }
        let ix = self.find_asked(decision)?;
        let input = if decision.approve {
            Input::Approve
        } else {
            Input::Disapprove
        };
        let next = match self.parents.at(ix).state.on(input) {
            Step::To(next) => next,
            Step::Refuse(refusal) => return Err(refusal),
            Step::Stay => return Err(Refusal::NotWaiting),
        };
        if next.is_done() {
            self.rejected(cx, ix, Refusal::NotApproved);
            return Ok(());
        }
        // Time has passed since the gates let it through.
        if let Err(refusal) = self.judge_waiting(cx, ix) {
            self.rejected(cx, ix, refusal);
            return Err(refusal);
        }
        self.unask(ix);
        let parent = self.parents.at_mut(ix);
        parent.state = next;
        if !parent.waits.listed {
            parent.waits.wake_at = UnixNanos::ZERO;
        }
        self.accepted(cx, ix);
        Ok(())
    }

    fn find_asked(&self, decision: &OrderDecision) -> Result<u32, Refusal> {
        let mut at = self.asked.head();
        while at != NIL {
            let parent = self.parents.at(at);
            if parent.id == decision.order {
                return Ok(at);
            }
            at = parent.held_seat.next;
        }
        // Only to say why not; nobody asks often for an order that does not wait.
        let known = self
            .parents
            .iter()
            .any(|parent| parent.id == decision.order);
        Err(if known {
            Refusal::NotWaiting
        } else {
            Refusal::UnknownOrder
        })
    }
}
