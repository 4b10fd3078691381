//! The orders that the engine is measured with: recorded once, then replayed as fast as it goes.
//!
//! A venue's report names the child order it is about, which only a running engine knows. So one
//! engine runs against mock venues first and every command it was given is kept; what is timed
//! afterwards is a fresh engine given the same commands, with nothing else to do in between.

use std::collections::VecDeque;

use dcx_engine::{Engine, Outbox};
use dcx_model::{
    AccountId, Algo, CancelRequest, ChildOrder, ClOrdId, Command, Configure, Event, ExecId,
    ExecType, Instrument, InstrumentId, InstrumentLimits, Limit, LimitChange, LimitPx, Nanos,
    NewOrder, Notional, OnNoVenue, OrdRejReason, OrdStatus, OrdType, Price, Qty, Quote,
    ReplaceRequest, Scope, Seq, Sequenced, SessionId, SessionLimits, Side, TimeInForce, UnixNanos,
    Venue, VenueId, VenueReport, VenueSet,
};

/// Instruments that are traded in turn.
const INSTRUMENTS: u32 = 3;
/// Venues that quote and fill.
const VENUES: u8 = 3;
/// Client sessions that send in turn.
const SESSIONS: u16 = 2;
/// Commands between two refreshes of a quote.
const QUOTE_EVERY: u64 = 8;
/// Commands that are sequenced together and so have the same `at`.
pub const GROUP: usize = 256;
/// Nanoseconds from one group to the next: a million commands a second.
const GROUP_NS: u64 = GROUP as u64 * 1_000;
/// `at` of the first group.
const START_NS: u64 = 1_700_000_000_000_000_000;
/// Orders that stay open: beyond it the oldest is cancelled.
const OPEN_TARGET: usize = 1_000;

/// Commands as the sequencer would have stamped them.
#[derive(Clone, Debug)]
pub struct Workload {
    /// What configures the engine.
    pub setup: Vec<Sequenced>,
    /// What is timed.
    pub commands: Vec<Sequenced>,
}

/// One order of the mix, still open as far as its client knows.
struct Open {
    session: SessionId,
    cl_ord_id: ClOrdId,
    instrument: InstrumentId,
    side: Side,
    order_qty: Qty,
    limit_px: LimitPx,
}

struct Recorder {
    engine: Engine,
    outbox: Outbox,
    seq: u64,
    at: u64,
    random: u64,
    taken: Vec<Sequenced>,
    reports: VecDeque<Command>,
    open: VecDeque<Open>,
    ids: u64,
    exec_ids: u64,
}

impl Workload {
    /// Records at least `count` commands of the mix drawn from `seed`: limit orders near the
    /// market that rest or fill, market orders, cancels, replaces, quotes, and the venues'
    /// reports on all of them.
    #[must_use]
    pub fn record(count: usize, seed: u64, orders_open_max: u32) -> Self {
        let mut recorder = Recorder {
            engine: Engine::new(),
            outbox: Outbox::new(),
            seq: 0,
            at: START_NS,
            random: seed | 1,
            taken: Vec::with_capacity(count + 64),
            reports: VecDeque::new(),
            open: VecDeque::new(),
            ids: 0,
            exec_ids: 0,
        };
        recorder.set_up(orders_open_max);
        let setup = std::mem::take(&mut recorder.taken);
        while recorder.taken.len() < count {
            recorder.step();
        }
        Self {
            setup,
            commands: recorder.taken,
        }
    }

    /// How many of the commands are new orders.
    #[must_use]
    pub fn new_orders(&self) -> usize {
        let is_new = |taken: &&Sequenced| matches!(taken.command, Command::NewOrder(_));
        self.commands.iter().filter(is_new).count()
    }

    /// A fresh engine that was given the set-up.
    #[must_use]
    pub fn engine(&self) -> (Engine, Outbox) {
        let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
        for taken in &self.setup {
            engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
        }
        (engine, outbox)
    }
}

