//! What a venue does to orders and trades by itself: busts, corrections, losses, halts, orphans.

use dcx_model::{ClOrdId, ExecType, Notional, OrdStatus, OrdType, Side, TimeInForce};

use super::book::External;
use super::exchange::Exchange;
use super::order::{Trade, TradeState, nothing};
use super::report::{ExecutionReport, Report};
use super::request::NewRequest;
use crate::generator::SimInstrument;

impl Exchange {
    /// Cancels a trade (Trade Cancel, 150=H); false if it stands no more.
    ///
    /// FIX 4.4 vol. 4, appendix D, executions cancelled: CumQty falls; an order that was filled
    /// works again with what it lost, where it can rest; a cancelled one stays cancelled.
    pub fn bust(&mut self, exec_id: u64, out: &mut Vec<Report>) -> bool {
        let Some((at, trade)) = self.standing(exec_id) else {
            return false;
        };
        let worth = trade.px.times(trade.qty);
        let Some(order) = self.order_mut(trade.order) else {
            return false;
        };
        order.cum_qty = order.cum_qty.saturating_minus(trade.qty);
        order.cum_notional = minus(order.cum_notional, worth);
        let was = order.ord_status;
        let stays_done = was.is_terminal() && was != OrdStatus::Filled;
        let ends = !stays_done && (!order.can_rest() || order.vanished);
        if stays_done || ends {
            let lost = order.canceled_qty.plus(trade.qty);
            order.canceled_qty = lost.unwrap_or(order.canceled_qty);
        }
        order.ord_status = match (stays_done, ends) {
            (true, _) => was,
            (false, true) => OrdStatus::Canceled,
            (false, false) => order.working_status(),
        };
        let works = !order.ord_status.is_terminal();
        let order = *order;
        if works {
            // What came back stands behind all others of its price.
            self.unrest(order.id);
            self.alive.insert(order.id);
            self.rest(&order);
        }
        let report = self.view(&order, ExecType::TradeCancel);
        self.set_state(at, TradeState::Busted(report.exec_id));
        out.push(Report::Execution(ExecutionReport {
            exec_ref_id: exec_id,
            text: "trade cancelled by the venue",
            ..report
        }));
        true
    }

    /// Corrects the price of a trade (Trade Correct, 150=G) by a tick in favour of its order, so
    /// that no limit is broken. Returns the ExecID under which it stands now.
    pub fn correct(&mut self, exec_id: u64, out: &mut Vec<Report>) -> Option<u64> {
        let (at, trade) = self.standing(exec_id)?;
        let order = self.order(trade.order)?;
        let listed = self.instruments.get(order.instrument)?;
        let ticks = match order.request.side {
            Side::Buy => -1,
            Side::Sell => 1,
        };
        let px = listed.away(trade.px, ticks);
        let order = self.order_mut(trade.order)?;
        let without = minus(order.cum_notional, trade.px.times(trade.qty));
        order.cum_notional = without.plus(px.times(trade.qty)).unwrap_or(without);
        let order = *order;
        let report = self.view(&order, ExecType::TradeCorrect);
        self.set_state(at, TradeState::Corrected(report.exec_id));
        self.trades.push(Trade {
            exec_id: report.exec_id,
            px,
            ..trade
        });
        out.push(Report::Execution(ExecutionReport {
            exec_ref_id: exec_id,
            last_qty: trade.qty,
            last_px: px,
            text: "trade corrected by the venue",
            ..report
        }));
        Some(report.exec_id)
    }

    /// Loses an order: it trades no more, nothing is told, and whoever asks hears that it is
    /// unknown. False if it does not work.
    pub fn vanish(&mut self, id: u64) -> bool {
        let works = self.alive.contains(&id);
        if works {
            self.unrest(id);
            self.set_done(id, OrdStatus::Canceled);
            if let Some(order) = self.order_mut(id) {
                order.vanished = true;
            }
        }
        works
    }

    /// Puts an order into the book that its session never sent and hears nothing of.
    pub fn plant(&mut self, session: u16, new: NewRequest) {
        let Some(instrument) = self.find(new.symbol.as_bytes()) else {
            return;
        };
        let id = self.accept(session, instrument, new);
        if let Some(order) = self.order_mut(id) {
            order.orphan = true;
            let order = *order;
            self.rest(&order);
        }
    }

    /// Stops trading in an instrument: nothing is shown, nothing trades, orders are refused and
    /// only cancels are taken. False if it is halted already.
    pub fn halt(&mut self, instrument: usize) -> bool {
        let Some(external) = self
            .external(instrument)
            .filter(|_| !self.is_halted(instrument))
        else {
            return false;
        };
        if let Some(halted) = self.halted.get_mut(instrument) {
            *halted = Some(external);
        }
        if let Some(book) = self.books.get_mut(instrument) {
            // Nothing crosses a quote without quantity.
            book.quote(External::default(), &mut Vec::new());
        }
        true
    }

    /// Trades again, at the newest quote. False if it was not halted.
    pub fn resume(&mut self, instrument: usize, out: &mut Vec<Report>) -> bool {
        let halted = self.halted.get_mut(instrument).and_then(Option::take);
        let Some(external) = halted else {
            return false;
        };
        self.quote(instrument, external, out);
        true
    }

    /// The place and content of a trade that stands.
    fn standing(&self, exec_id: u64) -> Option<(usize, Trade)> {
        let by_id = |trade: &Trade| trade.exec_id;
        let at = self.trades.binary_search_by_key(&exec_id, by_id).ok()?;
        let trade = self.trades.get(at)?;
        (trade.state == TradeState::Good).then_some((at, *trade))
    }

    fn set_state(&mut self, at: usize, state: TradeState) {
        if let Some(trade) = self.trades.get_mut(at) {
            trade.state = state;
        }
    }
}

fn minus(sum: Notional, worth: Notional) -> Notional {
    Notional::from_units(sum.units().saturating_sub(worth.units()))
}

/// An order far from the market, as a session may find it in the book at its first logon.
pub(super) fn orphan(listed: &SimInstrument, (cl_ord_id, number): (ClOrdId, u64)) -> NewRequest {
    let side = match number % 2 {
        0 => Side::Buy,
        _ => Side::Sell,
    };
    // A quarter away from where the walk begins.
    let quarter = listed.mid.units() / listed.tick.units() / 4;
    let ticks = match side {
        Side::Buy => -quarter,
        Side::Sell => quarter,
    };
    let px = listed.away(listed.mid, ticks);

    NewRequest {
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Gtc,
        order_qty: listed.lot,
        limit_px: Some(px),
        ..nothing(cl_ord_id, listed.symbol, side)
    }
}
