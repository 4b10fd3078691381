//! One session with its store and its connection, and where its effects go.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use dcx_model::{Code, MonoNanos, Nanos, Now};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::connection::{Connection, Outbox};
use super::message_log::{MessageLog, Way};
use super::stats::{LinkState, SessionCounts, SessionStats};
use crate::access::Rate;
use crate::app::{AppReject, Application, Queue, SessionEnd, SessionIx};
use crate::codec::SOH;
use crate::config::{OverRate, Role, SessionConfig};
use crate::dialect::Translator;
use crate::schedule::{Schedule, Window};
use crate::session::write_business_reject;
use crate::store::{Store, StoreError};
use crate::{
    BusinessReject, Close, Credentials, Input, Message, NextSeqNums, PeerFault, Scan, Scanner,
    Session, SessionEvent, Sink,
};

/// What the sessions of a link share.
#[derive(Debug)]
pub(super) struct Shared<A> {
    pub(super) app: A,
    /// What the application has sent and no session has taken yet.
    pub(super) queue: Queue,
    /// Messages that the application refused with Reject (3).
    pub(super) refused: Vec<Refused>,
    /// When the first session wants a tick.
    pub(super) next_wake: MonoNanos,
    /// Where a stored message is read to.
    pub(super) scratch: Vec<u8>,
    /// Where messages are logged.
    pub(super) log: Option<MessageLog>,
}

/// A message that the application refused.
///
/// Its bytes are kept because it may have waited behind a gap, in a buffer that is gone once the
/// session has returned.
#[derive(Debug)]
pub(super) struct Refused {
    raw: Vec<u8>,
    tag: u32,
    reason: u16,
    text: Cow<'static, str>,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Down {
    /// The session closed it.
    Session(Close),
    /// For this reason of the link's own.
    Link(Code),
    /// The store could not be written or read.
    Store(StoreError),
}

impl Down {
    fn code(&self) -> Code {
        match self {
            Self::Session(Close::PeerLoggedOut) => Code::F105,
            Self::Session(Close::LoggedOut) => Code::F106,
            Self::Session(Close::TurnedAway) => Code::F119,
            Self::Session(Close::Fault(fault)) => fault.code(),
            Self::Link(code) => *code,
            Self::Store(error) => error.code(),
        }
    }
}

/// When an initiator tries next, and how long it waits after that.
#[derive(Debug)]
pub(super) struct Dial {
    hosts: Vec<SocketAddr>,
    /// Which of them is next.
    host: usize,
    pub(super) at: MonoNanos,
    wait: Nanos,
    wait_min: Nanos,
    wait_max: Nanos,
}

impl Dial {
    fn of(role: &Role) -> Option<Self> {
        match role {
            Role::Acceptor => None,
            Role::Initiator {
                connect,
                others,
                reconnect_min,
                reconnect_max,
            } => Some(Self {
                hosts: [&[*connect], others.as_slice()].concat(),
                host: 0,
                at: MonoNanos::new(0),
                wait: *reconnect_min,
                wait_min: *reconnect_min,
                wait_max: *reconnect_max,
            }),
        }
    }

    /// Where to connect to.
    pub(super) fn to(&self) -> Option<SocketAddr> {
        self.hosts.get(self.host).copied()
    }

    /// Waits twice as long as before; the shortest after a connection that was of use. One that
    /// was not leads to the next host, and only once round all of them is waited for longer.
    fn back_off(&mut self, now: MonoNanos, was_up: bool) {
        if was_up {
            self.wait = self.wait_min;
        } else {
            self.host = (self.host + 1) % self.hosts.len().max(1);
            if self.host != 0 {
                self.at = now.plus(self.wait_min);
                return;
            }
        }
        self.at = now.plus(self.wait);
        let doubled = Nanos::new(self.wait.get().saturating_mul(2));
        self.wait = doubled.min(self.wait_max);
    }
}

/// What the clock says of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    /// It may be up.
    Open,
    /// It may not.
    Closed,
    /// It may be up once its numbers, which are of earlier hours, have restarted.
    New,
}

