//! The session's state machine: its inputs, its clock and what it sends.

use dcx_model::{MonoNanos, Now};

use super::later::Later;
use super::reject::{Reject, write_reject};
use super::resend::NONE_HELD;
use super::state::{Gap, Inbound, Leaving, Outbound, State};
use super::{Close, Input, NextSeqNums, Part, PeerFault, SessionEvent, Settings, Sink, UseFault};
use crate::codec::{
    BEGIN_SEQ_NO, END_SEQ_NO, LAST_MSG_SEQ_NUM_PROCESSED, NEW_SEQ_NO, TEST_REQ_ID, TEXT,
};
use crate::{Body, CodecFault, Encoder, Head, Message, Rejection};

/// `TestReqID` (112) of our TestRequests.
const PROBE: &str = "TEST";

/// Where a session is, for a status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No connection.
    Idle,
    /// Connected, not logged on in both directions.
    LoggingOn,
    /// Logged on, nothing missing.
    Active,
    /// Logged on, waiting for missing messages.
    Recovering,
    /// Our Logout is sent and not yet answered.
    LoggingOut,
}

/// One FIX session: what to send, keep and deliver, and when to be woken.
///
/// ```text
///          Connected             Logon                    LogOut, their fault
///   Idle ─────────────► LoggingOn ──────► Active ───────────────────────► LoggingOut
///    ▲                      │             │    ▲                              │
///    │                      │   too high  ▼    │  filled                      │
///    │                      │            Recovering ──────────────────────────┤
///    │                      │                 │                               │
///    └──────────────────────┴─────────────────┴───────────────────────────────┘
///       Disconnected from anywhere; refused or too late; Logout; silence; its answer or too late
/// ```
///
/// Everything an input causes is in the sink when [`handle`](Self::handle) returns. Inputs that
/// make no sense in a state (a message while idle) do nothing.
///
/// # Cost
/// No allocation while nothing is missing.
#[derive(Debug)]
pub struct Session {
    pub(super) settings: Settings,
    pub(super) state: State,
    pub(super) next: NextSeqNums,
    pub(super) encoder: Encoder,
    /// What came from behind a gap.
    pub(super) later: Later,
    /// The message being sent.
    pub(super) out: Vec<u8>,
    /// The message being resent.
    pub(super) copy: Vec<u8>,
    /// What peers are told that log on while the session is disabled.
    pub(super) turned_away: Option<String>,
}

