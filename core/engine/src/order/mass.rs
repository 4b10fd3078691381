//! What concerns many orders at once: mass cancel, mass status, the end of a session.
//!
//! Each is a [`Sweep`] along a list of open orders, done in pieces. A client's mass cancel is
//! answered first (OrderMassCancelReport, `TotalAffectedOrders` (533) in it) and its orders' ends
//! are reported after that, each under its own ClOrdID: FIX 4.4 vol. 4, "Order Mass Cancel Report".
//! Only where a session has more orders than one command looks at, and just those of one
//! instrument are to be cancelled, the report comes after the cancels: they do not wait to be
//! counted.
//!
//! A mass status counts first, so that every report can say how many there are. An order that ends
//! between the count and its turn was reported when it ended; where that leaves the last report
//! open, it is one of no order.

use dcx_model::{
    ACCOUNTS_MAX, ClOrdId, Event, INSTRUMENTS_MAX, InstrumentId, Level, MassCancelRequest,
    MassCanceled, MassScope, MassStatusRequest, OperatorCancel, OrderId, OrderView, Refusal,
    SESSIONS_MAX, STRATEGIES_MAX, Scope, SessionId, SessionLink, SessionPolicy,
};

use crate::halt::LOOKS;
use crate::names::Hashed;
use crate::pool::{Key, NIL};
use crate::sweeps::{SWEEPS_MAX, Sweep, Task, Whose};
use crate::{Cx, Engine, Trace};

/// There is no room for another sweep.
const FULL: Refusal = Refusal::SweepsFull { max: SWEEPS_MAX };

