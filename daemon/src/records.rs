//! Commands and events as JSON: what `journal export` and `explain --json` print.
//!
//! Prices and quantities are decimal texts, since a JSON number is read as a binary fraction.

use dcx_model::{
    CancelRequest, ChildCancel, ChildOrder, Command, Event, InstrumentId, LimitPx, NewOrder,
    OrderView, ReplaceRequest, Sequenced, Symbol, VenueId, VenueName,
};
use serde_json::{Map, Value, json};

use crate::text::utc;

/// Names of instruments and venues, as the journal itself defines them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    instruments: Vec<(InstrumentId, Symbol)>,
    venues: Vec<(VenueId, VenueName)>,
}

impl Names {
    /// Learns from a command that defines something.
    pub(crate) fn learn(&mut self, command: &Command) {
        if let Command::DefineInstrument(instrument) = command {
            self.instruments.retain(|(id, _)| *id != instrument.id);
            self.instruments.push((instrument.id, instrument.symbol));
        } else if let Command::DefineVenue(venue) = command {
            self.venues.retain(|(id, _)| *id != venue.id);
            self.venues.push((venue.id, venue.name));
        }
    }

    pub(crate) fn symbol(&self, id: InstrumentId) -> String {
        let known = self.instruments.iter().find(|(known, _)| *known == id);
        known.map_or_else(|| format!("instrument {id}"), |(_, name)| name.to_string())
    }

    pub(crate) fn venue(&self, id: VenueId) -> String {
        let known = self.venues.iter().find(|(known, _)| *known == id);
        known.map_or_else(|| format!("venue {id}"), |(_, name)| name.to_string())
    }
}

/// A command in its place.
pub(crate) fn sequenced(sequenced: &Sequenced, names: &Names) -> Value {
    let mut object = Map::new();
    object.insert("seq".to_owned(), json!(sequenced.seq.get()));
    object.insert("at".to_owned(), json!(utc(sequenced.at)));
    let (kind, fields) = command(&sequenced.command, names);
    object.insert("command".to_owned(), json!(kind));
    merge(&mut object, fields);
    Value::Object(object)
}

/// A command's name and fields.
pub(crate) fn command(command: &Command, names: &Names) -> (&'static str, Value) {
    match command {
        Command::NewOrder(order) => ("new_order", new_order(order, names)),
        Command::Cancel(cancel) => ("cancel", cancel_request(cancel)),
        Command::Replace(replace) => ("replace", replace_request(replace, names)),
        Command::Status(status) => (
            "status",
            json!({
                "session": status.session.get(),
                "cl_ord_id": status.cl_ord_id.as_str(),
            }),
        ),
        Command::Quote(quote) => (
            "quote",
            json!({
                "venue": names.venue(quote.venue),
                "symbol": names.symbol(quote.instrument),
                "bid_px": limit(quote.bid_px),
                "bid_qty": quote.bid_qty.to_string(),
                "ask_px": limit(quote.ask_px),
                "ask_qty": quote.ask_qty.to_string(),
            }),
        ),
        Command::VenueReport(report) => (
            "venue_report",
            json!({
                "venue": names.venue(report.venue),
                "child": report.child.get(),
                "exec_id": report.exec_id.as_str(),
                "exec_type": report.exec_type.name(),
                "ord_status": report.ord_status.name(),
                "last_qty": report.last_qty.to_string(),
                "last_px": report.last_px.to_string(),
                "cum_qty": report.cum_qty.to_string(),
                "leaves_qty": report.leaves_qty.to_string(),
            }),
        ),
        Command::VenueCancelReject(reject) => (
            "venue_cancel_reject",
            json!({
                "venue": names.venue(reject.venue),
                "child": reject.child.get(),
                "request": reject.request.get(),
                "cxl_rej_reason": reject.cxl_rej_reason.number(),
                "ord_status": reject.ord_status.name(),
            }),
        ),
        Command::VenueState { venue, up } => (
            "venue_state",
            json!({"venue": names.venue(*venue), "up": up}),
        ),
        Command::SessionState { session, up } => {
            ("session_state", json!({"session": session.get(), "up": up}))
        }
        Command::Wake => ("wake", json!({})),
        Command::Checkpoint => ("checkpoint", json!({})),
        Command::Halt(operator) => (
            "halt",
            json!({"author": operator.author.as_str(), "reason": operator.reason.as_str()}),
        ),
        Command::Resume(operator) => (
            "resume",
            json!({"author": operator.author.as_str(), "reason": operator.reason.as_str()}),
        ),
        Command::Configure(_)
        | Command::DefineInstrument(_)
        | Command::DefineVenue(_)
        | Command::SetInstrumentLimits(_)
        | Command::SetSessionLimits(_) => configuration(command, names),
    }
}

