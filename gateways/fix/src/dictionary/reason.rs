//! Why a message is rejected, in the words of FIX and of the acceptance suite.

/// `SessionRejectReason` (373), FIX 4.4 vol. 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum SessionRejectReason {
    /// The tag is no tag, or none of FIX 4.4.
    InvalidTagNumber = 0,
    /// A field that must be there is not.
    RequiredTagMissing = 1,
    /// The tag belongs in other messages.
    TagNotDefined = 2,
    /// A field that no table defines.
    UndefinedTag = 3,
    /// A field without a value.
    NoValue = 4,
    /// The value is none of those that the field may have.
    IncorrectValue = 5,
    /// The value is not of the field's type.
    IncorrectFormat = 6,
    /// `SenderCompID` (49) or `TargetCompID` (56) is not the session's.
    CompId = 9,
    /// `SendingTime` (52) is too far from our clock.
    SendingTime = 10,
    /// `MsgType` (35) is none of FIX 4.4.
    InvalidMsgType = 11,
    /// A field outside repeating groups comes twice.
    RepeatedTag = 13,
    /// A field of the header comes behind one of the body, or of the body behind the trailer.
    OutOfOrder = 14,
    /// A repeating group's fields are out of order.
    GroupOutOfOrder = 15,
    /// A repeating group has more or fewer entries than its count says.
    GroupCount = 16,
    /// Anything else.
    Other = 99,
}

impl SessionRejectReason {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The words that go with it in `Text` (58): QuickFIX's, which the acceptance suite expects.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidTagNumber => "Invalid tag number",
            Self::RequiredTagMissing => "Required tag missing",
            Self::TagNotDefined => "Tag not defined for this message type",
            Self::UndefinedTag => "Undefined Tag",
            Self::NoValue => "Tag specified without a value",
            Self::IncorrectValue => "Value is incorrect (out of range) for this tag",
            Self::IncorrectFormat => "Incorrect data format for value",
            Self::CompId => "CompID problem",
            Self::SendingTime => "SendingTime accuracy problem",
            Self::InvalidMsgType => "Invalid MsgType",
            Self::RepeatedTag => "Tag appears more than once",
            Self::OutOfOrder => "Tag specified out of required order",
            Self::GroupOutOfOrder => "Repeating group fields out of order",
            Self::GroupCount => "Incorrect NumInGroup count for repeating group",
            Self::Other => "Other",
        }
    }
}

/// A message that breaks the rules of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}, tag {ref_tag:?}", .reason.text())]
pub struct Rejection {
    /// `SessionRejectReason` (373).
    pub reason: SessionRejectReason,
    /// `RefTagID` (371), as it stood on the wire: it may be 0 or negative.
    pub ref_tag: Option<i64>,
}

impl Rejection {
    /// A rejection for the field `tag`.
    #[must_use]
    pub const fn of(reason: SessionRejectReason, tag: u32) -> Self {
        Self {
            reason,
            ref_tag: Some(tag as i64),
        }
    }

    /// A rejection of the message as a whole.
    #[must_use]
    pub const fn whole(reason: SessionRejectReason) -> Self {
        Self {
            reason,
            ref_tag: None,
        }
    }
}

/// What is checked of a message beyond its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Tags of 5000 and above pass unchecked (FIX 4.4 vol. 1, "User defined fields").
    pub user_defined_allowed: bool,
    /// Tags that the dictionary knows but not in this message, or does not know, pass.
    pub unknown_allowed: bool,
    /// Header, body and trailer fields must come in this order.
    pub order_checked: bool,
    /// Values must be among those that the dictionary lists for their field.
    pub values_checked: bool,
    /// A field without a value is refused; else it is as if it had one.
    pub empty_refused: bool,
    /// The fields of an entry of a repeating group must come in the order of the dictionary. Its
    /// first field comes first in any case.
    pub group_order_checked: bool,
    /// `SenderCompID` (49) and `TargetCompID` (56) of every message must be the session's; those of
    /// the Logon must in any case.
    pub comp_ids_checked: bool,
}

impl Default for Switches {
    /// Everything but the order within groups is checked, and user-defined tags pass.
    fn default() -> Self {
        Self {
            user_defined_allowed: true,
            unknown_allowed: false,
            order_checked: true,
            values_checked: true,
            empty_refused: true,
            group_order_checked: false,
            comp_ids_checked: true,
        }
    }
}
