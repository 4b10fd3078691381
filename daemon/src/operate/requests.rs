//! Requests on their way through the engine, and what came of them.
//!
//! Every request that may change something gets a number of its own, which the engine's events
//! about it carry. Events come here from the egress: once one is here, the command that caused it
//! is kept as the journal mode promises.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dcx_model::{Event, Operator, Outbound, Refusal, RequestId, Seq, UnixNanos};

use super::notes::{Notes, is_for_notes};

/// Events of one request that may wait to be read. A request has one or two.
const EVENTS_MAX: usize = 8;

/// Requests whose authors are remembered: their events may come after nobody waits any more.
const AUTHORS_MAX: usize = 4_096;

/// All requests of this process, and what is known from events.
#[derive(Debug)]
pub(crate) struct Requests {
    next: AtomicU64,
    /// The last command of which an event has passed the egress.
    kept: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    waiting: BTreeMap<u64, SyncSender<Heard>>,
    authors: BTreeMap<u64, Operator>,
    notes: Notes,
}

/// An event as it passed the egress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) outbound: Outbound,
    /// How many events had passed with it since the start.
    pub(crate) position: u64,
}

impl Requests {
    /// Requests numbered from the time of the start, so that no number of an earlier run comes
    /// again.
    pub(crate) fn starting(at: UnixNanos, notes: Notes) -> Arc<Self> {
        Arc::new(Self {
            next: AtomicU64::new(at.get().max(1)),
            kept: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                waiting: BTreeMap::new(),
                authors: BTreeMap::new(),
                notes,
            }),
        })
    }

    /// Takes note of an event that has passed the egress.
    pub(crate) fn tell(&self, heard: &Heard) {
        let Heard { outbound, .. } = heard;
        self.kept.store(outbound.seq.get(), Ordering::Release);
        if !is_for_notes(&outbound.event) && request_of(&outbound.event).is_none() {
            return;
        }
        let mut inner = self.inner();
        let request = request_of(&outbound.event);
        let by = request.and_then(|request| inner.authors.get(&request.get()).copied());
        inner.notes.take(outbound.at, &outbound.event, by);
        if let Some(waiting) = request.and_then(|request| inner.waiting.get(&request.get())) {
            // Who reads too slowly is told that the outcome is unknown.
            let _ = waiting.try_send(*heard);
        }
    }

    /// The last command of which an event has passed the egress.
    pub(crate) fn kept(&self) -> Seq {
        Seq::new(self.kept.load(Ordering::Acquire))
    }

    /// What is known from events.
    pub(crate) fn notes(&self) -> Notes {
        self.inner().notes.clone()
    }

    /// A request of `by` that nobody has made yet.
    pub(crate) fn begin(self: &Arc<Self>, by: Operator) -> Pending {
        let (heard, events) = sync_channel(EVENTS_MAX);
        let id = RequestId::new(self.next.fetch_add(1, Ordering::Relaxed));
        let mut inner = self.inner();
        inner.waiting.insert(id.get(), heard);
        inner.authors.insert(id.get(), by);
        while inner.authors.len() > AUTHORS_MAX {
            inner.authors.pop_first();
        }
        Pending {
            requests: Arc::clone(self),
            id,
            events,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Whole between any two calls, so a panic elsewhere cannot break it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose events are awaited until it is dropped.
#[derive(Debug)]
pub(crate) struct Pending {
    requests: Arc<Requests>,
    pub(crate) id: RequestId,
    events: Receiver<Heard>,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was done, by this event of this command.
    Done(Heard),
    /// The engine refused it.
    Refused(Refusal),
    /// Nothing was heard in time: it may or may not have been done.
    Unknown,
}

impl Pending {
    /// Waits for the event that says what became of it.
    pub(crate) fn wait(&self, patience: Duration) -> Came {
        let Ok(heard) = self.events.recv_timeout(patience) else {
            return Came::Unknown;
        };
        match heard.outbound.event {
            Event::OperatorRefused { refusal, .. } => Came::Refused(refusal),
            _ => Came::Done(heard),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.requests.inner().waiting.remove(&self.id.get());
    }
}

/// The request that an event answers, if it answers one.
pub(crate) const fn request_of(event: &Event) -> Option<RequestId> {
    let request = match event {
        Event::OperatorDone { request, .. }
        | Event::OperatorRefused { request, .. }
        | Event::StateSet { request, .. } => *request,
        Event::LimitSet(view) | Event::LimitProposed(view) | Event::LimitDropped(view) => {
            view.request
        }
        _ => return None,
    };
    // Zero is everybody's who did not ask: the configuration, the engine itself.
    if request.get() == 0 {
        None
    } else {
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::{MonoNanos, Scope, StateCause, TradingState};

    use super::*;

    fn heard(seq: u64, event: Event) -> Heard {
        let outbound = Outbound {
            seq: Seq::new(seq),
            ix: 0,
            received: MonoNanos::new(0),
            at: UnixNanos::ZERO,
            event,
        };
        Heard {
            outbound,
            position: seq * 2,
        }
    }

    fn starting(at: UnixNanos) -> Arc<Requests> {
        Requests::starting(at, Notes::default())
    }

    fn done(request: RequestId) -> Event {
        Event::OperatorDone { request, orders: 3 }
    }

    #[test]
    fn a_request_hears_of_its_own_events_and_of_no_others() {
        let requests = starting(UnixNanos::from_seconds(5));
        let (first, second) = (
            requests.begin(Operator::NOBODY),
            requests.begin(Operator::NOBODY),
        );
        assert_ne!(first.id, second.id);
        let event = heard(7, done(second.id));
        requests.tell(&event);
        assert_eq!(second.wait(Duration::ZERO), Came::Done(event));
        assert_eq!(first.wait(Duration::ZERO), Came::Unknown);
        assert_eq!(requests.kept(), Seq::new(7));
        let refusal = Refusal::NotConfigured;
        let refused = Event::OperatorRefused {
            request: first.id,
            refusal,
        };
        requests.tell(&heard(8, refused));
        assert_eq!(first.wait(Duration::ZERO), Came::Refused(refusal));
    }

    #[test]
    fn nobody_is_told_of_what_nobody_asked_for() {
        let requests = starting(UnixNanos::ZERO);
        let pending = requests.begin(Operator::NOBODY);
        assert_ne!(pending.id, RequestId::new(0), "zero is nobody's number");
        assert_eq!(request_of(&done(RequestId::new(0))), None);
        requests.tell(&heard(1, Event::Digest { state: 1 }));
        assert_eq!(pending.wait(Duration::ZERO), Came::Unknown);
    }

    #[test]
    fn what_is_no_longer_waited_for_is_noted_under_its_author_all_the_same() {
        let requests = starting(UnixNanos::ZERO);
        let by = Operator {
            author: "ann".parse().unwrap(),
            reason: "late".parse().unwrap(),
        };
        let pending = requests.begin(by);
        let request = pending.id;
        drop(pending);
        assert!(requests.inner().waiting.is_empty());
        let halted = Event::StateSet {
            scope: Scope::Firm,
            state: TradingState::Halted,
            cause: StateCause::Operator,
            request,
        };
        requests.tell(&heard(1, halted));
        let notes = requests.notes();
        let (scope, note) = notes.states().next().expect("the firm is halted");
        assert_eq!((scope, note.by), (Scope::Firm, Some(by)));
    }
}
