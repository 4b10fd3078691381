//! The way in: what clients and venues send, to commands.

use std::collections::VecDeque;
use std::sync::Arc;

use dcx_model::{
    ChildId, Command, Inbound, MonoNanos, Now, SessionLink, StatusRequest, VENUES_MAX, VenueId,
};
use dcx_ring::Producer;

use super::client::{self, Request};
use super::copies;
use super::counts::{EdgeBoard, EdgeCounts};
use super::directory::{Client, Directory, DropCopy, Peer};
use super::doubt::Doubts;
use super::list;
use super::mass;
use super::news::Newsroom;
use super::out_in::OrdersOut;
use super::refusals;
use super::report;
use super::trades::{Sees, Trades};
use super::value::Short;
use super::venue::{self, Answers, Unusable};
use crate::{AppReject, Body, Message, Outgoing, SessionEnd, SessionIx};

/// What changes as the edge works.
#[derive(Debug)]
pub(super) struct Desk {
    /// None once the edge is closed.
    pub(super) commands: Option<Producer<Inbound>>,
    pub(super) closing: bool,
    /// Commands for which the ring had no room, oldest first.
    pub(super) waiting: VecDeque<Inbound>,
    /// Commands put into the ring.
    pub(super) pushed: u64,
    /// Events that became messages, or nothing.
    pub(super) told: u64,
    pub(super) orders_out: OrdersOut,
    pub(super) doubts: Doubts,
    /// By session: whether it is logged on.
    pub(super) up: Vec<bool>,
    /// By venue: the question about all orders that is not answered yet.
    asked: [Option<Asked>; VENUES_MAX],
    pub(super) counts: EdgeCounts,
    pub(super) board: Arc<EdgeBoard>,
    pub(super) board_due: MonoNanos,
    /// Makes the ExecIDs of our own reports differ from those of an earlier run.
    started: Option<u64>,
    reports_of_ours: u64,
    pub(super) trades: Trades,
    pub(super) newsroom: Newsroom,
}

/// An OrderMassStatusRequest (AF) that a venue has not answered in full.
#[derive(Clone, Copy, Debug)]
struct Asked {
    request: ChildId,
    /// Answers so far.
    count: u64,
}

impl Desk {
    pub(super) fn new(directory: &Directory, commands: Producer<Inbound>) -> Self {
        let sessions = directory.sessions_end();
        Self {
            commands: Some(commands),
            closing: false,
            waiting: VecDeque::new(),
            pushed: 0,
            told: 0,
            orders_out: OrdersOut::default(),
            doubts: Doubts::default(),
            up: vec![false; sessions],
            asked: [None; VENUES_MAX],
            counts: EdgeCounts::default(),
            board: EdgeBoard::new(),
            board_due: MonoNanos::new(0),
            started: None,
            reports_of_ours: 0,
            trades: Trades::default(),
            newsroom: Newsroom::default(),
        }
    }

    /// Gives a command to the engine, behind those that wait.
    pub(super) fn push(&mut self, now: Now, command: Command) {
        match &command {
            Command::VenueReport(report) => self.orders_out.reported(report),
            Command::VenueCancelReject(reject) => self.orders_out.cancel_rejected(reject),
            Command::Quote(_) => self.counts.quotes += 1,
            Command::MarketTrade(_) => self.counts.market_trades += 1,
            Command::VenuePhase { .. } => self.counts.phases += 1,
            _ => {}
        }
        let inbound = Inbound {
            received: now.mono,
            command,
        };
        let Some(commands) = &mut self.commands else {
            // Only what the edge itself finds out while it ends: a session that goes down. The
            // next start tells the engine that all are down.
            return;
        };
        if self.waiting.is_empty() && commands.try_push(inbound).is_ok() {
            self.pushed += 1;
            return;
        }
        self.counts.waited += 1;
        self.waiting.push_back(inbound);
    }

    pub(super) fn push_waiting(&mut self) {
        let Some(commands) = &mut self.commands else {
            return;
        };
        while let Some(inbound) = self.waiting.front() {
            if commands.try_push(*inbound).is_err() {
                return;
            }
            self.pushed += 1;
            self.waiting.pop_front();
        }
        if self.closing {
            self.commands = None;
        }
    }

