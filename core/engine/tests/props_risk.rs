//! The engine's risk against a slow, obvious twin: plain maps, every sum taken afresh.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use dcx_model::*;
use proptest::prelude::*;
use support::{Asks, Kind, Script, Step, World, any_script};

/// What the twin remembers. Orders and positions are the world's books, kept from events.
#[derive(Debug)]
struct Twin {
    world: World,
    on_no_venue: OnNoVenue,
    halted: bool,
    up: BTreeSet<VenueId>,
    quotes: BTreeMap<(InstrumentId, VenueId), (Quote, UnixNanos)>,
    /// Instruments that had a bid and an offer at the same time.
    valued: BTreeSet<InstrumentId>,
    /// Tokens by session, in 10⁻⁹, and when they were counted.
    tokens: BTreeMap<SessionId, (u128, UnixNanos)>,
    names: BTreeSet<(SessionId, ClOrdId)>,
    /// Quantity that a pending replace asks for, by order.
    asked: BTreeMap<OrderId, Qty>,
    /// Orders that a halt has begun to cancel.
    stopped: BTreeSet<OrderId>,
}

impl Twin {
    fn new(script: &Script) -> Self {
        let mut world = World::of(script);
        // What waits is another twin's matter.
        let second = Scope::Session(SessionId::new(1));
        world.limit(second, Limit::ApprovalNotional, None);
        Self {
            world,
            on_no_venue: script.on_no_venue,
            halted: false,
            up: (0..support::VENUES).map(VenueId::new).collect(),
            quotes: BTreeMap::new(),
            valued: BTreeSet::new(),
            tokens: BTreeMap::new(),
            names: BTreeSet::new(),
            asked: BTreeMap::new(),
            stopped: BTreeSet::new(),
        }
    }

    /// Says what must become of an order, before it is sent.
    fn judge(&mut self, order: &NewOrder) -> Result<(), Code> {
        let reduces = !order.order_qty.is_zero()
            && self.would_be(order.account, order.instrument, order.side, order.order_qty) <= 0;
        self.admit(order.session, reduces)?;
        if !self.names.insert((order.session, order.cl_ord_id)) {
            return Err(Code::R018);
        }
        if order.account.get() as usize >= ACCOUNTS_MAX {
            return Err(Code::R032);
        }
        let (instrument, limits) = known(order.instrument)?;
        judge_lots(order.order_qty, &instrument)?;
        if !reduces && order.order_qty > limits.order_qty_max {
            return Err(Code::R006);
        }
        if order.algo == Algo::Twap {
            judge_plan(order, self.world.at, &instrument)?;
        }
        judge_price(order.ord_type, order.limit_px, &instrument)?;
        if !reduces {
            let px = self.price(order.side, order.limit_px, &instrument, &limits)?;
            judge_worth(px, order.order_qty, &limits)?;
            self.judge_crossed(order.side, order.limit_px, &instrument, &limits)?;
        }

        let open = |told: &&support::Told| !told.view.ord_status.is_terminal();
        let mine = |told: &&support::Told| told.view.session == order.session;
        let orders = self.world.told.values();
        if !reduces && orders.clone().filter(open).filter(mine).count() >= 12 {
            return Err(Code::R016);
        }
        if orders.filter(open).count() >= 200 {
            return Err(Code::R026);
        }
        if !reduces {
            self.judge_position(order.account, order.instrument, order.side, order.order_qty)?;
        }
        let reject = self.on_no_venue == OnNoVenue::Reject;
        if reject
            && !instrument
                .venues
                .iter()
                .any(|venue| self.up.contains(&venue))
        {
            return Err(Code::R019);
        }
        Ok(())
    }

