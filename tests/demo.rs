//! Goal: the main job runs from nothing and its report can be relied on. Method: `dcx demo` as
//! its users start it, every field of its JSON as `docs/protocols/reports.md` names it.

use dcx_tests::run;
use serde_json::Value;

/// The value at a path of keys; a report without it is not the documented one.
fn at<'a>(report: &'a Value, path: &str) -> &'a Value {
    let keys = path.split('.');
    keys.fold(report, |value, key| {
        value
            .get(key)
            .unwrap_or_else(|| panic!("{path} is missing in {report}"))
    })
}

fn count(report: &Value, path: &str) -> u64 {
    let value = at(report, path);
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{path} is no count: {value}"))
}

fn number(report: &Value, path: &str) -> f64 {
    let value = at(report, path);
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{path} is no number: {value}"))
}

fn expect_percentiles(report: &Value, path: &str) {
    let points = ["p50", "p90", "p99", "p999", "p9999", "max"];
    let values = points.map(|point| count(report, &format!("{path}.{point}")));
    assert!(values.is_sorted(), "{path}: {values:?}");
    assert!(
        count(report, &format!("{path}.count")) > 0,
        "{path} has samples"
    );
    assert!(values[0] > 0, "{path}: nothing takes no time");
}

#[test]
fn the_demo_reports_a_whole_run_with_nothing_lost() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let ended = run(
        dir.path(),
        &["demo", "--seconds", "5", "--seed", "7", "--json"],
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = ended.json();

    assert_eq!(count(&report, "seed"), 7);
    assert!(number(&report, "seconds") >= 5.0);
    assert!(["off", "async"].contains(&at(&report, "journal_mode").as_str().unwrap_or_default()));
    expect_orders(&report);
    expect_venues(&report);
    for stage in ["engine", "ring", "ingress_to_egress", "client_round_trip"] {
        expect_percentiles(&report, &format!("latency.{stage}"));
    }
    for edge in ["mt5_terminals", "mqtt_messages", "bus_published"] {
        let _ = count(&report, &format!("edges.{edge}"));
    }
    assert!(
        count(&report, "edges.fix_sessions") >= 4,
        "three venues and a client"
    );
    expect_replay(&report);
}

fn expect_orders(report: &Value) {
    let orders = |name: &str| count(report, &format!("orders.{name}"));
    let (received, accepted, refused) = (orders("received"), orders("accepted"), orders("refused"));
    assert!(received > 0);
    assert_eq!(received, accepted + refused, "every order is answered");
    assert!(orders("filled") > 0, "orders trade");
    assert!(orders("filled") + orders("canceled") + orders("working") <= accepted);
    assert_eq!((orders("lost"), orders("duplicated")), (0, 0));
    let rate = number(report, "fill_rate");
    assert!((0.0..=1.0).contains(&rate) && rate > 0.0, "{rate}");
    assert!(number(report, "slippage_bps").is_finite());
}

fn expect_venues(report: &Value) {
    let venues = at(report, "venues").as_array().expect("a list of venues");
    assert_eq!(venues.len(), 3);
    let share: f64 = venues.iter().map(|venue| number(venue, "share")).sum();
    assert!(
        (share - 1.0).abs() < 0.01,
        "the venues' shares sum to one: {share}"
    );
    for venue in venues {
        assert!(
            count(venue, "children") > 0,
            "routing tries every venue: {venue}"
        );
        assert!(at(venue, "name").is_string());
        for name in ["filled_qty", "mean_reward", "mean_slippage_bps"] {
            let value = at(venue, name);
            let text = value.as_str().map(ToOwned::to_owned);
            let text = text.unwrap_or_else(|| value.to_string());
            assert!(
                text.parse::<f64>().is_ok_and(f64::is_finite),
                "{name} of {venue}"
            );
        }
    }
}

fn expect_replay(report: &Value) {
    assert!(count(report, "journal.records") > count(report, "orders.received"));
    assert!(count(report, "journal.bytes") > 0);
    assert_eq!(at(report, "replay.equal"), &Value::Bool(true));
    assert_eq!(at(report, "replay.digest"), at(report, "journal.digest"));
}

#[test]
fn a_demo_of_no_seconds_is_a_usage_error() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let ended = run(dir.path(), &["demo", "--seconds", "0", "--json"]);
    assert_eq!(
        ended.code,
        Some(64),
        "zero seconds are a usage error: {ended:?}"
    );
    assert!(ended.err.contains("--seconds"), "{}", ended.err);
}
