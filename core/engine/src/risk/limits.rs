//! What orders are measured against: the limits of each level, in rows that a check reads whole.
//!
//! A limit that was never set has the number that limits nothing, or that permits nothing where
//! that is what its absence means, so that a check compares without asking whether there is one.

use dcx_model::{
    Instrument, Level, Limit, LimitPx, Looser, Nanos, Notional, Price, Qty, Record, TradingState,
    Unit, UnixNanos, VenueSet,
};

use super::day::Day;
use super::rate::Bucket;
use super::typical::Typical;
use crate::digest::Words;

/// A limit's number as its row keeps it.
trait Number: Copy {
    fn number(self) -> i128;
    /// The number that a change asks for; none if the limit cannot be that.
    fn of(number: i128) -> Option<Self>;
}

macro_rules! numbers {
    ($($ty:ty, $to:expr, $from:expr;)+) => {$(
        impl Number for $ty {
            fn number(self) -> i128 { ($to)(self) }
            fn of(number: i128) -> Option<Self> { ($from)(number) }
        }
    )+};
}

numbers! {
    Qty, |qty: Qty| i128::from(qty.units()), |n| u64::try_from(n).ok().map(Self::from_units);
    Notional, Notional::units, |n: i128| (n >= 0).then_some(Self::from_units(n));
    Nanos, |span: Nanos| i128::from(span.get()), |n| u64::try_from(n).ok().map(Self::new);
    u32, i128::from, |n| Self::try_from(n).ok();
    bool, i128::from, |n| (0..=1).contains(&n).then_some(n == 1);
}

/// Whether a limit may have this number, wherever it is set.
pub(crate) fn is_legal(limit: Limit, number: i128) -> bool {
    match limit.unit() {
        Unit::Qty => Qty::of(number).is_some(),
        Unit::Notional => Notional::of(number).is_some(),
        Unit::Nanos => Nanos::of(number).is_some(),
        Unit::Bps | Unit::Count | Unit::Thousandths => u32::of(number).is_some(),
        Unit::Flag => bool::of(number).is_some(),
    }
}

/// The limits of one level.
pub(crate) trait Bounds: Copy {
    /// Which level.
    const LEVEL: Level;
    /// A bit for each limit that the level must have.
    const REQUIRED: u64 = required(Self::LEVEL);
    /// As they are before anybody set one.
    const NONE: Self;
    /// What is set; none where nothing is.
    fn get(&self, limit: Limit) -> Option<i128>;
    /// What is in force, set or not; none where the level has no such limit.
    fn in_force(&self, limit: Limit) -> Option<i128>;
    /// Sets a limit or takes it away. The number is legal, and the level has the limit.
    fn put(&mut self, limit: Limit, value: Option<i128>);
    /// Bit *n*: limit *n* is set now, and was ever set.
    fn marks(&self) -> (u64, u64);

    /// Whether every limit that the level must have is set.
    fn is_complete(&self) -> bool {
        self.marks().0 & Self::REQUIRED == Self::REQUIRED
    }

    /// Whether the limit is set.
    fn is_set(&self, limit: Limit) -> bool {
        self.marks().0 & bit(limit) != 0
    }

    /// Whether the limit was ever set, whoever took it away since.
    fn was_set(&self, limit: Limit) -> bool {
        self.marks().1 & bit(limit) != 0
    }

    /// Whether `after` lets through what the limit as it is stops.
    fn loosens(&self, limit: Limit, after: Option<i128>) -> bool {
        let before = self.get(limit);
        if limit.required_at().contains(&Self::LEVEL) {
            // Where it is missing nothing passes at all.
            match (before, after) {
                (_, None) => return false,
                (None, Some(_)) => return true,
                (Some(_), Some(_)) => {}
            }
        }
        let unset = Self::NONE.in_force(limit).unwrap_or_default();
        let (before, after) = (before.unwrap_or(unset), after.unwrap_or(unset));
        match limit.looser() {
            Looser::Higher => after > before,
            Looser::Lower => after < before,
            Looser::Any => after != before,
        }
    }

    fn digest(&self, words: &mut Words) {
        let (set, ever) = self.marks();
        words.u64(set);
        words.u64(ever);
        for limit in Limit::ALL {
            if let Some(value) = self.get(*limit) {
                words.i128(value);
            }
        }
    }
}

const fn bit(limit: Limit) -> u64 {
    1 << limit as u8
}

/// A bit for each limit that a level must have.
const fn required(level: Level) -> u64 {
    let (mut bits, mut rest) = (0, Limit::ALL);
    while let [limit, more @ ..] = rest {
        let mut levels = limit.required_at();
        while let [wanted, others @ ..] = levels {
            if *wanted as u8 == level as u8 {
                bits |= bit(*limit);
            }
            levels = others;
        }
        rest = more;
    }
    bits
}

