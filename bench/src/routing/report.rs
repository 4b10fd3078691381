//! The published page: what was found, in words, tables and plots.
//!
//! Everything on it comes from the data, the seed and the profiles: made twice, it is the same.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dcx_model::RoutingPolicy;

use super::compare::{Compared, Entry};
use super::drift::{ROUNDS, Regret, SEEDS, World};
use super::offpolicy::{Estimate, on_table, routing_of};
use super::play::{BUDGET_PPM, learns};
use super::plot::{self, Bar, Frame, Line};
use super::profile::{NAMES, PROFILES};
use super::table::Table;
use super::tape::Joined;
use super::{Case, RoutingBench, RoutingError, RoutingReport};

/// One instrument of the page.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// The beginning of its plots' file names.
    pub stem: String,
    /// What was measured.
    pub report: RoutingReport,
    /// Policies estimated from a log of others' choices, under `hidden-costs`.
    pub estimates: Vec<Estimate>,
}

/// The recorded instruments of a shared data folder: heading, stem, and paths below it.
const RECORDED: &[(&str, &str, &[&str])] = &[
    (
        "EURUSD, FXCM and OANDA",
        "eurusd",
        &["eurusd-fxcm", "eurusd-oanda"],
    ),
    ("XAUUSD, OANDA", "xauusd", &["xauusd-oanda"]),
    (
        "BTCUSDT spot, Binance",
        "btcusdt-spot",
        &["binance/btcusdt_spot_20240808.gz"],
    ),
    (
        "BTCUSDT perpetual, Binance",
        "btcusdt-perpetual",
        &["binance/btcusdt_usdm_20240808.gz"],
    ),
];

/// What the page is made from: the data that was named, else the instruments found in `shared`,
/// else drawn prices.
#[must_use]
pub fn sources(options: &RoutingBench, shared: &Path) -> Vec<(String, String, Vec<PathBuf>)> {
    if !options.data.is_empty() {
        return vec![(
            "The data named".to_owned(),
            "data".to_owned(),
            options.data.clone(),
        )];
    }
    let found: Vec<_> = RECORDED
        .iter()
        .map(|(title, stem, paths)| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| shared.join(path)).collect();
            ((*title).to_owned(), (*stem).to_owned(), paths)
        })
        .filter(|(_, _, paths)| paths.iter().all(|path| path.exists()))
        .collect();
    if found.is_empty() {
        return vec![("Drawn prices".to_owned(), "drawn".to_owned(), Vec::new())];
    }
    found
}

/// Measures one instrument for the page.
///
/// # Errors
/// As [`super::run`].
pub fn section(
    (title, stem, data): (String, String, Vec<PathBuf>),
    options: &RoutingBench,
) -> Result<Section, RoutingError> {
    let options = RoutingBench {
        data,
        ..options.clone()
    };
    let report = super::run(&options)?;
    let estimates = estimates(&options)?;
    Ok(Section {
        title,
        stem,
        report,
        estimates,
    })
}

fn estimates(options: &RoutingBench) -> Result<Vec<Estimate>, RoutingError> {
    let joined = if options.data.is_empty() {
        Joined::drawn(options.seed)
    } else {
        let data = dcx_sim::data::DataOptions {
            tz: options.tz.clone(),
            ..Default::default()
        };
        Joined::read(&options.data, &data)?
    };
    let Some(profile) = PROFILES
        .iter()
        .find(|profile| profile.name == "hidden-costs")
    else {
        return Ok(Vec::new());
    };
    let table = Table::of(&joined, profile, options.decisions, options.seed);
    let policies = [
        RoutingPolicy::BestDisplayed,
        RoutingPolicy::RoundRobin,
        RoutingPolicy::Thompson,
        RoutingPolicy::LinThompson,
    ];
    Ok(policies
        .iter()
        .filter_map(|policy| on_table(&table, &routing_of(*policy), options.seed))
        .collect())
}

/// Writes the page and its plots into `dir`; returns how many files.
///
/// # Errors
/// [`RoutingError`]: a plot that cannot be drawn, a file that cannot be written.
pub fn write(dir: &Path, sections: &[Section], regrets: &[Regret]) -> Result<usize, RoutingError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RoutingError::Write { path, source }
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    let mut files = plots(sections, regrets)?;
    files.push(("README.md".to_owned(), page(sections, regrets)));
    for (name, text) in &files {
        let path = dir.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(files.len())
}

