//! What the venue does when it is due: requests take effect, reports leave, things go wrong.

use dcx_model::{ExecType, MonoNanos, Nanos};

use super::{Arrived, Leaving, Made, Report, Request, VenueApp};
use crate::venue::trouble::{Amend, End};

/// What the venue does later.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// What was told to be pending.
    Finish(Arrived),
    /// An order ends before its time.
    End(u64, End),
    /// Of a trade.
    Amend(u64, Amend),
    /// A report once more, and whether it says so.
    Again(Made, bool),
    Halt(usize),
    Resume(usize),
}

impl VenueApp {
    /// Lets requests take effect and does what is due, in the order of time.
    pub(super) fn take_effect(&mut self, now: MonoNanos) -> usize {
        let mut taken = 0;
        loop {
            let deed_due = self.deeds.first_key_value().map(|((due, _), _)| *due);
            let deed_due = deed_due.filter(|due| *due <= now);
            let is_first = |first: &mut Arrived| {
                first.due <= now && deed_due.is_none_or(|due| first.due <= due)
            };
            if let Some(arrived) = self.arrived.pop_front_if(is_first) {
                self.effect(arrived);
            } else if let Some(at) = deed_due
                && let Some((_, deed)) = self.deeds.pop_first()
            {
                self.perform(at, deed);
            } else {
                return taken;
            }
            taken += 1;
        }
    }

    fn effect(&mut self, arrived: Arrived) {
        let mut reports = std::mem::take(&mut self.reports);
        let Arrived {
            due,
            session,
            request,
            chances,
            fate,
            ..
        } = arrived;
        self.release_for(due, session, &request);
        let pending = fate
            .pending
            .filter(|_| self.exchange.pend(session, &request, &mut reports));
        match pending {
            Some(span) => {
                self.stats.trouble.pendings += 1;
                self.later(due.plus(span), Deed::Finish(arrived));
            }
            None => self
                .exchange
                .handle(session, request, chances, &mut reports),
        }
        if let (Request::New(new), Some((end, after))) = (request, fate.end)
            && let Some(id) = self.exchange.id_of(session, new.cl_ord_id)
        {
            self.later(due.plus(after), Deed::End(id, end));
        }
        self.leave(due, arrived.fill_delay, fate.lose_ack, &mut reports);
        self.reports = reports;
    }

    fn later(&mut self, at: MonoNanos, deed: Deed) {
        self.deeds_count += 1;
        self.deeds.insert((at, self.deeds_count), deed);
    }

    fn perform(&mut self, at: MonoNanos, deed: Deed) {
        let mut reports = std::mem::take(&mut self.reports);
        let trouble = &mut self.stats.trouble;
        let mut line = (Nanos::ZERO, false);
        match deed {
            Deed::Finish(arrived) => {
                line = (arrived.fill_delay, arrived.fate.lose_ack);
                let Arrived {
                    session,
                    request,
                    chances,
                    ..
                } = arrived;
                self.exchange
                    .finish(session, &request, chances, &mut reports);
            }
            Deed::End(id, End::Vanish) => {
                trouble.vanished += u64::from(self.exchange.vanish(id));
            }
            Deed::End(id, End::Cancel) => {
                let done = self.exchange.cancel_unasked(id, &mut reports);
                trouble.unasked_cancels += u64::from(done);
            }
            Deed::Amend(exec_id, Amend::Bust) => {
                trouble.busts += u64::from(self.exchange.bust(exec_id, &mut reports));
            }
            Deed::Amend(exec_id, Amend::Correct) => {
                let done = self.exchange.correct(exec_id, &mut reports);
                trouble.corrections += u64::from(done.is_some());
            }
            Deed::Again(made, poss_resend) => {
                trouble.duplicates += 1;
                self.queue(at, made, poss_resend);
            }
            Deed::Halt(instrument) => self.halt(at, instrument),
            Deed::Resume(instrument) => {
                self.exchange.resume(instrument, &mut reports);
                self.market.state_changed(instrument);
                self.plan_halt(at, instrument);
            }
        }
        self.leave(at, line.0, line.1, &mut reports);
        self.reports = reports;
    }

    fn halt(&mut self, at: MonoNanos, instrument: usize) {
        if self.exchange.halt(instrument) {
            self.stats.trouble.halts += 1;
            self.market.state_changed(instrument);
            let span = Nanos::from_millis(self.trouble.halt_ms);
            self.later(at.plus(span), Deed::Resume(instrument));
        }
    }

