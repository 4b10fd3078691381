//! The choice of venues, measured.
//!
//! [`profile`] states what simulated venues do, before any policy is run on them.

pub mod profile;
