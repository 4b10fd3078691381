//! How a session begins: connecting and the first message.

use dcx_model::{NANOS_PER_S, Nanos, Now};

use super::state::{LoggingOn, State, Talk};
use super::{Close, PeerFault, Session, SessionEvent, Sink};
use crate::Message;
use crate::codec::{
    DEFAULT_APPL_VER_ID, ENCRYPT_METHOD, HEART_BT_INT, NEXT_EXPECTED_MSG_SEQ_NUM, PASSWORD,
    RESET_SEQ_NUM_FLAG, TEXT, USERNAME,
};

/// What a Logon asks for.
struct Wish {
    msg_seq_num: u64,
    heart_bt_int_s: u64,
    reset: bool,
    /// `NextExpectedMsgSeqNum` (789), if it is told and we heed it.
    next_expected: Option<u64>,
}

impl Session {
    pub(super) fn connect(&mut self, now: Now, sink: &mut impl Sink) {
        let reset_asked = self.is_initiator() && self.settings.reset_on_logon;
        self.state = State::LoggingOn(LoggingOn {
            until: now.mono.plus(self.settings.logon_timeout),
            reset_asked,
            expected_told: None,
        });
        if reset_asked {
            self.reset(sink);
        }
        if self.is_initiator() {
            let expected = self.next.inbound;
            self.send_logon(
                now,
                self.settings.heart_bt_int_s,
                reset_asked,
                expected,
                sink,
            );
            if let State::LoggingOn(state) = &mut self.state {
                state.expected_told = self.settings.next_expected.then_some(expected);
            }
        }
    }

    /// Sends a Logon; `expected` is what it says we expect next.
    fn send_logon(
        &mut self,
        now: Now,
        heart_bt_int_s: u64,
        reset: bool,
        expected: u64,
        sink: &mut impl Sink,
    ) {
        let next_expected = self.settings.next_expected;
        let appl_ver_id = self.settings.default_appl_ver_id.clone();
        let credentials = match self.is_initiator() {
            true => self.settings.credentials.clone(),
            false => None,
        };
        self.send(now, b"A", sink, |body| {
            body.uint(ENCRYPT_METHOD, 0);
            body.uint(HEART_BT_INT, heart_bt_int_s);
            if reset {
                body.bool(RESET_SEQ_NUM_FLAG, true);
            }
            if let Some(credentials) = &credentials {
                body.str(USERNAME, &credentials.username);
                body.str(PASSWORD, credentials.password());
            }
            if next_expected {
                body.uint(NEXT_EXPECTED_MSG_SEQ_NUM, expected);
            }
            body.bytes(DEFAULT_APPL_VER_ID, &appl_ver_id);
        });
    }

    /// The first message of a connection. Anything but an acceptable Logon closes it without a
    /// word (acceptance tests 1c, 1d, 1e): whoever is there is not known to be the peer.
    pub(super) fn receive_first(
        &mut self,
        now: Now,
        state: LoggingOn,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) {
        match self.acceptable(now, message) {
            Ok(wish) => match self.turned_away.clone() {
                None => self.log_on(now, state, &wish, message, sink),
                Some(text) => {
                    if wish.msg_seq_num == self.next.inbound {
                        self.count(sink);
                    }
                    self.send(now, b"5", sink, |body| body.str(TEXT, &text));
                    self.close(Close::TurnedAway, sink);
                }
            },
            Err(PeerFault::NotLogon) if self.is_initiator() && message.msg_type() == b"5" => {
                // The peer refuses our Logon; its text says why.
                if message.msg_seq_num() == Ok(self.next.inbound) {
                    self.count(sink);
                }
                self.close(Close::PeerLoggedOut, sink);
            }
            Err(fault) => self.close(Close::Fault(fault), sink),
        }
    }

    fn acceptable(&self, now: Now, message: &Message<'_>) -> Result<Wish, PeerFault> {
        if message.begin_string() != self.settings.begin_string {
            return Err(PeerFault::BeginString);
        }
        self.identify(now, message)?;
        if message.msg_type() != b"A" {
            return Err(PeerFault::NotLogon);
        }
        self.wish(message)
    }