impl Recorder {
    fn set_up(&mut self, orders_open_max: u32) {
        self.take(Command::Configure(Configure {
            seed: 7,
            orders_open_max,
            ids_kept_max: 1 << 18,
            on_no_venue: OnNoVenue::Hold,
            route_attempts_max: 3,
            discount_ppm: 998_000,
            prior_sd_centi_bps: 200,
            ..Configure::DEFAULT
        }));
        for venue in 0..VENUES {
            self.take(Command::DefineVenue(Venue {
                id: VenueId::new(venue),
                name: text(&format!("V{venue}")),
                fee_centi_bps: i32::from(venue) * 10,
                features: dcx_model::VenueFeatures::NONE,
            }));
        }
        for instrument in 0..INSTRUMENTS {
            let id = InstrumentId::new(instrument);
            self.take(Command::DefineInstrument(Instrument {
                id,
                symbol: text(&format!("I{instrument}")),
                tick: Price::from_units(1_000),
                lot: Qty::whole(1),
                prev_close: LimitPx::NONE,
                venues: (0..VENUES)
                    .map(VenueId::new)
                    .fold(VenueSet::NONE, VenueSet::with),
                multiplier: Instrument::ONE,
            }));
            for change in (InstrumentLimits {
                instrument: id,
                order_qty_max: Qty::whole(1_000_000),
                order_notional_max: Notional::whole(1 << 40),
                position_max: Qty::whole(10_000_000_000),
                quote_age_max: Nanos::from_seconds(1),
                collar_bps: 500,
                prev_close_allowed: false,
            })
            .changes()
            {
                self.take(Command::SetLimit(change));
            }
        }
        self.take(Command::SetLimit(LimitChange::configured(
            Scope::Firm,
            Limit::GrossMax,
            Notional::whole(1 << 40).units(),
        )));
        for session in 0..SESSIONS {
            let session = SessionId::new(session);
            for change in (SessionLimits {
                session,
                orders_per_s_max: 10_000_000,
                burst_max: 1_000_000,
                orders_open_max,
            })
            .changes()
            {
                self.take(Command::SetLimit(change));
            }
            self.take(Command::SessionState {
                session,
                link: dcx_model::SessionLink::Up,
            });
        }
        for venue in 0..VENUES {
            let venue = VenueId::new(venue);
            self.take(Command::VenueState { venue, up: true });
            for instrument in 0..INSTRUMENTS {
                self.quote(venue, InstrumentId::new(instrument));
            }
        }
    }

    /// Gives the engine a command and keeps both it and what the venues will answer.
    fn take(&mut self, command: Command) {
        self.at = START_NS + self.seq / GROUP as u64 * GROUP_NS;
        self.seq += 1;
        let (seq, at) = (Seq::new(self.seq), UnixNanos::new(self.at));
        self.engine.apply(at, seq, &command, &mut self.outbox);
        self.taken.push(Sequenced {
            seq,
            at,
            received: dcx_model::MonoNanos::default(),
            command,
        });
        for ix in 0..self.outbox.events().len() {
            match self.outbox.events()[ix] {
                Event::ChildSent(child) => self.answer(&child),
                Event::ChildCancel(cancel) => {
                    let report = self.report(cancel.venue, cancel.child, ExecType::Canceled);
                    self.reports.push_back(Command::VenueReport(VenueReport {
                        ord_status: OrdStatus::Canceled,
                        ..report
                    }));
                }
                _ => {}
            }
        }
    }