impl Session {
    /// A session that goes on from `next`, the numbers last persisted.
    ///
    /// # Errors
    /// [`UseFault::Settings`] when they make no session.
    pub fn new(settings: Settings, next: NextSeqNums) -> Result<Self, UseFault> {
        settings.check()?;
        let encoder = Encoder::new(
            &settings.begin_string,
            &settings.sender_comp_id,
            &settings.target_comp_id,
        );
        Ok(Self {
            state: State::Idle,
            next,
            encoder,
            later: Later::new(settings.later_count_max, settings.later_bytes_max),
            out: Vec::new(),
            copy: Vec::new(),
            turned_away: None,
            settings,
        })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Turns away whoever logs on with this text, or nobody any more.
    pub fn turn_away(&mut self, text: Option<String>) {
        self.turned_away = text;
    }

    /// The numbers it would go on from.
    #[must_use]
    pub const fn next_seq_nums(&self) -> NextSeqNums {
        self.next
    }

    /// Where it is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match &self.state {
            State::Idle => Phase::Idle,
            State::LoggingOn(_) => Phase::LoggingOn,
            State::Active(talk) => match talk.inbound {
                Inbound::InStep => Phase::Active,
                Inbound::Gap(_) => Phase::Recovering,
            },
            State::LoggingOut(..) => Phase::LoggingOut,
        }
    }

    /// All that decides what it does next, to tell states apart.
    #[cfg(test)]
    pub(super) fn state_shown(&self) -> impl std::fmt::Debug + '_ {
        (&self.state, self.next, &self.later)
    }

    /// Takes one input at `now` and writes all of its consequences to `sink`.
    pub fn handle(&mut self, now: Now, input: Input<'_>, sink: &mut impl Sink) {
        match input {
            Input::Connected => self.connect(now, sink),
            Input::Received(message) => self.receive(now, message, sink),
            Input::Garbled(fault) => self.garbled(fault, sink),
            Input::Submit {
                msg_type,
                body,
                poss_resend,
            } => self.submit(now, msg_type, body, poss_resend, sink),
            Input::Refuse {
                message,
                reason,
                ref_tag,
                text,
            } => {
                let reject = Reject {
                    reason,
                    ref_tag: ref_tag.map(i64::from),
                    text,
                };
                self.refuse(now, message, &reject, sink);
            }
            Input::LogOut { text } => self.log_out(now, text, sink),
            Input::Renumber(next) => self.renumber(now, next, sink),
            Input::Tick => self.tick(now, sink),
            Input::Disconnected => self.disconnect(sink),
        }
        if let Some(at) = self.deadline(now.mono) {
            sink.wake_at(at);
        }
    }

    fn deadline(&self, now: MonoNanos) -> Option<MonoNanos> {
        match &self.state {
            State::Idle => None,
            State::LoggingOn(state) => Some(state.until),
            State::Active(talk) => talk.deadline(now, self.settings.gap_timeout),
            State::LoggingOut(talk, leaving) => match talk.outbound {
                Outbound::Live => Some(leaving.until),
                Outbound::Resending { .. } | Outbound::Releasing { .. } => Some(now),
            },
        }
    }

    fn garbled(&mut self, fault: CodecFault, sink: &mut impl Sink) {
        sink.event(SessionEvent::Garbled(fault));
        if matches!(self.state, State::LoggingOn(_)) {
            self.close(Close::Fault(PeerFault::Garbled(fault)), sink);
        }
    }

    fn submit(
        &mut self,
        now: Now,
        msg_type: &[u8],
        body: &[u8],
        poss_resend: bool,
        sink: &mut impl Sink,
    ) {
        if is_admin(msg_type) {
            return sink.event(SessionEvent::Use(UseFault::AdminType));
        }
        let msg_seq_num = self.next.outbound;
        let head = Head {
            poss_resend,
            ..Head::new(msg_type, msg_seq_num, now.unix)
        };
        let taken = self.last_taken();
        let bytes = self.encoder.encode(&mut self.out, &head, |out| {
            write_last_taken(out, taken);
            out.raw(body);
        });
        let (len, max) = (bytes.len(), self.settings.bytes_max);
        if len > max {
            return sink.event(SessionEvent::Use(UseFault::TooLong { len, max }));
        }
        sink.persist(msg_seq_num, bytes);
        self.next.outbound += 1;
        let State::Active(talk) = &mut self.state else {
            return;
        };
        match &mut talk.outbound {
            Outbound::Live => {
                sink.transmit(bytes);
                talk.last_sent = now.mono;
            }
            // Its number is behind all that is resent: the peer puts it in its place.
            Outbound::Resending {
                held_from: NONE_HELD,
                ..
            } if self.settings.live_during_resend => {
                sink.transmit(bytes);
                talk.last_sent = now.mono;
            }
            Outbound::Resending { held_from, .. } => {
                *held_from = msg_seq_num.min(*held_from);
            }
            Outbound::Releasing { .. } => {}
        }
    }

    /// Sends a message of the session itself.
    pub(super) fn send(
        &mut self,
        now: Now,
        msg_type: &[u8],
        sink: &mut impl Sink,
        write: impl FnOnce(&mut Body<'_>),
    ) {
        let msg_seq_num = self.next.outbound;
        let head = Head::new(msg_type, msg_seq_num, now.unix);
        let taken = self.last_taken();
        let bytes = self.encoder.encode(&mut self.out, &head, |body| {
            write_last_taken(body, taken);
            write(body);
        });
        sink.persist(msg_seq_num, &[]);
        self.next.outbound += 1;
        sink.transmit(bytes);
        if let Some(talk) = self.state.talk_mut() {
            talk.last_sent = now.mono;
        }
    }

    fn refuse(
        &mut self,
        now: Now,
        message: &Message<'_>,
        reject: &Reject<'_>,
        sink: &mut impl Sink,
    ) {
        if self.state.talk().is_some() {
            self.send(now, b"3", sink, |body| write_reject(body, message, reject));
        }
    }

    /// Answers `message` with Reject (3).
    pub(super) fn reject(
        &mut self,
        now: Now,
        message: &Message<'_>,
        rejection: Rejection,
        sink: &mut impl Sink,
    ) {
        let Rejection { reason, ref_tag } = rejection;
        let reject = Reject {
            reason: reason.number(),
            ref_tag,
            text: reason.text(),
        };
        self.refuse(now, message, &reject, sink);
        sink.event(SessionEvent::Rejected {
            msg_seq_num: message.msg_seq_num().unwrap_or(0),
            reason,
            ref_tag: ref_tag.unwrap_or(0),
        });
    }

    fn log_out(&mut self, now: Now, text: &str, sink: &mut impl Sink) {
        match self.state {
            State::Idle | State::LoggingOut(..) => {}
            State::LoggingOn(_) => self.close(Close::LoggedOut, sink),
            State::Active(_) => self.leave(now, text, Close::LoggedOut, sink),
        }
    }

    /// Sends a Logout and waits for its answer.
    pub(super) fn leave(&mut self, now: Now, text: &str, why: Close, sink: &mut impl Sink) {
        self.send(now, b"5", sink, |body| body.str(TEXT, text));
        let until = now.mono.plus(self.settings.logout_timeout);
        self.state = match std::mem::replace(&mut self.state, State::Idle) {
            State::Active(talk) | State::LoggingOut(talk, _) => {
                State::LoggingOut(talk, Leaving { until, why })
            }
            other @ (State::Idle | State::LoggingOn(_)) => other,
        };
    }

    /// Ends the session for a fault that leaves nothing to wait for: Logout with its text, close.
    pub(super) fn fail(&mut self, now: Now, fault: PeerFault, sink: &mut impl Sink) {
        let text = fault.to_string();
        self.send(now, b"5", sink, |body| body.str(TEXT, &text));
        self.close(Close::Fault(fault), sink);
    }

    /// Closes the connection and is idle.
    pub(super) fn close(&mut self, why: Close, sink: &mut impl Sink) {
        if let Close::Fault(fault) = why {
            sink.event(SessionEvent::Peer(fault));
        }
        sink.close(why);
        self.disconnect(sink);
        if self.settings.reset_on_logout && matches!(why, Close::LoggedOut | Close::PeerLoggedOut) {
            self.reset(sink);
        }
    }

    fn disconnect(&mut self, sink: &mut impl Sink) {
        let was_on = self.state.talk().is_some();
        if was_on {
            sink.event(SessionEvent::LoggedOff);
        }
        self.state = State::Idle;
        self.later.clear();
        if was_on && self.settings.reset_on_disconnect {
            self.reset(sink);
        }
    }

    fn tick(&mut self, now: Now, sink: &mut impl Sink) {
        self.resend_some(now, sink);
        match &self.state {
            State::Idle => {}
            State::LoggingOn(state) if now.mono >= state.until => {
                self.close(Close::Fault(PeerFault::LogonTimeout), sink);
            }
            State::LoggingOut(_, leaving) if now.mono >= leaving.until => {
                let why = match leaving.why {
                    Close::LoggedOut | Close::PeerLoggedOut => {
                        Close::Fault(PeerFault::LogoutTimeout)
                    }
                    why @ (Close::Fault(_) | Close::TurnedAway) => why,
                };
                self.close(why, sink);
            }
            State::LoggingOn(_) | State::LoggingOut(..) => {}
            State::Active(_) => {
                self.pulse(now, sink);
                self.mind_gap(now, sink);
            }
        }
    }

    /// Heartbeats, and a question to a silent peer. No heartbeat while the question is open: the
    /// question was one (acceptance test 6).
    fn pulse(&mut self, now: Now, sink: &mut impl Sink) {
        let State::Active(talk) = &mut self.state else {
            return;
        };
        if talk.heart_bt_int.get() == 0 {
            return;
        }
        if now.mono >= talk.give_up_at() {
            return self.close(Close::Fault(PeerFault::Silent), sink);
        }
        if talk.probed {
            return;
        }
        if now.mono >= talk.probe_at() {
            talk.probed = true;
            sink.event(SessionEvent::Probed);
            self.send(now, b"1", sink, |body| body.str(TEST_REQ_ID, PROBE));
        } else if now.mono >= talk.heartbeat_at() {
            self.send(now, b"0", sink, |_| {});
        }
    }

    /// Asks again for what is still missing, and gives up after so many times.
    fn mind_gap(&mut self, now: Now, sink: &mut impl Sink) {
        let State::Active(talk) = &mut self.state else {
            return;
        };
        let Inbound::Gap(gap) = talk.inbound else {
            return;
        };
        if now.mono < gap.progress.plus(self.settings.gap_timeout) {
            return;
        }
        if gap.requests >= self.settings.gap_requests_max {
            let from = self.next.inbound;
            return self.fail(now, PeerFault::GapNotFilled { from }, sink);
        }
        talk.inbound = Inbound::Gap(Gap {
            progress: now.mono,
            requests: gap.requests + 1,
            ..gap
        });
        self.ask(now, sink);
    }

    /// Asks for what is missing from the next number on: all of it (16=0 is "to infinity"), or
    /// as many numbers as one request may ask for.
    pub(super) fn ask(&mut self, now: Now, sink: &mut impl Sink) {
        let from = self.next.inbound;
        let chunk = self.settings.resend_request_chunk;
        let Some(Inbound::Gap(gap)) = self.state.talk_mut().map(|talk| &mut talk.inbound) else {
            return;
        };
        let last = match chunk {
            0 => gap.to,
            chunk => from.saturating_add(chunk - 1),
        };
        let end = if last >= gap.to { 0 } else { last };
        gap.asked = if end == 0 { u64::MAX } else { end };
        self.send(now, b"2", sink, |body| {
            body.uint(BEGIN_SEQ_NO, from);
            body.uint(END_SEQ_NO, end);
        });
    }

    /// Goes on from the numbers that the operator says.
    fn renumber(&mut self, now: Now, next: NextSeqNums, sink: &mut impl Sink) {
        let Some(talk) = self.state.talk_mut() else {
            self.next = next;
            self.later.clear();
            sink.renumber(next);
            return sink.event(SessionEvent::Renumbered(next));
        };
        if next.outbound < self.next.outbound {
            let fault = UseFault::RenumberBack { to: next.outbound };
            return sink.event(SessionEvent::Use(fault));
        }
        talk.inbound = Inbound::InStep;
        self.later.clear();
        if next.outbound > self.next.outbound {
            talk.outbound = Outbound::Live;
            self.tell_number(now, next.outbound, sink);
            self.next.outbound = next.outbound;
            sink.renumber(NextSeqNums {
                inbound: next.inbound,
                ..self.next
            });
        } else {
            sink.settle(next.inbound);
        }
        self.next.inbound = next.inbound;
        sink.event(SessionEvent::Renumbered(next));
    }

    /// Tells the peer the number that follows (SequenceReset, 4, without GapFillFlag). It uses no
    /// number up.
    fn tell_number(&mut self, now: Now, to: u64, sink: &mut impl Sink) {
        let head = Head::new(b"4", self.next.outbound, now.unix);
        let taken = self.last_taken();
        let bytes = self.encoder.encode(&mut self.out, &head, |body| {
            write_last_taken(body, taken);
            body.uint(NEW_SEQ_NO, to);
        });
        sink.transmit(bytes);
        if let Some(talk) = self.state.talk_mut() {
            talk.last_sent = now.mono;
        }
    }

    /// The last number taken from the peer, if our messages tell it.
    pub(super) const fn last_taken(&self) -> Option<u64> {
        match self.settings.last_processed {
            true => Some(self.next.inbound.saturating_sub(1)),
            false => None,
        }
    }

    /// Both numbers restart at 1, nothing is missing and nothing is resent.
    pub(super) fn reset(&mut self, sink: &mut impl Sink) {
        self.next = NextSeqNums::FIRST;
        self.later.clear();
        if let Some(talk) = self.state.talk_mut() {
            talk.inbound = Inbound::InStep;
            talk.outbound = Outbound::Live;
        }
        sink.forget();
        sink.event(SessionEvent::Reset);
    }

    pub(super) fn is_initiator(&self) -> bool {
        self.settings.part == Part::Initiator
    }
}

/// Writes `LastMsgSeqNumProcessed` (369), which stands in the header.
pub(super) fn write_last_taken(body: &mut Body<'_>, taken: Option<u64>) {
    if let Some(taken) = taken {
        body.uint(LAST_MSG_SEQ_NUM_PROCESSED, taken);
    }
}

/// Whether only sessions send this type: heartbeat, test and resend requests, reject, sequence
/// reset, logout, logon.
pub(super) const fn is_admin(msg_type: &[u8]) -> bool {
    matches!(msg_type, [b'0'..=b'5' | b'A'])
}