macro_rules! bounds {
    ($($(#[$doc:meta])* $name:ident of $level:ident {
        $($field:ident: $ty:ty = $limit:ident, $none:expr;)+
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[repr(C)]
        pub(crate) struct $name {
            set: u64,
            $(pub(crate) $field: $ty,)+
            ever: u64,
        }

        impl Bounds for $name {
            const LEVEL: Level = Level::$level;
            const NONE: Self = Self { set: 0, $($field: $none,)+ ever: 0 };

            fn get(&self, limit: Limit) -> Option<i128> {
                self.in_force(limit).filter(|_| self.set & bit(limit) != 0)
            }

            fn in_force(&self, limit: Limit) -> Option<i128> {
                $(if limit == Limit::$limit {
                    return Some(self.$field.number());
                })+
                None
            }

            fn put(&mut self, limit: Limit, value: Option<i128>) {
                $(if limit == Limit::$limit {
                    let number = value.and_then(Number::of);
                    let set = if number.is_some() { bit(limit) } else { 0 };
                    self.$field = number.unwrap_or(Self::NONE.$field);
                    self.set = self.set & !bit(limit) | set;
                    self.ever |= set;
                })+
            }

            fn marks(&self) -> (u64, u64) {
                (self.set, self.ever)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::NONE
            }
        }
    )+};
}

const QTY: Qty = Qty::from_units(u64::MAX);
const WORTH: Notional = Notional::from_units(i128::MAX);
const LONG: Nanos = Nanos::new(u64::MAX);

bounds! {
    /// The limits of the firm.
    FirmBounds of Firm {
        order_age_max: Nanos = OrderAgeMax, LONG;
        duplicate_window: Nanos = DuplicateWindow, Nanos::ZERO;
        order_notional_max: Notional = OrderNotionalMax, WORTH;
        day_notional_max: Notional = DayNotionalMax, WORTH;
        approval_notional: Notional = ApprovalNotional, WORTH;
        gross_max: Notional = GrossMax, WORTH;
        net_max: Notional = NetMax, WORTH;
        loss_reduce_max: Notional = LossReduceMax, WORTH;
        loss_halt_max: Notional = LossHaltMax, WORTH;
        drawdown_max: Notional = DrawdownMax, WORTH;
        var_ewma_max: Notional = VarEwmaMax, WORTH;
        var_historical_max: Notional = VarHistoricalMax, WORTH;
    }
    /// The limits of an account.
    AccountBounds of Account {
        orders_open_max: u32 = OrdersOpenMax, u32::MAX;
        order_qty_max: Qty = OrderQtyMax, QTY;
        order_notional_max: Notional = OrderNotionalMax, WORTH;
        day_notional_max: Notional = DayNotionalMax, WORTH;
        approval_notional: Notional = ApprovalNotional, WORTH;
        gross_max: Notional = GrossMax, WORTH;
        net_max: Notional = NetMax, WORTH;
        credit_max: Notional = CreditMax, WORTH;
        loss_reduce_max: Notional = LossReduceMax, WORTH;
        loss_halt_max: Notional = LossHaltMax, WORTH;
        drawdown_max: Notional = DrawdownMax, WORTH;
    }
    /// The limits of a strategy.
    StrategyBounds of Strategy {
        order_qty_max: Qty = OrderQtyMax, QTY;
        order_notional_max: Notional = OrderNotionalMax, WORTH;
        orders_open_max: u32 = OrdersOpenMax, u32::MAX;
        orders_per_s_max: u32 = OrdersPerSMax, u32::MAX;
        burst_max: u32 = BurstMax, 1;
        executions_max: u32 = ExecutionsMax, u32::MAX;
        executions_window: Nanos = ExecutionsWindow, LONG;
        duplicate_window: Nanos = DuplicateWindow, Nanos::ZERO;
        day_notional_max: Notional = DayNotionalMax, WORTH;
        approval_notional: Notional = ApprovalNotional, WORTH;
        gross_max: Notional = GrossMax, WORTH;
        net_max: Notional = NetMax, WORTH;
        loss_reduce_max: Notional = LossReduceMax, WORTH;
        loss_halt_max: Notional = LossHaltMax, WORTH;
        drawdown_max: Notional = DrawdownMax, WORTH;
    }
    /// The limits of a session.
    SessionBounds of Session {
        orders_per_s_max: u32 = OrdersPerSMax, u32::MAX;
        burst_max: u32 = BurstMax, 1;
        orders_open_max: u32 = OrdersOpenMax, u32::MAX;
        order_qty_max: Qty = OrderQtyMax, QTY;
        order_notional_max: Notional = OrderNotionalMax, WORTH;
        duplicate_window: Nanos = DuplicateWindow, Nanos::ZERO;
        order_age_max: Nanos = OrderAgeMax, LONG;
        day_notional_max: Notional = DayNotionalMax, WORTH;
        approval_notional: Notional = ApprovalNotional, WORTH;
    }
    /// The limits of an instrument.
    InstrumentBounds of Instrument {
        order_qty_max: Qty = OrderQtyMax, QTY;
        order_notional_max: Notional = OrderNotionalMax, WORTH;
        collar_bps: u32 = CollarBps, u32::MAX;
        crossed_bps_max: u32 = CrossedBpsMax, 0;
        quote_age_max: Nanos = QuoteAgeMax, LONG;
        prev_close_allowed: bool = PrevCloseAllowed, false;
        locate_required: bool = LocateRequired, false;
        band_bps: u32 = BandBps, u32::MAX;
        band_window: Nanos = BandWindow, Nanos::ZERO;
        typical_multiple: u32 = TypicalMultiple, u32::MAX;
        orders_open_max: u32 = OrdersOpenMax, u32::MAX;
        position_long_max: Qty = PositionLongMax, QTY;
        position_short_max: Qty = PositionShortMax, QTY;
        day_qty_max: Qty = DayQtyMax, QTY;
        orders_per_s_max: u32 = OrdersPerSMax, u32::MAX;
        burst_max: u32 = BurstMax, 1;
        gross_max: Notional = GrossMax, WORTH;
        approval_notional: Notional = ApprovalNotional, WORTH;
        margin_bps: u32 = MarginBps, 10_000;
    }
}

/// What every scope has besides its limits: whether it may trade, with what, and what it did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) state: TradingState,
    /// Instruments that it may not trade.
    pub(crate) denied: u16,
    /// Venues and algorithms that it may not use, a bit each.
    pub(crate) venues_barred: u16,
    pub(crate) algos_barred: u16,
    pub(crate) orders_open: u32,
    pub(crate) bucket: Bucket,
    /// What was accepted of it today.
    pub(crate) day: Day,
}

