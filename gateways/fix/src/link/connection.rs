//! One socket with what was read from it and what waits to be written.

use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;

use dcx_model::{MonoNanos, Nanos};
use mio::net::TcpStream;

use super::tls::Tls;

/// Bytes that a read may take at once, and the room of a new buffer.
const CHUNK: usize = 16 * 1024;

/// A connection: logged on or on its way there.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: TcpStream,
    /// The encryption, if there is one.
    pub(super) tls: Option<Tls>,
    pub(super) input: Inbox,
    pub(super) output: Outbox,
    /// The operating system said, or may not have had the chance to say, that there are bytes.
    pub(super) readable: bool,
    pub(super) since: MonoNanos,
    /// Where it comes from, if it came to us.
    pub(super) from: Option<IpAddr>,
}

/// What a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The peer has closed its side.
    End,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, now: MonoNanos) -> Self {
        Self {
            socket,
            tls: None,
            input: Inbox::default(),
            output: Outbox::default(),
            readable: true,
            since: now,
            from: None,
        }
    }

    /// Reads once. `bytes_max` bounds what may be waiting.
    #[inline]
    pub(super) fn read(&mut self, bytes_max: usize) -> io::Result<Brought> {
        let room = self.input.room(bytes_max);
        let wanted = room.len();
        if wanted == 0 {
            return Ok(Brought::Nothing);
        }
        let read = match &mut self.tls {
            None => self.socket.read(room),
            Some(tls) => tls.read(&mut self.socket, room),
        };
        match read {
            Ok(0) => Ok(Brought::End),
            Ok(count) => {
                self.input.tail += count;
                // Less than there was room for: the socket is empty, and the operating system
                // will say when it no longer is.
                // Encrypted, there may be more than one record, or part of one.
                self.readable = count == wanted || self.tls.is_some();
                Ok(Brought::Bytes(count))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(Brought::Nothing)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Brought::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Says that nothing more comes, where the encryption has words for that.
    pub(super) fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.finish(&mut self.socket);
        }
    }

    /// Writes what waits, as far as the peer takes it.
    #[inline]
    pub(super) fn flush(&mut self, now: MonoNanos) -> io::Result<()> {
        let output = &mut self.output;
        while output.sent < output.bytes.len() {
            let bytes = &output.bytes[output.sent..];
            let written = match &mut self.tls {
                None => self.socket.write(bytes),
                Some(tls) => tls.write(&mut self.socket, bytes),
            };
            match written {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    output.sent += count;
                    output.stuck_since = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    output.stuck_since.get_or_insert(now);
                    output.compact();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        output.bytes.clear();
        output.sent = 0;
        Ok(())
    }
}

/// Bytes that were read and not yet taken.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
}

impl Inbox {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.head..self.tail]
    }

    pub(super) const fn len(&self) -> usize {
        self.tail - self.head
    }

    pub(super) fn take(&mut self, count: usize) {
        self.head += count;
        if self.head == self.tail {
            self.head = 0;
            self.tail = 0;
        }
    }

    /// Room to read into, as long as fewer than `bytes_max` wait.
    fn room(&mut self, bytes_max: usize) -> &mut [u8] {
        if self.buffer.len() - self.tail < CHUNK / 4 {
            self.buffer.copy_within(self.head..self.tail, 0);
            self.tail -= self.head;
            self.head = 0;
            if self.buffer.len() - self.tail < CHUNK / 4 {
                let len = (self.buffer.len() * 2).clamp(CHUNK, bytes_max.max(CHUNK));
                self.buffer.resize(len.max(self.buffer.len()), 0);
            }
        }
        &mut self.buffer[self.tail..]
    }
}

/// Bytes that the peer has not taken yet.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// All bytes ever pushed.
    pushed: u64,
    /// Since when the peer has taken nothing.
    stuck_since: Option<MonoNanos>,
}

impl Outbox {
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.pushed += bytes.len() as u64;
    }

    /// How many bytes were ever pushed.
    pub(super) const fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many of them the kernel has.
    pub(super) const fn gone(&self) -> u64 {
        self.pushed - self.len() as u64
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether the peer has taken nothing for so long.
    pub(super) fn is_stuck(&self, now: MonoNanos, timeout: Nanos) -> bool {
        self.stuck_since
            .is_some_and(|since| now.since(since) > timeout)
    }

    /// Drops what was sent, so that a peer that always leaves a little does not grow the buffer.
    fn compact(&mut self) {
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}
