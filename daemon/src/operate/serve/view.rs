//! What the engine is asked: every question that operators have, in one place.
//!
//! Questions are answered on the engine's thread while everything waits, so each looks at a
//! bounded part: a page of rows, or one order.

use dcx_engine::{Engine, ExposureView, VenueView};
use dcx_model::{ClOrdId, Limit, OrderId, OrderView, Scope, SessionId};

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

/// Open orders of a scope; none where the engine knows no such scope.
pub(super) fn open_in(engine: &Engine, scope: Scope) -> Option<u32> {
    engine.orders_open_of(scope)
}

/// What is used of limits, where their scopes count that themselves.
pub(super) fn used(engine: &Engine, limits: &[(Scope, Limit)]) -> Vec<Option<i128>> {
    let used = limits.iter();
    used.map(|(scope, limit)| engine.limit_used(*scope, *limit))
        .collect()
}

/// What firm, accounts and strategies are exposed to: a page of holders from this place on.
pub(super) fn exposures(engine: &Engine, from: usize) -> Vec<ExposureView> {
    engine.exposure_view().skip(from).take(PAGE).collect()
}

/// Orders that wait for a person, oldest first: a page of them from this place on.
pub(super) fn waiting(engine: &Engine, from: usize) -> Vec<OrderView> {
    engine.orders_waiting().skip(from).take(PAGE).collect()
}

/// How many orders wait for a person.
pub(super) fn waiting_count(engine: &Engine) -> usize {
    engine.orders_waiting().count()
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
