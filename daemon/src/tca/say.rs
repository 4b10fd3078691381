//! The report as tables for people and as JSON.

use comfy_table::Table;
use dcx_model::Price;
use serde_json::{Value, json};

use super::HORIZONS_MS;
use super::gather::{Gathered, Parent};
use super::measure::{self, AlgoRow, Markouts, Mean, Report, VenueRow};
use crate::out::Out;
use crate::text::{count, plain_table, qty_text, ratio, right_align, utc};

/// Says the report to people.
pub(super) fn table(report: &Report, out: Out) {
    out.data(format!(
        "{} orders, {} filled whole\n",
        count(report.orders),
        count(report.filled)
    ));
    out.data(
        "by algorithm: costs in bps of the worth at arrival, positive is a cost; shortfall = \
         execution + opportunity + fees",
    );
    out.data(algos(report).to_string());
    out.data(
        "\nby venue: slippage in bps against the mid when the child order was sent, markouts in \
         bps after the fill, positive is our gain",
    );
    out.data(venues(report).to_string());
    if report.without_arrival > 0 {
        out.data(format!(
            "\n{} orders came while no fresh quote had two sides: they have no arrival price and \
             are in no cost",
            count(report.without_arrival)
        ));
    }
    if report.fills_without_order > 0 {
        out.data(format!(
            "{} fills belong to adopted orders, which nobody decided on here: in no figure",
            count(report.fills_without_order)
        ));
    }
}

fn algos(report: &Report) -> Table {
    let mut table = plain_table(&[
        "instrument",
        "algorithm",
        "orders",
        "fill rate",
        "execution",
        "opportunity",
        "fees",
        "shortfall",
        "to vwap",
    ]);
    for ((symbol, algo), row) in &report.algos {
        table.add_row([
            symbol.clone(),
            algo.clone(),
            count(row.orders),
            percent(row.filled_qty, row.order_qty),
            bps(&row.execution),
            bps(&row.opportunity),
            bps(&row.fee),
            bps(&row.shortfall),
            bps(&row.vwap),
        ]);
    }
    right_align(&mut table, 2);
    table
}

fn venues(report: &Report) -> Table {
    let mut head: Vec<String> = [
        "instrument",
        "venue",
        "children",
        "rejected",
        "fill rate",
        "answer ms",
        "slippage",
        "fees",
    ]
    .map(str::to_owned)
    .to_vec();
    head.extend(HORIZONS_MS.iter().map(|ms| horizon(*ms)));
    let mut table = plain_table(&head);
    for ((symbol, venue), row) in &report.venues {
        let mut cells = vec![
            symbol.clone(),
            venue.clone(),
            count(row.children),
            count(row.rejects),
            percent(row.filled_qty, row.sent_qty),
            bps(&row.answer_ms),
            bps(&row.slippage),
            bps(&row.fee),
        ];
        cells.extend(row.markouts.iter().map(bps));
        table.add_row(cells);
    }
    right_align(&mut table, 2);
    table
}

/// Says every order to people, one a line.
pub(super) fn orders(gathered: &Gathered, out: Out) {
    let mut table = plain_table(&[
        "order",
        "arrived",
        "side",
        "instrument",
        "quantity",
        "filled",
        "arrival",
        "shortfall",
        "to vwap",
    ]);
    for order in gathered.orders.values() {
        let cost = measure::cost(gathered, order);
        table.add_row([
            order.cl_ord_id.to_string(),
            utc(order.arrived),
            order.side.name().to_lowercase(),
            gathered.names.symbol(order.instrument),
            order.order_qty.to_string(),
            measure::filled(order).to_string(),
            arrival(order).unwrap_or_else(|| "-".to_owned()),
            figure(cost.map(|cost| cost.shortfall_bps())),
            figure(measure::vwap_bps(order)),
        ]);
    }
    right_align(&mut table, 4);
    out.data(format!("\n{table}"));
}

