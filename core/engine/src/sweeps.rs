//! Which orders are still to be cancelled, or told of, because of one command about many.
//!
//! Two kinds of memory. A [`Sweep`] is a walk along a list with an answer at its end; there are
//! [`SWEEPS_MAX`] at most, and what asks for one more is refused. A *mark* is the number of the
//! last order of a scope that must be cancelled: every scope has one, so a halt, or the end of a
//! session, always has its place; one walk along all open orders serves all marks.
//!
//! An order that is accepted later has a higher number than the mark, or the sweep's last order,
//! and is not touched.

use dcx_model::{
    ACCOUNTS_MAX, ClOrdId, INSTRUMENTS_MAX, InstrumentId, MassScope, OrderId, RequestId,
    SESSIONS_MAX, STRATEGIES_MAX, Scope, SessionId,
};

use crate::digest::Words;
use crate::order::Parent;
use crate::pool::{List, NIL};

/// Sweeps that may be under way at the same time.
pub(crate) const SWEEPS_MAX: u32 = 64;

/// Where each level's marks begin.
const ACCOUNTS: usize = 1;
const STRATEGIES: usize = ACCOUNTS + ACCOUNTS_MAX;
const SESSIONS: usize = STRATEGIES + STRATEGIES_MAX;
const INSTRUMENTS: usize = SESSIONS + SESSIONS_MAX;
const MARKS: usize = INSTRUMENTS + INSTRUMENTS_MAX;

/// Whose orders a sweep is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// All of a scope.
    Scope(Scope),
    /// Those of a session in one instrument.
    Listed(SessionId, InstrumentId),
    /// One.
    Order(OrderId),
}

impl Whose {
    /// The session along whose list the sweep walks; none: along that of all open orders.
    pub(crate) const fn session(self) -> Option<SessionId> {
        match self {
            Self::Scope(Scope::Session(session)) | Self::Listed(session, _) => Some(session),
            Self::Scope(
                Scope::Firm | Scope::Account(_) | Scope::Strategy(_) | Scope::Instrument(_),
            )
            | Self::Order(_) => None,
        }
    }

    pub(crate) fn has(self, parent: &Parent) -> bool {
        let terms = parent.terms.get();
        match self {
            Self::Scope(Scope::Firm) => true,
            Self::Scope(Scope::Account(account)) => parent.account == account,
            Self::Scope(Scope::Strategy(strategy)) => terms.strategy == strategy,
            Self::Scope(Scope::Session(session)) => parent.session == session,
            Self::Scope(Scope::Instrument(instrument)) => terms.instrument == instrument,
            Self::Listed(session, instrument) => {
                parent.session == session && terms.instrument == instrument
            }
            Self::Order(order) => parent.id == order,
        }
    }

    fn digest(self, words: &mut Words) {
        let (kind, one, other) = match self {
            Self::Scope(scope) => (scope.level() as u8, scope.number(), 0),
            Self::Listed(session, instrument) => (8, u32::from(session.get()), instrument.get()),
            Self::Order(_) => (9, 0, 0),
        };
        words.bytes(&[kind]);
        words.u64(u64::from(one) << 32 | u64::from(other));
        words.u64(match self {
            Self::Order(order) => order.get(),
            Self::Scope(_) | Self::Listed(..) => 0,
        });
    }
}

/// What a sweep does with the orders it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Cancels them; nobody waits for an answer, or has it already.
    Cancel,
    /// Cancels them and answers the operator.
    OperatorCancel(RequestId),
    /// Cancels them and answers the client.
    ClientCancel(ClOrdId, MassScope),
    /// Counts them, to tell of them then.
    Count(ClOrdId),
    /// Tells how each stands.
    Tell(ClOrdId),
}

impl Task {
    pub(crate) const fn cancels(self) -> bool {
        match self {
            Self::Cancel | Self::OperatorCancel(_) | Self::ClientCancel(..) => true,
            Self::Count(_) | Self::Tell(_) => false,
        }
    }

