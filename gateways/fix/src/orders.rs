//! The order edge of dcx: FIX messages to commands and events to FIX messages.
//!
//! [`OrderEdge`] is the application behind the daemon's link. It turns what clients and venues
//! send into commands for the engine's ring, and the engine's events into what they are told.
//!
//! Not here: whether an order is good (`dcx-engine`), sessions and numbers (`session`).

mod client;
mod counts;
mod directory;
mod doubt;
mod edge;
mod value;
mod venue;

pub use counts::{EdgeBoard, EdgeCounts};
pub use directory::{AccountName, Client, Directory, Peer, VenuePeer};
pub use edge::OrderEdge;

#[cfg(test)]
mod tests;
