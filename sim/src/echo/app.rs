//! What stands behind the sessions: every order comes back, once.

use std::collections::BTreeSet;

use dcx_fix::codec::DEFAULT_APPL_VER_ID;
use dcx_fix::dictionary::write_in_order;
use dcx_fix::{
    AppReject, Application, BusinessReject, Message, Outgoing, SessionIx, Version,
    write_business_reject,
};
use dcx_model::Now;

const CL_ORD_ID: u32 = 11;

/// Sends orders, security definitions and mail back as they came, and refuses everything else.
///
/// An order that the peer may have sent before (`PossResend`, 97) and whose ClOrdID was seen in
/// this session is passed over.
#[derive(Debug, Default)]
pub struct EchoApp {
    /// The ClOrdIDs seen, by session, since it logged on.
    seen: Vec<BTreeSet<Vec<u8>>>,
}

impl EchoApp {
    /// An application for so many sessions.
    #[must_use]
    pub fn new(sessions: usize) -> Self {
        Self {
            seen: vec![BTreeSet::new(); sessions],
        }
    }

    /// Whether the order is to be taken: not when it is a copy of one that was.
    fn is_new(&mut self, session: SessionIx, order: &Message<'_>) -> bool {
        // A template makes sessions that were not there at the start.
        if self.seen.len() <= session.as_usize() {
            self.seen.resize_with(session.as_usize() + 1, BTreeSet::new);
        }
        let Some(seen) = self.seen.get_mut(session.as_usize()) else {
            return false;
        };
        let first = seen.insert(order.get(CL_ORD_ID).unwrap_or_default().to_vec());
        first || !order.poss_resend()
    }
}

impl Application for EchoApp {
    fn logged_on(&mut self, _session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {}

    fn logged_out(&mut self, session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {
        if let Some(seen) = self.seen.get_mut(session.as_usize()) {
            seen.clear();
        }
    }

    fn received(
        &mut self,
        session: SessionIx,
        _now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        match message.msg_type() {
            b"D" if !self.is_new(session, message) => {}
            b"D" | b"d" | b"C" => echo(session, message, out),
            // The scenarios of 5.0 want the version told in this answer (2r), where no other
            // message of an application tells it.
            _ if message.begin_string() == b"FIXT.1.1" => {
                refuse_with_version(session, message, out)
            }
            _ => return Err(AppReject::unsupported_message_type()),
        }
        Ok(())
    }

    fn work(&mut self, _now: Now, _out: &mut Outgoing<'_>) -> usize {
        0
    }
}

fn refuse_with_version(session: SessionIx, message: &Message<'_>, out: &mut Outgoing<'_>) {
    let reject = BusinessReject {
        reason: 3,
        ref_id: b"",
        text: "Unsupported Message Type",
    };
    out.send(session, b"j", |body| {
        write_business_reject(body, message, &reject);
        body.str(
            DEFAULT_APPL_VER_ID,
            Version::Fix50Sp2.appl_ver_id().unwrap_or(""),
        );
    });
}

fn echo(session: SessionIx, message: &Message<'_>, out: &mut Outgoing<'_>) {
    let msg_type = message.msg_type();
    match message.poss_resend() {
        true => out.send_poss_resend(session, msg_type, |body| write_in_order(body, message)),
        false => out.send(session, msg_type, |body| write_in_order(body, message)),
    }
}
