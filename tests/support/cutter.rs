//! A relay between two FIX engines that cuts their connection again and again: at a message's end
//! and in the middle of one, on the way there and on the way back, with either side being reset.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;

use crate::peer::{parse, whole_message};

/// Every so many cuts the next connection is cut too, soon: in the middle of the resend.
const TWICE_EVERY: u64 = 10;

/// Messages that such a connection carries before it is cut.
const SOON: u64 = 40;

/// What a relay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Orders that came through, those sent again not counted.
    pub orders: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Of those, how many in the middle of a message.
    pub in_message: u64,
    /// Of those, how many soon after a cut.
    pub soon: u64,
    /// Connections that both sides had.
    pub connections: u64,
}

/// The relay. It ends when this is dropped.
#[derive(Debug)]
pub struct Cutter {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    orders: Arc<AtomicU64>,
    thread: Option<JoinHandle<Cuts>>,
}

impl Cutter {
    /// Relays whoever connects to `listen` to `target`, and cuts every `every` orders
    /// (NewOrderSingle, on their way to `target`).
    ///
    /// # Panics
    /// If it cannot listen.
    #[must_use]
    pub fn start(listen: SocketAddr, target: SocketAddr, every: u64) -> Self {
        let listener = TcpListener::bind(listen).expect("the address is free");
        listener.set_nonblocking(true).expect("a TCP socket");
        let address = listener.local_addr().expect("it listens");
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stop);
        let orders = Arc::new(AtomicU64::new(0));
        let mut relay = Relay::new(target, every, Arc::clone(&orders));
        let thread = thread::spawn(move || {
            while !theirs.load(Ordering::Acquire) {
                relay.serve(&listener, &theirs);
            }
            relay.done
        });
        Self {
            address,
            stop,
            orders,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Orders that came through so far, those sent again not counted.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.orders.load(Ordering::Acquire)
    }

    /// Ends it.
    ///
    /// # Panics
    /// If its thread did.
    #[must_use]
    pub fn stop(mut self) -> Cuts {
        self.stop.store(true, Ordering::Release);
        let thread = self.thread.take().expect("it is stopped once");
        thread.join().expect("the relay does not panic")
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// Which of the two ways, and which of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Whoever connected; orders come from here.
    Initiator,
    /// Whoever was connected to.
    Acceptor,
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// At a message that comes from here.
    from: Side,
    /// Half of that message is let through; all of it otherwise.
    in_message: bool,
    /// This side finds its connection reset, the other finds it closed.
    reset: Side,
}

impl Cut {
    /// Each of the eight ways in turn.
    const fn nth(number: u64) -> Self {
        const fn side(bit: u64) -> Side {
            if bit.is_multiple_of(2) {
                Side::Initiator
            } else {
                Side::Acceptor
            }
        }
        Self {
            from: side(number),
            in_message: (number / 2).is_multiple_of(2),
            reset: side(number / 4),
        }
    }
}

/// One way of a connection.
#[derive(Debug)]
struct Way {
    from: TcpStream,
    buffer: Vec<u8>,
}

struct Relay {
    target: SocketAddr,
    every: u64,
    done: Cuts,
    /// MsgSeqNum (34) of each order that came through: sent again, it has the same.
    seen: BTreeSet<u64>,
    pending: Option<Cut>,
    /// The next connection is cut soon.
    soon: bool,
    /// `done.orders`, for others to read.
    orders: Arc<AtomicU64>,
}

impl Relay {
    fn new(target: SocketAddr, every: u64, orders: Arc<AtomicU64>) -> Self {
        Self {
            target,
            every,
            done: Cuts::default(),
            seen: BTreeSet::new(),
            pending: None,
            soon: false,
            orders,
        }
    }

    /// Waits a moment for a connection, and relays it to its end.
    fn serve(&mut self, listener: &TcpListener, stop: &AtomicBool) {
        let Ok((initiator, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(2));
            return;
        };
        let Ok(acceptor) = TcpStream::connect(self.target) else {
            return;
        };
        for socket in [&initiator, &acceptor] {
            socket.set_nonblocking(false).expect("a TCP socket");
            socket.set_nodelay(true).expect("a TCP socket");
        }
        self.done.connections += 1;
        // A failed read or write is the connection's end like any other.
        let _ = self.relay([initiator, acceptor], stop);
    }

