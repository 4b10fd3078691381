//! Sockets and sessions: one worker that drives all FIX sessions of a process.
//!
//! # Latency
//! Asking the operating system which sockets are readable costs as much as reading one. While no
//! more than [`direct_max`](LinkConfig::direct_max) connections are live, each is therefore read
//! at once in every cycle, and only every [`poll_every`](LinkConfig::poll_every)th cycle asks for
//! new connections. Above that number every cycle asks first. What an application sends in a
//! cycle is stored with one write and transmitted with one write per session.
//!
//! # Bounds
//! A peer that does not read is cut once [`out_bytes_max`](LinkConfig::out_bytes_max) wait for
//! it, or nothing moves for [`stall_timeout`](LinkConfig::stall_timeout); what it missed is in its
//! store and resent at its next logon. A connection that has not logged on may send little and
//! not for long. None of this touches other sessions.
//!
//! While the application is not [`ready`](crate::Application::ready) it is given nothing. What was
//! read waits in a buffer of bounded size, then in the peers' windows; nothing is dropped.
//! Messages of the session layer in front of it (heartbeats, a Logout) are still answered.

mod connection;
mod control;
mod flushed;
mod message_log;
mod slot;
mod stats;
mod tls;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dcx_model::{Code, MonoNanos, Nanos, Now};
use dcx_ring::Worker;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use self::connection::{Brought, Connection};
use self::control::Orders;
pub use self::control::{LinkControl, Obeyed, OrderFault, SessionOrder};
pub use self::flushed::Flushed;
use self::message_log::MessageLog;
use self::slot::{Down, Hours, Shared, Slot, Step};
pub use self::stats::{Board, LinkCounts, LinkState, SessionCounts, SessionStats};
use self::tls::Tls;
pub use self::tls::TlsError;
use crate::access::Rate;
use crate::app::{Application, Queue, SessionIx};
use crate::config::{
    ConfigError, LinkConfig, MessageLogConfig, OverRate, SessionConfig, StoreConfig, is_comp_id,
};
use crate::store::{FileStore, MemoryStore, Store, StoreError, session_name};
use crate::{Input, Message, NextSeqNums, Scan, Scanner, Session, UseFault};

/// How often the slow things are looked at: deadlines, new attempts, the board.
const CHORES_EVERY: Nanos = Nanos::from_millis(10);

/// How far the kept incoming number lags behind (see [`Slot::settle`]), at least.
const SETTLE_EVERY: Nanos = Nanos::from_millis(100);

/// How long a connection that we closed may take to be closed by the peer too.
const LINGER: Nanos = Nanos::from_seconds(1);

/// Addresses whose rate is remembered; the idle ones are forgotten then.
const RATES_MAX: usize = 4096;

/// Readiness reports taken from the operating system at once.
const EVENTS_MAX: usize = 256;

/// Why a link does not start.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The configuration is wrong: everything that is.
    #[error("link configuration: {}", list(.0))]
    Config(Vec<ConfigError>),
    /// The session layer does not take a session's settings.
    #[error("session {sender} to {target}")]
    Session {
        /// Our CompID.
        sender: String,
        /// The peer's.
        target: String,
        /// Why.
        source: UseFault,
    },
    /// A session's store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address cannot be listened on.
    #[error("listening on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The message log cannot be begun.
    #[error("beginning the message log in {}", .directory.display())]
    MessageLog {
        /// Where it was to be.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operating system gives no way to wait for sockets.
    #[error("asking the operating system about sockets")]
    Poll {
        /// Why.
        source: io::Error,
    },
}

impl LinkError {
    /// Its code in the catalogue, where it has one of its own.
    #[must_use]
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Config(_) | Self::Poll { .. } => None,
            Self::Session { source, .. } => Some(source.code()),
            Self::Store(error) => Some(error.code()),
            Self::Tls(_) => Some(Code::F117),
            Self::Listen { .. } => Some(Code::F113),
            Self::MessageLog { .. } => Some(Code::X004),
        }
    }
}

