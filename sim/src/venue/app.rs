//! The venue as the application of a FIX link: delays, chance, quotes, subscriptions.

use std::collections::VecDeque;
use std::sync::Arc;

use dcx_fix::{AppReject, Application, Message, Outgoing, SessionIx};
use dcx_model::{
    ExecType, MonoNanos, NANOS_PER_S, Nanos, Notional, Now, Price, Qty, Symbol, VenueName,
};

use super::VenueError;
use super::book::External;
use super::exchange::{Chances, Exchange, Report, Request};
use super::feed::{Feed, PriceBoard};
use super::options::VenueOptions;
use super::wire::{self, MarketDataRequest, MdReqId, Subscription};
use crate::data::TapeQuote;
use crate::draws::Draws;
use crate::generator::SimInstrument;

/// What a venue has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VenueStats {
    /// New orders that came in.
    pub orders: u64,
    /// Cancels, replaces and status requests that came in.
    pub requests: u64,
    /// Orders accepted.
    pub accepted: u64,
    /// Orders refused.
    pub rejected: u64,
    /// Trades reported.
    pub trades: u64,
    /// What they were worth.
    pub traded: Notional,
    /// What they cost, at the fee configured.
    pub fees: Notional,
    /// Orders cancelled, asked for or not.
    pub canceled: u64,
    /// Orders replaced.
    pub replaced: u64,
    /// Cancels and replaces refused.
    pub cancel_rejected: u64,
    /// Orders that rest now.
    pub working: u64,
    /// Quotes taken from data or seed.
    pub quotes: u64,
    /// Market data messages sent.
    pub snapshots: u64,
    /// How often recorded data began again.
    pub rounds: u64,
    /// Feeds that ended because their data is damaged.
    pub feeds_broken: u64,
}

/// Delays and rates, drawn for each message from its number.
#[derive(Clone, Copy, Debug)]
struct Luck {
    seed: u64,
    latency: (u64, u64),
    fill_latency: (u64, u64),
    reject_rate: f64,
    hidden_rate: f64,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    due: MonoNanos,
    session: u16,
    request: Request,
    chances: Chances,
    fill_delay: Nanos,
}

#[derive(Clone, Copy, Debug)]
struct Leaving {
    due: MonoNanos,
    report: Report,
}

#[derive(Clone, Copy, Debug)]
struct Subscriber {
    session: u16,
    md_req_id: MdReqId,
    instrument: usize,
}

/// Whether and when an instrument is to be shown to its subscribers.
#[derive(Clone, Copy, Debug, Default)]
struct Display {
    changed: bool,
    shown_at: MonoNanos,
}

/// A venue behind FIX sessions.
///
/// Requests take effect and reports leave in the order they came, however long each is delayed:
/// a venue has one matching engine and one line to each member.
pub struct VenueApp {
    name: VenueName,
    exchange: Exchange,
    feeds: Vec<Feed>,
    displays: Vec<Display>,
    subscribers: Vec<Subscriber>,
    arrived: VecDeque<Arrived>,
    leaving: VecDeque<Leaving>,
    luck: Luck,
    /// New orders and other requests have numbers of their own, so that cancels more or less
    /// change nothing for the orders after them.
    orders: u64,
    others: u64,
    fee_centi_bps: i32,
    show_every: Nanos,
    requote_every: Nanos,
    board: Arc<PriceBoard>,
    reports: Vec<Report>,
    stats: VenueStats,
}