/// The hours at this moment, asked for anew only when the last ones are over or the clock was set
/// back.
fn window_at(schedule: &Schedule, last: Option<Window>, now: Now) -> Window {
    match last {
        Some(last) if last.since <= now.unix && now.unix < last.until => last,
        Some(_) | None => schedule.window(now.unix),
    }
}

/// One session of a link.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) ix: SessionIx,
    session: Session,
    pub(super) connection: Option<Connection>,
    /// Whether the connection of an initiator is still being made.
    pub(super) connecting: bool,
    pub(super) dial: Option<Dial>,
    /// How it connects, and whom to.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Whether the operator wants it up.
    pub(super) wanted: bool,
    /// What it was made from.
    pub(super) config: SessionConfig,
    /// The hours that the last moment was in.
    window: Option<Window>,
    /// How much the peer sent lately.
    rate: Rate,
    io: SlotIo,
    /// What waits for the peer, as far as other threads are to know.
    pub(super) behind: Option<Behind>,
    /// How many bytes wait for the peer, as the application was told.
    backlog: usize,
}

/// Bytes that the kernel has not taken, by what caused them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    /// Everything that was caused up to here is with the kernel.
    pub(super) from: u64,
    /// Once so many bytes of the connection are, everything caused up to `to` is.
    bytes: u64,
    to: u64,
}

/// What a session's effects touch besides its connection.
#[derive(Debug)]
struct SlotIo {
    store: Box<dyn Store>,
    /// Between the application and the peer.
    translator: Option<Translator>,
    stats: SessionStats,
    /// When the session wants a tick.
    wake: Option<MonoNanos>,
    /// Whether it is logged on, as the application was told.
    logged_on: bool,
    /// Whether this connection has ever been logged on.
    was_up: bool,
    /// When its numbers began, in nanoseconds since 1970.
    began_ns: u64,
    /// The next incoming number now, and a while ago (see [`Slot::settle`]).
    next_in: u64,
    next_in_before: u64,
    /// What the application had been given then.
    taken_before: u64,
    /// The application has sent something since the bound of the output was looked at.
    ///
    /// What a resend adds is not held against the peer that asked for it: the session paces it.
    bound_due: bool,
    close: Option<Close>,
    failed: Option<StoreError>,
    /// The first application message that the peer may not have, as far as is known.
    unconfirmed: Option<u64>,
    /// Whose password is not logged wherever it stands.
    credentials: Option<Credentials>,
    /// When the peer was last asked whether it is there, and has not said so yet.
    probed: Option<MonoNanos>,
}

/// What came of taking a message from what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One was taken, or bytes that are none were skipped.
    Taken,
    /// There is no whole message.
    Nothing,
}

impl Slot {
    pub(super) fn new(
        ix: SessionIx,
        session: Session,
        store: Box<dyn Store>,
        config: SessionConfig,
    ) -> Self {
        let next_in = store.next_in();
        let stats = SessionStats {
            counts: SessionCounts {
                next_in,
                next_out: store.next_out(),
                ..SessionCounts::default()
            },
            reason: Some(Code::F115),
            ..SessionStats::default()
        };
        let dictionary = session.settings().dictionary.clone();
        let credentials = config.credentials.clone();
        // What an earlier process sent may have arrived or not.
        let unconfirmed = (store.next_out() > 1).then_some(1);
        let disabled = config.disabled.clone();
        let spoken = config.dialect.clone();
        let translator = spoken.map(|spoken| Translator::new(spoken, dictionary));
        let mut slot = Self {
            ix,
            session,
            connection: None,
            connecting: false,
            dial: Dial::of(&config.role),
            tls: None,
            wanted: true,
            window: None,
            rate: Rate::new(config.throttle.map_or(0, |throttle| throttle.per_s)),
            config,
            io: SlotIo {
                began_ns: store.created_ns().unwrap_or(0),
                store,
                translator,
                stats,
                wake: None,
                logged_on: false,
                was_up: false,
                next_in,
                next_in_before: next_in,
                taken_before: 0,
                bound_due: false,
                close: None,
                failed: None,
                unconfirmed,
                credentials,
                probed: None,
            },
            behind: None,
            backlog: 0,
        };
        if let Some(text) = disabled {
            slot.forbid(text);
            slot.wanted = false;
            slot.io.stats.state = LinkState::Off;
            slot.io.stats.reason = Some(Code::F119);
        }
        slot
    }

