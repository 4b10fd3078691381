//! Limits as data: what can be limited, where, in which unit, and who may change it.

use std::fmt;

use crate::{
    AccountId, Author, InstrumentId, Nanos, Notional, ProposalId, Qty, Reason, RequestId,
    SessionId, StrategyId,
};

/// A level of the hierarchy of limits, from the whole to the single.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Level {
    /// The whole firm.
    Firm = 0,
    /// One account.
    Account = 1,
    /// One strategy.
    Strategy = 2,
    /// One client session.
    Session = 3,
    /// One instrument.
    Instrument = 4,
}

impl Level {
    /// Every level, from the whole to the single.
    pub const ALL: &'static [Self] = &[
        Self::Firm,
        Self::Account,
        Self::Strategy,
        Self::Session,
        Self::Instrument,
    ];

    /// The level that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Firm),
            1 => Some(Self::Account),
            2 => Some(Self::Strategy),
            3 => Some(Self::Session),
            4 => Some(Self::Instrument),
            _ => None,
        }
    }

    /// Its name in configuration, commands and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firm => "firm",
            Self::Account => "account",
            Self::Strategy => "strategy",
            Self::Session => "session",
            Self::Instrument => "instrument",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One holder of limits: a level and who on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole firm.
    Firm,
    /// One account.
    Account(AccountId),
    /// One strategy.
    Strategy(StrategyId),
    /// One client session.
    Session(SessionId),
    /// One instrument.
    Instrument(InstrumentId),
}

impl Scope {
    /// Its level.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Firm => Level::Firm,
            Self::Account(_) => Level::Account,
            Self::Strategy(_) => Level::Strategy,
            Self::Session(_) => Level::Session,
            Self::Instrument(_) => Level::Instrument,
        }
    }

    /// Its index on its level; zero for the firm.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Firm => 0,
            Self::Account(id) => id.get(),
            Self::Strategy(id) => id.get() as u32,
            Self::Session(id) => id.get() as u32,
            Self::Instrument(id) => id.get(),
        }
    }

    /// The scope of this index on this level.
    #[must_use]
    pub fn of(level: Level, number: u32) -> Option<Self> {
        let short = u16::try_from(number).ok();
        match level {
            Level::Firm => (number == 0).then_some(Self::Firm),
            Level::Account => Some(Self::Account(AccountId::new(number))),
            Level::Strategy => short.map(|id| Self::Strategy(StrategyId::new(id))),
            Level::Session => short.map(|id| Self::Session(SessionId::new(id))),
            Level::Instrument => Some(Self::Instrument(InstrumentId::new(number))),
        }
    }
}

/// What a limit's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A quantity, in units of 10⁻⁸.
    Qty,
    /// Worth in the firm's currency, in units of 10⁻¹⁶.
    Notional,
    /// Basis points.
    Bps,
    /// Nanoseconds.
    Nanos,
    /// Things, or things a second.
    Count,
    /// Thousandths.
    Thousandths,
    /// Zero or one.
    Flag,
}

/// Which change of a limit lets more through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Looser {
    /// A higher number, and none at all most of all.
    Higher,
    /// A lower number, and none at all most of all.
    Lower,
    /// Any change may.
    Any,
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $kind:ident = $byte:literal, $name:literal, $unit:ident,
       $looser:ident, at [$($level:ident),+], required [$($required:ident),*];)+) => {
        /// Everything that can be limited. Its numbers are those of the journal: append-only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Limit { $($(#[doc = $doc])+ $kind = $byte,)+ }

        impl Limit {
            /// Every limit, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The limit that a record's byte stands for.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$kind),)+
                    _ => None,
                }
            }

            /// Its name in configuration, commands and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// What it limits, in a sentence or two.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$kind => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What its number counts.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$kind => Unit::$unit,)+ }
            }

            /// Which change of it lets more through.
            #[must_use]
            pub const fn looser(self) -> Looser {
                match self { $(Self::$kind => Looser::$looser,)+ }
            }

            /// Where it can be set.
            #[must_use]
            pub const fn levels(self) -> &'static [Level] {
                match self { $(Self::$kind => &[$(Level::$level),+],)+ }
            }

            /// Where it must be set: without it nothing passes there.
            #[must_use]
            pub const fn required_at(self) -> &'static [Level] {
                match self { $(Self::$kind => &[$(Level::$required),*],)+ }
            }
        }
    };
}

