//! How much of an order should be out by when.

mod lots;
mod schedule;

pub(crate) use schedule::Schedule;
