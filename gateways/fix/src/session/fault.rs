//! Whose fault it is, why a connection is closed, and what a session tells about itself.

use dcx_model::{Code, Nanos};

use crate::CodecFault;
use crate::dictionary::SessionRejectReason;

/// What the peer did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// A number was used again without `PossDupFlag` (43).
    #[error("MsgSeqNum too low, expecting {expected} but received {received}")]
    SeqNumTooLow {
        /// The number expected.
        expected: u64,
        /// The number received.
        received: u64,
    },
    /// `MsgSeqNum` (34) is missing or not a number.
    #[error("MsgSeqNum missing")]
    SeqNumMissing,
    /// `BeginString` (8) is not the session's.
    #[error("Incorrect BeginString")]
    BeginString,
    /// `SenderCompID` (49) or `TargetCompID` (56) is not the session's.
    #[error("CompID problem")]
    CompId,
    /// `SendingTime` (52) is missing, too far from our clock, or before `OrigSendingTime` (122).
    #[error("SendingTime accuracy problem")]
    SendingTime,
    /// The first message was not a Logon.
    #[error("first message is not a Logon")]
    NotLogon,
    /// The Logon lacks a field or asks for something that is not supported.
    #[error("Logon is not acceptable, field {tag}")]
    Logon {
        /// The field.
        tag: u32,
    },
    /// `Username` (553) or `Password` (554) is not the session's.
    #[error("Logon is not authorised")]
    Credentials,
    /// The peer expects a number that we have not used (`NextExpectedMsgSeqNum`, 789): one side
    /// has lost history.
    #[error(
        "Tag 789 (NextExpectedMsgSeqNum) is higher than expected. Expected {expected}, Received {received}"
    )]
    NextExpectedTooHigh {
        /// Our next number.
        expected: u64,
        /// The number the peer expects.
        received: u64,
    },
    /// A Logon came within the session without `ResetSeqNumFlag` (141) `Y`.
    #[error("unexpected Logon")]
    SecondLogon,
    /// No Logon, or no answer to ours, in time.
    #[error("Logon timed out")]
    LogonTimeout,
    /// Nothing came for 2.4 heartbeat intervals.
    #[error("peer is silent")]
    Silent,
    /// What was asked for was not resent.
    #[error("gap from {from} was not filled")]
    GapNotFilled {
        /// The first number missing.
        from: u64,
    },
    /// Our Logout was not answered in time.
    #[error("Logout timed out")]
    LogoutTimeout,
    /// Bytes before the Logon that are no message.
    #[error("garbled before Logon: {0}")]
    Garbled(CodecFault),
    /// The CompIDs are logged on already: a verdict of the link, which sees all connections.
    #[error("CompIDs are logged on already")]
    DuplicateSession,
}

impl PeerFault {
    /// Its code in the catalogue.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::SeqNumTooLow { .. } => Code::F010,
            Self::SeqNumMissing => Code::F011,
            Self::BeginString => Code::F012,
            Self::CompId => Code::F013,
            Self::SendingTime => Code::F014,
            Self::NotLogon => Code::F015,
            Self::Logon { .. } => Code::F016,
            Self::LogonTimeout => Code::F017,
            Self::Silent => Code::F018,
            Self::GapNotFilled { .. } => Code::F019,
            Self::LogoutTimeout => Code::F020,
            Self::DuplicateSession => Code::F022,
            Self::SecondLogon => Code::F023,
            Self::Credentials => Code::F024,
            Self::NextExpectedTooHigh { .. } => Code::F010,
            Self::Garbled(fault) => fault.code(),
        }
    }
}

/// What we asked of a session and it cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UseFault {
    /// A CompID or BeginString is empty or not printable, or a span or count is zero.
    #[error("session settings are not valid")]
    Settings,
    /// The message would be longer than [`Settings::bytes_max`](super::Settings::bytes_max).
    #[error("message is {len} bytes long, at most {max} may be sent")]
    TooLong {
        /// Its length.
        len: usize,
        /// The bound.
        max: usize,
    },
    /// While logged on, the number of the next message we send does not go down.
    #[error("the next outbound number cannot go back to {to} while logged on")]
    RenumberBack {
        /// Where it was to go.
        to: u64,
    },
    /// The type is one that only the session itself sends.
    #[error("messages of the session layer are not submitted")]
    AdminType,
}

impl UseFault {
    /// Its code in the catalogue.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Settings => Code::F030,
            Self::TooLong { .. } | Self::AdminType => Code::F031,
            Self::RenumberBack { .. } => Code::F032,
        }
    }
}

/// Why a session closes its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Close {
    /// The peer logged out and was answered.
    #[error("peer logged out")]
    PeerLoggedOut,
    /// We logged out and were answered.
    #[error("logged out")]
    LoggedOut,
    /// The peer logged on and was told that the session is not to be.
    #[error("session is disabled")]
    TurnedAway,
    /// The peer did something wrong.
    #[error(transparent)]
    Fault(#[from] PeerFault),
}

impl Close {
    /// The code of the fault, if there is one.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::PeerLoggedOut | Self::LoggedOut | Self::TurnedAway => None,
            Self::Fault(fault) => Some(fault.code()),
        }
    }
}

/// What a session tells about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// Logged on in both directions; gaps may still be being filled.
    LoggedOn {
        /// The heartbeat interval agreed on; zero for none.
        heart_bt_int: Nanos,
    },
    /// No longer logged on: logged out, or the connection is closing or gone.
    LoggedOff,
    /// Both numbers restarted at 1.
    Reset,
    /// The operator set the numbers.
    Renumbered(super::NextSeqNums),
    /// Numbers are missing: they were asked for.
    Gap {
        /// The first missing.
        from: u64,
        /// The number that came instead.
        received: u64,
    },
    /// The gap is filled.
    GapFilled {
        /// The next number expected.
        next: u64,
    },
    /// A message from behind a gap found no room and will be asked for again.
    LaterDropped {
        /// Its number.
        msg_seq_num: u64,
    },
    /// A message that came before was ignored.
    Duplicate {
        /// Its number.
        msg_seq_num: u64,
    },
    /// The peer asked for messages again.
    Resending {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A message was answered with Reject (3).
    Rejected {
        /// Its number.
        msg_seq_num: u64,
        /// Why.
        reason: SessionRejectReason,
        /// The tag it is about; 0 for none.
        ref_tag: i64,
    },
    /// The peer rejected a message of ours (Reject, 3).
    PeerRejected {
        /// The number of ours, `RefSeqNum` (45); 0 if not given.
        ref_seq_num: u64,
        /// `SessionRejectReason` (373), if given.
        reason: Option<u16>,
    },
    /// Bytes that are no message were skipped.
    Garbled(CodecFault),
    /// The peer was asked whether it is there (TestRequest, 1).
    Probed,
    /// The peer did something wrong that ends the session.
    Peer(PeerFault),
    /// We asked for something that cannot be done.
    Use(UseFault),
}
