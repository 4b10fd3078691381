//! What must become of a request: every rule written anew from its definition, in the order in
//! which the engine makes its checks.

use dcx_model::*;

use crate::model::{Economics, Holder, Model, ORDERS_OPEN_MAX, Open, SESSIONS, instrument};
use crate::model::{reserve_unit, who};

/// What the twin says of an order that passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    pub(crate) unit: i128,
    pub(crate) worth: i128,
    pub(crate) waits: bool,
    pub(crate) near: Option<(Scope, Limit, i128, i128)>,
}

type Verdict<T> = Result<T, Code>;

const fn hold(passed: bool, code: Code) -> Verdict<()> {
    if passed { Ok(()) } else { Err(code) }
}

const LEVELS_UP: [usize; 5] = [4, 3, 2, 1, 0];

impl Model {
    /// Judges a new order, and takes in that it was sent.
    pub(crate) fn judge(&mut self, order: &NewOrder) -> Verdict<Passed> {
        let holder = Holder::of(order);
        let qty = i128::from(order.order_qty.units());
        let known = (holder.account as usize) < ACCOUNTS_MAX;
        let reduces = known
            && qty > 0
            && holder.instrument < 4
            && self.would_be(&holder, order.side, qty) <= 0;
        let scopes: Vec<Scope> = holder.scopes().into_iter().filter(|s| exists(*s)).collect();
        self.admit(holder.session, &scopes, reduces)?;
        let name = (holder.session, order.cl_ord_id);
        hold(self.names.insert(name), Code::R018)?;
        self.judge_terms(order, &holder, reduces)
    }

    /// Whether anything may be sent now.
    fn admit(&mut self, session: u16, scopes: &[Scope], reduces: bool) -> Verdict<()> {
        let worst = scopes.iter().map(|scope| self.state(*scope)).max();
        let worst = worst.unwrap_or_default();
        hold(worst != TradingState::Halted, Code::R001)?;
        hold(worst == TradingState::Active || reduces, Code::R042)?;
        let firm = self.limit(Scope::Firm, Limit::GrossMax).is_some();
        hold(firm, Code::R074)?;
        let at = Scope::Session(SessionId::new(session));
        let has = |limit| self.limit(at, limit).is_some();
        let complete = session < SESSIONS
            && has(Limit::OrdersOpenMax)
            && has(Limit::OrdersPerSMax)
            && has(Limit::BurstMax);
        hold(complete, Code::R004)?;
        let counted: Vec<Scope> = scopes
            .iter()
            .filter(|scope| {
                matches!(
                    scope.level(),
                    Level::Session | Level::Strategy | Level::Instrument
                )
            })
            .copied()
            .collect();
        for scope in counted.iter().filter(|_| !reduces) {
            let Some(per_s) = self.limit(*scope, Limit::OrdersPerSMax) else {
                continue;
            };
            let fits = self.missing(*scope) + 1_000_000_000 <= self.bucket(*scope);
            hold(per_s > 0 && fits, Code::R017)?;
        }
        self.count_message(&counted);
        Ok(())
    }

