//! All peers of the measured link, on one thread.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use dcx_fix::{Encoder, Head, Message, Scan, scan};
use dcx_model::{MonoNanos, Nanos};
use dcx_pipeline::{Clock, histogram};
use hdrhistogram::Histogram;

use super::SessionsBenchError;
use super::venue::{SPECIAL, comp_id};

/// How long what must come may take.
const PATIENCE: Nanos = Nanos::from_seconds(120);

/// The measured session sends an order this often, every other one this often.
const MEASURED_EVERY: Nanos = Nanos::new(500_000);
const BUSY_EVERY: Nanos = Nanos::from_millis(10);

struct Peer {
    socket: TcpStream,
    encoder: Encoder,
    next_out: u64,
    message: Vec<u8>,
    read: Vec<u8>,
    due: MonoNanos,
}

impl Peer {
    fn log_on(to: SocketAddr, ix: u16, clock: &mut Clock) -> Result<Self, SessionsBenchError> {
        let socket = TcpStream::connect(to).map_err(failed("connecting"))?;
        let set = socket
            .set_nodelay(true)
            .and_then(|()| socket.set_nonblocking(true));
        set.map_err(failed("setting up a socket"))?;
        let mut peer = Self {
            socket,
            encoder: Encoder::new(b"FIX.4.4", comp_id(ix).as_bytes(), b"VENUE"),
            next_out: 1,
            message: Vec::new(),
            read: Vec::new(),
            due: clock.mono(),
        };
        peer.send(clock, b"A", |body| {
            body.uint(98, 0);
            body.uint(108, 0);
        })?;
        let start = clock.mono();
        let mut is_on = false;
        while !is_on {
            if clock.mono().since(start) > PATIENCE {
                return Err(SessionsBenchError::Silent("the answer to a Logon"));
            }
            peer.take(|_| is_on = true)?;
        }
        Ok(peer)
    }

    fn send(
        &mut self,
        clock: &mut Clock,
        msg_type: &[u8],
        write: impl FnOnce(&mut dcx_fix::Body<'_>),
    ) -> Result<(), SessionsBenchError> {
        let head = Head::new(msg_type, self.next_out, clock.now().unix);
        self.next_out += 1;
        let bytes = self.encoder.encode(&mut self.message, &head, write);
        // Few bytes are under way at any time: they fit in the kernel's buffer.
        self.socket.write_all(bytes).map_err(failed("sending"))
    }

    fn order(&mut self, clock: &mut Clock, id: u64) -> Result<(), SessionsBenchError> {
        let now = clock.now().unix;
        self.send(clock, b"D", |body| {
            body.uint(11, id);
            body.str(55, "EURUSD");
            body.char(54, b'1');
            body.time(60, now);
            body.uint(38, 100);
            body.char(40, b'2');
            body.str(44, "1.1");
        })
    }

    /// Reads once and gives every whole message to `with`.
    fn take(&mut self, mut with: impl FnMut(&Message<'_>)) -> Result<(), SessionsBenchError> {
        let mut chunk = [0; 65_536];
        match self.socket.read(&mut chunk) {
            Ok(count) => self
                .read
                .extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(failed("reading")(error)),
        }
        let mut at = 0;
        loop {
            match scan(self.read.get(at..).unwrap_or_default()) {
                Scan::Message { message, len } => {
                    with(&message);
                    at += len;
                }
                Scan::Garbled { skip, .. } => at += skip,
                Scan::Incomplete => break,
            }
        }
        self.read.drain(..at);
        Ok(())
    }

    /// Reads once and looks at nothing.
    fn discard(&mut self) -> Result<(), SessionsBenchError> {
        let mut chunk = [0; 16_384];
        match self.socket.read(&mut chunk) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(failed("reading")(error)),
        }
    }
}

pub(super) struct Peers {
    clock: Clock,
    measured: Peer,
    /// Never read once they are logged on.
    _silent: Vec<Peer>,
    busy: Vec<Peer>,
    turn: usize,
    /// When the orders of the measured session were due; their ids are the places, from 1.
    due: Vec<MonoNanos>,
    /// How many of them were answered.
    answered: usize,
    /// The highest number that was sent to it again, gap fills included.
    again_to: u64,
    next_in: u64,
}

impl Peers {
    pub(super) fn log_on(to: SocketAddr, busy: u16) -> Result<Self, SessionsBenchError> {
        let mut clock = Clock::start();
        let measured = Peer::log_on(to, 0, &mut clock)?;
        let mut all = |ixs: std::ops::Range<u16>| -> Result<Vec<Peer>, SessionsBenchError> {
            ixs.map(|ix| Peer::log_on(to, ix, &mut clock)).collect()
        };
        let silent = all(1..SPECIAL)?;
        let busy = all(SPECIAL..busy + SPECIAL)?;
        Ok(Self {
            clock,
            measured,
            _silent: silent,
            busy,
            turn: 0,
            due: Vec::new(),
            answered: 0,
            again_to: 0,
            next_in: 2,
        })
    }

