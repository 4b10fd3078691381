//! What operators ask of sessions while the link runs.
//!
//! Other threads send orders; the link carries them out between two cycles, where nothing of a
//! session is half done, and says how the session then stands.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use dcx_model::{Code, Now};

use super::slot::Down;
use super::{Link, LinkState, SessionStats};
use crate::app::{Application, SessionIx};
use crate::{Input, NextSeqNums};

/// Orders that may wait for the link.
const WAITING_MAX: usize = 64;

/// What a session is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOrder {
    /// Is taken up again.
    Enable,
    /// Is logged out and stays so: who logs on is told this text, a Logout (5).
    Disable {
        /// What a peer is told.
        text: String,
    },
    /// Is logged out; it is taken up again by itself.
    Disconnect {
        /// What the peer is told.
        text: String,
    },
    /// Goes on from these numbers; those that are not said stay as they are.
    Renumber {
        /// The next `MsgSeqNum` (34) expected.
        next_in: Option<u64>,
        /// The next `MsgSeqNum` (34) to send.
        next_out: Option<u64>,
        /// Also if messages are lost by it.
        forced: bool,
    },
}

/// Why an order is not carried out. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// The link has no such session, or it is a template of others.
    #[error("there is no such session")]
    NoSession,
    /// Numbers change only while there is no connection.
    #[error("the session is connected; disable it first")]
    Connected,
    /// Its store has failed.
    #[error("the session's store has failed")]
    Failed,
    /// Numbers begin at 1.
    #[error("numbers begin at 1")]
    Zero,
    /// Messages of ours that the peer may not have could not be sent again.
    #[error("messages {from} to {to} may not have reached the peer, and could not be sent again")]
    WouldLose {
        /// The first of them.
        from: u64,
        /// The last number used.
        to: u64,
    },
    /// Messages of the peer would never be asked for.
    #[error("messages {from} to {to} of the peer would never be asked for")]
    WouldSkip {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
}

impl OrderFault {
    /// Its code in the catalogue.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::NoSession => Code::F107,
            Self::Connected | Self::Zero => Code::F032,
            Self::Failed => Code::F109,
            Self::WouldLose { .. } | Self::WouldSkip { .. } => Code::F120,
        }
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obeyed {
    /// It was carried out; the session stands so.
    Done(SessionStats),
    /// It was not.
    Refused(OrderFault),
    /// It was not, and will not be: too many wait, or the link has ended.
    Busy,
    /// The link has not said in time: it may still be carried out.
    Unknown,
}

/// An order on its way.
#[derive(Debug)]
struct Asked {
    session: SessionIx,
    order: SessionOrder,
    answer: SyncSender<Result<SessionStats, OrderFault>>,
}

/// Where other threads give orders.
#[derive(Clone, Debug)]
pub struct LinkControl {
    to: SyncSender<Asked>,
}

/// Where the link finds them.
#[derive(Debug)]
pub(super) struct Orders {
    waiting: Receiver<Asked>,
    control: LinkControl,
}

impl Orders {
    pub(super) fn new() -> Self {
        let (to, waiting) = sync_channel(WAITING_MAX);
        Self {
            waiting,
            control: LinkControl { to },
        }
    }
}

impl LinkControl {
    /// Gives an order and waits for what becomes of it.
    #[must_use]
    pub fn order(&self, session: SessionIx, order: SessionOrder, patience: Duration) -> Obeyed {
        let (answer, said) = sync_channel(1);
        let asked = Asked {
            session,
            order,
            answer,
        };
        match self.to.try_send(asked) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Obeyed::Busy,
        }
        match said.recv_timeout(patience) {
            Ok(Ok(stats)) => Obeyed::Done(stats),
            Ok(Err(fault)) => Obeyed::Refused(fault),
            Err(RecvTimeoutError::Timeout) => Obeyed::Unknown,
            // The link ended with the order unread: it was not carried out.
            Err(RecvTimeoutError::Disconnected) => Obeyed::Busy,
        }
    }
}

impl<A: Application> Link<A> {
    /// Where other threads tell sessions what to do.
    #[must_use]
    pub fn control(&self) -> LinkControl {
        self.orders.control.clone()
    }

    /// Carries out what was ordered since the last time.
    pub(super) fn obey_all(&mut self, now: Now) {
        while let Ok(asked) = self.orders.waiting.try_recv() {
            let done = self.obey(asked.session, asked.order, now);
            let ix = asked.session.as_usize();
            let answer = done.map(|()| *self.slots[ix].stats());
            // Who asked may have stopped waiting.
            let _ = asked.answer.try_send(answer);
        }
    }

    /// Carries out one order.
    ///
    /// # Errors
    /// [`OrderFault`]: nothing has changed.
    pub fn obey(
        &mut self,
        session: SessionIx,
        order: SessionOrder,
        now: Now,
    ) -> Result<(), OrderFault> {
        let ix = session.as_usize();
        let slot = self.slots.get_mut(ix).ok_or(OrderFault::NoSession)?;
        if slot.config.template().is_some() {
            return Err(OrderFault::NoSession);
        }
        match order {
            SessionOrder::Enable => {
                slot.allow();
                if slot.stats().state == LinkState::Off {
                    slot.enter(LinkState::Down, Some(Code::F106), now);
                }
                self.log_on(session, now);
            }
            SessionOrder::Disable { text } => {
                slot.forbid(text.clone());
                self.log_out(session, now, &text);
            }
            SessionOrder::Disconnect { text } => {
                if slot.is_logged_on() {
                    slot.handle(now, Input::LogOut { text: &text }, &mut self.shared);
                    self.touch(ix);
                    self.settle_queue(now);
                } else if slot.connection.is_some() {
                    self.end(ix, now, &Down::Link(Code::F106));
                }
            }
            SessionOrder::Renumber {
                next_in,
                next_out,
                forced,
            } => {
                let next = self.numbers(ix, next_in, next_out, forced)?;
                self.renumber(session, now, next);
                if self.slots[ix].is_failed() {
                    return Err(OrderFault::Failed);
                }
            }
        }
        Ok(())
    }

    /// The numbers that a session would go on from, if it may.
    fn numbers(
        &self,
        ix: usize,
        next_in: Option<u64>,
        next_out: Option<u64>,
        forced: bool,
    ) -> Result<NextSeqNums, OrderFault> {
        let slot = &self.slots[ix];
        if slot.connection.is_some() {
            return Err(OrderFault::Connected);
        }
        if slot.is_failed() {
            return Err(OrderFault::Failed);
        }
        let now = slot.next_seq_nums();
        let next = NextSeqNums {
            inbound: next_in.unwrap_or(now.inbound),
            outbound: next_out.unwrap_or(now.outbound),
        };
        if next.inbound == 0 || next.outbound == 0 {
            return Err(OrderFault::Zero);
        }
        if forced {
            return Ok(next);
        }
        if let Some(from) = slot.unconfirmed().filter(|_| next.outbound != now.outbound) {
            let to = now.outbound - 1;
            return Err(OrderFault::WouldLose { from, to });
        }
        if next.inbound > now.inbound {
            return Err(OrderFault::WouldSkip {
                from: now.inbound,
                to: next.inbound - 1,
            });
        }
        Ok(next)
    }
}
