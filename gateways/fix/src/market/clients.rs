//! Who of the clients is shown what, and when: subscriptions, what each was shown last, and the
//! bounds on what that may cost.
//!
//! An instrument that changes is marked, once, however often it changes; subscriptions to it are
//! marked in their turn; and of those a few are served in each cycle, each with what is true then.
//! So nothing waits but marks, and a client that reads slowly, or may be told seldom, misses
//! states in between and never the last.

use std::collections::VecDeque;

use dcx_model::{InstrumentId, MarketTrade, MonoNanos, NANOS_PER_S, Nanos, UnixNanos};

use super::changes::{self, Edit};
use super::merged::Merged;
use super::options::ClientMarket;
use super::request::{Kind, MdReqId, Refused, Request, Wants};
use super::write;
use crate::orders::Directory;
use crate::{Outgoing, SessionIx, UtcTimestamp};

/// Instruments whose marks are passed on to their subscriptions in one cycle.
const MARKS_PER_CYCLE: usize = 8;

/// Subscriptions looked at in one cycle,
const LOOKS_PER_CYCLE: usize = 32;

/// and messages sent.
const SENDS_PER_CYCLE: usize = 8;

/// Trades of an instrument that are kept for those who are told late. Older ones are not told.
const TRADES_KEPT: usize = 16;

/// How soon a client with too much waiting for it is looked at again.
const BUSY_FOR: Nanos = Nanos::from_millis(2);

/// The last trades of an instrument.
#[derive(Debug)]
struct Trades {
    ring: [MarketTrade; TRADES_KEPT],
    /// How many there were so far.
    count: u64,
}

/// A MarketDataRequest (V) that is served.
#[derive(Debug)]
struct Subscription {
    session: SessionIx,
    request: Request,
    views: Vec<usize>,
}

/// One instrument of a subscription.
#[derive(Debug, Default)]
struct View {
    /// None while the place is free.
    subscription: Option<usize>,
    instrument: InstrumentId,
    /// What was shown last; none before the first message.
    shown: Option<Merged>,
    /// Trades of the instrument told, or not to be told.
    trades: u64,
    /// It may be told again from then on.
    due: MonoNanos,
    /// Whether it is in the queue of those to be served.
    queued: bool,
}

/// What one session may have, and has.
#[derive(Debug, Default)]
struct Seat {
    /// None where it may not ask.
    market: Option<ClientMarket>,
    subscriptions: Vec<usize>,
    views: u32,
    /// Bytes that wait for it.
    backlog: usize,
}

/// What an instrument's subscribers have.
#[derive(Debug)]
struct Topic {
    views: Vec<usize>,
    marked: bool,
    trades: Trades,
}

/// What has become of a view that was looked at.
enum Served {
    Sent,
    /// There is nothing new.
    Same,
    /// Not before then.
    Later(MonoNanos),
}

/// Lends the state of a market.
pub(super) trait Market {
    /// Reads what all venues show of an instrument.
    fn merge(&self, instrument: InstrumentId, now: MonoNanos, depth: usize, merged: &mut Merged);
}

/// All subscriptions of all clients.
#[derive(Debug)]
pub(super) struct Clients {
    seats: Vec<Seat>,
    subscriptions: Vec<Option<Subscription>>,
    views: Vec<View>,
    views_free: Vec<usize>,
    topics: Vec<Topic>,
    marked: VecDeque<InstrumentId>,
    queue: VecDeque<usize>,
    /// Nobody in the queue is due before.
    idle_until: MonoNanos,
    merged: Merged,
    edits: Vec<Edit>,
    news: Vec<MarketTrade>,
    clock: UtcTimestamp,
    /// W and X sent.
    pub(super) sent: u64,
}

impl Clients {
    pub(super) fn new(sessions: usize, instruments: usize) -> Self {
        let mut seats = Vec::new();
        seats.resize_with(sessions, Seat::default);
        let topic = |ix: usize| Topic {
            views: Vec::new(),
            marked: false,
            trades: Trades::new(InstrumentId::new(u32::try_from(ix).unwrap_or(u32::MAX))),
        };
        Self {
            seats,
            subscriptions: Vec::new(),
            views: Vec::new(),
            views_free: Vec::new(),
            topics: (0..instruments).map(topic).collect(),
            marked: VecDeque::with_capacity(instruments),
            queue: VecDeque::new(),
            idle_until: MonoNanos::default(),
            merged: Merged::default(),
            edits: Vec::new(),
            news: Vec::with_capacity(TRADES_KEPT),
            clock: UtcTimestamp::new(),
            sent: 0,
        }
    }

