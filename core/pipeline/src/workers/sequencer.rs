//! Puts the commands of all sources into one order, and stamps each with its place and time.

use std::sync::Arc;

use dcx_model::{Command, Inbound, MonoNanos, Nanos, Now, Seq, Sequenced, UnixNanos};
use dcx_ring::{Claim, Merge, Producer, Worker};

use super::{BATCH, EngineStatus, claim_up_to};
use crate::counters::{Counter, CounterGroup};
use crate::latency::{Hop, Meter};
use crate::stop::Stop;

/// When the sequencer asks the engine for the digest of all state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckpointRule {
    /// After this many commands; zero for never.
    pub(crate) every: u64,
    /// After this long without a command, if there was one since the last checkpoint.
    pub(crate) idle: Nanos,
}

/// Merges the sources and decides on time.
///
/// `at` never goes back, whatever the system's clock does. Besides what the sources send it
/// sequences two commands of its own: a wake when the engine's timer has come, a checkpoint by
/// its rule and as the last command of all.
#[derive(Debug)]
pub(crate) struct Sequencer {
    sources: Merge<Inbound>,
    /// None once the last command is out.
    ingress: Option<Producer<Sequenced>>,
    hops: Option<Producer<Hop>>,
    meter: Meter,
    engine: Arc<EngineStatus>,
    stop: Stop,
    /// How long sources may take to end by themselves once a stop is wished.
    grace: Nanos,
    stop_seen: Option<MonoNanos>,
    next_seq: Seq,
    at: UnixNanos,
    last_wake: Seq,
    rule: CheckpointRule,
    since_checkpoint: u64,
    last_command: MonoNanos,
    counters: SequencerCounters,
}

#[derive(Debug)]
struct SequencerCounters {
    commands: Counter,
    wakes: Counter,
    checkpoints: Counter,
    ingress_full: Counter,
    unix_ns: Counter,
}

/// How long after their grace sources may still push. One that never ends must not keep the
/// process from ending.
const OVERDUE: Nanos = Nanos::from_seconds(5);

/// How near the last command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    No,
    OnceEmpty,
    Now,
}

/// Where a sequence begins: after what the journal holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SequenceFrom {
    pub(crate) next_seq: Seq,
    pub(crate) at: UnixNanos,
}

impl Sequencer {
    #[expect(
        clippy::too_many_arguments,
        reason = "the builder's plan, spelt out once"
    )]
    pub(crate) fn new(
        sources: Merge<Inbound>,
        ingress: Producer<Sequenced>,
        hops: Producer<Hop>,
        meter: Meter,
        engine: Arc<EngineStatus>,
        stop: Stop,
        grace: Nanos,
        from: SequenceFrom,
        rule: CheckpointRule,
        group: &mut CounterGroup,
    ) -> Self {
        Self {
            sources,
            ingress: Some(ingress),
            hops: meter.sampling.is_on().then_some(hops),
            meter,
            engine,
            stop,
            grace,
            stop_seen: None,
            next_seq: from.next_seq,
            at: from.at,
            last_wake: Seq::default(),
            rule,
            since_checkpoint: 0,
            last_command: MonoNanos::new(0),
            counters: SequencerCounters {
                commands: group.count("commands"),
                wakes: group.count("wakes"),
                checkpoints: group.count("checkpoints"),
                ingress_full: group.count("ingress_full"),
                unix_ns: group.gauge("unix_ns"),
            },
        }
    }

    /// Commands that sources pushed after the sequencer had ended: never acted on.
    pub(crate) fn unsequenced(&self) -> usize {
        self.sources.pending()
    }

    /// The number of the next command.
    pub(crate) const fn next_seq(&self) -> Seq {
        self.next_seq
    }

    /// Commands sequenced in this run.
    pub(crate) const fn commands(&self) -> u64 {
        self.counters.commands.value()
    }

    /// Whether the last command is near: the sources are gone, or had their time to go.
    fn ending(&mut self, now: Now) -> Ending {
        if self.sources.is_drained() {
            return Ending::OnceEmpty;
        }
        if !self.stop.is_requested() {
            return Ending::No;
        }
        let waited = now.mono.since(*self.stop_seen.get_or_insert(now.mono));
        if waited < self.grace {
            Ending::No
        } else if waited.get() < self.grace.get().saturating_add(OVERDUE.get()) {
            Ending::OnceEmpty
        } else {
            Ending::Now
        }
    }

    fn wake_is_due(&self) -> bool {
        self.engine
            .wake_at(self.last_wake)
            .is_some_and(|at| at <= self.at)
    }

    /// How many commands may still come before the rule wants a checkpoint.
    fn until_checkpoint(&self) -> usize {
        let left = match self.rule.every {
            0 => u64::MAX,
            every => every.saturating_sub(self.since_checkpoint),
        };
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    fn is_idle(&self, now: Now) -> bool {
        self.since_checkpoint > 0 && now.mono.since(self.last_command) >= self.rule.idle
    }
}

