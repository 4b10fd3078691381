//! The daemon's own way into the engine: configuration at the start, limits when they change.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use dcx_model::{Audience, Command, Event, Ignored, Inbound, Now, Outbound};
use dcx_pipeline::{LinkEnds, Stop};
use dcx_ring::{Poller, Producer, Worker};

use crate::operate::{Heard, Requests};

/// Commands that may wait, and events that may be waiting to be told.
const WAITING_MAX: usize = 4_096;

/// Puts commands into the pipeline, and picks out the events that people should hear of.
#[derive(Debug)]
pub(super) struct Control {
    waiting: VecDeque<Command>,
    orders: Receiver<Command>,
    inbound: Option<Producer<Inbound>>,
    outbound: Poller<Outbound>,
    /// Events that have passed here since the start.
    position: u64,
    requests: Arc<Requests>,
    notable: SyncSender<Outbound>,
    stop: Stop,
}

/// The main thread's ends of a [`Control`].
#[derive(Debug)]
pub(super) struct ControlEnds {
    /// Commands go in here.
    pub(super) orders: SyncSender<Command>,
    /// Events that people should hear of come out here.
    pub(super) notable: Receiver<Outbound>,
}

impl Control {
    /// `first` enters before anything else that comes this way.
    pub(super) fn new(
        ends: LinkEnds,
        first: Vec<Command>,
        requests: Arc<Requests>,
    ) -> (Self, ControlEnds) {
        let (orders, ordered) = sync_channel(WAITING_MAX);
        let (notable, heard) = sync_channel(WAITING_MAX);
        let control = Self {
            waiting: first.into(),
            orders: ordered,
            inbound: Some(ends.inbound),
            outbound: ends.outbound,
            position: 0,
            requests,
            notable,
            stop: ends.stop,
        };
        let ends = ControlEnds {
            orders,
            notable: heard,
        };
        (control, ends)
    }

    /// Pushes what fits; what does not waits for the next round.
    fn push(&mut self, now: Now) -> usize {
        let Some(inbound) = &mut self.inbound else {
            return 0;
        };
        let mut count = 0;
        while let Some(command) = self.waiting.front().copied() {
            let received = now.mono;
            if inbound.try_push(Inbound { received, command }).is_err() {
                break;
            }
            self.waiting.pop_front();
            count += 1;
        }
        count
    }
}

impl Worker for Control {
    fn name(&self) -> &'static str {
        "control"
    }

    fn work(&mut self, now: Now) -> usize {
        self.waiting.extend(self.orders.try_iter());
        let mut count = self.push(now);
        let (notable, requests) = (&self.notable, &self.requests);
        let position = &mut self.position;
        count += self.outbound.poll(64, |outbound, _, _| {
            *position += 1;
            requests.tell(&Heard {
                outbound: *outbound,
                position: *position,
            });
            if is_notable(&outbound.event) {
                // Who does not read in time misses a line of the log, never an event: those are
                // counted by the engine and found by a replay.
                let _ = notable.try_send(*outbound);
            }
        });
        if self.stop.is_requested() && self.waiting.is_empty() {
            self.inbound = None;
        }
        count
    }

    fn is_done(&self) -> bool {
        self.inbound.is_none() && self.outbound.is_drained()
    }
}

/// Whether people should hear of an event: it is rare, and somebody may have to act.
///
/// A report that crosses a cancel, a report sent twice, a quote for what is not configured: these
/// are everyday matters, which the engine counts.
const fn is_notable(event: &Event) -> bool {
    match event {
        Event::Ignored { cause, .. } => match cause {
            Ignored::UnknownChild
            | Ignored::Overfill
            | Ignored::BadConfiguration
            | Ignored::BadReport
            | Ignored::UnknownTrade
            | Ignored::OrphanLeft
            | Ignored::FillMissed
            | Ignored::FillPriceGuessed
            | Ignored::FillPriceUnknown => true,
            Ignored::DuplicateExecId
            | Ignored::ChildDone
            | Ignored::UnknownQuote
            | Ignored::Outdated => false,
        },
        // Those of the configuration come by the hundred with every start.
        Event::LimitSet(view) => view.request.get() != 0,
        // Not the operators' own, and seldom what anybody expects.
        Event::TradeCanceled { .. }
        | Event::TradeCorrected { .. }
        | Event::OrphanCancel(_)
        | Event::PendingNew { .. } => true,
        // With every child order.
        Event::Routed(_)
        | Event::Rewarded(_)
        | Event::Planned(_)
        | Event::Sliced(_)
        | Event::SchedulePaused { .. }
        | Event::ScheduleResumed { .. } => false,
        other => matches!(other.audience(), Audience::Watchers),
    }
}
