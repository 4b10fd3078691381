//! What a session does with messages once it is logged on.

use std::cmp::Ordering;

use dcx_model::Now;

use super::state::{Gap, Inbound, State};
use super::{Close, PeerFault, Session, SessionEvent, Sink, apart};
use crate::codec::{
    GAP_FILL_FLAG, NEW_SEQ_NO, ORIG_SENDING_TIME, REF_SEQ_NUM, SENDER_COMP_ID, SENDING_TIME,
    SESSION_REJECT_REASON, TARGET_COMP_ID, TEST_REQ_ID,
};
use crate::{FieldFault, Message, Rejection, SessionRejectReason};

impl Session {
    pub(super) fn receive(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) {
        match &mut self.state {
            State::Idle => return,
            State::LoggingOn(state) => {
                let state = *state;
                return self.receive_first(now, state, message, sink);
            }
            State::Active(talk) | State::LoggingOut(talk, _) => {
                talk.last_received = now.mono;
                talk.probed = false;
            }
        }
        if message.msg_type() == b"5" {
            return self.receive_logout(now, message, sink);
        }
        if self.is_leaving_for_fault() {
            return;
        }
        if message.begin_string() != self.settings.begin_string {
            let fault = PeerFault::BeginString;
            sink.event(SessionEvent::Peer(fault));
            return self.leave(now, &fault.to_string(), Close::Fault(fault), sink);
        }
        match message.msg_seq_num() {
            Ok(received) => self.place(now, received, message, sink),
            Err(_) => self.fail(now, PeerFault::SeqNumMissing, sink),
        }
    }

    /// After a fault nothing more is taken from the peer but its Logout; the rest is asked for
    /// in the next session.
    const fn is_leaving_for_fault(&self) -> bool {
        match &self.state {
            State::LoggingOut(_, leaving) => matches!(leaving.why, Close::Fault(_)),
            State::Idle | State::LoggingOn(_) | State::Active(_) => false,
        }
    }

    /// Decides by type and number what becomes of a message.
    fn place(&mut self, now: Now, received: u64, message: &Message<'_>, sink: &mut impl Sink) {
        // These are obeyed whatever their number (FIX 4.4 vol. 2, "Sequence Reset"; QuickFIX
        // answers resend requests at once, or two sides that both miss something would wait for
        // each other: acceptance test 20).
        match message.msg_type() {
            b"A" if !message.poss_dup() => {
                return self.receive_second_logon(now, message, sink);
            }
            b"4" if message.bool(GAP_FILL_FLAG) != Ok(true) => {
                return self.receive_reset(now, message, sink);
            }
            b"2" if received != self.next.inbound => {
                if !self.checks(now, message, sink) {
                    return;
                }
                self.receive_resend_request(now, message, sink);
                if received > self.next.inbound {
                    self.miss(now, received, message, sink);
                }
                return;
            }
            _ => {}
        }
        match received.cmp(&self.next.inbound) {
            Ordering::Equal => {
                if self.checks(now, message, sink) {
                    self.accept(now, message, sink);
                }
                self.take_later(now, sink);
            }
            Ordering::Greater => {
                if self.identified(now, message, sink) {
                    self.miss(now, received, message, sink);
                }
            }
            Ordering::Less => self.receive_again(now, received, message, sink),
        }
    }

    /// Whether the message keeps the rules of its type and is from the peer; if not, it is
    /// answered.
    fn checks(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) -> bool {
        self.valid(now, message, sink) && self.identified(now, message, sink)
    }

    fn valid(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) -> bool {
        let Some(switches) = &self.settings.validate else {
            return true;
        };
        match self.settings.dictionary.validate(message, switches) {
            Ok(()) => true,
            Err(rejection) => {
                self.turn_down(now, message, rejection, sink);
                false
            }
        }
    }

    pub(super) fn identified(
        &mut self,
        now: Now,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) -> bool {
        let Err(fault) = self.identify(now, message) else {
            return true;
        };
        let reason = match fault {
            PeerFault::CompId => SessionRejectReason::CompId,
            _ => SessionRejectReason::SendingTime,
        };
        self.turn_down(now, message, Rejection::whole(reason), sink);
        sink.event(SessionEvent::Peer(fault));
        self.leave(now, "", Close::Fault(fault), sink);
        false
    }