    fn judge_terms(&self, order: &NewOrder, holder: &Holder, reduces: bool) -> Verdict<Passed> {
        hold((holder.account as usize) < ACCOUNTS_MAX, Code::R032)?;
        hold(usize::from(holder.strategy) < STRATEGIES_MAX, Code::R075)?;
        judge_shape(self, order)?;
        self.judge_instrument(holder)?;
        self.judge_age(holder, order.transact_time)?;
        judge_lots(order.order_qty)?;
        judge_parts(order)?;
        let [_, account, strategy, session, listed] = holder.scopes();
        let qty = i128::from(order.order_qty.units());
        let mut near = None;
        if !reduces {
            self.judge_permission(holder)?;
            let barred = |scope: &Scope| self.algos_barred.get(&who(*scope)).copied().unwrap_or(0);
            let barred = holder
                .scopes()
                .iter()
                .any(|s| barred(s) >> (order.algo as u8) & 1 == 1);
            hold(!barred, Code::R046)?;
            for scope in [listed, session, strategy, account] {
                let max = self.max(scope, Limit::OrderQtyMax);
                hold(qty <= max, Code::R006)?;
                note(&mut near, (scope, Limit::OrderQtyMax), (0, qty), max);
            }
        }
        judge_plan(order, self.at)?;
        judge_price(order.ord_type, order.limit_px)?;
        hold(order.stop_px == LimitPx::NONE, Code::R056)?;
        if !reduces {
            self.judge_hours(holder.instrument)?;
        }
        let (px, unit) = self.price(holder.instrument, order.side, order.limit_px, reduces)?;
        let worth = unit * qty;
        if order.flags.has(OrderFlags::POST_ONLY) {
            self.judge_passive(holder.instrument, order.side, px)?;
        }
        if !reduces {
            self.judge_worth(holder, worth, &mut near)?;
            self.judge_near(holder.instrument, order.side, order.limit_px, px)?;
            self.judge_typical(holder.instrument, qty)?;
            self.judge_again(order, holder)?;
            for scope in [session, strategy, account, listed] {
                let (open, max) = (self.open(scope), self.max(scope, Limit::OrdersOpenMax));
                hold(open < max, Code::R016)?;
                note(
                    &mut near,
                    (scope, Limit::OrdersOpenMax),
                    (open, open + 1),
                    max,
                );
            }
        }
        hold(self.orders.len() < ORDERS_OPEN_MAX, Code::R026)?;
        if !reduces {
            self.judge_exposure(holder, order.side, (qty, worth), &mut near)?;
            self.judge_locate(holder, order, qty)?;
            self.judge_day(holder, qty, worth, &mut near)?;
        }
        let later = order.algo == Algo::Twap && order.start.get() > self.at;
        let someone = (0..crate::model::VENUES)
            .any(|v| self.is_open_at(holder.instrument, v) && !self.down.contains(&v));
        hold(later || someone || !self.reject_without_venue, Code::R019)?;
        let waits = self.needs_person(holder, worth);
        Ok(Passed {
            unit,
            worth,
            waits,
            near,
        })
    }

    /// Judges a replace. `open` is the order, if there is one of that name that is not done.
    pub(crate) fn judge_replace(
        &mut self,
        request: &ReplaceRequest,
        open: Option<&Open>,
    ) -> Verdict<i128> {
        let session = request.session.get();
        let more = open.map_or(0, |o| {
            (i128::from(request.order_qty.units()) - i128::from(o.view.order_qty.units())).max(0)
        });
        let less = open.is_some_and(|o| {
            request.order_qty <= o.view.order_qty && request.limit_px == o.view.limit_px
        });
        let side = |o: &Open| self.would_be(&o.holder, o.view.side, more) <= 0;
        let reduces = less || open.is_some_and(side);
        let scopes: Vec<Scope> = open.map_or_else(
            || vec![Scope::Firm, Scope::Session(request.session)],
            |o| o.holder.scopes().to_vec(),
        );
        self.admit(session, &scopes, reduces)?;
        hold(self.names.insert((session, request.cl_ord_id)), Code::R018)?;
        let open = open.ok_or(Code::R023)?;
        let pending = matches!(
            open.view.ord_status,
            OrdStatus::PendingCancel | OrdStatus::PendingReplace
        );
        hold(!pending, Code::R025)?;
        let same = request.instrument == open.view.instrument
            && request.side == open.view.side
            && request.ord_type == open.view.ord_type
            && request.time_in_force == open.view.time_in_force;
        hold(same, Code::R029)?;
        self.judge_changed(request, open, more, reduces)
    }

