//! The steps of an order in sentences, and as JSON.

use dcx_engine::Check;
use dcx_model::{
    AlgoTerms, Command, Event, FeedGap, LimitSource, Nanos, NewOrder, Notional, Operator, Price,
    Qty, SessionLink, UnixNanos,
};
use serde_json::{Value, json};

use super::algo;
use super::choice::{self, fitness, rewarded, routed};
use super::steps::{Checked, Step};
use crate::records::{self, Names};
use crate::text::{span, utc};

/// A step in sentences, one a line.
pub(super) fn step(step: &Step, names: &Names) -> Vec<String> {
    let mut lines = vec![format!(
        "{}  command {}: {}",
        utc(step.cause.at),
        step.cause.seq,
        cause(&step.cause.command, names)
    )];
    lines.extend(
        step.checks
            .iter()
            .map(|checked| format!("    {}", check(checked))),
    );
    lines.extend(
        step.slices
            .iter()
            .map(|reason| format!("    {}", algo::slice(reason))),
    );
    for route in &step.routes {
        lines.extend(
            routed(route, names)
                .into_iter()
                .map(|line| format!("    {line}")),
        );
    }
    lines.extend(
        step.events
            .iter()
            .map(|happened| format!("    => {}", event(happened, names))),
    );
    lines
}

fn cause(command: &Command, names: &Names) -> String {
    match command {
        Command::NewOrder(order) => asked(order, None, names),
        Command::AlgoOrder(order) => asked(&order.order(), Some(&order.terms), names),
        Command::Cancel(cancel) => format!(
            "the client asks to cancel {} as {}",
            cancel.orig_cl_ord_id, cancel.cl_ord_id
        ),
        Command::Replace(replace) => format!(
            "the client asks to make {} into {} at {} as {}",
            replace.orig_cl_ord_id, replace.order_qty, replace.limit_px, replace.cl_ord_id
        ),
        Command::VenueReport(report) => {
            let fill = if report.last_qty.is_zero() {
                String::new()
            } else {
                format!(", {} at {}", report.last_qty, report.last_px)
            };
            format!(
                "{} reports child {}: {}{fill}, {} filled, {} left",
                names.venue(report.venue),
                report.child,
                report.exec_type.name(),
                report.cum_qty,
                report.leaves_qty
            )
        }
        Command::VenueCancelReject(reject) => format!(
            "{} refuses to cancel child {} (CxlRejReason {})",
            names.venue(reject.venue),
            reject.child,
            reject.cxl_rej_reason.number()
        ),
        Command::VenueState { venue, up } => {
            let state = if *up { "up" } else { "down" };
            format!("the session of {} goes {state}", names.venue(*venue))
        }
        Command::SessionState { session, link } => match link {
            SessionLink::Up => format!("client session {session} logs on"),
            SessionLink::LoggedOut => format!("client session {session} logs out"),
            SessionLink::Disconnected => format!("client session {session} is cut off"),
        },
        Command::Status(_) => "the client asks how the order stands".to_owned(),
        Command::Quote(quote) => format!(
            "{} quotes {} {} / {}",
            names.venue(quote.venue),
            names.symbol(quote.instrument),
            quote.bid_px,
            quote.ask_px
        ),
        Command::Wake => "the time of a timer has come".to_owned(),
        Command::SetState(change) => format!(
            "{} makes {} {}: {}",
            change.by.author,
            names.scope(change.scope),
            change.state.name(),
            change.by.reason
        ),
        Command::SetLimit(change) => format!(
            "{} asks for {} of {} to be {}: {}",
            who(change.source, &change.by),
            change.limit,
            names.scope(change.scope),
            records::limit_value(change.limit, change.value),
            change.by.reason
        ),
        Command::DecideLimit(decision) => format!(
            "{} {} proposal {}: {}",
            decision.by.author,
            if decision.approve {
                "approves"
            } else {
                "turns down"
            },
            decision.proposal,
            decision.by.reason
        ),
        Command::DecideOrder(decision) => format!(
            "{} {} order {}: {}",
            decision.by.author,
            if decision.approve {
                "approves"
            } else {
                "turns down"
            },
            decision.order,
            decision.by.reason
        ),
        Command::OperatorCancel(cancel) if cancel.order.get() == 0 => format!(
            "{} cancels all orders of {}: {}",
            cancel.by.author,
            names.scope(cancel.scope),
            cancel.by.reason
        ),
        Command::OperatorCancel(cancel) => format!(
            "{} cancels order {}: {}",
            cancel.by.author, cancel.order, cancel.by.reason
        ),
        Command::MassCancel(request) => {
            format!("the client asks to cancel many as {}", request.cl_ord_id)
        }
        Command::MarketTrade(trade) => format!(
            "{} prints {} {} at {}",
            names.venue(trade.venue),
            trade.qty,
            names.symbol(trade.instrument),
            trade.px
        ),
        Command::FeedGap(gap) => feed_gap(gap, names),
        Command::OrdersOutRefused { child } => {
            format!("the encoder did not send child {child}: more would have gone out than came in")
        }
        other => records::command(other, names).0.to_owned(),
    }
}

