//! Stops and triggers: which held orders a quote or a trade wakes.
//!
//! Each instrument has a heap for each way of being woken, so a price costs what it wakes and no
//! more. What one command cannot finish the next [`Wake`](dcx_model::Command::Wake) goes on with:
//! the prices that were reached meanwhile are kept, so that a stop that was touched is not
//! forgotten when the market comes back. An order that is accepted in between may so be woken by
//! a price from the moment before it came.

use dcx_model::{InstrumentId, LimitPx, MarketTrade, OrdType, Peg, Price, Side, UnixNanos};

use super::{Parent, State, Why};
use crate::book::Best;
use crate::digest::Words;
use crate::heap::Heap;
use crate::pool::{List, NIL};
use crate::risk::Terms;
use crate::{Cx, Engine, Trace};

/// Orders woken for each command, stops moved, and pegged orders looked at.
const WOKEN: u32 = 8;
const MOVED: u32 = 64;
const PEGS: u32 = 8;

/// Events that one of them may cause: it is triggered, and a child of it sent, or it is refused;
/// a pegged one's children are cancelled.
const PER_ORDER: usize = dcx_model::CHILDREN_WORKING_MAX + 2;

/// What wakes an order: the price that is looked at, and from which side it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// The last trade or the best offer at the stop or above.
    BuyStop = 0,
    /// The last trade or the best bid at the stop or below.
    SellStop = 1,
    /// The last trade or the best offer at the trigger or below.
    BuyTouch = 2,
    /// The last trade or the best bid at the trigger or above.
    SellTouch = 3,
}

impl Watch {
    const ALL: [Self; 4] = [
        Self::BuyStop,
        Self::SellStop,
        Self::BuyTouch,
        Self::SellTouch,
    ];

    const fn of(terms: &Terms) -> Self {
        let touch = matches!(terms.ord_type, OrdType::MarketIfTouched);
        match (terms.side, touch) {
            (Side::Buy, false) => Self::BuyStop,
            (Side::Sell, false) => Self::SellStop,
            (Side::Buy, true) => Self::BuyTouch,
            (Side::Sell, true) => Self::SellTouch,
        }
    }

    /// Whether the market wakes it by rising.
    const fn rises(self) -> bool {
        matches!(self, Self::BuyStop | Self::SellTouch)
    }

    const fn side(self) -> Side {
        match self {
            Self::BuyStop | Self::BuyTouch => Side::Buy,
            Self::SellStop | Self::SellTouch => Side::Sell,
        }
    }

    /// Whether `px` is at or beyond `stop`.
    fn reached(self, px: Price, stop: Price) -> bool {
        if self.rises() { px >= stop } else { px <= stop }
    }

    /// Of two prices the one that wakes more.
    fn further(self, one: Option<Price>, other: Option<Price>) -> Option<Price> {
        match (one, other) {
            (Some(one), Some(other)) if self.rises() => Some(one.max(other)),
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

/// What waits for the prices of one instrument.
#[derive(Clone, Copy, Debug)]
struct Row {
    stops: [Heap; 4],
    /// Buys and sells whose stop follows the market.
    trails: [Heap; 2],
    pegs: List,
    /// Pegged orders that have not seen the last change of the best prices.
    pegs_left: u32,
    /// The best prices that pegged orders saw last.
    best: (Option<Price>, Option<Price>),
    last: Option<(Price, UnixNanos)>,
    /// Prices that were reached and not yet dealt with, by [`Watch`] and by side.
    reached: [Option<Price>; 4],
    led: [Option<Price>; 2],
    /// The next instrument with something unfinished.
    next: u32,
    queued: bool,
}

const EMPTY: Row = Row {
    stops: [Heap::EMPTY; 4],
    trails: [Heap::EMPTY; 2],
    pegs: List::EMPTY,
    pegs_left: 0,
    best: (None, None),
    last: None,
    reached: [None; 4],
    led: [None; 2],
    next: NIL,
    queued: false,
};

impl Row {
    fn is_idle(&self) -> bool {
        self.stops
            .iter()
            .chain(&self.trails)
            .all(|heap| heap.first() == NIL)
            && self.pegs.len() == 0
    }
}

/// What waits for prices, by instrument.
#[derive(Debug)]
pub(crate) struct Triggers {
    rows: Vec<Row>,
    /// Instruments with something unfinished, first come first served.
    first: u32,
    last: u32,
}

impl Default for Triggers {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            first: NIL,
            last: NIL,
        }
    }
}

impl Triggers {
    /// Makes room for `instruments`. Allocates.
    pub(crate) fn grow(&mut self, instruments: usize) {
        if self.rows.len() < instruments {
            self.rows.resize(instruments, EMPTY);
        }
    }