    fn judge_changed(
        &self,
        request: &ReplaceRequest,
        open: &Open,
        more: i128,
        reduces: bool,
    ) -> Verdict<i128> {
        let (holder, id, side) = (&open.holder, open.holder.instrument, open.view.side);
        let [_, account, strategy, session, listed] = holder.scopes();
        let qty = i128::from(request.order_qty.units());
        self.judge_instrument(holder)?;
        self.judge_age(holder, request.transact_time)?;
        judge_lots(request.order_qty)?;
        if !reduces {
            self.judge_permission(holder)?;
            for scope in [listed, session, strategy, account] {
                let max = self.max(scope, Limit::OrderQtyMax);
                hold(more == 0 || qty <= max, Code::R006)?;
            }
        }
        hold(request.order_qty > open.view.cum_qty, Code::R028)?;
        let lots = qty / 1_000_000_000;
        hold(lots >= i128::from(open.slices), Code::R022)?;
        judge_price(open.view.ord_type, request.limit_px)?;
        hold(request.stop_px == LimitPx::NONE, Code::R056)?;
        if !reduces {
            self.judge_hours(id)?;
        }
        let (px, unit) = self.price(id, side, request.limit_px, reduces)?;
        if open.view.flags.has(OrderFlags::POST_ONLY) {
            self.judge_passive(id, side, px)?;
        }
        if reduces {
            return Ok(unit);
        }
        let worth = unit * qty;
        self.judge_worth(holder, worth, &mut None)?;
        self.judge_near(id, side, request.limit_px, px)?;
        if more > 0 {
            self.judge_typical(id, qty)?;
            let short = self.would_be(holder, side, more);
            let asked = self.of_instrument(id, Limit::LocateRequired) == Some(1);
            let located = open.view.flags.has(OrderFlags::LOCATED);
            hold(
                !asked || side == Side::Buy || short <= 0 || located,
                Code::R047,
            )?;
        }
        let (reserved, at) = open.reserved();
        let on_top = at.max(unit) * (reserved + more) - at * reserved;
        self.judge_exposure(holder, side, (more, on_top), &mut None)?;
        self.judge_day(holder, more, self.grown(request, open), &mut None)?;
        hold(!self.needs_person(holder, worth), Code::R064)?;
        Ok(unit)
    }

    /// What a replace is worth more than the order is now.
    pub(crate) fn grown(&self, request: &ReplaceRequest, open: &Open) -> i128 {
        let (id, side) = (open.holder.instrument, open.view.side);
        let after = self.unit_now(id, side, request.limit_px);
        let before = self.unit_now(id, side, open.view.limit_px);
        let after = after * i128::from(request.order_qty.units());
        (after - before * i128::from(open.view.order_qty.units())).max(0)
    }

    fn judge_instrument(&self, holder: &Holder) -> Verdict<()> {
        hold(holder.instrument < 4, Code::R002)?;
        let needed = [
            Limit::OrderQtyMax,
            Limit::OrderNotionalMax,
            Limit::CollarBps,
            Limit::QuoteAgeMax,
            Limit::PositionLongMax,
            Limit::PositionShortMax,
        ];
        let set = |limit: &Limit| self.of_instrument(holder.instrument, *limit).is_some();
        hold(needed.iter().all(set), Code::R003)
    }

    fn judge_age(&self, holder: &Holder, time: UnixNanos) -> Verdict<()> {
        let [firm, _, _, session, _] = holder.scopes();
        let max = self.max(firm, Limit::OrderAgeMax);
        let max = max.min(self.max(session, Limit::OrderAgeMax));
        let age = i128::from(self.at) - i128::from(time.get());
        hold(age <= max, Code::R053)
    }

    fn judge_permission(&self, holder: &Holder) -> Verdict<()> {
        let denied = |scope: &Scope| self.denied.contains(&(who(*scope), holder.instrument));
        hold(!holder.scopes().iter().any(denied), Code::R045)
    }

    fn judge_hours(&self, id: u32) -> Verdict<()> {
        if let Some((open, close)) = self.hours.get(&id) {
            let second = self.at / 1_000_000_000 % 86_400;
            hold((*open..*close).contains(&second), Code::R050)?;
        }
        let open = (0..crate::model::VENUES).any(|venue| self.is_open_at(id, venue));
        hold(open, Code::R049)
    }

    /// What the order is measured by, and what one unit of it is worth.
    fn price(&self, id: u32, side: Side, limit: LimitPx, reduces: bool) -> Verdict<(i128, i128)> {
        let best = self.best(id);
        let known = best.twice().or_else(|| self.fallback(id)).is_some();
        if !known && !reduces {
            let max = self
                .of_instrument(id, Limit::QuoteAgeMax)
                .unwrap_or(i128::MAX);
            let stale = best.youngest.is_some_and(|age| i128::from(age) > max);
            return Err(if stale { Code::R013 } else { Code::R012 });
        }
        let limit = limit.price().map(|px| i128::from(px.units()));
        let px = limit.or_else(|| self.touch(id, side)).unwrap_or(0);
        Ok((px, reserve_unit(id, px)))
    }