/// What a feed lost.
fn feed_gap(gap: &FeedGap, names: &Names) -> String {
    let of = match gap.instrument {
        Some(instrument) => names.symbol(instrument),
        None => "anything".to_owned(),
    };
    let lost = match gap.missing() {
        Some(missing) => format!("{missing} messages are missing before number {}", gap.found),
        None if gap.expected == gap.found => "something is missing".to_owned(),
        None => format!(
            "number {} came after {}",
            gap.found,
            gap.expected.wrapping_sub(1)
        ),
    };
    format!(
        "what {} shows of {of} is not believed: {lost} of its feed",
        names.venue(gap.venue)
    )
}

/// A client's order.
fn asked(order: &NewOrder, terms: Option<&AlgoTerms>, names: &Names) -> String {
    format!(
        "the client asks to {} {} {} at {} ({} {}), {}, as {}",
        order.side.name().to_lowercase(),
        order.order_qty,
        names.symbol(order.instrument),
        order.limit_px,
        order.ord_type.name(),
        order.time_in_force.name(),
        algo::how(order, terms),
        order.cl_ord_id
    )
}

fn check(checked: &Checked) -> String {
    let Checked {
        check,
        value,
        limit,
        passed,
    } = *checked;
    let verdict = if passed {
        "passed".to_owned()
    } else {
        format!("REFUSED, {}", check.code())
    };
    let (value, limit) = (amount(check, value), amount(check, limit));
    match check {
        Check::Collar => format!("check {}: {}: {verdict}", check.name(), collar(checked)),
        _ => format!("check {}: {value} against {limit}: {verdict}", check.name()),
    }
}

/// How much of the collar is used. Both numbers carry the same factors, which cancel.
fn collar(checked: &Checked) -> String {
    if checked.limit <= 0 {
        return format!("{} against {}", checked.value, checked.limit);
    }
    let tenths = checked.value.saturating_mul(1_000) / checked.limit;
    format!("{}.{} % of the distance allowed", tenths / 10, tenths % 10)
}

/// A number of a check in the unit of that check.
fn amount(check: Check, number: i128) -> String {
    match check {
        Check::QtyPositive
        | Check::Lot
        | Check::QtyMax
        | Check::Position
        | Check::AboveCum
        | Check::Display
        | Check::MinQty
        | Check::Reducing => signed(number, |units| Qty::from_units(units).to_string()),
        Check::LimitPositive | Check::Tick | Check::Passive => i64::try_from(number).map_or_else(
            |_| number.to_string(),
            |units| Price::from_units(units).to_string(),
        ),
        Check::Notional => Notional::from_units(number).to_string(),
        Check::Reference if number < 0 => "no quote".to_owned(),
        Check::Reference => signed(number, |ns| span(Nanos::new(ns))),
        Check::Schedule => signed(number, |ns| utc(UnixNanos::new(ns))),
        _ => number.to_string(),
    }
}

/// Who asks for a change.
fn who(source: LimitSource, by: &Operator) -> String {
    match source {
        LimitSource::Configuration => "the configuration".to_owned(),
        LimitSource::Operator => by.author.to_string(),
    }
}