fn list(errors: &[ConfigError]) -> String {
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// All FIX sessions of a process, driven by one thread.
///
/// Not `Clone`, not shared: other threads read its [`Board`].
#[derive(Debug)]
pub struct Link<A: Application> {
    config: LinkConfig,
    poll: Poll,
    events: Events,
    listeners: Vec<TcpListener>,
    /// How each is encrypted.
    listeners_tls: Vec<Option<Arc<rustls::ServerConfig>>>,
    local_addrs: Vec<SocketAddr>,
    slots: Vec<Slot>,
    /// Places of sessions, those that templates may still make included.
    slots_max: usize,
    /// How often addresses connected lately.
    rates: BTreeMap<IpAddr, Rate>,
    /// Sessions with an established connection.
    live: Vec<usize>,
    /// Sessions with something to store, send or close.
    touched: Vec<usize>,
    /// Connections that have not logged on.
    pending: Vec<Option<Connection>>,
    /// Connections that we closed and the peer has not.
    lingering: Vec<(TcpStream, MonoNanos)>,
    shared: Shared<A>,
    /// Lent to the sessions while `shared.queue` collects anew.
    taken: Queue,
    counts: LinkCounts,
    orders: Orders,
    board: Arc<Board>,
    flushed: Arc<Flushed>,
    /// What [`Flushed::handed`] says.
    handed: u64,
    cycle: u32,
    next_chores: MonoNanos,
    next_settle: MonoNanos,
}

impl<A: Application> Link<A> {
    /// Opens the stores and the listening addresses. Initiators connect from the first cycle on.
    ///
    /// # Errors
    /// [`LinkError`]: nothing is started then.
    pub fn start(config: LinkConfig, app: A) -> Result<Self, LinkError> {
        let wrong = config.check();
        if !wrong.is_empty() {
            return Err(LinkError::Config(wrong));
        }
        let poll = Poll::new().map_err(|source| LinkError::Poll { source })?;
        let mut slots = Vec::with_capacity(config.sessions.len());
        for (ix, session) in (0..).zip(&config.sessions) {
            slots.push(open_slot(SessionIx::new(ix), session, &config)?);
        }
        let mut log = config.message_log.as_ref().map(begin_log).transpose()?;
        if let Some(log) = &mut log {
            for slot in &slots {
                log.open(slot.ix, file_of(&slot.config));
            }
        }
        let mut listeners = Vec::new();
        let mut local_addrs = Vec::new();
        let mut listeners_tls = Vec::new();
        for (ix, &address) in config.listen.iter().enumerate() {
            let failed = |source| LinkError::Listen { address, source };
            let mut listener = TcpListener::bind(address).map_err(failed)?;
            local_addrs.push(listener.local_addr().map_err(failed)?);
            let registry = poll.registry();
            let registered = registry.register(&mut listener, Token(ix), Interest::READABLE);
            registered.map_err(|source| LinkError::Poll { source })?;
            let files = config.listen_tls.get(ix).and_then(Option::as_ref);
            listeners_tls.push(files.map(tls::acceptor).transpose()?);
            listeners.push(listener);
        }
        let templates = config.sessions.iter().any(|it| it.template().is_some());
        let slots_max = match templates {
            true => slots.len() + config.template_sessions_max,
            false => slots.len(),
        };
        let board = Board::new(slots_max);
        let flushed = Flushed::new(slots_max);
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            listeners,
            listeners_tls,
            local_addrs,
            slots_max,
            rates: BTreeMap::new(),
            live: Vec::with_capacity(slots.len()),
            touched: Vec::with_capacity(slots.len()),
            slots,
            pending: Vec::new(),
            lingering: Vec::new(),
            shared: Shared {
                app,
                queue: Queue::new(),
                refused: Vec::new(),
                next_wake: MonoNanos::new(u64::MAX),
                scratch: Vec::new(),
                log,
            },
            taken: Queue::new(),
            counts: LinkCounts::default(),
            orders: Orders::new(),
            board,
            flushed,
            handed: 0,
            cycle: 0,
            next_chores: MonoNanos::new(0),
            next_settle: MonoNanos::new(0),
            config,
        })
    }

    /// Where the link listens, port 0 resolved, in the order of the configuration.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// The application.
    #[must_use]
    pub const fn application(&self) -> &A {
        &self.shared.app
    }

    /// The application, to change it between cycles.
    pub const fn application_mut(&mut self) -> &mut A {
        &mut self.shared.app
    }

    /// How a session stands.
    ///
    /// # Panics
    /// If the link has no such session.
    #[must_use]
    pub fn stats(&self, session: SessionIx) -> SessionStats {
        *self.slots[session.as_usize()].stats()
    }

    /// What the link has counted besides its sessions.
    #[must_use]
    pub const fn counts(&self) -> &LinkCounts {
        &self.counts
    }

    /// Where other threads read the counts of the link and its sessions.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Where other threads read how far what the application was told has left this process.
    #[must_use]
    pub fn flushed(&self) -> Arc<Flushed> {
        Arc::clone(&self.flushed)
    }

    /// Whether no connection is open.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.slots.iter().all(|slot| slot.connection.is_none())
    }

    /// Ends a session in order, and does not take it up again before [`log_on`](Self::log_on).
    ///
    /// # Panics
    /// If the link has no such session.
    pub fn log_out(&mut self, session: SessionIx, now: Now, text: &str) {
        let ix = session.as_usize();
        self.slots[ix].wanted = false;
        if self.slots[ix].is_logged_on() {
            self.slots[ix].handle(now, Input::LogOut { text }, &mut self.shared);
            self.touch(ix);
        } else {
            self.end(ix, now, &Down::Link(Code::F106));
        }
        self.settle_queue(now);
    }

    /// Ends all sessions in order: call [`work`](Worker::work) until
    /// [`is_quiet`](Self::is_quiet). Connections that come then are closed.
    pub fn log_out_all(&mut self, now: Now, text: &str) {
        for ix in 0..self.slots.len() {
            let session = self.slots[ix].ix;
            self.log_out(session, now, text);
        }
    }

    /// Sets the numbers that a session goes on from, after agreeing so with the peer.
    ///
    /// While it is logged on the outbound number goes up only; the peer is told.
    ///
    /// # Panics
    /// If the link has no such session.
    pub fn renumber(&mut self, session: SessionIx, now: Now, next: NextSeqNums) {
        let ix = session.as_usize();
        self.slots[ix].handle(now, Input::Renumber(next), &mut self.shared);
        self.touch(ix);
        self.settle_queue(now);
    }

    /// The CompIDs of a session, ours first: for those that a template made.
    #[must_use]
    pub fn comp_ids(&self, session: SessionIx) -> Option<(&str, &str)> {
        let slot = self.slots.get(session.as_usize())?;
        Some((&slot.config.sender_comp_id, &slot.config.target_comp_id))
    }

    /// Lets a session be taken up again.
    ///
    /// # Panics
    /// If the link has no such session.
    pub fn log_on(&mut self, session: SessionIx, now: Now) {
        let slot = &mut self.slots[session.as_usize()];
        slot.wanted = true;
        if slot.stats().state == LinkState::Off {
            slot.enter(LinkState::Down, None, now);
        }
    }

    /// Gives the sessions what the application has sent, then stores and transmits it.
    fn settle_queue(&mut self, now: Now) {
        self.submit_queue(now);
        self.flush_touched(now);
    }

    /// Gives the sessions what the application has sent.
    fn submit_queue(&mut self, now: Now) {
        while !self.shared.queue.is_empty() {
            std::mem::swap(&mut self.shared.queue, &mut self.taken);
            for queued in self.taken.iter() {
                let ix = queued.session.as_usize();
                let input = Input::Submit {
                    msg_type: queued.msg_type,
                    body: queued.body,
                    poss_resend: queued.poss_resend,
                };
                self.slots[ix].submit(now, input, &mut self.shared);
                if self.touched.last() != Some(&ix) {
                    self.touched.push(ix);
                }
            }
            self.taken.clear();
        }
    }

    fn touch(&mut self, ix: usize) {
        if self.touched.last() != Some(&ix) {
            self.touched.push(ix);
        }
    }

    /// Stores and transmits. A session that was touched twice has nothing left the second time.
    fn flush_touched(&mut self, now: Now) {
        let told = self.shared.app.told();
        while let Some(ix) = self.touched.pop() {
            let out_bytes_max = self.slots[ix].config.out_bytes_max(&self.config);
            if let Some(why) = self.slots[ix].flush(now, out_bytes_max) {
                self.end(ix, now, &why);
            }
            if let Some(bytes) = self.slots[ix].backlog_changed() {
                self.shared.app.backlog(self.slots[ix].ix, bytes);
            }
            self.follow(ix, told);
        }
        if told != self.handed {
            self.handed = told;
            self.flushed.hand(told);
        }
    }

    /// Tells other threads whether bytes wait for a session's peer.
    #[inline]
    fn follow(&mut self, ix: usize, told: u64) {
        if self.slots[ix].follow(self.handed, told) {
            let from = self.slots[ix].behind.map(|behind| behind.from);
            self.flushed.set_behind(ix, from);
        }
    }

    /// Ends a session's connection, if it has one.
    fn end(&mut self, ix: usize, now: Now, why: &Down) {
        let slot = &mut self.slots[ix];
        if matches!(why, Down::Link(Code::F100 | Code::F101)) {
            slot.count_slow_cut();
        }
        let open = slot.connection.take();
        let was_connecting = slot.connecting;
        slot.disconnected(now, why, &mut self.shared);
        if slot.behind.take().is_some() {
            self.flushed.set_behind(ix, None);
        }
        self.live.retain(|live| *live != ix);
        let Some(mut open) = open else {
            return;
        };
        let _ = self.poll.registry().deregister(&mut open.socket);
        // Only an orderly end waits for the peer: were the socket dropped with bytes unread, the
        // reset would overtake the Logout that was just sent.
        if matches!(why, Down::Session(_)) && !was_connecting {
            let _ = open.flush(now.mono);
            open.finish();
            self.linger(open.socket, now.mono);
        }
    }

    fn linger(&mut self, socket: TcpStream, now: MonoNanos) {
        if socket.shutdown(Shutdown::Write).is_ok() {
            self.lingering.push((socket, now));
        }
    }

    /// Reads the live connections and gives the sessions what came.
    fn read_all(&mut self, now: Now) -> usize {
        let direct = self.is_direct();
        let count = self.live.len();
        let mut done = 0;
        self.counts.not_ready += u64::from(count > 0 && !self.shared.app.ready());
        for offset in 0..count {
            // A different one first each time, so that a full ring is not always the same
            // sessions' to wait for.
            let turn = (self.cycle as usize + offset) % count;
            let Some(&ix) = self.live.get(turn) else {
                break;
            };
            done += self.read_one(ix, now, direct);
        }
        done
    }

    const fn is_direct(&self) -> bool {
        self.live.len() <= self.config.direct_max
    }

    fn read_one(&mut self, ix: usize, now: Now, direct: bool) -> usize {
        let bytes_max = self.config.message_bytes_max * 2;
        let slot = &mut self.slots[ix];
        let Some(open) = &mut slot.connection else {
            return 0;
        };
        if open.input.len() == 0 && !direct && !open.readable {
            return 0;
        }
        let brought = if direct || open.readable {
            open.read(bytes_max)
        } else {
            Ok(Brought::Nothing)
        };
        if let Ok(Brought::Bytes(count)) = brought {
            slot.count_bytes_in(count);
        } else if let (Ok(Brought::Nothing), 0) = (&brought, open.input.len()) {
            return 0;
        }
        let taken = self.take_messages(ix, now);
        match brought {
            Ok(Brought::Bytes(_) | Brought::Nothing) => {}
            Ok(Brought::End) => self.end(ix, now, &Down::Link(Code::F103)),
            Err(error) if is_tls_failure(&error) => {
                self.end(ix, now, &Down::Link(Code::F117));
            }
            Err(_) => self.end(ix, now, &Down::Link(Code::F102)),
        }
        // A handshake that has just ended lets out what waited for it.
        let waits = self.slots[ix].connection.as_ref();
        if waits.is_some_and(|open| open.tls.is_some() && open.output.len() > 0) {
            self.touch(ix);
        }
        self.settle_queue(now);
        taken
    }

    /// Gives the session the whole messages that were read, while the application takes them.
    fn take_messages(&mut self, ix: usize, now: Now) -> usize {
        let scanner = Scanner::new(self.config.message_bytes_max);
        let mut taken = 0;
        loop {
            if self.slots[ix].has_message(scanner) {
                match self.slots[ix].over_rate(now) {
                    None => {}
                    Some(OverRate::Wait) => break,
                    Some(OverRate::Cut) => {
                        self.end(ix, now, &Down::Link(Code::F118));
                        break;
                    }
                }
            }
            let all = self.shared.app.ready();
            let step = self.slots[ix].take_message(now, scanner, all, &mut self.shared);
            if step == Step::Nothing {
                break;
            }
            taken += 1;
            self.touch(ix);
            self.submit_queue(now);
        }
        taken
    }

    /// Asks the operating system what has happened.
    fn poll(&mut self, now: Now) -> usize {
        // Interrupted or not, whatever is there is told again at the next call.
        if self
            .poll
            .poll(&mut self.events, Some(Duration::ZERO))
            .is_err()
        {
            return 0;
        }
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let mut done = 0;
        for event in &events {
            done += 1;
            let token = event.token().0;
            let slots_at = self.listeners.len();
            let pending_at = slots_at + self.slots_max;
            if token < slots_at {
                self.accept(token, now);
            } else if token < pending_at {
                self.slot_is_ready(token - slots_at, now, event.is_writable());
            } else {
                self.read_pending(token - pending_at, now);
            }
        }
        self.events = events;
        done
    }

    fn slot_is_ready(&mut self, ix: usize, now: Now, writable: bool) {
        let slot = &mut self.slots[ix];
        let Some(open) = &mut slot.connection else {
            return;
        };
        open.readable = true;
        if slot.connecting && writable {
            self.connected(ix, now);
        } else if open.output.len() > 0 {
            self.touch(ix);
            self.flush_touched(now);
        }
    }

    fn accept(&mut self, listener: usize, now: Now) {
        // An error other than "none left" leaves the rest for the next chores.
        while let Ok((socket, from)) = self.listeners[listener].accept() {
            self.counts.accepted += 1;
            if !self.may_connect(from.ip(), now) {
                continue;
            }
            let _ = socket.set_nodelay(true);
            let free = self.pending.iter().position(Option::is_none);
            let place = free.unwrap_or(self.pending.len());
            if place >= self.config.pending_max {
                self.counts.overflows += 1;
                continue;
            }
            let mut open = Connection::new(socket, now.mono);
            open.from = Some(from.ip());
            if let Some(Some(config)) = self.listeners_tls.get(listener) {
                let Ok(tls) = Tls::accept(config) else {
                    continue;
                };
                open.tls = Some(tls);
            }
            let token = Token(self.listeners.len() + self.slots_max + place);
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = self.poll.registry();
            if registry
                .register(&mut open.socket, token, interest)
                .is_err()
            {
                continue;
            }
            match self.pending.get_mut(place) {
                Some(free) => *free = Some(open),
                None => self.pending.push(Some(open)),
            }
            self.read_pending(place, now);
        }
    }

    /// Whether an address may connect at all, and has not done so too often.
    fn may_connect(&mut self, from: IpAddr, now: Now) -> bool {
        let acceptors = self.slots.iter().filter(|slot| slot.dial.is_none());
        if !{ acceptors }.any(|slot| slot.lets_in(Some(from))) {
            self.counts.address_refused += 1;
            return false;
        }
        if self.config.logons_per_s_max == 0 {
            return true;
        }
        if self.rates.len() >= RATES_MAX {
            self.rates.retain(|_, rate| !rate.is_idle(now.mono));
        }
        let fresh = Rate::new(self.config.logons_per_s_max);
        let full = self.rates.len() >= RATES_MAX;
        let rate = match full {
            true => self.rates.get_mut(&from),
            false => Some(self.rates.entry(from).or_insert(fresh)),
        };
        match rate {
            Some(rate) if rate.has_room(now.mono) => {
                rate.count(now.mono);
                true
            }
            Some(_) | None => {
                self.counts.rate_refused += 1;
                false
            }
        }
    }

    /// Makes a session of a template for the peer that a Logon names.
    fn make_session(&mut self, template: usize, target: &str) -> Option<usize> {
        let ix = self.slots.len();
        if ix >= self.slots_max {
            return None;
        }
        let config = self.slots[template].config.instance(target);
        let number = u16::try_from(ix).ok()?;
        // A store that cannot be opened leaves its peer without a session, and nobody else.
        let slot = open_slot(SessionIx::new(number), &config, &self.config).ok()?;
        if let Some(log) = &mut self.shared.log {
            log.open(slot.ix, file_of(&slot.config));
        }
        self.slots.push(slot);
        Some(ix)
    }

    /// Reads a connection that has not logged on, until its first message is whole.
    fn read_pending(&mut self, place: usize, now: Now) {
        let Some(mut open) = self.pending.get_mut(place).and_then(Option::take) else {
            return;
        };
        let bytes_max = self.config.logon_bytes_max;
        let read = open.read(bytes_max);
        if read.as_ref().is_err_and(is_tls_failure) {
            self.counts.tls_refused += 1;
            return self.refuse(open, now);
        }
        let ended = !matches!(read, Ok(Brought::Bytes(_) | Brought::Nothing));
        match self.first_message(&open) {
            First::NotYet if ended => self.refuse(open, now),
            First::NotYet => self.pending[place] = Some(open),
            First::Logon(ix) => self.log_on_pending(ix, open, now),
            First::Template(template, target) => match self.make_session(template, &target) {
                Some(ix) => self.log_on_pending(ix, open, now),
                None => {
                    self.counts.unknown_peers += 1;
                    self.refuse(open, now);
                }
            },
            First::Nobody => {
                self.counts.unknown_peers += 1;
                self.refuse(open, now);
            }
            First::NoLogon => {
                self.counts.not_logons += 1;
                self.refuse(open, now);
            }
        }
    }

    fn first_message(&self, open: &Connection) -> First {
        let bytes_max = self.config.logon_bytes_max;
        match Scanner::new(bytes_max).scan(open.input.bytes()) {
            Scan::Incomplete if open.input.len() < bytes_max => First::NotYet,
            Scan::Message { message, .. } if message.msg_type() == b"A" => {
                self.session_of(&message, open.from)
            }
            Scan::Incomplete | Scan::Message { .. } | Scan::Garbled { .. } => First::NoLogon,
        }
    }

    /// The session that a Logon is meant for.
    fn session_of(&self, logon: &Message<'_>, from: Option<IpAddr>) -> First {
        if let Some(ix) = self.slots.iter().position(|slot| slot.is_for(logon)) {
            return First::Logon(ix);
        }
        let template = self
            .slots
            .iter()
            .position(|slot| slot.is_template_for(logon));
        let name = logon.get(crate::codec::SENDER_COMP_ID).unwrap_or_default();
        let name = std::str::from_utf8(name)
            .ok()
            .filter(|name| is_comp_id(name));
        match (template, name) {
            (Some(ix), Some(name)) if self.slots[ix].lets_in(from) && !name.ends_with('*') => {
                First::Template(ix, name.to_owned())
            }
            (Some(_) | None, Some(_) | None) => First::Nobody,
        }
    }

    /// Closes a connection that is none of ours: nothing is sent (acceptance tests 1b to 1e).
    fn refuse(&mut self, mut open: Connection, now: Now) {
        let _ = self.poll.registry().deregister(&mut open.socket);
        self.linger(open.socket, now.mono);
    }

    /// Joins a connection with the session that its Logon names, unless that is connected.
    fn log_on_pending(&mut self, ix: usize, mut open: Connection, now: Now) {
        let slot = &mut self.slots[ix];
        if slot.connection.is_some() {
            slot.count_in_use();
        }
        if !slot.lets_in(open.from) {
            self.counts.address_refused += 1;
            return self.refuse(open, now);
        }
        // One that is disabled says so to its peer, and to nobody else.
        let may_hear = slot.wanted || slot.config.disabled.is_some();
        if slot.connection.is_some() || !may_hear || slot.is_failed() {
            return self.refuse(open, now);
        }
        if !self.keep_hours(ix, now) {
            return self.refuse(open, now);
        }
        let slot = &mut self.slots[ix];
        let token = Token(self.listeners.len() + ix);
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if registry
            .reregister(&mut open.socket, token, interest)
            .is_err()
        {
            return;
        }
        open.readable = true;
        slot.count_bytes_in(open.input.len());
        self.open_session(ix, open, now);
        self.read_one(ix, now, true);
    }

    /// Tells a session that its connection is there.
    fn open_session(&mut self, ix: usize, open: Connection, now: Now) {
        let slot = &mut self.slots[ix];
        slot.connection = Some(open);
        slot.connecting = false;
        slot.enter(LinkState::LoggingOn, None, now);
        self.live.push(ix);
        slot.handle(now, Input::Connected, &mut self.shared);
        self.touch(ix);
        self.settle_queue(now);
    }

    /// Begins to connect an initiator.
    fn dial(&mut self, ix: usize, now: Now) {
        let slot = &mut self.slots[ix];
        let Some(to) = slot.dial.as_ref().and_then(slot::Dial::to) else {
            return;
        };
        let token = Token(self.listeners.len() + ix);
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        let connecting = TcpStream::connect(to).and_then(|mut socket| {
            registry.register(&mut socket, token, interest)?;
            Ok(socket)
        });
        match connecting {
            Ok(socket) => {
                let mut open = Connection::new(socket, now.mono);
                let encrypted = slot.tls.as_ref().map(Tls::connect).transpose();
                let Ok(encrypted) = encrypted else {
                    return self.end(ix, now, &Down::Link(Code::F117));
                };
                open.tls = encrypted;
                slot.connection = Some(open);
                slot.connecting = true;
                slot.enter(LinkState::Connecting, None, now);
            }
            Err(_) => self.end(ix, now, &Down::Link(Code::F104)),
        }
    }

    /// Looks whether a connection is made, now that the operating system has said something.
    fn connected(&mut self, ix: usize, now: Now) {
        let Some(open) = &self.slots[ix].connection else {
            return;
        };
        let refused = !matches!(open.socket.take_error(), Ok(None));
        match open.socket.peer_addr() {
            Ok(_) if !refused => {
                let _ = open.socket.set_nodelay(true);
                if let Some(open) = self.slots[ix].connection.take() {
                    self.open_session(ix, open, now);
                }
            }
            Err(error) if !refused && error.kind() == io::ErrorKind::NotConnected => {}
            Ok(_) | Err(_) => self.end(ix, now, &Down::Link(Code::F104)),
        }
    }

    /// Ticks the sessions that asked for it.
    fn tick(&mut self, now: Now) {
        self.shared.next_wake = MonoNanos::new(u64::MAX);
        for ix in 0..self.slots.len() {
            let Some(at) = self.slots[ix].wake() else {
                continue;
            };
            // A resend goes on with the ticks: not faster than the peer reads.
            let waiting = self.slots[ix].connection.as_ref();
            let waiting = waiting.map_or(0, |open| open.output.len());
            let out_bytes_max = self.slots[ix].config.out_bytes_max(&self.config);
            if at > now.mono || waiting > out_bytes_max / 2 {
                let again = at.max(now.mono.plus(Nanos::from_millis(1)));
                self.shared.next_wake = self.shared.next_wake.min(again);
                continue;
            }
            self.slots[ix].handle(now, Input::Tick, &mut self.shared);
            self.touch(ix);
        }
        self.settle_queue(now);
    }

    /// What need not be done in every cycle.
    fn chores(&mut self, now: Now) {
        self.next_chores = now.mono.plus(CHORES_EVERY);
        self.obey_all(now);
        for listener in 0..self.listeners.len() {
            self.accept(listener, now);
        }
        for ix in 0..self.slots.len() {
            self.look_after(ix, now);
        }
        for place in 0..self.pending.len() {
            let since = self.pending[place].as_ref().map(|open| open.since);
            let late = |since: MonoNanos| now.mono.since(since) > self.config.logon_timeout;
            if since.is_some_and(late) {
                self.counts.logon_timeouts += 1;
                self.pending[place] = None;
            }
        }
        self.lingering
            .retain_mut(|(socket, since)| now.mono.since(*since) <= LINGER && is_open(socket));
        if now.mono >= self.next_settle {
            self.next_settle = now.mono.plus(SETTLE_EVERY);
            for ix in 0..self.slots.len() {
                self.settle(ix, now);
            }
        }
        if let Some(log) = &mut self.shared.log {
            log.tick(now);
            self.counts.message_log_lost = log.lost();
        }
        for (ix, slot) in self.slots.iter_mut().enumerate() {
            slot.measure();
            self.board.write_session(ix, slot.stats());
        }
        self.board.write_link(&self.counts);
        self.settle_queue(now);
    }

    fn settle(&mut self, ix: usize, now: Now) {
        if self.slots[ix].is_failed() {
            return;
        }
        if let Some(why) = self.slots[ix].settle(&self.shared.app) {
            self.end(ix, now, &why);
        }
    }

    /// Restarts numbers that are of earlier hours, and says whether the session may be up.
    ///
    /// One that is up when its hours end, or when new ones begin, is logged out first.
    fn keep_hours(&mut self, ix: usize, now: Now) -> bool {
        let hours = self.slots[ix].hours(now);
        if hours == Hours::Open {
            return true;
        }
        if self.slots[ix].is_logged_on() {
            let text = "the session's hours are over";
            self.slots[ix].handle(now, Input::LogOut { text }, &mut self.shared);
            self.touch(ix);
            self.settle_queue(now);
            return true;
        }
        if self.slots[ix].connection.is_some() {
            self.end(ix, now, &Down::Link(Code::F116));
        }
        if hours == Hours::Closed {
            let state = self.slots[ix].stats().state;
            self.slots[ix].enter(state, Some(Code::F116), now);
            return false;
        }
        let first = Input::Renumber(NextSeqNums::FIRST);
        self.slots[ix].handle(now, first, &mut self.shared);
        self.touch(ix);
        self.settle_queue(now);
        true
    }

    fn look_after(&mut self, ix: usize, now: Now) {
        if self.slots[ix].config.schedule.is_some() && !self.keep_hours(ix, now) {
            return;
        }
        let slot = &self.slots[ix];
        match &slot.connection {
            Some(open) if slot.connecting => {
                if now.mono.since(open.since) > self.config.logon_timeout {
                    self.end(ix, now, &Down::Link(Code::F104));
                }
            }
            Some(open) if open.output.is_stuck(now.mono, self.config.stall_timeout) => {
                self.end(ix, now, &Down::Link(Code::F101));
            }
            Some(open) if open.output.len() > 0 => {
                self.touch(ix);
                self.flush_touched(now);
            }
            Some(_) => {}
            None => {
                let due = slot.dial.as_ref().is_some_and(|dial| now.mono >= dial.at);
                if due && slot.wanted && !slot.is_failed() {
                    self.dial(ix, now);
                }
            }
        }
    }
}

