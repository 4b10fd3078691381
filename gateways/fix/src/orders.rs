//! The order edge of dcx: FIX messages to commands and events to FIX messages.
//!
//! [`OrderEdge`] is the application behind the daemon's link. It turns what clients and venues
//! send into commands for the engine's ring, and the engine's events into what they are told.
//! [`OrdersOut`] is its last look at what goes out.
//!
//! Not here: whether an order is good (`dcx-engine`), sessions and numbers (`session`).

mod algo;
mod client;
mod copies;
mod counts;
mod desk;
mod directory;
mod doubt;
mod edge;
mod fields;
mod list;
mod mass;
mod messages;
mod news;
mod out_in;
mod refusals;
mod report;
mod tell;
mod trades;
pub(crate) mod value;
mod venue;

pub use counts::{EdgeBoard, EdgeCounts, Stopped};
pub use directory::{
    AccountName, Client, Directory, DropCopy, Peer, StrategyName, VenuePeer, Watched,
};
pub use edge::OrderEdge;
pub use messages::{ORDER_MESSAGES, OrderMessage, Speaks};
pub use news::{NewsFor, Urgency, Words};
pub use out_in::{ChildLeft, OrderLeft, OrdersOut};
pub use trades::{TradeLog, TradeRow};
pub(crate) use venue::Unusable;

#[cfg(test)]
mod tests;