/// The report for programs; `docs/operations/tca.md` describes it.
pub(super) fn json(report: &Report, each: Option<&Gathered>) -> Value {
    let algos = report.algos.iter().map(|((symbol, algo), row)| {
        let mut value = algo_json(row);
        value["instrument"] = json!(symbol);
        value["algorithm"] = json!(algo);
        value
    });
    let venues = report.venues.iter().map(|((symbol, venue), row)| {
        let mut value = venue_json(row);
        value["instrument"] = json!(symbol);
        value["venue"] = json!(venue);
        value
    });
    let mut whole = json!({
        "orders": report.orders,
        "filled": report.filled,
        "algorithms": algos.collect::<Vec<_>>(),
        "venues": venues.collect::<Vec<_>>(),
        "orders_without_arrival": report.without_arrival,
        "fills_without_order": report.fills_without_order,
        "equal": report.equal,
    });
    if let Some(gathered) = each {
        let orders = gathered.orders.iter().map(|(id, order)| {
            let cost = measure::cost(gathered, order);
            json!({
                "order": id.get(),
                "cl_ord_id": order.cl_ord_id.as_str(),
                "instrument": gathered.names.symbol(order.instrument),
                "algorithm": measure::algo_name(order.algo),
                "side": order.side.name(),
                "arrived": utc(order.arrived),
                "done": order.done.map(utc),
                "order_qty": order.order_qty.to_string(),
                "filled_qty": measure::filled(order).to_string(),
                "arrival_px": arrival(order),
                "execution_bps": cost.map(|cost| cost.execution_bps),
                "opportunity_bps": cost.map(|cost| cost.opportunity_bps),
                "fee_bps": cost.map(|cost| cost.fee_bps),
                "shortfall_bps": cost.map(|cost| cost.shortfall_bps()),
                "vwap_bps": measure::vwap_bps(order),
            })
        });
        whole["each"] = orders.collect::<Vec<_>>().into();
    }
    whole
}

fn algo_json(row: &AlgoRow) -> Value {
    json!({
        "orders": row.orders,
        "order_qty": qty_text(row.order_qty),
        "filled_qty": qty_text(row.filled_qty),
        "fill_rate": ratio(row.filled_qty, row.order_qty),
        "orders_measured": row.shortfall.count,
        "execution_bps": row.execution.value(),
        "opportunity_bps": row.opportunity.value(),
        "fee_bps": row.fee.value(),
        "shortfall_bps": row.shortfall.value(),
        "vwap_bps": row.vwap.value(),
        "vwap_orders": row.vwap.count,
        "markouts": markouts(&row.markouts),
    })
}

fn venue_json(row: &VenueRow) -> Value {
    json!({
        "children": row.children,
        "rejects": row.rejects,
        "fills": row.fills,
        "sent_qty": qty_text(row.sent_qty),
        "filled_qty": qty_text(row.filled_qty),
        "fill_rate": ratio(row.filled_qty, row.sent_qty),
        "answer_ms": row.answer_ms.value(),
        "slippage_bps": row.slippage.value(),
        "fee_bps": row.fee.value(),
        "markouts": markouts(&row.markouts),
    })
}

fn markouts(markouts: &Markouts) -> Vec<Value> {
    let rows = HORIZONS_MS.iter().zip(markouts);
    rows.map(|(ms, mean)| json!({"horizon_ms": ms, "bps": mean.value(), "fills": mean.count}))
        .collect()
}

/// The arrival mid with nine decimals: half a unit of a price is possible.
fn arrival(order: &Parent) -> Option<String> {
    let twice = order.arrival?;
    let half = if twice % 2 == 0 { "" } else { "5" };
    let px = Price::from_units(i64::try_from(twice / 2).ok()?);
    if half.is_empty() {
        return Some(px.to_string());
    }
    let units = px.units();
    Some(format!(
        "{}.{:08}{half}",
        units / 100_000_000,
        units % 100_000_000
    ))
}

fn percent(part: u128, whole: u128) -> String {
    format!("{:.1} %", ratio(part, whole) * 100.0)
}

fn bps(mean: &Mean) -> String {
    figure(mean.value())
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn horizon(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else {
        format!("{} s", ms / 1_000)
    }
}
