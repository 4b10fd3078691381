//! Commands and events as JSON: what `journal export` and `explain --json` print.
//!
//! Prices and quantities are decimal texts, since a JSON number is read as a binary fraction.

use dcx_engine::route::probabilities_of;
use dcx_model::{
    AlgoTerms, CancelRequest, ChildCancel, ChildOrder, Command, Event, EventRef, FeedGap,
    InstrumentId, Limit, LimitPx, LimitView, Nanos, NewOrder, Notional, OrderView, Price, Qty,
    ReplaceRequest, RouteDecision, RouteFlags, RouteReward, Routing, RoutingRules, Scope, Score,
    Sequenced, Symbol, Unit, VenueId, VenueName, VenueSet,
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

    /// A scope, with its name where the journal says it.
    pub(crate) fn scope(&self, scope: Scope) -> String {
        match scope {
            Scope::Firm => "the firm".to_owned(),
            Scope::Instrument(id) => self.symbol(id),
            Scope::Account(_) | Scope::Strategy(_) | Scope::Session(_) => {
                format!("{} {}", scope.level(), scope.number())
            }
        }
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
        Command::SessionState { session, link } => (
            "session_state",
            json!({"session": session.get(), "link": format!("{link:?}").to_lowercase()}),
        ),
        Command::Wake => ("wake", json!({})),
        Command::Checkpoint => ("checkpoint", json!({})),
        Command::MassCancel(request) => (
            "mass_cancel",
            json!({
                "session": request.session.get(),
                "cl_ord_id": request.cl_ord_id.as_str(),
                "scope": request.scope.name(),
                "symbol": names.symbol(request.instrument),
            }),
        ),
        Command::MassStatus(request) => (
            "mass_status",
            json!({
                "session": request.session.get(),
                "request": request.request.as_str(),
                "scope": request.scope.name(),
            }),
        ),
        Command::MarketTrade(trade) => (
            "market_trade",
            json!({
                "venue": names.venue(trade.venue),
                "symbol": names.symbol(trade.instrument),
                "px": trade.px.to_string(),
                "qty": trade.qty.to_string(),
            }),
        ),
        Command::FeedGap(gap) => ("feed_gap", feed_gap(gap, names)),
        Command::VenuePhase {
            venue,
            instrument,
            phase,
        } => (
            "venue_phase",
            json!({
                "venue": names.venue(*venue),
                "symbol": names.symbol(*instrument),
                "phase": format!("{phase:?}").to_lowercase(),
            }),
        ),
        Command::Orphan(orphan) => (
            "orphan",
            json!({
                "venue": names.venue(orphan.venue),
                "cl_ord_id": orphan.cl_ord_id.as_str(),
                "symbol": names.symbol(orphan.instrument),
                "side": orphan.side.name(),
                "order_qty": orphan.order_qty.to_string(),
                "cum_qty": orphan.cum_qty.to_string(),
            }),
        ),
        Command::VenueMassStatusDone { venue, request } => (
            "venue_mass_status_done",
            json!({"venue": names.venue(*venue), "request": request.get()}),
        ),
        Command::OrdersOutRefused { child } => {
            ("orders_out_refused", json!({"child": child.get()}))
        }
        Command::AlgoOrder(order) => {
            let (_, mut body) = self::command(&Command::NewOrder(order.order()), names);
            if let Value::Object(body) = &mut body {
                body.insert("algo".to_owned(), json!(order.algo.name()));
                body.insert("terms".to_owned(), algo_terms(&order.terms));
            }
            ("algo_order", body)
        }
        Command::SetLimit(_)
        | Command::DecideLimit(_)
        | Command::SetState(_)
        | Command::SetPermission(_)
        | Command::SetMeans(_)
        | Command::DecideOrder(_)
        | Command::OperatorCancel(_) => operator(command, names),
        Command::Configure(_)
        | Command::DefineInstrument(_)
        | Command::DefineVenue(_)
        | Command::DefineAccount(_)
        | Command::DefineHours(_)
        | Command::SetSessionPolicy(_)
        | Command::MapFactor(_)
        | Command::SetScenario(_)
        | Command::SetRouting(_)
        | Command::SetRoutingRules(_) => configuration(command, names),
        Command::SetProfile(_) | Command::SetMarketFacts(_) => configuration(command, names),
    }
}

