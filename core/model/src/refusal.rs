//! Why the engine refuses: values with both sides of the comparison and a stable code.

use crate::{Code, CxlRejReason, Nanos, OrdRejReason, Price, Qty};

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
}

macro_rules! refusals {
    (@bits) => { 0 };
    (@bits $number:ident) => { Number::to_bits($number) };
    ($($(#[$doc:meta])* $variant:ident $({ $a:ident: $at:ty $(, $b:ident: $bt:ty)? })?
        = $code:ident, $text:literal, $ord:ident, $cxl:ident;)+) => {
        /// Why an order, a cancel or a replace was refused before any venue saw it.
        ///
        /// Codes are append-only: a code never changes its meaning and is never used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[expect(missing_docs, reason = "the two sides of each comparison are named by its text")]
        pub enum Refusal {
            $($(#[$doc])* #[error($text)] $variant $({ $a: $at $(, $b: $bt)? })?,)+
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

            /// The code and both numbers, as a record keeps them.
            #[must_use]
            pub fn to_parts(self) -> (u16, u64, u64) {
                match self {
                    $(Self::$variant $({ $a $(, $b)? })? => (
                        Code::$code.number(),
                        refusals!(@bits $($a)?),
                        refusals!(@bits $($($b)?)?),
                    ),)+
                }
            }

            /// The refusal that [`to_parts`](Self::to_parts) gave.
            #[must_use]
            pub fn from_parts(code: u16, a: u64, b: u64) -> Option<Self> {
                let _ = (a, b);
                $(if code == Code::$code.number() {
                    return Some(Self::$variant $({ $a: Number::from_bits(a) $(, $b: Number::from_bits(b))? })?);
                })+
                None
            }
        }
    };
}

refusals! {
    /// Trading is halted; cancels still pass.
    Halted = R001, "trading is halted", BrokerOption, BrokerOption;
    /// The instrument is not configured.
    UnknownInstrument = R002, "unknown instrument", UnknownSymbol, Other;
    /// No limits are configured for the instrument.
    NoInstrumentLimits = R003, "no limits are set for this instrument", BrokerOption, BrokerOption;
    /// No limits are configured for the session.
    NoSessionLimits = R004, "no limits are set for this session", BrokerOption, BrokerOption;
    /// The quantity is zero.
    QtyZero = R005, "quantity is zero", IncorrectQty, Other;
    /// The quantity is above its limit.
    QtyAboveMax { qty: Qty, max: Qty } = R006, "quantity {qty} exceeds {max}", ExceedsLimit, BrokerOption;
    /// The quantity is not a whole number of lots.
    OffLot { qty: Qty, lot: Qty } = R007, "quantity {qty} is not a multiple of lot {lot}", IncorrectQty, Other;
    /// The price is not a whole number of ticks.
    OffTick { px: Price, tick: Price } = R008, "price {px} is not a multiple of tick {tick}", Other, Other;
    /// A limit order without a price, or a market order with one.
    PriceMissing = R009, "a limit order needs a price", Other, Other;
    /// The price is zero or negative.
    PriceNotPositive { px: Price } = R010, "price {px} is not above zero", Other, Other;
    /// The worth of the order is above its limit. Whole units of the quote currency, rounded up.
    NotionalAboveMax { notional: i64, max: i64 } = R011, "notional {notional} exceeds {max}", ExceedsLimit, BrokerOption;
    /// There is no price to compare with.
    NoReference { age_max: Nanos } = R012, "no quote younger than {age_max} and no previous close to go by", BrokerOption, BrokerOption;
    /// Every quote is too old.
    QuoteStale { age: Nanos, age_max: Nanos } = R013, "youngest quote is {age} old, at most {age_max} is allowed", BrokerOption, BrokerOption;
    /// The price is outside the collar; `bound` is the side it crossed.
    OutsideCollar { px: Price, bound: Price } = R014, "price {px} is beyond the collar's {bound}", ExceedsLimit, BrokerOption;
    /// The position would be too large with all working orders filled.
    PositionAboveMax { would_be: Qty, max: Qty } = R015, "position would be {would_be}, limit {max}", ExceedsLimit, BrokerOption;
    /// The session has too many open orders.
    OrdersOpenAboveMax { open: u32, max: u32 } = R016, "{open} orders open, limit {max}", ExceedsLimit, BrokerOption;
    /// The session sends too fast.
    RateAboveMax { per_s: u32, burst: u32 } = R017, "more than {per_s} orders a second, burst {burst}", BrokerOption, BrokerOption;
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
    /// A replace may change quantity and limit only.
    NotReplaceable = R029, "a replace may change OrderQty and Price only", Unsupported, Other;
    /// A number beyond what can be held.
    Overflow = R030, "a number is out of range", IncorrectQty, Other;
    /// The engine was given no configuration.
    NotConfigured = R031, "not configured", BrokerOption, BrokerOption;
    /// The account is not configured.
    UnknownAccount = R032, "unknown account", UnknownAccount, Other;
    /// A legal value of FIX that dcx does not handle (here `tag`'s).
    Unsupported { tag: u32 } = R033, "the value of tag {tag} is not supported", Unsupported, Other;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_survives_its_record() {
        for code in Refusal::CODES {
            let refusal =
                Refusal::from_parts(code.number(), 7, 9).expect("the code is in the table");
            assert_eq!(refusal.code(), *code);
            let (number, a, b) = refusal.to_parts();
            assert_eq!(Refusal::from_parts(number, a, b), Some(refusal));
        }
    }

    #[test]
    fn a_text_names_both_sides() {
        let refusal = Refusal::QtyAboveMax {
            qty: Qty::whole(500),
            max: Qty::whole(100),
        };
        assert_eq!(refusal.to_string(), "quantity 500 exceeds 100");
        assert_eq!(refusal.code().to_string(), "DCX-R006");
    }

    #[test]
    fn a_number_that_is_no_code_is_no_refusal() {
        assert_eq!(Refusal::from_parts(9_999, 0, 0), None);
    }
}
