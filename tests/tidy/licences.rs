//! Licences and sources of others' crates, against the list in `deny.toml`.

use crate::arrows::Workspace;
use crate::finding::Finding;

/// The licences that the `allow` list of `deny.toml` names.
pub(crate) fn allowed(deny_toml: &str) -> Vec<String> {
    let licences = deny_toml.split("[licenses]").nth(1).unwrap_or_default();
    let list = licences
        .split_once("allow = [")
        .map_or("", |(_, rest)| rest);
    let list = list.split(']').next().unwrap_or_default();
    let quoted = list.split('"').skip(1).step_by(2);
    quoted.map(ToOwned::to_owned).collect()
}

/// Every crate of others comes from the registry under a licence that we allow.
pub(crate) fn check(workspace: &Workspace, allowed: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for each in workspace.crates.iter().filter(|each| !each.ours) {
        if !each.source.starts_with("registry+") {
            findings.push(Finding::new(
                &each.name,
                format!("comes from {:?}", each.source),
                "Use a published version: a branch or a folder can change under us",
            ));
        }
        if !permits(&each.licence, allowed) {
            findings.push(Finding::new(
                &each.name,
                format!("has the licence {:?}", each.licence),
                "Find another crate, or add the licence to deny.toml after reading it",
            ));
        }
    }
    findings
}

/// Whether the SPDX expression can be met with allowed licences only.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any(&words, &mut at, allowed);
    met && at == words.len() && at > 0
}

fn any(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at, allowed);
    }
    met
}

fn all(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(&word) = words.get(*at) else {
        return false;
    };
    *at += 1;
    if word == "(" {
        let met = any(words, at, allowed);
        *at += 1;
        return met;
    }
    let mut licence = word.to_owned();
    if let [.., "WITH", exception] = words.get(*at..*at + 2).unwrap_or_default() {
        licence = format!("{word} WITH {exception}");
        *at += 2;
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrows::Crate;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_allow_list_is_read_from_deny_toml() {
        let text =
            "[bans]\nallow = [\"no\"]\n[licenses]\nallow = [\n \"MIT\", # why\n \"Zlib\",\n]\n";
        assert_eq!(allowed(text), names(&["MIT", "Zlib"]));
    }

    #[test]
    fn an_expression_is_met_as_spdx_means_it() {
        let ok = names(&["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]);
        for met in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(permits(met, &ok), "{met}");
        }
        for unmet in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0",
            "(MIT",
            "MIT)",
        ] {
            assert!(!permits(unmet, &ok), "{unmet}");
        }
    }

    #[test]
    fn a_branch_and_an_unknown_licence_are_found() {
        let planted = Crate {
            name: "planted".to_owned(),
            source: "git+ssh://somewhere".to_owned(),
            licence: "GPL-3.0".to_owned(),
            ..Crate::default()
        };
        let graph = Workspace {
            crates: vec![planted],
            roots: Vec::new(),
        };
        assert_eq!(check(&graph, &names(&["MIT"])).len(), 2);
    }
}
