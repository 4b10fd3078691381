//! What the twin remembers: plain maps and lists of what was said and done.

use std::collections::{BTreeMap, BTreeSet};

use dcx_model::*;

pub(crate) const ACCOUNTS: usize = 3;
pub(crate) const STRATEGIES: usize = 4;
pub(crate) const SESSIONS: u16 = 3;
pub(crate) const INSTRUMENTS: usize = 4;
pub(crate) const VENUES: u8 = 3;
pub(crate) const ORDERS_OPEN_MAX: usize = 14;

/// A scope as a key that sorts.
pub(crate) type Who = (u8, u32);

pub(crate) const fn who(scope: Scope) -> Who {
    (scope.level() as u8, scope.number())
}

/// Whose an order is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) account: u32,
    pub(crate) strategy: u16,
    pub(crate) session: u16,
    pub(crate) instrument: u32,
}

impl Holder {
    pub(crate) const fn scopes(&self) -> [Scope; 5] {
        [
            Scope::Firm,
            Scope::Account(AccountId::new(self.account)),
            Scope::Strategy(StrategyId::new(self.strategy)),
            Scope::Session(SessionId::new(self.session)),
            Scope::Instrument(InstrumentId::new(self.instrument)),
        ]
    }

    pub(crate) const fn of(order: &NewOrder) -> Self {
        Self {
            account: order.account.get(),
            strategy: order.strategy.get(),
            session: order.session.get(),
            instrument: order.instrument.get(),
        }
    }
}

/// An open order, from what was sent and what was reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) holder: Holder,
    pub(crate) view: OrderView,
    pub(crate) slices: u16,
    /// What one unit is worth by its terms, and at what it is reserved.
    pub(crate) terms_unit: i128,
    pub(crate) unit: i128,
    /// Quantity and unit of a replace that is on its way.
    pub(crate) asked: Option<(Qty, i128)>,
    /// Its children are being cancelled although nobody asked for that.
    pub(crate) ending: bool,
    /// It waits for a person.
    pub(crate) waits: bool,
}

impl Open {
    /// Quantity and unit of what is reserved for it.
    pub(crate) fn reserved(&self) -> (i128, i128) {
        let (asked, unit) = self.asked.unwrap_or((Qty::ZERO, 0));
        let qty = self.view.order_qty.max(asked);
        let left = qty.saturating_minus(self.view.cum_qty);
        (i128::from(left.units()), unit.max(self.unit))
    }

    pub(crate) fn worth(&self) -> i128 {
        let (qty, unit) = self.reserved();
        qty * unit
    }
}

/// One execution, as a venue reported it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deal {
    pub(crate) holder: Holder,
    pub(crate) units: i128,
}

/// A change that waits for a second person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal {
    pub(crate) id: ProposalId,
    pub(crate) scope: Scope,
    pub(crate) limit: Limit,
    pub(crate) value: Option<i128>,
    pub(crate) author: Author,
}

/// What makes two orders the same.
pub(crate) type Economics = (u16, u32, Side, Qty, LimitPx);

/// What a holder of positions comes to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) positions: i128,
    pub(crate) net: i128,
    pub(crate) buys: i128,
    pub(crate) sells: i128,
    pub(crate) margin: i128,
    pub(crate) unmarked: u32,
}