    /// Whether something is unfinished.
    pub(crate) const fn is_unfinished(&self) -> bool {
        self.first != NIL
    }

    /// Has the next quote count as a change.
    pub(crate) fn forget_best(&mut self, instrument: InstrumentId) {
        if let Some(row) = self.row(instrument) {
            row.best = (None, None);
        }
    }

    fn row(&mut self, instrument: InstrumentId) -> Option<&mut Row> {
        self.rows.get_mut(instrument.get() as usize)
    }

    fn queue(&mut self, instrument: InstrumentId) {
        let (ix, last) = (instrument.get(), self.last);
        let Some(row) = self.rows.get_mut(ix as usize) else {
            return;
        };
        if std::mem::replace(&mut row.queued, true) {
            return;
        }
        row.next = NIL;
        match self.rows.get_mut(last as usize) {
            Some(before) => before.next = ix,
            None => self.first = ix,
        }
        self.last = ix;
    }

    fn unqueue(&mut self) -> Option<InstrumentId> {
        let ix = self.first;
        let row = self.rows.get_mut(ix as usize)?;
        row.queued = false;
        self.first = row.next;
        if self.first == NIL {
            self.last = NIL;
        }
        Some(InstrumentId::new(ix))
    }

    /// `pegs` hashes the pegged orders of a list in their order.
    pub(crate) fn digest(&self, salt: u64, pegs: impl Fn(&List) -> u64) -> u64 {
        let px = |px: Option<Price>| px.map_or(LimitPx::NONE, LimitPx::from).to_bits();
        let rows = (0_u64..).zip(&self.rows).filter(|(_, row)| {
            !row.is_idle() || row.last.is_some() || row.queued || row.best != (None, None)
        });
        let sum = rows.fold(0_u64, |sum, (ix, row)| {
            let mut words = Words::new(salt);
            words.u64(ix);
            words.u64(pegs(&row.pegs));
            words.u64(u64::from(row.pegs_left) << 1 | u64::from(row.queued));
            let last = row.last.unwrap_or_default();
            words.u64(last.0.units().cast_unsigned());
            words.u64(last.1.get());
            for price in [row.best.0, row.best.1]
                .iter()
                .chain(&row.reached)
                .chain(&row.led)
            {
                words.u64(px(*price).cast_unsigned());
            }
            sum.wrapping_add(words.finish())
        });
        let mut words = Words::new(salt);
        let mut at = self.first;
        while let Some(row) = self.rows.get(at as usize) {
            words.u64(u64::from(at));
            at = row.next;
        }
        sum.wrapping_add(words.finish())
    }
}

/// The key of a held order among those that the same price wakes: the first to be woken first.
fn stop_key(parent: &Parent) -> (i64, u64) {
    let terms = parent.terms.get();
    let stop = terms.stop_px.price().unwrap_or_default().units();
    let key = if Watch::of(terms).rises() {
        stop
    } else {
        stop.saturating_neg()
    };
    (key, parent.id.get())
}

/// The key of an order whose stop follows the market: the price that must be passed for it to
/// move, the nearest first. One without a stop yet moves with any price.
fn trail_key(parent: &Parent) -> (i64, u64) {
    let terms = parent.terms.get();
    let (stop, offset) = (terms.stop_px.price(), terms.peg_offset.units());
    let key = match (stop, terms.side) {
        (None, _) => i64::MIN,
        (Some(stop), Side::Sell) => stop.units().saturating_add(offset),
        (Some(stop), Side::Buy) => stop.units().saturating_sub(offset).saturating_neg(),
    };
    (key, parent.id.get())
}

const fn of_side(side: Side) -> usize {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

impl Engine {
    /// Takes a trade in the market: it may wake stops.
    pub(crate) fn market_trade<T: Trace>(&mut self, cx: &mut Cx<'_, T>, trade: &MarketTrade) {
        let row = self.instruments.get(trade.instrument.get() as usize);
        let known = row.is_some_and(|row| row.defined.is_some());
        if !known || !self.venues_defined.contains(trade.venue) || trade.px <= Price::ZERO {
            return cx.out.push(dcx_model::Event::Ignored {
                cause: dcx_model::Ignored::UnknownQuote,
                venue: trade.venue,
                child: dcx_model::ChildId::new(0),
                exec_id: dcx_model::ExecId::EMPTY,
            });
        }
        self.note_trade(cx.at, trade);
        self.traded(cx, trade.instrument, trade.px);
    }

    /// The market traded at this price.
    pub(crate) fn traded<T: Trace>(
        &mut self,
        cx: &mut Cx<'_, T>,
        instrument: InstrumentId,
        px: Price,
    ) {
        let Some(row) = self.triggers.row(instrument) else {
            return;
        };
        row.last = Some((px, cx.at));
        if row.is_idle() {
            return;
        }
        for watch in Watch::ALL {
            mark(row, watch, Some(px));
        }
        self.wake_by_price(cx, instrument);
    }

    /// The best prices may have changed.
    pub(crate) fn quoted<T: Trace>(&mut self, cx: &mut Cx<'_, T>, instrument: InstrumentId) {
        match self.triggers.row(instrument) {
            Some(row) if !row.is_idle() => {}
            Some(_) | None => return,
        }
        let best = self.best(cx.at, instrument);
        let Some(row) = self.triggers.row(instrument) else {
            return;
        };
        for watch in Watch::ALL {
            let px = match watch.side() {
                Side::Buy => best.ask,
                Side::Sell => best.bid,
            };
            mark(row, watch, px);
        }
        for (led, px, watch) in [
            (0, best.ask, Watch::BuyTouch),
            (1, best.bid, Watch::SellTouch),
        ] {
            if let Some(led) = row.led.get_mut(led) {
                *led = watch.further(*led, px);
            }
        }
        if row.best != (best.bid, best.ask) {
            row.best = (best.bid, best.ask);
            row.pegs_left = row.pegs.len();
        }
        self.wake_by_price(cx, instrument);
    }

    /// A price of the instrument is not there any more. Nothing is woken by that: what is left is
    /// looked at when somebody quotes. Pegged orders may have to go, by the next wake.
    pub(crate) fn unquoted(&mut self, now: UnixNanos, instrument: InstrumentId) {
        let best = self.best(now, instrument);
        let Some(row) = self.triggers.row(instrument) else {
            return;
        };
        if row.is_idle() || row.best == (best.bid, best.ask) {
            return;
        }
        row.best = (best.bid, best.ask);
        row.pegs_left = row.pegs.len();
        self.triggers.queue(instrument);
    }

    /// Goes on with what earlier prices woke.
    pub(crate) fn wake_unfinished<T: Trace>(&mut self, cx: &mut Cx<'_, T>) {
        if let Some(instrument) = self.triggers.unqueue() {
            self.wake_by_price(cx, instrument);
        }
    }

    /// The best prices of an instrument from fresh quotes of open venues.
    pub(crate) fn best(&self, now: UnixNanos, instrument: InstrumentId) -> Best {
        let row = self.instruments.get(instrument.get() as usize);
        row.map_or_else(Best::default, |row| {
            let age_max = row.limits.quote_age_max;
            self.book.best(instrument, row.open_venues(), now, age_max)
        })
    }

    /// Has an order wait for its stop; wakes it at once where the market is there already.
    pub(crate) fn wait_for_stop<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        self.leave_market(ix);
        let terms = *self.parents.at(ix).terms.get();
        let best = self.best(cx.at, terms.instrument);
        if terms.peg == Peg::TrailingStop {
            let led = match terms.side {
                Side::Buy => best.ask,
                Side::Sell => best.bid,
            };
            self.follow(ix, led);
        }
        let age_max = self.quote_age_max(terms.instrument);
        let row = self.triggers.row(terms.instrument);
        let last = row.and_then(|row| row.last);
        let last = last.filter(|(_, at)| cx.at.since(*at) <= age_max);
        let touch = match terms.side {
            Side::Buy => best.ask,
            Side::Sell => best.bid,
        };
        let watch = Watch::of(&terms);
        let px = watch.further(last.map(|(px, _)| px), touch);
        let stop = self.parents.at(ix).terms.get().stop_px.price();
        match (px, stop) {
            (Some(px), Some(stop)) if watch.reached(px, stop) => self.wake_order(cx, ix),
            (Some(_) | None, Some(_) | None) => self.seat(ix),
        }
    }

    /// Takes an order out of every place where prices would find it.
    pub(crate) fn leave_market(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        let (terms, waits) = (*parent.terms.get(), &mut parent.waits);
        let stops = std::mem::take(&mut waits.in_stops);
        let trails = std::mem::take(&mut waits.in_trails);
        let pegs = std::mem::take(&mut waits.in_pegs);
        if !(stops || trails || pegs) {
            return;
        }
        let parents = &mut self.parents;
        let Some(row) = self.triggers.row(terms.instrument) else {
            return;
        };
        if let (true, Some(heap)) = (stops, row.stops.get_mut(Watch::of(&terms) as usize)) {
            heap.remove(parents, ix, stop_key, |parent| &mut parent.waits.stop_link);
        }
        if let (true, Some(heap)) = (trails, row.trails.get_mut(of_side(terms.side))) {
            heap.remove(parents, ix, trail_key, |parent| {
                &mut parent.waits.trail_link
            });
        }
        if pegs {
            row.pegs
                .remove(parents, ix, |parent| &mut parent.waits.peg_seat);
            row.pegs_left = row.pegs_left.min(row.pegs.len());
        }
    }

    /// Puts a pegged order among those that follow its instrument's prices.
    pub(crate) fn seat_peg(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        if std::mem::replace(&mut parent.waits.in_pegs, true) {
            return;
        }
        let instrument = parent.terms.get().instrument;
        if let Some(row) = self.triggers.row(instrument) {
            row.pegs
                .push_back(&mut self.parents, ix, |parent| &mut parent.waits.peg_seat);
        }
    }

    fn seat(&mut self, ix: u32) {
        let parent = self.parents.at_mut(ix);
        let terms = *parent.terms.get();
        parent.waits.in_stops = terms.stop_px.price().is_some();
        parent.waits.in_trails = terms.peg == Peg::TrailingStop;
        let (stops, trails) = (parent.waits.in_stops, parent.waits.in_trails);
        let parents = &mut self.parents;
        let Some(row) = self.triggers.row(terms.instrument) else {
            return;
        };
        if let (true, Some(heap)) = (stops, row.stops.get_mut(Watch::of(&terms) as usize)) {
            heap.insert(parents, ix, stop_key, |parent| &mut parent.waits.stop_link);
        }
        if let (true, Some(heap)) = (trails, row.trails.get_mut(of_side(terms.side))) {
            heap.insert(parents, ix, trail_key, |parent| {
                &mut parent.waits.trail_link
            });
        }
    }

    /// Moves a stop that follows the market, if `px` is ahead of it. It never goes back.
    fn follow(&mut self, ix: u32, px: Option<Price>) {
        let parent = self.parents.at_mut(ix);
        let (terms, Some(px)) = (*parent.terms.get(), px) else {
            return;
        };
        let offset = terms.peg_offset.units();
        let stop = match terms.side {
            Side::Sell => px.plus_units(offset.saturating_neg()),
            Side::Buy => px.plus_units(offset),
        };
        let Some(stop) = stop else { return };
        let ahead = match (terms.stop_px.price(), terms.side) {
            (None, _) => true,
            (Some(before), Side::Sell) => stop > before,
            (Some(before), Side::Buy) => stop < before,
        };
        if ahead {
            parent.terms = parent.terms.with_stop(stop);
        }
    }

    /// Wakes what the prices reached so far wake, as much of it as fits.
    fn wake_by_price<T: Trace>(&mut self, cx: &mut Cx<'_, T>, instrument: InstrumentId) {
        let done = self.move_trails(instrument)
            && self.wake_stops(cx, instrument)
            && self.look_at_pegs(cx, instrument);
        if !done {
            self.triggers.queue(instrument);
        }
    }

    fn move_trails(&mut self, instrument: InstrumentId) -> bool {
        let mut left = MOVED;
        for side in [Side::Buy, Side::Sell] {
            loop {
                let Some(row) = self.triggers.row(instrument) else {
                    return true;
                };
                let first = row.trails.get(of_side(side)).map_or(NIL, Heap::first);
                let Some(led) = row.led.get(of_side(side)).copied().flatten() else {
                    break;
                };
                let ahead = match side {
                    Side::Sell => led.units(),
                    Side::Buy => led.units().saturating_neg(),
                };
                if first == NIL || trail_key(self.parents.at(first)).0 >= ahead {
                    if let Some(led) = row.led.get_mut(of_side(side)) {
                        *led = None;
                    }
                    break;
                }
                if left == 0 {
                    return false;
                }
                left -= 1;
                self.leave_market(first);
                self.follow(first, Some(led));
                self.seat(first);
            }
        }
        true
    }

    fn wake_stops<T: Trace>(&mut self, cx: &mut Cx<'_, T>, instrument: InstrumentId) -> bool {
        let mut left = WOKEN;
        for watch in Watch::ALL {
            loop {
                let Some(row) = self.triggers.row(instrument) else {
                    return true;
                };
                let first = row.stops.get(watch as usize).map_or(NIL, Heap::first);
                let Some(reached) = row.reached.get_mut(watch as usize) else {
                    break;
                };
                let woken = match (*reached, first) {
                    (None, _) | (_, NIL) => false,
                    (Some(px), first) => {
                        let stop = self.parents.at(first).terms.get().stop_px.price();
                        stop.is_some_and(|stop| watch.reached(px, stop))
                    }
                };
                if !woken {
                    *reached = None;
                    break;
                }
                if left == 0 || cx.out.room() < PER_ORDER {
                    return false;
                }
                left -= 1;
                self.wake_order(cx, first);
            }
        }
        true
    }

    fn look_at_pegs<T: Trace>(&mut self, cx: &mut Cx<'_, T>, instrument: InstrumentId) -> bool {
        for _ in 0..PEGS {
            if cx.out.room() < PER_ORDER {
                break;
            }
            let Some(row) = self.triggers.row(instrument) else {
                return true;
            };
            let first = row.pegs.head();
            if row.pegs_left == 0 || first == NIL {
                row.pegs_left = 0;
                return true;
            }
            row.pegs_left -= 1;
            // Each in its turn, whichever price comes in between.
            row.pegs.remove(&mut self.parents, first, |parent| {
                &mut parent.waits.peg_seat
            });
            row.pegs.push_back(&mut self.parents, first, |parent| {
                &mut parent.waits.peg_seat
            });
            self.reprice(cx, first);
        }
        self.triggers
            .row(instrument)
            .is_none_or(|row| row.pegs_left == 0)
    }

    /// An order's stop came.
    fn wake_order<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        self.leave_market(ix);
        let parent = self.parents.at_mut(ix);
        assert!(
            parent.state == State::Held(Why::Stop) && !parent.waits.triggered,
            "only what waits for a stop is woken by one, and once"
        );
        parent.waits.triggered = true;
        self.go(cx, ix);
    }
}

/// Notes a price that was reached.
fn mark(row: &mut Row, watch: Watch, px: Option<Price>) {
    if let Some(reached) = row.reached.get_mut(watch as usize) {
        *reached = watch.further(*reached, px);
    }
}
