//! Orders that are found at a venue and that we have no name for.
//!
//! What becomes of them is configured: they are reported, cancelled, or adopted as orders of the
//! house. An adopted order whose `ClOrdID` is a number that we can have given (a child of ours that
//! an earlier life of the engine forgot) is a child of that number, like any other. Any other name
//! is kept in a table of [`FOREIGN_MAX`]: we have a number for it and the venue does not know that,
//! so it is cancelled by its own name ([`OrphanCancel`]), followed by further
//! [`Orphan`] commands, and cannot be asked about alone: one that a venue does not mention any more
//! is unknown.
//!
//! The table also holds what was found and not adopted, so that each is reported or cancelled once
//! for each round of reconciliation. Where it is full the oldest of those makes room.

use dcx_model::{
    ChildId, ClOrdId, Event, ExecId, ExecType, Ignored, NewOrder, OnOrphan, OrdStatus, OrdType,
    OrderId, Origin, Orphan, OrphanCancel, Qty, TimeInForce, VENUES_MAX, VenueId, VenueReport,
};

use super::{Child, ChildState, Parent};
use crate::digest::Words;
use crate::risk;
use crate::{Cx, Engine, Trace};

/// Orders under foreign names that are remembered.
const FOREIGN_MAX: usize = 64;

/// One order under a foreign name.
#[derive(Clone, Copy, Debug)]
struct Foreigner {
    venue: VenueId,
    cl_ord_id: ClOrdId,
    /// Our child order, zero where it is not adopted.
    child: ChildId,
    /// The last cancel that was sent for it.
    request: ChildId,
    /// The round in which it was last seen.
    round: u32,
}

/// The table of foreign names, oldest first.
#[derive(Debug)]
pub(super) struct Foreigners {
    rows: [Foreigner; FOREIGN_MAX],
    len: usize,
}

impl Default for Foreigners {
    fn default() -> Self {
        let empty = Foreigner {
            venue: VenueId::new(0),
            cl_ord_id: ClOrdId::EMPTY,
            child: ChildId::new(0),
            request: ChildId::new(0),
            round: 0,
        };
        Self {
            rows: [empty; FOREIGN_MAX],
            len: 0,
        }
    }
}

impl Foreigners {
    fn all(&mut self) -> &mut [Foreigner] {
        self.rows.get_mut(..self.len).unwrap_or_default()
    }

    fn of_name(&mut self, venue: VenueId, cl_ord_id: ClOrdId) -> Option<&mut Foreigner> {
        self.all()
            .iter_mut()
            .find(|row| row.venue == venue && row.cl_ord_id == cl_ord_id)
    }

    fn of_child(&mut self, child: ChildId) -> Option<&mut Foreigner> {
        self.all().iter_mut().find(|row| row.child == child)
    }

    /// The child that a cancel of this number was sent for.
    pub(super) fn of_request(&mut self, request: ChildId) -> Option<ChildId> {
        let row = self.all().iter_mut().find(|row| row.request == request)?;
        (row.child != ChildId::new(0)).then_some(row.child)
    }

    /// Whether there is room for one that is to stay.
    fn has_room(&mut self) -> bool {
        self.len < FOREIGN_MAX || self.all().iter().any(|row| row.child == ChildId::new(0))
    }

    /// Keeps a row; without room for it nothing is kept.
    fn keep(&mut self, row: Foreigner) {
        if self.len == FOREIGN_MAX {
            let oldest = self
                .all()
                .iter()
                .position(|row| row.child == ChildId::new(0));
            let Some(oldest) = oldest else { return };
            self.remove(oldest);
        }
        if let Some(place) = self.rows.get_mut(self.len) {
            *place = row;
            self.len += 1;
        }
    }