    pub(super) fn client_says(
        &mut self,
        directory: &Directory,
        session: SessionIx,
        client: &Client,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let counts = &mut self.counts;
        let command = match message.msg_type() {
            b"D" => {
                counts.orders += 1;
                match client::new_order(message, client, directory)? {
                    Request::Command(command) => command,
                    Request::Refused(fields, refusal) => {
                        self.refuse(directory, (session, client), now, (&fields, refusal), out);
                        return Ok(());
                    }
                }
            }
            b"E" => {
                counts.lists += 1;
                return self.client_lists(directory, session, client, now, message, out);
            }
            b"F" => {
                counts.cancels += 1;
                client::cancel(message, client)?
            }
            b"G" => {
                counts.replaces += 1;
                client::replace(message, client, directory)?
            }
            b"H" => {
                counts.status_requests += 1;
                client::status(message, client, directory)?
            }
            b"AF" => {
                counts.mass_requests += 1;
                mass::status(message, client, directory)?
            }
            b"q" => {
                counts.mass_requests += 1;
                match mass::cancel(message, client, directory)? {
                    Ok(request) => Command::MassCancel(request),
                    Err(refused) => {
                        counts.refused += 1;
                        let order_id = self.exec_id(now);
                        out.send(session, b"r", |body| {
                            report::write_mass_cancel_refused(body, &refused, &order_id, now.unix);
                        });
                        return Ok(());
                    }
                }
            }
            b"AD" => {
                let sees = Sees::Own(client.session);
                return self.asks_for_trades(directory, (session, sees), message, out);
            }
            // What a client's engine says about our messages; the session has counted it.
            b"j" => return Ok(()),
            _ => return Err(refusals::unsupported(message)),
        };
        if message.poss_dup() {
            self.ask_first(now, &command);
        }
        self.push(now, command);
        Ok(())
    }

    /// Linked orders come in whole or not at all.
    fn client_lists(
        &mut self,
        directory: &Directory,
        session: SessionIx,
        client: &Client,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let list = list::new_orders(message, client, directory)?;
        match list.made {
            Ok(orders) => {
                for order in orders {
                    self.counts.orders += 1;
                    let command = Command::NewOrder(order);
                    if message.poss_dup() {
                        self.ask_first(now, &command);
                    }
                    self.push(now, command);
                }
            }
            Err(refusals) => {
                for (fields, refusal) in list.entries.iter().zip(refusals) {
                    self.refuse(directory, (session, client), now, (fields, refusal), out);
                }
            }
        }
        Ok(())
    }

    /// Reports an order as refused that the engine never sees.
    fn refuse(
        &mut self,
        directory: &Directory,
        (session, client): (SessionIx, &Client),
        now: Now,
        (fields, refusal): (&super::fields::Fields<'_>, dcx_model::Refusal),
        out: &mut Outgoing<'_>,
    ) {
        self.counts.refused += 1;
        let exec_id = self.exec_id(now);
        let write = |body: &mut Body<'_>| {
            report::write_refused(body, fields, refusal, &exec_id, now.unix);
        };
        out.send(session, b"8", write);
        self.copy(directory, (client.session, b"8"), out, write);
    }

    /// A session for copies asks for something: it may order nothing.
    pub(super) fn drop_copy_says(
        &mut self,
        directory: &Directory,
        (session, copy): (SessionIx, &DropCopy),
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        match message.msg_type() {
            b"AD" => {
                let sees = Sees::Watched(copy.watches.clone());
                self.asks_for_trades(directory, (session, sees), message, out)
            }
            b"j" => Ok(()),
            b"D" | b"E" | b"F" | b"G" | b"H" | b"q" | b"AF" => {
                self.counts.refused += 1;
                Err(copies::not_authorized(message))
            }
            _ => Err(refusals::unsupported(message)),
        }
    }

