//! The application behind the daemon's FIX link.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use dcx_model::{Command, Inbound, Nanos, Now, Outbound, Phase};
use dcx_ring::{Poller, Producer};

use super::counts::{EdgeBoard, EdgeCounts};
use super::desk::Desk;
use super::directory::{Directory, Peer};
use super::news::Words;
use super::out_in::OrdersOut;
use super::trades::TradeLog;
use super::venue;
use crate::market::{MarketEdge, MarketOptions};
use crate::{AppReject, Application, Flushed, Message, Outgoing, SessionEnd, SessionIx};

/// Events taken from the ring in one cycle.
const EVENTS_PER_CYCLE: usize = 256;

/// How often the counts are put where others read them.
const BOARD_EVERY: Nanos = Nanos::from_millis(10);

/// Turns FIX messages into commands for the engine, and its events into FIX messages.
///
/// Commands go into a ring in the order of the messages; where it is full they wait here and the
/// link reads no more: nothing is dropped. Events for a client that is away are stored by its
/// session and resent at its next logon. An order or cancel for a venue that is away is not: a
/// market that has moved on must not get it hours later. The edge answers in the venue's stead, so
/// that the engine can try another.
///
/// No order goes to a venue that [`OrdersOut`] does not let pass.
#[derive(Debug)]
pub struct OrderEdge {
    events: Poller<Outbound>,
    /// What the link's sessions and the wire's names mean.
    directory: Directory,
    desk: Desk,
    market: MarketEdge,
}

impl OrderEdge {
    /// An edge that gives commands to `commands` and takes events from `events`.
    #[must_use]
    pub fn new(
        directory: Directory,
        commands: Producer<Inbound>,
        events: Poller<Outbound>,
    ) -> Self {
        let desk = Desk::new(&directory, commands);
        let market = MarketEdge::new(&directory, &MarketOptions::new());
        Self {
            events,
            directory,
            desk,
            market,
        }
    }

    /// Who is asked for market data, and who may ask for it.
    #[must_use]
    pub fn with_market(mut self, options: &MarketOptions) -> Self {
        self.market = MarketEdge::new(&self.directory, options);
        self
    }

    /// The account of what is out that it goes on with: after a restart of what the engine has
    /// read from its journal, and with room for as many orders as there may be.
    #[must_use]
    pub fn with_orders_out(mut self, orders_out: OrdersOut) -> Self {
        self.desk.orders_out = orders_out;
        self
    }

    /// The trades that it tells again to who asks for them: after a restart those that were read
    /// from the journal. Without a log nobody may ask.
    #[must_use]
    pub fn with_trades(mut self, log: TradeLog) -> Self {
        self.desk.trades.log = log;
        self
    }

    /// Where people's own words come from, to be told as news to who gets any.
    #[must_use]
    pub fn with_news(mut self, words: Receiver<Words>) -> Self {
        self.desk.newsroom.words = Some(words);
        self
    }

    /// How far what was sent has left: who asks for much gets no more than they read.
    pub fn paced_by(&mut self, flushed: Arc<Flushed>) {
        self.desk.trades.flushed = Some(flushed);
    }

    /// Takes no more messages, and lets go of the engine's ring once what was taken is in it.
    ///
    /// The link then reads no more: what peers send meanwhile is not acknowledged, and they send
    /// it again at the next logon. Events are told on.
    pub const fn close(&mut self) {
        self.desk.closing = true;
    }

    /// Whether the engine has ended and every event was told.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.events.is_drained()
    }

    /// What it has counted.
    #[must_use]
    pub fn counts(&self) -> EdgeCounts {
        let mut counts = self.desk.counts;
        counts.take_market(&self.market.counts());
        counts
    }

    /// Where other threads read the counts.
    #[must_use]
    pub fn board(&self) -> Arc<EdgeBoard> {
        Arc::clone(&self.desk.board)
    }
}

impl Application for OrderEdge {
    fn logged_on(&mut self, session: SessionIx, now: Now, out: &mut Outgoing<'_>) {
        let directory = &self.directory;
        self.desk.set_up(directory, session, now, None);
        let up = (session, true);
        self.desk.tell_venue_state(directory, up, now, out);
        let Some(Peer::Venue(venue)) = directory.peer(session) else {
            return;
        };
        self.market.venue_up(session, directory, now, out);
        if venue.asks_for_phases {
            for instrument in &venue.lists {
                out.send(session, b"e", |body| {
                    venue::write_phase_request(body, *instrument, directory);
                });
            }
        }
    }

