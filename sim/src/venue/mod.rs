//! A FIX venue: a price-time book whose other side comes from recorded or seeded quotes.
//!
//! [`Book`] matches, [`Exchange`] keeps orders and makes reports, [`VenueApp`] speaks FIX,
//! [`VenueServer`] runs it on a thread. All chance comes from the seed and an order's number.

mod app;
mod book;
mod exchange;
mod feed;
mod options;
mod server;
mod wire;

pub use app::{VenueApp, VenueStats};
pub(crate) use book::opposite;
pub use book::{Book, External, Fill};
pub use exchange::{
    CancelRejected, Chances, Exchange, ExecutionReport, NewRequest, Report, Request,
};
pub use feed::PriceBoard;
pub use options::{DataBinding, VenueOptions};
pub use server::{VenueError, VenueServer, run};

#[cfg(test)]
mod tests;
