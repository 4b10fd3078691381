//! What the engine is asked: every question that operators have, in one place.
//!
//! Questions are answered on the engine's thread while everything waits, so each looks at a
//! bounded part: a page of rows, or one order.

use dcx_engine::{Engine, ExposureView, VenueView};
use dcx_model::{ClOrdId, OrdStatus, OrderId, OrderView, Scope, SessionId};

/// Rows of one answer.
pub(super) const PAGE: usize = 256;

/// The state of the whole, in numbers.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) orders_open: u32,
    pub(super) orders_held: u32,
    pub(super) children_working: u32,
    pub(super) venues: Vec<VenueView>,
}

pub(super) fn whole(engine: &Engine) -> Whole {
    Whole {
        orders_open: engine.orders_open(),
        orders_held: engine.orders_held(),
        children_working: engine.children_working(),
        venues: engine.venues_view().collect(),
    }
}

/// Open orders of a scope; none where the engine does not count them.
pub(super) fn open_in(engine: &Engine, scope: Scope) -> Option<u32> {
    match scope {
        Scope::Firm => Some(engine.orders_open()),
        Scope::Account(_) | Scope::Strategy(_) | Scope::Session(_) | Scope::Instrument(_) => None,
    }
}

/// What firm, accounts and strategies are exposed to: a page of holders from this place on.
pub(super) fn exposures(engine: &Engine, from: usize) -> Vec<ExposureView> {
    engine.exposure_view().skip(from).take(PAGE).collect()
}

/// Orders that wait for a person.
pub(super) fn waiting(engine: &Engine) -> Vec<OrderView> {
    let waits = |view: &OrderView| view.ord_status == OrdStatus::PendingNew;
    engine.orders().filter(waits).take(PAGE).collect()
}

/// The orders that go by a ClOrdID on any of these sessions; where none does, the one of the
/// OrderID.
pub(super) fn find(
    engine: &Engine,
    sessions: &[SessionId],
    cl_ord_id: Option<ClOrdId>,
    order: Option<OrderId>,
) -> Vec<OrderView> {
    let named = sessions.iter().filter_map(|session| {
        let cl_ord_id = cl_ord_id?;
        engine.order_named(*session, cl_ord_id)
    });
    let named: Vec<OrderView> = named.take(PAGE).collect();
    if named.is_empty() {
        let found = order.and_then(|order| engine.order(order));
        return found.into_iter().collect();
    }
    named
}