    /// A third of the children rests, a third fills at once, a third fills in two parts.
    fn answer(&mut self, child: &ChildOrder) {
        let new = self.report(child.venue, child.child, ExecType::New);
        self.reports.push_back(Command::VenueReport(VenueReport {
            leaves_qty: child.order_qty,
            ..new
        }));
        let px = child
            .limit_px
            .price()
            .unwrap_or(Price::from_units(110_000_000));
        let half = Qty::whole(child.order_qty.units() / 2 / dcx_model::SCALE);
        let (first, second) = match self.draw(3) {
            0 if child.ord_type == OrdType::Limit => return,
            1 => (child.order_qty, Qty::ZERO),
            _ => (half, child.order_qty.saturating_minus(half)),
        };
        let mut cum_qty = Qty::ZERO;
        for last_qty in [first, second] {
            if last_qty.is_zero() {
                continue;
            }
            cum_qty = Qty::from_units(cum_qty.units() + last_qty.units());
            let leaves_qty = child.order_qty.saturating_minus(cum_qty);
            let trade = self.report(child.venue, child.child, ExecType::Trade);
            self.reports.push_back(Command::VenueReport(VenueReport {
                ord_status: if leaves_qty.is_zero() {
                    OrdStatus::Filled
                } else {
                    OrdStatus::PartiallyFilled
                },
                last_qty,
                last_px: px,
                cum_qty,
                leaves_qty,
                ..trade
            }));
        }
    }

    fn report(
        &mut self,
        venue: VenueId,
        child: dcx_model::ChildId,
        exec_type: ExecType,
    ) -> VenueReport {
        self.exec_ids += 1;
        VenueReport {
            venue,
            child,
            exec_id: numbered::<36>("E", self.exec_ids) as ExecId,
            exec_type,
            ord_status: OrdStatus::New,
            ord_rej_reason: OrdRejReason::Other,
            last_qty: Qty::ZERO,
            last_px: Price::ZERO,
            cum_qty: Qty::ZERO,
            leaves_qty: Qty::ZERO,
            ..VenueReport::EMPTY
        }
    }

    fn step(&mut self) {
        if self.seq.is_multiple_of(QUOTE_EVERY) {
            let (venue, instrument) = (self.draw(VENUES.into()), self.draw(INSTRUMENTS.into()));
            self.quote(
                VenueId::new(venue.try_into().expect("fewer than 256 venues")),
                InstrumentId::new(instrument.try_into().expect("fewer than 2^32 instruments")),
            );
        }
        if let Some(report) = self.reports.pop_front() {
            return self.take(report);
        }
        match self.draw(10) {
            0 if !self.open.is_empty() => self.replace_oldest(),
            _ if self.open.len() >= OPEN_TARGET => self.cancel_oldest(),
            _ => self.new_order(),
        }
    }

    fn new_order(&mut self) {
        let session = SessionId::new(u16::try_from(self.draw(SESSIONS.into())).unwrap_or_default());
        let instrument = InstrumentId::new(u32::try_from(self.draw(3)).unwrap_or_default());
        let side = if self.draw(2) == 0 {
            Side::Buy
        } else {
            Side::Sell
        };
        let is_market = self.draw(8) == 0;
        let away = i64::try_from(self.draw(20)).unwrap_or_default() * 1_000;
        let px = Price::from_units(110_000_000 + if side == Side::Buy { -away } else { away });
        let cl_ord_id = self.cl_ord_id();
        let order = NewOrder {
            session,
            account: AccountId::new(0),
            cl_ord_id,
            instrument,
            side,
            ord_type: if is_market {
                OrdType::Market
            } else {
                OrdType::Limit
            },
            time_in_force: if is_market {
                TimeInForce::Ioc
            } else {
                TimeInForce::Day
            },
            algo: Algo::AtOnce,
            order_qty: Qty::whole(100 + self.draw(100)),
            limit_px: if is_market { LimitPx::NONE } else { px.into() },
            start: UnixNanos::ZERO,
            end: UnixNanos::ZERO,
            slices: 0,
            transact_time: UnixNanos::new(self.at),
            ..NewOrder::PLAIN
        };
        self.take(Command::NewOrder(order));
        self.open.push_back(Open {
            session,
            cl_ord_id,
            instrument,
            side,
            order_qty: order.order_qty,
            limit_px: order.limit_px,
        });
    }

