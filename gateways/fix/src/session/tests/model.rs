//! Every way that two sessions can go, within small bounds: from each of them both return to
//! agreement, and every message arrives once and in order.
//!
//! A world is two sessions and the messages between them. Its steps: either side sends, the first
//! message under way arrives, the connection breaks and takes with it what was under way, a side
//! crashes and goes on from what it had kept, or from less: what it took last was not on disk yet;
//! a gap's or a heartbeat's time passes; numbers restart with a logon. All orders of
//! these are tried; worlds that look the same are looked at once. Within a connection TCP keeps
//! the order; across connections what was lost comes again beside what is new, in any order.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Effects, at_ms};
use crate::{Input, Message, NextSeqNums, Part, Phase, Session, Settings};

/// How often each thing may happen.
#[derive(Clone, Copy, Debug, Hash)]
struct Left {
    sends: [u8; 2],
    cuts: u8,
    crashes: u8,
    /// Crashes that lose the last number taken.
    losses: u8,
    waits: u8,
}

struct End {
    session: Session,
    sink: Effects,
    /// On their way to this end, in order.
    incoming: VecDeque<Vec<u8>>,
    sent: u64,
    taken: Vec<u64>,
    /// Numbers that went out since numbers began.
    told: BTreeSet<u64>,
}

impl End {
    /// What goes out under a number that went out before says so.
    fn tell(&mut self) -> impl Iterator<Item = Vec<u8>> {
        for raw in &self.sink.sent {
            let message = Message::parse(raw).unwrap();
            let number = message.msg_seq_num().unwrap();
            if message.msg_type() == b"A" && number == 1 {
                self.told.clear();
            }
            let is_new = self.told.insert(number);
            assert!(
                is_new || message.poss_dup(),
                "{number} went out twice as new"
            );
        }
        self.sink.sent.drain(..)
    }
}

struct World {
    ends: [End; 2],
    connected: bool,
    ms: u64,
    left: Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Send(usize),
    Arrive(usize),
    Cut,
    Crash(usize),
    Lose(usize),
    Wait,
}

const STEPS: [Step; 10] = [
    Step::Send(0),
    Step::Send(1),
    Step::Arrive(0),
    Step::Arrive(1),
    Step::Cut,
    Step::Crash(0),
    Step::Crash(1),
    Step::Lose(0),
    Step::Lose(1),
    Step::Wait,
];

impl World {
    fn new(ways: impl Fn(&mut Settings), left: Left) -> Self {
        let end = |part, us, them| {
            let mut settings = Settings::fix44(part, us, them);
            settings.validate = None;
            settings.sending_time_tolerance = None;
            ways(&mut settings);
            End {
                session: Session::new(settings, NextSeqNums::FIRST).unwrap(),
                sink: Effects::default(),
                incoming: VecDeque::new(),
                sent: 0,
                taken: Vec::new(),
                told: BTreeSet::new(),
            }
        };
        let mut world = Self {
            ends: [
                end(Part::Initiator, "A", "B"),
                end(Part::Acceptor, "B", "A"),
            ],
            connected: false,
            ms: 0,
            left,
        };
        world.connect();
        world
    }

    fn input(&mut self, end: usize, input: Input<'_>) {
        let now = at_ms(self.ms);
        let end = &mut self.ends[end];
        end.session.handle(now, input, &mut end.sink);
        for raw in end.sink.delivered.drain(..) {
            let message = Message::parse(&raw).unwrap();
            end.taken.push(message.uint(11).unwrap());
        }
        // What is kept agrees with what is believed, after every step: a crash may follow.
        assert_eq!(end.session.next_seq_nums(), end.sink.next);
        end.sink.events.clear();
    }

