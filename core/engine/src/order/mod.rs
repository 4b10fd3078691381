//! The life of an order: what clients ask, what venues report, and what follows from it.

mod child;
mod client;
mod mass;
mod parent;
mod reconcile;
mod self_trade;
mod state;
mod venue;
mod work;

pub(crate) use child::Child;
pub(crate) use parent::{Failure, Parent};
pub(crate) use self_trade::Owners;
pub(crate) use state::{End, Input, State, Step, Why};