impl std::fmt::Debug for VenueApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VenueApp")
            .field("name", &self.name)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl VenueApp {
    /// The venue that these options describe.
    ///
    /// # Errors
    /// [`VenueError`] for options that make no sense and data that cannot be read.
    pub fn new(options: &VenueOptions) -> Result<Self, VenueError> {
        options.check()?;
        let exchange = Exchange::new(options.instruments()?);
        let feeds = options.feeds(&exchange)?;
        let name = options
            .comp_id
            .parse()
            .map_err(|fault| VenueError::Option {
                name: "comp_id",
                what: format!("{:?}: {fault}", options.comp_id),
            })?;
        let symbols = exchange.instruments().iter().map(|listed| listed.symbol);
        let board = Arc::new(PriceBoard::new(symbols));
        let rate = u64::from(options.snapshots_per_s_max.max(1));
        let us = |micros: u64| micros.saturating_mul(1_000);
        Ok(Self {
            name,
            displays: vec![Display::default(); feeds.len()],
            exchange,
            feeds,
            subscribers: Vec::new(),
            arrived: VecDeque::new(),
            leaving: VecDeque::new(),
            luck: Luck {
                seed: options.seed ^ options.number.rotate_left(32),
                latency: (us(options.latency_us), us(options.jitter_us)),
                fill_latency: (us(options.fill_latency_us), us(options.fill_jitter_us)),
                reject_rate: options.reject_rate,
                hidden_rate: options.hidden_rate,
            },
            orders: 0,
            others: 0,
            fee_centi_bps: options.fee_centi_bps,
            show_every: Nanos::new(NANOS_PER_S / rate),
            requote_every: Nanos::from_millis(options.requote_ms),
            board,
            reports: Vec::new(),
            stats: VenueStats::default(),
        })
    }

    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> VenueStats {
        let broken = self.feeds.iter().filter(|feed| feed.error().is_some());
        VenueStats {
            working: self.exchange.working() as u64,
            rounds: self.feeds.iter().map(Feed::rounds).sum(),
            feeds_broken: broken.count() as u64,
            ..self.stats
        }
    }

    /// What ended feeds before their time.
    pub fn feed_errors(&self) -> impl Iterator<Item = &crate::data::DataError> {
        self.feeds.iter().filter_map(Feed::error)
    }

    /// Where its newest prices stand.
    #[must_use]
    pub fn board(&self) -> Arc<PriceBoard> {
        Arc::clone(&self.board)
    }

    /// Takes a request as of `now`; [`work`](Application::work) lets it take effect when due.
    fn arrive(&mut self, now: MonoNanos, session: u16, request: Request) {
        let is_order = matches!(request, Request::New(_));
        let (counter, stream) = if is_order {
            (&mut self.orders, 0)
        } else {
            (&mut self.others, 1)
        };
        *counter += 1;
        let mut draws = Draws::new(self.luck.seed, *counter * 2 + stream);
        let mut delay = |(fixed, mean): (u64, u64)| {
            let jitter = draws.exponential(mean);
            Nanos::new(fixed.saturating_add(jitter))
        };
        let (latency, fill_delay) = (delay(self.luck.latency), delay(self.luck.fill_latency));
        let chances = Chances {
            reject: draws.chance(self.luck.reject_rate),
            hidden: draws.chance(self.luck.hidden_rate),
        };
        let earliest = self.arrived.back().map_or(now, |before| before.due);
        self.arrived.push_back(Arrived {
            due: earliest.max(now.plus(latency)),
            session,
            request,
            chances,
            fill_delay,
        });
        if is_order {
            self.stats.orders += 1;
        } else {
            self.stats.requests += 1;
        }
    }

    /// Lets requests take effect that are due.
    fn take_effect(&mut self, now: MonoNanos) -> usize {
        let mut taken = 0;
        while let Some(arrived) = self.arrived.pop_front_if(|first| first.due <= now) {
            let mut reports = std::mem::take(&mut self.reports);
            let Arrived {
                session,
                request,
                chances,
                ..
            } = arrived;
            self.exchange
                .handle(session, request, chances, &mut reports);
            self.leave(arrived.due, arrived.fill_delay, &reports);
            reports.clear();
            self.reports = reports;
            taken += 1;
        }
        taken
    }

    /// Queues reports behind those before them.
    fn leave(&mut self, at: MonoNanos, fill_delay: Nanos, reports: &[Report]) {
        for report in reports {
            self.count(report);
            let is_trade = matches!(report, Report::Execution(e) if e.exec_type == ExecType::Trade);
            let delay = if is_trade { fill_delay } else { Nanos::ZERO };
            let earliest = self.leaving.back().map_or(at, |before| before.due);
            self.leaving.push_back(Leaving {
                due: earliest.max(at.plus(delay)),
                report: *report,
            });
        }
    }

    fn count(&mut self, report: &Report) {
        let Report::Execution(report) = report else {
            self.stats.cancel_rejected += 1;
            return;
        };
        match report.exec_type {
            ExecType::New => self.stats.accepted += 1,
            ExecType::Rejected => self.stats.rejected += 1,
            ExecType::Canceled => self.stats.canceled += 1,
            ExecType::Replaced => self.stats.replaced += 1,
            ExecType::Trade => {
                self.stats.trades += 1;
                let worth = report.last_px.times(report.last_qty);
                let fee = worth.units() / 1_000_000 * i128::from(self.fee_centi_bps);
                let add = |sum: Notional, more| sum.plus(more).unwrap_or(sum);
                self.stats.traded = add(self.stats.traded, worth);
                self.stats.fees = add(self.stats.fees, Notional::from_units(fee));
                if let Some(ix) = self.exchange.find(report.symbol.as_bytes()) {
                    self.touch(ix);
                }
            }
            ExecType::DoneForDay
            | ExecType::PendingCancel
            | ExecType::PendingNew
            | ExecType::Expired
            | ExecType::PendingReplace
            | ExecType::OrderStatus => {}
        }
    }

    /// The quantity shown has changed.
    fn touch(&mut self, instrument: usize) {
        if let Some(display) = self.displays.get_mut(instrument) {
            display.changed = true;
        }
    }

    fn send_due(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        let mut sent = 0;
        while let Some(leaving) = self.leaving.pop_front_if(|first| first.due <= now.mono) {
            let report = leaving.report;
            let session = SessionIx::new(report.session());
            out.send(session, report.msg_type(), |body| {
                report.write(body, self.name, now.unix);
            });
            sent += 1;
        }
        sent
    }

    /// Takes quotes that are due into the books.
    fn quote(&mut self, now: MonoNanos) -> usize {
        let mut taken = 0;
        for instrument in 0..self.feeds.len() {
            let mut quotes = Vec::new();
            if let Some(feed) = self.feeds.get_mut(instrument) {
                taken += feed.poll(now, |quote| quotes.push(quote));
            }
            for quote in quotes {
                self.quote_one(now, instrument, &quote);
            }
        }
        taken
    }

    fn quote_one(&mut self, now: MonoNanos, instrument: usize, quote: &TapeQuote) {
        let Some(listed) = self.exchange.instruments().get(instrument) else {
            return;
        };
        let external = external(listed, quote);
        let mut reports = std::mem::take(&mut self.reports);
        self.exchange.quote(instrument, external, &mut reports);
        let (fixed, _) = self.luck.fill_latency;
        self.leave(now, Nanos::new(fixed), &reports);
        reports.clear();
        self.reports = reports;
        self.board.put(instrument, external.bid, external.ask);
        self.stats.quotes += 1;
        self.touch(instrument);
    }

    /// Shows what has changed, and from time to time what has not.
    fn show(&mut self, now: MonoNanos, out: &mut Outgoing<'_>) -> usize {
        let mut shown = 0;
        for instrument in 0..self.displays.len() {
            let Some(display) = self.displays.get_mut(instrument) else {
                continue;
            };
            let since = now.since(display.shown_at);
            let again = self.requote_every > Nanos::ZERO && since >= self.requote_every;
            if !(display.changed && since >= self.show_every || again) {
                continue;
            }
            *display = Display {
                changed: false,
                shown_at: now,
            };
            shown += self.show_to_all(instrument, out);
        }
        shown
    }

    fn show_to_all(&mut self, instrument: usize, out: &mut Outgoing<'_>) -> usize {
        let to = |subscriber: &&Subscriber| subscriber.instrument == instrument;
        let mut shown = 0;
        for subscriber in self.subscribers.iter().filter(to) {
            show_one(&self.exchange, subscriber, out);
            shown += 1;
        }
        self.stats.snapshots += shown as u64;
        shown
    }

    fn market_data(&mut self, session: u16, request: &MarketDataRequest, out: &mut Outgoing<'_>) {
        let id = request.md_req_id;
        let is_same = |other: &Subscriber| other.session == session && other.md_req_id == id;
        if request.kind == Subscription::Cancel {
            self.subscribers.retain(|subscriber| !is_same(subscriber));
            return;
        }
        let refuse = |out: &mut Outgoing<'_>, reason, text| {
            out.send(SessionIx::new(session), b"Y", |body| {
                wire::market_data_reject(body, id, reason, text);
            });
        };
        if self.subscribers.iter().any(is_same) {
            return refuse(out, b'1', "MDReqID (262) is in use");
        }
        let found = request
            .symbols
            .iter()
            .map(|symbol| self.exchange.find(symbol));
        let Some(instruments) = found.collect::<Option<Vec<usize>>>() else {
            return refuse(out, b'0', "unknown Symbol (55)");
        };
        for instrument in instruments {
            let subscriber = Subscriber {
                session,
                md_req_id: id,
                instrument,
            };
            show_one(&self.exchange, &subscriber, out);
            self.stats.snapshots += 1;
            if request.kind == Subscription::Updates {
                self.subscribers.push(subscriber);
            }
        }
    }
}

