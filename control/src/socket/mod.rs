//! The local control socket: what `dcx halt` and its like ask a running daemon through.
//!
//! A Unix domain socket on which every line is a request or an answer in JSON; the lines are in
//! `docs/protocols/control.md`. Who asks is known from the operating system and, where several
//! operators share a user, from a token. Every verb declares what it may change: from that label
//! come the permission and the audit.
//!
//! ```
//! use std::time::Duration;
//!
//! use dcx_control::socket::{Answer, Client, ControlSocket, Impact, Options, Verb};
//! use serde_json::json;
//!
//! const VERBS: &[Verb] = &[Verb { name: "status", impact: Impact::Ro, help: "how it stands" }];
//!
//! let folder = tempfile::tempdir()?;
//! let options = Options::new(folder.path().join("control.sock"), VERBS);
//! let socket = ControlSocket::open(options, |line| eprintln!("{}", line.to_json()), |caller, _| {
//!     Answer::one(json!({ "hello": caller.name }))
//! })?;
//! let results = Client::connect(socket.path())?.ask("status", &json!({}))?;
//! assert!(results[0]["hello"].is_string());
//! assert_eq!(socket.stop(Duration::from_secs(1)), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: what the verbs do, and where operators are configured.

mod audit;
mod client;
mod desk;
#[cfg(fuzzing)]
pub mod fuzzing;
mod lines;
mod operator;
mod place;
mod serve;
mod verb;
mod wire;

pub use audit::{AuditLine, Outcome};
pub use client::{Client, ClientError};
pub use lines::LINE_MAX;
pub use operator::{Caller, Operator, OperatorsError, Token, token_sha256};
pub use place::OpenError;
pub use serve::{ControlSocket, Options};
pub use verb::{Impact, Verb};
pub use wire::{Answer, Refusal, Request, VERSION, exit};