    fn carry(&mut self) {
        let [a, b] = &mut self.ends;
        b.incoming.extend(a.tell());
        a.incoming.extend(b.tell());
        if a.sink.closed.is_some() || b.sink.closed.is_some() {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.connected = false;
        for ix in [0, 1] {
            self.input(ix, Input::Disconnected);
            let end = &mut self.ends[ix];
            end.incoming.clear();
            end.sink.sent.clear();
            end.sink.closed = None;
            if end.session.settings().reset_on_disconnect {
                end.told.clear();
            }
        }
    }

    fn connect(&mut self) {
        self.connected = true;
        self.input(1, Input::Connected);
        self.input(0, Input::Connected);
        self.carry();
    }

    /// Takes a step, if it can be taken.
    fn step(&mut self, step: Step) -> bool {
        let counter = match step {
            Step::Send(end) => Some(&mut self.left.sends[end]),
            Step::Cut => Some(&mut self.left.cuts),
            Step::Crash(_) => Some(&mut self.left.crashes),
            Step::Lose(_) => Some(&mut self.left.losses),
            Step::Wait => Some(&mut self.left.waits),
            Step::Arrive(_) => None,
        };
        if let Some(left) = counter {
            if *left == 0 {
                return false;
            }
            *left -= 1;
        }
        match step {
            Step::Send(end) => self.send(end),
            Step::Arrive(end) => {
                let Some(raw) = self.ends[end].incoming.pop_front() else {
                    return false;
                };
                let message = Message::parse(&raw).unwrap();
                self.input(end, Input::Received(&message));
            }
            Step::Cut => self.cut(),
            Step::Crash(end) | Step::Lose(end) => {
                self.cut();
                let end = &mut self.ends[end];
                if matches!(step, Step::Lose(_)) {
                    end.sink.next.inbound = (end.sink.next.inbound - 1).max(1);
                }
                let settings = end.session.settings().clone();
                end.session = Session::new(settings, end.sink.next).unwrap();
            }
            Step::Wait => {
                self.ms += 31_000;
                self.input(0, Input::Tick);
                self.input(1, Input::Tick);
            }
        }
        self.carry();
        if !self.connected {
            self.connect();
        }
        true
    }

    fn send(&mut self, end: usize) {
        self.ends[end].sent += 1;
        let body = format!("11={}\x01", self.ends[end].sent).into_bytes();
        let input = Input::Submit {
            msg_type: b"U1",
            body: &body,
            poss_resend: false,
        };
        self.input(end, input);
    }

    /// Everything that can change what happens next.
    fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.left.hash(&mut hasher);
        for end in &self.ends {
            format!("{:?}", end.session.state_shown()).hash(&mut hasher);
            end.incoming.hash(&mut hasher);
            end.sink.kept.hash(&mut hasher);
            end.sink.wake_at.get().hash(&mut hasher);
            (end.sent, &end.taken).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Lets everything arrive, with nothing more going wrong.
    fn settle(&mut self) {
        for _ in 0..8 {
            for round in 0.. {
                let before = [self.ends[0].incoming.len(), self.ends[1].incoming.len()];
                self.step(Step::Arrive(0));
                self.step(Step::Arrive(1));
                self.input(0, Input::Tick);
                self.input(1, Input::Tick);
                self.carry();
                let quiet = before == [0, 0] && self.ends.iter().all(|it| it.incoming.is_empty());
                if quiet && self.connected {
                    break;
                }
                assert!(round < 500, "the two talk for ever");
                if !self.connected {
                    self.connect();
                }
            }
            self.ms += 11_000;
        }
    }

    fn agrees(&self, promise: Promise) -> bool {
        let [a, b] = &self.ends;
        let (ours, theirs) = (a.session.next_seq_nums(), b.session.next_seq_nums());
        self.ends
            .iter()
            .all(|end| end.session.phase() == Phase::Active)
            && ours.inbound == theirs.outbound
            && ours.outbound == theirs.inbound
            && promise.is_kept(&a.taken, b.sent)
            && promise.is_kept(&b.taken, a.sent)
    }
}

/// What may be said of the messages that arrived.
#[derive(Clone, Copy, Debug)]
enum Promise {
    /// Each once, in order.
    Once,
    /// None is missing and none comes before one that was sent earlier did; a store that lost what
    /// was taken last takes that again.
    All,
    /// None twice, in order: a restart of numbers gives up what was under way.
    NoneTwice,
}

impl Promise {
    fn is_kept(self, taken: &[u64], sent: u64) -> bool {
        match self {
            Self::Once => taken.iter().copied().eq(1..=sent),
            Self::All => {
                let mut next = 1;
                let in_order = taken.iter().all(|number| {
                    let fits = *number <= next;
                    next = next.max(number + 1);
                    fits
                });
                in_order && next == sent + 1
            }
            Self::NoneTwice => {
                taken.is_sorted_by(|a, b| a < b) && taken.iter().all(|it| *it <= sent)
            }
        }
    }
}

/// The world after these steps, or `None` if one of them could not be taken.
fn replay(ways: &impl Fn(&mut Settings), left: Left, path: &[Step]) -> Option<World> {
    let mut world = World::new(ways, left);
    path.iter().all(|step| world.step(*step)).then_some(world)
}

/// Tries everything and returns how many different worlds there were.
fn explore(ways: impl Fn(&mut Settings), left: Left, promise: Promise) -> usize {
    let mut seen = BTreeSet::from([World::new(&ways, left).print()]);
    let mut paths: VecDeque<Vec<Step>> = VecDeque::from([Vec::new()]);
    while let Some(path) = paths.pop_front() {
        for step in STEPS {
            let next = [path.as_slice(), &[step]].concat();
            let Some(mut world) = replay(&ways, left, &next) else {
                continue;
            };
            if !seen.insert(world.print()) {
                continue;
            }
            world.settle();
            assert!(world.agrees(promise), "after {next:?}");
            paths.push_back(next);
        }
    }
    seen.len()
}

const SMALL: Left = Left {
    sends: [1, 1],
    cuts: 1,
    crashes: 1,
    losses: 0,
    waits: 0,
};

#[test]
fn from_every_world_both_sides_return_to_agreement() {
    let worlds = explore(|_| {}, SMALL, Promise::Once);
    assert!(worlds > 1_000, "only {worlds} were looked at");
}

#[test]
fn so_they_do_when_they_ask_in_parts_and_resend_one_by_one() {
    let worlds = explore(
        |settings| {
            settings.resend_request_chunk = 1;
            settings.resend_batch = 1;
            settings.live_during_resend = false;
        },
        Left {
            sends: [2, 1],
            crashes: 0,
            ..SMALL
        },
        Promise::Once,
    );
    assert!(worlds > 1_000, "only {worlds} were looked at");
}

#[test]
fn so_they_do_when_they_tell_what_they_expect() {
    let worlds = explore(
        |settings| {
            settings.next_expected = true;
            settings.last_processed = true;
        },
        SMALL,
        Promise::Once,
    );
    assert!(worlds > 1_000, "only {worlds} were looked at");
}

#[test]
fn so_they_do_with_no_room_behind_a_gap_while_time_passes() {
    let worlds = explore(
        |settings| settings.later_count_max = 0,
        Left {
            sends: [1, 1],
            cuts: 1,
            crashes: 0,
            losses: 0,
            waits: 1,
        },
        Promise::Once,
    );
    assert!(worlds > 1_000, "only {worlds} were looked at");
}

#[test]
fn so_they_do_after_a_store_that_lost_what_was_taken_last() {
    let left = Left {
        crashes: 0,
        losses: 1,
        ..SMALL
    };
    let worlds = explore(|_| {}, left, Promise::All);
    assert!(worlds > 1_000, "only {worlds} were looked at");
}

#[test]
fn so_they_do_when_every_logon_restarts_the_numbers() {
    let worlds = explore(
        |settings| settings.reset_on_logon = true,
        Left {
            sends: [2, 2],
            cuts: 2,
            ..SMALL
        },
        Promise::NoneTwice,
    );
    assert!(worlds > 1_000, "only {worlds} were looked at");
}

#[test]
fn so_they_do_when_both_restart_the_numbers_as_a_connection_ends() {
    let worlds = explore(
        |settings| settings.reset_on_disconnect = true,
        SMALL,
        Promise::NoneTwice,
    );
    assert!(worlds > 1_000, "only {worlds} were looked at");
}