    fn logged_out(&mut self, session: SessionIx, now: Now, out: &mut Outgoing<'_>) {
        self.ended(session, SessionEnd::Broken, now, out);
    }

    fn ended(&mut self, session: SessionIx, how: SessionEnd, now: Now, out: &mut Outgoing<'_>) {
        let Self {
            directory,
            desk,
            market,
            ..
        } = self;
        market.session_down(session, |command| desk.push(now, command));
        desk.set_up(directory, session, now, Some(how));
        desk.tell_venue_state(directory, (session, false), now, out);
    }

    fn received(
        &mut self,
        session: SessionIx,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let Self {
            directory,
            desk,
            market,
            ..
        } = self;
        match directory.peer(session) {
            Some(Peer::Client(_)) if MarketEdge::takes(message.msg_type()) => {
                market.client_says(session, directory, now, message, out)
            }
            Some(Peer::Client(client)) => {
                desk.client_says(directory, session, client, now, message, out)
            }
            Some(Peer::Venue(venue)) => {
                let read = match message.msg_type() {
                    b"W" | b"X" | b"Y" => {
                        let push = |command| desk.push(now, command);
                        market.venue_says(session, directory, now, message, push)
                    }
                    b"f" => venue::phase(message, venue.venue, directory).map(|said| {
                        let Some(command) = said else { return };
                        if let Command::VenuePhase {
                            instrument, phase, ..
                        } = command
                        {
                            market.set_open(session, instrument, phase == Phase::Open);
                        }
                        desk.push(now, command);
                    }),
                    _ => desk.venue_says(directory, venue.venue, now, message),
                };
                read.map_err(|unusable| {
                    desk.counts.unusable += 1;
                    unusable.into_reject()
                })
            }
            Some(Peer::DropCopy(copy)) => {
                desk.drop_copy_says(directory, (session, copy), message, out)
            }
            None => Err(AppReject::unsupported_message_type()),
        }
    }

    fn work(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        let desk = &mut self.desk;
        desk.push_waiting();
        let mut done = 0;
        while done < EVENTS_PER_CYCLE {
            let Some(outbound) = self.events.pop() else {
                break;
            };
            desk.tell(&self.directory, now, &outbound, out);
            done += 1;
        }
        desk.told += done as u64;
        desk.trades.go_on(&self.directory, &mut desk.counts, out);
        let halted = desk.orders_out.is_halted();
        done += self.market.work(now, halted, &self.directory, out);
        if now.mono >= desk.board_due {
            desk.board_due = now.mono.plus(BOARD_EVERY);
            desk.tell_words(&self.directory, now, out);
            let mut counts = desk.counts;
            counts.take_market(&self.market.counts());
            desk.board.write(&counts);
            desk.board.write_refusal(self.market.refusal());
        }
        done
    }

    fn ready(&self) -> bool {
        self.desk.waiting.is_empty() && !self.desk.closing
    }

    fn taken(&self) -> u64 {
        self.desk.pushed + self.desk.waiting.len() as u64
    }

    /// What the sequencer has taken out of the ring. From there to the journal is less than the
    /// link waits besides.
    fn kept(&self) -> u64 {
        let in_ring = |commands: &Producer<Inbound>| commands.capacity() - commands.free();
        let in_ring = self.desk.commands.as_ref().map_or(0, in_ring);
        self.desk.pushed - in_ring as u64
    }

    fn told(&self) -> u64 {
        self.desk.told
    }

    fn backlog(&mut self, session: SessionIx, bytes: usize) {
        self.market.set_backlog(session, bytes);
    }

    /// While trading is halted no order leaves, not even one that left before and was lost: how it
    /// stands is found out by asking.
    fn may_resend(&mut self, session: SessionIx, msg_type: &[u8]) -> bool {
        if !self.market.may_resend(session, msg_type) {
            return false;
        }
        let to_venue = matches!(self.directory.peer(session), Some(Peer::Venue(_)));
        let withheld = to_venue && msg_type == b"D" && self.desk.orders_out.is_halted();
        self.desk.counts.resends_withheld += u64::from(withheld);
        !withheld
    }
}
