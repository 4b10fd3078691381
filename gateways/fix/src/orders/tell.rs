//! The way out: events, to what clients and venues are told.

use dcx_model::{
    CancelRejected, ChildCancel, ChildOrder, Command, CxlRejReason, Event, ExecId, ExecType,
    MassCanceled, Now, OrdRejReason, OrdStatus, OrderView, Outbound, Refusal, SessionId,
    VenueCancelReject, VenueId, VenueReport,
};

use super::desk::Desk;
use super::directory::Directory;
use super::report::{self, Mass, Report, Trade};
use super::venue;
use crate::{Body, Outgoing, SessionIx};

impl Desk {
    /// Tells clients and venues what happened.
    pub(super) fn tell(
        &mut self,
        directory: &Directory,
        now: Now,
        outbound: &Outbound,
        out: &mut Outgoing<'_>,
    ) {
        self.orders_out.event(&outbound.event);
        let place = report::place_of(outbound);
        self.trades.log.take(outbound.at, place, &outbound.event);
        match &outbound.event {
            Event::ChildSent(order) => self.child_sent(directory, now, outbound, order, out),
            Event::ChildCancel(_)
            | Event::ChildQuery(_)
            | Event::VenueMassStatus { .. }
            | Event::OrphanCancel(_) => self.ask_venue(directory, now, outbound, out),
            Event::Rejected { view, refusal } => {
                self.rejected(directory, outbound, view, *refusal, out);
            }
            Event::Status { view } => self.status(directory, outbound, view, out),
            Event::CancelRejected(rejected) => {
                self.cancel_rejected(directory, outbound, rejected, out);
            }
            Event::MassCanceled(canceled) => self.mass_canceled(directory, outbound, canceled, out),
            Event::Accepted { .. }
            | Event::Trade { .. }
            | Event::PendingCancel { .. }
            | Event::Canceled { .. }
            | Event::PendingReplace { .. }
            | Event::Replaced { .. }
            | Event::Expired { .. }
            | Event::PendingNew { .. }
            | Event::Triggered { .. }
            | Event::Restated { .. }
            | Event::TradeCanceled { .. }
            | Event::TradeCorrected { .. }
            | Event::MassStatus { .. } => self.progress(directory, outbound, out),
            Event::Ignored { .. }
            | Event::Digest { .. }
            | Event::ChildUnknown { .. }
            | Event::VenueReconciled { .. }
            | Event::VenueUnconfirmed { .. }
            | Event::Planned(_)
            | Event::Sliced(_)
            | Event::SchedulePaused { .. }
            | Event::ScheduleResumed { .. }
            | Event::LimitSet(_)
            | Event::LimitProposed(_)
            | Event::LimitDropped(_)
            | Event::OperatorDone { .. }
            | Event::OperatorRefused { .. }
            | Event::Routed(_)
            | Event::Rewarded(_)
            | Event::FeedGapped(_)
            | Event::FeedRestored { .. } => {}
            Event::LimitNear { .. } | Event::StateSet { .. } | Event::VenueFitness(_) => {
                self.tell_news(directory, now, &outbound.event, out);
            }
        }
    }

