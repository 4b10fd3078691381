//! FIX enumerations under their FIX names, with their wire values (FIX 4.4 vol. 6).
//!
//! Each lists what dcx handles. A value that FIX knows and dcx does not is refused at the edge
//! with a reason, so that the engine can match without a wildcard.

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident, $tag:literal { $($(#[$vdoc:meta])* $variant:ident = $wire:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $wire,)+ }

        impl $name {
            /// The FIX tag.
            pub const TAG: u32 = $tag;

            /// Every value, in the order of its wire values as FIX lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The byte that stands for it on the wire.
            #[must_use]
            pub const fn wire(self) -> u8 {
                self as u8
            }

            /// The value that `byte` stands for.
            #[must_use]
            pub const fn from_wire(byte: u8) -> Option<Self> {
                match byte {
                    $($wire => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Its FIX name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)+ }
            }
        }
    };
}

wire_enum! {
    /// `Side` (54).
    Side, 54 {
        /// Buys.
        Buy = b'1',
        /// Sells.
        Sell = b'2',
    }
}

wire_enum! {
    /// `OrdType` (40).
    OrdType, 40 {
        /// At whatever price is there.
        Market = b'1',
        /// At the limit or better.
        Limit = b'2',
        /// At market once the market trades or is quoted at the stop or beyond.
        Stop = b'3',
        /// At the limit or better once the market trades or is quoted at the stop or beyond.
        StopLimit = b'4',
        /// At market once the market comes to the trigger from the other side; at the limit or
        /// better where the order has one (limit if touched).
        MarketIfTouched = b'J',
        /// At market; what is left over becomes a limit order at the price of the last fill.
        MarketWithLeftOverAsLimit = b'K',
        /// At a price that follows the market, see `ExecInst` (18).
        Pegged = b'P',
    }
}

wire_enum! {
    /// `TimeInForce` (59).
    TimeInForce, 59 {
        /// Until the end of the day.
        Day = b'0',
        /// Until it is cancelled.
        Gtc = b'1',
        /// At the instrument's opening only.
        AtTheOpening = b'2',
        /// What can be filled at once; the rest is cancelled.
        Ioc = b'3',
        /// All at once, or nothing.
        Fok = b'4',
        /// Until `ExpireTime` (126).
        Gtd = b'6',
        /// At the instrument's close only.
        AtTheClose = b'7',
    }
}

wire_enum! {
    /// `OrdStatus` (39).
    OrdStatus, 39 {
        /// Accepted, nothing filled.
        New = b'0',
        /// Some filled, the rest working.
        PartiallyFilled = b'1',
        /// All filled.
        Filled = b'2',
        /// Done for the day; may have fills.
        DoneForDay = b'3',
        /// Cancelled; may have fills.
        Canceled = b'4',
        /// A cancel is on its way to the venues.
        PendingCancel = b'6',
        /// A trade is guaranteed at a price, not yet made.
        Stopped = b'7',
        /// Refused.
        Rejected = b'8',
        /// Not eligible to trade for now.
        Suspended = b'9',
        /// Received, not yet accepted.
        PendingNew = b'A',
        /// Done for the day, with commissions and the like worked out; may have fills.
        Calculated = b'B',
        /// Its time ran out; may have fills.
        Expired = b'C',
        /// A replace is on its way to the venues.
        PendingReplace = b'E',
    }
}

impl OrdStatus {
    /// Whether nothing further can happen to an order in this status.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Filled
            | Self::DoneForDay
            | Self::Canceled
            | Self::Rejected
            | Self::Calculated
            | Self::Expired => true,
            Self::New
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::PendingNew
            | Self::PendingReplace
            | Self::Stopped
            | Self::Suspended => false,
        }
    }
}

wire_enum! {
    /// `ExecType` (150): why an ExecutionReport was sent.
    ExecType, 150 {
        /// Accepted.
        New = b'0',
        /// Done for the day.
        DoneForDay = b'3',
        /// Cancelled.
        Canceled = b'4',
        /// Replaced.
        Replaced = b'5',
        /// A cancel is pending.
        PendingCancel = b'6',
        /// A trade is guaranteed at a price, not yet made.
        Stopped = b'7',
        /// Refused.
        Rejected = b'8',
        /// Not eligible to trade for now.
        Suspended = b'9',
        /// Received, not yet accepted.
        PendingNew = b'A',
        /// Commissions and the like were worked out.
        Calculated = b'B',
        /// Its time ran out.
        Expired = b'C',
        /// Changed by whoever holds it, without being asked.
        Restated = b'D',
        /// A replace is pending.
        PendingReplace = b'E',
        /// A partial or full fill.
        Trade = b'F',
        /// An earlier trade was wrong; this is how it is right.
        TradeCorrect = b'G',
        /// An earlier trade is taken back.
        TradeCancel = b'H',
        /// An answer to OrderStatusRequest.
        OrderStatus = b'I',
        /// A held order came to life.
        Triggered = b'L',
    }
}

