//! How much of an order should be out by when: its algorithm, and what that goes by.
//!
//! Only an order with an algorithm has a place here; any other has none and pays nothing. What
//! should be out is a *target*: a slice that a venue gave back, that was missed or not let
//! through is still missing, and goes with the next. So every schedule adds up to its order,
//! whatever is filled, refused or cancelled in between.

mod curve;
mod draft;
mod lots;
mod pace;
mod planner;
mod schedule;
mod volume;

pub(crate) use schedule::{Schedule, Sight};
pub(crate) use volume::Volumes;
