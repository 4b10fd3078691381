//! Which order is meant: by its ClOrdID, our OrderID, or a ChildID, in this order of preference.

use std::collections::BTreeSet;

use dcx_engine::Trace;
use dcx_model::{Command, Event, OrderId, OrderView, Seq, Sequenced};
use dcx_pipeline::Observer;

/// Orders and, for requests that never became one, commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) orders: BTreeSet<OrderId>,
    pub(super) commands: BTreeSet<Seq>,
}

impl Wanted {
    fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.commands.is_empty()
    }
}

/// Looks for a name in everything that a replay shows.
#[derive(Debug)]
pub(super) struct Finder {
    name: String,
    number: Option<u64>,
    by_cl_ord_id: Wanted,
    by_order_id: Wanted,
    by_child_id: Wanted,
}

impl Finder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            number: name.parse().ok().filter(|number| *number > 0),
            by_cl_ord_id: Wanted::default(),
            by_order_id: Wanted::default(),
            by_child_id: Wanted::default(),
        }
    }

    /// What was found; none if nothing was.
    pub(super) fn wanted(self) -> Option<Wanted> {
        [self.by_cl_ord_id, self.by_order_id, self.by_child_id]
            .into_iter()
            .find(|wanted| !wanted.is_empty())
    }

    fn named(&mut self, order: OrderId, seq: Seq) {
        if order == OrderId::default() {
            self.by_cl_ord_id.commands.insert(seq);
        } else {
            self.by_cl_ord_id.orders.insert(order);
        }
    }
}

impl Trace for Finder {
    const ON: bool = false;
}

impl Observer for Finder {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        let seq = sequenced.seq;
        let asked = requested(&sequenced.command) == Some(self.name.as_str());
        for event in events {
            let (order, cl_ord_id) = match event {
                Event::CancelRejected(rejected) => {
                    let named = [rejected.cl_ord_id, rejected.orig_cl_ord_id]
                        .iter()
                        .any(|id| id.as_str() == self.name);
                    (rejected.order, named)
                }
                Event::ChildSent(child) => {
                    if Some(child.child.get()) == self.number {
                        self.by_child_id.orders.insert(child.order);
                    }
                    continue;
                }
                other => match view(other) {
                    Some(view) => (view.order, view.cl_ord_id.as_str() == self.name),
                    None => continue,
                },
            };
            if cl_ord_id {
                self.named(order, seq);
            }
            if Some(order.get()) == self.number {
                self.by_order_id.orders.insert(order);
            }
        }
        if asked && events.is_empty() {
            self.by_cl_ord_id.commands.insert(seq);
        }
    }
}

/// The ClOrdID of a client's request.
fn requested(command: &Command) -> Option<&str> {
    match command {
        Command::NewOrder(order) => Some(order.cl_ord_id.as_str()),
        Command::AlgoOrder(order) => Some(order.cl_ord_id.as_str()),
        Command::Cancel(cancel) => Some(cancel.cl_ord_id.as_str()),
        Command::Replace(replace) => Some(replace.cl_ord_id.as_str()),
        Command::MassCancel(request) => Some(request.cl_ord_id.as_str()),
        _ => None,
    }
}

/// The order that an event is about, as its client sees it.
pub(crate) fn view(event: &Event) -> Option<&OrderView> {
    match event {
        Event::Accepted { view, .. }
        | Event::Rejected { view, .. }
        | Event::Trade { view, .. }
        | Event::PendingCancel { view, .. }
        | Event::Canceled { view, .. }
        | Event::PendingReplace { view, .. }
        | Event::Replaced { view, .. }
        | Event::Expired { view }
        | Event::Status { view }
        | Event::PendingNew { view }
        | Event::Triggered { view }
        | Event::Restated { view, .. }
        | Event::TradeCanceled { view, .. }
        | Event::TradeCorrected { view, .. }
        | Event::MassStatus { view, .. } => Some(view),
        Event::CancelRejected(_)
        | Event::ChildSent(_)
        | Event::ChildCancel(_)
        | Event::Ignored { .. }
        | Event::MassCanceled(_)
        | Event::ChildQuery(_)
        | Event::VenueMassStatus { .. }
        | Event::OrphanCancel(_)
        | Event::ChildUnknown { .. }
        | Event::VenueReconciled { .. }
        | Event::VenueUnconfirmed { .. }
        | Event::Planned(_)
        | Event::Sliced(_)
        | Event::SchedulePaused { .. }
        | Event::ScheduleResumed { .. }
        | Event::LimitSet(_)
        | Event::LimitProposed(_)
        | Event::LimitDropped(_)
        | Event::LimitNear { .. }
        | Event::StateSet { .. }
        | Event::OperatorDone { .. }
        | Event::OperatorRefused { .. }
        | Event::Routed(_)
        | Event::Rewarded(_)
        | Event::VenueFitness(_)
        | Event::FeedGapped(_)
        | Event::FeedRestored { .. }
        | Event::Digest { .. } => None,
    }
}