    /// Forgets an adopted order that ended.
    pub(super) fn forget(&mut self, child: ChildId) {
        if let Some(at) = self.all().iter().position(|row| row.child == child) {
            self.remove(at);
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(from) = self.rows.get_mut(at..self.len) {
            from.rotate_left(1);
            self.len -= 1;
        }
    }

    pub(super) fn digest(&self, words: &mut Words) {
        for row in self.rows.get(..self.len).unwrap_or_default() {
            words.bytes(&row.cl_ord_id.to_padded());
            words.u64(u64::from(row.venue.get()) << 32 | u64::from(row.round));
            words.u64(row.child.get());
            words.u64(row.request.get());
        }
    }
}

impl Engine {
    /// A venue works an order under a name that is not one of ours, or that we forgot.
    pub(crate) fn orphan<T: Trace>(&mut self, cx: &mut Cx<'_, T>, orphan: &Orphan) {
        if usize::from(orphan.venue.get()) >= VENUES_MAX {
            return self.refuse_configuration(cx);
        }
        let number = number_of(&orphan.cl_ord_id);
        let native = number.filter(|child| self.child_index.find(child.get()).is_some());
        let row = self
            .recon
            .foreigners
            .of_name(orphan.venue, orphan.cl_ord_id)
            .copied();
        let adopted = row.map(|row| row.child).filter(|c| *c != ChildId::new(0));
        if let Some(child) = native.or(adopted) {
            return self.venue_report(cx, &standing(orphan, child));
        }
        let round = self.round(orphan.venue);
        if row.is_some_and(|row| row.round == round) {
            return;
        }
        self.count_orphan(orphan.venue);
        let policy = self
            .config
            .map_or(OnOrphan::Report, |config| config.on_orphan);
        let mut found = Foreigner {
            venue: orphan.venue,
            cl_ord_id: orphan.cl_ord_id,
            child: ChildId::new(0),
            request: ChildId::new(0),
            round,
        };
        match policy {
            // Once trading is halted, nothing more is taken on.
            OnOrphan::Adopt if self.halted() => found.request = self.cancel_orphan(cx, orphan),
            OnOrphan::Cancel => found.request = self.cancel_orphan(cx, orphan),
            OnOrphan::Adopt if self.adopt(cx, orphan, number) => return,
            OnOrphan::Report | OnOrphan::Adopt => leave(cx, orphan.venue, ChildId::new(0)),
        }
        match self
            .recon
            .foreigners
            .of_name(orphan.venue, orphan.cl_ord_id)
        {
            Some(row) => *row = found,
            None => self.recon.foreigners.keep(found),
        }
    }

    /// A venue works a child order that we took for done.
    pub(super) fn revenant<T: Trace>(&mut self, cx: &mut Cx<'_, T>, at: u32) {
        let child = *self.children.at(at);
        self.count_orphan(child.venue);
        let policy = self
            .config
            .map_or(OnOrphan::Report, |config| config.on_orphan);
        // It is ours for certain, and in a halt nothing of ours may work.
        let owner = self.parents.find(child.parent);
        let halted = self.halted() || owner.is_some_and(|ix| self.stands_still(ix));
        match policy {
            OnOrphan::Report if !halted => leave(cx, child.venue, child.id),
            // Its client was told that it is over, so it cannot be given back to anybody.
            OnOrphan::Report | OnOrphan::Cancel | OnOrphan::Adopt => {
                let request = self.next_request();
                cx.out.push(Event::OrphanCancel(OrphanCancel {
                    venue: child.venue,
                    cl_ord_id: name_of(child.id),
                    request,
                    instrument: child.instrument,
                    side: child.side,
                    order_qty: child.order_qty,
                }));
            }
        }
    }

    /// The cancel of a child that its venue knows by a foreign name.
    pub(super) fn foreign_cancel(&mut self, child: &Child) -> Option<OrphanCancel> {
        let row = self.recon.foreigners.of_child(child.id)?;
        row.request = child.request;
        Some(OrphanCancel {
            venue: child.venue,
            cl_ord_id: row.cl_ord_id,
            request: child.request,
            instrument: child.instrument,
            side: child.side,
            order_qty: child.order_qty,
        })
    }

    fn next_request(&mut self) -> ChildId {
        let request = ChildId::new(self.next_child);
        self.next_child += 1;
        request
    }

    fn cancel_orphan<T: Trace>(&mut self, cx: &mut Cx<'_, T>, orphan: &Orphan) -> ChildId {
        let request = self.next_request();
        cx.out.push(Event::OrphanCancel(OrphanCancel {
            venue: orphan.venue,
            cl_ord_id: orphan.cl_ord_id,
            request,
            instrument: orphan.instrument,
            side: orphan.side,
            order_qty: orphan.order_qty,
        }));
        request
    }