fn plots(sections: &[Section], regrets: &[Regret]) -> Result<Vec<(String, String)>, RoutingError> {
    let mut files = Vec::new();
    for world in World::ALL {
        files.push((
            format!("regret-{}.svg", world.name()),
            regret_plot(world, regrets)?,
        ));
    }
    for section in sections {
        if let Some(case) = hidden(&section.report) {
            let stem = &section.stem;
            files.push((
                format!("{stem}-saving.svg"),
                saving_plot(section, &case.compared)?,
            ));
            files.push((
                format!("{stem}-learning.svg"),
                learning_plot(section, &case.compared)?,
            ));
        }
    }
    Ok(files)
}

fn hidden(report: &RoutingReport) -> Option<&Case> {
    report
        .cases
        .iter()
        .find(|case| case.profile == "hidden-costs")
}

fn regret_plot(world: World, regrets: &[Regret]) -> Result<String, RoutingError> {
    let mut here: Vec<&Regret> = regrets.iter().filter(|r| r.world == world).collect();
    here.sort_by(|one, other| {
        let mean = |regret: &Regret| regret.against_changing.mean;
        mean(one).total_cmp(&mean(other))
    });
    let drawn: Vec<Line> = here
        .iter()
        .take(7)
        .map(|regret| Line {
            name: regret.policy.to_owned(),
            points: curve_points(&regret.curve, ROUNDS as f64),
        })
        .collect();
    let title = format!("Regret against each moment's best venue, {}", world.name());
    let frame = Frame {
        title: &title,
        x: "choices",
        y: "basis points, summed",
    };
    plot::lines(frame, &drawn)
}

fn curve_points(curve: &[f64], whole: f64) -> Vec<(f64, f64)> {
    let step = whole / curve.len().max(1) as f64;
    let values = curve.iter().enumerate();
    values
        .map(|(ix, value)| ((ix + 1) as f64 * step, *value))
        .collect()
}

fn saving_plot(section: &Section, compared: &Compared) -> Result<String, RoutingError> {
    let bars: Vec<Bar> = by_cost(compared)
        .iter()
        .rev()
        .map(|entry| Bar {
            name: entry.policy.name().to_owned(),
            low: entry.saving.low,
            mean: entry.saving.mean,
            high: entry.saving.high,
        })
        .collect();
    let title = format!("{}: saved against {}", section.title, compared.benchmark);
    let frame = Frame {
        title: &title,
        x: "basis points a decision, test days, 95 %",
        y: "",
    };
    plot::intervals(frame, &bars)
}

fn learning_plot(section: &Section, compared: &Compared) -> Result<String, RoutingError> {
    let whole = (compared.decisions.0 + compared.decisions.1) as f64;
    let learners = by_cost(compared);
    let drawn: Vec<Line> = learners
        .iter()
        .filter(|entry| learns(entry.policy))
        .take(6)
        .map(|entry| Line {
            name: entry.policy.name().to_owned(),
            points: curve_points(&entry.curve, whole),
        })
        .collect();
    let title = format!(
        "{}: saved so far against {}",
        section.title, compared.benchmark
    );
    let frame = Frame {
        title: &title,
        x: "decisions, training days first",
        y: "basis points, summed",
    };
    plot::lines(frame, &drawn)
}

/// The policies, cheapest on the test days first.
fn by_cost(compared: &Compared) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = compared.entries.iter().collect();
    entries.sort_by(|one, other| one.cost.mean.total_cmp(&other.cost.mean));
    entries
}

macro_rules! say {
    ($text:expr, $($arg:tt)*) => {
        writeln!($text, $($arg)*).expect("writing to a string cannot fail")
    };
}

fn page(sections: &[Section], regrets: &[Regret]) -> String {
    let mut text = String::new();
    say!(text, "# The choice of venues, measured\n");
    say!(
        text,
        "Made by `cargo xtask measure routing`; the same data and seed make the same page. Costs \
         are in basis points and\nsimulated: the prices are recorded, what venues do beyond \
         displaying them is stated in `bench/src/routing/profile.rs`,\nwhich was committed before \
         any policy was run on it. Nothing here says what a venue of that name would do.\n"
    );
    words(&mut text, sections);
    method(&mut text);
    regret_tables(&mut text, regrets);
    for section in sections {
        instrument(&mut text, section);
    }
    text
}

