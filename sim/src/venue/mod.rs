//! A FIX venue: a price-time book whose other side comes from recorded or seeded quotes.
//!
//! [`Book`] matches, [`Exchange`] keeps orders and makes reports, [`VenueApp`] speaks FIX,
//! [`VenueServer`] runs it on a thread. All chance comes from the seed and an order's number.
//! What a venue does wrong is in [`Trouble`], what it knows in the end in its [`Ledger`].

mod amend;
mod app;
mod book;
mod change;
mod exchange;
mod feed;
mod ledger;
mod market;
mod options;
mod order;
mod query;
mod report;
mod request;
mod server;
mod trouble;
mod wire;
mod write;

pub use app::{VenueApp, VenueStats};
pub(crate) use book::opposite;
pub use book::{Book, External, Fill};
pub use exchange::Exchange;
pub use feed::PriceBoard;
pub use ledger::{Ledger, LedgerOrder, LedgerTrade, Rates};
pub use options::{DataBinding, VenueOptions};
pub use order::TradeState;
pub use report::{CancelRejected, ExecutionReport, MassCanceled, MassStatusPart, Report};
pub use request::{Chances, ExecInst, MassStatusReqId, NewRequest, Request, Scope};
pub use server::{VenueError, VenueServer, run};
pub use trouble::{Trouble, TroubleStats};

#[cfg(test)]
mod tests;
