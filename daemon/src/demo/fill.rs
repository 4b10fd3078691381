//! How much of what could trade did trade.
//!
//! **Marketable** is the quantity of every accepted order that, at the moment of its acceptance,
//! could have traded at once: a market order, or one whose limit was at the best price then shown
//! on the other side, or better. Left out are orders that wait for a price of their own (stops,
//! touches, pegs, snipers), those that their client cancelled or replaced before they were done,
//! and those whose schedule ended after the run. The *fill rate* is what of it was filled by the
//! end.

use std::collections::BTreeMap;

use dcx_model::{
    Algo, Command, Event, InstrumentId, NewOrder, OrdType, OrderId, Price, Qty, Quote, Sequenced,
    Side, UnixNanos, VenueId,
};

/// One order that could trade at once.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    order_qty: Qty,
    filled: Qty,
    end: UnixNanos,
}

/// Orders that could trade at once, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Fills {
    tops: BTreeMap<(InstrumentId, VenueId), (Option<Price>, Option<Price>)>,
    wanted: BTreeMap<OrderId, Wanted>,
    last: UnixNanos,
    /// Orders left out because their client took them back.
    taken_back: u64,
}

impl Fills {
    /// Takes in a command and what it caused.
    pub(super) fn add(&mut self, sequenced: &Sequenced, events: &[Event]) {
        self.last = sequenced.at;
        match &sequenced.command {
            Command::Quote(quote) => self.quote(quote),
            Command::NewOrder(order) => self.entered(order, events),
            Command::AlgoOrder(order) => self.entered(&order.order(), events),
            _ => {}
        }
        for event in events {
            match event {
                Event::Trade { view, last_qty, .. } => {
                    if let Some(wanted) = self.wanted.get_mut(&view.order) {
                        wanted.filled = wanted.filled.plus(*last_qty).unwrap_or(wanted.filled);
                    }
                }
                Event::PendingCancel { view, .. } | Event::Replaced { view, .. } => {
                    self.take_back(view.order);
                }
                Event::Canceled { view, .. } if matches!(sequenced.command, Command::Cancel(_)) => {
                    self.take_back(view.order);
                }
                _ => {}
            }
        }
    }

    /// What could trade, what of it did, and how many orders were taken back.
    pub(super) fn sums(&self) -> (u128, u128, u64) {
        let over = self
            .wanted
            .values()
            .filter(|wanted| wanted.end <= self.last);
        let (mut marketable, mut filled) = (0, 0);
        for wanted in over {
            marketable += u128::from(wanted.order_qty.units());
            filled += u128::from(wanted.filled.units());
        }
        (marketable, filled, self.taken_back)
    }