limits! {
    /// Largest quantity of one order (check 1).
    OrderQtyMax = 1, "order_qty_max", Qty, Higher, at [Account, Strategy, Session, Instrument], required [Instrument];
    /// Largest worth of one order (check 2).
    OrderNotionalMax = 2, "order_notional_max", Notional, Higher, at [Firm, Account, Strategy, Session, Instrument], required [Instrument];
    /// Greatest distance of a price from the reference, of the reference (check 3).
    CollarBps = 3, "collar_bps", Bps, Higher, at [Instrument], required [Instrument];
    /// Oldest quote or last trade that may be a reference (checks 3 and 18).
    QuoteAgeMax = 4, "quote_age_max", Nanos, Higher, at [Instrument], required [Instrument];
    /// Whether the previous close may be a reference where nothing is fresh (check 3).
    PrevCloseAllowed = 5, "prev_close_allowed", Flag, Higher, at [Instrument], required [];
    /// Greatest distance of a price from the rolling median, of the median (check 4).
    BandBps = 6, "band_bps", Bps, Higher, at [Instrument], required [];
    /// Time over which that median is taken (check 4).
    BandWindow = 7, "band_window", Nanos, Any, at [Instrument], required [];
    /// Largest quantity of one order as a multiple of the usual size of a trade (check 5).
    TypicalMultiple = 8, "typical_multiple", Thousandths, Higher, at [Instrument], required [];
    /// Largest long position of an account, all working orders to buy counted as filled (check 6).
    PositionLongMax = 9, "position_long_max", Qty, Higher, at [Instrument], required [Instrument];
    /// Largest short position of an account, all working orders to sell counted (check 6).
    PositionShortMax = 10, "position_short_max", Qty, Higher, at [Instrument], required [Instrument];
    /// Largest sum of the worth of all positions, long and short, and of all working orders
    /// (check 7). At an instrument: of the firm in it, its concentration.
    GrossMax = 11, "gross_max", Notional, Higher, at [Firm, Account, Strategy, Instrument], required [Firm];
    /// Largest worth of all positions, long less short, with the working orders of the worse side
    /// (check 7).
    NetMax = 12, "net_max", Notional, Higher, at [Firm, Account, Strategy], required [];
    /// Credit of an account: margin of positions and working orders together (check 8).
    CreditMax = 13, "credit_max", Notional, Higher, at [Account], required [];
    /// Margin, of the worth of an order or position; 10 000 is all of it (check 8).
    MarginBps = 14, "margin_bps", Bps, Lower, at [Instrument], required [];
    /// Quantity accepted in an instrument in one trading day (check 9).
    DayQtyMax = 15, "day_qty_max", Qty, Higher, at [Instrument], required [];
    /// Worth accepted in one trading day (check 9).
    DayNotionalMax = 16, "day_notional_max", Notional, Higher, at [Firm, Account, Strategy, Session], required [];
    /// Orders open at the same time (check 10).
    OrdersOpenMax = 17, "orders_open_max", Count, Higher, at [Account, Strategy, Session, Instrument], required [Session];
    /// New orders and replaces a second, sustained (check 11). Cancels are counted, never refused.
    OrdersPerSMax = 18, "orders_per_s_max", Count, Higher, at [Strategy, Session, Instrument], required [Session];
    /// New orders and replaces at once, above the sustained rate (check 11).
    BurstMax = 19, "burst_max", Count, Higher, at [Strategy, Session, Instrument], required [Session];
    /// Executions of a strategy within `executions_window`, after which it stops until a named
    /// person lets it go on (check 12).
    ExecutionsMax = 20, "executions_max", Count, Higher, at [Strategy], required [];
    /// Time over which they are counted (check 12).
    ExecutionsWindow = 21, "executions_window", Nanos, Any, at [Strategy], required [];
    /// Time within which the same order is refused when it comes again (check 13).
    DuplicateWindow = 22, "duplicate_window", Nanos, Lower, at [Firm, Strategy, Session], required [];
    /// Oldest `TransactTime` (60) of an order that is taken (check 24).
    OrderAgeMax = 23, "order_age_max", Nanos, Higher, at [Firm, Session], required [];
    /// Loss of a trading day, realised and not, from which on only orders that reduce are taken
    /// (check 20).
    LossReduceMax = 24, "loss_reduce_max", Notional, Higher, at [Firm, Account, Strategy], required [];
    /// Loss of a trading day that halts (check 20).
    LossHaltMax = 25, "loss_halt_max", Notional, Higher, at [Firm, Account, Strategy], required [];
    /// Fall of a trading day's result from its highest point, from which on only orders that
    /// reduce are taken (check 20).
    DrawdownMax = 26, "drawdown_max", Notional, Higher, at [Firm, Account, Strategy], required [];
    /// Parametric value at risk, one day, 99 % (check 21).
    VarEwmaMax = 27, "var_ewma_max", Notional, Higher, at [Firm], required [];
    /// Historical value at risk, one day, 99 % (check 21).
    VarHistoricalMax = 28, "var_historical_max", Notional, Higher, at [Firm], required [];
    /// Worth from which on an order waits for a person (check 25).
    ApprovalNotional = 29, "approval_notional", Notional, Higher, at [Firm, Account, Strategy, Session, Instrument], required [];
    /// Whether a sale that could end short needs its securities located (check 17).
    LocateRequired = 30, "locate_required", Flag, Lower, at [Instrument], required [];
    /// How far the best bid of all venues may be above the best offer before orders that take are
    /// refused; none: not at all (check 18).
    CrossedBpsMax = 31, "crossed_bps_max", Bps, Higher, at [Instrument], required [];
}