    /// Takes note of a request that may have come before, and asks how an order stands that it
    /// would open (see `doubt`).
    fn ask_first(&mut self, now: Now, command: &Command) {
        match command {
            Command::NewOrder(order) => {
                self.doubts.add(order.session, order.cl_ord_id);
                let question = StatusRequest {
                    session: order.session,
                    cl_ord_id: order.cl_ord_id,
                    instrument: order.instrument,
                    side: order.side,
                };
                self.push(now, Command::Status(question));
            }
            Command::AlgoOrder(order) => {
                self.ask_first(now, &Command::NewOrder(order.order()));
            }
            Command::Cancel(request) => self.doubts.add(request.session, request.cl_ord_id),
            Command::Replace(request) => self.doubts.add(request.session, request.cl_ord_id),
            Command::MassCancel(request) => self.doubts.add(request.session, request.cl_ord_id),
            _ => {}
        }
    }

    pub(super) fn venue_says(
        &mut self,
        directory: &Directory,
        venue: VenueId,
        now: Now,
        message: &Message<'_>,
    ) -> Result<(), Unusable> {
        match message.msg_type() {
            b"8" => {
                let said = venue::report(message, venue, directory)?;
                self.counts.venue_reports += 1;
                if let Some(command) = said.command {
                    let is_orphan = matches!(command, Command::Orphan(_));
                    self.counts.orphans += u64::from(is_orphan);
                    self.push(now, command);
                }
                if let Some(answers) = said.answers {
                    self.venue_answers(now, venue, answers);
                }
            }
            b"9" => {
                let reject = venue::cancel_reject(message, venue)?;
                self.counts.venue_reports += 1;
                self.push(now, Command::VenueCancelReject(reject));
            }
            // BusinessMessageReject (j): nothing to do but count.
            b"j" => self.counts.unusable += 1,
            _ => return Err(refusals::unsupported(message).into()),
        }
        Ok(())
    }

    /// Remembers that a venue was asked for all that it works.
    pub(super) fn ask(&mut self, venue: VenueId, request: ChildId) {
        if let Some(asked) = self.asked.get_mut(usize::from(venue.get())) {
            *asked = Some(Asked { request, count: 0 });
        }
    }

    /// Tells the engine once a venue has sent all that it was asked for.
    fn venue_answers(&mut self, now: Now, venue: VenueId, answers: Answers) {
        let Some(place) = self.asked.get_mut(usize::from(venue.get())) else {
            return;
        };
        // An answer to an earlier question says nothing about this one.
        let Some(asked) = place
            .as_mut()
            .filter(|asked| asked.request == answers.request)
        else {
            return;
        };
        asked.count += 1;
        let request = asked.request;
        if answers.last || answers.total.is_some_and(|total| asked.count >= total) {
            *place = None;
            self.orders_out.answered(venue);
            self.push(now, Command::VenueMassStatusDone { venue, request });
        }
    }

    /// A session came up, or ended.
    pub(super) fn set_up(
        &mut self,
        directory: &Directory,
        session: SessionIx,
        now: Now,
        ended: Option<SessionEnd>,
    ) {
        let up = ended.is_none();
        let command = match directory.peer(session) {
            Some(Peer::Client(client)) => Command::SessionState {
                session: client.session,
                link: match ended {
                    None => SessionLink::Up,
                    Some(SessionEnd::LoggedOut) => SessionLink::LoggedOut,
                    Some(SessionEnd::Broken) => SessionLink::Disconnected,
                },
            },
            Some(Peer::Venue(venue)) => {
                if let Some(asked) = self.asked.get_mut(usize::from(venue.venue.get())) {
                    *asked = None;
                }
                Command::VenueState {
                    venue: venue.venue,
                    up,
                }
            }
            // The engine knows nothing of it, so that nothing can be ordered there.
            Some(Peer::DropCopy(_)) => {
                self.up[session.as_usize()] = up;
                if !up {
                    self.trades.ended(session);
                }
                return;
            }
            None => return,
        };
        self.up[session.as_usize()] = up;
        if !up {
            self.trades.ended(session);
        }
        self.push(now, command);
    }

    /// An ExecID (17) for a report of the edge's own. The engine's begin with a digit.
    pub(super) fn exec_id(&mut self, now: Now) -> Short {
        let started = *self.started.get_or_insert_with(|| now.unix.get());
        self.reports_of_ours += 1;
        Short::new()
            .byte(b'E')
            .uint(started / 1_000)
            .byte(b'-')
            .uint(self.reports_of_ours)
    }
}