/// Where learning wins, where it does not, and what it costs.
fn words(text: &mut String, sections: &[Section]) {
    say!(text, "## In words\n");
    let cases = || {
        sections
            .iter()
            .flat_map(|section| section.report.cases.iter().map(move |case| (section, case)))
    };
    for (heading, is_wanted) in [
        ("**Learning wins**", 1),
        ("**Learning loses**", -1),
        ("**No difference that is not chance**", 0),
    ] {
        let found: Vec<String> = cases()
            .filter(|(_, case)| outcome(case) == is_wanted)
            .map(|(section, case)| {
                let saving = case
                    .compared
                    .picked()
                    .map_or(0.0, |entry| entry.saving.mean);
                format!("{} under `{}` ({saving:+.3})", section.title, case.profile)
            })
            .collect();
        let found = if found.is_empty() {
            "nowhere".to_owned()
        } else {
            found.join("; ")
        };
        say!(text, "- {heading}: {found}.");
    }
    say!(text, "{}", over_budget(sections));
    let placebos: Vec<f64> = cases().map(|(_, case)| case.compared.placebo_p).collect();
    say!(
        text,
        "- **Placebo**: {} of {} have a p below 0.05; chance alone would give about {:.1}.",
        placebos.iter().filter(|p| **p < 0.05).count(),
        placebos.len(),
        placebos.len() as f64 / 20.0
    );
    say!(
        text,
        "\nThe number is what the learner picked on the training days saved a decision of the test \
         days, in basis points, against the\nbaseline picked on the same days. It wins where the \
         95 % interval of that lies above zero and White's reality check over all\nvariants is \
         below 0.05; it loses where the interval lies below zero.\n"
    );
    say!(
        text,
        "**What learning costs** before it pays, all profiles:\n"
    );
    say!(
        text,
        "| instrument | profile | learner | most behind, bps summed | never behind after | of \
         decisions |\n|---|---|---|---|---|---|"
    );
    for (section, case) in cases() {
        if let Some(entry) = case.compared.picked() {
            let even = match entry.even_after {
                Some(decisions) => decisions.to_string(),
                None => "ends behind".to_owned(),
            };
            say!(
                text,
                "| {} | {} | {} | {:.1} | {even} | {} |",
                section.title,
                case.profile,
                entry.policy.name(),
                entry.learning_bps,
                case.compared.decisions.0 + case.compared.decisions.1
            );
        }
    }
    say!(text, "");
}

/// Which learners lose more than exploring can cost where there is nothing to learn.
fn over_budget(sections: &[Section]) -> String {
    let found: Vec<String> = sections
        .iter()
        .filter_map(|section| {
            let mut cases = section.report.cases.iter();
            let compared = &cases
                .find(|case| case.profile == "displayed-only")?
                .compared;
            let fixed = compared.entry(RoutingPolicy::BestStatic)?.cost.mean;
            let names: Vec<String> = compared
                .entries
                .iter()
                .filter(|entry| learns(entry.policy))
                .map(|entry| (entry.policy.name(), entry.cost.mean - fixed))
                .filter(|(_, lost)| *lost > compared.allowance_bps())
                .map(|(name, lost)| format!("{name} {lost:+.4}"))
                .collect();
            let allowed = compared.allowance_bps();
            let names = names.join(", ");
            (!names.is_empty())
                .then(|| format!("{} ({allowed:.4} allowed): {names}", section.title))
        })
        .collect();
    let found = if found.is_empty() {
        "nobody".to_owned()
    } else {
        found.join("; ")
    };
    format!(
        "- **More lost than the budget for exploring allows, `displayed-only`**: {found}. The \
         budget counts what is sent elsewhere than to the venue of which the best was seen; what \
         was seen by chance to be the best and is not, it does not hold."
    )
}

/// 1 where learning wins, −1 where it loses, 0 where nobody can tell.
fn outcome(case: &Case) -> i8 {
    let Some(entry) = case.compared.picked() else {
        return 0;
    };
    if entry.saving.low > 0.0 && case.reality_check_p < 0.05 {
        1
    } else if entry.saving.high < 0.0 {
        -1
    } else {
        0
    }
}