    /// Lets a session ask.
    pub(super) fn permit(&mut self, session: SessionIx, market: ClientMarket) {
        if let Some(seat) = self.seats.get_mut(session.as_usize()) {
            seat.market = Some(market);
        }
    }

    pub(super) fn permitted(&self, session: SessionIx) -> Option<ClientMarket> {
        self.seats.get(session.as_usize())?.market
    }

    /// So many bytes wait for a session's peer.
    pub(super) fn set_backlog(&mut self, session: SessionIx, bytes: usize) {
        if let Some(seat) = self.seats.get_mut(session.as_usize()) {
            seat.backlog = bytes;
        }
    }

    /// Whether anybody is shown an instrument.
    pub(super) fn is_watched(&self, instrument: InstrumentId) -> bool {
        let topic = self.topics.get(instrument.get() as usize);
        topic.is_some_and(|topic| !topic.views.is_empty())
    }

    /// An instrument's prices have changed.
    pub(super) fn mark(&mut self, instrument: InstrumentId) {
        if let Some(topic) = self.topics.get_mut(instrument.get() as usize)
            && !topic.marked
            && !topic.views.is_empty()
        {
            topic.marked = true;
            self.marked.push_back(instrument);
        }
    }

    /// An instrument was traded.
    pub(super) fn trade(&mut self, trade: &MarketTrade) {
        if let Some(topic) = self.topics.get_mut(trade.instrument.get() as usize) {
            topic.trades.push(trade);
            self.mark(trade.instrument);
        }
    }

    /// Begins or ends a subscription.
    pub(super) fn request(
        &mut self,
        session: SessionIx,
        request: &Request,
        instruments: &[InstrumentId],
    ) -> Result<(), Refused> {
        let seat = self.seats.get(session.as_usize());
        let (Some(seat), Some(market)) = (seat, self.permitted(session)) else {
            return Err(Refused::NotPermitted);
        };
        let id = request.md_req_id;
        let known = seat.subscriptions.iter().find(|ix| {
            let subscription = self.subscriptions.get(**ix).and_then(Option::as_ref);
            subscription.is_some_and(|it| it.request.md_req_id == id)
        });
        match (known.copied(), request.kind) {
            (Some(known), Kind::Cancel) => {
                self.remove(known);
                Ok(())
            }
            (None, Kind::Cancel) => Err(Refused::UnknownId),
            (Some(_), Kind::Snapshot | Kind::Updates { .. }) => Err(Refused::DuplicateId),
            (None, Kind::Snapshot | Kind::Updates { .. }) => {
                let count = u32::try_from(instruments.len()).unwrap_or(u32::MAX);
                if seat.views.saturating_add(count) > market.instruments_max {
                    return Err(Refused::TooMany);
                }
                self.add(session, request, instruments);
                Ok(())
            }
        }
    }

    /// Tells a session everything anew.
    pub(super) fn refresh(&mut self, session: SessionIx) {
        for ix in 0..self.views.len() {
            let view = &mut self.views[ix];
            let of = view
                .subscription
                .and_then(|ix| self.subscriptions[ix].as_ref());
            if of.is_some_and(|of| of.session == session) && view.shown.take().is_some() {
                self.enqueue(ix);
            }
        }
    }

    /// Ends all subscriptions of a session.
    pub(super) fn leave(&mut self, session: SessionIx) {
        loop {
            let seat = self.seats.get(session.as_usize());
            let Some(ix) = seat.and_then(|seat| seat.subscriptions.last()) else {
                return;
            };
            self.remove(*ix);
        }
    }