    /// Tells whoever logs on from now on that the session is not to be.
    pub(super) fn forbid(&mut self, text: String) {
        self.session.turn_away(Some(text.clone()));
        self.config.disabled = Some(text);
    }

    /// Lets the peer log on again.
    pub(super) fn allow(&mut self) {
        self.session.turn_away(None);
        self.config.disabled = None;
    }

    /// The numbers that it would go on from.
    pub(super) const fn next_seq_nums(&self) -> NextSeqNums {
        self.session.next_seq_nums()
    }

    /// The first application message that is kept and that the peer may not have.
    pub(super) const fn unconfirmed(&self) -> Option<u64> {
        self.io.unconfirmed
    }

    /// Takes the measures that change without an event.
    pub(super) fn measure(&mut self) {
        let waiting = self.connection.as_ref().map(|open| open.output.len());
        self.io.stats.counts.queue_bytes = waiting.unwrap_or(0) as u64;
    }

    /// Whether a peer's Logon is meant for this session.
    pub(super) fn is_for(&self, logon: &Message<'_>) -> bool {
        let settings = self.session.settings();
        self.dial.is_none()
            && self.config.template().is_none()
            && logon.get(crate::codec::SENDER_COMP_ID) == Some(&settings.target_comp_id)
            && logon.get(crate::codec::TARGET_COMP_ID) == Some(&settings.sender_comp_id)
    }

    /// Whether the Logon is of a peer that this template makes a session for.
    pub(super) fn is_template_for(&self, logon: &Message<'_>) -> bool {
        let theirs = logon.get(crate::codec::SENDER_COMP_ID).unwrap_or_default();
        let begins = self.config.template().map(str::as_bytes);
        begins.is_some_and(|begins| theirs.starts_with(begins))
            && logon.get(crate::codec::TARGET_COMP_ID)
                == Some(self.config.sender_comp_id.as_bytes())
    }

    /// Whether its peer may come from this address.
    pub(super) fn lets_in(&self, from: Option<std::net::IpAddr>) -> bool {
        let allowed = &self.config.allowed;
        allowed.is_empty() || from.is_some_and(|from| allowed.iter().any(|range| range.has(from)))
    }

    /// Whether it may be up at this moment.
    ///
    /// Without a schedule it always is.
    pub(super) fn hours(&mut self, now: Now) -> Hours {
        let Some(schedule) = &self.config.schedule else {
            return Hours::Open;
        };
        let window = window_at(schedule, self.window, now);
        self.window = Some(window);
        if self.io.began_ns == 0 {
            // Nothing is known of a store that does not say when it began: it goes on.
            self.io.began_ns = now.unix.get();
        }
        match window.open {
            false => Hours::Closed,
            true if self.io.began_ns < window.since.get() => Hours::New,
            true => Hours::Open,
        }
    }

    /// Whether one message more of the peer is within what was agreed on; if not, what becomes of
    /// it.
    pub(super) fn over_rate(&mut self, now: Now) -> Option<OverRate> {
        let throttle = self.config.throttle?;
        if self.rate.has_room(now.mono) {
            self.rate.count(now.mono);
            return None;
        }
        self.io.stats.counts.throttled += 1;
        Some(throttle.over)
    }

    pub(super) const fn is_logged_on(&self) -> bool {
        self.io.logged_on
    }

    /// Whether its store has let it down.
    pub(super) fn is_failed(&self) -> bool {
        self.io.stats.state == LinkState::Failed
    }

    pub(super) const fn stats(&self) -> &SessionStats {
        &self.io.stats
    }

    pub(super) const fn count_in_use(&mut self) {
        self.io.stats.counts.logons_in_use += 1;
    }

    pub(super) const fn count_slow_cut(&mut self) {
        self.io.stats.counts.slow_cuts += 1;
    }

    pub(super) const fn count_bytes_in(&mut self, count: usize) {
        self.io.stats.counts.bytes_in += count as u64;
    }

