//! Market data, both ways: what venues say becomes quotes and trades for the engine, and what all
//! of them say together is told to clients that ask. And what the instruments are.
//!
//! `MarketEdge` is the part of the order edge that does this. It reads no clock and holds no
//! socket, as the rest of the edge.
//!
//! Not here: what a quote is believed for (`dcx-engine`).

mod changes;
mod clients;
mod entries;
mod feed;
mod ladder;
mod merged;
mod options;
mod request;
mod securities;
mod write;

use dcx_model::{Command, InstrumentId, MonoNanos, Nanos, Now, VENUES_MAX};

use clients::{Clients, Market};
use feed::{Ask, Feed, Said};
use merged::{Merged, counts};
pub use options::{ClientMarket, Currency, MarketOptions, Security, VenueMarket};
use request::Refused;
use securities::{Securities, Status};

use crate::orders::{Directory, Peer, Unusable};
use crate::{AppReject, Message, Outgoing, SessionIx};

/// Instruments looked at in one cycle for prices that have become too old, and for how trading
/// stands.
const LOOKS_PER_CYCLE: usize = 8;

/// How often every instrument is looked at.
const LOOK_EVERY: Nanos = Nanos::from_millis(20);

/// What the market side of an edge has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MarketCounts {
    /// Times that something was found missing in a venue's feed.
    pub(crate) gaps: u64,
    /// Entries that say nothing: of instruments that are not ours, deletions of what is not there.
    pub(crate) flaws: u64,
    /// MarketDataRequestReject (Y) of venues.
    pub(crate) refused_by_venues: u64,
    /// MarketDataRequest (V) of clients,
    pub(crate) requests: u64,
    /// of them refused.
    pub(crate) refused: u64,
    /// W and X sent to clients.
    pub(crate) sent: u64,
}

/// The venues' books.
#[derive(Debug)]
struct Books {
    /// By session.
    feeds: Vec<Option<Feed>>,
    /// By instrument, the sessions of the venues that list it.
    listed: Vec<Vec<SessionIx>>,
    /// By instrument.
    age_max: Vec<Nanos>,
}

impl Books {
    fn of(&self, instrument: InstrumentId) -> impl Iterator<Item = &Feed> + Clone {
        let listed = self.listed.get(instrument.get() as usize);
        let sessions = listed.into_iter().flatten();
        sessions.filter_map(|session| self.feeds.get(session.as_usize())?.as_ref())
    }

    fn age_max(&self, instrument: InstrumentId) -> Nanos {
        let age_max = self.age_max.get(instrument.get() as usize);
        age_max.copied().unwrap_or(Nanos::new(u64::MAX))
    }

    /// The venues whose prices of an instrument count, as bits.
    fn counting(&self, instrument: InstrumentId, now: MonoNanos) -> u64 {
        let fresh = (now, self.age_max(instrument));
        let feeds = self.of(instrument).take(VENUES_MAX);
        (0_u32..).zip(feeds).fold(0, |bits, (place, feed)| {
            bits | u64::from(counts(feed, instrument, fresh)) << place
        })
    }

    fn status(&self, instrument: InstrumentId, halted: bool) -> Status {
        let mut up = self.of(instrument).filter(|feed| feed.is_up()).peekable();
        if up.peek().is_none() {
            return Status::Unavailable;
        }
        match up.any(|feed| feed.is_open(instrument)) && !halted {
            true => Status::Ready,
            false => Status::Halted,
        }
    }
}

impl Market for Books {
    fn merge(&self, instrument: InstrumentId, now: MonoNanos, depth: usize, merged: &mut Merged) {
        let fresh = (now, self.age_max(instrument));
        merged.read(self.of(instrument), instrument, fresh, depth);
    }
}

/// The market side of an edge.
#[derive(Debug)]
pub(crate) struct MarketEdge {
    books: Books,
    clients: Clients,
    securities: Securities,
    /// By session: what a venue is asked for.
    asks: Vec<Option<VenueMarket>>,
    /// By instrument: whose prices counted when it was looked at last.
    counting: Vec<u64>,
    /// The instrument that is looked at next, and when the next round begins.
    next: usize,
    next_round: MonoNanos,
    /// Where a request's instruments are collected.
    asked: Vec<InstrumentId>,
    requests: u64,
    refused: u64,
    refused_by_venues: u64,
    /// The last of them: who, and `MDReqRejReason` (281), zero where it said none.
    refusal: Option<(SessionIx, u8)>,
}