    /// Sends what is due, a few messages at most. Returns how many.
    pub(super) fn work(
        &mut self,
        now: MonoNanos,
        market: &impl Market,
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) -> usize {
        self.pass_marks();
        if self.queue.is_empty() || now < self.idle_until {
            return 0;
        }
        let (mut sent, mut earliest) = (0, None);
        let all = self.queue.len();
        for looked in 0..all.min(LOOKS_PER_CYCLE) {
            let Some(ix) = self.queue.pop_front() else {
                break;
            };
            match self.serve(ix, now, market, directory, out) {
                Served::Sent => {
                    self.done(ix);
                    sent += 1;
                    if sent == SENDS_PER_CYCLE {
                        return sent;
                    }
                }
                Served::Same => self.done(ix),
                Served::Later(due) => {
                    self.queue.push_back(ix);
                    earliest = Some(earliest.map_or(due, |earliest: MonoNanos| earliest.min(due)));
                }
            }
            // All were looked at and none is due: they need not be looked at until one is.
            if looked + 1 == all && sent == 0 {
                self.idle_until = earliest.unwrap_or_default();
            }
        }
        sent
    }

    fn add(&mut self, session: SessionIx, request: &Request, instruments: &[InstrumentId]) {
        let free = self.subscriptions.iter().position(Option::is_none);
        let place = free.unwrap_or_else(|| {
            self.subscriptions.push(None);
            self.subscriptions.len() - 1
        });
        let views = instruments.iter().map(|one| self.add_view(place, *one));
        let views: Vec<usize> = views.collect();
        if let Some(seat) = self.seats.get_mut(session.as_usize()) {
            seat.subscriptions.push(place);
            seat.views += u32::try_from(views.len()).unwrap_or(u32::MAX);
        }
        self.subscriptions[place] = Some(Subscription {
            session,
            request: *request,
            views,
        });
    }

    fn add_view(&mut self, subscription: usize, instrument: InstrumentId) -> usize {
        let place = self.views_free.pop().unwrap_or_else(|| {
            self.views.push(View::default());
            self.views.len() - 1
        });
        let queued = self.views[place].queued;
        self.views[place] = View {
            subscription: Some(subscription),
            instrument,
            queued,
            ..View::default()
        };
        if let Some(topic) = self.topics.get_mut(instrument.get() as usize) {
            topic.views.push(place);
        }
        self.enqueue(place);
        place
    }

    fn remove(&mut self, ix: usize) {
        let Some(subscription) = self.subscriptions.get_mut(ix).and_then(Option::take) else {
            return;
        };
        if let Some(seat) = self.seats.get_mut(subscription.session.as_usize()) {
            seat.subscriptions.retain(|other| *other != ix);
        }
        for view in subscription.views {
            self.free(view, subscription.session);
        }
    }

    fn free(&mut self, ix: usize, session: SessionIx) {
        let view = &mut self.views[ix];
        view.subscription = None;
        self.views_free.push(ix);
        if let Some(topic) = self.topics.get_mut(view.instrument.get() as usize) {
            topic.views.retain(|other| *other != ix);
        }
        if let Some(seat) = self.seats.get_mut(session.as_usize()) {
            seat.views = seat.views.saturating_sub(1);
        }
    }

    /// Marks the subscriptions of a few instruments that were marked.
    fn pass_marks(&mut self) {
        for _ in 0..MARKS_PER_CYCLE {
            let Some(instrument) = self.marked.pop_front() else {
                return;
            };
            let Some(topic) = self.topics.get_mut(instrument.get() as usize) else {
                continue;
            };
            topic.marked = false;
            for place in 0..topic.views.len() {
                let topic = self.topics.get(instrument.get() as usize);
                let view = topic.and_then(|topic| topic.views.get(place));
                if let Some(view) = view.copied() {
                    self.enqueue(view);
                }
            }
        }
    }

    fn enqueue(&mut self, ix: usize) {
        if let Some(view) = self.views.get_mut(ix)
            && !view.queued
        {
            view.queued = true;
            self.queue.push_back(ix);
        }
        self.idle_until = MonoNanos::default();
    }

    /// A view was served: it leaves the queue, and if it was to be told once it goes altogether.
    fn done(&mut self, ix: usize) {
        let Some(view) = self.views.get_mut(ix) else {
            return;
        };
        view.queued = false;
        let Some(place) = view.subscription else {
            return;
        };
        let Some(Some(subscription)) = self.subscriptions.get_mut(place) else {
            return;
        };
        if subscription.request.kind != Kind::Snapshot {
            return;
        }
        let session = subscription.session;
        subscription.views.retain(|other| *other != ix);
        let is_last = subscription.views.is_empty();
        self.free(ix, session);
        if is_last {
            self.remove(place);
        }
    }