    /// Whether `SendingTime` (52) and the CompIDs are the peer's.
    pub(super) fn identify(&self, now: Now, message: &Message<'_>) -> Result<(), PeerFault> {
        if let Some(tolerance) = self.settings.sending_time_tolerance {
            let sent = message
                .utc_timestamp(SENDING_TIME)
                .map_err(|_| PeerFault::SendingTime)?;
            if apart(sent, now.unix) > tolerance.get() {
                return Err(PeerFault::SendingTime);
            }
        }
        let in_session = !matches!(self.state, State::LoggingOn(_));
        if in_session
            && self
                .settings
                .validate
                .is_some_and(|it| !it.comp_ids_checked)
        {
            return Ok(());
        }
        let ours = self.settings.target_comp_id.as_slice();
        let theirs = self.settings.sender_comp_id.as_slice();
        if message.get(SENDER_COMP_ID) != Some(ours) || message.get(TARGET_COMP_ID) != Some(theirs)
        {
            return Err(PeerFault::CompId);
        }
        Ok(())
    }

    /// Rejects a message; its number is used up if it is the one expected. A sequence reset that
    /// is rejected resets nothing (acceptance test 11c).
    fn turn_down(
        &mut self,
        now: Now,
        message: &Message<'_>,
        rejection: Rejection,
        sink: &mut impl Sink,
    ) {
        if message.msg_type() != b"4" && message.msg_seq_num() == Ok(self.next.inbound) {
            self.count(sink);
        }
        self.reject(now, message, rejection, sink);
    }

    fn turn_down_field(
        &mut self,
        now: Now,
        message: &Message<'_>,
        fault: FieldFault,
        sink: &mut impl Sink,
    ) {
        let reason = match fault {
            FieldFault::Missing { .. } => SessionRejectReason::RequiredTagMissing,
            FieldFault::Malformed { .. } => SessionRejectReason::IncorrectFormat,
        };
        self.turn_down(now, message, Rejection::of(reason, fault.tag()), sink);
    }

    /// Takes a message that is in order.
    fn accept(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) {
        match message.msg_type() {
            b"0" | b"A" => self.count(sink),
            b"1" => {
                self.count(sink);
                let id = message.get(TEST_REQ_ID).unwrap_or_default();
                self.send(now, b"0", sink, |body| body.bytes(TEST_REQ_ID, id));
            }
            b"2" => {
                self.count(sink);
                self.receive_resend_request(now, message, sink);
            }
            b"3" => {
                let reason = message.uint(SESSION_REJECT_REASON).ok();
                sink.event(SessionEvent::PeerRejected {
                    ref_seq_num: message.uint(REF_SEQ_NUM).unwrap_or(0),
                    reason: reason.and_then(|reason| u16::try_from(reason).ok()),
                });
                self.count(sink);
            }
            b"4" => self.receive_gap_fill(now, message, sink),
            _ => {
                sink.deliver(message);
                self.count(sink);
            }
        }
        let filled = message.msg_type() == b"4";
        self.progress(now, filled, sink);
    }

    /// The expected number is used up. A peer may have set it to the last there is.
    pub(super) fn count(&mut self, sink: &mut impl Sink) {
        self.expect(self.next.inbound.saturating_add(1), sink);
    }

    fn expect(&mut self, next: u64, sink: &mut impl Sink) {
        self.next.inbound = next;
        sink.settle(next);
    }

    /// Sees whether the gap is filled, or at least shrinks.
    fn progress(&mut self, now: Now, filled: bool, sink: &mut impl Sink) {
        let next = self.next.inbound;
        let Some(talk) = self.state.talk_mut() else {
            return;
        };
        let Inbound::Gap(gap) = &mut talk.inbound else {
            return;
        };
        if next > gap.to {
            talk.inbound = Inbound::InStep;
            return sink.event(SessionEvent::GapFilled { next });
        }
        gap.progress = now.mono;
        gap.requests = 1;
        // What was asked for is there: on with the next part. A gap fill that leads to the last
        // number asked for counts as its end too, as QuickFIX has it.
        if next > gap.asked || (filled && next == gap.asked) {
            self.ask(now, sink);
        }
    }

    /// A number is ahead of the one expected: the message is kept and what is missing asked for,
    /// once.
    pub(super) fn miss(
        &mut self,
        now: Now,
        received: u64,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) {
        self.miss_told(now, received, message, false, sink);
    }

    /// As [`miss`](Self::miss); nothing is asked for if the peer was `told` what we expect, which
    /// it then sends by itself. Should it not, the gap's timeout asks.
    pub(super) fn miss_told(
        &mut self,
        now: Now,
        received: u64,
        message: &Message<'_>,
        told: bool,
        sink: &mut impl Sink,
    ) {
        // Heartbeats need no taking, resend requests and Logons were answered when they came.
        let kept = match message.msg_type() {
            b"0" | b"2" | b"A" => self.later.mark(received),
            _ => self.later.keep(received, message.raw()),
        };
        if !kept {
            sink.event(SessionEvent::LaterDropped {
                msg_seq_num: received,
            });
        }
        let from = self.next.inbound;
        let Some(talk) = self.state.talk_mut() else {
            return;
        };
        if talk.inbound != Inbound::InStep {
            return;
        }
        talk.inbound = Inbound::Gap(Gap {
            to: received - 1,
            asked: u64::MAX,
            progress: now.mono,
            requests: 1,
        });
        sink.event(SessionEvent::Gap { from, received });
        if !told {
            self.ask(now, sink);
        }
    }