    fn judge_passive(&self, id: u32, side: Side, px: i128) -> Verdict<()> {
        let best = self.best(id);
        let rests = match side {
            Side::Buy => best.ask.is_none_or(|ask| px < ask),
            Side::Sell => best.bid.is_none_or(|bid| px > bid),
        };
        hold(rests, Code::R054)
    }

    fn judge_worth(&self, holder: &Holder, worth: i128, near: &mut Near) -> Verdict<()> {
        for level in LEVELS_UP {
            let scope = holder.scopes()[level];
            let max = self.max(scope, Limit::OrderNotionalMax);
            hold(worth <= max, Code::R011)?;
            note(near, (scope, Limit::OrderNotionalMax), (0, worth), max);
        }
        Ok(())
    }

    /// Collar, crossed market, band.
    fn judge_near(&self, id: u32, side: Side, limit: LimitPx, px: i128) -> Verdict<()> {
        let best = self.best(id);
        let fallback = self.fallback(id).map(|px| 2 * px);
        let twice = best.twice().or(fallback).unwrap_or(0);
        let bps = self.of_instrument(id, Limit::CollarBps).unwrap_or(0);
        hold((2 * px - twice).abs() * 10_000 <= bps * twice, Code::R014)?;
        if let (Some(bid), Some(ask)) = (best.bid, best.ask) {
            let limit = limit.price().map(|px| i128::from(px.units()));
            let takes = match side {
                Side::Buy => limit.is_none_or(|px| px >= ask),
                Side::Sell => limit.is_none_or(|px| px <= bid),
            };
            let bps = self.of_instrument(id, Limit::CrossedBpsMax).unwrap_or(0);
            let near = (bid - ask) * 20_000 <= bps * (bid + ask);
            hold(bid <= ask || !takes || near, Code::R048)?;
        }
        let Some(bps) = self.of_instrument(id, Limit::BandBps) else {
            return Ok(());
        };
        let close = self.close(id).map(|px| 2 * px);
        let twice = self.median(id).or(close).ok_or(Code::R012)?;
        hold((2 * px - twice).abs() * 10_000 <= bps * twice, Code::R034)
    }

    fn judge_typical(&self, id: u32, qty: i128) -> Verdict<()> {
        let Some(thousandths) = self.of_instrument(id, Limit::TypicalMultiple) else {
            return Ok(());
        };
        let (average, trades) = self.typical.get(&id).copied().unwrap_or_default();
        hold(trades >= 20, Code::R036)?;
        hold(qty <= ((average * thousandths) >> 32) / 1_000, Code::R035)
    }

    pub(crate) fn window(&self, holder: &Holder) -> i128 {
        let [firm, _, strategy, session, _] = holder.scopes();
        let windows = [firm, strategy, session].map(|s| self.limit(s, Limit::DuplicateWindow));
        windows.into_iter().flatten().max().unwrap_or(0)
    }

    fn judge_again(&self, order: &NewOrder, holder: &Holder) -> Verdict<()> {
        let window = self.window(holder);
        if window == 0 || order.flags.has(OrderFlags::REPEAT_MEANT) {
            return Ok(());
        }
        let wanted = economics(order);
        let same =
            |(seen, at): &(Economics, u64)| *seen == wanted && i128::from(self.at - at) <= window;
        hold(!self.recent.iter().any(same), Code::R043)
    }