impl<A: Application> Worker for Link<A> {
    fn name(&self) -> &'static str {
        self.config.name
    }

    /// One duty cycle: what the application has to send goes out first, it has waited longest.
    fn work(&mut self, now: Now) -> usize {
        let Shared { app, queue, .. } = &mut self.shared;
        let mut done = app.work(now, &mut queue.outgoing());
        if done > 0 || !self.shared.queue.is_empty() {
            self.settle_queue(now);
        }
        self.cycle = self.cycle.wrapping_add(1);
        if !self.is_direct() || self.cycle.is_multiple_of(self.config.poll_every) {
            done += self.poll(now);
        }
        done += self.read_all(now);
        if now.mono >= self.shared.next_wake {
            self.tick(now);
        }
        if now.mono >= self.next_chores {
            self.chores(now);
        }
        done
    }
}

impl<A: Application> Drop for Link<A> {
    /// An orderly end keeps the incoming numbers as they are.
    fn drop(&mut self) {
        for slot in &mut self.slots {
            slot.settle_all(&self.shared.app);
        }
    }
}

/// What the first message of a connection is.
enum First {
    NotYet,
    /// A Logon for this session.
    Logon(usize),
    /// A Logon of this peer, for whom this template makes a session.
    Template(usize, String),
    /// A Logon for a session that we do not have.
    Nobody,
    NoLogon,
}

