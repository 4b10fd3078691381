//! The ledger against a slow, obvious twin: every sum taken afresh from the list of orders and the
//! list of trades, over random commands of several accounts and strategies in instruments with
//! multipliers.

mod support;

use std::collections::BTreeMap;

use dcx_model::*;
use dcx_stats::Draws;
use support::{LOT, MID, TICK, World};

const ACCOUNTS: u32 = 3;
const STRATEGIES: u16 = 3;
const MULTIPLIERS: [&str; 2] = ["2.5", "0.37123457"];

/// An order as the twin knows it, from what was sent and what was reported.
#[derive(Clone, Copy, Debug)]
struct Held {
    account: AccountId,
    strategy: StrategyId,
    view: OrderView,
    /// What one unit of it is worth by its terms, and at what it is reserved: one at market that
    /// is sent once more is worth what it is then, if that is more.
    terms_unit: i128,
    unit: i128,
    /// Quantity and unit price of a replace that is on its way.
    asked: Option<(Qty, i128)>,
}

impl Held {
    fn reserved(&self) -> (i128, i128) {
        if self.view.ord_status.is_terminal() {
            return (0, 0);
        }
        let (qty, unit) = self.asked.unwrap_or((Qty::ZERO, 0));
        let qty = self
            .view
            .order_qty
            .max(qty)
            .saturating_minus(self.view.cum_qty);
        let qty = i128::from(qty.units());
        (qty, qty * unit.max(self.unit))
    }

