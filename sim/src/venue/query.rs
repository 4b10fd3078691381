//! Questions about orders, and orders about many orders at once.

use dcx_model::{ClOrdId, ExecType, OrdStatus, Side, Symbol};

use super::exchange::Exchange;
use super::order::{nothing, state, unknown};
use super::report::{ExecutionReport, MassCanceled, MassStatusPart, Report};
use super::request::{MassStatusReqId, Scope};

/// FIX 4.4, tag 532: the request is not supported.
const MASS_CANCEL_NOT_SUPPORTED: u32 = 0;

/// FIX 4.4, tag 532: invalid or unknown security.
const MASS_CANCEL_UNKNOWN_SECURITY: u32 = 1;

impl Exchange {
    pub(super) fn status(
        &self,
        session: u16,
        (cl_ord_id, order_id): (ClOrdId, u64),
        (symbol, side): (Symbol, Side),
        out: &mut Vec<Report>,
    ) {
        let by_id = || {
            let order = self.order(order_id)?;
            (order.session == session && !order.vanished).then_some(order)
        };
        let report = match self.known(session, cl_ord_id).or_else(by_id) {
            Some(order) => ExecutionReport {
                orig_cl_ord_id: order.orig_cl_ord_id,
                ..state(order, (0, ExecType::OrderStatus))
            },
            None => {
                let asked = nothing(cl_ord_id, symbol, side);
                ExecutionReport {
                    text: "unknown order",
                    ..unknown(session, asked, (0, ExecType::OrderStatus))
                }
            }
        };
        out.push(Report::Execution(report));
    }

    pub(super) fn mass_status(
        &self,
        session: u16,
        mass_status_req_id: MassStatusReqId,
        scope: Scope,
        out: &mut Vec<Report>,
    ) {
        let ids = self.working_of(session, (scope, None));
        let tot_num_reports = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let part = |last_rpt_requested| {
            Some(MassStatusPart {
                mass_status_req_id,
                tot_num_reports,
                last_rpt_requested,
            })
        };
        let last = ids.last().copied();
        for id in ids {
            if let Some(order) = self.order(id) {
                out.push(Report::Execution(ExecutionReport {
                    orig_cl_ord_id: order.orig_cl_ord_id,
                    mass_status: part(last == Some(id)),
                    ..state(order, (0, ExecType::OrderStatus))
                }));
            }
        }
        if last.is_none() {
            // FIX 4.4 vol. 4, "Order Mass Status Request": one rejected report where there is none.
            // Symbol and Side are required of every report, so something stands there.
            let symbol = match scope {
                Scope::Security(symbol) => symbol,
                Scope::All | Scope::Unsupported => Symbol::new(b"[N/A]").unwrap_or(Symbol::EMPTY),
            };
            let asked = nothing(ClOrdId::EMPTY, symbol, Side::Buy);
            out.push(Report::Execution(ExecutionReport {
                mass_status: part(true),
                text: match scope {
                    Scope::All | Scope::Security(_) => "no working order",
                    Scope::Unsupported => "MassStatusReqType (585) not supported",
                },
                ..unknown(session, asked, (0, ExecType::OrderStatus))
            }));
        }
    }

    pub(super) fn mass_cancel(
        &mut self,
        session: u16,
        cl_ord_id: ClOrdId,
        (scope, side): (Scope, Option<Side>),
        out: &mut Vec<Report>,
    ) {
        let refusal = match scope {
            Scope::Unsupported => Some((MASS_CANCEL_NOT_SUPPORTED, "type (530) not supported")),
            Scope::Security(symbol) if self.find(symbol.as_bytes()).is_none() => {
                Some((MASS_CANCEL_UNKNOWN_SECURITY, "unknown Symbol (55)"))
            }
            Scope::Security(_) | Scope::All => None,
        };
        let ids = match refusal {
            Some(_) => Vec::new(),
            None => self.working_of(session, (scope, side)),
        };
        let affected = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        self.mass_cancels += 1;
        out.push(Report::MassCanceled(MassCanceled {
            session,
            cl_ord_id,
            order_id: self.mass_cancels,
            scope,
            affected: refusal.map_or(Ok(affected), |(reason, _)| Err(reason)),
            text: refusal.map_or("", |(_, text)| text),
        }));
        self.cancel_these(ids, "mass cancel", out);
    }

    /// Cancels all that works of a session, for this reason. Returns how many.
    pub fn cancel_all(&mut self, session: u16, why: &'static str, out: &mut Vec<Report>) -> usize {
        let ids = self.working_of(session, (Scope::All, None));
        let count = ids.len();
        self.cancel_these(ids, why, out);
        count
    }

    /// Cancels an order that nobody asked to be cancelled; false if it does not work.
    pub fn cancel_unasked(&mut self, id: u64, out: &mut Vec<Report>) -> bool {
        let works = self.alive.contains(&id);
        if works {
            self.cancel_these(vec![id], "cancelled by the venue", out);
        }
        works
    }

    fn cancel_these(&mut self, ids: Vec<u64>, text: &'static str, out: &mut Vec<Report>) {
        for id in ids {
            self.unrest(id);
            self.set_done(id, OrdStatus::Canceled);
            if let Some(order) = self.order(id).copied() {
                let report = self.view(&order, ExecType::Canceled);
                out.push(Report::Execution(ExecutionReport { text, ..report }));
            }
        }
    }

    /// The orders of a session that work, in the order they came.
    fn working_of(&self, session: u16, (scope, side): (Scope, Option<Side>)) -> Vec<u64> {
        let wanted = |id: &u64| {
            self.order(*id).is_some_and(|order| {
                let in_scope = match scope {
                    Scope::All => true,
                    Scope::Security(symbol) => order.request.symbol == symbol,
                    Scope::Unsupported => false,
                };
                let of_side = side.is_none_or(|side| side == order.request.side);
                order.session == session && in_scope && of_side
            })
        };
        self.alive.iter().copied().filter(wanted).collect()
    }
}
