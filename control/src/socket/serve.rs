//! The listening side: a thread that takes connections and one for each connection.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dcx_model::Code;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;

use super::audit::AuditLine;
use super::desk::Desk;
use super::lines::{Line, Lines};
use super::operator::{Caller, Operator, Operators, Peer, of_daemon};
use super::place::{OpenError, Place};
use super::verb::Verb;
use super::wire::{self, Answer, Refusal, Request, exit};

/// How long a peer may take to read an answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that presents so many wrong tokens is closed.
const WRONG_TOKENS_MAX: u32 = 8;

/// How long to wait before connections are taken again after the system had no room for one.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// What a control socket is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the socket's file is. Its folder must not be writable by everybody.
    pub path: PathBuf,
    /// The permissions of the socket's file: 0600, or 0660 for operators of its group.
    pub mode: u32,
    /// Who may ask. With none, the user that runs the daemon may ask for everything.
    pub operators: Vec<Operator>,
    /// What may be asked.
    pub verbs: &'static [Verb],
    /// How many connections may be open.
    pub connections_max: usize,
    /// A connection that brings no line for so long is closed.
    pub idle: Duration,
}

impl Options {
    /// A socket of mode 0600 for the daemon's own user, with 32 connections and half a minute each.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, verbs: &'static [Verb]) -> Self {
        Self {
            path: path.into(),
            mode: 0o600,
            operators: Vec::new(),
            verbs,
            connections_max: 32,
            idle: Duration::from_secs(30),
        }
    }
}

/// A control socket at work. Dropping it closes it.
#[derive(Debug)]
pub struct ControlSocket {
    shared: Arc<Shared>,
    /// Closed to wake the thread that takes connections.
    wake: Option<UnixStream>,
    acceptor: Option<JoinHandle<()>>,
    place: Place,
}

