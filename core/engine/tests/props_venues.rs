//! Venues that lose orders, cancels, questions and reports, send reports twice and in any order,
//! and do not find what they work: whatever happens, once they answer again nothing is unknown,
//! and every fill is counted once.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a panic is a failed test"
)]

mod support;

use dcx_model::*;
use dcx_stats::Draws;
use support::{LOT, MID, VENUES, World};

/// An order as its venue knows it.
#[derive(Clone, Debug)]
struct Booked {
    order: ChildOrder,
    cum_qty: Qty,
    paid: i128,
    status: OrdStatus,
    /// Whether the venue does not find it for now.
    hidden: bool,
    heard: bool,
}

/// All venues, and the reports on their way.
struct Market {
    world: World,
    draws: Draws,
    booked: Vec<Booked>,
    reports: Vec<VenueReport>,
    seen: usize,
    fair: bool,
    numbers: u64,
}

impl Market {
    fn new(seed: u64) -> Self {
        let mut world = World::with(Configure {
            answer_timeout: Nanos::from_seconds(1),
            queries_max: 2,
            reconcile_interval: Nanos::from_seconds(20),
            ..support::configure(seed, OnNoVenue::Hold)
        });
        for venue in 0..VENUES {
            let features = if venue == 0 {
                VenueFeatures::STATUS.with(VenueFeatures::MASS_STATUS)
            } else {
                VenueFeatures::STATUS
            };
            world.send(Command::DefineVenue(Venue {
                id: VenueId::new(venue),
                name: "V".parse().unwrap(),
                fee_centi_bps: 0,
                features,
            }));
            logon(&mut world, venue, true);
        }
        Self {
            world,
            draws: Draws::new(seed),
            booked: Vec::new(),
            reports: Vec::new(),
            seen: 0,
            fair: false,
            numbers: 0,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.draws.bits() % bound
    }

    /// Whether something on its way is lost.
    fn lost(&mut self) -> bool {
        let lost = self.below(5) == 0;
        lost && !self.fair
    }

    /// Lets venues read what was sent to them, or not.
    fn deliver_events(&mut self) {
        while let Some(event) = self.world.events.get(self.seen).copied() {
            self.seen += 1;
            if self.lost() {
                continue;
            }
            match event {
                Event::ChildSent(order) => {
                    self.booked.push(Booked {
                        order,
                        cum_qty: Qty::ZERO,
                        paid: 0,
                        status: OrdStatus::New,
                        hidden: false,
                        heard: false,
                    });
                    self.tell(self.booked.len() - 1, ExecType::New, Qty::ZERO);
                }
                Event::ChildCancel(cancel) => {
                    let found = self.find(cancel.child);
                    if let Some(ix) = found.filter(|ix| self.works(*ix)) {
                        self.booked[ix].status = OrdStatus::Canceled;
                        self.tell(ix, ExecType::Canceled, Qty::ZERO);
                    }
                }
                Event::ChildQuery(query) => self.answer(query.venue, query.child),
                Event::VenueMassStatus { venue, request } => {
                    for ix in 0..self.booked.len() {
                        if self.booked[ix].order.venue == venue && self.works(ix) {
                            self.answer(venue, self.booked[ix].order.child);
                        }
                    }
                    // Reports in this market may come after the end of the list: then the
                    // children that they are about are asked about.
                    self.world
                        .send(Command::VenueMassStatusDone { venue, request });
                }
                _ => {}
            }
        }
    }

    fn find(&self, child: ChildId) -> Option<usize> {
        let mut booked = self.booked.iter();
        booked.position(|booked| booked.order.child == child && !booked.hidden)
    }

    fn works(&self, ix: usize) -> bool {
        !self.booked[ix].status.is_terminal()
    }

    fn tell(&mut self, ix: usize, exec_type: ExecType, last_qty: Qty) {
        self.numbers += 1;
        let booked = &self.booked[ix];
        let left = booked.order.order_qty.saturating_minus(booked.cum_qty);
        let paid = Notional::from_units(booked.paid);
        self.reports.push(VenueReport {
            venue: booked.order.venue,
            child: booked.order.child,
            exec_id: format!("E{}", self.numbers).parse().unwrap(),
            exec_type,
            ord_status: booked.status,
            last_qty,
            last_px: if last_qty.is_zero() {
                Price::ZERO
            } else {
                Price::from_units(MID)
            },
            cum_qty: booked.cum_qty,
            leaves_qty: if booked.status.is_terminal() {
                Qty::ZERO
            } else {
                left
            },
            avg_px: paid.average(booked.cum_qty),
            ..VenueReport::EMPTY
        });
    }

    fn answer(&mut self, venue: VenueId, child: ChildId) {
        match self.find(child) {
            Some(ix) => self.tell(ix, ExecType::OrderStatus, Qty::ZERO),
            None => self.reports.push(VenueReport {
                venue,
                child,
                ord_status: OrdStatus::Rejected,
                ..VenueReport::EMPTY
            }),
        }
    }

    fn trade(&mut self, ix: usize, lots: u64) {
        let left = self.booked[ix]
            .order
            .order_qty
            .saturating_minus(self.booked[ix].cum_qty);
        let last_qty = left.min(Qty::from_units(lots * LOT.units()));
        if last_qty.is_zero() || !self.works(ix) {
            return;
        }
        let booked = &mut self.booked[ix];
        booked.cum_qty = booked.cum_qty.plus(last_qty).unwrap();
        booked.paid += Price::from_units(MID).times(last_qty).units();
        booked.status = if last_qty == left {
            OrdStatus::Filled
        } else {
            OrdStatus::PartiallyFilled
        };
        self.tell(ix, ExecType::Trade, last_qty);
    }

    /// Lets one report arrive: any of those on their way, perhaps not at all, perhaps again.
    fn deliver_report(&mut self) {
        if self.reports.is_empty() {
            return;
        }
        let len = self.reports.len() as u64;
        let at = if self.fair {
            0
        } else {
            self.below(len) as usize
        };
        let report = if !self.fair && self.below(8) == 0 {
            self.reports[at]
        } else {
            self.reports.remove(at)
        };
        if self.lost() {
            return;
        }
        if let Some(ix) = self.find(report.child) {
            self.booked[ix].heard = true;
        }
        self.world.send(Command::VenueReport(report));
    }

    fn order(&mut self) {
        self.numbers += 1;
        let order = NewOrder {
            session: SessionId::new((self.numbers % 2) as u16),
            cl_ord_id: format!("C{}", self.numbers).parse().unwrap(),
            side: if self.below(2) == 0 {
                Side::Buy
            } else {
                Side::Sell
            },
            order_qty: Qty::from_units((1 + self.below(10)) * LOT.units()),
            limit_px: Price::from_units(MID).into(),
            ..NewOrder::PLAIN
        };
        self.world.names.push((order.session, order.cl_ord_id));
        self.world.send(Command::NewOrder(order));
    }

    fn cancel(&mut self) {
        let len = self.world.names.len() as u64;
        if len == 0 {
            return;
        }
        let pick = self.below(len) as usize;
        let (session, orig_cl_ord_id) = self.world.names[pick];
        self.numbers += 1;
        self.world.send(Command::Cancel(CancelRequest {
            session,
            cl_ord_id: format!("X{}", self.numbers).parse().unwrap(),
            orig_cl_ord_id,
            transact_time: UnixNanos::ZERO,
        }));
    }

    fn misbehave(&mut self) {
        let len = self.booked.len().max(1) as u64;
        match self.below(16) {
            0..4 => self.order(),
            4 => self.cancel(),
            5..7 => {
                let (ix, lots) = (self.below(len) as usize, 1 + self.below(4));
                if ix < self.booked.len() {
                    self.trade(ix, lots);
                }
            }
            7 => {
                let ix = self.below(len) as usize;
                if let Some(booked) = self.booked.get_mut(ix).filter(|booked| booked.heard) {
                    booked.hidden = !booked.hidden;
                }
            }
            8 => {
                let venue = self.below(u64::from(VENUES)) as u8;
                let up = self.below(3) > 0;
                logon(&mut self.world, venue, up);
            }
            9..11 => {
                let ms = 300 + self.below(900);
                self.pass(ms);
            }
            _ => self.deliver_report(),
        }
        self.deliver_events();
    }

    fn pass(&mut self, ms: u64) {
        self.world.at = self.world.at.plus(Nanos::from_millis(ms));
        self.world.settle();
    }

    /// From now on every venue answers everything, in order.
    fn mend(&mut self) {
        self.fair = true;
        for booked in &mut self.booked {
            booked.hidden = false;
        }
        for venue in 0..VENUES {
            logon(&mut self.world, venue, false);
            logon(&mut self.world, venue, true);
        }
        for _ in 0..200 {
            self.deliver_events();
            while !self.reports.is_empty() {
                self.deliver_report();
                self.deliver_events();
            }
            self.pass(500);
        }
    }
}

fn logon(world: &mut World, venue: u8, up: bool) {
    let venue = VenueId::new(venue);
    world.send(Command::VenueState { venue, up });
}

#[test]
fn nothing_is_unknown_and_each_fill_is_counted_once_when_venues_answer_again() {
    for seed in 0..40 {
        let mut market = Market::new(seed);
        for _ in 0..400 {
            market.misbehave();
        }
        market.mend();
        let engine = &market.world.engine;
        let views = || engine.venues_view();
        assert_eq!(views().map(|v| v.unknown).sum::<u32>(), 0, "SEED={seed}");
        assert!(views().all(|view| !view.settling), "SEED={seed}");
        let working = (0..market.booked.len()).filter(|ix| market.works(*ix));
        assert_eq!(
            views().map(|view| view.working).sum::<u32>() as usize,
            working.count(),
            "SEED={seed}"
        );
        let position: i128 = market
            .booked
            .iter()
            .map(|booked| match booked.order.side {
                Side::Buy => i128::from(booked.cum_qty.units()),
                Side::Sell => -i128::from(booked.cum_qty.units()),
            })
            .sum();
        let ours = engine.position(AccountId::new(0), InstrumentId::new(0));
        assert_eq!(ours, position, "SEED={seed}");
        let mut left = (0, 0);
        for told in market.world.told.values() {
            assert_eq!(told.traded, told.view.cum_qty, "SEED={seed}");
            assert!(told.view.cum_qty <= told.view.order_qty, "SEED={seed}");
            let leaves = i128::from(told.view.leaves_qty().units());
            match told.view.side {
                Side::Buy => left.0 += leaves,
                Side::Sell => left.1 += leaves,
            }
        }
        let reserved = engine.working(AccountId::new(0), InstrumentId::new(0));
        assert_eq!(reserved, left, "SEED={seed}");
    }
}

#[test]
fn what_is_never_answered_stays_reserved() {
    for seed in 0..10 {
        let mut market = Market::new(seed);
        for _ in 0..5 {
            market.order();
        }
        let before = market
            .world
            .engine
            .working(AccountId::new(0), InstrumentId::new(0));
        for _ in 0..100 {
            market.pass(1_000);
        }
        let engine = &market.world.engine;
        let after = engine.working(AccountId::new(0), InstrumentId::new(0));
        assert_eq!(after, before, "SEED={seed}");
        let unknown: u32 = engine.venues_view().map(|view| view.unknown).sum();
        assert_eq!(unknown as usize, market.world.children.len(), "SEED={seed}");
        assert!(unknown > 0, "SEED={seed}");
    }
}
