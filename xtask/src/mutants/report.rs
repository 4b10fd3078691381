//! The outcomes as a page: counts by file, and each mutant that no test catches.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Decided, Known, LeftOut, Mutant, Outcome};

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    caught: usize,
    timeout: usize,
    missed: usize,
    undecided: usize,
    not_run: usize,
    unviable: usize,
    alone: usize,
}

impl Counts {
    fn add(&mut self, left_out: Option<&LeftOut>, decided: Option<&Decided>) {
        let count = match (left_out, decided.map(|it| it.outcome)) {
            (Some(LeftOut::Unviable(_)), _) => &mut self.unviable,
            (Some(LeftOut::Alone(_)), _) => &mut self.alone,
            (None, Some(Outcome::Caught)) => &mut self.caught,
            (None, Some(Outcome::Timeout)) => &mut self.timeout,
            (None, Some(Outcome::Missed | Outcome::Unreached)) => &mut self.missed,
            (None, Some(Outcome::Undecided)) => &mut self.undecided,
            (None, None) => &mut self.not_run,
        };
        *count += 1;
    }

    /// Of those that were run; what is undecided counts as not caught.
    fn share(&self) -> f64 {
        let caught = self.caught + self.timeout;
        let all = caught + self.missed + self.undecided;
        if all == 0 {
            0.0
        } else {
            100.0 * caught as f64 / all as f64
        }
    }

    fn row(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {:.1} |\n",
            self.caught,
            self.timeout,
            self.missed,
            self.undecided,
            self.not_run,
            self.unviable,
            self.alone,
            self.share()
        )
    }
}

pub(crate) fn page(
    mutants: &[Mutant],
    known: &Known,
    decided: &BTreeMap<String, Decided>,
) -> String {
    let mut files: BTreeMap<String, Counts> = BTreeMap::new();
    let mut all = Counts::default();
    let mut survivors = String::new();
    for mutant in mutants {
        let (left_out, outcome) = (known.left_out.get(&mutant.name), decided.get(&mutant.name));
        let file = mutant.file.display().to_string();
        files.entry(file).or_default().add(left_out, outcome);
        all.add(left_out, outcome);
        let how = match (left_out, outcome.map(|it| it.outcome)) {
            (None, Some(Outcome::Missed)) => "missed",
            (None, Some(Outcome::Unreached)) => "not reached",
            (None, Some(Outcome::Undecided)) => "undecided",
            _ => continue,
        };
        let _ = writeln!(survivors, "- {how}: {}", mutant.name);
    }
    let mut page = String::from(
        "| file | caught | timeout | missed | undecided | not run | unviable | alone | caught, % |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for (file, counts) in &files {
        page.push_str(&counts.row(&format!("`{file}`")));
    }
    page.push_str(&all.row("all"));
    page.push('\n');
    page + &survivors
}