    /// Makes an order of the house of it, if all that an order needs is known and there is room.
    /// What was filled already is taken in as fills that were missed.
    fn adopt<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        orphan: &Orphan,
        number: Option<ChildId>,
    ) -> bool {
        let Some(config) = self.config else {
            return false;
        };
        // A number that we did not give yet will be given to another.
        let native = number.filter(|child| child.get() < self.next_child);
        let order = NewOrder {
            session: config.house_session,
            account: config.house_account,
            cl_ord_id: orphan.cl_ord_id,
            instrument: orphan.instrument,
            side: orphan.side,
            ord_type: orphan.ord_type,
            // When a dated order ends is its venue's business.
            time_in_force: match orphan.time_in_force {
                TimeInForce::Gtd => TimeInForce::Gtc,
                other @ (TimeInForce::Day
                | TimeInForce::Gtc
                | TimeInForce::AtTheOpening
                | TimeInForce::Ioc
                | TimeInForce::Fok
                | TimeInForce::AtTheClose) => other,
            },
            order_qty: orphan.order_qty,
            limit_px: orphan.limit_px,
            origin: Origin::Adopted,
            ..NewOrder::PLAIN
        };
        let name = self.names.hashed(order.session.get(), order.cl_ord_id);
        let row = self.instruments.get(orphan.instrument.get() as usize);
        let known = row.is_some_and(|row| row.defined.is_some())
            && (order.account.get() as usize) < dcx_model::ACCOUNTS_MAX
            && self.sessions.len() > usize::from(order.session.get());
        let priced = match orphan.ord_type {
            OrdType::Limit => orphan.limit_px.price(),
            OrdType::Market
            | OrdType::Stop
            | OrdType::StopLimit
            | OrdType::MarketIfTouched
            | OrdType::MarketWithLeftOverAsLimit
            | OrdType::Pegged => None,
        };
        let unit = priced.and_then(|px| self.ledger.unit(orphan.instrument, px));
        let room = self.open.len() < self.orders_room
            && !self.children_full()
            && self
                .ledger
                .has_room(order.account, order.strategy, order.instrument)
            && self.owners.has_room(order.account, order.instrument)
            && self.names.find(&name).is_none()
            && (native.is_some() || self.recon.foreigners.has_room());
        let whole = !orphan.order_qty.is_zero() && orphan.cum_qty < orphan.order_qty;
        let Some(unit) = unit.filter(|_| known && room && whole) else {
            return false;
        };

        let id = OrderId::new(self.next_order);
        self.next_order += 1;
        let terms = risk::adopted(&order, unit);
        let mut parent = Parent::new(id, terms, &order);
        parent.rows = self
            .ledger
            .rows(order.account, order.strategy, order.instrument);
        self.ledger
            .reserve(parent.rows, order.side, parent.reserved, parent.reserved_at);
        parent.out_qty = order.order_qty;
        let rows = parent.rows;
        let key = self.parents.insert(parent);
        let key = key.expect("room for the order was looked for");
        let ix = key.ix;
        let entry = self.names.pin(&name, key);
        self.parents.at_mut(ix).name = entry;
        self.enlist(ix);
        self.enter_own(ix);
        let child = native.unwrap_or_else(|| self.next_request());
        let at = self.children.insert(Child {
            id: child,
            parent: key,
            order_qty: order.order_qty,
            leaves_qty: order.order_qty,
            venue: orphan.venue,
            side: order.side,
            instrument: order.instrument,
            rows,
            limit_px: order.limit_px,
            sent_at: cx.at,
            acked_at: cx.at,
            state: ChildState::Working,
            foreign: native.is_none(),
            ..Child::empty()
        });
        let at = at.expect("room for the child was looked for").ix;
        self.child_index.insert(child.get(), at);
        self.parents
            .at_mut(ix)
            .children
            .push_back(&mut self.children, at, |child| &mut child.seat);
        self.seat_child(cx.at, at);
        if native.is_none() {
            self.recon.foreigners.forget_name(orphan);
            self.recon.foreigners.keep(Foreigner {
                venue: orphan.venue,
                cl_ord_id: orphan.cl_ord_id,
                child,
                request: ChildId::new(0),
                round: 0,
            });
        }
        let view = self.parents.at(ix).view(order.cl_ord_id);
        cx.out.push(Event::Accepted { view, held: false });
        self.venue_report(cx, &standing(orphan, child));
        true
    }
}

