//! Orders, child orders and fills of a journal, each with the market at its moments.

use std::collections::{BTreeMap, VecDeque};

use dcx_engine::{Book, Trace};
use dcx_model::{
    Algo, ChildId, ChildOrder, ClOrdId, Command, Event, EventRef, ExecType, FeedGap,
    INSTRUMENTS_MAX, InstrumentId, Limit, Nanos, OrderId, OrderView, Price, Qty, Scope, Sequenced,
    Side, UnixNanos, VenueId, VenueSet,
};
use dcx_pipeline::Observer;

use super::HORIZONS_MS;
use crate::explain::view;
use crate::records::Names;

/// Quotes older than this say nothing, where the journal sets no `quote_age_max`.
const QUOTE_AGE_MAX: Nanos = Nanos::from_seconds(5);

/// A mid of the consolidated book, twice: bid plus offer, in price units. None where a side is
/// missing or every quote is stale.
pub(super) type MidTwice = Option<i128>;

/// One execution.
#[derive(Clone, Debug)]
pub(super) struct Fill {
    pub(super) at: UnixNanos,
    pub(super) child: ChildId,
    pub(super) venue: VenueId,
    pub(super) qty: Qty,
    pub(super) px: Price,
    place: EventRef,
    /// The mid after each of [`HORIZONS_MS`]; none where the journal ends before, or had no mid.
    pub(super) after: [MidTwice; HORIZONS_MS.len()],
}

/// One order of a client.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) cl_ord_id: ClOrdId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) algo: Algo,
    pub(super) order_qty: Qty,
    /// When it could first trade.
    pub(super) arrived: UnixNanos,
    pub(super) arrival: MidTwice,
    pub(super) fills: Vec<Fill>,
    /// When it ended; none while it is open.
    pub(super) done: Option<UnixNanos>,
    /// The mid then, or the last one of the journal.
    pub(super) closing: MidTwice,
    /// Trades of the market between arrival and end.
    pub(super) market: Prints,
}

/// One child order.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) instrument: InstrumentId,
    pub(super) venue: VenueId,
    pub(super) qty: Qty,
    sent: UnixNanos,
    /// The mid when it was sent.
    pub(super) decision: MidTwice,
    /// From sending it to the venue's first answer.
    pub(super) answered: Option<Nanos>,
    pub(super) rejected: bool,
}

/// Trades that a market printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prints {
    /// In quantity units.
    pub(super) qty: i128,
    /// Price times quantity, in both units.
    pub(super) worth: i128,
}

impl Prints {
    fn less(self, before: Self) -> Self {
        Self {
            qty: self.qty - before.qty,
            worth: self.worth - before.worth,
        }
    }
}

/// Everything that was gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) names: Names,
    pub(super) orders: BTreeMap<OrderId, Parent>,
    pub(super) children: BTreeMap<ChildId, Child>,
    pub(super) fees_centi_bps: BTreeMap<VenueId, i32>,
    /// Fills of orders that no client sent, adopted ones.
    pub(super) fills_without_order: u64,
}

/// A fill whose mid is wanted later.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: UnixNanos,
    order: OrderId,
    fill: usize,
}

/// Gathers while a journal is replayed.
pub(super) struct Gatherer {
    book: Book,
    ages: BTreeMap<InstrumentId, Nanos>,
    prints: BTreeMap<InstrumentId, Prints>,
    due: [VecDeque<Due>; HORIZONS_MS.len()],
    gathered: Gathered,
}

impl Gatherer {
    pub(super) fn new() -> Self {
        let mut book = Book::default();
        book.grow(INSTRUMENTS_MAX);
        Self {
            book,
            ages: BTreeMap::new(),
            prints: BTreeMap::new(),
            due: Default::default(),
            gathered: Gathered::default(),
        }
    }

