//! Requests that came with PossDupFlag (43): the engine may have them from before a restart.
//!
//! A session that lost a little of its incoming number asks for messages again that were
//! processed already (see the promise of the store). Were such an order simply sent to the
//! engine, its client would be told that a living order is refused as a duplicate. So the engine
//! is first asked how the order stands, and then given it: what it knows is reported as its
//! status, and the refusal of the second copy goes to nobody. Both questions are asked at once, so
//! that a cancel behind the order still comes after it. Of a cancel or replace that the engine has
//! had, the client was told the outcome then: only the refusal of the second copy is held back.

use std::collections::VecDeque;

use dcx_model::{ClOrdId, OrderView, Refusal, SessionId};

use super::report::is_unknown;

/// Orders in doubt at the same time; beyond it the oldest is treated like any other.
const DOUBTS_MAX: usize = 65_536;

#[derive(Debug)]
struct Doubt {
    session: SessionId,
    cl_ord_id: ClOrdId,
    answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Awaited,
    Known,
    Unknown,
}

/// The orders of which the engine has still to say whether it has them.
#[derive(Debug, Default)]
pub(super) struct Doubts(VecDeque<Doubt>);

impl Doubts {
    pub(super) fn add(&mut self, session: SessionId, cl_ord_id: ClOrdId) {
        if self.0.len() == DOUBTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Doubt {
            session,
            cl_ord_id,
            answer: Answer::Awaited,
        });
    }

    #[inline]
    fn position(&self, view: &OrderView) -> Option<usize> {
        self.position_of(view.session, view.cl_ord_id)
    }

    #[inline]
    fn position_of(&self, session: SessionId, cl_ord_id: ClOrdId) -> Option<usize> {
        // Nearly always there is none.
        if self.0.is_empty() {
            return None;
        }
        self.0
            .iter()
            .position(|doubt| doubt.session == session && doubt.cl_ord_id == cl_ord_id)
    }

    /// Whether the client gets this answer to a status request.
    pub(super) fn passes_status(&mut self, view: &OrderView) -> bool {
        let Some(at) = self.position(view) else {
            return true;
        };
        let doubt = &mut self.0[at];
        if doubt.answer != Answer::Awaited {
            return true;
        }
        doubt.answer = match is_unknown(view) {
            true => Answer::Unknown,
            false => Answer::Known,
        };
        doubt.answer == Answer::Known
    }

    /// Takes note of a request that was accepted: it was new.
    pub(super) fn accepted(&mut self, view: &OrderView) {
        self.forget(view.session, view.cl_ord_id);
    }

    /// Whether the client gets this refusal of an order.
    pub(super) fn passes_rejected(&mut self, view: &OrderView, refusal: &Refusal) -> bool {
        let Some(doubt) = self.position(view).and_then(|at| self.0.remove(at)) else {
            return true;
        };
        doubt.answer != Answer::Known && *refusal != Refusal::DuplicateClOrdId
    }

    /// Takes note of a request that was taken: it was new.
    pub(super) fn forget(&mut self, session: SessionId, cl_ord_id: ClOrdId) {
        if let Some(at) = self.position_of(session, cl_ord_id) {
            self.0.remove(at);
        }
    }

    /// Whether the client gets this refusal of a cancel, a replace or a mass cancel.
    pub(super) fn passes_refusal(
        &mut self,
        session: SessionId,
        cl_ord_id: ClOrdId,
        refusal: &Refusal,
    ) -> bool {
        let at = self.position_of(session, cl_ord_id);
        match at.and_then(|at| self.0.remove(at)) {
            Some(_) => *refusal != Refusal::DuplicateClOrdId,
            None => true,
        }
    }
}
