//! What can be wrong with bytes and with values.

use dcx_model::{Code, DecimalFault, TextFault};

/// Why bytes are not a FIX message. Such bytes are skipped and consume no sequence number
/// (FIX 4.4 vol. 2, "Message integrity").
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecFault {
    /// The bytes do not begin with `8=FIX`.
    #[error("no message begins here")]
    NotFix,
    /// BeginString (8), BodyLength (9) and MsgType (35) are not the first three fields.
    #[error("8, 9 and 35 are not the first three fields")]
    HeaderOrder,
    /// BodyLength (9) is not a number of at most nine digits.
    #[error("BodyLength (9) is not a number")]
    BodyLengthMalformed,
    /// BodyLength (9) does not lead to the trailer.
    #[error("BodyLength (9) is {body_len}, where CheckSum (10) does not begin")]
    BodyLengthWrong {
        /// What field 9 says.
        body_len: usize,
    },
    /// CheckSum (10) is not three digits.
    #[error("CheckSum (10) is not three digits")]
    CheckSumMalformed,
    /// CheckSum (10) is not the sum of the bytes.
    #[error("CheckSum (10) is {found:03}, the bytes sum to {expected:03}")]
    CheckSumWrong {
        /// What field 10 says.
        found: u16,
        /// What the bytes sum to.
        expected: u8,
    },
    /// The message is longer than is accepted.
    #[error("{len} bytes long, at most {max} are accepted")]
    TooLong {
        /// Its length by BodyLength (9).
        len: usize,
        /// The bound.
        max: usize,
    },
    /// A tag is not a number.
    #[error("a tag at offset {at} is not a number")]
    TagMalformed {
        /// Where its field begins in the message.
        at: usize,
    },
    /// A length field does not lead to the end of its data field.
    #[error("data field {tag} does not end where its length field says")]
    DataLengthWrong {
        /// The data field.
        tag: u32,
    },
}

impl CodecFault {
    /// Its code in the catalogue.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::NotFix => Code::F001,
            Self::HeaderOrder => Code::F002,
            Self::BodyLengthMalformed | Self::BodyLengthWrong { .. } => Code::F003,
            Self::CheckSumMalformed | Self::CheckSumWrong { .. } => Code::F004,
            Self::TooLong { .. } => Code::F005,
            Self::TagMalformed { .. } => Code::F006,
            Self::DataLengthWrong { .. } => Code::F007,
        }
    }
}

/// Why a value is not of the type that its field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// Not a decimal that can be held exactly.
    #[error(transparent)]
    Decimal(#[from] DecimalFault),
    /// Not a text that can be kept.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// Not an unsigned integer of 64 bits.
    #[error("not an unsigned integer")]
    Uint,
    /// Not exactly one byte.
    #[error("not a single character")]
    Char,
    /// Neither `Y` nor `N`.
    #[error("neither Y nor N")]
    Bool,
    /// Not `YYYYMMDD-HH:MM:SS` with no, 3, 6 or 9 decimals, or no such moment from 1970 on.
    #[error("not a UTC timestamp")]
    Timestamp,
}

/// Why a field of a message cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// It is not there.
    #[error("field {tag} is missing")]
    Missing {
        /// Its tag.
        tag: u32,
    },
    /// Its value is not of its type.
    #[error("field {tag}: {why}")]
    Malformed {
        /// Its tag.
        tag: u32,
        /// What is wrong with the value.
        why: ValueFault,
    },
}

impl FieldFault {
    /// The tag of the field.
    #[must_use]
    pub const fn tag(self) -> u32 {
        match self {
            Self::Missing { tag } | Self::Malformed { tag, .. } => tag,
        }
    }

    /// `SessionRejectReason` (373): 1 required tag missing, 6 incorrect data format.
    #[must_use]
    pub const fn session_reject_reason(self) -> u16 {
        match self {
            Self::Missing { .. } => 1,
            Self::Malformed { .. } => 6,
        }
    }
}