fn signed(number: i128, text: impl Fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    match u64::try_from(number.unsigned_abs()) {
        Ok(units) => format!("{sign}{}", text(units)),
        Err(_) => number.to_string(),
    }
}

fn event(event: &Event, names: &Names) -> String {
    match event {
        Event::Accepted { view, held } => {
            let held = if *held {
                ", held until a venue can take it"
            } else {
                ""
            };
            format!("accepted as order {}{held}", view.order)
        }
        Event::Rejected { refusal, .. } => format!("refused: {} {refusal}", refusal.code()),
        Event::Trade {
            view,
            child,
            venue,
            last_qty,
            last_px,
        } => format!(
            "{last_qty} filled at {last_px} on {} (child {child}); {} of {} filled, average {}, {}",
            names.venue(*venue),
            view.cum_qty,
            view.order_qty,
            view.avg_px,
            view.ord_status.name()
        ),
        Event::PendingCancel { .. } => "the cancel is on its way to the venues".to_owned(),
        Event::Canceled { view, .. } => {
            format!(
                "cancelled with {} of {} filled",
                view.cum_qty, view.order_qty
            )
        }
        Event::PendingReplace { .. } => "the replace is on its way to the venues".to_owned(),
        Event::Replaced { view, .. } => format!(
            "replaced: now {} at {} as {}",
            view.order_qty, view.limit_px, view.cl_ord_id
        ),
        Event::Expired { view } => {
            format!("expired with {} of {} filled", view.cum_qty, view.order_qty)
        }
        Event::Status { view } => format!("told: {}", view.ord_status.name()),
        Event::CancelRejected(rejected) => {
            format!("refused: {} {}", rejected.refusal.code(), rejected.refusal)
        }
        Event::ChildSent(child) => format!(
            "child {} sent to {}: {} {} at {}, {}",
            child.child,
            names.venue(child.venue),
            child.side.name().to_lowercase(),
            child.order_qty,
            child.limit_px,
            child.time_in_force.name()
        ),
        Event::ChildCancel(cancel) => format!(
            "cancel of child {} sent to {} as {}",
            cancel.child,
            names.venue(cancel.venue),
            cancel.request
        ),
        Event::Ignored { cause, child, .. } => {
            format!("report about child {child} changes nothing: {cause:?}")
        }
        Event::PendingNew { view } => {
            format!("order {} waits for a person to approve it", view.order)
        }
        Event::Triggered { view } => format!("order {} goes to market", view.order),
        Event::Restated { view, reason } => format!(
            "restated: now {} at {} ({})",
            view.order_qty,
            view.limit_px,
            reason.name()
        ),
        Event::TradeCanceled {
            view,
            trade,
            last_qty,
            last_px,
            venue,
        } => format!(
            "{} takes back the trade of {last_qty} at {last_px} (report {}-{}); {} of {} filled",
            names.venue(*venue),
            trade.seq,
            trade.ix,
            view.cum_qty,
            view.order_qty
        ),
        Event::TradeCorrected {
            view,
            trade,
            last_qty,
            last_px,
            venue,
        } => format!(
            "{} corrects a trade (report {}-{}) to {last_qty} at {last_px}; {} of {} filled",
            names.venue(*venue),
            trade.seq,
            trade.ix,
            view.cum_qty,
            view.order_qty
        ),
        Event::MassCanceled(report) => match report.refusal {
            Some(refusal) => format!("refused: {} {refusal}", refusal.code()),
            None => format!("{} orders are being cancelled", report.affected),
        },
        Event::MassStatus { view, .. } => format!("told: {}", view.ord_status.name()),
        Event::ChildQuery(query) => format!(
            "{} has not answered about child {}: it is asked how that stands",
            names.venue(query.venue),
            query.child
        ),
        Event::ChildUnknown { child, venue, .. } => format!(
            "what became of child {child} at {} is unknown; its quantity stays reserved",
            names.venue(*venue)
        ),
        Event::VenueMassStatus { venue, .. } => {
            format!("{} is asked for all that works there", names.venue(*venue))
        }
        Event::OrphanCancel(cancel) => format!(
            "cancel of the unknown order {} sent to {}",
            cancel.cl_ord_id,
            names.venue(cancel.venue)
        ),
        Event::VenueReconciled {
            venue,
            working,
            unknown,
            orphans,
        } => format!(
            "{} is reconciled: {working} work, {unknown} unknown, {orphans} not ours",
            names.venue(*venue)
        ),
        Event::VenueUnconfirmed { venue, children } => format!(
            "{} has not confirmed the end of {children} child orders",
            names.venue(*venue)
        ),
        Event::Planned(plan) => algo::planned(plan),
        Event::Sliced(slice) => algo::sliced(slice),
        Event::SchedulePaused { why, .. } => {
            format!("the schedule stands still: {}", algo::why(*why))
        }
        Event::ScheduleResumed { after, .. } => {
            format!("the schedule goes on after {}", span(*after))
        }
        Event::LimitSet(view) => format!(
            "{} of {} is {}, was {}",
            view.limit,
            names.scope(view.scope),
            records::limit_value(view.limit, view.after),
            records::limit_value(view.limit, view.before)
        ),
        Event::LimitProposed(view) => format!(
            "proposal {}: {} of {} to be {}, is {}; it waits for a second person",
            view.proposal,
            view.limit,
            names.scope(view.scope),
            records::limit_value(view.limit, view.after),
            records::limit_value(view.limit, view.before)
        ),
        Event::LimitDropped(view) => format!("proposal {} is dropped", view.proposal),
        Event::LimitNear {
            scope,
            limit,
            value,
            max,
        } => format!(
            "{limit} of {}: {} of {} are used",
            names.scope(*scope),
            records::limit_value(*limit, Some(*value)),
            records::limit_value(*limit, Some(*max))
        ),
        Event::StateSet {
            scope,
            state,
            cause,
            ..
        } => format!("{} is {} ({cause:?})", names.scope(*scope), state.name()),
        Event::OperatorDone { orders, .. } => format!("done, {orders} orders concerned"),
        Event::Routed(decision) => format!("{} is chosen", names.venue(decision.venue)),
        Event::Rewarded(reward) => rewarded(reward, names),
        Event::VenueFitness(change) => fitness(change, names),
        Event::FeedGapped(gap) => format!("{}; it gets no new orders there", feed_gap(gap, names)),
        Event::FeedRestored {
            venue,
            instrument,
            after,
        } => format!(
            "{} showed all of {} again after {}",
            names.venue(*venue),
            names.symbol(*instrument),
            span(*after)
        ),
        Event::OperatorRefused { refusal, .. } => {
            format!("refused: {} {refusal}", refusal.code())
        }
        Event::Digest { state } => format!("state {}", crate::text::hex(*state)),
    }
}