    pub(super) fn measure_for(
        &mut self,
        span: Duration,
    ) -> Result<Histogram<u64>, SessionsBenchError> {
        let span = Nanos::new(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX));
        let until = self.clock.mono().plus(span);
        self.measure("time", |peers| peers.clock.mono() >= until)
    }

    pub(super) fn measure_until(
        &mut self,
        what: &'static str,
        done: impl Fn() -> bool,
    ) -> Result<Histogram<u64>, SessionsBenchError> {
        self.measure(what, |_| done())
    }

    /// Reads what is sent to the measured session besides its answers.
    pub(super) fn read_fill(&mut self, count: u64) -> Result<(), SessionsBenchError> {
        let to = self.next_in + count;
        self.measure("the messages to resend", |peers| peers.next_in >= to)
            .map(drop)
    }

    /// Asks for everything again and measures until it is there.
    pub(super) fn measure_resend(&mut self) -> Result<Histogram<u64>, SessionsBenchError> {
        let to = self.next_in - 1;
        let Self {
            clock, measured, ..
        } = self;
        measured.send(clock, b"2", |body| {
            body.uint(7, 1);
            body.uint(16, to);
        })?;
        self.measure("what was asked for again", |peers| peers.again_to >= to)
    }

    fn measure(
        &mut self,
        what: &'static str,
        done: impl Fn(&Self) -> bool,
    ) -> Result<Histogram<u64>, SessionsBenchError> {
        let mut latency = histogram();
        let start = self.clock.mono();
        self.measured.due = start;
        // What is still on its way when it is over counts too: it may be what was late.
        let mut over = false;
        while !over || self.answered < self.due.len() {
            over |= done(self);
            if self.clock.mono().since(start) > PATIENCE {
                return Err(SessionsBenchError::Silent(what));
            }
            self.trade(!over)?;
            let Self {
                clock,
                measured,
                due,
                answered,
                again_to,
                next_in,
                ..
            } = self;
            measured.take(|message| {
                let number = message.msg_seq_num().unwrap_or(0);
                if message.poss_dup() {
                    let filled = message.uint(36).map_or(number, |next| next - 1);
                    *again_to = filled.max(*again_to);
                    return;
                }
                *next_in = number + 1;
                let place = message.uint(11).ok().filter(|id| *id > 0).map(|id| id - 1);
                let place = place.and_then(|place| usize::try_from(place).ok());
                if let Some(due) = place.and_then(|place| due.get(place)) {
                    *answered += 1;
                    let took = clock.mono().since(*due).get();
                    latency.saturating_record(took);
                }
            })?;
        }
        Ok(latency)
    }

    /// Sends what is due, and reads one of the busy ones.
    fn trade(&mut self, measured: bool) -> Result<(), SessionsBenchError> {
        let now = self.clock.mono();
        if measured && now >= self.measured.due {
            self.due.push(self.measured.due);
            self.measured.due = self.measured.due.plus(MEASURED_EVERY);
            let id = self.due.len() as u64;
            self.measured.order(&mut self.clock, id)?;
        }
        self.turn = (self.turn + 1) % self.busy.len().max(1);
        let Some(peer) = self.busy.get_mut(self.turn) else {
            return Ok(());
        };
        peer.discard()?;
        if now >= peer.due {
            peer.due = now.plus(BUSY_EVERY);
            let id = peer.next_out;
            peer.order(&mut self.clock, id)?;
        }
        Ok(())
    }
}

fn failed(doing: &'static str) -> impl FnOnce(std::io::Error) -> SessionsBenchError {
    move |source| SessionsBenchError::System { doing, source }
}