/// Everything that was said and done.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) at: u64,
    pub(crate) reject_without_venue: bool,
    pub(crate) limits: BTreeMap<(Who, Limit), i128>,
    pub(crate) ever: BTreeSet<(Who, Limit)>,
    pub(crate) proposals: Vec<Proposal>,
    pub(crate) states: BTreeMap<Who, TradingState>,
    pub(crate) denied: BTreeSet<(Who, u32)>,
    pub(crate) algos_barred: BTreeMap<Who, u16>,
    pub(crate) hours: BTreeMap<u32, (u64, u64)>,
    pub(crate) closed: BTreeSet<(u32, u8)>,
    pub(crate) down: BTreeSet<u8>,
    pub(crate) quotes: BTreeMap<(u32, u8), (Quote, u64)>,
    pub(crate) last: BTreeMap<u32, (i128, u64)>,
    /// Average size of trades in 2⁻³² units, and how many there were.
    pub(crate) typical: BTreeMap<u32, (i128, i128)>,
    pub(crate) mids: BTreeMap<u32, Vec<(u64, i128)>>,
    /// Twice the mid that positions are valued at.
    pub(crate) marks: BTreeMap<u32, i128>,
    pub(crate) missing: BTreeMap<Who, (u128, u64)>,
    pub(crate) names: BTreeSet<(u16, ClOrdId)>,
    pub(crate) orders: BTreeMap<OrderId, Open>,
    pub(crate) deals: Vec<Deal>,
    /// Sums of the deals by account, strategy and instrument, compared with the list now and then.
    pub(crate) held: [[[i128; INSTRUMENTS]; STRATEGIES]; ACCOUNTS],
    /// Quantity and worth accepted, by scope and day.
    pub(crate) accepted: BTreeMap<(Who, u64), (i128, i128)>,
    pub(crate) recent: Vec<(Economics, u64)>,
    pub(crate) executions: BTreeMap<u16, Vec<u64>>,
    pub(crate) stopped: BTreeSet<u16>,
}

/// The instruments: one plain, one in another currency, one with hours, one that nobody may quote.
pub(crate) fn instrument(id: u32) -> Instrument {
    let multiplier = ["1", "2.5", "0.37123457", "1"][id as usize];
    Instrument {
        id: InstrumentId::new(id),
        symbol: format!("I{id}").parse().expect("a name"),
        tick: Price::from_units(1_000),
        lot: Qty::whole(10),
        prev_close: if id == 1 {
            LimitPx::NONE
        } else {
            Price::from_units(MID).into()
        },
        venues: VenueSet::from_bits(if id == 2 { 0b011 } else { 0b111 }),
        multiplier: multiplier.parse().expect("a price"),
    }
}

pub(crate) const MID: i64 = 110_000_000;

pub(crate) fn multiplier(id: u32) -> i128 {
    [100_000_000, 250_000_000, 37_123_457, 100_000_000][id as usize]
}

/// Price times multiplier for one unit, rounded up.
pub(crate) fn reserve_unit(id: u32, px: i128) -> i128 {
    (px.abs() * multiplier(id) + 99_999_999) / 100_000_000
}

/// Half of twice a price, times multiplier, to the nearest.
pub(crate) fn worth_unit(id: u32, twice: i128) -> i128 {
    (twice * multiplier(id) + 100_000_000) / 200_000_000
}

/// Best bid and offer of fresh quotes at open venues, and the age of the youngest quote.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Best {
    pub(crate) bid: Option<i128>,
    pub(crate) ask: Option<i128>,
    pub(crate) youngest: Option<u64>,
}

impl Best {
    pub(crate) fn twice(&self) -> Option<i128> {
        Some(self.bid? + self.ask?)
    }
}

impl Model {
    pub(crate) fn limit(&self, scope: Scope, limit: Limit) -> Option<i128> {
        self.limits.get(&(who(scope), limit)).copied()
    }

    /// A limit that stops nothing where it is not set.
    pub(crate) fn max(&self, scope: Scope, limit: Limit) -> i128 {
        self.limit(scope, limit).unwrap_or(i128::MAX)
    }

    pub(crate) fn of_instrument(&self, id: u32, limit: Limit) -> Option<i128> {
        self.limit(Scope::Instrument(InstrumentId::new(id)), limit)
    }

    pub(crate) fn is_open_at(&self, id: u32, venue: u8) -> bool {
        let listed = instrument(id).venues.contains(VenueId::new(venue));
        listed && !self.closed.contains(&(id, venue))
    }