struct Shared {
    desk: Desk,
    connections_max: usize,
    idle: Duration,
    stopping: AtomicBool,
    /// Another handle on every open connection.
    open: Mutex<BTreeMap<u64, UnixStream>>,
    closed: Condvar,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl ControlSocket {
    /// Listens, and answers each request of an operator by `handler`, which is called from several
    /// threads at once. `audit` hears of every request that may change something, also where it is
    /// refused, and of every request of a stranger; it is called after the handler and before the
    /// answer is sent.
    ///
    /// # Errors
    /// [`OpenError`]; nothing listens then.
    pub fn open(
        options: Options,
        audit: impl Fn(&AuditLine) + Send + Sync + 'static,
        handler: impl Fn(&Caller, Request) -> Answer + Send + Sync + 'static,
    ) -> Result<Self, OpenError> {
        let mut operators = options.operators;
        if operators.is_empty() {
            let uid = rustix::process::geteuid().as_raw();
            // A name is a convenience; without the file the number has to do.
            let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            operators.push(of_daemon(uid, &passwd));
        }
        let desk = Desk {
            operators: Operators::new(operators)?,
            verbs: options.verbs,
            audit: Box::new(audit),
            handler: Box::new(handler),
        };
        let io = |source| OpenError::Io {
            doing: "starting a thread",
            path: options.path.clone(),
            source,
        };
        let (place, listener) = Place::listen(&options.path, options.mode)?;
        let (wake, woken) = UnixStream::pair().map_err(io)?;
        let shared = Arc::new(Shared {
            desk,
            connections_max: options.connections_max,
            idle: options.idle,
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            closed: Condvar::new(),
        });
        let run = {
            let shared = Arc::clone(&shared);
            move || accept_all(&shared, &listener, &woken)
        };
        let thread = thread::Builder::new().name("dcx-control".to_owned());
        let acceptor = thread.spawn(run).map_err(io)?;
        Ok(Self {
            shared,
            wake: Some(wake),
            acceptor: Some(acceptor),
            place,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Takes no more requests, lets those at work end for at most `grace`, and removes the socket's
    /// file. Returns how many were still at work then; their peers get no answer.
    #[must_use]
    pub fn stop(mut self, grace: Duration) -> usize {
        self.end(grace)
    }

    fn end(&mut self, grace: Duration) -> usize {
        self.shared.stopping.store(true, Ordering::Release);
        drop(self.wake.take());
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
        let deadline = Instant::now() + grace;
        let mut open = self.shared.open();
        shutdown_all(&open, Shutdown::Read);
        while !open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.shared.closed.wait_timeout(open, left);
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        shutdown_all(&open, Shutdown::Both);
        open.len()
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if self.acceptor.is_some() {
            self.end(Duration::ZERO);
        }
    }
}

fn shutdown_all(open: &BTreeMap<u64, UnixStream>, how: Shutdown) {
    for stream in open.values() {
        // It fails for a peer that is gone already, which is as good.
        let _ = stream.shutdown(how);
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, UnixStream>> {
        // The map is whole between any two of its calls, so a panic elsewhere cannot break it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Takes connections until the other end of `woken` is closed.
fn accept_all(shared: &Arc<Shared>, listener: &UnixListener, woken: &UnixStream) {
    let mut next_id = 0;
    while !shared.is_stopping() {
        let mut both = [
            PollFd::new(listener, PollFlags::IN),
            PollFd::new(woken, PollFlags::IN),
        ];
        // An interruption is an early return; the listener does not block, so that is harmless.
        let _ = poll(&mut both, None);
        match listener.accept() {
            Ok((stream, _)) => {
                take(shared, stream, next_id);
                next_id += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                // Out of descriptors, say: the connection stays in the queue and the poll ready.
                let mut woken = [PollFd::new(woken, PollFlags::IN)];
                let _ = poll(&mut woken, Some(&PAUSE));
            }
        }
    }
}

/// Starts a thread for a connection, or tells its peer why not.
fn take(shared: &Arc<Shared>, stream: UnixStream, id: u64) {
    // A peer of a process namespace that we do not see has no number here, and is not taken.
    let Ok(credentials) = socket_peercred(&stream) else {
        return;
    };
    let peer = Peer {
        uid: credentials.uid.as_raw(),
        pid: credentials.pid.as_raw_pid(),
    };
    if !shared.desk.operators.may_ask(peer.uid) {
        tell(&stream, &shared.desk.turn_away(peer));
        return;
    }
    let Ok(handle) = stream.try_clone() else {
        return;
    };
    {
        let mut open = shared.open();
        if open.len() >= shared.connections_max {
            drop(open);
            tell(&stream, &busy("no more control connections are taken now"));
            return;
        }
        open.insert(id, handle);
    }
    let connection = Connection {
        shared: Arc::clone(shared),
        id,
        peer,
    };
    let thread = thread::Builder::new().name("dcx-control-peer".to_owned());
    // Where there is no thread, the connection is dropped with the closure, and so closed.
    drop(thread.spawn(move || connection.run(stream)));
}

fn busy(message: &str) -> Vec<u8> {
    let refusal = Refusal::new(Code::X016, exit::TRY_LATER, message);
    wire::write_answer(None, Answer::Refused(refusal))
}

/// Says something to a peer that was never read from: what is said fits into the empty buffer.
fn tell(mut stream: &UnixStream, bytes: &[u8]) {
    if stream.set_nonblocking(true).is_ok() {
        // A peer that is gone already hears nothing.
        let _ = stream.write_all(bytes);
    }
}

/// A connection that counts among those open until it is dropped.
struct Connection {
    shared: Arc<Shared>,
    id: u64,
    peer: Peer,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let ended = self.shared.open().remove(&self.id);
        // The handle in the map would keep the connection open for the peer.
        drop(ended);
        self.shared.closed.notify_all();
    }
}

impl Connection {
    fn run(self, mut stream: UnixStream) {
        // Whatever ended it, there is nobody left to tell.
        let _ = self.converse(&mut stream);
    }

    fn converse(&self, stream: &mut UnixStream) -> io::Result<()> {
        let mut lines = Lines::default();
        let mut wrong_tokens = 0;
        let mut bytes = [0; 8192];
        let mut deadline = Instant::now() + self.shared.idle;
        loop {
            while let Some(line) = lines.next() {
                wrong_tokens += u32::from(self.answer(stream, line)?);
                if self.shared.is_stopping() || wrong_tokens >= WRONG_TOKENS_MAX {
                    return Ok(());
                }
                deadline = Instant::now() + self.shared.idle;
            }
            stream.set_read_timeout(Some(left(deadline)?))?;
            match stream.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(len) => lines.feed(bytes.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Answers a line; says whether it had a wrong token.
    fn answer(&self, stream: &mut UnixStream, line: Line) -> io::Result<bool> {
        if self.shared.is_stopping() {
            // Told so, since not done is better than unknown.
            send(stream, &busy("the daemon is about to end"))?;
            return Ok(false);
        }
        let served = match line {
            Line::Whole(line) => self.shared.desk.serve(self.peer, &line),
            Line::TooLong => Desk::too_long(),
        };
        send(stream, &served.answer)?;
        Ok(served.wrong_token)
    }
}

/// Sends all of it, or gives up on a peer that does not read.
fn send(stream: &mut UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    let deadline = Instant::now() + SEND_TIMEOUT;
    while !bytes.is_empty() {
        stream.set_write_timeout(Some(left(deadline)?))?;
        match stream.write(bytes) {
            Ok(len) => bytes = bytes.get(len..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is left until `deadline`, never zero: the system takes that for "for ever".
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}
