//! The dependency rules: `cargo metadata` against the table.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId, TargetKind};

use crate::finding::Finding;
use crate::table::{IN_TESTS, Ours, Room};

const EDIT_TABLE: &str = "Remove the dependency, or argue for it in docs/decisions/ and give it a \
                          place in tests/tidy/table.rs";

/// One crate of the graph, ours or theirs.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) ours: bool,
    /// Where it comes from; empty for a crate of this workspace.
    pub(crate) source: String,
    /// Its SPDX expression; empty if it gives none.
    pub(crate) licence: String,
    /// What it uses in what it ships: `Cargo.toml` names, target-specific ones included.
    pub(crate) uses: Vec<String>,
    /// What it uses in its tests and benches only.
    pub(crate) uses_in_tests: Vec<String>,
    /// Indices of what its normal dependencies resolved to: what is linked into it.
    pub(crate) resolved: Vec<usize>,
}

/// The whole dependency graph.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) crates: Vec<Crate>,
    /// Root source file of each library and binary of ours, relative to the workspace.
    pub(crate) roots: Vec<String>,
}

impl Workspace {
    /// Reads the graph of this workspace.
    pub(crate) fn read() -> Self {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
            .other_options(vec!["--locked".to_owned()])
            .exec()
            .expect("cargo metadata reads the workspace; is Cargo.lock up to date?");
        Self::of(&metadata)
    }

    fn of(metadata: &Metadata) -> Self {
        let members: BTreeSet<&PackageId> = metadata.workspace_members.iter().collect();
        let index: BTreeMap<&PackageId, usize> = metadata
            .packages
            .iter()
            .enumerate()
            .map(|(ix, package)| (&package.id, ix))
            .collect();
        let crates = metadata
            .packages
            .iter()
            .map(|package| Crate {
                name: package.name.to_string(),
                ours: members.contains(&package.id),
                source: package
                    .source
                    .as_ref()
                    .map_or_else(String::new, |s| s.repr.clone()),
                licence: package.license.clone().unwrap_or_default(),
                uses: declared(package, |kind| kind != DependencyKind::Development),
                uses_in_tests: declared(package, |kind| kind == DependencyKind::Development),
                resolved: resolved(metadata, &package.id, &index),
            })
            .collect();
        Self {
            crates,
            roots: roots(metadata),
        }
    }
}

fn declared(
    package: &cargo_metadata::Package,
    wanted: impl Fn(DependencyKind) -> bool,
) -> Vec<String> {
    package
        .dependencies
        .iter()
        .filter(|dependency| wanted(dependency.kind))
        .map(|dependency| dependency.name.clone())
        .collect()
}

fn resolved(
    metadata: &Metadata,
    id: &PackageId,
    index: &BTreeMap<&PackageId, usize>,
) -> Vec<usize> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    nodes
        .filter(|node| node.id == *id)
        .flat_map(|node| &node.deps)
        .filter(|dep| {
            dep.dep_kinds.iter().any(|info| {
                // loom stands behind `cfg(loom)`: it is in no build that ships.
                let loom = info
                    .target
                    .as_ref()
                    .is_some_and(|t| t.to_string() == "cfg(loom)");
                info.kind == DependencyKind::Normal && !loom
            })
        })
        .filter_map(|dep| index.get(&dep.pkg).copied())
        .collect()
}

fn roots(metadata: &Metadata) -> Vec<String> {
    let shipped = |kind: &TargetKind| {
        matches!(
            kind,
            TargetKind::Lib | TargetKind::Bin | TargetKind::ProcMacro
        )
    };
    metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.kind.iter().any(shipped))
        .map(|target| {
            let path = target.src_path.strip_prefix(&metadata.workspace_root);
            path.unwrap_or(&target.src_path).to_string()
        })
        .collect()
}

/// Our crates use our crates on lower lines, and of those only what their row names.
pub(crate) fn directions(workspace: &Workspace, rooms: &[Room]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for user in workspace.crates.iter().filter(|each| each.ours) {
        let Some(room) = rooms.iter().find(|room| room.name == user.name) else {
            findings.push(Finding::new(
                &user.name,
                "the crate has no line in the table",
                "Give it one in tests/tidy/table.rs, as low as it can stand",
            ));
            continue;
        };
        for used in user.uses.iter().chain(&user.uses_in_tests) {
            let Some(below) = rooms.iter().find(|room| room.name == used) else {
                continue;
            };
            let named = match room.ours {
                Ours::Only(names) => names.contains(&below.name),
                Ours::AnyLower => true,
            };
            if below.line >= room.line || !named {
                let (line, other) = (room.line, below.line);
                let what = format!("uses {used} (line {other}) from line {line}");
                findings.push(Finding::new(&user.name, what, EDIT_TABLE));
            }
        }
    }
    findings
}

