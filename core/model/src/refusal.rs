//! Why the engine refuses: values with both sides of the comparison and a stable code.

use crate::{
    AlgoTerm, Code, CxlRejReason, InstrumentId, Level, Limit, Nanos, OrdRejReason, ParameterFault,
    ParameterName, Price, Qty,
};

/// A number of a refusal, as eight bytes of a record.
trait Number: Sized {
    fn to_bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;
}

macro_rules! numbers {
    ($($ty:ty, $to:expr, $from:expr;)+) => {$(
        impl Number for $ty {
            fn to_bits(self) -> u64 { ($to)(self) }
            fn from_bits(bits: u64) -> Self { ($from)(bits) }
        }
    )+};
}

numbers! {
    Qty, Qty::units, Self::from_units;
    Price, |px: Price| px.units().cast_unsigned(), |bits: u64| Self::from_units(bits.cast_signed());
    Nanos, Nanos::get, Self::new;
    i64, i64::cast_unsigned, u64::cast_signed;
    u32, u64::from, |bits: u64| Self::try_from(bits).unwrap_or(Self::MAX);
    InstrumentId, |id: InstrumentId| u64::from(id.get()),
        |bits: u64| Self::new(u32::try_from(bits).unwrap_or(u32::MAX));
    Level, |level: Level| level as u64,
        |bits: u64| u8::try_from(bits).ok().and_then(Self::from_byte).unwrap_or(Self::Firm);
    AlgoTerm, |term: AlgoTerm| term as u64,
        |bits: u64| u8::try_from(bits).ok().and_then(Self::from_byte).unwrap_or(Self::Other);
    ParameterName, |name: ParameterName| u64::from_be_bytes(name.to_padded()),
        |bits: u64| Self::from_padded(bits.to_be_bytes()).unwrap_or(Self::EMPTY);
    ParameterFault, |fault: ParameterFault| fault as u64,
        |bits: u64| u8::try_from(bits).ok().and_then(Self::from_byte).unwrap_or(Self::Value);
    Limit, |limit: Limit| limit as u64,
        |bits: u64| u8::try_from(bits).ok().and_then(Self::from_byte).unwrap_or(Self::OrderQtyMax);
}

