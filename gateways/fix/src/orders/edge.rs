//! The application behind the daemon's FIX link.

use std::collections::VecDeque;
use std::sync::Arc;

use dcx_model::{
    CancelRejected, ChildCancel, ChildOrder, ClOrdId, Command, CxlRejReason, Event, ExecId,
    ExecType, Inbound, MonoNanos, Nanos, Now, OrdRejReason, OrdStatus, OrderView, Outbound, Price,
    Qty, Refusal, SessionId, StatusRequest, VenueCancelReject, VenueId, VenueReport,
};
use dcx_ring::{Poller, Producer};

use super::client::{self, Report, Request, Trade};
use super::counts::{EdgeBoard, EdgeCounts};
use super::directory::{Client, Directory, Peer};
use super::doubt::Doubts;
use super::value::Short;
use super::venue::{self, Books, Unusable};
use crate::{AppReject, Application, Message, Outgoing, SessionIx};

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
#[derive(Debug)]
pub struct OrderEdge {
    events: Poller<Outbound>,
    /// What the link's sessions and the wire's names mean.
    directory: Directory,
    desk: Desk,
}

/// What changes as the edge works.
#[derive(Debug)]
struct Desk {
    /// None once the edge is closed.
    commands: Option<Producer<Inbound>>,
    closing: bool,
    /// Commands for which the ring had no room, oldest first.
    waiting: VecDeque<Inbound>,
    /// Commands put into the ring.
    pushed: u64,
    doubts: Doubts,
    /// By session; empty for clients.
    books: Vec<Books>,
    /// By session: whether it is logged on.
    up: Vec<bool>,
    counts: EdgeCounts,
    board: Arc<EdgeBoard>,
    board_due: MonoNanos,
    /// Makes the ExecIDs of our own reports differ from those of an earlier run.
    started: Option<u64>,
    reports_of_ours: u64,
}

impl OrderEdge {
    /// An edge that gives commands to `commands` and takes events from `events`.
    #[must_use]
    pub fn new(
        directory: Directory,
        commands: Producer<Inbound>,
        events: Poller<Outbound>,
    ) -> Self {
        let sessions = directory.sessions_end();
        let books = (0..sessions).map(|ix| {
            let ix = SessionIx::new(u16::try_from(ix).unwrap_or(u16::MAX));
            match directory.peer(ix) {
                Some(Peer::Venue(_)) => Books::new(directory.instruments_end()),
                Some(Peer::Client(_)) | None => Books::default(),
            }
        });
        let desk = Desk {
            commands: Some(commands),
            closing: false,
            waiting: VecDeque::new(),
            pushed: 0,
            doubts: Doubts::default(),
            books: books.collect(),
            up: vec![false; sessions],
            counts: EdgeCounts::default(),
            board: EdgeBoard::new(),
            board_due: MonoNanos::new(0),
            started: None,
            reports_of_ours: 0,
        };
        Self {
            events,
            directory,
            desk,
        }
    }

    /// Takes no more messages, and lets go of the engine's ring once what was taken is in it.
    ///
    /// The link then reads no more: what peers send meanwhile is not acknowledged, and they send
    /// it again at the next logon. Events are told on.
    pub fn close(&mut self) {
        self.desk.closing = true;
    }

    /// Whether the engine has ended and every event was told.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.events.is_drained()
    }

    /// What it has counted.
    #[must_use]
    pub const fn counts(&self) -> &EdgeCounts {
        &self.desk.counts
    }

    /// Where other threads read the counts.
    #[must_use]
    pub fn board(&self) -> Arc<EdgeBoard> {
        Arc::clone(&self.desk.board)
    }
}

