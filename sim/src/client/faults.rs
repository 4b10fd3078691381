//! What can be wrong with one report about one order: the rules of [`Checker`](super::Checker).

use dcx_model::{ExecType, Notional, OrdStatus, Price, Qty, Side, TimeInForce};

use super::check::Tracked;
use super::wire::ExecutionView;

/// A rule by its name, and how it is broken.
pub(super) type Fault = (&'static str, String);

/// Quantity and price of a trade.
pub(super) type Traded = (Qty, Price);

/// Everything that is wrong with a report about an order, before it is taken over. `referred` is
/// the trade that a bust or correction is about.
pub(super) fn faults(
    order: &Tracked,
    view: &ExecutionView,
    referred: Option<Traded>,
) -> Vec<Fault> {
    let mut found = Vec::new();
    same_order(order, view, &mut found);
    leaves(order, view, &mut found);
    if amends(view.exec_type) && referred.is_none() {
        let detail = format!("{:?} of no trade that stands", view.exec_type);
        found.push(("exec-ref", detail));
    }
    cum(order, view, referred, &mut found);
    average(order, view, referred, &mut found);
    limit(order, view, referred, &mut found);
    status(order, view, &mut found);
    found
}

fn same_order(order: &Tracked, view: &ExecutionView, found: &mut Vec<Fault>) {
    let draft = &order.draft;
    if view.symbol.as_str() != draft.symbol || view.side != draft.side {
        let detail = format!(
            "{} {:?} became {} {:?}",
            draft.symbol, draft.side, view.symbol, view.side
        );
        found.push(("same-order", detail));
    }
    if let Some(order_qty) = view.order_qty.filter(|qty| *qty != draft.order_qty) {
        let detail = format!("OrderQty {} became {order_qty}", draft.order_qty);
        found.push(("same-order", detail));
    }
    if let Some(order_id) = order.order_id.filter(|id| *id != view.order_id) {
        let detail = format!("OrderID {order_id} became {}", view.order_id);
        found.push(("same-order", detail));
    }
}

fn leaves(order: &Tracked, view: &ExecutionView, found: &mut Vec<Fault>) {
    let order_qty = view.order_qty.unwrap_or(order.draft.order_qty);
    let expected = if view.ord_status.is_terminal() {
        Some(Qty::ZERO)
    } else {
        order_qty.minus(view.cum_qty)
    };
    if expected != Some(view.leaves_qty) {
        let detail = format!(
            "CumQty {} and LeavesQty {} of OrderQty {order_qty} in {:?}",
            view.cum_qty, view.leaves_qty, view.ord_status
        );
        found.push(("leaves", detail));
    }
}

/// What a report adds to what was traded, and what it takes away.
pub(super) fn moved(view: &ExecutionView, referred: Option<Traded>) -> (Traded, Traded) {
    let none = (Qty::ZERO, Price::ZERO);
    let last = (
        view.last_qty.unwrap_or_default(),
        view.last_px.unwrap_or_default(),
    );
    match view.exec_type {
        ExecType::Trade => (last, none),
        ExecType::TradeCorrect => (last, referred.unwrap_or(none)),
        ExecType::TradeCancel => (none, referred.unwrap_or(none)),
        ExecType::New
        | ExecType::DoneForDay
        | ExecType::Canceled
        | ExecType::Replaced
        | ExecType::PendingCancel
        | ExecType::Rejected
        | ExecType::PendingNew
        | ExecType::Expired
        | ExecType::PendingReplace
        | ExecType::Stopped
        | ExecType::Suspended
        | ExecType::Calculated
        | ExecType::Restated
        | ExecType::Triggered
        | ExecType::OrderStatus => (none, none),
    }
}

/// Whether a report changes a trade that was told before.
pub(super) const fn amends(exec_type: ExecType) -> bool {
    matches!(exec_type, ExecType::TradeCancel | ExecType::TradeCorrect)
}

fn cum(order: &Tracked, view: &ExecutionView, referred: Option<Traded>, found: &mut Vec<Fault>) {
    let ((last_qty, _), (gone, _)) = moved(view, referred);
    let expected = order.cum_qty.minus(gone).and_then(|cum| cum.plus(last_qty));
    if expected != Some(view.cum_qty) {
        let detail = format!(
            "CumQty {} after {} with LastQty {last_qty} in {:?}",
            view.cum_qty, order.cum_qty, view.exec_type
        );
        found.push(("cum", detail));
    }
    if view.exec_type == ExecType::Trade && last_qty.is_zero() {
        found.push(("cum", "a trade without LastQty".to_owned()));
    }
    if view.cum_qty > order.draft.order_qty {
        let detail = format!(
            "CumQty {} above OrderQty {}",
            view.cum_qty, order.draft.order_qty
        );
        found.push(("cum", detail));
    }
}

/// What the trades of an order are worth once a report is taken over.
pub(super) fn worth(order: &Tracked, view: &ExecutionView, referred: Option<Traded>) -> Notional {
    let ((qty, px), (gone_qty, gone_px)) = moved(view, referred);
    let gone = gone_px.times(gone_qty).units();
    let more = px.times(qty).units().saturating_sub(gone);
    Notional::from_units(order.cum_notional.units().saturating_add(more))
}

fn average(
    order: &Tracked,
    view: &ExecutionView,
    referred: Option<Traded>,
    found: &mut Vec<Fault>,
) {
    let notional = worth(order, view, referred);
    let expected = notional.average(view.cum_qty);
    if expected.distance(view.avg_px) > 1 {
        let detail = format!("AvgPx {}, the trades average {expected}", view.avg_px);
        found.push(("average", detail));
    }
}

fn limit(order: &Tracked, view: &ExecutionView, referred: Option<Traded>, found: &mut Vec<Fault>) {
    let (Some(limit), Some(px)) = (order.draft.limit_px, view.last_px) else {
        return;
    };
    let worse = |than| match order.draft.side {
        Side::Buy => px > than,
        Side::Sell => px < than,
    };
    let wrong = match view.exec_type {
        ExecType::Trade => worse(limit),
        // The trade may be older than a replace to a better limit.
        ExecType::TradeCorrect => worse(limit) && referred.is_none_or(|(_, was)| worse(was)),
        ExecType::New
        | ExecType::DoneForDay
        | ExecType::Canceled
        | ExecType::Replaced
        | ExecType::PendingCancel
        | ExecType::Rejected
        | ExecType::PendingNew
        | ExecType::Expired
        | ExecType::PendingReplace
        | ExecType::Stopped
        | ExecType::Suspended
        | ExecType::Calculated
        | ExecType::Restated
        | ExecType::Triggered
        | ExecType::TradeCancel
        | ExecType::OrderStatus => false,
    };
    if wrong {
        found.push(("limit", format!("{px} is worse than the limit {limit}")));
    }
}

fn status(order: &Tracked, view: &ExecutionView, found: &mut Vec<Fault>) {
    let wrong = |why: &str| {
        let (before, exec_type, after) = (order.ord_status, view.exec_type, view.ord_status);
        (
            "status",
            format!("{why}: {exec_type:?} {after:?} after {before:?}"),
        )
    };
    let amends = amends(view.exec_type);
    if order.ord_status.is_some_and(OrdStatus::is_terminal) && !amends {
        found.push(wrong("the order was done"));
    }
    if !fits(view.exec_type, view.ord_status) {
        found.push(wrong("the status does not fit ExecType"));
    }
    // A cancelled trade takes an order back to where it was.
    if !may_follow(order.ord_status, view.ord_status) && !amends {
        found.push(wrong("the status cannot follow"));
    }
    let all = view.cum_qty == view.order_qty.unwrap_or(order.draft.order_qty);
    let filled = view.ord_status == OrdStatus::Filled;
    // FIX 4.4 vol. 4, "Execution Report": of several states the highest in precedence is told, and
    // a pending cancel or replace outranks Filled.
    let outranked = matches!(
        view.ord_status,
        OrdStatus::PendingCancel | OrdStatus::PendingReplace
    );
    if filled != all && !(all && (outranked || view.cum_qty.is_zero())) {
        found.push(wrong("Filled and CumQty contradict"));
    }
    let some = !view.cum_qty.is_zero();
    if view.ord_status == OrdStatus::PartiallyFilled && !some {
        found.push(wrong("PartiallyFilled without a fill"));
    }
    if matches!(view.ord_status, OrdStatus::New | OrdStatus::Rejected) && some {
        found.push(wrong("a status of orders without fills"));
    }
    let at_once = matches!(order.draft.time_in_force, TimeInForce::Fok);
    let partly = some && !filled && !all;
    if at_once && partly && view.ord_status.is_terminal() && !amends {
        found.push(wrong("fill or kill, filled in part"));
    }
}

/// Which statuses a report of this type may carry (FIX 4.4 vol. 4, appendix D).
fn fits(exec_type: ExecType, status: OrdStatus) -> bool {
    use OrdStatus as S;
    match exec_type {
        ExecType::New => matches!(status, S::New),
        ExecType::DoneForDay => status == S::DoneForDay,
        ExecType::Canceled => status == S::Canceled,
        ExecType::Replaced => matches!(
            status,
            S::New | S::PartiallyFilled | S::PendingCancel | S::PendingReplace | S::Filled
        ),
        ExecType::PendingCancel => status == S::PendingCancel,
        ExecType::Rejected => status == S::Rejected,
        ExecType::PendingNew => status == S::PendingNew,
        ExecType::Expired => status == S::Expired,
        // A pending cancel or replace outranks a partial fill.
        ExecType::PendingReplace => matches!(status, S::PendingReplace | S::PendingCancel),
        ExecType::Trade => matches!(
            status,
            S::PartiallyFilled | S::Filled | S::PendingCancel | S::PendingReplace
        ),
        ExecType::TradeCancel => !matches!(status, S::Rejected | S::PendingNew | S::Filled),
        ExecType::TradeCorrect => !matches!(status, S::Rejected | S::PendingNew | S::New),
        // FIX 4.4 vol. 4, "Execution Report": a triggered order is live and not done.
        ExecType::Triggered => matches!(status, S::New | S::PartiallyFilled),
        ExecType::Stopped => status == S::Stopped,
        ExecType::Suspended => status == S::Suspended,
        ExecType::Calculated => status == S::Calculated,
        ExecType::Restated => !matches!(status, S::Rejected | S::PendingNew),
        ExecType::OrderStatus => true,
    }
}

/// Whether an order in the one status may be found in the other.
const fn may_follow(before: Option<OrdStatus>, after: OrdStatus) -> bool {
    use OrdStatus as S;
    match (before, after) {
        (None, S::New | S::PendingNew | S::Rejected) => true,
        (None, _) => false,
        (Some(S::PendingNew), _) => true,
        (Some(_), S::PendingNew) | (Some(S::PartiallyFilled), S::New | S::Rejected) => false,
        // FIX 4.4 vol. 4, "Execution Report": an accepted order may still be rejected.
        (Some(_), _) => true,
    }
}