    fn judge_exposure(
        &self,
        holder: &Holder,
        side: Side,
        (qty, worth): (i128, i128),
        near: &mut Near,
    ) -> Verdict<()> {
        let [firm, account, strategy, _, listed] = holder.scopes();
        let limit = match side {
            Side::Buy => Limit::PositionLongMax,
            Side::Sell => Limit::PositionShortMax,
        };
        let would_be = self.would_be(holder, side, qty);
        let max = self.max(listed, limit);
        hold(qty == 0 || would_be <= max, Code::R015)?;
        if qty != 0 {
            note(near, (listed, limit), (would_be - qty, would_be), max);
        }
        for scope in [account, strategy, firm] {
            let sums = self.sums(scope);
            let set = |limit| self.limit(scope, limit).is_some();
            let valued = [
                Limit::GrossMax,
                Limit::NetMax,
                Limit::CreditMax,
                Limit::LossReduceMax,
                Limit::LossHaltMax,
                Limit::DrawdownMax,
            ];
            let needed = valued.into_iter().any(set);
            hold(sums.unmarked == 0 || !needed, Code::R067)?;
            if worth == 0 {
                continue;
            }
            let gross = sums.positions + sums.buys + sums.sells;
            let max = self.max(scope, Limit::GrossMax);
            hold(gross + worth <= max, Code::R037)?;
            note(near, (scope, Limit::GrossMax), (gross, gross + worth), max);
            let net = match side {
                Side::Buy => sums.net + sums.buys,
                Side::Sell => sums.sells - sums.net,
            };
            hold(net + worth <= self.max(scope, Limit::NetMax), Code::R038)?;
            if scope == account
                && let Some(credit) = self.limit(scope, Limit::CreditMax)
            {
                let bps = self.limit(listed, Limit::MarginBps).unwrap_or(10_000);
                hold(sums.margin + worth * bps <= credit * 10_000, Code::R039)?;
            }
        }
        if worth != 0
            && let Some(max) = self.limit(listed, Limit::GrossMax)
        {
            let sums = self.sums(listed);
            hold(sums.unmarked == 0, Code::R067)?;
            let gross = sums.positions + sums.buys + sums.sells;
            hold(gross + worth <= max, Code::R037)?;
            note(near, (listed, Limit::GrossMax), (gross, gross + worth), max);
        }
        // Nobody mapped the instrument to a factor.
        let caps = [Limit::VarEwmaMax, Limit::VarHistoricalMax];
        let capped = caps.into_iter().any(|cap| self.limit(firm, cap).is_some());
        hold(!capped, Code::R052)
    }

    fn judge_locate(&self, holder: &Holder, order: &NewOrder, qty: i128) -> Verdict<()> {
        let asked = self.of_instrument(holder.instrument, Limit::LocateRequired) == Some(1);
        let short = self.would_be(holder, order.side, qty) > 0;
        let located = order.flags.has(OrderFlags::LOCATED);
        hold(
            !asked || order.side == Side::Buy || !short || located,
            Code::R047,
        )
    }

    fn judge_day(&self, holder: &Holder, qty: i128, worth: i128, near: &mut Near) -> Verdict<()> {
        let [firm, account, strategy, session, listed] = holder.scopes();
        let of = |scope| {
            let day = (who(scope), self.day());
            self.accepted.get(&day).copied().unwrap_or_default()
        };
        let (before, _) = of(listed);
        let max = self.max(listed, Limit::DayQtyMax);
        // Where nothing is set the quantity must still fit 64 bits, which it always does here.
        hold(before + qty <= max, Code::R041)?;
        note(
            near,
            (listed, Limit::DayQtyMax),
            (before, before + qty),
            max,
        );
        for scope in [session, strategy, account, firm] {
            let (_, before) = of(scope);
            let max = self.max(scope, Limit::DayNotionalMax);
            hold(before + worth <= max, Code::R040)?;
            note(
                near,
                (scope, Limit::DayNotionalMax),
                (before, before + worth),
                max,
            );
        }
        Ok(())
    }

    fn needs_person(&self, holder: &Holder, worth: i128) -> bool {
        let from = holder
            .scopes()
            .map(|s| self.max(s, Limit::ApprovalNotional));
        from.into_iter().any(|from| worth >= from)
    }

    /// Counts an order, or what a replace asks for besides, where limits count it.
    pub(crate) fn count_accepted(&mut self, holder: &Holder, qty: i128, worth: i128) {
        let day = self.day();
        for scope in holder.scopes() {
            let sums = self.accepted.entry((who(scope), day)).or_default();
            *sums = (sums.0 + qty, sums.1 + worth);
        }
    }
}

type Near = Option<(Scope, Limit, i128, i128)>;

/// Notes the first limit that an order brings to four fifths.
fn note(near: &mut Near, (scope, limit): (Scope, Limit), (before, after): (i128, i128), max: i128) {
    // A limit that is not set has no four fifths that anything reaches.
    if max == i128::MAX || max <= 0 || near.is_some() {
        return;
    }
    let from = max - max / 5;
    if before < from && after >= from {
        *near = Some((scope, limit, after, max));
    }
}

