//! What can be read from the engine without changing it: counters, positions, the digest.

use std::iter;

use dcx_model::{
    AccountId, ChildId, ClOrdId, Command, Fitness, InstrumentId, OrderId, OrderView, Qty, Record,
    Scope, SessionId, TradingState, UnixNanos, VenueId,
};

use crate::Engine;
use crate::digest::Words;
use crate::pool::{Key, List, NIL};

/// What the engine has learnt about a venue, over all instruments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VenueScore {
    /// Which.
    pub venue: VenueId,
    /// Whether its session is up.
    pub up: bool,
    /// Child orders sent there.
    pub children: u64,
    /// Child orders that ended with a reward.
    pub rewards: u64,
    /// Mean reward of those, in basis points; zero before the first.
    pub mean_reward_bps: f64,
    /// Mean slippage of filled ones against the mid at the decision, in basis points; positive is
    /// a cost. Zero before the first.
    pub mean_slippage_bps: f64,
    /// Child orders whose reward never came.
    pub unrewarded: u64,
    /// Whether it gets orders.
    pub fitness: Fitness,
}

/// What one holder of positions is exposed to, in units of 10⁻¹⁶ of the firm's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureView {
    /// The firm, an account, or a strategy.
    pub scope: Scope,
    /// Worth of all positions, long and short, and of all working orders.
    pub gross: i128,
    /// Worth of all positions, long less short.
    pub net: i128,
    /// Worth of the working orders to buy.
    pub working_buy: i128,
    /// Worth of the working orders to sell.
    pub working_sell: i128,
    /// Margin of positions and working orders.
    pub margin: i128,
    /// Result of the trading day, realised and not.
    pub result: i128,
    /// The best that it was on this day, at least zero.
    pub best: i128,
    /// Positions that no price is known for: they count as worth nothing above.
    pub unmarked: u32,
    /// Parametric value at risk of the firm; none where a fact is missing.
    pub var_ewma: Option<i128>,
    /// Historical value at risk of the firm; none where a fact is missing.
    pub var_historical: Option<i128>,
}

/// An order at a venue as the engine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildView {
    /// Which.
    pub child: ChildId,
    /// The client's order that it works for; zero once that is forgotten.
    pub order: OrderId,
    /// Where it works.
    pub venue: VenueId,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// What may still be filled.
    pub leaves_qty: Qty,
}

impl Engine {
    /// When the engine wants a [`Command::Wake`]: at its next timer, or at once while something is
    /// unfinished that one command could not finish. None where nothing is to be done.
    #[must_use]
    pub fn wake_at(&self) -> Option<UnixNanos> {
        let unfinished = self.triggers.is_unfinished() || self.lists.is_unfinished();
        if self.sweeps.is_pending()
            || self.reducing.is_pending()
            || self.release_at != NIL
            || unfinished
            || self.router.has_told()
        {
            return Some(self.now);
        }
        let due = [
            self.timers.next(),
            self.ledger.sample_at(),
            self.recon_at(),
            self.proposal_due(),
            self.router.wake_at(),
        ];
        due.into_iter().flatten().min()
    }

    /// Orders that are not done.
    #[must_use]
    pub const fn orders_open(&self) -> u32 {
        self.open.len()
    }

    /// Orders of a scope that are not done; none where there is no such scope.
    #[must_use]
    pub fn orders_open_of(&self, scope: Scope) -> Option<u32> {
        if scope == Scope::Firm {
            return Some(self.orders_open());
        }
        Some(self.standing(scope)?.orders_open)
    }

    /// Orders that wait for a person, oldest first.
    ///
    /// # Cost
    /// O(orders that wait).
    pub fn orders_waiting(&self) -> impl Iterator<Item = OrderView> {
        let mut at = self.asked.head();
        iter::from_fn(move || {
            let parent = (at != NIL).then(|| self.parents.at(at))?;
            at = parent.held_seat.next;
            Some(parent.view(parent.cl_ord_id))
        })
    }

    /// Open orders that wait because no venue can take them.
    #[must_use]
    pub const fn orders_held(&self) -> u32 {
        self.held.len()
    }

