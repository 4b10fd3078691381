//! Drop copies: what clients are told, told to others as well.
//!
//! A copy is the report itself, ExecutionReport (8) or OrderCancelReject (9), with the identifiers
//! that its client got. `DeliverToCompID` (128) in its header names whom it is for, and a report
//! says `CopyMsgIndicator` (797) `Y`, for which FIX has no room in an OrderCancelReject. It is
//! numbered, stored and resent like any other message of its session.

use dcx_model::SessionId;

use super::desk::Desk;
use super::directory::Directory;
use crate::codec::DELIVER_TO_COMP_ID;
use crate::{AppReject, Body, Message, Outgoing};

/// `CopyMsgIndicator`.
const COPY_MSG_INDICATOR: u32 = 797;

/// `BusinessRejectReason` (380): not authorized.
const NOT_AUTHORIZED: u16 = 6;

impl Desk {
    /// Tells those who watch this client's session what it is told.
    #[inline]
    pub(super) fn copy(
        &mut self,
        directory: &Directory,
        (of, msg_type): (SessionId, &[u8; 1]),
        out: &mut Outgoing<'_>,
        write: impl Fn(&mut Body<'_>),
    ) {
        if !matches!(msg_type, b"8" | b"9") {
            return;
        }
        for to in directory.watchers(of) {
            self.counts.copies += 1;
            out.send(to, msg_type, |body| {
                body.str(DELIVER_TO_COMP_ID, directory.client_name(of));
                write(body);
                if msg_type == b"8" {
                    body.bool(COPY_MSG_INDICATOR, true);
                }
            });
        }
    }
}

/// What a session for copies must not ask for: orders and all that is about one's own.
pub(super) fn not_authorized(message: &Message<'_>) -> AppReject {
    AppReject::Business {
        reason: NOT_AUTHORIZED,
        ref_id: super::refusals::business_id(message).map(<[u8]>::to_vec),
        text: "not authorized: this session gets copies and enters no orders".into(),
    }
}
