//! The world to run dcx against: recorded and seeded prices, a FIX venue, FIX clients, and the
//! acceptor of the public FIX acceptance scenarios.
//!
//! Everything random comes from a seed, so that two runs are comparable. A venue must not know
//! our mind: nothing here sees the engine.
//!
//! ```
//! use dcx_sim::client::{ClientOptions, ClientRunner, Prices};
//! use dcx_sim::venue::{VenueOptions, VenueServer};
//!
//! let venue = VenueServer::spawn(&VenueOptions {
//!     listen: ([127, 0, 0, 1], 0).into(),
//!     targets: vec!["CLIENT".to_owned()],
//!     ..VenueOptions::default()
//! })?;
//! let client = ClientOptions {
//!     connect: venue.addr(),
//!     target: "SIMA".to_owned(),
//!     orders: Some(20),
//!     ..ClientOptions::default()
//! };
//! let report = ClientRunner::spawn(&client, Prices::of_boards(vec![venue.board()]))?.join()?;
//! assert_eq!((report.sent, report.is_clean()), (20, true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: command lines (`dcx sim`, `dcx data` in the daemon).

#![forbid(unsafe_code)]

pub mod client;
mod clock;
pub mod data;
mod draws;
pub mod echo;
mod generator;
pub mod venue;

pub use draws::Draws;
pub use generator::{Generator, SimInstrument};
