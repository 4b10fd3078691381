//! The choice of venues, measured: every policy on recorded quotes behind stated venues.
//!
//! The order of things is the order in which one must not look: [`profile`] states what the
//! venues do, [`table`] draws what every choice would cost, [`play`] lets each policy choose,
//! [`compare`] tunes on the early days and looks once at the later ones, [`stats`] says what of it
//! is chance. [`drift`] measures regret where the truth is known, [`offpolicy`] estimates a policy
//! from another's decisions, [`journal`] takes those from a journal, and [`report`] writes the
//! page with its plots.

pub mod compare;
pub mod drift;
pub mod journal;
pub mod offpolicy;
pub mod play;
pub mod profile;
pub mod report;
pub mod stats;
pub mod table;
pub mod tape;

mod plot;

use std::io;
use std::path::PathBuf;

use dcx_model::{Code, RoutingPolicy};
use dcx_pipeline::JournalError;
use dcx_sim::data::{DataError, DataOptions, TzOption};
use serde::Serialize;

use compare::Compared;
use offpolicy::Estimate;
use profile::PROFILES;
use table::Table;
use tape::Joined;

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// The market data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A source with next to nothing in it.
    #[error("{name} holds {quotes} quotes; a comparison needs at least {least}")]
    TooFew {
        /// Which.
        name: String,
        /// How many.
        quotes: usize,
        /// How many are needed.
        least: usize,
    },
    /// Sources that have no time in common.
    #[error(
        "the sources have no time in common: the last begins at {from}, the first ends at {to}; is \
         the clock of each right (--tz)?"
    )]
    Apart {
        /// When the last one begins.
        from: String,
        /// When the first one ends.
        to: String,
    },
    /// Sources that are never there together.
    #[error("at {skipped} moments one of the sources was silent for too long: nothing to decide")]
    NoDecisions {
        /// How many moments were looked at.
        skipped: u64,
    },
    /// The journal that decisions are taken from.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal without decisions.
    #[error(
        "the journal holds no choice of a venue with its reward: the engine tells them where \
         routing events are on"
    )]
    NoChoices,
    /// A policy that a journal's decisions say nothing about.
    #[error("{policy} chooses by displayed prices, which a journal's decisions do not hold")]
    NotFromJournal {
        /// Which.
        policy: &'static str,
    },
    /// The report.
    #[error("writing {path}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A plot.
    #[error("drawing {what}: {why}")]
    Plot {
        /// Which plot.
        what: String,
        /// What the library says.
        why: String,
    },
}

impl RoutingError {
    /// Its code in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Data(error) => error.code(),
            Self::TooFew { .. } | Self::Apart { .. } | Self::NoDecisions { .. } => Code::D010,
            Self::Journal(error) => error.code(),
            Self::NoChoices | Self::NotFromJournal { .. } => Code::X018,
            Self::Write { .. } | Self::Plot { .. } => Code::X004,
        }
    }
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct RoutingBench {
    /// Market data, several for several sources of one instrument; none for drawn prices.
    pub data: Vec<PathBuf>,
    /// Clocks of data that do not say theirs.
    pub tz: Vec<TzOption>,
    /// One policy, beside the baselines; none for all.
    pub policy: Option<RoutingPolicy>,
    /// Seed of all chance.
    pub seed: u64,
    /// Decisions spread over the data.
    pub decisions: u64,
}

impl Default for RoutingBench {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            tz: Vec::new(),
            policy: None,
            seed: 1,
            decisions: table::DECISIONS,
        }
    }
}

/// One policy's result, chosen among its variants on the training days, on the test days.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyRow {
    /// The policy.
    pub name: &'static str,
    /// Mean effective cost of a decision, in basis points.
    pub cost_bps: f64,
    /// Its 95 % interval.
    pub ci_low: f64,
    /// Its 95 % interval.
    pub ci_high: f64,
    /// Decisions of the test days.
    pub decisions: usize,
    /// Quantity that the chosen venues filled by the quantity sent.
    pub fill_rate: f64,
}

/// All policies under one profile.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The profile.
    pub profile: &'static str,
    /// The policies.
    pub policies: Vec<PolicyRow>,
    /// The probability of so good a best variant by chance, against the benchmark.
    pub reality_check_p: f64,
    /// What it comes to, in words.
    pub verdict: String,
    /// What the one policy asked for would cost, estimated from another's decisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_policy: Option<Estimate>,
    /// What the page has beyond this.
    #[serde(skip)]
    pub compared: Compared,
}

/// The whole comparison.
#[derive(Clone, Debug, Serialize)]
pub struct RoutingReport {
    /// The sources.
    pub data: Vec<String>,
    /// One for each profile.
    pub cases: Vec<Case>,
    /// What was found in the sources.
    #[serde(skip)]
    pub found: Vec<(String, tape::Found)>,
}