    pub(super) const fn wake(&self) -> Option<MonoNanos> {
        self.io.wake
    }

    pub(super) fn enter(&mut self, state: LinkState, reason: Option<Code>, now: Now) {
        let stats = &mut self.io.stats;
        if stats.state != state {
            stats.state = state;
            stats.since = now.unix;
        }
        stats.reason = reason.or(stats.reason);
    }

    /// Gives one input to the session.
    pub(super) fn handle<A: Application>(
        &mut self,
        now: Now,
        input: Input<'_>,
        shared: &mut Shared<A>,
    ) {
        if let Input::Tick = input {
            self.io.wake = None;
        }
        let mut wire = Wire {
            ix: self.ix,
            now,
            io: &mut self.io,
            output: self.connection.as_mut().map(|open| &mut open.output),
            shared,
        };
        self.session.handle(now, input, &mut wire);
        self.refuse(now, shared);
    }

    /// Whether a whole message waits to be taken.
    pub(super) fn has_message(&self, scanner: Scanner) -> bool {
        if self.config.throttle.is_none() {
            return false;
        }
        let waiting = self.connection.as_ref().map(|open| open.input.bytes());
        matches!(
            waiting.map(|bytes| scanner.scan(bytes)),
            Some(Scan::Message { .. })
        )
    }

    /// Takes the first message of what was read, if it is whole.
    ///
    /// Unless `all`, only one of the session itself: those go on while the application can take
    /// nothing, so that a busy engine is not mistaken for a dead peer and a Logout is answered.
    #[inline]
    pub(super) fn take_message<A: Application>(
        &mut self,
        now: Now,
        scanner: Scanner,
        all: bool,
        shared: &mut Shared<A>,
    ) -> Step {
        let Some(Connection { input, output, .. }) = &mut self.connection else {
            return Step::Nothing;
        };
        if self.io.close.is_some() || self.io.failed.is_some() {
            return Step::Nothing;
        }
        let mut wire = Wire {
            ix: self.ix,
            now,
            io: &mut self.io,
            output: Some(output),
            shared,
        };
        let taken = match scanner.scan(input.bytes()) {
            Scan::Incomplete => return Step::Nothing,
            Scan::Message { message, .. } if !all && !delivers_nothing(&message) => {
                return Step::Nothing;
            }
            Scan::Message { message, len } => {
                wire.received(&message);
                self.session
                    .handle(now, Input::Received(&message), &mut wire);
                len
            }
            Scan::Garbled { skip, fault } => {
                if let Some(log) = &mut wire.shared.log {
                    log.garbled(self.ix, now.unix, skip, fault);
                }
                self.session.handle(now, Input::Garbled(fault), &mut wire);
                skip
            }
        };
        input.take(taken);
        self.refuse(now, shared);
        Step::Taken
    }

    /// Answers with Reject (3) what the application refused so.
    fn refuse<A: Application>(&mut self, now: Now, shared: &mut Shared<A>) {
        if shared.refused.is_empty() {
            return;
        }
        for refused in std::mem::take(&mut shared.refused) {
            let Ok(message) = Message::parse(&refused.raw) else {
                continue;
            };
            let input = Input::Refuse {
                message: &message,
                reason: refused.reason,
                ref_tag: Some(refused.tag),
                text: &refused.text,
            };
            self.handle(now, input, shared);
        }
    }

    /// Gives the session a message of the application.
    pub(super) fn submit<A: Application>(
        &mut self,
        now: Now,
        input: Input<'_>,
        shared: &mut Shared<A>,
    ) {
        if self.is_failed() || self.io.failed.is_some() {
            self.io.stats.counts.unstored += 1;
            return;
        }
        match (self.io.translator.take(), input) {
            (
                Some(mut translator),
                Input::Submit {
                    msg_type,
                    body,
                    poss_resend,
                },
            ) => {
                let input = Input::Submit {
                    msg_type,
                    body: translator.outgoing(msg_type, body),
                    poss_resend,
                };
                self.handle(now, input, shared);
                self.io.translator = Some(translator);
            }
            (translator, input) => {
                self.io.translator = translator;
                self.handle(now, input, shared);
            }
        }
        self.io.bound_due = true;
    }

