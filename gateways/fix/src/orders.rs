//! The order edge of dcx: FIX messages to commands and events to FIX messages.

mod directory;

pub use directory::{AccountName, Client, Directory, Peer, VenuePeer};