impl Standing {
    fn is_known(&self) -> bool {
        self.state != TradingState::Active
            || self.denied != 0
            || self.venues_barred != 0
            || self.algos_barred != 0
            || self.orders_open != 0
            || self.bucket != Bucket::default()
            || self.day != Day::default()
    }

    fn digest(&self, words: &mut Words) {
        words.u64(self.state as u64 | u64::from(self.denied) << 16);
        words.u64(u64::from(self.venues_barred) << 16 | u64::from(self.algos_barred));
        words.u64(u64::from(self.orders_open));
        let (missing, as_of) = self.bucket.parts();
        words.u64(missing);
        words.u64(as_of);
        words.u64(self.day.digest(0));
    }
}

/// A scope without anything of its level's own: the firm, an account, a strategy.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct ScopeRow<B> {
    pub(crate) standing: Standing,
    pub(crate) limits: B,
}

impl<B: Bounds> ScopeRow<B> {
    /// Whether anything was ever said or done about it.
    pub(crate) fn is_known(&self) -> bool {
        self.limits.marks().1 != 0 || self.standing.is_known()
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        self.standing.digest(&mut words);
        self.limits.digest(&mut words);
        words.finish()
    }
}

/// The firm.
pub(crate) type FirmRow = ScopeRow<FirmBounds>;
/// An account.
pub(crate) type AccountRow = ScopeRow<AccountBounds>;
/// A strategy.
pub(crate) type StrategyRow = ScopeRow<StrategyBounds>;

/// A client session.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct SessionRow {
    pub(crate) standing: Standing,
    pub(crate) limits: SessionBounds,
    /// Cancels are counted, never refused.
    pub(crate) cancels: u64,
    pub(crate) up: bool,
}

/// An instrument, as far as it is known, and what the market said of it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct InstrumentRow {
    pub(crate) defined: Option<Instrument>,
    pub(crate) standing: Standing,
    pub(crate) limits: InstrumentBounds,
    pub(crate) last: LastTrade,
    /// Venues where it does not trade now.
    pub(crate) closed: VenueSet,
    pub(crate) typical: Typical,
}

/// The last trade in the market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastTrade {
    pub(crate) px: LimitPx,
    pub(crate) at: UnixNanos,
}

impl Default for LastTrade {
    fn default() -> Self {
        Self {
            px: LimitPx::NONE,
            at: UnixNanos::ZERO,
        }
    }
}

impl LastTrade {
    /// Its price, if it is at most `age_max` old.
    pub(crate) fn fresh(&self, now: UnixNanos, age_max: Nanos) -> Option<Price> {
        self.px.price().filter(|_| now.since(self.at) <= age_max)
    }
}