    /// Child orders at venues.
    #[must_use]
    pub const fn children_working(&self) -> u32 {
        self.children.len() - self.children_done.len()
    }

    /// Whether trading is halted for the whole firm.
    #[must_use]
    pub fn halted(&self) -> bool {
        self.authority.firm.standing.state == TradingState::Halted
    }

    /// Prices of a venue in an instrument that are not believed now, because a feed lost something,
    /// and how often one became so.
    #[must_use]
    pub const fn feed_gaps(&self) -> (u32, u64) {
        self.book.gap_counts()
    }

    /// The position of an account in an instrument, in units of 10⁻⁸; negative is short.
    #[must_use]
    pub fn position(&self, account: AccountId, instrument: InstrumentId) -> i128 {
        self.ledger.position(account, instrument)
    }

    /// What open orders of an account may still add to a position, and take from it, in units of
    /// 10⁻⁸.
    #[must_use]
    pub fn working(&self, account: AccountId, instrument: InstrumentId) -> (i128, i128) {
        self.ledger.working(account, instrument)
    }

    /// What the firm and each account and strategy are exposed to, in this order.
    ///
    /// # Cost
    /// O(accounts + strategies), and the firm's value at risk: for people, not for the hot path.
    pub fn exposure_view(&self) -> impl Iterator<Item = ExposureView> {
        self.ledger.view()
    }

    /// The order of this number, open or still remembered.
    ///
    /// # Cost
    /// O(orders): for people, not for the hot path.
    #[must_use]
    pub fn order(&self, order: OrderId) -> Option<OrderView> {
        let parent = self.parents.iter().find(|parent| parent.id == order)?;
        Some(parent.view(parent.cl_ord_id))
    }

    /// The order that goes by this name on a session, open or still remembered; a request's name
    /// finds the order that it was about.
    #[must_use]
    pub fn order_named(&self, session: SessionId, cl_ord_id: ClOrdId) -> Option<OrderView> {
        let name = self.names.hashed(session.get(), cl_ord_id);
        let entry = self.names.find(&name)?;
        let parent = self
            .parents
            .at(self.parents.find(self.names.target(entry))?);
        Some(parent.view(parent.cl_ord_id))
    }

    /// Every order that is open or still remembered, in no particular order.
    pub fn orders(&self) -> impl Iterator<Item = OrderView> {
        self.parents
            .iter()
            .map(|parent| parent.view(parent.cl_ord_id))
    }

    /// Every order at a venue that is not known to be done, in no particular order.
    pub fn children_working_view(&self) -> impl Iterator<Item = ChildView> {
        let working = self.children.iter().filter(|child| !child.done());
        working.map(|child| ChildView {
            child: child.id,
            order: OrderId::new(self.order_number(child.parent)),
            venue: child.venue,
            cum_qty: child.cum_qty,
            leaves_qty: child.leaves_qty,
        })
    }