    fn is_of(&self, scope: Scope) -> bool {
        match scope {
            Scope::Firm => true,
            Scope::Account(id) => id == self.account,
            Scope::Strategy(id) => id == self.strategy,
            Scope::Session(_) => false,
            Scope::Instrument(id) => id == self.view.instrument,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Deal {
    order: OrderId,
    units: i128,
    unit: i128,
}

/// What a scope comes to, taken afresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    positions: i128,
    net: i128,
    buys: i128,
    sells: i128,
    margin: i128,
    cash: i128,
}

struct Twin {
    world: World,
    draws: Draws,
    orders: BTreeMap<OrderId, Held>,
    deals: Vec<Deal>,
    mids: [i64; 2],
    limits: BTreeMap<(u8, u32, Limit), i128>,
    /// How often each outcome was seen.
    verdicts: BTreeMap<Option<Code>, u32>,
}

fn multiplier(instrument: InstrumentId) -> i128 {
    let text = MULTIPLIERS[instrument.get() as usize];
    i128::from(text.parse::<Price>().expect("a price").units())
}

/// Price times multiplier, rounded up, for prices above zero.
fn reserve_unit(instrument: InstrumentId, px: i64) -> i128 {
    let worth = i128::from(px) * multiplier(instrument);
    (worth + 99_999_999) / 100_000_000
}

/// Price times multiplier, to the nearest, for prices above zero.
fn worth_unit(instrument: InstrumentId, twice: i128) -> i128 {
    (twice * multiplier(instrument) + 100_000_000) / 200_000_000
}

impl Twin {
    fn new(seed: u64) -> Self {
        let mut twin = Self {
            world: World::new(seed),
            draws: Draws::new(seed),
            orders: BTreeMap::new(),
            deals: Vec::new(),
            mids: [MID; 2],
            limits: BTreeMap::new(),
            verdicts: BTreeMap::new(),
        };
        for instrument in 0..2 {
            twin.world.send(Command::DefineInstrument(Instrument {
                multiplier: MULTIPLIERS[instrument as usize].parse().expect("a price"),
                ..support::instrument(instrument)
            }));
            let limits = InstrumentLimits {
                order_qty_max: Qty::whole(1_000_000),
                order_notional_max: Notional::whole(1_000_000_000),
                position_max: Qty::whole(1_500),
                collar_bps: 10_000,
                ..support::instrument_limits(instrument)
            };
            for change in limits.changes() {
                twin.world.send(Command::SetLimit(change));
            }
            let scope = Scope::Instrument(InstrumentId::new(instrument));
            twin.set(scope, Limit::PositionLongMax, 1_200 * 100_000_000);
            twin.set(scope, Limit::PositionShortMax, 900 * 100_000_000);
            twin.set(scope, Limit::GrossMax, whole(6_000));
            twin.set(
                scope,
                Limit::MarginBps,
                1_000 + 2_500 * i128::from(instrument),
            );
        }
        for change in support::session_limits(0).changes() {
            let value = Some(1_000_000);
            twin.world
                .send(Command::SetLimit(LimitChange { value, ..change }));
        }
        twin.set(Scope::Firm, Limit::GrossMax, whole(9_000));
        twin.set(Scope::Firm, Limit::NetMax, whole(4_000));
        for account in 0..ACCOUNTS {
            let scope = Scope::Account(AccountId::new(account));
            twin.set(scope, Limit::GrossMax, whole(4_000));
            twin.set(scope, Limit::NetMax, whole(2_500));
            twin.set(scope, Limit::CreditMax, whole(480));
        }
        for strategy in 0..STRATEGIES {
            let scope = Scope::Strategy(StrategyId::new(strategy));
            twin.set(scope, Limit::GrossMax, whole(4_000));
            twin.set(scope, Limit::NetMax, whole(2_000));
        }
        twin.quote(0);
        twin.quote(1);
        twin
    }

    fn set(&mut self, scope: Scope, limit: Limit, value: i128) {
        let key = (scope.level() as u8, scope.number(), limit);
        self.limits.insert(key, value);
        let change = LimitChange::configured(scope, limit, value);
        self.world.send(Command::SetLimit(change));
    }

    fn limit(&self, scope: Scope, limit: Limit) -> i128 {
        let key = (scope.level() as u8, scope.number(), limit);
        self.limits.get(&key).copied().unwrap_or(i128::MAX)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.draws.bits() % bound
    }

    /// Every venue quotes the middle, so often that every row has been marked.
    fn quote(&mut self, instrument: usize) {
        for _ in 0..2 {
            for venue in 0..support::VENUES {
                let ticks = (self.mids[instrument] - MID) / TICK.units();
                let id = u32::try_from(instrument).expect("two");
                let quote = support::quote(venue, id, ticks - 1, 2);
                self.send(Command::Quote(quote));
            }
        }
    }

    fn sums(&self, scope: Scope) -> Sums {
        let mut sums = Sums::default();
        let accounts = (0..ACCOUNTS).map(AccountId::new);
        let pairs = accounts.flat_map(|account| {
            let strategies = (0..STRATEGIES).map(StrategyId::new);
            strategies.map(move |strategy| (account, strategy))
        });
        for instrument in (0..2).map(InstrumentId::new) {
            if matches!(scope, Scope::Instrument(id) if id != instrument) {
                continue;
            }
            let mut position = 0;
            for pair in pairs.clone() {
                let of = |held: &Held| {
                    (held.account, held.strategy) == pair
                        && held.view.instrument == instrument
                        && held.is_of(scope)
                };
                for deal in &self.deals {
                    if of(&self.orders[&deal.order]) {
                        position += deal.units;
                        sums.cash -= deal.units * deal.unit;
                    }
                }
            }
            let twice = 2 * i128::from(self.mids[instrument.get() as usize]);
            let value = position * worth_unit(instrument, twice);
            let mut worth = value.abs();
            for held in self.orders.values() {
                if held.view.instrument == instrument && held.is_of(scope) {
                    let (_, reserved) = held.reserved();
                    match held.view.side {
                        Side::Buy => sums.buys += reserved,
                        Side::Sell => sums.sells += reserved,
                    }
                    worth += reserved;
                }
            }
            let bps = self.limit(Scope::Instrument(instrument), Limit::MarginBps);
            sums.margin += worth * bps;
            sums.positions += value.abs();
            sums.net += value;
        }
        sums
    }

    /// What must become of an order, or of what a replace asks for besides.
    fn judge(
        &self,
        (account, strategy): (AccountId, StrategyId),
        (instrument, side): (InstrumentId, Side),
        (qty, worth): (i128, i128),
    ) -> Option<Code> {
        let (mut position, mut working) = (0, 0);
        for deal in &self.deals {
            let held = &self.orders[&deal.order];
            if held.account == account && held.view.instrument == instrument {
                position += deal.units;
            }
        }
        for held in self.orders.values() {
            let same = held.account == account && held.view.instrument == instrument;
            if same && held.view.side == side {
                working += held.reserved().0;
            }
        }
        let (signed, limit) = match side {
            Side::Buy => (position, Limit::PositionLongMax),
            Side::Sell => (-position, Limit::PositionShortMax),
        };
        let traded = self
            .orders
            .values()
            .any(|held| held.account == account && held.view.instrument == instrument);
        if traded && signed + working + qty <= 0 {
            return None;
        }
        let scope = Scope::Instrument(instrument);
        if qty > 0 && signed + working + qty > self.limit(scope, limit) {
            return Some(Code::R015);
        }
        if worth == 0 {
            return None;
        }
        for at in [
            Scope::Account(account),
            Scope::Strategy(strategy),
            Scope::Firm,
        ] {
            let sums = self.sums(at);
            let gross = sums.positions + sums.buys + sums.sells;
            if gross + worth > self.limit(at, Limit::GrossMax) {
                return Some(Code::R037);
            }
            let net = match side {
                Side::Buy => sums.net + sums.buys,
                Side::Sell => sums.sells - sums.net,
            };
            if net + worth > self.limit(at, Limit::NetMax) {
                return Some(Code::R038);
            }
            let bps = self.limit(scope, Limit::MarginBps);
            let credit = self.limit(at, Limit::CreditMax);
            if sums.margin + worth * bps > credit.saturating_mul(10_000) {
                return Some(Code::R039);
            }
        }
        let sums = self.sums(scope);
        let gross = sums.positions + sums.buys + sums.sells;
        (gross + worth > self.limit(scope, Limit::GrossMax)).then_some(Code::R037)
    }

    fn unit(&self, instrument: InstrumentId, side: Side, limit_px: LimitPx) -> i128 {
        let mid = self.mids[instrument.get() as usize];
        let touch = match side {
            Side::Buy => mid + TICK.units(),
            Side::Sell => mid - TICK.units(),
        };
        reserve_unit(instrument, limit_px.price().map_or(touch, Price::units))
    }

    fn new_order(&mut self) {
        let account = AccountId::new(u32::try_from(self.below(3)).expect("three"));
        let strategy = StrategyId::new(u16::try_from(self.below(3)).expect("three"));
        let instrument = InstrumentId::new(u32::from(self.below(2) == 1));
        let side = if self.below(2) == 0 {
            Side::Buy
        } else {
            Side::Sell
        };
        let order_qty = Qty::from_units((1 + self.below(40)) * LOT.units());
        let market = self.below(4) == 0;
        let ticks = i64::try_from(self.below(40)).expect("few") - 20;
        let px = Price::from_units(self.mids[instrument.get() as usize] + ticks * TICK.units());
        let limit_px = if market { LimitPx::NONE } else { px.into() };
        let number = self.world.journal.len();
        let order = NewOrder {
            session: SessionId::new(0),
            account,
            strategy,
            cl_ord_id: format!("T{number}").parse().expect("printable"),
            instrument,
            side,
            ord_type: if market {
                OrdType::Market
            } else {
                OrdType::Limit
            },
            order_qty,
            limit_px,
            transact_time: self.world.at,
            ..NewOrder::PLAIN
        };
        let unit = self.unit(instrument, side, limit_px);
        let units = i128::from(order_qty.units());
        let owner = (account, strategy);
        let expected = self.judge(owner, (instrument, side), (units, units * unit));
        let events = self.world.send(Command::NewOrder(order));
        let told = match events[0] {
            Event::Rejected { refusal, .. } => Some(refusal.code()),
            Event::Accepted { view, .. } => {
                let held = Held {
                    account,
                    strategy,
                    view,
                    terms_unit: unit,
                    unit,
                    asked: None,
                };
                self.orders.insert(view.order, held);
                None
            }
            ref other => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{order:?}");
        *self.verdicts.entry(told).or_default() += 1;
        self.note(&events);
    }

    fn pick(&mut self) -> Option<Held> {
        let open: Vec<Held> = self
            .orders
            .values()
            .filter(|held| !held.view.ord_status.is_terminal())
            .copied()
            .collect();
        let at = self.below(open.len().max(1) as u64);
        open.get(usize::try_from(at).expect("few")).copied()
    }

    fn replace(&mut self) {
        let Some(held) = self.pick() else { return };
        let view = held.view;
        let order_qty = Qty::from_units((1 + self.below(50)) * LOT.units());
        let ticks = i64::try_from(self.below(40)).expect("few") - 20;
        let px = Price::from_units(MID + ticks * TICK.units());
        let limit_px = match view.ord_type {
            OrdType::Market => LimitPx::NONE,
            _ => px.into(),
        };
        let pending = matches!(
            view.ord_status,
            OrdStatus::PendingCancel | OrdStatus::PendingReplace
        );
        let unit = self.unit(view.instrument, view.side, limit_px);
        let number = self.world.journal.len();
        let request = ReplaceRequest {
            session: view.session,
            cl_ord_id: format!("T{number}").parse().expect("printable"),
            orig_cl_ord_id: view.cl_ord_id,
            instrument: view.instrument,
            side: view.side,
            ord_type: view.ord_type,
            time_in_force: view.time_in_force,
            order_qty,
            limit_px,
            transact_time: self.world.at,
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
        };
        let expected = if pending {
            Some(Code::R025)
        } else if order_qty <= view.cum_qty {
            Some(Code::R028)
        } else {
            let more = order_qty.saturating_minus(view.order_qty);
            let mut after = held;
            after.asked = Some((order_qty, unit));
            let worth = after.reserved().1 - held.reserved().1;
            let owner = (held.account, held.strategy);
            let more = i128::from(more.units());
            self.judge(owner, (view.instrument, view.side), (more, worth))
        };
        if !pending
            && expected.is_none()
            && let Some(held) = self.orders.get_mut(&view.order)
        {
            held.asked = Some((order_qty, unit));
        }
        let events = self.world.send(Command::Replace(request));
        let told = match events[0] {
            Event::CancelRejected(rejected) => Some(rejected.refusal.code()),
            _ => None,
        };
        assert_eq!(told, expected, "{request:?}");
        *self.verdicts.entry(told).or_default() += 1;
        if told.is_none() {
            self.note(&events);
        }
    }

    fn cancel(&mut self) {
        let Some(held) = self.pick() else { return };
        let number = self.world.journal.len();
        self.send(Command::Cancel(CancelRequest {
            session: held.view.session,
            cl_ord_id: format!("T{number}").parse().expect("printable"),
            orig_cl_ord_id: held.view.cl_ord_id,
            transact_time: self.world.at,
        }));
    }

    fn report(&mut self) {
        let len = self.world.children.len();
        if len == 0 {
            return;
        }
        let back = usize::try_from(self.below(len.min(20) as u64)).expect("few");
        let ix = len - 1 - back;
        let child = self.world.children[ix].clone();
        let cancels = child.request.is_some();
        let (exec_type, qty) = match self.below(if cancels { 12 } else { 10 }) {
            0..6 => (
                ExecType::Trade,
                self.below(child.leaves_qty.units().max(1) + 1),
            ),
            // More than there is, or after the end: the position must be true all the same.
            6 => (ExecType::Trade, child.leaves_qty.units() + LOT.units()),
            7 => (ExecType::Rejected, 0),
            8 => (ExecType::New, 0),
            _ => (ExecType::Canceled, 0),
        };
        if exec_type == ExecType::Trade && qty == 0 {
            return;
        }
        let ticks = i64::try_from(self.below(7)).expect("few") - 3;
        let report = self
            .world
            .report(ix, exec_type, Qty::from_units(qty), ticks);
        if exec_type == ExecType::Trade {
            let units = i128::from(qty);
            self.deals.push(Deal {
                order: child.order.order,
                units: match child.order.side {
                    Side::Buy => units,
                    Side::Sell => -units,
                },
                unit: worth_unit(
                    child.order.instrument,
                    2 * i128::from(report.last_px.units()),
                ),
            });
        }
        self.send(Command::VenueReport(report));
    }

    fn send(&mut self, command: Command) {
        let events = self.world.send(command);
        self.note(&events);
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            let (view, replaced, own) = match event {
                Event::Trade { view, .. } | Event::Expired { view } => (view, false, true),
                Event::Rejected { view, .. } if view.order != OrderId::new(0) => {
                    (view, false, true)
                }
                Event::Canceled { view, .. } | Event::PendingCancel { view, .. } => {
                    (view, false, false)
                }
                Event::PendingReplace { view, .. } => (view, false, false),
                Event::Replaced { view, .. } => (view, true, true),
                Event::ChildSent(child) => {
                    let now = self.unit(child.instrument, child.side, child.limit_px);
                    let held = self.orders.get_mut(&child.order);
                    let held = held.expect("it was accepted");
                    held.unit = held.unit.max(now);
                    continue;
                }
                Event::CancelRejected(rejected) => {
                    if let Some(held) = self.orders.get_mut(&rejected.order) {
                        held.view.ord_status = rejected.ord_status;
                        if rejected.response_to == CxlRejResponseTo::Replace {
                            held.asked = None;
                            held.unit = held.terms_unit;
                        }
                    }
                    continue;
                }
                _ => continue,
            };
            let held = self.orders.get_mut(&view.order).expect("it was accepted");
            let name = held.view.cl_ord_id;
            held.view = *view;
            if !own {
                held.view.cl_ord_id = name;
            }
            if replaced {
                held.unit = held.asked.take().expect("it was asked for").1;
                held.terms_unit = held.unit;
            }
        }
    }

    fn agree(&self) {
        let views: BTreeMap<_, _> = self
            .world
            .engine
            .exposure_view()
            .map(|view| ((view.scope.level() as u8, view.scope.number()), view))
            .collect();
        let accounts = (0..ACCOUNTS).map(|id| Scope::Account(AccountId::new(id)));
        let strategies = (0..STRATEGIES).map(|id| Scope::Strategy(StrategyId::new(id)));
        for scope in accounts.chain(strategies).chain([Scope::Firm]) {
            let view = views[&(scope.level() as u8, scope.number())];
            let sums = self.sums(scope);
            assert_eq!(
                view.gross,
                sums.positions + sums.buys + sums.sells,
                "{scope:?}"
            );
            assert_eq!(view.net, sums.net, "{scope:?}");
            assert_eq!(
                (view.working_buy, view.working_sell),
                (sums.buys, sums.sells)
            );
            assert_eq!(view.margin, sums.margin / 10_000, "{scope:?}");
            assert_eq!(view.result, sums.cash + sums.net, "{scope:?}");
        }
    }

    fn step(&mut self) {
        match self.below(20) {
            0..7 => self.new_order(),
            7..9 => self.replace(),
            9..11 => self.cancel(),
            11..18 => self.report(),
            _ => {
                let instrument = usize::from(self.below(2) == 1);
                let ticks = i64::try_from(self.below(60)).expect("few") - 30;
                self.mids[instrument] = MID + ticks * TICK.units();
                self.quote(instrument);
            }
        }
        self.agree();
    }
}

fn whole(count: i64) -> i128 {
    Notional::whole(count).units()
}

#[test]
fn the_ledger_agrees_with_sums_taken_afresh_and_ends_with_nothing_reserved() {
    let mut verdicts = BTreeMap::new();
    for seed in 0..24 {
        let mut twin = Twin::new(seed);
        for _ in 0..250 {
            twin.step();
        }
        let from = twin.world.events.len();
        twin.world.wind_down();
        let events = twin.world.events.split_off(from);
        twin.note(&events);
        twin.agree();
        let firm = twin.world.engine.exposure_view().next().expect("the firm");
        assert_eq!((firm.working_buy, firm.working_sell), (0, 0));
        for (code, count) in twin.verdicts {
            *verdicts.entry(code).or_insert(0) += count;
        }
    }
    for code in [
        None,
        Some(Code::R015),
        Some(Code::R037),
        Some(Code::R038),
        Some(Code::R039),
    ] {
        let count = verdicts.get(&code).copied().unwrap_or_default();
        assert!(count > 20, "{code:?} was seen {count} times: {verdicts:?}");
    }
}
