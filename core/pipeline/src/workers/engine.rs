//! Runs the engine: commands in, events out, nothing dropped.

use std::sync::Arc;

use dcx_engine::{Engine, Outbox};
use dcx_model::{EVENTS_PER_COMMAND_MAX, EventDigest, Now, Outbound, Sequenced};
use dcx_ring::{Claim, Poller, Producer, Worker};

use super::{BATCH, EngineStatus};
use crate::counters::{Counter, CounterGroup};
use crate::inspect::Questions;
use crate::journal::{Mark, mark_after, take_events};
use crate::latency::{Hop, Meter, Stage};

/// Applies commands and sends their events on.
///
/// A command is taken only when all events it may cause have room on the outbox ring. Where they
/// have not, the ingress fills up behind it: back-pressure reaches the links, and is counted.
#[derive(Debug)]
pub(crate) struct EngineWorker {
    ingress: Poller<Sequenced>,
    core: EngineCore,
    /// None once the last event is out.
    outputs: Option<Outputs>,
    hops: Poller<Hop>,
    questions: Questions,
    stages: Option<Stages>,
    meter: Meter,
    status: Arc<EngineStatus>,
    counters: EngineCounters,
}

/// The engine with what it needs to be applied.
#[derive(Debug)]
struct EngineCore {
    engine: Engine,
    outbox: Outbox,
    events: EventDigest,
}

#[derive(Debug)]
struct Outputs {
    outbox: Producer<Outbound>,
    /// To the journal, if there is one.
    marks: Option<Producer<Mark>>,
    /// A mark that did not fit yet. Nothing is applied before it has gone.
    mark: Option<Mark>,
}

#[derive(Debug)]
struct Stages {
    apply: Stage,
    ring: Stage,
}

#[derive(Debug)]
struct EngineCounters {
    commands: Counter,
    events: Counter,
    outbox_full: Counter,
    orders_open: Counter,
    halted: Counter,
    feed_gaps: Counter,
    quotes_not_believed: Counter,
}

/// Where the engine worker is connected.
pub(crate) struct EngineEnds {
    pub(crate) ingress: Poller<Sequenced>,
    pub(crate) outbox: Producer<Outbound>,
    pub(crate) marks: Option<Producer<Mark>>,
    pub(crate) hops: Poller<Hop>,
    pub(crate) questions: Questions,
}

impl EngineWorker {
    pub(crate) fn new(
        engine: Engine,
        events: EventDigest,
        ends: EngineEnds,
        meter: Meter,
        status: Arc<EngineStatus>,
        group: &mut CounterGroup,
    ) -> Self {
        let counters = EngineCounters {
            commands: group.count("commands"),
            events: group.count("events"),
            outbox_full: group.count("outbox_full"),
            orders_open: group.gauge("orders_open"),
            halted: group.gauge("halted"),
            feed_gaps: group.count("feed_gaps"),
            quotes_not_believed: group.gauge("quotes_not_believed"),
        };
        let stages = meter.sampling.is_on().then(|| Stages {
            apply: Stage::new(group, "apply"),
            ring: Stage::new(group, "ring"),
        });
        Self {
            ingress: ends.ingress,
            core: EngineCore {
                engine,
                outbox: Outbox::new(),
                events,
            },
            outputs: Some(Outputs {
                outbox: ends.outbox,
                marks: ends.marks,
                mark: None,
            }),
            hops: ends.hops,
            questions: ends.questions,
            stages,
            meter,
            status,
            counters,
        }
    }

    pub(crate) const fn events(&self) -> EventDigest {
        self.core.events
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.core.engine
    }

    pub(crate) fn into_histograms(self) -> Option<[hdrhistogram::Histogram<u64>; 2]> {
        let stages = self.stages?;
        Some([stages.apply.histogram, stages.ring.histogram])
    }

    fn show(&mut self, last: &Sequenced, count: usize, now: Now) {
        let engine = &self.core.engine;
        self.status.show(last.seq, engine.wake_at());
        self.counters.commands.add(count as u64);
        self.counters.events.set(self.core.events.count());
        self.counters
            .orders_open
            .set(u64::from(engine.orders_open()));
        self.counters.halted.set(u64::from(engine.halted()));
        let (now_lost, gaps) = engine.feed_gaps();
        self.counters.feed_gaps.set(gaps);
        self.counters.quotes_not_believed.set(u64::from(now_lost));
        if let Some(stages) = &mut self.stages {
            stages.apply.summarise(now.mono);
            stages.ring.summarise(now.mono);
        }
    }
}

impl EngineCore {
    /// Applies `sequenced` and fills `claim` with its events; the mark if one is due after it.
    #[inline]
    fn apply(&mut self, sequenced: &Sequenced, mut claim: Claim<'_, Outbound>) -> Option<Mark> {
        let Sequenced { seq, at, .. } = *sequenced;
        self.engine
            .apply(at, seq, &sequenced.command, &mut self.outbox);
        let events = self.outbox.events();
        let state = take_events(&mut self.events, sequenced, events, |event| {
            claim.push(event);
        });
        claim.publish();
        mark_after(sequenced, state, &self.events)
    }
}

impl Outputs {
    /// Sends the waiting mark; false while it does not fit.
    fn send_mark(&mut self) -> bool {
        let (Some(mark), Some(marks)) = (self.mark, &mut self.marks) else {
            self.mark = None;
            return true;
        };
        let sent = marks.try_push(mark).is_ok();
        if sent {
            self.mark = None;
        }
        sent
    }
}

impl Stages {
    /// Records how long `sequenced` was on the ring.
    fn taken(&mut self, sequenced: &Sequenced, hops: &mut Poller<Hop>, meter: &Meter) {
        while let Some(hop) = hops.peek() {
            if hop.seq > sequenced.seq {
                return;
            }
            let hop = *hop;
            hops.advance();
            if hop.seq == sequenced.seq {
                self.ring.record(meter.clock.mono().since(hop.sent));
            }
        }
    }
}

impl Worker for EngineWorker {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn work(&mut self, now: Now) -> usize {
        let Some(outputs) = &mut self.outputs else {
            return 0;
        };
        let answered = self.questions.answer_one(&self.core.engine);
        let (mut count, mut last) = (0, None);
        while count < BATCH {
            if !outputs.send_mark() {
                self.counters.outbox_full.add(1);
                break;
            }
            let Some(sequenced) = self.ingress.peek() else {
                break;
            };
            let Some(claim) = outputs.outbox.claim(EVENTS_PER_COMMAND_MAX) else {
                self.counters.outbox_full.add(1);
                break;
            };
            let sequenced = *sequenced;
            outputs.mark = match &mut self.stages {
                Some(stages) if self.meter.sampling.takes(sequenced.seq) => {
                    stages.taken(&sequenced, &mut self.hops, &self.meter);
                    let began = self.meter.clock.mono();
                    let mark = self.core.apply(&sequenced, claim);
                    stages.apply.record(self.meter.clock.mono().since(began));
                    mark
                }
                _ => self.core.apply(&sequenced, claim),
            };
            self.ingress.advance();
            (count, last) = (count + 1, Some(sequenced));
        }
        match last {
            Some(last) => self.show(&last, count, now),
            None if self.ingress.is_drained() && outputs.mark.is_none() => self.outputs = None,
            None => {}
        }
        count + answered
    }

    fn is_done(&self) -> bool {
        self.outputs.is_none()
    }
}
