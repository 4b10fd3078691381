//! What the venue tells a session.

use dcx_model::{
    ClOrdId, CxlRejReason, CxlRejResponseTo, ExecType, OrdRejReason, OrdStatus, OrdType, Price,
    Qty, Side, Symbol, TimeInForce,
};

use super::request::{ExecInst, MassStatusReqId, Scope};

/// A report's place among the answers to one OrderMassStatusRequest (AF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassStatusPart {
    /// `MassStatusReqID` (584).
    pub mass_status_req_id: MassStatusReqId,
    /// `TotNumReports` (911).
    pub tot_num_reports: u32,
    /// `LastRptRequested` (912).
    pub last_rpt_requested: bool,
}

/// ExecutionReport (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionReport {
    /// The session that it goes to.
    pub session: u16,
    /// `OrderID` (37); zero for none.
    pub order_id: u64,
    /// `ClOrdID` (11); empty for none.
    pub cl_ord_id: ClOrdId,
    /// `OrigClOrdID` (41).
    pub orig_cl_ord_id: Option<ClOrdId>,
    /// `ExecID` (17); zero for an answer to a status request.
    pub exec_id: u64,
    /// `ExecRefID` (19): the trade that a bust or correction is about; zero for none.
    pub exec_ref_id: u64,
    /// `ExecType` (150).
    pub exec_type: ExecType,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `OrdRejReason` (103).
    pub ord_rej_reason: Option<OrdRejReason>,
    /// `Symbol` (55).
    pub symbol: Symbol,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: Option<Price>,
    /// `MaxFloor` (111).
    pub max_floor: Option<Qty>,
    /// `MinQty` (110).
    pub min_qty: Option<Qty>,
    /// `ExecInst` (18).
    pub exec_inst: ExecInst,
    /// `CumQty` (14).
    pub cum_qty: Qty,
    /// `LeavesQty` (151).
    pub leaves_qty: Qty,
    /// `LastQty` (32); zero for none.
    pub last_qty: Qty,
    /// `LastPx` (31).
    pub last_px: Price,
    /// `AvgPx` (6).
    pub avg_px: Price,
    /// Among the answers to a mass status request.
    pub mass_status: Option<MassStatusPart>,
    /// `Text` (58).
    pub text: &'static str,
}

/// OrderCancelReject (9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRejected {
    /// The session that it goes to.
    pub session: u16,
    /// `OrderID` (37); zero for none.
    pub order_id: u64,
    /// `ClOrdID` (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// `OrigClOrdID` (41).
    pub orig_cl_ord_id: ClOrdId,
    /// `OrdStatus` (39).
    pub ord_status: OrdStatus,
    /// `CxlRejResponseTo` (434).
    pub response_to: CxlRejResponseTo,
    /// `CxlRejReason` (102).
    pub cxl_rej_reason: CxlRejReason,
    /// `Text` (58).
    pub text: &'static str,
}

/// OrderMassCancelReport (r).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassCanceled {
    /// The session that it goes to.
    pub session: u16,
    /// `ClOrdID` (11) of the request.
    pub cl_ord_id: ClOrdId,
    /// `OrderID` (37): a number of its own.
    pub order_id: u64,
    /// What was asked for, `MassCancelRequestType` (530).
    pub scope: Scope,
    /// `TotalAffectedOrders` (533), or why there are none, `MassCancelRejectReason` (532).
    pub affected: Result<u32, u32>,
    /// `Text` (58).
    pub text: &'static str,
}

/// What the venue tells a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// ExecutionReport (8).
    Execution(ExecutionReport),
    /// OrderCancelReject (9).
    CancelRejected(CancelRejected),
    /// OrderMassCancelReport (r).
    MassCanceled(MassCanceled),
}