/// The parameters of an algorithm.
fn algo_terms(terms: &AlgoTerms) -> Value {
    json!({
        "participation_ppm": terms.participation_ppm,
        "interval_ms": terms.interval_ms,
        "jitter_bps": terms.jitter_bps,
        "vary_bps": terms.vary_bps,
        "urgency": terms.urgency,
        "spread_max_ticks": terms.spread_max_ticks,
        "catch_up": terms.catch_up,
        "min_clip": terms.min_clip.to_string(),
        "take_px": limit(terms.take_px),
        "pause": terms.pause.bits(),
    })
}

/// What a person or the configuration ordered.
fn operator(command: &Command, names: &Names) -> (&'static str, Value) {
    let (kind, request, by, fields) = match command {
        Command::SetLimit(change) => (
            "set_limit",
            change.request,
            change.by,
            json!({
                "scope": names.scope(change.scope),
                "limit": change.limit.name(),
                "value": limit_value(change.limit, change.value),
                "source": format!("{:?}", change.source).to_lowercase(),
            }),
        ),
        Command::DecideLimit(decision) => (
            "decide_limit",
            decision.request,
            decision.by,
            json!({"proposal": decision.proposal.get(), "approve": decision.approve}),
        ),
        Command::SetState(change) => (
            "set_state",
            change.request,
            change.by,
            json!({"scope": names.scope(change.scope), "state": change.state.name()}),
        ),
        Command::SetPermission(permission) => (
            "set_permission",
            permission.request,
            permission.by,
            json!({
                "scope": names.scope(permission.scope),
                "symbol": permission.instrument.map(|id| names.symbol(id)),
                "allowed": permission.allowed,
            }),
        ),
        Command::SetMeans(means) => (
            "set_means",
            means.request,
            means.by,
            json!({
                "scope": names.scope(means.scope),
                "venues": format!("{:#x}", means.venues.bits()),
                "algos": format!("{:#x}", means.algos),
            }),
        ),
        Command::DecideOrder(decision) => (
            "decide_order",
            decision.request,
            decision.by,
            json!({"order": decision.order.get(), "approve": decision.approve}),
        ),
        Command::OperatorCancel(cancel) => (
            "operator_cancel",
            cancel.request,
            cancel.by,
            json!({"order": cancel.order.get(), "scope": names.scope(cancel.scope)}),
        ),
        other => return ("other", json!({ "debug": format!("{other:?}") })),
    };
    let mut object = Map::new();
    merge(&mut object, fields);
    merge(
        &mut object,
        json!({
            "request": request.get(),
            "author": by.author.as_str(),
            "reason": by.reason.as_str(),
        }),
    );
    (kind, Value::Object(object))
}