    /// Says what must become of a replace of an order that is neither done nor pending.
    fn judge_replace(&mut self, request: &ReplaceRequest) -> Result<(), Code> {
        let found = self.find(request.session, request.orig_cl_ord_id);
        let reduces = found.is_some_and(|id| self.replace_reduces(id, request));
        self.admit(request.session, reduces)?;
        if !self.names.insert((request.session, request.cl_ord_id)) {
            return Err(Code::R018);
        }
        let Some(id) = self.find(request.session, request.orig_cl_ord_id) else {
            return Err(Code::R023);
        };
        let told = &self.world.told[&id];
        let (view, account) = (told.view, told.account);
        match view.ord_status {
            status if status.is_terminal() => return Err(Code::R024),
            OrdStatus::PendingCancel | OrdStatus::PendingReplace => return Err(Code::R025),
            _ => {}
        }
        let same = request.instrument == view.instrument
            && request.side == view.side
            && request.ord_type == view.ord_type
            && request.time_in_force == view.time_in_force;
        if !same {
            return Err(Code::R029);
        }
        let (instrument, limits) = known(view.instrument)?;
        judge_lots(request.order_qty, &instrument)?;
        let grows = request.order_qty > view.order_qty;
        if !reduces && grows && request.order_qty > limits.order_qty_max {
            return Err(Code::R006);
        }
        if request.order_qty <= view.cum_qty {
            return Err(Code::R028);
        }
        let slices = self.slices(id);
        if request.order_qty.units() / instrument.lot.units() < u64::from(slices) {
            return Err(Code::R022);
        }
        judge_price(view.ord_type, request.limit_px, &instrument)?;
        if !reduces {
            let px = self.price(view.side, request.limit_px, &instrument, &limits)?;
            judge_worth(px, request.order_qty, &limits)?;
            self.judge_crossed(view.side, request.limit_px, &instrument, &limits)?;
            let more = request.order_qty.saturating_minus(view.order_qty);
            self.judge_position(account, view.instrument, view.side, more)?;
        }
        Ok(())
    }

    /// Whether a replace asks for no more at the same price, or for so little more that the
    /// position only gets smaller.
    fn replace_reduces(&self, id: OrderId, request: &ReplaceRequest) -> bool {
        let told = &self.world.told[&id];
        let view = told.view;
        let less = request.order_qty <= view.order_qty && request.limit_px == view.limit_px;
        let more = request.order_qty.saturating_minus(view.order_qty);
        less || self.would_be(told.account, view.instrument, view.side, more) <= 0
    }

    fn admit(&mut self, session: SessionId, reduces: bool) -> Result<(), Code> {
        if self.halted {
            return Err(Code::R001);
        }
        if session.get() >= support::SESSIONS {
            return Err(Code::R004);
        }
        // 20 a second, 10 at once.
        let one = 1_000_000_000_u128;
        let (tokens, counted) = self
            .tokens
            .get(&session)
            .copied()
            .unwrap_or((10 * one, self.world.at));
        let flown = u128::from(self.world.at.since(counted).get()) * 20;
        let tokens = (tokens + flown).min(10 * one);
        let left = tokens.checked_sub(one);
        // What reduces is counted as far as the bucket reaches, and never refused.
        let after = if reduces {
            tokens.saturating_sub(one)
        } else {
            left.unwrap_or(tokens)
        };
        self.tokens.insert(session, (after, self.world.at));
        left.filter(|_| !reduces)
            .map(|_| ())
            .or_else(|| reduces.then_some(()))
            .ok_or(Code::R017)
    }

    /// The price that an order is measured by, if it is inside the collar's facts.
    fn price(
        &self,
        side: Side,
        limit: LimitPx,
        instrument: &Instrument,
        limits: &InstrumentLimits,
    ) -> Result<(Price, i128), Code> {
        let (bid, ask, ages) = self.best(instrument, limits);
        let close = instrument
            .prev_close
            .price()
            .filter(|_| limits.prev_close_allowed);
        let (twice, touch) = match (bid, ask, close) {
            (Some(bid), Some(ask), _) => {
                let touch = if side == Side::Buy { ask } else { bid };
                (i128::from(bid.units()) + i128::from(ask.units()), touch)
            }
            (_, _, Some(close)) => (2 * i128::from(close.units()), close),
            _ => {
                let youngest = ages.iter().min().copied();
                let stale = youngest.is_some_and(|age| age > limits.quote_age_max);
                return Err(if stale { Code::R013 } else { Code::R012 });
            }
        };
        Ok((limit.price().unwrap_or(touch), twice))
    }