fn configuration(command: &Command, names: &Names) -> (&'static str, Value) {
    match command {
        Command::Configure(configure) => (
            "configure",
            json!({
                "seed": configure.seed.to_string(),
                "orders_open_max": configure.orders_open_max,
                "ids_kept_max": configure.ids_kept_max,
                "on_no_venue": format!("{:?}", configure.on_no_venue).to_lowercase(),
                "route_attempts_max": configure.route_attempts_max,
                "discount_ppm": configure.discount_ppm,
                "prior_sd_centi_bps": configure.prior_sd_centi_bps,
            }),
        ),
        Command::DefineInstrument(instrument) => (
            "define_instrument",
            json!({
                "instrument": instrument.id.get(),
                "symbol": instrument.symbol.as_str(),
                "tick": instrument.tick.to_string(),
                "lot": instrument.lot.to_string(),
                "prev_close": limit(instrument.prev_close),
                "venues": instrument.venues.iter().map(|id| names.venue(id)).collect::<Vec<_>>(),
            }),
        ),
        Command::DefineVenue(venue) => (
            "define_venue",
            json!({
                "venue": venue.id.get(),
                "name": venue.name.as_str(),
                "fee_centi_bps": venue.fee_centi_bps,
            }),
        ),
        Command::SetInstrumentLimits(limits) => (
            "set_instrument_limits",
            json!({
                "symbol": names.symbol(limits.instrument),
                "order_qty_max": limits.order_qty_max.to_string(),
                "order_notional_max": limits.order_notional_max.to_string(),
                "position_max": limits.position_max.to_string(),
                "quote_age_ns_max": limits.quote_age_max.get(),
                "collar_bps": limits.collar_bps,
                "prev_close_allowed": limits.prev_close_allowed,
            }),
        ),
        Command::SetSessionLimits(limits) => (
            "set_session_limits",
            json!({
                "session": limits.session.get(),
                "orders_per_s_max": limits.orders_per_s_max,
                "burst_max": limits.burst_max,
                "orders_open_max": limits.orders_open_max,
            }),
        ),
        other => ("other", json!({ "debug": format!("{other:?}") })),
    }
}

fn new_order(order: &NewOrder, names: &Names) -> Value {
    json!({
        "session": order.session.get(),
        "account": order.account.get(),
        "cl_ord_id": order.cl_ord_id.as_str(),
        "symbol": names.symbol(order.instrument),
        "side": order.side.name(),
        "ord_type": order.ord_type.name(),
        "time_in_force": order.time_in_force.name(),
        "algo": format!("{:?}", order.algo),
        "order_qty": order.order_qty.to_string(),
        "price": limit(order.limit_px),
        "start": moment(order.start),
        "end": moment(order.end),
        "slices": order.slices,
    })
}

fn cancel_request(cancel: &CancelRequest) -> Value {
    json!({
        "session": cancel.session.get(),
        "cl_ord_id": cancel.cl_ord_id.as_str(),
        "orig_cl_ord_id": cancel.orig_cl_ord_id.as_str(),
    })
}

fn replace_request(replace: &ReplaceRequest, names: &Names) -> Value {
    json!({
        "session": replace.session.get(),
        "cl_ord_id": replace.cl_ord_id.as_str(),
        "orig_cl_ord_id": replace.orig_cl_ord_id.as_str(),
        "symbol": names.symbol(replace.instrument),
        "order_qty": replace.order_qty.to_string(),
        "price": limit(replace.limit_px),
    })
}