    fn wish(&self, message: &Message<'_>) -> Result<Wish, PeerFault> {
        if let Some(switches) = &self.settings.validate
            && let Err(rejection) = self.settings.dictionary.validate(message, switches)
        {
            let tag = rejection.ref_tag.and_then(|tag| u32::try_from(tag).ok());
            return Err(PeerFault::Logon {
                tag: tag.unwrap_or(0),
            });
        }
        let unusable = |tag| PeerFault::Logon { tag };
        let msg_seq_num = message
            .msg_seq_num()
            .map_err(|_| PeerFault::SeqNumMissing)?;
        if message.uint(ENCRYPT_METHOD) != Ok(0) {
            return Err(unusable(ENCRYPT_METHOD));
        }
        let heart_bt_int_s = message
            .uint(HEART_BT_INT)
            .map_err(|_| unusable(HEART_BT_INT))?;
        if heart_bt_int_s > self.settings.heart_bt_int_s_max {
            return Err(unusable(HEART_BT_INT));
        }
        let version = self.settings.default_appl_ver_id.as_slice();
        if !version.is_empty() && message.get(DEFAULT_APPL_VER_ID) != Some(version) {
            return Err(unusable(DEFAULT_APPL_VER_ID));
        }
        let reset = message.bool(RESET_SEQ_NUM_FLAG) == Ok(true);
        if reset && !self.settings.reset_accepted && !self.settings.reset_on_logon {
            return Err(unusable(RESET_SEQ_NUM_FLAG));
        }
        self.check_credentials(message)?;
        let next_expected = match message.get(NEXT_EXPECTED_MSG_SEQ_NUM) {
            Some(_) if self.settings.next_expected => {
                let told = message.uint(NEXT_EXPECTED_MSG_SEQ_NUM).ok();
                let told = told.filter(|next| *next > 0);
                Some(told.ok_or_else(|| unusable(NEXT_EXPECTED_MSG_SEQ_NUM))?)
            }
            Some(_) | None => None,
        };
        Ok(Wish {
            msg_seq_num,
            heart_bt_int_s,
            reset,
            next_expected,
        })
    }

    /// Whether the peer of an acceptor says who it is, where it has to.
    fn check_credentials(&self, message: &Message<'_>) -> Result<(), PeerFault> {
        match &self.settings.credentials {
            Some(credentials) if !self.is_initiator() => {
                let (name, word) = (message.get(USERNAME), message.get(PASSWORD));
                let right = credentials.are(name, word);
                right.then_some(()).ok_or(PeerFault::Credentials)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn log_on(
        &mut self,
        now: Now,
        state: LoggingOn,
        wish: &Wish,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) {
        let answers = !self.is_initiator() || (wish.reset && !state.reset_asked);
        let resets = match self.is_initiator() {
            true => wish.reset && !state.reset_asked,
            false => wish.reset || self.settings.reset_on_logon,
        };
        if resets {
            self.reset(sink);
        }
        let (expected, received) = (self.next.inbound, wish.msg_seq_num);
        if received < expected && !message.poss_dup() {
            return self.fail(now, PeerFault::SeqNumTooLow { expected, received }, sink);
        }
        let sent = self.next.outbound;
        if let Some(received) = wish.next_expected.filter(|next| *next > sent) {
            let expected = sent;
            return self.fail(
                now,
                PeerFault::NextExpectedTooHigh { expected, received },
                sink,
            );
        }
        let heart_bt_int = Nanos::new(wish.heart_bt_int_s.saturating_mul(NANOS_PER_S));
        self.state = State::Active(Talk::new(heart_bt_int, now.mono));
        let mut told = state.expected_told;
        // This Logon is taken when it is answered, unless something before it is missing.
        if received == expected {
            self.count(sink);
        }
        if answers {
            let next = self.next.inbound;
            self.send_logon(now, wish.heart_bt_int_s, wish.reset, next, sink);
            told = self.settings.next_expected.then_some(next);
        }
        sink.event(SessionEvent::LoggedOn { heart_bt_int });
        if received > expected {
            let told = told.is_some() && wish.next_expected.is_some();
            self.miss_told(now, received, message, told, sink);
        }
        // As if the peer had asked for all from there on.
        if let Some(next) = wish.next_expected.filter(|next| *next < sent) {
            self.resend_unasked(now, next, sink);
        }
    }

    /// A Logon within the session restarts both numbers (acceptance test SessionReset); one that
    /// does not ask for that has no business here.
    pub(super) fn receive_second_logon(
        &mut self,
        now: Now,
        message: &Message<'_>,
        sink: &mut impl Sink,
    ) {
        if !self.identified(now, message, sink) {
            return;
        }
        match self.wish(message) {
            Ok(wish) if wish.reset => {
                self.reset(sink);
                if wish.msg_seq_num == 1 {
                    self.count(sink);
                }
                let expected = self.next.inbound;
                self.send_logon(now, wish.heart_bt_int_s, true, expected, sink);
                if wish.msg_seq_num > 1 {
                    self.miss(now, wish.msg_seq_num, message, sink);
                }
            }
            Ok(_) => self.fail(now, PeerFault::SecondLogon, sink),
            Err(fault) => self.fail(now, fault, sink),
        }
    }
}