    /// Tells a client how its order goes on.
    fn progress(&mut self, directory: &Directory, outbound: &Outbound, out: &mut Outgoing<'_>) {
        let Some(report) = progress_of(&outbound.event, directory) else {
            return;
        };
        // What answers a request says that it was new. A fill does not: the order may be living.
        let opens = matches!(report.exec_type, ExecType::New | ExecType::PendingNew);
        if opens || report.orig_cl_ord_id.is_some() {
            self.doubts.accepted(report.view);
        }
        self.report(directory, outbound, &report, out);
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
            let report = Report::new(ExecType::OrderStatus, view);
            self.report(directory, outbound, &report, out);
        }
    }

    fn report(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        report: &Report<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let to = (report.view.session, b"8");
        self.tell_client(directory, to, out, |body| {
            report::write_report(body, outbound, report, directory);
        });
    }

    fn cancel_rejected(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        rejected: &CancelRejected,
        out: &mut Outgoing<'_>,
    ) {
        let (session, name) = (rejected.session, rejected.cl_ord_id);
        if !self.doubts.passes_refusal(session, name, &rejected.refusal) {
            self.counts.seen_before += 1;
            return;
        }
        self.tell_client(directory, (session, b"9"), out, |body| {
            report::write_cancel_rejected(body, outbound, rejected);
        });
    }

    fn mass_canceled(
        &mut self,
        directory: &Directory,
        outbound: &Outbound,
        canceled: &MassCanceled,
        out: &mut Outgoing<'_>,
    ) {
        let (session, name) = (canceled.session, canceled.cl_ord_id);
        let passes = match &canceled.refusal {
            Some(refusal) => self.doubts.passes_refusal(session, name, refusal),
            None => {
                self.doubts.forget(session, name);
                true
            }
        };
        if !passes {
            self.counts.seen_before += 1;
            return;
        }
        self.tell_client(directory, (session, b"r"), out, |body| {
            report::write_mass_canceled(body, outbound, canceled, directory);
        });
    }

    /// Sends a new order to its venue, if it may be: the last look before it is encoded.
    fn child_sent(
        &mut self,
        directory: &Directory,
        now: Now,
        outbound: &Outbound,
        order: &ChildOrder,
        out: &mut Outgoing<'_>,
    ) {
        let Some(session) = self.venue_up(directory, order.venue) else {
            return self.bounce(now, outbound);
        };
        if let Err(refusal) = self.orders_out.send(order) {
            self.counts.orders_out_refused += 1;
            self.board.stop(order.child, refusal);
            let child = order.child;
            return self.push(now, Command::OrdersOutRefused { child });
        }
        self.counts.children += 1;
        out.send(session, b"D", |body| {
            venue::write_order(body, outbound, order, directory);
        });
    }

    /// Sends a venue a cancel or a question.
    fn ask_venue(
        &mut self,
        directory: &Directory,
        now: Now,
        outbound: &Outbound,
        out: &mut Outgoing<'_>,
    ) {
        let venue = match &outbound.event {
            Event::ChildCancel(cancel) => cancel.venue,
            Event::ChildQuery(query) => query.venue,
            Event::VenueMassStatus { venue, .. } => *venue,
            Event::OrphanCancel(cancel) => cancel.venue,
            _ => return,
        };
        let Some(session) = self.venue_up(directory, venue) else {
            return self.bounce(now, outbound);
        };
        self.counts.children += 1;
        match &outbound.event {
            Event::ChildCancel(cancel) => out.send(session, b"F", |body| {
                venue::write_cancel(body, outbound, cancel, directory);
            }),
            Event::ChildQuery(query) => out.send(session, b"H", |body| {
                venue::write_query(body, query, directory);
            }),
            Event::VenueMassStatus { request, .. } => {
                self.ask(venue, *request);
                out.send(session, b"AF", |body| {
                    venue::write_mass_query(body, *request);
                });
            }
            Event::OrphanCancel(cancel) => out.send(session, b"F", |body| {
                venue::write_orphan_cancel(body, outbound, cancel, directory);
            }),
            _ => {}
        }
    }

    fn venue_up(&mut self, directory: &Directory, venue: VenueId) -> Option<SessionIx> {
        let Some(session) = directory.venue(venue) else {
            self.counts.unroutable += 1;
            return None;
        };
        self.up[session.as_usize()].then_some(session)
    }

    /// Answers what is for a venue that is not logged on, as the venue would. A question gets no
    /// answer: it is asked again.
    fn bounce(&mut self, now: Now, outbound: &Outbound) {
        self.counts.bounced += 1;
        let command = match &outbound.event {
            Event::ChildSent(order) => {
                bounced_order(order, venue::own_exec_id(self.exec_id(now).as_bytes()))
            }
            Event::ChildCancel(cancel) => bounced_cancel(cancel),
            _ => return,
        };
        self.push(now, command);
    }

    /// Sends a client a message of this type, and copies to who watches it.
    #[inline]
    fn tell_client(
        &mut self,
        directory: &Directory,
        (session, msg_type): (SessionId, &[u8; 1]),
        out: &mut Outgoing<'_>,
        write: impl Fn(&mut Body<'_>),
    ) {
        match directory.client(session) {
            Some(to) => {
                self.counts.reports += 1;
                out.send(to, msg_type, &write);
            }
            None => self.counts.unroutable += 1,
        }
        self.copy(directory, (session, msg_type), out, write);
    }
}

/// The report of an event that tells how an order goes on.
fn progress_of<'a>(event: &'a Event, directory: &Directory) -> Option<Report<'a>> {
    let renamed = |exec_type, view, orig_cl_ord_id: &_| {
        Some(Report::renamed(exec_type, view, *orig_cl_ord_id))
    };
    let traded = |exec_type, view, (last_qty, last_px): (&_, &_), venue: &_, of: Option<&_>| {
        let trade = Trade {
            last_qty: *last_qty,
            last_px: *last_px,
            venue: directory.venue_name(*venue),
            of: of.copied(),
        };
        Some(Report::traded(exec_type, view, trade))
    };
    match event {
        Event::Accepted { view, held } => Some(Report {
            text: if *held {
                "held: no venue is logged on"
            } else {
                ""
            },
            ..Report::new(ExecType::New, view)
        }),
        Event::PendingNew { view } => Some(Report {
            text: "waits for a person's approval",
            ..Report::new(ExecType::PendingNew, view)
        }),
        Event::Triggered { view } => Some(Report::new(ExecType::Triggered, view)),
        Event::Expired { view } => Some(Report::new(ExecType::Expired, view)),
        Event::Restated { view, reason } => Some(Report {
            restated: Some(*reason),
            ..Report::new(ExecType::Restated, view)
        }),
        Event::PendingCancel {
            view,
            orig_cl_ord_id,
        } => renamed(ExecType::PendingCancel, view, orig_cl_ord_id),
        Event::Canceled {
            view,
            orig_cl_ord_id,
        } => renamed(ExecType::Canceled, view, orig_cl_ord_id),
        Event::PendingReplace {
            view,
            orig_cl_ord_id,
        } => renamed(ExecType::PendingReplace, view, orig_cl_ord_id),
        Event::Replaced {
            view,
            orig_cl_ord_id,
        } => renamed(ExecType::Replaced, view, orig_cl_ord_id),
        Event::Trade {
            view,
            venue,
            last_qty,
            last_px,
            child: _,
        } => traded(ExecType::Trade, view, (last_qty, last_px), venue, None),
        Event::TradeCanceled {
            view,
            trade,
            last_qty,
            last_px,
            venue,
        } => {
            let last = (last_qty, last_px);
            traded(ExecType::TradeCancel, view, last, venue, Some(trade))
        }
        Event::TradeCorrected {
            view,
            trade,
            last_qty,
            last_px,
            venue,
        } => {
            let last = (last_qty, last_px);
            traded(ExecType::TradeCorrect, view, last, venue, Some(trade))
        }
        Event::MassStatus {
            view,
            request,
            total,
            last,
        } => Some(Report {
            mass: Some(Mass {
                request: *request,
                total: *total,
                last: *last,
            }),
            ..Report::new(ExecType::OrderStatus, view)
        }),
        _ => None,
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
        ..VenueReport::EMPTY
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