impl Limit {
    /// Its key in the configuration: its name, and the unit where TOML has none of its own.
    #[must_use]
    pub const fn key(self) -> &'static str {
        // No match: a limit of another unit has nothing to say here.
        if matches!(self, Self::QuoteAgeMax) {
            "quote_age_ms_max"
        } else if matches!(self, Self::BandWindow) {
            "band_window_ms"
        } else if matches!(self, Self::ExecutionsWindow) {
            "executions_window_ms"
        } else if matches!(self, Self::DuplicateWindow) {
            "duplicate_window_ms"
        } else if matches!(self, Self::OrderAgeMax) {
            "order_age_ms_max"
        } else {
            self.name()
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who asks for a change of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LimitSource {
    /// The configuration. It may set what was never set; later it is judged like anybody.
    Configuration = 0,
    /// A person.
    Operator = 1,
}

impl LimitSource {
    /// The source that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Configuration),
            1 => Some(Self::Operator),
            _ => None,
        }
    }
}

/// A person's name and reason, kept with everything that a person orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Who gave it.
    pub author: Author,
    /// Why.
    pub reason: Reason,
}

impl Operator {
    /// Nobody, for no reason.
    pub const NOBODY: Self = Self {
        author: Author::EMPTY,
        reason: Reason::EMPTY,
    };
}

/// A change of one limit. What lets less through applies at once; what lets more through waits
/// for a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// Whose limit.
    pub scope: Scope,
    /// Which.
    pub limit: Limit,
    /// The new number, in the limit's unit; none to take the limit away.
    pub value: Option<i128>,
    /// Who asks.
    pub source: LimitSource,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why.
    pub by: Operator,
}

impl LimitChange {
    /// What the configuration says.
    #[must_use]
    pub const fn configured(scope: Scope, limit: Limit, value: i128) -> Self {
        Self {
            scope,
            limit,
            value: Some(value),
            source: LimitSource::Configuration,
            request: RequestId::new(0),
            by: Operator::NOBODY,
        }
    }
}

/// A second person's word on a proposed change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitDecision {
    /// Which change.
    pub proposal: ProposalId,
    /// Yes or no.
    pub approve: bool,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why. Not who proposed it.
    pub by: Operator,
}

/// Whether a scope may trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TradingState {
    /// It may.
    #[default]
    Active = 0,
    /// Only to make positions smaller.
    Reducing = 1,
    /// Not at all; what works is cancelled. Cancels always pass.
    Halted = 2,
}

impl TradingState {
    /// The state that a record's byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Active),
            1 => Some(Self::Reducing),
            2 => Some(Self::Halted),
            _ => None,
        }
    }

    /// Its name in commands and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reducing => "reducing",
            Self::Halted => "halted",
        }
    }
}

/// An operator's change of a trading state: halt, reduce, resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Whose.
    pub scope: Scope,
    /// The new state.
    pub state: TradingState,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why.
    pub by: Operator,
}

impl StateChange {
    /// Halts the whole firm.
    #[must_use]
    pub const fn halt(by: Operator) -> Self {
        Self {
            scope: Scope::Firm,
            state: TradingState::Halted,
            request: RequestId::new(0),
            by,
        }
    }

    /// Lets the whole firm trade again.
    #[must_use]
    pub const fn resume(by: Operator) -> Self {
        Self {
            state: TradingState::Active,
            ..Self::halt(by)
        }
    }
}