impl MarketEdge {
    pub(crate) fn new(directory: &Directory, options: &MarketOptions) -> Self {
        let (sessions, instruments) = (directory.sessions_end(), directory.instruments_end());
        let securities = Securities::new(instruments, options);
        let mut books = Books {
            feeds: Vec::new(),
            listed: vec![Vec::new(); instruments],
            age_max: vec![Nanos::new(u64::MAX); instruments],
        };
        for security in &options.securities {
            if let Some(age_max) = books.age_max.get_mut(security.instrument.get() as usize) {
                *age_max = security.quote_age_max;
            }
        }
        let mut clients = Clients::new(sessions, instruments);
        let mut asks = Vec::new();
        for ix in 0..sessions {
            let ix = SessionIx::new(u16::try_from(ix).unwrap_or(u16::MAX));
            let (mut feed, mut asked) = (None, None);
            match directory.peer(ix) {
                Some(Peer::Venue(venue)) => {
                    asked = options.venue(ix).filter(|_| !venue.lists.is_empty());
                    let market = asked.unwrap_or_default();
                    feed = Some(Feed::new(venue.venue, instruments, &venue.lists, market));
                    for instrument in &venue.lists {
                        if let Some(listed) = books.listed.get_mut(instrument.get() as usize) {
                            listed.push(ix);
                        }
                    }
                }
                Some(Peer::Client(_)) => {
                    if let Some(market) = options.client(ix) {
                        clients.permit(ix, market);
                    }
                }
                Some(Peer::DropCopy(_)) | None => {}
            }
            books.feeds.push(feed);
            asks.push(asked);
        }
        Self {
            books,
            clients,
            securities,
            asks,
            counting: vec![0; instruments],
            next: 0,
            next_round: MonoNanos::default(),
            asked: Vec::new(),
            requests: 0,
            refused: 0,
            refused_by_venues: 0,
            refusal: None,
        }
    }

    /// A venue is logged on: it is asked for everything that it lists.
    pub(crate) fn venue_up(
        &mut self,
        session: SessionIx,
        directory: &Directory,
        now: Now,
        out: &mut Outgoing<'_>,
    ) {
        if let Some(Some(feed)) = self.books.feeds.get_mut(session.as_usize()) {
            feed.begin();
            self.ask(session, directory, now.mono, out);
        }
    }

    /// Whether a message that the peer asks for again may be sent as it was. What a market was is
    /// of no use to anybody: clients are told what it is, and venues are asked anew.
    pub(crate) fn may_resend(&mut self, session: SessionIx, msg_type: &[u8]) -> bool {
        match msg_type {
            b"V" => {
                if let Some(Some(feed)) = self.books.feeds.get_mut(session.as_usize()) {
                    feed.ask_anew();
                }
            }
            b"W" | b"X" => self.clients.refresh(session),
            _ => return true,
        }
        false
    }

    /// A session is gone: a venue's prices are not believed any more, a client's subscriptions end
    /// with it (FIX 4.4 vol. 3, "Market Data Request").
    pub(crate) fn session_down(&mut self, session: SessionIx, mut say: impl FnMut(Command)) {
        self.clients.leave(session);
        self.clients.set_backlog(session, 0);
        self.securities.leave(session);
        if let Some(Some(feed)) = self.books.feeds.get_mut(session.as_usize()) {
            feed.end(|said| say(command(&said)));
        }
    }

    /// A venue speaks of its market: W, X or Y.
    ///
    /// # Errors
    /// What cannot be used.
    pub(crate) fn venue_says(
        &mut self,
        session: SessionIx,
        directory: &Directory,
        now: Now,
        message: &Message<'_>,
        mut say: impl FnMut(Command),
    ) -> Result<(), Unusable> {
        let asked = self.asks.get(session.as_usize());
        let feed = self.books.feeds.get_mut(session.as_usize());
        let (Some(Some(_)), Some(Some(feed))) = (asked, feed) else {
            return Err(Unusable::Content("no market data was asked for"));
        };
        if message.msg_type() == b"Y" {
            if feed.refused(message) {
                self.refused_by_venues += 1;
                self.refusal = Some((session, message.char(281).unwrap_or_default()));
            }
            return Ok(());
        }
        feed.read(message, directory, now, |said| {
            match &said {
                Said::Quote(quote) => self.clients.mark(quote.instrument),
                Said::Trade(trade) => self.clients.trade(trade),
                Said::Gap(gap) => {
                    if let Some(instrument) = gap.instrument {
                        self.clients.mark(instrument);
                    }
                }
            }
            say(command(&said));
        })
    }

    /// A venue says whether trading in an instrument goes on.
    pub(crate) fn set_open(&mut self, session: SessionIx, instrument: InstrumentId, open: bool) {
        if let Some(Some(feed)) = self.books.feeds.get_mut(session.as_usize()) {
            feed.set_open(instrument, open);
        }
    }

    /// Whether messages of a client of this type are for here.
    pub(crate) const fn takes(msg_type: &[u8]) -> bool {
        matches!(msg_type, b"V" | b"c" | b"e" | b"x")
    }

    /// A client asks: for market data (V), or about instruments (c, e, x).
    ///
    /// # Errors
    /// What it is told in a Reject (3) or BusinessMessageReject (j).
    pub(crate) fn client_says(
        &mut self,
        session: SessionIx,
        directory: &Directory,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        match message.msg_type() {
            b"V" => self.subscribe(session, directory, message, out),
            b"c" => self.securities.define(session, message, directory, out),
            b"x" => self.securities.list(session, message, directory, out),
            _ => {
                let market = self.clients.permitted(session).unwrap_or_default();
                let session = (session, market.instruments_max as usize);
                let told = (directory, now.unix);
                self.securities.status(session, message, told, out)
            }
        }
    }