impl Desk {
    /// Gives a command to the engine, behind those that wait.
    fn push(&mut self, now: Now, command: Command) {
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

    fn push_waiting(&mut self) {
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

    fn client_says(
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
                        counts.refused += 1;
                        let exec_id = self.exec_id(now);
                        out.send(session, b"8", |body| {
                            client::write_refused(body, &fields, refusal, &exec_id, now.unix);
                        });
                        return Ok(());
                    }
                }
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
            // What a client's engine says about our messages; the session has counted it.
            b"j" => return Ok(()),
            _ => return Err(AppReject::unsupported_message_type()),
        };
        if message.poss_dup() {
            self.ask_first(now, &command);
        }
        self.push(now, command);
        Ok(())
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
            Command::Cancel(request) => self.doubts.add(request.session, request.cl_ord_id),
            Command::Replace(request) => self.doubts.add(request.session, request.cl_ord_id),
            _ => {}
        }
    }

    fn venue_says(
        &mut self,
        directory: &Directory,
        session: SessionIx,
        venue: VenueId,
        now: Now,
        message: &Message<'_>,
    ) -> Result<(), Unusable> {
        match message.msg_type() {
            b"8" => {
                let command = venue::report(message, venue)?;
                self.counts.venue_reports += 1;
                self.push(now, command);
            }
            b"9" => {
                let command = venue::cancel_reject(message, venue)?;
                self.counts.venue_reports += 1;
                self.push(now, command);
            }
            b"W" | b"X" => self.book_says(directory, session, venue, now, message)?,
            // MarketDataRequestReject (Y) and BusinessMessageReject (j): nothing to do but count.
            b"Y" | b"j" => self.counts.unusable += 1,
            _ => return Err(AppReject::unsupported_message_type().into()),
        }
        Ok(())
    }

    fn book_says(
        &mut self,
        directory: &Directory,
        session: SessionIx,
        venue: VenueId,
        now: Now,
        message: &Message<'_>,
    ) -> Result<(), AppReject> {
        let Some(books) = self.books.get_mut(session.as_usize()) else {
            return Ok(());
        };
        let mut books = std::mem::take(books);
        let unknown = books.unknown;
        let read = books.read(message, venue, directory, |quote| {
            self.counts.quotes += 1;
            self.push(now, Command::Quote(quote));
        });
        self.counts.unusable += books.unknown - unknown;
        self.books[session.as_usize()] = books;
        read
    }

    /// Answers an order or a cancel for a venue that is not logged on, as the venue would.
    fn bounce(&mut self, now: Now, outbound: &Outbound) {
        self.counts.bounced += 1;
        let exec_id = ExecId::new(self.exec_id(now).as_bytes());
        let command = match &outbound.event {
            Event::ChildSent(order) => bounced_order(order, exec_id.unwrap_or_default()),
            Event::ChildCancel(cancel) => bounced_cancel(cancel),
            _ => return,
        };
        self.push(now, command);
    }

    /// Tells clients and venues what happened. Returns whether it was for one of them.
    fn tell(
        &mut self,
        directory: &Directory,
        now: Now,
        outbound: &Outbound,
        out: &mut Outgoing<'_>,
    ) {
        match &outbound.event {
            Event::Accepted { view, held } => {
                self.doubts.accepted(view);
                let report = Report {
                    held: *held,
                    ..Report::new(ExecType::New, view)
                };
                self.report(directory, outbound, &report, out);
            }
            Event::Rejected { view, refusal } => {
                self.rejected(directory, outbound, view, *refusal, out)
            }
            Event::Trade {
                view,
                venue,
                last_qty,
                last_px,
                child: _,
            } => {
                let trade = Trade {
                    last_qty: *last_qty,
                    last_px: *last_px,
                    venue: directory.venue_name(*venue),
                };
                let report = Report {
                    trade: Some(trade),
                    ..Report::new(ExecType::Trade, view)
                };
                self.report(directory, outbound, &report, out);
            }
            Event::PendingCancel {
                view,
                orig_cl_ord_id,
            } => self.renamed(
                directory,
                outbound,
                ExecType::PendingCancel,
                view,
                *orig_cl_ord_id,
                out,
            ),
            Event::Canceled {
                view,
                orig_cl_ord_id,
            } => self.renamed(
                directory,
                outbound,
                ExecType::Canceled,
                view,
                *orig_cl_ord_id,
                out,
            ),
            Event::PendingReplace {
                view,
                orig_cl_ord_id,
            } => self.renamed(
                directory,
                outbound,
                ExecType::PendingReplace,
                view,
                *orig_cl_ord_id,
                out,
            ),
            Event::Replaced {
                view,
                orig_cl_ord_id,
            } => self.renamed(
                directory,
                outbound,
                ExecType::Replaced,
                view,
                *orig_cl_ord_id,
                out,
            ),
            Event::Expired { view } => {
                self.report(
                    directory,
                    outbound,
                    &Report::new(ExecType::Expired, view),
                    out,
                );
            }
            Event::Status { view } => self.status(directory, outbound, view, out),
            Event::CancelRejected(rejected) => {
                self.cancel_rejected(directory, outbound, rejected, out)
            }
            Event::ChildSent(order) => self.child(directory, now, outbound, order.venue, out),
            Event::ChildCancel(cancel) => self.child(directory, now, outbound, cancel.venue, out),
            Event::Ignored { .. }
            | Event::Digest { .. }
            | Event::PendingNew { .. }
            | Event::Triggered { .. }
            | Event::Restated { .. }
            | Event::TradeCanceled { .. }
            | Event::TradeCorrected { .. }
            | Event::MassCanceled(_)
            | Event::MassStatus { .. }
            | Event::ChildQuery(_)
            | Event::VenueMassStatus { .. }
            | Event::OrphanCancel(_)
            | Event::ChildUnknown { .. }
            | Event::VenueReconciled { .. }
            | Event::VenueUnconfirmed { .. }
            | Event::LimitSet(_)
            | Event::LimitProposed(_)
            | Event::LimitDropped(_)
            | Event::LimitNear { .. }
            | Event::StateSet { .. }
            | Event::OperatorDone { .. }
            | Event::OperatorRefused { .. } => {}
        }
    }

    fn rejected(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        view: &OrderView,
        refusal: Refusal,
        out: &mut Outgoing<'_>,
    ) {
        if !self.doubts.passes_rejected(view, &refusal) {
            self.counts.seen_before += 1;
            return;
        }
        let report = Report {
            refusal: Some(refusal),
            ..Report::new(ExecType::Rejected, view)
        };
        self.report(directory, outbound, &report, out);
    }

    fn status(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        view: &OrderView,
        out: &mut Outgoing<'_>,
    ) {
        if self.doubts.passes_status(view) {
            self.report(
                directory,
                outbound,
                &Report::new(ExecType::OrderStatus, view),
                out,
            );
        }
    }

    fn renamed(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        exec_type: ExecType,
        view: &OrderView,
        orig_cl_ord_id: ClOrdId,
        out: &mut Outgoing<'_>,
    ) {
        self.doubts.accepted(view);
        let report = Report {
            orig_cl_ord_id: Some(orig_cl_ord_id),
            ..Report::new(exec_type, view)
        };
        self.report(directory, outbound, &report, out);
    }

    fn report(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        report: &Report<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Some(session) = self.client(directory, report.view.session) else {
            return;
        };
        self.counts.reports += 1;
        out.send(session, b"8", |body| {
            client::write_report(body, outbound, report, directory);
        });
    }

    fn cancel_rejected(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        rejected: &CancelRejected,
        out: &mut Outgoing<'_>,
    ) {
        if !self.doubts.passes_cancel_rejected(rejected) {
            self.counts.seen_before += 1;
            return;
        }
        let Some(session) = self.client(directory, rejected.session) else {
            return;
        };
        self.counts.reports += 1;
        out.send(session, b"9", |body| {
            client::write_cancel_rejected(body, outbound, rejected);
        });
    }

    fn child(
        &mut self,
        directory: &Directory,
        now: Now,
        outbound: &Outbound,
        venue: VenueId,
        out: &mut Outgoing<'_>,
    ) {
        let Some(session) = directory.venue(venue) else {
            self.counts.unroutable += 1;
            return self.bounce(now, outbound);
        };
        if !self.up[session.as_usize()] {
            return self.bounce(now, outbound);
        }
        self.counts.children += 1;
        match &outbound.event {
            Event::ChildSent(order) => out.send(session, b"D", |body| {
                venue::write_order(body, outbound, order, directory);
            }),
            Event::ChildCancel(cancel) => out.send(session, b"F", |body| {
                venue::write_cancel(body, outbound, cancel, directory);
            }),
            _ => {}
        }
    }

    fn client(&mut self, directory: &Directory, session: SessionId) -> Option<SessionIx> {
        let found = directory.client(session);
        self.counts.unroutable += u64::from(found.is_none());
        found
    }

    fn set_up(&mut self, directory: &Directory, session: SessionIx, now: Now, up: bool) {
        let command = match directory.peer(session) {
            Some(Peer::Client(client)) => Command::SessionState {
                session: client.session,
                link: if up {
                    dcx_model::SessionLink::Up
                } else {
                    dcx_model::SessionLink::Disconnected
                },
            },
            Some(Peer::Venue(venue)) => Command::VenueState {
                venue: venue.venue,
                up,
            },
            None => return,
        };
        self.up[session.as_usize()] = up;
        self.push(now, command);
    }

    /// An ExecID (17) for a report of the edge's own. The engine's begin with a digit.
    fn exec_id(&mut self, now: Now) -> Short {
        let started = *self.started.get_or_insert_with(|| now.unix.get());
        self.reports_of_ours += 1;
        Short::new()
            .byte(b'E')
            .uint(started / 1_000)
            .byte(b'-')
            .uint(self.reports_of_ours)
    }
}

