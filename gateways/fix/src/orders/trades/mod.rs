//! Trade capture: trades told again to who asks for them (AD, AQ, AE).
//!
//! A client gets its own trades, a session for copies those of whom it watches. Past trades come
//! out of a [`TradeLog`]; a subscription follows it. Each request has a place in the log up to
//! which it was told, and goes on from there a bounded piece each cycle, only while what was sent
//! before is with the kernel: neither a long log nor a peer that does not read holds up orders.

mod log;
mod request;
mod tell;

use std::sync::Arc;

use dcx_model::{ClOrdId, SessionId};

use self::request::{Asked, Filter, Mode, OTHER, Refused};
use self::tell::{Answer, Place};
use super::counts::EdgeCounts;
use super::desk::Desk;
use super::directory::{Directory, Watched};
use crate::{AppReject, Flushed, Message, Outgoing, SessionIx};

pub use self::log::{TradeLog, TradeRow};

/// Requests of one session that are being answered, subscriptions included.
const REQUESTS_MAX: usize = 8;

/// Rows of the log that are looked at for one request in one cycle.
const ROWS_PER_CYCLE: u64 = 256;

/// TradeCaptureReports (AE) that are sent for one request in one cycle.
const REPORTS_PER_CYCLE: u64 = 16;

/// `BusinessRejectReason` (380): application not available.
const NOT_AVAILABLE: u16 = 4;

/// Whose trades a session may see.
#[derive(Clone, Debug)]
pub(super) enum Sees {
    Own(SessionId),
    Watched(Watched),
}

impl Sees {
    fn has(&self, session: SessionId) -> bool {
        match self {
            Self::Own(own) => *own == session,
            Self::Watched(watched) => watched.has(session),
        }
    }
}

/// What a request was told so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// How many trades there are is being counted.
    Counting { total: u64 },
    /// So many of them are still to be told.
    Telling { total: u64, left: u64 },
    /// What is new is told as it comes.
    Following,
}

/// A request that is being answered.
#[derive(Debug)]
struct Request {
    to: SessionIx,
    sees: Sees,
    id: ClOrdId,
    /// `TradeRequestType` (569), one byte by then.
    kind: u8,
    mode: Mode,
    symbol: Box<[u8]>,
    filter: Filter,
    /// Where it begins, and where the log ended when it was asked.
    first: u64,
    end: u64,
    /// The next row to look at.
    next: u64,
    progress: Progress,
}

impl Request {
    fn asked(&self) -> Asked<'_> {
        Asked {
            request: self.id,
            kind: std::slice::from_ref(&self.kind),
            mode: self.mode,
            symbol: &self.symbol,
        }
    }
}

/// The log and who reads it.
#[derive(Debug, Default)]
pub(super) struct Trades {
    pub(super) log: TradeLog,
    requests: Vec<Request>,
    /// Whether what was sent to a session is with the kernel.
    pub(super) flushed: Option<Arc<Flushed>>,
}

impl Trades {
    /// Forgets the requests of a session that ended: nobody would know of a gap in what follows.
    pub(super) fn ended(&mut self, session: SessionIx) {
        self.requests.retain(|request| request.to != session);
    }

    fn begin(&mut self, request: Request) -> Result<(), Refused> {
        let mut of_session = self.requests.iter().filter(|it| it.to == request.to);
        if of_session.clone().any(|it| it.id == request.id) {
            let text = "a request of this TradeRequestID is being answered";
            return Err(refused(text));
        }
        if of_session.by_ref().count() >= REQUESTS_MAX {
            return Err(refused(
                "too many requests of this session are being answered",
            ));
        }
        self.requests.push(request);
        Ok(())
    }

    fn unsubscribe(&mut self, to: SessionIx, id: ClOrdId) -> Result<(), Refused> {
        let before = self.requests.len();
        self.requests.retain(|it| (it.to, it.id) != (to, id));
        match self.requests.len() == before {
            true => Err(refused(
                "no request of this TradeRequestID is being answered",
            )),
            false => Ok(()),
        }
    }

    /// Goes on with every request.
    #[inline]
    pub(super) fn go_on(
        &mut self,
        directory: &Directory,
        counts: &mut EdgeCounts,
        out: &mut Outgoing<'_>,
    ) {
        if self.requests.is_empty() {
            return;
        }
        let (log, flushed) = (&self.log, self.flushed.as_deref());
        self.requests.retain_mut(|request| {
            let reads = !flushed.is_some_and(|it| it.is_behind(request.to, u64::MAX));
            request.go_on(log, reads, (directory, counts), out)
        });
    }
}

fn refused(text: &'static str) -> Refused {
    Refused {
        result: OTHER,
        text: text.into(),
    }
}

