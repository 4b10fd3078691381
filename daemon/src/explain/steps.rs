//! Everything that concerned an order, command by command, with the engine's reasons.

use std::collections::BTreeSet;

use dcx_engine::route::Context;
use dcx_engine::{Check, RouteReason, SliceReason, Trace, VenueReason};
use dcx_model::{ChildId, Command, Event, OrderId, Qty, RoutingPolicy, Seq, Sequenced, VenueId};
use dcx_pipeline::Observer;

use super::find::{Wanted, view};
use crate::records::Names;

/// One comparison that the engine made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub(super) check: Check,
    pub(super) value: i128,
    pub(super) limit: i128,
    pub(super) passed: bool,
}

/// One choice of a venue.
#[derive(Clone, Debug)]
pub(super) struct Routed {
    pub(super) order: OrderId,
    pub(super) child: ChildId,
    pub(super) qty: Qty,
    pub(super) chosen: Option<VenueId>,
    pub(super) policy: RoutingPolicy,
    pub(super) context: Option<Context>,
    pub(super) explored: bool,
    pub(super) held_to_best: bool,
    pub(super) venues: Vec<VenueReason>,
}

/// One command with what it did to the order.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) cause: Sequenced,
    pub(super) checks: Vec<Checked>,
    pub(super) slices: Vec<SliceReason>,
    pub(super) routes: Vec<Routed>,
    pub(super) events: Vec<Event>,
}

/// Gathers the steps of the orders that are wanted.
#[derive(Debug)]
pub(super) struct Gatherer {
    wanted: Wanted,
    children: BTreeSet<ChildId>,
    names: Names,
    checks: Vec<Checked>,
    slices: Vec<SliceReason>,
    routes: Vec<Routed>,
    steps: Vec<Step>,
}

impl Gatherer {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            children: BTreeSet::new(),
            names: Names::default(),
            checks: Vec::new(),
            slices: Vec::new(),
            routes: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn into_steps(self) -> (Vec<Step>, Names) {
        (self.steps, self.names)
    }

    fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::CancelRejected(rejected) => self.wanted.orders.contains(&rejected.order),
            Event::ChildSent(child) => self.wanted.orders.contains(&child.order),
            Event::ChildCancel(cancel) => self.children.contains(&cancel.child),
            Event::Ignored { child, .. } => self.children.contains(child),
            Event::ChildQuery(query) => self.children.contains(&query.child),
            Event::Rewarded(reward) => self.children.contains(&reward.child),
            // The reason of the choice says it.
            Event::Routed(_) => false,
            Event::ChildUnknown { order, .. } => self.wanted.orders.contains(order),
            Event::Planned(plan) => self.wanted.orders.contains(&plan.order),
            Event::Sliced(slice) => self.wanted.orders.contains(&slice.order),
            Event::SchedulePaused { order, .. } | Event::ScheduleResumed { order, .. } => {
                self.wanted.orders.contains(order)
            }
            Event::Digest { .. } => false,
            other => view(other).is_some_and(|view| self.wanted.orders.contains(&view.order)),
        }
    }

    fn is_cause(&self, sequenced: &Sequenced) -> bool {
        if self.wanted.commands.contains(&sequenced.seq) {
            return true;
        }
        match &sequenced.command {
            Command::VenueReport(report) => self.children.contains(&report.child),
            Command::VenueCancelReject(reject) => self.children.contains(&reject.child),
            Command::DecideOrder(decision) => self.wanted.orders.contains(&decision.order),
            Command::OrdersOutRefused { child } => self.children.contains(child),
            _ => false,
        }
    }
}

impl Trace for Gatherer {
    fn check(&mut self, _seq: Seq, check: Check, value: i128, limit: i128, passed: bool) {
        self.checks.push(Checked {
            check,
            value,
            limit,
            passed,
        });
    }

    fn route(&mut self, _seq: Seq, route: &RouteReason<'_>) {
        self.routes.push(Routed {
            order: route.order,
            child: route.child,
            qty: route.qty,
            chosen: route.chosen,
            policy: route.policy,
            context: route.context,
            explored: route.explored,
            held_to_best: route.held_to_best,
            venues: route.venues.to_vec(),
        });
    }

    fn slice(&mut self, _seq: Seq, slice: &SliceReason) {
        self.slices.push(*slice);
    }
}

impl Observer for Gatherer {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        self.names.learn(&sequenced.command);
        let checks = std::mem::take(&mut self.checks);
        let mut slices = std::mem::take(&mut self.slices);
        let mut routes = std::mem::take(&mut self.routes);
        slices.retain(|slice| self.wanted.orders.contains(&slice.order));
        routes.retain(|route| self.wanted.orders.contains(&route.order));
        for event in events {
            if let Event::ChildSent(child) = event
                && self.wanted.orders.contains(&child.order)
            {
                self.children.insert(child.child);
            }
        }
        let is_wanted = self.wanted.commands.contains(&sequenced.seq);
        let events: Vec<Event> = events
            .iter()
            .filter(|event| is_wanted || self.concerns(event))
            .copied()
            .collect();
        let is_step = self.is_cause(sequenced)
            || !events.is_empty()
            || !slices.is_empty()
            || !routes.is_empty();
        if !is_step {
            return;
        }
        let is_request = matches!(
            sequenced.command,
            Command::NewOrder(_) | Command::AlgoOrder(_) | Command::Cancel(_) | Command::Replace(_)
        );
        self.steps.push(Step {
            cause: *sequenced,
            // A timer or a report checks nothing of its own.
            checks: if is_request { checks } else { Vec::new() },
            slices,
            routes,
            events,
        });
    }
}