    /// What was gathered until the journal's end, `at`.
    pub(super) fn finish(mut self, at: UnixNanos) -> Gathered {
        self.look_again(at.plus(Nanos::new(1)));
        let open = self.gathered.orders.values().filter(|o| o.done.is_none());
        let closing: Vec<(InstrumentId, MidTwice)> = open
            .map(|order| order.instrument)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .map(|instrument| (instrument, self.mid(instrument, at)))
            .collect();
        let prints = &self.prints;
        for order in self.gathered.orders.values_mut() {
            if order.done.is_none() {
                let found = closing.iter().find(|(id, _)| *id == order.instrument);
                order.closing = found.and_then(|(_, mid)| *mid);
                order.market = seen(prints, order.instrument).less(order.market);
            }
        }
        self.gathered
    }

    fn mid(&self, instrument: InstrumentId, at: UnixNanos) -> MidTwice {
        let age_max = self.ages.get(&instrument).copied().unwrap_or(QUOTE_AGE_MAX);
        let all = VenueSet::from_bits(u64::MAX);
        let book = self.book.consolidated(instrument, all, at, age_max);
        book.mid_twice().filter(|twice| *twice > 0)
    }

    /// Notes the mid of every fill whose horizon ended before `now`.
    fn look_again(&mut self, now: UnixNanos) {
        for ix in 0..HORIZONS_MS.len() {
            while let Some(due) = self.due[ix].pop_front_if(|due| due.at < now) {
                let instrument = self.gathered.orders.get(&due.order).map(|o| o.instrument);
                let mid = instrument.and_then(|instrument| self.mid(instrument, due.at));
                let order = self.gathered.orders.get_mut(&due.order);
                if let Some(fill) = order.and_then(|order| order.fills.get_mut(due.fill)) {
                    fill.after[ix] = mid;
                }
            }
        }
    }

    fn lose(&mut self, at: UnixNanos, gap: &FeedGap) {
        let all = (0..u32::try_from(INSTRUMENTS_MAX).unwrap_or(u32::MAX)).map(InstrumentId::new);
        for instrument in all {
            let named = gap.instrument.is_none_or(|named| named == instrument);
            if named && self.book.is_quoted(gap.venue, instrument) {
                self.book.lose(at, gap.venue, instrument);
            }
        }
    }

    fn take_market(&mut self, at: UnixNanos, command: &Command) {
        match command {
            Command::Quote(quote) => {
                self.book.take(at, quote);
            }
            Command::FeedGap(gap) => self.lose(at, gap),
            Command::MarketTrade(trade) => {
                let prints = self.prints.entry(trade.instrument).or_default();
                prints.qty += i128::from(trade.qty.units());
                prints.worth += trade.px.times(trade.qty).units();
            }
            Command::DefineVenue(venue) => {
                let fees = &mut self.gathered.fees_centi_bps;
                fees.insert(venue.id, venue.fee_centi_bps);
            }
            Command::VenueReport(report) => {
                if let Some(child) = self.gathered.children.get_mut(&report.child) {
                    let answered = at.since(child.sent);
                    child.answered = child.answered.or(Some(answered));
                    child.rejected |= report.exec_type == ExecType::Rejected;
                }
            }
            _ => {}
        }
    }

    fn take_event(&mut self, cause: &Sequenced, ix: u16, event: &Event) {
        match event {
            Event::LimitSet(set) if set.limit == Limit::QuoteAgeMax => self.take_age(set),
            Event::ChildSent(sent) => self.take_child(cause.at, sent),
            Event::Trade {
                view,
                child,
                venue,
                last_qty,
                last_px,
            } => {
                let fill = Fill {
                    at: cause.at,
                    child: *child,
                    venue: *venue,
                    qty: *last_qty,
                    px: *last_px,
                    place: EventRef { seq: cause.seq, ix },
                    after: [None; HORIZONS_MS.len()],
                };
                self.take_fill(view.order, fill);
            }
            Event::TradeCanceled { view, trade, .. } => {
                self.amend(view.order, *trade, |fill| fill.qty = Qty::ZERO);
            }
            Event::TradeCorrected {
                view,
                trade,
                last_qty,
                last_px,
                ..
            } => self.amend(view.order, *trade, |fill| {
                (fill.qty, fill.px) = (*last_qty, *last_px);
            }),
            _ => {}
        }
        if let Some(view) = view(event) {
            self.take_view(cause, event, view);
        }
    }