fn bounced_order(order: &ChildOrder, exec_id: ExecId) -> Command {
    Command::VenueReport(VenueReport {
        venue: order.venue,
        child: order.child,
        exec_id,
        exec_type: ExecType::Rejected,
        ord_status: OrdStatus::Rejected,
        ord_rej_reason: OrdRejReason::ExchangeClosed,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        ..dcx_model::VenueReport::EMPTY
    })
}

/// The order itself may work on at the venue: how it stands there nobody here knows.
const fn bounced_cancel(cancel: &ChildCancel) -> Command {
    Command::VenueCancelReject(VenueCancelReject {
        venue: cancel.venue,
        child: cancel.child,
        request: cancel.request,
        cxl_rej_reason: CxlRejReason::Other,
        ord_status: OrdStatus::New,
    })
}

impl Application for OrderEdge {
    fn logged_on(&mut self, session: SessionIx, now: Now, out: &mut Outgoing<'_>) {
        let directory = &self.directory;
        self.desk.set_up(directory, session, now, true);
        let Some(Peer::Venue(venue)) = directory.peer(session) else {
            return;
        };
        if !venue.lists.is_empty() {
            out.send(session, b"V", |body| {
                venue::write_market_data_request(body, venue, directory);
            });
        }
    }

    fn logged_out(&mut self, session: SessionIx, now: Now, _out: &mut Outgoing<'_>) {
        self.desk.set_up(&self.directory, session, now, false);
        if let Some(books) = self.desk.books.get_mut(session.as_usize()) {
            books.clear();
        }
    }

    fn received(
        &mut self,
        session: SessionIx,
        now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let Self {
            directory, desk, ..
        } = self;
        match directory.peer(session) {
            Some(Peer::Client(client)) => {
                desk.client_says(directory, session, client, now, message, out)
            }
            Some(Peer::Venue(venue)) => {
                let read = desk.venue_says(directory, session, venue.venue, now, message);
                read.map_err(|unusable| {
                    desk.counts.unusable += 1;
                    unusable.into_reject()
                })
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
        if now.mono >= desk.board_due {
            desk.board_due = now.mono.plus(BOARD_EVERY);
            desk.board.write(&desk.counts);
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
}