    /// Takes what was kept and is now in order.
    fn take_later(&mut self, now: Now, sink: &mut impl Sink) {
        while !self.later.is_empty()
            && self.state.talk().is_some()
            && !self.is_leaving_for_fault()
            && let Some(raw) = self.later.take(self.next.inbound)
        {
            match Message::parse(&raw) {
                Ok(message) if self.valid(now, &message, sink) => {
                    self.accept(now, &message, sink);
                }
                Ok(_) => self.progress(now, false, sink),
                Err(_) => {
                    self.count(sink);
                    self.progress(now, false, sink);
                }
            }
        }
    }

    /// A number that was used before: harmless if the peer says so, else fatal. One side has lost
    /// history, and guessing which risks executing an order twice.
    fn receive_again(
        &mut self,
        now: Now,
        received: u64,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) {
        if !self.identified(now, message, sink) {
            return;
        }
        if !message.poss_dup() {
            let expected = self.next.inbound;
            return self.fail(now, PeerFault::SeqNumTooLow { expected, received }, sink);
        }
        if message.msg_type() != b"4"
            && let Err(rejection) = check_orig_sending_time(message)
        {
            self.reject(now, message, rejection, sink);
            if rejection.reason == SessionRejectReason::SendingTime {
                sink.event(SessionEvent::Peer(PeerFault::SendingTime));
                self.leave(now, "", Close::Fault(PeerFault::SendingTime), sink);
            }
            return;
        }
        sink.event(SessionEvent::Duplicate {
            msg_seq_num: received,
        });
    }

    fn receive_gap_fill(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) {
        match message.uint(NEW_SEQ_NO) {
            Err(fault) => self.turn_down_field(now, message, fault, sink),
            Ok(new) if new > self.next.inbound => self.expect(new, sink),
            Ok(new) if new == self.next.inbound => {}
            Ok(_) => self.turn_down_new_seq_no(now, message, sink),
        }
    }

    /// Reset mode: the peer cannot or will not resend, whatever is missing is lost.
    fn receive_reset(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) {
        if !self.checks(now, message, sink) {
            return;
        }
        match message.uint(NEW_SEQ_NO) {
            Err(fault) => self.turn_down_field(now, message, fault, sink),
            Ok(new) if new < self.next.inbound => self.turn_down_new_seq_no(now, message, sink),
            Ok(new) => {
                self.expect(new, sink);
                self.progress(now, true, sink);
                self.take_later(now, sink);
            }
        }
    }

    fn turn_down_new_seq_no(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) {
        let rejection = Rejection::whole(SessionRejectReason::IncorrectValue);
        self.turn_down(now, message, rejection, sink);
    }

    /// A Logout is obeyed whatever its number. One ahead of what is expected is not counted, so
    /// that the next session asks for what is missing.
    fn receive_logout(&mut self, now: Now, message: &Message<'_>, sink: &mut impl Sink) {
        if message.msg_seq_num() == Ok(self.next.inbound) {
            self.count(sink);
        }
        let why = match &self.state {
            State::LoggingOut(_, leaving) => leaving.why,
            State::Idle | State::LoggingOn(_) | State::Active(_) => {
                self.send(now, b"5", sink, |_| {});
                Close::PeerLoggedOut
            }
        };
        self.close(why, sink);
    }
}

/// A message that is sent again says when it was first sent (FIX 4.4 vol. 2, "Possible
/// duplicates"; acceptance tests 2f, 2g).
fn check_orig_sending_time(message: &Message<'_>) -> Result<(), Rejection> {
    let original = message.utc_timestamp(ORIG_SENDING_TIME).map_err(|fault| {
        let reason = match fault {
            FieldFault::Missing { .. } => SessionRejectReason::RequiredTagMissing,
            FieldFault::Malformed { .. } => SessionRejectReason::IncorrectFormat,
        };
        Rejection::of(reason, ORIG_SENDING_TIME)
    })?;
    match message.utc_timestamp(SENDING_TIME) {
        Ok(sent) if original <= sent => Ok(()),
        Ok(_) | Err(_) => Err(Rejection::whole(SessionRejectReason::SendingTime)),
    }
}