    /// Makes what was kept survive, then sends it. Returns why the connection must end, if it
    /// must.
    pub(super) fn flush(&mut self, now: Now, out_bytes_max: usize) -> Option<Down> {
        let flushed = match self.io.failed.take() {
            Some(error) => Err(error),
            None => self.io.store.flush(),
        };
        if let Err(error) = flushed {
            return Some(Down::Store(error));
        }
        let open = self.connection.as_mut()?;
        if self.connecting {
            return None;
        }
        if open.output.len() > 0 && open.flush(now.mono).is_err() {
            return Some(Down::Link(Code::F102));
        }
        if std::mem::take(&mut self.io.bound_due) && open.output.len() > out_bytes_max {
            return Some(Down::Link(Code::F100));
        }
        self.io.close.take().map(Down::Session)
    }

    /// How many bytes wait for the peer, if that is not what it was when this was asked last.
    #[inline]
    pub(super) fn backlog_changed(&mut self) -> Option<usize> {
        let open = self.connection.as_ref();
        let waiting = open.map_or(0, |open| open.output.len());
        let changed = std::mem::replace(&mut self.backlog, waiting) != waiting;
        changed.then_some(waiting)
    }

    /// Follows what waits for the peer: `flushed` is up to where everything that was caused had
    /// been given to the connections, `told` up to where it now is. Returns whether it changed.
    #[inline]
    pub(super) fn follow(&mut self, flushed: u64, told: u64) -> bool {
        let waits = self
            .connection
            .as_ref()
            .filter(|open| open.output.len() > 0);
        let Some(open) = waits else {
            return self.behind.take().is_some();
        };
        let mark = Behind {
            from: flushed,
            bytes: open.output.pushed(),
            to: told,
        };
        match &mut self.behind {
            None => self.behind = Some(mark),
            Some(behind) if open.output.gone() >= behind.bytes => {
                let from = behind.to;
                *behind = Behind { from, ..mark };
            }
            Some(_) => return false,
        }
        true
    }

    /// The connection is gone: tells session and application.
    pub(super) fn disconnected<A: Application>(
        &mut self,
        now: Now,
        why: &Down,
        shared: &mut Shared<A>,
    ) {
        self.connection = None;
        self.connecting = false;
        if !matches!(why, Down::Session(_)) {
            self.handle(now, Input::Disconnected, shared);
        }
        self.io.close = None;
        if self.io.logged_on {
            self.io.logged_on = false;
            let out = &mut shared.queue.outgoing();
            shared.app.ended(self.ix, SessionEnd::Broken, now, out);
        }
        let state = match why {
            Down::Store(_) => LinkState::Failed,
            Down::Session(_) | Down::Link(_) if self.wanted => LinkState::Down,
            Down::Session(_) | Down::Link(_) => LinkState::Off,
        };
        let code = match state {
            LinkState::Off if self.config.disabled.is_some() => Code::F119,
            _ => why.code(),
        };
        self.enter(state, Some(code), now);
        if let Some(dial) = &mut self.dial {
            dial.back_off(now.mono, self.io.was_up);
        }
        self.io.was_up = false;
    }

    /// Lets the kept incoming number follow the real one, at least a period behind.
    ///
    /// What the application took in the last period may still be on its way to its journal. Were
    /// its number kept at once, a kill would lose it: the peer would never be asked for it again.
    pub(super) fn settle<A: Application>(&mut self, app: &A) -> Option<Down> {
        let io = &mut self.io;
        if app.kept() >= io.taken_before {
            io.store.settle(io.next_in_before);
            io.next_in_before = io.next_in;
            io.taken_before = app.taken();
        }
        io.store.note().err().map(Down::Store)
    }

    /// Keeps the incoming number of an orderly end.
    pub(super) fn settle_all<A: Application>(&mut self, app: &A) {
        if app.kept() >= app.taken() {
            self.io.store.settle(self.io.next_in);
        }
        // A failure here costs a resend at the next start, nothing else.
        let _ = self.io.store.note();
    }
}

