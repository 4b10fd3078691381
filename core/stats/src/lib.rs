//! Numerics that the engine and the agents share, with the same bits on every host.
//!
//! Only `+ − × ÷ sqrt`, which IEEE 754 fixes to the last bit, and the pure-Rust `libm` where more
//! is needed. Nothing allocates. Randomness is a function of a seed and a counter, so the state
//! of a generator is two numbers that can be kept, compared and restored.
//!
//! ```
//! use dcx_stats::{Draws, Ewma};
//! let mut draws = Draws::new(42);
//! let mut mean = Ewma::new(0.01);
//! for _ in 0..1_000 {
//!     mean.take(draws.normal());
//! }
//! assert!(mean.value().abs() < 0.5);
//! assert_eq!(draws.taken(), 1_000);
//! ```
//!
//! Not here: anything that knows what an order is.

#![forbid(unsafe_code)]
#![deny(clippy::wildcard_enum_match_arm, clippy::indexing_slicing)]

mod beta;
mod draws;
mod ewma;
mod normal;
mod quick;
mod shortfall;

pub use beta::{beta_cdf, beta_density, ln_beta};
pub use draws::Draws;
pub use ewma::Ewma;
pub use normal::{normal_cdf, normal_density, normal_quantile, open_unit};
pub use shortfall::shortfall_left;

/// The natural logarithm, the same bits on every host.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// e to the power of `x`, the same bits on every host.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}