/// Our crates use of others' crates only what their row names, tests a few more.
pub(crate) fn theirs(workspace: &Workspace, rooms: &[Room]) -> Vec<Finding> {
    let is_ours = |name: &String| rooms.iter().any(|room| room.name == name);
    let mut findings = Vec::new();
    for user in workspace.crates.iter().filter(|each| each.ours) {
        let Some(room) = rooms.iter().find(|room| room.name == user.name) else {
            continue;
        };
        let shipped = user.uses.iter().map(|used| (used, false));
        let tested = user.uses_in_tests.iter().map(|used| (used, true));
        for (used, in_tests) in shipped.chain(tested) {
            let named = room.theirs.contains(&used.as_str())
                || (in_tests && IN_TESTS.contains(&used.as_str()));
            if !is_ours(used) && !named {
                let what = format!("uses {used}, which its row does not name");
                findings.push(Finding::new(&user.name, what, EDIT_TABLE));
            }
        }
    }
    findings
}

/// What a row forbids is not in the crate's tree, however far down.
pub(crate) fn reach(workspace: &Workspace, rooms: &[Room]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (start, user) in workspace
        .crates
        .iter()
        .enumerate()
        .filter(|(_, each)| each.ours)
    {
        let Some(room) = rooms.iter().find(|room| room.name == user.name) else {
            continue;
        };
        for path in paths_from(workspace, start) {
            let Some(last) = path.last() else { continue };
            if room.never.contains(last) {
                findings.push(Finding::new(
                    &user.name,
                    format!("reaches {last} by {}", path.join(" > ")),
                    "Cut the path: the row in tests/tidy/table.rs says never",
                ));
            }
        }
    }
    findings
}

/// A shortest path of names to every crate that `start` reaches.
fn paths_from(workspace: &Workspace, start: usize) -> Vec<Vec<&str>> {
    let mut seen = BTreeSet::from([start]);
    let mut paths: Vec<(usize, Vec<&str>)> = vec![(start, Vec::new())];
    let mut next = 0;
    while let Some((at, path)) = paths.get(next).cloned() {
        next += 1;
        for &used in &workspace.crates[at].resolved {
            if seen.insert(used) {
                let mut longer = path.clone();
                longer.push(&workspace.crates[used].name);
                paths.push((used, longer));
            }
        }
    }
    paths.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: &[Room] = &[
        room("low", 0, &[], &["fine"], &["evil"]),
        room("beside", 0, &[], &[], &[]),
        room("high", 1, &["low"], &[], &[]),
    ];

    const fn room(
        name: &'static str,
        line: u8,
        ours: &'static [&'static str],
        theirs: &'static [&'static str],
        never: &'static [&'static str],
    ) -> Room {
        let ours = Ours::Only(ours);
        Room {
            name,
            line,
            ours,
            theirs,
            never,
        }
    }

    fn ours(name: &str, uses: &[&str], uses_in_tests: &[&str]) -> Crate {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Crate {
            name: name.to_owned(),
            ours: true,
            uses: owned(uses),
            uses_in_tests: owned(uses_in_tests),
            ..Crate::default()
        }
    }

    fn workspace(crates: Vec<Crate>) -> Workspace {
        Workspace {
            crates,
            roots: Vec::new(),
        }
    }

    #[test]
    fn an_arrow_down_that_the_row_names_is_fine() {
        let graph = workspace(vec![
            ours("low", &["fine"], &["proptest"]),
            ours("high", &["low"], &[]),
        ]);
        assert_eq!(directions(&graph, ROOMS), []);
        assert_eq!(theirs(&graph, ROOMS), []);
    }

    #[test]
    fn an_arrow_up_beside_or_not_in_the_row_is_found() {
        for (user, used) in [("low", "high"), ("low", "beside"), ("high", "beside")] {
            let shipped = directions(&workspace(vec![ours(user, &[used], &[])]), ROOMS);
            let tested = directions(&workspace(vec![ours(user, &[], &[used])]), ROOMS);
            assert_eq!((shipped.len(), tested.len()), (1, 1), "{user} > {used}");
            assert!(shipped[0].what.contains(used));
        }
    }

    #[test]
    fn a_crate_without_a_line_is_found() {
        let findings = directions(&workspace(vec![ours("new", &[], &[])]), ROOMS);
        assert_eq!(findings[0].what, "the crate has no line in the table");
    }

    #[test]
    fn a_foreign_crate_that_the_row_does_not_name_is_found() {
        let graph = workspace(vec![ours("low", &["left-pad", "proptest"], &[])]);
        let findings = theirs(&graph, ROOMS);
        assert_eq!(
            findings.len(),
            2,
            "a test's library may not be shipped: {findings:?}"
        );
    }

    #[test]
    fn what_a_row_forbids_is_found_however_far_down() {
        let far = |name: &str, resolved: Vec<usize>| Crate {
            name: name.to_owned(),
            resolved,
            ..Crate::default()
        };
        let mut low = ours("low", &["fine"], &[]);
        low.resolved = vec![1];
        let graph = workspace(vec![low, far("fine", vec![2]), far("evil", vec![1])]);
        let findings = reach(&graph, ROOMS);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].what, "reaches evil by fine > evil");
    }
}
