//! What a venue says that it works, against what we believe.

use dcx_model::{ChildId, Orphan, VenueId};

use crate::{Cx, Engine, Trace};

impl Engine {
    pub(crate) fn orphan<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &Orphan) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn venue_mass_status_done<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        _: VenueId,
        _: ChildId,
    ) {
        self.refuse_configuration(cx);
    }
}