    pub(super) fn plan_halt(&mut self, at: MonoNanos, instrument: usize) {
        self.halts_count += 1;
        let number = self.halts_count;
        let wait = self.trouble.next_halt(self.luck.seed, instrument, number);
        if let Some(wait) = wait {
            self.later(at.plus(wait), Deed::Halt(instrument));
        }
    }

    /// A question brings out the reports that were held back: of one order, or of all.
    fn release_for(&mut self, at: MonoNanos, session: u16, request: &Request) {
        match request {
            Request::Status { cl_ord_id, .. } => {
                let id = self.exchange.id_of(session, *cl_ord_id);
                self.release(at, session, id);
            }
            Request::MassStatus { .. } => self.release(at, session, None),
            Request::New(_)
            | Request::Cancel { .. }
            | Request::Replace { .. }
            | Request::MassCancel { .. } => {}
        }
    }

    /// Sends what was held back of one order, or of the whole session.
    pub(super) fn release(&mut self, at: MonoNanos, session: u16, order_id: Option<u64>) {
        if self.withheld.is_empty() {
            return;
        }
        let is_asked = |made: &Made| match &made.report {
            Report::Execution(report) => {
                report.session == session && order_id.is_none_or(|id| id == report.order_id)
            }
            Report::CancelRejected(_) | Report::MassCanceled(_) => false,
        };
        let withheld = std::mem::take(&mut self.withheld);
        let (asked, kept): (Vec<Made>, Vec<Made>) = withheld.into_iter().partition(is_asked);
        self.withheld = kept;
        for made in asked {
            self.queue(at, made, false);
        }
    }

    /// Queues reports behind those before them, except what is lost or held back.
    pub(super) fn leave(
        &mut self,
        at: MonoNanos,
        fill_delay: Nanos,
        lose_ack: bool,
        reports: &mut Vec<Report>,
    ) {
        for report in reports.drain(..) {
            self.count(&report);
            if lose_ack && is_ack(&report) {
                self.stats.trouble.lost_acks += 1;
                continue;
            }
            let is_trade = matches!(report, Report::Execution(e) if e.exec_type == ExecType::Trade);
            if self.meets_fate(at, &report, is_trade) {
                continue;
            }
            let delay = if is_trade { fill_delay } else { Nanos::ZERO };
            self.queue(at.plus(delay), Made { at, report }, false);
        }
        self.prints.extend(self.exchange.take_prints());
    }

    /// Plans what becomes of a report; true if it is held back.
    fn meets_fate(&mut self, at: MonoNanos, report: &Report, is_trade: bool) -> bool {
        let Report::Execution(execution) = report else {
            return false;
        };
        if execution.exec_id == 0 || !self.trouble.touches_reports() {
            return false;
        }
        let exec_id = execution.exec_id;
        let fate = self.trouble.of_report(self.luck.seed, exec_id, is_trade);
        if let Some((amend, after)) = fate.amend {
            self.later(at.plus(after), Deed::Amend(exec_id, amend));
        }
        if fate.late {
            self.stats.trouble.late_fills += 1;
            let report = *report;
            self.withheld.push(Made { at, report });
            return true;
        }
        if let Some((after, poss_resend)) = fate.again {
            let report = *report;
            let again = Deed::Again(Made { at, report }, poss_resend);
            self.later(at.plus(after), again);
        }
        false
    }

    fn queue(&mut self, at: MonoNanos, made: Made, poss_resend: bool) {
        let earliest = self.leaving.back().map_or(at, |before| before.due);
        self.leaving.push_back(Leaving {
            due: earliest.max(at),
            made,
            poss_resend,
        });
    }
}

/// Whether a report answers a request, and says nothing more.
fn is_ack(report: &Report) -> bool {
    match report {
        Report::Execution(report) => match report.exec_type {
            ExecType::New
            | ExecType::PendingNew
            | ExecType::Replaced
            | ExecType::PendingCancel
            | ExecType::PendingReplace => true,
            ExecType::Canceled => report.orig_cl_ord_id.is_some(),
            ExecType::Rejected
            | ExecType::DoneForDay
            | ExecType::Expired
            | ExecType::Trade
            | ExecType::TradeCancel
            | ExecType::TradeCorrect
            | ExecType::Stopped
            | ExecType::Suspended
            | ExecType::Calculated
            | ExecType::Restated
            | ExecType::Triggered
            | ExecType::OrderStatus => false,
        },
        Report::CancelRejected(_) | Report::MassCanceled(_) => true,
    }
}
