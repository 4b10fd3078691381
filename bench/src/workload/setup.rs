//! What a workload's engine is told before the first order: instruments, limits, and all else
//! that a check compares with.

use dcx_model::{
    Account, AccountId, Command, Configure, FACTORS_MAX, FactorMapping, Instrument, InstrumentId,
    InstrumentLimits, Level, Limit, LimitChange, Nanos, Notional, OnNoVenue, Operator, OwnerId,
    Permission, PermittedMeans, Price, Qty, RequestId, SCENARIOS_MAX, ScenarioReturn, Scope,
    SelfTrade, SessionId, SessionLimits, SessionLink, StrategyId, TradingHours, Unit, Venue,
    VenueFeatures, VenueId, VenueSet,
};

use super::recorder::{Recorder, VENUES, text};
use super::{Checks, Shape};

/// Minutes that the factors are sampled for before the first order: more than the parametric
/// value at risk wants.
const SAMPLED_MINUTES: u64 = 80;

/// Trades of each instrument before the first order: as many as the usual size rests on.
const TRADES: u32 = 20;

/// The age up to which quotes count as fresh: instruments are many, and each is quoted seldom.
const QUOTE_AGE_MAX: Nanos = Nanos::from_seconds(600);

/// Checks that are measured together, because what they need is set together.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name in the table.
    pub name: &'static str,
    /// The checks of `reference/risk-checks.md`.
    pub checks: &'static str,
    /// Limits that are not set without it.
    pub limits: &'static [Limit],
    /// Levels on which they are not set; all where there are none.
    pub levels: &'static [Level],
    /// Other commands that are not given without it.
    has: fn(&Command) -> bool,
}

impl Family {
    /// Whether a command of the set-up belongs to it. Limits that must be set are in no family.
    #[must_use]
    pub fn has(&self, command: &Command) -> bool {
        if let Command::SetLimit(change) = command {
            let level = change.scope.level();
            let required = change.limit.required_at().contains(&level);
            let here = self.levels.is_empty() || self.levels.contains(&level);
            return self.limits.contains(&change.limit) && here && !required;
        }
        (self.has)(command)
    }

    const fn limits(name: &'static str, checks: &'static str, limits: &'static [Limit]) -> Self {
        Self {
            name,
            checks,
            limits,
            levels: &[],
            has: |_| false,
        }
    }

    const fn with(self, has: fn(&Command) -> bool) -> Self {
        Self { has, ..self }
    }

    const fn at(self, levels: &'static [Level]) -> Self {
        Self { levels, ..self }
    }
}

/// Every family of checks that can be taken away.
pub const FAMILIES: &[Family] = &[
    Family::limits(
        "size and worth above the instrument",
        "1, 2",
        &[Limit::OrderQtyMax, Limit::OrderNotionalMax],
    ),
    Family::limits(
        "previous close as reference",
        "3",
        &[Limit::PrevCloseAllowed],
    ),
    Family::limits(
        "collar over a window",
        "4",
        &[Limit::BandBps, Limit::BandWindow],
    ),
    Family::limits("typical size", "5", &[Limit::TypicalMultiple]),
    Family::limits("gross at the firm's instrument", "7", &[Limit::GrossMax])
        .at(&[Level::Instrument]),
    Family::limits("gross of account and strategy", "7", &[Limit::GrossMax])
        .at(&[Level::Account, Level::Strategy]),
    Family::limits("net of firm, account, strategy", "7", &[Limit::NetMax]),
    Family::limits("credit", "8", &[Limit::CreditMax, Limit::MarginBps]),
    Family::limits("day", "9", &[Limit::DayQtyMax, Limit::DayNotionalMax]),
    Family::limits(
        "open orders but the session's",
        "10",
        &[Limit::OrdersOpenMax],
    ),
    Family::limits(
        "rates but the session's",
        "11",
        &[Limit::OrdersPerSMax, Limit::BurstMax],
    ),
    Family::limits(
        "repeated executions",
        "12",
        &[Limit::ExecutionsMax, Limit::ExecutionsWindow],
    ),
    Family::limits("duplicate orders", "13", &[Limit::DuplicateWindow]),
    Family::limits("self-trade", "15", &[])
        .with(|command| matches!(command, Command::DefineAccount(_))),
    Family::limits("permissions and means", "16", &[])
        .with(|command| matches!(command, Command::SetPermission(_) | Command::SetMeans(_))),
    Family::limits("locate", "17", &[Limit::LocateRequired]),
    Family::limits("crossed market", "18", &[Limit::CrossedBpsMax]),
    Family::limits("trading hours", "19", &[])
        .with(|command| matches!(command, Command::DefineHours(_))),
    Family::limits(
        "loss and drawdown",
        "20",
        &[Limit::LossReduceMax, Limit::LossHaltMax, Limit::DrawdownMax],
    ),
    Family::limits("value at risk, parametric", "21", &[Limit::VarEwmaMax]),
    Family::limits(
        "value at risk, historical",
        "21",
        &[Limit::VarHistoricalMax],
    ),
    Family::limits(
        "value at risk, both, with factors and scenarios",
        "21",
        &[Limit::VarEwmaMax, Limit::VarHistoricalMax],
    )
    .with(|command| matches!(command, Command::MapFactor(_) | Command::SetScenario(_))),
    Family::limits("age of orders", "24", &[Limit::OrderAgeMax]),
    Family::limits("approval", "25", &[Limit::ApprovalNotional]),
];