    pub(crate) fn best(&self, id: u32) -> Best {
        let age_max = self.of_instrument(id, Limit::QuoteAgeMax);
        let mut best = Best::default();
        for venue in (0..VENUES).filter(|venue| self.is_open_at(id, *venue)) {
            let Some((quote, at)) = self.quotes.get(&(id, venue)) else {
                continue;
            };
            let (bid, ask) = (quote.bid_px.price(), quote.ask_px.price());
            let wrong = bid.is_some() && ask.is_some() && bid > ask;
            if wrong || bid.is_none() && ask.is_none() {
                continue;
            }
            let age = self.at - at;
            best.youngest = Some(best.youngest.map_or(age, |youngest| youngest.min(age)));
            if age_max.is_none_or(|max| i128::from(age) <= max) {
                let bid = bid.map(|px| i128::from(px.units()));
                let ask = ask.map(|px| i128::from(px.units()));
                best.bid = best.bid.max(bid);
                best.ask = [best.ask, ask].into_iter().flatten().min();
            }
        }
        best
    }

    pub(crate) fn close(&self, id: u32) -> Option<i128> {
        let allowed = self.of_instrument(id, Limit::PrevCloseAllowed) == Some(1);
        let close = instrument(id).prev_close.price().filter(|_| allowed);
        close.map(|px| i128::from(px.units()))
    }

    /// The last trade if it is fresh, else the previous close if that may be used.
    pub(crate) fn fallback(&self, id: u32) -> Option<i128> {
        let max = self.of_instrument(id, Limit::QuoteAgeMax);
        let last = self.last.get(&id).copied();
        let fresh = last.filter(|(_, at)| max.is_none_or(|max| i128::from(self.at - at) <= max));
        fresh.map(|(px, _)| px).or_else(|| self.close(id))
    }

    /// What an order without a limit is measured by.
    pub(crate) fn touch(&self, id: u32, side: Side) -> Option<i128> {
        let best = self.best(id);
        match (best.twice(), side) {
            (Some(_), Side::Buy) => best.ask,
            (Some(_), Side::Sell) => best.bid,
            (None, _) => self.fallback(id),
        }
    }

    /// What one unit of an order is worth now.
    pub(crate) fn unit_now(&self, id: u32, side: Side, limit: LimitPx) -> i128 {
        let limit = limit.price().map(|px| i128::from(px.units()));
        let px = limit.or_else(|| self.touch(id, side));
        reserve_unit(id, px.unwrap_or(0))
    }

    pub(crate) fn position(&self, account: u32, instrument: u32) -> i128 {
        let Some(account) = self.held.get(account as usize) else {
            return 0;
        };
        account.iter().map(|row| row[instrument as usize]).sum()
    }

    /// The position on a side, every order of that side filled, and this much more.
    pub(crate) fn would_be(&self, holder: &Holder, side: Side, more: i128) -> i128 {
        let (account, instrument) = (holder.account, holder.instrument);
        let position = self.position(account, instrument);
        let of = |open: &&Open| {
            (open.holder.account, open.holder.instrument) == (account, instrument)
                && open.view.side == side
        };
        let working: i128 = self
            .orders
            .values()
            .filter(of)
            .map(|o| o.reserved().0)
            .sum();
        match side {
            Side::Buy => position + working + more,
            Side::Sell => working + more - position,
        }
    }

    fn is_of(scope: Scope, holder: &Holder) -> bool {
        holder.scopes().contains(&scope)
    }

