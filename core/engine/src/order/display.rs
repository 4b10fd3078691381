//! Which venues can do what an order asks for, and how much of it one of them is sent.
//!
//! **Icebergs.** Where the policy chooses a venue that takes `MaxFloor` (111), that venue gets the
//! whole quantity and shows the rest of it itself. Any other gets one child order of the shown
//! quantity at most. While a child of such an order works, nothing more of it is sent, so that no
//! more is shown than the client said over all venues together; when it is filled the policy
//! chooses again, for the next piece and among all venues.

use dcx_model::{NewOrder, Qty, VenueFeatures, VenueId, VenueSet};

use crate::risk::{Holder, Terms};
use crate::{Cx, Engine, Trace};

impl Engine {
    /// Venues that can do what the order asks for, listed and up or not.
    pub(crate) fn able(&self, terms: &Terms) -> VenueSet {
        let needs = terms.needs();
        if needs == VenueFeatures::NONE {
            return VenueSet::from_bits(u64::MAX);
        }
        let mut able = VenueSet::NONE;
        for venue in self.venues.iter().flatten() {
            if venue.features.has(needs) {
                able = able.with(venue.id);
            }
        }
        able
    }

    /// Venues that could take a new order now.
    pub(crate) fn takers(&self, order: &NewOrder) -> VenueSet {
        let able = self.able(&Terms::of(order));
        self.eligible(&Holder::of(order)).and(able)
    }

    /// Whether an order shows all that it may: nothing more of it is sent for now.
    pub(crate) fn shows_enough(&self, ix: u32) -> bool {
        let parent = self.parents.at(ix);
        !parent.terms.get().display_qty.is_zero() && parent.children.len() > 0
    }

    /// How much of `qty` the venue is sent, and what of that it shows; zero for all.
    pub(crate) fn piece(&self, venue: VenueId, terms: &Terms, qty: Qty) -> (Qty, Qty) {
        let display = terms.display_qty;
        if display.is_zero() || display >= qty {
            return (qty, Qty::ZERO);
        }
        let row = self.venues.get(usize::from(venue.get()));
        let native = row
            .and_then(|row| row.as_ref())
            .is_some_and(|venue| venue.features.has(VenueFeatures::ICEBERG));
        if native {
            (qty, display)
        } else {
            (display, Qty::ZERO)
        }
    }

    /// What an order showed is filled: it shows the next.
    pub(crate) fn show_next<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let parent = self.parents.at_mut(ix);
        if parent.terms.get().display_qty.is_zero() || parent.children.len() > 0 {
            return;
        }
        parent.attempts = 0;
        parent.tried = VenueSet::NONE;
        self.work(cx, ix);
    }
}
