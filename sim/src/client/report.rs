//! What a client saw, for people and for machines.

use std::fmt;

use dcx_model::Nanos;
use hdrhistogram::Histogram;

use super::check::{Checker, Violation};

/// Counts while a client runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// New orders sent.
    pub sent: u64,
    /// Orders accepted.
    pub accepted: u64,
    /// Orders refused.
    pub refused: u64,
    /// Orders filled.
    pub filled: u64,
    /// Orders cancelled or expired.
    pub canceled: u64,
    /// Trades reported.
    pub trades: u64,
    /// Reports that cannot be right.
    pub violations: u64,
    /// Whether it has stopped sending.
    pub ending: bool,
}

/// What a client saw.
#[derive(Clone)]
pub struct ClientReport {
    /// New orders sent, bad ones and repeated ClOrdIDs included.
    pub sent: u64,
    /// Orders accepted (`ExecType` New).
    pub accepted: u64,
    /// Orders refused.
    pub refused: u64,
    /// Orders filled whole.
    pub filled: u64,
    /// Orders cancelled or expired, in part filled or not.
    pub canceled: u64,
    /// Orders that still worked at the end.
    pub working: u64,
    /// Orders that were never answered.
    pub lost: u64,
    /// Reports with an ExecID that came before, and orders reported under two OrderIDs.
    pub duplicated: u64,
    /// Cancels, replaces and status requests sent.
    pub requests: u64,
    /// Cancels and replaces refused.
    pub requests_refused: u64,
    /// Orders replaced.
    pub replaced: u64,
    /// Trades reported.
    pub trades: u64,
    /// Reports that cannot be right.
    pub violations_count: u64,
    /// The first hundred of them.
    pub violations: Vec<Violation>,
    /// From the moment an order should have been sent to its first report, in nanoseconds.
    pub round_trip: Histogram<u64>,
    /// From the first order to the last report.
    pub took: Nanos,
}

impl fmt::Debug for ClientReport {
    /// As JSON: the histogram by itself is pages of zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientReport {}", self.to_json())
    }
}

impl ClientReport {
    pub(super) fn of(mut checker: Checker, took: Nanos) -> Self {
        checker.close();
        let tally = checker.tally;
        Self {
            sent: tally.sent,
            accepted: tally.accepted,
            refused: tally.refused,
            filled: tally.filled,
            canceled: tally.canceled,
            working: checker.working(),
            lost: checker.lost(),
            duplicated: tally.duplicated,
            requests: tally.requests,
            requests_refused: tally.requests_refused,
            replaced: tally.replaced,
            trades: tally.trades,
            violations_count: tally.violations,
            violations: checker.violations,
            round_trip: checker.round_trip,
            took,
        }
    }

    /// Whether nothing was lost, doubled or wrong.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.violations_count == 0
    }

    /// The report as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let violations = self.violations.iter().map(|violation| {
            serde_json::json!({
                "cl_ord_id": violation.cl_ord_id,
                "rule": violation.rule,
                "detail": violation.detail,
            })
        });
        serde_json::json!({
            "orders": {
                "sent": self.sent,
                "accepted": self.accepted,
                "refused": self.refused,
                "filled": self.filled,
                "canceled": self.canceled,
                "working": self.working,
                "lost": self.lost,
                "duplicated": self.duplicated,
            },
            "requests": self.requests,
            "requests_refused": self.requests_refused,
            "replaced": self.replaced,
            "trades": self.trades,
            "violations_count": self.violations_count,
            "violations": violations.collect::<Vec<_>>(),
            "latency": { "client_round_trip": latency_json(&self.round_trip) },
            "took_ns": self.took.get(),
        })
    }
}

/// A histogram of nanoseconds as reports carry it: count, quantiles, maximum.
#[must_use]
pub fn latency_json(histogram: &Histogram<u64>) -> serde_json::Value {
    serde_json::json!({
        "count": histogram.len(),
        "p50": histogram.value_at_quantile(0.5),
        "p90": histogram.value_at_quantile(0.9),
        "p99": histogram.value_at_quantile(0.99),
        "p999": histogram.value_at_quantile(0.999),
        "p9999": histogram.value_at_quantile(0.9999),
        "max": histogram.max(),
    })
}