impl InstrumentRow {
    /// The venues that list it and are open for it, whether or not they are up.
    pub(crate) fn open_venues(&self) -> VenueSet {
        let listed = self
            .defined
            .map_or(VenueSet::NONE, |defined| defined.venues);
        listed.and(VenueSet::from_bits(!self.closed.bits()))
    }

    /// Whether nothing was ever said about it.
    pub(crate) fn is_unknown(&self) -> bool {
        self.defined.is_none() && self.limits.ever == 0 && !self.standing.is_known()
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        if let Some(instrument) = self.defined {
            words.bytes(
                Record::of_command(&dcx_model::Command::DefineInstrument(instrument)).body(),
            );
        }
        self.standing.digest(&mut words);
        self.limits.digest(&mut words);
        words.u64(self.last.px.to_bits().cast_unsigned());
        words.u64(self.last.at.get());
        words.u64(self.closed.bits());
        words.u64(self.typical.digest(1));
        words.finish()
    }
}

impl SessionRow {
    /// Whether nothing was ever said about the session.
    pub(crate) fn is_unknown(&self) -> bool {
        self.limits.ever == 0 && self.cancels == 0 && !self.up && !self.standing.is_known()
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        self.standing.digest(&mut words);
        self.limits.digest(&mut words);
        words.u64(self.cancels);
        words.u64(u64::from(self.up));
        words.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds_what_its_level_may_set<B: Bounds>() {
        let mut row = B::NONE;
        assert_eq!(row.is_complete(), B::REQUIRED == 0);
        for limit in Limit::ALL {
            let here = limit.levels().contains(&B::LEVEL);
            assert_eq!(row.in_force(*limit).is_some(), here, "{limit}");
            row.put(*limit, Some(1));
            assert_eq!(row.get(*limit), here.then_some(1), "{limit}");
            assert_eq!(row.was_set(*limit), here, "{limit}");
        }
        assert!(row.is_complete());
        for limit in Limit::ALL {
            let unset = B::NONE.in_force(*limit);
            row.put(*limit, None);
            assert_eq!((row.get(*limit), row.in_force(*limit)), (None, unset));
        }
        assert_eq!(row.is_complete(), B::REQUIRED == 0);
    }

    #[test]
    fn each_level_holds_exactly_the_limits_that_may_be_set_there() {
        holds_what_its_level_may_set::<FirmBounds>();
        holds_what_its_level_may_set::<AccountBounds>();
        holds_what_its_level_may_set::<StrategyBounds>();
        holds_what_its_level_may_set::<SessionBounds>();
        holds_what_its_level_may_set::<InstrumentBounds>();
    }

    #[test]
    fn what_lets_more_through_is_looser() {
        let mut row = InstrumentBounds::NONE;
        assert!(row.loosens(Limit::OrderQtyMax, Some(1)), "it was required");
        row.put(Limit::OrderQtyMax, Some(5));
        assert!(!row.loosens(Limit::OrderQtyMax, Some(5)));
        assert!(!row.loosens(Limit::OrderQtyMax, Some(4)));
        assert!(row.loosens(Limit::OrderQtyMax, Some(6)));
        assert!(!row.loosens(Limit::OrderQtyMax, None), "nothing passes");
        // What is not required limits nothing while it is missing.
        assert!(!row.loosens(Limit::DayQtyMax, Some(1)));
        row.put(Limit::DayQtyMax, Some(1));
        assert!(row.loosens(Limit::DayQtyMax, None));
        // A flag that is missing is down, a market may not be crossed unless that is said.
        assert!(row.loosens(Limit::PrevCloseAllowed, Some(1)));
        assert!(!row.loosens(Limit::PrevCloseAllowed, Some(0)));
        assert!(!row.loosens(Limit::LocateRequired, Some(1)));
        assert!(row.loosens(Limit::CrossedBpsMax, Some(1)));
        assert!(row.loosens(Limit::BandWindow, Some(1)));
        let mut firm = FirmBounds::NONE;
        assert!(!firm.loosens(Limit::DuplicateWindow, Some(1)));
        firm.put(Limit::DuplicateWindow, Some(9));
        assert!(firm.loosens(Limit::DuplicateWindow, Some(8)));
        assert!(firm.loosens(Limit::DuplicateWindow, None));
    }

    #[test]
    fn a_number_outside_its_unit_is_not_legal() {
        assert!(is_legal(Limit::OrderQtyMax, i128::from(u64::MAX)));
        assert!(!is_legal(Limit::OrderQtyMax, i128::from(u64::MAX) + 1));
        assert!(!is_legal(Limit::OrderNotionalMax, -1));
        assert!(is_legal(Limit::OrderNotionalMax, i128::MAX));
        assert!(!is_legal(Limit::CollarBps, i128::from(u32::MAX) + 1));
        assert!(!is_legal(Limit::PrevCloseAllowed, 2));
    }
}
