//! Links for tests: one that plays a script, one that is a venue, one that is slow.

use std::sync::mpsc::{Receiver, Sender, channel};

use dcx_model::{Command, Inbound, Now, Outbound};
use dcx_pipeline::LinkEnds;
use dcx_ring::Worker;

/// Plays a script as fast as it is taken, and tells every event that comes out.
pub(crate) struct Player {
    ends: LinkEnds,
    script: std::vec::IntoIter<Command>,
    next: Option<Command>,
    /// Whether it goes once the script is played, or waits for the wish to stop.
    leaves: bool,
    inbound_open: bool,
    /// Rounds in which events are not taken, for each in which one is.
    pauses: usize,
    paused: usize,
    told: Sender<Outbound>,
    /// What answers events, where the link is a venue as well.
    answer: Option<fn(&Outbound, &mut u64) -> Vec<Command>>,
    answers: Vec<Command>,
    exec_ids: u64,
}

impl Player {
    pub(crate) fn new(ends: LinkEnds, script: Vec<Command>) -> (Self, Receiver<Outbound>) {
        let (told, seen) = channel();
        let player = Self {
            ends,
            script: script.into_iter(),
            next: None,
            leaves: true,
            inbound_open: true,
            pauses: 0,
            paused: 0,
            told,
            answer: None,
            answers: Vec::new(),
            exec_ids: 0,
        };
        (player, seen)
    }

    /// Stays until somebody wishes to stop.
    pub(crate) fn staying(mut self) -> Self {
        self.leaves = false;
        self
    }

    /// Takes one event, then none for `pauses` rounds.
    pub(crate) fn slow(mut self, pauses: usize) -> Self {
        self.pauses = pauses;
        self
    }

    /// How many events may be taken in this round.
    fn pace(&mut self) -> usize {
        if self.pauses == 0 {
            return usize::MAX;
        }
        self.paused = (self.paused + 1) % (self.pauses + 1);
        usize::from(self.paused == 0)
    }

    /// Answers events as `answer` says.
    pub(crate) fn answering(mut self, answer: fn(&Outbound, &mut u64) -> Vec<Command>) -> Self {
        self.answer = Some(answer);
        self
    }

    fn push(&mut self, now: Now) -> usize {
        let mut count = 0;
        while let Some(command) = self.next.take().or_else(|| self.take_next()) {
            let inbound = Inbound {
                received: now.mono,
                command,
            };
            if self.ends.inbound.try_push(inbound).is_err() {
                self.next = Some(command);
                break;
            }
            count += 1;
        }
        count
    }

    fn take_next(&mut self) -> Option<Command> {
        if self.answers.is_empty() {
            return self.script.next();
        }
        Some(self.answers.remove(0))
    }

    fn is_played(&self) -> bool {
        self.next.is_none() && self.answers.is_empty() && self.script.len() == 0
    }
}

impl Worker for Player {
    fn name(&self) -> &'static str {
        "player"
    }

    fn work(&mut self, now: Now) -> usize {
        let pace = self.pace();
        let Self {
            ends,
            told,
            answer,
            answers,
            exec_ids,
            ..
        } = self;
        let taken = ends.outbound.poll(pace, |outbound, _, _| {
            // Nobody listens where a test looks at the report alone.
            let _ = told.send(*outbound);
            if let Some(answer) = answer {
                answers.extend(answer(outbound, exec_ids));
            }
        });
        let pushed = if self.inbound_open { self.push(now) } else { 0 };
        let may_leave = self.leaves || self.ends.stop.is_requested();
        if self.inbound_open && may_leave && self.is_played() && taken == 0 {
            self.inbound_open = false;
            // A ring of one slot takes the place of the one that is given up.
            let (nowhere, _) = dcx_ring::spsc(1).expect("one is a power of two");
            self.ends.inbound = nowhere;
        }
        taken + pushed
    }

    fn is_done(&self) -> bool {
        !self.inbound_open && self.ends.outbound.is_drained()
    }
}