    /// The best bid and offer of fresh quotes, and the age of every quote.
    fn best(
        &self,
        instrument: &Instrument,
        limits: &InstrumentLimits,
    ) -> (Option<Price>, Option<Price>, Vec<Nanos>) {
        let quotes = self.quotes.iter().filter(|((id, venue), (quote, _))| {
            *id == instrument.id
                && instrument.venues.contains(*venue)
                && (quote.bid_px.price().is_some() || quote.ask_px.price().is_some())
        });
        let ages: Vec<(Quote, Nanos)> = quotes
            .map(|(_, (quote, at))| (*quote, self.world.at.since(*at)))
            .collect();
        let fresh = ages.iter().filter(|(_, age)| *age <= limits.quote_age_max);
        let bid = fresh.clone().filter_map(|(q, _)| q.bid_px.price()).max();
        let ask = fresh.filter_map(|(q, _)| q.ask_px.price()).min();
        (bid, ask, ages.iter().map(|(_, age)| *age).collect())
    }

    /// Where the market is crossed by more than is allowed, nothing that would take passes.
    fn judge_crossed(
        &self,
        side: Side,
        limit: LimitPx,
        instrument: &Instrument,
        limits: &InstrumentLimits,
    ) -> Result<(), Code> {
        let (Some(bid), Some(ask), _) = self.best(instrument, limits) else {
            return Ok(());
        };
        let takes = match (limit.price(), side) {
            (None, _) => true,
            (Some(px), Side::Buy) => px >= ask,
            (Some(px), Side::Sell) => px <= bid,
        };
        let (bid, ask) = (i128::from(bid.units()), i128::from(ask.units()));
        if (bid - ask) * 20_000 > support::CROSSED_BPS_MAX * (bid + ask) && takes {
            return Err(Code::R048);
        }
        Ok(())
    }

    /// The position is within its limit, and everything the firm holds was valued once, or may be
    /// by its close.
    fn judge_position(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        more: Qty,
    ) -> Result<(), Code> {
        let would_be = self.would_be(account, instrument, side, more);
        if !more.is_zero() && would_be > i128::from(Qty::whole(2_000).units()) {
            return Err(Code::R015);
        }
        for id in (0..support::INSTRUMENTS).map(InstrumentId::new) {
            let of = self.world.positions.iter().filter(|((_, of), _)| *of == id);
            let held: i128 = of.map(|(_, position)| *position).sum();
            let close = support::instrument_limits(id.get()).prev_close_allowed;
            if held != 0 && !close && !self.valued.contains(&id) {
                return Err(Code::R067);
            }
        }
        Ok(())
    }

    /// The position on this side with every open order of it filled, each summed afresh.
    fn would_be(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        more: Qty,
    ) -> i128 {
        let working: i128 = self
            .world
            .told
            .iter()
            .filter(|(_, told)| {
                told.account == account
                    && told.view.instrument == instrument
                    && told.view.side == side
                    && !told.view.ord_status.is_terminal()
            })
            .map(|(id, told)| {
                let asked = self.asked.get(id).copied().unwrap_or(Qty::ZERO);
                let qty = told.view.order_qty.max(asked);
                i128::from(qty.units()) - i128::from(told.view.cum_qty.units())
            })
            .sum();
        let position = self.world.positions.get(&(account, instrument));
        let position = position.copied().unwrap_or(0);
        let signed = if side == Side::Buy {
            position
        } else {
            -position
        };
        signed + working + i128::from(more.units())
    }

    /// The order that goes, or went, by this name.
    fn find(&self, session: SessionId, name: ClOrdId) -> Option<OrderId> {
        let by = |event: &Event| match event {
            Event::Accepted { view, .. } | Event::Replaced { view, .. }
                if view.session == session && view.cl_ord_id == name =>
            {
                Some(view.order)
            }
            _ => None,
        };
        self.world.events.iter().find_map(by)
    }

