//! Venues of few lines on one thread: they log on, take orders, fill most of them, cancel the
//! others when asked, and note when the last order came.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use dcx_fix::{Body, Encoder, Head, Message, Scan, Scanner};
use dcx_model::MonoNanos;
use dcx_pipeline::Clock;

use super::HaltBenchError;

/// The longest message that is understood.
const MESSAGE_MAX: usize = 4_096;

/// All venues.
pub(super) struct Venues {
    addrs: Vec<SocketAddr>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    stop: AtomicBool,
    /// Orders that all venues have read.
    orders: AtomicU64,
    /// When the last of them was read.
    last_order_at: AtomicU64,
    seats: Vec<Mutex<Seat>>,
}

/// A venue's connection, and how far it was read.
#[derive(Default)]
struct Seat {
    socket: Option<TcpStream>,
    /// Bytes read from it.
    read: u64,
    /// Bytes that had reached the socket when the halt was acknowledged; none before.
    at_ack: Option<u64>,
    after_ack: u64,
}

impl Venues {
    /// Starts `count` venues on free ports of the loopback.
    pub(super) fn start(count: u8, working_one_in: u64) -> Result<Self, HaltBenchError> {
        let listeners: io::Result<Vec<TcpListener>> = (0..count)
            .map(|_| {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                listener.set_nonblocking(true)?;
                Ok(listener)
            })
            .collect();
        let listeners = listeners.map_err(HaltBenchError::Venue)?;
        let addrs: io::Result<Vec<SocketAddr>> =
            listeners.iter().map(TcpListener::local_addr).collect();
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            orders: AtomicU64::new(0),
            last_order_at: AtomicU64::new(0),
            seats: listeners.iter().map(|_| Mutex::default()).collect(),
        });
        let mut desks: Vec<Desk> = (0..)
            .zip(listeners)
            .map(|(ix, listener)| Desk::new(ix, listener, working_one_in))
            .collect();
        let ours = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            while !ours.stop.load(Ordering::Acquire) {
                let worked = desks.iter_mut().map(|desk| desk.work(&ours)).sum::<usize>();
                if worked == 0 {
                    thread::yield_now();
                }
            }
        });
        Ok(Self {
            addrs: addrs.map_err(HaltBenchError::Venue)?,
            shared,
            thread,
        })
    }

    pub(super) fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Orders that all venues have read so far.
    pub(super) fn orders(&self) -> u64 {
        self.shared.orders.load(Ordering::Acquire)
    }

    /// When the last order was read.
    pub(super) fn last_order_at(&self) -> MonoNanos {
        MonoNanos::new(self.shared.last_order_at.load(Ordering::Acquire))
    }

    /// A halt was acknowledged: an order whose bytes have not reached a venue's socket by now
    /// counts as one too many. What has reached it and is not read yet does not.
    pub(super) fn acknowledge(&self) -> io::Result<()> {
        for seat in &self.shared.seats {
            let mut seat = lock(seat);
            let waiting = match &seat.socket {
                Some(socket) => rustix::io::ioctl_fionread(socket)?,
                None => 0,
            };
            seat.at_ack = Some(seat.read + waiting);
        }
        Ok(())
    }

    /// Orders that came after the acknowledgement; from now on they may come again.
    pub(super) fn take_after_ack(&self) -> u64 {
        let seats = self.shared.seats.iter().map(|seat| {
            let mut seat = lock(seat);
            seat.at_ack = None;
            std::mem::take(&mut seat.after_ack)
        });
        seats.sum()
    }

    pub(super) fn stop(self) {
        self.shared.stop.store(true, Ordering::Release);
        // It ends by panicking only after something else has said why.
        drop(self.thread.join());
    }
}

fn lock(seat: &Mutex<Seat>) -> MutexGuard<'_, Seat> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One venue at work.
struct Desk {
    ix: usize,
    listener: TcpListener,
    working_one_in: u64,
    encoder: Encoder,
    msg_seq_num: u64,
    message: Vec<u8>,
    input: Vec<u8>,
    output: Vec<u8>,
    clock: Clock,
    reports: u64,
}

impl Desk {
    fn new(ix: usize, listener: TcpListener, working_one_in: u64) -> Self {
        let name = format!("VENUE{ix}");
        Self {
            ix,
            listener,
            working_one_in,
            encoder: Encoder::new(b"FIX.4.4", name.as_bytes(), b"DCX"),
            msg_seq_num: 0,
            message: Vec::new(),
            input: Vec::new(),
            output: Vec::new(),
            clock: Clock::start(),
            reports: 0,
        }
    }

    /// Reads, answers, writes; says how many bytes that were.
    fn work(&mut self, shared: &Shared) -> usize {
        let mut chunk = [0; 65_536];
        let (before, count) = {
            let mut seat = lock(&shared.seats[self.ix]);
            if seat.socket.is_none() {
                seat.socket = self.accept();
            }
            let Some(socket) = &mut seat.socket else {
                return 0;
            };
            let count = match socket.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => return 0,
            };
            let before = seat.read;
            seat.read += count as u64;
            (before, count)
        };
        // The bytes are here now, whatever it takes to understand them.
        let at = self.clock.mono();
        let unread = self.input.len() as u64;
        self.input.extend_from_slice(&chunk[..count]);
        self.understand(shared, before - unread, at);
        count + self.write(shared)
    }

    fn accept(&self) -> Option<TcpStream> {
        let (socket, _) = self.listener.accept().ok()?;
        let set = socket.set_nonblocking(true);
        set.and_then(|()| socket.set_nodelay(true)).ok()?;
        Some(socket)
    }

    /// Takes the whole messages of what was read, which began at this place of the stream.
    fn understand(&mut self, shared: &Shared, start: u64, at: MonoNanos) {
        let input = std::mem::take(&mut self.input);
        let mut taken = 0;
        while let Scan::Message { message, len } = Scanner::new(MESSAGE_MAX).scan(&input[taken..]) {
            taken += len;
            if message.msg_type() == b"D" {
                let end = start + taken as u64;
                let mut seat = lock(&shared.seats[self.ix]);
                seat.after_ack += u64::from(seat.at_ack.is_some_and(|ack| end > ack));
                drop(seat);
                shared.last_order_at.fetch_max(at.get(), Ordering::AcqRel);
                shared.orders.fetch_add(1, Ordering::AcqRel);
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

    fn write(&mut self, shared: &Shared) -> usize {
        if self.output.is_empty() {
            return 0;
        }
        let mut seat = lock(&shared.seats[self.ix]);
        let Some(socket) = &mut seat.socket else {
            return 0;
        };
        let count = socket.write(&self.output).unwrap_or(0);
        self.output.drain(..count);
        count
    }
}

/// The quantities of a report on an order without a fill; FIX 4.4 requires them of every report.
fn nothing_filled(body: &mut Body<'_>, leaves_qty: &[u8]) {
    body.bytes(151, leaves_qty);
    body.bytes(14, b"0");
    body.bytes(6, b"0");
}