impl Engine {
    /// Cancels a session's open orders, all or those in one instrument.
    pub(crate) fn mass_cancel<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        request: &MassCancelRequest,
    ) {
        if let Some(row) = self.sessions.get_mut(usize::from(request.session.get())) {
            row.cancels = row.cancels.saturating_add(1);
        }
        let report = MassCanceled {
            session: request.session,
            cl_ord_id: request.cl_ord_id,
            scope: request.scope,
            instrument: request.instrument,
            affected: 0,
            refusal: None,
        };
        let answer = |affected, refusal| {
            Event::MassCanceled(MassCanceled {
                affected,
                refusal,
                ..report
            })
        };
        if let Err(refusal) = self.take_mass_cancel(request) {
            return cx.out.push(answer(0, Some(refusal)));
        }
        let whose = whose(request.session, request.scope, request.instrument);
        let task = match self.count_now(whose) {
            Some(affected) => {
                cx.out.push(answer(affected, None));
                Task::Cancel
            }
            None => Task::ClientCancel(request.cl_ord_id, request.scope),
        };
        if self.begin(whose, task) {
            return self.sweep(cx);
        }
        match whose {
            Whose::Scope(scope) => self.cancel_all_of(cx, scope),
            Whose::Listed(..) | Whose::Order(_) => cx.out.push(answer(0, Some(FULL))),
        }
    }

    /// Tells how each of a session's open orders stands.
    pub(crate) fn mass_status<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        request: &MassStatusRequest,
    ) {
        let whose = whose(request.session, request.scope, request.instrument);
        let total = self.count_now(whose);
        if total == Some(0) {
            let view = nobody(request.session, request.instrument, request.request);
            return cx.out.push(none_of(view, 0));
        }
        let task = match total {
            Some(_) => Task::Tell(request.request),
            None => Task::Count(request.request),
        };
        if !self.begin(whose, task) {
            let view = nobody(request.session, request.instrument, request.request);
            let refusal = FULL;
            return cx.out.push(Event::Rejected { view, refusal });
        }
        if let (Some(found), Some(row)) = (total, self.sweeps.rows().last_mut()) {
            row.found = found;
        }
        self.sweep(cx);
    }

    /// Cancels one order, or all of a scope, for an operator.
    pub(crate) fn operator_cancel<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        cancel: &OperatorCancel,
    ) {
        let (whose, task) = (whom(cancel), Task::OperatorCancel(cancel.request));
        let unsigned = cancel.by.author.is_empty() || cancel.by.reason.is_empty();
        let refusal = if unsigned {
            Some(Refusal::NoAuthor)
        } else if cancel.order == OrderId::new(0) && !exists(cancel.scope) {
            let at = cancel.scope.level();
            Some(Refusal::UnknownScope { at })
        } else if cancel.order > self.last_order() {
            Some(Refusal::UnknownOrder)
        } else if self.sweeps.is_full() {
            Some(FULL)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            let request = cancel.request;
            return cx.out.push(Event::OperatorRefused { request, refusal });
        }
        self.begin(whose, task);
        self.sweep(cx);
    }

    /// Says what becomes of a session's orders when it ends.
    pub(crate) fn set_session_policy<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        policy: &SessionPolicy,
    ) {
        match self.sweeps.desk_mut(policy.session) {
            Some(desk) => {
                desk.cancel_on_disconnect = policy.cancel_on_disconnect;
                desk.cancel_on_logout = policy.cancel_on_logout;
            }
            None => self.refuse_configuration(cx),
        }
    }

    /// A session ended: its orders are cancelled where its policy says so. This never lacks room.
    pub(crate) fn session_ended<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        session: SessionId,
        link: SessionLink,
    ) {
        let Some(desk) = self.sweeps.desk(session) else {
            return;
        };
        let cancels = match link {
            SessionLink::Up => false,
            SessionLink::LoggedOut => desk.cancel_on_logout,
            SessionLink::Disconnected => desk.cancel_on_disconnect,
        };
        if !cancels || desk.orders.len() == 0 {
            return;
        }
        let scope = Scope::Session(session);
        if self.begin(Whose::Scope(scope), Task::Cancel) {
            self.sweep(cx);
        } else {
            self.cancel_all_of(cx, scope);
        }
    }

    /// Seats an order among the open ones and among those of its session.
    pub(crate) fn enlist(&mut self, ix: u32) {
        self.open
            .push_back(&mut self.parents, ix, |parent| &mut parent.seat);
        let session = self.parents.at(ix).session;
        if let Some(desk) = self.sweeps.desk_mut(session) {
            desk.orders
                .push_back(&mut self.parents, ix, |parent| &mut parent.session_seat);
        }
        let holder = self.parents.at(ix).holder();
        self.each_standing(&holder, |standing| standing.orders_open += 1);
    }

    /// Takes an order that is done out of both lists, and sends past it whoever would look at it
    /// next.
    pub(crate) fn delist(&mut self, ix: u32) {
        let parent = self.parents.at(ix);
        let (session, session_seat) = (parent.session, parent.session_seat);
        let (next, holder) = (parent.seat.next, parent.holder());
        self.each_standing(&holder, |standing| standing.orders_open -= 1);
        self.sweeps.leave(ix, (next, session_seat.next));
        self.open
            .remove(&mut self.parents, ix, |parent| &mut parent.seat);
        if let Some(desk) = self.sweeps.desk_mut(session) {
            desk.orders
                .remove(&mut self.parents, ix, |parent| &mut parent.session_seat);
        }
    }

    /// Does what a sweep is for with an order that it found.
    pub(crate) fn sweep_one<T: Trace>(&mut self, cx: &mut Cx<'_, T>, row: &Sweep) {
        match row.task {
            Task::Cancel | Task::OperatorCancel(_) | Task::ClientCancel(..) => {
                self.stop(cx, row.at, Refusal::AlreadyPending);
            }
            Task::Count(_) => {}
            Task::Tell(request) => {
                let parent = self.parents.at(row.at);
                let told = row.told + 1;
                cx.out.push(Event::MassStatus {
                    view: parent.view(parent.cl_ord_id),
                    request,
                    total: row.found,
                    last: told == row.found,
                });
                if let Some(first) = self.sweeps.rows().first_mut() {
                    first.told = told;
                }
            }
        }
    }

    /// Answers for a sweep that is through, and takes it out; one that counted goes on to tell.
    pub(crate) fn sweep_over<T: Trace>(&mut self, cx: &mut Cx<'_, T>, row: &Sweep) {
        let (session, instrument) = match row.whose {
            Whose::Scope(Scope::Session(session)) => (session, InstrumentId::new(0)),
            Whose::Listed(session, instrument) => (session, instrument),
            Whose::Scope(_) | Whose::Order(_) => (SessionId::new(0), InstrumentId::new(0)),
        };
        match row.task {
            Task::Cancel => {}
            Task::OperatorCancel(request) => {
                let one = matches!(row.whose, Whose::Order(_));
                cx.out.push(if one && row.found == 0 {
                    Event::OperatorRefused {
                        request,
                        refusal: Refusal::TooLate,
                    }
                } else {
                    Event::OperatorDone {
                        request,
                        orders: row.found,
                    }
                });
            }
            Task::ClientCancel(cl_ord_id, scope) => {
                cx.out.push(Event::MassCanceled(MassCanceled {
                    session,
                    cl_ord_id,
                    scope,
                    instrument,
                    affected: row.found,
                    refusal: None,
                }));
            }
            Task::Count(request) if row.found > 0 => {
                let at = self.head_of(row.whose);
                if let Some(first) = self.sweeps.rows().first_mut() {
                    first.task = Task::Tell(request);
                    first.at = at;
                }
                return;
            }
            Task::Count(request) | Task::Tell(request) => {
                if row.told < row.found || row.found == 0 {
                    let view = nobody(session, instrument, request);
                    cx.out.push(none_of(view, row.found));
                }
            }
        }
        self.sweeps.remove(0);
    }

    /// Whether a mass cancel may be taken. Its name is used up by asking.
    fn take_mass_cancel(&mut self, request: &MassCancelRequest) -> Result<(), Refusal> {
        if self.config.is_none() {
            return Err(Refusal::NotConfigured);
        }
        let name: Hashed = self.names.hashed(request.session.get(), request.cl_ord_id);
        if self.names.find(&name).is_some() {
            return Err(Refusal::DuplicateClOrdId);
        }
        self.names.keep(&name, Key::NONE);
        let row = self.instruments.get(request.instrument.get() as usize);
        let known = row.is_some_and(|row| row.defined.is_some());
        if request.scope == MassScope::Security && !known {
            return Err(Refusal::UnknownInstrument);
        }
        Ok(())
    }

    /// Open orders that a sweep would find, where that can be known at once.
    fn count_now(&self, whose: Whose) -> Option<u32> {
        let desk = whose
            .session()
            .and_then(|session| self.sweeps.desk(session));
        let Some(desk) = desk else { return Some(0) };
        if let Whose::Scope(_) = whose {
            return Some(desk.orders.len());
        }
        if desk.orders.len() as usize > LOOKS {
            return None;
        }
        let (mut at, mut count) = (desk.orders.head(), 0);
        while at != NIL {
            let parent = self.parents.at(at);
            count += u32::from(whose.has(parent));
            at = parent.session_seat.next;
        }
        Some(count)
    }

    /// Adds a sweep from the first order that it may concern to the last there is. Says whether
    /// there was room.
    fn begin(&mut self, whose: Whose, task: Task) -> bool {
        let at = self.head_of(whose);
        let until = match whose {
            Whose::Order(order) => order,
            Whose::Scope(_) | Whose::Listed(..) => self.last_order(),
        };
        self.sweeps.add(Sweep {
            whose,
            task,
            at,
            until,
            ..Sweep::NONE
        })
    }

    fn head_of(&self, whose: Whose) -> u32 {
        match whose.session() {
            Some(session) => self
                .sweeps
                .desk(session)
                .map_or(NIL, |desk| desk.orders.head()),
            None => self.open.head(),
        }
    }
}

