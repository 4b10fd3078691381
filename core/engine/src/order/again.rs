//! Through the gates once more: whatever goes to market later than its acceptance is judged
//! again, by what is true then.

use dcx_model::{Level, LimitPx, Qty, Refusal};

use crate::risk::{self, Approved, Gate, Replaced, Terms};
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Whether `qty` of an order may go to market now at `px`. What it is worth then is reserved.
    ///
    /// # Errors
    /// The first limit that it would cross.
    pub(crate) fn judge_again<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        qty: Qty,
        px: LimitPx,
    ) -> Result<Approved<Terms>, Refusal> {
        let terms = self.parents.at(ix).terms.get().worked(qty, px);
        self.judge(cx, ix, &terms)
    }

    /// Whether an order that waited for a person may be accepted now, as it stands.
    ///
    /// # Errors
    /// The first limit that it would cross.
    pub(crate) fn judge_waiting<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
    ) -> Result<Approved<Terms>, Refusal> {
        let terms = *self.parents.at(ix).terms.get();
        self.judge(cx, ix, &terms)
    }

    /// Whether an order may go to market now under these terms, which are its own or narrower. What
    /// it is worth then is reserved.
    ///
    /// # Errors
    /// The first limit that it would cross.
    pub(crate) fn judge<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        ix: u32,
        terms: &Terms,
    ) -> Result<Approved<Terms>, Refusal> {
        if self.halted {
            return Err(Refusal::Halted { at: Level::Firm });
        }
        let parent = self.parents.at(ix);
        let held = Replaced {
            account: parent.account,
            cum_qty: parent.cum_qty,
            slices: parent.schedule.slices(),
            reserved: (parent.reserved, parent.reserved_at),
            triggered: parent.waits.triggered,
        };
        let mut gate = Gate {
            seq: cx.seq,
            trace: &mut *cx.trace,
        };
        let facts = self.facts(cx.at, terms.instrument, parent.session.get());
        let approved = risk::check_again(&mut gate, &facts, terms, &held)?;
        let (qty, unit) = held.reserved;
        self.reserve_instead(ix, qty, unit.max(approved.get().unit));
        Ok(approved)
    }
}
