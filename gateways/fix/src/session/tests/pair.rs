//! Two sessions over a pipe that breaks: in the end both agree, and every message came once.

use std::collections::VecDeque;

use dcx_model::Now;
use proptest::prelude::*;

use super::{Effects, at_ms};
use crate::{Input, Message, NextSeqNums, Part, Phase, Scan, Session, Settings, scan};

/// How both ends are set.
#[derive(Clone, Debug)]
struct Ways {
    batch: usize,
    later: usize,
    chunk: u64,
    live: bool,
    next_expected: bool,
}

fn any_ways() -> impl Strategy<Value = Ways> {
    (
        1_usize..5,
        0_usize..6,
        0_u64..4,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(batch, later, chunk, live, next_expected)| Ways {
            batch,
            later,
            chunk,
            live,
            next_expected,
        })
}

/// One end: its session, what it keeps through restarts, and what it has taken.
struct End {
    session: Session,
    sink: Effects,
    submitted: u64,
    /// Bytes on their way to this end.
    incoming: VecDeque<u8>,
    buffer: Vec<u8>,
    taken: Vec<u64>,
}

impl End {
    fn new(part: Part, us: &str, them: &str, ways: &Ways) -> Self {
        let mut settings = Settings::fix44(part, us, them);
        settings.resend_batch = ways.batch;
        settings.later_count_max = ways.later;
        settings.resend_request_chunk = ways.chunk;
        settings.live_during_resend = ways.live;
        settings.next_expected = ways.next_expected;
        settings.last_processed = ways.next_expected;
        settings.validate = None;
        // Messages may wait in the pipe for minutes, and late ones are refused for good.
        settings.sending_time_tolerance = None;
        Self {
            session: Session::new(settings, NextSeqNums::FIRST).unwrap(),
            sink: Effects::default(),
            submitted: 0,
            incoming: VecDeque::new(),
            buffer: Vec::new(),
            taken: Vec::new(),
        }
    }

    fn input(&mut self, now: Now, input: Input<'_>) {
        self.session.handle(now, input, &mut self.sink);
        for raw in self.sink.delivered.drain(..) {
            let message = Message::parse(&raw).unwrap();
            self.taken.push(message.uint(11).unwrap());
        }
    }

    fn submit(&mut self, now: Now) {
        self.submitted += 1;
        let body = format!("11={}\x0158=x\x01", self.submitted).into_bytes();
        let msg_type = b"U1";
        self.input(
            now,
            Input::Submit {
                msg_type,
                body: &body,
                poss_resend: false,
            },
        );
    }

    /// Reads at most `count` bytes of what is on its way.
    fn read(&mut self, now: Now, count: usize) {
        let count = count.min(self.incoming.len());
        self.buffer.extend(self.incoming.drain(..count));
        loop {
            let bytes = std::mem::take(&mut self.buffer);
            let used = match scan(&bytes) {
                Scan::Message { message, len } => {
                    self.input(now, Input::Received(&message));
                    len
                }
                Scan::Garbled { skip, fault } => panic!("{skip} bytes garbled: {fault}"),
                Scan::Incomplete => 0,
            };
            self.buffer = bytes[used..].to_vec();
            if used == 0 {
                return;
            }
        }
    }

    fn cut(&mut self, now: Now) {
        self.incoming.clear();
        self.buffer.clear();
        self.input(now, Input::Disconnected);
    }

    /// A new process: only what the sink was told to keep is left.
    fn restart(&mut self) {
        let settings = self.session.settings().clone();
        self.session = Session::new(settings, self.sink.next).unwrap();
        self.buffer.clear();
    }
}

struct Pipe {
    client: End,
    server: End,
    ms: u64,
    connected: bool,
}

impl Pipe {
    fn now(&self) -> Now {
        at_ms(self.ms)
    }

    fn carry(&mut self) {
        let Self { client, server, .. } = self;
        server.incoming.extend(client.sink.sent.drain(..).flatten());
        client.incoming.extend(server.sink.sent.drain(..).flatten());
        if client.sink.closed.take().is_some() | server.sink.closed.take().is_some() {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let now = self.now();
        self.connected = false;
        for end in [&mut self.client, &mut self.server] {
            end.sink.sent.clear();
            end.cut(now);
            end.sink.closed = None;
        }
    }

    fn connect(&mut self) {
        let now = self.now();
        self.connected = true;
        self.server.input(now, Input::Connected);
        self.client.input(now, Input::Connected);
        self.carry();
    }

    fn step(&mut self, step: &Step) {
        let now = self.now();
        match *step {
            Step::Submit(client) => self.end(client).submit(now),
            Step::Read(client, count) => self.end(client).read(now, count),
            Step::Wait(ms) => {
                self.ms += ms;
                self.tick();
            }
            Step::Cut => self.cut(),
            Step::Restart(client) => {
                self.cut();
                self.end(client).restart();
            }
        }
        self.carry();
        if !self.connected {
            self.connect();
        }
    }

    fn end(&mut self, client: bool) -> &mut End {
        match client {
            true => &mut self.client,
            false => &mut self.server,
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        self.client.input(now, Input::Tick);
        self.server.input(now, Input::Tick);
    }

    fn is_busy(&self) -> bool {
        !self.client.incoming.is_empty() || !self.server.incoming.is_empty()
    }

    /// Lets everything arrive.
    fn settle(&mut self) {
        for _ in 0..400 {
            self.ms += 500;
            self.tick();
            self.carry();
            for round in 0.. {
                if !self.is_busy() {
                    break;
                }
                assert!(round < 1000, "the two talk for ever");
                let now = self.now();
                self.client.read(now, usize::MAX);
                self.server.read(now, usize::MAX);
                self.carry();
            }
            if !self.connected {
                self.connect();
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Submit(bool),
    Read(bool, usize),
    Wait(u64),
    Cut,
    Restart(bool),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(Step::Submit),
        8 => (any::<bool>(), 1_usize..600).prop_map(|(end, count)| Step::Read(end, count)),
        2 => (1_u64..40_000).prop_map(Step::Wait),
        1 => Just(Step::Cut),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn both_ends_agree_and_every_message_comes_once_in_order(
        steps in proptest::collection::vec(any_step(), 1..120),
        ways in any_ways(),
    ) {
        let mut pipe = Pipe {
            client: End::new(Part::Initiator, "A", "B", &ways),
            server: End::new(Part::Acceptor, "B", "A", &ways),
            ms: 0,
            connected: false,
        };
        pipe.connect();
        for step in &steps {
            pipe.step(step);
        }
        pipe.settle();
        let Pipe { client, server, .. } = &pipe;
        prop_assert_eq!(client.session.phase(), Phase::Active);
        prop_assert_eq!(server.session.phase(), Phase::Active);
        let (ours, theirs) = (client.session.next_seq_nums(), server.session.next_seq_nums());
        prop_assert_eq!(ours.inbound, theirs.outbound);
        prop_assert_eq!(ours.outbound, theirs.inbound);
        prop_assert_eq!(&client.taken, &(1..=server.submitted).collect::<Vec<_>>());
        prop_assert_eq!(&server.taken, &(1..=client.submitted).collect::<Vec<_>>());
    }
}
