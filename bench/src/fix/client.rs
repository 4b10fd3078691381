//! The client: sends orders as a load says and checks that each comes back accepted.

use std::hint;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use dcx_fix::{Body, Encoder, Head, Message, Scan, Scanner};
use dcx_model::{MonoNanos, Nanos, UnixNanos};
use dcx_pipeline::{Clock, histogram};
use hdrhistogram::Histogram;

use super::{FixBenchError, Round};

/// How long an answer may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Rounds without an answer between two looks at [`PATIENCE`].
const LOOK_EVERY: u32 = 1 << 16;

/// Orders that an open loop sends at once when it is behind.
const BURST_MAX: u64 = 64;

/// Orders in flight while an open loop warms up.
const WARM_UP_WINDOW: u64 = 16;

/// Longest answer.
const ANSWER_LEN_MAX: usize = 4096;

/// `ClOrdID` (11) of the order before the first: 17 digits, as long as real ones are.
const ID_BASE: u64 = 10_000_000_000_000_000;

/// One FIX session from the client's side.
pub(super) struct Client {
    socket: TcpStream,
    encoder: Encoder,
    msg_seq_num: u64,
    /// The message being encoded.
    message: Vec<u8>,
    /// Messages to be written with one call.
    output: Vec<u8>,
    input: Box<[u8]>,
    head: usize,
    tail: usize,
    clock: Clock,
    /// Orders sent and answered on this session.
    sent: u64,
    answered: u64,
    /// When each order was sent, or was due.
    began: Vec<MonoNanos>,
}

impl Client {
    /// Connects and logs on, both numbers from 1.
    pub(super) fn log_on(server: SocketAddr) -> Result<Self, FixBenchError> {
        let socket = TcpStream::connect(server).map_err(socket_error("connecting"))?;
        let set_up = socket
            .set_nodelay(true)
            .and_then(|()| socket.set_nonblocking(true));
        set_up.map_err(socket_error("setting up the client's socket"))?;
        let mut client = Self {
            socket,
            encoder: Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX"),
            msg_seq_num: 0,
            message: Vec::new(),
            output: Vec::new(),
            input: vec![0; 1 << 20].into(),
            head: 0,
            tail: 0,
            clock: Clock::start(),
            sent: 0,
            answered: 0,
            began: Vec::new(),
        };
        let at = client.clock.now().unix;
        client.send(b"A", at, |body| {
            body.uint(98, 0);
            body.uint(108, 30);
            body.bool(141, true);
        });
        client.flush()?;
        let mut waiting = Waiting::default();
        loop {
            client.fill()?;
            match client.next(|message| message.msg_type() == b"A") {
                Some(true) => return Ok(client),
                Some(false) => return Err(client.unexpected()),
                None => client.wait(&mut waiting)?,
            }
        }
    }

    /// Keeps `window` orders unanswered until `warm_up + orders` are answered.
    pub(super) fn closed_loop(
        &mut self,
        window: u64,
        warm_up: u64,
        orders: u64,
    ) -> Result<Round, FixBenchError> {
        let mut latency = histogram();
        self.expect(warm_up + orders);
        self.keep_in_flight(window, warm_up, None)?;
        let start = self.clock.mono();
        self.keep_in_flight(window, warm_up + orders, Some(&mut latency))?;
        Ok(self.round(latency, orders, start))
    }

    /// Sends `orders` at `rate` a second, after a warm-up.
    pub(super) fn open_loop(
        &mut self,
        rate: u64,
        warm_up: u64,
        orders: u64,
    ) -> Result<Round, FixBenchError> {
        let mut latency = histogram();
        self.expect(warm_up + orders);
        self.keep_in_flight(WARM_UP_WINDOW, warm_up, None)?;
        let start = self.clock.mono().plus(Nanos::from_millis(5));
        let due = |order: u64| {
            start.plus(Nanos::new(
                (order - warm_up) * dcx_model::NANOS_PER_S / rate,
            ))
        };
        let mut waiting = Waiting::default();
        while self.answered < warm_up + orders {
            let burst_end = (warm_up + orders).min(self.sent + BURST_MAX);
            let now = self.clock.now();
            while self.sent < burst_end && due(self.sent) <= now.mono {
                self.order(due(self.sent), now.unix);
            }
            self.flush()?;
            self.fill()?;
            if self.take_answers(Some(&mut latency))? == 0 {
                self.wait(&mut waiting)?;
            }
        }
        Ok(self.round(latency, orders, start))
    }