    fn cancel_oldest(&mut self) {
        let cl_ord_id = self.cl_ord_id();
        if let Some(open) = self.open.pop_front() {
            self.take(Command::Cancel(CancelRequest {
                session: open.session,
                cl_ord_id,
                orig_cl_ord_id: open.cl_ord_id,
                transact_time: UnixNanos::new(self.at),
            }));
        }
    }

    fn replace_oldest(&mut self) {
        let cl_ord_id = self.cl_ord_id();
        let Some(open) = self.open.pop_front() else {
            return;
        };
        if open.limit_px.price().is_none() {
            return;
        }
        let order_qty = Qty::from_units(open.order_qty.units() + Qty::whole(1).units());
        self.take(Command::Replace(ReplaceRequest {
            session: open.session,
            cl_ord_id,
            orig_cl_ord_id: open.cl_ord_id,
            instrument: open.instrument,
            side: open.side,
            ord_type: OrdType::Limit,
            time_in_force: TimeInForce::Day,
            order_qty,
            limit_px: open.limit_px,
            transact_time: UnixNanos::new(self.at),
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
        }));
        self.open.push_back(Open {
            cl_ord_id,
            order_qty,
            ..open
        });
    }

    fn quote(&mut self, venue: VenueId, instrument: InstrumentId) {
        let away = i64::try_from(self.draw(5)).unwrap_or_default() * 1_000 + 1_000;
        self.take(Command::Quote(Quote {
            venue,
            instrument,
            bid_px: Price::from_units(110_000_000 - away).into(),
            bid_qty: Qty::whole(1_000_000),
            ask_px: Price::from_units(110_000_000 + away).into(),
            ask_qty: Qty::whole(1_000_000),
            quote_time: UnixNanos::new(self.at),
        }));
    }

    fn cl_ord_id(&mut self) -> ClOrdId {
        self.ids += 1;
        numbered("ORDER-", self.ids)
    }

    /// The next number below `below` (xorshift64*, Vigna 2016): the mix needs no better.
    fn draw(&mut self, below: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

fn numbered<const N: usize>(prefix: &str, number: u64) -> dcx_model::Text<N> {
    text(&format!("{prefix}{number}"))
}

fn text<const N: usize>(value: &str) -> dcx_model::Text<N> {
    value.parse().expect("a short printable text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_records_the_same_commands() {
        let (one, two) = (
            Workload::record(2_000, 3, 4_096),
            Workload::record(2_000, 3, 4_096),
        );
        assert_eq!(one.commands, two.commands);
        assert_ne!(one.commands, Workload::record(2_000, 4, 4_096).commands);
    }

    #[test]
    fn the_mix_has_every_kind_and_few_refusals() {
        let workload = Workload::record(20_000, 3, 4_096);
        let count = |is: fn(&Command) -> bool| {
            workload
                .commands
                .iter()
                .filter(|taken| is(&taken.command))
                .count()
        };
        assert!(count(|c| matches!(c, Command::Quote(_))) > 1_000);
        assert!(count(|c| matches!(c, Command::VenueReport(_))) > 5_000);
        assert!(count(|c| matches!(c, Command::Cancel(_))) > 100);
        assert!(count(|c| matches!(c, Command::Replace(_))) > 100);
        assert!(workload.new_orders() > 2_000);
        let (mut engine, mut outbox) = workload.engine();
        let (mut sent, mut refused) = (0, 0);
        for taken in &workload.commands {
            engine.apply(taken.at, taken.seq, &taken.command, &mut outbox);
            for event in outbox.events() {
                sent += usize::from(matches!(event, Event::ChildSent(_)));
                refused += usize::from(matches!(event, Event::Rejected { .. }));
            }
        }
        assert!(sent > workload.new_orders() * 9 / 10, "{sent} children");
        assert!(refused < workload.new_orders() / 100, "{refused} refused");
    }
}
