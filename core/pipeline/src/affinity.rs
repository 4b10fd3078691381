//! Gives a thread a core of its own.

use std::fmt;
use std::io;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Where the kernel lists the cores that are there.
const ONLINE: &str = "/sys/devices/system/cpu/online";

/// The number of a core, as the kernel counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Core(pub u16);

impl fmt::Display for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a thread could not be pinned.
#[derive(Debug, thiserror::Error)]
pub enum AffinityError {
    /// The machine has no such core.
    #[error("core {core} is not there: this machine has {online}")]
    NoSuchCore {
        /// The core asked for.
        core: Core,
        /// The cores there are, as the kernel lists them.
        online: String,
    },
    /// The list of cores cannot be read.
    #[error("reading {ONLINE}")]
    Topology {
        /// Why.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("pinning to core {core}")]
    Refused {
        /// The core asked for.
        core: Core,
        /// Why.
        source: io::Error,
    },
}

/// Pins the calling thread to `core`.
///
/// # Errors
/// [`AffinityError`]; the thread then runs where it ran before.
pub fn pin_to(core: Core) -> Result<(), AffinityError> {
    let online =
        std::fs::read_to_string(ONLINE).map_err(|source| AffinityError::Topology { source })?;
    check(core, online.trim())?;
    let mut cores = CpuSet::new();
    cores.set(usize::from(core.0));
    sched_setaffinity(None, &cores).map_err(|errno| AffinityError::Refused {
        core,
        source: errno.into(),
    })
}

/// Says whether `core` may be asked for at all.
///
/// Checked here because [`CpuSet::set`] panics beyond its bound, and because the kernel's own
/// answer to a core that is not there is a bare EINVAL.
fn check(core: Core, online: &str) -> Result<(), AffinityError> {
    let is_there = usize::from(core.0) < CpuSet::MAX_CPU && lists(online, core.0);
    if is_there {
        return Ok(());
    }
    Err(AffinityError::NoSuchCore {
        core,
        online: online.to_owned(),
    })
}

/// Whether a list such as `0-3,8` names `core`.
fn lists(list: &str, core: u16) -> bool {
    list.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&core),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_is_understood() {
        for (list, core, named) in [
            ("0", 0, true),
            ("0-1", 1, true),
            ("0-1", 2, false),
            ("0-3,8,10-11", 8, true),
            ("0-3,8,10-11", 9, false),
            ("", 0, false),
            ("x-y", 0, false),
        ] {
            assert_eq!(lists(list, core), named, "{core} in {list:?}");
        }
    }

    #[test]
    fn a_core_that_is_not_there_is_refused_by_name() {
        for core in [5_000, u16::MAX] {
            let refused = pin_to(Core(core)).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("core {core} is not there: this machine has 0")));
        }
    }

    #[test]
    fn a_core_beyond_the_set_is_refused_even_where_the_kernel_lists_it() {
        assert!(check(Core(40_000), "0-65535").is_err());
        assert!(check(Core(1_023), "0-65535").is_ok());
    }

    #[test]
    fn a_pinned_thread_runs_on_its_core() {
        std::thread::spawn(|| {
            pin_to(Core(0)).unwrap();
            assert_eq!(rustix::thread::sched_getcpu(), 0);
        })
        .join()
        .unwrap();
    }
}