/// The type of a message of ours: its third field.
fn msg_type_of(bytes: &[u8]) -> &[u8] {
    let third = bytes.splitn(4, |byte| *byte == SOH).nth(2);
    third
        .and_then(|field| field.strip_prefix(b"35="))
        .unwrap_or_default()
}

/// Whether a message brings nothing to the application: heartbeat, test and resend requests,
/// reject, logout. A sequence reset is not among them: it may release what waits behind a gap.
fn delivers_nothing(message: &Message<'_>) -> bool {
    matches!(message.msg_type(), b"0" | b"1" | b"2" | b"3" | b"5")
}

/// Where the effects of one input go.
struct Wire<'a, A> {
    ix: SessionIx,
    now: Now,
    io: &'a mut SlotIo,
    output: Option<&'a mut Outbox>,
    shared: &'a mut Shared<A>,
}

impl<A: Application> Sink for Wire<'_, A> {
    fn persist(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        // Once the store has refused, its numbers are not the session's; nothing leaves any more.
        if self.io.failed.is_none() {
            self.io.store.keep(msg_seq_num, bytes);
        }
        if !bytes.is_empty() {
            self.io.unconfirmed.get_or_insert(msg_seq_num);
        }
        self.io.stats.counts.next_out = msg_seq_num + 1;
    }

    fn settle(&mut self, next_inbound: u64) {
        self.io.next_in = next_inbound;
        self.io.stats.counts.next_in = next_inbound;
    }

    fn forget(&mut self) {
        self.io.began_ns = self.now.unix.get();
        self.io.unconfirmed = None;
        self.io.next_in = 1;
        self.io.next_in_before = 1;
        if let Err(error) = self.io.store.reset(1, 1) {
            self.io.failed = Some(error);
        }
    }

    fn renumber(&mut self, next: NextSeqNums) {
        self.io.began_ns = self.now.unix.get();
        self.io.stats.counts.next_in = next.inbound;
        self.io.stats.counts.next_out = next.outbound;
        self.io.next_in = next.inbound;
        self.io.next_in_before = next.inbound;
        // What is kept stays where only the peer's numbers change.
        if next.outbound > 1 && next.outbound == self.io.store.next_out() {
            self.io.store.settle(next.inbound);
            self.io.failed = self.io.store.note().err();
            return;
        }
        self.io.unconfirmed = None;
        if let Err(error) = self.io.store.reset(next.inbound, next.outbound) {
            self.io.failed = Some(error);
        }
    }

    fn stored<R>(&mut self, msg_seq_num: u64, with: impl FnOnce(Option<&[u8]>) -> R) -> R {
        let scratch = &mut self.shared.scratch;
        scratch.clear();
        if let Err(error) = self.io.store.read(msg_seq_num, scratch) {
            self.io.failed = Some(error);
            scratch.clear();
        }
        if let Ok(message) = Message::parse(scratch)
            && !self.shared.app.may_resend(self.ix, message.msg_type())
        {
            return with(None);
        }
        with((!scratch.is_empty()).then_some(scratch))
    }

    fn transmit(&mut self, bytes: &[u8]) {
        if let Some(output) = &mut self.output {
            self.io.stats.counts.messages_out += 1;
            self.io.stats.counts.bytes_out += bytes.len() as u64;
            output.push(bytes);
            self.sent(bytes);
        }
    }

    fn deliver(&mut self, message: &Message<'_>) {
        let Shared {
            app,
            queue,
            refused,
            ..
        } = &mut *self.shared;
        let translated = match &mut self.io.translator {
            Some(translator) => translator.incoming(message),
            None => None,
        };
        let read = translated.as_ref().unwrap_or(message);
        let received = app.received(self.ix, self.now, read, &mut queue.outgoing());
        let Err(reject) = received else {
            return;
        };
        self.io.stats.counts.refused += 1;
        match reject {
            AppReject::Session { tag, reason, text } => refused.push(Refused {
                raw: message.raw().to_vec(),
                tag,
                reason,
                text,
            }),
            AppReject::Business {
                reason,
                ref_id,
                text,
            } => {
                let reject = BusinessReject {
                    reason,
                    ref_id: ref_id.as_deref().unwrap_or_default(),
                    text: &text,
                };
                queue.push(self.ix, b"j", false, |body| {
                    write_business_reject(body, message, &reject);
                });
            }
        }
    }

    fn wake_at(&mut self, at: MonoNanos) {
        self.io.wake = Some(at);
        self.shared.next_wake = self.shared.next_wake.min(at);
    }

    fn close(&mut self, why: Close) {
        self.io.close.get_or_insert(why);
    }

    fn event(&mut self, event: SessionEvent) {
        let counts = &mut self.io.stats.counts;
        match event {
            SessionEvent::LoggedOn { .. } => self.logged_on(),
            SessionEvent::LoggedOff => self.logged_off(),
            SessionEvent::Gap { .. } => counts.gaps += 1,
            SessionEvent::Resending { .. } => counts.resends += 1,
            SessionEvent::Duplicate { .. } => counts.duplicates += 1,
            SessionEvent::Rejected { .. } => counts.rejects_sent += 1,
            SessionEvent::PeerRejected { .. } => counts.rejects_received += 1,
            SessionEvent::Garbled(_) => counts.garbled += 1,
            SessionEvent::Use(_) => counts.unstored += 1,
            SessionEvent::Peer(PeerFault::DuplicateSession) => counts.logons_in_use += 1,
            SessionEvent::Reset
            | SessionEvent::Renumbered(_)
            | SessionEvent::GapFilled { .. }
            | SessionEvent::LaterDropped { .. }
            | SessionEvent::Probed
            | SessionEvent::Peer(_) => {}
        }
    }
}

