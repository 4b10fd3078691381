//! Venues of few lines: they log on, take orders, fill most of them, cancel the others when asked,
//! and note when the last order came.
//!
//! They have no thread of their own: whoever measures works them, so that on two cores only the
//! measured threads and one other want to run, and what is noted needs no lock.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use dcx_fix::{Body, Encoder, Head, Message, Scan, Scanner};
use dcx_model::MonoNanos;
use dcx_pipeline::Clock;

use super::HaltBenchError;

/// The longest message that is understood.
const MESSAGE_MAX: usize = 4_096;

/// Bytes that are read at once: some hundred orders. Less is looked at sooner.
const READ_MAX: usize = 32_768;

/// All venues.
pub(super) struct Venues {
    addrs: Vec<SocketAddr>,
    desks: Vec<Desk>,
    chunk: Box<[u8]>,
}

/// What a venue has noted of the orders that it read.
#[derive(Default)]
struct Notes {
    orders: u64,
    /// When the last of them was read.
    last_order_at: MonoNanos,
    /// Bytes that had reached the socket when the halt was acknowledged; none before.
    at_ack: Option<u64>,
    after_ack: u64,
}

impl Venues {
    /// Opens `count` venues on free ports of the loopback.
    pub(super) fn open(count: u8, working_one_in: u64) -> Result<Self, HaltBenchError> {
        let desks = (0..count).map(|ix| Desk::open(ix, working_one_in));
        let desks: io::Result<Vec<Desk>> = desks.collect();
        let desks = desks.map_err(HaltBenchError::Venue)?;
        let addrs = desks.iter().map(|desk| desk.listener.local_addr());
        let addrs: io::Result<Vec<SocketAddr>> = addrs.collect();
        Ok(Self {
            addrs: addrs.map_err(HaltBenchError::Venue)?,
            desks,
            chunk: vec![0; READ_MAX].into(),
        })
    }

    pub(super) fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Notes times by this clock from now on: those of two clocks that were started apart cannot
    /// be compared.
    pub(super) fn set_clock(&mut self, clock: Clock) {
        for desk in &mut self.desks {
            desk.clock = clock;
        }
    }

    /// Reads, answers, writes; says how many bytes that were.
    pub(super) fn work(&mut self) -> usize {
        let chunk = &mut self.chunk;
        let desks = self.desks.iter_mut();
        desks.map(|desk| desk.work(chunk)).sum()
    }

    /// Orders that all venues have read so far.
    pub(super) fn orders(&self) -> u64 {
        self.desks.iter().map(|desk| desk.notes.orders).sum()
    }

    /// When the last order was read.
    pub(super) fn last_order_at(&self) -> MonoNanos {
        let last = self.desks.iter().map(|desk| desk.notes.last_order_at);
        last.max().unwrap_or_default()
    }

    /// A halt was acknowledged: an order whose bytes have not reached a venue's socket by now
    /// counts as one too many. What has reached it and is not read yet does not.
    pub(super) fn acknowledge(&mut self) -> io::Result<()> {
        for desk in &mut self.desks {
            let waiting = match &desk.socket {
                Some(socket) => rustix::io::ioctl_fionread(socket)?,
                None => 0,
            };
            desk.notes.at_ack = Some(desk.read + waiting);
        }
        Ok(())
    }

    /// Orders that came after the acknowledgement; from now on they may come again.
    pub(super) fn take_after_ack(&mut self) -> u64 {
        let desks = self.desks.iter_mut().map(|desk| {
            desk.notes.at_ack = None;
            std::mem::take(&mut desk.notes.after_ack)
        });
        desks.sum()
    }
}

/// One venue at work.
struct Desk {
    listener: TcpListener,
    socket: Option<TcpStream>,
    working_one_in: u64,
    encoder: Encoder,
    msg_seq_num: u64,
    message: Vec<u8>,
    input: Vec<u8>,
    output: Vec<u8>,
    clock: Clock,
    reports: u64,
    /// Bytes read from the socket.
    read: u64,
    notes: Notes,
}

impl Desk {
    fn open(ix: u8, working_one_in: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let name = format!("VENUE{ix}");
        Ok(Self {
            listener,
            socket: None,
            working_one_in,
            encoder: Encoder::new(b"FIX.4.4", name.as_bytes(), b"DCX"),
            msg_seq_num: 0,
            message: Vec::new(),
            input: Vec::new(),
            output: Vec::new(),
            clock: Clock::start(),
            reports: 0,
            read: 0,
            notes: Notes::default(),
        })
    }

    fn work(&mut self, chunk: &mut [u8]) -> usize {
        if self.socket.is_none() {
            self.socket = self.accept();
        }
        let Some(socket) = &mut self.socket else {
            return 0;
        };
        let count = match socket.read(chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => return 0,
        };
        if count > 0 {
            // The bytes are here now, whatever it takes to understand them.
            let at = self.clock.mono();
            let start = self.read - self.input.len() as u64;
            self.read += count as u64;
            self.input.extend_from_slice(&chunk[..count]);
            self.understand(start, at);
        }
        count + self.write()
    }