/// One round of sequencing into a claim.
struct Round<'a> {
    claim: Claim<'a, Sequenced>,
    next_seq: Seq,
    at: UnixNanos,
    sampled: Option<Seq>,
    meter: Meter,
}

impl Round<'_> {
    #[inline(always)]
    fn push(&mut self, received: MonoNanos, command: Command) {
        let seq = self.next_seq;
        if self.meter.sampling.takes(seq) {
            self.sampled = Some(seq);
        }
        self.claim.push(Sequenced {
            seq,
            at: self.at,
            received,
            command,
        });
        self.next_seq = seq.next();
    }

    /// A command of the sequencer's own: it came from nowhere, so it has no latency.
    fn push_own(&mut self, command: Command) {
        self.push(MonoNanos::new(0), command);
    }
}

impl Worker for Sequencer {
    fn name(&self) -> &'static str {
        "sequencer"
    }

    fn work(&mut self, now: Now) -> usize {
        self.at = self.at.max(now.unix);
        self.counters.unix_ns.set(now.unix.get());
        let wake = self.wake_is_due();
        let (until_checkpoint, idle) = (self.until_checkpoint(), self.is_idle(now));
        // Before looking for commands: a source that is found gone has left all it had.
        let ending = self.ending(now);
        let Some(ingress) = &mut self.ingress else {
            return 0;
        };
        let Some(claim) = claim_up_to(ingress, BATCH) else {
            self.counters.ingress_full.add(1);
            return 0;
        };
        let mut round = Round {
            claim,
            next_seq: self.next_seq,
            at: self.at,
            sampled: None,
            meter: self.meter,
        };
        if wake {
            self.last_wake = round.next_seq;
            self.counters.wakes.add(1);
            round.push_own(Command::Wake);
        }
        // One slot is kept for a checkpoint, and the count is cut where one is due: the same
        // commands have their checkpoints at the same places, however they are bunched.
        let limit = round.claim.left().saturating_sub(1).min(until_checkpoint);
        let taken = self.sources.poll(limit, |inbound, _| {
            round.push(inbound.received, inbound.command)
        });
        self.since_checkpoint += taken as u64;
        let has_room = round.claim.left() > 0;
        let is_over = match ending {
            Ending::No => false,
            Ending::OnceEmpty => taken == 0 && self.sources.pending() == 0,
            Ending::Now => true,
        };
        let last = is_over && has_room;
        let counted = taken == until_checkpoint && has_room;
        if last || counted || (idle && taken == 0 && has_room) {
            self.counters.checkpoints.add(1);
            self.since_checkpoint = 0;
            round.push_own(Command::Checkpoint);
        }
        let (next_seq, sampled) = (round.next_seq, round.sampled);
        if let (Some(seq), Some(hops)) = (sampled, &mut self.hops) {
            let sent = self.meter.clock.mono();
            // A full ring loses a measurement, never a command.
            let _ = hops.try_push(Hop { seq, sent });
        }
        let count = round.claim.publish();
        self.next_seq = next_seq;
        if count > 0 {
            self.counters.commands.add(count as u64);
            self.last_command = now.mono;
        }
        if last {
            self.ingress = None;
        }
        count
    }

    fn is_done(&self) -> bool {
        self.ingress.is_none()
    }
}
