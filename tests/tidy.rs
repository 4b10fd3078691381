//! The rules of the house that a compiler does not hold, each with the reason in its message.
//!
//! The rules are plain functions over plain data in `tidy/`, each with a test that plants what it
//! forbids. Here they meet the real workspace.

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/docs.rs"]
mod docs;
#[path = "tidy/finding.rs"]
mod finding;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/table.rs"]
mod table;
#[path = "tidy/tree.rs"]
mod tree;

use finding::Finding;
use tree::Tree;

/// Fails with every finding at once: one run tells all there is to mend.
fn expect_none(findings: &[Finding]) {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        list.len(),
        list.join("\n")
    );
}

#[test]
fn dependencies_point_down() {
    let workspace = arrows::Workspace::read();
    expect_none(&arrows::directions(&workspace, table::ROOMS));
    expect_none(&arrows::theirs(&workspace, table::ROOMS));
    expect_none(&arrows::reach(&workspace, table::ROOMS));
}

#[test]
fn dependencies_have_licences_and_sources_that_we_allow() {
    let allowed = licences::allowed(&Tree::read().text("deny.toml"));
    expect_none(&licences::check(&arrows::Workspace::read(), &allowed));
}

#[test]
fn unsafe_code_is_forbidden_everywhere_but_in_the_ring() {
    let tree = Tree::read();
    let roots = arrows::Workspace::read().roots;
    expect_none(&source::unsafe_forbidden(&tree, &roots));
}

#[test]
fn the_engine_bans_clocks_threads_hash_maps_and_platform_maths() {
    expect_none(&source::engine_bans(&Tree::read()));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    expect_none(&source::first_lines(&Tree::read()));
}

#[test]
fn no_source_has_a_banned_spelling() {
    expect_none(&source::spellings(&Tree::read()));
}

#[test]
fn no_file_is_over_a_megabyte() {
    expect_none(&source::sizes(&Tree::read()));
}

#[test]
fn every_bench_that_a_cost_line_names_exists() {
    expect_none(&docs::benches(&Tree::read()));
}

#[test]
fn every_path_that_a_page_names_exists() {
    expect_none(&docs::paths(&Tree::read()));
}

#[test]
fn every_page_is_linked_from_its_index() {
    expect_none(&docs::listed(&Tree::read()));
}

#[test]
fn every_error_code_has_its_page() {
    expect_none(&docs::errors(&Tree::read()));
}