    fn accept(&self) -> Option<TcpStream> {
        let (socket, _) = self.listener.accept().ok()?;
        let set = socket.set_nonblocking(true);
        set.and_then(|()| socket.set_nodelay(true)).ok()?;
        Some(socket)
    }

    /// Takes the whole messages of what was read, which began at this place of the stream.
    fn understand(&mut self, start: u64, at: MonoNanos) {
        let input = std::mem::take(&mut self.input);
        let mut taken = 0;
        while let Scan::Message { message, len } = Scanner::new(MESSAGE_MAX).scan(&input[taken..]) {
            taken += len;
            if message.msg_type() == b"D" {
                self.notes.take(start + taken as u64, at);
            }
            self.answer(&message);
        }
        self.input = input;
        self.input.drain(..taken);
    }

    fn answer(&mut self, message: &Message<'_>) {
        let field = |tag| message.get(tag).unwrap_or_default().to_vec();
        match message.msg_type() {
            b"A" => {
                self.msg_seq_num = 0;
                self.send(b"A", |body| {
                    body.uint(98, 0);
                    body.uint(108, 30);
                    body.bool(141, true);
                });
            }
            b"1" => {
                let asked = field(112);
                self.send(b"0", |body| body.bytes(112, &asked));
            }
            b"AF" => {
                let request = field(584);
                self.report(b"NONE", |body| {
                    body.bytes(11, &request);
                    body.char(150, b'I');
                    body.char(39, b'8');
                    body.bytes(584, &request);
                    body.uint(911, 0);
                    body.bool(912, true);
                    nothing_filled(body, b"0");
                });
            }
            b"D" => self.answer_order(message),
            b"F" => {
                let (own, orig) = (field(11), field(41));
                self.report(&orig, |body| {
                    body.bytes(11, &own);
                    body.bytes(41, &orig);
                    body.char(150, b'4');
                    body.char(39, b'4');
                    nothing_filled(body, b"0");
                });
            }
            b"H" => {
                let own = field(11);
                self.report(&own, |body| {
                    body.bytes(11, &own);
                    body.char(150, b'I');
                    body.char(39, b'0');
                    nothing_filled(body, b"100");
                });
            }
            _ => {}
        }
    }

    /// Fills an order, or lets it work.
    fn answer_order(&mut self, message: &Message<'_>) {
        let [own, qty, px] = [11, 38, 44].map(|tag| message.get(tag).unwrap_or_default().to_vec());
        let works = self.reports.is_multiple_of(self.working_one_in);
        let (exec_type, ord_status) = if works { (b'0', b'0') } else { (b'F', b'2') };
        self.report(&own, |body| {
            body.bytes(11, &own);
            body.char(150, exec_type);
            body.char(39, ord_status);
            if works {
                nothing_filled(body, &qty);
            } else {
                body.bytes(32, &qty);
                body.bytes(31, &px);
                body.bytes(151, b"0");
                body.bytes(14, &qty);
                body.bytes(6, &px);
            }
        });
    }

    fn report(&mut self, order: &[u8], write: impl FnOnce(&mut Body<'_>)) {
        self.reports += 1;
        let exec_id = self.reports;
        self.send(b"8", |body| {
            body.bytes(37, order);
            body.uint(17, exec_id);
            write(body);
            body.bytes(55, b"EURUSD");
            body.char(54, b'1');
        });
    }

    fn send(&mut self, msg_type: &[u8], write: impl FnOnce(&mut Body<'_>)) {
        self.msg_seq_num += 1;
        let at = self.clock.now().unix;
        let head = Head::new(msg_type, self.msg_seq_num, at);
        let bytes = self.encoder.encode(&mut self.message, &head, write);
        self.output.extend_from_slice(bytes);
    }

    fn write(&mut self) -> usize {
        let Some(socket) = self.socket.as_mut().filter(|_| !self.output.is_empty()) else {
            return 0;
        };
        let count = socket.write(&self.output).unwrap_or(0);
        self.output.drain(..count);
        count
    }
}

impl Notes {
    /// An order was read whose last byte is before this place of the stream.
    fn take(&mut self, end: u64, at: MonoNanos) {
        self.orders += 1;
        self.last_order_at = at;
        self.after_ack += u64::from(self.at_ack.is_some_and(|ack| end > ack));
    }
}

/// The quantities of a report on an order without a fill; FIX 4.4 requires them of every report.
fn nothing_filled(body: &mut Body<'_>, leaves_qty: &[u8]) {
    body.bytes(151, leaves_qty);
    body.bytes(14, b"0");
    body.bytes(6, b"0");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_counts_as_late_where_its_last_byte_came_after_the_acknowledgement() {
        let at = MonoNanos::new(7);
        let mut notes = Notes::default();
        notes.take(100, at);
        notes.at_ack = Some(300);
        notes.take(200, at);
        notes.take(300, at);
        assert_eq!((notes.orders, notes.after_ack), (3, 0));
        notes.take(301, at);
        assert_eq!((notes.orders, notes.after_ack), (4, 1));
    }
}