/// A number of a limit that nothing in the mix comes near.
const fn wide(limit: Limit) -> i128 {
    match limit {
        // Executions in a row of one strategy stay below it within this: both are counted exactly.
        Limit::ExecutionsMax => 256,
        Limit::ExecutionsWindow => 100_000,
        // The mix repeats a quantity after as many orders as come in ten times this.
        Limit::DuplicateWindow => 10_000_000,
        Limit::OrderAgeMax => 1_000_000_000,
        Limit::BandWindow => 60_000_000_000,
        Limit::QuoteAgeMax => QUOTE_AGE_MAX.get() as i128,
        Limit::MarginBps => 1_000,
        Limit::CrossedBpsMax => 10,
        Limit::BurstMax => 1_000_000,
        Limit::OrdersPerSMax => 10_000_000,
        Limit::TypicalMultiple => 1_000_000_000,
        limit => match limit.unit() {
            Unit::Qty => Qty::whole(90_000_000_000).units() as i128,
            Unit::Notional => Notional::whole(1 << 40).units(),
            Unit::Bps => 500,
            Unit::Nanos => 1_000_000_000,
            Unit::Count => 4_000_000_000,
            Unit::Thousandths => 1_000_000,
            Unit::Flag => 1,
        },
    }
}

impl Recorder {
    /// Tells the engine all that there is.
    pub(super) fn set_up(&mut self) {
        let shape = self.shape;
        self.take(Command::Configure(Configure {
            seed: 7,
            orders_open_max: shape.orders_open_max,
            ids_kept_max: 1 << 18,
            on_no_venue: OnNoVenue::Hold,
            route_attempts_max: 3,
            discount_ppm: 998_000,
            prior_sd_centi_bps: 200,
            positions_max: shape.positions_max,
            reconcile_interval: Nanos::new(0),
            ..Configure::DEFAULT
        }));
        for venue in 0..VENUES {
            self.take(Command::DefineVenue(Venue {
                id: VenueId::new(venue),
                name: text(&format!("V{venue}")),
                fee_centi_bps: i32::from(venue) * 10,
                features: VenueFeatures::NONE,
            }));
        }
        (0..shape.instruments).for_each(|id| self.define(InstrumentId::new(id)));
        for session in 0..shape.sessions {
            self.limit_session(SessionId::new(session));
        }
        self.set_limit(Scope::Firm, Limit::GrossMax);
        if shape.checks == Checks::All {
            self.set_up_all(&shape);
        }
        for session in 0..shape.sessions {
            self.take(Command::SessionState {
                session: SessionId::new(session),
                link: SessionLink::Up,
            });
        }
        for venue in 0..VENUES {
            let venue = VenueId::new(venue);
            self.take(Command::VenueState { venue, up: true });
        }
        if shape.checks == Checks::All {
            self.sample_factors();
        }
        self.quote_all();
        // Without so many trades nothing is known of their usual size.
        for _ in 0..TRADES {
            (0..shape.instruments).for_each(|id| self.print(InstrumentId::new(id)));
        }
    }

    fn define(&mut self, id: InstrumentId) {
        let venues = (0..VENUES).map(VenueId::new);
        self.take(Command::DefineInstrument(Instrument {
            id,
            symbol: text(&format!("I{}", id.get())),
            tick: Price::from_units(1_000),
            lot: Qty::whole(1),
            prev_close: Price::from_units(110_000_000).into(),
            venues: venues.fold(VenueSet::NONE, VenueSet::with),
            multiplier: Instrument::ONE,
        }));
        let limits = InstrumentLimits {
            instrument: id,
            order_qty_max: Qty::whole(1_000_000),
            order_notional_max: Notional::whole(1 << 40),
            position_max: Qty::whole(90_000_000_000),
            quote_age_max: QUOTE_AGE_MAX,
            collar_bps: 500,
            prev_close_allowed: false,
        };
        // Given below with the others, once.
        let required = |change: &LimitChange| change.limit != Limit::PrevCloseAllowed;
        for change in limits.changes().filter(required) {
            self.take(Command::SetLimit(change));
        }
    }

