//! The life of an order: what clients ask, what venues report, and what follows from it.

mod again;
mod approval;
mod bust;
mod child;
mod child_state;
mod client;
mod constraints;
mod display;
mod expiry;
mod list;
mod mass;
mod orphan;
mod parent;
mod peg;
mod reconcile;
mod routing;
mod self_trade;
mod state;
mod trigger;
mod venue;
mod waits;
mod work;

pub(crate) use child::Child;
pub(crate) use child_state::{ChildInput, ChildState};
pub(crate) use constraints::Reducing;
pub(crate) use expiry::Expiry;
pub(crate) use list::Lists;
pub(crate) use parent::{Failure, Parent};
pub(crate) use reconcile::Reconcile;
pub use reconcile::VenueView;
pub(crate) use self_trade::Owners;
pub(crate) use state::{End, Input, State, Step, Why};
pub(crate) use trigger::Triggers;
pub(crate) use waits::Waits;
