//! Answering a ResendRequest: what was kept is sent again, the rest is a gap fill.

use dcx_model::Now;

use super::machine::write_last_taken;
use super::state::Outbound;
use super::{Session, SessionEvent, Sink};
use crate::codec::{BEGIN_SEQ_NO, END_SEQ_NO, GAP_FILL_FLAG, NEW_SEQ_NO, SENDING_TIME};
use crate::{Encoder, Head, Message, Rejection, SessionRejectReason, UtcTimestamp};

/// More than any number: nothing is held back.
pub(super) const NONE_HELD: u64 = u64::MAX;

impl Session {
    /// Begins to resend. Two requests at once are served as the range that covers both.
    pub(super) fn receive_resend_request(
        &mut self,
        now: Now,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) {
        let (from, to) = match range(message) {
            Ok(range) => range,
            Err(rejection) => return self.reject(now, message, rejection, sink),
        };
        let newest = self.next.outbound - 1;
        let to = if to == 0 { newest } else { to.min(newest) };
        let Some(talk) = self.state.talk_mut() else {
            return;
        };
        let (first, last, held_from) = match talk.outbound {
            Outbound::Live => (from, to, NONE_HELD),
            Outbound::Resending {
                next,
                last,
                held_from,
            } => (next.min(from), last.max(to), held_from),
            Outbound::Releasing { next } => (from, to, next),
        };
        // What was held back goes out as it is when its turn comes: never as a duplicate first.
        let last = last.min(held_from - 1);
        talk.outbound = Outbound::Resending {
            next: first,
            last,
            held_from,
        };
        sink.event(SessionEvent::Resending { from, to });
        self.resend_some(now, sink);
    }

    /// Sends again, without being asked, what the peer's Logon says it has not got: `from` on.
    pub(super) fn resend_unasked(&mut self, now: Now, from: u64, sink: &mut impl Sink) {
        let last = self.next.outbound - 1;
        let Some(talk) = self.state.talk_mut() else {
            return;
        };
        talk.outbound = Outbound::Resending {
            next: from,
            last,
            held_from: NONE_HELD,
        };
        sink.event(SessionEvent::Resending { from, to: last });
        self.resend_some(now, sink);
    }

    /// Sends the next batch of what is to be resent or was held back.
    pub(super) fn resend_some(&mut self, now: Now, sink: &mut impl Sink) {
        let mut budget = self.settings.resend_batch;
        while budget > 0 {
            let Some(talk) = self.state.talk_mut() else {
                return;
            };
            match talk.outbound {
                Outbound::Live => return,
                Outbound::Resending {
                    next,
                    last,
                    held_from,
                } if next > last => {
                    talk.outbound = match held_from {
                        NONE_HELD => Outbound::Live,
                        next => Outbound::Releasing { next },
                    };
                }
                Outbound::Resending {
                    next,
                    last,
                    held_from,
                } => {
                    let done = self.resend(now, next, last, &mut budget, sink);
                    self.resend_from(done, last, held_from);
                }
                Outbound::Releasing { next } if next == self.next.outbound => {
                    talk.outbound = Outbound::Live;
                }
                Outbound::Releasing { next } => {
                    talk.outbound = Outbound::Releasing { next: next + 1 };
                    talk.last_sent = now.mono;
                    budget -= 1;
                    self.release(next, sink);
                }
            }
        }
    }

    fn resend_from(&mut self, next: u64, last: u64, held_from: u64) {
        if let Some(talk) = self.state.talk_mut() {
            talk.outbound = Outbound::Resending {
                next,
                last,
                held_from,
            };
        }
    }

    /// Resends from `first` up to `last` or as far as `budget` reaches; returns where to go on.
    fn resend(
        &mut self,
        now: Now,
        first: u64,
        last: u64,
        budget: &mut usize,
        sink: &mut impl Sink,
    ) -> u64 {
        let mut gap_from = first;
        let mut at = first;
        while at <= last && *budget > 0 {
            *budget -= 1;
            let taken = self.last_taken();
            let Self { encoder, copy, .. } = self;
            let kept = sink.stored(at, |bytes| copy_again(encoder, copy, (now, taken), bytes));
            if let Some(range) = kept {
                self.fill(now, gap_from, at, sink);
                sink.transmit(&self.copy[range]);
                gap_from = at + 1;
            }
            at += 1;
        }
        self.fill(now, gap_from, at, sink);
        if let Some(talk) = self.state.talk_mut() {
            talk.last_sent = now.mono;
        }
        at
    }

    /// Tells the peer that the numbers from `from` up to `to`, exclusive, hold nothing for it.
    fn fill(&mut self, now: Now, from: u64, to: u64, sink: &mut impl Sink) {
        if from == to {
            return;
        }
        let sent = *UtcTimestamp::new().text(now.unix);
        let head = Head {
            orig_sending_time: Some(&sent),
            ..Head::new(b"4", from, now.unix)
        };
        let taken = self.last_taken();
        let bytes = self.encoder.encode(&mut self.out, &head, |body| {
            write_last_taken(body, taken);
            body.uint(NEW_SEQ_NO, to);
            body.bool(GAP_FILL_FLAG, true);
        });
        sink.transmit(bytes);
    }

    /// Sends a message that was held back for the first time, as it was kept.
    fn release(&mut self, msg_seq_num: u64, sink: &mut impl Sink) {
        let copy = &mut self.copy;
        let kept = sink.stored(msg_seq_num, |bytes| {
            copy.clear();
            copy.extend_from_slice(bytes.unwrap_or_default());
            !copy.is_empty()
        });
        if kept {
            sink.transmit(&self.copy);
        }
    }
}

/// `BeginSeqNo` (7) and `EndSeqNo` (16); 0 at the end is "to infinity".
fn range(message: &Message<'_>) -> Result<(u64, u64), Rejection> {
    let number = |tag| {
        message
            .uint(tag)
            .map_err(|_| Rejection::of(SessionRejectReason::IncorrectFormat, tag))
    };
    let (from, to) = (number(BEGIN_SEQ_NO)?, number(END_SEQ_NO)?);
    let wrong = |tag| Err(Rejection::of(SessionRejectReason::IncorrectValue, tag));
    match (from, to) {
        (0, _) => wrong(BEGIN_SEQ_NO),
        (from, to) if to != 0 && to < from => wrong(END_SEQ_NO),
        range => Ok(range),
    }
}

/// Writes a kept message anew into `copy` with `PossDupFlag` (43), the time of now and, as
/// `OrigSendingTime` (122), the time of then. `None` if nothing usable was kept.
fn copy_again(
    encoder: &mut Encoder,
    copy: &mut Vec<u8>,
    (now, taken): (Now, Option<u64>),
    bytes: Option<&[u8]>,
) -> Option<std::ops::Range<usize>> {
    let message = Message::parse(bytes.filter(|bytes| !bytes.is_empty())?).ok()?;
    let head = Head {
        orig_sending_time: message.get(SENDING_TIME),
        poss_resend: message.poss_resend(),
        ..Head::new(message.msg_type(), message.msg_seq_num().ok()?, now.unix)
    };
    let len = encoder
        .encode(copy, &head, |body| {
            write_last_taken(body, taken);
            body.raw(message.body(is_written_anew));
        })
        .len();
    Some(copy.len() - len..copy.len())
}

/// The header fields that the encoder writes.
const fn is_written_anew(tag: u32) -> bool {
    matches!(tag, 8 | 9 | 35 | 34 | 43 | 49 | 52 | 56 | 97 | 122 | 369)
}
