//! The acceptor with the echo application of the public FIX acceptance scenarios.
//!
//! [`EchoApp`] sends orders back as they came; [`run`] puts it behind FIX sessions that restart
//! their numbers with every logon, as the scenarios expect.

mod app;
mod server;

pub use app::EchoApp;
pub use server::{EchoError, EchoOptions, run};

#[cfg(test)]
mod tests;
