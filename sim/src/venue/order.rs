//! An order as the venue keeps it, a trade as it is remembered, and the reports about both.

use dcx_model::{
    ClOrdId, ExecType, Notional, OrdStatus, OrdType, Price, Qty, Side, Symbol, TimeInForce,
};

use super::report::ExecutionReport;
use super::request::{ExecInst, NewRequest};

/// What an order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// To be accepted.
    New,
    /// The cancel of this name.
    Cancel(ClOrdId),
    /// The replace of this name.
    Replace(ClOrdId),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) session: u16,
    pub(super) instrument: usize,
    /// Under its newest name.
    pub(super) request: NewRequest,
    /// The name that it came with.
    pub(super) first_cl_ord_id: ClOrdId,
    /// The name before the newest.
    pub(super) orig_cl_ord_id: Option<ClOrdId>,
    pub(super) cum_qty: Qty,
    pub(super) cum_notional: Notional,
    /// What ended without a trade. Kept, not computed: with it the ledger can be checked.
    pub(super) canceled_qty: Qty,
    pub(super) ord_status: OrdStatus,
    pub(super) pending: Option<Pending>,
    /// The session never sent it.
    pub(super) orphan: bool,
    /// The venue has lost it and knows nothing of it when asked.
    pub(super) vanished: bool,
}

impl Order {
    pub(super) fn new(id: u64, session: u16, instrument: usize, request: NewRequest) -> Self {
        Self {
            id,
            session,
            instrument,
            request,
            first_cl_ord_id: request.cl_ord_id,
            orig_cl_ord_id: None,
            cum_qty: Qty::ZERO,
            cum_notional: Notional::ZERO,
            canceled_qty: Qty::ZERO,
            ord_status: OrdStatus::New,
            pending: None,
            orphan: false,
            vanished: false,
        }
    }

    pub(super) const fn leaves_qty(&self) -> Qty {
        if self.ord_status.is_terminal() {
            return Qty::ZERO;
        }
        self.request.order_qty.saturating_minus(self.cum_qty)
    }

    /// The status as it is told. FIX 4.4 vol. 4, "Execution Report": of several states the highest
    /// in precedence is told, and a pending cancel or replace outranks Filled.
    pub(super) const fn told(&self) -> OrdStatus {
        let is_over = matches!(
            self.ord_status,
            OrdStatus::Canceled | OrdStatus::Rejected | OrdStatus::Expired | OrdStatus::DoneForDay
        );
        match self.pending {
            _ if is_over => self.ord_status,
            Some(Pending::New) => OrdStatus::PendingNew,
            Some(Pending::Cancel(_)) => OrdStatus::PendingCancel,
            Some(Pending::Replace(_)) => OrdStatus::PendingReplace,
            None => self.ord_status,
        }
    }

    /// The status that its quantities give it while it works.
    pub(super) fn working_status(&self) -> OrdStatus {
        if self.cum_qty.is_zero() {
            OrdStatus::New
        } else if self.cum_qty == self.request.order_qty {
            OrdStatus::Filled
        } else {
            OrdStatus::PartiallyFilled
        }
    }

    /// Whether its remainder can rest.
    pub(super) const fn can_rest(&self) -> bool {
        self.request.limit_px.is_some()
            && matches!(
                self.request.time_in_force,
                TimeInForce::Day | TimeInForce::Gtc
            )
    }
}

/// What has become of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeState {
    /// It stands.
    Good,
    /// It was cancelled by the report of this ExecID.
    Busted(u64),
    /// Another took its place, under this ExecID.
    Corrected(u64),
}

/// One side of a trade.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) exec_id: u64,
    pub(super) order: u64,
    pub(super) qty: Qty,
    pub(super) px: Price,
    pub(super) state: TradeState,
}

/// The report about an order as it stands.
pub(super) fn state(order: &Order, (exec_id, exec_type): (u64, ExecType)) -> ExecutionReport {
    ExecutionReport {
        order_id: order.id,
        ord_status: order.told(),
        cum_qty: order.cum_qty,
        leaves_qty: order.leaves_qty(),
        avg_px: order.cum_notional.average(order.cum_qty),
        ..unknown(order.session, order.request, (exec_id, exec_type))
    }
}

/// The report about an order that the venue does not keep.
pub(super) fn unknown(
    session: u16,
    request: NewRequest,
    (exec_id, exec_type): (u64, ExecType),
) -> ExecutionReport {
    ExecutionReport {
        session,
        order_id: 0,
        cl_ord_id: request.cl_ord_id,
        orig_cl_ord_id: None,
        exec_id,
        exec_ref_id: 0,
        exec_type,
        ord_status: OrdStatus::Rejected,
        ord_rej_reason: None,
        symbol: request.symbol,
        side: request.side,
        ord_type: request.ord_type,
        time_in_force: request.time_in_force,
        order_qty: request.order_qty,
        limit_px: request.limit_px,
        max_floor: request.max_floor,
        min_qty: request.min_qty,
        exec_inst: request.exec_inst,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        avg_px: Price::ZERO,
        mass_status: None,
        text: "",
    }
}

/// A request about nothing but a name, a symbol and a side.
pub(super) const fn nothing(cl_ord_id: ClOrdId, symbol: Symbol, side: Side) -> NewRequest {
    NewRequest {
        cl_ord_id,
        symbol,
        side,
        ord_type: OrdType::Market,
        time_in_force: TimeInForce::Day,
        order_qty: Qty::ZERO,
        limit_px: None,
        max_floor: None,
        min_qty: None,
        exec_inst: ExecInst {
            post_only: false,
            all_or_none: false,
        },
        unsupported: None,
    }
}