    fn limit_session(&mut self, session: SessionId) {
        let limits = SessionLimits {
            session,
            orders_per_s_max: 10_000_000,
            burst_max: 1_000_000,
            orders_open_max: self.shape.orders_open_max,
        };
        for change in limits.changes() {
            self.take(Command::SetLimit(change));
        }
    }

    fn set_limit(&mut self, scope: Scope, limit: Limit) {
        let change = LimitChange::configured(scope, limit, wide(limit));
        self.take(Command::SetLimit(change));
    }

    /// Every limit that is not set yet, on every level where it can be, and the rest.
    fn set_up_all(&mut self, shape: &Shape) {
        let counts = [
            (Level::Firm, 1),
            (Level::Account, shape.accounts),
            (Level::Strategy, u32::from(shape.strategies)),
            (Level::Session, u32::from(shape.sessions)),
            (Level::Instrument, shape.instruments),
        ];
        for (level, count) in counts {
            let here = |limit: &&Limit| limit.levels().contains(&level);
            let free = |limit: &&Limit| !limit.required_at().contains(&level);
            for number in 0..count {
                // Strategies are numbered from one: zero is that of the orders that name none.
                let number = number + u32::from(level == Level::Strategy);
                let scope = Scope::of(level, number).expect("fewer than there can be");
                for limit in Limit::ALL.iter().filter(here).filter(free) {
                    self.set_limit(scope, *limit);
                }
                if matches!(level, Level::Account | Level::Strategy | Level::Session) {
                    self.permit(scope);
                }
            }
        }
        for account in 0..shape.accounts {
            self.take(Command::DefineAccount(Account {
                id: AccountId::new(account),
                owner: OwnerId::new(account % 1_023 + 1),
                self_trade: SelfTrade::CancelNewest,
            }));
        }
        for id in 0..shape.instruments {
            self.rule(InstrumentId::new(id));
        }
        self.set_scenarios();
    }

    /// Hours and factor of an instrument.
    fn rule(&mut self, instrument: InstrumentId) {
        self.take(Command::DefineHours(TradingHours {
            instrument,
            open_s: 0,
            close_s: 0,
            weekdays: 0x7f,
            close_lead: Nanos::new(0),
        }));
        let factor = instrument.get() as usize % FACTORS_MAX;
        self.take(Command::MapFactor(FactorMapping {
            instrument,
            factor: u8::try_from(factor).expect("fewer than 256 factors"),
            beta_ppm: 1_000_000,
        }));
    }

    fn permit(&mut self, scope: Scope) {
        let by = Operator {
            author: text("bench"),
            reason: text("measured"),
        };
        self.take(Command::SetPermission(Permission {
            scope,
            instrument: None,
            allowed: true,
            request: RequestId::new(1),
            by,
        }));
        self.take(Command::SetMeans(PermittedMeans {
            scope,
            venues: (0..VENUES)
                .map(VenueId::new)
                .fold(VenueSet::NONE, VenueSet::with),
            algos: u16::MAX,
            request: RequestId::new(2),
            by,
        }));
    }

    fn set_scenarios(&mut self) {
        let factors = (self.shape.instruments as usize).min(FACTORS_MAX);
        for scenario in 0..SCENARIOS_MAX {
            for factor in 0..factors {
                let return_ppm = i32::try_from(self.draw(40_000)).unwrap_or_default() - 20_000;
                self.take(Command::SetScenario(ScenarioReturn {
                    scenario: u16::try_from(scenario).expect("few scenarios"),
                    factor: u8::try_from(factor).expect("few factors"),
                    return_ppm,
                }));
            }
        }
    }

    /// Quotes each factor's instrument once a minute until the covariances are known; the timer
    /// of the samples goes off meanwhile.
    fn sample_factors(&mut self) {
        let factors = u32::try_from(FACTORS_MAX).expect("few factors");
        let sources = self.shape.instruments.min(factors);
        for _ in 0..SAMPLED_MINUTES {
            self.pass(Nanos::from_seconds(60));
            for id in 0..sources {
                self.quote(VenueId::new(0), InstrumentId::new(id));
            }
        }
    }

    fn quote_all(&mut self) {
        for venue in 0..VENUES {
            for id in 0..self.shape.instruments {
                self.quote(VenueId::new(venue), InstrumentId::new(id));
            }
        }
    }
}

/// The strategy of this number in the mix.
pub(super) fn strategy(number: u64) -> StrategyId {
    StrategyId::new(u16::try_from(number + 1).expect("few strategies"))
}