    /// Whether the orders it meets are counted on the way.
    pub(crate) const fn counts(self) -> bool {
        match self {
            Self::Cancel | Self::OperatorCancel(_) | Self::ClientCancel(..) | Self::Count(_) => {
                true
            }
            Self::Tell(_) => false,
        }
    }

    fn digest(self, words: &mut Words) {
        let (kind, number, name) = match self {
            Self::Cancel => (0, 0, ClOrdId::EMPTY),
            Self::OperatorCancel(request) => (1, request.get(), ClOrdId::EMPTY),
            Self::ClientCancel(name, scope) => (2, u64::from(scope.wire()), name),
            Self::Count(name) => (3, 0, name),
            Self::Tell(name) => (4, 0, name),
        };
        words.u64(kind);
        words.u64(number);
        words.bytes(&name.to_padded());
    }
}

/// A walk along a list of open orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweep {
    pub(crate) whose: Whose,
    pub(crate) task: Task,
    /// The next order to look at.
    pub(crate) at: u32,
    /// The last one that it is about.
    pub(crate) until: OrderId,
    /// Orders found.
    pub(crate) found: u32,
    /// Orders that were told of.
    pub(crate) told: u32,
}

impl Sweep {
    pub(crate) const NONE: Self = Self {
        whose: Whose::Order(OrderId::new(0)),
        task: Task::Cancel,
        at: NIL,
        until: OrderId::new(0),
        found: 0,
        told: 0,
    };
}

/// A session's open orders, oldest first, and what becomes of them when it ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Desk {
    pub(crate) orders: List,
    pub(crate) cancel_on_disconnect: bool,
    pub(crate) cancel_on_logout: bool,
}

/// All sweeps and marks.
#[derive(Debug)]
pub(crate) struct Sweeps {
    rows: [Sweep; SWEEPS_MAX as usize],
    len: usize,
    desks: Vec<Desk>,
    /// By scope, the number of its last order that is to be cancelled.
    marks: Vec<OrderId>,
    /// The next order to compare with the marks, and the last for which one is set.
    pub(crate) marked_at: u32,
    pub(crate) marked_until: OrderId,
    /// A mark was set behind the walk's back: it begins again.
    again: bool,
}

impl Default for Sweeps {
    fn default() -> Self {
        Self {
            rows: [Sweep::NONE; SWEEPS_MAX as usize],
            len: 0,
            desks: Vec::new(),
            marks: Vec::new(),
            marked_at: NIL,
            marked_until: OrderId::new(0),
            again: false,
        }
    }
}

impl Sweeps {
    /// Makes room for every scope's mark and every session's list. Allocates.
    pub(crate) fn grow(&mut self) {
        if self.marks.is_empty() {
            self.marks = vec![OrderId::new(0); MARKS];
            self.desks = vec![Desk::default(); SESSIONS_MAX];
        }
    }

    /// Whether something is left to do.
    pub(crate) const fn is_pending(&self) -> bool {
        self.marked_at != NIL || self.again || self.len > 0
    }

    pub(crate) fn desk(&self, session: SessionId) -> Option<&Desk> {
        self.desks.get(usize::from(session.get()))
    }

    pub(crate) fn desk_mut(&mut self, session: SessionId) -> Option<&mut Desk> {
        self.desks.get_mut(usize::from(session.get()))
    }

    /// The sweeps, those that began first first.
    pub(crate) fn rows(&mut self) -> &mut [Sweep] {
        self.rows.get_mut(..self.len).unwrap_or_default()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.len == SWEEPS_MAX as usize
    }

    /// Adds a sweep; where one like it is under way and neither has an answer to give, that one
    /// goes on to the later end. Says whether there was room.
    pub(crate) fn add(&mut self, sweep: Sweep) -> bool {
        let same = |row: &&mut Sweep| (row.whose, row.task) == (sweep.whose, sweep.task);
        if sweep.task == Task::Cancel
            && let Some(row) = self.rows().iter_mut().find(same)
        {
            row.until = sweep.until;
            if row.at == NIL {
                row.at = sweep.at;
            }
            return true;
        }
        match self.rows.get_mut(self.len) {
            Some(row) => {
                *row = sweep;
                self.len += 1;
                true
            }
            None => false,
        }
    }