impl Foreigners {
    /// Forgets what was not adopted before under the name that is adopted now.
    fn forget_name(&mut self, orphan: &Orphan) {
        let at = self
            .all()
            .iter()
            .position(|row| row.venue == orphan.venue && row.cl_ord_id == orphan.cl_ord_id);
        if let Some(at) = at {
            self.remove(at);
        }
    }
}

/// What an orphan's venue says of it, as the answer to a question about our child order.
const fn standing(orphan: &Orphan, child: ChildId) -> VenueReport {
    let left = orphan.order_qty.saturating_minus(orphan.cum_qty);
    VenueReport {
        venue: orphan.venue,
        child,
        exec_type: ExecType::OrderStatus,
        ord_status: if left.is_zero() {
            OrdStatus::Filled
        } else if orphan.cum_qty.is_zero() {
            OrdStatus::New
        } else {
            OrdStatus::PartiallyFilled
        },
        cum_qty: orphan.cum_qty,
        leaves_qty: left,
        avg_px: orphan.avg_px,
        last_qty: Qty::ZERO,
        ..VenueReport::EMPTY
    }
}

/// Says that an order at a venue is not ours and was left alone.
pub(super) fn leave<T>(cx: &mut Cx<'_, T>, venue: VenueId, child: ChildId) {
    cx.out.push(Event::Ignored {
        cause: Ignored::OrphanLeft,
        venue,
        child,
        exec_id: ExecId::EMPTY,
    });
}

/// The number that a name is, written as we write it.
fn number_of(name: &ClOrdId) -> Option<ChildId> {
    let number: u64 = name.as_str().parse().ok()?;
    let child = ChildId::new(number);
    (number > 0 && name_of(child) == *name).then_some(child)
}

/// A child's `ClOrdID` (11) at its venue.
fn name_of(child: ChildId) -> ClOrdId {
    let mut bytes = [0; 20];
    let (mut left, mut from) = (child.get(), bytes.len());
    for (ix, byte) in bytes.iter_mut().enumerate().rev() {
        *byte = b'0' + (left % 10) as u8;
        left /= 10;
        from = ix;
        if left == 0 {
            break;
        }
    }
    let digits = bytes.get(from..).unwrap_or_default();
    ClOrdId::new(digits).expect("twenty digits fit a ClOrdID")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_s_name_reads_back_as_its_number_and_no_other_name_does() {
        for number in [1, 9, 10, 1_844_674_407_370_955_161, u64::MAX] {
            let name = name_of(ChildId::new(number));
            assert_eq!(name.as_str(), number.to_string());
            assert_eq!(number_of(&name), Some(ChildId::new(number)));
        }
        for name in ["0", "01", "+1", "A1", "18446744073709551616", ""] {
            assert_eq!(number_of(&name.parse().unwrap_or(ClOrdId::EMPTY)), None);
        }
    }

    #[test]
    fn a_full_table_gives_up_the_oldest_that_was_not_adopted() {
        let mut table = Foreigners::default();
        let row = |number: u64, child: u64| Foreigner {
            venue: VenueId::new(0),
            cl_ord_id: name_of(ChildId::new(number)),
            child: ChildId::new(child),
            request: ChildId::new(0),
            round: 0,
        };
        table.keep(row(1, 5));
        (2..=64).for_each(|number| table.keep(row(number, 0)));
        table.keep(row(65, 6));
        let mut has = |number| {
            table
                .of_name(VenueId::new(0), name_of(ChildId::new(number)))
                .is_some()
        };
        assert!(has(1) && !has(2) && has(3) && has(65));
        table.forget(ChildId::new(5));
        assert!(table.of_child(ChildId::new(5)).is_none() && table.len == 63);
    }
}