    fn take_age(&mut self, set: &dcx_model::LimitView) {
        let age = set.after.and_then(|after| u64::try_from(after).ok());
        if let (Scope::Instrument(instrument), Some(age)) = (set.scope, age) {
            self.ages.insert(instrument, Nanos::new(age));
        }
    }

    fn take_child(&mut self, at: UnixNanos, sent: &ChildOrder) {
        let child = Child {
            instrument: sent.instrument,
            venue: sent.venue,
            qty: sent.order_qty,
            sent: at,
            decision: self.mid(sent.instrument, at),
            answered: None,
            rejected: false,
        };
        self.gathered.children.insert(sent.child, child);
    }

    fn take_fill(&mut self, order: OrderId, fill: Fill) {
        let Some(parent) = self.gathered.orders.get_mut(&order) else {
            self.gathered.fills_without_order += 1;
            return;
        };
        for (queue, ms) in self.due.iter_mut().zip(HORIZONS_MS) {
            queue.push_back(Due {
                at: fill.at.plus(Nanos::from_millis(ms)),
                order,
                fill: parent.fills.len(),
            });
        }
        parent.fills.push(fill);
    }

    fn amend(&mut self, order: OrderId, trade: EventRef, change: impl Fn(&mut Fill)) {
        let parent = self.gathered.orders.get_mut(&order);
        let fills = parent.map_or(&mut [][..], |parent| &mut parent.fills);
        fills
            .iter_mut()
            .filter(|fill| fill.place == trade)
            .for_each(change);
    }

    /// Opens, restarts and ends orders as their views say.
    fn take_view(&mut self, cause: &Sequenced, event: &Event, view: &OrderView) {
        let is_new = matches!(event, Event::Accepted { .. } | Event::PendingNew { .. });
        let known = self.gathered.orders.contains_key(&view.order);
        if is_new && !known && view.order != OrderId::default() {
            if let Command::NewOrder(order) = &cause.command {
                self.open(cause.at, view, order.algo);
            }
            return;
        }
        // Before its trigger an order may not trade: what the market did until then is no cost.
        let restarts = matches!(event, Event::Triggered { .. });
        let (mid, prints) = (
            self.mid(view.instrument, cause.at),
            seen(&self.prints, view.instrument),
        );
        let Some(parent) = self.gathered.orders.get_mut(&view.order) else {
            return;
        };
        if restarts {
            (parent.arrived, parent.arrival, parent.market) = (cause.at, mid, prints);
        }
        parent.order_qty = view.order_qty;
        let done = view.ord_status.is_terminal();
        if done && parent.done.is_none() {
            parent.done = Some(cause.at);
            parent.closing = mid;
            parent.market = prints.less(parent.market);
        }
    }

    fn open(&mut self, at: UnixNanos, view: &OrderView, algo: Algo) {
        let parent = Parent {
            cl_ord_id: view.cl_ord_id,
            instrument: view.instrument,
            side: view.side,
            algo,
            order_qty: view.order_qty,
            arrived: at,
            arrival: self.mid(view.instrument, at),
            fills: Vec::new(),
            done: None,
            closing: None,
            // What was printed before, until it ends.
            market: seen(&self.prints, view.instrument),
        };
        self.gathered.orders.insert(view.order, parent);
    }
}

/// What was printed of an instrument so far.
fn seen(prints: &BTreeMap<InstrumentId, Prints>, instrument: InstrumentId) -> Prints {
    prints.get(&instrument).copied().unwrap_or_default()
}

impl Trace for Gatherer {
    const ON: bool = false;
}

impl Observer for Gatherer {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        self.look_again(sequenced.at);
        self.gathered.names.learn(&sequenced.command);
        self.take_market(sequenced.at, &sequenced.command);
        for (ix, event) in (0..).zip(events) {
            self.take_event(sequenced, ix, event);
        }
    }
}