    /// Everything that a scope holds and has working, taken afresh.
    pub(crate) fn sums(&self, scope: Scope) -> Sums {
        let mut sums = Sums::default();
        for id in (0_u32..).take(INSTRUMENTS) {
            let ix = id as usize;
            let position: i128 = match scope {
                Scope::Account(a) => self.position(a.get(), id),
                Scope::Strategy(s) => {
                    let s = usize::from(s.get());
                    self.held.iter().map(|rows| rows[s][ix]).sum()
                }
                Scope::Instrument(i) if i.get() != id => 0,
                Scope::Firm | Scope::Session(_) | Scope::Instrument(_) => {
                    self.held.iter().flatten().map(|row| row[ix]).sum()
                }
            };
            let close = || self.close(id).map(|px| 2 * px);
            let mark = self.marks.get(&id).copied().or_else(close);
            let mark = mark.map(|twice| worth_unit(id, twice));
            if position != 0 && mark.is_none() {
                sums.unmarked += 1;
            }
            let value = position * mark.unwrap_or(0);
            let mut worth = value.abs();
            let open = self.orders.values();
            let mine = open.filter(|o| o.holder.instrument == id && Self::is_of(scope, &o.holder));
            for open in mine {
                let reserved = open.worth();
                worth += reserved;
                match open.view.side {
                    Side::Buy => sums.buys += reserved,
                    Side::Sell => sums.sells += reserved,
                }
            }
            let bps = self.of_instrument(id, Limit::MarginBps).unwrap_or(10_000);
            sums.margin += worth * bps;
            sums.positions += value.abs();
            sums.net += value;
        }
        sums
    }

    /// Open orders of a scope.
    pub(crate) fn open(&self, scope: Scope) -> i128 {
        let mine = |open: &&Open| Self::is_of(scope, &open.holder);
        self.orders.values().filter(mine).count() as i128
    }

    pub(crate) const fn day(&self) -> u64 {
        self.at / (86_400 * 1_000_000_000)
    }

    pub(crate) fn state(&self, scope: Scope) -> TradingState {
        self.states.get(&who(scope)).copied().unwrap_or_default()
    }

    /// Parts of tokens, a thousand million each, missing in a scope's bucket now.
    pub(crate) fn missing(&self, scope: Scope) -> u128 {
        let per_s = self.limit(scope, Limit::OrdersPerSMax);
        let per_s = per_s.map_or_else(|| u32::MAX.into(), i128::unsigned_abs);
        let (missing, at) = self.missing.get(&who(scope)).copied().unwrap_or_default();
        missing.saturating_sub(u128::from(self.at - at) * per_s)
    }

    pub(crate) fn bucket(&self, scope: Scope) -> u128 {
        let burst = self.limit(scope, Limit::BurstMax).unwrap_or(1);
        burst.unsigned_abs().max(1) * 1_000_000_000
    }

    /// Counts a request that got past the rates.
    pub(crate) fn count_message(&mut self, scopes: &[Scope]) {
        for scope in scopes {
            let missing = self.missing(*scope);
            let most = self.bucket(*scope).max(missing);
            let after = (missing + 1_000_000_000).min(most);
            self.missing.insert(who(*scope), (after, self.at));
        }
    }

    /// Keeps a mid for the band: the first of each sixty-fourth of the window.
    pub(crate) fn note_mid(&mut self, id: u32) {
        if self.of_instrument(id, Limit::BandBps).is_none() {
            return;
        }
        let Some(twice) = self.best(id).twice() else {
            return;
        };
        let (at, slice) = (self.at, self.slice(id));
        let mids = self.mids.entry(id).or_default();
        if mids
            .last()
            .is_some_and(|(last, _)| *last >= at - at % slice)
        {
            return;
        }
        mids.push((at, twice));
        let from = (at - at % slice).saturating_sub(63 * slice);
        mids.retain(|(then, _)| *then >= from);
    }

    fn slice(&self, id: u32) -> u64 {
        let window = self.of_instrument(id, Limit::BandWindow).unwrap_or(0);
        u64::try_from(window / 64).expect("a window").max(1)
    }

    /// Twice the median of the mids in the window, the lower of two.
    pub(crate) fn median(&self, id: u32) -> Option<i128> {
        let slice = self.slice(id);
        let from = (self.at - self.at % slice).saturating_sub(63 * slice);
        let mut mids: Vec<i128> = self
            .mids
            .get(&id)?
            .iter()
            .filter(|(then, _)| *then >= from)
            .map(|(_, twice)| *twice)
            .collect();
        mids.sort_unstable();
        let middle = mids.len().checked_sub(1)? / 2;
        mids.get(middle).copied()
    }
}