fn open_slot(ix: SessionIx, session: &SessionConfig, link: &LinkConfig) -> Result<Slot, LinkError> {
    let store: Box<dyn Store> = match &session.store {
        StoreConfig::Memory => Box::new(MemoryStore::new()),
        // Templates themselves are never logged on.
        StoreConfig::File(_) if session.template().is_some() => Box::new(MemoryStore::new()),
        StoreConfig::File(directory) => Box::new(FileStore::open_with(
            directory,
            [
                &session.begin_string,
                &session.sender_comp_id,
                &session.target_comp_id,
            ],
            session.store_options,
        )?),
    };
    let next = NextSeqNums {
        inbound: store.next_in(),
        outbound: store.next_out(),
    };
    let tls = session.tls.as_ref().map(tls::initiator).transpose()?;
    let machine = Session::new(session.settings(link), next);
    let machine = machine.map_err(|source| LinkError::Session {
        sender: session.sender_comp_id.clone(),
        target: session.target_comp_id.clone(),
        source,
    })?;
    let mut slot = Slot::new(ix, machine, store, session.clone());
    slot.tls = tls;
    Ok(slot)
}

fn begin_log(config: &MessageLogConfig) -> Result<MessageLog, LinkError> {
    MessageLog::start(config).map_err(|source| LinkError::MessageLog {
        directory: config.directory.clone(),
        source,
    })
}

/// What a session's log is called.
fn file_of(session: &SessionConfig) -> String {
    session_name(
        &session.begin_string,
        &session.sender_comp_id,
        &session.target_comp_id,
    )
}

/// Whether the encryption of a connection failed, rather than the connection.
fn is_tls_failure(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}

/// Whether the peer has still not closed a connection that we closed. What it sends is dropped.
fn is_open(socket: &mut TcpStream) -> bool {
    let mut dropped = [0; 4096];
    loop {
        match io::Read::read(socket, &mut dropped) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

#[cfg(test)]
mod tests;
