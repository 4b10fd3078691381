//! SIGHUP: limits change while the daemon runs, everything else is named and waits for a restart.

use std::path::Path;

use dcx_model::{Code, Command, LimitChange, Scope};

use crate::config::{self, Config, Effective, Loaded};
use crate::log::Log;
use crate::system::System;

/// Reads the file again and brings into force what may change.
pub(super) fn reload(
    path: &Path,
    system: &System,
    config: &mut Config,
    values: &mut Vec<Effective>,
    log: &mut Log,
) {
    log.info(format!("asked to reload {}", path.display()));
    let loaded = config::load(path);
    for finding in &loaded.findings {
        log.warn(loaded.source.render(finding, false));
    }
    let Loaded {
        config: Some(mut new),
        values: new_values,
        ..
    } = loaded
    else {
        log.error("the file has faults: nothing changes");
        return;
    };
    for change in needs_restart(values, &new_values) {
        log.warn(format!("{}: {change}", Code::C014));
    }
    // Numbers of new names would not be known to the running link: they wait for the restart.
    let mut names = system.names.clone();
    names.number(&mut new);
    let known = system.names.len();
    let changed: Vec<Command> = changes(config, &new)
        .into_iter()
        .filter(|command| is_known(command, known))
        .collect();
    log.info(format!("{} limits change", changed.len()));
    for command in changed {
        log.info(format!("{command:?}"));
        if system.orders.try_send(command).is_err() {
            log.error("too many changes are waiting: this one is not in force, reload again");
            return;
        }
    }
    config.limits = new.limits;
    values.retain(|value| !is_limit(&value.key));
    values.extend(new_values.into_iter().filter(|value| is_limit(&value.key)));
}

/// The limits that differ; one that is gone is taken away. The engine judges each: what lets more
/// through waits for a person.
fn changes(old: &Config, new: &Config) -> Vec<Command> {
    let same = |one: &LimitChange, other: &LimitChange| {
        (one.scope, one.limit) == (other.scope, other.limit)
    };
    let changed = new
        .limits
        .iter()
        .filter(|limit| !old.limits.contains(limit));
    let gone = old
        .limits
        .iter()
        .filter(|limit| !new.limits.iter().any(|other| same(limit, other)))
        .map(|limit| LimitChange {
            value: None,
            ..*limit
        });
    changed
        .copied()
        .chain(gone)
        .map(Command::SetLimit)
        .collect()
}

/// Whether the running system knows whose limits these are.
fn is_known(command: &Command, (instruments, sessions): (usize, usize)) -> bool {
    match command {
        Command::SetLimit(change) => match change.scope {
            Scope::Instrument(id) => (id.get() as usize) < instruments,
            Scope::Session(id) => usize::from(id.get()) < sessions,
            Scope::Firm | Scope::Account(_) | Scope::Strategy(_) => true,
        },
        _ => false,
    }
}

fn is_limit(key: &str) -> bool {
    key.starts_with("limits.")
}

/// Each change that only a start can bring into force, in words.
fn needs_restart(old: &[Effective], new: &[Effective]) -> Vec<String> {
    let value = |values: &[Effective], key: &str| {
        let found = values.iter().find(|value| value.key == key);
        found.map(|found| found.value.clone())
    };
    let mut changes = Vec::new();
    for now in new.iter().filter(|value| !is_limit(&value.key)) {
        match value(old, &now.key) {
            Some(before) if before == now.value => {}
            Some(before) => changes.push(format!(
                "{} changes from {before} to {} with the next start",
                now.key, now.value
            )),
            None => changes.push(format!("{} is new with the next start", now.key)),
        }
    }
    for before in old.iter().filter(|value| !is_limit(&value.key)) {
        if value(new, &before.key).is_none() {
            changes.push(format!("{} goes with the next start", before.key));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    fn effective(key: &str, value: &str) -> Effective {
        Effective {
            key: key.to_owned(),
            value: value.to_owned(),
            origin: Origin::Default,
        }
    }

    #[test]
    fn only_limits_change_without_a_restart() {
        let old = [
            effective("engine.seed", "1"),
            effective("limits.session.C.burst_max", "5"),
            effective("log.dir", "a"),
        ];
        let new = [
            effective("engine.seed", "2"),
            effective("limits.session.C.burst_max", "6"),
            effective("journal.dir", "j"),
        ];
        assert_eq!(
            needs_restart(&old, &new),
            [
                "engine.seed changes from 1 to 2 with the next start",
                "journal.dir is new with the next start",
                "log.dir goes with the next start",
            ]
        );
    }
}
