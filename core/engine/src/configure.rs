//! Commands that tell the engine what there is and what is allowed.

use dcx_model::{
    Account, ChildId, Configure, Event, ExecId, INSTRUMENTS_MAX, Ignored, Instrument, Price, Qty,
    SCHEDULES_MAX, SESSIONS_MAX, SessionId, SessionLink, VENUES_MAX, Venue, VenueId, VenueSet,
};

use crate::names::Execution;
use crate::order::{Child, Parent};
use crate::pool::Key;
use crate::risk::{InstrumentRow, POSITIONS_MAX, SECONDS_PER_DAY, SessionRow};
use crate::slice::Schedule;
use crate::{Cx, Engine, Trace};

/// Open orders that an engine can be asked to hold.
pub const ORDERS_OPEN_MAX: u32 = 1 << 22;

/// Old ids that an engine can be asked to remember.
pub const IDS_KEPT_MAX: u32 = 1 << 24;

/// Done orders, and as many done children, that are kept whole for late reports and questions.
const DONE_MAX: u32 = 1 << 16;

/// The least of them: more than one command can end.
const DONE_MIN: u32 = 64;

/// Children beyond one for each open order that may work at the same time.
const CHILDREN_SPARE_MAX: u32 = 1 << 18;

/// Orders whose economics are remembered, so that the same one is seen when it comes again.
const DUPLICATES_MAX: u32 = 1 << 16;

/// All venues there can be.
const VENUES: VenueSet = VenueSet::from_bits((1 << VENUES_MAX) - 1);

impl Engine {
    /// Takes sizes and parameters. The only command that allocates. Given again, it changes the
    /// parameters; the tables only ever grow, and nothing in them is lost.
    pub(crate) fn configure<T: Trace>(&mut self, cx: &mut Cx<'_, T>, configure: &Configure) {
        let legal = (1..=ORDERS_OPEN_MAX).contains(&configure.orders_open_max)
            && configure.ids_kept_max <= IDS_KEPT_MAX
            && configure.discount_ppm <= 1_000_000
            && configure.day_start_s < SECONDS_PER_DAY
            && configure.route_attempts_max > 0
            && configure.positions_max <= POSITIONS_MAX;
        if !legal {
            return refuse(cx);
        }
        if self.config.is_none() {
            // Ids must differ from those of every journal before this one, also where that is
            // lost: venues and clients remember them. A million orders a second is not reached.
            let first = cx.at.seconds() << 20 | 1;
            (self.next_order, self.next_child) = (first, first);
        }
        self.config = Some(*configure);
        self.grow(configure);
        let children = self.children.capacity();
        self.router.configure(configure, INSTRUMENTS_MAX, children);
    }

    pub(crate) fn define_instrument<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        instrument: &Instrument,
    ) {
        let legal = instrument.tick > Price::ZERO
            && instrument.lot > Qty::ZERO
            && instrument.multiplier > Price::ZERO
            && instrument.venues.and(VENUES) == instrument.venues;
        match self.instruments.get_mut(instrument.id.get() as usize) {
            Some(row) if legal => row.defined = Some(*instrument),
            Some(_) | None => return refuse(cx),
        }
        self.ledger.define(instrument.id, instrument.multiplier);
        self.router.define(instrument.id);
        self.mark(cx, instrument.id);
        self.mark_by_close(instrument.id);
        self.begin_release(cx);
    }

    pub(crate) fn define_venue<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: &Venue) {
        match self.venues.get_mut(usize::from(venue.id.get())) {
            Some(row) if self.config.is_some() => *row = Some(*venue),
            Some(_) | None => return refuse(cx),
        }
        self.venues_defined = self.venues_defined.with(venue.id);
        self.begin_release(cx);
    }

    pub(crate) fn define_account<T: Trace>(&mut self, cx: &mut Cx<'_, T>, account: &Account) {
        if !self.owners.define(account) {
            refuse(cx);
        }
    }

    /// Says that a configuration command breaks a rule and was not taken.
    pub(crate) fn refuse_configuration<T: Trace>(&self, cx: &mut Cx<'_, T>) {
        refuse(cx);
    }

    pub(crate) fn venue_state<T: Trace>(&mut self, cx: &mut Cx<'_, T>, venue: VenueId, up: bool) {
        if usize::from(venue.get()) >= VENUES_MAX {
            return refuse(cx);
        }
        // What works at a venue that went down is left alone: it may be filled there, and what
        // was sent elsewhere meanwhile would be filled twice.
        if up {
            self.venues_up = self.venues_up.with(venue);
            self.venue_logged_on(cx, venue);
            self.begin_release(cx);
        } else {
            self.venues_up = self.venues_up.without(venue);
            self.venue_logged_off(venue);
        }
    }

    pub(crate) fn session_state<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        session: SessionId,
        link: SessionLink,
    ) {
        match self.sessions.get_mut(usize::from(session.get())) {
            Some(row) => row.up = link == SessionLink::Up,
            None => return refuse(cx),
        }
        self.session_ended(cx, session, link);
    }

    fn grow(&mut self, configure: &Configure) {
        let (open, kept) = (configure.orders_open_max, configure.ids_kept_max);
        self.done_max = self.done_max.max(kept.clamp(DONE_MIN, DONE_MAX));
        self.children_max = self.children_max.max(open + open.min(CHILDREN_SPARE_MAX));
        self.orders_room = self.orders_room.max(open);
        // One more each: what is done is forgotten after the next is done.
        let parents = self.orders_room + self.done_max + 1;
        let children = self.children_max + self.done_max + 1;
        self.parents.grow(parents, Parent::empty);
        self.children.grow(children, Child::empty);
        self.child_index.grow(children);
        // A trade that is taken back may open an order again: what is done keeps its schedule.
        let schedules = self.orders_room.min(SCHEDULES_MAX) + self.done_max + 1;
        self.schedules.grow(schedules, || Schedule::EMPTY);
        self.volumes.grow();
        self.timers.grow(parents);
        self.sweeps.grow();
        self.names
            .grow(configure.seed, self.orders_room, kept, Key::NONE);
        self.exec_ids.grow(configure.seed, 0, kept, Execution::NONE);
        self.ledger
            .grow(configure.positions_max, configure.day_start_s);
        self.owners.grow(configure.positions_max);
        self.reducing.grow(configure.positions_max);
        self.authority.grow();
        self.recent.grow(configure.seed, open.min(DUPLICATES_MAX));
        self.book.grow(INSTRUMENTS_MAX);
        self.triggers.grow(INSTRUMENTS_MAX);
        self.lists.grow(open);
        self.expiry.grow(INSTRUMENTS_MAX, configure.day_start_s);
        grow_to(
            &mut self.instruments,
            INSTRUMENTS_MAX,
            InstrumentRow::default(),
        );
        grow_to(&mut self.sessions, SESSIONS_MAX, SessionRow::default());
    }
}

fn grow_to<V: Clone>(rows: &mut Vec<V>, len: usize, empty: V) {
    if rows.len() < len {
        rows.resize(len, empty);
    }
}

/// Says that a configuration command breaks a rule and was not taken.
fn refuse<T>(cx: &mut Cx<'_, T>) {
    cx.out.push(Event::Ignored {
        cause: Ignored::BadConfiguration,
        venue: VenueId::new(0),
        child: ChildId::new(0),
        exec_id: ExecId::EMPTY,
    });
}