fn show_one(exchange: &Exchange, subscriber: &Subscriber, out: &mut Outgoing<'_>) {
    let instrument = subscriber.instrument;
    let symbol = exchange
        .instruments()
        .get(instrument)
        .map(|listed| listed.symbol);
    let external = exchange.external(instrument).unwrap_or_default();
    out.send(SessionIx::new(subscriber.session), b"W", |body| {
        let symbol = symbol.unwrap_or(Symbol::EMPTY);
        wire::snapshot(body, subscriber.md_req_id, symbol, &external);
    });
}

/// A quote as liquidity: prices moved outwards onto the venue's grid, so that it never shows a
/// price better than recorded; quantities in whole lots, the usual ones where none were recorded.
fn external(listed: &SimInstrument, quote: &TapeQuote) -> External {
    let floor = listed.floor(quote.ask);
    let ask = if floor == quote.ask {
        floor
    } else {
        listed.away(floor, 1)
    };
    let lot = listed.lot.units();
    let qty = |recorded: Qty| match recorded {
        Qty::ZERO => listed.touch_qty,
        recorded => Qty::from_units(recorded.units() / lot * lot),
    };
    External {
        bid: listed.floor(quote.bid).max(Price::ZERO),
        ask,
        bid_qty: qty(quote.bid_qty),
        ask_qty: qty(quote.ask_qty),
    }
}

impl Application for VenueApp {
    fn logged_on(&mut self, _session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {}

    fn logged_out(&mut self, session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {
        // FIX 4.4 vol. 3, "Market Data Request": a subscription lasts as long as its session.
        self.subscribers
            .retain(|other| other.session != session.get());
    }

    fn received(
        &mut self,
        session: SessionIx,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        if message.msg_type() == b"V" {
            let request = wire::market_data_request(message)?;
            self.market_data(session.get(), &request, out);
            return Ok(());
        }
        let Some(request) = wire::request(message)? else {
            return Err(AppReject::unsupported_message_type());
        };
        self.arrive(now.mono, session.get(), request);
        Ok(())
    }

    fn work(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        let mut done = self.quote(now.mono);
        done += self.take_effect(now.mono);
        done += self.send_due(now, out);
        done + self.show(now.mono, out)
    }
}
