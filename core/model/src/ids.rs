//! Names of things. Each is its own type, so that one is never passed for another.

use std::fmt;

use crate::text::Text;

/// The client's name for an order, FIX `ClOrdID` (11): up to 36 bytes, room for a UUID.
pub type ClOrdId = Text<36>;

/// A venue's name for a report, FIX `ExecID` (17).
pub type ExecId = Text<36>;

/// An instrument's name on the wire, FIX `Symbol` (55).
pub type Symbol = Text<16>;

/// A venue's name as configured, FIX `LastMkt` (30).
pub type VenueName = Text<16>;

/// Half of the name of an algorithm's parameter, where a refusal names it.
pub type ParameterName = Text<8>;

/// A person or process that gives an operator's command.
pub type Author = Text<24>;

/// A short reason given with an operator's command.
pub type Reason = Text<64>;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name($inner);

        impl $name {
            #[doc = concat!("The `", stringify!($name), "` of this number.")]
            #[must_use]
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// Our name for a client's order (the parent order), FIX `OrderID` (37). Zero: none.
    OrderId(u64)
}
number! {
    /// Our name for an order sent to a venue and for requests about it: `ClOrdID` on the venue's
    /// session, in decimal. Zero: none.
    ChildId(u64)
}
number! {
    /// The place of a command in the one total order of everything that entered the engine.
    /// The first is 1.
    Seq(u64)
}
number! {
    /// An instrument, an index into the table of instruments.
    InstrumentId(u32)
}
number! {
    /// An account, FIX `Account` (1), an index into the table of accounts.
    AccountId(u32)
}
number! {
    /// A strategy, an index into the table of strategies. Zero is what an order is of that names
    /// none.
    StrategyId(u16)
}
number! {
    /// A beneficial owner: accounts of one owner do not trade with each other. Zero: unknown.
    OwnerId(u32)
}
number! {
    /// An operator's request, named by whoever sent it, so that its answer is found. Zero: nobody
    /// waits.
    RequestId(u64)
}
number! {
    /// A proposed change of a limit that waits for a second person.
    ProposalId(u64)
}
number! {
    /// A list of linked orders, unique within its session. Zero: none.
    ListId(u64)
}
number! {
    /// A client's session, an index into the table of sessions.
    SessionId(u16)
}
number! {
    /// A venue, an index into the table of venues, below `VENUES_MAX`.
    VenueId(u8)
}

impl Seq {
    /// The next place.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A set of venues, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VenueSet(u64);

impl VenueSet {
    /// No venue.
    pub const NONE: Self = Self(0);

    /// The set with these bits: bit *n* is venue *n*.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// One bit each.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// This set and `venue`. A venue of 64 or above is in no set.
    #[must_use]
    pub const fn with(self, venue: VenueId) -> Self {
        Self(self.0 | Self::bit(venue))
    }

    /// This set without `venue`.
    #[must_use]
    pub const fn without(self, venue: VenueId) -> Self {
        Self(self.0 & !Self::bit(venue))
    }

    /// Whether `venue` is in the set.
    #[must_use]
    pub const fn contains(self, venue: VenueId) -> bool {
        self.0 & Self::bit(venue) != 0
    }

    /// What both sets hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How many venues are in the set.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The venues, lowest first.
    pub fn iter(self) -> impl Iterator<Item = VenueId> {
        (0..64)
            .map(VenueId)
            .filter(move |venue| self.contains(*venue))
    }

    const fn bit(venue: VenueId) -> u64 {
        match 1_u64.checked_shl(venue.0 as u32) {
            Some(bit) => bit,
            None => 0,
        }
    }
}
