//! FIX clients that send mixed orders and check every report about them.
//!
//! [`Plan`] chooses what to send, [`Checker`] holds every report against what was sent and
//! reported before, [`ClientApp`] joins both to a FIX link, [`ClientRunner`] runs it.

mod app;
mod check;
mod draft;
mod faults;
mod mix;
mod options;
mod plan;
mod report;
mod runner;
mod wire;

pub use app::{ClientApp, Prices};
pub use check::{Checker, OrderSent, RequestKind, Violation};
pub use draft::{OrderDraft, PegDraft, Twap, order};
pub use mix::{Mix, MixError};
pub use options::{ClientError, ClientOptions};
pub use plan::{Action, Plan};
pub use report::{ClientReport, Progress, latency_json};
pub use runner::{ClientRunner, run};
pub use wire::{CancelRejectView, ExecutionView};

#[cfg(test)]
mod tests;