/// Compares all policies, or one with the baselines, under every profile.
///
/// # Errors
/// [`RoutingError`]: data that cannot be read or joined.
pub fn run(options: &RoutingBench) -> Result<RoutingReport, RoutingError> {
    let joined = if options.data.is_empty() {
        Joined::drawn(options.seed)
    } else {
        let data = DataOptions {
            tz: options.tz.clone(),
            ..DataOptions::default()
        };
        Joined::read(&options.data, &data)?
    };
    let mut cases = Vec::new();
    for profile in PROFILES {
        let table = Table::of(&joined, profile, options.decisions, options.seed);
        if table.train().is_empty() || table.test().is_empty() {
            return Err(RoutingError::NoDecisions {
                skipped: table.skipped,
            });
        }
        let compared = compare::compare(&table, options.policy, options.seed);
        let off_policy = options.policy.and_then(|policy| {
            offpolicy::on_table(&table, &offpolicy::routing_of(policy), options.seed)
        });
        cases.push(Case {
            profile: profile.name,
            policies: compared.rows(),
            reality_check_p: compared.reality_check_p,
            verdict: compared.verdict(profile.name),
            off_policy,
            compared,
        });
    }
    let names = joined.sources.iter().map(|source| source.name.clone());
    Ok(RoutingReport {
        data: if options.data.is_empty() {
            names.collect()
        } else {
            let paths = options.data.iter();
            paths.map(|path| path.display().to_string()).collect()
        },
        cases,
        found: joined
            .sources
            .iter()
            .map(|source| (source.name.clone(), source.found))
            .collect(),
    })
}

impl RoutingReport {
    /// The report as plain text for people.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut text = format!("venues over {}\n", self.data.join(", "));
        for case in &self.cases {
            text.push_str(&format!("\n{}\n", case.profile));
            text.push_str("  policy              cost bps      95 % interval    filled\n");
            for row in &case.policies {
                text.push_str(&format!(
                    "  {:<18} {:>9.4}  {:>8.4} .. {:<8.4} {:>6.1} %\n",
                    row.name,
                    row.cost_bps,
                    row.ci_low,
                    row.ci_high,
                    row.fill_rate * 100.0
                ));
            }
            text.push_str(&format!(
                "  reality check p {:.3}: {}\n",
                case.reality_check_p, case.verdict
            ));
            if let Some(found) = &case.off_policy {
                text.push_str(&format!(
                    "  {} estimated from another's {} decisions: {:.4} (ips), {:.4} (doubly \
                     robust, {:.4} .. {:.4}); in truth {:.4}\n",
                    found.policy,
                    found.decisions,
                    found.ips_bps,
                    found.doubly_robust_bps,
                    found.doubly_robust_low,
                    found.doubly_robust_high,
                    found.true_bps.unwrap_or(f64::NAN)
                ));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_documented_fields_and_the_same_figures_for_the_same_seed() {
        let options = RoutingBench {
            decisions: 1_500,
            ..RoutingBench::default()
        };
        let json = |options: &RoutingBench| serde_json::to_value(run(options).unwrap()).unwrap();
        let report = json(&options);
        assert_eq!(report, json(&options));
        let cases = report["cases"].as_array().unwrap();
        let names: Vec<&str> = cases.iter().filter_map(|c| c["profile"].as_str()).collect();
        assert!(names.contains(&"displayed-only") && names.contains(&"hidden-costs"));
        for case in cases {
            let p = case["reality_check_p"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&p));
            assert!(!case["verdict"].as_str().unwrap().is_empty());
            let policies = case["policies"].as_array().unwrap();
            for known in [
                "best-displayed",
                "round-robin",
                "best-static",
                "thompson",
                "exp3",
            ] {
                assert!(policies.iter().any(|row| row["name"] == known), "{known}");
            }
            for row in policies {
                let figure = |name: &str| row[name].as_f64().unwrap();
                assert!(figure("ci_low") <= figure("cost_bps"));
                assert!(figure("cost_bps") <= figure("ci_high"));
                assert!((0.0..=1.0).contains(&figure("fill_rate")));
                assert!(row["decisions"].as_u64().unwrap() > 100);
            }
        }
    }

    #[test]
    fn one_policy_is_compared_with_the_baselines_and_estimated_from_a_log() {
        let options = RoutingBench {
            decisions: 1_500,
            policy: Some(RoutingPolicy::LinThompson),
            ..RoutingBench::default()
        };
        let report = run(&options).unwrap();
        for case in &report.cases {
            let mut names: Vec<&str> = case.policies.iter().map(|row| row.name).collect();
            names.sort_unstable();
            assert_eq!(
                names,
                [
                    "best-displayed",
                    "best-static",
                    "lin-thompson",
                    "round-robin"
                ]
            );
            assert_eq!(case.off_policy.as_ref().unwrap().policy, "lin-thompson");
        }
    }
}
