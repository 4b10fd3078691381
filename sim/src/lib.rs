//! The world to run dcx against: recorded and seeded prices, a FIX venue, FIX clients.
//!
//! Everything random comes from a seed, so that two runs are comparable. A venue must not know
//! our mind: nothing here sees the engine.
//!
//! Not here: command lines (`dcx sim`, `dcx data` in the daemon).

#![forbid(unsafe_code)]

pub mod client;
mod clock;
pub mod data;
mod draws;
mod generator;
pub mod venue;

pub use draws::Draws;
pub use generator::{Generator, SimInstrument};
