//! How a session treats its peer.

use std::sync::Arc;

use dcx_model::Nanos;

use super::{Credentials, UseFault};
use crate::dictionary::{Dictionary, Switches, Version};

/// The part that a session plays in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Waits for the peer's Logon.
    Acceptor,
    /// Logs on.
    Initiator,
}

/// How a session treats its peer. Start from [`Settings::fix44`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The part it plays.
    pub part: Part,
    /// What messages may hold: see [`validate`](Self::validate).
    pub dictionary: Arc<Dictionary>,
    /// `BeginString` (8).
    pub begin_string: Vec<u8>,
    /// `DefaultApplVerID` (1137) of our Logon; empty for none (before FIXT.1.1).
    pub default_appl_ver_id: Vec<u8>,
    /// Our CompID: `SenderCompID` (49) of what we send.
    pub sender_comp_id: Vec<u8>,
    /// The peer's CompID.
    pub target_comp_id: Vec<u8>,
    /// `HeartBtInt` (108) in seconds that an initiator asks for; an acceptor takes the peer's.
    pub heart_bt_int_s: u64,
    /// Longest `HeartBtInt` (108) in seconds that an acceptor takes.
    pub heart_bt_int_s_max: u64,
    /// Whether every logon restarts both numbers at 1: an initiator sends `ResetSeqNumFlag` (141)
    /// `Y`; an acceptor resets without being asked.
    pub reset_on_logon: bool,
    /// Whether an acceptor obeys `ResetSeqNumFlag` (141) `Y` from the peer.
    pub reset_accepted: bool,
    /// Whether both numbers restart at 1 when a session ended with Logouts.
    pub reset_on_logout: bool,
    /// Whether both numbers restart at 1 when a session ended in any way.
    pub reset_on_disconnect: bool,
    /// Whether Logons tell the number expected next (`NextExpectedMsgSeqNum`, 789), so that what
    /// is missing is sent again without being asked for.
    pub next_expected: bool,
    /// Whether every message tells the last number taken (`LastMsgSeqNumProcessed`, 369).
    pub last_processed: bool,
    /// What an initiator logs on with, or an acceptor's peer has to.
    pub credentials: Option<Credentials>,
    /// How long a Logon may take to come, or to be answered.
    pub logon_timeout: Nanos,
    /// How long our Logout may take to be answered.
    pub logout_timeout: Nanos,
    /// How far `SendingTime` (52) may be from our clock; `None` does not check.
    pub sending_time_tolerance: Option<Nanos>,
    /// What is checked of every message, or `None` for what the session needs itself.
    pub validate: Option<Switches>,
    /// How long a gap may make no progress before it is asked for again.
    pub gap_timeout: Nanos,
    /// How often a gap is asked for before the session is ended.
    pub gap_requests_max: u32,
    /// Numbers that one ResendRequest (2) asks for, at most; the next are asked for when these are
    /// there. 0 asks for all at once.
    pub resend_request_chunk: u64,
    /// Whether new messages are sent while older ones are being sent again, in between. If not,
    /// they wait until that is done, for peers that take nothing ahead of a gap.
    pub live_during_resend: bool,
    /// Messages kept from behind a gap, at most; what does not fit is asked for again.
    pub later_count_max: usize,
    /// Bytes of these, at most.
    pub later_bytes_max: usize,
    /// Messages resent in one go; the rest follows at the next tick.
    pub resend_batch: usize,
    /// Bytes of a message we send, at most.
    pub bytes_max: usize,
}

impl Settings {
    /// A FIX 4.4 session with 30 s heartbeats that keeps its numbers from logon to logon.
    #[must_use]
    pub fn fix44(part: Part, sender_comp_id: &str, target_comp_id: &str) -> Self {
        Self::of(Version::Fix44, part, sender_comp_id, target_comp_id)
    }

    /// As [`fix44`](Self::fix44), of another version.
    #[must_use]
    pub fn of(version: Version, part: Part, sender_comp_id: &str, target_comp_id: &str) -> Self {
        Self {
            part,
            dictionary: version.dictionary(),
            begin_string: version.begin_string().as_bytes().to_vec(),
            default_appl_ver_id: version.appl_ver_id().unwrap_or("").as_bytes().to_vec(),
            sender_comp_id: sender_comp_id.as_bytes().to_vec(),
            target_comp_id: target_comp_id.as_bytes().to_vec(),
            heart_bt_int_s: 30,
            heart_bt_int_s_max: 3_600,
            reset_on_logon: false,
            reset_accepted: true,
            reset_on_logout: false,
            reset_on_disconnect: false,
            next_expected: false,
            last_processed: false,
            credentials: None,
            logon_timeout: Nanos::from_seconds(10),
            logout_timeout: Nanos::from_seconds(2),
            sending_time_tolerance: Some(Nanos::from_seconds(120)),
            validate: Some(Switches::default()),
            gap_timeout: Nanos::from_seconds(10),
            gap_requests_max: 3,
            resend_request_chunk: 0,
            live_during_resend: true,
            later_count_max: 1_024,
            later_bytes_max: 1 << 20,
            resend_batch: 256,
            bytes_max: 64 * 1024,
        }
    }

    pub(super) fn check(&self) -> Result<(), UseFault> {
        let texts = [
            &self.begin_string,
            &self.sender_comp_id,
            &self.target_comp_id,
        ];
        let fit = |text: &&Vec<u8>| {
            !text.is_empty() && text.len() <= 64 && text.iter().all(|byte| *byte >= b' ')
        };
        let spans = [self.logon_timeout, self.logout_timeout, self.gap_timeout];
        let begins = self.begin_string.starts_with(b"FIX") && self.begin_string.len() <= 9;
        if !begins
            || !texts.iter().all(fit)
            || spans.contains(&Nanos::ZERO)
            || self.resend_batch == 0
            || self.gap_requests_max == 0
            || self.default_appl_ver_id.iter().any(|byte| *byte < b' ')
        {
            return Err(UseFault::Settings);
        }
        Ok(())
    }
}