macro_rules! refusals {
    (@bits) => { 0 };
    (@bits $number:ident) => { Number::to_bits($number) };
    ($($(#[$doc:meta])* $variant:ident $({ $a:ident: $at:ty $(, $b:ident: $bt:ty $(, $c:ident: $ct:ty)?)? })?
        = $code:ident, $text:literal, $ord:ident, $cxl:ident;)+) => {
        /// Why an order, a cancel or a replace was refused before any venue saw it.
        ///
        /// Codes are append-only: a code never changes its meaning and is never used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[expect(missing_docs, reason = "the two sides of each comparison are named by its text")]
        pub enum Refusal {
            $($(#[$doc])* #[error($text)] $variant $({ $a: $at $(, $b: $bt $(, $c: $ct)?)? })?,)+
        }

        impl Refusal {
            /// One of each, all numbers zero, in the order of their codes.
            pub const CODES: &'static [Code] = &[$(Code::$code,)+];

            /// Its entry in the catalogue.
            #[must_use]
            pub const fn code(&self) -> Code {
                match self { $(Self::$variant { .. } => Code::$code,)+ }
            }

            /// `OrdRejReason` (103) that says the same in FIX.
            #[must_use]
            pub const fn ord_rej_reason(&self) -> OrdRejReason {
                match self { $(Self::$variant { .. } => OrdRejReason::$ord,)+ }
            }

            /// `CxlRejReason` (102) that says the same in FIX.
            #[must_use]
            pub const fn cxl_rej_reason(&self) -> CxlRejReason {
                match self { $(Self::$variant { .. } => CxlRejReason::$cxl,)+ }
            }

            /// The code and its numbers, as a record keeps them.
            #[must_use]
            pub fn to_parts(self) -> (u16, [u64; 3]) {
                match self {
                    $(Self::$variant $({ $a $(, $b $(, $c)?)? })? => (
                        Code::$code.number(),
                        [
                            refusals!(@bits $($a)?),
                            refusals!(@bits $($($b)?)?),
                            refusals!(@bits $($($($c)?)?)?),
                        ],
                    ),)+
                }
            }

            /// The refusal that [`to_parts`](Self::to_parts) gave.
            #[must_use]
            pub fn from_parts(code: u16, [a, b, c]: [u64; 3]) -> Option<Self> {
                let _ = (a, b, c);
                $(if code == Code::$code.number() {
                    return Some(Self::$variant $({
                        $a: Number::from_bits(a)
                        $(, $b: Number::from_bits(b) $(, $c: Number::from_bits(c))?)?
                    })?);
                })+
                None
            }
        }
    };
}

refusals! {
    /// Trading is halted; cancels still pass.
    Halted { at: Level } = R001, "trading is halted for the {at}", BrokerOption, BrokerOption;
    /// The instrument is not configured.
    UnknownInstrument = R002, "unknown instrument", UnknownSymbol, Other;
    /// No limits are configured for the instrument.
    NoInstrumentLimits = R003, "no limits are set for this instrument", BrokerOption, BrokerOption;
    /// No limits are configured for the session.
    NoSessionLimits = R004, "no limits are set for this session", BrokerOption, BrokerOption;
    /// The quantity is zero.
    QtyZero = R005, "quantity is zero", IncorrectQty, Other;
    /// The quantity is above its limit.
    QtyAboveMax { at: Level, qty: Qty, max: Qty } = R006, "quantity {qty} exceeds {max} of the {at}", ExceedsLimit, BrokerOption;
    /// The quantity is not a whole number of lots.
    OffLot { qty: Qty, lot: Qty } = R007, "quantity {qty} is not a multiple of lot {lot}", IncorrectQty, Other;
    /// The price is not a whole number of ticks.
    OffTick { px: Price, tick: Price } = R008, "price {px} is not a multiple of tick {tick}", Other, Other;
    /// A limit order without a price, or a market order with one.
    PriceMissing = R009, "a limit order needs a price", Other, Other;
    /// The price is zero or negative.
    PriceNotPositive { px: Price } = R010, "price {px} is not above zero", Other, Other;
    /// The worth of the order is above its limit. Whole units of the quote currency, rounded up.
    NotionalAboveMax { at: Level, notional: i64, max: i64 } = R011, "notional {notional} exceeds {max} of the {at}", ExceedsLimit, BrokerOption;
    /// There is no price to compare with.
    NoReference { age_max: Nanos } = R012, "no quote younger than {age_max} and no previous close to go by", BrokerOption, BrokerOption;
    /// Every quote is too old.
    QuoteStale { age: Nanos, age_max: Nanos } = R013, "youngest quote is {age} old, at most {age_max} is allowed", BrokerOption, BrokerOption;
    /// The price is outside the collar; `bound` is the side it crossed.
    OutsideCollar { px: Price, bound: Price } = R014, "price {px} is beyond the collar's {bound}", ExceedsLimit, BrokerOption;
    /// The position would be too large with all working orders filled.
    PositionAboveMax { would_be: Qty, max: Qty } = R015, "position would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// Too many open orders.
    OrdersOpenAboveMax { at: Level, open: u32, max: u32 } = R016, "{open} orders open, limit {max} of the {at}", ExceedsLimit, BrokerOption;
    /// Orders come too fast.
    RateAboveMax { at: Level, per_s: u32, burst: u32 } = R017, "more than {per_s} orders a second, burst {burst}, of the {at}", BrokerOption, BrokerOption;
    /// The ClOrdID was used before.
    DuplicateClOrdId = R018, "ClOrdID was used before", Duplicate, DuplicateClOrdId;
    /// No venue can take the order.
    NoVenue = R019, "no venue that lists this instrument is logged on", ExchangeClosed, BrokerOption;
    /// The schedule's end is not after its start, or is past.
    ScheduleInvalid { start: i64, end: i64 } = R020, "schedule from {start} to {end} ns is empty or past", Other, Other;
    /// Too many slices, or none.
    SlicesOutOfRange { slices: u32, max: u32 } = R021, "{slices} slices, from 1 to {max} are allowed", Other, Other;
    /// Not even one lot for each slice.
    LotTooLarge { lots: i64, slices: u32 } = R022, "{lots} lots cannot be split into {slices} slices", IncorrectQty, Other;
    /// No such order.
    UnknownOrder = R023, "unknown order", Other, UnknownOrder;
    /// The order is already done.
    TooLate = R024, "order is already done", TooLate, TooLate;
    /// A cancel or replace of the order is already on its way.
    AlreadyPending = R025, "a cancel or replace is already pending", Other, AlreadyPending;
    /// The firm has too many open orders.
    PoolFull { open: u32, max: u32 } = R026, "{open} orders open in the firm, room for {max}", ExceedsLimit, BrokerOption;
    /// Every venue that was tried refused; `reason` is the last one's OrdRejReason.
    VenueRejected { reason: u32 } = R027, "refused by the venue, OrdRejReason {reason}", Other, Other;
    /// The new quantity is not above what is already filled.
    QtyBelowCum { qty: Qty, cum: Qty } = R028, "quantity {qty} is not above the filled {cum}", IncorrectQty, TooLate;
    /// A replace may change quantities and prices only.
    NotReplaceable = R029, "a replace may change OrderQty, Price, StopPx and MaxFloor only", Unsupported, Other;
    /// A number beyond what can be held.
    Overflow = R030, "a number is out of range", IncorrectQty, Other;
    /// The engine was given no configuration.
    NotConfigured = R031, "not configured", BrokerOption, BrokerOption;
    /// The account is not configured.
    UnknownAccount = R032, "unknown account", UnknownAccount, Other;
    /// A legal value of FIX that dcx does not handle (here `tag`'s).
    Unsupported { tag: u32 } = R033, "the value of tag {tag} is not supported", Unsupported, Other;
    /// The price is outside the band around the rolling median (check 4).
    OutsideBand { px: Price, bound: Price } = R034, "price {px} is beyond the {bound} that the median of the window allows", ExceedsLimit, BrokerOption;
    /// The quantity is unusual (check 5).
    QtyAboveTypical { qty: Qty, max: Qty } = R035, "quantity {qty} exceeds {max}, the allowed multiple of the usual trade", ExceedsLimit, BrokerOption;
    /// Too few trades were seen to say what is usual (check 5).
    NoTypicalQty { trades: u32, needed: u32 } = R036, "{trades} trades seen, {needed} are needed to say what is usual", BrokerOption, BrokerOption;
    /// Gross exposure would be too large (check 7). Whole units of the firm's currency.
    GrossAboveMax { at: Level, would_be: i64, max: i64 } = R037, "gross exposure of the {at} would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// Net exposure would be too large (check 7).
    NetAboveMax { at: Level, would_be: i64, max: i64 } = R038, "net exposure of the {at} would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// The account's credit does not suffice (check 8).
    CreditAboveMax { would_be: i64, max: i64 } = R039, "margin of the account would be {would_be}, credit {max}", ExceedsLimit, BrokerOption;
    /// The worth accepted today would be too large (check 9).
    DayNotionalAboveMax { at: Level, would_be: i64, max: i64 } = R040, "notional of the day of the {at} would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// The quantity accepted today would be too large (check 9).
    DayQtyAboveMax { would_be: Qty, max: Qty } = R041, "quantity of the day would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// Only what reduces a position is taken.
    Reducing { at: Level } = R042, "the {at} is reducing: only orders that make its position smaller are taken", BrokerOption, BrokerOption;
    /// The same order came a moment ago (check 13).
    DuplicateOrder { age: Nanos, window: Nanos } = R043, "the same order was taken {age} ago, within {window}", Duplicate, BrokerOption;
    /// It would trade with an order of the same owner (check 15).
    SelfTrade { px: Price, own: Price } = R044, "at {px} it would trade with an order of the same owner at {own}", BrokerOption, BrokerOption;
    /// Not permitted to trade the instrument (check 16).
    NotPermitted { at: Level } = R045, "the {at} may not trade this instrument", BrokerOption, BrokerOption;
    /// Not permitted to use the algorithm (check 16).
    AlgoNotPermitted { at: Level } = R046, "the {at} may not use this algorithm", BrokerOption, BrokerOption;
    /// A sale that could end short, without located securities (check 17).
    NoLocate { short: Qty } = R047, "the sale could end {short} short and names no located securities", BrokerOption, BrokerOption;
    /// The market is crossed (check 18).
    MarketCrossed { bid: Price, ask: Price } = R048, "market is crossed: bid {bid}, offer {ask}", BrokerOption, BrokerOption;
    /// Trading in the instrument is halted at every venue that lists it (checks 18 and 19).
    InstrumentHalted = R049, "no venue that lists this instrument is open for it", ExchangeClosed, BrokerOption;
    /// Outside the instrument's hours (check 19).
    OutsideHours { opens_in: Nanos } = R050, "outside trading hours, opens in {opens_in}", ExchangeClosed, BrokerOption;
    /// The value at risk would be too large (check 21).
    VarAboveMax { limit: Limit, would_be: i64, max: i64 } = R051, "{limit} would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// The instrument has no risk factor (check 21).
    NoRiskFactor = R052, "a cap on the value at risk is set and this instrument has no risk factor", BrokerOption, BrokerOption;
    /// The order is too old (check 24).
    OrderTooOld { age: Nanos, max: Nanos } = R053, "TransactTime is {age} old, at most {max} is taken", Other, Other;
    /// A post-only order would take.
    WouldTake { px: Price, touch: Price } = R054, "post only, and {px} would trade with {touch}", BrokerOption, BrokerOption;
    /// A reduce-only order would not reduce.
    NotReducing { qty: Qty, reducible: Qty } = R055, "reduce only, and {qty} is more than the {reducible} that can be reduced", BrokerOption, BrokerOption;
    /// A stop price is missing, or there where none may be.
    StopMissing = R056, "StopPx does not fit the order type", Other, Other;
    /// A peg that does not fit.
    PegInvalid = R057, "the peg does not fit the order type", Other, Other;
    /// A shown quantity that does not fit.
    DisplayInvalid { display: Qty, qty: Qty } = R058, "MaxFloor {display} does not fit quantity {qty}", IncorrectQty, Other;
    /// A least quantity that does not fit.
    MinQtyInvalid { min: Qty, qty: Qty } = R059, "MinQty {min} does not fit quantity {qty} or the time in force", IncorrectQty, Other;
    /// An expiry that is missing, past, or not asked for.
    ExpireInvalid { expire: i64 } = R060, "ExpireTime {expire} does not fit the time in force, or is past", Other, Other;
    /// At the opening or the close of an instrument that has no hours.
    NoHours = R061, "no trading hours are defined for this instrument", ExchangeClosed, BrokerOption;
    /// Orders that cannot be linked so.
    ListInvalid = R062, "the linked orders do not fit together", Other, Other;
    /// Another order of the list was refused or cancelled.
    ListBroken = R063, "another order of the list was refused", BrokerOption, BrokerOption;
    /// A person refused it (check 25).
    NotApproved = R064, "refused by a person", BrokerOption, BrokerOption;
    /// More would go out than came in (check 14).
    OrdersOutAboveIn { out: Qty, entered: Qty } = R065, "{out} would be out for an order that has {entered} left", BrokerOption, BrokerOption;
    /// Two instructions that do not go together.
    Contradiction { tag: u32 } = R066, "the value of tag {tag} does not go with the rest of the order", Unsupported, Other;
    /// The position cannot be valued.
    NoMark { instrument: InstrumentId } = R067, "a position in instrument {instrument} has no price to value it with", BrokerOption, BrokerOption;
    /// The limit cannot be set there.
    LimitNotHere { limit: Limit, at: Level } = R068, "{limit} cannot be set for the {at}", Other, Other;
    /// The number does not fit the limit.
    LimitValue { limit: Limit } = R069, "the number is not one that {limit} may have", Other, Other;
    /// There is no such scope.
    UnknownScope { at: Level } = R070, "no such {at}", Other, Other;
    /// The second person must not be the first.
    SamePerson = R071, "a second person has to approve", BrokerOption, BrokerOption;
    /// No such proposal, or it ran out of time.
    UnknownProposal { proposal: i64 } = R072, "no proposal {proposal} waits", Other, Other;
    /// Too many proposals wait.
    ProposalsFull { max: u32 } = R073, "{max} proposals wait already", BrokerOption, BrokerOption;
    /// No limits are configured for the firm.
    NoFirmLimits = R074, "no limits are set for the firm", BrokerOption, BrokerOption;
    /// The strategy is not configured.
    UnknownStrategy = R075, "unknown strategy", BrokerOption, BrokerOption;
    /// An operator's request without a name or a reason.
    NoAuthor = R076, "a request needs an author and a reason", Other, Other;
    /// The order does not wait for a person.
    NotWaiting = R077, "the order does not wait for approval", Other, Other;
    /// Too many requests about many orders are under way.
    SweepsFull { max: u32 } = R078, "{max} requests about many orders are under way already", BrokerOption, BrokerOption;
    /// A parameter of the algorithm is missing, or beyond what it may be.
    AlgoTermInvalid { term: AlgoTerm, value: i64, bound: i64 } = R080, "{term} {value} does not fit the algorithm, its bound is {bound}", Unsupported, Other;
    /// The instrument has no volume profile.
    NoProfile = R081, "no volume profile is set for this instrument", BrokerOption, BrokerOption;
    /// The profile expects no volume between start and end.
    ProfileEmpty { start: i64, end: i64 } = R082, "the volume profile expects nothing from {start} to {end} ns", BrokerOption, BrokerOption;
    /// The least that is sent, times the slices, is more than the order.
    MinClipTooLarge { min: Qty, slices: u32, qty: Qty } = R083, "{slices} slices of at least {min} are more than {qty}", IncorrectQty, Other;
    /// The participation cap does not let the order be done in its time.
    CapTooSmall { qty: Qty, possible: Qty, cap_ppm: u32 } = R084, "{cap_ppm} millionths of the expected volume are {possible}, the order is {qty}", IncorrectQty, Other;
    /// The end of the order is past.
    DeadlinePast { end: i64, now: i64 } = R085, "the end {end} ns is not after {now} ns", Other, Other;
    /// Too many orders with an algorithm.
    SchedulesFull { kept: u32, max: u32 } = R086, "{kept} orders with an algorithm are kept, room for {max}", BrokerOption, BrokerOption;
    /// The planner has nothing to plan from.
    NoMarketFacts = R087, "no volume and volatility are set for this instrument, and the order has no participation cap", BrokerOption, BrokerOption;
    /// A parameter of the algorithm that cannot be read: its name, at most sixteen characters of it in two parts.
    StrategyParameter { head: ParameterName, tail: ParameterName, fault: ParameterFault } = R088, "strategy parameter {head}{tail} {fault}", Unsupported, Other;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_survives_its_record() {
        for code in Refusal::CODES {
            let refusal =
                Refusal::from_parts(code.number(), [1, 7, 9]).expect("the code is in the table");
            assert_eq!(refusal.code(), *code);
            let (number, parts) = refusal.to_parts();
            assert_eq!(Refusal::from_parts(number, parts), Some(refusal));
        }
    }

    #[test]
    fn a_text_names_both_sides() {
        let refusal = Refusal::QtyAboveMax {
            at: Level::Instrument,
            qty: Qty::whole(500),
            max: Qty::whole(100),
        };
        assert_eq!(
            refusal.to_string(),
            "quantity 500 exceeds 100 of the instrument"
        );
        assert_eq!(refusal.code().to_string(), "DCX-R006");
    }

    #[test]
    fn a_number_that_is_no_code_is_no_refusal() {
        assert_eq!(Refusal::from_parts(9_999, [0; 3]), None);
    }
}