    fn serve(
        &mut self,
        ix: usize,
        now: MonoNanos,
        market: &impl Market,
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) -> Served {
        let Some(view) = self.views.get_mut(ix) else {
            return Served::Same;
        };
        let subscription = view.subscription.and_then(|ix| self.subscriptions.get(ix));
        let Some(Some(subscription)) = subscription else {
            return Served::Same;
        };
        let (session, request) = (subscription.session, &subscription.request);
        let seat = self.seats.get(session.as_usize());
        let Some((seat, allowed)) = seat.and_then(|seat| Some((seat, seat.market?))) else {
            return Served::Same;
        };
        if now < view.due {
            return Served::Later(view.due);
        }
        if seat.backlog > allowed.backlog_max {
            return Served::Later(now.plus(BUSY_FOR));
        }
        let Some(topic) = self.topics.get(view.instrument.get() as usize) else {
            return Served::Same;
        };
        let wants = request.wants;
        let depth = usize::from(request.depth);
        market.merge(view.instrument, now, depth, &mut self.merged);
        hide(&mut self.merged, wants);
        let incremental = matches!(request.kind, Kind::Updates { incremental: true });
        topic.trades.since(view.trades, wants, &mut self.news);
        let names = (request.md_req_id, directory.symbol(view.instrument));
        match &view.shown {
            Some(shown) => {
                changes::between(shown, &self.merged, &mut self.edits);
                if self.edits.is_empty() && self.news.is_empty() {
                    return Served::Same;
                }
                if incremental {
                    out.send(session, b"X", |body| {
                        write::update(body, names, &self.edits, &self.news, &mut self.clock);
                    });
                } else {
                    send_whole(
                        out,
                        session,
                        names,
                        &self.merged,
                        self.news.last(),
                        &mut self.clock,
                    );
                }
            }
            None => {
                let last = topic.trades.last().filter(|_| wants.trades);
                send_whole(out, session, names, &self.merged, last, &mut self.clock);
            }
        }
        self.sent += 1;
        view.trades = topic.trades.count;
        let shown = view.shown.get_or_insert_default();
        shown.bids.clone_from(&self.merged.bids);
        shown.asks.clone_from(&self.merged.asks);
        if let Some(every) = NANOS_PER_S.checked_div(u64::from(allowed.updates_per_s_max)) {
            view.due = now.plus(Nanos::new(every));
        }
        Served::Sent
    }
}

fn send_whole(
    out: &mut Outgoing<'_>,
    session: SessionIx,
    names: (MdReqId, dcx_model::Symbol),
    merged: &Merged,
    trade: Option<&MarketTrade>,
    clock: &mut UtcTimestamp,
) {
    out.send(session, b"W", |body| {
        write::snapshot(body, names, (&merged.bids, &merged.asks), trade, clock);
    });
}

/// Leaves out the sides that were not asked for.
fn hide(merged: &mut Merged, wants: Wants) {
    if !wants.bids {
        merged.bids.clear();
    }
    if !wants.asks {
        merged.asks.clear();
    }
}

impl Trades {
    const fn new(instrument: InstrumentId) -> Self {
        let none = MarketTrade {
            venue: dcx_model::VenueId::new(0),
            instrument,
            px: dcx_model::Price::ZERO,
            qty: dcx_model::Qty::ZERO,
            trade_time: UnixNanos::ZERO,
        };
        Self {
            ring: [none; TRADES_KEPT],
            count: 0,
        }
    }

    fn push(&mut self, trade: &MarketTrade) {
        self.ring[place(self.count)] = *trade;
        self.count += 1;
    }

    fn last(&self) -> Option<&MarketTrade> {
        let last = self.count.checked_sub(1)?;
        self.ring.get(place(last))
    }

    /// Those after the first `told` that are still kept, oldest first.
    fn since(&self, told: u64, wants: Wants, into: &mut Vec<MarketTrade>) {
        into.clear();
        if !wants.trades {
            return;
        }
        let from = told.max(self.count.saturating_sub(TRADES_KEPT as u64));
        let kept = (from..self.count).map(|number| self.ring[place(number)]);
        into.extend(kept);
    }
}

/// Where the trade with this number is kept.
fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX) % TRADES_KEPT
}
