//! Through the gates once more: whatever goes to market later than its acceptance is judged
//! again, by what is true then.

use dcx_model::{LimitPx, Qty, Refusal};

use crate::risk::{self, Approved, Gate, Terms};
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
        let parent = self.parents.at(ix);
        let facts = self.facts(cx.at, parent.holder());
        let held = self.replaced(ix);
        let reserved = held.reserved;
        let mut gate = Gate::new(cx.seq, &mut *cx.trace);
        let approved = risk::check_again(&mut gate, &facts, terms, &held)?;
        let (qty, unit) = reserved;
        self.reserve_instead(ix, qty, unit.max(approved.get().unit));
        Ok(approved)
    }
}
