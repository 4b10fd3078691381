//! What came of a demo: for people at a glance, for machines whole.

use std::path::Path;

use comfy_table::Table;
use dcx_bench::report::Latency;
use dcx_model::Nanos;
use dcx_pipeline::{FinalReport, ReplayReport};
use dcx_sim::client::ClientReport;
use dcx_sim::venue::VenueStats;
use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::learned::Learned;
use crate::out::Out;
use crate::text::{count, hex, plain_table, qty_text, ratio, right_align, span};

/// Everything that is reported.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) seconds: f64,
    pub(super) fix_sessions: usize,
    pub(super) received: u64,
    pub(super) client: ClientReport,
    pub(super) last: FinalReport,
    pub(super) venues: Vec<(&'static str, VenueStats)>,
    pub(super) learned: Learned,
    pub(super) replayed: ReplayReport,
}

impl Report {
    /// Orders without an answer, and what never reached the engine or never left it.
    pub(super) fn lost(&self) -> u64 {
        let unsent = self.client.sent.saturating_sub(self.received);
        self.client.lost.max(unsent) + self.last.unsequenced as u64 + self.last.withheld
    }

    /// Whether the replay came to what the run came to.
    pub(super) fn equal(&self) -> bool {
        self.replayed.equal()
            && self.replayed.state_digest == self.last.state_digest
            && self.replayed.event_digest == self.last.event_digest
    }

    fn fill_rate(&self) -> f64 {
        self.learned.fills.rate()
    }

    fn stages(&self) -> [(&'static str, &Histogram<u64>); 4] {
        let latency = &self.last.latency;
        [
            ("engine", &latency.engine),
            ("ring", &latency.ring),
            ("ingress_to_egress", &latency.ingress_to_egress),
            ("client_round_trip", &self.client.round_trip),
        ]
    }

    /// The report as `docs/protocols/reports.md` describes it.
    pub(super) fn to_json(&self) -> Value {
        let latency: serde_json::Map<String, Value> = self
            .stages()
            .into_iter()
            .map(|(stage, histogram)| (stage.to_owned(), json!(Latency::of(histogram))))
            .collect();
        let children = self.learned.children();
        let venues: Vec<Value> = self
            .learned
            .venues
            .iter()
            .map(|(venue, learned)| {
                let score = learned.score.as_ref();
                json!({
                    "name": self.learned.names.venue(*venue),
                    "children": learned.children,
                    "filled_qty": qty_text(learned.filled_qty),
                    "share": ratio(learned.children, children),
                    "mean_reward": score.map_or(0.0, |score| score.mean_reward_bps),
                    "mean_slippage_bps": score.map_or(0.0, |score| score.mean_slippage_bps),
                })
            })
            .collect();
        json!({
            "seed": self.seed,
            "seconds": self.seconds,
            "journal_mode": "async",
            "orders": {
                "received": self.received,
                "accepted": self.client.accepted,
                "refused": self.client.refused,
                "filled": self.client.filled,
                "canceled": self.client.canceled,
                "working": self.client.working,
                "lost": self.lost(),
                "duplicated": self.client.duplicated,
            },
            "fill_rate": self.fill_rate(),
            "marketable": {
                "qty": qty_text(self.learned.fills.sums().0),
                "filled_qty": qty_text(self.learned.fills.sums().1),
                "orders_taken_back": self.learned.fills.sums().2,
            },
            "slippage_bps": self.learned.slippage_bps(),
            "latency": latency,
            "venues": venues,
            "edges": {
                "fix_sessions": self.fix_sessions,
                "mt5_terminals": 0,
                "mqtt_messages": 0,
                "bus_published": 0,
            },
            "journal": {
                "records": self.replayed.records,
                "bytes": self.replayed.bytes,
                "digest": hex(self.last.event_digest),
            },
            "replay": {
                "digest": hex(self.replayed.event_digest),
                "equal": self.equal(),
            },
        })
    }

    /// The report for people.
    pub(super) fn say(&self, journal: &Path, out: Out) {
        let client = &self.client;
        out.data(format!(
            "\n{} orders in {:.1} s: {} accepted, {} refused; {} filled, {} cancelled, {} working; \
             {} lost, {} duplicated",
            count(self.received),
            self.seconds,
            count(client.accepted),
            count(client.refused),
            count(client.filled),
            count(client.canceled),
            count(client.working),
            self.lost(),
            client.duplicated
        ));
        out.data(format!(
            "fill rate {:.2} % of {} marketable (accepted orders that could trade at once when they \
             came: market, or limit at the other side's best or better; without {} that their \
             clients took back and schedules that go on); slippage {:+.3} bps against the mid at \
             the decision\n",
            self.fill_rate() * 100.0,
            qty_text(self.learned.fills.sums().0),
            count(self.learned.fills.sums().2),
            self.learned.slippage_bps()
        ));
        out.data(self.latency_table().to_string());
        out.data(
            "journal async; not pinned, every command measured, venues and clients on the same \
             cores\n",
        );
        out.data(self.venue_table().to_string());
        self.say_proof(journal, out);
    }

    fn latency_table(&self) -> Table {
        let mut table = plain_table(&["latency", "count", "p50", "p90", "p99", "p99.9", "max"]);
        for (stage, histogram) in self.stages() {
            let at = |quantile| span(Nanos::new(histogram.value_at_quantile(quantile)));
            table.add_row([
                stage.replace('_', " "),
                count(histogram.len()),
                at(0.5),
                at(0.9),
                at(0.99),
                at(0.999),
                at(1.0),
            ]);
        }
        right_align(&mut table, 1);
        table
    }

    fn venue_table(&self) -> Table {
        let mut table = plain_table(&[
            "venue",
            "children",
            "share",
            "trades",
            "refused",
            "reward bps",
            "slippage bps",
        ]);
        let children = self.learned.children();
        for (venue, learned) in &self.learned.venues {
            let name = self.learned.names.venue(*venue);
            let stats = self.venues.iter().find(|(known, _)| *known == name);
            let score = learned.score.as_ref();
            table.add_row([
                name.clone(),
                count(learned.children),
                format!("{:.1} %", ratio(learned.children, children) * 100.0),
                count(learned.trades),
                stats.map_or_else(String::new, |(_, stats)| count(stats.rejected)),
                score.map_or_else(String::new, |score| {
                    format!("{:+.3}", score.mean_reward_bps)
                }),
                score.map_or_else(String::new, |score| {
                    format!("{:+.3}", score.mean_slippage_bps)
                }),
            ]);
        }
        right_align(&mut table, 1);
        table
    }

    fn say_proof(&self, journal: &Path, out: Out) {
        let verdict = if self.equal() {
            "equal to the run"
        } else {
            "NOT equal to the run"
        };
        out.data(format!(
            "\njournal: {} records, {} bytes, events {}, state {}",
            count(self.replayed.records),
            count(self.replayed.bytes),
            hex(self.last.event_digest),
            hex(self.last.state_digest)
        ));
        out.data(format!(
            "replay:  {} events {}: {verdict}",
            count(self.replayed.events),
            hex(self.replayed.event_digest)
        ));
        let dir = journal.display();
        let example = self.learned.example;
        let example = example.map_or_else(|| "ORDER".to_owned(), |id| id.to_string());
        out.data("\nnext:");
        out.data(format!("  dcx explain {example} --journal {dir}"));
        out.data(format!("  dcx replay {dir}"));
        out.data("  dcx run --config config/dcx.toml");
    }
}