    /// What was learnt about each venue that is defined, lowest number first.
    #[expect(
        clippy::float_arithmetic,
        clippy::cast_precision_loss,
        reason = "means for reports; nothing is decided by them"
    )]
    pub fn venue_scores(&self) -> impl Iterator<Item = VenueScore> {
        let mean = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
        self.venues_defined.iter().map(move |venue| {
            let record = self.router.tally(venue);
            VenueScore {
                venue,
                up: self.venues_up.contains(venue),
                children: record.children,
                rewards: record.rewards,
                mean_reward_bps: mean(record.reward_bps, record.rewards),
                mean_slippage_bps: mean(record.slippage_bps, record.fills),
                unrewarded: record.unrewarded,
                fitness: self.router.health.fitness(venue),
            }
        })
    }

    /// Hash of all state. Two engines with the same digest will do the same from here on.
    ///
    /// It does not depend on which slots things are in, only on what is in them.
    ///
    /// # Cost
    /// O(state).
    #[must_use]
    pub fn digest(&self) -> u64 {
        let orders = self.parents.iter().map(|parent| {
            let schedule = match parent.plan {
                NIL => [0; 3],
                at => self.schedules.at(at).words(),
            };
            parent.digest(2, schedule)
        });
        let schedules = self.schedules.iter().map(|schedule| schedule.digest(14));
        let children = self
            .children
            .iter()
            .map(|child| child.digest(3, self.order_number(child.parent)));
        let instruments = (0..)
            .zip(&self.instruments)
            .filter(|(_, row)| !row.is_unknown())
            .map(|(ix, row)| row.digest(0x1_0000 | ix));
        let sessions = (0..)
            .zip(&self.sessions)
            .filter(|(_, row)| !row.is_unknown())
            .map(|(ix, row)| row.digest(0x2_0000 | ix));
        let names = self.names.digest(4, |key| self.order_number(key));
        let timers = self.parents_with_timers();
        [
            self.scalars(),
            names,
            self.exec_ids.digest(5, |execution| execution.digest()),
            self.recon_digest(),
            self.ledger.digest(6),
            self.owners.digest(11),
            self.reducing.digest(31),
            self.book.digest(7),
            self.router.digest(8),
            self.authority.digest(),
            self.recent.digest(),
            timers,
            self.triggers.digest(11, |pegs| {
                self.sequence(pegs, |ix| self.parents.at(ix).waits.peg_seat.next)
            }),
            self.lists.digest(12, |key| self.order_number(key)),
            self.expiry.digest(13),
            self.volumes.digest(15),
        ]
        .into_iter()
        .chain(orders)
        .chain(schedules)
        .chain(children)
        .chain(instruments)
        .chain(sessions)
        .fold(0, u64::wrapping_add)
    }

    /// Everything there is one of.
    fn scalars(&self) -> u64 {
        let mut words = Words::new(1);
        words.u64(self.now.get());
        words.u64(self.sweeps.digest(|ix| self.number_at(ix)));
        words.u64(self.number_at(self.release_at));
        words.u64(self.next_order);
        words.u64(self.next_child);
        words.u64(self.venues_up.bits());
        words.u64(u64::from(self.done_max) << 32 | u64::from(self.children_max));
        words.u64(u64::from(self.orders_room));
        words.u64(self.sequence(&self.open, |ix| self.parents.at(ix).seat.next));
        words.u64(self.sequence(&self.held, |ix| self.parents.at(ix).held_seat.next));
        words.u64(self.sequence(&self.done, |ix| self.parents.at(ix).seat.next));
        words.u64(self.sequence(&self.asked, |ix| self.parents.at(ix).held_seat.next));
        let mut at = self.children_done.head();
        while at != NIL {
            let child = self.children.at(at);
            words.u64(child.id.get());
            at = child.seat.next;
        }
        if let Some(configure) = self.config {
            words.bytes(Record::of_command(&Command::Configure(configure)).body());
        }
        for venue in self.venues.iter().flatten() {
            words.bytes(Record::of_command(&Command::DefineVenue(*venue)).body());
        }
        words.finish()
    }

    /// The orders of a list, in its order: who is forgotten or released next is state too.
    fn sequence(&self, list: &List, next: impl Fn(u32) -> u32) -> u64 {
        let mut words = Words::new(9);
        let mut at = list.head();
        while at != NIL {
            words.u64(self.parents.at(at).id.get());
            at = next(at);
        }
        words.finish()
    }

    fn parents_with_timers(&self) -> u64 {
        let due = (0..self.parents.capacity())
            .filter_map(|ix| self.timers.due(ix).map(|due| (ix, due)))
            .map(|(ix, due)| {
                let mut words = Words::new(10);
                words.u64(self.number_at(ix));
                words.u64(due.get());
                words.finish()
            });
        due.fold(0, u64::wrapping_add)
    }

    fn number_at(&self, ix: u32) -> u64 {
        if ix == NIL {
            0
        } else {
            self.parents.at(ix).id.get()
        }
    }

    fn order_number(&self, key: Key) -> u64 {
        self.parents
            .find(key)
            .map_or(0, |ix| self.parents.at(ix).id.get())
    }
}