    /// Whether we end the order ourselves, which its reports do not say.
    fn is_ending(&self, request: &ReplaceRequest) -> bool {
        let id = self.find(request.session, request.orig_cl_ord_id);
        id.is_some_and(|id| {
            let over = self
                .order(id)
                .is_some_and(|order| order.algo == Algo::Twap && order.end <= self.world.at);
            self.stopped.contains(&id) || over
        })
    }

    fn slices(&self, id: OrderId) -> u16 {
        self.order(id).map_or(0, |order| order.slices)
    }

    fn order(&self, id: OrderId) -> Option<&NewOrder> {
        let name = self.world.events.iter().find_map(|event| match event {
            Event::Accepted { view, .. } if view.order == id => Some(view.cl_ord_id),
            _ => None,
        });
        self.world.journal.iter().find_map(|(_, _, c)| match c {
            Command::NewOrder(order) if Some(order.cl_ord_id) == name => Some(order),
            _ => None,
        })
    }

    fn note(&mut self, command: &Command, events: &[Event]) {
        match command {
            Command::SetState(change) if change.state == TradingState::Halted => {
                self.halted = true;
                self.stopped.extend(self.world.told.keys());
            }
            Command::SetState(_) => self.halted = false,
            Command::VenueState { venue, up: true } => {
                self.up.insert(*venue);
            }
            Command::VenueState { venue, up: false } => {
                self.up.remove(venue);
            }
            Command::Quote(quote)
                if quote.venue.get() < support::VENUES
                    && quote.instrument.get() < support::INSTRUMENTS =>
            {
                let place = (quote.instrument, quote.venue);
                self.quotes.insert(place, (*quote, self.world.at));
                let (instrument, limits) = known(quote.instrument).expect("it was asked for");
                if let (Some(_), Some(_), _) = self.best(&instrument, &limits) {
                    self.valued.insert(quote.instrument);
                }
            }
            Command::Cancel(request) => {
                self.names.insert((request.session, request.cl_ord_id));
            }
            _ => {}
        }
        for event in events {
            match event {
                Event::PendingReplace { view, .. } => {
                    if let Command::Replace(request) = command {
                        self.asked.insert(view.order, request.order_qty);
                    }
                }
                Event::Replaced { view, .. } => {
                    self.asked.remove(&view.order);
                }
                Event::CancelRejected(rejected)
                    if rejected.response_to == CxlRejResponseTo::Replace
                        && rejected.ord_status != OrdStatus::PendingReplace =>
                {
                    self.asked.remove(&rejected.order);
                }
                _ => {}
            }
        }
    }
}

fn known(id: InstrumentId) -> Result<(Instrument, InstrumentLimits), Code> {
    if id.get() >= support::INSTRUMENTS {
        return Err(Code::R002);
    }
    Ok((
        support::instrument(id.get()),
        support::instrument_limits(id.get()),
    ))
}

fn judge_lots(qty: Qty, instrument: &Instrument) -> Result<(), Code> {
    if qty.is_zero() {
        Err(Code::R005)
    } else if !qty.is_multiple_of(instrument.lot) {
        Err(Code::R007)
    } else {
        Ok(())
    }
}

fn judge_plan(order: &NewOrder, at: UnixNanos, instrument: &Instrument) -> Result<(), Code> {
    if order.time_in_force == TimeInForce::Fok {
        Err(Code::R033)
    } else if order.end <= at {
        Err(Code::R020)
    } else if order.slices == 0 || order.slices > SLICES_MAX {
        Err(Code::R021)
    } else if order.order_qty.units() / instrument.lot.units() < u64::from(order.slices) {
        Err(Code::R022)
    } else {
        Ok(())
    }
}

fn judge_price(ord_type: OrdType, limit: LimitPx, instrument: &Instrument) -> Result<(), Code> {
    match (ord_type, limit.price()) {
        (OrdType::Limit, None) | (OrdType::Market, Some(_)) => Err(Code::R009),
        (OrdType::Limit, Some(px)) if px <= Price::ZERO => Err(Code::R010),
        (OrdType::Limit, Some(px)) if !px.is_multiple_of(instrument.tick) => Err(Code::R008),
        _ => Ok(()),
    }
}