pub(crate) const fn economics(order: &NewOrder) -> Economics {
    (
        order.strategy.get(),
        order.instrument.get(),
        order.side,
        order.order_qty,
        order.limit_px,
    )
}

/// Whether the engine has a place for the scope, so that it may have a state.
const fn exists(scope: Scope) -> bool {
    let max = match scope {
        Scope::Firm => return true,
        Scope::Account(_) => ACCOUNTS_MAX,
        Scope::Strategy(_) => STRATEGIES_MAX,
        Scope::Session(_) => SESSIONS_MAX,
        Scope::Instrument(_) => INSTRUMENTS_MAX,
    };
    (scope.number() as usize) < max
}

fn judge_shape(model: &Model, order: &NewOrder) -> Verdict<()> {
    let now = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    let passive = order.flags.has(OrderFlags::POST_ONLY);
    let market = order.ord_type == OrdType::Market;
    let sliced = order.algo == Algo::Twap;
    let (shown, least) = (!order.display_qty.is_zero(), !order.min_qty.is_zero());
    let apart = [
        passive && (market || now || sliced || least),
        shown && (now || sliced || least),
        least && sliced,
    ];
    let apart = apart.contains(&true);
    hold(!apart, Code::R066)?;
    hold(
        order.peg == Peg::None && order.peg_offset == Price::ZERO,
        Code::R057,
    )?;
    if order.time_in_force == TimeInForce::Gtd {
        hold(order.end.get() > model.at, Code::R060)?;
    }
    let timed = matches!(
        order.time_in_force,
        TimeInForce::AtTheOpening | TimeInForce::AtTheClose
    );
    hold(
        !timed || model.hours.contains_key(&order.instrument.get()),
        Code::R061,
    )?;
    hold(order.list_total == 0, Code::R062)
}

fn judge_lots(qty: Qty) -> Verdict<()> {
    hold(!qty.is_zero(), Code::R005)?;
    hold(qty.units().is_multiple_of(1_000_000_000), Code::R007)
}

fn judge_parts(order: &NewOrder) -> Verdict<()> {
    let (qty, lot) = (order.order_qty.units(), 1_000_000_000);
    let display = order.display_qty.units();
    let shown = order.limit_px != LimitPx::NONE && display <= qty && display.is_multiple_of(lot);
    hold(display == 0 || shown, Code::R058)?;
    let min = order.min_qty.units();
    let least = order.time_in_force == TimeInForce::Ioc && min <= qty && min.is_multiple_of(lot);
    hold(min == 0 || least, Code::R059)
}

fn judge_plan(order: &NewOrder, at: u64) -> Verdict<()> {
    let dated = order.time_in_force == TimeInForce::Gtd;
    match order.algo {
        Algo::AtOnce => {
            hold(order.start.get() <= at, Code::R033)?;
            hold(order.end == UnixNanos::ZERO || dated, Code::R033)
        }
        Algo::Twap => {
            hold(order.time_in_force != TimeInForce::Fok, Code::R033)?;
            hold(order.end.get() > at.max(order.start.get()), Code::R020)?;
            hold((1..=1_000).contains(&order.slices), Code::R021)?;
            let lots = order.order_qty.units() / 1_000_000_000;
            hold(lots >= u64::from(order.slices), Code::R022)
        }
        Algo::Vwap
        | Algo::Pov
        | Algo::Iceberg
        | Algo::Shortfall
        | Algo::Adaptive
        | Algo::Sniper
        | Algo::Pegged
        // The others have twins of their own, in `props_slices.rs`: none is drawn here.
        | Algo::Planned => hold(false, Code::R080),
    }
}

fn judge_price(ord_type: OrdType, limit: LimitPx) -> Verdict<()> {
    let Some(px) = limit.price() else {
        return hold(ord_type == OrdType::Market, Code::R009);
    };
    hold(ord_type == OrdType::Limit, Code::R009)?;
    hold(px.units() > 0, Code::R010)?;
    hold(px.units() % instrument(0).tick.units() == 0, Code::R008)
}
