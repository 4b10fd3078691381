//! What the whole-system tests share: the dcx binary as a process, configurations on free ports,
//! a FIX peer that can send what no engine would, a relay that cuts connections, and seeds.
//!
//! A helper fails by panicking with what it saw: it is only called from tests.

#![forbid(unsafe_code)]

#[path = "support/config.rs"]
mod config;
#[path = "support/cutter.rs"]
mod cutter;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[path = "support/seed.rs"]
mod seed;

pub use config::{Ports, System};
pub use cutter::{Cuts, Cutter};
pub use peer::{Message, Numbers, Peer, utc_ago, utc_in, utc_now};
pub use process::{Ended, Process, run, run_with};
pub use seed::Seed;