fn method(text: &mut String) {
    say!(text, "## How\n");
    say!(
        text,
        "- Decisions are spread over the time that all sources of an instrument cover; where one of \
         them is silent for a minute there is\n  none. Side and size (1, 3 or 10 units) are drawn. \
         Each decision counts equally.\n\
         - The mid is that of the best bid and ask over all sources. The cost of a decision is what \
         its whole quantity paid against it,\n  fees included. What the chosen venue refuses or \
         leaves goes, once that is known, to the best price that another venue\n  displays by then.\n\
         - Four simulated venues show the sources in turn. All chance is a function of decision and \
         venue, so all policies meet the same.\n  A policy sees the outcome of its own choice only, \
         and not before it is known.\n\
         - Exploring is held to {:.0} % of the quantity. Variants of a policy differ in parameters; \
         the one that was cheapest on the\n  training days (the first {:.0} % of days, or of \
         decisions where there is one day) stands for it on the test days, which are\n  looked at \
         once. Learning goes on there. The seed and the rule were fixed before.\n\
         - Intervals: stationary bootstrap (Politis & Romano 1994) with the block length of Politis \
         & White (2004). Reality check: White\n  (2000), over all variants against the benchmark, \
         the baseline that was cheapest on the training days. Placebo: the venues'\n  labels are \
         shuffled at every decision, benchmark round robin; there is nothing to learn, and p must \
         not be small.\n\
         - Not in it: the impact of our own orders on later prices, queues, and what a venue learns \
         about us. Seven days of FX and minutes\n  of Binance are few: the intervals speak of these \
         days only.\n",
        BUDGET_PPM as f64 / 1e4,
        60.0
    );
    say!(text, "| profile | what the venues do |\n|---|---|");
    for profile in PROFILES {
        say!(text, "| {} | {} |", profile.name, profile.about);
    }
    say!(text, "");
}

fn regret_tables(text: &mut String, regrets: &[Regret]) {
    if regrets.is_empty() {
        return;
    }
    say!(text, "## Regret where the truth is known\n");
    say!(
        text,
        "Four venues whose true costs lie 0.3 bps apart, each cost drawn 1 bps around the truth, {ROUNDS} \
         choices, {SEEDS} seeds, mean and 95 %\ninterval in basis points summed. `still`: nothing \
         changes; `abrupt`: the venues change places every thousand choices;\n`drifting`: every \
         cost walks between 0.5 and 2.5 bps. Against the best static venue a policy may win: it \
         may change.\nOne variant of each policy, fixed before; no budget.\n"
    );
    for world in World::ALL {
        say!(text, "![regret, {0}](regret-{0}.svg)", world.name());
    }
    say!(
        text,
        "\n| policy | {} |\n|---|{}",
        World::ALL
            .iter()
            .flat_map(|world| {
                let name = world.name();
                [
                    format!("{name}, best static"),
                    format!("{name}, best changing"),
                ]
            })
            .collect::<Vec<_>>()
            .join(" | "),
        "---|".repeat(2 * World::ALL.len())
    );
    let first = regrets.iter().filter(|regret| regret.world == World::Still);
    for policy in first.map(|regret| regret.policy) {
        let cells: Vec<String> = World::ALL
            .iter()
            .filter_map(|world| {
                let mut of = regrets.iter();
                of.find(|regret| regret.world == *world && regret.policy == policy)
            })
            .flat_map(|regret| [regret.against_static, regret.against_changing])
            .map(|found| format!("{:.0} ± {:.0}", found.mean, found.high - found.mean))
            .collect();
        say!(text, "| {policy} | {} |", cells.join(" | "));
    }
    say!(text, "");
}

fn instrument(text: &mut String, section: &Section) {
    let report = &section.report;
    say!(text, "## {}\n", section.title);
    for (name, found) in &report.found {
        say!(
            text,
            "- `{name}`: {} quotes, {} of them crossed (sides swapped), {} locked; {} dropped for \
             reversed time; {} gaps of over a minute.",
            found.quotes,
            found.crossed,
            found.locked,
            found.reversed,
            found.gaps
        );
    }
    if let Some(case) = report.cases.first() {
        let compared = &case.compared;
        say!(
            text,
            "- {} days; {} decisions to tune on, {} to test; {} moments passed over for silence, {} \
             decisions while the sources were\n  crossed between them. {} variants tried.\n",
            compared.days,
            compared.decisions.0,
            compared.decisions.1,
            compared.skipped.0,
            compared.skipped.1,
            compared.tried
        );
    }
    cost_table(text, report);
    rank_table(text, report);
    say!(text, "\nVerdicts:\n");
    for case in &report.cases {
        say!(text, "- `{}`: {}.", case.profile, case.verdict);
    }
    let stem = &section.stem;
    say!(
        text,
        "\n![saved under hidden-costs]({stem}-saving.svg)\n![learning under \
         hidden-costs]({stem}-learning.svg)\n"
    );
    estimate_table(text, section);
}

fn columns(report: &RoutingReport, first: &str) -> String {
    let names: Vec<&str> = report.cases.iter().map(|case| case.profile).collect();
    format!(
        "| {first} | {} |\n|---|{}",
        names.join(" | "),
        "---|".repeat(names.len())
    )
}

fn line(text: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    say!(
        text,
        "| {name} | {} |",
        cells.collect::<Vec<_>>().join(" | ")
    );
}