impl<A: Application> Wire<'_, A> {
    /// Counts and logs a message of the peer.
    fn received(&mut self, message: &Message<'_>) {
        let counts = &mut self.io.stats.counts;
        counts.messages_in += 1;
        counts.last_in_ms = self.now.unix.get() / 1_000_000;
        // Only the answer to a question carries its name.
        if let Some(asked) = self.io.probed
            && message.msg_type() == b"0"
            && message.get(crate::codec::TEST_REQ_ID).is_some()
        {
            self.io.probed = None;
            counts.round_trip_us = self.now.mono.since(asked).get() / 1_000;
        }
        self.log(Way::In, message);
    }

    /// Counts and logs a message of ours.
    fn sent(&mut self, bytes: &[u8]) {
        let counts = &mut self.io.stats.counts;
        counts.last_out_ms = self.now.unix.get() / 1_000_000;
        match msg_type_of(bytes) {
            b"1" => self.io.probed = Some(self.now.mono),
            b"2" => counts.resends_asked += 1,
            _ => {}
        }
        if self.shared.log.is_some()
            && let Ok(message) = Message::parse(bytes)
        {
            self.log(Way::Out, &message);
        }
    }

    fn log(&mut self, way: Way, message: &Message<'_>) {
        if let Some(log) = &mut self.shared.log {
            let known = self.io.credentials.as_ref();
            let known = known.map_or("", |credentials| credentials.password());
            log.message(self.ix, way, self.now.unix, message, known.as_bytes());
        }
    }

    fn logged_on(&mut self) {
        let stats = &mut self.io.stats;
        stats.counts.logons += 1;
        stats.state = LinkState::Up;
        stats.since = self.now.unix;
        stats.reason = None;
        self.io.logged_on = true;
        self.io.was_up = true;
        let Shared { app, queue, .. } = &mut *self.shared;
        app.logged_on(self.ix, self.now, &mut queue.outgoing());
    }

    fn logged_off(&mut self) {
        if !self.io.logged_on {
            return;
        }
        self.io.logged_on = false;
        // The session says first why it closes; where it does not, the connection is gone.
        let how = match self.io.close {
            Some(Close::PeerLoggedOut | Close::LoggedOut) => {
                // A peer that misses something asks for it before it lets us go.
                self.io.unconfirmed = None;
                SessionEnd::LoggedOut
            }
            Some(Close::Fault(_) | Close::TurnedAway) | None => SessionEnd::Broken,
        };
        let Shared { app, queue, .. } = &mut *self.shared;
        app.ended(self.ix, how, self.now, &mut queue.outgoing());
    }
}