    /// What was filled of what could trade; all, where nothing could.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of two sums, for people"
    )]
    pub(super) fn rate(&self) -> f64 {
        match self.sums() {
            (0, _, _) => 1.0,
            (marketable, filled, _) => filled as f64 / marketable as f64,
        }
    }

    fn quote(&mut self, quote: &Quote) {
        let top = (quote.bid_px.price(), quote.ask_px.price());
        self.tops.insert((quote.instrument, quote.venue), top);
    }

    fn take_back(&mut self, order: OrderId) {
        if self.wanted.remove(&order).is_some() {
            self.taken_back += 1;
        }
    }

    fn entered(&mut self, order: &NewOrder, events: &[Event]) {
        let accepted = events.iter().find_map(|event| match event {
            Event::Accepted { view, .. } => Some(view.order),
            _ => None,
        });
        if let Some(id) = accepted.filter(|_| self.is_marketable(order)) {
            let end = if order.algo.is_scheduled() {
                order.end
            } else {
                UnixNanos::ZERO
            };
            let wanted = Wanted {
                order_qty: order.order_qty,
                filled: Qty::ZERO,
                end,
            };
            self.wanted.insert(id, wanted);
        }
    }

    fn is_marketable(&self, order: &NewOrder) -> bool {
        if matches!(order.algo, Algo::Sniper | Algo::Pegged) {
            return false;
        }
        match (order.ord_type, order.limit_px.price()) {
            (OrdType::Market | OrdType::MarketWithLeftOverAsLimit, _) => true,
            (OrdType::Limit, Some(limit)) => {
                let of_it = self
                    .tops
                    .iter()
                    .filter(|((it, _), _)| *it == order.instrument);
                match order.side {
                    Side::Buy => {
                        let best = of_it.filter_map(|(_, top)| top.1).min();
                        best.is_some_and(|ask| limit >= ask)
                    }
                    Side::Sell => {
                        let best = of_it.filter_map(|(_, top)| top.0).max();
                        best.is_some_and(|bid| limit <= bid)
                    }
                }
            }
            (
                OrdType::Limit
                | OrdType::Stop
                | OrdType::StopLimit
                | OrdType::MarketIfTouched
                | OrdType::Pegged,
                _,
            ) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::{ChildId, LimitPx, OrdStatus, OrderView, Seq};

    use super::*;

    fn quote(bid: i64, ask: i64) -> Command {
        Command::Quote(Quote {
            venue: VenueId::new(0),
            instrument: InstrumentId::new(0),
            bid_px: Price::from_units(bid).into(),
            bid_qty: Qty::ZERO,
            ask_px: Price::from_units(ask).into(),
            ask_qty: Qty::ZERO,
            quote_time: UnixNanos::ZERO,
        })
    }

    fn add(fills: &mut Fills, command: Command, events: &[Event]) {
        let sequenced = Sequenced {
            seq: Seq::new(1),
            at: UnixNanos::from_seconds(100),
            received: dcx_model::MonoNanos::new(0),
            command,
        };
        fills.add(&sequenced, events);
    }

    fn view(order: u64) -> OrderView {
        OrderView {
            order: OrderId::new(order),
            ord_status: OrdStatus::New,
            ..OrderView::EMPTY
        }
    }

    fn buy(fills: &mut Fills, order: u64, limit: i64, end: u64) {
        let command = Command::NewOrder(NewOrder {
            order_qty: Qty::whole(10),
            limit_px: LimitPx::from(Price::from_units(limit)),
            algo: if end > 0 { Algo::Twap } else { Algo::AtOnce },
            end: UnixNanos::from_seconds(end),
            ..NewOrder::PLAIN
        });
        let accepted = Event::Accepted {
            view: view(order),
            held: false,
        };
        add(fills, command, &[accepted]);
    }

    fn trade(fills: &mut Fills, order: u64, qty: u64) {
        let event = Event::Trade {
            view: view(order),
            child: ChildId::new(1),
            venue: VenueId::new(0),
            last_qty: Qty::whole(qty),
            last_px: Price::from_units(1),
        };
        add(fills, Command::Wake, &[event]);
    }

    #[test]
    fn only_what_could_trade_at_once_and_was_not_taken_back_counts() {
        let mut fills = Fills::default();
        add(&mut fills, quote(99, 101), &[]);
        buy(&mut fills, 1, 101, 0);
        buy(&mut fills, 2, 100, 0);
        buy(&mut fills, 3, 200, 0);
        buy(&mut fills, 4, 200, 99);
        buy(&mut fills, 5, 200, 101);
        for order in 1..=5 {
            trade(&mut fills, order, 4);
        }
        // 1, 3 and 4 could trade and are over; 2 rests, 5 goes on.
        assert_eq!(fills.sums(), (3_000_000_000, 1_200_000_000, 0));
        let asked = Event::PendingCancel {
            view: view(3),
            orig_cl_ord_id: dcx_model::ClOrdId::EMPTY,
        };
        add(&mut fills, Command::Wake, &[asked]);
        assert_eq!(fills.sums(), (2_000_000_000, 800_000_000, 1));
        assert!((fills.rate() - 0.4).abs() < 1e-12);
    }
}