/// A limit's number as people write it.
pub(crate) fn limit_value(limit: Limit, value: Option<i128>) -> String {
    let Some(value) = value else {
        return "none".to_owned();
    };
    let units = || {
        u64::try_from(value).map_or_else(
            |_| value.to_string(),
            |units| Qty::from_units(units).to_string(),
        )
    };
    match limit.unit() {
        Unit::Qty => units(),
        Unit::Notional => Notional::from_units(value).to_string(),
        Unit::Bps => format!("{value} bps"),
        Unit::Nanos => u64::try_from(value)
            .map_or_else(|_| value.to_string(), |nanos| Nanos::new(nanos).to_string()),
        Unit::Thousandths => format!("{}.{:03}", value / 1_000, value % 1_000),
        Unit::Flag => (value != 0).to_string(),
        Unit::Count => value.to_string(),
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
        Command::SetProfile(set) => (
            "set_profile",
            json!({
                "symbol": names.symbol(set.instrument),
                "part": set.part,
                "weights": set.weights.0.to_vec(),
            }),
        ),
        Command::SetMarketFacts(facts) => (
            "set_market_facts",
            json!({
                "symbol": names.symbol(facts.instrument),
                "day_qty": facts.day_qty.to_string(),
                "volatility_ppm": facts.volatility_ppm,
                "impact_ppm": facts.impact_ppm,
                "half_spread_ppm": facts.half_spread_ppm,
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
        Command::DefineAccount(account) => (
            "define_account",
            json!({
                "account": account.id.get(),
                "owner": account.owner.get(),
                "self_trade": format!("{:?}", account.self_trade),
            }),
        ),
        Command::DefineHours(hours) => (
            "define_hours",
            json!({
                "symbol": names.symbol(hours.instrument),
                "open_s": hours.open_s,
                "close_s": hours.close_s,
                "weekdays": hours.weekdays,
                "close_lead_ns": hours.close_lead.get(),
            }),
        ),
        Command::SetSessionPolicy(policy) => (
            "set_session_policy",
            json!({
                "session": policy.session.get(),
                "cancel_on_disconnect": policy.cancel_on_disconnect,
                "cancel_on_logout": policy.cancel_on_logout,
            }),
        ),
        Command::MapFactor(mapping) => (
            "map_factor",
            json!({
                "symbol": names.symbol(mapping.instrument),
                "factor": mapping.factor,
                "beta_ppm": mapping.beta_ppm,
            }),
        ),
        Command::SetScenario(scenario) => (
            "set_scenario",
            json!({
                "scenario": scenario.scenario,
                "factor": scenario.factor,
                "return_ppm": scenario.return_ppm,
            }),
        ),
        Command::SetRouting(routing) => ("set_routing", set_routing(routing, names)),
        Command::SetRoutingRules(rules) => ("set_routing_rules", set_routing_rules(rules)),
        other => ("other", json!({ "debug": format!("{other:?}") })),
    }
}

fn set_routing(routing: &Routing, names: &Names) -> Value {
    json!({
        "symbol": routing.instrument.map(|instrument| names.symbol(instrument)),
        "policy": routing.policy.name(),
        "discount_ppm": routing.discount_ppm,
        "prior_sd_centi_bps": routing.prior_sd_centi_bps,
        "explore_ppm": routing.explore_ppm,
        "width_milli": routing.width_milli,
        "window": routing.window,
        "share_ppm": routing.share_ppm,
        "range_centi_bps": routing.range_centi_bps,
        "venue": names.venue(routing.venue),
        "split_unit": routing.split_unit.to_string(),
    })
}

fn set_routing_rules(rules: &RoutingRules) -> Value {
    json!({
        "events": rules.events,
        "budget_ppm": rules.budget_ppm,
        "eject_rejects": rules.eject_rejects,
        "eject_window_ns": rules.eject_window.get(),
        "eject_for_ns": rules.eject_for.get(),
        "trial_children": rules.trial_children,
        "markout_ns": rules.markout.get(),
        "reward_timeout_ns": rules.reward_timeout.get(),
        "slippage_milli": rules.slippage_milli,
        "fee_milli": rules.fee_milli,
        "markout_milli": rules.markout_milli,
        "reject_centi_bps": rules.reject_centi_bps,
        "unfilled_centi_bps": rules.unfilled_centi_bps,
        "ack_centi_bps_per_s": rules.ack_centi_bps_per_s,
    })
}

/// A choice with each candidate's score and probability.
fn routed(decision: &RouteDecision, names: &Names) -> Value {
    let probabilities = probabilities_of(decision);
    let venues = VenueSet::from_bits(u64::from(decision.candidates));
    let scores = decision.scores.iter().zip(&decision.spreads);
    let all: Vec<_> = scores.zip(probabilities).collect();
    let candidates = venues.iter().filter_map(|venue| {
        let ((score, spread), probability) = all.get(usize::from(venue.get()))?;
        Some(json!({
            "venue": names.venue(venue),
            "score": score.value(),
            // JSON has no infinity: what was never tried.
            "spread": Some(spread.value()).filter(|spread| spread.is_finite()),
            "probability": probability,
        }))
    });
    json!({
        "child": decision.child.get(),
        "number": decision.number,
        "policy": decision.policy.name(),
        "context": decision.context,
        "venue": names.venue(decision.venue),
        "explored": decision.flags.has(RouteFlags::EXPLORED),
        "held_to_best": decision.flags.has(RouteFlags::HELD_TO_BEST),
        "explore_ppm": decision.explore_ppm,
        "candidates": candidates.collect::<Vec<_>>(),
    })
}

fn rewarded(reward: &RouteReward, names: &Names) -> Value {
    json!({
        "child": reward.child.get(),
        "number": reward.number,
        "symbol": names.symbol(reward.instrument),
        "venue": names.venue(reward.venue),
        "cause": format!("{:?}", reward.cause),
        "reward_bps": reward.reward.value(),
        "filled": reward.filled.value(),
        "slippage_bps": reward.slippage.map(Score::value),
        "markout_bps": reward.markout.map(Score::value),
        "fee_bps": reward.fee.value(),
        "ack_ns": reward.ack.map(Nanos::get),
        "rejected": reward.rejected,
    })
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
        "strategy": order.strategy.get(),
        "origin": format!("{:?}", order.origin).to_lowercase(),
        "flags": format!("{:#x}", order.flags.bits()),
        "stop_px": limit(order.stop_px),
        "peg": format!("{:?}", order.peg).to_lowercase(),
        "peg_offset": order.peg_offset.to_string(),
        "display_qty": order.display_qty.to_string(),
        "min_qty": order.min_qty.to_string(),
        "list": order.list.get().to_string(),
        "leg": format!("{:?}", order.leg),
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
        Event::PendingNew { view } => ("pending_new", with(view, names, json!({}))),
        Event::Triggered { view } => ("triggered", with(view, names, json!({}))),
        Event::Restated { view, reason } => (
            "restated",
            with(view, names, json!({"reason": reason.name()})),
        ),
        Event::TradeCanceled {
            view,
            trade,
            last_qty,
            last_px,
            venue,
        } => (
            "trade_canceled",
            with(
                view,
                names,
                amended(*trade, *last_qty, *last_px, *venue, names),
            ),
        ),
        Event::TradeCorrected {
            view,
            trade,
            last_qty,
            last_px,
            venue,
        } => (
            "trade_corrected",
            with(
                view,
                names,
                amended(*trade, *last_qty, *last_px, *venue, names),
            ),
        ),
        Event::MassCanceled(report) => (
            "mass_canceled",
            json!({
                "session": report.session.get(),
                "cl_ord_id": report.cl_ord_id.as_str(),
                "scope": report.scope.name(),
                "affected": report.affected,
                "code": report.refusal.map(|refusal| refusal.code().to_string()),
            }),
        ),
        Event::MassStatus {
            view,
            request,
            total,
            last,
        } => (
            "mass_status",
            with(
                view,
                names,
                json!({"request": request.as_str(), "total": total, "last": last}),
            ),
        ),
        Event::ChildQuery(query) => (
            "child_query",
            json!({"child": query.child.get(), "venue": names.venue(query.venue)}),
        ),
        Event::VenueMassStatus { venue, request } => (
            "venue_mass_status",
            json!({"venue": names.venue(*venue), "request": request.get()}),
        ),
        Event::OrphanCancel(cancel) => (
            "orphan_cancel",
            json!({
                "venue": names.venue(cancel.venue),
                "cl_ord_id": cancel.cl_ord_id.as_str(),
                "request": cancel.request.get(),
            }),
        ),
        Event::ChildUnknown {
            child,
            order,
            venue,
        } => (
            "child_unknown",
            json!({
                "child": child.get(),
                "order": order.get(),
                "venue": names.venue(*venue),
            }),
        ),
        Event::VenueReconciled {
            venue,
            working,
            unknown,
            orphans,
        } => (
            "venue_reconciled",
            json!({
                "venue": names.venue(*venue),
                "working": working,
                "unknown": unknown,
                "orphans": orphans,
            }),
        ),
        Event::VenueUnconfirmed { venue, children } => (
            "venue_unconfirmed",
            json!({"venue": names.venue(*venue), "children": children}),
        ),
        Event::Planned(view) => (
            "planned",
            json!({
                "order": view.order.get(),
                "algo": view.algo.name(),
                "why": format!("{:?}", view.why),
                "slices": view.slices,
                "start": view.start.get(),
                "end": view.end.get(),
                "cost_ppm": view.cost_ppm,
                "at_once_ppm": view.at_once_ppm,
                "even_ppm": view.even_ppm,
            }),
        ),
        Event::Sliced(view) => (
            "sliced",
            json!({
                "order": view.order.get(),
                "algo": view.algo.name(),
                "why": format!("{:?}", view.why),
                "slice": u32::from(view.ix) + 1,
                "of": view.of,
                "qty": view.qty.to_string(),
                "target": view.target.to_string(),
                "seen": view.seen.to_string(),
            }),
        ),
        Event::SchedulePaused { order, why } => (
            "schedule_paused",
            json!({"order": order.get(), "why": format!("{why:?}")}),
        ),
        Event::ScheduleResumed { order, after } => (
            "schedule_resumed",
            json!({"order": order.get(), "after_ns": after.get()}),
        ),
        Event::LimitSet(view) => ("limit_set", limit_view(view, names)),
        Event::LimitProposed(view) => ("limit_proposed", limit_view(view, names)),
        Event::LimitDropped(view) => ("limit_dropped", limit_view(view, names)),
        Event::LimitNear {
            scope,
            limit,
            value,
            max,
        } => (
            "limit_near",
            json!({
                "scope": names.scope(*scope),
                "limit": limit.name(),
                "value": limit_value(*limit, Some(*value)),
                "max": limit_value(*limit, Some(*max)),
            }),
        ),
        Event::StateSet {
            scope,
            state,
            cause,
            request,
        } => (
            "state_set",
            json!({
                "scope": names.scope(*scope),
                "state": state.name(),
                "cause": format!("{cause:?}"),
                "request": request.get(),
            }),
        ),
        Event::OperatorDone { request, orders } => (
            "operator_done",
            json!({"request": request.get(), "orders": orders}),
        ),
        Event::OperatorRefused { request, refusal } => (
            "operator_refused",
            json!({
                "request": request.get(),
                "code": refusal.code().to_string(),
                "text": refusal.to_string(),
            }),
        ),
        Event::Routed(decision) => ("routed", routed(decision, names)),
        Event::Rewarded(reward) => ("rewarded", rewarded(reward, names)),
        Event::VenueFitness(change) => (
            "venue_fitness",
            json!({
                "venue": names.venue(change.venue),
                "fitness": format!("{:?}", change.fitness).to_lowercase(),
                "rejects": change.rejects,
                "until": moment(change.until),
            }),
        ),
        Event::FeedGapped(gap) => ("feed_gapped", feed_gap(gap, names)),
        Event::FeedRestored {
            venue,
            instrument,
            after,
        } => (
            "feed_restored",
            json!({
                "venue": names.venue(*venue),
                "symbol": names.symbol(*instrument),
                "after_ns": after.get(),
            }),
        ),
        Event::Digest { state } => ("digest", json!({"state": crate::text::hex(*state)})),
    };
    let mut object = Map::new();
    object.insert("event".to_owned(), json!(kind));
    merge(&mut object, fields);
    Value::Object(object)
}

/// What a feed lost; no symbol where it may be of any.
fn feed_gap(gap: &FeedGap, names: &Names) -> Value {
    json!({
        "venue": names.venue(gap.venue),
        "symbol": gap.instrument.map(|instrument| names.symbol(instrument)),
        "expected": gap.expected,
        "found": gap.found,
        "missing": gap.missing(),
    })
}

/// A trade that was taken back or corrected.
fn amended(trade: EventRef, last_qty: Qty, last_px: Price, venue: VenueId, names: &Names) -> Value {
    json!({
        "trade": format!("{}-{}", trade.seq, trade.ix),
        "venue": names.venue(venue),
        "last_qty": last_qty.to_string(),
        "last_px": last_px.to_string(),
    })
}

fn limit_view(view: &LimitView, names: &Names) -> Value {
    json!({
        "scope": names.scope(view.scope),
        "limit": view.limit.name(),
        "before": limit_value(view.limit, view.before),
        "after": limit_value(view.limit, view.after),
        "proposal": view.proposal.get(),
        "request": view.request.get(),
    })
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