impl Request {
    /// Goes on by a piece; false once nothing more is to come.
    fn go_on(
        &mut self,
        log: &TradeLog,
        reads: bool,
        (directory, counts): (&Directory, &mut EdgeCounts),
        out: &mut Outgoing<'_>,
    ) -> bool {
        if self.next < log.first() {
            let text = "trades were forgotten before they could be told: ask again";
            tell::answer(self.to, self.asked(), &Answer::refused(&refused(text)), out);
            return false;
        }
        if let Progress::Counting { total } = self.progress {
            return self.count(log, total, out);
        }
        if !reads {
            return true;
        }
        let (mut looked, mut told) = (0, 0);
        while looked < ROWS_PER_CYCLE && told < REPORTS_PER_CYCLE {
            let Some(row) = log.row(self.next) else {
                break;
            };
            self.next += 1;
            looked += 1;
            if !(self.sees.has(row.view.session) && self.filter.has(row)) {
                continue;
            }
            told += 1;
            counts.trade_reports += 1;
            let place = match &mut self.progress {
                Progress::Telling { total, left } => {
                    *left -= 1;
                    Place::Past {
                        total: *total,
                        last: *left == 0,
                    }
                }
                Progress::Counting { .. } | Progress::Following => Place::New,
            };
            // Whose trade it is: one's own goes without saying.
            let of = match &self.sees {
                Sees::Own(_) => "",
                Sees::Watched(_) => directory.client_name(row.view.session),
            };
            tell::report(self.to, (self.asked(), place, of), row, directory, out);
            if let Progress::Telling { left: 0, .. } = self.progress {
                if self.mode != Mode::Subscribe {
                    return false;
                }
                self.progress = Progress::Following;
            }
        }
        true
    }

    /// Counts a piece. Once all are counted the request is acknowledged, and told from the first.
    fn count(&mut self, log: &TradeLog, mut total: u64, out: &mut Outgoing<'_>) -> bool {
        let end = self.end.min(self.next + ROWS_PER_CYCLE);
        for number in self.next..end {
            let meant = log
                .row(number)
                .is_some_and(|row| self.sees.has(row.view.session) && self.filter.has(row));
            total += u64::from(meant);
        }
        self.next = end;
        self.progress = Progress::Counting { total };
        if end < self.end {
            return true;
        }
        tell::answer(self.to, self.asked(), &Answer::taken(total), out);
        match (total, self.mode) {
            (0, Mode::Snapshot | Mode::Unsubscribe) => return false,
            // What came meanwhile is new.
            (0, Mode::Subscribe) => self.progress = Progress::Following,
            (total, _) => {
                self.progress = Progress::Telling { total, left: total };
                self.next = self.first;
            }
        }
        true
    }
}

impl Desk {
    /// Reads a TradeCaptureReportRequest (AD) of a client, or of a session for copies.
    pub(super) fn asks_for_trades(
        &mut self,
        directory: &Directory,
        (from, sees): (SessionIx, Sees),
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        self.counts.trade_requests += 1;
        let asked = request::asked(message)?;
        if !self.trades.log.is_on() {
            return Err(AppReject::Business {
                reason: NOT_AVAILABLE,
                ref_id: Some(asked.request.as_bytes().to_vec()),
                text: "application not available: no trades are kept here".into(),
            });
        }
        let taken = self.take_request(directory, (from, sees), asked, message)?;
        let answer = match &taken {
            Ok(Taken::Begun) => return Ok(()),
            Ok(Taken::Ended) => Answer::ended(),
            Err(refused) => {
                self.counts.refused += 1;
                Answer::refused(refused)
            }
        };
        tell::answer(from, asked, &answer, out);
        Ok(())
    }

    fn take_request(
        &mut self,
        directory: &Directory,
        (to, sees): (SessionIx, Sees),
        asked: Asked<'_>,
        message: &Message<'_>,
    ) -> Result<Result<Taken, Refused>, AppReject> {
        if asked.mode == Mode::Unsubscribe {
            let ended = self.trades.unsubscribe(to, asked.request);
            return Ok(ended.map(|()| Taken::Ended));
        }
        let filter = match request::filter(message, directory)? {
            Ok(filter) => filter,
            Err(refused) => return Ok(Err(refused)),
        };
        let log = &self.trades.log;
        let forgotten = log.forgotten(|session| sees.has(session));
        if let Some(until) = forgotten.filter(|until| *until >= filter.from) {
            return Ok(Err(request::too_old(until)));
        }
        let first = log.first_from(filter.from);
        let begun = self.trades.begin(Request {
            to,
            sees,
            id: asked.request,
            kind: asked.kind.first().copied().unwrap_or(b'0'),
            mode: asked.mode,
            symbol: asked.symbol.into(),
            filter,
            first,
            end: self.trades.log.end(),
            next: first,
            progress: Progress::Counting { total: 0 },
        });
        Ok(begun.map(|()| Taken::Begun))
    }
}

/// What becomes of a request that is not refused.
enum Taken {
    /// It is answered piece by piece.
    Begun,
    /// A subscription ended.
    Ended,
}