/// An event's name and fields.
pub(crate) fn event(event: &Event, names: &Names) -> Value {
    let (kind, fields) = match event {
        Event::Accepted { view, held } => ("accepted", with(view, names, json!({"held": held}))),
        Event::Rejected { view, refusal } => (
            "rejected",
            with(
                view,
                names,
                json!({"code": refusal.code().to_string(), "text": refusal.to_string()}),
            ),
        ),
        Event::Trade {
            view,
            child,
            venue,
            last_qty,
            last_px,
        } => (
            "trade",
            with(
                view,
                names,
                json!({
                    "child": child.get(),
                    "venue": names.venue(*venue),
                    "last_qty": last_qty.to_string(),
                    "last_px": last_px.to_string(),
                }),
            ),
        ),
        Event::PendingCancel { view, .. } => ("pending_cancel", with(view, names, json!({}))),
        Event::Canceled { view, .. } => ("canceled", with(view, names, json!({}))),
        Event::PendingReplace { view, .. } => ("pending_replace", with(view, names, json!({}))),
        Event::Replaced { view, .. } => ("replaced", with(view, names, json!({}))),
        Event::Expired { view } => ("expired", with(view, names, json!({}))),
        Event::Status { view } => ("status", with(view, names, json!({}))),
        Event::CancelRejected(rejected) => (
            "cancel_rejected",
            json!({
                "order": rejected.order.get(),
                "cl_ord_id": rejected.cl_ord_id.as_str(),
                "orig_cl_ord_id": rejected.orig_cl_ord_id.as_str(),
                "ord_status": rejected.ord_status.name(),
                "code": rejected.refusal.code().to_string(),
                "text": rejected.refusal.to_string(),
            }),
        ),
        Event::ChildSent(child) => ("child_sent", child_order(child, names)),
        Event::ChildCancel(cancel) => ("child_cancel", child_cancel(cancel, names)),
        Event::Ignored {
            cause,
            venue,
            child,
            exec_id,
        } => (
            "ignored",
            json!({
                "cause": format!("{cause:?}"),
                "venue": names.venue(*venue),
                "child": child.get(),
                "exec_id": exec_id.as_str(),
            }),
        ),
        Event::Halted => ("halted", json!({})),
        Event::Resumed => ("resumed", json!({})),
        Event::Digest { state } => ("digest", json!({"state": crate::text::hex(*state)})),
    };
    let mut object = Map::new();
    object.insert("event".to_owned(), json!(kind));
    merge(&mut object, fields);
    Value::Object(object)
}

fn child_order(child: &ChildOrder, names: &Names) -> Value {
    json!({
        "child": child.child.get(),
        "order": child.order.get(),
        "venue": names.venue(child.venue),
        "symbol": names.symbol(child.instrument),
        "side": child.side.name(),
        "ord_type": child.ord_type.name(),
        "time_in_force": child.time_in_force.name(),
        "order_qty": child.order_qty.to_string(),
        "price": limit(child.limit_px),
    })
}

fn child_cancel(cancel: &ChildCancel, names: &Names) -> Value {
    json!({
        "child": cancel.child.get(),
        "request": cancel.request.get(),
        "venue": names.venue(cancel.venue),
    })
}

fn with(view: &OrderView, names: &Names, more: Value) -> Value {
    let mut object = Map::new();
    merge(
        &mut object,
        json!({
            "order": view.order.get(),
            "cl_ord_id": view.cl_ord_id.as_str(),
            "symbol": names.symbol(view.instrument),
            "side": view.side.name(),
            "ord_status": view.ord_status.name(),
            "order_qty": view.order_qty.to_string(),
            "price": limit(view.limit_px),
            "cum_qty": view.cum_qty.to_string(),
            "leaves_qty": view.leaves_qty().to_string(),
            "avg_px": view.avg_px.to_string(),
        }),
    );
    merge(&mut object, more);
    Value::Object(object)
}

fn merge(object: &mut Map<String, Value>, fields: Value) {
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
}

fn limit(px: LimitPx) -> Value {
    px.price().map_or(Value::Null, |px| json!(px.to_string()))
}

fn moment(at: dcx_model::UnixNanos) -> Value {
    if at.get() == 0 {
        Value::Null
    } else {
        json!(utc(at))
    }
}