fn cost_table(text: &mut String, report: &RoutingReport) {
    say!(
        text,
        "Effective cost on the test days, bps, with its 95 % interval:\n"
    );
    say!(text, "{}", columns(report, "policy"));
    for policy in policies(report) {
        let cells = report.cases.iter().map(|case| {
            case.compared
                .entry(policy)
                .map_or_else(String::new, |entry| {
                    let cost = entry.cost;
                    format!("{:.3} ({:.3}..{:.3})", cost.mean, cost.low, cost.high)
                })
        });
        line(text, policy.name(), cells);
    }
    let cases = || report.cases.iter().map(|case| &case.compared);
    for (venue, name) in NAMES.iter().enumerate() {
        let name = format!("*always {name}, in hindsight*");
        line(
            text,
            &name,
            cases().map(|c| format!("{:.3}", c.venues_bps[venue])),
        );
    }
    let each = cases().map(|c| format!("{:.3}", c.hindsight_each_bps));
    line(text, "*best of each decision, in hindsight*", each);
    line(text, "benchmark", cases().map(|c| c.benchmark.to_owned()));
    let checked = cases().map(|c| format!("{:.3}", c.reality_check_p));
    line(text, "reality check p", checked);
    let placebo = cases().map(|c| match c.placebo_saving {
        Some(saved) => format!("{:.3} ({:+.4} saved)", c.placebo_p, saved.mean),
        None => format!("{:.3}", c.placebo_p),
    });
    line(text, "placebo p", placebo);
    say!(text, "");
}

fn rank_table(text: &mut String, report: &RoutingReport) {
    say!(text, "Rank under each profile, 1 is cheapest:\n");
    say!(text, "{}", columns(report, "policy"));
    for policy in policies(report) {
        let cells = report.cases.iter().map(|case| {
            let ranked = by_cost(&case.compared);
            let place = ranked.iter().position(|entry| entry.policy == policy);
            place.map_or_else(String::new, |place| (place + 1).to_string())
        });
        line(text, policy.name(), cells);
    }
}

fn policies(report: &RoutingReport) -> Vec<RoutingPolicy> {
    let first = report.cases.first();
    let entries = first.map_or(&[][..], |case| &case.compared.entries);
    entries.iter().map(|entry| entry.policy).collect()
}

fn estimate_table(text: &mut String, section: &Section) {
    if section.estimates.is_empty() {
        return;
    }
    say!(
        text,
        "Off-policy, under `hidden-costs`: what a policy would cost, estimated from the decisions \
         of another that sends every fifth order\nanywhere, beside the truth, which the simulation \
         knows:\n"
    );
    say!(
        text,
        "| policy | truth | inverse propensity | doubly robust | worth so many decisions | of \
         |\n|---|---|---|---|---|---|"
    );
    for found in &section.estimates {
        say!(
            text,
            "| {} | {:.3} | {:.3} ({:.3}..{:.3}) | {:.3} ({:.3}..{:.3}) | {:.0} | {} |",
            found.policy,
            found.true_bps.unwrap_or(f64::NAN),
            found.ips_bps,
            found.ips_low,
            found.ips_high,
            found.doubly_robust_bps,
            found.doubly_robust_low,
            found.doubly_robust_high,
            found.effective_decisions,
            found.decisions
        );
    }
    say!(text, "");
}

#[cfg(test)]
mod tests {
    use super::super::drift::regrets;
    use super::*;

    #[test]
    fn the_page_of_drawn_prices_is_whole_small_and_the_same_when_made_again() {
        let options = RoutingBench {
            decisions: 1_200,
            ..RoutingBench::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let all = sources(&options, Path::new("no/such/folder"));
            let made: Vec<Section> = all
                .into_iter()
                .map(|source| section(source, &options).unwrap())
                .collect();
            let to = dir.path().join(name);
            let files = write(&to, &made, &regrets(2, 200)).unwrap();
            assert_eq!(files, fs::read_dir(&to).unwrap().count());
            fs::read_to_string(to.join("README.md")).unwrap()
        };
        let page = make("one");
        assert_eq!(page, make("two"));
        for words in [
            "## In words",
            "**Learning wins**",
            "**More lost than the budget",
            "**Placebo**",
            "## Regret where the truth is known",
            "## Drawn prices",
            "reality check p",
            "placebo p",
            "best-displayed is not beaten",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        for file in fs::read_dir(dir.path().join("one")).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            assert!(
                name == "README.md" || page.contains(&name),
                "{name} is shown"
            );
            assert!(file.metadata().unwrap().len() < 40_000, "{name}");
        }
    }
}
