//! Pegged orders: a limit that follows the market.

use dcx_model::{
    Event, InstrumentId, LimitPx, Nanos, OrdType, Peg, Price, RestatementReason, Side, UnixNanos,
};

use super::State;
use crate::pool::NIL;
use crate::{Cx, Engine, Trace};

impl Engine {
    /// The price at which an order would be sent now, none for a market order; none at all where
    /// it follows a price that is not there.
    pub(crate) fn working_px(&self, now: UnixNanos, ix: u32) -> Option<LimitPx> {
        let terms = self.parents.at(ix).terms.get();
        let parent = self.parents.at(ix);
        if terms.ord_type == OrdType::Pegged {
            self.peg_px(now, ix).map(LimitPx::from)
        } else if parent.plan != NIL {
            self.taking_px(now, ix).or(Some(terms.limit_px))
        } else {
            Some(terms.limit_px)
        }
    }

    /// What a pegged order follows, with its offset, on the grid towards its own side and not
    /// beyond its limit; none without fresh quotes.
    fn peg_px(&self, now: UnixNanos, ix: u32) -> Option<Price> {
        let terms = self.parents.at(ix).terms.get();
        let best = self.best(now, terms.instrument);
        let (own, other) = match terms.side {
            Side::Buy => (best.bid, best.ask),
            Side::Sell => (best.ask, best.bid),
        };
        // Twice the price, which keeps a mid exact.
        // Near its end it takes what it followed before.
        let closing = self.schedule(ix).is_some_and(|schedule| schedule.closing);
        let (peg, offset) = if closing {
            (Peg::Market, Price::ZERO)
        } else {
            (terms.peg, terms.peg_offset)
        };
        let twice = match peg {
            Peg::Primary => 2 * i128::from(own?.units()),
            Peg::Market => 2 * i128::from(other?.units()),
            Peg::Mid => best.mid_twice()?,
            Peg::None | Peg::TrailingStop => return None,
        };
        let twice = twice + 2 * i128::from(offset.units());
        let row = self.instruments.get(terms.instrument.get() as usize);
        let tick = i128::from(row?.defined?.tick.units());
        let units = match terms.side {
            Side::Buy => twice.div_euclid(2 * tick) * tick,
            Side::Sell => -(-twice).div_euclid(2 * tick) * tick,
        };
        let px = Price::from_units(i64::try_from(units).ok()?);
        let px = match (terms.limit_px.price(), terms.side) {
            (None, _) => px,
            (Some(limit), Side::Buy) => px.min(limit),
            (Some(limit), Side::Sell) => px.max(limit),
        };
        (px > Price::ZERO).then_some(px)
    }

    /// Looks at a pegged order again: its price may have moved, come or gone.
    pub(crate) fn reprice<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let parent = self.parents.at(ix);
        if parent.state != State::Open || parent.waits.repricing {
            return;
        }
        if self.aim(cx, ix) {
            return;
        }
        let parent = self.parents.at(ix);
        if parent.children.len() == 0 {
            return self.work(cx, ix);
        }
        let px = self.working_px(cx.at, ix);
        let sent = self.parents.at(ix).waits.sent_px;
        if px == Some(sent) {
            return self.look_again(cx.at, ix);
        }
        // A price that is gone cannot be waited for: what works is pulled in at once.
        if px.is_some() && self.is_too_soon(cx.at, ix) {
            return;
        }
        self.parents.at_mut(ix).waits.repricing = true;
        self.cancel_children(cx, ix);
    }

    /// Whether a pegged order has a price to go out at now; it is looked at again when it may.
    pub(crate) fn is_pegged(&mut self, now: UnixNanos, ix: u32) -> bool {
        self.seat_peg(ix);
        if self.parents.at(ix).children.len() > 0 {
            return true;
        }
        if self.peg_px(now, ix).is_none() {
            let parent = self.parents.at_mut(ix);
            (parent.waits.peg_px, parent.waits.sent_px) = (LimitPx::NONE, LimitPx::NONE);
            let instrument = parent.terms.get().instrument;
            // The price that comes back may be the one that went.
            self.triggers.forget_best(instrument);
            return false;
        }
        !self.is_too_soon(now, ix)
    }

    /// Whether a pegged order was sent so lately that it must wait; notes when it need not.
    pub(crate) fn is_too_soon(&mut self, now: UnixNanos, ix: u32) -> bool {
        let config = self.config.as_ref();
        let interval = config.map_or(Nanos::ZERO, |config| config.reprice_interval);
        let waits = &mut self.parents.at_mut(ix).waits;
        let next = waits.pegged_at.plus(interval);
        if waits.pegged_at == UnixNanos::ZERO || now >= next {
            return false;
        }
        waits.wake_at = next;
        self.set_timer(ix);
        true
    }

    /// Notes that a pegged order goes out at this price, and tells the client where it is another.
    pub(crate) fn note_peg<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32, px: LimitPx) {
        let parent = self.parents.at_mut(ix);
        let first = parent.waits.pegged_at == UnixNanos::ZERO;
        let moved = parent.waits.sent_px != px;
        (parent.waits.peg_px, parent.waits.sent_px) = (px, px);
        parent.waits.pegged_at = cx.at;
        if moved && !first {
            let view = parent.view(parent.cl_ord_id);
            cx.out.push(Event::Restated {
                view,
                reason: RestatementReason::RepricingOfOrder,
            });
        }
        self.look_again(cx.at, ix);
    }

    /// Has a pegged order looked at when its quotes may be stale: nothing else would say so.
    fn look_again(&mut self, now: UnixNanos, ix: u32) {
        let instrument = self.parents.at(ix).terms.get().instrument;
        let age_max = self.quote_age_max(instrument);
        let youngest = self.best(now, instrument).youngest.unwrap_or(Nanos::ZERO);
        let left = age_max.get().saturating_sub(youngest.get());
        let stale = now.plus(Nanos::new(left)).plus(Nanos::new(1));
        self.parents.at_mut(ix).waits.wake_at = stale;
        self.set_timer(ix);
    }

    /// Oldest quote that counts for an instrument.
    pub(crate) fn quote_age_max(&self, instrument: InstrumentId) -> Nanos {
        let row = self.instruments.get(instrument.get() as usize);
        row.map_or(Nanos::ZERO, |row| row.limits.quote_age_max)
    }
}