wire_enum! {
    /// `CxlRejResponseTo` (434): which request an OrderCancelReject answers.
    CxlRejResponseTo, 434 {
        /// OrderCancelRequest (F).
        Cancel = b'1',
        /// OrderCancelReplaceRequest (G).
        Replace = b'2',
    }
}

wire_enum! {
    /// `MassCancelRequestType` (530), and `MassStatusReqType` (585), whose values are the same as
    /// far as dcx handles them.
    MassScope, 530 {
        /// All orders in one instrument.
        Security = b'1',
        /// All orders of the session.
        All = b'7',
    }
}

wire_enum! {
    /// `ExecRestatementReason` (378): why an order was changed without being asked. FIX writes it
    /// as a number from 0 to 8; these are its digits.
    RestatementReason, 378 {
        /// The quantity went down because a linked order was filled, or because the position that
        /// a reduce-only order may reduce became smaller.
        PartialDecline = b'5',
        /// The price follows the market.
        RepricingOfOrder = b'3',
    }
}

/// `CxlRejReason` (102).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CxlRejReason {
    /// Too late to cancel.
    TooLate = 0,
    /// Unknown order.
    UnknownOrder = 1,
    /// The broker's choice: a rule of ours.
    BrokerOption = 2,
    /// A cancel or replace is already pending.
    AlreadyPending = 3,
    /// The ClOrdID was used before.
    DuplicateClOrdId = 6,
    /// Anything else.
    Other = 99,
}

impl CxlRejReason {
    /// The reason that this number stands for; any other number is [`Other`](Self::Other).
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::TooLate,
            1 => Self::UnknownOrder,
            2 => Self::BrokerOption,
            3 => Self::AlreadyPending,
            6 => Self::DuplicateClOrdId,
            _ => Self::Other,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// `OrdRejReason` (103).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OrdRejReason {
    /// The broker's choice: a rule of ours.
    BrokerOption = 0,
    /// Unknown symbol.
    UnknownSymbol = 1,
    /// The exchange is closed.
    ExchangeClosed = 2,
    /// The order exceeds a limit.
    ExceedsLimit = 3,
    /// Too late to enter.
    TooLate = 4,
    /// A duplicate order, e.g. its ClOrdID.
    Duplicate = 6,
    /// A characteristic that is not supported.
    Unsupported = 11,
    /// An incorrect quantity.
    IncorrectQty = 13,
    /// Unknown account.
    UnknownAccount = 15,
    /// Anything else.
    Other = 99,
}

impl OrdRejReason {
    /// The reason that this number stands for; any other number is [`Other`](Self::Other).
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::BrokerOption,
            1 => Self::UnknownSymbol,
            2 => Self::ExchangeClosed,
            3 => Self::ExceedsLimit,
            4 => Self::TooLate,
            6 => Self::Duplicate,
            11 => Self::Unsupported,
            13 => Self::IncorrectQty,
            15 => Self::UnknownAccount,
            _ => Self::Other,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_value_reads_back_as_itself() {
        for byte in 0..=u8::MAX {
            assert!(Side::from_wire(byte).is_none_or(|value| value.wire() == byte));
            assert!(ExecType::from_wire(byte).is_none_or(|value| value.wire() == byte));
            assert!(OrdStatus::from_wire(byte).is_none_or(|value| value.wire() == byte));
        }
        assert_eq!(TimeInForce::from_wire(b'3'), Some(TimeInForce::Ioc));
        assert_eq!(OrdStatus::from_wire(b'6'), Some(OrdStatus::PendingCancel));
        assert_eq!(ExecType::from_wire(b'F'), Some(ExecType::Trade));
    }

    #[test]
    fn a_reason_number_reads_back_as_itself() {
        for number in [0, 1, 2, 3, 6, 99] {
            assert_eq!(CxlRejReason::from_number(number).number(), number);
        }
        for number in [0, 1, 2, 3, 4, 6, 11, 13, 15, 99] {
            assert_eq!(OrdRejReason::from_number(number).number(), number);
        }
    }
}
