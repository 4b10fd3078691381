//! What the foreign engine sent and had, as it wrote it down.

use std::collections::BTreeMap;
use std::path::Path;

use super::facts::Reported;

/// The foreign side's account of a session.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// OrderQty (38) of each order by its ClOrdID (11).
    pub(crate) orders: BTreeMap<String, u64>,
    /// OrigClOrdID (41) of each cancel by its ClOrdID.
    pub(crate) cancels: BTreeMap<String, String>,
    /// OrigClOrdID of each replace by its ClOrdID.
    pub(crate) replaces: BTreeMap<String, String>,
    /// ExecutionReports (8) by their ExecID (17).
    pub(crate) reports: BTreeMap<String, Reported>,
    /// OrigClOrdID of each request that was refused (9), by its ClOrdID.
    pub(crate) refused: BTreeMap<String, String>,
    /// Everything that was there twice, or should never have been.
    pub(crate) wrong: Vec<String>,
    /// Its next outgoing and next incoming number.
    pub(crate) numbers: (u64, u64),
}

impl Ledger {
    pub(crate) fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("the foreign engine wrote its ledger");
        let mut ledger = Self::default();
        for line in text.lines() {
            ledger.take(line);
        }
        assert!(
            ledger.numbers.0 > 0,
            "the ledger of the foreign engine has no end: {} lines",
            text.lines().count()
        );
        ledger
    }

    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |word: &str| word.parse::<u64>().expect("a whole number");
        let name = |word: &str| word.to_owned();
        let is_new = match words[..] {
            ["order", id, qty] => self.orders.insert(name(id), number(qty)).is_none(),
            ["cancel", id, orig] => self.cancels.insert(name(id), name(orig)).is_none(),
            ["replace", id, orig, _] => self.replaces.insert(name(id), name(orig)).is_none(),
            ["refused", id, orig] => self.refused.insert(name(id), name(orig)).is_none(),
            ["report", exec_id, id, exec_type, _, last, cum, _] => {
                let reported = Reported {
                    cl_ord_id: name(id),
                    exec_type: exec_type.parse().expect("one character"),
                    last_qty: number(last),
                    cum_qty: number(cum),
                };
                self.reports.insert(name(exec_id), reported).is_none()
            }
            ["numbers", out, into] => {
                self.numbers = (number(out), number(into));
                true
            }
            _ => false,
        };
        if !is_new {
            self.wrong.push(line.to_owned());
        }
    }

    /// What was traded, by the reports.
    pub(crate) fn traded(&self) -> u64 {
        let trades = self.reports.values();
        trades.map(|report| report.last_qty).sum()
    }
}
