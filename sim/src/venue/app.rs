//! The venue as the application of a FIX link: delays, chance, quotes, subscriptions.

mod deeds;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use dcx_fix::{AppReject, Application, Message, Outgoing, SessionIx};
use dcx_model::{
    ClOrdId, ExecType, MonoNanos, NANOS_PER_S, Nanos, Notional, Now, Price, Qty, UnixNanos,
    VenueName,
};

use super::VenueError;
use super::amend::orphan;
use super::book::External;
use super::exchange::{Exchange, Print};
use super::feed::{Feed, PriceBoard};
use super::ledger::{Ledger, Rates};
use super::market::{Loss, Market};
use super::options::VenueOptions;
use super::report::Report;
use super::request::{Chances, Request};
use super::trouble::{MessageFate, Trouble, TroubleStats};
use super::wire;
use crate::data::TapeQuote;
use crate::draws::Draws;
use crate::generator::SimInstrument;
use deeds::Deed;

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
    /// What it was told to do wrong.
    pub trouble: TroubleStats,
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
    fate: MessageFate,
}

#[derive(Clone, Copy, Debug)]
struct Leaving {
    due: MonoNanos,
    made: Made,
    poss_resend: bool,
}

/// A report and when it was true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    at: MonoNanos,
    report: Report,
}