    /// So many bytes wait for a session's peer.
    pub(crate) fn set_backlog(&mut self, session: SessionIx, bytes: usize) {
        self.clients.set_backlog(session, bytes);
    }

    /// Asks for missing snapshots, and tells clients what has changed: a few messages at most.
    /// Returns how many. `halted`: dcx trades nothing for the firm.
    pub(crate) fn work(
        &mut self,
        now: Now,
        halted: bool,
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let mut done = self.look_around(now, halted, directory, out);
        done += self.clients.work(now.mono, &self.books, directory, out);
        done
    }

    pub(crate) fn counts(&self) -> MarketCounts {
        let feeds = self.books.feeds.iter().flatten();
        let (gaps, flaws) = feeds.fold((0, 0), |(gaps, flaws), feed| {
            (gaps + feed.counts.gaps, flaws + feed.counts.flaws)
        });
        MarketCounts {
            gaps,
            flaws,
            refused_by_venues: self.refused_by_venues,
            requests: self.requests,
            refused: self.refused,
            sent: self.clients.sent,
        }
    }

    /// The last refusal of a venue: its session, and `MDReqRejReason` (281), zero where it said
    /// none.
    pub(crate) const fn refusal(&self) -> Option<(SessionIx, u8)> {
        self.refusal
    }

    fn subscribe(
        &mut self,
        session: SessionIx,
        directory: &Directory,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        self.requests += 1;
        let permitted = self.clients.permitted(session);
        let market = permitted.unwrap_or_default();
        let of = (directory, &market);
        let (md_req_id, request) = request::read(message, of, &mut self.asked)?;
        let request = request.and_then(|request| match permitted {
            Some(_) => self.clients.request(session, &request, &self.asked),
            None => Err(Refused::NotPermitted),
        });
        if let Err(refused) = request {
            self.refused += 1;
            out.send(session, b"Y", |body| {
                write::refused(body, md_req_id, refused)
            });
        }
        Ok(())
    }

    /// Looks at a few instruments in turn: whose prices have become too old or count again, and
    /// how trading stands. Between rounds, asks venues for snapshots that are missing.
    fn look_around(
        &mut self,
        now: Now,
        halted: bool,
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) -> usize {
        if self.next == 0 && now.mono < self.next_round {
            return 0;
        }
        if self.next == 0 {
            self.next_round = now.mono.plus(LOOK_EVERY);
        }
        let end = self.counting.len().min(self.next + LOOKS_PER_CYCLE);
        let mut sent = 0;
        for ix in self.next..end {
            let instrument = InstrumentId::new(u32::try_from(ix).unwrap_or(u32::MAX));
            let status = self.books.status(instrument, halted);
            let told = (directory, now.unix);
            sent += self.securities.set_status(instrument, status, told, out);
            if !self.clients.is_watched(instrument) {
                continue;
            }
            let counting = self.books.counting(instrument, now.mono);
            if counting != self.counting[ix] {
                self.counting[ix] = counting;
                self.clients.mark(instrument);
            }
        }
        self.next = end;
        if end == self.counting.len() {
            self.next = 0;
            sent += self.ask_again(now, directory, out);
        }
        sent
    }

    /// Asks venues again for what did not come, or is not whole.
    fn ask_again(&mut self, now: Now, directory: &Directory, out: &mut Outgoing<'_>) -> usize {
        let mut sent = 0;
        for ix in 0..self.asks.len() {
            let session = SessionIx::new(u16::try_from(ix).unwrap_or(u16::MAX));
            sent += self.ask(session, directory, now.mono, out);
        }
        sent
    }

    /// Asks a venue for what is due. Returns how many messages.
    fn ask(
        &mut self,
        session: SessionIx,
        directory: &Directory,
        now: MonoNanos,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let asked = self.asks.get(session.as_usize());
        let feed = self.books.feeds.get_mut(session.as_usize());
        let (Some(Some(market)), Some(Some(feed))) = (asked, feed) else {
            return 0;
        };
        let Some(Peer::Venue(venue)) = directory.peer(session) else {
            return 0;
        };
        let market = (*market, venue.asks_for_trades);
        let mut sent = 0;
        feed.ask_due(now, |ask| {
            out.send(session, b"V", |body| match ask {
                Ask::All => {
                    let id = (write::MD_REQ_ID, b'1');
                    write::request(body, id, market, &venue.lists, directory);
                }
                Ask::Snapshot(instrument, number) => {
                    let id = write::snapshot_id(number);
                    let id = (id.as_bytes(), b'0');
                    write::request(body, id, market, &[instrument], directory);
                }
            });
            sent += 1;
        });
        sent
    }
}

const fn command(said: &Said) -> Command {
    match *said {
        Said::Quote(quote) => Command::Quote(quote),
        Said::Trade(trade) => Command::MarketTrade(trade),
        Said::Gap(gap) => Command::FeedGap(gap),
    }
}

#[cfg(test)]
mod tests;