    fn relay(&mut self, sockets: [TcpStream; 2], stop: &AtomicBool) -> io::Result<()> {
        let soon = std::mem::take(&mut self.soon);
        let mut carried = 0;
        let mut ways = sockets.map(|from| Way {
            from,
            buffer: Vec::new(),
        });
        while !stop.load(Ordering::Acquire) {
            let ready = readable(&ways)?;
            for (ix, side) in [Side::Initiator, Side::Acceptor].into_iter().enumerate() {
                if !ready[ix] {
                    continue;
                }
                let mut chunk = [0; 65_536];
                let count = ways[ix].from.read(&mut chunk)?;
                if count == 0 {
                    return Ok(());
                }
                ways[ix].buffer.extend_from_slice(&chunk[..count]);
                let (bytes, messages, cut) = self.pass(side, &mut ways[ix].buffer);
                ways[1 - ix].from.write_all(&bytes)?;
                if let Some(cut) = cut {
                    self.pending = None;
                    self.done.cuts += 1;
                    self.done.in_message += u64::from(cut.in_message);
                    self.done.soon += u64::from(soon && carried >= SOON);
                    self.soon = !soon && self.done.cuts.is_multiple_of(TWICE_EVERY);
                    return end(ways, cut.reset);
                }
                carried += messages;
                if soon && carried >= SOON {
                    let next = Cut::nth(self.done.cuts);
                    self.pending.get_or_insert(next);
                }
            }
        }
        Ok(())
    }

    /// What goes on of what came from this side, how many messages that is, and whether the
    /// connection is cut behind it.
    fn pass(&mut self, from: Side, buffer: &mut Vec<u8>) -> (Vec<u8>, u64, Option<Cut>) {
        let (mut at, mut messages) = (0, 0);
        while let Some(len) = whole_message(&buffer[at..]) {
            let message = &buffer[at..at + len];
            messages += 1;
            if from == Side::Initiator {
                self.count(message);
            }
            if let Some(cut) = self.pending.filter(|cut| cut.from == from) {
                let kept = if cut.in_message { len / 2 } else { len };
                buffer.truncate(at + kept);
                return (std::mem::take(buffer), messages, Some(cut));
            }
            at += len;
        }
        (buffer.drain(..at).collect(), messages, None)
    }

    fn count(&mut self, message: &[u8]) {
        let message = parse(message);
        let number: u64 = message.get(34).parse().expect("34 is a number");
        if message.msg_type() != "D" || !self.seen.insert(number) {
            return;
        }
        self.done.orders += 1;
        self.orders.store(self.done.orders, Ordering::Release);
        if self.done.orders.is_multiple_of(self.every) {
            let next = Cut::nth(self.done.orders / self.every);
            self.pending.get_or_insert(next);
        }
    }
}

/// Which ways have something to read, after a moment at the latest.
fn readable(ways: &[Way; 2]) -> io::Result<[bool; 2]> {
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let mut fds = [0, 1].map(|ix: usize| PollFd::new(&ways[ix].from, PollFlags::IN));
    poll(&mut fds, Some(&moment))?;
    Ok([0, 1].map(|ix: usize| !fds[ix].revents().is_empty()))
}

/// Closes both sockets; whoever is reset loses even what is still on its way to it.
fn end([initiator, acceptor]: [Way; 2], reset: Side) -> io::Result<()> {
    let socket = match reset {
        Side::Initiator => &initiator.from,
        Side::Acceptor => &acceptor.from,
    };
    set_socket_linger(socket, Some(Duration::ZERO))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u64) -> Vec<u8> {
        let body = format!("35=D\u{1}34={number}\u{1}");
        let message = format!("8=FIX.4.4\u{1}9={}\u{1}{body}", body.len());
        let sum = message.bytes().fold(0_u8, u8::wrapping_add);
        format!("{message}10={sum:03}\u{1}").into_bytes()
    }

    #[test]
    fn every_so_many_orders_there_is_a_cut_and_one_sent_again_is_not_counted() {
        let mut relay = Relay::new(([127, 0, 0, 1], 1).into(), 2, Arc::default());
        let mut buffer: Vec<u8> = [1, 1, 2, 3].map(order).concat();
        let (bytes, messages, cut) = relay.pass(Side::Initiator, &mut buffer);
        assert!(cut.is_none(), "the first cut is on the way back");
        assert_eq!((bytes, messages), ([1, 1, 2, 3].map(order).concat(), 4));
        let mut buffer = [order(1), order(2)].concat();
        let (bytes, _, cut) = relay.pass(Side::Acceptor, &mut buffer);
        let half = order(1).len() / 2;
        assert!(cut.is_some_and(|cut| cut.in_message));
        assert_eq!(bytes, order(1)[..half]);
    }

    #[test]
    fn all_eight_ways_to_cut_are_used() {
        let ways: BTreeSet<String> = (0..8)
            .map(|number| format!("{:?}", Cut::nth(number)))
            .collect();
        assert_eq!(ways.len(), 8);
    }
}
