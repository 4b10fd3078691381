//! The way out: lets an event pass once the command that caused it is kept.

use std::sync::atomic::Ordering;

use dcx_model::{MonoNanos, Now, Outbound, Seq};
use dcx_ring::{Poller, Producer, Worker};

use super::{BATCH, JournalView, claim_up_to};
use crate::counters::{Counter, CounterGroup};
use crate::latency::{Meter, Stage};

/// Joins journal and engine: what leaves is kept.
#[derive(Debug)]
pub(crate) struct EgressWorker {
    outbox: Poller<Outbound>,
    /// None once the last event is out.
    egress: Option<Producer<Outbound>>,
    join: Option<Join>,
    stage: Option<Stage>,
    meter: Meter,
    counters: EgressCounters,
}

/// What the egress waits for.
#[derive(Debug)]
struct Join {
    journal: JournalView,
    /// The command after the last one known to be written.
    written: u64,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    Wait,
    /// Its cause is not kept and never will be.
    Withhold,
}

#[derive(Debug)]
struct EgressCounters {
    events: Counter,
    egress_full: Counter,
    journal_waits: Counter,
    withheld: Counter,
}

impl EgressWorker {
    pub(crate) fn new(
        outbox: Poller<Outbound>,
        egress: Producer<Outbound>,
        journal: Option<JournalView>,
        meter: Meter,
        group: &mut CounterGroup,
    ) -> Self {
        let counters = EgressCounters {
            events: group.count("events"),
            egress_full: group.count("egress_full"),
            journal_waits: group.count("journal_waits"),
            withheld: group.count("withheld"),
        };
        let measured = meter.sampling.is_on();
        Self {
            outbox,
            egress: Some(egress),
            join: journal.map(|journal| Join {
                journal,
                written: 0,
            }),
            stage: measured.then(|| Stage::new(group, "ingress_to_egress")),
            meter,
            counters,
        }
    }

    pub(crate) const fn withheld(&self) -> u64 {
        self.counters.withheld.value()
    }

    pub(crate) fn into_histogram(self) -> Option<hdrhistogram::Histogram<u64>> {
        self.stage.map(|stage| stage.histogram)
    }
}

impl Join {
    fn judge(&mut self, seq: Seq) -> Verdict {
        if seq.get() < self.written {
            return Verdict::Pass;
        }
        self.written = self.journal.written.position().value();
        if seq.get() < self.written {
            return Verdict::Pass;
        }
        if !self.journal.failed.load(Ordering::Acquire) {
            return Verdict::Wait;
        }
        // Written up to here may have been said between the two looks.
        self.written = self.journal.written.position().value();
        if seq.get() < self.written {
            Verdict::Pass
        } else {
            Verdict::Withhold
        }
    }
}

impl Worker for EgressWorker {
    fn name(&self) -> &'static str {
        "egress"
    }

    fn work(&mut self, now: Now) -> usize {
        let Some(egress) = &mut self.egress else {
            return 0;
        };
        if self.outbox.peek().is_none() {
            if self.outbox.is_drained() {
                self.egress = None;
            }
            return 0;
        }
        let Some(mut claim) = claim_up_to(egress, BATCH) else {
            self.counters.egress_full.add(1);
            return 0;
        };
        let (mut withheld, mut first_sampled) = (0, None::<MonoNanos>);
        while claim.left() > 0 {
            let Some(outbound) = self.outbox.peek() else {
                break;
            };
            match self
                .join
                .as_mut()
                .map_or(Verdict::Pass, |join| join.judge(outbound.seq))
            {
                Verdict::Pass => {
                    sample(
                        outbound,
                        &self.meter,
                        self.stage.as_mut(),
                        &mut first_sampled,
                    );
                    claim.push(*outbound);
                }
                Verdict::Withhold => withheld += 1,
                Verdict::Wait => {
                    self.counters.journal_waits.add(1);
                    break;
                }
            }
            self.outbox.advance();
        }
        let passed = claim.publish();
        self.counters.events.add(passed as u64);
        if withheld > 0 {
            self.counters.withheld.add(withheld);
        }
        if let Some(stage) = &mut self.stage {
            stage.summarise(now.mono);
        }
        passed + usize::try_from(withheld).unwrap_or(usize::MAX)
    }

    fn is_done(&self) -> bool {
        self.egress.is_none()
    }
}

/// Records how long a command took to its first event. The clock is read once a batch: what is
/// published together leaves together.
#[inline]
fn sample(
    outbound: &Outbound,
    meter: &Meter,
    stage: Option<&mut Stage>,
    read: &mut Option<MonoNanos>,
) {
    let Some(stage) = stage else { return };
    let has_stamp = outbound.received != MonoNanos::new(0);
    if outbound.ix == 0 && has_stamp && meter.sampling.takes(outbound.seq) {
        let now = *read.get_or_insert_with(|| meter.clock.mono());
        stage.record(now.since(outbound.received));
    }
}
