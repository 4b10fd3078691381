//! What people and monitors read from a running dcx: metrics in OpenMetrics form, and whether it
//! is well; and the [`socket`] at which operators ask. It never touches the engine.
//!
//! ```no_run
//! use dcx_control::{Health, Kind, Sample, serve};
//!
//! let samples = || vec![Sample::new("engine.commands", "Commands applied", Kind::Count, 3)];
//! let server = serve("127.0.0.1:9464".parse()?, samples, || Health::Well("running".to_owned()))?;
//! println!("metrics at http://{}/metrics", server.local_addr());
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: what is counted (`dcx-pipeline`, `dcx-fix`), and what an operator's request does.

#![forbid(unsafe_code)]

mod exposition;
mod sample;
mod server;
pub mod socket;

pub use sample::{Health, Kind, Sample};
pub use server::{ControlError, Server, serve};