/// A step as JSON.
pub(super) fn json(step: &Step, names: &Names) -> Value {
    let checks: Vec<Value> = step
        .checks
        .iter()
        .map(|checked| {
            json!({
                "check": checked.check.name(),
                "code": checked.check.code().to_string(),
                "value": amount(checked.check, checked.value),
                "limit": amount(checked.check, checked.limit),
                "passed": checked.passed,
            })
        })
        .collect();
    let slices: Vec<Value> = step
        .slices
        .iter()
        .map(|reason| {
            json!({
                "order": reason.order.get(),
                "algo": reason.algo.name(),
                "slice": u32::from(reason.ix) + 1,
                "of": reason.of,
                "qty": reason.qty.to_string(),
                "target": reason.target.to_string(),
                "due": utc(reason.due),
                "why": format!("{:?}", reason.why),
            })
        })
        .collect();
    let routes: Vec<Value> = step
        .routes
        .iter()
        .map(|route| choice::json(route, names))
        .collect();
    let events: Vec<Value> = step
        .events
        .iter()
        .map(|event| records::event(event, names))
        .collect();
    let mut object = records::sequenced(&step.cause, names);
    if let Value::Object(object) = &mut object {
        object.insert("checks".to_owned(), json!(checks));
        object.insert("slices_due".to_owned(), json!(slices));
        object.insert("routes".to_owned(), json!(routes));
        object.insert("events".to_owned(), json!(events));
    }
    object
}