fn judge_worth(
    (px, twice): (Price, i128),
    qty: Qty,
    limits: &InstrumentLimits,
) -> Result<(), Code> {
    if px.times(qty) > limits.order_notional_max {
        return Err(Code::R011);
    }
    let (distance, bps) = (
        i128::from(px.units()) * 2 - twice,
        i128::from(limits.collar_bps),
    );
    if distance.abs() * 10_000 > bps * twice {
        return Err(Code::R014);
    }
    Ok(())
}

/// A script in which every order is one that works at once, or in slices.
fn any_plain_script(len: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Script> {
    any_script(len).prop_map(|mut script| {
        // Nor is anything else that ends or wakes orders behind the client's back.
        script.steps.retain(|step| {
            matches!(
                step,
                Step::Pass(_)
                    | Step::Order(_)
                    | Step::Cancel { .. }
                    | Step::Replace { .. }
                    | Step::Status { .. }
                    | Step::Quote { .. }
                    | Step::Report { .. }
                    | Step::Again
                    | Step::VenueState { .. }
                    | Step::Wake
                    | Step::Halt
                    | Step::Resume
                    | Step::Checkpoint
            )
        });
        for step in &mut script.steps {
            if let Step::Order(order) = step {
                (order.kind, order.linked) = (Kind::Plain, false);
                (order.asks, order.worked) = (Asks::Nothing, None);
                if order.time_in_force == TimeInForce::Gtd {
                    order.time_in_force = TimeInForce::Gtc;
                }
            }
        }
        script
    })
}

proptest! {
    // 80 scripts of 300 steps and more are over twenty thousand commands.
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    /// The engine refuses what the twin refuses, with the same code, and nothing else.
    #[test]
    fn the_engine_agrees_with_its_twin(script in any_plain_script(300..=400)) {
        let mut twin = Twin::new(&script);
        for step in &script.steps {
            let Some(command) = twin.world.command(step) else { continue };
            let expected = match &command {
                Command::NewOrder(order) => Some(twin.judge(order)),
                Command::Replace(request) => Some(twin.judge_replace(request)),
                _ => None,
            };
            let events = twin.world.send(command);
            let got = match events.first() {
                Some(Event::Rejected { refusal, .. }) => Err(refusal.code()),
                Some(Event::CancelRejected(rejected)) => Err(rejected.refusal.code()),
                _ => Ok(()),
            };
            let ending = matches!(&command, Command::Replace(r) if twin.is_ending(r));
            if let (true, Err(Code::R024)) = (ending, got) {
                twin.note(&command, &events);
                continue;
            }
            if let Some(expected) = expected {
                prop_assert_eq!(got, expected, "{:?} gave {:?}", command, events);
            }
            twin.note(&command, &events);
        }
    }

    /// An order that is refused leaves nothing behind but the use of its name and of the rate.
    #[test]
    fn a_refused_order_leaves_no_exposure(script in any_script(1..=200)) {
        let mut world = World::of(&script);
        for step in &script.steps {
            let Some(command) = world.command(step) else { continue };
            let Command::NewOrder(order) = &command else {
                world.send(command);
                continue;
            };
            let of = |world: &World| (
                world.engine.position(order.account, order.instrument),
                world.engine.working(order.account, order.instrument),
                world.engine.orders_open(),
                world.engine.children_working(),
            );
            let before = of(&world);
            let (account, instrument) = (order.account, order.instrument);
            let events = world.send(command);
            if let [Event::Rejected { view, .. }] = events.as_slice() {
                prop_assert_eq!(view.order, OrderId::new(0));
                let after = (
                    world.engine.position(account, instrument),
                    world.engine.working(account, instrument),
                    world.engine.orders_open(),
                    world.engine.children_working(),
                );
                prop_assert_eq!(after, before);
            }
        }
    }
}