const fn whose(session: SessionId, scope: MassScope, instrument: InstrumentId) -> Whose {
    match scope {
        MassScope::All => Whose::Scope(Scope::Session(session)),
        MassScope::Security => Whose::Listed(session, instrument),
    }
}

fn whom(cancel: &OperatorCancel) -> Whose {
    if cancel.order == OrderId::new(0) {
        Whose::Scope(cancel.scope)
    } else {
        Whose::Order(cancel.order)
    }
}

/// Whether there can be such a scope.
const fn exists(scope: Scope) -> bool {
    let room = match scope.level() {
        Level::Firm => 1,
        Level::Account => ACCOUNTS_MAX,
        Level::Strategy => STRATEGIES_MAX,
        Level::Session => SESSIONS_MAX,
        Level::Instrument => INSTRUMENTS_MAX,
    };
    (scope.number() as usize) < room
}

/// An order that there is not, for an answer about many.
const fn nobody(session: SessionId, instrument: InstrumentId, request: ClOrdId) -> OrderView {
    OrderView {
        cl_ord_id: request,
        session,
        instrument,
        ..OrderView::EMPTY
    }
}

/// The last report of a mass status that has no order to tell of.
const fn none_of(view: OrderView, total: u32) -> Event {
    Event::MassStatus {
        request: view.cl_ord_id,
        view,
        total,
        last: true,
    }
}
