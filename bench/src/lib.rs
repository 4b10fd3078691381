//! Measurements: rings, engine, FIX, with their peers beside them.
//!
//! Each module measures one thing and returns a [`report::Report`]; `dcx bench NAME` prints it.
//! Peers run in the same process and the same run, taking turns with ours, because figures of
//! different runs on a shared machine cannot be compared.
//!
//! Not here: published figures; they live in `docs/measurements/`, with their conditions.

#![forbid(unsafe_code)]

pub mod checks;
pub mod cores;
pub mod engine;
pub mod fix;
mod gateway;
pub mod halt;
pub mod report;
pub mod ring;
pub mod route;
pub mod routing;
pub mod scale;
pub mod sessions;
pub mod workload;