    /// Logs out and waits until the server has closed the connection.
    pub(super) fn log_out(mut self) -> Result<(), FixBenchError> {
        let at = self.clock.now().unix;
        self.send(b"5", at, |_| {});
        self.flush()?;
        let closing = self.socket.set_nonblocking(false);
        let closing = closing.and_then(|()| self.socket.set_read_timeout(Some(PATIENCE)));
        closing.map_err(socket_error("setting up the client's socket"))?;
        loop {
            match self.socket.read(&mut self.input) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // A server that closes with our bytes unread resets; gone it is either way.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(socket_error("waiting for the server to close")(error)),
            }
        }
    }

    fn expect(&mut self, orders: u64) {
        let orders = usize::try_from(orders).expect("orders fit in memory");
        self.began = Vec::with_capacity(orders);
    }

    fn round(&self, latency: Histogram<u64>, orders: u64, start: MonoNanos) -> Round {
        let took = self.clock.mono().since(start).get().max(1);
        Round {
            per_s: orders.saturating_mul(dcx_model::NANOS_PER_S) / took,
            latency,
        }
    }

    fn keep_in_flight(
        &mut self,
        window: u64,
        until: u64,
        mut latency: Option<&mut Histogram<u64>>,
    ) -> Result<(), FixBenchError> {
        let mut waiting = Waiting::default();
        while self.answered < until {
            while self.sent < until && self.sent - self.answered < window {
                let now = self.clock.now();
                self.order(now.mono, now.unix);
            }
            self.flush()?;
            self.fill()?;
            if self.take_answers(latency.as_deref_mut())? == 0 {
                self.wait(&mut waiting)?;
            }
        }
        Ok(())
    }

    /// Encodes the next order, whose latency counts from `began`.
    fn order(&mut self, began: MonoNanos, at: UnixNanos) {
        self.sent += 1;
        self.began.push(began);
        let id = ID_BASE + self.sent;
        self.send(b"D", at, |body| {
            body.uint(11, id);
            body.char(21, b'1');
            body.bytes(55, b"EURUSD");
            body.char(54, b'1');
            body.time(60, at);
            body.bytes(38, b"100");
            body.char(40, b'2');
            body.bytes(44, b"1.1000");
            body.char(59, b'0');
        });
    }

    fn send(&mut self, msg_type: &[u8], at: UnixNanos, write: impl FnOnce(&mut Body<'_>)) {
        self.msg_seq_num += 1;
        let head = Head::new(msg_type, self.msg_seq_num, at);
        let bytes = self.encoder.encode(&mut self.message, &head, write);
        self.output.extend_from_slice(bytes);
    }

    /// Writes what was encoded, reading meanwhile: the server may be waiting to write too.
    fn flush(&mut self) -> Result<(), FixBenchError> {
        let mut written = 0;
        while written < self.output.len() {
            match self.socket.write(&self.output[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.fill()?,
                Err(error) => return Err(socket_error("writing")(error)),
            }
        }
        self.output.clear();
        Ok(())
    }

    /// Reads once.
    fn fill(&mut self) -> Result<(), FixBenchError> {
        if self.head == self.tail {
            (self.head, self.tail) = (0, 0);
        } else if self.input.len() - self.tail < ANSWER_LEN_MAX {
            self.input.copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.tail - self.head);
        }
        match self.socket.read(&mut self.input[self.tail..]) {
            Ok(0) => Err(socket_error("reading")(ErrorKind::UnexpectedEof.into())),
            Ok(count) => {
                self.tail += count;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(socket_error("reading")(error)),
        }
    }

    /// Hands the next whole message to `with`.
    fn next<R>(&mut self, with: impl FnOnce(&Message<'_>) -> R) -> Option<R> {
        match Scanner::new(ANSWER_LEN_MAX).scan(&self.input[self.head..self.tail]) {
            Scan::Message { message, len } => {
                let result = with(&message);
                self.head += len;
                Some(result)
            }
            Scan::Incomplete | Scan::Garbled { .. } => None,
        }
    }

    /// Takes the answers that have come. Returns how many.
    fn take_answers(
        &mut self,
        mut latency: Option<&mut Histogram<u64>>,
    ) -> Result<u64, FixBenchError> {
        let before = self.answered;
        loop {
            let due = ID_BASE + self.answered + 1;
            let answered_in_order = |message: &Message<'_>| match message.msg_type() {
                b"8" => message.get(150) == Some(b"0") && message.uint(11) == Ok(due),
                _ => false,
            };
            // Before the fields are looked at: the server is done once its bytes are here.
            let now = self.clock.mono();
            match self.next(answered_in_order) {
                Some(true) => {}
                Some(false) => return Err(self.unexpected()),
                None => return Ok(self.answered - before),
            }
            let began = usize::try_from(self.answered)
                .ok()
                .and_then(|ix| self.began.get(ix));
            if let (Some(latency), Some(began)) = (&mut latency, began) {
                latency.saturating_record(now.since(*began).get());
            }
            self.answered += 1;
        }
    }

    #[cold]
    fn unexpected(&self) -> FixBenchError {
        // The message that was taken ends where the next begins.
        let text = String::from_utf8_lossy(&self.input[..self.head]).replace('\u{1}', "|");
        let start = text.rfind("8=FIX").unwrap_or(0);
        FixBenchError::Unexpected {
            order: self.answered + u64::from(self.sent > 0),
            answer: text[start..].to_owned(),
        }
    }

    /// Spins, and gives up when there has been no answer for too long.
    fn wait(&self, waiting: &mut Waiting) -> Result<(), FixBenchError> {
        hint::spin_loop();
        waiting.rounds = waiting.rounds.wrapping_add(1);
        if !waiting.rounds.is_multiple_of(LOOK_EVERY) {
            return Ok(());
        }
        let now = self.clock.mono();
        match waiting.since {
            Some((answered, since)) if answered == self.answered => {
                if Duration::from_nanos(now.since(since).get()) > PATIENCE {
                    return Err(FixBenchError::Silent {
                        order: self.answered + u64::from(self.sent > 0),
                        seconds: PATIENCE.as_secs(),
                    });
                }
            }
            _ => waiting.since = Some((self.answered, now)),
        }
        Ok(())
    }
}

/// How long there has been no answer.
#[derive(Default)]
struct Waiting {
    rounds: u32,
    /// How many orders were answered when it was looked at, and since when it is that many.
    since: Option<(u64, MonoNanos)>,
}

fn socket_error(doing: &'static str) -> impl FnOnce(std::io::Error) -> FixBenchError {
    move |source| FixBenchError::Socket { doing, source }
}