/// What a scope may trade. Where nothing was said, everything is permitted.
///
/// # Source
/// `reference/risk-checks.md` 16; SEC Rule 15c3-5(c)(2)(ii).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Who: an account, a strategy or a session; for the firm the instrument's restricted list.
    pub scope: Scope,
    /// Which instrument; none for all.
    pub instrument: Option<InstrumentId>,
    /// Whether it may.
    pub allowed: bool,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why.
    pub by: Operator,
}

/// What a scope may use. Where nothing was said, everything is permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermittedMeans {
    /// Who: an account, a strategy or a session.
    pub scope: Scope,
    /// The venues that its child orders may go to.
    pub venues: crate::VenueSet,
    /// The algorithms it may ask for, bit *n* is the algorithm of byte *n*.
    pub algos: u16,
    /// The request's name.
    pub request: RequestId,
    /// Who, and why.
    pub by: Operator,
}

/// The limits that every instrument must have, in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentLimits {
    /// Whose limits these are.
    pub instrument: InstrumentId,
    /// Largest quantity of one order.
    pub order_qty_max: Qty,
    /// Largest worth of one order.
    pub order_notional_max: Notional,
    /// Largest position, long or short, all working orders counted as filled.
    pub position_max: Qty,
    /// Oldest quote that the collar may use.
    pub quote_age_max: Nanos,
    /// Greatest distance of a limit from the reference price, in basis points of it.
    pub collar_bps: u32,
    /// Whether the previous close may serve as reference where no quote is fresh.
    pub prev_close_allowed: bool,
}

impl InstrumentLimits {
    /// One change for each.
    pub fn changes(self) -> impl Iterator<Item = LimitChange> {
        let scope = Scope::Instrument(self.instrument);
        let position = i128::from(self.position_max.units());
        [
            (Limit::OrderQtyMax, i128::from(self.order_qty_max.units())),
            (Limit::OrderNotionalMax, self.order_notional_max.units()),
            (Limit::PositionLongMax, position),
            (Limit::PositionShortMax, position),
            (Limit::QuoteAgeMax, i128::from(self.quote_age_max.get())),
            (Limit::CollarBps, i128::from(self.collar_bps)),
            (Limit::PrevCloseAllowed, i128::from(self.prev_close_allowed)),
        ]
        .into_iter()
        .map(move |(limit, value)| LimitChange::configured(scope, limit, value))
    }
}

/// The limits that every session must have, in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Whose limits these are.
    pub session: SessionId,
    /// New orders and replaces a second, sustained. Cancels are counted, never refused.
    pub orders_per_s_max: u32,
    /// New orders and replaces at once, above the sustained rate.
    pub burst_max: u32,
    /// Orders open at the same time.
    pub orders_open_max: u32,
}

impl SessionLimits {
    /// One change for each.
    pub fn changes(self) -> impl Iterator<Item = LimitChange> {
        let scope = Scope::Session(self.session);
        [
            (Limit::OrdersPerSMax, self.orders_per_s_max),
            (Limit::BurstMax, self.burst_max),
            (Limit::OrdersOpenMax, self.orders_open_max),
        ]
        .into_iter()
        .map(move |(limit, value)| LimitChange::configured(scope, limit, i128::from(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set_where_it_must_be_set() {
        for limit in Limit::ALL {
            assert_eq!(Limit::from_byte(*limit as u8), Some(*limit));
            for level in limit.required_at() {
                assert!(limit.levels().contains(level), "{}", limit.name());
            }
        }
        let mut names = Limit::ALL
            .iter()
            .map(|limit| limit.name())
            .collect::<Vec<_>>();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Limit::ALL.len());
    }

    #[test]
    fn every_limit_has_a_key_of_its_own_that_says_milliseconds() {
        let mut keys: Vec<_> = Limit::ALL.iter().map(|limit| limit.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), Limit::ALL.len());
        for limit in Limit::ALL {
            assert_eq!(
                limit.key().contains("_ms"),
                limit.unit() == Unit::Nanos,
                "{limit}"
            );
            assert!(
                limit.about().ends_with('.') && !limit.about().contains("  "),
                "{limit}"
            );
        }
    }

    #[test]
    fn a_scope_is_its_level_and_number() {
        for level in Level::ALL {
            let scope = Scope::of(*level, 0).unwrap();
            assert_eq!((scope.level(), scope.number()), (*level, 0));
            assert_eq!(Level::from_byte(*level as u8), Some(*level));
        }
        assert_eq!(Scope::of(Level::Firm, 1), None);
        assert_eq!(Scope::of(Level::Session, 65_536), None);
    }
}