/// A venue behind FIX sessions.
///
/// Requests take effect and reports leave in the order they came, however long each is delayed:
/// a venue has one matching engine and one line to each member. Only what is told to be pending
/// takes effect later.
pub struct VenueApp {
    name: VenueName,
    targets: Vec<String>,
    exchange: Exchange,
    feeds: Vec<Feed>,
    market: Market,
    arrived: VecDeque<Arrived>,
    leaving: VecDeque<Leaving>,
    /// By when they are due, then by number.
    deeds: BTreeMap<(MonoNanos, u64), Deed>,
    deeds_count: u64,
    /// Reports of trades that are held back.
    withheld: Vec<Made>,
    /// Trades that are not printed yet.
    prints: Vec<Print>,
    luck: Luck,
    trouble: Trouble,
    /// By session: whether what works is cancelled when it is lost.
    cancels_when_lost: Vec<bool>,
    halts_count: u64,
    started: bool,
    /// New orders and other requests have numbers of their own, so that cancels more or less
    /// change nothing for the orders after them.
    orders: u64,
    others: u64,
    received: Rates,
    fee_centi_bps: i32,
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
        let mut exchange = Exchange::new(options.instruments()?);
        plant_orphans(&mut exchange, options)?;
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
        let show_every = Nanos::new(NANOS_PER_S / rate);
        let requote_every = Nanos::from_millis(options.requote_ms);
        let loss = Loss {
            seed: options.seed ^ options.number.rotate_left(32),
            rate: options.trouble.lost_update_rate,
        };
        let us = |micros: u64| micros.saturating_mul(1_000);
        let is_canceled = |target: &String| options.cancel_on_disconnect.contains(target);
        Ok(Self {
            name,
            market: Market::new(feeds.len(), (show_every, requote_every), loss),
            exchange,
            feeds,
            arrived: VecDeque::new(),
            leaving: VecDeque::new(),
            deeds: BTreeMap::new(),
            deeds_count: 0,
            withheld: Vec::new(),
            prints: Vec::new(),
            luck: Luck {
                seed: options.seed ^ options.number.rotate_left(32),
                latency: (us(options.latency_us), us(options.jitter_us)),
                fill_latency: (us(options.fill_latency_us), us(options.fill_jitter_us)),
                reject_rate: options.reject_rate,
                hidden_rate: options.hidden_rate,
            },
            trouble: options.trouble.clone(),
            cancels_when_lost: options.targets.iter().map(is_canceled).collect(),
            targets: options.targets.clone(),
            halts_count: 0,
            started: false,
            orders: 0,
            others: 0,
            received: Rates::default(),
            fee_centi_bps: options.fee_centi_bps,
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

    /// All that it knows of orders and trades.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let (orders, trades) = self.exchange.ledger();
        Ledger {
            comp_id: self.name.to_string(),
            targets: self.targets.clone(),
            orders,
            trades,
            received: self.received.clone(),
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
    fn arrive(&mut self, now: Now, session: u16, request: Request) {
        let is_order = matches!(request, Request::New(_));
        let (counter, stream) = if is_order {
            self.received.count(now.unix);
            (&mut self.orders, 0)
        } else {
            (&mut self.others, 1)
        };
        *counter += 1;
        let number = *counter * 2 + stream;
        let mut draws = Draws::new(self.luck.seed, number);
        let mut delay = |(fixed, mean): (u64, u64)| {
            let jitter = draws.exponential(mean);
            Nanos::new(fixed.saturating_add(jitter))
        };
        let (latency, fill_delay) = (delay(self.luck.latency), delay(self.luck.fill_latency));
        let fate = self.trouble.of_message(self.luck.seed, number, &request);
        let chances = Chances {
            reject: draws.chance(self.luck.reject_rate),
            hidden: draws.chance(self.luck.hidden_rate),
            refuse: fate.refuse,
        };
        let earliest = self.arrived.back().map_or(now.mono, |before| before.due);
        self.arrived.push_back(Arrived {
            due: earliest.max(now.mono.plus(latency)),
            session,
            request,
            chances,
            fill_delay,
            fate,
        });
        if is_order {
            self.stats.orders += 1;
        } else {
            self.stats.requests += 1;
        }
    }

    fn count(&mut self, report: &Report) {
        let Report::Execution(report) = report else {
            let refuses = matches!(report, Report::CancelRejected(_));
            self.stats.cancel_rejected += u64::from(refuses);
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
                    self.market.touch(ix);
                }
            }
            ExecType::DoneForDay
            | ExecType::PendingCancel
            | ExecType::PendingNew
            | ExecType::Expired
            | ExecType::PendingReplace
            | ExecType::TradeCancel
            | ExecType::TradeCorrect
            | ExecType::Stopped
            | ExecType::Suspended
            | ExecType::Calculated
            | ExecType::Restated
            | ExecType::Triggered
            | ExecType::OrderStatus => {}
        }
    }

    fn send_due(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        let mut sent = 0;
        while let Some(leaving) = self.leaving.pop_front_if(|first| first.due <= now.mono) {
            let Made { at, report } = leaving.made;
            let session = SessionIx::new(report.session());
            let age = now.mono.since(at).get();
            let unix = UnixNanos::new(now.unix.get().saturating_sub(age));
            let name = self.name;
            if leaving.poss_resend {
                out.send_poss_resend(session, report.msg_type(), |body| {
                    report.write(body, name, unix);
                });
            } else {
                out.send(session, report.msg_type(), |body| {
                    report.write(body, name, unix)
                });
            }
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
        self.leave(now, Nanos::new(fixed), false, &mut reports);
        self.reports = reports;
        self.board.put(instrument, external.bid, external.ask);
        self.stats.quotes += 1;
        self.market.touch(instrument);
    }

    /// Shows prices, trades and states of instruments to those who asked.
    fn show(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        let told = self.market.tell_states(now, &self.exchange, out);
        let mut snapshots = self.market.show(now.mono, &self.exchange, out);
        for print in self.prints.drain(..) {
            snapshots += self.market.print(print, &self.exchange, out);
        }
        self.stats.snapshots += snapshots as u64;
        told + snapshots
    }

    fn start(&mut self, now: MonoNanos) {
        self.started = true;
        for instrument in 0..self.feeds.len() {
            self.plan_halt(now, instrument);
        }
    }
}

/// Orders in every session's name that no session has sent.
fn plant_orphans(exchange: &mut Exchange, options: &VenueOptions) -> Result<(), VenueError> {
    let instruments = exchange.instruments().to_vec();
    for (session, _) in (0_u16..).zip(&options.targets) {
        for (number, listed) in (0..options.trouble.orphans).zip(instruments.iter().cycle()) {
            let name = format!("FOREIGN-{session}-{number}");
            let cl_ord_id: ClOrdId = name.parse().map_err(|fault| VenueError::Option {
                name: "orphans",
                what: format!("{name}: {fault}"),
            })?;
            exchange.plant(session, orphan(listed, (cl_ord_id, number.into())));
        }
    }
    Ok(())
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
    fn logged_on(&mut self, session: SessionIx, now: Now, _out: &mut Outgoing<'_>) {
        self.release(now.mono, session.get(), None);
    }

    fn logged_out(&mut self, session: SessionIx, now: Now, _out: &mut Outgoing<'_>) {
        self.market.leave(session.get());
        let cancels = self.cancels_when_lost.get(session.as_usize());
        if cancels.copied().unwrap_or(false) {
            let mut reports = Vec::new();
            let why = "the session was lost";
            let count = self.exchange.cancel_all(session.get(), why, &mut reports);
            self.stats.trouble.unasked_cancels += count as u64;
            self.leave(now.mono, Nanos::ZERO, false, &mut reports);
        }
    }

    fn received(
        &mut self,
        session: SessionIx,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let from = session.get();
        match message.msg_type() {
            b"V" => {
                let request = wire::market_data_request(message)?;
                let sent = self.market.request(from, &request, &self.exchange, out);
                self.stats.snapshots += sent as u64;
            }
            b"e" => {
                let request = wire::security_status_request(message)?;
                if !self
                    .market
                    .watch(from, &request, (now, &self.exchange), out)
                {
                    return Err(wire::unknown_security(&request));
                }
            }
            _ => {
                let Some(request) = wire::request(message)? else {
                    return Err(AppReject::unsupported_message_type());
                };
                self.arrive(now, from, request);
            }
        }
        Ok(())
    }

    fn work(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        if !self.started {
            self.start(now.mono);
        }
        let mut done = self.quote(now.mono);
        done += self.take_effect(now.mono);
        done += self.send_due(now, out);
        done + self.show(now, out)
    }
}
