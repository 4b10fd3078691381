//! What concerns many orders at once: mass cancel, mass status, the end of a session.

use dcx_model::{MassCancelRequest, MassStatusRequest, OperatorCancel, SessionPolicy};

use crate::{Cx, Engine, Trace};

impl Engine {
    pub(crate) fn mass_cancel<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &MassCancelRequest) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn mass_status<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &MassStatusRequest) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn operator_cancel<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &OperatorCancel) {
        self.refuse_configuration(cx);
    }

    pub(crate) fn set_session_policy<T: Trace>(&mut self, cx: &mut Cx<'_, T>, _: &SessionPolicy) {
        self.refuse_configuration(cx);
    }
}