    /// Takes out the `ix`th sweep.
    pub(crate) fn remove(&mut self, ix: usize) {
        if let Some(rest) = self.rows.get_mut(ix..self.len) {
            rest.rotate_left(1);
            self.len -= 1;
        }
    }

    /// Marks the orders of a scope up to `until`. The walk begins at `head`; one that is under way
    /// goes on with this mark too, and begins again when it is through.
    pub(crate) fn mark(&mut self, scope: Scope, until: OrderId, head: u32) {
        if let Some(mark) = self.marks.get_mut(place(scope)) {
            *mark = until;
        }
        self.marked_until = until;
        if self.marked_at == NIL {
            self.marked_at = head;
            self.again = false;
        } else {
            self.again = true;
        }
    }

    /// The scope for whose sake an order is to be cancelled.
    pub(crate) fn marked(&self, parent: &Parent) -> Option<Scope> {
        let terms = parent.terms.get();
        let scopes = [
            Scope::Firm,
            Scope::Account(parent.account),
            Scope::Strategy(terms.strategy),
            Scope::Session(parent.session),
            Scope::Instrument(terms.instrument),
        ];
        let marked = |scope: &Scope| {
            let mark = self.marks.get(place(*scope));
            mark.is_some_and(|mark| parent.id <= *mark)
        };
        scopes.into_iter().find(marked)
    }

    /// The walk came to the end of the marked orders: it is over, or begins again at `head`.
    /// Says whether there is more to do.
    pub(crate) fn turn(&mut self, head: u32) -> bool {
        let again = std::mem::take(&mut self.again);
        self.marked_at = if again { head } else { NIL };
        again
    }

    /// An order leaves the lists: whoever would look at it next looks at its follower.
    pub(crate) fn leave(&mut self, ix: u32, (open_next, session_next): (u32, u32)) {
        if self.marked_at == ix {
            self.marked_at = open_next;
        }
        for row in self.rows() {
            if row.at == ix {
                row.at = match row.whose.session() {
                    Some(_) => session_next,
                    None => open_next,
                };
            }
        }
    }

    pub(crate) fn digest(&self, number: impl Fn(u32) -> u64) -> u64 {
        let mut words = Words::new(11);
        words.u64(number(self.marked_at));
        words.u64(self.marked_until.get());
        words.u64(u64::from(self.again));
        for (ix, mark) in (0_u64..).zip(&self.marks) {
            if mark.get() != 0 {
                words.u64(ix);
                words.u64(mark.get());
            }
        }
        for row in self.rows.get(..self.len).unwrap_or_default() {
            row.whose.digest(&mut words);
            row.task.digest(&mut words);
            words.u64(number(row.at));
            words.u64(row.until.get());
            words.u64(u64::from(row.found) << 32 | u64::from(row.told));
        }
        for (ix, desk) in (0_u64..).zip(&self.desks) {
            let bits = u64::from(desk.cancel_on_disconnect) << 1 | u64::from(desk.cancel_on_logout);
            if bits != 0 {
                words.u64(ix << 2 | bits);
            }
        }
        words.finish()
    }
}

/// Where a scope's mark is.
const fn place(scope: Scope) -> usize {
    let (first, room) = match scope {
        Scope::Firm => (0, ACCOUNTS),
        Scope::Account(_) => (ACCOUNTS, ACCOUNTS_MAX),
        Scope::Strategy(_) => (STRATEGIES, STRATEGIES_MAX),
        Scope::Session(_) => (SESSIONS, SESSIONS_MAX),
        Scope::Instrument(_) => (INSTRUMENTS, INSTRUMENTS_MAX),
    };
    let number = scope.number() as usize;
    if number < room { first + number } else { MARKS }
}
