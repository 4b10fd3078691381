//! The FIX link in a measured pipeline.

use dcx_fix::Link;
use dcx_fix::orders::OrderEdge;
use dcx_model::{Now, Symbol};
use dcx_pipeline::Stop;
use dcx_ring::Worker;

/// The link as a worker that ends when the pipeline does.
pub(crate) struct Gateway {
    pub(crate) link: Link<OrderEdge>,
    pub(crate) stop: Stop,
}

impl Worker for Gateway {
    fn name(&self) -> &'static str {
        "fix"
    }

    fn work(&mut self, now: Now) -> usize {
        if self.stop.is_requested() {
            self.link.application_mut().close();
        }
        self.link.work(now)
    }

    fn is_done(&self) -> bool {
        self.stop.is_requested() && self.link.application().is_drained()
    }
}

/// The instrument that is traded.
pub(crate) fn symbol() -> Symbol {
    "EURUSD".parse().expect("six letters are a symbol")
}
